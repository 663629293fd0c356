-- engram.source: where code stands. A source is what debug.getinfo tells: a file behind "@", a name
-- behind "=", or the text itself.
local source = {}

-- "@", and the folder of these files, which is named engram
local folder = debug.getinfo(1, "S").source:match "^(.*)source%.lua$"
local root = folder:sub(1, -2) .. ".lua"

-- source.is_ours(name) -> whether it is a file of the library
function source.is_ours(name)
  return name == root or name:sub(1, #folder) == folder
end

-- source.place(name, line) -> "file.lua:12"; files of ours without the folder they are in
function source.place(name, line)
  local short = name:match "^[@=](.*)" or ('[string "%s"]'):format(name:match "^[^\n]*")
  if source.is_ours(name) then short = name:sub(#folder - #"engram/" + 1) end
  return ("%s:%d"):format(short, line)
end

-- source.line("@file.lua", 12) -> that line without blanks around it, or nil
function source.line(name, number)
  local file = name:sub(1, 1) == "@" and io.open(name:sub(2))
  if not file then return nil end
  local found
  for line in file:lines() do
    number = number - 1
    if number == 0 then found = line:match "^%s*(.-)%s*$" end
    if number <= 0 then break end
  end
  file:close()
  return found ~= "" and found or nil
end

return source
