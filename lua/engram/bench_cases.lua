-- engram.bench_cases: what there is to be measured: cases, one for each of their parameters.
local check = require "engram.check"

local cases = {}

local list = {}    -- cases as they were defined
local file         -- that is being loaded for its cases

-- cases.add(name, options): see bench.case
function cases.add(name, options)
  local fname = "bench.case"
  check.arg(type(name) == "string" and name:find "%S" ~= nil, fname, 1, "a name", name)
  local o = check.options(options, { setup = check.none, run = check.none, check = check.none,
    bytes = check.none, items = check.none, working_set = check.none, limit = "read",
    params = {}, rungs = false, lua = false, processes = check.none }, fname)
  check.arg(type(o.run) == "function", fname, "run", "a function", o.run)
  check.arg(type(o.check) == "function", fname, "check",
    "a function that tells a right result from a wrong one", o.check)
  check.arg(o.setup == nil or type(o.setup) == "function", fname, "setup", "a function", o.setup)
  for _, amount in ipairs { "bytes", "items", "working_set" } do
    local x = o[amount]
    check.arg(x == nil or type(x) == "function" or check.finite(x) and x > 0, fname, amount,
      "a number > 0 or a function", x)
  end
  check.arg(o.limit == "read" or o.limit == "write", fname, "limit", '"read" or "write"', o.limit)
  check.arg(type(o.params) == "table", fname, "params", "a table of lists", o.params)
  for param, values in pairs(o.params) do
    check.arg(type(param) == "string" and param ~= "seed" and param ~= "quick" and param ~= "params"
      and param ~= "rung", fname, "params", "names other than seed, quick, params, rung", param)
    check.arg(type(values) == "table" and #values > 0, fname, param, "a list of values", values)
  end
  o.processes = o.processes or o.lua and 5 or 1
  check.arg(check.count(o.processes) and (o.processes == 1 or o.processes >= 5), fname, "processes",
    "1, or 5 at least, since fewer say nothing of how processes differ", o.processes)
  for _, other in ipairs(list) do
    if other.name == name then check.raise("bench.case: there is a case '%s' already", name) end
  end
  list[#list + 1] = { name = name, options = o, file = file }
end

-- Every choice of one value for each parameter; the last parameter by name changes fastest.
local function grid(params)
  local names = {}
  for name in pairs(params) do names[#names + 1] = name end
  table.sort(names)
  local choices = { {} }
  for _, name in ipairs(names) do
    local longer = {}
    for _, choice in ipairs(choices) do
      for _, value in ipairs(params[name]) do
        local with = { [name] = value }
        for key, x in pairs(choice) do with[key] = x end
        longer[#longer + 1] = with
      end
    end
    choices = longer
  end
  return choices, names
end

-- The rungs of this machine, up to the one that is in use.
local function rungs()
  local of_one = {}
  local engram = require "engram"
  for _, kernel in ipairs(engram.kernels.list()) do
    for _, rung in ipairs(kernel.versions) do of_one[rung] = true end
  end
  local known = {}
  for _, rung in ipairs { "ref", "neon", "avx2", "avx512", "avx512vnni" } do
    if of_one[rung] then known[#known + 1] = rung end
    if rung == engram.isa() then break end
  end
  return known
end

-- cases.all({ seed =, quick = }) -> { { name =, options =, params =, b =, file = }, ... }, one for
-- each choice of parameters. b is what the functions of a case are given.
function cases.all(o)
  local all = {}
  for _, case in ipairs(list) do
    local params = {}
    for name, values in pairs(case.options.params) do params[name] = values end
    if case.options.rungs then params.rung = rungs() end
    local choices, names = grid(params)
    for _, choice in ipairs(choices) do
      local words, b = { case.name }, { params = choice, seed = o.seed, quick = o.quick or false }
      for _, name in ipairs(names) do
        b[name] = choice[name]
        words[#words + 1] = ("%s=%s"):format(name, tostring(choice[name]))
      end
      all[#all + 1] = { name = table.concat(words, " "), options = case.options, params = choice,
        b = b, file = case.file }
    end
  end
  return all
end

-- cases.amount(case, "bytes") -> a number, or nil
function cases.amount(case, name)
  local x = case.options[name]
  if type(x) ~= "function" then return x end
  local amount = x(case.b)
  if not (check.finite(amount) and amount > 0) then
    error(("case '%s': %s is %s, not a number > 0"):format(case.name, name, tostring(amount)), 0)
  end
  return amount
end

-- cases.load(path): the cases of a file; whether its bench.main is ours to run is cases.loading()
function cases.load(path)
  local chunk, message = loadfile(path)
  if not chunk then error(message, 0) end
  file = path
  local ran, failure = pcall(chunk)
  file = nil
  if not ran then error(failure, 0) end
end

function cases.loading() return file ~= nil end

-- cases.forget(): as if none had been defined
function cases.forget() list = {} end

return cases
