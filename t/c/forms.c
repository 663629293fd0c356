/* forms.c - smaller forms of a bank's rows: in step with every change, and search by stages over
 * them. SPDX-License-Identifier: MIT */
#include "support.h"
#include "bank.h"
#include "kernels/forms.h"

static struct engram_rng rng = {20241121};
static uint32_t cancel;

/* The last block first: what a search finds may not depend on it. */
static void backwards(void *context, size_t n, void (*body)(void *data, size_t i), void *data)
{
    (void)context;
    while (n-- > 0)
        body(data, n);
}

static engram_bank *bank_of(uint32_t dim, const float *rows, size_t n)
{
    engram_bank *bank = NULL;
    uint64_t *ids = malloc((n + 1) * sizeof *ids);
    if (engram_bank_new(dim, &bank) != ENGRAM_OK ||
        engram_bank_add(bank, rows, n, ids) != ENGRAM_OK)
        diag("%s", engram_last_message());
    free(ids);
    return bank;
}

/* ---- in step */

/* A row in a form, copied to where it stands alone; its bytes. */
static size_t row_in(const engram_bank *bank, uint32_t form, size_t slot, unsigned char *out)
{
    size_t padded = engram_padded(bank->dim), words = padded / 64;
    const void *rows = bank->forms[form].rows.at;
    if (form == ENGRAM_SIGN) {
        for (size_t w = 0; w < words; w++)
            memcpy(out + 8 * w, (const uint64_t *)rows + engram_sign_row(slot, words) + 8 * w, 8);
        return 8 * words;
    }
    size_t bytes = form == ENGRAM_INT8 ? padded : 2 * padded;
    memcpy(out, (const unsigned char *)rows + slot * bytes, bytes);
    if (form != ENGRAM_INT8)
        return bytes;
    memcpy(out + bytes, bank->factors + slot, sizeof(float));
    return bytes + sizeof(float);
}

/* The same row by the kernels from the bank's floats. */
static size_t encoded(const engram_bank *bank, uint32_t form, size_t slot, unsigned char *out)
{
    size_t padded = engram_padded(bank->dim), words = padded / 64;
    const float *row = bank->rows + slot * bank->dim;
    float norm = engram_norm_f32(row, bank->dim), factor;
    uint64_t *block = calloc(8 * words, sizeof *block);
    switch (form) {
    case ENGRAM_BF16:
        engram_encode_bf16(row, &norm, 1, bank->dim, (uint16_t *)(void *)out);
        break;
    case ENGRAM_F16:
        engram_encode_f16(row, &norm, 1, bank->dim, (uint16_t *)(void *)out);
        break;
    case ENGRAM_INT8:
        engram_encode_int8(row, &norm, 1, bank->dim, (int8_t *)out, &factor);
        memcpy(out + padded, &factor, sizeof factor);
        break;
    default:
        engram_encode_sign(row, &norm, 1, bank->dim, 0, block);
        for (size_t w = 0; w < words; w++)
            memcpy(out + 8 * w, block + 8 * w, 8);
    }
    free(block);
    return form == ENGRAM_SIGN ? 8 * words : form == ENGRAM_INT8 ? padded + 4 : 2 * padded;
}

/* Forms that are on but do not hold some live row as it is. */
static int out_of_step(const engram_bank *bank)
{
    static _Alignas(8) unsigned char got[4096], want[4096];
    int wrong = 0;
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++)
        for (uint32_t slot = 0; bank->forms[form].on && slot < bank->slots; slot++)
            if (engram_bit(bank->live, slot)) {
                size_t n = row_in(bank, form, slot, got);
                wrong += encoded(bank, form, slot, want) != n || !same_bits(got, want, n);
            }
    return wrong;
}

/* Adds, updates, removes; forms come and go on the way. */
static void random_changes(void)
{
    enum { DIM = 70, ROWS = 700 };
    float *rows = randoms(&rng, ROWS * DIM, -1, 1);
    uint64_t ids[ROWS];
    uint32_t n = 0;
    int failures = 0, wrong = 0;
    memset(rows + 5 * DIM, 0, DIM * sizeof *rows);
    engram_bank *bank = bank_of(DIM, rows, 0);
    for (int step = 0; step < 3000; step++) {
        const float *row = rows + (size_t)engram_rng_below(&rng, ROWS) * DIM;
        uint32_t what = engram_rng_below(&rng, 100), at = n ? engram_rng_below(&rng, n) : 0;
        if (what == 0) {
            uint32_t form = 1 + engram_rng_below(&rng, 4);
            failures += engram_bank_index(bank, form, engram_rng_below(&rng, 4) != 0) != ENGRAM_OK;
        } else if (what < 50 && n < ROWS) {
            failures += engram_bank_add(bank, row, 1, &ids[n++]) != ENGRAM_OK;
        } else if (what < 75 && n) {
            failures += engram_bank_update(bank, ids[at], row) != ENGRAM_OK;
        } else if (n) {
            failures += engram_bank_remove(bank, ids[at]) != ENGRAM_OK;
            uint64_t gone = ids[at];
            ids[at] = ids[--n];
            failures += engram_bank_update(bank, gone, row) != ENGRAM_ERANGE;
            failures += engram_bank_remove(bank, gone) != ENGRAM_ERANGE;
        }
        if (step % 100 == 99)
            wrong += out_of_step(bank);
    }
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++)
        failures += engram_bank_index(bank, form, 1) != ENGRAM_OK;
    wrong += out_of_step(bank);
    is_int(failures, 0, "3000 changes go well, those of ids of the past are refused");
    is_int(wrong, 0, "every form holds every row as it is, bit by bit");

    struct engram_bank_view before, after;
    engram_bank_get(bank, &before);
    engram_bank_index(bank, ENGRAM_INT8, 0);
    engram_bank_get(bank, &after);
    ok(before.form_bytes[ENGRAM_INT8] >= 128u * n && after.form_bytes[ENGRAM_INT8] == 0 &&
           after.bytes == before.bytes - before.form_bytes[ENGRAM_INT8],
       "a form that is dropped gives its bytes back");

    engram_bank *again = NULL;
    folder_make();
    ok(engram_bank_save(bank, in_folder("rows.npy"), 1) == ENGRAM_OK &&
           engram_bank_open(in_folder("rows.npy"), &again) == ENGRAM_OK,
       "a bank with forms is saved and opened");
    engram_bank_get(again, &after);
    ok(after.form_bytes[ENGRAM_BF16] == 0 && after.form_bytes[ENGRAM_SIGN] == 0, "without them");
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++)
        failures += engram_bank_index(again, form, 1) != ENGRAM_OK;
    engram_bank_get(again, &after);
    ok(failures == 0 && after.mapped == 1 && out_of_step(again) == 0,
       "forms of a mapped bank are made without copying its rows");
    ok(engram_bank_update(again, 3, rows) == ENGRAM_OK && out_of_step(again) == 0,
       "and go along when it is copied");
    engram_bank_free(again);
    folder_remove();
    engram_bank_free(bank);
    free(rows);
}

static void room(void)
{
    enum { DIM = 40, ROWS = 500 };
    float *rows = randoms(&rng, ROWS * DIM, -1, 1);
    uint64_t ids[ROWS];
    engram_bank *bank = bank_of(DIM, rows, 0);
    engram_bank_reserve(bank, ROWS);
    engram_bank_index(bank, ENGRAM_INT8, 1);
    long calls = heap.calls;
    for (int i = 0; i < ROWS; i += 50)
        engram_bank_add(bank, rows + i * DIM, 50, ids + i);
    is_int(heap.calls, calls, "room reserved for rows is room for their forms");
    is_int(out_of_step(bank), 0, "which are right");
    engram_bank_free(bank);
    free(rows);
}

/* ---- search, by plain stages */

struct plain {
    uint32_t form, finer;
    size_t candidates, rerank;
};

struct ranked {
    float score;
    uint32_t slot;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int by_hit(const void *a, const void *b)
{
    const struct engram_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static float score_in(const engram_bank *bank, uint32_t form, uint32_t slot, const float *query)
{
    static _Alignas(64) unsigned char row[8 * 4096], q[4096];
    size_t padded = engram_padded(bank->dim), words = padded / 64;
    float norm = engram_norm_f32(query, bank->dim), factor, score = 0, unit[2048] = {0};
    row_in(bank, form, slot, row);
    if (form == ENGRAM_SIGN) {
        uint64_t block[8 * 32], query_block[8 * 32], query_words[32];
        engram_encode_sign(query, &norm, 1, bank->dim, 0, query_block);
        for (size_t w = 0; w < words; w++) {
            memcpy(block + 8 * w, row + 8 * w, 8);
            query_words[w] = query_block[8 * w];
        }
        engram_dots_sign(query_words, block, 1, bank->dim, &score);
    } else if (form == ENGRAM_INT8) {
        engram_encode_int8(query, &norm, 1, bank->dim, (int8_t *)q, &factor);
        engram_dots_int8((int8_t *)q, (int8_t *)row, bank->factors + slot, 1, padded, &score);
    } else {
        for (uint32_t j = 0; j < bank->dim && norm > 0; j++)
            unit[j] = query[j] / norm;
        const uint16_t *halves = (const uint16_t *)(const void *)row;
        if (form == ENGRAM_BF16)
            engram_dots_bf16(unit, halves, 1, padded, &score);
        else
            engram_dots_f16(unit, halves, 1, padded, &score);
    }
    return score;
}

/* Scores all, sorts all, cuts. */
static size_t stage(const engram_bank *bank, uint32_t form, const float *query, struct ranked *all,
                    size_t n, size_t most)
{
    for (size_t i = 0; i < n; i++)
        all[i].score = score_in(bank, form, all[i].slot, query);
    qsort(all, n, sizeof *all, by_rank);
    return n < most ? n : most;
}

static size_t plain_search(const engram_bank *bank, const float *query, size_t k,
                           const uint64_t *keep, const struct plain *plain, struct engram_hit *hits,
                           struct engram_seen *seen)
{
    struct ranked *all = malloc((bank->slots + 1) * sizeof *all);
    size_t n = 0;
    for (uint32_t slot = 0; slot < bank->slots; slot++)
        if (engram_bit(bank->live, slot) && (!keep || engram_bit(keep, slot)))
            all[n++].slot = slot;
    *seen = (struct engram_seen){.scanned = (uint32_t)n};
    n = stage(bank, plain->form, query, all, n, plain->candidates);
    seen->candidates = (uint32_t)n;
    if (plain->finer)
        n = stage(bank, plain->finer, query, all, n, plain->rerank);
    seen->reranked = (uint32_t)n;
    for (size_t i = 0; i < n; i++)
        hits[i] = (struct engram_hit){
            engram_bank_id(bank, all[i].slot),
            engram_cosine_f32(query, bank->rows + (size_t)all[i].slot * bank->dim, bank->dim)};
    qsort(hits, n, sizeof *hits, by_hit);
    free(all);
    seen->hits = (uint32_t)(n < k ? n : k);
    return seen->hits;
}

/* Whether a search does what the plain stages do. */
static bool agrees(const engram_bank *bank, const float *query, size_t k, const uint64_t *keep,
                   const struct plain *plain, const struct engram_search *options)
{
    struct engram_hit *want = malloc((bank->slots + 1) * sizeof *want);
    struct engram_hit *got = malloc((k + 1) * sizeof *got);
    struct engram_seen seen, wanted;
    size_t count = 0, n = plain_search(bank, query, k, keep, plain, want, &wanted);
    int status = engram_bank_search(bank, query, 1, k, options, NULL, got, &count, &seen);
    bool good = status == ENGRAM_OK && count == n && same_bits(got, want, n * sizeof *got) &&
                same_bits(&seen, &wanted, sizeof seen);
    if (!good)
        diag("form %u, finer %u, %zu candidates, %zu reranked, k %zu: %s; %zu hits of %zu; seen "
             "%u %u %u %u, expected %u %u %u %u",
             plain->form, plain->finer, plain->candidates, plain->rerank, k,
             status ? engram_last_message() : "", count, n, seen.scanned, seen.candidates,
             seen.reranked, seen.hits, wanted.scanned, wanted.candidates, wanted.reranked,
             wanted.hits);
    free(got);
    free(want);
    return good;
}

enum { DIM = 600, ROWS = 10000, QUERIES = 4 };

/* Several tasks for all forms but the signs; equal rows, zero rows, removed rows, slots used again. */
static engram_bank *large_bank(float **queries)
{
    float *rows = randoms(&rng, DIM * ROWS, -1, 1);
    uint64_t id;
    for (int i = 0; i < 300; i++) {
        memcpy(rows + (size_t)engram_rng_below(&rng, ROWS) * DIM, rows, DIM * sizeof *rows);
        memset(rows + (size_t)engram_rng_below(&rng, ROWS) * DIM, 0, DIM * sizeof *rows);
    }
    engram_bank *bank = bank_of(DIM, rows, ROWS);
    for (uint32_t slot = 0; slot < ROWS; slot += 9)
        engram_bank_remove(bank, slot);
    for (int i = 0; i < 500; i++)
        engram_bank_add(bank, rows + (size_t)engram_rng_below(&rng, ROWS) * DIM, 1, &id);
    *queries = randoms(&rng, QUERIES * DIM, -1, 1);
    memcpy(*queries, rows, DIM * sizeof *rows);
    free(rows);
    return bank;
}

static void stages(const engram_bank *bank, const float *queries)
{
    static const struct {
        uint32_t form, finer;
    } ways[] = {
        {ENGRAM_BF16, 0}, {ENGRAM_F16, 0}, {ENGRAM_INT8, ENGRAM_F16}, {ENGRAM_SIGN, ENGRAM_INT8}};
    static const uint32_t sizes[][3] = {/* k, candidates, rerank */
                                        {10, 100, 40},
                                        {1, 1, 1},
                                        {64, 700, 65},
                                        {300, 5000, 300}};
    uint64_t keeps[4][ROWS / 64 + 1] = {{0}};
    for (uint32_t slot = 0; slot < ROWS; slot++) {
        keeps[1][slot / 64] |= (uint64_t)(engram_rng_below(&rng, 100) == 0) << slot % 64;
        keeps[2][slot / 64] |= (uint64_t)(engram_rng_below(&rng, 3) > 0) << slot % 64;
    }
    memset(keeps[3], 0xff, sizeof keeps[3]);
    static const char *const names[] = {"none", "one in a hundred", "two of three", "all"};
    for (size_t way = 0; way < COUNT(ways); way++)
        for (int keep = 0; keep < 5; keep++) {
            int wrong = 0;
            for (size_t i = 0; i < COUNT(sizes) * QUERIES; i++) {
                size_t s = i / QUERIES;
                const uint64_t *kept = keep < 4 ? keeps[keep] : NULL;
                const struct plain plain = {ways[way].form, ways[way].finer, sizes[s][1],
                                            sizes[s][2]};
                const struct engram_search options = {.size = sizeof options,
                                                      .form = ways[way].form,
                                                      .candidates = sizes[s][1],
                                                      .rerank = sizes[s][2],
                                                      .keep = kept};
                const float *query = queries + i % QUERIES * DIM;
                wrong += !agrees(bank, query, sizes[s][0], kept, &plain, &options);
            }
            is_int(wrong, 0, "form %u over %s of the rows is searched as plain stages would",
                   ways[way].form, keep < 4 ? names[keep] : "any");
        }
}

/* What is left out follows from k and from the forms there are. */
static void defaults(engram_bank *bank, const float *queries)
{
    struct engram_search options = {.size = sizeof options, .form = ENGRAM_SIGN};
    ok(agrees(bank, queries, 10, NULL, &(struct plain){ENGRAM_SIGN, ENGRAM_INT8, 200, 50},
              &options) &&
           agrees(bank, queries, 30, NULL, &(struct plain){ENGRAM_SIGN, ENGRAM_INT8, 600, 150},
                  &options),
       "signs leave 20 k, the finer form 5 k, at least 200 and 50");
    options.candidates = options.rerank = 3;
    ok(agrees(bank, queries, 10, NULL, &(struct plain){ENGRAM_SIGN, ENGRAM_INT8, 10, 10}, &options),
       "candidates and reranked rows are at least k");
    options = (struct engram_search){.size = 8, .form = ENGRAM_F16, .keep = (void *)1};
    ok(agrees(bank, queries, 10, NULL, &(struct plain){ENGRAM_F16, 0, 40, 0}, &options),
       "options are read up to their size; other forms leave 4 k, at least 40");
    engram_bank_index(bank, ENGRAM_F16, 0);
    options = (struct engram_search){.size = sizeof options, .form = ENGRAM_INT8};
    ok(agrees(bank, queries, 15, NULL, &(struct plain){ENGRAM_INT8, ENGRAM_BF16, 60, 75}, &options),
       "without f16 it is bf16 that narrows what int8 leaves");
    engram_bank_index(bank, ENGRAM_INT8, 0);
    options.form = ENGRAM_SIGN;
    ok(agrees(bank, queries, 10, NULL, &(struct plain){ENGRAM_SIGN, ENGRAM_BF16, 200, 50},
              &options),
       "and what signs leave, when int8 is gone too");
    engram_bank_index(bank, ENGRAM_BF16, 0);
    ok(agrees(bank, queries, 10, NULL, &(struct plain){ENGRAM_SIGN, 0, 200, 50}, &options),
       "without any finer form all candidates are scored exactly");
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++)
        engram_bank_index(bank, form, 1);
}

/* Each query of a batch finds what it finds alone, in every form. */
static void batches(const engram_bank *bank, const float *queries)
{
    enum { K = 20 };
    int wrong = 0;
    for (uint32_t form = ENGRAM_F32; form < ENGRAM_FORMS; form++) {
        const struct engram_search options = {.size = sizeof options, .form = form};
        struct engram_hit together[QUERIES * K], alone[K];
        struct engram_seen seen[QUERIES], seen_alone;
        size_t counts[QUERIES] = {0}, count = 0;
        wrong += engram_bank_search(bank, queries, QUERIES, K, &options, NULL, together, counts,
                                    seen) != ENGRAM_OK;
        for (int i = 0; i < QUERIES; i++) {
            wrong += engram_bank_search(bank, queries + i * DIM, 1, K, &options, NULL, alone,
                                        &count, &seen_alone) != ENGRAM_OK ||
                     count != K || counts[i] != K ||
                     !same_bits(together + i * K, alone, sizeof alone) ||
                     !same_bits(&seen[i], &seen_alone, sizeof seen_alone);
        }
    }
    is_int(wrong, 0, "a query finds the same bits alone and among others, in every form");

    /* More than go side by side, and a few that are left over, among the first rows. */
    enum { MANY = 67, KEPT = 1000 };
    static struct engram_hit together[MANY * K], alone[K];
    static uint64_t keep[(ROWS + 63) / 64] = {[0 ... KEPT / 64] = 0xfeedfacecafef00d};
    const struct engram_search options = {.size = sizeof options, .keep = keep};
    struct engram_seen seen[MANY], seen_alone;
    size_t counts[MANY], count;
    float *many = malloc(MANY * DIM * sizeof *many);
    engram_rng_fill_normal(&rng, MANY * DIM, many);
    memset(many + 5 * DIM, 0, DIM * sizeof *many);
    wrong = engram_bank_search(bank, many, MANY, K, &options, NULL, together, counts, seen) !=
            ENGRAM_OK;
    for (int i = 0; i < MANY; i++)
        wrong += engram_bank_search(bank, many + i * DIM, 1, K, &options, NULL, alone, &count,
                                    &seen_alone) != ENGRAM_OK ||
                 count != K || counts[i] != K ||
                 !same_bits(together + i * K, alone, sizeof alone) ||
                 !same_bits(&seen[i], &seen_alone, sizeof seen_alone);
    is_int(wrong, 0, "so it does among more than go side by side, with a filter");
    static struct engram_hit far[MANY * 100];
    is_int(engram_bank_search(bank, many, MANY, 100, NULL, NULL, far, counts, NULL), ENGRAM_OK,
           "many hits for many queries fit a thread's arena");
    wrong = 0;
    for (int i = 0; i < MANY; i += 11)
        wrong += engram_bank_search(bank, many + i * DIM, 1, K, NULL, NULL, alone, &count, NULL) !=
                     ENGRAM_OK ||
                 !same_bits(far + i * 100, alone, sizeof alone);
    is_int(wrong, 0, "and begin with those that each finds alone");
    free(many);
}

/* The bytes asked for beforehand suffice, and few less do not. */
static void scratch(const engram_bank *bank, const float *queries)
{
    int wrong = 0;
    static const size_t ks[] = {1, 10, 1000};
    static struct engram_hit hits[QUERIES * 1000];
    for (uint32_t form = ENGRAM_F32; form < ENGRAM_FORMS; form++)
        for (size_t i = 0; i < COUNT(ks) * 2; i++) {
            const struct engram_search options = {.size = sizeof options, .form = form};
            struct engram_arena_config config = {.size = sizeof config};
            engram_arena *arena = NULL;
            struct engram_arena_info info;
            size_t k = ks[i / 2], n = i % 2 ? QUERIES : 1, counts[QUERIES] = {77};
            config.bytes = engram_bank_search_scratch(bank, n, k, &options);
            engram_arena_new(&config, &arena);
            long calls = heap.calls;
            wrong += engram_bank_search(bank, queries, n, k, &options, arena, hits, counts, NULL) !=
                         ENGRAM_OK ||
                     counts[0] != k || heap.calls != calls;
            engram_arena_info(arena, &info);
            wrong += info.used != 0 || info.overflows != 0;
            engram_arena_free(arena);

            config.bytes -= 65;
            counts[0] = 77;
            engram_arena_new(&config, &arena);
            wrong += engram_bank_search(bank, queries, n, k, &options, arena, hits, counts, NULL) !=
                         ENGRAM_ENOMEM ||
                     counts[0] != 77;
            engram_arena_free(arena);
        }
    is_int(wrong, 0, "scratch is what it was said to be, in every form");
    is_int((int)engram_bank_search_scratch(NULL, 1, 5, NULL), 0, "no bank wants none");
    is_int(
        (int)engram_bank_search_scratch(
            bank, 1, 5, &(struct engram_search){.size = sizeof(struct engram_search), .form = 99}),
        0, "nor does a form that is none");
}

static void refusals(engram_bank *bank, const float *queries)
{
    struct engram_hit hits[10];
    size_t counts[QUERIES] = {77, 77, 77, 77};
    struct engram_search options = {.size = sizeof options, .form = 9};
    refused(engram_bank_search(bank, queries, 1, 1, &options, NULL, hits, counts, NULL),
            ENGRAM_ERANGE, "engram_bank_search|form|9", "a form that there is not is refused");
    options.form = ENGRAM_F16;
    engram_bank_index(bank, ENGRAM_F16, 0);
    refused(engram_bank_search(bank, queries, 1, 1, &options, NULL, hits, counts, NULL),
            ENGRAM_EDISABLED, "engram_bank_search|f16|index", "so is one that is not indexed");
    options.size = 1;
    refused(engram_bank_search(bank, queries, 1, 1, &options, NULL, hits, counts, NULL),
            ENGRAM_EDIM, "engram_bank_search|size", "options say their size");
    refused(engram_bank_search(bank, queries, SIZE_MAX / 2, 1, NULL, NULL, hits, counts, NULL),
            ENGRAM_EDIM, "engram_bank_search|queries", "more queries than memory has are refused");
    refused(engram_bank_search(bank, queries, 2, SIZE_MAX / 2, NULL, NULL, hits, counts, NULL),
            ENGRAM_EDIM, "engram_bank_search|hits", "so are more hits");
    float *bad = randoms(&rng, 3 * DIM, -1, 1);
    bad[2 * DIM + 7] = NAN;
    refused(engram_bank_search(bank, bad, 3, 1, NULL, NULL, hits, counts, NULL), ENGRAM_ENONFINITE,
            "engram_bank_search|queries[2][7]", "a NaN in one of several queries is named");
    free(bad);
    ok(counts[0] == 77 && counts[1] == 77, "none of them was counted");
    ok(engram_bank_search(bank, NULL, 0, 1, NULL, NULL, NULL, NULL, NULL) == ENGRAM_OK,
       "no queries are fine");

    options = (struct engram_search){.size = sizeof options, .form = ENGRAM_SIGN};
    __atomic_store_n(&cancel, 1, __ATOMIC_RELAXED);
    refused(engram_bank_search(bank, queries, 1, 1, &options, NULL, hits, counts, NULL),
            ENGRAM_ECANCELLED, "engram_bank_search", "a set cancel flag ends a scan of signs");
    refused(engram_bank_index(bank, ENGRAM_F16, 1), ENGRAM_ECANCELLED, "engram_bank_index",
            "and the making of a form");
    __atomic_store_n(&cancel, 0, __ATOMIC_RELAXED);
    ok(counts[0] == 77 && !bank->forms[ENGRAM_F16].on && !bank->forms[ENGRAM_F16].rows.block,
       "of which nothing is left");
    ok(engram_bank_index(bank, ENGRAM_F16, 1) == ENGRAM_OK && out_of_step(bank) == 0,
       "it can be made later");

    refused(engram_bank_index(NULL, ENGRAM_INT8, 1), ENGRAM_ENULL, "engram_bank_index|bank",
            "forms belong to a bank");
    refused(engram_bank_index(bank, ENGRAM_F32, 1), ENGRAM_ERANGE, "engram_bank_index|0",
            "the rows are no form of themselves");
    refused(engram_bank_index(bank, 5, 1), ENGRAM_ERANGE, "engram_bank_index|5",
            "a form without a name is refused");
    engram_bank *wide = NULL;
    engram_bank_new(ENGRAM_MAX_INT8 + 1, &wide);
    refused(engram_bank_index(wide, ENGRAM_INT8, 1), ENGRAM_EDIM, "engram_bank_index|133121",
            "int8 rows are not so long that a sum overflows");
    engram_bank_free(wide);
}

/* Two signs for a million rows: nearly all are ties, over several tasks. */
static void ties(void)
{
    enum { MANY = 1100000, K = 7 };
    float *rows = randoms(&rng, MANY, -1, 1), query = -2;
    engram_bank *bank = bank_of(1, rows, MANY);
    engram_bank_index(bank, ENGRAM_SIGN, 1);
    const struct engram_search options = {
        .size = sizeof options, .form = ENGRAM_SIGN, .candidates = K};
    struct engram_hit hits[K];
    size_t count = 0, wrong = 0, slot = 0;
    int status = engram_bank_search(bank, &query, 1, K, &options, NULL, hits, &count, NULL);
    for (size_t i = 0; i < K; i++, slot++) {
        while (!(rows[slot] < 0))
            slot++;
        wrong += hits[i].id != slot || hits[i].score != 1;
    }
    ok(status == ENGRAM_OK && count == K && wrong == 0, "ties go to the lowest slots");
    engram_bank_free(bank);
    free(rows);
}

/* ---- doors of the kernels */

static void doors(void)
{
    float rows[64] = {1}, norms[1] = {1}, factors[1], scores[1];
    uint16_t halves[64] = {0};
    int8_t bytes[64] = {0};
    uint64_t words[8] = {0};
    size_t huge = SIZE_MAX / 3;
    ok(engram_encode_bf16(NULL, NULL, 0, 5, NULL) == ENGRAM_OK &&
           engram_encode_f16(NULL, NULL, 0, 5, NULL) == ENGRAM_OK &&
           engram_encode_int8(NULL, NULL, 0, 5, NULL, NULL) == ENGRAM_OK &&
           engram_encode_sign(NULL, NULL, 0, 5, 0, NULL) == ENGRAM_OK &&
           engram_dots_bf16(NULL, NULL, 0, 64, NULL) == ENGRAM_OK &&
           engram_dots_f16(NULL, NULL, 0, 64, NULL) == ENGRAM_OK &&
           engram_dots_int8(NULL, NULL, NULL, 0, 64, NULL) == ENGRAM_OK &&
           engram_dots_sign(NULL, NULL, 0, 64, NULL) == ENGRAM_OK &&
           engram_above_f32(NULL, 0, 1, NULL) == ENGRAM_OK,
       "no rows are fine for every kernel");
    ok(engram_encode_int8(NULL, NULL, 1, 0, NULL, factors) == ENGRAM_OK && factors[0] == 0,
       "a row of nothing has the factor 0");
    refused(engram_encode_bf16(NULL, norms, 1, 5, halves), ENGRAM_ENULL, "engram_encode_bf16|rows",
            "rows are needed");
    refused(engram_encode_f16(rows, NULL, 1, 5, halves), ENGRAM_ENULL, "engram_encode_f16|norms",
            "and norms");
    refused(engram_encode_f16(rows, norms, 1, 5, NULL), ENGRAM_ENULL, "engram_encode_f16|out",
            "and a place for halves");
    refused(engram_encode_int8(rows, norms, 1, 5, bytes, NULL), ENGRAM_ENULL,
            "engram_encode_int8|factors", "and for factors");
    refused(engram_encode_sign(rows, norms, 1, 5, 0, NULL), ENGRAM_ENULL,
            "engram_encode_sign|blocks", "and for signs");
    refused(engram_encode_bf16(rows, norms, huge, 64, halves), ENGRAM_EDIM,
            "engram_encode_bf16|memory", "more rows than memory has are refused");
    refused(engram_encode_f16(rows, norms, 1, SIZE_MAX, halves), ENGRAM_EDIM,
            "engram_encode_f16|memory", "so are longer ones");
    refused(engram_encode_int8(rows, norms, huge, 64, bytes, factors), ENGRAM_EDIM,
            "engram_encode_int8|memory", "as bytes too");
    refused(engram_encode_sign(rows, norms, huge, 64, 0, words), ENGRAM_EDIM,
            "engram_encode_sign|memory", "and as signs");
    refused(engram_dots_bf16(rows, NULL, 1, 64, scores), ENGRAM_ENULL, "engram_dots_bf16|rows",
            "dot products need rows");
    refused(engram_dots_f16(rows, halves, 1, 63, scores), ENGRAM_EDIM, "engram_dots_f16|63|64",
            "in whole rounds of 64");
    refused(engram_dots_bf16(rows, halves, huge, 64, scores), ENGRAM_EDIM,
            "engram_dots_bf16|memory", "not more than memory has");
    refused(engram_dots_int8(bytes, bytes, NULL, 1, 64, scores), ENGRAM_ENULL,
            "engram_dots_int8|factors", "those of bytes need factors");
    refused(engram_dots_int8(bytes, bytes, factors, 1, ENGRAM_MAX_INT8 + 64, scores), ENGRAM_EDIM,
            "engram_dots_int8|133184", "and rows whose sum cannot overflow");
    refused(engram_dots_int8(bytes, bytes, factors, SIZE_MAX, 64, scores), ENGRAM_EDIM,
            "engram_dots_int8|memory", "no more of them than memory has");
    refused(engram_dots_sign(words, NULL, 1, 64, scores), ENGRAM_ENULL, "engram_dots_sign|blocks",
            "those of signs need blocks");
    refused(engram_dots_sign(words, words, SIZE_MAX, 64, scores), ENGRAM_EDIM,
            "engram_dots_sign|memory", "not too many");
    refused(engram_above_f32(NULL, 1, 0, words), ENGRAM_ENULL, "engram_above_f32|scores",
            "scores are needed to be above");
    refused(engram_above_f32(scores, 1, 0, NULL), ENGRAM_ENULL, "engram_above_f32|bits",
            "and a place to say so");
}

/* ---- without memory */

static int indexes_and_adds(const float *rows)
{
    uint64_t ids[200];
    engram_bank *bank = NULL;
    int status = engram_bank_new(DIM, &bank);
    if (status == ENGRAM_OK)
        status = engram_bank_add(bank, rows, 20, ids);
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS && status == ENGRAM_OK; form++) {
        status = engram_bank_index(bank, form, 1);
        if (status != ENGRAM_OK && (bank->forms[form].on || bank->forms[form].rows.block))
            status = -1;
    }
    for (int i = 20; i < 200 && status == ENGRAM_OK; i += 60) {
        uint32_t slots = bank->slots;
        status = engram_bank_add(bank, rows + i * DIM, 60, ids + i);
        if (status != ENGRAM_OK && (bank->slots != slots || bank->count != slots))
            status = -1;
    }
    if (bank && out_of_step(bank))
        status = -1;
    engram_bank_free(bank);
    return status;
}

static void without_memory(void)
{
    float *rows = randoms(&rng, 200 * DIM, -1, 1);
    long live = heap.live, fuse = 0;
    int status = ENGRAM_ENOMEM, wrong = 0;
    for (; fuse < 200 && status != ENGRAM_OK; fuse++) {
        heap.fuse = fuse;
        status = indexes_and_adds(rows);
        heap.fuse = -1;
        if ((status != ENGRAM_OK && status != ENGRAM_ENOMEM) || heap.live != live) {
            diag("after %ld allocations: status %d, %ld blocks lost", fuse, status,
                 heap.live - live);
            wrong++;
        }
    }
    ok(status == ENGRAM_OK && fuse > 10, "forms work once every allocation succeeds");
    is_int(wrong, 0, "before that each failing one is ENOMEM, changes nothing and loses nothing");
    free(rows);
}

int main(void)
{
    forget_environment();
    const struct engram_options options = {.size = sizeof options,
                                           .allocate = heap_allocate,
                                           .cancel = &cancel,
                                           .parallel_for = backwards};
    const struct engram_arena_config config = {
        .size = sizeof config, .overflow = ENGRAM_ERROR_RETURN, .bytes = 1 << 23};
    engram_init(&options);
    engram_arena_configure(&config);
    random_changes();
    room();
    float *queries;
    engram_bank *bank = large_bank(&queries);
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++)
        engram_bank_index(bank, form, 1);
    is_int(out_of_step(bank), 0, "the forms of many rows are made in blocks");
    stages(bank, queries);
    defaults(bank, queries);
    batches(bank, queries);
    scratch(bank, queries);
    refusals(bank, queries);
    engram_bank_free(bank);
    free(queries);
    ties();
    doors();
    without_memory();
    heap_settled();
    return done();
}
