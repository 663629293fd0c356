/* sum.c - weighted sums of rows: the doors, and the reference that defines them.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "host.h"

#include <math.h>

int engram_weighted_sum_f32(const float *rows, const uint32_t *ids, const float *weights, size_t n,
                            size_t dim, float *out)
{
    if (dim == 0)
        return ENGRAM_OK;
    if (n) {
        ENGRAM_NEED(rows);
        ENGRAM_NEED(weights);
    }
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(weighted_sum_f32)(rows, ids, weights, n, dim, out);
    engram_count(KERNEL_weighted_sum_f32, (uint64_t)n * dim, begun);
    return status;
}

struct axpy {
    __typeof__(engram_axpy_f32) *version;
    float a;
    const float *x;
    float *y;
};

static int axpy_block(void *data, size_t first, size_t last)
{
    const struct axpy *w = data;
    return w->version(w->a, w->x + first, last - first, w->y + first);
}

int engram_axpy_f32(float a, const float *x, size_t n, float *y)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(y);
    uint64_t begun = engram_begin();
    struct axpy axpy = {ENGRAM_VERSION(axpy_f32), a, x, y};
    int status = engram_in_blocks(n, ENGRAM_BLOCK, axpy_block, &axpy);
    engram_count(KERNEL_axpy_f32, n, begun);
    return status;
}

int engram_weighted_sum_f32_ref(const float *rows, const uint32_t *ids, const float *weights,
                                size_t n, size_t dim, float *out)
{
    for (size_t j = 0; j < dim; j++)
        out[j] = 0;
    for (size_t i = 0; i < n; i++) {
        const float *row = rows + (ids ? ids[i] : i) * dim;
        for (size_t j = 0; j < dim; j++)
            out[j] = fmaf(weights[i], row[j], out[j]);
    }
    return ENGRAM_OK;
}

int engram_axpy_f32_ref(float a, const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = fmaf(a, x[i], y[i]);
    return ENGRAM_OK;
}
