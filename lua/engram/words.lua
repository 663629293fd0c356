-- engram.words: what a statement at the prompt may name without having said where it is from. A word
-- becomes a global when a statement first names it, unless there is a global of that name: so
-- nothing is loaded that is not used, and what scripts define stands above it.
local words = {}

-- Each is engram's member of that name, set that of engram.show.
local known = { engram = true, help = true, demo = true, set = true, plot = true, time = true,
  bench = true, prof = true, why = true, trace = true, usage = true, gc = true }

-- words.value(name) -> what a word stands for; nil if it is none, or this build is without it
function words.value(name)
  if not known[name] then return nil end
  local engram = require "engram"
  if name == "engram" then return engram end
  if name == "set" then return engram.show.set end
  return engram[name]
end

-- words.list() -> their names, in order
function words.list()
  local list = {}
  for name in pairs(known) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- words.define(text): the globals for the words in a statement
function words.define(text)
  for name in text:gmatch "[%a_][%w_]*" do
    if known[name] and rawget(_G, name) == nil then rawset(_G, name, words.value(name)) end
  end
end

return words
