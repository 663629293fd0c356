-- bank.lua: rows of vectors with ids, in memory and in .npy files.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, ids_are = tap.ok, tap.is, tap.near, support.refuses, support.ids_are
local generation = 4294967296 -- an id is slot + 2^32 * generation

collectgarbage("setpause", 100) -- the collector is never at rest while objects come and go

-- ---- results

local bank = engram.bank.new(3)
is(bank:dim(), 3, "a bank knows the length of its rows")
is(#bank, 0, "a new bank is empty")
is(#bank:search({ 1, 0, 0 }, 5), 0, "searching an empty bank finds nothing")
is(bank:add(engram.vec { 1, 0, 0 }), 0, "the first id is 0")
is(bank:add { 0, 2, 0 }, 1, "a table of numbers may be added")
is(table.concat(bank:add(engram.matrix { { 0, 0, 3 }, { 1, 1, 0 } }), " "), "2 3",
  "a matrix gives a list of ids")
is(#bank, 4, "the length of a bank is its rows")
ok(bank:row(1) == engram.vec { 0, 2, 0 }, "row gives a row back")
bank:row(1)[1] = 9
ok(bank:row(1) == engram.vec { 0, 2, 0 }, "a row is a copy")

local run = bank:search({ 1, 0.5, 0 }, 10)
ids_are(run, { 3, 0, 1, 2 },
  "search finds the rows by descending cosine, all of them if k is larger")
near(run:score(1), 1.5 / math.sqrt(1.25 * 2), 1e-6, "the best score is the cosine of its row")
is(run:score(4), 0, "an orthogonal row has the score 0")
ids_are(bank:search({ 1, 0.5, 0 }, 2), { 3, 0 }, "search keeps the best k")
is(#bank:search({ 1, 0, 0 }, 0), 0, "the best 0 are none")
ids_are(bank:search({ 1, 0.5, 0 }, 10, { filter = function(id) return id ~= 3 end }), { 0, 1, 2 },
  "a filter keeps ids out")
bank:update(0, { 2, 1, 0 })
is(bank:search({ 2, 1, 0 }, 1):id(1), 0, "an updated row is found as it is now")
bank:update(0, { 1, 0, 0 })

local reused = engram.hits {}
for _ = 1, 3 do
  ok(bank:search({ 0, 0, 1 }, 3, { into = reused }) == reused, "into gives the same hits back")
  is(reused:id(1), 2, "hits that are used again hold the new result")
  collectgarbage()
end

local many = engram.bank.new(2)
many:reserve(200)
for i = 1, 200 do many:add { i, 1 } end
is(#many:search({ 1, 0 }, 200, { filter = function(id) return id % 2 == 0 end }), 100,
  "a filter works on more slots than a word has bits")
ids_are(many:search({ 1, 0 }, 3, { filter = function(id) return id < 130
  and id % 64 == 63 end }), { 127, 63 },
  "the last bit of a word is a slot like others")

-- ---- ids and generations

bank:remove(1)
is(#bank, 3, "a removed row does not count")
is(bank:slots(), 4, "the slot of a removed row stays")
ids_are(bank:search({ 0, 1, 0 }, 10), { 3, 0, 2 }, "a removed row is not found")
refuses(function() bank:row(1) end,
  "engram_bank_row: id 1 (slot 1, generation 0) is not in the bank any more",
  "the id of a removed row is refused")
local id = bank:add { 0, 5, 0 }
is(id, 1 + generation, "a slot that is used again gives an id of the next generation")
is(bank:search({ 0, 1, 0 }, 1):id(1), id, "search gives the whole id")
ok(bank:row(id) == engram.vec { 0, 5, 0 }, "the whole id finds its row")
refuses(function() bank:row(1) end, "id 1 (slot 1, generation 0) is not in the bank any more",
  "the bare slot is refused when it is used again")
refuses(function() bank:update(1, { 1, 1, 1 }) end,
  "engram_bank_update: id 1 (slot 1, generation 0)",
  "update names an id of the past")
refuses(function() bank:remove(1) end, "engram_bank_remove: id 1 (slot 1, generation 0)",
  "remove names an id of the past")
refuses(function() bank:row(7) end,
  "engram_bank_row: id 7 (slot 7, generation 0) is not in the bank",
  "an id that never was is refused")
local seen = {}
bank:search({ 1, 0, 0 }, 9, { filter = function(each) seen[each] = true; return true end })
ok(seen[id] and not seen[1], "a filter is asked about whole ids")

-- ---- smaller forms

local rng = engram.rng(5)
local random = engram.bank.new(70)
ok(random:index "int8" == random, "index gives the bank back")
local random_ids = random:add(rng:fill_normal(engram.matrix(3000, 70)))
random:index "sign"
for i = 1, 3000, 3 do random:remove(random_ids[i]) end
for i = 2, 3000, 30 do random:update(random_ids[i], rng:fill_normal(engram.vec(70))) end
local queries = rng:fill_normal(engram.matrix(9, 70))

local exact = random:search(queries, 10)
is(#exact, 9, "a matrix of queries gives a list of hits")
local same = 0
for i = 1, 9 do
  local alone = random:search(queries:row(i), 10)
  for j = 1, 10 do
    same = same + (exact[i]:id(j) == alone:id(j) and exact[i]:score(j) == alone:score(j)
      and 1 or 0)
  end
end
is(same, 90, "which are those that each query gives alone")
local looked = exact[1].seen
is(tostring(looked), "2000 rows scanned, 0 candidates, 0 scored exactly, 10 hits",
  "what was looked at can be read")
is(("%d %d %d %d"):format(looked.scanned, looked.candidates, looked.reranked,
  looked.hits), "2000 0 0 10",
  "an exact search has scanned all rows and left no candidates")

local all = { form = "sign", candidates = 2000, rerank = 2000 }
local staged = random:search(queries:row(2), 10, all)
for i = 1, 10 do same = same - (staged:id(i) == exact[2]:id(i) and 1 or 0) end
is(same, 80, "a search whose stages leave all rows finds what an exact one does")
looked = random:search(queries:row(1), 10, { form = "sign" }).seen
is(("%d %d %d %d"):format(looked.scanned, looked.candidates, looked.reranked,
  looked.hits),
  "2000 200 50 10", "a search by signs says what it looked at")
looked = random:search(queries:row(1), 10, { form = "sign", candidates = 90, rerank = 30 }).seen
is(("%d %d %d"):format(looked.scanned, looked.candidates, looked.reranked), "2000 90 30",
  "candidates and rerank say how much each stage leaves")
looked = random:search(queries:row(1), 10, { form = "int8", candidates = 20 }).seen
is(("%d %d %d"):format(looked.scanned, looked.candidates, looked.reranked), "2000 20 20",
  "int8 without a half float beside it goes straight to the rows")
local few = random:search(queries:row(1), 10, { form = "sign",
  filter = function(each) return each % 100 == 1 end })
ok(#few == 10 and few.seen.scanned < 40, "a filter is asked before candidates are chosen")
ok(few:copy().seen.scanned == few.seen.scanned, "a copy knows what was looked at")
local again = random:search(queries:row(1), 10, { form = "sign", into = few })
ok(again == few and again.seen.scanned == 2000, "into works with forms too")

local share, means = random:recall_at(10, all, queries)
is(share, 1, "recall_at is 1 where nothing is lost")
is(means.reranked, 2000, "and tells the work")
share, means = random:recall_at(10, { form = "sign", candidates = 20, rerank = 12 }, queries)
ok(share > 0.1 and share < 1, "it is less where candidates are few")
ok(means.scanned == 2000 and means.candidates == 20 and means.reranked == 12, "for little work")
ok(random:recall_at(10, { form = "sign" }, queries) > share, "more of them find more")
is(random:recall_at(10, { form = "int8" }, queries), 1, "int8 finds all")
is(random:recall_at(3, { form = "int8", filter = function() return false end }, queries), 1,
  "of nothing all is found")
is(random:recall_at(10, {}, queries), 1, "an exact search finds what it finds")

local forms = random:stats().forms
ok(forms.int8 >= 128 * 3000 and forms.sign >= 16 * 3000 and not forms.bf16,
  "stats lists forms and their bytes")
random:index("int8", false)
ok(not random:stats().forms.int8, "a form can be dropped")
is(random:search(queries:row(1), 10, { form = "sign" }).seen.reranked, 200,
  "without a finer form all candidates are scored exactly")
refuses(function() random:search(queries:row(1), 1, { form = "int8" }) end,
  "engram_bank_search: the bank has no form int8; index it first",
  "a form that is not indexed is refused")
refuses(function() random:search(queries:row(1), 1, { form = "int4" }) end,
  [[bad argument 'form' to 'bank:search' ("f32", "bf16", "f16", "int8" or "sign" expected, ]]
  .. [[got string "int4")]], "so is one that there is not")
refuses(function() random:search(queries:row(1), 1, { form = "sign", rerank = -1 }) end,
  "bad argument 'rerank' to 'bank:search' (a count expected, got number -1)",
  "rerank is a count")
refuses(function() random:search(queries:row(1), 1, { form = "sign", candidates = "all" }) end,
  "bad argument 'candidates' to 'bank:search' (a count expected, got string \"all\")",
  "and so is candidates")
refuses(function() random:search(queries, 1, { into = few }) end,
  "bad argument 'into' to 'bank:search' (no hits for many queries expected, got hits 10",
  "many queries have hits of their own")
refuses(function() random:search(engram.matrix(2, 3), 1) end,
  "bad argument #1 to 'bank:search' (rows of length 70 expected, got matrix 2 x 3)",
  "queries have the bank's length")
refuses(function() random:index "f32" end,
  [[bad argument #1 to 'bank:index' ("bf16", "f16", "int8" or "sign" expected, got string "f32")]],
  "the rows themselves are no smaller form")
refuses(function() random:index("sign", 1) end,
  "bad argument #2 to 'bank:index' (true or false expected, got number 1)",
  "on or off, no number")
refuses(function() random:recall_at(0, {}, queries) end,
  "bad argument #1 to 'bank:recall_at' (a count of at least 1 expected, got number 0)",
  "recall is of at least one")
refuses(function() random:recall_at(1, {}, queries:row(1)) end,
  "bad argument #3 to 'bank:recall_at' (a matrix of queries expected, got vec 70 [",
  "and over a matrix")
refuses(function() random:recall_at(1, { into = few }, queries) end,
  "unknown option 'into' to 'bank:recall_at' (known: candidates, filter, form, rerank)",
  "recall_at lists its options")

-- ---- files

bank:remove(2)
local path = support.path "rows.npy"
local saved, failure = bank:save(path)
ok(saved == nil and failure.name == "EDIM" and tostring(failure):find("1 of ", 1, true),
  "a bank with gaps is not saved as it is")
is(many:save(path), true, "a bank is saved")
local opened = engram.bank.open(path)
is(#opened, 200, "a saved bank is opened with its rows")
ok(opened:row(9) == many:row(9), "a row of the file is the row that was saved")
ok(opened:stats().mapped and not many:stats().mapped, "an opened bank is mapped, a new one is not")
is(tostring(opened), "bank 200 rows x 2, 0.0 MB, mapped", "a mapped bank says so")
opened:add { 1, 1 }
ok(not opened:stats().mapped and opened:row(9) == many:row(9), "the first change copies the rows")
is(bank:save(path, { compact = true }), true, "a bank with gaps is saved without them")
bank:add { 0, 0, 3 }
ok(engram.bank.open(path):row(1) == engram.vec { 0, 5, 0 },
  "compact rows stand in the order of their slots")

local none
none, failure = engram.bank.open "/nonexistent/rows.npy"
is(none, nil, "a file that is not there gives nil")
is(tostring(failure), "/nonexistent/rows.npy: No such file or directory",
  "and a message with its name")
is(failure.name, "EIO", "a file that cannot be read is EIO")
is("it says " .. failure, "it says " .. tostring(failure), "a failure can be joined to a string")
none, failure = engram.bank.open(support.write(path, "not an array"))
ok(none == nil and failure.name == "EFORMAT" and tostring(failure):find(path, 1, true) == 1,
  "a file that is no .npy file is EFORMAT and named")
none, failure = many:save "/nonexistent/rows.npy"
ok(none == nil and failure.name == "EIO", "a file that cannot be written gives nil and EIO")

-- ---- for eyes, and statistics

is(tostring(engram.bank.new(5)), "bank 0 rows x 5, 0.0 MB", "a bank shows rows and columns")
local stats = bank:stats()
ok(stats.dim == 3 and stats.rows == 4 and stats.slots == 4 and stats.mapped == false
  and stats.bytes >= 48,
  "stats tells sizes, slots and bytes")

-- ---- lifetimes

local found = engram.bank.new(2)
found:add { 1, 2 }
found = found:search({ 1, 2 }, 1)
for _ = 1, 3 do
  collectgarbage()
  engram.bank.new(2):add { 3, 4 }
end
is(found:id(1), 0, "hits outlive the bank they came from")
support.given_back(function() engram.bank.new(2 ^ 20):reserve(16) end, "the collector frees banks")
many:free()
many:free()
is(tostring(many), "bank, closed", "free may be called twice")
refuses(function() return #many + 1 end, "#bank: this bank is closed",
  "a closed bank has no length")
for name, arguments in pairs { add = { { 1, 2 } }, update = { 0, { 1, 2 } }, remove = { 0 },
  row = { 0 },
  reserve = { 1 }, dim = {}, slots = {}, search = { { 1, 2 }, 1 }, index = { "int8" },
  recall_at = { 1, {}, engram.matrix(1, 2) }, save = { path }, stats = {} } do
  refuses(function() local _ = many[name](many, unpack(arguments)) end,
    ("bank:%s: this bank is closed"):format(name),
    ("after free bank:%s says closed"):format(name))
  refuses(function() local _ = many[name](unpack(arguments)) end,
    ("call it as bank:%s(...), with a colon"):format(name),
    ("bank.%s without its bank asks for a colon"):format(name))
end
refuses(function() many.free() end, "call it as bank:free(...), with a colon",
  "bank.free asks for a colon")

-- ---- misuse

refuses(function() engram.bank.new(0) end,
  "bad argument #1 to 'bank.new' (a row length expected, got number 0)",
  "rows are not empty")
refuses(function() engram.bank.open(3) end,
  "bad argument #1 to 'bank.open' (a path expected, got number 3)",
  "a path is a string")
refuses(function() bank:add { 1, 2 } end,
  "bad argument #1 to 'bank:add' (a vec of length 3 expected, got vec 2 [1 2])",
    "a row has the bank's length")
refuses(function() bank:add(engram.matrix(2, 2)) end,
  "bad argument #1 to 'bank:add' (rows of length 3 expected, got matrix 2 x 2)",
    "so have the rows of a matrix")
refuses(function() bank:add "x" end,
  [[bad argument #1 to 'bank:add' (a vec or a table of numbers expected, got string "x")]],
    "a row is of numbers")
refuses(function() bank:add(engram.matrix { { 1, 2, 3 }, { 4, 5, math.huge } }) end,
  "engram_bank_add: row 1, column 2 is inf",
    "a number that is not finite is named by row and column")
is(#bank, 4, "of rows that are refused none is added")
refuses(function() bank:update(-1, { 1, 2, 3 }) end,
  "bad argument #1 to 'bank:update' (an id expected, got number -1)",
  "an id is not negative")
refuses(function() bank:update(0, { 1 }) end,
  "bad argument #2 to 'bank:update' (a vec of length 3 expected, got vec 1 [1])",
    "update wants a whole row")
refuses(function() bank:remove "0" end,
  [[bad argument #1 to 'bank:remove' (an id expected, got string "0")]],
  "an id is a number")
refuses(function() bank:row(0.5) end,
  "bad argument #1 to 'bank:row' (an id expected, got number 0.5)",
  "an id is a whole number")
refuses(function() bank:reserve(-1) end,
  "bad argument #1 to 'bank:reserve' (a count expected, got number -1)",
  "room is a count")
refuses(function() bank:search({ 1, 2 }, 1) end,
  "bad argument #1 to 'bank:search' (a vec of length 3 expected, got vec 2 [1 2])",
    "a query has the bank's length")
refuses(function() bank:search({ 1, 2, 0 / 0 }, 1) end, "engram_bank_search: query[2] is ",
  "a query is of finite numbers")
refuses(function() bank:search({ 1, 2, 3 }, "all") end,
  [[bad argument #2 to 'bank:search' (a count expected, got string "all")]], "k is a count")
refuses(function() bank:search({ 1, 2, 3 }, 1, { filtr = print }) end,
  "unknown option 'filtr' to 'bank:search' (known: candidates, filter, form, into, rerank)",
    "options are listed where one is unknown")
refuses(function() bank:search({ 1, 2, 3 }, 1, { filter = { 1 } }) end,
  "bad argument 'filter' to 'bank:search' (a function expected, got table)",
    "a filter is a function")
refuses(function() bank:search({ 1, 2, 3 }, 1, { into = {} }) end,
  "bad argument 'into' to 'bank:search' (hits expected, got table)", "into is hits")
refuses(function() bank:save() end, "bad argument #1 to 'bank:save' (a path expected, got nil)",
  "save wants a path")
refuses(function() bank:save(path, { compress = true }) end,
  "unknown option 'compress' to 'bank:save' (known: compact)",
  "save lists its options")

support.done()
