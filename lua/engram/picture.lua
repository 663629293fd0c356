-- engram.picture: plots as lines of text, as wide as they are told, in braille and blocks or ASCII.
local axis = require "engram.axis"
local canvas = require "engram.canvas"
local width = require "engram.width"

local picture = {}

local colours = { "magenta", "green", "red", "cyan" }
local utf8_marks = { "●", "○", "▲", "△", "■", "□", "◆", "◇" }
local ascii_marks = { "*", "o", "+", "x", "#", "@", "%", "&" }
local utf8_frame = { side = "│", tick = "┤", corner = "└", floor = "─", mark = "┬" }
local ascii_frame = { side = "|", tick = "+", corner = "+", floor = "-", mark = "+" }

local function series_colour(i) return colours[(i - 1) % #colours + 1] end
local function series_mark(i, utf8)
  local marks = utf8 and utf8_marks or ascii_marks
  return marks[(i - 1) % #marks + 1]
end

-- What stands above every plot.
local function add_title(lines, spec, o)
  if not spec.title then return end
  local text = width.centre(spec.title, o.columns)
  local blanks, words = text:match "^( *)(.*)$"
  lines[#lines + 1] = blanks .. o.paint("bold", words)
end

-- ---- curves

-- Marks and names of the series, on as many lines as it takes.
local function add_legend(lines, spec, o)
  local used, line = 0, {}
  for i, series in ipairs(spec.series) do
    local name = width.cut(series.name or "series " .. i, o.columns - 4)
    local room = width.of(name) + 2
    if used > 0 and used + 3 + room > o.columns then
      lines[#lines + 1] = table.concat(line, "   ")
      line, used = {}, 0
    end
    line[#line + 1] = o.paint(series_colour(i), series_mark(i, o.utf8)) .. " " .. name
    used = used + (used > 0 and 3 or 0) + room
  end
  lines[#lines + 1] = table.concat(line, "   ")
end

-- Places of a series' points in dots; nil where one has none.
local function placer(spec, dots)
  return function(x, y)
    local right, up = spec.x:share(x), spec.y:share(y)
    if not (right and up) then return nil end
    return right * (dots.width - 1), (1 - up) * (dots.height - 1)
  end
end

local function nearest(x) return math.floor(x + 0.5) end

local function draw_line(series, place, dots, colour)
  local before_x, before_y
  for i = 0, series.n - 1 do
    local x, y = place(series.x[i], series.y[i])
    if x and before_x then
      dots:line(before_x, before_y, x, y, colour)
    elseif x then
      dots:dot(nearest(x), nearest(y), colour)
    end
    before_x, before_y = x, y
  end
end

local function draw_points(series, place, dots, mark, colour)
  for i = 0, series.n - 1 do
    local x, y = place(series.x[i], series.y[i])
    if x and mark then
      local column, row = dots:cell(nearest(x), nearest(y))
      dots:mark(column, row, mark, colour)
    elseif x then
      dots:dot(nearest(x), nearest(y), colour)
    end
  end
end

local APART = 12 -- columns between the marks that tell one line from another

local function draw_series(spec, dots)
  local place, several = placer(spec, dots), #spec.series > 1
  local trails = {}
  for i, series in ipairs(spec.series) do
    if series.style == "lines" then
      dots.trail = several and {} or nil
      draw_line(series, place, dots, series_colour(i))
      trails[i], dots.trail = dots.trail, nil
    end
  end
  for i, series in ipairs(spec.series) do
    local mark, colour = series_mark(i, dots.utf8), series_colour(i)
    if trails[i] then
      local from = math.floor(APART * (i - 0.5) / #spec.series)
      for column = from, dots.columns - 1, APART do
        local row = trails[i][column]
        if row then dots:mark(column, row, mark, colour) end
      end
    elseif series.style == "points" then
      local crowded = not several and series.n > dots.columns
      draw_points(series, place, dots, not crowded and mark, colour)
    end
  end
end

-- The labels of the ticks of x, no two of which touch, and the cells at which they are.
local function x_labels(a, columns, left, total)
  for most = math.max(2, math.floor(columns / 8)), 1, -1 do
    local values, texts = a:ticks(most)
    local line, cells, fits, edge = {}, {}, true, 0
    for i, value in ipairs(values) do
      local cell = math.floor(nearest(a:share(value) * (columns * 2 - 1)) / 2)
      local text, wide = texts[i], #texts[i]
      local from = left + cell - math.floor((wide - 1) / 2)
      from = math.max(0, math.min(from, total - wide))
      fits = fits and (i == 1 or from >= edge + 2)
      cells[cell] = true
      if from >= edge then
        line[#line + 1] = (" "):rep(from - edge) .. text
        edge = from + wide
      end
    end
    if fits or most == 1 then return table.concat(line), cells end
  end
end

-- The labels of the ticks of y, by row.
local function y_labels(a, rows, down)
  local values, texts = a:ticks()
  local by_row, widest = {}, 0
  for i, value in ipairs(values) do
    local row = math.floor(nearest((1 - a:share(value)) * (rows * down - 1)) / down)
    if not by_row[row] then
      by_row[row] = texts[i]
      widest = math.max(widest, #texts[i])
    end
  end
  return by_row, widest
end

function picture.curves(spec, o)
  local lines, frame = {}, o.utf8 and utf8_frame or ascii_frame
  local rows = o.rows or 16
  local labels, widest = y_labels(spec.y, rows, o.utf8 and 4 or 2)
  local columns = math.max(8, o.columns - widest - 2)
  local dots = canvas.new(columns, rows, o.utf8)
  draw_series(spec, dots)
  add_title(lines, spec, o)
  if #spec.series > 1 or spec.series[1].name then add_legend(lines, spec, o) end
  if spec.ylabel then lines[#lines + 1] = width.cut(spec.ylabel, o.columns) end
  for row = 0, rows - 1 do
    lines[#lines + 1] = ("%s %s%s"):format(width.right(labels[row] or "", widest),
      labels[row] and frame.tick or frame.side, dots:row(row, o.paint))
  end
  local text, cells = x_labels(spec.x, columns, widest + 2, o.columns)
  local floor = {}
  for column = 0, columns - 1 do floor[column + 1] = cells[column] and frame.mark or frame.floor end
  lines[#lines + 1] = (" "):rep(widest + 1) .. frame.corner .. table.concat(floor)
  lines[#lines + 1] = text
  if spec.xlabel then
    lines[#lines + 1] = (" "):rep(widest + 2) .. width.centre(spec.xlabel, columns)
  end
  return lines
end

-- ---- bars

local eighths = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

-- A bar from one place of a row of cells to another, right of it or left of it.
local function bar(from, to, columns, utf8)
  if not utf8 then
    local first, last = nearest(math.min(from, to)), nearest(math.max(from, to))
    return (" "):rep(first) .. ("#"):rep(last - first) .. (" "):rep(columns - last)
  end
  if to >= from then
    local length = math.max(nearest((to - from) * 8), to > from and 1 or 0)
    local text = (" "):rep(nearest(from)) .. ("█"):rep(math.floor(length / 8))
      .. (eighths[length % 8] or "")
    return width.left(text, columns)
  end
  local halves = math.max(1, nearest((from - to) * 2))
  local whole = math.floor(halves / 2)
  local text = (halves % 2 == 1 and "▐" or "") .. ("█"):rep(whole)
  return width.left((" "):rep(nearest(from) - whole - halves % 2) .. text, columns)
end

local function widest_of(texts)
  local widest = 0
  for _, text in ipairs(texts) do widest = math.max(widest, width.of(text)) end
  return widest
end

function picture.bars(spec, o)
  local lines, texts, low, high = {}, {}, 0, 0
  for i, value in ipairs(spec.values) do
    local known = value - value == 0
    texts[i] = known and axis.text(value, o.columns < 40 and 3 or 6) or "-"
    if known then low, high = math.min(low, value), math.max(high, value) end
  end
  local names = math.min(widest_of(spec.names), math.floor(o.columns / 2))
  local columns = math.max(1, o.columns - names - widest_of(texts) - 3)
  local range = high / 2 - low / 2
  local zero = range > 0 and -low / 2 / range * columns or 0
  local side = o.utf8 and utf8_frame.side or ascii_frame.side
  add_title(lines, spec, o)
  for i, value in ipairs(spec.values) do
    local known = value - value == 0 and range > 0
    local drawn = known and bar(zero, zero + value / 2 / range * columns, columns, o.utf8)
      or (" "):rep(columns)
    lines[#lines + 1] = ("%s %s%s %s"):format(width.right(spec.names[i], names), side,
      o.paint(colours[1], drawn), width.right(texts[i], widest_of(texts)))
  end
  if spec.xlabel then lines[#lines + 1] = width.centre(spec.xlabel, o.columns) end
  return lines
end

-- ---- heat

local utf8_shades, ascii_shades = { " ", "░", "▒", "▓", "█" },
  { " ", ".", ":", "-", "=", "+", "*", "#", "%", "@" }

-- The mean of what is finite in a part of the matrix, or nil.
local function mean_of(spec, first_row, last_row, first, last)
  local sum, n = 0, 0
  for r = first_row, last_row do
    for c = first, last do
      local value = spec.at(r, c)
      if value - value == 0 then sum, n = sum + value, n + 1 end
    end
  end
  return n > 0 and sum / n or nil
end

local function part(i, of, n) return math.floor(i * n / of) end

function picture.heat(spec, o)
  local lines, shades = {}, o.utf8 and utf8_shades or ascii_shades
  local left = #tostring(spec.rows) + 1
  local room = math.max(4, o.columns - left)
  local columns, rows = math.min(spec.columns, room), math.min(spec.rows, o.rows or 24)
  local wide = math.max(1, math.min(2, math.floor(room / columns)))
  local range = spec.high / 2 - spec.low / 2
  add_title(lines, spec, o)
  for r = 0, rows - 1 do
    local first_row, last_row = part(r, rows, spec.rows), part(r + 1, rows, spec.rows) - 1
    local cells = {}
    for c = 0, columns - 1 do
      local value = mean_of(spec, first_row, last_row, part(c, columns, spec.columns),
        part(c + 1, columns, spec.columns) - 1)
      local share = value and range > 0 and (value / 2 - spec.low / 2) / range or 0
      share = math.max(0, math.min(1, share))
      local shade = value and shades[math.min(#shades, math.floor(share * #shades) + 1)]
        or o.utf8 and "·" or "?"
      cells[c + 1] = shade:rep(wide)
    end
    local shown = (r == 0 or r == rows - 1) and tostring(r == 0 and 1 or spec.rows) or ""
    local line = width.right(shown, left - 1) .. " " .. table.concat(cells)
    lines[#lines + 1] = line:match "^(.-) *$"
  end
  local last = tostring(spec.columns)
  local gap = columns * wide - 1 - #last
  lines[#lines + 1] = (" "):rep(left) .. "1" .. (gap >= 1 and (" "):rep(gap) .. last or "")
  local scale = ("%s [%s] %s"):format(axis.text(spec.low), table.concat(shades),
    axis.text(spec.high))
  local indent = math.min(left, math.max(0, o.columns - width.of(scale)))
  lines[#lines + 1] = width.cut((" "):rep(indent) .. scale, o.columns)
  return lines
end

-- ---- graphs

local utf8_arrows = { up = "↑", down = "↓", left = "←", right = "→" }
local ascii_arrows = { up = "^", down = "v", left = "<", right = ">" }

-- The arrow that stands before the end of a line, as far from it as its name needs.
local function draw_arrow(dots, x, y, x2, y2, half, arrows)
  local dx, dy = (x2 - x) / dots.across, (y2 - y) / dots.down
  local steep = math.abs(dy) * half >= math.abs(dx)
  local share = steep and 1 / math.max(math.abs(dy), 1) or (half + 1) / math.abs(dx)
  if share >= 0.6 then return end
  local column, row = dots:cell(nearest(x2 - share * (x2 - x)), nearest(y2 - share * (y2 - y)))
  local arrow = steep and (dy > 0 and "down" or "up") or (dx > 0 and "right" or "left")
  dots:mark(column, row, arrows[arrow])
end

function picture.graph(spec, o)
  local lines, rows = {}, o.rows or 20
  local widest = math.max(1, math.min(widest_of(spec.names), math.floor(o.columns / 4)))
  local dots = canvas.new(o.columns, rows, o.utf8)
  local arrows = o.utf8 and utf8_arrows or ascii_arrows
  local from, across = widest / 2, o.columns - 1 - widest
  local function place(i)
    local column = nearest(from + spec.places[i][1] * across)
    return column, nearest(spec.places[i][2] * (rows - 1))
  end
  local function dot_of(i)
    local column, row = place(i)
    return (column + 0.5) * dots.across - 0.5, (row + 0.5) * dots.down - 0.5
  end
  local function each_edge(f)
    for _, edge in ipairs(spec.edges) do
      local x, y = dot_of(edge[1])
      local x2, y2 = dot_of(edge[2])
      if edge[1] ~= edge[2] then f(x, y, x2, y2, edge[2]) end
    end
  end
  each_edge(function(x, y, x2, y2) dots:line(x, y, x2, y2) end)
  each_edge(function(x, y, x2, y2, target)
    draw_arrow(dots, x, y, x2, y2, math.min(width.of(spec.names[target]), widest) / 2, arrows)
  end)
  for i, name in ipairs(spec.names) do
    local column, row = place(i)
    name = width.cut(name, widest)
    local at = math.max(0, math.min(column - math.floor((width.of(name) - 1) / 2),
      o.columns - width.of(name)))
    for _, character in ipairs(width.characters(name)) do
      dots:mark(at, row, character, "bold")
      for extra = 1, width.of(character) - 1 do dots:mark(at + extra, row, "", "bold") end
      at = at + width.of(character)
    end
  end
  add_title(lines, spec, o)
  for row = 0, rows - 1 do lines[#lines + 1] = dots:row(row, o.paint) end
  return lines
end

return picture
