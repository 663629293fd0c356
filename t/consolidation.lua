-- consolidation.lua: groups of memories, proto-concepts over cycles, and nights over a memory.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, near, refuses = tap.ok, tap.is, tap.near, support.refuses
local consolidation, vec = engram.consolidation, engram.vec

local DAY, HOUR = 86400, 3600

local function ids_of(list)
  local texts = {}
  for i, cluster in ipairs(list) do texts[i] = table.concat(cluster.ids, " ") end
  return table.concat(texts, ", ")
end

-- In the plane, at an angle.
local function at(degrees)
  return vec { math.cos(math.rad(degrees)), math.sin(math.rad(degrees)) }
end

local function plane(angles)
  local list = {}
  for i, degrees in ipairs(angles) do list[i] = { id = i, vector = at(degrees) } end
  return list
end

local function reversed(list)
  local other = {}
  for i = #list, 1, -1 do other[#other + 1] = list[i] end
  return other
end

-- ---- clusters

local found = consolidation.cluster(plane { 0, 10, 20, 90, 100, 200, 110 })
is(ids_of(found), "1 2 3, 4 5 7", "what points the same way is a cluster, what stands alone is not")
near(found[1].strength, (1 + 2 * math.cos(math.rad(10))) / 3, 1e-6,
  "its strength is the mean cosine to its centroid")
near(found[1].centroid:cosine(at(10)), 1, 1e-6, "its centroid points between")
near(found[1].centroid:norm(), 1, 1e-6, "and has length 1")
is(ids_of(consolidation.cluster(reversed(plane { 0, 10, 20, 90, 100, 200, 110 }))),
  "1 2 3, 4 5 7", "the order of the list changes nothing")
is(ids_of(consolidation.cluster({})), "", "of nothing there are none")

-- 0 and 40 have a cosine of 0.77: they meet through 20, whose centroid with one of them is near.
is(ids_of(consolidation.cluster(plane { 0, 40, 20 }, { least = 3 })), "1 2 3",
  "linkage is by centroids")
is(ids_of(consolidation.cluster(plane { 0, 30, 60 }, { least = 2 })), "1 2",
  "of two pairs that are alike the one with the lowest ids is joined")
is(ids_of(consolidation.cluster({ { id = 1, vector = vec { 2, 0 } }, { id = 2,
  vector = vec { 0, 0 } }, { id = 3, vector = vec { 5, 0 } } }, { least = 1 })), "1 3, 2",
  "lengths do not count, and what has no direction is like nothing")

is(ids_of(consolidation.cluster(plane { 0, 10, 90, 95, 99 }, { least = 2 })), "3 4 5, 1 2",
  "least: clusters of two; the stronger first")
is(ids_of(consolidation.cluster(plane { 0, 10, 90, 95, 99 }, { least = 2, most = 1 })), "3 4 5",
  "most: the strongest alone")
is(ids_of(consolidation.cluster(plane { 0, 20, 40 }, { similarity = 0.99, least = 2 })), "",
  "similarity: how alike they must be")
is(ids_of(consolidation.cluster(plane { 0, 5, 20, 25, 50 }, { similarity = 0.99, least = 2 })),
  "1 2 3 4", "merge: clusters that are alike by 0.9 become one, what is in none stays out")
is(ids_of(consolidation.cluster(plane { 0, 5, 20, 25 }, { similarity = 0.99, least = 2,
  merge = 0.97 })), "1 2, 3 4", "or by what is asked")
is(ids_of(consolidation.cluster(plane { 0, 1, 2, 90, 91, 92, 93, 94, 95, 96, 97 },
  { significance = 0.01 })), "4 5 6 7 8 9 10 11", "significance: small clusters may be chance")

local shelf = engram.bank.new(2)
for _, degrees in ipairs { 90, 0, 10, 98, 106, 20, 300 } do shelf:add(at(degrees)) end
shelf:remove(6)
is(ids_of(consolidation.cluster(shelf)), "0 3 4, 1 2 5", "a bank's rows are clustered by their ids")

-- The plain way: compare all pairs of groups, join the best, begin again.
local function plainly(m, bar, least)
  local groups = {}
  for i = 1, m.rows do groups[i] = { sum = m:row(i):copy():normalize(), ids = { i } } end
  while true do
    local best, a, b = bar, nil, nil
    for i = 1, #groups do
      for j = i + 1, #groups do
        local cosine = groups[i].sum:cosine(groups[j].sum)
        if cosine > best or cosine == best and not a then best, a, b = cosine, i, j end
      end
    end
    if not a then break end
    groups[a].sum:add(groups[b].sum)
    for _, id in ipairs(groups[b].ids) do table.insert(groups[a].ids, id) end
    table.sort(groups[a].ids)
    table.remove(groups, b)
  end
  local list = {}
  for _, group in ipairs(groups) do
    if #group.ids >= least then list[#list + 1] = group end
  end
  return list
end

local random = engram.rng(41)
local same, many = true, 0
for round = 1, 60 do
  local n, dim = 10 + random:below(40), 2 + random:below(8)
  local m = engram.matrix(n, dim)
  if round % 2 == 0 then -- of whole numbers, so that many pairs are equally alike
    for i = 0, n * dim - 1 do m.data[i] = random:below(3) end
  else
    random:fill_normal(m)
    for i = 2, n do
      if random:below(2) == 0 then m:row(i):scale(0.4):add(m:row(1 + random:below(i - 1))) end
    end
  end
  local list = {}
  for i = 1, n do list[i] = { id = i, vector = m:row(i) } end
  local got = consolidation.cluster(list, { similarity = 0.7, merge = 1, least = 2 })
  table.sort(got, function(a, b) return a.ids[1] < b.ids[1] end)
  local expected = plainly(m, 0.7, 2)
  same, many = same and ids_of(got) == ids_of(expected), many + #got
end
ok(same and many > 200, "the clusters are those of the plain way")

-- Vectors of ones, but for a stretch of minus ones, have cosines that are exact. The second and the
-- fourth are alike by 17/32; joined, they are as like the first as the third is, by 3/8.
local function stretch(id, from, to)
  local v = vec(64):fill(1)
  for i = from, to do v[i] = -1 end
  return { id = id, vector = v }
end
local even = { stretch(1, 1, 0), stretch(2, 1, 21), stretch(3, 45, 64), stretch(4, 8, 29) }
is(ids_of(consolidation.cluster(even, { similarity = 0.37, least = 3 })), "1 2 4",
  "a group is as good a neighbour as one that was there before, if its number is lower")

-- ---- significance

near(consolidation.significance(0.9, 7), 0.0013495, 1e-6,
  "a cluster of 7 with strength 0.9 is hardly chance")
ok(consolidation.significance(0.9, 6) > 0.01 and consolidation.significance(0.9, 7) < 0.01,
  "one of 6 may be")
is(consolidation.significance(0.5, 4), 1, "what is expected is no surprise")
is(consolidation.significance(0.5, 1), 1, "and what is less neither")

-- ---- forming concepts

near(consolidation.similarity(1, 0), 0.993307, 1e-6, "the same at the same time belongs together")
near(consolidation.similarity(0.5, 0), 0.5, 1e-12, "half at a cosine of a half")
near(consolidation.similarity(1, DAY), 0.2106178, 1e-7, "a day later hardly")
is(consolidation.similarity(0.8, -HOUR), consolidation.similarity(0.8, HOUR),
  "before and after are alike")

-- Three topics in six dimensions; an episode points to its topic and a little elsewhere.
local function episode(id, topic, created, confidence)
  local v = vec(8)
  v[topic], v[4 + id % 5] = 1, 0.2
  return { id = id, vector = v, created = created, confidence = confidence }
end

local day = {}
for i = 1, 12 do day[i] = episode(i, 1 + i % 3, i * 600, 0.9) end
local groups = consolidation.form(day, { now = 2 * HOUR })
is(ids_of(groups), "1 4 7 10, 2 5 8 11, 3 6 9 12", "each topic of a day is a concept")
ok(groups[1].coherence > 0.95 and groups[1].coherence < 0.9934, "whose episodes belong together")
is(ids_of(consolidation.form(reversed(day), { now = 2 * HOUR })), ids_of(groups),
  "in whatever order they come")
is(ids_of(consolidation.form(day, { now = 2 * HOUR, least = 5 })), "", "least: of five or more")
is(ids_of(consolidation.form(day, { now = 2 * HOUR, coherence = 0.99 })), "",
  "coherence: only what belongs together as much")

local apart = { episode(1, 1, 0), episode(2, 1, HOUR), episode(3, 1, 2 * HOUR),
  episode(4, 1, 3 * DAY), episode(5, 1, 3 * DAY), episode(6, 1, 3 * DAY) }
is(ids_of(consolidation.form(apart, { now = 3 * DAY })), "1 2 3, 4 5 6",
  "what lies days apart is not formed into one")
is(ids_of(consolidation.form({ episode(1, 1, 0), episode(2, 1, 12 * HOUR), episode(3, 1,
  24 * HOUR) }, { now = DAY, coherence = 0 })), "",
  "nor what hangs together by its neighbours alone")
is(ids_of(consolidation.form({ episode(1, 1, 0), episode(2, 1, 12 * HOUR), episode(3, 1,
  24 * HOUR) }, { now = DAY, coherence = 0, similarity = 0.1 })), "1 2 3",
  "similarity: how much they must belong together to be joined")

is(ids_of(consolidation.form({ episode(1, 1), episode(2, 1), episode(3, 1, 9 * DAY) },
  { now = 9 * DAY })), "1 2 3", "what has no time is of now")

local function hours(...)
  local list = {}
  for i, hour in ipairs { ... } do
    list[i] = { id = i, vector = vec { 1, 0 }, created = hour * HOUR }
  end
  return ids_of(consolidation.form(list, { now = DAY, coherence = 0 }))
end
is(hours(0, 12, 18), "1 2 3", "a group is of the mean time of its episodes")
is(hours(0, 12, 20), "", "not of its first's")

-- Weights of a centroid: exp(-age / 1 day) * confidence.
local leaning = consolidation.form({ { id = 1, vector = vec { 1, 0 }, created = 0 },
  { id = 2, vector = vec { 1, 0 }, created = 0, confidence = 0 },
  { id = 3, vector = vec { 0.6, 0.8 }, created = 0, confidence = 0.5 } },
  { now = 0, similarity = 0.1, coherence = 0 })
near(leaning[1].centroid[2] / leaning[1].centroid[1], 0.4 / 1.3, 1e-6,
  "what is sure weighs more in a concept")
leaning = consolidation.form({ { id = 1, vector = vec { 1, 0 }, created = 0 },
  { id = 2, vector = vec { 1, 0 }, created = 0 },
  { id = 3, vector = vec { 0.6, 0.8 }, created = DAY / 2 } },
  { now = 2000 * DAY, similarity = 0.01, coherence = 0 })
local w = math.exp(0.5)
near(leaning[1].centroid[2] / leaning[1].centroid[1], 0.8 * w / (2 + 0.6 * w), 1e-6,
  "and so does what is young, however long ago all of it was")

-- ---- a good time for it

local half = {}
for i = 1, 10 do half[i] = i % 2 end
local ready, mean, variance = consolidation.ready(half)
ok(ready and mean == 0.5 and variance == 0.25, "mixed activations are a good time")
half[10] = nil
ok(not consolidation.ready(half), "if there are ten")
ok(not consolidation.ready { 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5 },
  "even ones are not")
ok(not consolidation.ready { 1, 1, 1, 0, 0, 0, 0, 0, 0, 0 }, "nor mostly quiet ones")
ok(not consolidation.ready { 1, 1, 1, 1, 1, 1, 1, 0, 0, 0 }, "nor mostly busy ones")
ok(not consolidation.ready {}, "nor none")

-- ---- cycles

local function run(c, episodes, cycles, options)
  local report
  for _ = 1, cycles do report = c:cycle(episodes, options or { now = 2 * HOUR }) end
  return report
end

local c = consolidation.new()
local report = run(c, day, 1)
ok(report.formed == 3 and report.groups == 3 and report.episodes == 12 and #report.ready == 0
  and report.complete, "a cycle forms proto-concepts")
is(#report.replayed, 12, "and replays their episodes")
report = run(c, day, 3)
ok(report.formed == 0 and #report.ready == 0, "which are known again; four cycles are not enough")
report = run(c, day, 1)
is(ids_of(report.ready), "1 4 7 10, 2 5 8 11, 3 6 9 12", "after five they are ready")
near(report.ready[1].strength, 0.1, 1e-12, "at a strength of 0.1")
is(report.ready[1].replays, 5, "and five replays")
report.ready[1].concept = 77
is(ids_of(run(c, day, 1).ready), "2 5 8 11, 3 6 9 12",
  "what has become a concept is not ready again")
is(run(c, day, 60).ready[1].strength, 1, "strength ends at 1")
is(tostring(c), "consolidation, 66 cycles, 3 proto-concepts", "tostring counts them")

-- Stages.
local numbers = {}
for _, name in ipairs { "nrem2", "nrem3", "rem", "wake" } do
  local stage = consolidation.stages[name]
  numbers[#numbers + 1] = table.concat({ stage.replay, stage.formation, stage.capacity,
    stage.cycles }, " ")
end
is(table.concat(numbers, ", "), "1.5 0.15 100 3, 1.2 0.08 80 2, 0.8 0.03 50 5, 0.5 0.01 20 10",
  "stages differ")
ok(#run(consolidation.new(), day, 9, { now = 0, stage = "wake" }).ready == 0
  and #run(consolidation.new(), day, 10, { now = 0, stage = "wake" }).ready == 3,
  "quiet wake wants ten cycles")
is(run(consolidation.new(), day, 1, { now = 0, stage = { replay = 1, formation = 1, capacity = 11,
  cycles = 1 } }).episodes, 11, "a stage replays no more than it can")
local function replayed_of(list)
  return table.concat(consolidation.new { episodes = 1 }:cycle(list, { now = HOUR, stage = {
    replay = 1, formation = 1, capacity = 3, cycles = 1 } }).replayed, " ")
end
is(replayed_of { episode(1, 1, 0, 0.5), episode(2, 1, 0, 0.8), episode(3, 1, 0, 0.9),
  episode(4, 1, 0, 0.7) }, "2 3 4", "the episodes of most confidence")
is(replayed_of { episode(1, 1, 5), episode(2, 1, 5), episode(3, 1, 4), episode(4, 1, 6),
  episode(5, 1, 5) }, "1 2 4", "then the youngest, then the lowest ids")

local drawn, formed = engram.rng(7), 0
for _ = 1, 400 do
  formed = formed + run(consolidation.new(), day, 1, { now = 0, rng = drawn }).formed
end
ok(formed > 130 and formed < 230, "with an rng, NREM2 forms one in seven of them")
local twice = {}
for i = 1, 2 do
  local one = consolidation.new()
  run(one, day, 40, { now = 0, rng = engram.rng(3), stage = "rem" })
  twice[i] = tostring(one) .. ids_of(one:save().protos)
end
is(twice[1], twice[2], "the same seed forms the same")

-- A concept's centroid is the mean of its groups', weighted by their stages.
local moved = consolidation.new { episodes = 1 }
local pair = { { id = 1, vector = vec { 1, 0 } }, { id = 2, vector = vec { 1, 0 } },
  { id = 3, vector = vec { 1, 0 } } }
run(moved, pair, 1, { now = 0, stage = "nrem2" })
for _, e in ipairs(pair) do e.vector = vec { 0, 1 } end
run(moved, pair, 1, { now = 0, stage = "wake" })
local state = moved:save()
near(state.protos[1].centroid[2] / state.protos[1].centroid[1], 0.5 / 1.5, 1e-6,
  "later groups move a proto-concept by the weight of their stage")

-- Recognising.
local function known_again(later, options)
  local one = consolidation.new(options)
  one.options.episodes = 1
  run(one, { episode(1, 1, 0), episode(2, 1, 0), episode(3, 1, 0) }, 1)
  run(one, later, 1)
  return ids_of(one:save().protos)
end
is(known_again({ episode(2, 1, 0), episode(3, 1, 0), episode(4, 1, 0) }), "1 2 3 4",
  "a group that shares half of its episodes is the same concept, and adds the rest")
is(known_again({ episode(4, 1, 0), episode(5, 1, 0), episode(6, 1, 0) }), "1 2 3 4 5 6",
  "one of other episodes too, if it points the same way")
is(known_again({ episode(4, 2, 0), episode(5, 2, 0), episode(6, 2, 0) }), "1 2 3, 4 5 6",
  "what is about something else is another")
is(known_again({ episode(4, 1, 0), episode(5, 1, 0), episode(6, 1, 0) }, { alike = 0.9999 }),
  "1 2 3, 4 5 6", "alike: how much it must point the same way")
local turned = { episode(1, 2, 0), episode(4, 2, 0), episode(5, 2, 0) }
is(known_again(turned), "1 2 3, 1 4 5", "a third of its episodes is not enough")
is(known_again(turned, { overlap = 0.3 }), "1 2 3 4 5", "overlap: unless that is asked")

local parted = consolidation.new { episodes = 1 }
local six = {}
for i = 1, 6 do six[i] = episode(i, 1, 0) end
run(parted, six, 1, { now = 0 })
for i = 4, 6 do six[i].created = 5 * DAY end
report = run(parted, six, 1, { now = 5 * DAY })
local once = parted:save().protos[1]
ok(report.groups == 2 and once.replays == 2 and once.strength == 0.04,
  "a cycle counts once, however many groups are of a proto-concept")

-- What goes.
local other = {}
for i = 1, 12 do other[i] = episode(100 + i, 8 - i % 2, 0) end
local fading = consolidation.new { idle = 4 }
run(fading, day, 1)
run(fading, other, 3, { now = 0 })
is(#fading:save().protos, 5, "a proto-concept that is not replayed stays for a while")
is(run(fading, other, 1, { now = 0 }).dropped, 3, "idle: and then goes")
is(#fading:save().protos, 2, "alone")
local lasting = consolidation.new { idle = 2 }
run(lasting, day, 5).ready[1].concept = 9
run(lasting, other, 3, { now = 0 })
is(lasting:save().protos[1].concept, 9, "what has become a concept stays")
is(#lasting:save().protos, 3, "when the others go")
local weak = consolidation.new { trial = 4, weak = 0.05 }
run(weak, day, 2)
run(weak, other, 2, { now = 0 })
is(run(weak, other, 1, { now = 0 }).dropped, 3, "trial: what is still weak by then goes")
weak = consolidation.new { trial = 4, weak = 0.03 }
run(weak, day, 2)
run(weak, other, 2, { now = 0 })
is(run(weak, other, 1, { now = 0 }).dropped, 0, "weak: unless it is stronger than that")

-- Options that set bars.
is(run(consolidation.new { episodes = 13 }, day, 1).episodes, 0, "episodes: fewer are left alone")
is(run(consolidation.new { most_new = 2 }, day, 1).formed, 2, "most_new: proto-concepts in a cycle")
is(run(consolidation.new { most_new = 2 }, day, 2).formed, 1, "the others come in the next")
is(#run(consolidation.new { gain = 0.05 }, day, 3).ready, 3, "gain: what a cycle adds")
is(#run(consolidation.new { gain = 0.05 }, day, 2).ready, 0, "though three replays are needed")
is(#run(consolidation.new { gain = 0.05, replays = 4 }, day, 3).ready, 0, "replays: or as many")
is(#run(consolidation.new { promotion = 0.12 }, day, 5).ready, 0, "promotion: the strength needed")
is(run(consolidation.new { least = 5 }, day, 1).groups, 0, "least: episodes of a group")
is(run(consolidation.new { coherence = 0.99 }, day, 1).groups, 0, "coherence: of a group")
is(run(consolidation.new { similarity = 0.99 }, day, 1).groups, 0, "similarity: within a group")

-- Stopping.
local stopped, calls = consolidation.new(), 0
report = stopped:cycle(day, { now = 0, progress = function(so_far)
  calls = calls + 1
  return so_far.groups < 2
end })
ok(calls == 2 and not report.complete and report.groups == 2 and #stopped:save().protos == 2,
  "progress may end a cycle between two groups")
ok(run(stopped, day, 1).formed == 1, "and the next one goes on")
stopped = consolidation.new { idle = 1 }
run(stopped, day, 1)
stopped:cycle(other, { now = 0, progress = function() return false end })
is(#stopped:save().protos, 4, "what it did not come to is not dropped")

-- Saving.
local half_way = consolidation.new { idle = 30 }
run(half_way, day, 3)
local copy = consolidation.load(half_way:save())
run(half_way, day, 2)
report = run(copy, day, 2)
is(#report.ready, 3, "what was loaded goes on where it was saved")
local a, b = half_way:save(), copy:save()
local equal = a.cycles == b.cycles and b.options.idle == 30 and ids_of(a.protos) == ids_of(b.protos)
for i, proto in ipairs(a.protos) do
  for _, name in ipairs { "weight", "strength", "coherence", "replays", "born", "seen" } do
    equal = equal and proto[name] == b.protos[i][name]
  end
  for j, x in ipairs(proto.centroid) do equal = equal and x == b.protos[i].centroid[j] end
end
ok(equal, "to the same numbers")
local function plain(x)
  if type(x) ~= "table" then return type(x) == "number" end
  local all = getmetatable(x) == nil
  for _, value in pairs(x) do all = all and plain(value) end
  return all
end
ok(plain(a), "and what is saved is numbers in tables")

-- ---- nights over a memory

local memory = engram.memory

-- Twelve episodes of three topics, remembered on a day.
local function remember_day(m, number, options)
  local ids = {}
  for i = 1, 12 do
    local e = episode(i, 1 + i % 3, number * DAY + i * 600, 0.8)
    ids[i] = m:remember { vector = e.vector, at = e.created, confidence = e.confidence,
      strength = 0.5, content = ("topic %d"):format(1 + i % 3), pin = options and options[i] }
  end
  return ids
end

local function slept(m, sleeper, first_day, last_day, options)
  local done
  for number = first_day, last_day do
    local o = { now = number * DAY + 20 * HOUR }
    for name, value in pairs(options or {}) do o[name] = value end
    done = sleeper:night(m, o)
  end
  return done
end

local m, sleeper = memory.new { dim = 8 }, consolidation.new()
local ids = remember_day(m, 0)
local done = slept(m, sleeper, 0, 0)
ok(done.cycles == 3 and done.episodes == 12 and done.groups == 9 and done.formed == 3
  and #done.promoted == 0 and done.complete, "a night has three stages")
is(table.concat(done.reinforced, " "), table.concat(ids, " "), "what was replayed is reinforced")
local e = m:get(ids[1])
near(e.strength, 0.5 + 0.5 * 0.02 * (1.5 + 1.2 + 0.8), 1e-6, "by its stages' factors")
ok(e.recalls == 1 and e.last_recall == 20 * HOUR, "once, as a recall")
done = slept(m, sleeper, 1, 1, { describe = function(list)
  return ("%d episodes of %s"):format(#list, list[1].content)
end })
is(#done.promoted, 3, "the second night has the fifth cycle: concepts are promoted")
is(#m, 15, "and are memories")
local concept = m:get(done.promoted[1])
ok(concept.class == 1 and concept.created == DAY + 20 * HOUR
  and concept.content == "4 episodes of topic 2", "of a class and a content of their own")
near(concept.confidence, m:get(ids[1]).confidence - 0.05 * (1 - m:get(ids[1]).confidence)
  + 0.05 * (1 - concept.confidence), 0.02, "as sure as their episodes")
local to, back = {}, {}
for i, link in ipairs(concept.links) do to[i] = link.to end
for _, id in ipairs(to) do
  for _, link in ipairs(m:links(id)) do
    if link.to == concept.id then back[#back + 1] = link.weight end
  end
end
table.sort(to)
is(table.concat(to, " "), table.concat({ ids[1], ids[4], ids[7], ids[10] }, " "),
  "linked with their episodes")
near(back[1], concept.vector:cosine(m:get(ids[1]).vector), 1e-6, "both ways, by their cosines")
ok(#back == 4 and concept.recalls == 1, "and practised themselves")
done = slept(m, sleeper, 2, 2)
ok(#done.promoted == 0 and #m == 15, "another night adds no concept twice")

-- New episodes of a known topic join its concept.
local more = remember_day(m, 3)
done = slept(m, sleeper, 3, 3)
is(#done.promoted, 0, "what is about a known topic is no new concept")
is(#m:links(concept.id), 8, "but is linked with the one there is")
near(m:get(concept.id).vector:cosine(m:get(more[1]).vector), 0.98, 0.02, "which moves with it")
is(#m:links(more[1]), 1, "both ways")
m:update(concept.id, { strength = 0.5, now = 3 * DAY })
slept(m, sleeper, 4, 4)
near(m:get(concept.id).strength, 0.51, 1e-6, "concepts are practised too")

-- After a week concepts stand for their episodes.
local friend = m:remember { vector = vec(8), at = 3 * DAY, links = { { to = ids[1], weight = 0.25,
  class = 3 }, { from = ids[1], weight = 0.75 }, { to = ids[2] } } }
m:update(ids[2], { confidence = 0.97, now = 3 * DAY })
m:pin(ids[4])
done = slept(m, sleeper, 7, 7)
is(table.concat(done.archived, " "), table.concat({ ids[1], ids[7], ids[10], ids[5], ids[8],
  ids[11], ids[3], ids[6], ids[9], ids[12] }, " "),
  "a week later episodes are archived, except what is sure or pinned")
ok(m:get(ids[1]).archived and not m:get(ids[2]).archived and not m:get(ids[4]).archived,
  "and kept, but aside")
local function link_of(source, target)
  for _, link in ipairs(m:links(source)) do
    if link.to == target then return link end
  end
end
ok(link_of(concept.id, friend).weight == 0.75 and link_of(friend, concept.id).weight == 0.25
  and link_of(friend, concept.id).class == 3, "their links are their concept's from then on")
ok(link_of(friend, ids[2]) and not link_of(concept.id, concept.id),
  "other links stay, and none leads to itself")
is(#sleeper:save().protos[1].ids, 5, "what is archived is not looked at again")
ok(slept(m, sleeper, 8, 8).episodes == 15, "nor replayed")

-- The other ways of compacting.
local function compacted(options, prepare)
  local some, sleeping = memory.new { dim = 8 }, consolidation.new()
  local list = remember_day(some, 0)
  slept(some, sleeping, 0, 1)
  if prepare then prepare(some, list) end
  return slept(some, sleeping, 9, 9, options), some, list
end
local report_of, one, there = compacted { compact = "forget" }
ok(#report_of.forgotten == 12 and #report_of.archived == 0 and #one == 3,
  "compact: episodes may be forgotten")
refuses(function() one:get(there[1]) end, "", "for good")
is(#compacted { compact = "keep" }.archived, 0, "or kept")
is(#compacted { age_s = 10 * DAY }.archived, 0, "age_s: how old they must be")
is(#compacted { confidence = 0.5 }.archived, 0, "confidence: how unsure")
is(#compacted { cosine = 0.999 }.archived, 0, "cosine: how like their concept")
is(#compacted({}, function(some, list) some:update(list[1], { vector = vec { 0, 0, 0, 1, 1, 1, 0,
  0 } }) end).archived, 11, "one that has changed its subject is not compacted")

-- Options of a night.
local function first_night(options, sleeping)
  local some = memory.new { dim = 8 }
  remember_day(some, 0)
  return slept(some, sleeping or consolidation.new(), 0, 0, options), some
end
is(first_night({ stages = { "rem", "rem" } }).cycles, 2, "stages: which, one after the other")
is(#first_night({ reinforce = 0 }).reinforced, 0, "reinforce: 0 is no practice")
local _, practised = first_night { reinforce = 1 }
is(practised:get(0).strength, 1, "and practice ends at 1")
is(first_night({ filter = { created = { 0, 3000 } } }, consolidation.new { episodes = 3 }).episodes,
  5, "filter: what is looked at")
is(first_night({ filter = { created = { 0, 3000 } } }).cycles, 0, "too few are left alone")
is(first_night({ class = 0 }).episodes, 0, "class: that of concepts, which are no episodes")
local seen = 0
done = first_night { progress = function(so_far)
  seen = so_far.groups
  return seen < 4
end }
ok(seen == 4 and done.groups == 4 and done.cycles == 2 and not done.complete
  and #done.reinforced == 12, "progress may end a night between two groups")
local half_night, half_sleeper = memory.new { dim = 8 }, consolidation.new()
remember_day(half_night, 0)
slept(half_night, half_sleeper, 0, 1)
is(#slept(half_night, half_sleeper, 9, 9, { progress = function() return false end }).archived, 0,
  "and then nothing is compacted")

-- What goes meanwhile.
local lost, lost_sleeper = memory.new { dim = 8 }, consolidation.new()
ids = remember_day(lost, 0)
slept(lost, lost_sleeper, 0, 0)
lost:forget(ids[1])
lost:archive(ids[2])
done = slept(lost, lost_sleeper, 1, 1)
is(#lost:links(done.promoted[1]) .. #lost:links(done.promoted[2]) .. #lost:links(done.promoted[3]),
  "334", "what was forgotten or archived is not linked")
lost:forget(done.promoted[1])
done = slept(lost, lost_sleeper, 2, 2)
ok(done.formed == 1 and #done.promoted == 0, "a concept that was forgotten has to be learnt again")
local full, full_sleeper = memory.new { dim = 8, capacity = 12, law = { half_life_s = DAY } },
  consolidation.new()
remember_day(full, 0)
done = slept(full, full_sleeper, 0, 1)
ok(#done.promoted == 3 and #full == 12 and full:count { class = 1 } == 3,
  "a full memory makes room for its concepts")
ok(slept(full, full_sleeper, 2, 9).complete, "and goes on")

-- A night that did not happen, and one elsewhere.
local real, dreamer = memory.new { dim = 8 }, consolidation.new()
remember_day(real, 0)
slept(real, dreamer, 0, 0)
local planned, memo, mark = real:fork(), dreamer:save(), real:mark()
slept(real, dreamer, 1, 9)
local then_hash = real:hash()
real:rollback(mark)
dreamer = consolidation.load(memo)
slept(real, dreamer, 1, 9)
is(real:hash(), then_hash, "nights that were rolled back come again the same")
slept(planned, consolidation.load(memo), 1, 9)
is(planned:hash(), then_hash, "and so they do over a fork")

-- The same life twice, once with a pause.
local function life(pause, seed)
  local some, sleeping = memory.new { dim = 8, law = { half_life_s = DAY } }, consolidation.new()
  local chance = engram.rng(seed)
  for number = 0, 11 do
    remember_day(some, number)
    slept(some, sleeping, number, number, { rng = chance })
    if pause then sleeping = consolidation.load(sleeping:save()) end
  end
  return some:hash(), #some
end
local hash, count = life(false, 5)
ok(hash == life(true, 5), "a life goes on the same after saving and loading")
ok(count > 12 * 12 and hash ~= life(false, 6), "and another seed is another life")

refuses(function() sleeper.night() end, "call it as consolidation:night(...)", "a dot is told")
refuses(function() sleeper:night(3, { now = 0 }) end,
  "bad argument #1 to 'consolidation:night' (a memory expected, got number 3)",
  "nights are a memory's")
refuses(function() sleeper:night(m, {}) end, "bad argument 'now' to 'consolidation:night'",
  "a night wants to know the time")
for _, case in ipairs { { "stages", "rem", "a list of stages" }, { "stages", { "nap" }, "a stage" },
  { "rng", 1, "an rng" }, { "class", 256, "a class, 0 .. 255" }, { "describe", "x", "a function" },
  { "progress", "x", "a function" }, { "reinforce", 2, "a number in 0 .. 1" },
  { "compact", "crush", '"archive", "forget" or "keep"' }, { "age_s", -1, "a number >= 0" },
  { "confidence", 2, "a number in 0 .. 1" }, { "cosine", 2, "a number in -1 .. 1" } } do
  refuses(function() sleeper:night(m, { now = 0, [case[1]] = case[2] }) end,
    ("bad argument '%s' to 'consolidation:night' (%s"):format(case[1], case[3]),
    case[1] .. " is refused by name")
end

-- ---- mistakes

refuses(function() consolidation.cluster(7) end,
  "bad argument #1 to 'consolidation.cluster' (a bank or a list of episodes expected",
  "clusters are of a bank or a list")
refuses(function() consolidation.cluster { 7 } end, "an episode at 1 expected, got number 7",
  "of episodes")
refuses(function() consolidation.cluster { { vector = vec(2) } } end,
  "an id at 1 expected, got nil", "with ids")
refuses(function() consolidation.cluster { { id = 1, vector = 3 } } end,
  "a vector at 1 expected, got number 3", "and vectors")
refuses(function() consolidation.cluster { { id = 1, vector = vec(2) }, { id = 2,
  vector = vec(3) } } end, "a vector of length 2 at 2 expected, got vec 3", "of one length")
refuses(function() consolidation.cluster { { id = 1, vector = vec(2), created = "x" } } end,
  "a time at 1 expected", "times are numbers")
refuses(function() consolidation.cluster { { id = 1, vector = vec(2), confidence = "x" } } end,
  "a confidence at 1 expected", "and so are confidences")
refuses(function() consolidation.cluster { { id = 1, vector = vec(2) }, { id = 1,
  vector = vec(2) } } end, "every id once expected, got number 1", "an id stands there once")
for _, case in ipairs { { "similarity", "a number > 0" }, { "merge", "a number > 0" },
  { "least", "a count of at least 1" } } do
  refuses(function() consolidation.cluster({}, { [case[1]] = 0 }) end,
    ("bad argument '%s' to 'consolidation.cluster' (%s expected, got number 0)"):format(case[1],
    case[2]), case[1] .. " of 0 is refused")
end
for _, option in ipairs { "similarity", "merge", "significance" } do
  refuses(function() consolidation.cluster({}, { [option] = 2 }) end,
    ("bad argument '%s' to 'consolidation.cluster' (a number in 0 .. 1 expected"):format(option),
    option .. " of 2 is refused")
end
refuses(function() consolidation.cluster({}, { most = -1 }) end, "bad argument 'most' to",
  "a negative count is refused")
refuses(function() consolidation.cluster({}, { leest = 1 }) end,
  "unknown option 'leest' to 'consolidation.cluster'", "an unknown option is named")
refuses(function() consolidation.significance(0, 3) end,
  "bad argument #1 to 'consolidation.significance' (a number > 0 expected", "strength is above 0")
refuses(function() consolidation.significance(1, -3) end,
  "bad argument #2 to 'consolidation.significance' (a count expected", "a size is a count")
refuses(function() consolidation.similarity("x", 3) end,
  "bad argument #1 to 'consolidation.similarity' (a number expected", "a cosine is a number")
refuses(function() consolidation.similarity(1) end,
  "bad argument #2 to 'consolidation.similarity' (a number expected", "and so is a time")
refuses(function() consolidation.form(day) end,
  "bad argument 'now' to 'consolidation.form' (a time in seconds expected, got nil)",
  "forming wants to know the time")
refuses(function() consolidation.form(day, { now = 0, least = 1 }) end,
  "a count of at least 2 expected", "one alone is no group")
refuses(function() consolidation.form(day, { now = 0, similarity = 1 }) end,
  "a number in 0.01 .. 0.99 expected", "nothing is more similar than 0.9933")
refuses(function() consolidation.form(day, { now = 0, coherence = 2 }) end,
  "a number in 0 .. 1 expected", "nor more coherent than 1")
refuses(function() consolidation.ready "x" end, "bad argument #1 to 'consolidation.ready'",
  "activations are a vec or a table")
for _, option in ipairs { "episodes", "most_new", "replays", "idle", "trial" } do
  refuses(function() consolidation.new { [option] = 0.5 } end,
    ("bad argument '%s' to 'consolidation.new' (a count expected"):format(option),
    option .. " is a count")
end
for _, option in ipairs { "overlap", "alike", "gain", "promotion", "weak" } do
  refuses(function() consolidation.new { [option] = -1 } end,
    ("bad argument '%s' to 'consolidation.new' (a number >= 0 expected"):format(option),
    option .. " is not negative")
end
refuses(function() c.cycle() end, "call it as consolidation:cycle(...), with a colon",
  "a dot is told")
refuses(function() c:cycle(day, {}) end, "bad argument 'now' to 'consolidation:cycle'",
  "a cycle wants to know the time")
refuses(function() c:cycle(day, { now = 0, stage = "nap" }) end,
  "bad argument 'stage' to 'consolidation:cycle' (a stage: nrem2, nrem3, rem or wake expected, "
  .. 'got string "nap")', "stages are known")
refuses(function() c:cycle(day, { now = 0, stage = { replay = 0 } }) end,
  "bad argument 'replay' to 'consolidation:cycle' (a number > 0", "a stage replays something")
refuses(function() c:cycle(day, { now = 0, stage = { replay = 1, formation = 2 } }) end,
  "bad argument 'formation' to 'consolidation:cycle' (a number in 0 .. 1", "by a chance")
refuses(function() c:cycle(day, { now = 0, stage = { replay = 1, formation = 1 } }) end,
  "bad argument 'capacity' to 'consolidation:cycle' (a count", "and a capacity")
refuses(function() c:cycle(day, { now = 0, stage = { depth = 1 } }) end,
  "unknown option 'depth'", "nor others there")
refuses(function() c:cycle(day, { now = 0, rng = 3 }) end,
  "bad argument 'rng' to 'consolidation:cycle' (an rng expected", "random numbers are an rng's")
refuses(function() c:cycle(day, { now = 0, progress = 3 }) end,
  "bad argument 'progress' to 'consolidation:cycle' (a function expected",
  "progress is a function")
refuses(function() c.save() end, "call it as consolidation:save(...)", "a dot is told again")
for _, wrong in ipairs { 3, {}, { cycles = 1, protos = { 3 } },
  { cycles = 1, protos = { { ids = { -1 }, centroid = { 1 } } } },
  { cycles = 1, protos = { { ids = {}, centroid = { 1 } } } } } do
  refuses(function() consolidation.load(wrong) end,
    "bad argument #1 to 'consolidation.load' (what consolidation:save gave expected",
    "only what was saved can be loaded")
end

support.done()
