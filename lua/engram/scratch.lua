-- engram.scratch: an arena that is large enough. Scripts do not size arenas; hosts with a budget
-- do, in C.
local C = require "engram.ffi"
local arena = require "engram.arena"

local scratch = {}
local own -- grows to the largest request; belongs to this Lua state

-- scratch.get(bytes) -> engram_arena * with that much free, or nil: the thread's own is large
-- enough
function scratch.get(bytes)
  if C.engram_arena_thread() ~= nil then
    local thread = arena.thread():stats()
    if bytes + 64 <= thread.capacity - thread.used then return nil end -- 64: for its alignment
  end
  if own == nil or own:stats().capacity < bytes then
    if own then own:free() end
    own = arena.new(bytes)
  end
  return own.p
end

return scratch
