/* frontier_walk.h - the frontier kernel itself. It goes from node to node, where wide registers are
 * of no use; but where the compiler may assume the fused instruction it is up to half as fast again
 * as where each is a call. frontier.c and frontier_simd.c compile it, each its way.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_FRONTIER_WALK_H
#define ENGRAM_KERNELS_FRONTIER_WALK_H

#include "kernels/frontier.h"
#include "kernels/spread.h"

/* The arrays of one call. */
struct spreading {
    const struct engram_graph_view *graph;
    const struct engram_frontier *options;
    struct engram_node_state *state;
    uint64_t *frontier, *touched; /* bitsets: walking them is walking in ascending order */
    size_t words;
    float *activations;
    uint16_t *first_hop;
    uint32_t *contributions;
    uint64_t edges;
};

static float clamp01(float x)
{
    return x > 1 ? 1 : x > 0 ? x : 0;
}

static float fan_of(const struct spreading *s, uint32_t degree)
{
    return s->options->fan == ENGRAM_FAN_SQRT ? sqrtf((float)degree) : (float)degree;
}

/* What one edge brings to its target. */
static inline void arrive(struct spreading *s, uint32_t node, float value, float weight)
{
    struct engram_node_state *target = &s->state[node];
    float c = value * weight;
    switch (s->options->accumulate) {
    case ENGRAM_SUM:
        target->inc = fmaf(value, weight, target->inc);
        break;
    case ENGRAM_MAX:
        target->inc = fabsf(c) > fabsf(target->inc) ? c : target->inc;
        break;
    default:
        target->inc = fmaf(c, 1 - target->inc, target->inc);
    }
    target->arrivals++;
    engram_set_bit(s->touched, node);
}

/* Sends what a node gained along its edges: those of the rows, then those added. */
static void expand(struct spreading *s, uint32_t node, float step)
{
    const struct engram_graph_view *g = s->graph;
    const struct engram_delta *d = &g->delta;
    const float *gain = s->options->gain;
    uint32_t degree = engram_out_degree(g, node);
    float value = s->state[node].delta * step;
    if (s->options->fan != ENGRAM_FAN_NONE && degree)
        value /= fan_of(s, degree);

    for (uint32_t e = g->offsets[node]; e < g->offsets[node + 1]; e++)
        arrive(s, g->targets[e], value, g->weights[e] * gain[g->classes ? g->classes[e] : 0]);
    for (uint32_t e = engram_added_first(d, node); e != UINT32_MAX;
         e = engram_added_next(d, node, e))
        arrive(s, d->targets[e], value, d->weights[e] * gain[d->classes ? d->classes[e] : 0]);
    s->edges += degree;
}

static float combine(uint32_t accumulate, float activation, float inc)
{
    if (accumulate == ENGRAM_NOISY_OR)
        return clamp01(fmaf(inc, inc < 0 ? activation : 1 - activation, activation));
    if (accumulate == ENGRAM_MAX && inc > 0)
        return clamp01(inc > activation ? inc : activation);
    return clamp01(activation + inc);
}

/* Takes up what arrived at a node in this hop, and lets it join the next frontier. */
static void settle(struct spreading *s, uint32_t node, uint32_t hop, float threshold)
{
    const struct engram_frontier *o = s->options;
    struct engram_node_state *state = &s->state[node];
    float inc = state->inc;
    uint32_t arrivals = state->arrivals;
    state->inc = 0;
    state->arrivals = 0;
    if (fabsf(inc) < threshold)
        return;

    float before = s->activations[node], after = combine(o->accumulate, before, inc);
    s->activations[node] = after;
    if (s->first_hop && s->first_hop[node] == UINT16_MAX)
        s->first_hop[node] = (uint16_t)hop;
    if (s->contributions)
        s->contributions[node] += arrivals;

    bool rested = state->visits == 0 || hop - state->last_expansion > o->refractory;
    if (after - before > 0 && state->visits < o->visit_budget && rested) {
        state->delta = (after - before) * (state->visits > 0 ? o->cycle_penalty : 1);
        state->visits++;
        state->last_expansion = (uint16_t)hop;
        engram_set_bit(s->frontier, node);
    }
}

static void plant(struct spreading *s, const uint32_t *seeds, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->activations[seeds[i]] += values[i];
        engram_set_bit(s->frontier, seeds[i]);
    }
    for (size_t i = 0; i < n; i++) {
        struct engram_node_state *state = &s->state[seeds[i]];
        s->activations[seeds[i]] = clamp01(s->activations[seeds[i]]);
        state->delta = s->activations[seeds[i]];
        state->visits = 1;
        if (s->first_hop)
            s->first_hop[seeds[i]] = 0;
    }
}

static int walk(const struct engram_graph_view *graph, const struct engram_frontier *options,
                const uint32_t *seeds, const float *values, size_t n, void *scratch,
                float *activations, uint16_t *first_hop, uint32_t *contributions, uint64_t *edges)
{
    *edges = 0;
    if (graph->nodes == 0)
        return ENGRAM_OK;
    size_t words = engram_words(graph->nodes);
    struct spreading s = {
        .graph = graph,
        .options = options,
        .state = scratch,
        .words = words,
        .activations = activations,
        .first_hop = first_hop,
        .contributions = contributions,
    };
    s.frontier = (uint64_t *)(s.state + graph->nodes);
    s.touched = s.frontier + words;
    memset(scratch, 0, engram_frontier_bytes(graph->nodes));
    memset(activations, 0, graph->nodes * sizeof *activations);
    if (first_hop)
        memset(first_hop, 0xff, graph->nodes * sizeof *first_hop);
    if (contributions)
        memset(contributions, 0, graph->nodes * sizeof *contributions);

    plant(&s, seeds, values, n);
    bool going = n > 0;
    for (uint32_t hop = 1; hop <= options->hops && going; hop++) {
        for (size_t w = 0; w < words; w++) {
            if (s.frontier[w] && engram_cancelled()) {
                *edges = s.edges;
                return ENGRAM_ECANCELLED;
            }
            while (s.frontier[w])
                expand(&s, engram_take_lowest(&s.frontier[w], w),
                       options->step ? options->step[hop - 1] : 1);
        }
        going = false;
        for (size_t w = 0; w < words; w++) {
            while (s.touched[w])
                settle(&s, engram_take_lowest(&s.touched[w], w), hop,
                       options->threshold ? options->threshold[hop - 1] : 0);
            going |= s.frontier[w] != 0;
        }
    }
    *edges = s.edges;
    return ENGRAM_OK;
}

#endif
