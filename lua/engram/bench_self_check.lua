-- engram.bench_self_check: is the gate awake? The same work three times over, once with a tenth
-- more of it: at 5 % the gate must let the equal one pass and catch the slower one.
local C = require "engram.ffi"
local engram = require "engram"
local measure = require "engram.bench_measure"
local reports = require "engram.bench_report"
local verdict = require "engram.bench_verdict"

local LIMIT, ROWS, MORE, DIM = 0.05, 40, 44, 128 -- 20 KB: within L1
local STARTS, ROUNDS, TRIES = 20, 3, 4

-- Cosines of one query with all rows. The kernel is slowed by what slows kernels: more work. A wait
-- beside it would not share its noise.
local function contender(rows)
  local c = measure.contender(C.engram_cosines_f32, nil, nil, nil, rows, DIM, nil)
  c.rows, c.starts = rows, {}
  return c
end

local function start(c, seed)
  local data = engram.rng(seed):fill_normal(engram.matrix(c.rows, DIM))
  local scores = engram.vec(c.rows)
  c.keep = { data, scores }
  c.arguments[1], c.arguments[2], c.arguments[6] = data.data, data.data, scores.data
  c.check = function(status)
    if status ~= 0 or math.abs(scores[1] - 1) > 1e-6 then error("wrong result", 0) end
  end
end

-- The verdicts on the same work and on a tenth more.
local function try(o, starts)
  local rng = engram.rng(o.seed)
  local all = { contender(ROWS), contender(ROWS), contender(MORE) }
  for i = 1, starts do
    for _, c in ipairs(all) do
      start(c, o.seed)
      if i == 1 then measure.settle(c, 2e-3) else measure.batch(c) end
    end
    local _, failure = measure.turns(all, { least = ROUNDS, seconds = 0, rng = rng })
    if failure then error(failure, 0) end
    for _, c in ipairs(all) do c.starts[i] = c.samples end
  end
  local list = {}
  for i, name in ipairs { "the same work", "a tenth more" } do
    list[i] = verdict.change(all[1].starts, all[i + 1].starts, o.seed)
    list[i].name, list[i].verdict = name, verdict.judge(list[i], LIMIT)
  end
  print(reports.verdicts(list, LIMIT))
  return list[1].verdict, list[2].verdict
end

-- (options of the command) -> exit status. What shows neither is measured again, longer; one wrong
-- verdict is enough to fail.
return function(o)
  local starts = STARTS
  for _ = 1, TRIES do
    local same, slow = try(o, starts)
    if same == "not slower" and slow == "slower" then
      print "the gate lets pass what is the same, and catches a tenth more"
      return 0
    end
    local possible = (same == "inconclusive" or same == "not slower")
      and (slow == "inconclusive" or slow == "slower")
    if not possible then break end
    starts = starts * 2
  end
  io.stderr:write "engram bench: the gate does not tell a tenth from nothing on this machine\n"
  return 3
end
