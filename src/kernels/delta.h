/* delta.h - edges added to a graph after it was laid out: walking them, and arranging them in rows.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_DELTA_H
#define ENGRAM_KERNELS_DELTA_H

#include "engram.h"

#include <string.h>

/* The first edge added to a source; UINT32_MAX: none. */
static inline uint32_t engram_added_first(const struct engram_delta *delta, uint32_t source)
{
    uint32_t last = delta->edges ? delta->last[source] : UINT32_MAX;
    return last == UINT32_MAX ? last : delta->next[last];
}

/* The one added after it; UINT32_MAX: none. */
static inline uint32_t engram_added_next(const struct engram_delta *delta, uint32_t source,
                                         uint32_t edge)
{
    return edge == delta->last[source] ? UINT32_MAX : delta->next[edge];
}

/* How many edges leave a node. */
static inline uint32_t engram_out_degree(const struct engram_graph_view *graph, uint32_t node)
{
    uint32_t degree = graph->ends[node] - graph->offsets[node];
    for (uint32_t e = engram_added_first(&graph->delta, node); e != UINT32_MAX;
         e = engram_added_next(&graph->delta, node, e))
        degree++;
    return degree;
}

/* Turns counts in offsets[1 ..] into the places where rows begin. */
static inline void engram_accumulate(uint32_t *offsets, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++)
        offsets[i + 1] += offsets[i];
}

/* Rows were filled by moving each offset to the row's end, which is where the next begins. */
static inline void engram_move_back(uint32_t *offsets, uint32_t rows)
{
    memmove(offsets + 1, offsets, rows * sizeof *offsets);
    offsets[0] = 0;
}

#endif
