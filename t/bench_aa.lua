-- bench_aa.lua: how often the rule of engram bench calls identical work different, on this machine
-- as it is. make bench-aa runs it. usage: bench_aa.lua [runs], 200 by default.
-- SPDX-License-Identifier: MIT
local engram = require "engram"
local cases = require "engram.bench_cases"
local runner = require "engram.bench_run"
local verdict = require "engram.bench_verdict"

local runs, allowed = tonumber(arg[1]) or 200, 0.02

-- 400 KB: within L2, where it matters most which pages of memory a bank is given.
local function search(name, rows)
  cases.add(name, {
    setup = function(b)
      local bank = engram.bank.new(512)
      bank:add(engram.rng(b.seed):fill_normal(engram.matrix(rows, 512)))
      return { bank = bank, query = bank:row(0) }
    end,
    run = function(s)
      s.hits = s.bank:search(s.query, 1, { into = s.hits })
      return s.hits
    end,
    check = function(_, hits) return hits:id(1) == 0 end,
    bytes = rows * 512 * 4,
  })
end
search("a", 200)
search("the same", 200)
search("a tenth more", 220)

local count = setmetatable({}, { __index = function() return 0 end })
local function note(what, word) count[what .. word] = count[what .. word] + 1 end

local start, before = engram.clock(), nil
for i = 1, runs do
  local report = runner.report(cases.all { seed = 1 }, { seed = i, seconds = 0, batch = 2e-3,
    failed = error })
  local a, b, more = unpack(report.cases)
  local same = verdict.change(a.samples_s, b.samples_s, i)
  note("strict ", verdict.judge(same, 0))
  note("together ", verdict.judge(same, 0.05))
  note("more ", verdict.judge(verdict.change(a.samples_s, more.samples_s, i), 0.05))
  if before then note("apart ", verdict.compare("a", before, a, 0.05).verdict) end
  before = a
end

print(("engram %s, %s, %s: %d runs in %.0f s"):format(engram.version, engram.isa(),
  engram.info().processor, runs, engram.clock() - start))
local function share(what)
  local different = count[what .. "slower"] + count[what .. "faster"]
  return different, different / runs
end
local function line(name, what)
  print(("%-44s %5.1f %%  (%d of %d; inconclusive: %d)"):format(name, 100 * select(2, share(what)),
    share(what), runs, count[what .. "inconclusive"]))
end
line("identical cases of a run, whole interval off 0", "strict ")
line("the same, beyond 5 %", "together ")
line("the same work in two runs, beyond 5 %", "apart ")
line("a tenth more work caught at 5 %", "more ")
local good = select(2, share "together ") < allowed and select(2, share "apart ") < allowed
print(good and "fewer than 2 % of identical work is called different"
  or "TOO MANY are called different")
os.exit(good and 0 or 1, true)
