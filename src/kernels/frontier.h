/* frontier.h - what the frontier kernel keeps of a node in the memory of a walk: these states, then
 * two bitsets, the frontier and the nodes touched in this hop.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_FRONTIER_H
#define ENGRAM_KERNELS_FRONTIER_H

#include "host.h"

#include <stddef.h>
#include <stdint.h>

/* What spreading knows of a node besides its activation; of use once it is reached. */
struct engram_node_state {
    float delta;             /* increase that travels on at the next hop */
    float inc;               /* what arrived in this hop; of use once touched, as are arrivals */
    uint16_t visits;         /* expansions so far */
    uint16_t last_expansion; /* the hop before which it joined the frontier; 0 for seeds */
    uint32_t arrivals;       /* edges that arrived in this hop */
};

#endif
