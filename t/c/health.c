/* health.c - the self-test: what it finds when a version is wrong, and what it does about it.
 * SPDX-License-Identifier: MIT */
#include "support.h"
#include "dispatch.h"

#include <math.h>

/* ---- versions that are wrong */

static int wrong_cosines(const float *query, const float *rows, const float *norms, size_t n,
                         size_t dim, float *scores)
{
    (void)query, (void)rows, (void)norms, (void)dim;
    memset(scores, 0, n * sizeof *scores);
    return ENGRAM_OK;
}

/* Right but for NaN, which it lets through. */
static int careless_cosines(const float *query, const float *rows, const float *norms, size_t n,
                            size_t dim, float *scores)
{
    int status = engram_cosines_f32_ref(query, rows, norms, n, dim, scores);
    for (size_t i = 0; i < n; i++)
        if (rows[i * dim + dim - 1] != rows[i * dim + dim - 1])
            scores[i] = NAN;
    return status;
}

/* A thousand million seconds are not too many for it. */
static int careless_decay(const struct engram_law *law, const struct engram_law_each *each,
                          const float *strengths, const void *ages, uint32_t age_type,
                          uint32_t flags, size_t n, float *out)
{
    int status = engram_decay_f32_ref(law, each, strengths, ages, age_type, flags, n, out);
    for (size_t i = 0; i < n; i++)
        if (((const uint64_t *)ages)[i] > 100000000)
            out[i] = 1e-5f;
    return status;
}

static int wrong_spread(const struct engram_pull *pull, const struct engram_spread *options,
                        const float *x, const float *cue, uint32_t columns, uint32_t first,
                        uint32_t last, float *y)
{
    int status = engram_spread_f32_ref(pull, options, x, cue, columns, first, last, y);
    for (uint32_t i = first; i < last; i++)
        y[i] += 0.01f;
    return status;
}

static int wrong_active(const struct engram_graph_view *graph, const struct engram_spread *options,
                        const float *x, const float *cue, uint32_t columns, const uint64_t *active,
                        uint64_t *touched, float *y)
{
    int status = engram_spread_active_f32_ref(graph, options, x, cue, columns, active, touched, y);
    y[0] += 0.01f;
    return status;
}

static int wrong_normalise(const float *raw, size_t n, uint32_t columns, uint32_t normalise,
                           float *divisors, float *out)
{
    (void)normalise;
    memcpy(out, raw, n * columns * sizeof *out);
    divisors[0] = 1;
    return ENGRAM_OK;
}

static int wrong_frontier(const struct engram_graph_view *graph,
                          const struct engram_frontier *options, const uint32_t *seeds,
                          const float *values, size_t n, struct engram_walk *walk,
                          float *activations, uint16_t *first_hop, uint32_t *contributions)
{
    int status = engram_frontier_f32_ref(graph, options, seeds, values, n, walk, activations,
                                         first_hop, contributions);
    memset(activations, 0, graph->nodes * sizeof *activations);
    return status;
}

/* Puts one in the place of the best version. */
#define PLANT(kernel, version)                                                                     \
    do {                                                                                           \
        __typeof__(engram_##kernel) *planted = version;                                            \
        engram_versions[KERNEL_##kernel][engram_rung_of(KERNEL_##kernel)] =                        \
            (engram_any_kernel *)planted;                                                          \
        engram_active.kernel = planted;                                                            \
    } while (0)

/* ---- what is expected */

static bool has_rungs; /* below a version there is another */

static struct engram_self_test result_of(void)
{
    struct engram_self_test result = {.checks = 0};
    if (engram_self_test(&result) != ENGRAM_OK)
        snprintf(result.failed, sizeof result.failed, "%.60s", engram_last_message());
    return result;
}

static const char *chosen(const char *kernel)
{
    struct engram_kernel_info info;
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        if (strcmp(info.name, kernel) == 0)
            return info.chosen;
    return "none";
}

/* A report of the first thing that does not hold. */
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return #condition;                                                                     \
    } while (0)

/* A wrong version is found by a check, put out of use for good, and no other is. */
static const char *one_is_demoted(const char *kernel, const char *check)
{
    const char *before = chosen(kernel);
    char text[64];
    struct engram_demotion demotion;
    struct engram_self_test result = result_of();
    HOLDS(strcmp(result.failed, check) == 0);
    HOLDS(result.passed == result.checks - 1);
    HOLDS(result.demoted == 1);
    HOLDS(strcmp(chosen(kernel), before) != 0);
    HOLDS(engram_demoted(0, &demotion) == ENGRAM_OK);
    HOLDS(strcmp(demotion.kernel, kernel) == 0 && strcmp(demotion.rung, before) == 0 &&
          strcmp(demotion.check, check) == 0);
    HOLDS(engram_demoted(1, &demotion) == ENGRAM_ERANGE);
    HOLDS(logged.warnings == 1 && mentions(logged.last, "self-test|1 version") &&
          mentions(logged.last, check));
    HOLDS(*result_of().failed == '\0' && logged.warnings == 1);

    const char *below = chosen(kernel);
    engram_isa_set("");
    HOLDS(strcmp(chosen(kernel), below) == 0);
    snprintf(text, sizeof text, "ref,%s=%s", kernel, before);
    engram_isa_set(text);
    HOLDS(strcmp(chosen(kernel), below) == 0);
    return "";
}

#define DEMOTED(test, kernel, version, check)                                                      \
    static const char *test(void)                                                                  \
    {                                                                                              \
        PLANT(kernel, version);                                                                    \
        return one_is_demoted(#kernel, check);                                                     \
    }
DEMOTED(cosines, cosines_f32, wrong_cosines, "S1")
DEMOTED(cosines_of_nan, cosines_f32, careless_cosines, "S5")
DEMOTED(decay_of_old, decay_f32, careless_decay, "D3")
DEMOTED(spreading, spread_f32, wrong_spread, "P1")
DEMOTED(spreading_from_active, spread_active_f32, wrong_active, "P1")
DEMOTED(normalising, normalise_f32, wrong_normalise, "P1")
DEMOTED(frontier, frontier_f32, wrong_frontier, "probe")

/* None of them alone is to blame: all go down a rung. */
static const char *several(void)
{
    PLANT(spread_active_f32, wrong_active);
    PLANT(normalise_f32, wrong_normalise);
    struct engram_self_test result = result_of();
    HOLDS(mentions(result.failed, "P1"));
    HOLDS(result.demoted == 3);
    HOLDS(*result_of().failed == '\0');
    engram_isa_set("");
    HOLDS(*result_of().failed == '\0');
    return "";
}

/* Each of its own check. */
static const char *two(void)
{
    PLANT(cosines_f32, careless_cosines);
    PLANT(decay_f32, careless_decay);
    struct engram_self_test result = result_of();
    HOLDS(strcmp(result.failed, "S5 D3") == 0 && result.demoted == 2);
    HOLDS(*result_of().failed == '\0');
    struct engram_demotion first, second;
    HOLDS(engram_demoted(0, &first) == ENGRAM_OK && engram_demoted(1, &second) == ENGRAM_OK);
    HOLDS(strcmp(first.kernel, "cosines_f32") == 0 && strcmp(second.kernel, "decay_f32") == 0);
    return "";
}

/* Below the reference there is nothing. */
static const char *reference(void)
{
    engram_isa_set("ref");
    PLANT(decay_f32, careless_decay);
    struct engram_self_test result = result_of();
    HOLDS(strcmp(result.failed, "D3") == 0 && result.demoted == 0);
    HOLDS(strcmp(chosen("decay_f32"), "ref") == 0);
    struct engram_demotion none;
    HOLDS(engram_demoted(0, &none) == ENGRAM_ERANGE);
    return "";
}

/* A host that wants to see for itself. */
static const char *kept(void)
{
    const struct engram_options wishes = {.keep_failed = 1};
    start_logged(&wishes);
    const char *before = chosen("cosines_f32");
    PLANT(cosines_f32, wrong_cosines);
    struct engram_self_test result = result_of();
    HOLDS(strcmp(result.failed, "S1 S2 S3 S4 S5") == 0);
    HOLDS(result.passed == result.checks - 5 && result.demoted == 0);
    HOLDS(strcmp(chosen("cosines_f32"), before) == 0);
    HOLDS(logged.warnings == 1 && mentions(logged.last, "S1 S2|0 versions"));
    return "";
}

static uint64_t calls(void)
{
    struct engram_kernel_info info;
    uint64_t sum = 0;
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        sum += info.calls;
    return sum;
}

/* By itself: at start, and after each choice. */
static const char *by_itself(void)
{
    const struct engram_options wishes = {.self_test = 1};
    struct engram_demotion last;
    for (int rung = RUNG_ref + 1; rung < RUNGS; rung++)
        if (engram_versions[KERNEL_decay_f32][rung])
            engram_versions[KERNEL_decay_f32][rung] = (engram_any_kernel *)careless_decay;
    HOLDS(start_logged(&wishes) == ENGRAM_OK);
    HOLDS(strcmp(chosen("decay_f32"), "ref") == 0);
    HOLDS((logged.warnings == 1) == (engram_demoted(0, &last) == ENGRAM_OK));
    PLANT(cosines_f32, wrong_cosines);
    uint64_t warnings = logged.warnings;
    HOLDS(engram_isa_set("nonsense") == ENGRAM_ERANGE && logged.warnings == warnings);
    HOLDS(engram_isa_set("") == ENGRAM_OK && logged.warnings == warnings + 1);
    return "";
}

static const char *not_by_itself(void)
{
    start_logged(NULL);
    PLANT(cosines_f32, wrong_cosines);
    engram_isa_set("");
    HOLDS(logged.warnings == 0);
    return "";
}

/* What stops a call says nothing about versions. */
static const char *stopped(void)
{
    static const uint32_t cancel = 1;
    const struct engram_options wishes = {.cancel = &cancel};
    start_logged(&wishes);
    struct engram_self_test out = {.checks = 99};
    HOLDS(engram_self_test(&out) == ENGRAM_ECANCELLED && out.checks == 99);
    struct engram_demotion none;
    HOLDS(engram_demoted(0, &none) == ENGRAM_ERANGE && logged.warnings == 0);
    return "";
}

static const char *without_memory(void)
{
    struct engram_self_test out = {.checks = 99};
    int failures = 0;
    for (long fuse = 0; fuse < 200; fuse++) {
        heap.fuse = fuse;
        int status = engram_self_test(&out);
        heap.fuse = -1;
        HOLDS(status == ENGRAM_OK || status == ENGRAM_ENOMEM);
        HOLDS(status == ENGRAM_OK || out.checks == 99);
        failures += status != ENGRAM_OK;
        if (status == ENGRAM_OK)
            break;
    }
    HOLDS(failures > 3 && out.passed == out.checks);
    struct engram_demotion none;
    HOLDS(engram_demoted(0, &none) == ENGRAM_ERANGE && logged.warnings == 0 && heap.live == 0);
    return "";
}

static void demoted(const char *(*test)(void), const char *sentence)
{
    if (has_rungs)
        is_string(in_child(test), "", "%s", sentence);
    else
        ok(true, "%s # SKIP there is only the reference", sentence);
}

int main(void)
{
    is_string(in_child(by_itself), "", "it runs at start and after each choice, if it is asked to");
    is_string(in_child(not_by_itself), "", "and not by itself otherwise");
    is_string(in_child(kept), "", "a host can keep what fails");
    is_string(in_child(stopped), "", "what is cancelled is no failure of a version");

    is_int(start_logged(NULL), ENGRAM_OK, "the library starts");
    engram_isa_set("");
    has_rungs = strcmp(chosen("decay_f32"), "ref") != 0;
    struct engram_arena_totals totals;
    struct engram_self_test result = result_of();
    is_string(result.failed, "", "no check fails");
    ok(result.checks == 13 && result.passed == 13 && result.demoted == 0,
       "S1 .. S5, P1 .. P3, D1 .. D4 and the probe pass");
    ok(result.probe_s > 0 && result.probe_s < 10, "the probe takes its time");
    ok(result.probe_activation > 1 && result.probe_activation < 10, "and activates something");
    engram_arena_totals(&totals);
    ok(totals.arenas == 0 && engram_arena_peak() == 0, "the thread needs no arena for it");
    ok(calls() == 0, "its calls are not counted");
    float one = 1;
    engram_exp_f32(&one, 1, &one);
    ok(calls() == 1, "others are");
    engram_isa_set("ref");
    is_string(result_of().failed, "", "nor does one fail with the references");
    engram_isa_set("");
    refused(engram_self_test(NULL), ENGRAM_ENULL, "engram_self_test|out", "it wants a place");
    struct engram_demotion none = {.kernel = "none"};
    refused(engram_demoted(0, &none), ENGRAM_ERANGE, "engram_demoted|i is 0|there are 0",
            "nothing is out of use");
    is_string(none.kernel, "none", "then nothing is written");
    refused(engram_demoted(0, NULL), ENGRAM_ENULL, "engram_demoted|out", "a demotion too");

    demoted(cosines, "a wrong cosine is found");
    demoted(cosines_of_nan, "so is one that is wrong for NaN alone");
    demoted(decay_of_old, "a decay that leaves something of what is old");
    demoted(spreading, "a wrong dense step");
    demoted(spreading_from_active, "a wrong step from active nodes");
    demoted(normalising, "a wrong normalisation");
    demoted(frontier, "a frontier that reaches nothing");
    demoted(two, "two kernels in two checks");
    demoted(several, "two kernels in one check");
    is_string(in_child(reference), "", "a wrong reference is told, and stays");
    is_string(in_child(without_memory), "", "without memory it says so, and demotes nothing");
    heap_settled();
    return done();
}
