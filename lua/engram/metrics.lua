-- engram.metrics: the counters as text that Prometheus reads.
local kernels = require "engram.kernels"

local metrics = {}

local escapes = { ["\\"] = "\\\\", ["\""] = "\\\"", ["\n"] = "\\n" }

local function number(x)
  if x == math.huge then return "+Inf" end
  return ("%.15g"):format(x)
end

-- A family of samples; what has none is left out.
local Family = {}
Family.__index = Family

local function family(name, kind, help)
  return setmetatable({ name = name, kind = kind, help = help, lines = {} }, Family)
end

-- family:add(value, { "kernel", "dot_f32", "path", "ref" }, "_bucket")
Family.add = function(self, value, labels, suffix)
  local pairs_of = {}
  for i = 1, #(labels or {}), 2 do
    local text = labels[i + 1]:gsub("[\\\"\n]", escapes)
    pairs_of[#pairs_of + 1] = ("%s=\"%s\""):format(labels[i], text)
  end
  self.lines[#self.lines + 1] = ("%s%s%s %s"):format(self.name, suffix or "",
    #pairs_of > 0 and "{" .. table.concat(pairs_of, ",") .. "}" or "", number(value))
  return self
end

Family.text = function(self)
  if #self.lines == 0 then return "" end
  return ("# HELP %s %s\n# TYPE %s %s\n%s\n"):format(self.name, self.help, self.name, self.kind,
    table.concat(self.lines, "\n"))
end

local function add_times(calls, durations, name)
  local versions, bounds = kernels.times(name)
  for _, version in ipairs(versions) do
    local labels = { "kernel", name, "path", version.rung }
    calls:add(version.calls, labels)
    if version.timed > 0 then
      local below = 0
      for i, bound in ipairs(bounds) do
        below = below + version.buckets[i]
        durations:add(below, { "kernel", name, "path", version.rung, "le", number(bound) },
          "_bucket")
      end
      durations:add(version.seconds, labels, "_sum"):add(version.timed, labels, "_count")
    end
  end
end

local function kernel_families()
  local calls = family("engram_kernel_calls_total", "counter",
    "Calls of a kernel, by the version that ran.")
  local elements = family("engram_kernel_elements_total", "counter",
    "Elements that a kernel was called on, of rows and edges too.")
  local errors = family("engram_kernel_errors_total", "counter",
    "Calls of a kernel that failed, by status; refused arguments count.")
  local durations = family("engram_kernel_duration_seconds", "histogram",
    "Time of the calls that were timed.")
  for _, kernel in ipairs(kernels.list()) do
    add_times(calls, durations, kernel.name)
    if kernel.calls > 0 then elements:add(kernel.elements, { "kernel", kernel.name }) end
    local statuses = {}
    local counts = kernels.errors(kernel.name)
    for status in pairs(counts) do statuses[#statuses + 1] = status end
    table.sort(statuses)
    for _, status in ipairs(statuses) do
      errors:add(counts[status], { "kernel", kernel.name, "status", status })
    end
  end
  return { calls, elements, errors, durations }
end

local function arena_families(info)
  local totals = require("engram").stats().arenas
  local function one(name, kind, value, help)
    return family("engram_kernel_arena_" .. name, kind, help):add(value)
  end
  return {
    one("overflows_total", "counter", totals.overflows, "Allocations that did not fit an arena."),
    family("engram_kernel_arena_high_water_mark_bytes", "gauge",
      "Most bytes in use in a thread's arena, since start and since the metrics were reset.")
      :add(require("engram.ffi").engram_arena_peak(), { "since", "start" })
      :add(totals.peak, { "since", "reset" }),
    one("capacity_bytes", "gauge", info.arena.bytes, "Bytes of a thread's arena, as configured."),
    one("resets_total", "counter", totals.resets, "Outermost releases and resets of arenas."),
    one("fallbacks_total", "counter", totals.fallbacks,
      "Overflows that the host's allocator served."),
    one("fallback_bytes_total", "counter", totals.fallback_bytes, "Bytes that it served."),
    one("threads", "gauge", totals.arenas, "Threads that have an arena."),
  }
end

-- What engram.health() found when it was asked last.
local function health_families()
  local report = require("engram.health").last()
  if not report then return {} end
  local level = { healthy = 0, degraded = 1, unhealthy = 2 }
  local list = {
    family("engram_health_status", "gauge", "0 healthy, 1 degraded, 2 unhealthy.")
      :add(level[report.status]),
    family("engram_health_transitions_total", "counter", "Changes of the state behind the status.")
      :add(report.transitions),
    family("engram_kernels_demoted", "gauge",
      "Versions that failed the self-test and are out of use."):add(#report.demoted),
  }
  if report.self_test then
    list[#list + 1] = family("engram_self_test_failed_checks", "gauge",
      "Checks of the last self-test that failed."):add(#report.self_test.failed)
    list[#list + 1] = family("engram_spreading_probe_seconds", "gauge",
      "Time of the last probe of spreading."):add(report.self_test.probe_s)
    list[#list + 1] = family("engram_spreading_probe_activation", "gauge",
      "Activation of all its nodes."):add(report.self_test.probe_activation)
  end
  return list
end

-- engram.metrics() -> text
local function text()
  local info = require("engram.info").get()
  local parts = { family("engram_build_info", "gauge", "1; what this is is in the labels.")
    :add(1, { "version", info.version, "path", info.isa }):text() }
  local function add(families)
    for _, each in ipairs(families) do parts[#parts + 1] = each:text() end
  end
  add(kernel_families())
  add(arena_families(info))
  add { family("engram_threads", "gauge", "Threads that share long work."):add(info.threads),
    family("engram_settings_rejected", "gauge", "ENGRAM_ variables that were not understood.")
      :add(#info.rejected) }
  add(health_families())
  return table.concat(parts)
end

return setmetatable(metrics, { __call = text })
