/* oracle.c - the library against binary64 definitions, in many generated cases, at every rung.
 * SPDX-License-Identifier: MIT
 *
 * Usage: t/c/oracle.t [--seed N] [group ...]. A case depends on seed, group and number only. */
#include "engram.h"
#include "cpu.h"
#include "../random.h"
#include "../tap.h"
#include "flush.h"

#include <float.h>
#include <stdlib.h>
#include <time.h>

/* ---- verdicts --------------------------------------------------------------------------- */

/* Of the group that runs: what went wrong first, and the largest error against the allowed one. */
static struct {
    uint32_t number;
    int failed;
    double worst;
    char first[256];
} verdict;

TAP_PRINTF(2, 3) int expect(int holds, const char *format, ...)
{
    if (holds)
        return 1;
    if (!verdict.failed++) {
        va_list list;
        va_start(list, format);
        int n = snprintf(verdict.first, sizeof verdict.first, "case %u: ", verdict.number);
        vsnprintf(verdict.first + n, sizeof verdict.first - (size_t)n, format, list);
        va_end(list);
    }
    return 0;
}

static void expect_near(double got, double want, double tolerance, const char *what, size_t i)
{
    double error = got == want || (isnan(got) && isnan(want)) ? 0 : fabs(got - want);
    if (error > 0 && tolerance > 0 && error / tolerance > verdict.worst)
        verdict.worst = error / tolerance;
    expect(error == 0 || error <= tolerance, "%s[%zu] is %.9g, not %.9g within %.3g", what, i, got,
           want, tolerance);
}

static void expect_bits(const void *got, const void *want, size_t bytes, const char *what)
{
    expect(bytes == 0 || memcmp(got, want, bytes) == 0, "%s differ in bits", what);
}

static void expect_ok(int status, const char *what)
{
    expect(status == ENGRAM_OK, "%s: %s", what, status ? engram_last_message() : "");
}

/* ---- data ------------------------------------------------------------------------------- */

enum { UNIT = 768, UNITS = 164, POOL = UNIT * UNITS, NODES = 128 };

static float mixed[POOL], positive[POOL]; /* uniform in [-100, 100) and in [0, 100) */
static float units[POOL];                 /* rows of norm 1 */

static double exact_dot(const float *a, const float *b, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t j = 0; j < 4; j++)
            sum[j] += (double)a[i + j] * b[i + j];
    for (; i < n; i++)
        sum[0] += (double)a[i] * b[i];
    return sum[0] + sum[1] + sum[2] + sum[3];
}

static double exact_norm(const float *a, size_t n)
{
    double sum = exact_dot(a, a, n);
    return isfinite(sum) && sum >= 1e-30 ? sqrt(sum) : 0;
}

static double exact_cosine(const float *a, const float *b, size_t n)
{
    double norms = exact_norm(a, n) * exact_norm(b, n);
    return norms > 0 ? exact_dot(a, b, n) / norms : 0;
}

static void make_data(uint64_t seed)
{
    struct random r = random_for(seed, "data", 0);
    for (size_t i = 0; i < POOL; i++) {
        mixed[i] = (float)random_between(&r, -100, 100);
        positive[i] = (float)random_between(&r, 0, 100);
    }
    for (size_t i = 0; i < UNITS * UNIT; i++)
        units[i] = (float)random_between(&r, -100, 100);
    for (size_t i = 0; i < UNITS; i++) {
        double norm = exact_norm(units + i * UNIT, UNIT);
        for (size_t j = 0; j < UNIT; j++)
            units[i * UNIT + j] = (float)(units[i * UNIT + j] / norm);
    }
}

/* n floats from somewhere in a pool. */
static const float *some(struct random *r, const float *pool, size_t n)
{
    return pool + random_below(r, (uint32_t)(POOL - n));
}

/* 1 .. most, mostly few. */
static uint32_t few(struct random *r, uint32_t most)
{
    return 1 + random_below(r, random_below(r, 8) == 0 ? most : 6);
}

/* One of the numbers that rules are made for. */
static float odd_number(struct random *r)
{
    static const float odd[] = {0.0f,   -0.0f,   1,       -1,       INFINITY, -INFINITY,  NAN,
                                1e-45f, -1e-45f, FLT_MIN, -FLT_MIN, FLT_MAX,  -FLT_MAX,   0.5f,
                                2,      3,       -3,      0x1p24f,  1e-30f,   1.00000012f};
    return odd[random_below(r, sizeof odd / sizeof *odd)];
}

/* ---- similarity ------------------------------------------------------------------------- */

static void similarity(struct random *r)
{
    const float *pool = random_below(r, 2) ? mixed : positive, *query, *rows;
    float scores[99], again[99], norms[99];
    size_t n, dim;
    if (verdict.number % 3 == 0) {
        dim = UNIT;
        n = few(r, 99);
        query = units + random_below(r, UNITS) * UNIT;
        rows = units + random_below(r, UNITS - (uint32_t)n) * UNIT;
    } else {
        dim = verdict.number % 3 == 1 ? 1 + random_below(r, 1023) : 384;
        n = few(r, 49);
        query = some(r, pool, dim);
        rows = some(r, pool, n * dim);
    }

    expect_ok(engram_cosines_f32(query, rows, NULL, n, dim, scores), "cosines");
    for (size_t i = 0; i < n; i++) {
        expect_near(scores[i], exact_cosine(query, rows + i * dim, dim), 1e-6, "scores", i);
        expect(fabsf(scores[i]) <= 1, "scores[%zu] is %.9g", i, scores[i]);
    }
    expect_ok(engram_norms_f32(rows, n, dim, norms), "norms");
    for (size_t i = 0; i < n; i++) {
        double exact = exact_norm(rows + i * dim, dim);
        expect_near(norms[i], exact, 1e-6 * exact, "norms", i);
    }
    expect_ok(engram_cosines_f32(query, rows, norms, n, dim, again), "cosines with norms");
    expect_bits(again, scores, n * sizeof *scores, "scores with and without norms");
    size_t i = random_below(r, (uint32_t)n);
    float alone = engram_cosine_f32(query, rows + i * dim, dim),
          norm = engram_norm_f32(rows + i * dim, dim);
    expect_bits(&alone, &scores[i], sizeof alone, "scores alone and in a batch");
    expect_bits(&norm, &norms[i], sizeof norm, "norms alone and in a batch");
}

/* Whatever stands where no bit is set: the cosine is that of zeros there. */
static void masked_similarity(struct random *r)
{
    enum { MOST = 700, ROWS = 5 };
    float query[MOST], rows[ROWS * MOST], x[MOST], y[MOST], scores[ROWS], all[ROWS], plain[ROWS];
    uint64_t mask[MOST / 64 + 1];
    size_t dim = 1 + random_below(r, MOST), n = 1 + random_below(r, ROWS);
    int odd = random_below(r, 2) != 0;
    for (size_t w = 0; w <= dim / 64; w++)
        mask[w] = random_below(r, 4) ? random_next(r) & random_next(r) : 0;
    memcpy(query, some(r, mixed, dim), dim * sizeof *query);
    memcpy(rows, some(r, mixed, n * dim), n * dim * sizeof *rows);
    for (size_t i = 0; i < dim; i++) {
        int set = mask[i / 64] >> i % 64 & 1;
        if (odd && !set)
            query[i] = odd_number(r);
        for (size_t j = 0; odd && !set && j < n; j++)
            rows[j * dim + i] = odd_number(r);
        x[i] = set ? query[i] : 0;
    }
    expect_ok(engram_masked_cosine_f32(query, rows, mask, n, dim, scores), "masked cosines");
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < dim; i++)
            y[i] = mask[i / 64] >> i % 64 & 1 ? rows[j * dim + i] : 0;
        float alone = engram_cosine_f32(x, y, dim);
        expect_near((double)scores[j], exact_cosine(x, y, dim), 1e-6, "scores", j);
        expect_bits(&scores[j], &alone, sizeof alone, "masked cosines and those of zeros");
    }
    memset(mask, 0xff, sizeof mask);
    expect_ok(engram_masked_cosine_f32(query, rows, mask, n, dim, all), "masked cosines");
    expect_ok(engram_cosines_f32(query, rows, NULL, n, dim, plain), "cosines");
    expect_bits(all, plain, n * sizeof *all, "cosines with a full mask and without");

    for (size_t i = 0; i < dim; i++) /* beyond float as it adds up */
        query[i] = rows[i] = i && i < 64 ? NAN : 1e19f;
    mask[0] = 1;
    expect_ok(engram_masked_cosine_f32(query, rows, mask, 1, dim, all), "masked cosines");
    expect_near((double)all[0], 1, 1e-6, "large components", 0);
    expect(engram_masked_cosine_f32(query, rows, NULL, 1, dim, all) == ENGRAM_ENULL &&
               strstr(engram_last_message(), "engram_masked_cosine_f32: mask is null") &&
               engram_masked_cosine_f32(NULL, rows, mask, 1, dim, all) == ENGRAM_ENULL &&
               strstr(engram_last_message(), "engram_masked_cosine_f32: query is null"),
           "no mask or no query: %s", engram_last_message());
    expect_ok(engram_masked_cosine_f32(NULL, NULL, NULL, 0, 0, NULL), "no rows");
}

static void products(struct random *r)
{
    size_t n = random_below(r, random_below(r, 16) == 0 ? 4097 : 400);
    const float *a = some(r, random_below(r, 2) ? mixed : positive, n);
    const float *b = some(r, random_below(r, 2) ? mixed : positive, n);
    double magnitudes = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        magnitudes += fabs((double)a[i] * b[i]);
        squares += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    }
    expect_near(engram_dot_f32(a, b, n), exact_dot(a, b, n), 1e-6 * magnitudes, "dot", n);
    expect_near(engram_squared_l2_f32(a, b, n), squares, 1e-6 * squares, "squared_l2", n);
}

/* What must not change, or only so much, when the arguments do. */
static void similarity_relations(struct random *r)
{
    static float a[600], scaled[600], rows[20 * 600];
    float scores[20], again[20];
    size_t dim = 1 + random_below(r, 600), n = 1 + random_below(r, 20), order[20];
    memcpy(a, some(r, mixed, dim), dim * sizeof *a);
    const float *b = some(r, mixed, n * dim);

    float one = engram_cosine_f32(a, b, dim), other = engram_cosine_f32(b, a, dim);
    expect_bits(&one, &other, sizeof one, "cosines of (a, b) and (b, a)");
    one = engram_dot_f32(a, b, dim), other = engram_dot_f32(b, a, dim);
    expect_bits(&one, &other, sizeof one, "products of (a, b) and (b, a)");
    one = engram_squared_l2_f32(a, b, dim), other = engram_squared_l2_f32(b, a, dim);
    expect_bits(&one, &other, sizeof one, "distances of (a, b) and (b, a)");

    int power = (int)random_below(r, 41) - 20;
    double factor = pow(10, random_between(r, -8, 34));
    for (size_t i = 0; i < dim; i++)
        scaled[i] = ldexpf(a[i], power);
    one = engram_cosine_f32(a, b, dim), other = engram_cosine_f32(scaled, b, dim);
    expect_bits(&one, &other, sizeof one, "cosines after scaling by a power of two");
    for (size_t i = 0; i < dim; i++)
        scaled[i] = (float)(a[i] * factor);
    expect_near(engram_cosine_f32(scaled, b, dim), exact_cosine(a, b, dim), 1.2e-6, "scaled", dim);

    expect_ok(engram_cosines_f32(a, b, NULL, n, dim, scores), "cosines");
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(r, (uint32_t)i), swap = order[j];
        order[j] = order[i - 1];
        order[i - 1] = swap;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(rows + i * dim, b + order[i] * dim, dim * sizeof *rows);
    expect_ok(engram_cosines_f32(a, rows, NULL, n, dim, again), "cosines");
    for (size_t i = 0; i < n; i++)
        expect_bits(&again[i], &scores[order[i]], sizeof *again, "scores of permuted rows");

    size_t cut = random_below(r, (uint32_t)n + 1);
    expect_ok(engram_cosines_f32(a, b, NULL, cut, dim, again), "cosines");
    expect_ok(engram_cosines_f32(a, b + cut * dim, NULL, n - cut, dim, again + cut), "cosines");
    expect_bits(again, scores, n * sizeof *scores, "scores of a split batch");
}

/* ---- smaller forms ---------------------------------------------------------------------- */

enum { FORM_DIM = 300, FORM_PADDED = 320 };

/* A row in all forms, over what an earlier one left there. */
struct formed {
    uint16_t bf16[FORM_PADDED], f16[FORM_PADDED];
    int8_t int8[FORM_PADDED];
    uint64_t sign[FORM_PADDED / 8];
    float factor;
};

static void form(const float *row, size_t dim, struct formed *out)
{
    float norm = engram_norm_f32(row, dim);
    memset(out, 0, sizeof *out);
    expect_ok(engram_encode_bf16(row, &norm, 1, dim, out->bf16), "bf16");
    expect_ok(engram_encode_f16(row, &norm, 1, dim, out->f16), "f16");
    expect_ok(engram_encode_int8(row, &norm, 1, dim, out->int8, &out->factor), "int8");
    expect_ok(engram_encode_sign(row, &norm, 1, dim, 0, out->sign), "sign");
}

static double half_value(uint16_t x, int exponent_bits)
{
    int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (x & 0x7fff) >> fraction_bits, fraction = x & ((1 << fraction_bits) - 1);
    double size = exponent ? ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits)
                           : ldexp(fraction, 1 - bias - fraction_bits);
    return x >> 15 ? -size : size;
}

/* A row whose elements are of one size, or of very different ones. */
static size_t some_row(struct random *r, float *row)
{
    size_t dim = 1 + random_below(r, FORM_DIM);
    int sizes = random_below(r, 2) ? 1 : 40, base = (int)random_below(r, 60) - 30;
    for (size_t j = 0; j < dim; j++)
        row[j] =
            ldexpf((float)random_between(r, -1, 1), base - (int)random_below(r, (uint32_t)sizes));
    if (random_below(r, 4) == 0)
        row[random_below(r, (uint32_t)dim)] = random_below(r, 2) ? 1e-40f : -1e-40f;
    return dim;
}

/* Each element against row / norm, each cosine against that of the rows. */
static void forms(struct random *r)
{
    float a[FORM_DIM], b[FORM_DIM], unit[FORM_PADDED] = {0}, got[4];
    struct formed of_a, of_b;
    size_t dim = some_row(r, a);
    for (size_t j = 0; j < dim; j++)
        b[j] = a[j] * (float)random_between(r, -0.5, 1);
    form(a, dim, &of_a);
    form(b, dim, &of_b);
    double norm = exact_norm(a, dim), norm_b = exact_norm(b, dim), sum = 0;
    double bound[3] = {0}, scale = (double)of_a.factor, scale_b = (double)of_b.factor;
    for (size_t j = 0; j < FORM_PADDED; j++) {
        double x = j < dim && norm > 0 ? a[j] / norm : 0,
               y = j < dim && norm_b > 0 ? b[j] / norm_b : 0;
        expect_near(half_value(of_a.bf16[j], 8), x, 0x1.02p-8 * fabs(x) + 0x1p-60, "bf16", j);
        expect_near(half_value(of_a.f16[j], 5), x, 0x1.02p-11 * fabs(x) + 0x1p-25, "f16", j);
        expect_near(of_a.int8[j] * scale, x, 0.5001 * scale, "int8", j);
        expect((int)(of_a.sign[j / 64 * 8] >> j % 64 & 1) ==
                   (j < dim && norm > 0 && a[j] <= -FLT_MIN),
               "sign[%zu]", j);
        unit[j] = (float)x;
        sum += ((of_a.sign[j / 64 * 8] ^ of_b.sign[j / 64 * 8]) >> j % 64 & 1) ? -1 : j < dim;
        bound[0] += 0x1p-8 * fabs(x * y) + 0x1p-60;
        bound[1] += 0x1p-10 * fabs(x * y) + 0x1p-25 * fabs(x);
        bound[2] += 0.51 * (scale * fabs(y) + scale_b * fabs(x) + scale * scale_b);
    }
    uint64_t words[FORM_PADDED / 64];
    for (size_t w = 0; w < FORM_PADDED / 64; w++)
        words[w] = of_a.sign[8 * w];
    size_t padded = (dim + 63) / 64 * 64;
    expect_ok(engram_dots_bf16(unit, of_b.bf16, 1, padded, &got[0]), "bf16");
    expect_ok(engram_dots_f16(unit, of_b.f16, 1, padded, &got[1]), "f16");
    expect_ok(engram_dots_int8(of_a.int8, of_b.int8, &of_b.factor, 1, padded, &got[2]), "int8");
    expect_ok(engram_dots_sign(words, of_b.sign, 1, dim, &got[3]), "sign");
    got[2] *= of_a.factor;
    for (size_t i = 0; i < 3; i++)
        expect_near((double)got[i], exact_cosine(a, b, dim), bound[i] + 1e-6, "cosine", i);
    expect_near((double)got[3], sum, 0, "agreement", 0);
}

/* No bit of a form depends on whether denormals count as zero. */
static void forms_flushed(struct random *r)
{
#ifdef __SSE__
    float row[FORM_DIM];
    struct formed flushed, plain;
    size_t dim = some_row(r, row);
    unsigned control = _mm_getcsr();
    _mm_setcsr(control | 0x8040);
    form(row, dim, &flushed);
    _mm_setcsr(control & ~0x8040u);
    form(row, dim, &plain);
    _mm_setcsr(control);
    expect_bits(&flushed, &plain, sizeof plain, "forms");
#else
    (void)r;
#endif
}

/* ---- sums ------------------------------------------------------------------------------- */

static void weighted_sum(struct random *r)
{
    float out[200];
    uint32_t ids[30];
    size_t n = random_below(r, 30), dim = 1 + random_below(r, random_below(r, 4) ? 40 : 200);
    const float *rows = some(r, mixed, 30 * dim), *weights = some(r, mixed, n);
    int by_id = random_below(r, 2) != 0;
    for (size_t i = 0; i < n; i++)
        ids[i] = by_id ? random_below(r, 30) : (uint32_t)i;
    expect_ok(engram_weighted_sum_f32(rows, by_id ? ids : NULL, weights, n, dim, out),
              "weighted sum");
    for (size_t j = 0; j < dim; j++) {
        double sum = 0, magnitudes = 0;
        for (size_t i = 0; i < n; i++) {
            double term = (double)weights[i] * rows[ids[i] * dim + j];
            sum += term;
            magnitudes += fabs(term);
        }
        expect_near(out[j], sum, 0x1p-24 * (double)(n + 1) * magnitudes, "weighted sum", j);
    }
}

static void axpy(struct random *r)
{
    float y[300];
    size_t n = random_below(r, 300);
    const float *x = some(r, mixed, n), *before = some(r, mixed, n);
    float a = (float)random_between(r, -3, 3);
    int itself = random_below(r, 4) == 0;
    memcpy(y, before, n * sizeof *y);
    expect_ok(engram_axpy_f32(a, itself ? y : x, n, y), "axpy");
    for (size_t i = 0; i < n; i++) {
        double exact = (double)a * (itself ? before[i] : x[i]) + before[i];
        expect_near(y[i], exact, 0x1.00001p-24 * fabs(exact) + 0x1p-149, "axpy", i);
    }
}

/* ---- the best k ------------------------------------------------------------------------- */

static int by_rank(const void *p, const void *q)
{
    const struct engram_hit *a = p, *b = q;
    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* In one block or several, against sorting everything. */
static void top_k(struct random *r)
{
    enum { MOST = 300 };
    float scores[MOST];
    uint64_t keep[MOST / 64 + 1];
    uint32_t generations[MOST];
    struct engram_hit all[MOST], hits[MOST + 5];
    uint32_t n = random_below(r, MOST), kept = random_below(r, 2), aged = random_below(r, 2);
    uint32_t levels = random_below(r, 2) ? 3 : 1000;
    size_t k = random_below(r, random_below(r, 4) ? 20 : MOST + 5), count = 0, wanted = 0;
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
        keep[i] = random_next(r);
    for (uint32_t i = 0; i < n; i++) {
        scores[i] = random_below(r, 10) == 0 ? odd_number(r) : (float)random_below(r, levels) / 4;
        generations[i] = random_below(r, 1 << 21);
        if (isnan(scores[i]) || (kept && !(keep[i / 64] >> i % 64 & 1)))
            continue;
        all[wanted].id = i + ((uint64_t)(aged ? generations[i] : 0) << 32);
        all[wanted++].score = scores[i];
    }
    qsort(all, wanted, sizeof *all, by_rank);
    wanted = wanted < k ? wanted : k;

    for (uint32_t i = 0, step = 0; i < n; i += step) {
        step = random_below(r, 3) ? 1 + random_below(r, n - i) : n - i;
        expect_ok(engram_top_k_f32(scores + i, step, i, kept ? keep : NULL,
                                   aged ? generations : NULL, k, hits, &count),
                  "top_k");
    }
    expect(count == wanted, "%zu hits of %u, not %zu", count, n, wanted);
    for (size_t i = 0; i < count && i < wanted; i++)
        expect(hits[i].id == all[i].id && hits[i].score == all[i].score,
               "hit %zu is %llx with %g, not %llx with %g", i, (unsigned long long)hits[i].id,
               hits[i].score, (unsigned long long)all[i].id, all[i].score);
}

/* ---- what scores weigh, what they come to ------------------------------------------------ */

static void softmax(struct random *r)
{
    enum { MOST = 4096 };
    static float x[MOST], out[MOST];
    static double want[MOST];
    size_t n = random_below(r, random_below(r, 16) ? 200 : MOST + 1);
    float beta = (float)exp(random_between(r, -4, 5));
    double most = -INFINITY, sum = 0, all = 0, largest = 0;
    int ruined = random_below(r, 8) == 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = random_below(r, 20) ? (float)random_between(r, -3, 3) : -INFINITY;
        most = fmax(most, (double)x[i]);
    }
    if (ruined && n)
        x[random_below(r, (uint32_t)n)] = random_below(r, 2) ? NAN : INFINITY;
    ruined = n && (ruined || isinf(most));
    for (size_t i = 0; i < n; i++)
        sum += want[i] = exp((double)beta * ((double)x[i] - most));
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, want[i] / sum);
    memcpy(out, x, n * sizeof *x);
    expect_ok(engram_softmax_f32(random_below(r, 2) ? x : out, beta, n, out), "softmax");
    for (size_t i = 0; i < n; i++) {
        if (ruined)
            expect(isnan(out[i]), "out[%zu] is %g, not NaN", i, out[i]);
        else
            expect_near((double)out[i], want[i] / sum, 1e-6 * largest + 1.2e-38, "softmax", i);
        expect(ruined || out[i] == 0 || out[i] > FLT_MIN, "out[%zu] is %g", i, out[i]);
        all += (double)out[i];
    }
    if (n && !ruined)
        expect_near(all, 1, 2e-6, "sum of shares", 0);
}

static void softmax_corners(struct random *r)
{
    (void)r;
    static const float bad[] = {0, -1, 1e-39f, INFINITY, NAN};
    float x[] = {1, 2, 3}, out[] = {7, 7, 7};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(engram_softmax_f32(x, bad[i], 3, out) == ENGRAM_ERANGE && out[0] == 7 &&
                   strstr(engram_last_message(), "engram_softmax_f32: beta is "),
               "beta %g is not refused", bad[i]);
    expect_ok(engram_softmax_f32(x, 1, 3, out), "softmax");
    static const double want[] = {0.0900305732, 0.2447284711, 0.6652409558};
    for (size_t i = 0; i < 3; i++)
        expect_near((double)out[i], want[i], 1e-7, "softmax", i);
    for (size_t i = 0; i < 3; i++)
        x[i] += 1000;
    expect_ok(engram_softmax_f32(x, 1, 3, out), "softmax");
    for (size_t i = 0; i < 3; i++)
        expect_near((double)out[i], want[i], 1e-7, "softmax of large numbers", i);
    expect(engram_softmax_f32(NULL, 1, 1, out) == ENGRAM_ENULL &&
               engram_softmax_f32(x, 1, 1, NULL) == ENGRAM_ENULL,
           "no arrays");
    expect_ok(engram_softmax_f32(NULL, 1, 0, NULL), "softmax of nothing");
}

/* Subnormal numbers have their places, whatever the host makes of them. */
static void k_winners(struct random *r)
{
    float x[] = {1e-40f, -1e-40f, 0, -0.0f, 2e-40f, NAN, -INFINITY, INFINITY, 0, 1e-40f}, out[10];
    static const char *const wins[] = {"..........", ".......X..", "....X..X..", "X...X..X..",
                                       "X...X..X.X", "X.X.X..X.X", "X.XXX..X.X", "X.XXX..XXX",
                                       "XXXXX..XXX", "XXXXX.XXXX", "XXXXX.XXXX"};
    size_t k = random_below(r, 11);
    bool before = flush_subnormals(random_below(r, 2) != 0);
    expect_ok(engram_k_winners_f32(x, 10, k, out), "k winners");
    flush_subnormals(before);
    for (size_t i = 0; i < 10; i++) {
        float want = wins[k][i] == 'X' ? x[i] : 0;
        expect_bits(&out[i], &want, sizeof want, "k winners");
    }
    expect(engram_k_winners_f32(NULL, 1, 1, out) == ENGRAM_ENULL &&
               engram_k_winners_f32(x, 1, 1, NULL) == ENGRAM_ENULL,
           "no arrays");
    expect_ok(engram_k_winners_f32(NULL, 0, 3, NULL), "of nothing nothing wins");
}

static void noisy_or(struct random *r)
{
    float p[12] = {0};
    size_t n = random_below(r, 13);
    long double none = 1;
    for (size_t i = 0; i < n; i++) {
        p[i] = random_below(r, 8) ? (float)random_between(r, -0.1, 1.05) : odd_number(r);
        none *= p[i] >= 1 ? 0 : p[i] > 0 ? 1 - (long double)p[i] : 1;
    }
    expect_near(engram_noisy_or(p, n), (double)(1 - none), 1e-15, "noisy or", n);
    static const float two[] = {0.42281f, 0.33473f};
    expect_near(engram_noisy_or(two, 2), 0.61601, 1e-5, "two paths", 0);
    expect(engram_noisy_or(NULL, 0) == 0, "no path leads anywhere");
}

static void moments(struct random *r)
{
    size_t n = random_below(r, random_below(r, 16) ? 300 : 5000);
    const float *x = some(r, random_below(r, 2) ? mixed : positive, n);
    long double sum = 0, sizes = 0, squares = 0, around = 0;
    double mean = 7, variance = 7;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        sizes += fabsf(x[i]);
        squares += (long double)x[i] * x[i];
    }
    for (size_t i = 0; i < n; i++)
        around += (x[i] - sum / n) * (x[i] - sum / n);
    expect_ok(engram_moments_f32(x, n, &mean, &variance), "moments");
    if (n == 0) {
        expect(mean == 0 && variance == 0, "of nothing: %g, %g", mean, variance);
        return;
    }
    expect_near(mean, (double)(sum / n), (double)(1e-14L * sizes / n), "mean", n);
    expect_near(variance, (double)(around / n), (double)(1e-14L * squares / n), "variance", n);
    expect(engram_moments_f32(NULL, 1, &mean, &variance) == ENGRAM_ENULL &&
               engram_moments_f32(x, 1, NULL, &variance) == ENGRAM_ENULL &&
               engram_moments_f32(x, 1, &mean, NULL) == ENGRAM_ENULL,
           "no arrays");
}

/* ---- elementary functions --------------------------------------------------------------- */

/* Errors in units of the last place, of numbers with that many bits and least exponent. */
static double ulps(long double got, long double want, int bits, int least, int most)
{
    long double beyond = ldexpl(1, most + 1); /* what infinity stands for */
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0 : INFINITY;
    got = got > beyond ? beyond : got < -beyond ? -beyond : got;
    want = want > beyond ? beyond : want < -beyond ? -beyond : want;
    if (got == want)
        return 0;
    int exponent = want == 0 ? least : ilogbl(want);
    exponent = exponent < least ? least : exponent > most ? most : exponent;
    return (double)ldexpl(fabsl(got - want), bits - 1 - exponent);
}

static void expect_f32(float got, long double want, double allowed, const char *what, double x)
{
    double error = ulps(got, want, 24, -126, 127);
    if (isfinite(error) && error / allowed > verdict.worst)
        verdict.worst = error / allowed;
    expect(error <= allowed, "%s(%.9g) is %.9g, not %.9Lg: %.2f ulp", what, x, got, want, error);
}

/* Below the normal range only the order of magnitude is promised. */
static void expect_f64(double got, long double want, double allowed, const char *what, double x,
                       double y)
{
    double error =
        fabsl(want) < DBL_MIN && fabs(got) <= DBL_MIN ? 0 : ulps(got, want, 53, -1022, 1023);
    if (isfinite(error) && error / allowed > verdict.worst)
        verdict.worst = error / allowed;
    expect(error <= allowed, "%s(%.17g, %.17g) is %.17g, not %.17Lg: %.2f ulp", what, x, y, got,
           want, error);
}

/* Numbers of all magnitudes. */
static float any_float(struct random *r)
{
    uint32_t bits = (uint32_t)(random_next(r) >> 32);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Up to 16 arguments: uniform, odd, or of any magnitude; in place now and then. */
static size_t arguments(struct random *r, double low, double high, float *x)
{
    size_t n = random_below(r, 17);
    for (size_t i = 0; i < n; i++) {
        uint32_t choice = random_below(r, 16);
        x[i] = choice == 0   ? odd_number(r)
               : choice == 1 ? any_float(r)
                             : (float)random_between(r, low, high);
    }
    return n;
}

static void exp_f32(struct random *r)
{
    float x[16], out[16];
    size_t n = random_below(r, 2) ? arguments(r, -104, 90, x) : arguments(r, -1, 1, x);
    memcpy(out, x, sizeof out);
    expect_ok(engram_exp_f32(out, n, out), "exp_f32");
    for (size_t i = 0; i < n; i++) {
        long double want = expl(x[i]);
        if (want < FLT_MIN * (1 - 0x1p-22L))
            expect(out[i] == 0 && !signbit(out[i]), "exp_f32(%.9g) is %.9g, not 0", x[i], out[i]);
        else if (want > FLT_MIN * (1 + 0x1p-22L) || out[i] != 0)
            expect_f32(out[i], want, 2, "exp_f32", x[i]);
    }
}

static void log_f32(struct random *r)
{
    float x[16], out[16];
    size_t n = random_below(r, 2) ? arguments(r, 0.5, 2, x) : arguments(r, -0.1, 1000, x);
    for (size_t i = 0; i < n && random_below(r, 4) == 0; i++)
        x[i] = fabsf(any_float(r));
    expect_ok(engram_log_f32(x, n, out), "log_f32");
    for (size_t i = 0; i < n; i++)
        expect_f32(out[i], logl(x[i]), 3, "log_f32", x[i]);
}

static void pow_f32(struct random *r)
{
    float x[16], y[16], out[16];
    size_t n = arguments(r, -2, 10, x);
    for (size_t i = 0; i < n; i++) {
        y[i] = random_below(r, 16) == 0 ? odd_number(r) : (float)random_between(r, -45, 45);
        if (random_below(r, 2))
            y[i] = rintf(y[i]);
    }
    expect_ok(engram_pow_f32(x, y, n, out), "pow_f32");
    for (size_t i = 0; i < n; i++) {
        long double want = powl(x[i], y[i]);
        if (fabsl(want) < FLT_MIN * (1 - 0x1p-22L))
            expect(out[i] == 0, "pow_f32(%.9g, %.9g) is %.9g, not 0", x[i], y[i], out[i]);
        else if (!(fabsl(want) <= FLT_MIN * (1 + 0x1p-22L)) || out[i] != 0)
            expect_f32(out[i], want, 1, "pow_f32", x[i]);
        expect(isnan(out[i]) || !signbit(out[i]) == !signbit(want), "the sign of pow(%g, %g)", x[i],
               y[i]);
    }
}

static void sigmoid_f32(struct random *r)
{
    float x[16], out[16];
    float threshold = (float)random_between(r, -1, 1),
          temperature = (float)exp(random_between(r, -5, 1));
    size_t n = arguments(r, -2, 2, x);
    expect_ok(engram_sigmoid_f32(x, threshold, temperature, n, out), "sigmoid_f32");
    for (size_t i = 0; i < n; i++) {
        long double want = 1 / (1 + expl(-((long double)x[i] - threshold) / temperature));
        if (want < FLT_MIN && out[i] <= FLT_MIN)
            expect(out[i] >= 0, "sigmoid(%g) is %g", x[i], out[i]);
        else
            expect_f32(out[i], want, 4, "sigmoid_f32", x[i]);
    }
}

static void binary64_functions(struct random *r)
{
    uint64_t bits = random_next(r) >> 1;
    double x = random_below(r, 2) ? random_between(r, -745, 710)
                                  : ldexp(random_between(r, -1, 1), -(int)random_below(r, 60));
    double positive_x = random_below(r, 2) ? random_between(r, 0.5, 2) : random_between(r, 0, 1e6);
    double y = random_between(r, -1, 1) * 708 / (fabs(log(positive_x)) + 1e-3);
    if (random_below(r, 2))
        memcpy(&positive_x, &bits, sizeof positive_x);
    if (random_below(r, 4) == 0)
        y = random_between(r, -3, 3);
    expect_f64(engram_exp(x), expl(x), 1, "exp", x, 0);
    expect_f64(engram_log(positive_x), logl(positive_x), 1.5, "log", positive_x, 0);
    expect_f64(engram_pow(positive_x, y), powl(positive_x, y), 2, "pow", positive_x, y);
    y = rint(y);
    expect_f64(engram_pow(-positive_x, y), powl(-positive_x, y), 2, "pow", -positive_x, y);

    x = random_below(r, 4) ? odd_number(r) : x;
    y = random_below(r, 4) ? odd_number(r) : y;
    double got[] = {engram_exp(x), engram_log(x), engram_pow(x, y)},
           want[] = {exp(x), log(x), pow(x, y)};
    static const char *const names[] = {"exp", "log", "pow"};
    for (int i = 0; i < 3; i++)
        if (isnan(want[i]) || isinf(want[i]) || want[i] == 0)
            expect((isnan(want[i]) && isnan(got[i])) ||
                       (got[i] == want[i] && !signbit(got[i]) == !signbit(want[i])),
                   "%s(%g, %g) is %g, not %g", names[i], x, y, got[i], want[i]);
}

/* ---- forgetting ------------------------------------------------------------------------- */

static double exact_retention(const struct engram_law *law, const struct engram_law_each *each,
                              size_t i, double age)
{
    double tau = law->tau_s, unit = law->unit_s, beta = law->beta;
    if (!(age > 0))
        return 1;
    if (each->scale_s) {
        double scale = (double)each->scale_s[i];
        int both = law->curve == ENGRAM_TWO_COMPONENT || law->curve == ENGRAM_MIXTURE;
        unit = both ? scale * unit / tau : scale;
        tau = scale;
        if (!(scale > 0))
            return 0;
    }
    if (each->beta)
        beta = each->beta[i] > 0 ? (double)each->beta[i] : 0;
    double exponential = exp(-age / tau), power = exp(-beta * log1p(age / unit));
    switch (law->curve) {
    case ENGRAM_EXPONENTIAL:
        return exponential;
    case ENGRAM_POWER_LAW:
        return power;
    case ENGRAM_TWO_COMPONENT:
        return (each->recalls ? each->recalls[i] : 0) < law->recalls ? exponential : power;
    case ENGRAM_MIXTURE:
        return law->weight * exponential + (1 - law->weight) * power;
    default:
        return law->k / (pow(log1p(age / unit) / log(10), law->c) + law->k);
    }
}

static struct engram_law some_law(struct random *r)
{
    return (struct engram_law){
        .size = sizeof(struct engram_law),
        .curve = random_below(r, ENGRAM_SAVINGS + 1),
        .tau_s = random_below(r, 2) ? 86400 : exp(random_between(r, -3, 18)),
        .unit_s = exp(random_between(r, -3, 12)),
        .beta = random_between(r, 0.01, 3),
        .weight = random_below(r, 4) ? random_between(r, 0, 1) : random_below(r, 2),
        .k = exp(random_between(r, -3, 3)),
        .c = exp(random_between(r, -3, 3)),
        .recalls = random_below(r, 6),
    };
}

/* Parameters of n elements, some of which are none. */
static struct engram_law_each some_parameters(struct random *r, size_t n)
{
    enum { MOST = 2000 };
    static float scale_s[MOST], beta[MOST];
    static uint32_t recalls[MOST];
    for (size_t i = 0; i < n; i++) {
        static const float odd[] = {0, -1, NAN, INFINITY};
        int strange = random_below(r, 32) == 0;
        scale_s[i] = strange ? odd[random_below(r, 4)] : (float)exp(random_between(r, -3, 18));
        beta[i] = strange ? odd[random_below(r, 3)] : (float)random_between(r, 0.01, 3);
        recalls[i] = random_below(r, 8) ? random_below(r, 8) : (uint32_t)random_next(r);
    }
    return (struct engram_law_each){
        .size = sizeof(struct engram_law_each),
        .scale_s = random_below(r, 2) ? scale_s : NULL,
        .beta = random_below(r, 2) ? beta : NULL,
        .recalls = random_below(r, 4) ? recalls : NULL,
    };
}

static void decay(struct random *r)
{
    enum { MOST = 2000 };
    static float strengths[MOST], out[MOST], narrow[MOST];
    static double ages[MOST], wide[MOST];
    static uint64_t whole[MOST];
    struct engram_law law = some_law(r);
    size_t n = 1 + random_below(r, random_below(r, 64) ? 80 : MOST);
    uint32_t type = random_below(r, 3), flags = random_below(r, 2) ? ENGRAM_UNCLAMPED : 0;
    struct engram_law_each each = {.size = sizeof each};
    uint32_t given_each = random_below(r, 2);
    if (given_each)
        each = some_parameters(r, n);
    uint32_t implied = random_below(r, 8) == 0, in_place = random_below(r, 2);
    double oldest = random_below(r, 2) ? 1e6 : exp(random_between(r, 0, 20));
    uint64_t same_age = random_below(r, 10000000);
    int one_age = random_below(r, 4) == 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t choice = random_below(r, 32);
        strengths[i] = (float)(choice == 0   ? random_between(r, -2, 3)
                               : choice == 1 ? 3e38 * random_between(r, -1, 1)
                               : choice == 2 ? ldexp(random_between(r, -1, 1), -120)
                                             : random_between(r, 0, 1));
        if (choice == 3)
            strengths[i] = random_below(r, 2) ? NAN : random_below(r, 2) ? 0.0f : -0.0f;
        double age = one_age ? (double)same_age : random_between(r, 0, oldest);
        whole[i] = (uint64_t)age;
        narrow[i] = choice == 4 ? -(float)age : choice == 5 ? NAN : (float)age;
        wide[i] = choice == 4 ? -age : choice == 5 ? NAN : age;
        ages[i] = type == ENGRAM_AGE_U64   ? (double)whole[i]
                  : type == ENGRAM_AGE_F32 ? narrow[i]
                                           : wide[i];
    }
    if (in_place)
        memcpy(out, strengths, n * sizeof *out);
    const void *given = type == ENGRAM_AGE_U64   ? (void *)whole
                        : type == ENGRAM_AGE_F32 ? (void *)narrow
                                                 : wide;
    expect_ok(engram_decay_f32(&law, given_each ? &each : NULL,
                               implied    ? NULL
                               : in_place ? out
                                          : strengths,
                               given, type, flags, n, out),
              "decay");

    for (size_t i = 0; i < n; i++) {
        float s = implied ? 1 : strengths[i];
        if (!(flags & ENGRAM_UNCLAMPED))
            s = s >= 1 ? 1 : s > 0 ? s : 0;
        double left = exact_retention(&law, &each, i, ages[i]);
        expect_near(out[i], s * left, 1e-6 * fabs(s) + 1.2e-38, "strengths", i);
        if (ages[i] > 0)
            expect(isnan(out[i]) || fabsf(out[i]) >= FLT_MIN || out[i] == 0,
                   "out[%zu] is denormal: %g", i, out[i]);
        else
            expect_bits(&out[i], &s, sizeof s, "strengths of age 0");
    }
}

/* R(0) = 1, in [0, 1], not increasing; the parameters of an element are those of its law. */
static void decay_relations(struct random *r)
{
    enum { MOST = 100 };
    struct engram_law law = some_law(r);
    float out[MOST], same[MOST], alone, first, second, total;
    double ages[MOST], a = random_between(r, 0, 2e5), b = random_between(r, 0, 2e5), sum = a + b;
    size_t n = 1 + random_below(r, MOST);
    double age = 0, growth = exp(random_between(r, log(1.1e-6), 2));
    for (size_t i = 0; i < n; i++)
        ages[i] = age, age += age * growth + 1e-3;
    expect_ok(engram_decay_f32(&law, NULL, NULL, ages, ENGRAM_AGE_F64, 0, n, out), "decay");
    expect(out[0] == 1, "R(0) is %.9g", out[0]);
    for (size_t i = 1; i < n; i++)
        expect(out[i] <= out[i - 1] && out[i] >= 0, "R(%.9g) = %.9g is above R(%.9g) = %.9g",
               ages[i], out[i], ages[i - 1], out[i - 1]);
    size_t i = random_below(r, (uint32_t)n);
    expect_ok(engram_decay_f32(&law, NULL, NULL, ages + i, ENGRAM_AGE_F64, 0, 1, &alone), "decay");
    expect_bits(&alone, &out[i], sizeof alone, "strengths alone and in an array");

    float scale_s[MOST], beta[MOST];
    law.tau_s = (double)(float)law.tau_s;
    law.unit_s = law.curve == ENGRAM_POWER_LAW || law.curve == ENGRAM_SAVINGS
                     ? (double)(float)law.unit_s
                     : 2 * law.tau_s;
    law.beta = (double)(float)law.beta;
    for (size_t j = 0; j < n; j++) {
        int unit = law.curve == ENGRAM_POWER_LAW || law.curve == ENGRAM_SAVINGS;
        scale_s[j] = (float)(unit ? law.unit_s : law.tau_s);
        beta[j] = (float)law.beta;
    }
    const struct engram_law_each each = {.size = sizeof each, .scale_s = scale_s, .beta = beta};
    expect_ok(engram_decay_f32(&law, NULL, NULL, ages, ENGRAM_AGE_F64, 0, n, out), "decay");
    expect_ok(engram_decay_f32(&law, &each, NULL, ages, ENGRAM_AGE_F64, 0, n, same), "decay");
    expect_bits(same, out, n * sizeof *out, "strengths by one law and by that of each");

    law.curve = ENGRAM_EXPONENTIAL;
    expect_ok(engram_decay_f32(&law, NULL, NULL, &a, ENGRAM_AGE_F64, 0, 1, &first), "decay");
    expect_ok(engram_decay_f32(&law, NULL, &first, &b, ENGRAM_AGE_F64, 0, 1, &second), "decay");
    expect_ok(engram_decay_f32(&law, NULL, NULL, &sum, ENGRAM_AGE_F64, 0, 1, &total), "decay");
    expect_near(second, total, 2e-6, "strength after two ages", 0);
}

/* A law with which hardly anything fades. */
static struct engram_law lasting_law(uint32_t curve)
{
    return (struct engram_law){.size = sizeof(struct engram_law),
                               .curve = curve,
                               .tau_s = 1e30,
                               .unit_s = 1e30,
                               .beta = 1,
                               .weight = 0.5,
                               .k = 1,
                               .c = 1,
                               .recalls = 3};
}

static void refused(const struct engram_law *law, const char *parameter)
{
    float one = 1, out = 7;
    int status = engram_decay_f32(law, NULL, &one, &one, ENGRAM_AGE_F32, 0, 1, &out);
    expect(status == ENGRAM_ERANGE && out == 7 && strstr(engram_last_message(), parameter),
           "%s of curve %u is not refused: %s", parameter, law->curve, engram_last_message());
}

/* The corners of parameters and ages. */
static void decay_corners(struct random *r)
{
    (void)r;
    static const double bad[] = {1e39, 1e-39, 0, -1, INFINITY, NAN};
    for (size_t i = 0; i < 2 * sizeof bad / sizeof *bad; i++) {
        struct engram_law law = lasting_law(ENGRAM_EXPONENTIAL),
                          savings = lasting_law(ENGRAM_SAVINGS);
        double value = bad[i / 2];
        law.tau_s = value;
        for (law.curve = ENGRAM_EXPONENTIAL; law.curve <= ENGRAM_MIXTURE; law.curve++)
            if (law.curve != ENGRAM_POWER_LAW)
                refused(&law, "law->tau_s");
        law = lasting_law(ENGRAM_TWO_COMPONENT);
        law.curve += i % 2;
        law.unit_s = savings.unit_s = value;
        refused(&law, "law->unit_s");
        refused(&savings, "law->unit_s");
        savings = lasting_law(ENGRAM_SAVINGS);
        *(i % 2 ? &savings.k : &savings.c) = value;
        refused(&savings, i % 2 ? "law->k" : "law->c");
        if (value > 0 && value < 1e40)
            continue;
        law = lasting_law(ENGRAM_POWER_LAW + (uint32_t)(i % 2) * 2);
        law.beta = value;
        refused(&law, "law->beta");
        law = lasting_law(ENGRAM_POWER_LAW);
        law.unit_s = value;
        refused(&law, "law->unit_s");
        law = lasting_law(ENGRAM_MIXTURE);
        law.weight = value != 0 ? value : 1.5;
        refused(&law, "law->weight");
    }
    struct engram_law law = lasting_law(ENGRAM_SAVINGS + 1);
    refused(&law, "law->curve is 5");

    float one = 1, out = 7, least = FLT_MIN, denormal = 1e-39f;
    double far = INFINITY;
    for (uint32_t curve = ENGRAM_EXPONENTIAL; curve <= ENGRAM_SAVINGS; curve++) {
        law = lasting_law(curve);
        expect_ok(engram_decay_f32(&law, NULL, &least, &one, ENGRAM_AGE_F32, 0, 1, &out), "decay");
        expect(out == 0, "what rounds to the least normal float is %g, not 0", out);
        expect_ok(engram_decay_f32(&law, NULL, &least, &denormal, ENGRAM_AGE_F32, 0, 1, &out),
                  "decay");
        expect(out == least, "no time leaves %g of the least normal float", out);
        law.tau_s = law.unit_s = 86400;
        expect_ok(engram_decay_f32(&law, NULL, &one, &far, ENGRAM_AGE_F64, 0, 1, &out), "decay");
        expect(out == 0, "after an infinite time curve %u leaves %g, not 0", curve, out);

        static const float scales[] = {INFINITY, 0, -1, NAN, 1e-39f};
        static const float betas[] = {INFINITY, 0, -1, NAN, 1e-39f};
        struct engram_law_each each = {.size = sizeof each};
        for (size_t i = 0; i < 5; i++) {
            each.scale_s = scales + i;
            expect_ok(engram_decay_f32(&law, &each, &one, &far, ENGRAM_AGE_F64, 0, 1, &out),
                      "decay");
            expect(out == (i == 0), "scale %g leaves %g of curve %u", scales[i], out, curve);
        }
        if (curve != ENGRAM_POWER_LAW)
            continue;
        each.scale_s = NULL;
        for (size_t i = 0; i < 5; i++) {
            each.beta = betas + i;
            expect_ok(engram_decay_f32(&law, &each, &one, &one, ENGRAM_AGE_F32, 0, 1, &out),
                      "decay");
            expect(out == (i > 0), "beta %g leaves %g", betas[i], out);
        }
    }

    struct engram_law_each none = {.size = 0};
    expect(engram_decay_f32(&law, &none, &one, &one, ENGRAM_AGE_F32, 0, 1, &out) == ENGRAM_EDIM &&
               strstr(engram_last_message(), "each->size is 0"),
           "parameters of elements without their size are not refused");
    law = lasting_law(ENGRAM_EXPONENTIAL);
    law.tau_s = 0;
    none = (struct engram_law_each){.size = sizeof none, .scale_s = &one};
    expect_ok(engram_decay_f32(&law, &none, &one, &one, ENGRAM_AGE_F32, 0, 1, &out), "decay");
    expect_near((double)out, exp(-1), 1e-6, "without a tau_s of the law", 0);
}

/* ---- hosts that take denormals for zeros ------------------------------------------------- */

enum { FEW = 100, ELEMENTARY = 6 };

/* What the elementary functions and decay make of a case. */
static void elementary(struct random r, float out[ELEMENTARY][FEW])
{
    float x[FEW], y[FEW], scale_s[FEW];
    double fine[FEW];
    uint64_t whole[FEW];
    size_t n = random_below(&r, FEW + 1);
    uint32_t tiny = random_below(&r, 8); /* one in so many is denormal */
    for (size_t i = 0; i < n; i++) {
        uint32_t choice = random_below(&r, 8);
        x[i] = choice == 0 ? odd_number(&r) : choice == 1 ? any_float(&r) : 0;
        x[i] = choice > 1 ? (float)random_between(&r, -2, 2) : x[i];
        y[i] = (float)random_between(&r, -30, 30);
        scale_s[i] = choice == 2 ? y[i] : (float)exp(random_between(&r, -3, 18));
        whole[i] = random_next(&r) >> random_below(&r, 64);
        fine[i] = exp(random_between(&r, -100, 20));
        if (random_below(&r, 8) < tiny) {
            uint32_t bits = (uint32_t)random_next(&r) & 0x807fffff;
            memcpy(choice < 4 ? &x[i] : &y[i], &bits, sizeof bits);
            fine[i] = 0x1p-1000 * fine[i];
        }
    }
    float threshold = (float)random_between(&r, -1, 1), temperature = 0.01f + fabsf(threshold);
    struct engram_law law = some_law(&r);
    uint32_t flags = random_below(&r, 2) ? ENGRAM_UNCLAMPED : 0, type = random_below(&r, 3);
    const void *ages = type == ENGRAM_AGE_U64   ? (void *)whole
                       : type == ENGRAM_AGE_F32 ? (void *)y
                                                : (void *)fine;
    expect_ok(engram_exp_f32(x, n, out[0]), "exp_f32");
    expect_ok(engram_log_f32(x, n, out[1]), "log_f32");
    expect_ok(engram_pow_f32(x, y, n, out[2]), "pow_f32");
    expect_ok(engram_sigmoid_f32(x, threshold, temperature, n, out[3]), "sigmoid_f32");
    expect_ok(engram_decay_f32(&law, NULL, x, ages, type, flags, n, out[4]), "decay_f32");
    const struct engram_law_each each = {
        .size = sizeof each, .scale_s = scale_s, .beta = random_below(&r, 2) ? x : NULL};
    expect_ok(engram_decay_f32(&law, &each, x, ages, type, flags, n, out[5]), "decay_f32");
}

static void flushed_bits(struct random *r)
{
    static const char *const names[ELEMENTARY] = {"exp_f32",     "log_f32",   "pow_f32",
                                                  "sigmoid_f32", "decay_f32", "decay_f32 of each"};
    float want[ELEMENTARY][FEW] = {{0}}, got[ELEMENTARY][FEW] = {{0}};
    elementary(*r, want);
    bool before = flush_subnormals(true);
    elementary(*r, got);
    flush_subnormals(before);
    for (size_t f = 0; f < ELEMENTARY; f++)
        for (size_t i = 0; i < FEW; i++)
            expect(memcmp(&got[f][i], &want[f][i], sizeof **got) == 0 ||
                       (isnan(got[f][i]) && isnan(want[f][i])),
                   "%s: element %zu is %a, not %a", names[f], i, got[f][i], want[f][i]);
}

/* ---- graphs ----------------------------------------------------------------------------- */

static struct edges {
    uint32_t nodes, offsets[NODES + 1], targets[NODES * NODES];
    float weights[NODES * NODES];
    uint8_t classes[NODES * NODES];
} g;

static void add_edge(struct edges *e, uint32_t target, float weight)
{
    uint32_t i = e->offsets[e->nodes]++;
    e->targets[i] = target;
    e->weights[i] = weight;
    e->classes[i] = 0;
}

/* The row of the next node, and its end. Rows are filled in order. */
static void begin_row(struct edges *e)
{
    e->offsets[e->nodes + 1] = e->offsets[e->nodes];
    e->nodes++;
}

static void begin_graph(struct edges *e)
{
    e->nodes = 0;
    e->offsets[0] = 0;
}

static void random_digraph(struct random *r, double low, double high)
{
    uint32_t n = 10 + random_below(r, 90);
    uint64_t probability = (uint64_t)(random_between(r, 0.05, 0.3) * 0x1p32);
    begin_graph(&g);
    for (uint32_t s = 0; s < n; s++) {
        begin_row(&g);
        for (uint32_t t = 0; t < n; t++)
            if (t != s && random_next(r) >> 32 < probability)
                add_edge(&g, t, (float)random_between(r, low, high));
    }
}

static engram_graph *frozen(const struct edges *e)
{
    engram_graph *graph = NULL;
    expect_ok(
        engram_graph_from_csr(e->nodes, e->offsets, e->targets, e->weights, e->classes, &graph),
        "graph_from_csr");
    return graph;
}

/* ---- spreading by power iteration ------------------------------------------------------- */

static void exact_normalise(double *a, size_t n, uint32_t mode)
{
    double largest = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, a[i]);
        sum += fabs(a[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (mode == ENGRAM_NORMALISE_MAX1 && largest > 1)
            a[i] /= largest;
        if (mode == ENGRAM_NORMALISE_L1 && sum > 0)
            a[i] /= sum;
        if (mode == ENGRAM_NORMALISE_CLAMP01)
            a[i] = fmin(fmax(a[i], 0), 1);
    }
}

static void exact_spread(const struct edges *e, const struct engram_spread *o, const float *start,
                         double *a)
{
    double x[NODES];
    for (uint32_t i = 0; i < e->nodes; i++)
        a[i] = start[i];
    for (uint32_t step = 0; step < o->steps; step++) {
        memcpy(x, a, e->nodes * sizeof *x);
        for (uint32_t i = 0; i < e->nodes; i++)
            a[i] = o->keep * x[i];
        for (uint32_t s = 0; s < e->nodes; s++)
            for (uint32_t i = e->offsets[s]; i < e->offsets[s + 1]; i++)
                a[e->targets[i]] += (double)o->gain * x[s] * e->weights[i];
        for (uint32_t i = 0; i < e->nodes; i++)
            a[i] = (1.0 - o->restart) * a[i] + (double)o->restart * start[i];
        exact_normalise(a, e->nodes, o->normalise);
    }
}

/* Spreads over g from the start, alone and as a column among others. Errors are judged against the
 * largest value. */
static void compare_spread(const struct engram_spread *o, const float *start, double tolerance)
{
    float a[NODES], many[3 * NODES];
    double exact[NODES], scale = 1;
    engram_graph *graph = frozen(&g);
    memcpy(a, start, g.nodes * sizeof *a);
    expect_ok(engram_graph_spread(graph, o, NULL, a), "spread");
    for (uint32_t i = 0; i < g.nodes; i++) {
        many[3 * i] = start[g.nodes - 1 - i];
        many[3 * i + 1] = start[i];
        many[3 * i + 2] = 0;
    }
    expect_ok(engram_graph_spread_batch(graph, o, 3, NULL, many), "spread_batch");
    for (uint32_t i = 0; i < g.nodes; i++)
        expect(memcmp(&many[3 * i + 1], &a[i], sizeof *a) == 0, "column 1 of node %u is %a not %a",
               i, many[3 * i + 1], a[i]);
    engram_graph_free(graph);
    exact_spread(&g, o, start, exact);
    for (uint32_t i = 0; i < g.nodes; i++)
        scale = fmax(scale, fabs(exact[i]));
    for (uint32_t i = 0; i < g.nodes; i++)
        expect_near(a[i], exact[i], tolerance * scale, "activations", i);
}

static void some_start(struct random *r, double low, float *start)
{
    for (uint32_t i = 0; i < NODES; i++)
        start[i] = (float)random_between(r, low, 1);
}

static struct engram_spread plain_spread(uint32_t steps)
{
    return (struct engram_spread){
        .size = sizeof(struct engram_spread), .steps = steps, .keep = 1, .gain = 1};
}

static void spread(struct random *r)
{
    float start[NODES];
    struct engram_spread o = plain_spread(1 + random_below(r, 9));
    random_digraph(r, 0, 1);
    some_start(r, 0, start);
    compare_spread(&o, start, 1e-6);
}

/* Chains, and stars whose edges go both ways. */
static void spread_shapes(struct random *r)
{
    float start[NODES];
    int star = random_below(r, 2) != 0;
    uint32_t n = star ? 3 + random_below(r, 47) : 2 + random_below(r, 98);
    struct engram_spread o = plain_spread(1 + random_below(r, star ? 9 : 19));
    begin_graph(&g);
    for (uint32_t s = 0; s < n; s++) {
        begin_row(&g);
        for (uint32_t t = 1; t < n && star && s == 0; t++)
            add_edge(&g, t, 1);
        if (star ? s > 0 : s + 1 < n)
            add_edge(&g, star ? 0 : s + 1, 1);
    }
    some_start(r, 0, start);
    for (uint32_t i = 1; i < n && random_below(r, 2); i++)
        start[i] = 0;
    compare_spread(&o, start, 1e-5);
}

/* Dividing by a sum magnifies what is left of terms that cancel; there all are positive. */
static void spread_options(struct random *r)
{
    float start[NODES];
    struct engram_spread o = plain_spread(random_below(r, 10));
    o.normalise = random_below(r, 4);
    double low = o.normalise == ENGRAM_NORMALISE_L1 ? 0 : -1;
    o.keep = (float)random_between(r, low, 1.2);
    o.gain = (float)random_between(r, low, 1.2);
    o.restart = random_below(r, 3) ? (float)random_between(r, 0, 1) : (float)random_below(r, 2);
    random_digraph(r, low, 1);
    for (uint32_t i = 0; i < g.offsets[g.nodes]; i++)
        g.weights[i] *= 0.2f;
    some_start(r, low, start);
    compare_spread(&o, start, 1e-5);
}

/* k1 + k2 steps are k1 steps and then k2; names of nodes do not matter. */
static void spread_relations(struct random *r)
{
    static struct edges renamed;
    float start[NODES], once[NODES], twice[NODES], other[NODES];
    uint32_t name[NODES], who[NODES], k1 = random_below(r, 5), k2 = random_below(r, 5);
    struct engram_spread o = plain_spread(k1 + k2);
    random_digraph(r, 0, 1);
    some_start(r, 0, start);
    engram_graph *graph = frozen(&g);
    memcpy(once, start, sizeof once);
    memcpy(twice, start, sizeof twice);
    expect_ok(engram_graph_spread(graph, &o, NULL, once), "spread");
    o.steps = k1;
    expect_ok(engram_graph_spread(graph, &o, NULL, twice), "spread");
    o.steps = k2;
    expect_ok(engram_graph_spread(graph, &o, NULL, twice), "spread");
    expect_bits(twice, once, g.nodes * sizeof *once, "activations after k1 + k2 steps");
    engram_graph_free(graph);

    for (uint32_t i = 0; i < g.nodes; i++) {
        uint32_t j = random_below(r, i + 1);
        who[i] = who[j];
        who[j] = i;
    }
    for (uint32_t i = 0; i < g.nodes; i++)
        name[who[i]] = i;
    begin_graph(&renamed);
    for (uint32_t i = 0; i < g.nodes; i++) {
        begin_row(&renamed);
        for (uint32_t e = g.offsets[who[i]]; e < g.offsets[who[i] + 1]; e++)
            add_edge(&renamed, name[g.targets[e]], g.weights[e]);
        other[i] = start[who[i]];
    }
    o.steps = k1 + k2;
    graph = frozen(&renamed);
    expect_ok(engram_graph_spread(graph, &o, NULL, other), "spread");
    engram_graph_free(graph);
    for (uint32_t i = 0; i < g.nodes; i++)
        expect_near(other[i], once[who[i]], 2e-6, "activations of renamed nodes", i);
}

static void normalise(struct random *r)
{
    float out[300], by;
    double exact[300], largest = 0;
    size_t n = random_below(r, 300);
    uint32_t mode = random_below(r, 4);
    const float *raw = some(r, random_below(r, 2) ? mixed : units, n);
    for (size_t i = 0; i < n; i++) {
        exact[i] = raw[i];
        largest = fmax(largest, fabs(exact[i]));
    }
    exact_normalise(exact, n, mode);
    expect_ok(engram_normalise_f32(raw, n, 1, mode, &by, out), "normalise");
    for (size_t i = 0; i < n; i++)
        expect_near(out[i], exact[i], 1e-6 * fabs(exact[i]), "normalised", i);
}

/* ---- spreading from a frontier ---------------------------------------------------------- */

static float clamped(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Every node looked at in every hop, in the order and with the roundings of the definition. */
static void naive_frontier(const struct edges *e, const struct engram_frontier *o,
                           const uint32_t *seeds, const float *values, size_t n, float *a,
                           uint16_t *first_hop, uint32_t *contributions, uint64_t *walked)
{
    float delta[NODES] = {0}, inc[NODES];
    uint32_t visits[NODES] = {0}, last[NODES] = {0}, touched[NODES];
    int frontier[NODES] = {0}, next[NODES];
    uint32_t budget = o->visit_budget ? o->visit_budget : 2;
    float penalty = o->cycle_penalty != 0 ? o->cycle_penalty : 0.93f;
    *walked = 0;
    for (uint32_t i = 0; i < e->nodes; i++) {
        a[i] = 0;
        first_hop[i] = 65535;
        contributions[i] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        a[seeds[i]] += values[i];
        first_hop[seeds[i]] = 0;
        frontier[seeds[i]] = visits[seeds[i]] = 1;
    }
    for (uint32_t i = 0; i < e->nodes; i++)
        delta[i] = a[i] = clamped(a[i]);

    for (uint32_t h = 1; h <= o->hops; h++) {
        float threshold = o->threshold ? o->threshold[h - 1] : 0,
              step = o->step ? o->step[h - 1] : 1;
        memset(inc, 0, sizeof inc);
        memset(touched, 0, sizeof touched);
        memset(next, 0, sizeof next);
        for (uint32_t s = 0; s < e->nodes; s++) {
            float degree = (float)(e->offsets[s + 1] - e->offsets[s]), v = delta[s] * step;
            if (!frontier[s] || degree == 0)
                continue;
            if (o->fan == ENGRAM_FAN_LINEAR)
                v = v / degree;
            if (o->fan == ENGRAM_FAN_SQRT)
                v = v / sqrtf(degree);
            if (o->fan == ENGRAM_FAN_ACTR)
                v = v * (float)((double)o->fan_strength - engram_log((double)degree + 1));
            for (uint32_t i = e->offsets[s]; i < e->offsets[s + 1]; i++) {
                uint32_t t = e->targets[i], class = e->classes[i];
                float gain = o->gain ? o->gain[class] : class == 1 ? -1 : class == 2 ? 0.5f : 1;
                float w = e->weights[i] * gain, c = v * w;
                if (o->accumulate == ENGRAM_SUM)
                    inc[t] = fmaf(v, w, inc[t]);
                else if (o->accumulate == ENGRAM_NOISY_OR)
                    inc[t] = fmaf(c, 1 - inc[t], inc[t]);
                else if (fabsf(c) > fabsf(inc[t]))
                    inc[t] = c;
                touched[t]++;
                ++*walked;
            }
        }
        for (uint32_t t = 0; t < e->nodes; t++) {
            if (!touched[t] || fabsf(inc[t]) < threshold)
                continue;
            float sum = a[t] + inc[t];
            if (o->accumulate == ENGRAM_MAX && inc[t] > 0)
                sum = inc[t] > a[t] ? inc[t] : a[t];
            if (o->accumulate == ENGRAM_NOISY_OR)
                sum = fmaf(inc[t], inc[t] < 0 ? a[t] : 1 - a[t], a[t]);
            float d = clamped(sum) - a[t];
            a[t] = clamped(sum);
            first_hop[t] = first_hop[t] == 65535 ? (uint16_t)h : first_hop[t];
            contributions[t] += touched[t];
            if (d > 0 && visits[t] < budget && (visits[t] == 0 || h - last[t] > o->refractory)) {
                delta[t] = d * (visits[t] ? penalty : 1);
                visits[t]++;
                last[t] = h;
                next[t] = 1;
            }
        }
        memcpy(frontier, next, sizeof frontier);
    }
}

/* The same by the kernel, stopped by budgets again and again. */
static void frontier_by_budgets(struct random *r, const struct engram_graph_view *graph,
                                struct engram_frontier o, const uint32_t *seeds,
                                const float *values, size_t n, const float *want_a,
                                const uint16_t *want_first, const uint32_t *want_contributions,
                                uint64_t want_edges)
{
    static uint64_t memory[NODES * 4];
    uint64_t reached[NODES / 64 + 1] = {0}, before = 0;
    uint32_t contributions[NODES], calls = 0;
    uint16_t first_hop[NODES];
    float a[NODES];
    static const float gain[256] = {1, -1, 0.5f, 1, 1};
    struct engram_walk walk = {.memory = memory, .reached = reached};
    expect(engram_walk_bytes(graph->nodes) <= sizeof memory, "a walk fits");
    o.visit_budget = o.visit_budget ? o.visit_budget : 2;
    o.cycle_penalty = o.cycle_penalty != 0 ? o.cycle_penalty : 0.93f;
    o.gain = o.gain ? o.gain : gain;
    for (; !walk.complete && calls < 10000; calls++, before = walk.edges) {
        o.budget = 1 + random_below(r, 30);
        expect_ok(
            engram_frontier_f32(graph, &o, seeds, values, n, &walk, a, first_hop, contributions),
            "frontier");
        uint64_t spent = walk.edges - before;
        expect(spent <= o.budget || spent <= graph->edges, "%llu edges of a budget of %llu",
               (unsigned long long)spent, (unsigned long long)o.budget);
    }
    expect(walk.complete == 1 && walk.edges == want_edges, "%llu edges in all, not %llu",
           (unsigned long long)walk.edges, (unsigned long long)want_edges);
    for (uint32_t i = 0; i < graph->nodes; i++)
        if (reached[i / 64] >> i % 64 & 1)
            expect(memcmp(&a[i], &want_a[i], sizeof *a) == 0 && first_hop[i] == want_first[i] &&
                       contributions[i] == want_contributions[i],
                   "node %u in %u calls: %.9g, hop %u, of %u, not %.9g, %u, %u", i, calls, a[i],
                   first_hop[i], contributions[i], want_a[i], want_first[i], want_contributions[i]);
        else
            expect(want_a[i] == 0 && want_first[i] == 65535, "node %u is not reached", i);
}

static void frontier(struct random *r)
{
    float step[8], threshold[8], gain[256], values[20], a[NODES], want_a[NODES];
    uint16_t first_hop[NODES], want_first[NODES];
    uint32_t seeds[20], contributions[NODES], want_contributions[NODES];
    uint64_t edges = 0, want_edges;
    size_t n = random_below(r, 20);
    begin_graph(&g);
    uint32_t nodes = 1 + random_below(r, 60), degree = 1 + random_below(r, 6);
    int coarse = random_below(r, 3) == 0; /* equal contributions occur */
    float least = random_below(r, 2) ? 0
                  : coarse           ? -1
                                     : -0.3f,
          heavy = random_below(r, 16) ? 1 : 1e30f;
    for (uint32_t s = 0; s < nodes; s++) {
        begin_row(&g);
        for (uint32_t i = random_below(r, degree + 1); i > 0; i--) {
            float weight = (float)random_between(r, least, 1) * heavy;
            add_edge(&g, random_below(r, nodes), coarse ? rintf(4 * weight) / 4 : weight);
            g.classes[g.offsets[g.nodes] - 1] =
                (uint8_t)(random_below(r, 4) ? 0 : random_below(r, 5));
        }
    }
    for (int i = 0; i < 8; i++) {
        step[i] = (float)random_between(r, 0.2, 1);
        threshold[i] = random_below(r, 2) ? 0 : (float)random_between(r, 0, 0.3);
    }
    for (int i = 0; i < 256; i++)
        gain[i] = (float)random_between(r, -0.5, 1);
    for (size_t i = 0; i < n; i++) {
        seeds[i] = random_below(r, nodes);
        values[i] = (float)random_between(r, -0.2, 1);
    }
    struct engram_frontier o = {.size = sizeof o, .hops = random_below(r, 9)};
    o.fan = random_below(r, 4);
    o.fan_strength = (float)random_between(r, 0, 2);
    o.accumulate = heavy > 1 ? ENGRAM_SUM : random_below(r, 3);
    o.visit_budget = random_below(r, 5);
    o.refractory = random_below(r, 4);
    o.cycle_penalty = random_below(r, 2) ? 0 : (float)random_between(r, 0.1, 1);
    o.step = random_below(r, 3) ? step : NULL;
    o.threshold = random_below(r, 3) ? threshold : NULL;
    o.gain = random_below(r, 3) ? NULL : gain;

    engram_graph *graph = frozen(&g);
    expect_ok(engram_graph_frontier(graph, &o, seeds, values, n, NULL, a, first_hop, contributions,
                                    &edges),
              "frontier");
    naive_frontier(&g, &o, seeds, values, n, want_a, want_first, want_contributions, &want_edges);
    struct engram_graph_view view;
    engram_graph_get(graph, &view);
    frontier_by_budgets(r, &view, o, seeds, values, n, want_a, want_first, want_contributions,
                        want_edges);
    engram_graph_free(graph);
    for (uint32_t i = 0; i < nodes; i++) {
        expect(memcmp(&a[i], &want_a[i], sizeof *a) == 0, "activations[%u] is %.9g, not %.9g", i,
               a[i], want_a[i]);
        expect(first_hop[i] == want_first[i], "first_hop[%u] is %u, not %u", i, first_hop[i],
               want_first[i]);
        expect(contributions[i] == want_contributions[i], "contributions[%u] is %u, not %u", i,
               contributions[i], want_contributions[i]);
    }
    expect(edges == want_edges, "%llu edges walked, not %llu", (unsigned long long)edges,
           (unsigned long long)want_edges);
}

/* ---- worked examples -------------------------------------------------------------------- */

static void cosine_is(double want, double tolerance, float q0, float q1, float c0, float c1)
{
    float query[] = {q0, q1}, row[] = {c0, c1}, score = 9;
    expect_ok(engram_cosines_f32(query, row, NULL, 1, 2, &score), "cosines");
    expect(fabs(score - want) <= tolerance, "(%g, %g) and (%g, %g): %.9g, not %.9g", q0, q1, c0, c1,
           score, want);
    engram_vector_similarity(query, row, &score, 2, 1);
    expect(fabs(score - want) <= tolerance, "(%g, %g) and (%g, %g): %.9g by the old name", q0, q1,
           c0, c1, score);
}

static void similarity_examples(struct random *r)
{
    (void)r;
    float up[] = {1, 2, 3, 4, 5, 6, 7, 8}, down[] = {8, 7, 6, 5, 4, 3, 2, 1}, score = 9;
    float large[] = {1e20f, 2e20f, 3e20f, 4e20f}, reversed[] = {4e20f, 3e20f, 2e20f, 1e20f};
    float vast[] = {3e38f, 3e38f, 3e38f, 3e38f};
    cosine_is(1, 0, 1, 0, 1, 0);
    cosine_is(0, 0, 1, 0, 0, 1);
    expect_near(engram_cosine_f32(up, down, 8), 120.0 / 204, 1e-6, "1 .. 8 and 8 .. 1", 0);
    cosine_is(0.96, 1e-6, 3, 4, 4, 3);
    cosine_is(-1, 0, 3, 4, -3, -4);
    cosine_is(0.6, 1e-6, 3, 4, 2e-15f, 0);
    expect_near(engram_cosine_f32(large, reversed, 4), 2.0 / 3, 1e-6, "1e20 .. 4e20 and reversed",
                0);
    expect_near(engram_cosine_f32(large, large, 4), 1, 1e-6, "1e20 .. 4e20 with itself", 0);
    expect_near(engram_cosine_f32(vast, vast, 4), 1, 1e-6, "a norm beyond float", 0);
    expect_near(engram_cosine_f32(vast, up, 4), 5 / sqrt(30), 1e-6,
                "a norm beyond float and a small one", 0);
    expect(engram_norm_f32(vast, 4) == INFINITY, "a norm beyond float is %g",
           engram_norm_f32(vast, 4));
    expect_near(engram_norm_f32(large, 4), sqrt(30) * 1e20, 1e14, "the norm of 1e20 .. 4e20", 0);
    cosine_is(1, 0, 1, 1, 1, 1);

    /* No match rather than NaN. */
    static const float bad[][2] = {{0, 0},           {1, NAN},          {NAN, NAN},
                                   {INFINITY, 1},    {-INFINITY, 1},    {1e-16f, 0},
                                   {1e-45f, 1e-45f}, {5e-16f, -5e-16f}, {INFINITY, NAN},
                                   {-0.0f, 0},       {1e-38f, 1e-38f},  {INFINITY, -INFINITY}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cosine_is(0, 0, bad[i][0], bad[i][1], 3, 4);
        cosine_is(0, 0, 3, 4, bad[i][0], bad[i][1]);
        cosine_is(0, 0, bad[i][0], bad[i][1], bad[i][0], bad[i][1]);
        expect(engram_norm_f32(bad[i], 2) == 0, "norm of (%g, %g) is %g", bad[i][0], bad[i][1],
               engram_norm_f32(bad[i], 2));
    }
    float three[] = {3, 4, NAN, 1, 4, 3}, scores[3];
    expect_ok(engram_cosines_f32(up, three, NULL, 3, 2, scores), "cosines");
    expect(scores[0] > 0.9f && scores[1] == 0 && scores[2] > 0.8f,
           "a row with NaN touches its neighbours");
    expect_ok(engram_cosines_f32(up, up, NULL, 1, 0, &score), "no dimensions");
    expect(score == 0, "the score of vectors without elements is %g", score);
    expect_ok(engram_cosines_f32(NULL, NULL, NULL, 0, 3, NULL), "no rows");
    expect_ok(engram_norms_f32(NULL, 0, 3, NULL), "no rows");
    expect(engram_dot_f32(NULL, NULL, 0) == 0 && engram_squared_l2_f32(NULL, NULL, 0) == 0,
           "empty sums");
    expect(isnan(engram_dot_f32(bad[1], up, 2)) && engram_dot_f32(bad[3], up, 2) == INFINITY,
           "a product with NaN or infinity has it too");
    expect_ok(engram_weighted_sum_f32(NULL, NULL, NULL, 0, 1, &score), "a sum of no rows");
    expect(score == 0, "a sum of no rows is %g", score);
}

static void spread_is(const struct edges *e, uint32_t steps, const float *start, const float *want,
                      double tolerance)
{
    float a[NODES];
    struct engram_spread o = plain_spread(steps);
    engram_graph *graph = frozen(e);
    memcpy(a, start, e->nodes * sizeof *a);
    expect_ok(engram_graph_spread(graph, &o, NULL, a), "spread");
    for (uint32_t i = 0; i < e->nodes; i++)
        expect_near(a[i], want[i], tolerance, "activations", i);
    engram_graph_free(graph);
}

static void spread_examples(struct random *r)
{
    (void)r;
    struct edges *chain =
        &(struct edges){.nodes = 3, .offsets = {0, 1, 2, 2}, .targets = {1, 2}, .weights = {1, 1}};
    float cue[] = {1, 0, 0, 0, 0}, third = 1.0f / 3;
    spread_is(chain, 0, cue, cue, 0);
    spread_is(chain, 1, cue, (float[]){1, 1, 0}, 0);
    spread_is(chain, 2, cue, (float[]){0.5f, 1, 0.5f}, 0);
    spread_is(chain, 3, cue, (float[]){third, 1, 1}, 1e-7);

    struct edges *four = &(struct edges){.nodes = 4,
                                         .offsets = {0, 3, 3, 4, 4},
                                         .targets = {1, 2, 3, 3},
                                         .weights = {0.5f, 0.3f, 0.2f, 0.4f}};
    spread_is(four, 1, (float[]){1, 0, 0.5f, 0}, (float[]){1, 0.5f, 0.8f, 0.4f}, 1e-6);
    spread_is(four, 2, (float[]){1, 0, 0.5f, 0}, (float[]){0.909091f, 0.909091f, 1, 0.836364f},
              1e-6);

    struct edges *inhibitory = &(struct edges){
        .nodes = 3, .offsets = {0, 2, 2, 2}, .targets = {1, 2}, .weights = {1, -0.5f}};
    spread_is(inhibitory, 1, cue, (float[]){1, 1, -0.5f}, 0);
    spread_is(inhibitory, 2, cue, (float[]){0.5f, 1, -0.5f}, 0);
    spread_is(inhibitory, 5, cue, (float[]){0.2f, 1, -0.5f}, 1e-6);

    struct edges *five = &(struct edges){.nodes = 5,
                                         .offsets = {0, 1, 2, 3, 4, 4},
                                         .targets = {1, 2, 3, 4},
                                         .weights = {0.9f, 0.9f, 0.9f, 0.9f}};
    spread_is(five, 5, cue, (float[]){0.12346f, 0.55556f, 1, 0.9f, 0.405f}, 6e-6);
    spread_is(five, 10, cue, (float[]){0.00726f, 0.06532f, 0.26455f, 0.63492f, 1}, 6e-6);

    struct edges *loop =
        &(struct edges){.nodes = 1, .offsets = {0, 1}, .targets = {0}, .weights = {2}};
    for (uint32_t k = 1; k < 6; k++)
        spread_is(loop, k, (float[]){1}, (float[]){1}, 0);
    spread_is(loop, 5, (float[]){-1}, (float[]){-243}, 0);

    struct edges *bare = &(struct edges){.nodes = 2};
    spread_is(bare, 1, (float[]){2, 0}, (float[]){1, 0}, 0);

    /* What is too large for float stops at the last whole step. */
    struct edges *growing =
        &(struct edges){.nodes = 1, .offsets = {0, 1}, .targets = {0}, .weights = {1e20f}};
    struct engram_spread o = plain_spread(3);
    o.normalise = ENGRAM_NORMALISE_NONE;
    engram_graph *graph = frozen(growing);
    float a = 1;
    expect(engram_graph_spread(graph, &o, NULL, &a) == ENGRAM_ERANGE, "a step beyond float");
    expect(a == 1 + 1e20f, "after it stands %g", a);
    a = NAN;
    expect(engram_graph_spread(graph, &o, NULL, &a) == ENGRAM_ENONFINITE, "a start that is NaN");
    engram_graph_free(graph);
    float vast[] = {3e38f, -3e38f, 3e38f, 3e38f}, out[4] = {9, 9, 9, 9}, by;
    expect(engram_normalise_f32(vast, 4, 1, ENGRAM_NORMALISE_L1, &by, out) == ENGRAM_ERANGE &&
               out[0] == 9,
           "a sum of magnitudes beyond float");
    expect_ok(engram_normalise_f32(vast, 4, 1, ENGRAM_NORMALISE_MAX1, &by, out), "a large maximum");
    expect(out[0] == 1 && out[1] == -1, "of the largest there is %g and %g", out[0], out[1]);
}

static void decay_is(float strength, uint64_t age, double want)
{
    struct engram_law day = {.size = sizeof day, .curve = ENGRAM_EXPONENTIAL, .tau_s = 86400};
    float out = 9;
    expect_ok(engram_decay_f32(&day, NULL, &strength, &age, ENGRAM_AGE_U64, 0, 1, &out), "decay");
    expect_near(out, want, 1e-6 * strength, "strength at age", age);
    engram_apply_decay(&strength, &age, 1);
    expect_near(strength, want, 1e-6 * strength, "strength by the old name at age", age);
}

static void decay_examples(struct random *r)
{
    (void)r;
    decay_is(1, 0, 1);
    decay_is(1, 3600, 0.95918946);
    decay_is(1, 86400, 0.36787944);
    decay_is(1, 172800, 0.13533528);
    decay_is(1, 604800, 9.1188197e-4);
    decay_is(0.8f, 3600, 0.76735157);
    decay_is(1, 1000000000, 0);
    decay_is(1e-38f, 86400, 0);
    float twice[] = {1};
    uint64_t half_day = 43200;
    engram_apply_decay(twice, &half_day, 1);
    engram_apply_decay(twice, &half_day, 1);
    expect_near(twice[0], 0.36787944, 1e-6, "two half days", 0);

    float strength = -0.0f, out = 9;
    struct engram_law day = {
        .size = sizeof day, .curve = ENGRAM_EXPONENTIAL, .tau_s = engram_tau_s(86400)};
    uint64_t age = 86400;
    expect_ok(engram_decay_f32(&day, NULL, NULL, &age, ENGRAM_AGE_U64, 0, 1, &out), "decay");
    expect_near(out, 0.5, 1e-6, "a half-life", 0);
    expect_near(engram_tau_s(86400), 124648.9, 0.1, "tau of a half-life of a day", 0);
    age = 10;
    expect_ok(
        engram_decay_f32(&day, NULL, &strength, &age, ENGRAM_AGE_U64, ENGRAM_UNCLAMPED, 1, &out),
        "decay");
    expect(out == 0 && !signbit(out), "-0 does not become +0");
    expect_ok(engram_decay_f32(&day, NULL, NULL, NULL, ENGRAM_AGE_F32, 0, 0, NULL),
              "nothing decays");
}

static void frontier_examples(struct random *r)
{
    (void)r;
    struct edges *diamond = &(struct edges){.nodes = 4,
                                            .offsets = {0, 2, 3, 4, 4},
                                            .targets = {1, 2, 3, 3},
                                            .weights = {0.8f, 0.5f, 0.9f, 0.6f}};
    float step[] = {(float)exp(-0.7), (float)exp(-0.7)}, threshold[] = {0.05f, 0.05f}, one = 1,
          a[4];
    uint16_t first_hop[4];
    uint32_t seed = 0, contributions[4];
    uint64_t edges;
    struct engram_frontier o = {.size = sizeof o, .hops = 2, .step = step, .threshold = threshold};
    engram_graph *graph = frozen(diamond);
    expect_ok(
        engram_graph_frontier(graph, &o, &seed, &one, 1, NULL, a, first_hop, contributions, &edges),
        "frontier");
    static const double want[] = {1, 0.39727, 0.24829, 0.25153};
    static const uint16_t hops[] = {0, 1, 1, 2};
    static const uint32_t took[] = {0, 1, 1, 2};
    for (size_t i = 0; i < 4; i++) {
        expect_near(a[i], want[i], 5e-6, "activations", i);
        expect(first_hop[i] == hops[i] && contributions[i] == took[i], "node %zu: hop %u, %u edges",
               i, first_hop[i], contributions[i]);
    }
    expect(edges == 4, "%llu edges walked", (unsigned long long)edges);

    /* No hops: the seeds, several values of one added and clamped. */
    uint32_t seeds[] = {2, 1, 2, 3};
    float values[] = {0.7f, 0.25f, 0.6f, -1};
    o.hops = 0;
    expect_ok(engram_graph_frontier(graph, &o, seeds, values, 4, NULL, a, NULL, NULL, NULL),
              "frontier");
    expect(a[0] == 0 && a[1] == 0.25f && a[2] == 1 && a[3] == 0, "seeds alone: %g %g %g %g", a[0],
           a[1], a[2], a[3]);
    engram_graph_free(graph);

    edges = 9;
    graph = frozen(&(struct edges){.nodes = 0});
    expect_ok(engram_graph_frontier(graph, &o, NULL, NULL, 0, NULL, NULL, NULL, NULL, &edges),
              "no nodes");
    expect(edges == 0, "%llu edges walked where there are none", (unsigned long long)edges);
    engram_graph_free(graph);
    edges = 9;
    struct engram_graph_view nothing = {.nodes = 0};
    struct engram_walk walk = {.edges = 9};
    expect_ok(engram_frontier_f32(&nothing, &o, NULL, NULL, 0, &walk, NULL, NULL, NULL),
              "no nodes");
    edges = walk.edges;
    expect(edges == 0 && walk.complete, "%llu edges walked where there are none, by the kernel",
           (unsigned long long)edges);
}

/* ---- start ------------------------------------------------------------------------------ */

static const struct group {
    const char *name, *claim;
    void (*one)(struct random *r);
    uint32_t cases;
    int flushed; /* while the processor takes denormals for zeros */
    int once;    /* rungs make no difference */
} groups[] = {
    {"similarity-examples", "cosines have their values, and odd vectors match nothing",
     similarity_examples, 1, 0, 0},
    {"similarity", "cosines are within 1e-6 of binary64", similarity, 10002, 0, 0},
    {"similarity-relations", "cosines are symmetric, scale-invariant and blind to batches",
     similarity_relations, 1000, 0, 0},
    {"masked-similarity", "masked cosines are within 1e-6 of binary64, those of zeros elsewhere",
     masked_similarity, 10000, 0, 0},
    {"products", "products and distances are within 1e-6 of their terms", products, 10000, 0, 0},
    {"forms", "forms are within half a step, their cosines within what that allows", forms, 10000,
     0, 0},
    {"forms-flushed", "forms are the same while denormals count as zero", forms_flushed, 10000, 0,
     0},
    {"weighted-sum", "weighted sums are within a rounding a term", weighted_sum, 10000, 0, 0},
    {"axpy", "a * x + y is rounded once", axpy, 10000, 0, 0},
    {"top-k", "the best k of blocks are those of a sort", top_k, 10000, 0, 0},
    {"softmax-corners", "shares have their values, and beta its range", softmax_corners, 1, 0, 0},
    {"softmax", "shares are within 1e-6 of the largest", softmax, 10000, 0, 0},
    {"k-winners", "winners are told in order, subnormal numbers among them", k_winners, 100, 0, 0},
    {"noisy-or", "chances are combined as in binary64", noisy_or, 10000, 0, 1},
    {"moments", "mean and variance are within 1e-14", moments, 10000, 0, 0},
    {"exp", "exp_f32 is within 2 ulp", exp_f32, 10000, 0, 0},
    {"log", "log_f32 is within 3 ulp", log_f32, 10000, 0, 0},
    {"pow", "pow_f32 is within 1 ulp", pow_f32, 10000, 0, 0},
    {"sigmoid", "sigmoid_f32 is within 4 ulp", sigmoid_f32, 10000, 0, 0},
    {"binary64", "exp, log and pow are within 1, 1.5 and 2 ulp", binary64_functions, 20000, 0, 1},
    {"decay-examples", "strengths have their values", decay_examples, 1, 0, 0},
    {"decay-corners", "decay has no NaN in its corners and refuses what is no parameter",
     decay_corners, 1, 0, 0},
    {"decay", "strengths are within 1e-6 of binary64", decay, 10000, 0, 0},
    {"decay-relations", "strengths start at 1 and fall with age, and ages add up", decay_relations,
     5000, 0, 0},
    {"spread-examples", "spreading has its values", spread_examples, 1, 0, 0},
    {"spread", "spreading is within 1e-6 of binary64", spread, 10000, 0, 0},
    {"spread-shapes", "spreading over chains and stars is within 1e-5", spread_shapes, 5000, 0, 0},
    {"spread-options", "spreading with all options is within 1e-5", spread_options, 3000, 0, 0},
    {"spread-relations", "steps add up, and the names of nodes do not matter", spread_relations,
     1000, 0, 0},
    {"normalise", "normalisation is within 1e-6", normalise, 10000, 0, 0},
    {"frontier-examples", "a frontier has its values", frontier_examples, 1, 0, 0},
    {"frontier", "a frontier gives the bits of the definition", frontier, 10000, 0, 0},
    {"flushed-bits", "denormals taken for zeros change no bit", flushed_bits, 10000, 0, 0},
    {"log-flushed", "log_f32 holds while denormals count as zero", log_f32, 1000, 1, 0},
    {"pow-flushed", "pow_f32 holds while denormals count as zero", pow_f32, 1000, 1, 0},
    {"similarity-flushed", "cosines hold while denormals count as zero", similarity, 1000, 1, 0},
    {"decay-flushed", "strengths hold while denormals count as zero", decay, 1000, 1, 0},
    {"spread-flushed", "spreading holds while denormals count as zero", spread, 1000, 1, 0},
};

static void run_group(const struct group *group, const char *rung, uint64_t seed)
{
    memset(&verdict, 0, sizeof verdict);
    for (; verdict.number < group->cases; verdict.number++) {
        struct random r = random_for(seed, group->name, verdict.number);
        bool before = flush_subnormals(group->flushed);
        group->one(&r);
        flush_subnormals(before);
    }
    ok(!verdict.failed, "%s %s: %s (%u cases, %.0f %% of what is allowed)", group->name, rung,
       group->claim, group->cases, 100 * verdict.worst);
    if (verdict.failed)
        diag("%d times; %s", verdict.failed, verdict.first);
}

int main(int argc, char **argv)
{
    enum { GROUPS = sizeof groups / sizeof *groups };
    int chosen[GROUPS] = {0}, any = 0;
    uint64_t seed = (uint64_t)time(NULL) % 1000000;
    for (int i = 1; i < argc; i++) {
        int known = 0;
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
            continue;
        }
        for (int j = 0; j < GROUPS; j++)
            if (strcmp(argv[i], groups[j].name) == 0)
                known = any = chosen[j] = 1;
        if (!known) {
            fprintf(stderr, "oracle.t: %s\nusage: oracle.t [--seed N] [group ...]\n", argv[i]);
            return 2;
        }
    }
    diag("seed %llu", (unsigned long long)seed);
    engram_init(NULL);
    make_data(seed);
    for (int i = 0; i < RUNGS; i++) {
        if (engram_isa_set(engram_rung_names[i]) != ENGRAM_OK ||
            strcmp(engram_isa(), engram_rung_names[i]) != 0) {
            skip("this machine has no %s", engram_rung_names[i]);
            continue;
        }
        for (int j = 0; j < GROUPS; j++)
            if ((chosen[j] || !any) && (i == 0 || !groups[j].once))
                run_group(&groups[j], engram_rung_names[i], seed);
    }
    engram_deinit_thread_arena();
    return done();
}
