-- compiled.lua: what the prompt loads is compiled inside compiled.during only.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local compiled = require "engram.compiled"
local jutil = require "jit.util"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

-- Which traces f makes: their beginnings, by place.
local function traces(f, ...)
  local begun = {}
  local function note(what, _, func, pc)
    if what == "start" then
      local place = jutil.funcinfo(func, pc).loc
      begun[place] = (begun[place] or 0) + 1
    end
  end
  jit.attach(note, "trace")
  local result = { pcall(f, ...) }
  jit.attach(note)
  return begun, unpack(result)
end

local function of(begun, name)
  for place in pairs(begun) do
    if place:find(name, 1, true) then return true end
  end
  return false
end

-- A function in a function in a chunk, with a loop.
local text = [[
local function inner()
  local sum = 0
  for i = 1, 300 do sum = sum + i end
  return sum
end
return function(x)
  if x == "raise" then error { "raised" } end
  for i = 1, 300 do x = x end
  return inner(), x
end]]
local function loop(name) return compiled.off(loadstring(text, "=" .. name))() end

-- ---- what it returns and raises, with the JIT and without

local function sum(...) return select("#", ...), ... end
local n, a, b, c, d = compiled.during(sum, 1, nil, false, nil)
ok(n == 4 and a == 1 and b == nil and c == false and d == nil,
  "during returns what its function returns, with its arguments")
local failure = { "raised" }
local _, raised = pcall(compiled.during, error, failure)
is(raised, failure, "and raises what it raises")

if not jit.status() then
  is((compiled.during(loop "joff")), 45150, "during changes nothing where the JIT is off")
  ok(not jit.status(), "not even for a while")
  support.done()
  return
end

-- ---- off and during

local control = loadstring(text, "=control")()
ok(of(traces(control), "control"), "a loop is compiled unless it is switched off")

local f = loop "user"
collectgarbage()
collectgarbage()
ok(not of(traces(f), "user"), "a chunk that is off is not compiled, nor a function in it")
local begun, ran, total, argument = traces(compiled.during, f, "x")
ok(ran and total == 45150 and argument == "x", "during gives what the function gives")
ok(of(begun, "user"), "inside during it is compiled, although its chunk is gone")
ok(not of(traces(f), "user"), "and not any more behind it")

_, ran, raised = traces(compiled.during, f, "raise")
ok(not ran and raised[1] == "raised", "an error comes out of during")
ok(not of(traces(f), "user"), "and what was on is off behind it")

begun = traces(compiled.during, function()
  compiled.during(f)
  pcall(compiled.during, f, "raise")
  jit.flush() -- so that it has to be compiled again
  f()
end)
is(begun["user:3"], 2, "after an inner during, failed or not, all stays on")
ok(not of(traces(f), "user"), "until the outer one ends")

-- A loop of the library that calls what is off is given up; inside during it is tried again.
compiled.loaders(true)
package.loaded["engram.hits"] = nil
local hits = require "engram.hits"
compiled.loaders(false)
local list = {}
for i = 1, 300 do list[i] = { i, 1 / i } end
local run = hits(list)
local keep = compiled.off(loadstring "return function(id, score) return score > 0 end")()
for _ = 1, 100 do run:filter(keep) end
local function loop_of_hits()
  local found
  local function note(what, trace, func)
    if what == "stop" and jutil.traceinfo(trace).linktype == "loop"
      and jutil.funcinfo(func).source:find("hits.lua", 1, true) then
      found = trace
    end
  end
  jit.attach(note, "trace")
  for _ = 1, 100 do run:filter(keep) end
  jit.attach(note)
  return found
end
is(loop_of_hits(), nil, "a loop of ours is not compiled with a function in it that is off")
local trace = compiled.during(loop_of_hits)
local left = trace and jutil.traceinfo(trace)
ok(trace, "it is inside during, although it was given up before")
is(left, nil, "and is gone behind it, with what it contains")

local never = compiled.never(loop "never")
ok(not of(traces(compiled.during, never), "never:8"), "what is never compiled is not in during")

-- ---- loaders

local path = support.write(support.path "loaded_here.lua",
  "local n = 0\nfor i = 1, 300 do n = n + i end\nreturn { n = n }\n")
local file = "loaded_here.lua"
local folder = path:sub(1, -#file - 1)
package.path = folder .. "?.lua;" .. package.path
local source = support.read(path)
local pieces = { source:sub(1, 10), source:sub(11) }
local function piecewise()
  return table.remove(pieces, 1)
end
local ways = {
  { "dofile", function() return dofile(path) end },
  { "loadfile", function() return loadfile(path)() end },
  { "require", function()
    package.loaded.loaded_here = nil
    return require "loaded_here"
  end },
  { "loadstring", function() return loadstring(source, "=" .. file)() end },
  { "load", function()
    pieces = { source:sub(1, 10), source:sub(11) }
    return load(piecewise, "=" .. file)()
  end },
}
local originals = { load, loadstring, loadfile, dofile, unpack(package.loaders) }
for _, way in ipairs(ways) do
  local name, get = unpack(way)
  compiled.loaders(true)
  local off, loads, result = traces(get)
  local during = traces(compiled.during, get)
  compiled.loaders(false)
  local on = traces(get)
  ok(loads and result.n == 45150 and not of(off, file), name .. " loads what is not compiled")
  ok(of(during, file), "but inside during")
  ok(of(on, file), "as it does when the loaders are as they were")
end
compiled.loaders(true)
local loaded, message = loadfile "/nonexistent.lua"
ok(loaded == nil and message:find("/nonexistent.lua", 1, true), "what cannot be loaded is nil")
tap.throws(function() dofile "/nonexistent.lua" end, "cannot open /nonexistent.lua",
  "and raised by dofile")
tap.throws(function() require "no.such.module" end, "module 'no.such.module' not found:",
  "and by require")
is(select(2, loadstring "x = ="), "[string \"x = =\"]:1: unexpected symbol near '='",
  "and told by loadstring")
compiled.loaders(false)
local same = true
for i, original in ipairs { load, loadstring, loadfile, dofile, unpack(package.loaders) } do
  same = same and original == originals[i]
end
ok(same, "switched off, the loaders are the original ones")

support.done()
