-- engram.bench_report: reports as text and as JSON, and files of them: reports and baselines.
local check = require "engram.check"
local files = require "engram.files"
local json = require "engram.json"
local layout = require "engram.layout"
local terminal = require "engram.terminal"
local units = require "engram.units"
local width = require "engram.width"

local report = {}

-- ---- text

local function time(seconds) return units.seconds(seconds, 4) end
local function rate(x, unit) return x and units.rate(x, unit) or "-" end

local columns = { "median", "MAD", "min", "p95", "items/s", "bytes/s", "of limit", "garbage",
  "aborts", "samples" }

local function row_of(case)
  local limit = case.limit
  return { time(case.median_s), time(case.mad_s), time(case.min_s), time(case.p95_s),
    rate(case.items_per_s, ""), rate(case.bytes_per_s, "B"),
    limit and ("%.2f %s"):format(case.fraction, limit.name) or "-",
    ("%.0f B"):format(case.garbage_bytes), tostring(case.aborts),
    ("%d in %d"):format(case.samples, case.starts) }
end

local expendable = { "aborts", "samples", "garbage", "min", "p95", "bytes/s", "items/s", "of limit",
  "MAD" }

local function widest(text)
  local most = 0
  for line in text:gmatch "[^\n]+" do most = math.max(most, width.of(line)) end
  return most
end

-- Rows as text, and the names of the columns for which there was no room.
local function fitted(rows, room)
  local text, left_out = width.columns(rows, "lr"), {}
  for _, name in ipairs(expendable) do
    if widest(text) <= room then break end
    local at
    for i, heading in ipairs(rows[1]) do at = heading == name and i or at end
    for _, row in ipairs(rows) do table.remove(row, at) end
    left_out[#left_out + 1] = name
    text = width.columns(rows, "lr")
  end
  return text, left_out
end

local function percent(x) return ("%+.1f %%"):format(100 * x) end

-- Verdicts as lines behind the others.
local function add_verdicts(lines, list, limit)
  local rows = { { "case", "change", "99 % interval", "verdict" } }
  for _, v in ipairs(list) do
    rows[#rows + 1] = { v.name, v.change and percent(v.change) or "-",
      v.low and ("%s .. %s"):format(percent(v.low), percent(v.high)) or "-", v.verdict }
  end
  lines[#lines + 1] = ("# slower: by more than %g %%"):format(100 * limit)
  lines[#lines + 1] = width.columns(rows, "lr")
  for _, v in ipairs(list) do
    if v.reason then
      lines[#lines + 1] = ("# case '%s': %s: %s"):format(v.name, v.verdict, v.reason)
    end
  end
end

-- report.verdicts(list, limit) -> as text
function report.verdicts(list, limit)
  local lines = {}
  add_verdicts(lines, list, limit)
  return table.concat(lines, "\n")
end

-- What a baseline belongs to.
local machine_fields = { "cpu", "rung", "threads", "compiler", "flags", "luajit", "jit" }

-- report.differences(a, b) -> the names of what differs between two machines; times of another
-- machine or build say nothing
function report.differences(a, b)
  local names = {}
  for _, name in ipairs(machine_fields) do
    if a[name] ~= b[name] then names[#names + 1] = name end
  end
  return names
end

-- report.comparison(c) -> what `engram bench --compare` prints
function report.comparison(c)
  local lines = {}
  for i, name in ipairs(report.differences(c.before, c.after)) do
    lines[i] = ("# %s: %s before, %s after"):format(name, tostring(c.before[name]),
      tostring(c.after[name]))
  end
  add_verdicts(lines, c.verdicts, c.limit)
  return table.concat(lines, "\n")
end

-- report.text(r [, columns]) -> what `engram bench` prints, on a terminal as wide as that
function report.text(r, room)
  room = room or terminal.is(io.stdout) and terminal.columns() or math.huge
  local m = r.machine
  local lines = {
    ("# engram %s, rung %s, %d threads, %s with the JIT %s, seed %.0f%s"):format(r.engram, m.rung,
      m.threads, m.luajit, m.jit and "on" or "off", r.seed, r.quick and ", quick" or ""),
    ("# %s (%s %s), %s %s, %s"):format(m.cpu, m.os, m.arch, m.compiler, m.flags, r.date) }
  local rows = { { "case", unpack(columns) } }
  local limits, notes = {}, {}
  for _, case in ipairs(r.cases) do
    if case.error then
      notes[#notes + 1] = "# " .. case.error
    elseif case.median_s then
      rows[#rows + 1] = { case.name, unpack(row_of(case)) }
      if case.limit then limits[case.limit.name] = case.limit.bytes_per_s end
      if not case.settled and not r.quick then
        notes[#notes + 1] = ("# case '%s': its warm-up did not settle"):format(case.name)
      end
    else
      notes[#notes + 1] = ("# case '%s' runs, and is right"):format(case.name)
    end
  end
  local names = {}
  for name in pairs(limits) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = ("%s %s"):format(name, rate(limits[name], "B/s")) end
  if #names > 0 then lines[#lines + 1] = "# limits: " .. table.concat(names, ", ") end
  lines = { layout.folded(table.concat(lines, "\n"), room) }
  if #rows > 1 then
    local text, left_out = fitted(rows, room)
    lines[#lines + 1] = text
    if #left_out > 0 then
      lines[#lines + 1] = layout.folded("# no room for " .. table.concat(left_out, ", "), room)
    end
  end
  for _, note in ipairs(notes) do lines[#lines + 1] = note end
  if r.verdicts then add_verdicts(lines, r.verdicts, r.limit) end
  if r.interrupted then lines[#lines + 1] = "# interrupted: what was measured until then" end
  return table.concat(lines, "\n")
end

-- ---- files

-- report.json(value) -> its text, with a newline
function report.json(value) return json.encode(value) .. "\n" end

-- report.write(path, value) -> true, or nil and a sentence; "-" is standard output
function report.write(path, value)
  local file, message = io.stdout, nil
  if path ~= "-" then file, message = io.open(path, "wb") end
  if not file then return nil, message end
  local written, failure = file:write(report.json(value))
  if path == "-" then
    file:flush()
  else
    local closed, wrong = file:close()
    written, failure = written and closed, failure or wrong
  end
  if not written then return nil, ("%s: %s"):format(path, tostring(failure)) end
  return true
end

local function seconds_in(lists)
  if not check.list(lists) or #lists == 0 then return false end
  for _, list in ipairs(lists) do
    if not check.list(list) or #list == 0 then return false end
    for _, x in ipairs(list) do
      if not (check.finite(x) and x > 0) then return false end
    end
  end
  return true
end

local function named_seconds(x)
  return x == nil or type(x) == "table" and type(x.name) == "string" and seconds_in(x.samples_s)
end

-- What is wrong with a report, or nil.
local function wrong_with(r)
  if type(r) ~= "table" or r.format ~= "engram-bench" then return "no report of engram bench" end
  if r.version ~= 1 then
    return ("a report of version %s, of which only 1 is known"):format(tostring(r.version))
  end
  if type(r.cases) ~= "table" or type(r.machine) ~= "table" then
    return "cases or machine missing"
  end
  for i, case in ipairs(r.cases) do
    local fine = type(case) == "table" and type(case.name) == "string"
      and (type(case.error) == "string" or case.samples_s == nil or seconds_in(case.samples_s))
      and named_seconds(case.limit) and named_seconds(case.control)
    if not fine then return ("case %d is not as it should be"):format(i) end
  end
end

local function decoded(path)
  local text, message = files.read(path)
  if not text then return nil, message end
  local value, wrong = json.decode(text)
  if value == nil then return nil, ("%s: %s"):format(path, wrong) end
  return value
end

-- report.read(path) -> a report, or nil and a sentence that begins with the path
function report.read(path)
  local r, message = decoded(path)
  if r == nil then return nil, message end
  local wrong = wrong_with(r)
  if wrong then return nil, ("%s: %s"):format(path, wrong) end
  return r
end

-- ---- baselines: what was measured before, the newest last

-- report.baselines(path) -> { format =, version =, entries = { { reason =, date =, report = } } },
-- or nil and a sentence
function report.baselines(path)
  local b, message = decoded(path)
  if b == nil then return nil, message end
  if type(b) ~= "table" or b.format ~= "engram-bench-baselines" or type(b.entries) ~= "table" then
    return nil, path .. ": no file of baselines"
  end
  if b.version ~= 1 then
    return nil, ("%s: baselines of version %s, of which only 1 is known"):format(path,
      tostring(b.version))
  end
  for i, entry in ipairs(b.entries) do
    local wrong = type(entry) ~= "table" and "not a table" or wrong_with(entry.report)
    if wrong then return nil, ("%s: entry %d: %s"):format(path, i, wrong) end
  end
  return b
end

function report.no_baselines()
  return { format = "engram-bench-baselines", version = 1, entries = {} }
end

-- report.baseline_of(baselines, report) -> name -> the newest case of that name from a machine, a
-- build and sizes like the report's
function report.baseline_of(baselines, r)
  local newest = {}
  for _, entry in ipairs(baselines.entries) do
    local was = entry.report
    if was.quick == r.quick and #report.differences(was.machine, r.machine) == 0 then
      for _, case in ipairs(was.cases) do
        if case.samples_s then newest[case.name] = case end
      end
    end
  end
  return newest
end

return report
