-- engram.filter: questions about memories whose answers are bitsets by slot, kept until the memory
-- changes.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local record = require "engram.record"
local types = require "engram.types"

local filter, mt = {}, {}

local ranges = { created = C.ENGRAM_CREATED, last_recall = C.ENGRAM_LAST_RECALL,
  strength = C.ENGRAM_STRENGTH, confidence = C.ENGRAM_CONFIDENCE, recalls = C.ENGRAM_RECALLS,
  retention = C.ENGRAM_RETENTION }
local flags = { pinned = C.ENGRAM_PINNED, archived = C.ENGRAM_ARCHIVED }

local known = { class = check.none, now = check.none, where = check.none }
for name in pairs(ranges) do known[name] = check.none end
for name in pairs(flags) do known[name] = check.none end

local function is_bound(x) return x == nil or type(x) == "number" and x == x end

local function set_range(conditions, name, range, fname)
  local from, to = range, range
  if type(range) == "table" then from, to = range[1], range[2] end
  check.arg(range ~= nil and is_bound(from) and is_bound(to), fname, name,
    "a number or { from, to }", range)
  from, to = from or -math.huge, to or math.huge
  if name == "recalls" then -- whole numbers, of which nothing is lost on the way
    from, to = math.max(math.ceil(from), 0), math.min(math.floor(to), 2 ^ 32 - 1)
    if from > to then from, to = 1, 0 end
  end
  conditions[name][0], conditions[name][1] = from, to
  conditions.given = bit.bor(conditions.given, ranges[name])
end

local function set_classes(conditions, class, fname)
  local list = type(class) == "table" and class or { class }
  for i = 1, #list do
    check.arg(record.is_class(list[i]), fname, "class", "a class, 0 .. 255, or a list of them",
      list[i])
    local word = bit.rshift(list[i], 6)
    conditions.classes[word] = bit.bor(conditions.classes[word], bit.lshift(1ULL, list[i] % 64))
  end
  conditions.given = bit.bor(conditions.given, C.ENGRAM_CLASS)
end

local function set_flag(conditions, name, on, fname)
  check.arg(type(on) == "boolean", fname, name, "true or false", on)
  local side = on and "flags_on" or "flags_off"
  conditions[side] = bit.bor(conditions[side], flags[name])
end

-- filter.new(memory, conditions, fname) -> filter
function filter.new(memory, conditions, fname)
  local o = check.options(conditions, known, fname)
  local c = ffi.new "struct engram_conditions"
  c.size = ffi.sizeof(c)
  for name in pairs(ranges) do
    if o[name] ~= nil then set_range(c, name, o[name], fname) end
  end
  for name in pairs(flags) do
    if o[name] ~= nil then set_flag(c, name, o[name], fname) end
  end
  if o.class ~= nil then set_classes(c, o.class, fname) end
  check.arg(o.now == nil or o.retention ~= nil and check.finite(o.now), fname, "now",
    "a time, for retention", o.now)
  check.arg(o.where == nil or type(o.where) == "function", fname, "where", "a function", o.where)
  return setmetatable({ memory = memory, conditions = c, now = o.now, where = o.where,
    room = 0 }, mt)
end

-- filter.of(memory, x, fname, position): x if it is a filter of this memory; of conditions, or of a
-- function of ids, a new one
function filter.of(memory, x, fname, position)
  if getmetatable(x) ~= mt then
    local by_id = type(x) == "function" and x or nil
    check.arg(by_id or type(x) == "table", fname, position,
      "a filter, a table of conditions, or a function", x)
    local made = filter.new(memory, not by_id and x or nil, fname)
    made.by_id = by_id
    return made
  end
  if x.memory ~= memory then
    check.arg(false, fname, position, "a filter of this memory", "one of another")
  end
  return x
end

function filter.has(bits, slot)
  return bit.band(bits[bit.rshift(slot, 6)], bit.lshift(1ULL, slot % 64)) ~= 0
end

local info = ffi.new "struct engram_memory_info"
local words = ffi.cast("uint32_t *", ffi.cast("char *", info)
  + ffi.offsetof("struct engram_memory_info", "sequence"))

-- The last operation on a memory, which is only compared; read whole it would be boxed.
local function sequence_of(p)
  C.engram_memory_info(p, info)
  return words[0] + 4294967296 * words[1]
end

-- Clears the bits of those that a function does not want. It may look at the memory, not change it.
local function ask(self, open, sequence, fname)
  local p, bits = open(self.memory, fname), self.bits
  local id = C.engram_memory_next(p, record.NO_ID)
  while id ~= record.NO_ID do
    local slot = tonumber(id % 4294967296ULL)
    if filter.has(bits, slot) then
      local wanted
      if self.by_id then
        wanted = self.by_id(tonumber(id))
      else
        wanted = self.where(record.item(p, tonumber(id)))
      end
      p = open(self.memory, fname)
      if sequence_of(p) ~= sequence then
        check.raise("bad argument 'filter' to '%s' (its function changed the memory)", fname)
      end
      if not wanted then
        local word = bit.rshift(slot, 6)
        bits[word] = bit.band(bits[word], bit.bnot(bit.lshift(1ULL, slot % 64)))
      end
    end
    id = C.engram_memory_next(p, id)
  end
end

-- filter.bits(f, open, fname) -> its bitset, made again if the memory has changed; how many slots
function filter.bits(self, open, fname)
  local p = open(self.memory, fname)
  local sequence = sequence_of(p)
  local slots = info.slots
  if self.sequence == sequence then return self.bits, slots end
  local room = math.floor((slots + 63) / 64)
  if room >= self.room then
    self.bits, self.room = ffi.new("uint64_t[?]", 2 * room + 1), 2 * room + 1
  end
  self.sequence = nil
  local clock = info.clock > -math.huge and info.clock or 0
  self.conditions.now = self.now or clock
  check.status(C.engram_memory_select(p, self.conditions, self.bits))
  if self.where or self.by_id then ask(self, open, sequence, fname) end
  self.sequence = sequence
  return self.bits, slots
end

function mt:__tostring()
  return ("filter, %d of %d memories"):format(self.memory:count(self), #self.memory)
end

types.register { name = "filter", metatable = mt, fields = {
  memory = "what it chooses from",
  now = "the time of retention",
} }

return filter
