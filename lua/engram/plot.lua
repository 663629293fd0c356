-- engram.plot: pictures of numbers, in the terminal and as files.
local check = require "engram.check"
local numbers = require "engram.numbers"
local terminal = require "engram.terminal"

local plot = {}

local heights = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local marks = { "_", ".", "-", "~", "=", "+", "*", "#" } -- without UTF-8

-- The least and the greatest of n values that are finite, or nil.
local function range_of(values, n)
  local low, high
  for i = 0, n - 1 do
    local x = values[i]
    if check.finite(x) then low, high = math.min(low or x, x), math.max(high or x, x) end
  end
  return low, high
end

-- plot.spark(values [, columns]) -> a line of at most so many characters, as high as the values are
-- between the least and the greatest. Of those that share a column the one furthest from 0 is
-- shown; what is not finite is a blank.
function plot.spark(values, columns)
  local fname = "plot.spark"
  local x, n = numbers.doubles(values, fname, 1)
  columns = columns or terminal.columns()
  check.arg(check.count(columns), fname, 2, "a count of columns", columns)
  columns = math.min(columns, n)
  local levels, line = terminal.utf8() and heights or marks, {}
  local low, high = range_of(x, n)
  for c = 0, columns - 1 do
    local shown
    for i = math.floor(c * n / columns), math.floor((c + 1) * n / columns) - 1 do
      if check.finite(x[i]) and math.abs(x[i]) >= math.abs(shown or 0) then shown = x[i] end
    end
    -- halves, since the whole range may be beyond that of a number
    local share = high ~= low and shown and (shown / 2 - low / 2) / (high / 2 - low / 2) or 0
    line[c + 1] = shown and levels[math.floor(share * 7 + 0.5) + 1] or " "
  end
  return table.concat(line)
end

return plot
