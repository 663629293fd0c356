-- engram.answer: what the prompt does with a statement: runs it, prints its values and keeps them;
-- tells what went wrong.
local show = require "engram.show"
local statement = require "engram.statement"
local terminal = require "engram.terminal"
local traceback = require "engram.traceback"
local words = require "engram.words"

local answer = {}

local KEPT = 9
local kept = {} -- the latest first
local count = 0
local text, chunk -- those that run

-- _ and _1 are the latest value, _2 the one before it, up to _9.
local function keep(value)
  for i = math.min(count, KEPT - 1), 1, -1 do kept[i + 1] = kept[i] end
  kept[1], count = value, math.min(count + 1, KEPT)
  rawset(_G, "_", value)
  for i = 1, count do rawset(_G, "_" .. i, kept[i]) end
end

local function values(...)
  if select("#", ...) == 0 then return end
  keep((...))
  if not statement.is_quiet(text) then show.print(...) end
end

local hinted = false

-- A local is gone with its statement, which surprises once.
local function hint()
  local name, value = text:match "^%s*local%s+([%a_][%w_]*)%s*=(.*)$"
  if hinted or not name or not loadstring("return " .. value) or not terminal.is(io.stderr) then
    return
  end
  hinted = true
  io.stderr:write(terminal.paint(io.stderr, "dim",
    ("a local ends with its statement; without the word, %s stays"):format(name)), "\n")
end

-- answer.run(text, chunk): runs it; raises what it raises
function answer.run(typed, compiled)
  text, chunk = typed, compiled
  words.define(text)
  values(chunk())
  hint()
end

-- answer.explain(failure): for xpcall around answer.run
function answer.explain(failure)
  return traceback.explain(failure, chunk, text)
end

-- answer.complain(message): to standard error, its first line in red
function answer.complain(message)
  local first, rest = message:match "^([^\n]*)(.*)$"
  io.stderr:write(terminal.paint(io.stderr, "red", first), rest, "\n")
end

return answer
