/* panel.h - many queries side by side, so that each row of a bank is read once for all of them.
 * SPDX-License-Identifier: MIT
 *
 * A product of Q queries and n rows in the canonical order: queries are the lanes of registers,
 * elements of rows are broadcast. A canonical lane is one chain of fused steps over the elements
 * l, l + 64, ..; lanes are walked with their six bits reversed, 0, 32, 16, 48, 8, .., so that the
 * pairs of the last sum, 32 apart, then 16, .. meet as the digits of a binary counter carry. */
#ifndef ENGRAM_KERNELS_PANEL_H
#define ENGRAM_KERNELS_PANEL_H

#include "kernels/similarity.h"

/* Queries in a group, and most of them in a panel: as many as keep the packed form in a
 * second-level cache at usual lengths. */
enum { ENGRAM_GROUP = 16, ENGRAM_PANEL = 64 };

/* Rows of a block: their cosines with all queries stay in a second-level cache. */
enum { ENGRAM_PANEL_ROWS = 192 };

/* Floats of one packed group: for each lane in the order of the walk, for each round, the elements
 * of the 16 queries, zeros where there is no element or no query. */
static inline size_t engram_group_floats(size_t dim)
{
    return engram_padded(dim) * ENGRAM_GROUP;
}

static inline size_t engram_groups(size_t count)
{
    return (count + ENGRAM_GROUP - 1) / ENGRAM_GROUP;
}

/* The lane that is walked as number i. */
static inline size_t engram_walked_lane(size_t i)
{
    _Static_assert(ENGRAM_LANES == 64, "six bits");
    return (i & 1) << 5 | (i & 2) << 3 | (i & 4) << 1 | (i & 8) >> 1 | (i & 16) >> 3 |
           (i & 32) >> 5;
}

#endif
