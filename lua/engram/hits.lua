-- engram.hits: runs of (id, score), always in score order, ties by ascending id.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"

local Hits = ffi.typeof [[
  struct { struct engram_hit *hit; struct engram_parts *parts; uint32_t n, room;
           struct engram_seen seen; }]]
local HitArray = ffi.typeof "struct engram_hit[?]"
local PartsArray = ffi.typeof "struct engram_parts[?]"
local anchors = setmetatable({}, { __mode = "k" })

local hits, methods = {}, {}
hits.count_out = ffi.new "size_t[1]" -- where C tells how many there are

function hits.is(x) return ffi.istype(Hits, x) end

local function reserve(self, room, with_parts)
  if self.room < room or (with_parts and self.parts == nil) then
    local array, parts = HitArray(room), with_parts and PartsArray(room) or nil
    ffi.copy(array, self.hit, self.n * ffi.sizeof "struct engram_hit")
    anchors[self] = { array, parts }
    self.hit, self.parts, self.room = array, parts, room
  end
  return self
end

-- hits.into(given, room, with_parts, fname): a run with that much room, the given one if there is
-- one.
function hits.into(given, room, with_parts, fname)
  if given == nil then return reserve(Hits(nil, nil, 0, 0), room, with_parts) end
  check.arg(hits.is(given), fname, "into", "hits", given)
  given.n = 0
  ffi.fill(given.seen, ffi.sizeof "struct engram_seen")
  reserve(given, room, with_parts)
  if not with_parts then given.parts = nil end
  return given
end

-- hits.over(array, at, n, room, seen): a run of n hits inside an array that several runs share.
function hits.over(array, at, n, room, seen)
  local self = Hits(array + at, nil, n, room, seen)
  anchors[self] = array
  return self
end

-- engram.hits { { id, score }, ... } -> hits, put in order
function hits.new(list)
  check.arg(type(list) == "table", "engram.hits", 1, "a table of { id, score }", list)
  local self = hits.into(nil, #list, false, "engram.hits")
  for i = 1, #list do -- not ipairs, which would pass over what comes after a nil
    local pair = list[i]
    check.arg(type(pair) == "table", "engram.hits", 1, ("{ id, score } at %d"):format(i), pair)
    local id, score = pair.id or pair[1], pair.score or pair[2]
    check.arg(check.id(id), "engram.hits", 1, ("an id at %d"):format(i), id)
    check.arg(type(score) == "number", "engram.hits", 1, ("a score at %d"):format(i), score)
    self.hit[i - 1].id, self.hit[i - 1].score = id, score
  end
  self.n = #list
  C.engram_hits_sort(self.hit, self.n)
  return self
end

local function place(self, i, fname)
  check.self(hits.is(self), fname)
  if not (check.count(i) and i >= 1 and i <= self.n) then
    check.arg(false, fname, 1, ("1 .. %d"):format(self.n), i)
  end
  return i - 1
end

-- h:id(i) -> number; h:score(i) -> number. No table is made.
function methods:id(i)
  local at = place(self, i, "hits:id")
  return tonumber(self.hit[at].id)
end
function methods:score(i)
  local at = place(self, i, "hits:score")
  return self.hit[at].score
end

local function slot(hit) return tonumber(hit.id % 4294967296ULL) end

-- h:filter(function(id, score) return keep end) -> h, in place
function methods:filter(keep)
  check.self(hits.is(self), "hits:filter")
  check.arg(type(keep) == "function", "hits:filter", 1, "a function", keep)
  local n = 0
  for i = 0, self.n - 1 do
    if keep(tonumber(self.hit[i].id), self.hit[i].score) then
      self.hit[n] = self.hit[i]
      if self.parts ~= nil then self.parts[n] = self.parts[i] end
      n = n + 1
    end
  end
  self.n = n
  return self
end

-- h:top(k) -> h, cut to its best k
function methods:top(k)
  check.self(hits.is(self), "hits:top")
  check.arg(check.count(k), "hits:top", 1, "a count", k)
  if k < self.n then self.n = k end
  return self
end

-- h:merge(other [, weight]) -> new hits: ids of both, each with score + weight * other's score
function methods:merge(other, weight)
  check.self(hits.is(self), "hits:merge")
  check.arg(hits.is(other), "hits:merge", 1, "hits", other)
  check.arg(weight == nil or type(weight) == "number", "hits:merge", 2, "a number", weight)
  weight = weight or 1
  local merged = hits.into(nil, self.n + other.n, false, "hits:merge")
  local at = {}
  for i = 0, self.n - 1 do
    merged.hit[i] = self.hit[i]
    at[tonumber(self.hit[i].id)] = i
  end
  local n = self.n
  for i = 0, other.n - 1 do
    local id, score = other.hit[i].id, other.hit[i].score * weight
    local known = at[tonumber(id)]
    if known then
      merged.hit[known].score = merged.hit[known].score + score
    else
      merged.hit[n].id, merged.hit[n].score = id, score
      n = n + 1
    end
  end
  merged.n = n
  C.engram_hits_sort(merged.hit, n)
  return merged
end

-- h:copy() -> hits
function methods:copy()
  check.self(hits.is(self), "hits:copy")
  local copy = hits.into(nil, self.n, self.parts ~= nil, "hits:copy")
  ffi.copy(copy.hit, self.hit, self.n * ffi.sizeof "struct engram_hit")
  if self.parts ~= nil then
    ffi.copy(copy.parts, self.parts, self.n * ffi.sizeof "struct engram_parts")
  end
  copy.n, copy.seen = self.n, self.seen
  return copy
end

-- h:decay { ages_s = ages by slot, half_life_s = ... } -> h, in place and in order again. See
-- engram.decay.
function methods:decay(options)
  check.self(hits.is(self), "hits:decay")
  return require("engram.decay").hits(self, options, slot)
end

local part_names = { "similarity", "activation", "retention", "confidence", "recency" }

-- h[i] -> { id =, score = }, and the parts of the score where they are known
local function get(self, i)
  local hit = self.hit[i]
  local t = { id = tonumber(hit.id), score = hit.score }
  if self.parts ~= nil then
    for _, name in ipairs(part_names) do t[name] = self.parts[i][name] end
  end
  return t
end

-- h:table() -> { h[1], h[2], ... }
function methods:table()
  check.self(hits.is(self), "hits:table")
  local list = {}
  for i = 1, self.n do list[i] = get(self, i - 1) end
  return list
end

ffi.metatype(Hits, {
  __index = function(self, key)
    local method = methods[key]
    if method then return method end
    if check.count(key) and key >= 1 and key <= self.n then return get(self, key - 1) end
    return nil
  end,
  __len = function(self) return self.n end,
  __tostring = function(self)
    local lines = { ("hits %d"):format(self.n) }
    for i = 0, math.min(self.n, 10) - 1 do
      lines[#lines + 1] = ("  %d  %.6g"):format(tonumber(self.hit[i].id), self.hit[i].score)
    end
    if self.n > 10 then lines[#lines + 1] = "  ..." end
    return table.concat(lines, "\n")
  end,
})

return setmetatable(hits, { __call = function(_, list) return hits.new(list) end })
