-- engram.check: errors that name function, argument, what was expected and what came.
local ffi = require "ffi"
local C = require "engram.ffi"
local types = require "engram.types"

local check = {}

-- "@", and the folder of these files
local here = debug.getinfo(1, "S").source:match "^(.*)check%.lua$" or ""
local root = here:sub(1, -2) .. ".lua"

-- Where the library was called: "script.lua:8: ". However deep a mistake is noticed, it was made
-- there.
local function caller()
  for level = 3, math.huge do
    local place = debug.getinfo(level, "Sl")
    if not place then return "" end
    local ours = place.source == root or here ~= "" and place.source:sub(1, #here) == here
    if place.currentline > 0 and not ours then
      return ("%s:%d: "):format(place.short_src, place.currentline)
    end
  end
end

-- check.raise("%s expected", ...): an error in the name of whoever called the library.
function check.raise(message, ...)
  error(caller() .. message:format(...), 0)
end

local function shown(value)
  if type(value) == "string" then return ("string %q"):format(value) end
  if type(value) == "number" or type(value) == "boolean" then
    return ("%s %s"):format(type(value), tostring(value))
  end
  if type(value) == "cdata" then return (tostring(value):match "^[^\n]*") end
  return type(value)
end

-- check.arg(condition, "vec:dot", 1, "a vec of length 3", got). The position is a number, or the
-- name of a field of an options table.
function check.arg(condition, fname, position, expected, got)
  if condition then return end
  local which = type(position) == "number" and "#" .. position or ("'%s'"):format(position)
  check.raise("bad argument %s to '%s' (%s expected, got %s)", which, fname, expected, shown(got))
end

-- check.self(condition, "vec:dot"): a dot where a colon belongs is the commonest slip.
function check.self(condition, fname)
  if not condition then check.raise("call it as %s(...), with a colon", fname) end
end

-- check.opener(ctype, "bank") -> function(self, fname): the pointer of an owner, which must be of
-- its type and not freed.
function check.opener(ctype, what)
  return function(self, fname)
    check.self(ffi.istype(ctype, self), fname)
    if self.p == nil then check.raise("%s: this %s is closed", fname, what) end
    return self.p
  end
end

-- check.count(x): a whole number that C takes as a size.
function check.count(x)
  return type(x) == "number" and x >= 0 and x < 2 ^ 53 and x % 1 == 0
end

-- check.id(x): slot + 2^32 * generation, exact in a number.
check.id = check.count

-- check.list(x): a table that is empty or begins at 1; what has names instead is no list.
function check.list(x)
  return type(x) == "table" and (x[1] ~= nil or next(x) == nil)
end

function check.finite(x)
  return type(x) == "number" and x - x == 0
end

-- check.between(x, 0, 1, "vec:dot", 1), check.at_least(x, 0, ...), check.positive(x, ...) -> x, a
-- finite number in that range
function check.between(x, low, high, fname, position)
  if type(x) == "number" and x >= low and x <= high then return x end
  check.arg(false, fname, position, ("a number in %g .. %g"):format(low, high), x)
end
function check.at_least(x, low, fname, position)
  if check.finite(x) and x >= low then return x end
  check.arg(false, fname, position, ("a number >= %g"):format(low), x)
end
function check.positive(x, fname, position)
  check.arg(check.finite(x) and x > 0, fname, position, "a number > 0", x)
  return x
end

-- check.options(given, known, "bank:search"): `given` with defaults from `known`; names that are
-- not in `known` are errors. A default of `check.none` means nil; where all are, nothing is copied,
-- and what comes back is to be read only.
check.none = {}
function check.options(given, known, fname)
  if given ~= nil and type(given) ~= "table" then
    check.raise("bad options to '%s' (a table expected, got %s)", fname, shown(given))
  end
  local options
  for name, default in pairs(known) do
    if default ~= check.none then
      options = options or {}
      options[name] = default
    end
  end
  if given == nil then return options or check.none end
  local unknown -- the first by name: pairs has another order in each process
  for name, value in pairs(given) do
    if known[name] == nil then
      local shown_name = tostring(name)
      if not unknown or shown_name < unknown then unknown = shown_name end
    elseif options then
      options[name] = value
    end
  end
  if unknown then
    local names = {}
    for name in pairs(known) do names[#names + 1] = name end
    table.sort(names)
    check.raise("unknown option '%s' to '%s' (known: %s)", unknown, fname,
      table.concat(names, ", "))
  end
  return options or given
end

-- ---- statuses of C functions

local Failure = {}
Failure.__index = Failure
Failure.__tostring = function(self) return self.message end
Failure.__concat = function(a, b) return tostring(a) .. tostring(b) end

types.register { name = "failure", metatable = Failure, fields = {
  code = "the status of C",
  name = "its name, as EFORMAT",
  path = "the file that is not as it should be",
  message = "a sentence",
} }

-- check.failure(status [, path [, message]]): what `error` is raised with when C fails: { code =,
-- name =, message = }, the path of a file that is not as it should be, and the message as text: the
-- last one of C unless another is given.
function check.failure(status, path, message)
  return setmetatable({
    code = status,
    path = path,
    name = ffi.string(C.engram_strerror(status)):match "^%u+",
    message = message or ffi.string(C.engram_last_message()),
  }, Failure)
end

-- check.status(status): raises for every status but 0.
function check.status(status)
  if status == 0 then return end
  local failure = check.failure(status)
  failure.message = caller() .. failure.message
  error(failure, 0)
end

return check
