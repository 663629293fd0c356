-- engram.math: exp, log and pow that give the same bits on every machine; the C library's do not.
local C = require "engram.ffi"

local M = { sqrt = math.sqrt } -- correctly rounded everywhere

-- math.exp(x), math.log(x), math.pow(x, y): binary64
function M.exp(x) return C.engram_exp(x) end
function M.log(x) return C.engram_log(x) end
function M.pow(x, y) return C.engram_pow(x, y) end

-- math.sigmoid(x [, threshold [, temperature]]) -> 1 / (1 + exp(-(x - threshold) / temperature))
function M.sigmoid(x, threshold, temperature)
  return 1 / (1 + C.engram_exp(-(x - (threshold or 0)) / (temperature or 1)))
end

return M
