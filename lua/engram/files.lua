-- engram.files: files that are read whole, or written aside and renamed: what stood there stays
-- until all of the new one is.
local C = require "engram.ffi"
local check = require "engram.check"

local files = {}

-- files.failed(path, reason) -> nil, failure
function files.failed(path, reason)
  return nil, check.failure(C.ENGRAM_EIO, path, reason)
end

-- files.malformed(path, line, reason) -> nil, failure; line nil: the file as a whole
function files.malformed(path, line, reason)
  local place = line and ("%s:%d"):format(path, line) or path
  return nil, check.failure(C.ENGRAM_EFORMAT, path, ("%s: %s"):format(place, reason))
end

-- files.read(path) -> all of a file, or nil and a sentence that begins with the path. It is read to
-- its end: what /proc and /sys say of sizes is not true.
function files.read(path)
  local file, reason = io.open(path, "rb")
  if not file then return nil, reason end
  local text = file:read "*a"
  file:close()
  if not text then return nil, path .. ": cannot be read" end
  return text
end

-- files.make(path, f) -> true, or nil and a failure. f(aside) writes a file of that name, and
-- returns true, or false and why not.
function files.make(path, f)
  local aside = path .. ".part"
  local ran, good, reason = pcall(f, aside)
  if ran and good then good, reason = os.rename(aside, path) end
  if ran and good then return true end
  os.remove(aside)
  if not ran then error(good, 0) end
  reason = tostring(reason)
  return files.failed(path, reason:sub(1, #path) == path and reason or path .. ": " .. reason)
end

-- files.write(path, pieces) -> true, or nil and a failure. pieces() gives a piece of text a call,
-- and nil in the end.
function files.write(path, pieces)
  return files.make(path, function(aside)
    local file, reason = io.open(aside, "wb")
    if not file then return false, reason end
    local good = true
    for piece in pieces do
      good, reason = file:write(piece)
      if not good then break end
    end
    local closed, why = file:close()
    return good and closed, reason or why
  end)
end

return files
