-- agent.lua: the example's agent lives, is killed, and ends as one that was not; the README shows
-- what it prints.
-- SPDX-License-Identifier: MIT
package.path = (os.getenv "srcdir" or ".") .. "/t/?.lua;" .. package.path
local support = require "support"
local tap = require "engram.tap"

local quote, run, ok, is = support.quote, support.run, tap.ok, tap.is
local agent = support.program .. " " .. quote(support.srcdir .. "/examples/agent.lua") .. " "

local _, err, status = run(agent .. "--dict /nonexistent")
ok(status == 5 and err:find "wordnet%-base", "without WordNet it says which package has it")
_, err, status = run(agent .. "--dyas 3")
ok(status == 2 and err:find "usage", "it says what it takes")

if not io.open "/usr/share/wordnet/data.noun" then
  tap.note "SKIP: the rest wants WordNet"
  tap.done()
  return
end

local out
out, _, status = run(agent)
is(status, 0, "it lives to the end")
ok(out:find "\nday 16: [^\n]*\nkilled on day 17, and awake again with all %d+ memories [^\n]*\nday 17: ",
  "though it is killed on day 17")
ok(out:find "\nday 30: ", "day 30 is its last")
ok(out:find "[1-9]%d* concepts formed" and out:find "[1-9]%d* forgotten",
  "it has formed concepts and forgotten")
local days = {}
for day, left in out:gmatch "on day (%d+) it remembers\n  [^\n]* (%d%.%d%d) left" do
  days[#days + 1] = { tonumber(day), tonumber(left) }
end
ok(#days == 2 and days[1][1] == 30 and days[2][1] == 90 and days[2][2] < days[1][2],
  "it is asked twice, and two months later less is left")
ok(out:find "\n         %d%.%d%d active by [^\n]+ > [^\n]+\n", "and says why")

local function state(flags) return run(agent .. flags):match "state (%x+)" end
local hash = out:match "state (%x+)"
ok(hash, "its state has a hash")
is(state "--dies 0", hash, "one that was not killed ends in the same state")
is(state "--dies 5", hash, "as does one that was killed earlier")
ok(state "--seed 2" ~= hash, "another seed lives another life")

local readme = support.read(support.srcdir .. "/README.md")
local shown = readme:match "```text\n(day  1:.-)```"
ok(shown, "the README shows its life")
for line in (shown or ""):gmatch "[^\n]+" do
  if line ~= "..." then ok(out:find(line, 1, true), line) end
end
tap.done()
