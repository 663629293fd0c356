-- arena.lua: memory that is handed out from one end and rewound.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, refuses = tap.ok, tap.is, support.refuses

local arena = engram.arena.new(4096)

-- ---- results

is(arena:stats().capacity, 4096, "an arena has the capacity that was asked for")
is(arena:stats().used, 0, "a new arena is empty")
local block = arena:alloc(100)
is(tonumber(ffi.cast("uintptr_t", block)) % 64, 0, "memory is aligned to 64 bytes")
is(tonumber(ffi.cast("uintptr_t", arena:alloc(1, 1024))) % 1024, 0,
  "another alignment can be asked for")
ok(arena:stats().used > 100, "what is handed out is counted")
arena:reset()
is(arena:stats().used, 0, "reset gives everything back")
is(arena:alloc(8), block, "memory that was given back is handed out again")
arena:reset()

local v = arena:floats(10):fill(3)
is(v:dot(v), 90, "floats gives a vec")
local mark = arena:mark()
local used = arena:stats().used
arena:floats(100)
arena:release(mark)
is(arena:stats().used, used, "release rewinds to the mark")
is(v[10], 3, "what is older than the mark is still there")

local a, b, c = arena:scope(function(inner, x, y)
  inner:floats(500)
  return x + y, nil, "three"
end, 1, 2)
ok(a == 3 and b == nil and c == "three", "scope hands arguments in and all values out")
is(arena:stats().used, used, "scope gives its memory back")
refuses(function() arena:scope(function() arena:floats(500); error "broken" end) end, "broken",
  "an error inside scope is passed on")
is(arena:stats().used, used, "an error inside scope gives the memory back")
refuses(function() arena:scope(function() arena:floats(500); coroutine.yield() end) end,
  "arena:scope: the function yielded; its memory is given back",
    "a function that yields inside scope is caught")
is(arena:stats().used, used, "yielding inside scope gives the memory back")
arena:scope(function() arena:scope(function() arena:floats(100) end) end)
is(arena:stats().used, used, "scopes may be nested")
arena:scope(function() arena:mark(); arena:floats(100) end)
is(arena:stats().used, used, "a mark left open inside scope is released with it")
refuses(function() arena:scope(function() arena:mark(); arena:floats(9); error "mine" end) end, "mine",
  "and does not hide the function's error")
is(arena:stats().used, used, "nor keep memory")

arena = engram.arena.new(4096)
arena:alloc(1000)
arena:reset()
arena:window()
arena:alloc(100)
local stats = arena:stats()
ok(stats.peak >= 1000 and stats.window_peak >= 100 and stats.window_peak < 1000,
  "window starts the window's peak anew and leaves the peak alone")
is(stats.releases, 1, "a reset counts as a release")
is(stats.overflows, 0, "nothing has overflowed yet")

-- ---- a full arena

refuses(function() arena:alloc(5000) end, "engram_arena_alloc: 5000 bytes asked, ",
  "a full arena says what was asked and what is free")
refuses(function() arena:floats(2 ^ 20) end, "4194304 bytes asked", "floats fail like alloc")
is(arena:stats().overflows, 2, "allocations that fail are counted")
local _, failure = pcall(arena.alloc, arena, 5000)
is(failure.name, "ENOMEM", "the error has the name of its status")
is(failure.code, 1, "the error has the code of its status")

local roomy = engram.arena.new(4096, { overflow = "fallback", zero = true })
roomy:scope(function()
  roomy:floats(10000):fill(1)
  stats = roomy:stats()
  is(stats.fallbacks, 1,
    "with overflow = \"fallback\" a full arena still gives memory and counts it")
  ok(stats.fallback_bytes >= 40000, "the bytes beyond the block are counted")
  ok(stats.used >= 40000, "memory beyond the block is in use")
end)
is(roomy:stats().used, 0, "memory beyond the block is given back with its scope")
roomy:scope(function() roomy:floats(8):fill(7) end)
is(roomy:floats(8)[5], 0, "with zero = true memory is cleared when it is given back")

-- ---- the thread's arena

local thread = engram.arena.thread()
is(thread:stats().capacity, engram.info().arena.bytes,
  "the thread's arena has the configured capacity")
thread:free()
ok(thread:stats().capacity > 0, "freeing the borrowed arena of the thread does nothing")
thread:scope(function()
  local filling = thread:stats().capacity - 256
  thread:alloc(filling)
  local bank = engram.bank.new(2)
  for i = 1, 100 do bank:add { i, 1 } end
  is(#bank:search({ 1, 1 }, 50), 50,
    "a search finds its scratch while the script has filled the thread's arena")
end)

-- ---- lifetimes

local kept = engram.arena.new(1024):floats(4):fill(5)
for _ = 1, 3 do
  collectgarbage()
  engram.arena.new(1024):floats(4):fill(6)
end
is(kept[4], 5, "a vec from an arena keeps the arena alive")
arena:free()
arena:free()
is(tostring(arena), "arena, closed", "free may be called twice")
for _, name in ipairs { "alloc", "floats", "mark", "release", "reset", "scope", "stats",
  "window" } do
  refuses(function() local _ = arena[name](arena, 1) end,
    ("arena:%s: this arena is closed"):format(name),
    ("after free arena:%s says closed"):format(name))
  refuses(function() local _ = arena[name](1) end,
    ("call it as arena:%s(...), with a colon"):format(name),
    ("arena.%s without its arena asks for a colon"):format(name))
end
refuses(function() arena.free() end, "call it as arena:free(...), with a colon",
  "arena.free asks for a colon")

support.given_back(function() engram.arena.new(2 ^ 26):alloc(64) end, "the collector frees arenas")

-- ---- for eyes

arena = engram.arena.new(2 ^ 21)
arena:alloc(2 ^ 20)
is(tostring(arena), "arena 1.0 of 2.0 MB, peak 1.0", "an arena shows use, capacity and peak")
arena:reset()

-- ---- misuse

refuses(function() engram.arena.new "1M" end,
  [[bad argument #1 to 'arena.new' (a count of bytes expected, got string "1M")]],
    "a capacity is a number")
refuses(function() engram.arena.new(64, { overflow = "grow" }) end,
  [[bad argument 'overflow' to 'arena.new' ("error", "fallback" or "panic" expected, got string "grow")]],
  "strategies are listed where one is unknown")
refuses(function() engram.arena.new(64, { zeroed = true }) end,
  "unknown option 'zeroed' to 'arena.new' (known: overflow, zero)",
    "options are listed where one is unknown")
refuses(function() engram.arena.new(64, true) end,
  "bad options to 'arena.new' (a table expected, got boolean true)",
  "options are a table")
refuses(function() arena:alloc(-1) end,
  "bad argument #1 to 'arena:alloc' (a count of bytes expected, got number -1)",
  "bytes are a count")
refuses(function() arena:alloc(1, "x") end,
  [[bad argument #2 to 'arena:alloc' (a power of two expected, got string "x")]],
  "an alignment is a number")
refuses(function() arena:alloc(1, 3) end, "align is 3, expected a power of two up to 4096",
  "an alignment is a power of two")
refuses(function() arena:floats(0.5) end,
  "bad argument #1 to 'arena:floats' (a count expected, got number 0.5)",
  "floats come in whole numbers")
refuses(function() arena:release(1) end,
  "bad argument #1 to 'arena:release' (a mark expected, got number 1)",
  "release wants a mark")
refuses(function() arena:scope(1) end,
  "bad argument #1 to 'arena:scope' (a function expected, got number 1)",
  "scope wants a function")
local outer = arena:mark()
local inner = arena:mark()
refuses(function() arena:release(outer) end, "the mark is not the innermost open one",
  "marks are released innermost first")
refuses(function() arena:reset() end, "engram_arena_reset: a mark is open",
  "reset refuses while a mark is open")
arena:release(inner)
arena:release(outer)
refuses(function() arena:release(outer) end, "the mark is not the innermost open one",
  "a mark is released once")

support.done()
