/* elementary.h - exp, log and pow of one number, in IEEE operations and fused steps alone.
 * SPDX-License-Identifier: MIT
 *
 * The constants have names where elementary_simd.h takes the same steps on a register of numbers.
 * Subnormal numbers are told by their bits: comparisons see them as 0 where the host wants them so.
 * Nothing here calls a function whose result a C library may choose: fma and sqrt are rounded
 * correctly everywhere. Reduction: x = n ln 2 + r for exp; x = 2^e m with m in [sqrt 1/2, sqrt 2)
 * for log, and log m = 2 artanh(s) = 2 s + 2 s^3 / 3 + 2 s^5 / 5 + .. with s = (m - 1) / (m + 1),
 * |s| < 0.1716. */
#ifndef ENGRAM_KERNELS_ELEMENTARY_H
#define ENGRAM_KERNELS_ELEMENTARY_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

_Static_assert(FLT_EVAL_METHOD == 0,
               "same bits want float and double operations of their own width");

static inline uint32_t engram_bits_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float engram_f32_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t engram_bits_f64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double engram_f64_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^n for n of a normal number. */
static inline float engram_exp2i_f32(int n)
{
    return engram_f32_of((uint32_t)(n + 127) << 23);
}

static inline double engram_exp2i_f64(int n)
{
    return engram_f64_of((uint64_t)(n + 1023) << 52);
}

/* Polynomials by Horner's rule, the coefficient of the highest power first. */
#define ENGRAM_TERMS(c) (int)(sizeof(c) / sizeof *(c))
static inline float engram_horner_f32(const float *c, int terms, float x)
{
    float p = c[0];
#pragma GCC unroll 16
    for (int i = 1; i < terms; i++)
        p = fmaf(p, x, c[i]);
    return p;
}

static inline double engram_horner_f64(const double *c, int terms, double x)
{
    double p = c[0];
#pragma GCC unroll 16
    for (int i = 1; i < terms; i++)
        p = fma(p, x, c[i]);
    return p;
}

/* ---- binary32 */

/* ln 2 as a sum: whole multiples of the first part are exact. */
static const float engram_ln2_f32 = 0x1.62e4p-1f, engram_ln2_rest_f32 = 0x1.7f7d1cp-20f;
static const float engram_log2e_f32 = 0x1.715476p+0f;
static const float engram_round_f32 = 12582912; /* 1.5 * 2^23: adding it rounds to a whole number */

/* The least argument whose exponential is a normal float, and the least beyond all floats. What
 * would be subnormal is 0, so that flushing it changes nothing. */
static const float engram_exp_least_f32 = -87.336544f, engram_exp_beyond_f32 = 88.722839f;

/* Minimax of (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2, relative error 3e-9. */
static const float engram_exp_terms_f32[] = {0x1.6a244ap-10f, 0x1.1239d4p-7f, 0x1.5558f2p-5f,
                                             0x1.555492p-3f, 0x1.fffffcp-2f};

static inline float engram_exp1_f32(float x)
{
    if (!(x >= engram_exp_least_f32))
        return x != x ? x : 0;
    if (x >= engram_exp_beyond_f32)
        return INFINITY;
    float n = fmaf(x, engram_log2e_f32, engram_round_f32) - engram_round_f32;
    float r = fmaf(n, -engram_ln2_f32, x);
    r = fmaf(n, -engram_ln2_rest_f32, r);
    float p = engram_horner_f32(engram_exp_terms_f32, ENGRAM_TERMS(engram_exp_terms_f32), r);
    float y = 1 + fmaf(p, r * r, r);
    int whole = (int)n, half = whole >> 1;
    return y * engram_exp2i_f32(half) * engram_exp2i_f32(whole - half);
}

static const int32_t engram_sqrt_half_f32 = 0x3f3504f3; /* its bits */
static const float engram_log_terms_f32[] = {2.0f / 9, 2.0f / 7, 2.0f / 5, 2.0f / 3};

static inline float engram_log1_f32(float x)
{
    uint32_t bits = engram_bits_f32(x);
    if (bits - 1 >= 0x7f7fffff) /* not a positive finite number */
        return bits << 1 == 0 ? -INFINITY : bits == 0x7f800000 ? x : NAN;
    int e = 0;
    if (bits < 0x00800000) { /* subnormal: a whole number of 2^-149 */
        x = (float)bits;
        e = -149;
    }
    uint32_t shifted = engram_bits_f32(x) - (uint32_t)engram_sqrt_half_f32;
    e += (int32_t)shifted >> 23;
    float f = engram_f32_of((shifted & 0x7fffffu) + (uint32_t)engram_sqrt_half_f32) - 1;
    float s = f / (2 + f), z = s * s;
    float p = engram_horner_f32(engram_log_terms_f32, ENGRAM_TERMS(engram_log_terms_f32), z) * z;
    float n = (float)e;
    return fmaf(n, engram_ln2_f32, f + fmaf(n, engram_ln2_rest_f32, -s * (f - p)));
}

/* ---- binary64 */

/* A float as a double. A host that reads subnormals as 0 would lose them in a conversion. */
static inline double engram_widen(float x)
{
    uint32_t bits = engram_bits_f32(x), fraction = bits & 0x7fffff;
    if (bits & 0x7f800000)
        return (double)x;
    double size = (double)fraction * 0x1p-149;
    return bits >> 31 ? -size : size;
}

static const double engram_ln2_f64 = 0x1.62e42fefa38p-1, engram_ln2_rest_f64 = 0x1.ef35793c7673p-45;
static const double engram_log2e_f64 = 0x1.71547652b82fep+0;
static const double engram_log10e_f64 = 0x1.bcb7b1526e50ep-2;
static const double engram_round_f64 = 6755399441055744; /* 1.5 * 2^52 */

/* Taylor's, from 1 / 13! to 1 / 2!. */
static const double engram_exp_terms_f64[] = {
    1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
    1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2};

/* e^(x + rest) for |x| < 746 and a small rest. */
static inline double engram_exp2parts_f64(double x, double rest)
{
    double n = fma(x, engram_log2e_f64, engram_round_f64) - engram_round_f64;
    double r = fma(n, -engram_ln2_f64, x);
    r = fma(n, -engram_ln2_rest_f64, r) + rest;
    double p = engram_horner_f64(engram_exp_terms_f64, ENGRAM_TERMS(engram_exp_terms_f64), r);
    double y = 1 + fma(p, r * r, r);
    int whole = (int)n, half = whole >> 1;
    return y * engram_exp2i_f64(half) * engram_exp2i_f64(whole - half);
}

static inline double engram_exp1_f64(double x)
{
    if (!(x >= -745.2))
        return x != x ? x : 0;
    return x > 709.79 ? INFINITY : engram_exp2parts_f64(x, 0);
}

static const int64_t engram_sqrt_half_f64 = 0x3fe6a09e667f3bcd; /* its bits */

/* The exponent of a positive finite x, and f = m - 1, exact. */
static inline double engram_reduce_f64(double x, double *f)
{
    int e = 0;
    if (engram_bits_f64(x) < 0x0010000000000000u) { /* subnormal: a whole number of 2^-1074 */
        x = (double)engram_bits_f64(x);
        e = -1074;
    }
    uint64_t shifted = engram_bits_f64(x) - (uint64_t)engram_sqrt_half_f64;
    e += (int)((int64_t)shifted >> 52);
    *f = engram_f64_of((shifted & 0xfffffffffffffu) + (uint64_t)engram_sqrt_half_f64) - 1;
    return e;
}

/* The series behind 2/3, in z = s^2. */
static const double engram_log_terms_f64[] = {2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15,
                                              2.0 / 13, 2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5};

static inline double engram_log_tail_f64(double z)
{
    return engram_horner_f64(engram_log_terms_f64, ENGRAM_TERMS(engram_log_terms_f64), z);
}

static inline double engram_log1_f64(double x)
{
    uint64_t bits = engram_bits_f64(x);
    if (bits - 1 >= 0x7fefffffffffffffu) /* not a positive finite number */
        return bits << 1 == 0 ? -INFINITY : bits == 0x7ff0000000000000u ? x : NAN;
    double f, e = engram_reduce_f64(x, &f);
    double s = f / (2 + f), z = s * s;
    double p = fma(engram_log_tail_f64(z), z, 2.0 / 3) * z;
    return fma(e, engram_ln2_f64, f + fma(e, engram_ln2_rest_f64, -s * (f - p)));
}

static const double engram_two_thirds = 2.0 / 3, engram_two_thirds_rest = 0x1.5555555555555p-55;

/* x^y for finite x > 0 and finite y: the logarithm as a sum of two doubles, so that the product
 * with y is good to the last place (Dekker 1971; the splitting of the series follows the size of
 * its terms). */
static inline double engram_pow_positive_f64(double x, double y)
{
    double f, e = engram_reduce_f64(x, &f);

    double d = 2 + f, d_rest = f - (d - 2);
    double s = f / d, s_rest = (fma(-s, d, f) - s * d_rest) / d;
    double z = s * s, z_rest = fma(s, s, -z) + 2 * s * s_rest;

    double u = engram_log_tail_f64(z) * z;
    double w = engram_two_thirds + u, w_rest = engram_two_thirds - w + u + engram_two_thirds_rest;
    double t = z * w, t_rest = fma(z, w, -t) + z * w_rest + z_rest * w;
    double v = 2 + t, v_rest = 2 - v + t + t_rest;
    double m = s * v, m_rest = fma(s, v, -m) + s * v_rest + s_rest * v;

    double whole = e * engram_ln2_f64; /* exact: the constant ends in zeros */
    double log = whole + m, shift = log - whole;
    double rest = (whole - (log - shift)) + (m - shift) + (m_rest + e * engram_ln2_rest_f64);

    double product = y * log;
    if (!(product > -745.2))
        return 0;
    if (product > 709.79)
        return INFINITY;
    return engram_exp2parts_f64(product, fma(y, log, -product) + y * rest);
}

/* The special values are those of C's pow. */
static inline double engram_pow1_f64(double x, double y)
{
    if (y == 0 || x == 1)
        return 1;
    if (x != x || y != y)
        return x + y;
    double size = fabs(x);
    int whole = fabs(y) >= 0x1p53 || y == (double)(int64_t)y;
    int odd = whole && fabs(y) < 0x1p53 && ((int64_t)y & 1);
    double sign = odd && engram_bits_f64(x) >> 63 ? -1 : 1;
    if (fabs(y) > DBL_MAX) {
        if (size == 1)
            return 1;
        return (size > 1) == (y > 0) ? INFINITY : 0;
    }
    if (size == 0 || size > DBL_MAX)
        return sign * ((size == 0) == (y > 0) ? 0 : INFINITY);
    if (x < 0 && !whole)
        return NAN;
    return sign * engram_pow_positive_f64(size, y);
}

static inline float engram_pow1_f32(float x, float y)
{
    double power = engram_pow1_f64(engram_widen(x), engram_widen(y));
    return (float)(fabs(power) < (double)FLT_MIN ? copysign(0, power) : power);
}

#endif
