-- engram.demo: a memory at work, in steps that are shown as they would be typed, with what they
-- print.
local check = require "engram.check"
local show = require "engram.show"
local statement = require "engram.statement"
local terminal = require "engram.terminal"
local words = require "engram.words"

local demo = {}

-- What a step is about, and its statements; `needs` is a part that this build may be without.
local steps = {
  { "A memory keeps texts as vectors, with links between them; it forgets by a law.", [[
DAY = 86400
mem = engram.memory.new { dim = 256, law = { half_life_s = 2 * DAY } }
green = mem:remember { text = "green tea is brewed at 70 degrees", at = 0 }
black = mem:remember { text = "black tea is brewed at 95 degrees", at = 0 }
kettle = mem:remember { text = "the kettle stands in the kitchen", at = 0 }
mem:link(green, kettle, { weight = 0.8, now = 0 })
mem]] },
  { "Recall from a question. Each score comes with its parts.", [[
mem:recall { text = "how hot is green tea?", now = 3600, record = false }]] },
  { "Along links activation reaches what shares no word with the question.", [[
hits = mem:recall { text = "how hot is green tea?", now = 3600, k = 3,
  record = false, hops = 1, explain = true }
hits]] },
  { "And it says on which path.", [[
for i = 1, #hits do
  for _, source in ipairs(hits[i].sources) do
    local path = table.concat(source.path, " > ")
    local text = mem:get(hits:id(i)).content
    print(("%.3f by %-5s  %s"):format(source.share, path, text))
  end
end]] },
  { "What is left of a memory, day by day; one that is met again keeps longer.", [[
mem:reinforce(black, { tau_s = 10 * DAY, now = 0 })
left = {}
for day = 0, 6, 2 do
  left[#left + 1] = { day = day, met_once = mem:retention(day * DAY, green),
    met_again = mem:retention(day * DAY, black) }
end
left]] },
  { "The same as a picture.", [[
curve = {}
for day = 0, 14 do curve[#curve + 1] = mem:retention(day * DAY, green) end
plot(curve)]], needs = "plot" },
  { "Activation spreads over any graph.", [[
g = engram.graph.new { { "lion", "tiger", 0.7 }, { "lion", "zebra", 0.4 },
  { "tiger", "stripes", 0.9 }, { "zebra", "stripes", 0.9 } }
g
start = engram.hits { { g:id "lion", 1 } }
hits = g:frontier(start, { hops = 2, step = 0.5 })
for i = 1, #hits do
  print(("%.4f"):format(hits:score(i)), g:name(hits:id(i)))
end]] },
  { "A mark is a state to go back to.", [[
mark = mem:mark()
mem:forget(green, { now = 2 * DAY })
#mem
mem:rollback(mark)
#mem]] },
}

local function paint(colour, text) return terminal.paint(io.stdout, colour, text) end

local function nothing() end

-- Statements run one by one, as the prompt runs them; their output goes to say.
local function play(text, environment, say)
  local function answer(...)
    if select("#", ...) > 0 then say((show.text(...))) end
  end
  local typed
  for line in (text .. "\n"):gmatch "(.-)\n" do
    say(paint("bold", (typed and ">> " or "> ") .. line))
    typed = typed and typed .. "\n" .. line or line
    local chunk, message, more = statement.compile(typed, "=demo")
    if not chunk and not more then error(message, 0) end
    if chunk then
      typed = nil
      answer(setfenv(chunk, environment)())
    end
  end
end

-- The steps that this build has.
local function steps_here()
  local list = {}
  for _, step in ipairs(steps) do
    if not step.needs or words.value(step.needs) then list[#list + 1] = step end
  end
  return list
end

-- demo.run([step]): all of them, or one, after those before it were played unseen
function demo.run(wanted)
  local list = steps_here()
  check.arg(wanted == nil or check.count(wanted) and wanted >= 1 and wanted <= #list, "engram.demo",
    1, ("a step, 1 .. %d"):format(#list), wanted)
  local environment = setmetatable({}, { __index = function(_, name)
    local value = rawget(_G, name)
    if value == nil then return words.value(name) end
    return value
  end })
  local format = show.set()
  show.set "pretty"
  for i = 1, wanted or #list do
    local say = (not wanted or i == wanted) and print or nothing
    environment.print = say
    if i > 1 and not wanted then say "" end
    say(paint("dim", ("-- %d. %s"):format(i, list[i][1])))
    play(list[i][2], environment, say)
  end
  show.set(format)
  if not wanted then
    print(paint("dim", ("\n-- demo(1) to demo(%d) show one of these"):format(#list)))
  end
end

-- demo(), demo(3)
return setmetatable(demo, {
  __tostring = function() return "demo() shows what a memory does, demo(1) its first step" end,
  __call = function(_, step) demo.run(step) end,
})
