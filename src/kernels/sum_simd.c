/* sum_simd.c - weighted sums over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/simd.h"
#include "dispatch.h"

#include <string.h>

/* Adds one row to the sums. They stay in the first-level cache, so that rows are read once and one
 * after the other: a single stream from memory is the fastest. */
INLINED void add_row(float weight, const float *row, size_t dim, float *out)
{
    vf w = vf_set(weight);
    size_t j = 0;
    for (; j + 4 * VF <= dim; j += 4 * VF)
        EACH (r, 4)
            vf_store(out + j + r * VF,
                     vf_fma(w, vf_load(row + j + r * VF), vf_load(out + j + r * VF)));
    for (; j < dim; j += VF) {
        ptrdiff_t rest = (ptrdiff_t)(dim - j);
        vf_store_n(out + j, vf_fma(w, vf_load_n(row + j, rest), vf_load_n(out + j, rest)), rest);
    }
}

int NAME(engram_weighted_sum_f32)(const float *rows, const uint32_t *ids, const float *weights,
                                  size_t n, size_t dim, float *out)
{
    memset(out, 0, dim * sizeof *out);
    for (size_t i = 0; i < n; i++)
        add_row(weights[i], rows + (ids ? ids[i] : i) * dim, dim, out);
    return ENGRAM_OK;
}

int NAME(engram_axpy_f32)(float a, const float *x, size_t n, float *y)
{
    add_row(a, x, n, y);
    return ENGRAM_OK;
}
