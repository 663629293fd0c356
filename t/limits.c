/* limits.c - what this machine can do at most, measured: bytes, fused multiply-adds, gathers.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "limits.h"
#include "bench.h"
#include "random.h"

#include <stdlib.h>

const char *const level_names[LEVELS] = {"L1", "L2", "L3", "DRAM"};

size_t level_bytes(enum level level)
{
    struct engram_caches caches;
    engram_caches(&caches);
    return (size_t)caches.working_sets[level];
}

/* Memory and indices for all limits, as large as the largest so far. */
enum { MOST_INDICES = 1 << 20, LEAST_INDICES = 1 << 12, FMA_ROUNDS = 1 << 8, PASSES = 4 };
static float *memory;
static size_t memory_bytes;
static uint32_t *indices;
static size_t indices_bytes; /* of the table that they point into */

static size_t index_count(size_t bytes)
{
    size_t n = bytes / sizeof *memory;
    return n > MOST_INDICES ? MOST_INDICES : n < LEAST_INDICES ? LEAST_INDICES : n;
}

static void make_room(const struct limit *limit)
{
    if (limit->bytes > memory_bytes) {
        bench_free(memory, memory_bytes);
        memory = bench_memory(memory_bytes = limit->bytes);
    }
    if (limit->kind != ENGRAM_LIMIT_GATHER || limit->bytes == indices_bytes)
        return;
    struct random r = random_for(1, "gather", limit->bytes);
    indices = indices ? indices : bench_memory(MOST_INDICES * sizeof *indices);
    indices_bytes = limit->bytes;
    for (size_t i = 0; i < index_count(limit->bytes); i++)
        indices[i] = random_below(&r, (uint32_t)(limit->bytes / sizeof *memory));
}

/* Runs a limit's loop once, and says how much it did. */
static double run_once(const struct limit *limit)
{
    size_t n = limit->kind == ENGRAM_LIMIT_FMA      ? FMA_ROUNDS
               : limit->kind == ENGRAM_LIMIT_GATHER ? index_count(limit->bytes)
                                                    : limit->bytes / sizeof *memory;
    return engram_limit_run(limit->kind, limit->loop, memory, n, indices);
}

void limit_run(void *data)
{
    const struct limit *limit = data;
    make_room(limit);
    for (size_t i = 0; i < PASSES; i++)
        run_once(limit);
}

static void measure(struct limit *limit)
{
    struct contender c = {.run = limit_run, .data = limit, .amount = limit->amount};
    size_t rounds = bench_interleave(&c, 1, 2e-3, 0.05);
    limit->rate = 1 / bench_quartiles(c.seconds, rounds).median;
    free(c.seconds);
}

/* Tries one more loop. */
static void improve(struct limit *best, uint32_t loop)
{
    struct limit limit = *best;
    limit.loop = loop;
    make_room(&limit);
    limit.amount = PASSES * run_once(&limit);
    if (limit.amount == 0)
        return;
    measure(&limit);
    if (limit.rate > best->rate)
        *best = limit;
}

struct limit limit_fma(uint32_t i)
{
    struct limit limit = {.kind = ENGRAM_LIMIT_FMA};
    improve(&limit, i);
    return limit;
}

struct limit *limit_of(int kind, size_t bytes)
{
    enum { MOST = 64 };
    static struct limit known[MOST];
    static size_t count;
    bytes = kind == ENGRAM_LIMIT_FMA ? 0 : (bytes + 4095) / 4096 * 4096;
    for (size_t i = 0; i < count; i++)
        if (known[i].kind == kind && known[i].bytes == bytes)
            return &known[i];
    if (count == MOST)
        abort();

    struct limit *best = &known[count++];
    *best = (struct limit){.kind = kind, .bytes = bytes};
    for (uint32_t i = 0; engram_limit_rung(kind, i); i++)
        improve(best, i);
    return best;
}
