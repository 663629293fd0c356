-- engram.help: sections of the reference, from the README that is installed beside these files: by
-- name, by value, and by what comes near a name.
local files = require "engram.files"
local terminal = require "engram.terminal"
local types = require "engram.types"
local width = require "engram.width"

local help = {}

-- ---- the reference

local function reference()
  local here = debug.getinfo(1, "S").source:match "^@(.*)help%.lua$"
  for _, path in ipairs { here .. "README.md", here .. "../README.md" } do
    local text = files.read(path)
    if text then return text end
  end
  error("engram.help: README.md is not beside " .. here, 0)
end

local list, by_name -- the sections, read once; those of names

-- help.sections() -> { { heading =, text =, name =, group = }, ... } in the order of the reference. A
-- group has no name, and the sections behind it are its own.
function help.sections()
  if list then return list end
  list, by_name = {}, {}
  local current, group
  for line in (reference() .. "\n"):gmatch "(.-)\n" do
    local level, heading = line:match "^(##+) (.*)"
    if heading then
      current = { heading = heading, text = line, group = group }
      if level == "##" then
        group, current.group = current, nil
      else -- what stands behind the name is arguments and results
        current.name = heading:match "[%w_.:]+"
        by_name[current.name] = by_name[current.name] or current
      end
      list[#list + 1] = current
    elseif current then
      current.text = current.text .. "\n" .. line
    end
  end
  return list
end

-- The section of a name, which may leave out engram; set and words like it are those of the prompt.
local function section_of(name)
  help.sections()
  return by_name[name] or by_name["engram." .. name] or by_name["engram.show." .. name]
end

-- help.find(topic) -> text, or nil: the section of a name, or the group of a heading
function help.find(topic)
  local section = section_of(topic)
  if section then return section.text end
  for _, group in ipairs(help.sections()) do
    if not group.name and group.heading:lower() == topic:lower() then return group.text end
  end
end

-- help.shared(name) -> what the group of a section says of the options of all in it, or ""
function help.shared(name)
  local section = section_of(name)
  local group = section and section.group
  return group and (group.text .. "\n\n"):match "\nOptions of all:.-\n\n" or ""
end

-- help.mentions(name) -> whether the reference has a full name anywhere
function help.mentions(name)
  for _, section in ipairs(help.sections()) do
    if section.text:find(name, 1, true) then return true end
  end
  return false
end

-- help.summary(name) -> the first sentence of its section, without backticks, or nil
function help.summary(name)
  local section = section_of(name)
  if not section then return nil end
  local paragraph = section.text:match "^[^\n]*\n+(.-)\n\n" or section.text:match "^[^\n]*\n+(.*)"
  if not paragraph or paragraph:find "^```" then return nil end
  local flat = paragraph:gsub("%s+", " "):gsub("`", "")
  return flat:match "^(.-%.) %u" or flat:match "^(.-)%s*$"
end

-- ---- for eyes

local function paint(colour, text) return terminal.paint(io.stdout, colour, text) end

local function room() return math.min(terminal.columns(), 100) end

-- What stands between backticks, in bold where that can be seen.
local function with_code(text)
  if not terminal.coloured(io.stdout) then return text end
  return (text:gsub("`([^`]+)`", function(code) return paint("bold", code) end))
end

-- A line of an example; what it prints moves below where both have no room.
local function code_line(line)
  line = "    " .. line:gsub("\t", "  ")
  local statement, result = line:match "^(.-%S)%s+(%-%-> .*)$"
  if not statement or width.of(line) <= room() then return line end
  return statement .. "\n    " .. result
end

local NARROW = 24 -- columns that a text needs

-- Rows of cells side by side, the last wrapped; where there is no room for it what belongs to each
-- first cell stands below it.
local function put_table(out, rows)
  local wides, indent = {}, 2
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do wides[i] = math.max(wides[i] or 0, width.of(cell)) end
  end
  for i = 1, #wides - 1 do indent = indent + wides[i] + 2 end
  local beside = indent + NARROW <= room()
  for _, row in ipairs(rows) do
    local first, rest = "  ", row[#row]
    for i = 1, #row - 1 do first = first .. width.left(row[i], wides[i]) .. "  " end
    if not beside then
      out[#out + 1] = "  " .. row[1]
      first, rest = "      ", table.concat(row, "; ", 2)
    end
    out[#out + 1] = first .. width.wrapped(rest, room(), (" "):rep(#first)):sub(#first + 1)
  end
end

-- A section as it is read: its heading in bold, paragraphs as wide as the terminal, examples
-- indented.
local function rendered(text)
  local out, paragraph, rows, code = {}, {}, {}, false
  local function flush()
    if #paragraph > 0 then
      out[#out + 1] = with_code(width.wrapped(table.concat(paragraph, " "), room()))
    end
    if #rows > 0 then put_table(out, rows) end
    paragraph, rows = {}, {}
  end
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local heading = not code and line:match "^##+ (.*)"
    if line:find "^```" then
      flush()
      code = not code
    elseif code then
      out[#out + 1] = code_line(line)
    elseif heading then
      out[#out + 1] = paint("bold", (heading:gsub("`", "")))
    elseif line:find "^|" then
      if #paragraph > 0 then flush() end
      local row = {}
      for cell in line:gsub("`", ""):gmatch "|%s*([^|]-)%s*%f[|]" do row[#row + 1] = cell end
      if not line:find "^| %-%-%-" and row[2] ~= "" then rows[#rows + 1] = row end
    elseif line == "" or line:find "^    " then
      flush()
      out[#out + 1] = line
    else
      if line:find "^%* " then flush() end
      paragraph[#paragraph + 1] = line
    end
  end
  flush()
  while out[#out] == "" do out[#out] = nil end
  return table.concat(out, "\n")
end

-- Names and a sentence of each, in a line.
local function listed(names, sentence)
  local wide, lines = 0, {}
  for _, name in ipairs(names) do wide = math.max(wide, #name) end
  wide = math.min(wide, math.floor(room() / 2))
  for i, name in ipairs(names) do
    local left = "  " .. name .. (" "):rep(wide - #name)
    local space = room() - width.of(left) - 2
    local summary = sentence(name) or ""
    lines[i] = space > 10 and left .. "  " .. paint("dim", width.clipped(summary, space)) or left
  end
  return table.concat(lines, "\n")
end

-- The names of a group's sections.
local function names_of(group)
  local names = {}
  for _, section in ipairs(help.sections()) do
    if section.group == group and section.name then names[#names + 1] = section.name end
  end
  return names
end

local function group_text(group)
  return rendered(group.text) .. "\n" .. listed(names_of(group), help.summary)
end

-- The names that begin with one: "vec:" its methods, "memory." its functions.
local function names_behind(prefix)
  local names = {}
  for _, section in ipairs(help.sections()) do
    local name = section.name or ""
    if name:sub(1, #prefix) == prefix or name:sub(1, #prefix + 7) == "engram." .. prefix then
      names[#names + 1] = name
    end
  end
  return names
end

-- help.members(prefix) -> what stands behind a prefix in the names that begin with it
function help.members(prefix)
  local members = names_behind(prefix)
  for i, name in ipairs(members) do members[i] = name:sub(#prefix + 1) end
  return members
end

-- All groups in a line each: what is in them, functions of a module and methods of an object as one.
local function overview()
  local ways = 'help "banks", help "vec:*", help "vec:dot", help(value), help "any word"; demo()'
  local out, wide = { paint("dim", width.wrapped(ways, room())) }, 0
  for _, group in ipairs(help.sections()) do
    if not group.name then wide = math.max(wide, #group.heading) end
  end
  for _, group in ipairs(help.sections()) do
    if not group.name then
      local names, seen = {}, {}
      for _, name in ipairs(names_of(group)) do
        local short = name:gsub("^engram%.", "")
        local behind = short:match "^%w+[:.]"
        short = behind and behind .. "*" or short
        if not seen[short] then names[#names + 1], seen[short] = short, true end
      end
      local indent = (" "):rep(wide + 2)
      local text = width.wrapped(table.concat(names, " "), room(), indent)
      out[#out + 1] = paint("bold", group.heading) .. text:sub(#group.heading + 1)
    end
  end
  return table.concat(out, "\n")
end

-- ---- what a topic comes near to

-- How many letters have to be put in, left out, changed or swapped to make b of a; more than `most`
-- are most + 1.
local function distance(a, b, most)
  if math.abs(#a - #b) > most then return most + 1 end
  local before, last = nil, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row, least = { [0] = i }, i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
      least = math.min(least, row[j])
    end
    if least > most then return most + 1 end
    before, last = last, row
  end
  return last[#b]
end

-- The names that `fits(name, its last part, section)` holds of, in the order of the reference.
local function matching(fits)
  local names = {}
  for _, section in ipairs(help.sections()) do
    local name = section.name
    if name and fits(name:lower(), name:lower():match "[^.:]*$", section) then
      names[#names + 1] = name
    end
  end
  return names
end

-- help.search(topic) -> names, how: those it is the last part of, or a part of, "name"; those whose
-- text has it, "text"; those it may be a misspelling of, "like"
function help.search(topic)
  local wanted = topic:lower()
  local names = matching(function(_, last) return last == wanted end)
  if #names == 0 then
    names = matching(function(name) return name:find(wanted, 1, true) end)
  end
  if #names > 0 then return names, "name" end
  local texts = #wanted < 3 and {} or matching(function(_, _, section)
    return section.text:lower():find(wanted, 1, true)
  end)
  if #texts > 0 then return texts, "text" end
  local least = #wanted < 4 and 1 or 2 -- letters that may be wrong; then the fewest there are
  local near = {}
  matching(function(name, last, section)
    local d = math.min(distance(last, wanted, least), distance(name, wanted, least),
      distance((name:gsub("^engram%.", "")), wanted, least))
    if d < least then near, least = {}, d end
    if d == least then near[#near + 1] = section.name end
  end)
  return near, "like"
end

-- help.topic(text) -> what is printed about it, whether there is anything
function help.topic(topic)
  local section = section_of(topic)
  if section then
    local others = {}
    for _, name in ipairs((help.search(topic))) do
      if name ~= section.name then others[#others + 1] = name end
    end
    local text = rendered(section.text)
    if #others == 0 or #others > 12 then return text, true end
    local also = width.wrapped("see also " .. table.concat(others, ", "), room())
    return ("%s\n\n%s"):format(text, paint("dim", also)), true
  end
  for _, group in ipairs(help.sections()) do
    if not group.name and group.heading:lower() == topic:lower() then
      return group_text(group), true
    end
  end
  local prefix = topic:match "^(%w+[:.])%*?$"
  local behind = prefix and names_behind(prefix) or {}
  if #behind > 0 then return listed(behind, help.summary), true end
  local names, how = help.search(topic)
  if how == "name" and #names == 1 then return rendered(section_of(names[1]).text), true end
  if #names == 0 then
    return ("no help for '%s'; help() lists what there is"):format(topic), false
  end
  if how == "like" then
    return ("no help for '%s'; did you mean\n%s"):format(topic, listed(names, help.summary)), false
  end
  local heading = how == "name" and ("'%s' is part of"):format(topic)
    or ("'%s' is told of in"):format(topic)
  return heading .. "\n" .. listed(names, help.summary), true
end

-- ---- values

-- help.name(value) -> the name by which the reference has a value of ours: a function or a module
function help.name(value)
  local found
  local function look(prefix, t, depth)
    for key, x in next, t do
      local name = prefix .. "." .. tostring(key)
      if rawequal(x, value) and (not found or by_name[name]) then found = name end
      if depth > 0 and type(x) == "table" and not types.of(x) then look(name, x, depth - 1) end
    end
  end
  help.sections()
  for part in pairs(require("engram").parts) do
    local module = package.loaded["engram." .. part]
    if rawequal(module, value) then return "engram." .. part end
    if type(module) == "table" then look("engram." .. part, module, 1) end
  end
  look("engram", require "engram", 0)
  for _, kind in ipairs(types.list()) do
    for name, method in pairs(kind.methods) do
      if rawequal(method, value) then return kind.name .. ":" .. name end
    end
  end
  return found
end

-- A kind of object: what it says of itself, what stands behind the colon and behind the dot.
local function kind_text(kind)
  local methods, fields = {}, {}
  for name in pairs(kind.methods) do methods[#methods + 1] = kind.name .. ":" .. name end
  for name in pairs(kind.fields) do fields[#fields + 1] = "." .. name end
  table.sort(methods)
  table.sort(fields)
  for _, name in ipairs(fields) do methods[#methods + 1] = name end
  local function sentence(name) return kind.fields[name:match "^%.(.*)"] or help.summary(name) end
  local out = { paint("bold", kind.name) }
  local section = section_of(kind.name)
  if section then out[2] = ("made by %s; help %q"):format(section.heading, section.name) end
  if #methods > 0 then out[#out + 1] = listed(methods, sentence) end
  return table.concat(out, "\n")
end

-- A module: its own section, or the group that its functions are in.
local function module_text(name)
  for _, section in ipairs(help.sections()) do
    if section.name and (section.name == name or section.name:sub(1, #name + 1) == name .. ".") then
      return group_text(section.group)
    end
  end
end

-- help.about(value) -> what is printed about it, whether there is anything
function help.about(value)
  if type(value) == "string" then return help.topic(value) end
  if rawequal(value, require "engram") then return overview(), true end
  local kind = types.of(value)
  if kind then return kind_text(kind), true end
  local name = (type(value) == "function" or type(value) == "table") and help.name(value)
  local text = name and (by_name[name] and help.topic(name) or module_text(name))
  if text then return text, true end
  return ("no help for this %s; help() lists what there is"):format(type(value)), false
end

-- help(), help "vec:dot", help(engram.memory.open), help(v): prints
return setmetatable(help, {
  __tostring = function() return "help \"topic\" prints a section, help() what there is" end,
  __call = function(_, ...)
    if select("#", ...) == 0 then
      print(overview())
    else
      print((help.about((...))))
    end
  end,
})
