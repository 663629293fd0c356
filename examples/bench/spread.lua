-- Spreading over 1000 nodes and 5000 edges from one seed: 10 and 100 steps of the power iteration,
-- and a frontier of depth 4, at each rung.
-- usage: engram bench examples/bench/spread.lua, or engram examples/bench/spread.lua
local bench = require "engram.bench"
local engram = require "engram"

local NODES, EDGES, SEED = 1000, 5000, 0 -- SEED is where activation begins

local function random_graph(seed)
  local rng, builder = engram.rng(seed), engram.graph.builder():nodes(NODES)
  for _ = 1, EDGES do builder:edge(rng:below(NODES), rng:below(NODES), rng:uniform()) end
  return builder:freeze()
end

-- What the versions of all rungs agree on to the bit: that of the portable one.
local function by_reference(f, rung)
  engram.kernels.use "ref"
  local result = f()
  engram.kernels.use(rung)
  return result
end

local function start()
  local a = engram.vec(NODES)
  a[SEED + 1] = 1
  return a
end

bench.case("spread 1000 nodes 5000 edges", {
  rungs = true, params = { steps = { 10, 100 } },
  setup = function(b)
    local s = { graph = random_graph(b.seed), a = engram.vec(NODES) }
    s.options = { steps = b.steps, normalise = "max1" }
    s.start = start()
    s.right = by_reference(function() return s.graph:spread(start(), s.options) end, b.rung)
    return s
  end,
  run = function(s) return s.graph:spread(s.a:fill(0):add(s.start), s.options) end,
  check = function(s, activation) return activation == s.right end,
  items = function(b) return b.steps * EDGES end,
  bytes = function(b) return b.steps * (EDGES * 8 + NODES * 8) end, working_set = 64 * 1024,
})

bench.case("frontier 1000 nodes 5000 edges 4 hops", {
  rungs = true,
  setup = function(b)
    local s = { graph = random_graph(b.seed), seeds = engram.hits { { SEED, 1 } } }
    s.right = by_reference(function()
      return engram.json.encode(s.graph:frontier(s.seeds, { hops = 4 }):table())
    end, b.rung)
    return s
  end,
  run = function(s)
    s.hits = s.graph:frontier(s.seeds, { hops = 4, into = s.hits })
    return s.hits
  end,
  check = function(s, hits) return engram.json.encode(hits:table()) == s.right end,
})

bench.main(arg)
