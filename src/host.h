/* host.h - what the host decides and all parts ask for: memory, messages, the cancel flag.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_HOST_H
#define ENGRAM_HOST_H

#include "engram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Records a failure of this thread, one sentence, and returns its status. */
int engram_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fails unless a required pointer is there, in the name of a function and by that of its argument. */
#define ENGRAM_NEED_BY(function, pointer, name)                                                    \
    do {                                                                                           \
        if (!(pointer))                                                                            \
            return engram_fail(ENGRAM_ENULL, "%s: %s is null", function, name);                    \
    } while (0)
#define ENGRAM_NEED_OF(function, pointer) ENGRAM_NEED_BY(function, pointer, #pointer)
#define ENGRAM_NEED_AS(pointer, name) ENGRAM_NEED_BY(__func__, pointer, name)
#define ENGRAM_NEED(pointer) ENGRAM_NEED_BY(__func__, pointer, #pointer)

/* Size-first structs: a caller may know fewer fields than we do, but must say how many. */
#define ENGRAM_NEED_OPTIONS_OF(function, options)                                                  \
    do {                                                                                           \
        if (!(options))                                                                            \
            return engram_fail(ENGRAM_ENULL, "%s: %s is null", function, #options);                \
        if ((options)->size < sizeof(uint32_t) || (options)->size > 4096)                          \
            return engram_fail(ENGRAM_EDIM, "%s: %s->size is %u, expected sizeof *%s", function,   \
                               #options, (unsigned)(options)->size, #options);                     \
    } while (0)
#define ENGRAM_NEED_OPTIONS(options) ENGRAM_NEED_OPTIONS_OF(__func__, options)

/* Copies a size-first struct into one of ours, zero where the caller's ends. */
void engram_read_options(void *own, size_t own_bytes, const void *given);

/* Memory by the host's allocator. engram_resize keeps the old block on failure; both fail with a
 * message. */
void *engram_allocate(size_t bytes);
void *engram_resize(void *old, size_t old_bytes, size_t bytes);
void engram_release(void *block, size_t bytes);

/* Makes a block of *bytes hold at least `need`, doubling it if that is more. On failure it is as
 * before. */
int engram_grow(void **block, size_t *bytes, size_t need);

/* Memory that begins with a cache line, as what is scanned should: a register's worth then lies in
 * one line. Grown like the above; zeroed, it is empty. */
struct engram_lines {
    void *at;
    void *block;
    size_t bytes; /* of the block */
};
int engram_lines_grow(struct engram_lines *lines, size_t need);
void engram_lines_free(struct engram_lines *lines);

/* Product of two sizes, or false if it does not fit. */
static inline bool engram_product(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

void engram_log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when the host asked long calls to stop. */
bool engram_cancelled(void);
int engram_fail_cancelled(const char *function);

/* Work over items first .. last - 1; returns a status. Runs on any thread, so it may use neither
 * the thread's arena nor its message. */
typedef int engram_block_work(void *data, size_t first, size_t last);

/* Runs work over n items in blocks of a fixed size, on the host's threads where there is more than
 * one block. The status of the first block that failed, whichever ran first; those after it may not
 * have run. */
int engram_in_blocks(size_t n, size_t block, engram_block_work *work, void *data);

/* Elements of a block where each is the work of a few nanoseconds. */
enum { ENGRAM_BLOCK = 1 << 16 };

/* An ENGRAM_* variable, NULL if it is not set or the environment is not read. */
const char *engram_environment(const char *name);

/* Remembers a setting that was not understood. */
void engram_reject(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool engram_panic_refused(void);

/* Whether this call is one that engram_timing or ENGRAM_ARENA_METRICS asks the time of. */
bool engram_timed(void);

/* Counts a failure for the kernel whose door it is about, by its message. */
void engram_count_failure(int status, const char *message);

/* What the host wants of the self-test: that it runs by itself; that what fails stays in use. */
bool engram_self_tests(void);
bool engram_keeps_failed(void);

/* Bitsets: their words, and one bit. */
static inline size_t engram_words(size_t bits)
{
    return (bits + 63) / 64;
}

static inline bool engram_bit(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

/* A number as messages show it: NaN has no sign. */
static inline double engram_shown(float x)
{
    return x != x ? __builtin_nan("") : (double)x;
}

/* Programs made for the original ABI know no engram_init, and see in the last status how this call
 * of theirs went. */
void engram_start_legacy(void);

/* Checks that more than one door makes. */
int engram_check_law(const char *function, const struct engram_law *law,
                     const struct engram_law_each *each);
int engram_check_finite(const char *function, const char *name, const float *values, size_t n);

/* The parts of engram_init, in their own files. */
void engram_host_init(const struct engram_options *options);
void engram_dispatch_init(void);
void engram_arena_init(void);
void engram_keep_symbols(void); /* generated: mentions every public function, for static links */

#endif
