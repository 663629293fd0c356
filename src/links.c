/* links.c - the links of a memory: rows by source that can grow and shrink, and for each target the
 * sources it is linked from, so that what is forgotten leaves no link behind.
 * SPDX-License-Identifier: MIT
 *
 * A row is a run of places in its columns: from `begin`, `end` - begin of them in use, with room for
 * `room`. A row that outgrows its room moves to one of twice the size; the old one waits in a list
 * by size for another row. Links stand in the order in which they came; sources in any. */
#include "config.h"
#include "memory.h"

#include <string.h>

/* What a set of rows is made of. Its first array is of slots, and of the places of free rows. */
struct rows {
    enum engram_column begin, end, room, first, last;
    enum engram_of of;
    size_t places; /* where its struct engram_places stands in the numbers */
};

static const struct rows links = {
    ENGRAM_COLUMN_LINKS_BEGIN,
    ENGRAM_COLUMN_LINKS_END,
    ENGRAM_COLUMN_LINKS_ROOM,
    ENGRAM_COLUMN_TARGETS,
    ENGRAM_COLUMN_EDGE_CLASSES,
    ENGRAM_LINK,
    offsetof(struct engram_numbers, link_places),
};
static const struct rows sources = {
    ENGRAM_COLUMN_SOURCES_BEGIN,
    ENGRAM_COLUMN_SOURCES_END,
    ENGRAM_COLUMN_SOURCES_ROOM,
    ENGRAM_COLUMN_SOURCES,
    ENGRAM_COLUMN_SOURCES,
    ENGRAM_SOURCE,
    offsetof(struct engram_numbers, source_places),
};

enum { LEAST_ROOM = 4, PIECES = 20 /* of the undo log that one link can take */ };

static uint32_t *words(const engram_memory *m, enum engram_column column)
{
    return m->columns[column].at;
}

static struct engram_places *places_of(engram_memory *m, const struct rows *rows)
{
    return (struct engram_places *)((char *)&m->numbers + rows->places);
}

static uint32_t length(const engram_memory *m, const struct rows *rows, uint32_t slot)
{
    return words(m, rows->end)[slot] - words(m, rows->begin)[slot];
}

static size_t place_bytes(const struct rows *rows)
{
    size_t bytes = 0;
    for (int c = rows->first; c <= (int)rows->last; c++)
        bytes += engram_column_size((enum engram_column)c);
    return bytes;
}

/* The power of two that a number reaches. */
static int power_below(uint32_t n)
{
    return 31 - __builtin_clz(n);
}

/* Room for a row of n: the next power of two. */
static uint64_t room_for(uint64_t n)
{
    return n <= LEAST_ROOM ? LEAST_ROOM : (uint64_t)1 << (64 - __builtin_clzll(n - 1));
}

static void write_word(engram_memory *m, enum engram_column column, uint32_t i, uint32_t value)
{
    engram_undo_keep(m, column, i, 1);
    words(m, column)[i] = value;
}

/* ---- rows */

static uint32_t take_place(engram_memory *m, const struct rows *rows, uint32_t room)
{
    struct engram_places *places = places_of(m, rows);
    uint32_t *first = &places->free[power_below(room)], place = *first - 1;
    if (*first) {
        *first = words(m, rows->first)[place];
        return place;
    }
    place = places->used;
    places->used += room;
    return place;
}

static void give_place(engram_memory *m, const struct rows *rows, uint32_t slot)
{
    uint32_t room = words(m, rows->room)[slot], place = words(m, rows->begin)[slot];
    if (room == 0)
        return;
    uint32_t *first = &places_of(m, rows)->free[power_below(room)];
    write_word(m, rows->first, place, *first);
    *first = place + 1;
}

static void put_row(engram_memory *m, const struct rows *rows, uint32_t slot, uint32_t begin,
                    uint32_t end, uint32_t room)
{
    write_word(m, rows->begin, slot, begin);
    write_word(m, rows->end, slot, end);
    write_word(m, rows->room, slot, room);
}

/* Copies n places of a row within its columns, to before or behind where they stand. */
static void move_places(engram_memory *m, const struct rows *rows, uint32_t to, uint32_t from,
                        uint32_t n)
{
    for (int c = rows->first; c <= (int)rows->last && n; c++) {
        enum engram_column column = (enum engram_column)c;
        size_t size = engram_column_size(column);
        char *at = m->columns[c].at;
        engram_undo_keep(m, column, to, n);
        memmove(at + to * size, at + from * size, n * size);
    }
}

/* A place at the end of a row, which moves if it is full. */
static uint32_t extend(engram_memory *m, const struct rows *rows, uint32_t slot)
{
    uint32_t n = length(m, rows, slot);
    if (n == words(m, rows->room)[slot]) {
        uint32_t room = (uint32_t)room_for(n + 1), place = take_place(m, rows, room);
        move_places(m, rows, place, words(m, rows->begin)[slot], n);
        give_place(m, rows, slot);
        put_row(m, rows, slot, place, place + n, room);
    }
    uint32_t end = words(m, rows->end)[slot];
    write_word(m, rows->end, slot, end + 1);
    return end;
}

static void drop_row(engram_memory *m, const struct rows *rows, uint32_t slot)
{
    give_place(m, rows, slot);
    put_row(m, rows, slot, 0, 0, 0);
}

/* ---- room for what is to come */

/* The slot at one end of a link; ENGRAM_NO_ID stands for `slot`. */
static uint32_t end_of(const struct engram_link *link, bool target, uint32_t slot)
{
    uint64_t id = target ? link->target : link->source;
    return id == ENGRAM_NO_ID ? slot : (uint32_t)id;
}

/* The places that rows may take up when the links are added, each row growing by doubling. The row
 * of `slot` may be dropped before, or not be there yet. Looks for slots that come twice, so links
 * should be few. */
static uint64_t places_needed(engram_memory *m, const struct rows *rows,
                              const struct engram_link *given, size_t n, uint32_t slot)
{
    bool target = rows == &sources;
    uint64_t need = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t at = end_of(&given[i], target, slot), more = 0;
        bool first = true;
        for (size_t j = 0; j < n; j++)
            if (end_of(&given[j], target, slot) == at) {
                first &= j >= i;
                more++;
            }
        bool known = at < m->bank->slots;
        uint64_t all = (known ? length(m, rows, at) : 0) + (uint64_t)more;
        if (first && (at == slot || all > words(m, rows->room)[at]))
            need += 2 * room_for(all);
    }
    return need;
}

/* Room in one set of rows for links to be added, and for what a mark keeps of them. */
static int reserve_places(engram_memory *m, const struct rows *rows,
                          const struct engram_link *given, size_t n, uint32_t slot)
{
    uint64_t need = places_needed(m, rows, given, n, slot);
    if (need + places_of(m, rows)->used > UINT32_MAX)
        return engram_fail(ENGRAM_ELIMIT, "a memory has fewer than 2^32 places for links");
    int status = engram_columns_reserve(m, rows->of, places_of(m, rows)->used + need);
    return status == ENGRAM_OK
               ? engram_undo_reserve(m, need * place_bytes(rows) + n * PIECES * 8, n * PIECES)
               : status;
}

int engram_links_reserve(engram_memory *m, const struct engram_link *given, size_t n, uint32_t slot)
{
    int status = n ? engram_links_source(m) : ENGRAM_OK;
    if (status == ENGRAM_OK && n)
        status = reserve_places(m, &links, given, n, slot);
    return status == ENGRAM_OK && n ? reserve_places(m, &sources, given, n, slot) : status;
}

int engram_links_reserve_removal(engram_memory *m, uint32_t source)
{
    int status = engram_links_source(m);
    return status == ENGRAM_OK
               ? engram_undo_reserve(
                     m, length(m, &links, source) * place_bytes(&links) + PIECES * 8, PIECES)
               : status;
}

int engram_links_reserve_removal_of_all(engram_memory *m, uint32_t slot)
{
    if (m->numbers.links == 0 && !m->sourced)
        return ENGRAM_OK;
    int status = engram_links_source(m);
    if (status != ENGRAM_OK || m->mark_count == 0)
        return status;
    size_t touched = length(m, &links, slot) + 1, bytes = 0;
    const uint32_t *from = words(m, ENGRAM_COLUMN_SOURCES);
    uint32_t begin = words(m, ENGRAM_COLUMN_SOURCES_BEGIN)[slot];
    for (uint32_t i = 0; i < length(m, &sources, slot); i++, touched++)
        bytes += length(m, &links, from[begin + i]) * place_bytes(&links);
    return engram_undo_reserve(m, bytes + touched * PIECES * 8, touched * PIECES);
}

/* ---- links */

void engram_links_begin(engram_memory *m, uint32_t slot)
{
    const struct rows *sets[] = {&links, &sources};
    for (int i = 0; i < 2; i++)
        words(m, sets[i]->begin)[slot] = words(m, sets[i]->end)[slot] =
            words(m, sets[i]->room)[slot] = 0;
}

uint32_t engram_links_find(const engram_memory *m, uint32_t source, uint32_t target)
{
    const uint32_t *targets = words(m, ENGRAM_COLUMN_TARGETS);
    uint32_t end = words(m, links.end)[source];
    for (uint32_t e = words(m, links.begin)[source]; e < end; e++)
        if (targets[e] == target)
            return e;
    return UINT32_MAX;
}

void engram_links_set(engram_memory *m, uint32_t source, uint32_t target, float weight,
                      uint8_t edge_class)
{
    uint32_t e = engram_links_find(m, source, target);
    if (e == UINT32_MAX) {
        e = extend(m, &links, source);
        write_word(m, ENGRAM_COLUMN_TARGETS, e, target);
        write_word(m, ENGRAM_COLUMN_SOURCES, extend(m, &sources, target), source);
        m->numbers.links++;
    }
    engram_undo_keep(m, ENGRAM_COLUMN_WEIGHTS, e, 1);
    engram_undo_keep(m, ENGRAM_COLUMN_EDGE_CLASSES, e, 1);
    ((float *)m->columns[ENGRAM_COLUMN_WEIGHTS].at)[e] = weight;
    ((uint8_t *)m->columns[ENGRAM_COLUMN_EDGE_CLASSES].at)[e] = edge_class;
}

/* Links keep their order, so those behind move up. */
static void remove_link(engram_memory *m, uint32_t source, uint32_t target)
{
    uint32_t e = engram_links_find(m, source, target), end = words(m, links.end)[source];
    move_places(m, &links, e, e + 1, end - e - 1);
    write_word(m, links.end, source, end - 1);
    m->numbers.links--;
}

/* The last source takes its place. */
static void remove_source(engram_memory *m, uint32_t source, uint32_t target)
{
    uint32_t *from = words(m, ENGRAM_COLUMN_SOURCES);
    uint32_t i = words(m, sources.begin)[target], last = words(m, sources.end)[target] - 1;
    while (from[i] != source)
        i++;
    write_word(m, ENGRAM_COLUMN_SOURCES, i, from[last]);
    write_word(m, sources.end, target, last);
}

void engram_links_remove(engram_memory *m, uint32_t source, uint32_t target)
{
    remove_link(m, source, target);
    remove_source(m, source, target);
}

void engram_links_remove_all(engram_memory *m, uint32_t slot)
{
    if (!m->sourced)
        return;
    const uint32_t *targets = words(m, ENGRAM_COLUMN_TARGETS);
    const uint32_t *from = words(m, ENGRAM_COLUMN_SOURCES);
    uint32_t begin = words(m, links.begin)[slot], n = length(m, &links, slot);
    for (uint32_t e = begin; e < begin + n; e++)
        remove_source(m, slot, targets[e]);
    m->numbers.links -= n;
    write_word(m, links.end, slot, begin);
    begin = words(m, sources.begin)[slot];
    n = length(m, &sources, slot);
    for (uint32_t i = begin; i < begin + n; i++)
        remove_link(m, from[i], slot);
    drop_row(m, &links, slot);
    drop_row(m, &sources, slot);
}

/* ---- rows of sources, from those of links */

int engram_links_source(engram_memory *m)
{
    if (m->sourced)
        return ENGRAM_OK;
    uint32_t slots = m->bank->slots;
    int status = engram_columns_reserve(m, ENGRAM_SLOT, slots);
    if (status == ENGRAM_OK)
        status = engram_columns_reserve(m, ENGRAM_SOURCE, m->numbers.links);
    if (status != ENGRAM_OK)
        return status;
    const uint32_t *begins = words(m, links.begin), *ends = words(m, links.end);
    const uint32_t *targets = words(m, ENGRAM_COLUMN_TARGETS);
    uint32_t *begin = words(m, sources.begin), *end = words(m, sources.end);
    uint32_t *room = words(m, sources.room), *from = words(m, ENGRAM_COLUMN_SOURCES), used = 0;
    if (slots)
        memset(room, 0, slots * sizeof *room);
    for (uint32_t s = 0; s < slots; s++)
        for (uint32_t e = begins[s]; e < ends[s]; e++)
            room[targets[e]]++;
    for (uint32_t t = 0; t < slots; t++) {
        begin[t] = end[t] = used;
        used += room[t];
    }
    for (uint32_t s = 0; s < slots; s++)
        for (uint32_t e = begins[s]; e < ends[s]; e++)
            from[end[targets[e]]++] = s;
    m->numbers.source_places = (struct engram_places){.used = used};
    m->sourced = true;
    return ENGRAM_OK;
}
