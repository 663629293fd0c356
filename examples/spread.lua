-- Activation over a graph: hop by hop from a seed, and as a power iteration that forgets it.
-- prints:
-- from fire, two hops:   fire 1.00  smoke 0.80  heat 0.50  alarm 0.41  summer 0.15
-- twenty steps of power iteration:   alarm 1.00  summer 0.37  smoke 0.10
local engram = require "engram"

local graph = engram.graph.new {
  { "fire", "smoke", 0.8 }, { "fire", "heat", 0.5 },
  { "smoke", "alarm", 0.9 }, { "heat", "alarm", 0.2 }, { "heat", "summer", 0.6 },
}
local seed = engram.hits { { graph:id "fire", 1 } }

local function show(title, hits)
  local words = {}
  for i = 1, #hits do words[i] = ("%s %.2f"):format(graph:name(hits:id(i)), hits:score(i)) end
  print(title .. ":   " .. table.concat(words, "  "))
end

-- What arrives from several sides adds up; each hop passes on half of what it got.
show("from fire, two hops", graph:frontier(seed, { hops = 2, step = { 1, 0.5 } }))
show("twenty steps of power iteration", graph:spread(seed, { steps = 20, k = 3 }))
