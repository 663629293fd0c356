/* simd.h - one register of floats, of whatever width the rung has.
 * SPDX-License-Identifier: MIT
 *
 * A page for each rung gives the same words:
 *
 *   NAME(function)           the function's name on this rung
 *   vf, vi, vm               a register of VF floats; of VF int32; a mask of VF lanes
 *   vf_load(p), vf_store(p, v), vi_load(p)
 *   vf_load_far(p)           the same of a stream that may come from memory
 *   vf_load_n(p, n)          the first n floats, n <= 0: none, zeros behind; never reads past them
 *   vf_store_n(p, v, n)      the first n floats
 *   vf_fma(a, b, c)          a * b + c, rounded once
 *   vf_max(a, b)             the larger, where neither is NaN
 *   vf_less(a, b) ..         masks; false where one is NaN
 *   vf_select(m, a, b)       a where m, else b
 *   vf_min(a, b)             a < b ? a : b, so b where one is NaN
 *   vi_min_u(a, b), vi_at_most_u(a, b)  of unsigned numbers
 *   vm_bits(m), vm_all(m)    lane i as bit i; whether all are set, as in vm_ones()
 *   vm_of_bits(bits)         bit i as lane i
 *   vf_gather(base, at)      base[at[i]], at as int32
 *   vf_look_up(base, at)     base[at[i]], at in memory, without the instruction for it
 *   vf_of_vi(v)              int32 to float, to nearest
 *   vf_of_bf16(p), vf_of_f16(p)  VF half floats
 *   vf_store_f16(p, v)       rounded to nearest, ties to even
 *   vi_store_16(p, v), vi_store_8(p, v)  lanes in 0 .. 65535; in -128 .. 127
 *   vf_halve(v)              adds lanes pairwise, VF/2, VF/4, .. 1
 *   vf_fold(v, n)            adds n registers pairwise, n/2, .. 1, then the lanes of what is left
 *   vd, vl, vdm              a register of VD = VF/2 doubles, of int64, and its masks, alike
 *   vl_load(p), vl_store(p, v)
 *   vl_load_n(p, n)          the first n of 64 bits, as vf_load_n
 *   vd_of_ul(a)              VD uint64 to double, rounded once
 *   vf_of_ul(low, high)      VF uint64 to float, rounded once
 *   vd_low(v), vd_high(v)    the two halves of a vf, widened; vf_of_vd(low, high) narrows
 *   vl_popcount(v)           how many bits of each lane are set
 *   vi_dot(acc, a, b)        adds the products of 4 * VF int8 in -127 .. 127, some 4 to each lane;
 *                            on a rung that has VNNI those of a + 128 and b, modulo 2^32 */
#ifndef ENGRAM_SIMD_H
#define ENGRAM_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// clang-format off
#if defined ENGRAM_RUNG_AVX512VNNI
#define ENGRAM_RUNG_AVX512
#define NAME(function) function##_avx512vnni
#elif defined ENGRAM_RUNG_AVX512
#define NAME(function) function##_avx512
#elif defined ENGRAM_RUNG_AVX2
#define NAME(function) function##_avx2
#elif defined ENGRAM_RUNG_NEON
#define NAME(function) function##_neon
#endif

/* ---- AVX2 and AVX-512: loads one by one, put together */
#if defined ENGRAM_RUNG_AVX512 || defined ENGRAM_RUNG_AVX2

#include <immintrin.h>

static inline __m128 vf_look_up_4(const float *base, const uint32_t *at)
{
    __m128 low = _mm_insert_ps(_mm_load_ss(base + at[0]), _mm_load_ss(base + at[1]), 0x10);
    __m128 high = _mm_insert_ps(_mm_load_ss(base + at[2]), _mm_load_ss(base + at[3]), 0x10);
    return _mm_movelh_ps(low, high);
}
static inline __m256 vf_look_up_8(const float *base, const uint32_t *at)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(vf_look_up_4(base, at)), vf_look_up_4(base, at + 4), 1);
}

#endif

/* ---- AVX-512 */
#if defined ENGRAM_RUNG_AVX512

#include <immintrin.h>

enum { VF = 16, VD = 8 };
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;
typedef __m512d vd;
typedef __m512i vl;
typedef __mmask8 vdm;

static inline vf vf_zero(void) { return _mm512_setzero_ps(); }
static inline vf vf_set(float x) { return _mm512_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
/* In halves: with one load for each line a Zen 4 falls behind its stream, and a scan of 300 MB takes
 * 1.2 times as long. */
static inline vf vf_load_far(const float *p)
{
    vf low = _mm512_castps256_ps512(_mm256_loadu_ps(p));
    return _mm512_insertf32x8(low, _mm256_loadu_ps(p + 8), 1);
}
static inline void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf vf_abs(vf a) { return _mm512_abs_ps(a); }
static inline vf vf_neg(vf a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }

static inline vm vf_less(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline vm vf_at_most(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
static inline vm vf_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
static inline vf vf_select(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }
static inline vi vi_select(vm m, vi a, vi b) { return _mm512_mask_blend_epi32(m, b, a); }
static inline uint32_t vm_bits(vm m) { return m; }
static inline vm vm_of_bits(uint32_t bits) { return (vm)bits; }
static inline vm vm_ones(void) { return 0xffff; }
static inline vm vm_and(vm a, vm b) { return a & b; }

static inline vm vf_first(ptrdiff_t n) { return n >= VF ? 0xffff : n <= 0 ? 0 : (vm)((1u << n) - 1); }
static inline vf vf_load_n(const float *p, ptrdiff_t n) { return _mm512_maskz_loadu_ps(vf_first(n), p); }
static inline void vf_store_n(float *p, vf v, ptrdiff_t n) { _mm512_mask_storeu_ps(p, vf_first(n), v); }

static inline vi vi_set(int32_t x) { return _mm512_set1_epi32(x); }
static inline vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
static inline vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
static inline vi vi_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
static inline vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
static inline vi vi_shl(vi a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
static inline vi vi_shr(vi a, int n) { return _mm512_srli_epi32(a, (unsigned)n); }
static inline vi vi_sar(vi a, int n) { return _mm512_srai_epi32(a, (unsigned)n); }
static inline vm vi_less(vi a, vi b) { return _mm512_cmplt_epi32_mask(a, b); }
static inline vm vi_at_most_u(vi a, vi b) { return _mm512_cmple_epu32_mask(a, b); }
static inline vi vi_min_u(vi a, vi b) { return _mm512_min_epu32(a, b); }
static inline vm vi_equal(vi a, vi b) { return _mm512_cmpeq_epi32_mask(a, b); }
static inline int32_t vi_sum(vi a) { return _mm512_reduce_add_epi32(a); }
static inline vi vi_of_bits(vf a) { return _mm512_castps_si512(a); }
static inline vf vf_of_bits(vi a) { return _mm512_castsi512_ps(a); }
static inline vf vf_of_vi(vi a) { return _mm512_cvtepi32_ps(a); }
static inline vf vf_gather(const float *base, vi at) { return _mm512_i32gather_ps(at, base, 4); }
static inline vf vf_look_up(const float *base, const uint32_t *at)
{
    __m512d low = _mm512_castpd256_pd512(_mm256_castps_pd(vf_look_up_8(base, at)));
    return _mm512_castpd_ps(_mm512_insertf64x4(low, _mm256_castps_pd(vf_look_up_8(base, at + 8)), 1));
}

static inline vf vf_of_bf16(const uint16_t *p) /* one shuffle, where widening and shifting are two steps */
{
    __m512i halves = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)p));
    vi upper = vi_shl(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), 16);
    return vf_of_bits(_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, upper, halves));
}
static inline vf vf_of_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
static inline void vf_store_f16(uint16_t *p, vf v) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT)); }
static inline void vi_store_16(uint16_t *p, vi v) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(v)); }
static inline void vi_store_8(int8_t *p, vi v) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(v)); }

static inline vd vd_set(double x) { return _mm512_set1_pd(x); }
static inline vd vd_add(vd a, vd b) { return _mm512_add_pd(a, b); }
static inline vd vd_sub(vd a, vd b) { return _mm512_sub_pd(a, b); }
static inline vd vd_mul(vd a, vd b) { return _mm512_mul_pd(a, b); }
static inline vd vd_div(vd a, vd b) { return _mm512_div_pd(a, b); }
static inline vd vd_fma(vd a, vd b, vd c) { return _mm512_fmadd_pd(a, b, c); }
static inline vd vd_neg(vd a) { return _mm512_xor_pd(a, _mm512_set1_pd(-0.0)); }
static inline vdm vd_less(vd a, vd b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
static inline vdm vd_at_most(vd a, vd b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
static inline vd vd_select(vdm m, vd a, vd b) { return _mm512_mask_blend_pd(m, b, a); }
static inline vl vl_set(int64_t x) { return _mm512_set1_epi64(x); }
static inline vl vl_load(const void *p) { return _mm512_loadu_si512(p); }
static inline vl vl_load_n(const void *p, ptrdiff_t n) { return _mm512_maskz_loadu_epi64((vdm)vf_first(n < VD ? n : VD), p); }
static inline void vl_store(void *p, vl v) { _mm512_storeu_si512(p, v); }
static inline vl vl_add(vl a, vl b) { return _mm512_add_epi64(a, b); }
static inline vl vl_sub(vl a, vl b) { return _mm512_sub_epi64(a, b); }
static inline vl vl_and(vl a, vl b) { return _mm512_and_si512(a, b); }
static inline vl vl_or(vl a, vl b) { return _mm512_or_si512(a, b); }
static inline vl vl_xor(vl a, vl b) { return _mm512_xor_si512(a, b); }
static inline vl vl_shl(vl a, int n) { return _mm512_slli_epi64(a, (unsigned)n); }
static inline vl vl_shr(vl a, int n) { return _mm512_srli_epi64(a, (unsigned)n); }
static inline vl vl_of_bits(vd a) { return _mm512_castpd_si512(a); }
static inline vd vd_of_bits(vl a) { return _mm512_castsi512_pd(a); }

static inline vd vd_of_ul(vl a) { return _mm512_cvtepu64_pd(a); }
static inline vf vf_of_halves(__m256 low, __m256 high) { return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(low)), _mm256_castps_pd(high), 1)); }
static inline vf vf_of_ul(vl low, vl high) { return vf_of_halves(_mm512_cvtepu64_ps(low), _mm512_cvtepu64_ps(high)); }

static inline __m256 vf_upper_half(vf v) { return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)); }
static inline vd vd_low(vf v) { return _mm512_cvtps_pd(_mm512_castps512_ps256(v)); }
static inline vd vd_high(vf v) { return _mm512_cvtps_pd(vf_upper_half(v)); }
static inline vf vf_of_vd(vd low, vd high) { return vf_of_halves(_mm512_cvtpd_ps(low), _mm512_cvtpd_ps(high)); }

/* Bits of both halves of each byte by a table, bytes added up. */
static inline vl vl_popcount(vl a)
{
#if defined ENGRAM_RUNG_AVX512VNNI
    return _mm512_popcnt_epi64(a);
#else
    vl table = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    vl half = _mm512_set1_epi8(15), low = _mm512_and_si512(a, half), high = _mm512_and_si512(_mm512_srli_epi16(a, 4), half);
    return _mm512_sad_epu8(_mm512_add_epi8(_mm512_shuffle_epi8(table, low), _mm512_shuffle_epi8(table, high)), _mm512_setzero_si512());
#endif
}

/* One factor must be unsigned: the signs of a go over to b, or a is shifted. */
static inline vi vi_dot(vi acc, vi a, vi b)
{
#if defined ENGRAM_RUNG_AVX512VNNI
    return _mm512_dpbusd_epi32(acc, _mm512_xor_si512(a, _mm512_set1_epi8(-128)), b);
#else
    vi signed_b = _mm512_mask_sub_epi8(b, _mm512_movepi8_mask(a), _mm512_setzero_si512(), b);
    vi pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(a), signed_b);
    return vi_add(acc, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
#endif
}

/* ---- AVX2 */
#elif defined ENGRAM_RUNG_AVX2

#include <immintrin.h>

enum { VF = 8, VD = 4 };
typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;
typedef __m256d vd;
typedef __m256i vl;
typedef __m256d vdm;

static inline vf vf_zero(void) { return _mm256_setzero_ps(); }
static inline vf vf_set(float x) { return _mm256_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline vf vf_load_far(const float *p) { return vf_load(p); }
static inline void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
static inline vf vf_neg(vf a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }

static inline vm vf_less(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
static inline vm vf_at_most(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
static inline vm vf_equal(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
static inline vf vf_select(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }
static inline vi vi_select(vm m, vi a, vi b) { return _mm256_blendv_epi8(b, a, _mm256_castps_si256(m)); }
static inline uint32_t vm_bits(vm m) { return (uint32_t)_mm256_movemask_ps(m); }
static inline vm vm_of_bits(uint32_t bits)
{
    __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int32_t)bits), lane), lane));
}
static inline vm vm_ones(void) { return _mm256_castsi256_ps(_mm256_set1_epi32(-1)); }
static inline vm vm_and(vm a, vm b) { return _mm256_and_ps(a, b); }

static inline __m256i vf_first(ptrdiff_t n)
{
    static const int32_t ones[2 * VF] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ones + VF - (n < 0 ? 0 : n > VF ? VF : n)));
}
static inline vf vf_load_n(const float *p, ptrdiff_t n) { return _mm256_maskload_ps(p, vf_first(n)); }
static inline void vf_store_n(float *p, vf v, ptrdiff_t n) { _mm256_maskstore_ps(p, vf_first(n), v); }

static inline vi vi_set(int32_t x) { return _mm256_set1_epi32(x); }
static inline vi vi_load(const void *p) { return _mm256_loadu_si256(p); }
static inline vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
static inline vi vi_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
static inline vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
static inline vi vi_shl(vi a, int n) { return _mm256_slli_epi32(a, n); }
static inline vi vi_shr(vi a, int n) { return _mm256_srli_epi32(a, n); }
static inline vi vi_sar(vi a, int n) { return _mm256_srai_epi32(a, n); }
static inline vm vi_less(vi a, vi b) { return _mm256_castsi256_ps(_mm256_cmpgt_epi32(b, a)); }
static inline vm vi_equal(vi a, vi b) { return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)); }
static inline vi vi_min_u(vi a, vi b) { return _mm256_min_epu32(a, b); }
static inline vm vi_at_most_u(vi a, vi b) { return vi_equal(vi_min_u(a, b), a); }
static inline int32_t vi_sum(vi a)
{
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}
static inline vi vi_of_bits(vf a) { return _mm256_castps_si256(a); }
static inline vf vf_of_bits(vi a) { return _mm256_castsi256_ps(a); }
static inline vf vf_of_vi(vi a) { return _mm256_cvtepi32_ps(a); }
static inline vf vf_gather(const float *base, vi at) { return _mm256_i32gather_ps(base, at, 4); }
static inline vf vf_look_up(const float *base, const uint32_t *at) { return vf_look_up_8(base, at); }

static inline vf vf_of_bf16(const uint16_t *p) /* one shuffle, where widening and shifting are two steps */
{
    vi halves = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p));
    vi upper = _mm256_setr_epi8(-1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7, -1, -1, 8, 9, -1, -1, 10, 11, -1, -1, 12, 13, -1, -1, 14, 15);
    return vf_of_bits(_mm256_shuffle_epi8(halves, upper));
}
static inline vf vf_of_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
static inline void vf_store_f16(uint16_t *p, vf v) { _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT)); }
static inline void vi_store_16(uint16_t *p, vi v)
{
    _mm_storeu_si128((__m128i *)p, _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}
static inline void vi_store_8(int8_t *p, vi v)
{
    __m128i pairs = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packs_epi16(pairs, pairs));
}

static inline vd vd_set(double x) { return _mm256_set1_pd(x); }
static inline vd vd_add(vd a, vd b) { return _mm256_add_pd(a, b); }
static inline vd vd_sub(vd a, vd b) { return _mm256_sub_pd(a, b); }
static inline vd vd_mul(vd a, vd b) { return _mm256_mul_pd(a, b); }
static inline vd vd_div(vd a, vd b) { return _mm256_div_pd(a, b); }
static inline vd vd_fma(vd a, vd b, vd c) { return _mm256_fmadd_pd(a, b, c); }
static inline vd vd_neg(vd a) { return _mm256_xor_pd(a, _mm256_set1_pd(-0.0)); }
static inline vdm vd_less(vd a, vd b) { return _mm256_cmp_pd(a, b, _CMP_LT_OQ); }
static inline vdm vd_at_most(vd a, vd b) { return _mm256_cmp_pd(a, b, _CMP_LE_OQ); }
static inline vd vd_select(vdm m, vd a, vd b) { return _mm256_blendv_pd(b, a, m); }
static inline vl vl_set(int64_t x) { return _mm256_set1_epi64x(x); }
static inline vl vl_load(const void *p) { return _mm256_loadu_si256(p); }
static inline vl vl_load_n(const void *p, ptrdiff_t n)
{
    __m256i first = vf_first(n < VD ? n : VD);
    return _mm256_maskload_epi64(p, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(first)));
}
static inline void vl_store(void *p, vl v) { _mm256_storeu_si256(p, v); }
static inline vl vl_add(vl a, vl b) { return _mm256_add_epi64(a, b); }
static inline vl vl_sub(vl a, vl b) { return _mm256_sub_epi64(a, b); }
static inline vl vl_and(vl a, vl b) { return _mm256_and_si256(a, b); }
static inline vl vl_or(vl a, vl b) { return _mm256_or_si256(a, b); }
static inline vl vl_xor(vl a, vl b) { return _mm256_xor_si256(a, b); }
static inline vl vl_shl(vl a, int n) { return _mm256_slli_epi64(a, n); }
static inline vl vl_shr(vl a, int n) { return _mm256_srli_epi64(a, n); }
static inline vl vl_of_bits(vd a) { return _mm256_castpd_si256(a); }
static inline vd vd_of_bits(vl a) { return _mm256_castsi256_pd(a); }

/* The halves of each number become doubles of 2^84 and 2^52, exactly; the last sum rounds. */
static inline vd vd_of_ul(vl a)
{
    vd high = vd_of_bits(vl_or(vl_shr(a, 32), vl_of_bits(vd_set(0x1p84))));
    vd low = vd_of_bits(_mm256_blend_epi16(a, vl_of_bits(vd_set(0x1p52)), 0xcc));
    return vd_add(vd_sub(high, vd_set(0x1p84 + 0x1p52)), low);
}

static inline vd vd_low(vf v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
static inline vd vd_high(vf v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
static inline vf vf_of_vd(vd low, vd high)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(low)), _mm256_cvtpd_ps(high), 1);
}

/* Bits of both halves of each byte by a table, bytes added up. */
static inline vl vl_popcount(vl a)
{
    vl table = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    vl half = _mm256_set1_epi8(15), low = _mm256_and_si256(a, half), high = _mm256_and_si256(_mm256_srli_epi16(a, 4), half);
    return _mm256_sad_epu8(_mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high)), _mm256_setzero_si256());
}

/* The signs of a go over to b, so that one factor is unsigned; two products fit 16 bits. */
static inline vi vi_dot(vi acc, vi a, vi b)
{
    vi pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
    return vi_add(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* ---- NEON */
#elif defined ENGRAM_RUNG_NEON

#include <arm_neon.h>

enum { VF = 4, VD = 2 };
typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint32x4_t vm;
typedef float64x2_t vd;
typedef int64x2_t vl;
typedef uint64x2_t vdm;

static inline vf vf_zero(void) { return vdupq_n_f32(0); }
static inline vf vf_set(float x) { return vdupq_n_f32(x); }
static inline vf vf_load(const float *p) { return vld1q_f32(p); }
static inline vf vf_load_far(const float *p) { return vf_load(p); }
static inline void vf_store(float *p, vf v) { vst1q_f32(p, v); }
static inline vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf vf_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
static inline vf vf_max(vf a, vf b) { return vmaxq_f32(a, b); }
static inline vf vf_abs(vf a) { return vabsq_f32(a); }
static inline vf vf_neg(vf a) { return vnegq_f32(a); }

static inline vm vf_less(vf a, vf b) { return vcltq_f32(a, b); }
static inline vm vf_at_most(vf a, vf b) { return vcleq_f32(a, b); }
static inline vm vf_equal(vf a, vf b) { return vceqq_f32(a, b); }
static inline vf vf_select(vm m, vf a, vf b) { return vbslq_f32(m, a, b); }
static inline vi vi_select(vm m, vi a, vi b) { return vbslq_s32(m, a, b); }
static inline uint32_t vm_bits(vm m)
{
    static const uint32_t lane[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(m, vld1q_u32(lane)));
}
static inline vm vm_of_bits(uint32_t bits)
{
    static const uint32_t lane[4] = {1, 2, 4, 8};
    return vtstq_u32(vdupq_n_u32(bits), vld1q_u32(lane));
}
static inline vm vm_ones(void) { return vdupq_n_u32(UINT32_MAX); }
static inline vm vm_and(vm a, vm b) { return vandq_u32(a, b); }

static inline vf vf_load_n(const float *p, ptrdiff_t n)
{
    float lane[VF] = {0};
    for (ptrdiff_t i = 0; i < n && i < VF; i++)
        lane[i] = p[i];
    return vf_load(lane);
}
static inline void vf_store_n(float *p, vf v, ptrdiff_t n)
{
    float lane[VF];
    vf_store(lane, v);
    for (ptrdiff_t i = 0; i < n && i < VF; i++)
        p[i] = lane[i];
}

static inline vi vi_set(int32_t x) { return vdupq_n_s32(x); }
static inline vi vi_load(const void *p) { return vreinterpretq_s32_u8(vld1q_u8(p)); }
static inline vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
static inline vi vi_sub(vi a, vi b) { return vsubq_s32(a, b); }
static inline vi vi_and(vi a, vi b) { return vandq_s32(a, b); }
static inline vi vi_shl(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(n)); }
static inline vi vi_shr(vi a, int n) { return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-n))); }
static inline vi vi_sar(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(-n)); }
static inline vm vi_less(vi a, vi b) { return vcltq_s32(a, b); }
static inline vm vi_equal(vi a, vi b) { return vceqq_s32(a, b); }
static inline vi vi_min_u(vi a, vi b) { return vreinterpretq_s32_u32(vminq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b))); }
static inline vm vi_at_most_u(vi a, vi b) { return vcleq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b)); }
static inline int32_t vi_sum(vi a) { return vaddvq_s32(a); }
static inline vi vi_of_bits(vf a) { return vreinterpretq_s32_f32(a); }
static inline vf vf_of_bits(vi a) { return vreinterpretq_f32_s32(a); }
static inline vf vf_of_vi(vi a) { return vcvtq_f32_s32(a); }
static inline vf vf_gather(const float *base, vi at)
{
    vf v = vdupq_n_f32(base[vgetq_lane_s32(at, 0)]);
    v = vsetq_lane_f32(base[vgetq_lane_s32(at, 1)], v, 1);
    v = vsetq_lane_f32(base[vgetq_lane_s32(at, 2)], v, 2);
    return vsetq_lane_f32(base[vgetq_lane_s32(at, 3)], v, 3);
}

static inline vf vf_look_up(const float *base, const uint32_t *at) { return vf_gather(base, vi_load(at)); }

static inline vf vf_of_bf16(const uint16_t *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
static inline vf vf_of_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
static inline void vf_store_f16(uint16_t *p, vf v) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v))); }
static inline void vi_store_16(uint16_t *p, vi v) { vst1_u16(p, vmovn_u32(vreinterpretq_u32_s32(v))); }
static inline void vi_store_8(int8_t *p, vi v)
{
    int16x4_t pairs = vmovn_s32(v);
    int8x8_t bytes = vmovn_s16(vcombine_s16(pairs, pairs));
    __builtin_memcpy(p, &bytes, VF);
}

static inline vd vd_set(double x) { return vdupq_n_f64(x); }
static inline vd vd_add(vd a, vd b) { return vaddq_f64(a, b); }
static inline vd vd_sub(vd a, vd b) { return vsubq_f64(a, b); }
static inline vd vd_mul(vd a, vd b) { return vmulq_f64(a, b); }
static inline vd vd_div(vd a, vd b) { return vdivq_f64(a, b); }
static inline vd vd_fma(vd a, vd b, vd c) { return vfmaq_f64(c, a, b); }
static inline vd vd_neg(vd a) { return vnegq_f64(a); }
static inline vdm vd_less(vd a, vd b) { return vcltq_f64(a, b); }
static inline vdm vd_at_most(vd a, vd b) { return vcleq_f64(a, b); }
static inline vd vd_select(vdm m, vd a, vd b) { return vbslq_f64(m, a, b); }
static inline vl vl_set(int64_t x) { return vdupq_n_s64(x); }
static inline vl vl_load(const void *p) { return vreinterpretq_s64_u8(vld1q_u8(p)); }
static inline vl vl_load_n(const void *p, ptrdiff_t n)
{
    int64_t lane[VD] = {0};
    memcpy(lane, p, (size_t)(n < 0 ? 0 : n > VD ? VD : n) * sizeof *lane);
    return vld1q_s64(lane);
}
static inline void vl_store(void *p, vl v) { vst1q_u8(p, vreinterpretq_u8_s64(v)); }
static inline vl vl_add(vl a, vl b) { return vaddq_s64(a, b); }
static inline vl vl_sub(vl a, vl b) { return vsubq_s64(a, b); }
static inline vl vl_and(vl a, vl b) { return vandq_s64(a, b); }
static inline vl vl_or(vl a, vl b) { return vorrq_s64(a, b); }
static inline vl vl_xor(vl a, vl b) { return veorq_s64(a, b); }
static inline vl vl_shl(vl a, int n) { return vshlq_s64(a, vdupq_n_s64(n)); }
static inline vl vl_shr(vl a, int n) { return vreinterpretq_s64_u64(vshlq_u64(vreinterpretq_u64_s64(a), vdupq_n_s64(-n))); }
static inline vl vl_of_bits(vd a) { return vreinterpretq_s64_f64(a); }
static inline vd vd_of_bits(vl a) { return vreinterpretq_f64_s64(a); }

static inline vd vd_of_ul(vl a) { return vcvtq_f64_u64(vreinterpretq_u64_s64(a)); }

static inline vd vd_low(vf v) { return vcvt_f64_f32(vget_low_f32(v)); }
static inline vd vd_high(vf v) { return vcvt_high_f64_f32(v); }
static inline vf vf_of_vd(vd low, vd high) { return vcvt_high_f32_f64(vcvt_f32_f64(low), high); }

static inline vl vl_popcount(vl a)
{
    return vreinterpretq_s64_u64(vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(vcntq_u8(vreinterpretq_u8_s64(a))))));
}

/* Two products fit 16 bits. */
static inline vi vi_dot(vi acc, vi a, vi b)
{
    int8x16_t x = vreinterpretq_s8_s32(a), y = vreinterpretq_s8_s32(b);
    int16x8_t pairs = vmlal_s8(vmull_s8(vget_low_s8(x), vget_low_s8(y)), vget_high_s8(x), vget_high_s8(y));
    return vpadalq_s16(acc, pairs);
}

#endif

/* ---- what the pages share: the last lanes of a sum, 4, 2, 1, the same for every width */
#if defined ENGRAM_RUNG_NEON

static inline float vf_halve(vf v)
{
    float32x2_t two = vadd_f32(vget_low_f32(v), vget_high_f32(v));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

#else

static inline float vf_halve_8(__m256 v)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#if defined ENGRAM_RUNG_AVX512
static inline float vf_halve(vf v) { return vf_halve_8(_mm256_add_ps(_mm512_castps512_ps256(v), vf_upper_half(v))); }
#else
static inline float vf_halve(vf v) { return vf_halve_8(v); }
#endif

#endif
// clang-format on

/* A loop over a few registers, unrolled: EACH (i, COUNT) statement. */
#if defined __clang__
#define EACH(variable, count)                                                                      \
    _Pragma("clang loop unroll(full)") for (int variable = 0; variable < (count); variable++)
#else
#define EACH(variable, count)                                                                      \
    _Pragma("GCC unroll 16") for (int variable = 0; variable < (count); variable++)
#endif

/* For functions whose arguments choose their code: their constants must arrive. */
#define INLINED static inline __attribute__((always_inline))

static inline int vm_all(vm m)
{
    return vm_bits(m) == (1u << VF) - 1;
}

#if !defined ENGRAM_RUNG_AVX512
/* A double holds what is below 2^53, so that only the second conversion rounds. */
static inline vf vf_of_ul(vl low, vl high)
{
    vf v = vf_of_vd(vd_of_ul(low), vd_of_ul(high));
    if (vm_all(vf_less(v, vf_set(0x1p53f))))
        return v;
    uint64_t lane[VF];
    float rounded[VF];
    vl_store(lane, low);
    vl_store(lane + VD, high);
    for (int i = 0; i < VF; i++)
        rounded[i] = (float)lane[i];
    return vf_load(rounded);
}
#endif

INLINED float vf_fold(vf *v, int n)
{
    EACH (level, 4) {
        const int half = n >> (level + 1);
        EACH (j, half)
            v[j] = vf_add(v[j], v[j + half]);
    }
    return vf_halve(v[0]);
}

/* Asks for memory that is read soon. */
static inline void prefetch(const void *p)
{
    __builtin_prefetch(p, 0, 3);
}

/* For scans of memory in order: asks for what comes a little later, into the second cache, since
 * the first one has few places for lines on their way. */
enum { PREFETCH_BYTES = 768 };

static inline void prefetch_ahead(const void *p)
{
    __builtin_prefetch((const char *)p + PREFETCH_BYTES, 0, 2);
}

/* The same for what is read once: it does not push out what is read again. */
static inline void prefetch_once(const void *p)
{
    __builtin_prefetch(p, 0, 0);
}

#endif
