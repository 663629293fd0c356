-- What is left of a memory after some days: an exponential, and a power law that keeps a tail.
-- prints:
-- days              0      1      7     30    365
-- half-life 7 d 1.000  0.906  0.500  0.051  0.000
-- power law     1.000  0.871  0.660  0.503  0.307
local engram = require "engram"

local DAY = 86400
local days = { 0, 1, 7, 30, 365 }
local ages, ones = {}, engram.vec(#days):fill(1)
for i, day in ipairs(days) do ages[i] = day * DAY end

local function row(title, format, values)
  local cells = {}
  for i = 1, #values do cells[i] = format:format(values[i]) end
  print(("%-13s %s"):format(title, table.concat(cells, "  ")))
end

row("days", "%5d", days)
row("half-life 7 d", "%.3f", engram.decay(ones, ages, { half_life_s = 7 * DAY }))
row("power law", "%.3f", engram.decay(ones, ages, { unit_s = DAY, beta = 0.2 }))
