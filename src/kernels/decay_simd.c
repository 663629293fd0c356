/* decay_simd.c - strengths by age over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary_simd.h"
#include "dispatch.h"

/* A call, as each of its registers sees it. */
struct call {
    const struct engram_law *law;
    struct engram_law_each each;
    const float *strengths;
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

static inline vi next_vi(const uint32_t *p, ptrdiff_t n)
{
    uint32_t rest[VF] = {0};
    if (n < VF)
        memcpy(rest, p, (size_t)n * sizeof *p);
    return vi_load(n < VF ? rest : p);
}

static inline void store_next(float *p, vf v, ptrdiff_t n)
{
    if (n < VF)
        vf_store_n(p, v, n);
    else
        vf_store(p, v);
}

/* ---- what a law takes: strengths, ages, parameters */

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
static inline void ages_f64(const struct call *c, uint32_t type, size_t i, ptrdiff_t n, vd half[2])
{
    if (type == ENGRAM_AGE_F32) {
        vf age = next_vf((const float *)c->ages + i, n);
        half[0] = from_least(vd_low(age));
        half[1] = from_least(vd_high(age));
        return;
    }
    const uint64_t *ages = (const uint64_t *)c->ages + i;
    vl first = next_vl(ages, n), second = next_vl(ages + VD, n - VD);
    half[0] = type == ENGRAM_AGE_U64 ? vd_of_ul(first) : from_least(vd_of_bits(first));
    half[1] = type == ENGRAM_AGE_U64 ? vd_of_ul(second) : from_least(vd_of_bits(second));
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
        vd half[2];
        ages_f64(c, type, i, n, half);
        age = vf_of_vd(half[0], half[1]);
    }
    return vf_min(age, vf_set(FLT_MAX));
}

static inline vf scales_of(const struct call *c, size_t i, ptrdiff_t n)
{
    vf scale = next_vf(c->each.scale_s + i, n);
    return vf_select(vf_at_most(vf_set(FLT_MIN), scale), scale, vf_zero());
}

static inline vf rates_of(const struct call *c, size_t i, ptrdiff_t n)
{
    if (!c->each.scale_s)
        return vf_set(-1 / (float)c->law->tau_s);
    return vf_div(vf_set(-1), scales_of(c, i, n));
}

static inline vf betas_of(const struct call *c, size_t i, ptrdiff_t n)
{
    vf beta = next_vf(c->each.beta + i, n);
    beta = vf_select(vf_at_most(vf_set(FLT_MIN), beta), beta, vf_set(FLT_MIN));
    return vf_min(beta, vf_set(FLT_MAX));
}

/* With two components the exponential has all the weight, and then none. */
static inline vf weights_of(const struct call *c, size_t i, ptrdiff_t n)
{
    if (!c->each.recalls)
        return vf_set(c->law->recalls > 0);
    vi recalls = next_vi(c->each.recalls + i, n);
    vm enough = vi_at_most_u(vi_set((int32_t)c->law->recalls), recalls);
    return vf_select(enough, vf_zero(), vf_set(1));
}

/* Both halves of a register, widened. */
static inline void widen(vf v, vd half[2])
{
    half[0] = vd_low(v);
    half[1] = vd_high(v);
}

/* The parameters of a register's elements, in two halves. */
struct parameters {
    vd tau[2], unit[2], beta[2], weight[2];
};

INLINED void parameters_of(const struct call *c, uint32_t curve, size_t i, ptrdiff_t n,
                           struct parameters *p)
{
    const struct engram_law *law = c->law;
    vf scale = c->each.scale_s ? scales_of(c, i, n) : vf_zero();
    vf beta = c->each.beta ? betas_of(c, i, n) : vf_zero();
    vf weight = law->curve == ENGRAM_TWO_COMPONENT ? weights_of(c, i, n) : vf_zero();
    vd ratio = vd_set(curve == ENGRAM_MIXTURE ? law->unit_s / law->tau_s : 1);
    widen(scale, p->tau);
    widen(beta, p->beta);
    widen(weight, p->weight);
    EACH (h, 2) {
        p->unit[h] = c->each.scale_s ? vd_mul(p->tau[h], ratio) : vd_set(law->unit_s);
        p->tau[h] = c->each.scale_s ? p->tau[h] : vd_set(law->tau_s);
        p->beta[h] = c->each.beta ? p->beta[h] : vd_set(law->beta);
        p->weight[h] = law->curve == ENGRAM_MIXTURE ? vd_set(law->weight) : p->weight[h];
    }
}

/* ---- the curves */

/* e^x of x <= 0. */
static inline vf exponential_f32(vf x)
{
    vf y = x;
    vf_exp_normal(&y, 1);
    return vf_select(vf_less(x, vf_set(engram_exp_least_f32)), vf_zero(), y);
}

static inline vd exp_normal(vd x)
{
    return vd_select(vd_less(x, vd_set(-708)), vd_set(0), vd_exp_normal(x, vd_set(0)));
}

/* The law's own scale is finite, and the quotient a number then. */
static inline vd times(const struct call *c, vd age, vd scale)
{
    vd t = vd_div(age, scale);
    return c->each.scale_s ? vd_select(vd_at_most(vd_set(0), t), t, vd_set(0)) : t;
}

static inline vd power_law(vd t, vd beta)
{
    vd x = vd_add(vd_set(1), t);
    vd log = vd_select(vd_at_most(x, vd_set(DBL_MAX)), vd_log_normal(x), x);
    return exp_normal(vd_mul(vd_neg(beta), log));
}

static inline vd savings(vd t, vd k, vd c)
{
    vd one = vd_set(1), x = vd_add(one, t), rest = vd_sub(t, vd_sub(x, one));
    vd log = vd_add(vd_log_normal(x), vd_div(rest, x));
    vd power = vd_mul(c, vd_log_normal(vd_mul(log, vd_set(engram_log10e_f64))));
    power = vd_select(vd_less(power, vd_set(700)), power, vd_set(700));
    vd left = vd_div(k, vd_add(exp_normal(power), k));
    left = vd_select(vd_at_most(t, vd_set(DBL_MAX)), left, vd_set(0));
    return vd_select(vd_less(vd_set(0), t), left, one);
}

INLINED vd retention(const struct call *c, uint32_t curve, const struct parameters *p, int half,
                     vd age)
{
    const struct engram_law *law = c->law;
    vd t = times(c, age, p->unit[half]);
    if (curve == ENGRAM_SAVINGS)
        return savings(t, vd_set(law->k), vd_set(law->c));
    vd power = power_law(t, p->beta[half]), weight = p->weight[half];
    if (curve == ENGRAM_POWER_LAW)
        return power;
    vd exponential = exp_normal(vd_neg(times(c, age, p->tau[half])));
    return vd_fma(weight, exponential, vd_mul(vd_sub(vd_set(1), weight), power));
}

/* What is left of the next strengths, of which there are n. */
INLINED vf decayed(const struct call *c, uint32_t curve, uint32_t type, size_t i, ptrdiff_t n)
{
    vf s = strengths_of(c, i, n), age, left;
    if (curve == ENGRAM_EXPONENTIAL) {
        age = ages_f32(c, type, i, n);
        left = vf_mul(s, exponential_f32(vf_mul(age, rates_of(c, i, n))));
    } else {
        struct parameters p;
        vd half[2];
        ages_f64(c, type, i, n, half);
        parameters_of(c, curve, i, n, &p);
        age = vf_of_vd(half[0], half[1]);
        left = vf_of_vd(vd_mul(vd_low(s), retention(c, curve, &p, 0, half[0])),
                        vd_mul(vd_high(s), retention(c, curve, &p, 1, half[1])));
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
        if (curve == ENGRAM_EXPONENTIAL && !c->each.scale_s)
            i = decay_normal(c, type, i, n);
        for (end = n - i < RUN ? n : i + RUN; i < end; i += VF)
            store_next(c->out + i, decayed(c, curve, type, i, (ptrdiff_t)(n - i)),
                       (ptrdiff_t)(n - i));
    }
    return ENGRAM_OK;
}

/* Loops of their own for what is fast enough to notice: which kind of age it is takes no time beside
 * a logarithm, nor does which kind of weight. A power law that all elements share need not look for
 * parameters of theirs, which is a twelfth of its time. */
int NAME(engram_decay_f32)(const struct engram_law *law, const struct engram_law_each *each,
                           const float *strengths, const void *ages, uint32_t age_type,
                           uint32_t flags, size_t n, float *out)
{
    const struct call shared = {law, {0}, strengths, ages, flags, out};
    struct call c = shared;
    if (each)
        c.each = *each;
    switch (law->curve) {
    case ENGRAM_EXPONENTIAL:
        return age_type == ENGRAM_AGE_U64   ? decay(&c, ENGRAM_EXPONENTIAL, ENGRAM_AGE_U64, n)
               : age_type == ENGRAM_AGE_F32 ? decay(&c, ENGRAM_EXPONENTIAL, ENGRAM_AGE_F32, n)
                                            : decay(&c, ENGRAM_EXPONENTIAL, ENGRAM_AGE_F64, n);
    case ENGRAM_POWER_LAW:
        return c.each.scale_s || c.each.beta ? decay(&c, ENGRAM_POWER_LAW, age_type, n)
                                             : decay(&shared, ENGRAM_POWER_LAW, age_type, n);
    case ENGRAM_SAVINGS:
        return decay(&c, ENGRAM_SAVINGS, age_type, n);
    default:
        return decay(&c, ENGRAM_MIXTURE, age_type, n);
    }
}
