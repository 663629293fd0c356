/* topk_simd.c - the best k of many scores, over registers of any width.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/heap.h"
#include "kernels/simd.h"
#include "dispatch.h"
#include "host.h"

#include <math.h>

/* A few registers at a time, since most hold no score that is good enough. */
enum { REGISTERS = 4, BLOCK = REGISTERS * VF };

/* What a score must reach to be among the best k: any number will do while there is room. Rounded
 * to float it may be a little less, never more than the next score up; the heap looks again. */
static inline float least(const struct engram_hit *hits, size_t worst, size_t count, size_t k)
{
    return count == k ? (float)hits[worst].score : -INFINITY;
}

/* Which of the first scores reach that, as bits. */
static inline uint64_t reaching(float least, const float *scores, size_t n)
{
    uint64_t found = 0;
    if (n >= BLOCK)
        EACH (r, REGISTERS)
            found |= (uint64_t)vm_bits(vf_at_most(vf_set(least), vf_load(scores + r * VF)))
                     << r * VF;
    else
        for (size_t i = 0; i < n; i++)
            found |= (uint64_t)(scores[i] >= least) << i;
    return found;
}

int NAME(engram_top_k_f32)(const float *scores, size_t n, uint32_t first, const uint64_t *keep,
                           const uint32_t *generations, size_t k, struct engram_hit *hits,
                           size_t *count)
{
    size_t i = 0;
    while (i < n && !reaching(least(hits, k - 1, *count, k), scores + i, n - i))
        i += BLOCK;
    if (i >= n)
        return ENGRAM_OK;
    engram_heap_of_run(hits, *count);
    for (; i < n; i += BLOCK) {
        uint64_t found = reaching(least(hits, 0, *count, k), scores + i, n - i);
        for (; found; found &= found - 1) {
            size_t at = i + (size_t)__builtin_ctzll(found);
            uint32_t slot = first + (uint32_t)at;
            if (keep && !engram_bit(keep, slot))
                continue;
            uint64_t generation = generations ? generations[slot] : 0;
            engram_heap_offer(
                hits, k, count,
                (struct engram_hit){.id = generation << 32 | slot, .score = (double)scores[at]});
        }
    }
    engram_heap_sort(hits, *count);
    return ENGRAM_OK;
}
