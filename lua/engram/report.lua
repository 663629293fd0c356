-- engram.report: what time, usage, prof, why and trace have in common: what they run, results that
-- print as text, and what kernels did meanwhile.
local check = require "engram.check"
local statement = require "engram.statement"

local report = {}

-- report.subject(f, "prof") -> the function to run: f, or what a string with an expression or
-- statements does
function report.subject(f, fname)
  if type(f) ~= "string" then
    check.arg(type(f) == "function", fname, 1, "a function or a string", f)
    return f
  end
  local expression = loadstring("return " .. f, "=" .. fname) -- as it is, for what it is may count
  local chunk, message = statement.compile(f, "=" .. fname)
  if not chunk then check.raise("%s: %s", fname, message) end
  return expression or chunk
end

-- report.new(fields, text) -> fields; text(fields) is what tostring gives
function report.new(fields, text)
  return setmetatable(fields, { __tostring = text })
end

-- report.word(call, what) -> a module that is called; at the prompt its name alone tells what it
-- does
function report.word(call, what)
  return setmetatable({}, { __call = function(_, ...) return call(...) end,
    __tostring = function() return what end })
end

-- ---- kernels

-- report.kernels() -> a picture of the counters, for report.kernels_since
function report.kernels()
  return require("engram.kernels").list()
end

-- report.kernels_since(before) -> { { name =, calls =, elements =, seconds = }, .. }: what has been
-- called since then
function report.kernels_since(before)
  local used = {}
  for i, now in ipairs(report.kernels()) do
    local calls = now.calls - before[i].calls
    if calls > 0 then
      used[#used + 1] = { name = now.name, chosen = now.chosen, calls = calls,
        elements = now.elements - before[i].elements,
        seconds = now.seconds - before[i].seconds }
    end
  end
  return used
end

return report
