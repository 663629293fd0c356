-- metrics.lua: the counters as text that Prometheus reads, by its grammar, and what they count.
-- SPDX-License-Identifier: MIT
local C = require "engram.ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

-- ---- a strict reader of the format

local function fail(...) error((...):format(select(2, ...)), 0) end

-- { name = "value", ... } of what stands between braces, with escapes undone.
local function labels_of(text)
  local labels, at = {}, 1
  while at <= #text do
    local name, from = text:match('^([%a_][%w_]*)="()', at)
    if not name then fail("no label at: %s", text:sub(at)) end
    if labels[name] then fail("label %s twice", name) end
    local value = {}
    at = from
    while true do
      local c = text:sub(at, at)
      if c == '"' then break end
      if c == "" or c == "\n" then fail("a value without an end: %s", text) end
      if c == "\\" then
        at = at + 1
        c = ({ ["\\"] = "\\", ['"'] = '"', n = "\n" })[text:sub(at, at)]
        if not c then fail("a bad escape: %s", text) end
      end
      value[#value + 1] = c
      at = at + 1
    end
    labels[name] = table.concat(value)
    at = at + 1
    if at <= #text then
      if text:sub(at, at) ~= "," then fail("no comma: %s", text) end
      at = at + 1
      if at > #text then fail("a comma at the end: %s", text) end
    end
  end
  return labels
end

local function number_of(text)
  if text == "+Inf" then return math.huge end
  if not text:find "^%-?%d" then fail("no number: %s", text) end
  return tonumber(text) or fail("no number: %s", text)
end

local suffixes = { histogram = { _bucket = true, _sum = true, _count = true } }

-- text -> { name = { type =, help =, { labels =, value =, suffix = } .. } }
local function parse(text)
  if text:sub(-1) ~= "\n" then fail "the last line has no end" end
  local families, current, seen = {}, nil, {}
  for line in text:gmatch "(.-)\n" do
    local word, name, rest = line:match "^# (%u+) ([%a_:][%w_:]*) (.+)$"
    if word == "HELP" then
      if families[name] then fail("%s twice", name) end
      current = { help = rest, name = name }
      families[name] = current
    elseif word == "TYPE" then
      if not current or current.name ~= name or current.type then fail("TYPE of %s", name) end
      local known = { counter = true, gauge = true, histogram = true }
      if not known[rest] then fail("type %s", rest) end
      current.type = rest
    else
      local sample, between, value = line:match "^([%a_:][%w_:]*)(%b{}) (%S+)$"
      if not sample then sample, value = line:match "^([%a_:][%w_:]*) (%S+)$" end
      if not sample then fail("no sample: %s", line) end
      local suffix = current and current.type and sample:sub(1, #current.name) == current.name
        and sample:sub(#current.name + 1)
      if not suffix or not (suffixes[current.type] or { [""] = true })[suffix] then
        fail("%s does not belong to %s", sample, tostring(current and current.name))
      end
      local key = sample .. (between or "")
      if seen[key] then fail("%s twice", key) end
      seen[key] = true
      table.insert(current, { labels = labels_of((between or "{}"):sub(2, -2)), suffix = suffix,
        value = number_of(value) })
    end
  end
  for name, f in pairs(families) do
    if not f.type or #f == 0 then fail("%s is empty", name) end
    local total = name:find "_total$" ~= nil
    if total ~= (f.type == "counter") then fail("%s is a %s", name, f.type) end
    for _, s in ipairs(f) do
      if f.type == "counter" and s.value < 0 then fail("%s is negative", name) end
    end
  end
  return families
end

local function series_of(labels)
  return labels.kernel .. " " .. labels.path
end

-- Buckets rise, the last holds all, and so says the count.
local function check_histogram(f)
  local groups, count = {}, 0
  for _, s in ipairs(f) do
    local key = series_of(s.labels)
    groups[key] = groups[key] or { le = -math.huge, below = 0 }
    local g = groups[key]
    if s.suffix == "_bucket" then
      local le = number_of(s.labels.le)
      if le <= g.le or s.value < g.below or g.count then fail("buckets of %s", key) end
      g.le, g.below = le, s.value
    elseif s.suffix == "_sum" then
      g.sum = s.value
    else
      g.count = s.value
    end
  end
  for key, g in pairs(groups) do
    local whole = g.le == math.huge and g.below == g.count and g.sum and g.sum >= 0
    if not whole then fail("sum of %s", key) end
    count = count + 1
  end
  return count
end

-- The reader itself refuses what is wrong.
for name, text in pairs {
  ["a sample without a type"] = "a 1\n",
  ["a value in no quotes"] = "# HELP a b\n# TYPE a gauge\na{x=1} 1\n",
  ["a line that does not end"] = "# HELP a b\n# TYPE a gauge\na 1",
  ["a family twice"] = "# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\na 2\n",
  ["a series twice"] = "# HELP a b\n# TYPE a gauge\na 1\na 1\n",
  ["a counter that is not called one"] = "# HELP a b\n# TYPE a counter\na 1\n",
  ["a bad escape"] = "# HELP a b\n# TYPE a gauge\na{x=\"\\q\"} 1\n",
  ["a name with a dash"] = "# HELP a-b c\n# TYPE a-b gauge\na-b 1\n",
} do
  ok(not pcall(parse, text), "the reader of this test refuses " .. name)
end

-- ---- the metrics

local parsed, families = pcall(parse, engram.metrics())
if not ok(parsed, "metrics are in the exposition format") then tap.note(families) end

local function value(name, wanted)
  for _, s in ipairs(families[name] or {}) do
    local same = true
    for key, text in pairs(wanted or {}) do same = same and s.labels[key] == text end
    if same then return s.value end
  end
end
local function read() families = parse(engram.metrics()) end

is(value("engram_build_info", { version = engram.version, path = engram.isa() }), 1,
  "they name version and rung")
is(value "engram_health_status", nil, "health is not among them before it was asked for")

local path = { kernel = "softmax_f32", path = engram.isa "softmax_f32" }
is(value("engram_kernel_calls_total", path), nil, "a kernel that was not called has no series")
local v = engram.vec { 1, 2, 3 }
v:softmax(1)
v:softmax(1)
read()
is(value("engram_kernel_calls_total", path), 2, "calls are counted by kernel and version")
is(value("engram_kernel_elements_total", { kernel = "softmax_f32" }), 6, "and elements")
local timed = os.getenv "ENGRAM_ARENA_METRICS"
if not timed then
  is(families.engram_kernel_duration_seconds, nil, "times only where they are measured")
end

local before = engram.kernels.timing(1)
for _ = 1, 5 do v:softmax(1) end
local big = engram.vec(100000)
big:softmax(1)
engram.kernels.timing(0)
v:softmax(1)
read()
ok(pcall(check_histogram, families.engram_kernel_duration_seconds),
  "a histogram is cumulative, and its sum and count agree")
is(check_histogram(families.engram_kernel_duration_seconds) >= 1, true, "there is one")
if not timed then
  is(value("engram_kernel_duration_seconds", { kernel = "softmax_f32", path = path.path,
    le = "+Inf" }), 6, "of the calls that were timed")
  local sum
  for _, s in ipairs(families.engram_kernel_duration_seconds) do
    if s.labels.kernel == "softmax_f32" and s.suffix == "_sum" then sum = s.value end
  end
  local times, bounds = engram.kernels.times "softmax_f32"
  is(sum, times[1].seconds, "with their time")
  is(#times[1].buckets, #bounds, "kernels.times has the same by bucket")
  ok(bounds[1] == 1e-7 and bounds[#bounds] == math.huge, "from 100 ns on")
  is(before, 0, "timing tells what it was")
end

-- ---- failures, arenas, health

C.engram_normalise_f32(nil, 1, 1, 9, nil, nil)
C.engram_normalise_f32(nil, 1, 1, 0, nil, nil)
C.engram_normalise_f32(nil, 1, 1, 0, nil, nil)
read()
is(value("engram_kernel_errors_total", { kernel = "normalise_f32", status = "ERANGE" }), 1,
  "failures are counted by status")
is(value("engram_kernel_errors_total", { kernel = "normalise_f32", status = "ENULL" }), 2,
  "each")
is(engram.kernels.errors("normalise_f32").ENULL, 2, "kernels.errors has the same")
is(next(engram.kernels.errors "softmax_f32"), nil, "and nothing where nothing failed")

engram.arena.thread():scope(function(arena) arena:floats(2000) end)
read()
ok(value("engram_kernel_arena_high_water_mark_bytes", { since = "start" }) >= 8000
  and value("engram_kernel_arena_high_water_mark_bytes", { since = "reset" }) >= 8000,
  "the high-water mark of arenas")
is(value "engram_kernel_arena_capacity_bytes", engram.info().arena.bytes, "their size")
is(value "engram_kernel_arena_threads", 1, "and how many there are")
local overflows = value "engram_kernel_arena_overflows_total"
C.engram_reset_arena_metrics()
read()
is(value("engram_kernel_arena_high_water_mark_bytes", { since = "reset" }), 0,
  "a reset begins anew")
ok(value("engram_kernel_arena_high_water_mark_bytes", { since = "start" }) >= 8000,
  "the life of the process goes on")
local config = engram.info().arena
if config.overflow == "error_return" then
  pcall(function() engram.arena.thread():alloc(2 ^ 31) end)
  read()
  is(value "engram_kernel_arena_overflows_total", 1, "overflows are counted")
  is(overflows, 0, "where there were none")
end

engram.health()
read()
ok(value "engram_health_status" ~= nil and value "engram_spreading_probe_activation" > 0.05,
  "once health was asked for it is among them")
is(value "engram_self_test_failed_checks", 0, "with its self-test")
is(value "engram_kernels_demoted", 0, "and how many versions are out of use")
is(value "engram_threads", engram.info().threads, "threads")
is(value "engram_settings_rejected", #engram.info().rejected, "rejected settings")

-- ---- labels that need escapes

local version = engram.version
local info = require "engram.info"
local get = info.get
info.get = function()
  local i = get()
  i.version = 'a "quoted\\path"\nof two lines'
  return i
end
read()
info.get = get
is(families.engram_build_info[1].labels.version, 'a "quoted\\path"\nof two lines',
  "labels are escaped")
is(engram.version, version, "and that is all")

-- ---- misuse

local refuses = support.refuses
refuses(function() engram.kernels.timing "1" end, "bad argument #1 to 'kernels.timing' (a count of "
  .. "calls expected, got string \"1\")", "timing wants a count")
refuses(function() engram.kernels.times "dot" end, "bad argument #1 to 'kernels.times' (the name "
  .. "of a kernel expected, got string \"dot\")", "times wants a kernel")
refuses(function() engram.kernels.errors "dot" end, "to 'kernels.errors' (the name of a kernel",
  "errors as well")

support.done()
