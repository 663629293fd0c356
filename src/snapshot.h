/* snapshot.h - a file of a whole memory.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_SNAPSHOT_H
#define ENGRAM_SNAPSHOT_H

#include "files.h"
#include "memory.h"

struct engram_snapshot {
    uint64_t sequence; /* the last operation in it, and its name */
    double told;       /* the latest time that an operation until then had; INFINITY if it is bad */
    uint64_t bytes;    /* of the file */
    bool bad;          /* known not to be usable */
};

/* Reads and checks the header of the snapshot called snapshot->sequence, and fills the rest;
 * ENGRAM_EFORMAT names file, offset and reason, and means that it is bad. */
int engram_snapshot_look(const struct engram_folder *folder, struct engram_snapshot *snapshot);

/* Makes the memory that it holds, once all of that has been checked. Its rows stay mapped. */
int engram_snapshot_load(const struct engram_folder *folder, struct engram_snapshot *snapshot,
                         engram_memory **out);

/* Writes a memory that has no marks, aside, and gives it its name; snapshot->told is given. */
int engram_snapshot_write(const struct engram_folder *folder, const engram_memory *memory,
                          struct engram_snapshot *snapshot);

#endif
