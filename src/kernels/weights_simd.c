/* weights_simd.c - what scores weigh, over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/elementary_simd.h"
#include "kernels/similarity.h"
#include "kernels/weights.h"
#include "dispatch.h"

enum { REGISTERS = ENGRAM_LANES / VF };

/* ---- softmax */

/* With a NaN among them any number will do: all results are NaN then. */
static float largest(const float *x, size_t n)
{
    float lane[VF], most = -INFINITY;
    vf best = vf_set(-INFINITY);
    size_t i = 0;
    for (; i + VF <= n; i += VF)
        best = vf_max(vf_load(x + i), best);
    vf_store(lane, best);
    EACH (j, VF)
        most = lane[j] > most ? lane[j] : most;
    for (; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

static inline vf grown(vf x, vf beta, vf most)
{
    return vf_exp(vf_mul(beta, vf_sub(x, most)));
}

int NAME(engram_softmax_f32)(const float *x, float beta, size_t n, float *out)
{
    vf b = vf_set(beta), most = vf_set(largest(x, n)), sum[REGISTERS];
    EACH (j, REGISTERS)
        sum[j] = vf_zero();
    size_t i = 0;
    for (; i + ENGRAM_LANES <= n; i += ENGRAM_LANES)
        EACH (j, REGISTERS) {
            vf e = grown(vf_load(x + i + j * VF), b, most);
            vf_store(out + i + j * VF, e);
            sum[j] = vf_add(sum[j], e);
        }
    if (i < n)
        EACH (j, REGISTERS) {
            ptrdiff_t rest = (ptrdiff_t)(n - i) - j * VF;
            size_t at = rest > 0 ? i + (size_t)j * VF : i;
            vf_store_n(out + at, grown(vf_load_n(x + at, rest), b, most), rest);
            sum[j] = vf_add(sum[j], vf_load_n(out + at, rest)); /* zeros behind */
        }
    vf whole = vf_set(vf_fold(sum, REGISTERS)), least = vf_set(FLT_MIN);
    for (i = 0; i < n; i += VF) {
        ptrdiff_t rest = (ptrdiff_t)(n - i);
        vf share = vf_div(rest < VF ? vf_load_n(out + i, rest) : vf_load(out + i), whole);
        share = vf_select(vf_at_most(share, least), vf_zero(), share);
        if (rest < VF)
            vf_store_n(out + i, share, rest);
        else
            vf_store(out + i, share);
    }
    return ENGRAM_OK;
}

/* ---- k-winners */

static inline vi keys(vf x)
{
    vi bits = vi_of_bits(x), size = vi_and(bits, vi_set(0x7fffffff));
    vi key = vi_select(vi_less(bits, vi_set(0)), vi_sub(vi_set(0), size), size);
    return vi_select(vi_less(vi_set(ENGRAM_KEY_MOST), size), vi_set(INT32_MIN), key);
}

static size_t count_from(const float *x, size_t n, int32_t key)
{
    vi below = vi_set(key - 1);
    size_t count = 0, i = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t word = 0;
        EACH (j, 64 / VF)
            word |= (uint64_t)vm_bits(vi_less(below, keys(vf_load(x + i + j * VF)))) << j * VF;
        count += (size_t)__builtin_popcountll(word);
    }
    for (; i < n; i++)
        count += engram_key(x[i]) >= key;
    return count;
}

/* The first `most` of some bits, and how many are left to be had. */
static inline uint32_t first_bits(uint32_t bits, size_t *most)
{
    uint32_t taken = 0;
    for (; bits && *most; bits &= bits - 1, --*most)
        taken |= bits & -bits;
    return taken;
}

int NAME(engram_k_winners_f32)(const float *x, size_t n, size_t k, float *out)
{
    if (k == 0)
        memset(out, 0, n * sizeof *out);
    if (k == 0)
        return ENGRAM_OK;
    struct engram_bar bar = engram_bar_of(x, n, k, count_from);
    vi at = vi_set(bar.key);
    for (size_t i = 0; i < n; i += VF) {
        ptrdiff_t rest = (ptrdiff_t)(n - i);
        vf v = rest < VF ? vf_load_n(x + i, rest) : vf_load(x + i);
        vi key = keys(v);
        uint32_t tied = vm_bits(vi_equal(key, at));
        if (rest < VF)
            tied &= (1u << rest) - 1;
        vm wins = vm_of_bits(vm_bits(vi_less(at, key)) | first_bits(tied, &bar.ties));
        v = vf_select(wins, v, vf_zero());
        if (rest < VF)
            vf_store_n(out + i, v, rest);
        else
            vf_store(out + i, v);
    }
    return ENGRAM_OK;
}
