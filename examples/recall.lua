-- A recall by hand: compare, spread, forget, rank. The one call that does all four is
-- engram.recall. prints:
-- by hand     lion 0.97  tiger 0.32  zebra 0.26
-- in one call lion 0.86  tiger 0.30  zebra 0.24
local engram = require "engram"

local names = { [0] = "lion", "tiger", "zebra", "boat" }
local bank = engram.bank.new(3)
bank:add(engram.matrix { { 1, 0.2, 0 }, { 0.9, 0.5, 0 }, { 0.2, 0.9, 0.1 }, { 0, 0, 1 } })
local graph = engram.graph.new { { 0, 1, 0.7 }, { 0, 2, 0.4 }, { 1, 2, 0.2 }, { 3, 3, 0.1 } }
local ages_s = { 3600, 86400, 3600, 60 } -- by slot: since each was last recalled
local cue = engram.vec { 1, 0.1, 0 }
local law = { half_life_s = 86400 }

local function show(title, hits)
  local words = {}
  for i = 1, #hits do words[i] = ("%s %.2f"):format(names[hits:id(i)], hits:score(i)) end
  print(("%-11s %s"):format(title, table.concat(words, "  ")))
end

-- By hand: the most similar are seeds, what they activate is added to what is similar, time takes
-- its share.
local similar = bank:search(cue, 4):filter(function(_, score) return score > 0 end)
local active = graph:frontier(similar:copy():top(1), { hops = 2, step = 0.5 })
local hits = similar:merge(active):decay { ages_s = ages_s, half_life_s = law.half_life_s }
for i = 0, #hits - 1 do hits.hit[i].score = hits.hit[i].score / 2 end
show("by hand", hits:top(3))

local memory = engram.recall.new { bank = bank, graph = graph, law = law }
for slot, age in ipairs(ages_s) do memory.last_recall[slot - 1] = -age end
show("in one call", memory:recall { vector = cue, hops = 2, step = 0.5, seeds = 1, k = 3 })
