-- engram.bench_verdict: whether a case has become slower, by one rule: the whole 99 % interval of
-- the median's change lies beyond the limit.
local statistics = require "engram.statistics"

local verdict = {}

-- What is drawn again for the interval is not a repetition but a fresh start: a new setup, or a new
-- process where a case asks for them. Repetitions behind one start are not independent. They share
-- what neighbours did then, and where in memory the data came to lie, which makes two setups of the
-- very same work differ by a tenth for as long as they live: intervals made of repetitions, or of
-- blocks of them in the order of time, called every third pair of identical cases different. A
-- start counts by its best repetition, the one that was disturbed least; with its median in place
-- of that more pairs were. Starts are drawn for each case on its own: cases of one run took turns,
-- and what disturbed both only makes the interval wider than it had to be.
local LEAST = 5 -- starts
local HIDDEN = "noise hides the limit"

local function best_of(starts)
  local best = {}
  for i, samples in ipairs(starts) do best[i] = statistics.quantile(samples, 0) end
  return best
end

local function change_of(a, b)
  return statistics.median(b) / statistics.median(a) - 1
end

-- verdict.change(a, b [, seed]) -> { change =, low =, high = }, nil if there were too few starts. a
-- and b are lists of lists: the seconds behind each start.
function verdict.change(a, b, seed)
  local of_a, of_b = best_of(a), best_of(b)
  if #of_a < LEAST or #of_b < LEAST then return nil end
  local low, high = statistics.bootstrap(change_of, of_a, of_b, { level = 0.99, seed = seed or 1 })
  return { change = change_of(of_a, of_b), low = low, high = high }
end

-- verdict.judge({ low =, high = }, 0.05) -> "slower", "faster", "not slower" or "inconclusive"
function verdict.judge(change, limit)
  if change.low > limit then return "slower" end
  if change.high < -limit then return "faster" end
  return change.high < limit and "not slower" or "inconclusive"
end

-- What of the machine itself was measured beside a case: arithmetic, and the limit it runs into.
local function machine_changed(a, b, limit)
  for _, name in ipairs { "control", "limit" } do
    local before, after = a[name], b[name]
    if before and after and before.name == after.name then
      local change = change_of(best_of(before.samples_s), best_of(after.samples_s))
      if math.abs(change) > limit / 2 then
        return ("%s: the machine itself was %.1f %% %s at %s"):format(HIDDEN,
          100 * math.abs(change), change > 0 and "slower" or "faster", after.name)
      end
    end
  end
end

-- verdict.compare(name, a, b, limit [, obstacle]) -> { name =, verdict =, reason =, change =,
-- low =, high = }. a and b are a case of two reports, a what was before; nil: there is none. With
-- an obstacle, a reason against any verdict, the change is told and not judged.
function verdict.compare(name, a, b, limit, obstacle)
  local function none(reason)
    return { name = name, verdict = "no verdict", reason = reason }
  end
  if not a or not b then return none(("%s there"):format(a and "no longer" or "not yet")) end
  if a.error or b.error then return none(a.error or b.error) end
  if not (a.samples_s and b.samples_s) then return none "one of them is a --dry-run" end
  if a.quick ~= b.quick then return none "one of them is --quick" end
  local change = verdict.change(a.samples_s, b.samples_s)
  if not change then return none(obstacle or "too few fresh starts") end
  change.name, change.verdict = name, verdict.judge(change, limit)
  if obstacle then
    change.verdict, change.reason = "no verdict", obstacle
    return change
  end
  change.reason = machine_changed(a, b, limit)
  if change.reason then
    change.verdict = "inconclusive"
  elseif change.verdict == "inconclusive" then
    change.reason = HIDDEN
  end
  return change
end

-- verdict.in_doubt(v): whether it takes a second measurement. Noise between two runs is in no
-- interval: what a neighbour does for a minute makes all starts of one slower.
function verdict.in_doubt(v)
  return v.verdict == "slower" or v.verdict == "inconclusive"
end

-- verdict.confirm(first, second) -> what two measurements come to: the second, unless one of them
-- is "slower" and the other is not
function verdict.confirm(first, second)
  if not verdict.in_doubt(first) or second.verdict == "no verdict" then return second end
  if (first.verdict == "slower") ~= (second.verdict == "slower") then
    second.verdict, second.reason = "inconclusive", second.reason or HIDDEN
  end
  second.reason = ("%s%+.1f %% at first, %+.1f %% measured again"):format(
    second.reason and second.reason .. "; " or "", 100 * first.change, 100 * second.change)
  return second
end

return verdict
