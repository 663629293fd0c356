/* cpu.h - which rungs of the ladder of instruction sets this machine and its system offer.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_CPU_H
#define ENGRAM_CPU_H

/* From the most portable to the fastest; a machine that has one has those before it. */
enum engram_rung { RUNG_ref, RUNG_avx2, RUNG_avx512, RUNGS };

extern const char *const engram_rung_names[RUNGS];

/* The highest rung of this machine, whether or not it was built. */
enum engram_rung engram_cpu_rung(void);

#endif
