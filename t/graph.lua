-- graph.lua: edges, graphs, and activation that spreads over them.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses = tap.ok, tap.is, tap.near, support.refuses
local near_all, ids_are = support.near_all, support.ids_are
local graph, vec, hits = engram.graph, engram.vec, engram.hits

-- ---- building and asking

local chain = graph.new { { 0, 1 }, { 1, 2 } }
is(#chain, 3, "the length of a graph is its nodes")
local stats = chain:stats()
ok(stats.nodes == 3 and stats.edges == 2 and stats.classes == false and stats.bytes > 0,
  "stats tells nodes, edges and bytes")
local edge = chain:neighbours(1)[1]
ok(edge[1] == 2 and edge[2] == 1 and edge[3] == 0,
  "an edge has the weight 1 and the class 0 unless it says more")
is(#chain:neighbours(2), 0, "a node without edges has no neighbours")

local builder = graph.builder()
ok(builder:edge("cat", "animal", 0.5, 2):edge("cat", "mouse"):nodes(9) == builder,
  "a builder's calls can be chained")
local named = builder:freeze()
is(#named, 9, "nodes makes room for more nodes than edges name")
is(named:id "animal", 1, "names get ids in order of appearance")
is(named:name(2), "mouse", "an id has a name")
ok(named:id "dog" == nil and named:name(8) == nil and named:name(99) == nil,
  "what is not there is nil")
edge = named:neighbours(0)
ok(#edge == 2 and edge[1][1] == 1 and edge[1][2] == 0.5 and edge[1][3] == 2 and edge[2][3] == 0,
  "neighbours gives target, weight and class in stored order")
is(named:stats().classes, true, "stats tells whether there are classes")
is(#builder:edge(0, 1):freeze(), 2, "a frozen builder is empty again")

local path = support.path "edges.tsv"
support.write(path, "# who knows whom\nann\tbob\t0.25\nbob\teve\n")
local opened = graph.open(path)
ok(#opened == 3 and opened:neighbours(opened:id "ann")[1][2] == 0.25 and opened:id "eve" == 2,
  "an edge file with names is read")
support.write(path, "from,to,weight\n0,3,2\n3,1,0.5\n")
is(graph.open(path):neighbours(3)[1][2], 0.5, "an edge file with ids and a header is read")
is(graph.open(path, { nodes = "names" }):id "3", 1, "numbers are names if that is asked for")
is(#graph.builder():edge("zero", "one"):read(path, { nodes = "names" }):freeze(), 5,
  "read adds to what is there")

support.write(path, "0\t1\n0\tone\n")
local none, failure = graph.open(path)
ok(none == nil and failure.name == "EFORMAT" and tostring(failure):find(path .. ":2: ", 1,
  true) == 1,
  "a line that is no edge gives nil and a message with its number")
none, failure = graph.open "/nonexistent/edges.tsv"
ok(none == nil and failure.name == "EIO"
  and tostring(failure) == "/nonexistent/edges.tsv: No such file or directory",
  "a file that is not there gives nil and a message with its name")

-- ---- spreading by power iteration

local function spread(start, options) return chain:spread(vec(start), options) end
near_all(spread({ 1, 0, 0 }, { steps = 1 }), { 1, 1, 0 }, 1e-6,
  "after one step the neighbour is as active")
near_all(spread({ 1, 0, 0 }, { steps = 2 }), { 0.5, 1, 0.5 }, 1e-6,
  "after two the largest is scaled to 1")
near_all(spread({ 1, 0, 0 }, { steps = 3 }), { 1 / 3, 1, 1 }, 1e-6,
  "after three the end of the chain is reached")
near_all(spread { 1, 0, 0 }, { 1, 1, 0 }, 1e-6, "one step is the default")
near_all(spread({ 1, 0, 0 }, { steps = 0 }), { 1, 0, 0 }, 0, "no step changes nothing")
near_all(spread({ 1, 0, 0 }, { steps = 2, normalise = "none" }), { 1, 2, 1 }, 1e-6,
  "normalise may be none")
near_all(spread({ 1, 0, 0 }, { steps = 2, normalise = "clamp01" }), { 1, 1, 1 }, 1e-6, "or clamp01")
near_all(spread({ 1, 0, 0 }, { normalise = "l1" }), { 0.5, 0.5, 0 }, 1e-6, "or l1")
near_all(spread({ 1, 0, 0 }, { keep = 0.5, gain = 0.25, normalise = "none" }), { 0.5, 0.25, 0 },
  1e-6,
  "keep stays at a node, gain scales what leaves it")
near_all(spread({ 1, 0, 0 }, { keep = 0.5, restart = 0.5, normalise = "none" }), { 0.75, 0.5,
  0 }, 1e-6,
  "restart mixes the start in again")

-- The ring of the R package spreadr (Siew 2019): eight nodes, of which the first gets 100 at times 0,
-- 2, 4 and 6; a node keeps 5 % and passes on the rest.
local ring, by_time = {}, {}
for i = 1, 8 do ring[i] = { i - 1, i % 8 } end
ring = graph.new(ring)
local active = vec { 100, 0, 0, 0, 0, 0, 0, 0 }
for time = 1, 16 do
  ring:spread(active, { keep = 0.05, gain = 0.95, normalise = "none" })
  if time == 2 or time == 4 or time == 6 then active[1] = active[1] + 100 end
  by_time[time] = active:copy()
end
near_all(by_time[1], { 5, 95, 0, 0, 0, 0, 0, 0 }, 1e-4, "spreadr's ring after one step")
near_all(by_time[2], { 100.25, 9.5, 90.25, 0, 0, 0, 0, 0 }, 1e-4, "two")
near_all(by_time[3], { 5.0125, 95.7125, 13.5375, 85.7375, 0, 0, 0, 0 }, 1e-4, "three")
near_all(by_time[16], { 51.684539, 33.285650, 70.134930, 36.793695, 66.944129, 39.533482, 63.495298,
  38.128277 }, 1e-4, "and sixteen")
near(by_time[16]:dot(vec(8):fill(1)), 400, 1e-3, "what is passed on is not lost")

local start = vec { 1, 0, 0 }
ok(chain:spread(start) == start and start[2] == 1, "a vec of activations is changed in place")

local run = chain:spread(hits { { 0, 1 } }, { steps = 2 })
ids_are(run, { 1, 0, 2 }, "hits spread to hits, in order")
near(run:score(3), 0.5, 1e-6, "with the activations as scores")
ids_are(chain:spread(hits { { 0, 1 } }, { steps = 2, k = 2 }), { 1, 0 }, "k keeps the best")
ids_are(chain:spread(hits { { 0, 1 } }), { 0, 1 }, "nodes without activation are no hits")
near(chain:spread(hits { { 0, 0.25 } }, { normalise = "none" }):score(1), 0.25, 1e-6,
  "hits start with their scores")
is(#chain:spread(hits {}), 0, "without a start nothing becomes active")

local reused = hits {}
for _ = 1, 3 do
  ok(chain:spread(hits { { 0, 1 } }, { steps = 2, into = reused }) == reused and #reused == 3,
    "into gives the same hits back")
  collectgarbage()
end
ok(chain:spread(reused, { into = reused }) == reused, "hits may spread into themselves")

-- ---- many starts at once

local web = graph.new { { 0, 1, 0.5 }, { 1, 2, 0.25 }, { 2, 0, 0.75 }, { 0, 2, 0.125 } }
local both = engram.matrix { { 1, 0 }, { 0, 0.5 }, { 0.25, 0 } }
ok(web:spread(both, { steps = 3, keep = 0.5 }) == both, "a matrix of starts is changed in place")
for column, begin in ipairs { { 1, 0, 0.25 }, { 0, 0.5, 0 } } do
  local alone = web:spread(vec(begin), { steps = 3, keep = 0.5 })
  for i = 1, 3 do is(both:row(i)[column], alone[i], "each column is as if it were alone") end
end
local runs = web:spread({ hits { { 0, 1 } }, hits { { 1, 0.5 } } }, { steps = 2, k = 2 })
is(#runs, 2, "a list of hits spreads to a list of hits")
for i, begin in ipairs { hits { { 0, 1 } }, hits { { 1, 0.5 } } } do
  local alone = web:spread(begin, { steps = 2, k = 2 })
  ok(#alone == #runs[i] and alone:id(1) == runs[i]:id(1) and alone:score(2) == runs[i]:score(2),
    "each as if it were alone")
end
is(#web:spread({ hits { { 0, 1 } } })[1], 3, "a list may have one run")
refuses(function() web:spread(engram.matrix(2, 2)) end,
  "bad argument #1 to 'graph:spread' (a matrix of 3 rows expected, got matrix 2 x 2)",
  "a matrix has a row for each node")
refuses(function() web:spread { hits {}, 1 } end,
  "bad argument #1 to 'graph:spread' (hits, a list of them, a vec or a matrix of activations ",
  "a list holds hits alone")
refuses(function() web:spread({ hits {}, hits {} }, { into = hits {} }) end,
  "bad argument 'into' to 'graph:spread' (nothing, for a list of starts expected",
  "into is for one run")

-- ---- edges that come later

local grown_later = graph.new { { "a", "b", 0.5 }, { "b", "c", 0.25, 1 } }
local at_once = graph.new { { 0, 1, 0.5 }, { 0, 3, 1 }, { 1, 2, 0.25, 1 }, { 3, 2, 0.5, 2 } }
ok(grown_later:add("a", 3):add(3, "c", 0.5, 2) == grown_later, "edges are added one by one")
ok(#grown_later == 4 and grown_later.edges == 4 and grown_later:name(3) == nil,
  "a new id is a new node, without a name")
local arrived = grown_later:neighbours(0)
ok(#arrived == 2 and arrived[2][1] == 3 and arrived[2][2] == 1 and arrived[2][3] == 0
  and grown_later:neighbours(3)[1][3] == 2, "they stand behind those of their source")
local function both_ways()
  local now = grown_later:spread(vec { 1, 0, 0, 0 }, { steps = 3 })
  local hops = grown_later:frontier(hits { { 0, 1 } }, { hops = 3 })
  local want = at_once:frontier(hits { { 0, 1 } }, { hops = 3 })
  return now == at_once:spread(vec { 1, 0, 0, 0 }, { steps = 3 }) and #hops == #want
    and hops:score(3) == want:score(3)
end
ok(both_ways(), "spreading counts them from the next call on")
local layouts = grown_later:stats().layouts
ok(layouts.delta.edges == 2 and layouts.delta.bytes > 0 and layouts.rows.bytes > 0
  and layouts.pull.bytes > 0 and layouts.names.bytes > 0 and layouts.rows.seconds >= 0
  and layouts.pull.seconds >= 0, "stats tells the memory of each layout, and its time")
ok(grown_later:freeze() == grown_later and both_ways(), "freezing changes no result")
layouts = grown_later:stats().layouts
ok(layouts.delta.edges == 0 and layouts.delta.bytes == 0 and #grown_later:neighbours(0) == 2,
  "it moves them into the layouts")
is(grown_later:add({ { 4, 0 }, { 4, "b", 2 } }).edges, 6, "a table adds several")
refuses(function() grown_later:add { { 5, 0 }, { 5, -1 } } end,
  "bad argument #1 to 'graph:add' (a node id or name in edge 2 expected, got number -1)",
  "a target is an id or a name")
refuses(function() grown_later:add("nobody", 0) end,
  [[bad argument #1 to 'graph:add' (the name of a node of the graph expected, got string "nobody")]],
  "a name is one that the graph knows")
refuses(function() grown_later:add { 7 } end,
  "bad argument #1 to 'graph:add' (an edge at 1 expected, got number 7)", "an edge is a table")
refuses(function() grown_later:add(0, 1, 0 / 0) end,
  "bad argument #3 to 'graph:add' (a finite weight expected, got number ", "a weight is finite")
refuses(function() grown_later:add(0, 1, 1, 256) end,
  "bad argument #4 to 'graph:add' (a class, 0 .. 255 expected, got number 256)",
  "a class is a byte")
ok(#grown_later == 5 and grown_later.edges == 6, "what was refused has left nothing")

-- ---- spreading from a frontier

local step = engram.math.exp(-0.7)
local diamond = graph.new { { "A", "B", 0.8 }, { "A", "C", 0.5 }, { "B", "D", 0.9 }, { "C", "D",
  0.6 } }
local function frontier(options)
  return diamond:frontier(hits { { diamond:id "A", 1 } }, options)
end
local function activation(found, name)
  for i = 1, #found do
    if found:id(i) == diamond:id(name) then return found:score(i) end
  end
end

local found = frontier { step = step, threshold = 0.05 }
is(activation(found, "A"), 1, "a seed keeps its activation")
near(activation(found, "B"), 0.39727, 1e-5, "the first hop brings weight times step")
near(activation(found, "C"), 0.24829, 1e-5, "to each neighbour")
near(activation(found, "D"), 0.25153, 1e-5, "contributions of the second hop add up")
ids_are(found, { 0, 1, 3, 2 }, "activations come as hits in order")
near(activation(frontier { step = step, accumulate = "max" }, "D"), 0.17755, 1e-5,
  "the largest counts with max")
near(activation(frontier { step = step, accumulate = "noisy_or" }, "D"), 0.23840, 1e-5,
  "noisy_or joins them like chances")
is(activation(frontier { step = step, hops = 1 }, "D"), nil,
  "one hop does not reach what is two away")
is(#frontier { hops = 0 }, 1, "no hop leaves the seeds alone")
near(activation(frontier { step = { step, 1 } }, "D"), 0.50651, 1e-5,
  "each hop may have a step of its own")
is(activation(frontier { step = step, threshold = { 0.3, 0 } }, "C"), nil,
  "a threshold of the hop keeps weak ones out")
near(activation(frontier { fan = "linear", hops = 1 }, "B"), 0.4, 1e-6,
  "a fan of linear divides by the out-degree")
near(activation(frontier { fan = "sqrt", hops = 1 }, "B"), 0.8 / math.sqrt(2), 1e-6,
  "a fan of sqrt by its root")
near(activation(frontier { fan = "actr", fan_strength = 1.6, hops = 1 }, "B"),
  0.8 * (1.6 - math.log(3)), 1e-6, "ACT-R's fan multiplies by S - ln(fan + 1)")
refuses(function() frontier { fan = "actr" } end,
  "bad argument 'fan_strength' to 'graph:frontier' (a number expected, got nil)",
  "it wants S")
refuses(function() frontier { fan_strength = 1 } end,
  [[bad argument 'fan_strength' to 'graph:frontier' (the fan "actr" with it expected]],
  "S goes with it")
is(#frontier { k = 2 }, 2, "k keeps the best of a frontier")
ok(frontier { into = reused } == reused and #reused == 4,
  "into gives the same hits back from a frontier")

local inhibited = graph.new { { 0, 1, 0.8 }, { 2, 1, 0.5, 1 }, { 2, 3, 0.5, 7 } }
local seeds = hits { { 0, 1 }, { 2, 1 } }
near(inhibited:frontier(seeds):copy():filter(function(id) return id == 1 end):score(1), 0.3, 1e-6,
  "edges of class 1 inhibit")
near(inhibited:frontier(seeds, { gain = { [1] = 0,
  [7] = 0.5 } }):filter(function(id) return id == 3 end):score(1),
  0.25, 1e-6, "gain is a factor by class")
near(inhibited:frontier(seeds, { gain = { [7] = 0.5 } }):filter(function(id) return id == 1 end)
  :score(1), 0.3, 1e-6, "and classes that it leaves out keep theirs")

-- What holds of any graph, any seeds and any options.
local seed = 20261121
tap.note("seed " .. seed)
local rng = engram.rng(seed)
local fans, ways = { "none", "linear", "sqrt", "actr" }, { "sum", "max", "noisy_or" }
local bounded, ordered, kept, same, sank = true, true, true, true, 0
for round = 1, 300 do
  local n, list = 3 + rng:below(30), {}
  local classes = round % 3 + 1 -- excitatory alone; with inhibitory ones; with modulatory ones too
  for i = 1, 4 * n do
    list[i] = { rng:below(n), rng:below(n), rng:uniform(), rng:below(classes) }
  end
  list[4 * n + 1] = { n - 1, n - 1, 0.1 }
  local g, planted, sum = engram.graph.new(list), {}, {}
  for i = 1, 1 + rng:below(4) do
    planted[i] = { rng:below(n), rng:uniform() }
    sum[planted[i][1]] = math.min((sum[planted[i][1]] or 0) + planted[i][2], 1)
  end
  planted = hits(planted)
  local fan = fans[1 + rng:below(classes == 1 and 3 or 4)] -- S - ln(fan) may be below 0
  local o = { hops = 1 + rng:below(5), step = rng:uniform(), threshold = 0.1 * rng:uniform(),
    fan = fan, fan_strength = fan == "actr" and 1.6 or nil, accumulate = ways[1 + rng:below(3)],
    visit_budget = rng:below(4), refractory = rng:below(3), k = n }
  local grown, before = g:frontier(planted, o), nil
  local value = {}
  for i = 1, #grown do
    local id, score = grown:id(i), grown:score(i)
    value[id] = score
    bounded = bounded and score >= 0 and score <= 1
    ordered = ordered and (not before or score < before.score
      or score == before.score and id > before.id)
    before = { id = id, score = score }
  end
  local still = g:frontier(planted, { hops = 0, k = n })
  for i = 1, #still do
    local id, score = still:id(i), still:score(i)
    same = same and math.abs(score - sum[id]) < 1e-6
    local sinks = (value[id] or 0) < score
    kept = kept and not (classes == 1 and sinks)
    if sinks then sank = sank + 1 end
  end
end
ok(bounded, "an activation is in 0 .. 1")
ok(ordered, "the hits are in order, ties by their ids")
ok(same, "without a hop they are the seeds, those that come twice added up")
ok(kept and sank > 10, "a seed never falls but by inhibition")

-- ---- ids with generations

local bank = engram.bank.new(1)
for i = 1, 3 do bank:add { i } end
bank:remove(1)
local id = bank:add { 9 }
ids_are(chain:spread(hits { { id, 1 } }, { bank = bank }), { 2, id },
  "with a bank nodes come as its whole ids")
refuses(function() engram.graph.new { { 0, "a" } } end,
  "bad argument #1 to 'graph.new' (a node that is a number in edge 1, as in the first expected",
  "ids and names do not mix, since a name would be given an id")
refuses(function() chain:spread(hits { { id, 1 } }) end,
  "bad argument #1 to 'graph:spread' (bare slots, or option bank for ids of later generations expected",
  "without a bank an id with a generation is refused, not cut")
refuses(function() chain:spread(hits { { 1, 1 } }, { bank = bank }) end,
  "bad argument #1 to 'graph:spread' (ids that are in the bank expected, got number 1)",
  "with a bank an id that is no longer in it is refused and named")
ids_are(chain:frontier(hits { { 0, 1 } }, { bank = bank, hops = 1 }), { 0, id },
  "from a frontier as well")
ids_are(chain:spread(hits { { 0, 1 } }), { 0, 1 }, "without one as bare slots")

-- ---- for eyes

is(tostring(chain), "graph 3 nodes 2 edges 0.0 MB", "a graph shows nodes and edges")
is(tostring(graph.builder()), "graph builder", "a builder says what it is")

-- ---- lifetimes

local edges = graph.builder()
for i = 0, 99 do
  edges:edge("n" .. i, "n" .. i + 1)
  collectgarbage "step"
end
local grown = edges:freeze()
edges:free()
edges:free()
collectgarbage()
is(grown:name(100), "n100", "a graph outlives its builder")
is(tostring(graph.builder()), "graph builder", "a new builder is open")
grown:free()
grown:free()
is(tostring(grown), "graph, closed", "free may be called twice")
for name, arguments in pairs { id = { "n" }, name = { 0 }, neighbours = { 0 },
  spread = { hits { { 0, 1 } } },
  frontier = { hits { { 0, 1 } } }, add = { 0, 1 }, freeze = {}, stats = {} } do
  refuses(function() local _ = grown[name](grown, unpack(arguments)) end,
    ("graph:%s: this graph is closed"):format(name),
    ("after free graph:%s says closed"):format(name))
  refuses(function() local _ = grown[name](unpack(arguments)) end,
    ("call it as graph:%s(...), with a colon"):format(name),
    ("graph.%s without its graph asks for a colon"):format(name))
end
refuses(function() grown.free() end, "call it as graph:free(...), with a colon",
  "graph.free asks for a colon")
support.given_back(function() graph.builder():nodes(6 * 2 ^ 20):freeze() end,
  "the collector frees graphs")
builder:free()
is(tostring(builder), "graph builder, closed", "a builder may be freed")
for name, arguments in pairs { nodes = { 1 }, edge = { 0, 1 }, read = { path }, freeze = {} } do
  refuses(function() local _ = builder[name](builder, unpack(arguments)) end,
    ("builder:%s: this builder is closed"):format(name),
      ("after free builder:%s says closed"):format(name))
  refuses(function() local _ = builder[name](unpack(arguments)) end,
    ("call it as builder:%s(...), with a colon"):format(name),
    ("builder.%s without its builder asks for a colon"):format(name))
end
refuses(function() builder.free() end, "call it as builder:free(...), with a colon",
  "builder.free asks for a colon")

-- ---- misuse

builder = graph.builder()
refuses(function() builder:nodes(-1) end,
  "bad argument #1 to 'builder:nodes' (a count of nodes expected, got number -1)",
  "nodes wants a count")
refuses(function() builder:edge(0.5, 1) end,
  "bad argument #1 to 'builder:edge' (a node id or name expected, got number 0.5)",
    "a source is an id or a name")
refuses(function() builder:edge(0) end,
  "bad argument #2 to 'builder:edge' (a node id or name expected, got nil)",
  "a target is an id or a name")
refuses(function() builder:edge(0, 1, 0 / 0) end,
  "bad argument #3 to 'builder:edge' (a finite weight expected, got number ",
  "a weight is finite")
refuses(function() builder:edge(0, 1, 1, 256) end,
  "bad argument #4 to 'builder:edge' (a class, 0 .. 255 expected, got number 256)",
    "a class is a byte")
refuses(function() builder:edge("", 1) end, "engram_builder_name: name has 0 bytes",
  "a name is not empty")
refuses(function() builder:read(1) end,
  "bad argument #1 to 'builder:read' (a path expected, got number 1)",
  "a path is a string")
refuses(function() builder:read(path, { nodes = "words" }) end,
  [[bad argument 'nodes' to 'builder:read' ("auto", "ids" or "names" expected, got string "words")]],
  "the ways to read nodes are listed")
refuses(function() builder:read(path, { node = "ids" }) end,
  "unknown option 'node' to 'builder:read' (known: nodes)",
  "read lists its options")
refuses(function() graph.new { { 0, 1, 0 / 0 } } end,
  "bad argument #1 to 'graph.new' (a finite weight in edge 1 expected, got", "nor a weight of NaN")
refuses(function() graph.new { { 0, 1 }, nil, { 1, 2 } } end,
  "bad argument #1 to 'graph.new' (an edge at 2 expected, got nil", "nor a list with a hole")
refuses(function() graph.new { { 0, 1 } }:add { { 0, 1 }, nil, { 1, 2 } } end,
  "bad argument #1 to 'graph:add' (an edge at 2 expected, got nil", "which adding refuses too")
refuses(function() graph.new { { 0, 1 } }:add { { 0, 1 }, { 0, 1.5 } } end,
  "bad argument #1 to 'graph:add' (a node id or name in edge 2 expected, got",
  "an error names the edge of a list")
refuses(function() graph.new "x" end,
  [[bad argument #1 to 'graph.new' (a table of edges expected, got string "x")]],
  "a graph is made of a table")
refuses(function() graph.new { { 0, 1 }, 7 } end,
  "bad argument #1 to 'graph.new' (an edge at 2 expected, got number 7)",
  "an edge is a table")
refuses(function() chain:id(1) end,
  "bad argument #1 to 'graph:id' (a name expected, got number 1)", "id wants a name")
refuses(function() chain:name "A" end,
  [[bad argument #1 to 'graph:name' (a node expected, got string "A")]],
  "name wants a node")
refuses(function() chain:neighbours(3) end,
  "bad argument #1 to 'graph:neighbours' (a node below 3 expected, got number 3)",
    "a node is in the graph")
refuses(function() chain:spread(vec(2)) end,
  "bad argument #1 to 'graph:spread' (a vec of length 3 expected, got vec 2 [0 0])",
    "activations are for all nodes")
refuses(function() chain:spread {} end,
  "bad argument #1 to 'graph:spread' (hits, a list of them, a vec or a matrix of activations "
  .. "expected, "
  .. "got table)", "spread wants hits or a vec")
refuses(function() chain:spread(hits { { 3, 1 } }) end,
  "bad argument #1 to 'graph:spread' (nodes below 3 expected, got number 3)",
    "hits are nodes of the graph")
refuses(function() chain:spread(vec(3), { steps = -1 }) end,
  "bad argument 'steps' to 'graph:spread' (a count expected, got number -1)", "steps are a count")
refuses(function() chain:spread(vec(3), { keep = "x" }) end,
  [[bad argument 'keep' to 'graph:spread' (a number expected, got string "x")]], "keep is a number")
refuses(function() chain:spread(vec(3), { restart = 2 }) end,
  "engram_graph_spread: options->restart is 2, expected 0 .. 1", "restart is in 0 .. 1")
refuses(function() chain:spread(vec(3), { normalise = "max" }) end,
  "bad argument 'normalise' to 'graph:spread' "
  .. [[("max1", "none", "clamp01" or "l1" expected, got string "max")]],
    "the ways to normalise are listed")
refuses(function() chain:spread(hits { { 0, 1 } }, { k = -1 }) end,
  "bad argument 'k' to 'graph:spread' (a count expected, got number -1)", "k is a count")
refuses(function() chain:spread(hits { { 0, 1 } }, { into = {} }) end,
  "bad argument 'into' to 'graph:spread' (hits expected, got table)", "into is hits")
refuses(function() chain:spread(hits { { 0, 1 } }, { bank = engram.bank.new(1) }) end,
  "bad argument 'bank' to 'graph:spread' (a bank of 3 slots expected, got bank 0 rows x 1, 0.0 MB)",
  "a bank has a slot for each node")
refuses(function() chain:spread(vec(3), { iterations = 3 }) end,
  "unknown option 'iterations' to 'graph:spread' "
  .. "(known: bank, gain, into, k, keep, normalise, restart, steps)", "spread lists its options")
refuses(function() chain:spread(vec { 1e38, 1e38, 1e38 }, { gain = 1e30, normalise = "none",
  steps = 5 }) end,
  "an activation grew beyond the range of float", "a step that overflows is an error")
refuses(function() chain:frontier(vec(3)) end,
  "bad argument #1 to 'graph:frontier' (hits expected, got vec 3 [0 0 0])",
  "frontier wants hits")
for name, message in pairs {
  hops = "a count, at most 65534, expected, got number -1",
  visit_budget = "a count expected, got number -1",
  refractory = "a count expected, got number -1",
    fan = [["none", "linear", "sqrt" or "actr" expected, got number -1]],
  accumulate = [["sum", "max" or "noisy_or" expected, got number -1]],
    k = "a count expected, got number -1",
  gain = "a table of numbers by class expected, got number -1",
} do
  refuses(function() frontier { [name] = -1 } end,
    ("bad argument '%s' to 'graph:frontier' (%s)"):format(name, message),
    ("frontier checks %s"):format(name))
end
refuses(function() frontier { gain = { [256] = 1 } } end,
  "bad argument 'gain' to 'graph:frontier' (classes, 0 .. 255, expected, got number 256)",
  "classes of gains are bytes")
refuses(function() frontier { gain = { modulatory = 1 } } end,
  [[(classes, 0 .. 255, expected, got string "modulatory")]], "and no names")
refuses(function() frontier { step = { 1 } } end,
  "bad argument 'step' to 'graph:frontier' (a number, or 2 of them expected, got nil)",
    "there is a step for each hop")
refuses(function() frontier { threshold = -1 } end, "threshold[0] is -1, expected >= 0",
  "a threshold is not negative")
refuses(function() frontier { cycle_penalty = "x" } end,
  [[bad argument 'cycle_penalty' to 'graph:frontier' (a number expected, got string "x")]],
  "the penalty of a cycle is a number")
refuses(function() frontier { steps = 1 } end,
  "unknown option 'steps' to 'graph:frontier' (known: accumulate, bank, "
  .. "cycle_penalty, fan, fan_strength, gain, hops, into, k, refractory, step, threshold, visit_budget)",
  "frontier lists its options")

local collected = engram.graph.builder()
is(("%d %d %d"):format(collected:node "b", collected:node "a", collected:node "b"), "0 1 0",
  "names may be given before edges, in an order of their own")
is(collected:edge("a", "b"):freeze():name(0), "b", "and edges find them")
support.refuses(function() collected:node(1) end,
  "bad argument #1 to 'builder:node' (a name expected, got number 1)", "a name is a string")

support.done()
