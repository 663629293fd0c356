-- wordnet.lua - remembers the meanings of WordNet and recalls them by what a cue says.
-- SPDX-License-Identifier: MIT
--
--   engram examples/wordnet.lua               one cue asked in three ways: what each part adds
--   engram examples/wordnet.lua --cue "a dog that barks" --hops 2 --top 10 --now 365
--
-- A memory is a synset, a set of words with one meaning. It has
--   a vector     of its words and its gloss, by engram.text fitted on all of them;
--   a strength   from how often texts were found to mean it: 0.5 + 0.5 * x / (1 + x), where
--                x = log(1 + its tags), so that what was never tagged can be recalled too;
--   a last use   made up from the seed, at most 365 / (1 + x) days before day 0;
--   links        to other synsets: WordNet's pointers, weighted by what they mean.
-- Recall finds the memories most like the cue, lets them pass activation along the links, and
-- scores (similarity / 2 + activation / 2) * retention, or similarity * retention without links,
-- where retention = strength * R(time since last use) and R(t) = (1 + t / 30 days)^-0.5.
-- This is a power law because under an exponential all memories lose the same share in a year,
-- and their order stays. Here the fresh lose most: what was used lately loses its lead.
local engram = require "engram"

-- What a pointer means, how much activation it passes on, and its class: 0 excites, 2 modulates,
-- which passes half. The way up is worth more than the way down, where many siblings wait; a domain
-- gathers hundreds of unlike members; an opposite comes to mind but is seldom what was meant.
local relations = {
  ["@"]  = { "hypernym", 0.8, 0 },      ["~"]  = { "hyponym", 0.3, 0 },
  ["@i"] = { "instance of", 0.8, 0 },   ["~i"] = { "has instance", 0.2, 0 },
  ["#m"] = { "member of", 0.5, 0 },     ["%m"] = { "has member", 0.2, 0 },
  ["#p"] = { "part of", 0.5, 0 },       ["%p"] = { "has part", 0.3, 0 },
  ["#s"] = { "substance of", 0.4, 0 },  ["%s"] = { "has substance", 0.4, 0 },
  [";c"] = { "in topic", 0.3, 0 },      ["-c"] = { "topic of", 0.05, 0 },
  [";r"] = { "in region", 0.1, 0 },     ["-r"] = { "region of", 0.05, 0 },
  [";u"] = { "in usage", 0.1, 0 },      ["-u"] = { "usage of", 0.02, 0 },
  ["&"]  = { "similar to", 0.6, 0 },    ["^"]  = { "see also", 0.4, 0 },
  ["+"]  = { "derivation", 0.6, 0 },    ["\\"] = { "pertains to", 0.6, 0 },
  ["$"]  = { "verb group", 0.6, 0 },    ["<"]  = { "participle of", 0.6, 0 },
  ["*"]  = { "entails", 0.5, 0 },       [">"]  = { "causes", 0.5, 0 },
  ["="]  = { "attribute", 0.5, 0 },     ["!"]  = { "antonym", 0.4, 2 },
}

local DAY = 86400
local LAW = { unit_s = 30 * DAY, beta = 0.5 }
local CUE = "a person who teaches at a school"

local reading -- how far

local function fail(status, message, ...)
  if reading then reading:done() end
  io.stderr:write("wordnet: ", message:format(...), "\n")
  os.exit(status)
end

-- ---- options

local KNOWN = "--cue, --hops, --top, --now, --dim, --seed, --dict and --help"
local usage = [[
usage: engram wordnet.lua [--OPTION VALUE]..
  --cue TEXT   what to recall; without it one cue is asked in three ways
  --hops N     how far activation spreads; 0 is similarity alone (2)
  --top N      how many memories to show (10)
  --now DAYS   the day of asking (0)
  --dim N      length of the vectors (256)
  --seed N     for the encoder and the days of last use (1)
  --dict DIR   the folder of data.noun, data.verb, data.adj, data.adv and cntlist.rev
               (/usr/share/wordnet)
  --help       this text
]]
local numbers = { -- least, most, whole or not
  hops = { 0, 100, true }, top = { 1, 1000, true }, now = { 0, 1e6, false },
  dim = { 8, 4096, true }, seed = { 0, 4294967295, true },
}

local function number(name, text)
  local least, most, whole = unpack(numbers[name])
  local n = tonumber(text)
  if n and n >= least and n <= most and not (whole and n % 1 ~= 0) then return n end
  fail(2, "--%s takes a %snumber from %d to %d, not '%s'", name, whole and "whole " or "", least,
       most, text)
end

local function read_options(args)
  local options = { hops = 2, top = 10, now = 0, dim = 256, seed = 1, dict = "/usr/share/wordnet" }
  for i = 1, #args, 2 do
    local name, value = args[i]:match "^%-%-(%l+)$", args[i + 1]
    if name == "help" then
      io.write(usage)
      os.exit(0)
    elseif not (numbers[name] or name == "cue" or name == "dict") then
      fail(2, "unknown option '%s'; there are %s", args[i], KNOWN)
    elseif not value then
      fail(2, "--%s needs a value", name)
    end
    options[name] = numbers[name] and number(name, value) or value
  end
  return options
end

-- ---- reading WordNet

local function read_file(path)
  local file, why = io.open(path, "rb")
  local text
  if file then
    text, why = file:read "*a"
    file:close()
  end
  return text or fail(5, "%s", why:find(path, 1, true) and why or path .. ": " .. why)
end

-- How often texts were tagged with a sense, by its key.
local function read_tags(path)
  local text, at = read_file(path), 1
  local tags = { count = {}, lines = 0, joined = 0 }
  while at <= #text do
    tags.lines = tags.lines + 1
    local key, count, next = text:match("^(%S+) %d+ (%d+)\n()", at)
    if not next or #count > 9 then
      fail(5, "%s:%d: expected sense key, sense number and tag count", path, tags.lines)
    end
    tags.count[key], at = tonumber(count), next
  end
  if tags.lines == 0 then fail(5, "%s: no tag count in it", path) end
  return tags
end

-- Gives a synset the tags of one of its senses; the tags of a key are given once.
local function join(net, id, key)
  local tags = net.tags
  if tags.count[key] then
    net.uses[id] = net.uses[id] + tags.count[key]
    tags.count[key], tags.joined = nil, tags.joined + 1
  end
end

-- A sense key is lemma%type:file:lex_id:head:head's lex_id, the last two for satellites alone.
local KIND = { n = "%1:", v = "%2:", a = "%3:", r = "%4:", s = "%5:" }
local LEX_ID = {}
for i = 0, 15 do LEX_ID[("%x"):format(i)] = (":%02d"):format(i) end

-- Adds the synsets of one data file; kinds are the types it may hold.
local function read_synsets(net, path, kinds)
  local text, at, line = read_file(path), 1, 0
  reading = engram.progress.new { total = #text, label = "reading " .. path, unit = "bytes" }
  local function damaged(what, ...) fail(5, "%s:%d: " .. what, path, line, ...) end

  -- What a pattern captures that starts where the field before ended. Fields are parted by one
  -- blank each, so that no pattern reaches into the next line.
  local function field(pattern, what, ...)
    local _, stop, a, b, c, d = text:find(pattern, at)
    if not stop then damaged("expected " .. what, ...) end
    at = stop + 1
    return a, b, c, d
  end

  local function words(id, n, kind, lex)
    local names = {}
    for i = 1, math.max(n, 1) do
      -- An adjective may be marked by where it stands, (a), (p) or (ip): not part of the word.
      local word, lex_id = field("^([^%s(]+)%S* (%x) ", "word %d of %d", i, n)
      local lemma = word:lower()
      local sense = lemma .. KIND[kind] .. lex .. LEX_ID[lex_id]
      if kind == "s" then
        net.satellites[#net.satellites + 1] = { id, sense }
      else
        join(net, id, sense .. "::")
      end
      if i == 1 and kind == "a" then net.first[id] = ":" .. lemma .. LEX_ID[lex_id] end
      names[i] = word
    end
    net.senses = net.senses + n
    return table.concat(names, ", ")
  end

  local function pointers(id, n)
    for i = 1, n do
      local symbol, pointer = field("^(%S+) (%d%d%d%d%d%d%d%d [nvar]) %x%x%x%x ",
                                    "pointer %d of %d", i, n)
      if not relations[symbol] then damaged("unknown pointer symbol '%s'", symbol) end
      if symbol == "&" then net.head[id] = net.head[id] or pointer end
      local l = net.links + 1
      net.links, net.source[l], net.pointer[l], net.symbol[l] = l, id, pointer, symbol
    end
  end

  local head = "^(%d%d%d%d%d%d%d%d) (%d%d) ([" .. kinds .. "]) (%x%x) "
  local function synset(id)
    local byte = at - 1
    local offset, lex, kind, n = field(head, "the offset, file, type and word count of a synset")
    if tonumber(offset) ~= byte then
      damaged("offset %s stands at %08d: this line or the one before is damaged", offset, byte)
    end
    -- Pointers name a synset by offset and part of speech, where a satellite (s) is an adjective.
    net.id_of[offset .. " " .. kinds:sub(1, 1)] = id
    net.path[id], net.line[id], net.uses[id] = path, line, 0
    local names = words(id, tonumber(n, 16), kind, lex)
    pointers(id, tonumber((field("^(%d%d%d) ", "a pointer count after the words"))))
    if kind == "s" and not net.head[id] then damaged "expected a pointer & to the head" end
    local frames = kind == "v" and tonumber((field("^(%d%d) ", "a frame count"))) or 0
    for i = 1, frames do field("^%+ %d%d %x%x ", "frame %d of %d", i, frames) end
    net.text[id] = names .. ": " .. field("^| ([^\n]*[^ \n]) *\n", "a gloss after the pointers")
  end

  while at <= #text do
    line = line + 1
    local from = at
    if text:byte(at) == 32 then
      field("^[^\n]*\n", "a whole line") -- of the licence, which is indented
    else
      synset(net.count)
      net.count = net.count + 1
    end
    reading:step(at - from)
  end
  reading:done()
  if net.path[net.count - 1] ~= path then fail(5, "%s: no synset in it", path) end
end

-- The id of the synset that a pointer of another one names.
local function follow(net, id, pointer)
  return net.id_of[pointer] or
    fail(5, "%s:%d: there is no synset %s to point to", net.path[id], net.line[id], pointer)
end

local function read_net(dict)
  local net = {
    count = 0, senses = 0, links = 0, tags = read_tags(dict .. "/cntlist.rev"), id_of = {},
    text = {}, uses = {}, path = {}, line = {}, first = {}, head = {}, -- by id, from 0
    source = {}, pointer = {}, symbol = {}, -- by link, from 1
    satellites = {},
  }
  read_synsets(net, dict .. "/data.noun", "n")
  read_synsets(net, dict .. "/data.verb", "v")
  read_synsets(net, dict .. "/data.adj", "as")
  read_synsets(net, dict .. "/data.adv", "r")
  -- The key of a satellite's sense ends in the first word of the adjective that it stands around.
  for _, s in ipairs(net.satellites) do
    local id, sense = s[1], s[2]
    local head = net.first[follow(net, id, net.head[id])]
    if not head then fail(5, "%s:%d: its head is no adjective", net.path[id], net.line[id]) end
    join(net, id, sense .. head)
  end
  return net
end

-- ---- remembering

local function link(net)
  local builder = engram.graph.builder()
  builder:nodes(net.count)
  for i = 1, net.links do
    local source, relation = net.source[i], relations[net.symbol[i]]
    builder:edge(source, follow(net, source, net.pointer[i]), relation[2], relation[3])
  end
  net.source, net.pointer, net.symbol, net.id_of = nil, nil, nil, nil -- the vectors need room
  return builder:freeze()
end

local function encode(net, options)
  local encoder, id = engram.text.new { dim = options.dim, seed = options.seed }, -1
  encoder:fit(function() id = id + 1; return net.text[id] end)
  collectgarbage() -- what fitting leaves behind is as large as the bank
  local bank, v = engram.bank.new(options.dim), engram.vec(options.dim)
  bank:reserve(net.count)
  local encoding = engram.progress.new { total = net.count, label = "encoding", unit = "synsets" }
  for i = 0, net.count - 1 do
    bank:add((encoder:encode(net.text[i], v)))
    encoding:step()
  end
  encoding:done()
  return encoder, bank
end

local function remember(net, bank, graph, seed)
  local memory = engram.recall.new { bank = bank, graph = graph, law = LAW }
  local rng = engram.rng(seed)
  for id = 0, net.count - 1 do
    local x = engram.math.log(1 + net.uses[id])
    memory.strength[id] = 0.5 + 0.5 * x / (1 + x)
    memory.last_recall[id] = -365 * DAY * rng:uniform() / (1 + x)
  end
  return memory
end

-- ---- recalling

-- s cut to so many characters, never inside one.
local function cut(s, width)
  local characters, stop = 0, 0
  for character in s:gmatch "[^\128-\191][\128-\191]*" do
    characters = characters + 1
    if characters <= width - 3 then stop = stop + #character end
  end
  return characters <= width and s or s:sub(1, stop) .. "..."
end

local function show(net, hits)
  local width = tonumber((os.getenv "COLUMNS" or ""):match "^%d+$") or 100
  print "score  similarity  activation  retention  words: gloss"
  for i = 1, #hits do
    local hit = hits[i]
    local parts = ("%.3f  %10.3f  %10.3f  %9.3f  "):format(hit.score, hit.similarity,
                                                           hit.activation, hit.retention)
    print(parts .. cut(net.text[hit.id]:gsub("_", " "), math.max(width - #parts, 20)))
  end
end

-- What this process holds in memory, where the system says it.
local function resident()
  local file = io.open "/proc/self/status"
  local kilobytes = file and file:read("*a"):match "VmRSS:%s*(%d+)"
  if file then file:close() end
  return kilobytes and ("; %.0f MB resident"):format(kilobytes / 1024) or ""
end

-- Times go to stderr, so that stdout is the same at every run.
local since = engram.clock()
local function stage(done, ...)
  io.stderr:write(("%7.1f ms  "):format((engram.clock() - since) * 1000), done:format(...), "\n")
  since = engram.clock()
end

local function main()
  local options = read_options(arg)
  local text = options.cue or CUE
  if #engram.text.new():tokens(text) == 0 then fail(1, "there is no word in the cue '%s'", text) end

  local net = read_net(options.dict)
  local tags = net.tags
  stage("read %d synsets of %d senses; %d of %d tag counts joined, %d name no sense", net.count,
        net.senses, tags.joined, tags.lines, tags.lines - tags.joined)
  local graph = link(net)
  stage("linked them by %d pointers", graph.edges)
  local encoder, bank = encode(net, options)
  stage("encoded them in vectors of %d, from the company of %d words", options.dim, encoder.words)
  local memory = remember(net, bank, graph, options.seed)
  local cue, known = encoder:encode(text)
  if known == 0 then fail(1, "no word of the cue '%s' is known", text) end
  local function recall(now, hops)
    return memory:recall { vector = cue, k = options.top, now = now * DAY, hops = hops, step = 0.35,
                           fan = "sqrt", seed_threshold = 0.3 }
  end
  recall(options.now, options.hops) -- the first one makes the memory it works in
  stage("remembered them%s", resident())

  local function ask(now, hops)
    local hits = recall(now, hops)
    stage("recalled %d", #hits)
    show(net, hits)
    since = engram.clock()
  end
  if options.cue then return ask(options.now, options.hops) end
  print(("1. '%s', by similarity alone: the same words, whatever they mean"):format(text))
  ask(options.now, 0)
  print(("\n2. spreading over %d hops: what the finds are linked to, as teacher and school, rises")
    :format(options.hops))
  ask(options.now, options.hops)
  print "\n3. a year later: retention is lower and more even, and what was used lately falls back"
  ask(options.now + 365, options.hops)
end

main()
