-- cdef.lua: the C compiler and LuaJIT agree on every struct, and every function can be called.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local C = require "engram.ffi"
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

ffi.cdef "const char *engram_cdef(void);"
local text = ffi.string(C.engram_cdef())

-- What the compiler says: { [struct] = { size =, fields = { [name] = offset } } }
local layout, structs = {}, 0
for _, line in ipairs(support.lines(support.quote(support.builddir .. "/t/c/layout"))) do
  local name, size, rest = line:match "^struct ([%w_]+) (%d+)(.*)$"
  local fields = {}
  for field, offset in (rest or ""):gmatch " ([%w_]+) (%d+)" do fields[field] = tonumber(offset) end
  if name then layout[name] = { size = tonumber(size), fields = fields } end
end

-- The names that a declaration declares: of `int *a, b[3]` and of `void (*f)(int x)`.
local function declared(declaration)
  local pointer = declaration:match "%(%s*%*%s*([%w_]+)%s*%)"
  if pointer then return { pointer } end
  local names = {}
  for part in (declaration .. ","):gmatch "(.-)," do names[#names + 1] = part:gsub("%b[]",
    ""):match "([%w_]+)%s*$" end
  return names
end

for name, body in text:gmatch "struct ([%w_]+) (%b{})" do
  structs = structs + 1
  local compiled = layout[name] or { fields = {} }
  is(ffi.sizeof("struct " .. name), compiled.size,
    ("struct %s has the size that the compiler gives it"):format(name))
  local wrong, fields = {}, 0
  for declaration in body:sub(2, -2):gmatch "[^;]+" do
    for _, field in ipairs(declaration:find "%S" and declared(declaration) or {}) do
      fields = fields + 1
      local offset = ffi.offsetof("struct " .. name, field)
      if offset ~= compiled.fields[field] then
        wrong[#wrong + 1] = ("%s at %s, compiled at %s"):format(field, offset,
          compiled.fields[field])
      end
    end
  end
  is(table.concat(wrong, "; "), "",
    ("struct %s has its fields where the compiler puts them"):format(name))
  local compiled_fields = 0
  for _ in pairs(compiled.fields) do compiled_fields = compiled_fields + 1 end
  is(fields, compiled_fields, ("struct %s has no other fields"):format(name))
end
local compiled_structs = 0
for _ in pairs(layout) do compiled_structs = compiled_structs + 1 end
ok(structs > 15 and structs == compiled_structs, "every struct is compared")

-- ---- functions

local missing, functions = {}, 0
for line in text:gmatch "[^\n]+" do
  local name = not line:find "^typedef" and line:match "^%l.-[ *](engram_[%w_]+)%("
  if name then
    functions = functions + 1
    if not pcall(function() return C[name] end) then missing[#missing + 1] = name end
  end
end
ok(functions > 80, "the functions of the interface are found in its text")
is(table.concat(missing, " "), "", "each of them is there to be called")
local constants = 0
for name in text:gmatch "%f[%w_](ENGRAM_[%u%d_]+)%s*[=,}]" do
  if pcall(function() return C[name] end) then constants = constants + 1 end
end
ok(constants > 40 and C.ENGRAM_ECANCELLED == 19, "constants have their values")

support.done()
