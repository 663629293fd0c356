/* decay.c - strengths by age: the doors, and the reference that defines them.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary.h"
#include "dispatch.h"
#include "host.h"

static bool has_both(const struct engram_law *law) /* tau_s and unit_s */
{
    return law->curve == ENGRAM_TWO_COMPONENT || law->curve == ENGRAM_MIXTURE;
}

int engram_check_law(const char *function, const struct engram_law *law,
                     const struct engram_law_each *each)
{
    uint32_t curve = law->curve;
    if (curve > ENGRAM_SAVINGS)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: law->curve is %u, expected ENGRAM_EXPONENTIAL .. ENGRAM_SAVINGS",
                           function, (unsigned)curve);
    bool both = has_both(law), scale = both || !each || !each->scale_s;
    bool beta = (both || curve == ENGRAM_POWER_LAW) && !(each && each->beta);
    const double least = (double)FLT_MIN;
    const struct {
        const char *name;
        bool needed;
        double value, least, most;
    } parameters[] = {
        {"tau_s", scale && (both || curve == ENGRAM_EXPONENTIAL), law->tau_s, least, 1 / least},
        {"unit_s", scale && curve == ENGRAM_POWER_LAW, law->unit_s, DBL_MIN, DBL_MAX},
        {"unit_s", scale && (both || curve == ENGRAM_SAVINGS), law->unit_s, least, 1 / least},
        {"beta", beta, law->beta, DBL_MIN, DBL_MAX},
        {"weight", curve == ENGRAM_MIXTURE, law->weight, 0, 1},
        {"k", curve == ENGRAM_SAVINGS, law->k, least, 1 / least},
        {"c", curve == ENGRAM_SAVINGS, law->c, least, 1 / least},
    };
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (parameters[i].needed && !(parameters[i].value >= parameters[i].least &&
                                      parameters[i].value <= parameters[i].most))
            return engram_fail(ENGRAM_ERANGE, "%s: law->%s is %g, expected %.2g .. %.2g", function,
                               parameters[i].name, parameters[i].value, parameters[i].least,
                               parameters[i].most);
    return ENGRAM_OK;
}

struct decay {
    __typeof__(engram_decay_f32) *version;
    struct engram_law law;
    struct engram_law_each each;
    const float *strengths;
    const void *ages;
    uint32_t age_type, flags;
    float *out;
};

/* An array decayed in place must not stop half-way, so the cancel flag is not looked at. */
static int decay_block(void *data, size_t first, size_t last)
{
    const struct decay *d = data;
    size_t age_bytes = d->age_type == ENGRAM_AGE_F32 ? sizeof(float) : sizeof(uint64_t);
    const struct engram_law_each each = {
        .size = sizeof each,
        .scale_s = d->each.scale_s ? d->each.scale_s + first : NULL,
        .beta = d->each.beta ? d->each.beta + first : NULL,
        .recalls = d->each.recalls ? d->each.recalls + first : NULL,
    };
    return d->version(&d->law, &each, d->strengths ? d->strengths + first : NULL,
                      (const char *)d->ages + first * age_bytes, d->age_type, d->flags,
                      last - first, d->out + first);
}

int engram_decay_f32(const struct engram_law *law, const struct engram_law_each *each,
                     const float *strengths, const void *ages, uint32_t age_type, uint32_t flags,
                     size_t n, float *out)
{
    ENGRAM_NEED_OPTIONS(law);
    struct decay decay = {
        ENGRAM_VERSION(decay_f32), {0}, {0}, strengths, ages, age_type, flags, out};
    engram_read_options(&decay.law, sizeof decay.law, law);
    if (each) {
        ENGRAM_NEED_OPTIONS(each);
        engram_read_options(&decay.each, sizeof decay.each, each);
    }
    int status = engram_check_law(__func__, &decay.law, &decay.each);
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

/* ---- reference: parameters of an element */

/* A time scale of a single element as it is used: 0, after which nothing is left, stands for what
 * is none. */
static float scale_of(float scale)
{
    return scale >= FLT_MIN ? scale : 0;
}

static double tau_of(const struct engram_law *law, const struct engram_law_each *each, size_t i)
{
    return each->scale_s ? (double)scale_of(each->scale_s[i]) : law->tau_s;
}

static double unit_of(const struct engram_law *law, const struct engram_law_each *each, size_t i)
{
    if (!each->scale_s)
        return law->unit_s;
    double scale = (double)scale_of(each->scale_s[i]);
    return has_both(law) ? scale * (law->unit_s / law->tau_s) : scale;
}

static double beta_of(const struct engram_law *law, const struct engram_law_each *each, size_t i)
{
    if (!each->beta)
        return law->beta;
    float beta = each->beta[i] >= FLT_MIN ? each->beta[i] : FLT_MIN;
    return (double)(beta < FLT_MAX ? beta : FLT_MAX);
}

/* Of the exponential. With two components it has all of it, and then none. */
static double weight_of(const struct engram_law *law, const struct engram_law_each *each, size_t i)
{
    if (law->curve == ENGRAM_MIXTURE)
        return law->weight;
    return (each->recalls ? each->recalls[i] : 0) < law->recalls;
}

/* ---- reference: the curves */

/* exp(-age / tau). The rate is -1 / tau, one division for a whole array. */
static float exponential_f32(float age, float rate)
{
    return engram_exp1_f32(age * rate);
}

/* e^x for x up to 709; 0 below e^-708, close to the smallest normal numbers. */
static double exp_normal(double x)
{
    return x < -708 ? 0 : engram_exp1_f64(x);
}

/* How often an age > 0 holds a time scale. What never fades does not after an infinite time. */
static double times(double age, double scale)
{
    double t = age / scale;
    return t >= 0 ? t : 0;
}

static double exponential(double t)
{
    return exp_normal(-t);
}

static double power_law(double t, double beta)
{
    return exp_normal(-beta * engram_log1_f64(1 + t));
}

/* What 1 + t loses to rounding is put back, since a root of the logarithm would make much of it. */
static double savings(double t, double k, double c)
{
    if (t == 0 || t > DBL_MAX)
        return t == 0;
    double x = 1 + t, rest = t - (x - 1);
    double log10 = (engram_log1_f64(x) + rest / x) * engram_log10e_f64;
    double power = c * engram_log1_f64(log10);
    return k / (exp_normal(power < 700 ? power : 700) + k);
}

static double retention(const struct engram_law *law, const struct engram_law_each *each, size_t i,
                        double age)
{
    double unit = unit_of(law, each, i);
    if (law->curve == ENGRAM_SAVINGS)
        return savings(times(age, unit), law->k, law->c);
    double power = power_law(times(age, unit), beta_of(law, each, i));
    if (law->curve == ENGRAM_POWER_LAW)
        return power;
    double weight = weight_of(law, each, i);
    return fma(weight, exponential(times(age, tau_of(law, each, i))), (1 - weight) * power);
}

/* ---- reference: strengths and ages */

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
int engram_decay_f32_ref(const struct engram_law *law, const struct engram_law_each *each,
                         const float *strengths, const void *ages, uint32_t age_type,
                         uint32_t flags, size_t n, float *out)
{
    static const struct engram_law_each none = {.size = sizeof none};
    each = each ? each : &none;
    for (size_t i = 0; i < n; i++) {
        float s = strength_of(strengths, i, flags);
        if (law->curve == ENGRAM_EXPONENTIAL) {
            float age = age_f32(ages, age_type, i), rate = -1 / (float)tau_of(law, each, i);
            out[i] = age == 0 ? s : flush(s * exponential_f32(age, rate));
        } else {
            double age = age_f64(ages, age_type, i), left = retention(law, each, i, age);
            out[i] = age == 0 ? s : flush((float)((double)s * left));
        }
    }
    return ENGRAM_OK;
}
