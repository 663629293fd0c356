-- agent.lua - an agent that lives 30 days among the animals of WordNet: it walks from one concept
-- to the next, remembers what it meets, recalls, forgets and consolidates at night, is killed on
-- day 17 and goes on, and in the end tells what it remembers and why.
-- SPDX-License-Identifier: MIT
--
--   engram examples/agent.lua [--days 30] [--dies 17] [--seed 1] [--ask TEXT] [--home DIR]
--   [--dict DIR]
--
-- Its memory lives in the folder of --home, or in one that is gone afterwards. Times are its own:
-- day 1 begins at 0 seconds. Each day has its own random numbers, and what a night has synced is
-- there after the kill, so that the life is the same, to the bit, as one without it.
local ffi = require "ffi"
local engram = require "engram"

ffi.cdef "int getpid(void); int kill(int pid, int signal);"

local HOUR, DAY, DIM = 3600, 86400, 128
local HOME = 2084071 -- of the dog, where each day begins
local THOUGHTS = { "an animal that barks", "a young animal", "an animal that hunts other animals",
  "what wolves and dogs have in common", "an animal that lives with people" }

local options = { days = 30, seed = 1, dict = "/usr/share/wordnet", dies = 17,
  ask = "an animal that people keep to guard a house" }
for i = 1, #arg, 2 do
  local name = arg[i]:match "^%-%-(%l+)$"
  if not arg[i + 1] or not (options[name] or name == "home" or name == "child") then
    io.stderr:write("usage: engram agent.lua [--days N] [--dies DAY] [--seed N] [--ask TEXT] ",
      "[--home DIR] [--dict DIR]\n")
    os.exit(2)
  end
  options[name] = type(options[name]) == "number" and tonumber(arg[i + 1]) or arg[i + 1]
end

-- ---- the world: the synset at a byte of data.noun

local nouns, why = io.open(options.dict .. "/data.noun")
if not nouns then
  io.stderr:write("agent: ", why, " (Debian's package wordnet-base has it)\n")
  os.exit(5)
end

local function look(place)
  nouns:seek("set", place)
  local line = nouns:read "*l" or ""
  local file, words, rest = line:match "^%d+ (%d%d) n %x%x (.-) (%d%d%d .*)$"
  if not file then
    io.stderr:write("agent: ", options.dict, "/data.noun: there is no synset at byte ", place, "\n")
    os.exit(5)
  end
  local seen = { place = place, file = file, ways = {}, name = words:match "^%S+":gsub("_", " ") }
  seen.text = words:gsub(" %x ", ", "):gsub(" %x$", ""):gsub("_", " ") .. ": "
    .. rest:match "| (.-)%s*$"
  for kind, to in rest:gmatch "([@~#%%][mp]?) (%d%d%d%d%d%d%d%d) n" do
    seen.ways[#seen.ways + 1] = { to = tonumber(to), weight = kind == "@" and 0.8 or 0.5 }
  end
  return seen
end

-- It has learnt to read from what all animals are said to be.
local function learn_to_read()
  local encoder = engram.text.new { dim = DIM, seed = options.seed }
  nouns:seek "set"
  encoder:fit(function()
    for line in nouns:lines() do
      if line:find "^%d+ 05 n" then return line:match "n %x%x (.-) %d%d%d " .. line:match "|.*" end
    end
  end)
  return encoder
end

-- ---- a life

local encoder = learn_to_read()
io.stdout:setvbuf "line" -- what was said stays said when it is killed
local mem, sleep, diary -- its memory; its nights; where it writes down how far it came

-- Between two days all that it is stands in the memory: its nights as the meta of a memory that is
-- never found.
local function wake(home)
  mem = assert(engram.memory.open(home, { encoder = encoder, capacity = 400, history = 7 * DAY,
    law = { half_life_s = 2 * DAY } }))
  for id in mem:each { archived = true, pinned = true } do diary = id end
  local state = diary and mem:get(diary).meta
  sleep = state and engram.consolidation.load(state.sleep) or engram.consolidation.new()
  return state and state.day or 0
end

local function write_diary(day, now)
  local meta = { day = day, sleep = sleep:save() }
  if diary then
    mem:update(diary, { meta = meta, now = now })
  else
    diary = mem:remember { content = "diary", meta = meta, at = now, pin = true, archived = true }
  end
  assert(mem:sync())
end

-- What is new is remembered, what is known grows stronger and lasts longer; either is linked with
-- what it was reached from.
local function meet(seen, from, weight, now)
  local id, what = mem:remember { text = seen.text, at = now, strength = 0.6, confidence = 0.7,
    meta = { name = seen.name, place = seen.place }, duplicates = "skip", threshold = 0.999 }
  if what == "skipped" then
    local tau_s = math.min(1.5 * mem:get(id).tau_s, 30 * DAY)
    mem:reinforce(id, { amount = 0.3, tau_s = tau_s, now = now })
  end
  if from and from ~= id then mem:link(from, id, { weight = weight, both = true, now = now }) end
  return id
end

local function walk(rng, place, now)
  local seen = look(place)
  local here = meet(seen, nil, nil, now)
  for step = 1, 6 do
    local way = seen.ways[1 + rng:below(#seen.ways)]
    local next = look(way.to)
    if next.file == "05" then -- an animal
      seen, here = next, meet(next, here, way.weight, now + 60 * step)
    end
  end
end

local function think(text, now, how)
  return mem:recall { text = text, now = now, k = 5, hops = 2, step = 0.5, fan = "sqrt",
    seed_threshold = 0.25, explain = how, record = how == nil }
end

local function live(day, dies)
  local rng, dawn = engram.rng(1000 * options.seed + day), (day - 1) * DAY
  local place = HOME
  for hour = 8, 20, 3 do
    walk(rng, place, dawn + hour * HOUR)
    if dies and hour == 14 then ffi.C.kill(ffi.C.getpid(), 9) end
    local hits = think(THOUGHTS[1 + rng:below(#THOUGHTS)], dawn + (hour + 1) * HOUR)
    local next = #hits > 0 and mem:get(hits:id(1 + rng:below(#hits))).meta
    place = next and next.place or HOME -- it goes where its thoughts are
  end
  local night = dawn + 23 * HOUR
  local report, forgotten = sleep:night(mem, { now = night, rng = rng, describe = function(members)
    local names = {}
    for i = 1, math.min(3, #members) do names[i] = members[i].meta.name end
    return "what " .. table.concat(names, ", ") .. " share"
  end }), 0
  for id in mem:each { archived = false, retention = { 0, 0.1 }, now = night } do
    mem:forget(id, { now = night })
    forgotten = forgotten + 1
  end
  write_diary(day, night)
  local line = "day %2d: %d memories, %d links; in the night %d concepts formed, %d forgotten"
  print(line:format(day, #mem, mem:stats().links, #report.promoted, forgotten))
end

-- ---- and what becomes of it

local function name_of(id) -- of what a memory is about
  local item = mem:get(id)
  return item.meta and item.meta.name or item.content or "concept " .. id
end

-- The best of what a question brings to mind, and for each why: the parts of its score, and the
-- strongest path along which activation came.
local function tell(question, now)
  local hits = think(question, now, true)
  print(("\nasked for '%s' on day %g it remembers"):format(question, now / DAY))
  for i = 1, #hits do
    local hit = hits[i]
    local line = "  %.3f  %-15s = (%.2f alike + %.2f active) / 2 * %.2f left * %.2f sure"
    print(line:format(hit.score, name_of(hit.id), hit.similarity, hit.activation, hit.retention,
      hit.confidence))
    for _, source in ipairs(hit.sources) do -- the first that is not the memory itself
      if #source.path > 1 then
        local names = {}
        for j, id in ipairs(source.path) do names[j] = name_of(id) end
        print(("         %.2f active by %s"):format(source.path_share, table.concat(names, " > ")))
        break
      end
    end
  end
end

local name = not options.home and os.tmpname()
local home = options.home or name .. ".engram"
local first = wake(home) + 1
if first <= options.dies and options.dies <= options.days and not options.child then
  mem:free()
  local words = { arg[-1], arg[0], "--child", "yes", "--home", home }
  for _, option in ipairs { "days", "dies", "seed", "ask", "dict" } do
    words[#words + 1] = "--" .. option
    words[#words + 1] = tostring(options[option])
  end
  for i, word in ipairs(words) do words[i] = "'" .. word:gsub("'", "'\\''") .. "'" end
  os.execute(table.concat(words, " ")) -- which is killed in the middle of that day
  first = wake(home) + 1
  print(("killed on day %d, and awake again with all %d memories of the night before"):format(
    options.dies, #mem))
end
for day = first, options.days do live(day, options.child and day == options.dies) end

print(("\n%s, state %s"):format(tostring(mem), mem:hash()))
tell(options.ask, options.days * DAY)
tell(options.ask, (options.days + 60) * DAY)
mem:free()
if name then
  os.execute("rm -r '" .. home .. "'")
  os.remove(name)
end
