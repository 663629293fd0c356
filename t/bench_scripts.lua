-- bench_scripts.lua: the benchmarks among the examples run, and every result is right. How long
-- anything took is not looked at.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, quote = tap.ok, tap.is, support.quote

local program, folder = quote(support.program), support.srcdir .. "/examples/bench"
local known, count = {}, 0
for _, file in ipairs(support.lines("ls " .. quote(folder))) do
  local text = support.read(folder .. "/" .. file)
  local out, err, status = support.run(("%s bench --quick --seed %d --json - %s"):format(program,
    count, quote(folder .. "/" .. file)))
  if not is(err .. status, "0", file .. " runs, and its results are right") then tap.note(out) end
  for _, case in ipairs(engram.json.decode(out).cases) do
    known[case.name] = true
    ok(case.median_s > 0 and case.starts >= 5, case.name)
  end
  is(math.max(60, select(2, text:gsub("\n", ""))), 60, file .. " has at most sixty lines")
  ok(text:find "^%-%-[^\n]+\n.-%-%- usage: ", file .. " begins with what it measures and how")
  count = count + 1
end
for _, name in ipairs { "similarity 768 x 1", "similarity 768 x 1000", "search 10 of 768 x 1000",
  "frontier 1000 nodes 5000 edges 4 hops", "decay of 10000" } do
  for _, rung in ipairs { "ref", engram.isa() } do
    ok(known[name .. " rung=" .. rung], ("%s is measured at %s"):format(name, rung))
  end
end
for _, rung in ipairs { "ref", engram.isa() } do
  for _, name in ipairs { "spread 1000 nodes 5000 edges rung=%s steps=10",
    "spread 1000 nodes 5000 edges rung=%s steps=100", "recall 10 memories=10000 rung=%s" } do
    ok(known[name:format(rung)], name:format(rung))
  end
end
for _, name in ipairs { "call engram_dot_f32, n = 1", "call vec:dot, n = 1" } do
  ok(known[name .. " jit=true"] and known[name .. " jit=false"], name .. ", compiled and not")
end
local out, err, status = support.run(("%s %s --quick --filter 'x 1 rung=ref$'"):format(program,
  quote(folder .. "/similarity.lua")))
ok(status == 0 and err == "" and out:find "\nsimilarity 768 x 1 rung=ref ",
  "each is a program of its own")

support.done()
