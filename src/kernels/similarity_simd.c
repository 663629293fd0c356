/* similarity_simd.c - similarity over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/similarity.h"
#include "kernels/simd.h"
#include "dispatch.h"

/* The lanes of the canonical order, as registers; and how many a loop can keep beside its operands.
 */
enum { REGISTERS = ENGRAM_LANES / VF, ROOM = VF == 8 ? 12 : 28 };

/* What a pair of registers adds to the first sum. */
typedef vf term(vf x, vf y, vf sum);

/* How a register of b is read. */
typedef vf load(const float *p);

INLINED vf product(vf x, vf y, vf sum)
{
    return vf_fma(x, y, sum);
}

INLINED vf squared_difference(vf x, vf y, vf sum)
{
    vf d = vf_sub(x, y);
    return vf_fma(d, d, sum);
}

/* Adds one register of x and one of y to up to three sums: the term's, y * y, x * x. */
INLINED void add_to(vf sum[3][REGISTERS], int j, int sums, term *add, vf x, vf y)
{
    sum[0][j] = add(x, y, sum[0][j]);
    if (sums > 1)
        sum[1][j] = vf_fma(y, y, sum[1][j]);
    if (sums > 2)
        sum[2][j] = vf_fma(x, x, sum[2][j]);
}

/* The lanes of a register whose bits are set from `at` on, the others 0. */
INLINED vf kept(const uint64_t *mask, size_t at, vf x)
{
    return mask ? vf_select(vm_of_bits((uint32_t)(mask[at / 64] >> at % 64)), x, vf_zero()) : x;
}

/* Whole rounds of lanes, then one with zeros in the missing places. Where the sums together do not
 * fit the registers, half of the lanes go first. Inlined with its constants, of which no mask is
 * one, or a call would stand in the loop. */
INLINED void reduce(const float *a, const float *b, const uint64_t *mask, size_t n, int sums,
                    term *add, load *read, float out[3])
{
    const int passes = sums * REGISTERS <= ROOM ? 1 : 2, width = REGISTERS / passes;
    vf sum[3][REGISTERS];
    EACH (pass, passes) {
        const int first = pass * width;
        EACH (j, width)
            sum[0][first + j] = sum[1][first + j] = sum[2][first + j] = vf_zero();
        size_t i = 0;
        for (; i + ENGRAM_LANES <= n; i += ENGRAM_LANES) {
            if (mask && !mask[i / 64])
                continue;
            EACH (j, width) {
                size_t at = i + (size_t)(first + j) * VF;
                add_to(sum, first + j, sums, add, kept(mask, at, vf_load(a + at)),
                       kept(mask, at, read(b + at)));
            }
        }
        if (i < n && !(mask && !mask[i / 64]))
            EACH (j, width) {
                ptrdiff_t rest = (ptrdiff_t)(n - i) - (first + j) * VF;
                size_t at = rest > 0 ? i + (size_t)(first + j) * VF : i;
                add_to(sum, first + j, sums, add, kept(mask, at, vf_load_n(a + at, rest)),
                       kept(mask, at, vf_load_n(b + at, rest)));
            }
    }
    EACH (k, sums)
        out[k] = vf_fold(sum[k], REGISTERS);
}

INLINED float dot(const float *a, const float *b, size_t n)
{
    float sum[3];
    reduce(a, b, NULL, n, 1, product, vf_load, sum);
    return sum[0];
}

float NAME(engram_dot_f32)(const float *a, const float *b, size_t n)
{
    return dot(a, b, n);
}

float NAME(engram_squared_l2_f32)(const float *a, const float *b, size_t n)
{
    float sum[3];
    reduce(a, b, NULL, n, 1, squared_difference, vf_load, sum);
    return sum[0];
}

float NAME(engram_cosine_f32)(const float *a, const float *b, size_t n)
{
    float sum[3];
    reduce(a, b, NULL, n, 3, product, vf_load, sum);
    return engram_cosine_of(sum[0], engram_norm_of(sum[2], a, n), engram_norm_of(sum[1], b, n), a,
                            b, n);
}

int NAME(engram_norms_f32)(const float *rows, size_t n, size_t dim, float *norms)
{
    for (size_t i = 0; i < n; i++, rows += dim)
        norms[i] = engram_norm_of(dot(rows, rows, dim), rows, dim);
    return ENGRAM_OK;
}

/* One row after the other and nothing asked for ahead: a single stream is what the hardware's own
 * look-ahead follows best. On a Zen 4, 768 columns, gcc 12 -O2: 33 ns a row from L3 and 103 from
 * DRAM, as fast as reading alone; with the next row prefetched 42 and 111, two rows at a time 36
 * and 224. */
INLINED void cosines(const float *query, const float *rows, const float *norms, size_t n,
                     size_t dim, load *read, float *scores)
{
    float query_norm = engram_norm_of(dot(query, query, dim), query, dim);
    for (size_t i = 0; i < n; i++, rows += dim) {
        float sum[3], norm;
        if (norms) {
            reduce(query, rows, NULL, dim, 1, product, read, sum);
            norm = norms[i];
        } else {
            reduce(query, rows, NULL, dim, 2, product, read, sum);
            norm = engram_norm_of(sum[1], rows, dim);
        }
        scores[i] = engram_cosine_of(sum[0], query_norm, norm, query, rows, dim);
    }
}

/* A query whose halves of registers lie across lines takes as many loads more as rows in halves do,
 * and with both a scan from L3 takes 1.09 times as long. */
int NAME(engram_cosines_f32)(const float *query, const float *rows, const float *norms, size_t n,
                             size_t dim, float *scores)
{
    if ((uintptr_t)query % 32 == 0)
        cosines(query, rows, norms, n, dim, vf_load_far, scores);
    else
        cosines(query, rows, norms, n, dim, vf_load, scores);
    return ENGRAM_OK;
}

int NAME(engram_masked_cosine_f32)(const float *query, const float *rows, const uint64_t *mask,
                                   size_t n, size_t dim, float *scores)
{
    float sum[3], query_norm;
    reduce(query, query, mask, dim, 1, product, vf_load, sum);
    query_norm = engram_masked_norm_of(sum[0], query, mask, dim);
    for (size_t i = 0; i < n; i++, rows += dim) {
        reduce(query, rows, mask, dim, 2, product, vf_load, sum);
        float norm = engram_masked_norm_of(sum[1], rows, mask, dim);
        scores[i] = engram_masked_cosine_of(sum[0], query_norm, norm, query, rows, mask, dim);
    }
    return ENGRAM_OK;
}
