-- engram.layout: tables as text in Lua's syntax, their keys in order: on one line what is short,
-- indented what is not.
local statement = require "engram.statement"
local width = require "engram.width"

local layout = {}

local rank = { number = 1, string = 2, boolean = 3 }

-- Numbers, then strings, then what has no order.
local function comes_before(a, b)
  local s, t = rank[type(a)] or 4, rank[type(b)] or 4
  if s ~= t then return s < t end
  return s <= 2 and a < b
end

-- layout.keys(t) -> n, list: the positions 1 .. n hold something; all other keys
function layout.keys(t)
  local n, others = 0, {}
  while rawget(t, n + 1) ~= nil do n = n + 1 end
  for key in next, t do
    local in_list = type(key) == "number" and key >= 1 and key <= n and key % 1 == 0
    if not in_list then others[#others + 1] = key end
  end
  table.sort(others, comes_before)
  return n, others
end

function layout.is_name(key)
  return type(key) == "string" and key:find "^[%a_][%w_]*$" ~= nil and not statement.words[key]
end

-- layout.place({ "a", 2 }) -> '["a"][2]', where something stands; of a long way the beginning
function layout.place(way)
  local place = {}
  for i = 1, math.min(#way, 8) do
    place[i] = type(way[i]) == "number" and ("[%.14g]"):format(way[i])
      or ("[%q]"):format(type(way[i]) == "string" and way[i] or type(way[i]))
  end
  if #way > #place then place[#place + 1] = ".." end
  return table.concat(place)
end

-- layout.filled(items, room) -> lines, with as many of the items on each as there is room for
function layout.filled(items, room)
  local lines, line, used = {}, {}, 0
  for _, item in ipairs(items) do
    local wide = width.of(item) + 2
    if #line > 0 and used + wide > room then
      lines[#lines + 1] = table.concat(line, ", ")
      line, used = {}, 0
    end
    line[#line + 1], used = item, used + wide
  end
  if #line > 0 then lines[#lines + 1] = table.concat(line, ", ") end
  return lines
end

-- layout.folded(text, columns) -> text whose lines, where they are too long, go on below where their
-- last column of words begins
function layout.folded(text, columns)
  return (text:gsub("[^\n]+", function(line)
    if width.of(line) <= columns then return line end
    local first = line:sub(1, math.floor(0.6 * columns)):match "^(.*%S  +)%f[%S]"
      or line:match "^ *"
    local blanks = (" "):rep(#first)
    return first .. width.wrapped(line:sub(#first + 1), columns, blanks):sub(#first + 1)
  end))
end

-- The columns that items take side by side, and whether each of them is on one line.
local function measure(items)
  local total, flat = 0, true
  for _, item in ipairs(items) do
    total = total + width.of(item) + 2
    flat = flat and not item:find("\n", 1, true)
  end
  return total, flat
end

-- A table of entries without names, and of those with: on one line if there is room, otherwise side
-- by side what is short and has no name, or stands inside another table.
local function joined(list, named, indent, room)
  if #list + #named == 0 then return "{}" end
  local wide, flat = measure(list)
  local named_wide, named_flat = measure(named)
  if flat and named_flat and wide + named_wide + 2 <= room then
    for _, item in ipairs(named) do list[#list + 1] = item end
    return "{ " .. table.concat(list, ", ") .. " }"
  end
  local lines = flat and wide <= #list * room / 2 and layout.filled(list, room - 2) or list
  if named_flat and #indent > 0 then named = layout.filled(named, room - 2) end
  for _, item in ipairs(named) do lines[#lines + 1] = item end
  local inner = indent .. "  "
  return "{\n" .. inner .. table.concat(lines, ",\n" .. inner) .. "\n" .. indent .. "}"
end

-- layout.text(value, style, columns) -> text. style.atom(value, way) is the text of a value, or nil if
-- it is a table to be opened; style.most is how many entries of each are shown, style.deepest how many
-- tables in each other (no bounds); style.cut(n), style.closed(way) and style.cycle(way) are
-- the texts of n entries that are left out, of a table that stays closed, and of one that is inside
-- itself; way leads there.
function layout.text(value, style, columns)
  local way, above = {}, {}
  local put

  local function entry(key, child, indent, room, named)
    local prefix = ""
    if named then
      local name = layout.is_name(key) and key
      prefix = (name or "[" .. (style.atom(key, way) or style.closed(way)) .. "]") .. " = "
    end
    way[#way + 1] = key
    local text = prefix .. put(child, indent .. "  ", room - 3 - width.of(prefix)) -- a comma
    way[#way] = nil
    return text
  end

  function put(x, indent, room)
    local atom = style.atom(x, way)
    if atom then return atom end
    if above[x] then return style.cycle(way) end
    if style.deepest and #way >= style.deepest then
      return next(x) == nil and "{}" or style.closed(way)
    end
    above[x] = true
    local n, keys = layout.keys(x)
    local list, named, most = {}, {}, style.most or math.huge
    for i = 1, math.min(n, most) do list[i] = entry(i, rawget(x, i), indent, room) end
    if n > most then list[#list + 1] = style.cut(n - most) end
    for i = 1, math.min(#keys, most) do
      named[i] = entry(keys[i], rawget(x, keys[i]), indent, room, true)
    end
    if #keys > most then named[#named + 1] = style.cut(#keys - most) end
    above[x] = nil
    return joined(list, named, indent, room)
  end

  return put(value, "", columns)
end

-- layout.quoted(s) -> a string as Lua reads it, on one line: bytes that are no text as \ddd
local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escaped(c) return escapes[c] or ("\\%03d"):format(c:byte()) end

-- Bytes from 128 on that are no UTF-8: of a text that is good, nothing is left of them when its
-- characters are taken out.
local function is_utf8(s)
  local rest = s:gsub("[\194-\223][\128-\191]", ""):gsub("[\224-\239][\128-\191][\128-\191]", "")
    :gsub("[\240-\244][\128-\191][\128-\191][\128-\191]", "")
  return not rest:find "[\128-\255]"
end

function layout.quoted(s)
  local odd = is_utf8(s) and '[%z\1-\31\127"\\]' or '[%z\1-\31\127-\255"\\]'
  return '"' .. s:gsub(odd, escaped) .. '"'
end

return layout
