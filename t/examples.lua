-- examples.lua: every example runs, and prints what its first comment says; so does the program in
-- src/README.md, with what stands below it.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

local folder = support.srcdir .. "/examples"
local count, checked = 0, 0

for _, file in ipairs(support.lines("ls " .. support.quote(folder))) do
  local reads = file == "wordnet.lua" or file == "agent.lua" -- these want a dictionary
  if file:find "%.lua$" and not reads then
    local text = support.read(folder .. "/" .. file)
    local comment = text:match "^%-%-[^\n]*\n" and text:match "^(.-)\n[^-]" .. "\n"
    local prints = comment:match "\n%-%- prints:\n(.*)$"
    local out, err, status = support.run(("%s %s"):format(support.quote(support.program),
      support.quote(folder .. "/" .. file)))
    if not ok(status == 0 and err == "", ("%s runs"):format(file)) then
      tap.note(("status %d\n%s"):format(status, err))
    end
    if prints then
      checked = checked + 1
      local said = prints:gsub("%-%- ?([^\n]*\n)", "%1")
      if not ok(out == said, ("%s prints what its first comment says"):format(file)) then
        tap.note("printed:\n" .. out .. "said:\n" .. said)
      end
    end
    is(math.max(60, select(2, text:gsub("\n", ""))), 60,
      ("%s has at most sixty lines"):format(file))
    ok(#comment > 20, ("%s begins with what it shows"):format(file))
    count = count + 1
  end
end
-- The hosts in C were built beside the tests.
for _, name in ipairs { "embed", "memory" } do
  local host = support.read(("%s/%s.c"):format(folder, name))
  local said = host:match "prints: ([^*]-) %*/" .. "\n"
  is((support.run(support.quote(("%s/examples/%s"):format(support.builddir, name)))), said,
    ("%s.c prints what its first comment says"):format(name))
  is(math.max(60, select(2, host:gsub("\n", ""))), 60, ("%s.c has at most sixty lines"):format(name))
end
-- So was the program in the page for C.
local said = support.read(support.srcdir .. "/src/README.md"):match "```c\n.-```\n```text\n(.-)```"
is((support.run(support.quote(support.builddir .. "/t/c/near"))), said,
  "the program in src/README.md prints what stands below it")

ok(count >= 6 and checked >= 4, "there are examples, and most say what they print")

support.done()
