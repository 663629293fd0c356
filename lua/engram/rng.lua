-- engram.rng: random numbers by seed, the same on every machine.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local compiled = require "engram.compiled"
local types = require "engram.types"
local vec = require "engram.vec"

local Rng = ffi.typeof "struct { struct engram_rng r; }"
local rng, methods = {}, {}

local function self_of(self, fname)
  check.self(rng.is(self), fname)
  return self.r
end

function rng.is(x) return ffi.istype(Rng, x) end

-- engram.rng([seed]) -> rng; the seed is that of --seed if none is given, and 0 without either
function rng.new(seed)
  if seed == nil then seed = tonumber(os.getenv "ENGRAM_SEED") or 0 end
  check.arg(check.count(seed), "engram.rng", 1, "a whole number", seed)
  local self = Rng()
  self.r.state = seed
  return self
end

-- r:uniform() -> [0, 1); r:normal() -> mean 0, deviation 1
function methods:uniform() return C.engram_rng_uniform(self_of(self, "rng:uniform")) end
function methods:normal() return C.engram_rng_normal(self_of(self, "rng:normal")) end

-- r:below(n) -> 0 .. n - 1
function methods:below(n)
  local r = self_of(self, "rng:below")
  check.arg(check.count(n) and n > 0 and n < 2 ^ 32, "rng:below", 1, "a count of at least 1", n)
  return C.engram_rng_below(r, n)
end

local PIECE = 2 ^ 20 -- floats that are filled at once, in a few hundredths of a second at most

-- Interrupts are heard between pieces, if this is not compiled.
local fill_in_pieces = compiled.never(function(r, n, data, name)
  for i = 0, n - 1, PIECE do C[name](r, math.min(PIECE, n - i), data + i) end
end)

local function fill(self, target, name, fname)
  local r, is_vec = self_of(self, fname), vec.is(target)
  check.arg(is_vec or vec.matrix.is(target), fname, 1, "a vec or a matrix", target)
  local n = is_vec and target.n or target.rows * target.dim
  if n <= PIECE then
    C[name](r, n, target.data)
  else
    fill_in_pieces(r, n, target.data, name)
  end
  return target
end

-- r:fill_uniform(vec or matrix), r:fill_normal(vec or matrix) -> it
function methods:fill_uniform(target)
  return fill(self, target, "engram_rng_fill_uniform", "rng:fill_uniform")
end
function methods:fill_normal(target)
  return fill(self, target, "engram_rng_fill_normal", "rng:fill_normal")
end

ffi.metatype(Rng, {
  __index = methods,
  __tostring = function(self)
    return ("rng at %s"):format(tostring(self.r.state):match "%d+")
  end,
})

types.register { name = "rng", ctype = Rng, methods = methods }

return setmetatable(rng, { __call = function(_, seed) return rng.new(seed) end })
