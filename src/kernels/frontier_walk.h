/* frontier_walk.h - the frontier kernel itself. It goes from node to node, where wide registers are
 * of no use; but where the compiler may assume the fused instruction it is up to half as fast again
 * as where each is a call. frontier.c and frontier_simd.c compile it, each its way; so does
 * explain.c, which has it leave a trace.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_FRONTIER_WALK_H
#define ENGRAM_KERNELS_FRONTIER_WALK_H

#include "kernels/elementary.h"
#include "kernels/frontier.h"
#include "kernels/spread.h"

/* What is done only where a trace is wanted. */
#ifdef ENGRAM_TRACE
#define TRACE(...) __VA_ARGS__
#else
#define TRACE(...)
#endif

/* The arrays of one call. */
struct spreading {
    const struct engram_graph_view *graph;
    const struct engram_frontier *options;
    struct engram_node_state *state;
    uint64_t *frontier, *touched; /* bitsets: walking them is walking in ascending order */
    uint64_t *reached;
    size_t words;
    float *activations;
    uint16_t *first_hop;
    uint32_t *contributions;
    TRACE(struct trace *trace;)
};

static float clamp01(float x)
{
    return x > 1 ? 1 : x > 0 ? x : 0;
}

/* What each edge carries of a value that leaves by so many. */
static float fan_out(const struct engram_frontier *o, float value, uint32_t degree)
{
    switch (o->fan) {
    case ENGRAM_FAN_LINEAR:
        return value / (float)degree;
    case ENGRAM_FAN_SQRT:
        return value / sqrtf((float)degree);
    case ENGRAM_FAN_ACTR:
        return value * (float)((double)o->fan_strength - engram_log1_f64((double)degree + 1));
    default:
        return value;
    }
}

/* Nothing is known of a node before it is reached. */
static inline void reach(struct spreading *s, uint32_t node)
{
    if (engram_bit(s->reached, node))
        return;
    engram_set_bit(s->reached, node);
    s->state[node].visits = s->state[node].last_expansion = 0;
    s->activations[node] = 0;
    if (s->first_hop)
        s->first_hop[node] = UINT16_MAX;
    if (s->contributions)
        s->contributions[node] = 0;
    TRACE(trace_reach(s->trace, node);)
}

/* What one edge brings to its target. */
static inline void arrive(struct spreading *s, uint32_t node, float value, float weight)
{
    struct engram_node_state *target = &s->state[node];
    if (!engram_bit(s->touched, node)) {
        engram_set_bit(s->touched, node);
        reach(s, node);
        target->inc = 0;
        target->arrivals = 0;
        TRACE(trace_touch(s->trace, node);)
    }
    TRACE(float before = target->inc;)
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
    TRACE(trace_arrival(s->trace, node, s->options->accumulate, before, target->inc);)
}

/* Sends what a node gained along its edges: those of the rows, then those added. */
static void expand(struct spreading *s, uint32_t node, uint32_t degree, float step)
{
    const struct engram_graph_view *g = s->graph;
    const struct engram_delta *d = &g->delta;
    const float *gain = s->options->gain;
    float value = s->state[node].delta * step;
    if (degree)
        value = fan_out(s->options, value, degree);
    TRACE(trace_expand(s->trace, node);)

    for (uint32_t e = g->offsets[node]; e < g->ends[node]; e++)
        arrive(s, g->targets[e], value, g->weights[e] * gain[g->classes ? g->classes[e] : 0]);
    for (uint32_t e = engram_added_first(d, node); e != UINT32_MAX;
         e = engram_added_next(d, node, e))
        arrive(s, d->targets[e], value, d->weights[e] * gain[d->classes ? d->classes[e] : 0]);
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
    if (fabsf(inc) < threshold)
        return;

    float before = s->activations[node], after = combine(o->accumulate, before, inc);
    s->activations[node] = after;
    TRACE(trace_gain(s->trace, node, inc, before, after);)
    if (s->first_hop && s->first_hop[node] == UINT16_MAX)
        s->first_hop[node] = (uint16_t)hop;
    if (s->contributions)
        s->contributions[node] += state->arrivals;

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
        reach(s, seeds[i]);
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
        TRACE(trace_gain(s->trace, seeds[i], 0, 0, state->delta);)
    }
}

/* Words of the frontier whose rows are asked for together: nodes are few and far between, and each
 * would wait for its row alone. */
enum { ASKED = 32 };

static void ask_for_rows(const struct spreading *s, size_t first, size_t last)
{
    const struct engram_graph_view *g = s->graph;
    for (size_t w = first; w < last; w++)
        for (uint64_t word = s->frontier[w]; word;)
            __builtin_prefetch(g->offsets + engram_take_lowest(&word, w));
    for (size_t w = first; w < last && g->targets; w++)
        for (uint64_t word = s->frontier[w]; word;) {
            uint32_t e = g->offsets[engram_take_lowest(&word, w)];
            __builtin_prefetch(g->targets + e);
            __builtin_prefetch(g->weights + e);
        }
}

/* Expands what is left of the frontier; *more: the budget ended before it. */
static int expand_all(struct spreading *s, struct engram_walk *walk, float step, uint64_t *spent,
                      bool *more)
{
    uint64_t budget = s->options->budget;
    for (size_t w = 0; w < s->words; w++) {
        if (w % ASKED == 0)
            ask_for_rows(s, w, w + ASKED < s->words ? w + ASKED : s->words);
        if (s->frontier[w] && engram_cancelled())
            return ENGRAM_ECANCELLED;
        for (uint64_t word; (word = s->frontier[w]) != 0;) {
            uint32_t node = engram_take_lowest(&word, w),
                     degree = engram_out_degree(s->graph, node);
            *more = budget && *spent && *spent + degree > budget;
            if (*more)
                return ENGRAM_OK;
            s->frontier[w] = word;
            expand(s, node, degree, step);
            walk->edges += degree;
            *spent += degree;
        }
    }
    return ENGRAM_OK;
}

/* Settles what was touched; whether anything will travel on. */
static bool settle_all(struct spreading *s, uint32_t hop, float threshold)
{
    bool going = false;
    for (size_t w = 0; w < s->words; w++) {
        while (s->touched[w])
            settle(s, engram_take_lowest(&s->touched[w], w), hop, threshold);
        going |= s->frontier[w] != 0;
    }
    return going;
}

static int walk_on(const struct engram_graph_view *graph, const struct engram_frontier *options,
                   const uint32_t *seeds, const float *values, size_t n, struct engram_walk *walk,
                   float *activations, uint16_t *first_hop,
                   uint32_t *contributions TRACE(, struct trace *trace))
{
    size_t words = engram_words(graph->nodes);
    if (words == 0) {
        walk->edges = 0;
        walk->complete = 1;
        return ENGRAM_OK;
    }
    struct spreading s = {.graph = graph,
                          .options = options,
                          .state = walk->memory,
                          .reached = walk->reached,
                          .words = words,
                          .activations = activations,
                          .first_hop = first_hop,
                          .contributions = contributions,
                          TRACE(.trace = trace)};
    s.frontier = (uint64_t *)(s.state + graph->nodes);
    s.touched = s.frontier + words;
    if (walk->hop == 0) {
        memset(s.frontier, 0, 2 * words * sizeof *s.frontier);
        plant(&s, seeds, values, n);
        walk->edges = 0;
        walk->hop = 1;
        walk->complete = n == 0;
    }
    uint64_t spent = 0;
    for (; !walk->complete && walk->hop <= options->hops; walk->hop++) {
        bool more = false;
        int status =
            expand_all(&s, walk, options->step ? options->step[walk->hop - 1] : 1, &spent, &more);
        if (status != ENGRAM_OK || more)
            return status;
        walk->complete =
            !settle_all(&s, walk->hop, options->threshold ? options->threshold[walk->hop - 1] : 0);
    }
    walk->complete = 1;
    return ENGRAM_OK;
}

#undef TRACE
#endif
