-- completion.lua: wholes from parts, by the dense step and by CA3, and how far they are believed.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local completion, vec = engram.completion, engram.vec

local HOUR = 3600

local function first(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

-- A bank of random rows and the rows; length: of each, nil for any.
local function random_bank(seed, n, dim, length)
  local m, b = engram.matrix(n, dim), engram.bank.new(dim)
  engram.rng(seed):fill_normal(m)
  for i = 1, n do
    if length then m:row(i):normalize():scale(length) end
  end
  b:add(m)
  return b, m
end

-- ---- a third is enough

local found, risen, kept, sure = 0, -math.huge, true, true
for round, size in ipairs { { 64, 200 }, { 100, 500 }, { 300, 1000 } } do
  local dim, n = size[1], size[2]
  local b, m = random_bank(round, n, dim, 1)
  for q = 1, 20 do
    local part = m:row(q):copy()
    local known = first(math.ceil(dim / 3))
    for i = #known + 1, dim do part[i] = 0 / 0 end -- what is unknown may be anything
    local c = completion.complete(b, { vector = part, known = known })
    found = found + (c.id == q - 1 and c.cosine > 0.99 and 1 or 0)
    for i = 2, #c.energies do risen = math.max(risen, c.energies[i] - c.energies[i - 1]) end
    for _, i in ipairs(known) do kept = kept and c.vector[i] == m:row(q)[i] end
    sure = sure and c.accepted and c.converged and c.iterations == #c.energies - 1
  end
end
is(found, 60, "a third of a random pattern brings all of it back")
ok(kept, "the known components stay as they are, to the bit")
ok(risen <= 1e-4, "energy does not rise on the way")
ok(sure, "it settles, and is believed")

risen = -math.huge
local fallen, random = 0, engram.rng(77)
for _ = 1, 200 do
  local dim, n = 3 + random:below(40), 1 + random:below(60)
  local b = random_bank(random:below(1e6), n, dim) -- of any lengths
  local part, known = vec(dim), {}
  random:fill_normal(part)
  for i = 1, dim do
    if random:below(3) > 0 then known[#known + 1] = i end
  end
  if #known >= math.ceil(dim / 3) then
    local c = completion.complete(b, { vector = part, known = known, tolerance = 0,
      beta = 0.1 + 60 * random:uniform(), iterations = 12 })
    for i = 2, #c.energies do risen = math.max(risen, c.energies[i] - c.energies[i - 1]) end
    fallen = fallen + (c.energies[1] - c.energies[#c.energies] > 0.1 and 1 or 0)
  end
end
ok(risen <= 1e-4 and fallen > 100, "whatever the patterns, the cue and beta")

-- One step, in binary64 and as it is written.
local function step(m, s, beta)
  local scale, sum, out = 0, 0, {}
  for i = 1, m.rows do scale = math.max(scale, m:row(i):norm()) end
  local weights, square = {}, 0
  for i = 1, m.rows do
    local dot = 0
    for j = 1, m.dim do dot = dot + m:row(i)[j] * s[j] end
    weights[i] = math.exp(beta * dot / scale ^ 2)
    sum = sum + weights[i]
  end
  for j = 1, m.dim do
    out[j], square = 0, square + s[j] ^ 2
    for i = 1, m.rows do out[j] = out[j] + weights[i] / sum * m:row(i)[j] end
  end
  -- -lse(beta, X s) + s's / 2 + log(N) / beta + M^2 / 2, for M = 1, times beta
  return out, -math.log(sum) + beta * square / scale ^ 2 / 2 + math.log(m.rows) + beta / 2
end
local b, m = random_bank(5, 30, 12)
local cue = m:row(3)
local c = completion.complete(b, { vector = cue, known = first(6), iterations = 1, beta = 4 })
local start = cue:table()
for j = 7, 12 do start[j] = 0 end
local expected, before = step(m, start, 4)
for j = 1, 6 do expected[j] = cue[j] end
local _, after = step(m, expected, 4)
near_all(c.vector, expected, 1e-5, "a step is X' softmax(beta X s), clamped")
near(c.energies[1], before, 1e-4, "the energy before it is that of the known part")
near(c.energies[2], after, 1e-4, "and after it that of the result")
ok(not c.converged and c.iterations == 1 and c.confidence <= 0.3,
  "what has not settled is hardly believed")

-- beta, tolerance
b, m = random_bank(5, 30, 12, 1)
cue = m:row(3)
c = completion.complete(b, { vector = cue, known = first(6), beta = 1e-6 })
local mean = 0
for i = 1, 30 do mean = mean + m:row(i)[12] / 30 end
near(c.vector[12], mean, 1e-4, "a small beta gives the mean of all")
c = completion.complete(b, { vector = cue, known = first(6), beta = 1e4 })
near(c.vector[12], m:row(3)[12], 1e-5, "a large one the nearest")
c = completion.complete(b, { vector = cue, known = first(6), tolerance = 10 })
ok(c.converged and c.iterations == 1, "tolerance: the change that is none")

-- ---- where patterns come from

local list = {}
for i = 1, 30 do list[i] = { id = 100 + i, vector = m:row(i) } end
local from_list = completion.complete(list, { vector = cue, known = first(6) })
local from_bank = completion.complete(b, { vector = cue, known = first(6) })
ok(from_list.vector == from_bank.vector and from_list.confidence == from_bank.confidence
  and from_list.id == 103 and from_bank.id == 2, "a list and a bank give the same")
local backwards = {}
for i = 30, 1, -1 do backwards[#backwards + 1] = list[i] end
ok(completion.complete(backwards, { vector = cue, known = first(6) }).vector == from_list.vector,
  "in whatever order the list comes")
ok(completion.complete(b, { vector = cue:table(), known = ffi.new("uint64_t[1]", 0xff3f) }).vector
  == completion.complete(b, { vector = cue, known = { 1, 2, 3, 4, 5, 6, 9, 10, 11, 12 } }).vector,
  "known components are positions or bits, of those that there are")
b:remove(2)
ok(completion.complete(b, { vector = cue, known = first(6) }).id ~= 2,
  "what was removed is not found again")
local again = b:add(cue)
is(completion.complete(b, { vector = cue, known = first(6) }).id, again,
  "ids are those of the bank")

c = completion.complete(b, { vector = m:row(1), known = first(12) })
ok(c.id == 0 and c.cosine > 0.999, "all of a pattern is itself")
local nobody = vec(12):fill(1)
c = completion.complete(b, { vector = nobody, known = first(12) })
ok(c.id == nil and c.cosine <= 0.7, "what is like no memory is a new one")
ok(completion.complete(b, { vector = nobody, known = first(12), match = c.cosine - 0.01 }).id,
  "match: unless less is asked of it")

local none, why = completion.complete(b, { vector = cue, known = first(3) })
is(none, nil, "less than a third is too little")
is(why, "insufficient: 3 of 12 components are known, 4 are needed", "and it says so")
ok(completion.complete(b, { vector = cue, known = first(4) }), "a third is enough")
is(select(2, completion.complete({ { id = 1, vector = vec { 1, 0, 0, 0 } } }, { vector = { 1, 0, 0,
  0 }, known = { 1 } })), "insufficient: 1 of 4 components are known, 2 are needed",
  "a third is rounded up")
local wide = engram.bank.new(768)
wide:add(vec(768):fill(1))
is(select(2, completion.complete(wide, { vector = vec(768), known = first(255) })),
  "insufficient: 255 of 768 components are known, 256 are needed", "256 of 768 are")
is(select(2, completion.complete({}, { vector = { 1 }, known = { 1 } })),
  "insufficient: there is nothing to complete it from", "from nothing comes nothing")

-- ---- from a memory

local remembered = engram.memory.new { dim = 12 }
local ids = {}
for i = 1, 30 do
  ids[i] = remembered:remember { vector = m:row(i), at = i * 600, confidence = 0.5 }
end
local from_memory = completion.complete(remembered, { vector = m:row(7), known = first(6) })
ok(from_memory.vector == completion.complete(list, { vector = m:row(7), known = first(6) }).vector
  and from_memory.id == ids[7], "a memory gives what a list of its vectors does")
remembered:forget(ids[8])
local newer = remembered:remember { vector = m:row(8), at = 90000 }
c = completion.complete(remembered, { vector = m:row(8), known = first(6), at = 90000 + 900 })
ok(c.id == newer and newer ~= ids[8], "its ids are the memory's")
ok(c.evidence[1].id == newer and c.evidence[1].weight > completion.evidence(remembered,
  { vector = m:row(8), known = first(6) })[1].weight, "and its times count")
remembered:archive(ids[7])
c = completion.complete(remembered, { vector = m:row(7), known = first(12) })
ok(c.id ~= ids[7] and c.cosine < 0.999, "what is archived is not found")
local at_hour = completion.evidence(remembered, { vector = vec(12), known = first(12), at = 3600,
  window_s = 700 })
local told = {}
for i, e in ipairs(at_hour) do told[i] = e.id .. (" %.3f"):format(e.weight) end
is(table.concat(told, ", "), ("%d %.3f, %d %.3f"):format(ids[6], 49 / 50, ids[5], 1 / 50),
  "what happened within the window is evidence, by how near it was, but for what is archived")
near(at_hour.confidence, 0.5, 1e-6, "as sure as the memories are")

-- ---- CA3

-- Patterns of 10 active components of 200, and cues of which a half is known.
local function sparse(seed, n, dim, active)
  local patterns, r = engram.matrix(n, dim), engram.rng(seed)
  for i = 1, n do
    local left = active
    while left > 0 do
      local j = 1 + r:below(dim)
      if patterns:row(i)[j] == 0 then patterns:row(i)[j], left = 1, left - 1 end
    end
  end
  return patterns
end
local function active_of(v)
  local places = {}
  for i = 1, #v do
    if v[i] ~= 0 then places[#places + 1] = i end
  end
  return places
end

local patterns = sparse(11, 12, 200, 10)
local store = engram.bank.new(200)
store:add(patterns)
local right, exact, settled = 0, true, true
for q = 1, 12 do
  c = completion.complete(store, { vector = patterns:row(q), known = first(100), method = "ca3" })
  right = right + (c.id == q - 1 and 1 or 0)
  exact, settled = exact and #active_of(c.vector) == 10, settled and c.converged
end
is(right, 12, "CA3 completes sparse patterns")
ok(exact, "5 % of its components are active")
ok(settled, "when it has settled")
is(#active_of(completion.complete(store, { vector = patterns:row(1), known = first(100),
  method = "ca3", active = 0.1 }).vector), 20, "active: or another share")

-- With W as it is written.
local W = {}
for i = 1, 200 do
  W[i] = {}
  for j = 1, 200 do
    W[i][j] = 0
    for p = 1, 12 do
      if i ~= j then W[i][j] = W[i][j] + patterns:row(p)[i] * patterns:row(p)[j] / 200 end
    end
  end
end
local function field(s)
  local h, energy = {}, 0
  for i = 1, 200 do
    h[i] = 0
    for j = 1, 200 do h[i] = h[i] + W[i][j] * s[j] end
    energy = energy - s[i] * h[i] / 2
  end
  return h, energy
end
local s = patterns:row(4):table()
for j = 101, 200 do s[j] = 0 end
local h, energy = field(s)
local winners, order = {}, first(200)
table.sort(order, function(x, y)
  if h[x] ~= h[y] then return h[x] > h[y] end
  return x < y
end)
for j = 1, 200 do winners[j] = 0 end
for k = 1, 10 do winners[order[k]] = 1 / (1 + math.exp(-h[order[k]])) end
c = completion.complete(store, { vector = patterns:row(4), known = first(100), method = "ca3",
  iterations = 1 })
near_all(c.vector, winners, 1e-6, "a step is k-winners(sigmoid(W s)), ties to the first components")
near(c.energies[1], energy, 1e-6, "energy is -s' W s / 2")
_, energy = field(winners)
near(c.energies[2], energy, 1e-6, "before and after")
is(table.concat(active_of(completion.complete({ { id = 1, vector = vec(40):fill(1) } },
  { vector = vec(40):fill(1), known = first(40), method = "ca3" }).vector), " "), "1 2",
  "where all are equal the first components win")

is(#active_of(completion.complete(wide, { vector = vec(768):fill(1), known = first(768),
  method = "ca3" }).vector), 38, "38 of 768 are active")

-- ---- dentate separation

is(tostring(completion.dentate { dim = 768 }), "dentate 768, 384 of 7680 active",
  "a dentate says what it does")
local dentate = completion.dentate { dim = 100 }
local closer, apart = 0, true
for _ = 1, 20 do
  local x, y = vec(100), vec(100)
  random:fill_normal(x)
  random:fill_normal(y)
  y:scale(0.3):add(x) -- cosines of about 0.96
  local cosine = dentate:separate(x):cosine(dentate:separate(y))
  closer, apart = closer + cosine / 20, apart and cosine < x:cosine(y)
end
ok(apart and closer < 0.9 and closer > 0.5, "what is alike becomes less alike")
local x = vec(100)
random:fill_normal(x)
local code = dentate:separate(x)
near(code:norm(), 1, 1e-6, "codes have length 1")
ok(#active_of(code) <= 50 and #active_of(code) > 30, "and few active components")
ok(dentate:separate(x) == code and completion.dentate({ dim = 100 }):separate(x) == code,
  "the same vector has the same code")
ok(dentate:separate(x:copy():scale(4)):cosine(code) > 0.999999, "at any length")
ok(completion.dentate({ dim = 100, seed = 2 }):separate(x) ~= code, "seed: another projection")
is(tostring(completion.dentate { dim = 10, expansion = 4, active = 0.25 }),
  "dentate 10, 10 of 40 active", "expansion and active: how many of how many")
-- One component, projected to two by hand.
local tiny, drawn = completion.dentate { dim = 1, expansion = 2, active = 0.5, seed = 3 }, vec(2)
engram.rng(3):fill_normal(drawn)
is(tiny:separate(vec { 1 })[1], math.max(drawn[1], drawn[2]) > 0 and 1 or -1,
  "the largest are kept and added up")

-- ---- how far to believe it

near(completion.confidence { converged = true, iterations = 0, fall = 20, consensus = 1,
  plausibility = 1 }, 1, 1e-12, "all that speaks for it makes it certain")
near(completion.confidence { converged = true, iterations = 2, fall = 5, consensus = 0.6,
  plausibility = 0.5 }, 0.3 * 5 / 7 + 0.125 + 0.15 + 0.1, 1e-12,
  "0.3 for settling fast, 0.25 for energy and for consensus, 0.2 for plausibility")
near(completion.confidence { converged = true, iterations = 2, limit = 4, fall = -5, consensus = 0,
  plausibility = 0 }, 0.15, 1e-12, "limit: of how many iterations; energy that rose counts as none")
is(completion.confidence { iterations = 7, fall = 20, consensus = 1, plausibility = 1 }, 0.3,
  "what did not settle ends at 0.3")
near(completion.confidence { iterations = 7, fall = 2, consensus = 0, plausibility = 0.5 }, 0.15,
  1e-12, "or below")

near(completion.plausibility { 0.6, -0.8 }, 1, 1e-12, "a vector of length 1 is plausible")
near(completion.plausibility { 0.1, -0.1 * math.sqrt(3) }, (0.4 + 1) / 2, 1e-6,
  "one that is too short less")
near(completion.complete({ { id = 1, vector = vec { 30, 40 } } }, { vector = { 30, 40 },
  known = { 1, 2 } }).plausibility, 1, 1e-6, "long memories make long ones plausible")
near(completion.plausibility { 4, 0 }, (0.5 + 1) / 2, 1e-6, "and so is one that is too long")
near(completion.plausibility { 0.5, 0.5, 0.5, 0.5 }, (1 + 0.3) / 2, 1e-6,
  "or the same everywhere")
local long = vec(4096)
random:fill_normal(long)
near(completion.plausibility(long:normalize()), 1, 1e-6, "however many components it has")

is(completion.metacognition(0.8, 1, 0.9), 0.5, "one alternative says nothing")
near(completion.metacognition(0.8, 2, 0.9), 0.82, 1e-12, "those that agree make surer")
near(completion.metacognition(0.8, 3, 0.5), 0.4, 1e-12, "those that do not less")
is(completion.metacognition(0.8, 3, -0.5), 0, "opposite ones not at all")
is(completion.label(0.85) .. completion.label(0.84) .. completion.label(0.7)
  .. completion.label(0.69) .. completion.label(0.5) .. completion.label(0.49),
  "recalledconsolidatedconsolidatedreconstructedreconstructedimagined", "labels by confidence")

-- ---- evidence

local function summary(evidence)
  local texts, sum = {}, 0
  for i, e in ipairs(evidence) do
    texts[i] = ("%s %.4f"):format(e.id or "pattern " .. e.pattern, e.weight)
    sum = sum + e.weight
  end
  return table.concat(texts, ", "), sum
end
local episodes = {
  { id = 1, vector = vec { 1, 0, 0, 5 }, created = 0, confidence = 0.8 },
  { id = 2, vector = vec { 1, 0, 0, 4 }, created = 10 * HOUR, confidence = 0.4 },
  { id = 3, vector = vec { 0.8, 0.6, 0, 0 }, created = HOUR / 2, confidence = 1 },
  { id = 4, vector = vec { 0, 1, 0, 0 }, created = HOUR / 2, confidence = 0.2 },
  { id = 5, vector = vec { 0, 0, 1, 0 }, created = HOUR, confidence = 1 } }
local asked = { vector = vec { 1, 0, 0, 9 }, known = { 1, 2, 3 } }
local evidence = completion.evidence(episodes, asked)
local text, sum = summary(evidence)
local total = 1 + 0.8 + 0.8 * 0.64
is(text, ("1 %.4f, 2 %.4f, 3 %.4f"):format(1 / total, 0.8 / total, 0.8 * 0.64 / total),
  "neighbours by their known components, each next one 0.8 as heavy")
near(sum, 1, 1e-12, "weights add up to 1")
near(evidence.confidence, (0.8 + 0.8 * 0.4 + 0.8 * 0.64) / total, 1e-6,
  "confidence is the mean of theirs")
is(evidence[1].vector, episodes[1].vector, "each has its vector")
asked.neighbours = 1
is(summary(completion.evidence(episodes, asked)), "1 1.0000", "neighbours: how many")
asked.neighbours, asked.decay = nil, 0.5
total = 1 + 0.5 + 0.8 * 0.25
is(summary(completion.evidence(episodes, asked)), ("1 %.4f, 2 %.4f, 3 %.4f"):format(1 / total,
  0.5 / total, 0.2 / total), "decay: how much heavier each is than the next")
asked.decay, asked.least = nil, 0.9
is(summary(completion.evidence(episodes, asked)), "1 0.5556, 2 0.4444", "least: how like the cue")
asked.at = 0
total = 1.8 + 1 + 2 * 0.25
is(summary(completion.evidence(episodes, asked)), ("1 %.4f, 2 %.4f, 3 %.4f, 4 %.4f"):format(
  2 / total, 0.8 / total, 0.25 / total, 0.25 / total), "at: what happened within the hour counts")
asked.window_s = HOUR / 2
is(summary(completion.evidence(episodes, asked)), ("1 %.4f, 2 %.4f"):format(2 / 2.8, 0.8 / 2.8),
  "window_s: or within less")
asked.at, asked.window_s = nil, nil

asked.patterns = { { centroid = vec { 1, 0, 0, 0 }, strength = 0.5 },
  { centroid = vec { 1, 0, 0, 0 }, strength = 0.2 }, { centroid = vec { 0, 1, 0, 0 },
  strength = 0.9 } }
evidence = completion.evidence(episodes, asked)
local near_by = (0.8 + 0.8 * 0.4) / 1.8
is(summary(evidence), ("pattern 1 %.4f, 1 %.4f, 2 %.4f"):format(0.5 / (0.5 + near_by),
  near_by / (0.5 + near_by) / 1.8, near_by / (0.5 + near_by) * 0.8 / 1.8),
  "patterns that are like the cue and strong count beside the memories, by their confidence")
ok(not evidence.agree, "the two sides do not agree")
near(evidence.confidence, (near_by ^ 2 + 0.25) / (near_by + 0.5), 1e-6,
  "confidence is that of the sides")
asked.patterns[2].strength, asked.neighbours = 0.4, 1
local patterns_told = 0
for _, e in ipairs(completion.evidence(episodes, asked)) do
  patterns_told = patterns_told + (e.pattern or 0)
end
is(patterns_told, 1, "no more patterns than neighbours")
asked.patterns[2].strength, asked.neighbours = 0.2, nil
episodes[1].vector, episodes[2].vector = vec { 1, 0, 0, 0 }, vec { 1, 0.1, 0, 0 }
evidence = completion.evidence(episodes, asked)
near_by = (0.8 + 0.8 * 0.4 * math.sqrt(1 / 1.01)) / (1 + 0.8 * math.sqrt(1 / 1.01))
ok(evidence.agree, "unless they point the same way")
near(evidence.confidence, 1.2 * (near_by ^ 2 + 0.25) / (near_by + 0.5), 1e-6,
  "then both are believed more")
asked.vector = vec { 0, 0, -1, 0 }
is(#completion.evidence(episodes, asked), 0, "there may be no evidence")

-- ---- other ways

-- Two patterns that begin alike: either may be meant.
local twins = { { id = 1, vector = vec { 1, 0, 0, 1, 0, 0 } }, { id = 2,
  vector = vec { 1, 0, 0, 0, 1, 0 } }, { id = 3, vector = vec { 1, 0, 0, 0, 0, 1 } } }
local question = { vector = vec { 1, 0, 0, 0.3, 0, 0 }, known = { 1, 2, 3, 4 } }
is(completion.complete(twins, question).alternatives, nil, "without an rng there are no others")
question.vector[4], question.rng = 0, engram.rng(4)
question.known = { 1, 2, 3 }
c = completion.complete(twins, question)
local distinct = #c.alternatives > 1
for i, other in ipairs(c.alternatives) do
  distinct = distinct and math.sqrt(other.vector:squared_distance(c.vector)) >= 0.3 * math.sqrt(2)
  for j = 1, i - 1 do
    distinct = distinct and math.sqrt(other.vector:squared_distance(c.alternatives[j].vector))
      >= 0.3 * math.sqrt(2)
  end
end
ok(distinct and #c.alternatives <= 3, "an ambiguous cue has other wholes, far enough apart")
ok(c.alternatives[1].id and c.alternatives[1].cosine > 0.9, "which may be memories")
local consistency = 0
for _, other in ipairs(c.alternatives) do
  consistency = consistency + c.vector:cosine(other.vector) / #c.alternatives
end
near(c.metacognition, completion.metacognition(c.confidence, #c.alternatives, consistency), 1e-12,
  "how alike they are says how sure one should be")
question.rng = engram.rng(4)
local same = completion.complete(twins, question)
ok(#same.alternatives == #c.alternatives and same.alternatives[1].vector
  == c.alternatives[1].vector, "the same seed finds the same")
question.rng, question.alternatives = engram.rng(4), 1
is(#completion.complete(twins, question).alternatives, 1, "alternatives: at most so many")
question.rng, question.apart = engram.rng(4), 10
local alone = completion.complete(twins, question)
ok(#alone.alternatives == 0 and alone.metacognition == 0.5, "apart: none is that far")
question.rng, question.apart, question.jitter = engram.rng(4), 0.3, 0
is(#completion.complete(twins, question).alternatives, 0, "jitter: how far products are off")
question.rng, question.jitter, question.method = engram.rng(4), 0.2, "ca3"
ok(completion.complete(twins, question).alternatives, "CA3 looks for them too")

local lucky = 0
for seed = 1, 40 do
  local tried = completion.complete(twins, { vector = vec { 1, 0, 0, 0.35, 0, 0 },
    known = { 1, 2, 3, 4 }, rng = engram.rng(seed), alternatives = 1 })
  lucky = lucky + #tried.alternatives
end
ok(lucky > 20, "it looks more than once for each")

-- The gate and the label.
c = completion.complete(twins, { vector = twins[2].vector, known = first(6) })
ok(c.accepted and c.source == completion.label(c.confidence) and c.plausibility == 1,
  "a good completion is accepted and labelled")
c = completion.complete(twins, { vector = twins[2].vector, known = first(6), least = 0 })
local consensus = 0
for _, e in ipairs(c.evidence) do
  consensus = consensus + e.weight * c.vector:cosine(e.vector)
end
near(c.consensus, consensus, 1e-6, "consensus is how like its evidence it is")
ok(consensus < 0.9, "which need not be much")
ok(not completion.complete(twins, { vector = twins[2].vector, known = first(6), gate = 1 })
  .accepted, "gate: the confidence asked")
is(#completion.complete(twins, { vector = twins[2].vector, known = first(6), least = 0,
  neighbours = 2 }).evidence, 2, "options of the evidence are taken too")

-- ---- mistakes

local function whole(options)
  options.vector, options.known = options.vector or cue, options.known or first(6)
  return completion.complete(b, options)
end
refuses(function() completion.complete(3, { vector = cue, known = {} }) end,
  "bad argument #1 to 'completion.complete' (a memory, a bank or a list of episodes expected",
  "patterns come from a memory, a bank or a list")
refuses(function() completion.complete({ 3 }, { vector = cue, known = {} }) end,
  "an episode at 1 expected, got number 3", "of episodes")
refuses(function() completion.complete(b, { known = {} }) end,
  "bad argument 'vector' to 'completion.complete'", "there is a vector")
refuses(function() whole { vector = vec(3) } end, "a vec of length 12 expected, got vec 3",
  "of the right length")
refuses(function() whole { vector = vec(12):fill(0 / 0) } end, "a finite number at 1 expected",
  "whose known components are finite")
refuses(function() completion.complete(b, { vector = cue }) end,
  "bad argument 'known' to 'completion.complete' (a list of positions or a bitset expected",
  "what is known is said")
refuses(function() whole { known = { 13 } } end,
  "a position in 1 .. 12 at 1 expected, got number 13", "by positions that exist")
refuses(function() whole { known = ffi.new "uint32_t[1]" } end, "a bitset of 1 words expected",
  "or by a bitset")
refuses(function() completion.complete(wide, { vector = vec(768),
  known = ffi.new "uint64_t[2]" }) end, "a bitset of 12 words expected", "that is long enough")
refuses(function() whole { method = "ca1" } end,
  [[bad argument 'method' to 'completion.complete' ("dense" or "ca3" expected, got string "ca1")]],
  "methods are known")
for _, case in ipairs { { "beta", 0, "a number > 0" }, { "iterations", 0, "a count of at least 1" },
  { "tolerance", -1, "a number >= 0" }, { "active", 2, "a number in 0 .. 1" },
  { "match", 2, "a number in -1 .. 1" }, { "gate", 2, "a number in 0 .. 1" },
  { "rng", 1, "an rng" }, { "alternatives", -1, "a count" }, { "apart", -1, "a number >= 0" },
  { "jitter", -1, "a number >= 0" }, { "at", "noon", "a time in seconds" },
  { "neighbours", 0.5, "a count" }, { "least", 2, "a number in -1 .. 1" },
  { "decay", 2, "a number in 0 .. 1" }, { "window_s", 0, "a number > 0" },
  { "patterns", 3, "a list of { centroid =, strength = }" },
  { "patterns", { { centroid = vec(3), strength = 1 } }, "{ centroid =, strength = } at 1" } } do
  refuses(function() whole { [case[1]] = case[2] } end,
    ("bad argument '%s' to 'completion.complete' (%s expected"):format(case[1], case[3]),
    case[1] .. " is refused by name")
end
refuses(function() whole { betta = 1 } end, "unknown option 'betta' to 'completion.complete'",
  "an unknown option is named")
refuses(function() completion.evidence(b, { vector = cue, known = {}, beta = 1 }) end,
  "unknown option 'beta' to 'completion.evidence'", "evidence has options of its own")
for _, case in ipairs { { "converged", 1, "true or false" }, { "limit", 0, "a number > 0" },
  { "iterations", 8, "a number in 0 .. 7" }, { "fall", "x", "a number" },
  { "consensus", 2, "a number in 0 .. 1" }, { "plausibility", -1, "a number in 0 .. 1" } } do
  local facts = { converged = true, iterations = 1, fall = 0, consensus = 1, plausibility = 1 }
  facts[case[1]] = case[2]
  refuses(function() completion.confidence(facts) end,
    ("bad argument '%s' to 'completion.confidence' (%s expected"):format(case[1], case[3]),
    "confidence: " .. case[1] .. " is refused by name")
end
refuses(function() completion.metacognition(2, 2, 1) end,
  "bad argument #1 to 'completion.metacognition' (a number in 0 .. 1", "a confidence is in 0 .. 1")
refuses(function() completion.metacognition(1, 0.5, 1) end,
  "bad argument #2 to 'completion.metacognition' (a count", "alternatives are counted")
refuses(function() completion.metacognition(1, 2, 3) end,
  "bad argument #3 to 'completion.metacognition' (a number in -1 .. 1", "consistency is a cosine")
refuses(function() completion.label(2) end, "bad argument #1 to 'completion.label'",
  "a label is of a confidence")
refuses(function() completion.plausibility "x" end, "bad argument #1 to 'completion.plausibility'",
  "plausibility is a vector's")
for _, case in ipairs { { "dim", 0, "a row length" }, { "expansion", 0, "a count of at least 1" },
  { "active", 2, "a number in 0 .. 1" }, { "seed", -1, "a whole number" } } do
  local wanted = { dim = 4, [case[1]] = case[2] }
  refuses(function() completion.dentate(wanted) end, case[3],
    "dentate: " .. case[1] .. " is refused by name")
end
refuses(function() dentate:separate(vec(3)) end,
  "bad argument #1 to 'dentate:separate' (a vec of length 100 expected", "a dentate has a length")
refuses(function() dentate.separate(vec(100)) end, "call it as dentate:separate(...), with a colon",
  "a dot is told")

support.done()
