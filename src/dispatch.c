/* dispatch.c - fills the table of chosen kernels: the machine's rung, ENGRAM_ISA, engram_isa_set.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "host.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct engram_table engram_active = {
#define KERNEL(name) .name = engram_##name##_ref,
#define VARIANT(name, rung)
#include "kernels/kernels.def"
};

/* The table again as an array: a kernel's name, the place of its pointer, what it counted. */
typedef engram_any_kernel *__attribute__((may_alias)) any_pointer; /* to a kernel of any type */
static struct kernel {
    const char *name;
    any_pointer *active;
    enum engram_rung rung;     /* of the version in use */
    const char *failed[RUNGS]; /* the check that put a version out of use */
    char versions[40];         /* rungs that run here */
    struct path {
        uint64_t calls, nanoseconds, buckets[ENGRAM_TIME_BUCKETS];
    } paths[RUNGS];
    uint64_t elements, errors[ENGRAM_STATUSES];
} kernels[KERNELS] = {
#define KERNEL(kernel) {.name = #kernel, .active = (any_pointer *)&engram_active.kernel},
#define VARIANT(name, rung)
#include "kernels/kernels.def"
};

engram_any_kernel *engram_versions[KERNELS][RUNGS] = {
#define KERNEL(name) [KERNEL_##name][RUNG_ref] = (engram_any_kernel *)engram_##name##_ref,
#define VARIANT(name, rung)                                                                        \
    ENGRAM_IF_##rung([KERNEL_##name][RUNG_##rung] = (engram_any_kernel *)engram_##name##_##rung, )
#include "kernels/kernels.def"
};

/* Rungs that were built; of those, the ones that run here. */
static const bool built[RUNGS] = {
    [RUNG_ref] = true,
    ENGRAM_IF_neon([RUNG_neon] = true, ) ENGRAM_IF_avx2([RUNG_avx2] = true, )
        ENGRAM_IF_avx512([RUNG_avx512] = true, ) ENGRAM_IF_avx512vnni([RUNG_avx512vnni] = true, )};
static bool runs[RUNGS] = {true};
static const char *in_use = "ref";
static pthread_mutex_t choosing = PTHREAD_MUTEX_INITIALIZER;

static uint64_t load(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add(uint64_t *counter, uint64_t n)
{
    __atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

enum engram_rung engram_rung_of(enum engram_kernel kernel)
{
    return __atomic_load_n(&kernels[kernel].rung, __ATOMIC_RELAXED);
}

/* The best version from a rung down that runs here and has not failed; the reference never does.
 * With the lock held, as all that follows. */
static enum engram_rung best_from(int k, enum engram_rung rung)
{
    while (!runs[rung] || !engram_versions[k][rung] || kernels[k].failed[rung])
        rung--;
    return rung;
}

static void use(int k, enum engram_rung rung)
{
    __atomic_store_n(kernels[k].active, engram_versions[k][rung], __ATOMIC_RELAXED);
    __atomic_store_n(&kernels[k].rung, rung, __ATOMIC_RELAXED);
}

static void choose(const enum engram_rung cap[KERNELS], enum engram_rung all)
{
    pthread_mutex_lock(&choosing);
    for (int k = 0; k < KERNELS; k++)
        use(k, best_from(k, cap[k]));
    while (!runs[all])
        all--;
    __atomic_store_n(&in_use, engram_rung_names[all], __ATOMIC_RELAXED);
    pthread_mutex_unlock(&choosing);
}

bool engram_demote(enum engram_kernel kernel, const char *check)
{
    pthread_mutex_lock(&choosing);
    enum engram_rung rung = kernels[kernel].rung;
    if (rung > RUNG_ref) {
        kernels[kernel].failed[rung] = check;
        use((int)kernel, best_from((int)kernel, rung));
    }
    pthread_mutex_unlock(&choosing);
    return rung > RUNG_ref;
}

void engram_demote_back(enum engram_kernel kernel, enum engram_rung rung, const char *check)
{
    pthread_mutex_lock(&choosing);
    for (int r = 0; r <= (int)rung; r++) /* above it stands what failed before */
        if (kernels[kernel].failed[r] == check)
            kernels[kernel].failed[r] = NULL;
    use((int)kernel, rung);
    pthread_mutex_unlock(&choosing);
}

int engram_demoted(uint32_t i, struct engram_demotion *out)
{
    ENGRAM_NEED(out);
    uint32_t found = 0;
    pthread_mutex_lock(&choosing);
    for (int k = 0; k < KERNELS && found <= i; k++)
        for (int rung = 0; rung < RUNGS && found <= i; rung++)
            if (kernels[k].failed[rung] && found++ == i)
                *out = (struct engram_demotion){kernels[k].name, engram_rung_names[rung],
                                                kernels[k].failed[rung]};
    pthread_mutex_unlock(&choosing);
    return found > i ? ENGRAM_OK
                     : engram_fail(ENGRAM_ERANGE, "engram_demoted: i is %u, there are %u",
                                   (unsigned)i, (unsigned)found);
}

/* How many kernels run which rung, for the log. */
static void tell_choice(void)
{
    char counts[128] = "";
    for (int rung = 0; rung < RUNGS; rung++) {
        int n = 0;
        for (int k = 0; k < KERNELS; k++)
            n += engram_rung_of((enum engram_kernel)k) == (enum engram_rung)rung;
        size_t used = strlen(counts);
        if (n > 0)
            snprintf(counts + used, sizeof counts - used, "%s %s %d", used ? "," : "",
                     engram_rung_names[rung], n);
    }
    engram_log_line(ENGRAM_LOG_NOTE, "engram %s: rung %s; kernels by rung:%s", engram_version(),
                    engram_isa(), counts);
}

static int find_rung(const char *name, size_t n)
{
    for (int rung = 0; rung < RUNGS; rung++)
        if (strlen(engram_rung_names[rung]) == n && memcmp(engram_rung_names[rung], name, n) == 0)
            return rung;
    return -1;
}

static int find_kernel(const char *name, size_t n)
{
    for (int k = 0; k < KERNELS; k++)
        if (strlen(kernels[k].name) == n && memcmp(kernels[k].name, name, n) == 0)
            return k;
    return -1;
}

#define KERNEL(name) #name " "
#define VARIANT(name, rung)
static const char kernel_names[] =
#include "kernels/kernels.def"
    ;

static int choose_by(const char *text)
{
    enum engram_rung all = RUNGS - 1, cap[KERNELS];
    for (int k = 0; k < KERNELS; k++)
        cap[k] = all;

    for (const char *word = text; *word;) {
        size_t n = strcspn(word, ",");
        const char *equals = memchr(word, '=', n);
        size_t left = equals ? (size_t)(equals - word) : 0;
        const char *name = equals ? equals + 1 : word;
        int rung = find_rung(name, n - (size_t)(name - word));
        int kernel = equals ? find_kernel(word, left) : 0;
        if (rung < 0)
            return engram_fail(ENGRAM_ERANGE,
                               "engram_isa_set: '%.*s' is no rung; known: " ENGRAM_RUNG_WORDS,
                               (int)(n - (size_t)(name - word)), name);
        if (kernel < 0)
            return engram_fail(ENGRAM_ERANGE, "engram_isa_set: '%.*s' is no kernel; known: %s",
                               (int)left, word, kernel_names);
        if (equals) {
            cap[kernel] = (enum engram_rung)rung;
        } else {
            all = (enum engram_rung)rung;
            for (int k = 0; k < KERNELS; k++)
                cap[k] = all;
        }
        word += n;
        word += *word == ',';
    }
    choose(cap, all);
    return ENGRAM_OK;
}

int engram_isa_set(const char *text)
{
    ENGRAM_NEED(text);
    int status = choose_by(text);
    if (status != ENGRAM_OK)
        return status;
    tell_choice();
    struct engram_self_test result;
    return engram_self_tests() ? engram_self_test(&result) : ENGRAM_OK;
}

void engram_dispatch_init(void)
{
    for (int rung = 0; rung < RUNGS; rung++)
        runs[rung] = built[rung] && engram_cpu_has((enum engram_rung)rung);
    for (int k = 0; k < KERNELS; k++)
        for (int rung = 0; rung < RUNGS; rung++)
            if (runs[rung] && engram_versions[k][rung]) {
                if (rung > 0)
                    strcat(kernels[k].versions, " ");
                strcat(kernels[k].versions, engram_rung_names[rung]);
            }

    choose_by("");
    const char *wish = engram_environment("ENGRAM_ISA");
    if (wish && choose_by(wish) != ENGRAM_OK)
        engram_reject("ENGRAM_ISA=%.40s: %.130s", wish, strchr(engram_last_message(), '\''));
    tell_choice();
}

bool engram_runs(enum engram_rung rung)
{
    return runs[rung];
}

const char *engram_isa(void)
{
    return __atomic_load_n(&in_use, __ATOMIC_RELAXED);
}

static int check_kernel(const char *function, uint32_t i)
{
    return i < KERNELS ? ENGRAM_OK
                       : engram_fail(ENGRAM_ERANGE, "%s: i is %u, there are %d kernels", function,
                                     (unsigned)i, KERNELS);
}

int engram_kernel_info(uint32_t i, struct engram_kernel_info *out)
{
    ENGRAM_NEED(out);
    int status = check_kernel(__func__, i);
    if (status != ENGRAM_OK)
        return status;
    const struct kernel *kernel = &kernels[i];
    *out = (struct engram_kernel_info){
        .name = kernel->name,
        .chosen = engram_rung_names[engram_rung_of(i)],
        .versions = kernel->versions[0] ? kernel->versions : "ref",
        .elements = load(&kernel->elements),
    };
    for (int rung = 0; rung < RUNGS; rung++) {
        out->calls += load(&kernel->paths[rung].calls);
        out->nanoseconds += load(&kernel->paths[rung].nanoseconds);
    }
    return ENGRAM_OK;
}

int engram_kernel_times(uint32_t i, const char *rung, struct engram_kernel_times *out)
{
    ENGRAM_NEED(rung);
    ENGRAM_NEED(out);
    int status = check_kernel(__func__, i), r = find_rung(rung, strlen(rung));
    if (status != ENGRAM_OK)
        return status;
    if (r < 0)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_kernel_times: '%.40s' is no rung; known: " ENGRAM_RUNG_WORDS,
                           rung);
    const struct path *path = &kernels[i].paths[r];
    *out = (struct engram_kernel_times){.calls = load(&path->calls),
                                        .nanoseconds = load(&path->nanoseconds)};
    for (int b = 0; b < ENGRAM_TIME_BUCKETS; b++)
        out->timed += out->buckets[b] = load(&path->buckets[b]);
    return ENGRAM_OK;
}

int engram_kernel_errors(uint32_t i, struct engram_kernel_errors *out)
{
    ENGRAM_NEED(out);
    int status = check_kernel(__func__, i);
    if (status != ENGRAM_OK)
        return status;
    for (int s = 0; s < ENGRAM_STATUSES; s++)
        out->by_status[s] = load(&kernels[i].errors[s]);
    return ENGRAM_OK;
}

engram_any_kernel *engram_kernel_version(const char *kernel, const char *rung)
{
    if (!kernel || !rung)
        return NULL;
    int k = find_kernel(kernel, strlen(kernel));
    int r = find_rung(rung, strlen(rung));
    return k < 0 || r < 0 || !runs[r] ? NULL : engram_versions[k][r];
}

static uint64_t nanoseconds(void)
{
    return (uint64_t)(engram_clock() * 1e9);
}

static _Thread_local bool uncounted;

void engram_uncount(bool on)
{
    uncounted = on;
}

uint64_t engram_begin(void)
{
    return engram_timed() ? nanoseconds() : 0;
}

/* The first bucket whose bound, 100 ns * 2^i, is not below. */
static int bucket_of(uint64_t took)
{
    uint64_t hundreds = took ? (took - 1) / 100 : 0;
    int bucket = hundreds ? 64 - __builtin_clzll(hundreds) : 0;
    return bucket < ENGRAM_TIME_BUCKETS - 1 ? bucket : ENGRAM_TIME_BUCKETS - 1;
}

void engram_count(enum engram_kernel kernel, uint64_t elements, uint64_t begun)
{
    if (uncounted)
        return;
    struct kernel *k = &kernels[kernel];
    struct path *path = &k->paths[engram_rung_of(kernel)];
    add(&path->calls, 1);
    add(&k->elements, elements);
    if (!begun)
        return;
    uint64_t took = nanoseconds() - begun;
    add(&path->nanoseconds, took);
    add(&path->buckets[bucket_of(took)], 1);
}

/* A message begins with the name of the function that it is about, and a kernel's door has the name
 * of its kernel: no door needs to count what it refuses. The log hears of the 1st, 2nd, 4th, 8th ..
 * failure, so that a loop of them does not flood it. */
void engram_count_failure(int status, const char *message)
{
    static const char prefix[] = "engram_";
    const char *name = message + sizeof prefix - 1;
    if (uncounted || strncmp(message, prefix, sizeof prefix - 1) != 0)
        return;
    int k = find_kernel(name, strcspn(name, ":"));
    if (k < 0)
        return;
    uint64_t times = __atomic_add_fetch(&kernels[k].errors[status], 1, __ATOMIC_RELAXED);
    if ((times & (times - 1)) == 0)
        engram_log_line(ENGRAM_LOG_NOTE, "%s; %.*s no. %llu of %s", message,
                        (int)strcspn(engram_strerror(status), ":"), engram_strerror(status),
                        (unsigned long long)times, kernels[k].name);
}
