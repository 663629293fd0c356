/* panel_simd.c - many queries against many rows, over registers of any width.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/panel.h"
#include "kernels/simd.h"
#include "dispatch.h"

/* A tile is ROWS rows by GROUPS groups by ABREAST canonical lanes, l and l + 32: its sums fill 24
 * registers of the 32 that AVX-512 and NEON have, 12 of the 16 of AVX2. Lanes abreast meet in
 * registers, the others in memory, where it costs a seventh of the time on a Zen 4. */
enum {
    WIDE = ENGRAM_GROUP / VF, /* registers of a group */
    ROWS = 6,
    GROUPS = VF == 16 ? 2 : 1,
    ABREAST = VF == 16 ? 2 : 1,
    COLUMNS = GROUPS * WIDE,
    LEVELS = 7
};

/* Where the queries of a tile begin, and how far apart their groups and lanes stand. */
struct queries {
    const float *packed;
    size_t group, lane;
};

/* One fused step of one lane: an element of each row times a column of queries. */
INLINED void step(vf sum[ROWS][COLUMNS], const struct queries *q, size_t offset, const float *row,
                  size_t dim, int tall, int wide)
{
    vf x[COLUMNS];
    EACH (c, wide)
        x[c] = vf_load(q->packed + offset + (size_t)(c / WIDE) * q->group + c % WIDE * VF);
    EACH (r, tall) {
        vf y = vf_set(row[(size_t)r * dim]);
        EACH (c, wide)
            sum[r][c] = vf_fma(x[c], y, sum[r][c]);
    }
}

/* Dot products of `tall` rows with `wide` registers of queries. A lane without an element in the
 * last round skips its step with zeros: that could only tell -0 from +0, and only where all lanes
 * are -0, so one addition in the end makes up for it. `share` floats of the rows to come are asked
 * for at each lane. */
INLINED void tile(struct queries q, const float *rows, size_t dim, int tall, int wide,
                  const float *next, size_t share, float *out)
{
    vf carried[LEVELS][ROWS][COLUMNS];
    for (size_t walked = 0; walked < ENGRAM_LANES; walked += ABREAST) {
        vf sum[ABREAST][ROWS][COLUMNS];
        EACH (a, ABREAST)
            EACH (r, tall)
                EACH (c, wide)
                    sum[a][r][c] = vf_zero();
        size_t i = engram_walked_lane(walked), further = (ABREAST - 1) * ENGRAM_LANES / 2, at = 0;
        for (; i + further < dim; i += ENGRAM_LANES, at += ENGRAM_GROUP)
            EACH (a, ABREAST)
                step(sum[a], &q, at + (size_t)a * q.lane, rows + i + (size_t)a * further, dim, tall,
                     wide);
        if (further && i < dim)
            step(sum[0], &q, at, rows + i, dim, tall, wide);
        q.packed += ABREAST * q.lane;

        for (size_t j = 0; j < ABREAST * share; j += 64 / sizeof *next)
            prefetch(next + j);
        next += ABREAST * share;

        if (ABREAST == 2)
            EACH (r, tall)
                EACH (c, wide)
                    sum[0][r][c] = vf_add(sum[0][r][c], sum[ABREAST - 1][r][c]);
        int level = ABREAST / 2;
        for (; walked >> level & 1; level++)
            EACH (r, tall)
                EACH (c, wide)
                    sum[0][r][c] = vf_add(carried[level][r][c], sum[0][r][c]);
        EACH (r, tall)
            EACH (c, wide)
                carried[level][r][c] = sum[0][r][c];
    }
    EACH (r, tall)
        EACH (c, wide) {
            vf dot = carried[LEVELS - 1][r][c];
            vf_store(out + (r * wide + c) * VF, dim % ENGRAM_LANES ? vf_add(dot, vf_zero()) : dot);
        }
}

/* The cosines of a register of queries with one row; as bits, the lanes where float does not reach,
 * which are left to engram_cosine_of. */
INLINED uint32_t cosines(vf dot, vf norm_a, vf norm_b, vf *out)
{
    vf product = vf_mul(norm_a, norm_b), most = vf_set(FLT_MAX), one = vf_set(1);
    vm fits = vm_and(vf_at_most(product, most), vf_at_most(vf_abs(dot), most));
    vm some = vm_and(vf_less(vf_zero(), norm_a), vf_less(vf_zero(), norm_b));
    vf cosine = vf_div(dot, product);
    cosine = vf_select(vf_less(one, cosine), one, cosine);
    cosine = vf_select(vf_less(cosine, vf_neg(one)), vf_neg(one), cosine);
    *out = vf_select(some, cosine, vf_zero());
    return ~vm_bits(fits) & vm_bits(some);
}

/* Turns a tile's dot products into cosines and puts them where each query has its own. */
INLINED void deliver(const struct engram_panel *panel, size_t first, const float *rows,
                     const float *norms, int tall, int wide, float *dots, size_t stride,
                     float *scores)
{
    size_t dim = panel->dim, across = (size_t)wide * VF;
    for (int r = 0; r < tall; r++)
        for (int c = 0; c < wide; c++) {
            float *at = dots + (r * wide + c) * VF, dot[VF];
            vf cosine = vf_load(at);
            vf_store(dot, cosine);
            uint32_t odd = cosines(cosine, vf_load(panel->norms + first + (size_t)c * VF),
                                   vf_set(norms[r]), &cosine);
            vf_store(at, cosine);
            for (; odd; odd &= odd - 1) {
                size_t j = (size_t)__builtin_ctz(odd), query = first + (size_t)c * VF + j;
                at[j] = engram_cosine_of(dot[j], panel->norms[query], norms[r],
                                         panel->queries + query * dim, rows + (size_t)r * dim, dim);
            }
        }
    for (size_t query = 0; query < across && first + query < panel->count; query++)
        for (int r = 0; r < tall; r++)
            scores[(first + query) * stride + (size_t)r] = dots[(size_t)r * across + query];
}

/* A few rows with every group in turn, while they stay in the first-level cache. */
INLINED void strip(const struct engram_panel *panel, const float *rows, const float *norms,
                   int tall, size_t stride, float *scores)
{
    float dots[ROWS * COLUMNS * VF];
    size_t dim = panel->dim, groups = engram_groups(panel->count);
    size_t floats = (size_t)tall * dim, share = floats / (ENGRAM_LANES * groups);
    struct queries q = {panel->packed, engram_group_floats(dim), engram_rounds(dim) * ENGRAM_GROUP};
    const float *next = rows + floats;
    for (size_t g = 0; g < groups;) {
        size_t first = g * ENGRAM_GROUP;
        if (GROUPS > 1 && g + GROUPS <= groups) {
            tile(q, rows, dim, tall, COLUMNS, next, share * GROUPS, dots);
            deliver(panel, first, rows, norms, tall, COLUMNS, dots, stride, scores);
            g += GROUPS;
        } else {
            tile(q, rows, dim, tall, WIDE, next, share, dots);
            deliver(panel, first, rows, norms, tall, WIDE, dots, stride, scores);
            g++;
        }
        q.packed = panel->packed + g * q.group;
        next = rows + floats + g * share * ENGRAM_LANES;
    }
}

int NAME(engram_panel_cosines_f32)(const struct engram_panel *panel, const float *rows,
                                   const float *norms, size_t n, size_t stride, float *scores)
{
    size_t dim = panel->dim, i = 0;
    if (panel->count == 0)
        return ENGRAM_OK;
    for (; i + ROWS <= n; i += ROWS)
        strip(panel, rows + i * dim, norms + i, ROWS, stride, scores + i);
    for (; i < n; i++)
        strip(panel, rows + i * dim, norms + i, 1, stride, scores + i);
    return ENGRAM_OK;
}
