-- engram.tap: the Test Anything Protocol for Lua tests, ours and users'.
local tap = {}
local count, failed = 0, 0

-- tap.ok(condition, "what holds") -> condition
function tap.ok(condition, name)
  count = count + 1
  if not condition then failed = failed + 1 end
  print(("%s %d - %s"):format(condition and "ok" or "not ok", count, name))
  if not condition then
    local place = debug.getinfo(2, "Sl")
    if place.short_src:find("tap.lua", 1, true) then place = debug.getinfo(3, "Sl") end
    tap.note(("at %s:%d"):format(place.short_src, place.currentline))
  end
  return condition
end

-- tap.note(text): a comment in the log
function tap.note(text)
  print("# " .. tostring(text):gsub("\n", "\n# "))
end

-- tap.is(got, expected, "what holds")
function tap.is(got, expected, name)
  local same = got == expected
  tap.ok(same, name)
  if not same then tap.note(("got %s, expected %s"):format(tostring(got), tostring(expected))) end
  return same
end

-- tap.near(got, expected, tolerance, "what holds")
function tap.near(got, expected, tolerance, name)
  local near = type(got) == "number" and math.abs(got - expected) <= tolerance
  tap.ok(near, name)
  if not near then
    tap.note(("got %s, expected %s within %s"):format(tostring(got), expected, tolerance))
  end
  return near
end

-- tap.throws(f, "part of the message", "what holds"): plain text, no pattern
function tap.throws(f, message, name)
  local ran, failure = pcall(f)
  local thrown = not ran and tostring(failure):find(message, 1, true) ~= nil
  tap.ok(thrown, name)
  if not thrown then
    tap.note(ran and "no error" or ("got: " .. tostring(failure)))
    tap.note("expected: " .. message)
  end
  return thrown
end

-- tap.skip("what", "why")
function tap.skip(name, why)
  count = count + 1
  print(("ok %d - %s # SKIP %s"):format(count, name, why))
end

-- tap.done(): prints the plan; a script with failures ends with exit status 3
function tap.done()
  print("1.." .. count)
  if failed > 0 then os.exit(3) end
end

return tap
