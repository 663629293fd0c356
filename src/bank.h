/* bank.h - what a bank is made of, for the files that work on one.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_BANK_H
#define ENGRAM_BANK_H

#include "engram.h"
#include "host.h"

#include <stdbool.h>

enum { ENGRAM_FORMS = ENGRAM_SIGN + 1 };

enum { ENGRAM_GENERATIONS = 1 << 21 }; /* an id is then exact in a double */

/* Rows in a smaller form, by slot. */
struct engram_form {
    bool on;
    struct engram_lines rows;
};

struct engram_bank {
    uint32_t dim, slots, count;
    float *rows; /* our own, or those of the mapping */
    struct engram_lines own;
    float *norms;
    uint32_t *generations; /* of the next row in a slot that is free */
    uint64_t *live;
    uint32_t *free_slots; /* a stack */
    uint32_t free_count;
    size_t norms_bytes, generations_bytes, live_bytes, free_bytes; /* allocated */
    void *mapping;
    size_t mapping_bytes;
    struct engram_form forms[ENGRAM_FORMS]; /* that of ENGRAM_F32 stays empty */
    float *factors;                         /* of the int8 rows */
    size_t factors_bytes;
};

/* Bits of an element in a form. */
static inline size_t engram_form_bits(uint32_t form)
{
    static const uint8_t bits[ENGRAM_FORMS] = {32, 16, 16, 8, 1};
    return bits[form];
}

static inline uint64_t engram_bank_id(const engram_bank *bank, uint32_t slot)
{
    return (uint64_t)bank->generations[slot] << 32 | slot;
}

/* Gives an empty bank the rows of a mapping, from `offset` on, which it unmaps in the end or copies
 * when one is changed. Norms, generations and what is live are for the caller to fill. */
int engram_bank_map(engram_bank *bank, void *mapping, size_t bytes, size_t offset, uint32_t slots);

/* Copies rows that are mapped, so that changing one cannot fail for want of room. */
int engram_bank_own(engram_bank *bank);

/* The norms of rows first .. last - 1; ENGRAM_ENONFINITE if one is not finite, without a message:
 * it may run on any thread. */
int engram_bank_norms(engram_bank *bank, size_t first, size_t last);

/* In forms.c: room for so many rows in every form that is on; the forms of the rows first .. last
 * - 1; the end of them; their bytes. */
int engram_forms_reserve(engram_bank *bank, size_t slots);
void engram_forms_derive(engram_bank *bank, size_t first, size_t last);
void engram_forms_free(engram_bank *bank);
uint64_t engram_form_bytes(const engram_bank *bank, uint32_t form);

/* In search.c: how many candidates, and how many of them scored exactly, a search for k by a
 * smaller form uses. */
void engram_search_complete(struct engram_search *options, size_t k);

#endif
