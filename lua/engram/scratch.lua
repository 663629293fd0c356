-- engram.scratch: an arena that is large enough. Scripts do not size arenas; hosts with a budget
-- do, in C.
local ffi = require "ffi"
local C = require "engram.ffi"
local arena = require "engram.arena"

local scratch = {}
local info = ffi.new "struct engram_arena_info"
local own, own_bytes -- grows to the largest request; belongs to this Lua state

-- scratch.get(bytes) -> engram_arena * with that much free, or nil: the thread's own is large
-- enough
function scratch.get(bytes)
  local thread = C.engram_arena_thread()
  if thread ~= nil and C.engram_arena_info(thread, info) == 0
    and bytes + 64 <= tonumber(info.capacity - info.used) then -- 64: for its alignment
    return nil
  end
  if own == nil or own_bytes < bytes then
    if own then own:free() end
    own, own_bytes = arena.new(bytes), bytes
  end
  return own.p
end

return scratch
