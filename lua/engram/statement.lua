-- engram.statement: what is typed, as a function; whether more has to follow.
local source = require "engram.source"

local statement = { words = {} }

-- The words of the language, which name nothing else.
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while]]):gmatch "%l+" do
  statement.words[word] = true
end

local function unfinished(message)
  return message:match "'<eof>'%s*$" ~= nil
end

-- statement.compile(text [, name]) -> chunk, or nil, message, whether the text may go on. An
-- expression, also one behind =, returns its values.
function statement.compile(text, name)
  name = name or "=stdin"
  local expression = text:match "^%s*=(.*)" or text
  local chunk, message = loadstring("return " .. expression, name)
  if chunk then -- as an argument it is no tail call, and errors in it find their line
    local argument = "return (function(...) return ... end)(" .. expression .. "\n)"
    return loadstring(argument, name) or chunk
  end
  if unfinished(message) then return nil, message, true end
  chunk, message = loadstring(text, name)
  return chunk, message, not chunk and unfinished(message)
end

-- statement.is_quiet(text): whether it ends with a semicolon, for which its values are not printed.
-- One in a comment is none: then even what is no Lua may stand in its place.
function statement.is_quiet(text)
  local before = text:match "^(.*);%s*$"
  return before ~= nil and not loadstring("return " .. before .. " )")
    and not loadstring(before .. " )")
end

-- ---- errors

local FRAMES = 4 -- from either end

local function frame_text(frame)
  local where = "in a function"
  if frame.name then where = ("in '%s'"):format(frame.name) end
  if frame.what == "main" then where = "in main chunk" end
  return ("  %s:%d: %s"):format(frame.short_src, frame.currentline, where)
end

-- The functions between what was typed and where it failed, without our own and those in C; and the
-- line of the chunk that was running.
local function trace(chunk)
  local frames, line = {}, nil
  for level = 3, math.huge do
    local frame = debug.getinfo(level, "Slnf")
    if not frame then break end
    if frame.func == chunk then
      line = frame.currentline
      break
    end
    if frame.currentline > 0 and not source.is_ours(frame.source) then
      frames[#frames + 1] = frame_text(frame)
    end
  end
  return frames, line
end

-- Of a long list the ends.
local function shortened(frames)
  local left_out = #frames - 2 * FRAMES
  if left_out < 2 then return frames end
  local short = {}
  for i = 1, FRAMES do short[i], short[FRAMES + 1 + i] = frames[i], frames[#frames - FRAMES + i] end
  short[FRAMES + 1] = ("  ... %d more ..."):format(left_out)
  return short
end

local function line_of(text, number)
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number - 1
    if number == 0 then return "    " .. line:match "^%s*(.-)%s*$" end
  end
end

-- LuaJIT tells the number of an object's type.
local function in_our_words(message)
  return (message:gsub("'struct %d+' has no member named ('[^']*')",
    "this object has no method or field %1; help(it) lists what it has"))
end

-- statement.explain(failure [, chunk, text]): for xpcall: the message, the line of what was typed,
-- and how it came there
function statement.explain(failure, chunk, text)
  local progress = package.loaded["engram.progress"]
  if progress then progress.clear() end
  local frames, line = trace(chunk)
  frames = shortened(frames)
  local message = type(failure) == "string" and in_our_words(failure)
    or require("engram.pretty").text(failure, 100, tostring)
  table.insert(frames, 1, message)
  if line and text then table.insert(frames, 2, line_of(text, line)) end
  return table.concat(frames, "\n")
end

-- statement.mistake(message, text): what is wrong with a text that is no statement, and its line
function statement.mistake(message, text)
  local number = tonumber(message:match "^[^\n:]*:(%d+):")
  local line = number and line_of(text, number)
  return line and message .. "\n" .. line or message
end

return statement
