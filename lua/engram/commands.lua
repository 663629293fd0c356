-- engram.commands: what the program does when its first word is one of these names. A command is
-- given the words behind its name and what opens a prompt (src/prompt.h), and returns the exit
-- status, nil for 0.
local arguments = require "engram.arguments"

local commands = {}

-- engram info [--json]
function commands.info(words) return require("engram.info").command(words) end

-- engram doctor [--json]
function commands.doctor(words) return require("engram.doctor").command(words) end

local attach_usage = [[
usage: engram attach PATH
The prompt of a program that serves a console (engram.console) on the Unix socket PATH.]]

-- engram attach PATH
function commands.attach(list, open_prompt)
  local options, words = arguments.command("attach", attach_usage, list, {})
  if not options then return words end
  if #words ~= 1 then return arguments.refuse("attach", attach_usage, "one path expected") end
  return require("engram.attach").run(words[1], open_prompt())
end

local test_usage = [[
usage: engram test [--jobs N] [--tap] FILE...
Runs test files that print TAP 13 or 14, each in a process of its own.
  --jobs N  so many at once, 1 to 64 (1)
  --tap     print TAP: a test for each file]]

-- engram test FILE...
function commands.test(words)
  local options, files = arguments.command("test", test_usage, words,
    { jobs = "count", tap = "flag" })
  if not options then return files end
  options.jobs = options.jobs or 1
  local wrong = #files == 0 and "no files" or (options.jobs < 1 or options.jobs > 64)
    and "--jobs wants a number from 1 to 64"
  if wrong then return arguments.refuse("test", test_usage, wrong) end
  return require("engram.testing").run(files, options)
end

-- engram bench FILE...
function commands.bench(words) return require("engram.bench_command").run(words) end

-- engram help [topic], engram --help topic
function commands.help(words)
  local help = require "engram.help"
  if not words[1] then return help() end
  local text, there = help.topic(words[1])
  if there then
    print(text)
  else
    io.stderr:write("engram: ", (text:gsub("help%(%)", "engram help")), "\n")
    return 2
  end
end

return commands
