/* frontier_simd.c - activation from a frontier, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/frontier_walk.h"
#include "kernels/simd.h"
#include "dispatch.h"

int NAME(engram_frontier_f32)(const struct engram_graph_view *graph,
                              const struct engram_frontier *options, const uint32_t *seeds,
                              const float *values, size_t n, struct engram_walk *walk,
                              float *activations, uint16_t *first_hop, uint32_t *contributions)
{
    return walk_on(graph, options, seeds, values, n, walk, activations, first_hop, contributions);
}
