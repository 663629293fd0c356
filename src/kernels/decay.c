/* decay.c - strengths by age: the doors, and the reference that defines them.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary.h"
#include "dispatch.h"
#include "host.h"

static int check_parameter(const char *function, const char *name, double value, double least,
                           double most)
{
    if (value >= least && value <= most)
        return ENGRAM_OK;
    return engram_fail(ENGRAM_ERANGE, "%s: law->%s is %g, expected %.2g .. %.2g", function, name,
                       value, least, most);
}

int engram_check_law(const char *function, struct engram_law *law, const float *tau_s)
{
    if (tau_s && law->curve != ENGRAM_EXPONENTIAL)
        return engram_fail(ENGRAM_ERANGE, "%s: tau_s goes with the exponential law", function);
    if (tau_s)
        law->tau_s = 1; /* is not used then */
    if (law->curve == ENGRAM_EXPONENTIAL)
        return check_parameter(function, "tau_s", law->tau_s, (double)FLT_MIN, 1 / (double)FLT_MIN);
    if (law->curve == ENGRAM_POWER_LAW) {
        int status = check_parameter(function, "unit_s", law->unit_s, DBL_MIN, DBL_MAX);
        return status == ENGRAM_OK ? check_parameter(function, "beta", law->beta, DBL_MIN, DBL_MAX)
                                   : status;
    }
    return engram_fail(ENGRAM_ERANGE,
                       "%s: law->curve is %u, expected ENGRAM_EXPONENTIAL or ENGRAM_POWER_LAW",
                       function, (unsigned)law->curve);
}

struct decay {
    __typeof__(engram_decay_f32) *version;
    struct engram_law law;
    const float *tau_s, *strengths;
    const void *ages;
    uint32_t age_type, flags;
    float *out;
};

/* An array decayed in place must not stop half-way, so the cancel flag is not looked at. */
static int decay_block(void *data, size_t first, size_t last)
{
    const struct decay *d = data;
    size_t age_bytes = d->age_type == ENGRAM_AGE_F32 ? sizeof(float) : sizeof(uint64_t);
    return d->version(&d->law, d->tau_s ? d->tau_s + first : NULL,
                      d->strengths ? d->strengths + first : NULL,
                      (const char *)d->ages + first * age_bytes, d->age_type, d->flags,
                      last - first, d->out + first);
}

int engram_decay_f32(const struct engram_law *law, const float *tau_s, const float *strengths,
                     const void *ages, uint32_t age_type, uint32_t flags, size_t n, float *out)
{
    ENGRAM_NEED_OPTIONS(law);
    struct decay decay = {
        ENGRAM_VERSION(decay_f32), {0}, tau_s, strengths, ages, age_type, flags, out};
    engram_read_options(&decay.law, sizeof decay.law, law);
    int status = engram_check_law(__func__, &decay.law, tau_s);
    if (status != ENGRAM_OK)
        return status;
    if (age_type > ENGRAM_AGE_F64)
        return engram_fail(
            ENGRAM_EDTYPE,
            "engram_decay_f32: age_type is %u, expected ENGRAM_AGE_U64, _F32 or _F64",
            (unsigned)age_type);
    if (flags > ENGRAM_UNCLAMPED)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_decay_f32: flags is %u, expected 0 or ENGRAM_UNCLAMPED",
                           (unsigned)flags);
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(ages);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    status = engram_in_blocks(n, ENGRAM_BLOCK, decay_block, &decay);
    engram_count(KERNEL_decay_f32, n, begun);
    return status;
}

double engram_tau_s(double half_life_s)
{
    return half_life_s / 0x1.62e42fefa39efp-1;
}

/* ---- reference */

/* exp(-age / tau). The rate is -1 / tau, one division for a whole array. */
static float exponential(float age, float rate)
{
    return engram_exp1_f32(age * rate);
}

/* (1 + age / unit)^-beta, in binary64; 0 below e^-708, close to the smallest normal numbers. */
static double power_law(double age, double unit, double beta)
{
    double product = -beta * engram_log1_f64(1 + age / unit);
    return product < -708 ? 0 : engram_exp1_f64(product);
}

/* What is too small for a normal float is nothing; so is the smallest one, because what rounds up
 * to it is smaller, and already 0 where the host wants that. */
static float flush(float x)
{
    return fabsf(x) <= FLT_MIN ? 0 : x;
}

/* Clamped as bits, where subnormal numbers count: in order for positive numbers, 0 for others. */
static float strength_of(const float *strengths, size_t i, uint32_t flags)
{
    float s = strengths ? strengths[i] : 1;
    uint32_t bits = engram_bits_f32(s), one = engram_bits_f32(1);
    if (flags & ENGRAM_UNCLAMPED)
        return s;
    if (bits > engram_bits_f32(INFINITY))
        return 0;
    return bits < one ? s : 1;
}

static double age_f64(const void *ages, uint32_t type, size_t i)
{
    if (type == ENGRAM_AGE_U64)
        return (double)((const uint64_t *)ages)[i];
    double age =
        type == ENGRAM_AGE_F32 ? (double)((const float *)ages)[i] : ((const double *)ages)[i];
    return age >= (double)FLT_MIN ? age : 0;
}

static float age_f32(const void *ages, uint32_t type, size_t i)
{
    if (type == ENGRAM_AGE_U64)
        return (float)((const uint64_t *)ages)[i];
    float age = (float)age_f64(ages, type, i);
    return age < FLT_MAX ? age : FLT_MAX;
}

/* Age 0 gives the strength as it is, even one too small for the rest. */
int engram_decay_f32_ref(const struct engram_law *law, const float *tau_s, const float *strengths,
                         const void *ages, uint32_t age_type, uint32_t flags, size_t n, float *out)
{
    float rate = -1 / (float)law->tau_s;
    for (size_t i = 0; i < n; i++) {
        float s = strength_of(strengths, i, flags);
        if (law->curve == ENGRAM_POWER_LAW) {
            double age = age_f64(ages, age_type, i);
            double left = power_law(age, law->unit_s, law->beta);
            out[i] = age == 0 ? s : flush((float)((double)s * left));
            continue;
        }
        float age = age_f32(ages, age_type, i);
        if (tau_s)
            rate = tau_s[i] >= FLT_MIN ? -1 / tau_s[i] : -INFINITY;
        out[i] = age == 0 ? s : flush(s * exponential(age, rate));
    }
    return ENGRAM_OK;
}
