-- engram.plot: pictures of numbers, in the terminal and as files.
local ffi = require "ffi"
local axis = require "engram.axis"
local check = require "engram.check"
local numbers = require "engram.numbers"
local terminal = require "engram.terminal"
local types = require "engram.types"
local vec = require "engram.vec"
local width = require "engram.width"

local plot = {}

-- ---- a plot

local Figure = {}
Figure.__index = Figure

-- The picture as lines of text: as wide as the terminal unless told, coloured where paint does so.
local function lines_of(self, paint)
  return require("engram.picture")[self.kind](self, { columns = self.width or terminal.columns(),
    rows = self.height, utf8 = terminal.utf8(), paint = paint })
end

local function on_stdout(colour, text) return terminal.paint(io.stdout, colour, text) end
local function plain(_, text) return text end

function Figure:__tostring()
  return table.concat(lines_of(self, on_stdout), "\n")
end

-- figure:save(path) -> true, or nil and what went wrong. The end of the path says how: .svg, .png
-- or .txt.
function Figure:save(path)
  local fname = "figure:save"
  check.self(getmetatable(self) == Figure, fname)
  local way = type(path) == "string" and path:match "%.(%l+)$"
  check.arg(way == "svg" or way == "png" or way == "txt", fname, 1,
    "a path that ends in .svg, .png or .txt", path)
  if way ~= "txt" then return require("engram.gnuplot").save(self, path, way) end
  local text = table.concat(lines_of(self, plain), "\n") .. "\n"
  return require("engram.files").write(path, function()
    local all = text
    text = nil
    return all
  end)
end

-- ---- options

local of_axes = { title = "text", width = "columns", height = "rows", xlabel = "text",
  ylabel = "text", logx = "switch", logy = "switch", xrange = "range", yrange = "range" }

local function is_range(x)
  if type(x) ~= "table" or #x ~= 2 then return false end
  return check.finite(x[1]) and check.finite(x[2]) and x[1] < x[2]
end

local kinds = {
  text = { "a string", function(x) return type(x) == "string" end },
  columns = { "a count, 20 .. 1000,", function(x)
    return check.count(x) and x >= 20 and x <= 1000
  end },
  rows = { "a count, 2 .. 1000,", function(x) return check.count(x) and x >= 2 and x <= 1000 end },
  switch = { "true or false", function(x) return type(x) == "boolean" end },
  range = { "two numbers, the smaller first,", is_range },
  list = { "a list", check.list },
  bins = { "a count, 1 .. 1000,", function(x) return check.count(x) and x >= 1 and x <= 1000 end },
  style = { "\"lines\" or \"points\"", function(x) return x == "lines" or x == "points" end },
  layout = { "\"circle\" or \"layers\"", function(x) return x == "circle" or x == "layers" end },
}

-- A figure with what options say of it, checked; known names the kind of each, and some besides.
local function figure_of(kind, options, known, fname, besides)
  local names = {}
  for name in pairs(known) do names[name] = check.none end
  for name in pairs(besides or {}) do names[name] = check.none end
  local o = check.options(options, names, fname)
  local figure = setmetatable({ kind = kind }, Figure)
  for name, what in pairs(known) do
    local value = o[name]
    check.arg(value == nil or kinds[what][2](value), fname, name, kinds[what][1], value)
    figure[name] = type(value) == "string" and width.line(value) or value
  end
  return figure, o
end

-- names as text, one for each of n, or their numbers
local function names_of(list, n, fname)
  local names = {}
  check.arg(list == nil or #list == n, fname, "names", ("%d names"):format(n), list and #list)
  for i = 1, n do
    local name = list and list[i] or i
    check.arg(type(name) == "string" or type(name) == "number", fname, "names",
      ("a name at %d"):format(i), name)
    names[i] = width.line(tostring(name))
  end
  return names
end

local heights = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local marks = { "_", ".", "-", "~", "=", "+", "*", "#" } -- without UTF-8

-- The least and the greatest of n values that are finite, or nil.
local function range_of(values, n)
  local low, high
  for i = 0, n - 1 do
    local x = values[i]
    if check.finite(x) then low, high = math.min(low or x, x), math.max(high or x, x) end
  end
  return low, high
end

-- plot.spark(values [, columns]) -> a line of at most so many characters, as high as the values are
-- between the least and the greatest. Of those that share a column the one furthest from 0 is
-- shown; what is not finite is a blank.
function plot.spark(values, columns)
  local fname = "plot.spark"
  local x, n = numbers.doubles(values, fname, 1)
  columns = columns or terminal.columns()
  check.arg(check.count(columns), fname, 2, "a count of columns", columns)
  columns = math.min(columns, n)
  local levels, line = terminal.utf8() and heights or marks, {}
  local low, high = range_of(x, n)
  for c = 0, columns - 1 do
    local shown
    for i = math.floor(c * n / columns), math.floor((c + 1) * n / columns) - 1 do
      if check.finite(x[i]) and math.abs(x[i]) >= math.abs(shown or 0) then shown = x[i] end
    end
    -- halves, since the whole range may be beyond that of a number
    local share = high ~= low and shown and (shown / 2 - low / 2) / (high / 2 - low / 2) or 0
    line[c + 1] = shown and levels[math.floor(share * 7 + 0.5) + 1] or " "
  end
  return table.concat(line)
end

-- ---- curves

local function has_place(x, log)
  return check.finite(x) and (x > 0 or not log)
end

-- A point that one of the axes has no place for is a gap.
local function keep_places(figure, series)
  for i = 0, series.n - 1 do
    if not (has_place(series.x[i], figure.logx) and has_place(series.y[i], figure.logy)) then
      series.x[i], series.y[i] = 0 / 0, 0 / 0
    end
  end
end

-- The axis of all series, for one of their coordinates.
local function axis_of(figure, key, fname, options)
  local low, high
  local log, range = figure["log" .. key] or false, figure[key .. "range"]
  for _, series in ipairs(figure.series) do
    local l, h = range_of(series[key], series.n)
    if l then low, high = math.min(low or l, l), math.max(high or h, h) end
  end
  if not low then
    check.raise("%s: there is no point to draw, only what is not finite%s", fname,
      (figure.logx or figure.logy) and ", or not above 0 on a logarithmic axis" or "")
  end
  if range then
    check.arg(not log or range[1] > 0, fname, key .. "range", "a range above 0", range[1])
    low, high = range[1], range[2]
  end
  options.log, options.wide = log, options.wide and not range
  return axis.new(low, high, options)
end

local function finish_curves(figure, fname)
  local rows = figure.height or 16
  local counted = true
  for _, series in ipairs(figure.series) do
    keep_places(figure, series)
    counted = counted and series.counted
  end
  figure.x = axis_of(figure, "x", fname, { most = 8, whole = counted })
  figure.y = axis_of(figure, "y", fname, { most = math.max(2, math.floor(rows / 3)), wide = true })
  return figure
end

local series_known = { name = "text", style = "style" }

local function series_of(given, fname)
  local series, o = figure_of("series", given, series_known, fname, { x = true, y = true })
  local y, n = numbers.doubles(o.y, fname, "y")
  check.arg(n > 0, fname, "y", "at least one number", n)
  local x, m = ffi.new("double[?]", n), n
  if o.x ~= nil then
    x, m = numbers.doubles(o.x, fname, "x")
  else
    for i = 0, n - 1 do x[i] = i + 1 end
  end
  check.arg(m == n, fname, "x", ("%d numbers"):format(n), m)
  return { x = x, y = y, n = n, counted = o.x == nil, name = series.name,
    style = series.style or "lines" }
end

-- plot.xy { x =, y = } | { { x =, y =, name =, style = }, ..; title =, logx =, .. } -> figure
function plot.xy(options)
  local fname = "plot.xy"
  check.arg(type(options) == "table", fname, 1, "a table of series and options", options)
  local list, rest = {}, {}
  for key, value in pairs(options) do
    if type(key) ~= "number" then rest[key] = value end
  end
  for i = 1, #options do list[i] = options[i] end
  local figure = figure_of("curves", rest, of_axes, fname,
    { x = true, y = true, name = true, style = true })
  if rest.y ~= nil then
    check.arg(#list == 0, fname, "y", "either y or a list of series", rest.y)
    list[1] = { x = rest.x, y = rest.y, name = rest.name, style = rest.style }
  end
  check.arg(#list > 0, fname, 1, "at least one series", options)
  figure.series = {}
  for i, one in ipairs(list) do
    check.arg(type(one) == "table", fname, 1, ("a series at %d"):format(i), one)
    figure.series[i] = series_of(one, fname)
  end
  return finish_curves(figure, fname)
end

-- plot(y [, options]) -> figure: values over their positions
function plot.new(y, options)
  local fname = "engram.plot"
  local figure, o = figure_of("curves", options, of_axes, fname,
    { name = true, style = true })
  figure.series = { series_of({ y = y, name = o.name, style = o.style }, fname) }
  return finish_curves(figure, fname)
end

local units = { { "days", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } }
local SAMPLES = 200 -- of a law
local DECADES = 1000 -- on a logarithmic axis the curves begin at this part of their end

-- How long and in which unit: as said, or as the points need.
local function time_axis(o, human, fname)
  local low, high
  if human then low, high = range_of(human.x, human.n) end
  local until_s = o.until_s or high or 30 * 86400
  check.arg(check.finite(until_s) and until_s > 0, fname, "until_s", "a number > 0", until_s)
  local from_s = o.logx and (low and low > 0 and math.min(low / 2, until_s / 10)
    or until_s / DECADES) or 0
  for _, unit in ipairs(units) do
    if until_s >= 2 * unit[2] or unit[2] == 1 then return from_s, until_s, unit[1], unit[2] end
  end
end

-- What a law leaves at times from one to another, evenly over the axis.
local function law_series(law, from_s, until_s, unit, log, fname)
  check.arg(type(law) == "table", fname, 1, "a law, or a list of them", law)
  local math_of = require "engram.math"
  local ages, x, options = ffi.new("double[?]", SAMPLES), ffi.new("double[?]", SAMPLES), {}
  for i = 0, SAMPLES - 1 do
    local share = i / (SAMPLES - 1)
    ages[i] = log and from_s * math_of.pow(until_s / from_s, share) or until_s * share
    x[i] = ages[i] / unit
  end
  for key, value in pairs(law) do
    if key ~= "name" then options[key] = value end
  end
  local left = require("engram.decay").apply(vec.new(SAMPLES):fill(1), ages, options)
  local name = law.name or law.curve
  check.arg(name == nil or type(name) == "string", fname, "name", "a string", name)
  local y = numbers.doubles(left, fname, 1)
  return { x = x, y = y, n = SAMPLES, name = name and width.line(name), style = "lines" }
end

-- plot.forgetting(law or { laws } [, { human = { ages_s =, retention =, name = }, until_s =, .. }])
-- -> figure: what laws of forgetting leave over time, and what people kept
function plot.forgetting(laws, options)
  local fname = "plot.forgetting"
  check.arg(type(laws) == "table", fname, 1, "a law, or a list of them", laws)
  local figure, o = figure_of("curves", options, of_axes, fname, { human = true, until_s = true })
  if figure.logx == nil then figure.logx = true end
  local human
  if o.human ~= nil then
    local points = check.options(o.human, { ages_s = check.none, retention = check.none,
      name = "people" }, fname)
    human = series_of({ x = points.ages_s, y = points.retention, name = points.name,
      style = "points" }, fname)
  end
  local from_s, until_s, unit, seconds = time_axis({ logx = figure.logx, until_s = o.until_s },
    human, fname)
  figure.series = {}
  for i, law in ipairs(laws[1] ~= nil and laws or { laws }) do
    local series = law_series(law, from_s, until_s, seconds, figure.logx, fname)
    if laws[2] or human then -- curves that are told apart
      series.name = series.name or law.beta and "power" or "exponential"
    end
    figure.series[i] = series
  end
  if human then
    for i = 0, human.n - 1 do human.x[i] = human.x[i] / seconds end
    figure.series[#figure.series + 1] = human
  end
  figure.xlabel = figure.xlabel or unit
  figure.ylabel = figure.ylabel or "retention"
  figure.yrange = figure.yrange or not figure.logy and { 0, 1 } or nil
  return finish_curves(figure, fname)
end

-- ---- bars

local function list_of(values, n)
  local list = {}
  for i = 1, n do list[i] = values[i - 1] end
  return list
end

-- plot.bars(values [, { names =, title =, .. }]) -> figure
function plot.bars(values, options)
  local fname = "plot.bars"
  local figure, o = figure_of("bars", options,
    { title = "text", width = "columns", xlabel = "text", names = "list" }, fname)
  local x, n = numbers.doubles(values, fname, 1)
  check.arg(range_of(x, n), fname, 1, "at least one finite number", n)
  figure.values, figure.names = list_of(x, n), names_of(o.names, n, fname)
  return figure
end

-- plot.hist(values [, { bins =, title =, .. }]) -> figure: how many lie in each interval
function plot.hist(values, options)
  local fname = "plot.hist"
  local figure, o = figure_of("bars", options,
    { title = "text", width = "columns", xlabel = "text", bins = "bins" }, fname)
  local x, n = numbers.doubles(values, fname, 1)
  local low, high = range_of(x, n)
  check.arg(low, fname, 1, "at least one finite number", n)
  local bins, covered = o.bins, 1
  if not bins then -- Sturges 1926: one more than the logarithm of their number to base 2
    bins = 1
    while covered < n do covered, bins = covered * 2, bins + 1 end
  end
  local range = axis.new(low, high, {})
  local step = axis.step(range.low, range.high, bins)
  local first = step:before(low)
  local count = math.max(1, step:behind(high) - first)
  local edges, counts = {}, {}
  for i = 0, count do
    edges[i + 1] = math.max(-axis.most, math.min(axis.most, step:value(first + i)))
  end
  for i = 1, count do counts[i] = 0 end
  for i = 0, n - 1 do
    if check.finite(x[i]) then
      local bin = math.max(1, math.min(count, step:before(x[i]) - first + 1))
      counts[bin] = counts[bin] + 1
    end
  end
  local texts, names = step:texts(edges), {}
  for i = 1, count do names[i] = texts[i] .. " .. " .. texts[i + 1] end
  figure.values, figure.names, figure.bins = counts, names, nil
  return figure
end

-- ---- heat

-- plot.heat(matrix or table of rows [, { range = { low, high }, title =, .. }]) -> figure
function plot.heat(m, options)
  local fname = "plot.heat"
  local figure = figure_of("heat", options,
    { title = "text", width = "columns", height = "rows", range = "range" }, fname)
  local rows, columns, doubles
  if vec.matrix.is(m) then
    rows, columns = m.rows, m.dim
    local data = m.data
    doubles = ffi.new("double[?]", rows * columns)
    for i = 0, rows * columns - 1 do doubles[i] = data[i] end
  else
    check.arg(type(m) == "table" and #m > 0, fname, 1, "a matrix, or a table of rows", m)
    for r = 1, #m do
      local row, n = numbers.doubles(m[r], fname, 1)
      if r == 1 then
        rows, columns = #m, n
        doubles = ffi.new("double[?]", rows * columns)
      end
      check.arg(n == columns, fname, 1, ("row %d of length %d"):format(r, columns), n)
      for c = 0, n - 1 do doubles[(r - 1) * columns + c] = row[c] end
    end
  end
  check.arg(rows * columns > 0, fname, 1, "at least one number", m)
  local low, high = range_of(doubles, rows * columns)
  check.arg(low, fname, 1, "at least one finite number", m)
  if figure.range then low, high = figure.range[1], figure.range[2] end
  figure.rows, figure.columns, figure.low, figure.high = rows, columns, low, high
  figure.at = function(r, c) return doubles[r * columns + c] end
  return figure
end

-- ---- graphs

local MOST_NODES = 40

-- Nodes from 1 in the order of their ids, and edges between them.
local function read_graph(g, fname)
  check.arg(g.nodes <= MOST_NODES, fname, 1, ("at most %d nodes"):format(MOST_NODES), g.nodes)
  local names, edges = {}, {}
  for id = 0, g.nodes - 1 do
    names[id + 1] = width.line(g:name(id) or tostring(id))
    for _, edge in ipairs(g:neighbours(id)) do edges[#edges + 1] = { id + 1, edge[1] + 1 } end
  end
  return names, edges
end

-- The same of a list of edges, nodes in the order in which they come.
local function read_edges(list, fname)
  local names, edges, places = {}, {}, {}
  local function node(name, i)
    check.arg(type(name) == "string" or check.count(name), fname, 1,
      ("an id or a name in edge %d"):format(i), name)
    if not places[name] then
      names[#names + 1] = width.line(tostring(name))
      places[name] = #names
    end
    return places[name]
  end
  for i = 1, #list do
    check.arg(type(list[i]) == "table", fname, 1, ("an edge at %d"):format(i), list[i])
    edges[i] = { node(list[i][1], i), node(list[i][2], i) }
  end
  check.arg(#names <= MOST_NODES, fname, 1, ("at most %d nodes"):format(MOST_NODES), #names)
  return names, edges
end

-- Sine and cosine of a share of a turn, of their series: as far as a picture needs.
local function turn(share)
  local x = (share - 0.5) * 6.283185307179586
  local sine, cosine, term = 0, 0, 1
  for k = 0, 24, 2 do
    cosine, sine = cosine + term, sine + term * x / (k + 1)
    term = -term * x * x / ((k + 1) * (k + 2))
  end
  return -sine, -cosine -- half a turn was taken off
end

-- Around a circle, from the top, as far as there is room.
local function circle(n)
  local places, lowest, left, right = {}, 0, 0, 0
  for i = 1, n do
    local sine, cosine = turn((i - 1) / n)
    places[i] = { sine, 1 - cosine }
    left, right = math.min(left, sine), math.max(right, sine)
    lowest = math.max(lowest, 1 - cosine)
  end
  for _, place in ipairs(places) do
    place[1] = right > left and (place[1] - left) / (right - left) or 0.5
    place[2] = lowest > 0 and place[2] / lowest or 0.5
  end
  return places
end

-- The layer of each node: one below the lowest of those that lead to it. Where only circles are
-- left the first node breaks one. Also whether there was a circle.
local function layers_of(n, edges)
  local layer, waits, done, cyclic = {}, {}, {}, false
  for i = 1, n do layer[i], waits[i] = 1, 0 end
  for _, e in ipairs(edges) do
    if e[1] ~= e[2] then waits[e[2]] = waits[e[2]] + 1 end
  end
  for _ = 1, n do
    local free, first
    for i = n, 1, -1 do
      if not done[i] then
        first = i
        if waits[i] == 0 then free = i end
      end
    end
    if not free then free, cyclic = first, true end
    done[free] = true
    for _, e in ipairs(edges) do
      if e[1] == free and not done[e[2]] then
        waits[e[2]] = waits[e[2]] - 1
        layer[e[2]] = math.max(layer[e[2]], layer[free] + 1)
      end
    end
  end
  return layer, cyclic
end

-- Layer below layer, in each the nodes in the order of the middle of those above that lead to them.
-- An edge that passes a layer has a place in it, so that it passes beside the nodes.
local function layered(n, edges, layer)
  local places, deepest = {}, 1
  local reached = {} -- how far to the right each edge is, in the last layer that it was in
  for i = 1, n do deepest = math.max(deepest, layer[i]) end
  for depth = 1, deepest do
    local members, middle, order = {}, {}, {}
    local function add(member, at)
      members[#members + 1] = member
      middle[member], order[member] = at, #members
    end
    for i = 1, n do
      if layer[i] == depth then
        local sum, count = 0, 0
        for _, e in ipairs(edges) do
          if e[2] == i and layer[e[1]] < depth then sum, count = sum + reached[e], count + 1 end
        end
        add(i, count > 0 and sum / count or 0.5)
      end
    end
    for _, e in ipairs(edges) do
      if layer[e[1]] < depth and depth < layer[e[2]] then add(e, reached[e]) end
    end
    table.sort(members, function(a, b)
      if middle[a] ~= middle[b] then return middle[a] < middle[b] end
      return order[a] < order[b]
    end)
    for place, member in ipairs(members) do
      local right = (place - 0.5) / #members
      if type(member) == "number" then
        places[member] = { right, deepest > 1 and (depth - 1) / (deepest - 1) or 0.5 }
      else
        reached[member] = right
      end
    end
    for _, e in ipairs(edges) do
      if layer[e[1]] == depth then reached[e] = places[e[1]][1] end
    end
  end
  return places
end

-- plot.graph(graph or { { source, target }, .. } [, { layout =, title =, .. }]) -> figure
function plot.graph(g, options)
  local fname = "plot.graph"
  local figure, o = figure_of("graph", options,
    { title = "text", width = "columns", height = "rows", layout = "layout" }, fname)
  local names, edges
  if require("engram.graph").is(g) then
    names, edges = read_graph(g, fname)
  else
    check.arg(type(g) == "table", fname, 1, "a graph, or a table of edges", g)
    names, edges = read_edges(g, fname)
  end
  check.arg(#names > 0, fname, 1, "at least one node", #names)
  local layer, cyclic = layers_of(#names, edges)
  figure.layout = o.layout or cyclic and "circle" or "layers"
  figure.names, figure.edges = names, edges
  figure.places = figure.layout == "circle" and circle(#names) or layered(#names, edges, layer)
  return figure
end

types.register { name = "figure", metatable = Figure, methods = Figure }

return setmetatable(plot, { __call = function(_, y, options) return plot.new(y, options) end })
