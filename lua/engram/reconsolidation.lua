-- engram.reconsolidation: a memory that was recalled can be changed for some hours.
-- SPDX-License-Identifier: MIT
--
-- Recall makes a consolidated memory labile until it is stored anew, and what happens meanwhile may
-- become part of it (Nader, Schafe & LeDoux 2000; Lee 2009). Here that is from 1 to 6 hours after
-- the recall of a memory that was then a day to a year old. Plasticity rises from 0 at the first
-- hour to 0.5 in the middle and falls to 0 again, 2 p (1 - p) at position p, without a plateau.
--
-- A memory here is a table { created =, last_recall =, recalls =, confidence = }, as of
-- engram.memory's get; only recalls that were recorded count.
local check = require "engram.check"
local M = require "engram.math"

local max, min = math.max, math.min
local HOUR = 3600
local DAY = 24 * HOUR
local OPENS, LASTS = HOUR, 5 * HOUR
local YOUNGEST, OLDEST = DAY, 365 * DAY
local ENOUGH = 0.2 -- plasticity beyond which contents are replaced

local reconsolidation = {}

local function place(since_s, fname)
  check.arg(check.finite(since_s), fname, 1, "seconds since the recall", since_s)
  local p = (since_s - OPENS) / LASTS
  return p >= 0 and p <= 1 and p or nil
end

-- reconsolidation.position(since_s) -> 0 .. 1 in the hours that a memory is labile, else nil
function reconsolidation.position(since_s)
  return place(since_s, "reconsolidation.position")
end

-- reconsolidation.plasticity(since_s) -> 0 .. 0.5
function reconsolidation.plasticity(since_s)
  local p = place(since_s, "reconsolidation.plasticity")
  return p and 2 * p * (1 - p) or 0
end

-- reconsolidation.certainty(since_s) -> 0.5 .. 0.9, how far to trust a change made then; 0 when
-- none can be made
function reconsolidation.certainty(since_s)
  local p = place(since_s, "reconsolidation.certainty")
  return p and 0.5 + 1.6 * p * (1 - p) or 0
end

local function time(item, name, fname)
  check.arg(check.finite(item[name]), fname, name, "a time", item[name])
  return item[name]
end

local function window_of(item, fname)
  check.arg(type(item) == "table", fname, 1, "a memory", item)
  check.arg(check.count(item.recalls), fname, "recalls", "a count", item.recalls)
  local recalled = time(item, "last_recall", fname)
  local age = recalled - time(item, "created", fname)
  if item.recalls == 0 then return nil, "it was not recalled" end
  if age < YOUNGEST then return nil, "it was younger than a day when recalled" end
  if age > OLDEST then return nil, "it was older than a year when recalled" end
  return recalled + OPENS, recalled + OPENS + LASTS
end

-- reconsolidation.window(item) -> the first and the last second it can be changed, or nil and why
function reconsolidation.window(item) return window_of(item, "reconsolidation.window") end

-- What becomes of a confidence, by what was done to the memory.
local reliability = {
  update = function(c, _, plasticity) return min(c * (1 + 0.1 * plasticity), 1) end,
  corruption = function(c, extent, plasticity)
    return min(c, max(c * (1 - 0.2 * extent * plasticity), 0.1)) -- a floor raises nothing
  end,
  replacement = function(c, extent, plasticity)
    return plasticity > ENOUGH and M.clamp(extent, 0.3, 0.8) or c
  end,
}

local contents = { "vector", "content", "meta" }

-- reconsolidation.apply(item, { kind =, extent =, vector =, content =, meta = }, { now = }) -> the
-- fields that change, and the certainty of the change; or nil and why there is none
function reconsolidation.apply(item, change, options)
  local fname = "reconsolidation.apply"
  local now = time(check.options(options, { now = check.none }, fname), "now", fname)
  local c = check.options(change, { kind = check.none, extent = check.none, vector = check.none,
    content = check.none, meta = check.none }, fname)
  local rule = reliability[c.kind]
  check.arg(rule, fname, "kind", [["update", "corruption" or "replacement"]], c.kind)
  if c.kind ~= "update" then check.between(c.extent, 0, 1, fname, "extent") end
  local opens, closes = window_of(item, fname)
  local confidence = check.between(item.confidence, 0, 1, fname, "confidence")
  if not opens then return nil, closes end
  if now < opens then return nil, "it is not labile yet" end
  if now > closes then return nil, "it is stable again" end

  local since_s = now - item.last_recall
  local plasticity = reconsolidation.plasticity(since_s)
  local fields = { confidence = rule(confidence, c.extent, plasticity) }
  if plasticity > ENOUGH then
    for _, name in ipairs(contents) do fields[name] = c[name] end
  end
  return fields, reconsolidation.certainty(since_s)
end

return reconsolidation
