-- statistics.lua: statistics of numbers, against what is known of them and what always holds.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local s = engram.statistics

-- ---- middle and spread

is(s.mean { 1, 2, 3, 4 }, 2.5, "the mean of four")
is(s.mean { 1, 1e100, 1, -1e100 }, 0.5, "a mean loses nothing to what cancels")
is(s.mean { -1e100, 1, 1e100, 1 }, 0.5, "in either order")
local tenths = {}
for i = 1, 49 do tenths[i] = 0.1 end
ok(s.mean(tenths) == 0.1 and s.variance(tenths) == 0, "equals have themselves as mean, and no variance")
is(s.variance { 2, 4, 4, 4, 5, 5, 7, 9 }, 32 / 7, "the variance is divided by n - 1")
is(s.variance { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 }, 30, "far from 0 it loses nothing")
is(s.deviation { 1, 5 }, math.sqrt(8), "the deviation is its root")
is(s.median { 5, 1, 3 }, 3, "the median of three")
is(s.median { 4, 1, 3, 2 }, 2.5, "the median of four")
is(s.median { 7 }, 7, "the median of one")
is(s.median { -1e308, 1e308 }, 0, "the middle of numbers far apart is in range")
is(s.mad { 1, 1, 2, 2, 4, 6, 9 }, 1, "the median absolute deviation")
is(s.mad { 0, 2 }, 1, "it is not scaled")

-- R: quantile(c(15, 20, 35, 40, 50), c(0, .05, .3, .4, .5, 1), type = 7)
near_all(s.quantile({ 40, 15, 50, 35, 20 }, { 0, 0.05, 0.3, 0.4, 0.5, 1 }),
  { 15, 16, 23, 29, 35, 50 }, 1e-14, "quantiles are those of type 7")
is(s.quantile({ 1, 2, 3, 4 }, 0.25), 1.75, "one alone is a number")
is(s.quantile({ 0.3, 0.3, 0.3 }, 0.123), 0.3, "between equals there is nothing else")
is(#s.quantile({ 1 }, {}), 0, "no shares are no quantiles")

-- ---- what is taken

local floats = ffi.new("float[4]", 1, 2, 3, 4)
local doubles = ffi.new("double[?]", 4, 1, 2, 3, 4)
is(s.mean(engram.vec { 1, 2, 3, 4 }), 2.5, "a vec is a sample")
is(s.mean(floats), 2.5, "so is an array of floats")
is(s.mean(doubles), 2.5, "and one of doubles, whose length was given when it was made")
local kept = { 3, 1, 2 }
s.median(kept)
is(table.concat(kept, " "), "3 1 2", "a sample stays as it is")

refuses(function() s.mean {} end,
  "bad argument #1 to 'statistics.mean' (at least one number expected, got number 0)",
  "nothing has no mean")
refuses(function() s.median(engram.vec(0)) end, "(at least one number expected", "and no median")
refuses(function() s.variance { 1 } end,
  "bad argument #1 to 'statistics.variance' (at least 2 numbers expected, got number 1)",
  "one number has no variance")
refuses(function() s.deviation { 1 } end, "'statistics.deviation' (at least 2 numbers",
  "and no deviation")
refuses(function() s.mad { 1, 0 / 0 } end, "'statistics.mad' (a finite number at 2 expected",
  "NaN is refused where it stands")
refuses(function() s.quantile({ 1, 1 / 0 }, 0.5) end,
  "'statistics.quantile' (a finite number at 2 expected, got number inf)", "so is an infinity")
refuses(function() s.mean { 1, "2" } end, "(a number at 2 expected, got string \"2\")",
  "text is no number")
refuses(function() s.mean(5) end,
  "(a vec, a table of numbers, or an array of double or float expected, got number 5)",
  "a number is no sample")
refuses(function() s.mean(ffi.new "int[3]") end, "array of double or float expected, got cdata",
  "other arrays are none")
refuses(function() s.mean(ffi.cast("double *", doubles)) end, "or float expected, got cdata",
  "a pointer, which has no length, is none")
refuses(function() s.mean { 1e308, 1e308 } end,
  "statistics.mean: the sum is beyond the range of a number", "a sum out of range is said")
refuses(function() s.quantile({ 1 }, 1.5) end,
  "bad argument #2 to 'statistics.quantile' (a number in 0 .. 1 expected, got number 1.5)",
  "a share is at most 1")
refuses(function() s.quantile({ 1 }, { 0.5, -1 }) end, "(a number in 0 .. 1 expected, got number -1)",
  "in a list too")

-- ---- pairs

is(s.rmsd({ 1, 2, 3 }, { 1, 4, 7 }), math.sqrt(20 / 3), "rmsd")
is(s.correlation({ 1, 2, 3 }, { 2, 4, 6 }), 1, "what grows alike correlates by 1")
is(s.correlation({ 1, 2, 3 }, { 3, 2, 1 }), -1, "what grows against it by -1")
is(s.correlation({ 1, 2, 3, 4 }, { 1, -1, -1, 1 }), 0, "what has nothing to do with it by 0")
-- Exactly 3 / sqrt(10 * 2): deviations -1 .. , by hand.
near(s.correlation({ 1, 2, 3, 4, 5 }, { 1, 2, 1, 2, 2 }), 2 / math.sqrt(10 * 1.2), 1e-15,
  "one between")
is(s.correlation({ 1e-200, 2e-200, 3e-200 }, { 1e300, 2e300, 3e300 }), 1,
  "tiny and huge numbers correlate")
is(s.correlation({ 1, 2, 3, 4 }, { 1, 10, 100, 1000 }, { method = "spearman" }), 1,
  "by ranks only the order counts")
-- Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
near(s.correlation({ 1, 2, 2, 3 }, { 1, 2, 3, 4 }, { method = "spearman" }), math.sqrt(0.9), 1e-15,
  "equals share their rank")
near(s.correlation({ 0, -0 * 1, 1 }, { 1, 2, 3 }, { method = "spearman" }), math.sqrt(0.75), 1e-15,
  "0 and -0 are equals")
refuses(function() s.correlation({ 1, 2 }, { 1, 2, 3 }) end,
  "bad argument #2 to 'statistics.correlation' (2 numbers expected, got number 3)",
  "a pair has two ends")
refuses(function() s.correlation({ 1, 2 }, { 5, 5 }) end,
  "bad argument #2 to 'statistics.correlation' (numbers that differ expected, got number 5)",
  "what does not change correlates with nothing")
refuses(function() s.correlation({ 1 }, { 5 }) end, "(at least 2 numbers expected, got number 1)",
  "nor does one pair")
refuses(function() s.correlation({ 1, 2 }, { 1, 2 }, { method = "kendall" }) end,
  "bad argument 'method' to 'statistics.correlation' (\"pearson\" or \"spearman\" expected, got "
    .. "string \"kendall\")", "there are two methods")
refuses(function() s.rmsd({}, {}) end, "'statistics.rmsd' (at least one number expected",
  "nothing differs from nothing by no amount")

-- ---- bootstrap

local low, high = s.bootstrap(s.mean, { 4 })
ok(low == 4 and high == 4, "of one number there is one mean")
local rng, normal = engram.rng(7), {}
for i = 1, 50 do normal[i] = rng:normal() end
low, high = s.bootstrap(s.median, normal)
local low_again, high_again = s.bootstrap(s.median, normal, { seed = 1, resamples = 2000, level = 0.99 })
ok(low == low_again and high == high_again and low < high, "the same seed gives the same interval")
ok(low <= s.median(normal) and s.median(normal) <= high, "which has the median in it")
low_again, high_again = s.bootstrap(s.median, engram.vec(normal), { level = 0.5 })
ok(low < low_again and high_again < high, "a lower level gives a narrower one")
low_again = s.bootstrap(s.mean, normal, { seed = 2 })
ok(low_again ~= s.bootstrap(s.mean, normal), "another seed another one")
local function difference(a, b) return s.median(a) - s.median(b) end
low, high = s.bootstrap(difference, { 11, 12, 13, 14 }, { 1, 2, 3, 4 }, { level = 0.95 })
ok(low >= 7 and high <= 13 and low < 10 and high > 10, "two samples are drawn from, each for itself")
-- Of {0, 1} the mean of a resample is 0, 1/2, 1 by chances of 1/4, 1/2, 1/4.
local seen = { [0] = 0, [0.5] = 0, [1] = 0 }
s.bootstrap(function(x)
  local mean = s.mean(x)
  seen[mean] = seen[mean] + 1
  return mean
end, { 0, 1 }, { resamples = 4000 })
ok(math.abs(seen[0] - 1000) < 150 and math.abs(seen[0.5] - 2000) < 150,
  "resamples come as often as they should")
low, high = s.bootstrap(function(pairs_of)
  local x, y = {}, {}
  for i, one in ipairs(pairs_of) do x[i], y[i] = one[1], one[2] end
  return s.rmsd(x, y)
end, { { 1, 2 }, { 2, 4 }, { 3, 5 } })
ok(low == 1 and high == 2, "elements may be pairs")

-- Two of these in a hundred miss: 99 % of intervals have the mean in them.
local missed = 0
for seed = 1, 100 do
  local r, x = engram.rng(seed), {}
  for i = 1, 30 do x[i] = r:uniform() end
  low, high = s.bootstrap(s.mean, x, { resamples = 200 })
  if not (low <= 0.5 and 0.5 <= high) then missed = missed + 1 end
end
ok(missed <= 6, "the interval has the true mean in it about as often as it says")

refuses(function() s.bootstrap(s.mean, {}) end,
  "bad argument #2 to 'statistics.bootstrap' (at least one element expected, got number 0)",
  "nothing can be drawn from nothing")
refuses(function() s.bootstrap(s.mean, { 1, 0 / 0 }) end, "#2 to 'statistics.bootstrap' (a finite number at 2",
  "NaN is refused")
refuses(function() s.bootstrap(difference, { 1 }, {}, {}) end, "#3 to 'statistics.bootstrap' (at least one",
  "an empty second sample too")
refuses(function() s.bootstrap(difference, { 1 }, 5) end,
  "#3 to 'statistics.bootstrap' (a vec, a table of numbers", "and what is none")
refuses(function() s.bootstrap({ 1 }, s.mean) end,
  "bad argument #1 to 'statistics.bootstrap' (a function expected, got table)",
  "the statistic comes first")
refuses(function() s.bootstrap(function() return 0 / 0 end, { 1 }) end,
  "bad argument #1 to 'statistics.bootstrap' (a statistic that gives finite numbers expected",
  "a statistic gives numbers")
refuses(function() s.bootstrap(s.mean, { 1 }, { level = 1 }) end,
  "'level' to 'statistics.bootstrap' (a number between 0 and 1 expected, got number 1)", "no level of 1")
refuses(function() s.bootstrap(s.mean, { 1 }, { resamples = 0 }) end,
  "'resamples' to 'statistics.bootstrap' (a count of at least 1 expected, got number 0)", "no resamples")
refuses(function() s.bootstrap(s.mean, { 1 }, { seed = -1 }) end,
  "'seed' to 'statistics.bootstrap' (a whole number expected, got number -1)", "no seed below 0")
refuses(function() s.bootstrap(s.mean, { 1 }, { levels = 1 }) end,
  "unknown option 'levels' to 'statistics.bootstrap' (known: level, resamples, seed)",
  "unknown options are said")

-- ---- permutation

local p, exact = s.permutation({ 1, 2, 3 }, { 4, 5, 6 })
ok(p == 2 / 20 and exact, "2 of 20 ways are as far apart: exact")
is(s.permutation({ 1, 2, 3 }, { 4, 5, 6 }, { alternative = "less" }), 1 / 20, "one as small")
is(s.permutation({ 1, 2, 3 }, { 4, 5, 6 }, { alternative = "greater" }), 1, "all as large")
is(s.permutation({ 5 }, { 5, 5 }), 1, "equals are never apart")
is(s.permutation({ 0.1, 0.2, 0.3 }, { 0.1, 0.2, 0.3 }), 1, "nor are samples with one mean")
-- 3 + 1 of 5: means 9 - 2.5 the largest in one way of five.
is(s.permutation({ 9 }, { 1, 2, 3, 4 }, { alternative = "greater" }), 1 / 5, "unequal sizes")
is(s.permutation({ 1, 2, 3, 4 }, { 9 }, { alternative = "less" }), 1 / 5, "either way round")
is(s.permutation({ 1, 2, 30 }, { 4, 5, 6 }, { statistic = difference, alternative = "less" }), 4 / 20,
  "by another statistic")

local x, y = {}, {}
for i = 1, 12 do x[i], y[i] = i, i + 4 end
local sampled, whole = s.permutation(x, y, { resamples = 20000 })
local every, all = s.permutation(x, y, { resamples = 3e6 })
ok(not whole and all and math.abs(sampled - every) < 0.006,
  "what is sampled is near what is exact")
is(s.permutation(x, y, { resamples = 20000 }), sampled, "the same seed gives the same p")
ok(s.permutation(x, y, { resamples = 20000, seed = 5 }) ~= sampled, "another seed another one")
for i = 1, 12 do y[i] = i + 1000 end
is(s.permutation(x, y, { resamples = 99 }), 1 / 100, "p is never 0")

refuses(function() s.permutation({}, { 1 }) end,
  "bad argument #1 to 'statistics.permutation' (at least one element expected", "nothing to permute")
refuses(function() s.permutation({ 1 }, { 1 }, { alternative = "more" }) end,
  "'alternative' to 'statistics.permutation' (\"two-sided\", \"greater\" or \"less\" expected",
  "three alternatives")
refuses(function() s.permutation({ 1 }, { 1 }, { statistic = 3 }) end,
  "'statistic' to 'statistics.permutation' (a function expected, got number 3)", "a statistic is a function")
refuses(function() s.permutation({ 1 }, { 1 }, { statistic = tostring }) end,
  "'statistic' to 'statistics.permutation' (a statistic that gives finite numbers expected, got string",
  "that gives numbers")

-- ---- what always holds, of samples at random

local function by_rank(list, p_of)
  local copy = { unpack(list) }
  table.sort(copy)
  local place = (#copy - 1) * p_of + 1
  local below = math.floor(place)
  return copy[below] + (place - below) * ((copy[below + 1] or copy[below]) - copy[below])
end
local good = { rank = true, shift = true, order = true, correlation = true }
for seed = 1, 200 do
  local r = engram.rng(seed)
  local n = r:below(60) + 2
  local a, b, shifted, turned = {}, {}, {}, {}
  for i = 1, n do
    a[i] = r:below(2) == 0 and r:below(20) or r:normal()
    b[i], shifted[i] = r:normal(), 3 * a[i] + 4
  end
  for i = 1, n do turned[i] = a[n + 1 - i] end
  local share = r:uniform()
  good.rank = good.rank and math.abs(s.quantile(a, share) - by_rank(a, share)) < 1e-13
    and math.abs(s.median(a) - by_rank(a, 0.5)) < 1e-13
  good.shift = good.shift and math.abs(s.mean(shifted) - 3 * s.mean(a) - 4) < 1e-12
    and math.abs(s.deviation(shifted) - 3 * s.deviation(a)) < 1e-12
    and math.abs(s.mad(shifted) - 3 * s.mad(a)) < 1e-12
  good.order = good.order and s.mean(turned) == s.mean(a) and s.median(turned) == s.median(a)
  if s.deviation(a) > 0 then
    local c = s.correlation(a, b)
    good.correlation = good.correlation and c == s.correlation(b, a)
      and math.abs(s.correlation(shifted, b) - c) < 1e-12 and math.abs(c) <= 1
  end
end
ok(good.rank, "quantiles and medians are what sorting finds")
ok(good.shift, "means, deviations and MADs move with their numbers")
ok(good.order, "the order of numbers changes neither mean nor median")
ok(good.correlation, "correlation is symmetric, and does not mind scales")

support.done()
