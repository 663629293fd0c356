/* columns.c - the arrays of a memory: room for them, what marks keep of them, copies, hashes.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "memory.h"

#include <string.h>

struct about {
    const char *name;
    size_t size;
    enum engram_of of;
};

#define ABOUT(name, type, of) {#name, sizeof(type), ENGRAM_##of},
static const struct about about[ENGRAM_COLUMN_COUNT] = {ENGRAM_COLUMNS(ABOUT)};
#undef ABOUT

size_t engram_column_size(enum engram_column column)
{
    return about[column].size;
}

const char *engram_column_text(enum engram_column column)
{
    return about[column].name;
}

/* Elements for each thing that the column has them for. */
static size_t width(const engram_memory *m, enum engram_column column)
{
    return column == ENGRAM_COLUMN_ROWS ? m->bank->dim : 1;
}

void *engram_column(const engram_memory *m, enum engram_column column)
{
    switch (column) {
    case ENGRAM_COLUMN_ROWS:
        return m->bank->rows;
    case ENGRAM_COLUMN_NORMS:
        return m->bank->norms;
    case ENGRAM_COLUMN_GENERATIONS:
        return m->bank->generations;
    case ENGRAM_COLUMN_FREE:
        return m->bank->free_slots;
    case ENGRAM_COLUMN_LIVE:
        return m->bank->live;
    default:
        return m->columns[column].at;
    }
}

static size_t things(const struct engram_numbers *n, enum engram_of of)
{
    switch (of) {
    case ENGRAM_SLOT:
        return n->slots;
    case ENGRAM_WORD:
        return engram_words(n->slots);
    case ENGRAM_FREED:
        return n->free_count;
    case ENGRAM_LINK:
        return n->link_places.used;
    case ENGRAM_SOURCE:
        return n->source_places.used;
    default:
        return n->text_used;
    }
}

struct engram_numbers engram_numbers_now(const engram_memory *m)
{
    struct engram_numbers numbers = m->numbers;
    numbers.slots = m->bank->slots;
    numbers.count = m->bank->count;
    numbers.free_count = m->bank->free_count;
    return numbers;
}

size_t engram_column_count(const engram_memory *m, enum engram_column column)
{
    struct engram_numbers now = engram_numbers_now(m);
    return things(&now, about[column].of) * width(m, column);
}

int engram_columns_reserve(engram_memory *m, enum engram_of of, size_t elements)
{
    int status = ENGRAM_OK;
    if (of == ENGRAM_SLOT)
        status = engram_bank_reserve(m->bank, (uint32_t)elements);
    if (of == ENGRAM_SLOT && status == ENGRAM_OK)
        status = engram_columns_reserve(m, ENGRAM_WORD, engram_words(elements));
    for (int c = ENGRAM_BANK_COLUMNS; c < ENGRAM_COLUMN_COUNT && status == ENGRAM_OK; c++)
        if (about[c].of == of)
            status = engram_grow(&m->columns[c].at, &m->columns[c].bytes, elements * about[c].size);
    return status;
}

void engram_columns_free(engram_memory *m)
{
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++)
        engram_release(m->columns[c].at, m->columns[c].bytes);
}

/* ---- marks
 *
 * The undo log is a stack of pieces: the bytes that stood in a column, padded, then where they
 * stood. Whoever goes back reads it from its end. */

struct piece {
    uint64_t first, bytes; /* in the column, in bytes */
    uint64_t column;
};

static size_t padded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

int engram_undo_reserve(engram_memory *m, size_t bytes, size_t pieces)
{
    if (m->mark_count == 0)
        return ENGRAM_OK;
    m->undo_promised += bytes + pieces * (sizeof(struct piece) + 7);
    return engram_grow((void **)&m->undo, &m->undo_bytes, m->undo_used + m->undo_promised);
}

void engram_undo_keep(engram_memory *m, enum engram_column column, size_t first, size_t n)
{
    if (m->mark_count == 0)
        return;
    /* Every column but the stack of free slots only grows, so that what the innermost mark saw
     * covers what those before it did. */
    const struct engram_numbers *then = &m->marks[m->mark_count - 1].numbers;
    enum engram_of of = column == ENGRAM_COLUMN_FREE ? ENGRAM_SLOT : about[column].of;
    size_t there = things(then, of) * width(m, column), size = about[column].size;
    if (first >= there)
        return;
    n = n < there - first ? n : there - first;
    struct piece piece = {first * size, n * size, column};
    memcpy(m->undo + m->undo_used, (char *)engram_column(m, column) + piece.first, piece.bytes);
    m->undo_used += padded(piece.bytes);
    memcpy(m->undo + m->undo_used, &piece, sizeof piece);
    m->undo_used += sizeof piece;
}

/* Takes the last piece off and gives where its bytes stand in the log. */
static const char *pop(const engram_memory *m, size_t *used, struct piece *piece)
{
    *used -= sizeof *piece;
    memcpy(piece, m->undo + *used, sizeof *piece);
    *used -= padded(piece->bytes);
    return m->undo + *used;
}

/* Rows that are back get their smaller forms back once their norms are. */
static void derive_forms(engram_memory *m, size_t from, size_t to)
{
    for (struct piece piece; from > to;) {
        pop(m, &from, &piece);
        if (piece.column != ENGRAM_COLUMN_ROWS)
            continue;
        size_t row = m->bank->dim * sizeof(float);
        engram_forms_derive(m->bank, piece.first / row, (piece.first + piece.bytes) / row);
    }
}

void engram_undo_to(engram_memory *m, const struct engram_undo_mark *mark)
{
    size_t end = m->undo_used;
    for (struct piece piece; m->undo_used > mark->used;) {
        const char *bytes = pop(m, &m->undo_used, &piece);
        memcpy((char *)engram_column(m, (enum engram_column)piece.column) + piece.first, bytes,
               piece.bytes);
    }
    m->numbers = mark->numbers;
    m->bank->slots = mark->numbers.slots;
    m->bank->count = mark->numbers.count;
    m->bank->free_count = mark->numbers.free_count;
    derive_forms(m, end, mark->used);
}

/* ---- copies */

int engram_columns_copy(const engram_memory *from, engram_memory *to)
{
    int status = ENGRAM_OK;
    to->numbers = from->numbers;
    for (int of = 0; of <= ENGRAM_BYTE && status == ENGRAM_OK; of++) {
        struct engram_numbers now = engram_numbers_now(from);
        status = engram_columns_reserve(to, (enum engram_of)of, things(&now, (enum engram_of)of));
    }
    if (status != ENGRAM_OK)
        return status;
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++) {
        enum engram_column column = (enum engram_column)c;
        size_t bytes = engram_column_count(from, column) * about[c].size;
        if (bytes)
            memcpy(engram_column(to, column), engram_column(from, column), bytes);
    }
    to->bank->slots = from->bank->slots;
    to->bank->count = from->bank->count;
    to->bank->free_count = from->bank->free_count;
    to->sourced = from->sourced;
    return ENGRAM_OK;
}

/* ---- hashes
 *
 * What answers and evolution depend on, not where it happens to stand: places of rows of links and
 * of texts do not count, nor what lies in free slots, beyond the order in which they will be used. */

static uint64_t hash_text(const engram_memory *m, enum engram_column column, uint32_t slot,
                          uint64_t hash)
{
    struct engram_span span = ((const struct engram_span *)m->columns[column].at)[slot];
    hash = engram_hash(&span.bytes, sizeof span.bytes, hash);
    const char *text = engram_column(m, ENGRAM_COLUMN_TEXT);
    return span.bytes ? engram_hash(text + span.at, span.bytes, hash) : hash;
}

static uint64_t hash_links(const engram_memory *m, uint32_t slot, uint64_t hash)
{
    const uint32_t *begin = engram_column(m, ENGRAM_COLUMN_LINKS_BEGIN);
    const uint32_t *end = engram_column(m, ENGRAM_COLUMN_LINKS_END);
    uint32_t degree = end[slot] - begin[slot];
    hash = engram_hash(&degree, sizeof degree, hash);
    for (int c = ENGRAM_COLUMN_TARGETS; c <= ENGRAM_COLUMN_EDGE_CLASSES && degree; c++)
        hash = engram_hash((char *)m->columns[c].at + begin[slot] * about[c].size,
                           degree * about[c].size, hash);
    return hash;
}

static uint64_t hash_slot(const engram_memory *m, uint32_t slot, uint64_t hash)
{
    for (int c = 0; c <= ENGRAM_COLUMN_FLAGS; c++) {
        enum engram_column column = (enum engram_column)c;
        if (about[c].of != ENGRAM_SLOT || c == ENGRAM_COLUMN_NORMS)
            continue;
        size_t bytes = about[c].size * width(m, column);
        hash = engram_hash((char *)engram_column(m, column) + slot * bytes, bytes, hash);
    }
    hash = hash_text(m, ENGRAM_COLUMN_CONTENT, slot, hash);
    return hash_links(m, slot, hash_text(m, ENGRAM_COLUMN_META, slot, hash));
}

uint64_t engram_columns_hash(const engram_memory *m, uint64_t hash)
{
    const engram_bank *bank = m->bank;
    uint32_t head[3] = {bank->dim, bank->slots, bank->free_count};
    hash = engram_hash(head, sizeof head, hash);
    hash = engram_hash(&m->numbers.clock, sizeof m->numbers.clock, hash);
    for (uint32_t slot = 0; slot < bank->slots; slot++)
        hash = engram_bit(bank->live, slot)
                   ? hash_slot(m, slot, hash)
                   : engram_hash(&bank->generations[slot], sizeof *bank->generations, hash);
    return bank->free_count
               ? engram_hash(bank->free_slots, bank->free_count * sizeof *bank->free_slots, hash)
               : hash;
}
