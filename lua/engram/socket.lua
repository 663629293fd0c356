-- engram.socket: Unix sockets that never block, for the console and who attaches to it.
local ffi = require "ffi"
local posix = require "engram.posix"

-- Of Linux, which is the same on all processors that LuaJIT's FFI and the library have in common.
local AF_UNIX, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC = 1, 1, 0x800, 0x80000
local MSG_NOSIGNAL = 0x4000
local EINTR, ENXIO, EAGAIN, EADDRINUSE, ECONNREFUSED = 4, 6, 11, 98, 111

local socket, methods = { IN = 1, OUT = 4, LONGEST = 107 }, {}

local Address = ffi.typeof "struct { unsigned short family; char path[108]; }"
local Socket = ffi.typeof "struct { int fd; }"

-- socket.polled(n) -> array of what socket.poll waits for: fd (-1: none), events, revents
socket.polled = ffi.typeof "struct { int fd; short events, revents; }[?]"

local function reason() return ffi.string(posix.strerror(ffi.errno())) end

local function open()
  local fd = posix.socket(AF_UNIX, SOCK_STREAM + SOCK_NONBLOCK + SOCK_CLOEXEC, 0)
  if fd < 0 then return nil, reason() end
  return Socket(fd)
end

local function address_of(path)
  local address = Address(AF_UNIX)
  ffi.copy(address.path, path, #path)
  return address, ffi.sizeof(address)
end

-- socket.connect(path) -> socket, or nil, why, and whether nobody listens to what is there
function socket.connect(path)
  local s, why = open()
  if not s then return nil, why end
  if posix.connect(s.fd, address_of(path)) == 0 then return s end
  local refused = ffi.errno() == ECONNREFUSED
  why = reason()
  s:close()
  return nil, why, refused
end

-- Removes what a process that is gone has left behind: a socket, which cannot be opened as a file,
-- and to which nobody listens. Whether it did, or why not.
local function remove_stale(path)
  local s, why, refused = socket.connect(path)
  if s then
    s:close()
    return false, "somebody listens there already"
  elseif not refused then
    return false, why
  end
  local file, _, code = io.open(path, "r+")
  if file then file:close() end
  if code ~= ENXIO then return false, "there is a file of that name" end
  posix.unlink(path)
  return true
end

-- socket.listen(path) -> socket that its owner alone may connect to, or nil and why
function socket.listen(path)
  local s, why = open()
  if not s then return nil, why end
  local function bind()
    local mask = posix.umask(0x7f) -- rw-------, from the moment it is there
    local bound = posix.bind(s.fd, address_of(path)) == 0
    local in_use = ffi.errno() == EADDRINUSE
    why = reason()
    posix.umask(mask)
    return bound, in_use
  end
  local bound, in_use = bind()
  if not bound and in_use then
    bound, why = remove_stale(path)
    bound = bound and bind()
  end
  if bound and posix.listen(s.fd, 8) ~= 0 then bound, why = false, reason() end
  if bound then return s end
  s:close()
  return nil, why
end

-- socket.unlink(path): removes the file of a socket
function socket.unlink(path) posix.unlink(path) end

-- socket.poll(polled, n, milliseconds) -> how many are ready
function socket.poll(polled, n, milliseconds)
  return posix.poll(polled, n, milliseconds)
end

-- s:accept() -> socket, or nil if nobody waits
function methods:accept()
  local fd = posix.accept4(self.fd, nil, nil, SOCK_NONBLOCK + SOCK_CLOEXEC)
  return fd >= 0 and Socket(fd) or nil
end

local ROOM = 16384
local buffer = ffi.new("char[?]", ROOM)

-- A call that would block, or was interrupted, has done nothing; another failure is the end.
local function nothing_yet()
  local number = ffi.errno()
  return number == EAGAIN or number == EINTR
end

-- s:receive() -> text, "" if there is none yet; nil at its end
function methods:receive()
  local n = tonumber(posix.recv(self.fd, buffer, ROOM, 0))
  if n > 0 then return ffi.string(buffer, n) end
  return n < 0 and nothing_yet() and "" or nil
end

-- s:send(text, first) -> how many bytes of the text, from that position on, it took; nil if nobody
-- is there to read them
function methods:send(text, first)
  local bytes = ffi.cast("const char *", text) + (first - 1)
  local n = tonumber(posix.send(self.fd, bytes, #text - first + 1, MSG_NOSIGNAL))
  if n >= 0 then return n end
  return nothing_yet() and 0 or nil
end

-- s:close(): twice is harmless
function methods:close()
  if self.fd >= 0 then posix.close(self.fd) end
  self.fd = -1
end

ffi.metatype(Socket, { __index = methods, __gc = methods.close })

return socket
