-- Scripts run in LuaJIT and write no globals.
std = "luajit"
max_line_length = 120 -- 100 is the rule; a test may hold a message whole
