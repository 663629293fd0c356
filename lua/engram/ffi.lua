-- engram.ffi: the only file that declares C to Lua. Returns the library.
local ffi = require "ffi"

pcall(ffi.cdef, "const char *engram_cdef(void);")
local linked = pcall(function() return ffi.C.engram_cdef end)
local C
if linked then
  C = ffi.C
else
  local found, library = pcall(ffi.load, "engram")
  if not found then
    error("engram: libengram is neither linked into this program nor found by its loader (ldconfig "
      .. "or LD_LIBRARY_PATH tells it where to look): " .. tostring(library), 0)
  end
  C = library
end

if not pcall(ffi.typeof, "engram_arena") then -- once per state, even if this file is loaded again
  ffi.cdef(ffi.string(C.engram_cdef()))
end

local API = 1
if C.ENGRAM_API < API then
  error(("engram: the library has interface %d, these files need %d"):format(C.ENGRAM_API, API), 0)
end

local status = C.engram_init(nil)
if status ~= C.ENGRAM_OK then
  error("engram: cannot start: " .. ffi.string(C.engram_last_message()), 0)
end

return C
