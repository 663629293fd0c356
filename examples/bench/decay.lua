-- Forgetting of 10,000 strengths, tau a day, ages below 1e6 s, at each rung. Out of place, so that
-- the data stay as they are.
-- usage: engram bench examples/bench/decay.lua, or engram examples/bench/decay.lua
local bench = require "engram.bench"
local engram = require "engram"
local ffi = require "ffi"

local N, TAU_S = 10000, 86400

bench.case("decay of 10000", {
  rungs = true,
  setup = function(b)
    local rng = engram.rng(b.seed)
    local s = { ages = ffi.new("uint64_t[?]", N), strengths = rng:fill_uniform(engram.vec(N)) }
    for i = 0, N - 1 do s.ages[i] = rng:below(1e6) end
    s.options = { tau_s = TAU_S, into = engram.vec(N) }
    return s
  end,
  run = function(s) return engram.decay(s.strengths, s.ages, s.options) end,
  check = function(s, left)
    for i = 1, N, 499 do
      local right = s.strengths[i] * engram.math.exp(-tonumber(s.ages[i - 1]) / TAU_S)
      if math.abs(left[i] - right) > 1e-6 * right then return false end
    end
    return true
  end,
  items = N, bytes = N * (4 + 8 + 4),
})

bench.main(arg)
