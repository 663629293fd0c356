-- complete.lua: what the word before the cursor may become.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local complete = require "engram.complete"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

local called = 0
local function call() called = called + 1 end
local nosy = setmetatable({}, { __index = call, __len = call, __eq = call, __tostring = call,
  __call = call, __lt = call })

-- What is there while these are completed.
local there = {
  engram = engram, v = engram.vec { 1, 2 }, m = engram.memory.new { dim = 8 },
  g = engram.graph.new { { 0, 1 } }, e = engram.text.new { dim = 16 }, s = "text", n = 5, nosy = nosy,
  h = engram.hits { { 1, 2 } }, alias = engram.bank,
  t = setmetatable({ alpha = { beta = 1 }, { gamma = 2 }, f = print, _own = 1, ["no name"] = 1,
    ["a b"] = { inside = 1 } },
    { __index = setmetatable({ inherited = print }, { __index = { far = print } }) }),
}
for name, value in pairs(there) do rawset(_G, name, value) end
rawset(_G, "round", setmetatable({}, {}))
getmetatable(rawget(_G, "round")).__index = rawget(_G, "round")

local function texts(line)
  local first, candidates = complete.candidates(line)
  local list = {}
  for i, candidate in ipairs(candidates) do list[i] = candidate.text end
  return table.concat(list, " "), first, candidates
end

-- What is typed, what it may become, where that begins.
local rows = {
  { "eng", "engram", 1 }, { "x = eng", "engram", 5 }, { "engram.ba", "bank", 8 },
  { "engram . ba", "bank", 10 }, { "engram.matr", "matrix", 8 }, { "engram.bank.", "new open", 13 },
  { "engram.confidence.hi", "high", 19 },
  { "alias.o", "open", 7 }, { "v:do", "dot", 3 }, { "print(v:do", "dot", 9 }, { "v.", "data n", 3 },
  { "g:free", "free freeze", 3 }, { "g.", "edges nodes", 3 }, { "e:", "encode fit tokens", 3 },
  { "e.w", "words", 3 }, { "m:ret", "retention", 3 }, { "h.s", "seen", 3 },
  { "t.", "alpha f far inherited", 3 }, { "t._", "_own", 3 }, { "t:", "f far inherited", 3 },
  { "t.alpha.", "beta", 9 }, { "t[1].", "gamma", 6 }, { "t[ 1 ].g", "gamma", 8 },
  { 't["a b"].', "inside", 10 }, { "round.x", "", 7 }, { "s:rep", "rep", 3 }, { "s.r", "", 3 },
  { "string.rep", "rep", 8 }, { "io.stdout:wri", "write", 11 }, { "n.", "", 3 }, { "nope.x", "", 6 },
  { "nosy.", "", 6 }, { "nosy:", "", 6 }, { "nosy.a.b", "", 8 }, { "whi", "while", 1 },
  { "23", "", 3 }, { "0x1", "", 4 }, { "f().x", "", 5 }, { "v:dot(v).x", "", 10 },
  { "1 ..whi", "while", 5 }, { "v.data.", "", 8 }, { "ffi.C.", "", 7 }, { "-- v:", "", 6 },
  { "--[[ v:", "", 8 }, { "--[[ ]] v:do", "dot", 11 }, { "-- a\nv:do", "dot", 8 },
  { "[==[ v:", "", 8 }, { "x = 'a' .. v:do", "dot", 14 }, { "'it\\'s' v:do", "dot", 11 },
  { "engram.memory.new { di", "dim =", 21 }, { "engram.memory.new { ", "capacity = dim = encoder = law =",
    21, "begins" }, { "engram.memory.new{ dim = 3, cap", "capacity =", 29 },
  { "engram.memory.new { law = { half", "half_life_s =", 29 },
  { "engram.memory.open('x', { read", "read_only =", 27 }, { "m:recall { ho", "hops =", 12 },
  { "m:recall { now = v:do", "dot", 20 }, { "g:frontier(h, { cyc", "cycle_penalty =", 17 },
  { "engram.decay(a, b, { cur", "curve =", 22 }, { "nosy { di", "", 8 }, { "x = { di", "", 7 },
  { "require 'engram.gra", "engram.graph", 10 }, { 'require("stri', "string", 10, "begins" },
  { "help 'vec:mas", "vec:masked_cosine", 7 }, { "help 'masked", "", 7 }, { "help 'ban",
    "bank.new bank.open bank:add", 7, "begins" }, { "set '", "json lua pretty tsv", 6 }, { "set 'p", "pretty", 6 },
  { "usag", "usage", 1 }, { "", nil, 1 }, { "'", nil, 2 },
}
for _, row in ipairs(rows) do
  local line, expected, first, how = unpack(row, 1, 4)
  local got, at = texts(line)
  local right = not expected or got == expected or how and got:sub(1, #expected) == expected
  if not ok(right and at == first, ("'%s' may become '%s'"):format(line:gsub("\n", "\\n"),
    expected or "anything")) then
    tap.note(("got '%s' from %d on"):format(got, at))
  end
end
is(called, 0, "no metamethod of the user's is called for it")

ok((" " .. texts "engram.plot.xy{lo"):find(" logx =", 1, true),
  "options that a group says of all its functions are among them")

local folder = support.path "file one"
support.write(folder, "")
for _, name in ipairs { "folder", "[a]" } do
  os.execute("mkdir " .. support.quote(support.path(name)))
end
support.write(support.path "[a]/in", "")
is(texts("io.open '" .. support.path "fi"), folder, "files stand in strings, blanks in their names too")
is(texts("dofile('" .. support.path "fo"), support.path "folder/", "and folders, with a slash")
is(texts("io.open '" .. support.path "[a]/"), support.path "[a]/in", "brackets in names are brackets")
is(texts("io.open '" .. support.path "none/"), "", "a folder that is not there has nothing in it")

local _, _, candidates = texts "v:dot"
is(candidates[1].help, engram.help.summary "vec:dot",
  "a method has a line of help: its section's first sentence")
_, _, candidates = texts "v.data"
is(candidates[1].help, "the floats, float *", "a field has its own")
_, _, candidates = texts "t.alpha"
is(candidates[1].help, nil, "what nobody described has none")

local missing = {}
for _, kind in ipairs(require("engram.types").list()) do
  for name in pairs(kind.methods) do
    if not engram.help.summary(kind.name .. ":" .. name) then
      missing[#missing + 1] = kind.name .. ":" .. name
    end
  end
end
is(table.concat(missing, " "), "", "every method has a line of help")

-- ---- whatever is typed

local seed = tonumber(os.getenv "ENGRAM_SEED") or 20261121
tap.note("seed " .. seed)
local rng = engram.rng(seed)
local pieces = { "v:", "engram.", "t[1]", "'", '"', "[[", "]]", "--", "--[[", "\\", "\n", "{", "}", "(",
  ")", "[", "]", ".", ":", "..", "::", "require ", "help ", "\0", "\255", "nosy", "m:recall", "{ ", "1",
  "x", " ", "=", "/", "*", "?", "end", "round.", "%" }
local raised, wrong = 0, 0
local function try(line)
  local done, first, list = pcall(complete.candidates, line)
  if not done then raised = raised + 1 end
  if done and not (first >= 1 and first <= #line + 1 and type(list) == "table") then wrong = wrong + 1 end
end
for _ = 1, 1500 do
  local line = {}
  for i = 1, rng:below(8) do line[i] = pieces[rng:below(#pieces) + 1] end
  try(table.concat(line))
  for i = 1, rng:below(20) do line[i] = string.char(rng:below(256)) end
  try(table.concat(line))
end
for _, file in ipairs { "/lua/engram/complete.lua", "/t/complete.lua" } do
  local text = support.read(support.srcdir .. file)
  for _ = 1, 100 do
    local from = rng:below(#text)
    try(text:sub(from, from + rng:below(300)))
  end
end
is(raised, 0, "nothing that is typed raises")
is(wrong, 0, "and the place is always one in the line")
is(called, 0, "still no metamethod was called")

support.done()
