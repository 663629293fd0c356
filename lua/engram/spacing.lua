-- engram.spacing: when to meet a memory again, and how firm each meeting makes it.
-- SPDX-License-Identifier: MIT
--
-- Meetings that are spread out in time are worth more than the same number at once (Cepeda et al.
-- 2006), and recalling is worth more than reading again (Roediger & Karpicke 2006). Models of it
-- keep apart how well a memory can be recalled now and how slowly that declines (Bjork & Bjork
-- 1992; Wozniak, Gorzelanczyk & Murakowski 1995). Here are, as pure functions over plain tables:
--
-- * The two-component model. In it a difficult item gains more stability from a success than an
--   easy one, which is the opposite of SuperMemo's.
-- * FSRS-6 (Ye, Su & Cao 2022; the open-spaced-repetition project): the state of a memory, and
--   apart from it the scheduler with its learning steps, which are no property of a memory.
-- * Older rules: SM-2 (Wozniak 1990), expanding intervals (Pimsleur 1967), boxes (Leitner 1972).
-- * Base-level activation (Anderson & Schooler 1991), which forgets by the times of all meetings.
local M = require "engram.math"
local check = require "engram.check"

local DAY = 86400
local at_least, between, positive = check.at_least, check.between, check.positive
local clamp, floor, max, min = M.clamp, math.floor, math.max, math.min

local spacing = {}

local function success_of(success, fname, position)
  check.arg(type(success) == "boolean", fname, position, "true or false", success)
  return success
end

-- ---- the two-component model

local fresh = { retrievability = 0.9, stability_d = 2, difficulty = 2.5, learning_rate = 1 }

-- The stability of a state goes from a tenth of a day to a year, as its intervals do.
local SHORTEST, LONGEST = 0.1, 365

local function state_of(given, fname)
  local s = check.options(given, fresh, fname)
  between(s.retrievability, 0.01, 0.99, fname, "retrievability")
  between(s.stability_d, SHORTEST, LONGEST, fname, "stability_d")
  between(s.difficulty, 1, 10, fname, "difficulty")
  between(s.learning_rate, 0.5, 2, fname, "learning_rate")
  return s
end

-- spacing.predict(state, days) -> the chance of recall, in 0.01 .. 0.99: retrievability when
-- stability_d days have passed, its square after twice as many
function spacing.predict(state, days)
  local s = state_of(state, "spacing.predict")
  at_least(days, 0, "spacing.predict", 2)
  return clamp(M.pow(s.retrievability, days / s.stability_d), 0.01, 0.99)
end

-- spacing.interval(state [, target]) -> days until the chance of recall has fallen to the target
function spacing.interval(state, target)
  local s = state_of(state, "spacing.interval")
  target = between(target or 0.9, 0.01, 0.99, "spacing.interval", 2)
  return clamp(s.stability_d * M.log(target) / M.log(s.retrievability), SHORTEST, LONGEST)
end

-- spacing.review(state, { success =, response_s =, confidence = }) -> the state after it
function spacing.review(state, review)
  local fname = "spacing.review"
  local s = state_of(state, fname)
  local r = check.options(review, { success = check.none, response_s = check.none,
    confidence = check.none }, fname)
  if not success_of(r.success, fname, "success") then
    s.retrievability = 0.1
    s.stability_d = max(s.stability_d * 0.95, SHORTEST)
    s.difficulty = min(s.difficulty * 1.15, 10)
    return s
  end

  local response = at_least(r.response_s, 0, fname, "response_s")
  local confidence = between(r.confidence, 0, 1, fname, "confidence")
  local effort = (clamp(response, 0.5, 3) + max(1.2 - confidence, 0.5)) / 2
  local gain = s.difficulty * (1 + s.learning_rate) * (1 + 0.9 * (effort - 1))
  s.retrievability = 0.9 + 0.08 * confidence
  s.stability_d = min(s.stability_d + gain, LONGEST)
  if response < 2 and confidence > 0.8 then
    s.difficulty = max(s.difficulty * 0.96, 1)
  elseif response > 5 or confidence < 0.6 then
    s.difficulty = min(s.difficulty * 1.02, 10)
  end
  return s
end

-- spacing.law(state) -> { tau_s = }, the curve of spacing.predict as a law of engram.decay, which
-- begins at 1 and ends at 0
function spacing.law(state)
  local s = state_of(state, "spacing.law")
  return { tau_s = -s.stability_d * DAY / M.log(s.retrievability) }
end

-- ---- FSRS-6

local fsrs = {}
spacing.fsrs = fsrs

-- The published defaults, numbered as there: w[0] .. w[20].
fsrs.weights = { [0] = 0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722,
  0.1666, 0.796, 1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542 }

local LEAST_STABILITY = 0.001
local AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
local grades = { again = AGAIN, hard = HARD, good = GOOD, easy = EASY }

local function weights_of(given, fname, position)
  local w = given or fsrs.weights
  check.arg(type(w) == "table", fname, position, "a table of weights", w)
  for i = 0, 20 do
    check.arg(check.finite(w[i]), fname, position, ("a weight at %d"):format(i), w[i])
  end
  check.arg(w[20] > 0, fname, position, "a weight > 0 at 20", w[20])
  return w
end

local function memory_of(state, fname)
  check.arg(type(state) == "table", fname, 1, "a state", state)
  positive(state.stability_d, fname, "stability_d")
  between(state.difficulty, 1, 10, fname, "difficulty")
  return state
end

local function grade_of(rating, fname, position)
  local grade = grades[rating]
  check.arg(grade, fname, position, [["again", "hard", "good" or "easy"]], rating)
  return grade
end

-- The factor that makes the curve 0.9 when stability_d days have passed.
local function factor(w) return M.pow(0.9, -1 / w[20]) - 1 end

-- fsrs.predict(state, days [, weights]) -> the chance of recall
function fsrs.predict(state, days, weights)
  local fname = "fsrs.predict"
  local s, w = memory_of(state, fname), weights_of(weights, fname, 3)
  return M.pow(1 + factor(w) * at_least(days, 0, fname, 2) / s.stability_d, -w[20])
end

-- fsrs.interval(state [, target [, weights]]) -> days until the chance of recall has fallen to it
function fsrs.interval(state, target, weights)
  local fname = "fsrs.interval"
  local s, w = memory_of(state, fname), weights_of(weights, fname, 3)
  target = between(target or 0.9, 0.01, 0.99, fname, 2)
  return s.stability_d * ((M.pow(target, -1 / w[20]) - 1) / factor(w))
end

-- fsrs.law(state [, weights]) -> { unit_s =, beta = }, the same curve as a law of engram.decay
function fsrs.law(state, weights)
  local s, w = memory_of(state, "fsrs.law"), weights_of(weights, "fsrs.law", 2)
  return { unit_s = s.stability_d * DAY / factor(w), beta = w[20] }
end

local function first_difficulty(w, grade) return w[4] - M.exp(w[5] * (grade - 1)) + 1 end

local function next_difficulty(w, difficulty, grade)
  local moved = difficulty - w[6] * (grade - 3) * (10 - difficulty) / 9
  return clamp(w[7] * first_difficulty(w, EASY) + (1 - w[7]) * moved, 1, 10)
end

-- Within a day of the last review time has not told anything yet; the grade alone counts.
local function stability_same_day(w, stability, grade)
  local growth = M.exp(w[17] * (grade - 3 + w[18])) * M.pow(stability, -w[19])
  return stability * (grade >= GOOD and max(growth, 1) or growth)
end

local function stability_forgotten(w, s, left)
  local long = w[11] * M.pow(s.difficulty, -w[12]) * (M.pow(s.stability_d + 1, w[13]) - 1)
    * M.exp(w[14] * (1 - left))
  return min(long, s.stability_d / M.exp(w[17] * w[18]))
end

local function stability_recalled(w, s, left, grade)
  local growth = M.exp(w[8]) * (11 - s.difficulty) * M.pow(s.stability_d, -w[9])
    * (M.exp(w[10] * (1 - left)) - 1)
  if grade == HARD then growth = growth * w[15] end
  if grade == EASY then growth = growth * w[16] end
  return s.stability_d * (1 + growth)
end

-- fsrs.review(state, rating, days [, weights]) -> the state after it; state is nil at first
function fsrs.review(state, rating, days, weights)
  local fname = "fsrs.review"
  local w, grade = weights_of(weights, fname, 4), grade_of(rating, fname, 2)
  if state == nil then
    return { stability_d = max(w[grade - 1], LEAST_STABILITY),
      difficulty = clamp(first_difficulty(w, grade), 1, 10) }
  end

  local s = memory_of(state, fname)
  local stability
  if at_least(days, 0, fname, 3) < 1 then
    stability = stability_same_day(w, s.stability_d, grade)
  else
    local left = fsrs.predict(s, days, w)
    stability = grade == AGAIN and stability_forgotten(w, s, left)
      or stability_recalled(w, s, left, grade)
  end
  return { stability_d = max(stability, LEAST_STABILITY),
    difficulty = next_difficulty(w, s.difficulty, grade) }
end

-- To the nearest whole number, halves to the even one.
local function round(x)
  local below = floor(x)
  local rest = x - below
  return (rest > 0.5 or rest == 0.5 and below % 2 == 1) and below + 1 or below
end

-- The next of the short steps and its seconds; no seconds where the steps are done.
local function next_step(steps, step, grade)
  if grade == AGAIN then return 1, steps[1] end
  if grade == GOOD then return step + 1, steps[step + 1] end
  if grade == EASY then return step, nil end
  if step > 1 or not steps[1] then return step, steps[step] end
  return step, steps[2] and (steps[1] + steps[2]) / 2 or steps[1] * 1.5
end

local function steps_of(steps, fname, name)
  check.arg(type(steps) == "table", fname, name, "a table of seconds", steps)
  for i = 1, #steps do
    check.arg(check.finite(steps[i]) and steps[i] > 0, fname, name, ("seconds at %d"):format(i),
      steps[i])
  end
  return steps
end

local scheduling = { target = 0.9, learning_s = { 60, 600 }, relearning_s = { 600 },
  longest_d = 36500, weights = check.none }

-- fsrs.schedule(card, rating, days [, options]) -> the card after a review: its state, its phase
-- and the seconds until the next review; card is nil at first
function fsrs.schedule(card, rating, days, options)
  local fname = "fsrs.schedule"
  local o = check.options(options, scheduling, fname)
  local steps = { learning = steps_of(o.learning_s, fname, "learning_s"),
    relearning = steps_of(o.relearning_s, fname, "relearning_s") }
  at_least(o.longest_d, 1, fname, "longest_d")
  local grade = grade_of(rating, fname, 2)
  local next_card = fsrs.review(card, rating, days, o.weights)
  local phase, step = "learning", 1
  if card then phase, step = card.phase, card.step end
  check.arg(phase == "review" or steps[phase] and check.count(step) and step > 0, fname, 1,
    "a card that schedule returned", card)

  if phase == "review" and grade == AGAIN then phase = "relearning" end
  local seconds
  if phase ~= "review" then step, seconds = next_step(steps[phase], step, grade) end
  if not seconds then
    phase, step = "review", nil
    seconds = DAY * clamp(round(fsrs.interval(next_card, o.target, o.weights)), 1, o.longest_d)
  end
  next_card.phase, next_card.step, next_card.interval_s = phase, step, seconds
  return next_card
end

-- ---- older rules

-- spacing.sm2(state, quality) -> the state after it. The ease is kept in whole percent, as sums of
-- tenths are not exact and the interval is rounded up; it changes before it is used, and, as in
-- SM-2's text, not by a failure.
function spacing.sm2(state, quality)
  local fname = "spacing.sm2"
  local s = check.options(state, { repetitions = 0, interval_d = 0, ease_percent = 250 }, fname)
  check.arg(check.count(s.repetitions), fname, "repetitions", "a count", s.repetitions)
  check.arg(check.count(s.interval_d), fname, "interval_d", "a count", s.interval_d)
  check.arg(check.count(s.ease_percent) and s.ease_percent >= 130, fname, "ease_percent",
    "a whole number from 130", s.ease_percent)
  check.arg(check.count(quality) and quality <= 5, fname, 2, "a whole number in 0 .. 5", quality)
  if quality < 3 then
    s.repetitions, s.interval_d = 0, 1
    return s
  end
  local missed = 5 - quality
  s.ease_percent = max(s.ease_percent + 10 - missed * (8 + missed * 2), 130)
  s.repetitions = s.repetitions + 1
  s.interval_d = s.repetitions == 1 and 1 or s.repetitions == 2 and 6
    or floor((s.interval_d * s.ease_percent + 99) / 100)
  return s
end

-- spacing.simple(state, success) -> the state after it: the interval grows by a fixed factor
function spacing.simple(state, success)
  local fname = "spacing.simple"
  local s = check.options(state, { interval_d = 1, strength = 0.5 }, fname)
  positive(s.interval_d, fname, "interval_d")
  between(s.strength, 0, 1, fname, "strength")
  if success_of(success, fname, 2) then
    s.interval_d, s.strength = s.interval_d * 2.5, min(s.strength * 1.3, 1)
  else
    s.interval_d, s.strength = 1, s.strength * 0.8
  end
  return s
end

-- A whole power of a whole number, as long as it is exact.
local function whole_power(base, n, most, fname)
  between(n, 1, most, fname, 1)
  check.arg(check.count(n), fname, 1, "a count", n)
  local x = 1
  for _ = 1, n do x = x * base end
  return x
end

-- spacing.pimsleur(n) -> seconds before the n-th recall: 5, 25, 125 ... (565 days at 11)
function spacing.pimsleur(n) return whole_power(5, n, 22, "spacing.pimsleur") end

-- spacing.leitner(box) -> days between reviews of a box: 1, 2, 4, 8 ...
function spacing.leitner(box) return whole_power(2, box, 53, "spacing.leitner") / 2 end

-- ---- base-level activation

local function decay_of(decay, fname, position)
  if decay == nil then return 0.5 end
  check.arg(check.finite(decay) and decay >= 0 and decay < 1, fname, position,
    "a number from 0, below 1", decay)
  return decay
end

-- spacing.base_level(ages_s [, decay]) -> ln sum age^-decay
function spacing.base_level(ages_s, decay)
  local fname = "spacing.base_level"
  check.arg(type(ages_s) == "table" and #ages_s > 0, fname, 1, "a table of ages", ages_s)
  decay = decay_of(decay, fname, 2)
  local sum = 0
  for i = 1, #ages_s do
    check.arg(check.finite(ages_s[i]) and ages_s[i] > 0, fname, 1, ("an age > 0 at %d"):format(i),
      ages_s[i])
    sum = sum + M.pow(ages_s[i], -decay)
  end
  return M.log(sum)
end

-- spacing.base_level_even(n, life_s [, decay]) -> the same for n meetings spread evenly over a
-- life, without their times: ln(n / (1 - decay)) - decay ln life ("optimized learning" in ACT-R)
function spacing.base_level_even(n, life_s, decay)
  local fname = "spacing.base_level_even"
  positive(n, fname, 1)
  positive(life_s, fname, 2)
  decay = decay_of(decay, fname, 3)
  return M.log(n / (1 - decay)) - decay * M.log(life_s)
end

return spacing
