-- engram.pretty: values for eyes. Whatever a value is, there is a text for it: nothing raises.
local ffi = require "ffi"
local C = require "engram.ffi"
local digits = require "engram.digits"
local layout = require "engram.layout"
local source = require "engram.source"
local types = require "engram.types"
local units = require "engram.units"
local width = require "engram.width"

local pretty = {}

local ENTRIES = 50 -- of a table
local DEPTH = 5 -- of tables in tables
local LETTERS = 200 -- of a string in a table
local LINES = 60
local HITS = 10
local CONTENT = 20 -- columns that what a hit is about has at least
local MATRIX_ROWS = 10
local LN_2 = 0.69314718055994531

-- Both are of the value that is being shown.
local page -- columns of a line
local dim -- dim(text): a text that stands back

-- As much of a text as has room, on one line.
local function cut(text, room)
  return width.clipped(width.line(text), room)
end

-- ---- single values

local function quoted(s)
  if #s <= LETTERS then return layout.quoted(s) end
  local last = LETTERS
  while last > LETTERS - 4 and s:find("^[\128-\191]", last + 1) do last = last - 1 end
  return layout.quoted(s:sub(1, last)) .. width.dots()
end

local function function_text(f)
  local info = debug.getinfo(f, "S")
  if info.what == "C" then return "function: builtin" end
  return "function: " .. source.place(info.source, info.linedefined)
end

-- What a value says of itself, its metamethods being anybody's.
local function own_text(value)
  local good, text = pcall(tostring, value)
  if good and type(text) == "string" then return text end
  return ("%s that cannot say what it is: %s"):format(type(value),
    good and "__tostring gives no string" or type(text) == "string" and text or type(text))
end

-- The text of what is not a table to be opened.
local function atom(value)
  local kind = type(value)
  if kind == "number" then return digits.shown(value) end
  if kind == "string" then return quoted(value) end
  if kind == "function" then return function_text(value) end
  if kind ~= "table" then return own_text(value):match "^[^\n]*" end
  local mt = debug.getmetatable(value)
  if type(mt) == "table" and rawget(mt, "__tostring") ~= nil then
    return own_text(value):match "^[^\n]*"
  end
end

local style = {
  most = ENTRIES,
  deepest = DEPTH,
  cut = function(n) return ("... and %d more"):format(n) end,
  closed = function() return "{ ... }" end,
  cycle = function() return "{ itself }" end,
}

-- ---- rows and columns

-- The columns as they are wide, of which the first few and those stay that have room; the names of
-- the others, and the room that is used.
local function fitting(columns, first, room)
  local used, left_out = 0, {}
  for _, column in ipairs(columns) do
    column.wide = width.of(column.name)
    for _, cell in ipairs(column) do column.wide = math.max(column.wide, width.of(cell)) end
  end
  local shown = {}
  for i, column in ipairs(columns) do
    if used + 2 + column.wide <= room or i <= first then
      shown[#shown + 1], used = column, used + 2 + column.wide
    else
      left_out[#left_out + 1] = column.name
    end
  end
  return shown, left_out, used
end

-- Columns { name =, right =, cells ... } as lines below their names.
local function put_columns(lines, columns)
  local function put(texts, paint)
    local line = {}
    for i, column in ipairs(columns) do
      line[i] = (column.right and width.right or width.left)(texts(column), column.wide)
    end
    lines[#lines + 1] = "  " .. paint((table.concat(line, "  "):gsub("%s+$", "")))
  end
  put(function(column) return column.name end, dim)
  for i = 1, #columns[1] do
    put(function(column) return column[i] end, function(text) return text end)
  end
end

local function is_plain(t)
  return type(t) == "table" and debug.getmetatable(t) == nil
end

-- A value in a row: what is no table, or a list of such, side by side.
local function cell_text(value)
  if type(value) == "string" then return cut(value, 60) end
  if type(value) ~= "table" then return cut(atom(value), 60) end
  local words = {}
  for i, word in ipairs(value) do words[i] = type(word) == "string" and word or atom(word) end
  return cut(table.concat(words, " "), 60)
end

local function is_cell(value)
  if type(value) ~= "table" then return true end
  local n, keys = layout.keys(value)
  for i = 1, n do
    if type(value[i]) == "table" then return false end
  end
  return is_plain(value) and #keys == 0
end

local first_names = { id = 1, name = 2, score = 3 }

-- The names of what a table holds, in order, if it is nothing larger than cells.
local function record_names(row)
  if not is_plain(row) then return nil end
  local n, names = layout.keys(row)
  if n > 0 or #names == 0 then return nil end
  for _, name in ipairs(names) do
    if type(name) ~= "string" or not is_cell(row[name]) then return nil end
  end
  table.sort(names, function(a, b)
    local s, t = first_names[a] or 4, first_names[b] or 4
    if s ~= t then return s < t end
    return a < b
  end)
  return names
end

-- The names and the first rows of a list of tables that have the same names and nothing larger in
-- them than lists of words, or of a table of such tables by name, and how many rows there are;
-- otherwise nothing.
local function rows_of(t)
  if not is_plain(t) then return nil end
  local n, keys = layout.keys(t)
  local count = n + #keys
  if count < 2 or n > 0 and #keys > 0 then return nil end
  local names = record_names(rawget(t, keys[1] or 1))
  local rows = {}
  for i = 1, names and math.min(count, ENTRIES) or 0 do
    local key = keys[i] or i
    local row = rawget(t, key)
    local others = record_names(row)
    if not others or table.concat(others, "\0") ~= table.concat(names, "\0") then return nil end
    rows[i] = n > 0 and row or setmetatable({ [""] = tostring(key) }, { __index = row })
  end
  if names and n == 0 then table.insert(names, 1, "") end
  return names, rows, count
end

-- Notes below a table, what they are about and a list, as lines that stand back.
local function put_note(lines, what, list)
  for i, line in ipairs(layout.filled(list, page - #what - 4)) do
    lines[#lines + 1] = dim("  " .. (i == 1 and what or (" "):rep(#what)) .. " " .. line)
  end
end

-- Rows as a table, if most of its columns fit on the page.
local function rows_text(t)
  local names, rows, count = rows_of(t)
  if not names then return nil end
  local columns = {}
  for i, name in ipairs(names) do
    local column = { name = name, right = true }
    for r = 1, #rows do
      local value = rows[r][name]
      if type(value) ~= "number" then column.right = false end
      column[r] = cell_text(value)
    end
    columns[i] = column
  end
  local fit, left_out = fitting(columns, 0, page)
  if #left_out > #fit then return nil end
  local lines = {}
  put_columns(lines, fit)
  if count > #rows then lines[#lines + 1] = ("  ... and %d more"):format(count - #rows) end
  put_note(lines, "no room for", left_out)
  return table.concat(lines, "\n")
end

-- Rows inside a table, indented as it is, if they are too many for a line.
local function rows_inside(value, way)
  local indent = ("  "):rep(#way)
  if #way == 0 or not rows_of(value) then return nil end
  if not layout.text(value, style, page - #indent):find("\n", 1, true) then return nil end
  page = page - #indent
  local text = rows_text(value)
  page = page + #indent
  return text and ("{\n%s%s\n%s}"):format(indent, (text:gsub("\n", "\n" .. indent)), indent)
end

function style.atom(value, way)
  return atom(value) or type(value) == "table" and rows_inside(value, way) or nil
end

-- Lines of a name and what belongs to it; nil and false are passed over.
local function facts(heading, list)
  local lines, wide = { heading }, 0
  for _, fact in ipairs(list) do
    if fact[2] then wide = math.max(wide, #fact[1]) end
  end
  local blanks = (" "):rep(wide + 4)
  for _, fact in ipairs(list) do
    if fact[2] then
      local text = width.wrapped(tostring(fact[2]), page, blanks):sub(#blanks + 1)
      lines[#lines + 1] = "  " .. dim(width.left(fact[1], wide)) .. "  " .. text
    end
  end
  return table.concat(lines, "\n")
end

-- ---- our objects

local views = {}

function views.vec(v)
  if v.n == 0 then return "vec 0" end
  local low, high, strange = math.huge, -math.huge, 0
  for i = 0, v.n - 1 do
    local x = v.data[i]
    if x - x == 0 then
      low, high = math.min(low, x), math.max(high, x)
    else
      strange = strange + 1
    end
  end
  local norm = ("  norm %#.4g"):format(v:norm())
  if v.n <= 16 then
    local elements = {}
    for i = 1, v.n do elements[i] = digits.shown(v.data[i - 1]) end
    local text = ("vec %d [%s]%s"):format(v.n, table.concat(elements, " "), norm)
    if #text <= page then return text end
  end
  local text = ("vec %d%s"):format(v.n, norm)
  if strange < v.n then text = ("%s  min %.3g  max %.3g"):format(text, low, high) end
  if strange > 0 then text = ("%s  %d not finite"):format(text, strange) end
  local room = page - #text - 2
  local spark = require("engram.plot").spark
  if room >= 16 then return text .. "  " .. spark(v, room) end
  return text .. "\n" .. spark(v, page)
end

-- The positions 1 .. n that are shown of n, at most `most`: from both ends.
local function from_both_ends(n, most)
  local list = {}
  for i = 1, n do
    if n <= most or i <= math.ceil(most / 2) or i > n - math.floor(most / 2) then
      list[#list + 1] = i
    end
  end
  return list
end

function views.matrix(m)
  local lines = { ("matrix %d x %d"):format(m.rows, m.dim) }
  local rows, wide = from_both_ends(m.rows, MATRIX_ROWS), 1
  local function cell(r, c) return ("%.4g"):format(m.data[(r - 1) * m.dim + c - 1]) end
  local columns = from_both_ends(m.dim, 40)
  for _, r in ipairs(rows) do
    for _, c in ipairs(columns) do wide = math.max(wide, #cell(r, c)) end
  end
  local fit = math.floor(page / (wide + 2))
  if m.dim > fit then columns = from_both_ends(m.dim, math.max(fit - 1, 2)) end -- and the dots
  for i, r in ipairs(rows) do
    if i > 1 and r > rows[i - 1] + 1 then lines[#lines + 1] = "  " .. width.dots() end
    local line = {}
    for j, c in ipairs(columns) do
      if j > 1 and c > columns[j - 1] + 1 then line[#line + 1] = width.dots() end
      line[#line + 1] = width.right(cell(r, c), wide)
    end
    lines[#lines + 1] = "  " .. table.concat(line, "  ")
  end
  return table.concat(lines, "\n")
end

function views.bank(b)
  local stats, forms = b:stats(), {}
  for _, form in ipairs { "bf16", "f16", "int8", "sign" } do
    local bytes = stats.forms[form]
    if bytes and bytes > 0 then forms[#forms + 1] = ("%s %s"):format(form, units.bytes(bytes)) end
  end
  return facts(("bank %s x %d"):format(units.counted(stats.rows, "row"), stats.dim), {
    { "size", units.bytes(stats.bytes) .. (stats.mapped and ", rows mapped" or "") },
    { "forms", #forms > 0 and table.concat(forms, ", ") },
    { "free slots", stats.slots > stats.rows and stats.slots - stats.rows },
  })
end

-- The degrees of a graph's nodes: least and greatest number of edges that leave one, and how many
-- nodes there are that none leaves.
local function degrees(g)
  local view = ffi.new "struct engram_graph_view"
  C.engram_graph_get(require("engram.graph").pointer(g, "show"), view)
  local least, greatest, sinks = math.huge, 0, 0
  for node = 0, view.nodes - 1 do
    local degree = view.offsets[node + 1] - view.offsets[node]
    local last = view.delta.edges > 0 and view.delta.last[node] or 2 ^ 32 - 1
    if last ~= 2 ^ 32 - 1 then
      local e = last
      repeat
        e, degree = view.delta.next[e], degree + 1
      until e == last
    end
    least, greatest = math.min(least, degree), math.max(greatest, degree)
    if degree == 0 then sinks = sinks + 1 end
  end
  return least, greatest, sinks
end

function views.graph(g)
  local text = units.counted(g.nodes, "node") .. ", " .. units.counted(g.edges, "edge")
  if g.nodes > 0 then
    local least, greatest, sinks = degrees(g)
    text = ("%s, degree %d to %d, %s"):format(text, least, greatest, units.counted(sinks, "sink"))
  end
  return layout.folded("graph " .. text, page)
end

-- Columns of which every row says the same say it once.
local function without_constants(columns, first)
  local kept, notes = {}, {}
  for i, column in ipairs(columns) do
    local same = i > first and #column > 1
    for r = 2, #column do same = same and column[r] == column[1] end
    if same then
      notes[#notes + 1] = ("%s %s"):format(column.name, column[1])
    else
      kept[#kept + 1] = column
    end
  end
  return kept, notes
end

local function score_text(x)
  return (math.abs(x) < 1e4 and "%.6f" or "%.6g"):format(x)
end

function views.hits(h)
  local shown = math.min(h.n, HITS)
  local columns = { { name = "id", right = true }, { name = "score", right = true } }
  for i = 1, shown do
    columns[1][i], columns[2][i] = ("%.0f"):format(h:id(i)), score_text(h:score(i))
  end
  local notes = {}
  if h.with_parts == 1 then
    for _, name in ipairs(require("engram.hits").part_names) do
      local column = { name = name, right = true }
      for i = 1, shown do column[i] = ("%.4f"):format(h.parts[i - 1][name]) end
      columns[#columns + 1] = column
    end
    columns, notes = without_constants(columns, 2)
  end
  local contents = require("engram.memory").contents(h, shown)
  local fit, left_out, used = fitting(columns, 2, contents and page - CONTENT or page)
  if contents then
    local column = { name = "content", wide = math.max(page - used - 4, 8) }
    for i = 1, shown do column[i] = cut(contents[i] or "", column.wide) end
    fit[#fit + 1] = column
  end
  local lines = { "hits " .. h.n }
  if shown > 0 then put_columns(lines, fit) end
  if h.n > shown then lines[#lines + 1] = ("  ... and %d more"):format(h.n - shown) end
  put_note(lines, "of all:", notes)
  put_note(lines, "no room for", left_out)
  return table.concat(lines, "\n")
end

local function law_text(law)
  if not law then return "none: nothing fades" end
  if law.curve == "exponential" then
    return ("exponential, half-life %.6g s"):format(law.tau_s * LN_2)
  end
  local _, names = layout.keys(law)
  local parts = { law.curve }
  for _, name in ipairs(names) do
    if name ~= "curve" then parts[#parts + 1] = ("%s %.6g"):format(name, law[name]) end
  end
  return table.concat(parts, ", ")
end

function views.memory(m)
  local s = m:stats()
  local some = {}
  for _, name in ipairs { "archived", "pinned", "marks" } do
    if s[name] > 0 then some[#some + 1] = ("%d %s"):format(s[name], name) end
  end
  return facts(("memory of %d%s, dim %d"):format(s.count, s.capacity > 0
    and (", at most %d"):format(s.capacity) or "", s.dim), {
    { "links", s.links },
    { "of these", #some > 0 and table.concat(some, ", ") },
    { "law", law_text(s.law) },
    { "clock", s.clock and digits.shown(s.clock) .. " s" or "not told yet" },
    { "size", units.bytes(s.bytes) },
    { "texts", s.text_bytes > 0 and units.bytes(s.text_bytes) },
    { "saved in", s.path or "nothing: it ends with the program" },
    { "read-only", s.read_only and "yes" },
  })
end

function views.arena(a)
  local s = a:stats()
  return facts("arena of " .. units.bytes(s.capacity), {
    { "used", units.bytes(s.used) },
    { "peak", units.bytes(s.peak) },
    { "overflows", s.overflows > 0 and s.overflows },
    { "fallbacks", s.fallbacks > 0 and s.fallbacks },
  })
end

-- ---- any value

-- A module of ours in a line: what the reference has of it.
local function module_text(value)
  local engram = package.loaded.engram
  for part in next, type(engram) == "table" and engram.parts or {} do
    local name = "engram." .. part
    if rawequal(package.loaded[name], value) then
      local members = require("engram.help").members(name .. ".")
      local what = #members > 0 and ": " .. table.concat(members, " ") or ""
      return layout.folded(("%s%s; help(%s) tells more"):format(name, what, name), page)
    end
  end
end

-- What fits on a screen or two.
local function first_lines(text)
  local lines, last = 1, 0
  for at in text:gmatch "()\n" do
    lines = lines + 1
    if lines == LINES + 1 then last = at end
  end
  if lines <= LINES then return text end
  return ("%s\n... and %d more lines"):format(text:sub(1, last - 1), lines - LINES)
end

-- pretty.text(value, columns, paint) -> text; paint(text) makes what stands back look so
function pretty.text(value, columns, paint)
  page, dim = columns, paint
  if type(value) == "string" then return value end
  local kind = types.of(value)
  local view = kind and views[kind.name]
  if view then
    local good, text = pcall(view, value)
    return good and text or own_text(value) -- one that is closed, say
  end
  local text = atom(value)
  local whole = type(value) == "table" or type(value) == "cdata"
  if text and not whole then return text end
  if text then -- not its first line alone; a picture is as wide as it was asked to be
    text = own_text(value)
    return kind and kind.name == "figure" and text or layout.folded(text, page)
  end
  return module_text(value) or rows_text(value) or first_lines(layout.text(value, style, columns))
end

return pretty
