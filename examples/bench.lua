-- A benchmark: how fast a bank is searched, its answer checked every time. Prints the machine's own
-- figures. usage: engram examples/bench.lua [rows [columns]]
local engram = require "engram"

local rows, columns = tonumber(arg[1]) or 2000, tonumber(arg[2]) or 256
local bank = engram.bank.new(columns)
bank:add(engram.rng(1):fill_normal(engram.matrix(rows, columns)))
local query, hits = bank:row(rows - 1), nil

-- The median of 15 rounds of as many calls as fill a hundredth of a second.
local function median_seconds(call, check)
  local calls, times = 1, {}
  local function round()
    local start = engram.clock()
    for _ = 1, calls do call() end
    return engram.clock() - start
  end
  while round() < 0.01 do calls = calls * 2 end
  for i = 1, 15 do
    times[i] = round() / calls
    assert(check(), "a wrong answer is always faster")
  end
  table.sort(times)
  return times[8]
end

print(("engram %s, %s, %s"):format(engram.version, engram.isa(), engram.info().processor))
for _, rung in ipairs(engram.kernels.list()[1].versions) do
  engram.kernels.use(rung)
  local seconds = median_seconds(
    function() hits = bank:search(query, 10, { into = hits }) end,
    function() return hits:id(1) == rows - 1 end)
  print(("search %d x %d  %-8s %8.1f us  %6.1f GB/s")
    :format(rows, columns, rung, seconds * 1e6, rows * columns * 4 / seconds * 1e-9))
end
engram.kernels.use ""
local arena = engram.arena.thread():stats()
print(("arena: %.1f %% of %d bytes at the most"):format(100 * arena.peak / arena.capacity,
  arena.capacity))
