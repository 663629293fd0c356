-- engram.commands: what the program does when its first word is one of these names. A command is
-- given the words behind its name and returns the exit status, nil for 0.
local commands = {}

-- engram info
function commands.info()
  require("engram.info").print()
end

-- engram help [topic], engram --help topic
function commands.help(topic)
  local help = require "engram.help"
  if topic and not help.find(topic) then
    io.stderr:write(("engram: no help for '%s'; engram help lists what there is\n"):format(topic))
    return 2
  end
  help(topic)
end

return commands
