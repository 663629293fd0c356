-- engram.numbers: what functions over numbers take: a vec, a table, or an array of double or float.
local ffi = require "ffi"
local check = require "engram.check"
local vec = require "engram.vec"

local numbers = {}

local Doubles = ffi.typeof "double[?]"
local expected = "a vec, a table of numbers, or an array of double or float"

-- Where the numbers of x begin, at 0 or 1, and how many there are.
local function place_of(x, fname, position)
  if vec.is(x) then return x.data, 0, x.n end
  if type(x) == "table" then return x, 1, #x end
  local element = type(x) == "cdata" and tostring(ffi.typeof(x)):match "^ctype<(%l+) %[[%d?]+%]>$"
  local array = element == "double" or element == "float"
  check.arg(array, fname, position, expected, x)
  return x, 0, ffi.sizeof(x) / ffi.sizeof(element)
end

-- numbers.doubles(x, fname, position) -> a new array of them and their count. Whatever is not a
-- number is an error; NaN and infinities are for the caller to judge.
function numbers.doubles(x, fname, position)
  local from, base, n = place_of(x, fname, position)
  local doubles = Doubles(n)
  for i = 0, n - 1 do
    local value = from[base + i]
    if type(value) ~= "number" then
      check.arg(false, fname, position, ("a number at %d"):format(i + 1), value)
    end
    doubles[i] = value
  end
  return doubles, n
end

-- numbers.finite(x, fname, position [, least]) -> the same of at least so many (1) finite numbers
function numbers.finite(x, fname, position, least)
  local doubles, n = numbers.doubles(x, fname, position)
  least = least or 1
  check.arg(n >= least, fname, position, least == 1 and "at least one number"
    or ("at least %d numbers"):format(least), n)
  for i = 0, n - 1 do
    if not check.finite(doubles[i]) then
      check.arg(false, fname, position, ("a finite number at %d"):format(i + 1), doubles[i])
    end
  end
  return doubles, n
end

return numbers
