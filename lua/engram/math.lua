-- engram.math: exp, log and pow that give the same bits on every machine; the C library's do not.
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

return M
