-- A benchmark: how fast a bank is searched, its answer checked every time, at each rung. Prints the
-- machine's own figures. usage: engram bench examples/bench.lua, or engram examples/bench.lua
-- [--time SECONDS] [--json FILE] ..; without a word it is quick.
local bench = require "engram.bench"
local engram = require "engram"

bench.case("search 10 of 256", {
  rungs = true,
  params = { rows = { 500, 2000 } },

  setup = function(b)
    local bank = engram.bank.new(256)
    bank:add(engram.rng(b.seed):fill_normal(engram.matrix(b.rows, 256)))
    return { bank = bank, query = bank:row(b.rows - 1), nearest = b.rows - 1 }
  end,

  run = function(s)
    s.hits = s.bank:search(s.query, 10, { into = s.hits })
    return s.hits
  end,

  -- A wrong answer is always faster.
  check = function(s, hits) return #hits == 10 and hits:id(1) == s.nearest end,

  items = function(b) return b.rows end,
  bytes = function(b) return b.rows * 256 * 4 end,
})

bench.main(#arg > 0 and arg or { "--quick" })
