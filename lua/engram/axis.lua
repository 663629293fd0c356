-- engram.axis: from numbers to places along a line, and the round numbers that are written at it.
local C = require "engram.ffi"

local axis, methods = {}, {}
methods.__index = methods

axis.most = 1.7976931348623157e308 -- the largest number

local SMALLEST, LARGEST = -307, 308 -- powers of ten that have all digits

-- 10^k, as the nearest number
local function power(k)
  return tonumber("1e" .. math.max(SMALLEST, math.min(LARGEST, k)))
end

-- The power of ten that a number begins with; that of 0 is the smallest.
local function exponent(x)
  return x == 0 and SMALLEST or tonumber(("%.17e"):format(x):match "e(.*)$")
end

-- axis.text(x [, digits]) -> a number with so many digits (4) at most, without zeros that say
-- nothing
function axis.text(x, digits)
  local text = ("%%.%dg"):format(digits or 4):format(x + 0):gsub("e%+?(%-?)0*", "e%1")
  if text == "-0" then return "0" end
  local size = math.abs(x)
  return text:find("e", 1, true) and size >= 1 and size < 1e6 and ("%.0f"):format(x) or text
end

-- ---- steps of 1, 2 or 5 times a power of ten

local Step = {}
Step.__index = Step

-- axis.step(low, high, most [, whole]) -> the step of which at most about so many lie between them;
-- a whole one is at least 1
function axis.step(low, high, most, whole)
  local raw = (high / 2 - low / 2) / most * 2
  local k = math.max(SMALLEST, exponent(raw))
  local times = 10
  for _, m in ipairs { 5, 2, 1 } do
    if m * power(k) >= raw * 0.999999 then times = m end
  end
  if times == 10 then times, k = 1, k + 1 end
  if k < 0 and whole then times, k = 1, 0 end
  if times * power(k) == math.huge or k > LARGEST then times, k = 1, LARGEST end
  return setmetatable({ times = times, k = k, size = times * power(k) }, Step)
end

-- step:before(x), step:behind(x) -> the number of the step at x or next to it
function Step:before(x) return math.floor(x / self.size + 1e-9) end
function Step:behind(x) return math.ceil(x / self.size - 1e-9) end

-- step:value(i) -> i steps, as the nearest number
function Step:value(i)
  return tonumber(("%.0fe%d"):format(i * self.times + 0, self.k))
end

-- step:texts({ numbers }) -> how they are written, all with as many digits as the step has
function Step:texts(values)
  local largest = 0
  for _, x in ipairs(values) do largest = math.max(largest, math.abs(x)) end
  local texts = {}
  for i, x in ipairs(values) do
    if x == 0 then
      texts[i] = "0"
    elseif largest < 1e6 and self.k >= -6 then
      texts[i] = ("%%.%df"):format(math.max(0, -self.k)):format(x)
    else
      local digits = math.max(0, exponent(x) - self.k)
      texts[i] = ("%%.%de"):format(digits):format(x):gsub("e%+?(%-?)0*(%d)", "e%1%2")
    end
  end
  return texts
end

-- ---- axes

-- Not so near each other that their difference is only rounding.
local function apart(low, high, log)
  if high / 2 - low / 2 > 1e-12 * math.max(math.abs(low), math.abs(high)) then return low, high end
  if log then return math.max(low / 2, 5e-324), math.min(high * 2, axis.most) end
  local room = low == 0 and 1 or math.abs(low) / 2
  return math.max(low - room, -axis.most), math.min(high + room, axis.most)
end

-- axis.new(low, high, { log = false, most = 5, wide = false, whole = false }) -> axis. wide: it
-- begins and ends with a tick; whole: all ticks are whole numbers.
function axis.new(low, high, o)
  local self = setmetatable({ log = o.log, most = o.most, whole = o.whole }, methods)
  self.low, self.high = apart(low, high, o.log)
  if o.wide and not o.log then
    local step = axis.step(self.low, self.high, o.most)
    local first, last = step:value(step:before(self.low)), step:value(step:behind(self.high))
    if first - first == 0 then self.low = math.min(self.low, first) end
    if last - last == 0 then self.high = math.max(self.high, last) end
    self.step = step
  end
  return self
end

-- a:share(x) -> how far along the axis, 0 .. 1 within it; nil where x has no place
function methods:share(x)
  if x - x ~= 0 or self.log and x <= 0 then return nil end
  local low, high = self.low / 2, self.high / 2 -- the whole may be beyond the range of a number
  local place = x / 2
  if self.log then
    low, high, place = C.engram_log(self.low), C.engram_log(self.high), C.engram_log(x)
  end
  local share = (place - low) / (high - low)
  return share == share and share or nil
end

local function linear_ticks(self, most)
  local step, values = self.step or axis.step(self.low, self.high, most, self.whole), {}
  local first = step:behind(self.low)
  for i = 0, step:before(self.high) - first do
    local value = step:value(first + i)
    if self:share(value) then values[#values + 1] = value end
  end
  return values, step:texts(values)
end

-- Those of 1, or of 1, 2 and 5 times each power of ten that are within.
local function powers(self, multiples)
  local values = {}
  for k = exponent(self.low), exponent(self.high) do
    for _, m in ipairs(multiples) do
      local value = m * power(k)
      local within = value >= self.low * (1 - 1e-9) and value / (1 + 1e-9) <= self.high
      if within and value <= axis.most then
        values[#values + 1] = value
      end
    end
  end
  return values
end

-- a:ticks([most]) -> { numbers }, { how they are written }
function methods:ticks(most)
  most = most or self.most
  if not self.log then return linear_ticks(self, most) end
  local values = powers(self, { 1 })
  if #values < 3 then values = powers(self, { 1, 2, 5 }) end
  if #values < 3 then return linear_ticks(self, most) end
  local every, kept, texts = math.ceil(#values / math.max(most, 2)), {}, {}
  for i = 1, #values, every do
    kept[#kept + 1] = values[i]
    texts[#kept] = axis.text(values[i])
  end
  return kept, texts
end

return axis
