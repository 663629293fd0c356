-- readme.lua: the README's script prints what the README says.
local tap = require "engram.tap"

local file = assert(io.open((os.getenv "srcdir" or ".") .. "/README.md"))
local text = file:read "*a"
file:close()

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
tap.done()
