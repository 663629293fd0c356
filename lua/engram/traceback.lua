-- engram.traceback: what went wrong with a statement, as text.
local source = require "engram.source"

local traceback = {}

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

-- traceback.explain(failure [, chunk, text]): for xpcall: the message, the line of what was typed,
-- and how it came there
function traceback.explain(failure, chunk, text)
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

-- traceback.mistake(message, text): what is wrong with a text that is no statement, and its line
function traceback.mistake(message, text)
  local number = tonumber(message:match "^[^\n:]*:(%d+):")
  local line = number and line_of(text, number)
  return line and message .. "\n" .. line or message
end

return traceback
