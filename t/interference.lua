-- interference.lua: what similar memories cost, and the fan effect against published times.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local interference = engram.interference
local actr = interference.actr
local HOUR = 3600

-- ---- similar memories

-- n items of one similarity, created from `first` on in steps.
local function items(n, similarity, first, step)
  local list = {}
  for i = 0, n - 1 do
    list[i + 1] = { id = i, created = first + i * step, similarity = similarity }
  end
  return list
end

local target = { id = 99, created = 100 * HOUR }
local loss, count = interference.proactive(target, items(3, 0.8, 95 * HOUR, HOUR))
is(count, 3, "three similar memories of the hours before")
near(0.9 * (1 - loss), 0.765, 1e-15, "leave 0.765 of 0.9")
is(interference.proactive(target, items(20, 0.8, 99 * HOUR, 60)), 0.3, "more cost 0.3 at most")
is(interference.proactive(target, items(3, 0.8, 94 * HOUR, 1)), 3 * 0.05, "six hours belong to it")
is(interference.proactive(target, items(3, 0.8, 94 * HOUR - 3, 1)), 0, "what is older does not")
is(interference.proactive(target, items(3, 0.7, 99 * HOUR, 1)), 3 * 0.05, "nor does less than 0.7")
is(interference.proactive(target, items(3, 0.69, 99 * HOUR, 1)), 0, "similarity")
is(interference.proactive(target, items(3, 0.9, 100 * HOUR, 1)), 0, "what came later, or with it")
is(interference.proactive(target, { { id = 99, created = 99 * HOUR, similarity = 1 } }), 0,
  "and the memory itself")
is(interference.proactive(target, {}), 0, "nothing costs nothing")
is(interference.proactive(target, items(4, 0.5, 98 * HOUR, 1), { window_s = 2 * HOUR,
  similarity = 0.4, each = 0.1, most = 0.35 }), 0.35, "the rule can be another one")

local now = 110 * HOUR
loss, count = interference.retroactive(target, items(4, 0.8, 101 * HOUR, HOUR), now)
is(count, 4, "four similar memories that came since")
near(loss, 0.15, 1e-15, "at 0.8 cost 0.15")
is(interference.retroactive(target, items(40, 0.9, 101 * HOUR, 60), now), 0.25, "0.25 at most")
near(interference.retroactive(target, items(1, 1, 101 * HOUR, 1), now), 0.15, 1e-15,
  "one that is equal costs 0.15")
is(interference.retroactive(target, items(4, 0.59, 101 * HOUR, 1), now), 0, "0.6 is the least")
is(interference.retroactive(target, items(4, 0.8, 99 * HOUR, 60), now), 0,
  "what came before does not count")
is(interference.retroactive(target, items(4, 0.8, now + 1, 60), now), 0, "nor what is yet to come")
near(interference.retroactive(target, items(1, 1, now, 1), now), 0.15, 1e-15, "what comes now does")
is(select(2, interference.retroactive(target, {}, now)), 0, "of none there are none")
local widest = { window_s = 0, similarity = -1, each = 0, most = 0 }
ok(interference.proactive(target, {}, widest) == 0
  and interference.retroactive(target, {}, now, widest) == 0, "all may be 0")
near(interference.retroactive(target, items(4, 0.8, 101 * HOUR, 1), 124 * HOUR), 0.15, 1e-15,
  "a memory of a day")
is(interference.retroactive(target, items(4, 0.8, 101 * HOUR, 1), 124 * HOUR + 1), 0,
  "older ones are safe")
near(interference.retroactive(target, items(4, 0.75, 101 * HOUR, 1), now, { similarity = 0.5,
  each = 0.1, most = 0.9, window_s = 11 * HOUR }), 0.1, 1e-15, "this rule can be another one too")

local like = engram.vec { 1, 0 }
local mine = { created = 10, vector = like }
loss, count = interference.proactive(mine, { { created = 5, vector = engram.vec { 2, 0.1 } },
  { created = 6, vector = engram.vec { 0, 1 } }, { created = 7, vector = engram.vec { 3, 2 } } })
ok(loss == 0.1 and count == 2, "items may have vectors, which are compared")
local bank = engram.bank.new(2)
local created = { [0] = 5, 6, 7 }
for _, row in ipairs { { 2, 0.1 }, { 0, 1 }, { 3, 2 } } do bank:add(row) end
local found = {}
for i, hit in ipairs(bank:search(like, 3):table()) do
  found[i] = { id = hit.id, created = created[hit.id], similarity = hit.score }
end
is(interference.proactive(mine, found), loss, "or come from a search in a bank")

local seed = 20261123
tap.note("seed " .. seed)
local r = engram.rng(seed)
local inside, grows = true, true
for _ = 1, 300 do
  local list = {}
  local before, since = 0, 0
  for i = 1, 12 do
    list[i] = { id = i, created = (90 + 20 * r:uniform()) * HOUR, similarity = 2 * r:uniform() - 1 }
    local p = interference.proactive(target, list)
    local q = interference.retroactive(target, list, now)
    inside = inside and p >= 0 and p <= 0.3 and q >= 0 and q <= 0.25
    grows = grows and p >= before
    before, since = p, q
  end
  local more = {}
  for i = 1, 12 do
    more[i] = { id = i, created = list[i].created, similarity = (1 + list[i].similarity) / 2 }
  end
  local _, fewer = interference.retroactive(target, list, now)
  local _, all = interference.retroactive(target, more, now)
  grows = grows and all >= fewer and since >= 0
end
ok(inside, "no loss leaves its range")
ok(grows, "another memory never lessens the loss, and what is more similar counts rather")

-- ---- fan

near(interference.fan_s(1), 1.15, 1e-15, "a single fact takes 1150 ms")
near(interference.fan_s(3), 1.29, 1e-15, "one of three 1290 ms")
near(interference.fan_s(15, { base_s = 0.6, each_s = 0.08 }), 1.72, 1e-15,
  "another line is an option")

-- Anderson 1974 as modelled in unit 5 of the ACT-R tutorial: who is where.
local facts = { { "hippie", "park" }, { "hippie", "church" }, { "hippie", "bank" },
  { "captain", "park" }, { "captain", "cave" }, { "debutante", "bank" }, { "fireman", "park" },
  { "giant", "beach" }, { "giant", "castle" }, { "giant", "dungeon" }, { "earl", "castle" },
  { "earl", "forest" }, { "lawyer", "store" } }
-- By fan of the place and of the person, what was said to be learnt, and what was not.
local targets = { { "lawyer", "store" }, { "captain", "cave" }, { "hippie", "church" },
  { "debutante", "bank" }, { "earl", "castle" }, { "hippie", "bank" }, { "fireman", "park" },
  { "captain", "park" }, { "hippie", "park" } }
local foils = { { "fireman", "store" }, { "captain", "store" }, { "giant", "store" },
  { "fireman", "castle" }, { "captain", "castle" }, { "giant", "bank" }, { "lawyer", "park" },
  { "earl", "park" }, { "giant", "park" } }
-- Seconds that people took, as the tutorial rounds them: targets, then foils.
local people = { 1.11, 1.17, 1.22, 1.17, 1.20, 1.22, 1.15, 1.23, 1.36,
  1.20, 1.22, 1.26, 1.25, 1.36, 1.29, 1.26, 1.47, 1.47 }
local published = { 1.099, 1.157, 1.205, 1.157, 1.227, 1.286, 1.205, 1.286, 1.354,
  1.245, 1.290, 1.328, 1.290, 1.335, 1.373, 1.328, 1.373, 1.411 }

local function times(source)
  local list, right = {}, true
  for i = 1, 18 do
    local known
    list[i], known = actr.recognition_s(source, targets[i] or foils[i - 9])
    right = right and known == (i <= 9)
  end
  return list, right
end
local model, right = times(facts)
ok(right, "the model knows what it learnt and nothing else")
for i = 1, 18 do
  is(("%.3f"):format(model[i]), ("%.3f"):format(published[i]),
    ("%s, place of fan %d, person of fan %d: as published"):format(i <= 9 and "target" or "foil",
      math.ceil(i / 3 - 1) % 3 + 1, (i - 1) % 3 + 1))
end

-- Pearson's correlation and the root of the mean squared difference.
local function agreement(x, y)
  local n, sx, sy, sxx, syy, sxy, squares = #x, 0, 0, 0, 0, 0, 0
  for i = 1, n do
    sx, sy = sx + x[i], sy + y[i]
    squares = squares + (x[i] - y[i]) ^ 2
  end
  for i = 1, n do
    local a, b = x[i] - sx / n, y[i] - sy / n
    sxx, syy, sxy = sxx + a * a, syy + b * b, sxy + a * b
  end
  return sxy / math.sqrt(sxx * syy), math.sqrt(squares / n)
end
local correlation, deviation = agreement(model, people)
near(correlation, 0.864033, 5e-7, "it agrees with people by r = 0.864033")
near(deviation, 0.052785, 5e-7, "and an RMSD of 0.052785 s")

near(actr.association(4), 0.21370566, 3e-8, "from hippie, in three facts")
near(actr.association(3), 0.5013877, 5e-8, "from bank, in two")
near(actr.activation { actr.association(4), actr.association(3) }, 0.3575467, 5e-8,
  "hippie and bank activate their fact")
local single = actr.activation { actr.association(2), actr.association(2) }
near(single, 0.90685284, 3e-8, "lawyer and store theirs")
near(actr.retrieval_s(0.907), 0.25435218, 1e-8,
  "which takes a quarter of a second (published for an activation of 0.907)")
is(actr.association(1, 2), 2, "the strength is an option")
near(actr.activation({ 1, 2 }, { base = 0.5, weight = 2 }), 3.5, 1e-15, "so are base and weight")
near(actr.activation({ 1 }, { sources = 2 }), 0.5, 1e-15, "and how many share the weight")
is(actr.activation {}, 0, "where nothing is active, the base is")
is(actr.retrieval_s(0, 2), 2, "the latency factor is one")

-- A memory of these facts, each linked from its concepts, recalls one of them by both concepts, 1/2
-- each, with the activation of the formula.
local memory, concepts = engram.memory.new { dim = 1 }, {}
local learnt, formula, by_recall, leaving = {}, {}, {}, {}
for i, fact in ipairs(facts) do
  learnt[i] = memory:remember { class = 1 }
  for _, concept in ipairs(fact) do
    concepts[concept] = concepts[concept] or memory:remember {}
    leaving[concept] = (leaving[concept] or 1) + 1
    memory:link(concepts[concept], learnt[i])
  end
end
for i, fact in ipairs(facts) do
  local recalled = memory:recall { ids = { concepts[fact[1]], concepts[fact[2]] },
    values = { 0.5, 0.5 }, hops = 1, fan = "actr", fan_strength = 1.6, filter = { class = 1 },
    record = false }
  for _, hit in ipairs(recalled:table()) do
    if hit.id == learnt[i] then by_recall[i] = hit.activation end
  end
  formula[i] = actr.activation { actr.association(leaving[fact[1]]),
    actr.association(leaving[fact[2]]) }
end
near_all(by_recall, formula, 1e-7, "a recall with that fan computes these activations")

-- The same as a graph.
local edges, named = {}, {}
for i, fact in ipairs(facts) do
  for _, concept in ipairs(fact) do edges[#edges + 1] = { concept, "fact " .. i } end
end
for i = 1, 18 do named[i] = times(engram.graph.new(edges))[i] end
near_all(named, model, 0, "a graph of concepts and facts gives the same times")
edges[#edges + 1] = { "hippie", "fact 1" }
near_all(times(engram.graph.new(edges)), model, 0, "also with an edge that stands there twice")
local numbers = engram.graph.new { { 0, 2 }, { 1, 2 } }
is(select(2, actr.recognition_s(numbers, { 0, 1 })), true, "its nodes may be ids")

near(actr.recognition_s({ { "a", "b" } }, { "a", "b" }, { strength = 2, base = 0.5, weight = 2,
  factor = 1, encoding_s = 0, response_s = 1 }), 1 + math.exp(-(0.5 + 2 * (2 - math.log(2)))),
  1e-15, "every number of the model is an option")
local unknown, known = actr.recognition_s(facts, { "nobody", "store" })
ok(not known, "what nobody learnt about is not known")
near(unknown, 0.585 + 0.26 + 0.63 * (1 + math.exp(-(1.6 - math.log(2)) / 2)) / 2, 1e-15,
  "a concept in no fact activates none")
is(select(2, actr.recognition_s(engram.graph.new(edges), { "nobody", "store" })), false,
  "nor one that is not in the graph")

local slower = true
for fan = 1, 50 do
  slower = slower and actr.association(fan + 1) < actr.association(fan)
    and interference.fan_s(fan + 1) > interference.fan_s(fan)
  local more = {}
  for i = 1, fan do more[i] = { "a", i } end
  local before = actr.recognition_s(more, { "a", 1 })
  more[fan + 1] = { "a", "b" }
  slower = slower and actr.recognition_s(more, { "a", 1 }) > before
end
ok(slower, "every further fact about a thing slows the others")

-- ---- misuse

refuses(function() interference.proactive({}, {}) end,
  "bad argument #1 to 'interference.proactive' (a memory with its time in created expected, got table)",
  "a memory has its time")
refuses(function() interference.proactive(target, { 1 }) end,
  "bad argument #2 to 'interference.proactive' (a memory with its time in created expected, got number 1)",
  "and so have the others")
refuses(function() interference.proactive(target, 1) end,
  "bad argument #2 to 'interference.proactive' (a table of memories expected, got number 1)",
  "which are a list")
refuses(function() interference.proactive(target, { { created = 99 * HOUR } }) end,
  "bad argument 'vector' to 'interference.proactive' (a vec expected, got nil)",
  "they have a vector or a similarity")
refuses(function() interference.proactive(target, { { created = 99 * HOUR, vector = like } }) end,
  "bad argument 'vector' to 'interference.proactive' (a vec expected, got ",
  "and so has what they are compared with")
refuses(function() interference.proactive(target, items(1, 3, 99 * HOUR, 1)) end,
  "bad argument 'similarity' to 'interference.proactive' (a number in -1 .. 1 expected, got number 3)",
  "which is a cosine")
refuses(function() interference.proactive(target, {}, { cap = 1 }) end,
  "unknown option 'cap' to 'interference.proactive' (known: each, most, similarity, window_s)",
  "options are known")
for name, value in pairs { window_s = -1, similarity = 2, each = -1, most = 2 } do
  refuses(function() interference.proactive(target, {}, { [name] = value }) end,
    ("bad argument '%s' to 'interference.proactive' (a number "):format(name),
    ("%s of proactive interference has a range"):format(name))
  refuses(function() interference.retroactive(target, {}, now, { [name] = value }) end,
    ("bad argument '%s' to 'interference.retroactive' (a number "):format(name),
    ("%s of retroactive interference has one"):format(name))
end
refuses(function() interference.retroactive(target, {}, now, { cap = 1 }) end,
  "unknown option 'cap' to 'interference.retroactive' (known: each, most, similarity, window_s)",
  "options of both are known")
refuses(function() interference.retroactive(target, {}) end,
  "bad argument #3 to 'interference.retroactive' (a time expected, got nil)", "now is given")
refuses(function() interference.fan_s(0) end,
  "bad argument #1 to 'interference.fan_s' (a number >= 1 expected, got number 0)",
  "a fan is 1 at least")
refuses(function() interference.fan_s(1, { base_s = -1 }) end,
  "bad argument 'base_s' to 'interference.fan_s' (a number >= 0 expected, got number -1)",
  "times are not negative")
refuses(function() interference.fan_s(1, { each_s = "x" }) end,
  [[bad argument 'each_s' to 'interference.fan_s' (a number >= 0 expected, got string "x")]],
  "and numbers")
refuses(function() interference.fan_s(1, { slope = 1 }) end,
  "unknown option 'slope' to 'interference.fan_s' (known: base_s, each_s)", "by their names")
refuses(function() actr.association(0.5) end,
  "bad argument #1 to 'actr.association' (a number >= 1 expected, got number 0.5)",
  "a concept is in its own fan")
refuses(function() actr.association(2, -1) end,
  "bad argument #2 to 'actr.association' (a number >= 0 expected, got number -1)",
  "strength is not negative")
refuses(function() actr.activation(1) end,
  "bad argument #1 to 'actr.activation' (a table of associations expected, got number 1)",
  "associations are a list")
refuses(function() actr.activation { "x" } end,
  [[bad argument #1 to 'actr.activation' (a number at 1 expected, got string "x")]], "of numbers")
refuses(function() actr.activation({ 1, 1 }, { sources = 1 }) end,
  "bad argument 'sources' to 'actr.activation' (a count of at least 2 expected, got number 1)",
  "each from a source")
refuses(function() actr.activation({}, { base = 0 / 0 }) end,
  "bad argument 'base' to 'actr.activation' (a number expected, got number nan)", "base is a number")
refuses(function() actr.activation({}, { weight = -1 }) end,
  "bad argument 'weight' to 'actr.activation' (a number >= 0 expected, got number -1)",
  "weight is not negative")
refuses(function() actr.activation({}, { w = 1 }) end,
  "unknown option 'w' to 'actr.activation' (known: base, sources, weight)", "and has its name")
refuses(function() actr.retrieval_s() end,
  "bad argument #1 to 'actr.retrieval_s' (a number expected, got nil)", "an activation is a number")
refuses(function() actr.retrieval_s(1, -1) end,
  "bad argument #2 to 'actr.retrieval_s' (a number >= 0 expected, got number -1)",
  "a latency is not negative")
refuses(function() actr.recognition_s(1, { "a" }) end,
  "bad argument #1 to 'actr.recognition_s' (a graph or a table of facts expected, got number 1)",
  "facts are a graph or a list")
refuses(function() actr.recognition_s(facts, {}) end,
  "bad argument #2 to 'actr.recognition_s' (a table of concepts expected, got table)",
  "a probe has concepts")
refuses(function() actr.recognition_s(facts, { "lawyer" }, { noise = 1 }) end,
  "unknown option 'noise' to 'actr.recognition_s' "
    .. "(known: base, encoding_s, factor, response_s, strength, weight)", "there is no noise")
for _, name in ipairs { "encoding_s", "response_s" } do
  refuses(function() actr.recognition_s(facts, { "lawyer" }, { [name] = -1 }) end,
    ("bad argument '%s' to 'actr.recognition_s' (a number >= 0 expected, got number -1)"):format(name),
    ("%s is not negative"):format(name))
end

support.done()
