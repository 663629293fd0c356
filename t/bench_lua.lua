-- bench_lua.lua: benchmarks from scripts: cases, reports, verdicts, baselines, exit statuses. How
-- long anything took is not looked at.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local cases = require "engram.bench_cases"
local measure = require "engram.bench_measure"
local reports = require "engram.bench_report"
local verdict = require "engram.bench_verdict"
local ok, is, refuses = tap.ok, tap.is, support.refuses
local path, write, quote, run = support.path, support.write, support.quote, support.run
local bench, json = engram.bench, engram.json
local program = quote(support.program) .. " "

local function contains(text, part, name)
  if ok(text:find(part, 1, true), name) then return end
  tap.note("expected: " .. part .. "\nin: " .. text)
end

-- ---- cases

local function yes() return true end
local function with(field, value)
  return function()
    local options = { run = yes, check = yes }
    options[field] = value
    bench.case("a case", options)
  end
end
refuses(function() bench.case("", {}) end, "bad argument #1 to 'bench.case' (a name",
  "cases have names")
refuses(function() bench.case("x", { check = yes }) end,
  "bad argument 'run' to 'bench.case' (a function expected, got nil)", "and something to run")
refuses(function() bench.case("x", { run = yes }) end, "bad argument 'check' to 'bench.case' "
  .. "(a function that tells a right result from a wrong one expected, got nil)",
  "a check is not optional")
refuses(function() bench.case("x", { run = yes, check = yes, setpu = yes }) end,
  "unknown option 'setpu' to 'bench.case'", "options are spelt right")
for field, rows in pairs {
  setup = { 3, "a function expected" },
  bytes = { 0, "a number > 0 or a function expected" },
  items = { "many", "a number > 0 or a function expected" },
  working_set = { 1 / 0, "a number > 0 or a function expected" },
  limit = { "fma", '"read" or "write" expected' },
  params = { 3, "a table of lists expected" },
  processes = { 3, "1, or 5 at least" },
} do
  local f = with(field, rows[1])
  local ran, failure = pcall(f)
  ok(not ran and failure:find(("bad argument '%s' to 'bench.case'"):format(field), 1, true)
    and failure:find(rows[2], 1, true), field .. " is checked")
end
for _, params in ipairs { { seed = { 1 } }, { quick = { 1 } }, { rung = { "ref" } }, { n = {} },
  { n = 3 } } do
  ok(not pcall(with("params", params)), "a parameter is a list under a name of its own")
end

bench.case("grid", { run = yes, check = yes, params = { n = { 10, 1000 }, form = { "a", "b" } },
  items = function(b) return b.n end, bytes = function() return 0 end })
refuses(function() bench.case("grid", { run = yes, check = yes }) end,
  "there is a case 'grid' already", "names are unique")
local all = cases.all { seed = 7, quick = true }
local names = {}
for i, case in ipairs(all) do names[i] = case.name end
is(table.concat(names, ", "),
  "grid form=a n=10, grid form=a n=1000, grid form=b n=10, grid form=b n=1000",
  "there is a case for each choice of parameters")
local given = all[2].b
ok(given.n == 1000 and given.form == "a" and given.params.n == 1000 and given.seed == 7
  and given.quick == true,
  "whose functions see parameters, seed and quick")
is(cases.amount(all[2], "items"), 1000, "items may be a function of them")
ok(select(2, pcall(cases.amount, all[1], "bytes")):find("bytes is 0, not a number > 0", 1, true),
  "whose result is checked")
cases.forget()

-- ---- turns

local function order_of(seed)
  local list, contenders = {}, {}
  for i = 1, 5 do
    contenders[i] = { calls = 1, arguments = { n = 0 }, samples = {}, aborts = 0, name = i,
      loop = function()
        list[#list + 1] = i
        return i * 1e-3
      end }
  end
  local rounds = measure.turns(contenders, { least = 4, seconds = 0, rng = engram.rng(seed) })
  return table.concat(list), rounds, contenders
end
local order, rounds, contenders = order_of(1)
is(order, order_of(1), "the order of repetitions comes from the seed")
ok(order ~= order_of(2), "another seed gives another")
ok(rounds == 4 and #contenders[3].samples == 4 and contenders[3].samples[4] == 3e-3,
  "each takes a turn in each round")
local seen = {}
for i = 1, 20, 5 do
  local round = { order:byte(i, i + 4) }
  table.sort(round)
  seen[#seen + 1] = string.char(unpack(round))
  ok(seen[#seen] == "12345", "everybody is in round " .. #seen)
end
ok(order:sub(1, 5) ~= order:sub(6, 10) or order:sub(6, 10) ~= order:sub(11, 15),
  "which has an order of its own")
contenders[2].loop = function() error("broken", 0) end
local done, failure, culprit = measure.turns(contenders, { least = 4, seconds = 0,
  rng = engram.rng(1) })
ok(done == 0 and failure == "broken" and culprit == contenders[2] and #contenders[1].samples == 0,
  "a round that is broken off is forgotten, and says who did it")
rounds = measure.turns({ contenders[1] }, { least = 1, seconds = 0.0105, rng = engram.rng(1) })
is(rounds, 11, "rounds go on until the time is over")

-- ---- limits of the machine

local C, ffi = require "engram.ffi", require "ffi"
local caches = ffi.new "struct engram_caches"
C.engram_caches(caches)
local levels = { 0, caches.working_sets[0], caches.working_sets[1], caches.working_sets[2],
  caches.working_sets[3] }
for i = 2, 5 do
  ok(levels[i] > levels[i - 1] and levels[i] % 4096 == 0, "working sets grow: " .. i - 1)
  ok(i == 5 or levels[i] <= caches.bytes[i - 2], "and fit")
end
local arena = engram.arena.new(16384)
local floats, places = arena:floats(1024):fill(1), ffi.new("uint32_t[1024]")
for kind = 0, 3 do
  local loops, working, right = 0, 0, true
  while C.engram_limit_rung(kind, loops) ~= nil do
    local amount = C.engram_limit_run(kind, loops, floats.data, 1024, places)
    local expected = kind < 2 and 4096 or kind == 3 and 1024
    if amount > 0 then working = working + 1 end
    right = right and (amount == 0 or not expected or amount == expected)
    loops = loops + 1
  end
  ok(loops >= working and working > 0 and right, "limits of kind " .. kind .. " say what they did")
end
ok(floats[1] > 1 and floats[1] == floats[1024], "writing adds to every float")
ok(C.engram_limit_rung(4, 0) == nil and C.engram_limit_rung(-1, 0) == nil
  and C.engram_limit_run(4, 0, floats.data, 1024, places) == 0, "there are no others")
is(C.engram_limit_run(0, 0, floats.data, 1000, places), 0, "nothing is done by halves")
ok(ffi.string(C.engram_build()):find "^.+, .+$", "the build names compiler and flags")

-- ---- verdicts

is(verdict.judge({ low = 0.051, high = 0.2 }, 0.05), "slower", "a whole interval above: slower")
is(verdict.judge({ low = 0.049, high = 0.2 }, 0.05), "inconclusive", "one across: inconclusive")
is(verdict.judge({ low = -0.2, high = 0.049 }, 0.05), "not slower", "one below: not slower")
is(verdict.judge({ low = -0.2, high = -0.051 }, 0.05), "faster", "a whole one below minus: faster")
is(verdict.judge({ low = -0.2, high = 0.05 }, 0.05), "inconclusive", "at the limit: inconclusive")

-- What a first measurement and a second come to.
for _, row in ipairs {
  { "slower", "slower", "slower", "+30.0 % at first, +1.0 % measured again" },
  { "slower", "not slower", "inconclusive",
    "noise hides the limit; +30.0 % at first, +1.0 % measured again" },
  { "slower", "faster", "inconclusive",
    "noise hides the limit; +30.0 % at first, +1.0 % measured again" },
  { "slower", "inconclusive", "inconclusive", "why; +30.0 % at first, +1.0 % measured again" },
  { "inconclusive", "slower", "inconclusive",
    "noise hides the limit; +30.0 % at first, +1.0 % measured again" },
  { "inconclusive", "not slower", "not slower", "+30.0 % at first, +1.0 % measured again" },
  { "inconclusive", "inconclusive", "inconclusive",
    "why; +30.0 % at first, +1.0 % measured again" },
  { "slower", "no verdict", "no verdict", "why" },
  { "not slower", "not slower", "not slower" },
} do
  local told = (row[2] == "inconclusive" or row[2] == "no verdict") and "why" or nil
  local v = verdict.confirm({ verdict = row[1], change = 0.3 },
    { verdict = row[2], change = 0.01, reason = told })
  ok(v.verdict == row[3] and v.reason == row[4],
    ("%s, then %s: %s"):format(row[1], row[2], row[3]))
end

-- Starts of a kind of work on a bad machine: each differs by a tenth, repetitions have heavy tails,
-- and a neighbour comes and goes for both.
local function two_cases(rng, more)
  local a, b, neighbour = {}, {}, 1
  for i = 1, 20 do
    if rng:uniform() < 0.2 then neighbour = neighbour == 1 and 1.15 or 1 end
    local place = { engram.math.exp(0.03 * rng:normal()), engram.math.exp(0.03 * rng:normal()) }
    a[i], b[i] = {}, {}
    for r = 1, 3 do
      local function sample(which)
        local tail = rng:uniform() < 0.1 and 1 - engram.math.log(1 - rng:uniform()) or 1
        return 1e-6 * neighbour * place[which] * tail * engram.math.exp(0.01 * rng:normal())
      end
      a[i][r], b[i][r] = sample(1), sample(2) * more
    end
  end
  return a, b
end
local rng, different, caught = engram.rng(1), 0, 0
for i = 1, 200 do
  local v = verdict.judge(verdict.change(unpack({ two_cases(rng, 1) }, 1, 2)), 0)
  if v ~= "inconclusive" then different = different + 1 end
  local x, y = two_cases(rng, 1.2)
  if verdict.judge(verdict.change(x, y, i), 0.05) == "slower" then caught = caught + 1 end
end
if not ok(different < 4, "of 200 identical pairs fewer than 2 % are called different") then
  tap.note(different)
end
if not ok(caught > 160, "and most of those that are a fifth slower are found") then
  tap.note(caught)
end
is(verdict.change({ { 1 }, { 1 }, { 1 }, { 1 } }, { { 1 }, { 1 }, { 1 }, { 1 } }), nil,
  "four starts are too few to say anything")

-- ---- reports made up, compared

local machine = { cpu = "abacus", rung = "ref", threads = 1, compiler = "cc 1", flags = "-O2",
  luajit = "LuaJIT 2", jit = true, os = "Linux", arch = "x64" }
local function starts(median, spread)
  local list = {}
  for i = 1, 15 do list[i] = { 2 * median, median * (1 + spread * (i - 8) / 7) } end
  return list
end
local function case(name, median, spread, control)
  return { name = name, samples_s = starts(median, spread or 0.01), quick = false,
    control = { name = "FMA", samples_s = starts(control or 1e-11, 0.001) } }
end
local function report_of(list, more)
  local r = { format = "engram-bench", version = 1, engram = "0", machine = machine, seed = 0,
    quick = false, date = "2026-01-01T00:00:00Z", interrupted = false, cases = list }
  for name, value in pairs(more or {}) do r[name] = value end
  return r
end
local function saved(name, r) return quote(write(path(name), json.encode(r) .. "\n")) end

local before = saved("before.json", report_of { case("same", 1e-6), case("slow", 1e-6),
  case("fast", 1e-6), case("noisy", 1e-6, 0.5), case("machine", 1e-6), case("gone", 1e-6),
  { name = "failed", error = "case 'failed': wrong result" }, case("short", 1e-6) })
local short = case("short", 1e-6)
short.samples_s = { { 1e-6 }, { 1e-6 } }
local after = saved("after.json", report_of { case("same", 1.001e-6), case("slow", 1.1e-6),
  case("fast", 0.9e-6), case("noisy", 1e-6, 0.5), case("machine", 1e-6, 0.01, 1.1e-11),
  case("new", 1e-6), case("failed", 1e-6), short })
local out, err, status, _ = run(program .. "bench --compare " .. before .. " " .. after)
for name, word in pairs { same = "not slower", slow = "slower", fast = "faster",
  noisy = "inconclusive", machine = "inconclusive", gone = "no verdict", new = "no verdict",
  failed = "no verdict", short = "no verdict" } do
  ok(out:find(("\n%s [^\n]*  %s\n"):format(name, word)), ("%s: %s"):format(name, word))
end
contains(out, "'noisy': inconclusive: noise hides the limit\n", "and says why")
contains(out, "'machine': inconclusive: noise hides the limit: the machine itself was 10.0 % "
  .. "slower at FMA", "as it does where the machine changed")
contains(out, "'gone': no verdict: no longer there", "or a case is gone")
contains(out, "'new': no verdict: not yet there", "or new")
contains(out, "'failed': no verdict: case 'failed': wrong result", "or failed")
contains(out, "'short': no verdict: too few fresh starts", "or had too few starts")
is(err .. status, "3", "what is slower gives status 3")
out, err, status = run(program .. "bench --compare --fail-if +20% " .. before .. " " .. after)
is(status, 3, "with --fail-if what was not shown is a failure too")
is(err, "engram bench: not every case is shown not to be slower by 20 %: 2 inconclusive, "
  .. "4 no verdict\n",
  "which a sentence says")
ok(out:find "\nslow [^\n]*  not slower\n", "--fail-if sets the limit")
local one = saved("one.json", report_of { case("same", 1e-6), case("fast", 1e-6) })
local two = saved("two.json", report_of { case("same", 1.001e-6), case("fast", 0.9e-6) })
err, status = select(2, run(program .. "bench --fail-if 5% --compare " .. one .. " " .. two))
is(err .. status, "0", "status 0 is for what is shown not to be slower")
status = select(3, run(program .. "bench --fail-if 5% --compare " .. two .. " " .. one))
is(status, 3, "not the other way round")
local noisy = saved("noisy.json", report_of { case("same", 1e-6, 0.5) })
status = select(3, run(program .. "bench --compare " .. one .. " " .. noisy))
is(status, 0, "without --fail-if what is inconclusive is said and no failure")
local other = saved("other.json", report_of({ case("same", 1e-6) },
  { machine = { cpu = "slide rule", rung = "ref", threads = 1 } }))
out, err, status = run(program .. "bench --fail-if 5% --compare " .. one .. " " .. other)
contains(out, "# cpu: abacus before, slide rule after\n", "another machine is named")
contains(out, "'same': no verdict: another cpu, compiler, flags, luajit, jit\n",
  "and gives no verdict")
ok(status == 3 and err:find("2 no verdict", 1, true), "which is no pass")
for field in pairs(machine) do
  local changed = {}
  for name, value in pairs(machine) do changed[name] = value end
  changed[field] = "another"
  local same = field == "os" or field == "arch" -- which the compiler and its flags are of
  out, _, status = run(program .. "bench --fail-if 5% --compare " .. one .. " "
    .. saved("changed.json", report_of({ case("same", 1e-6), case("fast", 1e-6) },
      { machine = changed })))
  ok(status == (same and 0 or 3)
    and out:find("no verdict: another " .. field, 1, true) == nil == same,
    "reports compared are of one " .. field)
end
ok(out:find "\nsame +%+0.0 %%", "the change is told all the same")
local broken_off = saved("off.json", report_of({ case("same", 1e-6), case("fast", 1e-6) },
  { interrupted = true }))
for _, files in ipairs { one .. " " .. broken_off, broken_off .. " " .. one } do
  out, _, status = run(program .. "bench --fail-if 5% --compare " .. files)
  ok(status == 3 and out:find("'same': no verdict: interrupted\n", 1, true),
    "nothing is known of what was interrupted")
end
local quick = case("same", 1e-6)
quick.quick = true
out = run(program .. "bench --compare " .. one .. " " .. saved("q.json", report_of { quick }))
contains(out, "no verdict: one of them is --quick", "other sizes cannot be compared")
out = run(program .. "bench --compare " .. one .. " "
  .. saved("dry.json", report_of { { name = "same", quick = false } }))
contains(out, "'same': no verdict: one of them is a --dry-run", "nor what was not measured")
local empty = saved("empty.json", report_of {})
err, status = select(2, run(program .. "bench --fail-if 5% --compare " .. empty .. " " .. empty))
is(status, 3, "no case at all is no pass")
contains(err, "there is no case", "and says so")
local compared = run(program .. "bench --json - --compare " .. before .. " " .. after)
local decoded = json.decode(compared)
ok(decoded.format == "engram-bench-comparison" and decoded.version == 1
  and decoded.verdicts[2].verdict == "slower" and decoded.verdicts[2].low > 0.05,
  "JSON has the verdicts")

-- ---- files that are no reports

for text, complaint in pairs {
  ["{"] = "broken.json: ",
  ["[1]"] = "broken.json: no report of engram bench",
  ['{"format":"engram-bench","version":2}'] = "a report of version 2, of which only 1 is known",
  ['{"format":"engram-bench","version":1}'] = "cases or machine missing",
  ['{"format":"engram-bench","version":1,"machine":{},"cases":[{"name":3}]}'] =
    "case 1 is not as it should be",
  ['{"format":"engram-bench","version":1,"machine":{},"cases":[{"name":"x","samples_s":[[0]]}]}'] =
    "case 1 is not as it should be",
} do
  err, status = select(2, run(program .. "bench --compare "
    .. quote(write(path "broken.json", text)) .. " " .. one))
  is(status, 5, "status 5: " .. complaint)
  contains(err, complaint, "with its reason")
end
err, status = select(2, run(program .. "bench --compare /nowhere.json " .. one))
is(err .. status, "engram bench: /nowhere.json: No such file or directory\n5",
  "so has a file that is not there")

-- ---- usage

for words, complaint in pairs {
  [""] = "no file",
  ["--frobnicate x"] = "unknown option '--frobnicate'",
  ["--seed x y"] = "--seed wants a whole number, not 'x'",
  ["--time 0 x"] = "--time wants seconds",
  ["--time never x"] = "--time wants a number, not 'never'",
  ["--filter '[' x"] = "--filter wants a Lua pattern",
  ["--fail-if 5 --baseline b x"] = "--fail-if wants a share like +5%",
  ["--fail-if 0% --baseline b x"] = "--fail-if wants a share like +5%",
  ["--fail-if 5% x"] = "--fail-if wants --baseline or --compare: slower than what?",
  ["--update-baseline why x"] = "--update-baseline wants --baseline",
  ["--update-baseline ' ' --baseline b x"] = "--update-baseline wants a reason",
  ["--update-baseline why --baseline b --filter x x"] =
    "--update-baseline wants a whole measurement",
  ["--dry-run --baseline b --fail-if 5% x"] = "--dry-run measures nothing",
  ["--compare x"] = "--compare wants two reports",
  ["--self-check x"] = "what is 'x'?",
} do
  out, err, status = run(program .. "bench " .. words)
  ok(status == 2 and out == "" and err:find("engram bench: " .. complaint, 1, true) == 1
    and err:find("usage: engram bench", 1, true), "usage: " .. words)
end
out, err, status = run(program .. "bench --help")
ok(err == "" and status == 0 and out:find("^usage: engram bench"), "--help prints it")

-- ---- measured

local file = path "cases.lua"
write(file, [[
  local bench = require "engram.bench"
  local engram = require "engram"
  bench.case("dot", {
    params = { n = { 16, 64 } },
    setup = function(b) return { v = engram.rng(b.seed):fill_normal(engram.vec(b.n)) } end,
    run = function(s) return s.v:dot(s.v) end,
    check = function(s, x) return math.abs(x - s.v:norm() ^ 2) < 1e-3 end,
    items = function(b) return b.n end, bytes = function(b) return 8 * b.n end,
  })
  bench.case("alone", {
    lua = true,
    run = function() local t = {} for i = 1, 10 do t[i] = i end return t end,
    check = function(b, t) return #t == 10 and b.seed end,
  })
  bench.case("each", {
    rungs = true,
    setup = function(b) return b.rung end,
    run = function() return engram.isa() end,
    check = function(rung, isa) return rung == isa end,
  })
  bench.main(arg)
]])
local quoted = quote(file)
local saved_to = quote(path "report.json")
out, err, status = run(program .. "bench --quick --seed 3 --json " .. saved_to .. " " .. quoted)
if not is(status .. err, "0", "cases are measured") then tap.note(out) end
local report = assert(reports.read(path "report.json"))
local text, fits = reports.text(report, 60), true
for line in text:gmatch "[^\n]+" do fits = fits and #line <= 60 end
if not ok(fits and text:find "\ncase +median .*\n# no room for aborts, samples, garbage"
  and not text:find("p95 ", 1, true), "a narrow terminal has the columns that matter most") then tap.note(text) end
ok(reports.text(report):find("case +median +MAD +min +p95 .* aborts +samples\n"), "a pipe has all")
is(report.format .. report.version, "engram-bench1", "JSON names its format and version")
ok(report.engram == engram.version and report.seed == 3 and report.quick == true
  and report.interrupted == false and report.date:find "^20%d%d%-", "who, when and how")
local info = engram.info()
local m = report.machine
ok(m.cpu == info.processor and m.rung == info.isa and m.luajit == jit.version and #m.compiler > 3
  and m.flags and m.threads >= 1 and m.os == jit.os and m.arch == jit.arch, "and where")
contains(out, m.cpu, "the text names the processor")
contains(out, m.compiler .. " " .. m.flags, "compiler and flags")
contains(out, ("seed 3, quick"), "and the seed")
local by_name = {}
for _, c in ipairs(report.cases) do by_name[c.name] = c end
local dot = by_name["dot n=64"]
ok(dot and dot.params.n == 64 and by_name["dot n=16"], "each parameter has its case")
ok(dot.min_s <= dot.median_s and dot.median_s <= dot.p95_s and dot.mad_s >= 0, "with quantiles")
support.near_all({ dot.items_per_s * dot.median_s, dot.bytes_per_s * dot.median_s }, { 64, 512 },
  1e-6, "items and bytes a second follow from the median")
ok(dot.limit.name == "L1 read" and dot.limit.bytes_per_s > 0 and dot.fraction > 0
  and out:find "L1 read", "the limit of its working set was measured")
is(#dot.samples_s, 5, "there were five fresh setups")
ok(dot.starts == 5 and dot.samples == 15 and #dot.limit.samples_s == 5
  and #dot.control.samples_s == 5, "each with repetitions, and the machine's beside them")
ok(dot.garbage_bytes == 0 or not jit.status(), "a call that makes no garbage makes none")
local alone = by_name.alone
ok(alone.starts == 5 and alone.samples == 60 and alone.garbage_bytes > 0,
  "a case of Lua's own runs in five processes")
ok(by_name["each rung=ref"] and by_name["each rung=" .. engram.isa()], "rungs are a parameter")
ok(alone.aborts >= 0 and alone.calls >= 1 and alone.settled ~= nil, "with aborted traces and calls")
local again = json.decode(json.encode(report))
is(json.encode(again), json.encode(report), "the report survives JSON")

out, err, status = run(program .. "bench --quick --json - --filter '^dot n=16$' " .. quoted)
is(#json.decode(out).cases .. status .. err, "10", "--filter chooses, --json - prints JSON alone")
err, status = select(2, run(program .. "bench --quick --filter nothing " .. quoted))
is(err .. status, "engram bench: no case has that name\n2", "no case is a mistake")
out, err, status = run(program .. quoted .. " --quick --filter alone")
ok(status == 0 and err == "" and out:find "\nalone .* 60 in 5\n",
  "a script measures its own cases, in processes too")
out, _, status = run(program .. "bench --dry-run " .. quoted)
ok(status == 0 and out:find("# case 'alone' runs, and is right", 1, true)
  and not out:find("median", 1, true), "--dry-run runs each once")
out = run(program .. "--seed 9 bench --quick --json - --filter n=16 " .. quoted)
is(json.decode(out).seed, 9, "the program's --seed is that of benchmarks too")
out = run(program .. "bench --quick --plot --filter dot " .. quoted)
contains(out, "median, us", "--plot draws the medians")
is(select(3, run(program .. "bench --quick --json /nowhere/x " .. quoted)), 5,
  "a report that cannot be written has status 5")
is(select(3, run(program .. "bench /nowhere.lua")), 5, "so has a script that is not there")
is(select(3, run(program .. "bench " .. quote(write(path "syntax.lua", "local = 1")))), 1,
  "one that is broken has status 1")
is(run(program .. "bench --time 0.01 --filter n=16 " .. quoted .. " | grep -c '60 in 20'"), "1\n",
  "not quick, there are 60 repetitions behind 20 setups")

-- ---- what goes wrong

local wrong = quote(write(path "wrong.lua", [[
  local bench = require "engram.bench"
  local calls, setups = 0, 0
  bench.case("good", { run = function() return 1 end, check = function(_, x) return x == 1 end })
  bench.case("wrong at once", { run = function() return 2 end,
    check = function(_, x) return x == 1 end })
  bench.case("wrong later", { setup = function() setups = setups + 1 return setups end,
    run = function() return 1 end, check = function(s) calls = calls + 1 return s < 3 end })
  bench.case("no setup", { setup = function() error "no data" end, run = function() end,
    check = function() return true end })
  bench.case("no check", { run = function() end, check = function() error "cannot tell" end })
  bench.case("wrong elsewhere", { lua = true, run = function() return 1 end,
    check = function() return false end })
  bench.case("killed", { processes = 5, run = function() os.exit(9) end,
    check = function() return true end })
]]))
out, err, status = run(program .. "bench --quick " .. wrong)
is(status, 1, "cases that fail give status 1")
contains(err, "engram bench: case 'wrong at once': wrong result\n",
  "a wrong result is refused by name")
contains(err, "case 'wrong later': wrong result\n", "also behind a later start")
contains(err, "case 'wrong elsewhere': wrong result\n", "and in another process")
contains(err, "case 'no setup': setup: ", "a setup that fails is named")
contains(err, "no data", "with its error")
contains(err, "case 'no check': ", "so is a check that does")
contains(err, "case 'killed': its process ended with status 9, without a result",
  "and a process that ends early")
ok(out:find "\ngood " and not out:find "\nwrong", "the others are measured, and those are not")
contains(out, "# case 'wrong at once': wrong result", "the report has the failures")
is(select(3, run(program .. "bench --dry-run --filter wrong " .. wrong)), 1,
  "--dry-run finds them too")

out, err, status = support.interrupt("bench --time 100 " .. quote(write(path "long.lua", [[
  local bench = require "engram.bench"
  local batches = 0 -- of which 45 are more than a warm-up takes
  bench.case("long", { run = function() end, check = function()
    batches = batches + 1
    if batches == 45 then print "ready" io.flush() end
    return true
  end })
]])))
is(err .. status, "130", "a benchmark can be interrupted")
ok(out:find "\nlong " and out:find("# interrupted: what was measured until then", 1, true),
  "and prints what it has measured")

-- ---- baselines

local base = quote(path "base.json")
local measured = program .. "bench --quick --filter 'dot n=16' --baseline " .. base .. " "
err, status = select(2, run(measured .. quoted))
ok(status == 5 and err:find("base.json: No such file", 1, true),
  "a file of baselines has to be there")
local function update(reason)
  return run(program .. "bench --quick --baseline " .. base .. " --update-baseline "
    .. quote(reason) .. " " .. quoted)
end
out, err, status = update "the first"
is(err .. status, "0", "unless it is to be written")
contains(out, "'alone': no verdict: no baseline of this case, machine and build",
  "what was never measured has no verdict")
local baselines = assert(reports.baselines(path "base.json"))
ok(#baselines.entries == 1 and baselines.entries[1].reason == "the first"
  and #baselines.entries[1].report.cases >= 4 and not baselines.entries[1].report.verdicts,
  "an entry has its reason and the report")
update "the second"
baselines = assert(reports.baselines(path "base.json"))
ok(#baselines.entries == 2 and baselines.entries[2].reason == "the second", "old ones stay")
-- What the measurement is compared with is exchanged: the outcome is then sure.
local function scaled(factor, change)
  for _, entry in ipairs(baselines.entries) do
    for _, c in ipairs(entry.report.cases) do
      c.control, c.limit = nil, nil
      for i = 1, #c.samples_s do c.samples_s[i] = { factor, factor } end
    end
    if change then change(entry.report) end
  end
  write(path "base.json", json.encode(baselines))
end
scaled(1e-30)
out, err, status = run(measured .. quoted)
ok(status == 3 and out:find "\ndot n=16 [^\n]*  slower\n", "slower than the baseline: status 3")
is(err, "engram bench: measured again, slower or hidden by noise: 1 case\n",
  "after it was measured once more")
ok(out:find "'dot n=16': slower: %+%d+%.%d %% at first, %+%d+%.%d %% measured again\n",
  "both changes are told")
scaled(1e3)
out, err, status = run(measured .. "--fail-if 5% " .. quoted)
ok(status == 0 and out:find "\ndot n=16 [^\n]*faster\n", "faster: status 0")
is(err, "", "which nothing has to confirm")
local as_json = json.decode((run(measured .. "--json - " .. quoted)))
is(as_json.verdicts[1].verdict, "faster", "JSON has the verdict")
for _, field in ipairs { "cpu", "rung", "threads", "compiler", "flags", "luajit" } do
  local was
  scaled(1e3, function(r) was, r.machine[field] = r.machine[field], "another" end)
  err, status = select(2, run(measured .. "--fail-if 5% " .. quoted))
  ok(status == 3 and err:find("1 no verdict", 1, true), "a baseline is of one " .. field)
  scaled(1e3, function(r) r.machine[field] = was end)
end
status = select(3, run(measured .. quoted))
is(status, 0, "without --fail-if no verdict is no failure")
scaled(1e3, function(r) r.quick = false end)
contains(run(measured .. quoted), "no verdict", "and of one size")

-- Five setups are a measurement: calls of the first take a millisecond, those of the second none,
-- and the baseline lies between.
local function twice(name, second)
  return quote(write(path(name), [[
    local bench, clock, setups = require "engram.bench", require("engram").clock, 0
    bench.case("dot n=16", { setup = function() setups = setups + 1 end,
      run = function()
        local begun = clock()
        while setups <= 5 and clock() - begun < 1e-3 do end
        return true
      end, check = function(_, x) if setups > 5 then ]] .. second .. [[ end return x end })]]))
end
scaled(1e-4, function(r) r.quick = true end)
local calm = twice("calm.lua", "")
out, _, status = run(measured .. "--json " .. saved_to .. " " .. calm)
is(status, 0, "what is slower only once is not slower")
ok(out:find "'dot n=16': inconclusive: noise hides the limit; %+%d+%.%d %% at first, %-%d+%.%d %%",
  "but inconclusive")
ok(assert(reports.read(path "report.json")).cases[1].median_s < 1e-4,
  "the report has the second measurement")
status = select(3, run(measured .. "--fail-if 5% " .. calm))
is(status, 3, "which is no pass")
out, err, status = run(measured .. twice("wrong2.lua", "error 'too late'"))
ok(status == 1 and err:find("too late", 1, true) and out:find "'dot n=16': no verdict: .*too late",
  "a second measurement that fails is a failure")
out, _, status = support.interrupt("bench --quick --baseline " .. base .. " "
  .. twice("broken off.lua", "if setups > 8 then print 'ready' io.flush() local b = clock() "
    .. "while clock() - b < 0.5 do end end"))
ok(status == 130 and out:find("'dot n=16': no verdict: interrupted\n", 1, true)
  and out:find "\ndot n=16 [^\n]* 15 in 5\n",
  "one that is interrupted leaves the first, without a verdict")

for content, complaint in pairs { ["{}"] = "no file of baselines",
  ['{"format":"engram-bench-baselines","version":3,"entries":[]}'] = "baselines of version 3",
  ['{"format":"engram-bench-baselines","version":1,"entries":[{"report":{}}]}'] =
    "entry 1: no report of engram bench" } do
  write(path "base.json", content)
  err, status = select(2, run(measured .. quoted))
  ok(status == 5 and err:find(complaint, 1, true), "status 5: " .. complaint)
end
err, status = select(2, run(program .. "bench --quick --baseline " .. quote(path "new.json")
  .. " --update-baseline x " .. wrong))
ok(status == 1 and err:find("the baseline stays as it was", 1, true),
  "a measurement with failures is no baseline")
is(io.open(path "new.json"), nil, "and is not written")

-- ---- at the prompt

local function shell(script) return run(program .. "-e " .. quote(script)) end
out, err, status = shell [[
  local bench = require("engram").bench
  local r = bench(function(a, b) return a + b end, 1, 2)
  assert(r.samples >= 30 and r.median_s > 0 and r.min_s <= r.median_s and r.calls > 1)
  print(r, "") print(bench "1 + 1") print(bench "local x = 1")]]
is(err .. status, "0", "bench(f) measures one function")
is(select(2, out:gsub("median .-, MAD .-, min .-, p95 [^\n]*\n", "")), 3,
  "also a text with an expression or statements")
ok(out:find("0 B of garbage a call, [%d,]+ aborted traces?, [%d,]+ repetitions of [%d,]+ calls?, "
  .. "the JIT o"),
  "and says what it found")
refuses(function() bench(3) end,
  "bad argument #1 to 'bench' (a function or a string expected, got number 3)",
  "numbers are not measured")
refuses(function() bench "1 +" end, "bench: bench:1: unexpected symbol", "nor what is no Lua")
refuses(function() bench.main(3) end, "bad argument #1 to 'bench.main' (the table 'arg'",
  "bench.main wants words")
contains(select(2, shell [[require("engram").bench(function() error("oops", 0) end)]]), "oops",
  "errors of the function pass through")
-- A repetition is one call. A warm-up and what follows it are 5 to 34 calls, then come 30.
out = support.interrupt([[-e 'local n, clock = 0, require("engram").clock
  local r = require("engram").bench(function()
    n = n + 1
    if n == 36 then print "ready" io.flush() end
    local begun = clock()
    while clock() - begun < (n == 36 and 0.45 or 0.01) do end
  end)
  print(r) print(r.interrupted, r.samples < 30)']])
if not ok(out:find "interrupted: what was measured until then\ntrue\ttrue\n",
  "it can be interrupted between repetitions") then tap.note(out) end

support.done()
