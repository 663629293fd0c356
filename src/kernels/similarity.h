/* similarity.h - what all versions of similarity share: lanes, norms and cosines from sums.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_SIMILARITY_H
#define ENGRAM_KERNELS_SIMILARITY_H

#include "engram.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lanes of the canonical order: element i belongs to lane i mod 64. Looked at when the first
 * kernels stood, 768 floats, one pair in L1 and 1 x 1000 rows in L3, clang 14 -O2, medians on a Zen
 * 4 (256-bit data paths):
 *
 *     lanes   AVX2              AVX-512
 *     32      28.0 ns, 41.5 us  29.0 ns, 41.0 us
 *     64      27.7 ns, 44.9 us  28.7 ns, 41.0 us
 *     128     46.5 ns, 63.4 us  28.8 ns, 43.4 us
 *
 * and one pair on a Zen 5 (512-bit data paths): 26, 20 and 22 ns. 64 fills the widest machine and
 * still fits the sixteen registers of AVX2. Another number changes the bits of every result. */
#ifndef ENGRAM_LANES
#define ENGRAM_LANES 64
#endif

/* Rounds of lanes that n elements take, and elements of that many whole rounds. */
static inline size_t engram_rounds(size_t n)
{
    return (n + ENGRAM_LANES - 1) / ENGRAM_LANES;
}

static inline size_t engram_padded(size_t n)
{
    return engram_rounds(n) * ENGRAM_LANES;
}

/* The last lanes of a sum, added pairwise. */
static inline float engram_lane_sum(float lane[ENGRAM_LANES])
{
    for (size_t w = ENGRAM_LANES / 2; w; w /= 2)
        for (size_t j = 0; j < w; j++)
            lane[j] += lane[j + w];
    return lane[0];
}

/* Whether component i counts. No mask: all do. */
static inline bool engram_kept(const uint64_t *mask, size_t i)
{
    return !mask || (mask[i / 64] >> i % 64 & 1);
}

/* The rescue: sums in binary64, which squares of floats neither overflow nor underflow. In
 * ascending order, one fused step each, so that every version gets the same bits. */
static inline double engram_dot_f64(const float *a, const float *b, const uint64_t *mask, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (engram_kept(mask, i))
            sum = fma((double)a[i], (double)b[i], sum);
    return sum;
}

/* The norm of v, whose dot product with itself is s. A sum beyond float is finite in binary64
 * unless some component is not. */
static inline float engram_masked_norm_of(float s, const float *v, const uint64_t *mask, size_t n)
{
    if (s <= FLT_MAX)
        return s < ENGRAM_NEAR_ZERO ? 0 : sqrtf(s);
    double wide = engram_dot_f64(v, v, mask, n);
    return wide <= DBL_MAX ? (float)sqrt(wide) : 0;
}

static inline float engram_norm_of(float s, const float *v, size_t n)
{
    return engram_masked_norm_of(s, v, NULL, n);
}

/* The cosine from a dot product and two norms. Norms are 0 or at least 1e-15, so that their product
 * does not underflow; where it or the dot product overflows, the pair is computed again. */
static inline float engram_masked_cosine_of(float dot, float norm_a, float norm_b, const float *a,
                                            const float *b, const uint64_t *mask, size_t n)
{
    if (norm_a == 0 || norm_b == 0)
        return 0;
    float cosine = dot / (norm_a * norm_b);
    if (!(norm_a * norm_b <= FLT_MAX) || !(fabsf(dot) <= FLT_MAX))
        cosine = (float)(engram_dot_f64(a, b, mask, n) / sqrt(engram_dot_f64(a, a, mask, n)) /
                         sqrt(engram_dot_f64(b, b, mask, n)));
    return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}

static inline float engram_cosine_of(float dot, float norm_a, float norm_b, const float *a,
                                     const float *b, size_t n)
{
    return engram_masked_cosine_of(dot, norm_a, norm_b, a, b, NULL, n);
}

#endif
