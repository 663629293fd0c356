/* forms.c - rows as half floats, and what makes half floats, bytes and signs of rows: doors and
 * reference. SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary.h"
#include "kernels/forms.h"
#include "kernels/similarity.h"
#include "dispatch.h"
#include "host.h"

#include <math.h>
#include <string.h>

/* ---- doors */

/* The rows, or the rows of a form, are not more than memory has. */
static int check_shape(const char *function, size_t n, size_t dim)
{
    size_t floats, bytes;
    if (dim > SIZE_MAX - ENGRAM_ROUND || !engram_product(n, engram_padded(dim), &floats) ||
        !engram_product(floats, sizeof(float), &bytes))
        return engram_fail(ENGRAM_EDIM, "%s: %zu rows of %zu elements are more than memory has",
                           function, n, dim);
    return ENGRAM_OK;
}

static int encode_halves(const char *function, enum engram_kernel kernel,
                         __typeof__(engram_encode_bf16) *version, const float *rows,
                         const float *norms, size_t n, size_t dim, uint16_t *out)
{
    int status = check_shape(function, n, dim);
    if (status != ENGRAM_OK)
        return status;
    uint64_t begun = engram_begin();
    status = version(rows, norms, n, dim, out);
    engram_count(kernel, (uint64_t)n * dim, begun);
    return status;
}

int engram_encode_bf16(const float *rows, const float *norms, size_t n, size_t dim, uint16_t *out)
{
    if (n == 0 || dim == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(rows);
    ENGRAM_NEED(norms);
    ENGRAM_NEED(out);
    return encode_halves(__func__, KERNEL_encode_bf16, ENGRAM_VERSION(encode_bf16), rows, norms, n,
                         dim, out);
}

int engram_encode_f16(const float *rows, const float *norms, size_t n, size_t dim, uint16_t *out)
{
    if (n == 0 || dim == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(rows);
    ENGRAM_NEED(norms);
    ENGRAM_NEED(out);
    return encode_halves(__func__, KERNEL_encode_f16, ENGRAM_VERSION(encode_f16), rows, norms, n,
                         dim, out);
}

int engram_encode_int8(const float *rows, const float *norms, size_t n, size_t dim, int8_t *out,
                       float *factors)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(factors);
    if (dim == 0) {
        memset(factors, 0, n * sizeof *factors);
        return ENGRAM_OK;
    }
    ENGRAM_NEED(rows);
    ENGRAM_NEED(norms);
    ENGRAM_NEED(out);
    int status = check_shape(__func__, n, dim);
    if (status != ENGRAM_OK)
        return status;
    uint64_t begun = engram_begin();
    status = ENGRAM_VERSION(encode_int8)(rows, norms, n, dim, out, factors);
    engram_count(KERNEL_encode_int8, (uint64_t)n * dim, begun);
    return status;
}

int engram_encode_sign(const float *rows, const float *norms, size_t n, size_t dim, size_t first,
                       uint64_t *blocks)
{
    if (n == 0 || dim == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(rows);
    ENGRAM_NEED(norms);
    ENGRAM_NEED(blocks);
    int status = check_shape(__func__, n, dim);
    if (status != ENGRAM_OK)
        return status;
    uint64_t begun = engram_begin();
    status = ENGRAM_VERSION(encode_sign)(rows, norms, n, dim, first, blocks);
    engram_count(KERNEL_encode_sign, (uint64_t)n * dim, begun);
    return status;
}

static int dots_halves(const char *function, enum engram_kernel kernel,
                       __typeof__(engram_dots_bf16) *version, const float *query,
                       const uint16_t *rows, size_t n, size_t padded, float *scores)
{
    if (padded % ENGRAM_ROUND)
        return engram_fail(ENGRAM_EDIM, "%s: padded is %zu, expected a multiple of %d", function,
                           padded, ENGRAM_ROUND);
    int status = check_shape(function, n, padded);
    if (status != ENGRAM_OK)
        return status;
    uint64_t begun = engram_begin();
    status = version(query, rows, n, padded, scores);
    engram_count(kernel, (uint64_t)n * padded, begun);
    return status;
}

int engram_dots_bf16(const float *query, const uint16_t *rows, size_t n, size_t padded,
                     float *scores)
{
    if (n == 0)
        return ENGRAM_OK;
    if (padded) {
        ENGRAM_NEED(query);
        ENGRAM_NEED(rows);
    }
    ENGRAM_NEED(scores);
    return dots_halves(__func__, KERNEL_dots_bf16, ENGRAM_VERSION(dots_bf16), query, rows, n,
                       padded, scores);
}

int engram_dots_f16(const float *query, const uint16_t *rows, size_t n, size_t padded,
                    float *scores)
{
    if (n == 0)
        return ENGRAM_OK;
    if (padded) {
        ENGRAM_NEED(query);
        ENGRAM_NEED(rows);
    }
    ENGRAM_NEED(scores);
    return dots_halves(__func__, KERNEL_dots_f16, ENGRAM_VERSION(dots_f16), query, rows, n, padded,
                       scores);
}

/* ---- reference: encoding */

static uint16_t bf16_of(float x)
{
    uint32_t bits = fabsf(x) < ENGRAM_BF16_LEAST ? 0 : engram_bits_f32(x);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Below 2^-14 a binary16 is a multiple of 2^-24, as floats from 0.5 to 1 are: adding 0.5 rounds. */
static uint16_t f16_of(float x)
{
    uint32_t sign = engram_bits_f32(x) >> 16 & 0x8000, bits = engram_bits_f32(fabsf(x));
    if (bits < engram_bits_f32(0x1p-14f))
        return (uint16_t)(sign | (engram_bits_f32(fabsf(x) + 0.5f) - engram_bits_f32(0.5f)));
    bits -= (127 - 15) << 23;
    return (uint16_t)(sign | ((bits + 0xfff + (bits >> 13 & 1)) >> 13));
}

int engram_encode_bf16_ref(const float *rows, const float *norms, size_t n, size_t dim,
                           uint16_t *out)
{
    for (size_t i = 0; i < n; i++, rows += dim, out += engram_padded(dim))
        for (size_t j = 0; j < engram_padded(dim); j++)
            out[j] = norms[i] != 0 && j < dim ? bf16_of(rows[j] / norms[i]) : 0;
    return ENGRAM_OK;
}

int engram_encode_f16_ref(const float *rows, const float *norms, size_t n, size_t dim,
                          uint16_t *out)
{
    for (size_t i = 0; i < n; i++, rows += dim, out += engram_padded(dim))
        for (size_t j = 0; j < engram_padded(dim); j++)
            out[j] = norms[i] != 0 && j < dim ? f16_of(rows[j] / norms[i]) : 0;
    return ENGRAM_OK;
}

int engram_encode_int8_ref(const float *rows, const float *norms, size_t n, size_t dim, int8_t *out,
                           float *factors)
{
    for (size_t i = 0; i < n; i++, rows += dim, out += engram_padded(dim)) {
        float most = 0;
        for (size_t j = 0; j < dim; j++)
            most = fabsf(rows[j]) > most ? fabsf(rows[j]) : most;
        for (size_t j = 0; j < engram_padded(dim); j++)
            out[j] = norms[i] != 0 && j < dim
                         ? (int8_t)(rows[j] * (127 / most) + ENGRAM_ROUNDER - ENGRAM_ROUNDER)
                         : 0;
        factors[i] = norms[i] != 0 ? most / norms[i] / 127 : 0;
    }
    return ENGRAM_OK;
}

int engram_encode_sign_ref(const float *rows, const float *norms, size_t n, size_t dim,
                           size_t first, uint64_t *blocks)
{
    size_t words = engram_padded(dim) / ENGRAM_ROUND;
    for (size_t i = 0; i < n; i++, rows += dim) {
        uint64_t *word = blocks + engram_sign_row(first + i, words);
        for (size_t w = 0; w < words; w++, word += ENGRAM_ABREAST) {
            *word = 0;
            for (size_t j = w * ENGRAM_ROUND; j < dim && j < (w + 1) * ENGRAM_ROUND; j++)
                *word |= (uint64_t)(norms[i] != 0 && rows[j] <= -FLT_MIN) << j % ENGRAM_ROUND;
        }
    }
    return ENGRAM_OK;
}

/* ---- reference: dot products */

static float of_bf16(uint16_t x)
{
    return engram_f32_of((uint32_t)x << 16);
}

static float of_f16(uint16_t x)
{
    uint32_t sign = (x & 0x8000u) << 16, bits = x & 0x7fffu;
    if (bits < 0x400)
        return engram_f32_of(sign | engram_bits_f32((float)bits * 0x1p-24f));
    uint32_t bias = bits < 0x7c00 ? 127 - 15 : 255 - 31; /* above are infinity and NaN */
    return engram_f32_of(sign | ((bits << 13) + (bias << 23)));
}

static int dots(const float *query, const uint16_t *rows, size_t n, size_t padded, float *scores,
                float widen(uint16_t x))
{
    for (size_t i = 0; i < n; i++, rows += padded) {
        float lane[ENGRAM_LANES] = {0};
        for (size_t j = 0; j < padded; j++)
            lane[j % ENGRAM_LANES] = fmaf(query[j], widen(rows[j]), lane[j % ENGRAM_LANES]);
        scores[i] = engram_lane_sum(lane);
    }
    return ENGRAM_OK;
}

int engram_dots_bf16_ref(const float *query, const uint16_t *rows, size_t n, size_t padded,
                         float *scores)
{
    return dots(query, rows, n, padded, scores, of_bf16);
}

int engram_dots_f16_ref(const float *query, const uint16_t *rows, size_t n, size_t padded,
                        float *scores)
{
    return dots(query, rows, n, padded, scores, of_f16);
}
