-- spacing.lua: spaced meetings, against published sequences.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local spacing = engram.spacing
local fsrs = spacing.fsrs
local DAY, huge, nan = 86400, math.huge, 0 / 0

-- ---- the two-component model

near(spacing.predict({}, 2), 0.9, 1e-15, "after stability_d days the retrievability is left")
near(spacing.predict({}, 10), 0.59049, 1e-15, "after five times as many its fifth power")
is(spacing.predict({}, 0), 0.99, "nothing is certain")
is(spacing.predict({}, 1e9), 0.01, "nor hopeless")
near(spacing.interval {}, 2, 1e-15, "the chance falls to 0.9 after stability_d days")
near(spacing.interval({}, 0.81), 4, 1e-14, "to its square after twice as many")
is(spacing.interval({ stability_d = 300 }, 0.5), 365, "an interval is a year at most")
near(spacing.interval({}, 0.99), 0.1907799290987, 1e-13, "and may be short")
is(spacing.interval({ stability_d = 0.1 }, 0.99), 0.1, "but not below a tenth of a day")

local first = {}
local after = spacing.review(first, { success = true, response_s = 2, confidence = 0.9 })
near(after.stability_d, 8.125, 1e-14, "an effort of 1.25 adds 6.125 days")
near(after.retrievability, 0.972, 1e-15, "the retrievability follows from the confidence")
is(after.difficulty, 2.5, "an ordinary answer leaves the difficulty")
is(next(first), nil, "the state that was given stays")
local function difficulty(response_s, confidence)
  return spacing.review({}, { success = true, response_s = response_s,
    confidence = confidence }).difficulty
end
near(difficulty(1, 0.81), 2.4, 1e-15, "a fast and confident one lowers it")
near(difficulty(6, 0.9), 2.55, 1e-15, "a slow one raises it")
near(difficulty(3, 0.5), 2.55, 1e-15, "and so does an unsure one")
is(difficulty(2, 0.6), 2.5, "the limits are not part of it")
local function gained(response_s, confidence)
  return spacing.review({}, { success = true, response_s = response_s,
    confidence = confidence }).stability_d - 2
end
local function by_effort(effort) return 5 * (1 + 0.9 * (effort - 1)) end
near(gained(0.1, 0.3), by_effort((0.5 + 0.9) / 2), 1e-14, "a very fast answer counts half a second")
near(gained(9, 0.3), by_effort((3 + 0.9) / 2), 1e-14, "a very slow one three")
near(gained(1.5, 1), by_effort((1.5 + 0.5) / 2), 1e-14, "certainty still takes some effort")
near(gained(1.5, 0), by_effort((1.5 + 1.2) / 2), 1e-14, "its absence more")
near(spacing.review({}, { success = true, response_s = 1, confidence = 1 }).retrievability, 0.98, 1e-15,
  "retrievability is 0.98 at most")
is(difficulty(1, 0.8), 2.5, "nor is 0.8")
is(difficulty(5, 0.9), 2.5, "nor are five seconds")
is(spacing.review({ difficulty = 1.01 }, { success = true, response_s = 1, confidence = 1 }).difficulty,
  1, "nothing is easier than 1")
local failed = spacing.review(after, { success = false })
ok(failed.retrievability == 0.1 and failed.stability_d == 8.125 * 0.95
  and failed.difficulty == 2.5 * 1.15, "a failure costs little stability and adds difficulty")
local function gain(difficulty_, rate)
  return spacing.review({ difficulty = difficulty_, learning_rate = rate }, { success = true,
    response_s = 2, confidence = 0.9 }).stability_d - 2
end
near(gain(5, 1), 12.25, 1e-14, "a difficult item gains more, unlike SuperMemo's")
near(gain(2.5, 2), 9.1875, 1e-14, "and so does a good learner")

local seed = 20261121
tap.note("seed " .. seed)
local r = engram.rng(seed)
local function drawn(low, high) return low + (high - low) * r:uniform() end

local inside, falls, inverse, kept, grows = true, true, true, true, true
for _ = 1, 200 do
  local s = { retrievability = drawn(0.1, 0.98), stability_d = drawn(0.1, 365),
    difficulty = drawn(1, 10), learning_rate = drawn(0.5, 2) }
  local chance = 1
  for i = 0, 20 do
    local p = spacing.predict(s, i * i)
    inside, falls, chance = inside and p >= 0.01 and p <= 0.99, falls and p <= chance, p
  end
  local days, target = spacing.interval(s, 0.5), 0.5
  if days > 0.1 and days < 365 then
    inverse = inverse and math.abs(spacing.predict(s, days) - target) < 1e-12
  end
  for _ = 1, 20 do
    local success = r:uniform() < 0.6
    local t = spacing.review(s, { success = success, response_s = drawn(0, 10),
      confidence = r:uniform() })
    grows = grows and (t.stability_d > s.stability_d) == success
      or t.stability_d == 365 or t.stability_d == 0.1
    kept = kept and t.retrievability >= 0.1 and t.retrievability <= 0.98 and t.stability_d >= 0.1
      and t.stability_d <= 365 and t.difficulty >= 1 and t.difficulty <= 10
      and t.learning_rate == s.learning_rate
    s = t
  end
end
ok(inside, "a prediction lies in 0.01 .. 0.99")
ok(falls, "and never rises with time")
ok(inverse, "after the interval to a target it is that target")
ok(kept, "whatever the reviews, a state stays in its ranges")
ok(grows, "a success adds stability, a failure takes some")

-- ---- FSRS-6

local ten = { stability_d = 10, difficulty = 5 }
near_all({ fsrs.predict(ten, 1), fsrs.predict(ten, 5), fsrs.predict(ten, 10), fsrs.predict(ten, 30),
  fsrs.predict(ten, 100) }, { 0.985682, 0.940344, 0.9, 0.809388, 0.692827 }, 5e-7,
  "the curve of a stability of 10 days goes through these points")
near(fsrs.predict(ten, 10), 0.9, 2e-16, "after stability_d days 0.9 is left")
is(fsrs.predict(ten, 0), 1, "and all at once")
near(10 * DAY / fsrs.law(ten).unit_s, 0.9803464944134797, 1e-15, "the factor of the curve")
is(fsrs.interval(ten), 10, "the interval to 0.9 is the stability")

local expected = { { 0.212, 6.4133 }, { 0.24669, 6.4021151 }, { 2.02148, 6.3909413 },
  { 7.86370, 6.3797788 }, { 21.91771, 6.3686273 }, { 53.626902917141365, 6.357487083997829 } }
local state
for i, days in ipairs { 0, 0, 1, 3, 8, 21 } do
  state = fsrs.review(state, i == 1 and "again" or "good", days)
  near_all({ state.stability_d, state.difficulty }, expected[i], 6e-6,
    ("review %d of the published sequence"):format(i))
end
near(state.stability_d, 53.626902917141365, 1e-13, "its stability to the last places")
near(state.difficulty, 6.357487083997829, 2e-15, "and its difficulty")

local cards = {
  { 0, 2.3065, 2.118104 }, { 2, 2.3065, 2.111214 }, { 11, 10.971048, 2.104331 },
  { 46, 46.316858, 2.097455 }, { 163, 162.999816, 2.090586 }, { 498, 497.876555, 2.083724 },
  { 0, 6.890413, 7.383202 }, { 0, 2.154598, 9.125105 }, { 2, 2.154598, 9.111208 },
  { 4, 3.983123, 9.097325 }, { 7, 7.236254, 9.083456 }, { 12, 12.483044, 9.069601 },
  { 21, 20.770357, 9.055760 } }
local card
for i, rating in ipairs { "good", "good", "good", "good", "good", "good", "again", "again", "good",
  "good", "good", "good", "good" } do
  card = fsrs.schedule(card, rating, card and card.interval_s / DAY)
  local row = cards[i]
  near_all({ math.floor(card.interval_s / DAY), card.stability_d, card.difficulty }, row, 5.1e-7,
    ("card %d: %d days"):format(i, row[1]))
end

-- The formulas with the published weights, term by term.
local w = fsrs.weights
near_all({ fsrs.review(nil, "hard").stability_d, fsrs.review(nil, "hard").difficulty },
  { 1.2931, 6.4133 - math.exp(0.8334) + 1 }, 1e-14, "a first review that is hard")
near_all({ fsrs.review(nil, "easy").stability_d, fsrs.review(nil, "easy").difficulty },
  { 8.2956, 1 }, 0, "or easy, with a difficulty that would be below 1")
local growth = math.exp(w[8]) * (11 - 5) * 10 ^ -w[9] * (math.exp(w[10] * 0.1) - 1)
for rating, factor in pairs { hard = 0.6014, good = 1, easy = 1.8729 } do
  near(fsrs.review(ten, rating, 10).stability_d, 10 * (1 + growth * factor), 1e-13,
    "growth after " .. rating)
end
near(fsrs.review({ stability_d = 0.1, difficulty = 1 }, "again", 1e6).stability_d,
  0.1 / math.exp(w[17] * w[18]), 1e-15, "forgetting takes something even from what is weak")
is(fsrs.review({ stability_d = 0.001, difficulty = 10 }, "again", 0).stability_d, 0.001,
  "stability has an end")

card = nil
for _ = 1, 10 do card = fsrs.schedule(card, "easy", card and card.interval_s / DAY) end
is(card.difficulty, 1, "what is always easy has the lowest difficulty")

-- Where a card stands, and the seconds until it comes again.
local function walk(ratings, options)
  local c
  for rating in ratings:gmatch "%a+" do
    c = fsrs.schedule(c, rating, c and c.interval_s / DAY, options)
  end
  return ("%s %s %d"):format(c.phase, tostring(c.step), c.interval_s)
end
is(walk "again", "learning 1 60", "a new card is learnt in steps")
is(walk "hard", "learning 1 330", "hard is half-way to the second")
is(walk("hard", { learning_s = { 60 } }), "learning 1 90", "or half more than the only one")
is(walk "good hard", "learning 2 600", "and repeats later ones")
is(walk "good again", "learning 1 60", "again goes back to the first")
is(walk "easy", "review nil 691200", "easy leaves the steps")
is(walk("good", { learning_s = {} }), "review nil 172800", "there may be none")
is(walk("again hard", { learning_s = {} }), "review nil 86400", "a day is the least then")
is(walk "easy again", "relearning 1 600", "what is forgotten is learnt again")
is(walk("easy again hard", { relearning_s = { 100, 200 } }), "relearning 1 150", "in other steps")
is(walk("easy again", { relearning_s = {} }), "review nil 86400", "or in none")
is(walk("easy good", { longest_d = 20 }), "review nil 1728000", "an interval has a limit")
is(walk("easy", { target = 0.8 }), walk("easy", { target = 0.8, longest_d = 1e9 }),
  "which leaves shorter ones alone")
is(fsrs.schedule({ stability_d = 1e6, difficulty = 1, phase = "review" }, "good", 1e6).interval_s,
  36500 * DAY, "a century by default")
is(walk("easy", { target = 0.95 }), "review nil 259200", "a higher target comes sooner")

local function weights(changes)
  local changed = {}
  for i = 0, 20 do changed[i] = changes[i] or w[i] end
  return changed
end
is(walk("good", { learning_s = {}, weights = weights { [2] = 2.5 } }), "review nil 172800",
  "a half is rounded to the even number below")
is(walk("good", { learning_s = {}, weights = weights { [2] = 3.5 } }), "review nil 345600",
  "or above")
is(walk("good", { learning_s = {}, weights = weights { [2] = 3.500001 } }), "review nil 345600",
  "more than a half goes up")
ok(fsrs.review(nil, "again", nil, weights { [4] = 40 }).difficulty == 10
  and fsrs.review(ten, "good", 1, weights { [4] = 40, [7] = 1 }).difficulty == 10,
  "difficulty is 10 at most, whatever the weights")
local older = weights { [20] = 0.5 }
near(fsrs.predict(ten, 7, older), (1 + 19 / 81 * 7 / 10) ^ -0.5, 1e-15,
  "with a last weight of 0.5 the curve is that of FSRS-4.5 and 5")
near(fsrs.interval(ten, 0.8, older), 10 * 81 / 19 * (0.8 ^ -2 - 1), 1e-13, "and so is the interval")

local ordered, useful, ranges, back, falling = true, true, true, true, true
for _ = 1, 200 do
  local s = { stability_d = drawn(0.01, 400), difficulty = drawn(1, 10) }
  local days = drawn(0, 100)
  local next_s = {}
  for _, rating in ipairs { "again", "hard", "good", "easy" } do
    local t = fsrs.review(s, rating, days)
    next_s[#next_s + 1] = t
    ranges = ranges and t.stability_d >= 0.001 and t.difficulty >= 1 and t.difficulty <= 10
  end
  for i = 2, 4 do
    ordered = ordered and next_s[i].stability_d >= next_s[i - 1].stability_d
      and next_s[i].difficulty <= next_s[i - 1].difficulty
  end
  useful = useful and next_s[1].stability_d < s.stability_d and next_s[3].stability_d >= s.stability_d
  local target = drawn(0.1, 0.98)
  back = back and math.abs(fsrs.predict(s, fsrs.interval(s, target)) - target) < 1e-12
  falling = falling and fsrs.predict(s, days) <= fsrs.predict(s, days / 2)
end
ok(ranges, "states stay in their ranges")
ok(ordered, "a better rating leaves more stability and less difficulty")
ok(useful, "again takes stability, good does not")
ok(back, "after the interval to a target the prediction is that target")
ok(falling, "predictions never rise with time")

-- ---- as laws of forgetting

local worst_two, worst_fsrs = 0, 0
for _ = 1, 100 do
  local s = { retrievability = drawn(0.1, 0.98), stability_d = drawn(0.1, 365) }
  local f = { stability_d = drawn(0.1, 400), difficulty = 5 }
  local days = drawn(0.01, 2) * s.stability_d
  local p = spacing.predict(s, days)
  if p > 0.01 and p < 0.99 then
    local left = engram.decay({ 1 }, { days * DAY }, spacing.law(s))[1]
    worst_two = math.max(worst_two, math.abs(left - p))
  end
  local left = engram.decay({ 1 }, { days * DAY }, fsrs.law(f))[1]
  worst_fsrs = math.max(worst_fsrs, math.abs(left - fsrs.predict(f, days)))
end
ok(worst_two < 1e-6, "a memory forgets as the two-component model predicts")
ok(worst_fsrs < 1e-6, "and as FSRS does")
local run = engram.hits { { 0, 1 }, { 1, 1 } }:decay { ages_s = { 2 * DAY, 10 * DAY },
  tau_s = spacing.law({}).tau_s }
near(run:score(2), 0.59049, 1e-6, "hits forget by it too")

-- ---- older rules

local function sequence(quality, n)
  local s, list = nil, {}
  for i = 1, n do
    s = spacing.sm2(s, quality)
    list[i] = s.interval_d
  end
  return table.concat(list, " "), s
end
is(sequence(4, 6), "1 6 15 38 95 238", "SM-2 with a quality of 4")
is(sequence(5, 6), "1 6 17 50 150 465", "and of 5, where 50 times 3.0 is 150 and no more")
is(select(2, sequence(5, 6)).ease_percent, 310, "the ease grows by a tenth each time")
is(select(2, sequence(3, 20)).ease_percent, 130, "and does not fall below 1.3")
local lapsed = spacing.sm2({ repetitions = 4, interval_d = 38, ease_percent = 236 }, 2)
ok(lapsed.interval_d == 1 and lapsed.repetitions == 0 and lapsed.ease_percent == 236,
  "a failure begins anew with the same ease")
is(spacing.sm2(lapsed, 4).interval_d, 1, "from the first interval")

local simple = spacing.simple({ interval_d = 4, strength = 0.6 }, true)
ok(simple.interval_d == 10 and simple.strength == 0.6 * 1.3, "a success: 2.5 times the interval")
is(spacing.simple(simple, true).strength, 1, "strength is 1 at most")
ok(spacing.simple({}, true).interval_d == 2.5 and spacing.simple(nil, true).strength == 0.65,
  "from a day and a half")
simple = spacing.simple(simple, false)
ok(simple.interval_d == 1 and simple.strength == 0.6 * 1.3 * 0.8, "a failure: one day")

local seconds = {}
for n = 1, 11 do seconds[n] = spacing.pimsleur(n) end
is(table.concat(seconds, " "), "5 25 125 625 3125 15625 78125 390625 1953125 9765625 48828125",
  "Pimsleur's intervals are the powers of 5")
is(math.floor(spacing.pimsleur(11) / DAY), 565, "the eleventh is 565 days")
local days = {}
for box = 1, 5 do days[box] = spacing.leitner(box) end
is(table.concat(days, " "), "1 2 4 8 16", "Leitner's boxes double")

-- ---- base-level activation

near(spacing.base_level { 1, 2, 5, 10 }, 0.904440046142, 1e-12, "base level of four meetings")
near(spacing.base_level { 100 }, -2.302585092994, 1e-12, "of one")
near(spacing.base_level({ 10, 10 }, 0), math.log(2), 1e-15, "without decay it counts")
near(spacing.base_level_even(10, 1000), -0.458145365937, 1e-12, "of ten spread over 1000 s")
near(spacing.base_level_even(10, 1000, 0), math.log(10), 1e-15, "which may not decay either")

-- ---- misuse


refuses(function() spacing.predict({ stability = 2 }, 1) end,
  "unknown option 'stability' to 'spacing.predict' "
    .. "(known: difficulty, learning_rate, retrievability, stability_d)",
  "a state has no other fields")
refuses(function() spacing.predict({ retrievability = 1 }, 1) end,
  "bad argument 'retrievability' to 'spacing.predict' (a number in 0.01 .. 0.99 expected, got number 1)",
  "nothing is remembered for certain")
refuses(function() spacing.law { stability_d = 0 } end,
  "bad argument 'stability_d' to 'spacing.law' (a number in 0.1 .. 365 expected, got number 0)",
  "stability has a range")
refuses(function() spacing.interval { difficulty = 11 } end,
  "bad argument 'difficulty' to 'spacing.interval' (a number in 1 .. 10 expected, got number 11)",
  "difficulty has one")
refuses(function() spacing.interval { learning_rate = 3 } end,
  "bad argument 'learning_rate' to 'spacing.interval' (a number in 0.5 .. 2 expected, got number 3)",
  "and the learning rate")
refuses(function() spacing.predict({}, nan) end,
  "bad argument #2 to 'spacing.predict' (a number >= 0 expected, got number nan)",
  "days are a number")
refuses(function() spacing.interval({}, 1) end,
  "bad argument #2 to 'spacing.interval' (a number in 0.01 .. 0.99 expected, got number 1)",
  "a target is a chance")
refuses(function() spacing.review({}, {}) end,
  "bad argument 'success' to 'spacing.review' (true or false expected, got nil)",
  "a review succeeds or fails")
refuses(function() spacing.review({}, { success = true, confidence = 1 }) end,
  "bad argument 'response_s' to 'spacing.review' (a number >= 0 expected, got nil)",
  "a success takes time")
refuses(function() spacing.review({}, { success = true, response_s = 1, confidence = 2 }) end,
  "bad argument 'confidence' to 'spacing.review' (a number in 0 .. 1 expected, got number 2)",
  "and is believed")
refuses(function() spacing.review({}, { sucess = true }) end,
  "unknown option 'sucess' to 'spacing.review' (known: confidence, response_s, success)",
  "a review has no other fields")
refuses(function() fsrs.review(nil, "fine") end,
  [[bad argument #2 to 'fsrs.review' ("again", "hard", "good" or "easy" expected, got string "fine")]],
  "there are four ratings")
refuses(function() fsrs.review(3, "good", 1) end,
  "bad argument #1 to 'fsrs.review' (a state expected, got number 3)", "a state is a table")
refuses(function() fsrs.predict({ stability_d = 0 }, 1) end,
  "bad argument 'stability_d' to 'fsrs.predict' (a number > 0 expected, got number 0)",
  "with a stability")
refuses(function() fsrs.law { stability_d = 1 } end,
  "bad argument 'difficulty' to 'fsrs.law' (a number in 1 .. 10 expected, got nil)",
  "and a difficulty")
refuses(function() fsrs.review(ten, "good", -1) end,
  "bad argument #3 to 'fsrs.review' (a number >= 0 expected, got number -1)",
  "time does not run backwards")
refuses(function() fsrs.interval(ten, 0) end,
  "bad argument #2 to 'fsrs.interval' (a number in 0.01 .. 0.99 expected, got number 0)",
  "no interval ends in certain loss")
refuses(function() fsrs.law(ten, 3) end,
  "bad argument #2 to 'fsrs.law' (a table of weights expected, got number 3)",
  "weights are a table")
refuses(function() fsrs.law(ten, { 1, 2 }) end,
  "bad argument #2 to 'fsrs.law' (a weight at 0 expected, got nil)", "numbered from 0")
refuses(function() fsrs.law(ten, weights { [20] = 0 }) end,
  "bad argument #2 to 'fsrs.law' (a weight > 0 at 20 expected, got number 0)",
  "the last is an exponent")
refuses(function() fsrs.schedule({ stability_d = 1, difficulty = 1 }, "good", 1) end,
  "bad argument #1 to 'fsrs.schedule' (a card that schedule returned expected, got table)",
  "a state is no card")
refuses(function()
  fsrs.schedule({ stability_d = 1, difficulty = 1, phase = "learning", step = 0 }, "good", 1)
end, "(a card that schedule returned expected, got table)", "nor one at no step")
refuses(function() fsrs.schedule(nil, "good", 0, { fuzz = true }) end,
  "unknown option 'fuzz' to 'fsrs.schedule' "
    .. "(known: learning_s, longest_d, relearning_s, target, weights)", "options are known")
refuses(function() fsrs.schedule(nil, "good", 0, { learning_s = 60 }) end,
  "bad argument 'learning_s' to 'fsrs.schedule' (a table of seconds expected, got number 60)",
  "steps are a table")
refuses(function() fsrs.schedule(nil, "good", 0, { relearning_s = { 60, 0 } }) end,
  "bad argument 'relearning_s' to 'fsrs.schedule' (seconds at 2 expected, got number 0)",
  "of seconds")
refuses(function() fsrs.schedule(nil, "good", 0, { longest_d = 0 }) end,
  "bad argument 'longest_d' to 'fsrs.schedule' (a number >= 1 expected, got number 0)",
  "intervals are a day at least")
refuses(function() spacing.sm2({}, 6) end,
  "bad argument #2 to 'spacing.sm2' (a whole number in 0 .. 5 expected, got number 6)",
  "qualities end at 5")
refuses(function() spacing.sm2({ ease_percent = 2.5 }, 5) end,
  "bad argument 'ease_percent' to 'spacing.sm2' (a whole number from 130 expected, got number 2.5)",
  "the ease is in percent")
refuses(function() spacing.sm2({ ease_percent = 129 }, 5) end,
  "(a whole number from 130 expected, got number 129)", "and 130 at least")
refuses(function() spacing.sm2({ interval_d = -1 }, 5) end,
  "bad argument 'interval_d' to 'spacing.sm2' (a count expected, got number -1)",
  "an interval is whole days")
refuses(function() spacing.sm2({ repetitions = 0.5 }, 5) end,
  "bad argument 'repetitions' to 'spacing.sm2' (a count expected, got number 0.5)",
  "repetitions are counted")
refuses(function() spacing.simple({}, 1) end,
  "bad argument #2 to 'spacing.simple' (true or false expected, got number 1)",
  "success is true or false")
refuses(function() spacing.simple({ interval_d = 0 }, true) end,
  "bad argument 'interval_d' to 'spacing.simple' (a number > 0 expected, got number 0)",
  "an interval is not empty")
refuses(function() spacing.simple({ strength = 2 }, true) end,
  "bad argument 'strength' to 'spacing.simple' (a number in 0 .. 1 expected, got number 2)",
  "strength is 1 at most")
refuses(function() spacing.pimsleur(23) end,
  "bad argument #1 to 'spacing.pimsleur' (a number in 1 .. 22 expected, got number 23)",
  "powers are exact")
refuses(function() spacing.leitner(54) end,
  "bad argument #1 to 'spacing.leitner' (a number in 1 .. 53 expected, got number 54)",
  "so are these")
refuses(function() spacing.leitner(1.5) end,
  "bad argument #1 to 'spacing.leitner' (a count expected, got number 1.5)", "boxes are counted")
refuses(function() spacing.base_level {} end,
  "bad argument #1 to 'spacing.base_level' (a table of ages expected, got table)",
  "a memory was met at least once")
refuses(function() spacing.base_level { 1, 0 } end,
  "bad argument #1 to 'spacing.base_level' (an age > 0 at 2 expected, got number 0)",
  "and not just now")
refuses(function() spacing.base_level_even(0, 10) end,
  "bad argument #1 to 'spacing.base_level_even' (a number > 0 expected, got number 0)",
  "or so many times")
refuses(function() spacing.base_level_even(1, huge) end,
  "bad argument #2 to 'spacing.base_level_even' (a number > 0 expected, got number inf)",
  "in a life that ends")
refuses(function() spacing.base_level_even(1, 10, 1) end,
  "bad argument #3 to 'spacing.base_level_even' (a number from 0, below 1 expected, got number 1)",
  "decay is below 1")

support.done()
