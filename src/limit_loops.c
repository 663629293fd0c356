/* limit_loops.c - loops that do nothing but reach a limit, compiled once for each rung.
 * SPDX-License-Identifier: MIT
 *
 * Arithmetic is that of the compiler's vectors, so that the portable build has these loops too; it
 * may fuse here what it must not fuse in a kernel. */
#include "limit_loops.h"

#if defined ENGRAM_RUNG_NEON || defined ENGRAM_RUNG_AVX2 || defined ENGRAM_RUNG_AVX512
#include "kernels/simd.h"
#define LOOPS NAME(engram_limit_loops)
#else
#define LOOPS engram_limit_loops_ref
enum { VF = 4 };
typedef float vf __attribute__((vector_size(16)));
#endif

enum { SUMS = 8, CHAINS = 12 };

typedef vf __attribute__((may_alias)) at_vf;

/* The compiler may not leave out what the sums are made of, and keeps the sums themselves, which
 * nobody looks at, in registers. */
static inline void keep(const vf *sum, int n)
{
    vf all = sum[0];
#pragma GCC unroll 16
    for (int j = 1; j < n; j++)
        all += sum[j];
    __asm__ volatile("" : : "m"(all));
}

static void read_all(const float *p, size_t n)
{
    vf sum[SUMS] = {};
    for (size_t i = 0; i < n; i += SUMS * VF) {
        const at_vf *v = (const at_vf *)(p + i);
#pragma GCC unroll 8
        for (int j = 0; j < SUMS; j++)
            sum[j] += v[j];
    }
    keep(sum, SUMS);
}

/* Four runs side by side. */
static void read_abreast(const float *p, size_t n)
{
    vf sum[SUMS] = {};
    size_t part = n / 4;
    for (size_t i = 0; i < part; i += SUMS * VF)
        for (size_t s = 0; s < 4; s++) {
            const at_vf *v = (const at_vf *)(p + s * part + i);
#pragma GCC unroll 8
            for (int j = 0; j < SUMS; j++)
                sum[j] += v[j];
        }
    keep(sum, SUMS);
}

static void write_all(float *p, size_t n)
{
    for (size_t i = 0; i < n; i += SUMS * VF) {
        at_vf *v = (at_vf *)(p + i);
#pragma GCC unroll 8
        for (int j = 0; j < SUMS; j++)
            v[j] += 1.0f;
    }
}

/* Enough chains to hide the latency of each; they settle at 1. */
static void fma_chains(size_t rounds)
{
    vf chain[CHAINS] = {}, half = {}, limit = {};
    for (int j = 0; j < CHAINS; j++)
        chain[j] += (float)j;
    half += 0.5f;
    limit += 0.5f;
    for (size_t i = 0; i < rounds; i++)
#pragma GCC unroll 12
        for (int j = 0; j < CHAINS; j++)
            chain[j] = chain[j] * half + limit;
    keep(chain, CHAINS);
}

static void gather_floats(const float *table, const uint32_t *at, size_t n)
{
    float sum[SUMS] = {0}, all = 0;
    for (size_t i = 0; i < n; i += SUMS)
#pragma GCC unroll 8
        for (int j = 0; j < SUMS; j++)
            sum[j] += table[at[i + (size_t)j]];
    for (int j = 0; j < SUMS; j++)
        all += sum[j];
    __asm__ volatile("" : : "m"(all));
}

#ifdef NAME
static void gather_vectors(const float *table, const uint32_t *at, size_t n)
{
    vf sum[SUMS] = {};
    for (size_t i = 0; i < n; i += SUMS * VF)
#pragma GCC unroll 8
        for (int j = 0; j < SUMS; j++)
            sum[j] += vf_gather(table, vi_load(at + i + j * VF));
    keep(sum, SUMS);
}
#endif

const struct engram_limit_loops LOOPS = {
    .read = read_all,
    .read_abreast = read_abreast,
    .write = write_all,
    .fma = fma_chains,
    .fma_flops = 2.0 * CHAINS * VF,
    .gather = gather_floats,
#ifdef NAME
    .gather_registers = gather_vectors,
#endif
};
