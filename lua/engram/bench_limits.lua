-- engram.bench_limits: how fast this machine can read and write where a working set sits.
local ffi = require "ffi"
local C = require "engram.ffi"
local engram = require "engram"
local measure = require "engram.bench_measure"

local limits = {}

local kinds = { read = C.ENGRAM_LIMIT_READ, write = C.ENGRAM_LIMIT_WRITE }
local levels = { "L1", "L2", "L3", "DRAM" }
local SECONDS = 2e-3 -- of a batch
local ROUNDS = 1000  -- of fused multiply-adds

-- The first cache that a working set fits into.
local function level_of(caches, bytes)
  for i = 0, 2 do
    if bytes <= tonumber(caches.bytes[i]) then return i end
  end
  return 3
end

-- The fastest loop of a kind as a contender, whose calls do `amount`.
local function fastest(kind, memory, n, seconds)
  local best, least = nil, math.huge
  local i = 0
  while C.engram_limit_rung(kind, i) ~= nil do
    local which = i
    local amount = C.engram_limit_run(kind, which, memory, n, nil)
    if amount > 0 then
      local c = measure.contender(function()
        return C.engram_limit_run(kind, which, memory, n, nil)
      end)
      c.amount = amount
      measure.settle(c, seconds, 3)
      local taken = math.min(measure.batch(c), measure.batch(c)) / c.calls / amount
      if taken < least then best, least = c, taken end
    end
    i = i + 1
  end
  return best
end

-- limits.control(quick) -> a contender of arithmetic alone: if it changes, the machine has
function limits.control(quick)
  local c = fastest(C.ENGRAM_LIMIT_FMA, nil, ROUNDS, quick and SECONDS / 10 or SECONDS)
  c.name = "FMA"
  return c
end

-- limits.of(known, "read", bytes of the working set, quick) -> a contender, named "L2 read"; one
-- for each level is enough, and known has it
function limits.of(known, kind, bytes, quick)
  local caches = ffi.new "struct engram_caches"
  C.engram_caches(caches)
  local level = level_of(caches, bytes)
  local name = levels[level + 1] .. " " .. kind
  if known[name] then return known[name] end
  local size = tonumber(caches.working_sets[level])
  local arena = engram.arena.new(size + 4096)
  local memory = ffi.cast("float *", arena:alloc(size, 64))
  -- Memory that nothing was written to is one page of zeros, again and again.
  C.engram_limit_run(kinds.write, 0, memory, size / 4, nil)
  local c = fastest(kinds[kind], memory, size / 4, quick and SECONDS / 10 or SECONDS)
  c.name, c.arena = name, arena -- which the loop's pointer does not keep
  known[name] = c
  return c
end

return limits
