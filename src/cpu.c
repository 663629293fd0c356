/* cpu.c - which rungs of the ladder of instruction sets this machine and its system offer.
 * SPDX-License-Identifier: MIT */
#include "cpu.h"

#if defined __x86_64__
#include <cpuid.h>

/* Conversions of half floats, which not every compiler's builtin knows by name. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

const char *const engram_rung_names[RUNGS] = {"ref", "neon", "avx2", "avx512", "avx512vnni"};

/* Every feature that a rung's compiler flags allow is asked for; the builtins also ask whether the
 * system saves the registers. */
bool engram_cpu_has(enum engram_rung rung)
{
    if (rung == RUNG_ref)
        return true;
#if defined __aarch64__
    return rung == RUNG_neon; /* a part of the architecture */
#elif defined __x86_64__
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    bool vnni =
        avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq");
    return (rung == RUNG_avx2 && avx2) || (rung == RUNG_avx512 && avx512) ||
           (rung == RUNG_avx512vnni && vnni);
#else
    return false;
#endif
}
