/* frontier.h - how the frontier kernel uses its scratch; its caller must have that much.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_FRONTIER_H
#define ENGRAM_KERNELS_FRONTIER_H

#include "host.h"

#include <stddef.h>
#include <stdint.h>

/* What spreading knows of a node besides its activation. */
struct engram_node_state {
    float delta;             /* increase that travels on at the next hop */
    float inc;               /* what arrived in this hop */
    uint16_t visits;         /* expansions so far */
    uint16_t last_expansion; /* the hop before which it joined the frontier; of use if visits > 0 */
    uint32_t arrivals;       /* edges that arrived in this hop */
};

/* States, then two bitsets: the frontier, and the nodes touched in this hop. */
static inline size_t engram_frontier_bytes(uint32_t nodes)
{
    return nodes * sizeof(struct engram_node_state) + 2 * engram_words(nodes) * sizeof(uint64_t);
}

#endif
