-- engram.decay: laws of forgetting over arrays and hits.
local ffi = require "ffi"
local C = require "engram.ffi"
local check = require "engram.check"
local vec = require "engram.vec"

local decay = {}

-- Curves by name: the parameters of each, with what stands for those that are left out.
local curves = {
  exponential = { C.ENGRAM_EXPONENTIAL, tau_s = true },
  power = { C.ENGRAM_POWER_LAW, unit_s = true, beta = true },
  ["two-component"] = { C.ENGRAM_TWO_COMPONENT, tau_s = true, unit_s = true, beta = true,
    recalls = 3 },
  mixture = { C.ENGRAM_MIXTURE, tau_s = true, unit_s = true, beta = true, weight = true },
  savings = { C.ENGRAM_SAVINGS, unit_s = 60, k = 1.84, c = 1.25 }, -- Ebbinghaus's own
}
local parameters = { "tau_s", "unit_s", "beta", "weight", "k", "c", "recalls" }

local function positive(x, fname, name)
  check.arg(check.finite(x) and x > 0, fname, name, "a number > 0", x)
  return x
end

local function parameter(x, fname, name)
  if name == "weight" then
    check.arg(check.finite(x) and x >= 0 and x <= 1, fname, name, "a number in 0 .. 1", x)
  elseif name == "recalls" then
    check.arg(check.count(x) and x < 2 ^ 32, fname, name, "a count", x)
  else
    positive(x, fname, name)
  end
  return x
end

-- The curve that options name, or the simple one whose parameters they have.
local function curve_of(o, fname)
  if o.curve ~= nil then
    check.arg(curves[o.curve], fname, "curve",
      "exponential, power, two-component, mixture or savings", o.curve)
    return o.curve
  end
  local ways = (o.tau_s and 1 or 0) + (o.half_life_s and 1 or 0) + (o.beta and 1 or 0)
  if ways ~= 1 then
    check.raise("bad options to '%s' (one of tau_s, half_life_s, or unit_s with beta expected)",
      fname)
  end
  return o.beta and "power" or "exponential"
end

-- The law that options name, whatever else they are about. own: parameters that the elements have
-- themselves, so that the law may be without them.
local function law_of(o, fname, own)
  local name, law = curve_of(o, fname), ffi.new "struct engram_law"
  local curve = curves[name]
  law.size, law.curve = ffi.sizeof(law), curve[1]
  if o.half_life_s ~= nil then
    if not curve.tau_s or o.tau_s ~= nil then
      check.raise("bad options to '%s' (the %s curve has no half_life_s%s)", fname, name,
        curve.tau_s and " beside tau_s" or "")
    end
    law.tau_s = C.engram_tau_s(positive(o.half_life_s, fname, "half_life_s"))
  end
  for _, key in ipairs(parameters) do
    local x = o[key]
    if not curve[key] then
      if x ~= nil then
        check.raise("bad options to '%s' (the %s curve has no %s)", fname, name, key)
      end
    elseif x == nil and curve[key] ~= true then
      law[key] = curve[key]
    elseif not (x == nil and (own and own[key] or key == "tau_s" and o.half_life_s)) then
      law[key] = parameter(x, fname, key)
    end
  end
  return law
end

-- The names of a law's options, and of those beside it.
local function known_with(names)
  names.curve, names.half_life_s = check.none, check.none
  for _, key in ipairs(parameters) do names[key] = check.none end
  return names
end

-- decay.law { tau_s = } | { half_life_s = } | { unit_s =, beta = } | { curve = "mixture", ... }
-- -> struct engram_law
local law_known = known_with {}
function decay.law(options, fname)
  fname = fname or "decay.law"
  return law_of(check.options(options, law_known, fname), fname)
end

-- decay.options(law) -> what decay.law takes for it: the name of its curve, and its parameters
function decay.options(law)
  for name, curve in pairs(curves) do
    if curve[1] == law.curve then
      local options = { curve = name }
      for _, key in ipairs(parameters) do
        if curve[key] then options[key] = law[key] end
      end
      return options
    end
  end
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

-- How often each of n elements was recalled, as C wants it.
local function counts_of(counts, n, fname)
  if type(counts) == "cdata" and tostring(ffi.typeof(counts)):find "unsigned int" then
    return counts
  end
  check.arg(type(counts) == "table" and #counts == n, fname, "recalled",
    ("a table of %d counts or an array of uint32_t"):format(n), counts)
  local array = ffi.new("uint32_t[?]", n)
  for i = 1, n do
    check.arg(check.count(counts[i]) and counts[i] < 2 ^ 32, fname, "recalled",
      ("a count at %d"):format(i), counts[i])
    array[i - 1] = counts[i]
  end
  return array
end

-- What each of n elements has of its own, taken out of the options: the struct, the names of the
-- parameters it stands for, and what it points to.
local function each_of(o, n, fname)
  local each, own = ffi.new "struct engram_law_each", {}
  each.size = ffi.sizeof(each)
  local scale = vec.is(o.tau_s) and o.scale_s == nil and "tau_s" or "scale_s"
  if scale == "tau_s" then o.curve = o.curve or "exponential" end
  if vec.is(o.beta) then o.curve, own.beta = o.curve or "power", true end
  local vecs = { [scale] = o[scale], beta = own.beta and o.beta or nil }
  for name, v in pairs(vecs) do
    check.arg(vec.is(v) and v.n == n, fname, name, ("a vec of length %d"):format(n), v)
    each[name == "beta" and name or "scale_s"], o[name] = v.data, nil
  end
  local simple = o.curve == "exponential" or o.curve == "power"
  if vecs[scale] and simple then own.tau_s, own.unit_s = true, true end
  vecs.recalled = o.recalled ~= nil and counts_of(o.recalled, n, fname) or nil
  each.recalls = vecs.recalled
  return each, own, vecs
end

-- decay.apply(strengths, ages, options) -> vec
local apply_known = known_with { scale_s = check.none, recalled = check.none, into = check.none,
  clamp = true }
function decay.apply(strengths, ages, options)
  local fname = "engram.decay"
  local o = check.options(options, apply_known, fname)
  strengths = vec.of(strengths, fname, 1)
  local each, own, anchors = each_of(o, strengths.n, fname)
  local law = law_of(o, fname, own)
  local pointer, kind, n = ages_of(ages, fname, 2)
  check.arg(n == nil or n == strengths.n, fname, 2, ("%d ages"):format(strengths.n), n)
  local out = o.into or vec.new(strengths.n)
  check.arg(vec.is(out) and out.n == strengths.n, fname, "into",
    ("a vec of length %d"):format(strengths.n), out)
  check.status(C.engram_decay_f32(law, each, strengths.data, pointer, kind,
    o.clamp and 0 or C.ENGRAM_UNCLAMPED, strengths.n, out.data))
  anchors.recalled = nil -- alive until here
  return out
end

-- decay.hits(run, options, slot_of): scores times R(age), ages by slot; in order again.
local hits_known = known_with { ages_s = check.none }
function decay.hits(run, options, slot_of)
  local fname = "hits:decay"
  local o = check.options(options, hits_known, fname)
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
  run.with_parts = 0 -- they no longer explain the score
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
