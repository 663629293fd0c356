/* elementary_simd.h - exp, log and pow of a register of numbers: the steps of elementary.h, lane by
 * lane, so that the bits are the same.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_ELEMENTARY_SIMD_H
#define ENGRAM_KERNELS_ELEMENTARY_SIMD_H

#include "kernels/elementary.h"
#include "kernels/simd.h"

/* Inlined, or the terms would not be constants. */
INLINED vf vf_horner(const float *c, int terms, vf x)
{
    vf p = vf_set(c[0]);
    EACH (i, terms - 1)
        p = vf_fma(p, x, vf_set(c[i + 1]));
    return p;
}

INLINED vd vd_horner(const double *c, int terms, vd x)
{
    vd p = vd_set(c[0]);
    EACH (i, terms - 1)
        p = vd_fma(p, x, vd_set(c[i + 1]));
    return p;
}

/* ---- binary32 */

/* e^x in place where that is a normal float; anything elsewhere. The rounded sum ends in the bits
 * of n, and adding them to the exponent multiplies by 2^n. Each step waits for the one before it, so a
 * caller with much to do gives `count` registers, up to ABREAST, whose steps alternate. */
enum { ABREAST = 4 };
INLINED void vf_exp_normal(vf *x, int count)
{
    vf sum[ABREAST], p[ABREAST];
    EACH (j, count) {
        sum[j] = vf_fma(x[j], vf_set(engram_log2e_f32), vf_set(engram_round_f32));
        vf n = vf_sub(sum[j], vf_set(engram_round_f32));
        x[j] = vf_fma(n, vf_set(-engram_ln2_f32), x[j]);
        x[j] = vf_fma(n, vf_set(-engram_ln2_rest_f32), x[j]);
        p[j] = vf_set(engram_exp_terms_f32[0]);
    }
    EACH (i, ENGRAM_TERMS(engram_exp_terms_f32) - 1)
        EACH (j, count)
            p[j] = vf_fma(p[j], x[j], vf_set(engram_exp_terms_f32[i + 1]));
    EACH (j, count) {
        vf y = vf_add(vf_set(1), vf_fma(p[j], vf_mul(x[j], x[j]), x[j]));
        x[j] = vf_of_bits(vi_add(vi_of_bits(y), vi_shl(vi_of_bits(sum[j]), 23)));
    }
}

static inline vf vf_exp(vf x)
{
    vf y = x;
    vf_exp_normal(&y, 1);
    y = vf_select(vf_less(x, vf_set(engram_exp_beyond_f32)), y, vf_set(INFINITY));
    y = vf_select(vf_less(x, vf_set(engram_exp_least_f32)), vf_zero(), y);
    return vf_select(vf_equal(x, x), y, x);
}

/* log x + e ln 2 of a positive normal float. */
static inline vf vf_log_normal(vf x, vi e)
{
    vi sqrt_half = vi_set(engram_sqrt_half_f32);
    vi shifted = vi_sub(vi_of_bits(x), sqrt_half);
    vf n = vf_of_vi(vi_add(e, vi_sar(shifted, 23)));
    vf m = vf_of_bits(vi_add(vi_and(shifted, vi_set(0x7fffff)), sqrt_half));
    vf f = vf_sub(m, vf_set(1));
    vf s = vf_div(f, vf_add(vf_set(2), f)), z = vf_mul(s, s);
    vf p = vf_mul(vf_horner(engram_log_terms_f32, ENGRAM_TERMS(engram_log_terms_f32), z), z);
    vf low = vf_fma(n, vf_set(engram_ln2_rest_f32), vf_mul(vf_neg(s), vf_sub(f, p)));
    return vf_fma(n, vf_set(engram_ln2_f32), vf_add(f, low));
}

static inline vf vf_log(vf x)
{
    vm normal = vm_and(vf_at_most(vf_set(FLT_MIN), x), vf_at_most(x, vf_set(FLT_MAX)));
    vf y = vf_log_normal(x, vi_set(0));
    if (vm_all(normal))
        return y;
    vi bits = vi_of_bits(x);
    vf odd = vf_select(vi_equal(bits, vi_of_bits(vf_set(INFINITY))), x, vf_set(NAN));
    odd = vf_select(vi_equal(vi_shl(bits, 1), vi_set(0)), vf_set(-INFINITY), odd);
    vm subnormal = vm_and(vi_less(vi_set(0), bits), vi_less(bits, vi_set(0x00800000)));
    odd = vf_select(subnormal, vf_log_normal(vf_of_vi(bits), vi_set(-149)), odd);
    return vf_select(normal, y, odd);
}

/* ---- binary64 */

/* e^(x + rest) where that is a normal double; anything elsewhere. */
static inline vd vd_exp_normal(vd x, vd rest)
{
    vd sum = vd_fma(x, vd_set(engram_log2e_f64), vd_set(engram_round_f64));
    vd n = vd_sub(sum, vd_set(engram_round_f64));
    vd r = vd_fma(n, vd_set(-engram_ln2_f64), x);
    r = vd_add(vd_fma(n, vd_set(-engram_ln2_rest_f64), r), rest);
    vd p = vd_horner(engram_exp_terms_f64, ENGRAM_TERMS(engram_exp_terms_f64), r);
    vd y = vd_add(vd_set(1), vd_fma(p, vd_mul(r, r), r));
    return vd_of_bits(vl_add(vl_of_bits(y), vl_shl(vl_of_bits(sum), 52)));
}

/* The exponent of a positive normal x, and f = m - 1. The exponent is kept above 0 while it is a
 * whole number: 2048 + e behind the bits of 2^52. */
static inline vd vd_reduce(vd x, vd *f)
{
    vl sqrt_half = vl_set(engram_sqrt_half_f64);
    vl shifted = vl_sub(vl_of_bits(x), vl_add(sqrt_half, vl_set(INT64_MIN)));
    vl fraction = vl_and(shifted, vl_set(0xfffffffffffff));
    *f = vd_sub(vd_of_bits(vl_add(fraction, sqrt_half)), vd_set(1));
    vd e = vd_of_bits(vl_or(vl_shr(shifted, 52), vl_of_bits(vd_set(0x1p52))));
    return vd_sub(e, vd_set(0x1p52 + 2048));
}

static inline vd vd_log_tail(vd z)
{
    return vd_horner(engram_log_terms_f64, ENGRAM_TERMS(engram_log_terms_f64), z);
}

static inline vd vd_log_normal(vd x)
{
    vd f, e = vd_reduce(x, &f);
    vd s = vd_div(f, vd_add(vd_set(2), f)), z = vd_mul(s, s);
    vd p = vd_mul(vd_fma(vd_log_tail(z), z, vd_set(2.0 / 3)), z);
    vd low = vd_fma(e, vd_set(engram_ln2_rest_f64), vd_mul(vd_neg(s), vd_sub(f, p)));
    return vd_fma(e, vd_set(engram_ln2_f64), vd_add(f, low));
}

/* x^y for normal x > 0 and finite y, where a float can hold it; beyond that infinity, and below it
 * 0. */
static inline vd vd_pow_positive(vd x, vd y)
{
    vd f, e = vd_reduce(x, &f), two = vd_set(2);

    vd d = vd_add(two, f), d_rest = vd_sub(f, vd_sub(d, two));
    vd s = vd_div(f, d);
    vd s_rest = vd_div(vd_sub(vd_fma(vd_neg(s), d, f), vd_mul(s, d_rest)), d);
    vd z = vd_mul(s, s);
    vd z_rest = vd_add(vd_fma(s, s, vd_neg(z)), vd_mul(vd_mul(two, s), s_rest));

    vd u = vd_mul(vd_log_tail(z), z);
    vd third = vd_set(engram_two_thirds), w = vd_add(third, u);
    vd w_rest = vd_add(vd_add(vd_sub(third, w), u), vd_set(engram_two_thirds_rest));
    vd t = vd_mul(z, w);
    vd t_rest = vd_add(vd_add(vd_fma(z, w, vd_neg(t)), vd_mul(z, w_rest)), vd_mul(z_rest, w));
    vd v = vd_add(two, t), v_rest = vd_add(vd_add(vd_sub(two, v), t), t_rest);
    vd m = vd_mul(s, v);
    vd m_rest = vd_add(vd_add(vd_fma(s, v, vd_neg(m)), vd_mul(s, v_rest)), vd_mul(s_rest, v));

    vd whole = vd_mul(e, vd_set(engram_ln2_f64));
    vd log = vd_add(whole, m), shift = vd_sub(log, whole);
    vd rest = vd_add(vd_sub(whole, vd_sub(log, shift)), vd_sub(m, shift));
    rest = vd_add(rest, vd_add(m_rest, vd_mul(e, vd_set(engram_ln2_rest_f64))));

    vd product = vd_mul(y, log);
    vd power = vd_exp_normal(product, vd_add(vd_fma(y, log, vd_neg(product)), vd_mul(y, rest)));
    power = vd_select(vd_less(product, vd_set(100)), power, vd_set((double)INFINITY));
    return vd_select(vd_less(product, vd_set(-100)), vd_set(0), power);
}

#endif
