/* spread.c - cases: one step over a graph, by target and from active sources, and the normalisation
 * after it.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a step ----------------------------------------------------------------------------- */

static struct engram_graph_view graph;
static struct engram_spread options;
static const float *x, *cue;
static uint32_t columns, first, last;
static float *y;

static uint32_t some_columns(struct kcall *call)
{
    return kchoose(call, 2) ? 1 + kchoose(call, kchoose(call, 8) ? 9 : 70) : 1;
}

/* Finite numbers, as a graph and a start are. */
static void make_step(struct kcall *call)
{
    graph = kgraph(call, call->n, call->timing ? 8 : 3);
    columns = call->n > 1000 ? 1 : some_columns(call);
    options = (struct engram_spread){.size = sizeof options, .steps = 1, .keep = 1, .gain = 1};
    if (kchoose(call, 2))
        options.keep = (float)random_between(&call->random, -1, 2);
    if (kchoose(call, 2))
        options.gain = (float)random_between(&call->random, -1, 2);
    if (kchoose(call, 2))
        options.restart = (float)random_between(&call->random, 0, 1);
}

/* What a target receives, by its definition: sources ascend, edges stand in their order, added ones
 * behind the others. */
static float received(uint32_t target, uint32_t c, const float *by_node, const float *start)
{
    float sum = options.keep * by_node[(size_t)target * columns + c];
    for (uint32_t s = 0; s < graph.nodes; s++) {
        float value = options.gain * by_node[(size_t)s * columns + c];
        for (uint32_t e = graph.offsets[s]; e < graph.offsets[s + 1]; e++)
            if (graph.targets[e] == target)
                sum = fmaf(value, graph.weights[e], sum);
        if (!graph.delta.edges || graph.delta.last[s] == UINT32_MAX)
            continue;
        uint32_t e = graph.delta.last[s];
        do {
            e = graph.delta.next[e];
            if (graph.delta.targets[e] == target)
                sum = fmaf(value, graph.delta.weights[e], sum);
        } while (e != graph.delta.last[s]);
    }
    if (options.restart != 0)
        sum =
            fmaf(options.restart, start[(size_t)target * columns + c], (1 - options.restart) * sum);
    return sum;
}

/* ---- by target -------------------------------------------------------------------------- */

static struct engram_pull pull;

/* Added entries in rows, placed one by one behind those of lower or equal sources. */
static void arrange(struct kcall *call)
{
    const struct engram_delta *d = &graph.delta;
    uint32_t n = graph.nodes;
    pull = graph.pull;
    if (!d->edges)
        return;
    uint32_t *offsets = kblock(call, n + 1, sizeof *offsets, KINPUT);
    uint32_t *sources = kblock(call, d->edges, sizeof *sources, KINPUT);
    float *weights = kblock(call, d->edges, sizeof *weights, KINPUT);
    uint32_t filled = 0, *row_of = malloc(n * sizeof *row_of);
    for (uint32_t row = 0; row < n; row++)
        row_of[pull.order[row]] = row;
    for (uint32_t row = 0; row < n; row++) {
        offsets[row] = filled;
        for (uint32_t s = 0; s < n; s++) {
            if (d->last[s] == UINT32_MAX)
                continue;
            uint32_t e = d->last[s];
            do {
                e = d->next[e];
                if (d->targets[e] == pull.order[row]) {
                    sources[filled] = row_of[s];
                    weights[filled++] = d->weights[e];
                }
            } while (e != d->last[s]);
        }
    }
    offsets[n] = filled;
    free(row_of);
    pull.added_offsets = offsets;
    pull.added_sources = sources;
    pull.added_weights = weights;
}

static void make_spread(struct kcall *call)
{
    enum kkind kind = call->kind;
    call->kind = kind == KSPECIAL ? KRANDOM : kind;
    make_step(call);
    if (call->n > 1000)
        graph.delta.edges = 0;
    arrange(call);
    x = kfloats(call, call->n * columns, -1, 1);
    cue = options.restart != 0 ? kfloats(call, call->n * columns, -1, 1) : NULL;
    y = kblock(call, call->n * columns, sizeof *y, KFLOATS);
    uint32_t slices = (graph.nodes + ENGRAM_SLICE - 1) / ENGRAM_SLICE;
    first = kchoose(call, 4) == 1 ? kchoose(call, slices) * ENGRAM_SLICE : 0;
    last = kchoose(call, 4) == 1 ? first + kchoose(call, slices - first / 16) * 16 : graph.nodes;
    call->kind = kind;
    call->bytes = 12.0 * graph.nodes + 8.0 * graph.edges;
    call->flops = 2.0 * graph.nodes + 3.0 * graph.edges;
    call->elements = call->gathers = graph.edges;
    call->table_bytes = 4.0 * graph.nodes;
}

static void run_spread(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(spread_f32, version)(&pull, &options, x, cue, columns, first, last, y);
}

static int spread_is_plain(const struct kcall *call)
{
    size_t floats = call->n * columns;
    if (call->n > 1000)
        return call->status == ENGRAM_OK;
    float *by_node = malloc((floats + 1) * sizeof *by_node);
    float *start = malloc((floats + 1) * sizeof *start);
    int same = call->status == ENGRAM_OK;
    for (uint32_t row = 0; row < call->n; row++)
        for (uint32_t c = 0; c < columns; c++) {
            size_t to = (size_t)pull.order[row] * columns + c, from = (size_t)row * columns + c;
            by_node[to] = x[from];
            start[to] = cue ? cue[from] : 0;
        }
    for (uint32_t row = first; row < last; row++)
        for (uint32_t c = 0; c < columns; c++)
            same &=
                ksame(y[(size_t)row * columns + c], received(pull.order[row], c, by_node, start));
    free(by_node);
    free(start);
    return same;
}

const struct kcase case_spread_f32 = {"spread_f32", 12 + 8 * 8, 0,
                                      make_spread,  run_spread,  spread_is_plain};

/* ---- from active sources ---------------------------------------------------------------- */

static uint64_t *active, *begun, *touched;
static size_t words;

static void make_active(struct kcall *call)
{
    enum kkind kind = call->kind;
    call->kind = kind == KSPECIAL ? KRANDOM : kind;
    make_step(call);
    float *values = kfloats(call, call->n * columns, -1, 1);
    float *begin = options.restart != 0 ? kfloats(call, call->n * columns, -1, 1) : NULL;
    words = (call->n + 63) / 64;
    active = kblock(call, words, sizeof *active, KINPUT);
    begun = kblock(call, words, sizeof *begun, KINPUT);
    memset(active, 0, words * sizeof *active);
    memset(begun, 0, words * sizeof *begun);
    for (size_t i = 0; i < call->n; i++) {
        uint64_t bit = (uint64_t)1 << i % 64;
        if (call->timing || random_below(&call->random, 3) == 0)
            active[i / 64] |= bit;
        else
            memset(values + i * columns, 0, columns * sizeof *values);
        if (begin && random_below(&call->random, 3) == 0)
            begun[i / 64] |= bit;
        else if (begin)
            memset(begin + i * columns, 0, columns * sizeof *begin);
    }
    x = values;
    cue = begin;
    touched = kblock(call, words, sizeof *touched, KBYTES);
    y = kblock(call, call->n * columns, sizeof *y, KFLOATS);
    call->kind = kind;
    call->bytes = 12.0 * graph.nodes + 12.0 * graph.edges;
    call->flops = 3.0 * graph.edges;
}

static void run_active(struct kcall *call, engram_any_kernel *version)
{
    memset(y, 0, call->n * columns * sizeof *y);
    memcpy(touched, begun, words * sizeof *touched);
    call->status =
        KVERSION(spread_active_f32, version)(&graph, &options, x, cue, columns, active, touched, y);
}

/* Up to the signs of zeros it is what a step by target gives. */
static int active_is_plain(const struct kcall *call)
{
    int same = call->status == ENGRAM_OK;
    for (uint32_t i = 0; i < call->n && call->n <= 1000; i++)
        for (uint32_t c = 0; c < columns; c++) {
            float want = received(i, c, x, cue);
            same &= ksame(y[(size_t)i * columns + c] + 0.0f, want + 0.0f);
            same &= want == 0 || (touched[i / 64] >> i % 64 & 1);
        }
    return same;
}

const struct kcase case_spread_active_f32 = {"spread_active_f32", 12 + 8 * 12, 0,
                                             make_active,         run_active,  active_is_plain};

/* ---- normalisation ---------------------------------------------------------------------- */

static const float *raw;
static uint32_t mode;
static float *divisors, *out, *out_before;

static void make_normalise(struct kcall *call)
{
    mode = kchoose(call, 4);
    columns = call->n > 1000 ? 1 : some_columns(call);
    raw = kfloats(call, call->n * columns, -1, kchoose(call, 2) ? 1 : 3);
    divisors = kblock(call, columns, sizeof *divisors, KFLOATS);
    out = kblock(call, call->n * columns, sizeof *out, KFLOATS);
    out_before = kblock(call, call->n * columns, sizeof *out, KINPUT);
    memcpy(out_before, out, call->n * columns * sizeof *out);
    call->bytes = 8.0 * (double)call->n;
    call->flops = 2.0 * (double)call->n;
}

static void run_normalise(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(normalise_f32, version)(raw, call->n, columns, mode, divisors, out);
}

/* What a column must be divided by. */
static float plain_divisor(size_t n, uint32_t c)
{
    float largest = 0, lane[64] = {0};
    int finite = 1;
    for (size_t i = 0; i < n; i++) {
        float value = raw[i * columns + c];
        finite &= isfinite(value) != 0;
        largest = value > largest ? value : largest;
        lane[i % 64] += fabsf(value);
    }
    float sum = kfold(lane);
    if (!finite || (mode == ENGRAM_NORMALISE_L1 && isinf(sum)))
        return INFINITY;
    if (mode == ENGRAM_NORMALISE_MAX1 && largest > 1)
        return largest;
    return mode == ENGRAM_NORMALISE_L1 && sum != 0 ? sum : 1;
}

static int normalise_is_plain(const struct kcall *call)
{
    size_t floats = call->n * columns;
    int good = 1, failed = 0;
    for (uint32_t c = 0; c < columns; c++) {
        float by = plain_divisor(call->n, c);
        good &= ksame(divisors[c], by);
        failed |= isinf(by);
    }
    if (failed)
        return good && call->status == ENGRAM_ERANGE &&
               memcmp(out, out_before, floats * sizeof *out) == 0;
    for (size_t i = 0; i < floats; i++) {
        float value = raw[i] / divisors[i % columns] + 0.0f;
        if (mode == ENGRAM_NORMALISE_CLAMP01)
            value = value > 0 ? fminf(value, 1) : 0;
        good &= ksame(out[i], value);
    }
    return good && call->status == ENGRAM_OK;
}

const struct kcase case_normalise_f32 = {"normalise_f32",   8, 0, make_normalise, run_normalise,
                                         normalise_is_plain};
