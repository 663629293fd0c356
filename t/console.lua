-- console.lua: a prompt inside a running program, on a Unix socket; who attaches to it.
-- SPDX-License-Identifier: MIT
local engram = require "engram"
local socket = require "engram.socket"
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local terminal = dofile(support.srcdir .. "/t/terminal.lua")
local ok, is, refuses, path = tap.ok, tap.is, support.refuses, support.path

local LONG = 1e6 -- microseconds: nothing here is to be stopped unless it says so

-- A client in this process: what comes is read after each turn of the host.
local function visit(where)
  return { socket = assert(socket.connect(where)), text = "" }
end

local function read(client)
  repeat
    local text = client.socket:receive()
    client.text = client.text .. (text or "")
    client.over = client.over or text == nil
  until text == nil or text == ""
end

-- What a client is told while the host serves so often.
local function told(console, client, turns, budget)
  for _ = 1, turns or 3 do
    console:serve(budget or LONG)
    read(client)
  end
  local text = client.text
  client.text = ""
  return text
end

local function say(console, client, text, turns, budget)
  assert(client.socket:send(text, 1) == #text)
  return told(console, client, turns, budget)
end

-- ---- one client

local c = assert(engram.console.listen(path "s"))
is(tostring(c), ("console %s, 0 of 4 clients"):format(path "s"), "a console tells what it is")
is(support.lines("stat -c %a,%F " .. path "s")[1], "600,socket",
  "nobody but its owner may connect")
c:serve()
local a = visit(path "s")
is(told(c, a), "> ", "who comes is given a prompt")
is(say(c, a, "1 + 1\n"), "2\n> ", "an expression gives its value")
is(say(c, a, "_ * 21, 'x'\n"), "42\tx\n> ", "the last one is _")
is(say(c, a, "\n"), "> ", "nothing gives a prompt")
is(say(c, a, "nil\n"), "nil\n> ", "nil is a value")
_G.visited = 1
is(say(c, a, "visited = visited + 1\n"), "> ", "a statement gives none")
is(_G.visited, 2, "globals of the host are read and written")
is(say(c, a, "for i = 1, 2 do\n"), ">> ", "a statement may take several lines")
is(say(c, a, "print(i, nil)\r\nend\n"), ">> 1\tnil\n2\tnil\n> ",
  "what it prints is the client's, lines may come together and end with a carriage return")
is(say(c, a, "for i = 1, 2 do\n\3\n2\n"), ">> > 2\n> ", "Ctrl-C discards what is not finished")
is(say(c, a, "ti"), "", "part of a line waits")
is(say(c, a, "tle\n"), "nil\n> ", "for the rest")
is(say(c, a, "local _ = io.write('a', 1)\n"), "a1\n> ",
  "io.write as well, and the prompt begins a line")
is(say(c, a, "local x = = 1\n"), "stdin:1: unexpected symbol near '='\n> ",
  "a syntax error is told")
is(say(c, a, "error 'oh'\n"), "stdin:1: oh\n    error 'oh'\n> ",
  "an error too, without the frames of the host")
ok(say(c, a, "error()\n"):find("nil", 1, true), "and one without a message")
ok(say(c, a, "io.write {}\n"):find("stdin:1: bad argument #1 to 'write' (string expected", 1, true),
  "io.write checks what it is given")
ok(say(c, a, "io.read()\n"):find("there is no input on a console", 1, true), "there is no input")
is(say(c, a, "engram.version\n"), tostring(engram.version) .. "\n> ",
  "engram is there without being asked for")
is(say(c, a, "plot.spark { 7 }\n"), engram.plot.spark { 7 } .. "\n> ", "as the prompt's other words are")
is(say(c, a, "print(1), 2\n"):match "^1\n", "1\n", "printing comes before the values")

local shared_print, shared_exit = print, os.exit
say(c, a, "error 'oh'\n")
ok(print == shared_print and os.exit == shared_exit, "the host has its own functions back")

-- ---- time

local stopped = "stdin:1: stopped after "
ok(say(c, a, "while true do end\n", 3, 2000):find(stopped, 1, true) == 1, "a loop is stopped")
ok(say(c, a, "while true do pcall(function() while true do end end) end\n", 3, 2000)
  :find(stopped, 1, true), "also one that catches errors")
ok(say(c, a, "coroutine.wrap(function() while true do end end)()\n", 3, 2000)
  :find("stopped after", 1, true), "and one in a coroutine")
ok(say(c, a, "local function f() return f() end f()\n", 3, 2000):find(stopped, 1, true),
  "and a recursion")
is(debug.gethook(), nil, "the hook is gone")
local function mine() end
debug.sethook(mine, "", 12345)
is(say(c, a, "1\n"), "1\n> ", "a host may have a hook")
local hook, mask, count = debug.gethook()
ok(hook == mine and mask == "" and count == 12345, "which it has again")
debug.sethook()
is(say(c, a, "1\n2\n3\n", 1, 1e-3), "1\n> ", "a small budget does one thing at a time")
is(told(c, a, 2, 1e-3), "2\n> 3\n> ", "what waits is done in later turns")
c:close()
is(told(c, a, 0), "", "closing says goodbye")
read(a)
ok(a.text == "\nbye\n" and a.over, "and ends the connection")
c:close()
is(tostring(c), "console, closed", "twice is harmless")
refuses(function() c:serve() end, "console:serve: this console is closed",
  "what is closed serves no more")
is(io.open(path "s"), nil, "the socket is gone")

c = assert(engram.console.listen(path "s", { statement_us = 2000, output_bytes = 1000, clients = 2,
  environment = { secret = 7 } }))
a = visit(path "s")
told(c, a)
ok(say(c, a, "while true do end\n", 3, 1):find "stopped after 2000 microseconds",
  "a statement may have a time of its own")
is(say(c, a, "secret, type(print)\n"), "7\tfunction\n> ", "names may come before the globals")
is(say(c, a, "hidden = 1 return hidden, 2\n"), "1\t2\n> ", "a statement may return values")
is(rawget(_G, "hidden"), nil, "new ones go where these are")
is(say(c, a, "hidden\n"), "1\n> ", "and are found there")

-- ---- output

local text = say(c, a, "for i = 1, 1000 do print('0123456789') end\n")
ok(text:find "^0123456789\n" and text:find("more than 1000 bytes of output", 1, true)
  and #text < 1300, "output has a bound")
ok(say(c, a, "('x'):rep(2000)\n"):find("more than 1000 bytes of output", 1, true),
  "for values as well")
is(say(c, a, "1\n"), "1\n> ", "which is that of a statement")

-- ---- clients

local b, third = visit(path "s"), visit(path "s")
is(told(c, b, 5), "> ", "a second client")
is(told(c, third), "this console has its 2 clients\nbye\n", "is one less than a third")
ok(third.over, "who is sent away")
say(c, a, "x = 3\n")
is(say(c, b, "x\n"), "3\n> ", "clients share what they write")
is(say(c, b, "_\n"), "3\n> ", "but not their last value")
is(say(c, a, "_\n"), "1\n> ", "each has its own")
is(say(c, b, "os.exit()\n"), "bye\n", "os.exit ends the visit, not the host")
is(tostring(c), ("console %s, 1 of 2 clients"):format(path "s"), "who leaves makes room")
b = visit(path "s")
told(c, b)
b.socket:send("1\n1\n1\n", 1)
b.socket:close()
for _ = 1, 5 do c:serve(LONG) end
is(tostring(c), ("console %s, 1 of 2 clients"):format(path "s"),
  "who goes away without a word does no harm")
b = visit(path "s")
told(c, b)
ok(say(c, b, ("x"):rep(70000), 20):find("a statement has at most 65536 bytes\nbye\n", 1, true),
  "a line has a bound too")
is(say(c, a, "c_is = 1\n"), "> ", "the others stay")
c:close()

-- Many lines come at once, more than a statement may have.
c = assert(engram.console.listen(path "s"))
a = visit(path "s")
told(c, a)
_G.lines = 0
local script = ("lines = lines + 1\n"):rep(5000)
local sent = 1
for _ = 1, 6000 do
  sent = sent + (a.socket:send(script, sent) or 0)
  c:serve(LONG)
  read(a)
end
is(_G.lines, 5000, "a script may be sent at once")
ok(#a.text == 2 * 5000, "and each statement has its prompt")
a.text = ""
b = visit(path "s")
told(c, b)
a.socket:send("while true do end\n", 1)
b.socket:send("'b'\n", 1)
is(told(c, b, 3, 2000), "b\n> ", "one client's loop takes no time from another's statement")
c:close()

-- A reader that is slow has the host wait for nothing.
c = assert(engram.console.listen(path "s", { statement_us = 1e7 }))
a = visit(path "s")
told(c, a)
a.socket:send("io.write(('x'):rep(1e6))\n2\n", 1)
for _ = 1, 50 do c:serve(LONG) end
b = visit(path "s")
told(c, b)
is(say(c, b, "1\n"), "1\n> ", "while one does not read, others are served")
text = told(c, a, 200)
ok(text:find("^x+true\n> 2\n> $") and #text == 1e6 + #"true\n> 2\n> ",
  "what waits comes when it is read")
c:close()
c = assert(engram.console.listen(path "s"))
a = visit(path "s")
told(c, a)
_G.console = c
ok(say(c, a, "console:close()\n", 1):find "bye\n$" and a.over, "a statement may close the console")
_G.console = nil

-- ---- sockets that are there already

local first = assert(engram.console.listen(path "s"))
local second, why = engram.console.listen(path "s")
ok(second == nil and tostring(why) == path "s" .. ": somebody listens there already"
  and why.name == "EIO", "two consoles do not share a socket")
first:close()
support.write(path "file", "x")
second, why = engram.console.listen(path "file")
ok(second == nil and tostring(why):find("file: there is a file of that name", 1, true),
  "a file is not replaced")
is(support.read(path "file"), "x", "nor changed")
support.run(("%s -e %s"):format(support.quote(support.program), support.quote(
  ("left = require('engram').console.listen(%q) os.exit()"):format(path "left"))))
is(support.lines("stat -c %F " .. path "left")[1], "socket", "who ends without closing leaves one")
c = assert(engram.console.listen(path "left"))
a = visit(path "left")
is(told(c, a), "> ", "which is replaced")
c:close()
second, why = engram.console.listen "/nowhere/s"
ok(second == nil and tostring(why):find("/nowhere/s: No such file or directory", 1, true),
  "a folder must be there")

local too_long = ("x"):rep(108)
refuses(function() engram.console.listen(too_long) end,
  "bad argument #1 to 'console.listen' (a path of at most 107 bytes expected", "paths are short")
refuses(function() engram.console.listen() end, "a path of at most 107 bytes expected, got nil",
  "and there")
refuses(function() engram.console.listen("x", { clients = 0 }) end,
  "bad argument 'clients' to 'console.listen' (a count of at least 1", "clients are a count")
refuses(function() engram.console.listen("x", { clients = 65 }) end, "(at most 64 expected",
  "and not too many")
refuses(function() engram.console.listen("x", { output_bytes = "1" }) end, "'output_bytes'",
  "a bound of output is a count")
refuses(function() engram.console.listen("x", { statement_us = 0 }) end,
  "'statement_us' to 'console.listen' (a number > 0", "a time is more than nothing")
refuses(function() engram.console.listen("x", { environment = 1 }) end,
  "'environment' to 'console.listen' (a table", "an environment is a table")
refuses(function() engram.console.listen("x", { time = 1 }) end,
  "unknown option 'time' to 'console.listen'", "other options are unknown")
c = assert(engram.console.listen(path "s"))
refuses(function() c:serve(0) end, "bad argument #1 to 'console:serve' (a number > 0",
  "a budget is more than nothing")
refuses(function() c.serve() end, "call it as console:serve(...), with a colon",
  "a dot for a colon is told kindly")
refuses(function() c.close() end, "call it as console:close(...), with a colon", "twice")
c:close()

-- ---- a host with frames, and engram attach

local quote = support.quote
local host = support.write(path "host.lua", [[
  local console = assert(require "engram".console.listen(arg[1]))
  local ffi = require "ffi"
  ffi.cdef "int poll(void *, unsigned long, int);"
  frame, speed = 0, 1
  while not over do
    frame = frame + speed
    ffi.C.poll(nil, 0, 1)
    console:serve(2000)
  end
  console:close()
  print("frames", frame > 0)]])
local attach = quote(support.program) .. " attach " .. quote(path "h")
support.lines(("%s %s %s >%s 2>&1 & until test -S %s; do sleep 0.02; done"):format(
  quote(support.program), quote(host), quote(path "h"), quote(path "frames"), quote(path "h")))

local out, _, status = support.run(attach, [[
before = frame
while true do end
between = frame
before < between
error "oh"
speed = 1000
function f()

  return "lines"
end
f()
between < frame]])
ok(out:match "^([^\n]*stopped after [^\n]*)\n.*\ntrue\nstdin:1: oh\n.*\nlines\ntrue\n$",
  "frames go on while statements are asked, stopped and wrong")
ok(status == 0 and not out:find("> ", 1, true), "in a pipe there are no prompts")
out = support.run(attach, "speed\n")
is(out, "1000\n", "what is changed stays changed")
local err
_, err, status = support.run(attach, "for i = 1, 2 do\n")
ok(status == 1 and err:find("the last statement is not finished", 1, true),
  "input that ends within a statement is told")

-- What does not depend on the editor.
local function typing(editor)
  local t = terminal.open(("env TERM=xterm ENGRAM_HISTORY=%s ENGRAM_EDITOR=%s %s"):format(
    quote(path("history of " .. editor)), editor, attach))
  ok(t:expect "> ", "on a terminal attach has a prompt: " .. editor)
  t:send "if true then\n"
  ok(t:expect ">> ", "and one for lines that follow")
  t:send "return speed * 2 end\n"
  ok(t:expect "2000\r\n" and t:expect "> ", "and the answer")
  t:send "speed ="
  t:rest()
  t:send "\3"
  ok(t:expect "> ", "Ctrl-C discards a line")
  return t
end
local known = support.lines(quote(support.program) .. " --editor nonsense 2>&1")[1]
local t
for _, editor in ipairs { "libedit", "builtin" } do
  if known:find(editor, 1, true) then
    t = typing(editor)
    t:send "\27[A\n"
    ok(t:expect "2000\r\n" and t:expect "> ",
      "what was typed comes back, as the statement that it was")
    t:send "seed * 3\27[H\27[Cp\n"
    ok(t:expect "3000\r\n" and t:expect "> ", "lines can be edited")
    t:send "\4"
    is(t:finish(), 0, "the end of the input is the end")
    ok(support.read(path("history of " .. editor))
      :find "^> if true then\n>> return speed %* 2 end\n", "and is there the next time")
  else
    tap.skip("attach with " .. editor, "it was not built")
  end
end
t = typing "none"
t:send "\4"
is(t:finish(), 0, "the end of the input is the end")
ok(not io.open(path "history of none"), "without an editor nothing is written down")
local waiting = {}
for _, editor in ipairs { "auto", "none" } do waiting[#waiting + 1] = typing(editor) end
support.run(attach, "over = true\n")
for _, visitor in ipairs(waiting) do
  is(visitor:finish(), 0, "the end of the host is the end of whoever types")
end
is(support.read(path "frames"), "frames\ttrue\n", "what statements print is not the host's")

local silent = assert(socket.listen(path "silent"))
t = terminal.open(quote(support.program) .. " attach " .. quote(path "silent"))
t:rest()
t:send "\3"
is(t:finish(), 130, "an interrupt ends waiting for a host that says nothing")
ok(t.text:find("engram attach: interrupted", 1, true), "and says so")
silent:close()
_, err, status = support.run(attach, "1\n")
ok(status == 5 and err:find("engram attach: " .. path "h" .. ": No such file", 1, true),
  "a host that is not there has status 5")
_, err, status = support.run(quote(support.program) .. " attach " .. too_long)
ok(status == 5 and err:find("a path has at most 107 bytes", 1, true), "so has a path that is long")
_, err, status = support.run(quote(support.program) .. " attach")
ok(status == 2 and err:find("one path expected\nusage: engram attach PATH", 1, true),
  "without a path attach tells how")
out, _, status = support.run(quote(support.program) .. " attach --help")
ok(status == 0 and out:find("usage: engram attach PATH", 1, true), "as it does when asked")
support.lines(("%s %s %s >%s 2>&1 & until test -S %s; do sleep 0.02; done"):format(
  quote(support.program), quote(host), quote(path "h"), quote(path "frames"), quote(path "h")))
out, err, status = support.run(attach, "1\nrequire 'ffi'.C.poll(nil, 0, 1) require('ffi').cdef "
  .. "'int raise(int);' require('ffi').C.raise(9)\n2\n")
ok(status == 5 and out:find "^1\n" and err:find("engram attach: the host is gone", 1, true),
  "a host that dies is told from one that ends")

support.done()
