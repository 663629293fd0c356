-- engram.health: whether kernels give right answers, in time, and have room to work.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local kernels = require "engram.kernels"

local health = {}

local COOL_DOWN_S = 30
local SLOW_S, TOO_SLOW_S = 0.1, 0.2 -- of the probe
local MOST = 0.9                    -- of an arena's capacity

local severity = { healthy = 0, degraded = 1, unhealthy = 2 }

local function worse(a, b) return severity[a] >= severity[b] and a or b end

-- health.state() -> what remembers checks: one bad check may be chance. Two in a row degrade, three
-- are unhealthy, two good ones in a row recover; but not within 30 seconds of having become worse.
function health.state()
  return { status = "healthy", bad = 0, good = 0, since = -math.huge, transitions = 0 }
end

-- health.step(state, verdict, now) -> status, once a check has come to a verdict
function health.step(state, verdict, now)
  local good = verdict == "healthy"
  state.good, state.bad = good and state.good + 1 or 0, good and 0 or state.bad + 1
  local status = state.status
  if state.bad >= 3 and verdict == "unhealthy" then
    status = "unhealthy"
  elseif state.bad >= 2 then
    status = worse(status, "degraded")
  elseif state.good >= 2 and now - state.since >= COOL_DOWN_S then
    status = "healthy"
  end
  if status ~= state.status then
    state.status, state.since, state.transitions = status, now, state.transitions + 1
  end
  return status
end

-- ---- what is looked at

-- health.test() -> what engram_self_test finds
function health.test()
  local result = ffi.new "struct engram_self_test"
  check.status(C.engram_self_test(result))
  local failed = {}
  for name in ffi.string(result.failed):gmatch "%S+" do failed[#failed + 1] = name end
  return { checks = result.checks, passed = result.passed, demoted = result.demoted,
    failed = failed, probe_s = result.probe_s, probe_activation = result.probe_activation }
end

-- health.verdict(self_test, reasons) -> status that one self-test speaks for, and why
function health.verdict(test, reasons)
  local verdict = "healthy"
  local function because(status, sentence, ...)
    verdict = worse(verdict, status)
    reasons[#reasons + 1] = sentence:format(...)
  end
  if #test.failed > 0 then
    because("unhealthy", "the self-test fails: %s", table.concat(test.failed, " "))
  end
  if test.probe_s > SLOW_S then
    because(test.probe_s > TOO_SLOW_S and "unhealthy" or "degraded",
      "the probe took %.0f ms, expected at most %.0f", test.probe_s * 1e3, SLOW_S * 1e3)
  end
  return verdict
end

-- What a rung asks of a processor.
local features = {
  neon = { "neon" },
  avx2 = { "avx2", "fma", "f16c" },
  avx512 = { "avx512f", "avx512bw", "avx512dq", "avx512vl" },
  avx512vnni = { "avx512vnni", "avx512vpopcntdq" },
}

local function features_of(list)
  local rungs, found = {}, {}
  for _, kernel in ipairs(list) do
    for _, rung in ipairs(kernel.versions) do rungs[rung] = true end
  end
  for _, rung in ipairs { "neon", "avx2", "avx512", "avx512vnni" } do
    for _, feature in ipairs(rungs[rung] and features[rung] or {}) do
      found[#found + 1] = feature
    end
  end
  return found
end

local function calls_of(list)
  local calls = 0
  for _, kernel in ipairs(list) do calls = calls + kernel.calls end
  return calls
end

-- ---- the report

local Report = {}
Report.__tostring = function(self)
  local lines = { self.status }
  local function line(name, format, ...)
    lines[#lines + 1] = ("  %-10s " .. format):format(name, ...)
  end
  local by_rung, counts = {}, {}
  for _, rung in pairs(self.kernels_enabled) do by_rung[rung] = (by_rung[rung] or 0) + 1 end
  for rung, n in pairs(by_rung) do counts[#counts + 1] = ("%s %d"):format(rung, n) end
  table.sort(counts)
  for _, reason in ipairs(self.reasons) do line("because", "%s", reason) end
  line("version", "%s", self.version)
  line("path", "%s; kernels by rung: %s", self.path, table.concat(counts, ", "))
  if self.self_test then
    local t = self.self_test
    line("self-test", "%d of %d pass, %.0f s ago; the probe took %.0f us", t.passed, t.checks,
      t.age_s, t.probe_s * 1e6)
  end
  line("arenas", "%d overflows, at most %d of %d bytes in use", self.arena_overflows,
    self.arena_high_water_mark, self.arena_capacity)
  line("last used", "%s", self.last_kernel_invocation or "never")
  for _, sentence in ipairs(self.config_rejected) do line("rejected", "%s", sentence) end
  return table.concat(lines, "\n")
end

-- What is remembered from one look to the next.
local state = health.state()
local seen = { calls = 0, overflows = 0 }
local tested, last

-- engram.health([{ now = seconds, self_test = true }]) -> { status, reasons, kernels_enabled, path,
-- cpu_features, arena_overflows, arena_high_water_mark, arena_capacity, last_kernel_invocation,
-- config_rejected, demoted, self_test, transitions, version }
local function look(_, options)
  local o = check.options(options, { now = check.none, self_test = true }, "health")
  check.arg(o.now == nil or check.finite(o.now), "health", "now", "a number of seconds", o.now)
  check.arg(type(o.self_test) == "boolean", "health", "self_test", "a boolean", o.self_test)
  local now = o.now or C.engram_clock()

  local calls = calls_of(kernels.list())
  if calls > seen.calls then seen.invocation = os.date "!%Y-%m-%dT%H:%M:%SZ" end
  local reasons = {}
  if o.self_test then
    tested = health.test()
    if tested.demoted > 0 then -- how it stands without them
      local demoted = tested.demoted
      tested = health.test()
      tested.demoted = demoted
    end
    tested.at = now
    health.step(state, health.verdict(tested, reasons), now)
  end
  local list = kernels.list()
  seen.calls = calls_of(list)

  local info, totals = require("engram.info").get(), require("engram").stats().arenas
  local status, enabled = state.status, {}
  if tested and #tested.failed > 0 then status = worse(status, "degraded") end -- chance has no part
  for _, kernel in ipairs(list) do enabled[kernel.name] = kernel.chosen end
  local function degraded_if(condition, sentence, ...)
    if not condition then return end
    status = worse(status, "degraded")
    reasons[#reasons + 1] = sentence:format(...)
  end
  local overflows = math.max(totals.overflows - seen.overflows, 0) -- a reset begins anew
  seen.overflows = totals.overflows
  degraded_if(overflows > 0, "%d overflows of arenas since the last check: raise ENGRAM_ARENA_SIZE",
    overflows)
  degraded_if(totals.peak > MOST * info.arena.bytes,
    "an arena was %.0f %% full: raise ENGRAM_ARENA_SIZE", 100 * totals.peak / info.arena.bytes)
  local demoted = kernels.demoted()
  for _, d in ipairs(demoted) do
    degraded_if(true, "%s of %s is out of use: it failed %s", d.rung, d.kernel, d.check)
  end

  local shown = tested and { age_s = now - tested.at }
  for name, value in pairs(tested or {}) do
    if name ~= "at" then shown[name] = value end
  end
  last = setmetatable({
    status = status, reasons = reasons, kernels_enabled = enabled, path = info.isa,
    cpu_features = features_of(list), arena_overflows = totals.overflows,
    arena_high_water_mark = totals.peak, arena_capacity = info.arena.bytes,
    last_kernel_invocation = seen.invocation, config_rejected = info.rejected, demoted = demoted,
    self_test = shown, transitions = state.transitions, version = info.version,
  }, Report)
  return last
end

-- health.last() -> what engram.health() said last; nil if it was not asked
function health.last() return last end

return setmetatable(health, { __call = look })
