-- engram.recall: memories as arrays beside a bank and a graph, and recall over them in one call.
--
-- What a recall is asked for is checked and filled in by functions that engram.memory shares:
--
--   local frame = recall.frame()               the structs and buffers of one user, made once
--   recall.fill(frame, o, world, fname)        options of a recall -> frame.cue, frame.options;
--                                              their names are the caller's to check
--   recall.begin(frame, session, memories, run) carries it out: hits, and what is told of them
--   recall.resume, recall.explain, recall.batch say at their heads what they are for
--
-- `o` are the options as the script gave them (recall.options has their names), `world` says what
-- there is: { dim = (nil without vectors), links = true or nil, text = true or nil, law = struct
-- or nil, bitset = function(filter) -> bitset by slot (nil: no filters) }. With a run that is
-- reused, and options of a kind that came before, none of them makes garbage; a filter's function
-- does.
local ffi = require "ffi"
local C = require "engram.ffi"
local bank = require "engram.bank"
local check = require "engram.check"
local decay = require "engram.decay"
local graph = require "engram.graph"
local hits = require "engram.hits"
local vec = require "engram.vec"
local scratch = require "engram.scratch"
local types = require "engram.types"

local recall, methods = {}, {}
methods.__index = methods

-- ---- options

local numbers = { "now", "relevance", "seeds", "seed_threshold", "seed_temperature",
  "min_confidence", "recency_boost", "recency_window_s" }
local counts = { "seeds", "candidates", "rerank" }
local confidences = { stored = C.ENGRAM_CONFIDENCE_STORED, boost = C.ENGRAM_CONFIDENCE_BOOST,
  paths = C.ENGRAM_CONFIDENCE_PATHS }

-- The names of a recall's options: those of the frontier kernel, and its own.
recall.options = { vector = check.none, vectors = check.none, ids = check.none,
  values = check.none, k = check.none, filter = check.none, into = check.none, form = check.none,
  confidence = check.none, budget = check.none, resume = check.none, explain = check.none }
for _, list in ipairs { numbers, counts } do
  for _, name in ipairs(list) do recall.options[name] = check.none end
end
for name in pairs(graph.frontier_options) do recall.options[name] = check.none end

local Ids, Floats = ffi.typeof "uint64_t[?]", ffi.typeof "float[?]"
local POINTER = ffi.sizeof "void *"
local OPTIONS_BYTES = ffi.sizeof "struct engram_recall_options"

-- The address of a field that holds a pointer, as two words.
local function address(struct, name, field)
  return ffi.cast("uint32_t *", ffi.cast("char *", struct) + ffi.offsetof(name, field))
end

-- recall.frame() -> structs and buffers that are filled again for each recall
function recall.frame()
  local frame = { cue = ffi.new "struct engram_cue",
    options = ffi.new "struct engram_recall_options",
    told = ffi.new "struct engram_recalled", frontier = graph.frontier_frame(), room = 0 }
  frame.cue.size = ffi.sizeof(frame.cue)
  frame.vector_at = address(frame.cue, "struct engram_cue", "vector")
  return frame
end

-- A table of numbers is copied into a buffer; a vec is pointed at by copying its pointer, which
-- makes no object of it.
local function set_vector(frame, x, dim, fname)
  if type(x) == "table" and #x == dim then
    frame.floats = frame.floats or Floats(dim)
    for j = 1, dim do
      if type(x[j]) ~= "number" then
        check.arg(false, fname, "vector", ("a number at %d"):format(j), x[j])
      end
      frame.floats[j - 1] = x[j]
    end
    frame.cue.vector = frame.floats
    return
  end
  if not (vec.is(x) and x.n == dim) then
    check.arg(false, fname, "vector", ("a vec of length %d"):format(dim),
      vec.of(x, fname, "vector"))
  end
  ffi.copy(frame.vector_at, x, POINTER) -- its first field
end

local function set_ids(frame, ids, values, fname)
  check.arg(check.list(ids), fname, "ids", "a list of ids", ids)
  local n = #ids
  if values ~= nil and not (type(values) == "table" and #values == n) then
    check.arg(false, fname, "values", ("a number for each of %d ids"):format(n), values)
  end
  if n > frame.room then
    frame.room = 2 * n
    frame.ids, frame.values = Ids(frame.room), Floats(frame.room)
  end
  for i = 1, n do
    local id, value = ids[i], values and values[i] or 1
    if not check.id(id) then check.arg(false, fname, "ids", ("an id at %d"):format(i), id) end
    if type(value) ~= "number" then
      check.arg(false, fname, "values", ("a number at %d"):format(i), value)
    end
    frame.ids[i - 1], frame.values[i - 1] = id, value
  end
  local cue = frame.cue
  cue.seed_count, cue.seed_ids, cue.seed_values = n, frame.ids, frame.values
end

local function set_cue(frame, o, world, fname)
  local cue = frame.cue
  cue.vector, cue.seed_count = nil, 0
  check.arg(o.vector ~= nil or o.ids ~= nil or o.vectors ~= nil, fname, 1,
    world.text and "a cue: vector, text or ids" or "a cue: vector, ids, or both", nil)
  if o.vector ~= nil then
    check.arg(world.dim, fname, "vector", "a recall with a bank for it", o.vector)
    set_vector(frame, o.vector, world.dim, fname)
  end
  check.arg(o.values == nil or o.ids ~= nil, fname, "values", "ids with them", o.values)
  if o.ids ~= nil then set_ids(frame, o.ids, o.values, fname) end
end

-- The most edges to walk; 0: no bound.
local function budget_of(o, fname)
  if o.budget == nil then return 0 end
  local edges = type(o.budget) == "table" and o.budget.edges
  check.arg(check.count(edges) and edges > 0, fname, "budget", "{ edges = a count of at least 1 }",
    o.budget)
  return edges
end

local function set_numbers(c, o, fname)
  for _, name in ipairs(numbers) do
    local x = o[name]
    if x ~= nil then
      check.arg(check.finite(x), fname, name, "a finite number", x)
      c[name] = x
    end
  end
  for _, name in ipairs(counts) do
    local x = o[name]
    if x ~= nil then
      check.arg(check.count(x) and x < 2 ^ 32, fname, name, "a count", x)
      c[name] = x
    end
  end
end

-- recall.fill(frame, o, world, fname) -> k
function recall.fill(frame, o, world, fname)
  o = o or check.none
  local c, k = frame.options, o.k or 10
  ffi.fill(c, OPTIONS_BYTES)
  c.size = OPTIONS_BYTES
  check.arg(check.count(k) and k > 0 and k < 2 ^ 31, fname, "k", "a count of at least 1", k)
  c.k = k
  set_numbers(c, o, fname)
  set_cue(frame, o, world, fname)
  local form, confidence = bank.forms[o.form or "f32"], confidences[o.confidence or "stored"]
  check.arg(form, fname, "form", '"f32", "bf16", "f16", "int8" or "sign"', o.form)
  check.arg(confidence, fname, "confidence", '"stored", "boost" or "paths"', o.confidence)
  check.arg(o.explain == nil or type(o.explain) == "boolean", fname, "explain", "true or false",
    o.explain)
  c.form, c.confidence, c.law = form, confidence, world.law
  local hops, budget = o.hops or 0, budget_of(o, fname)
  check.arg(check.count(hops), fname, "hops", "a count", hops)
  if hops > 0 and world.links then
    graph.fill_frontier(frame.frontier, o, hops, fname)
    frame.frontier.c.budget = budget
    c.frontier = frame.frontier.c
  end
  frame.bounded = budget > 0 and hops > 0 and world.links
  if o.filter ~= nil then
    check.arg(world.bitset, fname, "filter", "a recall with a bank", o.filter)
    frame.keep = world.bitset(o.filter)
    c.keep = frame.keep
  end
  return k
end

-- ---- carrying it out

local session_out = ffi.new "engram_session *[1]"

-- recall.session() -> engram_session *, freed by the collector
function recall.session()
  check.status(C.engram_session_new(session_out))
  return ffi.gc(session_out[0], C.engram_session_free)
end

-- Runs that a budget stopped have sessions of their own.
local sessions = setmetatable({}, { __mode = "k" })

-- recall.begin(frame, session, memories, run): with a budget in a session of the run's own, so that
-- it can be resumed. For an engram_memory * there are flags besides.
function recall.begin(frame, session, memories, run, flags)
  local c, arrays = frame.options, hits.arrays(run)
  if frame.bounded then -- what the structs say would be boxed
    sessions[run] = sessions[run] or recall.session()
    session, run.resumable = sessions[run], 1
  end
  if flags then
    check.status(C.engram_memory_recall(memories, frame.cue, c, flags, session, arrays.hit,
      arrays.parts, frame.told))
  else
    check.status(C.engram_recall_begin(session, memories, frame.cue, c, arrays.hit, arrays.parts,
      frame.told))
  end
  hits.tell(run, frame.told)
end

-- recall.resume(frame, o, fname [, memory]) -> o.resume: more of a run that a budget stopped, and of
-- which engram_memory *
function recall.resume(frame, o, fname, memory)
  local run = o.resume
  for name in pairs(o) do
    check.arg(name == "resume" or name == "budget", fname, name, "resume and budget alone",
      o[name])
  end
  check.arg(hits.is(run) and run.resumable == 1, fname, "resume", "hits of a recall with a budget",
    run)
  local arrays, budget = hits.arrays(run), budget_of(o, fname)
  if memory then
    check.status(C.engram_memory_resume(memory, sessions[run], budget, arrays.hit, arrays.parts,
      frame.told))
  else
    check.status(C.engram_recall_resume(sessions[run], budget, arrays.hit, arrays.parts,
      frame.told))
  end
  hits.tell(run, frame.told)
  return run
end

local mark, explained = ffi.new "struct engram_mark", ffi.new "struct engram_explanation"

local function sources_of(frame, memories, arena, id)
  check.status(C.engram_recall_explain(memories, frame.cue, frame.options, arena, id, explained))
  local list = {}
  for i = 0, explained.count - 1 do
    local source, path = explained.sources[i], {}
    for j = 0, tonumber(source.path_length) - 1 do path[j + 1] = tonumber(source.path[j]) end
    list[i + 1] = { id = tonumber(source.id), share = source.share, path = path,
      path_share = source.path_share }
  end
  return list
end

-- recall.explain(frame, memories, run): where the activation of each hit came from
function recall.explain(frame, memories, run)
  local bytes = C.engram_recall_explain_scratch(memories, frame.cue, frame.options,
    frame.told.edges)
  local arena = scratch.get(tonumber(bytes)) or C.engram_arena_thread()
  local by_id = {}
  for i = 1, #run do
    C.engram_arena_mark(arena, mark)
    local done, list = pcall(sources_of, frame, memories, arena, run:id(i))
    C.engram_arena_release(arena, mark)
    if not done then error(list, 0) end
    by_id[run:id(i)] = list
  end
  hits.explain(run, by_id)
end

-- recall.batch(frame, memories, o, k, dim, fname [, memory, flags]) -> a list of hits, one for each
-- row of o.vectors; `memories` are those of an engram_memory * if there is one
function recall.batch(frame, memories, o, k, dim, fname, memory, flags)
  local queries = o.vectors
  check.arg(dim, fname, "vectors", "a recall with a bank for them", queries)
  check.arg(vec.matrix.is(queries) and queries.dim == dim, fname, "vectors",
    ("a matrix of rows of %d"):format(dim), queries)
  for _, name in ipairs { "vector", "ids", "into", "budget", "explain" } do
    check.arg(o[name] == nil, fname, name, "nothing, beside vectors", o[name])
  end
  local n = queries.rows
  local cues = ffi.new("struct engram_cue[?]", n)
  for i = 0, n - 1 do
    cues[i].size, cues[i].vector = ffi.sizeof "struct engram_cue", queries.data + i * dim
  end
  local array = ffi.new("struct engram_hit[?]", n * k)
  local parts = ffi.new("struct engram_parts[?]", n * k)
  local told = ffi.new("struct engram_recalled[?]", n)
  local c = frame.options
  local arena = scratch.get(tonumber(C.engram_recall_batch_scratch(memories, cues, n, c)))
  if memory then
    check.status(C.engram_memory_recall_batch(memory, cues, n, c, flags, arena, array, parts, told))
  else
    check.status(C.engram_recall_batch(memories, cues, n, c, arena, array, parts, told))
  end
  local list = {}
  for i = 0, n - 1 do
    list[i + 1] = hits.over(array, i * k, told[i].count, k, nil, parts)
    hits.tell(list[i + 1], told[i])
  end
  return list
end

-- ---- the object

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

  local m = ffi.new "struct engram_memories"
  local self = {
    bank = o.bank, graph = o.graph, slots = slots,
    strength = ffi.new("float[?]", slots),
    confidence = ffi.new("float[?]", slots),
    last_recall = ffi.new("double[?]", slots),
    memories = m, frame = recall.frame(), session = recall.session(), checked = {},
    bank_at = address(m, "struct engram_memories", "bank"),
    graph_at = address(m, "struct engram_memories", "graph"),
    world = { dim = o.bank and o.bank:dim(), links = o.graph and true,
      law = o.law and decay.law(o.law, fname),
      bitset = o.bank and function(filter)
        return bank.bitset(o.bank, filter, "recall:recall")
      end },
  }
  for slot = 0, slots - 1 do self.strength[slot], self.confidence[slot] = 1, 1 end
  m.size, m.slots = ffi.sizeof(m), slots
  return setmetatable(self, methods)
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
      self.memories[name] = array
    end
  end
end

-- Points C at an owner by copying its pointer; one that is closed says so.
local function set_owner(at, owner, module, fname)
  if owner == nil then return end
  ffi.copy(at, owner, POINTER)
  if at[0] == 0 and at[1] == 0 then module.pointer(owner, fname) end
end

-- r:recall { vector =, ids =, now =, k =, hops =, ... } -> hits with the parts of their scores
function methods:recall(options)
  local fname = "recall:recall"
  check.self(getmetatable(self) == methods, fname)
  local frame, m = self.frame, self.memories
  check.options(options, recall.options, fname)
  if options and options.resume ~= nil then return recall.resume(frame, options, fname) end
  local k = recall.fill(frame, options, self.world, fname)
  set_arrays(self, fname)
  set_owner(self.bank_at, self.bank, bank, fname)
  set_owner(self.graph_at, self.graph, graph, fname)
  if options.vectors ~= nil then
    return recall.batch(frame, m, options, k, self.world.dim, fname)
  end
  local run = hits.into(options.into, k, true, fname)
  recall.begin(frame, self.session, m, run)
  if options.explain then recall.explain(frame, m, run) end
  return run
end

methods.__tostring = function(self)
  return ("recall over %d slots%s%s"):format(self.slots,
    self.bank and ", " .. tostring(self.bank) or "",
    self.graph and ", " .. tostring(self.graph) or "")
end

types.register { name = "recall", metatable = methods, methods = methods, fields = {
  bank = "the vectors",
  graph = "the links",
  slots = "how many memories",
  strength = "by slot from 0, float[]",
  confidence = "by slot from 0, float[]",
  last_recall = "seconds, by slot from 0, double[]",
} }

return recall
