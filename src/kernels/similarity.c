/* similarity.c - dot products, distances, norms, cosines: doors and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/similarity.h"
#include "dispatch.h"
#include "host.h"

#include <string.h>

/* ---- doors */

float engram_dot_f32(const float *a, const float *b, size_t n)
{
    return ENGRAM_VERSION(dot_f32)(a, b, n);
}

float engram_squared_l2_f32(const float *a, const float *b, size_t n)
{
    return ENGRAM_VERSION(squared_l2_f32)(a, b, n);
}

float engram_norm_f32(const float *a, size_t n)
{
    return engram_norm_of(engram_dot_f32(a, a, n), a, n);
}

float engram_cosine_f32(const float *a, const float *b, size_t n)
{
    return ENGRAM_VERSION(cosine_f32)(a, b, n);
}

static int check_shape(const char *function, size_t n, size_t dim)
{
    size_t floats, bytes;
    if (!engram_product(n, dim, &floats) || !engram_product(floats, sizeof(float), &bytes))
        return engram_fail(ENGRAM_EDIM, "%s: %zu rows of %zu floats are more than memory has",
                           function, n, dim);
    return ENGRAM_OK;
}

/* Rows of a block: about 2^20 floats. From memory they take some 100 us, long beside what waking a
 * thread takes and short beside what a person at a prompt notices. */
static size_t block_of(size_t dim)
{
    return dim < 1 << 20 ? (1 << 20) / dim : 1;
}

struct rows {
    const float *query, *rows, *norms;
    const uint64_t *mask;
    size_t dim;
    float *out;
};

static int norms_of_block(void *data, size_t first, size_t last)
{
    const struct rows *r = data;
    return ENGRAM_VERSION(norms_f32)(r->rows + first * r->dim, last - first, r->dim,
                                     r->out + first);
}

static int cosines_of_block(void *data, size_t first, size_t last)
{
    const struct rows *r = data;
    if (engram_cancelled())
        return ENGRAM_ECANCELLED;
    if (r->mask)
        return ENGRAM_VERSION(masked_cosine_f32)(r->query, r->rows + first * r->dim, r->mask,
                                                 last - first, r->dim, r->out + first);
    return ENGRAM_VERSION(cosines_f32)(r->query, r->rows + first * r->dim,
                                       r->norms ? r->norms + first : NULL, last - first, r->dim,
                                       r->out + first);
}

int engram_norms_f32(const float *rows, size_t n, size_t dim, float *norms)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(norms);
    if (dim == 0) {
        memset(norms, 0, n * sizeof *norms);
        return ENGRAM_OK;
    }
    ENGRAM_NEED(rows);
    int status = check_shape(__func__, n, dim);
    if (status != ENGRAM_OK)
        return status;
    uint64_t begun = engram_begin();
    struct rows task = {.rows = rows, .dim = dim, .out = norms};
    engram_in_blocks(n, block_of(dim), norms_of_block, &task);
    engram_count(KERNEL_norms_f32, (uint64_t)n * dim, begun);
    return ENGRAM_OK;
}

/* Cosines of either kind. */
static int cosines(const char *function, enum engram_kernel kernel, struct rows *task, size_t n)
{
    if (task->dim == 0) {
        memset(task->out, 0, n * sizeof *task->out);
        return ENGRAM_OK;
    }
    const float *query = task->query, *rows = task->rows;
    ENGRAM_NEED_OF(function, query);
    ENGRAM_NEED_OF(function, rows);
    int status = check_shape(function, n, task->dim);
    if (status != ENGRAM_OK)
        return status;
    uint64_t begun = engram_begin();
    status = engram_in_blocks(n, block_of(task->dim), cosines_of_block, task);
    engram_count(kernel, (uint64_t)n * task->dim, begun);
    return status == ENGRAM_OK ? ENGRAM_OK : engram_fail_cancelled(function);
}

int engram_cosines_f32(const float *query, const float *rows, const float *norms, size_t n,
                       size_t dim, float *scores)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(scores);
    struct rows task = {query, rows, norms, NULL, dim, scores};
    return cosines(__func__, KERNEL_cosines_f32, &task, n);
}

int engram_masked_cosine_f32(const float *query, const float *rows, const uint64_t *mask, size_t n,
                             size_t dim, float *scores)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(scores);
    if (dim)
        ENGRAM_NEED(mask);
    struct rows task = {query, rows, NULL, mask, dim, scores};
    return cosines(__func__, KERNEL_masked_cosine_f32, &task, n);
}

/* ---- reference */

/* A tail is a whole round of lanes with zeros in the missing elements, and so is what a mask leaves
 * of a round; rounds of which it leaves nothing are passed over. */
static float dot_ref(const float *a, const float *b, const uint64_t *mask, size_t n)
{
    float lane[ENGRAM_LANES] = {0};
    for (size_t i = 0; i < engram_padded(n); i++) {
        bool kept = i < n && engram_kept(mask, i);
        if (!mask || mask[i / 64])
            lane[i % ENGRAM_LANES] = fmaf(kept ? a[i] : 0, kept ? b[i] : 0, lane[i % ENGRAM_LANES]);
    }
    return engram_lane_sum(lane);
}

float engram_dot_f32_ref(const float *a, const float *b, size_t n)
{
    return dot_ref(a, b, NULL, n);
}

float engram_squared_l2_f32_ref(const float *a, const float *b, size_t n)
{
    float lane[ENGRAM_LANES] = {0};
    for (size_t i = 0; i < engram_padded(n); i++) {
        float d = i < n ? a[i] - b[i] : 0;
        lane[i % ENGRAM_LANES] = fmaf(d, d, lane[i % ENGRAM_LANES]);
    }
    return engram_lane_sum(lane);
}

static float norm_ref(const float *a, size_t n)
{
    return engram_norm_of(engram_dot_f32_ref(a, a, n), a, n);
}

float engram_cosine_f32_ref(const float *a, const float *b, size_t n)
{
    return engram_cosine_of(engram_dot_f32_ref(a, b, n), norm_ref(a, n), norm_ref(b, n), a, b, n);
}

int engram_norms_f32_ref(const float *rows, size_t n, size_t dim, float *norms)
{
    for (size_t i = 0; i < n; i++, rows += dim)
        norms[i] = norm_ref(rows, dim);
    return ENGRAM_OK;
}

int engram_cosines_f32_ref(const float *query, const float *rows, const float *norms, size_t n,
                           size_t dim, float *scores)
{
    float query_norm = norm_ref(query, dim);
    for (size_t i = 0; i < n; i++, rows += dim)
        scores[i] = engram_cosine_of(engram_dot_f32_ref(query, rows, dim), query_norm,
                                     norms ? norms[i] : norm_ref(rows, dim), query, rows, dim);
    return ENGRAM_OK;
}

int engram_masked_cosine_f32_ref(const float *query, const float *rows, const uint64_t *mask,
                                 size_t n, size_t dim, float *scores)
{
    float query_norm = engram_masked_norm_of(dot_ref(query, query, mask, dim), query, mask, dim);
    for (size_t i = 0; i < n; i++, rows += dim) {
        float norm = engram_masked_norm_of(dot_ref(rows, rows, mask, dim), rows, mask, dim);
        scores[i] = engram_masked_cosine_of(dot_ref(query, rows, mask, dim), query_norm, norm,
                                            query, rows, mask, dim);
    }
    return ENGRAM_OK;
}
