/* checksum.c - XXH3, from the header of libxxhash alone: nothing more is linked.
 * SPDX-License-Identifier: MIT */
#define XXH_INLINE_ALL
#include "config.h"
#include "checksum.h"

#include <xxhash.h>

_Static_assert(sizeof(struct engram_checksum) == sizeof(XXH3_state_t), "a state has room");

uint64_t engram_checksum(const void *bytes, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, n, seed);
}

void engram_checksum_begin(struct engram_checksum *sum, uint64_t seed)
{
    XXH3_INITSTATE(
        (XXH3_state_t *)sum); /* a seed that happens to stand there is not to be trusted */
    XXH3_64bits_reset_withSeed((XXH3_state_t *)sum, seed);
}

void engram_checksum_add(struct engram_checksum *sum, const void *bytes, size_t n)
{
    XXH3_64bits_update((XXH3_state_t *)sum, bytes, n);
}

uint64_t engram_checksum_end(const struct engram_checksum *sum)
{
    return XXH3_64bits_digest((const XXH3_state_t *)sum);
}
