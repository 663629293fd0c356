-- reconsolidation.lua: when and how far a recalled memory can be changed.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses, near_all = tap.ok, tap.is, tap.near, support.refuses, support.near_all
local reconsolidation = engram.reconsolidation
local HOUR, DAY = 3600, 86400

-- ---- the curve

local function plasticity(hours) return reconsolidation.plasticity(hours * HOUR) end
near_all({ plasticity(2), plasticity(5), plasticity(3.5) }, { 0.32, 0.32, 0.5 }, 1e-15,
  "plasticity is 0.32 at 2 and 5 hours, 0.5 at 3.5")
ok(plasticity(1) == 0 and plasticity(6) == 0, "0 at both ends")
ok(plasticity(0) == 0 and plasticity(7) == 0 and plasticity(-1) == 0, "and outside")
ok(plasticity(1.57) > 0.2 and plasticity(1.56) < 0.2 and plasticity(5.43) > 0.2
  and plasticity(5.44) < 0.2, "above 0.2 from 1.56 to 5.44 hours")
ok(reconsolidation.position(HOUR) == 0 and reconsolidation.position(6 * HOUR) == 1
  and reconsolidation.position(3.5 * HOUR) == 0.5, "the ends belong to the window")
ok(reconsolidation.position(HOUR - 0.001) == nil and reconsolidation.position(6 * HOUR + 0.001) == nil,
  "what lies outside has no position")
near_all({ reconsolidation.certainty(HOUR), reconsolidation.certainty(3.5 * HOUR),
  reconsolidation.certainty(2 * HOUR), reconsolidation.certainty(0) }, { 0.5, 0.9, 0.756, 0 }, 1e-15,
  "a change is most certain in the middle")

-- ---- the window

local function memory(age, recalls)
  return { created = 1000, last_recall = 1000 + age, recalls = recalls or 1, confidence = 0.8 }
end
local opens, closes = reconsolidation.window(memory(10 * DAY))
is(opens, 1000 + 10 * DAY + HOUR, "it opens an hour after the recall")
is(closes, 1000 + 10 * DAY + 6 * HOUR, "and closes after six")
ok(reconsolidation.window(memory(DAY)) and reconsolidation.window(memory(365 * DAY)),
  "a day and a year belong to the ages")
local function why(...) return select(2, ...) end
is(why(reconsolidation.window(memory(DAY - 1))), "it was younger than a day when recalled",
  "a fresh memory is not labile")
is(why(reconsolidation.window(memory(365 * DAY + 1))), "it was older than a year when recalled",
  "nor an old one")
is(why(reconsolidation.window(memory(10 * DAY, 0))), "it was not recalled",
  "nor one that was not recalled")

-- ---- changes

local item = memory(10 * DAY)
local function apply(hours, change)
  return reconsolidation.apply(item, change, { now = item.last_recall + hours * HOUR })
end
local function confidence(hours, kind, extent)
  return apply(hours, { kind = kind, extent = extent }).confidence
end
near(confidence(3.5, "update"), 0.8 * 1.05, 1e-15, "an update confirms")
near(confidence(2, "update"), 0.8 * 1.032, 1e-15, "the less, the less plastic it is")
is(confidence(1, "update"), 0.8, "and nothing at the ends")
near(confidence(3.5, "corruption", 1), 0.8 * 0.9, 1e-15, "a corruption takes a tenth at most")
near(confidence(5, "corruption", 0.5), 0.8 * (1 - 0.2 * 0.5 * 0.32), 1e-15,
  "by its extent")
is(confidence(3.5, "corruption", 0), 0.8, "none by none")
is(confidence(3.5, "replacement", 0.6), 0.6, "a replacement is as certain as its extent")
ok(confidence(3.5, "replacement", 0.1) == 0.3 and confidence(3.5, "replacement", 1) == 0.8,
  "within 0.3 and 0.8")
is(confidence(1.5, "replacement", 0.6), 0.8, "where nothing is replaced, nothing changes")
item.confidence = 0.99
is(confidence(3.5, "update"), 1, "confidence is 1 at most")
item.confidence = 0.105
is(confidence(3.5, "corruption", 1), 0.1, "corruption stops at 0.1")
item.confidence = 0.05
is(confidence(3.5, "corruption", 1), 0.05, "and raises nothing to it")
item.confidence = 0.8

local vector, meta = engram.vec { 1, 2 }, {}
local whole = { kind = "update", vector = vector, content = "new", meta = meta }
local fields, certainty = apply(3.5, whole)
ok(fields.vector == vector and fields.content == "new" and fields.meta == meta,
  "contents take the place of the old")
near(certainty, 0.9, 1e-15, "with the certainty of the hour")
fields, certainty = apply(1.5, whole)
ok(fields.vector == nil and fields.content == nil and fields.meta == nil,
  "but not where it is too firm")
near(certainty, 0.5 + 1.6 * 0.1 * 0.9, 1e-15, "which is less certain anyway")
ok(apply(1.57, whole).content == "new" and apply(5.43, whole).content == "new",
  "from 1.57 to 5.43 hours")
ok(apply(1.56, whole).content == nil and apply(5.44, whole).content == nil, "and no longer")
ok(item.confidence == 0.8 and item.content == nil, "the memory itself stays")
is(why(apply(0.99, whole)), "it is not labile yet", "before the window nothing changes")
is(why(apply(6.01, whole)), "it is stable again", "nor after it")
is(why(reconsolidation.apply(memory(100), whole, { now = 5000 })),
  "it was younger than a day when recalled", "nor in a fresh memory")
ok(apply(1, whole) and apply(6, whole), "the ends belong to it")

local seed = 20261125
tap.note("seed " .. seed)
local r = engram.rng(seed)
local bounded, ordered, both = true, true, true
for _ = 1, 5000 do
  local hours, extent = r:uniform() * 8 - 1, r:uniform()
  local c = r:uniform()
  item.confidence = c
  local x = plasticity(hours)
  bounded = bounded and x >= 0 and x <= 0.5 and math.abs(x - plasticity(7 - hours)) < 1e-12
  for _, kind in ipairs { "update", "corruption", "replacement" } do
    local change = apply(hours, { kind = kind, extent = extent, content = "x" })
    both = both and (change ~= nil) == (hours >= 1 and hours <= 6)
    if change then
      bounded = bounded and change.confidence >= 0 and change.confidence <= 1
      both = both and (change.content ~= nil) == (x > 0.2)
      if kind == "update" then ordered = ordered and change.confidence >= c end
      if kind == "corruption" then
        ordered = ordered and change.confidence <= c
          and change.confidence >= confidence(hours, kind, math.min(1, extent * 1.5))
      end
    end
  end
end
ok(bounded, "plasticity is symmetric and in 0 .. 0.5, confidences are in 0 .. 1")
ok(ordered, "an update never lowers confidence, a corruption never raises it")
ok(both, "changes come in the window only, contents where plasticity is above 0.2")

-- ---- misuse

refuses(function() reconsolidation.position() end,
  "bad argument #1 to 'reconsolidation.position' (seconds since the recall expected, got nil)",
  "a position is of a time")
for _, name in ipairs { "plasticity", "certainty" } do
  refuses(function() reconsolidation[name] "x" end,
    ("bad argument #1 to 'reconsolidation.%s' (seconds"):format(name), name .. " is, too")
end
refuses(function() reconsolidation.window(1) end,
  "bad argument #1 to 'reconsolidation.window' (a memory expected, got number 1)",
  "a window is of a memory")
refuses(function() reconsolidation.window { created = 0, last_recall = 1 } end,
  "bad argument 'recalls' to 'reconsolidation.window' (a count expected, got nil)",
  "that counts its recalls")
refuses(function() reconsolidation.window { created = 0, recalls = 1 } end,
  "bad argument 'last_recall' to 'reconsolidation.window' (a time expected, got nil)",
  "knows its last")
refuses(function() reconsolidation.window { last_recall = 0, recalls = 1 } end,
  "bad argument 'created' to 'reconsolidation.window' (a time expected, got nil)",
  "and its beginning")
refuses(function() reconsolidation.apply(item, whole) end,
  "bad argument 'now' to 'reconsolidation.apply' (a time expected, got nil)", "now is given")
refuses(function() reconsolidation.apply(item, whole, { at = 1 }) end,
  "unknown option 'at' to 'reconsolidation.apply' (known: now)", "by its name")
refuses(function() apply(2, { kind = "edit" }) end,
  "bad argument 'kind' to 'reconsolidation.apply' "
    .. [[("update", "corruption" or "replacement" expected, got string "edit")]],
  "there are three kinds of change")
refuses(function() apply(2, { kind = "corruption" }) end,
  "bad argument 'extent' to 'reconsolidation.apply' (a number in 0 .. 1 expected, got nil)",
  "a corruption has an extent")
refuses(function() apply(2, { kind = "replacement", extent = 2 }) end,
  "bad argument 'extent' to 'reconsolidation.apply' (a number in 0 .. 1 expected, got number 2)",
  "and so has a replacement")
refuses(function() apply(2, { kind = "update", text = "x" }) end,
  "unknown option 'text' to 'reconsolidation.apply' (known: content, extent, kind, meta, vector)",
  "a change has no other fields")
item.confidence = 2
refuses(function() apply(2, { kind = "update" }) end,
  "bad argument 'confidence' to 'reconsolidation.apply' (a number in 0 .. 1 expected, got number 2)",
  "a memory has a confidence")

support.done()
