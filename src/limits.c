/* limits.c - what this machine can do at most: its caches, and loops that reach its limits.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "limit_loops.h"
#include "cpu.h"
#include "dispatch.h"
#include "host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- caches ----------------------------------------------------------------------------- */

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
void engram_caches(struct engram_caches *out)
{
    size_t l1 = cache_bytes(1), l2 = cache_bytes(2), l3 = cache_bytes(3);
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    size_t beyond = 8 * l3;
    if (beyond > (size_t)1 << 30)
        beyond = (size_t)1 << 30;
    if (beyond > memory / 8)
        beyond = memory / 8;
    const size_t sets[] = {l1 / 2, l2 / 2, 4 * l2 < l3 / 2 ? 4 * l2 : l3 / 2, beyond};
    *out = (struct engram_caches){.bytes = {l1, l2, l3}};
    for (int level = 0; level < 4; level++)
        out->working_sets[level] = sets[level] / 4096 * 4096;
}

/* ---- loops ------------------------------------------------------------------------------ */

static const struct engram_limit_loops *const loops[RUNGS] = {
    [RUNG_ref] = &engram_limit_loops_ref,
    ENGRAM_IF_neon([RUNG_neon] = &engram_limit_loops_neon, )
        ENGRAM_IF_avx2([RUNG_avx2] = &engram_limit_loops_avx2, )
            ENGRAM_IF_avx512([RUNG_avx512] = &engram_limit_loops_avx512, )};

/* Two loops a rung read and gather, one writes and one multiplies. */
static int second_of(int kind)
{
    return kind == ENGRAM_LIMIT_READ || kind == ENGRAM_LIMIT_GATHER;
}

const char *engram_limit_rung(int kind, uint32_t i)
{
    uint32_t rung = i / (uint32_t)(1 + second_of(kind));
    return kind < ENGRAM_LIMIT_READ || kind > ENGRAM_LIMIT_GATHER || rung >= RUNGS
               ? NULL
               : engram_rung_names[rung];
}

double engram_limit_run(int kind, uint32_t i, float *memory, size_t n, const uint32_t *places)
{
    if (!engram_limit_rung(kind, i))
        return 0;
    enum engram_rung rung = (enum engram_rung)(i / (uint32_t)(1 + second_of(kind)));
    uint32_t second = second_of(kind) ? i % 2 : 0;
    const struct engram_limit_loops *loop = loops[rung];
    if (!loop || !engram_runs(rung) || (kind != ENGRAM_LIMIT_FMA && n % ENGRAM_LIMIT_STEP > 0))
        return 0;
    switch (kind) {
    case ENGRAM_LIMIT_READ:
        (second ? loop->read_abreast : loop->read)(memory, n);
        return (double)(n * sizeof *memory);
    case ENGRAM_LIMIT_WRITE:
        loop->write(memory, n);
        return (double)(n * sizeof *memory);
    case ENGRAM_LIMIT_FMA:
        loop->fma(n);
        return loop->fma_flops * (double)n;
    default:
        if (second && !loop->gather_registers)
            return 0;
        (second ? loop->gather_registers : loop->gather)(memory, places, n);
        return (double)n;
    }
}
