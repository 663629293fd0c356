-- progress.lua: bars and lines of long work: when, what, and what they leave behind.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local terminal = dofile(support.srcdir .. "/t/terminal.lua")
local ok, is, refuses, quote = tap.ok, tap.is, support.refuses, support.quote
local progress = require "engram.progress"

-- Scripts begin with this: time passes when they say so.
local prelude = support.write(support.path "prelude.lua", [[
  local C = require "engram.ffi"
  local now = 0
  package.loaded["engram.ffi"] = setmetatable({ engram_clock = function() return now end },
    { __index = C })
  progress = require "engram.progress"
  package.loaded["engram.ffi"] = C

  function pass(seconds) now = now + seconds end
  function work(p, steps, seconds)
    for _ = 1, steps do
      now = now + seconds
      p:step()
    end
  end
]])

local function script(text)
  return ("%s -e %s -e %s"):format(quote(support.program),
    quote("dofile " .. ("%q"):format(prelude)), quote(text))
end

local function said(setting, text)
  local _, err = support.run("ENGRAM_PROGRESS=" .. setting .. " " .. script(text))
  return err
end

local ten = [[local p = progress.new { total = 10, label = "counting", unit = "things" }
  work(p, 10, 0.4) p:done() p:done()]]

-- ---- lines

is(said("plain", ten), [[
counting   20%  2/10 things  2.5/s  0:03 left
counting   50%  5/10 things  2.5/s  0:02 left
counting   80%  8/10 things  2.5/s  0:01 left
counting  100%  10/10 things  2.5/s  0:04
]], "lines come after half a second, at most one a second, and one at the end")
is(said("none", ten), "", "none is none")
is(said("auto", ten), "", "a file is given nothing")
is(said("plain", "local p = progress.new { total = 3 } work(p, 3, 0.1) p:done()"), "",
  "work of less than half a second is not told about")
is(said("plain", "local p = progress.new() work(p, 2, 2000) p:step(1e6) p:done()"), [[
working  1  0.0005/s  33:20
working  2  0.0005/s  1:06:40
working  1M  250/s  1:06:40
]], "without a total there is no share, and no time left")
is(said("plain", "local p = progress.new { total = 2 } work(p, 3, 1) p:done()"), [[
working   50%  1/2  1/s  0:01 left
working  100%  2/2  1/s  0:00 left
working  100%  3/2  1/s  0:00 left
working  100%  3/2  1/s  0:03
]], "more than all of it is all of it")
is(said("plain", "local p = progress.new { total = 0 } pass(1) p:step(0) p:done()"), [[
working  100%  0/0  0/s
working  100%  0/0  0/s  0:01
]], "of nothing, all is done")
is(said("plain", [[local p = progress.new { total = 12345678 } pass(1) p:step(1) pass(1)
  p:step(12344) p:done()]]), [[
working    0%  1/12.3M  1/s  3429:21:17 left
working    0%  12.3k/12.3M  6.17k/s  33:18 left
working    0%  12.3k/12.3M  6.17k/s  0:02
]], "large numbers have three digits")

-- The clock is looked at every 2^k steps, k such that about 20 ms pass.
is(said("plain", [[local p = progress.new() work(p, 3000, 1e-3)
  io.stderr:write("\n", p.steps)]]):match "\n(%d+)$", "16",
  "steps of 1 ms are looked at in sixteens")
is(said("plain", [[local p = progress.new() work(p, 3000, 1e-3) work(p, 16, 1)
  io.stderr:write("\n", p.steps)]]):match "\n(%d+)$", "1",
  "steps that become slow are looked at each")

-- ---- errors, and one in another

is(said("plain", [[
  local outer = progress.new { label = "outer" }
  local inner = progress.new { label = "inner" }
  work(inner, 3, 1) inner:done() work(outer, 1, 1) outer:done()
  local later = progress.new { label = "later" }
  work(later, 1, 1) later:done() later:step()]]), [[
outer  1  0.25/s  0:04
outer  1  0.25/s  0:04
later  1  1/s  0:01
later  1  1/s  0:01
]], "of nested work the outermost is told about; what follows it is told about again")
is(said("plain", [[
  print(pcall(progress.during, { label = "failing" }, function(p, x)
    work(p, 1, x)
    error("no", 0)
  end, 1))
  io.stderr:write(table.concat({ progress.during({ label = "next" }, function(p, ...)
    work(p, 1, 1)
    return ...
  end, 1, 2) }, " "), "\n")]]), [[
failing  1  1/s  0:01
failing  1  1/s  0:01
next  1  1/s  0:01
next  1  1/s  0:01
1 2
]], "during ends it after an error, and hands on what it is given")
is(support.run(script [[print(pcall(progress.during, {}, error, { 1 }))
  print(select(2, pcall(progress.during, {}, function() error { code = 7 } end)).code)]])
  :match "[^\n]*\n$", "7\n", "errors pass through it as they are")
is(said("plain", [[work(progress.new { label = "lost" }, 1, 0.1) collectgarbage()
  local p = progress.new { label = "found" } work(p, 1, 1)]]), "found  1  1/s  0:01\n",
  "one that was left behind gives way")

-- ---- a bar

-- What a terminal gets: the frames, and what is said behind them.
local function frames(columns, locale, text)
  local t = terminal.open(("env LC_ALL=%s %s"):format(locale, script(text)), { columns = columns })
  is(t:finish(), 0, ("a script with a bar in %d columns ends well"):format(columns))
  local list = {}
  for frame in t.text:gmatch "[^\r]+" do list[#list + 1] = frame end
  return list, t.text
end

local list, all = frames(80, "C.UTF-8", ten .. " io.write 'next'")
is(list[1], "counting   20%  ▕██████                        ▏  2/10 things  2.5/s  0:03 left",
  "a bar, as wide as there is room")
is(list[2], "counting   30%  ▕█████████                     ▏  3/10 things  2.5/s  0:03 left",
  "is drawn over itself")
ok(all:find("\r" .. (" "):rep(79) .. "\rnext", 1, true), "and wiped away at the end")
ok(not all:find "[\27\n]", "without escape sequences and newlines")
is(frames(60, "C.UTF-8", "local p = progress.new { total = 64 } work(p, 37, 1)")[37],
  "working   57%  ▕██████████▉        ▏  37/64  1/s  0:27 left", "parts of a block are eighths")
is(frames(80, "C", ten)[1],
  "counting   20%  [######                        ]  2/10 things  2.5/s  0:03 left",
  "a bar in ASCII")
is(#frames(80, "C", "local p = progress.new { total = 100 } work(p, 100, 0.03) p:done()"), 22,
  "ten times a second at most: at every fourth step of 30 ms")
is(frames(50, "C", ten)[1], "counting   20%  2/10 things  2.5/s  0:03 left",
  "a terminal that is narrow has no bar")
is(frames(30, "C", ten)[1], "counting   20%  2/10 things  ", "a line is cut to the width")
is(frames(9, "C.UTF-8", "work(progress.new { label = 'größer' }, 1, 1)")[1], "größer  ",
  "which counts characters")
is(#frames(80, "C", "local p = progress.new { total = 9 } work(p, 9, 0.05) p:done()"), 0,
  "a terminal is not told about short work either")
is(frames(80, "C", [[pcall(progress.during, { label = "failing" }, function(p)
  work(p, 1, 1) error "no" end) io.write "next"]])[3], "next", "an error leaves no bar behind")

local t = terminal.open(script "work(progress.new(), 1, 1) error 'oh'")
t:finish()
ok(t.text:find "%s\rengram: [^\n]*: oh\r\n", "nor does one that nobody ends")
t = terminal.open(quote(support.program) .. " -i")
t:expect "> "
t:send("dofile " .. ("%q"):format(prelude) .. "\r")
t:expect "> "
t:send "work(progress.new(), 1, 1) error 'oh'\r"
ok(t:expect "\r" and t:expect "stdin:1: oh"
    and t.text:gsub("\27%[%d*m", ""):find "[%s]\rstdin:1: oh",
  "nor at the prompt")
t:send "\4"
t:finish()

-- ---- in Lua

ffi.cdef "int setenv(const char *, const char *, int);"
ffi.C.setenv("ENGRAM_PROGRESS", "plain", 1)
local function live()
  local p = progress.new { total = 1e5 }
  for _ = 1, 1000 do p:step() end
  ok(p.count == 1000, "steps are counted")
  p:done()
end
support.compiles(live, "a loop that steps is compiled")

refuses(function() progress.new { total = -1 } end,
  "bad argument 'total' to 'progress.new' (a count expected, got number -1)", "a total is a count")
refuses(function() progress.new { label = 1 } end,
  "bad argument 'label' to 'progress.new' (a string expected, got number 1)", "a label is a string")
refuses(function() progress.new { unit = {} } end,
  "bad argument 'unit' to 'progress.new' (a string expected, got table)", "so is a unit")
refuses(function() progress.new { n = 1 } end, "unknown option 'n' to 'progress.new'",
  "other options are unknown")

support.done()
