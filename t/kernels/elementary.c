/* elementary.c - cases: exp, log, pow, sigmoid.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <string.h>

static const float *x, *y;
static float *out;
static float threshold, temperature;

/* out, or the input itself where that is allowed. */
static void make_map(struct kcall *call, double low, double high, double flops)
{
    out = kblock(call, call->n, sizeof *out, KFLOATS);
    kfill(call, call->n, low, high, out);
    x = kchoose(call, 4) == 1 ? out : kfloats(call, call->n, low, high);
    call->bytes = 8.0 * (double)call->n;
    call->flops = flops * (double)call->n;
}

/* ---- exp -------------------------------------------------------------------------------- */

static void make_exp(struct kcall *call)
{
    double scale = kchoose(call, 2) ? 0.01 : 1;
    make_map(call, -110 * scale, 95 * scale, 16);
}

static void run_exp(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(exp_f32, version)(x, call->n, out);
}

const struct kcase case_exp_f32 = {"exp_f32", 8, 0, make_exp, run_exp, NULL};

/* ---- log -------------------------------------------------------------------------------- */

/* All magnitudes, a few negative ones, and numbers close to 1. */
static void make_log(struct kcall *call)
{
    int close = kchoose(call, 2) != 0;
    make_map(call, close ? 0.9 : -0.1, close ? 1.1 : 100, 20);
    if (x == out || call->kind != KRANDOM || kchoose(call, 2) == 0)
        return;
    float *all = (float *)x;
    for (size_t i = 0; i < call->n; i++) {
        uint32_t bits = (uint32_t)(random_next(&call->random) >> 32) & 0x7fffffff;
        memcpy(&all[i], &bits, sizeof bits);
    }
}

static void run_log(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(log_f32, version)(x, call->n, out);
}

const struct kcase case_log_f32 = {"log_f32", 8, 0, make_log, run_log, NULL};

/* ---- pow -------------------------------------------------------------------------------- */

/* Whole exponents too, which negative bases allow. */
static void make_pow(struct kcall *call)
{
    make_map(call, kchoose(call, 2) ? -4 : 0, 4, 60);
    float *exponents = kfloats(call, call->n, -20, 20);
    if (kchoose(call, 2))
        for (size_t i = 0; i < call->n; i++)
            exponents[i] = rintf(exponents[i]);
    y = exponents;
    call->bytes = 12.0 * (double)call->n;
}

static void run_pow(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(pow_f32, version)(x, y, call->n, out);
}

const struct kcase case_pow_f32 = {"pow_f32", 12, 0, make_pow, run_pow, NULL};

/* ---- sigmoid ---------------------------------------------------------------------------- */

static void make_sigmoid(struct kcall *call)
{
    make_map(call, -1, 1, 20);
    threshold = kchoose(call, 2) ? (float)random_between(&call->random, -1, 1) : 0.4f;
    temperature = kchoose(call, 2) ? (float)random_between(&call->random, 0.001, 2) : 0.5f;
}

static void run_sigmoid(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(sigmoid_f32, version)(x, threshold, temperature, call->n, out);
}

const struct kcase case_sigmoid_f32 = {"sigmoid_f32", 8, 0, make_sigmoid, run_sigmoid, NULL};
