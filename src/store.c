/* store.c - the files of a memory: a directory and its lock, opening, sync, snapshots, history.
 * SPDX-License-Identifier: MIT
 *
 * snapshot-N is the memory after operation N, journal-N has the operations that follow. A journal is
 * made before the snapshot of its name, and only once the one before it is whole on disk: from any
 * snapshot, journals lead on to the last operation. */
#include "config.h"
#include "journal.h"
#include "snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SENTENCE = 512, TRIES = 100 };
static const uint64_t LEAST_LIMIT = 64 << 20; /* of a journal, before sync makes a snapshot */

/* Things of one kind that are appended one by one. */
struct list {
    void *at;
    size_t n, bytes;
};

struct engram_store {
    struct engram_folder folder;
    struct engram_files files;
    int lock; /* -1: a view's */
    struct engram_journal journal;
    struct list snapshots; /* struct engram_snapshot, in their order */
    struct list warnings;  /* char[SENTENCE] */
    double told;           /* the latest time of any operation */
    uint64_t synced;
    uint64_t journalled; /* bytes of whole journals behind the last good snapshot */
    bool failed;
    char failure[SENTENCE];
};

static void *list_add(struct list *list, size_t element)
{
    if (engram_grow(&list->at, &list->bytes, (list->n + 1) * element) != ENGRAM_OK)
        return NULL;
    return (char *)list->at + list->n++ * element;
}

static void list_free(struct list *list)
{
    engram_release(list->at, list->bytes);
    *list = (struct list){0};
}

/* ---- failures and warnings */

/* The memory is read-only from now on; the message of the failure is the reason. */
static int fail(struct engram_store *s, int status)
{
    if (!s->failed)
        snprintf(s->failure, sizeof s->failure, "%s", engram_last_message());
    s->failed = true;
    return status;
}

static int check_writer(const char *function, const struct engram_store *s)
{
    if (!s)
        return engram_fail(ENGRAM_EDISABLED, "%s: this memory has no files", function);
    if (s->lock < 0)
        return engram_fail(ENGRAM_EDENIED, "%s: this memory is a view, which refuses changes",
                           function);
    return s->failed
               ? engram_fail(ENGRAM_EIO, "%s: the memory is read-only until it is opened again: %s",
                             function, s->failure)
               : ENGRAM_OK;
}

static int fail_journal(struct engram_store *s)
{
    char name[ENGRAM_FILE_NAME];
    engram_file_name(name, "journal", s->journal.first);
    return fail(s, engram_folder_error(&s->folder, name));
}

static int flush(struct engram_store *s)
{
    return engram_journal_flush(&s->journal) ? ENGRAM_OK : fail_journal(s);
}

const char *engram_store_failure(const struct engram_store *s)
{
    return s->failed ? s->failure : NULL;
}

__attribute__((format(printf, 2, 3))) static int warn(struct engram_store *s, const char *format,
                                                      ...)
{
    char *text = list_add(&s->warnings, SENTENCE);
    if (!text)
        return ENGRAM_ENOMEM;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, SENTENCE, format, arguments);
    va_end(arguments);
    engram_log_line(ENGRAM_LOG_WARNING, "%s", text);
    return ENGRAM_OK;
}

const char *engram_memory_warning(const engram_memory *memory, uint32_t i)
{
    const struct engram_store *s = memory ? memory->store : NULL;
    return s && i < s->warnings.n ? (const char *)s->warnings.at + (size_t)i * SENTENCE : NULL;
}

/* ---- what is in the directory */

struct listing {
    struct list snapshots, journals; /* uint64_t, ascending */
};

static void listing_free(struct listing *l)
{
    list_free(&l->snapshots);
    list_free(&l->journals);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The number of KIND-NUMBER; false: the name is another. */
static bool number_of(const char *name, const char *kind, uint64_t *number)
{
    char exact[ENGRAM_FILE_NAME];
    size_t n = strlen(kind);
    if (strncmp(name, kind, n) != 0 || name[n] != '-')
        return false;
    *number = strtoull(name + n + 1, NULL, 16);
    engram_file_name(exact, kind, *number);
    return strcmp(exact, name) == 0;
}

/* What a crash left behind before it got its name. */
static bool is_left_over(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".new") == 0 &&
           (strncmp(name, "snapshot-", 9) == 0 || strncmp(name, "journal-", 8) == 0);
}

static int list_files(const struct engram_store *s, struct listing *l)
{
    *l = (struct listing){0};
    int file = openat(s->folder.file, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = file < 0 ? NULL : fdopendir(file);
    if (!directory) {
        engram_folder_error(&s->folder, "");
        if (file >= 0)
            close(file);
        return ENGRAM_EIO;
    }
    int status = ENGRAM_OK;
    for (const struct dirent *entry; status == ENGRAM_OK && (entry = readdir(directory));) {
        uint64_t number;
        struct list *list = number_of(entry->d_name, "snapshot", &number)  ? &l->snapshots
                            : number_of(entry->d_name, "journal", &number) ? &l->journals
                                                                           : NULL;
        uint64_t *place = list ? list_add(list, sizeof *place) : NULL;
        if (place)
            *place = number;
        else if (list)
            status = ENGRAM_ENOMEM;
        else if (s->lock >= 0 && is_left_over(entry->d_name))
            unlinkat(s->folder.file, entry->d_name, 0);
    }
    closedir(directory);
    if (l->snapshots.n)
        qsort(l->snapshots.at, l->snapshots.n, sizeof(uint64_t), ascending);
    if (l->journals.n)
        qsort(l->journals.at, l->journals.n, sizeof(uint64_t), ascending);
    if (status != ENGRAM_OK)
        listing_free(l);
    return status;
}

/* The first journal at or behind a number; NULL: none. */
static const uint64_t *journal_from(const struct listing *l, uint64_t number)
{
    const uint64_t *journals = l->journals.at;
    for (size_t i = 0; i < l->journals.n; i++)
        if (journals[i] >= number)
            return &journals[i];
    return NULL;
}

/* The headers of all snapshots: their times, and whether they are good that far. */
static int look_at_snapshots(struct engram_store *s, const struct listing *l)
{
    s->snapshots.n = 0;
    for (size_t i = 0; i < l->snapshots.n; i++) {
        struct engram_snapshot *look = list_add(&s->snapshots, sizeof *look);
        if (!look)
            return ENGRAM_ENOMEM;
        *look = (struct engram_snapshot){.sequence = ((const uint64_t *)l->snapshots.at)[i]};
        int status = engram_snapshot_look(&s->folder, look);
        if (status != ENGRAM_OK && status != ENGRAM_EFORMAT)
            return status;
    }
    return ENGRAM_OK;
}

static struct engram_snapshot *newest(const struct engram_store *s)
{
    return (struct engram_snapshot *)s->snapshots.at + s->snapshots.n - 1;
}

/* The earliest time that snapshots reach back to; NaN: none is good. */
static double earliest(const struct engram_store *s)
{
    const struct engram_snapshot *snapshots = s->snapshots.at;
    for (size_t i = 0; i < s->snapshots.n; i++)
        if (!snapshots[i].bad)
            return snapshots[i].told;
    return NAN;
}

/* ---- recovery: a snapshot and the operations behind it */

struct recovery {
    struct engram_store *store;
    const struct listing *listing;
    double until;
    engram_memory *memory;
    struct engram_replay last; /* how the last journal ended */
    uint64_t first;            /* its name */
    uint64_t journalled;       /* bytes of records before it */
};

/* Loads the newest good snapshot of a time at or before `until`. When there is none, the reason is
 * that of the newest. */
static int load_snapshot(struct recovery *r)
{
    struct engram_store *s = r->store;
    struct engram_snapshot *snapshots = s->snapshots.at;
    char reason[SENTENCE] = "";
    for (size_t i = s->snapshots.n; i-- > 0;) {
        if (snapshots[i].told > r->until)
            continue;
        int status = engram_snapshot_load(&s->folder, &snapshots[i], &r->memory);
        if (status != ENGRAM_EFORMAT) {
            r->last.told = snapshots[i].told;
            return status;
        }
        if (!*reason)
            snprintf(reason, sizeof reason, "%s", engram_last_message());
        status = warn(s, "%s; this snapshot is not used", engram_last_message());
        if (status != ENGRAM_OK)
            return status;
    }
    return *reason ? engram_fail(ENGRAM_EFORMAT, "%s", reason)
                   : engram_fail(ENGRAM_ERANGE, "%s: t is %g, the earliest time is %g",
                                 s->folder.shown, r->until, earliest(s));
}

/* The files do not lead to the last operation: why, and where. */
__attribute__((format(printf, 2, 3))) static void doubt(struct recovery *r, const char *format, ...)
{
    char name[ENGRAM_FILE_NAME];
    va_list arguments;
    va_start(arguments, format);
    engram_file_name(name, "journal", r->first);
    engram_folder_reason(&r->store->folder, name, r->last.offset, r->last.reason,
                         sizeof r->last.reason, format, arguments);
    va_end(arguments);
    r->last.end = ENGRAM_JOURNAL_DAMAGED;
}

/* Journals one after the other, up to the last. */
static int replay_journals(struct recovery *r)
{
    r->last.memory = r->memory;
    r->last.until = r->until;
    for (;;) {
        r->first = r->memory->sequence;
        const uint64_t *journal = journal_from(r->listing, r->first);
        r->last.offset = r->last.bytes = 0;
        if (!journal || *journal != r->first) {
            doubt(r, "there is no such file");
            return ENGRAM_OK;
        }
        int status = engram_journal_replay(&r->store->folder, &r->last);
        if (status != ENGRAM_OK)
            return status;
        journal = journal_from(r->listing, r->first + 1);
        if (r->last.end == ENGRAM_JOURNAL_TORN && journal)
            r->last.end = ENGRAM_JOURNAL_DAMAGED;
        if (r->last.end != ENGRAM_JOURNAL_WHOLE || !journal)
            return ENGRAM_OK;
        if (*journal != r->memory->sequence) {
            doubt(r, "it ends with operation %llu, the next journal begins after %llu",
                  (unsigned long long)r->memory->sequence, (unsigned long long)*journal);
            return ENGRAM_OK;
        }
        r->journalled += r->last.bytes - ENGRAM_JOURNAL_HEAD;
    }
}

/* What to do about journals that do not end well. */
static int judge(struct recovery *r)
{
    struct engram_store *s = r->store;
    uint64_t last = newest(s)->sequence;
    if (r->last.end <= ENGRAM_JOURNAL_TORN && r->last.end != ENGRAM_JOURNAL_LATER &&
        last > r->memory->sequence)
        doubt(r, "it ends with operation %llu, a snapshot was made after %llu",
              (unsigned long long)r->memory->sequence, (unsigned long long)last);
    if (r->last.end <= ENGRAM_JOURNAL_LATER)
        return ENGRAM_OK;
    if (r->last.end == ENGRAM_JOURNAL_DAMAGED && !s->files.repair)
        return engram_fail(ENGRAM_EFORMAT, "%s", r->last.reason);
    return warn(s, "%s; %llu bytes are %s", r->last.reason,
                (unsigned long long)(r->last.bytes - r->last.offset),
                s->lock < 0                          ? "not read"
                : r->last.end == ENGRAM_JOURNAL_TORN ? "cut off"
                                                     : "set aside, with all that follows");
}

static int recover(struct recovery *r)
{
    int status = look_at_snapshots(r->store, r->listing);
    if (status == ENGRAM_OK)
        status = load_snapshot(r);
    if (status == ENGRAM_OK)
        status = replay_journals(r);
    if (status == ENGRAM_OK)
        status = judge(r);
    r->store->told = r->last.told;
    r->store->journalled = r->journalled;
    return status;
}

/* ---- mending what was found */

/* A name beside that of a file, which nobody has. */
static void aside_of(const struct engram_store *s, const char *name, char *aside)
{
    struct stat about;
    int i = 0;
    do
        snprintf(aside, ENGRAM_FILE_NAME, "%.30s.%d.damaged", name, i);
    while (i++ < TRIES && fstatat(s->folder.file, aside, &about, AT_SYMLINK_NOFOLLOW) == 0);
}

static int set_aside(const struct engram_store *s, const char *kind, uint64_t number)
{
    char name[ENGRAM_FILE_NAME], aside[ENGRAM_FILE_NAME];
    engram_file_name(name, kind, number);
    aside_of(s, name, aside);
    return renameat(s->folder.file, name, s->folder.file, aside) == 0 || errno == ENOENT
               ? ENGRAM_OK
               : engram_folder_error(&s->folder, name);
}

/* Copies the end of a journal to a file beside it. */
static bool copy_end(const struct engram_store *s, const char *name, int from, uint64_t offset,
                     uint64_t bytes)
{
    char aside[ENGRAM_FILE_NAME];
    aside_of(s, name, aside);
    int to = openat(s->folder.file, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool done = to >= 0;
    for (uint64_t at = offset, n; at < bytes && done; at += n) {
        n = bytes - at < ENGRAM_JOURNAL_BUFFER ? bytes - at : ENGRAM_JOURNAL_BUFFER;
        done = engram_file_read(from, s->journal.buffer, n, at) &&
               engram_file_write(to, s->journal.buffer, n, at - offset);
    }
    done = done && engram_file_sync(to) && engram_directory_sync(s->folder.file, aside);
    if (to >= 0)
        close(to);
    return done;
}

/* Leaves of the files what was read of them; what was damaged stays under other names. */
static int set_rest_aside(const struct recovery *r)
{
    const struct engram_store *s = r->store;
    const struct engram_snapshot *snapshots = s->snapshots.at;
    int status = ENGRAM_OK;
    for (size_t i = s->snapshots.n; i-- > 0 && status == ENGRAM_OK;)
        if (snapshots[i].sequence > r->memory->sequence)
            status = set_aside(s, "snapshot", snapshots[i].sequence);
    const uint64_t *journals = r->listing->journals.at;
    for (size_t i = r->listing->journals.n; i-- > 0 && status == ENGRAM_OK;)
        if (journals[i] > r->first)
            status = set_aside(s, "journal", journals[i]);
    if (status != ENGRAM_OK || r->last.offset >= ENGRAM_JOURNAL_HEAD)
        return status;
    status = set_aside(s, "journal", r->first);
    return status == ENGRAM_OK ? engram_journal_create(&s->folder, r->first, r->memory->bank->dim)
                               : status;
}

/* Opens the journal that goes on at an offset, cuts what lies behind, and syncs the rest, which may
 * have been read before it was on disk. */
static int continue_journal(struct engram_store *s, uint64_t first, uint64_t offset, bool keep)
{
    char name[ENGRAM_FILE_NAME];
    struct stat about;
    engram_file_name(name, "journal", first);
    int file = openat(s->folder.file, name, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return engram_folder_error(&s->folder, name);
    bool done = fstat(file, &about) == 0;
    if (done && (uint64_t)about.st_size > offset)
        done = (!keep || copy_end(s, name, file, offset, (uint64_t)about.st_size)) &&
               ftruncate(file, (off_t)offset) == 0;
    done = done && engram_file_sync(file) && engram_directory_sync(s->folder.file, name);
    if (!done) {
        engram_folder_error(&s->folder, name);
        close(file);
        return ENGRAM_EIO;
    }
    if (s->journal.file >= 0)
        close(s->journal.file);
    s->journal.file = file;
    s->journal.first = first;
    s->journal.bytes = offset;
    return ENGRAM_OK;
}

static int mend(const struct recovery *r)
{
    bool keep = r->last.end == ENGRAM_JOURNAL_DAMAGED;
    uint64_t offset = r->last.offset;
    int status = keep ? set_rest_aside(r) : ENGRAM_OK;
    if (offset < ENGRAM_JOURNAL_HEAD)
        offset = ENGRAM_JOURNAL_HEAD;
    return status == ENGRAM_OK ? continue_journal(r->store, r->first, offset, keep) : status;
}

/* ---- opening */

static int store_new(const struct engram_files *files, struct engram_store **out)
{
    struct engram_store *s = engram_allocate(sizeof *s);
    if (!s)
        return ENGRAM_ENOMEM;
    *s = (struct engram_store){
        .folder.file = -1, .files = *files, .lock = -1, .journal.file = -1, .told = -INFINITY};
    *out = s;
    return ENGRAM_OK;
}

void engram_store_close(struct engram_store *s)
{
    if (!s)
        return;
    if (s->journal.file >= 0) {
        if (!s->failed && !engram_journal_flush(&s->journal))
            engram_log_line(ENGRAM_LOG_WARNING, "%s: what was not synced is lost: %s",
                            s->folder.shown, strerror(errno));
        close(s->journal.file);
    }
    engram_release(s->journal.buffer, s->journal.buffer ? ENGRAM_JOURNAL_BUFFER : 0);
    if (s->lock >= 0)
        close(s->lock);
    if (s->folder.file >= 0)
        close(s->folder.file);
    list_free(&s->snapshots);
    list_free(&s->warnings);
    engram_release(s, sizeof *s);
}

static int open_folder(struct engram_store *s, int directory, const char *path)
{
    s->folder.file = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->folder.file >= 0 ? ENGRAM_OK : engram_system_error(s->folder.shown);
}

/* Long paths are shown by their end. */
static void show_path(struct engram_store *s, const char *path)
{
    size_t n = strlen(path), room = sizeof s->folder.shown - 4;
    if (n <= room)
        snprintf(s->folder.shown, sizeof s->folder.shown, "%s", path);
    else
        snprintf(s->folder.shown, sizeof s->folder.shown, "...%s", path + n - room);
}

static int take_lock(struct engram_store *s)
{
    int status;
    s->lock = openat(s->folder.file, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock < 0)
        return engram_folder_error(&s->folder, "lock");
    do
        status = flock(s->lock, LOCK_EX | LOCK_NB);
    while (status != 0 && errno == EINTR);
    if (status != 0 && errno == EWOULDBLOCK)
        return engram_fail(ENGRAM_EBUSY, "%s: another writer has this memory open",
                           s->folder.shown);
    return status == 0 ? ENGRAM_OK : engram_folder_error(&s->folder, "lock");
}

/* Makes the files of a new memory. A crash leaves at most its journal, which is made again. */
static int create(struct engram_store *s, const struct listing *l, const engram_memory *memory)
{
    char name[ENGRAM_FILE_NAME];
    struct stat about;
    const uint64_t *journals = l->journals.at;
    engram_file_name(name, "journal", 0);
    if (l->journals.n > 1 || (l->journals.n && journals[0] != 0) ||
        (l->journals.n && fstatat(s->folder.file, name, &about, 0) == 0 &&
         about.st_size > ENGRAM_JOURNAL_HEAD))
        return engram_fail(ENGRAM_EFORMAT, "%s: there are journals, and no snapshot",
                           s->folder.shown);
    struct engram_snapshot *first = list_add(&s->snapshots, sizeof *first);
    if (!first)
        return ENGRAM_ENOMEM;
    first->told = s->told;
    int status = engram_journal_create(&s->folder, 0, memory->bank->dim);
    if (status == ENGRAM_OK)
        status = engram_snapshot_write(&s->folder, memory, first);
    return status == ENGRAM_OK ? continue_journal(s, 0, ENGRAM_JOURNAL_HEAD, false) : status;
}

/* A memory in files is for good what it was made as. */
static int check_same(const engram_memory *memory, const engram_memory *wanted, const char *path)
{
    if (!wanted)
        return ENGRAM_OK;
    if (memory->bank->dim != wanted->bank->dim)
        return engram_fail(ENGRAM_EDIM, "%s: dim is %u, options->dim %u", path,
                           (unsigned)memory->bank->dim, (unsigned)wanted->bank->dim);
    if (memory->capacity != wanted->capacity)
        return engram_fail(ENGRAM_ERANGE, "%s: capacity is %u, options->capacity %u", path,
                           (unsigned)memory->capacity, (unsigned)wanted->capacity);
    if (memcmp(&memory->law, &wanted->law, sizeof memory->law) != 0)
        return engram_fail(ENGRAM_ERANGE, "%s: the law is another than options->law", path);
    return ENGRAM_OK;
}

/* Releases marks that were left open: nobody has their numbers any more. */
static int release_marks(engram_memory *memory)
{
    struct engram_operation release = {.function = "engram_memory_open", .kind = ENGRAM_RELEASE};
    if (memory->mark_count == 0)
        return ENGRAM_OK;
    release.id = memory->marks[0].number;
    return engram_memory_do(memory, &release);
}

/* The memory that the files hold at a time; a writer goes on from there. */
static int read_files(struct engram_store *s, const struct listing *l, double until,
                      const engram_memory *wanted, engram_memory **out)
{
    struct recovery r = {.store = s, .listing = l, .until = until};
    int status = recover(&r);
    if (status == ENGRAM_OK)
        status = check_same(r.memory, wanted, s->folder.shown);
    if (status == ENGRAM_OK && s->lock >= 0)
        status = mend(&r);
    if (status == ENGRAM_OK)
        *out = r.memory;
    else
        engram_memory_free(r.memory);
    return status;
}

/* *wanted is what a new memory is to be, and is taken if it becomes it. */
static int open_writer(struct engram_store *s, engram_memory **wanted, engram_memory **out)
{
    struct listing l = {{0}, {0}};
    int status = take_lock(s);
    s->journal.owner = getpid();
    if (status == ENGRAM_OK && !(s->journal.buffer = engram_allocate(ENGRAM_JOURNAL_BUFFER)))
        status = ENGRAM_ENOMEM;
    if (status == ENGRAM_OK)
        status = list_files(s, &l);
    if (status == ENGRAM_OK && l.snapshots.n) {
        status = read_files(s, &l, INFINITY, *wanted, out);
    } else if (status == ENGRAM_OK && !*wanted) {
        status = engram_fail(ENGRAM_ENULL,
                             "%s: there is no memory, and options, which say what a new one is to "
                             "be, is null",
                             s->folder.shown);
    } else if (status == ENGRAM_OK) {
        status = create(s, &l, *wanted);
        if (status == ENGRAM_OK) {
            *out = *wanted;
            *wanted = NULL;
        }
    }
    listing_free(&l);
    if (status != ENGRAM_OK)
        return status;
    s->journal.dim = (*out)->bank->dim;
    s->synced = (*out)->sequence;
    (*out)->store = s;
    return release_marks(*out);
}

static bool same_list(const struct list *a, const struct list *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->at, b->at, a->n * sizeof(uint64_t)) == 0);
}

/* Beside a writer, which may delete what is being read: then there is something newer. */
static int open_view(struct engram_store *s, double until, const engram_memory *wanted,
                     engram_memory **out)
{
    struct listing before = {{0}, {0}}, now;
    int status = ENGRAM_EIO;
    for (int i = 0; i < TRIES && status != ENGRAM_OK; i++) {
        int listed = list_files(s, &now);
        if (listed != ENGRAM_OK)
            status = listed;
        bool same = i > 0 && same_list(&before.snapshots, &now.snapshots) &&
                    same_list(&before.journals, &now.journals);
        listing_free(&before);
        before = now;
        if (listed != ENGRAM_OK || same)
            break;
        s->warnings.n = 0;
        status = now.snapshots.n
                     ? read_files(s, &now, until, wanted, out)
                     : engram_fail(ENGRAM_EIO, "%s: there is no memory", s->folder.shown);
    }
    listing_free(&before);
    if (status != ENGRAM_OK)
        return status;
    (*out)->store = s;
    (*out)->view = true;
    (*out)->mark_count = (*out)->undo_used = 0; /* nobody has their numbers */
    return ENGRAM_OK;
}

static int read_settings(const struct engram_files *files, struct engram_files *own)
{
    *own = (struct engram_files){0};
    if (files) {
        ENGRAM_NEED_OPTIONS_OF("engram_memory_open", files);
        engram_read_options(own, sizeof *own, files);
    }
    return own->history_s >= 0
               ? ENGRAM_OK
               : engram_fail(ENGRAM_ERANGE,
                             "engram_memory_open: files->history_s is %g, expected at least 0",
                             own->history_s != own->history_s ? NAN : own->history_s);
}

int engram_memory_open(const char *path, const struct engram_memory_options *options,
                       const struct engram_files *files, engram_memory **out)
{
    ENGRAM_NEED(path);
    ENGRAM_NEED(out);
    struct engram_files settings;
    struct engram_store *s = NULL;
    engram_memory *wanted = NULL, *memory = NULL;
    int status = read_settings(files, &settings);
    if (status == ENGRAM_OK && options)
        status = engram_memory_new(options, &wanted);
    if (status == ENGRAM_OK)
        status = store_new(&settings, &s);
    if (status == ENGRAM_OK) {
        show_path(s, path);
        bool made = !settings.read_only && options && mkdir(path, 0777) == 0;
        status = open_folder(s, AT_FDCWD, path);
        if (status == ENGRAM_OK && made && !engram_directory_sync(s->folder.file, "../"))
            status = engram_system_error(s->folder.shown);
    }
    if (status == ENGRAM_OK)
        status = settings.read_only ? open_view(s, INFINITY, wanted, &memory)
                                    : open_writer(s, &wanted, &memory);
    engram_memory_free(wanted);
    if (status == ENGRAM_OK)
        *out = memory;
    else if (memory)
        engram_memory_free(memory);
    else
        engram_store_close(s);
    return status;
}

int engram_memory_at(engram_memory *memory, double t, engram_memory **out)
{
    ENGRAM_NEED(memory);
    ENGRAM_NEED(out);
    struct engram_store *from = memory->store, *s;
    engram_memory *view = NULL;
    if (t != t)
        return engram_fail(ENGRAM_ERANGE, "%s: t is no number", __func__);
    int status = from && from->lock < 0 ? ENGRAM_OK : check_writer(__func__, from);
    if (status == ENGRAM_OK && from->lock >= 0)
        status = flush(from);
    if (status == ENGRAM_OK)
        status = store_new(&from->files, &s);
    if (status != ENGRAM_OK)
        return status;
    memcpy(s->folder.shown, from->folder.shown, sizeof s->folder.shown);
    status = open_folder(s, from->folder.file, ".");
    if (status == ENGRAM_OK)
        status = open_view(s, t, NULL, &view);
    if (status == ENGRAM_OK)
        *out = view;
    else
        engram_store_close(s);
    return status;
}

/* ---- changes */

int engram_store_append(struct engram_store *s, const engram_memory *memory,
                        const struct engram_operation *operation)
{
    int status = engram_journal_append(&s->journal, memory->sequence + 1, operation);
    if (status == ENGRAM_ELIMIT)
        return engram_fail(status, "%s: the operation is larger than a record of a journal can be",
                           operation->function);
    if (status != ENGRAM_OK)
        return fail_journal(s);
    if (operation->kind < ENGRAM_MARK && operation->now > s->told)
        s->told = operation->now;
    return ENGRAM_OK;
}

static int sync_journal(const char *function, const engram_memory *memory)
{
    struct engram_store *s = memory->store;
    int status = check_writer(function, s);
    if (status == ENGRAM_OK && !engram_journal_sync(&s->journal))
        status = fail_journal(s);
    if (status == ENGRAM_OK)
        s->synced = memory->sequence;
    return status;
}

static uint64_t journal_bytes(const struct engram_store *s)
{
    return s->journalled + s->journal.bytes + s->journal.used - ENGRAM_JOURNAL_HEAD;
}

/* Deletes snapshots that are bad, and those that neither history needs nor safety: one stays beside
 * the newest. Journals before the oldest go with them. What cannot be deleted stays. */
static void delete_old(struct engram_store *s, double clock)
{
    struct engram_snapshot *snapshots = s->snapshots.at;
    struct listing l;
    size_t first = s->snapshots.n - 1, kept = 0;
    for (size_t i = first; i-- > 0;)
        if (!snapshots[i].bad) {
            first = i;
            if (!(snapshots[i].told > clock - s->files.history_s))
                break;
        }
    for (size_t i = 0; i < s->snapshots.n; i++) {
        char name[ENGRAM_FILE_NAME];
        engram_file_name(name, "snapshot", snapshots[i].sequence);
        if (i >= first && !snapshots[i].bad)
            snapshots[kept++] = snapshots[i];
        else
            unlinkat(s->folder.file, name, 0);
    }
    s->snapshots.n = kept;
    if (list_files(s, &l) != ENGRAM_OK)
        return;
    const uint64_t *journals = l.journals.at;
    for (size_t i = 0; i < l.journals.n && journals[i] < snapshots[0].sequence; i++) {
        char name[ENGRAM_FILE_NAME];
        engram_file_name(name, "journal", journals[i]);
        unlinkat(s->folder.file, name, 0);
    }
    listing_free(&l);
}

/* A journal for what comes, then the snapshot that it follows. */
static int make_snapshot(engram_memory *memory)
{
    struct engram_store *s = memory->store;
    int status = ENGRAM_OK;
    struct engram_snapshot *new = newest(s);
    if (new->sequence == memory->sequence && !new->bad)
        return ENGRAM_OK;
    if (new->sequence != memory->sequence && !(new = list_add(&s->snapshots, sizeof *new)))
        return ENGRAM_ENOMEM;
    *new = (struct engram_snapshot){.sequence = memory->sequence, .told = s->told, .bad = true};
    if (s->journal.first != memory->sequence) {
        uint64_t before = journal_bytes(s);
        status = engram_journal_create(&s->folder, memory->sequence, memory->bank->dim);
        if (status == ENGRAM_OK)
            status = continue_journal(s, memory->sequence, ENGRAM_JOURNAL_HEAD, false);
        s->journalled = before;
    }
    if (status == ENGRAM_OK)
        status = engram_snapshot_write(&s->folder, memory, new);
    if (status != ENGRAM_OK)
        return status == ENGRAM_EIO ? fail(s, status) : status;
    s->journalled = 0;
    delete_old(s, s->told);
    return ENGRAM_OK;
}

int engram_memory_snapshot(engram_memory *memory)
{
    ENGRAM_NEED(memory);
    int status = check_writer(__func__, memory->store);
    if (status == ENGRAM_OK && memory->mark_count)
        return engram_fail(ENGRAM_EBUSY, "%s: %zu marks are open", __func__, memory->mark_count);
    if (status == ENGRAM_OK)
        status = sync_journal(__func__, memory);
    return status == ENGRAM_OK ? make_snapshot(memory) : status;
}

int engram_memory_sync(engram_memory *memory)
{
    ENGRAM_NEED(memory);
    int status = sync_journal(__func__, memory);
    if (status != ENGRAM_OK || memory->mark_count)
        return status;
    const struct engram_store *s = memory->store;
    uint64_t four = newest(s)->bytes * 4;
    uint64_t limit = s->files.journal_bytes ? s->files.journal_bytes
                     : four > LEAST_LIMIT   ? four
                                            : LEAST_LIMIT;
    return journal_bytes(s) > limit ? make_snapshot(memory) : ENGRAM_OK;
}

void engram_store_info(const struct engram_store *s, struct engram_memory_info *info)
{
    info->synced = s->synced;
    info->journal_bytes = s->journal.file >= 0 ? journal_bytes(s) : 0;
    info->earliest = earliest(s);
}
