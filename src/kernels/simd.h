/* simd.h - one register of floats, of whatever width the rung has.
 * SPDX-License-Identifier: MIT
 *
 *   vf                       a register of VF floats
 *   vf_load(p), vf_store(p, v)
 *   vf_load_n(p, n)          the first n floats, n <= 0: none, zeros behind; never reads past them
 *   vf_store_n(p, v, n)      the first n floats
 *   vf_fma(a, b, c)          a * b + c, rounded once
 *   vf_halve(v)              adds lanes pairwise, VF/2, VF/4, .. 1
 *   NAME(function)           the function's name on this rung */
#ifndef ENGRAM_SIMD_H
#define ENGRAM_SIMD_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

// clang-format off
#if defined ENGRAM_RUNG_AVX512

#define NAME(function) function##_avx512
enum { VF = 16 };
typedef __m512 vf;

static inline vf vf_zero(void) { return _mm512_setzero_ps(); }
static inline vf vf_set(float x) { return _mm512_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }

static inline __mmask16 vf_first(ptrdiff_t n) { return n >= VF ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1); }

static inline vf vf_load_n(const float *p, ptrdiff_t n) { return _mm512_maskz_loadu_ps(vf_first(n), p); }
static inline void vf_store_n(float *p, vf v, ptrdiff_t n) { _mm512_mask_storeu_ps(p, vf_first(n), v); }

static inline __m256 vf_upper_half(vf v) { return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)); }

#elif defined ENGRAM_RUNG_AVX2

#define NAME(function) function##_avx2
enum { VF = 8 };
typedef __m256 vf;

static inline vf vf_zero(void) { return _mm256_setzero_ps(); }
static inline vf vf_set(float x) { return _mm256_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }

static inline __m256i vf_first(ptrdiff_t n)
{
    static const int32_t ones[2 * VF] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ones + VF - (n < 0 ? 0 : n > VF ? VF : n)));
}

static inline vf vf_load_n(const float *p, ptrdiff_t n) { return _mm256_maskload_ps(p, vf_first(n)); }
static inline void vf_store_n(float *p, vf v, ptrdiff_t n) { _mm256_maskstore_ps(p, vf_first(n), v); }

#endif
// clang-format on

/* The last lanes, the same for every width: 4, 2, 1. */
static inline float vf_halve_8(__m256 v)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static inline float vf_halve(vf v)
{
#if defined ENGRAM_RUNG_AVX512
    return vf_halve_8(_mm256_add_ps(_mm512_castps512_ps256(v), vf_upper_half(v)));
#else
    return vf_halve_8(v);
#endif
}

#endif
