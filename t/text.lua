-- text.lua: text as vectors, without a model.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses = tap.ok, tap.is, tap.near, support.refuses
local text = engram.text

-- ---- words

local encoder = text.new()
local function words(s) return table.concat(encoder:tokens(s), "|") end
is(words "The cat, the CAT and 2 dogs!", "the|cat|the|cat|and|2|dogs",
  "words are runs of letters and digits in lower case")
is(words "don't 'quote' dogs'", "don't|quote|dogs", "an apostrophe inside a word belongs to it")
is(words "well-known", "well|known", "a hyphen parts words")
is(words "Füße déjà", "füße|déjà", "bytes beyond ASCII are letters")
is(words "", "", "no text has no words")

-- ---- before fitting

local v, known = encoder:encode "cat sat"
is(#v, 256, "the vectors of an encoder have 256 elements")
is(known, 2, "before fitting every word is known")
near(v:norm(), 1, 1e-6, "a text has length 1")
ok(v == encoder:encode "Sat, cat!", "order, case and punctuation do not count")
ok(v == text.new():encode "cat sat", "another encoder of the same seed gives the same bits")
ok(v ~= text.new({ seed = 2 }):encode "cat sat", "one of another seed does not")
local share = encoder:encode "cat sat mat":cosine(v)
ok(share > 0.7 and share < 0.95, "texts that share words are alike")
ok(math.abs(v:cosine(encoder:encode "stock market")) < 0.4, "texts that share none are not")
local nothing
nothing, known = encoder:encode "..."
ok(nothing == engram.vec(256) and known == 0, "a text without words is 0")
local nonzero, one = 0, encoder:encode "cat"
for i = 1, 256 do nonzero = nonzero + (one[i] ~= 0 and 1 or 0) end
is(nonzero, 8, "a word has eight places")
local plus, minus = 0, 0
v = encoder:encode "alpha beta gamma delta"
for i = 1, 256 do
  plus, minus = plus + (v[i] > 0 and 1 or 0), minus + (v[i] < 0 and 1 or 0)
end
ok(plus > 5 and minus > 5, "of both signs")
is(#text.new({ dim = 64 }):encode "cat", 64, "another length can be asked for")

-- ---- fitted on a toy corpus: two fields that share no words but "the"

local animals, money = { "cat", "dog", "horse", "cow" }, { "bank", "loan", "credit", "debt" }
local contexts = { { "barn", "hay", "fur", "tail", "meadow", "feed" },
  { "interest", "rate", "pay", "sum", "owe", "due" } }
local corpus, rng = {}, engram.rng(5)
for _ = 1, 60 do
  for field, subjects in ipairs { animals, money } do
    local picked = { "the", subjects[rng:below(4) + 1] }
    for i = 3, 7 do picked[i] = contexts[field][rng:below(6) + 1] end
    corpus[#corpus + 1] = table.concat(picked, " ")
  end
end
ok(encoder:fit(corpus) == encoder, "fit gives the encoder back")
collectgarbage()
local function alike(a, b) return encoder:encode(a):cosine(encoder:encode(b)) end
local near_pairs, far_pairs = 1, -1
for i = 1, 4 do
  for j = 1, 4 do
    if i ~= j then
      near_pairs = math.min(near_pairs, alike(animals[i], animals[j]), alike(money[i], money[j]))
    end
    far_pairs = math.max(far_pairs, alike(animals[i], money[j]))
  end
end
ok(near_pairs > far_pairs + 0.2,
  "words that keep the same company are nearer than others, even if they never meet")
tap.note(("least alike of one field %.2f, most alike of two %.2f"):format(near_pairs, far_pairs))

local bank, names = engram.bank.new(256), {}
for _, list in ipairs { animals, money } do
  for _, word in ipairs(list) do names[bank:add(encoder:encode(word))] = word end
end
local found = bank:search(encoder:encode "dog", 4)
local field = {}
for i = 1, 4 do field[i] = names[found:id(i)] end
is(field[1], "dog", "a word is its own nearest neighbour")
table.sort(field)
is(table.concat(field, " "), "cat cow dog horse", "and its field comes next")

v, known = encoder:encode "the dog flew"
is(known, 2, "after fitting only words that were seen are known")
near(v:norm(), 1, 1e-6, "the rest still has length 1")
nothing, known = encoder:encode "zebra"
ok(nothing == engram.vec(256) and known == 0, "a text without known words is 0")

local i = 0
local again = text.new():fit(function()
  i = i + 1
  return corpus[i]
end)
ok(again:encode "the dog flew" == v, "an iterator and a list of the same texts give the same bits")
ok(again:fit { "the dog flew", "away" }:encode "dog" ~= encoder:encode "dog",
  "fitting again replaces what was learnt")
is(select(2, again:encode "cat"), 0, "and forgets the words before")
is(select(2, text.new():fit({}):encode "cat"), 0, "fitted on nothing an encoder knows nothing")

local target = engram.vec(256)
for _ = 1, 3 do
  ok(encoder:encode("the dog flew", target) == target and target == v,
    "into gives the same vec back")
  collectgarbage()
end

-- ---- for eyes

is(tostring(text.new { dim = 64 }), "text 64, not fitted", "an encoder shows its length")
is(tostring(encoder), ("text 256, 21 words from %d texts"):format(#corpus),
  "and what it was fitted on")

-- ---- misuse

refuses(function() text.new { dimension = 3 } end,
  "unknown option 'dimension' to 'text.new' (known: ",
  "new lists its options")
refuses(function() text.new { dim = 4 } end,
  "bad argument 'dim' to 'text.new' (a count of at least 8 expected, got number 4)",
  "a vector has room for a word")
refuses(function() text.new { seed = -1 } end,
  "bad argument 'seed' to 'text.new' (a whole number expected, got number -1)",
  "a seed is not negative")
refuses(function() encoder:tokens(1) end,
  "bad argument #1 to 'text:tokens' (a string expected, got number 1)",
  "tokens wants a string")
refuses(function() encoder:encode(nil) end,
  "bad argument #1 to 'text:encode' (a string expected, got nil)",
  "encode wants a string")
refuses(function() encoder:encode("x", engram.vec(3)) end,
  "bad argument #2 to 'text:encode' (a vec of length 256 expected, got vec 3 [0 0 0])",
    "into has the encoder's length")
refuses(function() encoder:fit "x" end,
  [[bad argument #1 to 'text:fit' (a list of strings or an iterator expected, got string "x")]],
    "fit wants a list")
refuses(function() encoder:fit { "x", 1 } end, "bad argument #1 to 'text:fit' (",
  "fit wants strings")
for _, name in ipairs { "tokens", "fit", "encode" } do
  refuses(function() encoder[name] "x" end, ("call it as text:%s(...), with a colon"):format(name),
    ("text.%s without its encoder asks for a colon"):format(name))
end

-- Plainly, a word's context is the sum of its texts, and nothing else.
local plain = engram.text.new { dim = 64, plain = true }:fit { "red green", "blue" }
local red, green = plain:encode "red", plain:encode "green"
ok(red == green, "plain contexts of words that keep the same company are the same")
local idf = engram.math.log(1 + 2 / 1)
local unfitted = engram.text.new { dim = 64 }
local both = engram.vec(64):add(unfitted:encode "red", idf):add(unfitted:encode "green", idf)
ok(red:cosine(both) > 1 - 1e-6, "and point where the index vectors of their texts do")

support.done()
