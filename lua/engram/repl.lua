-- engram.repl: the prompt. Reads a line, or several until a statement is whole; prints what it
-- gives.
local repl = {}

local function prompt(text)
  io.stdout:write(text)
  io.stdout:flush()
end

-- Whether the parser ran out of text: then more may follow.
local function unfinished(message)
  return message:match "'<eof>'%s*$" ~= nil
end

-- A chunk of an expression or of statements; nil and the message otherwise.
local function compile(text)
  local expression = text:match "^%s*=(.*)" or text
  local chunk, message = loadstring("return " .. expression, "=stdin")
  if chunk then -- as an argument it is no tail call, and errors in it find their line
    local argument = "return (function(...) return ... end)(" .. expression .. "\n)"
    return loadstring(argument, "=stdin") or chunk
  end
  if unfinished(message) then return nil, message end
  return loadstring(text, "=stdin")
end

local function read_statement()
  prompt "> "
  local text = io.read "*l"
  if not text then return nil end
  while true do
    local chunk, message = compile(text)
    if chunk or not unfinished(message) then return chunk, message end
    prompt ">> "
    local line = io.read "*l"
    if not line then return chunk, message end
    text = text .. "\n" .. line
  end
end

-- Lines of a traceback that are about the prompt and the library, and not about what was typed.
local ours = { "/engram/[%l]+%.lua:", "function 'xpcall'", "%[builtin", "%[C%]: at 0x" }

local function is_ours(line)
  for _, pattern in ipairs(ours) do
    if line:find(pattern) then return true end
  end
end

local function explain(failure)
  local kept = {}
  for line in debug.traceback("", 2):gmatch "\n(\t[^\n]+)" do
    if not is_ours(line) then kept[#kept + 1] = line end
  end
  if #kept > 0 then table.insert(kept, 1, "stack traceback:") end
  return table.concat({ tostring(failure), unpack(kept) }, "\n")
end

local function show(ran, ...)
  if not ran then
    io.stderr:write((...), "\n")
  elseif select("#", ...) > 0 then
    _G._ = (...)
    local printed, failure = pcall(print, ...)
    if not printed then io.stderr:write("a value cannot be printed: ", tostring(failure), "\n") end
  end
end

-- What a chunk returns, once interrupts are no longer its business.
local function settle(interrupts, ...)
  interrupts(false)
  return ...
end

-- repl.run(interrupts): interrupts(true) lets an interrupt stop the statement that runs,
-- interrupts(false) the program. Statements run uncompiled, so that they hear it; what they call in
-- modules stays compiled.
function repl.run(interrupts)
  _G.engram = require "engram"
  _G.help = _G.engram.help
  while true do
    interrupts(false)
    local chunk, message = read_statement()
    if chunk then
      jit.off(chunk, true)
      interrupts(true)
      show(xpcall(function() return settle(interrupts, chunk()) end, explain))
    elseif message then
      io.stderr:write(message, "\n")
    else
      prompt "\n"
      return
    end
  end
end

return repl
