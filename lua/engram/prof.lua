-- engram.prof: where the time of a call goes: lines, states of the virtual machine, kernels.
local C = require "engram.ffi"
local compiled = require "engram.compiled"
local report = require "engram.report"
local sampler = require "engram.sampler"
local terminal = require "engram.terminal"
local units = require "engram.units"
local width = require "engram.width"

-- For each kernel, the bytes that an element stands for, arrays counted once (false: that depends
-- on more than their number), and what it mostly waits for.
local traits = {
  dot_f32 = { 8, "memory" }, squared_l2_f32 = { 8, "memory" }, cosine_f32 = { 8, "memory" },
  norms_f32 = { 4, "memory" }, cosines_f32 = { 4, "memory" }, masked_cosine_f32 = { 4, "memory" },
  panel_cosines_f32 = { 4, "arithmetic" }, weighted_sum_f32 = { 4, "memory" },
  axpy_f32 = { 8, "memory" }, encode_bf16 = { 6, "memory" }, encode_f16 = { 6, "memory" },
  encode_int8 = { 5, "memory" }, encode_sign = { 4.125, "memory" }, dots_bf16 = { 2, "memory" },
  dots_f16 = { 2, "memory" }, dots_int8 = { 1, "memory" }, dots_sign = { 0.125, "memory" },
  top_k_f32 = { 4, "memory" }, above_f32 = { 4, "memory" }, exp_f32 = { 8, "arithmetic" },
  log_f32 = { 8, "arithmetic" }, pow_f32 = { 12, "arithmetic" },
  sigmoid_f32 = { 8, "arithmetic" }, softmax_f32 = { 8, "arithmetic" },
  k_winners_f32 = { 8, "arithmetic" }, moments_f32 = { 4, "arithmetic" },
  decay_f32 = { 16, "arithmetic" }, spread_f32 = { 8, "cache misses" },
  spread_active_f32 = { false, "cache misses" }, normalise_f32 = { 8, "memory" },
  frontier_f32 = { 29, "cache misses" },
}

local function lines_of(r, columns)
  local rows = {}
  for i = 1, math.min(10, #r.lines) do
    local line = r.lines[i]
    if line.share < 0.01 then break end
    local most, name
    for _, state in ipairs(sampler.states) do
      local count = line[state[1]] or 0
      if count > (most or 0) then most, name = count, state[2] end
    end
    local place, room = line.place, columns - 34
    if #place > room then place = "..." .. place:sub(-room + 3) end
    rows[i] = { units.share(line.share), place,
      most == line.total and name or ("%s %s"):format(units.share(most / line.total), name) }
  end
  return width.columns(rows, "rll", "  ")
end

local function kernels_of(r)
  local rows = { { "kernel", "calls", "time", "of all", "touched", "a second", "limited by" } }
  for _, kernel in ipairs(r.kernels) do
    local bytes, rate = kernel.bytes, kernel.bytes_per_second
    rows[#rows + 1] = { kernel.name, units.count(kernel.calls), units.seconds(kernel.seconds),
      units.share(kernel.seconds / r.seconds), bytes and units.bytes(bytes) or "?",
      rate and units.bytes(rate) or "?", kernel.limit }
  end
  return width.columns(rows, "lrrrrrl", "  ")
end

local function text(r)
  local lines = { ("%s, the JIT %s, %s"):format(units.seconds(r.seconds),
    r.jit and "on" or "off", units.counted(r.samples, "sample")) }
  if r.samples > 0 then
    lines[#lines + 1] = sampler.list(r.states)
    lines[#lines + 1] = lines_of(r, terminal.columns())
  else
    lines[#lines + 1] = "too short to be sampled: let it run for a tenth of a second or more"
  end
  if #r.zones > 0 then
    local rows = {}
    for i, zone in ipairs(r.zones) do
      rows[i] = { units.share(zone.share), "zone " .. zone.name }
    end
    lines[#lines + 1] = width.columns(rows, "rl", "  ")
  end
  if #r.kernels > 0 then lines[#lines + 1] = kernels_of(r) end
  return table.concat(lines, "\n")
end

local function by_share(a, b)
  if a.total ~= b.total then return a.total > b.total end
  return (a.place or a.name) < (b.place or b.name)
end

local function measured(f, ...)
  local before, clock = report.kernels(), C.engram_clock()
  local samples = sampler.run(nil, f, ...)
  local r = { seconds = C.engram_clock() - clock, kernels = report.kernels_since(before),
    samples = samples.total, states = sampler.shares(samples), zones = {}, lines = {},
    jit = (jit.status()) }
  for name, count in pairs(samples.zones) do
    r.zones[#r.zones + 1] = { name = name, total = count, share = count / samples.total }
  end
  for _, line in pairs(samples.lines) do
    line.share = line.total / samples.total
    r.lines[#r.lines + 1] = line
  end
  table.sort(r.lines, by_share)
  table.sort(r.zones, by_share)
  for _, kernel in ipairs(r.kernels) do
    local bytes, limit = unpack(traits[kernel.name])
    kernel.bytes = bytes and bytes * kernel.elements or nil
    kernel.bytes_per_second = bytes and kernel.seconds > 0 and kernel.bytes / kernel.seconds or nil
    kernel.limit = limit
  end
  table.sort(r.kernels, function(a, b) return a.seconds > b.seconds end)
  return r
end

local function timed(f, ...)
  local was = C.engram_timing(1)
  local ran, result = pcall(measured, f, ...)
  C.engram_timing(was)
  if not ran then error(result, 0) end
  return result
end

-- engram.prof(f, ...): runs f(...) once and prints { seconds, samples, states, lines, zones,
-- kernels, jit }
return report.word(function(f, ...)
  return report.new(compiled.during(timed, report.subject(f, "prof"), ...), text)
end, "prof(f, ...) runs f once and tells where its time went")
