/* cpu.c - which rungs of the ladder of instruction sets this machine and its system offer.
 * SPDX-License-Identifier: MIT */
#include "cpu.h"

const char *const engram_rung_names[RUNGS] = {"ref", "avx2", "avx512"};

/* Every feature that a rung's compiler flags allow is asked for; the builtins also ask whether the
 * system saves the registers. */
enum engram_rung engram_cpu_rung(void)
{
#if defined __x86_64__
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return RUNG_ref;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return RUNG_avx2;
    return RUNG_avx512;
#else
    return RUNG_ref;
#endif
}
