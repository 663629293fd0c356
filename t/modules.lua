-- modules.lua: what holds for every Lua file of the library, read from its bytecode.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is = tap.ok, tap.is
local quote = support.quote

local folder = support.srcdir .. "/lua"
local files, names = { "engram.lua" }, { "engram" }
for _, file in ipairs(support.lines("cd " .. quote(folder) .. " && ls engram/*.lua")) do
  files[#files + 1] = file
  names[#names + 1] = file:gsub("/", "."):gsub("%.lua$", "")
end

-- The bytecode of a file, all its functions, as a list of { name of the instruction, global or
-- field it names }.
local function instructions(path)
  local text = {} -- lines like: 0003    GGET     1   0      ; "math"
  local out = { write = function(_, ...) text[#text + 1] = table.concat { ... } end,
    flush = function() end,
    close = function() end }
  require("jit.bc").dump(assert(loadfile(path)), out, true)
  local list = {}
  for line in table.concat(text):gmatch "[^\n]+" do
    local op, rest = line:match "^%d+%s*=?>?%s*(%u[%u%d]*)(.*)$"
    if op then list[#list + 1] = { op, rest:match '; "(.*)"' } end
  end
  return list
end

local allowed = { abs = true, ceil = true, floor = true, huge = true, max = true, min = true,
  sqrt = true }

-- ---- what a file does

for _, file in ipairs(files) do
  local written, powers, foreign = {}, 0, {}
  local code = instructions(folder .. "/" .. file)
  for i, instruction in ipairs(code) do
    local op, name = instruction[1], instruction[2]
    if op == "GSET" then written[#written + 1] = name end
    if op == "POW" then powers = powers + 1 end
    if op == "GGET" and name == "math" then -- its field is taken at once, or who knows which
      local following = code[i + 1] or {}
      local field = following[1] == "TGETS" and following[2] or "?"
      if not allowed[field] then foreign[#foreign + 1] = field end
    end
  end
  is(table.concat(written, " "), "", file .. " writes no global")
  is(powers, 0, file .. " raises to no power, which C libraries do differently")
  is(table.concat(foreign, " "), "", file .. " uses of math only what is the same everywhere")
end

-- The reading above sees what it is meant to see.
local sample = support.write(support.path "sample.lua",
  "x = 1; local m = math; return function(a, b) return a ^ b, math.exp(a), m end")
local ops = {}
for _, instruction in ipairs(instructions(sample)) do ops[instruction[1]] = instruction[2]
  or true end
ok(ops.GSET == "x" and ops.POW and ops.GGET == "math" and ops.TGETS == "exp",
  "the reader of bytecode finds what is wrong")

-- ---- loading

local list = {}
for i, name in ipairs(names) do list[i] = quote(name) end
local out = support.run(("for m in %s; do %s -e \"require '$m'\" || echo $m; done"):format(table.concat(list, " "),
  quote(support.program)))
is(out, "", "every module loads alone")

local engram = require "engram"
local vec, old = engram.vec, engram.vec { 1, 2, 3 }
for _, name in ipairs(names) do package.loaded[name] = nil end
local again = require "engram"
ok(again ~= engram and again.vec ~= vec, "the library can be loaded again")
is(again.vec({ 1, 2, 3 }):dot(again.vec { 1, 2, 3 }), 14, "what is made after that works")
is(old:dot(vec { 1, 2, 3 }), 14, "and so does what was made before")
local loaded = true
for _, name in ipairs(names) do loaded = loaded and pcall(require, name) end
ok(loaded, "every module can be loaded again")
collectgarbage()

-- ---- installing

local installed = support.read(folder .. "/lua.am")
local missing = {}
for _, file in ipairs(files) do
  if not installed:find("lua/" .. file, 1, true) then missing[#missing + 1] = file end
end
is(table.concat(missing, " "), "", "every module is installed")

support.done()
