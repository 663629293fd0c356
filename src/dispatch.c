/* dispatch.c - fills the table of chosen kernels: the machine's rung, ENGRAM_ISA, engram_isa_set.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "cpu.h"
#include "host.h"

#include <pthread.h>
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
    const char *chosen; /* rung of the version in use */
    char versions[40];  /* rungs that run here */
    uint64_t calls, elements, nanoseconds;
} kernels[KERNELS] = {
#define KERNEL(kernel)                                                                             \
    {.name = #kernel, .active = (any_pointer *)&engram_active.kernel, .chosen = "ref"},
#define VARIANT(name, rung)
#include "kernels/kernels.def"
};

/* Versions by kernel and rung; NULL where there is none. */
static engram_any_kernel *const versions[KERNELS][RUNGS] = {
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

static void choose(const enum engram_rung cap[KERNELS], enum engram_rung all)
{
    pthread_mutex_lock(&choosing);
    for (int k = 0; k < KERNELS; k++) {
        enum engram_rung rung = cap[k];
        while (!runs[rung] || !versions[k][rung])
            rung--;
        __atomic_store_n(kernels[k].active, versions[k][rung], __ATOMIC_RELAXED);
        __atomic_store_n(&kernels[k].chosen, engram_rung_names[rung], __ATOMIC_RELAXED);
    }
    while (!runs[all])
        all--;
    __atomic_store_n(&in_use, engram_rung_names[all], __ATOMIC_RELAXED);
    pthread_mutex_unlock(&choosing);
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

int engram_isa_set(const char *text)
{
    ENGRAM_NEED(text);
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

void engram_dispatch_init(void)
{
    for (int rung = 0; rung < RUNGS; rung++)
        runs[rung] = built[rung] && engram_cpu_has((enum engram_rung)rung);
    for (int k = 0; k < KERNELS; k++)
        for (int rung = 0; rung < RUNGS; rung++)
            if (runs[rung] && versions[k][rung]) {
                if (rung > 0)
                    strcat(kernels[k].versions, " ");
                strcat(kernels[k].versions, engram_rung_names[rung]);
            }

    engram_isa_set("");
    const char *wish = engram_environment("ENGRAM_ISA");
    if (wish && engram_isa_set(wish) != ENGRAM_OK)
        engram_reject("ENGRAM_ISA=%.40s: %.130s", wish, strchr(engram_last_message(), '\''));
}

bool engram_runs(enum engram_rung rung)
{
    return runs[rung];
}

const char *engram_isa(void)
{
    return __atomic_load_n(&in_use, __ATOMIC_RELAXED);
}

int engram_kernel_info(uint32_t i, struct engram_kernel_info *out)
{
    ENGRAM_NEED(out);
    if (i >= KERNELS)
        return engram_fail(ENGRAM_ERANGE, "engram_kernel_info: i is %u, there are %d kernels",
                           (unsigned)i, KERNELS);
    struct kernel *kernel = &kernels[i];
    *out = (struct engram_kernel_info){
        .name = kernel->name,
        .chosen = __atomic_load_n(&kernel->chosen, __ATOMIC_RELAXED),
        .versions = kernel->versions[0] ? kernel->versions : "ref",
        .calls = __atomic_load_n(&kernel->calls, __ATOMIC_RELAXED),
        .elements = __atomic_load_n(&kernel->elements, __ATOMIC_RELAXED),
        .nanoseconds = __atomic_load_n(&kernel->nanoseconds, __ATOMIC_RELAXED),
    };
    return ENGRAM_OK;
}

engram_any_kernel *engram_kernel_version(const char *kernel, const char *rung)
{
    if (!kernel || !rung)
        return NULL;
    int k = find_kernel(kernel, strlen(kernel));
    int r = find_rung(rung, strlen(rung));
    return k < 0 || r < 0 || !runs[r] ? NULL : versions[k][r];
}

static uint64_t nanoseconds(void)
{
    return (uint64_t)(engram_clock() * 1e9);
}

uint64_t engram_begin(void)
{
    return engram_timed() ? nanoseconds() : 0;
}

void engram_count(enum engram_kernel kernel, uint64_t elements, uint64_t begun)
{
    struct kernel *k = &kernels[kernel];
    __atomic_fetch_add(&k->calls, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&k->elements, elements, __ATOMIC_RELAXED);
    if (begun)
        __atomic_fetch_add(&k->nanoseconds, nanoseconds() - begun, __ATOMIC_RELAXED);
}
