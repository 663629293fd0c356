-- engram.attach: a prompt for the console of another process.
local history = require "engram.history"
local socket = require "engram.socket"
local terminal = require "engram.terminal"

local attach = {}

local DISCARD = "\3"

local polled = socket.polled(1)

-- Whether the socket is ready within so many milliseconds; -1 waits for it.
local function ready(s, event, milliseconds)
  polled[0].fd, polled[0].events = s.fd, event
  return socket.poll(polled, 1, milliseconds) > 0
end

-- What is said up to the next prompt, and the prompt; without one the host is gone: whether it said
-- goodbye. A prompt is at the beginning of a line, and nothing follows it.
local function answer(s)
  local text = ""
  while true do
    ready(s, socket.IN, -1)
    local more = s:receive()
    if not more then
      local said = ("\n" .. text):match "^(.*\n)bye\n$"
      return said and said:gsub("\n>>? \n$", "\n"):gsub("^\n+", "") or text, nil, said ~= nil
    end
    text = text .. more
    local said, prompt = ("\n" .. text):match "^\n(.-)(>>? )$"
    local begins = said == "" or said and said:sub(-1) == "\n"
    if begins and not ready(s, socket.IN, 0) then return said, prompt end
  end
end
jit.off(answer) -- compiled, it would not hear interrupts

local function send(s, text)
  local first = 1
  while first <= #text do
    ready(s, socket.OUT, -1)
    local n = s:send(text, first)
    if not n then return end -- what it said before is still to be read
    first = first + n
  end
end

-- Says something, unless it is nil, and prints what is said in turn: the prompt; nil at the end, and
-- an exit status. An interrupt ends the waiting.
local function say(s, host, text)
  local said, prompt, polite
  local heard, failure = host.run(function()
    if text then send(s, text) end
    said, prompt, polite = answer(s)
  end, tostring)
  if not heard then
    if not failure:find "interrupted$" then error(failure, 0) end
    io.stderr:write "\nengram attach: interrupted\n"
    return nil, 130
  end
  io.stdout:write(said)
  io.stdout:flush()
  if not prompt and not polite then io.stderr:write "engram attach: the host is gone\n" end
  return prompt, polite and 0 or 5
end

-- What ends the input: the host, whoever types, or interrupts.
local function ended(s, host, prompt, interrupted)
  if interrupted then return 130 end
  if terminal.is(io.stdin) then io.stdout:write "\n" end
  if ready(s, socket.IN, 0) then
    local _, status = say(s, host)
    return status
  end
  if prompt == "> " then return 0 end
  io.stderr:write "engram attach: the last statement is not finished\n"
  return 1
end

-- Lines to the host and its answers to whoever reads, until either has no more: an exit status.
local function talk(s, host)
  local prompt, status = say(s, host)
  local text = "" -- of the statement, as far as it was typed
  while prompt do
    local line, interrupted = host.read(prompt)
    if line == nil then return ended(s, host, prompt, interrupted) end
    for part in ((line or DISCARD) .. "\n"):gmatch "(.-)\n" do
      prompt, status = say(s, host, part .. "\n")
      if not prompt then break end
    end
    text = line and text .. line .. "\n" or ""
    if prompt ~= ">> " then
      history.remember(host, text)
      text = ""
    end
  end
  return status
end

-- attach.run(path, host) -> exit status. The host reads lines and runs what can be stopped: see
-- src/prompt.h.
function attach.run(path, host)
  local s, why
  if #path > socket.LONGEST then
    why = ("a path has at most %d bytes"):format(socket.LONGEST)
  else
    s, why = socket.connect(path)
  end
  if not s then
    io.stderr:write(("engram attach: %s: %s\n"):format(path, why))
    return 5
  end
  host.watches(s.fd)
  history.recall(host)
  return talk(s, host)
end

return attach
