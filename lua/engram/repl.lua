-- engram.repl: the prompt. Reads a line, or several until a statement is whole; prints what it
-- gives.
local statement = require "engram.statement"
local compiled = require "engram.compiled"
local show = require "engram.show"

local repl = {}

local function prompt(text)
  io.stdout:write(text)
  io.stdout:flush()
end

local function read_statement()
  prompt "> "
  local text = io.read "*l"
  if not text then return nil end
  while true do
    local chunk, message, more = statement.compile(text)
    if not more then return chunk, message end
    prompt ">> "
    local line = io.read "*l"
    if not line then return chunk, message end
    text = text .. "\n" .. line
  end
end

local function answer(ran, ...)
  if not ran then
    io.stderr:write((...), "\n")
  elseif select("#", ...) > 0 then
    _G._ = (...)
    local printed, failure = pcall(show.print, ...)
    if not printed then io.stderr:write("a value cannot be printed: ", tostring(failure), "\n") end
  end
end

-- What a chunk returns, once interrupts are no longer its business.
local function settle(interrupts, ...)
  interrupts(false)
  return ...
end

-- repl.run(interrupts): interrupts(true) lets an interrupt stop the statement that runs,
-- interrupts(false) the program.
function repl.run(interrupts)
  _G.engram = require "engram"
  _G.help = _G.engram.help
  while true do
    interrupts(false)
    local chunk, message = read_statement()
    if chunk then
      compiled.off(chunk)
      interrupts(true)
      answer(xpcall(function() return settle(interrupts, chunk()) end, statement.explain))
    elseif message then
      io.stderr:write(message, "\n")
    else
      prompt "\n"
      return
    end
  end
end

return repl
