-- engram.history: the statements that were typed at the prompt, in a file that several prompts share.
--
-- The file looks as the prompt does: an entry begins with "> ", its further lines with ">> "; other
-- lines are none of ours. Whoever adds one appends it in one write; whoever loads a file that holds
-- more than is kept puts a shorter one in its place. Where there can be no file there is none:
-- nothing here raises.
local ffi = require "ffi"
local posix = require "engram.posix"

local history = {}

local most = 1000 -- entries that are kept
local longest = 4 * 2 ^ 20 -- bytes of the file's end that are read

-- history.path() -> the file: $ENGRAM_HISTORY; or engram/history in $XDG_STATE_HOME or
-- ~/.local/state; nil for none. And how much of it names a folder that is not made: a home.
function history.path()
  local named = os.getenv "ENGRAM_HISTORY"
  if named then return named ~= "" and named or nil end
  local state, home = os.getenv "XDG_STATE_HOME", os.getenv "HOME"
  if state and state:sub(1, 1) == "/" then return state .. "/engram/history" end
  if not home or home:sub(1, 1) ~= "/" then return nil end
  return home .. "/.local/state/engram/history", #home
end

local function make_folders(path, given)
  for slash in path:gmatch "()/" do
    if slash > 1 + given then posix.mkdir(path:sub(1, slash - 1), 448) end -- 0700
  end
end

-- Opens a file that nobody else may read if it is made.
local function open(path, mode)
  local mask = posix.umask(63) -- 0077
  local file = io.open(path, mode)
  posix.umask(mask)
  return file
end

-- In one write, so that what others append stands before or behind it.
local function write(path, mode, text)
  local file = open(path, mode)
  if not file then return false end
  file:setvbuf("full", #text + 1)
  local written = file:write(text)
  return file:close() and written
end

-- Control characters would be keys, or move the cursor of whoever looks.
local function harmless(line) return (line:gsub("[%z\1-\8\11-\31\127]", "")) end

local function entries_of(text)
  local entries = {}
  for line in text:gmatch "[^\n]+" do
    local first, further = line:match "^> (.*)", line:match "^>> (.*)"
    if first then
      entries[#entries + 1] = harmless(first)
    elseif further and #entries > 0 then
      entries[#entries] = entries[#entries] .. "\n" .. harmless(further)
    end
  end
  return entries
end

local function lines_of(entry) return "> " .. entry:gsub("\n", "\n>> ") .. "\n" end

-- The newest of those that are the same, and of all.
local function kept_of(entries)
  local kept, seen = {}, {}
  for i = #entries, 1, -1 do
    if #kept == most then break end
    if not seen[entries[i]] then
      seen[entries[i]] = true
      table.insert(kept, 1, entries[i])
    end
  end
  return kept
end

-- A link stays one: the file is replaced where it is.
local function real(path)
  local found = posix.realpath(path, nil)
  if found == nil then return path end
  local text = ffi.string(found)
  posix.free(found)
  return text
end

-- What others append to the old file meanwhile, open as `file`, follows.
local function replace(path, file, entries)
  path = real(path)
  local lines = {}
  for i, entry in ipairs(entries) do lines[i] = lines_of(entry) end
  local new = ("%s.%d"):format(path, posix.getpid())
  if write(new, "wb", table.concat(lines)) and os.rename(new, path) then
    local missed = file:read "*a"
    if missed ~= "" then write(path, "ab", missed) end
  else
    os.remove(new)
  end
end

-- history.load() -> the entries, oldest first
function history.load()
  local path = history.path()
  local file = path and io.open(path, "rb")
  if not file then return {} end
  local bytes = file:seek "end" or 0
  file:seek("set", math.max(0, bytes - longest))
  local entries = entries_of(file:read "*a" or "")
  local kept = kept_of(entries)
  if #kept < #entries or bytes > longest then replace(path, file, kept) end
  file:close()
  return kept
end

-- history.add(entry): appends it
function history.add(entry)
  local path, given = history.path()
  if not path then return end
  make_folders(path, given or 0)
  write(path, "ab", lines_of(entry))
end

-- ---- at a prompt, where there is an editor whose keys bring them back

local newest

-- history.recall(host): what was typed before is the editor's
function history.recall(host)
  if host.editor == "none" then return end
  for _, entry in ipairs(history.load()) do
    host.remember(entry)
    newest = entry
  end
end

-- history.remember(host, text): what was typed now is as well, and the file's; blanks are not, nor
-- what was typed twice
function history.remember(host, text)
  text = text:gsub("%s+$", "")
  if host.editor == "none" or text == "" or text == newest then return end
  newest = text
  host.remember(text)
  history.add(text)
end

return history
