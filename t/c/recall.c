/* recall.c - recalling memories, against a plain implementation of what engram.h says.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include <float.h>

enum { DIM = 16, SLOTS = 600, ROWS = 550, NODES = 580, EDGES = 4000 };

static struct engram_rng rng = {20240303};
static uint32_t cancel;

/* A store of memories; some were removed, some slots are used again, some have no vector. */
static struct store {
    engram_bank *bank;
    engram_graph *graph;
    struct engram_bank_view rows;
    float *vectors;
    float strength[SLOTS], confidence[SLOTS], scale_s[SLOTS], beta[SLOTS], floor[SLOTS];
    uint32_t recalls[SLOTS];
    double last_recall[SLOTS];
} store;

static const double NOW = 1e6;

static void fill_store(void)
{
    uint64_t ids[ROWS], again[20];
    store.vectors = randoms(&rng, ROWS * DIM, -1, 1);
    for (int i = 1; i < 200; i++) /* a cluster around the first */
        for (int j = 0; j < DIM; j++)
            store.vectors[i * DIM + j] = store.vectors[j] + 0.7f * store.vectors[i * DIM + j];
    memcpy(store.vectors + 300 * DIM, store.vectors + 5 * DIM, DIM * sizeof(float)); /* equals */
    memcpy(store.vectors + 301 * DIM, store.vectors + 5 * DIM, DIM * sizeof(float));
    engram_bank_new(DIM, &store.bank);
    engram_bank_add(store.bank, store.vectors, ROWS, ids);
    for (int i = 7; i < 150; i += 4)
        engram_bank_remove(store.bank, ids[i]);
    engram_bank_add(store.bank, store.vectors + 3 * DIM, 20, again);
    engram_bank_get(store.bank, &store.rows);

    engram_builder *builder;
    engram_builder_new(&builder);
    engram_builder_nodes(builder, NODES);
    for (int i = 0; i < EDGES; i++)
        engram_builder_edge(builder, engram_rng_below(&rng, NODES), engram_rng_below(&rng, NODES),
                            (float)engram_rng_uniform(&rng) * 0.5f,
                            (uint8_t)(engram_rng_below(&rng, 8) == 0));
    engram_builder_freeze(builder, &store.graph);
    engram_builder_free(builder);
    for (int i = 0; i < SLOTS; i++) {
        store.strength[i] = (float)engram_rng_uniform(&rng);
        store.confidence[i] = (float)engram_rng_uniform(&rng);
        store.scale_s[i] = 1e4f + 1e5f * (float)engram_rng_uniform(&rng);
        store.last_recall[i] = NOW - 5e5 * engram_rng_uniform(&rng);
        store.floor[i] = (float)engram_rng_uniform(&rng) - 0.3f;
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        store.beta[i] = 0.1f + 0.01f * (float)(i % 70);
        store.recalls[i] = i * 7 % 5;
    }
    store.last_recall[0] = store.last_recall[300] = store.last_recall[301] = store.last_recall[5];
    store.strength[300] = store.strength[301] = store.strength[5] = 1;
    store.confidence[300] = store.confidence[301] = store.confidence[5] = 1;
    store.last_recall[2] = NOW + 1e5; /* in the future */
    store.strength[4] = 0;            /* nothing left */
}

static void empty_store(void)
{
    engram_bank_free(store.bank);
    engram_graph_free(store.graph);
    free(store.vectors);
}

static bool is_live(uint32_t slot)
{
    return slot < store.rows.slots && store.rows.live[slot / 64] >> slot % 64 & 1;
}

static uint64_t id_of(uint32_t slot)
{
    return slot | (uint64_t)store.rows.generations[slot] << 32;
}

static bool kept(const uint64_t *keep, uint32_t slot)
{
    return !keep || keep[slot / 64] >> slot % 64 & 1;
}

/* ---- the plain implementation */

struct question {
    struct engram_memories memories;
    struct engram_cue cue;
    struct engram_recall_options options;
};

static struct question ask(void)
{
    struct question q = {
        .memories = {.size = sizeof q.memories,
                     .slots = SLOTS,
                     .bank = store.bank,
                     .graph = store.graph,
                     .strength = store.strength,
                     .last_recall = store.last_recall,
                     .confidence = store.confidence},
        .cue = {.size = sizeof q.cue, .vector = store.vectors},
        .options = {.size = sizeof q.options, .k = 20, .now = NOW},
    };
    return q;
}

static struct engram_recalled told; /* of the last recall that succeeded */

static int recall(const struct question *q, engram_arena *arena, struct engram_hit *hits,
                  struct engram_parts *parts, size_t *count)
{
    int status = engram_recall(&q->memories, &q->cue, &q->options, arena, hits, parts, &told);
    if (status == ENGRAM_OK)
        *count = told.count;
    return status;
}

struct answer {
    float a; /* the weight of similarity */
    struct engram_parts parts[SLOTS];
    double scores[SLOTS]; /* 0: not recalled */
};

static float retention_of(const struct question *q, uint32_t slot, double age)
{
    const struct engram_law *law = q->options.law;
    const struct engram_memories *m = &q->memories;
    double strength = m->strength ? (double)m->strength[slot] : 1, left = strength;
    double floor = m->floor ? (double)m->floor[slot] : 0;
    double scale = m->scale_s ? (double)m->scale_s[slot] : law ? law->tau_s : 1;
    double beta = m->beta ? (double)m->beta[slot] : law ? law->beta : 1;
    bool often = law && m->recalls && m->recalls[slot] >= law->recalls;
    if (law && law->curve == ENGRAM_POWER_LAW)
        left *= pow(1 + age / law->unit_s, -beta);
    else if (law && law->curve == ENGRAM_TWO_COMPONENT && often)
        left *= pow(1 + age / (scale * law->unit_s / law->tau_s), -beta);
    else if (law)
        left *= exp(-age / scale);
    floor = floor < strength ? floor : strength;
    return (float)(left > floor ? left : floor);
}

/* Activations by slot: what the seeds have, or what spreading makes of them. */
static bool seeded[SLOTS]; /* by the last one */

static void activate(const struct question *q, const float *similarity, bool spreads, float *out)
{
    static uint32_t seeds[2 * SLOTS];
    static float values[2 * SLOTS];
    const struct engram_recall_options *o = &q->options;
    float threshold = o->seed_threshold != 0 ? o->seed_threshold : 0.4f;
    float temperature = o->seed_temperature != 0 ? o->seed_temperature : 0.5f;
    temperature = temperature < 0.05f ? 0.05f : temperature > 2 ? 2 : temperature;
    size_t n = 0, most = o->seeds ? o->seeds : 100;
    for (uint32_t i = 0; i < q->cue.seed_count; i++) {
        seeds[n] = (uint32_t)q->cue.seed_ids[i];
        values[n++] = q->cue.seed_values ? q->cue.seed_values[i] : 1;
    }
    if (q->cue.vector && spreads) {
        bool used[SLOTS] = {false};
        for (size_t found = 0; found < most; found++) {
            int best = -1;
            for (int slot = 0; slot < ROWS; slot++)
                if (!used[slot] && is_live((uint32_t)slot) && similarity[slot] >= threshold &&
                    (best < 0 || similarity[slot] > similarity[best]))
                    best = slot;
            if (best < 0)
                break;
            used[best] = true;
            seeds[n] = (uint32_t)best;
            engram_sigmoid_f32(&similarity[best], threshold, temperature, 1, &values[n++]);
        }
    }
    memset(seeded, 0, sizeof seeded);
    for (size_t i = 0; i < n; i++)
        seeded[seeds[i]] = true;
    /* Seeds that are no nodes of the graph, or all without spreading, stay where they are. */
    memset(out, 0, SLOTS * sizeof *out);
    size_t inside = 0;
    for (size_t i = 0; i < n; i++)
        if (spreads && seeds[i] < NODES) {
            seeds[inside] = seeds[i];
            values[inside++] = values[i];
        } else {
            out[seeds[i]] += values[i];
        }
    for (int i = 0; i < SLOTS; i++)
        out[i] = out[i] > 1 ? 1 : out[i] > 0 ? out[i] : 0;
    if (spreads)
        engram_graph_frontier(q->memories.graph, o->frontier, seeds, values, inside, NULL, out,
                              NULL, NULL, NULL);
}

/* The strongest ways from a source over 0, 1, .. hops links, by going along all edges each time. */
static void ways_from(const struct question *q, uint32_t source, double *best)
{
    static double way[2][NODES];
    struct engram_graph_view g;
    engram_graph_get(q->memories.graph, &g);
    memset(way, 0, sizeof way);
    memset(best, 0, SLOTS * sizeof *best);
    way[0][source] = best[source] = 1;
    for (uint32_t hop = 1; hop <= q->options.frontier->hops; hop++) {
        double *from = way[(hop + 1) % 2], *to = way[hop % 2];
        memset(to, 0, sizeof *way);
        for (uint32_t s = 0; s < NODES; s++)
            for (uint32_t e = g.offsets[s]; e < g.offsets[s + 1]; e++) {
                double w = (double)g.weights[e] * (g.classes[e] == 1 ? -1 : 1) * exp(-0.35);
                if (w > 0 && from[s] * w > to[g.targets[e]])
                    to[g.targets[e]] = from[s] * w;
            }
        for (uint32_t s = 0; s < NODES; s++)
            best[s] = to[s] > best[s] ? to[s] : best[s];
    }
}

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static void confide(const struct question *q, struct answer *out)
{
    static double chances[SLOTS][SLOTS], best[SLOTS];
    static size_t count[SLOTS];
    memset(count, 0, sizeof count);
    for (uint32_t source = 0; source < NODES; source++) {
        double confidence = (double)store.confidence[source];
        if (!seeded[source])
            continue;
        ways_from(q, source, best);
        for (uint32_t t = 0; t < NODES; t++) {
            double p = confidence * best[t] * (t == source ? 1 : (double)store.confidence[t]);
            if (p >= 0.001)
                chances[t][count[t]++] = p < 1 ? p : 1;
        }
    }
    for (uint32_t t = 0; t < SLOTS; t++) {
        double missed = 1;
        qsort(chances[t], count[t], sizeof **chances, falling);
        for (size_t i = 0; i < count[t] && i < 8; i++)
            missed *= 1 - chances[t][i];
        out->parts[t].confidence = (float)(1 - missed > 0.001 ? 1 - missed : 0.001);
    }
}

static void answer(const struct question *q, struct answer *out)
{
    const struct engram_recall_options *o = &q->options;
    static float similarity[SLOTS], activation[SLOTS];
    bool spreads = q->memories.graph && o->frontier && o->frontier->hops > 0;
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        similarity[slot] = q->cue.vector && slot < store.rows.slots
                               ? engram_cosine_f32(q->cue.vector, store.rows.rows + slot * DIM, DIM)
                               : 0;
    activate(q, similarity, spreads, activation);
    out->a = o->relevance > 0 ? o->relevance : !q->cue.vector ? 0 : spreads ? 0.5f : 1;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        double age = q->memories.last_recall ? o->now - q->memories.last_recall[slot] : 0;
        age = age > 0 ? age : 0;
        double window = o->recency_window_s > 0 ? o->recency_window_s : 3600;
        struct engram_parts *parts = &out->parts[slot];
        *parts =
            (struct engram_parts){similarity[slot], activation[slot], retention_of(q, slot, age),
                                  q->memories.confidence ? q->memories.confidence[slot] : 1, 1};
        if (o->recency_boost > 1 && age < window)
            parts->recency = (float)(1 + ((double)o->recency_boost - 1) * (1 - age / window));
        if (spreads && o->confidence == ENGRAM_CONFIDENCE_BOOST && seeded[slot])
            parts->confidence = fminf(1, parts->confidence * 1.1f);
    }
    if (spreads && o->confidence == ENGRAM_CONFIDENCE_PATHS && memchr(seeded, true, sizeof seeded))
        confide(q, out);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        struct engram_parts *parts = &out->parts[slot];
        bool there = (q->memories.bank ? is_live(slot) : true) && kept(o->keep, slot) &&
                     !(q->memories.hidden && kept(q->memories.hidden, slot)) &&
                     parts->confidence >= o->min_confidence;
        double similar = parts->similarity > 0 ? (double)parts->similarity : 0;
        double relevance =
            (double)out->a * similar + (1 - (double)out->a) * (double)parts->activation;
        out->scores[slot] = there ? relevance * (double)parts->retention *
                                        (double)parts->confidence * (double)parts->recency
                                  : 0;
    }
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-6;
}

/* What was recalled is in order, is made of its parts, has the parts and scores of the plain
 * implementation, and leaves out nothing better. The count goes to *count. */
static bool recalls(const struct question *q, size_t *count)
{
    static struct answer expected;
    static struct engram_hit hits[2 * SLOTS];
    static struct engram_parts parts[2 * SLOTS];
    *count = 12345;
    int status = recall(q, NULL, hits, parts, count);
    if (status != ENGRAM_OK) {
        diag("%s: %s", engram_strerror(status), engram_last_message());
        return false;
    }
    answer(q, &expected);
    size_t k = q->options.k ? q->options.k : 10, n = *count, candidates = 0;
    bool listed[SLOTS] = {false};
    const char *wrong = NULL;
    for (size_t i = 0; i < n && !wrong; i++) {
        uint32_t slot = (uint32_t)hits[i].id;
        if (slot >= SLOTS || listed[slot] || (q->memories.bank && hits[i].id != id_of(slot))) {
            wrong = "an id";
            break;
        }
        listed[slot] = true;
        const struct engram_parts *e = &expected.parts[slot];
        if (!(hits[i].score > 0) || hits[i].score != engram_score(&parts[i], expected.a))
            wrong = "a score that is not made of its parts";
        else if (parts[i].similarity != e->similarity || parts[i].activation != e->activation ||
                 !near((double)parts[i].retention, (double)e->retention) ||
                 !near((double)parts[i].confidence, (double)e->confidence) ||
                 !near((double)parts[i].recency, (double)e->recency))
            wrong = "a part";
        else if (expected.scores[slot] == 0 || !near(hits[i].score, expected.scores[slot]))
            wrong = "a score";
        else if (i > 0 && (hits[i].score > hits[i - 1].score ||
                           (hits[i].score == hits[i - 1].score && hits[i].id < hits[i - 1].id)))
            wrong = "the order";
        if (wrong)
            diag("slot %u: (%g %g %g %g %g) -> %.17g, expected (%g %g %g %g %g) -> %.17g", slot,
                 (double)parts[i].similarity, (double)parts[i].activation,
                 (double)parts[i].retention, (double)parts[i].confidence, (double)parts[i].recency,
                 hits[i].score, (double)e->similarity, (double)e->activation, (double)e->retention,
                 (double)e->confidence, (double)e->recency, expected.scores[slot]);
    }
    for (uint32_t slot = 0; slot < SLOTS && !wrong; slot++) {
        candidates += expected.scores[slot] > 1e-9;
        if (!listed[slot] && expected.scores[slot] > 1e-6 &&
            (n < k || expected.scores[slot] > hits[n - 1].score + 1e-6))
            wrong = "something better that is left out";
    }
    if (!wrong && (n > k || n < (candidates < k ? candidates : k)))
        wrong = "the count";
    if (wrong)
        diag("wrong: %s, among %zu of %zu candidates", wrong, n, candidates);
    return !wrong;
}

/* ---- */

static const struct engram_frontier two_hops = {
    .size = sizeof two_hops, .hops = 2, .fan = ENGRAM_FAN_SQRT};
static const struct engram_law day = {
    .size = sizeof day, .curve = ENGRAM_EXPONENTIAL, .tau_s = 86400};
static const struct engram_law power = {
    .size = sizeof power, .curve = ENGRAM_POWER_LAW, .unit_s = 3600, .beta = 0.18};
static const struct engram_law two_component = {.size = sizeof two_component,
                                                .curve = ENGRAM_TWO_COMPONENT,
                                                .tau_s = 86400,
                                                .unit_s = 3600,
                                                .beta = 0.18,
                                                .recalls = 3};

static void by_vector(void)
{
    struct question q = ask();
    size_t n;
    ok(recalls(&q, &n) && n == 20, "a vector alone recalls by similarity");
    q.options.k = 0;
    ok(recalls(&q, &n) && n == 10, "ten memories unless another number is asked for");
    q.options.k = 2 * SLOTS;
    ok(recalls(&q, &n) && n > 200 && n < ROWS, "at most those with a score above 0");
    q.options.k = 20;
    q.memories.strength = q.memories.confidence = NULL;
    q.memories.last_recall = NULL;
    ok(recalls(&q, &n) && n == 20, "without strengths, confidences and times all are 1");
    q.options.law = &day;
    ok(recalls(&q, &n), "without times nothing fades");

    /* Slot 5 and its equals have the same parts. */
    q.cue.vector = store.vectors + 5 * DIM;
    struct engram_hit hits[3];
    n = 0;
    q.options.k = 3;
    recall(&q, NULL, hits, NULL, &n);
    ok(n == 3 && hits[0].id == 5 && hits[1].id == 300 && hits[2].id == 301 &&
           hits[0].score == hits[2].score,
       "equal scores stand in ascending id; parts can be left out");
    q.options.k = 2;
    recall(&q, NULL, hits, NULL, &n);
    ok(n == 2 && hits[0].id == 5 && hits[1].id == 300, "and the lower ids are kept");
}

static void by_time(void)
{
    struct question q = ask();
    size_t n;
    q.options.law = &day;
    q.options.k = 300;
    ok(recalls(&q, &n), "strengths fade by an exponential law");
    q.memories.scale_s = store.scale_s;
    ok(recalls(&q, &n), "with a time constant of each memory");
    q.memories.beta = store.beta;
    q.memories.recalls = store.recalls;
    q.options.law = &two_component;
    ok(recalls(&q, &n),
       "by one curve and, after some recalls, by another, each with its parameters");
    q.memories.scale_s = q.memories.beta = NULL;
    q.options.law = &power;
    ok(recalls(&q, &n), "by a power law");
    q.options.recency_boost = 1.2f;
    ok(recalls(&q, &n), "what is recent is lifted");
    q.options.recency_window_s = 2e5;
    ok(recalls(&q, &n), "in a window of any length");
    static struct engram_parts parts[300];
    static struct engram_hit hits[300];
    recall(&q, NULL, hits, parts, &n);
    int lifted = 0, beyond = 0;
    for (size_t i = 0; i < n; i++) {
        lifted += parts[i].recency > 1;
        beyond += !(parts[i].recency >= 1 && parts[i].recency <= 1.2f);
    }
    ok(lifted > 0 && lifted < (int)n && beyond == 0,
       "only what is inside the window, and never by more than the boost");
}

static void by_links(void)
{
    struct question q = ask();
    size_t n;
    q.options.law = &day;
    q.options.frontier = &two_hops;
    q.options.k = 300;
    ok(recalls(&q, &n), "similarity and what spreading brought count half each");
    for (int i = 1; i <= 4; i++) {
        q.options.relevance = (float)i / 4;
        ok(recalls(&q, &n), "or as they are told to: %g", (double)q.options.relevance);
    }
    q.options.relevance = 0;
    q.options.seeds = 7;
    ok(recalls(&q, &n), "the number of seeds can be bounded");
    q.options.seeds = 0;
    q.options.seed_threshold = 0.6f;
    ok(recalls(&q, &n), "seeds can be asked to be more similar");
    q.options.seed_threshold = -1;
    ok(recalls(&q, &n), "or less");
    q.options.seed_threshold = 0;
    q.options.seed_temperature = 0.1f;
    ok(recalls(&q, &n), "the step from silent to active can be sharper");
    q.options.seed_temperature = 0.001f;
    ok(recalls(&q, &n), "down to a temperature of 0.05");
    q.options.seed_temperature = 50;
    ok(recalls(&q, &n), "and softer, up to 2");
    q.options.seed_temperature = 0;

    struct engram_frontier no_hops = two_hops;
    no_hops.hops = 0;
    q.options.frontier = &no_hops;
    ok(recalls(&q, &n), "no hops are no spreading");
    q.options.frontier = &two_hops;
    q.memories.graph = NULL;
    ok(recalls(&q, &n), "nor is a frontier without a graph");
    q.memories.graph = store.graph;

    uint64_t ids[] = {id_of(8), id_of(300), id_of(8), id_of(12)};
    float values[] = {0.5f, 1, 0.25f, 2};
    q.cue = (struct engram_cue){.size = sizeof q.cue, .seed_count = 4, .seed_ids = ids};
    ok(recalls(&q, &n) && n > 4, "ids alone recall what they lead to");
    q.cue.seed_values = values;
    ok(recalls(&q, &n) && n > 4, "with activations of their own");
    q.cue.vector = store.vectors;
    ok(recalls(&q, &n), "ids and a vector go together");
    q.cue.vector = NULL;
    q.options.frontier = NULL;
    ok(recalls(&q, &n) && n == 3, "without spreading ids recall themselves");
    q.options.frontier = &two_hops;

    uint64_t slots[] = {590, 3};
    q.cue.seed_count = 2;
    q.cue.seed_ids = slots;
    q.memories.bank = NULL;
    ok(recalls(&q, &n) && n > 2, "without a bank every slot is a memory, in the graph or not");
}

static void filters(void)
{
    struct question q = ask();
    size_t n;
    q.options.frontier = &two_hops;
    q.options.k = 400;
    recalls(&q, &n);
    size_t all = n;
    q.options.min_confidence = 0.5f;
    ok(recalls(&q, &n) && n > 0 && n < all, "doubtful memories can be left out");
    q.options.min_confidence = 0;

    uint64_t keep[(SLOTS + 63) / 64] = {0};
    ok((q.options.keep = keep, recalls(&q, &n)) && n == 0, "an empty filter lets nothing through");
    for (uint32_t slot = 0; slot < SLOTS; slot += 3)
        keep[slot / 64] |= (uint64_t)1 << slot % 64;
    ok(recalls(&q, &n) && n > 0 && n < all,
       "a filter lets its slots through; the others still pass activation on");

    /* All of the bank is asked for: what was removed has a slot and a vector but is no memory. */
    memset(keep, 255, sizeof keep);
    q.options.k = 2 * SLOTS;
    q.options.seed_threshold = -1;
    static struct engram_hit hits[2 * SLOTS];
    recall(&q, NULL, hits, NULL, &n);
    int gone = 0, again = 0;
    for (size_t i = 0; i < n; i++) {
        gone += !is_live((uint32_t)hits[i].id);
        again += hits[i].id >> 32 == 1;
    }
    ok(n > 300 && gone == 0, "what was removed is not recalled");
    ok(again > 0, "what took its place is, under its own id");
}

static void scratch(void)
{
    struct question q = ask();
    q.options.frontier = &two_hops;
    q.options.law = &day;
    static uint64_t every[2 * ROWS];
    size_t ids = 0, n = 0;
    for (int twice = 0; twice < 2; twice++)
        for (uint32_t slot = 0; slot < ROWS; slot++)
            if (is_live(slot))
                every[ids++] = id_of(slot);
    struct engram_arena_config config = {.size = sizeof config, .overflow = ENGRAM_ERROR_RETURN};
    struct engram_cue full = q.cue;
    full.seed_ids = every;
    full.seed_count = (uint32_t)ids;
    config.bytes = engram_recall_scratch(&q.memories, &full, &q.options);
    engram_arena *arena = NULL;
    engram_arena_new(&config, &arena);
    struct engram_hit hits[20];
    struct engram_parts parts[20];
    long calls = heap.calls;
    ok(recall(&q, arena, hits, parts, &n) == ENGRAM_OK && n == 20,
       "an arena of the bytes asked for beforehand suffices");
    is_int(heap.calls, calls, "nothing is allocated");
    q.cue = full;
    if (!ok(recall(&q, arena, hits, parts, &n) == ENGRAM_OK,
            "it suffices for %zu seeds of the cue's own too", ids))
        diag("%s", engram_last_message());
    struct engram_arena_info info;
    engram_arena_info(arena, &info);
    ok(info.used == 0, "and is rewound");
    engram_arena_free(arena);

    q = ask();
    recall(&q, NULL, hits, parts, &n);
    calls = heap.calls;
    for (int i = 0; i < 10; i++)
        recall(&q, NULL, hits, parts, &n);
    is_int(heap.calls, calls, "nor does the thread's arena allocate once it is there");

    config.bytes = 100;
    engram_arena_new(&config, &arena);
    n = 77;
    refused(recall(&q, arena, hits, parts, &n), ENGRAM_ENOMEM, "100",
            "an arena without room is an error");
    ok(n == 77, "then there is no count");
    engram_arena_free(arena);
}

/* ---- errors */

static void errors(void)
{
    struct question q = ask();
    struct engram_hit hits[20];
    size_t n = 77;
#define RECALL() recall(&q, NULL, hits, NULL, &n)
    refused(engram_recall(NULL, &q.cue, &q.options, NULL, hits, NULL, &told), ENGRAM_ENULL,
            "engram_recall|memories", "recall needs memories");
    refused(engram_recall(&q.memories, NULL, &q.options, NULL, hits, NULL, &told), ENGRAM_ENULL,
            "engram_recall|cue", "and a cue");
    refused(engram_recall(&q.memories, &q.cue, NULL, NULL, hits, NULL, &told), ENGRAM_ENULL,
            "engram_recall|options", "and options");
    refused(engram_recall(&q.memories, &q.cue, &q.options, NULL, NULL, NULL, &told), ENGRAM_ENULL,
            "engram_recall|hits", "and a place for the hits");
    refused(engram_recall(&q.memories, &q.cue, &q.options, NULL, hits, NULL, NULL), ENGRAM_ENULL,
            "engram_recall|out", "and for what is told of them");
    q.memories.size = 0;
    refused(RECALL(), ANY, "engram_recall|memories", "memories of no size are refused");

    static const struct {
        size_t field;
        float value;
        const char *words;
    } bad[] = {
        {offsetof(struct engram_recall_options, relevance), 1.5f, "relevance|1.5"},
        {offsetof(struct engram_recall_options, relevance), -0.5f, "relevance|-0.5"},
        {offsetof(struct engram_recall_options, relevance), NAN, "relevance|nan"},
        {offsetof(struct engram_recall_options, seed_threshold), NAN, "seed_threshold|nan"},
        {offsetof(struct engram_recall_options, seed_temperature), NAN, "seed_temperature|nan"},
        {offsetof(struct engram_recall_options, seed_temperature), -1, "seed_temperature|-1"},
        {offsetof(struct engram_recall_options, min_confidence), NAN, "min_confidence|nan"},
        {offsetof(struct engram_recall_options, recency_boost), NAN, "recency_boost|nan"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        char words[80];
        q = ask();
        memcpy((char *)&q.options + bad[i].field, &bad[i].value, sizeof bad[i].value);
        snprintf(words, sizeof words, "engram_recall|%s", bad[i].words);
        refused(RECALL(), ANY, words, "%s is refused", bad[i].words);
    }
    q = ask();
    q.options.now = NAN;
    refused(RECALL(), ANY, "engram_recall|now", "so is a time that is none");
    q = ask();
    q.options.recency_window_s = -1;
    refused(RECALL(), ANY, "engram_recall|recency_window_s|-1",
            "and a window before its beginning");

    q = ask();
    q.memories.slots = NODES - 1;
    refused(RECALL(), ENGRAM_EDIM, "engram_recall|slots|579",
            "arrays shorter than the graph are refused");
    q.memories.graph = NULL;
    q.memories.slots = ROWS - 1;
    refused(RECALL(), ENGRAM_EDIM, "engram_recall|slots|549", "or than the bank");
    q = ask();
    struct engram_law law = day;
    law.tau_s = 0;
    q.options.law = &law;
    refused(RECALL(), ANY, "engram_recall|tau_s|0", "a law that is none is refused");
    law.curve = 7;
    refused(RECALL(), ENGRAM_ERANGE, "engram_recall|curve|7", "and an unknown one");
    q = ask();
    q.memories.beta = store.beta;
    refused(RECALL(), ENGRAM_ERANGE, "engram_recall|beta|law",
            "parameters of a law without the law");
    q.memories.scale_s = store.scale_s;
    refused(RECALL(), ENGRAM_ERANGE, "engram_recall|scale_s|law", "all of them");
    q = ask();
    struct engram_frontier frontier = two_hops;
    frontier.fan = 9;
    q.options.frontier = &frontier;
    refused(RECALL(), ENGRAM_ERANGE, "engram_recall|fan|9", "and a frontier that is none");

    q = ask();
    float vector[DIM] = {0};
    vector[13] = NAN;
    q.cue.vector = vector;
    refused(RECALL(), ENGRAM_ENONFINITE, "engram_recall|vector|13", "a NaN in the cue is refused");
    q = ask();
    q.memories.bank = NULL;
    refused(RECALL(), ANY, "engram_recall|vector|bank",
            "a vector without a bank to compare it with too");

    uint64_t ids[] = {id_of(300), 7};
    q = ask();
    q.cue.seed_ids = ids;
    q.cue.seed_count = 2;
    refused(RECALL(), ENGRAM_ERANGE, "engram_recall|seed_ids|1|7",
            "the id of a removed memory is refused");
    uint32_t reused = 0;
    while (store.rows.generations[reused] == 0 || !is_live(reused))
        reused++;
    char words[64];
    snprintf(words, sizeof words, "seed_ids|%u", reused);
    ids[1] = reused;
    refused(RECALL(), ENGRAM_ERANGE, words, "even if its slot is used again");
    ids[1] = SLOTS;
    refused(RECALL(), ENGRAM_ERANGE, "seed_ids|600", "and an id outside");
    ids[1] = id_of(300) | (uint64_t)1 << 40;
    refused(RECALL(), ENGRAM_ERANGE, "1099511628076", "and one of another generation");
    q.cue.seed_ids = NULL;
    refused(RECALL(), ENGRAM_ENULL, "engram_recall|seed_ids",
            "a number of ids without ids is refused");
    float values[] = {1, INFINITY};
    ids[1] = id_of(301);
    q.cue.seed_ids = ids;
    q.cue.seed_values = values;
    refused(RECALL(), ENGRAM_ENONFINITE, "engram_recall|seed_values|1",
            "and a seed beyond all bounds");
    q.memories.bank = NULL;
    q.cue.vector = NULL;
    q.cue.seed_values = NULL;
    ids[1] = (uint64_t)1 << 32;
    refused(RECALL(), ENGRAM_ERANGE, "4294967296", "without a bank there are no generations");
    ok(n == 77, "what was refused has no count");

    q = ask();
    q.options.frontier = &two_hops;
    __atomic_store_n(&cancel, 1, __ATOMIC_RELAXED);
    refused(RECALL(), ENGRAM_ECANCELLED, "", "the cancel flag ends it");
    __atomic_store_n(&cancel, 0, __ATOMIC_RELAXED);
    ok(n == 77, "then there is no count either");
    ok(RECALL() == ENGRAM_OK && n == 20, "cleared, it ends nothing");
#undef RECALL
}

/* Structs inside options have a size of their own; a forgotten one must not read as "nothing". */
static void nested_options(void)
{
    struct question q = ask();
    struct engram_hit hits[20];
    size_t n = 77;
    const struct engram_frontier frontier = {.hops = 2};
    q.options.frontier = &frontier;
    refused(recall(&q, NULL, hits, NULL, &n), ENGRAM_EDIM, "engram_recall|frontier|size",
            "a frontier without its size is refused");
    q = ask();
    const struct engram_law law = {.tau_s = 60};
    q.options.law = &law;
    refused(recall(&q, NULL, hits, NULL, &n), ENGRAM_EDIM, "engram_recall|law|size", "so is a law");
    q = ask();
    q.options.seeds = UINT32_MAX;
    ok(recall(&q, NULL, hits, NULL, &n) == ENGRAM_OK,
       "more seeds than memories ask for no more scratch than memories do");
}

/* ---- links of the caller's own, floors, what is hidden */

static void other_arrays(void)
{
    struct question q = ask();
    size_t n;
    q.options.law = &day;
    q.options.k = 300;
    q.memories.floor = store.floor;
    ok(recalls(&q, &n), "retention does not fall below a floor, which raises nothing");

    uint64_t hidden[(SLOTS + 63) / 64] = {0};
    q.options.frontier = &two_hops;
    recalls(&q, &n);
    size_t all = n;
    for (uint32_t slot = 0; slot < SLOTS; slot += 3)
        hidden[slot / 64] |= (uint64_t)1 << slot % 64;
    q.memories.hidden = hidden;
    ok(recalls(&q, &n) && n > 0 && n <= all,
       "what is hidden is not returned, and passes activation on");

    /* The rows of the graph from the last to the first, with gaps. */
    static uint32_t offsets[NODES], ends[NODES], targets[EDGES + 3 * NODES];
    static float weights[EDGES + 3 * NODES];
    static uint8_t classes[EDGES + 3 * NODES];
    struct engram_graph_view of_graph, links = {.nodes = NODES, .edges = EDGES};
    engram_graph_get(store.graph, &of_graph);
    uint32_t at = 1;
    for (uint32_t s = NODES; s-- > 0; at += 2) {
        offsets[s] = at;
        for (uint32_t e = of_graph.offsets[s]; e < of_graph.ends[s]; e++, at++) {
            targets[at] = of_graph.targets[e];
            weights[at] = of_graph.weights[e];
            classes[at] = of_graph.classes[e];
        }
        ends[s] = at;
    }
    links.offsets = offsets;
    links.ends = ends;
    links.targets = targets;
    links.weights = weights;
    links.classes = classes;
    static struct engram_hit hits[2][300];
    static struct engram_parts parts[2][300];
    size_t count[2] = {0};
    bool same = true;
    struct engram_frontier f = two_hops;
    for (f.fan = 0; f.fan <= ENGRAM_FAN_ACTR; f.fan++) {
        f.fan_strength = 2;
        q.options.frontier = &f;
        q.options.confidence = f.fan % 3;
        q.memories.links = NULL;
        q.memories.graph = store.graph;
        recall(&q, NULL, hits[0], parts[0], &count[0]);
        q.memories.links = &links;
        q.memories.graph = NULL;
        recall(&q, NULL, hits[1], parts[1], &count[1]);
        same = same && count[0] > 0 && count[0] == count[1] &&
               memcmp(hits[0], hits[1], count[0] * sizeof **hits) == 0 &&
               memcmp(parts[0], parts[1], count[0] * sizeof **parts) == 0;
    }
    ok(same, "links may be rows with gaps in any order");
    q.options.frontier = &two_hops;
    links.nodes = SLOTS + 1;
    refused(recall(&q, NULL, hits[1], parts[1], &count[1]), ENGRAM_EDIM, "engram_recall|601",
            "but of no more nodes than there are slots");
}

/* ---- confidence */

static void confidences(void)
{
    struct question q = ask();
    size_t n;
    q.options.k = 300;
    q.options.confidence = ENGRAM_CONFIDENCE_BOOST;
    ok(recalls(&q, &n) && told.confidence == ENGRAM_CONFIDENCE_STORED,
       "without spreading confidence is the stored one, and the result says so");
    q.options.frontier = &two_hops;
    ok(recalls(&q, &n) && told.confidence == ENGRAM_CONFIDENCE_BOOST,
       "seeds are trusted more if that is asked for");
    q.options.confidence = ENGRAM_CONFIDENCE_PATHS;
    struct engram_frontier f = two_hops;
    for (f.hops = 1; f.hops <= 4; f.hops++) {
        q.options.frontier = &f;
        ok(recalls(&q, &n) && told.confidence == ENGRAM_CONFIDENCE_PATHS,
           "or paths of up to %u links decide", f.hops);
    }
    q.options.min_confidence = 0.3f;
    ok(recalls(&q, &n) && n > 0, "min_confidence looks at that confidence");
    q.options.min_confidence = 0;
    q.options.seed_threshold = 1;
    q.cue.vector = store.vectors + 147 * DIM; /* removed: nothing is so much like it */
    ok(recalls(&q, &n) && told.confidence == ENGRAM_CONFIDENCE_STORED,
       "without a seed it is the stored one again");

    engram_builder *builder;
    engram_graph *graph;
    engram_builder_new(&builder);
    engram_builder_edge(builder, 0, 2, 1, 0);
    engram_builder_edge(builder, 1, 2, 0.95f, 0);
    engram_builder_edge(builder, 1, 3, 0.5f, 1);
    engram_builder_freeze(builder, &graph);
    engram_builder_free(builder);
    const float confidence[] = {0.6f, 0.5f, 1, 1};
    const uint64_t seeds[] = {0, 1};
    const struct engram_memories memories = {
        .size = sizeof memories, .slots = 4, .graph = graph, .confidence = confidence};
    const struct engram_cue cue = {.size = sizeof cue, .seed_count = 2, .seed_ids = seeds};
    const struct engram_frontier one = {.size = sizeof one, .hops = 1};
    const struct engram_recall_options o = {
        .size = sizeof o, .frontier = &one, .confidence = ENGRAM_CONFIDENCE_PATHS};
    struct engram_hit hits[10];
    struct engram_parts parts[10];
    struct engram_recalled out;
    engram_recall(&memories, &cue, &o, NULL, hits, parts, &out);
    bool found = false;
    for (uint32_t i = 0; i < out.count; i++) {
        found |= hits[i].id == 2 && near((double)parts[i].confidence, 0.61601 + 2e-6);
        found &= hits[i].id != 1 || parts[i].confidence == 0.5f;
    }
    ok(found && out.count == 3, "0.6 and 0.95 * 0.5 one link away make 0.616; inhibition none");

    engram_builder_new(&builder);
    engram_builder_edge(builder, 0, 0, 1, 0);
    engram_builder_edge(builder, 0, 1, 1, 0);
    engram_graph_free(graph);
    engram_builder_freeze(builder, &graph);
    engram_builder_free(builder);
    const float none[] = {0, 1};
    float gain[256];
    for (size_t i = 0; i < COUNT(gain); i++)
        gain[i] = FLT_MAX;
    const struct engram_memories doubtful = {
        .size = sizeof doubtful, .slots = 2, .graph = graph, .confidence = none};
    const struct engram_cue first = {.size = sizeof first, .seed_count = 1, .seed_ids = seeds};
    const struct engram_frontier many = {.size = sizeof many, .hops = 20, .gain = gain};
    const struct engram_recall_options far = {
        .size = sizeof far, .frontier = &many, .confidence = ENGRAM_CONFIDENCE_PATHS};
    engram_recall(&doubtful, &first, &far, NULL, hits, parts, &out);
    ok(out.count == 2 && parts[0].confidence == 0.001f && parts[1].confidence == 0.001f,
       "a source without confidence lends none, however strong the way");
    engram_graph_free(graph);
}

/* ---- budgets and sessions */

static void sessions(void)
{
    struct question q = ask();
    static struct engram_hit whole[50], hits[50];
    static struct engram_parts whole_parts[50], parts[50];
    struct engram_recalled all, out;
    engram_session *session;
    is_int(engram_session_new(&session), ENGRAM_OK, "a session is made");
    refused(engram_recall_resume(session, 1, hits, parts, &out), ENGRAM_ERANGE,
            "engram_recall_resume|begun", "nothing is resumed before it is begun");
    int wrong = 0, stops = 0;
    engram_bank_index(store.bank, ENGRAM_SIGN, 1);
    for (int round = 0; round < 200; round++) {
        float step[] = {0.9f, 0.8f, 0.7f}, vector[DIM];
        struct engram_frontier f = {.size = sizeof f,
                                    .hops = 3,
                                    .fan = engram_rng_below(&rng, 4),
                                    .fan_strength = 2,
                                    .accumulate = engram_rng_below(&rng, 3),
                                    .step = step};
        memcpy(vector, store.vectors + engram_rng_below(&rng, ROWS) * DIM, sizeof vector);
        q.cue.vector = vector;
        q.options = (struct engram_recall_options){.size = sizeof q.options,
                                                   .k = 1 + engram_rng_below(&rng, 50),
                                                   .now = NOW,
                                                   .law = &day,
                                                   .frontier = &f,
                                                   .form = round % 3 ? 0 : ENGRAM_SIGN,
                                                   .confidence = engram_rng_below(&rng, 3)};
        wrong += engram_recall(&q.memories, &q.cue, &q.options, NULL, whole, whole_parts, &all);
        wrong += !all.complete;
        f.budget = 1 + engram_rng_below(&rng, 400);
        struct engram_recalled bounded;
        wrong += engram_recall(&q.memories, &q.cue, &q.options, NULL, hits, parts, &bounded);
        wrong += engram_recall_begin(session, &q.memories, &q.cue, &q.options, hits, parts, &out);
        wrong += memcmp(&out, &bounded, sizeof out) != 0;
        memset(step, 255, sizeof step); /* the session has copies */
        memset(vector, 255, sizeof vector);
        memset(&f, 255, sizeof f);
        uint64_t before = 0;
        for (int i = 0; !out.complete && i < 10000; i++, stops++) {
            wrong += out.edges <= before;
            before = out.edges;
            for (uint32_t h = 1; h < out.count; h++)
                wrong += hits[h].score > hits[h - 1].score;
            wrong += engram_recall_resume(session, engram_rng_below(&rng, 300), hits, parts, &out);
        }
        wrong += memcmp(&out, &all, sizeof out) != 0 ||
                 memcmp(hits, whole, all.count * sizeof *hits) != 0 ||
                 memcmp(parts, whole_parts, all.count * sizeof *parts) != 0;
    }
    is_int(wrong, 0, "a recall in pieces gives the bits of one in one piece");
    ok(stops > 200, "%d times it was stopped", stops);

    q = ask();
    q.options.frontier = &two_hops;
    long calls = heap.calls;
    for (int i = 0; i < 100; i++)
        wrong += engram_recall_begin(session, &q.memories, &q.cue, &q.options, hits, parts, &out);
    ok(heap.calls == calls && wrong == 0, "a session that is warm allocates nothing");
    engram_session_free(session);
    engram_session_free(NULL);
    refused(engram_session_new(NULL), ENGRAM_ENULL, "engram_session_new|out",
            "a session goes somewhere");
    refused(engram_recall_begin(NULL, &q.memories, &q.cue, &q.options, hits, parts, &out),
            ENGRAM_ENULL, "engram_recall_begin|session", "and a recall begins in one");
    engram_session_new(&session);
    heap.fuse = 0;
    refused(engram_recall_begin(session, &q.memories, &q.cue, &q.options, hits, parts, &out),
            ENGRAM_ENOMEM, "", "without memory it says so");
    heap.fuse = -1;
    refused(engram_recall_resume(session, 0, hits, parts, &out), ENGRAM_ERANGE, "begun",
            "and is not begun");
    q.options.relevance = 2;
    refused(engram_recall_begin(session, &q.memories, &q.cue, &q.options, hits, parts, &out),
            ENGRAM_ERANGE, "engram_recall_begin|relevance", "options are checked as in a recall");
    engram_session_free(session);
}

/* ---- smaller forms */

static void by_form(void)
{
    struct question q = ask();
    static struct engram_hit exact[50], hits[50];
    static struct engram_parts exact_parts[50], parts[50];
    size_t want = 0, n = 0;
    engram_bank_index(store.bank, ENGRAM_SIGN, 1);
    q.options.k = 50;
    q.options.law = &day;
    int wrong = 0;
    for (int spreading = 0; spreading < 2; spreading++)
        for (int hidden = 0; hidden < 2; hidden++) {
            uint64_t some[(SLOTS + 63) / 64];
            memset(some, 0x99, sizeof some);
            q.memories.hidden = hidden ? some : NULL;
            q.options.frontier = spreading ? &two_hops : NULL;
            q.options.form = ENGRAM_F32;
            recall(&q, NULL, exact, exact_parts, &want);
            q.options.form = ENGRAM_SIGN;
            q.options.candidates = q.options.rerank = SLOTS;
            recall(&q, NULL, hits, parts, &n);
            wrong += n != want || memcmp(hits, exact, n * sizeof *hits) != 0 ||
                     memcmp(parts, exact_parts, n * sizeof *parts) != 0;
        }
    is_int(wrong, 0, "by signs, with enough candidates, the very bits of an exact recall come");

    q.memories.hidden = NULL;
    q.options.candidates = q.options.rerank = q.options.k = 5;
    q.options.frontier = NULL;
    recall(&q, NULL, hits, parts, &n);
    ok(n > 0 && n <= 5, "without spreading only what the search left is ranked");
    q.options.k = 50;
    q.options.seeds = 5;
    q.options.frontier = &two_hops;
    recall(&q, NULL, hits, parts, &n);
    wrong = 0;
    int reached = 0;
    for (size_t i = 0; i < n; i++) {
        float similarity =
            engram_cosine_f32(q.cue.vector, store.rows.rows + (uint32_t)hits[i].id * DIM, DIM);
        wrong += parts[i].similarity != similarity;
        reached += parts[i].activation > 0;
    }
    ok(wrong == 0 && reached > 5 && n > 5,
       "what activation reached is ranked too, by its exact similarity");
    q.options.form = ENGRAM_INT8;
    refused(recall(&q, NULL, hits, parts, &n), ENGRAM_EDISABLED, "engram_recall|form|3",
            "a form that is not there is refused");
    q.options.form = 5;
    refused(recall(&q, NULL, hits, parts, &n), ENGRAM_ERANGE, "engram_recall|form|5",
            "and one that is none");
    q.options.form = ENGRAM_F32;
    q.options.confidence = 3;
    refused(recall(&q, NULL, hits, parts, &n), ENGRAM_ERANGE, "engram_recall|confidence|3",
            "and a confidence that is none");
}

/* ---- many cues */

static void batches(void)
{
    enum { CUES = 45, K = 12 };
    struct question q = ask();
    static struct engram_cue cues[CUES];
    static struct engram_hit hits[CUES * K], alone[K];
    static struct engram_parts parts[CUES * K], alone_parts[K];
    static struct engram_recalled out[CUES], told_alone;
    const uint64_t ids[] = {id_of(300), id_of(12)};
    for (int i = 0; i < CUES; i++) {
        cues[i] = (struct engram_cue){.size = sizeof *cues, .vector = store.vectors + i * DIM};
        if (i == 3 || i == 30 || i == 31 || i == 44)
            cues[i].vector = NULL;
        if (i % 5 == 0 || !cues[i].vector) {
            cues[i].seed_ids = ids;
            cues[i].seed_count = 2;
        }
    }
    engram_bank_index(store.bank, ENGRAM_SIGN, 1);
    q.options.k = K;
    q.options.law = &day;
    for (int way = 0; way < 3; way++) {
        int wrong = 0;
        q.options.frontier = way == 1 ? NULL : &two_hops;
        q.options.form = way == 2 ? ENGRAM_SIGN : ENGRAM_F32;
        struct engram_arena_config config = {
            .size = sizeof config,
            .bytes = engram_recall_batch_scratch(&q.memories, cues, CUES, &q.options)};
        engram_arena *arena;
        engram_arena_new(&config, &arena);
        if (!ok(engram_recall_batch(&q.memories, cues, CUES, &q.options, arena, hits, parts, out) ==
                    ENGRAM_OK,
                "a batch is recalled in the scratch it asks for"))
            diag("%s", engram_last_message());
        for (int i = 0; i < CUES; i++) {
            engram_recall(&q.memories, &cues[i], &q.options, NULL, alone, alone_parts, &told_alone);
            wrong += told_alone.count == 0 || memcmp(&told_alone, &out[i], sizeof *out) != 0 ||
                     memcmp(alone, hits + i * K, told_alone.count * sizeof *alone) != 0 ||
                     memcmp(alone_parts, parts + i * K, told_alone.count * sizeof *parts) != 0;
        }
        is_int(wrong, 0, "each cue gets the bits it gets alone");
        engram_arena_free(arena);
    }
    ok(engram_recall_batch(NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL) == ENGRAM_OK,
       "no cues are no work");
    refused(engram_recall_batch(&q.memories, NULL, 2, &q.options, NULL, hits, parts, out),
            ENGRAM_ENULL, "engram_recall_batch|cues", "cues are needed");
    cues[1].size = 4;
    refused(engram_recall_batch(&q.memories, cues, 2, &q.options, NULL, hits, parts, out), ANY,
            "engram_recall_batch", "of one size");
    const uint64_t none = 9999;
    cues[1] = (struct engram_cue){.size = sizeof *cues, .seed_ids = &none, .seed_count = 1};
    out[0].count = 77;
    refused(engram_recall_batch(&q.memories, cues, 2, &q.options, NULL, hits, parts, out),
            ENGRAM_ERANGE, "engram_recall_batch|9999", "all of them are checked");
    ok(out[0].count == 77, "before the first is recalled");
}

/* ---- explanations */

static bool has_edge(const struct engram_graph_view *g, uint64_t from, uint64_t to)
{
    for (uint32_t e = g->offsets[from]; e < g->ends[from]; e++)
        if (g->targets[e] == to)
            return true;
    return false;
}

/* The shares of one memory add up, its parts make its score, its paths are paths. */
static bool explains(const struct question *q, engram_arena *arena, uint64_t id,
                     const struct engram_parts *parts, double score, int *sources, int *negative)
{
    struct engram_explanation e;
    struct engram_graph_view g;
    engram_graph_get(q->memories.graph, &g);
    if (engram_recall_explain(&q->memories, &q->cue, &q->options, arena, id, &e) != ENGRAM_OK) {
        diag("%s", engram_last_message());
        return false;
    }
    double sum = 0;
    bool right = parts->similarity == e.parts.similarity &&
                 parts->activation == e.parts.activation && parts->retention == e.parts.retention &&
                 parts->confidence == e.parts.confidence && parts->recency == e.parts.recency &&
                 score == e.score && score == engram_score(&e.parts, e.relevance);
    for (uint32_t i = 0; i < e.count; i++) {
        const struct engram_source *source = &e.sources[i];
        sum += source->share;
        right = right && source->path_length > 0 && source->path[0] == source->id &&
                source->path[source->path_length - 1] == id &&
                (i == 0 || source->share <= e.sources[i - 1].share) &&
                fabs(source->path_share) <= 1.0001 * 1000;
        for (uint64_t j = 1; j < source->path_length; j++)
            right = right && has_edge(&g, source->path[j - 1], source->path[j]);
        *sources += 1;
        *negative += source->share < 0;
    }
    if ((float)sum != e.parts.activation) {
        diag("%u shares add up to %.17g, not %.9g", e.count, sum, (double)e.parts.activation);
        right = false;
    }
    return right;
}

static void explanations(void)
{
    enum { NODES_HERE = 40, K = 40 };
    struct engram_arena_config config = {.size = sizeof config, .bytes = 8 << 20};
    engram_arena *arena;
    engram_arena_new(&config, &arena);
    int wrong = 0, sources = 0, negative = 0, partial = 0;
    for (int round = 0; round < 600; round++) {
        engram_builder *builder;
        engram_graph *graph;
        engram_builder_new(&builder);
        engram_builder_nodes(builder, NODES_HERE);
        for (uint32_t i = engram_rng_below(&rng, 200); i > 0; i--)
            engram_builder_edge(
                builder, engram_rng_below(&rng, NODES_HERE), engram_rng_below(&rng, NODES_HERE),
                (float)engram_rng_uniform(&rng) * 1.5f - 0.2f, (uint8_t)engram_rng_below(&rng, 3));
        engram_builder_freeze(builder, &graph);
        engram_builder_free(builder);
        const float threshold[] = {0, 0.05f, 0, 0.1f, 0};
        struct engram_frontier f = {.size = sizeof f,
                                    .hops = 1 + engram_rng_below(&rng, 5),
                                    .fan = (uint32_t)round % 4,
                                    .accumulate = (uint32_t)round / 4 % 3,
                                    .fan_strength = 1.6f,
                                    .visit_budget = engram_rng_below(&rng, 4),
                                    .refractory = engram_rng_below(&rng, 2),
                                    .threshold = round % 5 ? NULL : threshold,
                                    .budget = round % 7 ? 0 : 1 + engram_rng_below(&rng, 100)};
        uint64_t seeds[6];
        float values[6];
        struct question q = {
            .memories = {.size = sizeof q.memories, .slots = NODES_HERE + 3, .graph = graph},
            .cue = {.size = sizeof q.cue,
                    .seed_count = 1 + engram_rng_below(&rng, 6),
                    .seed_ids = seeds,
                    .seed_values = values},
            .options = {.size = sizeof q.options, .k = K, .frontier = &f},
        };
        for (int i = 0; i < 6; i++) {
            seeds[i] = engram_rng_below(&rng, NODES_HERE + 3);
            values[i] = (float)engram_rng_uniform(&rng);
        }
        struct engram_hit hits[K];
        struct engram_parts parts[K];
        size_t n = 0;
        wrong += recall(&q, arena, hits, parts, &n);
        partial += !told.complete;
        for (size_t i = 0; i < n; i++) {
            struct engram_mark mark;
            engram_arena_mark(arena, &mark);
            wrong +=
                !explains(&q, arena, hits[i].id, &parts[i], hits[i].score, &sources, &negative);
            engram_arena_release(arena, &mark);
        }
        engram_graph_free(graph);
    }
    is_int(wrong, 0, "shares add up to the activation, bit for bit; parts make the score");
    ok(sources > 5000 && negative > 100 && partial > 5,
       "of %d sources, %d of which inhibit, in walks of which %d were stopped", sources, negative,
       partial);

    /* A to B to D and A to C to D; and B's own. */
    engram_builder *builder;
    engram_graph *graph;
    engram_builder_new(&builder);
    engram_builder_edge(builder, 0, 1, 0.5f, 0);
    engram_builder_edge(builder, 0, 2, 0.5f, 0);
    engram_builder_edge(builder, 1, 3, 0.5f, 0);
    engram_builder_edge(builder, 2, 3, 0.25f, 0);
    engram_builder_freeze(builder, &graph);
    engram_builder_free(builder);
    const uint64_t seeds[] = {0, 1};
    const float values[] = {0.5f, 0.25f};
    struct question q = {
        .memories = {.size = sizeof q.memories, .slots = 4, .graph = graph},
        .cue = {.size = sizeof q.cue, .seed_count = 2, .seed_ids = seeds, .seed_values = values},
        .options = {.size = sizeof q.options, .frontier = &two_hops},
    };
    struct engram_frontier plain = {.size = sizeof plain, .hops = 2, .cycle_penalty = 1};
    q.options.frontier = &plain;
    struct engram_explanation e;
    is_int(engram_recall_explain(&q.memories, &q.cue, &q.options, arena, 3, &e), ENGRAM_OK,
           "an explanation of a worked example");
    ok(e.parts.activation == 0.3125f && e.count == 2 && e.sources[0].id == 0 &&
           e.sources[0].share == 0.1875 && e.sources[0].path_share == 0.125 &&
           e.sources[0].path_length == 3 && e.sources[0].path[1] == 1,
       "A's share comes over B and C, most of it over B");
    ok(e.sources[1].id == 1 && e.sources[1].share == 0.125 && e.sources[1].path_share == 0.125 &&
           e.sources[1].path_length == 2,
       "B's share is its own");
    config.bytes = engram_recall_explain_scratch(&q.memories, &q.cue, &q.options, e.edges);
    engram_arena_free(arena);
    engram_arena_new(&config, &arena);
    is_int(engram_recall_explain(&q.memories, &q.cue, &q.options, arena, 3, &e), ENGRAM_OK,
           "the scratch asked for beforehand suffices");
    engram_arena_free(arena);
    config.bytes = 256;
    engram_arena_new(&config, &arena);
    refused(engram_recall_explain(&q.memories, &q.cue, &q.options, arena, 3, &e), ENGRAM_ENOMEM,
            "256", "an arena without room is an error");
    engram_arena_free(arena);
    refused(engram_recall_explain(&q.memories, &q.cue, &q.options, NULL, 4, &e), ENGRAM_ERANGE,
            "engram_recall_explain|4", "what is no memory is not explained");
    refused(engram_recall_explain(&q.memories, &q.cue, &q.options, NULL, 3, NULL), ENGRAM_ENULL,
            "engram_recall_explain|out", "an explanation goes somewhere");
    engram_graph_free(graph);

    /* By a smaller form, and for what is not returned. */
    q = ask();
    q.options.frontier = &two_hops;
    q.options.form = ENGRAM_SIGN;
    q.options.k = 1;
    engram_arena *thread = engram_arena_thread();
    struct engram_mark mark;
    engram_arena_mark(thread, &mark);
    engram_recall_explain(&q.memories, &q.cue, &q.options, NULL, id_of(400), &e);
    ok(e.parts.similarity == engram_cosine_f32(q.cue.vector, store.rows.rows + 400 * DIM, DIM) &&
           e.score == engram_score(&e.parts, e.relevance),
       "any memory is explained, found or not");
    engram_arena_release(thread, &mark);
}

static void score(void)
{
    struct engram_parts parts = {0.9f, 0.4f, 0.8f, 0.7f, 1.1f};
    double a = (double)0.3f;
    double expected =
        (((a * (double)0.9f + (1 - a) * (double)0.4f) * (double)0.8f) * (double)0.7f) *
        (double)1.1f;
    ok(engram_score(&parts, 0.3f) == expected,
       "a score is computed in binary64, in the order of its parts");
    parts.similarity = -0.9f;
    ok(engram_score(&parts, 1) == 0, "what is unlike the cue is not less than nothing");
    parts.retention = 0;
    ok(engram_score(&parts, 0.5f) == 0, "what is forgotten has no score");
}

int main(void)
{
    start(&cancel);
    fill_store();
    by_vector();
    by_time();
    by_links();
    filters();
    other_arrays();
    confidences();
    sessions();
    by_form();
    batches();
    explanations();
    scratch();
    errors();
    score();
    nested_options();
    empty_store();
    heap_settled();
    return done();
}
