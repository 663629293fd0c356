-- engram.bench_run: from cases to a report: started, warmed up, in turns, some in processes of
-- their own.
local ffi = require "ffi"
local C = require "engram.ffi"
local arguments = require "engram.arguments"
local cases = require "engram.bench_cases"
local engram = require "engram"
local files = require "engram.files"
local json = require "engram.json"
local limits = require "engram.bench_limits"
local measure = require "engram.bench_measure"
local progress = require "engram.progress"
local statistics = require "engram.statistics"

local run = {}

local BATCH, QUICK_BATCH = 10e-3, 0.5e-3 -- seconds of a repetition
local STARTS, QUICK_STARTS = 20, 5       -- setups in one process
local ROUNDS = 3                         -- behind each, at least; 60 repetitions in all
local ROUNDS_ALONE = 12                  -- in a process of its own, which is one start

-- ---- this machine

-- run.machine() -> what a baseline belongs to
function run.machine()
  local info = engram.info()
  local compiler, flags = ffi.string(C.engram_build()):match "^(.-), (.*)$"
  return { cpu = info.processor, os = info.os, arch = info.arch, rung = info.isa,
    threads = info.threads, luajit = info.luajit, jit = info.jit, compiler = compiler,
    flags = flags }
end

-- The versions of kernels in use, as engram.kernels.use takes them.
local function versions()
  local words = { engram.isa() }
  for _, kernel in ipairs(engram.kernels.list()) do
    words[#words + 1] = kernel.name .. "=" .. kernel.chosen
  end
  return table.concat(words, ",")
end

-- ---- in this process

-- What went wrong with a case, in its name; an interrupt is nobody's fault.
local function fail(case, what, failure)
  if measure.interrupted(failure) then error(failure, 0) end
  return ("case '%s': %s%s"):format(case.name, what, tostring(failure))
end

local function contender_of(case, usual)
  local c = measure.contender(case.options.run, nil)
  c.case, c.starts, c.limit_starts, c.control_starts = case, {}, {}, {}
  c.before = function() engram.kernels.use(case.params.rung or usual) end
  c.check = function(result)
    if not case.options.check(c.arguments[1], result) then error("wrong result", 0) end
  end
  return c
end

-- A fresh start, and its first call; true, or nil and what went wrong.
local function start(c)
  local case, state = c.case, c.case.b
  measure.on(c)
  c.before()
  if case.options.setup then
    local ran, result = pcall(case.options.setup, case.b)
    if not ran then return nil, fail(case, "setup: ", result) end
    state = result
  end
  c.arguments[1] = state
  local ran, failure = pcall(measure.batch, c, 1)
  if not ran then return nil, fail(case, "", failure) end
  return true
end

-- Warmed up until it has settled, behind the first start; one batch does it behind the others.
local function warm(c, known, o)
  local ran, failure = pcall(function()
    if c.settled ~= nil then return measure.batch(c) end
    measure.settle(c, o.batch, o.quick and 3 or nil)
    c.garbage = measure.garbage(c)
    local bytes = cases.amount(c.case, "bytes")
    if bytes then
      c.limit = limits.of(known, c.case.options.limit, cases.amount(c.case, "working_set") or bytes,
        o.quick)
    end
  end)
  if not ran then return nil, fail(c.case, "", failure) end
  return true
end

-- Seconds of a unit of work, by round.
local function samples_of(c)
  local samples = {}
  for i, seconds in ipairs(c.samples) do samples[i] = seconds / (c.amount or 1) end
  return samples
end

-- What was measured of a contender, still without statistics.
local function measured(c, control)
  return { name = c.case.name, params = c.case.params, calls = c.calls, settled = c.settled,
    aborts = c.aborts, garbage_bytes = c.garbage, samples_s = c.starts,
    limit = c.limit and { name = c.limit.name, samples_s = c.limit_starts },
    control = { name = control.name, samples_s = c.control_starts } }
end

-- Rounds behind one start, and what they gave. Returns the failure that ended them and whose it is.
local function in_turns(contenders, known, control, o, rng)
  local everybody = { control }
  for _, c in ipairs(contenders) do everybody[#everybody + 1] = c end
  local names = {}
  for name in pairs(known) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do everybody[#everybody + 1] = known[name] end
  local rounds, failure, culprit = measure.turns(everybody, { least = o.rounds,
    seconds = o.seconds / o.starts, rng = rng })
  if rounds > 0 then
    for _, c in ipairs(contenders) do
      c.starts[#c.starts + 1] = c.samples
      c.control_starts[#c.control_starts + 1] = samples_of(control)
      if c.limit then c.limit_starts[#c.limit_starts + 1] = samples_of(c.limit) end
    end
  end
  return failure, culprit
end

local function here(list, o, results)
  local usual, contenders, known, rng = versions(), {}, {}, engram.rng(o.seed)
  for i, case in ipairs(list) do contenders[i] = contender_of(case, usual) end
  local function failed(c, message)
    for i = #contenders, 1, -1 do
      if contenders[i] == c then table.remove(contenders, i) end
    end
    results[c.case.name] = { name = c.case.name, params = c.case.params, error = message }
    o.failed(message)
  end
  -- Whoever fails in a step leaves; the others go on.
  local function each(step, ...)
    for _, c in ipairs { unpack(contenders) } do
      local fine, message = step(c, ...)
      if not fine then failed(c, message) end
    end
  end

  local control
  local bar = progress.new { total = o.starts, label = "measuring", unit = "starts" }
  local ran, failure = pcall(measure.watching, function()
    if o.dry_run then return each(start) end
    control = limits.control(o.quick)
    for _ = 1, o.starts do
      each(start)
      each(warm, known, o)
      collectgarbage()
      local wrong, culprit = in_turns(contenders, known, control, o, rng)
      if wrong then
        if not culprit.case or measure.interrupted(wrong) then error(wrong, 0) end
        failed(culprit, fail(culprit.case, "", wrong))
      end
      bar:step()
    end
  end)
  bar:done()
  engram.kernels.use(usual)
  for _, c in ipairs(contenders) do
    if o.dry_run then
      results[c.case.name] = { name = c.case.name, params = c.case.params }
    elseif #c.starts > 0 then
      results[c.case.name] = measured(c, control)
    end
  end
  if not ran then error(failure, 0) end
end

-- ---- in processes of their own

-- The words that started this program, up to the script or the command.
local function own_words()
  local words, first = {}, 0
  while arg and arg[first - 1] do first = first - 1 end
  if first == 0 then error("bench: the words that started the program are not in 'arg'", 0) end
  for i = first, 0 do words[#words + 1] = arguments.quoted(arg[i]) end
  return words
end

-- What os.execute returns, as an exit status of the shell: 128 and the signal where one ended it.
local function status_of(result, how, code)
  if type(result) == "number" then
    return result > 255 and math.floor(result / 256) or result > 0 and 128 + result or 0
  end
  return how == "signal" and 128 + code or code
end

local function elsewhere(case, o)
  local words, path = own_words(), os.tmpname()
  for _, word in ipairs { case.file or false, "--only", case.name, "--result", path, "--seed",
    ("%.0f"):format(o.seed), "--time", ("%.17g"):format(math.max(o.seconds, 1e-3)) } do
    if word then words[#words + 1] = arguments.quoted(word) end
  end
  if o.quick then words[#words + 1] = "--quick" end
  local status = status_of(os.execute("ENGRAM_PROGRESS=none " .. table.concat(words, " ")))
  local text = files.read(path)
  local report = text and json.decode(text)
  os.remove(path)
  if status == 130 then error("interrupted", 0) end
  local result = type(report) == "table" and report.cases and report.cases[1]
  if not result then
    return nil, ("case '%s': its process ended with status %d, without a result"):format(case.name,
      status)
  end
  return result
end

local function append(list, more)
  list[#list + 1] = more[1]
end

-- A case of several processes: each is a start.
local function joined(sum, one)
  if not sum or sum.error then return sum or one end
  if one.error then return one end
  append(sum.samples_s, one.samples_s)
  append(sum.control.samples_s, one.control.samples_s)
  if sum.limit and one.limit then append(sum.limit.samples_s, one.limit.samples_s) end
  sum.aborts = sum.aborts + one.aborts
  sum.garbage_bytes = math.max(sum.garbage_bytes, one.garbage_bytes)
  sum.settled = sum.settled and one.settled
  return sum
end

local function processes(list, o, results)
  local rng, most, total = engram.rng(o.seed), 0, 0
  for _, case in ipairs(list) do
    most, total = math.max(most, case.options.processes), total + case.options.processes
  end
  local bar = progress.new { total = total, label = "measuring", unit = "processes" }
  for p = 1, most do
    for _, case in ipairs(measure.shuffle({ unpack(list) }, rng)) do
      local n = case.options.processes
      local so_far = results[case.name]
      if p <= n and not (so_far and so_far.error) then
        local one, message = elsewhere(case, { seed = o.seed, quick = o.quick,
          seconds = o.seconds / n })
        one = one or { name = case.name, params = case.params, error = message }
        if one.error then o.failed(one.error) end
        results[case.name] = joined(so_far, one)
        bar:step()
      end
    end
  end
  bar:done()
end

-- ---- what it comes to

local function all_of(lists)
  local all = {}
  for _, list in ipairs(lists) do
    for _, x in ipairs(list) do all[#all + 1] = x end
  end
  return all
end

local function conclude(case, result, quick)
  result.quick = quick
  if result.error or not result.samples_s then return end
  local samples = all_of(result.samples_s)
  result.median_s, result.mad_s = statistics.median(samples), statistics.mad(samples)
  result.min_s, result.p95_s = statistics.quantile(samples, 0), statistics.quantile(samples, 0.95)
  result.samples, result.starts = #samples, #result.samples_s
  local items, bytes = cases.amount(case, "items"), cases.amount(case, "bytes")
  result.items_per_s = items and items / result.median_s
  result.bytes_per_s = bytes and bytes / result.median_s
  if result.limit then
    local at_limit, fractions = all_of(result.limit.samples_s), {}
    for i = 1, #samples do fractions[i] = at_limit[i] * bytes / samples[i] end
    result.limit.bytes_per_s = 1 / statistics.median(at_limit)
    result.fraction = statistics.median(fractions)
  end
end

-- run.report(list of cases, { seed =, quick =, seconds =, dry_run =, one = true in a process of its
-- own, failed = function(message) }) -> the report
function run.report(list, o)
  local results, mine, theirs = {}, {}, {}
  for _, case in ipairs(list) do
    local alone = case.options.processes > 1 and not o.one and not o.dry_run
    local to = alone and theirs or mine
    to[#to + 1] = case
  end
  o.batch = o.batch or o.quick and QUICK_BATCH or BATCH
  o.starts = o.one and 1 or o.quick and QUICK_STARTS or STARTS
  o.rounds = o.one and ROUNDS_ALONE or ROUNDS
  o.seconds = o.quick and 0 or o.seconds
  local report = { format = "engram-bench", version = 1, engram = engram.version,
    machine = run.machine(), seed = o.seed, quick = o.quick or false,
    date = os.date "!%Y-%m-%dT%H:%M:%SZ", interrupted = false, cases = {} }

  local ran, failure = pcall(function()
    if #mine > 0 then here(mine, o, results) end
    if #theirs > 0 then processes(theirs, o, results) end
  end)
  if not ran and not measure.interrupted(failure) then error(failure, 0) end
  report.interrupted = not ran
  for _, case in ipairs(list) do
    local result = results[case.name]
    if result then
      conclude(case, result, report.quick)
      report.cases[#report.cases + 1] = result
    end
  end
  return report
end

return run
