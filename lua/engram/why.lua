-- engram.why: why a call is slow, in plain words: what the compiler gave up, and what the garbage
-- collector has to do, line by line, and what to change.
local ffi = require "ffi"
local compiled = require "engram.compiled"
local report = require "engram.report"
local source = require "engram.source"
local sampler = require "engram.sampler"
local terminal = require "engram.terminal"
local tracer = require "engram.tracer"
local units = require "engram.units"
local width = require "engram.width"

-- ---- what may be wrong: kinds, causes, remedies; %s is what the compiler's reason is about

local function cause(kind, why, remedy) return { kind = kind, cause = why, remedy = remedy } end

-- By the compiler's reason; those that are missing are part of its work.
local reasons = {
  ["NYI: bytecode"] = cause("bytecode",
    "the compiler has no code for the instruction %s, and the loop stays in the interpreter",
    "write it another way, or move it out of the loop"),
  ["NYI: unsupported variant of FastFunc"] = cause("library",
    "%s is called in a way that the compiler has no code for",
    "call it with other arguments, or outside of the loop"),
  ["NYI: unsupported C function type"] = cause("ffi",
    "a C function is called that takes or returns a struct by value, which is not compiled",
    "hand over a pointer to the struct instead, in a C function of your own if need be"),
  ["NYI: unsupported C type conversion"] = cause("ffi",
    "a C type is converted in a way that is not compiled",
    "use numbers, pointers and arrays of numbers inside the loop"),
  ["bad argument type"] = cause("ffi",
    "an argument has a type that the compiler has no code for, as tables that initialise structs",
    "make the object outside of the loop, with ffi.typeof, and set its fields one by one"),
  ["JIT compilation disabled for function"] = cause("off",
    "a function is called for which jit.off was said, and its caller stays in the interpreter too",
    "take the jit.off away, or call the function outside of the loop"),
  ["blacklisted"] = cause("given up",
    "what runs here was given up or switched off before, and what calls it is not compiled either",
    "mend this first: take jit.off away, and use no C function that calls back into Lua"),
  ["loop unroll limit reached"] = cause("branches",
    "an inner loop turns only a few times, a different number each time, and is unrolled in vain",
    "make the inner loop longer, or write its turns out"),
  ["call unroll limit reached"] = cause("branches",
    "a function calls itself too deep for the compiler",
    "write the recursion as a loop with a table for its stack"),
  ["persistent type instability"] = cause("branches",
    "a variable of the loop changes its type from turn to turn",
    "give it one type for the whole loop: 0 or false apart from nil, a number apart from a string"),
  ["guard would always fail"] = cause("branches",
    "a variable changes its type or value right behind the check for it",
    "give it one type for the whole loop"),
  ["inner loop in root trace"] = cause("branches",
    "an inner loop was entered while the outer one was recorded",
    "put the inner loop into a function of its own"),
  ["leaving loop in root trace"] = cause("branches",
    "the loop ends after so few turns that it is left while it is recorded",
    "write its turns out, or make one loop of it and the one around it"),
  ["looping index lookup"] = cause("bytecode", "a chain of __index leads back to itself",
    "end the chain"),
  ["store with nil or NaN key"] = cause("bytecode", "a table is indexed by nil or NaN",
    "check the key before"),
  ["NYI: mixed sparse/dense table"] = cause("bytecode",
    "a table constructor has both a list and names that begin anew",
    "fill the table field by field"),
  ["NYI: return to lower frame"] = cause("bytecode",
    "a function returns to code that was not recorded", "call it from a loop in Lua"),
}
for _, reason in ipairs { "trace too long", "trace too deep", "too many snapshots",
  "too many PHIs", "too many spill slots", "machine code too long" } do
  reasons[reason] = cause("branches",
    "one turn of the loop is more code than a trace can hold (" .. reason .. ")",
    "make functions of parts of it, or loops of what is written out")
end
for _, reason in ipairs { "failed to allocate mcode memory", "hit mcode limit (retrying)" } do
  reasons[reason] = cause("memory",
    "there is no room for more machine code, and all of it is thrown away",
    "raise the limits: -Omaxmcode=8192 -Osizemcode=512, or run less code")
end

-- By what stands behind "NYI: bytecode".
local bytecodes = {
  FNEW = cause("closure", "a function is created in the loop, which the compiler has no code for",
    "define the function outside of the loop and hand it as arguments what changes"),
  UCLO = cause("closure", "a local of the loop is kept by a function that is created in it",
    "define the function outside of the loop and hand it as arguments what changes"),
}

-- Library functions that are not compiled: the loop leaves its machine code and comes back.
local library = {
  ["os.clock"] = "use engram.clock(), which is compiled, or read the clock once around the loop",
  ["os.time"] = "read it once before the loop",
  ["string.format"] = "join with .., or gather the values and format them behind the loop",
  ["string.gsub"] = "do it before the loop; plain text is found by string.find(s, text, 1, true)",
  ["string.gmatch"] = "do it before the loop",
  ["string.match"] = "compare bytes with string.byte, or do it before the loop",
  ["string.find"] = "search plain text: string.find(s, text, 1, true) is compiled",
  ["coroutine.yield"] = "hand over many values at a time, or make a plain function of the producer",
  ["coroutine.resume"] = "resume for many values at a time, or call a plain function",
  ["coroutine.wrap_aux"] = "resume for many values at a time, or call a plain function",
  ["table.sort"] = "sort once behind the loop",
  ["table.insert"] = "append with t[#t + 1] = x; in the middle, think of another order",
  ["table.remove"] = "remove at the end only",
  ["unpack"] = "write the elements out: t[1], t[2], t[3]",
  ["next"] = "keep a list of the keys and go through it with a numeric for",
  ["pairs"] = "keep a list of the keys and go through it with a numeric for",
  ["ffi.meta.__tostring"] = "turn it into a number with tonumber first",
  ["print"] = "gather the lines and print them behind the loop",
  ["collectgarbage"] = "call it outside of the loop",
}

-- ---- samples: what the interpreter does with C data

local function is_c(value)
  return type(value) == "cdata" or rawequal(value, ffi.C)
end

-- The slots in which an instruction finds objects, by its name: A, B or C of its operands.
local function slots_of(name, a, b, c)
  if name:find "^T[GS]ET" then return b end
  if name:find "^CALL" then return a end
  if name:find "VV$" then return b, c end
  if name:find "VN$" or name:find "NV$" then return b end
end

-- Whether the line that runs works with C data. The slots may hold what was there before: it is
-- looked at more than once.
local function touches_c(thread, level, info)
  local function slot(n)
    if not n then return nil end
    return select(2, debug.getlocal(thread, level, n + 1))
  end
  for name, a, b, c, d in tracer.instructions(info.func, info.currentline) do
    local first, second = slots_of(name, a, b, c)
    if is_c(slot(first)) or is_c(slot(second)) then return true end
    if name == "UGET" and is_c(select(2, debug.getupvalue(info.func, d + 1))) then return true end
  end
  return false
end

local LOOKS = 5

local function looker()
  return compiled.never(function(thread, level, info, state, line)
    line.func = info.func
    line.looks = (line.looks or 0) + 1
    if state ~= "I" and state ~= "C" or line.looks > LOOKS then return end
    line.interpreted = line.interpreted or tracer.interpreted(info.func)
    line.c_data = line.c_data or touches_c(thread, level, info)
  end)
end

-- ---- findings

-- Findings are a list, and are found in it by what they say.
local function add(findings, what, at, about)
  local place = source.place(at.source, at.line)
  local told = what.kind == "given up" and findings[place .. "off"]
  if told or source.is_ours(at.source) then return end
  local key = place .. what.cause
  local finding = findings[key]
  if not finding then
    finding = { kind = what.kind, cause = what.cause:gsub("%%s", tostring(about)), line = place,
      remedy = what.remedy, count = 0, func = at.func,
      text = source.line(at.source, at.line) }
    findings[key], findings[#findings + 1] = finding, finding
    findings[place .. what.kind] = true
  end
  finding.count = finding.count + 1
end

-- Some reasons are overcome at another try, or elsewhere: they count where nothing was recorded in
-- the end, after as many tries as this.
local patient, TRIES = { branches = true, ["given up"] = true }, 4

local function recorded(attempts)
  local tries, done = {}, {}
  for _, a in ipairs(attempts) do
    a.start = ("%p:%d:%d"):format(a.func, a.pc, a.exit or -1)
    tries[a.start] = (tries[a.start] or 0) + 1
    done[a.start] = done[a.start] or a.done
  end
  return function(a) return done[a.start] or tries[a.start] < TRIES end
end

local function abort_of(attempt)
  if tracer.leaves(attempt) then return nil end
  local bytecode = attempt.reason == "NYI: bytecode" and bytecodes[attempt.about]
  return bytecode or reasons[attempt.reason]
end

local MANY = 8 -- side traces of one loop

local function from_traces(findings, attempts)
  local overcome, sides = recorded(attempts), {}
  for _, attempt in ipairs(attempts) do
    local what = abort_of(attempt)
    if what and not (patient[what.kind] and overcome(attempt)) then
      add(findings, what, attempt.to, attempt.about)
    end
    if attempt.kind == "stitch" then
      local name = attempt.callee or "a C function"
      add(findings, cause("library",
        "a call of %s is not compiled: the loop leaves its machine code for it and comes back",
        library[name] or "call it outside of the loop, or do in Lua what it does"),
        attempt.to, name)
    end
    if attempt.done and attempt.parent and attempt.exit >= 0 and attempt.kind ~= "interpreter" then
      sides[attempt.root] = (sides[attempt.root] or 0) + 1
    end
    if attempt.given_up and attempt.to then
      add(findings, cause("given up",
        "the compiler has given this loop or function up after many tries, for good",
        ("mend what stopped it on line %d"):format(attempt.to.line)), attempt.from)
    end
  end
  for root, count in pairs(sides) do
    if count >= MANY then
      for _ = 1, count do
        add(findings, cause("branches",
          "the loop takes so many ways, by its conditions or by types, that each gets a trace of "
            .. "its own",
          "choose by a table or by arithmetic instead of conditions, sort the data by kind, keep "
            .. "each variable to one type"), root.from)
      end
    end
  end
end

local SHARE = 0.05 -- of all samples: what is less is not worth a word

local function from_samples(findings, samples, attempts)
  local tried, closures, garbage = {}, {}, sampler.shares(samples)["collecting garbage"]
  for _, attempt in ipairs(attempts) do
    tried[attempt.func] = true
    if attempt.about == "FNEW" or attempt.about == "UCLO" then closures[attempt.func] = true end
  end
  local interpreted = {} -- and nothing else is known of them
  for place, line in pairs(samples.lines) do
    local at = { source = line.source, line = line.number, func = line.func }
    local slow = ((line.I or 0) + (line.C or 0)) / samples.total
    local told = findings[place .. "ffi"]
    if slow > SHARE and line.c_data and not told then
      add(findings, cause("ffi",
        "C data or C functions are used in the interpreter, which takes ten to a hundred times as "
          .. "long", tried[line.func] and "mend what keeps the loop from being compiled"
          or "have it compiled: take jit.off away, or put it into a loop or function that runs "
          .. "often"), at)
    elseif slow > SHARE and line.interpreted and not tried[line.func] then
      interpreted[#interpreted + 1] = at
    end
    if garbage > 2 * SHARE and (line.G or 0) / samples.total > SHARE and not closures[line.func]
      and not told then
      add(findings, cause("garbage",
        "objects are made here that the garbage collector has to find and free",
        "make them once before the loop and fill them again: tables, vectors by into =; 64-bit "
          .. "integers become numbers by tonumber(x), pieces of text go into a table"), at)
    end
  end
  local named = {}
  for _, finding in ipairs(findings) do named[finding.func], named[finding.line] = true, true end
  for _, at in ipairs(interpreted) do
    if not named[at.func] and not named[source.place(at.source, at.line)] then
      add(findings, cause("off",
        "this runs in the interpreter: jit.off was said for it, or it was given up before",
        "take jit.off away, or ask why() in a fresh process, which tells what it was given up for"),
        at)
    end
  end
end

-- ---- the report

local function in_order(a, b)
  if a.share ~= b.share then return a.share > b.share end
  if a.line ~= b.line then return a.line < b.line end
  return a.cause < b.cause
end

local function text(findings)
  local columns, f = terminal.columns(), findings
  if not f.jit then
    return width.wrapped("The JIT is off and all code runs in the interpreter: there is nothing to "
      .. "see. jit.on() switches it on, or leave -j off away.", columns)
  end
  local lines = {}
  for i, finding in ipairs(f) do
    local share = finding.share > 0 and (", %s of the time"):format(units.share(finding.share))
    lines[#lines + 1] = ("%d. %s%s"):format(i, finding.line, share or "")
    if finding.text then
      lines[#lines + 1] = "     " .. finding.text:sub(1, columns - 5)
    end
    for _, sentence in ipairs { finding.cause:gsub("^%l", string.upper) .. ".",
      ("Remedy: %s."):format(finding.remedy) } do
      lines[#lines + 1] = width.wrapped(sentence, columns, "   ")
    end
  end
  if #f == 0 then
    local idle = f.states.interpreted + f.states["in C"] > 0.5
    lines[1] = width.wrapped(idle and "Nothing stopped the compiler; no loop turned often enough, "
      .. "or the time goes into C functions." or "All is well: nothing stopped the compiler, and "
      .. "little garbage was made.", columns)
  end
  lines[#lines + 1] = width.wrapped(("%s; %s, %s given up; %s."):format(
    units.counted(f.runs, "run"), units.counted(f.traces, "trace"), units.count(f.aborts),
    sampler.list(f.states)), columns)
  return table.concat(lines, "\n")
end

-- What takes no time does not count, nor a loop that was given up but for all that is part of what
-- is compiled around it.
local function counts(finding, samples)
  local line, slow = samples.lines[finding.line], 0
  finding.share = line and line.total / samples.total or 0
  if samples.total < 20 then return true end
  if finding.kind ~= "given up" then return finding.share > 0.01 or finding.kind == "branches" end
  for _, other in pairs(samples.lines) do
    if other.func == finding.func then slow = slow + (other.I or 0) + (other.C or 0) end
  end
  return slow / samples.total > SHARE
end

local function examined(f, ...)
  if not jit.status() then return { jit = false } end
  local runs, attempts, flushes
  local samples = sampler.run(looker(), function(...)
    attempts, flushes = tracer.run(function(...) runs = tracer.repeatedly(f, ...) end, ...)
  end, ...)
  local findings = {}
  from_traces(findings, attempts)
  from_samples(findings, samples, attempts)
  local list = { jit = true, runs = runs, traces = 0, aborts = 0, flushes = flushes,
    states = sampler.shares(samples) }
  for _, attempt in ipairs(attempts) do
    if attempt.done then list.traces = list.traces + 1 end
    if attempt.reason and not tracer.leaves(attempt) then list.aborts = list.aborts + 1 end
  end
  for _, finding in ipairs(findings) do
    if counts(finding, samples) then list[#list + 1] = finding end
  end
  table.sort(list, in_order)
  if flushes > 0 then
    list[#list + 1] = { kind = "memory", line = "everywhere", count = flushes, share = 0,
      cause = ("all machine code was thrown away, %s: there was too much of it, or by jit.flush")
        :format(units.counted(flushes, "time")),
      remedy = "run less code at once, or raise the limits: -Omaxtrace=4000 -Omaxmcode=8192" }
  end
  return list
end

-- engram.why(f, ...): runs f(...) for a third of a second, at least once, and prints a list of {
-- line =, kind =, cause =, remedy =, count =, share = }
return report.word(function(f, ...)
  return report.new(compiled.during(examined, report.subject(f, "why"), ...), text)
end, "why(f, ...) runs f for a while and tells which lines are slow and what to change")
