/* scratch.h - an arena under a mark, for the length of one call.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_SCRATCH_H
#define ENGRAM_SCRATCH_H

#include "engram.h"

#include <stdbool.h>

struct engram_scratch {
    engram_arena *arena;
    struct engram_mark mark;
};

/* The given arena, or the calling thread's for NULL; false if the thread can have none. */
static inline bool engram_scratch_open(struct engram_scratch *scratch, engram_arena *given)
{
    scratch->arena = given ? given : engram_arena_thread();
    if (scratch->arena)
        engram_arena_mark(scratch->arena, &scratch->mark);
    return scratch->arena != NULL;
}

static inline void engram_scratch_close(struct engram_scratch *scratch)
{
    engram_arena_release(scratch->arena, &scratch->mark);
}

/* In spreading.c: reads, checks and completes the options of the frontier kernel. */
int engram_frontier_options(const char *function, const struct engram_frontier *frontier,
                            struct engram_frontier *own);

#endif
