-- engram.record: one memory as C has it and as a table; one link likewise. The structs here are of
-- the call that runs, and what they point to is held until the next one.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local json = require "engram.json"
local vec = require "engram.vec"

local record = { NO_ID = 0xffffffffffffffffULL } -- ENGRAM_NO_ID, which is a macro

local struct = ffi.new "struct engram_record"
struct.size = ffi.sizeof(struct)
record.struct = struct

local held = {} -- what the struct points to

-- A table stands in the metadata as JSON behind a record separator, as in RFC 7464.
local SEPARATOR = "\30"

-- ---- what the fields of a memory must be

local function is_number(x) return check.finite(x) end
local function is_natural(x) return check.count(x) and x < 2 ^ 32 end
local function is_string(x) return type(x) == "string" end
local function is_boolean(x) return type(x) == "boolean" end

function record.is_class(x) return check.count(x) and x < 256 end

local function is_meta(x)
  return type(x) == "table" or type(x) == "string" and x:sub(1, 1) ~= SEPARATOR
end

local function is_vector(x, dim)
  if vec.is(x) then return x.n == dim end
  if type(x) ~= "table" or #x ~= dim then return false end
  for i = 1, dim do
    if type(x[i]) ~= "number" then return false end
  end
  return true
end

-- Fields that are numbers: by the name of the option, its name and bit in C.
local numbers = {
  created = { "created", C.ENGRAM_CREATED },
  last_recall = { "last_recall", C.ENGRAM_LAST_RECALL },
  strength = { "strength", C.ENGRAM_STRENGTH },
  confidence = { "confidence", C.ENGRAM_CONFIDENCE },
  floor = { "floor", C.ENGRAM_FLOOR },
  tau_s = { "scale_s", C.ENGRAM_SCALE },
  beta = { "beta", C.ENGRAM_BETA },
  recalls = { "recalls", C.ENGRAM_RECALLS },
  class = { "memory_class", C.ENGRAM_CLASS },
}

local flags = { pin = C.ENGRAM_PINNED, archived = C.ENGRAM_ARCHIVED }

local wants = {
  vector = { is_vector, "a vec, or a table of numbers, of length %d" },
  content = { is_string, "a string" },
  meta = { is_meta, "a table, or a string that does not begin with a record separator" },
  created = { is_number, "a time in seconds" },
  last_recall = { is_number, "a time in seconds" },
  strength = { is_number, "a number" },
  confidence = { is_number, "a number" },
  floor = { is_number, "a number" },
  tau_s = { is_number, "seconds" },
  beta = { is_number, "a number" },
  recalls = { is_natural, "a count" },
  class = { record.is_class, "a class, 0 .. 255" },
  pin = { is_boolean, "true or false" },
  archived = { is_boolean, "true or false" },
}

-- record.known(more) -> the names of all fields, and more, for check.options
function record.known(more)
  local known = {}
  for name in pairs(wants) do known[name] = check.none end
  for name in more:gmatch "%S+" do known[name] = check.none end
  return known
end

-- record.wrong(o, dim) -> nil, or the name of a field that is not what it must be, and what that is
function record.wrong(o, dim)
  local first -- by name: pairs has another order in each process
  for name, value in pairs(o) do
    local want = wants[name]
    if want and not want[1](value, dim) and (not first or name < first) then first = name end
  end
  if first then return first, wants[first][2]:format(dim) end
end

-- ---- from tables

-- record.fill(o, before) -> the struct as a table describes it, which is not wrong, or nil and why
-- its metadata are no JSON; what it says of flags is a change of those before.
function record.fill(o, before)
  local given = 0
  if o.vector ~= nil then
    held.vector = vec.of(o.vector)
    struct.vector, given = held.vector.data, C.ENGRAM_VECTOR
  end
  if o.content ~= nil then
    held.content = o.content
    struct.content, struct.content_bytes = o.content, #o.content
    given = bit.bor(given, C.ENGRAM_CONTENT)
  end
  if o.meta ~= nil then
    local meta = o.meta
    if type(meta) == "table" then
      local text, wrong = json.text(meta)
      if not text then return nil, wrong end
      meta = SEPARATOR .. text
    end
    held.meta = meta
    struct.meta, struct.meta_bytes = meta, #meta
    given = bit.bor(given, C.ENGRAM_META)
  end
  struct.flags = before
  for name, value in pairs(o) do
    local field, flag = numbers[name], flags[name]
    if field then
      struct[field[1]] = value
      given = bit.bor(given, field[2])
    elseif flag then
      struct.flags = value and bit.bor(struct.flags, flag) or bit.band(struct.flags, bit.bnot(flag))
      given = bit.bor(given, C.ENGRAM_FLAGS)
    end
  end
  struct.fields = given
  return struct
end

-- record.flags(p, id) -> those of a memory
function record.flags(p, id)
  check.status(C.engram_memory_get(p, id, struct))
  return struct.flags
end

-- ---- to tables

local function read_meta(meta)
  if meta:sub(1, 1) ~= SEPARATOR then return meta end
  return json.decode(meta:sub(2)) or meta -- a host may have put there what it liked
end

-- record.item(p, id) -> a table of its fields, without vector and links. Empty texts are none.
function record.item(p, id)
  check.status(C.engram_memory_get(p, id, struct))
  local item = { id = id }
  if struct.content_bytes > 0 then
    item.content = ffi.string(struct.content, struct.content_bytes)
  end
  if struct.meta_bytes > 0 then
    item.meta = read_meta(ffi.string(struct.meta, struct.meta_bytes))
  end
  for name, field in pairs(numbers) do item[name] = struct[field[1]] end
  item.pinned = bit.band(struct.flags, C.ENGRAM_PINNED) ~= 0
  item.archived = bit.band(struct.flags, C.ENGRAM_ARCHIVED) ~= 0
  return item
end

-- record.vector(p, id, dim) -> vec, a copy
function record.vector(p, id, dim)
  check.status(C.engram_memory_get(p, id, struct))
  local v = vec.new(dim)
  ffi.copy(v.data, struct.vector, 4 * dim)
  return v
end

-- ---- links

local links, room = nil, 0
local count_out = ffi.new "size_t[1]"

local function reserve(n)
  if n <= room then return end
  local more = ffi.new("struct engram_link[?]", 2 * n)
  if links then ffi.copy(more, links, room * ffi.sizeof "struct engram_link") end
  links, room = more, 2 * n
end

-- record.put_link(i, source, target, weight, class) -> the links of the call, of which this is the
-- i-th, from 0
function record.put_link(i, source, target, weight, class)
  reserve(i + 1)
  local link = links[i]
  link.source, link.target, link.weight, link.edge_class = source, target, weight or 1, class or 0
  return links
end

-- record.read_links(p, id) -> the links that leave a memory, and how many
function record.read_links(p, id)
  check.status(C.engram_memory_links(p, id, links, room, count_out))
  local n = tonumber(count_out[0])
  if n > room then
    reserve(n)
    check.status(C.engram_memory_links(p, id, links, room, count_out))
  end
  return links, n
end

local link_known = { to = check.none, from = check.none, weight = check.none, class = check.none,
  both = check.none }

local function wrong_link(i, expected, got, fname)
  check.arg(false, fname, "links", ("%s at %d"):format(expected, i), got)
end

-- A link of a memory that is being remembered: the id at its other end, weight, class, whether it
-- comes from there, and whether there is one each way.
local function read_link(link, i, fname)
  local other, weight, class, from, both = link, nil, nil, false, nil
  if type(link) == "table" and link[1] ~= nil then
    for key in pairs(link) do
      if not (check.count(key) and key <= 3) then
        wrong_link(i, "{ id, weight, class }", key, fname)
      end
    end
    other, weight, class = link[1], link[2], link[3]
  elseif type(link) == "table" then
    local o = check.options(link, link_known, fname)
    from = o.to == nil
    if from == (o.from == nil) then wrong_link(i, "either to or from", o.from, fname) end
    other, weight, class, both = from and o.from or o.to, o.weight, o.class, o.both
  end
  if not check.id(other) then wrong_link(i, "an id", other, fname) end
  if weight ~= nil and not check.finite(weight) then wrong_link(i, "a weight", weight, fname) end
  if class ~= nil and not record.is_class(class) then
    wrong_link(i, "a class, 0 .. 255,", class, fname)
  end
  if both ~= nil and type(both) ~= "boolean" then
    wrong_link(i, "true or false", both, fname)
  end
  return other, weight, class, from, both
end

-- record.own_links(list, fname) -> links of a memory that is being remembered, and how many
function record.own_links(list, fname)
  check.arg(check.list(list), fname, "links", "a list of links", list)
  local n = 0
  for i = 1, #list do
    local other, weight, class, from, both = read_link(list[i], i, fname)
    if not from or both then
      record.put_link(n, record.NO_ID, other, weight, class)
      n = n + 1
    end
    if from or both then
      record.put_link(n, other, record.NO_ID, weight, class)
      n = n + 1
    end
  end
  return links, n
end

return record
