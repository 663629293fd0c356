-- engram.attach: a prompt for the console of another process.
local socket = require "engram.socket"
local terminal = require "engram.terminal"

local attach = {}

local polled = socket.polled(2)

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

local function send(s, text)
  local first = 1
  while first <= #text do
    ready(s, socket.OUT, -1)
    local n = s:send(text, first)
    if not n then return end -- what it said before is still to be read
    first = first + n
  end
end

local function say(s)
  local text, prompt, polite = answer(s)
  io.stdout:write(text)
  io.stdout:flush()
  return prompt, polite
end

-- Lines as they are, on a terminal behind the prompt. There a host that goes away is noticed while
-- nobody types: it is given an empty line, and does not take it.
local function reader(s)
  return function(prompt)
    if not terminal.is(io.stdin) then return io.read() end
    io.stdout:write(prompt)
    io.stdout:flush()
    polled[0].fd, polled[0].events = s.fd, socket.IN
    polled[1].fd, polled[1].events = 0, socket.IN
    socket.poll(polled, 2, -1)
    return polled[1].revents == 0 and polled[0].revents ~= 0 and "" or io.read()
  end
end

-- Lines to the host and its answers to whoever reads, until either has no more: an exit status.
local function talk(s, read)
  local prompt, polite = say(s)
  while prompt do
    local line = read(prompt)
    if line == nil then
      if prompt == "> " then return 0 end
      io.stderr:write "engram attach: the last statement is not finished\n"
      return 1
    end
    for part in ((line or "\3") .. "\n"):gmatch "(.-)\n" do
      send(s, part .. "\n")
      prompt, polite = say(s)
      if not prompt then break end
    end
  end
  if polite then return 0 end
  io.stderr:write "engram attach: the host is gone\n"
  return 5
end

-- attach.run(path [, read]) -> exit status. read(prompt) -> a line, which may hold several; nil at
-- the end; false if it was discarded.
function attach.run(path, read)
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
  return talk(s, read or reader(s))
end

return attach
