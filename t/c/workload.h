/* workload.h - one small call of everything that computes, folded into a hash: the same inputs must
 * give the same bits whatever version of a kernel runs, on whatever thread.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_TEST_WORKLOAD_H
#define ENGRAM_TEST_WORKLOAD_H

#include "support.h"

enum { WORK_DIM = 75, WORK_ROWS = 150, WORK_EDGES = 1200, WORK_FLOATS = WORK_DIM * WORK_ROWS };

/* What all threads read together. */
struct shared {
    engram_graph *graph;
    engram_bank *bank;
    engram_memory *memory;
};

/* The arrays of one run. */
struct work {
    uint64_t digest;
    int failures;
    float rows[WORK_FLOATS], out[WORK_FLOATS], norms[WORK_ROWS], scores[WORK_ROWS];
    float values[WORK_ROWS];
    uint32_t ids[WORK_ROWS];
    double ages[WORK_ROWS];
    uint16_t hops[WORK_ROWS];
    uint32_t contributions[WORK_ROWS];
    struct engram_hit hits[WORK_ROWS];
    struct engram_parts parts[WORK_ROWS];
};

static inline void fold(struct work *work, const void *bytes, size_t n)
{
    work->digest = engram_hash(bytes, n, work->digest);
}

/* A call that must succeed, and the array it wrote. */
static inline void call(struct work *work, int status, const void *bytes, size_t n)
{
    work->failures += status != ENGRAM_OK;
    fold(work, bytes, n);
}

/* A memory of the rows, each linked with some that came before it. */
static inline engram_memory *remember_rows(const float *rows, struct engram_rng *rng)
{
    const struct engram_law law = {.size = sizeof law, .tau_s = 86400};
    const struct engram_memory_options options = {
        .size = sizeof options, .dim = WORK_DIM, .law = &law};
    engram_memory *memory = NULL;
    engram_memory_new(&options, &memory);
    for (uint32_t i = 0; i < WORK_ROWS; i++) {
        const struct engram_record record = {
            .size = sizeof record, .fields = ENGRAM_VECTOR, .vector = rows + i * WORK_DIM};
        const struct engram_link link = {ENGRAM_NO_ID, i ? engram_rng_below(rng, i) : 0, 0.5f, 0};
        const struct engram_remembering how = {
            .size = sizeof how, .links = &link, .link_count = i > 0};
        struct engram_remembered out;
        engram_memory_remember(memory, &record, &how, i, &out);
    }
    return memory;
}

static inline void share(struct shared *shared)
{
    struct engram_rng rng = {7};
    float *rows = randoms(&rng, WORK_FLOATS, -1, 1);
    uint64_t ids[WORK_ROWS];
    engram_bank_new(WORK_DIM, &shared->bank);
    engram_bank_add(shared->bank, rows, WORK_ROWS, ids);
    for (uint32_t form = ENGRAM_BF16; form <= ENGRAM_SIGN; form++)
        engram_bank_index(shared->bank, form, 1);
    engram_builder *builder;
    engram_builder_new(&builder);
    engram_builder_nodes(builder, WORK_ROWS);
    for (int e = 0; e < WORK_EDGES; e++) {
        uint32_t source = engram_rng_below(&rng, WORK_ROWS),
                 target = engram_rng_below(&rng, WORK_ROWS);
        engram_builder_edge(builder, source, target, (float)engram_rng_uniform(&rng),
                            (uint8_t)engram_rng_below(&rng, 3));
    }
    engram_builder_freeze(builder, &shared->graph);
    engram_builder_free(builder);
    shared->memory = remember_rows(rows, &rng);
    free(rows);
}

static inline void unshare(struct shared *shared)
{
    engram_graph_free(shared->graph);
    engram_bank_free(shared->bank);
    engram_memory_free(shared->memory);
}

static inline void work_similarity(struct work *w)
{
    size_t floats = sizeof w->rows, rows = sizeof w->scores;
    call(w, engram_norms_f32(w->rows, WORK_ROWS, WORK_DIM, w->norms), w->norms, rows);
    for (int given = 0; given < 2; given++)
        call(w,
             engram_cosines_f32(w->rows, w->rows, given ? w->norms : NULL, WORK_ROWS, WORK_DIM,
                                w->scores),
             w->scores, rows);
    const uint64_t mask[] = {0x123456789abcdef, 0x6e};
    call(w,
         engram_masked_cosine_f32(w->rows, w->rows + WORK_DIM, mask, WORK_ROWS - 1, WORK_DIM,
                                  w->out),
         w->out, (WORK_ROWS - 1) * sizeof(float));
    call(w, engram_weighted_sum_f32(w->rows, w->ids, w->values, WORK_ROWS, WORK_DIM, w->out),
         w->out, WORK_DIM * sizeof(float));
    memcpy(w->out, w->rows, floats);
    call(w, engram_axpy_f32(0.3f, w->rows + 5, WORK_FLOATS - 5, w->out), w->out, floats);
    for (size_t n = 0; n < WORK_FLOATS; n = n * 3 + 1) {
        float pair[] = {engram_dot_f32(w->rows, w->out, n),
                        engram_squared_l2_f32(w->rows, w->out, n), engram_norm_f32(w->out, n),
                        engram_cosine_f32(w->rows, w->out, n)};
        fold(w, pair, sizeof pair);
    }
    size_t count = 0;
    call(w, engram_top_k_f32(w->scores, WORK_ROWS, 0, NULL, NULL, 20, w->hits, &count), w->hits,
         20 * sizeof *w->hits);
    engram_hits_sort(w->hits, count);
    fold(w, w->hits, count * sizeof *w->hits);
}

static inline void work_functions(struct work *w)
{
    size_t floats = sizeof w->out;
    call(w, engram_exp_f32(w->rows, WORK_FLOATS, w->out), w->out, floats);
    call(w, engram_pow_f32(w->out, w->rows, WORK_FLOATS, w->out), w->out, floats);
    call(w, engram_log_f32(w->out, WORK_FLOATS, w->out), w->out, floats);
    call(w, engram_sigmoid_f32(w->out, 0.4f, 0.5f, WORK_FLOATS, w->out), w->out, floats);
    call(w, engram_softmax_f32(w->rows, 3, WORK_FLOATS, w->out), w->out, floats);
    call(w, engram_k_winners_f32(w->rows, WORK_FLOATS, WORK_DIM, w->out), w->out, floats);
    double moments[2];
    call(w, engram_moments_f32(w->rows, WORK_FLOATS, moments, moments + 1), moments,
         sizeof moments);
    double single[] = {engram_noisy_or(w->values, WORK_ROWS), engram_exp(w->ages[0] * 1e-5),
                       engram_log(w->ages[1]), engram_pow(w->ages[2], 0.7)};
    fold(w, single, sizeof single);
    struct engram_law law = {.size = sizeof law,
                             .tau_s = 86400,
                             .unit_s = 3600,
                             .beta = 0.18,
                             .weight = 0.4,
                             .k = 1.84,
                             .c = 1.25};
    for (law.curve = ENGRAM_EXPONENTIAL; law.curve <= ENGRAM_SAVINGS; law.curve++)
        call(w,
             engram_decay_f32(&law, NULL, w->values, w->ages, ENGRAM_AGE_F64, 0, WORK_ROWS, w->out),
             w->out, sizeof w->values);
}

static inline void work_graphs(struct work *w, const struct shared *shared)
{
    struct engram_spread spread = {
        .size = sizeof spread, .steps = 3, .keep = 0.9f, .gain = 1.1f, .restart = 0.1f};
    for (; spread.normalise <= ENGRAM_NORMALISE_L1; spread.normalise++) {
        memcpy(w->scores, w->values, sizeof w->values);
        call(w, engram_graph_spread(shared->graph, &spread, NULL, w->scores), w->scores,
             sizeof w->scores);
    }
    struct engram_frontier frontier = {
        .size = sizeof frontier, .hops = 3, .visit_budget = 3, .refractory = 1};
    for (; frontier.accumulate <= ENGRAM_NOISY_OR; frontier.accumulate++) {
        frontier.fan = frontier.accumulate;
        uint64_t edges = 0;
        call(w,
             engram_graph_frontier(shared->graph, &frontier, w->ids, w->values, 10, NULL, w->scores,
                                   w->hops, w->contributions, &edges),
             w->scores, sizeof w->scores);
        fold(w, w->hops, sizeof w->hops);
        fold(w, w->contributions, sizeof w->contributions);
        fold(w, &edges, sizeof edges);
    }
}

static inline void work_memory(struct work *w, const struct shared *shared)
{
    size_t count = 0;
    call(w, engram_bank_search(shared->bank, w->rows, 1, 30, NULL, NULL, w->hits, &count, NULL),
         w->hits, 30 * sizeof *w->hits);
    for (uint32_t form = ENGRAM_BF16; form <= ENGRAM_SIGN; form++) {
        const struct engram_search options = {
            .size = sizeof options, .form = form, .candidates = 40, .rerank = 20};
        call(w,
             engram_bank_search(shared->bank, w->rows + 1, 1, 15, &options, NULL, w->hits, &count,
                                NULL),
             w->hits, 15 * sizeof *w->hits);
    }
    struct engram_law law = {.size = sizeof law, .tau_s = 86400};
    struct engram_frontier frontier = {.size = sizeof frontier, .hops = 2};
    struct engram_memories memories = {.size = sizeof memories,
                                       .slots = WORK_ROWS,
                                       .bank = shared->bank,
                                       .graph = shared->graph,
                                       .strength = w->values,
                                       .last_recall = w->ages};
    struct engram_cue cue = {.size = sizeof cue, .vector = w->rows};
    struct engram_recall_options options = {.size = sizeof options,
                                            .k = 25,
                                            .now = 1e6,
                                            .law = &law,
                                            .frontier = &frontier,
                                            .seed_threshold = 0.05f};
    struct engram_recalled out = {0};
    call(w, engram_recall(&memories, &cue, &options, NULL, w->hits, w->parts, &out), &out,
         sizeof out);
    count = out.count;
    fold(w, w->hits, count * sizeof *w->hits);
    fold(w, w->parts, count * sizeof *w->parts);
    w->failures += count == 0;

    engram_bank *bank = NULL; /* one of its own, changed */
    uint64_t ids[WORK_ROWS];
    call(w, engram_bank_new(WORK_DIM, &bank), NULL, 0);
    call(w, engram_bank_add(bank, w->rows, WORK_ROWS, ids), ids, sizeof ids);
    for (int i = 0; i < WORK_ROWS; i += 3)
        call(w, engram_bank_remove(bank, ids[i]), &i, sizeof i);
    call(w, engram_bank_search(bank, w->rows, 1, 10, NULL, NULL, w->hits, &count, NULL), w->hits,
         10 * sizeof *w->hits);
    engram_bank_free(bank);
}

static inline void recall_from(struct work *w, engram_memory *memory, uint32_t flags)
{
    const struct engram_frontier frontier = {.size = sizeof frontier, .hops = 2};
    const struct engram_cue cue = {.size = sizeof cue, .vector = w->rows};
    const struct engram_recall_options options = {.size = sizeof options,
                                                  .k = 25,
                                                  .now = 1e5,
                                                  .frontier = &frontier,
                                                  .seed_threshold = 0.05f};
    struct engram_recalled out = {0};
    call(w, engram_memory_recall(memory, &cue, &options, flags, NULL, w->hits, w->parts, &out),
         &out, sizeof out);
    fold(w, w->hits, out.count * sizeof *w->hits);
    fold(w, w->parts, out.count * sizeof *w->parts);
}

/* One memory that all read, and a copy of it that is the thread's to change. */
static inline void work_remembering(struct work *w, const struct shared *shared)
{
    recall_from(w, shared->memory, 0);
    engram_memory *own = NULL;
    uint64_t mark, hash;
    call(w, engram_memory_fork(shared->memory, &own), NULL, 0);
    call(w, engram_memory_mark(own, &mark), &mark, sizeof mark);
    recall_from(w, own, ENGRAM_RECORD);
    for (uint64_t id = 0; id < WORK_ROWS; id += 3)
        call(w, engram_memory_forget(own, id, 2e5), &id, sizeof id);
    recall_from(w, own, ENGRAM_RECORD);
    call(w, engram_memory_rollback(own, mark), NULL, 0);
    hash = engram_memory_hash(own);
    fold(w, &hash, sizeof hash);
    w->failures += hash != engram_memory_hash(shared->memory);
    engram_memory_free(own);
}

/* Everything, from a seed; the hash. Failures are counted in *failures. */
static inline uint64_t workload(uint64_t seed, const struct shared *shared, int *failures)
{
    struct work *w = calloc(1, sizeof *w);
    struct engram_rng rng = {seed};
    w->digest = seed;
    engram_rng_fill_normal(&rng, WORK_FLOATS, w->rows);
    engram_rng_fill_uniform(&rng, WORK_ROWS, w->values);
    for (int i = 0; i < WORK_ROWS; i++) {
        w->ids[i] = engram_rng_below(&rng, WORK_ROWS);
        w->ages[i] = engram_rng_uniform(&rng) * 1e6;
    }
    work_similarity(w);
    work_functions(w);
    work_graphs(w, shared);
    work_memory(w, shared);
    work_remembering(w, shared);
    *failures += w->failures;
    uint64_t digest = w->digest;
    free(w);
    return digest;
}

#endif
