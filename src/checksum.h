/* checksum.h - XXH3, 64 bits, of what stands in files; at once, or piece by piece.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_CHECKSUM_H
#define ENGRAM_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t engram_checksum(const void *bytes, size_t n, uint64_t seed);

struct engram_checksum {
    _Alignas(64) unsigned char state[576];
};
void engram_checksum_begin(struct engram_checksum *sum, uint64_t seed);
void engram_checksum_add(struct engram_checksum *sum, const void *bytes, size_t n);
uint64_t engram_checksum_end(const struct engram_checksum *sum);

#endif
