/* select.c - which of many scores are worth a look: door and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "host.h"

int engram_above_f32(const float *scores, size_t n, float bar, uint64_t *bits)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(scores);
    ENGRAM_NEED(bits);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(above_f32)(scores, n, bar, bits);
    engram_count(KERNEL_above_f32, n, begun);
    return status;
}

int engram_above_f32_ref(const float *scores, size_t n, float bar, uint64_t *bits)
{
    for (size_t i = 0; i < n; i++) {
        if (i % 64 == 0)
            bits[i / 64] = 0;
        bits[i / 64] |= (uint64_t)(scores[i] > bar) << i % 64;
    }
    return ENGRAM_OK;
}
