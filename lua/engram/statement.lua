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

-- statement.is_quiet(text): whether it ends with a semicolon, for which its values are not printed.
-- One in a comment is none: then even what is no Lua may stand in its place.
function statement.is_quiet(text)
  local before = text:match "^(.*);%s*$"
  return before ~= nil and not loadstring("return " .. before .. " )")
    and not loadstring(before .. " )")
end

return statement
