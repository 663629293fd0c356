-- engram.types: our kinds of objects, by name: what may stand behind a colon and behind a dot. The
-- JIT's C types cannot be asked for that, so each module tells it here. A line about a method is
-- the first sentence of its section in the reference, one about a field stands where it is told.
local ffi = require "ffi"

local types = {}
local list, by_metatable = {}, {}

-- types.register { name = "vec", ctype = Vec | metatable = mt, methods = methods, fields = { data =
-- "the floats, float *" } }: names in methods that begin with _ are none
function types.register(t)
  local kind = { name = t.name, ctype = t.ctype, methods = {}, fields = t.fields or {} }
  for name, method in pairs(t.methods or {}) do
    if name:sub(1, 1) ~= "_" then kind.methods[name] = method end
  end
  if t.metatable then by_metatable[t.metatable] = kind end
  list[#list + 1] = kind
  table.sort(list, function(a, b) return a.name < b.name end)
end

-- Without asking the value itself, whose metatable may do anything. A pointer to an object is none:
-- it may lead nowhere.
local function is_pointer(cdata)
  return tostring(ffi.typeof(cdata)):find("*", 1, true) ~= nil
end

-- types.of(value) -> { name, ctype, methods, fields }, or nil if the value is none of ours
function types.of(value)
  local kind = type(value)
  if kind == "table" then return by_metatable[debug.getmetatable(value)] end
  if kind ~= "cdata" or is_pointer(value) then return nil end
  for _, known in ipairs(list) do
    if known.ctype and ffi.istype(known.ctype, value) then return known end
  end
end

-- types.list() -> those of the modules that are loaded, by name
function types.list() return list end

return types
