-- engram.episodes: lists of episodes as scripts hand them over, and the one order they are put in.
local check = require "engram.check"
local vec = require "engram.vec"

local episodes = {}

-- episodes.list(given, fname, expected) -> a copy of a list of { id =, vector =, created =,
-- confidence = } in ascending order of ids, and the length of its vectors, 1 if there are none
function episodes.list(given, fname, expected)
  check.arg(type(given) == "table", fname, 1, expected, given)
  local list, dim = {}, nil
  for i = 1, #given do -- not ipairs, which would pass over what comes after a nil
    local e = given[i]
    check.arg(type(e) == "table", fname, 1, ("an episode at %d"):format(i), e)
    check.arg(check.id(e.id), fname, 1, ("an id at %d"):format(i), e.id)
    check.arg(vec.is(e.vector), fname, 1, ("a vector at %d"):format(i), e.vector)
    dim = dim or e.vector.n
    check.arg(e.vector.n == dim, fname, 1, ("a vector of length %d at %d"):format(dim, i), e.vector)
    check.arg(e.created == nil or check.finite(e.created), fname, 1, ("a time at %d"):format(i),
      e.created)
    check.arg(e.confidence == nil or check.finite(e.confidence), fname, 1,
      ("a confidence at %d"):format(i), e.confidence)
    list[i] = e
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  for i = 2, #list do
    check.arg(list[i].id ~= list[i - 1].id, fname, 1, "every id once", list[i].id)
  end
  return list, dim or 1
end

return episodes
