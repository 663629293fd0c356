/* topk.c - the best k of many scores: the doors, and the reference that defines them.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/heap.h"
#include "dispatch.h"
#include "host.h"

int engram_top_k_f32(const float *scores, size_t n, uint32_t first, const uint64_t *keep,
                     const uint32_t *generations, size_t k, struct engram_hit *hits, size_t *count)
{
    ENGRAM_NEED(count);
    if (n == 0 || k == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(scores);
    ENGRAM_NEED(hits);
    if (*count > k)
        return engram_fail(ENGRAM_EDIM, "engram_top_k_f32: *count is %zu, more than k, %zu", *count,
                           k);
    if (n > (uint64_t)UINT32_MAX + 1 - first)
        return engram_fail(ENGRAM_EDIM,
                           "engram_top_k_f32: %zu scores from slot %u pass the last slot", n,
                           (unsigned)first);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(top_k_f32)(scores, n, first, keep, generations, k, hits, count);
    engram_count(KERNEL_top_k_f32, n, begun);
    return status;
}

void engram_hits_sort(struct engram_hit *hits, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        engram_heap_sink(hits, n, i, hits[i]);
    engram_heap_sort(hits, n);
}

int engram_top_k_f32_ref(const float *scores, size_t n, uint32_t first, const uint64_t *keep,
                         const uint32_t *generations, size_t k, struct engram_hit *hits,
                         size_t *count)
{
    engram_heap_of_run(hits, *count);
    for (size_t i = 0; i < n; i++) {
        uint32_t slot = first + (uint32_t)i;
        if (*count == k && !(scores[i] >= hits[0].score))
            continue;
        if (keep && !engram_bit(keep, slot))
            continue;
        uint64_t generation = generations ? generations[slot] : 0;
        engram_heap_offer(hits, k, count,
                          (struct engram_hit){.id = generation << 32 | slot, .score = scores[i]});
    }
    engram_heap_sort(hits, *count);
    return ENGRAM_OK;
}
