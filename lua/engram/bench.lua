-- engram.bench: how fast something is, its answer checked every time.
local cases = require "engram.bench_cases"
local check = require "engram.check"
local compiled = require "engram.compiled"
local report = require "engram.report"
local units = require "engram.units"

local bench = {}

-- bench.case(name, { setup =, run =, check =, bytes =, items =, working_set =, limit =, params =,
-- rungs =, lua =, processes = }): for bench.main and `engram bench`
function bench.case(name, options)
  cases.add(name, options)
end

-- bench.main(arg): measures the cases of this script, as `engram bench` does with its words.
-- Returns when all is well, otherwise ends the program with the exit status. While `engram bench`
-- loads the script, it does nothing.
function bench.main(words)
  check.arg(check.list(words), "bench.main", 1, "the table 'arg'", words)
  if cases.loading() then return end
  local status = require("engram.bench_command").script(words)
  if status ~= 0 then os.exit(status, true) end
end

-- ---- at the prompt

local SECONDS, LEAST = 0.5, 30

local function text(r)
  local lines = {
    ("median %s, MAD %s, min %s, p95 %s"):format(units.seconds(r.median_s),
      units.seconds(r.mad_s), units.seconds(r.min_s), units.seconds(r.p95_s)),
    ("%s of garbage a call, %s, %s of %s, the JIT %s"):format(units.bytes(r.garbage_bytes),
      units.counted(r.aborts, "aborted trace"), units.counted(r.samples, "repetition"),
      units.counted(r.calls, "call"), r.jit and "on" or "off") }
  if not r.settled then lines[#lines + 1] = "the warm-up did not settle" end
  if r.interrupted then lines[#lines + 1] = "interrupted: what was measured until then" end
  return table.concat(lines, "\n")
end

local function measured(f, ...)
  local measure = require "engram.bench_measure"
  local statistics = require "engram.statistics"
  local c = measure.contender(f, ...)
  local rounds, failure = measure.watching(function()
    measure.on(c)
    measure.settle(c, 10e-3)
    c.garbage = measure.garbage(c)
    return measure.turns({ c }, { least = LEAST, seconds = SECONDS, rng = require "engram.rng"(0) })
  end)
  if failure and (rounds == 0 or not measure.interrupted(failure)) then error(failure, 0) end
  local s = c.samples
  return { median_s = statistics.median(s), mad_s = statistics.mad(s),
    min_s = statistics.quantile(s, 0), p95_s = statistics.quantile(s, 0.95), samples = rounds,
    samples_s = s, calls = c.calls, garbage_bytes = c.garbage, aborts = c.aborts,
    settled = c.settled, jit = (jit.status()), interrupted = failure ~= nil }
end

-- bench(f, ...) -> { median_s, mad_s, .. }: how long f(...) takes; f may be a text with an
-- expression or statements
local function quick(_, f, ...)
  return report.new(compiled.during(measured, report.subject(f, "bench"), ...), text)
end

return setmetatable(bench, { __call = quick, __tostring = function()
  return "bench(f, ...) tells how long a call of f takes; bench.case is for scripts"
end })
