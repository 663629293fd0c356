/* arena.c - memory handed out from one end of a block and rewound; one for each thread.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "host.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined __SANITIZE_ADDRESS__
#define POISONING 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define POISONING 1
#endif
#endif
#ifdef POISONING
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum {
    LINE = 64, /* alignment of every block */
    ALIGN_MAX = 4096,
    PAGE = 4096,
};
static const size_t BYTES_MIN = (size_t)64 << 10, BYTES_MAX = (size_t)1 << 30;

/* An allocation that did not fit, under ENGRAM_FALLBACK: freed when the mark it was made under is
 * released. */
struct chunk {
    struct chunk *next;
    size_t bytes; /* with this head */
    uint64_t mark;
};

/* Where the memory of an arena's head and block comes from, and so where it goes. */
enum home { OWNED, LENT, THREAD };

/* The counters are written by the owning thread alone and read by any: relaxed atomics, no lock. */
struct engram_arena {
    unsigned char *block;
    size_t used,
        dirty; /* offsets: next free byte; end of what was written since the last zeroing */
    struct engram_arena_config config;
    uint64_t open, serial; /* serial of the innermost open mark, 0: none; last serial given out */
    struct chunk *chunks;
    size_t chunk_bytes; /* alive now */
    enum home home;
    uint32_t generation; /* of the configuration, of the metrics window */
    uint32_t window;
    bool warned;
    struct engram_arena_info info;        /* used and capacity are kept above */
    struct engram_arena *next, *previous; /* the threads' arenas */
    void *memory;                         /* what was allocated for the block */
    size_t memory_bytes;
};

_Static_assert(sizeof(struct engram_arena) + LINE + 16 <= ENGRAM_ARENA_HEAD,
               "the head must fit the caller's block");

/* ---- what all threads share: the configuration, their arenas, the sums of ended ones */

static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static struct engram_arena_config configured = {
    sizeof configured, ENGRAM_ERROR_RETURN, 1, 0, (size_t)1 << 20,
};
static bool configured_by_call; /* then the environment has nothing more to say */
static uint64_t made;           /* arenas so far: the high words of their serials */
static uint32_t generation = 1; /* raised by every new configuration */
static uint32_t window = 1;     /* raised by every reset of the metrics */
static struct engram_arena *threads;
static struct engram_arena_totals ended, forgotten; /* added to, taken from what is reported */
static uint64_t ended_peak;                         /* of ended threads, since start */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* its destructor ends a thread's arena */
static bool key_made;
static _Thread_local engram_arena *mine;

static uint64_t read_counter(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void write_counter(uint64_t *counter, uint64_t value)
{
    __atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

static void add(uint64_t *counter, uint64_t n)
{
    write_counter(counter, read_counter(counter) + n);
}

/* ---- allocation */

static uint32_t current_window(void)
{
    return __atomic_load_n(&window, __ATOMIC_RELAXED);
}

/* Notes how much is in use. A window that others closed starts anew here. */
static void note_use(engram_arena *arena)
{
    uint64_t use = arena->used + arena->chunk_bytes;
    if (use > arena->info.peak)
        write_counter(&arena->info.peak, use);
    if (arena->home == THREAD && arena->window != current_window()) {
        __atomic_store_n(&arena->window, current_window(), __ATOMIC_RELAXED);
        write_counter(&arena->info.window_peak, use);
    }
    if (use > arena->info.window_peak)
        write_counter(&arena->info.window_peak, use);
    write_counter(&arena->info.used, use);
}

static void *allocate_chunk(engram_arena *arena, size_t bytes, size_t align)
{
    size_t total;
    if (__builtin_add_overflow(bytes, sizeof(struct chunk) + align, &total))
        return NULL;
    struct chunk *chunk = engram_allocate(total);
    if (!chunk)
        return NULL;
    *chunk = (struct chunk){.next = arena->chunks, .bytes = total, .mark = arena->open};
    arena->chunks = chunk;
    arena->chunk_bytes += total;
    add(&arena->info.fallbacks, 1);
    add(&arena->info.fallback_bytes, total);
    note_use(arena);
    uintptr_t start = (uintptr_t)(chunk + 1);
    return (void *)((start + align - 1) & ~(uintptr_t)(align - 1));
}

static void *overflow(engram_arena *arena, size_t bytes, size_t align)
{
    add(&arena->info.overflows, 1);
    if (arena->home == THREAD && !arena->warned) {
        arena->warned = true;
        engram_log_line(ENGRAM_LOG_WARNING,
                        "engram: a thread's arena is full: %zu bytes asked, %zu of %zu free; "
                        "ENGRAM_ARENA_SIZE raises it",
                        bytes, arena->config.bytes - arena->used, arena->config.bytes);
    }
    if (arena->config.overflow == ENGRAM_PANIC)
        abort();
    if (arena->config.overflow == ENGRAM_FALLBACK) {
        void *memory = allocate_chunk(arena, bytes, align);
        if (memory)
            return memory;
    }
    engram_fail(ENGRAM_ENOMEM, "engram_arena_alloc: %zu bytes asked, %zu of %zu free%s", bytes,
                arena->config.bytes - arena->used, arena->config.bytes,
                arena->home == THREAD
                    ? "; ENGRAM_ARENA_SIZE or engram_arena_configure gives a thread more"
                    : "");
    return NULL;
}

void *engram_arena_alloc(engram_arena *arena, size_t bytes, size_t align)
{
    if (!arena) {
        engram_fail(ENGRAM_ENULL, "engram_arena_alloc: arena is null");
        return NULL;
    }
    if (align == 0 || align > ALIGN_MAX || (align & (align - 1))) {
        engram_fail(ENGRAM_ERANGE,
                    "engram_arena_alloc: align is %zu, expected a power of two up to %d", align,
                    ALIGN_MAX);
        return NULL;
    }
    uintptr_t base = (uintptr_t)arena->block;
    size_t start = (size_t)(((base + arena->used + align - 1) & ~(uintptr_t)(align - 1)) - base);
    if (bytes == 0)
        return arena->block + (start < arena->config.bytes ? start : arena->used);
    if (start > arena->config.bytes || bytes > arena->config.bytes - start)
        return overflow(arena, bytes, align);
    arena->used = start + bytes;
    if (arena->used > arena->dirty)
        arena->dirty = arena->used;
    note_use(arena);
    UNPOISON(arena->block + start, bytes);
    return arena->block + start;
}

void *engram_arena_alloc_array(engram_arena *arena, size_t count, size_t element, size_t align)
{
    size_t bytes;
    if (!arena || engram_product(count, element, &bytes))
        return engram_arena_alloc(arena, arena ? bytes : 0, align);
    return overflow(arena, SIZE_MAX, align);
}

/* ---- giving back */

/* A store that the compiler may not leave out although nobody reads it. */
static void zero(void *memory, size_t bytes)
{
    UNPOISON(memory, bytes);
    memset(memory, 0, bytes);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static void rewind_to(engram_arena *arena, size_t used, uint64_t mark)
{
    while (arena->chunks && arena->chunks->mark >= mark) {
        struct chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        arena->chunk_bytes -= chunk->bytes;
        size_t bytes = chunk->bytes;
        if (arena->config.zero_on_release)
            zero(chunk, bytes);
        engram_release(chunk, bytes);
    }
    if (arena->config.zero_on_release && arena->dirty > used) {
        zero(arena->block + used, arena->dirty - used);
        arena->dirty = used;
    }
    POISON(arena->block + used, arena->config.bytes - used);
    arena->used = used;
    note_use(arena);
}

static void adopt_configuration(engram_arena *arena);

void engram_arena_mark(engram_arena *arena, struct engram_mark *out)
{
    if (!arena->open && arena->home == THREAD && arena->used == 0 && !arena->chunks &&
        arena->generation != __atomic_load_n(&generation, __ATOMIC_ACQUIRE))
        adopt_configuration(arena);
    *out =
        (struct engram_mark){.used = arena->used, .serial = ++arena->serial, .outer = arena->open};
    arena->open = out->serial;
}

int engram_arena_release(engram_arena *arena, const struct engram_mark *mark)
{
    ENGRAM_NEED(arena);
    ENGRAM_NEED(mark);
    if (mark->serial == 0 || mark->serial != arena->open || mark->used > arena->used)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_arena_release: the mark is not the innermost open one");
    rewind_to(arena, mark->used, mark->serial);
    arena->open = mark->outer;
    if (!arena->open)
        add(&arena->info.releases, 1);
    return ENGRAM_OK;
}

int engram_arena_reset(engram_arena *arena)
{
    ENGRAM_NEED(arena);
    if (arena->open)
        return engram_fail(ENGRAM_EBUSY, "engram_arena_reset: a mark is open");
    rewind_to(arena, 0, 0);
    add(&arena->info.releases, 1);
    return ENGRAM_OK;
}

/* ---- making and ending */

static int check_config(const char *function, const struct engram_arena_config *config)
{
    if (config->overflow > ENGRAM_PANIC)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: overflow is %u, expected ENGRAM_ERROR_RETURN, _FALLBACK or _PANIC",
                           function, (unsigned)config->overflow);
    if (config->overflow == ENGRAM_PANIC && engram_panic_refused())
        return engram_fail(ENGRAM_EDENIED, "%s: this host refuses the strategy panic", function);
    if (config->zero_on_release > 1)
        return engram_fail(ENGRAM_ERANGE, "%s: zero_on_release is %u, expected 0 or 1", function,
                           (unsigned)config->zero_on_release);
    return ENGRAM_OK;
}

/* No two arenas have a serial in common, so that none takes another's mark for its own. */
static uint64_t first_serial(void)
{
    return __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED) << 40;
}

static unsigned char *aligned(void *memory)
{
    return (unsigned char *)(((uintptr_t)memory + LINE - 1) & ~(uintptr_t)(LINE - 1));
}

static int allocate_block(engram_arena *arena, size_t bytes)
{
    size_t total;
    if (__builtin_add_overflow(bytes, LINE, &total))
        return engram_fail(ENGRAM_ENOMEM, "engram_arena_new: %zu bytes are more than memory has",
                           bytes);
    void *memory = engram_allocate(total);
    if (!memory)
        return ENGRAM_ENOMEM;
    arena->memory = memory;
    arena->memory_bytes = total;
    arena->block = aligned(memory);
    arena->config.bytes = bytes;
    POISON(arena->block, bytes);
    return ENGRAM_OK;
}

static void release_block(engram_arena *arena)
{
    rewind_to(arena, 0, 0);
    UNPOISON(arena->block, arena->config.bytes);
    engram_release(arena->memory, arena->memory_bytes);
    arena->memory = NULL;
}

static int make(const struct engram_arena_config *config, enum home home, engram_arena **out)
{
    engram_arena *arena = engram_allocate(sizeof *arena);
    if (!arena)
        return ENGRAM_ENOMEM;
    *arena = (struct engram_arena){.config = *config, .home = home, .serial = first_serial()};
    int status = allocate_block(arena, config->bytes);
    if (status != ENGRAM_OK) {
        engram_release(arena, sizeof *arena);
        return status;
    }
    *out = arena;
    return ENGRAM_OK;
}

int engram_arena_new(const struct engram_arena_config *config, engram_arena **out)
{
    ENGRAM_NEED_OPTIONS(config);
    ENGRAM_NEED(out);
    struct engram_arena_config own;
    engram_read_options(&own, sizeof own, config);
    int status = check_config(__func__, &own);
    return status == ENGRAM_OK ? make(&own, OWNED, out) : status;
}

int engram_arena_over(void *block, const struct engram_arena_config *config, engram_arena **out)
{
    ENGRAM_NEED(block);
    ENGRAM_NEED_OPTIONS(config);
    ENGRAM_NEED(out);
    struct engram_arena_config own;
    engram_read_options(&own, sizeof own, config);
    if (own.overflow == ENGRAM_FALLBACK)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_arena_over: overflow is fallback, which would allocate");
    int status = check_config(__func__, &own);
    if (status != ENGRAM_OK)
        return status;
    engram_arena *arena = (engram_arena *)(((uintptr_t)block + 15) & ~(uintptr_t)15);
    *arena = (struct engram_arena){
        .config = own, .home = LENT, .serial = first_serial(), .block = aligned(arena + 1)};
    POISON(arena->block, own.bytes);
    *out = arena;
    return ENGRAM_OK;
}

void engram_arena_free(engram_arena *arena)
{
    if (!arena)
        return;
    if (arena->home == LENT) {
        rewind_to(arena, 0, 0);
        UNPOISON(arena->block, arena->config.bytes);
        return;
    }
    release_block(arena);
    engram_release(arena, sizeof *arena);
}

/* ---- the threads' arenas */

/* Takes a changed configuration over; where no new block can be had the old one serves on, until
 * the next mark tries again. The lock is held for the exchange alone: the host's allocator may take
 * locks of its own. */
static void adopt_configuration(engram_arena *arena)
{
    pthread_mutex_lock(&shared);
    struct engram_arena_config now = configured;
    uint32_t adopted = generation;
    pthread_mutex_unlock(&shared);

    engram_arena other = {.config = now, .home = THREAD};
    bool exchange = now.bytes != arena->config.bytes;
    if (exchange && allocate_block(&other, now.bytes) != ENGRAM_OK)
        return;
    if (exchange)
        release_block(arena);
    pthread_mutex_lock(&shared);
    arena->generation = adopted;
    if (exchange) {
        arena->block = other.block;
        arena->memory = other.memory;
        arena->memory_bytes = other.memory_bytes;
        arena->config.bytes = now.bytes;
        arena->dirty = 0;
    }
    arena->config.overflow = now.overflow;
    arena->config.zero_on_release = now.zero_on_release;
    arena->warned = false;
    pthread_mutex_unlock(&shared);
}

/* Adds one arena's counters to a sum. A peak counts in its own window; a new one begins with
 * what is in use. */
static void sum_up(struct engram_arena_totals *sum, const engram_arena *arena)
{
    sum->resets += read_counter(&arena->info.releases);
    sum->overflows += read_counter(&arena->info.overflows);
    sum->fallbacks += read_counter(&arena->info.fallbacks);
    sum->fallback_bytes += read_counter(&arena->info.fallback_bytes);
    bool present = __atomic_load_n(&arena->window, __ATOMIC_RELAXED) == current_window();
    uint64_t peak = read_counter(present ? &arena->info.window_peak : &arena->info.used);
    if (peak > sum->peak)
        sum->peak = peak;
}

static void end_thread(void *unused)
{
    (void)unused;
    engram_arena *arena = mine;
    if (!arena)
        return;
    mine = NULL;
    pthread_mutex_lock(&shared);
    sum_up(&ended, arena);
    ended_peak = arena->info.peak > ended_peak ? arena->info.peak : ended_peak;
    if (arena->next)
        arena->next->previous = arena->previous;
    *(arena->previous ? &arena->previous->next : &threads) = arena->next;
    pthread_mutex_unlock(&shared);
    engram_arena_free(arena);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, end_thread) == 0;
}

engram_arena *engram_arena_thread(void)
{
    if (mine)
        return mine;
    pthread_once(&key_once, make_key);
    struct engram_arena_config config;
    engram_arena_configured(&config);
    engram_arena *arena;
    if (make(&config, THREAD, &arena) != ENGRAM_OK) {
        if (config.overflow == ENGRAM_PANIC)
            abort();
        return NULL;
    }
    if (!key_made || pthread_setspecific(key, arena) != 0) {
        engram_arena_free(arena);
        engram_fail(ENGRAM_ENOMEM, "engram_arena_thread: no room for a thread-specific key");
        return NULL;
    }
    pthread_mutex_lock(&shared);
    arena->generation = generation;
    arena->window = window;
    arena->next = threads;
    if (threads)
        threads->previous = arena;
    threads = arena;
    pthread_mutex_unlock(&shared);
    mine = arena;
    return arena;
}

void engram_deinit_thread_arena(void)
{
    if (mine)
        pthread_setspecific(key, NULL);
    end_thread(NULL);
}

void engram_reset_arenas(void)
{
    engram_start_legacy();
    if (mine)
        engram_arena_reset(mine);
}

/* ---- configuration */

/* By a call of the host's, or by the environment, which comes second. */
static int configure(const char *function, const struct engram_arena_config *config, bool by_call)
{
    int status = check_config(function, config);
    if (status != ENGRAM_OK)
        return status;
    if (config->bytes < BYTES_MIN || config->bytes > BYTES_MAX)
        return engram_fail(ENGRAM_ERANGE, "%s: bytes is %zu, expected %zu .. %zu", function,
                           config->bytes, BYTES_MIN, BYTES_MAX);
    pthread_mutex_lock(&shared);
    if (configured_by_call && !by_call) {
        pthread_mutex_unlock(&shared);
        return ENGRAM_OK;
    }
    configured_by_call = by_call;
    configured = *config;
    configured.bytes = (config->bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
    configured.size = sizeof configured;
    configured.reserved = 0;
    __atomic_add_fetch(&generation, 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&shared);
    return ENGRAM_OK;
}

int engram_arena_configure(const struct engram_arena_config *config)
{
    ENGRAM_NEED_OPTIONS(config);
    struct engram_arena_config own;
    engram_read_options(&own, sizeof own, config);
    return configure(__func__, &own, true);
}

void engram_arena_configured(struct engram_arena_config *out)
{
    pthread_mutex_lock(&shared);
    *out = configured;
    pthread_mutex_unlock(&shared);
}

/* The original's way in: what it cannot say stays as it is, what is out of range is brought into
 * it. */
void engram_configure_arena(uint32_t pool_size_mb, uint8_t overflow_strategy)
{
    static const uint32_t strategies[] = {ENGRAM_PANIC, ENGRAM_ERROR_RETURN, ENGRAM_FALLBACK};
    engram_start_legacy();
    struct engram_arena_config config;
    engram_arena_configured(&config);
    uint32_t mb = pool_size_mb < 1 ? 1 : pool_size_mb > 1024 ? 1024 : pool_size_mb;
    config.bytes = (size_t)mb << 20;
    uint32_t strategy = overflow_strategy > 2 ? 1 : overflow_strategy;
    config.overflow = strategies[strategy];
    if (configure(__func__, &config, true) == ENGRAM_OK &&
        (mb != pool_size_mb || strategy != overflow_strategy))
        engram_fail(
            ENGRAM_ERANGE, "engram_configure_arena: %u MB and strategy %u brought to %u MB and %u",
            (unsigned)pool_size_mb, (unsigned)overflow_strategy, (unsigned)mb, (unsigned)strategy);
}

/* Decimal digits and an optional K, M or G; 0 if it is anything else. */
static size_t parse_bytes(const char *text)
{
    size_t value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (size_t)(*p - '0'), &value))
            return 0;
    if (p == text)
        return 0;
    int shift = *p == 'K' ? 10 : *p == 'M' ? 20 : *p == 'G' ? 30 : 0;
    p += shift != 0;
    return *p || value > SIZE_MAX >> shift ? 0 : value << shift;
}

/* The place of a word in a list that ends with NULL; -1 if it is not there. */
static int word_index(const char *word, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(word, list[i]) == 0)
            return i;
    return -1;
}

void engram_arena_init(void)
{
    static const char *const strategies[] = {"error_return", "fallback", "panic", "error", NULL};
    static const char *const switches[] = {"false", "true", "0", "1", NULL};
    struct engram_arena_config config;
    engram_arena_configured(&config);

    const char *text = engram_environment("ENGRAM_ARENA_SIZE");
    if (text) {
        size_t bytes = parse_bytes(text);
        if (bytes >= BYTES_MIN && bytes <= BYTES_MAX)
            config.bytes = bytes;
        else
            engram_reject(
                "ENGRAM_ARENA_SIZE=%.40s: expected %zu .. %zu bytes, or a number with K, M or G; "
                "%zu stay",
                text, BYTES_MIN, BYTES_MAX, config.bytes);
    }
    text = engram_environment("ENGRAM_ARENA_OVERFLOW");
    if (text) {
        int strategy = word_index(text, strategies);
        if (strategy < 0 || (strategy == ENGRAM_PANIC && engram_panic_refused()))
            engram_reject("ENGRAM_ARENA_OVERFLOW=%.40s: expected %serror_return or fallback; "
                          "error_return stays",
                          text, engram_panic_refused() ? "" : "panic, ");
        else
            config.overflow = strategy == 3 ? ENGRAM_ERROR_RETURN : (uint32_t)strategy;
    }
    text = engram_environment("ENGRAM_ARENA_ZERO");
    if (text) {
        int on = word_index(text, switches);
        if (on < 0)
            engram_reject("ENGRAM_ARENA_ZERO=%.40s: expected true, 1, false or 0; zeroing stays on",
                          text);
        else
            config.zero_on_release = (uint32_t)on & 1;
    }
    configure(__func__, &config, false);
}

/* ---- statistics */

int engram_arena_info(const engram_arena *arena, struct engram_arena_info *out)
{
    ENGRAM_NEED(arena);
    ENGRAM_NEED(out);
    *out = arena->info;
    out->capacity = arena->config.bytes;
    if (arena->home == THREAD && arena->window != current_window())
        out->window_peak = out->used;
    return ENGRAM_OK;
}

void engram_arena_window(engram_arena *arena)
{
    if (arena)
        write_counter(&arena->info.window_peak, arena->info.used);
}

/* All counters, with the lock held. */
static struct engram_arena_totals sum_of_all(void)
{
    struct engram_arena_totals sum = ended;
    for (const engram_arena *arena = threads; arena; arena = arena->next) {
        sum_up(&sum, arena);
        sum.arenas++;
        sum.capacity += arena->config.bytes;
    }
    sum.resets -= forgotten.resets;
    sum.overflows -= forgotten.overflows;
    sum.fallbacks -= forgotten.fallbacks;
    sum.fallback_bytes -= forgotten.fallback_bytes;
    return sum;
}

void engram_arena_totals(struct engram_arena_totals *out)
{
    pthread_mutex_lock(&shared);
    *out = sum_of_all();
    pthread_mutex_unlock(&shared);
}

double engram_arena_peak(void)
{
    pthread_mutex_lock(&shared);
    uint64_t peak = ended_peak;
    for (const engram_arena *arena = threads; arena; arena = arena->next) {
        uint64_t own = read_counter(&arena->info.peak);
        peak = own > peak ? own : peak;
    }
    pthread_mutex_unlock(&shared);
    return (double)peak;
}

void engram_reset_arena_metrics(void)
{
    pthread_mutex_lock(&shared);
    struct engram_arena_totals now = sum_of_all();
    forgotten.resets += now.resets;
    forgotten.overflows += now.overflows;
    forgotten.fallbacks += now.fallbacks;
    forgotten.fallback_bytes += now.fallback_bytes;
    ended.peak = 0;
    __atomic_add_fetch(&window, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&shared);
}

void engram_arena_stats(size_t *total_resets, size_t *total_overflows, size_t *max_high_water_mark)
{
    struct engram_arena_totals totals;
    engram_arena_totals(&totals);
    if (total_resets)
        *total_resets = (size_t)totals.resets;
    if (total_overflows)
        *total_overflows = (size_t)totals.overflows;
    if (max_high_water_mark)
        *max_high_water_mark = (size_t)totals.peak;
}
