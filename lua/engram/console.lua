-- engram.console: a prompt inside a running program, on a Unix socket. The host calls serve once a
-- frame; between calls nothing happens.
--
-- What goes over the socket is text. The console sends a prompt, "> " or, where a statement is not
-- finished, ">> ", at the beginning of a line; for every line that it is sent it answers with what
-- was printed, the values or the error, and then a prompt. A line with the character 3 alone, which
-- is Ctrl-C, discards an unfinished statement. "bye" on a line of its own is the last thing said.
local C = require "engram.ffi"
local check = require "engram.check"
local compiled = require "engram.compiled"
local show = require "engram.show"
local socket = require "engram.socket"
local statement = require "engram.statement"
local traceback = require "engram.traceback"
local types = require "engram.types"
local words = require "engram.words"

local console, methods = {}, {}
methods.__index = methods

local LONGEST = 65536 -- bytes of a statement
local INSTRUCTIONS = 1000 -- of Lua, between two looks at the clock
local DISCARD = "\3"

local function clock() return C.engram_clock() end

-- ---- what clients are told

local function put(client, text)
  if text == "" then return end
  client.pieces[#client.pieces + 1] = text
  client.at_line_start = text:byte(-1) == 10
end

local function put_line(client, text)
  put(client, text)
  if not client.at_line_start then put(client, "\n") end
end

local function put_prompt(client)
  put_line(client, "")
  put(client, client.text and ">> " or "> ")
end

local function leave(client)
  put_line(client, "")
  put(client, "bye\n")
  client.leaving = true
end

-- Sends as much as the socket takes; whether that was all.
local function flush(client)
  if #client.pieces > 0 then
    client.out = client.out:sub(client.sent + 1) .. table.concat(client.pieces)
    client.pieces, client.sent = {}, 0
  end
  while client.sent < #client.out do
    local n = client.socket:send(client.out, client.sent + 1)
    if n == nil then client.gone = true end
    if n == nil or n == 0 then return false end
    client.sent = client.sent + n
  end
  client.out, client.sent = "", 0
  return true
end

-- ---- statements

-- What a statement prints is the client's, whoever prints it on its behalf; it reads nothing, as
-- the host would stand still; and it ends no more than the client's visit. Gives what writes to the
-- client, and what gives the host its own functions back.
local function borrow(client, most)
  local bytes = 0
  local function write(...)
    for i = 1, select("#", ...) do
      local text = select(i, ...)
      if type(text) ~= "string" and type(text) ~= "number" then
        error(("bad argument #%d to 'write' (string expected, got %s)"):format(i, type(text)), 3)
      end
      bytes = bytes + #tostring(text)
      if bytes > most then error(("more than %d bytes of output"):format(most), 3) end
      put(client, tostring(text))
    end
  end
  local lent = {
    { _G, "print", function(...)
      local texts = { ... }
      for i = 1, select("#", ...) do texts[i] = tostring(texts[i]) end
      write(table.concat(texts, "\t"), "\n")
    end },
    { io, "write", function(...)
      write(...)
      return true
    end },
    { io, "read", function() error("there is no input on a console", 2) end },
    { os, "exit", function()
      client.leaving = true
      error("left", 0)
    end },
  }
  for _, loan in ipairs(lent) do
    local place, name, mine = unpack(loan)
    loan[3] = rawget(place, name)
    rawset(place, name, mine)
  end
  return write, function()
    for _, loan in ipairs(lent) do rawset(unpack(loan)) end
  end
end

local here = debug.getinfo(1, "S").source

-- Stops what runs after so many seconds, unless the host has a hook of its own that only C can set
-- again; gives what ends that. What stands in this file is not stopped, so that no error comes
-- between the end of a statement and the end of its limit.
local function limit_time(seconds)
  local theirs, mask, count = debug.gethook()
  if theirs == "external hook" then return function() end end
  local stop = clock() + seconds
  local function look()
    if clock() < stop then return end
    debug.sethook(look, "", 1) -- whoever catches the error is stopped as well
    if debug.getinfo(2, "S").source == here then return end
    error(("stopped after %d microseconds"):format(seconds * 1e6 + 0.5), 2)
  end
  debug.sethook(look, "", INSTRUCTIONS)
  return function() debug.sethook(theirs, mask, count) end
end

local function answer(environment, write, ...)
  if select("#", ...) == 0 then return end
  rawset(environment, "_", (...))
  write(show.text(...), "\n")
end

local function run(self, client, chunk, text, seconds)
  local environment = client.environment
  setfenv(compiled.off(chunk), environment)
  local write, give_back = borrow(client, self.output_bytes)
  local unlimited = limit_time(seconds)
  local ran, failure = xpcall(function()
    answer(environment, write, chunk())
    unlimited()
  end, function(failure)
    unlimited()
    return traceback.explain(failure, chunk, text)
  end)
  give_back()
  if client.leaving then
    leave(client)
  elseif not ran then
    put_line(client, "")
    put_line(client, failure)
  end
end

-- ---- clients

local function take_line(self, client, line, deadline)
  local text = line ~= DISCARD and (client.text and client.text .. "\n" .. line or line) or ""
  local chunk, message, more = statement.compile(text)
  client.text = more and text or nil
  client.at_line_start = true -- who typed it has ended the prompt's line
  if chunk then
    self.ran = true
    run(self, client, chunk, text, self.statement_us and self.statement_us * 1e-6
      or math.max(deadline - clock(), 0))
  elseif not more then
    put_line(client, message)
  end
  if not client.leaving then put_prompt(client) end
end

-- The next line of what was received; at the end of the input what is left of it.
local function next_line(client)
  local line, rest = client.input:match "^([^\n]*)\n(.*)$"
  if not line and client.ended and client.input ~= "" then line, rest = client.input, "" end
  if line then client.input = rest end
  return line and line:gsub("\r$", "")
end

local function receive(client)
  local text = client.socket:receive()
  if text then
    client.input = client.input .. text
  else
    client.ended = true
  end
end

-- Takes lines up to the next statement, once what the last one said is on its way; whether the
-- client stays.
local function serve(self, client, events, deadline)
  if events ~= 0 and not client.waits and not client.ended then receive(client) end
  while not self.ran and flush(client) and not client.leaving do
    local line = next_line(client)
    if #(client.text or "") + #(line or client.input) > LONGEST then
      put_line(client, ("a statement has at most %d bytes"):format(LONGEST))
      leave(client)
    elseif line then
      take_line(self, client, line, deadline)
    else
      client.leaving = client.ended
      break
    end
  end
  local sent = flush(client)
  client.waits = not client.leaving and client.input:find(client.ended and "." or "\n") ~= nil
  return not (client.gone or client.leaving and sent)
end

local function accept(self)
  local s = self.socket:accept()
  if not s then return end
  local given = self.environment
  local environment = setmetatable({}, { __newindex = given, __index = function(_, name)
    local value = given[name]
    if value == nil then value = _G[name] end
    if value == nil then value = words.value(name) end -- as at the prompt
    return value
  end })
  local client = { socket = s, environment = environment, input = "", out = "", sent = 0,
    pieces = {}, at_line_start = true }
  if #self.clients == self.most then
    put_line(client, ("this console has its %d clients"):format(self.most))
    leave(client)
    flush(client)
    return s:close()
  end
  put_prompt(client)
  flush(client)
  self.clients[#self.clients + 1] = client
end

local function farewell(self)
  for _, client in ipairs(self.clients) do
    leave(client)
    flush(client)
    client.socket:close()
  end
  self.clients = {}
end

-- What to wait for: who comes, what clients say, and those who are to take what is said to them.
local function watch(self)
  local polled = self.polled
  self.waits = false
  for i = 1, self.most do
    local client = self.clients[i]
    polled[i].fd = client and client.socket.fd or -1
    if client then
      local sent = client.sent == #client.out
      polled[i].events = ((client.ended or client.waits) and 0 or socket.IN)
        + (sent and 0 or socket.OUT)
      self.waits = self.waits or sent and (client.waits or client.ended)
    end
  end
end

local function open(self, fname)
  check.self(getmetatable(self) == methods, fname)
  if not self.socket then check.raise("%s: this console is closed", fname) end
end

-- c:serve([microseconds]): who comes is let in, lines are read, and one statement at most runs, for
-- about so long.
function methods:serve(microseconds)
  open(self, "console:serve")
  local budget = check.positive(microseconds or 1000, "console:serve", 1) * 1e-6
  local polled = self.polled
  if socket.poll(polled, self.most + 1, 0) <= 0 and not self.waits then return end
  local deadline = clock() + budget
  local served = self.clients
  self.clients, self.ran = {}, false
  local first = self.first -- everybody is first once in a while
  for i = 1, #served do
    local k = (first + i - 2) % #served + 1
    local client = served[k]
    served[k] = serve(self, client, polled[k].revents, deadline) and client
    if not served[k] then client.socket:close() end
  end
  for _, client in ipairs(served) do
    if client then self.clients[#self.clients + 1] = client end
  end
  if not self.socket then return farewell(self) end -- a statement has closed it
  if polled[0].revents ~= 0 then accept(self) end
  self.first = self.first % self.most + 1
  watch(self)
end

-- c:close(): says goodbye and removes the socket. Twice is harmless.
function methods:close()
  check.self(getmetatable(self) == methods, "console:close")
  if not self.socket then return end
  farewell(self)
  self.socket:close()
  socket.unlink(self.path)
  self.socket = nil
end

function methods:__tostring()
  if not self.socket then return "console, closed" end
  return ("console %s, %d of %d clients"):format(self.path, #self.clients, self.most)
end

local known = { clients = 4, statement_us = check.none, output_bytes = 2 ^ 20,
  environment = check.none }

-- console.listen(path [, { clients =, statement_us =, output_bytes =, environment = }]) -> console,
-- or nil and why
function console.listen(path, options)
  local fname = "console.listen"
  check.arg(type(path) == "string" and #path > 0 and #path <= socket.LONGEST, fname, 1,
    ("a path of at most %d bytes"):format(socket.LONGEST), path)
  local o = check.options(options, known, fname)
  for _, name in ipairs { "clients", "output_bytes" } do
    check.arg(check.count(o[name]) and o[name] > 0, fname, name, "a count of at least 1", o[name])
  end
  check.arg(o.clients <= 64, fname, "clients", "at most 64", o.clients)
  if o.statement_us ~= nil then check.positive(o.statement_us, fname, "statement_us") end
  check.arg(o.environment == nil or type(o.environment) == "table", fname, "environment", "a table",
    o.environment)
  local listener, why = socket.listen(path)
  if not listener then
    return nil, check.failure(C.ENGRAM_EIO, path, ("%s: %s"):format(path, why))
  end
  local self = setmetatable({ path = path, socket = listener, clients = {}, most = o.clients,
    statement_us = o.statement_us, output_bytes = o.output_bytes,
    environment = o.environment or _G, polled = socket.polled(o.clients + 1), first = 1 }, methods)
  self.polled[0].fd, self.polled[0].events = listener.fd, socket.IN
  watch(self)
  return self
end

types.register { name = "console", metatable = methods, methods = methods }

return console
