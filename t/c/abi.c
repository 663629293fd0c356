/* abi.c - the eight symbols of the original kernel library, as a program of old declares them.
 * SPDX-License-Identifier: MIT
 *
 * engram.h is left out on purpose: the names and types below are what such a program was compiled
 * with. */
#include "../tap.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

extern void engram_vector_similarity(const float *query, const float *candidates, float *scores,
                                     size_t query_len, size_t num_candidates);
extern void engram_spread_activation(const uint32_t *adjacency, const float *weights,
                                     float *activations, size_t num_nodes, size_t num_edges,
                                     uint32_t iterations);
extern void engram_apply_decay(float *strengths, const uint64_t *ages_seconds, size_t num_memories);
extern void engram_configure_arena(uint32_t pool_size_mb, uint8_t overflow_strategy);
extern void engram_arena_stats(size_t *total_resets, size_t *total_overflows,
                               size_t *max_high_water_mark);
extern void engram_reset_arenas(void);
extern void engram_reset_arena_metrics(void);
extern void engram_deinit_thread_arena(void);

/* The one addition: the original lost it. */
extern int engram_last_status(void);

enum { ENOMEM_STATUS = 1, ENULL_STATUS = 3, ERANGE_STATUS = 6, MIB_NODES = 262144 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int same(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

static int close_to(const float *got, const double *want, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= tolerance)) {
            diag("[%zu] is %.9g, expected %.9g", i, (double)got[i], want[i]);
            return 0;
        }
    return 1;
}

/* SplitMix64, so that nothing but the eight symbols is needed. */
static uint64_t state = 20240229;

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(double low, double high)
{
    return low + (high - low) * (double)(next() >> 11) * 0x1p-53;
}

/* Makes the last status one that no other check here expects: strategy 9 is out of range. */
static void other_status(void)
{
    engram_configure_arena(1, 9);
}

/* ---- similarity */

static float cosine(const float *query, const float *candidate, size_t n)
{
    float score = 42;
    engram_vector_similarity(query, candidate, &score, n, 1);
    return score;
}

static void similarity(void)
{
    float x[] = {1, 0, 0}, y[] = {1, 0, 0, 0, 1, 0}, scores[8];
    engram_vector_similarity(x, y, scores, 3, 2);
    ok(scores[0] == 1 && scores[1] == 0, "the same direction is 1, a right angle 0");
    float up[] = {1, 2, 3, 4, 5, 6, 7, 8}, down[] = {8, 7, 6, 5, 4, 3, 2, 1};
    is_close(cosine(up, down, 8), 120.0 / 204, 1e-6, "1..8 against 8..1 is 120/204");
    float three_four[] = {3, 4}, rows[] = {4, 3, -3, -4, 0, 0, 2e-15f, 0, 1e-16f, 0};
    engram_vector_similarity(three_four, rows, scores, 2, 5);
    const double want[] = {0.96, -1, 0, 0.6, 0};
    ok(close_to(scores, want, 5, 1e-6) && scores[1] == -1 && scores[2] == 0 && scores[4] == 0,
       "opposite is -1, a zero vector 0, a squared norm below 1e-30 counts as zero");
    float huge[] = {1e20f, 2e20f, 3e20f, 4e20f}, reversed[] = {4e20f, 3e20f, 2e20f, 1e20f};
    is_close(cosine(huge, reversed, 4), 2.0 / 3, 1e-6, "squares beyond float do not matter");
    float ones[] = {1, 1}, odd[] = {1, 1, 1, NAN, INFINITY, 1};
    engram_vector_similarity(ones, odd, scores, 2, 3);
    ok(scores[0] == 1 && scores[1] == 0 && scores[2] == 0,
       "parallel is 1 and not more, NaN and infinity score 0");
    float bad[] = {1, NAN};
    engram_vector_similarity(bad, odd, scores, 2, 3);
    ok(scores[0] == 0 && scores[1] == 0 && scores[2] == 0,
       "a NaN in the query makes every score 0");

    float nothing[] = {7, 7, 7};
    engram_vector_similarity(NULL, NULL, nothing, 0, 2);
    ok(nothing[0] == 0 && nothing[1] == 0 && nothing[2] == 7,
       "without dimensions every score is 0");
    engram_vector_similarity(ones, NULL, NULL, 2, 0);
    engram_vector_similarity(ones, NULL, nothing, 2, 0);
    ok(nothing[2] == 7, "without candidates nothing is written");

    float kept[] = {5, 6};
    engram_vector_similarity(NULL, odd, kept, 2, 2);
    ok(engram_last_status() == ENULL_STATUS && kept[0] == 5 && kept[1] == 6,
       "a missing query is a status and leaves the scores");
    other_status();
    engram_vector_similarity(ones, NULL, kept, 2, 2);
    ok(engram_last_status() == ENULL_STATUS && kept[0] == 5, "so are missing candidates");
    other_status();
    engram_vector_similarity(ones, odd, NULL, 2, 2);
    is_int(engram_last_status(), ENULL_STATUS, "and a missing place for the scores");
    float fine[2];
    engram_vector_similarity(ones, ones, fine, 2, 1);
    is_int(engram_last_status(), 0, "a call that succeeds says so after one that failed");
    engram_vector_similarity(ones, odd, kept, SIZE_MAX / 2, 4);
    ok(engram_last_status() != ENULL_STATUS && kept[0] == 5,
       "a product of sizes beyond size_t is a status, not a read past the end");

    enum { DIM = 300, ROWS = 40 };
    static float query[DIM], candidates[ROWS * DIM], got[ROWS];
    double worst = 0;
    int beyond = 0;
    for (size_t dim = 1; dim <= DIM; dim += dim < 70 ? 1 : 23) {
        for (size_t i = 0; i < dim; i++)
            query[i] = (float)uniform(-100, 100);
        for (size_t i = 0; i < ROWS * dim; i++)
            candidates[i] = (float)uniform(-100, 100);
        memcpy(candidates, query, dim * sizeof *query);
        engram_vector_similarity(query, candidates, got, dim, ROWS);
        for (size_t r = 0; r < ROWS; r++) {
            double qq = 0, cc = 0, qc = 0;
            for (size_t i = 0; i < dim; i++) {
                double q = query[i], c = candidates[r * dim + i];
                qq += q * q, cc += c * c, qc += q * c;
            }
            double error = fabs((double)got[r] - qc / (sqrt(qq) * sqrt(cc)));
            worst = error > worst ? error : worst;
            beyond += !(got[r] >= -1 && got[r] <= 1);
        }
    }
    ok(worst <= 1e-6, "scores are within 1e-6 of binary64");
    diag("worst error %.3g", worst);
    is_int(beyond, 0, "and within [-1, 1]");
}

/* ---- spreading */

static void spread_heuristic(void)
{
    const uint32_t fan[] = {1, 2};
    const float fan_weights[] = {0.5f, 0.3f};
    float a[] = {1, 0, 0};
    engram_spread_activation(fan, fan_weights, a, 3, 2, 1);
    const double fan_want[] = {1, 0.5, 0};
    ok(close_to(a, fan_want, 3, 1e-6), "of two edges and three nodes the second leaves node 1");

    const uint32_t same_target[] = {1, 1, 1};
    const float three_tenths[] = {0.3f, 0.3f, 0.3f};
    float b[] = {1, 0};
    engram_spread_activation(same_target, three_tenths, b, 2, 3, 1);
    const double two_of_three[] = {1, 0.6};
    ok(close_to(b, two_of_three, 2, 1e-6), "of three edges and two nodes the last leaves node 1");

    const uint32_t diamond[] = {1, 2, 3, 3};
    const float diamond_weights[] = {.5f, .3f, .2f, .4f};
    float c[] = {1, 0, 0.5f, 0};
    engram_spread_activation(diamond, diamond_weights, c, 4, 4, 1);
    const double diamond_want[] = {1, 0.5, 0.5, 0.1};
    ok(close_to(c, diamond_want, 4, 1e-6), "four edges and four nodes leave one node each");

    uint32_t spokes[10];
    float tenth[10], hub[11] = {1};
    for (uint32_t i = 0; i < 10; i++) {
        spokes[i] = i + 1;
        tenth[i] = 0.1f;
    }
    engram_spread_activation(spokes, tenth, hub, 11, 10, 3);
    const double hub_want[11] = {1, 0.3, 0.03, 0.001};
    ok(close_to(hub, hub_want, 11, 1e-6), "a hub with ten spokes becomes a chain");

    const uint32_t chain[] = {1, 2};
    const float ones[] = {1, 1};
    const double steps[3][3] = {{1, 1, 0}, {0.5, 1, 0.5}, {1.0 / 3, 1, 1}};
    for (uint32_t k = 1; k <= 3; k++) {
        float d[] = {1, 0, 0};
        engram_spread_activation(chain, ones, d, 3, 2, k);
        ok(close_to(d, steps[k - 1], 3, 1e-6), "a chain in order is right after %u iterations", k);
    }
}

static void spread_edges_of_the_rule(void)
{
    float a[] = {2, 0};
    engram_spread_activation(NULL, NULL, a, 2, 0, 3);
    ok(a[0] == 2 && a[1] == 0, "without edges nothing is normalised");
    const uint32_t to_one[] = {1};
    const float half[] = {0.5f};
    engram_spread_activation(to_one, half, a, 2, 1, 0);
    ok(a[0] == 2 && a[1] == 0, "without iterations nothing happens");
    engram_spread_activation(to_one, half, NULL, 0, 1, 3);
    engram_spread_activation(to_one, half, a, 2, 1, 1);
    ok(a[0] == 1 && a[1] == 0.5f, "a largest value above 1 becomes 1");

    const uint32_t outside[] = {7, 1};
    const float both[] = {0.5f, 0.25f};
    float b[] = {1, 1};
    engram_spread_activation(outside, both, b, 2, 2, 1);
    ok(b[0] == (float)(1 / 1.25) && b[1] == 1, "a target that is no node is skipped");

    const uint32_t loops[] = {0};
    const float two[] = {2};
    float c[] = {-1};
    engram_spread_activation(loops, two, c, 1, 1, 5);
    is_close(c[0], -243, 1e-3, "negative values are neither floored nor normalised");

    const float nan_weight[] = {NAN};
    float d[] = {0, 0.5f};
    engram_spread_activation(to_one, nan_weight, d, 2, 1, 1);
    ok(d[0] == 0 && isnan(d[1]), "a NaN weight reaches its target even from a silent source");

    const float kept[] = {0.25f, 0.5f};
    float e[] = {0.25f, 0.5f};
    other_status();
    engram_spread_activation(NULL, half, e, 2, 1, 1);
    ok(engram_last_status() == ENULL_STATUS && same(e, kept, 2),
       "missing targets are a status and leave the activations");
    other_status();
    engram_spread_activation(to_one, NULL, e, 2, 1, 1);
    ok(engram_last_status() == ENULL_STATUS && same(e, kept, 2), "so are missing weights");
    other_status();
    engram_spread_activation(to_one, half, NULL, 2, 1, 1);
    is_int(engram_last_status(), ENULL_STATUS, "and missing activations");
}

/* Random lists against binary64 with the same attribution of sources. */
static void spread_differential(void)
{
    enum { NODES = 60, EDGES = 400 };
    static uint32_t targets[EDGES];
    static float weights[EDGES], got[NODES];
    static double want[NODES], before[NODES];
    double worst = 0;
    for (int round = 0; round < 500; round++) {
        size_t nodes = 1 + next() % NODES, edges = 1 + next() % EDGES, k = 1 + next() % 9;
        size_t q = (edges + nodes - 1) / nodes;
        for (size_t e = 0; e < edges; e++) {
            targets[e] = (uint32_t)(next() % (nodes + 1)); /* now and then outside */
            weights[e] = (float)uniform(0, 1);
        }
        for (size_t i = 0; i < nodes; i++)
            want[i] = got[i] = next() % 3 ? (float)uniform(0, 1) : 0;
        for (size_t step = 0; step < k; step++) {
            memcpy(before, want, sizeof before);
            for (size_t e = 0; e < edges; e++)
                if (e / q < nodes && targets[e] < nodes)
                    want[targets[e]] += before[e / q] * (double)weights[e];
            double most = 0;
            for (size_t i = 0; i < nodes; i++)
                most = want[i] > most ? want[i] : most;
            for (size_t i = 0; i < nodes && most > 1; i++)
                want[i] /= most;
        }
        engram_spread_activation(targets, weights, got, nodes, edges, (uint32_t)k);
        for (size_t i = 0; i < nodes; i++) {
            double error = fabs((double)got[i] - want[i]);
            worst = error <= worst ? worst : error;
        }
    }
    ok(worst <= 1e-5, "500 random lists are within 1e-5 of binary64 with the same rule");
    diag("worst error %.3g", worst);
}

/* ---- decay */

static void decay(void)
{
    const uint64_t ages[] = {0, 3600, 86400, 172800, 604800};
    const double want[] = {1, 0.95918946, 0.36787944, 0.13533528, 9.1188197e-4};
    float s[] = {1, 1, 1, 1, 1};
    engram_apply_decay(s, ages, 5);
    ok(close_to(s, want, 5, 1e-6) && s[0] == 1, "after 86400 s 1/e is left, after none everything");

    float t[] = {0.8f, 1, 1e-38f, 1, 2.5f, -0.5f, NAN, INFINITY, 0.3f};
    const uint64_t more[] = {3600, 1000000000, 86400, UINT64_MAX, 86400, 86400, 86400, 86400, 0};
    engram_apply_decay(t, more, 9);
    is_close(t[0], 0.76735157, 1e-6, "0.8 after an hour");
    ok(t[1] == 0 && t[3] == 0, "after 30 years nothing is left");
    ok(t[2] == 0 && !signbit(t[2]), "what would be denormal is 0");
    ok(fabsf(t[4] - 0.9196986f) < 3e-6f && fabsf(t[5] + 0.18393972f) < 1e-6f && isnan(t[6]) &&
           isinf(t[7]),
       "strengths are not clamped");
    ok(t[8] == 0.3f, "age 0 leaves the strength as it is");

    float half[] = {1};
    const uint64_t half_a_day[] = {43200};
    engram_apply_decay(half, half_a_day, 1);
    is_close(half[0], 0.60653066, 1e-6, "after half the time constant exp(-1/2) is left");
    engram_apply_decay(half, half_a_day, 1);
    is_close(half[0], 0.36787944, 1e-6, "twice half the time is the whole time");

    engram_apply_decay(NULL, NULL, 0);
    float kept[] = {0.5f};
    other_status();
    engram_apply_decay(kept, NULL, 1);
    ok(engram_last_status() == ENULL_STATUS && kept[0] == 0.5f,
       "missing ages are a status and leave the strengths");
    other_status();
    engram_apply_decay(NULL, ages, 1);
    is_int(engram_last_status(), ENULL_STATUS, "so are missing strengths");

    enum { N = 3001 };
    static float strengths[N], got[N];
    static uint64_t seconds[N];
    for (size_t i = 0; i < N; i++) {
        strengths[i] = got[i] = (float)uniform(0, 1);
        seconds[i] = next() % 1000000;
    }
    engram_apply_decay(got, seconds, N);
    double worst = 0;
    for (size_t i = 0; i < N; i++) {
        double exact = (double)strengths[i] * exp(-(double)seconds[i] / 86400);
        double error = fabs((double)got[i] - exact) / (double)strengths[i];
        worst = error <= worst ? worst : error;
    }
    ok(worst <= 1e-6, "3001 strengths are within 1e-6 of themselves of binary64");
    diag("worst error %.3g", worst);
}

/* ---- arenas */

struct stats {
    size_t resets, overflows, peak;
};

static struct stats stats(void)
{
    struct stats s;
    engram_arena_stats(&s.resets, &s.overflows, &s.peak);
    return s;
}

/* Spreads n nodes over the edge 0 -> 1 of weight 0.5; whether that is what happened. */
static int spreads(size_t n)
{
    const uint32_t targets[] = {1};
    const float weights[] = {0.5f};
    float *a = calloc(n, sizeof *a);
    a[0] = 1;
    engram_spread_activation(targets, weights, a, n, 1, 1);
    int moved = a[0] == 1 && a[1] == 0.5f;
    for (size_t i = 2; i < n; i++)
        if (a[i] != 0)
            moved = -1;
    if (!moved && (a[0] != 1 || a[1] != 0))
        moved = -1;
    free(a);
    return moved;
}

static void arenas(void)
{
    engram_deinit_thread_arena();
    engram_reset_arena_metrics();
    struct stats s = stats();
    ok(s.resets == 0 && s.overflows == 0 && s.peak == 0, "reset metrics are 0");
    is_int(spreads(1000), 1, "1000 nodes spread");
    s = stats();
    ok(s.resets == 1 && s.overflows == 0 && s.peak >= 4000 && s.peak < 8192,
       "which is one reset, no overflow, and a peak of four bytes a node");
    is_int(spreads(MIB_NODES), 1, "262,144 nodes spread in 1 MiB");
    ok(stats().peak == 4 * (size_t)MIB_NODES && stats().resets == 2, "using all of it");
    is_int(spreads(MIB_NODES + 1), 0, "262,145 do not, and the activations stay");
    ok(engram_last_status() == ENOMEM_STATUS && stats().overflows == 1,
       "the status says so, and the overflow is counted");

    size_t resets = 99, overflows = 99, peak = 99;
    engram_arena_stats(NULL, NULL, NULL);
    engram_arena_stats(&resets, NULL, NULL);
    engram_arena_stats(NULL, &overflows, NULL);
    engram_arena_stats(NULL, NULL, &peak);
    s = stats();
    ok(resets == s.resets && overflows == s.overflows && peak == s.peak,
       "each number can be left out");

    engram_reset_arenas();
    engram_reset_arena_metrics();
    is_int(spreads(1000), 1, "1000 nodes spread after a reset");
    s = stats();
    ok(s.resets == 1 && s.overflows == 0 && s.peak < 8192,
       "and the metrics are those since they were reset, the peak too");

    engram_deinit_thread_arena();
    ok(stats().resets == s.resets && stats().peak == s.peak,
       "ending the thread's arena loses no count");
    engram_deinit_thread_arena();
    engram_deinit_thread_arena();
    engram_reset_arenas();
    is_int(spreads(1000), 1, "it may be ended again and again, and is made when it is needed");

    engram_configure_arena(2, 1);
    is_int(spreads(2 * MIB_NODES), 1, "2 MB hold 524,288 nodes");
    is_int(spreads(2 * MIB_NODES + 1), 0, "and not one more");
    engram_configure_arena(1, 2);
    is_int(spreads(MIB_NODES + 1), 1, "strategy 2 falls back to the host's memory");
    engram_reset_arena_metrics();
    engram_configure_arena(0, 1);
    is_int(engram_last_status(), ERANGE_STATUS, "0 MB are out of range");
    is_int(spreads(MIB_NODES), 1, "and become 1");
    is_int(spreads(MIB_NODES + 1), 0, "not more");
    engram_vector_similarity(NULL, NULL, NULL, 1, 1);
    engram_configure_arena(1, 9);
    is_int(engram_last_status(), ERANGE_STATUS, "strategy 9 is out of range");
    is_int(spreads(MIB_NODES + 1), 0, "and becomes 1: an error, neither the end nor a fallback");
    engram_vector_similarity(NULL, NULL, NULL, 1, 1);
    engram_configure_arena(UINT32_MAX, 2);
    is_int(engram_last_status(), ERANGE_STATUS, "4294967295 MB are out of range");
    engram_configure_arena(1024, 2);
    engram_configure_arena(1, 1);
    engram_deinit_thread_arena();
}

int main(void)
{
    unsetenv("ENGRAM_ARENA_SIZE");
    unsetenv("ENGRAM_ARENA_OVERFLOW");
    is_int(engram_last_status(), 0, "before the first failure the last status is 0");
    similarity();
    spread_heuristic();
    spread_edges_of_the_rule();
    spread_differential();
    decay();
    arenas();
    return done();
}
