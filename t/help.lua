-- help.lua: every public function has its heading in the reference, and help finds it.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

local folder = support.srcdir .. "/lua"

-- Modules that users do not meet, and functions that modules have for each other: a caller of these
-- has already checked what it hands over.
local own_modules = { arguments = true, attach = true, axis = true, canvas = true, check = true,
  commands = true, compiled = true, complete = true, digits = true, episodes = true,
  exchange = true, ffi = true, files = true, filter = true, gnuplot = true, info = true,
  layout = true, literal = true, numbers = true, picture = true, pretty = true, record = true,
  repl = true, report = true, sampler = true, scratch = true, show = true, socket = true,
  statement = true, terminal = true, tracer = true, types = true, width = true }
local own = {}
for name in ([[
  vec.is vec.of vec.over hits.arrays hits.explain hits.into hits.is hits.over hits.seen_pointer
  hits.tell health.last health.state health.step health.test health.verdict doctor.command
  doctor.examine recall.batch recall.begin recall.explain recall.fill recall.frame recall.resume
  recall.session bank.bitset bank.is bank.pointer bank.view graph.fill_frontier
  graph.frontier_frame graph.is graph.pointer arena.pointer decay.apply decay.hits matrix.is
  decay.options json.text memory.contents memory.is memory.pointer rng.is text.is
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

-- The name of a type in the reference, where it is not that of its file.
local types = { ["graph building"] = "builder", ["vec matrix_methods"] = "matrix",
  ["text methods"] = "encoder", ["completion methods"] = "dentate", ["plot Figure"] = "figure" }

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

local quoted = support.quote(support.program)
local out = support.run(quoted .. [[ -e 'require("engram").help "vec:dot"']])
is(out, found .. "\n", "help prints the section")
out = support.run(quoted .. [[ -e 'require("engram").help "nonsense"']])
ok(out:find("no help for 'nonsense'", 1, true), "help says what it does not know")
out = support.run(quoted .. [[ -e 'require("engram").help()']])
ok(out:find("\nvec:dot(other)", 1, true) and out:find("\nbank:search(", 1, true),
  "help without a topic lists the headings")

support.done()
