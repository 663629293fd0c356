-- engram.gc: garbage collected at once.
local report = require "engram.report"
local units = require "engram.units"

-- engram.gc(): prints { freed, lua_bytes }. What is freed at the end of a collection goes with the
-- next.
return report.word(function()
  local before = collectgarbage "count" * 1024
  collectgarbage()
  collectgarbage()
  local after = collectgarbage "count" * 1024
  return report.new({ freed = before - after, lua_bytes = after }, function(r)
    return ("%s freed, Lua holds %s"):format(units.bytes(r.freed), units.bytes(r.lua_bytes))
  end)
end, "gc() collects garbage and tells how much was freed")
