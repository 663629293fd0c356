/* memory.h - what a memory is made of; shared by the operations on it and the files it lives in.
 * SPDX-License-Identifier: MIT
 *
 * The whole state is a list of columns and a struct of numbers. Copying, hashing, taking back and
 * saving go through that list, so that nothing can be left out of one of them. */
#ifndef ENGRAM_MEMORY_H
#define ENGRAM_MEMORY_H

#include "bank.h"
#include "engram.h"
#include "graph.h"
#include "host.h"

#include <stdbool.h>

/* Where a byte string stands in the text column. */
struct engram_span {
    uint64_t at;
    uint64_t bytes;
};

/* COLUMN(name, type, of): arrays with one element for each ..
 *   SLOT    slot of the bank
 *   WORD    64 slots
 *   FREED   slot of the bank that waits to be used again
 *   LINK    place in the rows of links, SOURCE in those of their sources
 *   BYTE    byte of text
 * The bank's own come first. */
#define ENGRAM_COLUMNS(COLUMN)                                                                     \
    COLUMN(ROWS, float, SLOT) /* dim of them */                                                    \
    COLUMN(NORMS, float, SLOT)                                                                     \
    COLUMN(GENERATIONS, uint32_t, SLOT)                                                            \
    COLUMN(FREE, uint32_t, FREED)                                                                  \
    COLUMN(LIVE, uint64_t, WORD)                                                                   \
    COLUMN(HIDDEN, uint64_t, WORD) /* archived */                                                  \
    COLUMN(STRENGTH, float, SLOT)                                                                  \
    COLUMN(CONFIDENCE, float, SLOT)                                                                \
    COLUMN(FLOOR, float, SLOT)                                                                     \
    COLUMN(SCALE, float, SLOT)                                                                     \
    COLUMN(BETA, float, SLOT)                                                                      \
    COLUMN(CREATED, double, SLOT)                                                                  \
    COLUMN(LAST_RECALL, double, SLOT)                                                              \
    COLUMN(RECALLS, uint32_t, SLOT)                                                                \
    COLUMN(CLASS, uint8_t, SLOT)                                                                   \
    COLUMN(FLAGS, uint8_t, SLOT)                                                                   \
    COLUMN(CONTENT, struct engram_span, SLOT)                                                      \
    COLUMN(META, struct engram_span, SLOT)                                                         \
    COLUMN(LINKS_BEGIN, uint32_t, SLOT) /* rows of links; see links.c */                           \
    COLUMN(LINKS_END, uint32_t, SLOT)                                                              \
    COLUMN(LINKS_ROOM, uint32_t, SLOT)                                                             \
    COLUMN(TARGETS, uint32_t, LINK)                                                                \
    COLUMN(WEIGHTS, float, LINK)                                                                   \
    COLUMN(EDGE_CLASSES, uint8_t, LINK)                                                            \
    COLUMN(SOURCES_BEGIN, uint32_t, SLOT) /* for each target, where links come from */             \
    COLUMN(SOURCES_END, uint32_t, SLOT)                                                            \
    COLUMN(SOURCES_ROOM, uint32_t, SLOT)                                                           \
    COLUMN(SOURCES, uint32_t, SOURCE)                                                              \
    COLUMN(TEXT, char, BYTE)

enum engram_of { ENGRAM_SLOT, ENGRAM_WORD, ENGRAM_FREED, ENGRAM_LINK, ENGRAM_SOURCE, ENGRAM_BYTE };

#define ENGRAM_COLUMN_NAME(name, type, of) ENGRAM_COLUMN_##name,
enum engram_column { ENGRAM_COLUMNS(ENGRAM_COLUMN_NAME) ENGRAM_COLUMN_COUNT };
#undef ENGRAM_COLUMN_NAME
enum { ENGRAM_BANK_COLUMNS = ENGRAM_COLUMN_LIVE + 1 };

/* Bytes of an element, of a row in ROWS a single float. */
size_t engram_column_size(enum engram_column column);
const char *engram_column_text(enum engram_column column); /* its name, for messages */

/* Places of rows with room to grow: those handed out so far, and rows that were given back, by the
 * power of two that their room reaches. */
struct engram_places {
    uint32_t used;
    uint32_t free[32]; /* first place + 1 of a row; each begins with the next one; 0: none */
};

/* What a mark remembers and a rollback restores, beside the columns. */
struct engram_numbers {
    uint32_t slots, count, free_count; /* the bank's, set when a mark is */
    uint32_t archived, pinned;
    uint64_t links;
    struct engram_places link_places, source_places;
    uint64_t text_used, text_live; /* bytes of the text column; those still meant by a span */
    double clock;                  /* the latest time told */
};

struct engram_undo_mark {
    uint64_t number;
    size_t used; /* of the undo log */
    struct engram_numbers numbers;
};

struct engram_memory {
    engram_bank *bank;
    struct engram_law law; /* size 0: none */
    uint32_t capacity;
    struct engram_block columns[ENGRAM_COLUMN_COUNT]; /* the bank's stay empty */
    struct engram_numbers numbers;
    bool sourced;      /* the rows of sources are there; made when first needed */
    uint64_t sequence; /* of the last operation; this and the next are not taken back */
    uint64_t revision; /* changes with every change, rollbacks included */
    char *undo;        /* what stood where something was written since the first open mark */
    size_t undo_used, undo_bytes;
    size_t undo_promised; /* that the operation at hand may add */
    struct engram_undo_mark *marks;
    size_t mark_count, marks_bytes;
    uint64_t next_mark;
    bool view;                  /* changes are refused */
    float *work;                /* [2 * dim]: zeros, and a vector that is being made */
    struct engram_store *store; /* its files; NULL: none */
};

/* The elements of a column in use. */
size_t engram_column_count(const engram_memory *memory, enum engram_column column);

/* Where a column begins, whoever owns it. */
void *engram_column(const engram_memory *memory, enum engram_column column);

/* Room for so many elements in every column of a kind; for slots, of their words too, and in the
 * bank. */
int engram_columns_reserve(engram_memory *memory, enum engram_of of, size_t elements);

void engram_columns_free(engram_memory *memory);
int engram_columns_copy(const engram_memory *from, engram_memory *to); /* which is empty */
uint64_t engram_columns_hash(const engram_memory *memory, uint64_t seed);

/* The numbers with those of the bank. */
struct engram_numbers engram_numbers_now(const engram_memory *memory);

/* Before elements of a column are written: keeps them for the innermost open mark. Elements that
 * did not exist when it was set need no keeping. An operation first promises what it may keep, so
 * that keeping cannot fail. */
int engram_undo_reserve(engram_memory *memory, size_t bytes, size_t pieces);
void engram_undo_keep(engram_memory *memory, enum engram_column column, size_t first, size_t n);
void engram_undo_to(engram_memory *memory, const struct engram_undo_mark *mark);

/* The ways a record or a law can be wrong; the memory's own checks, for its files too. */
int engram_check_record(const char *function, const engram_memory *memory,
                        const struct engram_record *record);

/* ---- operations: every change is one */

enum engram_operation_kind {
    ENGRAM_REMEMBER = 1, /* id: the one it gets; evicted; record; links */
    ENGRAM_UPDATE,       /* id; record; links (of a duplicate) */
    ENGRAM_FORGET,       /* id */
    ENGRAM_LINK_SET,     /* links */
    ENGRAM_UNLINK,       /* links: one */
    ENGRAM_REINFORCE,    /* ids; reinforcement */
    ENGRAM_RECALLED,     /* ids */
    ENGRAM_MARK,         /* id: its number */
    ENGRAM_ROLLBACK,     /* id: the mark's number */
    ENGRAM_RELEASE       /* id: the mark's number */
};

struct engram_operation {
    const char *function; /* in whose name errors are told */
    enum engram_operation_kind kind;
    double now;
    uint64_t id, evicted;
    struct engram_record record;
    const struct engram_link *links;
    size_t link_count;
    const uint64_t *ids;
    size_t id_count;
    struct engram_reinforcement reinforcement;
};

/* Checks an operation in full (it may come from a file), makes room for it, hands it to the journal,
 * and does it. On failure nothing has changed. */
int engram_memory_do(engram_memory *memory, const struct engram_operation *operation);

/* ---- links.c: rows of links by source, and of sources by target, with room to grow */

/* Room for n links to be set, where ENGRAM_NO_ID stands for `slot`; for one to be removed; for all
 * of a slot to be. */
int engram_links_reserve(engram_memory *memory, const struct engram_link *links, size_t n,
                         uint32_t slot);
int engram_links_reserve_removal(engram_memory *memory, uint32_t source);
int engram_links_reserve_removal_of_all(engram_memory *memory, uint32_t slot);
void engram_links_begin(engram_memory *memory, uint32_t slot); /* a new one, without links */
void engram_links_set(engram_memory *memory, uint32_t source, uint32_t target, float weight,
                      uint8_t edge_class);
/* The place of a link; UINT32_MAX: there is none. */
uint32_t engram_links_find(const engram_memory *memory, uint32_t source, uint32_t target);
void engram_links_remove(engram_memory *memory, uint32_t source, uint32_t target);
void engram_links_remove_all(engram_memory *memory, uint32_t slot); /* in both directions */
int engram_links_source(
    engram_memory *memory); /* makes the rows of sources if they are not there */

/* ---- store.c: the files; memory->store is attached once a memory is as its files say */

/* Appends an operation to the journal; a failure makes the memory read-only. */
int engram_store_append(struct engram_store *store, const engram_memory *memory,
                        const struct engram_operation *operation);
/* Why changes are refused; NULL: they are not. */
const char *engram_store_failure(const struct engram_store *store);
void engram_store_info(const struct engram_store *store, struct engram_memory_info *info);
void engram_store_close(struct engram_store *store);

#endif
