/* recall.c - from a cue to the best memories: seeds, spreading, retention, score.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "graph.h"
#include "host.h"
#include "kernels/heap.h"
#include "scratch.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const float SEED_MIN = 0.01f; /* weaker seeds are dropped */

/* One recall: what was asked, and the arrays that lead from the cue to the scores. */
struct recall {
    struct engram_memories memories;
    struct engram_cue cue;
    struct engram_recall_options options;
    struct engram_frontier frontier;
    struct engram_law law;
    struct engram_bank_view bank;
    struct engram_graph_view graph;
    float *similarities; /* by slot of the bank */
    float *activations;  /* by slot */
    uint32_t *seeds;
    float *values;
    size_t seed_count;
};

/* ---- checks */

static bool spreads(const struct recall *r)
{
    return r->memories.graph && r->frontier.hops > 0;
}

/* There are no more seeds than memories. */
static uint32_t most_seeds(const struct engram_memories *m, const struct engram_recall_options *o)
{
    uint32_t seeds = o->seeds ? o->seeds : 100;
    return seeds < m->slots ? seeds : m->slots;
}

static int check_options(struct recall *r)
{
    struct engram_recall_options *o = &r->options;
    o->k = o->k ? o->k : 10;
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
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].least && ranges[i].value <= ranges[i].most))
            return engram_fail(ENGRAM_ERANGE, "engram_recall: options->%s is %g, expected %g .. %g",
                               ranges[i].name, ranges[i].value, ranges[i].least, ranges[i].most);
    if (o->seed_temperature < 0.05f)
        o->seed_temperature = 0.05f;
    if (o->seed_temperature > 2)
        o->seed_temperature = 2;
    if (o->relevance == 0)
        o->relevance = !r->cue.vector ? 0 : spreads(r) ? 0.5f : 1;
    return ENGRAM_OK;
}

static int check_memories(struct recall *r)
{
    const struct engram_memories *m = &r->memories;
    if (m->slots > ENGRAM_MAX_NODES)
        return engram_fail(ENGRAM_ELIMIT, "engram_recall: memories->slots is %u, at most %d",
                           (unsigned)m->slots, ENGRAM_MAX_NODES);
    if (m->bank)
        engram_bank_get(m->bank, &r->bank);
    if (m->graph)
        engram_graph_get(m->graph, &r->graph);
    uint32_t least = r->bank.slots > r->graph.nodes ? r->bank.slots : r->graph.nodes;
    if (m->slots < least)
        return engram_fail(
            ENGRAM_EDIM,
            "engram_recall: memories->slots is %u, but the bank has %u slots and the "
            "graph %u nodes",
            (unsigned)m->slots, (unsigned)r->bank.slots, (unsigned)r->graph.nodes);
    if ((m->scale_s || m->beta) && !r->options.law)
        return engram_fail(ENGRAM_ERANGE, "engram_recall: memories->%s goes with a law",
                           m->scale_s ? "scale_s" : "beta");
    const struct engram_law_each each = {.scale_s = m->scale_s, .beta = m->beta};
    return r->options.law ? engram_check_law("engram_recall", &r->law, &each) : ENGRAM_OK;
}

/* Whether a slot holds a memory. Without a bank every slot does. */
static bool is_live(const struct recall *r, uint32_t slot)
{
    return !r->memories.bank || (slot < r->bank.slots && engram_bit(r->bank.live, slot));
}

static uint64_t id_of(const struct recall *r, uint32_t slot)
{
    return r->memories.bank ? (uint64_t)r->bank.generations[slot] << 32 | slot : slot;
}

static int check_cue(const struct recall *r)
{
    const struct engram_cue *cue = &r->cue;
    if (cue->vector && !r->memories.bank)
        return engram_fail(ENGRAM_ENULL,
                           "engram_recall: the cue has a vector but memories->bank is null");
    int status = cue->vector
                     ? engram_check_finite("engram_recall", "cue->vector", cue->vector, r->bank.dim)
                     : ENGRAM_OK;
    if (cue->seed_count && !cue->seed_ids)
        return engram_fail(ENGRAM_ENULL, "engram_recall: cue->seed_ids is null");
    for (uint32_t i = 0; i < cue->seed_count; i++) {
        uint64_t id = cue->seed_ids[i];
        if ((uint32_t)id >= r->memories.slots || !is_live(r, (uint32_t)id) ||
            id_of(r, (uint32_t)id) != id)
            return engram_fail(ENGRAM_ERANGE,
                               "engram_recall: cue->seed_ids[%u], %llu, is not a memory",
                               (unsigned)i, (unsigned long long)id);
    }
    if (cue->seed_values && status == ENGRAM_OK)
        status = engram_check_finite("engram_recall", "cue->seed_values", cue->seed_values,
                                     cue->seed_count);
    return status;
}

static int begin(struct recall *r, const struct engram_memories *memories,
                 const struct engram_cue *cue, const struct engram_recall_options *options)
{
    *r = (struct recall){0};
    engram_read_options(&r->memories, sizeof r->memories, memories);
    engram_read_options(&r->cue, sizeof r->cue, cue);
    engram_read_options(&r->options, sizeof r->options, options);
    int status = ENGRAM_OK;
    if (r->options.frontier)
        status = engram_frontier_options("engram_recall", r->options.frontier, &r->frontier);
    if (r->options.law) {
        const struct engram_law *law = r->options.law;
        ENGRAM_NEED_OPTIONS_OF("engram_recall", law);
        engram_read_options(&r->law, sizeof r->law, law);
    }
    if (status == ENGRAM_OK)
        status = check_memories(r);
    if (status == ENGRAM_OK)
        status = check_options(r);
    return status == ENGRAM_OK ? check_cue(r) : status;
}

/* ---- stages */

static void add_seed(struct recall *r, uint32_t slot, float value)
{
    r->seeds[r->seed_count] = slot;
    r->values[r->seed_count++] = value;
}

/* Compares the cue with every row; what is most like it becomes a seed, as strong as it is alike.
 */
static int compare(struct recall *r, engram_arena *arena)
{
    const struct engram_recall_options *o = &r->options;
    r->similarities = engram_arena_alloc_array(arena, r->bank.slots, sizeof *r->similarities, 64);
    if (!r->similarities)
        return ENGRAM_ENOMEM;
    int status = engram_cosines_f32(r->cue.vector, r->bank.rows, r->bank.norms, r->bank.slots,
                                    r->bank.dim, r->similarities);
    if (status != ENGRAM_OK || !spreads(r))
        return status;
    struct engram_hit *best = engram_arena_alloc_array(arena, o->seeds, sizeof *best, 64);
    size_t count = 0;
    if (!best)
        return ENGRAM_ENOMEM;
    status = engram_top_k_f32(r->similarities, r->bank.slots, 0, r->bank.live, NULL, o->seeds, best,
                              &count);
    for (size_t i = 0; i < count && best[i].score >= (double)o->seed_threshold; i++) {
        float similarity = (float)best[i].score, value;
        engram_sigmoid_f32(&similarity, o->seed_threshold, o->seed_temperature, 1, &value);
        if (value >= SEED_MIN)
            add_seed(r, (uint32_t)best[i].id, value);
    }
    return status;
}

/* Seeds that the graph does not know stay where they are. */
static int spread(struct recall *r, engram_arena *arena)
{
    float *a = r->activations;
    memset(a, 0, r->memories.slots * sizeof *a);
    size_t inside = 0;
    for (size_t i = 0; i < r->seed_count; i++) {
        uint32_t slot = r->seeds[i];
        float value = r->values[i];
        if (spreads(r) && slot < r->graph.nodes) {
            r->seeds[inside] = slot;
            r->values[inside++] = value;
            continue;
        }
        value += a[slot];
        a[slot] = value > 1 ? 1 : value > 0 ? value : 0;
    }
    return spreads(r) ? engram_graph_frontier(r->memories.graph, &r->frontier, r->seeds, r->values,
                                              inside, arena, a, NULL, NULL, NULL)
                      : ENGRAM_OK;
}

double engram_score(const struct engram_parts *parts, float a)
{
    double similarity = parts->similarity > 0 ? (double)parts->similarity : 0;
    double relevance = (double)a * similarity + (1 - (double)a) * (double)parts->activation;
    return relevance * (double)parts->retention * (double)parts->confidence *
           (double)parts->recency;
}

/* The parts of a memory's score, its retention as if no time had passed; and that time. */
static struct engram_parts timeless_parts(const struct recall *r, uint32_t slot, double *age)
{
    const struct engram_memories *m = &r->memories;
    const struct engram_recall_options *o = &r->options;
    *age = m->last_recall ? o->now - m->last_recall[slot] : 0;
    *age = *age > 0 ? *age : 0;
    float strength = m->strength ? m->strength[slot] : 1;
    struct engram_parts parts = {
        .similarity = r->similarities && slot < r->bank.slots ? r->similarities[slot] : 0,
        .activation = r->activations[slot],
        .retention = strength >= 1  ? 1
                     : strength > 0 ? strength
                                    : 0,
        .confidence = m->confidence ? m->confidence[slot] : 1,
        .recency = 1,
    };
    if (o->recency_boost > 1 && *age < o->recency_window_s)
        parts.recency =
            (float)(1 + ((double)o->recency_boost - 1) * (1 - *age / o->recency_window_s));
    return parts;
}

static void let_time_pass(const struct recall *r, uint32_t slot, double age,
                          struct engram_parts *parts)
{
    const struct engram_memories *m = &r->memories;
    const struct engram_law_each each = {
        .size = sizeof each,
        .scale_s = m->scale_s ? m->scale_s + slot : NULL,
        .beta = m->beta ? m->beta + slot : NULL,
        .recalls = m->recalls ? m->recalls + slot : NULL,
    };
    if (r->options.law)
        ENGRAM_VERSION(decay_f32)
    (&r->law, &each, &parts->retention, &age, ENGRAM_AGE_F64, 0, 1, &parts->retention);
}

/* Whether a slot may be returned and has anything to do with the cue: most have not. */
static bool is_wanted(const struct recall *r, uint32_t slot)
{
    const uint64_t *keep = r->options.keep;
    bool alike = r->similarities && slot < r->bank.slots && r->similarities[slot] > 0;
    return (alike || r->activations[slot] > 0) && is_live(r, slot) &&
           (!keep || engram_bit(keep, slot));
}

/* Every part of a score is at most what it is before time passes, and rounding keeps that order: a
 * memory whose timeless score does not reach the best k needs no exponential. */
static size_t rank(const struct recall *r, struct engram_hit *hits)
{
    const struct engram_recall_options *o = &r->options;
    size_t count = 0;
    for (uint32_t slot = 0; slot < r->memories.slots; slot++) {
        double age;
        if (!is_wanted(r, slot))
            continue;
        struct engram_parts parts = timeless_parts(r, slot, &age);
        struct engram_hit hit = {.id = id_of(r, slot), .score = engram_score(&parts, o->relevance)};
        if (!(hit.score > 0) || parts.confidence < o->min_confidence)
            continue;
        if (count == o->k && !engram_before(hit, hits[0]))
            continue;
        let_time_pass(r, slot, age, &parts);
        hit.score = engram_score(&parts, o->relevance);
        if (hit.score > 0)
            engram_heap_offer(hits, o->k, &count, hit);
    }
    engram_heap_sort(hits, count);
    return count;
}

/* ---- the call */

static int recall(struct recall *r, engram_arena *arena, struct engram_hit *hits,
                  struct engram_parts *parts, size_t *count)
{
    size_t most = (size_t)r->cue.seed_count + (r->cue.vector && spreads(r) ? r->options.seeds : 0);
    r->activations = engram_arena_alloc_array(arena, r->memories.slots, sizeof *r->activations, 64);
    r->seeds = engram_arena_alloc_array(arena, most, sizeof *r->seeds, 64);
    r->values = engram_arena_alloc_array(arena, most, sizeof *r->values, 64);
    if (!r->activations || !r->seeds || !r->values)
        return ENGRAM_ENOMEM;
    for (uint32_t i = 0; i < r->cue.seed_count; i++)
        add_seed(r, (uint32_t)r->cue.seed_ids[i], r->cue.seed_values ? r->cue.seed_values[i] : 1);
    int status = r->cue.vector ? compare(r, arena) : ENGRAM_OK;
    if (status == ENGRAM_OK)
        status = spread(r, arena);
    if (status != ENGRAM_OK)
        return status;

    *count = rank(r, hits);
    for (size_t i = 0; parts && i < *count; i++) {
        double age;
        parts[i] = timeless_parts(r, (uint32_t)hits[i].id, &age);
        let_time_pass(r, (uint32_t)hits[i].id, age, &parts[i]);
    }
    return ENGRAM_OK;
}

int engram_recall(const struct engram_memories *memories, const struct engram_cue *cue,
                  const struct engram_recall_options *options, engram_arena *scratch,
                  struct engram_hit *hits, struct engram_parts *parts, size_t *count)
{
    ENGRAM_NEED_OPTIONS(memories);
    ENGRAM_NEED_OPTIONS(cue);
    ENGRAM_NEED_OPTIONS(options);
    ENGRAM_NEED(hits);
    ENGRAM_NEED(count);
    struct recall r;
    int status = begin(&r, memories, cue, options);
    if (status != ENGRAM_OK)
        return status;
    struct engram_scratch s;
    if (!engram_scratch_open(&s, scratch))
        return engram_last_status();
    status = recall(&r, s.arena, hits, parts, count);
    engram_scratch_close(&s);
    return status;
}

/* Each allocation may lose a line to alignment. */
size_t engram_recall_scratch(const struct engram_memories *memories, const struct engram_cue *cue,
                             const struct engram_recall_options *options)
{
    if (!memories || !cue || !options)
        return 0;
    struct engram_memories m;
    struct engram_cue c;
    struct engram_recall_options o;
    engram_read_options(&c, sizeof c, cue);
    engram_read_options(&m, sizeof m, memories);
    engram_read_options(&o, sizeof o, options);
    size_t found = most_seeds(&m, &o), seeds = found + c.seed_count;
    return (size_t)m.slots * 2 * sizeof(float) + found * sizeof(struct engram_hit) +
           seeds * (sizeof(uint32_t) + sizeof(float)) + engram_graph_frontier_scratch(m.graph) +
           6 * 64;
}
