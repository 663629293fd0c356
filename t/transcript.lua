-- transcript.lua: sessions of the prompt in pages: typed again, and held against what the page says.
-- SPDX-License-Identifier: MIT
--
-- A session stands in blocks that begin with ```text and a line behind "> ". Lines behind "> " and
-- ">> " are typed, those below are the answer; "..." at the end of one stands for any rest of the
-- line, alone on a line for any lines.
local transcript = {}

-- What opens a block, and the block.
local BLOCKS = "(```text\n)(> .-\n)```"

-- A block as a list of { typed = lines, said = lines }.
local function statements(block)
  local list = {}
  for line in block:gmatch "(.-)\n" do
    local mark, text = line:match "^(>>?) (.*)$"
    if mark == ">" then list[#list + 1] = { typed = {}, said = {} } end
    local lines = list[#list][mark and "typed" or "said"]
    lines[#lines + 1] = text or line
  end
  return list
end

-- transcript.blocks(page) -> the page's blocks, each a list of statements
function transcript.blocks(page)
  local blocks = {}
  for _, block in page:gmatch(BLOCKS) do blocks[#blocks + 1] = statements(block) end
  return blocks
end

-- An answer ends where a statement that is typed behind it has printed this.
local MARK = "\1"

-- transcript.input(blocks) -> what is typed
function transcript.input(blocks)
  local lines = {}
  for _, block in ipairs(blocks) do
    for _, statement in ipairs(block) do
      for _, line in ipairs(statement.typed) do lines[#lines + 1] = line end
      lines[#lines + 1] = "print '\\1'"
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- transcript.answers(output, blocks): gives each statement its answer, a list of lines, from what
-- `engram -i` wrote; of the last that is not there, and of those behind it, none
function transcript.answers(output, blocks)
  local at = (output:find("\n", 1, true) or #output) + 1 -- behind the version
  for _, block in ipairs(blocks) do
    for _, statement in ipairs(block) do
      local from = at + #"> " + #">> " * (#statement.typed - 1)
      local last, mark = output:find("> " .. MARK .. "\n", from, true)
      if not last then return end
      statement.answer = {}
      for line in output:sub(from, last - 1):gmatch "(.-)\n" do
        table.insert(statement.answer, line)
      end
      at = mark + 1
    end
  end
end

local function line_fits(said, line)
  local start = said:match "^(.*)%.%.%.$"
  if start then return line:sub(1, #start) == start end
  return said == line
end

-- Whether lines from the j-th on are what said from the i-th on says.
local function fits(said, lines, i, j)
  if not said[i] then return not lines[j] end
  if said[i] == "..." then
    for k = j, #lines + 1 do
      if fits(said, lines, i + 1, k) then return true end
    end
    return false
  end
  return lines[j] ~= nil and line_fits(said[i], lines[j]) and fits(said, lines, i + 1, j + 1)
end

-- transcript.fits(statement) -> whether its answer is what the page says
function transcript.fits(statement)
  return statement.answer ~= nil and fits(statement.said, statement.answer, 1, 1)
end

-- transcript.page(page, blocks) -> the page with the answers where they differ from what it says
function transcript.page(page, blocks)
  local n = 0
  return (page:gsub(BLOCKS, function(opening)
    n = n + 1
    local lines = {}
    for _, statement in ipairs(blocks[n]) do
      for i, line in ipairs(statement.typed) do
        lines[#lines + 1] = (i == 1 and "> " or ">> ") .. line
      end
      for _, line in ipairs(transcript.fits(statement) and statement.said or statement.answer) do
        lines[#lines + 1] = line
      end
    end
    return opening .. table.concat(lines, "\n") .. "\n```"
  end))
end

-- transcript.run(page, support [, options]) -> the page's blocks with their answers: one session of
-- the program with these options, in a new folder, on 80 columns that show UTF-8
function transcript.run(page, support, options)
  local blocks = transcript.blocks(page)
  local folder = support.lines "mktemp -d"[1]
  local input = support.write(folder .. "/typed", transcript.input(blocks))
  local program = support.lines("realpath " .. support.quote(support.program))[1]
  local pipe = io.popen(("mkdir %s/new && cd %s/new && LC_ALL=C.UTF-8 COLUMNS=80 %s %s -i <%s 2>&1")
    :format(folder, folder, support.quote(program), options or "", input))
  transcript.answers(pipe:read "*a", blocks)
  pipe:close()
  os.execute("rm -r " .. folder)
  return blocks
end

-- transcript.compare(blocks, tap, "what they are"): a test for each block
function transcript.compare(blocks, tap, name)
  for i, block in ipairs(blocks) do
    local all = true
    for _, statement in ipairs(block) do
      if not transcript.fits(statement) then
        all = false
        tap.note("> " .. table.concat(statement.typed, "\n>> "))
        tap.note("answered:\n" .. table.concat(statement.answer or { "nothing" }, "\n"))
      end
    end
    tap.ok(all, ("%s: what is typed in block %d answers what stands below it"):format(name, i))
  end
end

return transcript
