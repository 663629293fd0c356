-- engram.complete: what the word before the cursor may become. Nothing of the user's is called for
-- it: paths are followed through tables as they are, and through objects of ours by what they told.
local ffi = require "ffi"
local help = require "engram.help"
local posix = require "engram.posix"
local statement = require "engram.statement"
local types = require "engram.types"
local words = require "engram.words"

local complete = {}

local MOST = 400 -- candidates

-- ---- where the cursor is

-- Whether it is in code, in a comment, or in a string that begins at `start`; the brackets that are
-- open, each with its place.
local function scan(text)
  local open, i = {}, 1
  while true do
    local at = text:find("[%-\"'%[%]{}()]", i)
    if not at then return "code", nil, open end
    local c, level = text:sub(at, at), text:match("^%[(=*)%[", at)
    i = at + 1
    if text:find("^%-%-", at) then
      level = text:match("^%-%-%[(=*)%[", at)
      local _, last = text:find(level and "]" .. level .. "]" or "\n", at, true)
      if not last then return "comment" end
      i = last + 1
    elseif level then
      local _, last = text:find("]" .. level .. "]", at, true)
      if not last then return "comment" end -- a long string: nothing is known of what is in it
      i = last + 1
    elseif c == '"' or c == "'" then
      repeat
        local stop = text:find("[\\\n" .. c .. "]", i)
        if not stop then return "string", at + 1, open end
        local escaped = text:sub(stop, stop) == "\\"
        i = stop + (escaped and 2 or 1)
      until not escaped
    elseif c:find "[%[{(]" then
      open[#open + 1] = { c, at }
    elseif c ~= "-" then
      open[#open] = nil
    end
  end
end

-- The names that lead to what a piece of code ends with: { "engram", "bank" } of "x = engram.bank";
-- nil if it is none that can be followed.
local function path_of(code)
  local path = {}
  while true do
    code = code:gsub("%s+$", "")
    local index = code:match "%[%s*(%d+)%s*%]$"
    local key = index and tonumber(index) or code:match "%[%s*\"([^\"\\]*)\"%s*%]$"
    if key then
      table.insert(path, 1, key)
      code = code:gsub("%[[^%[]*%]$", "")
    else
      local name = code:match "[%a_][%w_]*$"
      if not name or statement.words[name] then return nil end
      table.insert(path, 1, name)
      code = code:sub(1, -#name - 1):gsub("%s+$", "")
      if code:find "%d$" or code:find ":$" then return nil end
      if not code:find "%.$" or code:find "%.%.$" then return path end
      code = code:sub(1, -2)
    end
  end
end

-- ---- what is there

-- The table in which a value is looked up when it has not got a name itself.
local function next_table(value)
  local mt = debug.getmetatable(value)
  local index = type(mt) == "table" and rawget(mt, "__index")
  return type(index) == "table" and index or nil
end

-- One step of a path: the member of a table, or of what stands behind it.
local function member(value, key)
  if rawequal(value, package.loaded.engram) then return value[key] end -- which loads its parts
  for _ = 1, 10 do
    local found = type(value) == "table" and rawget(value, key)
    if found then return found end
    value = next_table(value)
    if value == nil then return nil end
  end
end

local function value_of(path)
  local value = rawget(_G, path[1])
  if value == nil then value = words.value(path[1]) end
  for i = 2, #path do
    if value == nil then return nil end
    value = member(value, path[i])
  end
  return value
end

-- ---- candidates

local list, prefix
local visited -- sections whose options were offered

local function offer(text, line)
  if type(text) ~= "string" or text:sub(1, #prefix) ~= prefix then return end
  if text:sub(1, 1) == "_" and prefix:sub(1, 1) ~= "_" then return end
  list[text] = list[text] or line or ""
end

local function is_callable(value)
  local mt = debug.getmetatable(value)
  return type(value) == "function" or type(mt) == "table" and rawget(mt, "__call") ~= nil
end

-- Members of a table and of those behind it. Of our modules those that the reference has.
local function offer_members(value, only_functions)
  local name = type(value) == "table" and help.name(value)
  if rawequal(value, package.loaded.engram) then
    name = "engram"
    for _, section in ipairs(help.sections()) do -- loaded or not
      local part = section.name and section.name:match "^engram%.([%w_]+)"
      if part then offer(part, help.summary("engram." .. part)) end
    end
  end
  for _ = 1, 10 do
    if type(value) == "table" then
      for key, x in next, value do
        local line = name and type(key) == "string" and help.summary(name .. "." .. key)
        local own = type(x) == "function" or type(x) == "table"
        local hidden = name and own and not line and not help.mentions(name .. "." .. key)
        if type(key) == "string" and key:find "^[%a_][%w_]*$" and not hidden
          and (not only_functions or is_callable(x)) then
          offer(key, line)
        end
      end
    end
    value = next_table(value)
    if value == nil then return end
  end
end

local function offer_of(value, separator)
  local kind = types.of(value)
  if kind and separator == ":" then
    for name in pairs(kind.methods) do offer(name, help.summary(kind.name .. ":" .. name)) end
  elseif kind then
    for name, line in pairs(kind.fields) do offer(name, line) end
  elseif type(value) ~= "cdata" and not (type(value) == "string" and separator == ".") then
    offer_members(value, separator == ":")
  end
end

-- A section that another one names, by its full name or as its neighbour.
local function text_of(name, neighbour)
  return help.find((neighbour:match "^.*[.:]" or "") .. name) or help.find(name)
end

-- The names in backticks in a section: what a table of options may have; then those of the sections
-- whose options it says it takes. Tables in the table are said to take "the options of" others.
local function offer_options(name, nested, from)
  local text = text_of(name, from)
  if not text or visited[text] then return end
  visited[text] = true
  text = text:gsub("```.-```", ""):gsub("^[^\n]*\n", "") .. help.shared(name)
  if nested then
    for other in text:gmatch "by%s+the%s+options%s+of%s+`([%w_.:]+)`" do
      offer_options(other, false, name)
    end
    for other in text:gmatch "as%s+in%s+`([%w_.:]+)`" do offer_options(other, false, name) end
    if next(list) then return end
  end
  local function each(key)
    if not statement.words[key] then offer(key .. " =") end
  end
  for key in text:gmatch "`([%a_][%w_]*)`" do each(key) end
  for code in text:gmatch "`([^`\n]*=[^`\n]*)`" do
    for key in (" " .. code):gmatch "[{,%s]([%a_][%w_]*)%s*=" do each(key) end
  end
  text = text:gsub("by%s+the%s+options", "")
  for _, way in ipairs { "of", "as%s+in", "are%s+those%s+of" } do
    for other in text:gmatch("options%s+" .. way .. "%s+`([%w_.:]+)`") do
      offer_options(other, false, name)
    end
  end
end

-- What is called where the code ends, by the name that the reference has for it.
local function called(code)
  local object, method = code:match "^(.-)%s*:%s*([%a_][%w_]*)%s*$"
  if object then
    local path = path_of(object)
    local kind = path and types.of(value_of(path))
    return kind and kind.name .. ":" .. method
  end
  local path = path_of(code)
  local value = path and value_of(path)
  return value ~= nil and help.name(value) or nil
end

-- Names of options, where a key of a table may stand that is an argument; whether there are any.
local function offer_keys(text, open)
  local last = open[#open]
  if not last or last[1] ~= "{" then return end
  if not text:sub(1, -#prefix - 1):find "[{,;]%s*$" then return end
  for i = #open, 1, -1 do
    local name = open[i][1] ~= "[" and called(text:sub(1, open[i][2] - 1))
    if name then
      offer_options(name, #open > (open[i][1] == "{" and i or i + 1), name)
      return next(list) ~= nil
    end
  end
end

local function offer_names(text, open)
  if offer_keys(text, open) and prefix == "" then return end
  for key in next, _G do
    if type(key) == "string" and key:find "^[%a_][%w_]*$" then offer(key) end
  end
  for _, word in ipairs(words.list()) do offer(word, help.summary(word)) end
  if prefix ~= "" then
    for word in pairs(statement.words) do offer(word) end
  end
end

-- ---- in strings

local GLOB_MARK = jit.os == "Linux" and 2 or 0 -- folders end in a slash
local Found = ffi.typeof "struct { size_t count; char **paths; char rest[240]; }"

local function offer_files()
  if prefix:find "%z" then return end
  local found = Found()
  local pattern = prefix:gsub("[*?%[\\]", "\\%0") .. "*"
  if posix.glob(pattern, GLOB_MARK, nil, found) ~= 0 then return end
  for i = 0, math.min(tonumber(found.count), MOST) - 1 do offer(ffi.string(found.paths[i])) end
  posix.globfree(found)
end

local strings = {}

function strings.require()
  for name in next, package.loaded do offer(name) end
  for name in next, package.preload do offer(name) end
  for part in pairs(require("engram").parts) do
    offer("engram." .. part, help.summary("engram." .. part))
  end
end

function strings.help()
  for _, section in ipairs(help.sections()) do
    local name = section.name or section.heading:lower()
    offer(name, help.summary(name))
    offer((name:gsub("^engram%.", "")), help.summary(name))
  end
end

function strings.set()
  for _, name in ipairs { "pretty", "json", "tsv", "lua" } do offer(name) end
end

local function offer_texts(before)
  local name = before:match "([%a_][%w_]*)%s*%(?%s*$"
  if strings[name] then strings[name]() else offer_files() end
end

-- ---- all of it

local function find(line)
  list, prefix, visited = {}, "", {}
  local where, start, open = scan(line)
  if where == "comment" then return #line + 1 end
  if where == "string" then
    prefix = line:sub(start)
    offer_texts(line:sub(1, start - 2))
    return start
  end
  prefix = line:match "[%a_][%w_]*$" or ""
  local before = line:sub(1, -#prefix - 1)
  if before:find "[%w_]$" then return #line + 1 end -- a number
  local separator = before:match "([.:])%s*$"
  if separator and not before:find "%.%.%s*$" and not before:find "::%s*$" then
    local path = path_of((before:gsub("[.:]%s*$", "")))
    local value = path and value_of(path)
    if value ~= nil then offer_of(value, separator) end
  else
    offer_names(line, open)
  end
  return #line + 1 - #prefix
end

-- complete.candidates(line) -> first, { { text =, help = }, ... }: line:sub(first) may become any of
-- the texts; help is one line about it, or nil. Never raises.
function complete.candidates(line)
  local found, first = pcall(find, line)
  if not found then return #line + 1, {} end
  local candidates = {}
  for text, about in pairs(list) do
    candidates[#candidates + 1] = { text = text, help = about ~= "" and about or nil }
  end
  table.sort(candidates, function(a, b) return a.text < b.text end)
  for i = #candidates, MOST + 1, -1 do candidates[i] = nil end
  return first, candidates
end

return complete
