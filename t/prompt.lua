-- prompt.lua: the prompt on a terminal, with each editor: keys, history, completion, interrupts.
-- SPDX-License-Identifier: MIT
local tap = require "engram.tap"
local support = dofile(os.getenv "srcdir" .. "/t/support.lua")
local terminal = dofile(os.getenv "srcdir" .. "/t/terminal.lua")
local ok, is, quote = tap.ok, tap.is, support.quote
local program = quote(support.program)
local up, down, left, home, stop = "\27[A", "\27[B", "\27[D", "\27[H", "\3"

-- The program at its first prompt. Options: environment, arguments, columns, rows.
local function open(editor, options)
  options = options or {}
  local t = terminal.open(("env %s TERM=xterm ENGRAM_EDITOR=%s %s %s"):format(
    options.environment or "", editor, program, options.arguments or ""), options)
  t:expect "\n"
  t:expect "> "
  return t
end

-- What a statement prints comes behind the end of editing.
local function printed(text) return "\27[?2004l" .. text .. "\r\n" end

-- Types keys; whether the text comes.
local function answers(t, keys, text)
  t:send(keys)
  return (t:expect(text))
end

local function discards(t)
  t:send(stop)
  return t:expect "^C" and t:expect "> "
end

local function leaves(t, status, name)
  t:send "\4"
  return is(t:finish(), status, name)
end

-- What is on a terminal after these bytes: its rows, and where the cursor is, both from 1. Knows what
-- the built-in editor says, and no more.
local function screen(bytes, columns, rows)
  local cells, row, column = { {} }, 1, 1
  local function line_feed()
    row = row + 1
    if row > rows then
      row = rows
      table.remove(cells, 1)
    end
    cells[row] = cells[row] or {}
  end
  local function put(character, width)
    if column + width - 1 > columns then
      line_feed()
      column = 1
    end
    cells[row][column] = character
    for i = 1, width - 1 do cells[row][column + i] = "" end
    column = column + width
  end
  local at = 1
  while at <= #bytes do
    local number, letter, next_at = bytes:match("^\27%[%??(%d*)(%a)()", at)
    local character = bytes:match("^[%z\1-\127\192-\255][\128-\191]*", at)
    at = next_at or at + #character
    local n = tonumber(number) or 1
    if letter == "A" then row = math.max(1, row - n)
    elseif letter == "C" then column = math.min(columns, column + n)
    elseif letter == "J" then
      for i = column, columns do cells[row][i] = nil end
      for i = row + 1, #cells do cells[i] = nil end
    elseif letter then assert(letter == "h" or letter == "l", letter)
    elseif character == "\r" then column = 1
    elseif character == "\n" then line_feed()
    elseif character:find "^\204[\128-\191]" then
      cells[row][column - 1] = cells[row][column - 1] .. character -- combining
    else put(character, character:find "^[\228-\233]" and 2 or 1)
    end
  end
  local lines = {}
  for i, cell in ipairs(cells) do
    local last = 0
    for c in pairs(cell) do last = math.max(last, c) end
    for c = 1, last do cell[c] = cell[c] or " " end
    lines[i] = table.concat(cell)
  end
  return lines, row, column
end

-- A function of thirty lines, with tabs and blank lines, two of them in a row.
local long_function = "function f(x)\n\tlocal sum = 0\n\n\n"
  .. ("\tsum = sum + x -- a\ttab\n\n"):rep(12) .. "\treturn sum\nend"
assert(select(2, long_function:gsub("\n", "")) == 29)

local candidates = [[
package.preload["engram.complete"] = function()
  return { candidates = function(line)
    if line:find "boom" then error "oh" end
    local first, word = line:match "()([%w_]*)$"
    local list = {}
    for _, text in ipairs { "recall", "recent", "record", "weiß", "weiter", "only" } do
      if text:sub(1, #word) == word then
        list[#list + 1] = { text = text, help = word == "rec" and "about " .. text or nil }
      end
    end
    if line:find "many" then
      for i = 1, 500 do list[i] = { text = ("many%03d"):format(i), help = "one of them" } end
      first = first - 0
    end
    return first, list
  end }
end]]
local with_candidates = "-e " .. quote(candidates) .. " -i"

local function test_editing(editor)
  local t = open(editor)
  ok(answers(t, "6 * 7\r", "42\r\n"), "an expression is answered")
  t:expect "> "
  t:send("s = '\195\164\195\169 \228\184\173'\127\127\228\184\173'" .. left .. left .. "x\5\rs\r")
  ok(t:expect(printed "\195\164\195\169 x\228\184\173"), "characters of several bytes are erased and passed whole")
  t:expect "> "
  ok(answers(t, "2'\127+ 3" .. home .. "1\0014\5\0272\21\0061 + 41\r", "42\r\n"), "keys move and erase")
  t:expect "> "
  ok(answers(t, "11 + 22\23\2333 + 4\1\0111\11\25\r", "\r\n"), "what was erased comes back")
  t:rest()
  ok(answers(t, "print(string.rep('a', 3)\27b\27b\27bX\27d\5)\r", "\n"), "words are moved by and erased")
  t:rest()
  ok(answers(t, "ab = 12\20\rab\r", "21\r\n"), "characters are exchanged")
  t:rest()
  ok(answers(t, "for i = 1, 2 do\r", ">> ") and answers(t, "\tprint(i * 100)\rend\r", "200\r\n"),
    "a statement goes over lines, and Tab indents")
  t:expect "> "
  ok(answers(t, "for i = 1, 2 do\r", ">> ") and answers(t, "\r", "\r\n") and t:expect ">> "
    and answers(t, "\r", "'end' expected") and answers(t, "'here'\r", printed "here"),
    "two empty lines give a statement up")
  t:expect "> "
  t:send("\27[200~" .. long_function:gsub("\n", "\r") .. "\r\27[201~\r")
  t:expect "> "
  ok(answers(t, "f(2), 'pasted'\r", "24\tpasted\r\n"), "a pasted function may hold tabs and empty lines")
  t:expect "> "
  t:send(long_function:gsub("2", "3"):gsub("\n", "\r") .. "\rf(3), 'typed'\r")
  ok(t:expect "36\ttyped\r\n", "also where the terminal does not say that it is pasted")
  t:expect "> "
  ok(answers(t, "11 + 1", "+ 1") and discards(t) and answers(t, "7\r", printed "7"), "Ctrl-C discards the line")
  t:expect "> "
  ok(answers(t, "function g()\r", ">> ") and discards(t) and answers(t, "8\r", printed "8"),
    "and the lines before it")
  t:expect "> "
  ok(answers(t, "(function() print 'now' return #io.read() end)()\r", printed "now")
    and answers(t, "\195\164bc\r", "bc\r\n4\r\n"), "a statement can read a line")
  t:expect "> "
  leaves(t, 0, "Ctrl-D leaves")
  ok(not t.text:find("\0", 1, true), "and nothing odd was printed")
end

local function test_history(editor)
  local file = support.path("history-" .. editor .. "/a/b")
  local options = { environment = "ENGRAM_HISTORY=" .. quote(file) }
  local t = open(editor, options)
  t:send "for i = 1, 2 do\r\tprint(i + 70)\rend\r"
  t:expect "72\r\n"
  t:send "'needle'\r"
  t:expect(printed "needle")
  t:send "'last'\r'last'\r"
  t:expect(printed "last")
  t:expect(printed "last")
  t:expect "> "
  leaves(t, 0, "a session ends")
  is(support.read(file), "> for i = 1, 2 do\n>> \tprint(i + 70)\n>> end\n> 'needle'\n> 'last'\n",
    "its statements are in the file, those of several lines as one, the same one once")
  is(support.lines(("stat -c %%a %s %s/.."):format(quote(file), quote(file:match "(.*)/")))[1], "600",
    "which nobody else may read")
  is(support.lines(("stat -c %%a %s"):format(quote(file:match "(.*)/")))[1], "700",
    "nor the folders that were made for it")

  t = open(editor, options)
  ok(answers(t, up .. up .. up, "print(i + 70)") and answers(t, "\r", printed "71\r\n72"),
    "in the next one Up brings back a whole statement")
  t:expect "> "
  ok(answers(t, "\18need", "needle") and answers(t, "\r", printed "needle"), "Ctrl-R finds one")
  t:expect "> "
  ok(answers(t, up .. up .. down .. "\r", printed "needle"), "Down comes back")
  t:expect "> "
  t:send "\18need"
  t:rest()
  t:send(down .. down .. down .. down)
  t:rest()
  ok(answers(t, "\0052\0013\r", printed "32"), "from what was found as well, to the line that was left")
  t:expect "> "
  leaves(t, 0, "and it ends")
  t = open(editor, options)
  ok(answers(t, up .. up .. up .. up .. "\r", printed "last"), "older ones that are the same are gone")
  t:expect "> "
  leaves(t, 0, "it ends again")

  t = open(editor, { arguments = "--no-history", environment = options.environment })
  t:send "'unseen'\r"
  t:expect(printed "unseen")
  t:expect "> "
  leaves(t, 0, "--no-history leaves as well")
  ok(not support.read(file):find "unseen", "and writes nothing")

  local nowhere = support.path "nowhere"
  t = open(editor, { environment = "-u ENGRAM_HISTORY -u XDG_STATE_HOME HOME=" .. nowhere })
  t:send "'still'\r"
  ok(t:expect(printed "still"), "a home that is not there does not matter")
  t:expect "> "
  leaves(t, 0, "nor when leaving")
  local said = terminal.plain(t.text):gsub("^[^\n]*\n", "")
  ok(not said:find "nowhere" and not said:find "engram", "and nothing is said about it")
  ok(not io.open(nowhere), "nor is it made")

  support.write(file, "> 'a'\27]0;b\7\n>> \155\194\155c\27[2J\nnonsense\n> \n>> \255\254\n> 'end'\n")
  t = open(editor, options)
  t:send(up .. up .. up)
  local seen = t:rest()
  ok(seen:find "'a'" and not seen:find "[\7\1]" and not seen:find "\194[\128-\159]"
    and not seen:find "\27[]]" and not seen:find "\27%[2J",
    "what else stands in the file does no harm")
  discards(t)
  ok(answers(t, "5 + 5\r", printed "10"), "and the prompt goes on")
  t:expect "> "
  leaves(t, 0, "until it ends")
end

local function test_completion(editor)
  local t = open(editor, { arguments = with_candidates })
  ok(answers(t, "only = 77\rprint(on\t)\r", printed "77"), "Tab completes a word")
  t:expect "> "
  t:send "x = re\t"
  ok(t:expect "recall", "of several it inserts what they have in common")
  discards(t)
  t:send "x = rec\t"
  ok(t:expect "\r\nrecall  about recall\r\nrecent  about recent\r\nrecord  about record\r\n",
    "and lists them with their help")
  t:expect "x = rec"
  discards(t)
  t:send "x = r\t"
  ok(t:expect "recall  recent  record\r\n" and t:expect "x = rec", "without help in columns")
  discards(t)
  t:send "x = w\t"
  ok(t:expect "wei\195\159    weiter\r\n" and t:expect "x = wei", "common are whole characters")
  discards(t)
  ok(answers(t, "unlike = 'kept'\r", "> ") and answers(t, "unlike\t\t\r", printed "kept"),
    "where there is nothing to complete the word stays")
  t:expect "> "
  t:send "many\t"
  ok(t:expect "and 332 more\r\n", "no more than the terminal has room for")
  discards(t)
  t:send "x = boom\t\t\"\195\t\255\t(\t"
  t:rest()
  ok(discards(t) and answers(t, "5 + 6\r", printed "11"), "whatever is typed, Tab does no harm")
  t:expect "> "
  t:send "= {\r"
  t:expect ">> "
  t:send "on\t }"
  ok(t:expect "ly }" and answers(t, "\r", "{ 77 }"), "further lines are completed as well")
  t:expect "> "
  leaves(t, 0, "the session ends")
end

-- Interrupts what runs: the prompt comes back. The bound is generous, as the machine may be busy; 100
-- ms are meant. A session of its own for each, as a second one within a second ends the program.
local function stops(editor, statement, name)
  local t = open(editor)
  t:send "function begin() print 'ready' end\r"
  t:expect "> "
  t:send("begin() " .. statement .. "\r")
  t:expect "ready\r\n"
  t:rest(0.05)
  t:send(stop)
  local came, took = t:expect("\27[?2004h", 1)
  if not ok(came and answers(t, "'alive'\r", printed "alive"), "Ctrl-C stops " .. name) then
    tap.note(("%q"):format(t.text:sub(-300)))
  end
  tap.note(("%s: %.1f ms"):format(editor, 1e3 * (took or 0 / 0)))
  t:send "\4"
  t:finish()
end

local spread = "engram.graph.new({ { 0, 1 } }):spread(engram.vec { 1, 1 }, { steps = 4e9 })"
local statements = {
  { "while true do end", "a loop" },
  { "for i = 1, 1e9 do pcall(error) end", "one that catches errors" },
  { "while true do pcall(function() for i = 1, 1e5 do end end) end", "one that catches most of them" },
  { "coroutine.wrap(function() while true do end end)()", "a coroutine" },
  { "x = 1\rsetmetatable({}, { __tostring = function() while true do end end })",
    "what makes a value a text" },
  { "os.execute 'sleep 5'", "a command" },
  { "io.read()", "what waits for a line" },
  { spread, "a long call of the library" },
  { "x = {} for i = 1, 40 do x[i] = i end\rengram.statistics.permutation(x, x, { resamples = 1e9 })",
    "a loop of the library" },
  { "engram.rng():fill_normal(engram.matrix(6e4, 1000))", "random numbers" },
  { ("while true do pcall(function() %s end) end"):format(spread), "one whose error is caught" },
}

local function test_interrupts(editor)
  for _, row in ipairs(statements) do stops(editor, row[1], row[2]) end

  local t = open(editor)
  discards(t)
  t:send(stop)
  is(t:finish(), 130, "two at an empty prompt within a second leave with status 130")

  t = open(editor)
  discards(t)
  t:rest(1.1)
  ok(discards(t), "two that are further apart do not")
  leaves(t, 0, "as Ctrl-D does")

  t = open(editor)
  t:send "print 'ready' while true do xpcall(error, function() while true do end end) end\r"
  t:expect "ready\r\n"
  t:rest(0.1)
  t:send(stop)
  t:rest(0.1)
  t:send(stop)
  is(t:finish(), 130, "two while a statement runs leave with status 130")

  t = open(editor)
  t:signal(2)
  ok(t:expect "^C", "an interrupt that no key sent is heard at the prompt")
  t:expect "> "
  t:signal(15)
  is(t:finish(), 143, "a signal that ends the program does")
  ok(t.text:find("\27[?2004l", #t.text - 20, true), "and leaves the terminal in order")
end

local function test_windows(editor)
  local t = open(editor, { columns = 20 })
  local sum = "1" .. (" + 1"):rep(15)
  ok(answers(t, sum .. home .. "4\5 + 1\r", printed "57"), "a line may be longer than a row")
  t:rest()
  t:send(sum)
  t:resize(33, 10)
  t:rest()
  ok(answers(t, " + 1\r", printed "17"), "the window may change")
  t:rest()
  leaves(t, 0, "and the session ends")
end

local function test_picture()
  local columns = 20
  local t = terminal.open(("env TERM=xterm ENGRAM_EDITOR=builtin %s"):format(program), {
    columns = columns, rows = 8 })
  t:expect "is\r\n" -- the end of what stands above the first prompt
  t.text, t.read_to = t.text:sub(t.read_to), 1
  local function pictured(keys, expected, row, column, name)
    t:send(keys)
    t:rest(0.15)
    local lines, at_row, at_column = screen(t.text, columns, 8)
    if not (is(table.concat(lines, "|"), expected, name)
      and is(at_row .. "," .. at_column, row .. "," .. column, name .. ": the cursor")) then
      tap.note(("%q"):format(t.text))
    end
  end
  pictured("", "> ", 1, 3, "a prompt")
  pictured("123456789012345678", "> 123456789012345678|", 2, 1, "a full row")
  pictured("\127", "> 12345678901234567", 1, 20, "one less")
  pictured("\228\184\173x", "> 12345678901234567|\228\184\173x", 2, 4, "a wide character that has no room")
  pictured("\1", "> 12345678901234567|\228\184\173x", 1, 3, "at the beginning")
  pictured("a\204\136b", "> a\204\136b1234567890123456|7\228\184\173x", 1, 5, "one that combines")
  pictured("\27[D\127", "> b12345678901234567|\228\184\173x", 1, 3, "is erased with its mark")
  pictured("\5\21\27[200~a\rbc\td\27[201~", "> a|>> bc   d", 2, 10, "several lines with a tab")
  pictured("\27[A", "> a|>> bc   d", 1, 4, "up")
  pictured("\27[B\2", "> a|>> bc   d", 2, 4, "down")
  pictured("\27[F" .. ("\27[200~\nx\27[201~"):rep(9),
    ">> x|>> x|>> x|>> x|>> x|>> x|>> x|>> x", 8, 5, "more lines than rows")
  pictured("\127\11", ">> x|>> x|>> x|>> x|>> x|>> x|>> x|>> ", 8, 4, "the last of them")
  t:send "\3"
  t:rest()
  t:send "\4"
  is(t:finish(), 0, "the end of pictures")
end

local function test_stop(editor)
  local t = terminal.open(("sh -ic 'env TERM=xterm ENGRAM_EDITOR=%s %s; echo status $?; fg; echo over'")
    :format(editor, program))
  t:expect "> "
  t:send "1 + "
  t:expect "+ "
  t:send "\26"
  local stopped = t:expect "status 148"
  t:expect "> 1 + "
  ok(stopped and answers(t, "5\r", printed "6"), "Ctrl-Z stops the program, and the line is there when it goes on")
  t:expect "> "
  t:send "\4"
  ok(t:expect "over", "and it ends")
  t:finish()
end

-- The editors that are there.
local known = support.lines(program .. " --editor nonsense 2>&1")[1]
for _, editor in ipairs { "libedit", "builtin" } do
  if known:find(editor, 1, true) then
    tap.note(editor)
    test_editing(editor)
    test_history(editor)
    test_completion(editor)
    test_interrupts(editor)
    test_windows(editor)
    test_stop(editor)
  else
    tap.skip("the prompt with " .. editor, "it was not built")
  end
end
if known:find("builtin", 1, true) then test_picture() end

-- ---- without an editor

local function test_plain(environment, name)
  local t = terminal.open(("env %s %s"):format(environment, program))
  t:expect "> "
  ok(answers(t, "6 * 7\n", "\n42\r\n"), name .. " lines are read as they come")
  t:expect "> "
  t:send "print 'ready' while true do end\n"
  t:expect "\nready\r\n"
  t:send(stop)
  ok(t:expect "interrupted" and t:expect "> ", "and interrupts come back to the prompt")
  t:rest(1.1)
  t:send(stop)
  ok(t:expect "\n> ", "at the prompt as well")
  t:send "\4"
  is(t:finish(), 0, "Ctrl-D leaves")
  ok(not t.text:gsub("\27%[%d*m", ""):find "\27", "there are no escape sequences, but for colours")
  return t.text
end
ok(not test_plain("TERM=dumb", "on a dumb terminal"):find "\27",
  "nor colours")
test_plain("TERM=xterm ENGRAM_EDITOR=none", "without an editor")

local out, err, status = support.run(("ENGRAM_EDITOR=vi %s -e ''"):format(program))
ok(status == 2 and out == "" and err:find("ENGRAM_EDITOR=vi: expected auto", 1, true), "an editor that is none is told")
local t = terminal.open(("env TERM=xterm %s | cat"):format(program))
t:send "6 * 7\n"
t:expect "42\r\n"
t:send "\4"
t:rest()
is(t.text:gsub("\r", ""), "6 * 7\n42\n\n", "where the output goes elsewhere there are answers alone")
t:finish()

support.done()
