-- engram.bank: rows of vectors with ids, in memory or mapped from a .npy file.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local hits = require "engram.hits"
local scratch = require "engram.scratch"
local types = require "engram.types"
local vec = require "engram.vec"

local Bank = ffi.typeof "struct { engram_bank *p; }"
local View = ffi.typeof "struct engram_bank_view"
local bank, methods = {}, {}

local forms = { f32 = C.ENGRAM_F32, bf16 = C.ENGRAM_BF16, f16 = C.ENGRAM_F16,
  int8 = C.ENGRAM_INT8, sign = C.ENGRAM_SIGN }

bank.forms = forms

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

-- b:index(form [, false]) -> b: derives "bf16", "f16", "int8" or "sign", or drops it
function methods:index(form, on)
  local p = open(self, "bank:index")
  local code = forms[form]
  check.arg(code and code > 0, "bank:index", 1, '"bf16", "f16", "int8" or "sign"', form)
  check.arg(on == nil or type(on) == "boolean", "bank:index", 2, "true or false", on)
  check.status(C.engram_bank_index(p, code, on == false and 0 or 1))
  return self
end

local the_options = ffi.new "struct engram_search" -- of the search that runs
the_options.size = ffi.sizeof(the_options)

local stage_sizes = { "candidates", "rerank" }

-- What C is to know of the options; keep must live as long as the call.
local function search_options(o, keep, fname)
  local form = forms[o.form or "f32"]
  check.arg(form, fname, "form", '"f32", "bf16", "f16", "int8" or "sign"', o.form)
  for _, name in ipairs(stage_sizes) do
    check.arg(check.count(o[name] or 0) and (o[name] or 0) < 2 ^ 31, fname, name, "a count",
      o[name])
    the_options[name] = o[name] or 0
  end
  the_options.form, the_options.keep = form, keep
  return the_options
end

-- A list of hits, one for each row of a matrix.
local function search_all(p, queries, k, o, keep, fname)
  check.arg(queries.dim == view(p).dim, fname, 1, ("rows of length %d"):format(view(p).dim),
    queries)
  local room = math.min(k, view(p).count)
  local array = ffi.new("struct engram_hit[?]", queries.rows * room)
  local counts = ffi.new("size_t[?]", queries.rows)
  local seen = ffi.new("struct engram_seen[?]", queries.rows)
  local options = search_options(o, keep, fname)
  local arena = scratch.get(tonumber(C.engram_bank_search_scratch(p, queries.rows, room, options)))
  check.status(C.engram_bank_search(p, queries.data, queries.rows, room, options, arena, array,
    counts, seen))
  local list = {}
  for i = 0, queries.rows - 1 do
    list[i + 1] = hits.over(array, i * room, tonumber(counts[i]), room, seen[i])
  end
  return list
end

-- b:search(query, k [, { form =, candidates =, rerank =, filter = function(id), into = hits }])
-- -> hits: the k rows most like the query; of a matrix of queries a list of hits
local search_known = { form = check.none, candidates = check.none, rerank = check.none,
  filter = check.none, into = check.none }

function methods:search(query, k, options)
  local fname = "bank:search"
  local p = open(self, fname)
  local many = vec.matrix.is(query)
  local q = many and query or row_of(p, query, fname, 1)
  check.arg(check.count(k), fname, 2, "a count", k)
  local o = check.options(options, search_known, fname)
  local keep = o.filter and bank.bitset(self, o.filter, fname) or nil
  p = open(self, fname) -- the filter may have closed it
  if many then
    check.arg(o.into == nil, fname, "into", "no hits for many queries", o.into)
    return search_all(p, q, k, o, keep, fname)
  end
  local run = hits.into(o.into, math.min(k, view(p).count), false, fname)
  local room = math.min(k, run.room)
  local c = search_options(o, keep, fname)
  local arena = scratch.get(tonumber(C.engram_bank_search_scratch(p, 1, room, c)))
  check.status(C.engram_bank_search(p, q.data, 1, room, c, arena, run.hit, hits.count_out,
    hits.seen_pointer(run)))
  run.n = tonumber(hits.count_out[0])
  return run
end

-- b:recall_at(k, { form =, candidates =, rerank =, filter = }, queries) -> the mean share of the
-- exact best k that a search with these options finds; the means of what it looked at
local recall_known = { form = check.none, candidates = check.none, rerank = check.none,
  filter = check.none }

function methods:recall_at(k, options, queries)
  local fname = "bank:recall_at"
  open(self, fname)
  check.arg(check.count(k) and k > 0, fname, 1, "a count of at least 1", k)
  local o = check.options(options, recall_known, fname)
  check.arg(vec.matrix.is(queries) and queries.rows > 0, fname, 3, "a matrix of queries", queries)
  local keep = o.filter and bank.bitset(self, o.filter, fname) or nil
  local p = open(self, fname) -- the filter may have closed it
  local exact = search_all(p, queries, k, {}, keep, fname)
  local found = search_all(p, queries, k, o, keep, fname)
  local share, seen = 0, { scanned = 0, candidates = 0, reranked = 0 }
  for i, run in ipairs(found) do
    local wanted, met = {}, 0
    for j = 1, #exact[i] do wanted[exact[i]:id(j)] = true end
    for j = 1, #run do met = met + (wanted[run:id(j)] and 1 or 0) end
    share = share + (#exact[i] > 0 and met / #exact[i] or 1)
    for name, sum in pairs(seen) do seen[name] = sum + run.seen[name] end
  end
  for name, sum in pairs(seen) do seen[name] = sum / #found end
  return share / #found, seen
end

-- b:stats() -> { dim, rows, slots, mapped, bytes, forms = { name = bytes } }
function methods:stats()
  local v = view(open(self, "bank:stats"))
  local indexed = {}
  for name, form in pairs(forms) do
    local bytes = tonumber(v.form_bytes[form])
    if bytes > 0 then indexed[name] = bytes end
  end
  return { dim = v.dim, rows = v.count, slots = v.slots, mapped = v.mapped == 1,
    bytes = tonumber(v.bytes), forms = indexed }
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

types.register { name = "bank", ctype = Bank, methods = methods }

return bank
