-- engram.statistics: what a sample of numbers says, and how sure that is.
local ffi = require "ffi"
local check = require "engram.check"
local compiled = require "engram.compiled"
local numbers = require "engram.numbers"

local statistics = {}

local Doubles = ffi.typeof "double[?]"
local finite = numbers.finite

-- ---- sums

-- Neumaier 1974: in ascending order, with what each step rounds off kept beside the sum and added
-- in the end.
local function sum_of(x, n, fname)
  local sum, lost = 0, 0
  for i = 0, n - 1 do
    local total = sum + x[i]
    if math.abs(sum) >= math.abs(x[i]) then
      lost = lost + ((sum - total) + x[i])
    else
      lost = lost + ((x[i] - total) + sum)
    end
    sum = total
  end
  sum = sum + lost
  if sum - sum ~= 0 then check.raise("%s: the sum is beyond the range of a number", fname) end
  return sum
end

-- No rounding takes the mean out of the range of the numbers: that of equals is what they are.
local function mean_of(x, n, fname)
  local low, high = x[0], x[0]
  for i = 1, n - 1 do low, high = math.min(low, x[i]), math.max(high, x[i]) end
  return math.max(low, math.min(high, sum_of(x, n, fname) / n))
end

local function products_of(x, y, n, fname)
  local products = Doubles(n)
  for i = 0, n - 1 do products[i] = x[i] * y[i] end
  return sum_of(products, n, fname)
end

-- statistics.mean(x) -> number
function statistics.mean(x)
  local fname = "statistics.mean"
  local values, n = finite(x, fname, 1)
  return mean_of(values, n, fname)
end

local function variance_of(x, fname)
  local values, n = finite(x, fname, 1, 2)
  local mean = mean_of(values, n, fname)
  for i = 0, n - 1 do values[i] = values[i] - mean end
  return products_of(values, values, n, fname) / (n - 1)
end

-- statistics.variance(x) -> number; statistics.deviation(x) -> its root
function statistics.variance(x) return variance_of(x, "statistics.variance") end
function statistics.deviation(x) return math.sqrt(variance_of(x, "statistics.deviation")) end

-- ---- order

-- Lets x[at] sink to where it belongs in the heap of n.
local function sink(x, at, n)
  local value = x[at]
  while true do
    local child = 2 * at + 1
    if child >= n then break end
    if child + 1 < n and x[child + 1] > x[child] then child = child + 1 end
    if x[child] <= value then break end
    x[at], at = x[child], child
  end
  x[at] = value
end

-- Sorts an array of finite doubles in place: a heap, which no order of values makes slow.
local function sort(x, n)
  for at = math.floor(n / 2) - 1, 0, -1 do sink(x, at, n) end
  for last = n - 1, 1, -1 do
    x[0], x[last] = x[last], x[0]
    sink(x, 0, last)
  end
end

-- Type 7 of Hyndman & Fan 1996: p of the way from the first to the last, linear between two.
local function at_share(sorted, n, p)
  local place = (n - 1) * p
  local below = math.floor(place)
  local share, low = place - below, sorted[below]
  if share == 0 then return low end
  local high = sorted[below + 1]
  return low == high and low or (1 - share) * low + share * high
end

local function median_of(x, n)
  sort(x, n)
  return at_share(x, n, 0.5)
end

-- statistics.median(x) -> number
function statistics.median(x)
  return median_of(finite(x, "statistics.median", 1))
end

-- statistics.mad(x) -> number: the median of the distances from the median, not scaled
function statistics.mad(x)
  local values, n = finite(x, "statistics.mad", 1)
  local median = median_of(values, n)
  for i = 0, n - 1 do values[i] = math.abs(values[i] - median) end
  return median_of(values, n)
end

-- statistics.quantile(x, p) -> number; a list of p gives a list
function statistics.quantile(x, p)
  local fname = "statistics.quantile"
  local values, n = finite(x, fname, 1)
  sort(values, n)
  if type(p) ~= "table" then return at_share(values, n, check.between(p, 0, 1, fname, 2)) end
  local list = {}
  for i = 1, #p do list[i] = at_share(values, n, check.between(p[i], 0, 1, fname, 2)) end
  return list
end

-- ---- two samples

local function pair(x, y, least, fname)
  local a, n = finite(x, fname, 1, least)
  local b, m = finite(y, fname, 2, least)
  check.arg(m == n, fname, 2, ("%d numbers"):format(n), m)
  return a, b, n
end

-- statistics.rmsd(x, y) -> the root of the mean squared difference
function statistics.rmsd(x, y)
  local fname = "statistics.rmsd"
  local a, b, n = pair(x, y, 1, fname)
  for i = 0, n - 1 do a[i] = (a[i] - b[i]) * (a[i] - b[i]) end
  return math.sqrt(sum_of(a, n, fname) / n)
end

-- The ranks of values, from 1; equals share the mean of theirs.
local function ranks_of(x, n)
  local sorted, rank_of, ranks = Doubles(n), {}, Doubles(n)
  ffi.copy(sorted, x, n * 8)
  sort(sorted, n)
  local first = 0
  for i = 0, n - 1 do
    if i + 1 == n or sorted[i + 1] ~= sorted[i] then
      rank_of[sorted[i]], first = (first + i) / 2 + 1, i + 1
    end
  end
  for i = 0, n - 1 do ranks[i] = rank_of[x[i]] end
  return ranks
end

-- Takes the mean off values and divides them by the largest that is left, so that no square of them
-- is out of range.
local function standardise(x, n, fname, position)
  local mean, largest = mean_of(x, n, fname), 0
  for i = 0, n - 1 do
    x[i] = x[i] - mean
    largest = math.max(largest, math.abs(x[i]))
  end
  check.arg(largest > 0, fname, position, "numbers that differ", mean)
  for i = 0, n - 1 do x[i] = x[i] / largest end
end

-- statistics.correlation(x, y [, { method = "pearson" | "spearman" }]) -> -1 .. 1
function statistics.correlation(x, y, options)
  local fname = "statistics.correlation"
  local o = check.options(options, { method = "pearson" }, fname)
  check.arg(o.method == "pearson" or o.method == "spearman", fname, "method",
    "\"pearson\" or \"spearman\"", o.method)
  local a, b, n = pair(x, y, 2, fname)
  if o.method == "spearman" then a, b = ranks_of(a, n), ranks_of(b, n) end
  standardise(a, n, fname, 1)
  standardise(b, n, fname, 2)
  local r = products_of(a, b, n, fname)
    / math.sqrt(products_of(a, a, n, fname) * products_of(b, b, n, fname))
  return math.max(-1, math.min(1, r))
end

-- ---- by chance

-- A statistic of samples, which has to be a finite number.
local function measured(statistic, fname, position, a, b)
  local value = statistic(a, b)
  check.arg(check.finite(value), fname, position, "a statistic that gives finite numbers", value)
  return value
end

-- A sample as a list; what is not a table becomes one.
local function list_of(x, fname, position)
  local list = {}
  if type(x) == "table" then
    for i = 1, #x do
      list[i] = x[i]
      if type(x[i]) == "number" then
        check.arg(check.finite(x[i]), fname, position, ("a finite number at %d"):format(i), x[i])
      end
    end
  else
    local values, n = finite(x, fname, position)
    for i = 1, n do list[i] = values[i - 1] end
  end
  check.arg(#list > 0, fname, position, "at least one element", #list)
  return list
end

local function resample(from, into, rng)
  local n = #from
  for i = 1, n do into[i] = from[rng:below(n) + 1] end
  return into
end

local function resamples_of(o, fname)
  check.arg(check.count(o.resamples) and o.resamples > 0, fname, "resamples",
    "a count of at least 1", o.resamples)
  check.arg(check.count(o.seed), fname, "seed", "a whole number", o.seed)
  return o.resamples, require "engram.rng"(o.seed)
end

-- The statistic of n resamples. Compiled, it would not hear an interrupt.
local resampled = compiled.never(function(statistic, a, b, n, rng)
  local again_a, again_b, values = {}, b and {}, Doubles(n)
  for i = 0, n - 1 do
    resample(a, again_a, rng)
    if b then resample(b, again_b, rng) end
    values[i] = measured(statistic, "statistics.bootstrap", 1, again_a, again_b)
  end
  return values
end)

-- statistics.bootstrap(statistic, x [, y] [, { level = 0.99, resamples = 2000, seed = 1 }])
-- -> low, high: the percentile interval (Efron 1979) of statistic(x) or statistic(x, y), functions
-- of lists
function statistics.bootstrap(statistic, x, y, options)
  local fname = "statistics.bootstrap"
  check.arg(type(statistic) == "function", fname, 1, "a function", statistic)
  local two = type(y) ~= "table" and y ~= nil or type(y) == "table" and check.list(y) and #y > 0
  if not two and options == nil then y, options = nil, y end
  check.arg(two or y == nil, fname, 3, "at least one element", y)
  local o = check.options(options, { level = 0.99, resamples = 2000, seed = 1 }, fname)
  check.arg(check.finite(o.level) and o.level > 0 and o.level < 1, fname, "level",
    "a number between 0 and 1", o.level)
  local n, rng = resamples_of(o, fname)
  local a, b = list_of(x, fname, 2), two and list_of(y, fname, 3) or nil
  local values = resampled(statistic, a, b, n, rng)
  sort(values, n)
  local tail = (1 - o.level) / 2
  return at_share(values, n, tail), at_share(values, n, 1 - tail)
end

local TOLERANCE = 1e-12 -- of the statistic as it is: what rounding may part that should be equal

local alternatives = {
  ["two-sided"] = function(value, as_is, room)
    return math.abs(value) >= math.abs(as_is) - room
  end,
  greater = function(value, as_is, room) return value >= as_is - room end,
  less = function(value, as_is, room) return value <= as_is + room end,
}

-- In how many ways k of n can be chosen, or nil if in more than `most`.
local function ways_of(n, k, most)
  local ways = 1
  for i = 1, math.min(k, n - k) do
    ways = ways * (n - i + 1) / i
    if ways > most then return nil end
  end
  return ways
end

-- Every choice of k of the pool, the others behind them, one a call, in the order of their places.
local function every_choice(pool, k)
  local n, places, chosen = #pool, {}, {}
  for i = 1, k do places[i] = i end
  places[k] = k - 1
  return function(a, b)
    local i = k
    while places[i] == n - k + i do i = i - 1 end
    places[i] = places[i] + 1
    for j = i + 1, k do places[j] = places[j - 1] + 1 end
    for j = 1, n do chosen[j] = false end
    for j = 1, k do chosen[places[j]] = true end
    local in_a, in_b = 0, 0
    for j = 1, n do
      if chosen[j] then
        in_a = in_a + 1
        a[in_a] = pool[j]
      else
        in_b = in_b + 1
        b[in_b] = pool[j]
      end
    end
  end
end

-- k of the pool at random, the others behind them, one a call.
local function any_choice(pool, k, rng)
  local n = #pool
  return function(a, b)
    for i = 1, k do
      local j = i + rng:below(n - i + 1)
      pool[i], pool[j] = pool[j], pool[i]
      a[i] = pool[i]
    end
    for i = k + 1, n do b[i - k] = pool[i] end
  end
end

local function mean_difference(a, b) return statistics.mean(a) - statistics.mean(b) end

-- How many of n choices are extreme; interpreted for the same reason.
local count_extreme = compiled.never(function(n, is_extreme)
  local extreme = 0
  for _ = 1, n do
    if is_extreme() then extreme = extreme + 1 end
  end
  return extreme
end)

-- statistics.permutation(x, y [, { statistic =, alternative = "two-sided", resamples = 9999,
-- seed = 1 }]) -> p, whether it is exact
function statistics.permutation(x, y, options)
  local fname = "statistics.permutation"
  local o = check.options(options, { statistic = mean_difference, alternative = "two-sided",
    resamples = 9999, seed = 1 }, fname)
  check.arg(type(o.statistic) == "function", fname, "statistic", "a function", o.statistic)
  local is_extreme = alternatives[o.alternative]
  check.arg(is_extreme, fname, "alternative", "\"two-sided\", \"greater\" or \"less\"",
    o.alternative)
  local most, rng = resamples_of(o, fname)
  local a, b = list_of(x, fname, 1), list_of(y, fname, 2)
  local as_is = measured(o.statistic, fname, "statistic", a, b)
  local room = TOLERANCE * math.abs(as_is)
  local pool, k = {}, #a
  for i = 1, k do pool[i] = a[i] end
  for i = 1, #b do pool[k + i] = b[i] end
  local ways = ways_of(#pool, k, most)
  local choose = ways and every_choice(pool, k) or any_choice(pool, k, rng)
  local extreme = count_extreme(ways or most, function()
    choose(a, b)
    return is_extreme(measured(o.statistic, fname, "statistic", a, b), as_is, room)
  end)
  if ways then return extreme / ways, true end
  return (extreme + 1) / (most + 1), false -- what was measured is one of the permutations
end

return statistics
