-- engram.decay: laws of forgetting over arrays and hits.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local vec = require "engram.vec"

local decay = {}

local function positive(options, name, fname)
  local x = options[name]
  check.arg(check.finite(x) and x > 0, fname, name, "a number > 0", x)
  return x
end

-- The law that options name, whatever else they are about.
local function law_of(options, fname)
  local law = ffi.new "struct engram_law"
  law.size = ffi.sizeof(law)
  local ways = (options.tau_s and 1 or 0) + (options.half_life_s and 1 or 0)
    + (options.beta and 1 or 0)
  if ways ~= 1 then
    check.raise("bad options to '%s' (one of tau_s, half_life_s, or unit_s with beta expected)",
      fname)
  end
  if options.beta then
    law.curve = C.ENGRAM_POWER_LAW
    law.unit_s, law.beta = positive(options, "unit_s", fname), positive(options, "beta", fname)
  else
    law.curve = C.ENGRAM_EXPONENTIAL
    law.tau_s = options.tau_s and positive(options, "tau_s", fname)
      or C.engram_tau_s(positive(options, "half_life_s", fname))
  end
  return law
end

-- decay.law { tau_s = } | { half_life_s = } | { unit_s =, beta = } -> struct engram_law
function decay.law(options, fname)
  return law_of(check.options(options, { tau_s = check.none, half_life_s = check.none,
    unit_s = check.none, beta = check.none }, fname), fname)
end

-- Ages as C wants them: pointer, type, and length (nil: unknown).
local function ages_of(ages, fname, position)
  if vec.is(ages) then return ages.data, C.ENGRAM_AGE_F32, ages.n end
  if type(ages) == "table" then
    local doubles = ffi.new("double[?]", #ages)
    for i = 1, #ages do
      check.arg(type(ages[i]) == "number", fname, position, ("an age at %d"):format(i), ages[i])
      doubles[i - 1] = ages[i]
    end
    return doubles, C.ENGRAM_AGE_F64, #ages
  end
  if type(ages) == "cdata" then
    local name = tostring(ffi.typeof(ages)):match "<(.*)>" or ""
    local kind = name:find "double" and C.ENGRAM_AGE_F64 or name:find "float" and C.ENGRAM_AGE_F32
      or (name:find "uint64_t" or name:find "unsigned long") and C.ENGRAM_AGE_U64
    if kind then
      local element = kind == C.ENGRAM_AGE_F32 and 4 or 8
      local bytes = name:find "%[" and ffi.sizeof(ages)
      return ages, kind, bytes and bytes / element
    end
  end
  check.arg(false, fname, position,
    "ages: a vec, a table, or an array of double, float or uint64_t", ages)
end

-- decay.apply(strengths, ages, options) -> vec
function decay.apply(strengths, ages, options)
  local fname = "engram.decay"
  local o = check.options(options, { tau_s = check.none, half_life_s = check.none,
    unit_s = check.none, beta = check.none, into = check.none, clamp = true }, fname)
  local per_element = vec.is(o.tau_s) and o.tau_s
  if per_element then o.tau_s = 1 end -- the law's is not used then
  local law = law_of(o, fname)
  strengths = vec.of(strengths, fname, 1)
  local pointer, kind, n = ages_of(ages, fname, 2)
  check.arg(n == nil or n == strengths.n, fname, 2, ("%d ages"):format(strengths.n), n)
  if per_element then
    check.arg(per_element.n == strengths.n, fname, "tau_s",
      ("a vec of length %d"):format(strengths.n), per_element)
  end
  local out = o.into or vec.new(strengths.n)
  check.arg(vec.is(out) and out.n == strengths.n, fname, "into",
    ("a vec of length %d"):format(strengths.n), out)
  check.status(C.engram_decay_f32(law, per_element and per_element.data or nil, strengths.data,
    pointer, kind, o.clamp and 0 or C.ENGRAM_UNCLAMPED, strengths.n, out.data))
  return out
end

-- decay.hits(run, options, slot_of): scores times R(age), ages by slot; in order again.
function decay.hits(run, options, slot_of)
  local fname = "hits:decay"
  local o = check.options(options, { tau_s = check.none, half_life_s = check.none,
    unit_s = check.none, beta = check.none, ages_s = check.none }, fname)
  local law = law_of(o, fname)
  local pointer, kind, n = ages_of(o.ages_s, fname, "ages_s")
  local left = ffi.new "float[1]"
  local element = ffi.typeof(kind == C.ENGRAM_AGE_F32 and "float[1]"
    or kind == C.ENGRAM_AGE_F64 and "double[1]"
    or "uint64_t[1]")
  local age = element()
  for i = 0, run.n - 1 do
    local slot = slot_of(run.hit[i])
    check.arg(n == nil or slot < n, fname, "ages_s", ("an age for slot %d"):format(slot), n)
    age[0] = pointer[slot]
    check.status(C.engram_decay_f32(law, nil, nil, age, kind, 0, 1, left))
    run.hit[i].score = run.hit[i].score * left[0]
  end
  run.parts = nil -- they no longer explain the score
  C.engram_hits_sort(run.hit, run.n)
  return run
end

-- decay.tau_s(half_life_s) -> the time constant of a half-life
function decay.tau_s(half_life_s)
  check.arg(check.finite(half_life_s) and half_life_s > 0, "decay.tau_s", 1, "a number > 0",
    half_life_s)
  return C.engram_tau_s(half_life_s)
end

return setmetatable(decay, {
  __call = function(_, strengths, ages, options) return decay.apply(strengths, ages, options) end,
})
