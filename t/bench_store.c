/* bench_store.c - a memory in files: journal, remembering, opening.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench.h"
#include "engram.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIM = 64, GROUP = 1000, BLOCK = 1 << 20 };

static char folder[256];
static uint32_t memories, operations;
static engram_memory *memory;
static float *rows;
static char *block;
static int file;
static size_t record_bytes; /* of a journal, for an operation of the first row */
static uint64_t file_bytes; /* of the snapshot */

static void need(int status)
{
    if (status == ENGRAM_OK)
        return;
    fprintf(stderr, "bench_store: %s\n", engram_last_message());
    exit(1);
}

static void done(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static const char *path_of(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void remove_files(void)
{
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (entry->d_name[0] != '.')
            unlink(path_of(entry->d_name));
    closedir(directory);
}

static engram_memory *opened(int in_files)
{
    static const struct engram_law law = {
        .size = sizeof law, .curve = ENGRAM_EXPONENTIAL, .tau_s = 1e6};
    struct engram_memory_options options = {.size = sizeof options, .dim = DIM, .law = &law};
    engram_memory *m = NULL;
    need(in_files ? engram_memory_open(folder, &options, NULL, &m)
                  : engram_memory_new(&options, &m));
    return m;
}

static void remember(uint32_t i, uint32_t links)
{
    struct engram_record record = {
        .size = sizeof record, .fields = ENGRAM_VECTOR, .vector = rows + (size_t)(i % GROUP) * DIM};
    struct engram_link link[4];
    struct engram_remembering how = {.size = sizeof how, .links = link};
    struct engram_remembered out;
    while (how.link_count < links && how.link_count < i) {
        link[how.link_count] =
            (struct engram_link){ENGRAM_NO_ID, (uint64_t)i * (7 + how.link_count) % i, 0.5f, 0};
        how.link_count++;
    }
    need(engram_memory_remember(memory, &record, &how, i, &out));
}

/* ---- operations in groups, each of which is synced; and as many bytes */

static void journal_operations(void *data)
{
    (void)data;
    for (uint32_t i = 0; i < operations; i++) {
        uint64_t id = i % GROUP;
        need(engram_memory_reinforce(memory, &id, 1, NULL, i));
        if (i % GROUP == GROUP - 1)
            need(engram_memory_sync(memory));
    }
}

static void journal_bytes(void *data)
{
    static off_t at;
    (void)data;
    for (uint32_t i = 0; i < operations; i += GROUP, at += (off_t)(record_bytes * GROUP))
        done(pwrite(file, block, record_bytes * GROUP, at) > 0 && fdatasync(file) == 0, folder);
}

/* ---- remembering, with and without files */

static void renew(void *data)
{
    engram_memory_free(memory);
    remove_files();
    memory = opened(data != NULL);
}

static void remember_all(void *data)
{
    (void)data;
    for (uint32_t i = 0; i < operations; i++)
        remember(i, 4);
}

/* ---- opening, and reading the file */

static void close_memory(void *data)
{
    (void)data;
    engram_memory_free(memory);
    memory = NULL;
}

static void open_memory(void *data)
{
    (void)data;
    memory = opened(1);
}

static void read_file(void *data)
{
    (void)data;
    for (uint64_t at = 0; at < file_bytes; at += BLOCK)
        done(pread(file, block, BLOCK, (off_t)at) > 0, folder);
}

static void compare(struct store_row *row, struct contender ours, struct contender least,
                    double most)
{
    struct contender both[] = {ours, least};
    size_t rounds = bench_interleave(both, 2, 1e-3, most);
    row->seconds = bench_quartiles(both[0].seconds, rounds).median;
    row->floor = bench_quartiles(both[1].seconds, rounds).median;
    free(both[0].seconds);
}

struct store_row *bench_store(int quick, double most)
{
    static struct store_row result[STORE_ROWS] = {
        {.what = "an operation, synced by the thousand",
         .floor_is = "its bytes written and synced"},
        {.what = "remembering 64 columns and 4 links", .floor_is = "the same without files"},
        {.what = "opening a million memories", .floor_is = "reading the file"},
    };
    const char *base = getenv("TMPDIR");
    struct engram_rng rng = {1};
    memories = quick ? 1000 : 1000000;
    operations = quick ? 2 * GROUP : 100 * GROUP;
    result[2].what = quick ? "opening a thousand memories" : result[2].what;
    snprintf(folder, sizeof folder, "%s/engram.XXXXXX", base && *base ? base : "/tmp");
    done(mkdtemp(folder) != NULL, folder);
    rows = bench_memory(GROUP * DIM * sizeof *rows);
    block = bench_memory(BLOCK);
    engram_rng_fill_normal(&rng, GROUP * DIM, rows);

    renew(folder);
    for (uint32_t i = 0; i < GROUP; i++)
        remember(i, 0);
    struct engram_memory_info before, after;
    need(engram_memory_info(memory, &before));
    journal_operations(NULL);
    need(engram_memory_info(memory, &after));
    record_bytes = (after.journal_bytes - before.journal_bytes) / operations;
    char other[300];
    snprintf(other, sizeof other, "%s.floor", folder);
    file = open(other, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    done(file >= 0, other);
    compare(&result[0], (struct contender){.run = journal_operations, .amount = operations},
            (struct contender){.run = journal_bytes, .amount = operations}, most);
    uint64_t hash = engram_memory_hash(memory);
    close_memory(NULL);
    memory = opened(1);
    int right = engram_memory_hash(memory) == hash;
    close(file);
    unlink(other);

    compare(&result[1],
            (struct contender){
                .run = remember_all, .before = renew, .data = folder, .amount = operations},
            (struct contender){.run = remember_all, .before = renew, .amount = operations}, most);

    renew(folder);
    for (uint32_t i = 0; i < memories; i++)
        remember(i, 0);
    need(engram_memory_snapshot(memory));
    hash = engram_memory_hash(memory);
    char name[64];
    struct stat about;
    snprintf(name, sizeof name, "snapshot-%016x", (unsigned)memories);
    file = open(path_of(name), O_RDONLY | O_CLOEXEC);
    done(file >= 0 && fstat(file, &about) == 0, name);
    file_bytes = (uint64_t)about.st_size;
    compare(&result[2], (struct contender){.run = open_memory, .before = close_memory},
            (struct contender){.run = read_file}, most);
    right &= engram_memory_hash(memory) == hash;
    close_memory(NULL);
    close(file);
    remove_files();
    rmdir(folder);
    bench_free(rows, GROUP * DIM * sizeof *rows);
    bench_free(block, BLOCK);
    return right ? result : NULL;
}
