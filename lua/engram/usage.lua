-- engram.usage: the memory that the process has and who holds it, as far as that is known.
local engram = require "engram"
local arena = require "engram.arena"
local files = require "engram.files"
local report = require "engram.report"
local units = require "engram.units"
local width = require "engram.width"

-- Of the whole process, in bytes; nil where the system does not tell.
local function resident(what)
  local kilobytes = (files.read "/proc/self/status" or ""):match(what .. ":%s*(%d+) kB")
  return kilobytes and kilobytes * 1024
end

-- Objects with memory of the library's own that globals hold. Those held elsewhere are in the
-- resident set alone.
local function named()
  local list = {}
  for _, kind in ipairs { "bank", "graph", "memory" } do
    local module = package.loaded["engram." .. kind]
    for name, value in pairs(_G) do
      local names_it = type(name) == "string" and not name:find "^_%d*$" -- those are answers
      if module and names_it and type(value) == "cdata" and module.is(value) then
        local known, stats = pcall(value.stats, value)
        local bytes = known and stats.bytes
        if bytes then list[#list + 1] = { kind = kind, name = name, bytes = bytes } end
      end
    end
  end
  table.sort(list, function(a, b)
    if a.bytes ~= b.bytes then return a.bytes > b.bytes end
    return a.name < b.name
  end)
  return list
end

local function text(r)
  local rows = { { "Lua", units.bytes(r.lua_bytes), "objects of Lua, garbage included" } }
  if r.resident then
    rows[2] = { "resident", units.bytes(r.resident),
      ("of the process in memory; %s at most so far"):format(units.bytes(r.resident_peak)) }
  end
  rows[#rows + 1] = { "arena", units.bytes(r.arena.capacity),
    ("this thread's; %s in use, %s at most so far"):format(units.bytes(r.arena.used),
      units.bytes(r.arena.peak)) }
  rows[#rows + 1] = { "arenas", units.bytes(r.arenas.capacity),
    ("of %s"):format(units.counted(r.arenas.arenas, "thread")) }
  for _, object in ipairs(r.objects) do
    rows[#rows + 1] = { object.name, units.bytes(object.bytes), object.kind }
  end
  return width.columns(rows, "lrl", "  ")
end

-- engram.usage(): prints { lua_bytes, resident, resident_peak, arena, arenas, objects }
return report.word(function()
  local thread = arena.thread():stats()
  return report.new({ lua_bytes = collectgarbage "count" * 1024, resident = resident "VmRSS",
    resident_peak = resident "VmHWM", arena = thread, arenas = engram.stats().arenas,
    objects = named() }, text)
end, "usage() tells how much memory is in use, and by what")
