/* golden.c - hashes of fixed workloads that every machine must reproduce, at each of its rungs, with
 * any number of threads, whether or not subnormal numbers are flushed to zero.
 * SPDX-License-Identifier: MIT
 *
 * The hashes stand in t/data/golden.tsv; t/golden.lua computes the same workloads from Lua.
 * `--print` prints the present ones: changing a hash is a decision, and the commit that does says
 * why. */
#include "cpu.h"
#include "host.h"
#include "parallel.h"
#include "../tap.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash; /* of the workload that runs */

static void take(const void *bytes, size_t n)
{
    hash = engram_hash(bytes, n, hash);
}

/* Of NaN only that it is one. */
static void take_numbers(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float number = x[i] != x[i] ? 7 : x[i];
        take(&number, sizeof number);
    }
}

static float *normal(struct engram_rng *rng, size_t n)
{
    float *x = malloc(n * sizeof *x);
    engram_rng_fill_normal(rng, n, x);
    return x;
}

static float *uniform(struct engram_rng *rng, size_t n)
{
    float *x = malloc(n * sizeof *x);
    engram_rng_fill_uniform(rng, n, x);
    return x;
}

/* ---- workloads */

static void pairs(struct engram_rng *rng)
{
    float *a = normal(rng, 300), *b = normal(rng, 300);
    for (size_t n = 0; n <= 300; n++) {
        float result[4] = {engram_dot_f32(a, b, n), engram_squared_l2_f32(a, b, n),
                           engram_norm_f32(a, n), engram_cosine_f32(a, b, n)};
        take(result, sizeof result);
    }
    free(a);
    free(b);
}

static void rows(struct engram_rng *rng)
{
    enum { ROWS = 200, DIM = 100 };
    float *query = normal(rng, DIM), *matrix = normal(rng, ROWS * DIM);
    float norms[ROWS], scores[ROWS], sum[DIM];
    matrix[3 * DIM] = 1e20f; /* a norm that needs the wide sum */
    matrix[4 * DIM] = 3e38f;
    engram_norms_f32(matrix, ROWS, DIM, norms);
    take(norms, sizeof norms);
    engram_cosines_f32(query, matrix, NULL, ROWS, DIM, scores);
    take(scores, sizeof scores);
    engram_cosines_f32(query, matrix, norms, ROWS, DIM, scores);
    take(scores, sizeof scores);
    matrix[3 * DIM] = matrix[4 * DIM] = 1;
    engram_weighted_sum_f32(matrix, NULL, scores, ROWS, DIM, sum);
    engram_axpy_f32(0.5f, query, DIM, sum);
    take(sum, sizeof sum);
    free(query);
    free(matrix);
}

static void best(struct engram_rng *rng)
{
    enum { N = 5000, K = 100 };
    static struct engram_hit hits[K];
    float *scores = uniform(rng, N);
    size_t count = 0;
    for (size_t i = 0; i < N; i++)
        scores[i] = (float)(int)(scores[i] * 200) / 200; /* many ties */
    engram_top_k_f32(scores, N, 0, NULL, NULL, K, hits, &count);
    take(hits, sizeof hits);
    free(scores);
}

static void elementary(struct engram_rng *rng)
{
    enum { N = 2000 };
    float *x = normal(rng, N), *y = uniform(rng, N), out[N];
    for (size_t i = 0; i < N; i++)
        x[i] *= 30;
    engram_exp_f32(x, N, out);
    take(out, sizeof out);
    engram_sigmoid_f32(x, 0.4f, 0.5f, N, out);
    take(out, sizeof out);
    engram_log_f32(y, N, out);
    take(out, sizeof out);
    engram_pow_f32(y, x, N, out);
    take(out, sizeof out);
    for (size_t i = 0; i < N; i++) {
        double wide[3] = {engram_exp((double)x[i]), engram_log((double)y[i]),
                          engram_pow((double)y[i], (double)x[i])};
        take(wide, sizeof wide);
    }
    free(x);
    free(y);
}

static void decay(struct engram_rng *rng)
{
    enum { N = 1000 };
    float *strengths = uniform(rng, N), *tau_s = uniform(rng, N), out[N];
    uint64_t whole[N];
    double fine[N];
    for (size_t i = 0; i < N; i++) {
        fine[i] = engram_rng_uniform(rng) * 1e6;
        whole[i] = (uint64_t)fine[i];
        tau_s[i] = 1000 + 100000 * tau_s[i];
    }
    struct engram_law law = {.size = sizeof law, .curve = ENGRAM_EXPONENTIAL, .tau_s = 86400};
    engram_decay_f32(&law, NULL, strengths, whole, ENGRAM_AGE_U64, 0, N, out);
    take(out, sizeof out);
    const struct engram_law_each each = {.size = sizeof each, .scale_s = tau_s};
    engram_decay_f32(&law, &each, strengths, fine, ENGRAM_AGE_F64, 0, N, out);
    take(out, sizeof out);
    law = (struct engram_law){
        .size = sizeof law, .curve = ENGRAM_POWER_LAW, .unit_s = 3600, .beta = 0.18};
    engram_decay_f32(&law, NULL, strengths, fine, ENGRAM_AGE_F64, 0, N, out);
    take(out, sizeof out);
    free(strengths);
    free(tau_s);
}

/* Every curve, by the law's parameters and by those of each element. */
static void laws(struct engram_rng *rng)
{
    enum { N = 1000 };
    float *strengths = uniform(rng, N), *scale_s = uniform(rng, N), *beta = uniform(rng, N), out[N];
    uint32_t recalls[N];
    double ages[N];
    for (size_t i = 0; i < N; i++) {
        ages[i] = engram_rng_uniform(rng) * 1e6;
        scale_s[i] *= 100000;
        recalls[i] = engram_rng_below(rng, 6);
    }
    const struct engram_law_each each = {
        .size = sizeof each, .scale_s = scale_s, .beta = beta, .recalls = recalls};
    struct engram_law law = {.size = sizeof law,
                             .tau_s = 720,
                             .unit_s = 3600,
                             .beta = 0.14,
                             .weight = 0.5,
                             .k = 1.84,
                             .c = 1.25,
                             .recalls = 3};
    for (law.curve = ENGRAM_EXPONENTIAL; law.curve <= ENGRAM_SAVINGS; law.curve++) {
        engram_decay_f32(&law, NULL, strengths, ages, ENGRAM_AGE_F64, 0, N, out);
        take(out, sizeof out);
        engram_decay_f32(&law, &each, strengths, ages, ENGRAM_AGE_F64, 0, N, out);
        take(out, sizeof out);
    }
    free(strengths);
    free(scale_s);
    free(beta);
}

static engram_graph *random_graph(struct engram_rng *rng, uint32_t nodes, uint32_t edges)
{
    engram_builder *builder;
    engram_graph *graph;
    engram_builder_new(&builder);
    engram_builder_nodes(builder, nodes);
    for (uint32_t e = 0; e < edges; e++) {
        uint32_t source = engram_rng_below(rng, nodes), target = engram_rng_below(rng, nodes);
        float weight = (float)(engram_rng_uniform(rng) * 0.5);
        engram_builder_edge(builder, source, target, weight, (uint8_t)engram_rng_below(rng, 3));
    }
    engram_builder_freeze(builder, &graph);
    engram_builder_free(builder);
    return graph;
}

static void spread(struct engram_rng *rng)
{
    enum { NODES = 500 };
    engram_graph *graph = random_graph(rng, NODES, 3000);
    float *start = uniform(rng, NODES), a[NODES];
    for (uint32_t mode = 0; mode <= ENGRAM_NORMALISE_L1; mode++) {
        const struct engram_spread o = {.size = sizeof o,
                                        .steps = 5,
                                        .normalise = mode,
                                        .keep = 0.6f,
                                        .gain = 0.9f,
                                        .restart = mode % 2 ? 0.1f : 0};
        memcpy(a, start, sizeof a);
        engram_graph_spread(graph, &o, NULL, a);
        take(a, sizeof a);
    }
    free(start);
    engram_graph_free(graph);
}

static void frontier(struct engram_rng *rng)
{
    enum { NODES = 500 };
    engram_graph *graph = random_graph(rng, NODES, 3000);
    const uint32_t seeds[] = {7, 70, 400};
    const float values[] = {1, 0.5f, 0.75f}, step[] = {0.9f, 0.8f, 0.7f},
                threshold[] = {0.001f, 0.002f, 0.004f};
    float a[NODES];
    for (uint32_t way = 0; way <= ENGRAM_NOISY_OR; way++)
        for (uint32_t fan = 0; fan <= ENGRAM_FAN_SQRT; fan++) {
            const struct engram_frontier o = {.size = sizeof o,
                                              .hops = 3,
                                              .fan = fan,
                                              .accumulate = way,
                                              .refractory = way,
                                              .step = step,
                                              .threshold = threshold};
            engram_graph_frontier(graph, &o, seeds, values, 3, NULL, a, NULL, NULL, NULL);
            take(a, sizeof a);
        }
    engram_graph_free(graph);
}

static void batch(struct engram_rng *rng)
{
    enum { NODES = 500, COLUMNS = 5, FLOATS = NODES * COLUMNS };
    engram_graph *graph = random_graph(rng, NODES, 3000);
    float *start = uniform(rng, FLOATS), a[FLOATS];
    for (uint32_t mode = 0; mode <= ENGRAM_NORMALISE_L1; mode++) {
        const struct engram_spread o = {.size = sizeof o,
                                        .steps = 5,
                                        .normalise = mode,
                                        .keep = 0.6f,
                                        .gain = 0.9f,
                                        .restart = mode % 2 ? 0.1f : 0};
        memcpy(a, start, sizeof a);
        engram_graph_spread_batch(graph, &o, COLUMNS, NULL, a);
        take(a, sizeof a);
    }
    free(start);
    engram_graph_free(graph);
}

/* Edges added to a graph, to new nodes too: before it is frozen again, and after. */
static void delta(struct engram_rng *rng)
{
    enum { NODES = 520 };
    engram_graph *graph = random_graph(rng, 500, 3000);
    float *start = uniform(rng, NODES), a[NODES];
    for (int i = 0; i < 300; i++) {
        uint32_t source = engram_rng_below(rng, NODES),
                 target = i ? engram_rng_below(rng, NODES) : NODES - 1;
        float weight = (float)(engram_rng_uniform(rng) * 0.5);
        uint8_t edge_class = (uint8_t)engram_rng_below(rng, 3);
        engram_graph_add(graph, &source, &target, &weight, &edge_class, 1);
    }
    const struct engram_spread o = {.size = sizeof o, .steps = 5, .keep = 0.6f, .gain = 0.9f};
    const struct engram_frontier f = {.size = sizeof f, .hops = 3, .fan = ENGRAM_FAN_SQRT};
    const uint32_t seed = 70;
    const float one = 1;
    for (int frozen = 0; frozen < 2; frozen++) {
        memcpy(a, start, sizeof a);
        engram_graph_spread(graph, &o, NULL, a);
        take(a, sizeof a);
        engram_graph_frontier(graph, &f, &seed, &one, 1, NULL, a, NULL, NULL, NULL);
        take(a, sizeof a);
        engram_graph_freeze(graph);
    }
    free(start);
    engram_graph_free(graph);
}

/* From one node, over few edges at first. */
static void sparse(struct engram_rng *rng)
{
    enum { NODES = 5000 };
    engram_graph *graph = random_graph(rng, NODES, 12000);
    static float a[NODES];
    for (uint32_t steps = 1; steps <= 16; steps *= 2) {
        const struct engram_spread o = {
            .size = sizeof o, .steps = steps, .keep = 0.6f, .gain = 0.9f, .restart = 0.1f};
        memset(a, 0, sizeof a);
        a[engram_rng_below(rng, NODES)] = 1;
        engram_graph_spread(graph, &o, NULL, a);
        take(a, sizeof a);
    }
    engram_graph_free(graph);
}

enum { MEMORIES = 2000, DIM = 48 };

static engram_bank *random_bank(struct engram_rng *rng, uint32_t rows)
{
    engram_bank *bank;
    float *matrix = normal(rng, rows * DIM);
    uint64_t *ids = malloc(rows * sizeof *ids);
    engram_bank_new(DIM, &bank);
    engram_bank_add(bank, matrix, rows, ids);
    for (uint32_t i = 0; i < rows; i += 7)
        engram_bank_remove(bank, ids[i]);
    engram_bank_add(bank, matrix, 100, ids); /* slots used again have ids of the next generation */
    free(matrix);
    free(ids);
    return bank;
}

static void search_rows(struct engram_rng *rng, uint32_t rows)
{
    static struct engram_hit hits[50];
    engram_bank *bank = random_bank(rng, rows);
    for (int i = 0; i < 5; i++) {
        float *query = normal(rng, DIM);
        size_t count;
        engram_bank_search(bank, query, 1, 50, NULL, NULL, hits, &count, NULL);
        take(hits, count * sizeof *hits);
        free(query);
    }
    engram_bank_free(bank);
}

static void search(struct engram_rng *rng)
{
    search_rows(rng, MEMORIES);
}

static void forms(struct engram_rng *rng)
{
    enum { ROWS = 203, COLUMNS = 100, PADDED = 128, WORDS = (ROWS + 7) / 8 * PADDED / 8 };
    static uint16_t halves[ROWS * PADDED];
    static int8_t bytes[ROWS * PADDED];
    static uint64_t words[WORDS], query[PADDED / 8], above[(ROWS + 63) / 64];
    float *matrix = normal(rng, ROWS * COLUMNS), *unit = normal(rng, PADDED);
    float norms[ROWS], factors[ROWS], scores[ROWS];
    matrix[3 * COLUMNS] = 1e20f;
    matrix[4 * COLUMNS] = 1e-40f;
    memset(matrix + 5 * COLUMNS, 0, COLUMNS * sizeof *matrix);
    engram_norms_f32(matrix, ROWS, COLUMNS, norms);
    engram_encode_bf16(matrix, norms, ROWS, COLUMNS, halves);
    take(halves, sizeof halves);
    engram_dots_bf16(unit, halves, ROWS, PADDED, scores);
    take(scores, sizeof scores);
    engram_encode_f16(matrix, norms, ROWS, COLUMNS, halves);
    take(halves, sizeof halves);
    engram_dots_f16(unit, halves, ROWS, PADDED, scores);
    take(scores, sizeof scores);
    engram_encode_int8(matrix, norms, ROWS, COLUMNS, bytes, factors);
    take(bytes, sizeof bytes);
    take(factors, sizeof factors);
    engram_dots_int8(bytes + PADDED, bytes, factors, ROWS, PADDED, scores);
    take(scores, sizeof scores);
    engram_encode_sign(matrix, norms, ROWS, COLUMNS, 0, words);
    take(words, sizeof words);
    for (int w = 0; w < PADDED / 64; w++)
        query[w] = words[8 * w + 1];
    engram_dots_sign(query, words, ROWS, COLUMNS, scores);
    take(scores, sizeof scores);
    engram_above_f32(scores, ROWS, 2, above);
    take(above, sizeof above);
    free(matrix);
    free(unit);
}

static void stages(struct engram_rng *rng)
{
    static struct engram_hit hits[5 * 10];
    engram_bank *bank = random_bank(rng, MEMORIES);
    for (uint32_t form = ENGRAM_BF16; form <= ENGRAM_SIGN; form++)
        engram_bank_index(bank, form, 1);
    float *queries = normal(rng, 5 * DIM);
    for (uint32_t form = ENGRAM_BF16; form <= ENGRAM_SIGN; form++) {
        const struct engram_search options = {
            .size = sizeof options, .form = form, .candidates = 25, .rerank = 15};
        size_t counts[5];
        engram_bank_search(bank, queries, 5, 10, &options, NULL, hits, counts, NULL);
        for (int i = 0; i < 5; i++)
            take(hits + 10 * i, counts[i] * sizeof *hits);
    }
    free(queries);
    engram_bank_free(bank);
}

static void recall_memories(struct engram_rng *rng, uint32_t slots)
{
    static struct engram_hit hits[20];
    static struct engram_parts parts[20];
    engram_bank *bank = random_bank(rng, slots);
    engram_graph *graph = random_graph(rng, slots, 4 * slots);
    float *strength = uniform(rng, slots), *confidence = uniform(rng, slots);
    double *last = malloc(slots * sizeof *last);
    for (uint32_t i = 0; i < slots; i++)
        last[i] = engram_rng_uniform(rng) * 1e6;
    const struct engram_memories memories = {.size = sizeof memories,
                                             .slots = slots,
                                             .bank = bank,
                                             .graph = graph,
                                             .strength = strength,
                                             .last_recall = last,
                                             .confidence = confidence};
    const float step[] = {0.5f, 0.5f, 0.5f};
    for (uint32_t hops = 0; hops <= 3; hops++) {
        float *query = normal(rng, DIM);
        const struct engram_law law = {
            .size = sizeof law, .curve = hops % 2, .tau_s = 3e5, .unit_s = 3600, .beta = 0.2};
        const struct engram_frontier f = {.size = sizeof f, .hops = hops, .step = step};
        const struct engram_cue cue = {.size = sizeof cue, .vector = query};
        const struct engram_recall_options o = {.size = sizeof o,
                                                .k = 20,
                                                .now = 1.1e6,
                                                .law = &law,
                                                .frontier = &f,
                                                .seed_threshold = 0.2f,
                                                .recency_boost = 1.2f,
                                                .recency_window_s = 2e5};
        struct engram_recalled out = {0};
        engram_recall(&memories, &cue, &o, NULL, hits, parts, &out);
        take(hits, out.count * sizeof *hits);
        take(parts, out.count * sizeof *parts);
        free(query);
    }
    free(strength);
    free(confidence);
    free(last);
    engram_graph_free(graph);
    engram_bank_free(bank);
}

static void recall(struct engram_rng *rng)
{
    recall_memories(rng, MEMORIES);
}

/* Numbers of either sign below 2^-95, of which one in thirty-two is subnormal, made of bits. */
static float *tiny_numbers(struct engram_rng *rng, size_t n)
{
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = engram_rng_below(rng, 0x20000000);
        bits = bits >> 1 | bits << 31;
        memcpy(&x[i], &bits, sizeof bits);
    }
    return x;
}

/* What holds of subnormal numbers wherever they are flushed. */
static void tiny(struct engram_rng *rng)
{
    enum { ROWS = 100, N = ROWS * DIM };
    static struct engram_hit hits[ROWS];
    float *x = tiny_numbers(rng, N), *y = normal(rng, N), out[N];
    engram_norms_f32(x, ROWS, DIM, out);
    take(out, ROWS * sizeof *out);
    for (size_t i = 0; i < N; i += 3)
        memcpy(&x[i], &y[i], sizeof *x); /* among them normal ones */
    engram_norms_f32(x, ROWS, DIM, out);
    take(out, ROWS * sizeof *out);
    engram_cosines_f32(y, x, NULL, ROWS, DIM, out);
    take(out, ROWS * sizeof *out);
    engram_bank *bank;
    uint64_t ids[ROWS];
    size_t count;
    engram_bank_new(DIM, &bank);
    engram_bank_add(bank, x, ROWS, ids);
    engram_bank_search(bank, y, 1, ROWS, NULL, NULL, hits, &count, NULL);
    take(hits, count * sizeof *hits);
    engram_bank_free(bank);

    engram_log_f32(x, N, out);
    take_numbers(out, N);
    engram_pow_f32(x, y, N, out);
    take_numbers(out, N);
    engram_pow_f32(y, x, N, out);
    take_numbers(out, N);
    engram_sigmoid_f32(x, 0, 0.001f, N, out);
    take(out, sizeof out);
    for (size_t i = 0; i < N; i++)
        y[i] = -85 - (float)i / 1000; /* e^-87.3 is the smallest normal number */
    engram_exp_f32(y, N, out);
    take(out, sizeof out);
    const struct engram_law law = {.size = sizeof law, .tau_s = 1};
    for (size_t i = 0; i < N; i++)
        y[i] = -y[i];
    engram_decay_f32(&law, NULL, NULL, y, ENGRAM_AGE_F32, 0, N, out);
    take(out, sizeof out);
    free(x);
    free(y);
}

/* ---- workloads of several blocks, which the host's threads may share */

static void many_rows(struct engram_rng *rng)
{
    search_rows(rng, 20011);
}

static void many_memories(struct engram_rng *rng)
{
    recall_memories(rng, 20011);
}

static void long_rows(struct engram_rng *rng)
{
    enum { ROWS = 1009, WIDTH = 1000 };
    float *matrix = uniform(rng, ROWS * WIDTH), norms[ROWS], scores[ROWS], sum[WIDTH];
    engram_norms_f32(matrix, ROWS, WIDTH, norms);
    take(norms, sizeof norms);
    for (int given = 0; given < 2; given++) {
        engram_cosines_f32(matrix + 7, matrix, given ? norms : NULL, ROWS, WIDTH, scores);
        take(scores, sizeof scores);
    }
    engram_weighted_sum_f32(matrix, NULL, scores, ROWS, WIDTH, sum);
    take(sum, sizeof sum);
    engram_axpy_f32(-0.3f, matrix, ROWS / 2 * WIDTH, matrix + ROWS / 2 * WIDTH);
    take(matrix, ROWS * WIDTH * sizeof *matrix);
    free(matrix);
}

static void long_arrays(struct engram_rng *rng)
{
    enum { N = 140009 };
    float *x = uniform(rng, N), *y = uniform(rng, N), *out = malloc(N * sizeof *out);
    double *ages = malloc(N * sizeof *ages);
    for (size_t i = 0; i < N; i++) {
        x[i] = x[i] * 200 - 100;
        ages[i] = engram_rng_uniform(rng) * 1e6;
    }
    engram_exp_f32(x, N, out);
    take(out, N * sizeof *out);
    engram_sigmoid_f32(x, 0.4f, 0.5f, N, out);
    take(out, N * sizeof *out);
    engram_log_f32(y, N, out);
    take(out, N * sizeof *out);
    engram_pow_f32(y, x, N, out);
    take(out, N * sizeof *out);
    struct engram_law law = {.size = sizeof law, .tau_s = 7200, .unit_s = 3600, .beta = 0.18};
    for (; law.curve <= ENGRAM_POWER_LAW; law.curve++) {
        engram_decay_f32(&law, NULL, y, ages, ENGRAM_AGE_F64, 0, N, out);
        take(out, N * sizeof *out);
    }
    free(x);
    free(y);
    free(out);
    free(ages);
}

static void wide_graph(struct engram_rng *rng)
{
    enum { NODES = 50021 };
    engram_graph *graph = random_graph(rng, NODES, 4 * NODES);
    float *a = uniform(rng, NODES);
    for (uint32_t mode = 0; mode <= ENGRAM_NORMALISE_L1; mode++) {
        const struct engram_spread o = {
            .size = sizeof o, .steps = 2, .normalise = mode, .keep = 0.6f, .gain = 0.9f};
        engram_graph_spread(graph, &o, NULL, a);
        take(a, NODES * sizeof *a);
    }
    free(a);
    engram_graph_free(graph);
}

/* Several queries side by side, of lengths with and without a whole last round. */
static void panels(struct engram_rng *rng)
{
    static const size_t dims[] = {1, 63, 64, 97, 300};
    enum { ROWS = 401, QUERIES = 37 };
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
        size_t dim = dims[d];
        float *rows = uniform(rng, ROWS * dim), *queries = uniform(rng, QUERIES * dim);
        float norms[ROWS], *scores = malloc(QUERIES * ROWS * sizeof *scores),
                           *memory = malloc(engram_panel_bytes(QUERIES, dim));
        struct engram_panel panel;
        engram_norms_f32(rows, ROWS, dim, norms);
        engram_panel_pack(queries, QUERIES, dim, memory, &panel);
        engram_panel_cosines_f32(&panel, rows, norms, ROWS, ROWS, scores);
        take(scores, QUERIES * ROWS * sizeof *scores);
        free(rows);
        free(queries);
        free(scores);
        free(memory);
    }
}

/* Blocks by themselves: the norms of pieces of an array. */
struct pieces {
    const float *x;
    float norms[1000];
};

static int norm_of_pieces(void *data, size_t first, size_t last)
{
    struct pieces *p = data;
    for (size_t i = first; i < last; i++)
        p->norms[i] = engram_norm_f32(p->x + i * 64, 63);
    return ENGRAM_OK;
}

static void blocks(struct engram_rng *rng)
{
    static struct pieces p;
    float *x = normal(rng, 64000);
    p.x = x;
    engram_in_blocks(1000, 64, norm_of_pieces, &p);
    take(p.norms, sizeof p.norms);
    free(x);
}

static void weights(struct engram_rng *rng)
{
    enum { N = 5021, ROWS = 12007, WIDTH = 300 };
    float *x = normal(rng, N), *rows = normal(rng, (size_t)ROWS * WIDTH), out[N], scores[ROWS];
    double numbers[3];
    uint64_t mask[WIDTH / 64 + 1];
    for (size_t w = 0; w <= WIDTH / 64; w++)
        mask[w] = w == 2 ? 0 : engram_rng_next(rng);
    engram_masked_cosine_f32(rows, rows, mask, ROWS, WIDTH, scores);
    take(scores, sizeof scores);
    for (size_t n = 0; n <= 300; n++) {
        engram_softmax_f32(x, 1 + (float)n / 10, n, out);
        take(out, n * sizeof *out);
        engram_k_winners_f32(x, n, n / 3, out);
        take(out, n * sizeof *out);
        engram_moments_f32(x, n, numbers, numbers + 1);
        numbers[2] = engram_noisy_or(x, n);
        take(numbers, sizeof numbers);
    }
    engram_softmax_f32(x, 3, N, out);
    take(out, sizeof out);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(int)(x[i] * 20) / 20; /* many ties */
    engram_k_winners_f32(x, N, N / 20, out);
    take(out, sizeof out);
    engram_moments_f32(out, N, numbers, numbers + 1);
    take(numbers, sizeof numbers);
    free(x);
    free(rows);
}

/* Fans, budgets, confidences and forms of a recall; batches; explanations. */
static void recall_modes(struct engram_rng *rng)
{
    enum { SLOTS = 800, CUES = 6, K = 15 };
    static struct engram_hit hits[CUES * K];
    static struct engram_parts parts[CUES * K];
    struct engram_recalled out[CUES];
    struct engram_cue cues[CUES];
    engram_bank *bank = random_bank(rng, SLOTS);
    engram_graph *graph = random_graph(rng, SLOTS, 5 * SLOTS);
    float *queries = normal(rng, CUES * DIM), *confidence = uniform(rng, SLOTS),
          *floor = uniform(rng, SLOTS);
    double *last = malloc(SLOTS * sizeof *last);
    for (int i = 0; i < SLOTS; i++)
        last[i] = engram_rng_uniform(rng) * 1e6;
    for (int i = 0; i < CUES; i++)
        cues[i] = (struct engram_cue){.size = sizeof *cues, .vector = queries + i * DIM};
    engram_bank_index(bank, ENGRAM_SIGN, 1);
    const struct engram_memories memories = {.size = sizeof memories,
                                             .slots = SLOTS,
                                             .bank = bank,
                                             .graph = graph,
                                             .last_recall = last,
                                             .confidence = confidence,
                                             .floor = floor};
    const struct engram_law law = {.size = sizeof law, .tau_s = 2e5};
    for (uint32_t mode = 0; mode < 12; mode++) {
        const struct engram_frontier f = {.size = sizeof f,
                                          .hops = 3,
                                          .fan = mode % 4,
                                          .fan_strength = 1.6f,
                                          .accumulate = mode / 4,
                                          .budget = mode % 3 ? 0 : 60};
        const struct engram_recall_options o = {.size = sizeof o,
                                                .k = K,
                                                .now = 1.1e6,
                                                .law = &law,
                                                .frontier = &f,
                                                .seed_threshold = 0.2f,
                                                .confidence = mode % 3,
                                                .form = mode % 5 ? 0 : ENGRAM_SIGN};
        memset(out, 0, sizeof out);
        engram_recall_batch(&memories, cues, CUES, &o, NULL, hits, parts, out);
        take(out, sizeof out);
        for (int i = 0; i < CUES; i++) {
            struct engram_explanation e = {0};
            struct engram_mark mark;
            take(hits + i * K, out[i].count * sizeof *hits);
            take(parts + i * K, out[i].count * sizeof *parts);
            engram_arena_mark(engram_arena_thread(), &mark);
            engram_recall_explain(&memories, &cues[i], &o, NULL, hits[i * K].id, &e);
            for (uint32_t j = 0; j < e.count; j++) {
                take(&e.sources[j].share, sizeof(double));
                take(&e.sources[j].path_share, sizeof(double));
                take(e.sources[j].path, e.sources[j].path_length * sizeof(uint64_t));
            }
            engram_arena_release(engram_arena_thread(), &mark);
        }
    }
    free(queries);
    free(confidence);
    free(floor);
    free(last);
    engram_graph_free(graph);
    engram_bank_free(bank);
}

/* ---- a life: memories made, linked, recalled, practised, merged, evicted, forgotten, taken back */

static uint64_t some_memory(struct engram_rng *rng, const engram_memory *m)
{
    struct engram_memory_info info;
    engram_memory_info(m, &info);
    uint64_t id = engram_memory_next(m, ENGRAM_NO_ID);
    for (uint32_t skip = engram_rng_below(rng, info.count + 1); skip > 1; skip--)
        id = engram_memory_next(m, id);
    return id;
}

static void meet(struct engram_rng *rng, engram_memory *m, double now)
{
    float vector[DIM];
    char text[32];
    engram_rng_fill_normal(rng, DIM, vector);
    for (int i = 3; i < DIM; i++)
        vector[i] *= 0.2f; /* so that some are much alike */
    struct engram_record r = {
        .size = sizeof r,
        .fields = ENGRAM_VECTOR | ENGRAM_CONTENT | ENGRAM_CONFIDENCE | ENGRAM_FLOOR | ENGRAM_FLAGS,
        .vector = vector,
        .content = text,
        .content_bytes = (size_t)snprintf(text, sizeof text, "met at %.3f", now),
        .confidence = 0.5f,
        .floor = engram_rng_below(rng, 5) == 0 ? 0.1f : 0,
        .flags = engram_rng_below(rng, 20) == 0 ? ENGRAM_PINNED : 0,
    };
    uint64_t other = some_memory(rng, m);
    const struct engram_link links[] = {
        {ENGRAM_NO_ID, other, (float)engram_rng_uniform(rng), engram_rng_below(rng, 3)},
        {other, ENGRAM_NO_ID, 0.5f, 0}};
    const struct engram_remembering how = {.size = sizeof how,
                                           .links = links,
                                           .link_count = other == ENGRAM_NO_ID ? 0 : 2,
                                           .duplicates = engram_rng_below(rng, 4),
                                           .threshold = 0.9f};
    struct engram_remembered out;
    engram_memory_remember(m, &r, &how, now, &out);
    take(&out.id, sizeof out.id);
}

static void think(struct engram_rng *rng, engram_memory *m, double now)
{
    static struct engram_hit hits[8];
    static struct engram_parts parts[8];
    float *vector = normal(rng, DIM);
    const float step[] = {0.7f, 0.7f}, threshold[] = {0.01f, 0.05f};
    const struct engram_frontier f = {.size = sizeof f,
                                      .hops = 1 + engram_rng_below(rng, 2),
                                      .fan = engram_rng_below(rng, 4),
                                      .fan_strength = 2,
                                      .step = step,
                                      .threshold = threshold};
    const struct engram_cue cue = {.size = sizeof cue, .vector = vector};
    const struct engram_recall_options o = {.size = sizeof o,
                                            .k = 8,
                                            .now = now,
                                            .frontier = &f,
                                            .seed_threshold = 0.2f,
                                            .confidence = engram_rng_below(rng, 3)};
    struct engram_recalled out;
    engram_memory_recall(m, &cue, &o, ENGRAM_RECORD, NULL, hits, parts, &out);
    take(hits, out.count * sizeof *hits);
    take(parts, out.count * sizeof *parts);
    free(vector);
}

static void life(struct engram_rng *rng)
{
    const struct engram_law law = {.size = sizeof law,
                                   .curve = ENGRAM_MIXTURE,
                                   .tau_s = 3600,
                                   .unit_s = 3600,
                                   .beta = 0.14,
                                   .weight = 0.5};
    const struct engram_memory_options options = {
        .size = sizeof options, .dim = DIM, .law = &law, .capacity = 150};
    engram_memory *m;
    uint64_t mark;
    engram_memory_new(&options, &m);
    for (int hour = 0; hour < 600; hour++) {
        double now = hour * 3600 + engram_rng_uniform(rng);
        uint32_t what = engram_rng_below(rng, 8);
        uint64_t id = some_memory(rng, m);
        const struct engram_reinforcement practice = {
            .size = sizeof practice, .amount = 0.2f, .scale_s = 7200};
        if (what < 4 || id == ENGRAM_NO_ID)
            meet(rng, m, now);
        else if (what < 6)
            think(rng, m, now);
        else if (what == 6)
            engram_memory_reinforce(m, &id, 1, &practice, now);
        else
            engram_memory_forget(m, id, now);
        if (hour % 100 == 30)
            engram_memory_mark(m, &mark);
        if (hour % 100 == 60)
            engram_memory_rollback(m, mark);
        if (hour % 100 == 90)
            engram_memory_release(m, mark);
    }
    float left[150];
    engram_memory_retention(m, 700 * 3600, left);
    take(left, sizeof left);
    uint64_t state = engram_memory_hash(m);
    take(&state, sizeof state);
    engram_memory_free(m);
}

/* ---- the list */

static const struct {
    const char *name;
    void (*run)(struct engram_rng *rng);
} workloads[] = {
    {"pairs", pairs},
    {"rows", rows},
    {"best", best},
    {"elementary", elementary},
    {"decay", decay},
    {"spread", spread},
    {"frontier", frontier},
    {"search", search},
    {"recall", recall},
    {"many-rows", many_rows},
    {"many-memories", many_memories},
    {"long-rows", long_rows},
    {"long-arrays", long_arrays},
    {"wide-graph", wide_graph},
    {"blocks", blocks},
    {"tiny", tiny},
    {"panels", panels},
    {"forms", forms},
    {"stages", stages},
    {"batch", batch},
    {"delta", delta},
    {"sparse", sparse},
    {"laws", laws},
    {"weights", weights},
    {"recall-modes", recall_modes},
    {"life", life},
};

static uint64_t hash_of(size_t workload)
{
    struct engram_rng rng = {workload + 1};
    hash = 0;
    workloads[workload].run(&rng);
    return hash;
}

static uint64_t expected(const char *name)
{
    char path[4096], known[64];
    const char *folder = getenv("srcdir");
    uint64_t value, found = 0;
    snprintf(path, sizeof path, "%s/t/data/golden.tsv", folder ? folder : ".");
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%63s %" SCNx64, known, &value) == 2)
        if (strcmp(known, name) == 0)
            found = value;
    if (file)
        fclose(file);
    return found;
}

/* One workload in every way that this machine and its host offer. */
static void check(size_t workload, struct pool *const *pools, size_t count)
{
    const char *name = workloads[workload].name;
    uint64_t want = expected(name);
    int ways = 0, wrong = 0;
    for (int rung = 0; rung < RUNGS; rung++) {
        engram_isa_set(engram_rung_names[rung]);
        if (strcmp(engram_isa(), engram_rung_names[rung]) != 0)
            continue;
        for (size_t p = 0; p < count; p++)
            for (int flush = 0; flush < 2; flush++, ways++) {
                loops.pool = pools[p];
                loops.flush = flush;
                flush_subnormals(flush);
                uint64_t got = hash_of(workload);
                flush_subnormals(false);
                if (got == want)
                    continue;
                wrong++;
                diag("%016" PRIx64 " at rung %s, with pool %zu, subnormal numbers %s", got,
                     engram_rung_names[rung], p, flush ? "flushed" : "kept");
            }
    }
    is_int(wrong, 0, "%s gives the bits %016" PRIx64 " in all of %d ways", name, want, ways);
}

int main(int argc, char **argv)
{
    enum { WORKLOADS = sizeof workloads / sizeof *workloads };
    const struct engram_options options = {.size = sizeof options, .parallel_for = parallel_for};
    const struct engram_arena_config scratch = {
        .size = sizeof scratch, .overflow = ENGRAM_FALLBACK, .bytes = 1 << 20};
    engram_init(&options);
    engram_arena_configure(&scratch);
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        for (size_t i = 0; i < WORKLOADS; i++)
            printf("%s\t%016" PRIx64 "\n", workloads[i].name, hash_of(i));
        return 0;
    }
    struct pool *const pools[] = {NULL, pool_new(2), pool_new(7)};
    for (size_t i = 0; i < WORKLOADS; i++)
        check(i, pools, sizeof pools / sizeof *pools);
    ok(loops.shared > 0, "some of the work is shared");
    diag("%zu loops were shared", loops.shared);
    pool_free(pools[1]);
    pool_free(pools[2]);
    return done();
}
