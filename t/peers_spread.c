/* peers_spread.c - rows: spreading beside plain C and SuiteSparse GraphBLAS.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "peers.h"
#include "bench.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_GRAPHBLAS
#include <GraphBLAS.h>
#endif

enum { STEPS = 10 };

/* One graph for all, and a start. */
struct spreads {
    struct naive_graph graph;
    engram_graph *ours;
    const float *start;
    float *x, *y; /* x: the result */
};

/* ---- graphs ----------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* An edge as source * 2^32 + target. R-MAT (Chakrabarti, Zhan & Faloutsos 2004) halves the matrix
 * `scale` times, into quarters of probability .57, .19, .19, .05; otherwise all are alike. */
static uint64_t random_edge(struct random *r, uint32_t nodes, int scale)
{
    uint64_t source = 0, target = 0;
    if (scale == 0)
        return (uint64_t)random_below(r, nodes) << 32 | random_below(r, nodes);
    for (int i = 0; i < scale; i++) {
        uint32_t p = random_below(r, 100);
        source = 2 * source + (p >= 76);
        target = 2 * target + ((p >= 57 && p < 76) || p >= 95);
    }
    return source << 32 | target;
}

/* Different edges, so that libraries that add up equal ones have the same graph; weights are random
 * parts of what leaves a node. */
static void make_graph(struct spreads *s, uint32_t nodes, uint32_t edges, int scale)
{
    struct random r = random_for(PEERS_SEED, "graph", edges);
    uint64_t *edge = malloc(edges * sizeof *edge);
    uint32_t *offsets = calloc((size_t)nodes + 1, sizeof *offsets);
    uint32_t *targets = malloc(edges * sizeof *targets);
    float *weights = malloc(edges * sizeof *weights);
    if (!edge || !offsets || !targets || !weights)
        abort();
    for (uint32_t had = 0; had < edges;) {
        for (uint32_t e = had; e < edges; e++)
            edge[e] = random_edge(&r, nodes, scale);
        qsort(edge, edges, sizeof *edge, ascending);
        had = 1;
        for (uint32_t e = 1; e < edges; e++)
            if (edge[e] != edge[had - 1])
                edge[had++] = edge[e];
    }
    for (uint32_t e = 0; e < edges; e++) {
        offsets[(edge[e] >> 32) + 1]++;
        targets[e] = (uint32_t)edge[e];
    }
    for (uint32_t n = 0; n < nodes; n++)
        offsets[n + 1] += offsets[n];
    for (uint32_t n = 0; n < nodes; n++)
        for (uint32_t e = offsets[n]; e < offsets[n + 1]; e++)
            weights[e] = (float)random_between(&r, 0, 2.0 / (offsets[n + 1] - offsets[n]));
    free(edge);
    s->graph = (struct naive_graph){nodes, offsets, targets, weights};
    peers_ok(engram_graph_from_csr(nodes, offsets, targets, weights, NULL, &s->ours));
}

/* ---- engram and plain C ----------------------------------------------------------------- */

static void spread_ours(void *data)
{
    struct spreads *s = data;
    struct engram_spread options = {.size = sizeof options, .steps = STEPS, .keep = 1, .gain = 1};
    memcpy(s->x, s->start, s->graph.nodes * sizeof *s->x);
    peers_ok(engram_graph_spread(s->ours, &options, peers_arena(), s->x));
}

static void spread_strictly(void *data)
{
    struct spreads *s = data;
    memcpy(s->x, s->start, s->graph.nodes * sizeof *s->x);
    naive_strict.spread(&s->graph, STEPS, s->x, s->y);
}

static void spread_freely(void *data)
{
    struct spreads *s = data;
    memcpy(s->x, s->start, s->graph.nodes * sizeof *s->x);
    naive_free.spread(&s->graph, STEPS, s->x, s->y);
}

/* ---- GraphBLAS -------------------------------------------------------------------------- */

#ifdef HAVE_GRAPHBLAS
/* One matrix by rows of sources, to be pushed, or of targets, to be pulled from. */
struct graphblas {
    struct spreads *spreads;
    GrB_Matrix matrix;
    GrB_Vector start, result;
    int pull;
};

static void grb(GrB_Info info)
{
    if (info == GrB_SUCCESS)
        return;
    fprintf(stderr, "peers: GraphBLAS fails with %d\n", (int)info);
    exit(1);
}

static void spread_graphblas(void *data)
{
    struct graphblas *g = data;
    GrB_Vector_free(&g->result);
    grb(GrB_Vector_dup(&g->result, g->start));
    for (int step = 0; step < STEPS; step++) {
        float largest = 0;
        if (g->pull)
            grb(GrB_mxv(g->result, NULL, GrB_PLUS_FP32, GrB_PLUS_TIMES_SEMIRING_FP32, g->matrix,
                        g->result, NULL));
        else
            grb(GrB_vxm(g->result, NULL, GrB_PLUS_FP32, GrB_PLUS_TIMES_SEMIRING_FP32, g->result,
                        g->matrix, NULL));
        grb(GrB_Vector_reduce_FP32(&largest, NULL, GrB_MAX_MONOID_FP32, g->result, NULL));
        if (largest > 1)
            grb(GrB_Vector_apply_BinaryOp2nd_FP32(g->result, NULL, NULL, GrB_DIV_FP32, g->result,
                                                  largest, NULL));
    }
    grb(GrB_Vector_wait(g->result, GrB_MATERIALIZE));
}

static void graphblas_result(struct graphblas *g)
{
    struct spreads *s = g->spreads;
    memset(s->x, 0, s->graph.nodes * sizeof *s->x);
    for (GrB_Index i = 0; i < s->graph.nodes; i++)
        GrB_Vector_extractElement_FP32(&s->x[i], g->result, i);
}

/* The start has entries where it is not 0. */
static void make_graphblas(struct graphblas *g, struct spreads *s, int pull)
{
    uint32_t nodes = s->graph.nodes, edges = s->graph.offsets[nodes], count = 0;
    GrB_Index *rows = malloc(edges * sizeof *rows), *columns = malloc(edges * sizeof *columns);
    if (!rows || !columns)
        abort();
    for (uint32_t n = 0; n < nodes; n++)
        for (uint32_t e = s->graph.offsets[n]; e < s->graph.offsets[n + 1]; e++) {
            rows[e] = pull ? s->graph.targets[e] : n;
            columns[e] = pull ? n : s->graph.targets[e];
        }
    *g = (struct graphblas){.spreads = s, .pull = pull};
    grb(GrB_Matrix_new(&g->matrix, GrB_FP32, nodes, nodes));
    grb(GrB_Matrix_build_FP32(g->matrix, rows, columns, s->graph.weights, edges, GrB_PLUS_FP32));
    grb(GrB_Matrix_wait(g->matrix, GrB_MATERIALIZE));
    grb(GrB_Vector_new(&g->start, GrB_FP32, nodes));
    for (uint32_t n = 0; n < nodes; n++)
        count += s->start[n] != 0;
    if (count == nodes)
        grb(GrB_Vector_assign_FP32(g->start, NULL, NULL, 0, GrB_ALL, nodes, NULL));
    for (uint32_t n = 0; n < nodes; n++)
        if (s->start[n] != 0)
            grb(GrB_Vector_setElement_FP32(g->start, s->start[n], n));
    grb(GrB_Vector_wait(g->start, GrB_MATERIALIZE));
    free(rows);
    free(columns);
}
#endif

/* ---- rows ------------------------------------------------------------------------------- */

static int is_near(const float *x, const float *y, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!(fabsf(x[i] - y[i]) <= 1e-4f))
            return 0;
    return 1;
}

static void compare(const struct peers_row *row, struct spreads *s, float *start, int one_seed)
{
    if (!peers_wanted(row->name))
        return;
    uint32_t nodes = s->graph.nodes;
    struct random r = random_for(PEERS_SEED, "start", nodes);
    memset(start, 0, nodes * sizeof *start);
    if (one_seed) {
        uint32_t seed = random_below(&r, nodes);
        while (s->graph.offsets[seed] == s->graph.offsets[seed + 1])
            seed = random_below(&r, nodes);
        start[seed] = 1;
    } else {
        for (uint32_t i = 0; i < nodes; i++)
            start[i] = (float)random_between(&r, 0.001, 1);
    }
    s->start = start;

    struct contender contenders[PEERS_MOST] = {
        {.name = "engram", .run = spread_ours, .data = s},
        {.name = naive_free.name, .run = spread_freely, .data = s},
        {.name = naive_strict.name, .run = spread_strictly, .data = s}};
    size_t count = 3;
    float *ours = malloc(nodes * sizeof *ours);
    if (!ours)
        abort();
    spread_ours(s);
    memcpy(ours, s->x, nodes * sizeof *ours);
    for (size_t i = 1; i < count; i++) {
        contenders[i].run(s);
        peers_check(is_near(s->x, ours, nodes), row->name, contenders[i].name);
    }
#ifdef HAVE_GRAPHBLAS
    struct graphblas form[2];
    for (int pull = 0; pull < 2; pull++) {
        make_graphblas(&form[pull], s, pull);
        contenders[count] = (struct contender){.name = pull ? "GraphBLAS, pull" : "GraphBLAS, push",
                                               .run = spread_graphblas,
                                               .data = &form[pull]};
        spread_graphblas(&form[pull]);
        graphblas_result(&form[pull]);
        peers_check(is_near(s->x, ours, nodes), row->name, contenders[count++].name);
    }
#else
    peers_skip(row->name, "GraphBLAS is not installed");
#endif
    peers_compare(row, contenders, count);
#ifdef HAVE_GRAPHBLAS
    for (int pull = 0; pull < 2; pull++) {
        GrB_Matrix_free(&form[pull].matrix);
        GrB_Vector_free(&form[pull].start);
        GrB_Vector_free(&form[pull].result);
    }
#endif
    free(ours);
}

/* The rows of one graph. */
static void compare_all(uint32_t nodes, uint32_t edges, int scale, const struct peers_row *rows,
                        size_t n)
{
    size_t bytes = nodes * sizeof(float), asked = 0;
    for (size_t i = 0; i < n; i++)
        asked += peers_wanted(rows[i].name) != 0;
    if (!asked)
        return;
    struct spreads s = {.x = bench_memory(bytes), .y = bench_memory(bytes)};
    float *start = bench_memory(bytes);
    make_graph(&s, nodes, edges, scale);
    for (size_t i = 0; i < n; i++)
        compare(&rows[i], &s, start, i == 1);
    engram_graph_free(s.ours);
    free((void *)s.graph.offsets);
    free((void *)s.graph.targets);
    free((void *)s.graph.weights);
    bench_free(s.x, bytes);
    bench_free(s.y, bytes);
    bench_free(start, bytes);
}

void peers_spread(void)
{
#ifdef HAVE_GRAPHBLAS
    grb(GrB_init(GrB_NONBLOCKING));
    grb(GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, 1));
#endif
    static const struct peers_row small[] = {
        {.name = "spread-1000",
         .work = "1000 nodes, 5000 edges, 10 steps",
         .wanted = 0.65,
         .rivals = 2},
    };
    compare_all(1000, 5000, 0, small, 1);
    int scale = peers_quick ? 12 : 20;
    const struct peers_row large[] = {
        {.name = "spread-rmat",
         .work =
             peers_quick ? "R-MAT 4096/40,000, 10 steps, dense" : "R-MAT 1M/10M, 10 steps, dense",
         .wanted = 0.5},
        {.name = "spread-rmat-seed",
         .work = peers_quick ? "R-MAT 4096/40,000, 10 steps, from one seed"
                             : "R-MAT 1M/10M, 10 steps, from one seed",
         .wanted = 0.45},
    };
    compare_all(1u << scale, peers_quick ? 40000 : 10000000, scale, large, 2);
#ifdef HAVE_GRAPHBLAS
    GrB_finalize();
#endif
}
