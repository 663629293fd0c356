-- engram.gnuplot: plots as SVG and PNG files, drawn by gnuplot, a program of its own that reads a
-- script from a file.
local arguments = require "engram.arguments"
local axis = require "engram.axis"
local files = require "engram.files"
local width = require "engram.width"

local gnuplot = {}

local word = arguments.quoted

-- A text of a user as one of gnuplot's: in single quotes, where nothing is a command, a macro or the
-- number of a character; those it has itself stand between double ones.
local function quoted(text)
  return "'" .. width.line(text):gsub("'", "' . \"'\" . '") .. "'"
end

local LETTERS = 72 -- of a line of a title
local NAME = 24 -- of what stands aslant

-- A long text in lines.
local function quoted_lines(text)
  local lines = {}
  for line in width.wrapped(text, LETTERS):gmatch "[^\n]+" do lines[#lines + 1] = quoted(line) end
  return table.concat(lines, ' . "\\n" . ')
end

local function number(x)
  return ("%.17g"):format(x)
end

local terminals = {
  svg = "set terminal svg size 800,480 noenhanced background rgb 'white'",
  png = "set terminal pngcairo size 1600,960 fontscale 1.6 linewidth 2 pointscale 1.5 noenhanced",
}

local function add(script, text, ...)
  script[#script + 1] = text:format(...)
end

-- Lines of data under a name; a list that is empty parts them, as a gap.
local function add_data(script, name, rows)
  add(script, "$%s << END", name)
  for _, row in ipairs(rows) do
    local words = {}
    for i, x in ipairs(row) do words[i] = number(x) end
    script[#script + 1] = table.concat(words, " ")
  end
  add(script, "END")
end

-- Texts of ticks are formats, in which %% is a percent sign.
local function add_ticks(script, name, values, texts)
  local list = {}
  for i, value in ipairs(values) do
    list[i] = quoted(texts[i]:gsub("%%", "%%%%")) .. " " .. number(value)
  end
  add(script, "set %stics (%s)", name, table.concat(list, ", "))
end

local kinds = {}

function kinds.curves(figure, script)
  for _, name in ipairs { "x", "y" } do
    local a = figure[name]
    if a.log then add(script, "set logscale %s", name) end
    add(script, "set %srange [%s:%s]", name, number(a.low), number(a.high))
    add_ticks(script, name, a:ticks())
  end
  local parts = {}
  for i, series in ipairs(figure.series) do
    local rows = {}
    for j = 0, series.n - 1 do
      local x, y = series.x[j], series.y[j]
      rows[j + 1] = figure.x:share(x) and figure.y:share(y) and { x, y } or {}
    end
    add_data(script, "series" .. i, rows)
    local name = series.name or #figure.series > 1 and "series " .. i
    parts[i] = ("$series%d using 1:2 with %s %s"):format(i,
      series.style == "lines" and "lines linewidth 2" or "points pointtype 7 pointsize 1.2",
      name and "title " .. quoted(name) or "notitle")
  end
  add(script, "plot %s", table.concat(parts, ", "))
end

function kinds.bars(figure, script)
  local rows, places, names, below, above = {}, {}, {}, false, false
  for i, value in ipairs(figure.values) do
    places[i], names[i] = i, width.clipped(figure.names[i], NAME)
    rows[i] = value - value == 0 and { i, value } or {}
    below, above = below or value < 0, above or value > 0
  end
  add_data(script, "bars", rows)
  add(script, "set style fill solid 0.7")
  add(script, "set boxwidth 0.8")
  add(script, "set xrange [0.4:%d.6]", #rows)
  if not (below and above) then add(script, "set yrange [%s]", below and "*:0" or "0:*") end
  add_ticks(script, "x", places, names)
  add(script, "set xtics rotate by -35")
  add(script, "set xzeroaxis linetype -1")
  add(script, "plot $bars using 1:2 with boxes notitle")
end

function kinds.heat(figure, script)
  local cells = {}
  for r = 0, figure.rows - 1 do
    for c = 0, figure.columns - 1 do
      local value = figure.at(r, c)
      if value - value == 0 then cells[#cells + 1] = { c + 1, r + 1, value } end
    end
  end
  add_data(script, "cells", cells)
  add(script, "set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', "
    .. "4 '#fde725')")
  local scale = axis.new(figure.low, figure.high, {})
  add(script, "set cbrange [%s:%s]", number(scale.low), number(scale.high))
  add(script, "set xrange [0.5:%d.5]", figure.columns)
  add(script, "set yrange [%d.5:0.5]", figure.rows)
  add_ticks(script, "x", axis.new(1, figure.columns, { most = 8, whole = true }):ticks())
  add_ticks(script, "y", axis.new(1, figure.rows, { most = 8, whole = true }):ticks())
  add(script, "set boxwidth 1")
  add(script, "set style fill solid noborder")
  add(script, "plot $cells using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 "
    .. "with boxxyerror fillcolor palette notitle")
end

function kinds.graph(figure, script)
  add(script, "unset border")
  add(script, "unset xtics")
  add(script, "unset ytics")
  add(script, "set xrange [-0.1:1.1]")
  add(script, "set yrange [1.1:-0.1]")
  add(script, "set style textbox opaque noborder fillcolor 'white'")
  local rows = {}
  for _, edge in ipairs(figure.edges) do
    local from, to = figure.places[edge[1]], figure.places[edge[2]]
    local dx, dy = to[1] - from[1], to[2] - from[2]
    local length = math.sqrt(dx * dx + dy * dy)
    local share = math.max(0.5, 1 - 0.06 / math.max(length, 1e-9)) -- up to where the name begins
    rows[#rows + 1] = { from[1], from[2], dx * share, dy * share }
  end
  for i, name in ipairs(figure.names) do
    add(script, "set label %d %s at %s,%s center front boxed", i, quoted(name),
      number(figure.places[i][1]), number(figure.places[i][2]))
  end
  if #rows == 0 then rows[1] = { 0, 0, 0, 0 } end -- without data gnuplot draws nothing
  add_data(script, "edges", rows)
  add(script, "plot $edges using 1:2:3:4 with vectors head filled linecolor rgb '#888888' notitle")
end

local linetypes = { "#1f5fa8", "#c43c39", "#2e8b57", "#d18f1a", "#7a4fa3", "#3a9fb5" }

local function script_of(figure, way)
  local script = { "set encoding utf8", terminals[way], "set border 3",
    "set xtics nomirror", "set ytics nomirror", "set key bmargin center horizontal height 1" }
  for i, colour in ipairs(linetypes) do
    add(script, "set linetype %d linecolor rgb '%s'", i, colour)
  end
  for _, name in ipairs { "title", "xlabel", "ylabel" } do
    if figure[name] then add(script, "set %s %s", name, quoted_lines(figure[name])) end
  end
  kinds[figure.kind](figure, script)
  return table.concat(script, "\n") .. "\n"
end

local function text_of(path)
  local file = io.open(path, "rb")
  local text = file and file:read(4096) or ""
  if file then file:close() end
  return text
end

local function put(path, text)
  local file, reason = io.open(path, "wb")
  if not file then return false, reason end
  local written, why = file:write(text)
  local closed = file:close()
  return written and closed, why
end

-- What gnuplot makes of a script, into a file; or false and why not.
local function run(script, aside)
  local from, said = os.tmpname(), os.tmpname()
  local good, reason = put(aside, "")
  if good then good, reason = put(from, script) end
  if good then
    good = os.execute(("gnuplot -d %s >%s 2>%s"):format(word(from), word(aside), word(said))) == 0
    reason = "gnuplot failed: " .. width.line(text_of(said)):gsub("%s+", " ")
  end
  os.remove(from)
  os.remove(said)
  return good, reason
end

-- gnuplot.save(figure, path, "svg" | "png") -> true, or nil and a failure
function gnuplot.save(figure, path, way)
  if os.execute "command -v gnuplot >/dev/null 2>&1" ~= 0 then
    return files.failed(path, path .. ": gnuplot is not installed (Debian: gnuplot-nox)")
  end
  return files.make(path, function(aside) return run(script_of(figure, way), aside) end)
end

return gnuplot
