-- engram.json: values as JSON text, always the same text for the same value, and back.
local check = require "engram.check"
local digits = require "engram.digits"
local vec = require "engram.vec"

local json = {}
local DEPTH = 1000 -- of tables in tables; what contains itself ends there

-- ---- writing

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
  ["\r"] = "\\r", ["\t"] = "\\t" }
for c = 0, 31 do
  local character = string.char(c)
  escapes[character] = escapes[character] or ("\\u%04x"):format(c)
end

local function quoted(s)
  return '"' .. s:gsub('[%z\1-\31"\\]', escapes) .. '"'
end

local function finite(x)
  return x - x == 0
end

-- The list so far, the keys that lead to what is being written, and what makes plain values of
-- others.
local pieces, keys, plain

local refusal = {} -- is raised, and holds what is wrong: an interrupt is another error

-- Ends the writing with what is wrong and where, as far as that can be read.
local function refuse(what)
  local place = {}
  for i = 1, math.min(#keys, 8) do
    local key = keys[i]
    place[i] = type(key) == "number" and ("[%d]"):format(key) or ("[%q]"):format(tostring(key))
  end
  if #keys > #place then place[#place + 1] = ".." end
  refusal.text = #place > 0 and what .. " at " .. table.concat(place) or what
  error(refusal)
end

local function put(text)
  pieces[#pieces + 1] = text
end

local function put_number(x, text_of)
  if finite(x) then return put(text_of(x)) end
  if not plain then refuse(("the number %s"):format(tostring(x))) end
  put "null"
end

local function put_floats(v)
  put "["
  for i = 0, v.n - 1 do
    if i > 0 then put "," end
    keys[#keys + 1] = i + 1
    put_number(v.data[i], digits.float)
    keys[#keys] = nil
  end
  put "]"
end

local put_value

local function put_list(list, n)
  put "["
  for i = 1, n do
    if i > 1 then put "," end
    put_value(i, list[i])
  end
  put "]"
end

local function put_object(t, names)
  table.sort(names) -- by bytes
  put "{"
  for i, name in ipairs(names) do
    if i > 1 then put "," end
    put(quoted(name))
    put ":"
    put_value(name, t[name])
  end
  put "}"
end

local function put_table(t, is_list)
  if is_list then return put_list(t, #t) end
  local count, names = 0, {}
  for key in pairs(t) do
    count = count + 1
    if type(key) == "string" then names[#names + 1] = key end
  end
  if #names == count then return put_object(t, names) end
  for i = 1, count do
    if t[i] == nil then refuse "a table whose keys are neither 1 .. n nor all strings" end
  end
  put_list(t, count)
end

local function put_any(value)
  local is_list
  if plain then value, is_list = plain(value) end
  local kind = type(value)
  if kind == "string" then
    put(quoted(value))
  elseif kind == "number" then
    put_number(value, digits.double)
  elseif kind == "boolean" then
    put(tostring(value))
  elseif kind == "table" then
    if #keys >= DEPTH then refuse(("more than %d tables in each other"):format(DEPTH)) end
    put_table(value, is_list)
  elseif kind == "nil" and plain then
    put "null"
  elseif vec.is(value) then
    put_floats(value)
  elseif kind == "userdata" and value == json.null then
    put "null"
  else
    refuse("a " .. kind)
  end
end

function put_value(key, value)
  keys[#keys + 1] = key
  put_any(value)
  keys[#keys] = nil
end

-- json.text(value [, plain]) -> text, or nil and what is wrong with the value. plain(value) gives what
-- is written in place of each, and whether it is a list though it be empty; where there is one, nil,
-- NaN and infinities are null.
function json.text(value, plain_of)
  pieces, keys, plain = {}, {}, plain_of
  local good, failure = pcall(put_any, value)
  local text = good and table.concat(pieces) or nil
  pieces, keys, plain = nil, nil, nil
  if good then return text end
  if failure ~= refusal then error(failure, 0) end
  return nil, refusal.text
end

-- json.encode(value) -> text
function json.encode(value)
  local text, wrong = json.text(value)
  if not text then check.raise("bad argument #1 to 'json.encode' (%s)", wrong) end
  return text
end

-- ---- reading

-- Reading is lua-cjson's (Mark Pulford; MIT): a parser of untrusted text is worth having from those
-- who have had it attacked for years. It is looked for when first needed, since all else works
-- without it. Writing is ours: cjson neither sorts keys nor writes doubles so that they read back.
local decoder

local function cjson()
  if not decoder then
    local found, library = pcall(require, "cjson")
    if not found then
      check.raise("lua-cjson, which reads JSON, is not installed (Debian: lua-cjson)")
    end
    decoder = library.new() -- with settings of its own
    decoder.decode_invalid_numbers(false)
    decoder.decode_max_depth(DEPTH)
  end
  return decoder
end

-- json.decode(text) -> value, or nil and what is wrong with the text. null is json.null.
function json.decode(text)
  check.arg(type(text) == "string", "json.decode", 1, "a string", text)
  local decode = cjson().decode
  local nul = text:find("\0", 1, true) -- cjson takes it for the end
  if nul then return nil, ("invalid byte 0 at character %d"):format(nul) end
  local good, value = pcall(decode, text)
  if not good then return nil, value end
  return value
end

return setmetatable(json, {
  __index = function(_, name) return name == "null" and cjson().null or nil end,
})
