-- engram.bench_command: what `engram bench` and bench.main do with their words; exit statuses.
local arguments = require "engram.arguments"
local cases = require "engram.bench_cases"
local reports = require "engram.bench_report"
local runner = require "engram.bench_run"
local units = require "engram.units"
local verdict = require "engram.bench_verdict"

local command = {}

local FAILED, USAGE, SLOWER, FILE, INTERRUPTED = 1, 2, 3, 5, 130
local LIMIT = 0.05 -- of what counts as slower, where nothing is said

local usage = [[
usage: engram bench [options] FILE...
       engram bench --compare [--fail-if +5%] [--json FILE] BEFORE.json AFTER.json
       engram bench --self-check
  --filter PATTERN   only cases whose name has this Lua pattern
  --quick            small and short, for tests
  --seed N           of data and of the order of repetitions; 0 by default
  --time SECONDS     that each case is measured at least, 0.6 by default
  --json FILE        the report as JSON; - is standard output, in place of the text
  --plot             medians as bars
  --dry-run          each case once: is its result right?
  --baseline FILE    compare with what was measured before on this machine and build;
                     what seems slower, or is hidden by noise, is measured again
  --update-baseline REASON   add this measurement to the file
  --compare          two reports; no verdict on another machine or build
  --fail-if +5%      exit 3 unless every case is shown not to be slower by so much
Exit status: 0; 1 a case failed; 2 usage; 3 slower; 5 a file; 130 interrupted.
See engram help Benchmarks.]]

local known = { filter = "text", quick = "flag", seed = "count", time = "number", json = "text",
  plot = "flag", dry_run = "flag", compare = "flag", baseline = "text", update_baseline = "text",
  fail_if = "text", self_check = "flag",
  only = "text", result = "text" } -- these two: a process of its own for one case

local function complain(status, message, ...)
  io.stderr:write("engram bench: ", message:format(...), "\n")
  return status
end

-- "+5%" -> 0.05
local function limit_of(text)
  local number = text:match "^%+?(%d+%.?%d*)%%$"
  return number and tonumber(number) > 0 and tonumber(number) / 100 or nil
end

-- ---- verdicts

-- The exit status that verdicts come to. With --fail-if all that was not shown to be as fast as
-- before is a failure, whatever the reason.
local function judged(list, limit, strict)
  local counts = { slower = 0, inconclusive = 0, ["no verdict"] = 0 }
  for _, v in ipairs(list) do
    if counts[v.verdict] then counts[v.verdict] = counts[v.verdict] + 1 end
  end
  local words = {}
  for _, name in ipairs { "slower", "inconclusive", "no verdict" } do
    if counts[name] > 0 then words[#words + 1] = ("%d %s"):format(counts[name], name) end
  end
  if #list == 0 then words[1] = "there is no case" end
  if strict and #words > 0 then
    return complain(SLOWER, "not every case is shown not to be slower by %g %%: %s", 100 * limit,
      table.concat(words, ", "))
  end
  return counts.slower > 0 and SLOWER or 0
end

-- Why two reports cannot be compared, or nil.
local function obstacle_between(a, b)
  if a.interrupted or b.interrupted then return "interrupted" end
  local names = reports.differences(a.machine, b.machine)
  return #names > 0 and "another " .. table.concat(names, ", ") or nil
end

-- The cases of two reports: those of the second, then those that are no longer there.
local function compared(a, b, limit)
  local before, list, seen, obstacle = {}, {}, {}, obstacle_between(a, b)
  for _, case in ipairs(a.cases) do before[case.name] = case end
  for _, case in ipairs(b.cases) do
    seen[case.name] = true
    list[#list + 1] = verdict.compare(case.name, before[case.name], case, limit, obstacle)
  end
  for _, case in ipairs(a.cases) do
    if not seen[case.name] then
      list[#list + 1] = verdict.compare(case.name, case, nil, limit)
    end
  end
  return list
end

local function compare(paths, o, limit)
  local read = {}
  for i, path in ipairs(paths) do
    local report, message = reports.read(path)
    if not report then return complain(FILE, "%s", message) end
    read[i] = report
  end
  local a, b = read[1], read[2]
  local list = compared(a, b, limit)
  local comparison = { format = "engram-bench-comparison", version = 1, limit = limit,
    verdicts = list, before = a.machine, after = b.machine }
  if o.json ~= "-" then print(reports.comparison(comparison)) end
  if o.json then
    local written, message = reports.write(o.json, comparison)
    if not written then return complain(FILE, "%s", message) end
  end
  return judged(list, limit, o.fail_if ~= nil)
end

-- ---- measuring

local function plotted(report)
  local names, medians = {}, {}
  for _, case in ipairs(report.cases) do
    if case.median_s then
      names[#names + 1], medians[#medians + 1] = case.name, case.median_s * 1e6
    end
  end
  if #names == 0 then return end
  local plot = require "engram.plot"
  print(tostring(plot.bars(medians, { names = names, title = "median, us" })))
end

-- The baselines in a file; nil and an exit status if they cannot be read. A file that is still to
-- be made is empty.
local function baselines_of(o)
  local baselines, message = reports.baselines(o.baseline)
  if baselines then return baselines end
  local exists = io.open(o.baseline, "rb")
  if exists then exists:close() end
  if o.update_baseline and not exists then return reports.no_baselines() end
  return nil, complain(FILE, "%s", message)
end

local function against(baselines, report, limit)
  local before, list = reports.baseline_of(baselines, report), {}
  local obstacle = report.interrupted and "interrupted" or nil
  for i, case in ipairs(report.cases) do
    local was = before[case.name]
    list[i] = was and verdict.compare(case.name, was, case, limit, obstacle) or { name = case.name,
      verdict = "no verdict", reason = "no baseline of this case, machine and build" }
  end
  return list
end

-- The verdicts on a report, whose cases in doubt are exchanged for a second measurement of them.
local function confirmed(baselines, report, limit, list, measure)
  local verdicts, place, again = against(baselines, report, limit), {}, {}
  for i, v in ipairs(verdicts) do
    if verdict.in_doubt(v) then place[v.name] = i end
  end
  for _, case in ipairs(list) do
    if place[case.name] then again[#again + 1] = case end
  end
  if #again == 0 then return verdicts end
  io.stderr:write("engram bench: measured again, slower or hidden by noise: ",
    units.counted(#again, "case"), "\n")
  local second = measure(again)
  report.interrupted = second.interrupted
  for _, case in ipairs(second.interrupted and {} or second.cases) do
    report.cases[place[case.name]] = case
  end
  for i, v in ipairs(against(baselines, report, limit)) do
    verdicts[i] = verdict.confirm(verdicts[i], v)
  end
  return verdicts
end

-- What was measured becomes the newest entry; the others stay as history.
local function updated(baselines, report, o)
  baselines.entries[#baselines.entries + 1] = { reason = o.update_baseline, date = report.date,
    report = report }
  local written, message = reports.write(o.baseline, baselines)
  return written and 0 or complain(FILE, "%s", message)
end

local function chosen(o)
  local list = {}
  for _, case in ipairs(cases.all { seed = o.seed, quick = o.quick }) do
    local wanted = not o.filter or case.name:find(o.filter)
    if o.only then wanted = case.name == o.only end
    if wanted then list[#list + 1] = case end
  end
  return list
end

local function measured(o, limit)
  local baselines, status
  if o.baseline then
    baselines, status = baselines_of(o)
    if not baselines then return status end
  end
  if o.json and o.json ~= "-" then -- better known before than behind a long measurement
    local file, message = io.open(o.json, "ab")
    if not file then return complain(FILE, "%s", message) end
    file:close()
  end
  local list = chosen(o)
  if #list == 0 then return complain(USAGE, "no case%s", o.filter and " has that name" or "") end

  local failures = 0
  local function measure(some)
    return runner.report(some, { seed = o.seed, quick = o.quick, seconds = o.time or 0.6,
      dry_run = o.dry_run, one = o.only ~= nil, failed = function(message)
        failures = failures + 1
        if not o.only then complain(FAILED, "%s", message) end
      end })
  end
  local report = measure(list)
  if o.only then
    local written, message = reports.write(o.result, report)
    if not written then return complain(FILE, "%s", message) end
    return report.interrupted and INTERRUPTED or 0
  end
  local verdicts = o.baseline and not o.dry_run
    and confirmed(baselines, report, limit, list, measure)
  local whole = failures == 0 and not report.interrupted
  if o.update_baseline then
    status = whole and updated(baselines, report, o)
      or complain(FAILED, "the baseline stays as it was")
    if status == FILE then return status end
  end
  if verdicts then report.limit, report.verdicts = limit, verdicts end
  if o.json ~= "-" then print(reports.text(report)) end
  if o.json then
    local written, message = reports.write(o.json, report)
    if not written then return complain(FILE, "%s", message) end
  end
  if o.plot and o.json ~= "-" then plotted(report) end
  if report.interrupted then return INTERRUPTED end
  if failures > 0 then return FAILED end
  return report.verdicts and not o.update_baseline
    and judged(report.verdicts, limit, o.fail_if ~= nil) or 0
end

-- What is wrong with options together, or nil.
local function contradiction(o, words, files_wanted)
  if o.filter and not pcall(string.find, "", o.filter) then
    return "--filter wants a Lua pattern"
  end
  if o.time and not (o.time > 0 and o.time < 1e6) then return "--time wants seconds" end
  if o.fail_if and not limit_of(o.fail_if) then return "--fail-if wants a share like +5%" end
  if o.fail_if and not (o.compare or o.baseline) then
    return "--fail-if wants --baseline or --compare: slower than what?"
  end
  if o.update_baseline and not o.baseline then return "--update-baseline wants --baseline" end
  if o.update_baseline and not o.update_baseline:find "%S" then
    return "--update-baseline wants a reason"
  end
  if o.update_baseline and (o.fail_if or o.dry_run or o.filter) then
    return "--update-baseline wants a whole measurement, without --fail-if, --dry-run, --filter"
  end
  if o.dry_run and o.fail_if then return "--dry-run measures nothing that --fail-if could judge" end
  if o.compare and #words ~= 2 then return "--compare wants two reports" end
  if files_wanted and not o.compare and not o.self_check and #words == 0 then return "no file" end
  if (not files_wanted or o.self_check) and not o.compare and #words > 0 then
    return ("what is '%s'?"):format(words[1])
  end
end

local function execute(list, files_wanted)
  local o, words = arguments.command("bench", usage, list, known)
  if not o then return words end
  local wrong = contradiction(o, words, files_wanted)
  if wrong then return arguments.refuse("bench", usage, wrong) end
  o.seed = o.seed or tonumber(os.getenv "ENGRAM_SEED") or 0
  local limit = o.fail_if and limit_of(o.fail_if) or LIMIT
  if o.compare then return compare(words, o, limit) end
  if o.self_check then return require("engram.bench_self_check")(o) end
  for _, path in ipairs(files_wanted and words or {}) do
    local file, message = io.open(path, "rb")
    if not file then return complain(FILE, "%s", message) end
    file:close()
    local loaded, failure = pcall(cases.load, path)
    if not loaded then return complain(FAILED, "%s", tostring(failure)) end
  end
  return measured(o, limit)
end

-- command.run(words) -> exit status: `engram bench`
function command.run(words) return execute(words, true) end

-- command.script(words) -> exit status: bench.main, whose script has defined its cases
function command.script(words) return execute(words, false) end

return command
