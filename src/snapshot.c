/* snapshot.c - a whole memory in one file: written in a canonical form, checked in full when read.
 * SPDX-License-Identifier: MIT
 *
 * A page of header, then the columns of memory.h behind one another, the rows first, so that they
 * can be mapped. Rows of links stand end to end in the order of slots, and so do texts; free slots
 * hold zeros. What follows from other columns has no elements. A column's checksum is that of the
 * checksums of its blocks, so that several threads can check one. */
#include "config.h"
#include "checksum.h"
#include "snapshot.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCK_BYTES = 1 << 18 };
static const char MAGIC[8] = "engramS\n";

struct column {
    uint64_t element; /* bytes */
    uint64_t count;
    uint64_t offset;
    uint64_t sum;
};

struct header {
    char magic[8];
    uint32_t version, endian;
    uint64_t bytes; /* of the file */
    uint32_t dim, capacity;
    uint32_t slots, count, free_count, archived, pinned, columns;
    uint64_t links, text_bytes;
    uint64_t sequence, next_mark;
    double clock, told;
    char law[128]; /* struct engram_law, zeros behind it */
    struct column column[ENGRAM_COLUMN_COUNT];
};

/* The checksum of a page stands at its end. */
union page {
    struct header header;
    char bytes[PAGE];
    struct {
        char before[PAGE - sizeof(uint64_t)];
        uint64_t sum;
    } sealed;
};
_Static_assert(sizeof(struct header) <= PAGE - sizeof(uint64_t), "the header fits its page");
_Static_assert(sizeof(struct engram_law) <= sizeof((struct header *)0)->law, "a law has room");

/* ---- which elements of a column are saved */

enum saved { BY_SLOT, AS_IT_IS, SPANS, PLACES, LINKED, TEXTS, DERIVED };

static enum saved saved_as(enum engram_column column)
{
    switch (column) {
    case ENGRAM_COLUMN_GENERATIONS:
    case ENGRAM_COLUMN_FREE:
    case ENGRAM_COLUMN_LIVE:
        return AS_IT_IS;
    case ENGRAM_COLUMN_CONTENT:
    case ENGRAM_COLUMN_META:
        return SPANS;
    case ENGRAM_COLUMN_LINKS_BEGIN:
    case ENGRAM_COLUMN_LINKS_END:
        return PLACES;
    case ENGRAM_COLUMN_TARGETS:
    case ENGRAM_COLUMN_WEIGHTS:
    case ENGRAM_COLUMN_EDGE_CLASSES:
        return LINKED;
    case ENGRAM_COLUMN_TEXT:
        return TEXTS;
    case ENGRAM_COLUMN_NORMS:
    case ENGRAM_COLUMN_HIDDEN:
    case ENGRAM_COLUMN_LINKS_ROOM:
    case ENGRAM_COLUMN_SOURCES_BEGIN:
    case ENGRAM_COLUMN_SOURCES_END:
    case ENGRAM_COLUMN_SOURCES_ROOM:
    case ENGRAM_COLUMN_SOURCES:
        return DERIVED;
    default:
        return BY_SLOT;
    }
}

/* What the header says of a column, but for its checksum; those before it are there. */
static struct column column_of(const struct header *header, enum engram_column column)
{
    const struct column *c = header->column;
    struct column own = {
        .element = engram_column_size(column),
        .count = header->slots,
        .offset =
            column ? c[column - 1].offset + c[column - 1].element * c[column - 1].count : PAGE,
    };
    if (column == ENGRAM_COLUMN_ROWS)
        own.element *= header->dim;
    if (column == ENGRAM_COLUMN_FREE)
        own.count = header->free_count;
    if (column == ENGRAM_COLUMN_LIVE)
        own.count = engram_words(header->slots);
    if (saved_as(column) == LINKED)
        own.count = header->links;
    if (saved_as(column) == TEXTS)
        own.count = header->text_bytes;
    if (saved_as(column) == DERIVED)
        own.count = 0;
    return own;
}

/* Elements of a block of a column, whose last may have fewer. */
static size_t block_of(const struct column *column)
{
    return column->element < BLOCK_BYTES ? BLOCK_BYTES / column->element : 1;
}

/* ---- writing */

struct writer {
    const engram_memory *memory;
    int file;
    uint64_t offset;
    struct engram_checksum sums; /* of the column's blocks so far */
    char *block;
    size_t full, used, room; /* bytes of a block, in it, and allocated */
    bool failed;
};

static void end_block(struct writer *w)
{
    uint64_t sum = engram_checksum(w->block, w->used, 0);
    engram_checksum_add(&w->sums, &sum, sizeof sum);
    w->failed = w->failed || !engram_file_write(w->file, w->block, w->used, w->offset);
    w->offset += w->used;
    w->used = 0;
}

/* The next bytes of a column; NULL: zeros. */
static void put(struct writer *w, const void *data, size_t bytes)
{
    const char *p = data;
    while (bytes) {
        size_t room = w->full - w->used, n = bytes < room ? bytes : room;
        if (p)
            memcpy(w->block + w->used, p, n);
        else
            memset(w->block + w->used, 0, n);
        p = p ? p + n : NULL;
        w->used += n;
        bytes -= n;
        if (w->used == w->full)
            end_block(w);
    }
}

/* The length of the run of slots from `first` on that are all live, or all free. */
static uint32_t run_of(const engram_memory *m, uint32_t first)
{
    uint32_t last = first;
    bool live = engram_bit(m->bank->live, first);
    while (last < m->bank->slots && engram_bit(m->bank->live, last) == live)
        last++;
    return last - first;
}

static void put_by_slot(struct writer *w, const char *at, size_t element)
{
    const engram_memory *m = w->memory;
    for (uint32_t slot = 0, n; slot < m->bank->slots; slot += n) {
        n = run_of(m, slot);
        bool live = engram_bit(m->bank->live, slot);
        put(w, live ? at + slot * element : NULL, n * element);
    }
}

static const struct engram_span *span_of(const engram_memory *m, enum engram_column column,
                                         uint32_t slot)
{
    static const struct engram_span none;
    return engram_bit(m->bank->live, slot)
               ? (const struct engram_span *)m->columns[column].at + slot
               : &none;
}

/* The spans of one column, or the bytes that both mean. */
static void put_texts(struct writer *w, enum engram_column column)
{
    const engram_memory *m = w->memory;
    const char *text = m->columns[ENGRAM_COLUMN_TEXT].at;
    uint64_t at = 0;
    for (uint32_t slot = 0; slot < m->bank->slots; slot++)
        for (int c = ENGRAM_COLUMN_CONTENT; c <= ENGRAM_COLUMN_META; c++) {
            const struct engram_span *span = span_of(m, (enum engram_column)c, slot);
            struct engram_span packed = {at, span->bytes};
            at += span->bytes;
            if (c == (int)column)
                put(w, &packed, sizeof packed);
            if (column == ENGRAM_COLUMN_TEXT && span->bytes)
                put(w, text + span->at, span->bytes);
        }
}

/* Where rows of links begin or end, or what stands in them. */
static void put_links(struct writer *w, enum engram_column column)
{
    const engram_memory *m = w->memory;
    const uint32_t *begins = engram_column(m, ENGRAM_COLUMN_LINKS_BEGIN);
    const uint32_t *ends = engram_column(m, ENGRAM_COLUMN_LINKS_END);
    const char *data = engram_column(m, column);
    size_t element = engram_column_size(column);
    for (uint32_t slot = 0, at[2] = {0}; slot < m->bank->slots; slot++) {
        uint32_t n = engram_bit(m->bank->live, slot) ? ends[slot] - begins[slot] : 0;
        at[0] = at[1];
        at[1] += n;
        if (saved_as(column) == PLACES)
            put(w, &at[column == ENGRAM_COLUMN_LINKS_END], sizeof *at);
        else if (n)
            put(w, data + begins[slot] * element, n * element);
    }
}

static int put_column(struct writer *w, enum engram_column column, struct column *about)
{
    const char *at = engram_column(w->memory, column);
    w->full = block_of(about) * about->element;
    int status = engram_grow((void **)&w->block, &w->room, w->full);
    if (status != ENGRAM_OK)
        return status;
    engram_checksum_begin(&w->sums, 0);
    switch (saved_as(column)) {
    case BY_SLOT:
        put_by_slot(w, at, about->element);
        break;
    case AS_IT_IS:
        put(w, at, about->count * about->element);
        break;
    case SPANS:
    case TEXTS:
        put_texts(w, column);
        break;
    case PLACES:
    case LINKED:
        put_links(w, column);
        break;
    case DERIVED:
        break;
    }
    if (w->used)
        end_block(w);
    about->sum = engram_checksum_end(&w->sums);
    return w->failed ? ENGRAM_EIO : ENGRAM_OK;
}

static void describe(const engram_memory *m, double told, struct header *header)
{
    *header = (struct header){
        .version = ENGRAM_FILE_VERSION,
        .endian = ENGRAM_FILE_ENDIAN,
        .dim = m->bank->dim,
        .capacity = m->capacity,
        .slots = m->bank->slots,
        .count = m->bank->count,
        .free_count = m->bank->free_count,
        .archived = m->numbers.archived,
        .pinned = m->numbers.pinned,
        .columns = ENGRAM_COLUMN_COUNT,
        .links = m->numbers.links,
        .text_bytes = m->numbers.text_live,
        .sequence = m->sequence,
        .next_mark = m->next_mark,
        .clock = m->numbers.clock,
        .told = told,
    };
    memcpy(header->magic, MAGIC, sizeof MAGIC);
    memcpy(header->law, &m->law, m->law.size);
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++)
        header->column[c] = column_of(header, (enum engram_column)c);
    const struct column *last = &header->column[ENGRAM_COLUMN_COUNT - 1];
    header->bytes = last->offset + last->element * last->count;
}

/* Everything into the file; EIO is without a message. */
static int write_all(struct writer *w, double told)
{
    union page page = {.bytes = {0}};
    int status = ENGRAM_OK;
    describe(w->memory, told, &page.header);
    w->offset = PAGE;
    for (int c = 0; c < ENGRAM_COLUMN_COUNT && status == ENGRAM_OK; c++)
        status = engram_cancelled() ? engram_fail_cancelled("engram_memory_snapshot")
                                    : put_column(w, (enum engram_column)c, &page.header.column[c]);
    if (status != ENGRAM_OK)
        return status;
    page.sealed.sum = engram_checksum(page.sealed.before, sizeof page.sealed.before, 0);
    return engram_file_write(w->file, &page, sizeof page, 0) ? ENGRAM_OK : ENGRAM_EIO;
}

int engram_snapshot_write(const struct engram_folder *folder, const engram_memory *memory,
                          struct engram_snapshot *snapshot)
{
    char name[ENGRAM_FILE_NAME], aside[ENGRAM_FILE_NAME];
    engram_file_name(name, "snapshot", memory->sequence);
    struct writer w = {.memory = memory};
    w.file = engram_file_aside(folder->file, name, aside, sizeof aside);
    if (w.file < 0)
        return engram_folder_error(folder, name);
    int status = write_all(&w, snapshot->told);
    if (status != ENGRAM_OK)
        engram_file_drop(folder->file, w.file, aside);
    else if (!engram_file_publish(folder->file, w.file, aside, name))
        status = ENGRAM_EIO;
    if (status == ENGRAM_EIO)
        engram_folder_error(folder, name);
    engram_release(w.block, w.room);
    snapshot->sequence = memory->sequence;
    snapshot->bytes = w.offset;
    snapshot->bad = false;
    return status;
}

/* ---- reading */

struct loader {
    const struct engram_folder *folder;
    char name[ENGRAM_FILE_NAME];
    int file;
    uint64_t bytes;
    union page page;
    engram_memory *memory;
    uint64_t *sums; /* of the blocks of a column */
    size_t sums_bytes;
    uint32_t *seen; /* by slot, for checks */
    size_t seen_bytes;
};

static int bad(const struct loader *l, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int bad(const struct loader *l, uint64_t offset, const char *format, ...)
{
    char text[480];
    va_list arguments;
    va_start(arguments, format);
    engram_folder_reason(l->folder, l->name, offset, text, sizeof text, format, arguments);
    va_end(arguments);
    return engram_fail(ENGRAM_EFORMAT, "%s", text);
}

/* The same with the last message for a reason. */
static int bad_as_told(const struct loader *l, uint64_t offset)
{
    char reason[200];
    snprintf(reason, sizeof reason, "%.190s", engram_last_message());
    return bad(l, offset, "%s", reason);
}

/* The same about an element of a column. */
#define BAD(l, name, i, format, ...)                                                               \
    bad(l,                                                                                         \
        (l)->page.header.column[ENGRAM_COLUMN_##name].offset +                                     \
            (uint64_t)(i) * (l)->page.header.column[ENGRAM_COLUMN_##name].element,                 \
        #name "[%llu]: " format, (unsigned long long)(i), __VA_ARGS__)

static int read_header(struct loader *l, uint64_t sequence)
{
    const struct header *h = &l->page.header;
    if (l->bytes < PAGE)
        return bad(l, 0, "the header is not whole");
    if (!engram_file_read(l->file, &l->page, PAGE, 0))
        return bad(l, 0, "the header cannot be read: %s", strerror(errno));
    const char *wrong = engram_file_wrong(h, MAGIC);
    if (wrong)
        return bad(l, 0, "%s", wrong);
    if (engram_checksum(l->page.sealed.before, sizeof l->page.sealed.before, 0) !=
        l->page.sealed.sum)
        return bad(l, 0, "the checksum of the header does not match");
    if (h->sequence != sequence)
        return bad(l, 0, "it was made after operation %llu, not %llu",
                   (unsigned long long)h->sequence, (unsigned long long)sequence);
    if (h->sequence == UINT64_MAX)
        return bad(l, 0, "no operation can follow the last of 64 bits");
    if (h->bytes != l->bytes)
        return bad(l, 0, "the file has %llu bytes, its header says %llu",
                   (unsigned long long)l->bytes, (unsigned long long)h->bytes);
    if (h->columns != ENGRAM_COLUMN_COUNT)
        return bad(l, 0, "%u columns, expected %d", (unsigned)h->columns, ENGRAM_COLUMN_COUNT);
    if (h->slots > ENGRAM_MAX_NODES || h->count > h->slots || h->free_count > h->slots - h->count)
        return bad(l, 0, "%u memories and %u free in %u slots", (unsigned)h->count,
                   (unsigned)h->free_count, (unsigned)h->slots);
    if (h->capacity && h->count > h->capacity)
        return bad(l, 0, "%u memories, and room for %u", (unsigned)h->count, (unsigned)h->capacity);
    if (h->links >= UINT32_MAX)
        return bad(l, 0, "%llu links", (unsigned long long)h->links);
    if (h->clock != h->clock || h->told != h->told || h->told < h->clock || h->told > DBL_MAX)
        return bad(l, 0, "the clock is %g, the latest time %g", h->clock, h->told);
    return ENGRAM_OK;
}

/* Columns stand where they must, and the file ends with the last. */
static int check_columns(const struct loader *l)
{
    const struct header *h = &l->page.header;
    uint64_t left = l->bytes - PAGE;
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++) {
        const struct column *is = &h->column[c], must = column_of(h, (enum engram_column)c);
        if (is->element != must.element || is->count != must.count || is->offset != must.offset)
            return bad(l, 0, "column %s is not where it must be",
                       engram_column_text((enum engram_column)c));
        if (is->element && is->count > left / is->element)
            return bad(l, 0, "column %s does not fit the file",
                       engram_column_text((enum engram_column)c));
        left -= is->count * is->element;
    }
    return left ? bad(l, l->bytes - left, "%llu bytes behind the last column",
                      (unsigned long long)left)
                : ENGRAM_OK;
}

static int make_memory(struct loader *l)
{
    const struct header *h = &l->page.header;
    uint32_t law_size;
    memcpy(&law_size, h->law, sizeof law_size);
    struct engram_law law;
    if (law_size > sizeof h->law)
        return bad(l, offsetof(struct header, law), "a law of %u bytes", (unsigned)law_size);
    engram_read_options(&law, sizeof law, h->law);
    struct engram_memory_options options = {.size = sizeof options,
                                            .dim = h->dim,
                                            .law = law_size ? &law : NULL,
                                            .capacity = h->capacity};
    int status = engram_memory_new(&options, &l->memory);
    if (status == ENGRAM_OK || status == ENGRAM_ENOMEM)
        return status;
    return bad_as_told(l, 0);
}

static int map_rows(struct loader *l)
{
    const struct column *rows = &l->page.header.column[ENGRAM_COLUMN_ROWS];
    size_t bytes = PAGE + rows->element * rows->count;
    if (rows->count == 0)
        return ENGRAM_OK;
    void *mapping = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, l->file, 0);
    if (mapping == MAP_FAILED)
        return engram_folder_error(l->folder, l->name);
    return engram_bank_map(l->memory->bank, mapping, bytes, PAGE, (uint32_t)rows->count);
}

static int make_room(struct loader *l)
{
    const struct header *h = &l->page.header;
    engram_memory *m = l->memory;
    size_t most = 0;
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++) {
        size_t blocks = h->column[c].count / block_of(&h->column[c]) + 1;
        most = blocks > most ? blocks : most;
    }
    int status = map_rows(l);
    if (status == ENGRAM_OK)
        status = engram_columns_reserve(m, ENGRAM_SLOT, h->slots);
    if (status == ENGRAM_OK)
        status = engram_columns_reserve(m, ENGRAM_LINK, h->links);
    if (status == ENGRAM_OK)
        status = engram_columns_reserve(m, ENGRAM_BYTE, h->text_bytes);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&l->sums, &l->sums_bytes, most * sizeof *l->sums);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&l->seen, &l->seen_bytes, h->slots * sizeof *l->seen);
    return status;
}

struct reading {
    struct loader *loader;
    const struct column *column;
    char *at;
    bool rows;
};

/* Reads a block, or looks at that of rows, which are mapped, while it is in the cache. */
static int read_block(void *data, size_t first, size_t last)
{
    struct reading *r = data;
    const struct column *c = r->column;
    char *at = r->at + first * c->element;
    size_t bytes = (last - first) * c->element;
    if (engram_cancelled())
        return ENGRAM_ECANCELLED;
    if (!r->rows && !engram_file_read(r->loader->file, at, bytes, c->offset + first * c->element))
        return ENGRAM_EIO;
    r->loader->sums[first / block_of(c)] = engram_checksum(at, bytes, 0);
    return r->rows ? engram_bank_norms(r->loader->memory->bank, first, last) : ENGRAM_OK;
}

/* A fault for each 2 MB of what is about to be written, not for each 4 KB. Advice: where the system
 * does not take it, all is as before. */
static void ask_for_huge_pages(char *at, size_t bytes)
{
    size_t before = (PAGE - (uintptr_t)at % PAGE) % PAGE;
    if (before < bytes)
        madvise(at + before, bytes - before, MADV_HUGEPAGE);
}

static int read_column(struct loader *l, enum engram_column column)
{
    const struct column *c = &l->page.header.column[column];
    struct reading r = {l, c, engram_column(l->memory, column), column == ENGRAM_COLUMN_ROWS};
    if (!r.rows)
        ask_for_huge_pages(r.at, c->count * c->element);
    size_t block = block_of(c), blocks = c->count / block + (c->count % block != 0);
    int status = engram_in_blocks(c->count, block, read_block, &r);
    if (status == ENGRAM_ECANCELLED)
        return engram_fail_cancelled("engram_memory_open");
    if (status == ENGRAM_EIO)
        return bad(l, c->offset, "column %s cannot be read", engram_column_text(column));
    if (status == ENGRAM_OK && engram_checksum(l->sums, blocks * sizeof *l->sums, 0) != c->sum)
        return bad(l, c->offset, "the checksum of column %s does not match",
                   engram_column_text(column));
    return status == ENGRAM_ENONFINITE ? bad(l, c->offset, "a number in a row is not finite")
                                       : status;
}

/* ---- what a good uint64_t can hide */

/* A slot is live, or free and waits once, or has no generation left. */
static int check_slots(const struct loader *l)
{
    const struct header *h = &l->page.header;
    engram_bank *bank = l->memory->bank;
    uint32_t count = 0, used_up = 0;
    for (uint32_t word = 0; word < engram_words(h->slots); word++)
        count += (uint32_t)__builtin_popcountll(bank->live[word]);
    if (count != h->count || (h->slots % 64 && bank->live[h->slots / 64] >> h->slots % 64))
        return bad(l, h->column[ENGRAM_COLUMN_LIVE].offset, "%u slots are live, expected %u",
                   (unsigned)count, (unsigned)h->count);
    for (uint32_t i = 0; i < h->slots; i++) {
        bool live = engram_bit(bank->live, i);
        uint32_t generation = bank->generations[i];
        if (generation > ENGRAM_GENERATIONS || (live && generation == ENGRAM_GENERATIONS))
            return BAD(l, GENERATIONS, i, "%u", (unsigned)generation);
        used_up += generation == ENGRAM_GENERATIONS;
        l->seen[i] = live || generation == ENGRAM_GENERATIONS;
    }
    for (uint32_t i = 0; i < h->free_count; i++) {
        uint32_t slot = bank->free_slots[i];
        if (slot >= h->slots || l->seen[slot])
            return BAD(l, FREE, i, "slot %u is not free, or comes twice", (unsigned)slot);
        l->seen[slot] = 1;
    }
    if (h->count + h->free_count + used_up != h->slots)
        return bad(l, h->column[ENGRAM_COLUMN_FREE].offset,
                   "of %u slots %u are live, %u free and %u used up", (unsigned)h->slots,
                   (unsigned)h->count, (unsigned)h->free_count, (unsigned)used_up);
    return ENGRAM_OK;
}

/* Texts follow one another, in the order of slots. */
static int check_texts(const struct loader *l)
{
    const struct header *h = &l->page.header;
    const struct engram_span *content = engram_column(l->memory, ENGRAM_COLUMN_CONTENT);
    const struct engram_span *meta = engram_column(l->memory, ENGRAM_COLUMN_META);
    uint64_t at = 0;
    for (uint32_t slot = 0; slot < h->slots; slot++) {
        const struct engram_span *c = &content[slot], *m = &meta[slot];
        if (c->at != at || c->bytes > h->text_bytes - at)
            return BAD(l, CONTENT, slot, "%llu bytes from %llu", (unsigned long long)c->bytes,
                       (unsigned long long)c->at);
        at += c->bytes;
        if (m->at != at || m->bytes > h->text_bytes - at)
            return BAD(l, META, slot, "%llu bytes from %llu", (unsigned long long)m->bytes,
                       (unsigned long long)m->at);
        at += m->bytes;
        if ((c->bytes || m->bytes) && !engram_bit(l->memory->bank->live, slot))
            return BAD(l, CONTENT, slot, "%s", "a free slot has text");
    }
    return at == h->text_bytes
               ? ENGRAM_OK
               : bad(l, h->column[ENGRAM_COLUMN_TEXT].offset, "%llu bytes of text, expected %llu",
                     (unsigned long long)at, (unsigned long long)h->text_bytes);
}

/* Rows of links follow one another, between live slots, each pair once. */
static int check_links(const struct loader *l)
{
    const struct header *h = &l->page.header;
    const uint64_t *live = l->memory->bank->live;
    const uint32_t *begin = engram_column(l->memory, ENGRAM_COLUMN_LINKS_BEGIN);
    const uint32_t *end = engram_column(l->memory, ENGRAM_COLUMN_LINKS_END);
    const uint32_t *target = engram_column(l->memory, ENGRAM_COLUMN_TARGETS);
    const float *weight = engram_column(l->memory, ENGRAM_COLUMN_WEIGHTS);
    uint32_t at = 0;
    if (h->slots)
        memset(l->seen, 0, h->slots * sizeof *l->seen);
    for (uint32_t slot = 0; slot < h->slots; slot++) {
        if (begin[slot] != at || end[slot] < at || end[slot] > h->links ||
            (end[slot] > at && !engram_bit(live, slot)))
            return BAD(l, LINKS_BEGIN, slot, "links %u .. %u", (unsigned)begin[slot],
                       (unsigned)end[slot]);
        for (; at < end[slot]; at++) {
            if (target[at] >= h->slots || !engram_bit(live, target[at]))
                return BAD(l, TARGETS, at, "slot %u has no memory", (unsigned)target[at]);
            if (l->seen[target[at]] == slot + 1)
                return BAD(l, TARGETS, at, "slot %u is linked twice", (unsigned)target[at]);
            if (!(weight[at] >= 0 && weight[at] <= 1))
                return BAD(l, WEIGHTS, at, "%g, expected 0 .. 1", engram_shown(weight[at]));
            l->seen[target[at]] = slot + 1;
        }
    }
    return at == h->links
               ? ENGRAM_OK
               : bad(l, h->column[ENGRAM_COLUMN_LINKS_END].offset, "%u links, expected %llu",
                     (unsigned)at, (unsigned long long)h->links);
}

/* The least and the most of a column's floats that are in use; NaN if one is. */
static void extremes(const struct loader *l, enum engram_column column, float *least, float *most)
{
    const float *x = engram_column(l->memory, column);
    const uint64_t *live = l->memory->bank->live;
    float low = INFINITY, high = -INFINITY, odd = 0;
    for (uint32_t i = 0; i < l->page.header.slots; i++)
        if (engram_bit(live, i)) {
            low = x[i] < low ? x[i] : low;
            high = x[i] > high ? x[i] : high;
            odd += x[i] != x[i];
        }
    *least = odd > 0 ? NAN : low;
    *most = odd > 0 ? NAN : high;
}

/* The same of the other numbers: two records that are in order only if all are. */
static void extreme_records(const struct loader *l, struct engram_record *least,
                            struct engram_record *most)
{
    const engram_memory *m = l->memory;
    const double *created = engram_column(m, ENGRAM_COLUMN_CREATED);
    const double *last = engram_column(m, ENGRAM_COLUMN_LAST_RECALL);
    const uint8_t *flags = engram_column(m, ENGRAM_COLUMN_FLAGS);
    least->fields = most->fields = 2 * ENGRAM_FLAGS - 1 - ENGRAM_VECTOR;
    extremes(l, ENGRAM_COLUMN_STRENGTH, &least->strength, &most->strength);
    extremes(l, ENGRAM_COLUMN_CONFIDENCE, &least->confidence, &most->confidence);
    extremes(l, ENGRAM_COLUMN_FLOOR, &least->floor, &most->floor);
    extremes(l, ENGRAM_COLUMN_SCALE, &least->scale_s, &most->scale_s);
    extremes(l, ENGRAM_COLUMN_BETA, &least->beta, &most->beta);
    for (uint32_t i = 0; i < l->page.header.slots; i++)
        if (engram_bit(m->bank->live, i)) {
            least->created += created[i] * 0; /* NaN if it is not finite */
            least->last_recall += last[i] * 0;
            most->flags |= flags[i];
        }
}

/* The numbers of each memory, by the check that they had to pass to get there. */
static int check_records(const struct loader *l)
{
    engram_memory *m = l->memory;
    struct engram_record least = {.size = sizeof least}, most = least;
    extreme_records(l, &least, &most);
    bool good = m->bank->count == 0 || (engram_check_record("", m, &least) == ENGRAM_OK &&
                                        engram_check_record("", m, &most) == ENGRAM_OK);
    for (uint32_t slot = 0; slot < l->page.header.slots && !good; slot++) {
        struct engram_record record = {.size = sizeof record};
        if (!engram_bit(m->bank->live, slot))
            continue;
        engram_memory_get(m, engram_bank_id(m->bank, slot), &record);
        record.fields &= ~(uint32_t)ENGRAM_VECTOR;
        char where[32];
        snprintf(where, sizeof where, "slot %u", (unsigned)slot);
        if (engram_check_record(where, m, &record) != ENGRAM_OK)
            return bad_as_told(l, PAGE);
    }
    return ENGRAM_OK;
}

/* How many memories are pinned, and how many archived. */
static int check_flags(const struct loader *l)
{
    const struct header *h = &l->page.header;
    const uint8_t *flags = engram_column(l->memory, ENGRAM_COLUMN_FLAGS);
    uint32_t pinned = 0, archived = 0;
    for (uint32_t slot = 0; slot < h->slots; slot++)
        if (engram_bit(l->memory->bank->live, slot)) {
            pinned += flags[slot] & ENGRAM_PINNED;
            archived += flags[slot] >> 1 & 1;
        }
    return pinned == h->pinned && archived == h->archived
               ? ENGRAM_OK
               : bad(l, h->column[ENGRAM_COLUMN_FLAGS].offset,
                     "%u memories are pinned and %u archived, expected %u and %u", (unsigned)pinned,
                     (unsigned)archived, (unsigned)h->pinned, (unsigned)h->archived);
}

/* ---- what follows from other columns */

static void derive(struct loader *l)
{
    engram_memory *m = l->memory;
    const struct header *h = &l->page.header;
    const uint8_t *flags = engram_column(m, ENGRAM_COLUMN_FLAGS);
    uint64_t *hidden = engram_column(m, ENGRAM_COLUMN_HIDDEN);
    const uint32_t *begin = engram_column(m, ENGRAM_COLUMN_LINKS_BEGIN);
    const uint32_t *end = engram_column(m, ENGRAM_COLUMN_LINKS_END);
    uint32_t *room = engram_column(m, ENGRAM_COLUMN_LINKS_ROOM);
    for (uint32_t slot = 0; slot < h->slots; slot++) {
        uint64_t bit = flags[slot] & ENGRAM_ARCHIVED && engram_bit(m->bank->live, slot);
        hidden[slot / 64] = (slot % 64 ? hidden[slot / 64] : 0) | bit << slot % 64;
        room[slot] = end[slot] - begin[slot];
    }
    m->numbers = (struct engram_numbers){
        .archived = h->archived,
        .pinned = h->pinned,
        .links = h->links,
        .link_places.used = (uint32_t)h->links,
        .text_used = h->text_bytes,
        .text_live = h->text_bytes,
        .clock = h->clock,
    };
    m->sequence = h->sequence;
    m->next_mark = h->next_mark;
}

static int load(struct loader *l, uint64_t sequence)
{
    int status = read_header(l, sequence);
    if (status == ENGRAM_OK)
        status = check_columns(l);
    if (status == ENGRAM_OK)
        status = make_memory(l);
    if (status == ENGRAM_OK)
        status = make_room(l);
    for (int c = 0; c < ENGRAM_COLUMN_COUNT && status == ENGRAM_OK; c++)
        status = read_column(l, (enum engram_column)c);
    if (status != ENGRAM_OK)
        return status;
    l->memory->bank->slots = l->page.header.slots;
    l->memory->bank->count = l->page.header.count;
    l->memory->bank->free_count = l->page.header.free_count;
    status = check_slots(l);
    if (status == ENGRAM_OK)
        status = check_texts(l);
    if (status == ENGRAM_OK)
        status = check_links(l);
    if (status == ENGRAM_OK)
        status = check_records(l);
    if (status == ENGRAM_OK)
        status = check_flags(l);
    if (status == ENGRAM_OK)
        derive(l);
    return status;
}

/* What the header says, and whether the file is good as far as is known. */
static void fill(const struct loader *l, int status, struct engram_snapshot *snapshot)
{
    snapshot->bad = status != ENGRAM_OK;
    snapshot->told = snapshot->bad ? INFINITY : l->page.header.told;
    snapshot->bytes = l->bytes;
}

int engram_snapshot_load(const struct engram_folder *folder, struct engram_snapshot *snapshot,
                         engram_memory **out)
{
    struct loader l = {.folder = folder};
    engram_file_name(l.name, "snapshot", snapshot->sequence);
    int status = engram_folder_open(folder, l.name, &l.file, &l.bytes);
    if (status != ENGRAM_OK)
        return status;
    status = load(&l, snapshot->sequence);
    close(l.file);
    engram_release(l.sums, l.sums_bytes);
    engram_release(l.seen, l.seen_bytes);
    fill(&l, status, snapshot);
    if (status == ENGRAM_OK)
        *out = l.memory;
    else
        engram_memory_free(l.memory);
    return status;
}

int engram_snapshot_look(const struct engram_folder *folder, struct engram_snapshot *snapshot)
{
    struct loader l = {.folder = folder};
    engram_file_name(l.name, "snapshot", snapshot->sequence);
    int status = engram_folder_open(folder, l.name, &l.file, &l.bytes);
    if (status != ENGRAM_OK)
        return status;
    status = read_header(&l, snapshot->sequence);
    close(l.file);
    fill(&l, status, snapshot);
    return status;
}
