-- engram.recall: memories as arrays beside a bank and a graph, and recall over them in one call.
local ffi = require "ffi"
local C = require "engram.ffi"
local bank = require "engram.bank"
local check = require "engram.check"
local decay = require "engram.decay"
local graph = require "engram.graph"
local hits = require "engram.hits"
local vec = require "engram.vec"
local scratch = require "engram.scratch"

local recall, methods = {}, {}
methods.__index = methods

-- engram.recall.new { bank =, graph =, slots =, law = } -> recall. Its arrays strength, confidence
-- and last_recall are indexed by slot, from 0; the script fills them.
function recall.new(options)
  local fname = "recall.new"
  local o = check.options(options, { bank = check.none, graph = check.none, slots = check.none,
    law = check.none },
    fname)
  check.arg(o.bank == nil or bank.is(o.bank), fname, "bank", "a bank", o.bank)
  check.arg(o.graph == nil or graph.is(o.graph), fname, "graph", "a graph", o.graph)
  local least = math.max(o.bank and o.bank:slots() or 0, o.graph and o.graph.nodes or 0)
  local slots = o.slots or least
  check.arg(check.count(slots) and slots >= least and slots < 2 ^ 31, fname, "slots",
    ("a count of at least %d"):format(least), slots)

  local self = {
    bank = o.bank, graph = o.graph, slots = slots,
    strength = ffi.new("float[?]", slots),
    confidence = ffi.new("float[?]", slots),
    last_recall = ffi.new("double[?]", slots),
    law = o.law and decay.law(o.law, fname),
    memories = ffi.new "struct engram_memories",
    cue = ffi.new "struct engram_cue",
    options = ffi.new "struct engram_recall_options",
    checked = {},
  }
  for slot = 0, slots - 1 do self.strength[slot], self.confidence[slot] = 1, 1 end
  local m = self.memories
  m.size, self.cue.size, self.options.size = ffi.sizeof(m), ffi.sizeof(self.cue),
    ffi.sizeof(self.options)
  m.slots = slots
  return setmetatable(self, methods)
end

-- Options of a recall: those of the frontier kernel, and its own; 0 lets C decide.
local known = { vector = check.none, ids = check.none, values = check.none, now = 0, k = 10,
  hops = 0, relevance = 0, seeds = 0, seed_threshold = 0, seed_temperature = 0, min_confidence = 0,
  recency_boost = 0, recency_window_s = 0, filter = check.none, into = check.none }
for name, default in pairs(graph.frontier_options) do
  if known[name] == nil then known[name] = default end
end

local numbers = { "now", "relevance", "seeds", "seed_threshold", "seed_temperature",
  "min_confidence", "recency_boost", "recency_window_s" }

local function set_cue(self, o, fname)
  local cue = self.cue
  cue.vector, cue.seed_count = nil, 0
  check.arg(o.vector ~= nil or o.ids ~= nil, fname, 1, "a cue: vector, ids, or both", o.vector)
  if o.vector ~= nil then
    check.arg(self.bank, fname, "vector", "a recall with a bank for it", o.vector)
    o.vector = vec.of(o.vector, fname, "vector")
    check.arg(o.vector.n == self.bank:dim(), fname, "vector",
      ("a vec of length %d"):format(self.bank:dim()), o.vector)
    cue.vector = o.vector.data
  end
  if o.ids == nil then return o.vector end
  check.arg(type(o.ids) == "table", fname, "ids", "a table of ids", o.ids)
  check.arg(o.values == nil or type(o.values) == "table", fname, "values", "a table of numbers",
    o.values)
  local ids, values = ffi.new("uint64_t[?]", #o.ids), ffi.new("float[?]", #o.ids)
  for i, id in ipairs(o.ids) do
    check.arg(check.id(id), fname, "ids", ("an id at %d"):format(i), id)
    local value = o.values and o.values[i] or 1
    check.arg(type(value) == "number", fname, "values", ("a number at %d"):format(i), value)
    ids[i - 1], values[i - 1] = id, value
  end
  cue.seed_count, cue.seed_ids, cue.seed_values = #o.ids, ids, values
  return o.vector, ids, values
end

local elements = { strength = "float", confidence = "float", last_recall = "double" }

-- Scripts may put arrays of their own in place of ours.
local function set_arrays(self, fname)
  for name, element in pairs(elements) do
    local array = self[name]
    if array ~= self.checked[name] then
      local right = type(array) == "cdata"
        and tostring(ffi.typeof(array)):find("^ctype<" .. element .. " %[")
        and ffi.sizeof(array) >= self.slots * ffi.sizeof(element)
      check.arg(right, fname, name, ("an array of %d %ss"):format(self.slots, element), array)
      self.checked[name] = array
    end
    self.memories[name] = array
  end
end

-- r:recall { vector =, ids =, now =, k =, hops =, ... } -> hits with the parts of their scores
function methods:recall(options)
  local fname = "recall:recall"
  check.self(getmetatable(self) == methods, fname)
  local o = check.options(options, known, fname)
  check.arg(check.count(o.k) and o.k > 0, fname, "k", "a count of at least 1", o.k)
  for _, name in ipairs(numbers) do
    check.arg(check.finite(o[name]), fname, name, "a finite number", o[name])
  end
  local alive = { cue = { set_cue(self, o, fname) } }
  local m, c = self.memories, self.options
  for _, name in ipairs(numbers) do c[name] = o[name] end
  c.k = o.k
  c.law = self.law
  c.frontier = nil
  check.arg(check.count(o.seeds), fname, "seeds", "a count", o.seeds)
  check.arg(check.count(o.hops), fname, "hops", "a count", o.hops)
  if o.hops > 0 and self.graph then
    local frontier, arrays = graph.frontier(o, fname)
    alive.frontier, alive.arrays = frontier, arrays
    c.frontier = frontier
  end
  c.keep = nil
  if o.filter then
    check.arg(self.bank, fname, "filter", "a recall with a bank", o.filter)
    alive.keep = bank.bitset(self.bank, o.filter, fname)
    c.keep = alive.keep
  end
  set_arrays(self, fname)
  m.bank = self.bank and bank.pointer(self.bank, fname) or nil
  m.graph = self.graph and graph.pointer(self.graph, fname) or nil
  self.in_flight = alive -- C holds pointers into it
  local run = hits.into(o.into, o.k, true, fname)
  local bytes = tonumber(C.engram_recall_scratch(m, self.cue, c))
  check.status(C.engram_recall(m, self.cue, c, scratch.get(bytes), run.hit, run.parts,
    hits.count_out))
  run.n = tonumber(hits.count_out[0])
  return run
end

methods.__tostring = function(self)
  return ("recall over %d slots%s%s"):format(self.slots,
    self.bank and ", " .. tostring(self.bank) or "",
    self.graph and ", " .. tostring(self.graph) or "")
end

return recall
