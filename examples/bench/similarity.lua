-- Cosines of 768 floats: one pair, one query against 1000 rows, a search of these; at each rung.
-- usage: engram bench examples/bench/similarity.lua, or engram examples/bench/similarity.lua
local bench = require "engram.bench"
local engram = require "engram"
local ffi = require "ffi"

local DIM, ROWS = 768, 1000

local function unit_rows(seed, n)
  local rows = engram.rng(seed):fill_normal(engram.matrix(n, DIM))
  for i = 1, n do rows:row(i):normalize() end
  return rows
end

bench.case("similarity 768 x 1", {
  rungs = true,
  setup = function(b)
    local rows, cosine = unit_rows(b.seed, 2), 0
    for i = 1, DIM do cosine = cosine + rows:row(1)[i] * rows:row(2)[i] end
    return { a = rows:row(1), b = rows:row(2), rows = rows, cosine = cosine }
  end,
  run = function(s) return s.a:cosine(s.b) end,
  check = function(s, cosine) return math.abs(cosine - s.cosine) < 1e-6 end,
  items = 1, bytes = 2 * DIM * 4,
})

bench.case("similarity 768 x 1000", {
  rungs = true,
  setup = function(b)
    local s = { rows = unit_rows(b.seed, ROWS), scores = ffi.new("float[?]", ROWS) }
    s.kernel, s.query = require("engram.ffi").engram_cosines_f32, s.rows:row(ROWS)
    return s
  end,
  run = function(s) return s.kernel(s.query.data, s.rows.data, nil, ROWS, DIM, s.scores) end,
  check = function(s, status)
    return status == 0 and math.abs(s.scores[ROWS - 1] - 1) < 1e-6
      and s.scores[0] == s.query:cosine(s.rows:row(1)) -- the same bits alone and in a batch
  end,
  items = ROWS, bytes = ROWS * DIM * 4,
})

bench.case("search 10 of 768 x 1000", {
  rungs = true,
  setup = function(b)
    local bank = engram.bank.new(DIM)
    bank:add(unit_rows(b.seed, ROWS))
    return { bank = bank, query = bank:row(ROWS - 1) }
  end,
  run = function(s)
    s.hits = s.bank:search(s.query, 10, { into = s.hits })
    return s.hits
  end,
  check = function(_, hits) return #hits == 10 and hits:id(1) == ROWS - 1 end,
  items = ROWS, bytes = ROWS * DIM * 4,
})

bench.main(arg)
