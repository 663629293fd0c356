/* spreading.c - spreading over whole graphs: checks, scratch, steps; the arithmetic is in kernels.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "graph.h"
#include "host.h"
#include "kernels/frontier.h"
#include "scratch.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Nodes between two looks at the cancel flag. */
enum { POLL_NODES = 1 << 14 };

/* ---- power iteration */

static int check_spread(const struct engram_spread *o)
{
    if (o->size < offsetof(struct engram_spread, restart))
        return engram_fail(ENGRAM_EDIM,
                           "engram_graph_spread: options->size is %u, too small for keep "
                           "and gain",
                           (unsigned)o->size);
    const struct {
        const char *name;
        float value;
    } finite[] = {{"keep", o->keep}, {"gain", o->gain}};
    for (size_t i = 0; i < 2; i++)
        if (!(fabsf(finite[i].value) <= FLT_MAX))
            return engram_fail(ENGRAM_ERANGE,
                               "engram_graph_spread: options->%s is %g, expected a finite number",
                               finite[i].name, (double)finite[i].value);
    if (!(o->restart >= 0 && o->restart <= 1))
        return engram_fail(ENGRAM_ERANGE,
                           "engram_graph_spread: options->restart is %g, expected 0 .. 1",
                           (double)o->restart);
    if (o->normalise > ENGRAM_NORMALISE_L1)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_graph_spread: options->normalise is %u, expected "
                           "ENGRAM_NORMALISE_MAX1, _NONE, _CLAMP01 or _L1",
                           (unsigned)o->normalise);
    return ENGRAM_OK;
}

size_t engram_graph_spread_scratch(const engram_graph *graph, const struct engram_spread *options)
{
    if (!graph || !options)
        return 0;
    struct engram_spread own;
    engram_read_options(&own, sizeof own, options);
    size_t arrays = own.restart != 0 ? 2 : 1;
    return graph->view.nodes * sizeof(float) * arrays;
}

/* One step from `a` into y, in blocks; y normalised is then the new `a`, written as a whole. */
static int step(const struct engram_graph_view *g, const struct engram_spread *o, float *a,
                const float *cue, float *y)
{
    for (uint32_t first = 0; first < g->nodes; first += POLL_NODES) {
        if (engram_cancelled())
            return engram_fail_cancelled("engram_graph_spread");
        uint32_t last = g->nodes - first > POLL_NODES ? first + POLL_NODES : g->nodes;
        engram_spread_f32(g, o, a, cue, first, last, y);
    }
    int status = engram_normalise_f32(y, g->nodes, o->normalise, a);
    if (status == ENGRAM_ERANGE)
        return engram_fail(status,
                           "engram_graph_spread: an activation grew beyond the range of float");
    return status;
}

int engram_graph_spread(const engram_graph *graph, const struct engram_spread *options,
                        engram_arena *scratch, float *activations)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED_OPTIONS(options);
    struct engram_spread own;
    engram_read_options(&own, sizeof own, options);
    int status = check_spread(&own);
    uint32_t n = graph->view.nodes;
    if (status != ENGRAM_OK || n == 0)
        return status;
    ENGRAM_NEED(activations);
    status = engram_check_finite(__func__, "activations", activations, n);
    if (status != ENGRAM_OK || own.steps == 0)
        return status;

    struct engram_scratch s;
    if (!engram_scratch_open(&s, scratch))
        return engram_last_status();
    float *y = engram_arena_alloc_array(s.arena, n, sizeof *y, sizeof *y);
    float *cue = NULL;
    if (y && own.restart != 0 &&
        (cue = engram_arena_alloc_array(s.arena, n, sizeof *cue, sizeof *cue)))
        memcpy(cue, activations, n * sizeof *cue);
    if (!y || (own.restart != 0 && !cue))
        status = engram_last_status();
    for (uint32_t i = 0; i < own.steps && status == ENGRAM_OK; i++)
        status = step(&graph->view, &own, activations, cue, y);
    engram_scratch_close(&s);
    return status;
}

/* ---- frontier */

static const float *usual_gain(void)
{
    static const float gain[256] = {
        1, -1, 0.5f, [3 ... 255] = 1, /* excitatory, inhibitory, modulatory, whatever else */
    };
    return gain;
}

int engram_frontier_options(const char *function, const struct engram_frontier *frontier,
                            struct engram_frontier *own)
{
    ENGRAM_NEED_OPTIONS_OF(function, frontier);
    engram_read_options(own, sizeof *own, frontier);
    if (own->hops > ENGRAM_MAX_HOPS || own->refractory > ENGRAM_MAX_HOPS)
        return engram_fail(
            ENGRAM_ERANGE, "%s: frontier->hops is %u and refractory %u, expected at most %d",
            function, (unsigned)own->hops, (unsigned)own->refractory, ENGRAM_MAX_HOPS);
    if (own->fan > ENGRAM_FAN_SQRT)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: frontier->fan is %u, expected ENGRAM_FAN_NONE, _LINEAR or _SQRT",
                           function, (unsigned)own->fan);
    if (own->accumulate > ENGRAM_NOISY_OR)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: frontier->accumulate is %u, expected ENGRAM_SUM, _MAX or _NOISY_OR",
                           function, (unsigned)own->accumulate);
    if (own->visit_budget > UINT16_MAX)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: frontier->visit_budget is %u, expected at most 65535", function,
                           (unsigned)own->visit_budget);
    if (!(own->cycle_penalty >= 0 && own->cycle_penalty <= 1))
        return engram_fail(ENGRAM_ERANGE, "%s: frontier->cycle_penalty is %g, expected 0 .. 1",
                           function, (double)own->cycle_penalty);
    own->visit_budget = own->visit_budget ? own->visit_budget : 2;
    own->cycle_penalty = own->cycle_penalty > 0 ? own->cycle_penalty : 0.93f;

    int status = ENGRAM_OK;
    if (own->step)
        status = engram_check_finite(function, "frontier->step", own->step, own->hops);
    for (uint32_t h = 0; own->threshold && h < own->hops; h++)
        if (!(own->threshold[h] >= 0))
            return engram_fail(ENGRAM_ERANGE, "%s: frontier->threshold[%u] is %g, expected >= 0",
                               function, (unsigned)h, engram_shown(own->threshold[h]));
    if (own->gain && status == ENGRAM_OK)
        status = engram_check_finite(function, "frontier->gain", own->gain, 256);
    if (!own->gain)
        own->gain = usual_gain();
    return status;
}

size_t engram_graph_frontier_scratch(const engram_graph *graph)
{
    return graph ? engram_frontier_bytes(graph->view.nodes) + 64 : 0;
}

int engram_graph_frontier(const engram_graph *graph, const struct engram_frontier *options,
                          const uint32_t *seeds, const float *values, size_t n,
                          engram_arena *scratch, float *activations, uint16_t *first_hop,
                          uint32_t *contributions, uint64_t *edges)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED_OPTIONS(options);
    struct engram_frontier own;
    int status = engram_frontier_options(__func__, options, &own);
    if (status != ENGRAM_OK)
        return status;
    if (n) {
        ENGRAM_NEED(seeds);
        ENGRAM_NEED(values);
    }
    for (size_t i = 0; i < n; i++)
        if (seeds[i] >= graph->view.nodes)
            return engram_fail(ENGRAM_ERANGE,
                               "engram_graph_frontier: seeds[%zu] is %u, there are %u nodes", i,
                               (unsigned)seeds[i], (unsigned)graph->view.nodes);
    status = engram_check_finite(__func__, "values", values, n);
    if (status != ENGRAM_OK)
        return status;
    if (graph->view.nodes)
        ENGRAM_NEED(activations);

    struct engram_scratch s;
    if (!engram_scratch_open(&s, scratch))
        return engram_last_status();
    void *memory = engram_arena_alloc(s.arena, engram_frontier_bytes(graph->view.nodes), 64);
    status = memory ? engram_frontier_f32(&graph->view, &own, seeds, values, n, memory, activations,
                                          first_hop, contributions, edges)
                    : engram_last_status();
    engram_scratch_close(&s);
    return status;
}
