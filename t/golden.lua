-- golden.lua: the workloads of t/c/golden.c from Lua, and what Lua alone computes, compiled and
-- interpreted: the same hashes everywhere.
local ffi = require "ffi"
local engram = require "engram"
local tap = require "engram.tap"
local C = require "engram.ffi"

local hash -- of the workload that runs
local function take(pointer, bytes) hash = C.engram_hash(pointer, bytes, hash) end
local function take_vec(v) take(v.data, v.n * 4) end

local function normal(rng, n) return rng:fill_normal(engram.vec(n)) end
local function uniform(rng, n) return rng:fill_uniform(engram.vec(n)) end

local function random_graph(rng, nodes, edges)
  local b = engram.graph.builder():nodes(nodes)
  for _ = 1, edges do
    local source, target = rng:below(nodes), rng:below(nodes)
    local weight = rng:uniform() * 0.5
    b:edge(source, target, weight, rng:below(3))
  end
  return b:freeze()
end

local MEMORIES, DIM = 2000, 48

local function random_bank(rng)
  local bank = engram.bank.new(DIM)
  local matrix = rng:fill_normal(engram.matrix(MEMORIES, DIM))
  local ids = bank:add(matrix)
  for i = 1, MEMORIES, 7 do bank:remove(ids[i]) end
  for i = 1, 100 do bank:add(matrix:row(i)) end
  return bank
end

local workloads = {
  {"pairs", function(rng)
    local a, b = normal(rng, 300), normal(rng, 300)
    for n = 0, 300 do
      local x, y = engram.vec(n), engram.vec(n)
      ffi.copy(x.data, a.data, n * 4)
      ffi.copy(y.data, b.data, n * 4)
      take_vec(engram.vec { x:dot(y), x:squared_distance(y), x:norm(), x:cosine(y) })
    end
  end},
  {"decay", function(rng)
    local n = 1000
    local strengths, tau_s = uniform(rng, n), uniform(rng, n)
    local whole, fine = ffi.new("uint64_t[?]", n), ffi.new("double[?]", n)
    for i = 0, n - 1 do
      fine[i] = rng:uniform() * 1e6
      whole[i] = fine[i]
    end
    -- In binary32, as C computes it: the product is rounded before the sum.
    for i = 1, n do
      tau_s[i] = 100000 * tau_s[i]
      tau_s[i] = 1000 + tau_s[i]
    end
    take_vec(engram.decay(strengths, whole, { tau_s = 86400 }))
    take_vec(engram.decay(strengths, fine, { tau_s = tau_s }))
    take_vec(engram.decay(strengths, fine, { unit_s = 3600, beta = 0.18 }))
  end},
  {"laws", function(rng)
    local n = 1000
    local strengths, scale_s, beta = uniform(rng, n), uniform(rng, n), uniform(rng, n)
    local ages, recalled = {}, {}
    for i = 1, n do
      ages[i] = rng:uniform() * 1e6
      scale_s[i] = 100000 * scale_s[i]
      recalled[i] = rng:below(6)
    end
    for _, law in ipairs {
      { curve = "exponential", tau_s = 720 },
      { curve = "power", unit_s = 3600, beta = 0.14 },
      { curve = "two-component", tau_s = 720, unit_s = 3600, beta = 0.14 },
      { curve = "mixture", tau_s = 720, unit_s = 3600, beta = 0.14, weight = 0.5 },
      { curve = "savings", unit_s = 3600 },
    } do
      take_vec(engram.decay(strengths, ages, law))
      law.scale_s, law.beta, law.recalled = scale_s, law.beta and beta, recalled
      take_vec(engram.decay(strengths, ages, law))
    end
  end},
  {"spread", function(rng)
    local graph = random_graph(rng, 500, 3000)
    local start = uniform(rng, 500)
    for mode, normalise in ipairs { "max1", "none", "clamp01", "l1" } do
      take_vec(graph:spread(start:copy(), { steps = 5, normalise = normalise, keep = 0.6,
        gain = 0.9,
        restart = mode % 2 == 0 and 0.1 or 0 }))
    end
  end},
  {"batch", function(rng)
    local graph = random_graph(rng, 500, 3000)
    local start = rng:fill_uniform(engram.matrix(500, 5))
    for mode, normalise in ipairs { "max1", "none", "clamp01", "l1" } do
      local m = engram.matrix(500, 5)
      ffi.copy(m.data, start.data, 500 * 5 * 4)
      graph:spread(m, { steps = 5, normalise = normalise, keep = 0.6, gain = 0.9,
        restart = mode % 2 == 0 and 0.1 or 0 })
      take(m.data, 500 * 5 * 4)
    end
  end},
  {"delta", function(rng)
    local graph = random_graph(rng, 500, 3000)
    local start = uniform(rng, 520)
    for i = 1, 300 do
      local source, target = rng:below(520), i > 1 and rng:below(520) or 519
      local weight = rng:uniform() * 0.5
      graph:add(source, target, weight, rng:below(3))
    end
    for _ = 1, 2 do
      take_vec(graph:spread(start:copy(), { steps = 5, keep = 0.6, gain = 0.9 }))
      local hits = graph:frontier(engram.hits { { 70, 1 } }, { hops = 3, fan = "sqrt" })
      local activations = engram.vec(520)
      for i = 1, #hits do activations[hits:id(i) + 1] = hits:score(i) end
      take_vec(activations)
      graph:freeze()
    end
  end},
  {"sparse", function(rng)
    local graph = random_graph(rng, 5000, 12000)
    for power = 0, 4 do
      local a = engram.vec(5000)
      a[rng:below(5000) + 1] = 1
      take_vec(graph:spread(a, { steps = 2 ^ power, keep = 0.6, gain = 0.9, restart = 0.1 }))
    end
  end},
  {"frontier", function(rng)
    local graph = random_graph(rng, 500, 3000)
    local seeds = engram.hits { { 7, 1 }, { 70, 0.5 }, { 400, 0.75 } }
    for refractory, accumulate in ipairs { "sum", "max", "noisy_or" } do
      for _, fan in ipairs { "none", "linear", "sqrt" } do
        local hits = graph:frontier(seeds, { hops = 3, fan = fan, accumulate = accumulate,
          refractory = refractory - 1, step = { 0.9, 0.8, 0.7 }, threshold = { 0.001, 0.002,
            0.004 } })
        local activations = engram.vec(500)
        for i = 1, #hits do activations[hits:id(i) + 1] = hits:score(i) end
        take_vec(activations)
      end
    end
  end},
  {"search", function(rng)
    local bank = random_bank(rng)
    for _ = 1, 5 do
      local hits = bank:search(normal(rng, DIM), 50)
      take(hits.hit, #hits * ffi.sizeof "struct engram_hit")
    end
  end},
  {"stages", function(rng)
    local bank = random_bank(rng)
    for _, form in ipairs { "bf16", "f16", "int8", "sign" } do bank:index(form) end
    local queries = rng:fill_normal(engram.matrix(5, DIM))
    for _, form in ipairs { "bf16", "f16", "int8", "sign" } do
      for _, hits in ipairs(bank:search(queries, 10, { form = form, candidates = 25,
        rerank = 15 })) do
        take(hits.hit, #hits * ffi.sizeof "struct engram_hit")
      end
    end
  end},
  {"recall", function(rng)
    local bank = random_bank(rng)
    local graph = random_graph(rng, MEMORIES, 8000)
    local strength, confidence = uniform(rng, MEMORIES), uniform(rng, MEMORIES)
    local last = {}
    for i = 0, MEMORIES - 1 do last[i] = rng:uniform() * 1e6 end
    for hops = 0, 3 do
      local r = engram.recall.new { bank = bank, graph = graph,
        law = hops % 2 == 0 and { tau_s = 3e5 } or { unit_s = 3600, beta = 0.2 } }
      for i = 0, MEMORIES - 1 do
        r.strength[i], r.confidence[i], r.last_recall[i] = strength[i + 1], confidence[i + 1],
          last[i]
      end
      local hits = r:recall { vector = normal(rng, DIM), k = 20, now = 1.1e6, hops = hops,
        step = 0.5,
        seed_threshold = 0.2, recency_boost = 1.2, recency_window_s = 2e5 }
      take(hits.hit, #hits * ffi.sizeof "struct engram_hit")
      take(hits.parts, #hits * ffi.sizeof "struct engram_parts")
    end
  end},
}

-- The workloads' seeds are their places in golden.c.
local seeds = { pairs = 1, decay = 5, spread = 6, frontier = 7, search = 8, recall = 9,
  stages = 19, batch = 20, delta = 21, sparse = 22, laws = 23 }

local expected = {}
for line in io.lines((os.getenv "srcdir" or ".") .. "/t/data/golden.tsv") do
  local name, value = line:match "^(%S+)%s+(%x+)"
  expected[name] = value
end

local function run(how)
  for _, workload in ipairs(workloads) do
    local name, work = workload[1], workload[2]
    hash = 0ULL
    work(engram.rng(seeds[name]))
    tap.is(bit.tohex(hash, 16), expected[name],
      ("%s gives the same bits from Lua, %s"):format(name, how))
  end
end

-- Text has no workload in C: the encoder is Lua's.
local function text(how)
  local encoder = engram.text.new { dim = 64, seed = 3 }
  encoder:fit { "the cat sat on the mat", "the dog sat on the log", "a cat is no dog",
    "logs float" }
  hash = 0ULL
  take_vec((encoder:encode "the cat and the log"))
  tap.is(bit.tohex(hash, 16), expected.text, "text gives the same bits, " .. how)
end

-- What is computed in Lua, in loops that become traces.
local function scripts(how)
  local rng, n = engram.rng(11), 500
  local a, b = normal(rng, n), uniform(rng, n)
  hash = 0ULL
  for i = 1, n do
    local x = engram.math.sigmoid(a[i], 0.4, 0.5) + rng:normal()
    b[i] = engram.math.pow(b[i], x) + engram.math.exp(a[i]) * engram.math.log(1 + b[i])
  end
  take_vec(b)
  take_vec(a:copy():scale(0.3):add(b, 0.7):normalize())
  local first, second, ages = {}, {}, engram.vec(n)
  for i = 1, n do
    first[i], second[i] = { i - 1, b[i] }, { (i * 7) % n + 100, a[i] }
    ages[i] = rng:below(1e6)
  end
  local hits = engram.hits(first):merge(engram.hits(second):filter(function(id, score)
    return id < n and score > 0
  end), 0.1)
  hits:decay { ages_s = ages, half_life_s = 86400 }
  take(hits.hit, #hits * ffi.sizeof "struct engram_hit")
  tap.is(bit.tohex(hash, 16), expected.scripts, "scripts give the same bits, " .. how)
end

-- Policies over few numbers: binary64 by the library's exp, log and pow.
local function dynamics(how)
  local rng, number = engram.rng(12), ffi.new "double[1]"
  local function take_number(x)
    number[0] = x
    take(number, 8)
  end
  local spacing, confidence, priming = engram.spacing, engram.confidence, engram.priming.new()
  local actr, reconsolidation = engram.interference.actr, engram.reconsolidation
  local state, card, values, associations = {}, nil, {}, {}
  local ratings = { "again", "hard", "good", "easy" }
  hash = 0ULL
  for i = 1, 300 do
    local a, b, c = rng:uniform(), rng:uniform(), rng:uniform()
    state = spacing.review(state, { success = a < 0.7, response_s = 8 * b, confidence = c })
    take_number(spacing.predict(state, 30 * a))
    card = spacing.fsrs.schedule(i % 30 > 0 and card or nil, ratings[1 + rng:below(4)], 40 * b)
    take_number(card.stability_d)
    take_number(spacing.fsrs.predict(card, 30 * c))
    values[1 + (i - 1) % 9] = confidence.path { confidence = a, weight = b, hops = rng:below(4) }
    take_number(confidence.noisy_or(values))
    take_number(confidence.bayes(confidence.temper(a), b))
    associations[1 + (i - 1) % 3] = actr.association(1 + rng:below(10))
    take_number(actr.retrieval_s(actr.activation(associations)))
    priming:activate(rng:below(20), i * 0.2, { { id = rng:below(20), similarity = c } })
    take_number((priming:total(rng:below(20), i * 0.2 + a, rng:below(20))))
    take_number(reconsolidation.plasticity(25000 * c))
  end
  tap.is(bit.tohex(hash, 16), expected.dynamics, "dynamics give the same bits, " .. how)
end

-- Forty episodes of eight topics: their clusters, and a consolidation over five cycles.
local function groups(how)
  local rng, episodes = engram.rng(23), {}
  local topics = rng:fill_normal(engram.matrix(8, DIM))
  for i = 1, 40 do
    local vector = normal(rng, DIM):scale(0.3):add(topics:row(1 + rng:below(8)))
    episodes[i] = { id = i, vector = vector, created = i * 500, confidence = rng:uniform() }
  end
  hash = 0ULL
  for _, cluster in ipairs(engram.consolidation.cluster(episodes)) do
    take_vec(engram.vec(cluster.ids))
    take_vec(cluster.centroid)
    take_vec(engram.vec { engram.consolidation.significance(cluster.strength, #cluster.ids) })
  end
  local c = engram.consolidation.new()
  for i = 1, 5 do c:cycle(episodes, { now = 20000 * i, rng = i > 2 and rng or nil }) end
  for _, proto in ipairs(c:save().protos) do
    take_vec(engram.vec(proto.ids))
    take_vec(engram.vec(proto.centroid))
    take_vec(engram.vec { proto.strength, proto.coherence, proto.weight })
  end
  tap.is(bit.tohex(hash, 16), expected.groups, "consolidation gives the same bits, " .. how)
end

-- A third of a row, completed in each way, with its alternatives.
local function wholes(how)
  local rng = engram.rng(24)
  local bank, known = random_bank(rng), {}
  local dentate = engram.completion.dentate { dim = DIM }
  for i = 1, DIM / 3 do known[i] = 3 * i end
  hash = 0ULL
  for _, method in ipairs { "dense", "ca3" } do
    for row = 1, 3 do
      local vector = dentate:separate(bank:row(row))
      for _, cue in ipairs { bank:row(row), vector } do
        local c = engram.completion.complete(bank, { vector = cue, known = known, method = method,
          rng = rng })
        take_vec(c.vector)
        take_vec(engram.vec(c.energies))
        take_vec(engram.vec { c.confidence, c.cosine, c.consensus, c.metacognition })
      end
    end
  end
  tap.is(bit.tohex(hash, 16), expected.wholes, "completion gives the same bits, " .. how)
end

local compiled = jit.status() and "compiled" or "interpreted"
run(compiled)
text(compiled)
scripts(compiled)
dynamics(compiled)
groups(compiled)
wholes(compiled)
jit.off()
jit.flush()
run "interpreted"
text "interpreted"
scripts "interpreted"
dynamics "interpreted"
groups "interpreted"
wholes "interpreted"
tap.done()
