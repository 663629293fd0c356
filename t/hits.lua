-- hits.lua: runs of (id, score), the currency between stages.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, ids_are = tap.ok, tap.is, tap.near, support.refuses, support.ids_are
local hits = engram.hits

-- ---- results

local run = hits { { 7, 0.5 }, { 3, 0.9 }, { 1, 0.5 } }
ids_are(run, { 3, 1, 7 }, "hits stand by descending score, ties by ascending id")
is(#run, 3, "the length of hits is how many there are")
is(run:id(1), 3, "id gives the id at a position, from 1")
is(run:score(1), 0.9, "score gives the score at a position, whole")
is(run[2].id, 1, "an element has an id")
is(run[2].score, 0.5, "an element has a score")
ok(run[0] == nil and run[4] == nil and run[1.5] == nil, "there is nothing beside the positions")
local count = 0
for _, hit in ipairs { run[1], run[2], run[3] } do count = count + hit.score end
near(count, 1.9, 1e-12, "elements are tables of their own")
is(#run:table(), 3, "table gives all elements")
is(run:table()[3].id, 7, "in order")
ids_are(hits { { id = 2, score = 1 }, { id = 4, score = 2 } }, { 4, 2 }, "fields may be named")
ids_are(hits { { 1, 0 / 0 }, { 2, -math.huge }, { 3, 1 } }, { 3, 2, 1 }, "a NaN score stands last")
is(hits({ { 2 ^ 53 - 1, 1 } }):id(1), 2 ^ 53 - 1, "the largest id is exact")
is(#hits {}, 0, "hits may be empty")

ok(run:filter(function(id, score) return id ~= 3 and score > 0 end) == run, "filter works in place")
ids_are(run, { 1, 7 }, "filter keeps what the function wants")
is(#run:copy():filter(function() return nil end), 0, "filter may keep nothing")
is(#run, 2, "a copy is changed alone")
ids_are(run:copy():top(1), { 1 }, "top cuts")
is(#run:top(10), 2, "top of more than there are keeps all")

local a, b = hits { { 1, 1 }, { 2, 2 } }, hits { { 2, 10 }, { 3, 20 } }
local merged = a:merge(b, 0.25)
ids_are(merged, { 3, 2, 1 }, "merge has the ids of both, in order")
is(merged:score(2), 4.5, "merge adds the weighted scores of an id in both")
is(merged:score(1), 5, "merge weighs the scores of the other")
ids_are(a:merge(b), { 3, 2, 1 }, "without a weight merge adds the scores as they are")
ok(#a == 2 and #b == 2 and a:score(1) == 2, "merge leaves both as they were")

-- Ages by slot: 0 for slot 0, a day for slot 1, two for slot 2.
local aged = hits { { 0, 0.2 }, { 1, 0.6 }, { 2, 0.9 } }
ok(aged:decay { ages_s = { 0, 86400, 172800 }, half_life_s = 86400 } == aged,
  "decay works in place")
ids_are(aged, { 1, 2, 0 }, "decay puts hits in order again")
near(aged:score(1), 0.3, 1e-6, "after a half-life half is left")
near(aged:score(2), 0.225, 1e-6, "after two half-lives a quarter is left")
is(aged:score(3), 0.2, "at age 0 all is left, bit for bit")
local generation = 4294967296
aged = hits { { 1 + 3 * generation, 1 } }:decay { ages_s = engram.vec { 0, 86400 }, tau_s = 86400 }
near(aged:score(1), 0.36787944, 1e-6, "ages are indexed by slot, whatever the generation")

for _ = 1, 3 do
  collectgarbage()
  local _ = hits { { 9, 9 }, { 8, 8 }, { 7, 7 } }
end
is(run:id(1), 1, "hits own their arrays")

-- ---- for eyes

is(tostring(hits { { 1, 0.25 }, { 5, 1 / 3 } }), "hits 2\n  5  0.333333\n  1  0.25",
  "hits show ids and scores")
local long = {}
for i = 1, 12 do long[i] = { i, i } end
is(select(2, tostring(hits(long)):gsub("\n", "")), 11, "long runs show their first ten")
ok(tostring(hits(long)):find "\n  %.%.%.$", "and that there are more")
is(hits(long).complete, nil, "what no recall made has nothing to tell of one")

-- ---- misuse

refuses(function() hits(3) end,
  "bad argument #1 to 'engram.hits' (a table of { id, score } expected, got number 3)",
  "hits are made of a table")
refuses(function() hits { 3 } end,
  "bad argument #1 to 'engram.hits' ({ id, score } at 1 expected, got number 3)",
  "an element is a table")
refuses(function() hits { { 1, 1 }, { -1, 1 } } end,
  "bad argument #1 to 'engram.hits' (an id at 2 expected, got number -1)",
  "a bad id is named by its place")
refuses(function() hits { { 1, "x" } } end,
  [[bad argument #1 to 'engram.hits' (a score at 1 expected, got string "x")]],
  "a bad score is named by its place")
refuses(function() run:id(3) end, "bad argument #1 to 'hits:id' (1 .. 2 expected, got number 3)",
  "a position behind the end is an error")
refuses(function() run:score(0) end,
  "bad argument #1 to 'hits:score' (1 .. 2 expected, got number 0)",
  "positions count from 1")
refuses(function() run:filter(3) end,
  "bad argument #1 to 'hits:filter' (a function expected, got number 3)",
  "filter wants a function")
refuses(function() run:top(-1) end,
  "bad argument #1 to 'hits:top' (a count expected, got number -1)",
  "top wants a count")
refuses(function() run:merge {} end,
  "bad argument #1 to 'hits:merge' (hits expected, got table)", "merge wants hits")
refuses(function() run:merge(run, "x") end,
  [[bad argument #2 to 'hits:merge' (a number expected, got string "x")]],
  "the weight of merge is a number")
refuses(function() run:decay { tau_s = 1 } end,
  "bad argument 'ages_s' to 'hits:decay' (ages: a vec, a table, or an "
  .. "array of double, float or uint64_t expected, got nil)", "decay wants ages")
refuses(function() run:decay { tau_s = 1, ages_s = { 1 } } end,
  "bad argument 'ages_s' to 'hits:decay' (an age for slot 1 expected, got number 1)",
    "every slot has an age")
refuses(function() run:decay { ages_s = { 1 } } end,
  "bad options to 'hits:decay' (one of tau_s, half_life_s, or unit_s with beta expected)",
    "decay wants a law")
refuses(function() run:decay { tau = 1 } end,
  "unknown option 'tau' to 'hits:decay' (known: ages_s, beta, c, curve, half_life_s, "
  .. "k, recalls, tau_s, unit_s, weight)",
  "options are listed where one is unknown")
for _, name in ipairs { "id", "score", "filter", "top", "merge", "copy", "decay", "table" } do
  refuses(function() local _ = run[name](1) end,
    ("call it as hits:%s(...), with a colon"):format(name),
    ("hits.%s without its hits asks for a colon"):format(name))
end

-- ---- speed

support.compiles(function()
  local sum = 0
  for i = 1, 400 do sum = sum + run:score(i % 2 + 1) end
  is(sum, 200, "a compiled loop over scores adds up")
end, "a loop that calls hits:score becomes a trace")
support.compiles(function()
  local sum = 0
  for i = 1, 400 do sum = sum + run:id(i % 2 + 1) end
  is(sum, 1600, "a compiled loop over ids adds up")
end, "a loop that calls hits:id becomes a trace")

support.done()
