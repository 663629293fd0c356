/* bank.c - rows of vectors, in memory or mapped from a .npy file; the only place rows are checked.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "bank.h"
#include "files.h"
#include "kernels/similarity.h"
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- making and ending */

int engram_bank_new(uint32_t dim, engram_bank **out)
{
    ENGRAM_NEED(out);
    if (dim == 0)
        return engram_fail(ENGRAM_EDIM, "engram_bank_new: dim is 0, expected at least 1");
    engram_bank *bank = engram_allocate(sizeof *bank);
    if (!bank)
        return ENGRAM_ENOMEM;
    *bank = (struct engram_bank){.dim = dim};
    *out = bank;
    return ENGRAM_OK;
}

static void unmap(engram_bank *bank)
{
    if (bank->mapping)
        munmap(bank->mapping, bank->mapping_bytes);
    bank->mapping = NULL;
}

void engram_bank_free(engram_bank *bank)
{
    if (!bank)
        return;
    unmap(bank);
    engram_lines_free(&bank->own);
    engram_release(bank->norms, bank->norms_bytes);
    engram_release(bank->generations, bank->generations_bytes);
    engram_release(bank->live, bank->live_bytes);
    engram_release(bank->free_slots, bank->free_bytes);
    engram_forms_free(bank);
    engram_release(bank, sizeof *bank);
}

/* Room for what is kept beside the rows. */
static int reserve_beside(engram_bank *bank, uint32_t slots)
{
    int status =
        engram_grow((void **)&bank->norms, &bank->norms_bytes, slots * sizeof *bank->norms);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&bank->generations, &bank->generations_bytes,
                             slots * sizeof *bank->generations);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&bank->free_slots, &bank->free_bytes,
                             slots * sizeof *bank->free_slots);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&bank->live, &bank->live_bytes,
                             engram_words(slots) * sizeof *bank->live);
    if (status == ENGRAM_OK)
        status = engram_forms_reserve(bank, slots);
    return status;
}

static int rows_size(const char *function, const engram_bank *bank, size_t slots, size_t *bytes)
{
    if (slots > ENGRAM_MAX_NODES)
        return engram_fail(ENGRAM_ELIMIT, "%s: %zu rows, at most %d", function, slots,
                           ENGRAM_MAX_NODES);
    if (!engram_product(slots, bank->dim * sizeof(float), bytes))
        return engram_fail(ENGRAM_ENOMEM, "%s: %zu rows of %u floats are more than memory has",
                           function, slots, (unsigned)bank->dim);
    return ENGRAM_OK;
}

/* Makes the rows ours and gives them room; those of a file are copied. */
static int reserve(const char *function, engram_bank *bank, size_t slots)
{
    size_t bytes = 0;
    int status = rows_size(function, bank, slots > bank->slots ? slots : bank->slots, &bytes);
    if (status == ENGRAM_OK)
        status = reserve_beside(bank, (uint32_t)(slots > bank->slots ? slots : bank->slots));
    if (status == ENGRAM_OK)
        status = engram_lines_grow(&bank->own, bytes);
    if (status != ENGRAM_OK)
        return status;
    if (bank->mapping) {
        if (bank->slots)
            memcpy(bank->own.at, bank->rows, (size_t)bank->slots * bank->dim * sizeof *bank->rows);
        unmap(bank);
    }
    bank->rows = bank->own.at;
    return ENGRAM_OK;
}

int engram_bank_reserve(engram_bank *bank, uint32_t n)
{
    ENGRAM_NEED(bank);
    return n > bank->slots ? reserve(__func__, bank, n) : ENGRAM_OK;
}

int engram_bank_own(engram_bank *bank)
{
    return bank->mapping ? reserve("engram_bank_own", bank, bank->slots) : ENGRAM_OK;
}

/* ---- rows */

static bool is_live(const engram_bank *bank, uint32_t slot)
{
    return engram_bit(bank->live, slot);
}

static int find(const char *function, const engram_bank *bank, uint64_t id, uint32_t *slot)
{
    *slot = (uint32_t)id;
    if (*slot < bank->slots && is_live(bank, *slot) && engram_bank_id(bank, *slot) == id)
        return ENGRAM_OK;
    if (id >> 53)
        return engram_fail(ENGRAM_ERANGE, "%s: id %llu is no id", function, (unsigned long long)id);
    return engram_fail(ENGRAM_ERANGE, "%s: id %llu (slot %u, generation %u) is not in the bank%s",
                       function, (unsigned long long)id, (unsigned)*slot, (unsigned)(id >> 32),
                       *slot < bank->slots ? " any more" : "");
}

/* The first column with NaN or infinity; dim: none. */
static uint32_t first_not_finite(const float *row, uint32_t dim)
{
    uint32_t j = 0;
    while (j < dim && fabsf(row[j]) <= FLT_MAX)
        j++;
    return j;
}

/* The norm of a row of finite floats; the row and column of the first other one in the message. */
static int norm_of_row(const char *where, const float *row, uint64_t number, uint32_t dim,
                       float *norm)
{
    float square = engram_dot_f32(row, row, dim);
    uint32_t bad = square <= FLT_MAX ? dim : first_not_finite(row, dim);
    if (bad < dim)
        return engram_fail(ENGRAM_ENONFINITE, "%s: row %llu, column %u is %g", where,
                           (unsigned long long)number, (unsigned)bad, engram_shown(row[bad]));
    *norm = engram_norm_of(square, row, dim);
    return ENGRAM_OK;
}

/* Whether some of n floats are ones of the bank, which may move while it grows. */
static bool overlaps(const engram_bank *bank, const float *rows, size_t floats)
{
    uintptr_t a = (uintptr_t)rows, b = (uintptr_t)bank->rows;
    return bank->rows && a < b + (size_t)bank->slots * bank->dim * sizeof *rows &&
           b < a + floats * sizeof *rows;
}

static void put(engram_bank *bank, uint32_t slot, const float *row, float norm)
{
    memcpy(bank->rows + (size_t)slot * bank->dim, row, bank->dim * sizeof *row);
    bank->norms[slot] = norm;
    bank->live[slot / 64] |= (uint64_t)1 << slot % 64;
    engram_forms_derive(bank, slot, slot + 1);
}

static uint32_t take_slot(engram_bank *bank)
{
    if (bank->free_count)
        return bank->free_slots[--bank->free_count];
    uint32_t slot = bank->slots++;
    if (slot % 64 == 0)
        bank->live[slot / 64] = 0;
    bank->generations[slot] = 0;
    return slot;
}

/* The slot that the i-th row to be added will have. */
static uint32_t slot_to_be(const engram_bank *bank, size_t i)
{
    return i < bank->free_count ? bank->free_slots[bank->free_count - 1 - i]
                                : bank->slots + (uint32_t)(i - bank->free_count);
}

/* Norms are written where they will stand before any row is: that changes nothing until all of them
 * are known to be good. */
int engram_bank_add(engram_bank *bank, const float *rows, size_t n, uint64_t *ids)
{
    ENGRAM_NEED(bank);
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(rows);
    ENGRAM_NEED(ids);
    size_t fresh = n > bank->free_count ? n - bank->free_count : 0, bytes;
    int status = rows_size(__func__, bank, n > ENGRAM_MAX_NODES ? n : bank->slots + fresh, &bytes);
    if (status == ENGRAM_OK)
        status = reserve_beside(bank, bank->slots + (uint32_t)fresh);
    for (size_t i = 0; i < n && status == ENGRAM_OK; i++)
        status = norm_of_row(__func__, rows + i * bank->dim, i, bank->dim,
                             &bank->norms[slot_to_be(bank, i)]);
    if (status == ENGRAM_OK && overlaps(bank, rows, n * bank->dim))
        status =
            engram_fail(ENGRAM_EALIAS, "engram_bank_add: rows are the bank's own; copy them first");
    if (status == ENGRAM_OK)
        status = reserve(__func__, bank, bank->slots + fresh);
    if (status != ENGRAM_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        uint32_t slot = take_slot(bank);
        put(bank, slot, rows + i * bank->dim, bank->norms[slot]);
        ids[i] = engram_bank_id(bank, slot);
    }
    bank->count += (uint32_t)n;
    return ENGRAM_OK;
}

int engram_bank_update(engram_bank *bank, uint64_t id, const float *row)
{
    ENGRAM_NEED(bank);
    ENGRAM_NEED(row);
    uint32_t slot;
    float norm;
    int status = find(__func__, bank, id, &slot);
    if (status == ENGRAM_OK)
        status = norm_of_row(__func__, row, id, bank->dim, &norm);
    if (status == ENGRAM_OK && overlaps(bank, row, bank->dim))
        status =
            engram_fail(ENGRAM_EALIAS, "engram_bank_update: row is the bank's own; copy it first");
    if (status == ENGRAM_OK)
        status = reserve(__func__, bank, bank->slots);
    if (status == ENGRAM_OK)
        put(bank, slot, row, norm);
    return status;
}

/* The next generation of the slot begins; after the last one the slot stays empty for good. */
int engram_bank_remove(engram_bank *bank, uint64_t id)
{
    ENGRAM_NEED(bank);
    uint32_t slot;
    int status = find(__func__, bank, id, &slot);
    if (status != ENGRAM_OK)
        return status;
    bank->live[slot / 64] &= ~((uint64_t)1 << slot % 64);
    bank->count--;
    if (++bank->generations[slot] < ENGRAM_GENERATIONS)
        bank->free_slots[bank->free_count++] = slot;
    return ENGRAM_OK;
}

int engram_bank_row(const engram_bank *bank, uint64_t id, const float **out)
{
    ENGRAM_NEED(bank);
    ENGRAM_NEED(out);
    uint32_t slot;
    int status = find(__func__, bank, id, &slot);
    if (status == ENGRAM_OK)
        *out = bank->rows + (size_t)slot * bank->dim;
    return status;
}

void engram_bank_get(const engram_bank *bank, struct engram_bank_view *out)
{
    *out = (struct engram_bank_view){
        .dim = bank->dim,
        .slots = bank->slots,
        .count = bank->count,
        .mapped = bank->mapping != NULL,
        .rows = bank->rows,
        .norms = bank->norms,
        .live = bank->live,
        .generations = bank->generations,
        .bytes = (bank->mapping ? bank->mapping_bytes : bank->own.bytes) + bank->norms_bytes +
                 bank->generations_bytes + bank->live_bytes + bank->free_bytes,
    };
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++) {
        out->form_bytes[form] = engram_form_bytes(bank, form);
        out->bytes += out->form_bytes[form];
    }
}

/* ---- files */

/* Maps a whole regular file. */
static int map(const char *path, void **mapping, size_t *bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return engram_system_error(path);
    struct stat about;
    int status = fstat(file, &about) == 0 ? ENGRAM_OK : engram_system_error(path);
    if (status == ENGRAM_OK && !S_ISREG(about.st_mode))
        status = engram_fail(ENGRAM_EIO, "%s: not a regular file", path);
    if (status == ENGRAM_OK && about.st_size == 0)
        status = engram_fail(ENGRAM_EFORMAT, "%s: the file is empty", path);
    if (status == ENGRAM_OK) {
        *bytes = (size_t)about.st_size;
        *mapping = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
        if (*mapping == MAP_FAILED)
            status = engram_system_error(path);
    }
    close(file);
    return status;
}

int engram_bank_map(engram_bank *bank, void *mapping, size_t bytes, size_t offset, uint32_t slots)
{
    bank->mapping = mapping;
    bank->mapping_bytes = bytes;
    bank->rows = (float *)((unsigned char *)mapping + offset);
    int status = reserve_beside(bank, slots);
    if (status == ENGRAM_OK)
        bank->slots = slots;
    return status;
}

int engram_bank_norms(engram_bank *bank, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        const float *row = bank->rows + i * bank->dim;
        float square = engram_dot_f32(row, row, bank->dim);
        if (!(square <= FLT_MAX) && first_not_finite(row, bank->dim) < bank->dim)
            return ENGRAM_ENONFINITE;
        bank->norms[i] = engram_norm_of(square, row, bank->dim);
    }
    return ENGRAM_OK;
}

/* Takes the mapped rows over once every one of them has been looked at. */
static int adopt(engram_bank *bank, const char *path, uint32_t rows)
{
    int status = ENGRAM_OK;
    for (uint32_t i = 0; i < rows && status == ENGRAM_OK; i++)
        status = engram_cancelled() ? engram_fail_cancelled("engram_bank_open")
                                    : norm_of_row(path, bank->rows + (size_t)i * bank->dim, i,
                                                  bank->dim, &bank->norms[i]);
    if (status != ENGRAM_OK)
        return status;
    bank->count = rows;
    for (uint32_t slot = 0; slot < bank->slots; slot++)
        bank->generations[slot] = 0;
    if (bank->slots)
        memset(bank->live, 0xff, engram_words(bank->slots) * sizeof *bank->live);
    if (bank->slots % 64)
        bank->live[bank->slots / 64] = ((uint64_t)1 << bank->slots % 64) - 1;
    return ENGRAM_OK;
}

int engram_bank_open(const char *path, engram_bank **out)
{
    ENGRAM_NEED(path);
    ENGRAM_NEED(out);
    void *mapping = NULL;
    size_t bytes = 0;
    int status = map(path, &mapping, &bytes);
    if (status != ENGRAM_OK)
        return status;
    struct engram_npy npy;
    engram_bank *bank = NULL;
    status = engram_npy_parse(path, mapping, bytes, &npy);
    if (status == ENGRAM_OK && (npy.rows > ENGRAM_MAX_NODES || npy.columns > UINT32_MAX))
        status =
            engram_fail(ENGRAM_ELIMIT, "%s: %llu rows of %llu floats are more than a bank holds",
                        path, (unsigned long long)npy.rows, (unsigned long long)npy.columns);
    if (status == ENGRAM_OK)
        status = engram_bank_new((uint32_t)npy.columns, &bank);
    if (status != ENGRAM_OK) {
        munmap(mapping, bytes);
        return status;
    }
    status = engram_bank_map(bank, mapping, bytes, npy.offset, (uint32_t)npy.rows);
    if (status == ENGRAM_OK)
        status = adopt(bank, path, (uint32_t)npy.rows);
    if (status != ENGRAM_OK) {
        engram_bank_free(bank);
        return status;
    }
    *out = bank;
    return ENGRAM_OK;
}

/* Header, then the rows in use: all at once, or run by run where some were removed. */
static bool write_rows(const engram_bank *bank, int file)
{
    unsigned char header[ENGRAM_NPY_HEADER];
    uint64_t offset = sizeof header;
    engram_npy_header(bank->count, bank->dim, header);
    if (!engram_file_write(file, header, sizeof header, 0))
        return false;
    for (uint32_t slot = 0; slot < bank->slots;) {
        uint32_t first = slot;
        while (slot < bank->slots && is_live(bank, slot))
            slot++;
        size_t bytes = (size_t)(slot - first) * bank->dim * sizeof(float);
        if (!engram_file_write(file, bank->rows + (size_t)first * bank->dim, bytes, offset))
            return false;
        offset += bytes;
        while (slot < bank->slots && !is_live(bank, slot))
            slot++;
    }
    return true;
}

int engram_bank_save(const engram_bank *bank, const char *path, uint32_t compact)
{
    ENGRAM_NEED(bank);
    ENGRAM_NEED(path);
    if (bank->count < bank->slots && !compact)
        return engram_fail(
            ENGRAM_EDIM,
            "engram_bank_save: %u of %u rows were removed and a .npy file has no gaps; "
            "compact gives the rest new ids",
            (unsigned)(bank->slots - bank->count), (unsigned)bank->slots);
    char aside[PATH_MAX];
    int file = engram_file_aside(AT_FDCWD, path, aside, sizeof aside);
    if (file < 0)
        return engram_system_error(aside);
    if (!write_rows(bank, file)) {
        engram_file_drop(AT_FDCWD, file, aside);
        return engram_system_error(path);
    }
    return engram_file_publish(AT_FDCWD, file, aside, path) ? ENGRAM_OK : engram_system_error(path);
}
