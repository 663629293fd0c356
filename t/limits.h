/* limits.h - what this machine can do at most, measured: bytes, fused multiply-adds, gathers.
 * SPDX-License-Identifier: MIT */
#ifndef LIMITS_H
#define LIMITS_H

#include "engram.h"

#include <stddef.h>
#include <stdint.h>

/* Where a working set sits. */
enum level { IN_L1, IN_L2, IN_L3, IN_DRAM, LEVELS };
extern const char *const level_names[LEVELS];

/* Bytes of a working set well inside a level, and too large for the one before; from the system's
 * description of its caches, or as most machines have them. */
size_t level_bytes(enum level level);

/* The best loop for one limit, chosen when it is first asked for. */
struct limit {
    int kind;      /* ENGRAM_LIMIT_... */
    size_t bytes;  /* of the working set; 0 where it means nothing */
    uint32_t loop; /* which of its kind */
    double amount; /* of one run, in the units of its kind */
    double rate;   /* amounts a second */
};

/* The limit of a kind for a working set, by the best loop of all rungs; measured once. */
struct limit *limit_of(int kind, size_t bytes);

/* The peak of the i-th rung; rate 0 if this machine, or the build, does not have it. */
struct limit limit_fma(uint32_t i);

/* Runs a limit's loop once; data is a struct limit. For struct contender. */
void limit_run(void *data);

#endif
