/* paths.c - confidence over paths: from each seed its strongest way to every memory, and noisy-or
 * over the seeds.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "recall.h"
#include "kernels/spread.h"

#include <string.h>

enum { MOST = 8 }; /* sources that count for a memory */
static const double LEAST = 0.001, PER_LINK = -0.35;

/* Arrays by slot; what they hold of use is named by bitsets. */
struct paths {
    double *way, *longer;                     /* the strongest way so far; by one link more */
    double *chances;                          /* [MOST] of each memory, in no order */
    uint64_t *met, *front, *touched, *walked; /* by any source; of this one */
    uint8_t *count;                           /* of chances */
    size_t words;
};

static struct paths arrays(unsigned char *memory, uint32_t slots)
{
    size_t words = engram_words(slots);
    struct paths p = {.words = words};
    p.way = (double *)(void *)memory;
    p.longer = p.way + slots;
    p.chances = p.longer + slots;
    p.met = (uint64_t *)(void *)(p.chances + (size_t)slots * MOST);
    p.front = p.met + words;
    p.touched = p.front + words;
    p.walked = p.touched + words;
    p.count = (uint8_t *)(p.walked + words);
    return p;
}

size_t engram_paths_bytes(uint32_t slots)
{
    return (size_t)slots * ((2 + MOST) * sizeof(double) + 1) +
           4 * engram_words(slots) * sizeof(uint64_t);
}

/* Keeps a chance if it is among the largest. */
static void take_chance(struct paths *p, uint32_t slot, double chance)
{
    if (!(chance >= LEAST)) /* nor is there one where no confidence meets an infinite gain */
        return;
    chance = chance < 1 ? chance : 1;
    if (!engram_bit(p->met, slot)) {
        engram_set_bit(p->met, slot);
        p->count[slot] = 0;
    }
    double *chances = p->chances + (size_t)slot * MOST;
    if (p->count[slot] < MOST) {
        chances[p->count[slot]++] = chance;
        return;
    }
    size_t least = 0;
    for (size_t i = 1; i < MOST; i++)
        if (chances[i] < chances[least])
            least = i;
    if (chance > chances[least])
        chances[least] = chance;
}

static void go_along(struct paths *p, uint32_t target, double way, double link)
{
    if (!(link > 0))
        return;
    if (!engram_bit(p->touched, target)) {
        engram_set_bit(p->touched, target);
        p->longer[target] = 0;
    }
    if (way * link > p->longer[target])
        p->longer[target] = way * link;
}

/* One link more for what got stronger by the last one. */
static void lengthen(const struct engram_recall *r, struct paths *p, double per_link)
{
    const struct engram_graph_view *g = &r->links;
    const struct engram_delta *d = &g->delta;
    const float *gain = r->frontier.gain;
    for (size_t w = 0; w < p->words; w++)
        while (p->front[w]) {
            uint32_t node = engram_take_lowest(&p->front[w], w);
            double way = p->way[node] * per_link;
            for (uint32_t e = g->offsets[node]; e < g->ends[node]; e++)
                go_along(p, g->targets[e], way,
                         (double)g->weights[e] * (double)gain[g->classes ? g->classes[e] : 0]);
            for (uint32_t e = engram_added_first(d, node); e != UINT32_MAX;
                 e = engram_added_next(d, node, e))
                go_along(p, d->targets[e], way,
                         (double)d->weights[e] * (double)gain[d->classes ? d->classes[e] : 0]);
        }
    for (size_t w = 0; w < p->words; w++)
        while (p->touched[w]) {
            uint32_t node = engram_take_lowest(&p->touched[w], w);
            if (engram_bit(p->walked, node) && !(p->longer[node] > p->way[node]))
                continue;
            engram_set_bit(p->walked, node);
            engram_set_bit(p->front, node);
            p->way[node] = p->longer[node];
        }
}

static int follow(const struct engram_recall *r, struct paths *p, uint32_t source, double per_link)
{
    size_t bitset = p->words * sizeof *p->front;
    double confidence = (double)engram_stored_confidence(r, source);
    take_chance(p, source, confidence);
    if (source >= r->links.nodes)
        return ENGRAM_OK;
    memset(p->front, 0, bitset);
    memset(p->touched, 0, bitset);
    memset(p->walked, 0, bitset);
    engram_set_bit(p->front, source);
    engram_set_bit(p->walked, source);
    p->way[source] = 1;
    for (uint32_t hop = 0; hop < r->frontier.hops; hop++) {
        if (engram_cancelled())
            return engram_fail_cancelled(r->function);
        lengthen(r, p, per_link);
    }
    for (size_t w = 0; w < p->words; w++)
        while (p->walked[w]) {
            uint32_t slot = engram_take_lowest(&p->walked[w], w);
            if (slot != source)
                take_chance(p, slot,
                            confidence * p->way[slot] * (double)engram_stored_confidence(r, slot));
        }
    return ENGRAM_OK;
}

int engram_paths_find(struct engram_recall *r)
{
    struct paths p = arrays(r->paths, r->memories.slots);
    const double per_link = engram_exp(PER_LINK);
    int status = ENGRAM_OK;
    memset(p.met, 0, p.words * sizeof *p.met);
    for (size_t w = 0; w < p.words && status == ENGRAM_OK; w++)
        for (uint64_t bits = r->seeded[w]; bits && status == ENGRAM_OK;)
            status = follow(r, &p, engram_take_lowest(&bits, w), per_link);
    return status;
}

/* The largest first: the order of a product in binary64 is part of its bits. */
float engram_paths_confidence(const struct engram_recall *r, uint32_t slot)
{
    struct paths p = arrays(r->paths, r->memories.slots);
    double chances[MOST], missed = 1;
    size_t n = engram_bit(p.met, slot) ? p.count[slot] : 0;
    for (size_t i = 0; i < n; i++) {
        double chance = p.chances[(size_t)slot * MOST + i];
        size_t at = i;
        for (; at > 0 && chances[at - 1] < chance; at--)
            chances[at] = chances[at - 1];
        chances[at] = chance;
    }
    for (size_t i = 0; i < n; i++)
        missed *= 1 - chances[i];
    return (float)(1 - missed > LEAST ? 1 - missed : LEAST);
}
