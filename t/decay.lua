-- decay.lua: laws of forgetting over arrays.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local decay = engram.decay

-- ---- results

local ages = { 0, 3600, 86400, 172800, 604800 }
local left = { 1, 0.95918946, 0.36787944, 0.13533528, 9.1188197e-4 }
local ones = engram.vec(5):fill(1)
near_all(decay(ones, ages, { tau_s = 86400 }), left, 1e-6,
  "the exponential law leaves exp(-age / tau_s)")
near_all(decay({ 1, 1, 1, 1, 1 }, ages, { tau_s = 86400 }), left, 1e-6, "strengths may be a table")
near_all(decay(ones, engram.vec(ages), { tau_s = 86400 }), left, 1e-6, "ages may be a vec")
near_all(decay(ones, ffi.new("double[5]", ages), { tau_s = 86400 }), left, 1e-6,
  "ages may be an array of double")
near_all(decay(ones, ffi.new("float[5]", ages), { tau_s = 86400 }), left, 1e-6,
  "ages may be an array of float")
near_all(decay(ones, ffi.new("uint64_t[5]", ages), { tau_s = 86400 }), left, 1e-6,
  "ages may be an array of uint64_t")
local array = ffi.new("double[5]", ages)
near_all(decay(ones, ffi.cast("const double *", array), { tau_s = 86400 }), left, 1e-6,
  "ages may be a pointer, whose length is trusted")
near_all(decay({ 1, 0.5, 1 }, { 0, 100, 200 }, { half_life_s = 100 }), { 1, 0.25, 0.25 }, 1e-6,
  "after half_life_s half is left")
near_all(decay({ 1, 1, 1 }, { 0, 86400, 604800 }, { unit_s = 86400, beta = 0.5 }), { 1,
  0.70710678, 0.35355339 },
  1e-6, "the power law leaves (1 + age / unit_s)^-beta")
near_all(decay({ 1, 1 }, { 10, 10 }, { tau_s = engram.vec { 10, 20 } }), { 0.36787944,
  0.60653066 }, 1e-6,
  "each strength may have a tau_s of its own")
near_all(decay({ 3, -1 }, { 0, 0 }, { tau_s = 1 }), { 1, 0 }, 0,
  "strengths are clamped to 0 .. 1 before they decay")
near_all(decay({ 3, -1 }, { 0, 0 }, { tau_s = 1, clamp = false }), { 3, -1 }, 0,
  "unless clamp is false")
near_all(decay({ 0.3, 0.3 }, { -5, 0 / 0 }, { tau_s = 1 }), engram.vec { 0.3, 0.3 }:table(), 0,
  "negative and NaN ages count as 0")
is(#decay({}, {}, { tau_s = 1 }), 0, "there may be nothing to decay")

-- ---- curves by name

local function after(options, age)
  return decay({ 1 }, { age or 3600 }, options)[1]
end
near(after { curve = "exponential", tau_s = 3600 }, 0.36787944, 1e-6, "a curve may be named")
near(after { curve = "exponential", half_life_s = 3600 }, 0.5, 1e-6, "with its half-life")
near(after { curve = "power", unit_s = 3600, beta = 2 }, 0.25, 1e-6, "or as a power law")
near(after { curve = "mixture", tau_s = 3600, unit_s = 3600, beta = 2, weight = 0.25 },
  0.25 * 0.36787944 + 0.75 * 0.25, 1e-6, "a mixture weighs the exponential and the power law")
near(after({ curve = "savings" }, 86340), 0.30411, 5e-6,
  "savings without parameters are Ebbinghaus's own")
near(after { curve = "savings", unit_s = 400, k = 3, c = 2 }, 0.75, 1e-6, "which may be others")
local two = { curve = "two-component", tau_s = 3600, unit_s = 3600, beta = 2 }
near(after(two), 0.36787944, 1e-6, "what was not recalled fades by the exponential")
two.recalled = { 0, 2, 3, 9 }
near_all(decay({ 1, 1, 1, 1 }, { 3600, 3600, 3600, 3600 }, two),
  { 0.36787944, 0.36787944, 0.25, 0.25 }, 1e-6, "from three recalls on by the power law")
two.recalls, two.recalled = 9, ffi.new("uint32_t[4]", two.recalled)
near_all(decay({ 1, 1, 1, 1 }, { 3600, 3600, 3600, 3600 }, two),
  { 0.36787944, 0.36787944, 0.36787944, 0.25 }, 1e-6, "or from as many as one likes")
two.recalls, two.recalled = 0, nil
near(after(two), 0.25, 1e-6, "or from the start")
near_all(decay({ 1, 1 }, { 10, 10 }, { curve = "exponential", scale_s = engram.vec { 10, 20 } }),
  { 0.36787944, 0.60653066 }, 1e-6, "scale_s is the tau_s of each")
near_all(decay({ 1, 1 }, { 10, 10 }, { curve = "power", scale_s = engram.vec { 10, 5 },
  beta = engram.vec { 1, 2 } }), { 0.5, 1 / 9 }, 1e-6,
  "or the unit_s of each, beside a beta of each")
near_all(decay({ 1, 1 }, { 10, 10 }, { unit_s = 10, beta = engram.vec { 1, 2 } }), { 0.5, 0.25 },
  1e-6, "a beta of each is that of a power law")
near_all(decay({ 1, 1 }, { 10, 10 }, { curve = "mixture", tau_s = 30, unit_s = 60, beta = 1,
  weight = 0, scale_s = engram.vec { 10, 5 } }), { 20 / 30, 0.5 }, 1e-6,
  "where a curve has both, unit_s keeps its ratio to tau_s")
near_all(decay({ 1, 1 }, { 9, 99 }, { curve = "savings", scale_s = engram.vec { 1, 1 }, k = 1,
  c = 1 }), { 0.5, 1 / 3 }, 1e-6, "savings have a scale of each too")
local law = decay.law { curve = "mixture", half_life_s = 60, unit_s = 60, beta = 0.5, weight = 0.5 }
ok(law.curve == 3 and law.weight == 0.5 and law.tau_s == decay.tau_s(60),
  "decay.law makes the struct that C takes")

near(decay.tau_s(86400), 124648.85, 0.01, "tau_s of a half-life is half_life_s / ln 2")

local strengths = engram.vec { 0.5, 1 }
local target = engram.vec(2)
ok(decay(strengths, { 0, 0 }, { tau_s = 1, into = target }) == target and target == strengths,
  "into gives the same vec back")
collectgarbage()
decay(strengths, { 10, 10 }, { tau_s = 10, into = strengths })
near_all(strengths, { 0.18393972, 0.36787944 }, 1e-6, "strengths may decay in place")
is(decay.apply({ 1 }, { 0 }, { tau_s = 1 })[1], 1, "decay.apply is decay by name")

-- ---- misuse

refuses(function() decay("x", {}, { tau_s = 1 }) end,
  [[bad argument #1 to 'engram.decay' (a vec or a table of numbers expected, got string "x")]],
  "strengths are numbers")
refuses(function() decay({ 1 }, 3, { tau_s = 1 }) end,
  "bad argument #2 to 'engram.decay' (ages: a vec, a table, "
  .. "or an array of double, float or uint64_t expected, got number 3)", "ages are arrays")
refuses(function() decay({ 1 }, ffi.new "int[1]", { tau_s = 1 }) end,
  "bad argument #2 to 'engram.decay' (ages: ",
  "ages of another type are refused")
refuses(function() decay({ 1 }, { "x" }, { tau_s = 1 }) end,
  [[bad argument #2 to 'engram.decay' (an age at 1 expected, got string "x")]],
    "an age is a number")
refuses(function() decay({ 1 }, { 0, 1 }, { tau_s = 1 }) end,
  "bad argument #2 to 'engram.decay' (1 ages expected, got number 2)",
    "there are as many ages as strengths")
refuses(function() decay({ 1 }, { 0 }) end,
  "bad options to 'engram.decay' (one of tau_s, half_life_s, or unit_s with beta expected)",
    "a law is wanted")
refuses(function() decay({ 1 }, { 0 }, { tau_s = 1, half_life_s = 1 }) end,
  "(one of tau_s, half_life_s, or unit_s with beta expected)", "one law is enough")
refuses(function() decay({ 1 }, { 0 }, { tau_s = -1 }) end,
  "bad argument 'tau_s' to 'engram.decay' (a number > 0 expected, got number -1)",
    "tau_s is positive")
refuses(function() decay({ 1 }, { 0 }, { half_life_s = 0 }) end,
  "bad argument 'half_life_s' to 'engram.decay' (a number > 0 expected, got number 0)",
    "half_life_s is positive")
refuses(function() decay({ 1 }, { 0 }, { beta = 1 }) end,
  "bad argument 'unit_s' to 'engram.decay' (a number > 0 expected, got nil)",
    "beta comes with unit_s")
refuses(function() decay({ 1 }, { 0 }, { unit_s = 1, beta = math.huge }) end,
  "bad argument 'beta' to 'engram.decay' (a number > 0 expected, got number inf)", "beta is finite")
refuses(function() decay({ 1, 1 }, { 0, 0 }, { tau_s = engram.vec { 1 } }) end,
  "bad argument 'tau_s' to 'engram.decay' (a vec of length 2 expected, got vec 1 [1])",
  "a tau_s for each means as many of them")
refuses(function() decay({ 1 }, { 0 }, { tau_s = 1, into = engram.vec(2) }) end,
  "bad argument 'into' to 'engram.decay' (a vec of length 1 expected, got vec 2 [0 0])",
    "into has the same length")
refuses(function() decay({ 1 }, { 0 }, { tau = 1 }) end,
  "unknown option 'tau' to 'engram.decay' (known: beta, c, clamp, curve, half_life_s, into, k, "
  .. "recalled, recalls, scale_s, tau_s, unit_s, weight)",
  "options are listed where one is unknown")
refuses(function() decay({ 1 }, { 0 }, { curve = "hybrid" }) end,
  "bad argument 'curve' to 'engram.decay' (exponential, power, two-component, mixture or savings "
  .. [[expected, got string "hybrid")]], "curves are listed where one is unknown")
refuses(function() decay.law { curve = "savings", beta = 1 } end,
  "bad options to 'decay.law' (the savings curve has no beta)",
  "a parameter that a curve does not have is refused")
refuses(function() decay.law { curve = "power", half_life_s = 1, unit_s = 1, beta = 1 } end,
  "bad options to 'decay.law' (the power curve has no half_life_s)", "and a half-life")
refuses(function() decay.law { curve = "exponential", half_life_s = 1, tau_s = 1 } end,
  "bad options to 'decay.law' (the exponential curve has no half_life_s beside tau_s)",
  "a time constant is given once")
refuses(function() decay.law { curve = "mixture", tau_s = 1, unit_s = 1, beta = 1 } end,
  "bad argument 'weight' to 'decay.law' (a number in 0 .. 1 expected, got nil)",
  "a mixture wants its weight")
refuses(function() decay.law { curve = "mixture", tau_s = 1, unit_s = 1, beta = 1, weight = 2 } end,
  "(a number in 0 .. 1 expected, got number 2)", "which is at most 1")
refuses(function() decay.law { curve = "two-component", tau_s = 1, unit_s = 1, beta = 1,
  recalls = -1 } end, "bad argument 'recalls' to 'decay.law' (a count expected, got number -1)",
  "recalls are counted")
refuses(function() decay({ 1 }, { 0 }, { curve = "savings", scale_s = 60 }) end,
  "bad argument 'scale_s' to 'engram.decay' (a vec of length 1 expected, got number 60)",
  "scale_s is for each")
refuses(function() decay({ 1 }, { 0 }, { curve = "savings", scale_s = engram.vec(2) }) end,
  "bad argument 'scale_s' to 'engram.decay' (a vec of length 1 expected, got vec 2 [0 0])",
  "and as many as strengths")
refuses(function() decay({ 1 }, { 0 }, { unit_s = 1, beta = engram.vec(2) }) end,
  "bad argument 'beta' to 'engram.decay' (a vec of length 1 expected, got vec 2 [0 0])",
  "so is a beta for each")
refuses(function() decay({ 1 }, { 0 }, { curve = "two-component", tau_s = 1, unit_s = 1, beta = 1,
  recalled = { 1, 2 } }) end,
  "'recalled' to 'engram.decay' (a table of 1 counts or an array of uint32_t expected, got table)",
  "and how often each was recalled")
refuses(function() decay({ 1 }, { 0 }, { curve = "two-component", tau_s = 1, unit_s = 1, beta = 1,
  recalled = { 0.5 } }) end,
  "'recalled' to 'engram.decay' (a count at 1 expected, got number 0.5)", "which is a count")
refuses(function() decay({ 1 }, { 0 }, { curve = "mixture", tau_s = engram.vec { 1 }, unit_s = 1,
  beta = 1, weight = 1 }) end, "bad argument 'tau_s' to 'engram.decay' (a number > 0 expected",
  "a scale beside the ratio of tau_s and unit_s is a scale_s")
refuses(function() decay.tau_s "1d" end,
  [[bad argument #1 to 'decay.tau_s' (a number > 0 expected, got string "1d")]],
  "a half-life is a number")

support.done()
