-- reference.lua: the examples of lua/README.md run, and print what stands behind --> there.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")

-- Examples may write files: in a folder of this test's own.
local text = support.read(support.srcdir .. "/lua/README.md")
ffi.cdef "int chdir(const char *);"
support.srcdir = support.lines("cd " .. support.quote(support.srcdir) .. " && pwd")[1]
assert(ffi.C.chdir((support.path "x":gsub("/x$", ""))) == 0)

-- What a script prints, one line a call.
local function printed_by(script, name)
  local lines = {}
  local environment = setmetatable({
    engram = require "engram",
    print = function(...)
      local words = { ... }
      for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
      for line in (table.concat(words, "\t") .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
    end,
  }, { __index = _G })
  local chunk, message = loadstring(script, "=" .. name)
  if not chunk then return nil, message end
  local ran, failure = pcall(setfenv(chunk, environment))
  if not ran then return nil, tostring(failure) end
  return table.concat(lines, "\n")
end

local count = 0

-- One section at a time, so that a failure names it.
local sections = {}
for line in (text .. "\n"):gmatch "(.-)\n" do
  local name = line:match "^##+ (.*)"
  if name or #sections == 0 then sections[#sections + 1] = { name = name or "the beginning", "" } end
  local section = sections[#sections]
  section[1] = section[1] .. line .. "\n"
end
for _, section in ipairs(sections) do
  for script in section[1]:gmatch "```lua\n(.-)```" do
    count = count + 1
    local expected = {}
    for said in script:gmatch "%-%->%s?([^\n]*)" do expected[#expected + 1] = said end
    local printed, failure = printed_by(script, section.name)
    if not tap.ok(printed == table.concat(expected, "\n"), "the example of " .. section.name) then
      tap.note(printed and "printed:\n" .. printed or failure)
    end
  end
end
tap.ok(count > 5, "there are examples")

support.done()
