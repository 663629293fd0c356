-- Recall from end to end over 10,000 memories: search, spreading over their links, forgetting, the
-- best ten; at each rung.
-- usage: engram bench examples/bench/recall.lua, or engram examples/bench/recall.lua
local bench = require "engram.bench"
local engram = require "engram"

local DIM, LINKS, DAY = 256, 4, 86400

bench.case("recall 10", {
  rungs = true,
  params = { memories = { 10000 } },
  setup = function(b)
    local n = b.quick and 500 or b.memories
    local rng = engram.rng(b.seed)
    local memory = engram.memory.new { dim = DIM, law = { half_life_s = DAY } }
    local vectors = rng:fill_normal(engram.matrix(n, DIM))
    for i = 0, n - 1 do
      local links = {}
      for l = 1, i > 0 and LINKS or 0 do links[l] = { to = rng:below(i), weight = 0.5 } end
      memory:remember { vector = vectors:row(i + 1), at = i, links = links }
    end
    -- Looking without leaving a trace: the data stay as they are.
    local s = { memory = memory, cue = vectors:row(n), vectors = vectors, last = n - 1 }
    s.options = { vector = s.cue, now = n, k = 10, hops = 2, record = false }
    return s
  end,
  run = function(s)
    s.options.into = s.hits
    s.hits = s.memory:recall(s.options)
    return s.hits
  end,
  check = function(s, hits) return #hits == 10 and hits:id(1) == s.last end,
  items = function(b) return b.quick and 500 or b.memories end,
  bytes = function(b) return (b.quick and 500 or b.memories) * DIM * 4 end,
})

bench.main(arg)
