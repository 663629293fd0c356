/* limits.h - what this machine can do at most, measured: bytes, fused multiply-adds, gathers.
 * SPDX-License-Identifier: MIT */
#ifndef LIMITS_H
#define LIMITS_H

#include "cpu.h"

#include <stddef.h>
#include <stdint.h>

/* Where a working set sits. */
enum level { IN_L1, IN_L2, IN_L3, IN_DRAM, LEVELS };
extern const char *const level_names[LEVELS];

/* Bytes of a working set well inside a level, and too large for the one before; from the system's
 * description of its caches, or as most machines have them. */
size_t level_bytes(enum level level);

enum limit_kind {
    LIMIT_READ,  /* bytes read */
    LIMIT_WRITE, /* bytes read, changed and written, counted once */
    LIMIT_FMA,   /* floating-point operations, two for a fused multiply-add; bytes means nothing */
    LIMIT_GATHER /* floats read at random places of `bytes` bytes, their indices read in order */
};

/* The best loop for one limit, chosen when it is first asked for. */
struct limit {
    enum limit_kind kind;
    size_t bytes;
    enum engram_rung rung;
    int second;    /* whether it is the second loop of its kind and rung */
    double amount; /* of one run, in the units above */
    double rate;   /* amounts a second */
};

/* The limit of a kind for a working set, by the best loop of all rungs; measured once. */
struct limit *limit_of(enum limit_kind kind, size_t bytes);

/* The peak of one rung; rate 0 if this machine, or the build, does not have it. */
struct limit limit_fma(enum engram_rung rung);

/* Runs a limit's loop once; data is a struct limit. For struct contender. */
void limit_run(void *data);

/* The loops, compiled for each rung in limits_loops.c. Counts are multiples of 32 registers. */
struct limit_loops {
    void (*read)(const float *p, size_t n);
    void (*read_abreast)(const float *p, size_t n); /* as four runs side by side */
    void (*write)(float *p, size_t n);
    void (*fma)(size_t rounds);
    double fma_flops;                                                 /* of a round */
    void (*gather)(const float *table, const uint32_t *at, size_t n); /* one load a place */
    void (*gather_registers)(const float *table, const uint32_t *at, size_t n); /* NULL: none */
};

extern const struct limit_loops limit_loops_ref, limit_loops_neon, limit_loops_avx2,
    limit_loops_avx512;

#endif
