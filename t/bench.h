/* bench.h - what benchmarks share: the machine they ran on, contenders taking turns, quartiles.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One of several ways to do the same work. */
struct contender {
    const char *name;
    void (*run)(void *data);
    void *data;
    void (*before)(void *data); /* makes ready and is not timed; one run a round then. NULL: none */
    double amount;              /* of work in one run; 0: 1 */
    size_t repeats;             /* runs a round, found by bench_interleave */
    double *seconds;            /* of one unit of work, by round */
};

enum { BENCH_ROUNDS = 15 };

/* Runs contenders in turn, A B A B, after one warm-up each: BENCH_ROUNDS rounds, or at least three
 * until `most` seconds have passed for each. A round is as many runs as take `least` seconds.
 * Returns the number of rounds; their seconds are the caller's to free (contender 0 holds all). */
size_t bench_interleave(struct contender *contenders, size_t n, double least, double most);

struct quartiles {
    double low, median, high;
};

/* Quartiles of n > 0 numbers, which stay as they are. */
struct quartiles bench_quartiles(const double *values, size_t n);

/* Quartiles of a[i] / b[i]: both of one round, so that a neighbour disturbs both. */
struct quartiles bench_ratio(const double *a, const double *b, size_t n);

/* Keeps the calling thread on the i-th processor, counted from the last, of those it may use; -1 if
 * there are not so many. */
int bench_pin(int i);

/* Memory for arrays that are timed, zeroed, in huge pages where the system gives them; ends the
 * program if there is none. Freed with its size. */
void *bench_memory(size_t bytes);
void bench_free(void *memory, size_t bytes);

/* What a memory in files takes for one thing, beside the least that the system takes for it: the
 * same bytes written or read, or the same without files. NULL if what was read again is not what was
 * written. */
struct store_row {
    const char *what, *floor_is;
    double seconds, floor; /* of one; medians */
};
enum { STORE_ROWS = 3 };
struct store_row *bench_store(int quick, double most);

const char *bench_cpu(void);
const char *bench_date(void); /* today's, as 2026-11-21 */

/* The report as JSON: bench_json opens it and writes who, where and when, then come rows of
 * bench_json_field between bench_json_row and bench_json_end. A path of "-" is standard output. */
FILE *bench_json(const char *path, uint64_t seed);
void bench_json_row(FILE *json);
void bench_json_number(FILE *json, const char *name, double value);
void bench_json_text(FILE *json, const char *name, const char *text);
int bench_json_end(FILE *json);

#endif
