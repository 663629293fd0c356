-- engram.confidence: how far to trust what was recalled.
-- SPDX-License-Identifier: MIT
--
-- A confidence is a number in 0 .. 1 and is combined as a probability. Several paths or sources
-- that each could be right make a noisy-or (Pearl 1988), which takes them to be independent: paths
-- that share nodes are counted too high. A band is a heuristic: the spread of several results, no
-- confidence interval. Whether confidences mean anything is for calibration to say: of what is held
-- with 0.7, 70 % should turn out right (Lichtenstein, Fischhoff & Phillips 1982).
local M = require "engram.math"
local check = require "engram.check"

local at_least, clamp = check.at_least, M.clamp
local floor, max, min = math.floor, math.max, math.min

local confidence = { none = 0, low = 0.1, medium = 0.5, high = 0.9, certain = 1 }

local function unit(x, fname, position) return check.between(x, 0, 1, fname, position) end

local function list_of(values, fname, position)
  check.arg(type(values) == "table", fname, position, "a table of confidences", values)
  for i = 1, #values do
    local c = values[i]
    check.arg(type(c) == "number" and c >= 0 and c <= 1, fname, position,
      ("a number in 0 .. 1 at %d"):format(i), c)
  end
  return values
end

-- confidence.is_high(c), confidence.is_low(c)
function confidence.is_high(c) return unit(c, "confidence.is_high", 1) >= 0.7 end
function confidence.is_low(c) return unit(c, "confidence.is_low", 1) <= 0.3 end

-- ---- algebra, of numbers and of bands

local function is_band(x) return type(x) == "table" end

local function band_of(x, fname, position)
  unit(x.lower, fname, "lower")
  unit(x.point, fname, "point")
  unit(x.upper, fname, "upper")
  check.arg(x.lower <= x.point and x.point <= x.upper, fname, position,
    "a band with lower <= point <= upper", x)
  return x
end

-- f of two numbers, or at the three places of two bands; a number is a band without width.
local function combined(f, a, b, fname)
  if not is_band(a) and not is_band(b) then return f(unit(a, fname, 1), unit(b, fname, 2)) end
  a = is_band(a) and a or { lower = a, point = a, upper = a }
  b = is_band(b) and b or { lower = b, point = b, upper = b }
  band_of(a, fname, 1)
  band_of(b, fname, 2)
  return { lower = f(a.lower, b.lower), point = f(a.point, b.point), upper = f(a.upper, b.upper) }
end

local function product(a, b) return a * b end

-- a + b - a * b, in a form whose rounding neither leaves 0 .. 1 nor changes an order.
local function co_product(a, b) return 1 - (1 - a) * (1 - b) end

-- confidence.both(a, b) -> a * b, of two numbers or bands
function confidence.both(a, b) return combined(product, a, b, "confidence.both") end

-- confidence.either(a, b) -> a + b - a * b, of two numbers or bands
function confidence.either(a, b) return combined(co_product, a, b, "confidence.either") end

-- confidence.negation(a) -> 1 - a; a band's ends change places
function confidence.negation(a)
  if not is_band(a) then return 1 - unit(a, "confidence.negation", 1) end
  band_of(a, "confidence.negation", 1)
  return { lower = 1 - a.upper, point = 1 - a.point, upper = 1 - a.lower }
end

-- confidence.mean(values [, weights]) -> the weighted mean; 0.5 where weights sum to 0
function confidence.mean(values, weights)
  local fname = "confidence.mean"
  list_of(values, fname, 1)
  check.arg(weights == nil or type(weights) == "table" and #weights == #values, fname, 2,
    ("%d weights"):format(#values), weights)
  local sum, total = 0, 0
  for i = 1, #values do
    local weight = weights and at_least(weights[i], 0, fname, 2) or 1
    sum, total = sum + weight * values[i], total + weight
  end
  return total > 0 and sum / total or 0.5
end

-- confidence.bayes(a, b) -> a * b / (a * b + (1 - a) * (1 - b)); 0.5 where one is 0 and the other 1
function confidence.bayes(a, b)
  unit(a, "confidence.bayes", 1)
  unit(b, "confidence.bayes", 2)
  local yes, no = a * b, (1 - a) * (1 - b)
  return yes + no > 0 and yes / (yes + no) or 0.5
end

-- confidence.temper(c) -> c without overconfidence. Up to 0.6 it stays; the middle of 0.6 .. 0.8
-- becomes 0.9 of itself, the middle of 0.8 .. 1 and all above 0.85 of itself, and straight lines
-- join these points: steps there would put 0.81 below 0.79.
function confidence.temper(c)
  unit(c, "confidence.temper", 1)
  if c <= 0.6 then return c end
  if c <= 0.7 then return 0.6 + 0.3 * (c - 0.6) end
  if c <= 0.9 then return 0.63 + 0.675 * (c - 0.7) end
  return 0.85 * c
end

-- ---- paths and evidence

local all = { most = check.none, skip = 0, least = 0 }

-- confidence.noisy_or(values [, { most =, skip =, least = }]) -> 1 - prod (1 - p), of the `most`
-- largest p, without those below `skip`, and at least `least`; in descending p, so that the order
-- of the values does not matter
function confidence.noisy_or(values, options)
  local fname = "confidence.noisy_or"
  local o = check.options(options, all, fname)
  check.arg(o.most == nil or check.count(o.most), fname, "most", "a count", o.most)
  unit(o.skip, fname, "skip")
  unit(o.least, fname, "least")
  local sorted = {}
  for i, p in ipairs(list_of(values, fname, 1)) do sorted[i] = p end
  table.sort(sorted, function(a, b) return a > b end)
  local none = 1 -- the chance that all are wrong
  for i = 1, min(#sorted, o.most or #sorted) do
    if sorted[i] >= o.skip then none = none * (1 - sorted[i]) end
  end
  return max(1 - none, o.least)
end

local tiers = { hot = 1, warm = 0.95, cold = 0.9 }

-- confidence.path { confidence =, weight =, tier =, hops = } -> confidence * weight * tier *
-- exp(-0.35 * hops)
function confidence.path(path)
  local fname = "confidence.path"
  local p = check.options(path, { confidence = check.none, weight = 1, tier = "hot", hops = 0 },
    fname)
  check.arg(tiers[p.tier], fname, "tier", [["hot", "warm" or "cold"]], p.tier)
  return clamp(unit(p.confidence, fname, "confidence") * at_least(p.weight, 0, fname, "weight")
    * tiers[p.tier] * M.exp(-0.35 * at_least(p.hops, 0, fname, "hops")), 0, 1)
end

local paths_rule = { most = 8, skip = 0.001, least = 0.001 }

-- confidence.paths(list) -> the noisy-or of up to 8 of these paths
function confidence.paths(list)
  check.arg(type(list) == "table", "confidence.paths", 1, "a table of paths", list)
  local values = {}
  for i = 1, #list do values[i] = confidence.path(list[i]) end
  return confidence.noisy_or(values, paths_rule)
end

-- confidence.evidence { { source =, confidence = }, ... } -> the noisy-or over sources of the best
-- of each, as what one source says twice is no more certain
function confidence.evidence(list)
  local fname = "confidence.evidence"
  check.arg(type(list) == "table", fname, 1, "a table of { source =, confidence = }", list)
  local best, place = {}, {}
  for i = 1, #list do
    local item = list[i]
    check.arg(type(item) == "table" and item.source ~= nil, fname, 1,
      ("{ source =, confidence = } at %d"):format(i), item)
    unit(item.confidence, fname, "confidence")
    local at = place[item.source] or #best + 1
    place[item.source] = at
    best[at] = max(best[at] or 0, item.confidence)
  end
  return confidence.noisy_or(best)
end

-- ---- bands

-- confidence.band(point, uncertainty) -> { lower =, point =, upper = }, half as wide as
-- uncertainty * point, or as is room for beside the point
function confidence.band(point, uncertainty)
  local fname = "confidence.band"
  unit(point, fname, 1)
  local half = min(at_least(uncertainty, 0, fname, 2) * point, point, 1 - point)
  return { lower = point - half, point = point, upper = point + half }
end

-- confidence.band_of(values [, most]) -> the band around their mean, whose uncertainty is their
-- standard deviation (of the population), at most `most`
function confidence.band_of(values, most)
  local fname = "confidence.band_of"
  list_of(values, fname, 1)
  check.arg(#values > 0, fname, 1, "a confidence at least", values)
  local mean, squares = confidence.mean(values), 0
  for i = 1, #values do squares = squares + (values[i] - mean) * (values[i] - mean) end
  local deviation = M.sqrt(squares / #values)
  return confidence.band(mean, most and min(deviation, at_least(most, 0, fname, 2)) or deviation)
end

-- ---- calibration

-- confidence.calibration(predicted, outcomes [, bins]) -> { error =, bins = { ... } }: in each bin
-- of confidences how many there are, their mean, and the share that was right; error is the mean
-- difference of these two over all predictions (expected calibration error)
function confidence.calibration(predicted, outcomes, bins)
  local fname = "confidence.calibration"
  list_of(predicted, fname, 1)
  check.arg(type(outcomes) == "table" and #outcomes == #predicted, fname, 2,
    ("a table of %d outcomes"):format(#predicted), outcomes)
  bins = bins or 10
  check.arg(check.count(bins) and bins > 0, fname, 3, "a count of at least 1", bins)
  local result = { error = 0, bins = {} }
  for i = 1, bins do
    result.bins[i] = { lower = (i - 1) / bins, upper = i / bins, count = 0, predicted = 0,
      right = 0 }
  end
  for i = 1, #predicted do
    check.arg(type(outcomes[i]) == "boolean", fname, 2, ("true or false at %d"):format(i),
      outcomes[i])
    local bin = result.bins[min(floor(predicted[i] * bins) + 1, bins)]
    bin.count, bin.predicted = bin.count + 1, bin.predicted + predicted[i]
    if outcomes[i] then bin.right = bin.right + 1 end
  end
  for _, bin in ipairs(result.bins) do
    if bin.count > 0 then
      result.error = result.error + max(bin.predicted - bin.right, bin.right - bin.predicted)
        / #predicted
      bin.predicted, bin.right = bin.predicted / bin.count, bin.right / bin.count
    end
  end
  return result
end

return confidence
