-- engram.math: exp, log, pow and erfc that give the same bits on every machine; the C library's do
-- not.
local C = require "engram.ffi"
local check = require "engram.check"

local M = { sqrt = math.sqrt } -- correctly rounded everywhere

local function number(x, fname, position)
  check.arg(type(x) == "number", fname, position, "a number", x)
  return x
end

-- math.exp(x), math.log(x), math.pow(x, y): binary64
function M.exp(x) return C.engram_exp(number(x, "math.exp", 1)) end
function M.log(x) return C.engram_log(number(x, "math.log", 1)) end

function M.pow(x, y)
  return C.engram_pow(number(x, "math.pow", 1), number(y, "math.pow", 2))
end

-- math.clamp(x, low, high) -> x, or the end of the range that it lies beyond
function M.clamp(x, low, high)
  number(x, "math.clamp", 1)
  if x < number(low, "math.clamp", 2) then return low end
  return x > number(high, "math.clamp", 3) and high or x
end

-- math.sigmoid(x [, threshold [, temperature]]) -> 1 / (1 + exp(-(x - threshold) / temperature))
function M.sigmoid(x, threshold, temperature)
  local t = number(threshold or 0, "math.sigmoid", 2)
  local scale = number(temperature or 1, "math.sigmoid", 3)
  return 1 / (1 + C.engram_exp(-(number(x, "math.sigmoid", 1) - t) / scale))
end

local TERMS, LEVELS = 60, 100 -- more than either needs for binary64 on its side of 2

-- math.erfc(x) -> 1 less the error function: the chance that a normal variable lies further than
-- sqrt(2) x from its mean, for x >= 0. Abramowitz & Stegun 1964: up to 2 the series 7.1.6, whose
-- terms are all positive, beyond it the continued fraction 7.1.14, where the series would cancel.
function M.erfc(x)
  number(x, "math.erfc", 1)
  if x < 0 then return 2 - M.erfc(-x) end
  local bell = C.engram_exp(-x * x) / 1.7724538509055161 -- the root of pi
  if x < 2 then
    local term, sum = 2 * x, 2 * x
    for n = 1, TERMS do
      term = term * 2 * x * x / (2 * n + 1)
      sum = sum + term
    end
    return 1 - bell * sum
  end
  local tail = x
  for n = LEVELS, 1, -1 do tail = x + n / 2 / tail end
  return bell / tail
end

return M
