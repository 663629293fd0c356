-- engram.width: how many columns of a terminal a text takes; texts that are cut, filled and wrapped
-- to columns, or stand in several.
local terminal = require "engram.terminal"

local width = {}

-- Characters that take two columns (East Asian Wide and Fullwidth, emoji) or none (combining), by
-- the first and last of each block.
local wide = { { 0x1100, 0x115f }, { 0x2e80, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
  { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
  { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } }
local narrow = { { 0x300, 0x36f }, { 0x200b, 0x200f }, { 0xfe00, 0xfe0f } }

local function is_in(blocks, code)
  for _, block in ipairs(blocks) do
    if code >= block[1] and code <= block[2] then return true end
  end
end

local function code_of(character)
  local first = character:byte()
  if first < 0xc0 then return first end
  local code = first % (first < 0xe0 and 32 or first < 0xf0 and 16 or 8)
  for i = 2, #character do code = code * 64 + character:byte(i) % 64 end
  return code
end

local characters = "[%z\1-\127\192-\255][\128-\191]*"

local function columns_of(character)
  local code = code_of(character)
  if code < 0x300 then return 1 end
  return is_in(narrow, code) and 0 or is_in(wide, code) and 2 or 1
end

-- width.of(text) -> columns
function width.of(text)
  local columns = 0
  for character in text:gmatch(characters) do columns = columns + columns_of(character) end
  return columns
end

-- width.characters(text) -> a list of them, each with what combines with it
function width.characters(text)
  local list = {}
  for character in text:gmatch(characters) do
    if columns_of(character) == 0 and #list > 0 then
      list[#list] = list[#list] .. character
    else
      list[#list + 1] = character
    end
  end
  return list
end

-- width.line(text) -> the text on one line: control characters become blanks
function width.line(text)
  return (text:gsub("[%z\1-\31\127]", " "):gsub("\194[\128-\159]", " "))
end

-- width.cut(text, columns) -> as much of it as fits
function width.cut(text, columns)
  local kept, used = {}, 0
  for character in text:gmatch(characters) do
    used = used + columns_of(character)
    if used > columns then break end
    kept[#kept + 1] = character
  end
  return table.concat(kept)
end

-- width.dots() -> what stands where something is left out
function width.dots() return terminal.utf8() and "…" or "..." end

-- width.clipped(text, columns) -> as much of it as fits, with dots where it ends
function width.clipped(text, columns)
  if width.of(text) <= columns then return text end
  local dots = width.dots()
  return width.cut(text, math.max(columns - width.of(dots), 0)) .. dots
end

-- width.left(text, columns), width.right(text, columns), width.centre(text, columns) -> cut, or
-- with blanks behind it, before it, around it
function width.left(text, columns)
  text = width.cut(text, columns)
  return text .. (" "):rep(columns - width.of(text))
end
function width.right(text, columns)
  text = width.cut(text, columns)
  return (" "):rep(columns - width.of(text)) .. text
end
function width.centre(text, columns)
  text = width.cut(text, columns)
  return (" "):rep(math.floor((columns - width.of(text)) / 2)) .. text
end

-- width.wrapped(text, columns [, indent [, hanging]]) -> lines of at most that width, of whole words;
-- indent stands before the first, hanging, or indent as well, before the others
function width.wrapped(text, columns, indent, hanging)
  indent = indent or ""
  local lines, line, empty = {}, indent, true
  for word in text:gsub(" %%", "\1%%"):gmatch "%S+" do -- a number stays with its unit
    if not empty and width.of(line) + 1 + width.of(word) > columns then
      lines[#lines + 1], line, empty = line, hanging or indent, true
    end
    line, empty = empty and line .. word or line .. " " .. word, false
  end
  lines[#lines + 1] = line
  return (table.concat(lines, "\n"):gsub("\1", " "))
end

-- width.columns(rows, "lr" [, indent]) -> lines: cells of text in columns as wide as their widest, on
-- the left or the right; the last letter holds for all further columns
function width.columns(rows, sides, indent)
  local widest, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widest[i] = math.max(widest[i] or 0, width.of(cell)) end
  end
  for r, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      local at = math.min(i, #sides)
      cells[i] = (sides:sub(at, at) == "r" and width.right or width.left)(cell, widest[i])
    end
    lines[r] = ((indent or "") .. table.concat(cells, "  ")):gsub(" +$", "")
  end
  return table.concat(lines, "\n")
end

return width
