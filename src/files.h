/* files.h - what all that write files share: whole writes, names aside, durable renames, messages.
 * SPDX-License-Identifier: MIT
 *
 * What fails here has left its reason in errno, unless it returns a status. */
#ifndef ENGRAM_FILES_H
#define ENGRAM_FILES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ENGRAM_EIO, with the path and the reason in errno. */
int engram_system_error(const char *path);

/* Writes all of it at an offset. */
bool engram_file_write(int file, const void *data, size_t bytes, uint64_t offset);

/* Reads all of it from an offset; EIO if the file ends before. */
bool engram_file_read(int file, void *data, size_t bytes, uint64_t offset);

/* Returns once what was written is on disk. */
bool engram_file_sync(int file);

/* Opens for writing a new file beside the path, under a name that nobody has, and puts that name
 * into `aside`; one left behind by a crash is passed over. Paths are relative to a directory that is
 * open, AT_FDCWD for that of the process. */
int engram_file_aside(int directory, const char *path, char *aside, size_t room);

/* Syncs the file aside, closes it and gives it its name, in a directory then synced as well; on
 * failure there is none aside any more. */
bool engram_file_publish(int directory, int file, const char *aside, const char *path);
void engram_file_drop(int directory, int file, const char *aside); /* closes and deletes it */

/* A rename is kept only once the path's directory is synced; one that may not be read cannot be. */
bool engram_directory_sync(int directory, const char *path);

/* ---- the files of a memory: KIND-SEQUENCE in a directory that is kept open */

struct engram_folder {
    int file;
    char shown[240]; /* its path in messages, without the beginning of a long one */
};

enum { ENGRAM_FILE_NAME = 48, ENGRAM_FILE_VERSION = 1, ENGRAM_FILE_ENDIAN = 0x01020304 };

void engram_file_name(char name[ENGRAM_FILE_NAME], const char *kind, uint64_t sequence);

/* Opens a regular file for reading; its bytes. */
int engram_folder_open(const struct engram_folder *folder, const char *name, int *file,
                       uint64_t *bytes);

/* ENGRAM_EIO, with the file's path and the reason in errno. */
int engram_folder_error(const struct engram_folder *folder, const char *name);

/* "PATH: offset N: .." */
void engram_folder_reason(const struct engram_folder *folder, const char *name, uint64_t offset,
                          char *out, size_t room, const char *format, va_list arguments);

/* What is wrong with the first 16 bytes: magic, version, and the order of bytes; NULL: nothing. */
const char *engram_file_wrong(const void *header, const char magic[8]);

#endif
