-- engram.hits: runs of (id, score), always in score order, ties by ascending id.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local types = require "engram.types"

-- What a search looked at, for eyes too.
local Seen = ffi.metatype(ffi.typeof "struct { uint32_t scanned, candidates, reranked, hits; }", {
  __tostring = function(self)
    return ("%d rows scanned, %d candidates, %d scored exactly, %d hits")
      :format(self.scanned, self.candidates, self.reranked, self.hits)
  end,
})
local Hits = ffi.typeof([[
  struct { struct engram_hit *hit; struct engram_parts *parts; uint32_t n, room;
           uint32_t with_parts, recalled, resumable; $ seen; struct engram_recalled told; }]], Seen)
local HitArray = ffi.typeof "struct engram_hit[?]"
local PartsArray = ffi.typeof "struct engram_parts[?]"
local nothing_seen = Seen()

local weak = { __mode = "k" }
local anchors = setmetatable({}, weak) -- the arrays: { hit =, parts =, owner = }
local sources = setmetatable({}, weak) -- by id, of runs that are explained

local hits, methods = {}, {}
hits.count_out = ffi.new "size_t[1]" -- where C tells how many there are

function hits.is(x) return ffi.istype(Hits, x) end

local function reserve(self, room, with_parts)
  if self.room < room or (with_parts and not (anchors[self] and anchors[self].parts)) then
    room = math.max(room, self.room)
    local array, parts = HitArray(room), with_parts and PartsArray(room) or nil
    ffi.copy(array, self.hit, self.n * ffi.sizeof "struct engram_hit")
    anchors[self] = { hit = array, parts = parts }
    self.hit, self.parts, self.room = array, parts, room
  end
  self.with_parts = with_parts and 1 or 0
  return self
end

-- hits.into(given, room, with_parts, fname): a run with that much room, the given one if there is
-- one; then there is no garbage if it has the room.
function hits.into(given, room, with_parts, fname)
  if given == nil then return reserve(Hits(nil, nil, 0, 0), room, with_parts) end
  check.arg(hits.is(given), fname, "into", "hits", given)
  given.n, given.recalled, given.resumable = 0, 0, 0
  given.seen = nothing_seen
  if sources[given] then sources[given] = nil end
  return reserve(given, room, with_parts)
end

-- hits.arrays(run) -> { hit =, parts = }: its arrays, for C.
function hits.arrays(self) return anchors[self] end

-- hits.seen_pointer(run): where a search says what it looked at.
function hits.seen_pointer(self) return ffi.cast("struct engram_seen *", self.seen) end

-- hits.tell(run, told): what a recall said of them.
function hits.tell(self, told)
  self.n, self.told, self.recalled = told.count, told, 1
end

-- hits.explain(run, list): the sources of each memory by its id.
function hits.explain(self, by_id) sources[self] = by_id end

-- hits.over(array, at, n, room [, seen [, parts]]): a run of n hits inside an array that several
-- runs share.
function hits.over(array, at, n, room, seen, parts)
  local self = Hits(array + at, parts and parts + at or nil, n, room)
  anchors[self] = { hit = array + at, parts = parts and parts + at, owner = { array, parts } }
  self.with_parts = parts and 1 or 0
  if seen then ffi.copy(self.seen, seen, ffi.sizeof(Seen)) end
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
      if self.with_parts == 1 then self.parts[n] = self.parts[i] end
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
  local copy = hits.into(nil, self.n, self.with_parts == 1, "hits:copy")
  ffi.copy(copy.hit, self.hit, self.n * ffi.sizeof "struct engram_hit")
  if self.with_parts == 1 then
    ffi.copy(copy.parts, self.parts, self.n * ffi.sizeof "struct engram_parts")
  end
  copy.n, copy.seen = self.n, self.seen
  copy.recalled, copy.told = self.recalled, self.told
  sources[copy] = sources[self]
  return copy
end

-- h:decay { ages_s = ages by slot, half_life_s = ... } -> h, in place and in order again. See
-- engram.decay.
function methods:decay(options)
  check.self(hits.is(self), "hits:decay")
  return require("engram.decay").hits(self, options, slot)
end

-- The parts of a score, in the order of reports.
local part_names = { "similarity", "activation", "retention", "confidence", "recency" }

-- h[i] -> { id =, score = }, the parts of the score where they are known, the sources of its
-- activation where they were asked for
local function get(self, i)
  local hit = self.hit[i]
  local t = { id = tonumber(hit.id), score = hit.score }
  if self.with_parts == 1 then
    for _, name in ipairs(part_names) do t[name] = self.parts[i][name] end
  end
  if sources[self] then t.sources = sources[self][t.id] end
  return t
end

-- h:table() -> { h[1], h[2], ... }
function methods:table()
  check.self(hits.is(self), "hits:table")
  local list = {}
  for i = 1, self.n do list[i] = get(self, i - 1) end
  return list
end

local confidences = { [0] = "stored", "boost", "paths" }

-- What a recall said of a run; nil of any other run.
local facts = {
  complete = function(told) return told.complete == 1 end,
  confidence_from = function(told) return confidences[told.confidence] end,
  relevance = function(told) return told.relevance end,
  edges = function(told) return tonumber(told.edges) end,
}

local function row_of(self, i)
  local hit = self.hit[i]
  local id = tonumber(hit.id)
  if self.with_parts == 0 then return ("  %d  %.6g"):format(id, hit.score) end
  local p = self.parts[i]
  return ("  %-12.0f %-10.6g %10.4f %10.4f %10.4f %10.4f %10.4f"):format(id, hit.score,
    p.similarity, p.activation, p.retention, p.confidence, p.recency)
end

ffi.metatype(Hits, {
  __index = function(self, key)
    local method = methods[key]
    if method then return method end
    if facts[key] then
      if self.recalled == 0 then return nil end
      return facts[key](self.told)
    end
    if check.count(key) and key >= 1 and key <= self.n then return get(self, key - 1) end
    return nil
  end,
  __len = function(self) return self.n end,
  __tostring = function(self)
    local lines = { ("hits %d"):format(self.n) }
    if self.with_parts == 1 and self.n > 0 then
      lines[2] = ("  %-12s %-10s %10s %10s %10s %10s %10s"):format("id", "score",
        unpack(part_names))
    end
    for i = 0, math.min(self.n, 10) - 1 do lines[#lines + 1] = row_of(self, i) end
    if self.n > 10 then lines[#lines + 1] = "  ..." end
    return table.concat(lines, "\n")
  end,
})

types.register { name = "hits", ctype = Hits, methods = methods, fields = {
  seen = "what a search looked at",
  complete = "whether a recall had nothing more to walk",
  edges = "how many edges a recall walked",
  relevance = "the weight of similarity in a recall's scores",
  confidence_from = "what the confidence in a recall's scores is",
} }
types.register { name = "seen", ctype = Seen, fields = {
  scanned = "rows that a form was scanned for",
  candidates = "rows that the scan left",
  reranked = "rows that were scored exactly",
  hits = "hits",
} }

hits.part_names = part_names

return setmetatable(hits, { __call = function(_, list) return hits.new(list) end })
