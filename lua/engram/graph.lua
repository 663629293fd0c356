-- engram.graph: edges collected by a builder, frozen into a graph, and activation spreading over
-- it.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local hits = require "engram.hits"
local types = require "engram.types"
local vec = require "engram.vec"

local Builder = ffi.typeof "struct { engram_builder *p; }"
local Graph = ffi.typeof "struct { engram_graph *p; uint32_t nodes, edges; }"
local graph, building, methods = {}, {}, {}

-- ---- builder

local builder_of = check.opener(Builder, "builder")

-- engram.graph.builder() -> builder
function graph.builder()
  local out = ffi.new "engram_builder *[1]"
  check.status(C.engram_builder_new(out))
  return Builder(out[0])
end

local node_out = ffi.new "uint32_t[1]"

local function node(p, x, fname, position)
  if type(x) == "string" then
    check.status(C.engram_builder_name(p, x, #x, node_out))
    return node_out[0]
  end
  check.arg(check.count(x) and x < 2 ^ 31, fname, position, "a node id or name", x)
  return x
end

-- b:nodes(n): at least n nodes
function building:nodes(n)
  local p = builder_of(self, "builder:nodes")
  check.arg(check.count(n) and n < 2 ^ 31, "builder:nodes", 1, "a count of nodes", n)
  check.status(C.engram_builder_nodes(p, n))
  return self
end

-- b:node(name) -> the id of a name, the next free one when it is first met
function building:node(name)
  local p = builder_of(self, "builder:node")
  check.arg(type(name) == "string", "builder:node", 1, "a name", name)
  return node(p, name, "builder:node", 1)
end

-- An argument of a call, or in a list of edges one of the i-th.
local function check_edge(condition, fname, position, i, expected, got)
  if condition then return end
  if i then position, expected = 1, ("%s in edge %d"):format(expected, i) end
  check.arg(false, fname, position, expected, got)
end

local function check_links(weight, class, fname, i)
  check_edge(weight == nil or check.finite(weight), fname, 3, i, "a finite weight", weight)
  check_edge(class == nil or check.count(class) and class < 256, fname, 4, i, "a class, 0 .. 255",
    class)
end

-- b:edge(source, target [, weight [, class]]) -> b. Nodes are ids from 0, or names.
function building:edge(source, target, weight, class)
  local p = builder_of(self, "builder:edge")
  check_links(weight, class, "builder:edge")
  local s = node(p, source, "builder:edge", 1)
  local t = node(p, target, "builder:edge", 2)
  check.status(C.engram_builder_edge(p, s, t, weight or 1, class or 0))
  return self
end

local kinds = { auto = C.ENGRAM_NODES_AUTO, ids = C.ENGRAM_NODES_IDS, names = C.ENGRAM_NODES_NAMES }

-- b:read(path [, { nodes = "auto" | "ids" | "names" }]) -> b, or nil and what was wrong with the
-- file
function building:read(path, options)
  local p = builder_of(self, "builder:read")
  check.arg(type(path) == "string", "builder:read", 1, "a path", path)
  local o = check.options(options, { nodes = "auto" }, "builder:read")
  check.arg(kinds[o.nodes], "builder:read", "nodes", "\"auto\", \"ids\" or \"names\"", o.nodes)
  local status = C.engram_builder_read(p, path, kinds[o.nodes])
  if status ~= 0 then return nil, check.failure(status, path) end
  return self
end

local view = ffi.new "struct engram_graph_view"
local NO_EDGE = 2 ^ 32 - 1 -- ends a chain of added edges

-- b:freeze() -> graph; the builder is empty again
function building:freeze()
  local out = ffi.new "engram_graph *[1]"
  check.status(C.engram_builder_freeze(builder_of(self, "builder:freeze"), out))
  C.engram_graph_get(out[0], view)
  return Graph(out[0], view.nodes, view.edges)
end

function building:free()
  check.self(ffi.istype(Builder, self), "builder:free")
  C.engram_builder_free(self.p)
  self.p = nil
end

ffi.metatype(Builder, {
  __index = building,
  __gc = building.free,
  __tostring = function(self) return self.p == nil and "graph builder, closed"
    or "graph builder" end,
})

types.register { name = "builder", ctype = Builder, methods = building }

-- ---- graph

-- engram.graph.new { { source, target [, weight [, class]] }, ... } -> graph
function graph.new(edges)
  check.arg(type(edges) == "table", "graph.new", 1, "a table of edges", edges)
  local b = graph.builder()
  for i = 1, #edges do -- not ipairs, which would pass over what comes after a nil
    local e = edges[i]
    check.arg(type(e) == "table", "graph.new", 1, ("an edge at %d"):format(i), e)
    for end_of_edge = 1, 2 do -- a name would be given an id that another edge may mean
      local kind = type(edges[1][1])
      check.arg(type(e[end_of_edge]) == kind, "graph.new", 1,
        ("a node that is a %s in edge %d, as in the first"):format(kind, i), e[end_of_edge])
    end
    check_links(e[3], e[4], "graph.new", i)
    b:edge(e[1], e[2], e[3], e[4])
  end
  return b:freeze()
end

-- engram.graph.open(path [, { nodes = }]) -> graph, or nil and what was wrong with the file
function graph.open(path, options)
  local b = graph.builder()
  local read, failure = b:read(path, options)
  if not read then return nil, failure end
  return b:freeze()
end

function graph.is(x) return ffi.istype(Graph, x) end

local open = check.opener(Graph, "graph")
graph.pointer = open

-- g:id(name) -> node, or nil; g:name(node) -> name, or nil
function methods:id(name)
  local p = open(self, "graph:id")
  check.arg(type(name) == "string", "graph:id", 1, "a name", name)
  return C.engram_graph_find(p, name, #name, node_out) == 0 and node_out[0] or nil
end

function methods:name(id)
  local p = open(self, "graph:name")
  check.arg(check.count(id) and id < 2 ^ 31, "graph:name", 1, "a node", id)
  local name = C.engram_graph_name(p, id)
  return name ~= nil and ffi.string(name) or nil
end

-- g:neighbours(node) -> { { target, weight, class }, ... } in stored order
function methods:neighbours(id)
  local p = open(self, "graph:neighbours")
  check.arg(check.count(id) and id < self.nodes, "graph:neighbours", 1,
    ("a node below %d"):format(self.nodes), id)
  C.engram_graph_get(p, view)
  local list = {}
  local function put(edges, e)
    list[#list + 1] = { edges.targets[e], edges.weights[e], edges.classes ~= nil
      and edges.classes[e] or 0 }
  end
  for e = view.offsets[id], view.offsets[id + 1] - 1 do put(view, e) end
  local last = view.delta.edges > 0 and view.delta.last[id] or NO_EDGE
  if last ~= NO_EDGE then
    local e = last
    repeat
      e = view.delta.next[e]
      put(view.delta, e)
    until e == last
  end
  return list
end

-- ---- adding

-- The id of a node that is known by it or by its name, or of a new one.
local function added_node(p, x, fname, position, i)
  if type(x) == "string" then
    check_edge(C.engram_graph_find(p, x, #x, node_out) == 0, fname, position, i,
      "the name of a node of the graph", x)
    return node_out[0]
  end
  check_edge(check.count(x) and x < 2 ^ 31, fname, position, i, "a node id or name", x)
  return x
end

-- g:add(source, target [, weight [, class]]) -> g; g:add { { source, target [, weight
-- [, class]] }, ... } adds all of them or none. New ids make new nodes.
function methods:add(source, target, weight, class)
  local fname = "graph:add"
  local p = open(self, fname)
  local list = type(source) == "table"
  local edges = list and source or { { source, target, weight, class } }
  local n = #edges
  local sources, targets = ffi.new("uint32_t[?]", n), ffi.new("uint32_t[?]", n)
  local weights, classes = ffi.new("float[?]", n), ffi.new("uint8_t[?]", n)
  for i = 1, n do
    local e, at = edges[i], list and i
    check.arg(type(e) == "table", fname, 1, ("an edge at %d"):format(i), e)
    sources[i - 1] = added_node(p, e[1], fname, 1, at)
    targets[i - 1] = added_node(p, e[2], fname, 2, at)
    check_links(e[3], e[4], fname, at)
    weights[i - 1], classes[i - 1] = e[3] or 1, e[4] or 0
  end
  check.status(C.engram_graph_add(p, sources, targets, weights, classes, n))
  C.engram_graph_get(p, view)
  self.nodes, self.edges = view.nodes, view.edges + view.delta.edges
  return self
end

-- g:freeze() -> g; added edges move into the layouts, which changes no result
function methods:freeze()
  check.status(C.engram_graph_freeze(open(self, "graph:freeze")))
  return self
end

-- ---- spreading

-- The arrays of the bank whose slots the nodes are. Without one, ids are bare slots.
local function view_of(self, o, fname)
  if o.bank == nil then return nil end
  local bank = require "engram.bank"
  local v = bank.is(o.bank) and bank.view(o.bank, fname)
  check.arg(v and v.slots >= self.nodes, fname, "bank",
    ("a bank of %d slots"):format(self.nodes), o.bank)
  return v
end

local function is_live(v, slot)
  return bit.band(bit.rshift(v.live[bit.rshift(slot, 6)], slot % 64), 1ULL) == 1ULL
end

-- The nodes and scores of a run, as C takes seeds. With a bank, ids are held against it.
local function seeds_of(self, run, v, fname)
  local ids, values = ffi.new("uint32_t[?]", run.n), ffi.new("float[?]", run.n)
  for i = 0, run.n - 1 do
    local id = tonumber(run.hit[i].id)
    local slot = id % 4294967296
    check.arg(v or id == slot, fname, 1,
      "bare slots, or option bank for ids of later generations", id)
    check.arg(slot < self.nodes, fname, 1, ("nodes below %d"):format(self.nodes), slot)
    if v then
      local present = is_live(v, slot) and id == slot + 4294967296 * v.generations[slot]
      check.arg(present, fname, 1, "ids that are in the bank", id)
    end
    ids[i], values[i] = slot, run.hit[i].score
  end
  return ids, values
end

-- Activations as a run: those that are not 0, and in the bank if there is one; the best k of them.
local function run_of(self, activations, v, o, fname)
  check.arg(o.k == nil or check.count(o.k), fname, "k", "a count", o.k)
  local active, keep = 0, ffi.new("uint64_t[?]", math.floor((self.nodes + 63) / 64))
  for i = 0, self.nodes - 1 do
    if activations[i] ~= 0 and (not v or is_live(v, i)) then
      local word = bit.rshift(i, 6)
      keep[word] = bit.bor(keep[word], bit.lshift(1ULL, i % 64))
      active = active + 1
    end
  end
  local room = math.min(o.k or active, active)
  local run = hits.into(o.into, room, false, fname)
  local generations = v and v.generations or nil
  hits.count_out[0] = 0
  check.status(C.engram_top_k_f32(activations, self.nodes, 0, keep, generations, room, run.hit,
    hits.count_out))
  run.n = tonumber(hits.count_out[0])
  return run
end

local modes = { max1 = C.ENGRAM_NORMALISE_MAX1, none = C.ENGRAM_NORMALISE_NONE,
  clamp01 = C.ENGRAM_NORMALISE_CLAMP01, l1 = C.ENGRAM_NORMALISE_L1 }

-- Spreads floats of `columns` starts at once, in place.
local function spread_columns(p, spread, columns, data)
  local bytes = C.engram_graph_spread_batch_scratch(p, spread, columns)
  local scratch = require("engram.scratch").get(tonumber(bytes))
  if columns == 1 then
    check.status(C.engram_graph_spread(p, spread, scratch, data))
  else
    check.status(C.engram_graph_spread_batch(p, spread, columns, scratch, data))
  end
end

-- Spreads a list of runs, each of which comes back as a run.
local function spread_runs(self, p, spread, runs, o, fname)
  local v = view_of(self, o, fname)
  local columns = #runs
  local all = ffi.new("float[?]", self.nodes * columns)
  for c, run in ipairs(runs) do
    local ids, values = seeds_of(self, run, v, fname)
    for i = 0, run.n - 1 do
      local at = ids[i] * columns + c - 1
      all[at] = all[at] + values[i]
    end
  end
  spread_columns(p, spread, columns, all)
  if columns == 1 then return { run_of(self, all, v, o, fname) } end
  local found, one = {}, ffi.new("float[?]", self.nodes)
  for c = 1, columns do
    for i = 0, self.nodes - 1 do one[i] = all[i * columns + c - 1] end
    found[c] = run_of(self, one, v, o, fname)
  end
  return found
end

-- g:spread(start [, options]) by power iteration. start is hits, and then hits come back; or a list
-- of them, each spread on its own, and then a list comes back. A vec of one activation per node, or
-- a matrix of nodes x starts, is changed in place and returned.
function methods:spread(start, options)
  local fname = "graph:spread"
  local p = open(self, fname)
  local o = check.options(options, { steps = 1, keep = 1, gain = 1, restart = 0, normalise = "max1",
    k = check.none, into = check.none, bank = check.none }, fname)
  check.arg(check.count(o.steps) and o.steps < 2 ^ 32, fname, "steps", "a count", o.steps)
  check.arg(modes[o.normalise], fname, "normalise", "\"max1\", \"none\", \"clamp01\" or \"l1\"",
    o.normalise)
  local spread = ffi.new "struct engram_spread"
  for _, name in ipairs { "keep", "gain", "restart" } do
    check.arg(type(o[name]) == "number", fname, name, "a number", o[name])
  end
  spread.size = ffi.sizeof(spread)
  spread.steps, spread.normalise = o.steps, modes[o.normalise]
  spread.keep, spread.gain, spread.restart = o.keep, o.gain, o.restart

  if vec.is(start) then
    check.arg(start.n == self.nodes, fname, 1, ("a vec of length %d"):format(self.nodes), start)
    spread_columns(p, spread, 1, start.data)
    return start
  elseif vec.matrix.is(start) then
    check.arg(start.rows == self.nodes, fname, 1, ("a matrix of %d rows"):format(self.nodes), start)
    spread_columns(p, spread, start.dim, start.data)
    return start
  elseif hits.is(start) then
    return spread_runs(self, p, spread, { start }, o, fname)[1]
  end
  local listed = type(start) == "table" and #start > 0
  for i = 1, listed and #start or 0 do listed = listed and hits.is(start[i]) end
  check.arg(listed, fname, 1, "hits, a list of them, a vec or a matrix of activations", start)
  check.arg(o.into == nil, fname, "into", "nothing, for a list of starts", o.into)
  return spread_runs(self, p, spread, start, o, fname)
end

local fans = { none = C.ENGRAM_FAN_NONE, linear = C.ENGRAM_FAN_LINEAR, sqrt = C.ENGRAM_FAN_SQRT,
  actr = C.ENGRAM_FAN_ACTR }
local ways = { sum = C.ENGRAM_SUM, max = C.ENGRAM_MAX, noisy_or = C.ENGRAM_NOISY_OR }

local usual_gain = { [1] = -1, [2] = 0.5 } -- as C has it where no gain is given; otherwise 1

local Floats = ffi.typeof "float[?]"

-- graph.frontier_frame() -> a frontier and the tables it points to, to be filled again and again
function graph.frontier_frame()
  local frame = { c = ffi.new "struct engram_frontier", room = 0, gain = ffi.new "float[256]" }
  frame.c.size = ffi.sizeof(frame.c)
  return frame
end

-- One number for each hop: a list as it is, a number for all of them; nil is nil.
local function per_hop(x, floats, hops, name, fname)
  if x == nil then return nil end
  for h = 1, hops do
    local value = x
    if type(x) == "table" then value = x[h] end
    if not check.finite(value) then
      check.arg(false, fname, name, ("a number, or %d of them"):format(hops), value)
    end
    floats[h - 1] = value
  end
  return floats
end

graph.frontier_options = { hops = check.none, step = check.none, threshold = check.none,
  fan = check.none, fan_strength = check.none, accumulate = check.none, visit_budget = check.none,
  cycle_penalty = check.none, refractory = check.none, gain = check.none }

-- graph.fill_frontier(frame, o, hops, fname): what o says, checked. No garbage but for tables that
-- grow with hops.
function graph.fill_frontier(frame, o, hops, fname)
  if not (check.count(hops) and hops <= C.ENGRAM_MAX_HOPS) then
    check.arg(false, fname, "hops", ("a count, at most %d,"):format(C.ENGRAM_MAX_HOPS), hops)
  end
  local visits, refractory = o.visit_budget or 0, o.refractory or 0
  check.arg(check.count(visits) and visits < 2 ^ 32, fname, "visit_budget", "a count", visits)
  check.arg(check.count(refractory) and refractory < 2 ^ 32, fname, "refractory", "a count",
    refractory)
  local penalty, fan, way = o.cycle_penalty or 0, o.fan or "none", o.accumulate or "sum"
  check.arg(type(penalty) == "number", fname, "cycle_penalty", "a number", penalty)
  check.arg(o.gain == nil or type(o.gain) == "table", fname, "gain",
    "a table of numbers by class", o.gain)
  check.arg(fans[fan], fname, "fan", "\"none\", \"linear\", \"sqrt\" or \"actr\"", fan)
  check.arg(ways[way], fname, "accumulate", "\"sum\", \"max\" or \"noisy_or\"", way)
  local strength = o.fan_strength
  check.arg(fan ~= "actr" or check.finite(strength), fname, "fan_strength", "a number", strength)
  check.arg(strength == nil or fan == "actr", fname, "fan_strength", "the fan \"actr\" with it",
    strength)
  if hops > frame.room then
    frame.room, frame.step, frame.threshold = hops, Floats(hops), Floats(hops)
  end
  local f = frame.c
  f.hops, f.fan, f.accumulate = hops, fans[fan], ways[way]
  f.fan_strength = strength or 0
  f.visit_budget, f.cycle_penalty, f.refractory = visits, penalty, refractory
  f.step = per_hop(o.step, frame.step, hops, "step", fname)
  f.threshold = per_hop(o.threshold, frame.threshold, hops, "threshold", fname)
  f.gain = nil
  if o.gain then
    for class in pairs(o.gain) do
      check.arg(check.count(class) and class < 256, fname, "gain", "classes, 0 .. 255,", class)
    end
    for class = 0, 255 do
      local gain = o.gain[class] or usual_gain[class] or 1
      if type(gain) ~= "number" then
        check.arg(false, fname, "gain", ("a number for class %d"):format(class), gain)
      end
      frame.gain[class] = gain
    end
    f.gain = frame.gain
  end
end

-- g:frontier(seeds [, options]) -> hits: activation that moves outward hop by hop from the seeds
function methods:frontier(seeds, options)
  local fname = "graph:frontier"
  local p = open(self, fname)
  check.arg(hits.is(seeds), fname, 1, "hits", seeds)
  local known = { k = check.none, into = check.none, bank = check.none }
  for name, default in pairs(graph.frontier_options) do known[name] = default end
  local o = check.options(options, known, fname)
  local frame = graph.frontier_frame()
  graph.fill_frontier(frame, o, o.hops or 2, fname)
  local v = view_of(self, o, fname)
  local ids, values = seeds_of(self, seeds, v, fname)
  local activations = ffi.new("float[?]", self.nodes)
  local scratch = require("engram.scratch").get(tonumber(C.engram_graph_frontier_scratch(p)))
  check.status(C.engram_graph_frontier(p, frame.c, ids, values, seeds.n, scratch, activations,
    nil, nil, nil))
  return run_of(self, activations, v, o, fname)
end

local info = ffi.new "struct engram_graph_info"

-- g:stats() -> { nodes, edges, classes, bytes, layouts = { rows, pull, delta, names } }, each
-- layout with its bytes; rows and pull with the seconds it took to make them, delta with its edges
function methods:stats()
  local p = open(self, "graph:stats")
  C.engram_graph_get(p, view)
  C.engram_graph_info(p, info)
  local layouts = {
    rows = { bytes = tonumber(info.rows_bytes), seconds = info.rows_seconds },
    pull = { bytes = tonumber(info.pull_bytes), seconds = info.pull_seconds },
    delta = { bytes = tonumber(info.delta_bytes), edges = view.delta.edges },
    names = { bytes = tonumber(info.names_bytes) },
  }
  local bytes = 0
  for _, layout in pairs(layouts) do bytes = bytes + layout.bytes end
  return { nodes = self.nodes, edges = self.edges, bytes = bytes, layouts = layouts,
    classes = view.classes ~= nil or (view.delta.edges > 0 and view.delta.classes ~= nil) }
end

-- g:free(): now rather than when the collector gets to it. Twice is harmless.
function methods:free()
  check.self(graph.is(self), "graph:free")
  C.engram_graph_free(self.p)
  self.p = nil
end

ffi.metatype(Graph, {
  __index = methods,
  __gc = methods.free,
  __len = function(self) return self.nodes end,
  __tostring = function(self)
    if self.p == nil then return "graph, closed" end
    return ("graph %d nodes %d edges %.1f MB"):format(self.nodes, self.edges,
      self:stats().bytes / 2 ^ 20)
  end,
})

types.register { name = "graph", ctype = Graph, methods = methods,
  fields = { nodes = "how many nodes", edges = "how many edges" } }

return graph
