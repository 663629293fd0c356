-- engram.units: numbers with their units, as people read them.
local units = {}

-- The share of a step that is rounded to all of it, by the number of digits.
local full = { [3] = 0.9995, [4] = 0.99995 }

-- In the largest unit of which there is one, so many digits that count.
local function scaled(x, step, names, digits)
  local i = 1
  while x >= step * full[digits] and i < #names do
    x, i = x / step, i + 1
  end
  local whole = x >= 1000 and 4 or x >= 100 and 3 or x >= 10 and 2 or 1
  return ("%%.%df %%s"):format(math.max(digits - whole, 0)):format(x, names[i])
end

local times = { "ns", "us", "ms", "s" }

-- units.seconds(0.00123 [, 4]) -> "1.23 ms", or so many digits
function units.seconds(s, digits)
  return scaled(s * 1e9, 1000, times, digits or 3)
end

local sizes = { "KB", "MB", "GB", "TB" }

-- units.bytes(1234567) -> "1.18 MB", of 1024 KB
function units.bytes(n)
  if n < 0 then return "-" .. units.bytes(-n) end
  if n < 1000 then return ("%.0f B"):format(n) end
  return scaled(n / 1024, 1024, sizes, 3)
end

local thousands = { "", "k", "M", "G", "T" }

-- units.rate(1234567890, "B/s") -> "1.235 GB/s", of 1000 MB/s
function units.rate(x, unit)
  return scaled(x, 1000, thousands, 4) .. unit
end

-- units.short(12345) -> "12.3k"
function units.short(x)
  for _, suffix in ipairs { "", "k", "M", "G" } do
    if x < 999.5 then return ("%.3g%s"):format(x, suffix) end
    x = x / 1000
  end
  return ("%.3gT"):format(x)
end

-- units.clock(125) -> "2:05", minutes and seconds, or hours before them
function units.clock(seconds)
  local s = math.floor(seconds + 0.5)
  local minutes = math.floor(s / 60)
  if minutes < 60 then return ("%d:%02d"):format(minutes, s % 60) end
  return ("%d:%02d:%02d"):format(math.floor(minutes / 60), minutes % 60, s % 60)
end

-- units.count(1234567) -> "1,234,567"
function units.count(n)
  local digits = ("%.0f"):format(n)
  return (digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

-- units.counted(1, "trace") -> "1 trace"; units.counted(2000, "trace") -> "2,000 traces"
function units.counted(n, what)
  return ("%s %s%s"):format(units.count(n), what, n == 1 and "" or "s")
end

-- units.share(0.123) -> "12 %"
function units.share(x)
  return ("%.0f %%"):format(100 * x)
end

return units
