-- engram.priming: what was active lately makes related things easier to activate.
-- SPDX-License-Identifier: MIT
--
-- Three kinds. Semantic: neighbours in meaning are primed and stay so for a fraction of a second
-- (Collins & Loftus 1975; Neely 1977), the strongest at the cost of the others. Associative: what
-- was active together before is expected together (McKoon & Ratcliff 1992). Repetition: what was
-- met before is easier the next time (Tulving & Schacter 1990).
--
-- An object takes note of events; reading it changes nothing. Time is an argument of both and does
-- not run backwards: one that is earlier than the last event counts as that event's.
local M = require "engram.math"
local check = require "engram.check"
local decay = require "engram.decay"
local hits = require "engram.hits"
local types = require "engram.types"

local max, min = math.max, math.min
local HALVINGS = 64 -- after which a prime is over

local priming, methods = {}, {}
methods.__index = methods

local defaults = {
  boost = 0.15, threshold = 0.6, half_life_s = 0.3, reinforcement = 0.1, inhibition = 0.3,
  saturation = 0.5, refractory_s = 0.05, neighbours = 10, -- semantic
  window_s = 30, keep_s = 300, least = 2, -- associative
  exposure = 0.05, most = 0.3, -- repetition
}

-- The past as this object knows it: nothing.
local function empty(self)
  self.now = -math.huge -- of the last event
  self.exposures = {} -- by id
  self.primes, self.strongest = {}, nil -- by id { boost =, at = }; the id of the strongest
  self.primed = { first = 1, last = 0 } -- { id =, at = } in order of time
  self.known = {} -- by id { count =, latest =, partners = by id { count =, at = } }
  self.active = { first = 1, last = 0, window = 1 } -- likewise; window: first within window_s
  return self
end

-- priming.new([options]) -> priming
function priming.new(options)
  local fname = "priming.new"
  local o = check.options(options, defaults, fname)
  check.between(o.threshold, -1, 0.99, fname, "threshold")
  for _, name in ipairs { "boost", "reinforcement", "inhibition", "exposure", "most" } do
    check.between(o[name], 0, 1, fname, name)
  end
  for _, name in ipairs { "half_life_s", "saturation" } do check.positive(o[name], fname, name) end
  for _, name in ipairs { "refractory_s", "window_s" } do
    check.at_least(o[name], 0, fname, name)
  end
  check.at_least(o.keep_s, o.window_s, fname, "keep_s")
  for _, name in ipairs { "neighbours", "least" } do
    check.arg(check.count(o[name]), fname, name, "a count", o[name])
  end
  o.tau_s, o.prime_s = decay.tau_s(o.half_life_s), HALVINGS * o.half_life_s
  return setmetatable(empty { options = o }, methods)
end

local function open(self, fname)
  check.self(getmetatable(self) == methods, fname)
  return self.options
end

local function id_of(id, fname, position)
  check.arg(check.id(id) or type(id) == "string", fname, position, "an id or a name", id)
  return id
end

local function time_of(self, now, fname, position)
  check.arg(check.finite(now), fname, position, "a time", now)
  return max(now, self.now)
end

local function push(queue, entry)
  queue.last = queue.last + 1
  queue[queue.last] = entry
end

-- ---- semantic

-- What is left of a prime.
local function left(self, prime, now)
  local age = now - prime.at
  if age > self.options.prime_s then return 0 end
  return prime.boost * M.exp(-age / self.options.tau_s)
end

local function prime_one(self, id, boost, now)
  local o, old = self.options, self.primes[id]
  if old and now - old.at < o.refractory_s then return end
  local rest = old and left(self, old, now) or 0
  boost = min(max(boost, rest) + o.reinforcement * rest, o.boost)
  -- All fade alike, so that the strongest remains so until one is primed more strongly.
  if not self.strongest or boost >= left(self, self.primes[self.strongest], now) then
    self.strongest = id
  end
  self.primes[id] = { boost = boost, at = now }
  push(self.primed, { id = id, at = now })
end

local function forget_primes(self, now)
  local queue = self.primed
  while queue.first <= queue.last and now - queue[queue.first].at > self.options.prime_s do
    local entry = queue[queue.first]
    if self.primes[entry.id].at == entry.at then
      self.primes[entry.id] = nil
      if self.strongest == entry.id then self.strongest = nil end
    end
    queue[queue.first] = nil
    queue.first = queue.first + 1
  end
end

-- The boosts that neighbours are to get, { id =, boost = }; a hit's score is its similarity.
local function boosts_of(o, id, neighbours, fname)
  local list = {}
  if hits.is(neighbours) then neighbours = neighbours:table() end
  check.arg(type(neighbours) == "table", fname, 3, "hits or a table of neighbours", neighbours)
  for i = 1, min(#neighbours, o.neighbours) do
    local other = neighbours[i]
    check.arg(type(other) == "table", fname, 3, ("{ id =, similarity = } at %d"):format(i), other)
    local similarity = check.between(other.similarity or other.score, -1, 1, fname, "similarity")
    local hops = check.at_least(other.hops or 1, 1, fname, "hops")
    local reach = hops == 1 and 1 or hops == 2 and 0.5 or 0
    local boost = o.boost * (similarity - o.threshold) / (1 - o.threshold) * reach
    if id_of(other.id, fname, "id") ~= id and boost > 0 then
      list[#list + 1] = { id = other.id, boost = boost }
    end
  end
  return list
end

-- ---- associative

-- One activation of both within the window, counted for both.
local function count_together(self, a, b, now)
  local one, other = self.known[a], self.known[b]
  local together = one.partners[b]
  if not together or now - together.at > self.options.keep_s then
    together = { count = 0 }
    one.partners[b], other.partners[a] = together, together
  end
  together.count, together.at = together.count + 1, now
end

-- Ids that were not active for keep_s are dropped, with all pairs they are in.
local function forget_active(self, now)
  local queue, known = self.active, self.known
  while queue.first <= queue.last and now - queue[queue.first].at > self.options.keep_s do
    local id = queue[queue.first].id
    if known[id].latest == queue.first then
      for other in pairs(known[id].partners) do known[other].partners[id] = nil end
      known[id] = nil
    end
    queue[queue.first] = nil
    queue.first = queue.first + 1
  end
  queue.window = max(queue.window, queue.first)
  while queue.window <= queue.last
    and now - queue[queue.window].at > self.options.window_s do
    queue.window = queue.window + 1
  end
end

local function count_active(self, id, now)
  local queue, known = self.active, self.known
  known[id] = known[id] or { count = 0, partners = {} }
  for i = queue.window, queue.last do
    local other = queue[i].id
    if other ~= id and known[other].latest == i then count_together(self, id, other, now) end
  end
  push(queue, { id = id, at = now })
  known[id].count, known[id].latest = known[id].count + 1, queue.last
end

-- ---- events

-- priming:activate(id, now [, neighbours]): something became active, and with it its neighbours in
-- meaning: hits of a search, or a list of { id =, similarity =, hops = }
function methods:activate(id, now, neighbours)
  local fname = "priming:activate"
  local o = open(self, fname)
  id_of(id, fname, 1)
  now = time_of(self, now, fname, 2)
  local boosts = neighbours and boosts_of(o, id, neighbours, fname) or {}
  self.now = now
  forget_primes(self, now)
  forget_active(self, now)
  count_active(self, id, now)
  self.exposures[id] = (self.exposures[id] or 0) + 1
  for _, other in ipairs(boosts) do prime_one(self, other.id, other.boost, now) end
end

-- priming:reset(): as if nothing had been active
function methods:reset()
  open(self, "priming:reset")
  empty(self)
end

-- ---- reading

-- x up to a limit that it nears: limit * tanh(x / limit)
local function saturated(x, limit) return limit * (1 - 2 / (M.exp(2 * x / limit) + 1)) end

-- priming:semantic(id, now) -> the boost that is left from neighbours in meaning
function methods:semantic(id, now)
  local fname = "priming:semantic"
  local o = open(self, fname)
  local prime = self.primes[id_of(id, fname, 1)]
  now = time_of(self, now, fname, 2)
  if not prime then return 0 end
  local x, best = left(self, prime, now), self.primes[self.strongest]
  local gap = best and max(left(self, best, now) - x, 0) or 0
  return saturated(max(x - o.inhibition * gap, 0), o.saturation)
end

-- priming:associative(from, to, now) -> how often `to` was active with `from`, of the times that
-- `from` was
function methods:associative(from, to, now)
  local fname = "priming:associative"
  local o = open(self, fname)
  local one = self.known[id_of(from, fname, 1)]
  local together = one and one.partners[id_of(to, fname, 2)]
  now = time_of(self, now, fname, 3)
  if not together or together.count < o.least or now - together.at > o.keep_s then return 0 end
  return min(together.count / one.count, 1)
end

-- priming:repetition(id) -> the boost of having been met before
function methods:repetition(id)
  local fname = "priming:repetition"
  local o = open(self, fname)
  return min(o.exposure * (self.exposures[id_of(id, fname, 1)] or 0), o.most)
end

-- priming:total(id, now [, from]) -> 1 - exp(-(semantic + associative + repetition)), and these
-- three; associative is that from `from`
function methods:total(id, now, from)
  local semantic, repetition = self:semantic(id, now), self:repetition(id)
  local associative = from ~= nil and self:associative(from, id, now) or 0
  return 1 - M.exp(-(semantic + associative + repetition)), semantic, associative, repetition
end

function methods:__tostring()
  local ids, exposed = 0, 0
  for _ in pairs(self.primes) do ids = ids + 1 end
  for _ in pairs(self.exposures) do exposed = exposed + 1 end
  return ("priming, %d ids primed, %d met before"):format(ids, exposed)
end

-- priming.apply(activation, boost) -> activation * (1 + boost), at most 1
function priming.apply(activation, boost)
  check.between(activation, 0, 1, "priming.apply", 1)
  return min(activation * (1 + check.at_least(boost, 0, "priming.apply", 2)), 1)
end

types.register { name = "priming", metatable = methods, methods = methods,
  fields = { options = "those of engram.priming.new" } }

return priming
