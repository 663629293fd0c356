/* names.c - strings and their numbers: text end to end, and an open hash table over it.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "names.h"
#include "host.h"

#include <string.h>

static const uint64_t UNNAMED = UINT64_MAX;

/* The slot that holds a name, or the free one where it belongs. */
static size_t slot_of(const struct engram_names *names, const char *name, size_t bytes)
{
    size_t slot = (size_t)engram_hash(name, bytes, 0) & (names->slots - 1);
    for (; names->table[slot]; slot = (slot + 1) & (names->slots - 1)) {
        const char *known = names->text + names->at[names->table[slot] - 1];
        if (strlen(known) == bytes && memcmp(known, name, bytes) == 0)
            break;
    }
    return slot;
}

bool engram_names_find(const struct engram_names *names, const char *name, size_t bytes,
                       uint32_t *out)
{
    if (!names->slots)
        return false;
    uint32_t number = names->table[slot_of(names, name, bytes)];
    if (number)
        *out = number - 1;
    return number != 0;
}

static void fill_table(struct engram_names *names)
{
    memset(names->table, 0, names->slots * sizeof *names->table);
    names->filled = 0;
    for (size_t i = 0; i < names->count; i++) {
        if (names->at[i] == UNNAMED)
            continue;
        const char *name = names->text + names->at[i];
        names->table[slot_of(names, name, strlen(name))] = (uint32_t)i + 1;
        names->filled++;
    }
}

int engram_names_add(struct engram_names *names, const char *name, size_t bytes, uint32_t number)
{
    int status =
        engram_grow((void **)&names->text, &names->text_bytes, names->text_used + bytes + 1);
    if (status == ENGRAM_OK)
        status = engram_grow((void **)&names->at, &names->at_bytes,
                             ((size_t)number + 1) * sizeof *names->at);
    if (status == ENGRAM_OK && names->filled * 2 >= names->slots) {
        size_t slots = names->slots ? names->slots * 2 : 64;
        status =
            engram_grow((void **)&names->table, &names->table_bytes, slots * sizeof *names->table);
        if (status == ENGRAM_OK) {
            names->slots = slots;
            fill_table(names);
        }
    }
    if (status != ENGRAM_OK)
        return status;

    for (; names->count < number; names->count++)
        names->at[names->count] = UNNAMED;
    names->at[names->count++] = names->text_used;
    memcpy(names->text + names->text_used, name, bytes);
    names->text[names->text_used + bytes] = 0;
    names->text_used += bytes + 1;
    names->table[slot_of(names, name, bytes)] = number + 1;
    names->filled++;
    return ENGRAM_OK;
}

const char *engram_names_get(const struct engram_names *names, uint32_t number)
{
    if (number >= names->count || names->at[number] == UNNAMED)
        return NULL;
    return names->text + names->at[number];
}

void engram_names_truncate(struct engram_names *names, size_t count, size_t text_used)
{
    if (names->count <= count)
        return;
    names->count = count;
    names->text_used = text_used;
    if (names->slots)
        fill_table(names);
}

size_t engram_names_bytes(const struct engram_names *names)
{
    return names->text_bytes + names->at_bytes + names->table_bytes;
}

void engram_names_free(struct engram_names *names)
{
    engram_release(names->text, names->text_bytes);
    engram_release(names->at, names->at_bytes);
    engram_release(names->table, names->table_bytes);
    *names = (struct engram_names){0};
}
