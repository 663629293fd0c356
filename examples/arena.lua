-- Scratch memory without a collector: taken from one end, given back all at once.
-- prints:
-- arena 0.0 of 1.0 MB, peak 0.0
-- 100000 ones sum up to 100000
-- arena 0.0 of 1.0 MB, peak 0.4
-- used 0, peak 400000, releases 1
-- too much is refused: 8000000 bytes asked, 1048576 of 1048576 free
local engram = require "engram"

local arena = engram.arena.new(2 ^ 20)
print(arena)

local sum = arena:scope(function(scratch)
  local ones = scratch:floats(100000):fill(1)
  return ones:dot(ones) -- a number may leave; the floats are gone behind the scope
end)
print("100000 ones sum up to " .. sum)
print(arena)

local stats = arena:stats()
print(("used %d, peak %d, releases %d"):format(stats.used, stats.peak, stats.releases))

local _, problem = pcall(arena.floats, arena, 2e6)
print("too much is refused: " .. tostring(problem):match "%d+ bytes asked.*")
