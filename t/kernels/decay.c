/* decay.c - case: strengths by age, under every law, with all types of age.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <string.h>

static struct engram_law law;
static struct engram_law_each each;
static const float *strengths;
static const void *ages;
static uint32_t age_type, flags;
static float *out, *strengths_before;

/* A little above the middle of two floats, or any number. A double between would round to that
 * middle. */
static uint64_t between_floats(struct random *r)
{
    uint32_t shift = 31 + random_below(r, 9);
    uint64_t any = random_next(r), half = (uint64_t)1 << (shift - 1);
    return any & 1 ? any >> random_below(r, 64) : (any >> 40 | 1 << 23) << shift | half | 1;
}

/* Seconds in [0, high), as every type of age; the floating ones are now and then negative. */
static const void *make_ages(struct kcall *call, double high)
{
    if (age_type == ENGRAM_AGE_F32)
        return kfloats(call, call->n, -0.01 * high, high);
    if (age_type == ENGRAM_AGE_U64) {
        uint64_t *whole = kblock(call, call->n, sizeof *whole, KINPUT);
        uint32_t large = kchoose(call, 3);
        if (large == 1)
            law.tau_s = 1e18;
        for (size_t i = 0; i < call->n; i++)
            whole[i] = call->kind == KZEROS  ? 0
                       : call->kind == KHUGE ? UINT64_MAX - random_below(&call->random, 2)
                       : large == 1          ? between_floats(&call->random)
                                             : (uint64_t)random_between(&call->random, 0, high);
        return whole;
    }
    float few[64];
    double *wide = kblock(call, call->n, sizeof *wide, KINPUT);
    for (size_t i = 0; i < call->n; i++) {
        if (i % 64 == 0)
            kfill(call, 64, -0.01 * high, high, few);
        wide[i] = few[i % 64] * (1 + 1e-9);
    }
    return wide;
}

/* Each of its own now and then; some of them are none. */
static void make_parameters(struct kcall *call)
{
    each = (struct engram_law_each){.size = sizeof each};
    if (kchoose(call, 3) == 1)
        each.scale_s = kfloats(call, call->n, -1e3, 1e6);
    if (kchoose(call, 3) == 1)
        each.beta = kfloats(call, call->n, -0.1, 3);
    if (kchoose(call, 4) == 0)
        return;
    uint32_t *recalls = kblock(call, call->n, sizeof *recalls, KINPUT);
    for (size_t i = 0; i < call->n; i++)
        recalls[i] =
            kchoose(call, 8) == 1 ? (uint32_t)random_next(&call->random) : kchoose(call, 6);
    each.recalls = recalls;
}

static void make_decay(struct kcall *call)
{
    age_type = kchoose(call, 3);
    flags = kchoose(call, 2) ? ENGRAM_UNCLAMPED : 0;
    law = (struct engram_law){
        .size = sizeof law,
        .curve = kchoose(call, 2) ? kchoose(call, ENGRAM_SAVINGS + 1) : ENGRAM_EXPONENTIAL,
        .tau_s = 86400,
        .unit_s = 3600,
        .beta = 0.5,
        .weight = random_between(&call->random, 0, 1),
        .k = 1.84,
        .c = kchoose(call, 4) ? random_between(&call->random, 0.01, 4) : 300,
        .recalls = kchoose(call, 5),
    };
    if (kchoose(call, 2))
        law.tau_s = random_between(&call->random, 1, 1e6);
    if (kchoose(call, 4) == 1) /* what is left comes close to 0, or stays close to 1 */
        law.beta = kchoose(call, 2) ? 200 : 1e-9;
    if (kchoose(call, 2))
        law.unit_s = random_between(&call->random, 1, 1e6);

    out = kblock(call, call->n, sizeof *out, KFLOATS);
    uint32_t place = kchoose(call, 4); /* apart, in place, or all strengths 1 */
    strengths = place == 3 ? NULL : place == 2 ? out : kfloats(call, call->n, -0.1, 1.1);
    if (strengths == out)
        kfill(call, call->n, -0.1, 1.1, out);
    strengths_before = kblock(call, call->n, sizeof *out, KINPUT);
    if (strengths)
        memcpy(strengths_before, strengths, call->n * sizeof *out);

    ages = make_ages(call, 1e6);
    make_parameters(call);
    call->bytes = 16.0 * (double)call->n;
    call->flops = 20.0 * (double)call->n;
}

static void run_decay(struct kcall *call, engram_any_kernel *version)
{
    call->status =
        KVERSION(decay_f32, version)(&law, &each, strengths, ages, age_type, flags, call->n, out);
}

static double age(size_t i)
{
    double t = age_type == ENGRAM_AGE_U64   ? (double)((const uint64_t *)ages)[i]
               : age_type == ENGRAM_AGE_F32 ? (double)((const float *)ages)[i]
                                            : ((const double *)ages)[i];
    return t > 0 ? t : 0;
}

/* What must hold to the bit: no age, no change; nothing grows, nothing is denormal. */
static int decay_holds(const struct kcall *call)
{
    for (size_t i = 0; i < call->n; i++) {
        float s = strengths ? strengths_before[i] : 1;
        if (!(flags & ENGRAM_UNCLAMPED))
            s = s > 0 ? fminf(s, 1) : 0;
        if (age(i) == 0) {
            if (!ksame(out[i], s))
                return 0;
            continue;
        }
        if (fabsf(out[i]) > fabsf(s) ||
            (out[i] != s && out[i] != 0 && fabsf(out[i]) < 1.17549435e-38f))
            return 0;
    }
    return 1;
}

const struct kcase case_decay_f32 = {"decay_f32", 16, 0, make_decay, run_decay, decay_holds};
