-- info.lua: what this is, what it runs on, and what it has counted.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

is(engram.version,
  support.read(support.srcdir .. "/configure.ac"):match "AC_INIT%(%[engram%], %[([%d.]+)%]",
  "the version is the one that configure.ac gives")
local info = engram.info()
is(info.version, engram.version, "info has the version")
ok(info.api >= 1, "and the number of the interface")
is(info.luajit, jit.version, "and LuaJIT's version")
is(info.jit, jit.status() == true, "and whether it compiles")
ok(#info.jit_options > 0 and type(info.jit_options[1]) == "string", "and with which optimisations")
is(info.gc64, require("ffi").abi "gc64", "and how wide its references are")
ok(info.build:find "%a+ %d", "and what compiled the library")
ok(info.os == jit.os and info.arch == jit.arch and #info.processor > 0, "and the machine")
is(info.isa, engram.isa(), "and the rung in use")
ok(info.threads >= 1 and info.threads <= 256, "and the threads that share long work")
is(#info.kernels, #engram.kernels.list(), "and every kernel")
ok(info.arena.bytes >= 65536 and (info.arena.overflow == "error_return"
  or os.getenv "ENGRAM_ARENA_OVERFLOW"),
  "and the configuration of the threads' arenas")
ok(type(info.rejected) == "table", "and the settings that were not understood")

local stats = engram.stats()
local kernels = 0
for name, counters in pairs(stats.kernels) do
  kernels = kernels + 1
  local counts = counters.calls >= 0 and counters.elements >= 0 and counters.seconds >= 0
  if not counts then kernels = name .. " is wrong" end
end
is(kernels, #info.kernels, "stats has counters of every kernel")
local before = stats.arenas
engram.arena.thread():scope(function(arena) arena:floats(1000) end)
local after = engram.stats().arenas
is(after.resets, before.resets + 1, "stats counts when the threads' arenas are given back")
ok(after.peak >= 4000 and after.arenas >= 1 and after.capacity >= info.arena.bytes,
  "and how much they hold")

local clock = engram.clock()
ok(engram.clock() >= clock, "the clock does not go back")
is(engram.nonsense, nil, "a part that is not there is nil")
is(engram.matrix, engram.vec.matrix, "engram.matrix is the one of engram.vec")

-- ---- as text

local printed = {}
local real = print
_G.print = function(...) printed[#printed + 1] = table.concat({ ... }, "\t") end
require("engram.info").print()
_G.print = real
local text = table.concat(printed, "\n")
ok(text:find("engram       " .. engram.version, 1, true) == 1,
  "info as text begins with the version")
local named = 0
for _, kernel in ipairs(info.kernels) do
  if text:find("\n  " .. kernel.name .. " ", 1, true) then named = named + 1 end
end
is(named, #info.kernels, "and names every kernel")

-- ---- the command

local program = support.quote(support.program)
local out, err, status = support.run(program .. " info --json")
local read = engram.json.decode(out)
ok(status == 0 and err == "" and read.version == engram.version and #read.kernels == #info.kernels
  and read.isa == engram.isa() and read.jit == true and read.luajit == jit.version
  and read.arena.bytes == info.arena.bytes and read.threads >= 1 and #read.rejected == 0,
  "engram info --json tells the same to programs")
out, err, status = support.run("ENGRAM_ARENA_SIZE=1 " .. program .. " info --json")
ok(status == 0 and err:find "^engram: ENGRAM_ARENA_SIZE=1"
  and engram.json.decode(out).rejected[1]:find "^ENGRAM_ARENA_SIZE=1: expected",
  "with settings that were not understood")
out, err, status = support.run(program .. " info --xml")
ok(out == "" and status == 2
  and err:find("engram info: unknown option '--xml'\nusage: engram info", 1, true),
  "an option that is unknown has status 2")
out, err, status = support.run(program .. " info all")
ok(out == "" and status == 2 and err:find("engram info: 'all' is too much", 1, true),
  "so has a word too many")
out, err, status = support.run(program .. " info --help")
ok(status == 0 and err == "" and out:find "^usage: engram info", "--help tells how it is called")

support.done()
