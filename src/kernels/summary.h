/* summary.h - what all versions of the moments share: lanes of doubles.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_SUMMARY_H
#define ENGRAM_KERNELS_SUMMARY_H

#include "kernels/similarity.h"

/* Adds elements first .. n - 1 to their lanes, or the squares of what they differ by from the mean,
 * and the lanes pairwise. */
static inline double engram_sum_from(double lane[ENGRAM_LANES], const float *x, size_t first,
                                     size_t n, const double *mean)
{
    for (size_t i = first; i < n; i++) {
        double d = mean ? (double)x[i] - *mean : (double)x[i];
        lane[i % ENGRAM_LANES] =
            mean ? fma(d, d, lane[i % ENGRAM_LANES]) : lane[i % ENGRAM_LANES] + d;
    }
    for (size_t w = ENGRAM_LANES / 2; w; w /= 2)
        for (size_t j = 0; j < w; j++)
            lane[j] += lane[j + w];
    return lane[0];
}

#endif
