-- engram.doctor: what keeps this program on this machine from doing as well as it could.
local ffi = require "ffi"
local C = require "engram.ffi"
local files = require "engram.files"
local kernels = require "engram.kernels"
local layout = require "engram.layout"

local doctor = {}

-- ---- what is asked of the system; a test gives other answers

local system = {}

system.read = files.read

function system.jit() return (jit.status()) end

function system.info() return require("engram.info").get() end

-- Of a look, not of a state that later looks go on from.
function system.self_test()
  local health = require "engram.health"
  local reasons = {}
  local test = health.test()
  return health.verdict(test, reasons), test, reasons
end

function system.demoted() return kernels.demoted() end

function system.found(program)
  for folder in (os.getenv "PATH" or ""):gmatch "[^:]+" do
    local file = io.open(folder .. "/" .. program)
    if file then
      file:close()
      return folder .. "/" .. program
    end
  end
end

function system.loads(module) return (pcall(require, module)) end

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

-- Contenders in turn, so that a busy moment meets them all; the median time of each, when it finds
-- caches as it left them itself.
local function in_turn(contenders, rounds)
  local times = {}
  for _ = 1, rounds do
    for i, run in ipairs(contenders) do
      run()
      local begun = C.engram_clock()
      run()
      times[i] = times[i] or {}
      table.insert(times[i], C.engram_clock() - begun)
    end
  end
  for i, list in ipairs(times) do times[i] = median(list) end
  return times
end

-- Seconds of a call by each version that runs here: { { rung, seconds }, ... }, slowest rung first.
local function versions_of(name, rounds, call)
  local rungs, contenders = {}, {}
  for _, kernel in ipairs(kernels.list()) do
    if kernel.name == name then rungs = kernel.versions end
  end
  for i, rung in ipairs(rungs) do
    local version = kernels.get(name, rung)
    contenders[i] = function() call(version) end
  end
  local list = {}
  for i, seconds in ipairs(in_turn(contenders, rounds)) do
    list[i] = { rung = rungs[i], seconds = seconds }
  end
  return list
end

local ROUNDS = 15

-- system.measure() -> { clock_s, read, similarity = { { rung, seconds } }, decay = .., bytes }:
-- seconds of a look at the clock, bytes a second that can be read from L3, and what versions take;
-- bytes that similarity reads
function system.measure()
  local engram = require "engram"
  local clock = in_turn({ function()
    for _ = 1, 1000 do C.engram_clock() end
  end }, ROUNDS)[1] / 1000

  local DIM, DECAYED = 768, 10000
  local caches = ffi.new "struct engram_caches"
  C.engram_caches(caches)
  local n = math.floor(tonumber(caches.working_sets[2]) / (DIM * 4))
  local floats = math.floor(n * DIM / C.ENGRAM_LIMIT_STEP) * C.ENGRAM_LIMIT_STEP
  local arena = engram.arena.new(4 * n * DIM + 64)
  local rows, query = arena:floats(n * DIM), engram.vec(DIM)
  rows:fill(0.5)
  query:fill(0.5)
  local scores, norms = engram.vec(n), engram.vec(n)
  C.engram_norms_f32(rows.data, n, DIM, norms.data)
  local similarity = versions_of("cosines_f32", ROUNDS, function(version)
    version(query.data, rows.data, norms.data, n, DIM, scores.data)
  end)

  local loops, i = {}, 0
  while C.engram_limit_rung(C.ENGRAM_LIMIT_READ, i) ~= nil do
    local which = i
    if C.engram_limit_run(C.ENGRAM_LIMIT_READ, which, rows.data, floats, nil) > 0 then
      loops[#loops + 1] = function()
        C.engram_limit_run(C.ENGRAM_LIMIT_READ, which, rows.data, floats, nil)
      end
    end
    i = i + 1
  end
  local read = math.huge
  for _, seconds in ipairs(in_turn(loops, ROUNDS)) do read = math.min(read, seconds) end
  arena:free()

  local law = ffi.new "struct engram_law"
  law.size, law.tau_s = ffi.sizeof(law), 86400
  local strengths, out = engram.vec(DECAYED), engram.vec(DECAYED)
  local ages = ffi.new("double[?]", DECAYED)
  strengths:fill(1)
  for k = 0, DECAYED - 1 do ages[k] = 100 * k end
  local decay = versions_of("decay_f32", ROUNDS, function(version)
    version(law, nil, strengths.data, ages, C.ENGRAM_AGE_F64, 0, DECAYED, out.data)
  end)
  return { clock_s = clock, read = 4 * floats / read, bytes = 4 * n * DIM, similarity = similarity,
    decay = decay }
end

-- ---- the checks: each returns ok, warn or bad, a sentence, and what to do

-- How many processors a list like 0-3,8 names.
local function count_of(list)
  local n = 0
  for first, last in list:gmatch "(%d+)%-?(%d*)" do
    n = n + (last ~= "" and tonumber(last) - tonumber(first) + 1 or 1)
  end
  return n
end

-- Processors that this process may use, and how many it is given time on.
local function processors(s)
  local allowed = (s.read "/proc/self/status" or ""):match "Cpus_allowed_list:%s*(%S+)"
  local quota, period = (s.read "/sys/fs/cgroup/cpu.max" or ""):match "^(%d+) (%d+)"
  local n = allowed and count_of(allowed)
  if n and quota then n = math.min(n, math.max(1, math.floor(quota / period))) end
  return n
end

local checks = {}
local function add(name, check) checks[#checks + 1] = { name = name, run = check } end

add("version", function(s)
  local info = s.info()
  local from = package.searchpath and package.searchpath("engram", package.path) or "?"
  return "ok", ("engram %s, interface %d; Lua files: %s"):format(info.version, info.api,
    (from:gsub("/engram%.lua$", "")))
end)

add("machine", function(s)
  local info = s.info()
  return "ok", ("%s %s, %s"):format(info.os, info.arch, info.processor)
end)

add("self-test", function(s)
  local verdict, test, reasons = s.self_test()
  if verdict == "healthy" then
    return "ok", ("%d checks pass"):format(test.checks)
  end
  local failed = #test.failed > 0
  return failed and "bad" or "warn", table.concat(reasons, "; "), failed
    and "ENGRAM_ISA=ref until the cause is known; please report it"
    or "look for what else this machine is doing"
end)

add("demoted", function(s)
  local words = {}
  for _, d in ipairs(s.demoted()) do
    words[#words + 1] = ("%s of %s failed %s"):format(d.rung, d.kernel, d.check)
  end
  if #words == 0 then return "ok", "no version is out of use" end
  return "bad", table.concat(words, "; "), "results are right, but slower; please report it"
end)

local order = { ref = 0, neon = 1, avx2 = 2, avx512 = 3, avx512vnni = 4 }
local wanted = { { "avx2", "avx2 fma f16c" }, { "avx512", "avx512f avx512bw avx512dq avx512vl" },
  { "avx512vnni", "avx512_vnni avx512_vpopcntdq" } }

-- The highest rung that a processor's flags allow.
local function rung_of_flags(flags)
  local best = "ref"
  for _, step in ipairs(wanted) do
    for flag in step[2]:gmatch "%S+" do
      if not flags:find(" " .. flag .. " ", 1, true) then return best end
    end
    best = step[1]
  end
  return best
end

add("rungs", function(s)
  local info = s.info()
  local best, capped = "ref", {}
  for _, kernel in ipairs(info.kernels) do
    local top = kernel.versions[#kernel.versions]
    if order[top] > order[best] then best = top end
    if top ~= kernel.chosen then capped[#capped + 1] = kernel.name .. "=" .. kernel.chosen end
  end
  local flags = " " .. ((s.read "/proc/cpuinfo" or ""):match "flags%s*:%s*([^\n]*)" or "") .. " "
  local possible = rung_of_flags(flags)
  if #capped > 0 then
    return "warn", ("%d of %d kernels are not at their best: %s%s"):format(#capped, #info.kernels,
      table.concat(capped, " ", 1, math.min(3, #capped)), #capped > 3 and " .." or ""),
      "unset ENGRAM_ISA, or engram.kernels.use \"\""
  elseif order[possible] > order[best] then
    return "warn", ("this build has %s, the processor %s"):format(best, possible),
      "configure with a compiler that knows it, without --disable-simd"
  end
  return "ok", ("%s, the best of this machine, for all %d kernels"):format(best, #info.kernels)
end)

add("settings", function(s)
  local rejected = s.info().rejected
  if #rejected == 0 then return "ok", "every ENGRAM_ variable was understood" end
  return "bad", table.concat(rejected, "; "), "correct or unset it"
end)

add("JIT", function(s)
  if s.jit() then return "ok", "on, " .. s.info().luajit end
  return "warn", "off: each call into the library takes 20 to 50 times as long",
    "leave out -j off, or jit.on()"
end)

add("threads", function(s)
  local n, there = s.info().threads, processors(s)
  if n == 0 or not there then return "ok", ("%d threads"):format(n) end
  if n > there then
    return "warn", ("%d threads on %d processors wait for each other"):format(n, there),
      ("--threads %d, or ENGRAM_THREADS=%d"):format(there, there)
  elseif n < there then
    return "ok", ("%d threads; %d processors may be used"):format(n, there)
  end
  return "ok", ("%d threads, as many as processors that may be used"):format(n)
end)

add("load", function(s)
  local load = tonumber((s.read "/proc/loadavg" or ""):match "^[%d.]+")
  local there = processors(s)
  if not load or not there then return "ok", "not known" end
  local sentence = ("%.1f processes want to run on %d processors"):format(load, there)
  if load <= there then return "ok", sentence end
  return "warn", sentence, "times measured now say little; end what else runs"
end)

add("memory", function(s)
  local text = s.read "/proc/meminfo" or ""
  local total, free = tonumber(text:match "MemTotal:%s*(%d+)"),
    tonumber(text:match "MemAvailable:%s*(%d+)")
  if not total or not free then return "ok", "not known" end
  local sentence = ("%.1f of %.1f GB free"):format(free / 2 ^ 20, total / 2 ^ 20)
  if free > 0.1 * total then return "ok", sentence end
  return "warn", sentence, "banks that are mapped will be read from disk again"
end)

add("huge pages", function(s)
  local choice = (s.read "/sys/kernel/mm/transparent_hugepage/enabled" or ""):match "%[(%w+)%]"
  if not choice then return "ok", "not known" end
  if choice ~= "never" then return "ok", choice .. ": large banks have them" end
  return "warn", "never: scans of large banks take a third longer",
    "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, as root"
end)

add("governor", function(s)
  local choice = (s.read "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor" or ""):match "%S+"
  if not choice then return "ok", "not said; a virtual machine has none" end
  if choice ~= "powersave" then return "ok", choice end
  local driver = (s.read "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver" or ""):match "%S+"
  if driver and driver:find "pstate" then
    return "ok", choice .. ", which " .. driver .. " raises"
  end
  return "warn", "powersave holds the processor at its lowest speed",
    "cpupower frequency-set -g performance, as root"
end)

add("arenas", function(s)
  local info, totals = s.info(), require("engram").stats().arenas
  local sentence = ("%d bytes a thread, %s on overflow; %d overflows, at most %d bytes in use")
    :format(info.arena.bytes, info.arena.overflow, totals.overflows, totals.peak)
  if info.arena.overflow == "panic" then
    return "warn", sentence, "ENGRAM_ARENA_OVERFLOW=error_return: panic ends the process"
  elseif totals.overflows > 0 or totals.peak > 0.9 * info.arena.bytes then
    return "warn", sentence, ("ENGRAM_ARENA_SIZE=%d, one and a half times what was in use"):format(
      math.max(1.5 * totals.peak, 2 * info.arena.bytes))
  end
  return "ok", sentence
end)

add("clock", function(s, measured)
  local source = (s.read "/sys/devices/system/clocksource/clocksource0/current_clocksource" or "")
    :match "%S+" or "not named"
  local sentence = ("%s, %.0f ns a look"):format(source, measured.clock_s * 1e9)
  if measured.clock_s < 1e-6 then return "ok", sentence end
  return "warn", sentence, "time few calls: ENGRAM_ARENA_METRICS=1/1024"
end)

-- A version that is slower than one for less of the machine.
local MARGIN = 1.15

local function slower(list)
  for i = 2, #list do
    for j = 1, i - 1 do
      if list[i].seconds > MARGIN * list[j].seconds then return list[i], list[j] end
    end
  end
end

local function judge(name, list)
  local slow, fast = slower(list)
  if not slow then return end
  return "warn", ("%s of %s takes %.2f times as long as %s"):format(slow.rung, name,
    slow.seconds / fast.seconds, fast.rung),
    ("ENGRAM_ISA=%s=%s if that is so every time"):format(name, fast.rung)
end

add("reading", function(_, measured)
  local list = measured.similarity
  local status, sentence, advice = judge("cosines_f32", list)
  if status then return status, sentence, advice end
  local best = list[#list]
  local share = measured.bytes / best.seconds / measured.read
  sentence = ("%.0f GB/s from L3; similarity at %s comes to %.0f %% of that"):format(
    measured.read / 1e9, best.rung, 100 * share)
  if share > 0.5 or best.rung == "ref" then return "ok", sentence end
  return "warn", sentence, "it should be over 70 %: look for what else this machine is doing"
end)

add("decay", function(_, measured)
  local list = measured.decay
  local status, sentence, advice = judge("decay_f32", list)
  if status then return status, sentence, advice end
  local best = list[#list]
  sentence = ("10,000 strengths in %.1f us at %s"):format(best.seconds * 1e6, best.rung)
  if best.rung == "ref" then return "ok", sentence end
  return "ok", ("%s, %.0f times as fast as ref"):format(sentence, list[1].seconds / best.seconds)
end)

local function optional(name, what, found)
  add(name, function(s)
    if found(s) then return "ok", "there: " .. what end
    return "ok", "not there, which is fine: " .. what
  end)
end
optional("libedit", "the prompt's line editor; otherwise it has one of its own", function(s)
  return (s.read "/proc/self/maps" or ""):find("libedit", 1, true)
end)
optional("gnuplot", "engram.plot writes SVG and PNG with it", function(s)
  return s.found "gnuplot"
end)
optional("cjson", "engram.json reads JSON with it", function(s)
  return s.loads "cjson"
end)

-- ---- the report

local colours = { ok = "green", warn = "bold", bad = "red" }
local severity = { ok = 0, warn = 1, bad = 2 }

local Report = {}
Report.__index = Report

local function as_text(self, paint, columns)
  local lines = {}
  for _, c in ipairs(self) do
    local line = layout.folded(("%-4s  %-10s  %s"):format(c.status, c.name, c.text), columns)
    lines[#lines + 1] = paint(colours[c.status], line:sub(1, 4)) .. line:sub(5)
    if c.advice then
      lines[#lines + 1] = layout.folded((" "):rep(18) .. "-> " .. c.advice, columns)
    end
  end
  return table.concat(lines, "\n")
end

Report.__tostring = function(self)
  return as_text(self, function(_, text) return text end, math.huge)
end

-- doctor.examine(answers) -> report: the checks, with some of the system's answers given
function doctor.examine(answers)
  local s = setmetatable(answers or {}, { __index = system })
  local report, measured = setmetatable({ status = "ok" }, Report), s.measure()
  for _, check in ipairs(checks) do
    local status, text, advice = check.run(s, measured)
    report[#report + 1] = { name = check.name, status = status, text = text, advice = advice }
    if severity[status] > severity[report.status] then report.status = status end
  end
  return report
end

local usage = [[usage: engram doctor [--json]
What keeps engram from doing as well as it could here, and what to do about it. Each line is ok,
warn or bad; the exit status is 3 if one is bad.]]

-- engram doctor
function doctor.command(words)
  local options, status = require("engram.arguments").command("doctor", usage, words,
    { json = "flag" }, 0)
  if not options then return status end
  local report = doctor.examine()
  if options.json then
    local list = {}
    for i, check in ipairs(report) do list[i] = check end
    print(require("engram.json").encode { status = report.status, checks = list })
  else
    local terminal = require "engram.terminal"
    print(as_text(report, function(colour, text)
      return terminal.paint(io.stdout, colour, text)
    end, terminal.is(io.stdout) and terminal.columns() or math.huge))
  end
  return report.status == "bad" and 3 or 0
end

-- engram.doctor() -> list of { name, status, text, advice }, which prints itself; its status
return setmetatable(doctor, { __call = function() return doctor.examine() end })
