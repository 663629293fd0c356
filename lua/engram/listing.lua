-- engram.listing: what Tab does with what a word may become.
local width = require "engram.width"

local listing = {}

-- At most so many columns, on one line.
local function fit(text, columns)
  return width.clipped(width.line(text), columns)
end

-- In whole characters.
local function common_beginning(candidates)
  local common = candidates[1].text
  for _, candidate in ipairs(candidates) do
    while candidate.text:sub(1, #common) ~= common do common = common:sub(1, -2) end
  end
  while candidates[1].text:find("^[\128-\191]", #common + 1) do common = common:sub(1, -2) end
  return common
end

local function widest(candidates, columns)
  local most = 0
  for _, candidate in ipairs(candidates) do most = math.max(most, width.of(candidate.text)) end
  return math.min(most, columns)
end

-- One a line, with its help.
local function as_lines(candidates, columns)
  local lines, names = {}, widest(candidates, math.floor(columns / 2))
  for i, candidate in ipairs(candidates) do
    local name = fit(candidate.text, names)
    local help = candidate.help
    lines[i] = help and fit(width.left(name, names + 2) .. help, columns) or name
  end
  return lines
end

-- Paths without the folder that is typed already.
local function without_folder(word, candidates)
  local folder, list = word:match "^.*/" or "", {}
  for i, candidate in ipairs(candidates) do
    if candidate.text:sub(1, #folder) ~= folder then return candidates end
    list[i] = { text = candidate.text:sub(#folder + 1), help = candidate.help }
  end
  return list
end

local SENTENCE = 20 -- columns of help that are worth a line

-- Downwards, as many columns of them as there is room for; those that have none are counted.
local function as_columns(candidates, columns, rows)
  local names = widest(candidates, columns - 2) + 2
  local across = math.max(1, math.floor((columns + 1) / names))
  local down = math.ceil(#candidates / across)
  if down > rows then down = rows - 1 end
  local shown, lines = math.min(#candidates, across * down), {}
  for row = 1, down do
    local line = {}
    for i = row, shown, down do
      line[#line + 1] = width.left(fit(candidates[i].text, names - 2), names)
    end
    lines[row] = table.concat(line):gsub("%s+$", "")
  end
  if shown < #candidates then
    lines[down + 1] = ("... and %d more"):format(#candidates - shown)
  end
  return lines
end

local function has_help(candidates, columns)
  if widest(candidates, columns) + 2 + SENTENCE > columns then return false end
  for _, candidate in ipairs(candidates) do
    if candidate.help then return true end
  end
  return false
end

-- listing.answer(word, candidates, columns, rows) -> what the word becomes, what is shown below or
-- nil; nothing if there are no candidates. Candidates are { text =, help = }. Where there is help and
-- room for a line each it is shown, otherwise as many texts as the terminal holds.
function listing.answer(word, candidates, columns, rows)
  if #candidates == 0 then return nil end
  local common = common_beginning(candidates)
  if #candidates == 1 then return common end
  if common:sub(1, #word) ~= word then common = word end
  rows = math.max(2, rows - 2) -- the line itself, and one above it
  columns = math.max(4, columns - 1) -- terminals differ in what a full row does
  candidates = without_folder(word, candidates)
  local form = has_help(candidates, columns) and #candidates <= rows and as_lines or as_columns
  return common, table.concat(form(candidates, columns, rows), "\n")
end

return listing
