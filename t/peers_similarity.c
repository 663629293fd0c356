/* peers_similarity.c - rows: similarity beside plain C, OpenBLAS, FAISS and the limits of memory.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "peers.h"
#include "bench.h"
#include "limits.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#endif

enum { DIM = 768, BEST = 10, PAIRS = 4, QUERIES = 64 };

static float *random_floats(const char *name, size_t n)
{
    struct random r = random_for(PEERS_SEED, name, n);
    float *out = bench_memory(n * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)random_between(&r, -1, 1);
    return out;
}

static int is_near(double a, double b)
{
    return fabs(a - b) <= 1e-5;
}

/* ---- one pair --------------------------------------------------------------------------- */

/* A few pairs in turn, all in L1. */
static float pairs[2 * PAIRS][DIM];

static void pair_by(float (*cosine)(const float *a, const float *b, size_t n))
{
    static volatile float sink;
    for (int i = 0; i < PAIRS; i++)
        sink = cosine(pairs[2 * i], pairs[2 * i + 1], DIM);
    (void)sink;
}

static void pair_ours(void *data)
{
    (void)data;
    pair_by(engram_cosine_f32);
}

static void pair_naive(void *data)
{
    pair_by(((const struct naive *)data)->cosine);
}

static void compare_pair(void)
{
    static const struct peers_row row = {
        .name = "pair", .work = "cosine of one pair in L1", .wanted = 0.75, .rivals = 1};
    if (!peers_wanted(row.name))
        return;
    struct random r = random_for(PEERS_SEED, "pair", 0);
    for (int i = 0; i < 2 * PAIRS; i++)
        for (int j = 0; j < DIM; j++)
            pairs[i][j] = (float)random_between(&r, -1, 1);
    struct contender contenders[] = {
        {.name = "engram", .run = pair_ours, .amount = PAIRS},
        {.name = naive_free.name, .run = pair_naive, .data = (void *)&naive_free, .amount = PAIRS},
        {.name = naive_strict.name,
         .run = pair_naive,
         .data = (void *)&naive_strict,
         .amount = PAIRS}};
    for (int i = 0; i < PAIRS; i++) {
        const float *a = pairs[2 * i], *b = pairs[2 * i + 1];
        float ours = engram_cosine_f32(a, b, DIM);
        peers_check(is_near(ours, naive_free.cosine(a, b, DIM)), row.name, naive_free.name);
        peers_check(is_near(ours, naive_strict.cosine(a, b, DIM)), row.name, naive_strict.name);
    }
    peers_compare(&row, contenders, 3);
}

/* ---- one query, many rows --------------------------------------------------------------- */

struct scan {
    engram_bank *bank;
    size_t n, turn; /* turn: queries are taken one after the other */
    float *rows, *queries, *unit_queries, *scores;
    const float *norms; /* of the rows */
    const struct engram_search *options;
    struct engram_hit hits[QUERIES * BEST];
#ifdef HAVE_FAISS
    struct peers_faiss *faiss;
    int64_t ids[BEST];
#endif
};

void peers_search(const engram_bank *bank, const struct engram_search *options,
                  const float *queries, size_t count, size_t k, struct engram_hit *hits)
{
    size_t found[QUERIES];
    peers_ok(
        engram_bank_search(bank, queries, count, k, options, peers_arena(), hits, found, NULL));
}

/* The same rows and queries for all; lengths are 1 where a library knows inner products alone. */
static void make_scan(struct scan *scan, size_t n)
{
    *scan = (struct scan){.n = n, .scores = bench_memory(n * QUERIES * sizeof(float))};
    scan->rows = random_floats("rows", n * DIM);
    scan->queries = random_floats("queries", QUERIES * DIM);
    scan->unit_queries = bench_memory(QUERIES * DIM * sizeof(float));
    float norms[QUERIES];
    peers_ok(engram_norms_f32(scan->queries, QUERIES, DIM, norms));
    for (size_t i = 0; i < QUERIES * DIM; i++)
        scan->unit_queries[i] = scan->queries[i] / norms[i / DIM];

    uint64_t *ids = malloc(n * sizeof *ids);
    if (!ids)
        abort();
    peers_ok(engram_bank_new(DIM, &scan->bank));
    peers_ok(engram_bank_reserve(scan->bank, (uint32_t)n));
    peers_ok(engram_bank_add(scan->bank, scan->rows, n, ids));
    free(ids);
    struct engram_bank_view view;
    engram_bank_get(scan->bank, &view);
    scan->norms = view.norms;
}

static void free_scan(struct scan *scan)
{
    engram_bank_free(scan->bank);
    bench_free(scan->rows, scan->n * DIM * sizeof(float));
    bench_free(scan->queries, QUERIES * DIM * sizeof(float));
    bench_free(scan->unit_queries, QUERIES * DIM * sizeof(float));
    bench_free(scan->scores, scan->n * QUERIES * sizeof(float));
}

static const float *next_query(struct scan *scan)
{
    return scan->queries + scan->turn++ % QUERIES * DIM;
}

static void scan_ours(void *data)
{
    struct scan *scan = data;
    peers_search(scan->bank, scan->options, next_query(scan), 1, BEST, scan->hits);
}

static void scan_by_two(void *data)
{
    peers_threads = 2;
    scan_ours(data);
    peers_threads = 1;
}

static void scan_free(void *data)
{
    struct scan *scan = data;
    naive_free.search(next_query(scan), scan->rows, scan->norms, scan->n, DIM, BEST, scan->hits);
}

static void scan_strictly(void *data)
{
    struct scan *scan = data;
    naive_strict.search(next_query(scan), scan->rows, scan->norms, scan->n, DIM, BEST, scan->hits);
}

static void check_scan(const struct peers_row *row, struct scan *scan, void (*run)(void *),
                       const char *name)
{
    struct engram_hit ours[BEST];
    scan->turn = 0;
    scan_ours(scan);
    memcpy(ours, scan->hits, sizeof ours);
    scan->turn = 0;
    run(scan);
    for (int i = 0; i < BEST; i++)
        peers_check(is_near(scan->hits[i].score, ours[i].score), row->name, name);
}

#ifdef HAVE_OPENBLAS
static void scan_openblas(void *data)
{
    struct scan *scan = data;
    cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)scan->n, DIM, 1, scan->rows, DIM,
                next_query(scan), 1, 0, scan->scores, 1);
}

/* The products of all queries and rows, row by row, as hits of the first query that are compared. */
static void hits_of_products(struct scan *scan, size_t stride)
{
    float norm;
    size_t count = 0;
    peers_ok(engram_norms_f32(scan->queries, 1, DIM, &norm));
    for (size_t i = 0; i < scan->n; i++) {
        float score = scan->scores[i * stride] / (norm * scan->norms[i]);
        peers_ok(engram_top_k_f32(&score, 1, (uint32_t)i, NULL, NULL, BEST, scan->hits, &count));
    }
}

static void scan_openblas_whole(void *data)
{
    struct scan *scan = data;
    scan_openblas(data);
    hits_of_products(scan, 1);
}
#endif

#ifdef HAVE_FAISS
static void scan_faiss(void *data)
{
    struct scan *scan = data;
    peers_faiss_search(scan->faiss, scan->unit_queries + scan->turn++ % QUERIES * DIM, 1, BEST,
                       scan->scores, scan->ids);
}

static void scan_faiss_whole(void *data)
{
    struct scan *scan = data;
    scan_faiss(data);
    for (int i = 0; i < BEST; i++)
        scan->hits[i] = (struct engram_hit){(uint64_t)scan->ids[i], scan->scores[i]};
}

static void make_faiss(struct scan *scan)
{
    float *units = malloc(scan->n * DIM * sizeof *units);
    if (!units)
        abort();
    for (size_t i = 0; i < scan->n * DIM; i++)
        units[i] = scan->rows[i] / scan->norms[i / DIM];
    scan->faiss = peers_faiss_new(units, scan->n, DIM);
    free(units);
}
#endif

/* Memory is the peer that counts; the libraries stand beside it. */
static void compare_scan(const struct peers_row *row, struct scan *scan)
{
    if (!peers_wanted(row->name))
        return;
    double bytes = (double)scan->n * DIM * sizeof(float);
    struct limit *limit = limit_of(ENGRAM_LIMIT_READ, (size_t)bytes);
    struct contender contenders[PEERS_MOST] = {
        {.name = "engram", .run = scan_ours, .data = scan},
        {.name = "reading as many bytes",
         .run = limit_run,
         .data = limit,
         .amount = limit->amount / bytes},
        {.name = naive_free.name, .run = scan_free, .data = scan},
        {.name = naive_strict.name, .run = scan_strictly, .data = scan},
    };
    size_t count = 4;
    check_scan(row, scan, scan_free, naive_free.name);
    check_scan(row, scan, scan_strictly, naive_strict.name);
#ifdef HAVE_OPENBLAS
    check_scan(row, scan, scan_openblas_whole, "OpenBLAS");
    contenders[count++] =
        (struct contender){.name = "OpenBLAS sgemv alone", .run = scan_openblas, .data = scan};
#endif
#ifdef HAVE_FAISS
    make_faiss(scan);
    check_scan(row, scan, scan_faiss_whole, "FAISS");
    contenders[count++] =
        (struct contender){.name = "FAISS flat, SSE2", .run = scan_faiss, .data = scan};
#endif
    peers_compare(row, contenders, count);
#ifdef HAVE_FAISS
    peers_faiss_free(scan->faiss);
#endif
}

/* By a smaller form, whose bytes are what is read; its candidates are scored exactly, so that the
 * hits are those of a search without it. */
static void compare_form(const struct peers_row *row, struct scan *scan, uint32_t form,
                         size_t element)
{
    if (!peers_wanted(row->name))
        return;
    double bytes = (double)scan->n * DIM * (double)element;
    struct limit *limit = limit_of(ENGRAM_LIMIT_READ, (size_t)bytes);
    struct engram_search options = {.size = sizeof options, .form = form};
    struct engram_hit exact[BEST];
    struct contender contenders[] = {{.name = "engram", .run = scan_ours, .data = scan},
                                     {.name = "reading as many bytes",
                                      .run = limit_run,
                                      .data = limit,
                                      .amount = limit->amount / bytes}};
    scan->turn = 0;
    scan_ours(scan);
    memcpy(exact, scan->hits, sizeof exact);
    peers_ok(engram_bank_index(scan->bank, form, 1));
    scan->options = &options;
    scan->turn = 0;
    scan_ours(scan);
    for (int i = 0; i < BEST; i++)
        peers_check(scan->hits[i].id == exact[i].id, row->name, "the smaller form");
    peers_compare(row, contenders, 2);
    scan->options = NULL;
    peers_ok(engram_bank_index(scan->bank, form, 0));
}

/* ---- many queries ----------------------------------------------------------------------- */

#ifdef HAVE_OPENBLAS
static void batch_ours(void *data)
{
    struct scan *scan = data;
    peers_search(scan->bank, NULL, scan->queries, QUERIES, BEST, scan->hits);
}

static void batch_by_rows(void *data)
{
    struct scan *scan = data;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)scan->n, QUERIES, DIM, 1, scan->rows,
                DIM, scan->queries, DIM, 0, scan->scores, QUERIES);
}

static void batch_by_queries(void *data)
{
    struct scan *scan = data;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, QUERIES, (int)scan->n, DIM, 1,
                scan->queries, DIM, scan->rows, DIM, 0, scan->scores, (int)scan->n);
}

static void compare_batch(struct scan *scan)
{
    const struct peers_row row = {.name = "batch",
                                  .work = peers_quick ? "64 x 2000, top-10, beside sgemm alone"
                                                      : "64 x 100,000, top-10, beside sgemm alone",
                                  .wanted = 0.7};
    if (!peers_wanted(row.name))
        return;
    struct contender contenders[] = {
        {.name = "engram", .run = batch_ours, .data = scan},
        {.name = "OpenBLAS sgemm, rows by queries", .run = batch_by_rows, .data = scan},
        {.name = "OpenBLAS sgemm, queries by rows", .run = batch_by_queries, .data = scan}};
    struct engram_hit ours[BEST];
    batch_ours(scan);
    memcpy(ours, scan->hits, sizeof ours);
    for (int form = 0; form < 2; form++) {
        contenders[1 + form].run(scan);
        hits_of_products(scan, form ? 1 : QUERIES);
        for (int i = 0; i < BEST; i++)
            peers_check(is_near(scan->hits[i].score, ours[i].score), row.name, "OpenBLAS");
    }
    peers_compare(&row, contenders, 3);
}
#else
static void compare_batch(struct scan *scan)
{
    (void)scan;
    if (peers_wanted("batch"))
        peers_skip("batch", "OpenBLAS is not installed");
}
#endif

/* ---- two threads ------------------------------------------------------------------------ */

static void compare_threads(struct scan *scan)
{
    const struct peers_row row = {.name = "threads",
                                  .work = peers_quick ? "1 x 2000 by two threads, beside one"
                                                      : "1 x 100,000 by two threads, beside one",
                                  .sense = AT_LEAST,
                                  .wanted = 1.6};
    if (!peers_wanted(row.name))
        return;
    if (peers_processors < 2) {
        peers_skip(row.name, "there is one processor");
        return;
    }
    struct contender contenders[] = {
        {.name = "engram, two threads", .run = scan_by_two, .data = scan},
        {.name = "engram, one thread", .run = scan_ours, .data = scan}};
    check_scan(&row, scan, scan_by_two, "two threads");
    peers_compare(&row, contenders, 2);
}

/* ---- all -------------------------------------------------------------------------------- */

void peers_similarity(void)
{
    static const struct peers_row small = {.name = "scan-1000",
                                           .work = "1 x 1000, top-10, of the L3 read limit",
                                           .sense = AT_LEAST,
                                           .wanted = 0.85,
                                           .rivals = 1};
    const struct peers_row large = {.name = "scan-100000",
                                    .work = peers_quick
                                                ? "1 x 2000, top-10, of the read limit"
                                                : "1 x 100,000, top-10, of the DRAM read limit",
                                    .sense = AT_LEAST,
                                    .wanted = 0.93,
                                    .rivals = 1};
    const struct peers_row int8 = {.name = "scan-int8",
                                   .work = peers_quick
                                               ? "1 x 2000 by int8, of the read limit"
                                               : "1 x 100,000 by int8, of the DRAM read limit",
                                   .sense = AT_LEAST,
                                   .wanted = 0.90};
    const struct peers_row bf16 = {.name = "scan-bf16",
                                   .work = peers_quick
                                               ? "1 x 2000 by bf16, of the read limit"
                                               : "1 x 100,000 by bf16, of the DRAM read limit",
                                   .sense = AT_LEAST,
                                   .wanted = 0.85};
    static struct scan scan;
    compare_pair();
    if (peers_wanted(small.name)) {
        make_scan(&scan, 1000);
        compare_scan(&small, &scan);
        free_scan(&scan);
    }
    if (!peers_wanted(large.name) && !peers_wanted(int8.name) && !peers_wanted(bf16.name) &&
        !peers_wanted("batch") && !peers_wanted("threads"))
        return;
    make_scan(&scan, peers_quick ? 2000 : 100000);
    compare_scan(&large, &scan);
    compare_form(&int8, &scan, ENGRAM_INT8, 1);
    compare_form(&bf16, &scan, ENGRAM_BF16, 2);
    compare_batch(&scan);
    compare_threads(&scan);
    free_scan(&scan);
}
