/* similarity_simd.c - similarity over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/similarity.h"
#include "kernels/simd.h"
#include "dispatch.h"

/* The lanes of the canonical order, as registers. */
enum { REGISTERS = ENGRAM_LANES / VF };

static inline float lane_sum(vf sum[REGISTERS])
{
#pragma GCC unroll 16
    for (int w = REGISTERS / 2; w; w /= 2)
#pragma GCC unroll 16
        for (int j = 0; j < w; j++)
            sum[j] = vf_add(sum[j], sum[j + w]);
    return vf_halve(sum[0]);
}

/* What a pair of registers adds to a sum. */
typedef vf term(vf a, vf b, vf sum);

static inline vf product(vf a, vf b, vf sum)
{
    return vf_fma(a, b, sum);
}

static inline vf squared_difference(vf a, vf b, vf sum)
{
    vf d = vf_sub(a, b);
    return vf_fma(d, d, sum);
}

/* Whole rounds of lanes, then one with zeros in the missing places. Inlined with its term, or a
 * call would stand in the loop. */
static inline __attribute__((always_inline)) float reduce(const float *a, const float *b, size_t n,
                                                          term *add)
{
    vf sum[REGISTERS];
#pragma GCC unroll 16
    for (int j = 0; j < REGISTERS; j++)
        sum[j] = vf_zero();
    size_t i = 0;
    for (; i + ENGRAM_LANES <= n; i += ENGRAM_LANES)
#pragma GCC unroll 16
        for (int j = 0; j < REGISTERS; j++)
            sum[j] = add(vf_load(a + i + j * VF), vf_load(b + i + j * VF), sum[j]);
    if (i < n)
#pragma GCC unroll 16
        for (int j = 0; j < REGISTERS; j++) {
            ptrdiff_t rest = (ptrdiff_t)(n - i) - j * VF;
            size_t at = rest > 0 ? i + (size_t)j * VF : i;
            sum[j] = add(vf_load_n(a + at, rest), vf_load_n(b + at, rest), sum[j]);
        }
    return lane_sum(sum);
}

static inline float dot(const float *a, const float *b, size_t n)
{
    return reduce(a, b, n, product);
}

float NAME(engram_dot_f32)(const float *a, const float *b, size_t n)
{
    return dot(a, b, n);
}

float NAME(engram_squared_l2_f32)(const float *a, const float *b, size_t n)
{
    return reduce(a, b, n, squared_difference);
}

int NAME(engram_norms_f32)(const float *rows, size_t n, size_t dim, float *norms)
{
    for (size_t i = 0; i < n; i++, rows += dim)
        norms[i] = engram_norm_of(dot(rows, rows, dim), rows, dim);
    return ENGRAM_OK;
}

/* Memory is asked for a row ahead: the hardware's own look-ahead stops at page borders. */
static inline void prefetch_row(const float *row, size_t dim)
{
    for (size_t i = 0; i < dim; i += 64 / sizeof *row)
        prefetch(row + i);
}

int NAME(engram_cosines_f32)(const float *query, const float *rows, const float *norms, size_t n,
                             size_t dim, float *scores)
{
    float query_norm = engram_norm_of(dot(query, query, dim), query, dim);
    for (size_t i = 0; i < n; i++, rows += dim) {
        if (i + 1 < n)
            prefetch_row(rows + dim, dim);
        float norm = norms ? norms[i] : engram_norm_of(dot(rows, rows, dim), rows, dim);
        scores[i] = engram_cosine_of(dot(query, rows, dim), query_norm, norm, query, rows, dim);
    }
    return ENGRAM_OK;
}
