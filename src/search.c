/* search.c - the rows most like a query: exactly, or by stages over smaller forms.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "bank.h"
#include "dispatch.h"
#include "kernels/elementary.h"
#include "kernels/forms.h"
#include "kernels/heap.h"
#include "kernels/panel.h"
#include "kernels/similarity.h"
#include "scratch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Rows scored at a time by a scan for candidates; bytes of a task, large against what merging costs
 * and small enough to share out; tasks at most, which bounds the scratch. */
enum { BLOCK = 1024, TASK_BYTES = 1 << 23, TASKS = 32 };

/* Queries that are multiplied with the rows together: fewer than these are faster one by one. Blocks
 * and tasks are kept for each of them, so there are fewer, and in so many bytes at most: a thread's
 * arena should do. */
enum { TOGETHER = 4, PANEL_TASKS = 8, PANEL_BYTES = 3 << 18 };

/* What a stage leaves to the next one if the caller does not say: so many for each hit, and at
 * least so many. Chosen by recall@10 on 100,000 rows of 768: a random projection of 32 dimensions
 * with a little noise, normal around 1000 normal centres with deviation s; 300 queries alike.
 *
 *     form, candidates, rerank    s = 0.5   s = 1.5   s = 3.0
 *     sign, 100, 30 by int8         1.000     0.991     0.991
 *     sign, 200, 50                 1.000     0.999     0.999
 *     sign, 400, 50                 1.000     1.000     1.000
 *     int8, 10                      0.995     0.993     0.994
 *     int8, 20                      1.000     1.000     1.000
 *     f16 or bf16, 12               1.000     1.000     1.000
 *
 * Rows without such structure need more, which engram.bank's recall_at shows. */
enum {
    SIGN_PER_HIT = 20,
    SIGN_LEAST = 200,
    PER_HIT = 4,
    LEAST = 40,
    RERANK_PER_HIT = 5,
    RERANK_LEAST = 50
};

/* A search as it is carried out; rows are cut into tasks by their number and size alone. */
struct plan {
    const engram_bank *bank;
    uint32_t form, finer;      /* ENGRAM_F32: the scan is exact; there is no such stage */
    size_t queries;            /* scanned at a time, at most */
    size_t k;                  /* at most the slots */
    size_t candidates, rerank; /* what the scan leaves, what the finer form leaves */
    size_t task, tasks;        /* rows of one */
    size_t block;              /* rows scored before the best of them are taken, by an exact scan */
    size_t room;               /* hits or keys of a task and query */
};

/* A query in the forms that are scanned, and what a task leaves, all in one piece of scratch. */
struct work {
    const struct plan *plan;
    const float *query; /* the first of `queries` */
    size_t queries;
    struct engram_panel panel; /* of several queries */
    float *packed;
    uint64_t *keep;  /* rows that are kept and live */
    float *unit;     /* the query, for half floats */
    int8_t *bytes;   /* for int8 */
    uint64_t *signs; /* for signs */
    size_t *found;   /* by task and query: hits or keys, and where they are */
    struct engram_hit *hits;
    uint64_t *keys;
    float *scores;
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- candidates: keys of 64 bits, the score in the upper half, so that one comparison orders
 * them by score, ties by lower slot */

static uint64_t key_of(float score, size_t slot)
{
    uint32_t bits = engram_bits_f32(score + 0.0f); /* -0 is 0 */
    bits ^= bits >> 31 ? UINT32_MAX : 0x80000000u;
    return (uint64_t)bits << 32 | (uint32_t)~slot;
}

static float score_of(uint64_t key)
{
    uint32_t bits = (uint32_t)(key >> 32);
    bits ^= bits >> 31 ? 0x80000000u : UINT32_MAX;
    return engram_f32_of(bits);
}

static uint32_t slot_of(uint64_t key)
{
    return ~(uint32_t)key;
}

/* Brings the `most` largest of n different keys to the front. Scores fall off fast above a bar, and
 * their mean halves them better than the middle of their range; it lies below the largest of
 * different keys, so that every round gains. */
static void bring_largest(uint64_t *keys, size_t n, size_t most)
{
    size_t first = 0, last = n; /* those before first belong there, those from last on do not */
    while (first < most && most < last) {
        uint64_t high = 0, low = 0, count = last - first;
        for (size_t i = first; i < last; i++) {
            high += keys[i] >> 32;
            low += (uint32_t)keys[i];
        }
        uint64_t mean = (high / count << 32) + ((high % count << 32) + low) / count;
        size_t above = first;
        for (size_t i = first; i < last; i++) {
            uint64_t key = keys[i];
            keys[i] = keys[above];
            keys[above] = key;
            above += key > mean;
        }
        if (above <= most)
            first = above;
        else
            last = above;
    }
}

struct candidates {
    uint64_t *keys;
    size_t n, most, room;
    float bar; /* what a score must exceed; later rows lose ties */
};

static void cut(struct candidates *c)
{
    bring_largest(c->keys, c->n, c->most);
    c->n = c->most;
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < c->n; i++)
        last = c->keys[i] < last ? c->keys[i] : last;
    c->bar = score_of(last);
}

/* Takes up a score, if it passes the bar as it is now. */
static void offer(struct candidates *c, float score, size_t slot)
{
    if (!(score > c->bar))
        return;
    if (c->n == c->room)
        cut(c);
    c->keys[c->n++] = key_of(score, slot);
}

/* ---- scans */

/* Moves *at to the next word of which some row is kept; how many rows go on from there in such
 * words, at most `most`. */
static size_t next_run(const uint64_t *keep, size_t *at, size_t last, size_t most)
{
    while (*at < last && !keep[*at / 64])
        *at += 64;
    size_t end = *at;
    while (end < last && end - *at < most && keep[end / 64])
        end += 64;
    return *at < last ? least(end, last) - *at : 0;
}

/* Scores of n rows of a form from a slot on; a multiple of 8 for signs. */
static void score(const struct work *work, uint32_t form, size_t slot, size_t n, float *scores)
{
    const engram_bank *bank = work->plan->bank;
    size_t padded = engram_padded(bank->dim), at = slot * padded;
    const void *rows = bank->forms[form].rows.at;
    switch (form) {
    case ENGRAM_BF16:
        engram_dots_bf16(work->unit, (const uint16_t *)rows + at, n, padded, scores);
        break;
    case ENGRAM_F16:
        engram_dots_f16(work->unit, (const uint16_t *)rows + at, n, padded, scores);
        break;
    case ENGRAM_INT8:
        engram_dots_int8(work->bytes, (const int8_t *)rows + at, bank->factors + slot, n, padded,
                         scores);
        break;
    case ENGRAM_SIGN:
        engram_dots_sign(work->signs, (const uint64_t *)rows + at / 64, n, bank->dim, scores);
        break;
    }
}

static size_t lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits);
}

static int scan_form(void *data, size_t first, size_t last)
{
    const struct work *work = data;
    const struct plan *plan = work->plan;
    size_t task = first / plan->task;
    struct candidates c = {.keys = work->keys + task * plan->room,
                           .most = plan->candidates,
                           .room = plan->room,
                           .bar = -INFINITY};
    float scores[BLOCK];
    uint64_t above[BLOCK / 64];
    for (size_t at = first, n; (n = next_run(work->keep, &at, last, BLOCK)) > 0; at += n) {
        if (engram_cancelled())
            return ENGRAM_ECANCELLED;
        score(work, plan->form, at, n, scores);
        engram_above_f32(scores, n, c.bar, above);
        for (size_t i = 0; i < n; i += 64)
            for (uint64_t bits = above[i / 64] & work->keep[(at + i) / 64]; bits; bits &= bits - 1)
                offer(&c, scores[i + lowest(bits)], at + i + lowest(bits));
    }
    if (c.n > c.most)
        cut(&c);
    work->found[task] = c.n;
    return ENGRAM_OK;
}

/* Cosines of n rows from a slot on: a line of plan->block of them for each query. */
static void score_rows(const struct work *work, size_t slot, size_t n, float *scores)
{
    const engram_bank *bank = work->plan->bank;
    const float *rows = bank->rows + slot * bank->dim, *norms = bank->norms + slot;
    uint64_t begun = engram_begin();
    if (work->queries > 1) {
        ENGRAM_VERSION(panel_cosines_f32)
        (&work->panel, rows, norms, n, work->plan->block, scores);
        engram_count(KERNEL_panel_cosines_f32, (uint64_t)n * bank->dim, begun);
    } else {
        ENGRAM_VERSION(cosines_f32)(work->query, rows, norms, n, bank->dim, scores);
        engram_count(KERNEL_cosines_f32, (uint64_t)n * bank->dim, begun);
    }
}

static int scan_rows(void *data, size_t first, size_t last)
{
    const struct work *work = data;
    const struct plan *plan = work->plan;
    size_t run = first / plan->task * plan->queries, *found = work->found + run;
    struct engram_hit *hits = work->hits + run * plan->room;
    float *scores = work->scores + run * plan->block;
    memset(found, 0, work->queries * sizeof *found);
    for (size_t at = first, n; (n = next_run(work->keep, &at, last, plan->block)) > 0; at += n) {
        if (engram_cancelled())
            return ENGRAM_ECANCELLED;
        score_rows(work, at, n, scores);
        for (size_t q = 0; q < work->queries; q++)
            ENGRAM_VERSION(top_k_f32)
        (scores + q * plan->block, n, (uint32_t)at, work->keep, plan->bank->generations, plan->room,
         hits + q * plan->room, &found[q]);
    }
    return ENGRAM_OK;
}

/* ---- stages */

/* Candidates stand anywhere in memory: the row of one is asked for this many others before. */
enum { AHEAD = 4 };

static void ask_for(const struct work *work, size_t i, size_t n, const void *rows, size_t bytes)
{
    if (i >= n)
        return;
    const char *row = (const char *)rows + slot_of(work->keys[i]) * bytes;
    for (size_t line = 0; line < bytes; line += 64)
        __builtin_prefetch(row + line, 0, 2);
}

/* The candidates of all tasks, put together and cut. */
static size_t gather(const struct work *work)
{
    const struct plan *plan = work->plan;
    size_t n = 0;
    for (size_t task = 0; task < plan->tasks; task++) {
        memmove(work->keys + n, work->keys + task * plan->room,
                work->found[task] * sizeof *work->keys);
        n += work->found[task];
    }
    bring_largest(work->keys, n, plan->candidates);
    return least(n, plan->candidates);
}

static bool poll(size_t i)
{
    return i % BLOCK == 0 && engram_cancelled();
}

/* Scores the candidates by the finer form and keeps the best. */
static int narrow(const struct work *work, size_t *n)
{
    const struct plan *plan = work->plan;
    const void *rows = plan->bank->forms[plan->finer].rows.at;
    size_t bytes = engram_padded(plan->bank->dim) * engram_form_bits(plan->finer) / 8;
    for (size_t i = 0; i < AHEAD; i++)
        ask_for(work, i, *n, rows, bytes);
    for (size_t i = 0; i < *n; i++) {
        if (poll(i))
            return ENGRAM_ECANCELLED;
        ask_for(work, i + AHEAD, *n, rows, bytes);
        float finer;
        score(work, plan->finer, slot_of(work->keys[i]), 1, &finer);
        work->keys[i] = key_of(finer, slot_of(work->keys[i]));
    }
    bring_largest(work->keys, *n, plan->rerank);
    *n = least(*n, plan->rerank);
    return ENGRAM_OK;
}

/* Exact scores of n candidates; the best k are a run. */
static int rerank(const struct work *work, size_t n, struct engram_hit *hits, size_t *count)
{
    const struct plan *plan = work->plan;
    const engram_bank *bank = plan->bank;
    size_t dim = bank->dim;
    float norm = engram_norm_f32(work->query, dim);
    *count = 0;
    for (size_t i = 0; i < AHEAD; i++)
        ask_for(work, i, n, bank->rows, dim * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        if (poll(i))
            return ENGRAM_ECANCELLED;
        uint32_t slot = slot_of(work->keys[i]);
        const float *row = bank->rows + slot * dim;
        ask_for(work, i + AHEAD, n, bank->rows, dim * sizeof *row);
        float cosine = engram_cosine_of(engram_dot_f32(work->query, row, dim), norm,
                                        bank->norms[slot], work->query, row, dim);
        engram_heap_offer(
            hits, plan->k, count,
            (struct engram_hit){.id = engram_bank_id(bank, slot), .score = (double)cosine});
    }
    engram_heap_sort(hits, *count);
    return ENGRAM_OK;
}

/* The runs that all tasks found for a query, in one. */
static void merge(const struct work *work, size_t query, struct engram_hit *hits, size_t *count)
{
    const struct plan *plan = work->plan;
    *count = 0;
    for (size_t task = 0; task < plan->tasks; task++) {
        size_t run = task * plan->queries + query;
        for (size_t i = 0; i < work->found[run]; i++)
            engram_heap_offer(hits, plan->k, count, work->hits[run * plan->room + i]);
    }
    engram_heap_sort(hits, *count);
}

/* ---- a query */

static bool uses(const struct plan *plan, uint32_t form)
{
    return plan->form == form || plan->finer == form;
}

static void encode_query(const struct work *work)
{
    const struct plan *plan = work->plan;
    size_t dim = plan->bank->dim, padded = engram_padded(dim);
    float norm = engram_norm_f32(work->query, dim), factor;
    if (uses(plan, ENGRAM_BF16) || uses(plan, ENGRAM_F16))
        for (size_t j = 0; j < padded; j++) {
            float x = norm != 0 && j < dim ? work->query[j] / norm : 0;
            work->unit[j] = fabsf(x) < ENGRAM_BF16_LEAST ? 0 : x;
        }
    if (uses(plan, ENGRAM_INT8))
        engram_encode_int8(work->query, &norm, 1, dim, work->bytes, &factor);
    if (uses(plan, ENGRAM_SIGN)) {
        engram_encode_sign(work->query, &norm, 1, dim, 0, work->signs);
        for (size_t w = 1; w < padded / 64; w++) /* one row alone, closed up */
            work->signs[w] = work->signs[w * ENGRAM_ABREAST];
    }
}

/* The exact search for all queries of the work; k hits each. */
static int search_rows(struct work *work, size_t k, struct engram_hit *hits, size_t *counts)
{
    const struct plan *plan = work->plan;
    if (work->queries > 1)
        engram_panel_pack(work->query, work->queries, plan->bank->dim, work->packed, &work->panel);
    int status = engram_in_blocks(plan->bank->slots, plan->task, scan_rows, work);
    for (size_t q = 0; q < work->queries && status == ENGRAM_OK; q++)
        merge(work, q, hits + q * k, &counts[q]);
    return status;
}

/* The search for one query by stages. */
static int search_form(struct work *work, struct engram_hit *hits, size_t *count,
                       struct engram_seen *seen)
{
    const struct plan *plan = work->plan;
    size_t candidates = 0, reranked = 0;
    encode_query(work);
    int status = engram_in_blocks(plan->bank->slots, plan->task, scan_form, work);
    if (status == ENGRAM_OK)
        reranked = candidates = gather(work);
    if (status == ENGRAM_OK && plan->finer != ENGRAM_F32)
        status = narrow(work, &reranked);
    if (status == ENGRAM_OK)
        status = rerank(work, reranked, hits, count);
    seen->candidates = (uint32_t)candidates;
    seen->reranked = (uint32_t)reranked;
    return status;
}

/* ---- the door */

/* The form by which candidates of a coarse form are narrowed. */
static uint32_t finer_form(const engram_bank *bank, uint32_t form)
{
    static const uint32_t order[] = {ENGRAM_INT8, ENGRAM_F16, ENGRAM_BF16};
    for (size_t i = 0; i < sizeof order / sizeof *order && form >= ENGRAM_INT8; i++)
        if (order[i] < form && bank->forms[order[i]].on)
            return order[i];
    return ENGRAM_F32;
}

static uint32_t choose(uint32_t given, size_t per_hit, size_t at_least, size_t k)
{
    size_t wanted = given ? given : k * per_hit > at_least ? k * per_hit : at_least;
    wanted = wanted > k ? wanted : k;
    return wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX;
}

void engram_search_complete(struct engram_search *o, size_t k)
{
    bool sign = o->form == ENGRAM_SIGN;
    o->candidates =
        choose(o->candidates, sign ? SIGN_PER_HIT : PER_HIT, sign ? SIGN_LEAST : LEAST, k);
    o->rerank = choose(o->rerank, RERANK_PER_HIT, RERANK_LEAST, k);
}

static struct plan make_plan(const engram_bank *bank, size_t count, size_t k,
                             const struct engram_search *o)
{
    struct plan plan = {
        .bank = bank, .form = o->form, .queries = 1, .k = least(k, bank->slots), .block = BLOCK};
    size_t most_tasks = TASKS;
    if (plan.form == ENGRAM_F32 && count >= TOGETHER) {
        plan.queries = least(count, ENGRAM_PANEL);
        plan.block = ENGRAM_PANEL_ROWS;
        most_tasks = PANEL_TASKS;
    }
    if (plan.form == ENGRAM_F32) {
        plan.block = 4 * plan.k > plan.block ? (4 * plan.k + 63) / 64 * 64 : plan.block;
    } else {
        struct engram_search own = *o;
        engram_search_complete(&own, plan.k);
        plan.candidates = least(own.candidates, bank->slots);
        plan.rerank = own.rerank;
        if (plan.rerank < plan.candidates) /* or it would leave all of them */
            plan.finer = finer_form(bank, plan.form);
    }
    size_t row = engram_padded(bank->dim) * engram_form_bits(plan.form) / 8;
    size_t words = engram_words(bank->slots), most_words = TASK_BYTES / row / 64 + 1;
    size_t tasks = least((words + most_words - 1) / most_words, most_tasks);
    plan.task = tasks ? (words + tasks - 1) / tasks * 64 : 0;
    plan.tasks = tasks ? (bank->slots - 1) / plan.task + 1 : 0;
    size_t most = plan.form == ENGRAM_F32 ? plan.k : 2 * plan.candidates; /* cut to half */
    plan.room = least(most, plan.task);
    plan.block = least(plan.block, plan.task);
    if (plan.queries == 1)
        return plan;
    size_t each =
        plan.tasks * (plan.room * sizeof(struct engram_hit) + plan.block * sizeof(float)) +
        engram_padded(bank->dim) * sizeof(float);
    plan.queries = least(plan.queries, PANEL_BYTES / each);
    if (plan.queries > ENGRAM_GROUP)
        plan.queries -= plan.queries % ENGRAM_GROUP;
    return plan.queries < TOGETHER ? make_plan(bank, 1, k, o) : plan;
}

/* The next of several arrays in one block, each on cache lines of its own; NULL: only to know the
 * bytes. */
static void *next_array(unsigned char *base, size_t *at, size_t bytes)
{
    void *array = base ? base + *at : NULL;
    *at += (bytes + 63) / 64 * 64;
    return array;
}

static size_t lay_out(const struct plan *plan, unsigned char *base, struct work *work)
{
    size_t padded = engram_padded(plan->bank->dim), at = 0, runs = plan->tasks * plan->queries;
    work->keep = next_array(base, &at, engram_words(plan->bank->slots) * sizeof *work->keep);
    work->found = next_array(base, &at, runs * sizeof *work->found);
    if (plan->form == ENGRAM_F32) {
        work->hits = next_array(base, &at, runs * plan->room * sizeof *work->hits);
        work->scores = next_array(base, &at, runs * plan->block * sizeof *work->scores);
        if (plan->queries > 1)
            work->packed =
                next_array(base, &at, engram_panel_bytes(plan->queries, plan->bank->dim));
        return at;
    }
    work->keys = next_array(base, &at, plan->tasks * plan->room * sizeof *work->keys);
    if (uses(plan, ENGRAM_BF16) || uses(plan, ENGRAM_F16))
        work->unit = next_array(base, &at, padded * sizeof *work->unit);
    if (uses(plan, ENGRAM_INT8))
        work->bytes = next_array(base, &at, padded);
    if (uses(plan, ENGRAM_SIGN))
        work->signs = next_array(base, &at, padded / 64 * ENGRAM_ABREAST * sizeof *work->signs);
    return at;
}

size_t engram_bank_search_scratch(const engram_bank *bank, size_t count, size_t k,
                                  const struct engram_search *options)
{
    if (!bank)
        return 0;
    struct engram_search own = {0};
    if (options)
        engram_read_options(&own, sizeof own, options);
    if (own.form >= ENGRAM_FORMS)
        return 0; /* the search will say why */
    struct plan plan = make_plan(bank, count, k, &own);
    struct work work;
    return lay_out(&plan, NULL, &work) + 64; /* for the alignment of the first */
}

static const char *const form_names[ENGRAM_FORMS] = {"f32", "bf16", "f16", "int8", "sign"};

static int check(const engram_bank *bank, const float *queries, size_t count, size_t k,
                 const struct engram_search *options, struct engram_search *own)
{
    static const char function[] = "engram_bank_search";
    size_t floats, hits;
    if (options) {
        ENGRAM_NEED_OPTIONS_OF(function, options);
        engram_read_options(own, sizeof *own, options);
    }
    if (own->form >= ENGRAM_FORMS)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: options->form is %u, expected ENGRAM_F32 .. ENGRAM_SIGN", function,
                           (unsigned)own->form);
    if (own->form != ENGRAM_F32 && !bank->forms[own->form].on)
        return engram_fail(ENGRAM_EDISABLED, "%s: the bank has no form %s; index it first",
                           function, form_names[own->form]);
    if (!engram_product(count, bank->dim, &floats) || floats > SIZE_MAX / sizeof(float) ||
        !engram_product(count, k, &hits) || hits > SIZE_MAX / sizeof(struct engram_hit))
        return engram_fail(ENGRAM_EDIM,
                           "%s: %zu queries of %u floats and %zu hits are more than memory has",
                           function, count, (unsigned)bank->dim, k);
    for (size_t i = 0; i < count; i++) {
        char name[40] = "query";
        if (count > 1)
            snprintf(name, sizeof name, "queries[%zu]", i);
        int status = engram_check_finite(function, name, queries + i * bank->dim, bank->dim);
        if (status != ENGRAM_OK)
            return status;
    }
    return ENGRAM_OK;
}

int engram_bank_search(const engram_bank *bank, const float *queries, size_t count, size_t k,
                       const struct engram_search *options, engram_arena *scratch,
                       struct engram_hit *hits, size_t *counts, struct engram_seen *seen)
{
    ENGRAM_NEED(bank);
    if (count == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(queries);
    ENGRAM_NEED(counts);
    if (k)
        ENGRAM_NEED(hits);
    struct engram_search own = {0};
    int status = check(bank, queries, count, k, options, &own);
    if (status != ENGRAM_OK)
        return status;
    struct engram_scratch s;
    if (!engram_scratch_open(&s, scratch))
        return engram_last_status();
    struct plan plan = make_plan(bank, count, k, &own);
    struct work work = {.plan = &plan};
    unsigned char *base = engram_arena_alloc(s.arena, lay_out(&plan, NULL, &work), 64);
    if (!base && bank->slots)
        status = engram_last_status();
    lay_out(&plan, base, &work);
    uint32_t kept = 0;
    for (size_t w = 0; status == ENGRAM_OK && w < engram_words(bank->slots); w++) {
        work.keep[w] = bank->live[w] & (own.keep ? own.keep[w] : UINT64_MAX);
        kept += (uint32_t)__builtin_popcountll(work.keep[w]);
    }
    for (size_t i = 0; i < count && status == ENGRAM_OK; i += work.queries) {
        size_t found[ENGRAM_PANEL] = {0}, rest = count - i;
        struct engram_seen own_seen = {.scanned = kept};
        work.query = queries + i * bank->dim;
        work.queries = rest < TOGETHER ? 1 : least(rest, plan.queries);
        if (k && kept)
            status = plan.form == ENGRAM_F32 ? search_rows(&work, k, hits + i * k, found)
                                             : search_form(&work, hits + i * k, found, &own_seen);
        for (size_t q = 0; q < work.queries && status == ENGRAM_OK; q++) {
            counts[i + q] = found[q];
            own_seen.hits = (uint32_t)found[q];
            if (seen)
                seen[i + q] = own_seen;
        }
    }
    engram_scratch_close(&s);
    return status == ENGRAM_ECANCELLED ? engram_fail_cancelled(__func__) : status;
}
