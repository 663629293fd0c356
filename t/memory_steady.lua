-- memory_steady.lua: a million recalls and reinforcements of a small memory leave no garbage, and
-- nothing in C.
-- usage: memory_steady.lua [--operations N]
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")

local OPERATIONS = arg[1] == "--operations" and tonumber(arg[2]) or 1000000
local MEMORIES, DIM, WARM_UP = 60, 16, 20000

local rng = engram.rng(3)
local memory = engram.memory.new { dim = DIM, law = { half_life_s = 1e6 } }
for i = 0, MEMORIES - 1 do
  memory:remember { vector = rng:fill_normal(engram.vec(DIM)), at = i, class = i % 3,
    links = i > 2 and { { rng:below(i), 0.5 }, { rng:below(i), 0.25, 1 } } or nil }
end

-- Bytes that C has from its allocator, where it tells; LuaJIT has an allocator of its own.
pcall(ffi.cdef, [[
  struct steady_mallinfo2 { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks,
    uordblks, fordblks, keepcost; };
  struct steady_mallinfo2 mallinfo2(void);
]])
local can_tell = pcall(function() return ffi.C.mallinfo2 end)
local function bytes_of_c()
  if not can_tell then return 0 end
  local told = ffi.C.mallinfo2()
  return tonumber(told.uordblks + told.hblkhd)
end

-- How long calls took: counts by tenths of a microsecond, and the worst.
local BUCKETS = 100000
local buckets, worst = ffi.new("uint32_t[?]", BUCKETS), ffi.new "double[1]"

local function timed(call, argument, n)
  for i = 1, n do
    local start = engram.clock()
    call(argument, i)
    local took = (engram.clock() - start) * 1e6
    if took > worst[0] then worst[0] = took end
    local bucket = math.min(math.floor(took * 10), BUCKETS - 1)
    buckets[bucket] = buckets[bucket] + 1
  end
end

local function median(n)
  local sum, bucket = 0, -1
  while sum < n / 2 do
    bucket = bucket + 1
    sum = sum + buckets[bucket]
  end
  return bucket / 10
end

local function steady(name, call, argument, n)
  timed(call, argument, WARM_UP)
  ffi.fill(buckets, ffi.sizeof(buckets))
  worst[0] = 0
  collectgarbage()
  collectgarbage()
  local in_c, before = bytes_of_c(), collectgarbage "count"
  collectgarbage "stop"
  timed(call, argument, n)
  local grown = collectgarbage "count" - before
  local grown_in_c = bytes_of_c() - in_c
  collectgarbage "restart"
  -- a late trace may still be compiled; a byte a call would be a thousand kilobytes
  if not tap.ok(grown < n / 1024 / 4, name .. " make no garbage") then
    tap.note(("%.1f bytes a call"):format(grown * 1024 / n))
  end
  if can_tell then
    -- LuaJIT may take some for a late trace; t/c/memory.c counts what the library takes exactly
    if not tap.ok(grown_in_c < n / 16, "and take nothing from the system") then
      tap.note(("%d bytes in all"):format(grown_in_c))
    end
  else
    tap.skip("and take nothing from the system", "there is no mallinfo2")
  end
  tap.note(("%d calls, median %.1f us, worst %.0f us"):format(n, median(n), worst[0]))
end

local function recall(options, i)
  options.now = MEMORIES + i
  memory:recall(options)
end

local cue = rng:fill_normal(engram.vec(DIM))
local into = engram.hits {}
local filter = memory:filter { class = { 0, 1 } }
steady("peeks", recall, { vector = cue, k = 5, hops = 2, step = 0.5, into = into, record = false },
  OPERATIONS * 0.3)
steady("recalls that are recorded", recall,
  { vector = cue, k = 5, hops = 2, fan = "sqrt", into = into }, OPERATIONS * 0.4)
steady("recalls by ids", recall, { ids = { 0, 7 }, values = { 1, 0.5 }, hops = 2, into = into },
  OPERATIONS * 0.2)
steady("peeks through a filter", recall,
  { vector = cue, k = 5, filter = filter, into = into, record = false }, OPERATIONS * 0.1)

local practice = { amount = 0.01, tau_s = 1e6 }
steady("reinforcements", function(options, i)
  options.now = MEMORIES + i
  memory:reinforce(i % MEMORIES, options)
end, practice, OPERATIONS / 2)
local several = { 1, 2, 3 }
steady("reinforcements of several", function(options) memory:reinforce(several, options) end,
  practice, OPERATIONS / 4)
steady("reinforcements of hits", function(options) memory:reinforce(into, options) end, practice,
  OPERATIONS / 4)

support.done()
