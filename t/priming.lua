-- priming.lua: what was active lately, against the numbers of the rules and a naive model.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local priming = engram.priming

-- The semantic boost before it nears its limit.
local function before_limit(x)
  local y = x / 0.5
  return 0.25 * math.log((1 + y) / (1 - y))
end

-- ---- semantic

local p = priming.new()
p:activate(1, 10, { { id = 2, similarity = 1 } })
near(p:semantic(2, 10), 0.5 * 0.29131261245159, 1e-14, "an equal neighbour is primed by 0.1457")
near(before_limit(p:semantic(2, 10)), 0.15, 1e-15, "0.15 before saturation")
near(before_limit(p:semantic(2, 10.3)), 0.075, 1e-14, "after 300 ms half of it is left")
near(before_limit(p:semantic(2, 10.6)), 0.0375, 1e-14, "after 600 ms a quarter")
is(p:semantic(3, 10), 0, "what was not primed is not")
is(tostring(p), "priming, 1 ids primed, 1 met before", "tostring counts")
is(p:semantic(1, 10), 0, "what primes does not prime itself")
is(p:semantic(2, 29.3), 0, "after 64 times that it is over")
is(p:semantic(2, 9), p:semantic(2, 10), "before the event is at the event")

p = priming.new { inhibition = 0 }
p:activate(1, 0, { { id = 2, similarity = 0.8 }, { id = 3, similarity = 0.6 },
  { id = 4, similarity = 1, hops = 2 }, { id = 5, similarity = 1, hops = 3 },
  { id = 1, similarity = 1 }, { id = 6, similarity = -1 } })
near(before_limit(p:semantic(2, 0)), 0.075, 1e-15, "half-way to equal is half the boost")
is(p:semantic(3, 0), 0, "a similarity of 0.6 is not enough")
near(before_limit(p:semantic(4, 0)), 0.075, 1e-15, "two hops are half the boost")
is(p:semantic(5, 0), 0, "three hops none")
ok(p:semantic(1, 0) == 0 and p:semantic(6, 0) == 0, "neither itself nor what is contrary")

p = priming.new { inhibition = 0 }
p:activate(1, 0, { { id = 2, similarity = 0.8 } })
p:activate(1, 0.04, { { id = 2, similarity = 1 } })
near(before_limit(p:semantic(2, 0.04)), 0.075 * 2 ^ (-0.04 / 0.3), 1e-15,
  "within 50 ms nothing is primed again")
p:activate(1, 0.3, { { id = 2, similarity = 0.8 } })
near(before_limit(p:semantic(2, 0.3)), 0.075 + 0.00375, 1e-15,
  "then a tenth of what is left is added")
p:activate(1, 0.4, { { id = 2, similarity = 0.6001 } })
near(before_limit(p:semantic(2, 0.4)), 0.07875 * 2 ^ (-1 / 3) * 1.1, 1e-15,
  "a weaker prime takes nothing away")
for i = 1, 20 do p:activate(1, 0.4 + i / 10, { { id = 2, similarity = 1 } }) end
near(before_limit(p:semantic(2, 2.4)), 0.15, 1e-15, "no prime exceeds the largest")
p = priming.new()
p:activate(1, 0, { { id = 2, similarity = 0.8 } })
p:activate(1, 0.05, { { id = 2, similarity = 0.8 } })
near(before_limit(p:semantic(2, 0.05)), 0.075 + 0.0075 * 2 ^ (-0.05 / 0.3), 1e-15,
  "50 ms later it can be primed again")

p = priming.new()
p:activate(1, 0, { { id = 2, similarity = 1 }, { id = 3, similarity = 0.8 },
  { id = 4, similarity = 0.61 } })
near(before_limit(p:semantic(2, 0)), 0.15, 1e-15, "the strongest is not inhibited")
near(before_limit(p:semantic(3, 0)), 0.075 - 0.3 * 0.075, 1e-15,
  "others lose 0.3 of what they lack of it")
is(p:semantic(4, 0), 0, "and the weak are silent")
near(before_limit(p:semantic(3, 0.3)), (0.075 - 0.3 * 0.075) / 2, 1e-15,
  "also when time has passed")
p:activate(9, 1, { { id = 5, similarity = 0.9 } })
is(p:semantic(2, 1), 0, "until another is the strongest and silences it")
near(before_limit(p:semantic(5, 1)), 0.1125, 1e-14, "which then is free")

local bank = engram.bank.new(2)
for _, row in ipairs { { 1, 0 }, { 1, 0.5 }, { 0, 1 } } do bank:add(row) end
p = priming.new()
p:activate(0, 0, bank:search({ 1, 0 }, 3))
near(before_limit(p:semantic(1, 0)), 0.15 * (math.sqrt(0.8) - 0.6) / 0.4, 1e-6,
  "neighbours may be hits")
ok(p:semantic(0, 0) == 0 and p:semantic(2, 0) == 0, "without the cue itself and the unlike")
p = priming.new()
local many = {}
for i = 1, 12 do many[i] = { id = i, similarity = 1 } end
p:activate(0, 0, many)
ok(p:semantic(10, 0) > 0 and p:semantic(11, 0) == 0, "the first ten count")

-- ---- associative

p = priming.new()
for i = 0, 2 do
  p:activate("salt", i * 100)
  p:activate("pepper", i * 100 + 30)
  is(p:associative("salt", "pepper", i * 100 + 30), i < 1 and 0 or 1,
    ("%d times together, counted from the first"):format(i + 1))
end
p:activate("salt", 250)
is(p:associative("salt", "pepper", 250), 1, "the order does not matter")
is(p:associative("pepper", "salt", 250), 1, "nor is more than all possible")
p:activate("salt", 290)
is(p:associative("salt", "pepper", 290), 4 / 5, "a time alone makes it less")
is(p:associative("pepper", "salt", 290), 1, "for the one that was alone")
is(p:associative("salt", "sugar", 290), 0, "what was never together is not")
is(p:associative("salt", "salt", 290), 0, "nothing is with itself")
is(p:associative("salt", "pepper", 550), 4 / 5, "it lasts 300 s")
is(p:associative("salt", "pepper", 550.1), 0, "and no longer")

p = priming.new()
p:activate("a", 0)
p:activate("b", 30.5)
p:activate("a", 100)
p:activate("b", 130)
is(p:associative("a", "b", 130), 0, "half a minute is the window, twice the least")
p:activate("b", 700)
p:activate("a", 701)
is(p:associative("b", "a", 701), 0, "what was forgotten begins anew")
p:activate("b", 702)
is(p:associative("b", "a", 702), 1, "and counts again")

p = priming.new()
for at = 0, 300, 300 do
  p:activate("a", at)
  p:activate("b", at)
end
is(p:associative("a", "b", 300), 1, "300 s are not yet forgotten")
p = priming.new()
for i = 0, 3000 do p:activate("id " .. i, i, { { id = "near " .. i, similarity = 1 } }) end
local entries = 0
for _, set in ipairs { p.known, p.primes, p.active, p.primed } do
  for _ in pairs(set) do entries = entries + 1 end
end
is(entries, 301 + 20 + 301 + 2 + 1 + 20 + 2, "what is forgotten takes no room")
local partners = 0
for _ in pairs(p.known["id 2800"].partners) do partners = partners + 1 end
is(partners, 60, "and no one keeps those who are gone")

-- ---- repetition and the whole

p = priming.new()
is(p:repetition "x", 0, "what was never met has no boost")
for i = 1, 10 do
  p:activate("x", 0)
  near(p:repetition "x", math.min(0.05 * i, 0.3), 1e-15, ("met %d times"):format(i))
end
is(p:total("x", 1e9), 1 - engram.math.exp(-0.3), "repetition does not fade")
p:activate("cue", 0, { { id = "x", similarity = 1 } })
p:activate("x", 0)
local total, semantic, associative, repetition = p:total("x", 0, "cue")
near(total, 0.764, 5e-4, "the most with these defaults is 0.764")
near_all({ semantic, associative, repetition }, { 0.14565630622579, 1, 0.3 }, 1e-14,
  "made of these parts")
near(total, 1 - math.exp(-(semantic + associative + repetition)), 1e-15, "in this way")
is(select(3, p:total("x", 0)), 0, "without a cue nothing is associated")
near(priming.apply(0.5, 0.2), 0.6, 1e-16, "a boost multiplies")
is(priming.apply(0.9, 0.5), 1, "up to 1")
is(priming.apply(0, 5), 0, "and wakes nothing that sleeps")
p:reset()
ok(p:total("x", 0, "cue") == 0 and p:repetition "x" == 0, "reset forgets all")
p:activate("x", -1e6)
is(p:repetition "x", 0.05, "and time begins anew")

-- ---- against a naive model, which keeps every event and looks at all of them

local seed = 20261124
tap.note("seed " .. seed)
local r = engram.rng(seed)
local exp, tau_s = engram.math.exp, engram.decay.tau_s(0.3)

local function naive_left(prime, now)
  local age = now - prime.at
  return age > 300 and 0 or prime.boost * exp(-age / tau_s)
end

local function naive_semantic(primes, id, now)
  if not primes[id] then return 0 end
  local x, most = naive_left(primes[id], now), 0
  for _, prime in pairs(primes) do most = math.max(most, naive_left(prime, now)) end
  local y = math.max(x - 0.3 * (most - x), 0)
  return 0.5 * (1 - 2 / (exp(2 * y / 0.5) + 1))
end

local right, bounded, pure = true, true, true
for _ = 1, 60 do
  p = priming.new()
  local ids, now, primes = 3 + r:below(8), 0, {}
  for _ = 1, 60 do
    now = now + (r:below(4) == 0 and r:below(400) or r:uniform() * 0.5)
    local id, neighbours = r:below(ids), {}
    for i = 1, r:below(4) do
      neighbours[i] = { id = r:below(ids), similarity = r:uniform(), hops = 1 + r:below(2) }
    end
    p:activate(id, now, neighbours)
    for _, other in ipairs(neighbours) do
      local boost = 0.15 * (other.similarity - 0.6) / 0.4 / other.hops
      local old = primes[other.id]
      if other.id ~= id and boost > 0 and not (old and now - old.at < 0.05) then
        local rest = old and naive_left(old, now) or 0
        primes[other.id] = { at = now,
          boost = math.min(math.max(boost, rest) + 0.1 * rest, 0.15) }
      end
    end
    local from, later = r:below(ids), now + r:uniform() * 2
    for other = 0, ids - 1 do
      local sum = p:total(other, later, from)
      right = right
        and math.abs(p:semantic(other, later) - naive_semantic(primes, other, later)) < 1e-15
      bounded = bounded and sum >= 0 and sum < 0.7645 and sum >= p:total(other, later + 1, from)
      pure = pure and sum == p:total(other, later, from)
    end
  end
end
ok(right, "primes are those of the naive model")
ok(bounded, "the whole lies in 0 .. 0.7645, and never rises by itself")
ok(pure, "reading changes nothing")

local function together(events, a, b, now)
  local count, of_a, last = 0, 0, nil
  for i, event in ipairs(events) do
    if event.id == a then of_a = of_a + 1 end
    local other = event.id == a and b or event.id == b and a
    for j = i - 1, 1, -1 do
      if event.at - events[j].at > 30 then break end
      if events[j].id == other then
        count, last = count + 1, event.at
        break
      end
    end
  end
  return count >= 2 and now - last <= 300 and math.min(count / of_a, 1) or 0
end
right = true
for _ = 1, 60 do
  p = priming.new()
  local events, now = {}, 0
  for i = 1, 40 do
    now = now + r:uniform() * 25 -- nobody is forgotten meanwhile: 40 events end before 1000 s
    events[i] = { id = r:below(3), at = now }
    p:activate(events[i].id, now)
    local a, b = r:below(3), r:below(3)
    if i <= 12 and a ~= b then
      right = right and p:associative(a, b, now) == together(events, a, b, now)
    end
  end
end
ok(right, "and so are associations")

-- ---- misuse

refuses(function() priming.new { half_life = 1 } end,
  "unknown option 'half_life' to 'priming.new' (known: boost, exposure, half_life_s, inhibition, "
    .. "keep_s, least, most, neighbours, refractory_s, reinforcement, saturation, threshold, window_s)",
  "options are known")
for name, value in pairs { boost = 2, threshold = 1, half_life_s = 0, reinforcement = -1,
  inhibition = 2, saturation = 0, refractory_s = -1, neighbours = 0.5, window_s = -1, keep_s = 29,
  least = -1, exposure = 2, most = -1 } do
  refuses(function() priming.new { [name] = value } end,
    ("bad argument '%s' to 'priming.new' (a "):format(name), ("%s has a range"):format(name))
end
for name, value in pairs { boost = 0, threshold = -1.1, neighbours = -1, window_s = 301 } do
  ok(pcall(priming.new, { [name] = value }) == (name == "boost"), name .. " has it on both sides")
end
p = priming.new { threshold = -1 }
refuses(function() p:activate({}, 0) end,
  "bad argument #1 to 'priming:activate' (an id or a name expected, got table)", "an id is one")
refuses(function() p:activate(1) end,
  "bad argument #2 to 'priming:activate' (a time expected, got nil)", "time is given")
refuses(function() p:activate(1, 0, 5) end,
  "bad argument #3 to 'priming:activate' (hits or a table of neighbours expected, got number 5)",
  "neighbours are a list")
refuses(function() p:activate(1, 0, { 5 }) end,
  "bad argument #3 to 'priming:activate' ({ id =, similarity = } at 1 expected, got number 5)",
  "of tables")
refuses(function() p:activate(1, 0, { { id = 2, similarity = 2 } }) end,
  "bad argument 'similarity' to 'priming:activate' (a number in -1 .. 1 expected, got number 2)",
  "with cosines")
refuses(function() p:activate(1, 0, { { similarity = 1 } }) end,
  "bad argument 'id' to 'priming:activate' (an id or a name expected, got nil)", "and ids")
refuses(function() p:activate(1, 0, { { id = 2, similarity = 1, hops = 0 } }) end,
  "bad argument 'hops' to 'priming:activate' (a number >= 1 expected, got number 0)",
  "some hops away")
is(p:repetition(1), 0, "what is refused leaves no trace")
refuses(function() p:semantic(-1, 0) end,
  "bad argument #1 to 'priming:semantic' (an id or a name expected, got number -1)",
  "reading wants an id")
refuses(function() p:semantic(1, "now") end,
  [[bad argument #2 to 'priming:semantic' (a time expected, got string "now")]], "and a time")
refuses(function() p:associative(1) end,
  "bad argument #3 to 'priming:associative' (a time expected, got nil)", "of a pair too")
refuses(function() p:repetition() end,
  "bad argument #1 to 'priming:repetition' (an id or a name expected, got nil)", "nil is no id")
refuses(function() priming.apply(2, 0) end,
  "bad argument #1 to 'priming.apply' (a number in 0 .. 1 expected, got number 2)",
  "an activation is 1 at most")
refuses(function() priming.apply(1, -1) end,
  "bad argument #2 to 'priming.apply' (a number >= 0 expected, got number -1)",
  "a boost takes nothing away")
for _, name in ipairs { "activate", "semantic", "associative", "repetition", "reset" } do
  refuses(function() local _ = p[name]({}) end,
    ("call it as priming:%s(...), with a colon"):format(name),
    ("priming.%s without its object asks for a colon"):format(name))
end

support.done()
