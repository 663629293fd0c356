/* files.c - what all that write files share: whole writes, names aside, durable renames.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "files.h"
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int engram_system_error(const char *path)
{
    return engram_fail(ENGRAM_EIO, "%s: %s", path, strerror(errno));
}

bool engram_file_write(int file, const void *data, size_t bytes, uint64_t offset)
{
    const unsigned char *p = data;
    while (bytes) {
        ssize_t wrote = pwrite(file, p, bytes, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote == 0)
            errno = ENOSPC;
        if (wrote <= 0)
            return false;
        p += wrote;
        bytes -= (size_t)wrote;
        offset += (uint64_t)wrote;
    }
    return true;
}

bool engram_file_read(int file, void *data, size_t bytes, uint64_t offset)
{
    unsigned char *p = data;
    while (bytes) {
        ssize_t got = pread(file, p, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO;
        if (got <= 0)
            return false;
        p += got;
        bytes -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

bool engram_file_sync(int file)
{
    int status;
    do
        status = fdatasync(file);
    while (status != 0 && errno == EINTR);
    return status == 0;
}

int engram_file_aside(int directory, const char *path, char *aside, size_t room)
{
    int file = -1;
    for (int i = 0; i < 1000 && file < 0; i++) {
        int length = snprintf(aside, room, "%s.%d.new", path, i);
        if (length < 0 || (size_t)length >= room) {
            errno = ENAMETOOLONG;
            return -1;
        }
        file = openat(directory, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST)
            return -1;
    }
    return file;
}

void engram_file_drop(int directory, int file, const char *aside)
{
    int reason = errno;
    if (file >= 0)
        close(file);
    unlinkat(directory, aside, 0);
    errno = reason;
}

bool engram_directory_sync(int directory, const char *path)
{
    char name[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int file = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return errno == EACCES;
    bool done = fsync(file) == 0 || errno == EINVAL; /* some file systems have no such thing */
    int reason = errno;
    close(file);
    errno = reason;
    return done;
}

bool engram_file_publish(int directory, int file, const char *aside, const char *path)
{
    bool synced = engram_file_sync(file);
    if (!synced || close(file) != 0 || renameat(directory, aside, directory, path) != 0) {
        engram_file_drop(directory, synced ? -1 : file, aside);
        return false;
    }
    return engram_directory_sync(directory, path);
}

/* ---- the files of a memory */

void engram_file_name(char name[ENGRAM_FILE_NAME], const char *kind, uint64_t sequence)
{
    snprintf(name, ENGRAM_FILE_NAME, "%s-%016llx", kind, (unsigned long long)sequence);
}

int engram_folder_open(const struct engram_folder *folder, const char *name, int *file,
                       uint64_t *bytes)
{
    struct stat about;
    *file = openat(folder->file, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*file < 0)
        return engram_folder_error(folder, name);
    int status = fstat(*file, &about) == 0 ? ENGRAM_OK : engram_folder_error(folder, name);
    if (status == ENGRAM_OK && !S_ISREG(about.st_mode))
        status = engram_fail(ENGRAM_EIO, "%s/%s: not a regular file", folder->shown, name);
    if (status != ENGRAM_OK)
        close(*file);
    *bytes = status == ENGRAM_OK ? (uint64_t)about.st_size : 0;
    return status;
}

int engram_folder_error(const struct engram_folder *folder, const char *name)
{
    return engram_fail(ENGRAM_EIO, "%s/%s: %s", folder->shown, name, strerror(errno));
}

void engram_folder_reason(const struct engram_folder *folder, const char *name, uint64_t offset,
                          char *out, size_t room, const char *format, va_list arguments)
{
    int n = snprintf(out, room, "%s/%s: offset %llu: ", folder->shown, name,
                     (unsigned long long)offset);
    if (n >= 0 && (size_t)n < room)
        vsnprintf(out + n, room - (size_t)n, format, arguments);
}

const char *engram_file_wrong(const void *header, const char magic[8])
{
    uint32_t numbers[2]; /* version, order of bytes */
    memcpy(numbers, (const char *)header + 8, sizeof numbers);
    if (memcmp(header, magic, 8) != 0)
        return "this is no such file: it begins otherwise";
    if (numbers[1] != ENGRAM_FILE_ENDIAN)
        return "its numbers are not little-endian";
    return numbers[0] == ENGRAM_FILE_VERSION ? NULL
                                             : "it has another version than this library reads";
}
