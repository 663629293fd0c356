-- show.lua: what the prompt prints, in its four formats; what is written as Lua reads back.
-- SPDX-License-Identifier: MIT
local bit = require "bit"
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local show = require "engram.show"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

ffi.cdef "int setenv(const char *, const char *, int);"
local function set(name, value) ffi.C.setenv(name, value, 1) end
set("COLUMNS", "80")
set("LC_ALL", "C.UTF-8")

local function values(...) return { n = select("#", ...), ... } end

-- ---- for eyes

local cycle = {}
cycle[1] = cycle
local builder = engram.graph.new { { 0, 1 }, { 0, 2 }, { 2, 3 } }
local rows = {
  { "1", values(1) }, { "-0", values(-0) }, { "nan", values(0 / 0) }, { "-inf", values(-1 / 0) },
  { "0.3", values(0.1 + 0.2) }, { "0.33333333333333", values(1 / 3) }, { "1e+16", values(1e16) },
  { "9007199254740992", values(2 ^ 53) }, { "0.33333334", values(engram.vec({ 1 / 3 })[1]) },
  { "0.1", values(engram.vec({ 0.1 })[1]) }, { "1.1920929e-07", values(2 ^ -23) },
  { "5ULL", values(5ULL) }, { "x\ty", values "x\ty" }, { "1\tnil\tx", values(1, nil, "x") },
  { "nil", values(nil) }, { "", values() }, { "function: builtin", values(print) },
  { "named", values(setmetatable({}, { __tostring = function() return "named" end })) },
  { "a\nb", values(setmetatable({}, { __tostring = function() return "a\nb" end })) },
  { "{ a }", values { setmetatable({}, { __tostring = function() return "a\nb" end }) } },
  { "{}", values {} }, { "{ 1, 2, 3 }", values { 1, 2, 3 } }, { "{ { itself } }", values(cycle) },
  { '{ "a", [-1] = 2, b = "c\\n\\000\\255\\"", ["d e"] = true, ["end"] = 1 }',
    values { "a", b = 'c\n\0\255"', ["d e"] = true, ["end"] = 1, [-1] = 2 } },
  { '{ "ä" }', values { "ä" } },
  { "vec 0", values(engram.vec(0)) },
  { "vec 2 [3 4]  norm 5.000", values(engram.vec { 3, 4 }) },
  { "{ v = vec 2 [3 4] }", values { v = engram.vec { 3, 4 } } },
  { "matrix 2 x 2\n    1    2\n    3  4.5", values(engram.matrix { { 1, 2 }, { 3, 4.5 } }) },
  { "graph 4 nodes, 3 edges, degree 0 to 2, 2 sinks", values(builder) },
  { "graph 0 nodes, 0 edges", values(engram.graph.new {}) },
  { "hits 2\n  id     score\n   7  0.500000\n   3  0.250000",
    values(engram.hits { { 3, 0.25 }, { 7, 0.5 } }) },
  { "hits 0", values(engram.hits {}) },
  { "  id  score  words\n   1    0.5  a b\n   2      2",
    values { { id = 1, score = 0.5, words = { "a", "b" } }, { id = 2, score = 2, words = {} } } },
  { "  a   b\n  茶  1\n  x   2", values { { a = "茶", b = 1 }, { a = "x", b = 2 } } },
  { "     n\n  a  1\n  b  2", values { a = { n = 1 }, b = { n = 2 } } },
  { "1\n{\n  1,\n  2\n}", values(1, { 1, 2 }), columns = "5" },
}
for _, row in ipairs(rows) do
  set("COLUMNS", row.columns or "80")
  is(show.text(unpack(row[2], 1, row[2].n)), row[1], "pretty: " .. row[1]:gsub("\n", " / "))
end
set("COLUMNS", "80")
is(show.text(builder:add(1, 1)), "graph 4 nodes, 4 edges, degree 0 to 2, 1 sink",
  "edges that were added count")

-- Each line of a text, and whether all are at most so wide.
local function width(text)
  local most = 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    most = math.max(most, select(2, line:gsub("[^\128-\191]", "")))
  end
  return most
end

local many = engram.vec(768)
engram.rng(1):fill_normal(many)
local wide = engram.matrix(30, 40)
engram.rng(2):fill_normal(wide)
local bank = engram.bank.new(40)
bank:add(wide)
bank:index "sign"
local mind = engram.memory.new { dim = 256, law = { half_life_s = 86400 } }
for i = 1, 12 do
  mind:remember { text = ("thing %d is told in quite a few words about tea"):format(i), at = i }
end
local recalled = mind:recall { text = "thing of tea", now = 3600, record = false, k = 12, hops = 1 }
local list = {}
for i = 1, 300 do list[i] = i * 1.5 end
for _, columns in ipairs { 40, 80, 132 } do
  set("COLUMNS", tostring(columns))
  for name, value in pairs { vec = many, matrix = wide, bank = bank, hits = recalled,
    memory = mind, list = list } do
    local text = show.text(value)
    ok(width(text) <= columns, ("a %s keeps to %d columns"):format(name, columns))
  end
end
set("COLUMNS", "80")
local text = show.text(many)
ok(text:find "^vec 768  norm %d+%.%d+  min %-%d%S*  max %d%S*  " and text:find("▁", 1, true)
  and text:find("█", 1, true) and not text:find "\n", "a long vec is a line with what it looks like")
text = show.text(engram.vec(20):fill(0 / 0))
ok(text:find "^vec 20  norm 0.000  20 not finite", "elements that are no numbers are counted")
local ramp = engram.vec(17)
for i = 1, 17 do ramp[i] = i end
ok(show.text(ramp):find "▁▁▂▂▂▃▃▄▅▅▅▆▆▇▇██$"
  or show.text(ramp):find "▁▁▂▂▃▃▄▄▅▅▅▆▆▇▇██$", "what rises is drawn rising")
set("LC_ALL", "C")
ok(show.text(many):find "^[%w%p ]+$", "without UTF-8 it is drawn in ASCII")
ok(show.text(wide):find("  ...  ", 1, true) and not show.text(wide):find "[\128-\255]",
  "so is what is left out of a matrix")
set("LC_ALL", "C.UTF-8")
ok(show.text(wide):find "^matrix 30 x 40\n" and show.text(wide):find("\n  …\n", 1, true),
  "a matrix shows its corners")
is(select(2, show.text(wide):gsub("\n", "")), 11, "and ten of its rows")

text = show.text(recalled)
ok(text:find "^hits 12\n  id%s+score%s+similarity%s.*content\n"
  and text:find("thing 3 is told", 1, true)
  and text:find("... and 2 more", 1, true), "hits of a memory stand beside what they are about")
ok(text:find("of all: ", 1, true) and text:find("confidence 1.0000", 1, true),
  "what all hits have in common is said once")
set("COLUMNS", "40")
ok(show.text(recalled):find("no room for", 1, true), "columns that have no room are named")
set("COLUMNS", "80")
mind:forget(recalled:id(2))
ok(show.text(recalled):find "^hits 12", "hits outlive what they are of")
text = show.text(mind)
ok(text:find "^memory of 11, dim 256\n" and text:find("exponential, half-life 86400 s", 1, true)
  and text:find "clock%s+12" and text:find("saved in  nothing", 1, true), "a memory tells how it is")
local home = support.path "home"
local there = assert(engram.memory.open(home, { dim = 4 }))
ok(show.text(there):find(home, 1, true) and there:stats().path == home
  and there:stats().law == nil, "and where it lives")
there:free()
is(show.text(there), "memory, closed", "one that is closed says so")
ok(show.text(bank):find "^bank 30 rows x 40\n  size   %d[%d.]+ KB\n  forms  sign 320 B$",
  "a bank tells its size and its forms")
local inside = show.text { kernels = engram.kernels.list() }
ok(inside:find "^{\n  kernels = {\n    name +calls  chosen .*\n    dot_f32 +%d"
  and inside:find "\n    no room for versions\n  }\n}$", "rows inside a table have columns too")
is(show.text { a = { { x = 1 }, { x = 2 } } }, "{ a = { { x = 1 }, { x = 2 } } }",
  "but not where a line will do")
set("COLUMNS", "40")
ok(show.text(engram.plot):find "heat graph\nforgetting spark", "a long line is broken between words")
local said = setmetatable({}, { __tostring = function() return "  sum  one and two, and two and one" end })
set("COLUMNS", "20")
is(show.text(said), "  sum  one and two,\n       and two and\n       one",
  "and goes on where its last column began")
is(show.text { { "twelve bytes" }, { "b" } }, '{\n  {\n    "twelve bytes"\n  },\n  { "b" }\n}',
  "a list has room for its commas")
ok(show.text(mind):find "\n  saved in  nothing:\n            it ends\n", "so do the facts of an object")
set("COLUMNS", "80")
ok(show.text(engram.arena.new(4096)):find "^arena of 4.00 KB\n", "an arena tells its size")
ok(show.text(print, function() end):find "^function: builtin\tfunction: .*show.lua:%d+$",
  "functions tell where they are from")
is(show.text(loadstring "return function()\nend"()), 'function: [string "return function()"]:1',
  "also where that is no file")
ok(show.text(engram):find "help%(%)", "engram tells where to begin")
is(show.text(engram.bank), "engram.bank: new open; help(engram.bank) tells more",
  "a module tells what is in it")
is(show.text(engram.vec), "engram.vec; help(engram.vec) tells more", "or that there is help")
text = show.text { list, list, setmetatable({}, { __index = error }), { { { { { { 1 } } } } } } }
ok(text:find("... and 250 more", 1, true) and text:find("{ ... }", 1, true),
  "there is an end to entries and to depth")
local deep = {}
for i = 1, 40 do deep[i] = { x = { y = ("z"):rep(60), w = ("v"):rep(60) }, [i] = 1 } end
ok(select(2, show.text(deep):gsub("\n", "")) == 60, "and to lines")
ok(show.text { ("ä"):rep(300) } == '{\n  "' .. ("ä"):rep(100) .. '"…\n}',
  "a long string in a table is cut between characters")

text = show.text(engram.kernels.list())
ok(text:find "^  name +calls +chosen" and text:find("dot_f32", 1, true) and width(text) <= 80,
  "records are a table, as far as there is room")
set("COLUMNS", "30")
local broad = { a = ("x"):rep(20), b = ("y"):rep(20), c = ("z"):rep(20) }
is(show.text({ broad, broad }):match "^%s*(%S+)", "{", "and no table where most would be left out")
is(show.text { ("x"):rep(20), { ("y"):rep(20) } }:find "\n\n", nil, "there are no empty lines")
set("COLUMNS", "80")

local function bad(__tostring) return setmetatable({}, { __tostring = __tostring }) end
local good = true
for _, value in ipairs { bad(function() error "no" end), bad(function() error {} end), bad(1),
  bad(function() return 1 end), newproxy(true), coroutine.create(print), ffi.C, ffi.new "int[3]",
  io.stdout, ffi.typeof "int", ffi.cast("struct engram_mark *", nil), { [{}] = {}, [print] = 1 },
  setmetatable({}, { __metatable = 1 }), setmetatable({}, { __index = error, __len = error }),
  debug.getregistry and debug.getregistry() or {}, _G } do
  good = good and pcall(show.text, value) and pcall(show.text, { value })
end
ok(good, "there is no value that cannot be printed")

-- ---- for programs

show.set "json"
local failure = select(2, engram.bank.open "/nonexistent.npy")
for _, row in ipairs {
  { '1\n"a"\nnull', values(1, "a", nil) }, { "null", values(0 / 0) },
  { "[1,null]", values(engram.vec { 1, 1 / 0 }) }, { "[[1,2],[3,4]]",
    values(engram.matrix { { 1, 2 }, { 3, 4 } }) },
  { '[{"id":7,"score":0.5},{"id":3,"score":0.25}]',
    values(engram.hits { { 3, 0.25 }, { 7, 0.5 } }) },
  { "[]", values(engram.hits {}) }, { '{"a":[null]}', values { a = { 0 / 0 } } },
  { '[{"class":0,"source":"a","target":"b","weight":1}]',
    values(engram.graph.new { { "a", "b" } }) },
  { "5", values(5ULL) }, { '["rng at 1"]', values { engram.rng(1) } },
} do
  is(show.text(unpack(row[2], 1, row[2].n)), row[1], "json: " .. row[1]:gsub("\n", " / "))
end
ok(show.text(bank):find '"rows":30' and show.text(failure):find '"name":"EIO"'
  and show.text(recalled):find '"similarity":', "json: objects are their numbers")

show.set "tsv"
for _, row in ipairs {
  { "id\tscore\n7\t0.5\n3\t0.25", values(engram.hits { { 3, 0.25 }, { 7, 0.5 } }) },
  { "1\nnan", values(engram.vec { 1, 0 / 0 }) },
  { "1\t2\n3\t4", values(engram.matrix { { 1, 2 }, { 3, 4 } }) },
  { "a\tb\n1\t\n\tx\\ty\\\\", values { { a = 1 }, { b = "x\ty\\" } } },
  { "1\t2\n3\t4", values { { 1, 2 }, { 3, 4 } } },
  { "a\t1\nb\t[1,2]", values { a = 1, b = { 1, 2 } } }, { "x\n1", values("x", 1) },
  { "class\tsource\ttarget\tweight\n0\ta\tb\t1", values(engram.graph.new { { "a", "b" } }) },
} do
  is(show.text(unpack(row[2], 1, row[2].n)), row[1], "tsv: " .. row[1]:gsub("[\n\t]", " "))
end

-- ---- as Lua

show.set "lua"
for _, row in ipairs {
  { "1, nil, \"x\"", values(1, nil, "x") }, { "-0", values(-0) }, { "0/0, 1/0, -1/0",
    values(0 / 0, 1 / 0, -1 / 0) }, { "0.10000000000000001", values(0.1), not_this = true },
  { "{ 1, a = { true } }", values { 1, a = { true } } }, { "5LL, 5ULL", values(5LL, 5ULL) },
  { "engram.vec { 1, 0.333333343 }", values(engram.vec { 1, 1 / 3 }) },
  { "engram.hits { { 7, 0.5 }, { 3, 0.25 } }",
    values(engram.hits { { 3, 0.25 }, { 7, 0.5 } }) },
  { "engram.matrix(0, 3)", values(engram.matrix(0, 3)) },
} do
  local same = show.text(unpack(row[2], 1, row[2].n)) == row[1]
  ok(same == not row.not_this, "lua: " .. row[1])
end
for _, row in ipairs {
  { print, "a function" }, { { a = { print } }, 'a function at ["a"][1]' },
  { mind, "a memory" }, { { cycle }, "a table inside itself at [1][1]" },
  { { [{}] = 1 }, "a table as a key" }, { setmetatable({}, {}), "a table with a metatable" },
  { ffi.new "int[2]", "ctype<int [2]>" }, { engram.rng(1), "a rng" },
  { coroutine.create(print), "a thread" },
} do
  local done, why = pcall(show.text, row[1])
  ok(not done and tostring(why):find(row[2], 1, true), "lua: refuses " .. row[2])
  done, why = pcall(show.print, row[1])
  if not ok(not done and tostring(why):find('set "lua": cannot write ', 1, true),
    "and says so in the name of the format") then tap.note(tostring(why)) end
end

-- Random values of every kind, written and read back.
local seed = tonumber(os.getenv "ENGRAM_SEED") or 20261121
tap.note("seed " .. seed)
local rng = engram.rng(seed)
local function below(n) return rng:below(n) end
local bits = ffi.new "union { double x; uint32_t word[2]; float f[2]; }"
local odd = { 0, -0, 1 / 0, -1 / 0, 0 / 0, 2 ^ -1074, -2 ^ -1074, 2 ^ -1022, 1.7976931348623157e308,
  2 ^ 53, -2 ^ 53, 2 ^ 63, 2 ^ -149, 3.4028234663852886e38, 1e-45, 0.1, 1e15, 123456789012345680 }

-- Whether an exponent says so; a NaN of any other bits than the JIT's own is not to be read.
local function is_number(word, exponent) return bit.band(word, exponent) ~= exponent end

local function random_double()
  local kind = below(4)
  if kind == 0 then return odd[below(#odd) + 1] end
  if kind == 1 then return below(2000) - 1000 end
  if kind == 2 then return rng:normal() end
  bits.word[0], bits.word[1] = below(2 ^ 32 - 1), below(2 ^ 32 - 1)
  return is_number(bits.word[1], 0x7ff00000) and bits.x or 0 / 0
end

local function random_float()
  local kind = below(3)
  if kind == 0 then return odd[below(#odd) + 1] end
  if kind == 1 then return rng:normal() end
  bits.word[0] = below(2 ^ 32 - 1)
  return is_number(bits.word[0], 0x7f800000) and bits.f[0] or 0 / 0
end

local function finite_float()
  local x
  repeat x = random_float() until x - x == 0 and math.abs(x) <= 3.4028234663852886e38
  return x
end

local function random_string()
  local bytes = {}
  for i = 1, below(12) do bytes[i] = string.char(below(256)) end
  return table.concat(bytes) .. (below(4) == 0 and "end" or below(4) == 0 and "äß€𝄞" or "")
end

local makers
local function random_value(depth)
  return makers[below(depth > 3 and 5 or #makers) + 1](depth)
end
makers = {
  random_double, random_string, function() return below(2) == 0 end,
  function()
    local x = ffi.new("uint64_t", below(2 ^ 32 - 1)) * 2 ^ 32 + below(2 ^ 32 - 1)
    return below(2) == 0 and x or ffi.cast("int64_t", x)
  end,
  function()
    local v = engram.vec(below(20))
    for i = 1, #v do v[i] = random_float() end
    return v
  end,
  function()
    local m = engram.matrix(below(4), below(5) + 1)
    for i = 0, m.rows * m.dim - 1 do m.data[i] = random_float() end
    return m
  end,
  function()
    local all = {}
    for i = 1, below(6) do all[i] = { i * 7 + below(7), random_double() } end
    return engram.hits(all)
  end,
  function()
    local dim = below(4) + 1
    local b = engram.bank.new(dim)
    for _ = 1, below(8) do
      local v = engram.vec(dim)
      for i = 1, dim do v[i] = finite_float() end
      local id = b:add(v)
      if below(4) == 0 then b:remove(id) end
    end
    return b
  end,
  function()
    local b, names = engram.graph.builder(), below(2) == 0
    for _ = 1, below(8) do
      local s, t = below(6), below(6)
      if names then s, t = (random_string():gsub("%z", "") .. s), "n" .. t end
      b:edge(s, t, finite_float(), below(256))
    end
    return b:freeze()
  end,
  function(depth)
    local t = {}
    for i = 1, below(5) do t[i] = random_value(depth + 1) end
    for _ = 1, below(5) do
      local key = random_value(9)
      local plain = type(key) ~= "cdata" and key == key
      t[plain and key or "k"] = random_value(depth + 1)
    end
    return t
  end,
}

-- Whether two values are the same bits; NaN is NaN.
local same

local function same_doubles(a, b)
  return a ~= a and b ~= b or a == b and (a ~= 0 or 1 / a == 1 / b)
end

local function same_floats(a, b, n)
  for i = 0, n - 1 do
    if not same_doubles(a[i], b[i]) then return false end
  end
  return true
end

local function same_tables(a, b)
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local of_kind = {
  vec = function(a, b) return #a == #b and same_floats(a.data, b.data, a.n) end,
  matrix = function(a, b)
    return a.rows == b.rows and a.dim == b.dim and same_floats(a.data, b.data, a.rows * a.dim)
  end,
  hits = function(a, b) return #a == #b and same_tables(a:table(), b:table()) end,
  bank = function(a, b)
    local v = require("engram.bank").view
    local x = ffi.new("struct engram_bank_view", v(a, "t"))
    local y, at = ffi.new("struct engram_bank_view", v(b, "t")), 0
    if x.count ~= y.count or x.dim ~= y.dim or y.slots ~= y.count then return false end
    for slot = 0, x.slots - 1 do
      local word = x.live[math.floor(slot / 64)]
      if tostring(word / 2ULL ^ (slot % 64) % 2ULL) == "1ULL" then
        if not same_floats(x.rows + slot * x.dim, y.rows + at * x.dim, x.dim) then return false end
        at = at + 1
      end
    end
    return at == y.count
  end,
  graph = function(a, b)
    if a.nodes ~= b.nodes or a.edges ~= b.edges then return false end
    for node = 0, a.nodes - 1 do
      if a:name(node) ~= b:name(node) or not same_tables(a:neighbours(node), b:neighbours(node)) then
        return false
      end
    end
    return true
  end,
}
local types = require "engram.types"

function same(a, b)
  if type(a) ~= type(b) then return false end
  local kind = types.of(a)
  if kind then return kind == types.of(b) and of_kind[kind.name](a, b) end
  if type(a) == "number" then return same_doubles(a, b) end
  if type(a) == "table" then return same_tables(a, b) end
  return a == b
end

_G.engram = engram -- as at the prompt
local function read_back(written)
  return (assert(loadstring("return " .. written)))()
end

local wrong
for i = 1, 4000 do
  set("COLUMNS", tostring(20 + below(100)))
  local value = random_value(0)
  local written = show.text(value)
  local read, back = pcall(read_back, written)
  if not (read and same(value, back)) then
    wrong = ("value %d: %s\n%s"):format(i, written, tostring(back))
    break
  end
end
if not ok(not wrong, "what is written as Lua reads back as the same bits") then tap.note(wrong) end
for name, value in pairs {
  vec = engram.vec(200000), bank = engram.bank.new(2), list = {}, numbers = {},
} do
  if name == "vec" then rng:fill_normal(value) end
  if name == "bank" then
    local m = engram.matrix(70000, 2)
    rng:fill_normal(m)
    value:add(m)
  end
  for i = 1, name == "list" and 20000 or name == "numbers" and 200000 or 0 do
    value[i] = name == "list" and { i } or i + 0.5
  end
  local read, back = pcall(read_back, show.text(value))
  if not ok(read and same(value, back), "so does a large " .. name) then tap.note(tostring(back)) end
end
local large = {}
for i = 1, 20001 do large[i] = { i } end
local done, why = pcall(show.text, large)
ok(not done and why:find "more than 20000 tables in a table", "what Lua could not read is refused")

-- ---- formats

is(show.set(), "lua", "set without a name tells the format in force")
support.refuses(function() show.set "yaml" end,
  [[bad argument #1 to 'set' ("pretty", "json", "tsv" or "lua" expected, got string "yaml")]],
  "another format is an error")
show.set "tsv"
local stopped = setmetatable({}, { __index = function() error("interrupted", 0) end })
is(select(2, pcall(show.print, { { a = 1 }, stopped })), "interrupted", "an interrupt is told as one")
show.set "pretty"

local program = support.quote(support.program)
local out = support.run("COLUMNS=80 " .. program
  .. [[ --color=always -e 'require("engram.show").print(require("engram").hits { { 1, 2 } })']])
ok(out:find("\27[2m", 1, true), "what stands back is painted so, where there are colours")
out = support.run(program
  .. [[ -e 'require("engram.show").print(require("engram").hits { { 1, 2 } })']])
ok(not out:find "\27", "and not in a pipe")

support.done()
