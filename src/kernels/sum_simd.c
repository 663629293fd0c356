/* sum_simd.c - weighted sums over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/simd.h"
#include "dispatch.h"

/* Columns are independent: a block of them stays in registers while all rows go by. */
enum { REGISTERS = 4, COLUMNS = REGISTERS * VF };

int NAME(engram_weighted_sum_f32)(const float *rows, const uint32_t *ids, const float *weights,
                                  size_t n, size_t dim, float *out)
{
    size_t j = 0;
    for (; j + COLUMNS <= dim; j += COLUMNS) {
        vf sum[REGISTERS] = {vf_zero(), vf_zero(), vf_zero(), vf_zero()};
        for (size_t i = 0; i < n; i++) {
            const float *row = rows + (ids ? ids[i] : i) * dim + j;
            EACH (r, REGISTERS)
                sum[r] = vf_fma(vf_set(weights[i]), vf_load(row + r * VF), sum[r]);
        }
        EACH (r, REGISTERS)
            vf_store(out + j + r * VF, sum[r]);
    }
    for (; j < dim; j += VF) {
        ptrdiff_t rest = (ptrdiff_t)(dim - j);
        vf sum = vf_zero();
        for (size_t i = 0; i < n; i++)
            sum = vf_fma(vf_set(weights[i]), vf_load_n(rows + (ids ? ids[i] : i) * dim + j, rest),
                         sum);
        vf_store_n(out + j, sum, rest);
    }
    return ENGRAM_OK;
}

int NAME(engram_axpy_f32)(float a, const float *x, size_t n, float *y)
{
    size_t i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(y + i, vf_fma(vf_set(a), vf_load(x + i), vf_load(y + i)));
    if (i < n) {
        ptrdiff_t rest = (ptrdiff_t)(n - i);
        vf_store_n(y + i, vf_fma(vf_set(a), vf_load_n(x + i, rest), vf_load_n(y + i, rest)), rest);
    }
    return ENGRAM_OK;
}
