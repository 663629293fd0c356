/* engram.h - everything a caller may use, from C or from Lua.
 * SPDX-License-Identifier: MIT
 *
 * Between the two marks stand plain declarations that a C compiler and LuaJIT's FFI both read as
 * they are; the build hands that text out through engram_cdef().
 *
 * What holds everywhere
 *
 *   Status     Functions that can fail return int: ENGRAM_OK or a positive ENGRAM_E... code. One
 *              sentence about this thread's last failure stands in engram_last_message(). Comments
 *              leave out what holds for all: ENGRAM_ENULL for a NULL that no comment gives a
 *              meaning, ENGRAM_EDIM for a `size` that is not set, ENGRAM_ERANGE for a number outside
 *              the range that stands with it, ENGRAM_ENOMEM where memory or scratch is missing,
 *              ENGRAM_ECANCELLED of functions that poll.
 *   Outputs    An out parameter is written on success only. Arrays are written by the callee, owned
 *              by the caller, and must not overlap inputs unless the function says so. After
 *              ENGRAM_ECANCELLED an array may be half written where the function says nothing else.
 *   Empty      A count of 0 is valid and touches nothing; its arrays may then be NULL.
 *   Alignment  None is required beyond that of the element type.
 *   Bits       The same inputs give the same bits on every instruction set and machine and with any
 *              number of threads; of NaNs this says only that they are NaN. Where the host has
 *              subnormal numbers flushed to zero, it holds while none occurs on the way.
 *   Options    Structs that begin with `size` are read up to that size: set it to sizeof. What lies
 *              beyond it, and a field left 0, means what the field's comment says of 0.
 *   Cancelling Functions that poll look at the host's cancel flag between blocks of work. The
 *              others take as long as their arrays are long, a few nanoseconds an element.
 *   Ownership  new, open and freeze make an owner, free ends it and accepts NULL; get, row and view
 *              lend.
 *   Threads    Functions may run on any thread at once on disjoint data. An arena, a builder and a
 *              bank, graph or memory being changed belong to one thread at a time; unchanged ones may be
 *              shared. */
#ifndef ENGRAM_H
#define ENGRAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* cdef begin: plain C only from here; LuaJIT reads these lines as they stand. */

enum { ENGRAM_API = 1 }; /* raised when something is added */

/* ---- status ------------------------------------------------------------------------- */

enum {
    ENGRAM_OK = 0,           /* success */
    ENGRAM_ENOMEM = 1,       /* the arena or the system has no room; nothing written */
    ENGRAM_EDIM = 2,         /* a shape or length does not fit */
    ENGRAM_ENULL = 3,        /* a required pointer is null */
    ENGRAM_ECOMPUTE = 4,     /* the computation failed */
    ENGRAM_EDTYPE = 5,       /* element type not accepted */
    ENGRAM_ERANGE = 6,       /* a parameter or a result lies outside its domain */
    ENGRAM_ENONFINITE = 7,   /* NaN or infinity where it is refused */
    ENGRAM_ENOTCONV = 8,     /* iteration limit reached; the last iterate is written */
    ENGRAM_EUNSUPPORTED = 9, /* feature not implemented */
    ENGRAM_EFORMAT = 10,     /* malformed file or message */
    ENGRAM_ELIMIT = 11,      /* a resource limit would be exceeded */
    ENGRAM_EBUDGET = 12,     /* a budget would be exceeded */
    ENGRAM_EBUSY = 13,       /* in use: an open mark, another thread, an earlier start */
    ENGRAM_EIO = 14,         /* operating system error; the reason is in the message */
    ENGRAM_EDENIED = 15,     /* refused by policy */
    ENGRAM_EALIAS = 16,      /* output overlaps an input where that is not allowed */
    ENGRAM_EGRAPH = 17,      /* malformed graph */
    ENGRAM_EDISABLED = 18,   /* switched off */
    ENGRAM_ECANCELLED = 19   /* the cancel flag was set */
};

/* The name and meaning of a status: "EDIM: a shape or length does not fit"; "unknown status" of
 * another number. Static. */
const char *engram_strerror(int status);

/* The last failure of this thread: its status, and one sentence ("" if there was none). Borrowed
 * until the next failure on this thread. */
int engram_last_status(void);
const char *engram_last_message(void);

/* ---- start -------------------------------------------------------------------------- */

enum { ENGRAM_LOG_WARNING = 1, ENGRAM_LOG_NOTE = 2 };

/* What a host may decide, once, before anything else. */
struct engram_options {
    uint32_t size;
    uint32_t ignore_environment; /* 1: no ENGRAM_* variable is read */
    uint32_t refuse_panic;       /* 1: the arena strategy `panic` cannot be chosen */
    /* Memory for everything the library allocates; NULL: malloc and free. old NULL allocates, bytes
     * 0 frees, otherwise resizes; returns NULL on failure and then leaves `old` as it was. The
     * block must be aligned for any C type. Called from whichever thread needs memory. */
    void *(*allocate)(void *context, void *old, size_t old_bytes, size_t bytes);
    /* One line for the host's log, without a newline; NULL: none. Called from any thread. Warnings
     * are what somebody should do something about: a setting that was not understood, the first
     * overflow of a thread's arena, a self-test that fails. Notes are the kernels chosen, and the
     * 1st, 2nd, 4th, 8th .. failure of each kernel by status. */
    void (*log)(void *context, int level, const char *text);
    void *context; /* handed to all of them */
    /* Non-zero asks long calls to stop with ENGRAM_ECANCELLED; NULL: never. Read with relaxed
     * atomics; the host's, must outlive every call. */
    const uint32_t *cancel;
    /* Calls body(data, i) once for every i below n, in any order and on any threads, and returns
     * when all calls have; NULL: one after the other on the calling thread. Work is cut by its
     * amount alone, so that results do not depend on how many threads there are. It may be called
     * from several threads at once, but is never called by a body. */
    void (*parallel_for)(void *context, size_t n, void (*body)(void *data, size_t i), void *data);
    uint32_t threads;     /* that it uses, for reports alone; 0: not said */
    uint32_t self_test;   /* 1: engram_self_test runs at the end of engram_init and of every
                           * engram_isa_set */
    uint32_t keep_failed; /* 1: a version that fails a check of it stays in use */
};

/* Starts the library: reads the environment and chooses the kernels' versions. The first call
 * decides. Later calls with NULL change nothing; with options: ENGRAM_EBUSY. Any number of threads
 * may call it. Until then kernels are the portable ones and all options are 0. The options are
 * copied. */
int engram_init(const struct engram_options *options);

const char *engram_version(void); /* "0.1.0" */

/* What compiled the library, and with which flags: "gcc 12.2.0, -g -O2". Static. */
const char *engram_build(void);

/* The threads that the host's parallel_for uses, as it said; 1 if it has none, 0 if it did not say.
 */
uint32_t engram_threads(void);

/* Seconds from an arbitrary start, never going back. For benchmarks; no result depends on it. */
double engram_clock(void);

/* The i-th ENGRAM_* setting that was not understood, as a sentence with its reason; NULL after the
 * last. */
const char *engram_rejected(uint32_t i);

/* Hash of n bytes, 64 bits, for tests and keys; the same on every machine. Not for adversaries. */
uint64_t engram_hash(const void *bytes, size_t n, uint64_t seed);

/* ---- versions of kernels ------------------------------------------------------------ */

/* Chooses versions, left to right: "avx2" caps every kernel at that rung, "dot_f32=ref" one kernel;
 * a rung that the machine lacks or that failed the self-test means the best one below. "" chooses
 * the best everywhere. Safe at any time, changes speed only. ENGRAM_ERANGE names a word it does not
 * know and changes nothing. */
int engram_isa_set(const char *text);

/* The rung in use: the highest one that the machine has and no cap forbids: "ref", then "neon" on
 * AArch64, "avx2" (with FMA and F16C), "avx512" (F, BW, DQ, VL), "avx512vnni" (VNNI, VPOPCNTDQ) on
 * x86-64. Static. */
const char *engram_isa(void);

/* Run-time counters of one kernel since start. A door that takes whole arrays counts its calls and
 * their elements, those of its rows where it takes rows, of edges where it walks along them; the
 * one-pair functions do not, a count would cost as much as the work.
 * Nanoseconds are those of the calls that were timed. */
struct engram_kernel_info {
    const char *name;
    const char *chosen;   /* rung of the version in use */
    const char *versions; /* rungs that this machine can run, space separated, "ref" first */
    uint64_t calls, elements, nanoseconds;
};

/* Facts about the i-th kernel, from 0; its texts are static. ENGRAM_ERANGE after the last. */
int engram_kernel_info(uint32_t i, struct engram_kernel_info *out);

/* Which counted calls are timed from now on, with two looks at a clock each: 0 none, 1 all, more: one
 * of that many on average, rounded up to a power of two up to 2^20 and chosen by chance. Returns what
 * it was; it begins as ENGRAM_ARENA_METRICS says, 0, 1 or 1/N. Safe at any time. */
int engram_timing(int every);

/* The calls that ended while a version was in use, how many of them were timed, the time of these,
 * and how it is distributed: buckets[i] were longer than the bound before and took at most 100 ns *
 * 2^i, the last whatever is longer than 13.4 s. ENGRAM_ERANGE after the last kernel, and for what is
 * no rung. */
enum { ENGRAM_TIME_BUCKETS = 29 };
struct engram_kernel_times {
    uint64_t calls, timed, nanoseconds;
    uint64_t buckets[ENGRAM_TIME_BUCKETS];
};
int engram_kernel_times(uint32_t i, const char *rung, struct engram_kernel_times *out);

/* How often the i-th kernel's function failed, by status; refused arguments count. */
enum { ENGRAM_STATUSES = 32 };
struct engram_kernel_errors {
    uint64_t by_status[ENGRAM_STATUSES];
};
int engram_kernel_errors(uint32_t i, struct engram_kernel_errors *out);

/* ---- self-test ---------------------------------------------------------------------- */

/* What the worked examples of similarity (S1 .. S5), spreading (P1 .. P3) and decay (D1 .. D4) came
 * to with the versions in use, and a probe of the frontier kernel: activation 1 spreads three hops
 * from a node of a ring of five. */
struct engram_self_test {
    uint32_t checks, passed;
    uint32_t demoted;        /* versions that it put out of use */
    double probe_s;          /* seconds that the probe took */
    double probe_activation; /* of all nodes; below 0.05 the check `probe` fails */
    char failed[64];         /* the checks that failed, separated by blanks; also those that passed
                              * once a version was demoted */
};

/* Some microseconds of known answers. A version that fails is demoted, unless the host keeps it: it
 * is out of use until the process ends, and the best one below takes its place. Its calls are not
 * counted and do not touch the thread's arena. ENGRAM_ENOMEM and ENGRAM_ECANCELLED if it could not be run. */
int engram_self_test(struct engram_self_test *out);

/* The i-th version that is out of use and the check that it failed; ENGRAM_ERANGE after the last.
 * Static. */
struct engram_demotion {
    const char *kernel, *rung, *check;
};
int engram_demoted(uint32_t i, struct engram_demotion *out);

/* One version of a kernel by name, of the type of the function engram_<kernel>; NULL if this
 * machine does not have it. Static. Versions trust their arguments. */
typedef void engram_any_kernel(void);
engram_any_kernel *engram_kernel_version(const char *kernel, const char *rung);

/* ---- arenas ------------------------------------------------------------------------- */

/* Memory handed out from one end of one block and rewound, never freed piece by piece. */
typedef struct engram_arena engram_arena;

enum {
    ENGRAM_ERROR_RETURN = 0, /* the allocation fails and is counted */
    ENGRAM_FALLBACK = 1,     /* it is the host's allocator's, until its mark is released */
    ENGRAM_PANIC = 2         /* a full arena ends the process; for development */
};

struct engram_arena_config {
    uint32_t size;
    uint32_t overflow;        /* ENGRAM_ERROR_RETURN .. ENGRAM_PANIC */
    uint32_t zero_on_release; /* 1: released bytes are set to 0 */
    uint32_t reserved;
    size_t bytes; /* capacity */
};

/* An owned arena of config->bytes (any size) from the host's allocator, aligned to 64.
 * ENGRAM_EDENIED for ENGRAM_PANIC where the host refuses it; also below. */
int engram_arena_new(const struct engram_arena_config *config, engram_arena **out);

/* An arena inside the caller's block, without allocating: config->bytes are the usable ones, the
 * block must have config->bytes + ENGRAM_ARENA_HEAD and is lent until engram_arena_free.
 * config->overflow may not be ENGRAM_FALLBACK. The usable part starts at the first multiple of 64
 * behind the head. */
enum { ENGRAM_ARENA_HEAD = 320 };
int engram_arena_over(void *block, const struct engram_arena_config *config, engram_arena **out);

/* The calling thread's arena, made on first use as the configuration says; NULL: see
 * engram_last_message(). Borrowed until the thread ends or engram_deinit_thread_arena. Call it at
 * thread start to allocate early. */
engram_arena *engram_arena_thread(void);

/* Ends an arena made by new or over; zeroes it first if it is configured so. */
void engram_arena_free(engram_arena *arena);

/* `bytes` aligned to `align`, a power of two up to 4096; not cleared. Borrowed until the enclosing
 * mark is released. NULL if there is no room (ENGRAM_ENOMEM, counted) or align is bad
 * (ENGRAM_ERANGE). 0 bytes succeed and take none. */
void *engram_arena_alloc(engram_arena *arena, size_t bytes, size_t align);

/* The same for count elements of `element` bytes; a product that does not fit is ENGRAM_ENOMEM. */
void *engram_arena_alloc_array(engram_arena *arena, size_t count, size_t element, size_t align);

/* A place to return to, in the caller's storage. */
struct engram_mark {
    size_t used;
    uint64_t serial, outer;
};

/* Opens a mark. Marks are released innermost first. A thread's arena adopts a changed configuration
 * when its outermost mark is opened and nothing is allocated outside it. */
void engram_arena_mark(engram_arena *arena, struct engram_mark *out);

/* Gives back everything allocated since the mark. ENGRAM_ERANGE if it is not the innermost open
 * one. */
int engram_arena_release(engram_arena *arena, const struct engram_mark *mark);

/* Gives back everything. ENGRAM_EBUSY while a mark is open. */
int engram_arena_reset(engram_arena *arena);

struct engram_arena_info {
    uint64_t capacity;       /* bytes of the block */
    uint64_t used;           /* bytes in use, alignment and overflow chunks included */
    uint64_t peak;           /* most bytes ever in use */
    uint64_t window_peak;    /* most since the metrics were last reset */
    uint64_t overflows;      /* allocations that did not fit the block */
    uint64_t fallbacks;      /* of those, served by the host's allocator */
    uint64_t fallback_bytes; /* bytes so served, in all */
    uint64_t releases;       /* outermost releases and resets */
};

int engram_arena_info(const engram_arena *arena, struct engram_arena_info *out);

/* Starts a new window for window_peak of one arena. */
void engram_arena_window(engram_arena *arena);

/* Sets the configuration of the threads' arenas: bytes in 64 KiB .. 1 GiB, rounded up to a page.
 * Existing ones adopt it at their next outermost mark. Stands above the environment, which stands
 * above the defaults: 1 MiB, ENGRAM_ERROR_RETURN, zeroing on. */
int engram_arena_configure(const struct engram_arena_config *config);

/* The configuration in force for the threads' arenas. */
void engram_arena_configured(struct engram_arena_config *out);

/* Sums over the threads' arenas, of living and ended threads, since start or the last metrics
 * reset. */
struct engram_arena_totals {
    uint64_t resets, overflows, peak; /* the numbers of engram_arena_stats */
    uint64_t fallbacks, fallback_bytes;
    uint64_t arenas, capacity; /* alive now */
};
void engram_arena_totals(struct engram_arena_totals *out);

/* Most bytes that one thread's arena ever had in use, since start. */
double engram_arena_peak(void);

/* ---- similarity ---------------------------------------------------------------------
 * Vectors are arrays of n floats; rows stand one behind the other. Sums have one order everywhere:
 * element i belongs to lane i mod 64, each lane adds its products in ascending i with one fused
 * multiply-add each, lanes are added pairwise 32, 16, .. 1. */

/* Sum of a[i] * b[i]. Error at most 1e-6 * sum |a[i] * b[i]| for n <= 4096. NaN and infinities
 * propagate. */
float engram_dot_f32(const float *a, const float *b, size_t n);

/* Sum of (a[i] - b[i])^2, the difference rounded first. Error at most 1e-6 of the result for n <=
 * 4096. */
float engram_squared_l2_f32(const float *a, const float *b, size_t n);

/* Square root of the sum of squares. 0 if the vector has a NaN or an infinity, or if the sum is
 * below 1e-30. A sum beyond float is added again in binary64, so that 1e20 has a norm too; infinity
 * if the norm itself is beyond float. */
float engram_norm_f32(const float *a, size_t n);

/* Cosine of the angle between a and b, in [-1, 1]; 0 if either norm is 0. |error| <= 1e-6 for n <=
 * 1536. */
float engram_cosine_f32(const float *a, const float *b, size_t n);

/* norms[i] = engram_norm_f32 of row i, of n rows of dim floats. */
int engram_norms_f32(const float *rows, size_t n, size_t dim, float *norms);

/* Cosine of one query of dim floats against n rows: scores[i] as engram_cosine_f32(query, row i),
 * the same bits alone and in a batch. norms: those of the rows as engram_norms_f32 gives them, or
 * NULL to compute them on the way; both give the same bits. Polls the cancel flag. */
int engram_cosines_f32(const float *query, const float *rows, const float *norms, size_t n,
                       size_t dim, float *scores);

/* Cosine over the components whose bits are set in mask, a bitset by component: as
 * engram_cosines_f32 without norms of vectors that are 0 elsewhere, whatever stands there. Bits from
 * dim on do not matter. Polls the cancel flag. */
int engram_masked_cosine_f32(const float *query, const float *rows, const uint64_t *mask, size_t n,
                             size_t dim, float *scores);

/* Up to 64 queries rearranged so that each row of a bank is read once for all of them. */
struct engram_panel {
    const float *queries; /* [count * dim], as given */
    const float *norms, *packed;
    size_t count, dim;
};

/* Makes a panel of count queries of dim floats in engram_panel_bytes(count, dim) bytes of the
 * caller's; 0 if that is more than memory has. Queries and memory are lent until the panel's last
 * use. ENGRAM_EDIM for more than 64 queries. */
size_t engram_panel_bytes(size_t count, size_t dim);
int engram_panel_pack(const float *queries, size_t count, size_t dim, float *memory,
                      struct engram_panel *out);

/* Cosines of a panel's queries against n rows whose norms are known: scores[q * stride + i] as
 * engram_cosine_f32(query q, row i), the same bits alone, in a batch and in a panel. stride >= n.
 * Polls the cancel flag. */
int engram_panel_cosines_f32(const struct engram_panel *panel, const float *rows,
                             const float *norms, size_t n, size_t stride, float *scores);

/* out[j] = sum over i of weights[i] * rows[ids[i] * dim + j], fused, in ascending i. ids NULL: row
 * i. The caller vouches for the ids. out may not overlap the rows. */
int engram_weighted_sum_f32(const float *rows, const uint32_t *ids, const float *weights, size_t n,
                            size_t dim, float *out);

/* y[i] = a * x[i] + y[i], fused. x == y is allowed. */
int engram_axpy_f32(float a, const float *x, size_t n, float *y);

/* ---- smaller forms of rows ----------------------------------------------------------
 * What a scan can read instead of floats. A row of a form has whole rounds of 64 elements, those
 * behind dim being 0; `padded` below is dim rounded up to them. Norms are those of
 * engram_norms_f32; a row of norm 0 is all zeros. */

enum {
    ENGRAM_F32 = 0,  /* the rows themselves */
    ENGRAM_BF16 = 1, /* 8 bits of precision, 2 bytes */
    ENGRAM_F16 = 2,  /* 11 bits, 2 bytes */
    ENGRAM_INT8 = 3, /* 255 steps between the row's extremes, 1 byte */
    ENGRAM_SIGN = 4  /* 1 bit */
};

/* out[i * padded + j] = rows[i * dim + j] / norms[i], rounded to the half float, to nearest, ties
 * to even. For bf16 what is below 2^-60 in magnitude is 0. */
int engram_encode_bf16(const float *rows, const float *norms, size_t n, size_t dim, uint16_t *out);
int engram_encode_f16(const float *rows, const float *norms, size_t n, size_t dim, uint16_t *out);

/* With m the largest magnitude of a row: out = row * (127 / m), rounded to nearest, ties to even;
 * factors[i] = m / norm / 127, which turns out into row / norm. */
int engram_encode_int8(const float *rows, const float *norms, size_t n, size_t dim, int8_t *out,
                       float *factors);

/* Bit j of word w of a row: whether element 64 w + j is negative, subnormal numbers being 0. Eight
 * rows stand abreast, word w of all eight in a line: that of row r at blocks[(r / 8 * padded / 64 + w) * 8 + r % 8]. Writes
 * rows first .. first + n - 1 and leaves their neighbours alone. */
int engram_encode_sign(const float *rows, const float *norms, size_t n, size_t dim, size_t first,
                       uint64_t *blocks);

/* scores[i] = sum over j of query[j] * row i[j], in the order of engram_dot_f32. The query has
 * `padded` floats as well. */
int engram_dots_bf16(const float *query, const uint16_t *rows, size_t n, size_t padded,
                     float *scores);
int engram_dots_f16(const float *query, const uint16_t *rows, size_t n, size_t padded,
                    float *scores);

/* scores[i] = factors[i] * sum over j of query[j] * row i[j], the sum exact; elements are in -127
 * .. 127. ENGRAM_EDIM for more than ENGRAM_MAX_INT8 columns, whose sum may pass 2^31. */
enum { ENGRAM_MAX_INT8 = 133120 };
int engram_dots_int8(const int8_t *query, const int8_t *rows, const float *factors, size_t n,
                     size_t padded, float *scores);

/* scores[i] = signs that agree less those that do not, of dim. The query is a row of padded / 64
 * words, the rows begin with a block. */
int engram_dots_sign(const uint64_t *query, const uint64_t *blocks, size_t n, size_t dim,
                     float *scores);

/* ---- runs of (id, score) ------------------------------------------------------------ */

/* The currency between stages: hits stand in descending score, ties in ascending id. */
struct engram_hit {
    uint64_t id; /* slot + 2^32 * generation; generation < 2^21, so that a double holds it */
    double score;
};

/* Merges n scores into a run: *count hits, at most k, in order, in the caller's array of k; *count
 * is 0 before the first call. Score i belongs to slot first + i. keep: a bitset by slot, NULL: all.
 * generations: by slot, NULL: all 0. NaN is never chosen, -0 equals +0, k > n gives n. Calling it
 * over successive blocks gives the same as calling it once. */
int engram_top_k_f32(const float *scores, size_t n, uint32_t first, const uint64_t *keep,
                     const uint32_t *generations, size_t k, struct engram_hit *hits, size_t *count);

/* Bit i of the (n + 63) / 64 words: whether scores[i] > bar; NaN is not. Bits from n on are 0. */
int engram_above_f32(const float *scores, size_t n, float bar, uint64_t *bits);

/* Puts hits into order; those with a NaN score go last. */
void engram_hits_sort(struct engram_hit *hits, size_t n);

/* ---- elementary functions -----------------------------------------------------------
 * The library's own, so that results do not depend on a C library. NaN gives NaN, special values as
 * in C's exp, log and pow. out may be the input. */

double engram_exp(double x);           /* 1 ulp in the normal range */
double engram_log(double x);           /* 1.5 ulp; negative: NaN; 0: -infinity */
double engram_pow(double x, double y); /* 2 ulp in the normal range */

int engram_exp_f32(const float *x, size_t n,
                   float *out); /* 2 ulp; results below 1.17549435e-38 are 0 */
int engram_log_f32(const float *x, size_t n, float *out); /* 3 ulp */
/* 1 ulp, binary64 inside; results below 1.17549435e-38 in magnitude are 0
 * of their sign. */
int engram_pow_f32(const float *x, const float *y, size_t n, float *out);

/* 1 / (1 + exp(-(x - threshold) / temperature)), 4 ulp; results below 1.17549435e-38 are 0.
 * temperature finite and > 0. */
int engram_sigmoid_f32(const float *x, float threshold, float temperature, size_t n, float *out);

/* ---- what scores weigh, what they come to --------------------------------------------- */

/* out[i] = exp(beta * (x[i] - largest)) / sum of these, shares of 1: exponentials summed as
 * products are above, divided by the sum; beta finite, at least 1.17549435e-38. -infinity has no
 * share; with a NaN, a +infinity, or nothing but -infinity among x all of out is NaN. Results up to
 * 1.17549435e-38 are 0. |error| <= 1e-6 of the largest for n <= 4096. out may be x. */
int engram_softmax_f32(const float *x, float beta, size_t n, float *out);

/* out[i] = x[i] where that is among the k largest, 0 elsewhere. Ties go to the lower index, -0
 * equals +0, NaN is never among them. out may be x. */
int engram_k_winners_f32(const float *x, size_t n, size_t k, float *out);

/* That one of n independent chances comes true: 1 - product of (1 - p[i]) in binary64, in ascending
 * i; p is clamped to [0, 1], NaN counts as 0. 0 of none. */
double engram_noisy_or(const float *p, size_t n);

/* The mean and the mean squared distance from it, in binary64: sums in 64 lanes as above, the second
 * one of fused squares of x[i] - mean. 0 of no elements. |error| <= 1e-14 of the mean magnitude, and
 * of the mean square. NaN propagates; an infinity leaves no variance. */
int engram_moments_f32(const float *x, size_t n, double *mean, double *variance);

/* ---- forgetting ---------------------------------------------------------------------
 * Curves R(t) of what is left after t seconds: R(0) = 1, values in [0, 1], not increasing. */

enum {
    ENGRAM_EXPONENTIAL = 0,   /* exp(-t / tau_s) */
    ENGRAM_POWER_LAW = 1,     /* (1 + t / unit_s)^-beta; Wixted & Ebbesen 1991 */
    ENGRAM_TWO_COMPONENT = 2, /* the exponential while a memory was recalled fewer than `recalls`
                               * times, the power law from then on; McClelland et al. 1995 */
    ENGRAM_MIXTURE = 3,       /* weight * exponential + (1 - weight) * power law */
    ENGRAM_SAVINGS = 4        /* k / (log10(1 + t / unit_s)^c + k); Ebbinghaus 1885, with unit_s 60,
                               * k 1.84, c 1.25 */
};

/* A curve and its parameters; those it does not name are not looked at. They are finite and > 0,
 * and tau_s, k, c, and unit_s except under the power law alone, lie in 1.2e-38 .. 8.5e37. */
struct engram_law {
    uint32_t size;
    uint32_t curve;
    double tau_s; /* time constant: after tau_s seconds 1/e is left; half-life = tau_s * ln 2 */
    double unit_s;
    double beta;
    double weight; /* in [0, 1] */
    double k, c;
    uint32_t recalls; /* 0: the power law for all */
    uint32_t reserved;
};

/* Parameters of single elements, in place of the law's, which are not looked at then; NULL: the
 * law's for all. Those that a curve does not name are passed over. */
struct engram_law_each {
    uint32_t size;
    uint32_t reserved;
    /* The time scale: tau_s; of curves without one unit_s; where a curve has both, unit_s keeps its
     * ratio to tau_s. Below 1.17549435e-38 and NaN: nothing is left; infinite: nothing fades. */
    const float *scale_s;
    const float *beta;       /* below 1.17549435e-38 and NaN: that, which leaves 1 */
    const uint32_t *recalls; /* how often recalled; NULL: 0 */
};

enum { ENGRAM_AGE_U64 = 0, ENGRAM_AGE_F32 = 1, ENGRAM_AGE_F64 = 2 };
enum {
    ENGRAM_UNCLAMPED = 1
}; /* otherwise NaN counts as 0 and strengths are clamped to [0, 1] before they decay */

/* out[i] = strengths[i] * R(ages[i]). each: NULL if the law holds for all. strengths NULL: all 1.
 * out == strengths decays in place, and is not idempotent: a second call with the total age decays
 * twice. ages are seconds of type age_type, rounded once to binary32 for the exponential and to
 * binary64 for the others; negative and NaN ages count as 0. Age 0 returns the strength bit for
 * bit, and so do ages below 1.17549435e-38. Other results up to that in magnitude are +0. |error|
 * <= 1e-6 * |strength|. */
int engram_decay_f32(const struct engram_law *law, const struct engram_law_each *each,
                     const float *strengths, const void *ages, uint32_t age_type, uint32_t flags,
                     size_t n, float *out);

/* tau_s of a half-life > 0, both in seconds: half_life_s / ln 2. */
double engram_tau_s(double half_life_s);

/* ---- graphs ------------------------------------------------------------------------- */

/* Edges being collected. Nodes are ids from 0, or names that get ids in order of appearance. */
typedef struct engram_builder engram_builder;

/* Validated edges, laid out twice: by source for walking, by target for dense steps. Edges added
 * later stand in a delta until the graph is frozen again. */
typedef struct engram_graph engram_graph;

enum { ENGRAM_MAX_NODES = 2147483647 };

int engram_builder_new(engram_builder **out);
void engram_builder_free(engram_builder *builder);

/* At least n nodes. ENGRAM_ELIMIT beyond ENGRAM_MAX_NODES; also below, for an id that asks for more
 * nodes, and for more than 2^32 - 1 edges. */
int engram_builder_nodes(engram_builder *builder, uint32_t n);

/* The id of a name, new or known. A name has 1 to 65535 bytes (ENGRAM_EDIM), none of them 0
 * (ENGRAM_EFORMAT). */
int engram_builder_name(engram_builder *builder, const char *name, size_t bytes, uint32_t *out);

/* One edge. The weight is finite (ENGRAM_ENONFINITE); the class is 0 (excitatory) unless it means
 * something else, see struct engram_frontier. Edges between the same nodes stay apart. */
int engram_builder_edge(engram_builder *builder, uint32_t source, uint32_t target, float weight,
                        uint8_t edge_class);

/* n edges; weights NULL: all 1; classes NULL: all 0. All of them or none are added. */
int engram_builder_edges(engram_builder *builder, const uint32_t *sources, const uint32_t *targets,
                         const float *weights, const uint8_t *classes, size_t n);

/* What the first two fields of an edge file are. */
enum { ENGRAM_NODES_AUTO = 0, ENGRAM_NODES_IDS = 1, ENGRAM_NODES_NAMES = 2 };

/* Adds the edges of a text file: source, target [, weight [, class]] a line, separated by tabs,
 * commas or blanks; fields between tabs or commas may be quoted, an empty weight or class is none.
 * Empty lines, and those whose first character but blanks is #, do not count. AUTO: ids if the
 * first edge has two whole numbers, names otherwise.
 *
 * A first line that names a source (source, src, from) and a target (target, dst, to) is a header:
 * it may put these, weight (w) and class in any order; columns of other names are passed over. So is a
 * first line of two words before an edge of two whole numbers; the columns then stand as above.
 *
 * ENGRAM_EFORMAT names file and line; ENGRAM_EIO says why it cannot be read; ENGRAM_ELIMIT refuses
 * ids that are large beside the count of edges, which are names. Then nothing is added. Polls the
 * cancel flag. */
int engram_builder_read(engram_builder *builder, const char *path, uint32_t nodes);

/* Makes the graph and empties the builder; on failure the builder is as before. Edges keep their
 * order within a row. */
int engram_builder_freeze(engram_builder *builder, engram_graph **out);

/* A graph from CSR arrays, which are copied: offsets[nodes + 1] starting at 0 and not decreasing,
 * targets below nodes, finite weights; classes NULL: all 0. ENGRAM_EGRAPH says what is wrong,
 * ENGRAM_ELIMIT refuses more than ENGRAM_MAX_NODES nodes. */
int engram_graph_from_csr(uint32_t nodes, const uint32_t *offsets, const uint32_t *targets,
                          const float *weights, const uint8_t *classes, engram_graph **out);

void engram_graph_free(engram_graph *graph);

/* Adds n edges behind those that leave their sources: weights NULL: all 1; classes NULL: all 0. All
 * of them or none. The arrays are not the graph's own. Edges may name new nodes, which have no
 * names. Spreading counts them from the next call on, with the same result as if they had been
 * there from the start. O(1) an edge and a new node: a mistyped large id asks for memory for all
 * nodes below it. A dense step walks each row that gained an edge entry by entry: freeze when there
 * are many. */
int engram_graph_add(engram_graph *graph, const uint32_t *sources, const uint32_t *targets,
                     const float *weights, const uint8_t *classes, size_t n);

/* Moves added edges into the layouts, which makes spreading faster and changes no result. On
 * failure the graph is as before. */
int engram_graph_freeze(engram_graph *graph);

/* Edges by target, as dense steps read them. Nodes are renumbered as rows by falling in-degree,
 * ties by falling out-degree, then by rising id, and stand in slices of ENGRAM_SLICE rows. Inside a
 * slice entries stand column by column: column k holds the k-th entry of each row that has one,
 * which are the first rows of the slice, so that nothing is padded. The entries of a row stand in
 * ascending (source, position) of the original ids. */
enum { ENGRAM_SLICE = 16 };

/* Rows of equal degree, up to the first row of the next run. */
struct engram_run {
    uint32_t row, degree;
    uint32_t entry; /* entries of all rows before `row` */
};

struct engram_pull {
    uint32_t rows, runs;
    const struct engram_run *run; /* the last one has degree 0 and ends at `rows` */
    const uint32_t *order;        /* [rows]: the node of a row */
    const uint32_t *sources;      /* rows */
    const float *weights;
    /* Entries added later, by row as in CSR: a dense step merges them in by ascending
     * order[source], behind entries of the same source. NULL: none. */
    const uint32_t *added_offsets, *added_sources;
    const float *added_weights;
};

/* Edges added since the layouts were made. Those of one source form a ring in the order in which
 * they came: next[e] follows e, and the first follows last[source]. */
struct engram_delta {
    uint32_t edges;
    const uint32_t *last; /* [nodes]; 2^32 - 1: none. Of use if edges > 0, as are the rest */
    const uint32_t *next, *targets;
    const float *weights;
    const uint8_t *classes; /* NULL: all 0 */
};

/* A graph's arrays, borrowed until it is changed. Row s holds the edges that leave s, offsets[s] ..
 * ends[s] - 1, delta.edges not counted. A graph's own rows stand end to end, ends being offsets + 1;
 * the frontier kernel and recall also take rows with gaps between them, in any order. */
struct engram_graph_view {
    uint32_t nodes, edges;
    const uint32_t *offsets, *ends, *targets;
    const float *weights;
    const uint8_t *classes; /* NULL: all 0 */
    struct engram_pull pull;
    struct engram_delta delta;
};
void engram_graph_get(const engram_graph *graph, struct engram_graph_view *out);

/* Memory of each part in bytes, and the seconds it took to make the two layouts. Adding is not
 * timed: looking at a clock for each edge would take as long. */
struct engram_graph_info {
    uint64_t rows_bytes, pull_bytes, delta_bytes, names_bytes;
    double rows_seconds, pull_seconds;
};
int engram_graph_info(const engram_graph *graph, struct engram_graph_info *out);

/* The name of a node, borrowed until the graph is changed, ending with a 0; NULL if it has none. The
 * id of a name of so many bytes, ENGRAM_ERANGE if there is none. */
const char *engram_graph_name(const engram_graph *graph, uint32_t node);
int engram_graph_find(const engram_graph *graph, const char *name, size_t bytes, uint32_t *out);

/* ---- spreading by power iteration ---------------------------------------------------
 * One step is a <- normalise((1 - restart) * (keep * a + gain * W' a) + restart * a0). It is a
 * power iteration: after many steps the start is forgotten and the dominant eigenvector is left.
 * Recall wants few steps, or restart, or the frontier kernel. */

enum {
    ENGRAM_NORMALISE_MAX1 = 0,    /* if the largest value exceeds 1, divide all by it */
    ENGRAM_NORMALISE_NONE = 1,    /* leave as it is */
    ENGRAM_NORMALISE_CLAMP01 = 2, /* clamp each to [0, 1] */
    ENGRAM_NORMALISE_L1 = 3       /* divide by the sum of magnitudes, unless that is 0 */
};

struct engram_spread {
    uint32_t size;
    uint32_t steps;
    uint32_t normalise;
    float keep;    /* how much a node keeps, finite; 1 is the original's, 0 is 0 */
    float gain;    /* finite; 1 is the original's, 0 is 0 */
    float restart; /* in [0, 1]; 0 is the original's */
};

/* Spreads activations[nodes] in place. Scratch: engram_graph_spread_scratch bytes from the arena,
 * NULL: the calling thread's. Contributions to a node are added in ascending (source, position),
 * fused, onto keep * a. While few edges leave active nodes only those are walked; this, like the
 * number of threads, changes no bit. ENGRAM_ENONFINITE for a non-finite start; ENGRAM_ERANGE when a
 * step overflows and ENGRAM_ECANCELLED: then activations stand at the last whole step. Against
 * binary64: 1e-5. Polls the cancel flag. */
int engram_graph_spread(const engram_graph *graph, const struct engram_spread *options,
                        engram_arena *scratch, float *activations);
size_t engram_graph_spread_scratch(const engram_graph *graph, const struct engram_spread *options);

/* Spreads many starts at once: activations[node * columns + column]. Each column is normalised on
 * its own and gets the bits that engram_graph_spread gives it alone. When one column overflows the
 * message names it, and all of them stand at the last whole step. */
int engram_graph_spread_batch(const engram_graph *graph, const struct engram_spread *options,
                              uint32_t columns, engram_arena *scratch, float *activations);
size_t engram_graph_spread_batch_scratch(const engram_graph *graph,
                                         const struct engram_spread *options, uint32_t columns);

/* The kernels inside, which trust their arguments; x, cue and y have `columns` floats a node, cue
 * is a0 and not read when restart is 0.
 *
 * One step without normalisation for the rows [first, last), each a multiple of ENGRAM_SLICE or the
 * number of rows; x, cue and y are by row. */
int engram_spread_f32(const struct engram_pull *pull, const struct engram_spread *options,
                      const float *x, const float *cue, uint32_t columns, uint32_t first,
                      uint32_t last, float *y);

/* The same for active nodes and those they reach, all by node: y is 0 and x of no matter outside of
 * `active`, a bitset. The nodes of y are added to the bitset `touched`, which begins with those of
 * cue. Polls the cancel flag. */
int engram_spread_active_f32(const struct engram_graph_view *graph,
                             const struct engram_spread *options, const float *x, const float *cue,
                             uint32_t columns, const uint64_t *active, uint64_t *touched, float *y);

/* out = raw normalised, column by column; -0 becomes 0. divisors[columns]: what each was divided
 * by. ENGRAM_ERANGE if raw, or for L1 its sum, is not finite; the divisors of those columns are
 * then infinite, and out is untouched. */
int engram_normalise_f32(const float *raw, size_t n, uint32_t columns, uint32_t normalise,
                         float *divisors, float *out);

/* ---- spreading from a frontier ------------------------------------------------------
 * Activation moves outward hop by hop from seeds; only what grew travels on (Collins & Loftus 1975;
 * Anderson 1983). For h = 1 .. hops, for each source s of the frontier in ascending order and each
 * of its edges:
 *
 *     inc[target] += delta[s] * step[h] / fan(s) * weight * gain[class]
 *
 * then each touched target whose |inc| reaches threshold[h] takes it up, clamped to [0, 1], and
 * joins the next frontier if it grew, was expanded fewer than visit_budget times, and not within
 * the last `refractory` hops. An expansion after the first carries its increase times
 * cycle_penalty. */

enum {
    ENGRAM_FAN_NONE = 0,   /* divide by 1 */
    ENGRAM_FAN_LINEAR = 1, /* by the out-degree, added edges included */
    ENGRAM_FAN_SQRT = 2,   /* by its root */
    ENGRAM_FAN_ACTR = 3    /* multiply by fan_strength - ln(out-degree + 1), which is below 0 for a
                            * large fan, as published: ACT-R's S - ln(fan), a fact counting itself */
};

enum {
    ENGRAM_SUM = 0, /* contributions add up */
    ENGRAM_MAX = 1, /* the contribution of largest magnitude counts, the first of equals; positive
                     * ones lift a node to at most their value */
    ENGRAM_NOISY_OR = 2 /* inc = 1 - product of (1 - c); a negative inc takes its share of what is
                         * there */
};

enum { ENGRAM_MAX_HOPS = 65534 };

struct engram_frontier {
    uint32_t size;
    uint32_t hops;         /* 0: the seeds alone */
    uint32_t fan;          /* ENGRAM_FAN_... */
    uint32_t accumulate;   /* ENGRAM_SUM .. */
    uint32_t visit_budget; /* expansions of one node, being a seed included; 0: 2; at most 65535 */
    uint32_t refractory;   /* hops */
    float cycle_penalty;   /* 0: 0.93 */
    float fan_strength;    /* S of ENGRAM_FAN_ACTR, finite */
    const float
        *step; /* [hops], finite; NULL: 1. f(h) / f(h - 1) lets a path of h hops end at f(h) */
    const float *threshold; /* [hops], >= 0; NULL: 0 */
    const float *gain; /* [256] by edge class, finite; NULL: +1, class 1 (inhibitory) -1, class 2
                        * (modulatory) +0.5 */
    uint64_t budget;   /* most edges to walk; 0: no bound. Nodes are expanded whole, and at least one;
                        * where the next one would pass the budget the walk stops, activations
                        * standing at the last whole hop */
};

/* Spreads n seeds (ids below nodes, finite values; several values of one node add up, clamped to
 * [0, 1]) and writes activations[nodes]. first_hop[nodes]: the hop at which a node was first
 * reached, 0 for seeds, 65535 if never; contributions[nodes]: how many edges it took up; each may
 * be NULL. edges: how many were walked; may be NULL. Scratch: engram_graph_frontier_scratch bytes
 * from the arena, NULL: the thread's. Polls. */
int engram_graph_frontier(const engram_graph *graph, const struct engram_frontier *options,
                          const uint32_t *seeds, const float *values, size_t n,
                          engram_arena *scratch, float *activations, uint16_t *first_hop,
                          uint32_t *contributions, uint64_t *edges);
size_t engram_graph_frontier_scratch(const engram_graph *graph);

/* Where a walk stands, so that it can be stopped by a budget and go on. Its memory is the caller's:
 * engram_walk_bytes(nodes) aligned to 64, and a bitset of nodes, which is 0 before the first call,
 * as is the rest. */
struct engram_walk {
    void *memory;
    uint64_t *reached; /* nodes of which anything is known */
    uint64_t edges;    /* walked so far */
    uint32_t hop;      /* that it is in; 0: not begun */
    uint32_t complete; /* 1: it has ended */
};
size_t engram_walk_bytes(uint32_t nodes);

/* The kernel inside, which trusts its arguments; options are complete. The first call plants the
 * seeds; each call goes on from where the one before stood, with the same options but for the
 * budget. Activations, first_hop and contributions are written for the nodes reached, no others. */
int engram_frontier_f32(const struct engram_graph_view *graph,
                        const struct engram_frontier *options, const uint32_t *seeds,
                        const float *values, size_t n, struct engram_walk *walk, float *activations,
                        uint16_t *first_hop, uint32_t *contributions);

/* ---- banks: rows of vectors --------------------------------------------------------- */

/* Rows of dim finite floats with their norms. A row has a slot and an id; a removed slot is given
 * out again under the next generation, so that an old id is refused. */
typedef struct engram_bank engram_bank;

/* An empty bank of rows of dim floats, at least 1 (ENGRAM_EDIM). */
int engram_bank_new(uint32_t dim, engram_bank **out);

/* A NumPy .npy file: little-endian float32, C order, two axes; anything else is refused by name
 * with ENGRAM_EFORMAT. The rows are mapped, not copied, and read once to check them and to know
 * their norms (ENGRAM_ENONFINITE names row and column; polls the cancel flag). The first change
 * copies them. The file must not be truncated while the bank is open. ENGRAM_EIO says why it cannot
 * be read. */
int engram_bank_open(const char *path, engram_bank **out);

/* Writes a .npy file beside the path, syncs it and renames it. A bank with removed rows is refused
 * with ENGRAM_EDIM unless compact is 1: then the rest is written in slot order and gets new ids
 * when opened. ENGRAM_EIO leaves what stood at the path. */
int engram_bank_save(const engram_bank *bank, const char *path, uint32_t compact);

void engram_bank_free(engram_bank *bank);

/* Room for n rows in all without further allocation. ENGRAM_ELIMIT beyond ENGRAM_MAX_NODES. */
int engram_bank_reserve(engram_bank *bank, uint32_t n);

/* Adds n rows and gives their ids[n]; all or none. ENGRAM_ENONFINITE names row and column,
 * ENGRAM_EALIAS refuses rows of the bank itself, ENGRAM_ELIMIT more than ENGRAM_MAX_NODES. Slots
 * freed last are used first. */
int engram_bank_add(engram_bank *bank, const float *rows, size_t n, uint64_t *ids);

/* Puts another row of dim floats in place of one; takes a row out, whose id is refused from then on.
 * ENGRAM_ERANGE names an id that is not, or no longer, in the bank; for the row as above. */
int engram_bank_update(engram_bank *bank, uint64_t id, const float *row);
int engram_bank_remove(engram_bank *bank, uint64_t id);

/* A row of dim floats, borrowed until the bank is changed. ENGRAM_ERANGE as above. */
int engram_bank_row(const engram_bank *bank, uint64_t id, const float **out);

/* A bank's arrays by slot, borrowed until it is changed. */
struct engram_bank_view {
    uint32_t dim, slots, count; /* count: rows in use */
    uint32_t mapped;            /* 1: the rows are those of the file */
    const float *rows, *norms;
    const uint64_t *live; /* bitset */
    const uint32_t *generations;
    uint64_t bytes;         /* of all, forms included */
    uint64_t form_bytes[5]; /* by ENGRAM_BF16 .., 0 where a form is not indexed */
};
void engram_bank_get(const engram_bank *bank, struct engram_bank_view *out);

/* Derives a smaller form of the rows, which every change keeps in step from then on, or drops it
 * (on = 0). Forms are not saved. ENGRAM_ERANGE for ENGRAM_F32, ENGRAM_EDIM for ENGRAM_INT8 beyond
 * ENGRAM_MAX_INT8 columns. On failure the bank is without the form. Rows and queries whose norm is
 * beyond float are not found by a smaller form. Polls the cancel flag. */
int engram_bank_index(engram_bank *bank, uint32_t form, uint32_t on);

/* How a search looks at the rows. Exactly: by their cosines. By a smaller form: it is scanned for
 * the `candidates` most alike; those of signs and of int8 are narrowed to `rerank` by the next
 * finer form that is indexed too, if there is one (int8, f16, bf16); what is left is scored exactly. Ties
 * between candidates go to the lower slot. Both counts are at least k. */
struct engram_search {
    uint32_t size;
    uint32_t form;        /* ENGRAM_F32 .. ENGRAM_SIGN */
    uint32_t candidates;  /* 0: for signs 20 k, at least 200; otherwise 4 k, at least 40 */
    uint32_t rerank;      /* 0: 5 k, at least 50 */
    const uint64_t *keep; /* bitset by slot: what may be found; NULL: all */
};

/* What one query looked at. */
struct engram_seen {
    uint32_t scanned;    /* rows that may be found; all of them are scored in the form scanned */
    uint32_t candidates; /* rows that the scan of a smaller form left */
    uint32_t reranked;   /* of those, rows scored exactly */
    uint32_t hits;       /* rows returned */
};

/* The k rows most like each of `count` queries, which follow one another in memory, by cosine; NULL
 * options: exactly. Query i finds counts[i] hits at hits[i * k]: k of them if so many rows may be
 * found. Scores are those of engram_cosine_f32. A query gives the same bits alone and among others.
 * seen[i] says what it looked at; NULL: not asked. Scratch: engram_bank_search_scratch bytes from
 * the arena, NULL: the thread's. ENGRAM_EDISABLED for a form that is not indexed. Polls. */
int engram_bank_search(const engram_bank *bank, const float *queries, size_t count, size_t k,
                       const struct engram_search *options, engram_arena *scratch,
                       struct engram_hit *hits, size_t *counts, struct engram_seen *seen);
size_t engram_bank_search_scratch(const engram_bank *bank, size_t count, size_t k,
                                  const struct engram_search *options);

/* ---- recall ------------------------------------------------------------------------- */

/* Memories as arrays by slot, borrowed from the caller. */
struct engram_memories {
    uint32_t size;
    uint32_t slots; /* length of the arrays; at least the bank's slots and the links' nodes */
    const engram_bank *bank;   /* vectors; NULL: none */
    const engram_graph *graph; /* links; NULL: none */
    const float *strength;     /* what was there at last_recall, clamped to [0, 1]; NULL: 1 */
    const double *last_recall; /* seconds; NULL: now */
    const float *confidence;   /* clamped to [0, 1]; NULL: 1 */
    const float *scale_s, *beta; /* as in struct engram_law_each; NULL: the law's */
    const uint32_t *recalls;     /* how often recalled; NULL: 0 */
    const struct engram_graph_view *links; /* links as rows that may have gaps, in place of the
                                            * graph's; trusted as engram_graph_get gives them; only
                                            * what the frontier kernel reads is read. NULL: the
                                            * graph's */
    const float *floor; /* retention does not fall below min(floor, strength); NULL: 0 */
    const uint64_t *hidden; /* bitset: what is never returned, though activation passes through it;
                             * NULL: none */
};

struct engram_cue {
    uint32_t size;
    uint32_t seed_count;
    const float *vector; /* of the bank's dim; NULL: none */
    const uint64_t
        *seed_ids; /* memories that are active from the start, beside those the vector finds */
    const float *seed_values; /* their activations; NULL: 1 */
};

/* What is taken for the confidence of a memory. Without spreading, or without a seed, it is always
 * the stored one. */
enum {
    ENGRAM_CONFIDENCE_STORED = 0,
    ENGRAM_CONFIDENCE_BOOST = 1, /* that of a seed times 1.1, at most 1 */
    /* Noisy-or over the sources, which are the seeds: 1 - product of (1 - p), in binary64 over the
     * eight largest p of at least 0.001 each; at least 0.001. The p of a source is that of its
     * strongest way to the memory over at most `hops` links with a positive weight * gain:
     * confidence of the source * product of weight * gain * exp(-0.35 links) * confidence of the
     * memory, clamped to [0, 1]; for the source itself its confidence. Sources are taken as
     * independent: that is why only one way of each counts, but ways of two sources may still share
     * links and are then counted twice. */
    ENGRAM_CONFIDENCE_PATHS = 2
};

struct engram_recall_options {
    uint32_t size;
    uint32_t k;                             /* 0: 10 */
    double now;                             /* seconds, the clock of last_recall */
    const struct engram_law *law;           /* NULL: nothing fades */
    const struct engram_frontier *frontier; /* NULL or 0 hops: no spreading. Its budget bounds the
                                             * walk, see engram_recalled */
    const uint64_t *keep;                   /* bitset by slot: what may be returned; NULL: all */
    float relevance; /* the weight a of similarity; 0: 0.5 with spreading and a vector, 1 without
                      * spreading, 0 without a vector; in (0, 1] */
    uint32_t seeds;  /* most seeds that the vector finds; 0: 100 */
    float seed_threshold;   /* least similarity of a seed; 0: 0.4 */
    float seed_temperature; /* 0: 0.5; clamped to [0.05, 2] */
    float min_confidence;   /* memories below are not returned */
    float recency_boost; /* > 1: recency = 1 + (boost - 1) * (1 - age / window) inside the window */
    double recency_window_s; /* 0: 3600 */
    uint32_t confidence;     /* ENGRAM_CONFIDENCE_... */
    /* As in struct engram_search, for k hits: what is scanned for similarity. With a smaller form
     * only the rows it leaves to be scored exactly, and what activation reached, are ranked. */
    uint32_t form, candidates, rerank;
};

/* What a score was made of. */
struct engram_parts {
    float similarity; /* cosine with the cue */
    float activation; /* what spreading brought; seeds: sigmoid((similarity - threshold) /
                         temperature) */
    float retention;  /* strength * R(now - last_recall), or the floor */
    float confidence;
    float recency; /* 1 unless asked for */
};

/* How a recall went. */
struct engram_recalled {
    uint32_t count;      /* hits */
    uint32_t complete;   /* 0: the budget ended the walk, activations stand at its last whole hop */
    uint32_t confidence; /* ENGRAM_CONFIDENCE_..., the one that applied */
    float relevance;     /* the a that was used: the score is engram_score(parts, relevance) */
    uint64_t edges;      /* walked so far; the ways of ENGRAM_CONFIDENCE_PATHS are not counted */
};

/* Recalls the k memories with the highest
 *   score = ((a * max(similarity, 0) + (1 - a) * activation) * retention) * confidence * recency,
 * computed in binary64 in this order from the parts, which are floats; what scores 0 is not
 * recalled. hits and parts have room for k; parts may be NULL. The memories are not changed.
 * Scratch: engram_recall_scratch bytes from the arena, NULL: the thread's; nothing is allocated.
 * ENGRAM_EDIM if there are fewer slots than the bank's or nodes than the links', ENGRAM_ENULL for a
 * vector without a bank, ENGRAM_ERANGE for a seed that is no memory, ENGRAM_ENONFINITE for a cue,
 * ENGRAM_EDISABLED for a form that is not indexed. Polls the cancel flag. */
int engram_recall(const struct engram_memories *memories, const struct engram_cue *cue,
                  const struct engram_recall_options *options, engram_arena *scratch,
                  struct engram_hit *hits, struct engram_parts *parts, struct engram_recalled *out);
size_t engram_recall_scratch(const struct engram_memories *memories, const struct engram_cue *cue,
                             const struct engram_recall_options *options);

/* Many recalls by the same options: cue i, all cues being of one size, gets hits[i * k ..], its
 * parts and out[i], with the very bits it gets alone; ENGRAM_EDIM if the sizes differ. Rows are read
 * once for up to 16 cues with vectors that follow each other. */
int engram_recall_batch(const struct engram_memories *memories, const struct engram_cue *cues,
                        size_t count, const struct engram_recall_options *options,
                        engram_arena *scratch, struct engram_hit *hits, struct engram_parts *parts,
                        struct engram_recalled *out);
size_t engram_recall_batch_scratch(const struct engram_memories *memories,
                                   const struct engram_cue *cues, size_t count,
                                   const struct engram_recall_options *options);

/* The score of these parts, as engram_recall computes it; a is the weight of similarity. */
double engram_score(const struct engram_parts *parts, float a);

/* A recall that can be resumed. A session owns what that needs: scratch, which grows on demand and
 * is used again, and copies of cue and options. The memories are borrowed and may not change until
 * the last resume. */
typedef struct engram_session engram_session;
int engram_session_new(engram_session **out);
void engram_session_free(engram_session *session);

/* engram_recall in a session. */
int engram_recall_begin(engram_session *session, const struct engram_memories *memories,
                        const struct engram_cue *cue, const struct engram_recall_options *options,
                        struct engram_hit *hits, struct engram_parts *parts,
                        struct engram_recalled *out);

/* Walks on from where the budget stopped it, over `budget` edges more (0: to the end), and ranks
 * again: hits and parts have room for k. Walked to the end it gives the bits of a recall without a
 * budget. ENGRAM_ERANGE if there is nothing begun. */
int engram_recall_resume(engram_session *session, uint64_t budget, struct engram_hit *hits,
                         struct engram_parts *parts, struct engram_recalled *out);

/* Activation by source. What a node takes up in a hop is split in proportion to what each edge
 * added when it arrived (with ENGRAM_MAX the largest contribution has all), so that what clamps and
 * thresholds took is shared alike; what arrived along an edge is split as the increase was that
 * travelled along it; a seed's own activation is its own. What inhibits has a negative share. */
struct engram_source {
    uint64_t id;          /* a seed */
    double share;         /* of the activation */
    double path_share;    /* of that, what came along its strongest path */
    const uint64_t *path; /* ids, from the source to the memory */
    uint64_t path_length;
};

struct engram_explanation {
    struct engram_parts parts; /* of the memory, whether it is returned or not */
    float relevance;
    double score; /* engram_score(&parts, relevance) */
    const struct engram_source *sources;
    uint32_t count;    /* of sources with a share */
    uint32_t complete; /* as in engram_recalled, as is edges */
    uint64_t edges;
};

/* Explains what one memory gets in a recall. Shares fall; added in their order in binary64 and
 * rounded once to binary32 they give the activation, bit for bit: what rounding lost is made up in
 * the last one. Sources and paths are allocated from the arena, NULL: the thread's, and borrowed
 * until its enclosing mark is released. Takes engram_recall_explain_scratch bytes of it, `edges`
 * being those that the recall walked; a recall that was resumed is explained by a budget of that
 * many. */
int engram_recall_explain(const struct engram_memories *memories, const struct engram_cue *cue,
                          const struct engram_recall_options *options, engram_arena *arena,
                          uint64_t id, struct engram_explanation *out);
size_t engram_recall_explain_scratch(const struct engram_memories *memories,
                                     const struct engram_cue *cue,
                                     const struct engram_recall_options *options, uint64_t edges);

/* ---- a memory ------------------------------------------------------------------------
 * What is remembered, in one object: a bank's rows with strengths that fade, confidence, links,
 * texts. Every change is an operation with a time, in seconds as the host counts them; the library
 * reads no clock. What `now` says is used as it is; the memory's own clock is the latest time it was
 * told. A failed call has changed nothing. One thread at a time changes a memory; while nobody does,
 * any number may read it. Every function refuses an id that is no memory (ENGRAM_ERANGE); every
 * change a time that is not finite (ENGRAM_ERANGE), a view (ENGRAM_EDENIED), and a memory whose
 * files failed (ENGRAM_EIO). */
typedef struct engram_memory engram_memory;

/* What a memory is for good; kept in its files. */
struct engram_memory_options {
    uint32_t size;
    uint32_t dim;                 /* columns of a vector, at least 1 */
    const struct engram_law *law; /* how memories fade; NULL: they do not */
    uint32_t capacity; /* most memories: beyond it the one with the least retention goes that is not
                        * pinned, nor linked with the new one; 0: no bound */
    uint32_t reserved;
};

/* An empty memory without files. ENGRAM_EDIM for no columns, ENGRAM_ELIMIT for a capacity beyond
 * ENGRAM_MAX_NODES. */
int engram_memory_new(const struct engram_memory_options *options, engram_memory **out);

/* Ends a memory or a view of one. What was not synced may be lost. */
void engram_memory_free(engram_memory *memory);

enum {
    ENGRAM_PINNED = 1,  /* is never evicted */
    ENGRAM_ARCHIVED = 2 /* is kept, and found only by a recall that asks for archived ones */
};

/* Which fields of a record are given. */
enum {
    ENGRAM_VECTOR = 1,
    ENGRAM_CONTENT = 2,
    ENGRAM_META = 4,
    ENGRAM_CREATED = 8,
    ENGRAM_LAST_RECALL = 16,
    ENGRAM_STRENGTH = 32,
    ENGRAM_CONFIDENCE = 64,
    ENGRAM_FLOOR = 128,
    ENGRAM_SCALE = 256,
    ENGRAM_BETA = 512,
    ENGRAM_RECALLS = 1024,
    ENGRAM_CLASS = 2048,
    ENGRAM_FLAGS = 4096,
    ENGRAM_RETENTION = 8192 /* of conditions alone */
};

/* One memory. In brackets: what stands there if it is remembered without. */
struct engram_record {
    uint32_t size;
    uint32_t fields;     /* ENGRAM_VECTOR | .. */
    const float *vector; /* [dim] finite floats [zeros, which nothing is like] */
    const char *content; /* bytes [none] */
    size_t content_bytes;
    const char *meta; /* bytes of the host's [none] */
    size_t meta_bytes;
    double created;        /* [now] */
    double last_recall;    /* [now] */
    float strength;        /* what was there at last_recall, in [0, 1] [1] */
    float confidence;      /* in [0, 1] [1] */
    float floor;           /* retention does not fall below this nor below strength, whichever is
                            * less; in [0, 1] [0] */
    float scale_s;         /* time scale of its law, normal and > 0 [the law's] */
    float beta;            /* exponent of its law, finite and > 0 [the law's] */
    uint32_t recalls;      /* [0] */
    uint32_t memory_class; /* below 256, the host's meaning [0] */
    uint32_t flags;        /* ENGRAM_PINNED | ENGRAM_ARCHIVED [0] */
};

/* From source to target. A pair has one link at most. */
struct engram_link {
    uint64_t source, target; /* ids; ENGRAM_NO_ID: the memory that is being remembered */
    float weight;            /* in [0, 1] */
    uint32_t edge_class;     /* below 256; see struct engram_frontier */
};

enum { ENGRAM_MAX_LINKS = 4096 }; /* of one that is being remembered */

/* What to do when the bank has a row whose cosine with the new one reaches the threshold. */
enum {
    ENGRAM_DUPLICATES_KEPT = 0,
    ENGRAM_DUPLICATES_SKIPPED = 1,  /* nothing is changed */
    ENGRAM_DUPLICATES_REPLACED = 2, /* the old one gets the record in place of its own; it keeps its
                                     * id and links and gains the new ones */
    /* The old one gets the mean direction, weighted by its retention and the new strength, alike if
     * both are 0; strengths and confidences join as 1 - (1 - a)(1 - b); the higher floor, the content
     * and meta given, the new links. */
    ENGRAM_DUPLICATES_MERGED = 3
};

struct engram_remembering {
    uint32_t size;
    uint32_t link_count;             /* at most ENGRAM_MAX_LINKS; more are for engram_memory_link */
    const struct engram_link *links; /* each has ENGRAM_NO_ID at one end */
    uint32_t duplicates;             /* ENGRAM_DUPLICATES_KEPT .. */
    float threshold;                 /* in (0, 1]; 0: 0.95 */
};

struct engram_remembered {
    uint64_t id;
    uint64_t evicted;    /* the id that made room; ENGRAM_NO_ID: none */
    uint32_t duplicates; /* ENGRAM_DUPLICATES_KEPT: a new memory; otherwise what was done */
    uint32_t reserved;
};

/* Remembers one memory; options may be NULL. ENGRAM_ELIMIT when it is full and all are pinned or
 * linked with the new one, ENGRAM_ENONFINITE for a vector that has such numbers, ENGRAM_EALIAS if
 * the record's vector or texts are the memory's own; the last two also in engram_memory_update. */
int engram_memory_remember(engram_memory *memory, const struct engram_record *record,
                           const struct engram_remembering *options, double now,
                           struct engram_remembered *out);

/* Puts the fields given in place of a memory's own. */
int engram_memory_update(engram_memory *memory, uint64_t id, const struct engram_record *record,
                         double now);

/* Forgets it for good, with its links in both directions; its id is never used again. */
int engram_memory_forget(engram_memory *memory, uint64_t id, double now);

/* Adds links, or gives new weights and classes to those that are there. All are checked before the
 * first is added; 64 at a time are one operation, so that only where memory or files fail may some
 * of more than 64 be there and some not. */
int engram_memory_link(engram_memory *memory, const struct engram_link *links, size_t n,
                       double now);

/* ENGRAM_ERANGE if there is no such link. */
int engram_memory_unlink(engram_memory *memory, uint64_t source, uint64_t target, double now);

/* What practice does to a memory, beside recording a recall: strength += amount * (1 - strength);
 * a new time scale and exponent, as spacing rules give them, where they are not 0. */
struct engram_reinforcement {
    uint32_t size;
    float amount; /* in [0, 1] */
    float scale_s, beta;
};

/* Reinforces n memories alike; an id may come more than once. NULL: records a recall alone, which
 * sets last_recall, unless that is later than now, counts, and moves confidence by
 * 0.05 * (1 - confidence). */
int engram_memory_reinforce(engram_memory *memory, const uint64_t *ids, size_t n,
                            const struct engram_reinforcement *reinforcement, double now);

/* Reads a memory: the fields of out up to out->size, which the caller sets. Borrowed until the next
 * call that changes the memory, even one that fails: it may have made room before it did. */
int engram_memory_get(const engram_memory *memory, uint64_t id, struct engram_record *out);

/* The first id in slot order behind `after`, or of all for ENGRAM_NO_ID; ENGRAM_NO_ID, all bits
 * set, behind the last. */
uint64_t engram_memory_next(const engram_memory *memory, uint64_t after);

/* The links that leave a memory, in their order: at most `room` into out, which may be NULL for 0;
 * *count: how many there are. */
int engram_memory_links(const engram_memory *memory, uint64_t id, struct engram_link *out,
                        size_t room, size_t *count);

/* retentions[slots of engram_memory_info] at `now`: strength * R(now - last_recall) and its floor,
 * in [0, 1], 0 where there is no memory. */
int engram_memory_retention(const engram_memory *memory, double now, float *retentions);

/* That of one memory. */
int engram_memory_retention_of(const engram_memory *memory, uint64_t id, double now, float *out);

/* What a filter asks of a memory; every condition is inclusive. */
struct engram_conditions {
    uint32_t size;
    uint32_t given;                /* ENGRAM_CREATED | ..: which ranges hold, of those below */
    double created[2];             /* ENGRAM_CREATED: from, to */
    double last_recall[2];         /* ENGRAM_LAST_RECALL */
    float strength[2];             /* ENGRAM_STRENGTH */
    float confidence[2];           /* ENGRAM_CONFIDENCE */
    float retention[2];            /* ENGRAM_RETENTION: what is left at `now` */
    uint32_t recalls[2];           /* ENGRAM_RECALLS */
    uint64_t classes[4];           /* ENGRAM_CLASS: a bitset of the classes wanted */
    uint32_t flags_on, flags_off;  /* flags that must be, or must not be */
    double now;                    /* of retention */
};

/* bits: a bitset by slot, (slots + 63) / 64 words, of the memories that meet all conditions. */
int engram_memory_select(const engram_memory *memory, const struct engram_conditions *conditions,
                         uint64_t *bits);

/* The arrays of a memory and its links as a recall takes them; borrowed until it is changed. */
int engram_memory_view(const engram_memory *memory, struct engram_memories *memories,
                       struct engram_graph_view *links);

/* Recall over a memory: engram_recall with its arrays, links and law, whatever options->law says.
 * flags: ENGRAM_RECORD records the hits, as engram_memory_reinforce does without practice, once the
 * recall is complete; a view records nothing. Where recording fails, hits and out are there all the
 * same. session NULL: scratch is the thread's arena and nothing can be resumed. */
enum { ENGRAM_RECORD = 1, ENGRAM_WITH_ARCHIVED = 2 };
int engram_memory_recall(engram_memory *memory, const struct engram_cue *cue,
                         const struct engram_recall_options *options, uint32_t flags,
                         engram_session *session, struct engram_hit *hits,
                         struct engram_parts *parts, struct engram_recalled *out);

/* engram_recall_resume with the flags it began with; ENGRAM_ERANGE if the session's recall is of
 * another memory, ENGRAM_EBUSY if this one was changed since. */
int engram_memory_resume(engram_memory *memory, engram_session *session, uint64_t budget,
                         struct engram_hit *hits, struct engram_parts *parts,
                         struct engram_recalled *out);

/* engram_recall_batch; all are recalled before the first is recorded. */
int engram_memory_recall_batch(engram_memory *memory, const struct engram_cue *cues, size_t count,
                               const struct engram_recall_options *options, uint32_t flags,
                               engram_arena *scratch, struct engram_hit *hits,
                               struct engram_parts *parts, struct engram_recalled *out);

/* engram_recall_explain. */
int engram_memory_explain(const engram_memory *memory, const struct engram_cue *cue,
                          const struct engram_recall_options *options, engram_arena *arena,
                          uint64_t id, struct engram_explanation *out);

/* The law of a memory; size 0 if it has none. */
void engram_memory_law(const engram_memory *memory, struct engram_law *out);

/* A mark is a state to go back to: rollback undoes every change since, in time proportional to
 * them, and leaves the mark standing; release forgets it and those set after it. An open mark keeps
 * what has been overwritten since. Ids given since will be given again. ENGRAM_ERANGE for a mark
 * that is not open. */
int engram_memory_mark(engram_memory *memory, uint64_t *mark);
int engram_memory_rollback(engram_memory *memory, uint64_t mark);
int engram_memory_release(engram_memory *memory, uint64_t mark);

/* An independent copy in memory alone, of the caller's: nothing done to one is seen in the other. It
 * has no marks. */
int engram_memory_fork(const engram_memory *memory, engram_memory **out);

/* A hash of the whole state: equal for memories that will answer and evolve alike. */
uint64_t engram_memory_hash(const engram_memory *memory);

struct engram_memory_info {
    uint32_t dim, capacity, slots, count, archived, pinned, marks;
    uint32_t read_only;          /* 1: changes are refused: a view, or files that failed */
    uint64_t links, text_bytes;  /* of contents and metas */
    uint64_t bytes;              /* of all arrays */
    uint64_t undo_bytes;         /* kept for marks */
    uint64_t sequence;           /* of the last operation, from 1 */
    double clock;                /* latest time told; -infinity: none */
    uint64_t synced;             /* the last operation known to be on disk; 0 without files */
    uint64_t journal_bytes;      /* since the last snapshot */
    double earliest;             /* the earliest time engram_memory_at can show; NaN without files */
};
int engram_memory_info(const engram_memory *memory, struct engram_memory_info *out);

/* The bank inside, borrowed until the memory's end, for searches and forms; it must not be changed
 * otherwise. */
engram_bank *engram_memory_bank(engram_memory *memory);

/* ---- a memory's files ----------------------------------------------------------------
 * A directory: snapshots, journals of the operations since each, and a lock that its one writer
 * holds. All numbers are little-endian, all parts have checksums (XXH3, 64 bits). */

struct engram_files {
    uint32_t size;
    uint32_t read_only; /* 1: a view of the last whole state, without the lock */
    uint32_t repair; /* 1: damage in the middle of a journal cuts it there instead of being refused */
    uint32_t reserved;
    double history_s;       /* how far back engram_memory_at reaches, at least; 0: no promise */
    uint64_t journal_bytes; /* sync makes a snapshot when the journal is longer; 0: four times the
                             * snapshot, at least 64 MiB */
};

/* Opens the memory in a directory. options: what a new one is to be, which is made, with the
 * directory, where there is none; one that exists must have the same dim, law and capacity
 * (ENGRAM_EDIM, ENGRAM_ERANGE). NULL: only what is there is opened (ENGRAM_EIO without the
 * directory, ENGRAM_ENULL where it is empty). files may be NULL; with read_only nothing is made or
 * changed. ENGRAM_EBUSY if another writer has it; ENGRAM_EFORMAT names file, offset and reason. What
 * was set right on the way (a torn tail cut, an older snapshot used) is told by
 * engram_memory_warning and the host's log. Marks that were open are released. Only the process that
 * opened a memory writes it, none forked from that. Polls the cancel flag. */
int engram_memory_open(const char *path, const struct engram_memory_options *options,
                       const struct engram_files *files, engram_memory **out);

/* The i-th sentence about what was found on opening, from 0, borrowed until the memory's end; NULL
 * after the last. */
const char *engram_memory_warning(const engram_memory *memory, uint32_t i);

/* Returns once every operation so far is on disk; then makes a snapshot if one is due, of which it
 * tells a failure though the sync was none. After a write or sync that failed the memory is read-only
 * until it is opened again, and every change says why (ENGRAM_EIO). Without files: ENGRAM_EDISABLED;
 * of a view: ENGRAM_EDENIED. Polls the cancel flag. */
int engram_memory_sync(engram_memory *memory);

/* Writes a snapshot aside, syncs and renames it, begins a new journal, and deletes what history no
 * longer needs; one older snapshot with its journal stays. ENGRAM_EBUSY while a mark is open. Polls
 * the cancel flag: if it is cancelled, nothing is lost. */
int engram_memory_snapshot(engram_memory *memory);

/* The memory as it stood at time t: a view of the caller's, to be freed, which refuses changes. An
 * operation counts as done at the latest time that was told until then. ENGRAM_ERANGE names the
 * earliest time there is; without files ENGRAM_EDISABLED. Polls the cancel flag. */
int engram_memory_at(engram_memory *memory, double t, engram_memory **out);

/* ---- limits of the machine ------------------------------------------------------------
 *
 * For benchmarks alone, which time these loops beside what they measure and keep the fastest of a
 * kind: nothing else comes nearer to what the machine can do. */

/* Caches of data, in bytes, as the system describes them or as most machines have them; and working
 * sets well inside L1, L2, L3 and memory that are too large for the level before, multiples of 4096
 * bytes. */
struct engram_caches {
    uint64_t bytes[3];
    uint64_t working_sets[4];
};
void engram_caches(struct engram_caches *out);

enum {
    ENGRAM_LIMIT_READ = 0,  /* bytes read */
    ENGRAM_LIMIT_WRITE = 1, /* bytes read, changed and written, counted once */
    ENGRAM_LIMIT_FMA = 2,   /* floating-point operations, two for a fused multiply-add */
    ENGRAM_LIMIT_GATHER = 3 /* floats read at any places, these read in order */
};
enum { ENGRAM_LIMIT_STEP = 512 };

/* The rung that the i-th loop of a kind is made for; NULL behind the last, and for no kind. Static.
 */
const char *engram_limit_rung(int kind, uint32_t i);

/* Runs the i-th loop of a kind once, on n floats at a multiple of 64 bytes, which WRITE changes;
 * FMA does n rounds and reads no memory; GATHER reads memory[places[0 .. n)]. n is a multiple of
 * ENGRAM_LIMIT_STEP, except for FMA. Returns the work done, in the units above; 0 if there is no
 * such loop in this build or on this machine. */
double engram_limit_run(int kind, uint32_t i, float *memory, size_t n, const uint32_t *places);

/* ---- random numbers by seed --------------------------------------------------------- */

/* Set state to the seed. The generator is SplitMix64 (Steele, Lea & Flood 2014): 64 bits, period
 * 2^64. */
struct engram_rng {
    uint64_t state;
};
uint64_t engram_rng_next(struct engram_rng *rng);

/* In [0, 1), 53 bits; 0 .. n - 1, unbiased, n > 0; mean 0 and deviation 1, by Marsaglia's polar
 * method. The fills draw the same kinds as floats, uniform ones with 24 bits. */
double engram_rng_uniform(struct engram_rng *rng);
uint32_t engram_rng_below(struct engram_rng *rng, uint32_t n);
double engram_rng_normal(struct engram_rng *rng);
void engram_rng_fill_uniform(struct engram_rng *rng, size_t n, float *out);
void engram_rng_fill_normal(struct engram_rng *rng, size_t n, float *out);

/* ---- the original's ABI -------------------------------------------------------------
 * Eight symbols with the names and types of the kernel library that came before, so that a program
 * made for it links unchanged. Failures are seen in engram_last_status() only; the outputs are then
 * untouched. New code uses what stands above. */

/* Cosine of query against num_candidates rows. */
void engram_vector_similarity(const float *query, const float *candidates, float *scores,
                              size_t query_len, size_t num_candidates);

/* Spreading over an edge list without sources: with q = ceil(num_edges / num_nodes), edge e is
 * taken to leave node e / q, which is wrong for almost every graph. Kept for old programs only; use
 * engram_graph_spread. */
void engram_spread_activation(const uint32_t *adjacency, const float *weights, float *activations,
                              size_t num_nodes, size_t num_edges, uint32_t iterations);

/* strengths *= exp(-ages / 86400), unclamped. */
void engram_apply_decay(float *strengths, const uint64_t *ages_seconds, size_t num_memories);

/* Threads' arenas: megabytes clamped to 1 .. 1024; 0 panic, 1 error_return, 2 fallback, else 1. */
void engram_configure_arena(uint32_t pool_size_mb, uint8_t overflow_strategy);
void engram_arena_stats(size_t *total_resets, size_t *total_overflows, size_t *max_high_water_mark);
void engram_reset_arenas(void);        /* the calling thread's; EBUSY while a mark is open */
void engram_reset_arena_metrics(void); /* the counters of all threads; starts new windows */
void engram_deinit_thread_arena(void); /* frees the calling thread's; may be repeated */

/* cdef end */

/* The text between the marks, for ffi.cdef(). */
const char *engram_cdef(void);

#pragma GCC visibility pop

/* A squared norm below this is that of no direction. */
#define ENGRAM_NEAR_ZERO 1e-30f

/* No memory: generations end long before it. */
#define ENGRAM_NO_ID UINT64_MAX

#ifdef __cplusplus
}
#endif
#endif
