-- engram.arena: memory handed out from one end and rewound, never freed piece by piece.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local types = require "engram.types"
local vec = require "engram.vec"

local Arena = ffi.typeof "struct { engram_arena *p; bool borrowed; }"
local Mark = ffi.typeof "struct engram_mark"
local strategies = { panic = C.ENGRAM_PANIC, error = C.ENGRAM_ERROR_RETURN,
  error_return = C.ENGRAM_ERROR_RETURN, fallback = C.ENGRAM_FALLBACK }

local arena, methods = {}, {}

local owned = check.opener(Arena, "arena")

-- A borrowed arena is looked up at every call: it is the calling thread's, whichever that is.
local function open(self, fname)
  if not (ffi.istype(Arena, self) and self.borrowed) then return owned(self, fname) end
  local p = C.engram_arena_thread()
  if p == nil then check.status(C.engram_last_status()) end
  return p
end

-- engram.arena.new(bytes [, { overflow = "error" | "fallback" | "panic", zero = false }]) -> arena
function arena.new(bytes, options)
  check.arg(check.count(bytes), "arena.new", 1, "a count of bytes", bytes)
  local o = check.options(options, { overflow = "error", zero = false }, "arena.new")
  check.arg(strategies[o.overflow], "arena.new", "overflow",
    "\"error\", \"fallback\" or \"panic\"", o.overflow)
  local config = ffi.new("struct engram_arena_config")
  config.size = ffi.sizeof(config)
  config.overflow = strategies[o.overflow]
  config.zero_on_release = o.zero and 1 or 0
  config.bytes = bytes
  local out = ffi.new "engram_arena *[1]"
  check.status(C.engram_arena_new(config, out))
  return Arena(out[0], false)
end

-- engram.arena.thread() -> the calling thread's arena, borrowed
function arena.thread()
  return Arena(nil, true)
end

-- arena:alloc(bytes [, align]) -> void *. Borrowed: good until the enclosing scope or mark is
-- released, and only while the arena is kept: a pointer does not hold it.
function methods:alloc(bytes, align)
  local p = open(self, "arena:alloc")
  check.arg(check.count(bytes), "arena:alloc", 1, "a count of bytes", bytes)
  check.arg(align == nil or check.count(align), "arena:alloc", 2, "a power of two", align)
  local memory = C.engram_arena_alloc(p, bytes, align or 64)
  if memory == nil then check.status(C.engram_last_status()) end
  return memory
end

-- arena:floats(n) -> vec of n floats, not cleared. Borrowed as above.
function methods:floats(n)
  local p = open(self, "arena:floats")
  check.arg(check.count(n) and n < 2 ^ 31, "arena:floats", 1, "a count", n)
  local memory = C.engram_arena_alloc_array(p, n, 4, 64)
  if memory == nil then check.status(C.engram_last_status()) end
  return vec.over(ffi.cast("float *", memory), n, self)
end

-- The marks that this state has opened and not released, outermost first. Borrowed arenas are one.
local marks = setmetatable({}, { __mode = "k" })

local function marks_of(self)
  local key = self.borrowed and methods or self
  marks[key] = marks[key] or {}
  return marks[key]
end

-- arena:mark() -> mark
function methods:mark()
  local mark = Mark()
  C.engram_arena_mark(open(self, "arena:mark"), mark)
  table.insert(marks_of(self), mark)
  return mark
end

-- arena:release(mark): everything since the mark is given back; innermost marks first
function methods:release(mark)
  local p = open(self, "arena:release")
  check.arg(ffi.istype(Mark, mark), "arena:release", 1, "a mark", mark)
  check.status(C.engram_arena_release(p, mark))
  table.remove(marks_of(self))
end

-- arena:reset(): everything is given back; an error while a mark is open
function methods:reset()
  check.status(C.engram_arena_reset(open(self, "arena:reset")))
end

-- Gives back a mark and those that were left open inside it. An arena that was freed has none.
local function unwind(self, mark)
  if self.p == nil and not self.borrowed then return end
  local p, list = open(self, "arena:scope"), marks_of(self)
  local last
  repeat
    last = table.remove(list)
    C.engram_arena_release(p, last)
  until rawequal(last, mark)
end

local function finish(self, mark, thread, done, ...)
  unwind(self, mark)
  if not done then error((...), 0) end
  if coroutine.status(thread) ~= "dead" then
    check.raise("arena:scope: the function yielded; its memory is given back")
  end
  return ...
end

-- arena:scope(f, ...) -> what f(arena, ...) returns. Memory taken inside is given back on the way
-- out, error or not. f may not yield: scratch must not be seen from outside. It runs in a
-- coroutine, so that one that tries is caught.
function methods:scope(f, ...)
  open(self, "arena:scope")
  check.arg(type(f) == "function", "arena:scope", 1, "a function", f)
  local mark = self:mark()
  local thread = coroutine.create(f)
  return finish(self, mark, thread, coroutine.resume(thread, self, ...))
end

-- arena:stats() -> { capacity, used, peak, window_peak, overflows, fallbacks, fallback_bytes,
-- releases }
function methods:stats()
  local info = ffi.new "struct engram_arena_info"
  check.status(C.engram_arena_info(open(self, "arena:stats"), info))
  local stats = {}
  for _, name in ipairs { "capacity", "used", "peak", "window_peak", "overflows", "fallbacks",
    "fallback_bytes", "releases" } do
    stats[name] = tonumber(info[name])
  end
  return stats
end

-- arena:window(): window_peak starts anew
function methods:window()
  C.engram_arena_window(open(self, "arena:window"))
end

-- arena:free(): now rather than when the collector gets to it. Twice is harmless; a borrowed one
-- stays.
function methods:free()
  check.self(ffi.istype(Arena, self), "arena:free")
  C.engram_arena_free(self.p)
  self.p = nil
end

ffi.metatype(Arena, {
  __index = methods,
  __gc = methods.free,
  __tostring = function(self)
    if self.p == nil and not self.borrowed then return "arena, closed" end
    local s = self:stats()
    return ("arena %.1f of %.1f MB, peak %.1f"):format(s.used / 2 ^ 20, s.capacity / 2 ^ 20,
      s.peak / 2 ^ 20)
  end,
})

types.register { name = "arena", ctype = Arena, methods = methods }
types.register { name = "mark", ctype = Mark }

arena.pointer = open
return arena
