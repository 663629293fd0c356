-- json.lua: what is written is always the same text, and reads back as what it was.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"
local tap = require "engram.tap"
local engram = require "engram"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local ok, is, refuses = tap.ok, tap.is, support.refuses
local json = engram.json

-- ---- writing

is(json.encode { b = 1, a = { 1, 2, { c = true, ["a b"] = "x" } } },
  '{"a":[1,2,{"a b":"x","c":true}],"b":1}', "keys stand in the order of their bytes, no blanks")
is(json.encode { ["é"] = 1, z = 2, ["Z"] = 3, [""] = 4 }, '{"":4,"Z":3,"z":2,"é":1}',
  "bytes, not what a language makes of them")
is(json.encode {}, "{}", "an empty table is an object")
is(json.encode(false), "false", "a boolean alone")
is(json.encode 'say "hi"\\\n\t\r\b\f\0\31\127 für', '"say \\"hi\\"\\\\\\n\\t\\r\\b\\f\\u0000\\u001f\127 für"',
  "control characters are escaped, the rest stands as it is")
is(json.encode { 1, -0.5, 1e15, 1e300, 0.1, 1 / 3, 2 ^ 53, -0 * 1 },
  "[1,-0.5,1e+15,1e+300,0.1,0.33333333333333331,9007199254740992,-0]",
  "numbers have the digits they need")
is(json.encode(engram.vec { 0.1, 1, -2.5, 1 / 3 }), "[0.1,1,-2.5,0.333333343]",
  "so have the floats of a vec")
is(json.encode(engram.vec(0)), "[]", "a vec of none is a list")

local nan = 0 / 0
refuses(function() json.encode(nan) end, "bad argument #1 to 'json.encode' (the number ",
  "NaN is refused")
refuses(function() json.encode { a = { 1, 1 / 0 } } end, '(the number inf at ["a"][2])',
  "an infinity is refused where it stands")
refuses(function() json.encode { v = engram.vec { 1, -1 / 0 } } end,
  '(the number -inf at ["v"][2])', "in a vec too")
refuses(function() json.encode { 1, nil, 3 } end,
  "(a table whose keys are neither 1 .. n nor all strings)", "a list with a gap is refused")
refuses(function() json.encode { 1, a = 2 } end, "neither 1 .. n nor all strings",
  "a list that is also an object is refused")
refuses(function() json.encode { print } end, "(a function at [1])", "a function is refused")
refuses(function() json.encode() end, "(a nil)", "nil is refused")
refuses(function() json.encode { ffi.new "int64_t" } end, "(a cdata at [1])",
  "a 64-bit number is refused")
local loop = {}
loop.loop = loop
refuses(function() json.encode(loop) end, "more than 1000 tables in each other",
  "what contains itself is refused")
refuses(function() json.encode(loop) end, ('at %s..)'):format(('["loop"]'):rep(8)),
  "with as much of the way there as can be read")
refuses(function() json.encode(io.stdout) end, "(a userdata)", "a file is refused")
is(json.encode { 1 }, "[1]", "and none of that stays behind")

-- ---- reading

refuses(function() json.decode(1) end,
  "bad argument #1 to 'json.decode' (a string expected, got number 1)", "decode wants a string")
local out = select(2, support.run("LUA_CPATH=none " .. support.quote(support.program)
  .. [[ -e 'require("engram").json.decode "1"']]))
ok(out:find("lua-cjson, which reads JSON, is not installed (Debian: lua-cjson)", 1, true),
  "without lua-cjson the message names the package")
out = support.run("LUA_CPATH=none " .. support.quote(support.program)
  .. [[ -e 'print(require("engram").json.encode { 1 })']])
is(out, "[1]\n", "and writing goes on")

if not pcall(require, "cjson") then
  tap.skip("reading", "lua-cjson is not installed")
  return support.done()
end

local function reads(text, name)
  local value, wrong = json.decode(text)
  ok(value ~= nil and json.encode(value) == text, name)
  if wrong then tap.note(wrong) end
end
reads('{"a":[1,2,{"b":null,"c":true}],"d":"\\"\\\\\\n\\u0000ü"}', "what is written reads back")
reads("null", "null is a value")
ok(json.decode("[null]")[1] == json.null, "which is json.null")
is(json.decode '"\\u00fc\\ud83d\\ude00"', "ü\240\159\152\128", "escapes become UTF-8")
is(json.decode " [ 1 , 2 ] "[2], 2, "blanks do not matter")

-- Numbers of random bits, but for NaNs: LuaJIT takes some of those for values of other types.
local rng, bad = engram.rng(7), 0
local bits = ffi.new "union { double x; uint32_t half[2]; }"
for _ = 1, 20000 do
  bits.half[0], bits.half[1] = rng:below(2 ^ 32 - 1), rng:below(2 ^ 32 - 1)
  local finite = bit.band(bits.half[1], 0x7ff00000) ~= 0x7ff00000
  if finite and json.decode(json.encode { bits.x })[1] ~= bits.x then bad = bad + 1 end
end
is(bad, 0, "20,000 doubles of any size read back as they were")
is(1 / json.decode(json.encode { -0 * 1 })[1], -1 / 0, "a zero keeps its sign")
local single = ffi.new "union { float x; uint32_t bits; }"
for _ = 1, 20000 do
  single.bits = rng:below(2 ^ 32 - 1)
  if bit.band(single.bits, 0x7f800000) ~= 0x7f800000 then
    local x = single.x
    single.x = json.decode(json.encode(engram.vec { x }))[1]
    if single.x ~= x then bad = bad + 1 end
  end
end
is(bad, 0, "20,000 floats read back as they were")

tap.throws(function() json.text({}, function() error("interrupted", 0) end) end, "interrupted",
  "what goes wrong for another reason is raised as it is")

for _, text in ipairs { "", "[1,]", "{'a':1}", "nan", "Infinity", "0x10", "01", "+1", "[1] 2", "[1",
  '"\\ud800"', "tru", ("["):rep(1001) } do
  local value, wrong = json.decode(text)
  ok(value == nil and type(wrong) == "string" and wrong:find "character %d" or wrong:find "nested",
    ("%s is refused"):format(#text > 20 and "deep nesting" or text))
end
local value, wrong = json.decode "[1] \0 x"
ok(value == nil and wrong == "invalid byte 0 at character 5", "what stands behind a zero byte too")
is(#json.encode(json.decode(("["):rep(1000) .. ("]"):rep(1000))), 2000, "a thousand deep is not deep")
local shared = require "cjson"
ok(pcall(shared.decode, "nan"), "the settings of other users of cjson stay theirs")

support.done()
