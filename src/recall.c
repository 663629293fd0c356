/* recall.c - from a cue to the best memories: seeds, spreading, retention, score.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "recall.h"
#include "bank.h"
#include "dispatch.h"
#include "kernels/heap.h"
#include "kernels/panel.h"
#include "kernels/spread.h"
#include "scratch.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const float SEED_MIN = 0.01f; /* weaker seeds are dropped */
static const float SEED_BOOST = 1.1f;

/* ---- checks */

/* There are no more seeds than memories. */
static uint32_t most_seeds(const struct engram_memories *m, const struct engram_recall_options *o)
{
    uint32_t seeds = o->seeds ? o->seeds : 100;
    return seeds < m->slots ? seeds : m->slots;
}

static int check_options(struct engram_recall *r)
{
    struct engram_recall_options *o = &r->options;
    o->k = o->k ? o->k : ENGRAM_RECALL_K;
    o->seeds = most_seeds(&r->memories, o);
    o->seed_threshold = o->seed_threshold != 0 ? o->seed_threshold : 0.4f;
    o->seed_temperature = o->seed_temperature != 0 ? o->seed_temperature : 0.5f;
    o->recency_window_s = o->recency_window_s != 0 ? o->recency_window_s : 3600;
    o->recency_boost = o->recency_boost != 0 ? o->recency_boost : 1;

    const struct {
        const char *name;
        double value, least, most;
    } ranges[] = {
        {"now", o->now, -DBL_MAX, DBL_MAX},
        {"relevance", (double)o->relevance, 0, 1},
        {"seed_threshold", (double)o->seed_threshold, -1, 1},
        {"seed_temperature", (double)o->seed_temperature, 0, (double)FLT_MAX},
        {"min_confidence", (double)o->min_confidence, -(double)FLT_MAX, (double)FLT_MAX},
        {"recency_boost", (double)o->recency_boost, 1, (double)FLT_MAX},
        {"recency_window_s", o->recency_window_s, DBL_MIN, DBL_MAX},
        {"confidence", (double)o->confidence, 0, ENGRAM_CONFIDENCE_PATHS},
        {"form", (double)o->form, 0, ENGRAM_SIGN},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].least && ranges[i].value <= ranges[i].most))
            return engram_fail(ENGRAM_ERANGE, "%s: options->%s is %g, expected %g .. %g",
                               r->function, ranges[i].name, ranges[i].value, ranges[i].least,
                               ranges[i].most);
    if (o->seed_temperature < 0.05f)
        o->seed_temperature = 0.05f;
    if (o->seed_temperature > 2)
        o->seed_temperature = 2;
    if (o->relevance == 0)
        o->relevance = !r->cue.vector ? 0 : r->spreads ? 0.5f : 1;
    return ENGRAM_OK;
}

static int check_memories(struct engram_recall *r)
{
    const struct engram_memories *m = &r->memories;
    if (m->slots > ENGRAM_MAX_NODES)
        return engram_fail(ENGRAM_ELIMIT, "%s: memories->slots is %u, at most %d", r->function,
                           (unsigned)m->slots, ENGRAM_MAX_NODES);
    if (m->bank)
        engram_bank_get(m->bank, &r->bank);
    if (m->links)
        r->links = *m->links;
    else if (m->graph)
        engram_graph_get(m->graph, &r->links);
    r->spreads = (m->links || m->graph) && r->frontier.hops > 0;
    uint32_t least = r->bank.slots > r->links.nodes ? r->bank.slots : r->links.nodes;
    if (m->slots < least)
        return engram_fail(ENGRAM_EDIM,
                           "%s: memories->slots is %u, but the bank has %u slots and the "
                           "links %u nodes",
                           r->function, (unsigned)m->slots, (unsigned)r->bank.slots,
                           (unsigned)r->links.nodes);
    if ((m->scale_s || m->beta) && !r->options.law)
        return engram_fail(ENGRAM_ERANGE, "%s: memories->%s goes with a law", r->function,
                           m->scale_s ? "scale_s" : "beta");
    const struct engram_law_each each = {.scale_s = m->scale_s, .beta = m->beta};
    return r->options.law ? engram_check_law(r->function, &r->law, &each) : ENGRAM_OK;
}

/* Whether a slot holds a memory. Without a bank every slot does. */
static bool is_live(const struct engram_recall *r, uint32_t slot)
{
    return !r->memories.bank || (slot < r->bank.slots && engram_bit(r->bank.live, slot));
}

uint64_t engram_recall_id(const struct engram_recall *r, uint32_t slot)
{
    return r->memories.bank && slot < r->bank.slots
               ? (uint64_t)r->bank.generations[slot] << 32 | slot
               : slot;
}

bool engram_recall_knows(const struct engram_recall *r, uint64_t id)
{
    return (uint32_t)id < r->memories.slots && is_live(r, (uint32_t)id) &&
           engram_recall_id(r, (uint32_t)id) == id;
}

static int check_cue(const struct engram_recall *r)
{
    const struct engram_cue *cue = &r->cue;
    if (cue->vector && !r->memories.bank)
        return engram_fail(ENGRAM_ENULL, "%s: the cue has a vector but memories->bank is null",
                           r->function);
    int status = cue->vector
                     ? engram_check_finite(r->function, "cue->vector", cue->vector, r->bank.dim)
                     : ENGRAM_OK;
    if (cue->seed_count && !cue->seed_ids)
        return engram_fail(ENGRAM_ENULL, "%s: cue->seed_ids is null", r->function);
    for (uint32_t i = 0; i < cue->seed_count; i++)
        if (!engram_recall_knows(r, cue->seed_ids[i]))
            return engram_fail(ENGRAM_ERANGE, "%s: cue->seed_ids[%u], %llu, is not a memory",
                               r->function, (unsigned)i, (unsigned long long)cue->seed_ids[i]);
    if (cue->seed_values && status == ENGRAM_OK)
        status =
            engram_check_finite(r->function, "cue->seed_values", cue->seed_values, cue->seed_count);
    return status;
}

static int check_form(struct engram_recall *r)
{
    const struct engram_recall_options *o = &r->options;
    r->by_form = r->cue.vector && o->form != ENGRAM_F32;
    if (!r->by_form)
        return ENGRAM_OK;
    if (!r->memories.bank->forms[o->form].on)
        return engram_fail(ENGRAM_EDISABLED,
                           "%s: options->form is %u, a form the bank does not have; index it first",
                           r->function, (unsigned)o->form);
    r->search = (struct engram_search){.size = sizeof r->search,
                                       .form = o->form,
                                       .candidates = o->candidates,
                                       .rerank = o->rerank};
    engram_search_complete(&r->search, o->k);
    return ENGRAM_OK;
}

int engram_recall_prepare(struct engram_recall *r, const char *function,
                          const struct engram_memories *memories, const struct engram_cue *cue,
                          const struct engram_recall_options *options)
{
    *r = (struct engram_recall){.function = function};
    ENGRAM_NEED_OPTIONS_OF(function, memories);
    ENGRAM_NEED_OPTIONS_OF(function, cue);
    ENGRAM_NEED_OPTIONS_OF(function, options);
    engram_read_options(&r->memories, sizeof r->memories, memories);
    engram_read_options(&r->cue, sizeof r->cue, cue);
    engram_read_options(&r->options, sizeof r->options, options);
    int status = ENGRAM_OK;
    if (r->options.frontier)
        status = engram_frontier_options(function, r->options.frontier, &r->frontier);
    if (r->options.law) {
        const struct engram_law *law = r->options.law;
        ENGRAM_NEED_OPTIONS_OF(function, law);
        engram_read_options(&r->law, sizeof r->law, law);
        r->options.law = &r->law;
    }
    if (status == ENGRAM_OK)
        status = check_memories(r);
    if (status == ENGRAM_OK)
        status = check_options(r);
    if (status == ENGRAM_OK)
        status = check_cue(r);
    if (status == ENGRAM_OK)
        status = check_form(r);
    r->words = engram_words(r->memories.slots);
    return status;
}

/* ---- memory */

static bool finds_seeds(const struct engram_recall *r)
{
    return r->cue.vector && r->spreads;
}

/* What a search by a smaller form is asked for: what is ranked by similarity; for seeds. */
static uint32_t most_ranked(const struct engram_recall *r)
{
    return r->search.rerank < r->bank.slots ? r->search.rerank : r->bank.slots;
}

static uint32_t most_found(const struct engram_recall *r)
{
    uint32_t ranked = r->by_form ? most_ranked(r) : 0,
             seeds = finds_seeds(r) ? r->options.seeds : 0;
    return ranked > seeds ? ranked : seeds;
}

/* Hands out the block from its beginning, or only counts its bytes. */
static size_t share_out(struct engram_recall *r, unsigned char *memory)
{
    size_t slots = r->memories.slots, bitset = r->words * sizeof(uint64_t),
           seeds = (size_t)r->cue.seed_count + (finds_seeds(r) ? r->options.seeds : 0),
           hops = r->keeps_copy ? r->frontier.hops * sizeof(float) : 0;
    bool own_scores = r->cue.vector && !r->similarities,
         paths = r->spreads && r->options.confidence == ENGRAM_CONFIDENCE_PATHS;
    const struct {
        void *array;
        size_t bytes;
    } parts[] = {
        {&r->wanted, bitset},
        {&r->reached, bitset},
        {&r->scored, r->by_form ? bitset : 0},
        {&r->seeded, bitset},
        {&r->activations, slots * sizeof *r->activations},
        {&r->similarities, own_scores ? r->bank.slots * sizeof *r->similarities : 0},
        {&r->seeds, seeds * sizeof *r->seeds},
        {&r->values, seeds * sizeof *r->values},
        {&r->found, most_found(r) * sizeof *r->found},
        {&r->walk.memory, r->spreads ? engram_walk_bytes(r->links.nodes) : 0},
        {&r->paths, paths ? engram_paths_bytes(r->memories.slots) : 0},
        {&r->vector, r->keeps_copy && r->cue.vector ? r->bank.dim * sizeof *r->vector : 0},
        {&r->step, r->frontier.step ? hops : 0},
        {&r->threshold, r->frontier.threshold ? hops : 0},
        {&r->gain, r->keeps_copy && r->frontier.gain ? 256 * sizeof *r->gain : 0},
    };
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (memory && parts[i].bytes)
            *(void **)parts[i].array = memory + bytes;
        bytes += (parts[i].bytes + 63) / 64 * 64;
    }
    return bytes;
}

size_t engram_recall_bytes(const struct engram_recall *r)
{
    struct engram_recall counted = *r;
    size_t bytes = share_out(&counted, NULL) + 64;
    return r->by_form
               ? bytes + engram_bank_search_scratch(r->memories.bank, 1, most_found(r), &r->search)
               : bytes;
}

/* The copy of an array in the block, if there is one. */
static const float *kept(float *copy, const float *given, size_t n)
{
    return copy ? memcpy(copy, given, n * sizeof *copy) : given;
}

/* A bitset of no slots is not there, nor is one that is not wanted. */
static void clear(const struct engram_recall *r, uint64_t *bits)
{
    if (bits)
        memset(bits, 0, r->words * sizeof *bits);
}

static int take_memory(struct engram_recall *r, engram_arena *arena)
{
    unsigned char *memory = engram_arena_alloc(arena, share_out(r, NULL), 64);
    if (!memory)
        return ENGRAM_ENOMEM;
    share_out(r, memory);
    r->cue.vector = kept(r->vector, r->cue.vector, r->bank.dim);
    r->frontier.step = kept(r->step, r->frontier.step, r->frontier.hops);
    r->frontier.threshold = kept(r->threshold, r->frontier.threshold, r->frontier.hops);
    r->frontier.gain = kept(r->gain, r->frontier.gain, 256);
    clear(r, r->reached);
    clear(r, r->seeded);
    clear(r, r->scored);
    r->walk.reached = r->reached;
    return ENGRAM_OK;
}

/* ---- seeds */

static void add_seed(struct engram_recall *r, uint32_t slot, float value)
{
    r->seeds[r->seed_count] = slot;
    r->values[r->seed_count++] = value;
    engram_set_bit(r->seeded, slot);
}

/* What was found becomes a seed, as strong as it is alike. */
static void seed_from(struct engram_recall *r, size_t count)
{
    const struct engram_recall_options *o = &r->options;
    for (size_t i = 0; i < count && r->found[i].score >= (double)o->seed_threshold; i++) {
        float similarity = (float)r->found[i].score, value;
        engram_sigmoid_f32(&similarity, o->seed_threshold, o->seed_temperature, 1, &value);
        if (value >= SEED_MIN)
            add_seed(r, (uint32_t)r->found[i].id, value);
    }
}

/* Scores looked through at a time, whole words of a bitset; bars rise in between. */
enum { BLOCK = 1024 };

static size_t block_at(const struct engram_recall *r, size_t at)
{
    return r->bank.slots - at < BLOCK ? r->bank.slots - at : BLOCK;
}

/* The rows most like the cue among those that are like it enough. */
static size_t find_best(struct engram_recall *r)
{
    const struct engram_recall_options *o = &r->options;
    float bar = nextafterf(o->seed_threshold, -INFINITY);
    size_t count = 0;
    for (size_t at = 0; at < r->bank.slots; at += BLOCK) {
        uint64_t above[BLOCK / 64];
        size_t n = block_at(r, at);
        if (count == o->seeds && r->found[0].score > (double)bar)
            bar = (float)r->found[0].score;
        ENGRAM_VERSION(above_f32)(r->similarities + at, n, bar, above);
        for (size_t i = 0, w = at / 64; i < engram_words(n); i++, w++)
            for (uint64_t bits = above[i] & r->bank.live[w]; bits;) {
                uint32_t slot = engram_take_lowest(&bits, w);
                engram_heap_offer(
                    r->found, o->seeds, &count,
                    (struct engram_hit){.id = slot, .score = (double)r->similarities[slot]});
            }
    }
    engram_heap_sort(r->found, count);
    return count;
}

/* Compares the cue with every row, unless that is done. */
static int compare(struct engram_recall *r, bool compared)
{
    int status = ENGRAM_OK;
    if (!compared)
        status = engram_cosines_f32(r->cue.vector, r->bank.rows, r->bank.norms, r->bank.slots,
                                    r->bank.dim, r->similarities);
    if (status == ENGRAM_OK && finds_seeds(r))
        seed_from(r, find_best(r));
    return status;
}

static int search_for(struct engram_recall *r, const uint64_t *keep, uint32_t k,
                      engram_arena *arena, size_t *count)
{
    r->search.keep = keep;
    int status = engram_bank_search(r->memories.bank, r->cue.vector, 1, k, &r->search, arena,
                                    r->found, count, NULL);
    for (size_t i = 0; i < *count && status == ENGRAM_OK; i++) {
        uint32_t slot = (uint32_t)r->found[i].id;
        engram_set_bit(r->scored, slot);
        r->similarities[slot] = (float)r->found[i].score;
    }
    return status;
}

/* The same by a smaller form. Seeds may be what is not returned; one search does if all is. */
static int search(struct engram_recall *r, engram_arena *arena)
{
    bool all = !r->options.keep && !r->memories.hidden;
    size_t count = 0;
    int status = ENGRAM_OK;
    if (finds_seeds(r)) {
        status = search_for(r, NULL, all ? most_found(r) : r->options.seeds, arena, &count);
        if (status == ENGRAM_OK)
            seed_from(r, count < r->options.seeds ? count : r->options.seeds);
    }
    if (status == ENGRAM_OK && !(all && finds_seeds(r)))
        status = search_for(r, r->wanted, most_ranked(r), arena, &count);
    return status;
}

/* Seeds that the links do not know stay where they are. */
static void plant(struct engram_recall *r)
{
    for (size_t i = 0; i < r->seed_count; i++) {
        uint32_t slot = r->seeds[i];
        float value = r->values[i];
        if (r->spreads && slot < r->links.nodes) {
            r->seeds[r->inside] = slot;
            r->values[r->inside++] = value;
            continue;
        }
        if (engram_bit(r->reached, slot))
            value += r->activations[slot];
        engram_set_bit(r->reached, slot);
        r->activations[slot] = value > 1 ? 1 : value > 0 ? value : 0;
    }
}

static void find_wanted(struct engram_recall *r)
{
    const uint64_t *keep = r->options.keep, *hidden = r->memories.hidden;
    size_t words = r->memories.bank ? engram_words(r->bank.slots) : r->words;
    clear(r, r->wanted);
    for (size_t w = 0; w < words; w++)
        r->wanted[w] = (r->memories.bank ? r->bank.live[w] : UINT64_MAX) &
                       (keep ? keep[w] : UINT64_MAX) & ~(hidden ? hidden[w] : 0);
}

int engram_recall_start(struct engram_recall *r, engram_arena *arena)
{
    bool compared = r->similarities != NULL;
    int status = take_memory(r, arena);
    if (status != ENGRAM_OK)
        return status;
    for (uint32_t i = 0; i < r->cue.seed_count; i++)
        add_seed(r, (uint32_t)r->cue.seed_ids[i], r->cue.seed_values ? r->cue.seed_values[i] : 1);
    find_wanted(r);
    if (r->cue.vector)
        status = r->by_form ? search(r, arena) : compare(r, compared);
    if (status != ENGRAM_OK)
        return status;
    plant(r);
    if (r->seed_count == 0 || !r->spreads)
        r->options.confidence = ENGRAM_CONFIDENCE_STORED;
    return r->options.confidence == ENGRAM_CONFIDENCE_PATHS ? engram_paths_find(r) : ENGRAM_OK;
}

/* ---- what activation reaches */

int engram_recall_walk(struct engram_recall *r)
{
    if (r->spreads)
        return engram_frontier_f32(&r->links, &r->frontier, r->seeds, r->values, r->inside,
                                   &r->walk, r->activations, NULL, NULL);
    r->walk.complete = 1;
    return ENGRAM_OK;
}

/* ---- scores */

static inline double relevance_of(float similarity, float activation, float a)
{
    double alike = similarity > 0 ? (double)similarity : 0;
    return (double)a * alike + (1 - (double)a) * (double)activation;
}

static inline double score_of(const struct engram_parts *parts, float a)
{
    double relevance = relevance_of(parts->similarity, parts->activation, a);
    return relevance * (double)parts->retention * (double)parts->confidence *
           (double)parts->recency;
}

double engram_score(const struct engram_parts *parts, float a)
{
    return score_of(parts, a);
}

static float confidence_of(const struct engram_recall *r, uint32_t slot)
{
    if (r->options.confidence == ENGRAM_CONFIDENCE_PATHS)
        return engram_paths_confidence(r, slot);
    float confidence = engram_stored_confidence(r, slot);
    if (r->options.confidence == ENGRAM_CONFIDENCE_BOOST && engram_bit(r->seeded, slot)) {
        confidence *= SEED_BOOST;
        confidence = confidence < 1 ? confidence : 1;
    }
    return confidence;
}

/* Whether a row's similarity is yet to be computed: a smaller form did not find it. */
static bool is_unscored(const struct engram_recall *r, uint32_t slot)
{
    return r->scored && slot < r->bank.slots && !engram_bit(r->scored, slot);
}

static void score_row(struct engram_recall *r, uint32_t slot)
{
    engram_set_bit(r->scored, slot);
    ENGRAM_VERSION(cosines_f32)
    (r->cue.vector, r->bank.rows + (size_t)slot * r->bank.dim, r->bank.norms + slot, 1, r->bank.dim,
     r->similarities + slot);
}

/* As high as it may be where it is not computed. */
static float similarity_of(const struct engram_recall *r, uint32_t slot)
{
    if (!r->similarities || slot >= r->bank.slots)
        return 0;
    return is_unscored(r, slot) ? 1 : r->similarities[slot];
}

static float activation_of(const struct engram_recall *r, uint32_t slot)
{
    return engram_bit(r->reached, slot) ? r->activations[slot] : 0;
}

/* The parts of a memory's score, its retention as if no time had passed, its similarity as high as
 * it may be where it is not computed; and that time. */
static struct engram_parts timeless_parts(const struct engram_recall *r, uint32_t slot, double *age)
{
    const struct engram_memories *m = &r->memories;
    const struct engram_recall_options *o = &r->options;
    *age = m->last_recall ? o->now - m->last_recall[slot] : 0;
    *age = *age > 0 ? *age : 0;
    float strength = m->strength ? m->strength[slot] : 1;
    struct engram_parts parts = {
        .similarity = similarity_of(r, slot),
        .activation = activation_of(r, slot),
        .retention = strength >= 1  ? 1
                     : strength > 0 ? strength
                                    : 0,
        .confidence = confidence_of(r, slot),
        .recency = 1,
    };
    if (o->recency_boost > 1 && *age < o->recency_window_s)
        parts.recency =
            (float)(1 + ((double)o->recency_boost - 1) * (1 - *age / o->recency_window_s));
    return parts;
}

static void let_time_pass(const struct engram_recall *r, uint32_t slot, double age,
                          struct engram_parts *parts)
{
    const struct engram_memories *m = &r->memories;
    const struct engram_law_each each = {
        .size = sizeof each,
        .scale_s = m->scale_s ? m->scale_s + slot : NULL,
        .beta = m->beta ? m->beta + slot : NULL,
        .recalls = m->recalls ? m->recalls + slot : NULL,
    };
    float strength = parts->retention, floor = m->floor ? m->floor[slot] : 0;
    if (r->options.law)
        ENGRAM_VERSION(decay_f32)
    (&r->law, &each, &parts->retention, &age, ENGRAM_AGE_F64, 0, 1, &parts->retention);
    parts->retention = engram_over_floor(parts->retention, strength, floor);
}

struct engram_parts engram_recall_parts(struct engram_recall *r, uint32_t slot)
{
    double age;
    if (is_unscored(r, slot))
        score_row(r, slot);
    struct engram_parts parts = timeless_parts(r, slot, &age);
    let_time_pass(r, slot, age, &parts);
    return parts;
}

/* What relevance times recency_boost must reach to come before the worst of the best k: no other
 * part is above 1. The factor is for the roundings on the way. */
static double least_score(const struct engram_recall *r, const struct engram_hit *hits,
                          size_t count)
{
    return count < r->options.k ? 0 : hits[0].score * (1 - 0x1p-20);
}

/* Whether a memory that scores so may come among the best k. */
static bool may_enter(const struct engram_recall *r, const struct engram_hit *hits, size_t count,
                      struct engram_hit hit)
{
    return hit.score > 0 && (count < r->options.k || engram_before(hit, hits[0]));
}

/* Every part of a score is at most what it is before time passes, or what it is taken for while it
 * is not computed, and rounding keeps that order: a memory whose score would not reach the best k so
 * needs no exponential, and no row. */
static void offer(struct engram_recall *r, uint32_t slot, struct engram_hit *hits, size_t *count)
{
    float a = r->options.relevance;
    double age;
    struct engram_parts parts = timeless_parts(r, slot, &age);
    struct engram_hit hit = {.id = engram_recall_id(r, slot), .score = score_of(&parts, a)};
    if (parts.confidence < r->options.min_confidence || !may_enter(r, hits, *count, hit))
        return;
    let_time_pass(r, slot, age, &parts);
    hit.score = score_of(&parts, a);
    if (is_unscored(r, slot) && may_enter(r, hits, *count, hit)) {
        score_row(r, slot);
        parts.similarity = r->similarities[slot];
        hit.score = score_of(&parts, a);
    }
    if (may_enter(r, hits, *count, hit))
        engram_heap_offer(hits, r->options.k, count, hit);
}

/* Most are told by their relevance that no other part will help them. */
static void offer_all(struct engram_recall *r, uint64_t bits, size_t word, struct engram_hit *hits,
                      size_t *count)
{
    const struct engram_recall_options *o = &r->options;
    while (bits) {
        uint32_t slot = engram_take_lowest(&bits, word);
        double relevance =
            relevance_of(similarity_of(r, slot), activation_of(r, slot), o->relevance);
        if (relevance * (double)o->recency_boost >= least_score(r, hits, *count))
            offer(r, slot, hits, count);
    }
}

/* Words ahead of which the parts of memories are asked for where most are looked at. */
enum { AHEAD = 8 };

static void ask_for_parts(const struct engram_recall *r, size_t word)
{
    const struct engram_memories *m = &r->memories;
    if (!r->scored || word >= r->words)
        return;
    for (uint64_t bits = r->reached[word] & r->wanted[word]; bits;) {
        uint32_t slot = engram_take_lowest(&bits, word);
        if (m->strength)
            __builtin_prefetch(m->strength + slot);
        if (m->confidence)
            __builtin_prefetch(m->confidence + slot);
        if (m->last_recall)
            __builtin_prefetch(m->last_recall + slot);
    }
}

/* Seeds, which raise the bar; what a smaller form found; what activation reached; and then what is
 * only alike, most of which stays below the bar. */
static size_t rank(struct engram_recall *r, struct engram_hit *hits)
{
    size_t count = 0;
    for (size_t w = 0; w < r->words; w++)
        offer_all(r, r->seeded[w] & r->wanted[w], w, hits, &count);
    for (size_t w = 0; w < r->words; w++) {
        ask_for_parts(r, w + AHEAD);
        uint64_t others = r->wanted[w] & ~r->seeded[w], scored = r->scored ? r->scored[w] : 0;
        offer_all(r, others & scored, w, hits, &count);
        offer_all(r, others & ~scored & r->reached[w], w, hits, &count);
    }
    for (size_t at = 0; !r->scored && r->similarities && at < r->bank.slots; at += BLOCK) {
        uint64_t above[BLOCK / 64];
        size_t n = block_at(r, at);
        float bar = (float)(least_score(r, hits, count) / (double)r->options.recency_boost /
                            (double)r->options.relevance);
        ENGRAM_VERSION(above_f32)(r->similarities + at, n, bar, above);
        for (size_t i = 0, w = at / 64; i < engram_words(n); i++, w++)
            offer_all(r, above[i] & r->wanted[w] & ~(r->reached[w] | r->seeded[w]), w, hits,
                      &count);
    }
    engram_heap_sort(hits, count);
    return count;
}

/* Ranks what is known by now, and tells it. */
static void tell(struct engram_recall *r, struct engram_hit *hits, struct engram_parts *parts,
                 struct engram_recalled *out)
{
    *out = (struct engram_recalled){.count = (uint32_t)rank(r, hits),
                                    .complete = r->walk.complete,
                                    .confidence = r->options.confidence,
                                    .relevance = r->options.relevance,
                                    .edges = r->walk.edges};
    for (size_t i = 0; parts && i < out->count; i++)
        parts[i] = engram_recall_parts(r, (uint32_t)hits[i].id);
}

/* ---- one call */

static int recall(struct engram_recall *r, engram_arena *arena, struct engram_hit *hits,
                  struct engram_parts *parts, struct engram_recalled *out)
{
    int status = engram_recall_start(r, arena);
    if (status == ENGRAM_OK)
        status = engram_recall_walk(r);
    if (status == ENGRAM_OK)
        tell(r, hits, parts, out);
    return status;
}

int engram_recall(const struct engram_memories *memories, const struct engram_cue *cue,
                  const struct engram_recall_options *options, engram_arena *scratch,
                  struct engram_hit *hits, struct engram_parts *parts, struct engram_recalled *out)
{
    ENGRAM_NEED(hits);
    ENGRAM_NEED(out);
    struct engram_recall r;
    int status = engram_recall_prepare(&r, __func__, memories, cue, options);
    if (status != ENGRAM_OK)
        return status;
    struct engram_scratch s;
    if (!engram_scratch_open(&s, scratch))
        return engram_last_status();
    status = recall(&r, s.arena, hits, parts, out);
    engram_scratch_close(&s);
    return status;
}

size_t engram_recall_scratch(const struct engram_memories *memories, const struct engram_cue *cue,
                             const struct engram_recall_options *options)
{
    struct engram_recall r;
    return engram_recall_prepare(&r, __func__, memories, cue, options) == ENGRAM_OK
               ? engram_recall_bytes(&r)
               : 0;
}

/* ---- many cues */

/* The cosines of a group take so many bytes at most, or its cues are compared one by one. */
static const size_t GROUP_BYTES = (size_t)1 << 25;

static const struct engram_cue *cue_at(const struct engram_cue *cues, size_t i)
{
    return (const struct engram_cue *)((const char *)cues + i * cues->size);
}

/* How many cues from the i-th on are compared together: those with a vector, if there are several;
 * and what of scratch that takes. */
struct group {
    size_t n, stride;
    size_t bytes;
};

static struct group group_at(const struct engram_recall *first, const struct engram_cue *cues,
                             size_t i, size_t count)
{
    struct group g = {.n = 1, .stride = first->bank.slots};
    if (!first->cue.vector || first->by_form || g.stride == 0)
        return g;
    size_t dim = first->bank.dim, each = (g.stride + dim) * sizeof(float),
           most = GROUP_BYTES / each;
    most = most < ENGRAM_GROUP ? most : ENGRAM_GROUP;
    while (g.n < most && i + g.n < count) {
        struct engram_cue next;
        engram_read_options(&next, sizeof next, cue_at(cues, i + g.n));
        if (!next.vector)
            break;
        g.n++;
    }
    if (g.n > 1)
        g.bytes = g.n * each + engram_panel_bytes(g.n, dim) + 3 * 64;
    return g;
}

/* Cosines of a group, a line for each cue. */
static int compare_group(const struct engram_recall *first, const struct group *g,
                         const struct engram_cue *cues, size_t i, engram_arena *arena, float **out)
{
    size_t dim = first->bank.dim;
    float *queries = engram_arena_alloc_array(arena, g->n * dim, sizeof *queries, 64);
    float *packed = engram_arena_alloc(arena, engram_panel_bytes(g->n, dim), 64);
    float *scores = engram_arena_alloc_array(arena, g->n * g->stride, sizeof *scores, 64);
    if (!queries || !packed || !scores)
        return ENGRAM_ENOMEM;
    for (size_t q = 0; q < g->n; q++) {
        struct engram_cue cue;
        engram_read_options(&cue, sizeof cue, cue_at(cues, i + q));
        memcpy(queries + q * dim, cue.vector, dim * sizeof *queries);
    }
    struct engram_panel panel;
    int status = engram_panel_pack(queries, g->n, dim, packed, &panel);
    *out = scores;
    return status == ENGRAM_OK
               ? engram_panel_cosines_f32(&panel, first->bank.rows, first->bank.norms, g->stride,
                                          g->stride, scores)
               : status;
}

static int check_cues(const char *function, const struct engram_memories *memories,
                      const struct engram_cue *cues, size_t count,
                      const struct engram_recall_options *options, size_t *bytes)
{
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct engram_recall r;
        int status = engram_recall_prepare(&r, function, memories, cue_at(cues, i), options);
        if (status != ENGRAM_OK)
            return status;
        if (cue_at(cues, i)->size != cues->size)
            return engram_fail(ENGRAM_EDIM, "%s: cues[%zu].size is %u, that of the first is %u",
                               function, i, (unsigned)cue_at(cues, i)->size, (unsigned)cues->size);
        size_t need = group_at(&r, cues, i, count).bytes + engram_recall_bytes(&r);
        *bytes = need > *bytes ? need : *bytes;
    }
    return ENGRAM_OK;
}

static int recall_group(const struct engram_memories *memories, const struct engram_cue *cues,
                        size_t count, const struct engram_recall_options *options,
                        engram_arena *arena, struct engram_hit *hits, struct engram_parts *parts,
                        struct engram_recalled *out, size_t *i)
{
    struct engram_recall r;
    float *scores = NULL;
    int status =
        engram_recall_prepare(&r, "engram_recall_batch", memories, cue_at(cues, *i), options);
    struct group g = group_at(&r, cues, *i, count);
    if (g.n > 1)
        status = compare_group(&r, &g, cues, *i, arena, &scores);
    for (size_t q = 0; q < g.n && status == ENGRAM_OK; q++, ++*i) {
        struct engram_scratch each;
        engram_scratch_open(&each, arena);
        engram_recall_prepare(&r, "engram_recall_batch", memories, cue_at(cues, *i), options);
        r.similarities = scores ? scores + q * g.stride : NULL;
        size_t at = *i * r.options.k;
        status = recall(&r, each.arena, hits + at, parts ? parts + at : NULL, out + *i);
        engram_scratch_close(&each);
    }
    return status;
}

int engram_recall_batch(const struct engram_memories *memories, const struct engram_cue *cues,
                        size_t count, const struct engram_recall_options *options,
                        engram_arena *scratch, struct engram_hit *hits, struct engram_parts *parts,
                        struct engram_recalled *out)
{
    if (count == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(cues);
    ENGRAM_NEED(hits);
    ENGRAM_NEED(out);
    size_t bytes;
    int status = check_cues(__func__, memories, cues, count, options, &bytes);
    for (size_t i = 0; i < count && status == ENGRAM_OK;) {
        struct engram_scratch s;
        if (!engram_scratch_open(&s, scratch))
            return engram_last_status();
        status = recall_group(memories, cues, count, options, s.arena, hits, parts, out, &i);
        engram_scratch_close(&s);
    }
    return status;
}

size_t engram_recall_batch_scratch(const struct engram_memories *memories,
                                   const struct engram_cue *cues, size_t count,
                                   const struct engram_recall_options *options)
{
    size_t bytes = 0;
    return count && cues &&
                   check_cues(__func__, memories, cues, count, options, &bytes) == ENGRAM_OK
               ? bytes
               : 0;
}

/* ---- sessions */

int engram_session_new(engram_session **out)
{
    ENGRAM_NEED(out);
    engram_session *session = engram_allocate(sizeof *session);
    if (!session)
        return ENGRAM_ENOMEM;
    *session = (engram_session){0};
    *out = session;
    return ENGRAM_OK;
}

void engram_session_free(engram_session *session)
{
    if (!session)
        return;
    engram_arena_free(session->arena);
    engram_release(session, sizeof *session);
}

/* More than is asked for, so that memories which are added one by one do not ask each time. */
static int make_room(engram_session *session, size_t bytes)
{
    if (session->arena && bytes <= session->bytes)
        return engram_arena_reset(session->arena);
    const struct engram_arena_config config = {
        .size = sizeof config, .overflow = ENGRAM_ERROR_RETURN, .bytes = bytes + bytes / 2};
    engram_arena *arena;
    int status = engram_arena_new(&config, &arena);
    if (status != ENGRAM_OK)
        return status;
    engram_arena_free(session->arena);
    session->arena = arena;
    session->bytes = config.bytes;
    return ENGRAM_OK;
}

int engram_recall_begin(engram_session *session, const struct engram_memories *memories,
                        const struct engram_cue *cue, const struct engram_recall_options *options,
                        struct engram_hit *hits, struct engram_parts *parts,
                        struct engram_recalled *out)
{
    ENGRAM_NEED(session);
    ENGRAM_NEED(hits);
    ENGRAM_NEED(out);
    struct engram_recall *r = &session->recall;
    session->begun = false;
    session->memory = NULL;
    int status = engram_recall_prepare(r, __func__, memories, cue, options);
    if (status != ENGRAM_OK)
        return status;
    r->keeps_copy = true;
    status = make_room(session, engram_recall_bytes(r));
    if (status == ENGRAM_OK)
        status = recall(r, session->arena, hits, parts, out);
    session->begun = status == ENGRAM_OK;
    return status;
}

int engram_recall_resume(engram_session *session, uint64_t budget, struct engram_hit *hits,
                         struct engram_parts *parts, struct engram_recalled *out)
{
    ENGRAM_NEED(session);
    ENGRAM_NEED(hits);
    ENGRAM_NEED(out);
    if (!session->begun)
        return engram_fail(ENGRAM_ERANGE, "%s: nothing is begun in this session", __func__);
    session->recall.frontier.budget = budget;
    int status = session->recall.walk.complete ? ENGRAM_OK : engram_recall_walk(&session->recall);
    if (status == ENGRAM_OK)
        tell(&session->recall, hits, parts, out);
    return status;
}
