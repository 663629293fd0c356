-- engram.compiled: what is compiled and what is not. Compiled loops do not hear interrupts, so that
-- what the prompt runs is not compiled, while the library's own modules are.
local source = require "engram.source"
local prototypes_of = require("jit.util").funck

local compiled = {}

-- Functions and prototypes as keys. Closures hold their prototype, but nothing leads from one to
-- the other: all are written down when their chunk is loaded, and leave when the last closure does.
local weak = { __mode = "k" }
local theirs, ours, never = setmetatable({}, weak), setmetatable({}, weak), setmetatable({}, weak)

local function add(f, set)
  set[f] = true
  for i = -1, -math.huge, -1 do -- its constants that are objects
    local constant = prototypes_of(f, i)
    if constant == nil then return end
    if type(constant) == "proto" then add(constant, set) end
  end
end

local depth = 0 -- of calls of compiled.during

local function switch(turn, set)
  for f in pairs(set) do turn(f) end
end

-- compiled.off(chunk) -> chunk, compiled from now on inside compiled.during only, and so are the
-- functions in it
function compiled.off(chunk)
  add(chunk, theirs)
  if depth == 0 then jit.off(chunk, true) end
  return chunk
end

-- compiled.never(f) -> f, a function of ours that hears interrupts always. With jit.off alone it
-- would be switched on too.
function compiled.never(f)
  never[f] = true
  jit.off(f)
  return f
end

-- ---- what is loaded later

local function loaded(chunk, ...)
  local about = type(chunk) == "function" and debug.getinfo(chunk, "S")
  if not about or about.what == "C" then return chunk, ... end
  if source.is_ours(about.source) then add(chunk, ours) else compiled.off(chunk) end
  return chunk, ...
end

-- Where functions stand that load, and what they are without and with us.
local places = {}

local function place(t, key, replacement)
  local original = t[key]
  places[#places + 1] = { t = t, key = key, original = original,
    replacement = replacement or function(...) return loaded(original(...)) end }
end

place(_G, "load")
place(_G, "loadstring")
place(_G, "loadfile")
place(_G, "dofile", function(...)
  local chunk, message = loadfile(...)
  if not chunk then error(message, 0) end
  return chunk()
end)
for i in ipairs(package.loaders) do place(package.loaders, i) end

-- compiled.loaders(on): whether what load, loadstring, loadfile, dofile and require load from now
-- on is not compiled. Our own modules are.
function compiled.loaders(on)
  for _, p in ipairs(places) do p.t[p.key] = on and p.replacement or p.original end
end

-- ---- switching it on for a while

-- While their functions were off, loops of ours that call them could not be compiled either, and
-- may have been given up for good: they get another try.
local function switch_on()
  switch(jit.on, ours)
  switch(jit.on, theirs)
  switch(jit.off, never)
end

-- Traces of ours may contain what theirs do: all of them go.
local function switch_off()
  switch(jit.off, theirs)
  jit.flush()
  depth = 0
end

local function finish(ran, ...)
  if depth > 1 then
    depth = depth - 1
  else
    local done, interrupt = pcall(switch_off)
    if not done then
      switch_off()
      error(interrupt, 0)
    end
  end
  if not ran then error((...), 0) end
  return ...
end

-- compiled.during(f, ...) -> what f(...) returns; all that was switched off is on meanwhile. Where
-- nothing was, or the JIT is off, it is a plain call.
function compiled.during(f, ...)
  if not jit.status() or next(theirs) == nil then return f(...) end
  if depth == 0 then switch_on() end
  depth = depth + 1
  return finish(pcall(f, ...))
end

return compiled
