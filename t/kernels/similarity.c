/* similarity.c - cases: dot products, squared distances, norms, cosines.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <stdlib.h>

static const float *a, *b, *given;
static const uint64_t *mask;
static float *out;

/* ---- definitions ------------------------------------------------------------------------ */

/* Lane j takes elements j, j + 64, j + 128, ... and a zero where others still have one. */
static float plain_dot(const float *x, const float *y, size_t n)
{
    float lane[64] = {0};
    for (size_t j = 0; j < 64; j++)
        for (size_t i = j; i < n + j; i += 64)
            lane[j] = fmaf(i < n ? x[i] : 0, i < n ? y[i] : 0, lane[j]);
    return kfold(lane);
}

static float plain_squared_l2(const float *x, const float *y, size_t n)
{
    float lane[64] = {0};
    for (size_t j = 0; j < 64; j++)
        for (size_t i = j; i < n; i += 64) {
            float difference = x[i] - y[i];
            lane[j] = fmaf(difference, difference, lane[j]);
        }
    return kfold(lane);
}

static double wide_dot(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = fma(x[i], y[i], sum);
    return sum;
}

static int finite_everywhere(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return 0;
    return 1;
}

static float plain_norm(const float *x, size_t n)
{
    if (!finite_everywhere(x, n))
        return 0;
    float sum = plain_dot(x, x, n);
    if (isinf(sum))
        return (float)sqrt(wide_dot(x, x, n));
    return sum < 1e-30f ? 0 : sqrtf(sum);
}

/* Whether this is the cosine: the same bits, except where a sum beyond float makes the way free. */
static int is_cosine(const float *x, const float *y, size_t n, float got)
{
    float nx = plain_norm(x, n), ny = plain_norm(y, n), product = nx * ny;
    if (nx == 0 || ny == 0)
        return ksame(got, 0);
    float sum = plain_dot(x, y, n);
    if (isfinite(product) && isfinite(sum))
        return ksame(got, fmaxf(-1, fminf(1, sum / product)));
    double exact = wide_dot(x, y, n) / sqrt(wide_dot(x, x, n) * wide_dot(y, y, n));
    return fabs(got - exact) <= 1e-6 && fabsf(got) <= 1;
}

/* ---- two vectors ------------------------------------------------------------------------ */

static void make_pair(struct kcall *call)
{
    a = kfloats(call, call->n, -1, 1);
    b = kfloats(call, call->n, -1, 1);
    out = kblock(call, 1, sizeof *out, KFLOATS);
    call->bytes = 8.0 * (double)call->n;
    call->flops = 2.0 * (double)call->n;
}

static void run_dot(struct kcall *call, engram_any_kernel *version)
{
    *out = KVERSION(dot_f32, version)(a, b, call->n);
}

static int dot_is_plain(const struct kcall *call)
{
    return ksame(*out, plain_dot(a, b, call->n));
}

const struct kcase case_dot_f32 = {"dot_f32", 8, 0, make_pair, run_dot, dot_is_plain};

static void run_squared_l2(struct kcall *call, engram_any_kernel *version)
{
    *out = KVERSION(squared_l2_f32, version)(a, b, call->n);
}

static int squared_l2_is_plain(const struct kcall *call)
{
    return ksame(*out, plain_squared_l2(a, b, call->n));
}

const struct kcase case_squared_l2_f32 = {"squared_l2_f32",   8, 0, make_pair, run_squared_l2,
                                          squared_l2_is_plain};

static void run_cosine(struct kcall *call, engram_any_kernel *version)
{
    *out = KVERSION(cosine_f32, version)(a, b, call->n);
}

static int cosine_is_plain(const struct kcall *call)
{
    return is_cosine(a, b, call->n, *out);
}

const struct kcase case_cosine_f32 = {"cosine_f32", 8, 0, make_pair, run_cosine, cosine_is_plain};

/* ---- rows ------------------------------------------------------------------------------- */

static void make_norms(struct kcall *call)
{
    a = kfloats(call, call->rows * call->n, -1, 1);
    out = kblock(call, call->rows, sizeof *out, KFLOATS);
    call->bytes = 4.0 * (double)call->rows * (double)call->n;
    call->flops = 2.0 * (double)call->rows * (double)call->n;
}

static void run_norms(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(norms_f32, version)(a, call->rows, call->n, out);
}

static int norms_are_plain(const struct kcall *call)
{
    for (size_t i = 0; i < call->rows; i++)
        if (!ksame(out[i], plain_norm(a + i * call->n, call->n)))
            return 0;
    return 1;
}

const struct kcase case_norms_f32 = {"norms_f32", 4, 768, make_norms, run_norms, norms_are_plain};

/* With and without given norms; a zero row now and then; the query among the rows, whose cosine may
 * need the clamp. */
static void make_cosines(struct kcall *call)
{
    size_t n = call->n;
    float *query = kfloats(call, n, -1, 1), *rows = kfloats(call, call->rows * n, -1, 1), *norms;
    for (size_t i = 0; i < call->rows; i++) {
        uint32_t choice = kchoose(call, 8);
        for (size_t j = 0; j < n && choice > 5; j++)
            rows[i * n + j] = choice == 6 ? 0 : 3 * query[j];
    }
    given = NULL;
    if (call->timing || kchoose(call, 2)) {
        given = norms = kblock(call, call->rows, sizeof *norms, KINPUT);
        for (size_t i = 0; i < call->rows; i++)
            norms[i] = plain_norm(rows + i * n, n);
    }
    a = query;
    b = rows;
    out = kblock(call, call->rows, sizeof *out, KFLOATS);
    call->bytes = 4.0 * (double)call->rows * (double)n;
    call->flops = 2.0 * (double)call->rows * (double)n;
}

static void run_cosines(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(cosines_f32, version)(a, b, given, call->rows, call->n, out);
}

static int cosines_are_plain(const struct kcall *call)
{
    for (size_t i = 0; i < call->rows; i++)
        if (!is_cosine(a, b + i * call->n, call->n, out[i]))
            return 0;
    return 1;
}

const struct kcase case_cosines_f32 = {"cosines_f32", 4,           768,
                                       make_cosines,  run_cosines, cosines_are_plain};

/* Any bits, whole words of them now and then; half of them when timing. */
static void make_masked(struct kcall *call)
{
    make_cosines(call);
    uint64_t *bits = kblock(call, (call->n + 63) / 64, sizeof *bits, KINPUT);
    for (size_t i = 0; i < (call->n + 63) / 64; i++) {
        uint32_t choice = kchoose(call, 8);
        bits[i] = choice == 1 ? 0 : choice == 2 ? UINT64_MAX : random_next(&call->random);
    }
    mask = bits;
}

static void run_masked(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(masked_cosine_f32, version)(a, b, mask, call->rows, call->n, out);
}

static void masked(const float *x, size_t n, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = mask[i / 64] >> i % 64 & 1 ? x[i] : 0;
}

static int masked_are_plain(const struct kcall *call)
{
    size_t n = call->n;
    float *x = malloc((2 * n + 1) * sizeof *x), *y = x + n;
    int plain = x != NULL;
    for (size_t i = 0; plain && i < call->rows; i++) {
        masked(a, n, x);
        masked(b + i * n, n, y);
        plain = is_cosine(x, y, n, out[i]);
    }
    free(x);
    return plain;
}

const struct kcase case_masked_cosine_f32 = {"masked_cosine_f32", 4,          768,
                                             make_masked,         run_masked, masked_are_plain};

/* ---- many queries ----------------------------------------------------------------------- */

static struct engram_panel panel;
static size_t stride;

static void make_panel(struct kcall *call)
{
    size_t n = call->n, count = call->timing ? 64 : 1 + kchoose(call, 64);
    float *queries = kfloats(call, count * n, -1, 1), *norms;
    float *memory =
        kblock(call, engram_panel_bytes(count, n) / sizeof *memory, sizeof *memory, KINPUT);
    engram_panel_pack(queries, count, n, memory, &panel);
    b = kfloats(call, call->rows * n, -1, 1);
    given = norms = kblock(call, call->rows, sizeof *norms, KINPUT);
    for (size_t i = 0; i < call->rows; i++)
        norms[i] = plain_norm(b + i * n, n);
    stride = call->rows + kchoose(call, 3);
    out = kblock(call, count * stride, sizeof *out, KFLOATS);
    call->bytes = 4.0 * (double)call->rows * (double)n;
    call->flops = 2.0 * (double)count * (double)call->rows * (double)n;
}

static void run_panel(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(panel_cosines_f32, version)(&panel, b, given, call->rows, stride, out);
}

static int panel_is_plain(const struct kcall *call)
{
    for (size_t q = 0; q < panel.count; q++)
        for (size_t i = 0; i < call->rows; i++)
            if (!is_cosine(panel.queries + q * call->n, b + i * call->n, call->n,
                           out[q * stride + i]))
                return 0;
    return 1;
}

const struct kcase case_panel_cosines_f32 = {"panel_cosines_f32", 4,         768,
                                             make_panel,          run_panel, panel_is_plain};
