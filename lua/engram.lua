-- engram: associative memory. Its parts are loaded when first used.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"

local engram = { version = ffi.string(C.engram_version()) }

local parts = { arena = true, bank = true, bench = true, completion = true, confidence = true,
  console = true, consolidation = true, data = true, decay = true, demo = true, doctor = true,
  gc = true, graph = true, health = true, help = true, hits = true, interference = true,
  json = true, kernels = true, math = true, memory = true, metrics = true, plot = true,
  priming = true, prof = true, progress = true, recall = true, reconsolidation = true, rng = true,
  show = true, spacing = true, statistics = true, tap = true, text = true, time = true,
  trace = true, usage = true, vec = true, why = true }

-- engram.isa([kernel]) -> the rung in use, of one kernel or the highest of all
function engram.isa(kernel)
  if kernel then return engram.kernels.chosen(kernel) end
  return ffi.string(C.engram_isa())
end

-- engram.clock() -> seconds from an arbitrary start; for benchmarks
function engram.clock() return C.engram_clock() end

-- engram.hash(text [, seed]) -> a whole number below 2^53, the same on every machine
function engram.hash(text, seed)
  check.arg(type(text) == "string", "engram.hash", 1, "a string", text)
  check.arg(seed == nil or check.count(seed), "engram.hash", 2, "a whole number", seed)
  return tonumber(C.engram_hash(text, #text, seed or 0) / 2048ULL)
end

-- engram.stats() -> run-time counters: { kernels = { name = { calls, elements, seconds } }, arenas
-- = { ... } }
function engram.stats()
  local stats = { kernels = {}, arenas = {} }
  for _, kernel in ipairs(engram.kernels.list()) do
    stats.kernels[kernel.name] = { calls = kernel.calls, elements = kernel.elements,
      seconds = kernel.seconds }
  end
  local totals = ffi.new "struct engram_arena_totals"
  C.engram_arena_totals(totals)
  for _, name in ipairs { "resets", "overflows", "peak", "fallbacks", "fallback_bytes", "arenas",
    "capacity" } do
    stats.arenas[name] = tonumber(totals[name])
  end
  return stats
end

-- engram.info() -> what this is and runs on: version, LuaJIT, rung, machine, kernels, arenas,
-- rejected settings
function engram.info() return require("engram.info").get() end

-- The names of the parts, for those who list them.
engram.parts = parts

return setmetatable(engram, {
  __tostring = function(self)
    return ("engram %s; help() tells what there is"):format(self.version)
  end,
  __index = function(self, name)
    local part
    if name == "matrix" then
      part = require("engram.vec").matrix
    elseif parts[name] then
      part = require("engram." .. name)
    end
    rawset(self, name, part)
    return part
  end,
})
