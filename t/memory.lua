-- memory.lua: everything that engram.memory does, and everything it refuses.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses = tap.ok, tap.is, tap.near, support.refuses
local json = engram.json

collectgarbage("setpause", 100) -- the collector is never at rest while objects come and go

local has_cjson = pcall(require, "cjson")
local float = ffi.typeof "float[1]"
local function rounded(x) return float(x)[0] end

local function new(options)
  options = options or {}
  options.dim = options.dim or 3
  return engram.memory.new(options)
end

local function same(got, expected, name)
  return is(json.encode(got), json.encode(expected), name)
end

local function collect(iterator)
  local list = {}
  for id in iterator do list[#list + 1] = id end
  return list
end

-- ---- new

local m = new()
is(tostring(m), "memory 0 x 3, 0 links, 0.0 MB", "a new memory is empty")
is(#m, 0, "and has length 0")
is(tostring(new { capacity = 10 }), "memory 0 of 10 x 3, 0 links, 0.0 MB", "a capacity is shown")
is(engram.memory.new({ encoder = engram.text.new { dim = 32 } }):stats().dim, 32,
  "an encoder alone says how many columns")
is(m:stats().clock, nil, "no time has been told")

refuses(function() engram.memory.new {} end,
  "bad argument 'dim' to 'memory.new' (a number of columns expected, got nil)", "dim is wanted")
refuses(function() engram.memory.new { dim = 0 } end, "(a number of columns expected, got number 0)",
  "at least one column")
refuses(function() engram.memory.new { capacity = 5 } end, "'dim' to 'memory.new'",
  "also beside a capacity")
refuses(function() new { capacity = -1 } end,
  "bad argument 'capacity' to 'memory.new' (a count expected, got number -1)",
  "a capacity is a count")
refuses(function() new { encoder = {} } end,
  "bad argument 'encoder' to 'memory.new' (an encoder of engram.text expected, got table)",
  "an encoder is one")
refuses(function() new { encoder = engram.text.new { dim = 16 } } end,
  "bad argument 'encoder' to 'memory.new' (an encoder of 3 columns expected, got number 16)",
  "an encoder writes vectors that fit")
refuses(function() new { law = {} } end, "to 'memory.new'", "a law is one of engram.decay")
refuses(function() new { dims = 3 } end,
  "unknown option 'dims' to 'memory.new' (known: capacity, dim, encoder, law)",
  "options are known ones")

-- ---- remember, get

local first = m:remember { vector = { 1, 0, 0 }, at = 100 }
is(first, 0, "ids begin at 0")
same(m:get(first), { id = 0, vector = engram.vec { 1, 0, 0 }, created = 100, last_recall = 100,
  strength = 1, confidence = 1, floor = 0, tau_s = 1, beta = 1, recalls = 0, class = 0,
  pinned = false, archived = false, links = {} }, "what is not given has its default")
is(m:stats().clock, 100, "the clock stands at the time told last")

local all = { vector = engram.vec { 0, 1, 0 }, created = 1, last_recall = 2.5, strength = 0.5,
  confidence = 0.25, floor = 0.125, tau_s = 1000, beta = 0.75, recalls = 7, class = 9,
  pin = true, archived = true, content = "a\0b", meta = "m" }
local second = m:remember(all)
all.id, all.pinned, all.pin, all.links = second, true, nil, {}
same(m:get(second), all, "what is given is there, byte for byte")
is(m:get(m:remember { at = 50 }).created, 50, "a time may lie before the clock")
is(m:stats().clock, 100, "which does not go back")
same(m:get(2).vector, { 0, 0, 0 }, "without a vector there are zeros")
is(m:get(m:remember {}).created, 100, "without a time it is the clock's")
is(#m, 4, "there are four now")
is(m:get(m:remember { content = "" }).content, nil, "an empty content is none")
m:forget(4)

local meta = { name = "x", list = { 1, 2.5, { true } } }
if has_cjson then
  same(m:get(m:remember { meta = meta }).meta, meta, "a table of metadata comes back as a table")
  local odd = m:remember {}
  ffi.C.engram_memory_update(engram.memory.pointer(m, "t"), odd, ffi.new("struct engram_record",
    { size = ffi.sizeof "struct engram_record", fields = ffi.C.ENGRAM_META, meta = "\30{",
      meta_bytes = 2 }), 0)
  is(m:get(odd).meta, "\30{", "what another host put there and is no JSON comes back as it is")
end
is(m:get(m:remember { meta = '{"a":1}' }).meta, '{"a":1}', "a string of JSON stays a string")

local fresh = new()
is(fresh:get(fresh:remember {}).created, 0, "a clock that was told nothing stands at 0")

-- texts
local words = new { dim = 32 }
local said = words:remember { text = "the cat sat on the mat" }
is(words:get(said).content, "the cat sat on the mat", "a text becomes the content")
is(words:get(said).vector, (engram.text.new({ dim = 32 }):encode "the cat sat on the mat"),
  "and its encoding the vector")
local other = words:remember { text = "the cat", content = "shown" }
is(words:get(other).content, "shown", "unless content is given")
words:update(said, { text = "dogs" })
is(words:get(said).content, "dogs", "an update by text likewise")
local fitted = engram.text.new({ dim = 32 }):fit { "a cat", "a dog", "a cat and a dog" }
local own = engram.memory.new { encoder = fitted }
is(own:get(own:remember { text = "cat" }).vector, (fitted:encode "cat"),
  "an encoder of one's own is used")
local copy = own:fork()
is(copy:get(copy:remember { text = "dog" }).vector, (fitted:encode "dog"),
  "also by a fork")

-- links
m = new()
local a, b, c = m:remember {}, m:remember {}, m:remember {}
local d = m:remember { links = { a, { b, 0.5, 2 }, { to = c, weight = 0.25, class = 3, both = true } } }
same(m:links(d), { { to = a, weight = 1, class = 0 }, { to = b, weight = 0.5, class = 2 },
  { to = c, weight = 0.25, class = 3 } }, "links by id, by place and by name")
same(m:links(c), { { to = d, weight = 0.25, class = 3 } }, "one that goes both ways comes back")
local e = m:remember { links = { { from = a }, { from = b, both = true } } }
same({ m:links(a), m:links(b), m:links(e) }, { { { to = e, weight = 1, class = 0 } },
  { { to = e, weight = 1, class = 0 } }, { { to = b, weight = 1, class = 0 } } },
  "links that come from others")
local twin = m:remember { links = m:links(d) }
same(m:links(twin), m:links(d), "the links of one can be given to another")
is(m:stats().links, 10, "links are counted")

-- duplicates
local function doubles(policy)
  local x = new()
  local one = x:remember { vector = { 1, 1, 0 }, at = 0, strength = 0.5, content = "old",
    confidence = 0.5 }
  local two, what = x:remember { vector = { 1, 1, 0.1 }, at = 10, strength = 0.5,
    content = "new", confidence = 0.5, duplicates = policy }
  return x, one, two, what
end
local _, one, two, what = doubles(nil)
is(two ~= one and what, nil, "by default duplicates are remembered")
local x
x, one, two, what = doubles "skip"
is(what .. (two - one) .. x:get(one).content .. #x, "skipped0old1", "they may be skipped")
x, one, two, what = doubles "replace"
is(what .. (two - one) .. x:get(one).content .. #x, "replaced0new1", "replace the old one")
near(x:get(one).vector[3], 0.1, 1e-6, "with their vector")
x, one, two, what = doubles "merge"
is(what .. (two - one) .. x:get(one).content .. #x, "merged0new1", "or merge with it")
near(x:get(one).strength, 0.75, 1e-6, "strengths join")
near(x:get(one).confidence, 0.75, 1e-6, "confidences too")
is(select("#", x:remember { vector = { 0, 1, 9 } }), 1, "otherwise there is the id alone")
_, what = x:remember { vector = { 1, 1, 0.4 }, duplicates = "skip", threshold = 0.5 }
is(what, "skipped", "a threshold of one's own")
_, what = x:remember { vector = { 1, 1, 0.4 }, duplicates = "skip", threshold = 0.9999 }
is(what, nil, "which may be missed")

-- capacity
local small = new { capacity = 2, law = { half_life_s = 10 } }
small:remember { at = 0, strength = 0.9 }
local kept = small:remember { at = 0, strength = 0.1, pin = true }
local id, happened, gone = small:remember { at = 5 }
is(happened .. " " .. gone, "evicted 0", "what has least left makes room, unless it is pinned")
is(id, 2 ^ 32, "its slot is used again, its id is not")
is(#small, 2, "the capacity holds")
small:pin(id)
refuses(function() small:remember {} end, "the memory is full with 2",
  "a memory that is full of pinned ones says so")
small:pin(kept, false)
gone = select(3, small:remember {})
is(gone, kept, "what is pinned no more may go")

-- ---- changes

m = new { law = { half_life_s = 100 } }
a, b = m:remember { vector = { 1, 2, 3 }, at = 0, content = "a" }, m:remember { at = 0 }
m:update(a, { strength = 0.5, meta = "x", pin = true, class = 4, now = 7 })
local got = m:get(a)
is(got.content .. got.meta .. got.strength .. got.class .. tostring(got.pinned), "ax0.54true",
  "an update replaces what it names")
is(got.vector, engram.vec { 1, 2, 3 }, "and leaves the rest")
is(m:stats().clock, 7, "changes have times")
m:update(a, { archived = true })
ok(m:get(a).pinned and m:get(a).archived, "one flag leaves the other alone")
m:archive(a, false)
ok(m:get(a).pinned and not m:get(a).archived, "archive takes back")
m:archive(b, nil, { now = 9 })
is(tostring(m:get(b).archived) .. m:stats().clock .. m:stats().archived, "true91", "archive, with a time")
m:pin(a, false)
is(m:stats().pinned, 0, "pin takes back")

m:reinforce(b, { now = 20 })
got = m:get(b)
is(got.recalls .. " " .. got.last_recall, "1 20", "a recall is recorded")
m:update(b, { confidence = 0.5 })
m:reinforce(b)
near(m:get(b).confidence, 0.525, 1e-7, "confidence grows by 0.05 of what is missing")
m:update(b, { strength = 0.5 })
m:reinforce(b, { amount = 0.5, tau_s = 500, beta = 2 })
got = m:get(b)
same({ got.strength, got.tau_s, got.beta, got.recalls }, { 0.75, 500, 2, 3 },
  "practice moves strength, time scale and exponent")
m:reinforce { a, b, a }
is(m:get(a).recalls .. m:get(b).recalls, "24", "several, one of them twice")
m:reinforce(engram.hits { { a, 1 }, { b, 0.5 } })
is(m:get(a).recalls .. m:get(b).recalls, "35", "hits")
m:reinforce {}
is(m:get(a).recalls, 3, "none is none")

m:link(a, b, { weight = 0.5, class = 1, now = 30 })
same(m:links(a), { { to = b, weight = 0.5, class = 1 } }, "a link")
m:link(a, b)
same(m:links(a), { { to = b, weight = 1, class = 0 } }, "a new weight takes the place of the old")
m:link(a, b, { both = true })
is(#m:links(b), 1, "both ways")
m:unlink(a, b)
is(#m:links(a) .. #m:links(b), "01", "unlink takes one way")
m:unlink(a, b, { both = true })
is(#m:links(b), 0, "or whichever there are")
refuses(function() m:unlink(a, b, { both = true }) end,
  "engram_memory_unlink: there is no link from 0 to 1", "and refuses if there is none")
m:link(a, b, { both = true })
m:forget(b, { now = 40 })
is(#m:links(a) .. #m, "01", "what is forgotten takes its links along")
refuses(function() m:get(b) end, "id 1 (slot 1, generation 0) was forgotten", "and its id")
is(m:stats().clock, 40, "at its time")

-- ---- looking

m = new { law = { half_life_s = 100 } }
for i = 0, 9 do
  m:remember { at = i, strength = i / 10, class = i % 3, recalls = i, confidence = 1 - i / 10,
    pin = i == 3, archived = i > 7, last_recall = i * 10, content = "c" .. i }
end
m:forget(5)

local function finds(conditions, expected, name)
  local filter = m:filter(conditions)
  is(table.concat(collect(m:each(filter)), " "), expected, name)
  local n = select(2, expected:gsub("%d", ""))
  if m:count(filter) ~= n then ok(false, name .. ", counted") end
end
finds({}, "0 1 2 3 4 6 7 8 9", "a filter without conditions takes all")
finds({ created = { 2, 4 } }, "2 3 4", "a range is inclusive")
finds({ created = { 7 } }, "7 8 9", "its end may be open")
finds({ created = { nil, 1 } }, "0 1", "its beginning too")
finds({ last_recall = { 15, 40 } }, "2 3 4", "last_recall")
finds({ strength = { 0.3, 0.6 } }, "3 4 6", "strength, bounds being floats as it is")
finds({ confidence = { 0.8, 1 } }, "0 1 2", "confidence")
finds({ recalls = { 2.5, 4.5 } }, "3 4", "recalls between")
finds({ recalls = 4 }, "4", "a number is itself")
finds({ recalls = { 5, 2 } }, "", "an empty range")
finds({ recalls = { 2.1, 2.9 } }, "", "with no whole number in it")
finds({ recalls = { -1, 1e300 } }, "0 1 2 3 4 6 7 8 9", "as wide as you like")
finds({ retention = { 0.15, 0.4 }, now = 100 }, "3 4",
  "retention at a time")
finds({ class = 1 }, "1 4 7", "a class")
finds({ class = { 0, 2 } }, "0 2 3 6 8 9", "several classes")
finds({ pinned = true }, "3", "what is pinned")
finds({ archived = true }, "8 9", "what is archived")
finds({ archived = false, pinned = false, class = 0 }, "0 6", "conditions together")
finds({ where = function(item) return item.content > "c6" end }, "7 8 9", "a function")
finds({ class = 1, where = function(item) return item.id ~= 4 end }, "1 7",
  "is asked about what meets the rest")
finds({ where = function(item) return #m:get(item.id).links == 0 and m:count { class = 1 } > 0 end },
  "0 1 2 3 4 6 7 8 9", "and may look at the memory")
is(table.concat(collect(m:each { class = 1 }), " "), "1 4 7", "conditions may stand for a filter")
is(table.concat(collect(m:each(function(each) return each > 6 end)), " "), "7 8 9",
  "so may a function of ids")
is(m:count(), 9, "count alone is the length")
is(m:count { class = 1 }, 3, "or that of a filter")
is(table.concat(collect(m:each()), " "), "0 1 2 3 4 6 7 8 9", "each goes in slot order")

local strong = m:filter { strength = { 0.75 } }
is(tostring(strong), "filter, 2 of 9 memories", "a filter says what it finds")
m:update(0, { strength = 1 })
is(table.concat(collect(m:each(strong)), " "), "0 8 9", "a filter is right after a change")
local newest = m:remember { strength = 1 }
m:remember { strength = 0 }
for _ = 1, 200 do m:remember { strength = 0.1 } end
m:remember { strength = 1 }
is(table.concat(collect(m:each(strong)), " "), "0 " .. newest .. " 8 9 211",
  "also when there are more slots, in their order")
local asked = 0
local lazy = m:filter { where = function() asked = asked + 1 return true end }
m:count(lazy)
m:count(lazy)
is(asked, #m, "and asks nothing again while nothing changes")

local seen = {}
for each in m:each { recalls = { 1, 4 } } do
  seen[#seen + 1] = each
  if each == 1 then m:forget(2) end
end
is(table.concat(seen, " "), "1 3 4", "what is forgotten meanwhile is passed over")

-- ---- recall

m = new { law = { half_life_s = 100 } }
a = m:remember { vector = { 1, 0, 0 }, at = 0, confidence = 0.5 }
b = m:remember { vector = { 1, 1, 0 }, at = 100, class = 1 }
c = m:remember { vector = { 0, 0, 1 }, at = 100, links = { { from = b, weight = 0.5, class = 5 } } }
d = m:remember { vector = { 1, 0.1, 0 }, at = 100, archived = true }
local east = engram.vec { 1, 0, 0 }

local hits = m:recall { vector = east, now = 100, record = false }
support.ids_are(hits, { b, a }, "what is alike, fresh and sure comes first")
near(hits:score(2), 0.5 * 0.5, 1e-6, "similarity 1, half of it left, half sure")
is(m:get(a).recalls, 0, "a peek records nothing")
support.ids_are(m:recall { vector = { 1, 0, 0 }, record = false }, { b, a },
  "a cue may be a table, and the time the clock's")
support.ids_are(m:recall { vector = east, archived = true, record = false }, { d, b, a },
  "what is archived is found by asking for it")
support.ids_are(m:recall { vector = east, k = 1, record = false }, { b }, "k")
support.ids_are(m:recall { vector = east, min_confidence = 0.6, record = false }, { b },
  "min_confidence")
support.ids_are(m:recall { ids = { b }, hops = 1, record = false }, { b, c },
  "ids, and what they are linked with")
near(m:recall({ ids = { b }, hops = 1, record = false, gain = { [5] = 0.5 } }):score(2), 0.25, 1e-6,
  "classes of links have gains")
support.ids_are(m:recall { ids = { b }, hops = 1, filter = { class = 0 }, record = false }, { c },
  "conditions as a filter")
local plain = m:filter { class = 0 }
support.ids_are(m:recall { vector = east, filter = plain, record = false }, { a }, "a filter")
support.ids_are(m:recall { vector = east, filter = plain, archived = true, record = false },
  { d, a }, "beside archived ones")
support.ids_are(m:recall { vector = east, filter = function(each) return each == a end,
  record = false },
  { a }, "a function of ids")
support.ids_are(m:recall { vector = east, record = false, filter = { where = function(item)
  return #m:recall { ids = { item.id }, record = false } == 1 and item.id ~= a
end } }, { b }, "a filter may recall")

m:recall { vector = east, k = 1, now = 110 }
same({ m:get(b).recalls, m:get(b).last_recall, m:get(a).recalls, m:stats().clock },
  { 1, 110, 0, 110 }, "a recall records what it returned")
m:recall { vector = east, now = 105 }
near(m:get(a).confidence, 0.525, 1e-6, "and moves confidence")
is(m:get(a).last_recall, 105, "at its own time, though the clock stands later")
local before = m:hash()
ok(m:fork():recall { vector = east } and m:hash() == before, "a recall of a fork leaves it alone")

hits = m:recall { vector = east, record = false }
local again = m:recall { vector = east, record = false, into = hits }
ok(rawequal(hits, again) and #again == 2, "hits may be used again")
local list = m:recall { vectors = engram.matrix { { 1, 0, 0 }, { 0, 0, 1 } } }
is(#list .. list[1]:id(1) .. list[2]:id(1), "2" .. b .. c, "many cues in one call")
is(m:get(c).recalls .. m:get(b).recalls, "13", "are recorded too")

hits = m:recall { vector = east, hops = 1, explain = true }
is(hits[1].sources[1].id, hits:id(1), "an explanation names the sources of activation")
near(engram.math.exp(0) * (0.5 * hits[1].similarity + 0.5 * hits[1].activation) * hits[1].retention
  * hits[1].confidence * hits[1].recency, hits:score(1), 1e-12, "parts make the score")

words = engram.memory.new { encoder = fitted }
words:remember { text = "a dog" }
id = words:remember { text = "a cat" }
is(words:recall({ text = "cat" }):id(1), id, "a text as a cue")
m:index "sign"
support.ids_are(m:recall { vector = east, form = "sign", record = false }, { b, a },
  "by a smaller form")

-- a chain, walked by a budget
local chain = new()
for i = 0, 5 do chain:remember { vector = east, links = i > 0 and { { from = i - 1, weight = 0.5 } }
  or nil } end
local whole = chain:recall { ids = { 0 }, hops = 5, record = false }
hits = chain:recall { ids = { 0 }, hops = 5, budget = { edges = 2 } }
ok(not hits.complete and #hits == 3 and chain:get(0).recalls == 0,
  "a recall that its budget stopped is not recorded")
chain:recall { resume = hits, budget = { edges = 1 } }
is(#hits, 4, "it goes on")
chain:recall { resume = hits }
ok(hits.complete and json.encode(hits:table()) == json.encode(whole:table()),
  "to what it had found without one")
is(chain:get(0).recalls .. chain:get(5).recalls, "11", "and is recorded when it is complete")
refuses(function() chain:recall { resume = hits } end,
  "bad argument 'resume' to 'memory:recall' (hits of a recall of this memory that its budget stopped",
  "what is complete is not resumed")
hits = chain:recall { ids = { 0 }, hops = 5, budget = { edges = 2 }, record = false }
refuses(function() m:recall { resume = hits } end,
  "hits of a recall of this memory that its budget stopped expected, got hits 3)",
  "nor by another memory, which says so in one line")
chain:remember {}
refuses(function() chain:recall { resume = hits } end,
  "engram_memory_resume: the memory was changed since the recall began",
  "nor once the memory has changed")

refuses(function() m:recall { vektor = east } end, "unknown option 'vektor' to 'memory:recall'",
  "recall knows its options")
refuses(function() m:recall {} end,
  "bad argument #1 to 'memory:recall' (a cue: vector, text or ids expected", "it wants a cue")
refuses(function() m:recall() end, "(a cue: vector, text or ids expected", "also when asked nothing")
refuses(function() m:recall { vector = { 1 } } end, "'vector' to 'memory:recall'", "that fits")
refuses(function() words:recall { text = "x", vector = engram.vec(32) } end,
  "(a text or a vector, not both expected", "one of them")
refuses(function() words:recall { text = 1 } end,
  "bad argument 'text' to 'memory:recall' (a string expected", "a text is one")
refuses(function() m:recall { vector = east, record = 1 } end,
  "bad argument 'record' to 'memory:recall' (true or false expected", "record is on or off")
refuses(function() m:recall { vector = east, archived = 1 } end,
  "bad argument 'archived' to 'memory:recall' (true or false expected", "archived too")
refuses(function() m:recall { vector = east, now = "x" } end,
  "bad argument 'now' to 'memory:recall' (a finite number expected", "now is a time")
refuses(function() m:recall { vector = east, filter = chain:filter {} } end,
  "bad argument 'filter' to 'memory:recall' (a filter of this memory expected",
  "filters are of the memory")
refuses(function() m:recall { vector = east, filter = 1 } end,
  "(a filter, a table of conditions, or a function expected", "and filters")
refuses(function() m:recall { vector = east, filter = function() m:remember {} end } end,
  "bad argument 'filter' to 'memory:recall' (its function changed the memory)", "that only look")
refuses(function() m:recall { ids = { a, 99 } } end, "99", "ids are of memories")

m = new { law = { half_life_s = 100 } }
m:remember { at = 0 }
m:remember { at = 0, strength = 0.5, floor = 0.4 }
m:remember { at = 0, tau_s = 100 / engram.math.log(2) * 2 }
m:remember { at = 0 }
m:forget(3)
support.near_all(m:retention(100), { 0.5, 0.4, engram.math.sqrt(0.5), 0 }, 1e-6,
  "retention by slot, with floors and time scales")
is(m:retention(100, 1), rounded(0.4), "or of one id")
is(m:retention()[1], 1, "at the clock's time unless one is given")

m:link(0, 2, { weight = 0.5, class = 2 })
m:link(2, 1)
local g = m:graph()
is(g.nodes .. " " .. g.edges, "4 2", "the links as a graph over slots")
same(g:neighbours(0), { { 2, 0.5, 2 } }, "with weights and classes")
is(new():graph().nodes, 0, "also of none")

m:index "sign"
is(m:index("int8"), m, "forms of its bank")
m:index("sign", false)

-- ---- states

before = m:hash()
ok(before:match "^%x+$" and #before == 16, "a hash is 16 digits")
local mark = m:mark()
m:remember { at = 500 }
m:forget(0)
ok(m:hash() ~= before, "it changes with the memory")
m:rollback(mark)
is(m:hash(), before, "rollback goes back")
m:forget(1)
m:rollback(mark)
is(m:hash(), before, "as often as one likes")
m:release(mark)
is(m:stats().marks, 0, "release forgets the mark")
local fork = m:fork()
is(fork:hash(), before, "a fork is equal")
fork:remember { at = 1000 }
ok(m:hash() == before and fork:hash() ~= before, "and a memory of its own")

local stats = m:stats()
same({ stats.dim, stats.capacity, stats.slots, stats.count, stats.links, stats.read_only },
  { 3, 0, 4, 3, 2, false }, "stats")
ok(stats.bytes > 0 and stats.sequence > 0 and stats.synced == 0 and stats.earliest == nil,
  "without files nothing is synced")
is(#m:warnings(), 0, "nor is there a warning")
local synced, failure = m:sync()
ok(synced == nil and failure.name == "EDISABLED", "nor anything to sync")
synced, failure = m:snapshot()
ok(synced == nil and failure.name == "EDISABLED", "or to snapshot")

-- ---- files

local path = support.path
local home = path "home"
local law = { half_life_s = 100 }
local kept_one = assert(engram.memory.open(home, { dim = 3, law = law, capacity = 10,
  history = 1000, journal_bytes = 1e6 }))
for i = 0, 4 do kept_one:remember { vector = { 1, i, 0 }, at = 10 * i, content = "c" .. i } end
ok(kept_one:sync(), "a memory in a directory is synced")
local stats_then, hash_then = kept_one:stats(), kept_one:hash()
is(stats_then.synced, stats_then.sequence, "all of it")
local second_writer, busy = engram.memory.open(home)
ok(second_writer == nil and busy.name == "EBUSY" and tostring(busy):find(home, 1, true),
  "it has one writer")
local reader = assert(engram.memory.open(home, { read_only = true }))
is(reader:hash(), hash_then, "and any number of readers")
ok(reader:stats().read_only and tostring(reader):find("read-only", 1, true), "who only read")
hits = reader:recall { vector = { 1, 0, 0 }, now = 100 }
is(hits:id(1) .. reader:get(hits:id(1)).recalls .. (reader:hash() == hash_then and "" or "!"), "00",
  "whose recalls are not recorded")
refuses(function() reader:remember {} end, "this memory is a view, which refuses changes",
  "nor is anything else changed")
reader:free()

ok(kept_one:snapshot(), "a snapshot")
kept_one:forget(2, { now = 60 })
kept_one:update(0, { content = "new", now = 70 })
local view = kept_one:at(55)
is(#view .. #kept_one .. view:get(2).content, "54c2", "what was forgotten is there at an earlier time")
is(view:hash(), hash_then, "as it stood")
refuses(function() view:forget(0) end, "this memory is a view", "and cannot be changed")
view:free()
kept_one:sync()
hash_then = kept_one:hash()
kept_one:free()
local opened = assert(engram.memory.open(home, { dim = 3, law = law, capacity = 10 }))
is(opened:hash(), hash_then, "opened again it is what it was")
opened:remember { at = 80 }
opened:sync()
opened:free()

local journal
for _, name in ipairs(support.lines("ls -t " .. support.quote(home))) do
  journal = journal or name:find "journal" and home .. "/" .. name
end
local bytes = support.read(journal)
support.write(journal, bytes:sub(1, -4))
opened = assert(engram.memory.open(home))
is(opened:hash(), hash_then, "a torn tail is cut at the last whole operation")
ok(#opened:warnings() == 1 and opened:warnings()[1]:find(home, 1, true), "with a warning")
opened:free()

local short = assert(engram.memory.open(path "short", { dim = 3 }))
for i = 1, 3 do
  short:remember { at = 100 * i }
  short:snapshot()
end
ok(short:stats().earliest > 100, "without a history old snapshots go")
refuses(function() short:at(100) end, "t is 100, the earliest time is 200",
  "and what they knew is refused")
short:free()
local worded = assert(engram.memory.open(path "worded", { encoder = fitted, capacity = 5 }))
worded:remember { text = "a cat" }
worded:free()
worded = assert(engram.memory.open(path "worded", { encoder = fitted }))
is(worded:get(worded:recall({ text = "cat" }):id(1)).content, "a cat",
  "an encoder is given again, and says of how many columns a new one is")
worded:free()

local function not_opened(options, expected, name)
  local refused, reason = engram.memory.open(home, options)
  ok(refused == nil and tostring(reason):find(expected, 1, true) and reason.path == home, name)
end
not_opened({ dim = 4, law = law, capacity = 10 }, "dim is 3, options->dim 4",
  "another dim is refused")
not_opened({ dim = 3, law = law, capacity = 11 }, "capacity is 10, options->capacity 11",
  "another capacity")
not_opened({ dim = 3, capacity = 10 }, "the law is another", "another law")
local nothing, why = engram.memory.open(path "none")
ok(nothing == nil and tostring(why):find(path "none", 1, true), "one that is not there wants a dim")
nothing, why = engram.memory.open("/nowhere/x", { dim = 3 })
ok(nothing == nil and why.name == "EIO", "a directory needs one to be in")
local _, complaint, left_with = support.run(support.quote(support.program)
  .. [[ -e 'assert(require("engram").memory.open "/nowhere/x")']])
ok(left_with == 5 and complaint:find("/nowhere/x", 1, true), "uncaught, it ends with status 5")

refuses(function() engram.memory.open() end,
  "bad argument #1 to 'memory.open' (a path expected, got nil)", "open wants a path")
refuses(function() engram.memory.open(home, { history = -1 }) end,
  "bad argument 'history' to 'memory.open' (seconds expected, got number -1)", "history is seconds")
refuses(function() engram.memory.open(home, { journal_bytes = 0.5 }) end,
  "bad argument 'journal_bytes' to 'memory.open' (a count expected", "journal_bytes is a count")
refuses(function() engram.memory.open(home, { repair = 1 }) end,
  "bad argument 'repair' to 'memory.open' (true or false expected", "repair is on or off")
refuses(function() engram.memory.open(home, { read_only = "x" }) end,
  "bad argument 'read_only' to 'memory.open' (true or false expected", "read_only too")
refuses(function() engram.memory.open(home, { capacity = 10 }) end,
  "bad argument 'dim' to 'memory.open' (a number of columns expected", "a capacity wants a dim")
refuses(function() engram.memory.open(home, { writable = true }) end,
  "unknown option 'writable' to 'memory.open'", "and open knows its options")
refuses(function() engram.memory.open(home, { encoder = engram.text.new { dim = 32 } }) end,
  "bad argument 'encoder' to 'memory.open' (an encoder of 3 columns expected, got number 32)",
  "an encoder must fit what is opened")

-- ---- what is refused

m = new()
a, b = m:remember { at = 0 }, m:remember {}
for _, case in ipairs {
  { { vector = { 1, 2 } }, "'vector'", "(a vec, or a table of numbers, of length 3 expected, got table)" },
  { { vector = { 1, 2, "3" } }, "'vector'", "of length 3 expected" },
  { { vector = engram.vec(4) }, "'vector'", "got vec 4 [0 0 0 0])" },
  { { vector = 1 }, "'vector'", "got number 1)" },
  { { content = 1 }, "'content'", "(a string expected, got number 1)" },
  { { meta = 1 }, "'meta'",
    "(a table, or a string that does not begin with a record separator expected, got number 1)" },
  { { meta = "\30[]" }, "'meta'", "got string" },
  { { created = 0 / 0 }, "'created'", "(a time in seconds expected, got number " },
  { { last_recall = "x" }, "'last_recall'", "(a time in seconds expected" },
  { { strength = "x" }, "'strength'", '(a number expected, got string "x")' },
  { { confidence = 1 / 0 }, "'confidence'", "(a number expected" },
  { { floor = {} }, "'floor'", "(a number expected, got table)" },
  { { tau_s = "x" }, "'tau_s'", "(seconds expected" },
  { { beta = "x" }, "'beta'", "(a number expected" },
  { { recalls = -1 }, "'recalls'", "(a count expected, got number -1)" },
  { { recalls = 2 ^ 32 }, "'recalls'", "(a count expected" },
  { { class = 256 }, "'class'", "(a class, 0 .. 255 expected, got number 256)" },
  { { pin = 1 }, "'pin'", "(true or false expected, got number 1)" },
  { { archived = "x" }, "'archived'", "(true or false expected" },
  { { text = 1 }, "'text'", "(a string expected, got number 1)" },
  { { text = "x" }, "'text'", "(a memory of at least 8 columns for it expected, got number 3)" },
  { { text = "x", vector = { 1, 2, 3 } }, "'vector'", "(a text or a vector, not both expected" },
} do
  refuses(function() m:remember(case[1]) end, "bad argument " .. case[2] .. " to 'memory:remember' ",
    "remember: " .. case[2] .. " " .. case[3])
  refuses(function() m:update(a, case[1]) end, case[3], "update: the same")
end
refuses(function() m:remember { vector = { 1, 0 / 0, 3 } } end, "engram_memory_remember: vector",
  "a vector with NaN")
refuses(function() m:remember { strength = 1.5 } end,
  "engram_memory_remember: strength is 1.5, expected 0 .. 1", "C refuses what is out of range")
refuses(function() m:remember { at = "x" } end,
  'bad argument \'at\' to \'memory:remember\' (a time in seconds expected, got string "x")',
  "a time is a number")
refuses(function() m:remember { now = 1 } end, "unknown option 'now' to 'memory:remember'",
  "what is remembered has `at`")
refuses(function() m:remember { zz = 1, aa = 1, q = 1, now = 1, ids = 1, k = 1 } end,
  "unknown option 'aa'", "of several the first by name is told, in every process")
refuses(function() m:remember { strength = "x", content = 1, beta = "x", tau_s = "x", pin = 1 } end,
  "bad argument 'beta'", "likewise of several fields that are wrong")
refuses(function() m:update(a, { at = 1 }) end, "unknown option 'at' to 'memory:update'",
  "everything else has `now`")
if has_cjson then
  refuses(function() m:remember { meta = { x = print } } end,
    [[bad argument 'meta' to 'memory:remember' (a function at ["x"])]], "metadata are JSON")
end

for _, case in ipairs {
  { 1, "(a list of links expected, got number 1)" },
  { { to = a }, "(a list of links expected, got table)" },
  { { "x" }, '(an id at 1 expected, got string "x")' },
  { { a, {} }, "(either to or from at 2 expected, got nil)" },
  { { { to = a, from = b } }, "(either to or from at 1 expected" },
  { { { a, "x" } }, "(a weight at 1 expected" },
  { { { a, 1, 256 } }, "(a class, 0 .. 255, at 1 expected, got number 256)" },
  { { { to = a, both = 1 } }, "(true or false at 1 expected, got number 1)" },
  { { { a, weight = 1 } }, "({ id, weight, class } at 1 expected, got string \"weight\")" },
} do
  refuses(function() m:remember { links = case[1] } end,
    "bad argument 'links' to 'memory:remember' " .. case[2], "links: " .. case[2])
end
refuses(function() m:remember { links = { { to = a, wight = 1 } } } end,
  "unknown option 'wight' to 'memory:remember' (known: both, class, from, to, weight)",
  "names in a link are known ones")
refuses(function() m:remember { links = { { a, 2 } } } end, "links[0].weight is 2, expected 0 .. 1",
  "weights lie in 0 .. 1")
refuses(function() m:remember { links = { 77 } } end, "id 77 (slot 77, generation 0) is not a memory",
  "links end at memories")
refuses(function() m:remember { duplicates = "x" } end,
  '(\"skip", "replace" or "merge" expected, got string "x")', "policies are known ones")
refuses(function() m:remember { threshold = 0.9 } end,
  "bad argument 'threshold' to 'memory:remember' (duplicates with it expected, got number 0.9)",
  "a threshold wants a policy")
refuses(function() m:remember { duplicates = "skip", threshold = 0 } end,
  "(a cosine above 0 expected, got number 0)", "a threshold lies above 0")
is(#m, 2, "and nothing of all that was remembered")

refuses(function() m:update("x", {}) end,
  "bad argument #1 to 'memory:update' (an id expected, got string \"x\")", "update wants an id")
refuses(function() m:update(9, {}) end, "id 9 (slot 9, generation 0) is not a memory",
  "of a memory")
refuses(function() m:link("x", b) end, "bad argument #1 to 'memory:link' (an id expected",
  "link wants ids")
refuses(function() m:link(a, "x") end, "bad argument #2 to 'memory:link'", "two of them")
refuses(function() m:link(a, b, { weight = "x" }) end, "'weight' to 'memory:link' (a number expected",
  "and a weight")
refuses(function() m:link(a, b, { class = -1 }) end, "(a class, 0 .. 255 expected, got number -1)",
  "and a class")
refuses(function() m:link(a, b, { both = 1 }) end, "'both' to 'memory:link' (true or false expected",
  "and both or not")
refuses(function() m:link(a, b, { now = 1 / 0 }) end, "'now' to 'memory:link' (a time in seconds",
  "and a time")
refuses(function() m:link(a, b, { to = 1 }) end, "unknown option 'to' to 'memory:link'",
  "and nothing else")
refuses(function() m:unlink(-1, b) end, "bad argument #1 to 'memory:unlink'", "unlink wants ids")
refuses(function() m:unlink(a) end, "bad argument #2 to 'memory:unlink' (an id expected, got nil)",
  "both of them")
refuses(function() m:unlink(a, b) end, "there is no link from 0 to 1", "and a link")
refuses(function() m:unlink(a, b, { both = "x" }) end, "'both' to 'memory:unlink'",
  "unlink: both or not")
refuses(function() m:forget() end, "bad argument #1 to 'memory:forget' (an id expected, got nil)",
  "forget wants an id")
refuses(function() m:pin(a, 1) end, "bad argument #2 to 'memory:pin' (true or false expected",
  "pin is on or off")
refuses(function() m:archive({}) end, "bad argument #1 to 'memory:archive'", "archive wants an id")
refuses(function() m:archive(a, true, { no = 1 }) end, "unknown option 'no' to 'memory:archive'",
  "and known options")
refuses(function() m:reinforce "x" end,
  "bad argument #1 to 'memory:reinforce' (an id, a list of ids, or hits expected, got string \"x\")",
  "reinforce wants to know whom")
refuses(function() m:reinforce { id = a } end, "hits expected, got table)",
  "a hit is not an id")
refuses(function() m:reinforce { a, "x" } end, "(an id at 2 expected", "a list is of ids")
refuses(function() m:reinforce { a, 99 } end, "id 99", "of memories")
is(m:get(a).recalls, 0, "all or none are reinforced")
refuses(function() m:reinforce(a, { amount = "x" }) end, "'amount' to 'memory:reinforce'",
  "an amount is a number")
refuses(function() m:reinforce(a, { tau_s = "x" }) end, "'tau_s' to 'memory:reinforce' (seconds",
  "a time scale too")
refuses(function() m:reinforce(a, { beta = "x" }) end, "'beta' to 'memory:reinforce'",
  "an exponent too")
refuses(function() m:reinforce(a, { amount = 2 }) end, "amount is 2, expected 0 .. 1",
  "an amount lies in 0 .. 1")
refuses(function() m:get(1.5) end, "bad argument #1 to 'memory:get' (an id expected, got number 1.5)",
  "get wants an id")
refuses(function() m:links(nil) end, "bad argument #1 to 'memory:links'", "links wants an id")

refuses(function() m:filter { created = "x" } end,
  "bad argument 'created' to 'memory:filter' (a number or { from, to } expected", "ranges are ranges")
refuses(function() m:filter { strength = { 0, 0 / 0 } } end, "'strength' to 'memory:filter'",
  "of numbers")
refuses(function() m:filter { class = { 1, 300 } } end,
  "(a class, 0 .. 255, or a list of them expected, got number 300)", "classes are classes")
refuses(function() m:filter { pinned = 1 } end, "'pinned' to 'memory:filter' (true or false",
  "flags are flags")
refuses(function() m:filter { where = 1 } end, "'where' to 'memory:filter' (a function expected",
  "where is a function")
refuses(function() m:filter { colour = 1 } end, "unknown option 'colour' to 'memory:filter'",
  "conditions are known ones")
refuses(function() m:filter { now = 1 } end,
  "bad argument 'now' to 'memory:filter' (a time, for retention expected", "now is of retention")
refuses(function() m:each(1) end,
  "bad argument #1 to 'memory:each' (a filter, a table of conditions, or a function expected, got number 1)",
  "each wants a filter")
refuses(function() m:count(new():filter {}) end,
  "bad argument #1 to 'memory:count' (a filter of this memory expected", "of this memory")
refuses(function() m:count { where = function() m:remember {} end } end,
  "bad argument 'filter' to 'memory:count' (its function changed the memory)", "that only looks")
refuses(function() m:retention "x" end, "bad argument #1 to 'memory:retention' (a time in seconds",
  "retention wants a time")
refuses(function() m:retention(0, 1000) end, "id 1000", "and ids of memories")
refuses(function() m:index "f32" end,
  'bad argument #1 to \'memory:index\' ("bf16", "f16", "int8" or "sign" expected', "forms are known")
refuses(function() m:index("sign", 1) end, "bad argument #2 to 'memory:index' (true or false",
  "and on or off")
refuses(function() m:rollback() end, "bad argument #1 to 'memory:rollback' (a mark expected",
  "rollback wants a mark")
refuses(function() m:release "x" end, "bad argument #1 to 'memory:release' (a mark expected",
  "release too")
refuses(function() m:rollback(1000) end, "mark 1000 is not open", "one that is open")
refuses(function() m:at "x" end, "bad argument #1 to 'memory:at' (a time in seconds expected",
  "at wants a time")

-- ---- out and in

local function world(options)
  local w = new(options)
  local rng = engram.rng(5)
  for i = 0, 30 do
    w:remember { vector = rng:fill_normal(engram.vec(3)), at = 100 + i, strength = rng:uniform(),
      confidence = rng:uniform(), floor = rng:uniform(), content = i % 2 == 0 and "t\n" .. i or nil,
      meta = i % 3 == 0 and { n = i } or i % 3 == 1 and "m" or nil, class = i, recalls = i,
      pin = i % 5 == 0, archived = i % 7 == 0, tau_s = 1 + i, beta = 1 / (1 + i),
      links = i > 1 and { { i - 1, rng:uniform(), i % 4 }, { from = i - 2, weight = 1 / 3 } } or {} }
  end
  return w
end

if has_cjson then
  local w = world()
  ok(w:export(path "w.jsonl"), "memories go out as JSON Lines")
  local twin_of_w = new()
  local count, ids = twin_of_w:import(path "w.jsonl")
  is(count .. " " .. #ids, "31 30", "and come in again")
  is(twin_of_w:hash(), w:hash(), "as they were")
  local _, lines = support.read(path "w.jsonl"):gsub("\n", "")
  is(lines, 31, "one a line")
  is(#support.lines("ls " .. path "" .. " | grep part"), 0, "nothing else is left behind")
  w:forget(3)
  w:remember { content = "late" }
  w:export(path "w.jsonl")
  local third = new()
  third:remember {}
  count, ids = third:import(path "w.jsonl", { now = 5000 })
  is(count .. " " .. ids[3 + 2 ^ 32] .. " " .. third:stats().clock, "31 4 5000",
    "into others too, with ids of their own, at a time that is given")
  is(third:get(ids[3 + 2 ^ 32]).content, "late", "ids of the file lead to the new ones")
  is(third:stats().links, w:stats().links, "with all links")
  support.write(path "hand.jsonl", '{"id":"a","content":"A","links":[{"to":"b"}]}\r\n\n'
    .. '{"id":"b","vector":[1,2,3],"created":7}')
  third = new()
  count, ids = third:import(path "hand.jsonl")
  same({ count, third:links(ids.a), third:stats().clock }, { 2, { { to = ids.b, weight = 1,
    class = 0 } }, 7 }, "a file may be written by hand")

  local hash = third:hash()
  for _, case in ipairs {
    { "{}\n{", "2: Expected object key string" },
    { "[1]", "1: '1' is unknown" },
    { "3", "1: an object expected" },
    { '{"strenght":1}', "1: 'strenght' is unknown" },
    { '{"pin":true}', "1: 'pin' is unknown" },
    { '{"strength":"x"}', "1: 'strength': a number expected" },
    { '{"strength":2}', "1: engram_memory_remember: strength is 2, expected 0 .. 1" },
    { '{"vector":[1,2]}', "1: 'vector': a vec, or a table of numbers, of length 3 expected" },
    { '{"pinned":1}', "1: 'pinned': true or false expected" },
    { '{"id":true}', "1: 'id': a number or a string expected" },
    { '{"id":1}\n{"id":1}', "2: its id came before" },
    { '{"meta":{"a":[1e999]}}', [=[1: 'meta': the number inf at ["a"][1]]=] },
    { '{"links":1}', "1: 'links': a list expected" },
    { '{"links":{"to":1}}', "1: 'links': a list expected" },
    { '{"links":[1]}', "1: 'links': { to, weight, class } expected at 1" },
    { '{"links":[{"to":1,"class":256}]}', "1: 'links': { to, weight, class } expected at 1" },
    { '{"links":[{"to":1,"id":2}]}', "1: 'links': 'id' is unknown at 1" },
    { '{}\n{"links":[{"to":1}]}', "2: no line has the id 1" },
    { '{"id":1,"links":[{"to":1,"weight":2}]}', "1: engram_memory_link: links[0].weight is 2" },
  } do
    local file = support.write(path "bad.jsonl", case[1])
    local n, wrong = third:import(file)
    ok(n == nil and tostring(wrong):find(file .. ":" .. case[2], 1, true) and wrong.path == file,
      "line " .. case[2])
    if n == nil and not tostring(wrong):find(file .. ":" .. case[2], 1, true) then
      tap.note(wrong)
    end
  end
  is(third:hash(), hash, "a file that is refused leaves nothing behind")
  is(third:stats().marks, 0, "nor a mark")
  local n, wrong = third:import "/nowhere/x"
  ok(n == nil and wrong.name == "EIO" and tostring(wrong):find("/nowhere/x", 1, true),
    "a file that is not there")
  n, wrong = third:import(path "")
  ok(n == nil and wrong.name == "EIO", "a folder is no file")
  n, wrong = third:export "/nowhere/x"
  ok(n == nil and wrong.name == "EIO" and tostring(wrong):find("/nowhere/x", 1, true),
    "nor can one be made where there is no folder")
  if io.open "/dev/full" then
    os.execute("ln -s /dev/full " .. path "full.part")
    n, wrong = third:export(path "full")
    ok(n == nil and wrong.name == "EIO" and not io.open(path "full"), "a full disk is told")
  end
  local _, said_then, status = support.run(support.quote(support.program) .. [[ -e '
    local m = require("engram").memory.new { dim = 3 }
    assert(m:import "]] .. path "bad.jsonl" .. [[")']])
  ok(status == 5 and said_then:find("bad.jsonl:1:", 1, true), "uncaught, it ends with status 5")
end

local w = world()
w:forget(4)
local rows, edges = path "w.npy", path "w.tsv"
ok(w:export { rows = rows, links = edges }, "vectors go out as .npy, links as an edge list")
again = new()
local count, ids = again:import { rows = rows, links = edges, strength = 0.5, class = 3, now = 9 }
is(count, 30, "and come in again")
same({ again:get(ids[4]).vector, again:get(ids[4]).class, again:get(ids[4]).created },
  { w:get(5).vector, 3, 9 }, "in order, with what is said of all")
is(again:stats().links, w:stats().links, "with all links")
same({ again:links(ids[5])[1].weight, again:links(ids[5])[1].class },
  { w:links(6)[1].weight, w:links(6)[1].class }, "their weights and classes")
again = new()
is(again:import { rows = rows }, 30, "rows may come alone")
local hash = again:hash()
for _, case in ipairs {
  { "0\t30\n", "row 30 is linked, of 30" },
  { "0\t1\t2\n", "the weight from 0 to 1 is 2, expected 0 .. 1" },
  { "0\n", "bad.tsv" },
} do
  local n, wrong = again:import { rows = rows, links = support.write(path "bad.tsv", case[1]) }
  ok(n == nil and tostring(wrong):find(case[2], 1, true) and wrong.path == path "bad.tsv",
    "an edge list that " .. case[2])
end
local n, wrong = again:import { rows = "/nowhere.npy" }
ok(n == nil and wrong.name == "EIO", "rows that are not there")
n, wrong = new({ dim = 4 }):import { rows = rows }
ok(n == nil and tostring(wrong):find("rows of 3 columns, expected 4", 1, true),
  "rows that do not fit")
local full = new { capacity = 1 }
full:remember { pin = true }
n, wrong = full:import { rows = rows }
ok(n == nil and tostring(wrong):find("row 0: engram_memory_remember: the memory is full", 1, true),
  "rows there is no room for")
n, wrong = again:import { rows = rows, links = "/nowhere.tsv" }
ok(n == nil and wrong.name == "EIO", "links that are not there")
is(again:hash(), hash, "all or nothing")
n, wrong = w:export { rows = "/nowhere/x.npy" }
ok(n == nil and wrong.name == "EIO", "where there is no folder there will be no rows")
n, wrong = w:export { rows = rows, links = "/nowhere/x" }
ok(n == nil and wrong.name == "EIO", "nor links")

refuses(function() m:export() end,
  "bad argument #1 to 'memory:export' (a path, or { rows = path, links = path } expected, got nil)",
  "export wants to know where")
refuses(function() m:export { links = "x" } end, "'rows' to 'memory:export' (a path expected, got nil)",
  "links do not go out alone")
refuses(function() m:export { rows = "x", links = 1 } end, "'links' to 'memory:export'",
  "links go to a path")
refuses(function() m:export { row = "x" } end, "unknown option 'row' to 'memory:export'",
  "export knows its options")
refuses(function() m:import() end,
  "bad argument #1 to 'memory:import' (a path, or { rows = path, links = path, ... } expected, got nil)",
  "import wants to know from where")
refuses(function() m:import { links = "x" } end, "'rows' to 'memory:import' (a path expected",
  "links do not come alone")
refuses(function() m:import { rows = "x", links = 1 } end, "'links' to 'memory:import'",
  "links come from a path")
refuses(function() m:import { rows = "x", strength = "y" } end,
  "bad argument 'strength' to 'memory:import' (a number expected", "what is said of all is checked")
refuses(function() m:import { rows = rows, meta = { x = print } } end,
  [[bad argument 'meta' to 'memory:import' (a function at ["x"])]], "metadata too")
refuses(function() m:import { rows = "x", now = "y" } end, "'now' to 'memory:import' (a time",
  "a time is a time")
refuses(function() m:import("x", { strength = 1 }) end, "unknown option 'strength' to 'memory:import'",
  "a file of JSON says all that itself")

-- ---- freed, and without a colon

local methods = [[archive at count each export filter forget fork get graph hash import index link
  links mark pin recall reinforce release remember retention rollback snapshot stats sync unlink
  update warnings]]
m = new()
m:free()
m:free()
is(tostring(m), "memory, closed", "freed twice is freed")
for method in methods:gmatch "%S+" do
  refuses(function() m[method](m, 0, 0) end, ("memory:%s: this memory is closed"):format(method),
    method .. " after free")
  refuses(function() m[method]() end, ("call it as memory:%s(...), with a colon"):format(method),
    method .. " without a colon")
end
refuses(function() return #m end, "#memory: this memory is closed", "its length after free")
refuses(function() m.free() end, "call it as memory:free(...), with a colon", "free without a colon")

collectgarbage()
do -- laws, as they were given
  for _, given in ipairs { { curve = "power", unit_s = 60, beta = 0.5 },
    { curve = "mixture", tau_s = 60, unit_s = 30, beta = 0.5, weight = 0.25 } } do
    local told, alike = engram.memory.new({ dim = 2, law = given }):stats().law, true
    for name, value in pairs(given) do alike = alike and told[name] == value end
    for name in pairs(told) do alike = alike and given[name] ~= nil end
    tap.ok(alike, "stats tell a law as its options: " .. given.curve)
  end
end

support.done()
