-- engram.text: turns text into vectors without a model, by random indexing.
-- SPDX-License-Identifier: MIT
--
-- A word's index vector is sparse and ternary: 8 of its dim places hold +1 or -1, drawn from
-- hash(word, seed), so that any two words are nearly orthogonal and none has to be stored
-- (Kanerva, Kristoferson & Holst 2000). Fitting reads texts and gives each of their words a context
-- vector, the sum of the index vectors of the texts it occurs in: words that keep the same company
-- then point the same way (Sahlgren 2005). A text is the sum of its words' vectors - context if
-- fitted, index otherwise - weighted and scaled to length 1.
--
-- Of n texts, df have the word; its weight is idf = log(1 + n / df), and 1 before fitting. Within a
-- text that is fitted a word counts once; in one that is encoded, as often as it is said. Unless
-- `plain` is true, three things are done besides:
--
-- * A text's index vector is scaled to length 1 before it is added to its words, so that long texts
--   do not drown short ones; and so is a context vector, so that frequent words do not.
-- * A context vector is taken less what chance would give it, df * S / (n + 1), where S is the sum
--   of all texts: otherwise all of them lean towards S, and texts that share nothing look alike
--   (over WordNet's glosses by a median cosine of 0.2 to 0.35). The + 1 leaves something to a
--   single text, and to a word that is in all of them.
-- * A word's weight in a text is idf * df / (df + 1), as one text tells little about a word.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local progress = require "engram.progress"
local types = require "engram.types"
local vec = require "engram.vec"

local ONES = 8 -- non-zeros of an index vector
local APOSTROPHE = 39
local floor = math.floor

-- What a byte is to the tokenizer: 0 parts words, anything else is the byte in lower case. Bytes
-- from 128 on are letters, which keeps UTF-8 whole; only ASCII has its case folded.
local fold = ffi.new "uint8_t[256]"
for c = 0, 255 do
  local character = string.char(c)
  if c >= 128 or character:find "%w" then fold[c] = character:lower():byte() end
end

local text, methods, mt = { least = ONES }, {}, {}
local rng, drawn = ffi.new "struct engram_rng", ffi.new("uint32_t[?]", ONES)

-- Finds the words of s and returns how many: word i from 0 stands in self.low, bytes first[i] up to
-- and not including last[i], and has key[i], 53 bits of its hash, which a number holds exactly.
local function split(self, s)
  local n = #s
  if n >= self.room then
    self.room = 2 * n + 64
    self.low = ffi.new("uint8_t[?]", self.room)
    self.first, self.last = ffi.new("uint32_t[?]", self.room), ffi.new("uint32_t[?]", self.room)
    self.key = ffi.new("double[?]", self.room)
    self.ids, self.weights = ffi.new("uint32_t[?]", self.room), ffi.new("float[?]", self.room)
  end

  local bytes, low = ffi.cast("const uint8_t *", s), self.low
  local count, start = 0, -1
  for i = 0, n do -- the zero behind the string ends its last word
    local c = fold[bytes[i]]
    if bytes[i] == APOSTROPHE and start >= 0 and fold[bytes[i + 1]] ~= 0 then c = APOSTROPHE end
    low[i] = c
    if c ~= 0 then
      if start < 0 then start = i end
    elseif start >= 0 then
      self.first[count], self.last[count] = start, i
      self.key[count] = tonumber(bit.rshift(C.engram_hash(low + start, i - start, self.seed), 11))
      count, start = count + 1, -1
    end
  end
  return count
end

-- Draws the index vector of a key: out[0 .. 7] = 2 * place, + 1 where the value is -1. Each place
-- comes from an eighth of its own, so that they differ without looking.
local function draw(key, dim, out)
  rng.state = key
  for j = 0, ONES - 1 do
    local first, beyond = floor(j * dim / ONES), floor((j + 1) * dim / ONES)
    out[j] = 2 * first + C.engram_rng_below(rng, 2 * (beyond - first))
  end
end

-- data += weight * index vector
local function add_index(index, weight, data)
  for j = 0, ONES - 1 do
    local place = bit.rshift(index[j], 1)
    data[place] = data[place] + (1 - 2 * bit.band(index[j], 1)) * weight
  end
end

local function normalize(data, n)
  local norm = C.engram_norm_f32(data, n)
  if norm > 0 then
    for i = 0, n - 1 do data[i] = data[i] / norm end
  end
end

-- encoder:tokens(s) -> the words of s in order, as encode sees them: runs of letters, digits and
-- bytes from 128 on, in lower case. An apostrophe between two of them belongs to the word (don't);
-- a hyphen parts words, so that a compound is found by its parts.
function methods:tokens(s)
  check.self(getmetatable(self) == mt, "text:tokens")
  check.arg(type(s) == "string", "text:tokens", 1, "a string", s)
  local words = {}
  for i = 0, split(self, s) - 1 do
    words[i + 1] = ffi.string(self.low + self.first[i], self.last[i] - self.first[i])
  end
  return words
end

local function each(texts)
  if type(texts) == "function" then return texts end
  local i = 0
  return function() i = i + 1; return texts[i] end
end

-- The words of texts. They are numbered in order of appearance: by key, keys, and in how many texts
-- they are; `run` holds the numbers of all texts one after the other, text t up to stops[t].
local function read(bar, self, texts)
  local known, keys, df, seen_in, words = {}, {}, {}, {}, 0
  local run, stops, at, count = {}, {}, 0, 0
  for s in each(texts) do
    count = count + 1
    check.arg(type(s) == "string", "text:fit", 1, "strings alone", s)
    for i = 0, split(self, s) - 1 do
      local key = self.key[i]
      local word = known[key]
      if not word then
        word, words = words, words + 1
        known[key], keys[word], df[word] = word, key, 0
      end
      if seen_in[word] ~= count then
        seen_in[word], df[word], at = count, df[word] + 1, at + 1
        run[at] = word
      end
    end
    stops[count] = at
    bar:step()
  end
  return { known = known, keys = keys, df = df, words = words, run = run, stops = stops,
    count = count }
end

-- The sums of the index vectors of the texts: of those that have a word, to its row, and of all.
local function add_up(bar, self, texts, weight, context, all)
  local dim, from, run = self.dim, 1, texts.run
  local index, one = ffi.new("uint32_t[?]", texts.words * ONES), ffi.new("float[?]", dim)
  for word = 0, texts.words - 1 do draw(texts.keys[word], dim, index + word * ONES) end
  for t = 1, texts.count do
    local last = texts.stops[t]
    ffi.fill(one, 4 * dim)
    for i = from, last do add_index(index + run[i] * ONES, weight[run[i]], one) end
    if not self.plain then normalize(one, dim) end
    for i = from, last do
      C.engram_axpy_f32(1, one, dim, context.data + run[i] * dim)
    end
    C.engram_axpy_f32(1, one, dim, all)
    from = last + 1
    bar:step()
  end
end

-- encoder:fit(texts) -> encoder. texts: a list of strings, or an iterator that gives one a call.
-- They are read once; what an earlier fit has learnt is replaced.
function methods:fit(texts)
  check.self(getmetatable(self) == mt, "text:fit")
  check.arg(type(texts) == "table" or type(texts) == "function", "text:fit", 1,
            "a list of strings or an iterator", texts)
  local given = type(texts) == "table" and #texts or nil
  local found = progress.during({ total = given, label = "reading", unit = "texts" }, read, self,
    texts)
  local words, count, df, dim = found.words, found.count, found.df, self.dim

  local weight, context = ffi.new("float[?]", words), vec.matrix(words, dim)
  local all = ffi.new("float[?]", dim)
  for word = 0, words - 1 do weight[word] = C.engram_log(1 + count / df[word]) end
  progress.during({ total = count, label = "fitting", unit = "texts" }, add_up, self, found, weight,
    context, all)
  for word = 0, words - 1 do
    local row = context.data + word * dim
    if not self.plain then
      C.engram_axpy_f32(-df[word] / (count + 1), all, dim, row)
      normalize(row, dim)
      weight[word] = weight[word] * df[word] / (df[word] + 1)
    end
  end

  self.known, self.weight, self.context = found.known, weight, context
  self.words, self.texts = words, count
  return self
end

-- encoder:encode(s [, into]) -> vec of length 1, or all 0 if no word of s is known, and how many of
-- its words are: those that were fitted, all of them before fitting. into: a vec to write to.
function methods:encode(s, into)
  check.self(getmetatable(self) == mt, "text:encode")
  check.arg(type(s) == "string", "text:encode", 1, "a string", s)
  local dim, v = self.dim, into or vec(self.dim)
  if not (vec.is(v) and v.n == dim) then
    check.arg(false, "text:encode", 2, ("a vec of length %d"):format(dim), into)
  end
  local found, known, n = split(self, s), self.known, 0
  if not known then
    ffi.fill(v.data, 4 * dim)
    for i = 0, found - 1 do
      draw(self.key[i], dim, drawn)
      add_index(drawn, 1, v.data)
    end
    normalize(v.data, dim)
    return v, found
  end

  local ids, weights = self.ids, self.weights
  for i = 0, found - 1 do
    local word = known[self.key[i]]
    if word then
      ids[n], weights[n], n = word, self.weight[word], n + 1
    end
  end
  C.engram_weighted_sum_f32(self.context.data, ids, weights, n, dim, v.data)
  normalize(v.data, dim)
  return v, n
end

function text.is(x) return getmetatable(x) == mt end

mt.__index = methods
function mt:__tostring()
  return self.known and ("text %d, %d words from %d texts"):format(self.dim, self.words, self.texts)
    or ("text %d, not fitted"):format(self.dim)
end

-- engram.text.new { dim = 256, seed = 1, plain = false } -> encoder. Equal dim, seed and fitted
-- texts give equal bits.
function text.new(options)
  local o = check.options(options, { dim = 256, seed = 1, plain = false }, "text.new")
  check.arg(check.count(o.dim) and o.dim >= ONES, "text.new", "dim",
            ("a count of at least %d"):format(ONES), o.dim)
  check.arg(check.count(o.seed), "text.new", "seed", "a whole number", o.seed)
  return setmetatable({ dim = o.dim, seed = o.seed, plain = o.plain, room = 0 }, mt)
end

types.register { name = "encoder", metatable = mt, methods = methods, fields = {
  dim = "components of a vector",
  seed = "what the index vectors are drawn by",
  plain = "whether contexts stay as they are counted",
  words = "how many words are known",
  texts = "how many texts were learnt from",
} }

return text
