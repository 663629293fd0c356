-- forgetting.lua: the curves of forgetting against what was measured and published.
-- SPDX-License-Identifier: MIT
--
-- Savings when lists of syllables were learnt again after a while: Ebbinghaus, Ueber das
-- Gedaechtnis, 1885; the replications by Mack, Seitz and Dros, and the curves fitted to all four,
-- are those of Murre & Dros, Replication and analysis of Ebbinghaus' forgetting curve, PLoS ONE
-- 10(7) e0120644, 2015 (CC BY), table 3 and the authors' spreadsheet.
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, near = tap.ok, tap.near
local decay, M = engram.decay, engram.math

local seconds = { 1200, 3600, 32400, 86400, 172800, 518400, 2678400 }
local savings = {
  Ebbinghaus = { 0.582, 0.442, 0.358, 0.337, 0.278, 0.254, 0.211 },
  Mack = { 0.544304, 0.431907, 0.285124, 0.315985, 0.365019, 0.308943, 0.258427 },
  Seitz = { 0.442060, 0.324895, 0.269767, 0.270042, 0.285714, 0.205240, 0.200803 },
  Dros = { 0.471677, 0.372909, 0.276445, 0.316780, 0.230004, 0.168202, 0.040970 },
}

-- What a law leaves of 1 at these ages.
local function left(ages, law)
  return decay(engram.vec(#ages):fill(1), ages, law):table()
end

-- Sum of squared differences, and the share of the variance that is explained.
local function ssd(observed, predicted)
  local sum = 0
  for i = 1, #observed do
    local difference = observed[i] - predicted[i]
    sum = sum + difference * difference
  end
  return sum
end

local function explained(observed, predicted)
  local _, variance = engram.vec(observed):moments()
  return 1 - ssd(observed, predicted) / (#observed * variance)
end

-- ---- power laws

-- mu t^-a is (1 + (t - unit) / unit)^-a with unit^a = mu: the law of a memory that was made a unit
-- after learning.
local function power(mu, a, boost)
  local unit_s, ages = M.pow(mu, 1 / a), {}
  for i, t in ipairs(seconds) do ages[i] = t - unit_s end
  local predicted = left(ages, { curve = "power", unit_s = unit_s, beta = a })
  for i, t in ipairs(seconds) do
    if t >= 86400 then predicted[i] = predicted[i] + (boost or 0) end -- what a night's sleep gives
  end
  return predicted
end

for _, fit in ipairs {
  { "Ebbinghaus", { 1.39831, 0.130352 }, 0.0028442 },
  { "Mack", { 0.965144, 0.0925659 }, 0.0129206 },
  { "Seitz", { 0.822008, 0.0989664 }, 0.0052312 },
  { "Dros", { 1.555789, 0.166886 }, 0.0162665 },
  { "Ebbinghaus", { 1.64769, 0.151529, 0.0303523 }, 0.0023144 },
  { "Mack", { 2.134805, 0.194353, 0.130834 }, 0.0035466 },
  { "Seitz", { 1.266414, 0.154487, 0.0629944 }, 0.0030961 },
  { "Dros", { 1.668909, 0.176162, 0.0109677 }, 0.0161565 },
} do
  local name, parameters, published = unpack(fit)
  -- A unit of the last digit: the parameters are rounded too.
  near(ssd(savings[name], power(unpack(parameters))), published, 1.1e-7,
    ("the power law%s fits %s's savings as well as is published"):format(
      parameters[3] and " with a boost from one day on" or "", name))
end

-- ---- Ebbinghaus's own equation: minutes from one minute before the end of learning

local minutes, own = { 20, 64, 526, 1440, 2880, 8640, 44640 }, {}
for i, t in ipairs(minutes) do own[i] = 60 * (t - 1) end
own = left(own, { curve = "savings" })
local percent, furthest, at = {}, 0, nil
for i = 1, #own do
  percent[i] = 100 * own[i]
  local difference = math.abs(100 * savings.Ebbinghaus[i] - percent[i])
  if difference > furthest then furthest, at = difference, minutes[i] end
end
support.near_all(percent, { 56.97, 46.77, 34.49, 30.41, 28.06, 24.92, 21.23 }, 0.005,
  "savings are what Ebbinghaus's equation gives")
near(furthest, 3.29, 0.005, "it misses what he measured by 3.29 points at most")
ok(at == 1440, "after a day")

-- ---- the mixture

local hours, ages = { 0.33, 1.07, 8.8, 24, 48, 144, 744 }, {}
for i, t in ipairs(hours) do ages[i] = 3600 * t end
local mixed = left(ages, { curve = "mixture", weight = 0.5, tau_s = 720, unit_s = 3600,
  beta = 0.14 })
near(math.sqrt(ssd(savings.Ebbinghaus, mixed) / 7), 0.011, 0.0005,
  "a mixture comes within 0.011 of Ebbinghaus's savings")

-- ---- and what is not a curve of forgetting

local function exponential(log_tau_s)
  return left(seconds, { tau_s = M.exp(log_tau_s) })
end

-- The best one, by cutting at the golden ratio what is left of the range.
local low, high, ratio = M.log(60), M.log(1e7), (math.sqrt(5) - 1) / 2
while high - low > 1e-6 do
  local a, b = high - ratio * (high - low), low + ratio * (high - low)
  if ssd(savings.Ebbinghaus, exponential(a)) < ssd(savings.Ebbinghaus, exponential(b)) then
    high = b
  else
    low = a
  end
end
near(M.exp(low) / 3600, 0.974, 0.0005, "the best exponential has a time constant of 0.974 hours")
near(ssd(savings.Ebbinghaus, exponential(low)), 0.4514, 0.00005, "and a misfit of 0.4514")
ok(explained(savings.Ebbinghaus, exponential(low)) < 0, "the mean alone would be nearer")
for _, law in ipairs { { "the power law", power(1.39831, 0.130352) },
  { "Ebbinghaus's equation", own }, { "the mixture", mixed } } do
  ok(explained(savings.Ebbinghaus, law[2]) >= 0.97, law[1] .. " explains 97 % of the variance")
end

support.done()
