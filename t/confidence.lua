-- confidence.lua: the algebra of confidences, of bands and of evidence.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local confidence = engram.confidence

local seed = 20261122
tap.note("seed " .. seed)
local r = engram.rng(seed)

-- Numbers in 0 .. 1 with more than their share at the ends and near them.
local function drawn()
  local way = r:below(10)
  if way == 0 then return 0 end
  if way == 1 then return 1 end
  if way == 2 then return r:uniform() * 1e-16 end
  if way == 3 then return 1 - r:below(4) * 2 ^ -53 end
  return r:uniform()
end

-- ---- numbers

is(("%g %g %g %g %g"):format(confidence.none, confidence.low, confidence.medium, confidence.high,
  confidence.certain), "0 0.1 0.5 0.9 1", "confidences have names")
ok(confidence.is_high(0.7) and not confidence.is_high(0.69), "high begins at 0.7")
ok(confidence.is_low(0.3) and not confidence.is_low(0.31), "low ends at 0.3")
near(confidence.both(0.5, 0.8), 0.4, 1e-16, "both: the product")
near(confidence.either(0.5, 0.8), 0.9, 2e-16, "either: the sum less the product")
is(confidence.negation(0.25), 0.75, "negation: the rest")
is(confidence.mean { 0.25, 0.75, 0.5 }, 0.5, "the mean")
is(confidence.mean({ 0, 1 }, { 1, 3 }), 0.75, "with weights")
is(confidence.mean({ 0.9, 1 }, { 0, 0 }), 0.5, "without any weight it is undecided")
is(confidence.mean({ 0.75, 0.75 }, { 0.25, 0.25 }), 0.75, "however little there is")
is(confidence.mean {}, 0.5, "as it is of nothing")
near(confidence.bayes(0.8, 0.8), 0.64 / 0.68, 1e-15, "two witnesses who agree make more sure")
near(confidence.bayes(0.8, 0.2), 0.5, 1e-15, "two who contradict undo each other")
ok(confidence.bayes(0, 1) == 0.5 and confidence.bayes(1, 0) == 0.5,
  "even where both are certain")
ok(confidence.bayes(1, 0.3) == 1 and confidence.bayes(0, 0.7) == 0, "one who is certain decides")

is(confidence.temper(0.6), 0.6, "up to 0.6 confidence stays")
near(confidence.temper(0.7), 0.7 * 0.9, 1e-15, "at 0.7 it is 0.9 of itself")
near(confidence.temper(0.9), 0.9 * 0.85, 1e-15, "at 0.9 it is 0.85 of itself")
is(confidence.temper(1), 0.85, "and above")
local rises, close = true, true
for i = 1, 10000 do
  local step = confidence.temper(i / 10000) - confidence.temper((i - 1) / 10000)
  rises, close = rises and step > 0, close and step < 1.001e-4
end
for _, knot in ipairs { 0.6, 0.7, 0.9 } do
  for i = -20, 20 do
    local x = knot + i * 2 ^ -53
    rises = rises and confidence.temper(x + 2 ^ -53) >= confidence.temper(x)
  end
end
ok(rises, "what was more certain stays so")
ok(close, "and there is no step")

local within, monotone, symmetric = true, true, true
for _ = 1, 20000 do
  local a, b, c = drawn(), drawn(), drawn()
  local low, high = math.min(a, b), math.max(a, b)
  for _, f in ipairs { confidence.both, confidence.either, confidence.bayes } do
    local x = f(a, c)
    within = within and x >= 0 and x <= 1
    symmetric = symmetric and x == f(c, a)
  end
  for _, f in ipairs { confidence.both, confidence.either } do
    monotone = monotone and f(low, c) <= f(high, c)
  end
  monotone = monotone and confidence.negation(low) >= confidence.negation(high)
    and confidence.both(a, c) <= confidence.either(a, c) + 1e-16
end
ok(within, "results stay in 0 .. 1, whatever is rounded")
ok(symmetric, "and do not know which came first")
ok(monotone, "more certain parts make a whole that is no less certain")

-- ---- paths and evidence

local one, two = { confidence = 0.6, hops = 1 }, { confidence = 0.5, hops = 1, tier = "warm" }
near(confidence.path(one), 0.42281, 5e-6, "a path of one hop")
near(confidence.path(two), 0.33473, 5e-6, "one through a warm tier")
near(confidence.path { confidence = 0.5, tier = "cold" }, 0.45, 1e-15, "one in a cold tier, no hop")
is(confidence.path { confidence = 0.5, weight = 3 }, 1, "no path is more than certain")
near(confidence.paths { one, two }, 0.61601, 5e-6, "both together")
near(confidence.paths { { confidence = 0.5 }, { confidence = 0.00102 } }, 1 - 0.5 * 0.99898, 1e-15,
  "a path of 0.001 counts")
is(confidence.paths { { confidence = 0.5 }, { confidence = 0.00099 } }, 0.5, "a fainter one does not")
is(confidence.paths { two, one }, confidence.paths { one, two }, "in either order")
is(confidence.paths {}, 0.001, "without a path a little is left")
is(confidence.paths { { confidence = 0.0009 } }, 0.001, "and with a faint one")

local tenths = {}
for i = 1, 12 do tenths[i] = 0.1 end
near(confidence.noisy_or(tenths), 1 - 0.9 ^ 12, 1e-15, "noisy-or takes all")
near(confidence.noisy_or(tenths, { most = 8 }), 1 - 0.9 ^ 8, 1e-15, "or as many as is said")
near(confidence.noisy_or({ 0.1, 0.9, 0.5 }, { most = 2 }), 0.95, 1e-15, "the largest")
near(confidence.noisy_or({ 0.1, 0.9, 0.5 }, { skip = 0.5 }), 0.95, 1e-15,
  "without those below a limit")
is(confidence.noisy_or({ 0.1 }, { least = 0.3 }), 0.3, "but so much at least")
ok(confidence.noisy_or {} == 0 and confidence.noisy_or { 1, 0.5 } == 1, "of nothing it is 0")
local values = { 0.3, 0.7 }
confidence.noisy_or(values)
is(values[1], 0.3, "values stay in their order")
local paths = {}
for i = 1, 12 do paths[i] = { confidence = 0.1 } end
near(confidence.paths(paths), 1 - 0.9 ^ 8, 1e-15, "of paths the 8 best count")

local order, largest = true, true
for _ = 1, 500 do
  local list, other = {}, {}
  for i = 1, 1 + r:below(20) do list[i] = drawn() end
  for i = 1, #list do table.insert(other, 1 + r:below(i), list[i]) end
  local p = confidence.noisy_or(list)
  order = order and p == confidence.noisy_or(other)
  largest = largest and p >= math.max(unpack(list)) - 1e-16 and p <= 1
end
ok(order, "noisy-or has the same bits in every order")
ok(largest, "and is no less than the largest")

near(confidence.evidence { { source = "a", confidence = 0.5 }, { source = "b", confidence = 0.4 },
  { source = "a", confidence = 0.6 } }, 1 - 0.4 * 0.6, 1e-15,
  "a source counts once, by its best")
is(confidence.evidence {}, 0, "no evidence, no confidence")
is(confidence.evidence { { source = 1, confidence = 0.3 }, { source = 1, confidence = 0.3 } },
  1 - (1 - 0.3), "who says it twice is not more certain")

-- ---- bands

local function ends(b) return { b.lower, b.point, b.upper } end
near_all(ends(confidence.band(0.6, 0.1)), { 0.54, 0.6, 0.66 }, 1e-15, "a band around 0.6")
near_all(ends(confidence.band(0.9, 5)), { 0.8, 0.9, 1 }, 1e-15, "has the same room on both sides")
near_all(ends(confidence.band_of { 0.5, 0.7 }), { 0.54, 0.6, 0.66 }, 1e-15,
  "the spread of values is its uncertainty")
near_all(ends(confidence.band_of({ 0, 1 }, 0.3)), { 0.35, 0.5, 0.65 }, 1e-15, "up to a limit")
near_all(ends(confidence.band_of { 0, 1 }), { 0.25, 0.5, 0.75 }, 1e-15, "or without one")
local left, right = confidence.band(0.6, 0.1), confidence.band(0.5, 0.2)
near_all(ends(confidence.both(left, right)), { 0.54 * 0.4, 0.3, 0.66 * 0.6 }, 1e-15,
  "both of two bands")
near_all(ends(confidence.either(left, right)), { 1 - 0.46 * 0.6, 0.8, 1 - 0.34 * 0.4 }, 1e-15,
  "either")
near_all(ends(confidence.negation(left)), { 0.34, 0.4, 0.46 }, 1e-15, "negation swaps the ends")
near_all(ends(confidence.both(left, 0.5)), { 0.27, 0.3, 0.33 }, 1e-15,
  "a number is a band without width")

local held = true
local function holds(b)
  held = held and 0 <= b.lower and b.lower <= b.point and b.point <= b.upper and b.upper <= 1
end
for _ = 1, 20000 do
  local a, b = confidence.band(drawn(), 2 * drawn()), confidence.band(drawn(), drawn())
  holds(a)
  holds(confidence.both(a, b))
  holds(confidence.either(a, b))
  holds(confidence.negation(a))
  holds(confidence.either(a, drawn()))
  holds(confidence.band_of { drawn(), drawn(), drawn() })
  local mean = confidence.mean({ drawn(), 1, 1 - 2 ^ -53 }, { drawn(), r:uniform(), r:uniform() })
  held = held and mean >= 0 and mean <= 1
end
ok(held, "0 <= lower <= point <= upper <= 1, whatever is rounded")

-- ---- calibration

local predicted, outcomes = {}, {}
for i = 1, 100 do predicted[i], outcomes[i] = 0.75, i <= 75 end
is(confidence.calibration(predicted, outcomes).error, 0, "three of four at 0.75 is no error")
for i = 1, 100 do outcomes[i] = i <= 50 end
local result = confidence.calibration(predicted, outcomes)
is(result.error, 0.25, "two of four is one of 0.25")
local bin = result.bins[8]
is(("%g %g %d %g %g"):format(bin.lower, bin.upper, bin.count, bin.predicted, bin.right),
  "0.7 0.8 100 0.75 0.5", "a bin tells what it holds")
is(#result.bins, 10, "there are ten")
result = confidence.calibration({ 0, 0.125, 1, 0.5 }, { false, true, true, true }, 2)
is(("%d %d %g"):format(result.bins[1].count, result.bins[2].count, result.error), "2 2 0.34375",
  "or as many as wanted, the last with its upper end")
result = confidence.calibration({ 0.25 }, { true }, 1)
bin = result.bins[1]
ok(bin.predicted == 0.25 and bin.right == 1 and result.error == 0.75, "one bin may hold one prediction")
is(confidence.calibration({}, {}).error, 0, "of no predictions there is no error")
predicted, outcomes = {}, {}
for i = 1, 20000 do
  predicted[i] = r:uniform()
  outcomes[i] = r:uniform() < predicted[i]
end
ok(confidence.calibration(predicted, outcomes).error < 0.05, "an honest forecaster is calibrated")
for i = 1, 20000 do predicted[i] = math.min(1, predicted[i] * 1.3) end
ok(confidence.calibration(predicted, outcomes).error > 0.1, "a boaster is not")

-- ---- misuse

refuses(function() confidence.is_high(2) end,
  "bad argument #1 to 'confidence.is_high' (a number in 0 .. 1 expected, got number 2)",
  "a confidence is 1 at most")
refuses(function() confidence.is_low "x" end,
  [[bad argument #1 to 'confidence.is_low' (a number in 0 .. 1 expected, got string "x")]],
  "and a number")
refuses(function() confidence.both(0.5, -0.1) end,
  "bad argument #2 to 'confidence.both' (a number in 0 .. 1 expected, got number -0.1)",
  "from 0 on")
refuses(function() confidence.either(0 / 0, 1) end,
  "bad argument #1 to 'confidence.either' (a number in 0 .. 1 expected, got number nan)",
  "NaN is none")
refuses(function() confidence.both(0.5, { point = 0.5 }) end,
  "bad argument 'lower' to 'confidence.both' (a number in 0 .. 1 expected, got nil)",
  "a band has its ends")
refuses(function() confidence.negation { lower = 0.5, point = 0.4, upper = 0.6 } end,
  "bad argument #1 to 'confidence.negation' (a band with lower <= point <= upper expected, got table)",
  "in order")
refuses(function() confidence.mean { 0.5, 3 } end,
  "bad argument #1 to 'confidence.mean' (a number in 0 .. 1 at 2 expected, got number 3)",
  "a list tells where it is wrong")
refuses(function() confidence.mean(0.5) end,
  "bad argument #1 to 'confidence.mean' (a table of confidences expected, got number 0.5)",
  "a mean is of a table")
refuses(function() confidence.mean({ 0.5 }, { 1, 2 }) end,
  "bad argument #2 to 'confidence.mean' (1 weights expected, got table)", "with a weight for each")
refuses(function() confidence.mean({ 0.5 }, { -1 }) end,
  "bad argument #2 to 'confidence.mean' (a number >= 0 expected, got number -1)",
  "which is not negative")
refuses(function() confidence.bayes(0.5) end,
  "bad argument #2 to 'confidence.bayes' (a number in 0 .. 1 expected, got nil)",
  "witnesses are two")
refuses(function() confidence.temper(1.1) end,
  "bad argument #1 to 'confidence.temper' (a number in 0 .. 1 expected, got number 1.1)",
  "overconfidence has a limit")
refuses(function() confidence.noisy_or({}, { floor = 1 }) end,
  "unknown option 'floor' to 'confidence.noisy_or' (known: least, most, skip)",
  "options are known")
refuses(function() confidence.noisy_or({}, { most = -1 }) end,
  "bad argument 'most' to 'confidence.noisy_or' (a count expected, got number -1)",
  "most is a count")
refuses(function() confidence.noisy_or({}, { skip = 2 }) end,
  "bad argument 'skip' to 'confidence.noisy_or' (a number in 0 .. 1 expected, got number 2)",
  "skip is a confidence")
refuses(function() confidence.noisy_or({}, { least = 2 }) end,
  "bad argument 'least' to 'confidence.noisy_or' (a number in 0 .. 1 expected, got number 2)",
  "and so is least")
refuses(function() confidence.path { confidence = 0.5, tier = "lukewarm" } end,
  [[bad argument 'tier' to 'confidence.path' ("hot", "warm" or "cold" expected, got string "lukewarm")]],
  "tiers are known")
refuses(function() confidence.path { confidence = 0.5, hops = -1 } end,
  "bad argument 'hops' to 'confidence.path' (a number >= 0 expected, got number -1)",
  "hops are not negative")
refuses(function() confidence.path { confidence = 0.5, weight = 1 / 0 } end,
  "bad argument 'weight' to 'confidence.path' (a number >= 0 expected, got number inf)",
  "a weight is finite")
refuses(function() confidence.path {} end,
  "bad argument 'confidence' to 'confidence.path' (a number in 0 .. 1 expected, got nil)",
  "a path begins with a confidence")
refuses(function() confidence.paths(1) end,
  "bad argument #1 to 'confidence.paths' (a table of paths expected, got number 1)",
  "paths are a list")
refuses(function() confidence.evidence { { confidence = 1 } } end,
  "bad argument #1 to 'confidence.evidence' ({ source =, confidence = } at 1 expected, got table)",
  "evidence has a source")
refuses(function() confidence.evidence { { source = 1 } } end,
  "bad argument 'confidence' to 'confidence.evidence' (a number in 0 .. 1 expected, got nil)",
  "and a confidence")
refuses(function() confidence.evidence(1) end,
  "bad argument #1 to 'confidence.evidence' (a table of { source =, confidence = } expected, got number 1)",
  "and is a list")
refuses(function() confidence.band(0.5, -1) end,
  "bad argument #2 to 'confidence.band' (a number >= 0 expected, got number -1)",
  "uncertainty is not negative")
refuses(function() confidence.band_of {} end,
  "bad argument #1 to 'confidence.band_of' (a confidence at least expected, got table)",
  "a band is of something")
refuses(function() confidence.band_of({ 0.5 }, -1) end,
  "bad argument #2 to 'confidence.band_of' (a number >= 0 expected, got number -1)",
  "its limit is not negative")
refuses(function() confidence.calibration({ 0.5 }, {}) end,
  "bad argument #2 to 'confidence.calibration' (a table of 1 outcomes expected, got table)",
  "each prediction has an outcome")
refuses(function() confidence.calibration({ 0.5 }, { 1 }) end,
  "bad argument #2 to 'confidence.calibration' (true or false at 1 expected, got number 1)",
  "which is true or false")
refuses(function() confidence.calibration({}, {}, 0) end,
  "bad argument #3 to 'confidence.calibration' (a count of at least 1 expected, got number 0)",
  "there is one bin at least")

support.done()
