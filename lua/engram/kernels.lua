-- engram.kernels: which kernels there are, which versions of them, and which is used.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"

local kernels = {}
local info = ffi.new "struct engram_kernel_info"

-- kernels.list() -> { { name, chosen, versions = { "ref", ... }, calls, elements, seconds }, ... }
function kernels.list()
  local list = {}
  while C.engram_kernel_info(#list, info) == 0 do
    local versions = {}
    for rung in ffi.string(info.versions):gmatch "%S+" do versions[#versions + 1] = rung end
    list[#list + 1] = { name = ffi.string(info.name), chosen = ffi.string(info.chosen),
      versions = versions, calls = tonumber(info.calls), elements = tonumber(info.elements),
      seconds = tonumber(info.nanoseconds) * 1e-9 }
  end
  return list
end

-- kernels.chosen(name) -> rung of the version in use
function kernels.chosen(name)
  for _, kernel in ipairs(kernels.list()) do
    if kernel.name == name then return kernel.chosen end
  end
  check.arg(false, "kernels.chosen", 1, "the name of a kernel", name)
end

-- kernels.get(name, rung) -> that version as a C function, which trusts its arguments; nil if this
-- machine does not have it
function kernels.get(name, rung)
  check.arg(type(name) == "string", "kernels.get", 1, "the name of a kernel", name)
  check.arg(type(rung) == "string", "kernels.get", 2, "a rung", rung)
  local f = C.engram_kernel_version(name, rung)
  if f == nil then return nil end
  return ffi.cast(ffi.typeof("$ *", ffi.typeof(C["engram_" .. name])), f)
end

-- kernels.use "avx2", "avx512,dot_f32=ref", "": which versions are used from now on; results stay
-- the same
function kernels.use(text)
  check.arg(type(text) == "string", "kernels.use", 1, "a text like ENGRAM_ISA", text)
  check.status(C.engram_isa_set(text))
end

return kernels
