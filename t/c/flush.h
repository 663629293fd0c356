/* flush.h - subnormal numbers that count as zeros, as game engines and audio hosts set it.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_TEST_FLUSH_H
#define ENGRAM_TEST_FLUSH_H

#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

/* Operands and results of this thread from now on; what held before. */
static inline bool flush_subnormals(bool on)
{
#if defined __SSE__
    const unsigned bits = 0x8040; /* flush to zero, denormals are zeros */
    unsigned control = _mm_getcsr();
    _mm_setcsr(on ? control | bits : control & ~bits);
    return control & bits;
#elif defined __aarch64__
    const uint64_t bit = 1 << 24; /* FZ */
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(on ? control | bit : control & ~bit));
    return control & bit;
#else
    (void)on;
    return false;
#endif
}

#endif
