-- engram.help: sections of the reference, from the README that is installed beside these files.
local help = {}

local function reference()
  local here = debug.getinfo(1, "S").source:match "^@(.*)help%.lua$"
  for _, path in ipairs { here .. "README.md", here .. "../README.md" } do
    local file = io.open(path)
    if file then
      local text = file:read "*a"
      file:close()
      return text
    end
  end
  error("engram.help: README.md is not beside " .. here, 0)
end

-- help.sections() -> { { heading, text }, ... } in the order of the reference
function help.sections()
  local sections, current = {}, nil
  for line in (reference() .. "\n"):gmatch "(.-)\n" do
    local heading = line:match "^##+ (.*)"
    if heading then
      current = { heading = heading, text = line }
      sections[#sections + 1] = current
    elseif current then
      current.text = current.text .. "\n" .. line
    end
  end
  return sections
end

-- help.find(topic) -> text, or nil: the sections whose heading names the topic
function help.find(topic)
  local found = {}
  for _, section in ipairs(help.sections()) do
    local name = section.heading:match "[%w_.:]+" -- what stands behind it is arguments and results
    if name == topic or name == "engram." .. topic then found[#found + 1] = section.text end
  end
  return #found > 0 and table.concat(found, "\n") or nil
end

-- help(), help "vec:dot": prints
return setmetatable(help, {
  __tostring = function() return "help \"topic\" prints a section, help() lists them" end,
  __call = function(_, topic)
    if topic == nil then
      for _, section in ipairs(help.sections()) do print((section.heading:gsub("`", ""))) end
      return
    end
    print((help.find(tostring(topic))
      or ("no help for '%s'; help() lists what there is"):format(tostring(topic))))
  end,
})
