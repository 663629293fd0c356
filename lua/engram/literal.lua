-- engram.literal: values as Lua, which reads back as the same bits. What there is no Lua for, it
-- refuses, and says where that stands.
local bit = require "bit"
local ffi = require "ffi"
local digits = require "engram.digits"
local layout = require "engram.layout"
local types = require "engram.types"

local literal = {}

local BLOCK = 1000 -- rows to a function: none can have more than 65536 constants
local MOST = 20000 -- tables and objects in a table, likewise
local DEEPEST = 150 -- the parser takes some 200 levels

local function refuse(what, way)
  error(#way > 0 and ("%s at %s"):format(what, layout.place(way)) or what, 0)
end

-- What the digits cannot say, arithmetic does.
local function special(x)
  if x ~= x then return "0/0" end
  return x > 0 and "1/0" or "-1/0"
end

local function number(x, text_of)
  return x - x == 0 and text_of(x) or special(x)
end

local function floats(data, n)
  local list = {}
  for i = 0, n - 1 do list[i + 1] = number(data[i], digits.float) end
  return "{ " .. table.concat(list, ", ") .. " }"
end

local writers = {}

function writers.vec(v)
  return v.n == 0 and "engram.vec {}" or "engram.vec " .. floats(v.data, v.n)
end

-- The rows from .. to - 1, from 0.
local function rows_text(data, dim, from, to)
  local rows = {}
  for r = from, to - 1 do rows[#rows + 1] = floats(data + r * dim, dim) end
  return "engram.matrix {\n  " .. table.concat(rows, ",\n  ") .. " }"
end

function writers.matrix(m, way)
  if m.rows == 0 then return ("engram.matrix(0, %d)"):format(m.dim) end
  if m.rows > MOST then refuse(("a matrix of more than %d rows"):format(MOST), way) end
  return rows_text(m.data, m.dim, 0, m.rows)
end

function writers.hits(h, way)
  if h.n > MOST then refuse(("more than %d hits"):format(MOST), way) end
  local list = {}
  for i = 1, h.n do
    list[i] = ("{ %.0f, %s }"):format(h:id(i), number(h:score(i), digits.double))
  end
  if h.n == 0 then return "engram.hits {}" end
  return "engram.hits { " .. table.concat(list, ", ") .. " }"
end

-- Rows in the order of their slots, without what was removed between them.
function writers.bank(b)
  local view = require("engram.bank").view(b, "show")
  local rows, n = ffi.new("float[?]", view.count * view.dim), 0
  for slot = 0, view.slots - 1 do
    if bit.band(view.live[bit.rshift(slot, 6)], bit.lshift(1ULL, slot % 64)) ~= 0 then
      ffi.copy(rows + n * view.dim, view.rows + slot * view.dim, 4 * view.dim)
      n = n + 1
    end
  end
  local text = { ("(function(b)"):format(view.dim) }
  for from = 0, n - 1, BLOCK do
    text[#text + 1] = ("(function() b:add(%s) end)();"):format(rows_text(rows, view.dim, from,
      math.min(n, from + BLOCK)))
  end
  text[#text + 1] = ("return b end)(engram.bank.new(%d))"):format(view.dim)
  return table.concat(text, "\n")
end

function writers.graph(g)
  local names, edges = {}, {}
  for node = 0, g.nodes - 1 do
    local name = g:name(node)
    if name then names[#names + 1] = layout.quoted(name) end
    for _, e in ipairs(g:neighbours(node)) do
      edges[#edges + 1] = ("%d, %d, %s, %d"):format(node, e[1], number(e[2], digits.float), e[3])
    end
  end
  local text = { "(function(b, names, e)", "for i = 1, #names do b:node(names[i]) end",
    ("b:nodes(%d)"):format(g.nodes),
    "for i = 1, #e, 4 do b:edge(e[i], e[i + 1], e[i + 2], e[i + 3]) end", "return b:freeze()",
    ("end)(engram.graph.builder(), { %s }, {\n  %s })"):format(table.concat(names, ", "),
      table.concat(edges, ",\n  ")) }
  return table.concat(text, "\n")
end

local function cdata_text(x, way)
  if ffi.istype("int64_t", x) or ffi.istype("uint64_t", x) then return tostring(x) end
  refuse(("a %s"):format(tostring(ffi.typeof(x))), way)
end

local function atom(value, way)
  local kind = type(value)
  if kind == "number" then return number(value, digits.double) end
  if kind == "string" then return layout.quoted(value) end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  local ours = types.of(value)
  if ours then
    local write = writers[ours.name]
    if not write then refuse("a " .. ours.name, way) end
    return write(value, way)
  end
  if kind == "cdata" then return cdata_text(value, way) end
  if kind ~= "table" then refuse("a " .. kind, way) end
  if debug.getmetatable(value) ~= nil then refuse("a table with a metatable", way) end
  local inside = 0
  for _, x in next, value do
    if type(x) == "table" or type(x) == "cdata" then inside = inside + 1 end
  end
  if inside > MOST then refuse(("more than %d tables in a table"):format(MOST), way) end
  if #way > DEEPEST then refuse(("more than %d tables in each other"):format(DEEPEST), way) end
end

local style = {
  atom = atom,
  closed = function(way) refuse("a table as a key", way) end,
  cycle = function(way) refuse("a table inside itself", way) end,
}

-- literal.text(value, columns) -> text; raises where something cannot be written
function literal.text(value, columns)
  return layout.text(value, style, columns)
end

return literal
