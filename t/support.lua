-- support.lua: what several of the Lua tests need.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"

local support = { srcdir = os.getenv "srcdir" or ".", builddir = os.getenv "builddir" or "." }
support.program = support.builddir .. "/src/engram"

-- refuses(f, "part of the message", "what holds"): f raises an error that says so, and where f
-- stands.
function support.refuses(f, message, name)
  local ran, failure = pcall(f)
  local text = tostring(failure)
  local info = debug.getinfo(f, "S")
  local line = tonumber(text:match("^" .. info.short_src:gsub("%p", "%%%0") .. ":(%d+): "))
  local at_home = line and line >= info.linedefined and line <= info.lastlinedefined
  local right = not ran and text:find(message, 1, true) ~= nil and at_home
  tap.ok(right, name)
  if not right then
    tap.note(ran and "no error" or "got: " .. text)
    tap.note(("expected: %s:%d: ...%s"):format(info.short_src, info.linedefined, message))
  end
end

-- compiles(f, "what holds"): the loop in f, of a few hundred turns, becomes a looping trace.
-- Traces that begin elsewhere, in what it calls, are none of its business.
function support.compiles(f, name)
  if not jit.status() then
    f()
    return tap.skip(name, "the JIT is off")
  end
  local loops, aborts, begun = 0, {}, {}
  local function watch(event, trace, func, _, code, what)
    if event == "start" then begun[trace] = func end
    if begun[trace] ~= f then return end
    if event == "stop" and require("jit.util").traceinfo(trace).linktype == "loop" then
      loops = loops + 1
    end
    if event == "abort" then
      local known, vmdef = pcall(require, "jit.vmdef")
      local reason = known and vmdef.traceerr[code] or code
      -- Hot counters are hashed by address and may collide: a recording then begins a turn early,
      -- gives up at the loop it is in, and says nothing about what the loop does.
      if reason ~= "inner loop in root trace" then
        aborts[#aborts + 1] = ("%s (%s)"):format(reason, tostring(what))
      end
    end
  end
  jit.flush()
  jit.attach(watch, "trace")
  f()
  jit.attach(watch)
  if not tap.ok(loops > 0 and #aborts == 0, name) then
    tap.note(("%d looping traces; aborts: %s"):format(loops, table.concat(aborts, ", ")))
  end
end

-- near_all(vec or table, { numbers }, tolerance, "what holds")
function support.near_all(got, expected, tolerance, name)
  local same = #got == #expected
  for i = 1, #expected do same = same and math.abs(got[i] - expected[i]) <= tolerance end
  if tap.ok(same, name) then return end
  local shown = {}
  for i = 1, #got do shown[i] = ("%.9g"):format(got[i]) end
  tap.note(("got {%s}, expected {%s} within %g"):format(table.concat(shown, ", "),
    table.concat(expected, ", "),
    tolerance))
end

-- ids_are(hits, { ids }, "what holds")
function support.ids_are(run, expected, name)
  local ids = {}
  for i = 1, #run do ids[i] = run:id(i) end
  tap.is(table.concat(ids, " "), table.concat(expected, " "), name)
end

-- given_back(make, "what holds"): make() leaves something of about 64 MB behind; of twelve the
-- collector, asked each time, gives most back to the system.
function support.given_back(make, name)
  local function megabytes()
    return tonumber(support.read("/proc/self/statm"):match "^%d+") / 256
  end
  local known, before = pcall(megabytes)
  if not known then return tap.skip(name, "there is no /proc") end
  for _ = 1, 12 do
    make()
    collectgarbage()
  end
  local grown = megabytes() - before
  if not tap.ok(grown < 400, name) then tap.note(("%.0f MB more"):format(grown)) end
end

-- ---- files and processes

function support.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

function support.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

function support.lines(command)
  local list, pipe = {}, io.popen(command)
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local folder

-- path("name") -> a path in a folder of this test's own, which done() removes
function support.path(name)
  folder = folder or support.lines("mktemp -d")[1]
  return folder .. "/" .. name
end

-- run(command [, input]) -> what it wrote to standard output, to standard error, and its exit
-- status
function support.run(command, input)
  local base = support.path "run"
  support.write(base .. ".in", input or "")
  local status = support.lines(("{ %s\n} <%s.in >%s.out 2>%s.err; echo $?"):format(command, base,
    base, base))[1]
  return support.read(base .. ".out"), support.read(base .. ".err"), tonumber(status)
end

-- quote(word): as one word of a shell command
function support.quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- interrupt(arguments [, input]): the program is interrupted a little after it has printed a line
-- "ready"; what it printed besides, what it said, and its exit status, as from run.
function support.interrupt(arguments, input)
  local script = [[
    timeout --foreground 20 %s %s <%s >%s & program=$!
    until grep -q ready %s; do kill -0 $program || break; sleep 0.02; done
    sleep 0.1; kill -INT $program; wait $program; status=$?
    sed 's/^\(> \)*ready$//' %s; (exit $status)]]
  local from, to = support.write(support.path "from", input or ""),
    support.write(support.path "to", "")
  return support.run(script:format(support.quote(support.program), arguments, from, to, to, to))
end

function support.done()
  if folder then os.execute("rm -rf " .. support.quote(folder)) end
  tap.done()
end

return support
