-- engram.time: how long a call takes, and what it takes up meanwhile.
local C = require "engram.ffi"
local arena = require "engram.arena"
local compiled = require "engram.compiled"
local report = require "engram.report"
local units = require "engram.units"
local width = require "engram.width"

-- How many collections of garbage have ended, in a table, for as long as that is held: each finds
-- an object that nobody holds, and puts down the next.
local function collections()
  local counter = { n = 0 }
  local held = setmetatable({ counter = counter }, { __mode = "v" })
  local function put()
    getmetatable(newproxy(true)).__gc = function()
      if not held.counter then return end
      held.counter.n = held.counter.n + 1
      put()
    end
  end
  put()
  return counter
end

local function text(r)
  local lines = {
    ("%s, %s of processors, the JIT %s"):format(units.seconds(r.seconds),
      units.seconds(r.cpu_seconds), r.jit and "on" or "off"),
    r.collections == 0 and ("%s allocated in Lua, no garbage collected"):format(
      units.bytes(r.lua_bytes))
      or ("Lua memory %s%s, garbage collected %s"):format(r.lua_bytes < 0 and "" or "+",
        units.bytes(r.lua_bytes), units.counted(r.collections, "time")),
    ("%s of the thread's arena at most"):format(units.bytes(r.arena_peak)),
  }
  local rows = {}
  for i, kernel in ipairs(r.kernels) do
    rows[i] = { kernel.name, units.counted(kernel.calls, "call"),
      units.counted(kernel.elements, "element") }
  end
  lines[#lines + 1] = #rows > 0 and width.columns(rows, "lrr", "  ") or nil
  return table.concat(lines, "\n")
end

local function measured(f, ...)
  local window = arena.thread()
  collectgarbage()
  window:window()
  local before, count = report.kernels(), collections()
  local cpu, clock, memory = os.clock(), C.engram_clock(), collectgarbage "count"
  f(...)
  local growth = collectgarbage "count" - memory
  local seconds = C.engram_clock() - clock
  local r = { seconds = seconds, cpu_seconds = os.clock() - cpu, lua_bytes = growth * 1024,
    collections = count.n,
    arena_peak = window:stats().window_peak, kernels = report.kernels_since(before),
    jit = (jit.status()) }
  return r
end

-- engram.time(f, ...): runs f(...) once and prints { seconds, cpu_seconds, lua_bytes, collections,
-- arena_peak, kernels, jit }
return report.word(function(f, ...)
  return report.new(compiled.during(measured, report.subject(f, "time"), ...), text)
end, "time(f, ...) runs f once and tells how long it took and what it used")
