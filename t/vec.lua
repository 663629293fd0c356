-- vec.lua: vectors and matrices of floats.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses = tap.ok, tap.is, tap.near, support.refuses
local vec, matrix = engram.vec, engram.matrix

local a, b = vec { 1, 2, 3 }, vec { 4, 5, 6 }

-- ---- results

is(#a, 3, "the length of a vec is that of its table")
is(a:dot(b), 32, "dot adds the products")
near(a:cosine(b), 0.97463184619708, 1e-6, "cosine is the dot product over both norms")
is(vec { 1, 0 }:cosine(vec { 0, 0 }), 0, "the cosine with a zero vector is 0")
is(a:squared_distance(b), 27, "squared_distance adds the squares of the differences")
near(a:norm(), 3.7416573867739, 1e-6, "norm is the root of the sum of squares")
near(vec { 3e20, 4e20 }:norm(), 5e20, 1e14, "the norm of large numbers does not overflow")
ok(a:copy():add(b) == vec { 5, 7, 9 }, "add adds in place and returns the vec")
ok(a:copy():add(b, 0.5) == vec { 3, 4.5, 6 }, "add takes a scale for the other vec")
ok(a:copy():scale(-2) == vec { -2, -4, -6 }, "scale multiplies in place")
support.near_all(vec { 3, 4 }:normalize(), { 0.6, 0.8 }, 1e-7, "normalize gives length 1")
ok(vec(2):normalize() == vec(2), "normalize leaves a vec without direction as it is")
near(vec { 1, 2, 9 }:masked_cosine(vec { 2, 4, 0 / 0 }, vec { 1, -1, 0 }), 1, 1e-6,
  "masked_cosine counts elements at which the mask is not 0")
is(a:masked_cosine(b, vec { 1, 1, 1 }), a:cosine(b), "with a full mask it is the cosine")
is(a:masked_cosine(b, vec(3)), 0, "with an empty one nothing is alike")
is(vec(0):masked_cosine(vec(0), vec(0)), 0, "not even nothing")
support.near_all(vec { 1, 2, 3 }:softmax(), { 0.0900305732, 0.2447284711, 0.6652409558 }, 1e-7,
  "softmax gives shares of 1")
support.near_all(vec { 1, 2, 3 }:softmax(100), { 0, 0, 1 }, 1e-7,
  "the larger beta, the more of it to the largest")
is(#vec(0):softmax(), 0, "nothing is shared by nobody")
ok(vec { 0.3, 0.9, 0.9, -1, 0.9 }:k_winners(2) == vec { 0, 0.9, 0.9, 0, 0 },
  "k_winners leaves the largest, the first of equals")
ok(vec { 2, 0 / 0, 1 }:k_winners(3) == vec { 2, 0, 1 }, "NaN never wins")
ok(vec { 1, 2 }:k_winners(0) == vec(2), "none may win")
near(vec { 0.42281, 0.33473 }:noisy_or(), 0.61601, 1e-5, "noisy_or combines chances")
is(vec { 2, -1, 0 / 0 }:noisy_or(), 1, "which are clamped to 0 .. 1")
local mean, variance = vec { 2, 4, 4, 4, 5, 5, 7, 9 }:moments()
ok(mean == 5 and variance == 4, "moments are mean and variance")
ok(vec(3):fill(2) == vec { 2, 2, 2 }, "fill sets every element")
is(table.concat(a:table(), " "), "1 2 3", "table gives the numbers")
ok(vec(3) == vec { 0, 0, 0 }, "a vec made by its length is zero")
is(#vec(0), 0, "a vec may be empty")
is(vec {}:dot(vec {}), 0, "the dot product of empty vecs is 0")
ok(a ~= b and a ~= vec { 1, 2 } and a == vec { 1, 2, 3 }, "vecs are equal if their elements are")

local c = vec(a)
c[1] = 9
is(a[1], 1, "a vec made from a vec is a copy")
is(c[1], 9, "an element can be set by its position, from 1")
c[2] = 0.1
is(c[2], tonumber(require("ffi").new("float", 0.1)), "elements are binary32")

local m = matrix { { 1, 2 }, { 3, 4 }, { 5, 6 } }
is(#m, 3, "the length of a matrix is its rows")
ok(m:row(2) == vec { 3, 4 }, "row gives a row, from 1")
m:row(2)[1] = 7
ok(m:row(2) == vec { 7, 4 }, "a row is a view: what is written to it is in the matrix")
ok(matrix(2, 3):row(1) == vec(3), "a matrix made by its sizes is zero")
is(#matrix(0, 3), 0, "a matrix may have no rows")

local row = matrix { { 1, 2 }, { 3, 4 } }:row(2)
for _ = 1, 3 do
  collectgarbage()
  for _ = 1, 100 do vec(2):fill(-1) end
end
ok(row == vec { 3, 4 }, "a row keeps its matrix alive")

-- ---- for eyes

is(tostring(vec { 1, 0.5, -3 }), "vec 3 [1 0.5 -3]", "a short vec shows its elements")
is(tostring(vec { 1, 2, 3, 4, 5 }), "vec 5 [1 2 3 4 ...]",
  "a long vec shows its first four elements")
is(tostring(matrix(2, 768)), "matrix 2 x 768", "a matrix shows its sizes")

-- ---- misuse

refuses(function() vec "x" end,
  [[bad argument #1 to 'engram.vec' (a vec or a table of numbers expected, got string "x")]],
  "a vec is not made of a string")
refuses(function() vec(1.5) end,
  "bad argument #1 to 'engram.vec' (a length expected, got number 1.5)",
  "a length is a whole number")
refuses(function() vec(2 ^ 31) end, "(a length expected, got number 2147483648)",
  "a length is below 2^31")
refuses(function() vec { 1, true } end,
  "bad argument #1 to 'engram.vec' (a number at 2 expected, got boolean true)",
  "an element that is no number is named by its place")
refuses(function() a:dot(3) end,
  "bad argument #1 to 'vec:dot' (a vec of length 3 expected, got number 3)",
  "dot wants a vec")
refuses(function() a:cosine(vec(2)) end,
  "bad argument #1 to 'vec:cosine' (a vec of length 3 expected, got vec 2 [0 0])",
  "a vec of another length introduces itself")
refuses(function() a:squared_distance(nil) end,
  "bad argument #1 to 'vec:squared_distance' (a vec of length 3 expected, got nil)",
    "squared_distance wants a vec")
refuses(function() a:add(m) end,
  "bad argument #1 to 'vec:add' (a vec of length 3 expected, got matrix 3 x 2)",
  "add wants a vec")
refuses(function() a:add(b, "2") end,
  [[bad argument #2 to 'vec:add' (a number expected, got string "2")]],
  "the scale of add is a number")
refuses(function() a:scale() end, "bad argument #1 to 'vec:scale' (a number expected, got nil)",
  "scale wants a number")
refuses(function() a:masked_cosine(b, { 1, 1, 1 }) end,
  "bad argument #2 to 'vec:masked_cosine' (a vec of length 3 expected, got table)", "a mask is a vec")
refuses(function() a:masked_cosine(b, vec(2)) end,
  "bad argument #2 to 'vec:masked_cosine' (a vec of length 3 expected, got vec 2 [0 0])",
  "as long as the others")
refuses(function() a:softmax(0) end,
  "bad argument #1 to 'vec:softmax' (a number > 0 expected, got number 0)", "beta is above 0")
refuses(function() a:softmax(1e39) end, "engram_softmax_f32: beta is inf", "and a float")
refuses(function() a:k_winners(-1) end,
  "bad argument #1 to 'vec:k_winners' (a count expected, got number -1)", "winners are counted")
refuses(function() a:fill {} end, "bad argument #1 to 'vec:fill' (a number expected, got table)",
  "fill wants a number")
refuses(function() return a[4] + 1 end, "bad index to 'vec' (1 .. 3 expected, got 4)",
  "reading behind the end is an error")
refuses(function() return a[0] + 1 end, "bad index to 'vec' (1 .. 3 expected, got 0)",
  "positions count from 1")
refuses(function() a[1.5] = 1 end, "bad index to 'vec' (1 .. 3 expected, got 1.5)",
  "a position is a whole number")
refuses(function() return a.dott + 1 end, "a vec has no method or field 'dott'; help 'vec:*' lists",
  "a name that is no method is an error")
refuses(function() matrix(-1, 2) end,
  "bad argument #1 to 'engram.matrix' (a count of rows expected, got number -1)",
  "a matrix has a count of rows")
refuses(function() matrix(1, 0) end,
  "bad argument #2 to 'engram.matrix' (a row length expected, got number 0)",
  "rows are not empty")
refuses(function() matrix { 1, 2 } end,
  "bad argument #1 to 'engram.matrix' (a table of rows expected, got number 1)",
  "a matrix is made of rows")
refuses(function() matrix { { 1, 2 }, { 3 } } end,
  "bad argument #1 to 'engram.matrix' (row 2 of length 2 expected, got number 1)",
    "rows have one length")
refuses(function() m:row(4) end, "bad argument #1 to 'matrix:row' (1 .. 3 expected, got number 4)",
  "a row that is not there is an error")

for _, name in ipairs { "dot", "cosine", "squared_distance", "norm", "add", "scale", "normalize",
  "fill", "copy", "table", "softmax", "k_winners", "noisy_or", "moments",
  "masked_cosine" } do
  refuses(function() a[name](b[1]) end, ("call it as vec:%s(...), with a colon"):format(name),
    ("vec.%s without its vec asks for a colon"):format(name))
end
refuses(function() m.row(1) end, "call it as matrix:row(...), with a colon",
  "matrix.row asks for a colon")

-- ---- speed: what a loop calls is compiled with it

local v, w = vec(64):fill(0.5), vec(64):fill(2)
support.compiles(function()
  local sum = 0
  for _ = 1, 300 do sum = sum + v:dot(w) end
  is(sum, 300 * 64, "a compiled loop over dot adds up")
end, "a loop that calls vec:dot becomes a trace")
support.compiles(function()
  local sum = 0
  for i = 1, 64 * 8 do sum = sum + v[i % 64 + 1] end
  is(sum, 256, "a compiled loop over elements adds up")
end, "a loop that reads v[i] becomes a trace")
support.compiles(function()
  for i = 1, 64 * 8 do w[i % 64 + 1] = i end
end, "a loop that writes v[i] becomes a trace")
is(w[1], 512, "the last write of a compiled loop stands")

local astray = 0
for n = 16, 300 do
  for _, x in ipairs { engram.vec(n), engram.matrix(1, n) } do
    local past = require("ffi").cast("uintptr_t", require("ffi").cast("void *", x.data)) % 64
    if past ~= 0 then astray = astray + 1 end
  end
end
is(astray, 0, "arrays of a cache line and more begin with one")

support.done()
