-- health.lua: what a look at the library's health says, and when it changes its mind.
-- SPDX-License-Identifier: MIT
local C = require "engram.ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, refuses = tap.ok, tap.is, support.refuses
local health = engram.health

-- ---- one verdict after the other

-- walk("bad good ..", seconds between checks) -> the statuses, by their first letters
local function walk(verdicts, seconds)
  local words = { h = "healthy", d = "degraded", u = "unhealthy" }
  local state, told = health.state(), {}
  for i = 1, #verdicts do
    told[i] = health.step(state, words[verdicts:sub(i, i)], i * seconds):sub(1, 1)
  end
  return table.concat(told), state
end

for _, row in ipairs {
  { "hhhh", "hhhh", "what is well stays well" },
  { "uhuhuh", "hhhhhh", "one bad check is chance" },
  { "uu", "hd", "two in a row degrade" },
  { "uuu", "hdu", "three are unhealthy" },
  { "uuuuuu", "hduuuu", "and stay so" },
  { "dddddd", "hddddd", "what is slow is not unhealthy, however often" },
  { "ddu", "hdu", "unless it becomes worse" },
  { "uuuh", "hduu", "one good check does not recover" },
  { "uuuhh", "hduuh", "two do" },
  { "uuuhuhh", "hduuuuh", "in a row" },
  { "ddhdhh", "hddddh", "from degraded as well" },
} do
  is((walk(row[1], 100)), row[2], row[3])
end
is((walk("uuuhhhh", 10)), "hduuuhh", "but not within 30 seconds of having become worse")
is((walk("uuuhhhh", 15)), "hduuhhh", "30 seconds are enough")
local _, state = walk("uuuhhuu", 100)
is(state.transitions, 4, "changes are counted")

local function verdict(probe_s, failed)
  local reasons = {}
  return health.verdict({ failed = failed or {}, probe_s = probe_s }, reasons),
    table.concat(reasons, "; ")
end
is(verdict(0.1), "healthy", "a probe may take 100 ms")
is(verdict(0.101), "degraded", "more is slow")
is(verdict(0.201), "unhealthy", "more than 200 ms too slow")
local status, reasons = verdict(1e-5, { "S1", "D3" })
ok(status == "unhealthy" and reasons == "the self-test fails: S1 D3",
  "a check that fails is named")

-- ---- a look

local first = health()
is(first.status, "healthy", "the library is well")
is(#first.reasons, 0, "and there is nothing to say about it")
local kernels = 0
for name, rung in pairs(first.kernels_enabled) do
  kernels = kernels + 1
  if rung ~= engram.isa(name) then kernels = name .. " is wrong" end
end
is(kernels, #engram.kernels.list(), "every kernel is named with its version")
is(first.path, engram.isa(), "and the rung in use")
local flags = table.concat(first.cpu_features, " ")
ok(not flags:find "avx512f" or flags:find "^avx2 fma f16c", "features of the processor are listed")
is(flags:find "avx2" ~= nil or flags:find "neon" ~= nil, #engram.kernels.list()[1].versions > 1,
  "those that its versions need")
is(first.version, engram.version, "the version")
is(#first.config_rejected, #engram.info().rejected, "the settings that were rejected")
is(first.arena_capacity, engram.info().arena.bytes, "the size of arenas")
ok(first.self_test.checks == 13 and first.self_test.passed == 13 and #first.self_test.failed == 0
  and first.self_test.age_s == 0, "the self-test has run")
is(#first.demoted, 0, "nothing is out of use")
is(first.last_kernel_invocation, nil, "no kernel was called: the self-test does not count")
ok(tostring(first):find "^healthy\n  version    %d", "as text it begins with the status")
is(health.last(), first, "the last look is remembered")

engram.vec({ 1, 2 }):softmax(1)
local second = health { now = engram.clock() + 50, self_test = false }
ok((second.last_kernel_invocation or ""):find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$",
  "a call has a time, in UTC")
ok(second.self_test.age_s >= 50, "a look without a self-test tells how old the last one is")
is(health().last_kernel_invocation, second.last_kernel_invocation,
  "which stays until there is another")

-- ---- what degrades at once

local config = engram.info().arena
local small = config.overflow == "error_return"
if small then
  pcall(function() engram.arena.thread():alloc(2 ^ 31) end)
  local third = health()
  ok(third.status == "degraded" and third.arena_overflows == 1
    and third.reasons[1] == "1 overflows of arenas since the last check: raise ENGRAM_ARENA_SIZE",
    "an overflow since the last look degrades")
  is(health().status, "healthy", "the next look does not see it again")
end
engram.arena.thread():scope(function(arena) arena:alloc(math.floor(0.95 * config.bytes)) end)
local full = health()
ok(full.status == "degraded" and full.reasons[1]:find "an arena was 95 %% full",
  "so does an arena that was nearly full")
ok(tostring(full):find "\n  because    an arena was 95 %% full: raise ENGRAM_ARENA_SIZE\n",
  "and the report says so")
C.engram_reset_arena_metrics()
is(health().status, "healthy", "until the metrics are reset")

local real, demoted = health.test, engram.kernels.demoted
local answer = { checks = 13, passed = 12, failed = { "S1" }, demoted = 0, probe_s = 1e-5,
  probe_activation = 3.8 }
health.test = function() return answer end
local bad = health { now = 1000 }
ok(bad.status == "degraded" and bad.reasons[1] == "the self-test fails: S1",
  "an example that fails degrades at once")
health { now = 1010 }
is(health({ now = 1020 }).status, "unhealthy", "and is unhealthy in the end")
is(health({ now = 1030, self_test = false }).status, "unhealthy", "however it is looked at")
answer.passed, answer.failed = 13, {}
health { now = 1040 }
is(health({ now = 1050 }).status, "healthy", "until it has been right for a while")

local tests = 0
health.test = function()
  tests = tests + 1
  local wrong = tests == 1
  return { checks = 13, passed = wrong and 12 or 13, failed = wrong and { "D3" } or {},
    demoted = wrong and 1 or 0, probe_s = 1e-5, probe_activation = 3.8 }
end
engram.kernels.demoted = function()
  return { { kernel = "decay_f32", rung = "avx512", check = "D3" } }
end
local taken = health { now = 2000 }
ok(taken.status == "degraded" and tests == 2 and #taken.self_test.failed == 0
  and taken.self_test.demoted == 1
  and taken.reasons[1] == "avx512 of decay_f32 is out of use: it failed D3",
  "a version that was demoted degrades, and what is left is tested again")
health.test, engram.kernels.demoted = real, demoted

engram.kernels.use "ref"
is(health().kernels_enabled.decay_f32, "ref", "a kernel that was taken back shows")
ok(tostring(health()):find("path       ref; kernels by rung: ref " .. kernels, 1, true),
  "in the text as well")
engram.kernels.use(os.getenv "ENGRAM_ISA" or "")

-- ---- misuse

refuses(function() health { every = 1 } end,
  "unknown option 'every' to 'health' (known: now, self_test)", "options have names")
refuses(function() health { now = "noon" } end, "bad argument 'now' to 'health' (a number of "
  .. "seconds expected, got string \"noon\")", "now is a number")
refuses(function() health { self_test = 1 } end, "bad argument 'self_test' to 'health' (a boolean "
  .. "expected, got number 1)", "self_test is a boolean")

support.done()
