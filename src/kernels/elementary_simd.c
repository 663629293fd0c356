/* elementary_simd.c - exp, log, pow and the sigmoid over registers of any width, compiled once for
 * each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary_simd.h"
#include "dispatch.h"

/* A function of one register, with two parameters. */
typedef vf function(vf x, vf a, vf b);

INLINED int apply(function *f, float a, float b, const float *x, size_t n, float *out)
{
    size_t i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(out + i, f(vf_load(x + i), vf_set(a), vf_set(b)));
    if (i < n) {
        ptrdiff_t rest = (ptrdiff_t)(n - i);
        vf_store_n(out + i, f(vf_load_n(x + i, rest), vf_set(a), vf_set(b)), rest);
    }
    return ENGRAM_OK;
}

static inline vf exponential(vf x, vf a, vf b)
{
    (void)a, (void)b;
    return vf_exp(x);
}

static inline vf logarithm(vf x, vf a, vf b)
{
    (void)a, (void)b;
    return vf_log(x);
}

static inline vf sigmoid(vf x, vf threshold, vf temperature)
{
    vf d = vf_sub(x, threshold), minus = vf_sub(d, x);
    vf lost = vf_sub(vf_sub(x, vf_sub(d, minus)), vf_add(threshold, minus));
    vf a = vf_div(d, temperature), minus_a = vf_neg(a);
    vf rest = vf_div(vf_add(vf_fma(minus_a, temperature, d), lost), temperature);
    vf e = vf_exp(minus_a);
    vm finite = vm_and(vf_less(vf_abs(a), vf_set(128)), vf_at_most(e, vf_set(FLT_MAX)));
    e = vf_select(finite, vf_fma(vf_neg(e), rest, e), e);
    vf y = vf_div(vf_set(1), vf_add(vf_set(1), e));
    return vf_select(vf_less(y, vf_set(FLT_MIN)), vf_zero(), y);
}

int NAME(engram_exp_f32)(const float *x, size_t n, float *out)
{
    return apply(exponential, 0, 0, x, n, out);
}

int NAME(engram_log_f32)(const float *x, size_t n, float *out)
{
    return apply(logarithm, 0, 0, x, n, out);
}

int NAME(engram_sigmoid_f32)(const float *x, float threshold, float temperature, size_t n,
                             float *out)
{
    return apply(sigmoid, threshold, temperature, x, n, out);
}

/* ---- pow */

static inline vd pow_half(vd x, vd y)
{
    vd power = vd_pow_positive(x, y);
    return vd_select(vd_less(power, vd_set((double)FLT_MIN)), vd_set(0), power);
}

/* The first n lanes: those with a normal base and a finite exponent together, others one by one. */
static inline vf powers(vf x, vf y, ptrdiff_t n)
{
    vm common = vm_and(vf_at_most(vf_set(FLT_MIN), x), vf_at_most(x, vf_set(FLT_MAX)));
    common = vm_and(common, vf_at_most(vf_abs(y), vf_set(FLT_MAX)));
    vf power = vf_of_vd(pow_half(vd_low(x), vd_low(y)), pow_half(vd_high(x), vd_high(y)));
    uint32_t others = ~vm_bits(common) & ((1u << n) - 1);
    if (others == 0)
        return power;
    float bases[VF], exponents[VF], lanes[VF];
    vf_store(bases, x);
    vf_store(exponents, y);
    vf_store(lanes, power);
    for (; others; others &= others - 1) {
        int i = __builtin_ctz(others);
        lanes[i] = engram_pow1_f32(bases[i], exponents[i]);
    }
    return vf_load(lanes);
}

int NAME(engram_pow_f32)(const float *x, const float *y, size_t n, float *out)
{
    size_t i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(out + i, powers(vf_load(x + i), vf_load(y + i), VF));
    if (i < n) {
        ptrdiff_t rest = (ptrdiff_t)(n - i);
        vf_store_n(out + i, powers(vf_load_n(x + i, rest), vf_load_n(y + i, rest), rest), rest);
    }
    return ENGRAM_OK;
}
