/* panel.c - cosines of many queries against many rows: doors and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/panel.h"
#include "dispatch.h"
#include "host.h"

#include <stdint.h>
#include <string.h>

/* ---- doors */

struct product {
    const struct engram_panel *panel;
    const float *rows, *norms;
    size_t stride;
    float *scores;
};

static int product_of_block(void *data, size_t first, size_t last)
{
    const struct product *p = data;
    if (engram_cancelled())
        return ENGRAM_ECANCELLED;
    return ENGRAM_VERSION(panel_cosines_f32)(p->panel, p->rows + first * p->panel->dim,
                                             p->norms + first, last - first, p->stride,
                                             p->scores + first);
}

int engram_panel_cosines_f32(const struct engram_panel *panel, const float *rows,
                             const float *norms, size_t n, size_t stride, float *scores)
{
    ENGRAM_NEED(panel);
    if (n == 0 || panel->count == 0)
        return ENGRAM_OK;
    if (stride < n)
        return engram_fail(ENGRAM_EDIM, "engram_panel_cosines_f32: stride is %zu, less than n, %zu",
                           stride, n);
    size_t floats, bytes;
    if (!engram_product(stride, panel->count, &floats) ||
        !engram_product(floats, sizeof(float), &bytes) || !engram_product(n, panel->dim, &floats) ||
        !engram_product(floats, sizeof(float), &bytes))
        return engram_fail(ENGRAM_EDIM,
                           "engram_panel_cosines_f32: %zu rows of %zu floats or their scores are "
                           "more than memory has",
                           n, panel->dim);
    if (panel->dim)
        ENGRAM_NEED(rows);
    ENGRAM_NEED(norms);
    ENGRAM_NEED(scores);
    uint64_t begun = engram_begin();
    struct product product = {panel, rows, norms, stride, scores};
    int status = engram_in_blocks(n, ENGRAM_PANEL_ROWS, product_of_block, &product);
    engram_count(KERNEL_panel_cosines_f32, (uint64_t)n * panel->dim, begun);
    return status == ENGRAM_OK ? ENGRAM_OK : engram_fail_cancelled(__func__);
}

size_t engram_panel_bytes(size_t count, size_t dim)
{
    size_t floats, bytes;
    if (dim > SIZE_MAX / ENGRAM_GROUP - 2 * ENGRAM_LANES ||
        !engram_product(engram_groups(count), engram_group_floats(dim) + ENGRAM_GROUP, &floats) ||
        !engram_product(floats, sizeof(float), &bytes))
        return 0;
    return bytes;
}

int engram_panel_pack(const float *queries, size_t count, size_t dim, float *memory,
                      struct engram_panel *out)
{
    if (count > ENGRAM_PANEL)
        return engram_fail(ENGRAM_EDIM, "engram_panel_pack: count is %zu, expected at most %d",
                           count, ENGRAM_PANEL);
    ENGRAM_NEED(out);
    if (count == 0) {
        *out = (struct engram_panel){.dim = dim};
        return ENGRAM_OK;
    }
    if (dim)
        ENGRAM_NEED(queries);
    ENGRAM_NEED(memory);
    size_t groups = engram_groups(count), rounds = engram_rounds(dim);
    float *norms = memory, *packed = memory + groups * ENGRAM_GROUP, *at = packed;
    memset(norms, 0, groups * ENGRAM_GROUP * sizeof *norms);
    for (size_t q = 0; q < count; q++)
        norms[q] = engram_norm_f32(queries + q * dim, dim);
    for (size_t g = 0; g < groups; g++)
        for (size_t walked = 0; walked < ENGRAM_LANES; walked++)
            for (size_t t = 0; t < rounds; t++, at += ENGRAM_GROUP) {
                size_t i = engram_walked_lane(walked) + t * ENGRAM_LANES;
                for (size_t j = 0; j < ENGRAM_GROUP; j++) {
                    size_t q = g * ENGRAM_GROUP + j;
                    at[j] = q < count && i < dim ? queries[q * dim + i] : 0;
                }
            }
    *out = (struct engram_panel){queries, norms, packed, count, dim};
    return ENGRAM_OK;
}

/* ---- reference */

/* A packed query against a row. */
static float packed_dot(const float *query, const float *row, size_t dim)
{
    float lane[ENGRAM_LANES] = {0};
    for (size_t walked = 0; walked < ENGRAM_LANES; walked++) {
        size_t l = engram_walked_lane(walked);
        for (size_t t = 0; t < engram_rounds(dim); t++, query += ENGRAM_GROUP) {
            size_t i = l + t * ENGRAM_LANES;
            lane[l] = fmaf(*query, i < dim ? row[i] : 0, lane[l]);
        }
    }
    return engram_lane_sum(lane);
}

int engram_panel_cosines_f32_ref(const struct engram_panel *panel, const float *rows,
                                 const float *norms, size_t n, size_t stride, float *scores)
{
    size_t dim = panel->dim;
    for (size_t q = 0; q < panel->count; q++) {
        const float *packed =
            panel->packed + q / ENGRAM_GROUP * engram_group_floats(dim) + q % ENGRAM_GROUP;
        for (size_t i = 0; i < n; i++)
            scores[q * stride + i] =
                engram_cosine_of(packed_dot(packed, rows + i * dim, dim), panel->norms[q], norms[i],
                                 panel->queries + q * dim, rows + i * dim, dim);
    }
    return ENGRAM_OK;
}
