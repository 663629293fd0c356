-- wordnet.lua: the main job, on a dictionary of six meanings made here and, where it is installed,
-- on the real one.
package.path = (os.getenv "srcdir" or ".") .. "/t/?.lua;" .. package.path
local support = require "support"
local tap = require "engram.tap"

local quote, run = support.quote, support.run
local script = " " .. quote(support.srcdir .. "/examples/wordnet.lua")
local tool = "COLUMNS=100 " .. support.program .. script

-- ---- a small dictionary: offsets are places in the file, so a line is written once its place is
-- known

local LICENCE = "  1 This is no WordNet.\n"
local synsets = { -- file, key, fields before the pointers, pointers, gloss
  { "noun", "animal", "03 n 01 animal 0", { "~ dog n" }, "a living creature" },
  { "noun", "dog", "05 n 02 dog 0 hound 1", { "@ animal n", "+ bark v" }, "an animal that barks" },
  { "noun", "bread", "13 n 01 bread 0", {}, "food that is baked" },
  { "verb", "bark", "29 v 01 bark 0", { "+ dog n" }, "make the noise of a dog", " 01 + 02 00" },
  { "adj", "warm", "00 a 01 warm 0", { "& lukewarm a" }, "of some heat" },
  { "adj", "lukewarm", "00 s 01 lukewarm(p) 0", { "& warm a" }, "hardly warm" },
  { "adv", "loudly", "02 r 01 loudly 0", {}, "with much noise" },
}
local TAGS = "dog%1:05:00:: 1 40\nbread%1:13:00:: 1 3\nlukewarm%5:00:00:warm:00 1 2\ngone%1:01:00:: 1 9\n"

local function line(s, offsets)
  local pointers = {}
  for i, pointer in ipairs(s[4]) do
    local symbol, target, kind = pointer:match "(%S+) (%S+) (%S+)"
    pointers[i] = ("%s %08d %s 0000 "):format(symbol, offsets[target] or 0, kind)
  end
  return ("%08d %s %03d %s%s| %s  \n"):format(offsets[s[2]] or 0, s[3], #s[4],
    table.concat(pointers),
    s[6] and s[6]:sub(2) .. " " or "", s[5])
end

local function dictionary()
  local files, offsets = {}, {}
  for pass = 1, 2 do
    for _, name in ipairs { "noun", "verb", "adj", "adv" } do files[name] = LICENCE end
    for _, s in ipairs(synsets) do
      if pass == 1 then offsets[s[2]] = #files[s[1]] end
      files[s[1]] = files[s[1]] .. line(s, offsets)
    end
  end
  return files
end

local dict = support.path "dict"
local function write(changed)
  os.execute("mkdir -p " .. quote(dict))
  local files = dictionary()
  for name, text in pairs(files) do support.write(dict .. "/data." .. name, changed
    and changed[name] or text) end
  support.write(dict .. "/cntlist.rev", changed and changed.tags or TAGS)
end

local function ask(options, program)
  return run(("%s --dict %s --dim 32 %s"):format(program or tool, quote(dict), options))
end

write()
local out, err, status = ask "--cue 'an animal that barks' --top 3"
tap.is(status, 0, "a small dictionary is read and recalled from")
tap.ok(out:match "^score[^\n]*\n[^\n]*dog, hound: an animal that barks\n",
  "what the cue says comes first")
tap.ok(err:find("read 7 synsets of 8 senses; 3 of 4 tag counts joined, 1 name no sense", 1, true),
  "tag counts join by their sense keys, those of satellites through their heads")
tap.ok(err:find("linked them by 6 pointers", 1, true), "every pointer is a link")
local again = ask "--cue 'an animal that barks' --top 3"
tap.is(again, out, "the answer is the same at every run")
again = ask("--cue 'an animal that barks' --top 3", "COLUMNS=100 " .. support.program
  .. " -j off --threads 7" .. script)
tap.is(again, out, "without the JIT and with any number of threads as well")
tap.is(select(3, ask ""), 0, "the built-in cues run on it too")


-- ---- bad input

local function refused(options, code, message, name)
  local printed, complaint, exit = ask(options)
  local right = exit == code and complaint:find(message, 1, true)
    and not complaint:find "traceback" and printed == ""
  if not tap.ok(right, name) then tap.note(("exit %d: %s"):format(exit, complaint)) end
end

refused("--cue ''", 1, "no word in the cue", "an empty cue says so")
refused("--cue xyzzy", 1, "no word of the cue 'xyzzy' is known",
  "a cue without a known word says so")
refused("--colour red", 2, "unknown option '--colour'; there are --cue, --hops",
  "an unknown option lists the known")
refused("--hops many", 2, "--hops takes a whole number", "a hop count that is none is refused")
refused("--top", 2, "--top needs a value", "an option without its value is refused")

local files = dictionary()
local function damaged(changed, message, name)
  write(changed)
  refused("--cue dog", 5, message, name)
end
damaged({ noun = files.noun:sub(1, #files.noun - 20) }, "data.noun:4: expected a gloss",
  "a file cut short is named with its line")
damaged({ noun = (files.noun:gsub("02 dog", "03 dog")) }, "data.noun:3: ",
  "so is a word count that is wrong")
damaged({ verb = (files.verb:gsub("%+ %d+ n 0000", "+ 99999999 n 0000")) },
  "no synset 99999999 n to point to",
  "and a pointer to what is not there")
damaged({ adj = (files.adj:gsub("& ", "? ")) }, "data.adj:2: unknown pointer symbol '?'",
  "and a pointer of no known kind")
damaged({ tags = "dog%1:05:00:: one 40\n" }, "cntlist.rev:1: ",
  "and a line of tags that is damaged")
damaged({ tags = "dog%1:05:00:: 1 " .. ("9"):rep(400) .. "\n" }, "cntlist.rev:1: ",
  "and a count beyond all counting")
damaged({ tags = "" }, "cntlist.rev: no tag count", "and an empty list of tags")
write()
os.remove(dict .. "/data.adv")
refused("--cue dog", 5, "data.adv", "a missing file is named")

-- ---- the real one

local real = "/usr/share/wordnet"
local probe = io.open(real .. "/data.noun")
if probe then
  probe:close()
  out, err, status = run(tool .. " --cue 'a dog that barks' --dim 64 --top 5")
  tap.is(status, 0, "WordNet is read and recalled from")
  tap.ok(err:find("read 117659 synsets of 206978 senses; 35395 of 37387 tag counts joined", 1,
    true),
    "all of it, and 35,395 tag counts join")
  tap.ok(out:find("dog, domestic dog, Canis familiaris", 1, true), "a dog that barks is a dog")
  local expected
  for name, value in support.read(support.srcdir .. "/t/data/golden.tsv"):gmatch "(%S+)\t(%x+)\n" do
    if name == "wordnet" then expected = value end
  end
  local C = require "engram.ffi"
  tap.is(bit.tohex(C.engram_hash(out, #out, 0), 16), expected,
    "and the answer is the same on every machine")
else
  tap.skip("WordNet is read and recalled from", "wordnet-base is not installed")
end
support.done()
