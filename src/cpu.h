/* cpu.h - which rungs of the ladder of instruction sets this machine and its system offer.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_CPU_H
#define ENGRAM_CPU_H

#include <stdbool.h>

/* From the most portable to the fastest. A machine has the rungs of one family: ref and neon, or
 * ref and the first few of avx2 .. avx512vnni. */
enum engram_rung { RUNG_ref, RUNG_neon, RUNG_avx2, RUNG_avx512, RUNG_avx512vnni, RUNGS };

extern const char *const engram_rung_names[RUNGS];
#define ENGRAM_RUNG_WORDS "ref neon avx2 avx512 avx512vnni" /* the same in a line */

/* Whether this machine has a rung, built or not. */
bool engram_cpu_has(enum engram_rung rung);

#endif
