/* spread.c - cases: one step over a graph, and the normalisation after it.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <string.h>

/* ---- a step ----------------------------------------------------------------------------- */

static struct engram_graph_view graph;
static struct engram_spread options;
static const float *x, *cue;
static uint32_t first, last;
static float *y;

/* Finite numbers, as a graph and a start are. */
static void make_spread(struct kcall *call)
{
    enum kkind kind = call->kind;
    call->kind = kind == KSPECIAL ? KRANDOM : kind;
    graph = kgraph(call, call->n, call->timing ? 8 : 3);
    options = (struct engram_spread){.size = sizeof options, .steps = 1, .keep = 1, .gain = 1};
    if (kchoose(call, 2))
        options.keep = (float)random_between(&call->random, -1, 2);
    if (kchoose(call, 2))
        options.gain = (float)random_between(&call->random, -1, 2);
    if (kchoose(call, 2))
        options.restart = (float)random_between(&call->random, 0, 1);
    x = kfloats(call, call->n, -1, 1);
    cue = options.restart != 0 ? kfloats(call, call->n, -1, 1) : NULL;
    y = kblock(call, call->n, sizeof *y, KFLOATS);
    first = kchoose(call, 4) == 1 ? kchoose(call, graph.nodes) : 0;
    last = kchoose(call, 4) == 1 ? first + kchoose(call, graph.nodes - first) : graph.nodes;
    call->kind = kind;
    call->bytes = 12.0 * graph.nodes + 8.0 * graph.edges;
    call->flops = 2.0 * graph.nodes + 3.0 * graph.edges;
    call->elements = call->gathers = graph.edges;
    call->table_bytes = 4.0 * graph.nodes;
}

static void run_spread(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(spread_f32, version)(&graph, &options, x, cue, first, last, y);
}

static int spread_is_plain(const struct kcall *call)
{
    (void)call;
    for (uint32_t t = first; t < last; t++) {
        float sum = options.keep * x[t];
        for (uint32_t e = graph.in_offsets[t]; e < graph.in_offsets[t + 1]; e++) {

            sum = fmaf(options.gain * x[graph.sources[e]], graph.in_weights[e], sum);
        }
        if (options.restart != 0)
            sum = fmaf(options.restart, cue[t], (1 - options.restart) * sum);
        if (!ksame(y[t], sum))
            return 0;
    }
    return 1;
}

const struct kcase case_spread_f32 = {"spread_f32", 12 + 8 * 8, 0,
                                      make_spread,  run_spread,  spread_is_plain};

/* ---- normalisation ---------------------------------------------------------------------- */

static const float *raw;
static uint32_t mode;
static float *out, *out_before;

static void make_normalise(struct kcall *call)
{
    mode = kchoose(call, 4);
    raw = kfloats(call, call->n, -1, kchoose(call, 2) ? 1 : 3);
    out = kblock(call, call->n, sizeof *out, KFLOATS);
    out_before = kblock(call, call->n, sizeof *out, KINPUT);
    memcpy(out_before, out, call->n * sizeof *out);
    call->bytes = 8.0 * (double)call->n;
    call->flops = 2.0 * (double)call->n;
}

static void run_normalise(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(normalise_f32, version)(raw, call->n, mode, out);
}

static int normalise_is_plain(const struct kcall *call)
{
    float largest = 0, lane[64] = {0};
    int finite = 1;
    for (size_t i = 0; i < call->n; i++) {
        finite &= isfinite(raw[i]) != 0;
        largest = raw[i] > largest ? raw[i] : largest;
        lane[i % 64] += fabsf(raw[i]);
    }
    float sum = kfold(lane), by = 1;
    if (!finite || (mode == ENGRAM_NORMALISE_L1 && isinf(sum)))
        return call->status == ENGRAM_ERANGE && memcmp(out, out_before, call->n * sizeof *out) == 0;
    if (mode == ENGRAM_NORMALISE_MAX1 && largest > 1)
        by = largest;
    if (mode == ENGRAM_NORMALISE_L1 && sum != 0)
        by = sum;
    for (size_t i = 0; i < call->n; i++) {
        float value = raw[i] / by + 0.0f;
        if (mode == ENGRAM_NORMALISE_CLAMP01)
            value = value > 0 ? fminf(value, 1) : 0;
        if (!ksame(out[i], value))
            return 0;
    }
    return call->status == ENGRAM_OK;
}

const struct kcase case_normalise_f32 = {"normalise_f32",   8, 0, make_normalise, run_normalise,
                                         normalise_is_plain};
