-- engram.arguments: the words behind a command.
local arguments = {}

-- arguments.quoted(word) -> as one word of the shell
function arguments.quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local kinds = {
  flag = { wants = "no value" },
  text = { wants = "a value", read = function(word) return word end },
  count = { wants = "a whole number", read = function(word)
    return word:find "^%d+$" and #word < 16 and tonumber(word) or nil
  end },
  number = { wants = "a number", read = tonumber },
}

-- arguments.parse({ ... }, { json = "flag", filter = "text", seed = "count" }) -> options, words; or
-- nil and a sentence. Options are said as --name value or --name=value; an underscore in a name is a
-- dash; behind -- all are words.
function arguments.parse(list, known)
  local options, words, i = {}, {}, 1
  while i <= #list do
    local word = list[i]
    local name, value = word:match "^%-%-([%l%-]+)=?(.*)$"
    if word == "--" then
      for j = i + 1, #list do words[#words + 1] = list[j] end
      break
    elseif word == "-" or word:sub(1, 1) ~= "-" then
      words[#words + 1] = word
    else
      local key = name and name:gsub("%-", "_")
      local kind = kinds[known[key]]
      if not kind then return nil, ("unknown option '%s'"):format(word) end
      local attached = word:find("=", 1, true)
      if not kind.read then
        if attached then return nil, ("--%s wants %s"):format(name, kind.wants) end
        options[key] = true
      else
        if not attached then
          i = i + 1
          value = list[i]
        end
        options[key] = value and kind.read(value)
        if options[key] == nil then
          return nil, ("--%s wants %s, not %s"):format(name, kind.wants,
            value and "'" .. value .. "'" or "nothing")
        end
      end
    end
    i = i + 1
  end
  return options, words
end

-- arguments.refuse("bench", usage, sentence) -> 2, the exit status, after both were told
function arguments.refuse(name, usage, sentence)
  io.stderr:write(("engram %s: %s\n%s\n"):format(name, sentence, usage))
  return 2
end

-- arguments.command("bench", usage, list, known [, most]) -> options, words, at most so many; or nil
-- and the exit status, after a mistake was told or --help has printed the usage
function arguments.command(name, usage, list, known, most)
  for _, word in ipairs(list) do
    if word == "--help" or word == "-h" then
      print(usage)
      return nil, 0
    end
  end
  local options, words = arguments.parse(list, known)
  local wrong = not options and words
    or most and #words > most and ("'%s' is too much"):format(words[most + 1])
  if wrong then return nil, arguments.refuse(name, usage, wrong) end
  return options, words
end

return arguments
