-- engram.commands: what the program does when its first word is one of these names. A command is
-- given the words behind its name and returns the exit status, nil for 0.
local commands = {}

-- engram info [--json]
function commands.info(...) return require("engram.info").command(...) end

-- engram doctor [--json]
function commands.doctor(...) return require("engram.doctor").command(...) end

-- engram help [topic], engram --help topic
function commands.help(topic)
  local help = require "engram.help"
  if not topic then return help() end
  local text, there = help.topic(topic)
  if there then
    print(text)
  else
    io.stderr:write("engram: ", (text:gsub("help%(%)", "engram help")), "\n")
    return 2
  end
end

return commands
