-- engram.interference: what similar memories, and the many facts about one thing, cost.
-- SPDX-License-Identifier: MIT
--
-- What was learnt before makes the new harder to recall (proactive interference; Underwood 1957),
-- what is learnt afterwards the old (retroactive; McGeoch 1942; Anderson & Neely 1996). A concept
-- in many facts leads to each of them more slowly (the fan effect; Anderson 1974). ACT-R explains
-- that by a limited amount of activation (Anderson & Reder 1999): concept j activates a fact with
-- S - ln(fan of j), and what is less active takes longer, F * exp(-activation).
--
-- A memory here is a table { id =, created =, vector = }, as of engram.memory's get. In a list of
-- others an item may have a `similarity`, as from a search in a bank, instead of its vector.
local M = require "engram.math"
local check = require "engram.check"
local graph = require "engram.graph"
local vec = require "engram.vec"

local at_least, between = check.at_least, check.between
local max, min = math.max, math.min
local HOUR = 3600

local interference = {}

-- ---- similar memories

local function created_of(item, fname, position)
  check.arg(type(item) == "table" and check.finite(item.created), fname, position,
    "a memory with its time in created", item)
  return item.created
end

local function similarity_of(item, target, fname)
  if item.similarity then return between(item.similarity, -1, 1, fname, "similarity") end
  check.arg(vec.is(item.vector), fname, "vector", "a vec", item.vector)
  check.arg(vec.is(target.vector), fname, "vector", "a vec", target.vector)
  return target.vector:cosine(item.vector)
end

-- How many of the items were created after `from` and before `to`, the target's own apart, and are
-- at least so similar to it; and the sum of their similarities.
local function similar(target, items, from, to, least, fname)
  check.arg(type(items) == "table", fname, 2, "a table of memories", items)
  local count, sum = 0, 0
  for i = 1, #items do
    local item = items[i]
    local created = created_of(item, fname, 2)
    if created >= from and created <= to and created ~= target.created
      and (item.id == nil or item.id ~= target.id) then
      local similarity = similarity_of(item, target, fname)
      if similarity >= least then count, sum = count + 1, sum + similarity end
    end
  end
  return count, sum
end

-- interference.proactive(target, items [, options]) -> the share of confidence that similar
-- memories of the hours before cost, and how many they are
function interference.proactive(target, items, options)
  local fname = "interference.proactive"
  local o = check.options(options, { window_s = 6 * HOUR, similarity = 0.7, each = 0.05,
    most = 0.3 }, fname)
  at_least(o.window_s, 0, fname, "window_s")
  between(o.similarity, -1, 1, fname, "similarity")
  between(o.each, 0, 1, fname, "each")
  between(o.most, 0, 1, fname, "most")
  local created = created_of(target, fname, 1)
  local count = similar(target, items, created - o.window_s, created, o.similarity, fname)
  return min(o.each * count, o.most), count
end

-- interference.retroactive(target, items, now [, options]) -> the share that similar memories cost
-- that came since, and how many they are; none where the target is older than the window
function interference.retroactive(target, items, now, options)
  local fname = "interference.retroactive"
  local o = check.options(options, { window_s = 24 * HOUR, similarity = 0.6, each = 0.15,
    most = 0.25 }, fname)
  at_least(o.window_s, 0, fname, "window_s")
  between(o.similarity, -1, 0.99, fname, "similarity")
  between(o.each, 0, 1, fname, "each")
  between(o.most, 0, 1, fname, "most")
  local created = created_of(target, fname, 1)
  check.arg(check.finite(now), fname, 3, "a time", now)
  local count, sum = similar(target, items, created, now, o.similarity, fname)
  if count == 0 or now - created > o.window_s then return 0, 0 end
  local excess = (sum / count - o.similarity) / (1 - o.similarity)
  return max(min(o.each * excess * M.sqrt(count), o.most), 0), count
end

-- ---- fan

-- interference.fan_s(fan [, { base_s =, each_s = }]) -> seconds to retrieve one of `fan` facts
function interference.fan_s(fan, options)
  local fname = "interference.fan_s"
  local o = check.options(options, { base_s = 1.150, each_s = 0.070 }, fname)
  return at_least(o.base_s, 0, fname, "base_s")
    + at_least(o.each_s, 0, fname, "each_s") * (at_least(fan, 1, fname, 1) - 1)
end

local actr = {}
interference.actr = actr

-- actr.association(fan [, strength]) -> strength - ln(fan), from a concept to each of its facts
function actr.association(fan, strength)
  local fname = "actr.association"
  at_least(fan, 1, fname, 1)
  return at_least(strength or 1.6, 0, fname, 2) - M.log(fan)
end

-- actr.activation(associations [, { base =, weight = }]) -> base + sum of weight * association,
-- the weight shared out among them, or among `sources`
function actr.activation(associations, options)
  local fname = "actr.activation"
  check.arg(type(associations) == "table", fname, 1, "a table of associations", associations)
  local o = check.options(options, { base = 0, weight = 1, sources = #associations }, fname)
  check.arg(check.finite(o.base), fname, "base", "a number", o.base)
  at_least(o.weight, 0, fname, "weight")
  check.arg(check.count(o.sources) and o.sources >= #associations, fname, "sources",
    ("a count of at least %d"):format(#associations), o.sources)
  local activation = o.base
  for i = 1, #associations do
    check.arg(check.finite(associations[i]), fname, 1, ("a number at %d"):format(i),
      associations[i])
    activation = activation + o.weight / o.sources * associations[i]
  end
  return activation
end

-- actr.retrieval_s(activation [, factor]) -> factor * exp(-activation)
function actr.retrieval_s(activation, factor)
  local fname = "actr.retrieval_s"
  check.arg(check.finite(activation), fname, 1, "a number", activation)
  return at_least(factor or 0.63, 0, fname, 2) * M.exp(-activation)
end

-- The facts that a concept is in, each once, by its place in the list, or by the node that an edge
-- of the concept leads to.
local function facts_of(facts, concept)
  local found, seen = {}, {}
  local function add(fact)
    if not seen[fact] then found[#found + 1] = fact end
    seen[fact] = true
  end
  if graph.is(facts) then
    local node = type(concept) == "string" and facts:id(concept) or concept
    if type(node) == "string" then return found end
    for _, edge in ipairs(facts:neighbours(node)) do add(edge[1]) end
    return found
  end
  for i = 1, #facts do
    for _, part in ipairs(facts[i]) do
      if part == concept then add(i) end
    end
  end
  return found
end

-- Whether one fact is in all the lists.
local function in_common(lists)
  local times = {}
  for _, list in ipairs(lists) do
    for _, fact in ipairs(list) do
      times[fact] = (times[fact] or 0) + 1
      if times[fact] == #lists then return true end
    end
  end
  return false
end

-- actr.recognition_s(facts, probe [, options]) -> seconds until someone who learnt these facts says
-- whether the probe, a list of concepts, is one of them, and whether it is. What is not is compared
-- with a fact for one of the concepts, each as often.
function actr.recognition_s(facts, probe, options)
  local fname = "actr.recognition_s"
  local o = check.options(options, { strength = 1.6, base = 0, weight = 1, factor = 0.63,
    encoding_s = 0.585, response_s = 0.26 }, fname)
  check.arg(graph.is(facts) or type(facts) == "table", fname, 1,
    "a graph or a table of facts", facts)
  check.arg(type(probe) == "table" and #probe > 0, fname, 2, "a table of concepts", probe)
  local lists, associations = {}, {}
  for i, concept in ipairs(probe) do
    lists[i] = facts_of(facts, concept)
    local fan = #lists[i] + 1 -- to its facts and to itself
    associations[i] = fan > 1 and actr.association(fan, o.strength) or 0
  end

  local function retrieval_s(active)
    return actr.retrieval_s(actr.activation(active, { base = o.base, weight = o.weight,
      sources = #probe }), o.factor)
  end
  local known, seconds = in_common(lists), 0
  if known then
    seconds = retrieval_s(associations)
  else
    for i = 1, #probe do seconds = seconds + retrieval_s { associations[i] } / #probe end
  end
  return at_least(o.encoding_s, 0, fname, "encoding_s") + seconds
    + at_least(o.response_s, 0, fname, "response_s"), known
end

return interference
