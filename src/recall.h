/* recall.h - a recall as it is carried out, for the files that take part in one.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_RECALL_H
#define ENGRAM_RECALL_H

#include "engram.h"
#include "host.h"

#include <stdbool.h>

/* What was asked, and the arrays that lead from the cue to the scores, all in one block. Bitsets are
 * by slot: what they do not name in the arrays beside them is not written. */
struct engram_recall {
    const char *function; /* that messages name */
    struct engram_memories memories;
    struct engram_cue cue;
    struct engram_recall_options options;
    struct engram_frontier frontier;
    struct engram_law law;
    struct engram_search search;
    struct engram_bank_view bank;
    struct engram_graph_view links;
    bool spreads;
    bool by_form;    /* a smaller form is scanned */
    bool keeps_copy; /* cue and tables are copied: the caller's may be gone before the end */
    size_t words;    /* of a bitset */

    uint64_t *wanted; /* what may be returned */
    uint64_t *reached;
    float *activations; /* of what is reached */
    uint64_t *scored;   /* by a smaller form; NULL: all rows */
    float *similarities;
    uint64_t *seeded;
    uint32_t *seeds; /* those that are nodes come first */
    float *values;
    size_t seed_count, inside;
    struct engram_hit *found; /* by the search for seeds */
    struct engram_walk walk;
    unsigned char *paths; /* in paths.c */
    float *vector, *step, *threshold, *gain;
};

/* Reads and checks; the bytes of the block, and of all that is taken from an arena; starts in
 * memory from an arena; walks; ranks. */
int engram_recall_prepare(struct engram_recall *r, const char *function,
                          const struct engram_memories *memories, const struct engram_cue *cue,
                          const struct engram_recall_options *options);
size_t engram_recall_bytes(const struct engram_recall *r);
int engram_recall_start(struct engram_recall *r, engram_arena *arena);
int engram_recall_walk(struct engram_recall *r);
struct engram_parts engram_recall_parts(struct engram_recall *r, uint32_t slot);
uint64_t engram_recall_id(const struct engram_recall *r, uint32_t slot);
bool engram_recall_knows(const struct engram_recall *r, uint64_t id);

/* Confidences over paths: bytes for so many slots; finds them; that of a slot. */
size_t engram_paths_bytes(uint32_t slots);
int engram_paths_find(struct engram_recall *r);
float engram_paths_confidence(const struct engram_recall *r, uint32_t slot);

struct engram_session {
    struct engram_recall recall;
    engram_arena *arena; /* NULL until the first recall */
    size_t bytes;
    bool begun;
    /* For recollection.c: whose recall it is, its revision then, and the flags. NULL: of arrays. */
    const engram_memory *memory;
    uint64_t revision;
    uint32_t flags;
};

enum { ENGRAM_RECALL_K = 10 }; /* hits, unless it is said how many */

/* What is left of a strength, or its floor, which never raises a value. */
static inline float engram_over_floor(float left, float strength, float floor)
{
    return floor > left ? (floor < strength ? floor : strength) : left;
}

/* The confidence that is stored, as all parts take it. */
static inline float engram_stored_confidence(const struct engram_recall *r, uint32_t slot)
{
    float confidence = r->memories.confidence ? r->memories.confidence[slot] : 1;
    return confidence >= 1 ? 1 : confidence > 0 ? confidence : 0;
}

#endif
