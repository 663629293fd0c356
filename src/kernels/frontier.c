/* frontier.c - activation that moves outward hop by hop from seeds: door and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/frontier_walk.h"
#include "dispatch.h"
#include "host.h"

int engram_frontier_f32(const struct engram_graph_view *graph,
                        const struct engram_frontier *options, const uint32_t *seeds,
                        const float *values, size_t n, void *scratch, float *activations,
                        uint16_t *first_hop, uint32_t *contributions, uint64_t *edges)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED(options);
    if (graph->nodes) {
        ENGRAM_NEED(scratch);
        ENGRAM_NEED(activations);
    }
    if (n) {
        ENGRAM_NEED(seeds);
        ENGRAM_NEED(values);
    }
    uint64_t walked, begun = engram_begin();
    int status = ENGRAM_VERSION(frontier_f32)(graph, options, seeds, values, n, scratch,
                                              activations, first_hop, contributions, &walked);
    engram_count(KERNEL_frontier_f32, walked, begun);
    if (status == ENGRAM_ECANCELLED)
        return engram_fail_cancelled(__func__);
    if (edges)
        *edges = walked;
    return status;
}

int engram_frontier_f32_ref(const struct engram_graph_view *graph,
                            const struct engram_frontier *options, const uint32_t *seeds,
                            const float *values, size_t n, void *scratch, float *activations,
                            uint16_t *first_hop, uint32_t *contributions, uint64_t *edges)
{
    return walk(graph, options, seeds, values, n, scratch, activations, first_hop, contributions,
                edges);
}
