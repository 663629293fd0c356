/* summary.c - what an array comes to: mean and variance, and chances combined: doors and
 * reference. SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/summary.h"
#include "dispatch.h"
#include "host.h"

/* In order, without a version for registers: it is asked about a handful of paths, and a product
 * has no lanes to keep. */
double engram_noisy_or(const float *p, size_t n)
{
    double none = 1;
    for (size_t i = 0; i < n; i++) {
        double chance = p[i] > 0 ? (double)p[i] : 0;
        none *= chance < 1 ? 1 - chance : 0;
    }
    return 1 - none;
}

int engram_moments_f32(const float *x, size_t n, double *mean, double *variance)
{
    if (n)
        ENGRAM_NEED(x);
    ENGRAM_NEED(mean);
    ENGRAM_NEED(variance);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(moments_f32)(x, n, mean, variance);
    engram_count(KERNEL_moments_f32, n, begun);
    return status;
}

/* Two passes, so that a large mean does not swallow the variance. */
int engram_moments_f32_ref(const float *x, size_t n, double *mean, double *variance)
{
    double lane[2][ENGRAM_LANES] = {{0}};
    *mean = *variance = 0;
    if (n) {
        *mean = engram_sum_from(lane[0], x, 0, n, NULL) / (double)n;
        *variance = engram_sum_from(lane[1], x, 0, n, mean) / (double)n;
    }
    return ENGRAM_OK;
}
