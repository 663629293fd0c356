-- engram.info: what this build is and what it runs on; `engram info` prints it.
local ffi = require "ffi"
local C = require "engram.ffi"

local info = {}

local function processor()
  local file = io.open "/proc/cpuinfo"
  local text = file and file:read(4096) or ""
  if file then file:close() end
  return text:match "model name%s*:%s*([^\n]*)" or "unknown"
end

local strategies = { [0] = "error_return", "fallback", "panic" }

-- info.get() -> { version, api, luajit, jit, jit_options, gc64, build, os, arch, processor, isa,
-- threads, kernels, arena, rejected }
function info.get()
  local config = ffi.new "struct engram_arena_config"
  C.engram_arena_configured(config)
  local rejected = {}
  while C.engram_rejected(#rejected) ~= nil do
    rejected[#rejected + 1] = ffi.string(C.engram_rejected(#rejected))
  end
  local options = { jit.status() }
  local on = table.remove(options, 1)
  return {
    version = ffi.string(C.engram_version()), api = tonumber(C.ENGRAM_API), luajit = jit.version,
    jit = on, jit_options = options, gc64 = ffi.abi "gc64",
    build = ffi.string(C.engram_build()), os = jit.os, arch = jit.arch, processor = processor(),
    isa = ffi.string(C.engram_isa()), threads = C.engram_threads(),
    kernels = require("engram.kernels").list(),
    arena = { bytes = tonumber(config.bytes), overflow = strategies[config.overflow],
      zero_on_release = config.zero_on_release == 1 },
    rejected = rejected,
  }
end

local usage = [[usage: engram info [--json]
What this is and runs on: version, LuaJIT, machine, rung, threads, arenas, kernels, rejected
settings.]]

-- engram info
function info.command(words)
  local options, status = require("engram.arguments").command("info", usage, words,
    { json = "flag" }, 0)
  if not options then return status end
  if options.json then print(require("engram.json").encode(info.get())) else info.print() end
end

-- info.print(): as text
function info.print()
  local i = info.get()
  local function line(name, format, ...) print(("%-12s " .. format):format(name, ...)) end
  line("engram", "%s, interface %d", i.version, i.api)
  line("built by", "%s", i.build)
  line("LuaJIT", "%s, JIT %s", i.luajit, i.jit and "on" or "off")
  line("machine", "%s %s, %s", i.os, i.arch, i.processor)
  line("rung", "%s", i.isa)
  line("threads", "%d", i.threads)
  line("arenas", "%d bytes a thread, overflow %s, zeroing %s", i.arena.bytes, i.arena.overflow,
    i.arena.zero_on_release and "on" or "off")
  print "kernels"
  for _, kernel in ipairs(i.kernels) do
    print(("  %-18s %-8s of %s"):format(kernel.name, kernel.chosen, table.concat(kernel.versions,
      " ")))
  end
  for _, sentence in ipairs(i.rejected) do line("rejected", "%s", sentence) end
end

return info
