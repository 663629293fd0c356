/* limits.c - what this machine can do at most, measured: bytes, fused multiply-adds, gathers.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "limits.h"
#include "bench.h"
#include "dispatch.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- caches ----------------------------------------------------------------------------- */

const char *const level_names[LEVELS] = {"L1", "L2", "L3", "DRAM"};

/* The size of a data cache as the kernel describes it; 0: it does not. */
static size_t described(int level)
{
    for (int i = 0; i < 8; i++) {
        char path[96], type[32] = "", suffix = 0;
        int its_level = 0;
        size_t size = 0;
        static const char *const files[] = {"level", "type", "size"};
        for (int f = 0; f < 3; f++) {
            snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i,
                     files[f]);
            FILE *file = fopen(path, "r");
            if (!file)
                return 0;
            int found = f == 0   ? fscanf(file, "%d", &its_level)
                        : f == 1 ? fscanf(file, "%31s", type)
                                 : fscanf(file, "%zu%c", &size, &suffix);
            fclose(file);
            if (found < 1)
                return 0;
        }
        if (its_level == level && strcmp(type, "Instruction") != 0)
            return suffix == 'M' ? size << 20 : suffix == 'K' ? size << 10 : size;
    }
    return 0;
}

static size_t cache_bytes(int level)
{
    static const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                _SC_LEVEL3_CACHE_SIZE};
    static const size_t usual[] = {32 << 10, 1 << 20, 16 << 20};
    size_t size = described(level);
    long known = size ? 0 : sysconf(names[level - 1]);
    return size ? size : known > 0 ? (size_t)known : usual[level - 1];
}

/* L3 may be shared with neighbours, so a small part of it is used; memory is the larger, the more
 * of it a cache could hold, within what a machine has. */
size_t level_bytes(enum level level)
{
    size_t l1 = cache_bytes(1), l2 = cache_bytes(2), l3 = cache_bytes(3);
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes[LEVELS] = {l1 / 2, l2 / 2, 4 * l2 < l3 / 2 ? 4 * l2 : l3 / 2, 8 * l3};
    if (bytes[IN_DRAM] > (size_t)1 << 30)
        bytes[IN_DRAM] = (size_t)1 << 30;
    if (bytes[IN_DRAM] > memory / 8)
        bytes[IN_DRAM] = memory / 8;
    return bytes[level] / 4096 * 4096;
}

/* ---- limits ----------------------------------------------------------------------------- */

static const struct limit_loops *const loops[RUNGS] = {
    [RUNG_ref] = &limit_loops_ref,
    ENGRAM_IF_neon([RUNG_neon] = &limit_loops_neon, )
        ENGRAM_IF_avx2([RUNG_avx2] = &limit_loops_avx2, )
            ENGRAM_IF_avx512([RUNG_avx512] = &limit_loops_avx512, )};

static int has_loops(enum engram_rung rung)
{
    return loops[rung] && engram_cpu_has(rung);
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
    if (limit->kind != LIMIT_GATHER || limit->bytes == indices_bytes)
        return;
    struct random r = random_for(1, "gather", limit->bytes);
    indices = indices ? indices : bench_memory(MOST_INDICES * sizeof *indices);
    indices_bytes = limit->bytes;
    for (size_t i = 0; i < index_count(limit->bytes); i++)
        indices[i] = random_below(&r, (uint32_t)(limit->bytes / sizeof *memory));
}

static void run_once(const struct limit *limit)
{
    const struct limit_loops *loop = loops[limit->rung];
    size_t n = limit->bytes / sizeof *memory;
    switch (limit->kind) {
    case LIMIT_READ:
        (limit->second ? loop->read_abreast : loop->read)(memory, n);
        break;
    case LIMIT_WRITE:
        loop->write(memory, n);
        break;
    case LIMIT_FMA:
        loop->fma(FMA_ROUNDS);
        break;
    case LIMIT_GATHER:
        (limit->second ? loop->gather_registers : loop->gather)(memory, indices,
                                                                index_count(limit->bytes));
    }
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
static void improve(struct limit *best, enum engram_rung rung, int second)
{
    struct limit limit = *best;
    limit.rung = rung;
    limit.second = second;
    if (limit.kind == LIMIT_FMA)
        limit.amount = loops[rung]->fma_flops * FMA_ROUNDS * PASSES;
    measure(&limit);
    if (limit.rate > best->rate)
        *best = limit;
}

struct limit limit_fma(enum engram_rung rung)
{
    struct limit limit = {.kind = LIMIT_FMA};
    if (has_loops(rung))
        improve(&limit, rung, 0);
    return limit;
}

struct limit *limit_of(enum limit_kind kind, size_t bytes)
{
    enum { MOST = 64 };
    static struct limit known[MOST];
    static size_t count;
    bytes = kind == LIMIT_FMA ? 0 : (bytes + 4095) / 4096 * 4096;
    for (size_t i = 0; i < count; i++)
        if (known[i].kind == kind && known[i].bytes == bytes)
            return &known[i];
    if (count == MOST)
        abort();

    struct limit *best = &known[count++];
    *best = (struct limit){.kind = kind, .bytes = bytes};
    best->amount =
        kind == LIMIT_GATHER ? PASSES * (double)index_count(bytes) : PASSES * (double)bytes;
    for (enum engram_rung rung = RUNG_ref; rung < RUNGS; rung++) {
        if (!has_loops(rung))
            continue;
        improve(best, rung, 0);
        if (kind == LIMIT_READ || (kind == LIMIT_GATHER && loops[rung]->gather_registers))
            improve(best, rung, 1);
    }
    return best;
}
