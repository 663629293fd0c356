/* health.c - the self-test: worked examples, computed by hand once, asked of the versions in use.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "host.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Each result within its tolerance; a NaN is within none. */
static bool near(const float *got, const double *want, size_t n, double relative, double absolute)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= fabs(want[i]) * relative + absolute))
            return false;
    return true;
}

/* ---- similarity: a query, rows, and their cosines */

static const struct similarity {
    size_t dim, n;
    float query[8], rows[10];
    double want[5];
} similarities[] = {
    {3, 2, {1, 0, 0}, {1, 0, 0, 0, 1, 0}, {1, 0}},
    {8, 1, {1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1}, {120.0 / 204}},
    {2, 5, {3, 4}, {4, 3, -3, -4, 0, 0, 2e-15f, 0, 1e-16f, 0}, {0.96, -1, 0, 0.6, 0}},
    {4, 1, {1e20f, 2e20f, 3e20f, 4e20f}, {4e20f, 3e20f, 2e20f, 1e20f}, {2.0 / 3}},
    {2, 3, {1, 1}, {1, 1, 1, NAN, INFINITY, 1}, {1, 0, 0}},
};

static int check_similarity(const void *data, bool *right)
{
    const struct similarity *s = data;
    float scores[5];
    int status = engram_cosines_f32(s->query, s->rows, NULL, s->n, s->dim, scores);
    *right = status == ENGRAM_OK && near(scores, s->want, s->n, 0, 1e-6);
    return status;
}

/* ---- spreading: a graph, a start, and the activations after so many steps more */

static const struct spreading {
    uint32_t nodes, offsets[5], targets[4];
    float weights[4], start[4];
    struct {
        uint32_t steps; /* 0: no more */
        double want[4];
    } then[3];
} spreadings[] = {
    {3,
     {0, 1, 2, 2},
     {1, 2},
     {1, 1},
     {1, 0, 0},
     {{1, {1, 1, 0}}, {1, {0.5, 1, 0.5}}, {1, {1.0 / 3, 1, 1}}}},
    {4,
     {0, 3, 3, 4, 4},
     {1, 2, 3, 3},
     {0.5f, 0.3f, 0.2f, 0.4f},
     {1, 0, 0.5f, 0},
     {{1, {1, 0.5, 0.8, 0.4}}, {1, {1 / 1.1, 1 / 1.1, 1, 0.92 / 1.1}}}},
    {3,
     {0, 2, 2, 2},
     {1, 2},
     {1, -0.5f},
     {1, 0, 0},
     {{1, {1, 1, -0.5}}, {1, {0.5, 1, -0.5}}, {3, {0.2, 1, -0.5}}}},
};

/* Scratch of its own: the thread's arena counts what the program does. */
struct scratch {
    unsigned char block[ENGRAM_ARENA_HEAD + 8192];
};

static engram_arena *arena_in(struct scratch *scratch)
{
    const struct engram_arena_config config = {.size = sizeof config, .bytes = 8192};
    engram_arena *arena = NULL;
    engram_arena_over(scratch->block, &config, &arena);
    return arena;
}

/* Among nodes without edges steps go out from active nodes; by themselves, dense ones are made. */
enum { AMONG = 64 };

static int spread_among(const struct spreading *p, uint32_t nodes, bool *right)
{
    struct engram_spread options = {.size = sizeof options, .keep = 1, .gain = 1};
    struct scratch scratch;
    engram_arena *arena = arena_in(&scratch);
    engram_graph *graph = NULL;
    uint32_t offsets[AMONG + 1];
    float a[AMONG] = {0};
    for (uint32_t i = 0; i <= nodes; i++)
        offsets[i] = p->offsets[i < p->nodes ? i : p->nodes];
    memcpy(a, p->start, sizeof p->start);
    int status = engram_graph_from_csr(nodes, offsets, p->targets, p->weights, NULL, &graph);
    for (int i = 0; i < 3 && p->then[i].steps && status == ENGRAM_OK; i++) {
        options.steps = p->then[i].steps;
        status = engram_graph_spread(graph, &options, arena, a);
        *right = *right && status == ENGRAM_OK && near(a, p->then[i].want, p->nodes, 0, 1e-6);
    }
    engram_graph_free(graph);
    engram_arena_free(arena);
    return status;
}

static int check_spreading(const void *data, bool *right)
{
    const struct spreading *p = data;
    *right = true;
    int status = spread_among(p, p->nodes, right);
    return status == ENGRAM_OK ? spread_among(p, AMONG, right) : status;
}

/* ---- decay: a strength, and what is left of it at some ages, with tau a day */

static const struct decay {
    float strength;
    size_t n;
    uint64_t ages[5];
    double want[5];
} decays[] = {
    {1,
     5,
     {0, 3600, 86400, 172800, 604800},
     {1, 0.95918945710913, 0.36787944117144, 0.13533528323661, 9.1188196555452e-4}},
    {0.8f, 1, {3600}, {0.76735157712}},
    {1, 1, {1000000000}, {0}},
    {1e-38f, 1, {86400}, {0}},
};

static int check_decay(const void *data, bool *right)
{
    const struct decay *d = data;
    const struct engram_law law = {.size = sizeof law, .tau_s = 86400};
    float strengths[5], out[5];
    for (int i = 0; i < 5; i++)
        strengths[i] = d->strength;
    int status = engram_decay_f32(&law, NULL, strengths, d->ages, ENGRAM_AGE_U64, 0, d->n, out);
    *right = status == ENGRAM_OK && near(out, d->want, d->n, 1e-6, 1.2e-38);
    return status;
}

/* ---- the probe: a - b - c - d - e, each weaker on the way back, and a tie between the ends */

static int probe(double *activation)
{
    static const uint32_t offsets[] = {0, 2, 4, 6, 8, 10},
                          targets[] = {1, 4, 0, 2, 1, 3, 2, 4, 3, 0}, seed = 0;
    static const float weights[] = {0.8f, 0.4f, 0.3f, 0.8f, 0.3f, 0.8f, 0.3f, 0.8f, 0.3f, 0.7f},
                       one = 1;
    const struct engram_frontier options = {.size = sizeof options, .hops = 3};
    struct scratch scratch;
    engram_arena *arena = arena_in(&scratch);
    engram_graph *graph = NULL;
    float a[5] = {0};
    int status = engram_graph_from_csr(5, offsets, targets, weights, NULL, &graph);
    if (status == ENGRAM_OK)
        status = engram_graph_frontier(graph, &options, &seed, &one, 1, arena, a, NULL, NULL, NULL);
    *activation = 0;
    for (int i = 0; i < 5; i++)
        *activation += (double)a[i];
    engram_graph_free(graph);
    engram_arena_free(arena);
    return status;
}

static int check_probe(const void *unused, bool *right)
{
    (void)unused;
    double activation;
    int status = probe(&activation);
    *right = status == ENGRAM_OK && activation >= 0.05 && isfinite(activation);
    return status;
}

/* ---- all of them */

static const struct check {
    const char *name;
    int (*run)(const void *data, bool *right);
    const void *data;
    int n; /* kernels that its answer depends on */
    enum engram_kernel kernels[3];
} checks[] = {
#define S(i)                                                                                       \
    {                                                                                              \
        "S" #i, check_similarity, &similarities[i - 1], 1,                                         \
        {                                                                                          \
            KERNEL_cosines_f32                                                                     \
        }                                                                                          \
    }
    S(1), S(2), S(3), S(4), S(5),
#define P(i)                                                                                       \
    {                                                                                              \
        "P" #i, check_spreading, &spreadings[i - 1], 3,                                            \
        {                                                                                          \
            KERNEL_spread_active_f32, KERNEL_spread_f32, KERNEL_normalise_f32                      \
        }                                                                                          \
    }
    P(1), P(2), P(3),
#define D(i)                                                                                       \
    {                                                                                              \
        "D" #i, check_decay, &decays[i - 1], 1,                                                    \
        {                                                                                          \
            KERNEL_decay_f32                                                                       \
        }                                                                                          \
    }
    D(1), D(2), D(3), D(4), {"probe", check_probe, NULL, 1, {KERNEL_frontier_f32}},
};
enum { CHECKS = sizeof checks / sizeof *checks };

/* What says nothing about a version: the call was stopped, or had no memory. */
static bool not_run(int status)
{
    return status == ENGRAM_ECANCELLED || status == ENGRAM_ENOMEM;
}

/* Demotes kernels of a check, those with a bit in `which`, until it gives the right answer; if it
 * never does they were not to blame and are as before. How many versions that took. */
static uint32_t demote(const struct check *check, unsigned which)
{
    enum engram_rung before[3];
    uint32_t demoted = 0;
    bool right = false, more = true;
    for (int k = 0; k < check->n; k++)
        before[k] = engram_rung_of(check->kernels[k]);
    while (more) {
        more = false;
        for (int k = 0; k < check->n; k++)
            if (which >> k & 1 && engram_demote(check->kernels[k], check->name)) {
                demoted++;
                more = true;
            }
        if (more && !not_run(check->run(check->data, &right)) && right)
            return demoted;
    }
    for (int k = 0; k < check->n; k++)
        if (which >> k & 1)
            engram_demote_back(check->kernels[k], before[k], check->name);
    return 0;
}

/* Each kernel of a check alone, then all of them. */
static uint32_t demote_one_or_all(const struct check *check)
{
    uint32_t demoted = 0;
    for (int k = 0; k < check->n && demoted == 0; k++)
        demoted = demote(check, 1u << k);
    return demoted || check->n == 1 ? demoted : demote(check, (1u << check->n) - 1);
}

static int run_checks(struct engram_self_test *out)
{
    *out = (struct engram_self_test){.checks = CHECKS};
    double begun = engram_clock();
    int status = probe(&out->probe_activation);
    out->probe_s = engram_clock() - begun;
    for (int i = 0; i < CHECKS && !not_run(status); i++) {
        bool right = false;
        status = checks[i].run(checks[i].data, &right);
        out->passed += right;
        if (right || not_run(status))
            continue;
        size_t used = strlen(out->failed);
        snprintf(out->failed + used, sizeof out->failed - used, "%s%s", used ? " " : "",
                 checks[i].name);
        if (!engram_keeps_failed())
            out->demoted += demote_one_or_all(&checks[i]);
    }
    return not_run(status) ? status : ENGRAM_OK;
}

int engram_self_test(struct engram_self_test *out)
{
    static pthread_mutex_t testing = PTHREAD_MUTEX_INITIALIZER;
    ENGRAM_NEED(out);
    struct engram_self_test result;
    pthread_mutex_lock(&testing);
    engram_uncount(true);
    int status = run_checks(&result);
    engram_uncount(false);
    pthread_mutex_unlock(&testing);
    if (status != ENGRAM_OK)
        return status;
    if (result.passed < result.checks)
        engram_log_line(ENGRAM_LOG_WARNING,
                        "engram: the self-test fails (%s); %u versions of kernels put out of use",
                        result.failed, (unsigned)result.demoted);
    *out = result;
    return ENGRAM_OK;
}
