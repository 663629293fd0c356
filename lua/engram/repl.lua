-- engram.repl: the prompt. Reads a line, or several until a statement is whole; prints what it
-- gives.
local answer = require "engram.answer"
local compiled = require "engram.compiled"
local statement = require "engram.statement"

local repl = {}

local function prompt(text)
  io.stdout:write(text)
  io.stdout:flush()
end

-- The lines of a statement: its text, and its chunk, or nil and a message.
local function read_statement()
  prompt "> "
  local text = io.read "*l"
  if not text then return nil end
  while true do
    local chunk, message, more = statement.compile(text)
    if not more then return text, chunk, message end
    prompt ">> "
    local line = io.read "*l"
    if not line then return text, chunk, message end
    text = text .. "\n" .. line
  end
end

-- repl.run(interrupts): interrupts(true) lets an interrupt stop the statement that runs,
-- interrupts(false) the program.
function repl.run(interrupts)
  compiled.loaders(true)
  while true do
    interrupts(false)
    local text, chunk, message = read_statement()
    if chunk then
      compiled.off(chunk)
      interrupts(true)
      local ran, failure = xpcall(function() answer.run(text, chunk) end, answer.explain)
      interrupts(false)
      if not ran then answer.complain(failure) end
    elseif message then
      answer.complain(statement.mistake(message, text))
    else
      prompt "\n"
      return
    end
  end
end

return repl
