/* summary.c - case: mean and variance.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>

static const float *x;
static double *moments;

static void make_moments(struct kcall *call)
{
    x = kfloats(call, call->n, -1, 1);
    moments = kblock(call, 2, sizeof *moments, KBYTES);
    call->bytes = 4.0 * (double)call->n;
    call->flops = 3.0 * (double)call->n;
}

/* One NaN is like another. */
static void run_moments(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(moments_f32, version)(x, call->n, moments, moments + 1);
    for (int i = 0; i < 2; i++)
        moments[i] = isnan(moments[i]) ? 7 : moments[i];
}

/* A lane after the other, and pairs of pairs of them. */
static double plain_sum(size_t n, const double *mean)
{
    double lane[64] = {0};
    for (size_t j = 0; j < 64; j++)
        for (size_t i = j; i < n; i += 64)
            lane[j] = mean ? fma(x[i] - *mean, x[i] - *mean, lane[j]) : lane[j] + x[i];
    for (int half = 32; half; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

static int moments_are_plain(const struct kcall *call)
{
    double n = (double)call->n, mean = n > 0 ? plain_sum(call->n, NULL) / n : 0;
    double variance = n > 0 ? plain_sum(call->n, &mean) / n : 0;
    return (isnan(mean) ? 7 : mean) == moments[0] && (isnan(variance) ? 7 : variance) == moments[1];
}

const struct kcase case_moments_f32 = {"moments_f32", 4,           0,
                                       make_moments,  run_moments, moments_are_plain};
