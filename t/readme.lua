-- readme.lua: the README's script prints what the README says, and its session at the prompt answers
-- it; with --print, the page with the answers as they are now.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local transcript = dofile(support.srcdir .. "/t/transcript.lua")

local text = support.read(support.srcdir .. "/README.md")
local blocks = transcript.run(text, support)
if arg[1] == "--print" then
  io.write(transcript.page(text, blocks))
  return
end

local script, expected = text:match "```lua\n(.-)```\n```text\n(.-)```"
tap.ok(script, "the README has a script and its output")

local printed = {}
local environment = setmetatable({
  print = function(...)
    local words = { ... }
    for i, word in ipairs(words) do words[i] = tostring(word) end
    printed[#printed + 1] = table.concat(words, "\t") .. "\n"
  end,
}, { __index = _G })
setfenv(assert(loadstring(script, "=README.md")), environment)()
tap.is(table.concat(printed), expected, "its output is the true one")

local _, lines = script:gsub("\n", "\n")
tap.ok(lines <= 12, "it is about ten lines long")

tap.is(#blocks, 1, "the README has a session at the prompt")
transcript.compare(blocks, tap, "the session")
support.done()
