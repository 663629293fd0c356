/* peers_recall.c - rows: whole recalls, beside the scans of vectors that they contain.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "peers.h"
#include "bench.h"

#include <stdlib.h>

enum { BEST = 10, QUERIES = 100 };

/* Memories with links, of different strengths and ages, and a recall over them. */
struct world {
    uint32_t n, dim;
    float *rows, *queries;
    engram_bank *bank;
    engram_graph *graph;
    float *strength, *confidence, *scores;
    double *last_recall;
    struct engram_memories memories;
    struct engram_frontier frontier;
    struct engram_law law;
    struct engram_recall_options options;
    engram_session *session;
    struct engram_hit hits[BEST];
    struct engram_parts parts[BEST];
    struct engram_recalled told;
    size_t turn, scan_turn;
};

static void make_world(struct world *w, uint32_t links)
{
    struct engram_rng rng = {.state = PEERS_SEED + 1};
    uint64_t *ids = malloc(w->n * sizeof *ids);
    w->strength = malloc(w->n * sizeof(float));
    w->confidence = malloc(w->n * sizeof(float));
    w->last_recall = malloc(w->n * sizeof(double));
    w->scores = malloc(w->n * sizeof(float));
    if (!ids || !w->strength || !w->confidence || !w->last_recall || !w->scores)
        abort();
    peers_ok(engram_bank_new(w->dim, &w->bank));
    peers_ok(engram_bank_reserve(w->bank, w->n));
    peers_ok(engram_bank_add(w->bank, w->rows, w->n, ids));
    free(ids);
    engram_builder *builder;
    peers_ok(engram_builder_new(&builder));
    peers_ok(engram_builder_nodes(builder, w->n));
    for (uint32_t i = 0; i < links; i++)
        peers_ok(engram_builder_edge(builder, engram_rng_below(&rng, w->n),
                                     engram_rng_below(&rng, w->n), (float)engram_rng_uniform(&rng),
                                     0));
    peers_ok(engram_builder_freeze(builder, &w->graph));
    engram_builder_free(builder);
    for (uint32_t i = 0; i < w->n; i++) {
        w->strength[i] = 0.2f + 0.8f * (float)engram_rng_uniform(&rng);
        w->confidence[i] = 0.2f + 0.8f * (float)engram_rng_uniform(&rng);
        w->last_recall[i] = 1e6 * engram_rng_uniform(&rng);
    }
    w->memories = (struct engram_memories){.size = sizeof w->memories,
                                           .slots = w->n,
                                           .bank = w->bank,
                                           .graph = w->graph,
                                           .strength = w->strength,
                                           .last_recall = w->last_recall,
                                           .confidence = w->confidence};
    w->law = (struct engram_law){.size = sizeof w->law, .tau_s = 1e6};
    w->frontier = (struct engram_frontier){.size = sizeof w->frontier, .hops = 2};
    w->options = (struct engram_recall_options){
        .size = sizeof w->options, .k = BEST, .now = 1e6, .law = &w->law, .frontier = &w->frontier};
    peers_ok(engram_session_new(&w->session));
}

static void free_world(struct world *w)
{
    engram_session_free(w->session);
    engram_bank_free(w->bank);
    engram_graph_free(w->graph);
    free(w->strength);
    free(w->confidence);
    free(w->last_recall);
    free(w->scores);
}

static void recall_one(struct world *w, size_t query)
{
    const struct engram_cue cue = {.size = sizeof cue, .vector = w->queries + query * w->dim};
    peers_ok(engram_recall_begin(w->session, &w->memories, &cue, &w->options, w->hits, w->parts,
                                 &w->told));
}

static void run_recall(void *data)
{
    struct world *w = data;
    recall_one(w, w->turn++ % QUERIES);
}

static void run_scan(void *data)
{
    struct world *w = data;
    struct engram_bank_view view;
    engram_bank_get(w->bank, &view);
    peers_ok(engram_cosines_f32(w->queries + w->scan_turn++ % QUERIES * w->dim, view.rows,
                                view.norms, view.slots, view.dim, w->scores));
}

static void run_search(void *data)
{
    struct world *w = data;
    peers_search(w->bank, NULL, w->queries + w->scan_turn++ % QUERIES * w->dim, 1, BEST, w->hits);
}

/* Activation went somewhere, and scores are made of their parts. */
static void check_recall(struct world *w, const char *name)
{
    recall_one(w, 0);
    int right = w->told.count == BEST && w->told.edges > 0 && w->told.complete;
    for (uint32_t i = 0; i < w->told.count; i++)
        right &= w->hits[i].score == engram_score(&w->parts[i], w->told.relevance);
    peers_check(right, name, "a recall");
}

static void compare_small(const struct peers_row *row)
{
    struct world w = {.n = 10000, .dim = 256};
    struct engram_rng rng = {.state = PEERS_SEED};
    w.rows = bench_memory(w.n * w.dim * sizeof(float));
    w.queries = malloc(QUERIES * w.dim * sizeof(float));
    if (!w.queries)
        abort();
    engram_rng_fill_normal(&rng, w.n * w.dim, w.rows);
    for (size_t q = 0; q < QUERIES; q++) /* each like a hundred rows, as cues are */
        for (size_t j = 0; j < w.dim; j++)
            w.queries[q * w.dim + j] = w.rows[q * 100 * w.dim + j];
    for (size_t i = 0; i < w.n; i++)
        for (size_t j = 0; i % 100 && j < w.dim; j++)
            w.rows[i * w.dim + j] += w.rows[i / 100 * 100 * w.dim + j];
    make_world(&w, 50000);
    check_recall(&w, row->name);
    struct contender contenders[] = {{.name = "engram", .run = run_recall, .data = &w},
                                     {.name = "its scan alone", .run = run_scan, .data = &w}};
    struct peers_row floor = *row;
    peers_compare(row, contenders, 1);
    floor.name = "recall-10000-scan";
    floor.work = "the same, beside the scan it contains";
    floor.wanted = 0;
    floor.unit = 0;
    peers_compare(&floor, contenders, 2);
    free_world(&w);
    free(w.queries);
    bench_free(w.rows, w.n * w.dim * sizeof(float));
}

/* How many of the exact best a recall by signs finds, without spreading, which would help. */
static double recall_at(struct world *w)
{
    size_t found = 0;
    for (size_t q = 0; q < QUERIES; q++) {
        struct engram_hit exact[BEST];
        peers_search(w->bank, NULL, w->queries + q * w->dim, 1, BEST, exact);
        recall_one(w, q);
        for (uint32_t i = 0; i < w->told.count; i++)
            for (int j = 0; j < BEST; j++)
                found += w->hits[i].id == exact[j].id;
    }
    return (double)found / (QUERIES * BEST);
}

static void compare_large(const struct peers_row *scan, const struct peers_row *sign)
{
    struct world w = {.n = peers_quick ? 2000 : 100000, .dim = PEERS_HARD_DIM};
    size_t bytes = (size_t)w.n * w.dim * sizeof(float);
    w.rows = bench_memory(bytes);
    w.queries = malloc(QUERIES * w.dim * sizeof(float));
    if (!w.queries)
        abort();
    peers_hard_set(w.n, w.rows, QUERIES, w.queries);
    make_world(&w, 5 * w.n);
    check_recall(&w, scan->name);
    struct contender contenders[] = {
        {.name = "engram", .run = run_recall, .data = &w},
        {.name = "its scan alone", .run = run_scan, .data = &w},
    };
    if (peers_wanted(scan->name))
        peers_compare(scan, contenders, 2);

    peers_ok(engram_bank_index(w.bank, ENGRAM_SIGN, 1));
    peers_ok(engram_bank_index(w.bank, ENGRAM_INT8, 1));
    w.options.form = ENGRAM_SIGN;
    struct engram_memories full = w.memories;
    w.memories = (struct engram_memories){.size = sizeof full, .slots = w.n, .bank = w.bank};
    peers_check(recall_at(&w) >= 0.99, sign->name, "the recall by signs");
    contenders[1] = (struct contender){.name = "scan of f32", .run = run_search, .data = &w};
    w.memories = full;
    w.memories.graph = NULL;
    if (peers_wanted(sign->name))
        peers_compare(sign, contenders, 2);
    struct peers_row linked = *sign;
    linked.name = "recall-sign-links";
    linked.work = "the same with links, whose targets are compared exactly";
    linked.wanted = 0;
    w.memories = full;
    if (peers_wanted(sign->name))
        peers_compare(&linked, contenders, 2);
    free_world(&w);
    free(w.queries);
    bench_free(w.rows, bytes);
}

void peers_recall(void)
{
    static const struct peers_row small = {
        .name = "recall-10000",
        .work = "recall, k 10, 2 hops, 10,000 x 256, 50,000 links, ms",
        .wanted = 0.25,
        .unit = 1e-3};
    const struct peers_row scan = {.name = "recall-100000",
                                   .work = peers_quick
                                               ? "recall, 2 hops, 2000 x 768, 10,000 links"
                                               : "recall, 2 hops, 100,000 x 768, 500,000 links",
                                   .wanted = 1.15};
    const struct peers_row sign = {.name = "recall-sign",
                                   .work = "by signs, without links, recall@10 0.99, hard set",
                                   .sense = AT_LEAST,
                                   .wanted = 20};
    if (peers_wanted(small.name))
        compare_small(&small);
    if (peers_wanted(scan.name) || peers_wanted(sign.name))
        compare_large(&scan, &sign);
}
