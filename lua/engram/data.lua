-- engram.data: tables of columns, from files and into them: CSV, TSV, JSON Lines, and arrays of
-- numbers as .npy.
local ffi = require "ffi"
local check = require "engram.check"
local digits = require "engram.digits"
local files = require "engram.files"
local json = require "engram.json"
local progress = require "engram.progress"
local types = require "engram.types"
local vec = require "engram.vec"

local data = {}

-- ---- tables

local methods = {}

-- What is no field and no method is a column.
local Table = {
  __index = function(self, name) return methods[name] or rawget(self, "columns")[name] end,
  __tostring = function(self)
    local kinds = {}
    for i, name in ipairs(self.names) do
      kinds[i] = ("%s (%s)"):format(name, self.n > 0 and type(self.columns[name][1]) or "empty")
    end
    return ("data %d rows: %s"):format(self.n, table.concat(kinds, ", "))
  end,
}

local function table_of(names, columns, n)
  return setmetatable({ names = names, columns = columns, n = n }, Table)
end

-- d:rows() -> for i, row in: each row as a table of its values by name
function methods:rows()
  check.self(getmetatable(self) == Table, "data:rows")
  local i = 0
  return function()
    i = i + 1
    if i > self.n then return nil end
    local row = {}
    for _, name in ipairs(self.names) do row[name] = self.columns[name][i] end
    return i, row
  end
end

local function sorted_names(set, fname, position)
  local names = {}
  for name in pairs(set) do
    check.arg(type(name) == "string", fname, position, "names of columns", name)
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- A list of rows as columns; nil where a row has nothing.
local function columns_of(rows, n, fname, position)
  local columns = {}
  for i = 1, n do
    check.arg(type(rows[i]) == "table", fname, position, ("a row at %d"):format(i), rows[i])
    for name, value in pairs(rows[i]) do
      columns[name] = columns[name] or {}
      columns[name][i] = value
    end
  end
  return columns
end

local function make(what, names, fname, position)
  if getmetatable(what) == Table then return what end
  check.arg(type(what) == "table", fname, position, "columns by name, or a list of rows", what)
  local of_rows = what[1] ~= nil
  local columns, n, kept = what, of_rows and #what or nil, {}
  if of_rows then columns = columns_of(what, n, fname, position) end
  local order = names or sorted_names(columns, fname, position)
  for i = 1, #order do
    local name = order[i]
    local column = columns[name]
    if column == nil and of_rows then column = {} end
    check.arg(type(column) == "table" or vec.is(column), fname, position,
      ("a table or a vec as column '%s'"):format(tostring(name)), column)
    n = n or #column
    check.arg(of_rows or #column == n, fname, position,
      ("%d values in column '%s'"):format(n, name), #column)
    kept[name] = column
  end
  check.arg(#order > 0, fname, position, "at least one column", #order)
  return table_of(order, kept, n)
end

-- data.new { age = { 31, 28 }, name = { "Ann", "Bo" } } or { { age = 31, name = "Ann" }, .. } -> a
-- table; its columns are in the order of `names`, or of their bytes
function data.new(what, names)
  check.arg(names == nil or check.list(names), "data.new", 2, "a list of names", names)
  return make(what, names, "data.new", 1)
end

-- ---- text, in pieces

local BLOCK = 65536 -- read at once
local FIELD, LINE = 2 ^ 20, 2 ^ 24 -- bytes of a field, of a line of JSON
local MOST_COLUMNS = 65536

-- What is wrong with a file, on its way out of the reading.
local Wrong = {}

local function wrong(s, reason, ...)
  error(setmetatable({ line = s.line, reason = reason:format(...) }, Wrong), 0)
end

local function failed(reason)
  error(setmetatable({ failed = reason }, Wrong), 0)
end

-- Reads on; what is taken begins at s.at. Whether there was more.
local function more(s)
  if s.ended then return false end
  if #s.text - s.at >= s.most then wrong(s, "a %s of more than %d bytes", s.what, s.most) end
  local block, reason = s.file:read(BLOCK)
  if reason then failed(reason) end
  s.bar:step(block and #block or 0)
  s.text, s.at, s.ended = s.text:sub(s.at) .. (block or ""), 1, block == nil
  return not s.ended
end

-- How far behind s.at a pattern is found next, not before `skip`.
local function seek(s, pattern, skip)
  while true do
    local place = s.text:find(pattern, s.at + skip)
    if place then return place - s.at end
    skip = math.max(skip, #s.text - s.at + 1)
    if not more(s) then return nil end
  end
end

local function byte_at(s, offset)
  while s.at + offset > #s.text and more(s) do end
  return s.text:byte(s.at + offset)
end

local function read_with(bar, f, s, ...)
  s.bar = bar
  return f(s, ...)
end

-- Opens a file, gives it to f(s, ...), and closes it: what f returns, or nil and a failure.
local function reading(path, what, most, f, ...)
  local file, reason = io.open(path, "rb")
  if not file then return files.failed(path, reason) end
  local s = { file = file, text = "", at = 1, line = 1, what = what, most = most }
  local bytes = file:seek "end"
  file:seek "set"
  local good, result = pcall(progress.during, { total = check.count(bytes) and bytes or nil,
    label = "reading", unit = "bytes" }, read_with, f, s, ...)
  file:close()
  if good then return result end
  if getmetatable(result) ~= Wrong then error(result, 0) end
  if result.failed then return files.failed(path, ("%s: %s"):format(path, result.failed)) end
  return files.malformed(path, result.line, result.reason)
end

local function skip_mark(s) -- that some programs put before UTF-8
  byte_at(s, 2)
  if s.text:sub(1, 3) == "\239\187\191" then s.at = 4 end
end

-- ---- CSV: RFC 4180

local QUOTE, RETURN, NEWLINE = 34, 13, 10

-- Takes a field: its text, and whether the record ends with it.
local function take_field(s, o)
  local text, length
  if o.quotes and byte_at(s, 0) == QUOTE then
    local from, doubled = 1, false
    length = seek(s, '"', from)
    while length and byte_at(s, length + 1) == QUOTE do
      from, doubled = length + 2, true
      length = seek(s, '"', from)
    end
    if not length then wrong(s, "a quote that is not closed") end
    text = s.text:sub(s.at + 1, s.at + length - 1)
    if doubled then text = text:gsub('""', '"') end
    length = length + 1
    local returns = byte_at(s, length) == RETURN and byte_at(s, length + 1) == NEWLINE
    if returns then length = length + 1 end
  else
    length = seek(s, o.ends, 0) or #s.text - s.at + 1
    text = s.text:sub(s.at, s.at + length - 1)
    if byte_at(s, length) ~= o.byte then text = text:gsub("\r$", "") end
    if o.quotes and text:find('"', 1, true) then
      wrong(s, "a quote in a field that does not begin with one")
    end
  end
  if #text > FIELD then wrong(s, "a field of more than %d bytes", FIELD) end
  if text:find("\0", 1, true) then wrong(s, "a byte 0, which no text has") end
  local behind = byte_at(s, length)
  local delimited = behind == o.byte
  if behind and behind ~= NEWLINE and not delimited then wrong(s, "text behind a closing quote") end
  s.at = s.at + length + 1
  return text, not delimited
end

local function newlines(text)
  return select(2, text:gsub("\n", ""))
end

-- Takes a record as a list of fields; nil at the end of the file.
local function take_record(s, o)
  if not byte_at(s, 0) then return nil end
  local fields, lines = {}, 0
  repeat
    local text, last = take_field(s, o)
    fields[#fields + 1] = text
    lines = lines + newlines(text)
    if #fields > MOST_COLUMNS then wrong(s, "more than %d columns", MOST_COLUMNS) end
  until last
  return fields, lines + 1
end

-- The number that a field is, or nil. NaN and infinities by name; no other bases.
local function number_of(text)
  local plain = text:match "^%s*[+-]?(.-)%s*$"
  if plain:find "^%d+%.?%d*$" or plain:find "^%.%d+$" or plain:find "^%d+%.?%d*[eE][+-]?%d+$"
    or plain:find "^%.%d+[eE][+-]?%d+$" then
    return tonumber(text)
  end
  plain = plain:lower()
  if plain == "nan" then return 0 / 0 end
  if plain == "inf" then return text:find("-", 1, true) and -math.huge or math.huge end
end

-- A column as numbers, NaN where there is nothing; nil if a field is none, or all are empty.
local function numbers_of(fields, n)
  local numbers, any = {}, false
  for i = 1, n do
    local text = fields[i]
    local x = text == "" and 0 / 0 or number_of(text)
    if not x then return nil end
    any = any or text ~= ""
    numbers[i] = x
  end
  return any and numbers or nil
end

-- The names of columns, and whether each stays text.
local function name_columns(s, header, as_text)
  local names, seen, text = {}, {}, {}
  for i, name in ipairs(header) do
    if name == "" then name = "column" .. i end
    if seen[name] then wrong(s, "two columns are named '%s'", name) end
    names[i], seen[name] = name, true
  end
  for _, name in ipairs(as_text or {}) do
    if not seen[name] then wrong(s, "no column is named '%s'", tostring(name)) end
    text[name] = true
  end
  return names, text
end

local function read_csv(s, o)
  skip_mark(s)
  local record, lines = take_record(s, o)
  if not record then wrong(s, "the file is empty") end
  local header = record
  if not o.header then
    header = {}
    for i = 1, #record do header[i] = "" end
  end
  local names, is_text = name_columns(s, header, o.text)
  local lists, columns, n = {}, {}, 0
  for i = 1, #names do lists[i] = {} end
  if o.header then
    s.line = s.line + lines
    record, lines = take_record(s, o)
  end
  while record do
    local blank = #record == 1 and record[1] == "" and #names > 1
    if not blank then
      if #record ~= #names then wrong(s, "%d fields, expected %d", #record, #names) end
      n = n + 1
      for i = 1, #names do lists[i][n] = record[i] end
    end
    s.line = s.line + lines
    record, lines = take_record(s, o)
  end
  for i, name in ipairs(names) do
    columns[name] = not is_text[name] and numbers_of(lists[i], n) or lists[i]
  end
  return table_of(names, columns, n)
end

local csv_known = { delimiter = ",", header = true, quotes = true, text = check.none }

local function csv_options(options, delimiter, fname)
  csv_known.delimiter = delimiter -- unless another is given
  local given = check.options(options, csv_known, fname)
  local d = given.delimiter
  check.arg(type(d) == "string" and d:find '^[^%w"\r\n%z]$', fname, "delimiter",
    "one character that is no letter, digit, quote or newline", d)
  for _, name in ipairs { "header", "quotes" } do
    check.arg(type(given[name]) == "boolean", fname, name, "true or false", given[name])
  end
  check.arg(given.text == nil or check.list(given.text), fname, "text", "a list of names",
    given.text)
  return { delimiter = d, byte = d:byte(), ends = "[%" .. d .. "\n]", header = given.header,
    quotes = given.quotes, text = given.text }
end

local function path_of(path, fname)
  check.arg(type(path) == "string", fname, 1, "a path", path)
  return path
end

local function from_text(path, options, delimiter, fname)
  local o = csv_options(options, delimiter, fname)
  return reading(path_of(path, fname), "field", FIELD, read_csv, o)
end

-- data.csv(path [, { delimiter = ",", header = true, quotes = true, text = { names } }]) -> table,
-- or nil and what is wrong with the file; data.tsv the same with tabs
function data.csv(path, options) return from_text(path, options, ",", "data.csv") end
function data.tsv(path, options) return from_text(path, options, "\t", "data.tsv") end

-- ---- JSON Lines

local function take_line(s)
  if not byte_at(s, 0) then return nil end
  local length = seek(s, "\n", 0) or #s.text - s.at + 1
  local line = s.text:sub(s.at, s.at + length - 1)
  s.at = s.at + length + 1
  return line
end

local function read_jsonl(s)
  skip_mark(s)
  local columns, n = {}, 0
  local line = take_line(s)
  while line do
    if line:find "%S" then
      local item, reason = json.decode(line)
      local is_object = type(item) == "table" and item[1] == nil
      if not is_object then wrong(s, "%s", reason or "an object expected") end
      n = n + 1
      for name, value in pairs(item) do
        columns[name] = columns[name] or {}
        if value ~= json.null then columns[name][n] = value end
      end
    end
    s.line = s.line + 1
    line = take_line(s)
  end
  for _, column in pairs(columns) do
    local numeric = next(column) ~= nil
    for _, value in pairs(column) do numeric = numeric and type(value) == "number" end
    for i = 1, numeric and n or 0 do column[i] = column[i] or 0 / 0 end
  end
  return table_of(sorted_names(columns), columns, n)
end

-- data.jsonl(path) -> table, or nil and what is wrong with the file
function data.jsonl(path)
  return reading(path_of(path, "data.jsonl"), "line", LINE, read_jsonl)
end

-- ---- .npy

local MAGIC = "\147NUMPY"
local npy_types = {
  ["<f4"] = "float", ["<f8"] = "double", ["|i1"] = "int8_t", ["<i2"] = "int16_t",
  ["<i4"] = "int32_t", ["<i8"] = "int64_t", ["|u1"] = "uint8_t", ["<u2"] = "uint16_t",
  ["<u4"] = "uint32_t", ["<u8"] = "uint64_t", ["|b1"] = "uint8_t",
}

-- Type, rows and columns (nil of one dimension) that a header says.
local function shape_of(s, header)
  local descr = header:match "'descr'%s*:%s*'([^']*)'"
  local order = header:match "'fortran_order'%s*:%s*(%a+)"
  local shape = header:match "'shape'%s*:%s*%(([%d%s,]*)%)"
  if not (descr and order and shape) then wrong(s, "a header that cannot be read") end
  if not npy_types[descr] then
    wrong(s, "elements of type '%s', expected little-endian floats or integers", descr)
  end
  local sizes = {}
  for size in shape:gmatch "%d+" do sizes[#sizes + 1] = tonumber(size) end
  if #sizes < 1 or #sizes > 2 then wrong(s, "%d dimensions, expected 1 or 2", #sizes) end
  if order ~= "False" and #sizes == 2 then wrong(s, "columns after each other, expected rows") end
  return npy_types[descr], sizes[1], sizes[2]
end

local function take_bytes(s, n)
  local bytes, reason = s.file:read(n)
  if reason then failed(reason) end
  if #(bytes or "") < n then wrong(s, "the file ends too early") end
  return bytes or ""
end

local function read_header(s)
  local start = take_bytes(s, 8)
  if start:sub(1, 6) ~= MAGIC then wrong(s, "this is no .npy file") end
  local version = start:byte(7)
  if version < 1 or version > 3 then wrong(s, "version %d, expected 1 .. 3", version) end
  local size = take_bytes(s, version == 1 and 2 or 4)
  local length = 0
  for i = #size, 1, -1 do length = length * 256 + size:byte(i) end
  if length > BLOCK then wrong(s, "a header of %d bytes", length) end
  return take_bytes(s, length)
end

-- n numbers of a type as a list; those that no number of Lua holds are refused.
local function list_of(s, elements, n)
  local list = {}
  for i = 0, n - 1 do
    local x = tonumber(elements[i])
    if x - x == 0 and (x >= 2 ^ 53 or x <= -2 ^ 53) and type(elements[i]) == "cdata" then
      wrong(s, "the integer %s, beyond what a number holds", tostring(elements[i]):match "%-?%d+")
    end
    list[i + 1] = x
  end
  return list
end

local function read_npy(s)
  s.line = nil -- of a file without lines
  local ctype, rows, dim = shape_of(s, read_header(s))
  local n, size = rows * (dim or 1), ffi.sizeof(ctype)
  local from, reason = s.file:seek()
  if not from then failed(reason) end
  local left = s.file:seek "end" - from
  if n >= 2 ^ 31 then wrong(s, "%.0f elements, expected less than 2^31", n) end
  if n ~= left / size then wrong(s, "%d bytes of elements, expected %.0f", left, n * size) end
  s.file:seek("set", from)
  if ctype == "float" and dim ~= 0 then
    local into = dim and vec.matrix(rows, dim) or vec(n)
    for at = 0, left - 1, BLOCK do
      local bytes = math.min(BLOCK, left - at)
      ffi.copy(ffi.cast("char *", into.data) + at, take_bytes(s, bytes), bytes)
    end
    return into
  end
  local pointer = ffi.typeof("const " .. ctype .. " *")
  local function take(count)
    local bytes = take_bytes(s, count * size)
    return list_of(s, ffi.cast(pointer, bytes), count)
  end
  if not dim then return take(n) end
  local list = {}
  for r = 1, rows do list[r] = take(dim) end
  return list
end

-- data.npy(path) -> vec or matrix of floats; other elements as a list, or a list of rows; or nil
-- and what is wrong with the file
function data.npy(path)
  return reading(path_of(path, "data.npy"), "file", FIELD, read_npy)
end

-- ---- by name

local readers = { csv = data.csv, tsv = data.tsv, jsonl = data.jsonl, npy = data.npy }

local function kind_of(path, fname)
  local kind = path_of(path, fname):match "%.(%l+)$"
  check.arg(readers[kind], fname, 1, "a path that ends in .csv, .tsv, .jsonl or .npy", path)
  return kind
end

-- data.read(path [, options]) -> what data.csv, tsv, jsonl or npy give, as the path ends
function data.read(path, options)
  local kind = kind_of(path, "data.read")
  check.arg(options == nil or kind == "csv" or kind == "tsv", "data.read", 2,
    "no options for a file of this kind", options)
  return readers[kind](path, options)
end

-- ---- writing

-- A value of a column as text: as many digits as it takes to read it back.
local function text_of(column, i, name, fname)
  local x = column[i]
  if type(x) == "number" then
    if x ~= x then return "" end
    if x - x ~= 0 then return x > 0 and "inf" or "-inf" end
    return vec.is(column) and ("%.9g"):format(x) or json.encode(x)
  end
  if x == nil then return "" end
  local plain = type(x) == "string" or type(x) == "boolean"
  check.arg(plain, fname, 2, ("text or a number in column '%s', row %d"):format(name, i), x)
  local text = tostring(x)
  check.arg(not text:find("\0", 1, true), fname, 2, "text without a byte 0", x)
  return text
end

local function write_csv(path, t, o, fname)
  local special = '["\r\n%' .. o.delimiter .. "]"
  local function field(text)
    if not text:find(special) then return text end
    check.arg(o.quotes, fname, 2, "text without newlines and delimiters where there are no quotes",
      text)
    return '"' .. text:gsub('"', '""') .. '"'
  end
  local i = o.header and -1 or 0
  return files.write(path, function()
    i = i + 1
    if i > t.n then return nil end
    local fields = {}
    for c, name in ipairs(t.names) do
      fields[c] = field(i == 0 and name or text_of(t.columns[name], i, name, fname))
    end
    if #fields == 1 and fields[1] == "" then fields[1] = '""' end -- a blank line is no record
    return table.concat(fields, o.delimiter) .. "\n"
  end)
end

local function write_jsonl(path, t, fname)
  local i = 0
  return files.write(path, function()
    i = i + 1
    if i > t.n then return nil end
    local item = {}
    for _, name in ipairs(t.names) do
      local column = t.columns[name]
      local value = column[i]
      if vec.is(column) then value = digits.of_float(value) end
      if value == value then item[name] = value end
    end
    local text, reason = json.text(item)
    check.arg(text, fname, 2, "values that JSON has", reason)
    return text .. "\n"
  end)
end

local function header_of(descr, shape)
  local text = ("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }"):format(descr, shape)
  text = text .. (" "):rep(63 - (10 + #text) % 64) .. "\n"
  return MAGIC .. "\1\0" .. string.char(#text % 256, math.floor(#text / 256)) .. text
end

local function write_npy(path, what, fname)
  local descr, shape, bytes, size
  if vec.matrix.is(what) then
    descr, shape = "<f4", ("%d, %d"):format(what.rows, what.dim)
    bytes, size = what.data, what.rows * what.dim * 4
  elseif vec.is(what) then
    descr, shape, bytes, size = "<f4", ("%d,"):format(what.n), what.data, what.n * 4
  else
    check.arg(check.list(what), fname, 2, "a vec, a matrix or a list of numbers", what)
    local doubles, n = require("engram.numbers").doubles(what, fname, 2)
    descr, shape, bytes, size = "<f8", ("%d,"):format(n), doubles, n * 8
  end
  bytes = ffi.cast("const char *", bytes)
  local at, header = 0, header_of(descr, shape)
  return files.write(path, function()
    if header then
      local first = header
      header = nil
      return first
    end
    if at >= size then return nil end
    local part = math.min(BLOCK, size - at)
    at = at + part
    return ffi.string(bytes + at - part, part)
  end)
end

-- data.write(path, what [, options]) -> true, or nil and a failure: a table, columns or rows as
-- CSV, TSV or JSON Lines, a vec, a matrix or a list of numbers as .npy, as the path ends
function data.write(path, what, options)
  local fname = "data.write"
  local kind = kind_of(path, fname)
  check.arg(options == nil or kind == "csv" or kind == "tsv", fname, 3,
    "no options for a file of this kind", options)
  if kind == "npy" then return write_npy(path, what, fname) end
  local t = make(what, nil, fname, 2)
  if kind == "jsonl" then return write_jsonl(path, t, fname) end
  return write_csv(path, t, csv_options(options, kind == "csv" and "," or "\t", fname), fname)
end

types.register { name = "data", metatable = Table, methods = methods, fields = {
  names = "the columns' names, a list", n = "how many rows" } }

return data
