-- engram.vec: vectors of floats, and engram.matrix: rows of them.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local types = require "engram.types"

local Vec = ffi.typeof "struct { float *data; uint32_t n; }"
local Matrix = ffi.typeof "struct { float *data; uint32_t rows, dim; }"
local Floats = ffi.typeof "float[?]"
local anchors = setmetatable({}, { __mode = "k" }) -- what a view points into stays alive with it

local vec, matrix = {}, {}
local methods, matrix_methods = {}, {}

local function is_vec(x) return ffi.istype(Vec, x) end
vec.is = is_vec

-- vec.over(data, n, owner): a view of n floats that belong to `owner`.
function vec.over(data, n, owner)
  local v = Vec(data, n)
  anchors[v] = owner
  return v
end

local LINE = 64 -- bytes of a cache line

-- n zeros, and the block they are in. They begin with a cache line, so that a register's worth lies
-- in one: 768 floats are then compared in two thirds of the time. Short arrays would gain nothing.
local function zeros(n)
  if n * 4 < LINE then
    local block = Floats(n)
    return block, block
  end
  local block = Floats(n + LINE / 4)
  local past = tonumber(ffi.cast("uintptr_t", ffi.cast("void *", block)) % LINE)
  return block + (LINE - past) / 4, block
end

local function allocate(n)
  local data, block = zeros(n)
  return vec.over(data, n, block)
end

-- vec.of(x, fname, position): x as a vec: itself, or a copy of a table of numbers.
function vec.of(x, fname, position)
  if is_vec(x) then return x end
  if type(x) ~= "table" then
    check.arg(false, fname, position, "a vec or a table of numbers", x)
  end
  local v = allocate(#x)
  for i = 1, #x do
    if type(x[i]) ~= "number" then
      check.arg(false, fname, position, ("a number at %d"):format(i), x[i])
    end
    v.data[i - 1] = x[i]
  end
  return v
end

-- engram.vec(n) -> n zeros; engram.vec { 1, 2, 3 } -> those.
function vec.new(x)
  if type(x) == "number" then
    check.arg(check.count(x) and x < 2 ^ 31, "engram.vec", 1, "a length", x)
    return allocate(x)
  end
  if is_vec(x) then return x:copy() end
  return vec.of(x, "engram.vec", 1)
end

local function pair(a, b, fname)
  check.self(is_vec(a), fname)
  if not (is_vec(b) and b.n == a.n) then
    check.arg(false, fname, 1, ("a vec of length %d"):format(a.n), b)
  end
end

-- v:dot(w) -> number
function methods:dot(other)
  pair(self, other, "vec:dot")
  return C.engram_dot_f32(self.data, other.data, self.n)
end

-- v:cosine(w) -> number in [-1, 1]
function methods:cosine(other)
  pair(self, other, "vec:cosine")
  return C.engram_cosine_f32(self.data, other.data, self.n)
end

-- The bits of the elements that are not 0.
local function bitset(v)
  local bits = ffi.new("uint64_t[?]", math.ceil(v.n / 64))
  for i = 0, v.n - 1 do
    if v.data[i] ~= 0 then
      local word = bit.rshift(i, 6)
      bits[word] = bit.bor(bits[word], bit.lshift(1ULL, i % 64))
    end
  end
  return bits
end

local score = ffi.new "float[1]"

-- v:masked_cosine(w, mask) -> number in [-1, 1], of the elements at which mask is not 0
function methods:masked_cosine(other, mask)
  pair(self, other, "vec:masked_cosine")
  if not (is_vec(mask) and mask.n == self.n) then
    check.arg(false, "vec:masked_cosine", 2, ("a vec of length %d"):format(self.n), mask)
  end
  check.status(C.engram_masked_cosine_f32(self.data, other.data, bitset(mask), 1, self.n, score))
  return score[0]
end

-- v:squared_distance(w) -> number
function methods:squared_distance(other)
  pair(self, other, "vec:squared_distance")
  return C.engram_squared_l2_f32(self.data, other.data, self.n)
end

-- v:norm() -> number
function methods:norm()
  check.self(is_vec(self), "vec:norm")
  return C.engram_norm_f32(self.data, self.n)
end

-- v:softmax([beta]) -> v, in place: exp(beta * element), as shares of 1
function methods:softmax(beta)
  check.self(is_vec(self), "vec:softmax")
  beta = beta or 1
  check.arg(check.finite(beta) and beta > 0, "vec:softmax", 1, "a number > 0", beta)
  check.status(C.engram_softmax_f32(self.data, beta, self.n, self.data))
  return self
end

-- v:k_winners(k) -> v, in place: all but the k largest become 0
function methods:k_winners(k)
  check.self(is_vec(self), "vec:k_winners")
  check.arg(check.count(k), "vec:k_winners", 1, "a count", k)
  check.status(C.engram_k_winners_f32(self.data, self.n, k, self.data))
  return self
end

-- v:noisy_or() -> number: the chance of any, of independent chances
function methods:noisy_or()
  check.self(is_vec(self), "vec:noisy_or")
  return C.engram_noisy_or(self.data, self.n)
end

local mean, variance = ffi.new "double[1]", ffi.new "double[1]"

-- v:moments() -> mean, variance
function methods:moments()
  check.self(is_vec(self), "vec:moments")
  check.status(C.engram_moments_f32(self.data, self.n, mean, variance))
  return mean[0], variance[0]
end

-- v:add(w [, scale]) -> v, in place
function methods:add(other, scale)
  pair(self, other, "vec:add")
  check.arg(scale == nil or type(scale) == "number", "vec:add", 2, "a number", scale)
  C.engram_axpy_f32(scale or 1, other.data, self.n, self.data)
  return self
end

-- v:scale(s) -> v, in place
function methods:scale(s)
  check.self(is_vec(self), "vec:scale")
  check.arg(type(s) == "number", "vec:scale", 1, "a number", s)
  for i = 0, self.n - 1 do self.data[i] = self.data[i] * s end
  return self
end

-- v:normalize() -> v, in place; a vec without direction stays as it is
function methods:normalize()
  check.self(is_vec(self), "vec:normalize")
  local norm = C.engram_norm_f32(self.data, self.n)
  if norm > 0 then
    for i = 0, self.n - 1 do self.data[i] = self.data[i] / norm end
  end
  return self
end

-- v:fill(x) -> v
function methods:fill(x)
  check.self(is_vec(self), "vec:fill")
  check.arg(type(x) == "number", "vec:fill", 1, "a number", x)
  for i = 0, self.n - 1 do self.data[i] = x end
  return self
end

-- v:copy() -> vec
function methods:copy()
  check.self(is_vec(self), "vec:copy")
  local copy = allocate(self.n)
  ffi.copy(copy.data, self.data, self.n * 4)
  return copy
end

-- v:table() -> { numbers }
function methods:table()
  check.self(is_vec(self), "vec:table")
  local t = {}
  for i = 1, self.n do t[i] = self.data[i - 1] end
  return t
end

local function place(self, i, fname)
  if type(i) == "number" and i >= 1 and i <= self.n and i % 1 == 0 then return i - 1 end
  if type(i) == "string" then
    check.raise("a vec has no method or field '%s'; help 'vec:*' lists what it has", i)
  end
  check.raise("bad index to '%s' (1 .. %d expected, got %s)", fname, self.n, tostring(i))
end

ffi.metatype(Vec, {
  __index = function(self, key)
    local method = methods[key]
    if method then return method end
    return self.data[place(self, key, "vec")]
  end,
  __newindex = function(self, key, value) self.data[place(self, key, "vec")] = value end,
  __len = function(self) return self.n end,
  __eq = function(a, b)
    if not (is_vec(a) and is_vec(b) and a.n == b.n) then return false end
    for i = 0, a.n - 1 do
      if a.data[i] ~= b.data[i] then return false end
    end
    return true
  end,
  __tostring = function(self)
    local shown = {}
    for i = 0, math.min(self.n, 4) - 1 do shown[#shown + 1] = ("%.4g"):format(self.data[i]) end
    return ("vec %d [%s%s]"):format(self.n, table.concat(shown, " "), self.n > 4 and " ..." or "")
  end,
})

types.register { name = "vec", ctype = Vec, methods = methods,
  fields = { data = "the floats, float *", n = "how many they are" } }

-- engram.matrix(rows, dim) -> rows of zeros; engram.matrix { { 1, 2 }, { 3, 4 } } -> those.
function matrix.new(rows, dim)
  if type(rows) == "table" then
    local first = rows[1]
    check.arg(type(first) == "table" and #first > 0, "engram.matrix", 1, "a table of rows", first)
    local m = matrix.new(#rows, #first)
    for i = 1, #rows do -- not ipairs, which would pass over what comes after a nil
      local row = rows[i]
      check.arg(type(row) == "table" or is_vec(row), "engram.matrix", 1, ("a row at %d"):format(i),
        row)
      check.arg(#row == m.dim, "engram.matrix", 1, ("row %d of length %d"):format(i, m.dim), #row)
      ffi.copy(m.data + (i - 1) * m.dim, vec.of(row, "engram.matrix", 1).data, m.dim * 4)
    end
    return m
  end
  check.arg(check.count(rows) and rows < 2 ^ 31, "engram.matrix", 1, "a count of rows", rows)
  check.arg(check.count(dim) and dim > 0 and rows * dim < 2 ^ 40, "engram.matrix", 2,
    "a row length", dim)
  local data, block = zeros(rows * dim)
  local m = Matrix(data, rows, dim)
  anchors[m] = block
  return m
end

function matrix.is(x) return ffi.istype(Matrix, x) end

-- m:row(i) -> a vec over row i, from 1
function matrix_methods:row(i)
  check.self(matrix.is(self), "matrix:row")
  check.arg(check.count(i) and i >= 1 and i <= self.rows, "matrix:row", 1,
    ("1 .. %d"):format(self.rows), i)
  return vec.over(self.data + (i - 1) * self.dim, self.dim, self)
end

ffi.metatype(Matrix, {
  __index = matrix_methods,
  __len = function(self) return self.rows end,
  __tostring = function(self) return ("matrix %d x %d"):format(self.rows, self.dim) end,
})

types.register { name = "matrix", ctype = Matrix, methods = matrix_methods, fields = {
  data = "the floats row by row, float *",
  rows = "how many rows",
  dim = "how many columns",
} }

vec.matrix = setmetatable(matrix, { __call = function(_, rows, dim) return matrix.new(rows,
  dim) end })
return setmetatable(vec, { __call = function(_, x) return vec.new(x) end })
