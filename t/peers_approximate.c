/* peers_approximate.c - rows: approximate search beside hnswlib, and what adding a row costs.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "peers.h"
#include "bench.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = PEERS_HARD_DIM, INNER = 32, CENTRES = 1000, BEST = 10, TIMED = 100, ADDED = 1000 };

/* Rows that lie near a plane of INNER dimensions, in clusters that overlap: how far, `apart` says. */
struct hard_set {
    size_t n, queries;
    float *rows, *query; /* of length 1; queries are drawn as rows are */
    engram_bank *bank;
    uint64_t *exact; /* ids of the BEST for each query */
    struct engram_search options;
    size_t turn, hnsw_turn; /* queries are taken in turn, TIMED at once */
    uint64_t added[ADDED];
    size_t added_count;
#ifdef HAVE_HNSWLIB
    struct peers_hnsw *hnsw;
    size_t ef;
#endif
};

static const float apart = 1.5f, noise = 0.28f;

static void draw(struct engram_rng *rng, const float *plane, const float *centres, size_t n,
                 float *out)
{
    float inner[INNER], norm;
    for (float *x = out; n-- > 0; x += DIM) {
        const float *centre = centres + engram_rng_below(rng, CENTRES) * INNER;
        engram_rng_fill_normal(rng, INNER, inner);
        engram_rng_fill_normal(rng, DIM, x);
        for (size_t i = 0; i < INNER; i++)
            inner[i] = centre[i] + apart * inner[i];
        for (size_t j = 0; j < DIM; j++) {
            x[j] *= noise;
            for (size_t i = 0; i < INNER; i++)
                x[j] += plane[i * DIM + j] * inner[i];
        }
        peers_ok(engram_norms_f32(x, 1, DIM, &norm));
        for (size_t j = 0; j < DIM; j++)
            x[j] /= norm;
    }
}

void peers_hard_set(size_t n, float *rows, size_t queries, float *query)
{
    struct engram_rng rng = {.state = PEERS_SEED};
    float *plane = malloc(INNER * DIM * sizeof *plane);
    float *centres = malloc(CENTRES * INNER * sizeof *centres);
    if (!plane || !centres)
        abort();
    engram_rng_fill_normal(&rng, INNER * DIM, plane);
    engram_rng_fill_normal(&rng, CENTRES * INNER, centres);
    draw(&rng, plane, centres, n, rows);
    draw(&rng, plane, centres, queries, query);
    free(plane);
    free(centres);
}

static void make_set(struct hard_set *set)
{
    uint64_t *ids = malloc(set->n * sizeof *ids);
    set->exact = malloc(set->queries * BEST * sizeof *set->exact);
    if (!ids || !set->exact)
        abort();
    set->rows = bench_memory(set->n * DIM * sizeof(float));
    set->query = bench_memory(set->queries * DIM * sizeof(float));
    peers_hard_set(set->n, set->rows, set->queries, set->query);

    peers_ok(engram_bank_new(DIM, &set->bank));
    peers_ok(engram_bank_index(set->bank, ENGRAM_SIGN, 1));
    peers_ok(engram_bank_index(set->bank, ENGRAM_INT8, 1));
    peers_ok(engram_bank_reserve(set->bank, (uint32_t)(set->n + ADDED)));
    peers_ok(engram_bank_add(set->bank, set->rows, set->n, ids));
    free(ids);
    for (size_t q = 0; q < set->queries; q++) {
        struct engram_hit hits[BEST];
        peers_search(set->bank, NULL, set->query + q * DIM, 1, BEST, hits);
        for (int i = 0; i < BEST; i++)
            set->exact[q * BEST + i] = hits[i].id;
    }
}

static void free_set(struct hard_set *set)
{
    engram_bank_free(set->bank);
    free(set->exact);
    bench_free(set->rows, set->n * DIM * sizeof(float));
    bench_free(set->query, set->queries * DIM * sizeof(float));
}

/* How many of one query's exact BEST are among those found. */
static size_t found_of(const struct hard_set *set, size_t q, const uint64_t *ids)
{
    size_t found = 0;
    for (int i = 0; i < BEST; i++)
        for (int j = 0; j < BEST; j++)
            found += set->exact[q * BEST + i] == ids[j];
    return found;
}

/* ---- engram ----------------------------------------------------------------------------- */

static void search_ours(struct hard_set *set, size_t q, uint64_t *ids)
{
    struct engram_hit hits[BEST];
    peers_search(set->bank, &set->options, set->query + q * DIM, 1, BEST, hits);
    for (int i = 0; i < BEST; i++)
        ids[i] = hits[i].id;
}

static double recall_ours(struct hard_set *set)
{
    size_t found = 0;
    for (size_t q = 0; q < set->queries; q++) {
        uint64_t ids[BEST];
        search_ours(set, q, ids);
        found += found_of(set, q, ids);
    }
    return (double)found / (double)(set->queries * BEST);
}

static void run_ours(void *data)
{
    struct hard_set *set = data;
    uint64_t ids[BEST];
    for (int i = 0; i < TIMED; i++)
        search_ours(set, set->turn++ % set->queries, ids);
}

/* ---- hnswlib ---------------------------------------------------------------------------- */

#ifdef HAVE_HNSWLIB
static double recall_hnsw(struct hard_set *set)
{
    size_t found = 0;
    for (size_t q = 0; q < set->queries; q++) {
        uint32_t theirs[BEST];
        uint64_t ids[BEST];
        peers_hnsw_search(set->hnsw, set->query + q * DIM, 1, BEST, set->ef, theirs);
        for (int i = 0; i < BEST; i++)
            ids[i] = theirs[i];
        found += found_of(set, q, ids);
    }
    return (double)found / (double)(set->queries * BEST);
}

static void run_hnsw(void *data)
{
    struct hard_set *set = data;
    uint32_t ids[BEST];
    for (int i = 0; i < TIMED; i++)
        peers_hnsw_search(set->hnsw, set->query + set->hnsw_turn++ % set->queries * DIM, 1, BEST,
                          set->ef, ids);
}

/* Each side searches as little as finds 99 of 100. */
static void compare_search(const struct peers_row *row, struct hard_set *set)
{
    static const double wanted = 0.99;
    char ours[80], theirs[96];
    double recall = 0;
    for (uint32_t candidates = 50; recall < wanted && candidates < set->n; candidates *= 2) {
        set->options = (struct engram_search){.size = sizeof set->options,
                                              .form = ENGRAM_SIGN,
                                              .candidates = candidates,
                                              .rerank = candidates / 4 + BEST};
        recall = recall_ours(set);
    }
    peers_check(recall >= wanted, row->name, "the search by signs");
    snprintf(ours, sizeof ours, "engram, %u candidates, %u reranked, recall %.4f",
             set->options.candidates, set->options.rerank, recall);

    double begun = engram_clock(), built;
    set->hnsw = peers_hnsw_new(set->rows, set->n, DIM, 16, 200);
    built = engram_clock() - begun;
    set->ef = 28;
    do {
        set->ef += set->ef / 8;
        recall = recall_hnsw(set);
    } while (recall < wanted && set->ef < set->n);
    peers_check(recall >= wanted, row->name, "hnswlib");
    snprintf(theirs, sizeof theirs,
             "hnswlib, M 16, efConstruction 200, ef %zu, recall %.4f, built in %.0f s", set->ef,
             recall, built);
    struct contender contenders[] = {
        {.name = ours, .run = run_ours, .data = set, .amount = TIMED},
        {.name = theirs, .run = run_hnsw, .data = set, .amount = TIMED}};
    peers_compare(row, contenders, 2);
    peers_hnsw_free(set->hnsw);
}
#else
static void compare_search(const struct peers_row *row, struct hard_set *set)
{
    peers_skip(row->name, "hnswlib is not installed");
    (void)set;
    (void)recall_ours;
    (void)run_ours;
}
#endif

/* ---- adding ----------------------------------------------------------------------------- */

static void take_back(void *data)
{
    struct hard_set *set = data;
    while (set->added_count > 0)
        peers_ok(engram_bank_remove(set->bank, set->added[--set->added_count]));
}

static void add_rows(void *data)
{
    struct hard_set *set = data;
    for (; set->added_count < ADDED; set->added_count++)
        peers_ok(engram_bank_add(set->bank, set->query + set->added_count % set->queries * DIM, 1,
                                 &set->added[set->added_count]));
}

/* Each is found by its signs, being its own nearest. */
static void compare_add(const struct peers_row *row, struct hard_set *set)
{
    struct engram_search options = {.size = sizeof options, .form = ENGRAM_SIGN};
    struct engram_hit hit;
    struct contender ours = {
        .name = "engram", .run = add_rows, .before = take_back, .data = set, .amount = ADDED};
    add_rows(set);
    for (size_t i = 0; i < 10; i++) {
        peers_search(set->bank, &options, set->query + i * DIM, 1, 1, &hit);
        peers_check(hit.score > 0.9999, row->name, "the search for what was added");
    }
    peers_compare(row, &ours, 1);
    take_back(set);
}

void peers_approximate(void)
{
    static const struct peers_row add = {
        .name = "add", .work = "adding a row, with signs and int8, us", .wanted = 2, .unit = 1e-6};
    const struct peers_row search = {.name = "approximate",
                                     .work = peers_quick
                                                 ? "top-10 of 2000, hard set, recall 0.99"
                                                 : "top-10 of 100,000, hard set, recall 0.99",
                                     .sense = AT_LEAST,
                                     .wanted = 4};
    static struct hard_set set;
    set = (struct hard_set){.n = peers_quick ? 2000 : 100000, .queries = peers_quick ? 100 : 1000};
    make_set(&set);
    if (peers_wanted(add.name))
        compare_add(&add, &set);
    if (peers_wanted(search.name))
        compare_search(&search, &set);
    free_set(&set);
}
