-- engram.progress: how far long work has come, on standard error: a bar on a terminal, lines where
-- ENGRAM_PROGRESS=plain asks for them, and nothing where neither is so.
local C = require "engram.ffi"
local check = require "engram.check"
local types = require "engram.types"
local terminal = require "engram.terminal"
local units = require "engram.units"
local width = require "engram.width"

local progress, methods = {}, {}
methods.__index = methods

local PATIENCE = 0.5 -- seconds of work that nobody is told about
local EVERY = { bar = 0.1, plain = 1 }
local WIDEST, NARROWEST = 40, 8 -- bars, in columns
local MOST_STEPS = 2 ^ 20

local function clock() return C.engram_clock() end

-- What is given where nothing is shown.
local nothing = { step = function() end, done = function() end }

-- The one that is shown: whoever begins while it is there stays silent. Weak, so that one that an
-- error left behind is in the way only until it is collected.
local open = setmetatable({}, { __mode = "v" })

local function way()
  local wish = os.getenv "ENGRAM_PROGRESS"
  if wish == "plain" or wish == "none" then return wish end
  return terminal.is(io.stderr) and "bar" or "none"
end

-- ---- what is said

local eighths = { [0] = "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

local function bar(share, columns)
  if not terminal.utf8() then
    local full = math.floor(share * columns)
    return "[" .. ("#"):rep(full) .. (" "):rep(columns - full) .. "]"
  end
  local n = math.floor(share * columns * 8)
  local full, part = math.floor(n / 8), eighths[n % 8]
  return "▕" .. ("█"):rep(full) .. part .. (" "):rep(columns - full - (part ~= "" and 1 or 0)) .. "▏"
end

-- Label, share, and a text with count, rate and time; the share nil where no total is known.
local function report(self, now, ended)
  local elapsed = now - self.start
  local rate, total, share = self.count / elapsed, self.total, nil
  local words = { units.short(self.count) }
  if total then
    share = total > 0 and math.min(self.count / total, 1) or 1
    words[1] = words[1] .. "/" .. units.short(total)
  end
  words[1] = words[1] .. self.unit
  words[2] = units.short(rate) .. "/s"
  if ended or not total then
    words[3] = units.clock(elapsed)
  elseif self.count > 0 then
    words[3] = units.clock(math.max(total - self.count, 0) / rate) .. " left"
  end
  local label = self.label
  if share then label = ("%s  %3d%%"):format(label, math.floor(share * 100)) end
  return label, share, table.concat(words, "  ")
end

local show = {}

function show.plain(self, now, ended)
  local label, _, text = report(self, now, ended)
  io.stderr:write(label, "  ", text, "\n")
end

-- Over the line that is there, without escape sequences, and never up to the last column, where
-- some terminals begin another line. A bar may become shorter than it was, never longer: else it
-- would be restless.
function show.bar(self, now, ended)
  local line = ""
  if not ended then
    local label, share, text = report(self, now)
    local columns = terminal.columns() - 1
    self.room = math.min(self.room, columns - width.of(label) - width.of(text) - 6)
    if share and self.room >= NARROWEST then label = label .. "  " .. bar(share, self.room) end
    line = width.cut(label .. "  " .. text, columns)
  end
  local n = width.of(line)
  io.stderr:write("\r", line, (" "):rep(self.drawn - n), ended and "\r" or "")
  self.drawn = n
end

-- ---- when

-- Looks at the clock, and then again after 2^k steps that take about 20 ms.
local function look(self)
  local now = clock()
  local since, steps = now - self.looked, self.steps
  if since < 0.01 then
    steps = math.min(steps * 2, MOST_STEPS)
  end
  while since > 0.04 and steps > 1 do
    since, steps = since / 2, steps / 2
  end
  self.looked, self.steps, self.left = now, steps, steps
  if now < self.due then return end
  show[self.way](self, now)
  self.due = now + EVERY[self.way]
end

-- p:step([count]): so much more is done, 1 unless said
function methods:step(count)
  self.count = self.count + (count or 1)
  self.left = self.left - 1
  if self.left <= 0 then look(self) end
end

-- p:done(): a bar is wiped away, lines get their last. Twice is harmless.
function methods:done()
  if open.one ~= self then return end
  open.one = nil
  local now = clock()
  local told = self.drawn > 0 or self.way == "plain" and now >= self.start + PATIENCE
  if told then show[self.way](self, now, true) end
  self.step = nothing.step
end

local known = { total = check.none, label = "working", unit = "" }

-- progress.new { total =, label =, unit = } -> progress
function progress.new(options)
  local fname = "progress.new"
  local o = check.options(options, known, fname)
  check.arg(o.total == nil or check.count(o.total), fname, "total", "a count", o.total)
  check.arg(type(o.label) == "string", fname, "label", "a string", o.label)
  check.arg(type(o.unit) == "string", fname, "unit", "a string", o.unit)
  local how = way()
  if how == "none" or open.one then return nothing end
  local now = clock()
  open.one = setmetatable({ total = o.total, label = o.label, unit = o.unit ~= "" and " " .. o.unit
    or "", way = how, count = 0, start = now, due = now + PATIENCE, drawn = 0, room = WIDEST,
    looked = now, steps = 1, left = 1 }, methods)
  return open.one
end

-- progress.clear(): ends what an error has left behind, before somebody is told about the error
function progress.clear()
  if open.one then open.one:done() end
end

local function ended(p, ran, ...)
  p:done()
  if not ran then error((...), 0) end
  return ...
end

-- progress.during(options, f, ...) -> what f(p, ...) returns; p is done then, also after an error
function progress.during(options, f, ...)
  local p = progress.new(options)
  return ended(p, pcall(f, p, ...))
end

types.register { name = "progress", metatable = methods, methods = methods }

return progress
