/* topk.c - case: the best k of many scores, merged into a run.
 * SPDX-License-Identifier: MIT */
#include "kcase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float *scores;
static const uint64_t *keep;
static const uint32_t *generations;
static uint32_t first;
static size_t k, had;
static struct engram_hit *hits, *run_before;
static uint64_t *count; /* of hits, after */

static int by_rank(const void *p, const void *q)
{
    const struct engram_hit *one = p, *other = q;
    if (one->score != other->score)
        return one->score < other->score ? 1 : -1;
    return one->id < other->id ? -1 : one->id > other->id;
}

/* Few different scores, so that ties are common, or any. The run so far has slots below first. */
static void make_top_k(struct kcall *call)
{
    size_t n = call->n;
    float *values = kfloats(call, n, -1, 1);
    if (kchoose(call, 2))
        for (size_t i = 0; i < n; i++)
            values[i] = isfinite(values[i]) ? rintf(values[i] * 4) : values[i];
    scores = values;

    first = kchoose(call, 200);
    keep = NULL;
    if (kchoose(call, 2)) {
        uint64_t *bits = kblock(call, (first + n + 63) / 64, sizeof *bits, KINPUT);
        for (size_t i = 0; i < (first + n + 63) / 64; i++)
            bits[i] = random_next(&call->random) | random_next(&call->random);
        keep = bits;
    }
    generations = NULL;
    if (kchoose(call, 2)) {
        uint32_t *some = kblock(call, first + n, sizeof *some, KINPUT);
        for (size_t i = 0; i < first + n; i++)
            some[i] = kchoose(call, 3);
        generations = some;
    }

    static const size_t sizes[] = {10, 1, 2, 3, 64};
    uint32_t choice = kchoose(call, 6);
    k = choice < 5 ? sizes[choice] : n + 2;
    had = first ? kchoose(call, (uint32_t)(k < first ? k : first)) : 0;
    hits = kblock(call, k, sizeof *hits, KBYTES);
    run_before = kblock(call, had, sizeof *hits, KINPUT);
    for (size_t i = 0; i < had; i++)
        hits[i] = (struct engram_hit){.id = i, .score = rint(random_between(&call->random, -4, 4))};
    if (had)
        qsort(hits, had, sizeof *hits, by_rank);
    memcpy(run_before, hits, had * sizeof *hits);
    count = kblock(call, 1, sizeof *count, KBYTES);
    *count = had;
    call->bytes = 4.0 * (double)n;
    call->flops = (double)n;
}

/* What lies behind the count is nobody's business. */
static void run_top_k(struct kcall *call, engram_any_kernel *version)
{
    size_t now = had;
    if (call->timing)
        memcpy(hits, run_before, had * sizeof *hits);
    call->status =
        KVERSION(top_k_f32, version)(scores, call->n, first, keep, generations, k, hits, &now);
    *count = now;
    if (now < k)
        memset(hits + now, 0, (k - now) * sizeof *hits);
}

/* Everything in one list, sorted, cut. */
static int top_k_is_plain(const struct kcall *call)
{
    struct engram_hit *all = malloc((call->n + had + 1) * sizeof *all);
    size_t n = had;
    if (!all)
        return 0;
    memcpy(all, run_before, had * sizeof *all);
    for (size_t i = 0; i < call->n; i++) {
        uint64_t slot = first + i;
        if (isnan(scores[i]) || (keep && !(keep[slot / 64] >> slot % 64 & 1)))
            continue;
        all[n].id = slot + ((uint64_t)(generations ? generations[slot] : 0) << 32);
        all[n++].score = scores[i];
    }
    qsort(all, n, sizeof *all, by_rank);
    n = n < k ? n : k;
    int same = *count == n;
    for (size_t i = 0; same && i < n; i++)
        same = all[i].id == hits[i].id && all[i].score == hits[i].score;
    free(all);
    return same;
}

const struct kcase case_top_k_f32 = {"top_k_f32", 4, 0, make_top_k, run_top_k, top_k_is_plain};
