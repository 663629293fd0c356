/* elementary.c - exp, log, pow and the sigmoid over arrays: doors and reference.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary.h"
#include "dispatch.h"
#include "host.h"

double engram_exp(double x)
{
    return engram_exp1_f64(x);
}

double engram_log(double x)
{
    return engram_log1_f64(x);
}

double engram_pow(double x, double y)
{
    return engram_pow1_f64(x, y);
}

/* ---- doors */

/* A function of one number, over arrays. */
struct map {
    __typeof__(engram_exp_f32) *version;
    const float *x;
    float *out;
};

static int map_block(void *data, size_t first, size_t last)
{
    const struct map *m = data;
    return m->version(m->x + first, last - first, m->out + first);
}

int engram_exp_f32(const float *x, size_t n, float *out)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    struct map map = {ENGRAM_VERSION(exp_f32), x, out};
    int status = engram_in_blocks(n, ENGRAM_BLOCK, map_block, &map);
    engram_count(KERNEL_exp_f32, n, begun);
    return status;
}

int engram_log_f32(const float *x, size_t n, float *out)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    struct map map = {ENGRAM_VERSION(log_f32), x, out};
    int status = engram_in_blocks(n, ENGRAM_BLOCK, map_block, &map);
    engram_count(KERNEL_log_f32, n, begun);
    return status;
}

struct powers {
    __typeof__(engram_pow_f32) *version;
    const float *x, *y;
    float *out;
};

static int pow_block(void *data, size_t first, size_t last)
{
    const struct powers *p = data;
    return p->version(p->x + first, p->y + first, last - first, p->out + first);
}

int engram_pow_f32(const float *x, const float *y, size_t n, float *out)
{
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(y);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    struct powers powers = {ENGRAM_VERSION(pow_f32), x, y, out};
    int status = engram_in_blocks(n, ENGRAM_BLOCK, pow_block, &powers);
    engram_count(KERNEL_pow_f32, n, begun);
    return status;
}

struct sigmoids {
    __typeof__(engram_sigmoid_f32) *version;
    const float *x;
    float threshold, temperature, *out;
};

static int sigmoid_block(void *data, size_t first, size_t last)
{
    const struct sigmoids *s = data;
    return s->version(s->x + first, s->threshold, s->temperature, last - first, s->out + first);
}

int engram_sigmoid_f32(const float *x, float threshold, float temperature, size_t n, float *out)
{
    if (!(temperature > 0 && temperature <= FLT_MAX))
        return engram_fail(ENGRAM_ERANGE,
                           "engram_sigmoid_f32: temperature is %g, expected finite and > 0",
                           (double)temperature);
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    struct sigmoids sigmoids = {ENGRAM_VERSION(sigmoid_f32), x, threshold, temperature, out};
    int status = engram_in_blocks(n, ENGRAM_BLOCK, sigmoid_block, &sigmoids);
    engram_count(KERNEL_sigmoid_f32, n, begun);
    return status;
}

/* ---- reference */

int engram_exp_f32_ref(const float *x, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = engram_exp1_f32(x[i]);
    return ENGRAM_OK;
}

int engram_log_f32_ref(const float *x, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = engram_log1_f32(x[i]);
    return ENGRAM_OK;
}

int engram_pow_f32_ref(const float *x, const float *y, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = engram_pow1_f32(x[i], y[i]);
    return ENGRAM_OK;
}

/* exp enlarges a rounding of its argument by the argument: what subtraction and division lost is
 * kept (Knuth's two-sum, and the remainder) and put back as e^(a + rest) = e^a + e^a rest. */
static float sigmoid(float x, float threshold, float temperature)
{
    float d = x - threshold, minus = d - x;
    float lost = (x - (d - minus)) - (threshold + minus);
    float a = d / temperature, rest = (fmaf(-a, temperature, d) + lost) / temperature;
    float e = engram_exp1_f32(-a);
    if (fabsf(a) < 128 && e <= FLT_MAX)
        e = fmaf(-e, rest, e);
    float y = 1 / (1 + e);
    return y < FLT_MIN ? 0 : y;
}

int engram_sigmoid_f32_ref(const float *x, float threshold, float temperature, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = sigmoid(x[i], threshold, temperature);
    return ENGRAM_OK;
}
