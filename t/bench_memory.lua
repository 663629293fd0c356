-- bench_memory.lua: what memories take from Lua; each result is checked. make bench-memory runs it.
-- usage: bench_memory.lua [--quick]
-- SPDX-License-Identifier: MIT
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")

local quick = arg[1] == "--quick"
local rng = engram.rng(1)

local function seconds(call, ...)
  collectgarbage()
  local start = engram.clock()
  local result = call(...)
  return engram.clock() - start, result
end

local function median(rounds, call)
  local times = {}
  for i = 1, rounds do times[i] = seconds(call) end
  table.sort(times)
  return times[math.ceil(rounds / 2)]
end

local function line(name, value, unit, beside)
  print(("%-58s %9.3f %-3s %s"):format(name, value, unit, beside or ""))
end

print(("engram %s, %s, %s"):format(engram.version, engram.isa(), engram.info().processor))

-- ---- import of vectors and links; the least it can take is to read the files

local rows, links = quick and 2000 or 1000000, 4
local npy, tsv = support.path "rows.npy", support.path "links.tsv"
do
  local bank = engram.bank.new(64)
  for _ = 1, 10 do bank:add(rng:fill_normal(engram.matrix(rows / 10, 64))) end
  assert(bank:save(npy))
  bank:free()
  local file = assert(io.open(tsv, "w"))
  for i = 0, rows - 1 do
    for _ = 1, links do file:write(i, "\t", rng:below(rows), "\t0.5\n") end
  end
  file:close()
end
local read = seconds(function()
  assert(engram.bank.open(npy)):free()
  assert(engram.graph.open(tsv, { nodes = "ids" })):free()
end)
local memory = engram.memory.new { dim = 64, law = { half_life_s = 86400 } }
local took = seconds(function() assert(memory:import { rows = npy, links = tsv }) end)
assert(#memory == rows and memory:stats().links > rows * (links - 1))
line(("import of %d memories of 64 columns, %d links each"):format(rows, links), took, "s",
  ("%.3f to read the files"):format(read))
memory:free()

-- ---- JSON Lines

local lines = quick and 500 or 50000
memory = engram.memory.new { dim = 64, law = { half_life_s = 86400 } }
local cue = rng:fill_normal(engram.vec(64))
took = seconds(function()
  for i = 0, lines - 1 do
    memory:remember { vector = cue, at = i, content = "memory", links = i >= links and
      { { i - 1, 0.5 }, { i - 2, 0.5 }, { i - 3, 0.5 }, { i - 4, 0.5 } } or nil }
  end
end)
assert(#memory == lines)
line("remember, 64 columns, 4 links, a content", took / lines * 1e6, "us")
local path = support.path "lines"
took = seconds(function() assert(memory:export(path)) end)
line("export of JSON Lines, each", took / lines * 1e6, "us")
if pcall(require, "cjson") then
  local again = engram.memory.new { dim = 64, law = { half_life_s = 86400 } }
  took = seconds(function() assert(again:import(path)) end)
  assert(again:hash() == memory:hash())
  line("import of JSON Lines, each", took / lines * 1e6, "us")
end
memory:free()

-- ---- recall

local size = quick and 1000 or 10000
memory = engram.memory.new { dim = 256, law = { half_life_s = 86400 } }
for i = 0, size - 1 do
  memory:remember { vector = rng:fill_normal(engram.vec(256)), at = i }
end
for i = 0, size * 5 - 1 do
  memory:link(i % size, rng:below(size), { weight = rng:uniform() })
end
cue = rng:fill_normal(engram.vec(256))
local options = { vector = cue, k = 10, hops = 2, now = size, seed_threshold = 0.1,
  into = engram.hits {} }
for _, recorded in ipairs { false, true } do
  options.record = recorded
  local calls = quick and 5 or 200
  took = median(15, function()
    for _ = 1, calls do memory:recall(options) end
  end) / calls
  assert(#options.into == 10)
  line(("recall of 10 of %d x 256, %d links, 2 hops%s"):format(size, memory:stats().links,
    recorded and ", recorded" or ""), took * 1e3, "ms",
    recorded and "" or ("%d links walked"):format(options.into.edges))
end
memory:free()

os.execute("rm -rf " .. support.quote(support.path ""))
