-- engram.canvas: cells of a terminal, of several dots each: braille, or what ASCII has.
local bit = require "bit"

local canvas, methods = {}, {}
methods.__index = methods

-- The bits of the dots of a cell, by row and column, and the character of a set of them.
local braille = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } }
local ascii = { { 1 }, { 2 } }
local ascii_characters = { "'", ".", ":" }

local function braille_character(bits)
  return string.char(0xe2, 0xa0 + bit.rshift(bits, 6), 0x80 + bit.band(bits, 63))
end

-- canvas.new(columns, rows, utf8) -> canvas, of `width` x `height` dots
function canvas.new(columns, rows, utf8)
  local dots = utf8 and braille or ascii
  return setmetatable({ columns = columns, rows = rows, dots = dots, utf8 = utf8,
    across = #dots[1], down = #dots, width = columns * #dots[1], height = rows * #dots,
    bits = {}, marks = {}, colours = {} }, methods)
end

-- c:cell(x, y) -> column and row of the cell with that dot, from 0
function methods:cell(x, y)
  return math.floor(x / self.across), math.floor(y / self.down)
end

-- c:dot(x, y [, colour]): dots count from 0, at the upper left
function methods:dot(x, y, colour)
  if x < 0 or y < 0 or x >= self.width or y >= self.height then return end
  local column, row = self:cell(x, y)
  local at = row * self.columns + column
  local one = self.dots[y - row * self.down + 1][x - column * self.across + 1]
  self.bits[at] = bit.bor(self.bits[at] or 0, one)
  self.colours[at] = colour
  if self.trail and not self.trail[column] then self.trail[column] = row end
end

-- c:mark(column, row, character [, colour]): a whole cell
function methods:mark(column, row, character, colour)
  if column < 0 or row < 0 or column >= self.columns or row >= self.rows then return end
  local at = row * self.columns + column
  self.marks[at], self.colours[at] = character, colour
end

-- The part of a line that is within 0 .. limit in one of its coordinates, as shares of it (Liang &
-- Barsky 1984).
local function clip(from, by, limit, first, last)
  if by == 0 then
    if from < 0 or from > limit then return 1, 0 end
    return first, last
  end
  local enters, leaves = -from / by, (limit - from) / by
  if by < 0 then enters, leaves = leaves, enters end
  return math.max(first, enters), math.min(last, leaves)
end

-- c:line(x, y, x2, y2 [, colour]): between dots, which may lie outside
function methods:line(x, y, x2, y2, colour)
  local dx, dy = x2 - x, y2 - y
  local first, last = clip(x, dx, self.width - 1, 0, 1)
  first, last = clip(y, dy, self.height - 1, first, last)
  if first > last or dx - dx ~= 0 or dy - dy ~= 0 then return end
  x, y, dx, dy = x + first * dx, y + first * dy, (last - first) * dx, (last - first) * dy
  local steps = math.ceil(math.max(math.abs(dx), math.abs(dy)))
  for i = 0, steps do
    local share = steps > 0 and i / steps or 0
    self:dot(math.floor(x + share * dx + 0.5), math.floor(y + share * dy + 0.5), colour)
  end
end

local function character_of(self, at)
  local bits = self.bits[at]
  if self.marks[at] then return self.marks[at] end
  if not bits then return " " end
  return self.utf8 and braille_character(bits) or ascii_characters[bits]
end

-- The columns of a row up to the last that has something in it.
local function used_columns(self, row)
  for column = self.columns - 1, 0, -1 do
    local at = row * self.columns + column
    if self.marks[at] or self.bits[at] then return column + 1 end
  end
  return 0
end

-- c:row(row, paint) -> a line of text without blanks at its end; paint(colour, text) colours what
-- has a colour
function methods:row(row, paint)
  local pieces, run, colour = {}, {}, nil
  local function flush()
    local text = table.concat(run)
    pieces[#pieces + 1] = colour and paint(colour, text) or text
    run = {}
  end
  for column = 0, used_columns(self, row) - 1 do
    local at = row * self.columns + column
    if self.colours[at] ~= colour then
      flush()
      colour = self.colours[at]
    end
    run[#run + 1] = character_of(self, at)
  end
  flush()
  return table.concat(pieces)
end

return canvas
