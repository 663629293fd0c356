/* graph.c - edges collected, frozen into rows, added later; the only place a graph is checked.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "graph.h"
#include "host.h"
#include "kernels/delta.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- builder */

int engram_builder_new(engram_builder **out)
{
    ENGRAM_NEED(out);
    engram_builder *builder = engram_allocate(sizeof *builder);
    if (!builder)
        return ENGRAM_ENOMEM;
    *builder = (struct engram_builder){0};
    *out = builder;
    return ENGRAM_OK;
}

static void release_edges(engram_builder *builder)
{
    engram_release(builder->sources, builder->sources_bytes);
    engram_release(builder->targets, builder->targets_bytes);
    engram_release(builder->weights, builder->weights_bytes);
    engram_release(builder->classes, builder->classes_bytes);
}

void engram_builder_free(engram_builder *builder)
{
    if (!builder)
        return;
    release_edges(builder);
    engram_names_free(&builder->names);
    engram_release(builder, sizeof *builder);
}

int engram_builder_nodes(engram_builder *builder, uint32_t n)
{
    ENGRAM_NEED(builder);
    if (n > ENGRAM_MAX_NODES)
        return engram_fail(ENGRAM_ELIMIT, "engram_builder_nodes: n is %u, at most %d nodes",
                           (unsigned)n, ENGRAM_MAX_NODES);
    if (n > builder->nodes)
        builder->nodes = n;
    return ENGRAM_OK;
}

int engram_builder_name(engram_builder *builder, const char *name, size_t bytes, uint32_t *out)
{
    ENGRAM_NEED(builder);
    ENGRAM_NEED(name);
    ENGRAM_NEED(out);
    if (bytes == 0 || bytes > ENGRAM_NAME_MAX)
        return engram_fail(ENGRAM_EDIM, "engram_builder_name: name has %zu bytes, expected 1 to %d",
                           bytes, ENGRAM_NAME_MAX);
    if (memchr(name, 0, bytes))
        return engram_fail(ENGRAM_EFORMAT, "engram_builder_name: name has a NUL byte");
    if (engram_names_find(&builder->names, name, bytes, out))
        return ENGRAM_OK;
    if (builder->nodes == ENGRAM_MAX_NODES)
        return engram_fail(ENGRAM_ELIMIT, "engram_builder_name: at most %d nodes",
                           ENGRAM_MAX_NODES);
    int status = engram_names_add(&builder->names, name, bytes, builder->nodes);
    if (status == ENGRAM_OK)
        *out = builder->nodes++;
    return status;
}

/* Room for n edges in all, with classes or without. */
static int reserve(engram_builder *b, size_t n, bool classed)
{
    int status = engram_grow((void **)&b->sources, &b->sources_bytes, n * sizeof *b->sources);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&b->targets, &b->targets_bytes, n * sizeof *b->targets);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&b->weights, &b->weights_bytes, n * sizeof *b->weights);
    if (status == ENGRAM_OK && classed) {
        bool first = !b->classes;
        status = engram_grow((void **)&b->classes, &b->classes_bytes, n);
        if (status == ENGRAM_OK && first)
            memset(b->classes, 0, b->edges);
    }
    return status;
}

/* Checks n edges; *nodes becomes at least what they need, *classed true if one has a class. */
static int check_edges(const char *function, const uint32_t *sources, const uint32_t *targets,
                       const float *weights, const uint8_t *classes, size_t n, size_t before,
                       uint32_t *nodes, bool *classed)
{
    if (!sources || !targets)
        return engram_fail(ENGRAM_ENULL, "%s: %s is null", function,
                           sources ? "targets" : "sources");
    for (size_t i = 0; i < n; i++) {
        uint32_t higher = sources[i] > targets[i] ? sources[i] : targets[i];
        if (higher >= ENGRAM_MAX_NODES)
            return engram_fail(ENGRAM_ELIMIT, "%s: edge %zu has node %u, at most %d nodes",
                               function, i, (unsigned)higher, ENGRAM_MAX_NODES);
        if (weights && !(fabsf(weights[i]) <= FLT_MAX))
            return engram_fail(ENGRAM_ENONFINITE, "%s: edge %zu has weight %g", function, i,
                               engram_shown(weights[i]));
        *nodes = higher >= *nodes ? higher + 1 : *nodes;
        *classed |= classes && classes[i];
    }
    if (n > UINT32_MAX - before)
        return engram_fail(ENGRAM_ELIMIT, "%s: at most %u edges", function, UINT32_MAX);
    return ENGRAM_OK;
}

/* Fills places from `first` on; NULL has a meaning for both. */
static void put_weights(float *to, size_t first, const float *weights, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[first + i] = weights ? weights[i] : 1;
}

static void put_classes(uint8_t *to, size_t first, const uint8_t *classes, size_t n)
{
    for (size_t i = 0; to && i < n; i++)
        to[first + i] = classes ? classes[i] : 0;
}

int engram_builder_edges(engram_builder *builder, const uint32_t *sources, const uint32_t *targets,
                         const float *weights, const uint8_t *classes, size_t n)
{
    ENGRAM_NEED(builder);
    if (n == 0)
        return ENGRAM_OK;
    uint32_t nodes = builder->nodes;
    bool classed = builder->classes != NULL;
    int status = check_edges(__func__, sources, targets, weights, classes, n, builder->edges,
                             &nodes, &classed);
    if (status == ENGRAM_OK)
        status = reserve(builder, builder->edges + n, classed);
    if (status != ENGRAM_OK)
        return status;
    memcpy(builder->sources + builder->edges, sources, n * sizeof *sources);
    memcpy(builder->targets + builder->edges, targets, n * sizeof *targets);
    put_weights(builder->weights, builder->edges, weights, n);
    put_classes(builder->classes, builder->edges, classes, n);
    builder->edges += n;
    builder->nodes = nodes;
    return ENGRAM_OK;
}

int engram_builder_edge(engram_builder *builder, uint32_t source, uint32_t target, float weight,
                        uint8_t edge_class)
{
    return engram_builder_edges(builder, &source, &target, &weight, &edge_class, 1);
}

struct engram_builder_state engram_builder_state(const engram_builder *builder)
{
    return (struct engram_builder_state){builder->nodes, builder->edges, builder->names.count,
                                         builder->names.text_used};
}

void engram_builder_restore(engram_builder *builder, struct engram_builder_state state)
{
    builder->nodes = state.nodes;
    builder->edges = state.edges;
    engram_names_truncate(&builder->names, state.names, state.text_used);
}

/* ---- blocks of a graph */

static int grow(struct engram_graph *graph, int which, size_t need)
{
    return engram_grow(&graph->block[which].at, &graph->block[which].bytes, need);
}

/* Makes a block exactly as large as it must be. Giving back what is left may fail without harm. */
static int fit(struct engram_graph *graph, int which, size_t need)
{
    struct engram_block *block = &graph->block[which];
    if (need == 0 || need == block->bytes)
        return ENGRAM_OK;
    void *moved = engram_resize(block->at, block->bytes, need);
    if (!moved)
        return need > block->bytes ? ENGRAM_ENOMEM : ENGRAM_OK;
    block->at = moved;
    block->bytes = need;
    return ENGRAM_OK;
}

static void drop(struct engram_graph *graph, int first, int last)
{
    for (int i = first; i < last; i++) {
        engram_release(graph->block[i].at, graph->block[i].bytes);
        graph->block[i] = (struct engram_block){0};
    }
}

static uint64_t bytes_of(const struct engram_graph *graph, int first, int last)
{
    uint64_t sum = 0;
    for (int i = first; i < last; i++)
        sum += graph->block[i].bytes;
    return sum;
}

/* Points the view at the blocks. */
static void show(struct engram_graph *graph)
{
    struct engram_graph_view *v = &graph->view;
    const struct engram_block *block = graph->block;
    v->offsets = block[ENGRAM_OFFSETS].at;
    v->ends = v->offsets + 1;
    v->targets = block[ENGRAM_TARGETS].at;
    v->weights = block[ENGRAM_WEIGHTS].at;
    v->classes = block[ENGRAM_CLASSES].at;
    v->pull.rows = v->nodes;
    v->pull.run = block[ENGRAM_RUNS].at;
    v->pull.order = block[ENGRAM_ORDER].at;
    v->pull.sources = block[ENGRAM_SOURCES].at;
    v->pull.weights = block[ENGRAM_PULL_WEIGHTS].at;
    v->delta.last = block[ENGRAM_LAST].at;
    v->delta.next = block[ENGRAM_NEXT].at;
    v->delta.targets = block[ENGRAM_ADDED_TARGETS].at;
    v->delta.weights = block[ENGRAM_ADDED_WEIGHTS].at;
    v->delta.classes = block[ENGRAM_ADDED_CLASSES].at;
}

void engram_graph_free(engram_graph *graph)
{
    if (!graph)
        return;
    drop(graph, 0, ENGRAM_BLOCKS);
    engram_names_free(&graph->names);
    engram_release(graph, sizeof *graph);
}

/* ---- the layout by target */

/* Words of memory that laying out needs for a while. */
static size_t work_words(uint32_t nodes)
{
    return 3 * (size_t)nodes + 1;
}

/* At most this many different degrees, 0 among them: d of them take d (d - 1) / 2 edges. */
static uint32_t most_runs(uint32_t nodes, size_t edges)
{
    size_t d = 1;
    while (d <= nodes && d * (d + 1) / 2 <= edges)
        d++;
    return (uint32_t)d;
}

/* Sorts nodes by falling degree; ties keep the order of `from`. `begin` has a place for each edge,
 * and thus for each degree but 0. */
static void sort_by_degree(const uint32_t *degree, uint32_t nodes, uint32_t edges, uint32_t *begin,
                           const uint32_t *from, uint32_t *to)
{
    if (edges)
        memset(begin, 0, edges * sizeof *begin);
    for (uint32_t i = 0; i < nodes; i++)
        if (degree[i])
            begin[degree[i] - 1]++;
    uint32_t before = 0;
    for (uint32_t d = edges; d-- > 0;) {
        uint32_t count = begin[d];
        begin[d] = before;
        before += count;
    }
    for (uint32_t i = 0; i < nodes; i++)
        to[degree[from[i]] ? begin[degree[from[i]] - 1]++ : before++] = from[i];
}

/* Rows of equal degree, from where each row's entries would begin one behind the other. */
static uint32_t find_runs(const uint32_t *entry, uint32_t nodes, struct engram_run *run)
{
    uint32_t runs = 0;
    for (uint32_t r = 0; r < nodes; r++) {
        uint32_t degree = entry[r + 1] - entry[r];
        if (runs == 0 || run[runs - 1].degree != degree)
            run[runs++] = (struct engram_run){r, degree, entry[r]};
    }
    if (runs == 0 || run[runs - 1].degree != 0)
        run[runs++] = (struct engram_run){nodes, 0, entry[nodes]};
    return runs;
}

/* Where entry k of a row stands: behind the columns before it, each as long as the rows that have
 * such an entry are many. */
static uint32_t place_of(const uint32_t *entry, uint32_t nodes, uint32_t row, uint32_t k)
{
    uint32_t first = row - row % ENGRAM_SLICE;
    uint32_t last = nodes - first < ENGRAM_SLICE ? nodes : first + ENGRAM_SLICE;
    uint32_t place = entry[first] + row % ENGRAM_SLICE;
    if (k <= entry[last] - entry[last - 1])
        return place + k * (last - first);
    for (uint32_t r = first; r < last; r++) {
        uint32_t degree = entry[r + 1] - entry[r];
        place += degree < k ? degree : k;
    }
    return place;
}

/* Fills the blocks of the layout, which have room. Sources ascend and edges come in order, so every
 * row does too. Of equal in-degree those come first that are read most: they share cache lines. */
static void lay_out(struct engram_graph *graph, uint32_t *work)
{
    double begun = engram_clock();
    struct engram_graph_view *v = &graph->view;
    uint32_t nodes = v->nodes, *row_of = work, *filled = row_of + nodes, *entry = filled + nodes;
    uint32_t *order = graph->block[ENGRAM_ORDER].at, *sources = graph->block[ENGRAM_SOURCES].at;
    float *weights = graph->block[ENGRAM_PULL_WEIGHTS].at;

    for (uint32_t s = 0; s < nodes; s++) {
        order[s] = s;
        filled[s] = v->offsets[s + 1] - v->offsets[s];
    }
    sort_by_degree(filled, nodes, v->edges, sources, order, row_of);
    memset(filled, 0, nodes * sizeof *filled);
    for (uint32_t e = 0; e < v->edges; e++)
        filled[v->targets[e]]++;
    sort_by_degree(filled, nodes, v->edges, sources, row_of, order);
    entry[0] = 0;
    for (uint32_t r = 0; r < nodes; r++) {
        row_of[order[r]] = r;
        entry[r + 1] = entry[r] + filled[order[r]];
    }
    v->pull.runs = find_runs(entry, nodes, graph->block[ENGRAM_RUNS].at);

    memset(filled, 0, nodes * sizeof *filled);
    for (uint32_t s = 0; s < nodes; s++)
        for (uint32_t e = v->offsets[s]; e < v->offsets[s + 1]; e++) {
            uint32_t row = row_of[v->targets[e]];
            uint32_t place = place_of(entry, nodes, row, filled[row]++);
            sources[place] = row_of[s];
            weights[place] = v->weights[e];
        }
    fit(graph, ENGRAM_RUNS, v->pull.runs * sizeof *v->pull.run);
    show(graph);
    graph->pull_seconds = engram_clock() - begun;
}

/* ---- rows */

/* A graph with room for all but the edges of the layout by target. */
static int make(uint32_t nodes, size_t edges, bool classed, engram_graph **out)
{
    engram_graph *graph = engram_allocate(sizeof *graph);
    if (!graph)
        return ENGRAM_ENOMEM;
    *graph = (struct engram_graph){.view = {.nodes = nodes, .edges = (uint32_t)edges}};
    size_t rows = ((size_t)nodes + 1) * sizeof(uint32_t);
    int status = fit(graph, ENGRAM_OFFSETS, rows);
    if (status == ENGRAM_OK)
        status = fit(graph, ENGRAM_TARGETS, edges * sizeof(uint32_t));
    if (status == ENGRAM_OK)
        status = fit(graph, ENGRAM_WEIGHTS, edges * sizeof(float));
    if (status == ENGRAM_OK && classed)
        status = fit(graph, ENGRAM_CLASSES, edges);
    if (status == ENGRAM_OK)
        status = fit(graph, ENGRAM_RUNS, most_runs(nodes, edges) * sizeof(struct engram_run));
    if (status == ENGRAM_OK)
        status = fit(graph, ENGRAM_ORDER, nodes * sizeof(uint32_t));
    if (status != ENGRAM_OK) {
        engram_graph_free(graph);
        return status;
    }
    memset(graph->block[ENGRAM_OFFSETS].at, 0, rows);
    show(graph);
    *out = graph;
    return ENGRAM_OK;
}

/* Sorts the edges into rows by source, in the order they came in. The builder's columns then are
 * the memory of the layout by target: nothing more is needed, so nothing can fail any more. */
int engram_builder_freeze(engram_builder *builder, engram_graph **out)
{
    ENGRAM_NEED(builder);
    ENGRAM_NEED(out);
    double begun = engram_clock();
    engram_graph *graph;
    int status = engram_grow((void **)&builder->targets, &builder->targets_bytes,
                             work_words(builder->nodes) * sizeof(uint32_t));
    if (status == ENGRAM_OK)
        status = make(builder->nodes, builder->edges, builder->classes != NULL, &graph);
    if (status != ENGRAM_OK)
        return status;

    uint32_t *offsets = graph->block[ENGRAM_OFFSETS].at;
    uint32_t *targets = graph->block[ENGRAM_TARGETS].at;
    float *weights = graph->block[ENGRAM_WEIGHTS].at;
    uint8_t *classes = graph->block[ENGRAM_CLASSES].at;
    for (size_t e = 0; e < builder->edges; e++)
        offsets[builder->sources[e] + 1]++;
    engram_accumulate(offsets, builder->nodes);
    for (size_t e = 0; e < builder->edges; e++) {
        uint32_t place = offsets[builder->sources[e]]++;
        targets[place] = builder->targets[e];
        weights[place] = builder->weights[e];
        if (classes)
            classes[place] = builder->classes[e];
    }
    engram_move_back(offsets, builder->nodes);

    graph->block[ENGRAM_SOURCES] = (struct engram_block){builder->sources, builder->sources_bytes};
    graph->block[ENGRAM_PULL_WEIGHTS] =
        (struct engram_block){builder->weights, builder->weights_bytes};
    graph->names = builder->names;
    engram_release(builder->classes, builder->classes_bytes);
    fit(graph, ENGRAM_SOURCES, builder->edges * sizeof(uint32_t));
    fit(graph, ENGRAM_PULL_WEIGHTS, builder->edges * sizeof(float));
    graph->rows_seconds = engram_clock() - begun;
    lay_out(graph, builder->targets);
    engram_release(builder->targets, builder->targets_bytes);
    *builder = (struct engram_builder){0};
    *out = graph;
    return ENGRAM_OK;
}

static int check_csr(uint32_t nodes, const uint32_t *offsets, const uint32_t *targets,
                     const float *weights)
{
    if (offsets[0] != 0)
        return engram_fail(ENGRAM_EGRAPH, "engram_graph_from_csr: offsets[0] is %u, expected 0",
                           (unsigned)offsets[0]);
    for (uint32_t s = 0; s < nodes; s++)
        if (offsets[s + 1] < offsets[s])
            return engram_fail(
                ENGRAM_EGRAPH,
                "engram_graph_from_csr: offsets[%u] is %u, less than the %u before it",
                (unsigned)s + 1, (unsigned)offsets[s + 1], (unsigned)offsets[s]);
    for (uint32_t e = 0; e < offsets[nodes]; e++) {
        if (targets[e] >= nodes)
            return engram_fail(ENGRAM_EGRAPH,
                               "engram_graph_from_csr: targets[%u] is %u, there are %u nodes",
                               (unsigned)e, (unsigned)targets[e], (unsigned)nodes);
        if (!(fabsf(weights[e]) <= FLT_MAX))
            return engram_fail(ENGRAM_EGRAPH, "engram_graph_from_csr: weights[%u] is %g",
                               (unsigned)e, engram_shown(weights[e]));
    }
    return ENGRAM_OK;
}

int engram_graph_from_csr(uint32_t nodes, const uint32_t *offsets, const uint32_t *targets,
                          const float *weights, const uint8_t *classes, engram_graph **out)
{
    ENGRAM_NEED(offsets);
    ENGRAM_NEED(out);
    if (nodes > ENGRAM_MAX_NODES)
        return engram_fail(ENGRAM_ELIMIT, "engram_graph_from_csr: nodes is %u, at most %d",
                           (unsigned)nodes, ENGRAM_MAX_NODES);
    size_t edges = offsets[nodes];
    if (edges) {
        ENGRAM_NEED(targets);
        ENGRAM_NEED(weights);
    }
    double begun = engram_clock();
    int status = check_csr(nodes, offsets, targets, weights);
    engram_graph *graph = NULL;
    if (status == ENGRAM_OK)
        status = make(nodes, edges, classes != NULL, &graph);
    uint32_t *work = NULL;
    size_t work_bytes = work_words(nodes) * sizeof *work;
    if (status == ENGRAM_OK)
        status = fit(graph, ENGRAM_SOURCES, edges * sizeof(uint32_t));
    if (status == ENGRAM_OK)
        status = fit(graph, ENGRAM_PULL_WEIGHTS, edges * sizeof(float));
    if (status == ENGRAM_OK && !(work = engram_allocate(work_bytes)))
        status = ENGRAM_ENOMEM;
    if (status != ENGRAM_OK) {
        engram_graph_free(graph);
        return status;
    }
    memcpy(graph->block[ENGRAM_OFFSETS].at, offsets, ((size_t)nodes + 1) * sizeof *offsets);
    if (edges) {
        memcpy(graph->block[ENGRAM_TARGETS].at, targets, edges * sizeof *targets);
        memcpy(graph->block[ENGRAM_WEIGHTS].at, weights, edges * sizeof *weights);
    }
    if (classes && edges)
        memcpy(graph->block[ENGRAM_CLASSES].at, classes, edges);
    graph->rows_seconds = engram_clock() - begun;
    lay_out(graph, work);
    engram_release(work, work_bytes);
    *out = graph;
    return ENGRAM_OK;
}

/* ---- edges added later */

/* Room for n more edges and `nodes` nodes in all. */
static int reserve_added(struct engram_graph *graph, size_t n, uint32_t nodes, bool classed)
{
    const struct {
        int which;
        size_t count, size;
    } needs[] = {
        {ENGRAM_OFFSETS, (size_t)nodes + 1, sizeof(uint32_t)},
        {ENGRAM_ORDER, nodes, sizeof(uint32_t)},
        {ENGRAM_LAST, nodes, sizeof(uint32_t)},
        {ENGRAM_NEXT, graph->view.delta.edges + n, sizeof(uint32_t)},
        {ENGRAM_ADDED_TARGETS, graph->view.delta.edges + n, sizeof(uint32_t)},
        {ENGRAM_ADDED_WEIGHTS, graph->view.delta.edges + n, sizeof(float)},
        {ENGRAM_ADDED_CLASSES, classed ? graph->view.delta.edges + n : 0, 1},
    };
    bool first_class = classed && !graph->block[ENGRAM_ADDED_CLASSES].at;
    int status = ENGRAM_OK;
    for (size_t i = 0; i < sizeof needs / sizeof *needs && status == ENGRAM_OK; i++)
        status = grow(graph, needs[i].which, needs[i].count * needs[i].size);
    show(graph); /* blocks that could grow have moved */
    if (first_class && graph->view.delta.classes)
        memset(graph->block[ENGRAM_ADDED_CLASSES].at, 0, graph->view.delta.edges);
    return status;
}

/* New nodes have no edges in the layouts: their rows are empty and stand last, in their order. */
static void add_nodes(struct engram_graph *graph, uint32_t nodes)
{
    uint32_t *offsets = graph->block[ENGRAM_OFFSETS].at, *order = graph->block[ENGRAM_ORDER].at;
    uint32_t *last = graph->block[ENGRAM_LAST].at, before = graph->view.nodes;
    for (uint32_t i = before; i < nodes; i++) {
        offsets[i + 1] = graph->view.edges;
        order[i] = i;
    }
    uint32_t without = graph->view.delta.edges ? before : 0;
    memset(last + without, 0xff, (nodes - without) * sizeof *last);
    graph->view.nodes = graph->view.pull.rows = nodes;
}

int engram_graph_add(engram_graph *graph, const uint32_t *sources, const uint32_t *targets,
                     const float *weights, const uint8_t *classes, size_t n)
{
    ENGRAM_NEED(graph);
    if (n == 0)
        return ENGRAM_OK;
    struct engram_delta *delta = &graph->view.delta;
    uint32_t nodes = graph->view.nodes;
    bool classed = delta->classes != NULL;
    int status = check_edges(__func__, sources, targets, weights, classes, n,
                             (size_t)graph->view.edges + delta->edges, &nodes, &classed);
    if (status == ENGRAM_OK)
        status = reserve_added(graph, n, nodes, classed);
    if (status != ENGRAM_OK)
        return status;

    add_nodes(graph, nodes);
    uint32_t *last = graph->block[ENGRAM_LAST].at, *next = graph->block[ENGRAM_NEXT].at;
    memcpy((uint32_t *)graph->block[ENGRAM_ADDED_TARGETS].at + delta->edges, targets,
           n * sizeof *targets);
    put_weights(graph->block[ENGRAM_ADDED_WEIGHTS].at, delta->edges, weights, n);
    put_classes(graph->block[ENGRAM_ADDED_CLASSES].at, delta->edges, classes, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t e = delta->edges++, *end = &last[sources[i]];
        next[e] = *end == UINT32_MAX ? e : next[*end];
        if (*end != UINT32_MAX)
            next[*end] = e;
        *end = e;
    }
    return ENGRAM_OK;
}

/* Makes room behind each row, from the last one on, and moves the added edges there. */
static void merge(struct engram_graph *graph)
{
    const struct engram_graph_view *v = &graph->view;
    uint32_t *offsets = graph->block[ENGRAM_OFFSETS].at;
    uint32_t *targets = graph->block[ENGRAM_TARGETS].at;
    float *weights = graph->block[ENGRAM_WEIGHTS].at;
    uint8_t *classes = graph->block[ENGRAM_CLASSES].at;
    uint32_t end = v->edges, to = v->edges + v->delta.edges;
    for (uint32_t s = v->nodes; s-- > 0;) {
        uint32_t begin = offsets[s], length = end - begin, added = 0;
        for (uint32_t e = engram_added_first(&v->delta, s); e != UINT32_MAX;
             e = engram_added_next(&v->delta, s, e))
            added++;
        offsets[s + 1] = to;
        to -= length + added;
        memmove(targets + to, targets + begin, length * sizeof *targets);
        memmove(weights + to, weights + begin, length * sizeof *weights);
        if (classes)
            memmove(classes + to, classes + begin, length);
        uint32_t place = to + length;
        for (uint32_t e = engram_added_first(&v->delta, s); e != UINT32_MAX;
             e = engram_added_next(&v->delta, s, e), place++) {
            targets[place] = v->delta.targets[e];
            weights[place] = v->delta.weights[e];
            if (classes)
                classes[place] = v->delta.classes ? v->delta.classes[e] : 0;
        }
        end = begin;
    }
}

int engram_graph_freeze(engram_graph *graph)
{
    ENGRAM_NEED(graph);
    struct engram_graph_view *v = &graph->view;
    if (v->delta.edges == 0)
        return ENGRAM_OK;
    double begun = engram_clock();
    size_t edges = (size_t)v->edges + v->delta.edges, nodes = v->nodes;
    bool first_class = !v->classes && v->delta.classes;
    const struct {
        int which;
        size_t bytes;
    } needs[] = {
        {ENGRAM_OFFSETS, (nodes + 1) * sizeof(uint32_t)},
        {ENGRAM_ORDER, nodes * sizeof(uint32_t)},
        {ENGRAM_TARGETS, edges * sizeof(uint32_t)},
        {ENGRAM_WEIGHTS, edges * sizeof(float)},
        {ENGRAM_CLASSES, v->classes || v->delta.classes ? edges : 0},
        {ENGRAM_RUNS, most_runs(v->nodes, edges) * sizeof(struct engram_run)},
        {ENGRAM_SOURCES, edges * sizeof(uint32_t)},
        {ENGRAM_PULL_WEIGHTS, edges * sizeof(float)},
    };
    size_t work_bytes = work_words(v->nodes) * sizeof(uint32_t);
    uint32_t *work = engram_allocate(work_bytes);
    int status = work ? ENGRAM_OK : ENGRAM_ENOMEM;
    for (size_t i = 0; i < sizeof needs / sizeof *needs && status == ENGRAM_OK; i++)
        status = fit(graph, needs[i].which, needs[i].bytes);
    if (status == ENGRAM_OK) {
        if (first_class)
            memset(graph->block[ENGRAM_CLASSES].at, 0, v->edges);
        merge(graph);
        v->edges = (uint32_t)edges;
        v->delta.edges = 0;
        drop(graph, ENGRAM_LAST, ENGRAM_BLOCKS);
        show(graph);
        graph->rows_seconds = engram_clock() - begun;
        lay_out(graph, work);
    } else if (first_class) {
        drop(graph, ENGRAM_CLASSES, ENGRAM_CLASSES + 1);
    }
    show(graph); /* blocks may have moved though others could not grow */
    engram_release(work, work_bytes);
    return status;
}

/* ---- looking */

void engram_graph_get(const engram_graph *graph, struct engram_graph_view *out)
{
    *out = graph->view;
}

int engram_graph_info(const engram_graph *graph, struct engram_graph_info *out)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED(out);
    *out = (struct engram_graph_info){
        .rows_bytes = bytes_of(graph, ENGRAM_OFFSETS, ENGRAM_RUNS),
        .pull_bytes = bytes_of(graph, ENGRAM_RUNS, ENGRAM_LAST),
        .delta_bytes = bytes_of(graph, ENGRAM_LAST, ENGRAM_BLOCKS),
        .names_bytes = engram_names_bytes(&graph->names),
        .rows_seconds = graph->rows_seconds,
        .pull_seconds = graph->pull_seconds,
    };
    return ENGRAM_OK;
}

const char *engram_graph_name(const engram_graph *graph, uint32_t node)
{
    return graph ? engram_names_get(&graph->names, node) : NULL;
}

int engram_graph_find(const engram_graph *graph, const char *name, size_t bytes, uint32_t *out)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED(name);
    ENGRAM_NEED(out);
    if (engram_names_find(&graph->names, name, bytes, out))
        return ENGRAM_OK;
    return engram_fail(ENGRAM_ERANGE, "engram_graph_find: no node is named '%.*s'",
                       (int)(bytes < 100 ? bytes : 100), name);
}
