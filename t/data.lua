-- data.lua: tables of columns from files and into them; files that are not as they should be.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, refuses, path = tap.ok, tap.is, support.refuses, support.path
local data = engram.data

local inf = 1 / 0

-- What a reader makes of a file with this text.
local function read(name, text, options)
  return data.read(support.write(path(name), text), options)
end

-- refused("x.csv", "text", "x.csv:2: what is wrong", "what holds")
local function refused(name, text, message, says, options)
  local t, why = read(name, text, options)
  local right = t == nil and type(why) == "table" and why.name == "EFORMAT" and why.path == path(name)
    and tostring(why):find(message, 1, true)
  if not ok(right, says) then tap.note(tostring(t) .. " " .. tostring(why)) end
end

local function joined(list, n)
  local texts = {}
  for i = 1, n or #list do texts[i] = tostring(list[i]) end
  return table.concat(texts, "|")
end

-- ---- CSV

local t = read("a.csv", "name,age,weight\nAnn,31,60.5\nBo,28,\n")
is(t.n, 2, "rows are counted")
is(joined(t.names), "name|age|weight", "columns have their names")
is(joined(t.name), "Ann|Bo", "a column of text")
is(joined(t.age), "31|28", "a column of numbers")
ok(t.weight[1] == 60.5 and t.weight[2] ~= t.weight[2], "where a number is missing there is NaN")
is(t.columns.age, t.age, "columns also stand in a table of their own")
is(t.height, nil, "what is no column is nil")
is(tostring(t), "data 2 rows: name (string), age (number), weight (number)", "tostring tells what there is")
local said = {}
for i, row in t:rows() do said[#said + 1] = i .. row.name .. row.age end
is(table.concat(said, " "), "1Ann31 2Bo28", "rows come one by one")
refuses(function() t.rows() end, "call it as data:rows(...), with a colon", "a colon is asked for")

is(joined(read("b.csv", 'a,b\r\n"x,1","say ""hi"""\r\n"two\r\nlines",\r\n').a), "x,1|two\r\nlines",
  "quotes keep delimiters and newlines")
is(joined(read("b.csv", 'a,b\r\n"x,1","say ""hi"""\r\n').b), 'say "hi"', "a doubled quote is one")
is(joined(read("c.csv", "\239\187\191a,b\n1,2").a), "1", "a byte order mark is no part of a name")
local single = read("c.csv", "a\n1\n\n3\n").a
ok(#single == 3 and single[2] ~= single[2], "in a single column a blank line is a missing value")
is(read("c.csv", "a,b\n1,2\n\n3,4\n\n").n, 2, "in several it is none")
is(joined(read("c.csv", "a,,b\n1,2,3\n").names), "a|column2|b", "a column without a name is called by its number")
is(joined(read("c.csv", "1,2\n3,4\n", { header = false }).column2), "2|4",
  "so are those of a file without a header")
is(joined(read("c.csv", "a;b\n1;2,5\n", { delimiter = ";" }).b), "2,5", "the delimiter may be another")
is(joined(read("c.csv", "zip,n\n00123,1\n", { text = { "zip" } }).zip), "00123",
  "a column stays text where that is said")
is(joined(read("c.csv", "a\n1\nx\n").a), "1|x", "one text makes a column text")
is(joined(read("c.csv", "a,b\n,1\n,2\n").a), "|", "a column of nothing is empty text")
is(joined(read("c.csv",
  "a\n 1 \n+2\n-.5\n1.\n1e3\n+1E+2\ninf\n-Inf\n").a), joined { 1, 2, -0.5, 1, 1000, 100, inf, -inf },
  "numbers as people write them")
for _, text in ipairs { "0x10", "1e", "--1", "1 2", "infinity!", "1,", "." } do
  local column = read("c.csv", 'a\n"' .. text .. '"\n').a
  is(column[1], text, ("%s is text"):format(text))
end
is(read("c.csv", "a,b\n").n, 0, "there may be no rows")
is(read("c.csv", "a,b").n, 0, "nor a newline behind the names")
is(joined(read("tabs.tsv", 'a\tb\n1\t"x\ty"\n').b), "x\ty", "tabs delimit a TSV file")
is(joined(read("tabs.tsv", 'a\tb\n1\tsay "hi"\n', { quotes = false }).b), 'say "hi"', "quotes may be nothing but text")
is(joined(read("c.csv", "n,rows,columns\n1,2,3\n").columns.rows), "2", "a column of any name is in columns")

-- A block of the reader ends everywhere in these once.
local wrong = 0
for shift = 0, 12 do
  local rows = {}
  for i = 1, 6000 do rows[i] = ('%d,"a ""%d"" b",x\r\n'):format(i, i) end
  local long = read("long.csv", "n,q" .. ("z"):rep(shift) .. ",c\r\n" .. table.concat(rows))
  local q = long.columns[long.names[2]]
  for i = 1, 6000 do
    if long.columns.n[i] ~= i or q[i] ~= ('a "%d" b'):format(i) or long.c[i] ~= "x" then wrong = wrong + 1 end
  end
end
is(wrong, 0, "a file of several blocks is read whole")

-- ---- what is wrong with a file

refused("w.csv", "", "w.csv:1: the file is empty", "an empty file")
refused("w.csv", "a,b\n1,2\n3\n", "w.csv:3: 1 fields, expected 2", "a field too few")
refused("w.csv", 'a,b\n"1\n\n",2\n3,4,5\n', "w.csv:5: 3 fields, expected 2", "lines within quotes count")
refused("w.csv", 'a,b\n1,"2\n', "w.csv:2: a quote that is not closed", "an open quote")
refused("w.csv", 'a,b\n1,"2"3\n', "w.csv:2: text behind a closing quote", "text behind a quote")
refused("w.csv", 'a,b\n1,2"3\n', "w.csv:2: a quote in a field that does not begin with one", "a quote inside")
refused("w.csv", "a,b\n1,\0\n", "w.csv:2: a byte 0, which no text has", "a byte 0")
refused("w.csv", "a,a\n", "w.csv:1: two columns are named 'a'", "a name twice")
refused("w.csv", "a\n" .. ("x"):rep(3e6), "w.csv:2: a field of more than 1048576 bytes", "a huge field")
refused("w.csv", 'a\n"' .. ("x\n"):rep(3e6), "a field of more than 1048576 bytes", "one in quotes")
refused("w.csv", ("a,"):rep(7e4), "w.csv:1: more than 65536 columns", "too many columns")
refused("w.csv", "a\n1\n", "w.csv:1: no column is named 'b'", "text of no column", { text = { "b" } })
refused("w.jsonl", '{"a":1}\n\n[1]\n', "w.jsonl:3: an object expected", "a line that is a list")
refused("w.jsonl", '{"a":1}\n{"a":}\n', "w.jsonl:2: ", "a line that is no JSON")
refused("w.jsonl", "null\n", "w.jsonl:1: an object expected", "null")
refused("w.jsonl", ("x"):rep(2e7), "w.jsonl:1: a line of more than 16777216 bytes", "a huge line")

local nothing, why = data.read(path "none.csv")
ok(nothing == nil and why.name == "EIO" and why.path == path "none.csv", "a file that is not there")
os.execute("mkdir " .. path "folder.csv" .. " " .. path "folder.npy")
for _, name in ipairs { "folder.csv", "folder.npy" } do
  nothing, why = data.read(path(name))
  ok(nothing == nil and why.name == "EIO" and tostring(why):find(name, 1, true), "a folder: " .. name)
end
refuses(function() data.read "x.xls" end,
  "bad argument #1 to 'data.read' (a path that ends in .csv, .tsv, .jsonl or .npy expected, got string \"x.xls\")",
  "another kind of file")
refuses(function() data.read() end, "bad argument #1 to 'data.read' (a path expected, got nil)", "no path")
refuses(function() data.csv(5) end, "bad argument #1 to 'data.csv' (a path expected, got number 5)", "a number")
refuses(function() data.tsv() end, "'data.tsv' (a path expected", "none for a TSV file")
refuses(function() data.jsonl() end, "'data.jsonl' (a path expected", "none for JSON Lines")
refuses(function() data.npy() end, "'data.npy' (a path expected", "none for an array")
refuses(function() data.read("x.npy", {}) end,
  "bad argument #2 to 'data.read' (no options for a file of this kind expected, got table)", "options of an array")
refuses(function() data.csv("x.csv", { delimiter = "ab" }) end,
  "'delimiter' to 'data.csv' (one character that is no letter, digit, quote or newline expected", "two delimiters")
refuses(function() data.csv("x.csv", { header = 1 }) end, "'header' to 'data.csv' (true or false expected",
  "a header of 1")
refuses(function() data.tsv("x.tsv", { quotes = 1 }) end, "'quotes' to 'data.tsv' (true or false expected",
  "quotes of 1")
refuses(function() data.csv("x.csv", { text = "a" }) end, "'text' to 'data.csv' (a list of names expected",
  "text of text")
refuses(function() data.csv("x.csv", { seperator = ";" }) end,
  "unknown option 'seperator' to 'data.csv' (known: delimiter, header, quotes, text)", "unknown options")

-- ---- JSON Lines

t = read("a.jsonl", '{"b":1,"a":"x"}\n\n{"a":"y","c":[1]}\r\n{"b":2.5,"a":null}')
is(joined(t.names), "a|b|c", "columns are all names, in their order")
ok(t.n == 3 and t.b[1] == 1 and t.b[2] ~= t.b[2] and t.b[3] == 2.5, "a missing number is NaN")
ok(t.a[2] == "y" and t.a[3] == nil and t.c[2][1] == 1, "what is missing otherwise is nil")
is(read("a.jsonl", "").n, 0, "an empty file has no rows")

-- ---- .npy

local function npy(descr, shape, elements, version, order)
  local header = ("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }"):format(descr, order or "False", shape)
  header = header .. (" "):rep(53 - #header % 64) .. "\n"
  local size = string.char(#header % 256, math.floor(#header / 256))
  return "\147NUMPY" .. string.char(version or 1) .. "\0" .. size .. (version and version > 1 and "\0\0" or "")
    .. header .. elements
end

local v = engram.vec { 1, -2.5, 1e-40 }
ok(data.write(path "v.npy", v) and data.read(path "v.npy") == v, "a vec comes back")
local m = engram.matrix { { 1, 2, 3 }, { 4, 5, 6 } }
ok(data.write(path "m.npy", m), "a matrix is written")
local back = data.npy(path "m.npy")
ok(back.rows == 2 and back.dim == 3 and back:row(2) == m:row(2), "and comes back")
is(#engram.bank.open(path "m.npy"):search({ 1, 2, 3 }, 2), 2, "also as a bank")
is(#support.read(path "m.npy") - 24, 128, "its elements begin at 64 bytes or a multiple")
ok(data.write(path "d.npy", { 0.1, 1e300, 2 ^ 53 }), "a list of numbers is written")
is(joined(data.npy(path "d.npy")), joined { 0.1, 1e300, 2 ^ 53 }, "and comes back bit for bit")
local large = engram.vec(100000)
engram.rng(1):fill_normal(large)
ok(data.write(path "l.npy", large) and data.npy(path "l.npy") == large, "so does what is longer than a block")
ok(data.write(path "e.npy", engram.vec(0)) and #data.npy(path "e.npy") == 0, "so does nothing")
is(joined(read("i.npy", npy("<i2", "3,", "\1\0\255\255\0\128"))), "1|-1|-32768", "integers of 16 bits")
is(joined(read("i.npy", npy("|u1", "2,", "\1\255"))), "1|255", "bytes")
is(joined(read("i.npy", npy("<i8", "2,", "\255\255\255\255\255\255\255\255" .. "\2\0\0\0\0\0\0\0"))), "-1|2",
  "integers of 64 bits")
is(joined(read("i.npy", npy("<u4", "1,", "\255\255\255\255"))), "4294967295", "and of 32")
is(joined(read("i.npy", npy("<i4", "2, 1", "\1\0\0\0\2\0\0\0"))[2]), "2", "rows of integers are lists")
is(joined(read("i.npy", npy("|b1", "2,", "\0\1", 2))), "0|1", "truth in a file of version 2")
is(joined(read("i.npy", npy("<f8", "1,", "\0\0\0\0\0\0\240\63", 1, "True"))), "1", "one dimension has one order")

refused("w.npy", "", "w.npy: the file ends too early", "an empty file is no array")
refused("w.npy", "hello world", "w.npy: this is no .npy file", "nor is text")
refused("w.npy", npy("<f4", "2,", "\0\0\0\0", 9), "w.npy: version 9, expected 1 .. 3",
  "nor what has a version of its own")
refused("w.npy", npy("<f4", "2,", "\0\0\0\0"), "w.npy: 4 bytes of elements, expected 8", "elements are missing")
refused("w.npy", npy("<f4", "1,", "\0\0\0\0\0"), "w.npy: 5 bytes of elements, expected 4", "there are too many")
refused("w.npy", npy("<f4", "99999999999,999999999999", ""), "expected less than 2^31", "a shape beyond all files")
refused("w.npy", npy(">f4", "1,", "\0\0\0\0"), "w.npy: elements of type '>f4', expected little-endian",
  "big-endian")
refused("w.npy", npy("<c8", "1,", "\0\0\0\0"), "elements of type '<c8'", "complex numbers")
refused("w.npy", npy("<f4", "1,1,1", "\0\0\0\0"), "w.npy: 3 dimensions, expected 1 or 2", "three dimensions")
refused("w.npy", npy("<f4", "", "\0\0\0\0"), "w.npy: 0 dimensions, expected 1 or 2", "no dimension")
refused("w.npy", npy("<f4", "1,1", "\0\0\0\0", 1, "True"), "w.npy: columns after each other, expected rows",
  "columns first")
refused("w.npy", npy("<i8", "1,", "\1\0\0\0\0\0\0\127"),
  "w.npy: the integer 9151314442816847873, beyond what a number holds",
  "an integer that is no number")
refused("w.npy", "\147NUMPY\2\0\255\255\255\127", "w.npy: a header of 2147483647 bytes", "a huge header")
refused("w.npy", "\147NUMPY\1\0\4\0abc\n", "w.npy: a header that cannot be read", "another header")
local whole = npy("<f4", "2,", "\0\0\0\0\0\0\0\0")
local survived = true
for length = 0, #whole - 1 do survived = survived and not read("w.npy", whole:sub(1, length)) end
ok(survived, "every end before the end is noticed")

-- ---- writing

t = data.new({ name = { "Ann, A.", 'say "hi"', "two\nlines", "" }, x = { 0.1, 1 / 3, -inf, 0 / 0 },
  v = engram.vec { 0.1, 2, 3, 4 } }, { "x", "name", "v" })
for _, kind in ipairs { "csv", "tsv" } do
  local at = path("out." .. kind)
  ok(data.write(at, t), "a table is written as " .. kind)
  local read_back = data.read(at)
  ok(joined(read_back.names) == "x|name|v" and joined(read_back.name) == joined(t.name)
    and joined(read_back.x, 3) == joined(t.x, 3) and read_back.x[2] == 1 / 3 and read_back.x[4] ~= read_back.x[4]
    and engram.vec(read_back.v) == t.v, "and comes back as " .. kind)
end
is(support.read(path "out.csv"), 'x,name,v\n0.1,"Ann, A.",0.100000001\n0.33333333333333331,"say ""hi""",2\n'
  .. '-inf,"two\nlines",3\n,,4\n', "quoted where it has to be")
ok(data.write(path "out.csv", { { b = 1, a = "x" }, { b = 2, c = true } }), "rows are written")
is(support.read(path "out.csv"), "a,b,c\nx,1,\n,2,true\n", "with empty fields where they have nothing")
ok(data.write(path "out.csv", { a = { 1, 2 } }, { header = false, delimiter = ";" }), "without a header")
is(support.read(path "out.csv"), "1\n2\n", "there is none")
data.write(path "out.csv", { a = { "", "x" } })
is(joined(data.read(path "out.csv").a), "|x", "an empty line is not lost")
ok(data.write(path "out.jsonl", { { a = 1, b = { 1, 2 } }, { a = 0 / 0 } }), "rows are written as JSON Lines")
is(support.read(path "out.jsonl"), '{"a":1,"b":[1,2]}\n{}\n', "without what is missing")

-- Anything that was written is read again.
local same = true
for seed = 1, 100 do
  local r, rows = engram.rng(seed), {}
  for i = 1, r:below(8) + 1 do
    local text = {}
    for j = 1, r:below(6) do text[j] = (('",\n\r\t x;ö'):sub(r:below(10) + 1)):sub(1, 1) end
    rows[i] = { text = "t" .. table.concat(text), number = r:normal() * 10 ^ (r:below(600) - 300) }
  end
  for _, kind in ipairs { "csv", "tsv", "jsonl" } do
    local at = path("r." .. kind)
    same = same and data.write(at, rows)
    local again = kind ~= "jsonl" and data.read(at) or nil
    for i = 1, again and #rows or 0 do
      same = same and again.text[i] == rows[i].text and again.number[i] == rows[i].number
    end
  end
end
ok(same, "what is written comes back as it was")

refuses(function() data.write(path "x.csv", 5) end,
  "bad argument #2 to 'data.write' (columns by name, or a list of rows expected, got number 5)",
  "a number is no table")
refuses(function() data.write(path "x.csv", {}) end, "#2 to 'data.write' (at least one column expected",
  "nothing neither")
refuses(function() data.write(path "x.csv", { a = { 1 }, b = { 1, 2 } }) end,
  "#2 to 'data.write' (1 values in column 'b' expected, got number 2)", "columns are of one length")
refuses(function() data.write(path "x.csv", { a = 5 }) end,
  "#2 to 'data.write' (a table or a vec as column 'a' expected, got number 5)", "and are tables")
refuses(function() data.write(path "x.csv", { { 1 } }) end,
  "#2 to 'data.write' (names of columns expected, got number 1)",
  "of rows with names")
refuses(function() data.write(path "x.csv", { { a = 1 }, 5 }) end, "#2 to 'data.write' (a row at 2 expected",
  "all of them")
refuses(function() data.write(path "x.csv", { a = { {} } }) end,
  "#2 to 'data.write' (text or a number in column 'a', row 1 expected, got table)", "a table is no field")
refuses(function() data.write(path "x.csv", { a = { "\0" } }) end,
  "#2 to 'data.write' (text without a byte 0 expected",
  "nor is what cannot be read")
refuses(function() data.write(path "x.tsv", { a = { "x\ty" } }, { quotes = false }) end,
  "(text without newlines and delimiters where there are no quotes expected", "nor a tab without quotes")
refuses(function() data.write(path "x.jsonl", { { a = 1 / 0 } }) end,
  "#2 to 'data.write' (values that JSON has expected",
  "nor an infinity in JSON")
refuses(function() data.write(path "x.npy", { a = 1 }) end,
  "#2 to 'data.write' (a vec, a matrix or a list of numbers expected, got table)", "an array is no table of columns")
refuses(function() data.write(path "x.npy", { "a" }) end, "#2 to 'data.write' (a number at 1 expected",
  "and of numbers")
refuses(function() data.write(path "x.npy", "x") end,
  "#2 to 'data.write' (a vec, a matrix or a list of numbers expected", "not of text")
refuses(function() data.write(path "x.npy", v, {}) end, "#3 to 'data.write' (no options for a file of this kind",
  "and has no options")
refuses(function() data.write "x.xls" end, "#1 to 'data.write' (a path that ends in", "the path says the kind")
refuses(function() data.new(5) end, "#1 to 'data.new' (columns by name, or a list of rows expected",
  "new takes the same")
refuses(function() data.new({ a = {} }, "a") end, "#2 to 'data.new' (a list of names expected",
  "and a list of names")
refuses(function() data.new({ a = {} }, { "b" }) end,
  "#1 to 'data.new' (a table or a vec as column 'b' expected, got nil)",
  "that there are")
is(#support.lines("ls " .. path "" .. " | grep -E 'x\\.|part'"), 0, "what was refused left no file")
support.write(path "kept.csv", "a\n1\n")
pcall(data.write, path "kept.csv", { a = { 1, {} } })
is(support.read(path "kept.csv"), "a\n1\n", "and what was there stays")
nothing, why = data.write(path "none/x.csv", { a = { 1 } })
ok(nothing == nil and why.name == "EIO" and why.path == path "none/x.csv",
  "where there is no folder there is an error")

-- ---- together

local column = read("a.csv", "day,kept\n1,0.9\n2,0.7\n4,0.6\n")
is(engram.statistics.median(column.kept), 0.7, "a column is a sample")
ok(tostring(engram.plot.xy { x = column.day, y = column.kept, height = 3 }):find "0.6", "and can be plotted")

support.done()
