-- tutorial.lua: examples/tutorial.md, typed at the prompt in one session, answers what it says; with
-- --print, the page with the answers as they are now.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local transcript = dofile(support.srcdir .. "/t/transcript.lua")
local ok = tap.ok

local page = support.read(support.srcdir .. "/examples/tutorial.md")
local blocks = transcript.run(page, support)
if arg[1] == "--print" then
  io.write(transcript.page(page, blocks))
  return
end
ok(#blocks >= 10, "there are ten steps or more")
transcript.compare(blocks, tap, "the tour")

-- Without the JIT there is nothing that the last step could explain.
blocks = transcript.run(page, support, "-joff")
table.remove(blocks)
transcript.compare(blocks, tap, "with -joff")

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
