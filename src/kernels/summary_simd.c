/* summary_simd.c - mean and variance over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/simd.h"
#include "kernels/summary.h"
#include "dispatch.h"

/* The lanes as registers of doubles, and how many of them are summed at a time. */
enum { REGISTERS = ENGRAM_LANES / VD, WIDTH = 8 };

/* Of whole rounds; engram_sum_from adds the rest. */
INLINED double sum_of(const float *x, size_t n, const double *mean)
{
    double lane[ENGRAM_LANES];
    size_t whole = n / ENGRAM_LANES * ENGRAM_LANES;
    vd centre = vd_set(mean ? *mean : 0);
    for (int first = 0; first < REGISTERS; first += WIDTH) {
        vd sum[WIDTH];
        EACH (j, WIDTH)
            sum[j] = vd_set(0);
        for (size_t i = 0; i < whole; i += ENGRAM_LANES)
            EACH (j, WIDTH / 2) {
                vf v = vf_load(x + i + first * VD + j * VF);
                vd low = vd_low(v), high = vd_high(v);
                low = mean ? vd_sub(low, centre) : low;
                high = mean ? vd_sub(high, centre) : high;
                sum[2 * j] = mean ? vd_fma(low, low, sum[2 * j]) : vd_add(sum[2 * j], low);
                sum[2 * j + 1] =
                    mean ? vd_fma(high, high, sum[2 * j + 1]) : vd_add(sum[2 * j + 1], high);
            }
        EACH (j, WIDTH)
            vl_store(lane + (first + j) * VD, vl_of_bits(sum[j]));
    }
    return engram_sum_from(lane, x, whole, n, mean);
}

int NAME(engram_moments_f32)(const float *x, size_t n, double *mean, double *variance)
{
    *mean = *variance = 0;
    if (n) {
        *mean = sum_of(x, n, NULL) / (double)n;
        *variance = sum_of(x, n, mean) / (double)n;
    }
    return ENGRAM_OK;
}
