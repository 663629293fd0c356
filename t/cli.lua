-- cli.lua: the program from outside: options, exit statuses, signals, pipes.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local terminal = dofile(support.srcdir .. "/t/terminal.lua")
local ok, is = tap.ok, tap.is
local run, path, write, quote = support.run, support.path, support.write, support.quote
local program = quote(support.program)

local script = quote(write(path "script.lua",
  "print(...); print(arg[0]:match '[^/]*$', arg[1], #arg, arg[-1])"))
local broken = quote(write(path "broken.lua", "local x = = 1"))
write(path "mine.lua", "loads = (loads or 0) + 1; return 'mine'")
local banner = ("engram %s  %s  "):format(engram.version, jit.version)

local threads = [[-e 'print(require "engram".info().threads)']]
local processors = support.lines "env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc"[1] .. "\n"
local one_processor = support.read "/proc/self/status":match "Cpus_allowed_list:%s*(%d+)"

-- What holds; the words behind `engram`; what it prints (a function: a test of it); exit status, if
-- it is not 0; standard input; a part of what it says on standard error; variables before it.
local rows = {
  { "-e runs a chunk", "-e 'print(1)'", "1\n" },
  { "the chunk may be attached to -e", "-e'print(1)'", "1\n" },
  { "chunks run in order, in one state", "-e 'x = 1' -e 'print(x + 1)'", "2\n" },
  { "a script runs after the chunks", "-e 'print(0)' " .. script .. " a",
    "0\na\nscript.lua\ta\t1\tprint(0)\n" },
  { "a script gets its arguments, and what stands before it under negative indices",
    script .. " a -b c",
    function(out) return out:find "^a\t%-b\tc\nscript.lua\ta\t3\t.*engram\n$" end },
  { "-l loads a library into the global of its name", "-l mine -e 'print(mine, loads)'",
    "mine\t1\n",
    environment = ("LUA_PATH=%s';;'"):format(quote(path "?.lua")) },
  { "-v prints versions and the rung", "-v",
    function(out) return out == banner .. engram.isa() .. "\n" end },
  { "--version does too", "--version",
    function(out) return out == banner .. engram.isa() .. "\n" end },
  { "-v does not keep a chunk from running", "-v -e 'print(1)'",
    function(out) return out:find(banner, 1, true) == 1
    and out:find "\n1\n$" end },
  { "-i gives a prompt without a terminal", "-i", function(out) return out:find(banner, 1,
    true) == 1
    and out:find("> 3\n", 1, true) end, stdin = "1 + 2\n" },
  { "-i comes after the script", "-i " .. script, function(out) return out:find("script.lua", 1,
    true) end },
  { "-j off switches the JIT off", "-j off -e 'print(jit.status())'",
    function(out) return out:find "^false" end },
  { "-jon may be attached", "-joff -jon -e 'print((jit.status()))'", "true\n" },
  { "-j v traces",
    "-jv=" .. quote(path "trace") .. " -e 'for i = 1, 200 do end' && cat " .. quote(path "trace"),
    function(out) return out:find "TRACE" end },
  { "-O2 sets the level of optimisation", "-O2 -e 'print(jit.status())'",
    function(out) return out:find "loop" and not out:find "fwd" end },
  { "-O takes parameters", "-Ohotloop=2 -O3 -e 'print(1)'", "1\n" },
  { "-bl lists bytecode", "-bl " .. script, function(out) return out:find "GGET"
    and out:find "; \"print\"" end },
  { "-b saves bytecode that runs", ("-b %s %s && %s %s x"):format(script,
    quote(path "script.out"), program,
    quote(path "script.out")), function(out) return out:find "^x\n" end },
  { "- runs standard input", "- a b", "a\tb\n", stdin = "print(...)" },
  { "without a script and a terminal standard input runs", "", "hello\n", stdin = "print 'hello'" },
  { "an expression on standard input prints", "", "2\n", stdin = "1+1\n" },
  { "so do several", "", "2\tx\tnil\n", stdin = "1+1, 'x', nil" },
  { "a first line with # is skipped on standard input", "-", "1\n",
    stdin = "#!/usr/bin/engram\nprint(1)" },
  { "-- ends the options", "-- " .. script .. " -v", function(out) return out:find "^%-v\n" end },
  { "LUA_INIT runs first", "-e 'print(y)'", "7\n", environment = "LUA_INIT='y = 7'" },
  { "LUA_INIT may name a file", "-e 'print(loads)'", "1\n",
    environment = "LUA_INIT=@" .. quote(path "mine.lua") },
  { "-E ignores the environment", "-E -e 'print(y)'", "nil\n",
    environment = "LUA_INIT='y = 7' ENGRAM_ISA=nonsense" },
  { "options combine", "-joff -O2 -l mine -e 'x = loads' -e 'print(x, jit.status())' -- "
    .. script .. " -e",
    function(out) return out:find "^1\tfalse" and out:find "\n%-e\nscript.lua" end,
    environment = ("LUA_PATH=%s';;'"):format(quote(path "?.lua")) },
  { "a value may be the next word, or attached, for every option that has one",
    "-j off -e'print((jit.status()))' -e 'print(mine)' -lmine", "false\nnil\n",
    environment = ("LUA_PATH=%s';;'"):format(quote(path "?.lua")) },
  { "what follows - is no option", "- -v -x", "-v\t-x\n", stdin = "print(...)" },
  { "info tells what this runs on", "info", function(out) return out:find("LuaJIT", 1, true)
    and out:find("dot_f32", 1, true) end },
  { "-h prints the options", "-h", function(out) return out:find "^usage: engram" end },
  { "ENGRAM_ISA caps the rung", [[-e 'print(require "engram".isa())']], "ref\n",
    environment = "ENGRAM_ISA=ref" },
  { "--threads says how many threads share long work", "--threads 3 " .. threads, "3\n" },
  { "so does ENGRAM_THREADS", threads, "256\n", environment = "ENGRAM_THREADS=256" },
  { "the option stands above it", "--threads 1 " .. threads, "1\n",
    environment = "ENGRAM_THREADS=256" },
  { "without both there is one for each processor", threads, processors,
    environment = "env -u ENGRAM_THREADS" },
  { "also if the environment is ignored", "-E " .. threads, processors,
    environment = "ENGRAM_THREADS=nonsense" },
  { "fewer where the program may use fewer", threads, "1\n",
    environment = "env -u ENGRAM_THREADS taskset -c " .. one_processor },
  { "info tells the number of threads", "--threads 7 info",
    function(out) return out:find("\nthreads      7\n", 1, true) end },
  { "the number is no argument of the script", "--threads 2 " .. script .. " a",
    "a\nscript.lua\ta\t1\t2\n" },
  { "a home that is not there does not matter", "-e 'print(1)'", "1\n",
    environment = "HOME=/nonexistent" },
  { "to start is to load none of the library's modules",
    "-e 'for name in pairs(package.loaded) do print(name:match \"^engram.*\" or 1) end'",
    function(out) return out:find "1\n" and not out:find "engram" end },

  { "an error in a script has status 1, and a traceback",
    "-e 'local function f() error \"oh\" end f()'", "", 1,
    says = "(command line):1: oh\nstack traceback:\n" },
  { "so has an error without a message", "-e 'error()'", "", 1, says = "engram: " },
  { "an error on standard input names its line", "-", "", 1, stdin = "\nerror 'oh'",
    says = "stdin:2: oh" },
  { "a syntax error has status 1", broken, "", 1,
    says = "broken.lua:1: unexpected symbol near '='" },
  { "on standard input as well", "-", "", 1, stdin = "x =", says = "stdin:1: " },
  { "and in a chunk, where what follows does not run", "-e 'x =' -e 'print(1)'", "", 1,
    says = "(command line):1: " },
  { "a library that is not found has status 1", "-l nosuchlibrary", "", 1,
    says = "module 'nosuchlibrary' not found" },
  { "an error in LUA_INIT has status 1", "-e 'print(1)'", "", 1,
    environment = "LUA_INIT='error(3)'", says = "3" },
  { "an unknown option has status 2, and the options are shown", "-x", "", 2,
    says = "unknown option '-x'\nusage: " },
  { "so has an unknown long one", "--nonsense", "", 2, says = "unknown option '--nonsense'" },
  { "a chunk that is missing has status 2", "-e", "", 2, says = "'-e'" },
  { "a setting of ENGRAM_ISA that is not understood has status 2", "-e 'print(1)'", "", 2,
    environment = "ENGRAM_ISA=avx1024", says = "ref neon avx2 avx512 avx512vnni" },
  { "so has one of ENGRAM_THREADS", "-e 'print(1)'", "", 2, environment = "ENGRAM_THREADS=257",
    says = "engram: ENGRAM_THREADS=257: expected a number from 1 to 256\n" },
  { "no threads at all are no number", "-e 'print(1)'", "", 2, environment = "ENGRAM_THREADS=0",
    says = "ENGRAM_THREADS=0: expected" },
  { "nor are some and a bit", "-e 'print(1)'", "", 2, environment = "ENGRAM_THREADS=2x",
    says = "ENGRAM_THREADS=2x: expected" },
  { "--threads wants such a number as well", "--threads -1 -e 'print(1)'", "", 2,
    says = "engram: --threads wants a number from 1 to 256, not '-1'\nusage: " },
  { "the value may be attached", "--threads=3 " .. threads, "3\n" },
  { "--seed is what generators begin with",
    [[--seed 7 -e 'print(require "engram".rng():below(1e6) == require "engram".rng(7):below(1e6))']],
    "true\n" },
  { "math.random as well", "--seed 7 -e 'local a = math.random() math.randomseed(7) "
    .. "print(a == math.random())'", "true\n" },
  { "a seed is a whole number", "--seed x", "", 2,
    says = "--seed wants a whole number of at most 15 digits, not 'x'" },
  { "--color wants one of its words", "--color=red", "", 2,
    says = "--color wants auto, always or never, not 'red'" },
  { "so does its variable", "-e 'print(1)'", "", 2, environment = "ENGRAM_COLOR=red",
    says = "ENGRAM_COLOR=red: expected auto, always or never\n" },
  { "--progress as well", "--progress", "", 2, says = "a value is missing behind '--progress'" },
  { "--log wants one of its words", "--log=loud", "", 2,
    says = "--log wants none, warning or note, not 'loud'" },
  { "at --log=note the kernels chosen are told", "--log=note -e ''", "",
    says = "engram " .. require("engram").version .. ": rung " },
  { "and what they refuse", "-e 'require(\"engram.ffi\").engram_normalise_f32(nil, 1, 1, 9, nil, nil)'", "",
    environment = "ENGRAM_LOG=note", says = "ERANGE no. 1 of normalise_f32" },
  { "an arena that is too small is told without it",
    "-e 'pcall(function() require(\"engram\").arena.thread():alloc(2^30) end)'", "",
    says = "engram: a thread's arena is full: 1073741824 bytes asked" },
  { "unless nothing is to be told", "--log none -e 'pcall(function() "
    .. "require(\"engram\").arena.thread():alloc(2^30) end)'", "" },
  { "--no-history has no value", "--no-history=x", "", 2, says = "--no-history wants no value" },
  { "--help tells about a topic", "--help vec:dot",
    function(out) return out:find("vec:dot(other)", 1, true) end },
  { "a topic that is not there has status 2", "--help nonsense", "", 2,
    says = "no help for 'nonsense'" },
  { "one that is missing has status 2", "--threads", "", 2,
    says = "a value is missing behind '--threads'" },
  { "a failed test has status 3",
    [[-e 'local t = require "engram.tap"; t.ok(false, "no"); t.done()']],
    function(out) return out:find "^not ok 1 %- no\n" and out:find "1..1\n$" end, 3 },
  { "a passed one has 0", [[-e 'local t = require "engram.tap"; t.ok(true, "yes"); t.done()']],
    "ok 1 - yes\n1..1\n" },
  { "so has a word that is no command either", "nosuchcommand", "", 5,
    says = "engram: 'nosuchcommand' is no file and no command; --help lists these\n" },
  { "a script that is not there has status 5", "/nonexistent/x.lua", "", 5,
    says = "/nonexistent/x.lua" },
  { "a file that cannot be read has status 5 if nobody looks at the error",
    [[-e 'error(select(2, require "engram".bank.open "/nonexistent.npy"))']], "", 5,
    says = "/nonexistent.npy: No such file or directory\nstack traceback:" },
  { "so has a file that is broken",
    ([[-e 'assert(require "engram".bank.open(%q))']]):format(path "script.lua"), "", 5,
    says = "script.lua: " },
  { "so has one that an open graph cannot read",
    [[-e 'error(select(2, require "engram".graph.open "/nonexistent.tsv"))']], "", 5,
      says = "/nonexistent.tsv: " },
  { "other errors of the library have status 1",
    [[-e 'require "engram".bank.new(2):row(3)']], "", 1,
      says = "(command line):1: engram_bank_row: id 3 " },
  { "os.exit has the status that is asked for", "-e 'os.exit(42)'", "", 42 },
}

-- What paints does so on a terminal, and where it is told to.
local painting = [[-e 'io.write(require "engram.terminal".paint(io.stdout, "red", "text"))']]

local escapes = 0
for _, row in ipairs(rows) do
  local name, words, expected, status = unpack(row, 1, 4)
  local out, err, got = run(("%s %s %s"):format(row.environment or "", program, words), row.stdin)
  local right = type(expected) == "function" and expected(out) or out == expected
  local said = not row.says or err:find(row.says, 1, true)
  local quiet = row.says or err == "" or status
  escapes = escapes + select(2, (out .. err):gsub("\27", ""))
  if not ok(right and said and quiet and got == (status or 0), name) then
    tap.note(("engram %s\nprinted: %s\nsaid: %s\nstatus: %d"):format(words, out, err, got))
  end
end
is(escapes, 0, "nothing prints escape sequences into files and pipes")

-- ---- terminals, pipes and files

local red = "\27[31mtext\27[0m"

local function on_terminal(environment, words)
  local t = terminal.open(("env -u NO_COLOR -u ENGRAM_COLOR TERM=xterm %s %s %s")
    :format(environment, program, words))
  t:finish()
  return t.text
end

is(on_terminal("", painting), red, "a terminal is given colours")
is(on_terminal("", "--color=never " .. painting), "text", "unless --color=never")
is(on_terminal("NO_COLOR=1", painting), "text", "or NO_COLOR says so")
is(on_terminal("NO_COLOR=", painting), red, "with something in it")
is(on_terminal("TERM=dumb", painting), "text", "or it is dumb")
is(on_terminal("NO_COLOR=1", "--color=always " .. painting), red,
  "--color=always stands above that")
is(run(program .. " --color always " .. painting), red, "and gives colours to files")
is(run(program .. " --color auto " .. painting), "text", "which --color=auto does not")
is(on_terminal("", "-e 'print(1)'"), "1\r\n", "a script prints on a terminal what it prints")
is(terminal.open(("sh -c %s"):format(quote("echo 1+1 | " .. program))):rest(5), "2\r\n",
  "input from a pipe has no prompt and no banner on a terminal")

local fifo = quote(path "fifo")
local waits = quote(("print(1) print(io.open(%q):read())"):format(path "fifo"))
is(support.lines(([[
  mkfifo %s
  timeout 20 %s -e %s | { read line; echo $line; echo go | timeout 20 tee %s >/dev/null; cat; }]])
  :format(fifo, program, waits, fifo))[2], "go", "who reads a pipe sees each line as it comes")

-- Nothing is written unasked.
local home = path "home"
support.run("mkdir " .. quote(home))
for _, words in ipairs { "-e 'print(1)'", script, "-v", "info", "--help vec:dot", "- </dev/null",
  "-h", "-bl " .. script, "test " .. quote(write(path "test.lua", "print '1..0'")) } do
  local _, said, got = run(("cd %s && env -u XDG_STATE_HOME HOME=%s %s %s"):format(quote(home),
    quote(home), program, words))
  ok(got == 0 and said == "", ("engram %s needs no home"):format(words:match "^[^/]*"))
end
is(#support.lines("ls -A " .. quote(home)), 0, "and leaves nothing there")

-- ---- a script that is a program

write(path "program", ("#!%s\nprint(arg[0]:match '[^/]*$', ...)\n"):format(support.program))
is(run(("chmod +x %s && %s a b"):format(quote(path "program"), quote(path "program"))),
  "program\ta\tb\n",
  "a script with #! on its first line is a program")
is(run(("cp %s %s && %s -e 'print(require \"engram\".vec(2))'"):format(program, quote(path "moved"),
  quote(path "moved"))), "vec 2 [0 0]\n",
    "the program works where it was copied to, if LUA_PATH says where its Lua is")

-- ---- signals

local _, err, status = support.interrupt "-j off -e 'print \"ready\" io.flush() while true do end'"
is(status, 130, "a script that is interrupted has status 130")
ok(err:find("interrupted", 1, true) and err:find("(command line):1:", 1, true),
  "and says where it was")
_, _, status = support.interrupt "-e 'print \"ready\" io.flush() while true do end'"
is(status, 130, "a compiled loop that hears nothing is ended, with status 130 as well")
local out
out, err, status = support.interrupt [[-j off -e 'pcall(function() print "ready" io.flush() while true do end end)
  print "cleaned up"']]
if not ok(out == "\ncleaned up\n" and status == 0, "an interrupt can be caught like an error") then
  tap.note(("printed: %s\nsaid: %s\nstatus: %d"):format(out, err, status))
end
_, err, status = support.interrupt [[-e 'local e = require "engram"; local v = e.vec { 1, 1 } print "ready" io.flush()
  e.graph.new({ { 0, 1 } }):spread(v, { steps = 4e9 })']]
is(status, 130, "a long call into the library is ended with status 130")
ok(err:find("interrupted", 1, true) or err:find("cancelled", 1, true), "and says so")
local statuses = path "statuses"
out = support.lines(("{ env --default-signal=PIPE %s -e 'for i = 1, 1e6 do print(i) end'; echo $? >%s; } | head -n 1")
  :format(program, quote(statuses)))[1]
is(out, "1", "the reader of a pipe gets what was printed")
is(support.read(statuses), "141\n",
  "a reader that goes away ends the program silently, with status 141")

_, err, status = support.interrupt [[-e 'print "ready" io.flush()
  local ffi = require "ffi" ffi.cdef "int poll(void *, unsigned long, int);"
  return ffi.C.poll(nil, 0, 400)']]
ok(status == 130 and err:find("interrupted", 1, true),
  "an interrupt that arrives in the last call counts all the same")

-- ---- what else may go wrong

_, err, status = run(program .. " - </tmp")
ok(status == 5 and err:find("cannot read standard input", 1, true), "input that cannot be read has status 5")
_, err, status = run(program .. " -e 'print(1)' >/dev/full")
ok(status == 5 and err:find("cannot write standard output", 1, true), "so has output that cannot be written")
is(run(("%s -e 'arg = 5' %s"):format(program, quote(write(path "count.lua", "print(select('#', ...))")))), "0\n",
  "a script without the table arg has no arguments")
_, err, status = run(program .. " -e 'jit = nil' -jv")
ok(status == 1 and not err:find("PANIC", 1, true), "options without the libraries they need are errors")

-- ---- documentation

local function options_in(text, pattern)
  local set, list = {}, {}
  for option in text:gmatch(pattern) do set[option] = true end
  for option in pairs(set) do list[#list + 1] = option end
  table.sort(list)
  return table.concat(list, " ")
end
local page = support.read(support.srcdir .. "/src/engram.1"):gsub("\\", "")
local usage = run(program .. " --help")
local option = "%s(%-%-?%a*)%f[%s,%[]"
local theirs = support.lines "luajit -h 2>&1"
if theirs[1] and theirs[1]:find "^usage: luajit" then
  local missing = {}
  for letter in table.concat(theirs, "\n"):gmatch "\n%s+%-(%a)" do
    if not usage:find("%s%-" .. letter .. "[ %[]") then missing[#missing + 1] = letter end
  end
  is(table.concat(missing, " "), "", "luajit's options are there")
else
  tap.skip("luajit's options are there", "there is no luajit")
end
is(options_in(usage, option), options_in(page:match "SH OPTIONS(.-)\n%.SH" or "", option),
  "--help and the manual page name the same options")
local commands = {}
for name in pairs(require "engram.commands") do commands[#commands + 1] = name end
table.sort(commands)
is(options_in(usage:match "Commands:\n(.-)Without", "%f[^\n%z]  (%l+) "), table.concat(commands, " "),
  "--help names the commands")
is(options_in(page:match "SH COMMANDS(.-)\n%.SH" or "", "%.TP\n%.%u+ \"?(%l+)"),
  table.concat(commands, " "), "and so does the manual page")
local variables = options_in(page, "ENGRAM_%u[%u_]*")
ok(variables:find "ENGRAM_ISA" and page:find "LUA_PATH" and page:find "LUA_INIT",
  "the manual page names the environment")

support.done()
