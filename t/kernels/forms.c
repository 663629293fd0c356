/* forms.c - cases: half floats, bytes and signs made of rows; dot products with half floats.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const float *floats, *norms, *query;
static const uint16_t *half_rows;
static uint16_t *halves;
static int8_t *bytes;
static float *out;
static uint64_t *words;
static size_t first;

static size_t padded(const struct kcall *call)
{
    return (call->n + 63) / 64 * 64;
}

/* ---- encoding --------------------------------------------------------------------------- */

static void make_rows(struct kcall *call, double bytes_out)
{
    float *lengths = kblock(call, call->rows, sizeof *lengths, KINPUT);
    floats = kfloats(call, call->rows * call->n, -1, 1);
    norms = lengths;
    engram_norms_f32(floats, call->rows, call->n, lengths);
    call->bytes = (4.0 + bytes_out) * (double)call->rows * (double)call->n;
    call->flops = (double)call->rows * (double)call->n;
}

static float quotient(const struct kcall *call, size_t i, size_t j)
{
    return j < call->n && norms[i] != 0 ? floats[i * call->n + j] / norms[i] : 0;
}

static void make_halves(struct kcall *call)
{
    make_rows(call, 2);
    halves = kblock(call, call->rows * padded(call), sizeof *halves, KBYTES);
}

static void run_bf16(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(encode_bf16, version)(floats, norms, call->rows, call->n, halves);
}

static double bf16_value(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* x rounded to `bits` bits of precision, none below `least`. */
static double rounded(double x, int bits, int least)
{
    int exponent;
    frexp(x, &exponent);
    double step = ldexp(1, (exponent > least ? exponent : least) - bits);
    return rint(x / step) * step;
}

static int bf16_is_plain(const struct kcall *call)
{
    for (size_t i = 0; i < call->rows; i++)
        for (size_t j = 0; j < padded(call); j++) {
            double x = (double)quotient(call, i, j);
            double want = fabs(x) < 0x1p-60 ? 0 : rounded(x, 8, -59);
            if (bf16_value(halves[i * padded(call) + j]) != want)
                return 0;
        }
    return 1;
}

const struct kcase case_encode_bf16 = {"encode_bf16", 6, 768, make_halves, run_bf16, bf16_is_plain};

static void run_f16(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(encode_f16, version)(floats, norms, call->rows, call->n, halves);
}

static double f16_value(uint16_t x)
{
    int exponent = x >> 10 & 31, fraction = x & 1023;
    double size = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return x >> 15 ? -size : size;
}

static int f16_is_plain(const struct kcall *call)
{
    for (size_t i = 0; i < call->rows; i++)
        for (size_t j = 0; j < padded(call); j++)
            if (f16_value(halves[i * padded(call) + j]) !=
                rounded((double)quotient(call, i, j), 11, -13))
                return 0;
    return 1;
}

const struct kcase case_encode_f16 = {"encode_f16", 6, 768, make_halves, run_f16, f16_is_plain};

static void make_bytes(struct kcall *call)
{
    make_rows(call, 1);
    bytes = kblock(call, call->rows * padded(call), sizeof *bytes, KBYTES);
    out = kblock(call, call->rows, sizeof *out, KFLOATS);
}

static void run_int8(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(encode_int8, version)(floats, norms, call->rows, call->n, bytes, out);
}

static int int8_is_plain(const struct kcall *call)
{
    for (size_t i = 0; i < call->rows; i++) {
        const float *row = floats + i * call->n;
        float most = 0;
        for (size_t j = 0; j < call->n && norms[i] != 0; j++)
            most = fmaxf(most, fabsf(row[j]));
        for (size_t j = 0; j < padded(call); j++) {
            float scaled = j < call->n && norms[i] != 0 ? row[j] * (127 / most) : 0;
            if (bytes[i * padded(call) + j] != (int)rintf(scaled))
                return 0;
        }
        if (!ksame(out[i], norms[i] != 0 ? most / norms[i] / 127 : 0))
            return 0;
    }
    return 1;
}

const struct kcase case_encode_int8 = {"encode_int8", 5, 768, make_bytes, run_int8, int8_is_plain};

static void make_signs(struct kcall *call)
{
    make_rows(call, 0.125);
    first = kchoose(call, 20);
    words = kblock(call, (first + call->rows + 7) / 8 * padded(call) / 8, sizeof *words, KBYTES);
}

static void run_sign(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(encode_sign, version)(floats, norms, call->rows, call->n, first, words);
}

/* Every word, those of neighbouring rows too, which stay as they were. */
static int sign_is_plain(const struct kcall *call)
{
    const struct kblock *block = &call->block[call->blocks - 1];
    size_t columns = padded(call) / 64;
    for (size_t at = 0; at < block->bytes / 8; at++) {
        size_t row = at / (8 * columns) * 8 + at % 8, w = at / 8 % columns;
        uint64_t want = 0;
        if (row < first || row >= first + call->rows)
            memcpy(&want, block->before + 8 * at, 8);
        else
            for (size_t j = 64 * w; j < call->n && j < 64 * w + 64; j++)
                want |= (uint64_t)(norms[row - first] != 0 &&
                                   floats[(row - first) * call->n + j] <= -FLT_MIN)
                        << j % 64;
        if (words[at] != want)
            return 0;
    }
    return 1;
}

const struct kcase case_encode_sign = {"encode_sign", 4.125,    768,
                                       make_signs,    run_sign, sign_is_plain};

/* ---- dot products ----------------------------------------------------------------------- */

/* Halves of any bits, or such as rows of random numbers have. */
static void make_dots(struct kcall *call)
{
    size_t n = call->rows * padded(call);
    uint16_t *rows = kblock(call, n, sizeof *rows, KINPUT);
    int any = kchoose(call, 3) == 2;
    for (size_t j = 0; j < n; j++)
        rows[j] = any ? (uint16_t)random_next(&call->random)
                      : (uint16_t)(0x2c00 + random_below(&call->random, 0x400) +
                                   (random_below(&call->random, 2) << 15));
    half_rows = rows;
    query = kfloats(call, padded(call), -1, 1);
    out = kblock(call, call->rows, sizeof *out, KFLOATS);
    call->bytes = 2.0 * (double)n;
    call->flops = 2.0 * (double)n;
}

static int dots_are_plain(const struct kcall *call, double value(uint16_t x), uint16_t infinity)
{
    for (size_t i = 0; i < call->rows; i++) {
        float lane[64] = {0};
        for (size_t j = 0; j < padded(call); j++) {
            uint16_t x = half_rows[i * padded(call) + j], size = x & 0x7fff;
            float y = size < infinity    ? (float)value(x)
                      : size == infinity ? (x >> 15 ? -INFINITY : INFINITY)
                                         : NAN;
            lane[j % 64] = fmaf(query[j], y, lane[j % 64]);
        }
        if (!ksame(out[i], kfold(lane)))
            return 0;
    }
    return 1;
}

static void run_dots_bf16(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(dots_bf16, version)(query, half_rows, call->rows, padded(call), out);
}

static int dots_bf16_are_plain(const struct kcall *call)
{
    return dots_are_plain(call, bf16_value, 0x7f80);
}

const struct kcase case_dots_bf16 = {"dots_bf16",        2, 768, make_dots, run_dots_bf16,
                                     dots_bf16_are_plain};

static void run_dots_f16(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(dots_f16, version)(query, half_rows, call->rows, padded(call), out);
}

static int dots_f16_are_plain(const struct kcall *call)
{
    return dots_are_plain(call, f16_value, 0x7c00);
}

const struct kcase case_dots_f16 = {"dots_f16",        2, 768, make_dots, run_dots_f16,
                                    dots_f16_are_plain};
