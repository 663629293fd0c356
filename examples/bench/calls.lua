-- What it costs to call the library from Lua: a call that does next to nothing, compiled and in the
-- interpreter, through the FFI itself and through a method that checks its arguments.
-- usage: engram bench examples/bench/calls.lua, or engram examples/bench/calls.lua
local bench = require "engram.bench"
local engram = require "engram"
local C = require "engram.ffi"

local CALLS = 1000

-- Both loops are the same text, so that only the compiler makes a difference.
local function loop(compiled, body)
  local chunk = assert(loadstring(("local C, a, b = ... local sum = 0 for _ = 1, %d do "
    .. "sum = sum + %s end return sum"):format(CALLS, body)))
  if not compiled then jit.off(chunk) end
  return chunk
end

local function case(name, body)
  bench.case(name, {
    params = { jit = { true, false } }, lua = true,
    setup = function(b)
      local s = { a = engram.vec { 3 }, b = engram.vec { 0.5 } }
      s.loop = loop(b.jit, body)
      return s
    end,
    run = function(s) return s.loop(C, s.a, s.b) end,
    check = function(_, sum) return sum == 1.5 * CALLS end,
    items = CALLS,
  })
end

case("call engram_dot_f32, n = 1", "C.engram_dot_f32(a.data, b.data, 1)")
case("call vec:dot, n = 1", "a:dot(b)")

bench.main(arg)
