-- engram.memory: what is remembered, fades, is linked and recalled, in one object; kept in memory
-- alone or in a directory. Times are seconds as the script counts them: nothing here reads a clock.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local bank = require "engram.bank"
local check = require "engram.check"
local decay = require "engram.decay"
local exchange = require "engram.exchange"
local filter = require "engram.filter"
local graph = require "engram.graph"
local hits = require "engram.hits"
local recall = require "engram.recall"
local record = require "engram.record"
local text = require "engram.text"
local types = require "engram.types"
local vec = require "engram.vec"

local Memory = ffi.typeof "struct { engram_memory *p; }"
local memory, methods = {}, {}

-- What Lua keeps of a memory: its pointer, which the field of a struct would box anew at every
-- look; its encoder, and the vec that texts are encoded into.
local kept = setmetatable({}, { __mode = "k" })

local function open(self, fname)
  check.self(ffi.istype(Memory, self), fname)
  local own = kept[self]
  if not own.p then check.raise("%s: this memory is closed", fname) end
  return own.p
end

function memory.is(x) return ffi.istype(Memory, x) end

-- For modules that work on a memory with C: its pointer.
function memory.pointer(self, fname) return open(self, fname) end

local info = ffi.new "struct engram_memory_info" -- good until the next one is asked for

local function info_of(p)
  C.engram_memory_info(p, info)
  return info
end

-- A time that was given; otherwise the memory's clock, which is at 0 before it was told one.
local function time_of(p, now, fname, name)
  if now == nil then
    local clock = info_of(p).clock
    return clock > -math.huge and clock or 0
  end
  if not check.finite(now) then check.arg(false, fname, name, "a time in seconds", now) end
  return now
end

local function id_of(id, fname, position)
  if not check.id(id) then check.arg(false, fname, position, "an id", id) end
  return id
end

-- ---- new, open

local the_law = ffi.new "struct engram_law"

-- What a new memory is to be. Its encoder says how many columns, unless it is said.
local function options_of(o, fname)
  local dim = o.dim or o.encoder and o.encoder.dim
  check.arg(check.count(dim) and dim > 0 and dim < 2 ^ 31, fname, "dim", "a number of columns", dim)
  local capacity = o.capacity or 0
  check.arg(check.count(capacity) and capacity < 2 ^ 31, fname, "capacity", "a count", capacity)
  local options = ffi.new "struct engram_memory_options"
  options.size = ffi.sizeof(options)
  options.dim, options.capacity = dim, capacity
  if o.law ~= nil then
    ffi.copy(the_law, decay.law(o.law, fname), ffi.sizeof(the_law))
    options.law = the_law
  end
  return options
end

local memory_out = ffi.new "engram_memory *[1]"

local function wrap(p, encoder)
  local self = Memory(p)
  kept[self] = { p = p, encoder = encoder }
  return self
end

local function encoder_of(o, fname)
  check.arg(o.encoder == nil or text.is(o.encoder), fname, "encoder", "an encoder of engram.text",
    o.encoder)
  return o.encoder
end

-- An encoder writes vectors of the memory's dim.
local function check_encoder(encoder, dim, fname)
  check.arg(encoder == nil or encoder.dim == dim, fname, "encoder",
    ("an encoder of %d columns"):format(dim), encoder and encoder.dim)
end

-- engram.memory.new { dim =, law =, capacity =, encoder = } -> memory
local new_known = { dim = check.none, law = check.none, capacity = check.none,
  encoder = check.none }

function memory.new(options)
  local fname = "memory.new"
  local o = check.options(options, new_known, fname)
  local encoder = encoder_of(o, fname)
  local c = options_of(o, fname)
  check_encoder(encoder, c.dim, fname)
  check.status(C.engram_memory_new(c, memory_out))
  return wrap(memory_out[0], encoder)
end

-- engram.memory.open(path [, { dim =, law =, capacity =, encoder =, history =, journal_bytes =,
-- read_only =, repair = }]) -> memory, or nil and what was wrong
local open_known = { dim = check.none, law = check.none, capacity = check.none,
  encoder = check.none, history = check.none, journal_bytes = check.none, read_only = check.none,
  repair = check.none }

function memory.open(path, options)
  local fname = "memory.open"
  check.arg(type(path) == "string" and not path:find "%z", fname, 1, "a path", path)
  local o = check.options(options, open_known, fname)
  local encoder = encoder_of(o, fname)
  local files = ffi.new "struct engram_files"
  files.size = ffi.sizeof(files)
  local history, journal_bytes = o.history or 0, o.journal_bytes or 0
  check.arg(type(history) == "number" and history >= 0, fname, "history", "seconds", history)
  check.arg(check.count(journal_bytes), fname, "journal_bytes", "a count", journal_bytes)
  files.history_s, files.journal_bytes = history, journal_bytes
  for _, name in ipairs { "read_only", "repair" } do
    check.arg(o[name] == nil or type(o[name]) == "boolean", fname, name, "true or false", o[name])
    files[name] = o[name] and 1 or 0
  end
  local c = (o.dim or o.law or o.capacity) and options_of(o, fname) or nil
  local status = C.engram_memory_open(path, c, files, memory_out)
  if status ~= 0 then return nil, check.failure(status, path) end
  local self = wrap(memory_out[0], encoder)
  kept[self].path = path
  local dim = info_of(self.p).dim
  if encoder and encoder.dim ~= dim then self:free() end
  check_encoder(encoder, dim, fname)
  return self
end

-- m:warnings() -> sentences about what was set right on opening
function methods:warnings()
  local p, list = open(self, "memory:warnings"), {}
  while C.engram_memory_warning(p, #list) ~= nil do
    list[#list + 1] = ffi.string(C.engram_memory_warning(p, #list))
  end
  return list
end

-- ---- texts

-- A text as a vector, by the memory's encoder, in the memory's vec for it.
local function encoded(self, p, s, fname)
  check.arg(type(s) == "string", fname, "text", "a string", s)
  local own = kept[self]
  if not own.vector then
    local dim = info_of(p).dim
    check.arg(own.encoder or dim >= text.least, fname, "text",
      ("a memory of at least %d columns for it"):format(text.least), dim)
    own.encoder = own.encoder or text.new { dim = dim }
    own.vector = vec.new(dim)
  end
  return (own.encoder:encode(s, own.vector))
end

-- Options that have a text, with its vector; in the one table there is for that.
local of_text = {}

local function with_vector(self, p, o, fname)
  check.arg(o.vector == nil, fname, "vector", "a text or a vector, not both", o.vector)
  for key in pairs(of_text) do of_text[key] = nil end
  for key, value in pairs(o) do of_text[key] = value end
  of_text.vector = encoded(self, p, o.text, fname)
  return of_text
end

-- The record that options describe. A text is the content unless that is given.
local function record_of(self, p, o, before, fname)
  local name, expected = record.wrong(o, info_of(p).dim)
  if name then check.arg(false, fname, name, expected, o[name]) end
  if o.text ~= nil then
    o = with_vector(self, p, o, fname)
    if o.content == nil then o.content = o.text end
  end
  local r, wrong = record.fill(o, before)
  if not r then check.raise("bad argument 'meta' to '%s' (%s)", fname, wrong) end
  return r
end

-- ---- links

local now_known = { now = check.none }
local link_known = { weight = check.none, class = check.none, both = check.none, now = check.none }
local unlink_known = { both = check.none, now = check.none }

local function check_both(o, fname)
  check.arg(o.both == nil or type(o.both) == "boolean", fname, "both", "true or false", o.both)
end

-- m:link(source, target [, { weight = 1, class = 0, both = false, now = }])
function methods:link(source, target, options)
  local fname = "memory:link"
  local p = open(self, fname)
  id_of(source, fname, 1)
  id_of(target, fname, 2)
  local o = check.options(options, link_known, fname)
  check.arg(o.weight == nil or check.finite(o.weight), fname, "weight", "a number", o.weight)
  check.arg(o.class == nil or record.is_class(o.class), fname, "class", "a class, 0 .. 255",
    o.class)
  check_both(o, fname)
  record.put_link(0, source, target, o.weight, o.class)
  local links = record.put_link(1, target, source, o.weight, o.class)
  local now = time_of(p, o.now, fname, "now")
  check.status(C.engram_memory_link(p, links, o.both and 2 or 1, now))
end

-- m:unlink(source, target [, { both = false, now = }]); both: whichever there are of the two
function methods:unlink(source, target, options)
  local fname = "memory:unlink"
  local p = open(self, fname)
  id_of(source, fname, 1)
  id_of(target, fname, 2)
  local o = check.options(options, unlink_known, fname)
  check_both(o, fname)
  local now = time_of(p, o.now, fname, "now")
  local back = o.both and C.engram_memory_unlink(p, target, source, now)
  if back and back ~= C.ENGRAM_ERANGE then check.status(back) end
  local status = C.engram_memory_unlink(p, source, target, now)
  if not (back == 0 and status == C.ENGRAM_ERANGE) then check.status(status) end
end

local function list_links(p, id)
  local links, n = record.read_links(p, id)
  local list = {}
  for i = 0, n - 1 do
    list[i + 1] = { to = tonumber(links[i].target), weight = links[i].weight,
      class = links[i].edge_class }
  end
  return list
end

-- m:links(id) -> { { to =, weight =, class = }, ... }: those that leave it, in their order
function methods:links(id)
  local p = open(self, "memory:links")
  return list_links(p, id_of(id, "memory:links", 1))
end

-- m:graph() -> the links as an engram.graph whose nodes are slots
function methods:graph()
  local p = open(self, "memory:graph")
  local b = graph.builder():nodes(info_of(p).slots)
  local n, at = tonumber(info.links), 0
  local sources, targets = ffi.new("uint32_t[?]", n), ffi.new("uint32_t[?]", n)
  local weights, classes = ffi.new("float[?]", n), ffi.new("uint8_t[?]", n)
  for id in self:each() do
    local links, count = record.read_links(p, id)
    for i = 0, count - 1 do
      sources[at], targets[at] = id % 4294967296, links[i].target % 4294967296ULL
      weights[at], classes[at] = links[i].weight, links[i].edge_class
      at = at + 1
    end
  end
  check.status(C.engram_builder_edges(b.p, sources, targets, weights, classes, n))
  return b:freeze()
end

-- ---- changes

local remember_known = record.known "text at links duplicates threshold"
local update_known = record.known "text now"

local remembering = ffi.new "struct engram_remembering"
remembering.size = ffi.sizeof(remembering)
local remembered = ffi.new "struct engram_remembered"
local policies = { skip = C.ENGRAM_DUPLICATES_SKIPPED, replace = C.ENGRAM_DUPLICATES_REPLACED,
  merge = C.ENGRAM_DUPLICATES_MERGED }
local done = { [C.ENGRAM_DUPLICATES_SKIPPED] = "skipped",
  [C.ENGRAM_DUPLICATES_REPLACED] = "replaced", [C.ENGRAM_DUPLICATES_MERGED] = "merged" }

-- m:remember { vector = | text =, at =, strength =, ... } -> id, and what happened if it did not
-- just get one: "skipped", "replaced", "merged", or "evicted" with the id that made room
function methods:remember(options)
  local fname = "memory:remember"
  local p = open(self, fname)
  local o = check.options(options, remember_known, fname)
  local r = record_of(self, p, o, 0, fname)
  remembering.links, remembering.link_count = nil, 0
  if o.links ~= nil then
    remembering.links, remembering.link_count = record.own_links(o.links, fname)
  end
  check.arg(o.duplicates == nil or policies[o.duplicates], fname, "duplicates",
    '"skip", "replace" or "merge"', o.duplicates)
  remembering.duplicates = policies[o.duplicates] or C.ENGRAM_DUPLICATES_KEPT
  check.arg(o.threshold == nil or o.duplicates, fname, "threshold", "duplicates with it",
    o.threshold)
  check.arg(o.threshold == nil or check.finite(o.threshold) and o.threshold > 0, fname, "threshold",
    "a cosine above 0", o.threshold)
  remembering.threshold = o.threshold or 0
  local at = time_of(p, o.at, fname, "at")
  check.status(C.engram_memory_remember(p, r, remembering, at, remembered))
  local id = tonumber(remembered.id)
  if remembered.evicted ~= record.NO_ID then return id, "evicted", tonumber(remembered.evicted) end
  local what = done[remembered.duplicates]
  if what then return id, what end
  return id
end

-- m:update(id, { what is to stand in place of what is there })
function methods:update(id, options)
  local fname = "memory:update"
  local p = open(self, fname)
  id_of(id, fname, 1)
  local o = check.options(options, update_known, fname)
  local before = record.flags(p, id)
  local r = record_of(self, p, o, before, fname)
  check.status(C.engram_memory_update(p, id, r, time_of(p, o.now, fname, "now")))
end

local flag = {} -- one field to be updated

local function set_flag(self, id, on, options, name, fname)
  local p = open(self, fname)
  id_of(id, fname, 1)
  check.arg(on == nil or type(on) == "boolean", fname, 2, "true or false", on)
  local now = time_of(p, check.options(options, now_known, fname).now, fname, "now")
  flag.pin, flag.archived = nil, nil
  flag[name] = on ~= false
  check.status(C.engram_memory_update(p, id, record.fill(flag, record.flags(p, id)), now))
end

-- m:pin(id [, false [, { now = }]]): is never evicted; m:archive(id [, false [, { now = }]]): is
-- kept, but found only by a recall that asks for archived ones
function methods:pin(id, on, options)
  set_flag(self, id, on, options, "pin", "memory:pin")
end
function methods:archive(id, on, options)
  set_flag(self, id, on, options, "archived", "memory:archive")
end

-- m:forget(id [, { now = }]): for good, with its links in both directions
function methods:forget(id, options)
  local fname = "memory:forget"
  local p = open(self, fname)
  id_of(id, fname, 1)
  local o = check.options(options, now_known, fname)
  check.status(C.engram_memory_forget(p, id, time_of(p, o.now, fname, "now")))
end

-- Ids of the call that runs; as words too, since reading one whole would make an object of it.
local ids, id_words, id_room

local function reserve_ids(n)
  if id_room and n <= id_room then return end
  id_room = math.max(2 * n, 64)
  ids = ffi.new("uint64_t[?]", id_room)
  id_words = ffi.cast("uint32_t *", ids)
end
reserve_ids(1)

local function ids_of_hits(run)
  reserve_ids(run.n)
  local arrays = hits.arrays(run)
  local words = arrays and (arrays.words or ffi.cast("uint32_t *", arrays.hit))
  if arrays then arrays.words = words end
  for i = 0, run.n - 1 do -- a hit is an id and a score
    id_words[2 * i], id_words[2 * i + 1] = words[4 * i], words[4 * i + 1]
  end
  return run.n
end

local function ids_of_list(list, fname)
  reserve_ids(#list)
  for i = 1, #list do
    if not check.id(list[i]) then check.arg(false, fname, 1, ("an id at %d"):format(i), list[i]) end
    ids[i - 1] = list[i]
  end
  return #list
end

local practice = ffi.new "struct engram_reinforcement"
practice.size = ffi.sizeof(practice)
local practice_known = { amount = check.none, tau_s = check.none, beta = check.none,
  now = check.none }

-- m:reinforce(id | { ids } | hits [, { amount =, tau_s =, beta =, now = }]): practice; without
-- amount, tau_s and beta it records a recall alone
function methods:reinforce(which, options)
  local fname = "memory:reinforce"
  local p = open(self, fname)
  local o = check.options(options, practice_known, fname)
  local n = 1
  if hits.is(which) then
    n = ids_of_hits(which)
  elseif check.list(which) then
    n = ids_of_list(which, fname)
  else
    if not check.id(which) then
      check.arg(false, fname, 1, "an id, a list of ids, or hits", which)
    end
    ids[0] = which
  end
  local amount, scale_s, beta = o.amount, o.tau_s, o.beta
  check.arg(amount == nil or check.finite(amount), fname, "amount", "a number", amount)
  check.arg(scale_s == nil or check.finite(scale_s), fname, "tau_s", "seconds", scale_s)
  check.arg(beta == nil or check.finite(beta), fname, "beta", "a number", beta)
  practice.amount, practice.scale_s, practice.beta = amount or 0, scale_s or 0, beta or 0
  local how = (amount or scale_s or beta) and practice or nil
  check.status(C.engram_memory_reinforce(p, ids, n, how, time_of(p, o.now, fname, "now")))
end

-- ---- looking

-- m:get(id) -> { id =, vector =, content =, meta =, strength =, ..., links = { ... } }
function methods:get(id)
  local p = open(self, "memory:get")
  local item = record.item(p, id_of(id, "memory:get", 1))
  item.vector, item.links = record.vector(p, id, info_of(p).dim), list_links(p, id)
  return item
end

-- m:filter { created = { from, to }, class =, archived =, where = function(item), ... } -> filter
function methods:filter(conditions)
  open(self, "memory:filter")
  return filter.new(self, conditions, "memory:filter")
end

-- m:each([filter]) -> an iterator of ids in slot order. What is forgotten meanwhile is passed over.
function methods:each(which)
  local fname = "memory:each"
  open(self, fname)
  local slots, bits = 0, nil
  if which ~= nil then
    local current
    current, slots = filter.bits(filter.of(self, which, fname, 1), open, fname)
    local words = math.floor((slots + 63) / 64)
    bits = ffi.new("uint64_t[?]", words)
    ffi.copy(bits, current, 8 * words)
  end
  local id, ended = record.NO_ID, false
  return function()
    local slot
    repeat
      if not ended then id = C.engram_memory_next(open(self, fname), id) end
      ended = id == record.NO_ID
      slot = tonumber(id % 4294967296ULL)
    until ended or not bits or slot < slots and filter.has(bits, slot)
    return not ended and tonumber(id) or nil
  end
end

-- m:count([filter]) -> how many there are
function methods:count(which)
  local fname = "memory:count"
  local p = open(self, fname)
  if which == nil then return info_of(p).count end
  local bits, slots = filter.bits(filter.of(self, which, fname, 1), open, fname)
  local n = 0
  for slot = 0, slots - 1 do
    if filter.has(bits, slot) then n = n + 1 end
  end
  return n
end

local one = ffi.new "float[1]"

-- m:retention([now]) -> vec: what is left of the memory in slot i at place i + 1, 0 where there is
-- none; m:retention(now, id) -> number
function methods:retention(now, id)
  local fname = "memory:retention"
  local p = open(self, fname)
  now = time_of(p, now, fname, 1)
  if id ~= nil then
    check.status(C.engram_memory_retention_of(p, id_of(id, fname, 2), now, one))
    return one[0]
  end
  local all = vec.new(info_of(p).slots)
  check.status(C.engram_memory_retention(p, now, all.data))
  return all
end

-- m:index(form [, false]) -> m: a smaller form of its rows, for recalls that name it
function methods:index(form, on)
  local p = open(self, "memory:index")
  local code = bank.forms[form]
  check.arg(code and code > 0, "memory:index", 1, '"bf16", "f16", "int8" or "sign"', form)
  check.arg(on == nil or type(on) == "boolean", "memory:index", 2, "true or false", on)
  check.status(C.engram_bank_index(C.engram_memory_bank(p), code, on == false and 0 or 1))
  return self
end

-- ---- recall

local recall_known = { text = check.none, archived = check.none, record = check.none }
for name, default in pairs(recall.options) do recall_known[name] = default end

-- What engram.recall is to know of the memory, and the bitset of the filter that was asked first: a
-- function in it may recall too.
local found
local world = { links = true, text = true, bitset = function() return found end }

-- What the recalls of a memory use again and again.
local function ready(self, p)
  local own = kept[self]
  if not own.frame then
    own.frame, own.session, own.dim = recall.frame(), recall.session(), info_of(p).dim
    own.memories = ffi.new "struct engram_memories"
    own.links = ffi.new "struct engram_graph_view"
    own.law = ffi.new "struct engram_law"
    C.engram_memory_law(p, own.law)
    if own.law.size == 0 then own.law = nil end
  end
  world.dim, world.law = own.dim, own.law
  return own
end

local stopped = setmetatable({}, { __mode = "k" }) -- by hits: the memory whose budget stopped them

local recalled = setmetatable({}, { __mode = "kv" }) -- by hits: the memory they are of

-- memory.contents(run, n) -> a list of what the first n hits are about, as far as it is known; nil
-- for hits of no memory, or of one that is gone
function memory.contents(run, n)
  local self = recalled[run]
  if not self or not kept[self].p then return nil end
  local contents = {}
  for i = 1, n do
    local there, item = pcall(record.item, kept[self].p, run:id(i))
    contents[i] = there and item.content or false
  end
  return contents
end

local function resume(self, p, o, fname)
  local run = o.resume
  check.arg(hits.is(run) and stopped[run] == self, fname, "resume",
    "hits of a recall of this memory that its budget stopped", run)
  recall.resume(kept[self].frame, o, fname, p)
  if run.complete then stopped[run] = nil end
  return run
end

local function check_boolean(o, name, fname)
  check.arg(o[name] == nil or type(o[name]) == "boolean", fname, name, "true or false", o[name])
end

-- m:recall { vector = | text = | ids =, k =, now =, hops =, filter =, record =, ... } -> hits.
-- Those returned are recorded unless record = false, or the memory is a view.
function methods:recall(options)
  local fname = "memory:recall"
  local p = open(self, fname)
  local o = check.options(options, recall_known, fname)
  if o.resume ~= nil then return resume(self, p, o, fname) end
  check_boolean(o, "archived", fname)
  check_boolean(o, "record", fname)
  if o.filter ~= nil then
    found = filter.bits(filter.of(self, o.filter, fname, "filter"), open, fname)
    p = open(self, fname)
  end
  if o.text ~= nil then o = with_vector(self, p, o, fname) end
  local own = ready(self, p)
  local frame, m = own.frame, own.memories
  local k = recall.fill(frame, o, world, fname)
  local now = time_of(p, o.now, fname, "now")
  frame.options.now = now
  local recorded = o.record
  if recorded == nil then recorded = info_of(p).read_only == 0 end
  C.engram_memory_view(p, m, own.links)
  if o.archived then m.hidden = nil end
  local flags = (recorded and C.ENGRAM_RECORD or 0) + (o.archived and C.ENGRAM_WITH_ARCHIVED or 0)
  if o.vectors ~= nil then return recall.batch(frame, m, o, k, own.dim, fname, p, flags) end

  local run = hits.into(o.into, k, true, fname)
  recall.begin(frame, own.session, p, run, flags)
  stopped[run] = frame.told.complete == 0 and self or nil
  recalled[run] = self
  if o.explain then recall.explain(frame, m, run) end
  return run
end

-- ---- in and out; see engram.exchange

-- m:export(path) -> true, or nil and what went wrong; m:export { rows = path, links = path }
function methods:export(where)
  local fname = "memory:export"
  local p = open(self, fname)
  return exchange.export(self, p, where, fname)
end

-- m:import(path [, { now = }]) -> how many, and the new id of each id in the file, or nil and what
-- went wrong; m:import { rows = path, links = path, now =, strength =, ... }
function methods:import(where, options)
  local fname = "memory:import"
  local p = open(self, fname)
  return exchange.import(p, where, options, fname)
end

-- ---- states

local mark_out = ffi.new "uint64_t[1]"

-- m:mark() -> mark, a state to go back to; m:rollback(mark): goes there, and may again;
-- m:release(mark): forgets the mark and those set after it
function methods:mark()
  check.status(C.engram_memory_mark(open(self, "memory:mark"), mark_out))
  return tonumber(mark_out[0])
end
function methods:rollback(mark)
  local p = open(self, "memory:rollback")
  check.arg(check.count(mark), "memory:rollback", 1, "a mark", mark)
  check.status(C.engram_memory_rollback(p, mark))
end
function methods:release(mark)
  local p = open(self, "memory:release")
  check.arg(check.count(mark), "memory:release", 1, "a mark", mark)
  check.status(C.engram_memory_release(p, mark))
end

-- m:fork() -> an independent memory, in memory alone
function methods:fork()
  check.status(C.engram_memory_fork(open(self, "memory:fork"), memory_out))
  return wrap(memory_out[0], kept[self].encoder)
end

-- m:at(t) -> the memory as it stood at time t, which cannot be changed
function methods:at(t)
  local p = open(self, "memory:at")
  check.arg(check.finite(t), "memory:at", 1, "a time in seconds", t)
  check.status(C.engram_memory_at(p, t, memory_out))
  return wrap(memory_out[0], kept[self].encoder)
end

-- m:hash() -> 16 hexadecimal digits: equal for memories that will answer and evolve alike
function methods:hash()
  return bit.tohex(C.engram_memory_hash(open(self, "memory:hash")))
end

-- m:sync() -> true, or nil and what went wrong; m:snapshot() likewise
function methods:sync()
  local status = C.engram_memory_sync(open(self, "memory:sync"))
  if status ~= 0 then return nil, check.failure(status) end
  return true
end
function methods:snapshot()
  local status = C.engram_memory_snapshot(open(self, "memory:snapshot"))
  if status ~= 0 then return nil, check.failure(status) end
  return true
end

-- m:stats() -> { dim, capacity, slots, count, archived, pinned, links, marks, clock, ... }
function methods:stats()
  local p = open(self, "memory:stats")
  local i, stats = info_of(p), {}
  for _, name in ipairs { "dim", "capacity", "slots", "count", "archived", "pinned", "marks",
    "links", "text_bytes", "bytes", "undo_bytes", "sequence", "clock", "synced", "journal_bytes",
    "earliest" } do
    stats[name] = tonumber(i[name])
  end
  stats.read_only = i.read_only == 1
  stats.path = kept[self].path
  C.engram_memory_law(p, the_law)
  if the_law.size > 0 then stats.law = decay.options(the_law) end
  if stats.clock == -math.huge then stats.clock = nil end
  if stats.earliest ~= stats.earliest then stats.earliest = nil end
  return stats
end

-- m:free(): now rather than when the collector gets to it. Twice is harmless.
function methods:free()
  check.self(memory.is(self), "memory:free")
  C.engram_memory_free(self.p)
  self.p = nil
  if kept[self] then kept[self].p = nil end -- the collector has forgotten it by then
end

ffi.metatype(Memory, {
  __index = methods,
  __gc = methods.free,
  __len = function(self) return info_of(open(self, "#memory")).count end,
  __tostring = function(self)
    if self.p == nil then return "memory, closed" end
    local i = info_of(self.p)
    return ("memory %d%s x %d, %d links, %.1f MB%s"):format(i.count,
      i.capacity > 0 and (" of %d"):format(i.capacity) or "", i.dim, tonumber(i.links),
      tonumber(i.bytes) / 2 ^ 20, i.read_only == 1 and ", read-only" or "")
  end,
})

types.register { name = "memory", ctype = Memory, methods = methods }

return memory
