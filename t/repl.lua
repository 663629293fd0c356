-- repl.lua: the prompt, with a file as its input and on a terminal.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is
local quote = support.quote
local program = quote(support.program)

-- What statements print, each behind its prompts, without the banner and the end.
local function typed(lines)
  local out, err, status = support.run(program .. " -i", table.concat(lines, "\n") .. "\n")
  return out:match "^engram [^\n]*\n(.*)> \n$" or out, err, status, out
end

-- What is typed, and what comes; what goes to standard error.
local rows = {
  { "an expression prints its value", { "1 + 1" }, "> 2\n" },
  { "so does one behind =", { "=2 * 3" }, "> 6\n" },
  { "several values are printed", { "1, nil, 'x'" }, "> 1\tnil\tx\n" },
  { "a statement prints nothing", { "x = 3", "x" }, "> > 3\n" },
  { "a call prints what it returns", { "(function() return 4, 5 end)()" }, "> 4\t5\n" },
  { "a call that returns nothing prints nothing", { "(function() end)()" }, "> " },
  { "a statement may go over lines, some of them empty", { "for i = 1, 2 do", "", "print(i)",
    "end", "3" },
    "> >> >> >> 1\n2\n> 3\n" },
  { "so may an expression", { "1 +", "2" }, "> >> 3\n" },
  { "a function of thirty lines is one statement",
    { "function f()" .. ("\n  n = (n or 0) + 1"):rep(30) .. "\nend", "f() n = n + 1", "n" },
    ("> %s> > 31\n"):format((">> "):rep(31)) },
  { "a long string goes on", { "[[a", "b]]" }, "> >> a\nb\n" },
  { "_ is the last value", { "41", "_ + 1", "x = _", "_" }, "> 41\n> 42\n> > 42\n" },
  { "_1 to _9 are the values before", { "1", "2", "3;", "x = 4", "_1, _2, _3, _4", "_9" },
    "> 1\n> 2\n> > > 3\t2\t1\tnil\n> nil\n" },
  { "there are nine of them", { "1", "2", "3", "4", "5", "6", "7", "8", "9",
    "10", "_9, _10" }, "> 1\n> 2\n> 3\n> 4\n> 5\n> 6\n> 7\n> 8\n> 9\n> 10\n> 2\tnil\n" },
  { "a statement without values keeps them", { "7", "x = 1", "_" }, "> 7\n> > 7\n" },
  { "nil is a value too", { "7", "nil", "_, _2" }, "> 7\n> nil\n> nil\t7\n" },
  { "; keeps a value from being printed", { "41;", "_ + 1 ;  ", "_" }, "> > > 42\n" },
  { "not in a comment, nor in a string", { "1 -- a;", "'b;'", "'c' -- [[;]] ;" }, "> 1\n> b;\n> c\n" },
  { "several semicolons are one", { "1;;", "2" }, "> > 2\n", "unexpected" },
  { "tables are shown", { "{ b = 1, a = { 2, 'x' } }" }, '> { a = { 2, "x" }, b = 1 }\n' },
  { "vectors are", { "engram.vec { 3, 4 }" }, "> vec 2 [3 4]  norm 5.000\n" },
  { "set changes how", { "set 'json'", "{ 1, 2 }", "set 'lua'", "engram.vec { 3, 4 }", "set()",
    "set 'pretty'", "{ 1 }" },
    '> > [1,2]\n> > engram.vec { 3, 4 }\n> "lua"\n> > { 1 }\n' },
  { "what a format cannot write is told", { "set 'lua'", "{ a = print }", "1" }, "> > > 1\n",
    'set "lua": cannot write a function at ["a"]' },
  { "the line that fails is shown", { "for i = 1, 2 do", "  local x = nil + i", "end" }, "> >> >> ",
    "stdin:2: attempt to perform arithmetic on a nil value\n    local x = nil + i\n" },
  { "so is that of a syntax error", { "for i = 1,", "  = 2" }, "> >> ",
    "stdin:2: unexpected symbol near '='\n    = 2\n" },
  { "so are the functions on the way, and no others", { "function f(x) return x.y.z end",
    "function g(x) local r = f(x) return r end", "g {}" }, "> > > ",
    "(a nil value)\n    g {}\n  stdin:1: in 'f'\n  stdin:1: in 'g'\n" },
  { "many of them are told in short", { "function h(n) if n == 0 then error 'deep' end local r = "
    .. "h(n - 1) return r end", "h(20)" }, "> > ", "  stdin:1: in 'h'\n  ... 13 more ...\n" },
  { "an error inside a callback names the caller's line",
    { "engram.hits { { 1, 2 } }:filter(function(id)", "return id.x end)" }, "> >> ",
    "stdin:2: attempt to index local 'id' (a number value)" },
  { "a mistake in a call of the library is the caller's", { "engram.vec { 1 }:dot(3)" }, "> ",
    "stdin:1: bad argument #1 to 'vec:dot' (a vec of length 1 expected, got number 3)\n"
    .. "    engram.vec { 1 }:dot(3)\n" },
  { "a method that an object has not is told", { "engram.bank.new(2):serch()" }, "> ",
    "stdin:1: this object has no method or field 'serch'; help(it) lists what it has\n" },
  { "an error that is a table is shown", { "error { code = 1 }" }, "> ", "{ code = 1 }" },
  { "an error whose text cannot be had does no harm",
    { "error(setmetatable({}, { __tostring = function() error 'no' end }))", "7" }, "> > 7\n",
    "table that cannot say what it is" },
  { "the words of the prompt are there", { "type(demo)", "set()", "type(engram)" },
    "> table\n> pretty\n> table\n" },
  { "until then they are no globals", { "rawget(_G, 'de' .. 'mo'), rawget(_G, 'engr' .. 'am')" },
    "> nil\tnil\n" },
  { "an error is told and the prompt goes on", { "x = nil + 1", "7" }, "> > 7\n",
    "stdin:1: attempt to perform arithmetic" },
  { "a syntax error as well", { "x = = 1", "7" }, "> > 7\n",
    "stdin:1: unexpected symbol near '='" },
  { "an error object tells its message", { "e = error",
    "e(select(2, engram.bank.open '/nonexistent.npy'))" },
    "> > ", "/nonexistent.npy: No such file or directory" },
  { "an error without a message does no harm", { "error()", "7" }, "> > 7\n", "nil" },
  { "a value that cannot be printed does no harm",
    { "setmetatable({}, { __tostring = function() error 'no' end })", "7" },
    "> table that cannot say what it is: stdin:1: no\n> 7\n" },
  { "engram is there without asking", { "engram.vec { 3, 4 }:norm()" }, "> 5\n" },
  { "so is help", { "type(help)", "help 'vec:dot'" }, function(out)
    return out:find "^> table\n" and out:find("vec:dot", 1, true) end },
  { "statements do not see each other's locals", { "local z = 1", "z" }, "> > nil\n" },
  { "an unfinished statement at the end of input is told", { "for i = 1, 2 do" }, "> >> ",
    "near '<eof>'" },
}
for _, row in ipairs(rows) do
  local name, lines, expected, says = unpack(row, 1, 4)
  local out, err, status = typed(lines)
  local right = type(expected) == "function" and expected(out) or out == expected
  local said = says and err:find(says, 1, true) or not says and err == ""
  if not ok(right and said and status == 0, name) then
    tap.note(("printed: %s\nsaid: %s\nstatus: %d"):format(out, err, status))
  end
end

local _, _, status, whole = typed {}
ok(status == 0 and whole:find("engram " .. engram.version, 1, true) == 1 and whole:find "> \n$",
  "the end of input leaves with status 0")
_, _, status = typed { "os.exit(42)" }
is(status, 42, "os.exit leaves with its status")
ok(not whole:find "\27", "without a terminal there are no escape sequences")

local err
local out = support.run(program .. " -e 'x = 5' -i", "x\n")
ok(out:find("> 5\n", 1, true), "the prompt has the globals of the chunks before it")

out = support.run(program .. " -e 'time = 7 help = 8' -i", "time, help\n")
ok(out:find("> 7\t8\n", 1, true), "a script's own globals stand above the words of the prompt")

local strict = support.write(support.path "strict.lua", [[setmetatable(_G, {
  __newindex = function(_, name) error("global " .. name) end,
  __index = function(_, name) error("no global " .. name) end })]])
out, err = support.run(program .. " -i " .. quote(strict), "engram.vec { 1 }:norm()\n_\nx = 1\n")
ok(out:find("> 1\n> 1\n", 1, true) and err:find("global x", 1, true),
  "strict scripts do not mind them")

local file = support.write(support.path "file.lua", "local function inner(t)\n  return t.a.b\nend\n"
  .. "local r = inner {}\nreturn r")
_, err = support.run(program .. " -i", ("dofile %q\n"):format(file))
ok(err:find(file .. ":2: attempt to index field 'a'", 1, true)
  and err:find(file .. ":2: in 'inner'\n  " .. file .. ":4: in main chunk\n", 1, true)
  and not err:find("/engram/", 1, true), "an error in a file names its lines")

local _, complaint = support.run(program .. " -i", "error 'a'\n")
ok(complaint:find("^stdin:1: a\n") and not complaint:find("repl.lua", 1, true),
  "an error in an expression is told with its line, and not with ours")

_, complaint = support.run(program .. " -i", "error('in /engram/vec.lua:1: words', 0)\n")
ok(complaint:find("^in /engram/vec.lua:1: words\n"), "a message that looks like a frame of ours is kept")

-- ---- interrupts: the statement stops, the prompt goes on

out, err, status = support.interrupt("-i",
  "print 'ready' io.flush() while true do end\nprint 'still here'\n")
ok(out:find("still here", 1, true) and err:find("interrupted", 1, true) and status == 0,
  "an interrupt stops a statement and the prompt goes on")

-- ---- on a terminal

local function on_terminal(input)
  return support.run(("timeout 10 script -qec %s /dev/null"):format(program), input)
end
if support.lines("command -v script")[1] then
  out, _, status = on_terminal "6 * 7\nos.exit(3)\n"
  ok(out:find("engram " .. engram.version, 1, true), "on a terminal the program prompts unasked")
  ok(out:find "42\r?\n", "and answers") -- the echo of what is typed may come in between
  is(status, 3, "and leaves with the status that is asked for")
  out, _, status = on_terminal "1 + 1\n\4"
  ok(out:find "2\r?\n" and status == 0, "Ctrl-D leaves with status 0")
else
  tap.skip("the prompt works on a terminal", "there is no script(1)")
end

local terminal = dofile(support.srcdir .. "/t/terminal.lua")
local t = terminal.open(program)
ok(t:expect "> ", "the prompt comes")
t:send "local q = 1\r"
ok(t:expect("without the word, q stays"), "a local is told to end with its statement")
t:send "local q = 2\rx = nil + 1\r"
ok(t:expect "\27[31mstdin:1: attempt", "errors are red on a terminal")
t:send "engram.hits { { 1, 2 } }\r"
ok(t:expect "\27[2m", "headings stand back")
t:expect "> "
t:send "\4"
is(t:finish(), 0, "and it leaves")
is(select(2, t.text:gsub("q stays", "")), 1, "which is told once")

support.done()
