-- reference.lua: the examples of lua/README.md run, and print what stands behind --> there.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")

-- Examples may write files: in a folder of this test's own. What they print is for a terminal of 80
-- columns that shows UTF-8.
local text = support.read(support.srcdir .. "/lua/README.md")
ffi.cdef "int chdir(const char *); int setenv(const char *, const char *, int);"
ffi.C.setenv("LC_ALL", "C.UTF-8", 1)
ffi.C.setenv("COLUMNS", "80", 1)
support.srcdir = support.lines("cd " .. support.quote(support.srcdir) .. " && pwd")[1]
assert(ffi.C.chdir((support.path "x":gsub("/x$", ""))) == 0)

-- What a script prints, one line a call, or nil and what went wrong. It has an engram.tap of its
-- own, whose tests are not counted here.
local engram, ours, say = require "engram", package.loaded["engram.tap"], print

local function printed_by(script, name)
  local chunk, message = loadstring(script, "=" .. name)
  if not chunk then return nil, message end
  local lines = {}
  function _G.print(...)
    local words = { ... }
    for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
    for line in (table.concat(words, "\t") .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  end
  package.loaded["engram.tap"], engram.tap = nil, nil
  local ran, failure = pcall(setfenv(chunk, setmetatable({ engram = engram }, { __index = _G })))
  package.loaded["engram.tap"], engram.tap, _G.print = ours, nil, say
  if not ran then return nil, tostring(failure) end
  return table.concat(lines, "\n")
end

-- Whether a script calls what its heading is about: a function under its full name, a method behind
-- a colon or, handed to pcall, a dot.
local function shows(script, name)
  local method = name:match ":(.*)"
  return script:find(method and "[:.]" .. method .. "%f[^%w_]"
    or name:gsub("%.", "%%.") .. "%f[^%w_.]") ~= nil
end

local without = {} -- sections of functions whose examples do not show them

-- One section at a time, so that a failure names it.
local sections = {}
for line in (text .. "\n"):gmatch "(.-)\n" do
  local name = line:match "^##+ (.*)"
  if name or #sections == 0 then
    sections[#sections + 1] = { name = name or "the beginning", "" }
  end
  local section = sections[#sections]
  section[1] = section[1] .. line .. "\n"
end
for _, section in ipairs(sections) do
  local name, shown = section[1]:match "^### ([%w_.:]+)", false
  for script in section[1]:gmatch "```lua\n(.-)```" do
    local expected = {}
    for said in script:gmatch "%-%-> ?([^\n]*)" do expected[#expected + 1] = said end
    shown = shown or name and expected[1] and shows(script, name)
    local printed, failure = printed_by(script, section.name)
    if failure and failure:find("lua-cjson", 1, true) then
      tap.skip("the example of " .. section.name, "lua-cjson is not installed")
    elseif not tap.ok(printed == table.concat(expected, "\n"),
      "the example of " .. section.name) then
      tap.note(printed and "printed:\n" .. printed or failure)
    end
  end
  if name and not shown then without[#without + 1] = name end
end
tap.is(table.concat(without, " "), "", "every section has an example of what it is about")

support.done()
