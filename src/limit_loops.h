/* limit_loops.h - loops that do nothing but reach a limit of the machine, compiled for each rung.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_LIMIT_LOOPS_H
#define ENGRAM_LIMIT_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/* Counts are multiples of ENGRAM_LIMIT_STEP, of which a quarter is a multiple of eight registers. */
struct engram_limit_loops {
    void (*read)(const float *p, size_t n);
    void (*read_abreast)(const float *p, size_t n); /* as four runs side by side */
    void (*write)(float *p, size_t n);
    void (*fma)(size_t rounds);
    double fma_flops;                                                 /* of a round */
    void (*gather)(const float *table, const uint32_t *at, size_t n); /* one load a place */
    void (*gather_registers)(const float *table, const uint32_t *at, size_t n); /* NULL: none */
};

extern const struct engram_limit_loops engram_limit_loops_ref, engram_limit_loops_neon,
    engram_limit_loops_avx2, engram_limit_loops_avx512;

#endif
