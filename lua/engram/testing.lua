-- engram.testing: runs test files, each in a fresh process of this program, and reads the Test
-- Anything Protocol, versions 13 and 14, from what they print.
local ffi = require "ffi"
local arguments = require "engram.arguments"
local posix = require "engram.posix"
local read_whole = require("engram.files").read
local socket = require "engram.socket"
local terminal = require "engram.terminal"
local units = require "engram.units"

local testing = {}

local quoted = arguments.quoted


-- ---- the protocol

local function directive(rest)
  local skip = rest:match "%s#%s*[Ss][Kk][Ii][Pp]%S*%s*(.*)$"
  if skip then return "skipped", skip end
  local todo = rest:match "%s#%s*[Tt][Oo][Dd][Oo]%f[%A]%s*(.*)$"
  return todo and "todo", todo
end

local function wrong(result, what, ...)
  result.wrong[#result.wrong + 1] = what:format(...)
end

local function read_point(result, line, failed, number, rest)
  result.run = result.run + 1
  if number and number ~= result.run then
    wrong(result, "test %d has number %d", result.run, number)
  end
  local exempt = directive(rest)
  if exempt then
    result[exempt] = result[exempt] + 1
  elseif failed then
    result.failed = result.failed + 1
  else
    result.passed = result.passed + 1
  end
  if failed and not exempt then
    result.details[#result.details + 1] = line
    result.explained = true -- by the comments that follow
  else
    result.explained = false
  end
end

local function read_plan(result, count, rest)
  if result.planned then return wrong(result, "there are two plans") end
  result.planned = tonumber(count)
  local what, why = directive(rest)
  if result.planned == 0 and what == "skipped" then result.all_skipped = why end
end

-- One line; those that are indented belong to a subtest or to the point before, and what is no line
-- of the protocol is nobody's business.
local function read_line(result, line)
  local failed, number, rest = line:match "^(n?o?t? ?)ok%f[%W](%s*%d*)(.*)$"
  local count, more = line:match "^1%.%.(%d+)(.*)$"
  if failed == "" or failed == "not " then
    read_point(result, line, failed ~= "", tonumber(number), rest)
  elseif count then
    read_plan(result, count, more)
  elseif line:find "^[Bb]ail out!" then
    result.bailed = true
    wrong(result, "%s", line)
  elseif result.explained and line:find "^[#%s]" then
    result.details[#result.details + 1] = line
  end
end

-- testing.read(text, status) -> what a test that printed this and ended so comes to: { run =,
-- passed =, failed =, skipped =, todo =, planned =, details = { lines }, wrong = { sentences },
-- bailed =, all_skipped = why, good = }
function testing.read(text, status)
  local result = { run = 0, passed = 0, failed = 0, skipped = 0, todo = 0, details = {},
    wrong = {} }
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do read_line(result, line) end
  if not result.planned then
    wrong(result, "there is no plan")
  elseif result.planned ~= result.run then
    wrong(result, "%s planned, %d run", units.counted(result.planned, "test"), result.run)
  end
  if status > 128 then
    wrong(result, "ended by signal %d", status - 128)
  elseif status ~= 0 and not (status == 3 and result.failed > 0) then
    wrong(result, "exit status %d", status)
  end
  result.good = result.failed == 0 and #result.wrong == 0
  return result
end

-- ---- processes

local function this_program()
  local path = ffi.new "char[4096]"
  local n = tonumber(posix.readlink("/proc/self/exe", path, 4096))
  return n > 0 and ffi.string(path, n) or "engram"
end

-- The status comes behind all that the test printed, as popen does not tell it.
local function start(program, file)
  local errors = os.tmpname()
  local path = file:find "^/" and file or "./" .. file -- a word would be a command
  local pipe = io.popen(("{ %s %s; status=$?; } 2>%s </dev/null; echo; echo $status")
    :format(quoted(program), quoted(path), quoted(errors)))
  return { file = file, pipe = pipe, fd = posix.fileno(pipe), pieces = {}, errors = errors }
end

local function finish(job)
  job.pipe:close()
  local text, status = table.concat(job.pieces):match "^(.*)\n(%d+)\n$"
  local result = testing.read(text, tonumber(status))
  result.said = read_whole(job.errors)
  os.remove(job.errors)
  return result
end

local ROOM = 65536
local buffer = ffi.new("char[?]", ROOM)

-- Runs the files, so many at once; done(i, result) is called for each in the order of the list. One
-- that bails out lets no other begin.
local function run_all(files, jobs, done)
  local program, running, results = this_program(), {}, {}
  local polled = socket.polled(jobs)
  local started, told, last = 0, 0, #files
  while told < last do
    while #running < jobs and started < last do
      started = started + 1
      running[#running + 1] = start(program, files[started])
      running[#running].number = started
    end
    for i, job in ipairs(running) do
      polled[i - 1].fd, polled[i - 1].events = job.fd, socket.IN
    end
    socket.poll(polled, #running, -1)
    for i = #running, 1, -1 do
      local job = running[i]
      if polled[i - 1].revents ~= 0 then
        local n = tonumber(posix.read(job.fd, buffer, ROOM))
        if n > 0 then
          job.pieces[#job.pieces + 1] = ffi.string(buffer, n)
        elseif n == 0 then
          results[job.number] = finish(job)
          table.remove(running, i)
          if results[job.number].bailed then last = started end
        end
      end
    end
    while results[told + 1] do
      told = told + 1
      done(told, results[told])
    end
  end
  return last
end

-- ---- what is told

local function counts(result)
  local words = {}
  for _, name in ipairs { "failed", "skipped", "todo" } do
    if result[name] > 0 then words[#words + 1] = units.count(result[name]) .. " " .. name end
  end
  return #words > 0 and ", " .. table.concat(words, ", ") or ""
end

local function lines_of(result)
  local lines = {}
  for _, line in ipairs(result.details) do lines[#lines + 1] = line end
  for _, line in ipairs(result.wrong) do lines[#lines + 1] = line end
  if not result.good then
    for line in result.said:gmatch "[^\n]+" do lines[#lines + 1] = line end
  end
  return lines
end

local function tell_person(files)
  local width = 0
  for _, file in ipairs(files) do width = math.max(width, #file) end
  return function(i, result)
    local word = not result.good and terminal.paint(io.stdout, "red", "FAILED")
      or result.all_skipped and "skipped" or terminal.paint(io.stdout, "green", "ok")
    local text = result.all_skipped and result.all_skipped
      or units.counted(result.run, "test") .. counts(result)
    print(("%s %s  %s  %s"):format(files[i], ("."):rep(width - #files[i] + 3), word, text))
    for _, line in ipairs(lines_of(result)) do print("  " .. line) end
    io.stdout:flush()
  end
end

local function tell_program(files)
  print "TAP version 13"
  print("1.." .. #files)
  return function(i, result)
    local skip = result.all_skipped and " # SKIP " .. result.all_skipped or ""
    print(("%s %d - %s: %s%s%s"):format(result.good and "ok" or "not ok", i, files[i],
      units.counted(result.run, "test"), counts(result), skip))
    for _, line in ipairs(lines_of(result)) do print("# " .. line) end
    if result.bailed then print "Bail out!" end
    io.stdout:flush()
  end
end

-- Why a file cannot be read, if it cannot.
local function unreadable(path)
  local file, why = io.open(path)
  if not file then return why end
  local _, reason = file:read(1)
  file:close()
  return reason and ("%s: %s"):format(path, reason)
end

-- testing.run(files, { jobs =, tap = }) -> exit status: 0, 3 if a test failed, 5 if a file cannot
-- be read, before any is run
function testing.run(files, options)
  for _, file in ipairs(files) do
    local why = unreadable(file)
    if why then
      io.stderr:write("engram test: ", why, "\n")
      return 5
    end
  end
  local sum = { run = 0, passed = 0, failed = 0, skipped = 0, todo = 0 }
  local tell, bad = (options.tap and tell_program or tell_person)(files), 0
  local told = run_all(files, options.jobs, function(i, result)
    for name, value in pairs(sum) do sum[name] = value + result[name] end
    bad = bad + (result.good and 0 or 1)
    tell(i, result)
  end)
  if not options.tap then
    local verdict = bad > 0 and ("%d of %d files FAILED"):format(bad, told) or "all good"
    print(("%s, %s, %s passed%s: %s"):format(units.counted(told, "file"),
      units.counted(sum.run, "test"), units.count(sum.passed), counts(sum), verdict))
  end
  return bad > 0 and 3 or 0
end

return testing
