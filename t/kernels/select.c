/* select.c - case: which of many scores are above a bar.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

static const float *scores;
static float bar;
static uint64_t *bits;

/* The bar is often one of the scores. */
static void make_above(struct kcall *call)
{
    scores = kfloats(call, call->n, -1, 1);
    bar = call->n ? scores[kchoose(call, (uint32_t)call->n)] : 0;
    bits = kblock(call, (call->n + 63) / 64, sizeof *bits, KBYTES);
    call->bytes = 4.0 * (double)call->n;
    call->flops = (double)call->n;
}

static void run_above(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(above_f32, version)(scores, call->n, bar, bits);
}

static int above_is_plain(const struct kcall *call)
{
    for (size_t i = 0; i < (call->n + 63) / 64 * 64; i++)
        if ((int)(bits[i / 64] >> i % 64 & 1) != (i < call->n && scores[i] > bar))
            return 0;
    return 1;
}

const struct kcase case_above_f32 = {"above_f32", 4, 0, make_above, run_above, above_is_plain};
