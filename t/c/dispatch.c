/* dispatch.c - which version of each kernel runs: choosing, taking back, asking, counting.
 * SPDX-License-Identifier: MIT */
#include "workload.h"
#include "cpu.h"

#include <limits.h>
#include <math.h>

enum { MOST = 64 };

/* The facts about all kernels. */
static uint32_t infos(struct engram_kernel_info out[MOST])
{
    uint32_t n = 0;
    while (n < MOST && engram_kernel_info(n, &out[n]) == ENGRAM_OK)
        n++;
    return n;
}

static struct engram_kernel_info info_of(const char *kernel)
{
    struct engram_kernel_info all[MOST];
    uint32_t n = infos(all);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(all[i].name, kernel) == 0)
            return all[i];
    diag("there is no kernel %s", kernel);
    return (struct engram_kernel_info){.name = "", .chosen = "", .versions = ""};
}

/* The i-th of words separated by blanks; false after the last. */
static bool word_of(const char *words, int i, char out[16])
{
    for (; *words; words += strcspn(words, " "), words += *words == ' ')
        if (i-- == 0) {
            snprintf(out, 16, "%.*s", (int)strcspn(words, " "), words);
            return true;
        }
    return false;
}

static bool has_word(const char *words, const char *word)
{
    char one[16];
    for (int i = 0; word_of(words, i, one); i++)
        if (strcmp(one, word) == 0)
            return true;
    return false;
}

/* The rung that "avx2" means for a kernel: it, or the best one below. */
static const char *at_avx2(const char *versions)
{
    return has_word(versions, "avx2") ? "avx2" : has_word(versions, "neon") ? "neon" : "ref";
}

static int rung_of(const char *name)
{
    for (int rung = 0; rung < RUNGS; rung++)
        if (strcmp(name, engram_rung_names[rung]) == 0)
            return rung;
    return -1;
}

static void last_word(const char *words, char out[16])
{
    for (int i = 0; word_of(words, i, out); i++)
        ;
}

/* The choice as one text, to compare. */
static const char *choice(char out[2048])
{
    struct engram_kernel_info all[MOST];
    uint32_t n = infos(all);
    int used = snprintf(out, 2048, "%s:", engram_isa());
    for (uint32_t i = 0; i < n; i++)
        used += snprintf(out + used, 2048 - (size_t)used, " %s=%s", all[i].name, all[i].chosen);
    return out;
}

static void facts(void)
{
    struct engram_kernel_info all[MOST];
    uint32_t n = infos(all);
    ok(n >= 15 && n < MOST, "there are kernels");
    struct engram_kernel_info untouched = all[0];
    refused(engram_kernel_info(n, &all[0]), ENGRAM_ERANGE, "engram_kernel_info|i",
            "after the last there is none");
    refused(engram_kernel_info(UINT32_MAX, &all[0]), ENGRAM_ERANGE, "4294967295", "nor much later");
    ok(same_bits(&untouched, &all[0], sizeof untouched), "then nothing is written");
    refused(engram_kernel_info(0, NULL), ENGRAM_ENULL, "engram_kernel_info|out",
            "facts need a place for them");

    static const char *const rungs[] = {"ref",        "neon", "avx2", "avx512",
                                        "avx512vnni", "sve",  "AVX2", ""};
    int wrong = 0, shared_version = 0;
    for (uint32_t i = 0; i < n; i++) {
        char first[16] = "";
        word_of(all[i].versions, 0, first);
        wrong += strcmp(first, "ref") != 0 || !has_word(all[i].versions, all[i].chosen);
        for (size_t r = 0; r < COUNT(rungs); r++) {
            engram_any_kernel *version = engram_kernel_version(all[i].name, rungs[r]);
            wrong += (version != NULL) != (*rungs[r] && has_word(all[i].versions, rungs[r]));
            for (size_t other = 0; other < r; other++)
                shared_version +=
                    version && version == engram_kernel_version(all[i].name, rungs[other]);
        }
        for (uint32_t j = 0; j < i; j++)
            wrong += strcmp(all[i].name, all[j].name) == 0 ||
                     engram_kernel_version(all[i].name, "ref") ==
                         engram_kernel_version(all[j].name, "ref");
    }
    is_int(wrong, 0, "a kernel has exactly the versions it lists, the reference first");
    is_int(shared_version, 0, "and they are different functions");
    ok(!engram_kernel_version("dot", "ref") && !engram_kernel_version("", "ref") &&
           !engram_kernel_version("dot_f32 ", "ref"),
       "an unknown kernel has none");
    static const char *const known[] = {
        "dot_f32",          "squared_l2_f32", "norms_f32",     "cosines_f32",   "masked_cosine_f32",
        "weighted_sum_f32", "axpy_f32",       "top_k_f32",     "exp_f32",       "log_f32",
        "pow_f32",          "sigmoid_f32",    "softmax_f32",   "k_winners_f32", "moments_f32",
        "decay_f32",        "spread_f32",     "normalise_f32", "frontier_f32"};
    for (size_t i = 0; i < COUNT(known); i++)
        wrong += !engram_kernel_version(known[i], "ref");
    is_int(wrong, 0, "the kernels that compute on whole arrays are all there");
}

static void choosing(void)
{
    char best[2048], now[2048], top[16] = "";
    is_int(engram_isa_set(""), ENGRAM_OK, "the best versions can be chosen");
    choice(best);
    struct engram_kernel_info all[MOST];
    uint32_t n = infos(all);
    int wrong = 0;
    for (uint32_t i = 0; i < n; i++) {
        last_word(all[i].versions, top);
        wrong += strcmp(all[i].chosen, top) != 0;
    }
    is_int(wrong, 0, "then every kernel has its highest rung");
    char machine[16];
    snprintf(machine, sizeof machine, "%s", engram_isa());
    ok(rung_of(machine) >= rung_of(info_of("dot_f32").chosen),
       "and the rung in use is the machine's, whether or not this kernel uses it");

    is_int(engram_isa_set("ref"), ENGRAM_OK, "all can be taken back to the reference");
    n = infos(all);
    for (uint32_t i = 0; i < n; i++)
        wrong += strcmp(all[i].chosen, "ref") != 0;
    ok(wrong == 0 && strcmp(engram_isa(), "ref") == 0, "then every kernel is the reference");

    const char *avx2 = at_avx2(info_of("dot_f32").versions);
    engram_isa_set("avx2");
    n = infos(all);
    for (uint32_t i = 0; i < n; i++)
        wrong += strcmp(all[i].chosen, at_avx2(all[i].versions)) != 0;
    ok(wrong == 0 && strcmp(engram_isa(), avx2) == 0,
       "a cap gives each kernel the best version that is not above it");

    engram_isa_set("dot_f32=ref");
    ok(strcmp(info_of("dot_f32").chosen, "ref") == 0, "one kernel can be taken back");
    engram_isa_set("");
    n = infos(all);
    engram_isa_set("dot_f32=ref,axpy_f32=avx2");
    for (uint32_t i = 0; i < n; i++) {
        const char *want = strcmp(all[i].name, "dot_f32") == 0    ? "ref"
                           : strcmp(all[i].name, "axpy_f32") == 0 ? avx2
                                                                  : all[i].chosen;
        wrong += strcmp(info_of(all[i].name).chosen, want) != 0;
    }
    is_int(wrong, 0, "or several, while the others stay the best");
    is_string(engram_isa(), machine, "which leaves the rung in use");
    engram_isa_set("ref,dot_f32=avx2");
    ok(strcmp(info_of("dot_f32").chosen, avx2) == 0 &&
           strcmp(info_of("axpy_f32").chosen, "ref") == 0,
       "words count from left to right: a kernel can stand above a cap before it");
    engram_isa_set("dot_f32=avx2,ref");
    is_string(info_of("dot_f32").chosen, "ref", "but not above one behind it");
    engram_isa_set("avx512vnni");
    is_string(choice(now), best, "a rung that the machine may lack means the best one below");

    engram_isa_set("avx2,dot_f32=ref");
    char before[2048];
    choice(before);
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"avx3", "avx3|ref|avx2|avx512"},
        {"AVX2", "AVX2"},
        {"ref,fast", "fast|avx512"},
        {"ref,dot_f32=fast", "fast|ref"},
        {"dot=ref", "dot|dot_f32|cosines_f32|frontier_f32"},
        {"ref,dot_f33=ref", "dot_f33|dot_f32"},
        {"=ref", "dot_f32"},
        {"dot_f32=", "avx2"},
        {"avx2 ", "avx2 "},
        {"ref;avx2", "ref;avx2"},
        {"dot_f32", "dot_f32|avx2"},
        {"re", "re"},
        {"reff", "reff"},
        {"dot_f32=ref=ref", "ref"},
        {"%s%n", "%s%n"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        refused(engram_isa_set(bad[i].text), ENGRAM_ERANGE, bad[i].words,
                "\"%s\" is refused, with the words that are known", bad[i].text);
        is_string(choice(now), before, "and changes nothing");
    }
    refused(engram_isa_set(NULL), ENGRAM_ENULL, "engram_isa_set|text", "no text is refused");
    static char longest[100000];
    memset(longest, 'x', sizeof longest - 1);
    refused(engram_isa_set(longest), ENGRAM_ERANGE, "xxx", "a word of 99,999 letters is refused");
    is_string(choice(now), before, "and changes nothing either");
    engram_isa_set("");
}

/* Every single choice, and mixtures, on the same inputs. */
static void same_results(void)
{
    struct shared shared;
    share(&shared);
    int failures = 0, different = 0, tried = 0;
    engram_isa_set("ref");
    uint64_t reference[3];
    for (uint64_t seed = 0; seed < 3; seed++)
        reference[seed] = workload(seed, &shared, &failures);
    ok(failures == 0 && reference[0] != reference[1], "the reference computes everything");

    struct engram_kernel_info all[MOST];
    uint32_t n = infos(all);
    for (uint32_t i = 0; i < n; i++) {
        char rung[16], text[64];
        for (int v = 0; word_of(all[i].versions, v, rung); v++) {
            snprintf(text, sizeof text, "ref,%s=%s", all[i].name, rung);
            engram_isa_set(text);
            bool differs = workload(0, &shared, &failures) != reference[0];
            if (differs)
                diag("%s gives other bits", text);
            different += differs;
            tried++;
        }
    }
    is_int(different, 0, "each version of each kernel gives the bits of the reference");
    diag("%d choices tried", tried);
    static const char *const caps[] = {"avx2", "avx512", "", "avx512,dot_f32=ref,norms_f32=avx2"};
    for (size_t i = 0; i < COUNT(caps); i++) {
        engram_isa_set(caps[i]);
        for (uint64_t seed = 0; seed < 3; seed++)
            different += workload(seed, &shared, &failures) != reference[seed];
    }
    is_int(different, 0, "so do all of them together, capped anywhere");
    is_int(failures, 0, "none of it fails");
    unshare(&shared);
}

static void counters(void)
{
    enum { N = 777 };
    static float x[N], y[N];
    static double ages[N];
    struct engram_law law = {.size = sizeof law, .tau_s = 1};
    static const char *const names[] = {"exp_f32",     "log_f32",  "pow_f32",
                                        "sigmoid_f32", "axpy_f32", "decay_f32"};
    struct engram_kernel_info before[COUNT(names)], after;
    for (size_t i = 0; i < COUNT(names); i++)
        before[i] = info_of(names[i]);
    struct engram_kernel_info dot = info_of("dot_f32");
    for (int call = 0; call < 3; call++) {
        engram_isa_set(call ? "ref" : "");
        engram_exp_f32(x, N, y);
        engram_log_f32(x, N, y);
        engram_pow_f32(x, x, N, y);
        engram_sigmoid_f32(x, 0, 1, N, y);
        engram_axpy_f32(1, x, N, y);
        engram_decay_f32(&law, NULL, NULL, ages, ENGRAM_AGE_F64, 0, N, y);
        engram_dot_f32(x, y, N);
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        after = info_of(names[i]);
        ok(after.calls == before[i].calls + 3 && after.elements == before[i].elements + 3 * N,
           "%s counts its calls and elements, whatever version runs", names[i]);
        ok(after.nanoseconds == before[i].nanoseconds, "and no time unless it is asked to");
    }
    after = info_of("dot_f32");
    ok(after.calls == dot.calls && after.elements == dot.elements,
       "functions of one pair count nothing");
    after = info_of("exp_f32");
    engram_exp_f32(NULL, N, y);
    ok(info_of("exp_f32").calls == after.calls, "a call that is refused is not counted");
    engram_isa_set("");
}

static uint64_t nanoseconds_of_a_call(void)
{
    static float x[1 << 16];
    uint64_t before = info_of("exp_f32").nanoseconds;
    engram_exp_f32(x, COUNT(x), x);
    return info_of("exp_f32").nanoseconds - before;
}

static void timing(void)
{
    is_int(engram_timing(1), 0, "timing is off at first");
    ok(nanoseconds_of_a_call() > 0, "while it is on, time is counted");
    is_int(engram_timing(0), 1, "a switch says how it was");
    ok(nanoseconds_of_a_call() == 0, "while it is off, none is");
    is_int(engram_timing(7), 0, "off twice is off");
    is_int(engram_timing(INT_MAX), 8, "of many calls one is timed, of a power of two");
    is_int(engram_timing(-1), 1 << 20, "of 2^20 at most");
    is_int(engram_timing(0), 0, "less than none is none");
}

static uint32_t index_of(const char *kernel)
{
    struct engram_kernel_info info;
    uint32_t i = 0;
    while (engram_kernel_info(i, &info) == ENGRAM_OK && strcmp(info.name, kernel) != 0)
        i++;
    return i;
}

static struct engram_kernel_times times_of(const char *kernel, const char *rung)
{
    struct engram_kernel_times times = {0};
    engram_kernel_times(index_of(kernel), rung, &times);
    return times;
}

/* The sum of the buckets, and what the time of that many calls lies between. */
static bool buckets_fit(const struct engram_kernel_times *t)
{
    uint64_t sum = 0;
    double least = 0, most = 0;
    for (int i = 0; i < ENGRAM_TIME_BUCKETS; i++) {
        double bound = 100.0 * (double)(1ull << i);
        sum += t->buckets[i];
        least += (double)t->buckets[i] * (i ? bound / 2 : 0);
        most += (double)t->buckets[i] * (i < ENGRAM_TIME_BUCKETS - 1 ? bound : 1e30);
    }
    return sum == t->timed && least <= (double)t->nanoseconds && (double)t->nanoseconds <= most;
}

static void histograms(void)
{
    enum { SHORT = 8, LONG = 1 << 15, N = 4000 };
    static float x[LONG];
    engram_isa_set("");
    const char *best = info_of("exp_f32").chosen;
    struct engram_kernel_times before = times_of("exp_f32", best), after;
    engram_timing(1);
    for (int i = 0; i < 10; i++)
        engram_exp_f32(x, i % 2 ? SHORT : LONG, x);
    engram_timing(0);
    engram_exp_f32(x, SHORT, x);
    after = times_of("exp_f32", best);
    ok(after.calls - before.calls == 11 && after.timed - before.timed == 10,
       "calls of a version are counted, and how many of them were timed");
    ok(buckets_fit(&after), "each of them in the bucket of its time");
    int used = 0;
    for (int i = 0; i < ENGRAM_TIME_BUCKETS; i++)
        used += after.buckets[i] > before.buckets[i];
    ok(used >= 2, "long ones in another than short ones");

    struct engram_kernel_times ref = times_of("exp_f32", "ref");
    engram_isa_set("exp_f32=ref");
    engram_exp_f32(x, SHORT, x);
    engram_isa_set("");
    is_int((long long)(times_of("exp_f32", "ref").calls - ref.calls), 1,
           "a call counts for the version that it used");
    struct engram_kernel_info info = info_of("exp_f32");
    uint64_t calls = 0, nanoseconds = 0;
    for (int rung = 0; rung < RUNGS; rung++) {
        calls += times_of("exp_f32", engram_rung_names[rung]).calls;
        nanoseconds += times_of("exp_f32", engram_rung_names[rung]).nanoseconds;
    }
    ok(calls == info.calls && nanoseconds == info.nanoseconds,
       "its versions make up what a kernel counts");

    /* two kernels in turn */
    uint64_t timed[2] = {times_of("exp_f32", best).timed, times_of("log_f32", best).timed};
    engram_timing(8);
    for (int i = 0; i < N; i++)
        (i % 2 ? engram_exp_f32 : engram_log_f32)(x, SHORT, x);
    engram_timing(0);
    timed[0] = times_of("exp_f32", best).timed - timed[0];
    timed[1] = times_of("log_f32", best).timed - timed[1];
    ok(timed[0] > N / 32 && timed[0] < N / 8 && timed[1] > N / 32 && timed[1] < N / 8,
       "of calls one in eight is timed, whatever turns kernels take");
    diag("%d and %d of %d", (int)timed[0], (int)timed[1], N / 2);

    struct engram_kernel_times out = {.calls = 7};
    refused(engram_kernel_times(UINT32_MAX, "ref", &out), ENGRAM_ERANGE,
            "engram_kernel_times|4294967295", "after the last kernel there are no times");
    refused(engram_kernel_times(0, "mmx", &out), ENGRAM_ERANGE, "engram_kernel_times|mmx|avx2",
            "nor of what is no rung");
    refused(engram_kernel_times(0, NULL, &out), ENGRAM_ENULL, "rung", "it wants a rung");
    refused(engram_kernel_times(0, "ref", NULL), ENGRAM_ENULL, "out", "and a place");
    is_int((long long)out.calls, 7, "what is refused writes nothing");
}

static uint64_t failures_of(const char *kernel, int status)
{
    struct engram_kernel_errors errors = {{0}};
    engram_kernel_errors(index_of(kernel), &errors);
    return errors.by_status[status];
}

static void errors(void)
{
    float x[4] = {1, 2, 3, INFINITY}, divisor;
    struct engram_law law = {.size = sizeof law, .tau_s = -1};
    uint64_t notes = logged.notes;
    for (int i = 0; i < 9; i++)
        engram_decay_f32(&law, NULL, NULL, x, ENGRAM_AGE_F32, 0, 1, x);
    is_int((long long)failures_of("decay_f32", ENGRAM_ERANGE), 9,
           "what a kernel refuses is counted");
    is_int((long long)(logged.notes - notes), 4, "the log hears of the 1st, 2nd, 4th and 8th");
    ok(mentions(logged.last, "engram_decay_f32: law->tau_s|ERANGE no. 8 of decay_f32"),
       "with its sentence");
    engram_decay_f32(&law, NULL, NULL, NULL, 7, 0, 1, x);
    law.tau_s = 1;
    engram_decay_f32(&law, NULL, NULL, x, 7, 0, 1, x);
    is_int((long long)failures_of("decay_f32", ENGRAM_EDTYPE), 1, "by its status");
    engram_normalise_f32(x, 4, 1, ENGRAM_NORMALISE_MAX1, &divisor, x);
    is_int((long long)failures_of("normalise_f32", ENGRAM_ERANGE), 1, "a result without range too");
    uint64_t all = 0;
    struct engram_kernel_info info;
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        for (int status = 0; status < ENGRAM_STATUSES; status++)
            all += failures_of(info.name, status);
    engram_isa_set("nonsense");
    engram_arena_new(NULL, NULL);
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        for (int status = 0; status < ENGRAM_STATUSES; status++)
            all -= failures_of(info.name, status);
    is_int((long long)all, 0, "failures of others are not a kernel's");
    struct engram_kernel_errors out;
    refused(engram_kernel_errors(UINT32_MAX, &out), ENGRAM_ERANGE,
            "engram_kernel_errors|4294967295", "after the last kernel there are no errors");
    refused(engram_kernel_errors(0, NULL), ENGRAM_ENULL, "engram_kernel_errors|out",
            "errors need a place for them");
}

int main(void)
{
    is_int(start_logged(NULL), ENGRAM_OK, "the library starts");
    ok(logged.notes == 1 && mentions(logged.last, "engram|rung|kernels by rung"),
       "and notes which kernels it has chosen");
    facts();
    choosing();
    same_results();
    counters();
    timing();
    histograms();
    errors();
    heap_settled();
    return done();
}
