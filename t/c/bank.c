/* bank.c - banks: ids, changes, search, and .npy files well-formed and not.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

static struct engram_rng rng = {20240301};
static uint32_t cancel;

static engram_bank *new_bank(uint32_t dim)
{
    engram_bank *bank = NULL;
    if (engram_bank_new(dim, &bank) != ENGRAM_OK)
        diag("%s", engram_last_message());
    return bank;
}

static struct engram_bank_view view_of(const engram_bank *bank)
{
    struct engram_bank_view view = {0};
    engram_bank_get(bank, &view);
    return view;
}

static bool is_live(const struct engram_bank_view *view, uint32_t slot)
{
    return view->live[slot / 64] >> slot % 64 & 1;
}

static uint64_t id_of(const struct engram_bank_view *view, uint32_t slot)
{
    return slot | (uint64_t)view->generations[slot] << 32;
}

/* ---- search by a plain scan */

static int by_score(const void *a, const void *b)
{
    const struct engram_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* All rows that may be found, in order, owned; how many there are. */
static struct engram_hit *scan(const engram_bank *bank, const float *query, const uint64_t *keep,
                               size_t *n)
{
    struct engram_bank_view view = view_of(bank);
    struct engram_hit *hits = malloc((view.slots + 1) * sizeof *hits);
    *n = 0;
    for (uint32_t slot = 0; slot < view.slots; slot++)
        if (is_live(&view, slot) && (!keep || keep[slot / 64] >> slot % 64 & 1))
            hits[(*n)++] = (struct engram_hit){
                id_of(&view, slot),
                engram_cosine_f32(query, view.rows + (size_t)slot * view.dim, view.dim)};
    qsort(hits, *n, sizeof *hits, by_score);
    return hits;
}

static bool same_hits(const struct engram_hit *a, const struct engram_hit *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].id != b[i].id || a[i].score != b[i].score) {
            diag("hit %zu is (%llx, %.9g), expected (%llx, %.9g)", i, (unsigned long long)a[i].id,
                 a[i].score, (unsigned long long)b[i].id, b[i].score);
            return false;
        }
    return true;
}

/* The search finds what the scan finds; what lies behind the k hits is not written. */
static bool finds(const engram_bank *bank, const float *query, size_t k, const uint64_t *keep)
{
    size_t all, count = 12345;
    struct engram_hit *expected = scan(bank, query, keep, &all);
    struct engram_hit *hits = malloc((k + 1) * sizeof *hits);
    memset(hits, SECRET, (k + 1) * sizeof *hits);
    const struct engram_search options = {.size = sizeof options, .keep = keep};
    int status = engram_bank_search(bank, query, 1, k, &options, NULL, hits, &count, NULL);
    size_t want = k < all ? k : all;
    bool good = status == ENGRAM_OK && count == want && same_hits(hits, expected, want) &&
                all_are(hits + k, SECRET, sizeof *hits);
    if (!good)
        diag("status %d, %zu hits of %zu wanted: %s", status, count, want, engram_last_message());
    free(hits);
    free(expected);
    return good;
}

/* ---- rows */

static void empty_bank(void)
{
    engram_bank *bank = NULL;
    refused(engram_bank_new(4, NULL), ENGRAM_ENULL, "engram_bank_new|out",
            "a bank needs a place for it");
    refused(engram_bank_new(0, &bank), ENGRAM_EDIM, "engram_bank_new|dim",
            "a bank of no dimension is refused");
    ok(!bank, "and none is made");
    bank = new_bank(4);
    struct engram_bank_view view = view_of(bank);
    ok(view.dim == 4 && view.slots == 0 && view.count == 0 && view.mapped == 0,
       "a new bank is empty");
    float query[4] = {1};
    size_t count = 9;
    ok(engram_bank_search(bank, query, 1, 5, NULL, NULL, (struct engram_hit[5]){0}, &count, NULL) ==
               ENGRAM_OK &&
           count == 0,
       "nothing is found in it");
    ok(engram_bank_add(bank, NULL, 0, NULL) == ENGRAM_OK && view_of(bank).count == 0,
       "adding no rows is fine");
    uint64_t id;
    refused(engram_bank_add(NULL, query, 1, &id), ENGRAM_ENULL, "engram_bank_add|bank",
            "adding to no bank is refused");
    refused(engram_bank_add(bank, NULL, 1, &id), ENGRAM_ENULL, "engram_bank_add|rows",
            "adding rows from nowhere is refused");
    refused(engram_bank_update(bank, 0, query), ENGRAM_ERANGE, "engram_bank_update|0",
            "an id that was never given is refused");
    refused(engram_bank_remove(bank, 77), ENGRAM_ERANGE, "engram_bank_remove|77",
            "the message names it");
    const float *row = query;
    refused(engram_bank_row(bank, 77, &row), ENGRAM_ERANGE, "engram_bank_row|77",
            "it has no row either");
    ok(row == query, "and the place for it stays as it was");
    engram_bank_free(bank);
    engram_bank_free(NULL);
}

static void generations(void)
{
    engram_bank *bank = new_bank(3);
    float rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    uint64_t ids[3], again[4];
    is_int(engram_bank_add(bank, rows, 3, ids), ENGRAM_OK, "rows are added");
    ok(ids[0] == 0 && ids[1] == 1 && ids[2] == 2, "the first ids are the slots");
    is_int(engram_bank_remove(bank, ids[1]), ENGRAM_OK, "a row is removed");
    struct engram_bank_view view = view_of(bank);
    ok(view.slots == 3 && view.count == 2 && !is_live(&view, 1) && is_live(&view, 2),
       "its slot stays, and is not live");
    refused(engram_bank_remove(bank, ids[1]), ENGRAM_ERANGE, "engram_bank_remove|1",
            "it is not removed twice");
    is_int(engram_bank_remove(bank, ids[0]), ENGRAM_OK, "another is removed");
    float more[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0};
    is_int(engram_bank_add(bank, more, 4, again), ENGRAM_OK, "four rows are added");
    ok(again[0] == ((uint64_t)1 << 32) && again[1] == (1 | (uint64_t)1 << 32),
       "the slot freed last is used first, each under its next generation");
    ok(again[2] == 3 && again[3] == 4, "then new slots");
    view = view_of(bank);
    ok(view.slots == 5 && view.count == 5 && view.generations[0] == 1 && view.generations[2] == 0,
       "the view has the generations");

    const float *row = NULL;
    ok(engram_bank_row(bank, again[1], &row) == ENGRAM_OK && same_bits(row, more + 3, 12),
       "a row is found by its id");
    refused(engram_bank_row(bank, ids[1], &row), ENGRAM_ERANGE, "engram_bank_row|1",
            "the old id of its slot is refused");
    refused(engram_bank_update(bank, ids[0], rows), ENGRAM_ERANGE, "engram_bank_update|0",
            "an old id is not updated");
    refused(engram_bank_remove(bank, ids[0]), ENGRAM_ERANGE, "engram_bank_remove|0",
            "an old id is not removed");
    refused(engram_bank_remove(bank, 4 | (uint64_t)1 << 32), ENGRAM_ERANGE, "engram_bank_remove",
            "an id from the future is refused");
    refused(engram_bank_remove(bank, 2 | (uint64_t)1 << 53), ENGRAM_ERANGE, "9007199254740994",
            "so is a generation that no id has, and the message has the whole id");
    refused(engram_bank_remove(bank, 0xffffffffu), ENGRAM_ERANGE, "4294967295",
            "so is a slot far outside");
    ok(view_of(bank).count == 5, "refused changes change nothing");

    ok(engram_bank_update(bank, again[2], rows + 3) == ENGRAM_OK &&
           engram_bank_row(bank, again[2], &row) == ENGRAM_OK && same_bits(row, rows + 3, 12),
       "an update replaces the row under its id");
    view = view_of(bank);
    ok(view.norms[3] == engram_norm_f32(rows + 3, 3), "and its norm");
    refused(engram_bank_update(bank, again[2], NULL), ENGRAM_ENULL, "engram_bank_update|row",
            "an update needs a row");
    refused(engram_bank_row(bank, again[2], NULL), ENGRAM_ENULL, "engram_bank_row|out",
            "a row needs a place for it");
    engram_bank_free(bank);
}

/* A slot has 2^21 generations; the last id of it is never followed by a smaller one. */
static void worn_out_slot(void)
{
    engram_bank *bank = new_bank(1);
    float row = 1;
    uint64_t id, last = 0;
    int failures = 0, unordered = 0, too_large = 0;
    for (uint32_t i = 0; i < (1u << 21) + 3; i++) {
        failures += engram_bank_add(bank, &row, 1, &id) != ENGRAM_OK;
        unordered += i > 0 && (uint32_t)id == (uint32_t)last && id <= last;
        too_large += id >> 53 != 0;
        failures += engram_bank_remove(bank, id) != ENGRAM_OK;
        last = id;
    }
    is_int(failures, 0, "a row can be added and removed more than 2^21 times");
    is_int(too_large, 0, "every id fits a double");
    is_int(unordered, 0, "no id of a slot comes again");
    engram_bank_free(bank);
}

static void non_finite_rows(void)
{
    enum { DIM = 29, ROWS = 31 };
    engram_bank *bank = new_bank(DIM);
    float *rows = randoms(&rng, DIM * ROWS, -1, 1);
    uint64_t ids[ROWS], untouched[ROWS];
    engram_bank_add(bank, rows, 3, ids);
    memset(ids, SECRET, sizeof ids);
    memcpy(untouched, ids, sizeof ids);
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT(bad); i++) {
        rows[17 * DIM + 23] = bad[i];
        refused(engram_bank_add(bank, rows, ROWS, ids), ENGRAM_ENONFINITE, "engram_bank_add|17|23",
                "%g in row 17, column 23 is refused and named", (double)bad[i]);
    }
    ok(view_of(bank).count == 3 && same_bits(ids, untouched, sizeof ids),
       "then no row is added and no id given");
    const float *row;
    rows[23] = NAN;
    refused(engram_bank_update(bank, 2, rows), ENGRAM_ENONFINITE, "engram_bank_update|23",
            "an update with a NaN is refused");
    engram_bank_row(bank, 2, &row);
    ok(same_bits(row, rows + 2 * DIM, DIM * sizeof *row), "and the row stays");
    rows[23] = 0;
    rows[17 * DIM + 23] = 0;
    ok(engram_bank_add(bank, rows, ROWS, ids) == ENGRAM_OK && ids[0] == 3 && ids[ROWS - 1] == 33,
       "the slots that were meant for them are still free");
    refused(engram_bank_add(bank, rows, (size_t)1 << 40, ids), ENGRAM_ELIMIT, "engram_bank_add",
            "more rows than there are slots are refused before one is read");
    engram_bank_free(bank);
    free(rows);
}

static void room(void)
{
    engram_bank *bank = new_bank(16);
    float *rows = randoms(&rng, 16 * 1000, -1, 1);
    uint64_t ids[1000];
    is_int(engram_bank_reserve(bank, 1000), ENGRAM_OK, "room for 1000 rows is reserved");
    long calls = heap.calls;
    for (int i = 0; i < 10; i++)
        engram_bank_add(bank, rows + i * 1600, 100, ids + i * 100);
    for (int i = 0; i < 1000; i += 7)
        engram_bank_remove(bank, ids[i]);
    engram_bank_add(bank, rows, 100, ids);
    is_int(heap.calls, calls, "then adding and removing them allocates nothing");
    ok(view_of(bank).count == 1000 - 143 + 100, "and works");
    ok(engram_bank_reserve(bank, 10) == ENGRAM_OK, "less room than there is changes nothing");
    ok(engram_bank_reserve(bank, UINT32_MAX) != ENGRAM_OK && view_of(bank).count == 957,
       "room for 4,294,967,295 rows is refused");
    engram_bank_free(bank);
    free(rows);
}

/* Random changes against plain arrays. */
static void random_changes(void)
{
    enum { DIM = 5, SLOTS = 300 };
    static float rows[SLOTS][DIM];
    static uint64_t ids[SLOTS];
    static bool live[SLOTS];
    static uint32_t freed[SLOTS];
    uint32_t generation[SLOTS] = {0}, slots = 0, free_slots = 0;
    engram_bank *bank = new_bank(DIM);
    int wrong = 0;
    for (int step = 0; step < 5000; step++) {
        uint32_t slot = slots ? engram_rng_below(&rng, slots) : 0;
        float row[DIM];
        for (int j = 0; j < DIM; j++)
            row[j] = (float)engram_rng_normal(&rng);
        uint32_t what = engram_rng_below(&rng, 3);
        if (what == 0 && (free_slots || slots < SLOTS)) {
            uint32_t next = free_slots ? freed[--free_slots] : slots++;
            uint64_t id = 0;
            wrong += engram_bank_add(bank, row, 1, &id) != ENGRAM_OK ||
                     id != (next | (uint64_t)generation[next] << 32);
            memcpy(rows[next], row, sizeof row);
            ids[next] = id;
            live[next] = true;
        } else if (what == 1 && slots) {
            wrong += engram_bank_update(bank, ids[slot], row) !=
                     (live[slot] ? ENGRAM_OK : ENGRAM_ERANGE);
            if (live[slot])
                memcpy(rows[slot], row, sizeof row);
        } else if (slots) {
            wrong +=
                engram_bank_remove(bank, ids[slot]) != (live[slot] ? ENGRAM_OK : ENGRAM_ERANGE);
            if (live[slot]) {
                freed[free_slots++] = slot;
                generation[slot]++;
            }
            live[slot] = false;
        }
    }
    is_int(wrong, 0, "5000 random changes are accepted and refused as in plain arrays");
    struct engram_bank_view view = view_of(bank);
    for (uint32_t s = 0; s < slots; s++) {
        wrong += is_live(&view, s) != live[s];
        wrong += live[s] && (id_of(&view, s) != ids[s] ||
                             !same_bits(view.rows + s * DIM, rows[s], sizeof rows[s]) ||
                             view.norms[s] != engram_norm_f32(rows[s], DIM));
    }
    ok(wrong == 0 && view.slots == slots && view.count == slots - free_slots,
       "rows, norms, ids and live slots are then as in the arrays");
    float query[DIM] = {1, -1, 0.5f};
    ok(finds(bank, query, 1000, NULL), "and so is what is found");
    engram_bank_free(bank);
}

/* ---- search */

static void search(void)
{
    enum { DIM = 8, ROWS = 10000 };
    engram_bank *bank = new_bank(DIM);
    float *rows = randoms(&rng, DIM * ROWS, -1, 1);
    uint64_t *ids = malloc(ROWS * sizeof *ids);
    for (int i = 0; i < 200; i++) /* equal rows, zero rows */
        memcpy(rows + (size_t)engram_rng_below(&rng, ROWS) * DIM, rows, DIM * sizeof *rows);
    for (int i = 0; i < 200; i++)
        memset(rows + (size_t)engram_rng_below(&rng, ROWS) * DIM, 0, DIM * sizeof *rows);
    int failures = 0;
    for (size_t i = 0, n; i < ROWS; i += n) {
        n = 1 + engram_rng_below(&rng, 99);
        n = n < ROWS - i ? n : ROWS - i;
        failures += engram_bank_add(bank, rows + i * DIM, n, ids + i) != ENGRAM_OK;
    }
    struct engram_bank_view view = view_of(bank);
    ok(failures == 0 && view.count == ROWS && view.slots == ROWS, "a bank grows to 10,000 rows");
    ok(same_bits(view.rows, rows, DIM * ROWS * sizeof *rows), "which are those that were added");
    ok(view.bytes >= sizeof(float) * (DIM + 1) * ROWS, "its bytes are at least those of its rows");

    float zero[DIM] = {0};
    static const size_t ks[] = {0, 1, 2, 10, 63, 64, 65, 1000, ROWS, ROWS + 1, 3 * ROWS};
    for (size_t i = 0; i < COUNT(ks); i++)
        ok(finds(bank, rows + DIM * 3, ks[i], NULL), "the best %zu are those of a plain scan",
           ks[i]);
    ok(finds(bank, rows, 300, NULL), "equal scores stand in ascending id");
    ok(finds(bank, zero, 100, NULL), "to a zero query all rows are equal");

    uint64_t keep[(ROWS + 63) / 64] = {0};
    ok(finds(bank, rows, 10, keep), "an empty bitset keeps none");
    for (uint32_t slot = 0; slot < ROWS; slot++)
        if (engram_rng_below(&rng, 3) == 0)
            keep[slot / 64] |= (uint64_t)1 << slot % 64;
    ok(finds(bank, rows, 50, keep) && finds(bank, rows, 2 * ROWS, keep),
       "a bitset keeps the slots it names");

    for (uint32_t i = 0; i < ROWS; i += 2)
        failures += engram_bank_remove(bank, ids[i]) != ENGRAM_OK;
    ok(failures == 0 && finds(bank, rows, ROWS, NULL), "removed rows are not found");
    ok(finds(bank, rows, ROWS, keep), "not even where the bitset names them");
    uint64_t *again = malloc(ROWS * sizeof *again);
    failures += engram_bank_add(bank, rows, 2000, again) != ENGRAM_OK;
    ok(failures == 0 && finds(bank, rows, ROWS, NULL) && finds(bank, rows, 7, NULL),
       "rows in slots used again are found under their new ids, equal scores in ascending id");

    engram_arena *arena = NULL;
    struct engram_arena_config config = {.size = sizeof config, .overflow = ENGRAM_ERROR_RETURN};
    config.bytes = engram_bank_search_scratch(bank, 1, 100, NULL);
    engram_arena_new(&config, &arena);
    struct engram_hit hits[100];
    size_t count = 0;
    long calls = heap.calls;
    ok(engram_bank_search(bank, rows, 1, 100, NULL, arena, hits, &count, NULL) == ENGRAM_OK &&
           count == 100,
       "an arena of the bytes asked for beforehand suffices");
    struct engram_arena_info info;
    engram_arena_info(arena, &info);
    ok(heap.calls == calls && info.used == 0 && info.overflows == 0,
       "nothing is allocated, and the arena is rewound");
    engram_arena_free(arena);

    config.bytes = 1;
    engram_arena_new(&config, &arena);
    count = 77;
    if (engram_bank_search_scratch(bank, 1, 100, NULL) > 0) {
        int status = engram_bank_search(bank, rows, 1, 100, NULL, arena, hits, &count, NULL);
        refused(status, ENGRAM_ENOMEM, "", "an arena without room is an error");
        ok(count == 77, "then there is no count");
    }
    engram_arena_free(arena);
    __atomic_store_n(&cancel, 1, __ATOMIC_RELAXED);
    refused(engram_bank_search(bank, rows, 1, 100, NULL, NULL, hits, &count, NULL),
            ENGRAM_ECANCELLED, "", "a set cancel flag ends a search");
    __atomic_store_n(&cancel, 0, __ATOMIC_RELAXED);
    refused(engram_bank_search(NULL, rows, 1, 1, NULL, NULL, hits, &count, NULL), ENGRAM_ENULL,
            "engram_bank_search|bank", "searching no bank is refused");
    refused(engram_bank_search(bank, NULL, 1, 1, NULL, NULL, hits, &count, NULL), ENGRAM_ENULL,
            "engram_bank_search|queries", "searching for nothing is refused");
    refused(engram_bank_search(bank, rows, 1, 1, NULL, NULL, NULL, &count, NULL), ENGRAM_ENULL,
            "engram_bank_search|hits", "a search needs a place for its hits");
    refused(engram_bank_search(bank, rows, 1, 1, NULL, NULL, hits, NULL, NULL), ENGRAM_ENULL,
            "engram_bank_search|count", "and one for their count");
    ok(engram_bank_search(bank, rows, 1, 0, NULL, NULL, NULL, &count, NULL) == ENGRAM_OK &&
           count == 0,
       "but none for no hits");
    engram_bank_free(bank);
    free(again);
    free(ids);
    free(rows);
}

/* ---- .npy files */

/* A file: magic, version, the length of the header, the header padded with blanks, rows. */
struct npy {
    unsigned char bytes[4096];
    size_t n, header; /* all bytes; where the rows begin */
};

static struct npy npy(int major, const char *dict, size_t multiple, const float *rows,
                      size_t floats)
{
    struct npy file = {{0}, 0, 0};
    size_t prefix = major == 1 ? 10 : 12, text = strlen(dict);
    file.header = (prefix + text + 1 + multiple - 1) / multiple * multiple;
    size_t length = file.header - prefix;
    memcpy(file.bytes, "\x93NUMPY", 6);
    file.bytes[6] = (unsigned char)major;
    for (size_t i = 8; i < prefix; i++, length >>= 8)
        file.bytes[i] = length & 255;
    memset(file.bytes + prefix, ' ', file.header - prefix);
    memcpy(file.bytes + prefix, dict, text);
    file.bytes[file.header - 1] = '\n';
    memcpy(file.bytes + file.header, rows, floats * sizeof *rows);
    file.n = file.header + floats * sizeof *rows;
    return file;
}

static const float twelve[] = {1, 2, 3, 4, -5, 6.5f, 7, 8, 0, 0, 0, 0};
static const char numpy_dict[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";

static bool holds_twelve(const engram_bank *bank)
{
    struct engram_bank_view view = view_of(bank);
    bool good = view.dim == 4 && view.slots == 3 && view.count == 3 &&
                same_bits(view.rows, twelve, sizeof twelve);
    for (uint32_t slot = 0; good && slot < 3; slot++)
        good = is_live(&view, slot) && id_of(&view, slot) == slot &&
               view.norms[slot] == engram_norm_f32(twelve + 4 * slot, 4);
    return good && finds(bank, twelve, 5, NULL);
}

static void opens(const struct npy *file, const char *sentence)
{
    put_file(in_folder("a.npy"), file->bytes, file->n);
    engram_bank *bank = NULL;
    int status = engram_bank_open(in_folder("a.npy"), &bank);
    if (!ok(status == ENGRAM_OK && holds_twelve(bank), "%s", sentence))
        diag("status %d: %s", status, engram_last_message());
    engram_bank_free(bank);
}

static void refuses(const struct npy *file, const char *words, const char *sentence)
{
    char all[128];
    snprintf(all, sizeof all, "bad.npy|%s", words);
    put_file(in_folder("bad.npy"), file->bytes, file->n);
    engram_bank *bank = NULL;
    int status = engram_bank_open(in_folder("bad.npy"), &bank);
    refused(bank ? ENGRAM_OK : status, ENGRAM_EFORMAT, all, "%s", sentence);
    engram_bank_free(bank);
}

static void well_formed_files(void)
{
    for (int major = 1; major <= 3; major++) {
        struct npy file = npy(major, numpy_dict, 64, twelve, 12);
        char sentence[80];
        snprintf(sentence, sizeof sentence, "a file of version %d.0 as NumPy writes it is opened",
                 major);
        opens(&file, sentence);
    }
    struct npy file = npy(1, numpy_dict, 16, twelve, 12);
    ok(file.header % 64 != 0, "older files begin their rows at a multiple of 16");
    opens(&file, "they are opened too");

    static const char *const keys[] = {"'descr': '<f4'", "'fortran_order': False",
                                       "'shape': (3, 4)"};
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < COUNT(orders); i++) {
        char dict[128], sentence[192];
        snprintf(dict, sizeof dict, "{%s, %s, %s%s}", keys[orders[i][0]], keys[orders[i][1]],
                 keys[orders[i][2]], i % 2 ? "" : ", ");
        snprintf(sentence, sizeof sentence, "keys may stand in any order: %s", dict);
        file = npy(1, dict, 64, twelve, 12);
        opens(&file, sentence);
    }
    file = npy(1, "{'descr':'<f4','fortran_order':False,'shape':(3,4)}", 64, twelve, 12);
    opens(&file, "blanks may be left out");
    file = npy(2, numpy_dict, 64 * 50, twelve, 12);
    ok(file.header == 3200, "a header may be long");
    opens(&file, "and is opened then too");
}

static void malformed_files(void)
{
    static const struct {
        const char *dict, *words, *sentence;
    } cases[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", "<f8",
         "float64 is refused"},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (3, 4), }", "<f2",
         "float16 is refused"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (3, 4), }", ">f4",
         "big-endian is refused"},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }", "<i4",
         "an integer type is refused"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 16), }", "|u1",
         "bytes are refused"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3, 4), }", "",
         "a structured type is refused"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }", "order",
         "Fortran order is refused"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4), }", "",
         "an order that is neither True nor False is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (12,), }", "", "one axis is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (12), }", "",
         "a number in place of a shape is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "", "no axis is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 4), }", "",
         "three axes are refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0), }", "",
         "rows of no dimension are refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, -4), }", "",
         "a negative dimension is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4.0), }", "",
         "a dimension with a point is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", "5",
         "more columns than the file has are refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", "3",
         "fewer columns than the file has are refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }", "4",
         "more rows than the file has are refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", "2",
         "fewer rows than the file has are refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }", "",
         "no rows where the file has some are refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387916, 4), }", "",
         "a shape whose bytes wrap round to those of the file is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967299, 4294967296), }", "",
         "a shape whose product wraps round is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551619, 4), }", "",
         "a dimension that wraps round to 3 is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4294967300), }", "",
         "a dimension that wraps round to 4 in 32 bits is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999, 1), }", "",
         "a dimension of 26 digits is refused"},
        {"{'descr': '<f4', 'shape': (3, 4), }", "fortran_order", "a missing key is refused"},
        {"{'fortran_order': False, 'shape': (3, 4), }", "descr", "a missing type is refused"},
        {"{'descr': '<f4', 'fortran_order': False, }", "shape", "a missing shape is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'extra': 1, }", "",
         "an unknown key is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'shape': (3, 4), }", "",
         "a key that comes twice is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), ", "",
         "a header without an end is refused"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } x", "",
         "a header that goes on behind its end is refused"},
        {"'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", "",
         "a header without a beginning is refused"},
        {"{'descr: '<f4', 'fortran_order': False, 'shape': (3, 4), }", "",
         "a quote that is not closed is refused"},
        {"", "", "an empty header is refused"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct npy file = npy(1, cases[i].dict, 64, twelve, 12);
        /* the word may be a type with a bar, which separates words */
        refuses(&file, cases[i].words[0] == '|' ? "u1" : cases[i].words, cases[i].sentence);
    }
    struct npy empty =
        npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }", 64, twelve, 0);
    put_file(in_folder("a.npy"), empty.bytes, empty.n);
    engram_bank *bank = NULL;
    ok(engram_bank_open(in_folder("a.npy"), &bank) == ENGRAM_OK && view_of(bank).slots == 0 &&
           view_of(bank).dim == 4 && finds(bank, twelve, 3, NULL),
       "a file of no rows is opened");
    uint64_t id = 9;
    ok(engram_bank_add(bank, twelve, 1, &id) == ENGRAM_OK && id == 0, "and can be added to");
    engram_bank_free(bank);

    struct npy file = npy(1, numpy_dict, 64, twelve, 12);
    memcpy(file.bytes, "\x93NUMPX", 6);
    refuses(&file, "", "a file that does not begin as a .npy is refused");
    static const unsigned char versions[] = {0, 4, 255};
    for (size_t i = 0; i < COUNT(versions); i++) {
        file = npy(1, numpy_dict, 64, twelve, 12);
        file.bytes[6] = versions[i];
        char word[8];
        snprintf(word, sizeof word, "%d", versions[i]);
        refuses(&file, word, "an unknown version is refused");
    }
    file = npy(1, numpy_dict, 64, twelve, 12);
    file.bytes[9] = 255;
    refuses(&file, "", "a header that ends behind the file is refused");
    file = npy(2, numpy_dict, 64, twelve, 12);
    memset(file.bytes + 8, 255, 4);
    refuses(&file, "", "a header of 4,294,967,295 bytes is refused");
    for (size_t off = 1; off < 4; off++) {
        /* the rows begin at 4 n + off, by a header that is shorter than its padding */
        char dict[128];
        snprintf(dict, sizeof dict, "%s%*s", numpy_dict, (int)off, "");
        file = npy(1, dict, 1, twelve, 12);
        while (file.header % 4 != off) {
            snprintf(dict + strlen(dict), sizeof dict - strlen(dict), " ");
            file = npy(1, dict, 1, twelve, 12);
        }
        refuses(&file, "", "rows that are not aligned to floats are refused");
    }
    refused(engram_bank_open(in_folder("none.npy"), &bank), ENGRAM_EIO, "none.npy",
            "a file that is not there is named");
    int status = engram_bank_open(folder, &bank);
    ok(status == ENGRAM_EIO || status == ENGRAM_EFORMAT, "a folder is refused");
    refused(engram_bank_open(NULL, &bank), ENGRAM_ENULL, "engram_bank_open|path",
            "no path is refused");
    refused(engram_bank_open(in_folder("a.npy"), NULL), ENGRAM_ENULL, "engram_bank_open|out",
            "opening needs a place for the bank");
    float bad[12] = {0};
    bad[6] = NAN;
    file = npy(1, numpy_dict, 64, bad, 12);
    put_file(in_folder("nan.npy"), file.bytes, file.n);
    refused(engram_bank_open(in_folder("nan.npy"), &bank), ENGRAM_ENONFINITE, "nan.npy|1|2",
            "a NaN in row 1, column 2 is refused and named");
}

/* Every byte of a header changed, every length cut: a sentence or a bank, never a crash. */
static void damaged_files(void)
{
    for (int major = 1; major <= 3; major++) {
        struct npy file = npy(major, numpy_dict, 64, twelve, 12);
        const char *path = in_folder("damaged.npy");
        int opened = 0, wrong = 0;
        for (size_t at = 0; at < file.header; at++) {
            unsigned char was = file.bytes[at];
            const unsigned char values[] = {0, 255, ' ', '9', '(', was ^ 1};
            for (size_t i = 0; i < COUNT(values); i++) {
                file.bytes[at] = values[i];
                put_file(path, file.bytes, file.n);
                engram_bank *bank = NULL;
                int status = engram_bank_open(path, &bank);
                if (status == ENGRAM_OK) {
                    struct engram_bank_view view = view_of(bank);
                    opened++;
                    float query[64] = {1};
                    wrong += view.dim == 0 || view.dim > 12 || view.slots * view.dim > 12 ||
                             !finds(bank, query, 20, NULL);
                } else {
                    wrong += bank || (status != ENGRAM_EFORMAT && status != ENGRAM_ENONFINITE) ||
                             !mentions(engram_last_message(), "damaged.npy");
                }
                engram_bank_free(bank);
            }
            file.bytes[at] = was;
        }
        ok(wrong == 0 && opened > 0,
           "version %d: a header with a changed byte is a bank or refused", major);
        wrong = 0;
        for (size_t n = 0; n < file.n; n++) {
            put_file(path, file.bytes, n);
            engram_bank *bank = NULL;
            wrong += engram_bank_open(path, &bank) != ENGRAM_EFORMAT || bank ||
                     !mentions(engram_last_message(), "damaged.npy");
        }
        is_int(wrong, 0, "version %d: a file cut short is refused, wherever it is cut", major);
    }
}

/* ---- open, change, save */

static bool file_is(const char *path, const void *bytes, size_t n)
{
    size_t got = 0;
    unsigned char *now = get_file(path, &got);
    bool same = now && got == n && memcmp(now, bytes, n) == 0;
    free(now);
    return same;
}

static void mapping(void)
{
    struct npy file = npy(1, numpy_dict, 64, twelve, 12);
    const char *path = in_folder("mapped.npy");
    put_file(path, file.bytes, file.n);
    const float row[] = {9, 9, 9, 9};
    const float *got;
    uint64_t id;

    engram_bank *bank = NULL;
    engram_bank_open(path, &bank);
    ok(view_of(bank).mapped == 1, "an opened bank has its rows in the file");
    ok(engram_bank_update(bank, 7, row) == ENGRAM_ERANGE && view_of(bank).mapped == 1,
       "a refused change leaves them there");
    ok(engram_bank_update(bank, 1, row) == ENGRAM_OK && view_of(bank).mapped == 0 &&
           engram_bank_row(bank, 1, &got) == ENGRAM_OK && same_bits(got, row, sizeof row),
       "the first change copies them");
    ok(engram_bank_row(bank, 0, &got) == ENGRAM_OK && same_bits(got, twelve, 16), "all of them");
    engram_bank_free(bank);
    ok(file_is(path, file.bytes, file.n), "and leaves the file alone");

    engram_bank_open(path, &bank);
    ok(engram_bank_add(bank, row, 1, &id) == ENGRAM_OK && id == 3 && view_of(bank).mapped == 0 &&
           view_of(bank).count == 4 && finds(bank, row, 9, NULL),
       "a row added to an opened bank copies the others");
    engram_bank_free(bank);
    engram_bank_open(path, &bank);
    ok(engram_bank_remove(bank, 0) == ENGRAM_OK && view_of(bank).count == 2 &&
           finds(bank, twelve, 9, NULL),
       "a row removed from an opened bank is not found");
    engram_bank_free(bank);
    ok(file_is(path, file.bytes, file.n), "the file still has what it had");
}

static bool same_banks(const engram_bank *a, const engram_bank *b)
{
    struct engram_bank_view x = view_of(a), y = view_of(b);
    return x.dim == y.dim && x.count == y.count && x.slots == y.slots &&
           same_bits(x.rows, y.rows, sizeof(float) * x.dim * x.slots) &&
           same_bits(x.norms, y.norms, sizeof(float) * x.slots);
}

/* What a reader of .npy files relies on. */
static void is_npy(const char *path, const float *rows, uint32_t n, uint32_t dim)
{
    size_t bytes = 0;
    unsigned char *file = get_file(path, &bytes);
    size_t start = file && bytes > 10 ? 10 + file[8] + 256 * (size_t)file[9] : 0;
    char header[1024] = "", shape[64];
    snprintf(shape, sizeof shape, "'shape': (%u, %u)", n, dim);
    if (start > 10 && start <= bytes && start < sizeof header)
        memcpy(header, file + 10, start - 10);
    ok(file && memcmp(file, "\x93NUMPY\x01\x00", 8) == 0 && start % 64 == 0 &&
           bytes == start + sizeof *rows * n * dim && file[start - 1] == '\n',
       "a saved file is a .npy of version 1.0 with its rows at a multiple of 64");
    ok(header[0] == '{' && strstr(header, "'descr': '<f4'") &&
           strstr(header, "'fortran_order': False") && strstr(header, shape),
       "its header says what it is");
    ok(bytes >= start && same_bits(file + start, rows, sizeof *rows * n * dim),
       "its rows are the rows");
    free(file);
}

static void saving(void)
{
    enum { DIM = 33, ROWS = 500 };
    float *rows = randoms(&rng, DIM * ROWS, -100, 100);
    uint64_t ids[ROWS];
    engram_bank *bank = new_bank(DIM), *again = NULL;
    engram_bank_add(bank, rows, ROWS, ids);
    folder_entries(true);
    const char *path = in_folder("saved.npy");
    is_int(engram_bank_save(bank, path, 0), ENGRAM_OK, "a bank is saved");
    is_int(folder_entries(false), 1, "into one file and no other");
    is_npy(path, rows, ROWS, DIM);
    ok(engram_bank_open(path, &again) == ENGRAM_OK && same_banks(bank, again),
       "opened again it has the same bits");
    engram_bank_free(again);
    char left[4200];
    snprintf(left, sizeof left, "%s.0.new", path);
    fclose(fopen(left, "w"));
    is_int(engram_bank_save(bank, path, 0), ENGRAM_OK,
           "a file that a crash left behind does not stop the next save");
    remove(left);

    engram_bank_remove(bank, ids[17]);
    size_t n;
    unsigned char *before = get_file(path, &n);
    refused(engram_bank_save(bank, path, 0), ENGRAM_EDIM, "engram_bank_save|compact",
            "a bank with a removed row is refused");
    ok(file_is(path, before, n) && folder_entries(false) == 1, "the file stays, and none is added");
    is_int(engram_bank_save(bank, path, 1), ENGRAM_OK, "unless it is to be compact");
    again = NULL;
    ok(engram_bank_open(path, &again) == ENGRAM_OK && view_of(again).slots == ROWS - 1 &&
           same_bits(view_of(again).rows, rows, 17 * DIM * sizeof *rows) &&
           same_bits(view_of(again).rows + 17 * DIM, rows + 18 * DIM,
                     (ROWS - 18) * DIM * sizeof *rows),
       "then the rest comes back in slot order");
    engram_bank_free(again);
    free(before);

    before = get_file(path, &n);
    refused(engram_bank_save(bank, in_folder("no/such.npy"), 1), ENGRAM_EIO, "no/such.npy",
            "a folder that is not there is named");
    mkdir(in_folder("dir.npy"), 0777);
    put_file(in_folder("dir.npy/x"), "x", 1);
    refused(engram_bank_save(bank, in_folder("dir.npy"), 1), ENGRAM_EIO, "dir.npy",
            "a folder is not replaced by a file");
    unlink(in_folder("dir.npy/x"));
    rmdir(in_folder("dir.npy"));
    is_int(folder_entries(false), 1, "failed saves leave nothing behind");

    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int status = engram_bank_save(bank, path, 1);
    setrlimit(RLIMIT_FSIZE, &old);
    refused(status, ENGRAM_EIO, "saved.npy", "a disk that takes no more is an error");
    ok(file_is(path, before, n) && folder_entries(false) == 1,
       "the old file is whole, and no other is left");
    free(before);
    refused(engram_bank_save(NULL, path, 0), ENGRAM_ENULL, "engram_bank_save|bank",
            "saving no bank is refused");
    refused(engram_bank_save(bank, NULL, 0), ENGRAM_ENULL, "engram_bank_save|path",
            "saving without a path is refused");
    engram_bank_free(bank);

    bank = new_bank(DIM);
    again = NULL;
    ok(engram_bank_save(bank, path, 0) == ENGRAM_OK &&
           engram_bank_open(path, &again) == ENGRAM_OK && view_of(again).dim == DIM &&
           view_of(again).slots == 0,
       "an empty bank is saved and opened");
    engram_bank_free(again);

    engram_bank_add(bank, rows, ROWS, ids);
    char here[512];
    if (!getcwd(here, sizeof here) || chdir(folder) != 0)
        diag("cannot go to %s", folder);
    again = NULL;
    ok(engram_bank_save(bank, "saved.npy", 0) == ENGRAM_OK &&
           engram_bank_open("saved.npy", &again) == ENGRAM_OK && same_banks(bank, again),
       "a path may be a bare name");
    engram_bank_free(again);
    if (chdir(here) != 0)
        diag("cannot go back to %s", here);

    again = NULL;
    engram_bank_open(path, &again);
    ok(engram_bank_save(again, path, 0) == ENGRAM_OK && view_of(again).mapped == 1 &&
           same_banks(bank, again) && finds(again, rows, 10, NULL),
       "a mapped bank can be saved over its own file");
    is_npy(path, rows, ROWS, DIM);
    engram_bank_remove(again, 3);
    engram_bank_update(again, 0, rows + DIM);
    ok(engram_bank_save(again, path, 1) == ENGRAM_OK, "changed too");
    engram_bank_free(again);
    again = NULL;
    ok(engram_bank_open(path, &again) == ENGRAM_OK && view_of(again).slots == ROWS - 1 &&
           same_bits(view_of(again).rows, rows + DIM, DIM * sizeof *rows),
       "and then has the changes");
    engram_bank_free(again);
    engram_bank_free(bank);
    free(rows);
}

/* ---- without memory */

static int adds_and_saves(void)
{
    float rows[40 * 4];
    uint64_t ids[40];
    for (int i = 0; i < 160; i++)
        rows[i] = (float)(i % 7);
    engram_bank *bank = NULL, *opened = NULL;
    int status = engram_bank_new(4, &bank);
    for (int i = 0; i < 40 && status == ENGRAM_OK; i += 10) {
        struct engram_bank_view before = view_of(bank);
        status = engram_bank_add(bank, rows + 4 * i, 10, ids + i);
        struct engram_bank_view after = view_of(bank);
        if (status != ENGRAM_OK && (after.count != before.count || after.slots != before.slots))
            status = -1;
    }
    if (status == ENGRAM_OK)
        status = engram_bank_save(bank, in_folder("memory.npy"), 0);
    if (status == ENGRAM_OK)
        status = engram_bank_open(in_folder("memory.npy"), &opened);
    if (status == ENGRAM_OK)
        status = engram_bank_update(opened, 3, rows);
    if (status == ENGRAM_OK)
        status = engram_bank_remove(opened, 5);
    struct engram_hit hits[10];
    size_t count;
    if (status == ENGRAM_OK)
        status = engram_bank_search(opened, rows + 4, 1, 10, NULL, NULL, hits, &count, NULL);
    engram_bank_free(opened);
    engram_bank_free(bank);
    engram_deinit_thread_arena();
    return status;
}

static void without_memory(void)
{
    engram_deinit_thread_arena();
    long live = heap.live, fuse = 0;
    int status = ENGRAM_ENOMEM, wrong = 0;
    for (; fuse < 200 && status != ENGRAM_OK; fuse++) {
        heap.fuse = fuse;
        status = adds_and_saves();
        heap.fuse = -1;
        if ((status != ENGRAM_OK && status != ENGRAM_ENOMEM) || heap.live != live) {
            diag("after %ld allocations: status %d, %ld blocks lost", fuse, status,
                 heap.live - live);
            wrong++;
        }
    }
    ok(status == ENGRAM_OK && fuse > 3, "a bank works once every allocation succeeds");
    is_int(wrong, 0, "before that each failing one is ENOMEM, changes nothing and loses nothing");
}

int main(void)
{
    start(&cancel);
    folder_make();
    empty_bank();
    generations();
    worn_out_slot();
    non_finite_rows();
    room();
    random_changes();
    search();
    well_formed_files();
    malformed_files();
    damaged_files();
    mapping();
    saving();
    without_memory();
    folder_remove();
    heap_settled();
    return done();
}
