/* crash.c - a writer that is killed, and writes that fail: what sync confirmed is there, and nothing
 * that never was.
 * SPDX-License-Identifier: MIT */
#include "life.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/* ---- system calls of the library that fail when they are told to: the program's own come before
 * those of the C library */

static struct {
    long fuse;   /* calls that still succeed; negative: all of them */
    int reason;  /* errno of the one that does not */
    bool half;   /* a write that fails writes half before */
    long failed; /* calls that failed */
    long reads;  /* reads that still succeed, likewise */
} disk = {.fuse = -1, .reads = -1};

static bool fails(void)
{
    if (disk.fuse < 0 || disk.fuse-- > 0)
        return false;
    disk.fuse = -1;
    disk.failed++;
    errno = disk.reason;
    return true;
}

ssize_t pwrite(int file, const void *data, size_t n, off_t offset)
{
    bool bad = fails();
    if (bad && disk.half && n > 1)
        syscall(SYS_pwrite64, file, data, n / 2, offset);
    errno = disk.reason;
    return bad ? -1 : syscall(SYS_pwrite64, file, data, n, offset);
}

ssize_t pread(int file, void *data, size_t n, off_t offset)
{
    if (disk.reads < 0 || disk.reads-- > 0)
        return syscall(SYS_pread64, file, data, n, offset);
    disk.reads = -1;
    errno = EIO;
    return -1;
}

int fdatasync(int file)
{
    return fails() ? -1 : (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
    return fails() ? -1 : (int)syscall(SYS_fsync, file);
}

int ftruncate(int file, off_t bytes)
{
    return fails() ? -1 : (int)syscall(SYS_ftruncate, file, bytes);
}

int renameat(int from, const char *old, int to, const char *new)
{
    return fails() ? -1 : (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

/* ---- a session, as a host would have it: changes, syncs, snapshots, opening again */

static struct life *life;

struct session {
    uint64_t confirmed; /* by sync */
    int status;         /* of the first call that failed */
    long failed;        /* system calls, before the memory was closed */
};

/* Goes on for so many operations. */
static void go_on(struct session *session, uint64_t operations)
{
    engram_memory *m = NULL;
    session->status = life_open_as(&m, (struct engram_files){0});
    for (uint64_t i = 0; i < operations && session->status == ENGRAM_OK; i++) {
        session->status = life_step(m);
        if (session->status == ENGRAM_OK && i % 9 == 4) {
            session->status = engram_memory_sync(m);
            if (session->status == ENGRAM_OK)
                session->confirmed = m->sequence;
        }
        if (session->status == ENGRAM_OK && i % 25 == 24 && m->mark_count == 0)
            session->status = engram_memory_snapshot(m);
    }
    if (session->status != ENGRAM_OK && m) {
        char first[512], words[512];
        snprintf(first, sizeof first, "%s", engram_last_message());
        uint64_t sequence = m->sequence;
        struct engram_record r = {.size = sizeof r};
        struct engram_remembered out;
        int again = engram_memory_remember(m, &r, NULL, 1e6, &out);
        snprintf(words, sizeof words, "read-only until it is opened again|%s",
                 strrchr(first, ':') + 2);
        if (again != ENGRAM_EIO || !mentions(engram_last_message(), words) ||
            engram_memory_sync(m) != ENGRAM_EIO || engram_memory_snapshot(m) != ENGRAM_EIO ||
            !about(m).read_only || m->sequence != sequence) {
            diag("after \"%s\": \"%s\"", first, engram_last_message());
            session->status = ANY;
        }
    }
    session->failed = disk.failed;
    engram_memory_free(m);
}

/* Marks that a session leaves open are released by the next, which is no step of a life. */
static bool is_state_of_life(struct session *session)
{
    engram_memory *m = NULL;
    if (life_look(&m) != ENGRAM_OK) {
        diag("%s", engram_last_message());
        return false;
    }
    uint64_t sequence = m->sequence;
    bool good = sequence >= session->confirmed && is_at(m, life, sequence);
    if (sequence < session->confirmed)
        diag("operation %llu of %llu confirmed", (unsigned long long)sequence,
             (unsigned long long)session->confirmed);
    engram_memory_free(m);
    return good;
}

/* Lets each call in a session fail, one session for each. */
static void failing_calls(int reason, bool half)
{
    int wrong = 0, sessions = 0;
    for (disk.failed = 0;; sessions++) {
        struct session session = {.status = ENGRAM_OK};
        long before = disk.failed;
        folder_make();
        disk.reason = reason;
        disk.half = half;
        disk.fuse = sessions;
        go_on(&session, 60);
        disk.fuse = -1;
        bool hit = disk.failed > before;
        struct session after = session;
        wrong += session.status != (session.failed > before ? ENGRAM_EIO : ENGRAM_OK);
        if (there_is("snapshot", 0))
            wrong += !is_state_of_life(&after);
        go_on(&after, 0);
        wrong += after.status != ENGRAM_OK;
        folder_remove();
        if (!hit)
            break;
    }
    ok(wrong == 0 && sessions > 25, "%s at any of %d calls loses nothing that was confirmed",
       half ? "half a write" : strerror(reason), sessions);
}

/* Lets each read fail: what is opened all the same, by an older snapshot, is what was. */
static void failing_reads(void)
{
    struct session session = {.status = ENGRAM_OK};
    int wrong = 0, reads = 0, opened = 0;
    bool hit = true;
    uint64_t operations = 60;
    while (life[operations].marked)
        operations++;
    folder_make();
    go_on(&session, operations);
    for (; hit; reads++) {
        engram_memory *m = NULL;
        disk.reads = reads;
        int status = reads % 2 ? life_open_as(&m, (struct engram_files){0}) : life_look(&m);
        hit = disk.reads < 0;
        disk.reads = -1;
        if (status != ENGRAM_OK) {
            wrong += !hit || (status != ENGRAM_EIO && status != ENGRAM_EFORMAT) ||
                     !mentions(engram_last_message(), "Input/output error");
            continue;
        }
        opened += hit;
        /* The first two are of headers, for the times of snapshots. */
        wrong += hit && reads > 1 && !engram_memory_warning(m, 0);
        wrong += !m->view && engram_memory_snapshot(m) != ENGRAM_OK;
        engram_memory_free(m);
        wrong += !is_state_of_life(&session);
    }
    ok(wrong == 0 && reads > 20 && opened > 5,
       "a read that fails, of %d, is an error, or an older snapshot and a warning", reads - 1);
    folder_remove();
}

/* Files may not grow beyond a size: a real failure, with its signal ignored. */
static void file_size_limit(void)
{
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    int wrong = 0, failed = 0;
    for (rlim_t bytes = 10; bytes < 30000; bytes = bytes * 3 / 2) {
        struct session session = {.status = ENGRAM_OK};
        folder_make();
        limit = (struct rlimit){bytes, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
        go_on(&session, 60);
        setrlimit(RLIMIT_FSIZE, &before);
        failed += session.status == ENGRAM_EIO;
        wrong += session.status != ENGRAM_OK && session.status != ENGRAM_EIO;
        if (there_is("snapshot", 0))
            wrong += !is_state_of_life(&session);
        go_on(&session, 0);
        wrong += session.status != ENGRAM_OK;
        folder_remove();
    }
    ok(wrong == 0 && failed > 5, "nor does a limit on the size of files, met %d times", failed);
}

static const char *fill_disk(void)
{
    struct session session = {.status = ENGRAM_OK};
    if (mount("engram", folder, "tmpfs", 0, "size=64k") != 0)
        return "skip";
    go_on(&session, 400);
    const char *result = session.status != ENGRAM_EIO  ? "the disk was not filled"
                         : !is_state_of_life(&session) ? "the state is none of the life"
                                                       : "";
    umount2(folder, MNT_DETACH);
    return result;
}

static void full_disk(void)
{
    folder_make();
    const char *result = in_child(fill_disk);
    if (strcmp(result, "skip") == 0)
        skip("a small disk cannot be mounted here");
    else
        is_string(result, "", "nor does a full disk");
    umount2(folder, MNT_DETACH);
    folder_remove();
}

/* ---- killed */

enum { KILLS = 200 };

/* Changes, syncs and snapshots without end; what is confirmed goes into the pipe. */
static void work(int report)
{
    engram_memory *m = life_open();
    struct engram_rng rng = {(uint64_t)getpid()};
    for (;;) {
        must(life_step(m));
        uint32_t dice = engram_rng_below(&rng, 50);
        if (dice == 0 && m->mark_count == 0)
            must(engram_memory_snapshot(m));
        if (dice > 5)
            continue;
        must(engram_memory_sync(m));
        if (write(report, &m->sequence, sizeof m->sequence) != sizeof m->sequence)
            _exit(1);
    }
}

static void kill_writers(void)
{
    struct engram_rng rng = {7};
    engram_memory *reference = lived(0);
    int wrong = 0, cut = 0;
    uint64_t confirmed = 0, beyond = 0;
    folder_make();
    for (int i = 0; i < KILLS && wrong == 0; i++) {
        int ends[2];
        if (pipe(ends) != 0)
            exit(99);
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            work(ends[1]);
            _exit(1);
        }
        close(ends[1]);
        struct timespec pause = {0, 1000 * engram_rng_below(&rng, 12000)};
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        wrong += !WIFSIGNALED(status);
        while (read(ends[0], &confirmed, sizeof confirmed) == sizeof confirmed)
            ;
        close(ends[0]);
        if (!there_is("snapshot", 0) && reference->sequence == 0 && confirmed == 0)
            continue; /* killed before there was a memory */
        engram_memory *view = NULL, *m = NULL;
        if (life_look(&view) != ENGRAM_OK) {
            diag("%s", engram_last_message());
            wrong++;
            break;
        }
        cut += engram_memory_warning(view, 0) != NULL;
        beyond += view->sequence - confirmed;
        wrong += view->sequence < confirmed || view->sequence < reference->sequence;
        live(reference, view->sequence);
        wrong += engram_memory_hash(view) != engram_memory_hash(reference);
        engram_memory_free(view);
        if (life_open_as(&m, (struct engram_files){0}) != ENGRAM_OK) {
            diag("%s", engram_last_message());
            wrong++;
            break;
        }
        if (reference->mark_count)
            must(engram_memory_release(reference, reference->marks[0].number));
        wrong += m->sequence != reference->sequence ||
                 engram_memory_hash(m) != engram_memory_hash(reference);
        engram_memory_free(m);
        if (wrong)
            diag("kill %d: operation %llu, confirmed %llu", i,
                 (unsigned long long)reference->sequence, (unsigned long long)confirmed);
    }
    diag("%llu operations, %llu more than confirmed, %d torn tails",
         (unsigned long long)reference->sequence, (unsigned long long)beyond, cut);
    ok(wrong == 0, "%d writers were killed; what they confirmed is there, and nothing else", KILLS);
    ok(reference->sequence > KILLS && confirmed > KILLS, "and they had done something");
    engram_memory_free(reference);
    folder_remove();
}

int main(void)
{
    must(start(NULL));
    life_in_memory();
    life = life_of(700);
    failing_calls(EIO, false);
    failing_calls(ENOSPC, true);
    failing_calls(ENOSPC, false);
    failing_reads();
    file_size_limit();
    full_disk();
    kill_writers();
    free(life);
    heap_settled();
    return done();
}
