-- engram.compiled: what is compiled and what is not. Compiled loops do not hear interrupts, so that
-- what the prompt runs is not compiled, while the library's own modules are.
local compiled = {}

-- compiled.off(chunk) -> chunk, never compiled from now on, nor are the functions in it
function compiled.off(chunk)
  jit.off(chunk, true)
  return chunk
end

return compiled
