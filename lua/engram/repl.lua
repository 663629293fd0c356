-- engram.repl: the prompt. Reads a line, or several until a statement is whole; prints what it
-- gives.
local answer = require "engram.answer"
local compiled = require "engram.compiled"
local history = require "engram.history"
local statement = require "engram.statement"
local traceback = require "engram.traceback"

local repl = {}

-- ---- reading

-- What Tab asks: the word before the cursor, in the lines before and the one that is typed.
local function offer(lines, before, columns, rows)
  local first, candidates = require("engram.complete").candidates(lines .. before)
  first = first - #lines
  if first < 1 then return nil end
  local word, below = require("engram.listing").answer(before:sub(first), candidates, columns, rows)
  if word then return first, word, below end
end

local function read_line(host, prompt, lines)
  host.completes(function(...) return offer(lines, ...) end)
  return host.read(prompt)
end

-- The lines of a statement: its text, and its chunk, or nil and a message. Two empty lines that are
-- typed one after the other give it up; what is pasted or comes from a file may hold such.
-- Otherwise false if it was discarded; nil at the end, and whether interrupts ended it.
local function read_statement(host)
  local text, typed = read_line(host, "> ", "")
  if not text then return text, typed end
  local empty = 0
  while true do
    local chunk, message, more = statement.compile(text)
    if not more or empty == 2 then return text, chunk, message end
    local line
    line, typed = read_line(host, ">> ", text .. "\n")
    if line == false then return false end
    if not line then return text, chunk, message end
    text = text .. "\n" .. line
    empty = line == "" and typed and empty + 1 or 0
  end
end

-- repl.run(host) -> exit status. The host reads lines and runs what can be stopped: see
-- src/prompt.h.
function repl.run(host)
  compiled.loaders(true)
  history.recall(host)
  while true do
    local text, chunk, message = read_statement(host)
    if text then
      history.remember(host, text)
      if chunk then
        compiled.off(chunk)
        local ran, failure = host.run(function() answer.run(text, chunk) end, answer.explain)
        if not ran then answer.complain(failure) end
      elseif message then
        answer.complain(traceback.mistake(message, text))
      end
    elseif text == nil then
      local interrupted = chunk
      if not interrupted then io.stdout:write "\n" end
      return interrupted and 130 or 0
    end
  end
end

return repl
