-- engram.completion: the whole from a part of it.
-- SPDX-License-Identifier: MIT
--
-- The hippocampus is thought to store a pattern in one go and to give all of it back from a part
-- (Marr 1971). Two ways of doing so are offered:
--
-- * dense: s <- X' softmax(beta X s), the dense associative memory of Ramsauer et al. 2020, whose
--   patterns X are the rows as they are. A step never raises the energy, and it still does not when
--   the known components are put back after it: the step minimises a bound of the energy, and the
--   bound's minimum over the unknown components is the same step in them.
-- * ca3: s <- k-winners(sigmoid(W s)), W = X'X / dim with a zero diagonal (Hebb; Hopfield 1982), in
--   the manner of models of area CA3 (O'Reilly & McClelland 1994). It is for patterns of few active
--   components, as `dentate` makes them, and has no energy that must fall; its result is the state,
--   which always has k active components, whichever were known.
--
-- Whether to believe what came back is another question, which is answered from how it came about,
-- as people judge by (Koriat 1997): by how fast it settled, how much energy fell, whether similar
-- memories agree, and whether it looks like a memory.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local bank = require "engram.bank"
local check = require "engram.check"
local episodes = require "engram.episodes"
local hits = require "engram.hits"
local emath = require "engram.math"
local memory = require "engram.memory"
local rng = require "engram.rng"
local types = require "engram.types"
local vec = require "engram.vec"

local floor, max, min = math.floor, math.max, math.min

local completion, methods = {}, {}
methods.__index = methods

-- ---- where patterns come from

-- The slots whose bits are set in `keep`.
local function set_slots(keep, slots)
  local list, n = ffi.new("uint32_t[?]", slots), 0
  for slot = 0, slots - 1 do
    if bit.band(keep[bit.rshift(slot, 6)], bit.lshift(1ULL, slot % 64)) ~= 0 then
      list[n], n = slot, n + 1
    end
  end
  return list, n
end

-- The arrays of a bank, a memory or a list of episodes, borrowed until it changes: rows by slot,
-- those of them that count (`n` of them in `live`, and as a bitset), and how to get at an episode.
local function source_of(from, fname)
  local view = ffi.new "struct engram_bank_view"
  if memory.is(from) then
    local p = memory.pointer(from, fname)
    C.engram_bank_get(C.engram_memory_bank(p), view)
    local conditions = ffi.new "struct engram_conditions"
    conditions.size, conditions.flags_off = ffi.sizeof(conditions), C.ENGRAM_ARCHIVED
    local keep = ffi.new("uint64_t[?]", floor((view.slots + 63) / 64))
    check.status(C.engram_memory_select(p, conditions, keep))
    local live, n = set_slots(keep, view.slots)
    return { rows = view.rows, norms = view.norms, slots = view.slots, dim = view.dim, keep = keep,
      generations = view.generations, live = live, n = n,
      get = function(id) return from:get(id) end,
      between = function(first, last)
        return from:each { created = { first, last }, archived = false }
      end }
  elseif bank.is(from) then
    C.engram_bank_get(bank.pointer(from, fname), view)
    local live, n = set_slots(view.live, view.slots)
    return { rows = view.rows, norms = view.norms, slots = view.slots, dim = view.dim,
      keep = view.live, generations = view.generations, live = live, n = n,
      get = function(id) return { id = id, vector = from:row(id) } end,
      between = function() return function() end end }
  end

  local list, dim = episodes.list(from, fname, "a memory, a bank or a list of episodes")
  local n = #list
  local rows, norms = ffi.new("float[?]", n * dim), ffi.new("float[?]", n)
  local live, by_id = ffi.new("uint32_t[?]", n), {}
  for i = 0, n - 1 do
    ffi.copy(rows + i * dim, list[i + 1].vector.data, 4 * dim)
    live[i], by_id[list[i + 1].id] = i, list[i + 1]
  end
  check.status(C.engram_norms_f32(rows, n, dim, norms))
  return { rows = rows, norms = norms, slots = n, dim = dim, live = live, n = n,
    id = function(slot) return list[slot + 1].id end,
    get = function(id) return by_id[id] end,
    between = function(first, last)
      local i = 0
      return function()
        repeat
          i = i + 1
          local created = list[i] and list[i].created
        until not list[i] or created and created >= first and created <= last
        return list[i] and list[i].id
      end
    end }
end

-- The k best of the scores by slot: a list of { id =, score = }.
local function best(source, scores, k)
  local array, list = ffi.new("struct engram_hit[?]", k), {}
  hits.count_out[0] = 0
  check.status(C.engram_top_k_f32(scores, source.slots, 0, source.keep, source.generations, k,
    array, hits.count_out))
  for i = 0, tonumber(hits.count_out[0]) - 1 do
    local id = tonumber(array[i].id)
    list[i + 1] = { id = source.id and source.id(id) or id, score = array[i].score }
  end
  return list
end

-- ---- which components are known

-- As a bitset, and how many. Given: positions from 1, or a bitset, uint64_t[] by component.
local function known_of(given, dim, fname)
  local words = floor((dim + 63) / 64)
  local mask = ffi.new("uint64_t[?]", words)
  if type(given) == "cdata" then
    local right = tostring(ffi.typeof(given)):find "uint64_t %[" and ffi.sizeof(given) >= 8 * words
    check.arg(right, fname, "known", ("a bitset of %d words"):format(words), given)
    ffi.copy(mask, given, 8 * words)
    if dim % 64 > 0 then
      mask[words - 1] = bit.band(mask[words - 1], bit.lshift(1ULL, dim % 64) - 1)
    end
  else
    check.arg(type(given) == "table", fname, "known", "a list of positions or a bitset", given)
    for i = 1, #given do
      local at = given[i]
      check.arg(check.count(at) and at >= 1 and at <= dim, fname, "known",
        ("a position in 1 .. %d at %d"):format(dim, i), at)
      local word = bit.rshift(at - 1, 6)
      mask[word] = bit.bor(mask[word], bit.lshift(1ULL, (at - 1) % 64))
    end
  end
  local _, n = set_slots(mask, dim)
  return mask, n
end

local function is_known(mask, i)
  return bit.band(mask[bit.rshift(i, 6)], bit.lshift(1ULL, i % 64)) ~= 0
end

-- ---- the two ways to a whole

-- x[i] = row i . s, and what is added to it to look for another way.
local function products(source, s, nudge, out)
  local rows, live, dim = source.rows, source.live, source.dim
  for i = 0, source.n - 1 do
    out[i] = C.engram_dot_f32(rows + live[i] * dim, s.data, dim)
  end
  if not nudge then return end
  for i = 0, source.n - 1 do out[i] = out[i] + nudge[i] end
end

local function sum_of(source, weights, out)
  check.status(C.engram_weighted_sum_f32(source.rows, source.live, weights, source.n, source.dim,
    out.data))
end

local function distance(a, b)
  return emath.sqrt(C.engram_squared_l2_f32(a.data, b.data, a.n))
end

-- The dense step. Its energy is beta times that of Ramsauer et al. for patterns scaled to a largest
-- norm of 1, the energy of a state in nats: exp(-energy) is what a mixture of normal distributions
-- around patterns of norm 1 says of it, up to a factor.
local function dense(source, s, mask, o, nudge)
  local n, dim, beta = source.n, source.dim, o.beta / (source.scale * source.scale)
  local x, weights = ffi.new("float[?]", n), ffi.new("float[?]", n)

  local function weigh(how)
    products(source, s, how, x)
    check.status(C.engram_softmax_f32(x, beta, n, weights))
  end

  -- The largest weight is 1 / the sum of exp(beta (x - the largest x)).
  local function energy()
    local at = 0
    for i = 1, n - 1 do
      if x[i] > x[at] then at = i end
    end
    return beta * (s:dot(s) / 2 - x[at]) + emath.log(weights[at]) + emath.log(n) + o.beta / 2
  end

  weigh()
  local energies, iterations, converged, new = { energy() }, 0, false, vec(dim)
  if nudge then weigh(nudge) end
  while not converged and iterations < o.iterations do
    iterations = iterations + 1
    sum_of(source, weights, new)
    for i = 0, dim - 1 do
      if is_known(mask, i) then new.data[i] = s.data[i] end
    end
    converged = distance(s, new) < o.tolerance * source.scale
    s, new = new, s
    weigh()
    energies[iterations + 1] = energy()
  end
  return s, energies, iterations, converged
end

-- W is never made: W s = (X'(X s) - D s) / dim, where D are the sums of the squares of X's columns.
local function ca3(source, s, _, o, nudge)
  local n, dim = source.n, source.dim
  local x, h = ffi.new("float[?]", n), vec(dim)
  local diagonal = ffi.new("double[?]", dim)
  for i = 0, n - 1 do
    local row = source.rows + source.live[i] * dim
    for j = 0, dim - 1 do diagonal[j] = diagonal[j] + row[j] * row[j] end
  end

  local function field(how)
    products(source, s, how, x)
    sum_of(source, x, h)
    for j = 0, dim - 1 do h.data[j] = (h.data[j] - diagonal[j] * s.data[j]) / dim end
  end

  field()
  local energies, iterations, converged = { -s:dot(h) / 2 }, 0, false
  if nudge then field(nudge) end
  local winners = max(1, floor(o.active * dim))
  while not converged and iterations < o.iterations do
    iterations = iterations + 1
    local new = vec(dim)
    check.status(C.engram_sigmoid_f32(h.data, 0, 1, dim, h.data))
    check.status(C.engram_k_winners_f32(h.data, dim, winners, new.data))
    converged = distance(s, new) < o.tolerance
    s = new
    field()
    energies[iterations + 1] = -s:dot(h) / 2
  end
  return s, energies, iterations, converged
end

-- ---- dentate separation

-- completion.dentate { dim =, seed =, expansion =, active = } -> dentate
function completion.dentate(options)
  local fname = "completion.dentate"
  local o = check.options(options, { dim = check.none, seed = 1, expansion = 10, active = 0.05 },
    fname)
  check.arg(check.count(o.dim) and o.dim > 0 and o.dim < 2 ^ 16, fname, "dim", "a row length",
    o.dim)
  check.arg(check.count(o.expansion) and o.expansion > 0 and o.expansion < 2 ^ 10, fname,
    "expansion", "a count of at least 1", o.expansion)
  check.between(o.active, 0, 1, fname, "active")
  local wide = o.dim * o.expansion
  local projection = vec.matrix(o.dim, wide)
  rng.new(o.seed):fill_normal(projection)
  return setmetatable({ dim = o.dim, expansion = o.expansion, projection = projection,
    winners = max(1, floor(o.active * wide)), wide = vec(wide), few = vec(wide) }, methods)
end

-- d:separate(vec) -> vec of length 1: projected to many components, of which the largest few are
-- kept and added up again by their number modulo dim
function methods:separate(v)
  local fname = "dentate:separate"
  check.self(getmetatable(self) == methods, fname)
  check.arg(vec.is(v) and v.n == self.dim, fname, 1, ("a vec of length %d"):format(self.dim), v)
  local n = self.wide.n
  check.status(C.engram_weighted_sum_f32(self.projection.data, nil, v.data, self.dim, n,
    self.wide.data))
  check.status(C.engram_k_winners_f32(self.wide.data, n, self.winners, self.few.data))
  local out = vec(self.dim)
  for i = 0, self.expansion - 1 do
    C.engram_axpy_f32(1, self.few.data + i * self.dim, self.dim, out.data)
  end
  return out:normalize()
end

function methods:__tostring()
  return ("dentate %d, %d of %d active"):format(self.dim, self.winners, self.wide.n)
end

types.register { name = "dentate", metatable = methods, methods = methods, fields = {
  dim = "components of a vector",
  expansion = "times as many are projected to",
  winners = "how many of these stay",
  projection = "the fixed matrix",
} }

local mean_out, variance_out = ffi.new "double[1]", ffi.new "double[1]"

-- ---- evidence

-- Adds a weight to what an id has.
local function give(list, by_id, id, weight)
  local e = by_id[id]
  if not e then
    e = { id = id, weight = 0 }
    by_id[id], list[#list + 1] = e, e
  end
  e.weight = e.weight + weight
end

-- Scales weights to a sum of 1; the mean confidence under them, and the mean direction.
local function settle(list, confidence_of, vector_of, dim)
  local total, confidence, mean = 0, 0, vec(dim)
  for _, e in ipairs(list) do total = total + e.weight end
  for _, e in ipairs(list) do
    e.weight = total > 0 and e.weight / total or 1 / #list
    confidence = confidence + e.weight * confidence_of(e)
    mean:add(vector_of(e):copy():normalize(), e.weight)
  end
  return confidence, mean
end

local function evidence_of(source, v, mask, o)
  local near, by_id, known = {}, {}, {}
  local scores = ffi.new("float[?]", max(source.slots, 1))
  check.status(C.engram_masked_cosine_f32(v.data, source.rows, mask, source.slots, source.dim,
    scores))
  local fade = 1
  for _, hit in ipairs(best(source, scores, o.neighbours)) do
    if hit.score >= o.least then give(near, by_id, hit.id, hit.score * fade) end
    fade = fade * o.decay
  end
  if o.at then
    for id in source.between(o.at - o.window_s, o.at + o.window_s) do
      local left = 1 - math.abs(source.get(id).created - o.at) / o.window_s
      if left > 0 then give(near, by_id, id, left * left) end
    end
  end
  for _, e in ipairs(near) do e.episode = source.get(e.id) end

  for i, pattern in ipairs(o.patterns or {}) do
    local score = ffi.new "float[1]"
    check.status(C.engram_masked_cosine_f32(v.data, pattern.centroid.data, mask, 1, source.dim,
      score))
    if score[0] >= 0.5 and pattern.strength >= 0.3 then
      known[#known + 1] = { pattern = i, weight = score[0] }
    end
  end
  table.sort(known, function(a, b)
    if a.weight ~= b.weight then return a.weight > b.weight end
    return a.pattern < b.pattern
  end)
  for i = o.neighbours + 1, #known do known[i] = nil end

  local local_confidence, local_mean = settle(near,
    function(e) return e.episode.confidence or 1 end,
    function(e) return e.episode.vector end, source.dim)
  local global_confidence, global_mean = settle(known,
    function(e) return o.patterns[e.pattern].strength end,
    function(e) return o.patterns[e.pattern].centroid end, source.dim)
  local agree = #near > 0 and #known > 0 and local_mean:cosine(global_mean) >= 0.8

  -- Each side counts by its confidence; one that is not there does not count.
  local sides = local_confidence + global_confidence
  local all = {}
  for _, side in ipairs { { near, local_confidence, #known },
    { known, global_confidence, #near } } do
    local part = side[3] == 0 and 1 or sides > 0 and side[2] / sides or 0.5
    for _, e in ipairs(side[1]) do
      e.weight = e.weight * part
      e.vector = e.episode and e.episode.vector or o.patterns[e.pattern].centroid
      e.episode = nil
      all[#all + 1] = e
    end
  end
  table.sort(all, function(a, b)
    if a.weight ~= b.weight then return a.weight > b.weight end
    if (a.id == nil) ~= (b.id == nil) then return a.id ~= nil end
    return (a.id or a.pattern) < (b.id or b.pattern)
  end)
  local confidence = sides > 0 and (local_confidence * local_confidence
    + global_confidence * global_confidence) / sides or 0
  all.confidence = agree and min(1, 1.2 * confidence) or confidence
  all.agree = agree
  return all
end

-- ---- how far to believe it

-- completion.plausibility(vec) -> in [0, 1]: whether it is about as long as a memory, and not the
-- same everywhere; its variance counts times its length, so that this is not a matter of it
function completion.plausibility(v)
  v = vec.of(v, "completion.plausibility", 1)
  check.status(C.engram_moments_f32(v.data, v.n, mean_out, variance_out))
  local norm = v:norm()
  local length = norm < 0.5 and norm / 0.5 or norm > 2 and 2 / norm or 1
  return (length + (variance_out[0] * v.n > 0.001 and 1 or 0.3)) / 2
end

-- completion.confidence { converged =, iterations =, limit =, fall =, consensus =, plausibility = }
-- -> in [0, 1]
function completion.confidence(options)
  local fname = "completion.confidence"
  local o = check.options(options, { converged = false, iterations = check.none, limit = 7,
    fall = check.none, consensus = check.none, plausibility = check.none }, fname)
  check.arg(type(o.converged) == "boolean", fname, "converged", "true or false", o.converged)
  check.positive(o.limit, fname, "limit")
  check.between(o.iterations, 0, o.limit, fname, "iterations")
  check.arg(check.finite(o.fall), fname, "fall", "a number", o.fall)
  check.between(o.consensus, 0, 1, fname, "consensus")
  check.between(o.plausibility, 0, 1, fname, "plausibility")
  local confidence = 0.3 * (o.converged and 1 - o.iterations / o.limit or 0)
    + 0.25 * emath.clamp(o.fall / 10, 0, 1) + 0.25 * o.consensus + 0.2 * o.plausibility
  return o.converged and confidence or min(confidence, 0.3)
end

-- completion.metacognition(confidence, alternatives, consistency) -> how sure one should be of the
-- confidence: where other ways lead to much the same, surer
function completion.metacognition(confidence, alternatives, consistency)
  local fname = "completion.metacognition"
  check.between(confidence, 0, 1, fname, 1)
  check.arg(check.count(alternatives), fname, 2, "a count", alternatives)
  if alternatives < 2 then return 0.5 end
  check.between(consistency, -1, 1, fname, 3)
  if consistency >= 0.8 then return 0.9 * confidence + 0.1 end
  return confidence * max(consistency, 0)
end

-- completion.label(confidence) -> "recalled", "consolidated", "reconstructed" or "imagined"
function completion.label(confidence)
  check.between(confidence, 0, 1, "completion.label", 1)
  return confidence >= 0.85 and "recalled" or confidence >= 0.7 and "consolidated"
    or confidence >= 0.5 and "reconstructed" or "imagined"
end

-- ---- the whole

local evidence_known = { vector = check.none, known = check.none, at = check.none,
  patterns = check.none, neighbours = 5, least = 0.7, decay = 0.8, window_s = 3600 }
local known = { method = "dense", beta = 32, iterations = 7, tolerance = 0.01, active = 0.05,
  match = 0.7, gate = 0.7, rng = check.none, alternatives = 3, apart = 0.3, jitter = 0.2 }
for name, default in pairs(evidence_known) do known[name] = default end

local ways = { dense = dense, ca3 = ca3 }

-- What a completion and its evidence begin with: the vector, and which of its components are known.
local function given_of(source, o, fname)
  local v = vec.of(o.vector, fname, "vector")
  check.arg(v.n == source.dim, fname, "vector", ("a vec of length %d"):format(source.dim), v)
  check.arg(o.at == nil or check.finite(o.at), fname, "at", "a time in seconds", o.at)
  check.arg(check.count(o.neighbours) and o.neighbours < 2 ^ 16, fname, "neighbours", "a count",
    o.neighbours)
  check.between(o.least, -1, 1, fname, "least")
  check.between(o.decay, 0, 1, fname, "decay")
  check.positive(o.window_s, fname, "window_s")
  check.arg(o.patterns == nil or type(o.patterns) == "table", fname, "patterns",
    "a list of { centroid =, strength = }", o.patterns)
  for i = 1, #(o.patterns or {}) do
    local pattern = o.patterns[i]
    check.arg(type(pattern) == "table" and vec.is(pattern.centroid)
      and pattern.centroid.n == source.dim and check.finite(pattern.strength), fname, "patterns",
      ("{ centroid =, strength = } at %d"):format(i), pattern)
  end
  local mask, count = known_of(o.known, v.n, fname)
  local start = vec(v.n)
  for i = 0, v.n - 1 do
    if is_known(mask, i) then
      check.arg(check.finite(v.data[i]), fname, "vector", ("a finite number at %d"):format(i + 1),
        v.data[i])
      start.data[i] = v.data[i]
    end
  end
  return start, mask, count
end

-- completion.evidence(memory, bank or episodes, { vector =, known =, at =, patterns =, ... }) ->
-- list of { id =, weight =, vector = } and { pattern =, weight =, vector = }, the heaviest first,
-- with `confidence` and `agree`
function completion.evidence(from, options)
  local fname = "completion.evidence"
  local o = check.options(options, evidence_known, fname)
  local source = source_of(from, fname)
  local start, mask = given_of(source, o, fname)
  return evidence_of(source, start, mask, o)
end

local function match_of(source, s)
  local scores = ffi.new("float[?]", source.slots)
  check.status(C.engram_cosines_f32(s.data, source.rows, source.norms, source.slots, source.dim,
    scores))
  local found = best(source, scores, 1)[1]
  return found.id, found.score
end

-- Other wholes from the same part, found from products that are a little off: those at least
-- `apart` from the first and from each other.
local function alternatives_of(source, start, mask, o, s)
  local list, nudge = {}, ffi.new("float[?]", source.n)
  for _ = 1, 4 * o.alternatives do
    if #list == o.alternatives then break end
    for i = 0, source.n - 1 do
      nudge[i] = (2 * o.rng:uniform() - 1) * o.jitter * source.scale * source.scale
    end
    local other = ways[o.method](source, start:copy(), mask, o, nudge)
    local new = distance(other, s) >= o.apart * source.scale
    for _, there in ipairs(list) do
      new = new and distance(other, there.vector) >= o.apart * source.scale
    end
    if new then
      local id, cosine = match_of(source, other)
      list[#list + 1] = { vector = other, id = cosine > o.match and id or nil, cosine = cosine }
    end
  end
  return list
end

local function check_known(o, fname)
  check.arg(ways[o.method], fname, "method", '"dense" or "ca3"', o.method)
  check.positive(o.beta, fname, "beta")
  check.arg(check.count(o.iterations) and o.iterations > 0, fname, "iterations",
    "a count of at least 1", o.iterations)
  check.at_least(o.tolerance, 0, fname, "tolerance")
  check.between(o.active, 0, 1, fname, "active")
  check.between(o.match, -1, 1, fname, "match")
  check.between(o.gate, 0, 1, fname, "gate")
  check.arg(o.rng == nil or rng.is(o.rng), fname, "rng", "an rng", o.rng)
  check.arg(check.count(o.alternatives), fname, "alternatives", "a count", o.alternatives)
  check.at_least(o.apart, 0, fname, "apart")
  check.at_least(o.jitter, 0, fname, "jitter")
end

-- completion.complete(memory, bank or episodes, { vector =, known =, method =, ... }) -> { vector
-- =, id =, cosine =, confidence =, ... }, or nil and why there is none
function completion.complete(from, options)
  local fname = "completion.complete"
  local o = check.options(options, known, fname)
  check_known(o, fname)
  local source = source_of(from, fname)
  local start, mask, count = given_of(source, o, fname)
  local needed = floor((source.dim + 2) / 3)
  if count < needed then
    return nil, ("insufficient: %d of %d components are known, %d are needed"):format(count,
      source.dim, needed)
  end
  source.scale = 0
  for i = 0, source.n - 1 do source.scale = max(source.scale, source.norms[source.live[i]]) end
  if source.scale == 0 then return nil, "insufficient: there is nothing to complete it from" end

  local s, energies, iterations, converged = ways[o.method](source, start:copy(), mask, o)
  local id, cosine = match_of(source, s)
  local evidence, consensus = evidence_of(source, start, mask, o), 0
  for _, e in ipairs(evidence) do
    consensus = consensus + e.weight * max(s:cosine(e.vector), 0)
  end
  local plausibility = completion.plausibility(s:copy():scale(1 / source.scale))
  local confidence = completion.confidence { converged = converged, iterations = iterations,
    limit = o.iterations, fall = energies[1] - energies[#energies], consensus = min(consensus, 1),
    plausibility = plausibility }
  local result = { vector = s, id = cosine > o.match and id or nil, cosine = cosine,
    confidence = confidence, accepted = confidence >= o.gate, source = completion.label(confidence),
    converged = converged, iterations = iterations, energies = energies, consensus = consensus,
    plausibility = plausibility, evidence = evidence }
  if o.rng then
    local others, sum = alternatives_of(source, start, mask, o, s), 0
    for _, other in ipairs(others) do sum = sum + s:cosine(other.vector) end
    result.alternatives = others
    result.metacognition = completion.metacognition(confidence, #others,
      #others > 0 and sum / #others or 0)
  end
  return result
end

return completion
