-- test_command.lua: engram test reads what tests print, and how they end.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local testing = require "engram.testing"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, path, quote = tap.ok, tap.is, support.path, support.quote

-- ---- the protocol: what is printed, the status; what it comes to, or what is wrong

local function summary(r)
  local wrong = #r.wrong > 0 and ": " .. table.concat(r.wrong, "; ") or ""
  return ("%s %d/%d/%d/%d%s"):format(r.good and "good" or "bad", r.passed, r.failed, r.skipped,
    r.todo, wrong)
end

local rows = {
  { "tests and a plan", "1..2\nok 1 - a\nok 2\n", 0, "good 2/0/0/0" },
  { "the plan may come last", "ok\nok\n1..2\n", 0, "good 2/0/0/0" },
  { "version 13", "TAP version 13\n1..1\nok 1\n  ---\n  a: b\n  ...\n", 0, "good 1/0/0/0" },
  { "version 14 and its subtests",
    "TAP version 14\n1..1\n# Subtest: x\n    not ok 1 - inner\n    1..2\nok 1 - outer\n", 0,
    "good 1/0/0/0" },
  { "lines may end with a carriage return", "1..1\r\nok 1 - a\r\n", 0, "good 1/0/0/0" },
  { "other lines do not count", "hello\nokay\nnot okay\n1..1\nok 1\n", 0, "good 1/0/0/0" },
  { "a failure", "not ok 1 - a\n1..1\n", 3, "bad 0/1/0/0" },
  { "a failure with another status", "not ok 1 - a\n1..1\n", 1, "bad 0/1/0/0: exit status 1" },
  { "a failure without one", "not ok 1 - a\n1..1\n", 0, "bad 0/1/0/0" },
  { "SKIP", "ok 1 - a # SKIP why\nok 2 # skipped: why\n1..2\n", 0, "good 0/0/2/0" },
  { "TODO may fail", "not ok 1 - a # TODO why\nok 2 - a #todo\n1..2\n", 0, "good 0/0/0/2" },
  { "other uses of # are no directives", "ok 1 - issue #3, a#skip, # skin, \\# SKIP\n1..1\n", 0,
    "good 1/0/0/0" },
  { "all may be skipped", "1..0 # SKIP no terminal\n", 0, "good 0/0/0/0" },
  { "no tests at all", "1..0\n", 0, "good 0/0/0/0" },
  { "bailing out", "ok 1\nBail out! no memory\n1..1\n", 0,
    "bad 1/0/0/0: Bail out! no memory" },
  { "no plan", "ok 1\n", 0, "bad 1/0/0/0: there is no plan" },
  { "nothing at all", "", 0, "bad 0/0/0/0: there is no plan" },
  { "two plans", "1..1\nok 1\n1..1\n", 0, "bad 1/0/0/0: there are two plans" },
  { "too few", "1..3\nok 1\n", 0, "bad 1/0/0/0: 3 tests planned, 1 run" },
  { "too many", "1..1\nok 1\nok 2\n", 0, "bad 2/0/0/0: 1 test planned, 2 run" },
  { "numbers out of order", "1..2\nok 2\nok 1\n", 0,
    "bad 2/0/0/0: test 1 has number 2; test 2 has number 1" },
  { "a status", "1..1\nok 1\n", 3, "bad 1/0/0/0: exit status 3" },
  { "a signal", "1..2\nok 1\n", 139, "bad 1/0/0/0: 2 tests planned, 1 run; ended by signal 11" },
}
for _, row in ipairs(rows) do
  local name, text, status, expected = unpack(row)
  is(summary(testing.read(text, status)), expected, name)
end
local details = testing.read("# before\nnot ok 1 - a\n# at x.lua:3\n  ---\n  got: 1\nsaid\n"
  .. "ok 2\n# after\n1..2\n", 3).details
is(table.concat(details, "|"), "not ok 1 - a|# at x.lua:3|  ---|  got: 1",
  "a failure is told with what explains it")

-- ---- the command

local good = support.write(path "good.lua",
  "print 'ok 1 - fine' print '1..1' io.stderr:write 'hush\\n'")
support.write(path "bad.lua", [[local t = require "engram.tap"
  t.ok(true, "one") t.is(1, 2, "two") t.skip("three", "so") io.stderr:write "details\n" t.done()]])
support.write(path "crash.lua",
  "print '1..1' io.stdout:flush() require('ffi').cdef 'int raise(int);' require('ffi').C.raise(15)")
support.write(path "broken.lua", "print '1..1' print 'ok 1' error 'oh'")
support.write(path "skipped.lua", "print '1..0 # SKIP no terminal'")
support.write(path "bail.lua", "print 'Bail out! fire'")
support.write(path "wide.lua",
  "for i = 1, 20000 do print('ok ' .. i .. ' - ' .. ('x'):rep(20)) end print '1..20000'")

local function test(words)
  local folder = path "x":gsub("/x$", "")
  local out, err, status = support.run(("cd %s && %s test %s"):format(quote(folder),
    quote(support.lines("realpath " .. quote(support.program))[1]), words))
  return out:gsub(folder:gsub("%p", "%%%0") .. "/", ""), err, status
end

local _ -- what a test does not look at
local out, err, status = test "good.lua"
is(out, "good.lua ...  ok  1 test\n1 file, 1 test, 1 passed: all good\n", "a test that passes")
ok(status == 0 and err == "", "has status 0, and nobody hears what it said besides")

out, _, status = test "good.lua bad.lua skipped.lua"
is(out:gsub("\n  # at [^\n]*", ""), [[
good.lua ......  ok  1 test
bad.lua .......  FAILED  3 tests, 1 failed, 1 skipped
  not ok 2 - two
  # got 1, expected 2
  details
skipped.lua ...  skipped  no terminal
3 files, 4 tests, 2 passed, 1 failed, 1 skipped: 1 of 3 files FAILED
]], "one that fails is told with what it said")
is(status, 3, "and has status 3")
out, _, status = test "crash.lua broken.lua"
ok(status == 3 and out:find("  ended by signal 15\n", 1, true)
  and out:find("  exit status 1\n", 1, true) and out:find("broken.lua:1: oh", 1, true),
  "signals and errors are told")
out, _, status = test "--tap good.lua bad.lua skipped.lua"
is(out:gsub("# # at [^\n]*\n", ""), [[
TAP version 13
1..3
ok 1 - good.lua: 1 test
not ok 2 - bad.lua: 3 tests, 1 failed, 1 skipped
# not ok 2 - two
# # got 1, expected 2
# details
ok 3 - skipped.lua: 0 tests # SKIP no terminal
]], "the summary may be TAP")
is(status, 3, "with the same status")
is(summary(testing.read(out, status)), "bad 1/1/1/0", "which can be read again")
out, _, status = test "good.lua bail.lua good.lua"
ok(status == 3 and out:find("  Bail out! fire\n", 1, true) and out:find("\n2 files, ", 1, true),
  "after bailing out no other test begins")

-- Three at once finish only together: each waits until all have begun.
local waits = support.write(path "waits.lua", [[
  local name = arg[0]:match "(%d).lua$"
  io.open(arg[0] .. ".there", "w"):close()
  local ffi = require "ffi"
  ffi.cdef "int poll(void *, unsigned long, int);"
  for other = 1, 3 do
    for _ = 1, 2000 do
      local file = io.open(arg[0]:gsub("%d.lua$", other .. ".lua.there"))
      if file then file:close() break end
      ffi.C.poll(nil, 0, 5)
    end
  end
  print("ok 1 - " .. name) print "1..1"]])
for i = 1, 3 do support.write(path("w" .. i .. ".lua"), support.read(waits)) end
out = test "--jobs 3 w1.lua w2.lua w3.lua"
is(out, "w1.lua ...  ok  1 test\nw2.lua ...  ok  1 test\nw3.lua ...  ok  1 test\n"
  .. "3 files, 3 tests, 3 passed: all good\n", "several run at once and are told in order")
out = test "--jobs=2 wide.lua wide.lua good.lua"
ok(out:find("3 files, 40,001 tests, 40,001 passed: all good", 1, true),
  "what is long is read whole")
support.run(("cp %s %s"):format(quote(good), quote(path "it's word")))
out = test [["it's word"]]
ok(out:find("1 passed", 1, true), "files may have any name")
support.run(("cp %s %s"):format(quote(good), quote(path "info")))
ok(test("info"):find("1 passed", 1, true), "that of a command as well")
is(out:find "\27", nil, "a file is given no colours")

out, err, status = test "good.lua nothing.lua"
ok(status == 5 and out == "" and err:find("engram test: nothing.lua: No such file", 1, true),
  "a file that is not there has status 5, before any is run")
_, err, status = test "."
ok(status == 5 and err:find("engram test: .: Is a directory", 1, true), "so has a folder")
for _, row in ipairs {
  { "", "no files" }, { "--nonsense x", "unknown option '--nonsense'" },
  { "--jobs 0 good.lua", "--jobs wants a number from 1 to 64" },
  { "--jobs 65 good.lua", "--jobs wants a number from 1 to 64" },
  { "--jobs x good.lua", "--jobs wants a whole number, not 'x'" },
} do
  _, err, status = test(row[1])
  ok(status == 2 and err:find("engram test: " .. row[2] .. "\nusage: engram test", 1, true),
    ("'%s' has status 2"):format(row[1]))
end
out, _, status = test "--help"
ok(status == 0 and out:find "^usage: engram test", "--help tells how")

support.done()
