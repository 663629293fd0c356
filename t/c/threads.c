/* threads.c - many threads at once: the same bits, nothing shared by accident, nothing left behind.
 * SPDX-License-Identifier: MIT */
#include "workload.h"
#include "host.h"
#include "parallel.h"

#include <pthread.h>
#include <signal.h>

enum { THREADS = 8, ROUNDS = 4 };

static struct engram_options options = {.size = sizeof options,
                                        .allocate = heap_allocate,
                                        .parallel_for = parallel_for,
                                        .threads = 1234};
static struct shared shared;
static uint64_t expected[THREADS][ROUNDS];

/* Starts a function on every thread, waits for all; the sum of what they return. */
static long on_threads(void *(*function)(void *))
{
    pthread_t threads[THREADS];
    long sum = 0;
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, function, (void *)i);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)(intptr_t)result;
    }
    return sum;
}

static void *alone(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, function, argument);
    pthread_join(thread, &result);
    return result;
}

static void *starts(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)(engram_init(&options) == ENGRAM_OK);
}

/* Every door; the number of results that differ from those of one thread, and of failures. */
static void *works(void *argument)
{
    intptr_t self = (intptr_t)argument;
    int failures = 0;
    for (int round = 0; round < ROUNDS; round++)
        failures +=
            workload((uint64_t)(self * 100 + round), &shared, &failures) != expected[self][round];
    return (void *)(intptr_t)failures;
}

/* ---- what goes on beside the work */

static uint32_t stop;

static bool stopped(void)
{
    return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Every switch: each kernel taken back to each rung, alone, and all of them at once. */
static void *switches_versions(void *unused)
{
    (void)unused;
    static const char *const rungs[] = {"ref", "neon", "avx2", "avx512", "avx512vnni"};
    intptr_t failures = 0;
    struct engram_kernel_info info;
    char text[64];
    for (size_t i = 0; !stopped(); i++) {
        const char *rung = rungs[i % COUNT(rungs)];
        uint32_t kernel = (uint32_t)(i / COUNT(rungs));
        failures += engram_isa_set(rung) != ENGRAM_OK || !*engram_isa();
        if (engram_kernel_info(kernel % 32, &info) != ENGRAM_OK)
            continue;
        snprintf(text, sizeof text, "%s=%s", info.name, rung);
        failures += engram_isa_set(text) != ENGRAM_OK;
        failures += engram_kernel_info(kernel % 32, &info) != ENGRAM_OK || !*info.chosen;
    }
    return (void *)failures;
}

static void *tests_itself(void *unused)
{
    (void)unused;
    struct engram_self_test result;
    intptr_t failures = 0;
    while (!stopped())
        failures += engram_self_test(&result) != ENGRAM_OK || result.passed < result.checks;
    return (void *)failures;
}

/* Calls of all kernels, by all versions. */
static long long calls_of_all(void)
{
    struct engram_kernel_info info;
    long long sum = 0;
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        sum += (long long)info.calls;
    return sum;
}

static void *reconfigures(void *unused)
{
    (void)unused;
    intptr_t failures = 0;
    for (size_t i = 0; !stopped(); i++) {
        struct engram_arena_config config = {.size = sizeof config,
                                             .overflow = ENGRAM_FALLBACK,
                                             .zero_on_release = i & 1,
                                             .bytes = ((size_t)1 << 16) << i % 4};
        failures += engram_arena_configure(&config) != ENGRAM_OK;
        engram_arena_configured(&config);
        failures += config.bytes < 1 << 16;
    }
    return (void *)failures;
}

static void *reads_totals(void *unused)
{
    (void)unused;
    struct engram_arena_totals totals;
    intptr_t failures = 0;
    while (!stopped()) {
        engram_arena_totals(&totals);
        failures +=
            totals.arenas > THREADS + 1 || totals.capacity > (THREADS + 1) * ((size_t)1 << 20);
    }
    return (void *)failures;
}

/* The work of all threads while two others do something else. */
static void beside(void *(*first)(void *), void *(*second)(void *), const char *sentence)
{
    pthread_t others[2];
    void *results[2];
    __atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
    pthread_create(&others[0], NULL, first, NULL);
    pthread_create(&others[1], NULL, second, NULL);
    is_int(on_threads(works), 0, "%s", sentence);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(others[i], &results[i]);
    is_int((intptr_t)results[0] + (intptr_t)results[1], 0, "nor does the other side fail");
}

/* ---- the pool */

enum { ITEMS = 1000 };

/* What a loop did. */
struct counts {
    struct pool *pool;
    pthread_t caller;
    int times[ITEMS]; /* an item was worked on */
    int helped;       /* items that other threads than the caller took */
    int interruptible;
    int inner; /* items of loops within the loop */
    pthread_barrier_t barrier;
};

static void count_item(void *data, size_t i)
{
    struct counts *c = data;
    __atomic_fetch_add(&c->times[i], 1, __ATOMIC_RELAXED);
    if (pthread_equal(pthread_self(), c->caller))
        return;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    __atomic_fetch_add(&c->helped, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&c->interruptible, !sigismember(&blocked, SIGINT), __ATOMIC_RELAXED);
}

/* Whether each of the first n items was worked on once, and no other. */
static bool each_once(const struct counts *c, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < ITEMS; i++)
        wrong += c->times[i] != (i < n);
    return wrong == 0;
}

static bool loop_is_whole(struct pool *pool, size_t n)
{
    struct counts c = {.caller = pthread_self()};
    pool_parallel_for(pool, n, count_item, &c);
    return each_once(&c, n);
}

/* An item that waits for all others: each needs a thread of its own. */
static void meet(void *data, size_t i)
{
    count_item(data, i);
    pthread_barrier_wait(&((struct counts *)data)->barrier);
}

static void inner_item(void *data, size_t i)
{
    (void)i;
    __atomic_fetch_add((int *)data, 1, __ATOMIC_RELAXED);
}

static void outer_item(void *data, size_t i)
{
    struct counts *c = data;
    count_item(c, i);
    pool_parallel_for(c->pool, 10, inner_item, &c->inner);
}

static struct pool *seven;

static void *loops_often(void *unused)
{
    (void)unused;
    intptr_t wrong = 0;
    for (size_t i = 0; i < 200; i++)
        wrong += !loop_is_whole(seven, i % 50);
    return (void *)wrong;
}

static const char *child_of_a_pool(void)
{
    bool whole = loop_is_whole(seven, 100);
    pool_free(seven);
    return whole ? "" : "a child does not do all the work";
}

static void pools(void)
{
    static const unsigned sizes[] = {1, 2, 7, POOL_MOST};
    int wrong = 0;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        struct pool *pool = pool_new(sizes[s]);
        for (size_t n = 0; n <= 9; n++)
            wrong += !loop_is_whole(pool, n);
        for (int round = 0; round < 100; round++)
            wrong += !loop_is_whole(pool, ITEMS);
        pool_free(pool);
    }
    is_int(wrong, 0, "a pool of 1, 2, 7 or 256 threads works on every item once");
    pool_free(pool_new(7));
    pool_free(NULL);

    seven = pool_new(7);
    struct counts c = {.caller = pthread_self()};
    pthread_barrier_init(&c.barrier, NULL, 7);
    pool_parallel_for(seven, 7, meet, &c);
    pthread_barrier_destroy(&c.barrier);
    is_int(c.helped, 6, "the caller works too, beside six others");
    is_int(c.interruptible, 0, "which take no signals");
    ok(each_once(&c, 7), "and nobody does another's work");

    c = (struct counts){.pool = seven, .caller = pthread_self()};
    pool_parallel_for(seven, 100, outer_item, &c);
    ok(each_once(&c, 100) && c.inner == 1000, "a loop within a loop is whole");
    is_int(on_threads(loops_often), 0, "so are loops that eight threads begin at once");
    is_string(in_child(child_of_a_pool), "", "and those of a child, which leaves alone");
    ok(loop_is_whole(seven, 100), "the parent's threads do not mind");
    pool_free(seven);

    unsigned n = pool_processors();
    ok(n >= 1 && n <= POOL_MOST, "there is a processor");
}

/* ---- blocks of work */

/* Blocks as engram_in_blocks gives them out. */
struct blocks_seen {
    size_t n, block;
    int times[ITEMS];
    int misplaced, calls;
    size_t fails; /* the first block that fails; those behind it fail otherwise */
};

static int see_block(void *data, size_t first, size_t last)
{
    struct blocks_seen *seen = data;
    size_t end = seen->n - first < seen->block ? seen->n : first + seen->block;
    __atomic_fetch_add(&seen->misplaced, first % seen->block != 0 || last != end, __ATOMIC_RELAXED);
    __atomic_fetch_add(&seen->calls, 1, __ATOMIC_RELAXED);
    for (size_t i = first; i < last; i++)
        __atomic_fetch_add(&seen->times[i], 1, __ATOMIC_RELAXED);
    size_t self = first / seen->block;
    return self < seen->fails ? ENGRAM_OK : self == seen->fails ? ENGRAM_EBUDGET : ENGRAM_EBUSY;
}

/* "", or what is wrong with n items in blocks. */
static const char *blocks_of(size_t n, size_t block)
{
    struct blocks_seen seen = {.n = n, .block = block, .fails = SIZE_MAX};
    size_t wrong = 0;
    if (engram_in_blocks(n, block, see_block, &seen) != ENGRAM_OK)
        return "work that succeeds has a failure";
    for (size_t i = 0; i < ITEMS; i++)
        wrong += seen.times[i] != (i < n);
    return wrong            ? "not every item is worked on once"
           : seen.misplaced ? "a block is not where it should be"
                            : "";
}

static const char *blocks(void)
{
    static const size_t sizes[][2] = {{0, 8},  {1, 8},  {7, 8},    {8, 8},       {9, 8},
                                      {16, 8}, {17, 8}, {1000, 1}, {ITEMS, 300}, {5, SIZE_MAX}};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const char *wrong = blocks_of(sizes[i][0], sizes[i][1]);
        if (*wrong)
            return wrong;
    }
    struct blocks_seen none = {.n = 0, .block = 8};
    engram_in_blocks(0, 8, see_block, &none);
    if (none.calls)
        return "no items are work";
    for (size_t fails = 0; fails < 100; fails += 9) {
        struct blocks_seen seen = {.n = ITEMS, .block = 10, .fails = fails};
        if (engram_in_blocks(ITEMS, 10, see_block, &seen) != ENGRAM_EBUDGET)
            return "the status is not that of the first block that failed";
        for (size_t i = 0; i < fails * 10; i++)
            if (seen.times[i] != 1)
                return "a block before the one that failed has not run";
        if (!loops.shared && (size_t)seen.calls != fails + 1)
            return "blocks run behind one that failed";
    }
    struct blocks_seen only = {.n = 8, .block = 8, .fails = 0};
    return engram_in_blocks(8, 8, see_block, &only) == ENGRAM_EBUDGET ? ""
                                                                      : "one block cannot fail";
}

/* Hosts of every kind: their blocks are whole, and their results those of one thread. */
static void hosts(void)
{
    static const struct {
        const char *name;
        unsigned threads;
    } kinds[] = {{"backwards", 0}, {"on 1 thread", 1}, {"on 2 threads", 2}, {"on 7 threads", 7}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        loops.backwards = kinds[i].threads == 0;
        loops.pool = kinds[i].threads ? pool_new(kinds[i].threads) : NULL;
        is_string(blocks(), "", "blocks of work %s are whole, and the first failure counts",
                  kinds[i].name);
        is_int(on_threads(works), 0, "loops %s get the same bits, begun by eight threads",
               kinds[i].name);
        pool_free(loops.pool);
    }
    loops.pool = NULL;
    loops.backwards = false;
}

/* ---- arrays of several blocks */

/* The version of a kernel that takes whole arrays in one go. */
#define WHOLE(name) ((__typeof__(engram_##name) *)engram_kernel_version(#name, "ref"))

static void long_arrays(void)
{
    enum { N = 3 * 65536 + 5 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y), *got = malloc(N * sizeof *got),
          *want = malloc(N * sizeof *want);
    double *ages = malloc(N * sizeof *ages);
    struct engram_rng rng = {7};
    struct engram_law law = {.size = sizeof law, .tau_s = 1000};
    engram_rng_fill_uniform(&rng, N, x);
    engram_rng_fill_uniform(&rng, N, y);
    for (int i = 0; i < N; i++)
        ages[i] = 1e5 * (double)x[N - 1 - i];
    size_t before = loops.shared;
    loops.pool = pool_new(3);

    engram_exp_f32(x, N, got);
    WHOLE(exp_f32)(x, N, want);
    ok(memcmp(got, want, N * sizeof *got) == 0, "exp_f32 in blocks is exp_f32 of the whole");
    engram_log_f32(x, N, got);
    WHOLE(log_f32)(x, N, want);
    ok(memcmp(got, want, N * sizeof *got) == 0, "and so is log_f32");
    engram_pow_f32(x, y, N, got);
    WHOLE(pow_f32)(x, y, N, want);
    ok(memcmp(got, want, N * sizeof *got) == 0, "pow_f32");
    engram_sigmoid_f32(x, 0.25f, 0.5f, N, got);
    WHOLE(sigmoid_f32)(x, 0.25f, 0.5f, N, want);
    ok(memcmp(got, want, N * sizeof *got) == 0, "sigmoid_f32");
    engram_axpy_f32(0.5f, x, N, got);
    WHOLE(axpy_f32)(0.5f, x, N, want);
    ok(memcmp(got, want, N * sizeof *got) == 0, "axpy_f32");
    engram_decay_f32(&law, NULL, got, ages, ENGRAM_AGE_F64, ENGRAM_UNCLAMPED, N, got);
    WHOLE(decay_f32)(&law, NULL, want, ages, ENGRAM_AGE_F64, ENGRAM_UNCLAMPED, N, want);
    ok(memcmp(got, want, N * sizeof *got) == 0, "decay_f32, in place");
    uint32_t *recalls = malloc(N * sizeof *recalls);
    for (uint32_t i = 0; i < N; i++)
        recalls[i] = i % 5;
    law = (struct engram_law){.size = sizeof law,
                              .curve = ENGRAM_TWO_COMPONENT,
                              .tau_s = 1000,
                              .unit_s = 10,
                              .recalls = 3};
    const struct engram_law_each each = {
        .size = sizeof each, .scale_s = y, .beta = x, .recalls = recalls};
    engram_decay_f32(&law, &each, x, y, ENGRAM_AGE_F32, 0, N, got);
    WHOLE(decay_f32)(&law, &each, x, y, ENGRAM_AGE_F32, 0, N, want);
    ok(memcmp(got, want, N * sizeof *got) == 0, "decay_f32 with parameters of each element");
    free(recalls);
    is_int((long long)(loops.shared - before), 7, "by the host's threads");
    pool_free(loops.pool);
    loops.pool = NULL;
    free(x);
    free(y);
    free(got);
    free(want);
    free(ages);
}

/* ---- arenas */

static struct engram_arena_totals totals(void)
{
    struct engram_arena_totals sums;
    engram_arena_totals(&sums);
    return sums;
}

/* Three outermost releases, one overflow, 5000 bytes; the thread's end takes the arena. */
static void *uses_arena(void *unused)
{
    (void)unused;
    engram_arena *arena = engram_arena_thread();
    struct engram_mark mark;
    for (int i = 0; i < 3; i++) {
        engram_arena_mark(arena, &mark);
        memset(engram_arena_alloc(arena, 5000, 64), SECRET, 5000);
        engram_arena_release(arena, &mark);
    }
    memset(engram_arena_alloc(arena, 5000, 64), SECRET, 5000);
    return (void *)(intptr_t)(engram_arena_alloc(arena, (size_t)1 << 30, 1) == NULL);
}

static void *uses_kernels(void *unused)
{
    (void)unused;
    float x[100] = {1}, score = 0;
    int failures = engram_dot_f32(x, x, 100) != 1;
    failures += engram_cosines_f32(x, x, NULL, 1, 100, &score) != ENGRAM_OK || score != 1;
    failures += engram_exp_f32(x, 100, x) != ENGRAM_OK;
    return (void *)(intptr_t)failures;
}

enum { RESETTERS = 4, RESETS = 4000 };
static pthread_barrier_t together;

/* All reset the metrics at the same moment, again and again; between, the first counts a few
 * releases. */
static void *resets_metrics(void *argument)
{
    intptr_t wrong = 0;
    for (int i = 0; i < RESETS; i++) {
        struct engram_mark mark;
        for (int k = 0; !argument && k < 3; k++) {
            engram_arena_mark(engram_arena_thread(), &mark);
            engram_arena_release(engram_arena_thread(), &mark);
        }
        pthread_barrier_wait(&together);
        engram_reset_arena_metrics();
        pthread_barrier_wait(&together);
        wrong += totals().resets != 0;
        pthread_barrier_wait(&together);
    }
    return (void *)wrong;
}

static void arenas(void)
{
    struct engram_arena_config config = {.size = sizeof config,
                                         .overflow = ENGRAM_ERROR_RETURN,
                                         .zero_on_release = 1,
                                         .bytes = 1 << 20};
    engram_arena_configure(&config);
    engram_deinit_thread_arena();
    engram_reset_arena_metrics();
    struct engram_arena_totals before = totals(), after;
    long live = heap.live, calls = heap.calls;
    ok(before.arenas == 0 && before.capacity == 0, "threads that have ended have no arena");

    is_int((intptr_t)alone(uses_kernels, NULL), 0, "a thread can use kernels without scratch");
    after = totals();
    ok(heap.calls == calls && after.arenas == 0, "which makes it no arena");

    is_int(on_threads(uses_arena), THREADS, "every thread has an arena of its own");
    after = totals();
    ok(after.arenas == 0 && after.capacity == 0, "the end of a thread ends its arena");
    is_int(heap.live, live, "its memory goes back to the host's allocator");
    is_int(heap.secrets, 0, "zeroed");
    ok(after.resets == 3 * THREADS && after.overflows == THREADS && after.peak == 5000,
       "what it counted is kept");
    diag("%llu resets", (unsigned long long)after.resets);

    pthread_t resetters[RESETTERS];
    pthread_barrier_init(&together, NULL, RESETTERS);
    for (intptr_t i = 0; i < RESETTERS; i++)
        pthread_create(&resetters[i], NULL, resets_metrics, (void *)i);
    intptr_t wrong = 0;
    for (int i = 0; i < RESETTERS; i++) {
        void *result;
        pthread_join(resetters[i], &result);
        wrong += (intptr_t)result;
    }
    pthread_barrier_destroy(&together);
    is_int(wrong, 0, "threads that reset the metrics at once take nothing off twice");
}

/* ---- failures and counters */

static void *fails(void *argument)
{
    float x = 1;
    bool clean = engram_last_status() == ENGRAM_OK && !*engram_last_message();
    engram_arena *arena = NULL;
    struct engram_arena_config config = {.size = sizeof config,
                                         .overflow = 100 + (uint32_t)(intptr_t)argument};
    char value[16];
    snprintf(value, sizeof value, "%u", config.overflow);
    for (int i = 0; i < 200; i++) {
        clean = clean && engram_arena_new(&config, &arena) == ENGRAM_ERANGE;
        engram_exp_f32(&x, 1, &x);
        clean = clean && engram_last_status() == ENGRAM_ERANGE &&
                mentions(engram_last_message(), value);
    }
    return (void *)(intptr_t)clean;
}

static uint64_t calls_of(const char *kernel)
{
    struct engram_kernel_info info = {0};
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        if (strcmp(info.name, kernel) == 0)
            return info.calls;
    return 0;
}

static void *counts_calls(void *unused)
{
    (void)unused;
    float x[16] = {0};
    for (int i = 0; i < 1000; i++)
        engram_log_f32(x, 16, x);
    return NULL;
}

/* Blocks of columns are read and checked by whoever comes. */
static void files(void)
{
    enum { N = 20000, COLUMNS = 16 };
    struct engram_memory_options wanted = {.size = sizeof wanted, .dim = COLUMNS};
    struct engram_files looking = {.size = sizeof looking, .read_only = 1};
    struct engram_rng rng = {8};
    engram_memory *m = NULL;
    float row[COLUMNS];
    int failures = 0;
    folder_make();
    failures += engram_memory_open(folder, &wanted, NULL, &m) != ENGRAM_OK;
    for (int i = 0; i < N; i++) {
        struct engram_record r = {.size = sizeof r, .fields = ENGRAM_VECTOR, .vector = row};
        struct engram_remembered out;
        engram_rng_fill_normal(&rng, COLUMNS, row);
        failures += engram_memory_remember(m, &r, NULL, i, &out) != ENGRAM_OK;
    }
    failures += engram_memory_snapshot(m) != ENGRAM_OK;
    uint64_t hash = engram_memory_hash(m);
    engram_memory_free(m);
    loops.pool = pool_new(3);
    size_t before = loops.shared;
    failures += engram_memory_open(folder, NULL, &looking, &m) != ENGRAM_OK;
    ok(failures == 0 && engram_memory_hash(m) == hash, "three threads read a memory as it was");
    ok(loops.shared > before, "together");
    engram_memory_free(m);
    m = NULL;
    size_t n = 0;
    const char *name = in_folder("snapshot-0000000000004e20");
    unsigned char *bytes = get_file(name, &n);
    if (bytes) {
        bytes[1 << 20] ^= 1;
        put_file(name, bytes, n);
    }
    free(bytes);
    failures += engram_memory_open(folder, NULL, &looking, &m) != ENGRAM_OK;
    ok(failures == 0 && mentions(engram_memory_warning(m, 0), "checksum of column ROWS"),
       "and see what is damaged");
    ok(engram_memory_hash(m) == hash, "which the journal makes good");
    engram_memory_free(m);
    pool_free(loops.pool);
    loops.pool = NULL;
    folder_remove();
}

int main(void)
{
    forget_environment();
    is_int(engram_threads(), 1, "without a host's threads there is one");
    is_string(in_child(blocks), "", "its blocks of work run in order, up to the first that fails");
    is_int(on_threads(starts), 1, "of eight threads that start the library one does");
    is_int(engram_threads(), 1234, "a host says how many threads it has");
    share(&shared);
    int failures = 0;
    for (int i = 0; i < THREADS; i++)
        for (int round = 0; round < ROUNDS; round++)
            expected[i][round] = workload((uint64_t)(i * 100 + round), &shared, &failures);
    is_int(failures, 0, "one thread can call every door");
    ok(expected[0][0] != expected[0][1] && expected[0][0] != expected[1][0],
       "other inputs give another hash");

    long long before = calls_of_all(), after;
    is_int(on_threads(works), 0, "eight threads get the same bits as one");
    after = calls_of_all();
    engram_timing(2);
    beside(switches_versions, reads_totals, "switching versions meanwhile changes no bit");
    before = after - before;
    is_int(calls_of_all() - after, before, "and loses no count, while calls are timed");
    after = calls_of_all();
    beside(switches_versions, tests_itself, "nor does the self-test");
    is_int(calls_of_all() - after, before, "whose calls do not count");
    engram_timing(0);
    beside(reconfigures, reads_totals, "configuring arenas meanwhile changes no bit");
    const char *isa = getenv("ENGRAM_ISA");
    engram_isa_set(isa ? isa : "");

    pools();
    hosts();
    long_arrays();
    files();
    arenas();
    is_int(on_threads(fails), THREADS, "the last failure is the thread's own");
    uint64_t calls = calls_of("log_f32");
    on_threads(counts_calls);
    is_int((long long)(calls_of("log_f32") - calls), 1000 * THREADS, "no call goes uncounted");

    unshare(&shared);
    heap_settled();
    return done();
}
