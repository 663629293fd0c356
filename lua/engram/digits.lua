-- engram.digits: numbers with as many digits as they take to read back as the same bits. LuaJIT
-- writes and reads them by itself, alike on every machine.
local ffi = require "ffi"

local digits = {}
local rounded = ffi.new "float[1]"

local function is_float_of(text, x)
  rounded[0] = tonumber(text)
  return rounded[0] == x
end

-- digits.double(x) -> text, for files: 17 digits where those that a person typed do not do
function digits.double(x)
  local text = ("%.15g"):format(x)
  return tonumber(text) == x and text or ("%.17g"):format(x)
end

-- digits.float(x) -> the same of a float: 9 digits tell each from its neighbours, and 6 do for those
-- that a person typed
function digits.float(x)
  local text = ("%.6g"):format(x)
  return is_float_of(text, x) and text or ("%.9g"):format(x)
end

-- digits.of_float(x) -> a double of at most nine digits that reads back as the float x
function digits.of_float(x)
  return tonumber(("%.9g"):format(x))
end

-- digits.shown(x) -> a number for eyes, as precise as it is: all of a whole number; the digits of a
-- float if it is one; 14 otherwise, as print has them
function digits.shown(x)
  if x ~= x then return "nan" end
  if x % 1 == 0 and x >= -2 ^ 53 and x <= 2 ^ 53 then return ("%.0f"):format(x) end
  rounded[0] = x
  if rounded[0] ~= x then return ("%.14g"):format(x) end
  for _, format in ipairs { "%.6g", "%.7g", "%.8g" } do
    local text = format:format(x)
    if is_float_of(text, x) then return text end
  end
  return ("%.9g"):format(x)
end

return digits
