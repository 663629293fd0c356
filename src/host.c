/* host.c - what the host decides, for all: memory, log, messages, cancel flag, environment.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "host.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { REJECTED_MAX = 16, SENTENCE = 200, MESSAGE = 512 };

static struct engram_options host;
static uint32_t timing; /* 0: no call is timed, 1: each, otherwise one of so many, a power of two */
enum { TIMING_MOST = 1 << 20 };

static char rejected[REJECTED_MAX][SENTENCE];
static uint32_t rejected_count;

static _Thread_local int last_status;
static _Thread_local char last_message[MESSAGE];

/* "0", "1" or "1/64": one of how many calls is timed; -1 if it is anything else. */
static int parse_timing(const char *text)
{
    if (strncmp(text, "1/", 2) != 0)
        return (*text == '0' || *text == '1') && !text[1] ? *text - '0' : -1;
    const char *digits = text + 2;
    size_t n = strspn(digits, "0123456789");
    long every = n > 0 && n < 8 && !digits[n] ? strtol(digits, NULL, 10) : 0;
    return every > 0 && every <= TIMING_MOST && (every & (every - 1)) == 0 ? (int)every : -1;
}

void engram_host_init(const struct engram_options *options)
{
    if (options)
        engram_read_options(&host, sizeof host, options);
    const char *metrics = engram_environment("ENGRAM_ARENA_METRICS");
    int every = metrics ? parse_timing(metrics) : 0;
    if (every < 0)
        engram_reject(
            "ENGRAM_ARENA_METRICS=%.60s: expected 0, 1, or 1/N for a power of two N up to "
            "%d; times are not measured",
            metrics, TIMING_MOST);
    timing = every > 0 ? (uint32_t)every : 0;
}

void engram_read_options(void *own, size_t own_bytes, const void *given)
{
    uint32_t size;
    memcpy(&size, given, sizeof size);
    memset(own, 0, own_bytes);
    memcpy(own, given, size < own_bytes ? size : own_bytes);
}

/* ---- messages */

static const char *const meanings[] = {
    [ENGRAM_OK] = "OK: success",
    [ENGRAM_ENOMEM] = "ENOMEM: the arena or the system has no room",
    [ENGRAM_EDIM] = "EDIM: a shape or length does not fit",
    [ENGRAM_ENULL] = "ENULL: a required pointer is null",
    [ENGRAM_ECOMPUTE] = "ECOMPUTE: the computation failed",
    [ENGRAM_EDTYPE] = "EDTYPE: element type not accepted",
    [ENGRAM_ERANGE] = "ERANGE: a parameter or a result lies outside its domain",
    [ENGRAM_ENONFINITE] = "ENONFINITE: NaN or infinity where it is refused",
    [ENGRAM_ENOTCONV] = "ENOTCONV: iteration limit reached",
    [ENGRAM_EUNSUPPORTED] = "EUNSUPPORTED: feature not implemented",
    [ENGRAM_EFORMAT] = "EFORMAT: malformed file or message",
    [ENGRAM_ELIMIT] = "ELIMIT: a resource limit would be exceeded",
    [ENGRAM_EBUDGET] = "EBUDGET: a budget would be exceeded",
    [ENGRAM_EBUSY] = "EBUSY: in use",
    [ENGRAM_EIO] = "EIO: operating system error",
    [ENGRAM_EDENIED] = "EDENIED: refused by policy",
    [ENGRAM_EALIAS] = "EALIAS: output overlaps an input",
    [ENGRAM_EGRAPH] = "EGRAPH: malformed graph",
    [ENGRAM_EDISABLED] = "EDISABLED: switched off",
    [ENGRAM_ECANCELLED] = "ECANCELLED: the cancel flag was set",
};

const char *engram_strerror(int status)
{
    if (status < 0 || (size_t)status >= sizeof meanings / sizeof *meanings)
        return "unknown status";
    return meanings[status];
}

int engram_last_status(void)
{
    return last_status;
}

const char *engram_last_message(void)
{
    return last_message;
}

int engram_fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_message, sizeof last_message, format, arguments);
    va_end(arguments);
    last_status = status;
    if (status != ENGRAM_OK)
        engram_count_failure(status, last_message);
    return status;
}

/* What came from outside may hold anything; a log has one line for it. */
static void to_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = '?';
}

void engram_log_line(int level, const char *format, ...)
{
    if (!host.log)
        return;
    char line[MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    to_one_line(line);
    host.log(host.context, level, line);
}

int engram_check_finite(const char *function, const char *name, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(values[i]) <= FLT_MAX))
            return engram_fail(ENGRAM_ENONFINITE, "%s: %s[%zu] is %g", function, name, i,
                               engram_shown(values[i]));
    return ENGRAM_OK;
}

/* ---- the environment */

const char *engram_environment(const char *name)
{
    return host.ignore_environment ? NULL : getenv(name);
}

void engram_reject(const char *format, ...)
{
    if (rejected_count == REJECTED_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rejected[rejected_count], SENTENCE, format, arguments);
    va_end(arguments);
    to_one_line(rejected[rejected_count++]);
}

const char *engram_rejected(uint32_t i)
{
    return i < rejected_count ? rejected[i] : NULL;
}

bool engram_panic_refused(void)
{
    return host.refuse_panic;
}

int engram_timing(int every)
{
    uint32_t wanted = 1;
    while (every > 0 && wanted < (uint32_t)every && wanted < TIMING_MOST)
        wanted *= 2;
    return (int)__atomic_exchange_n(&timing, every > 0 ? wanted : 0, __ATOMIC_RELAXED);
}

/* Which calls of many is left to chance: counting them off would find the same kernel again and
 * again where kernels take turns. */
bool engram_timed(void)
{
    static _Thread_local uint64_t chance;
    uint32_t every = __atomic_load_n(&timing, __ATOMIC_RELAXED);
    if (every <= 1)
        return every == 1;
    chance = chance * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
    return (chance >> 40 & (every - 1)) == 0;
}

/* ---- the self-test */

bool engram_self_tests(void)
{
    return host.self_test;
}

bool engram_keeps_failed(void)
{
    return host.keep_failed;
}

/* ---- cancelling */

bool engram_cancelled(void)
{
    return host.cancel && __atomic_load_n(host.cancel, __ATOMIC_RELAXED);
}

int engram_fail_cancelled(const char *function)
{
    return engram_fail(ENGRAM_ECANCELLED, "%s: cancelled", function);
}

/* ---- blocks of work */

uint32_t engram_threads(void)
{
    return host.parallel_for ? host.threads : 1;
}

struct blocks {
    size_t n, block;
    engram_block_work *work;
    void *data;
    pthread_mutex_t lock; /* of the two below */
    size_t failed;        /* the first block known to have failed */
    int status;           /* its status */
};

static void run_block(void *data, size_t i)
{
    struct blocks *b = data;
    if (__atomic_load_n(&b->failed, __ATOMIC_RELAXED) < i)
        return;
    size_t first = i * b->block, rest = b->n - first;
    int status = b->work(b->data, first, first + (rest < b->block ? rest : b->block));
    if (status == ENGRAM_OK)
        return;
    pthread_mutex_lock(&b->lock);
    if (i < b->failed) {
        __atomic_store_n(&b->failed, i, __ATOMIC_RELAXED);
        b->status = status;
    }
    pthread_mutex_unlock(&b->lock);
}

int engram_in_blocks(size_t n, size_t block, engram_block_work *work, void *data)
{
    if (n == 0)
        return ENGRAM_OK;
    if (n <= block)
        return work(data, 0, n);
    struct blocks b = {.n = n, .block = block, .work = work, .data = data, .failed = SIZE_MAX};
    size_t count = (n - 1) / block + 1;
    pthread_mutex_init(&b.lock, NULL);
    if (host.parallel_for)
        host.parallel_for(host.context, count, run_block, &b);
    else
        for (size_t i = 0; i < count && b.failed == SIZE_MAX; i++)
            run_block(&b, i);
    pthread_mutex_destroy(&b.lock);
    return b.status;
}

/* ---- memory */

/* Blocks of this many bytes want large pages: they take fewer faults to fill, and a scan of them
 * does not wait for page tables. Without them a bank's scan is slower by a third. */
enum { LARGE = 4 << 20, LARGE_PAGE = 2 << 20 };

static void advise_large_pages(void *block, size_t bytes)
{
    uintptr_t first = ((uintptr_t)block + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    uintptr_t last = ((uintptr_t)block + bytes) / LARGE_PAGE * LARGE_PAGE;
    madvise((void *)first, last - first, MADV_HUGEPAGE); /* advice: it may fail */
}

/* A block of no bytes is one of 1, here and when it comes back. */
static void *host_allocate(void *old, size_t old_bytes, size_t bytes)
{
    if (host.allocate)
        return host.allocate(host.context, old, old && !old_bytes ? 1 : old_bytes, bytes);
    if (bytes == 0) {
        free(old);
        return NULL;
    }
    void *block = realloc(old, bytes);
    if (block && bytes >= LARGE)
        advise_large_pages(block, bytes);
    return block;
}

void *engram_resize(void *old, size_t old_bytes, size_t bytes)
{
    void *block = host_allocate(old, old_bytes, bytes ? bytes : 1);
    if (!block)
        engram_fail(ENGRAM_ENOMEM, "out of memory: %zu bytes asked", bytes);
    return block;
}

void *engram_allocate(size_t bytes)
{
    return engram_resize(NULL, 0, bytes);
}

void engram_release(void *block, size_t bytes)
{
    if (block)
        host_allocate(block, bytes, 0);
}

int engram_grow(void **block, size_t *bytes, size_t need)
{
    if (need <= *bytes)
        return ENGRAM_OK;
    size_t wanted = *bytes <= SIZE_MAX / 2 && *bytes * 2 > need ? *bytes * 2 : need;
    void *bigger = engram_resize(*block, *bytes, wanted);
    if (!bigger)
        return ENGRAM_ENOMEM;
    *block = bigger;
    *bytes = wanted;
    return ENGRAM_OK;
}

/* A bigger block may begin elsewhere within a line. */
int engram_lines_grow(struct engram_lines *lines, size_t need)
{
    enum { LINE = 64 };
    size_t used = lines->block ? lines->bytes - LINE : 0;
    if (need <= used)
        return ENGRAM_OK;
    size_t before = (size_t)((char *)lines->at - (char *)lines->block);
    int status =
        engram_grow(&lines->block, &lines->bytes, need < SIZE_MAX - LINE ? need + LINE : SIZE_MAX);
    if (status != ENGRAM_OK)
        return status;
    char *block = lines->block;
    lines->at = block + (LINE - (uintptr_t)block % LINE) % LINE;
    if (used && lines->at != block + before)
        memmove(lines->at, block + before, used);
    return ENGRAM_OK;
}

void engram_lines_free(struct engram_lines *lines)
{
    engram_release(lines->block, lines->bytes);
    *lines = (struct engram_lines){0};
}
