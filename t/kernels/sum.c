/* sum.c - cases: weighted sums of rows, axpy.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float *rows, *weights;
static const uint32_t *ids;
static float *out;

/* ---- weighted sums ---------------------------------------------------------------------- */

/* Row i, or rows by id, some of them twice. */
static void make_weighted_sum(struct kcall *call)
{
    rows = kfloats(call, call->rows * call->n, -1, 1);
    weights = kfloats(call, call->rows, -1, 1);
    ids = NULL;
    if (kchoose(call, 2)) {
        uint32_t *some = kblock(call, call->rows, sizeof *some, KINPUT);
        for (size_t i = 0; i < call->rows; i++)
            some[i] = kchoose(call, (uint32_t)call->rows);
        ids = some;
    }
    out = kblock(call, call->n, sizeof *out, KFLOATS);
    call->bytes = 4.0 * (double)call->rows * (double)call->n;
    call->flops = 2.0 * (double)call->rows * (double)call->n;
}

static void run_weighted_sum(struct kcall *call, engram_any_kernel *version)
{
    call->status =
        KVERSION(weighted_sum_f32, version)(rows, ids, weights, call->rows, call->n, out);
}

static int weighted_sum_is_plain(const struct kcall *call)
{
    for (size_t j = 0; j < call->n; j++) {
        float sum = 0;
        for (size_t i = 0; i < call->rows; i++)
            sum = fmaf(weights[i], rows[(ids ? ids[i] : i) * call->n + j], sum);
        if (!ksame(out[j], sum))
            return 0;
    }
    return 1;
}

const struct kcase case_weighted_sum_f32 = {
    "weighted_sum_f32", 4, 768, make_weighted_sum, run_weighted_sum, weighted_sum_is_plain};

/* ---- axpy ------------------------------------------------------------------------------- */

static float factor;
static const float *x;
static float *y, *y_before;

/* x apart from y, or y itself. */
static void make_axpy(struct kcall *call)
{
    kfill(call, 1, -1, 1, &factor);
    y = kblock(call, call->n, sizeof *y, KFLOATS);
    kfill(call, call->n, -1, 1, y);
    x = kchoose(call, 4) == 1 ? y : kfloats(call, call->n, -1, 1);
    y_before = kblock(call, call->n, sizeof *y, KINPUT);
    memcpy(y_before, y, call->n * sizeof *y);
    factor = call->timing ? 1e-3f : factor;
    call->bytes = 8.0 * (double)call->n;
    call->flops = 2.0 * (double)call->n;
}

static void run_axpy(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(axpy_f32, version)(factor, x, call->n, y);
}

static int axpy_is_plain(const struct kcall *call)
{
    for (size_t i = 0; i < call->n; i++)
        if (!ksame(y[i], fmaf(factor, x == y ? y_before[i] : x[i], y_before[i])))
            return 0;
    return 1;
}

const struct kcase case_axpy_f32 = {"axpy_f32", 8, 0, make_axpy, run_axpy, axpy_is_plain};
