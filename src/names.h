/* names.h - strings and their numbers: text end to end, and an open hash table over it.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_NAMES_H
#define ENGRAM_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENGRAM_NAME_MAX = 65535 };

struct engram_names {
    char *text; /* each name followed by a NUL */
    size_t text_used;
    uint64_t *at; /* by number: where its name begins; UINT64_MAX: it has none */
    size_t count;
    uint32_t *table; /* number + 1; 0: free */
    size_t slots, filled;
    size_t text_bytes, at_bytes, table_bytes; /* allocated */
};

/* The number of a name; false if it is not known. */
bool engram_names_find(const struct engram_names *names, const char *name, size_t bytes,
                       uint32_t *out);

/* Gives a new name the number `number`, which is at least names->count. On failure nothing has
 * changed. */
int engram_names_add(struct engram_names *names, const char *name, size_t bytes, uint32_t number);

/* The name of a number, NULL if it has none. */
const char *engram_names_get(const struct engram_names *names, uint32_t number);

/* Forgets every number from `count` on. */
void engram_names_truncate(struct engram_names *names, size_t count, size_t text_used);

size_t engram_names_bytes(const struct engram_names *names);
void engram_names_free(struct engram_names *names);

#endif
