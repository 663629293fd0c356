/* arena.c - arenas: marks, alignment, limits, strategies, zeroing, counters, configuration.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include <stddef.h>

/* The most nodes whose scratch fits 1 MiB: two floats and two bits each, a divisor, and a line lost to
 * alignment; and too many. */
enum { KIB = 1024, MIB = 1024 * 1024, PAGE = 4096, DEFAULT_NODES = 127091, MORE_NODES = 127100 };

static struct engram_arena_config config_of(size_t bytes, uint32_t overflow, uint32_t zero)
{
    return (struct engram_arena_config){.size = sizeof(struct engram_arena_config),
                                        .overflow = overflow,
                                        .zero_on_release = zero,
                                        .bytes = bytes};
}

static engram_arena *make(size_t bytes, uint32_t overflow, uint32_t zero)
{
    struct engram_arena_config config = config_of(bytes, overflow, zero);
    engram_arena *arena = NULL;
    if (engram_arena_new(&config, &arena) != ENGRAM_OK)
        diag("an arena of %zu bytes: %s", bytes, engram_last_message());
    return arena;
}

static int configure(size_t bytes, uint32_t overflow, uint32_t zero)
{
    struct engram_arena_config config = config_of(bytes, overflow, zero);
    return engram_arena_configure(&config);
}

static struct engram_arena_info info_of(const engram_arena *arena)
{
    struct engram_arena_info info = {0};
    if (engram_arena_info(arena, &info) != ENGRAM_OK)
        diag("%s", engram_last_message());
    return info;
}

static struct engram_arena_totals totals(void)
{
    struct engram_arena_totals sums;
    engram_arena_totals(&sums);
    return sums;
}

/* Opens and closes an outermost mark of this thread's arena, which then has what was configured. */
static engram_arena *adopted(void)
{
    engram_arena *arena = engram_arena_thread();
    struct engram_mark mark;
    engram_arena_mark(arena, &mark);
    engram_arena_release(arena, &mark);
    return arena;
}

/* ---- in processes of their own, which start the library their own way */

static const char *panics_when_full(void)
{
    start(NULL);
    engram_arena *arena = make(100, ENGRAM_PANIC, 1);
    engram_arena_alloc(arena, 100, 1);
    if (!freopen("/dev/null", "w", stderr))
        return "no /dev/null";
    engram_arena_alloc(arena, 1, 1);
    return "a full arena went on";
}

static const char *panics_on_a_product(void)
{
    start(NULL);
    engram_arena *arena = make(100, ENGRAM_PANIC, 1);
    if (!freopen("/dev/null", "w", stderr))
        return "no /dev/null";
    engram_arena_alloc_array(arena, SIZE_MAX / 2, 8, 8);
    return "a product beyond size_t went on";
}

static const char *panics_in_the_thread_arena(void)
{
    start(NULL);
    if (configure(64 * KIB, ENGRAM_PANIC, 1) != ENGRAM_OK)
        return "panic cannot be configured";
    engram_arena *arena = adopted();
    if (!freopen("/dev/null", "w", stderr))
        return "no /dev/null";
    engram_arena_alloc(arena, 64 * KIB + 1, 1);
    return "a full arena went on";
}

static const char *bad_alignment_does_not_panic(void)
{
    start(NULL);
    engram_arena *arena = make(100, ENGRAM_PANIC, 1);
    return engram_arena_alloc(arena, 1, 3) ? "alignment 3 was accepted" : "";
}

static const char *panic_is_refused(void)
{
    struct engram_options options = {
        .size = sizeof options, .ignore_environment = 1, .refuse_panic = 1};
    engram_init(&options);
    struct engram_arena_config config = config_of(64 * KIB, ENGRAM_PANIC, 1), now;
    static _Alignas(64) char block[64 * KIB + ENGRAM_ARENA_HEAD];
    engram_arena *arena = NULL;
    if (engram_arena_new(&config, &arena) == ENGRAM_OK || arena)
        return "engram_arena_new took it";
    if (!mentions(engram_last_message(), "engram_arena_new|panic"))
        return engram_last_message();
    if (engram_arena_over(block, &config, &arena) == ENGRAM_OK || arena)
        return "engram_arena_over took it";
    if (engram_arena_configure(&config) == ENGRAM_OK)
        return "engram_arena_configure took it";
    engram_configure_arena(1, 0);
    engram_arena_configured(&now);
    if (now.overflow == ENGRAM_PANIC)
        return "engram_configure_arena took it";
    return "";
}

static void strategies_of_processes(void)
{
    is_string(in_child(panics_when_full), "signal 6", "panic: a full arena ends the process");
    is_string(in_child(panics_on_a_product), "signal 6",
              "panic: a product beyond size_t ends the process");
    is_string(in_child(panics_in_the_thread_arena), "signal 6",
              "panic: a full arena of a thread ends the process");
    is_string(in_child(bad_alignment_does_not_panic), "",
              "panic: a bad alignment is an error, not the end");
    is_string(in_child(panic_is_refused), "",
              "a host that refuses panic has it refused at every door");
}

/* ---- one arena */

/* A host that asks for nothing must not get the strategy that ends it. */
static void made_without_asking(void)
{
    struct engram_arena_config config = {.size = sizeof config, .bytes = 100};
    engram_arena *arena = NULL;
    engram_arena_new(&config, &arena);
    ok(!engram_arena_alloc(arena, 101, 1),
       "an arena of zeroed options returns errors when it is full");
    engram_arena_free(arena);
}

static void made_and_ended(void)
{
    struct engram_arena_config config = config_of(1000, ENGRAM_ERROR_RETURN, 1);
    engram_arena *arena = NULL;
    refused(engram_arena_new(NULL, &arena), ENGRAM_ENULL, "engram_arena_new|config",
            "an arena without a configuration is refused");
    refused(engram_arena_new(&config, NULL), ENGRAM_ENULL, "engram_arena_new|out",
            "an arena without a place for it is refused");
    config.overflow = 3;
    refused(engram_arena_new(&config, &arena), ENGRAM_ERANGE, "engram_arena_new|overflow|3",
            "an unknown strategy is refused");
    config = config_of(SIZE_MAX - 8, ENGRAM_ERROR_RETURN, 1);
    refused(engram_arena_new(&config, &arena), ENGRAM_ENOMEM, "",
            "an arena of almost all addresses is refused");
    ok(!arena, "a failed call leaves the place as it was");

    long live = heap.live;
    arena = make(1000, ENGRAM_ERROR_RETURN, 1);
    struct engram_arena_info info = info_of(arena);
    ok(info.capacity == 1000 && info.used == 0 && info.peak == 0 && info.window_peak == 0 &&
           info.overflows == 0 && info.fallbacks == 0 && info.fallback_bytes == 0 &&
           info.releases == 0,
       "a new arena has its capacity and nothing else");
    ok(heap.live > live, "its block comes from the host's allocator");
    refused(engram_arena_info(NULL, &info), ENGRAM_ENULL, "engram_arena_info|arena",
            "facts about no arena are refused");
    refused(engram_arena_info(arena, NULL), ENGRAM_ENULL, "engram_arena_info|out",
            "facts without a place for them are refused");
    ok(!engram_arena_alloc(NULL, 8, 8) && engram_last_status() == ENGRAM_ENULL &&
           !engram_arena_alloc_array(NULL, 2, 4, 8),
       "nothing comes from no arena");
    refused(engram_arena_release(arena, NULL), ENGRAM_ENULL, "engram_arena_release|mark",
            "releasing no mark is refused");
    refused(engram_arena_reset(NULL), ENGRAM_ENULL, "engram_arena_reset|arena",
            "resetting no arena is refused");
    engram_arena_free(arena);
    engram_arena_free(NULL);
    is_int(heap.live, live, "ending it gives everything back, and ending none is harmless");
}

static void worked_examples(void)
{
    engram_arena *arena = make(KIB, ENGRAM_ERROR_RETURN, 1);
    char *a = engram_arena_alloc(arena, 1, 1);
    is_int((long long)info_of(arena).used, 1, "1 byte takes 1 byte");
    ok((uintptr_t)a % 64 == 0, "the block is aligned to 64");
    char *b = engram_arena_alloc(arena, 1, 8);
    ok(b == a + 8 && info_of(arena).used == 9, "1 byte aligned to 8 starts at 8 and ends at 9");
    char *c = engram_arena_alloc(arena, 1, 16);
    ok(c == a + 16 && info_of(arena).used == 17 && info_of(arena).peak == 17,
       "1 byte aligned to 16 starts at 16 and ends at 17, which is the peak");
    engram_arena_free(arena);

    arena = make(100, ENGRAM_ERROR_RETURN, 1);
    struct engram_mark mark;
    engram_arena_mark(arena, &mark);
    ok(engram_arena_alloc(arena, 95, 1), "95 of 100 bytes fit");
    ok(!engram_arena_alloc(arena, 8, 8) && engram_last_status() == ENGRAM_ENOMEM,
       "8 bytes from 96 on do not");
    ok(mentions(engram_last_message(), "8|100"), "the message has what was asked and the capacity");
    struct engram_arena_info info = info_of(arena);
    ok(info.used == 95 && info.overflows == 1, "the failure is counted and changes nothing else");
    ok(engram_arena_alloc(arena, 5, 1), "the last 5 bytes can still be had");
    is_int(engram_arena_release(arena, &mark), ENGRAM_OK, "the mark is released");
    info = info_of(arena);
    ok(info.used == 0 && info.peak == 100 && info.overflows == 1 && info.releases == 1,
       "then nothing is in use; peak, overflow and release are remembered");
    engram_arena_free(arena);
}

static void alignments(void)
{
    engram_arena *arena = make(64 * KIB, ENGRAM_ERROR_RETURN, 1);
    int misaligned = 0, overlapping = 0;
    uintptr_t end = 0;
    for (size_t align = 1; align <= 4096; align *= 2)
        for (int i = 0; i < 2; i++) {
            char *p = engram_arena_alloc(arena, 3, align);
            misaligned += !p || (uintptr_t)p % align != 0;
            overlapping += (uintptr_t)p < end;
            end = (uintptr_t)p + 3;
            memset(p, SECRET, 3);
        }
    is_int(misaligned, 0, "addresses are aligned to every power of two up to 4096");
    is_int(overlapping, 0, "allocations do not overlap");

    struct engram_arena_info before = info_of(arena);
    static const size_t bad[] = {0, 3, 6, 24, 4097, 8192, (size_t)1 << 40, SIZE_MAX};
    int accepted = 0, unnamed = 0;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char value[32];
        snprintf(value, sizeof value, "align|%zu", bad[i]);
        accepted +=
            engram_arena_alloc(arena, 8, bad[i]) != NULL || engram_last_status() != ENGRAM_ERANGE;
        unnamed += !mentions(engram_last_message(), value);
        accepted += engram_arena_alloc_array(arena, 2, 4, bad[i]) != NULL ||
                    engram_last_status() != ENGRAM_ERANGE;
    }
    is_int(accepted, 0, "other alignments are out of range");
    is_int(unnamed, 0, "the message names the alignment");
    struct engram_arena_info after = info_of(arena);
    ok(same_bits(&before, &after, sizeof before), "they take nothing and are no overflow");
    engram_arena_free(arena);
}

static void sizes(void)
{
    engram_arena *arena = make(KIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena_alloc(arena, 1, 1);
    ok(engram_arena_alloc(arena, 0, 64) && engram_arena_alloc_array(arena, 0, SIZE_MAX, 8) &&
           engram_arena_alloc_array(arena, SIZE_MAX, 0, 8),
       "0 bytes succeed");
    is_int((long long)info_of(arena).used, 1, "and take none");

    static const struct {
        size_t count, element;
    } beyond[] = {
        {SIZE_MAX / 2, 4},          /* wraps to SIZE_MAX - 3 */
        {(size_t)1 << 62, 4},       /* wraps to 0 */
        {((size_t)1 << 62) + 2, 4}, /* wraps to 8 */
        {SIZE_MAX, SIZE_MAX},       /* wraps to 1 */
        {(size_t)1 << 33, (size_t)1 << 33},
    };
    int accepted = 0;
    for (size_t i = 0; i < COUNT(beyond); i++)
        accepted +=
            engram_arena_alloc_array(arena, beyond[i].count, beyond[i].element, 8) != NULL ||
            engram_last_status() != ENGRAM_ENOMEM;
    is_int(accepted, 0, "a product beyond size_t is refused, whatever it would wrap to");
    struct engram_arena_info info = info_of(arena);
    ok(info.overflows == COUNT(beyond) && info.used == 1, "and counts as an overflow");

    ok(!engram_arena_alloc(arena, SIZE_MAX, 64) && !engram_arena_alloc(arena, SIZE_MAX - 32, 64) &&
           !engram_arena_alloc(arena, KIB, 1),
       "sizes up to SIZE_MAX do not wrap round");
    ok(engram_arena_alloc(arena, KIB - 1, 1), "the arena is as it was");
    ok(engram_arena_alloc(arena, 0, 4096), "0 bytes succeed in a full arena");
    engram_arena_free(arena);

    arena = make(KIB, ENGRAM_FALLBACK, 1);
    long calls = heap.calls;
    ok(!engram_arena_alloc_array(arena, ((size_t)1 << 62) + 512, 4, 8) &&
           engram_last_status() == ENGRAM_ENOMEM && heap.calls == calls,
       "fallback: a product beyond size_t never reaches the host");
    ok(!engram_arena_alloc(arena, SIZE_MAX, 8) && !engram_arena_alloc(arena, SIZE_MAX - 15, 4096),
       "fallback: sizes near SIZE_MAX do not wrap round on their way to the host");
    engram_arena_free(arena);
}

static void marks(void)
{
    engram_arena *arena = make(KIB, ENGRAM_ERROR_RETURN, 1);
    struct engram_mark a, b, c;
    engram_arena_mark(arena, &a);
    engram_arena_alloc(arena, 10, 1);
    engram_arena_mark(arena, &b);
    char *inner = engram_arena_alloc(arena, 20, 1);
    refused(engram_arena_release(arena, &a), ENGRAM_ERANGE, "engram_arena_release|mark",
            "an outer mark is not released before the inner one");
    is_int((long long)info_of(arena).used, 30, "and nothing is given back");
    refused(engram_arena_reset(arena), ENGRAM_EBUSY, "engram_arena_reset|mark",
            "an arena with an open mark is not reset");
    is_int(engram_arena_release(arena, &b), ENGRAM_OK, "the inner mark is released");
    ok(info_of(arena).used == 10 && info_of(arena).releases == 0,
       "which gives back what came after it, and is not counted");
    ok(engram_arena_alloc(arena, 20, 1) == inner, "the same bytes are handed out again");
    refused(engram_arena_release(arena, &b), ENGRAM_ERANGE, "engram_arena_release",
            "a mark is not released twice");
    engram_arena_mark(arena, &c);
    refused(engram_arena_release(arena, &b), ENGRAM_ERANGE, "engram_arena_release",
            "an old mark does not stand for a new one at the same depth");
    is_int(engram_arena_release(arena, &c), ENGRAM_OK, "the new one is released");
    is_int(engram_arena_release(arena, &a), ENGRAM_OK, "then the outermost");
    ok(info_of(arena).used == 0 && info_of(arena).releases == 1, "which is counted, once");
    refused(engram_arena_release(arena, &a), ENGRAM_ERANGE, "engram_arena_release",
            "without an open mark nothing is released");

    engram_arena *one = make(KIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena *other = make(KIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena_mark(one, &a);
    engram_arena_mark(other, &b);
    ok(engram_arena_release(other, &a) == ENGRAM_ERANGE &&
           engram_arena_release(one, &b) == ENGRAM_ERANGE,
       "a mark of another arena is not released, even if that arena has the same history");
    ok(engram_arena_release(other, &b) == ENGRAM_OK && engram_arena_release(one, &a) == ENGRAM_OK,
       "each releases its own");
    engram_arena_free(one);
    engram_arena_free(other);

    engram_arena_alloc(arena, 33, 1);
    is_int(engram_arena_reset(arena), ENGRAM_OK, "without an open mark an arena is reset");
    ok(info_of(arena).used == 0 && info_of(arena).releases == 2, "which counts as a release");

    struct engram_mark deep[200];
    for (size_t i = 0; i < COUNT(deep); i++) {
        engram_arena_mark(arena, &deep[i]);
        engram_arena_alloc(arena, 1, 1);
    }
    int failed = 0;
    for (size_t i = COUNT(deep); i-- > 0;) {
        failed += engram_arena_release(arena, &deep[i]) != ENGRAM_OK;
        failed += info_of(arena).used != i;
    }
    is_int(failed, 0, "marks nest 200 deep and are released one by one");
    engram_arena_free(arena);
}

static void peaks(void)
{
    engram_arena *arena = make(KIB, ENGRAM_ERROR_RETURN, 1);
    struct engram_mark mark;
    engram_arena_mark(arena, &mark);
    engram_arena_alloc(arena, 500, 1);
    engram_arena_release(arena, &mark);
    engram_arena_alloc(arena, 100, 1);
    ok(info_of(arena).peak == 500 && info_of(arena).window_peak == 500, "both peaks are the most");
    engram_arena_window(arena);
    ok(info_of(arena).peak == 500 && info_of(arena).window_peak == 100,
       "a new window begins with what is in use; the peak of the life stays");
    engram_arena_alloc(arena, 50, 1);
    engram_arena_reset(arena);
    ok(info_of(arena).peak == 500 && info_of(arena).window_peak == 150,
       "the window has its own most, which a reset does not replace with the old one");
    engram_arena_alloc(arena, 600, 1);
    ok(info_of(arena).peak == 600 && info_of(arena).window_peak == 600, "a new most is both");
    engram_arena_free(arena);
}

static void fallback(void)
{
    long before = heap.live, secrets = heap.secrets;
    engram_arena *arena = make(100, ENGRAM_FALLBACK, 1);
    long live = heap.live;
    struct engram_mark outer, inner;
    engram_arena_mark(arena, &outer);
    char *a = engram_arena_alloc(arena, 200, 64);
    ok(a && (uintptr_t)a % 64 == 0 && heap.live == live + 1,
       "fallback: what does not fit comes from the host");
    struct engram_arena_info info = info_of(arena);
    ok(info.overflows == 1 && info.fallbacks == 1 && info.fallback_bytes >= 200 &&
           info.used >= 200 && info.peak >= 200 && info.capacity == 100,
       "fallback: it is counted, with its bytes, in the use and the peak too");
    ok(engram_arena_alloc(arena, 60, 1) && info_of(arena).fallbacks == 1,
       "fallback: what fits comes from the block");
    memset(a, SECRET, 200);

    engram_arena_mark(arena, &inner);
    int misaligned = 0;
    for (size_t align = 1; align <= 4096; align *= 2) {
        char *p = engram_arena_alloc_array(arena, 50, 3, align);
        misaligned += !p || (uintptr_t)p % align != 0;
        if (p)
            memset(p, SECRET, 150);
    }
    is_int(misaligned, 0, "fallback: addresses are aligned up to 4096");
    is_int(heap.live, live + 14, "fallback: a chunk each");
    engram_arena_release(arena, &inner);
    is_int(heap.live, live + 1, "fallback: an inner release frees the chunks since its mark");
    ok(all_are(a, SECRET, 200), "fallback: and leaves the older ones alone");
    engram_arena_release(arena, &outer);
    info = info_of(arena);
    ok(heap.live == live && info.used == 0, "fallback: the outermost release frees the rest");
    ok(info.overflows == 14 && info.fallbacks == 14 && info.fallback_bytes >= 200 + 13 * 150,
       "fallback: the counters stay");
    is_int(heap.secrets, secrets, "fallback: chunks are zeroed before the host gets them back");

    engram_arena_alloc(arena, 300, 8);
    engram_arena_reset(arena);
    is_int(heap.live, live, "fallback: a reset frees chunks made outside a mark");
    memset(engram_arena_alloc(arena, 300, 8), SECRET, 300);
    engram_arena_free(arena);
    is_int(heap.live, before, "fallback: so does the end of the arena");
    is_int(heap.secrets, secrets, "fallback: which zeroes them first");

    arena = make(100, ENGRAM_FALLBACK, 1);
    heap.fuse = 0;
    ok(!engram_arena_alloc(arena, 200, 8) && engram_last_status() == ENGRAM_ENOMEM &&
           *engram_last_message(),
       "fallback: where the host has nothing either, the allocation fails");
    heap.fuse = -1;
    info = info_of(arena);
    ok(info.overflows == 1 && info.fallbacks == 0 && info.fallback_bytes == 0 && info.used == 0,
       "fallback: and is an overflow only");
    engram_arena_free(arena);
}

static void over_a_block(void)
{
    struct engram_arena_config config = config_of(KIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena *arena = NULL;
    char *block = malloc(KIB + ENGRAM_ARENA_HEAD);
    refused(engram_arena_over(NULL, &config, &arena), ENGRAM_ENULL, "engram_arena_over|block",
            "an arena over nothing is refused");
    refused(engram_arena_over(block, NULL, &arena), ENGRAM_ENULL, "engram_arena_over|config",
            "an arena over a block needs a configuration");
    refused(engram_arena_over(block, &config, NULL), ENGRAM_ENULL, "engram_arena_over|out",
            "an arena over a block needs a place for it");
    config.overflow = ENGRAM_FALLBACK;
    refused(engram_arena_over(block, &config, &arena), ENGRAM_ERANGE,
            "engram_arena_over|overflow|fallback", "fallback is not for the caller's block");
    free(block);
    config.overflow = ENGRAM_ERROR_RETURN;

    long calls = heap.calls;
    int outside = 0, misaligned = 0, failed = 0;
    for (size_t shift = 0; shift < 64; shift++) {
        char *all = malloc(shift + KIB + ENGRAM_ARENA_HEAD), *lent = all + shift;
        failed += engram_arena_over(lent, &config, &arena) != ENGRAM_OK;
        failed += info_of(arena).capacity != KIB;
        struct engram_mark mark;
        engram_arena_mark(arena, &mark);
        char *p = engram_arena_alloc(arena, KIB, 64);
        misaligned += (uintptr_t)p % 64 != 0;
        outside += !p || p < lent || p + KIB > lent + KIB + ENGRAM_ARENA_HEAD;
        if (p)
            memset(p, SECRET, KIB);
        failed += engram_arena_alloc(arena, 1, 1) != NULL;
        failed += engram_arena_release(arena, &mark) != ENGRAM_OK;
        engram_arena_free(arena);
        free(all);
    }
    is_int(failed, 0, "an arena over a block works wherever the block starts");
    is_int(misaligned, 0, "its usable part is aligned to 64");
    is_int(outside, 0, "and lies inside the block");
    is_int(heap.calls, calls, "nothing was allocated for it");
}

/* What is left in the caller's block. */
static void zeroing(void)
{
    static _Alignas(64) unsigned char block[4 * KIB + ENGRAM_ARENA_HEAD];
    struct engram_arena_config config = config_of(4 * KIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena *arena = NULL;
    struct engram_mark outer, inner;

    engram_arena_over(block, &config, &arena);
    engram_arena_mark(arena, &outer);
    unsigned char *a = engram_arena_alloc(arena, 1000, 1);
    memset(a, SECRET, 1000);
    engram_arena_mark(arena, &inner);
    unsigned char *b = engram_arena_alloc(arena, 2000, 64);
    memset(b, SECRET, 2000);
    engram_arena_release(arena, &inner);
    ok(all_are(b, 0, 2000), "zeroing: an inner release clears what it gives back");
    ok(all_are(a, SECRET, 1000), "zeroing: and nothing before it");
    memset(engram_arena_alloc(arena, 10, 1), SECRET, 10);
    engram_arena_release(arena, &outer);
    ok(all_are(a, 0, 4 * KIB), "zeroing: the outermost release clears everything up to the peak");
    memset(engram_arena_alloc(arena, 700, 1), SECRET, 700);
    engram_arena_reset(arena);
    ok(all_are(a, 0, 4 * KIB), "zeroing: so does a reset");
    memset(engram_arena_alloc(arena, 700, 1), SECRET, 700);
    engram_arena_free(arena);
    ok(all_are(a, 0, 4 * KIB), "zeroing: so does the end of the arena");

    memset(block, 0, sizeof block);
    config.zero_on_release = 0;
    engram_arena_over(block, &config, &arena);
    engram_arena_mark(arena, &outer);
    a = engram_arena_alloc(arena, 1000, 1);
    memset(a, SECRET, 1000);
    engram_arena_release(arena, &outer);
    ok(all_are(a, SECRET, 1000), "zeroing: off, released bytes stay as they are");
    engram_arena_free(arena);
    ok(all_are(a, SECRET, 1000), "zeroing: off, they stay when the arena ends");

    long secrets = heap.secrets;
    arena = make(KIB, ENGRAM_ERROR_RETURN, 1);
    memset(engram_arena_alloc(arena, 800, 1), SECRET, 800);
    engram_arena_free(arena);
    is_int(heap.secrets, secrets, "zeroing: an owned block is cleared before the host has it back");
    arena = make(KIB, ENGRAM_ERROR_RETURN, 0);
    memset(engram_arena_alloc(arena, 800, 1), SECRET, 800);
    engram_arena_free(arena);
    is_int(heap.secrets, secrets + 1, "zeroing: off, it is not");
}

static void without_memory(void)
{
    struct engram_arena_config config = config_of(KIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena *arena = NULL;
    long live = heap.live;
    heap.fuse = 0;
    refused(engram_arena_new(&config, &arena), ENGRAM_ENOMEM, "",
            "without memory an arena is not made");
    heap.fuse = 1;
    int status = engram_arena_new(&config, &arena);
    heap.fuse = -1;
    ok(status == ENGRAM_OK ? arena != NULL : status == ENGRAM_ENOMEM && !arena,
       "with room for one block it is made or it is not");
    engram_arena_free(arena);
    is_int(heap.live, live, "and nothing is lost");
}

/* ---- the calling thread's arena */

/* n nodes and the edge 0 -> 1 of weight 0.5. */
static engram_graph *two_of(uint32_t n)
{
    uint32_t *offsets = malloc((n + 1) * sizeof *offsets), target = 1;
    for (uint32_t i = 0; i <= n; i++)
        offsets[i] = i > 0;
    float weight = 0.5f;
    engram_graph *graph = NULL;
    if (engram_graph_from_csr(n, offsets, &target, &weight, NULL, &graph) != ENGRAM_OK)
        diag("%s", engram_last_message());
    free(offsets);
    return graph;
}

static const struct engram_spread one_step = {
    .size = sizeof one_step, .steps = 1, .keep = 1, .gain = 1};

static float *cue_of(uint32_t n)
{
    float *activations = calloc(n, sizeof *activations);
    activations[0] = 1;
    return activations;
}

static bool has_spread(const float *activations, uint32_t n)
{
    return activations[0] == 1 && activations[1] == 0.5f &&
           all_are(activations + 2, 0, (n - 2) * sizeof *activations);
}

static void thread_arena(void)
{
    struct engram_arena_config config;
    engram_arena_configured(&config);
    ok(config.bytes == MIB && config.overflow == ENGRAM_ERROR_RETURN && config.zero_on_release == 1,
       "by default a thread's arena has 1 MiB, returns errors and zeroes");
    ok(totals().arenas == 0 && totals().capacity == 0, "a thread that needs none has none");

    heap.fuse = 0;
    engram_arena *none = engram_arena_thread();
    heap.fuse = -1;
    ok(!none && engram_last_status() == ENGRAM_ENOMEM && *engram_last_message(),
       "without memory a thread has no arena");
    ok(totals().arenas == 0, "and none is counted");

    engram_arena *arena = engram_arena_thread();
    ok(arena && engram_arena_thread() == arena, "once made it stays the same");
    ok(info_of(arena).capacity == MIB && totals().arenas == 1 && totals().capacity == MIB,
       "it has the configured capacity and is counted");
    engram_arena *own = make(KIB, ENGRAM_ERROR_RETURN, 1);
    ok(totals().arenas == 1, "arenas of the caller's own are not");
    engram_arena_free(own);

    struct engram_arena_totals before = totals();
    struct engram_mark mark;
    engram_arena_mark(arena, &mark);
    ok(!engram_arena_alloc(arena, MIB + 1, 1) && totals().overflows == before.overflows + 1,
       "an overflow is seen in the totals at once");
    engram_arena_alloc(arena, 1000, 1);
    engram_arena_release(arena, &mark);
    ok(totals().resets == before.resets + 1 && totals().peak >= 1000,
       "so are the outermost release and the peak");

    before = totals();
    engram_deinit_thread_arena();
    struct engram_arena_totals after = totals();
    ok(after.arenas == 0 && after.capacity == 0,
       "ending the thread's arena takes it off the count");
    ok(after.resets == before.resets && after.overflows == before.overflows &&
           after.peak == before.peak,
       "and keeps what it had counted");
    engram_deinit_thread_arena();
    ok(engram_arena_thread() && totals().arenas == 1, "it is made again when it is needed");

    long secrets = heap.secrets;
    memset(engram_arena_alloc(engram_arena_thread(), 5000, 1), SECRET, 5000);
    engram_deinit_thread_arena();
    is_int(heap.secrets, secrets, "its block is zeroed before the host has it back");
}

static void scratch_of_spreading(void)
{
    engram_graph *fits = two_of(DEFAULT_NODES), *larger = two_of(MORE_NODES);
    float *activations = cue_of(MORE_NODES), *untouched = cue_of(MORE_NODES);

    ok(engram_graph_spread_scratch(fits, &one_step) <= MIB &&
           engram_graph_spread_scratch(larger, &one_step) > MIB,
       "the scratch of 127,091 nodes fits into 1 MiB, that of 127,100 does not");
    is_int(engram_graph_spread(fits, &one_step, NULL, activations), ENGRAM_OK,
           "127,091 nodes spread in the default arena of a thread");
    ok(has_spread(activations, DEFAULT_NODES), "with the right result");
    ok(totals().peak <= MIB && totals().peak > MIB - 128, "using all of it");

    memcpy(activations, untouched, MORE_NODES * sizeof *activations);
    uint64_t overflows = totals().overflows;
    refused(engram_graph_spread(larger, &one_step, NULL, activations), ENGRAM_ENOMEM, "1048576",
            "127,100 nodes have no room, and the message has the capacity");
    ok(same_bits(activations, untouched, MORE_NODES * sizeof *activations),
       "then the activations are untouched");
    is_int((long long)totals().overflows, (long long)overflows + 1, "and the overflow is counted");
    struct engram_spread restart = one_step;
    restart.restart = 0.5f;
    ok(engram_graph_spread(fits, &restart, NULL, activations) == ENGRAM_ENOMEM &&
           engram_graph_spread_scratch(fits, &restart) > MIB,
       "a restart needs a second copy, and says so beforehand");

    configure(MIB, ENGRAM_FALLBACK, 1);
    long live = heap.live;
    struct engram_arena_totals before = totals();
    is_int(engram_graph_spread(larger, &one_step, NULL, activations), ENGRAM_OK,
           "under fallback 127,100 nodes spread");
    ok(has_spread(activations, MORE_NODES), "with the right result");
    struct engram_arena_totals after = totals();
    ok(after.fallbacks == before.fallbacks + 1 && after.overflows == before.overflows + 1 &&
           after.fallback_bytes >= before.fallback_bytes + 4 * MORE_NODES,
       "one overflow chunk is counted");
    is_int(heap.live, live, "and given back");

    engram_deinit_thread_arena();
    memcpy(activations, untouched, MORE_NODES * sizeof *activations);
    heap.fuse = 0;
    refused(engram_graph_spread(fits, &one_step, NULL, activations), ENGRAM_ENOMEM, "",
            "without memory for the arena nothing spreads");
    heap.fuse = -1;
    ok(same_bits(activations, untouched, MORE_NODES * sizeof *activations),
       "and nothing is changed");

    engram_arena *exact = make(engram_graph_spread_scratch(larger, &restart), ENGRAM_PANIC, 1);
    is_int(engram_graph_spread(larger, &restart, exact, activations), ENGRAM_OK,
           "an arena of exactly the bytes asked for beforehand suffices");
    is_int((long long)info_of(exact).used, 0, "and is rewound");
    engram_arena_free(exact);

    engram_arena *shared = make(64 * KIB, ENGRAM_ERROR_RETURN, 1);
    engram_graph *small = two_of(1000);
    unsigned char *mine = engram_arena_alloc(shared, 5000, 1);
    memset(mine, SECRET, 5000);
    ok(engram_graph_spread(small, &one_step, shared, activations) == ENGRAM_OK &&
           all_are(mine, SECRET, 5000),
       "spreading gives back its own scratch and leaves the caller's alone");
    is_int((long long)info_of(shared).used, 5000, "so that the caller's stays in use");
    engram_arena_free(shared);

    engram_graph_free(small);
    engram_graph_free(fits);
    engram_graph_free(larger);
    free(activations);
    free(untouched);
    configure(MIB, ENGRAM_ERROR_RETURN, 1);
}

static void metrics(void)
{
    engram_arena *arena = adopted();
    struct engram_mark mark;
    engram_arena_mark(arena, &mark);
    engram_arena_alloc(arena, 500 * KIB, 1);
    engram_arena_alloc(arena, MIB, 1);
    engram_arena_release(arena, &mark);

    engram_reset_arena_metrics();
    struct engram_arena_totals sums = totals();
    ok(sums.resets == 0 && sums.overflows == 0 && sums.peak == 0 && sums.fallbacks == 0 &&
           sums.fallback_bytes == 0,
       "resetting the metrics sets the sums to 0");
    ok(sums.arenas == 1 && sums.capacity == MIB, "but not the arenas that are alive");
    engram_arena_mark(arena, &mark);
    engram_arena_alloc(arena, 100, 1);
    engram_arena_release(arena, &mark);
    sums = totals();
    ok(sums.resets == 1 && sums.overflows == 0 && sums.peak == 100,
       "what is counted afterwards is new: the old peak does not come back");
    struct engram_arena_info info = info_of(arena);
    ok(info.peak >= 500 * KIB && info.window_peak == 100,
       "the arena has a new window and keeps the peak of its life");
    engram_deinit_thread_arena();
    ok(totals().peak == 100 && totals().resets == 1, "nor does it come back when the arena ends");
}

static void configuration(void)
{
    struct engram_arena_config now;
    refused(engram_arena_configure(NULL), ENGRAM_ENULL, "engram_arena_configure|config",
            "no configuration is refused");
    static const size_t bad[] = {1, 65535, ((size_t)1 << 30) + 1, SIZE_MAX};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char words[64];
        snprintf(words, sizeof words, "engram_arena_configure|bytes|%zu", bad[i]);
        refused(configure(bad[i], ENGRAM_ERROR_RETURN, 0), ENGRAM_ERANGE, words,
                "%zu bytes are refused", bad[i]);
    }
    refused(configure(MIB, 3, 0), ENGRAM_ERANGE, "engram_arena_configure|overflow|3",
            "an unknown strategy is refused");
    engram_arena_configured(&now);
    ok(now.bytes == MIB && now.overflow == ENGRAM_ERROR_RETURN && now.zero_on_release == 1,
       "what was refused changes nothing");
    ok(configure((size_t)1 << 30, ENGRAM_ERROR_RETURN, 1) == ENGRAM_OK, "1 GiB is accepted");
    engram_arena_configured(&now);
    ok(now.bytes == (size_t)1 << 30, "and reported");
    is_int(configure(64 * KIB, ENGRAM_ERROR_RETURN, 1), ENGRAM_OK, "64 KiB are accepted");
    ok(info_of(adopted()).capacity == 64 * KIB, "and adopted");
    configure(64 * KIB + 1, ENGRAM_ERROR_RETURN, 1);
    ok(info_of(adopted()).capacity == 64 * KIB + PAGE, "a byte more is rounded up to a page");

    configure(MIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena *arena = adopted();
    struct engram_mark outer, inner;
    configure(2 * MIB, ENGRAM_FALLBACK, 0);
    ok(info_of(arena).capacity == MIB, "a new configuration waits");
    engram_arena_configured(&now);
    ok(now.bytes == 2 * MIB && now.overflow == ENGRAM_FALLBACK && now.zero_on_release == 0,
       "although it is in force");
    engram_arena_mark(arena, &outer);
    ok(info_of(arena).capacity == 2 * MIB, "the next outermost mark adopts it");
    configure(64 * KIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena_mark(arena, &inner);
    ok(info_of(arena).capacity == 2 * MIB, "an inner mark does not");
    engram_arena_release(arena, &inner);
    engram_arena_release(arena, &outer);
    ok(info_of(arena).capacity == 2 * MIB, "nor does a release");
    engram_arena_mark(arena, &outer);
    ok(info_of(arena).capacity == 64 * KIB && !engram_arena_alloc(arena, 64 * KIB + 1, 1),
       "the next outermost one does, strategy included");
    engram_arena_release(arena, &outer);
    ok(engram_arena_thread() == arena && totals().capacity == 64 * KIB,
       "the arena is the same, with another block");

    unsigned char *kept = engram_arena_alloc(arena, 1000, 8);
    memset(kept, SECRET, 1000);
    configure(MIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena_mark(arena, &outer);
    ok(all_are(kept, SECRET, 1000), "what was allocated outside a mark survives a mark");
    engram_arena_release(arena, &outer);
    engram_arena_reset(arena);
    ok(info_of(adopted()).capacity == MIB, "and once it is given back the new block comes");

    configure(64 * KIB, ENGRAM_FALLBACK, 1);
    adopted();
    kept = engram_arena_alloc(arena, 100 * KIB, 8);
    memset(kept, SECRET, 100 * KIB);
    long live = heap.live;
    configure(MIB, ENGRAM_ERROR_RETURN, 1);
    engram_arena_mark(arena, &outer);
    if (ok(heap.live >= live, "so does what the host's allocator served outside a mark"))
        ok(all_are(kept, SECRET, 100 * KIB), "with what was written there");
    engram_arena_release(arena, &outer);
    engram_arena_reset(arena);
    adopted();

    configure(4 * MIB, ENGRAM_ERROR_RETURN, 1);
    heap.fuse = 0;
    engram_arena_mark(arena, &outer);
    ok(engram_arena_alloc(arena, MIB / 2, 1),
       "without memory for a new block the old one serves on");
    engram_arena_release(arena, &outer);
    heap.fuse = -1;
    ok(info_of(adopted()).capacity == 4 * MIB, "until there is memory");

    struct engram_arena_info info = info_of(arena);
    configure(MIB, ENGRAM_ERROR_RETURN, 1);
    ok(info_of(adopted()).peak >= info.peak && info_of(arena).releases > info.releases,
       "the counters of an arena survive its new block");

    long secrets = heap.secrets;
    memset(engram_arena_alloc(arena, 5000, 1), SECRET, 5000);
    engram_arena_reset(arena);
    configure(2 * MIB, ENGRAM_ERROR_RETURN, 1);
    adopted();
    is_int(heap.secrets, secrets, "the old block is zeroed before the host has it back");
    configure(MIB, ENGRAM_ERROR_RETURN, 1);
}

int main(void)
{
    strategies_of_processes();
    is_int(start(NULL), ENGRAM_OK, "the library starts");
    made_without_asking();
    made_and_ended();
    worked_examples();
    alignments();
    sizes();
    marks();
    peaks();
    fallback();
    over_a_block();
    zeroing();
    without_memory();
    thread_arena();
    scratch_of_spreading();
    metrics();
    configuration();
    heap_settled();
    return done();
}
