-- insight.lua: time, usage, gc, prof, why and trace: what they measure and what they say.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local C = require "engram.ffi"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, throws = tap.ok, tap.is, tap.throws

-- What a call returns, as text and as it is.
local function reporting(f, ...)
  local r = f(...)
  return tostring(r), r
end

local function fits(text)
  for line in (text .. "\n"):gmatch "(.-)\n" do
    if #line > 80 then return false end
  end
  return not text:find "\27"
end

local bank = engram.bank.new(64)
bank:add(engram.rng(1):fill_normal(engram.matrix(1000, 64)))
local query = engram.vec(64):fill(1)
local function search(n)
  for _ = 1, n do bank:search(query, 5) end
end

-- ---- time

local text, r = reporting(engram.time, search, 7)
ok(r.seconds > 0 and r.cpu_seconds >= 0 and r.jit == jit.status(),
  "time tells both times and the JIT")
local kernel = r.kernels[1]
ok(kernel.name == "cosines_f32" and kernel.calls == 7 and kernel.elements == 7 * 1000 * 64,
  "kernels are counted, all calls and no other")
ok(r.arena_peak > 0, "so is what the arena held")
ok(fits(text) and text:find("cosines_f32  7 calls  448,000 elements", 1, true),
  "all of it is printed")
is(engram.time(function() end).lua_bytes, 0, "nothing allocates nothing")
local kept
r = engram.time(function() kept = ffi.new "char[100000]" end)
ok(r.lua_bytes >= 1e5 and r.lua_bytes < 1.1e5 and r.collections == 0 and kept ~= nil,
  "what is allocated is told in bytes")
text, r = reporting(engram.time, function()
  collectgarbage()
  collectgarbage()
end)
ok(r.collections >= 1 and text:find("garbage collected %d+ time"), "so are collections of garbage")
ok(engram.time("math.sqrt(2)").seconds > 0, "a string with an expression is run")
engram.time("x_of_time = 1\nx_of_time = x_of_time + 1")
is(_G.x_of_time, 2, "and one with statements")
local given
engram.time(function(...) given = { n = select("#", ...), ... } end, 1, nil, 3)
ok(given.n == 3 and given[1] == 1 and given[3] == 3, "arguments are handed on")
support.refuses(function() engram.time(3) end,
  "bad argument #1 to 'time' (a function or a string expected, got number 3)",
  "what is neither is refused")
support.refuses(function() engram.why "1 +" end, "why: why:1: unexpected symbol near '<eof>'",
  "and so is a string that is no Lua")

-- ---- usage, gc

_G.bank_of_usage, _G._3 = bank, bank -- which is an answer of the prompt too
text, r = reporting(engram.usage)
local stats, totals = engram.arena.thread():stats(), engram.stats().arenas
ok(math.abs(r.lua_bytes - collectgarbage "count" * 1024) < 1e6, "usage tells the heap of Lua")
ok(r.arena.capacity == stats.capacity and r.arena.peak == stats.peak, "this thread's arena")
ok(r.arenas.capacity == totals.capacity and r.arenas.arenas == totals.arenas, "and all arenas")
ok(r.resident > r.arena.peak and r.resident_peak >= r.resident and r.resident > bank:stats().bytes,
  "the resident set holds them")
local named = r.objects[1]
ok(named.name == "bank_of_usage" and named.kind == "bank" and named.bytes == bank:stats().bytes,
  "objects that globals hold are named")
ok(fits(text) and text:find "bank_of_usage +%d+ KB  bank", "all of it is printed")
bank:free()
is(#engram.usage().objects, 0, "what is closed holds nothing")
_G.bank_of_usage, _G._3 = nil, nil
bank = engram.bank.new(64)
bank:add(engram.matrix(1000, 64))

collectgarbage()
ffi.new "char[1000000]" -- garbage at once
text, r = reporting(engram.gc)
ok(r.freed >= 1e6 and r.freed < 2e6 and text:find("^%d%.%d+ MB freed") or text:find "KB freed",
  "gc frees garbage and tells how much")

-- ---- prof

C.engram_timing(0)
local function busy(seconds)
  local begun, sum = os.clock(), 0
  repeat
    for i = 1, 1e5 do sum = sum + i % 3 end
  until os.clock() - begun > seconds
  return sum
end
text, r = reporting(engram.prof, function(n)
  search(n)
  busy(0.3)
end, 9)
kernel = r.kernels[1]
ok(kernel.name == "cosines_f32" and kernel.calls == 9 and kernel.elements == 9 * 1000 * 64,
  "prof counts the calls of kernels exactly")
ok(kernel.seconds > 0 and kernel.seconds < r.seconds, "and times them")
is(kernel.bytes, 9 * 1000 * 64 * 4, "each element of a row is four bytes")
tap.near(kernel.bytes_per_second * kernel.seconds, kernel.bytes, 1,
  "a second's bytes follow from that")
is(C.engram_timing(0), 0, "timing is off behind it")
C.engram_timing(1)
engram.prof(search, 1)
is(C.engram_timing(0), 1, "or on, where it was")
throws(function() engram.prof(error, "oops") end, "oops", "an error comes out of prof")
is(C.engram_timing(0), 0, "with timing off again")
local sum = 0
for _, share in pairs(r.states) do sum = sum + share end
tap.near(sum, 1, 1e-9, "shares of states add up to 1")
sum = 0
for _, line in ipairs(r.lines) do sum = sum + line.share end
ok(sum > 0.99 and sum < 1.01, "so do those of lines")
ok(r.samples > 5 and r.lines[1].place:find "insight%.lua:%d+$",
  "the line that takes longest is first")
local fastest = jit.status() and "compiled" or "interpreted"
ok(r.states[fastest] > 0.5, "and what it does is told from what it does not")
ok(fits(text) and text:find "cosines_f32 +9 " and text:find "limited by", "all of it is printed")
local _, short = reporting(engram.prof, function() end)
ok(#short.lines > 0 or tostring(short):find("too short", 1, true), "too short a call says so")

local zone = require "jit.zone"
text, r = reporting(engram.prof, function()
  zone "counting"
  busy(0.1)
  zone()
end)
ok(r.zones[1].name == "counting" and r.zones[1].share > 0.9 and text:find("zone counting", 1, true),
  "zones of jit.zone are told apart")

local traits = support.read(support.srcdir .. "/lua/engram/prof.lua"):match "local traits = (%b{})"
traits = loadstring("return " .. traits)()
local missing, count = {}, 0
for _, k in ipairs(engram.kernels.list()) do
  if not traits[k.name] then missing[#missing + 1] = k.name end
  traits[k.name] = nil
  count = count + 1
end
ok(count > 20 and #missing == 0, "every kernel has its bytes: " .. table.concat(missing, " "))
is(next(traits), nil, "and nothing else has")

-- ---- why: each cause by its line

if not jit.status() then
  text, r = reporting(engram.why, function() error "must not run" end)
  ok(#r == 0 and text:find("JIT is off", 1, true),
    "without the JIT, why says that there is nothing to see")
  text, r = reporting(engram.trace, function() error "must not run" end)
  ok(#r == 0 and text:find("JIT is off", 1, true), "and so does trace")
  support.done()
  return
end

ffi.cdef "typedef struct { int quot, rem; } divided_here; divided_here div(int, int);"

-- The finding of a kind at a line, in a chunk by the name of "case".
local function examine(source, ...)
  local f = loadstring(source, "=case")(...)
  local said, findings = reporting(engram.why, f)
  return function(kind, line)
    for _, finding in ipairs(findings) do
      if finding.kind == kind and finding.line == "case:" .. line then return finding end
    end
    return nil
  end, said, findings
end

-- Kind, line, part of its cause, part of its remedy, the chunk.
local cases = {
  { "closure", 4, "function is created in the loop", "outside of the loop", [[
return function()
  local s = 0
  for i = 1, 10000 do
    local g = function() return i end
    s = s + g()
  end
end]] },
  { "library", 4, "os.clock is not compiled", "engram.clock()", [[
return function()
  local s = 0
  for i = 1, 10000 do
    s = s + os.clock()
  end
end]] },
  { "library", 3, "coroutine.yield is not compiled", "plain function", [[
local give = coroutine.wrap(function()
  while true do
    coroutine.yield()
  end
end)
return function()
  for _ = 1, 1000 do give() end
end]] },
  { "ffi", 5, "by value", "pointer", [[
local ffi = require "ffi"
return function()
  local s = 0
  for i = 1, 10000 do
    s = s + ffi.C.div(i, 7).quot
  end
end]] },
  { "ffi", 5, "in the interpreter", "jit.off", [[
local a = require("ffi").new "double[100]"
local function f()
  local s = 0
  for i = 1, 10000 do
    s = s + a[i % 100]
  end
end
jit.off(f)
return f]] },
  { "given up", 4, "given this loop", "on line 5", [[
local function off(x) return x + 1 end
return function()
  local s = 0
  for i = 1, 100000 do
    local g = function() return i end
    s = s + g()
  end
end]] },
  { "branches", 5, "a trace of its own", "conditions", [[
local r = {}
for i = 1, 64 do r[i] = (i * 7919) % 64 end
return function()
  local s = 0
  for i = 1, 100000 do
    local k = r[i % 64 + 1]
    if k < 1 then s = s + 1 elseif k < 2 then s = s - 1 elseif k < 3 then s = s * 2
    elseif k < 4 then s = s / 3 elseif k < 5 then s = s + 5 elseif k < 6 then s = s + 6
    elseif k < 20 then s = s + 7 elseif k < 30 then s = s + 9 elseif k < 33 then s = s * 3
    elseif k < 36 then s = s - 7 elseif k < 40 then s = s + 3 else s = s + 8 end
  end
end]] },
  { "garbage", 4, "garbage collector", "before the loop", [[
return function()
  local t = {}
  for i = 1, 100000 do
    t[i % 8 + 1] = { i, i + 1 }
  end
end]] },
  { "garbage", 4, "garbage collector", "tonumber", [[
return function()
  local s, t = 0LL, {}
  for i = 1, 100000 do
    s = s + i
    t[i % 8 + 1] = s
  end
end]] },
}
for _, case in ipairs(cases) do
  local kind, line, why, remedy, source = unpack(case)
  local find, said, findings = examine(source)
  local finding = find(kind, line)
  local right = finding and finding.cause:find(why, 1, true)
    and finding.remedy:find(remedy, 1, true) and finding.count > 0 and finding.share >= 0
    and finding.share <= 1 and said:find("case:" .. line, 1, true) and fits(said)
  if not ok(right, ("why names %s, where it is: %s"):format(kind, why)) then tap.note(said) end
  for _, other in ipairs(findings) do
    local near = tonumber(other.line:match ":(%d+)$") - line
    local along = other.kind == kind or math.abs(near) < 3
    if not ok(along, "and little else") then tap.note(said) end
  end
end

local find = examine [[
local function off(x) return x + 1 end
jit.off(off)
return function()
  local s = 0
  for i = 1, 100000 do
    s = off(s)
  end
end]]
ok((find("off", 1) or find("given up", 1)) and find("given up", 5),
  "why names a function that jit.off was said for, and the loop that calls it")

find = examine [[
local function f()
  local s = 0
  for i = 1, 10000 do
    s = s + i % 7
  end
end
jit.off(f)
return f]]
ok(find("off", 3) or find("off", 4),
  "why names what jit.off was said for, and nobody tries to compile")

local said, findings
_, said, findings = examine [[
return function()
  local s = 0
  for i = 1, 100000 do s = s + i % 7 end
  return s
end]]
ok(#findings == 0 and said:find("All is well", 1, true), "when all is well, why says so")
ok(findings.states.compiled > 0.5 and findings.runs > 1 and findings.traces > 0,
  "and how much was compiled")
_, _, findings = examine "return function() jit.flush() end"
ok(findings[#findings].kind == "memory" and findings[#findings].count > 0,
  "machine code that is thrown away is told")

-- ---- trace

text, r = reporting(engram.trace, loadstring([[
local s = 0
for i = 1, 10000 do
  s = s + os.clock()
end]], "=case"))
-- Which is made first is for LuaJIT's counters to say.
local function any(list, fields)
  for _, item in ipairs(list) do
    local same = true
    for name, value in pairs(fields) do same = same and item[name] == value end
    if same then return item end
  end
end
local leaving = any(r, { where = "case:2", link = "stitch os.clock" }) or any(r, { where = "case:3",
  link = "stitch os.clock" })
ok(leaving and leaving.length > 0 and any(r, { parent = leaving.trace, exit = -1 }),
  "trace lists where traces begin and go")
ok(fits(text) and text:find("stitch os.clock", 1, true), "and prints it")
text, r = reporting(engram.trace, loadstring(cases[1][5], "=case")())
local abort = any(r.aborts, { where = "case:4", reason = "NYI: bytecode: FNEW" })
ok(abort and abort.count > 1 and r.given_up >= abort.count, "it lists what was given up")
ok(fits(text) and text:find("NYI: bytecode: FNEW", 1, true), "and prints that")

-- ---- behind them nothing is left on

-- LuaJIT keeps handlers of events and of samples in its registry, the latter by keys that are next
-- to 0.
local function listening()
  local registry = debug.getregistry()
  for key in pairs(registry) do
    if type(key) == "number" and key < 0 and key > -1e-300 then return "the profiler" end
  end
  return next(registry._VMEVENTS or {}) and "jit.attach"
end
local seen = {}
engram.why(function() seen[listening() or "nothing"] = true end)
ok(seen["the profiler"], "while why runs, it listens")
for _, word in ipairs { "time", "prof", "why", "trace" } do
  local failure = { "an error" }
  local ran, raised = pcall(engram[word], function() error(failure, 0) end)
  ok(not ran and raised == failure, word .. " raises what its function raises")
  ok(not listening() and jit.status(), "and leaves nothing on")
end

-- ---- at the prompt

local program = support.quote(support.program)
local out = support.run(program .. " -i", "engram.time '1'\nr = engram.time '1'\nr\n")
is(select(2, out:gsub("allocated in Lua", "")), 2, "the prompt prints a report that is not assigned")
ok(not out:find "\27", "without escape sequences")
out = support.run(program .. " -i", [[
f = function() local s = 0 for i = 1, 1e5 do s = s + i end return s end
engram.why(f).states.compiled > 0.3
]])
ok(out:find "true\n", "there, what is typed is compiled while why looks at it")

for _, word in ipairs { "time", "prof", "why", "trace" } do
  local err, status
  out, err, status = support.interrupt("-i", ([[
print 'ready' io.flush() engram.%s(function() while true do os.clock() end end)
print 'still here'
n = 0
source = function(f) return require('jit.util').funcinfo(f).source end
count = function(what, _, f) if what == 'start' and source(f) == '=stdin' then n = n + 1 end end
require('jit').attach(count, 'trace')
for i = 1, 1000 do local x = i * 2 end print(n, 'traces')
]]):format(word))
  ok(out:find("still here", 1, true) and err:find("interrupted", 1, true) and status == 0,
    "an interrupt is heard inside " .. word)
  ok(out:find "0\ttraces", "and what is typed is not compiled behind it")
end

support.done()
