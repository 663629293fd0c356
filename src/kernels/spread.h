/* spread.h - how rows stand in slices, how added entries join them, how values are normalised:
 * what all versions of a step share.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_SPREAD_H
#define ENGRAM_KERNELS_SPREAD_H

#include "kernels/delta.h"
#include "host.h"

#include <math.h>
#include <stdbool.h>

/* The run that a row belongs to. */
static inline const struct engram_run *engram_run_of(const struct engram_pull *pull, uint32_t row)
{
    uint32_t low = 0, high = pull->runs;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (pull->run[middle].row <= row)
            low = middle;
        else
            high = middle;
    }
    return pull->run + low;
}

/* Entries of all rows before this one of a run. */
static inline uint32_t engram_entry_of(const struct engram_run *run, uint32_t row)
{
    return run->entry + (row - run->row) * run->degree;
}

/* A slice: where its entries begin, and the degrees of its rows, which fall; 0 behind the last. */
struct engram_slice {
    uint32_t entry, rows;
    uint32_t degree[ENGRAM_SLICE + 1];
};

/* The slice that begins at `first`, a row of *run; *run is then the run of the row behind it. */
static inline struct engram_slice engram_slice_at(const struct engram_pull *pull,
                                                  const struct engram_run **run, uint32_t first)
{
    const struct engram_run *end = pull->run + pull->runs - 1, *at = *run;
    uint32_t rest = pull->rows - first;
    struct engram_slice slice = {.entry = engram_entry_of(at, first),
                                 .rows = rest < ENGRAM_SLICE ? rest : ENGRAM_SLICE};
    for (uint32_t j = 0; j < slice.rows; j++) {
        slice.degree[j] = at->degree;
        while (at < end && at[1].row <= first + j + 1)
            at++;
    }
    *run = at;
    return slice;
}

/* Walks the entries of one row of a slice, those added later among them, in ascending
 * (source, position). */
struct engram_entries {
    const struct engram_pull *pull;
    const struct engram_slice *slice;
    uint32_t k, degree, column, place; /* the next entry of the layout */
    uint32_t added, added_end;         /* the next added one */
};

static inline struct engram_entries engram_entries_of(const struct engram_pull *pull,
                                                      const struct engram_slice *slice,
                                                      uint32_t first, uint32_t j)
{
    struct engram_entries walk = {.pull = pull,
                                  .slice = slice,
                                  .degree = slice->degree[j],
                                  .column = slice->rows,
                                  .place = slice->entry + j};
    if (pull->added_offsets) {
        walk.added = pull->added_offsets[first + j];
        walk.added_end = pull->added_offsets[first + j + 1];
    }
    return walk;
}

static inline bool engram_next_entry(struct engram_entries *walk, uint32_t *source, float *weight)
{
    const struct engram_pull *pull = walk->pull;
    bool more = walk->k < walk->degree;
    if (walk->added < walk->added_end) {
        *source = pull->added_sources[walk->added];
        if (!more || pull->order[*source] < pull->order[pull->sources[walk->place]]) {
            *weight = pull->added_weights[walk->added++];
            return true;
        }
    }
    if (!more)
        return false;
    *source = pull->sources[walk->place];
    *weight = pull->weights[walk->place];
    while (walk->slice->degree[walk->column - 1] <= walk->k) /* rows that end before this column */
        walk->column--;
    walk->place += walk->column;
    walk->k++;
    return true;
}

/* ---- a step from active sources */

struct engram_active_step {
    const struct engram_graph_view *graph;
    const struct engram_spread *options;
    const float *x, *cue;
    uint32_t columns;
    const uint64_t *active;
    uint64_t *touched;
    float *y;
};

/* y = keep * x; y += gain * x * weight, fused; y = (1 - restart) * y + restart * cue, fused. */
typedef void engram_keep(float keep, const float *x, uint32_t columns, float *y);
typedef void engram_push(float gain, const float *x, float weight, uint32_t columns, float *y);
typedef void engram_mix(float restart, const float *cue, uint32_t columns, float *y);

static inline void engram_set_bit(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= (uint64_t)1 << i % 64;
}

/* The lowest node of a word of a bitset, taken out of it. */
static inline uint32_t engram_take_lowest(uint64_t *word, size_t at)
{
    uint32_t node = (uint32_t)(at * 64) + (uint32_t)__builtin_ctzll(*word);
    *word &= *word - 1;
    return node;
}

/* Sources ascend, and the edges of each come in order: those of the rows, then those added. What a
 * silent source would have added is a zero, which at most turns the sign of another; normalising
 * takes that away. Inlined with its arithmetic. */
static inline __attribute__((always_inline)) int
engram_step_from_active(const struct engram_active_step *s, engram_keep *keep, engram_push *push,
                        engram_mix *mix)
{
    const struct engram_graph_view *g = s->graph;
    const struct engram_delta *delta = &g->delta;
    size_t columns = s->columns, words = engram_words(g->nodes);
    for (size_t w = 0; w < words; w++) {
        s->touched[w] |= s->active[w];
        for (uint64_t word = s->active[w]; word;) {
            size_t at = engram_take_lowest(&word, w) * columns;
            keep(s->options->keep, s->x + at, s->columns, s->y + at);
        }
    }
    for (size_t w = 0; w < words; w++) {
        if (s->active[w] && engram_cancelled())
            return ENGRAM_ECANCELLED;
        for (uint64_t word = s->active[w]; word;) {
            uint32_t node = engram_take_lowest(&word, w);
            const float *x = s->x + node * columns;
            for (uint32_t e = g->offsets[node]; e < g->offsets[node + 1]; e++) {
                engram_set_bit(s->touched, g->targets[e]);
                push(s->options->gain, x, g->weights[e], s->columns,
                     s->y + g->targets[e] * columns);
            }
            for (uint32_t e = engram_added_first(delta, node); e != UINT32_MAX;
                 e = engram_added_next(delta, node, e)) {
                engram_set_bit(s->touched, delta->targets[e]);
                push(s->options->gain, x, delta->weights[e], s->columns,
                     s->y + delta->targets[e] * columns);
            }
        }
    }
    for (size_t w = 0; w < words && s->options->restart != 0; w++)
        for (uint64_t word = s->touched[w]; word;) {
            size_t at = engram_take_lowest(&word, w) * columns;
            mix(s->options->restart, s->cue + at, s->columns, s->y + at);
        }
    return ENGRAM_OK;
}

/* ---- normalisation */

/* What a column of finite values is divided by; infinite if their sum of magnitudes is. */
static inline float engram_divisor(uint32_t normalise, float largest, float sum)
{
    if (normalise == ENGRAM_NORMALISE_MAX1)
        return largest > 1 ? largest : 1;
    if (normalise == ENGRAM_NORMALISE_L1)
        return sum > 0 ? sum : 1;
    return 1;
}

/* -0 becomes 0, so that a silent source cannot be told from a skipped one. */
static inline float engram_normalised(uint32_t normalise, float value, float divisor)
{
    value = value / divisor + 0.0f;
    if (normalise == ENGRAM_NORMALISE_CLAMP01)
        value = value > 1 ? 1 : value > 0 ? value : 0;
    return value;
}

#endif
