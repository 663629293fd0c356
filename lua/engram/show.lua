-- engram.show: values as text: for eyes, for other programs, and as Lua that reads back.
local ffi = require "ffi"
local check = require "engram.check"
local digits = require "engram.digits"
local json = require "engram.json"
local layout = require "engram.layout"
local terminal = require "engram.terminal"
local types = require "engram.types"
local vec = require "engram.vec"

local show = {}
local formats = {}
local format = "pretty"

local function plainly(text) return text end

-- What the prompt paints: nothing in a text that goes elsewhere.
local paint = plainly

function formats.pretty(list, n)
  local pretty = require "engram.pretty"
  local columns, lines = terminal.columns(), false
  for i = 1, n do
    list[i] = pretty.text(list[i], columns, paint)
    lines = lines or list[i]:find("\n", 1, true) ~= nil
  end
  return table.concat(list, lines and "\n" or "\t", 1, n)
end

function formats.lua(list, n)
  local literal, columns = require "engram.literal", terminal.columns()
  for i = 1, n do list[i] = literal.text(list[i], columns) end
  return table.concat(list, ", ", 1, n)
end

-- ---- for other programs

local function rows_of(m)
  local rows = {}
  for i = 1, m.rows do rows[i] = m:row(i) end
  return rows
end

-- Our objects as tables, vecs and numbers.
local plain = {
  vec = function(v) return v end,
  matrix = rows_of,
  hits = function(h) return h:table() end,
  failure = function(f)
    return { code = f.code, name = f.name, path = f.path, message = f.message }
  end,
  graph = function(g)
    local edges = {}
    for node = 0, g.nodes - 1 do
      for _, e in ipairs(g:neighbours(node)) do
        edges[#edges + 1] = { source = g:name(node) or node, target = g:name(e[1]) or e[1],
          weight = e[2], class = e[3] }
      end
    end
    return edges
  end,
}

-- What a value is to another program, and whether that is a list; words for what has none: what it
-- says of itself.
local function plain_of(value)
  local kind = types.of(value)
  if kind and plain[kind.name] then return plain[kind.name](value), kind.name ~= "failure" end
  if kind and kind.methods.stats then return value:stats() end
  if kind then return tostring(value) end
  if type(value) == "cdata" and (ffi.istype("int64_t", value) or ffi.istype("uint64_t", value)) then
    return tonumber(value)
  end
  return value
end

function formats.json(list, n)
  for i = 1, n do
    local text, wrong = json.text(list[i], plain_of)
    if not text then error(wrong, 0) end
    list[i] = text
  end
  return table.concat(list, "\n", 1, n)
end

local escapes = { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r", ["\\"] = "\\\\" }

local function cell(value)
  if value == nil then return "" end
  if type(value) == "string" then return (value:gsub("[\t\n\r\\]", escapes)) end
  if type(value) == "number" and value - value ~= 0 then return digits.shown(value) end
  local text, wrong = json.text(value, plain_of)
  return text or error(wrong, 0)
end

-- The names in a list of rows, in order; nil if it is not one.
local function names_in(list)
  local seen, names = {}, {}
  for i = 1, #list do
    if type(list[i]) ~= "table" or types.of(list[i]) then return nil end
    for name in next, list[i] do
      if type(name) ~= "string" then return nil end
      if not seen[name] then seen[name], names[#names + 1] = true, name end
    end
  end
  table.sort(names)
  return names
end

local function line(...)
  local cells = {}
  for i = 1, select("#", ...) do cells[i] = cell((select(i, ...))) end
  return table.concat(cells, "\t")
end

local function tsv(value)
  value = plain_of(value)
  if vec.is(value) then value = value:table() end
  if type(value) ~= "table" then return cell(value) end
  local n, keys = layout.keys(value)
  local lines = {}
  local names = #keys == 0 and n > 0 and names_in(value)
  if names then
    lines[1] = line(unpack(names))
    for i = 1, n do
      local cells = {}
      for j, name in ipairs(names) do cells[j] = cell(value[i][name]) end
      lines[i + 1] = table.concat(cells, "\t")
    end
  elseif #keys == 0 then
    for i = 1, n do -- a list of lists, or one column
      local row = plain_of(value[i])
      if vec.is(row) then row = row:table() end
      lines[i] = type(row) == "table" and #row > 0 and line(unpack(row)) or cell(value[i])
    end
  else
    for i = 1, n do lines[#lines + 1] = line(i, value[i]) end
    for _, key in ipairs(keys) do lines[#lines + 1] = line(tostring(key), value[key]) end
  end
  return table.concat(lines, "\n")
end

function formats.tsv(list, n)
  for i = 1, n do list[i] = tsv(list[i]) end
  return table.concat(list, "\n", 1, n)
end

-- ---- any format

-- show.text(...) -> the values as text in the format in force, without a newline at its end
function show.text(...)
  return formats[format]({ ... }, select("#", ...))
end

-- show.print(...): the same to standard output, with what stands back in a colour that does
function show.print(...)
  if select("#", ...) == 0 then return end
  paint = function(text) return terminal.paint(io.stdout, "dim", text) end
  local good, text = pcall(show.text, ...)
  paint = plainly
  if not good and tostring(text):find "interrupted$" then error(text, 0) end
  if not good then check.raise("set \"%s\": cannot write %s", format, text) end
  io.stdout:write(text, "\n")
end

-- show.set "pretty" | "json" | "tsv" | "lua"; show.set() -> the format in force
function show.set(name)
  if name == nil then return format end
  check.arg(type(name) == "string" and formats[name], "set", 1,
    '"pretty", "json", "tsv" or "lua"', name)
  format = name
end

return show
