/* codes_simd.c - bytes and signs over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/forms.h"
#include "kernels/simd.h"
#include "dispatch.h"

/* Bytes of a register, and a round of elements in registers. */
enum { BYTES = 4 * VF, REGISTERS = ENGRAM_ROUND / BYTES };

static inline vi round_dot(vi sum, const int8_t *row, const int8_t *query)
{
    EACH (r, REGISTERS)
        sum = vi_dot(sum, vi_load(row + r * BYTES), vi_load(query + r * BYTES));
    return sum;
}

int NAME(engram_dots_int8)(const int8_t *query, const int8_t *rows, const float *factors, size_t n,
                           size_t padded, float *scores)
{
    vi zeros = vi_set(0); /* what a row of zeros gives is what vi_dot adds to every row */
    for (size_t j = 0; j < padded; j += BYTES)
        zeros = vi_dot(zeros, vi_set(0), vi_load(query + j));
    for (size_t i = 0; i < n; i++, rows += padded) {
        vi sum = vi_set(0);
        for (size_t j = 0; j < padded; j += ENGRAM_ROUND) {
            prefetch_ahead(rows + j);
            sum = round_dot(sum, rows + j, query + j);
        }
        scores[i] = (float)vi_sum(vi_sub(sum, zeros)) * factors[i];
    }
    return ENGRAM_OK;
}

/* dim - 2 * differ. Counts are below 2^52: as low bits of 2^52 they are doubles. */
static inline vd agreement(vl differ, vd dim)
{
    vd shift = vd_set(0x1p52), count = vd_sub(vd_of_bits(vl_or(differ, vl_of_bits(shift))), shift);
    return vd_fma(vd_set(-2), count, dim);
}

/* A lane is a row: in how many bits each of VD rows differs from the query. */
static inline vl count_differing(const uint64_t *query, const uint64_t *row, size_t words)
{
    vl sum = vl_set(0);
    for (size_t w = 0; w < words; w++, row += ENGRAM_ABREAST) {
        prefetch_ahead(row);
        sum = vl_add(sum, vl_popcount(vl_xor(vl_set((int64_t)query[w]), vl_load(row))));
    }
    return sum;
}

int NAME(engram_dots_sign)(const uint64_t *query, const uint64_t *blocks, size_t n, size_t dim,
                           float *scores)
{
    size_t words = engram_padded(dim) / ENGRAM_ROUND;
    vd all = vd_set((double)dim);
    for (size_t i = 0; i < n; i += VF) {
        size_t next = i + VD < n ? i + VD : i; /* there may be one block alone */
        vl low = count_differing(query, blocks + engram_sign_row(i, words), words);
        vl high = count_differing(query, blocks + engram_sign_row(next, words), words);
        vf_store_n(scores + i, vf_of_vd(agreement(low, all), agreement(high, all)),
                   (ptrdiff_t)(n - i));
    }
    return ENGRAM_OK;
}
