-- operations.lua: the commands and scripts of src/operations.md run, and print what it says.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is

local text = support.read(support.srcdir .. "/src/operations.md")
local path = "PATH=" .. support.quote(support.builddir .. "/src") .. ":$PATH; "
local commands, scripts = 0, 0

for block in text:gmatch "```sh\n(.-)```" do
  for line in block:gmatch "[^\n]+" do
    commands = commands + 1
    local out, err, status = support.run(path .. line)
    if not ok(status == 0 and #out + #err > 0 or line:find "ARENA_METRICS", line) then
      tap.note(("status %d\n%s%s"):format(status, out, err))
    end
  end
end
for block in text:gmatch "```lua\n(.-)```" do
  scripts = scripts + 1
  local expected = {}
  for said in block:gmatch "%-%-> ([^\n]*)" do expected[#expected + 1] = said .. "\n" end
  local name = support.write(support.path("script" .. scripts .. ".lua"), block)
  local out, err = support.run(path .. "engram " .. support.quote(name))
  is(out .. err, table.concat(expected), "script " .. scripts .. " prints what the page says")
end
ok(commands >= 5 and scripts >= 5, "the page has commands and scripts")

-- Every metric that it names is one, and the other way round.
local engram = require "engram"
engram.kernels.timing(1)
engram.vec(8):softmax(1)
engram.kernels.timing(0)
require("engram.ffi").engram_normalise_f32(nil, 1, 1, 9, nil, nil)
engram.health()
local unnamed = {}
local page = text:gsub("`, `_", "`, `engram_kernel_arena_")
for name in engram.metrics():gmatch "# TYPE (%S+)" do
  if not page:find(name, 1, true) then unnamed[#unnamed + 1] = name end
end
is(table.concat(unnamed, " "), "", "it names every metric")
local there, unknown = engram.metrics(), {}
for name in page:gmatch "`(engram_[%w_]+)[{`]" do
  local called = name:gsub("_avx512$", "")
  local is_function = pcall(function() return require("engram.ffi")[called] end)
  if not there:find(name, 1, true) and not is_function then unknown[#unknown + 1] = name end
end
is(table.concat(unknown, " "), "", "and none that is not there")

support.done()
