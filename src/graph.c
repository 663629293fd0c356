/* graph.c - edges collected, then frozen into rows; the only place a graph is checked.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "graph.h"
#include "host.h"

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

int engram_builder_edges(engram_builder *builder, const uint32_t *sources, const uint32_t *targets,
                         const float *weights, const uint8_t *classes, size_t n)
{
    ENGRAM_NEED(builder);
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(sources);
    ENGRAM_NEED(targets);
    uint32_t nodes = builder->nodes;
    bool classed = false;
    for (size_t i = 0; i < n; i++) {
        uint32_t higher = sources[i] > targets[i] ? sources[i] : targets[i];
        if (higher >= ENGRAM_MAX_NODES)
            return engram_fail(ENGRAM_ELIMIT,
                               "engram_builder_edges: edge %zu has node %u, at most %d nodes", i,
                               (unsigned)higher, ENGRAM_MAX_NODES);
        if (weights && !(fabsf(weights[i]) <= FLT_MAX))
            return engram_fail(ENGRAM_ENONFINITE, "engram_builder_edges: edge %zu has weight %g", i,
                               engram_shown(weights[i]));
        nodes = higher >= nodes ? higher + 1 : nodes;
        classed |= classes && classes[i];
    }
    if (n > UINT32_MAX - builder->edges)
        return engram_fail(ENGRAM_ELIMIT, "engram_builder_edges: at most %u edges", UINT32_MAX);
    int status = reserve(builder, builder->edges + n, classed || builder->classes);
    if (status != ENGRAM_OK)
        return status;
    memcpy(builder->sources + builder->edges, sources, n * sizeof *sources);
    memcpy(builder->targets + builder->edges, targets, n * sizeof *targets);
    for (size_t i = 0; i < n; i++)
        builder->weights[builder->edges + i] = weights ? weights[i] : 1;
    if (classed)
        memcpy(builder->classes + builder->edges, classes, n);
    else if (builder->classes)
        memset(builder->classes + builder->edges, 0, n);
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

/* ---- rows */

/* Turns counts in offsets[1 ..] into the places where rows begin. */
static void accumulate(uint32_t *offsets, uint32_t nodes)
{
    for (uint32_t i = 0; i < nodes; i++)
        offsets[i + 1] += offsets[i];
}

/* Rows were filled by moving each offset to the row's end, which is where the next begins. */
static void move_back(uint32_t *offsets, uint32_t nodes)
{
    memmove(offsets + 1, offsets, nodes * sizeof *offsets);
    offsets[0] = 0;
}

/* Fills the transpose: sources ascend and edges come in order, so every row does too. */
static void transpose(struct engram_graph *graph)
{
    const struct engram_graph_view *v = &graph->view;
    memset(graph->in_offsets, 0, ((size_t)v->nodes + 1) * sizeof *graph->in_offsets);
    for (uint32_t e = 0; e < v->edges; e++)
        graph->in_offsets[v->targets[e] + 1]++;
    accumulate(graph->in_offsets, v->nodes);
    for (uint32_t s = 0; s < v->nodes; s++)
        for (uint32_t e = v->offsets[s]; e < v->offsets[s + 1]; e++) {
            uint32_t place = graph->in_offsets[v->targets[e]]++;
            graph->sources[place] = s;
            graph->in_weights[place] = v->weights[e];
        }
    move_back(graph->in_offsets, v->nodes);
}

static void show(struct engram_graph *graph, uint32_t nodes, uint32_t edges)
{
    graph->view = (struct engram_graph_view){
        .nodes = nodes,
        .edges = edges,
        .offsets = graph->offsets,
        .targets = graph->targets,
        .weights = graph->weights,
        .classes = graph->classes,
        .in_offsets = graph->in_offsets,
        .sources = graph->sources,
        .in_weights = graph->in_weights,
    };
    graph->view.bytes = 2 * ((uint64_t)nodes + 1) * sizeof(uint32_t) + (uint64_t)edges * 8 +
                        graph->sources_bytes + graph->in_weights_bytes +
                        (graph->classes ? edges : 0) + engram_names_bytes(&graph->names);
}

/* A graph with arrays of its own for the rows, and for the transpose if `both`. */
static int make(uint32_t nodes, size_t edges, bool classed, bool both, engram_graph **out)
{
    engram_graph *graph = engram_allocate(sizeof *graph);
    if (!graph)
        return ENGRAM_ENOMEM;
    *graph = (struct engram_graph){.view = {.nodes = nodes, .edges = (uint32_t)edges}};
    size_t rows = ((size_t)nodes + 1) * sizeof(uint32_t);
    graph->offsets = engram_allocate(rows);
    graph->in_offsets = engram_allocate(rows);
    graph->targets = engram_allocate(edges * sizeof *graph->targets);
    graph->weights = engram_allocate(edges * sizeof *graph->weights);
    bool whole = graph->offsets && graph->in_offsets && graph->targets && graph->weights;
    if (whole && classed)
        whole = (graph->classes = engram_allocate(edges)) != NULL;
    if (whole && both)
        whole = engram_grow((void **)&graph->sources, &graph->sources_bytes,
                            edges * sizeof *graph->sources) == ENGRAM_OK &&
                engram_grow((void **)&graph->in_weights, &graph->in_weights_bytes,
                            edges * sizeof *graph->in_weights) == ENGRAM_OK;
    if (!whole) {
        engram_graph_free(graph);
        return ENGRAM_ENOMEM;
    }
    memset(graph->offsets, 0, rows);
    *out = graph;
    return ENGRAM_OK;
}

void engram_graph_free(engram_graph *graph)
{
    if (!graph)
        return;
    size_t rows = ((size_t)graph->view.nodes + 1) * sizeof(uint32_t), edges = graph->view.edges;
    engram_release(graph->offsets, rows);
    engram_release(graph->in_offsets, rows);
    engram_release(graph->targets, edges * sizeof *graph->targets);
    engram_release(graph->weights, edges * sizeof *graph->weights);
    engram_release(graph->classes, edges);
    engram_release(graph->sources, graph->sources_bytes);
    engram_release(graph->in_weights, graph->in_weights_bytes);
    engram_names_free(&graph->names);
    engram_release(graph, sizeof *graph);
}

/* Gives back what a column had in reserve; if that fails it keeps it. */
static void trim(void **block, size_t *bytes, size_t need)
{
    void *smaller = need < *bytes && need ? engram_resize(*block, *bytes, need) : NULL;
    if (smaller) {
        *block = smaller;
        *bytes = need;
    }
}

/* Sorts the edges into rows by source, in the order they came in. The builder's columns then are
 * the memory of the transpose: nothing more is needed, so nothing can fail any more. */
int engram_builder_freeze(engram_builder *builder, engram_graph **out)
{
    ENGRAM_NEED(builder);
    ENGRAM_NEED(out);
    engram_graph *graph;
    int status = make(builder->nodes, builder->edges, builder->classes != NULL, false, &graph);
    if (status != ENGRAM_OK)
        return status;

    for (size_t e = 0; e < builder->edges; e++)
        graph->offsets[builder->sources[e] + 1]++;
    accumulate(graph->offsets, builder->nodes);
    for (size_t e = 0; e < builder->edges; e++) {
        uint32_t place = graph->offsets[builder->sources[e]]++;
        graph->targets[place] = builder->targets[e];
        graph->weights[place] = builder->weights[e];
        if (graph->classes)
            graph->classes[place] = builder->classes[e];
    }
    move_back(graph->offsets, builder->nodes);

    graph->sources = builder->sources;
    graph->in_weights = builder->weights;
    graph->sources_bytes = builder->sources_bytes;
    graph->in_weights_bytes = builder->weights_bytes;
    graph->names = builder->names;
    engram_release(builder->targets, builder->targets_bytes);
    engram_release(builder->classes, builder->classes_bytes);
    trim((void **)&graph->sources, &graph->sources_bytes, builder->edges * sizeof *graph->sources);
    trim((void **)&graph->in_weights, &graph->in_weights_bytes,
         builder->edges * sizeof *graph->in_weights);
    show(graph, builder->nodes, (uint32_t)builder->edges);
    transpose(graph);
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
    int status = check_csr(nodes, offsets, targets, weights);
    engram_graph *graph;
    if (status == ENGRAM_OK)
        status = make(nodes, edges, classes != NULL, true, &graph);
    if (status != ENGRAM_OK)
        return status;
    memcpy(graph->offsets, offsets, ((size_t)nodes + 1) * sizeof *offsets);
    if (edges) {
        memcpy(graph->targets, targets, edges * sizeof *targets);
        memcpy(graph->weights, weights, edges * sizeof *weights);
    }
    if (classes && edges)
        memcpy(graph->classes, classes, edges);
    show(graph, nodes, (uint32_t)edges);
    transpose(graph);
    *out = graph;
    return ENGRAM_OK;
}

/* ---- looking */

void engram_graph_get(const engram_graph *graph, struct engram_graph_view *out)
{
    *out = graph->view;
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
