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

-- The number by which C knows a kernel, and what kernels.list says of it.
local function find(name, fname)
  for i, kernel in ipairs(kernels.list()) do
    if kernel.name == name then return i - 1, kernel end
  end
  check.arg(false, fname, 1, "the name of a kernel", name)
end

-- kernels.chosen(name) -> rung of the version in use
function kernels.chosen(name)
  local _, kernel = find(name, "kernels.chosen")
  return kernel.chosen
end

-- kernels.timing(every) -> what it was: from now on no call of a kernel is timed (0), each is (1),
-- or one of so many
function kernels.timing(every)
  check.arg(check.count(every) and every < 2 ^ 31, "kernels.timing", 1, "a count of calls", every)
  return C.engram_timing(every)
end

local bounds, bound = {}, 100 -- of the buckets in seconds; in nanoseconds
for i = 1, C.ENGRAM_TIME_BUCKETS - 1 do
  bounds[i], bound = bound / 1e9, 2 * bound
end
bounds[#bounds + 1] = math.huge

-- kernels.times(name) -> { { rung, calls, timed, seconds, buckets = { counts } }, ... }, an entry
-- for each version that was called; bounds, the seconds that the buckets reach to
function kernels.times(name)
  local i, kernel = find(name, "kernels.times")
  local times, list = ffi.new "struct engram_kernel_times", {}
  for _, rung in ipairs(kernel.versions) do
    check.status(C.engram_kernel_times(i, rung, times))
    if times.calls > 0 then
      local buckets = {}
      for b = 1, #bounds do buckets[b] = tonumber(times.buckets[b - 1]) end
      list[#list + 1] = { rung = rung, calls = tonumber(times.calls), timed = tonumber(times.timed),
        seconds = tonumber(times.nanoseconds) / 1e9, buckets = buckets }
    end
  end
  return list, bounds
end

-- kernels.errors(name) -> { ERANGE = count, ... }, of the statuses that there were
function kernels.errors(name)
  local errors, counts = ffi.new "struct engram_kernel_errors", {}
  check.status(C.engram_kernel_errors(find(name, "kernels.errors"), errors))
  for status = 0, C.ENGRAM_STATUSES - 1 do
    if errors.by_status[status] > 0 then
      local word = ffi.string(C.engram_strerror(status)):match "^%u+"
      counts[word] = tonumber(errors.by_status[status])
    end
  end
  return counts
end

-- kernels.demoted() -> { { kernel, rung, check }, ... }: versions that are out of use, and the
-- check of the self-test that they failed
function kernels.demoted()
  local demotion, list = ffi.new "struct engram_demotion", {}
  while C.engram_demoted(#list, demotion) == 0 do
    list[#list + 1] = { kernel = ffi.string(demotion.kernel), rung = ffi.string(demotion.rung),
      check = ffi.string(demotion.check) }
  end
  return list
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
