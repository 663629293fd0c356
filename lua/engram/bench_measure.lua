-- engram.bench_measure: contenders that take turns, each timed in batches of calls.
local compiled = require "engram.compiled"
local engram = require "engram"

local measure = {}

local SETTLED = 0.05    -- the last three batches of a warm-up lie so near to each other
local WARM_UPS = 30     -- or this was as many as it gets
local GARBAGE = 2 ^ 24  -- bytes of garbage that may lie about while garbage is counted

-- A loop of its own for each contender: a trace of a loop that several of them shared would be
-- specialised to the first, and slow for the others.
local function loop(count)
  local names = {}
  for i = 1, count do names[i] = "a" .. i end
  local list = table.concat(names, ", ")
  return assert(loadstring(([[
    local clock = ...
    return function(calls, f%s%s)
      local result
      local start = clock()
      for _ = 1, calls do result = f(%s) end
      return clock() - start, result
    end]]):format(count > 0 and ", " or "", list, list), "=bench"))(engram.clock)
end

-- measure.contender(f, ...) -> what is timed by calling f(...); its fields `before`, called before
-- each batch, and `check`, called with the last result behind it, may be set, and `arguments` may
-- be exchanged for as many others
function measure.contender(f, ...)
  return { f = f, arguments = { n = select("#", ...), ... }, loop = loop(select("#", ...)),
    calls = 1, samples = {}, aborts = 0 }
end

local function called(c, calls)
  return c.loop(calls, c.f, unpack(c.arguments, 1, c.arguments.n))
end

-- measure.batch(contender [, calls]) -> seconds
function measure.batch(c, calls)
  if c.before then c.before() end
  local seconds, result = called(c, calls or c.calls)
  if c.check then c.check(result) end
  return seconds
end

-- The clock has a resolution: no batch takes no time.
local function timed(c)
  return math.max(measure.batch(c), 1e-9)
end

-- How many calls take so long, by a batch of now.
local function calibrate(c, seconds)
  local taken = timed(c)
  while taken < seconds / 2 do
    c.calls = c.calls * math.max(2, math.min(1000, math.floor(seconds / taken / 2)))
    taken = timed(c)
  end
end

-- Warms up until three batches agree, or so often; seconds of the best.
local function warm_up(c, warm_ups)
  local a
  local b, last, best = math.huge, math.huge, math.huge
  for _ = 1, warm_ups do
    a, b, last = b, last, timed(c)
    best = math.min(best, last)
    c.settled = math.max(a, b, last) <= math.min(a, b, last) * (1 + SETTLED)
    if c.settled then break end
  end
  return best
end

-- measure.settle(contender, seconds [, warm_ups]): finds how many calls take so long and warms up
-- until three batches agree: then it has settled. The number of calls is by the best of all batches:
-- one that is small because a single batch was disturbed would find everything cold whenever its
-- turn comes, and be slower than its like for good.
function measure.settle(c, seconds, warm_ups)
  calibrate(c, seconds)
  local known
  repeat
    known = c.calls
    local best = warm_up(c, warm_ups or WARM_UPS)
    c.calls = math.max(1, math.floor(known * seconds / best + 0.5))
  until c.calls < 2 * known
end

-- measure.garbage(contender) -> bytes of garbage that a call makes
function measure.garbage(c)
  collectgarbage()
  collectgarbage "stop"
  local ran, bytes = pcall(function()
    local function of(calls)
      if c.before then c.before() end
      local before = collectgarbage "count"
      called(c, calls)
      return (collectgarbage "count" - before) * 1024 / calls
    end
    local once = of(1)
    local calls = math.max(1, math.min(c.calls, math.floor(GARBAGE / math.max(once, 1))))
    return math.min(of(calls), of(calls)) -- a trace that is made meanwhile is no garbage
  end)
  collectgarbage "restart"
  if not ran then error(bytes, 0) end
  return bytes
end

-- measure.interrupted(failure) -> whether an error is that somebody wants to stop
function measure.interrupted(failure)
  if type(failure) == "string" then return failure:find "interrupted$" ~= nil end
  return type(failure) == "table" and failure.name == "ECANCELLED"
end

local current -- contender, whose aborted traces are counted

local function watch(event)
  if event == "abort" and current then current.aborts = current.aborts + 1 end
end

-- measure.watching(f, ...) -> what f returns; meanwhile aborted traces are counted
function measure.watching(f, ...)
  local function finish(...)
    jit.attach(watch)
    current = nil
    return ...
  end
  jit.attach(watch, "trace")
  local result = { pcall(f, ...) }
  finish()
  if not result[1] then error(result[2], 0) end
  return unpack(result, 2)
end

-- measure.on(contender): whose traces these are from now on
function measure.on(c)
  current = c
end

-- measure.shuffle(list, rng) -> list, in an order drawn anew
function measure.shuffle(list, rng)
  for i = #list, 2, -1 do
    local j = rng:below(i) + 1
    list[i], list[j] = list[j], list[i]
  end
  return list
end

-- Compiled, it would not hear an interrupt.
local take_turns = compiled.never(function(contenders, o, done)
  local order, total = { unpack(contenders) }, 0
  while done.rounds < o.least or total < o.seconds * #contenders do
    measure.shuffle(order, o.rng)
    for i = 1, #order do
      current = order[i]
      local taken = timed(current)
      current.samples[done.rounds + 1] = taken / current.calls
      total = total + taken
    end
    done.rounds = done.rounds + 1
    if o.round then
      o.round(math.min(done.rounds / o.least, total / (o.seconds * #contenders), 1))
    end
  end
end)

-- measure.turns(contenders, { least =, seconds =, rng =, round = }) -> rounds; and the failure that
-- ended them and the contender whose it is. Each is timed once in a round, in an order drawn anew,
-- until they have taken so many seconds each, but at least so many rounds; round(share of the work
-- done) is called behind each. What was measured of a round that is broken off is forgotten.
function measure.turns(contenders, o)
  local done = { rounds = 0 }
  for i = 1, #contenders do contenders[i].samples = {} end
  local ran, failure = pcall(take_turns, contenders, o, done)
  for i = 1, #contenders do contenders[i].samples[done.rounds + 1] = nil end
  if ran then return done.rounds end
  return done.rounds, failure, current
end

return measure
