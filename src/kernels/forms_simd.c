/* forms_simd.c - half floats, and what makes half floats, bytes and signs of rows, over registers
 * of any width, compiled once for each rung. SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/forms.h"
#include "kernels/simd.h"
#include "dispatch.h"

#include <float.h>
#include <string.h>

/* ---- encoding */

/* Elements j .. j + VF - 1 of a row, zeros behind its end. */
static inline vf elements(const float *row, size_t j, size_t dim)
{
    return j + VF <= dim
               ? vf_load(row + j)
               : vf_load_n(row + (j < dim ? j : 0), (ptrdiff_t)(dim - (j < dim ? j : dim)));
}

int NAME(engram_encode_bf16)(const float *rows, const float *norms, size_t n, size_t dim,
                             uint16_t *out)
{
    size_t padded = engram_padded(dim);
    for (size_t i = 0; i < n; i++, rows += dim, out += padded) {
        if (norms[i] == 0) {
            memset(out, 0, padded * sizeof *out);
            continue;
        }
        vf norm = vf_set(norms[i]);
        for (size_t j = 0; j < padded; j += VF) {
            vf x = vf_div(elements(rows, j, dim), norm);
            vm small = vf_less(vf_abs(x), vf_set(ENGRAM_BF16_LEAST));
            vi bits = vi_select(small, vi_set(0), vi_of_bits(x));
            vi odd = vi_and(vi_shr(bits, 16), vi_set(1));
            vi_store_16(out + j, vi_shr(vi_add(bits, vi_add(vi_set(0x7fff), odd)), 16));
        }
    }
    return ENGRAM_OK;
}

int NAME(engram_encode_f16)(const float *rows, const float *norms, size_t n, size_t dim,
                            uint16_t *out)
{
    size_t padded = engram_padded(dim);
    for (size_t i = 0; i < n; i++, rows += dim, out += padded) {
        if (norms[i] == 0) {
            memset(out, 0, padded * sizeof *out);
            continue;
        }
        vf norm = vf_set(norms[i]);
        for (size_t j = 0; j < padded; j += VF)
            vf_store_f16(out + j, vf_div(elements(rows, j, dim), norm));
    }
    return ENGRAM_OK;
}

static float largest_magnitude(const float *row, size_t dim)
{
    vf most = vf_zero();
    for (size_t j = 0; j < dim; j += VF)
        most = vf_max(most, vf_abs(elements(row, j, dim)));
    float lane[VF];
    vf_store(lane, most);
    for (int j = 1; j < VF; j++)
        lane[0] = lane[j] > lane[0] ? lane[j] : lane[0];
    return lane[0];
}

int NAME(engram_encode_int8)(const float *rows, const float *norms, size_t n, size_t dim,
                             int8_t *out, float *factors)
{
    size_t padded = engram_padded(dim);
    for (size_t i = 0; i < n; i++, rows += dim, out += padded) {
        factors[i] = 0;
        if (norms[i] == 0) {
            memset(out, 0, padded);
            continue;
        }
        float most = largest_magnitude(rows, dim);
        vf scale = vf_set(127 / most), rounder = vf_set(ENGRAM_ROUNDER);
        for (size_t j = 0; j < padded; j += VF) {
            vf x = vf_add(vf_mul(elements(rows, j, dim), scale), rounder);
            vi_store_8(out + j, vi_sub(vi_of_bits(x), vi_of_bits(rounder)));
        }
        factors[i] = most / norms[i] / 127;
    }
    return ENGRAM_OK;
}

int NAME(engram_encode_sign)(const float *rows, const float *norms, size_t n, size_t dim,
                             size_t first, uint64_t *blocks)
{
    size_t words = engram_padded(dim) / ENGRAM_ROUND;
    for (size_t i = 0; i < n; i++, rows += dim) {
        uint64_t *word = blocks + engram_sign_row(first + i, words);
        for (size_t j = 0; j < dim; j += ENGRAM_ROUND, word += ENGRAM_ABREAST) {
            *word = 0;
            for (size_t bit = 0; bit < ENGRAM_ROUND && norms[i] != 0; bit += VF)
                *word |=
                    (uint64_t)vm_bits(vf_at_most(elements(rows, j + bit, dim), vf_set(-FLT_MIN)))
                    << bit;
        }
    }
    return ENGRAM_OK;
}

/* ---- dot products */

/* A round of lanes as registers. */
enum { REGISTERS = ENGRAM_ROUND / VF };

typedef vf widen(const uint16_t *p);

/* Inlined with its conversion, or a call would stand in the loop. */
INLINED int dots(const float *query, const uint16_t *rows, size_t n, size_t padded, float *scores,
                 widen *half)
{
    for (size_t i = 0; i < n; i++, rows += padded) {
        vf sum[REGISTERS];
        EACH (r, REGISTERS)
            sum[r] = vf_zero();
        for (size_t j = 0; j < padded; j += ENGRAM_ROUND) {
            prefetch_ahead(rows + j);
            prefetch_ahead(rows + j + ENGRAM_ROUND / 2);
            EACH (r, REGISTERS)
                sum[r] = vf_fma(vf_load(query + j + r * VF), half(rows + j + r * VF), sum[r]);
        }
        scores[i] = vf_fold(sum, REGISTERS);
    }
    return ENGRAM_OK;
}

int NAME(engram_dots_bf16)(const float *query, const uint16_t *rows, size_t n, size_t padded,
                           float *scores)
{
    return dots(query, rows, n, padded, scores, vf_of_bf16);
}

int NAME(engram_dots_f16)(const float *query, const uint16_t *rows, size_t n, size_t padded,
                          float *scores)
{
    return dots(query, rows, n, padded, scores, vf_of_f16);
}
