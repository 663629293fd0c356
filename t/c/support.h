/* support.h - what several C tests share: a counting allocator, expected failures, files, children.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_TEST_SUPPORT_H
#define ENGRAM_TEST_SUPPORT_H

#include "engram.h"
#include "../tap.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- memory: engram_options.allocate that counts, checks and fails when it is told to */

static struct {
    long live;       /* blocks not yet given back */
    long calls;      /* blocks asked for, resizes included */
    long fuse;       /* requests that still succeed; negative: all of them */
    long mismatches; /* blocks given back with another size than they were asked for */
    long secrets;    /* blocks given back with eight bytes 0xA5 in a row */
} heap = {.fuse = -1};

enum { HEAP_HEAD = 16, SECRET = 0xA5 };

static inline bool heap_knows_secret(const unsigned char *bytes, size_t n)
{
    size_t run = 0;
    for (size_t i = 0; i < n && run < 8; i++)
        run = bytes[i] == SECRET ? run + 1 : 0;
    return run == 8;
}

static inline long heap_read(const long *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static inline void heap_add(long *counter, long n)
{
    __atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* Every resize moves the block, so that an old pointer is a fault for the sanitizers. */
static void *heap_allocate(void *context, void *old, size_t old_bytes, size_t bytes)
{
    (void)context;
    unsigned char *head = old ? (unsigned char *)old - HEAP_HEAD : NULL;
    if (head && memcmp(head, &old_bytes, sizeof old_bytes) != 0)
        heap_add(&heap.mismatches, 1);

    unsigned char *block = NULL;
    if (bytes > 0) {
        if (heap_read(&heap.fuse) >= 0) {
            if (heap.fuse == 0)
                return NULL;
            heap.fuse--;
        }
        if (bytes > (size_t)3 << 29 || !(block = malloc(HEAP_HEAD + bytes)))
            return NULL;
        memcpy(block, &bytes, sizeof bytes);
        heap_add(&heap.calls, 1);
        heap_add(&heap.live, 1);
    }
    if (head) {
        if (block)
            memcpy(block + HEAP_HEAD, old, old_bytes < bytes ? old_bytes : bytes);
        else if (heap_knows_secret(old, old_bytes))
            heap_add(&heap.secrets, 1);
        free(head);
        heap_add(&heap.live, -1);
    }
    return block ? block + HEAP_HEAD : NULL;
}

/* The variables of arenas are not the developer's to set in a test; ENGRAM_ISA is, so that the
 * tests run at each rung. */
static inline void forget_environment(void)
{
    static const char *const names[] = {"ENGRAM_ARENA_SIZE", "ENGRAM_ARENA_OVERFLOW",
                                        "ENGRAM_ARENA_ZERO", "ENGRAM_ARENA_METRICS"};
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
}

/* Starts the library with that allocator. */
static inline int start(const uint32_t *cancel)
{
    forget_environment();
    struct engram_options options = {
        .size = sizeof options, .allocate = heap_allocate, .cancel = cancel};
    return engram_init(&options);
}

/* Starts it with a log as well. */
static struct {
    uint64_t notes, warnings;
    char last[512];
} logged;

static inline void log_counted(void *context, int level, const char *text)
{
    (void)context;
    logged.notes += level == ENGRAM_LOG_NOTE;
    logged.warnings += level == ENGRAM_LOG_WARNING;
    snprintf(logged.last, sizeof logged.last, "%s", text);
}

static inline int start_logged(const struct engram_options *wishes)
{
    forget_environment();
    struct engram_options options = wishes ? *wishes : (struct engram_options){0};
    options.size = sizeof options;
    options.allocate = heap_allocate;
    options.log = log_counted;
    return engram_init(&options);
}

/* What must hold of the memory when a test ends; `kept` blocks may live on. */
static inline void heap_settled(void)
{
    engram_deinit_thread_arena();
    ok(heap.live == 0, "every block came back to the host's allocator");
    if (heap.live != 0)
        diag("%ld blocks are still out", heap.live);
    ok(heap.mismatches == 0, "blocks come back with the size they were asked for with");
}

/* ---- expected failures */

/* The words of "a|b|c" all occur in the text. */
static inline bool mentions(const char *text, const char *words)
{
    while (text && *words) {
        size_t n = strcspn(words, "|");
        char word[128];
        snprintf(word, sizeof word, "%.*s", (int)n, words);
        if (!strstr(text, word))
            return false;
        words += n;
        words += *words == '|';
    }
    return text != NULL;
}

/* A call failed with a status (ANY: some status), which is also the thread's last, and one line of
 * message has the words. */
enum { ANY = -1 };

#define refused(got, want, words, ...)                                                             \
    tap_refused(__FILE__, __LINE__, (got), (want), (words), __VA_ARGS__)

TAP_PRINTF(6, 7)
int tap_refused(const char *file, int line, int got, int want, const char *words,
                const char *format, ...)
{
    const char *message = engram_last_message();
    bool holds = (got == want || want == ANY) && got > ENGRAM_OK && engram_last_status() == got &&
                 mentions(message, words) && !strchr(message, '\n');
    va_list list;
    va_start(list, format);
    if (!tap_line(file, line, holds, format, list))
        diag("got %s; last status %d; message \"%s\"; expected %s, mentioning %s",
             engram_strerror(got), engram_last_status(), message, engram_strerror(want), words);
    va_end(list);
    return holds;
}

/* ---- numbers */

static inline bool same_bits(const void *a, const void *b, size_t bytes)
{
    return bytes == 0 || memcmp(a, b, bytes) == 0;
}

/* Also reads what an arena has taken back, which the address sanitizer may have been told about. */
__attribute__((no_sanitize_address, noinline, unused)) static bool all_are(const void *memory,
                                                                           int byte, size_t n)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != byte)
            return false;
    return true;
}

/* n owned floats, uniform in [low, high). */
static inline float *randoms(struct engram_rng *rng, size_t n, float low, float high)
{
    float *out = malloc((n ? n : 1) * sizeof *out);
    engram_rng_fill_uniform(rng, n, out);
    for (size_t i = 0; i < n; i++)
        out[i] = low + out[i] * (high - low);
    return out;
}

/* ---- files in a folder of the test's own */

static char folder[256];

static inline void folder_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/engram.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(99);
    }
}

/* A path in the folder; the last eight stay valid. */
static inline const char *in_folder(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* How many entries the folder has; removed: deletes them. */
static inline int folder_entries(bool removed)
{
    DIR *dir = opendir(folder);
    int n = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        n++;
        if (removed && unlink(in_folder(entry->d_name)) != 0)
            rmdir(in_folder(entry->d_name));
    }
    if (dir)
        closedir(dir);
    return n;
}

static inline void folder_remove(void)
{
    folder_entries(true);
    rmdir(folder);
}

static inline void put_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0) {
        perror(path);
        exit(99);
    }
}

/* The bytes of a file, owned; NULL if there is none. */
static inline unsigned char *get_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*n + 1);
    if (fread(bytes, 1, *n, file) != *n)
        *n = 0;
    fclose(file);
    return bytes;
}

/* ---- children */

/* Runs a check in a process of its own. What it returns, or how it died; "" is good. */
static inline const char *in_child(const char *(*check)(void))
{
    static char report[256];
    int ends[2];
    if (pipe(ends) != 0)
        return "no pipe";
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        const char *text = check();
        _exit(write(ends[1], text, strlen(text)) < 0);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(ends[0], report + n, sizeof report - 1 - n)) > 0;)
        n += (size_t)got;
    report[n] = '\0';
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        snprintf(report, sizeof report, "signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0 && n == 0)
        snprintf(report, sizeof report, "exit %d", WEXITSTATUS(status));
    return report;
}

#endif
