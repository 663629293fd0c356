/* decay_simd.c - strengths by age over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary_simd.h"
#include "dispatch.h"

/* A call, as each of its registers sees it. */
struct call {
    const struct engram_law *law;
    const float *tau_s, *strengths;
    const void *ages;
    uint32_t flags;
    float *out;
};

/* The next lanes of an array that has n more. */
static inline vf next_vf(const float *p, ptrdiff_t n)
{
    return n < VF ? vf_load_n(p, n) : vf_load(p);
}

static inline vl next_vl(const uint64_t *p, ptrdiff_t n)
{
    return n < VD ? vl_load_n(p, n) : vl_load(p);
}

static inline void store_next(float *p, vf v, ptrdiff_t n)
{
    if (n < VF)
        vf_store_n(p, v, n);
    else
        vf_store(p, v);
}

/* ---- what a law takes: strengths, ages, rates */

static inline vf strengths_of(const struct call *c, size_t i, ptrdiff_t n)
{
    vf s = c->strengths ? next_vf(c->strengths + i, n) : vf_set(1);
    if (c->flags & ENGRAM_UNCLAMPED)
        return s;
    vi bits = vi_of_bits(s), least = vi_min_u(bits, vi_of_bits(vf_set(1)));
    vm number = vi_at_most_u(bits, vi_of_bits(vf_set(INFINITY)));
    return vf_of_bits(vi_select(number, least, vi_set(0)));
}

static inline vd from_least(vd age)
{
    return vd_select(vd_at_most(vd_set((double)FLT_MIN), age), age, vd_set(0));
}

/* In two halves of a register. */
INLINED void ages_f64(const struct call *c, uint32_t type, size_t i, ptrdiff_t n, vd *low, vd *high)
{
    if (type == ENGRAM_AGE_F32) {
        vf age = next_vf((const float *)c->ages + i, n);
        *low = from_least(vd_low(age));
        *high = from_least(vd_high(age));
        return;
    }
    const uint64_t *ages = (const uint64_t *)c->ages + i;
    vl first = next_vl(ages, n), second = next_vl(ages + VD, n - VD);
    *low = type == ENGRAM_AGE_U64 ? vd_of_ul(first) : from_least(vd_of_bits(first));
    *high = type == ENGRAM_AGE_U64 ? vd_of_ul(second) : from_least(vd_of_bits(second));
}

INLINED vf ages_f32(const struct call *c, uint32_t type, size_t i, ptrdiff_t n)
{
    if (type == ENGRAM_AGE_U64) {
        const uint64_t *ages = (const uint64_t *)c->ages + i;
        return vf_of_ul(next_vl(ages, n), next_vl(ages + VD, n - VD));
    }
    vf age;
    if (type == ENGRAM_AGE_F32) {
        age = next_vf((const float *)c->ages + i, n);
        age = vf_select(vf_at_most(vf_set(FLT_MIN), age), age, vf_zero());
    } else {
        vd low, high;
        ages_f64(c, type, i, n, &low, &high);
        age = vf_of_vd(low, high);
    }
    return vf_min(age, vf_set(FLT_MAX));
}

static inline vf rates_of(const struct call *c, size_t i, ptrdiff_t n)
{
    if (!c->tau_s)
        return vf_set(-1 / (float)c->law->tau_s);
    vf tau = next_vf(c->tau_s + i, n);
    vm normal = vf_at_most(vf_set(FLT_MIN), tau);
    return vf_select(normal, vf_div(vf_set(-1), tau), vf_set(-INFINITY));
}

/* ---- the laws */

/* e^x of x <= 0. */
static inline vf exponential(vf x)
{
    vf y = x;
    vf_exp_normal(&y, 1);
    return vf_select(vf_less(x, vf_set(engram_exp_least_f32)), vf_zero(), y);
}

static inline vd power_law(const struct engram_law *law, vd age)
{
    vd x = vd_add(vd_set(1), vd_div(age, vd_set(law->unit_s)));
    vd log = vd_select(vd_at_most(x, vd_set(DBL_MAX)), vd_log_normal(x), x);
    vd product = vd_mul(vd_set(-law->beta), log);
    return vd_select(vd_less(product, vd_set(-708)), vd_set(0), vd_exp_normal(product, vd_set(0)));
}

/* What is left of the next strengths, of which there are n. */
INLINED vf decayed(const struct call *c, uint32_t curve, uint32_t type, size_t i, ptrdiff_t n)
{
    vf s = strengths_of(c, i, n), age, left;
    if (curve == ENGRAM_POWER_LAW) {
        vd low, high;
        ages_f64(c, type, i, n, &low, &high);
        age = vf_of_vd(low, high);
        left = vf_of_vd(vd_mul(vd_low(s), power_law(c->law, low)),
                        vd_mul(vd_high(s), power_law(c->law, high)));
    } else {
        age = ages_f32(c, type, i, n);
        left = vf_mul(s, exponential(vf_mul(age, rates_of(c, i, n))));
    }
    left = vf_select(vf_at_most(vf_abs(left), vf_set(FLT_MIN)), vf_zero(), left);
    return vf_select(vf_less(vf_zero(), age), left, s);
}

/* The exponential law where it is simple, ABREAST registers at a time, from i up to where what is
 * left of a strength, or would be left of 1, is no normal float. Returns how far it came. */
INLINED size_t decay_normal(const struct call *c, uint32_t type, size_t i, size_t n)
{
    vf rate = vf_set(-1 / (float)c->law->tau_s),
       most = vf_set(c->flags & ENGRAM_UNCLAMPED ? INFINITY : 1);
    for (; i + ABREAST * VF <= n; i += ABREAST * VF) {
        vf left[ABREAST];
        vm normal = vm_ones();
        EACH (j, ABREAST) {
            size_t at = i + (size_t)j * VF;
            left[j] = vf_mul(ages_f32(c, type, at, VF), rate);
            normal = vm_and(normal, vf_at_most(vf_set(engram_exp_least_f32), left[j]));
        }
        vf_exp_normal(left, ABREAST);
        EACH (j, ABREAST) {
            vf s = c->strengths ? vf_load(c->strengths + i + j * VF) : vf_set(1);
            left[j] = vf_mul(vf_min(most, s), left[j]);
            normal = vm_and(normal, vf_less(vf_set(FLT_MIN), left[j]));
        }
        if (!vm_all(normal))
            break;
        EACH (j, ABREAST)
            vf_store(c->out + i + j * VF, left[j]);
    }
    return i;
}

/* Where the simple form stops it is not tried again at once: its like tend to come together. */
enum { RUN = 8 * ABREAST * VF };

INLINED int decay(const struct call *c, uint32_t curve, uint32_t type, size_t n)
{
    for (size_t i = 0, end; i < n;) {
        if (curve == ENGRAM_EXPONENTIAL && !c->tau_s)
            i = decay_normal(c, type, i, n);
        for (end = n - i < RUN ? n : i + RUN; i < end; i += VF)
            store_next(c->out + i, decayed(c, curve, type, i, (ptrdiff_t)(n - i)),
                       (ptrdiff_t)(n - i));
    }
    return ENGRAM_OK;
}

int NAME(engram_decay_f32)(const struct engram_law *law, const float *tau_s, const float *strengths,
                           const void *ages, uint32_t age_type, uint32_t flags, size_t n,
                           float *out)
{
    struct call c = {law, tau_s, strengths, ages, flags, out};
    switch (law->curve * 3 + age_type) {
    case ENGRAM_EXPONENTIAL * 3 + ENGRAM_AGE_U64:
        return decay(&c, ENGRAM_EXPONENTIAL, ENGRAM_AGE_U64, n);
    case ENGRAM_EXPONENTIAL * 3 + ENGRAM_AGE_F32:
        return decay(&c, ENGRAM_EXPONENTIAL, ENGRAM_AGE_F32, n);
    case ENGRAM_EXPONENTIAL * 3 + ENGRAM_AGE_F64:
        return decay(&c, ENGRAM_EXPONENTIAL, ENGRAM_AGE_F64, n);
    case ENGRAM_POWER_LAW * 3 + ENGRAM_AGE_U64:
        return decay(&c, ENGRAM_POWER_LAW, ENGRAM_AGE_U64, n);
    case ENGRAM_POWER_LAW * 3 + ENGRAM_AGE_F32:
        return decay(&c, ENGRAM_POWER_LAW, ENGRAM_AGE_F32, n);
    default:
        return decay(&c, ENGRAM_POWER_LAW, ENGRAM_AGE_F64, n);
    }
}
