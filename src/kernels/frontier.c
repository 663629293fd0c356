/* frontier.c - activation that moves outward hop by hop from seeds: door and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/frontier_walk.h"
#include "dispatch.h"
#include "host.h"

size_t engram_walk_bytes(uint32_t nodes)
{
    return nodes * sizeof(struct engram_node_state) + 2 * engram_words(nodes) * sizeof(uint64_t);
}

int engram_frontier_f32(const struct engram_graph_view *graph,
                        const struct engram_frontier *options, const uint32_t *seeds,
                        const float *values, size_t n, struct engram_walk *walk, float *activations,
                        uint16_t *first_hop, uint32_t *contributions)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED(options);
    ENGRAM_NEED(walk);
    if (graph->nodes) {
        ENGRAM_NEED(walk->memory);
        ENGRAM_NEED(walk->reached);
        ENGRAM_NEED(activations);
    }
    if (n) {
        ENGRAM_NEED(seeds);
        ENGRAM_NEED(values);
    }
    uint64_t before = walk->hop ? walk->edges : 0, begun = engram_begin();
    int status = ENGRAM_VERSION(frontier_f32)(graph, options, seeds, values, n, walk, activations,
                                              first_hop, contributions);
    engram_count(KERNEL_frontier_f32, walk->edges - before, begun);
    return status == ENGRAM_ECANCELLED ? engram_fail_cancelled(__func__) : status;
}

int engram_frontier_f32_ref(const struct engram_graph_view *graph,
                            const struct engram_frontier *options, const uint32_t *seeds,
                            const float *values, size_t n, struct engram_walk *walk,
                            float *activations, uint16_t *first_hop, uint32_t *contributions)
{
    return walk_on(graph, options, seeds, values, n, walk, activations, first_hop, contributions);
}
