/* peers_exp.c - decay by the vector exponentials of glibc and SLEEF, at each width there is.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "peers.h"

#include <math.h>

#if defined __AVX2__ && defined __FMA__
#include <immintrin.h>

#if defined __AVX512DQ__ && defined __AVX512VL__
static inline __m256 ages_8(const uint64_t *p)
{
    return _mm512_cvtepu64_ps(_mm512_loadu_si512(p));
}

static inline __m512 ages_16(const uint64_t *p)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(ages_8(p)), ages_8(p + 8), 1);
}
#else
static inline __m256 ages_8(const uint64_t *p)
{
    return _mm256_setr_ps(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
}
#endif

#define DECAY(name, width, prefix, exponential)                                                    \
    static void name(const float *strengths, const uint64_t *ages, float tau_s, size_t n,          \
                     float *out)                                                                   \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (; i + width <= n; i += width)                                                         \
            prefix##_storeu_ps(                                                                    \
                out + i,                                                                           \
                prefix##_mul_ps(prefix##_loadu_ps(strengths + i),                                  \
                                exponential(prefix##_mul_ps(ages_##width(ages + i),                \
                                                            prefix##_set1_ps(-1 / tau_s)))));      \
        for (; i < n; i++)                                                                         \
            out[i] = strengths[i] * expf(-(float)ages[i] / tau_s);                                 \
    }

#ifdef HAVE_LIBMVEC
__m256 _ZGVdN8v_expf(__m256 x);
DECAY(libmvec_8, 8, _mm256, _ZGVdN8v_expf)
#ifdef __AVX512DQ__
__m512 _ZGVeN16v_expf(__m512 x);
DECAY(libmvec_16, 16, _mm512, _ZGVeN16v_expf)
#endif
#endif

#ifdef HAVE_SLEEF
#include <sleef.h>
DECAY(sleef_8, 8, _mm256, Sleef_expf8_u10avx2)
#ifdef __AVX512DQ__
DECAY(sleef_16, 16, _mm512, Sleef_expf16_u10avx512f)
#endif
#endif
#endif

const struct peers_exponential peers_libmvec[] = {
#if defined HAVE_LIBMVEC && defined __AVX2__ && defined __FMA__
#ifdef __AVX512DQ__
    {"libmvec, 512 bits", libmvec_16},
#endif
    {"libmvec, 256 bits", libmvec_8},
#endif
    {NULL, NULL}};

const struct peers_exponential peers_sleef[] = {
#if defined HAVE_SLEEF && defined __AVX2__ && defined __FMA__
#ifdef __AVX512DQ__
    {"SLEEF, 512 bits", sleef_16},
#endif
    {"SLEEF, 256 bits", sleef_8},
#endif
    {NULL, NULL}};
