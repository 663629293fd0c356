/* init.c - starting the library: what the host and the environment say, once, before anything else.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "host.h"

#include <pthread.h>
#include <time.h>

static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
static bool started;

static void start(const struct engram_options *options)
{
    engram_keep_symbols();
    engram_host_init(options);
    engram_dispatch_init();
    engram_arena_init();
    const char *sentence;
    for (uint32_t i = 0; (sentence = engram_rejected(i)); i++)
        engram_log_line(ENGRAM_LOG_WARNING, "engram: %s", sentence);
    struct engram_self_test result;
    if (engram_self_tests())
        engram_self_test(&result);
}

int engram_init(const struct engram_options *options)
{
    if (!options && __atomic_load_n(&started, __ATOMIC_ACQUIRE))
        return ENGRAM_OK;
    if (options)
        ENGRAM_NEED_OPTIONS(options);
    int status = ENGRAM_OK;
    pthread_mutex_lock(&starting);
    if (!started) {
        start(options);
        __atomic_store_n(&started, true, __ATOMIC_RELEASE);
    } else if (options) {
        status = engram_fail(ENGRAM_EBUSY,
                             "engram_init: already started; options come first or not at all");
    }
    pthread_mutex_unlock(&starting);
    return status;
}

const char *engram_version(void)
{
    return PACKAGE_VERSION;
}

#ifdef __clang__
#define COMPILER __VERSION__ /* has its name */
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *engram_build(void)
{
    return COMPILER ", " ENGRAM_BUILD_FLAGS;
}

void engram_start_legacy(void)
{
    engram_init(NULL);
    engram_fail(ENGRAM_OK, "%s", "");
}

double engram_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
