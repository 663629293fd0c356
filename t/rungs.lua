-- rungs.lua: which kernels there are, and that their versions agree in every bit.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, refuses = tap.ok, tap.is, support.refuses
local kernels = engram.kernels

-- ---- the list

local rungs = { ref = 0, neon = 1, avx2 = 2, avx512 = 3, avx512vnni = 4 }
local by_name, ascending, chosen_of_them = {}, true, true
for _, kernel in ipairs(kernels.list()) do
  by_name[kernel.name] = kernel
  local best, among = -1, false
  for _, rung in ipairs(kernel.versions) do
    ascending = ascending and rungs[rung] > best
    best = rungs[rung]
    among = among or rung == kernel.chosen
  end
  ascending = ascending and kernel.versions[1] == "ref"
  chosen_of_them = chosen_of_them and among
end
ok(by_name.dot_f32 and by_name.cosines_f32 and by_name.top_k_f32 and by_name.decay_f32
  and by_name.frontier_f32,
  "the list has the kernels of every stage")
ok(ascending, "each has its versions in order, ref first")
ok(chosen_of_them, "the chosen version is one of them")
is(kernels.chosen "dot_f32", by_name.dot_f32.chosen, "chosen tells the version of one kernel")
is(engram.isa "dot_f32", by_name.dot_f32.chosen, "and so does engram.isa")
ok(rungs[engram.isa()], "engram.isa tells the rung in use")

-- ---- counters

local function counted() return engram.stats().kernels.cosines_f32 end
local before = counted()
local bank = engram.bank.new(2)
for i = 1, 10 do bank:add { i, 1 } end
bank:search({ 1, 1 }, 3)
local after = counted()
ok(after.calls > before.calls and after.elements > before.elements,
  "calls and elements are counted")

-- ---- every version of a kernel gives the same bits

local LONG = 331 -- several registers of every width, and a tail
local function numbers(seed, n)
  local v = engram.vec(n or LONG)
  engram.rng(seed):fill_normal(v)
  return v
end
local va, vb, vrows, positive = numbers(1), numbers(2), numbers(3, 5 * LONG), numbers(4)
for i = 1, LONG do positive[i] = math.abs(positive[i]) end
local a, b, rows = va.data, vb.data, vrows.data

local function floats(n) return ffi.new("float[?]", n) end
local function bytes(array) return ffi.string(array, ffi.sizeof(array)) end
local function elementwise(second)
  return function(f, n)
    local out = floats(n)
    if second then f(positive.data, a, n, out) else f(a, n, out) end
    return bytes(out)
  end
end

-- A call of a version on n elements, and what it gave as a string of bytes.
local calls = {
  dot_f32 = function(f, n) return bytes(ffi.new("float[1]", f(a, b, n))) end,
  squared_l2_f32 = function(f, n) return bytes(ffi.new("float[1]", f(a, b, n))) end,
  norms_f32 = function(f, n)
    local out = floats(5)
    f(rows, 5, n, out)
    return bytes(out)
  end,
  cosines_f32 = function(f, n)
    local out = floats(5)
    f(a, rows, nil, 5, n, out)
    return bytes(out)
  end,
  weighted_sum_f32 = function(f, n)
    local out = floats(n)
    f(rows, ffi.new("uint32_t[3]", 4, 0, 2), a, 3, n, out)
    return bytes(out)
  end,
  axpy_f32 = function(f, n)
    local out = floats(n)
    ffi.copy(out, b, 4 * n)
    f(0.3, a, n, out)
    return bytes(out)
  end,
  exp_f32 = elementwise(false), log_f32 = elementwise(false), pow_f32 = elementwise(true),
}
for name, call in pairs(calls) do
  local reference, same = kernels.get(name, "ref"), true
  for _, rung in ipairs(by_name[name].versions) do
    local version = kernels.get(name, rung)
    for _, n in ipairs { 0, 1, 15, 64, 65, 128, LONG } do
      if call(version, n) ~= call(reference, n) then
        same = false
        tap.note(("%s %s differs at n = %d"):format(name, rung, n))
      end
    end
  end
  ok(same, ("every version of %s gives the same bits"):format(name))
  collectgarbage()
end
is(kernels.get("dot_f32", "ref")(a, b, LONG), va:dot(vb),
  "a version called by name gives what a method gives")
is(kernels.get("dot_f32", "mmx"), nil, "a version that is not there is nil")
is(kernels.get("dott", "ref"), nil, "so is one of a kernel that is not there")

-- ---- choosing

local v, w = engram.vec(LONG), engram.vec(LONG)
engram.rng(5):fill_normal(v)
engram.rng(6):fill_normal(w)
local dot = v:dot(w)
kernels.use "ref"
ok(kernels.chosen "dot_f32" == "ref" and kernels.chosen "cosines_f32" == "ref"
  and engram.isa() == "ref",
  "use caps every kernel at a rung")
is(v:dot(w), dot, "and changes no result")
kernels.use ""
local best = by_name.dot_f32.versions[#by_name.dot_f32.versions]
is(kernels.chosen "dot_f32", best, "use with an empty text chooses the best")
kernels.use "avx512,dot_f32=ref"
ok(kernels.chosen "dot_f32" == "ref" and kernels.chosen "axpy_f32" == best,
  "one kernel can be taken back")
kernels.use ""
support.compiles(function()
  for _ = 1, 300 do v:cosine(w) end
end, "a loop that calls a kernel becomes a trace")

-- ---- misuse

refuses(function() kernels.chosen "dot" end,
  [[bad argument #1 to 'kernels.chosen' (the name of a kernel expected, got string "dot")]],
    "chosen wants a kernel")
refuses(function() engram.isa "dot" end, "(the name of a kernel expected, got string \"dot\")",
  "engram.isa as well")
refuses(function() kernels.get(1, "ref") end,
  "bad argument #1 to 'kernels.get' (the name of a kernel expected, got number 1)",
    "get wants a kernel")
refuses(function() kernels.get "dot_f32" end,
  "bad argument #2 to 'kernels.get' (a rung expected, got nil)",
  "get wants a rung")
refuses(function() kernels.use(1) end,
  "bad argument #1 to 'kernels.use' (a text like ENGRAM_ISA expected, got number 1)",
  "use wants a text")
refuses(function() kernels.use "sse9" end, "'sse9' is no rung; known: ref neon avx2 avx512 avx512vnni",
  "use lists the rungs")
refuses(function() kernels.use "dott=ref" end, "is no kernel; known: dot_f32",
  "use lists the kernels")
is(kernels.chosen "dot_f32", best, "a text that is refused changes nothing")

support.done()
