-- engram.sampler: LuaJIT's sampling profiler: where the time of a call goes, by line and by what
-- the virtual machine does there.
local compiled = require "engram.compiled"
local source = require "engram.source"
local units = require "engram.units"
local profile = require "jit.profile"

local sampler = {}

-- What LuaJIT calls them, in the order of reports.
sampler.states = { { "N", "compiled" }, { "I", "interpreted" }, { "C", "in C" },
  { "G", "collecting garbage" }, { "J", "compiling" } }

-- The innermost function in Lua of a thread: its level, and what debug.getinfo tells of it. C
-- functions below it count for the line that calls them.
local function innermost(thread)
  for level = 0, 20 do
    local info = debug.getinfo(thread, level, "Slf")
    if not info then return nil end
    if info.currentline > 0 then return level, info end
  end
end

-- The zone that a script says it is in, by LuaJIT's jit.zone.
local function zone()
  local zones = package.loaded["jit.zone"]
  return zones and zones:get()
end

-- sampler.run(look, f, ...) -> samples: { total =, states = { N =, .. }, zones = { name = count },
-- lines = { [place] = { place =, source =, number =, total =, N =, .. } } } while f(...) runs;
-- look(thread, level, info, state, line) sees each sample, unless it is nil. An error of f's is
-- raised when the profiler is off.
function sampler.run(look, f, ...)
  local samples = { total = 0, states = {}, zones = {}, lines = {} }
  for _, state in ipairs(sampler.states) do samples.states[state[1]] = 0 end

  local function sample(thread, count, state)
    samples.total = samples.total + count
    samples.states[state] = samples.states[state] + count
    local name = zone()
    if name then samples.zones[name] = (samples.zones[name] or 0) + count end
    local level, info = innermost(thread)
    if not level then return end
    local place = source.place(info.source, info.currentline)
    local line = samples.lines[place]
    if not line then
      line = { place = place, source = info.source, number = info.currentline, total = 0 }
      samples.lines[place] = line
    end
    line.total = line.total + count
    line[state] = (line[state] or 0) + count
    if look then look(thread, level, info, state, line) end
  end

  profile.start("li1", compiled.never(sample)) -- lines, and a sample a millisecond at most
  local ran, failure = pcall(f, ...)
  profile.stop()
  if not ran then error(failure, 0) end
  return samples
end

-- sampler.shares(samples) -> { compiled =, .. }: parts of all samples, 0 without any
function sampler.shares(samples)
  local shares = {}
  for _, state in ipairs(sampler.states) do
    shares[state[2]] = samples.total > 0 and samples.states[state[1]] / samples.total or 0
  end
  return shares
end

-- sampler.list(shares) -> "61 % compiled, 39 % interpreted"
function sampler.list(shares)
  local words = {}
  for _, state in ipairs(sampler.states) do
    local share = shares[state[2]]
    if share > 0 then words[#words + 1] = units.share(share) .. " " .. state[2] end
  end
  return table.concat(words, ", ")
end

return sampler
