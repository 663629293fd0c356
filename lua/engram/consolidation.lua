-- engram.consolidation: what many memories share becomes one: episodes are replayed, grouped, and
-- turned into concepts.
-- SPDX-License-Identifier: MIT
--
-- Episodes are learnt at once and one by one; what they have in common is learnt slowly, by
-- replaying them among each other (McClelland, McNaughton & O'Reilly 1995). The replay is seen in
-- sleep (Wilson & McNaughton 1994) and differs by its stages (Diekelmann & Born 2010). Over months
-- the traces of single episodes give way to what is general (Takashima et al. 2006), and what fits
-- a schema that is already there is taken in fast (Tse et al. 2007).
--
-- Groups are made by agglomeration with centroid linkage (Sokal & Michener 1958): the two that are
-- most alike become one, until none are alike enough. Episodes count by their directions, and a
-- group is like another as the sums of their directions are. All orders are fixed: by ascending id,
-- and among equals the pair of the lowest ids, so that the order in which a script hands over its
-- episodes changes nothing.
local ffi = require "ffi"
local C = require "engram.ffi"
local bank = require "engram.bank"
local check = require "engram.check"
local episodes = require "engram.episodes"
local hits = require "engram.hits"
local emath = require "engram.math"
local memory = require "engram.memory"
local progress = require "engram.progress"
local rng = require "engram.rng"
local types = require "engram.types"
local vec = require "engram.vec"

local exp, max, min = emath.exp, math.max, math.min
local DAY = 86400

local consolidation, methods = {}, {}
methods.__index = methods

-- ---- episodes as arrays

-- Episodes in ascending order of their ids, their vectors as rows of length 1: { n =, dim =, rows =
-- float[n * dim], [1 .. n] = episodes }. What has no direction stays 0, which nothing is like.
local function directions(list, dim)
  local n = #list
  local set = { n = n, dim = dim, rows = ffi.new("float[?]", n * dim) }
  for i = 1, n do
    set[i] = list[i]
    local v = vec.over(set.rows + (i - 1) * dim, dim, set.rows)
    ffi.copy(v.data, list[i].vector.data, 4 * dim)
    v:normalize()
  end
  return set
end

-- Those of a bank, which knows neither times nor confidences, or of a list of tables.
local function listed(given, fname)
  local list = given
  if bank.is(given) then
    list = {}
    bank.bitset(given, function(id) list[#list + 1] = { id = id } end, fname)
    for _, e in ipairs(list) do e.vector = given:row(e.id) end
  end
  return episodes.list(list, fname, "a bank or a list of episodes")
end

local function gather(given, fname) return directions(listed(given, fname)) end

-- ---- agglomeration

local the_hit, the_count = ffi.new "struct engram_hit[1]", hits.count_out

-- Groups of one episode each. Row i holds the sum of a group's directions, under the number of its
-- first episode; the row of a group that went into another is 0. tau_s: alikeness fades with the
-- time between the mean times of two groups, by exp(-dt / tau_s), now being the time of episodes
-- without one; nil: it does not.
local function singles(set, tau_s, now)
  local n, dim = set.n, set.dim
  local g = { n = n, dim = dim, tau_s = tau_s, members = {}, rows = ffi.new("float[?]", n * dim),
    norms = ffi.new("float[?]", n), scores = ffi.new("float[?]", n), time = ffi.new("double[?]", n),
    near = ffi.new("int32_t[?]", n), best = ffi.new("double[?]", n) }
  ffi.copy(g.rows, set.rows, 4 * n * dim)
  check.status(C.engram_norms_f32(g.rows, n, dim, g.norms))
  for i = 0, n - 1 do
    g.members[i], g.time[i], g.best[i] = { i + 1 }, set[i + 1].created or now or 0, -1
  end
  return g
end

-- g.scores[first ..]: how alike group i is to those of higher number.
local function compare(g, i, first)
  check.status(C.engram_cosines_f32(g.rows + i * g.dim, g.rows + first * g.dim, g.norms + first,
    g.n - first, g.dim, g.scores + first))
  if not g.tau_s then return end
  for j = first, g.n - 1 do
    local dt = math.abs(g.time[i] - g.time[j])
    g.scores[j] = g.scores[j] * C.engram_exp(-dt / g.tau_s)
  end
end

-- The group most like group i among those of higher number, if it is alike enough.
local function seek(g, i, bar)
  g.best[i] = -1
  if i + 1 == g.n then return end
  compare(g, i, i + 1)
  the_count[0] = 0
  check.status(C.engram_top_k_f32(g.scores + i + 1, g.n - i - 1, i + 1, nil, nil, 1, the_hit,
    the_count))
  if the_count[0] == 1 and the_hit[0].score >= bar then
    g.near[i], g.best[i] = tonumber(the_hit[0].id), the_hit[0].score
  end
end

-- Group b becomes part of group a.
local function join(g, a, b)
  local into, from = g.members[a], g.members[b]
  g.time[a] = (g.time[a] * #into + g.time[b] * #from) / (#into + #from)
  for _, member in ipairs(from) do into[#into + 1] = member end
  local row, dim = g.rows + a * g.dim, g.dim
  C.engram_axpy_f32(1, g.rows + b * dim, dim, row)
  g.norms[a] = C.engram_norm_f32(row, dim)
  ffi.fill(g.rows + b * dim, 4 * dim)
  g.norms[b], g.best[b], g.members[b] = 0, -1, nil
end

-- Joins the two groups that are most alike while they are alike by at least `bar`, > 0. Each group
-- knows its nearest among those of higher number; after a join those are compared with the new
-- group, and only those that had one of the two as their nearest look at all others again.
local function join_alike(tell, g, bar)
  local n, best, near, stale = g.n, g.best, g.near, {}
  for i = 0, n - 1 do
    seek(g, i, bar)
    tell:step()
  end
  while true do
    local a, most = -1, 0
    for i = 0, n - 1 do
      if best[i] > most then a, most = i, best[i] end
    end
    if a < 0 then return end
    local b = near[a]
    join(g, a, b)
    compare(g, a, 0)
    local count = 1
    stale[1] = a
    for i = 0, b - 1 do
      local score = g.scores[i]
      if best[i] > 0 and (near[i] == b or near[i] == a) and i ~= a then
        count = count + 1
        stale[count] = i
      elseif i < a and score >= bar
        and (score > best[i] or score == best[i] and a < near[i]) then
        near[i], best[i] = a, score
      end
    end
    for i = 1, count do seek(g, stale[i], bar) end
    tell:step()
  end
end

local function agglomerate(g, bar)
  progress.during({ total = 2 * g.n, label = "grouping" }, join_alike, g, bar)
end

-- Groups of at least `least`, in ascending order of their first episodes; smaller ones end.
local function large(g, least)
  local list = {}
  for i = 0, g.n - 1 do
    local members = g.members[i]
    if members and #members >= least then
      table.sort(members)
      list[#list + 1] = members
    elseif members then
      ffi.fill(g.rows + i * g.dim, 4 * g.dim)
      g.norms[i], g.members[i] = 0, nil
    end
  end
  return list
end

-- The weighted sum of some directions, of length 1, and their ids.
local function centroid_of(set, members, weight_of)
  local n = #members
  local rows, weights, ids = ffi.new("uint32_t[?]", n), ffi.new("float[?]", n), {}
  for i, member in ipairs(members) do
    rows[i - 1], weights[i - 1] = member - 1, weight_of(set[member])
    ids[i] = set[member].id
  end
  local centroid = vec(set.dim)
  check.status(C.engram_weighted_sum_f32(set.rows, rows, weights, n, set.dim, centroid.data))
  return centroid:normalize(), ids
end

local function mean_cosine(set, members, v)
  local sum = 0
  for _, member in ipairs(members) do
    sum = sum + C.engram_cosine_f32(v.data, set.rows + (member - 1) * set.dim, set.dim)
  end
  return sum / #members
end

-- ---- patterns

-- consolidation.significance(strength, n) -> the chance of a group of n or more where 2 / strength
-- are expected: the tail of chi^2 = (n - e)^2 / e with one degree of freedom, 1 for n <= e.
function consolidation.significance(strength, n)
  local fname = "consolidation.significance"
  check.positive(strength, fname, 1)
  check.arg(check.count(n), fname, 2, "a count", n)
  local expected = 2 / strength
  if n <= expected then return 1 end
  local chi2 = (n - expected) * (n - expected) / expected
  return emath.erfc(emath.sqrt(chi2 / 2))
end

-- consolidation.cluster(bank or episodes, { similarity =, least =, merge =, most =, significance =
-- }) -> list of { ids =, centroid =, strength = }, the strongest first
function consolidation.cluster(given, options)
  local fname = "consolidation.cluster"
  local o = check.options(options, { similarity = 0.8, least = 3, merge = 0.9, most = 100,
    significance = check.none }, fname)
  for _, name in ipairs { "similarity", "merge" } do
    check.between(check.positive(o[name], fname, name), 0, 1, fname, name)
  end
  check.arg(check.count(o.least) and o.least > 0, fname, "least", "a count of at least 1", o.least)
  check.arg(check.count(o.most), fname, "most", "a count", o.most)
  if o.significance then check.between(o.significance, 0, 1, fname, "significance") end

  local set = gather(given, fname)
  local g, clusters = singles(set), {}
  agglomerate(g, o.similarity)
  local groups = large(g, o.least)
  if o.merge < o.similarity then
    agglomerate(g, o.merge)
    groups = large(g, o.least)
  end
  for _, members in ipairs(groups) do
    local centroid, ids = centroid_of(set, members, function() return 1 / #members end)
    local strength = mean_cosine(set, members, centroid)
    if not o.significance
      or strength > 0 and consolidation.significance(strength, #ids) < o.significance then
      clusters[#clusters + 1] = { ids = ids, centroid = centroid, strength = strength }
    end
  end
  table.sort(clusters, function(a, b)
    if a.strength ~= b.strength then return a.strength > b.strength end
    return a.ids[1] < b.ids[1]
  end)
  for i = o.most + 1, #clusters do clusters[i] = nil end
  return clusters
end

-- ---- concepts

local STEEP, MIDDLE = 10, 0.5

-- consolidation.similarity(cosine, dt_s) -> how far two episodes belong together, in (0, 1): half
-- for a cosine of a half at the same time, and the less the more time lies between them.
function consolidation.similarity(cosine, dt_s)
  local fname = "consolidation.similarity"
  check.arg(check.finite(cosine), fname, 1, "a number", cosine)
  check.arg(check.finite(dt_s), fname, 2, "a number", dt_s)
  return emath.sigmoid(STEEP * (cosine * exp(-math.abs(dt_s) / DAY) - MIDDLE))
end

-- The mean similarity over all pairs of a group.
local function coherence_of(set, members, now)
  local part = { dim = set.dim, n = #members, rows = ffi.new("float[?]", #members * set.dim) }
  for i, member in ipairs(members) do
    part[i] = set[member]
    ffi.copy(part.rows + (i - 1) * set.dim, set.rows + (member - 1) * set.dim, 4 * set.dim)
  end
  local g, sum = singles(part, DAY, now), 0
  for i = 0, g.n - 2 do
    compare(g, i, i + 1)
    local scores, n = g.scores + i + 1, g.n - i - 1
    check.status(C.engram_sigmoid_f32(scores, MIDDLE, 1 / STEEP, n, scores))
    for j = 0, n - 1 do sum = sum + scores[j] end
  end
  return 2 * sum / (g.n * (g.n - 1))
end

local function form(set, now, least, similarity, coherence)
  local g, list = singles(set, DAY, now), {}
  agglomerate(g, MIDDLE + emath.log(similarity / (1 - similarity)) / STEEP)
  for _, members in ipairs(large(g, least)) do
    local c = coherence_of(set, members, now)
    if c >= coherence then
      local youngest, total = math.huge, 0
      for _, member in ipairs(members) do
        youngest = min(youngest, max(now - (set[member].created or now), 0))
      end
      -- Ages are taken from the youngest's, which the scaling to 1 makes equal to ages from now,
      -- so that the weights of old episodes do not vanish all together.
      local function weight_of(e)
        local age = max(now - (e.created or now), 0)
        return exp((youngest - age) / DAY) * (e.confidence or 1)
      end
      for _, member in ipairs(members) do total = total + weight_of(set[member]) end
      local centroid, ids = centroid_of(set, members, function(e)
        return total > 0 and weight_of(e) / total or 1 / #members
      end)
      list[#list + 1] = { ids = ids, centroid = centroid, coherence = c }
    end
  end
  return list
end

local function check_limits(o, fname)
  check.arg(check.count(o.least) and o.least > 1, fname, "least", "a count of at least 2", o.least)
  check.between(o.similarity, 0.01, 0.99, fname, "similarity")
  check.between(o.coherence, 0, 1, fname, "coherence")
end

local function check_now(now, fname)
  check.arg(check.finite(now), fname, "now", "a time in seconds", now)
end

-- consolidation.form(bank or episodes, { now =, least =, similarity =, coherence = }) -> list of {
-- ids =, centroid =, coherence = } in ascending order of their first ids
function consolidation.form(given, options)
  local fname = "consolidation.form"
  local o = check.options(options, { now = check.none, least = 3, similarity = 0.55,
    coherence = 0.65 }, fname)
  check_now(o.now, fname)
  check_limits(o, fname)
  return form(gather(given, fname), o.now, o.least, o.similarity, o.coherence)
end

-- consolidation.stages[name]: by how much a stage's replay counts; how likely it forms a concept
-- that is new; how many episodes it replays in a cycle; how often a concept must have been replayed
-- to be promoted in it.
consolidation.stages = {
  nrem2 = { replay = 1.5, formation = 0.15, capacity = 100, cycles = 3 },
  nrem3 = { replay = 1.2, formation = 0.08, capacity = 80, cycles = 2 },
  rem = { replay = 0.8, formation = 0.03, capacity = 50, cycles = 5 },
  wake = { replay = 0.5, formation = 0.01, capacity = 20, cycles = 10 },
}

local known_stage = { replay = check.none, formation = check.none, capacity = check.none,
  cycles = check.none }

local function stage_of(given, fname, position)
  local stage = consolidation.stages[given] or given
  check.arg(type(stage) == "table", fname, position, "a stage: nrem2, nrem3, rem or wake", given)
  check.options(stage, known_stage, fname)
  check.positive(stage.replay, fname, "replay")
  check.between(stage.formation, 0, 1, fname, "formation")
  for _, name in ipairs { "capacity", "cycles" } do
    check.arg(check.count(stage[name]), fname, name, "a count", stage[name])
  end
  return stage
end

local mean_out, variance_out = ffi.new "double[1]", ffi.new "double[1]"

-- consolidation.ready(activations) -> whether there is much to sort out: at least 10 values, their
-- mean in (0.3, 0.7), their variance above 0.1; and these two
function consolidation.ready(activations)
  local v = vec.of(activations, "consolidation.ready", 1)
  check.status(C.engram_moments_f32(v.data, v.n, mean_out, variance_out))
  local mean, variance = mean_out[0], variance_out[0]
  return v.n >= 10 and mean > 0.3 and mean < 0.7 and variance > 0.1, mean, variance
end

-- ---- concepts that are about to be

local defaults = { least = 3, similarity = 0.55, coherence = 0.65, episodes = 10, most_new = 5,
  overlap = 0.5, alike = 0.9, gain = 0.02, promotion = 0.1, replays = 3, idle = 50, weak = 0.05,
  trial = 20 }
local counts = { "episodes", "most_new", "replays", "idle", "trial" }
local numbers = { "overlap", "alike", "gain", "promotion", "weak" }

-- consolidation.new { least =, similarity =, coherence =, ... } -> consolidation
function consolidation.new(options)
  local fname = "consolidation.new"
  local o = check.options(options, defaults, fname)
  check_limits(o, fname)
  for _, name in ipairs(counts) do
    check.arg(check.count(o[name]), fname, name, "a count", o[name])
  end
  for _, name in ipairs(numbers) do check.at_least(o[name], 0, fname, name) end
  return setmetatable({ options = o, cycles = 0, protos = {} }, methods)
end

local function take_in(proto, ids)
  for _, id in ipairs(ids) do
    if not proto.has[id] then
      proto.has[id] = true
      proto.ids[#proto.ids + 1] = id
    end
  end
  table.sort(proto.ids)
end

-- The proto-concept that a group belongs to: the one that has most of its episodes, if that is a
-- share of at least `overlap`; otherwise the one that points the same way. Among equals the older.
local function recognise(self, group)
  local o, found, most = self.options, nil, 0
  for _, proto in ipairs(self.protos) do
    local shared = 0
    for _, id in ipairs(group.ids) do shared = shared + (proto.has[id] and 1 or 0) end
    if shared > most and shared >= o.overlap * #group.ids then found, most = proto, shared end
  end
  if found then return found end
  for _, proto in ipairs(self.protos) do
    local cosine = proto.centroid:cosine(group.centroid)
    if cosine > most and cosine >= o.alike then found, most = proto, cosine end
  end
  return found
end

-- A cycle makes a proto-concept stronger once, however many groups belong to it, and moves it
-- towards each by the weight of the stage.
local function strengthen(self, proto, group, stage)
  proto.centroid:scale(proto.weight):add(group.centroid, stage.replay):normalize()
  proto.weight = proto.weight + stage.replay
  proto.coherence = group.coherence
  take_in(proto, group.ids)
  if proto.seen == self.cycles then return end
  proto.seen, proto.replays = self.cycles, proto.replays + 1
  proto.strength = min(1, proto.strength + self.options.gain)
end

-- What was not replayed for long, or stays weak, goes; a concept stays.
local function drop(self)
  local o, kept = self.options, {}
  for _, proto in ipairs(self.protos) do
    local idle, age = self.cycles - proto.seen, self.cycles - proto.born
    if proto.concept or not (idle >= o.idle or age >= o.trial and proto.strength < o.weak) then
      kept[#kept + 1] = proto
    end
  end
  local dropped = #self.protos - #kept
  self.protos = kept
  return dropped
end

-- The episodes that a stage replays: those of most confidence, then the youngest.
local function replayed(list, capacity)
  local chosen = {}
  for i = 1, #list do chosen[i] = list[i] end
  table.sort(chosen, function(a, b)
    local x, y = a.confidence or 1, b.confidence or 1
    if x ~= y then return x > y end
    x, y = a.created or 0, b.created or 0
    if x ~= y then return x > y end
    return a.id < b.id
  end)
  for i = capacity + 1, #chosen do chosen[i] = nil end
  table.sort(chosen, function(a, b) return a.id < b.id end)
  return chosen
end

-- One cycle over a list of episodes; on_group(report) may end it by returning false.
local function cycle(self, list, stage, now, random, on_group)
  local o, report = self.options, { episodes = 0, groups = 0, formed = 0, dropped = 0,
    replayed = {}, ready = {}, complete = true }
  local chosen = replayed(list, stage.capacity)
  if #chosen < o.episodes then return report end
  self.cycles = self.cycles + 1
  report.episodes = #chosen
  local set = directions(chosen, chosen[1] and chosen[1].vector.n or 1)
  for _, group in ipairs(form(set, now, o.least, o.similarity, o.coherence)) do
    local proto = recognise(self, group)
    report.groups = report.groups + 1
    if not proto and report.formed < o.most_new
      and (not random or random:uniform() < stage.formation) then
      proto = { ids = {}, has = {}, centroid = vec(set.dim), weight = 0, strength = 0, replays = 0,
        born = self.cycles, seen = 0 }
      self.protos[#self.protos + 1] = proto
      report.formed = report.formed + 1
    end
    if proto then
      strengthen(self, proto, group, stage)
      for _, id in ipairs(group.ids) do report.replayed[#report.replayed + 1] = id end
    end
    if on_group and on_group(report) == false then
      report.complete = false
      break
    end
  end
  if report.complete then report.dropped = drop(self) end
  for _, proto in ipairs(self.protos) do
    if not proto.concept and proto.strength >= o.promotion - 1e-6
      and proto.replays >= max(o.replays, stage.cycles) then -- coherent it is, as its groups are
      report.ready[#report.ready + 1] = proto
    end
  end
  return report
end

local function check_self(self, fname)
  check.self(getmetatable(self) == methods, fname)
end

local function check_calls(o, fname)
  check_now(o.now, fname)
  check.arg(o.rng == nil or rng.is(o.rng), fname, "rng", "an rng", o.rng)
  for _, name in ipairs { "progress", "describe" } do
    check.arg(o[name] == nil or type(o[name]) == "function", fname, name, "a function", o[name])
  end
end

-- c:cycle(episodes, { now =, stage =, rng =, progress = }) -> report
function methods:cycle(given, options)
  local fname = "consolidation:cycle"
  check_self(self, fname)
  local o = check.options(options, { now = check.none, stage = "nrem2", rng = check.none,
    progress = check.none }, fname)
  check_calls(o, fname)
  local stage = stage_of(o.stage, fname, "stage")
  return cycle(self, listed(given, fname), stage, o.now, o.rng, o.progress)
end

-- ---- a night over a memory

-- What is no longer there, or archived, is no longer part of a proto-concept; one whose concept is
-- gone goes with it.
local function prune(self, present)
  local kept = {}
  for _, proto in ipairs(self.protos) do
    if not proto.concept or present[proto.concept] then
      local left = {}
      for _, id in ipairs(proto.ids) do
        if present[id] then left[#left + 1] = id end
      end
      proto.ids, proto.has, kept[#kept + 1] = {}, {}, proto
      take_in(proto, left)
    end
  end
  self.protos = kept
end

local function weight_of(proto, episode)
  return min(1, max(0, proto.centroid:cosine(episode.vector)))
end

-- A proto-concept becomes a memory, linked both ways with its episodes. A full memory makes room
-- for it, maybe by one of them.
local function promote(self, mem, proto, o, report, present)
  if #proto.ids == 0 then return end
  local links, members, confidence = {}, {}, 0
  for i, id in ipairs(proto.ids) do
    members[i] = mem:get(id)
    links[i] = { to = id, weight = weight_of(proto, members[i]), both = true }
    confidence = confidence + members[i].confidence
  end
  local id, _, evicted = mem:remember { vector = proto.centroid, at = o.now, class = o.class,
    confidence = confidence / #members, links = links,
    content = o.describe and o.describe(members) or nil }
  proto.concept, present[id] = id, true
  if evicted then
    present[evicted] = nil
    prune(self, present)
  end
  report.promoted[#report.promoted + 1] = id
end

-- Where links lead that leave a memory, as a set.
local function targets_of(mem, id)
  local set = {}
  for _, link in ipairs(mem:links(id)) do set[link.to] = true end
  return set
end

-- A concept that was replayed moves with its proto-concept and is linked with what is new in it.
local function follow(mem, proto, now)
  mem:update(proto.concept, { vector = proto.centroid, now = now })
  local linked = targets_of(mem, proto.concept)
  for _, id in ipairs(proto.ids) do
    if not linked[id] then
      mem:link(proto.concept, id, { weight = weight_of(proto, mem:get(id)), both = true,
        now = now })
    end
  end
end

-- Episodes that their concepts can stand for: old, not quite sure, and like it.
local function replaceable(self, mem, o)
  local list = {}
  for _, proto in ipairs(self.protos) do
    for _, id in ipairs(proto.concept and proto.ids or {}) do
      local e = mem:get(id)
      if o.now - e.created > o.age_s and e.confidence < o.confidence and not e.pinned
        and proto.centroid:cosine(e.vector) >= o.cosine then
        list[#list + 1] = { id = id, concept = proto.concept }
      end
    end
  end
  return list
end

local function note(incoming, source, target, link)
  local list = incoming[target]
  if list then list[#list + 1] = { from = source, weight = link.weight, class = link.class } end
end

-- Links that lead to some memories, by target.
local function links_to(mem, list)
  local incoming = {}
  for _, e in ipairs(list) do incoming[e.id] = {} end
  progress.during({ total = #mem, label = "compacting", unit = "memories" }, function(tell)
    for source in mem:each() do
      for _, link in ipairs(mem:links(source)) do note(incoming, source, link.to, link) end
      tell:step()
    end
  end)
  return incoming
end

-- Concepts take the links of the episodes that they stand for, except where they have one.
local function compact(self, mem, o, present, report)
  local list = replaceable(self, mem, o)
  if #list == 0 then return end
  local incoming, targets = links_to(mem, list), {}

  local function connect(source, target, link)
    targets[source] = targets[source] or targets_of(mem, source)
    if source == target or targets[source][target] then return end
    targets[source][target] = true
    mem:link(source, target, { weight = link.weight, class = link.class, now = o.now })
    note(incoming, source, target, link)
  end

  for _, e in ipairs(list) do
    for _, link in ipairs(mem:links(e.id)) do connect(e.concept, link.to, link) end
    for _, link in ipairs(incoming[e.id]) do connect(link.from, e.concept, link) end
  end
  for _, e in ipairs(list) do
    if present[e.id] then -- and not that of another concept as well
      present[e.id] = nil
      if o.compact == "forget" then
        mem:forget(e.id, { now = o.now })
        report.forgotten[#report.forgotten + 1] = e.id
      else
        mem:archive(e.id, true, { now = o.now })
        report.archived[#report.archived + 1] = e.id
      end
    end
  end
  prune(self, present)
end

local night_known = { now = check.none, stages = { "nrem2", "nrem3", "rem" }, rng = check.none,
  filter = check.none, class = 1, reinforce = 0.02, describe = check.none, compact = "archive",
  age_s = 7 * DAY, confidence = 0.95, cosine = 0.8, progress = check.none }
local ways = { archive = true, forget = true, keep = true }

local function night_options(options, fname)
  local o = check.options(options, night_known, fname)
  check_calls(o, fname)
  check.arg(type(o.stages) == "table", fname, "stages", "a list of stages", o.stages)
  local stages = {}
  for i = 1, #o.stages do stages[i] = stage_of(o.stages[i], fname, "stages") end
  o.stages = stages
  check.arg(check.count(o.class) and o.class < 256, fname, "class", "a class, 0 .. 255", o.class)
  check.between(o.reinforce, 0, 1, fname, "reinforce")
  check.arg(ways[o.compact], fname, "compact", '"archive", "forget" or "keep"', o.compact)
  check.at_least(o.age_s, 0, fname, "age_s")
  check.between(o.confidence, 0, 1, fname, "confidence")
  check.between(o.cosine, -1, 1, fname, "cosine")
  return o
end

-- c:night(mem, { now =, stages =, ... }) -> report. Cycles of these stages, then practice for
-- what was replayed, then compaction.
function methods:night(mem, options)
  local fname = "consolidation:night"
  check_self(self, fname)
  check.arg(memory.is(mem), fname, 1, "a memory", mem)
  local o = night_options(options, fname)

  local present, all = {}, {}
  for id in mem:each { archived = false } do present[id] = true end
  progress.during({ total = mem:count(o.filter), label = "gathering", unit = "memories" },
    function(tell)
      for id in mem:each(o.filter) do
        local item = present[id] and mem:get(id)
        if item and item.class ~= o.class then all[#all + 1] = item end
        tell:step()
      end
    end)
  prune(self, present)
  local report = { cycles = 0, episodes = 0, groups = 0, formed = 0, dropped = 0, promoted = {},
    reinforced = {}, archived = {}, forgotten = {}, complete = true }

  local amounts, first = {}, self.cycles
  for _, stage in ipairs(o.stages) do
    local groups, there = report.groups, {}
    for _, e in ipairs(all) do
      if present[e.id] then there[#there + 1] = e end
    end
    local done = cycle(self, there, stage, o.now, o.rng, o.progress and function(so_far)
      report.groups = groups + so_far.groups
      return o.progress(report)
    end)
    report.cycles, report.groups = self.cycles - first, groups + done.groups
    report.episodes = max(report.episodes, done.episodes)
    report.formed, report.dropped = report.formed + done.formed, report.dropped + done.dropped
    for _, id in ipairs(done.replayed) do amounts[id] = (amounts[id] or 0) + stage.replay end
    for _, proto in ipairs(done.ready) do promote(self, mem, proto, o, report, present) end
    report.complete = done.complete
    if not done.complete then break end
  end

  for _, proto in ipairs(self.protos) do
    if proto.concept and proto.seen > first then
      follow(mem, proto, o.now)
      amounts[proto.concept] = (amounts[proto.concept] or 0) + 1
    end
  end
  for id in mem:each() do
    if amounts[id] and o.reinforce > 0 then report.reinforced[#report.reinforced + 1] = id end
  end
  for _, id in ipairs(report.reinforced) do
    mem:reinforce(id, { amount = min(1, o.reinforce * amounts[id]), now = o.now })
  end
  if report.complete and o.compact ~= "keep" then compact(self, mem, o, present, report) end
  return report
end

-- ---- as plain data

local saved = { "weight", "strength", "coherence", "replays", "born", "seen", "concept" }

-- c:save() -> a table of numbers, text and tables alone
function methods:save()
  check_self(self, "consolidation:save")
  local state = { cycles = self.cycles, options = {}, protos = {} }
  for name in pairs(defaults) do state.options[name] = self.options[name] end
  for i, proto in ipairs(self.protos) do
    local copy = { ids = {}, centroid = proto.centroid:table() }
    for j, id in ipairs(proto.ids) do copy.ids[j] = id end
    for _, name in ipairs(saved) do copy[name] = proto[name] end
    state.protos[i] = copy
  end
  return state
end

-- consolidation.load(state) -> the consolidation that was saved
function consolidation.load(state)
  local fname = "consolidation.load"
  local function expect(right)
    check.arg(right, fname, 1, "what consolidation:save gave", state)
  end
  expect(type(state) == "table" and check.count(state.cycles) and type(state.protos) == "table")
  local self = consolidation.new(state.options)
  self.cycles = state.cycles
  for i, copy in ipairs(state.protos) do
    expect(type(copy) == "table" and type(copy.ids) == "table" and type(copy.centroid) == "table")
    local proto = { ids = {}, has = {}, centroid = vec.of(copy.centroid, fname, 1) }
    for _, id in ipairs(copy.ids) do expect(check.id(id)) end
    take_in(proto, copy.ids)
    for _, name in ipairs(saved) do
      expect(check.finite(copy[name]) or name == "concept" and copy[name] == nil)
      proto[name] = copy[name]
    end
    self.protos[i] = proto
  end
  return self
end

function methods:__tostring()
  return ("consolidation, %d cycles, %d proto-concepts"):format(self.cycles, #self.protos)
end

types.register { name = "consolidation", metatable = methods, methods = methods, fields = {
  options = "those of engram.consolidation.new",
  cycles = "how many there were",
  protos = "the proto-concepts, a list",
} }

return consolidation
