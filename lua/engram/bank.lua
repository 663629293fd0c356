-- engram.bank: rows of vectors with ids, in memory or mapped from a .npy file.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local hits = require "engram.hits"
local scratch = require "engram.scratch"
local vec = require "engram.vec"

local Bank = ffi.typeof "struct { engram_bank *p; }"
local View = ffi.typeof "struct engram_bank_view"
local bank, methods = {}, {}

local open = check.opener(Bank, "bank")

local the_view = View() -- good until the next one is asked for

local function view(p)
  C.engram_bank_get(p, the_view)
  return the_view
end

function bank.is(x) return ffi.istype(Bank, x) end

-- For modules that hand a bank to C: its pointer, and its arrays, good until it changes or the next
-- view of any bank is asked for.
function bank.pointer(self, fname) return open(self, fname) end
function bank.view(self, fname) return view(open(self, fname)) end

local out = ffi.new "engram_bank *[1]"

-- engram.bank.new(dim) -> bank
function bank.new(dim)
  check.arg(check.count(dim) and dim > 0 and dim < 2 ^ 31, "bank.new", 1, "a row length", dim)
  check.status(C.engram_bank_new(dim, out))
  return Bank(out[0])
end

-- engram.bank.open(path) -> bank, or nil and what was wrong with the file
function bank.open(path)
  check.arg(type(path) == "string", "bank.open", 1, "a path", path)
  local status = C.engram_bank_open(path, out)
  if status ~= 0 then return nil, check.failure(status, path) end
  return Bank(out[0])
end

-- b:save(path [, { compact = false }]) -> true, or nil and what went wrong
function methods:save(path, options)
  local p = open(self, "bank:save")
  check.arg(type(path) == "string", "bank:save", 1, "a path", path)
  local o = check.options(options, { compact = false }, "bank:save")
  local status = C.engram_bank_save(p, path, o.compact and 1 or 0)
  if status ~= 0 then return nil, check.failure(status) end
  return true
end

local function row_of(p, x, fname, position)
  local v = vec.of(x, fname, position)
  local dim = view(p).dim
  check.arg(v.n == dim, fname, position, ("a vec of length %d"):format(dim), v)
  return v
end

local one_id = ffi.new "uint64_t[1]"

-- b:add(vec) -> id; b:add(matrix) -> { ids }
function methods:add(rows)
  local p = open(self, "bank:add")
  if vec.matrix.is(rows) then
    check.arg(rows.dim == view(p).dim, "bank:add", 1, ("rows of length %d"):format(view(p).dim),
      rows)
    local ids = ffi.new("uint64_t[?]", rows.rows)
    check.status(C.engram_bank_add(p, rows.data, rows.rows, ids))
    local list = {}
    for i = 1, rows.rows do list[i] = tonumber(ids[i - 1]) end
    return list
  end
  check.status(C.engram_bank_add(p, row_of(p, rows, "bank:add", 1).data, 1, one_id))
  return tonumber(one_id[0])
end

-- b:update(id, vec)
function methods:update(id, row)
  local p = open(self, "bank:update")
  check.arg(check.id(id), "bank:update", 1, "an id", id)
  check.status(C.engram_bank_update(p, id, row_of(p, row, "bank:update", 2).data))
end

-- b:remove(id): the id is refused from now on, its slot is used again
function methods:remove(id)
  local p = open(self, "bank:remove")
  check.arg(check.id(id), "bank:remove", 1, "an id", id)
  check.status(C.engram_bank_remove(p, id))
end

local row_out = ffi.new "const float *[1]"

-- b:row(id) -> vec, a copy
function methods:row(id)
  local p = open(self, "bank:row")
  check.arg(check.id(id), "bank:row", 1, "an id", id)
  check.status(C.engram_bank_row(p, id, row_out))
  local copy = vec.new(view(p).dim)
  ffi.copy(copy.data, row_out[0], copy.n * 4)
  return copy
end

-- b:reserve(n): room for n rows in all
function methods:reserve(n)
  local p = open(self, "bank:reserve")
  check.arg(check.count(n) and n < 2 ^ 31, "bank:reserve", 1, "a count", n)
  check.status(C.engram_bank_reserve(p, n))
end

-- b:dim() -> columns of a row; b:slots() -> slots in use or free again
function methods:dim() return view(open(self, "bank:dim")).dim end
function methods:slots() return view(open(self, "bank:slots")).slots end

-- bank.bitset(b, wanted, fname): a bitset by slot of the ids that a function wants. The function
-- may do anything but change which slots there are, so the ids are copied before it is asked.
function bank.bitset(self, wanted, fname)
  check.arg(type(wanted) == "function", fname, "filter", "a function", wanted)
  local v, ids, n = view(open(self, fname)), {}, 0
  for slot = 0, v.slots - 1 do
    if bit.band(v.live[bit.rshift(slot, 6)], bit.lshift(1ULL, slot % 64)) ~= 0 then
      n = n + 1
      ids[n] = slot + 4294967296 * v.generations[slot]
    end
  end
  local slots = v.slots
  local bits = ffi.new("uint64_t[?]", math.floor((slots + 63) / 64))
  for i = 1, n do
    if wanted(ids[i]) then
      local slot = ids[i] % 4294967296
      local word = bit.rshift(slot, 6)
      bits[word] = bit.bor(bits[word], bit.lshift(1ULL, slot % 64))
    end
  end
  if view(open(self, fname)).slots ~= slots then
    check.raise("bad argument 'filter' to '%s' (it changed the bank)", fname)
  end
  return bits
end

-- b:search(query, k [, { filter = function(id), into = hits }]) -> hits: the k rows most like the
-- query
local search_options = { filter = check.none, into = check.none }

function methods:search(query, k, options)
  local fname = "bank:search"
  local p = open(self, fname)
  local q = row_of(p, query, fname, 1)
  check.arg(check.count(k), fname, 2, "a count", k)
  local o = check.options(options, search_options, fname)
  local keep = o.filter and bank.bitset(self, o.filter, fname) or nil
  p = open(self, fname) -- the filter may have closed it
  local run = hits.into(o.into, math.min(k, view(p).count), false, fname)
  local room = math.min(k, run.room)
  local arena = scratch.get(tonumber(C.engram_bank_search_scratch(p, room)))
  check.status(C.engram_bank_search(p, q.data, room, keep, arena, run.hit, hits.count_out))
  run.n = tonumber(hits.count_out[0])
  return run
end

-- b:stats() -> { dim, rows, slots, mapped, bytes }
function methods:stats()
  local v = view(open(self, "bank:stats"))
  return { dim = v.dim, rows = v.count, slots = v.slots, mapped = v.mapped == 1,
    bytes = tonumber(v.bytes) }
end

-- b:free(): now rather than when the collector gets to it. Twice is harmless.
function methods:free()
  check.self(bank.is(self), "bank:free")
  C.engram_bank_free(self.p)
  self.p = nil
end

ffi.metatype(Bank, {
  __index = methods,
  __gc = methods.free,
  __len = function(self) return view(open(self, "#bank")).count end,
  __tostring = function(self)
    if self.p == nil then return "bank, closed" end
    local v = view(self.p)
    return ("bank %d rows x %d, %.1f MB%s")
      :format(v.count, v.dim, tonumber(v.bytes) / 2 ^ 20, v.mapped == 1 and ", mapped" or "")
  end,
})

return bank
