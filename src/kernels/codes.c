/* codes.c - rows as bytes and as signs, compared in whole numbers: doors and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/forms.h"
#include "dispatch.h"
#include "host.h"

/* ---- doors */

int engram_dots_int8(const int8_t *query, const int8_t *rows, const float *factors, size_t n,
                     size_t padded, float *scores)
{
    if (n == 0)
        return ENGRAM_OK;
    if (padded) {
        ENGRAM_NEED(query);
        ENGRAM_NEED(rows);
    }
    ENGRAM_NEED(factors);
    ENGRAM_NEED(scores);
    size_t bytes;
    if (padded % ENGRAM_ROUND || padded > ENGRAM_MAX_INT8)
        return engram_fail(ENGRAM_EDIM,
                           "engram_dots_int8: padded is %zu, expected a multiple of %d up to %d",
                           padded, ENGRAM_ROUND, ENGRAM_MAX_INT8);
    if (!engram_product(n, padded, &bytes))
        return engram_fail(ENGRAM_EDIM,
                           "engram_dots_int8: %zu rows of %zu are more than memory has", n, padded);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(dots_int8)(query, rows, factors, n, padded, scores);
    engram_count(KERNEL_dots_int8, (uint64_t)n * padded, begun);
    return status;
}

int engram_dots_sign(const uint64_t *query, const uint64_t *blocks, size_t n, size_t dim,
                     float *scores)
{
    if (n == 0)
        return ENGRAM_OK;
    if (dim) {
        ENGRAM_NEED(query);
        ENGRAM_NEED(blocks);
    }
    ENGRAM_NEED(scores);
    size_t bits;
    if (dim > SIZE_MAX - ENGRAM_ROUND || n > SIZE_MAX - ENGRAM_ABREAST ||
        !engram_product(n + ENGRAM_ABREAST, engram_padded(dim), &bits))
        return engram_fail(ENGRAM_EDIM,
                           "engram_dots_sign: %zu rows of %zu are more than memory has", n, dim);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(dots_sign)(query, blocks, n, dim, scores);
    engram_count(KERNEL_dots_sign, (uint64_t)n * dim, begun);
    return status;
}

/* ---- reference */

int engram_dots_int8_ref(const int8_t *query, const int8_t *rows, const float *factors, size_t n,
                         size_t padded, float *scores)
{
    for (size_t i = 0; i < n; i++, rows += padded) {
        int32_t sum = 0;
        for (size_t j = 0; j < padded; j++)
            sum += query[j] * rows[j];
        scores[i] = (float)sum * factors[i];
    }
    return ENGRAM_OK;
}

int engram_dots_sign_ref(const uint64_t *query, const uint64_t *blocks, size_t n, size_t dim,
                         float *scores)
{
    size_t words = engram_padded(dim) / ENGRAM_ROUND;
    for (size_t i = 0; i < n; i++) {
        const uint64_t *row = blocks + engram_sign_row(i, words);
        uint64_t differ = 0;
        for (size_t w = 0; w < words; w++)
            differ += (uint64_t)__builtin_popcountll(query[w] ^ row[w * ENGRAM_ABREAST]);
        scores[i] = (float)((double)dim - 2 * (double)differ);
    }
    return ENGRAM_OK;
}
