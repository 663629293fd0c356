/* random.h - random numbers for C tests, by seed and apart from the library's own.
 * SPDX-License-Identifier: MIT */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

#define RANDOM_FUNCTION static inline __attribute__((unused))

struct random {
    uint64_t state;
};

/* SplitMix64. */
RANDOM_FUNCTION uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A stream of its own for each name and number: a case does not depend on those before it. */
RANDOM_FUNCTION struct random random_for(uint64_t seed, const char *name, uint64_t number)
{
    struct random r = {seed};
    for (const char *c = name; *c; c++)
        r.state = random_next(&r) ^ (unsigned char)*c;
    r.state = random_next(&r) ^ number;
    r.state = random_next(&r);
    return r;
}

/* 0 .. n - 1; the bias is far below what a test notices. */
RANDOM_FUNCTION uint32_t random_below(struct random *r, uint32_t n)
{
    return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

RANDOM_FUNCTION double random_between(struct random *r, double low, double high)
{
    return low + (high - low) * ((double)(random_next(r) >> 11) * 0x1p-53);
}

#endif
