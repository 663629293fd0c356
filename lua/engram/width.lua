-- engram.width: how many columns of a terminal a text takes, and texts cut and filled to columns.
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
  return (text:gsub("[%z\1-\31\127]", " "))
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

-- width.wrapped(text, columns, indent) -> its words in lines of so many columns, indent before each;
-- a per cent stays with its number
function width.wrapped(text, columns, indent)
  local lines, line = {}, nil
  for word in text:gsub(" %%", "\1%%"):gmatch "%S+" do
    if line and width.of(line) + 1 + width.of(word) <= columns then
      line = line .. " " .. word
    else
      lines[#lines + 1], line = line, indent .. word
    end
  end
  lines[#lines + 1] = line or indent
  return (table.concat(lines, "\n"):gsub("\1", " "))
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

return width
