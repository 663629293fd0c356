/* frontier.c - case: activation that moves outward from seeds, hop by hop.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <stdlib.h>
#include <string.h>

static struct engram_graph_view graph;
static struct engram_frontier options;
static const uint32_t *seeds;
static const float *values;
static size_t count;
static struct engram_walk walk;
static float *activations;
static uint16_t *first_hop;
static uint32_t *contributions;
static uint64_t *edges;

/* Scratch that ends where memory does; when timing, the thread's arena if that has room. */
static void *make_scratch(struct kcall *call, size_t bytes)
{
    engram_arena *arena = call->timing ? engram_arena_thread() : NULL;
    struct engram_arena_info info;
    if (!arena || engram_arena_reset(arena) != ENGRAM_OK ||
        engram_arena_info(arena, &info) != ENGRAM_OK || info.capacity < bytes)
        return kblock(call, bytes, 1, KSCRATCH);
    return engram_arena_alloc(arena, bytes, 64);
}

static void make_frontier(struct kcall *call)
{
    enum kkind kind = call->kind;
    call->kind = kind == KSPECIAL ? KRANDOM : kind;
    graph = kgraph(call, call->n, call->timing ? 8 : 3);
    if (kchoose(call, 4) == 1)
        graph.classes = NULL;
    uint32_t hops = call->timing ? 3 : kchoose(call, 6);
    options = (struct engram_frontier){
        .size = sizeof options,
        .hops = hops,
        .fan = kchoose(call, 4),
        .fan_strength = 1.6f,
        .accumulate = kchoose(call, 3),
        .budget = call->timing || kchoose(call, 2) ? 0 : 1 + kchoose(call, 40),
        .visit_budget = call->timing ? 2 : 1 + kchoose(call, 3),
        .refractory = kchoose(call, 3),
        .cycle_penalty = 0.93f,
    };
    float *threshold = kblock(call, hops, sizeof *threshold, KINPUT);
    float *step = kblock(call, hops, sizeof *step, KINPUT);
    float *gain = kblock(call, 256, sizeof *gain, KINPUT);
    for (uint32_t h = 0; h < hops; h++) {
        threshold[h] = kchoose(call, 2) ? 0.05f : 0;
        step[h] = call->timing ? 0.5f : (float)random_between(&call->random, -0.1, 1.1);
    }
    for (int i = 0; i < 256; i++)
        gain[i] = i == 1 ? -1 : i == 2 ? 0.5f : 1;
    options.threshold = threshold;
    options.step = step;
    options.gain = gain;

    count = call->n == 0 ? 0 : call->timing ? 10 : kchoose(call, 20);
    uint32_t *some = kblock(call, count, sizeof *some, KINPUT);
    for (size_t i = 0; i < count; i++)
        some[i] = random_below(&call->random, graph.nodes);
    seeds = some;
    values = kfloats(call, count, call->timing ? 0.5 : -0.5, 1);
    call->kind = kind;

    walk.memory = make_scratch(call, engram_walk_bytes(graph.nodes));
    walk.reached = kblock(call, (call->n + 63) / 64, sizeof *walk.reached, KBYTES);
    activations = kblock(call, call->n, sizeof *activations, KFLOATS);
    int also = call->timing || kchoose(call, 4) != 1;
    first_hop = also ? kblock(call, call->n, sizeof *first_hop, KBYTES) : NULL;
    contributions = also ? kblock(call, call->n, sizeof *contributions, KBYTES) : NULL;
    edges = kblock(call, 1, sizeof *edges, KBYTES);
}

/* As many calls as the budget asks for. */
static void run_frontier(struct kcall *call, engram_any_kernel *version)
{
    walk = (struct engram_walk){.memory = walk.memory, .reached = walk.reached};
    memset(walk.reached, 0, (call->n + 63) / 64 * sizeof *walk.reached);
    do
        call->status = KVERSION(frontier_f32, version)(
            &graph, &options, seeds, values, count, &walk, activations, first_hop, contributions);
    while (call->status == ENGRAM_OK && !walk.complete);
    *edges = walk.edges;
    /* Bitsets; and of each edge itself, with the state and the activation that it reaches. */
    call->bytes = 3.0 * graph.nodes / 8 + (9.0 + 20.0) * (double)*edges;
    call->flops = 2.0 * (double)*edges;
    call->elements = (double)*edges;
}

/* What holds whatever the graph is. */
static int frontier_holds(const struct kcall *call)
{
    for (size_t i = 0; i < call->n; i++) {
        if (!(walk.reached[i / 64] >> i % 64 & 1))
            continue;
        if (!(activations[i] >= 0 && activations[i] <= 1))
            return 0;
        if (first_hop && first_hop[i] != 65535 && first_hop[i] > options.hops)
            return 0;
    }
    return 1;
}

const struct kcase case_frontier_f32 = {"frontier_f32", 12 + 8 * 9,   0,
                                        make_frontier,  run_frontier, frontier_holds};
