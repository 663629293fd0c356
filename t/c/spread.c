/* spread.c - the ways of spreading agree in every bit: pushed one source after the other, by
 * target, from active nodes, in a batch, on several threads, with edges added before and after.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include <pthread.h>

static struct engram_rng rng = {20261121};
static uint32_t cancel;

/* ---- threads: engram_options.parallel_for that takes blocks in an order of its own */

enum { MOST_THREADS = 7 };

static struct team {
    size_t n, threads, next;
    void (*body)(void *data, size_t i);
    void *data;
} team = {.threads = 1};
static size_t most_blocks, cancel_at = SIZE_MAX, begun;

static void *works(void *unused)
{
    (void)unused;
    for (;;) {
        size_t i = __atomic_fetch_add(&team.next, 1, __ATOMIC_RELAXED);
        if (i >= team.n)
            return NULL;
        if (__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED) == cancel_at)
            __atomic_store_n(&cancel, 1, __ATOMIC_RELAXED);
        team.body(team.data, team.n - 1 - i);
    }
}

static void on_threads(void *context, size_t n, void (*body)(void *data, size_t i), void *data)
{
    (void)context;
    pthread_t thread[MOST_THREADS];
    team.n = n;
    team.next = 0;
    team.body = body;
    team.data = data;
    most_blocks = n > most_blocks ? n : most_blocks;
    for (size_t i = 1; i < team.threads; i++)
        pthread_create(&thread[i], NULL, works, NULL);
    works(NULL);
    for (size_t i = 1; i < team.threads; i++)
        pthread_join(thread[i], NULL);
}

/* ---- graphs as lists of edges, in ascending source */

struct list {
    uint32_t nodes, edges;
    uint32_t *sources, *targets;
    float *weights;
    uint8_t *classes;
};

static float some_weight(void)
{
    switch (engram_rng_below(&rng, 12)) {
    case 0:
        return 0;
    case 1:
        return -0.0f;
    case 2:
        return 1e-30f;
    default:
        return (float)(engram_rng_uniform(&rng) * 2 - 0.7);
    }
}

/* Some nodes are sources or targets of many edges. */
static struct list some_list(uint32_t nodes, uint32_t edges)
{
    struct list l = {.nodes = nodes, .edges = edges};
    uint32_t *count = calloc(nodes + 1, sizeof *count);
    l.sources = malloc((edges + 1) * sizeof *l.sources);
    l.targets = malloc((edges + 1) * sizeof *l.targets);
    l.weights = malloc((edges + 1) * sizeof *l.weights);
    l.classes = malloc(edges + 1);
    for (uint32_t e = 0; e < edges; e++)
        count[engram_rng_below(&rng, engram_rng_below(&rng, 6) ? nodes : nodes / 20 + 1)]++;
    uint32_t e = 0;
    for (uint32_t s = 0; s < nodes; s++)
        for (uint32_t i = 0; i < count[s]; i++, e++) {
            l.sources[e] = s;
            l.targets[e] =
                engram_rng_below(&rng, engram_rng_below(&rng, 6) ? nodes : nodes / 20 + 1);
            l.weights[e] = some_weight();
            l.classes[e] = (uint8_t)engram_rng_below(&rng, 3);
        }
    free(count);
    return l;
}

static void free_list(struct list *l)
{
    free(l->sources);
    free(l->targets);
    free(l->weights);
    free(l->classes);
}

/* The graph of a list: of each source the first edges are there from the start, as many of them as
 * `of_ten` of ten; the others are added later, in an order that keeps that of each source. */
static engram_graph *graph_of(const struct list *l, uint32_t of_ten)
{
    engram_builder *builder = NULL;
    engram_graph *graph = NULL;
    bool *late = calloc(l->edges + 1, sizeof *late);
    int failures = engram_builder_new(&builder);
    failures += engram_builder_nodes(builder, of_ten == 10 ? l->nodes : l->nodes / 2);
    for (uint32_t e = 0; e < l->edges; e++) {
        late[e] = (e > 0 && late[e - 1] && l->sources[e - 1] == l->sources[e]) ||
                  engram_rng_below(&rng, 10) >= of_ten;
        if (!late[e])
            failures += engram_builder_edge(builder, l->sources[e], l->targets[e], l->weights[e],
                                            l->classes[e]);
    }
    failures += engram_builder_freeze(builder, &graph);
    engram_builder_free(builder);
    for (uint32_t odd = 0; odd < 2; odd++) /* sources do not come in order */
        for (uint32_t e = 0; e < l->edges; e++)
            if (late[e] && l->sources[e] % 2 != odd)
                failures += engram_graph_add(graph, &l->sources[e], &l->targets[e], &l->weights[e],
                                             &l->classes[e], 1);
    free(late);
    if (failures)
        diag("%s", engram_last_message());
    return graph;
}

/* ---- the definition: sources ascend, silent ones are skipped as in the original */

static bool plain_normalise(float *a, uint32_t n, uint32_t mode)
{
    float largest = 0, lane[64] = {0}, by = 1;
    for (uint32_t i = 0; i < n; i++) {
        if (!isfinite(a[i]))
            return false;
        largest = a[i] > largest ? a[i] : largest;
        lane[i % 64] += fabsf(a[i]);
    }
    for (int half = 32; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    if (mode == ENGRAM_NORMALISE_MAX1 && largest > 1)
        by = largest;
    if (mode == ENGRAM_NORMALISE_L1 && lane[0] > 0)
        by = lane[0];
    if (!isfinite(by))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        a[i] = a[i] / by + 0.0f;
        if (mode == ENGRAM_NORMALISE_CLAMP01)
            a[i] = a[i] > 1 ? 1 : a[i] > 0 ? a[i] : 0;
    }
    return true;
}

/* False if a step overflows; a then stands at the one before. */
static bool plain_spread(const struct list *l, const struct engram_spread *o, float *a)
{
    size_t bytes = l->nodes * sizeof *a;
    float *x = malloc(bytes + 1), *cue = malloc(bytes + 1);
    bool finite = true;
    memcpy(cue, a, bytes);
    for (uint32_t step = 0; step < o->steps && finite; step++) {
        memcpy(x, a, bytes);
        for (uint32_t i = 0; i < l->nodes; i++)
            a[i] = o->keep * x[i];
        for (uint32_t e = 0; e < l->edges; e++)
            if (x[l->sources[e]] != 0)
                a[l->targets[e]] =
                    fmaf(o->gain * x[l->sources[e]], l->weights[e], a[l->targets[e]]);
        for (uint32_t i = 0; i < l->nodes && o->restart != 0; i++)
            a[i] = fmaf(o->restart, cue[i], (1 - o->restart) * a[i]);
        finite = plain_normalise(a, l->nodes, o->normalise);
        if (!finite)
            memcpy(a, x, bytes);
    }
    free(x);
    free(cue);
    return finite;
}

static struct engram_spread some_options(void)
{
    struct engram_spread o = {.size = sizeof o,
                              .steps = engram_rng_below(&rng, 7),
                              .keep = 1,
                              .gain = 1,
                              .normalise = engram_rng_below(&rng, 4)};
    static const float factors[] = {0, -0.0f, -1, 0.5f, 1e-25f};
    if (engram_rng_below(&rng, 2))
        o.keep = factors[engram_rng_below(&rng, COUNT(factors))];
    if (engram_rng_below(&rng, 3) == 0)
        o.gain = factors[engram_rng_below(&rng, COUNT(factors))];
    if (engram_rng_below(&rng, 2))
        o.restart = engram_rng_below(&rng, 5) ? 0.3f : 1;
    return o;
}

/* All nodes active, few of them, one or none; zeros of both signs. */
static void some_start(uint32_t n, float *a)
{
    static const uint32_t odds[] = {1, 3, 100, UINT32_MAX};
    uint32_t one_in = odds[engram_rng_below(&rng, COUNT(odds))];
    for (uint32_t i = 0; i < n; i++) {
        a[i] = engram_rng_below(&rng, 2) ? 0 : -0.0f;
        if (engram_rng_below(&rng, one_in) == 0)
            a[i] = (float)(engram_rng_uniform(&rng) * 2 - 0.5);
    }
    a[engram_rng_below(&rng, n)] = 1;
}

/* ---- agreement */

static engram_arena *arena_of(size_t bytes)
{
    engram_arena *arena = NULL;
    const struct engram_arena_config config = {
        .size = sizeof config, .overflow = ENGRAM_ERROR_RETURN, .bytes = bytes};
    if (engram_arena_new(&config, &arena) != ENGRAM_OK)
        diag("%s", engram_last_message());
    return arena;
}

/* Spreads columns of starts in scratch of exactly the bytes asked for. */
static int batch(const engram_graph *graph, const struct engram_spread *o, uint32_t columns,
                 float *a)
{
    engram_arena *arena = arena_of(engram_graph_spread_batch_scratch(graph, o, columns));
    int status = columns == 1 ? engram_graph_spread(graph, o, arena, a)
                              : engram_graph_spread_batch(graph, o, columns, arena, a);
    engram_arena_free(arena);
    return status;
}

/* The number of columns of a batch that are not what the definition gives alone. */
static int wrong_columns(const struct list *l, const engram_graph *graph,
                         const struct engram_spread *o, uint32_t columns)
{
    size_t n = l->nodes;
    float *all = malloc(n * columns * sizeof *all), *want = malloc(n * columns * sizeof *want);
    bool whole = true;
    for (uint32_t c = 0; c < columns; c++) {
        some_start(l->nodes, want + c * n);
        for (size_t i = 0; i < n; i++)
            all[i * columns + c] = want[c * n + i];
    }
    int status = batch(graph, o, columns, all), wrong = 0;
    for (uint32_t c = 0; c < columns; c++)
        whole &= plain_spread(l, o, want + c * n);
    wrong += status != (whole ? ENGRAM_OK : ENGRAM_ERANGE);
    for (uint32_t c = 0; c < columns && (whole || columns == 1); c++)
        for (size_t i = 0; i < n; i++)
            if (!same_bits(&all[i * columns + c], &want[c * n + i], sizeof *all)) {
                if (!wrong++)
                    diag("node %zu of column %u is %a, not %a; steps %u normalise %u keep %a gain "
                         "%a restart %a",
                         i, c, (double)all[i * columns + c], (double)want[c * n + i], o->steps,
                         o->normalise, (double)o->keep, (double)o->gain, (double)o->restart);
                break;
            }
    free(all);
    free(want);
    return wrong;
}

static void agreement(void)
{
    int alone = 0, together = 0, merged = 0, frozen = 0;
    for (int round = 0; round < 400; round++) {
        uint32_t nodes = 1 + engram_rng_below(&rng, round % 4 ? 60 : 400);
        struct list l = some_list(nodes, engram_rng_below(&rng, 6 * nodes));
        engram_graph *graph = graph_of(&l, engram_rng_below(&rng, 3) ? 10 : 10 - round % 10);
        struct engram_graph_view v;
        engram_graph_get(graph, &v);
        if (v.nodes < nodes) { /* the list ends in nodes without edges */
            uint32_t last = nodes - 1;
            float zero = 0;
            engram_graph_add(graph, &last, &last, &zero, NULL, 1);
            l.sources[l.edges] = l.targets[l.edges] = last;
            l.weights[l.edges++] = 0;
        }
        struct engram_spread o = some_options();
        int *count = v.delta.edges ? &merged : &alone;
        *count += wrong_columns(&l, graph, &o, 1);
        together += wrong_columns(&l, graph, &o, 2 + engram_rng_below(&rng, 6));
        if (round % 8 == 0)
            together += wrong_columns(&l, graph, &o, 17 + engram_rng_below(&rng, 60));
        frozen += engram_graph_freeze(graph) != ENGRAM_OK;
        frozen += wrong_columns(&l, graph, &o, 1 + engram_rng_below(&rng, 3));
        engram_graph_free(graph);
        free_list(&l);
    }
    is_int(alone, 0, "spreading is what pushing from one source after the other gives");
    is_int(together, 0, "so is each column of a batch");
    is_int(merged, 0, "so it is with edges that were added later");
    is_int(frozen, 0, "and when the graph has been frozen again");
}

/* A frontier sees added edges behind those that were there. */
static void frontiers(void)
{
    int wrong = 0;
    for (int round = 0; round < 200; round++) {
        struct list l = some_list(50, 200);
        engram_graph *whole = graph_of(&l, 10), *late = graph_of(&l, 5);
        float a[50], b[50], value = 1;
        uint32_t seed = l.sources[0], contributions[2][50];
        uint64_t edges[2] = {0, 0};
        const struct engram_frontier o = {.size = sizeof o,
                                          .hops = 4,
                                          .fan = (uint32_t)round % 3,
                                          .accumulate = (uint32_t)round / 3 % 3};
        struct engram_graph_view v;
        engram_graph_get(late, &v);
        engram_graph_frontier(whole, &o, &seed, &value, 1, NULL, a, NULL, contributions[0],
                              &edges[0]);
        for (int frozen = 0; frozen < 2; frozen++) {
            engram_graph_frontier(late, &o, &seed, &value, 1, NULL, b, NULL, contributions[1],
                                  &edges[1]);
            wrong += !same_bits(a, b, v.nodes * sizeof *a) || edges[0] != edges[1] ||
                     !same_bits(contributions[0], contributions[1], v.nodes * sizeof(uint32_t));
            engram_graph_freeze(late);
        }
        engram_graph_free(whole);
        engram_graph_free(late);
        free_list(&l);
    }
    is_int(wrong, 0, "a frontier moves over added edges as if they had been there from the start");
}

/* So does recall. */
static void recalls(void)
{
    int wrong = 0;
    for (int round = 0; round < 50; round++) {
        struct list l = some_list(60, 240);
        engram_graph *graphs[] = {graph_of(&l, 10), graph_of(&l, 5)};
        struct engram_hit hits[2][20];
        struct engram_recalled out[2] = {{0}};
        for (int i = 0; i < 2; i++) {
            const struct engram_memories memories = {
                .size = sizeof memories, .slots = 60, .graph = graphs[i]};
            const uint64_t seed = l.sources[0];
            const struct engram_cue cue = {.size = sizeof cue, .seed_count = 1, .seed_ids = &seed};
            const struct engram_frontier f = {.size = sizeof f, .hops = 3};
            const struct engram_recall_options o = {.size = sizeof o, .k = 20, .frontier = &f};
            wrong += engram_recall(&memories, &cue, &o, NULL, hits[i], NULL, &out[i]);
        }
        wrong += out[0].count == 0 || memcmp(&out[0], &out[1], sizeof *out) != 0 ||
                 !same_bits(hits[0], hits[1], out[0].count * sizeof *hits[0]);
        engram_graph_free(graphs[0]);
        engram_graph_free(graphs[1]);
        free_list(&l);
    }
    is_int(wrong, 0, "recall sees added edges too");
}

static void threads(void)
{
    enum { NODES = 20000, EDGES = 200000, STEPS = 4 };
    struct list l = some_list(NODES, EDGES);
    engram_graph *graph = graph_of(&l, 9);
    float *one = randoms(&rng, NODES * 3, 0, 1), *other = malloc(NODES * 3 * sizeof *other);
    float *start_values = malloc(NODES * 3 * sizeof *start_values);
    memcpy(start_values, one, NODES * 3 * sizeof *one);
    struct engram_spread o = {.size = sizeof o, .steps = STEPS, .keep = 0.9f, .gain = 0.8f};
    for (uint32_t columns = 1; columns <= 3; columns += 2) {
        size_t bytes = NODES * columns * sizeof *one;
        memcpy(one, start_values, bytes);
        team.threads = 1;
        most_blocks = 0;
        batch(graph, &o, columns, one);
        size_t blocks = most_blocks;
        int wrong = blocks < 2;
        for (team.threads = 2; team.threads <= MOST_THREADS; team.threads++) {
            memcpy(other, start_values, bytes);
            wrong += batch(graph, &o, columns, other) != ENGRAM_OK;
            wrong += !same_bits(one, other, bytes) || most_blocks != blocks;
        }
        is_int(wrong, 0, "%u columns have the same bits and blocks on 1 to 7 threads", columns);
    }

    /* Cancelled in any block, the activations stand at a whole step. */
    int wrong = 0;
    team.threads = 3;
    for (size_t block = 0; block < STEPS * 3; block += 2) {
        memcpy(one, start_values, NODES * sizeof *one);
        begun = 0;
        cancel_at = block;
        o.steps = STEPS;
        int status = batch(graph, &o, 1, one);
        cancel_at = SIZE_MAX;
        __atomic_store_n(&cancel, 0, __ATOMIC_RELAXED);
        wrong += status != ENGRAM_ECANCELLED && status != ENGRAM_OK;
        wrong += block == 0 && status != ENGRAM_ECANCELLED;
        bool found = false;
        o.steps = 1;
        memcpy(other, start_values, NODES * sizeof *other);
        for (int step = 0; step <= STEPS && !found; step++) {
            found = same_bits(one, other, NODES * sizeof *one);
            batch(graph, &o, 1, other);
        }
        wrong += !found;
    }
    is_int(wrong, 0, "cancelled in any block, the activations stand at a whole step");
    team.threads = 1;
    free(one);
    free(other);
    free(start_values);
    engram_graph_free(graph);
    free_list(&l);
}

/* ---- what is refused */

static const uint32_t zero_to_two[] = {0, 1, 2};

static engram_graph *chain(void)
{
    engram_graph *graph = NULL;
    const uint32_t offsets[] = {0, 1, 2, 2}, targets[] = {1, 2};
    const float weights[] = {1, 1};
    engram_graph_from_csr(3, offsets, targets, weights, NULL, &graph);
    return graph;
}

static void batch_errors(void)
{
    engram_graph *graph = chain();
    struct engram_spread o = {.size = sizeof o, .steps = 2, .keep = 1, .gain = 1};
    float a[] = {1, 2, 0, 0, 0, 0}, b[] = {1, 2, 0, 0, 0, 0};
    refused(engram_graph_spread_batch(NULL, &o, 2, NULL, a), ENGRAM_ENULL,
            "engram_graph_spread_batch|graph", "a batch needs a graph");
    refused(engram_graph_spread_batch(graph, NULL, 2, NULL, a), ENGRAM_ENULL,
            "engram_graph_spread_batch|options", "and options");
    refused(engram_graph_spread_batch(graph, &o, 2, NULL, NULL), ENGRAM_ENULL,
            "engram_graph_spread_batch|activations", "and activations");
    o.restart = 2;
    refused(engram_graph_spread_batch(graph, &o, 2, NULL, a), ENGRAM_ERANGE,
            "engram_graph_spread_batch|restart|2", "its options are checked");
    o.restart = 0;
    a[3] = NAN;
    refused(engram_graph_spread_batch(graph, &o, 2, NULL, a), ENGRAM_ENONFINITE,
            "engram_graph_spread_batch|activations|3", "and what it starts from");
    a[3] = 0;
    is_int(engram_graph_spread_batch(graph, &o, 0, NULL, NULL), ENGRAM_OK,
           "no columns are nothing to do");
    ok(engram_graph_spread_batch_scratch(NULL, &o, 1) == 0 &&
           engram_graph_spread_batch_scratch(graph, NULL, 1) == 0,
       "without a graph or options there is no scratch");
    engram_arena *arena = arena_of(8);
    refused(engram_graph_spread_batch(graph, &o, 2, arena, a), ENGRAM_ENOMEM, "8",
            "an arena without room is an error");
    engram_arena_free(arena);
    ok(same_bits(a, b, sizeof a), "and the activations stay");

    /* Column 1 overflows in the second step, sparse or dense. */
    o.normalise = ENGRAM_NORMALISE_NONE;
    o.gain = 1e30f;
    o.keep = 0;
    for (int dense = 0; dense < 2; dense++) {
        float rows[] = {0, 1e5f, 0, 0, 0, 0};
        rows[2] = rows[4] = dense ? 1e-3f : 0;
        refused(engram_graph_spread_batch(graph, &o, 2, NULL, rows), ENGRAM_ERANGE,
                "engram_graph_spread_batch|column 1", "the column that overflows is named");
        ok(rows[1] == 0 && rows[3] == 1e30f * 1e5f && rows[5] == 0,
           "and all stand at the last whole step");
    }
    engram_graph_free(graph);
}

static void adding_errors(void)
{
    engram_graph *graph = chain();
    uint32_t sources[] = {0, 7, 2}, targets[] = {2, 0, 2147483647};
    float weights[] = {1, NAN, 1};
    struct engram_graph_view before, after;
    engram_graph_get(graph, &before);
    refused(engram_graph_add(NULL, sources, targets, NULL, NULL, 1), ENGRAM_ENULL,
            "engram_graph_add|graph", "adding to no graph is refused");
    refused(engram_graph_add(graph, NULL, targets, NULL, NULL, 1), ENGRAM_ENULL,
            "engram_graph_add|sources", "edges need sources");
    refused(engram_graph_add(graph, sources, NULL, NULL, NULL, 1), ENGRAM_ENULL,
            "engram_graph_add|targets", "and targets");
    refused(engram_graph_add(graph, sources, targets, NULL, NULL, 3), ENGRAM_ELIMIT,
            "engram_graph_add|2|2147483647", "a node beyond the limit is named");
    refused(engram_graph_add(graph, sources, targets, weights, NULL, 2), ENGRAM_ENONFINITE,
            "engram_graph_add|1|nan", "so is a weight NaN");
    is_int(engram_graph_add(graph, NULL, NULL, NULL, NULL, 0), ENGRAM_OK, "no edges are fine");
    engram_graph_get(graph, &after);
    ok(after.nodes == before.nodes && after.delta.edges == 0, "what was refused has left nothing");
    refused(engram_graph_freeze(NULL), ENGRAM_ENULL, "engram_graph_freeze|graph",
            "freezing no graph is refused");
    is_int(engram_graph_freeze(graph), ENGRAM_OK, "freezing what is frozen is nothing");

    is_int(engram_graph_add(graph, sources, zero_to_two, NULL, NULL, 2), ENGRAM_OK,
           "edges are added without weights");
    engram_graph_get(graph, &after);
    struct engram_graph_info info;
    engram_graph_info(graph, &info);
    ok(after.nodes == 8 && after.edges == 2 && after.delta.edges == 2 && info.delta_bytes > 0 &&
           !engram_graph_name(graph, 7),
       "their nodes are there, without names");
    const uint8_t classes[] = {0, 1, 2};
    engram_graph_add(graph, zero_to_two, zero_to_two, NULL, classes, 3);
    engram_graph_freeze(graph);
    engram_graph_get(graph, &after);
    engram_graph_info(graph, &info);
    static const uint32_t want_offsets[] = {0, 3, 5, 6, 6, 6, 6, 6, 7};
    static const uint32_t want_targets[] = {1, 0, 0, 2, 1, 2, 1};
    static const uint8_t want_classes[] = {0, 0, 0, 0, 1, 2, 0};
    ok(after.edges == 7 && after.delta.edges == 0 && info.delta_bytes == 0 &&
           same_bits(after.offsets, want_offsets, sizeof want_offsets) &&
           same_bits(after.targets, want_targets, sizeof want_targets) &&
           same_bits(after.classes, want_classes, sizeof want_classes),
       "frozen again, they stand behind the edges of their sources, with their classes");
    engram_graph_free(graph);
}

/* ---- without memory */

static int grows(void)
{
    static const uint32_t sources[] = {2, 5, 0}, targets[] = {0, 1, 5};
    static const uint8_t classes[] = {1, 2, 1};
    const struct engram_spread o = {.size = sizeof o, .steps = 2, .keep = 1, .gain = 1};
    engram_graph *graph = chain();
    if (!graph)
        return engram_last_status();
    float a[] = {1, 0, 0, 0, 0, 0}, b[] = {1, 0, 0, 0, 0, 0};
    int status = engram_graph_add(graph, sources, targets, NULL, NULL, 1);
    if (status == ENGRAM_OK)
        status = engram_graph_add(graph, sources + 1, targets + 1, NULL, classes + 1, 2);
    long fuse = heap.fuse;
    heap.fuse = -1;
    engram_graph_spread(graph, &o, NULL, a);
    heap.fuse = fuse;
    struct engram_graph_view before, after;
    engram_graph_get(graph, &before);
    bool added = status == ENGRAM_OK;
    if (added)
        status = engram_graph_freeze(graph);
    heap.fuse = -1;
    engram_graph_get(graph, &after);
    if (added && status != ENGRAM_OK &&
        (!before.classes != !after.classes || before.delta.edges != after.delta.edges))
        status = -1;
    engram_graph_spread(graph, &o, NULL, b);
    if (!same_bits(a, b, sizeof a))
        status = -1;
    engram_graph_free(graph);
    return status;
}

static void without_memory(void)
{
    engram_arena_thread(); /* made once, not to be counted */
    long live = heap.live, fuse = 0;
    int status = ENGRAM_ENOMEM, wrong = 0;
    for (; fuse < 200 && status != ENGRAM_OK; fuse++) {
        heap.fuse = fuse;
        status = grows();
        heap.fuse = -1;
        wrong += status != ENGRAM_OK && status != ENGRAM_ENOMEM;
        wrong += heap.live != live;
    }
    ok(status == ENGRAM_OK && fuse > 15, "a graph grows once every allocation succeeds");
    is_int(wrong, 0, "before that each failing one is ENOMEM, changes nothing and loses nothing");
}

/* ---- the doors of single steps */

static void step_errors(void)
{
    engram_graph *graph = chain();
    struct engram_graph_view v;
    engram_graph_get(graph, &v);
    struct engram_spread o = {.size = sizeof o, .keep = 1, .gain = 1};
    struct engram_spread mixed = {.size = sizeof o, .keep = 1, .gain = 1, .restart = 0.5f};
    float x[] = {1, 0, 0}, y[] = {7, 7, 7};
    uint64_t active[] = {1}, touched[] = {0};
    refused(engram_spread_f32(NULL, &o, x, NULL, 1, 0, 3, y), ENGRAM_ENULL,
            "engram_spread_f32|pull", "a step by target needs a layout");
    refused(engram_spread_f32(&v.pull, NULL, x, NULL, 1, 0, 3, y), ENGRAM_ENULL,
            "engram_spread_f32|options", "options");
    refused(engram_spread_f32(&v.pull, &o, NULL, NULL, 1, 0, 3, y), ENGRAM_ENULL,
            "engram_spread_f32|x", "activations");
    refused(engram_spread_f32(&v.pull, &mixed, x, NULL, 1, 0, 3, y), ENGRAM_ENULL,
            "engram_spread_f32|cue", "a cue to restart from");
    refused(engram_spread_f32(&v.pull, &o, x, NULL, 1, 0, 3, NULL), ENGRAM_ENULL,
            "engram_spread_f32|y", "and a place for the sums");
    refused(engram_spread_active_f32(NULL, &o, x, NULL, 1, active, touched, y), ENGRAM_ENULL,
            "engram_spread_active_f32|graph", "a step from active sources needs a graph");
    refused(engram_spread_active_f32(&v, &o, x, NULL, 1, NULL, touched, y), ENGRAM_ENULL,
            "engram_spread_active_f32|active", "the active ones");
    refused(engram_spread_active_f32(&v, &o, x, NULL, 1, active, NULL, y), ENGRAM_ENULL,
            "engram_spread_active_f32|touched", "and a place for what it touches");
    ok(y[0] == 7 && y[1] == 7 && y[2] == 7, "what was refused has written nothing");
    cancel = 1;
    refused(engram_spread_active_f32(&v, &o, x, NULL, 1, active, touched, y), ENGRAM_ECANCELLED,
            "engram_spread_active_f32", "it stops when the host asks");
    cancel = 0;
    engram_graph_free(graph);
}

/* ---- memory */

static void memory(void)
{
    struct list l = some_list(3000, 30000);
    for (int late = 0; late < 2; late++) {
        engram_graph *graph = graph_of(&l, late ? 5 : 10);
        engram_graph_freeze(graph);
        struct engram_graph_view v;
        struct engram_graph_info info;
        engram_graph_get(graph, &v);
        engram_graph_info(graph, &info);
        ok(info.pull_bytes <= info.rows_bytes && info.delta_bytes == 0,
           "the layout by target takes no more than the rows, %s",
           late ? "added to and frozen again" : "frozen once");
        engram_graph_free(graph);
    }
    free_list(&l);
}

int main(void)
{
    forget_environment();
    struct engram_options options = {.size = sizeof options,
                                     .allocate = heap_allocate,
                                     .cancel = &cancel,
                                     .parallel_for = on_threads};
    engram_init(&options);
    agreement();
    frontiers();
    recalls();
    threads();
    batch_errors();
    adding_errors();
    step_errors();
    without_memory();
    memory();
    heap_settled();
    return done();
}
