-- elementary.lua: exp, log, pow and erfc, random numbers, hashes: the same on every machine.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local M, rng = engram.math, engram.rng
local huge, nan = math.huge, 0 / 0

-- ---- exp, log, pow

-- Whether f and its counterpart in the C library agree within a few units in the last place.
local function agrees(f, reference, values)
  local worst, at = 0, nil
  for _, x in ipairs(values) do
    local got, expected = f(x), reference(x)
    local difference = math.abs(got - expected) / math.max(math.abs(expected), 1e-300)
    if difference > worst or difference ~= difference then worst, at = difference, x end
  end
  if worst > 1e-15 then tap.note(("differs by %g at %.17g"):format(worst, at)) end
  return worst <= 1e-15
end

local values, positive = {}, {}
for i = 1, 500 do
  values[i] = (i - 250) * 2.7 + 0.1234567
  positive[i] = 2 ^ ((i - 250) * 4) * (1 + i / 501)
end
ok(agrees(M.exp, math.exp, values), "exp is within a few units in the last place")
ok(agrees(M.log, math.log, positive), "log is within a few units in the last place")
ok(agrees(function(x) return M.pow(x, 0.37) end, function(x) return x ^ 0.37 end, positive),
  "pow is within a few units in the last place")
ok(agrees(function(x) return M.pow(1.01, x) end, function(x) return 1.01 ^ x end, values),
  "whatever its exponent")

near(M.exp(1), 2.718281828459045, 5e-16, "exp(1) is e")
ok(M.exp(0) == 1 and M.log(1) == 0 and M.pow(2, 10) == 1024 and M.sqrt(2) == math.sqrt(2),
  "exact results are exact")
ok(M.exp(huge) == huge and M.exp(-huge) == 0 and M.exp(710) == huge and M.exp(-746) == 0,
  "exp leaves the range as infinity and 0")
ok(M.log(0) == -huge and M.log(huge) == huge and M.log(-1) ~= M.log(-1),
  "log of 0, infinity and -1 is C's")
ok(M.exp(nan) ~= M.exp(nan) and M.log(nan) ~= M.log(nan) and M.pow(nan, 1) ~= M.pow(nan, 1),
  "NaN gives NaN")
ok(M.pow(nan, 0) == 1 and M.pow(1, nan) == 1 and M.pow(0, 0) == 1,
  "x^0 and 1^y are 1 for all x and y")
ok(M.pow(-2, 3) == -8 and M.pow(-2, 0.5) ~= M.pow(-2, 0.5),
  "a negative base wants a whole exponent")
ok(M.pow(0, -1) == huge and M.pow(huge, -1) == 0 and M.pow(0.5, huge) == 0 and M.pow(2,
  2000) == huge,
  "pow of 0 and infinity is C's")
ok(M.pow(10, 3) == 1000 and M.pow(9, 0.5) == 3, "small whole results are whole")
ok(M.clamp(2, 0, 1) == 1 and M.clamp(-2, 0, 1) == 0 and M.clamp(0.3, 0, 1) == 0.3,
  "clamp keeps what lies in the range and takes the nearer end else")
ok(M.clamp(nan, 0, 1) ~= M.clamp(nan, 0, 1), "NaN is not clamped")
refuses(function() M.clamp(1, "x", 2) end,
  [[bad argument #2 to 'math.clamp' (a number expected, got string "x")]], "ends are numbers")
is(M.sigmoid(0), 0.5, "sigmoid is one half at its threshold")
is(M.sigmoid(3, 3, 0.1), 0.5, "wherever that is")
near(M.sigmoid(1, 0.4, 0.5), 1 / (1 + math.exp(-1.2)), 1e-15, "sigmoid divides by the temperature")

-- ---- erfc, against values to 16 digits

local far = 0
for _, pair in ipairs { { 0, 1 }, { 0.1, 0.8875370839817152 }, { 0.5, 0.4795001221869535 },
  { 1, 0.15729920705028513 }, { 1.5, 0.033894853524689274 }, { 1.9999, 0.004679802092970608 },
  { 2, 0.004677734981047266 }, { 3, 2.209049699858544e-05 }, { 5, 1.5374597944280351e-12 },
  { 10, 2.088487583762545e-45 }, { 26, 5.663192408856143e-296 }, { -1, 1.8427007929497148 } } do
  far = math.max(far, math.abs(M.erfc(pair[1]) / pair[2] - 1))
end
ok(far < 1e-13, "erfc has 13 digits in its series, its fraction, and below 0")
if far >= 1e-13 then tap.note(("off by %g"):format(far)) end
ok(M.erfc(huge) == 0 and M.erfc(-huge) == 2 and M.erfc(nan) ~= M.erfc(nan) and M.erfc(28) == 0,
  "erfc of infinity is 0 or 2, of NaN NaN")
refuses(function() M.erfc "x" end,
  "bad argument #1 to 'math.erfc' (a number expected, got string \"x\")", "erfc wants a number")

-- ---- random numbers: SplitMix64, whose first outputs for this seed are published

local first = { 6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
  4593380528125082431ULL,
  16408922859458223821ULL }
local r, same = rng(1234567), true
for i = 1, 5 do same = same and r:uniform() == tonumber(first[i] / 2048ULL) * 2 ^ -53 end
ok(same, "uniform gives the upper 53 bits of SplitMix64")

local function drawn(n, draw)
  local list = {}
  for i = 1, n do list[i] = draw() end
  return list
end
r = rng(42)
is(table.concat(drawn(8, function() return r:below(1000) end), " "),
  "741 159 278 344 38 868 218 800",
  "below gives these numbers first")
r = rng(42)
is(table.concat(drawn(6, function() return r:below(3 * 2 ^ 30) end), " "),
  "2388747676 515107430 897437057 1108715903 122503747 2796758395",
    "below gives these large numbers first")
r = rng(42)
near_all(drawn(4, function() return r:normal() end),
  { 0.49295065581737485, -1.2810773478777024, -0.6018779810957331, -1.5423606818352653 }, 1e-15,
  "normal gives these numbers first")
near_all(rng(7):fill_uniform(engram.vec(4)),
  { 0.38982969522476196, 0.016788244247436523, 0.9007606506347656, 0.5829302668571472 }, 0,
  "fill_uniform gives the upper 24 bits")
ok(rng(9):uniform() == rng(9):uniform() and rng(9):uniform() ~= rng(10):uniform(),
  "the seed is all that counts")
ok(rng(3):fill_normal(engram.matrix(2, 3)):row(2) == rng(3):fill_normal(engram.matrix(3, 3)):row(2),
  "a matrix is filled row by row")

local DRAWS = 30000
r = rng(11)
local sum, least, most = 0, 1, 0
for _ = 1, DRAWS do
  local x = r:uniform()
  sum, least, most = sum + x, math.min(least, x), math.max(most, x)
end
ok(least >= 0 and most < 1 and least < 0.001 and most > 0.999, "uniform covers [0, 1)")
near(sum / DRAWS, 0.5, 5 / math.sqrt(12 * DRAWS), "the mean of uniform is one half")

-- Of 3 * 2^30 numbers every third would come twice as often, if nothing were drawn again.
local thirds = { [0] = 0, 0, 0 }
for _ = 1, DRAWS do
  local x = r:below(3 * 2 ^ 30)
  thirds[x % 3] = thirds[x % 3] + 1
end
local deviation = 5 * math.sqrt(DRAWS * 2 / 9)
for i = 0, 2 do near(thirds[i], DRAWS / 3, deviation,
  ("below favours no residue, not %d of 3"):format(i)) end
is(r:below(1), 0, "below 1 there is only 0")

local moments = { 0, 0, 0, 0 }
for _ = 1, DRAWS do
  local x, power = r:normal(), 1
  for i = 1, 4 do
    power = power * x
    moments[i] = moments[i] + power / DRAWS
  end
end
near(moments[1], 0, 5 / math.sqrt(DRAWS), "the mean of normal is 0")
near(moments[2], 1, 5 * math.sqrt(2 / DRAWS), "its variance is 1")
near(moments[3], 0, 5 * math.sqrt(15 / DRAWS), "it leans to no side")
near(moments[4], 3, 5 * math.sqrt(96 / DRAWS), "its tails are those of the normal distribution")

is(tostring(rng(5)), "rng at 5", "a generator shows its state")

-- ---- hashes

is(engram.hash "", 2537880150861722, "the hash of nothing")
is(engram.hash "cat", 4624843162119013, "of a word")
is(engram.hash("cat", 1), 7499937335342552, "with another seed")
is(engram.hash "abcdefgh", 3606580650924430, "of eight bytes")
is(engram.hash("the quick brown fox", 42), 4771652198254877,
  "and of a sentence are the same everywhere")
is(engram.hash "a\0b", 6428334859355805, "a zero byte counts like others")

-- ---- misuse

refuses(function() rng(-1) end,
  "bad argument #1 to 'engram.rng' (a whole number expected, got number -1)",
  "a seed is not negative")
refuses(function() rng "x" end,
  [[bad argument #1 to 'engram.rng' (a whole number expected, got string "x")]],
  "a seed is a number")
refuses(function() r:below(0) end,
  "bad argument #1 to 'rng:below' (a count of at least 1 expected, got number 0)",
  "nothing is below 0")
refuses(function() r:below(2 ^ 32) end, "(a count of at least 1 expected, got number 4294967296)",
  "below takes 32 bits")
refuses(function() r:fill_uniform {} end,
  "bad argument #1 to 'rng:fill_uniform' (a vec or a matrix expected, got table)",
    "fill_uniform wants a vec")
refuses(function() r:fill_normal() end,
  "bad argument #1 to 'rng:fill_normal' (a vec or a matrix expected, got nil)",
  "fill_normal wants a vec")
refuses(function() engram.hash(1) end,
  "bad argument #1 to 'engram.hash' (a string expected, got number 1)",
  "hash wants a string")
refuses(function() engram.hash("x", "y") end,
  [[bad argument #2 to 'engram.hash' (a whole number expected, got string "y")]],
  "and a number as seed")
for _, name in ipairs { "uniform", "normal", "below", "fill_uniform", "fill_normal" } do
  refuses(function() local _ = r[name](1) end,
    ("call it as rng:%s(...), with a colon"):format(name),
    ("rng.%s without its generator asks for a colon"):format(name))
end

-- ---- speed

support.compiles(function()
  for _ = 1, 300 do r:uniform() end
end, "a loop that calls rng:uniform becomes a trace")
support.compiles(function()
  for _ = 1, 300 do r:below(10) end
end, "a loop that calls rng:below becomes a trace")
support.compiles(function()
  local x = 0
  for _ = 1, 300 do x = M.log(1 + M.exp(x)) end
end, "a loop over exp and log becomes a trace")

support.done()
