/* select_simd.c - which of many scores are worth a look, over registers of any width, compiled
 * once for each rung. SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/simd.h"
#include "dispatch.h"

int NAME(engram_above_f32)(const float *scores, size_t n, float bar, uint64_t *bits)
{
    vf least = vf_set(bar);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t word = 0;
        EACH (j, 64 / VF)
            word |= (uint64_t)vm_bits(vf_less(least, vf_load(scores + i + j * VF))) << j * VF;
        bits[i / 64] = word;
    }
    for (; i < n; i++) {
        uint64_t others = i % 64 ? bits[i / 64] : 0;
        bits[i / 64] = others | (uint64_t)(scores[i] > bar) << i % 64;
    }
    return ENGRAM_OK;
}
