-- doctor.lua: what the doctor says of a machine, by answers that are given to it.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is
local doctor = engram.doctor

-- ---- a machine on which all is well

local files = {
  ["/proc/cpuinfo"] = "flags\t: fpu\n",
  ["/proc/self/status"] = "Cpus_allowed_list:\t0-3,8\n",
  ["/proc/loadavg"] = "0.10 0.20 0.30 1/100 999\n",
  ["/proc/meminfo"] = "MemTotal: 1000000 kB\nMemFree: 1 kB\nMemAvailable: 500000 kB\n",
  ["/sys/kernel/mm/transparent_hugepage/enabled"] = "always [madvise] never\n",
  ["/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"] = "performance\n",
  ["/sys/devices/system/clocksource/clocksource0/current_clocksource"] = "tsc\n",
}

local function versions(ref, avx2, avx512)
  return { { rung = "ref", seconds = ref }, { rung = "avx2", seconds = avx2 },
    { rung = "avx512", seconds = avx512 } }
end

local function measured(changes)
  local m = { clock_s = 25e-9, read = 1e10, bytes = 1e6,
    similarity = versions(1e-2, 1.1e-4, 1.05e-4), decay = versions(1e-4, 2e-6, 1.5e-6) }
  for name, value in pairs(changes or {}) do m[name] = value end
  return m
end

local function info(changes)
  local i = {
    version = "1.2.3", api = 1, os = "Linux", arch = "x64", processor = "Some Processor",
    threads = 5, luajit = "LuaJIT", rejected = {},
    arena = { bytes = 2 ^ 30, overflow = "error_return" },
    kernels = { { name = "dot_f32", chosen = "avx512", versions = { "ref", "avx2", "avx512" } },
      { name = "decay_f32", chosen = "avx2", versions = { "ref", "avx2" } } },
  }
  for name, value in pairs(changes or {}) do i[name] = value end
  return i
end

-- The report of that machine with some answers changed: { file = { [path] = text }, info = .. }
local function examine(changes)
  changes = changes or {}
  return doctor.examine {
    read = function(path)
      local text = changes.file and changes.file[path]
      if text == nil then return files[path] end
      return text or nil
    end,
    jit = function() return changes.jit ~= false end,
    info = function() return info(changes.info) end,
    self_test = changes.self_test
      or function() return "healthy", { checks = 13, failed = {} }, {} end,
    demoted = function() return changes.demoted or {} end,
    found = function(program) return changes.found and changes.found[program] end,
    loads = function(module) return changes.loads and changes.loads[module] end,
    measure = function() return measured(changes.measured) end,
  }
end

local function check(report, name)
  for _, c in ipairs(report) do
    if c.name == name then return c end
  end
  return { text = "no such check" }
end

local well = examine()
local unwell = {}
for _, c in ipairs(well) do
  if c.status ~= "ok" then unwell[#unwell + 1] = c.name .. ": " .. c.text end
  if c.status == "ok" and c.advice then unwell[#unwell + 1] = c.name .. " advises" end
end
is(table.concat(unwell, "; "), "", "where all is well it says so, and advises nothing")
is(well.status, "ok", "all in all too")
ok(#well >= 18, "there are checks")

-- ---- one thing wrong at a time

local sys = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_"
for _, row in ipairs {
  { "a version out of its best is told", { info = { kernels = { { name = "dot_f32", chosen = "ref",
      versions = { "ref", "avx2" } } } } }, "rungs", "warn",
    "1 of 1 kernels are not at their best: dot_f32=ref", "unset ENGRAM_ISA" },
  { "a build that lacks what the processor has", { file = { ["/proc/cpuinfo"] = "flags\t: avx2 fma "
      .. "f16c avx512f avx512bw avx512dq avx512vl avx512_vnni avx512_vpopcntdq x\n" } },
    "rungs", "warn", "this build has avx512, the processor avx512vnni", "compiler" },
  { "a setting that was not understood", { info = { rejected = { "ENGRAM_ISA=x: no" } } },
    "settings", "bad", "ENGRAM_ISA=x: no", "correct or unset" },
  { "a JIT that is off", { jit = false }, "JIT", "warn", "off", "jit.on()" },
  { "more threads than processors", { info = { threads = 6 } }, "threads", "warn",
    "6 threads on 5 processors wait for each other", "--threads 5" },
  { "more than a container is given", { file = { ["/sys/fs/cgroup/cpu.max"] = "200000 100000\n" } },
    "threads", "warn", "5 threads on 2 processors", "--threads 2" },
  { "fewer are fine", { info = { threads = 2 } }, "threads", "ok",
    "2 threads; 5 processors may be used" },
  { "a host may not say how many", { info = { threads = 0 } }, "threads", "ok", "0 threads" },
  { "a machine that is busy", { file = { ["/proc/loadavg"] = "7.5 1 1 1/1 1\n" } }, "load", "warn",
    "7.5 processes want to run on 5 processors", "end what else runs" },
  { "one that is nearly full", { file = { ["/proc/meminfo"] =
      "MemTotal: 10485760 kB\nMemAvailable: 1000 kB\n" } }, "memory", "warn", "0.0 of 10.0 GB free",
    "from disk" },
  { "no huge pages", { file = { ["/sys/kernel/mm/transparent_hugepage/enabled"] =
      "always madvise [never]\n" } }, "huge pages", "warn", "never", "echo madvise" },
  { "a governor that saves power", { file = { [sys .. "governor"] = "powersave\n" } }, "governor",
    "warn", "lowest speed", "performance" },
  { "unless its driver raises it", { file = { [sys .. "governor"] = "powersave\n",
      [sys .. "driver"] = "intel_pstate\n" } }, "governor", "ok",
    "powersave, which intel_pstate raises" },
  { "a panic on overflow", { info = { arena = { bytes = 2 ^ 30, overflow = "panic" } } }, "arenas",
    "warn", "panic on overflow", "error_return" },
  { "arenas that were full", { info = { arena = { bytes = 8192, overflow = "fallback" } } },
    "arenas", "warn", "8192 bytes a thread", "ENGRAM_ARENA_SIZE=" },
  { "a slow clock", { measured = { clock_s = 2e-6 } }, "clock", "warn", "tsc, 2000 ns a look",
    "1/1024" },
  { "a rung that is slower than one below",
    { measured = { similarity = versions(1e-2, 1e-4, 2e-4) } }, "reading", "warn",
    "avx512 of cosines_f32 takes 2.00 times as long as avx2",
    "ENGRAM_ISA=cosines_f32=avx2" },
  { "of decay too", { measured = { decay = versions(1e-4, 2e-6, 3e-6) } }, "decay", "warn",
    "avx512 of decay_f32 takes 1.50 times as long as avx2", "ENGRAM_ISA=decay_f32=avx2" },
  { "similarity far from what can be read", { measured = { read = 1e11 } }, "reading", "warn",
    "100 GB/s from L3; similarity at avx512 comes to 10 %", "what else" },
  { "a self-test that fails", { self_test = function()
      return "unhealthy", { checks = 13, failed = { "S1" } }, { "the self-test fails: S1" }
    end }, "self-test", "bad", "the self-test fails: S1", "ENGRAM_ISA=ref" },
  { "one that is slow", { self_test = function()
      return "degraded", { checks = 13, failed = {} }, { "the probe took 150 ms" }
    end }, "self-test", "warn", "the probe took 150 ms", "what else" },
  { "a version that is out of use",
    { demoted = { { kernel = "decay_f32", rung = "avx512", check = "D3" } } }, "demoted", "bad",
    "avx512 of decay_f32 failed D3", "slower" },
  { "a machine of which nothing is known", { file = { ["/proc/self/status"] = false,
      ["/proc/loadavg"] = false } }, "load", "ok", "not known" },
  { "what is optional and there", { found = { gnuplot = "/usr/bin/gnuplot" } }, "gnuplot", "ok",
    "there: engram.plot" },
  { "and not there", {}, "gnuplot", "ok", "not there, which is fine" },
  { "modules as well", { loads = { cjson = true } }, "cjson", "ok", "there: engram.json reads" },
  { "the line editor", { file = { ["/proc/self/maps"] = "7f /usr/lib/libedit.so.2\n" } },
    "libedit", "ok", "there: the prompt" },
} do
  local name, changes, which, status, text, advice = unpack(row, 1, 6)
  if which == "arenas" then
    engram.arena.thread():scope(function(arena) arena:alloc(8000) end)
  end
  local report = examine(changes)
  local c = check(report, which)
  local right = c.status == status and c.text:find(text, 1, true)
    and (advice == nil) == (c.advice == nil) and (not advice or c.advice:find(advice, 1, true))
    and report.status == status
  if not ok(right, name) then
    tap.note(("%s: %s (%s)"):format(tostring(c.status), c.text, tostring(c.advice)))
  end
end

local shown = tostring(examine { info = { threads = 6 } })
ok(shown:find("\nwarn  threads     6 threads on 5 processors wait for each other\n"
  .. "                  -> --threads 5, or ENGRAM_THREADS=5\n", 1, true),
  "a report prints itself, advice beneath")
ok(shown:find "^ok    version     engram 1%.2%.3, interface 1; Lua files: /",
  "a line for each check")

-- ---- this machine, and the command

local program = support.quote(support.program)
local out, err, status = support.run(program .. " doctor --json")
local report = engram.json.decode(out)
local levels = { ok = 0, warn = 1, bad = 2 }
local worst = "ok"
for _, c in ipairs(report.checks) do
  if levels[c.status] > levels[worst] then worst = c.status end
end
ok(#report.checks == #well and report.status == worst and err == "",
  "engram doctor --json: all checks")
is(status, worst == "bad" and 3 or 0, "the status is 3 if one is bad")
is(check(report.checks, "self-test").status, "ok", "this library passes its self-test")
out, err, status = support.run("ENGRAM_ARENA_ZERO=x " .. program .. " doctor")
ok(status == 3 and err:find "^engram: ENGRAM_ARENA_ZERO=x"
  and out:find "\nbad   settings    ENGRAM_ARENA_ZERO=x: expected", "as for a setting")
local t = dofile(support.srcdir .. "/t/terminal.lua").open(program .. " doctor", { columns = 40 })
t:finish(60)
local wide = {} -- lines that could be broken: what is one long word cannot
for line in t.text:gsub("\27%[%d+m", ""):gmatch "[^\r\n]+" do
  if #line > 40 and line:find "%S+%s+%S+$" and #line:match "%S+$" < 20 then wide[#wide + 1] = line end
end
is(table.concat(wide, "\n"), "", "on a terminal long lines are broken between words")
out = support.run(program .. " --color=always doctor")
ok(out:find "\27%[32mok  \27%[0m  version",
  "colours are for terminals, or where they are asked for")
out, err, status = support.run(program .. " doctor now")
ok(out == "" and status == 2
  and err:find("engram doctor: 'now' is too much\nusage: engram doctor", 1, true),
  "a word too many has status 2")
out, err, status = support.run(program .. " doctor --xml")
ok(out == "" and status == 2 and err:find("unknown option '--xml'", 1, true),
  "so has an unknown option")
out, err, status = support.run(program .. " doctor --help")
ok(status == 0 and err == "" and out:find "^usage: engram doctor", "--help tells how it is called")
local again = engram.doctor()
is(#again, #well, "engram.doctor() is such a report")
is(check(again, "version").text:match "^engram (%S+),", engram.version, "of this library")

support.done()
