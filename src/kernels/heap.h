/* heap.h - the best k of many: a heap of hits whose root is the worst one kept.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_HEAP_H
#define ENGRAM_KERNELS_HEAP_H

#include "engram.h"

#include <stdbool.h>

/* The order of a run: higher scores first, NaN last, ties by lower id. */
static inline bool engram_before(struct engram_hit a, struct engram_hit b)
{
    if (a.score > b.score)
        return true;
    if (a.score < b.score)
        return false;
    bool a_nan = a.score != a.score, b_nan = b.score != b.score;
    return a_nan == b_nan ? a.id < b.id : b_nan;
}

/* Puts a hit where the heap of n has a hole at i, walking down past worse ones. */
static inline void engram_heap_sink(struct engram_hit *heap, size_t n, size_t i,
                                    struct engram_hit hit)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && engram_before(heap[child], heap[child + 1]))
            child++;
        if (engram_before(heap[child], hit))
            break;
        heap[i] = heap[child];
    }
    heap[i] = hit;
}

/* Offers a hit to the best k; NaN is never taken. */
static inline void engram_heap_offer(struct engram_hit *heap, size_t k, size_t *n,
                                     struct engram_hit hit)
{
    if (*n == k) {
        if (k && engram_before(hit, heap[0]) && hit.score == hit.score)
            engram_heap_sink(heap, k, 0, hit);
        return;
    }
    if (hit.score != hit.score)
        return;
    size_t i = (*n)++;
    for (size_t parent; i && engram_before(heap[parent = (i - 1) / 2], hit); i = parent)
        heap[i] = heap[parent];
    heap[i] = hit;
}

/* Makes a heap of a run: read backwards it is one, so nothing else is kept between two calls. */
static inline void engram_heap_of_run(struct engram_hit *run, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        struct engram_hit hit = run[i];
        run[i] = run[--n];
        run[n] = hit;
    }
}

/* Makes a run of a heap: the worst leaves the root for the end, again and again. */
static inline void engram_heap_sort(struct engram_hit *heap, size_t n)
{
    while (n > 1) {
        struct engram_hit last = heap[--n];
        heap[n] = heap[0];
        engram_heap_sink(heap, n, 0, last);
    }
}

#endif
