-- help.lua: every public function has its heading in the reference, and help finds it.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

local folder = support.srcdir .. "/lua"

-- Modules that users do not meet, and functions that modules have for each other: a caller of these
-- has already checked what it hands over.
local own_modules = { answer = true, arguments = true, attach = true, axis = true,
  bench_cases = true, bench_command = true, bench_limits = true, bench_measure = true,
  bench_report = true, bench_run = true, bench_self_check = true, bench_verdict = true,
  canvas = true, check = true, commands = true, compiled = true, complete = true, digits = true,
  episodes = true, exchange = true, ffi = true, files = true, filter = true, gnuplot = true,
  history = true, info = true, layout = true, listing = true, literal = true, numbers = true,
  picture = true, posix = true, pretty = true, record = true, repl = true, report = true,
  sampler = true, scratch = true, socket = true, source = true, statement = true, terminal = true,
  testing = true, traceback = true, tracer = true, types = true, units = true, width = true,
  words = true }
local own = {}
for name in ([[
  vec.is vec.of vec.over hits.arrays hits.explain hits.into hits.is hits.over hits.seen_pointer
  hits.tell health.last health.state health.step health.test health.verdict doctor.command
  doctor.examine recall.batch recall.begin recall.explain recall.fill recall.frame recall.resume
  recall.session bank.bitset bank.is bank.pointer bank.view graph.fill_frontier
  graph.frontier_frame graph.is graph.pointer arena.pointer decay.apply decay.hits matrix.is
  decay.options demo.run help.about help.members help.mentions help.name help.search help.shared help.summary
  help.topic json.text memory.contents memory.is memory.pointer rng.is text.is progress.clear
]]):gmatch "%S+" do own["engram." .. name] = true end

-- ---- what there is

local public = {}

local function is_callable(x)
  local mt = type(x) == "table" and getmetatable(x)
  return type(x) == "function" or mt and mt.__call ~= nil
end

-- A module that is called makes what it is named for: its `new` is that, by another name. A table in
-- a module groups functions.
local function add_functions(prefix, module)
  for name, value in pairs(module) do
    local full = prefix .. "." .. name
    local twin = name == "new" and is_callable(module)
    if is_callable(value) and not name:find "^_" and not own[full] and not twin then
      public[full] = true
    elseif type(value) == "table" and not is_callable(value) then
      add_functions(full, value)
    end
  end
  if is_callable(module) then public[prefix] = true end
end

for _, file in ipairs(support.lines("ls " .. support.quote(folder .. "/engram"))) do
  local part = file:match "^(.*)%.lua$"
  if part and not own_modules[part] then
    add_functions("engram." .. part, require("engram." .. part))
  end
end
for _, kind in ipairs(require("engram.types").list()) do
  for method in pairs(kind.methods) do public[kind.name .. ":" .. method] = true end
end
add_functions("engram.matrix", engram.matrix)
public["engram.vec.matrix"] = nil -- said there as engram.matrix
for name, value in pairs(engram) do
  if type(value) == "function" then public["engram." .. name] = true end
end

-- ---- what the reference has

local headings, twice = {}, {}
for line in io.lines(folder .. "/README.md") do
  local name = line:match "^### `?([%w_.:]+)"
  if name and headings[name] then twice[#twice + 1] = name end
  if name then headings[name] = line end
end

local function sorted(set, other)
  local list = {}
  for name in pairs(set) do
    if not other[name] then list[#list + 1] = name end
  end
  table.sort(list)
  return table.concat(list, " ")
end

public["engram.version"] = true -- a string
ok(public["vec:dot"] and public["engram.bank.open"] and public["matrix:row"]
  and public["builder:edge"]
  and public["engram.hash"] and public["engram.rng"], "public functions and methods are found")
is(sorted(public, headings), "", "every public function has a heading in lua/README.md")
is(sorted(headings, public), "", "every heading there is of a function that exists")
is(table.concat(twice, " "), "", "no heading stands there twice")

local listed, groups = {}, {}
for line in io.lines(folder .. "/README.md") do
  groups[#groups + 1] = line:match "^## (.*)"
  if #groups == 0 and line:find "^|" then
    for group in line:gmatch "%[(.-)%]%(#" do listed[#listed + 1] = group end
  end
end
is(table.concat(listed, "\n"), table.concat(groups, "\n"), "the groups are listed at its top, in their order")

-- ---- help

local found, missing = engram.help.find "vec:dot", {}
ok(found and found:find "^### `?vec:dot%(" and #found > #headings["vec:dot"],
  "help finds vec:dot and what it says")
ok(found and not found:find("\n##", 1, true), "and nothing behind it")
is(engram.help.find "bank.open", engram.help.find "engram.bank.open",
  "the name may leave out engram")
is(engram.help.find "no such thing", nil, "what is not there is nil")
for name in pairs(headings) do
  if not engram.help.find(name) then missing[#missing + 1] = name end
end
is(table.concat(missing, " "), "", "every heading can be looked up")
ok(#engram.help.sections() > 80 and engram.help.sections()[1].heading, "sections come as a list")
is(engram.help.find "elementary functions", engram.help.find "Elementary functions",
  "a group is found by its heading, whatever its case")
is(engram.help.summary "vec:dot",
  "Sum of products in the canonical order of 64 lanes: the same bits everywhere.",
  "the first sentence is what a section is in short")

-- ---- what comes near

local help = engram.help
local v = engram.vec(1)
for _, row in ipairs {
  { "a method by its name alone", "masked_cosine", "^vec:masked_cosine" },
  { "one of several, and the others", "stats", "^engram%.stats.*see also .*bank:stats" },
  { "all that are called so", "save", "'save' is part of\n.*  consolidation:save .*\n  bank:save" },
  { "a part of a name", "noisy", "'noisy' is part of.*vec:noisy_or.*confidence%.noisy_or" },
  { "a word of the text", "SplitMix64", "'SplitMix64' is told of in\n  engram.rng" },
  { "the methods of a kind", "vec:*", "^  vec:dot .*\n  vec:table " },
  { "the functions of a module", "spacing.", "^  engram%.spacing%.predict " },
  { "a group", "banks", "^Banks.*\n  engram%.bank%.new .*\n  bank:free " },
  { "a topic", "interrupt", '^"interrupt"\nCtrl%-C' }, { "formats", "formats", '^"formats"' },
  { "a word of the prompt", "set", "^engram%.show%.set" }, { "the prompt", "prompt", "local" },
} do
  local name, topic, expected = unpack(row)
  local text, there = help.topic(topic)
  if not ok(there and text:find(expected), "help finds " .. name) then tap.note(text) end
end
for _, row in ipairs { { "cosne", "vec:cosine" }, { "softmx", "vec:softmax" },
  { "vec:nrom", "vec:norm" }, { "memoy:recal", "memory:recall" },
  { "bank.opn", "engram.bank.open" } } do
  local text, there = help.topic(row[1])
  ok(not there and text:find("did you mean\n  " .. row[2], 1, true),
    ("for %s it suggests %s"):format(row[1], row[2]))
end
is(#help.search "xyzzyqq", 0, "and nothing where nothing is near")

-- ---- values

for _, row in ipairs {
  { "a function", engram.memory.open, "^engram%.memory%.open%(" },
  { "a function of engram's own", engram.hash, "^engram%.hash" },
  { "a method", v.dot, "^vec:dot%(" }, { "a module that is called", engram.vec, "^engram%.vec%(" },
  { "another module", engram.graph, "^Graphs" }, { "engram", engram, "Vectors +vec vec:%*" },
  { "an object", v, "^vec\nmade by engram%.vec.*\n  vec:dot .*%.data " },
  { "an object that is a table", engram.text.new(), "^encoder\n.*encoder:encode.*%.words" },
  { "a string, which is a topic", "vec:dot", "^vec:dot%(" },
} do
  local text, there = help.about(row[2])
  if not ok(there and text:find(row[3]), "help knows " .. row[1]) then tap.note(text) end
end
local nosy = setmetatable({}, { __index = error })
for _, value in ipairs { 5, print, {}, nosy, io.stdout, 5ULL, true } do
  local text, there = help.about(value)
  ok(not there and text:find "^no help for this %l+;", "and says when it does not know a "
    .. type(value))
end
is(select(2, help.about(nil)), false, "nil is nothing it knows")

-- ---- as it is read

local quoted = support.quote(support.program)
local function read(columns, topic, color)
  return (support.run(("COLUMNS=%d %s --color %s help %s"):format(columns, quoted, color or "never",
    topic)))
end
ok(read(80, "decay"):find(
  "\n    print(engram.decay({ 1, 1 }, { day, 30 * day }, { curve = \"savings\" }))\n    --> vec 2 ",
  1, true), "what an example prints stands below it where both have no room")
ok(read(80, "vec:dot"):find("}))   --> 32\n", 1, true), "and beside it where they have")
ok(not read(80, "memory:remember"):find("\t", 1, true), "without tabs")
ok(read(80, "decay"):find("\n  \"exponential\"\n      exp(-t / tau_s); tau_s, or half", 1, true),
  "the cells of a wide table stand below the first")
ok(read(80, "bench.case"):find("\n  items, bytes                   of a call, numbers or functions "
  .. "of b; they give\n" .. (" "):rep(33) .. "items and bytes a second\n", 1, true),
  "the last cell of a narrow one is wrapped beside it")
ok(read(80, "decay", "always"):find("Elements may .* own: \27%[1mscale_s\27%[0m, a vec"),
  "names are in bold where there is colour")
ok(help.about(v):find "\n  vec:table  +The elements .*\n  %.data  +the floats, float %*\n",
  "fields stand below methods")
local out = support.run("COLUMNS=40 " .. quoted .. [[ -e 'require("engram").help "vec:dot"']])
local narrow = true
for line in out:gmatch "[^\n]+" do narrow = narrow and (#line <= 40 or line:find "^    ") end
ok(out:find "^vec:dot%(other%) %-> number\nSum of products" and narrow,
  "help prints the section as wide as the terminal")
is(out:gsub("%s+", " "),
  (found:gsub("^### ", ""):gsub("```%l*", ""):gsub("%s+", " ") .. " "):gsub("%s+", " "),
  "with all its words")
out = support.run(quoted .. [[ -e 'require("engram").help "engram.vec"']])
ok(out:find("\n    local v = engram.vec { 3, 4 }\n", 1, true) and not out:find "```",
  "examples are indented")
out = support.run(quoted .. [[ -e 'require("engram").help "decay"']])
ok(out:find("two-component", 1, true) and not out:find("|", 1, true), "tables lose their bars")
out = support.run(quoted .. [[ -e 'require("engram").help "nonsense"']])
ok(out:find("no help for 'nonsense'", 1, true), "help says what it does not know")
out = support.run(quoted .. [[ -e 'require("engram").help()']])
ok(out:find("\nVectors +vec vec:%*") and select(2, out:gsub("\n", "")) < 40,
  "help without a topic is what there is, on one screen")
ok(not out:find "\27", "without a terminal there are no escape sequences")
out = support.run(quoted .. [[ --color=always -e 'require("engram").help()']])
ok(out:find("\27[1mVectors\27[0m", 1, true), "where there are colours headings are bold")
out = support.run(quoted .. " --help interrupt")
ok(out:find '^"interrupt"\nCtrl%-C', "engram --help tells about topics too")
local _, err, status = support.run(quoted .. " --help cosne")
ok(err:find "^engram: no help for 'cosne'; did you mean\n  vec:cosine" and status == 2,
  "and what may have been meant")

-- ---- every kind of object

local untold = {}
for _, file in ipairs(support.lines("ls " .. support.quote(folder .. "/engram"))) do
  local text = support.read(folder .. "/engram/" .. file)
  for ctype in text:gmatch "\nffi%.metatype%(([%w_]+)," do
    local told = text:find("ctype = " .. ctype .. "[, ]")
    if not told and file ~= "socket.lua" then untold[#untold + 1] = file .. " " .. ctype end
  end
end
is(table.concat(untold, ", "), "", "every C type that users meet is registered")

-- ---- the demonstration

out, err, status = support.run(quoted .. [[ -e 'local e = require "engram"
  local before = {} for name in pairs(_G) do before[name] = true end
  e.demo() for name in pairs(_G) do if not before[name] then print("GLOBAL", name) end end']])
ok(out:find("> mem:recall", 1, true) and out:find("green tea is brewed", 1, true)
  and out:find("\n  id", 1, true) and err == "" and status == 0, "the demonstration runs")
ok(not out:find("GLOBAL", 1, true), "and sets no global")
out = support.run(quoted .. [[ -e 'require("engram").demo(2)']])
ok(out:find "^%-%- 2%." and not out:find "%-%- 1%." and not out:find "%-%- 3%.",
  "one step is shown alone")
support.refuses(function() engram.demo(99) end, "bad argument #1 to 'engram.demo' (a step, 1 .. ",
  "a step that is not there is an error")

support.done()
