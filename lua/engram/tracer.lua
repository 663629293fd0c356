-- engram.tracer: what LuaJIT's compiler tells about the traces that it makes or gives up.
local compiled = require "engram.compiled"
local jutil = require "jit.util"
local vmdef = require "jit.vmdef"

local tracer = {}

-- The name of a function that is not in Lua, and nil of one that is.
local function name_of(func)
  local info = jutil.funcinfo(func)
  if info.source then return nil end
  return info.ffid and vmdef.ffnames[info.ffid] or "a C function"
end

-- The sentence of an aborted trace, and what it is about: an instruction or a function.
local function reason_of(code, about)
  local reason = vmdef.traceerr[code] or tostring(code)
  if type(about) == "function" then
    about = name_of(about) or tostring(about)
  elseif reason:find("bytecode", 1, true) and type(about) == "number" then
    about = vmdef.bcnames:sub(about * 6 + 1, about * 6 + 6):match "%w+"
  end
  return reason:gsub(":? %%[ds]", ""), about
end

local function operation(func, pc)
  local instruction = jutil.funcbc(func, pc)
  return instruction and vmdef.bcnames:sub(instruction % 256 * 6 + 1, instruction % 256 * 6 + 6)
    :match "%w+"
end

-- tracer.instructions(func, line): for name, a, b, c, d in ..: those of a line
function tracer.instructions(func, line)
  local pc = 0
  return function()
    while true do
      pc = pc + 1
      local word = jutil.funcbc(func, pc)
      if not word then return nil end
      if jutil.funcinfo(func, pc).currentline == line then
        return operation(func, pc), bit.band(bit.rshift(word, 8), 255), bit.rshift(word, 24),
          bit.band(bit.rshift(word, 16), 255), bit.rshift(word, 16)
      end
    end
  end
end

-- Loops and functions that are given up have instructions of their own.
local given_up = { IFORL = true, IITERL = true, ILOOP = true, IFUNCF = true, IFUNCV = true }

-- tracer.interpreted(func) -> whether a loop of a function, or itself, was given up or switched off
function tracer.interpreted(func)
  for pc = 0, math.huge do
    local name = operation(func, pc)
    if not name then return false end
    if given_up[name] then return true end
  end
end

-- tracer.run(f, ...) -> { attempts }, flushes: what was tried while f(...) ran, in order. An
-- attempt has the function and pc it began at, the root (itself, or the attempt whose exits it
-- goes back to), parent and exit if it began at an exit of another trace, and what became of it:
-- trace, link, kind and length, or reason and about. from and to are { source, line, func } of its
-- beginning and of where it ended.
function tracer.run(f, ...)
  local attempts, roots, flushes = {}, {}, 0
  local now, last_func, last_pc

  local function position(func, pc)
    local info = jutil.funcinfo(func, pc)
    if not info.source and last_func then info = jutil.funcinfo(last_func, last_pc) end
    return { source = info.source or "=[C]", line = info.currentline or 0, func = func }
  end

  local on = {}
  function on.start(trace, func, pc, parent, exit)
    now = { trace = trace, func = func, pc = pc, parent = parent, exit = exit }
    now.from = position(func, pc)
    now.root = parent and roots[parent] or now
    last_func, last_pc = func, pc
    attempts[#attempts + 1] = now
  end
  function on.record(_, func, pc)
    if pc >= 0 and not name_of(func) then last_func, last_pc = func, pc end
  end
  function on.stop(trace, func)
    local info = jutil.traceinfo(trace)
    now.done, now.link, now.kind, now.length = true, info.link, info.linktype, info.nins
    now.to = position(last_func, last_pc)
    now.callee = name_of(func)
    roots[trace] = now.root
  end
  function on.abort(_, func, pc, code, about)
    now.reason, now.about = reason_of(code, about)
    now.to = position(func, pc)
    now.last = operation(func, pc)
  end
  function on.flush() flushes = flushes + 1 end

  local function hear(what, ...)
    local heard = on[what]
    if heard and (now or what == "start" or what == "flush") then heard(...) end
  end
  local function hear_record(...) on.record(...) end
  compiled.never(hear)
  jit.attach(hear, "trace")
  jit.attach(compiled.never(hear_record), "record")
  local ran, failure = pcall(f, ...)
  jit.attach(hear)
  jit.attach(hear_record)
  if not ran then error(failure, 0) end

  for _, attempt in ipairs(attempts) do
    attempt.given_up = attempt.root == attempt
      and given_up[operation(attempt.func, attempt.pc)] or false
  end
  return attempts, flushes
end

-- tracer.leaves(attempt) -> whether it only came to the return to tracer.repeatedly, which is never
-- compiled
function tracer.leaves(attempt)
  return attempt.reason == "JIT compilation disabled for function"
    and attempt.last:find "^RET" ~= nil
end

local BUDGET = 0.3 -- seconds of the processor's time

-- tracer.repeatedly(f, ...) -> how often f(...) ran: until the compiler has seen enough. An
-- interrupt is heard in between.
tracer.repeatedly = compiled.never(function(f, ...)
  local begun, runs = os.clock(), 0
  repeat
    f(...)
    runs = runs + 1
  until os.clock() - begun > BUDGET
  return runs
end)

return tracer
