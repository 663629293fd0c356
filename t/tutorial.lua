-- tutorial.lua: examples/tutorial.md, typed at the prompt in one session, answers what it says; with
-- --print, the page with the answers as they are now.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local transcript = dofile(support.srcdir .. "/t/transcript.lua")
local ok = tap.ok

local page = support.read(support.srcdir .. "/examples/tutorial.md")
local program = support.quote(support.lines("realpath " .. support.quote(support.program))[1])

if arg[1] == "--print" then
  io.write(transcript.page(page, transcript.run(page, program, support)))
  return
end

-- Whether all statements of a step answer what the page says.
local function compare(blocks, name)
  for i, block in ipairs(blocks) do
    local all = true
    for _, statement in ipairs(block) do
      if not transcript.fits(statement) then
        all = false
        tap.note("> " .. table.concat(statement.typed, "\n>> "))
        tap.note("answered:\n" .. table.concat(statement.answer or { "nothing" }, "\n"))
      end
    end
    ok(all, ("%s: what is typed in block %d answers what stands below it"):format(name, i))
  end
end

local blocks = transcript.run(page, program, support)
compare(blocks, "tutorial")
ok(#blocks >= 10, "there are ten steps or more")

-- Without the JIT there is nothing that the last step could explain.
blocks = transcript.run(page, program .. " -joff", support)
table.remove(blocks)
compare(blocks, "with -joff")

-- What must not fit does not.
local function fits(said, ...)
  return transcript.fits { said = said, answer = { ... } }
end
ok(fits({ "a", "b..." }, "a", "bc") and fits({ "...", "z" }, "x", "y", "z") and fits { "..." },
  "... stands for the rest of a line, and for lines")
ok(not fits({ "a" }, "b") and not fits({ "a" }, "a", "b") and not fits({ "a", "b" }, "a")
  and not fits({ "b..." }, "ab") and not fits({ "...", "z" }, "z", "y")
  and not transcript.fits { said = {} }, "and for nothing else")

support.done()
