-- engram.statement: what is typed, as a function; whether more has to follow.
local statement = { words = {} }

-- The words of the language, which name nothing else.
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while]]):gmatch "%l+" do
  statement.words[word] = true
end

local function unfinished(message)
  return message:match "'<eof>'%s*$" ~= nil
end

-- statement.compile(text [, name]) -> chunk, or nil, message, whether the text may go on. An
-- expression, also one behind =, returns its values.
function statement.compile(text, name)
  name = name or "=stdin"
  local expression = text:match "^%s*=(.*)" or text
  local chunk, message = loadstring("return " .. expression, name)
  if chunk then -- as an argument it is no tail call, and errors in it find their line
    local argument = "return (function(...) return ... end)(" .. expression .. "\n)"
    return loadstring(argument, name) or chunk
  end
  if unfinished(message) then return nil, message, true end
  chunk, message = loadstring(text, name)
  return chunk, message, not chunk and unfinished(message)
end

-- Lines of a traceback that are about the prompt and the library, and not about what was typed.
local ours = { "/engram/[%l]+%.lua:", "function 'xpcall'", "%[builtin", "%[C%]: at 0x" }

local function is_ours(line)
  for _, pattern in ipairs(ours) do
    if line:find(pattern) then return true end
  end
end

-- statement.explain(failure): for xpcall: the message, and a traceback without our own frames
function statement.explain(failure)
  local kept = {}
  for line in debug.traceback("", 2):gmatch "\n(\t[^\n]+)" do
    if not is_ours(line) then kept[#kept + 1] = line end
  end
  if #kept > 0 then table.insert(kept, 1, "stack traceback:") end
  return table.concat({ tostring(failure), unpack(kept) }, "\n")
end

return statement
