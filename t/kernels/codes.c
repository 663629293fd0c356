/* codes.c - cases: rows of bytes and rows of signs against a query of their kind.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

static const int8_t *query, *rows;
static const uint64_t *query_words, *blocks;
static const float *factors;
static float *out;

static size_t padded(const struct kcall *call)
{
    return (call->n + 63) / 64 * 64;
}

/* Any bytes but -128; all of them the largest where numbers are huge. */
static int8_t *make_bytes(struct kcall *call, size_t n)
{
    int8_t *made = kblock(call, n, sizeof *made, KINPUT);
    for (size_t i = 0; i < n; i++)
        made[i] = call->kind == KHUGE ? (int8_t)(i % 3 ? 127 : -127)
                                      : (int8_t)((int)random_below(&call->random, 255) - 127);
    return made;
}

static void make_int8(struct kcall *call)
{
    size_t n = call->rows * padded(call);
    query = make_bytes(call, padded(call));
    rows = make_bytes(call, n);
    factors = kfloats(call, call->rows, 0, 1);
    out = kblock(call, call->rows, sizeof *out, KFLOATS);
    call->bytes = (double)n;
    call->flops = 0; /* of floats */
}

static void run_int8(struct kcall *call, engram_any_kernel *version)
{
    call->status =
        KVERSION(dots_int8, version)(query, rows, factors, call->rows, padded(call), out);
}

static int int8_is_plain(const struct kcall *call)
{
    for (size_t i = 0; i < call->rows; i++) {
        double sum = 0;
        for (size_t j = 0; j < padded(call); j++)
            sum += query[j] * rows[i * padded(call) + j];
        if (!ksame(out[i], (float)sum * factors[i]))
            return 0;
    }
    return 1;
}

const struct kcase case_dots_int8 = {"dots_int8", 1, 768, make_int8, run_int8, int8_is_plain};

static uint64_t *make_words(struct kcall *call, size_t n)
{
    uint64_t *made = kblock(call, n, sizeof *made, KINPUT);
    for (size_t i = 0; i < n; i++)
        made[i] = call->kind == KHUGE    ? UINT64_MAX
                  : call->kind == KZEROS ? 0
                                         : random_next(&call->random);
    return made;
}

static void make_sign(struct kcall *call)
{
    query_words = make_words(call, padded(call) / 64);
    blocks = make_words(call, (call->rows + 7) / 8 * padded(call) / 8);
    out = kblock(call, call->rows, sizeof *out, KFLOATS);
    call->bytes = (double)call->rows * (double)padded(call) / 8;
    call->flops = 0;
}

static void run_sign(struct kcall *call, engram_any_kernel *version)
{
    call->status = KVERSION(dots_sign, version)(query_words, blocks, call->rows, call->n, out);
}

static int sign_is_plain(const struct kcall *call)
{
    size_t columns = padded(call) / 64;
    for (size_t i = 0; i < call->rows; i++) {
        long agree = (long)call->n;
        for (size_t j = 0; j < padded(call); j++) {
            uint64_t word = blocks[(i / 8 * columns + j / 64) * 8 + i % 8] ^ query_words[j / 64];
            agree -= 2 * (long)(word >> j % 64 & 1);
        }
        if (!ksame(out[i], (float)agree))
            return 0;
    }
    return 1;
}

const struct kcase case_dots_sign = {"dots_sign", 0.125, 768, make_sign, run_sign, sign_is_plain};
