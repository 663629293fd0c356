/* weights.c - what scores weigh: their shares of 1, or only the largest: doors and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/similarity.h"
#include "kernels/weights.h"
#include "dispatch.h"
#include "host.h"

#include <string.h>

int engram_softmax_f32(const float *x, float beta, size_t n, float *out)
{
    if (!(beta >= FLT_MIN && beta <= FLT_MAX))
        return engram_fail(ENGRAM_ERANGE,
                           "engram_softmax_f32: beta is %g, expected finite and > 1.2e-38",
                           engram_shown(beta));
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(softmax_f32)(x, beta, n, out);
    engram_count(KERNEL_softmax_f32, n, begun);
    return status;
}

int engram_k_winners_f32(const float *x, size_t n, size_t k, float *out)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(k_winners_f32)(x, n, k, out);
    engram_count(KERNEL_k_winners_f32, n, begun);
    return status;
}

/* ---- reference */

/* The smallest normal float counts as too small for one, as it does to decay. */
int engram_softmax_f32_ref(const float *x, float beta, size_t n, float *out)
{
    float lane[ENGRAM_LANES] = {0}, most = -INFINITY;
    for (size_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < n; i++) {
        out[i] = engram_exp1_f32(beta * (x[i] - most));
        lane[i % ENGRAM_LANES] += out[i];
    }
    float sum = engram_lane_sum(lane);
    for (size_t i = 0; i < n; i++) {
        out[i] /= sum;
        out[i] = out[i] <= FLT_MIN ? 0 : out[i];
    }
    return ENGRAM_OK;
}

static size_t count_from(const float *x, size_t n, int32_t key)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += engram_key(x[i]) >= key;
    return count;
}

int engram_k_winners_f32_ref(const float *x, size_t n, size_t k, float *out)
{
    if (k == 0)
        memset(out, 0, n * sizeof *out);
    if (k == 0)
        return ENGRAM_OK;
    struct engram_bar bar = engram_bar_of(x, n, k, count_from);
    for (size_t i = 0; i < n; i++) {
        int32_t key = engram_key(x[i]);
        bool tied = key == bar.key && bar.ties > 0;
        bar.ties -= tied;
        out[i] = key > bar.key || tied ? x[i] : 0;
    }
    return ENGRAM_OK;
}
