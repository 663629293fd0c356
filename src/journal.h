/* journal.h - a file of the operations done since a snapshot, in their order.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_JOURNAL_H
#define ENGRAM_JOURNAL_H

#include "files.h"
#include "memory.h"

#include <sys/types.h>

/* A journal that is being written. */
struct engram_journal {
    int file;       /* -1: none */
    pid_t owner;    /* the process that writes it; one forked from it must not */
    uint32_t dim;   /* of the memory */
    uint64_t first; /* the operation that its records follow */
    uint64_t bytes; /* of the file; those below come next */
    char *buffer;   /* [ENGRAM_JOURNAL_BUFFER] */
    size_t used;
    size_t hashed; /* of these, the bytes already in the hash of the record at hand */
    struct engram_checksum *hash;
};

enum { ENGRAM_JOURNAL_HEAD = 40, ENGRAM_JOURNAL_BUFFER = 1 << 20 };

/* Makes the journal that follows an operation: a header, on disk under its name. */
int engram_journal_create(const struct engram_folder *folder, uint64_t first, uint32_t dim);

/* Appends an operation to the buffer, and what does not fit to the file. ENGRAM_ELIMIT: it is larger
 * than a record can be, nothing was written; ENGRAM_EIO: the reason is in errno. Both without a
 * message. */
int engram_journal_append(struct engram_journal *journal, uint64_t sequence,
                          const struct engram_operation *operation);

/* Writes the buffer to the file; returns once all is on disk. On failure the reason is in errno. */
bool engram_journal_flush(struct engram_journal *journal);
bool engram_journal_sync(struct engram_journal *journal);

enum engram_journal_end {
    ENGRAM_JOURNAL_WHOLE,  /* a record ends where the file does */
    ENGRAM_JOURNAL_LATER,  /* the next operation came after `until` */
    ENGRAM_JOURNAL_TORN,   /* behind the last whole record there is none */
    ENGRAM_JOURNAL_DAMAGED /* there is one behind a bad one, or what a record says cannot be */
};

struct engram_replay {
    engram_memory *memory;
    double until;
    double told; /* the latest time that an operation had */
    enum engram_journal_end end;
    uint64_t offset, bytes; /* where the last good record ends, and the file */
    char reason[480];       /* what is wrong there: "FILE: offset N: .." */
};

/* Does the operations of a journal, which must begin where the memory is. */
int engram_journal_replay(const struct engram_folder *folder, struct engram_replay *replay);

#endif
