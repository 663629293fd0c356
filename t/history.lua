-- history.lua: the file of what was typed, and what Tab lists.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local history = require "engram.history"
local listing = require "engram.listing"
local ffi = require "ffi"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

ffi.cdef "int setenv(const char *, const char *, int); int unsetenv(const char *);"
local function set(name, value)
  if value then ffi.C.setenv(name, value, 1) else ffi.C.unsetenv(name) end
end

-- ---- where it is

local function path_with(named, state, home)
  set("ENGRAM_HISTORY", named)
  set("XDG_STATE_HOME", state)
  set("HOME", home)
  return history.path()
end
is(path_with("/a/b", "/s", "/h"), "/a/b", "ENGRAM_HISTORY names the file")
is(path_with("", "/s", "/h"), nil, "or none")
is(path_with(nil, "/s", "/h"), "/s/engram/history", "without it the file is among states")
is(path_with(nil, nil, "/h"), "/h/.local/state/engram/history", "which are in the home")
is(path_with(nil, "relative", "/h"), "/h/.local/state/engram/history", "also if nothing but a relative path is said")
is(path_with(nil, nil, nil), nil, "without a home there is none")
is(path_with(nil, nil, ""), nil, "nor with an empty one")
is(#history.load(), 0, "and none has no entries")
history.add "x"

-- ---- what is in it

local file = support.path "history"
local function is_loaded(expected, name) is(table.concat(history.load(), "|"), expected, name) end

set("ENGRAM_HISTORY", file)
is_loaded("", "a file that is not there has no entries")
history.add "1 + 1"
history.add "for i = 1, 2 do\n\n  print '> '\n> \nend"
is_loaded("1 + 1|for i = 1, 2 do\n\n  print '> '\n> \nend", "what is added is loaded")
history.add "1 + 1"
is_loaded("for i = 1, 2 do\n\n  print '> '\n> \nend|1 + 1", "the newest of those that are the same")
is(select(2, support.read(file):gsub("> 1 %+ 1\n", "")), 1, "after which the file holds no other")

support.write(file, "\n>> no entry\n> a\27[2Jb\7\0c\127\n>> d\r\nnonsense\n>> e\n>f\n>>>> g\n> \195\164\n> end")
is_loaded("a[2Jbc\nd\ne|\195\164|end", "what else is in the file is left out, and so are control characters")

local many = {}
for i = 1, 1500 do many[i] = ("> x = %d\n"):format(i) end
support.write(file, table.concat(many))
local loaded = history.load()
ok(#loaded == 1000 and loaded[1] == "x = 501" and loaded[1000] == "x = 1500", "there are a thousand at most")
is(#support.lines("cat " .. support.quote(file)), 1000, "in the file as well, once it was loaded")

support.write(file, "> old\n" .. ("x"):rep(5e6) .. "\n> new\n")
is_loaded("new", "of a file that is too long the end is read")
is(support.read(file), "> new\n", "and kept")

local link = support.path "link"
os.execute(("ln -s history %s"):format(support.quote(link)))
support.write(file, "> a\n> a\n")
set("ENGRAM_HISTORY", link)
is_loaded("a", "a link is followed")
ok(os.execute("test -L " .. support.quote(link)) == 0 and support.read(file) == "> a\n", "and stays one")

-- ---- several at once

set("ENGRAM_HISTORY", file)
os.remove(file)
local chunk = [[local h = require "engram.history" for i = 1, 300 do h.add((arg[1] .. "\n"):rep(400) .. i) end]]
local script = support.quote(support.write(support.path "add.lua", chunk))
local program = support.quote(support.program)
support.run(("for i in 1 2 3 4; do %s %s $i & done; wait"):format(program, script))
local whole = true
for _, entry in ipairs(history.load()) do
  local who = entry:match "^%d"
  whole = whole and entry:gsub(who .. "\n", ""):find "^%d+$" ~= nil
end
ok(whole, "what several add at once stays whole")
is(#history.load(), 1000, "and nothing is lost")

support.write(file, "> a\n> a\n")
local rename = os.rename
function os.rename(...) -- luacheck: ignore
  history.add "meanwhile"
  return rename(...)
end
history.load()
os.rename = rename -- luacheck: ignore
is(support.read(file), "> a\n> meanwhile\n", "what is added while a file is replaced is kept")

-- ---- where nothing can be written

set("ENGRAM_HISTORY", "/proc/nonexistent/history")
history.add "x"
is_loaded("", "a place that cannot be written to raises nothing")
set("ENGRAM_HISTORY", support.path ".")
history.add "x"
is_loaded("", "nor does a folder")
set("ENGRAM_HISTORY", "/dev/full")
history.add "x"
ok(true, "nor does a full disk")

-- ---- listings

local function answer(word, texts, columns, rows, help)
  local candidates = {}
  for i, text in ipairs(texts) do candidates[i] = { text = text, help = help } end
  local common, list = listing.answer(word, candidates, columns or 80, rows or 24)
  return tostring(common) .. "|" .. tostring(list)
end
is(answer("a", {}), "nil|nil", "of no candidates nothing comes")
is(answer("a", { "abc" }), "abc|nil", "one is taken")
is(answer("xy", { "abc" }), "abc|nil", "also if it begins otherwise")
is(answer("a", { "abcd", "abce" }), "abc|abcd  abce", "what several begin with is")
is(answer("xy", { "ab", "ac" }), "xy|ab  ac", "unless what is typed begins otherwise")
is(answer("", { "\195\164", "\195\165" }), "|\195\164  \195\165", "characters are not divided")
is(answer("", { "a", "b", "c", "d", "e" }, 7), "|a  d\nb  e\nc", "columns are read downwards")
is(answer("", { "a", "b", "c", "d", "e" }, 4, 5), "|a\nb\n... and 3 more", "rows that have no room are counted")
is(answer("", { "a", "bcd" }, 30, 24, "some help"), "|a    some help\nbcd  some help", "help stands beside")
is(answer("", { "a", "b" }, 24, 24, "some help that is long"),
  "|a  some help that is l\226\128\166\nb  some help that is l\226\128\166", "as far as there is room")
is(answer("", { "a", "b" }, 23, 24, "some help"), "|a  b", "but not a word or two of it")
is(answer("x/y/", { "x/y/a", "x/y/b" }), "x/y/|a  b", "the folder that is typed is not shown again")
is(answer("", { "a", "b", "c" }, 20, 4, "help"), "|a  b  c", "where there is none for all of it there is none")
is(answer("", { "a\27[2Jb", "a\nc" }), "a|a [2Jb  a c", "control characters are not shown")

support.done()
