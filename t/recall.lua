-- recall.lua: recall in one call is what its stages give by hand.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local C = require "engram.ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, ids_are = tap.ok, tap.is, tap.near, support.refuses, support.ids_are
local M = engram.math

collectgarbage("setpause", 100) -- the collector is never at rest while objects come and go

-- ---- a small world: 40 memories of 8 dimensions, each linked to three others, of different ages

local N, DIM, NOW, TAU_S = 40, 8, 1e6, 86400
local rng = engram.rng(2024)
local bank, builder = engram.bank.new(DIM), engram.graph.builder()
bank:add(rng:fill_normal(engram.matrix(N, DIM)))
for i = 0, N - 1 do
  for _ = 1, 3 do builder:edge(i, rng:below(N), 0.2 + 0.6 * rng:uniform()) end
end
local graph = builder:freeze()
local recall = engram.recall.new { bank = bank, graph = graph, law = { tau_s = TAU_S } }
for slot = 0, N - 1 do
  recall.strength[slot] = 0.3 + 0.7 * rng:uniform()
  recall.confidence[slot] = rng:uniform()
  recall.last_recall[slot] = NOW - 3 * TAU_S * rng:uniform()
end
local cue = rng:fill_normal(engram.vec(DIM))

-- ---- by hand: search -> seeds -> frontier -> decay -> score

local THRESHOLD, TEMPERATURE, HOPS, STEP = 0.4, 0.5, 2, M.exp(-0.7)

local function by_slot(run)
  local list = {}
  for i = 1, #run do list[run:id(i)] = run:score(i) end
  return list
end

local function by_hand(a)
  local alike = bank:search(cue, N)
  local seeds = {}
  for i = 1, #alike do
    local similarity = ffi.new("float[1]", alike:score(i))
    if alike:score(i) >= ffi.new("float[1]", THRESHOLD)[0] then
      C.engram_sigmoid_f32(similarity, THRESHOLD, TEMPERATURE, 1, similarity)
      seeds[#seeds + 1] = { alike:id(i), similarity[0] }
    end
  end
  local active = graph:frontier(engram.hits(seeds), { hops = HOPS, step = STEP, threshold = 0.01 })
  local strengths, ages = engram.vec(N), {}
  for slot = 0, N - 1 do strengths[slot + 1], ages[slot + 1] = recall.strength[slot],
    NOW - recall.last_recall[slot] end
  local retention = engram.decay(strengths, ages, { tau_s = TAU_S })
  local similarities, activations, scored = by_slot(alike), by_slot(active), {}
  for slot = 0, N - 1 do
    local relevance = a * math.max(similarities[slot], 0) + (1 - a) * (activations[slot] or 0)
    local score = relevance * retention[slot + 1] * recall.confidence[slot]
    if score > 0 then scored[#scored + 1] = { slot, score } end
  end
  return engram.hits(scored), #seeds
end

local function same_runs(got, expected, k)
  local same = #got == math.min(k, #expected)
  for i = 1, #got do same = same and got:id(i) == expected:id(i)
    and got:score(i) == expected:score(i) end
  return same
end

local options = { vector = cue, now = NOW, k = 10, hops = HOPS, step = STEP, threshold = 0.01 }
local expected, seed_count = by_hand(0.5)
ok(seed_count >= 2 and #expected > 15, "the cue has seeds, and activation spreads beyond them")
local run = recall:recall(options)
ok(same_runs(run, expected, 10),
  "one call gives the bits of search, frontier, decay and score by hand")
options.k = N
ok(same_runs(recall:recall(options), expected, N), "whatever k is")
options.relevance = 0.25
ok(same_runs(recall:recall(options), by_hand(0.25), N),
  "and however similarity and activation are weighed")
options.relevance = nil

-- ---- the parts of a score

local hit = run[1]
local relevance = 0.5 * math.max(hit.similarity, 0) + 0.5 * hit.activation
near(hit.score, relevance * hit.retention * hit.confidence * hit.recency, 1e-15,
  "a score is made of the parts that come with it")
is(hit.recency, 1, "recency is 1 unless it is asked for")
is(hit.confidence, recall.confidence[hit.id], "confidence is the memory's")
local boosted = recall:recall { vector = cue, now = NOW, k = N, recency_boost = 2,
  recency_window_s = TAU_S }
local recent, old = 0, 0
for i = 1, #boosted do
  local age = NOW - recall.last_recall[boosted:id(i)]
  if age < TAU_S then
    recent = recent + 1
    if math.abs(boosted[i].recency - (2 - age / TAU_S)) > 1e-6 then recent = -math.huge end
  elseif boosted[i].recency == 1 then
    old = old + 1
  end
end
ok(recent > 0 and old > 0 and recent + old == #boosted,
  "a boost lifts what was recalled inside the window")

-- ---- other cues and options

local plain = engram.recall.new { bank = bank }
local alone = plain:recall { vector = cue, k = 5 }
ok(same_runs(alone, bank:search(cue, 5), 5), "without graph, law and strengths recall is search")
is(alone[1].retention, 1, "without a law nothing fades")
ids_are(plain:recall { vector = cue, k = 3, filter = function(id) return id ~= alone:id(1) end },
  { alone:id(2), alone:id(3), alone:id(4) }, "a filter keeps ids out")
recall.strength[alone:id(1)] = 0
local forgotten = true
local all = recall:recall { vector = cue, now = NOW, k = N }
for i = 1, #all do forgotten = forgotten and all:id(i) ~= alone:id(1) end
ok(forgotten, "what is forgotten is not recalled, whatever it resembles")
local sure = recall:recall { vector = cue, now = NOW, k = N, min_confidence = 0.5 }
local least = 1
for i = 1, #sure do least = math.min(least, sure[i].confidence) end
ok(#sure > 0 and #sure < #all and least >= 0.5, "min_confidence keeps doubtful memories out")
ok(#recall:recall { vector = cue, hops = 1, k = N, now = NOW, seeds = 1 }
  < #recall:recall { vector = cue, hops = 1, k = N, now = NOW },
    "seeds bounds how many the vector finds")

local chain = engram.recall.new { graph = engram.graph.new { { 0, 1, 0.5 }, { 1, 2, 0.5 } } }
run = chain:recall { ids = { 0 }, hops = 2 }
ids_are(run, { 0, 1, 2 }, "memories may be the cue, without a vector")
is(run:score(2), 0.5, "their score is then their activation")
is(chain:recall({ ids = { 0 }, values = { 0.5 }, hops = 2 }):score(2), 0.25, "a cue may be weak")
ids_are(chain:recall { ids = { 0 } }, { 0 }, "without hops nothing spreads")
ids_are(engram.recall.new({ slots = 3 }):recall { ids = { 2 } }, { 2 },
  "there need not even be a graph")

-- ---- steady states

local reused = engram.hits {}
for _ = 1, 3 do
  ok(recall:recall { vector = cue, now = NOW, into = reused } == reused and #reused == 10
    and reused[1].retention,
    "into gives the same hits back, with parts")
  collectgarbage()
end
local steady = true
for i = 1, 200 do
  local vector = {}
  for j = 1, DIM do vector[j] = cue[j] end
  local again = recall:recall { vector = vector, ids = { i % N }, values = { 0.5 }, now = NOW,
    hops = HOPS, step = STEP,
    threshold = { 0.01, 0.02 }, gain = { [1] = -1 }, filter = function(id) return id >= 0 end }
  steady = steady and #again == 10
end
ok(steady, "many recalls with tables of their own survive the collector")

-- ---- what is told of a recall, and for eyes

local two = recall:recall { vector = cue, now = NOW, k = 5, hops = 2, step = STEP }
ok(two.complete == true and two.relevance == 0.5 and two.confidence_from == "stored"
  and two.edges > 0, "hits tell how they came about")
local copy = two:copy()
ok(copy.relevance == 0.5 and copy.edges == two.edges, "so does a copy")
local lines = {}
for line in tostring(two):gmatch "[^\n]+" do lines[#lines + 1] = line end
ok(#lines == 7
  and lines[2]:find "id +score +similarity +activation +retention +confidence +recency",
  "parts are printed as a table")
ok(lines[3]:find(("^  %d +%.6g"):format(two:id(1), two:score(1))), "a line for each memory")

-- ---- confidence

local by = {}
for _, from in ipairs { "stored", "boost", "paths" } do
  local r = recall:recall { vector = cue, now = NOW, k = N, hops = 2, confidence = from }
  is(r.confidence_from, from, "confidence may be " .. from)
  by[from] = {}
  for i = 1, #r do by[from][r:id(i)] = r[i].confidence end
end
local lifted, other = 0, 0
for id, confidence in pairs(by.boost) do
  if confidence > by.stored[id] then lifted = lifted + 1 end
  if by.paths[id] and by.paths[id] ~= by.stored[id] then other = other + 1 end
end
ok(lifted > 0 and other > 0, "seeds are trusted more by a boost, all are judged anew by paths")
is(recall:recall({ vector = cue, now = NOW, confidence = "paths" }).confidence_from, "stored",
  "without spreading it is the stored one")

-- ---- budgets

local whole = recall:recall { vector = cue, now = NOW, k = N, hops = 3 }
local part = recall:recall { vector = cue, now = NOW, k = N, hops = 3, budget = { edges = 5 } }
ok(not part.complete and part.edges <= 5 and part.edges > 0, "a budget stops a recall")
recall:recall { vector = cue, now = NOW, hops = 1 } -- another one in between
local rounds = 0
while not part.complete do
  ok(recall:recall { resume = part, budget = { edges = 20 } } == part, "a later call resumes it")
  rounds = rounds + 1
end
ok(rounds > 1 and same_runs(part, whole, N) and part.edges == whole.edges,
  "to the very bits of a recall in one piece")
part = recall:recall { vector = cue, now = NOW, k = N, hops = 3, budget = { edges = 5 },
  into = part }
ok(not part.complete and same_runs(recall:recall { resume = part }, whole, N),
  "without a budget it goes on to the end")
for name, list in pairs { budget = { 3, {}, { edges = 0 }, { edges = 0.5 } },
  confidence = { 1, "x" }, form = { "f64", 1 }, explain = { 1, "x" }, candidates = { -1, 0.5 },
  rerank = { -1 }, fan = { "x" }, vectors = { 3, cue, engram.matrix(2, 3) } } do
  for _, value in ipairs(list) do
    refuses(function() recall:recall { vector = cue, hops = 1, [name] = value } end,
      ("bad argument '%s' to 'recall:recall' ("):format(name), ("recall checks %s"):format(name))
  end
end
for _, value in ipairs { 3, whole, engram.hits {} } do
  refuses(function() recall:recall { resume = value } end,
    "bad argument 'resume' to 'recall:recall' (hits of a recall with a budget expected, got ",
    "only what had a budget is resumed")
end

-- ---- smaller forms, many cues

bank:index "sign"
local exact = recall:recall { vector = cue, now = NOW, k = 5, hops = 2 }
local by_sign = recall:recall { vector = cue, now = NOW, k = 5, hops = 2, form = "sign",
  candidates = N, rerank = N }
ok(same_runs(by_sign, exact, 5), "by signs, with enough candidates, the same comes")
refuses(function() recall:recall { vector = cue, form = "int8" } end,
  "options->form is 3, a form the bank does not have", "a form is there before it is scanned")
local cues = rng:fill_normal(engram.matrix(20, DIM))
local many = recall:recall { vectors = cues, now = NOW, k = 7, hops = 2 }
local alike_all = #many == 20
for i = 1, 20 do
  local single = recall:recall { vector = cues:row(i), now = NOW, k = 7, hops = 2 }
  alike_all = alike_all and same_runs(many[i], single, 7) and many[i].edges == single.edges
    and many[i][1].retention == single[1].retention
end
ok(alike_all, "many cues at once get the bits of each alone")
refuses(function() recall:recall { vectors = cues, ids = { 0 } } end,
  "bad argument 'ids' to 'recall:recall' (nothing, beside vectors expected", "they come alone")

-- ---- explanations

local why = recall:recall { vector = cue, now = NOW, k = N, hops = 3, fan = "actr",
  fan_strength = 2, explain = true }
local adds_up, steps = true, 0
for i = 1, #why do
  local h, sum = why[i], 0
  for j, source in ipairs(h.sources) do
    sum = sum + source.share
    steps = math.max(steps, #source.path)
    adds_up = adds_up and source.path[1] == source.id and source.path[#source.path] == h.id
      and (j == 1 or source.share <= h.sources[j - 1].share)
  end
  adds_up = adds_up and ffi.new("float[1]", sum)[0] == h.activation
    and h.score == C.engram_score(why.parts + i - 1, why.relevance)
end
ok(adds_up and steps > 2, "the shares of the sources are the activation, bit for bit")
is(why:copy()[1].sources, why[1].sources, "a copy keeps them")
is(recall:recall({ vector = cue, now = NOW, into = why })[1].sources, nil,
  "the next recall into the same hits does not")
refuses(function() recall:recall { resume = part, explain = true } end,
  "bad argument 'explain' to 'recall:recall' (resume and budget alone expected, got boolean true)",
  "what is resumed is not explained")

-- ---- no garbage

local kinds = {
  { vector = cue, now = NOW, k = 5 },
  { vector = cue, now = NOW, k = 5, hops = 2, step = { 0.9, 0.8 }, threshold = 0.01,
    gain = { [1] = -0.5 }, confidence = "boost" },
  { ids = { 1, 2, 3 }, values = { 1, 0.5, 0.25 }, now = NOW, k = 5, hops = 2, fan = "actr",
    fan_strength = 1.5 },
  { vector = { 1, 2, 3, 4, 5, 6, 7, 8 }, now = NOW, k = 5, form = "sign" },
  { vector = cue, now = NOW, k = 5, hops = 2, budget = { edges = 4 } },
}
for _, o in ipairs(kinds) do o.into = engram.hits {} end

local function recall_often(n)
  for i = 1, n do recall:recall(kinds[i % #kinds + 1]) end
end

for _, mode in ipairs { "on", "off" } do
  jit[mode]()
  recall_often(2000)
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  recall_often(100000)
  local grown = collectgarbage "count" - before
  collectgarbage "restart"
  ok(grown < 64, ("100,000 recalls make no garbage with the compiler %s (%.1f KB)")
    :format(mode, grown))
end
jit.on()

-- ---- ids and generations

bank:remove(5)
local id = bank:add(cue)
is(id, 5 + 4294967296, "a slot that is used again has an id of the next generation")
recall.strength[5], recall.confidence[5], recall.last_recall[5] = 1, 1, NOW
is(recall:recall({ vector = cue, now = NOW }):id(1), id, "recall gives whole ids")
refuses(function() recall:recall { ids = { 5 } } end, "cue->seed_ids[0], 5, is not a memory",
  "the bare slot is refused as a cue when it is used again")
is(recall:recall({ ids = { id }, now = NOW }):id(1), id, "the whole id is taken")

-- ---- for eyes

is(tostring(recall), "recall over 40 slots, " .. tostring(bank) .. ", " .. tostring(graph),
  "recall shows what it is over")
is(tostring(engram.recall.new { slots = 3 }), "recall over 3 slots", "or just its slots")

-- ---- misuse

refuses(function() engram.recall.new { bank = 3 } end,
  "bad argument 'bank' to 'recall.new' (a bank expected, got number 3)",
  "bank is a bank")
refuses(function() engram.recall.new { graph = bank } end,
  "bad argument 'graph' to 'recall.new' (a graph expected, got bank 40 rows x 8",
    "graph is a graph")
refuses(function() engram.recall.new { bank = bank, slots = 3 } end,
  "bad argument 'slots' to 'recall.new' (a count of at least 40 expected, got number 3)",
    "there are slots for all")
refuses(function() engram.recall.new { law = { tau = 1 } } end,
  "unknown option 'tau' to 'recall.new' (known: beta, c, curve, half_life_s, k, recalls, "
  .. "tau_s, unit_s, weight)",
  "a law knows its parameters")
refuses(function() engram.recall.new { law = { tau_s = 1, beta = 1 } } end,
  "bad options to 'recall.new' (one of tau_s, half_life_s, or unit_s with beta expected)",
  "a law is one of three")

-- Arrays that a script puts in place of ours.
local own = engram.recall.new { bank = bank }
own.strength = ffi.new("float[?]", bank:slots())
own.strength[0] = 0.25
collectgarbage()
local replaced = own:recall { vector = bank:row(0), k = 3 }
ok(#replaced == 1 and replaced:id(1) == 0 and replaced[1].retention == 0.25,
  "an array that replaces one of ours is the one that counts")
own.strength = ffi.new("float[?]", 2)
refuses(function() own:recall { vector = bank:row(0) } end,
  "bad argument 'strength' to 'recall:recall' (an array of 40 floats expected",
  "one that is too short is refused")
local grown = engram.bank.new(1)
grown:add { 1 }
refuses(function()
  grown:search({ 1 }, 3, { filter = function() grown:add { 2 }; return true end })
end, "bad argument 'filter' to 'bank:search' (it changed the bank)", "a filter that adds rows is refused")
local doomed = engram.bank.new(1)
doomed:add { 1 }
refuses(function() doomed:search({ 1 }, 1, { filter = function() doomed:free(); return true end }) end,
  "bank:search: this bank is closed", "and one that frees the bank")
refuses(function() engram.recall.new { decay = 1 } end,
  "unknown option 'decay' to 'recall.new' (known: bank, graph, law, slots)",
    "new lists its options")
refuses(function() recall:recall {} end,
  "bad argument #1 to 'recall:recall' (a cue: vector, ids, or both expected, got nil)",
  "recall wants a cue")
refuses(function() recall:recall(cue) end,
  "bad options to 'recall:recall' (a table expected, got vec 8 [",
  "a cue is named")
refuses(function() recall:recall { vector = { 1, 2 } } end,
  "bad argument 'vector' to 'recall:recall' (a vec of length 8 expected, got vec 2 [1 2])",
  "a vector has the bank's length")
refuses(function() chain:recall { vector = { 1 } } end,
  "bad argument 'vector' to 'recall:recall' (a recall with a bank for it expected, got table)",
    "a vector wants a bank")
refuses(function() chain:recall { ids = { 0 }, filter = print } end,
  "bad argument 'filter' to 'recall:recall' (a recall with a bank expected, got function)",
    "a filter wants a bank")
refuses(function() recall:recall { ids = 0 } end,
  "bad argument 'ids' to 'recall:recall' (a list of ids expected, got number 0)",
  "ids are a list")
refuses(function() recall:recall { ids = { id = 0 } } end, "(a list of ids expected, got table)",
  "not a table with names")
refuses(function() recall:recall { ids = { 0 }, values = { 1, 0.5 } } end,
  "bad argument 'values' to 'recall:recall' (a number for each of 1 ids expected, got table)",
  "values are as many")
refuses(function() recall:recall { vector = cue, values = { 1 } } end,
  "bad argument 'values' to 'recall:recall' (ids with them expected", "and of ids")
refuses(function() recall:recall { ids = { 0, "x" } } end,
  [[bad argument 'ids' to 'recall:recall' (an id at 2 expected, got string "x")]],
    "a bad id is named by its place")
refuses(function() recall:recall { ids = { 0 }, values = { "x" } } end,
  [[bad argument 'values' to 'recall:recall' (a number at 1 expected, got string "x")]],
    "so is a bad value")
refuses(function() recall:recall { ids = { 99 } } end,
  "engram_recall_begin: cue->seed_ids[0], 99, is not a memory",
  "an id is a memory's")
for name, value in pairs { k = 0, hops = -1, seeds = 0.5, now = 0 / 0, relevance = "x",
  into = 3 } do
  refuses(function() recall:recall { ids = { 0 }, [name] = value } end,
    ("bad argument '%s' to 'recall:recall' ("):format(name),
    ("recall checks %s"):format(name))
end
refuses(function() recall:recall { ids = { 0 }, relevance = 2 } end,
  "options->relevance is 2, expected 0 .. 1",
  "a weight is in 0 .. 1")
refuses(function() recall:recall { ids = { 0 }, limit = 3 } end,
  "unknown option 'limit' to 'recall:recall' (known: accumulate, ",
  "recall lists its options")
refuses(function() recall.recall { ids = { 0 } } end, "call it as recall:recall(...), with a colon",
  "recall without its object asks for a colon")
bank:free()
refuses(function() recall:recall { vector = cue } end, "this bank is closed",
  "a recall over a closed bank says so")

support.done()
