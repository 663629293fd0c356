-- bench.lua: the benchmark of the kernels runs, times every version, says in JSON what it says in
-- text. How long anything took is not looked at.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is
local program = support.quote(support.builddir .. "/t/kernels.t")

-- JSON without brackets and colons inside its strings, as a table.
local function decoded(json)
  local text = json:gsub('"([%w_]+)": ', "%1 = "):gsub("%[", "{"):gsub("%]", "}")
  return setfenv(assert(loadstring("return " .. text)), { null = 0 / 0 })()
end

local file = support.path "bench.json"
local text, said, status = support.run(program .. " --bench --quick --seed 7 --json " .. file)
is(status, 0, "the benchmark runs, and every result it times is right")
is(said, "", "and has nothing to complain of")
local report = decoded(support.read(file))
is(report.engram, engram.version, "JSON names the version")
is(report.seed, 7, "the seed")
is(report.isa, engram.isa(), "the rung")
for _, name in ipairs { "compiler", "cpu", "date" } do
  ok(#report[name] > 0, "JSON names the " .. name)
end

local timed, limits, doors, stores, complete = {}, 0, 0, 0, true
for _, row in ipairs(report.rows) do
  if row.kernel then
    timed[row.kernel .. " " .. row.version .. " " .. row.set] = true
    complete = complete and row.ns_per_element > 0 and row.gb_per_s > 0 and row.fraction > 0
      and #row.limit > 0
  elseif row.door then
    doors = doors + 1
    ok(row.us > 0 and text:find(row.door, 1, true), "text and JSON have the " .. row.door)
  elseif row.store then
    stores = stores + 1
    ok(row.us > 0 and row.least_us > 0, row.store .. " takes time, and so does " .. row.least)
    ok(text:find(row.store, 1, true) and text:find(row.least, 1, true), "which the text has too")
  else
    limits = limits + 1
    ok(row.rate > 0 and text:find(row.limit .. " +" .. row.set), row.limit .. " in " .. row.set)
  end
end
ok(complete, "every row has a time, a rate, and a fraction of a limit")
is(doors, 3, "the figures of the sources stand beside ours")
is(stores, 3, "a memory in files is timed beside the least that the system takes")
ok(limits > 6, "bandwidths, gathers and peaks were measured")

for _, kernel in ipairs(engram.kernels.list()) do
  for _, version in ipairs(kernel.versions) do
    for _, set in ipairs { "L1", "L2" } do
      local name = ("%s %s %s"):format(kernel.name, version, set)
      ok(timed[name] and text:find(("\n%s +%s +%s "):format(kernel.name, version, set)),
        name .. " is timed")
    end
  end
end

text, said, status = support.run(program .. " --bench --quick --json - dot_f32")
is(status, 0, "JSON may go to standard output")
is(said, "", "without a word beside it")
ok(#decoded(text).rows > 8, "and is all that is there")
text, said, status = support.run(program .. " --bench --quick --json /nowhere/file dot_f32")
is(status, 2, "a file that cannot be written is an error")
is(said, "kernels.t: cannot write /nowhere/file\n", "which is named")
is(text, "", "before anything is measured")

text, said, status = support.run(support.quote(support.program) .. " "
  .. support.quote(support.srcdir .. "/t/bench_memory.lua") .. " --quick")
is(said .. status, "0", "what memories take from Lua is measured, and every result is right")
ok(text:find "import of 2000 memories .- s " and text:find "recall of 10 .- ms", "and printed")
support.done()
