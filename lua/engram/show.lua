-- engram.show: values as the prompt prints them.
local show = {}

-- show.print(...): the values of an expression, to standard output
function show.print(...)
  print(...)
end

return show
