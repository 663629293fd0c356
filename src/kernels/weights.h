/* weights.h - what all versions of k-winners share: an order of floats, and the search for the bar
 * that the best k reach. SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_WEIGHTS_H
#define ENGRAM_KERNELS_WEIGHTS_H

#include "kernels/elementary.h"

#include <stddef.h>

/* The bits of infinity, without the sign: keys of numbers lie within these on both sides of 0. */
enum { ENGRAM_KEY_MOST = 0x7f800000 };

/* Whole numbers in the order of the floats, -0 equal to +0 and NaN least of all. Subnormal numbers
 * are in order too, whatever the host makes of them. */
static inline int32_t engram_key(float x)
{
    uint32_t bits = engram_bits_f32(x);
    int32_t size = (int32_t)(bits & 0x7fffffff);
    return size > ENGRAM_KEY_MOST ? INT32_MIN : bits >> 31 ? -size : size;
}

/* How many of n elements have at least this key. */
typedef size_t engram_count_from(const float *x, size_t n, int32_t key);

/* What an element must reach: beyond `key` all win, of those at it the first `ties`. */
struct engram_bar {
    int32_t key;
    size_t ties;
};

/* Halves the range of keys until as many reach the middle as may win, 0 < k: in some twenty passes
 * over different numbers, 32 at most. Guessing from the counts where the bar lies took more. */
static inline __attribute__((always_inline)) struct engram_bar
engram_bar_of(const float *x, size_t n, size_t k, engram_count_from *count_from)
{
    int64_t low = -ENGRAM_KEY_MOST, high = (int64_t)ENGRAM_KEY_MOST + 1;
    size_t from_high = 0; /* how many reach that, fewer than k */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        size_t count = count_from(x, n, (int32_t)middle);
        if (count == k)
            return (struct engram_bar){.key = (int32_t)middle, .ties = n};
        if (count > k) {
            low = middle;
        } else {
            high = middle;
            from_high = count;
        }
    }
    return (struct engram_bar){.key = (int32_t)low, .ties = k - from_high};
}

#endif
