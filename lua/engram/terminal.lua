-- engram.terminal: whether there is one, how wide it is, what colours it is given.
local posix = require "engram.posix"

local terminal = {}

-- terminal.is(io.stdout) -> whether a file is a terminal
function terminal.is(file)
  return posix.isatty(posix.fileno(file)) == 1
end

-- terminal.columns() -> the width for what is printed: that of the terminal, 80 without one
function terminal.columns()
  local columns = tonumber(os.getenv "COLUMNS")
  return columns and columns >= 1 and columns or 80
end

-- terminal.utf8() -> whether the locale's characters are those of UTF-8
function terminal.utf8()
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local locale = os.getenv(name)
    if locale and locale ~= "" then return locale:lower():find "utf%-?8" ~= nil end
  end
  return false
end

-- terminal.coloured(io.stdout) -> whether a file is given colours: as --color says, and by default
-- on a terminal that is not dumb, unless NO_COLOR is set to something
function terminal.coloured(file)
  local wish = os.getenv "ENGRAM_COLOR"
  if wish == "always" or wish == "never" then return wish == "always" end
  local refused = os.getenv "NO_COLOR"
  return terminal.is(file) and os.getenv "TERM" ~= "dumb" and (refused == nil or refused == "")
end

-- Only what dark and light backgrounds both show: blue is hardly seen on black, yellow on white.
local codes = { bold = "1", dim = "2", red = "31", green = "32", magenta = "35", cyan = "36" }

-- terminal.paint(io.stdout, "bold", text) -> text, in that colour where the file is given colours
function terminal.paint(file, colour, text)
  if not terminal.coloured(file) then return text end
  return ("\27[%sm%s\27[0m"):format(codes[colour], text)
end

return terminal
