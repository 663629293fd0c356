/* random.c - hashing and random numbers, the same on every machine.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "engram.h"

#include <math.h>

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Eight bytes at a time, little-endian whatever the machine is, each mixed in by SplitMix64's
 * finaliser. */
uint64_t engram_hash(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t h = mix(seed + 0x9e3779b97f4a7c15u) ^ n;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word = 0;
        for (int i = 7; i >= 0; i--)
            word = word << 8 | p[i];
        h = mix(h ^ word) + 0x9e3779b97f4a7c15u;
    }
    uint64_t word = 0;
    for (size_t i = n; i > 0; i--)
        word = word << 8 | p[i - 1];
    return mix(h ^ word);
}

uint64_t engram_rng_next(struct engram_rng *rng)
{
    rng->state += 0x9e3779b97f4a7c15u;
    return mix(rng->state);
}

double engram_rng_uniform(struct engram_rng *rng)
{
    return (double)(engram_rng_next(rng) >> 11) * 0x1p-53;
}

/* Lemire 2019: the high half of a product, redrawn while the low half favours small results. */
uint32_t engram_rng_below(struct engram_rng *rng, uint32_t n)
{
    uint64_t product = (engram_rng_next(rng) >> 32) * n;
    if ((uint32_t)product < n) {
        uint32_t least = -n % n;
        while ((uint32_t)product < least)
            product = (engram_rng_next(rng) >> 32) * n;
    }
    return (uint32_t)(product >> 32);
}

double engram_rng_normal(struct engram_rng *rng)
{
    double x, y, square;
    do {
        x = 2 * engram_rng_uniform(rng) - 1;
        y = 2 * engram_rng_uniform(rng) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    return x * sqrt(-2 * engram_log(square) / square);
}

void engram_rng_fill_uniform(struct engram_rng *rng, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(engram_rng_next(rng) >> 40) * 0x1p-24f;
}

void engram_rng_fill_normal(struct engram_rng *rng, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)engram_rng_normal(rng);
}
