/* abi.c - the symbols of the original kernel library; those of its arenas are in arena.c.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "host.h"
#include "scratch.h"

#include <math.h>
#include <string.h>

void engram_vector_similarity(const float *query, const float *candidates, float *scores,
                              size_t query_len, size_t num_candidates)
{
    engram_start_legacy();
    engram_cosines_f32(query, candidates, NULL, num_candidates, query_len, scores);
}

void engram_apply_decay(float *strengths, const uint64_t *ages_seconds, size_t num_memories)
{
    engram_start_legacy();
    const struct engram_law day = {.size = sizeof day, .curve = ENGRAM_EXPONENTIAL, .tau_s = 86400};
    if (num_memories && !strengths)
        engram_fail(ENGRAM_ENULL, "engram_apply_decay: strengths is null");
    else
        engram_decay_f32(&day, NULL, strengths, ages_seconds, ENGRAM_AGE_U64, ENGRAM_UNCLAMPED,
                         num_memories, strengths);
}

/* The attribution of edges to sources is the original's, and so are its other habits: edges to
 * nodes that are not there are ignored, silent sources are not skipped, and only the largest value
 * matters to the division. */
static void original_step(const uint32_t *adjacency, const float *weights, float *activations,
                          const float *before, size_t nodes, size_t edges)
{
    size_t share = edges / nodes + (edges % nodes != 0);
    for (size_t e = 0; e < edges; e++)
        if (e / share < nodes && adjacency[e] < nodes)
            activations[adjacency[e]] =
                fmaf(before[e / share], weights[e], activations[adjacency[e]]);
    float largest = 0;
    for (size_t i = 0; i < nodes; i++)
        largest = activations[i] > largest ? activations[i] : largest;
    for (size_t i = 0; i < nodes && largest > 1; i++)
        activations[i] /= largest;
}

void engram_spread_activation(const uint32_t *adjacency, const float *weights, float *activations,
                              size_t num_nodes, size_t num_edges, uint32_t iterations)
{
    engram_start_legacy();
    if (num_nodes == 0 || num_edges == 0 || iterations == 0)
        return;
    if (!adjacency || !weights || !activations) {
        engram_fail(ENGRAM_ENULL,
                    "engram_spread_activation: adjacency, weights or activations is null");
        return;
    }
    struct engram_scratch s;
    if (!engram_scratch_open(&s, NULL))
        return;
    float *before = engram_arena_alloc_array(s.arena, num_nodes, sizeof *before, sizeof *before);
    for (uint32_t i = 0; before && i < iterations; i++) {
        memcpy(before, activations, num_nodes * sizeof *before);
        original_step(adjacency, weights, activations, before, num_nodes, num_edges);
    }
    engram_scratch_close(&s);
}
