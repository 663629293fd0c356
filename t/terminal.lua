-- terminal.lua: programs on a pseudo-terminal, for tests: what is typed, what comes.
-- SPDX-License-Identifier: MIT
local ffi = require "ffi"

ffi.cdef [[
  int forkpty(int *terminal, char *name, const void *settings, const void *size);
  int execl(const char *path, const char *word, ...);
  int poll(void *waited, unsigned long n, int milliseconds);
  ssize_t read(int, void *, size_t);
  ssize_t write(int, const void *, size_t);
  int close(int);
  int kill(int, int);
  int ioctl(int, unsigned long, ...);
  int waitpid(int, int *, int);
  void _exit(int);
]]
local C = ffi.C
local Size = ffi.typeof "struct { unsigned short rows, columns, x, y; }"
local Waited = ffi.typeof "struct { int fd; short events, revents; }"

local terminal, methods = {}, {}
methods.__index = methods

-- terminal.open(command of the shell [, { columns = 80, rows = 24 }]) -> what runs it
function terminal.open(command, options)
  options = options or {}
  local size = Size(options.rows or 24, options.columns or 80)
  local fd, status = ffi.new "int[1]", ffi.new "int[1]"
  local pid = C.forkpty(fd, nil, nil, size)
  assert(pid >= 0, "no pseudo-terminal")
  if pid == 0 then
    C.execl("/bin/sh", "sh", "-c", ffi.cast("const char *", "exec " .. command),
      ffi.cast("const char *", nil))
    C._exit(127)
  end
  return setmetatable({ fd = fd[0], pid = pid, status = status, text = "", read_to = 1 }, methods)
end

local buffer = ffi.new "char[4096]"

-- Reads what there is, waiting for it at most so long; whether there was any.
local function more(self, seconds)
  local waited = Waited(self.fd, 1, 0)
  if C.poll(waited, 1, math.ceil(seconds * 1000)) <= 0 then return false end
  local n = tonumber(C.read(self.fd, buffer, 4096))
  if n <= 0 then return false end
  self.text = self.text .. ffi.string(buffer, n)
  return true
end

-- t:send "1 + 1\r"
function methods:send(text)
  assert(C.write(self.fd, text, #text) == #text)
end

-- t:resize(columns, rows): the window has another size, and the program is told
function methods:resize(columns, rows)
  assert(C.ioctl(self.fd, 0x5414, Size(rows, columns)) == 0) -- TIOCSWINSZ
end

-- t:signal(number)
function methods:signal(number) C.kill(self.pid, number) end

-- t:expect("> " [, seconds]) -> whether the text comes, behind what was expected before, within 10 s;
-- and how long it took
function methods:expect(text, seconds)
  local clock = require("engram").clock
  local start = clock()
  while true do
    local _, last = self.text:find(text, self.read_to, true)
    if last then
      self.read_to = last + 1
      return true, clock() - start
    end
    local left = (seconds or 10) - (clock() - start)
    if left <= 0 or not more(self, left) then return false end
  end
end

-- t:rest([seconds]) -> what came behind what was expected, once nothing more comes for so long, 0.2 s
function methods:rest(seconds)
  while more(self, seconds or 0.2) do end
  local text = self.text:sub(self.read_to)
  self.read_to = #self.text + 1
  return text
end

-- t:finish([seconds]) -> exit status, 128 and the signal if one ended it; nil if it did not end in
-- 10 s, and is ended
function methods:finish(seconds)
  local clock = require("engram").clock
  local start = clock()
  local ended
  repeat
    if not more(self, 0.02) then C.poll(nil, 0, 5) end
    ended = C.waitpid(self.pid, self.status, 1) == self.pid
  until ended or clock() - start > (seconds or 10)
  if not ended then
    C.kill(self.pid, 9)
    C.waitpid(self.pid, self.status, 0)
  end
  while more(self, 0) do end
  C.close(self.fd)
  local status, signal = self.status[0], self.status[0] % 128
  return ended and (signal > 0 and 128 + signal or math.floor(status / 256)) or nil
end

-- terminal.plain(text) -> the text without escape sequences and carriage returns
function terminal.plain(text)
  return (text:gsub("\27%[[%d;?]*%a", ""):gsub("\27[%(%)]%w", ""):gsub("\r", ""))
end

return terminal
