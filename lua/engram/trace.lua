-- engram.trace: the traces that the compiler makes of a call, and those it gives up.
local compiled = require "engram.compiled"
local report = require "engram.report"
local source = require "engram.source"
local tracer = require "engram.tracer"
local units = require "engram.units"
local width = require "engram.width"

local function shown(position) return source.place(position.source, position.line) end

-- Where a trace goes when it is through.
local function target(attempt)
  if attempt.kind == "stitch" then return "stitch " .. (attempt.callee or "a C function") end
  if attempt.link == attempt.trace or attempt.link == 0 then return attempt.kind end
  return ("-> %d"):format(attempt.link)
end

local function text(r)
  if not r.jit then return "The JIT is off: no traces are made." end
  local rows = { { "trace", "from", "where", "length", "goes on" } }
  for _, t in ipairs(r) do
    rows[#rows + 1] = { tostring(t.trace), t.parent and ("%d/%s"):format(t.parent,
      t.exit < 0 and "stitch" or t.exit) or "root", t.where, tostring(t.length), t.link }
  end
  local lines = {}
  if #r > 0 then lines[1] = width.columns(rows, "rllrl", "  ") end
  rows = {}
  for _, abort in ipairs(r.aborts) do
    rows[#rows + 1] = { abort.where, units.counted(abort.count, "time"), abort.reason }
  end
  if #rows > 0 then
    lines[#lines + 1] = "given up"
    lines[#lines + 1] = width.columns(rows, "lrl", "  ")
  end
  lines[#lines + 1] = ("%s, %s, %s given up"):format(units.counted(r.runs, "run"),
    units.counted(#r, "trace"), units.count(r.given_up))
  return table.concat(lines, "\n")
end

local function listed(f, ...)
  if not jit.status() then return { jit = false, aborts = {} } end
  local runs
  jit.flush() -- what was compiled before is not told of otherwise
  local attempts = tracer.run(function(...) runs = tracer.repeatedly(f, ...) end, ...)
  local list, aborts = { jit = true, runs = runs, aborts = {}, given_up = 0 }, {}
  for _, a in ipairs(attempts) do
    if a.done then
      list[#list + 1] = { trace = a.trace, parent = a.parent, exit = a.exit, where = shown(a.from),
        length = a.length, link = target(a) }
    elseif a.reason and not tracer.leaves(a) then
      local where = shown(a.to)
      local reason = a.about and ("%s: %s"):format(a.reason, tostring(a.about)) or a.reason
      local abort = aborts[where .. reason]
      if not abort then
        abort = { where = where, reason = reason, count = 0 }
        aborts[where .. reason] = abort
        list.aborts[#list.aborts + 1] = abort
      end
      abort.count = abort.count + 1
      list.given_up = list.given_up + 1
    end
  end
  return list
end

-- engram.trace(f, ...): runs f(...) for a third of a second, at least once, and prints a list of {
-- trace =, parent =, exit =, where =, length =, link = } with aborts = { { where =, reason =,
-- count = }, .. }
return report.word(function(f, ...)
  return report.new(compiled.during(listed, report.subject(f, "trace"), ...), text)
end, "trace(f, ...) runs f for a while and lists what the compiler made of it")
