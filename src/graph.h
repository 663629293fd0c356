/* graph.h - what a builder and a graph are inside; shared by graph.c and the reader of edge files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_GRAPH_H
#define ENGRAM_GRAPH_H

#include "engram.h"
#include "names.h"

/* Edges as four columns; classes are kept only once one of them is not 0. */
struct engram_builder {
    uint32_t nodes;
    size_t edges;
    uint32_t *sources, *targets;
    float *weights;
    uint8_t *classes;
    size_t sources_bytes, targets_bytes, weights_bytes, classes_bytes; /* allocated */
    struct engram_names names;
};

struct engram_block {
    void *at;
    size_t bytes; /* allocated */
};

/* The arrays behind a view, by layout. */
enum {
    ENGRAM_OFFSETS,
    ENGRAM_TARGETS,
    ENGRAM_WEIGHTS,
    ENGRAM_CLASSES,
    ENGRAM_RUNS, /* the pull layout from here */
    ENGRAM_ORDER,
    ENGRAM_SOURCES,
    ENGRAM_PULL_WEIGHTS,
    ENGRAM_LAST, /* the delta from here */
    ENGRAM_NEXT,
    ENGRAM_ADDED_TARGETS,
    ENGRAM_ADDED_WEIGHTS,
    ENGRAM_ADDED_CLASSES,
    ENGRAM_BLOCKS
};

struct engram_graph {
    struct engram_graph_view view;
    struct engram_block block[ENGRAM_BLOCKS];
    double rows_seconds, pull_seconds;
    struct engram_names names;
};

/* A place to go back to when a file turns out bad halfway. */
struct engram_builder_state {
    uint32_t nodes;
    size_t edges, names, text_used;
};
struct engram_builder_state engram_builder_state(const engram_builder *builder);
void engram_builder_restore(engram_builder *builder, struct engram_builder_state state);

#endif
