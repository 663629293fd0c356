-- plot.lua: plots as text, beside those that were looked at; as files; what is drawn and what not.
-- With --print it prints the pictures of data/plots.txt.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local width = require "engram.width"
local ok, is, refuses, path = tap.ok, tap.is, support.refuses, support.path
local plot, exp, log, pow = engram.plot, engram.math.exp, engram.math.log, engram.math.pow

ffi.cdef "int setenv(const char *, const char *, int); int unsetenv(const char *);"
local function set(name, value) assert(ffi.C.setenv(name, value, 1) == 0) end
set("LC_ALL", "C.UTF-8")
set("COLUMNS", "80")
set("ENGRAM_COLOR", "never")

local nan, inf = 0 / 0, 1 / 0

local function filled(n, f)
  local list = {}
  for i = 1, n do list[i] = f(i) end
  return list
end

-- ---- pictures

-- A swing without the C library's sine: x'' = -x, step by step.
local function swing(n)
  local list, x, v = {}, 0, 1
  for i = 1, n do
    list[i] = x
    v = v - x / 8
    x = x + v / 8
  end
  return list
end

local fast, slow = filled(60, function(i) return exp(-i / 20) end),
  filled(60, function(i) return pow(1 + i, -0.5) end)
local gaps = swing(120)
for i = 40, 55 do gaps[i] = nan end
gaps[80], gaps[82] = inf, -inf

local function normal(n)
  local v = engram.vec(n)
  engram.rng(1):fill_normal(v)
  return v
end

local heat = engram.matrix(12, 30)
for r = 1, 12 do
  for c = 1, 30 do heat:row(r)[c] = exp(-((r - 6) * (r - 6) + (c - 12) * (c - 12) / 6) / 20) end
end
heat:row(2)[5] = nan

local animals = { { "thing", "animal" }, { "thing", "stone" }, { "animal", "dog" },
  { "animal", "cat" }, { "dog", "poodle" }, { "cat", "siamese" }, { "cat", "persian" } }
local ring = { { 0, 1 }, { 1, 2 }, { 2, 3 }, { 3, 4 }, { 4, 0 }, { 0, 2 }, { 1, 1 } }

-- Savings at relearning, Ebbinghaus 1885.
local ages_s = { 1200, 3840, 31536, 86400, 2 * 86400, 6 * 86400, 31 * 86400 }
local kept = { 0.582, 0.442, 0.358, 0.337, 0.278, 0.254, 0.211 }

local pictures = {
  { "a line with gaps", function()
    return plot(gaps, { title = "A swing, with gaps", xlabel = "steps", ylabel = "elongation" })
  end },
  { "two series", function()
    return plot.xy { { y = fast, name = "exponential" }, { y = slow, name = "power" },
      title = "Two laws" }
  end },
  { "logarithmic axes", function()
    return plot.xy { { y = fast, name = "exponential" }, { y = slow, name = "power" }, logx = true,
      logy = true, title = "Two laws" }
  end },
  { "many decades", function()
    return plot.xy { y = filled(50, function(i) return pow(10, i - 25) end), logy = true }
  end },
  { "points", function()
    return plot.xy { x = { 1, 2, 3, 5, 8, 13 }, y = { 1, 1, 2, 3, 5, 8 }, style = "points",
      name = "rabbits", height = 8 }
  end },
  { "a cloud", function()
    return plot.xy { x = normal(600), y = filled(600, function(i) return log(i) end),
      style = "points", height = 10 }
  end },
  { "a constant", function() return plot({ 5, 5, 5 }, { height = 6 }) end },
  { "one point", function() return plot({ 0 }, { height = 6 }) end },
  { "a huge range", function() return plot({ -1e308, 0, 1e308, 1.7e308 }, { height = 8 }) end },
  { "a tiny range", function() return plot({ 1e-9, 3e-9, 2e-9 }, { height = 6 }) end },
  { "far from 0", function() return plot({ 1e9, 1e9 + 1, 1e9 + 3 }, { height = 6 }) end },
  { "ranges that cut", function()
    return plot.xy { x = { 0, 10, 20, 30 }, y = { 0, 10, -10, 1 }, xrange = { 5, 25 },
      yrange = { -1, 1 }, height = 6 }
  end },
  { "bars", function()
    return plot.bars({ 3, -1, 2.5, 0, nan }, { names = { "one", "minus", "two and a half", "zero",
      "gap" }, title = "Bars", xlabel = "units" })
  end },
  { "a histogram", function() return plot.hist(normal(500), { title = "Normal" }) end },
  { "a histogram of few bins", function() return plot.hist({ 0, 1, 1, 2, 10 }, { bins = 2 }) end },
  { "a histogram of one value", function() return plot.hist { 7, 7, 7 } end },
  { "heat", function() return plot.heat(heat, { title = "A hill" }) end },
  { "heat of a large matrix", function()
    local rows = filled(100, function(r)
      return filled(300, function(c) return r * c end)
    end)
    return plot.heat(rows, { height = 8, width = 40, range = { 0, 20000 } })
  end },
  { "layers", function() return plot.graph(animals) end },
  { "a circle", function() return plot.graph(ring, { height = 12, width = 60 }) end },
  { "a graph as it is", function() return plot.graph(engram.graph.new(animals), { width = 50 }) end },
  { "forgetting", function()
    return plot.forgetting({ { curve = "savings" }, { half_life_s = 86400, name = "exponential" } },
      { human = { ages_s = ages_s, retention = kept, name = "Ebbinghaus 1885" } })
  end },
  { "forgetting over time", function()
    return plot.forgetting({ half_life_s = 600 }, { until_s = 3600, logx = false, height = 8 })
  end },
  { "wide characters", function()
    return plot.bars({ 1, 2 }, { names = { "記憶", "mémoire" }, title = "語", width = 30 })
  end },
}

local function all_pictures()
  local pieces = {}
  for i, picture in ipairs(pictures) do
    pieces[i] = ("== %s\n%s\n"):format(picture[1], tostring(picture[2]()))
  end
  return table.concat(pieces)
end

if arg and arg[1] == "--print" then
  io.write(all_pictures())
  return
end

local golden = support.read(support.srcdir .. "/t/data/plots.txt")
for name, text in golden:gmatch "== ([^\n]*)\n(.-\n)%f[=%z]" do
  for _, picture in ipairs(pictures) do
    if picture[1] == name then
      local drawn = tostring(picture[2]()) .. "\n"
      if not ok(drawn == text, name .. " is drawn as it was") then tap.note(drawn) end
    end
  end
end
is(all_pictures(), golden, "nothing else is drawn")
for _, mode in ipairs { "-joff", "-jon" } do
  is(support.run(("LC_ALL=C.UTF-8 COLUMNS=80 %s %s %s --print"):format(support.quote(support.program),
    mode, support.quote(support.srcdir .. "/t/plot.lua"))), golden, "with " .. mode .. " it is the same")
end

-- ---- width, characters, colours

-- The widest line of all pictures, and what no terminal shows without UTF-8.
local function widest()
  local most = 0
  for _, picture in ipairs(pictures) do
    for line in (tostring(picture[2]()) .. "\n"):gmatch "(.-)\n" do most = math.max(most, width.of(line)) end
  end
  return most
end
for _, columns in ipairs { 200, 80, 40, 24 } do
  set("COLUMNS", tostring(columns))
  local most = columns < 60 and 60 or columns -- some say their own width
  ok(widest() <= most, ("no line is wider than a terminal of %d columns"):format(columns))
end
set("COLUMNS", "30")
for line in (tostring(pictures[1][2]()) .. "\n"):gmatch "(.-)\n" do
  if width.of(line) > 30 then ok(false, "a plot fits into 30 columns") end
end
set("COLUMNS", "80")

set("LC_ALL", "C")
local plain = all_pictures():gsub("mémoire", ""):gsub("記憶", ""):gsub("語", "")
ok(not plain:find "[\128-\255]", "without UTF-8 a picture is ASCII")
is(tostring(plot({ 1, 3, 2 }, { height = 4, width = 20 })), table.concat({
  "3 +       .''..", "  |     .'     ''..", "2 +  .''           '", "1 +.'", "  ++-------+-------+",
  "   1       2       3",
}, "\n"), "drawn by dots and quotes")
is(plot.spark { 1, 2, 3, 4, 5, 6, 7, 8 }, "_.-~=+*#", "so is a sparkline")
set("LC_ALL", "")
set("LC_CTYPE", "de_DE.utf8")
is(plot.spark { 0, 1 }, "▁█", "the locale may stand in LC_CTYPE")
set("LC_CTYPE", "")
set("LANG", "en_US.UTF-8")
is(plot.spark { 0, 1 }, "▁█", "or in LANG")
set("LC_ALL", "C.UTF-8")

set("ENGRAM_COLOR", "always")
local coloured = tostring(pictures[2][2]())
ok(coloured:find("\27[35m", 1, true) and coloured:find("\27[32m", 1, true), "series have colours")
is(coloured:gsub("\27%[%d+m", ""), (function()
  set("ENGRAM_COLOR", "never")
  return tostring(pictures[2][2]())
end)(), "which change nothing else")
set("ENGRAM_COLOR", "always")
ok(pictures[2][2]():save(path "colour.txt"), "a coloured plot is saved")
set("ENGRAM_COLOR", "never")
is(support.read(path "colour.txt"), tostring(pictures[2][2]()) .. "\n", "as text without colours")

-- ---- any numbers

local special = { 0, 1, -1, 1e308, -1.7976931348623157e308, 1.7976931348623157e308, 5e-324, -5e-324,
  1e-300, 1e15, 1e15 + 1, 999999.5, nan, inf, -inf }
local failures, too_wide = {}, 0
for seed = 1, 500 do
  local r = engram.rng(seed)
  local function number()
    local kind = r:below(3)
    return kind == 0 and special[r:below(#special) + 1]
      or kind == 1 and r:normal() or r:normal() * pow(10, r:below(616) - 308)
  end
  local function maybe(x) return r:below(2) == 0 and x or nil end
  local function range()
    local low, high = number(), number()
    return low - low == 0 and high - high == 0 and low < high and { low, high } or nil
  end
  local n, columns, rows = r:below(6) + 1, r:below(100) + 20, r:below(20) + 2
  local x, y = filled(n, number), filled(n, number)
  local function draw()
    local kind = r:below(6)
    if kind == 3 then return plot.bars(y, { width = columns }) end
    if kind == 4 then return plot.hist(y, { width = columns, bins = maybe(r:below(1000) + 1) }) end
    if kind == 5 then return plot.heat({ x, y }, { width = columns, height = rows, range = range() }) end
    return plot.xy { { x = maybe(x), y = y, style = maybe "points" },
      maybe { y = filled(4, number), name = "q" }, logx = maybe(true), logy = maybe(true),
      xrange = range(), yrange = range(), width = columns, height = rows }
  end
  local drawn, text = pcall(function() return tostring(draw()) end)
  local is_refusal = tostring(text):find "bad argument" or tostring(text):find "no point to draw"
  if not drawn and not is_refusal then failures[#failures + 1] = seed .. ": " .. text end
  for line in ((drawn and text or "") .. "\n"):gmatch "(.-)\n" do
    if width.of(line) > columns then too_wide = too_wide + 1 end
  end
end
is(table.concat(failures, "\n"), "", "any numbers are drawn or refused")
is(too_wide, 0, "and no line is wider than said")

-- ---- sparklines

is(plot.spark { 1, 2, 4, 8 }, "▁▂▄█", "a sparkline is as high as its values")
is(plot.spark({ 0, 0, 9, 0, 0, 0, 0, -9 }, 4), "▅█▅▁", "what shares a column is the one furthest from 0")
is(plot.spark { 1, nan, 2 }, "▁ █", "NaN is a blank")
is(plot.spark { -1e308, 1e308, inf }, "▁█ ", "the range may be as large as numbers are")
is(plot.spark(engram.vec { 5, 5 }), "▁▁", "equals are low")
is(plot.spark {}, "", "nothing is nothing")
is(plot.spark(filled(200, function() return 1 end)), ("▁"):rep(80), "it is at most as wide as the terminal")
refuses(function() plot.spark({ 1 }, -1) end,
  "bad argument #2 to 'plot.spark' (a count of columns expected, got number -1)", "columns are a count")

-- ---- what is refused

refuses(function() plot {} end, "bad argument 'y' to 'engram.plot' (at least one number expected, got number 0)",
  "nothing cannot be drawn")
refuses(function() plot { nan, inf } end, "engram.plot: there is no point to draw, only what is not finite",
  "nor what is not finite")
refuses(function() plot({ 0, -1 }, { logy = true }) end,
  "only what is not finite, or not above 0 on a logarithmic axis", "nor what has no logarithm")
refuses(function() plot.xy { x = { 1, nan }, y = { nan, 1 } } end, "plot.xy: there is no point to draw",
  "a point has two coordinates")
refuses(function() plot "x" end, "'y' to 'engram.plot' (a vec, a table of numbers", "text is no series")
refuses(function() plot({ 1 }, { titel = "x" }) end, "unknown option 'titel' to 'engram.plot' (known: height, logx,",
  "unknown options are said")
refuses(function() plot({ 1 }, { title = 5 }) end,
  "bad argument 'title' to 'engram.plot' (a string expected, got number 5)", "a title is text")
refuses(function() plot({ 1 }, { width = 5 }) end, "'width' to 'engram.plot' (a count, 20 .. 1000, expected",
  "a width has bounds")
refuses(function() plot({ 1 }, { height = 1 }) end, "'height' to 'engram.plot' (a count, 2 .. 1000, expected",
  "so has a height")
refuses(function() plot({ 1 }, { logx = 1 }) end, "'logx' to 'engram.plot' (true or false expected",
  "logx is a switch")
refuses(function() plot({ 1 }, { style = "dots" }) end,
  "'style' to 'engram.plot' (\"lines\" or \"points\" expected, got string \"dots\")", "there are two styles")
refuses(function() plot({ 1 }, { xrange = { 2, 1 } }) end,
  "'xrange' to 'engram.plot' (two numbers, the smaller first, expected", "a range ascends")
refuses(function() plot({ 1 }, { yrange = { 0, 1 }, logy = true }) end,
  "'yrange' to 'engram.plot' (a range above 0 expected", "a logarithmic one is above 0")
refuses(function() plot.xy { { y = { 1 } }, y = { 1 } } end,
  "'y' to 'plot.xy' (either y or a list of series expected", "one series or a list")
refuses(function() plot.xy {} end, "#1 to 'plot.xy' (at least one series expected", "one at least")
refuses(function() plot.xy { 5 } end, "#1 to 'plot.xy' (a series at 1 expected, got number 5)",
  "that is a table")
refuses(function() plot.xy { { y = { 1 }, z = 1 } } end,
  "unknown option 'z' to 'plot.xy' (known: name, style, x, y)", "of known names")
refuses(function() plot.xy { x = { 1 }, y = { 1, 2 } } end,
  "bad argument 'x' to 'plot.xy' (2 numbers expected, got number 1)", "as long in x as in y")
refuses(function() plot.xy(5) end, "#1 to 'plot.xy' (a table of series and options expected",
  "xy takes a table")
refuses(function() plot.bars {} end, "#1 to 'plot.bars' (at least one finite number expected",
  "no bars of nothing")
refuses(function() plot.bars({ 1 }, { names = { "a", "b" } }) end,
  "'names' to 'plot.bars' (1 names expected, got number 2)", "a name for each bar")
refuses(function() plot.bars({ 1 }, { names = { {} } }) end, "'names' to 'plot.bars' (a name at 1 expected",
  "which is text or a number")
refuses(function() plot.bars({ 1 }, { names = 5 }) end, "'names' to 'plot.bars' (a list expected",
  "in a list")
refuses(function() plot.hist { nan } end, "#1 to 'plot.hist' (at least one finite number expected",
  "no counts of NaN")
refuses(function() plot.hist({ 1 }, { bins = 0 }) end, "'bins' to 'plot.hist' (a count, 1 .. 1000, expected",
  "no bins are none")
refuses(function() plot.heat(5) end, "#1 to 'plot.heat' (a matrix, or a table of rows expected",
  "heat is of rows")
refuses(function() plot.heat { { 1, 2 }, { 3 } } end, "#1 to 'plot.heat' (row 2 of length 2 expected, got number 1)",
  "of one length")
refuses(function() plot.heat { {} } end, "#1 to 'plot.heat' (at least one number expected",
  "with something in them")
refuses(function() plot.heat { { nan } } end, "#1 to 'plot.heat' (at least one finite number expected",
  "that is finite")
refuses(function() plot.graph(5) end, "#1 to 'plot.graph' (a graph, or a table of edges expected",
  "a graph has edges")
refuses(function() plot.graph {} end, "#1 to 'plot.graph' (at least one node expected", "and nodes")
refuses(function() plot.graph { 1 } end, "#1 to 'plot.graph' (an edge at 1 expected", "an edge is a table")
refuses(function() plot.graph { { 1, {} } } end, "#1 to 'plot.graph' (an id or a name in edge 1 expected",
  "of ids or names")
refuses(function() plot.graph(filled(41, function(i) return { i, i } end)) end,
  "#1 to 'plot.graph' (at most 40 nodes expected, got number 41)", "at most 40 nodes")
local many = engram.graph.new { { 0, 40 } }
refuses(function() plot.graph(many) end, "(at most 40 nodes expected, got number 41)", "of a graph too")
refuses(function() plot.graph(ring, { layout = "tree" }) end,
  "'layout' to 'plot.graph' (\"circle\" or \"layers\" expected", "there are two layouts")
ok(tostring(plot.graph(ring, { layout = "layers" })) ~= tostring(plot.graph(ring)), "which differ")
local passing = plot.graph { { "a", "b" }, { "b", "c" }, { "a", "c" } }
ok(passing.places[1][1] == passing.places[3][1] and passing.places[2][1] ~= passing.places[1][1],
  "an edge that passes a layer passes beside its nodes")
local told = tostring(plot.forgetting { { half_life_s = 9 }, { unit_s = 9, beta = 1 } })
ok(told:find "exponential.*power", "laws without names are told apart by their curves")
refuses(function() plot.forgetting(5) end, "#1 to 'plot.forgetting' (a law, or a list of them expected",
  "laws are tables")
refuses(function() plot.forgetting { 5 } end, "#1 to 'plot.forgetting' (a law, or a list of them expected",
  "in a list too")
refuses(function() plot.forgetting({ half_life_s = 1, name = 5 }) end, "'name' to 'plot.forgetting' (a string expected",
  "their names are text")
refuses(function() plot.forgetting { half_life_s = -1 } end, "'half_life_s' to 'engram.decay'",
  "what decay refuses is refused")
refuses(function() plot.forgetting({ half_life_s = 1 }, { until_s = 0 }) end,
  "'until_s' to 'plot.forgetting' (a number > 0 expected", "time goes on")
refuses(function() plot.forgetting({ half_life_s = 1 }, { human = { ages = {} } }) end,
  "unknown option 'ages' to 'plot.forgetting' (known: ages_s, name, retention)", "points have names")

-- ---- files

local figure = plot({ 1, 3, 2 }, { title = "a" })
ok(figure:save(path "plain.txt"), "a plot is saved as text")
is(support.read(path "plain.txt"), tostring(figure) .. "\n", "which is its picture")
refuses(function() figure:save "x.gif" end,
  "bad argument #1 to 'figure:save' (a path that ends in .svg, .png or .txt expected, got string \"x.gif\")",
  "a file is one of three kinds")
refuses(function() figure:save() end, "(a path that ends in .svg, .png or .txt expected, got nil)",
  "and has a name")
refuses(function() figure.save "x.txt" end, "call it as figure:save(...), with a colon",
  "a colon is asked for")
local nothing, why = figure:save(path "none/x.txt")
ok(nothing == nil and why.name == "EIO" and why.path == path "none/x.txt" and tostring(why):find "none/x.txt",
  "where there is no folder there is an error with the path")

local quoted = support.quote(support.program)
local out = support.run(("PATH=/nonexistent %s -e %s"):format(quoted,
  support.quote("local _, why = require('engram').plot({1}):save('" .. path "x.svg" .. "') print(why)")))
is(out, path "x.svg" .. ": gnuplot is not installed (Debian: gnuplot-nox)\n", "without gnuplot its package is named")

local installed = os.execute "command -v gnuplot >/dev/null 2>&1" == 0
if installed then
  local heads = { svg = '<?xml version="1.0"', png = "\137PNG\r\n\26\n" }
  for way, head in pairs(heads) do
    local broken = {}
    for i, picture in ipairs(pictures) do
      local at = path(("%d.%s"):format(i, way))
      local saved, failure = picture[2]():save(at)
      if not saved or support.read(at):sub(1, #head) ~= head then
        broken[#broken + 1] = picture[1] .. ": " .. tostring(failure)
      end
    end
    is(table.concat(broken, "\n"), "", ("every plot is saved as %s"):format(way:upper()))
  end

  -- What gnuplot or a shell would take for more than text.
  local marker = path "injected"
  local attempts = { "'; system 'touch " .. marker .. "'; '", "`touch " .. marker .. "`",
    "\"\nsystem \"touch " .. marker .. "\"\n", "$(touch " .. marker .. ")", "\\", "'", "''",
    "%g%s%", "a\nEND\nsystem 'touch " .. marker .. "'\n", "@x _{b} ^2 %s <&>", "\0\1\127" }
  for _, text in ipairs(attempts) do
    local good = plot.xy { { y = { 1, 2 }, name = text }, { y = { 2, 1 }, name = text }, title = text,
      xlabel = text, ylabel = text }:save(path "hostile.svg")
      and plot.bars({ 1, 2 }, { names = { text, "b" }, title = text }):save(path "hostile.svg")
      and plot.graph({ { text, "b" } }, { title = text }):save(path "hostile.svg")
    ok(good and not io.open(marker), ("the text %s stays text"):format(text:gsub("%c", " ")))
  end
  plot.bars({ 1, 2 }, { title = "it's <b> & x_1", names = { "100 %", "%d" } }):save(path "text.svg")
  local drawn = support.read(path "text.svg")
  ok(drawn:find("it's &lt;b> &amp; x_1", 1, true) and drawn:find("100 %<", 1, true)
    and drawn:find("%d<", 1, true), "text arrives as it was written")

  ok(drawn:find("> 0.5<", 1, true) and drawn:find("> 2<", 1, true), "so do the numbers at an axis")
  plot({ -0.5, 0.5 }, { title = ("word "):rep(30) }):save(path "text.svg")
  drawn = support.read(path "text.svg")
  ok(drawn:find(">-0.4<", 1, true), "with their sign")
  ok(not drawn:find(("word "):rep(20), 1, true) and select(2, drawn:gsub("word", "")) == 30,
    "a long title has several lines")
  plot.hist({ 1, 1, 2, 2, 3, 3, 3 }, { bins = 3 }):save(path "text.svg")
  ok(support.read(path "text.svg"):find("> 0<", 1, true), "bars stand on 0")
  plot.heat { { 1, 2 }, { 3, 4 } }:save(path "text.svg")
  ok(not support.read(path "text.svg"):find(">0.5<", 1, true), "rows and columns are whole numbers")

  local strange = path "it's; touch x `y` $z.svg"
  ok(figure:save(strange) and support.read(strange):find("<svg", 1, true), "a path may have anything in it")
  nothing, why = figure:save(path "none/x.png")
  ok(nothing == nil and why.name == "EIO", "where there is no folder there is an error")
  support.write(path "kept.svg", "as it was")
  local tools = path "tools"
  os.execute(("mkdir %s && printf '#!/bin/sh\\necho half; echo \"no such terminal\" >&2; exit 3\\n' >%s/gnuplot "
    .. "&& chmod +x %s/gnuplot"):format(tools, tools, tools))
  set("PATH", tools .. ":" .. os.getenv "PATH")
  nothing, why = figure:save(path "kept.svg")
  ok(nothing == nil and tostring(why):find("gnuplot failed: no such terminal", 1, true),
    "what gnuplot says when it fails is told")
  is(support.read(path "kept.svg"), "as it was", "and the file that was there stays")
  is(#support.lines("ls " .. path "" .. " | grep part"), 0, "nothing else is left behind")
else
  tap.skip("plots are saved as SVG and PNG", "gnuplot is not installed")
end

support.done()
