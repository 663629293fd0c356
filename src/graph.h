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

struct engram_graph {
    struct engram_graph_view view;
    /* The view's arrays, to be freed; those of the transpose came from a builder and may be longer.
     */
    uint32_t *offsets, *targets, *in_offsets, *sources;
    float *weights, *in_weights;
    uint8_t *classes;
    size_t sources_bytes, in_weights_bytes;
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
