/* weights.c - cases: softmax, k-winners.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float *x;
static float *out, *x_before;
static float beta;
static size_t k;

/* out, or the input itself. */
static void make_in_and_out(struct kcall *call, double low, double high)
{
    out = kblock(call, call->n, sizeof *out, KFLOATS);
    kfill(call, call->n, low, high, out);
    x = kchoose(call, 4) == 1 ? out : kfloats(call, call->n, low, high);
    call->bytes = 8.0 * (double)call->n;
}

/* ---- softmax ---------------------------------------------------------------------------- */

static void make_softmax(struct kcall *call)
{
    make_in_and_out(call, -1, 1);
    beta = kchoose(call, 2) ? (float)exp(random_between(&call->random, -5, 7)) : 8;
    call->flops = 20.0 * (double)call->n;
}

static void run_softmax(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(softmax_f32, version)(x, beta, call->n, out);
}

const struct kcase case_softmax_f32 = {"softmax_f32", 8, 0, make_softmax, run_softmax, NULL};

/* ---- k-winners -------------------------------------------------------------------------- */

/* Few different numbers, so that ties are common, or any; one in twenty wins when timing. */
static void make_k_winners(struct kcall *call)
{
    size_t n = call->n;
    make_in_and_out(call, -1, 1);
    float *values = (float *)x;
    if (kchoose(call, 2))
        for (size_t i = 0; i < n; i++)
            values[i] = isfinite(values[i]) ? rintf(values[i] * 4) / 4 : values[i];
    k = call->timing       ? n / 20
        : kchoose(call, 3) ? kchoose(call, (uint32_t)n + 1)
                           : kchoose(call, 4);
    if (kchoose(call, 8) == 1)
        k = n + kchoose(call, 3);
    x_before = kblock(call, n, sizeof *x_before, KINPUT);
    memcpy(x_before, x, n * sizeof *x);
    call->flops = (double)n;
}

static void run_k_winners(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(k_winners_f32, version)(x, call->n, k, out);
}

static int by_rank(const void *p, const void *q)
{
    const float *one = *(float *const *)p, *other = *(float *const *)q;
    if (*one != *other)
        return *one < *other ? 1 : -1;
    return one < other ? -1 : one > other;
}

/* All but NaN, sorted; whoever stands among the first k is there, the others are 0. */
static int k_winners_are_plain(const struct kcall *call)
{
    const float **all = malloc((call->n + 1) * sizeof *all);
    float *want = calloc(call->n + 1, sizeof *want);
    size_t n = 0;
    int plain = all && want;
    for (size_t i = 0; plain && i < call->n; i++)
        if (!isnan(x_before[i]))
            all[n++] = x_before + i;
    if (plain)
        qsort(all, n, sizeof *all, by_rank);
    for (size_t i = 0; plain && i < k && i < n; i++)
        want[all[i] - x_before] = *all[i];
    for (size_t i = 0; plain && i < call->n; i++)
        plain = ksame(out[i], want[i]);
    free(all);
    free(want);
    return plain;
}

const struct kcase case_k_winners_f32 = {"k_winners_f32",    8, 0, make_k_winners, run_k_winners,
                                         k_winners_are_plain};
