/* store.c - a memory in files: round trips, writers and views, snapshots and history.
 * SPDX-License-Identifier: MIT */
#include "life.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>

static uint32_t cancel;
static struct life *life;
enum { OPERATIONS = 600 };

/* Everything that a memory says is what another says. */
static bool same_answers(const engram_memory *a, const engram_memory *b)
{
    struct engram_memory_info x = about(a), y = about(b);
    bool same = x.dim == y.dim && x.capacity == y.capacity && x.slots == y.slots &&
                x.count == y.count && x.archived == y.archived && x.pinned == y.pinned &&
                x.links == y.links && x.text_bytes == y.text_bytes && x.clock == y.clock;
    float left[2][LIFE_CAPACITY + 1];
    must(engram_memory_retention(a, 1000, left[0]));
    must(engram_memory_retention(b, 1000, left[1]));
    same = same && memcmp(left[0], left[1], x.slots * sizeof(float)) == 0;
    for (uint64_t id = ENGRAM_NO_ID;;) {
        uint64_t other = engram_memory_next(b, id);
        id = engram_memory_next(a, id);
        if (id != other)
            return false;
        if (id == ENGRAM_NO_ID)
            return same;
        struct engram_record p = {.size = sizeof p}, q = {.size = sizeof q};
        must(engram_memory_get(a, id, &p));
        must(engram_memory_get(b, id, &q));
        same = same && p.content_bytes == q.content_bytes && p.meta_bytes == q.meta_bytes &&
               same_bits(p.content, q.content, p.content_bytes) &&
               same_bits(p.meta, q.meta, p.meta_bytes) &&
               same_bits(p.vector, q.vector, LIFE_DIM * sizeof(float)) && p.created == q.created &&
               p.last_recall == q.last_recall && p.strength == q.strength &&
               p.confidence == q.confidence && p.floor == q.floor && p.scale_s == q.scale_s &&
               p.beta == q.beta && p.recalls == q.recalls && p.memory_class == q.memory_class &&
               p.flags == q.flags;
        struct engram_link l[2][64];
        size_t n[2];
        must(engram_memory_links(a, id, l[0], 64, &n[0]));
        must(engram_memory_links(b, id, l[1], 64, &n[1]));
        same = same && n[0] == n[1] && same_bits(l[0], l[1], n[0] * sizeof *l[0]);
    }
}

/* ---- there and back */

static void round_trip(bool with_snapshot)
{
    const char *by = with_snapshot ? "a snapshot" : "the journal";
    folder_make();
    engram_memory *m = life_open(), *reference = lived(400);
    live(m, 400);
    while (m->mark_count) {
        must(engram_memory_release(m, m->marks[0].number));
        must(engram_memory_release(reference, reference->marks[0].number));
    }
    uint64_t sequence = m->sequence;
    if (with_snapshot)
        is_int(engram_memory_snapshot(m), ENGRAM_OK, "a snapshot is made");
    else
        is_int(engram_memory_sync(m), ENGRAM_OK, "a journal is synced");
    ok(about(m).synced == sequence, "and says so");
    engram_memory_free(m);
    m = life_open();
    ok(m->sequence == sequence && engram_memory_hash(m) == engram_memory_hash(reference),
       "what is opened again by %s is what it was", by);
    ok(same_answers(m, reference), "and answers alike");
    ok(!engram_memory_warning(m, 0), "without a warning");
    ok((engram_memory_bank(m)->mapping != NULL) == with_snapshot,
       "the rows of a snapshot are mapped");
    live(m, OPERATIONS);
    live(reference, OPERATIONS);
    ok(engram_memory_hash(m) == engram_memory_hash(reference) && same_answers(m, reference),
       "going on after %s is going on", by);
    engram_memory_free(m);
    engram_memory_free(reference);
    folder_remove();
}

static void many_openings(void)
{
    folder_make();
    engram_memory *reference = lived(0);
    int wrong = 0, snapshots = 0;
    for (uint64_t next = 7; next <= OPERATIONS; next += 7) {
        engram_memory *m = life_open();
        if (reference->mark_count)
            must(engram_memory_release(reference, reference->marks[0].number));
        wrong += m->sequence != reference->sequence ||
                 engram_memory_hash(m) != engram_memory_hash(reference);
        live(m, next);
        live(reference, next);
        if (next % 5 == 0 && m->mark_count == 0) {
            snapshots++;
            must(engram_memory_snapshot(m));
        }
        engram_memory_free(m);
    }
    ok(wrong == 0 && snapshots > 5, "a life in pieces of seven operations is one life");
    engram_memory_free(reference);
    folder_remove();
}

static void empty_and_large(void)
{
    folder_make();
    engram_memory *m = life_open();
    is_int(engram_memory_snapshot(m), ENGRAM_OK, "an empty memory needs no second snapshot");
    is_int(folder_entries(false), 3, "a new memory is a lock, a snapshot and a journal");
    ok(about(m).earliest == -INFINITY, "and reaches back to the beginning");
    size_t n = 5 << 20;
    char *text = malloc(n);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(i * 7 % 251);
    struct engram_record r = {
        .size = sizeof r, .fields = ENGRAM_CONTENT, .content = text, .content_bytes = n};
    struct engram_remembered out;
    must(engram_memory_remember(m, &r, NULL, 1, &out));
    must(engram_memory_remember(m, &r, NULL, 2, &out));
    engram_memory_free(m);
    m = life_open();
    struct engram_record back = {.size = sizeof back};
    must(engram_memory_get(m, out.id, &back));
    ok(back.content_bytes == n && memcmp(back.content, text, n) == 0,
       "a text longer than the journal's buffer comes back");
    uint64_t hash = engram_memory_hash(m);
    must(engram_memory_snapshot(m));
    engram_memory_free(m);
    m = life_open();
    ok(engram_memory_hash(m) == hash, "from a snapshot too");
    r.content_bytes = 1 << 30;
    r.content =
        mmap(NULL, r.content_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    hash = engram_memory_hash(m);
    refused(engram_memory_remember(m, &r, NULL, 3, &out), ENGRAM_ELIMIT,
            "engram_memory_remember|larger than a record", "a record has less than a GiB");
    ok(engram_memory_hash(m) == hash && engram_memory_sync(m) == ENGRAM_OK,
       "which leaves the memory as it was");
    munmap((char *)r.content, r.content_bytes);
    free(text);
    engram_memory_free(m);
    folder_remove();
}

/* ---- who may do what */

static const char *other_writer(void)
{
    engram_memory *m = NULL;
    int status = life_open_as(&m, (struct engram_files){0});
    return status == ENGRAM_EBUSY && mentions(engram_last_message(), "another writer") ? "" : "no";
}

static void writers(void)
{
    folder_make();
    engram_memory *m = life_open(), *second = NULL;
    refused(life_open_as(&second, (struct engram_files){0}), ENGRAM_EBUSY, "engram.|another writer",
            "a second writer in the process is refused");
    is_string(in_child(other_writer), "", "and one in another");
    live(m, 50);
    engram_memory_free(m);
    is_int(life_open_as(&second, (struct engram_files){0}), ENGRAM_OK, "until the first is gone");
    ok(is_at(second, life, 50), "whose work was kept");
    engram_memory_free(second);
    folder_remove();
}

static void views(void)
{
    folder_make();
    engram_memory *m = life_open(), *view = NULL, *at = NULL;
    live(m, 60);
    is_int(life_look(&view), ENGRAM_OK, "a view is opened beside a writer");
    ok(view->sequence <= 60 && is_at(view, life, view->sequence), "of a state that was");
    engram_memory_free(view);
    must(engram_memory_sync(m));
    must(life_look(&view));
    ok(is_at(view, life, 60), "what was synced is in the next one");
    live(m, 200);
    must(engram_memory_sync(m));
    ok(is_at(view, life, 60), "and stays as it is");
    struct engram_memory_info info = about(view);
    ok(info.read_only && info.marks == 0 && !about(m).read_only, "it says that it is read-only");
    uint64_t id = engram_memory_next(view, ENGRAM_NO_ID), mark;
    refused(engram_memory_forget(view, id, 0), ENGRAM_EDENIED, "engram_memory_forget|view",
            "a view refuses changes");
    refused(engram_memory_mark(view, &mark), ENGRAM_EDENIED, "view", "and marks");
    refused(engram_memory_sync(view), ENGRAM_EDENIED, "engram_memory_sync|view", "and sync");
    refused(engram_memory_snapshot(view), ENGRAM_EDENIED, "engram_memory_snapshot|view",
            "and snapshots");
    is_int(engram_memory_at(view, 1e9, &at), ENGRAM_OK, "it can show another time");
    ok(is_at(at, life, 200), "even a later one");
    engram_memory_free(at);
    must(engram_memory_fork(view, &at));
    ok(!at->view && engram_memory_hash(at) == life[60].hash, "a copy of it can be changed");
    live(at, 60 + at->sequence);
    engram_memory_free(at);
    engram_memory_free(view);
    engram_memory_free(m);
    folder_remove();
}

/* The child makes snapshots and deletes files as fast as it can, until it is killed. */
static void views_beside_deletion(void)
{
    folder_make();
    engram_memory_free(life_open());
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        engram_memory *m = life_open();
        for (;;) {
            while (m->mark_count)
                must(engram_memory_release(m, m->marks[0].number));
            if (engram_memory_snapshot(m) != ENGRAM_OK || m->sequence >= OPERATIONS - 20)
                _exit(1);
            live(m, m->sequence + 1);
        }
    }
    int wrong = 0, status;
    uint64_t last = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        engram_memory *view = NULL;
        if (life_look(&view) != ENGRAM_OK) {
            diag("%s", engram_last_message());
            wrong++;
            continue;
        }
        wrong += view->sequence < last;
        last = view->sequence;
        engram_memory_free(view);
    }
    ok(wrong == 0 && last > 0, "views are opened while a writer deletes what it replaced");
    folder_remove();
}

static void refusals(void)
{
    folder_make();
    engram_memory *m = NULL, *none;
    char path[PATH_MAX + 8];
    struct engram_memory_options other = life_options;
    refused(engram_memory_open(NULL, NULL, NULL, &m), ENGRAM_ENULL, "path", "a path is needed");
    refused(engram_memory_open(folder, NULL, NULL, NULL), ENGRAM_ENULL, "out",
            "and a place for the memory");
    refused(engram_memory_open(folder, NULL, NULL, &m), ENGRAM_ENULL, "engram.|no memory|options",
            "nothing is there, nothing was asked for");
    refused(life_look(&m), ENGRAM_EIO, "engram.|no memory", "a view needs a memory");
    refused(engram_memory_open(in_folder("none"), NULL, NULL, &m), ENGRAM_EIO, "none|No such file",
            "and a writer a directory, or options");
    put_file(in_folder("file"), "x", 1);
    refused(engram_memory_open(in_folder("file"), &life_options, NULL, &m), ENGRAM_EIO,
            "file|Not a directory", "which a file is not");
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    refused(engram_memory_open(path, &life_options, NULL, &m), ENGRAM_EIO,
            "...x|File name too long", "a path has an end, and its own is shown");
    other.dim = 0;
    refused(engram_memory_open(folder, &other, NULL, &m), ENGRAM_EDIM, "dim",
            "options are checked");
    refused(life_open_as(&m, (struct engram_files){.history_s = -1}), ENGRAM_ERANGE, "history_s|-1",
            "history is no negative time");
    refused(life_open_as(&m, (struct engram_files){.history_s = NAN}), ENGRAM_ERANGE,
            "history_s|nan", "nor none at all");
    struct engram_files no_size = {0};
    refused(engram_memory_open(folder, &life_options, &no_size, &m), ENGRAM_EDIM, "files->size",
            "files has a size");
    ok(m == NULL, "none of them made a memory");

    live(m = life_open(), 30);
    engram_memory_free(m);
    m = NULL;
    other = life_options;
    other.dim = 6;
    refused(engram_memory_open(folder, &other, NULL, &m), ENGRAM_EDIM, "dim is 5|6",
            "another dim is refused");
    other = life_options;
    other.capacity = 7;
    refused(engram_memory_open(folder, &other, NULL, &m), ENGRAM_ERANGE, "capacity is 40|7",
            "another capacity");
    other = life_options;
    other.law = NULL;
    refused(engram_memory_open(folder, &other, NULL, &m), ENGRAM_ERANGE, "law", "another law");
    is_int(engram_memory_open(folder, NULL, NULL, &m), ENGRAM_OK, "no options are those it has");
    ok(is_at(m, life, 30), "and nothing was lost by all that");
    refused(engram_memory_at(m, NAN, &none), ENGRAM_ERANGE, "t is", "no time is no number");
    refused(engram_memory_at(m, 1, NULL), ENGRAM_ENULL, "out", "a view needs a place");
    refused(engram_memory_sync(NULL), ENGRAM_ENULL, "memory", "sync needs a memory");
    engram_memory_free(m);
    m = lived(3);
    refused(engram_memory_sync(m), ENGRAM_EDISABLED, "engram_memory_sync|no files",
            "without files there is no sync");
    refused(engram_memory_snapshot(m), ENGRAM_EDISABLED, "no files", "no snapshot");
    refused(engram_memory_at(m, 1, &none), ENGRAM_EDISABLED, "no files", "and no history");
    ok(!engram_memory_warning(m, 0) && !engram_memory_warning(NULL, 0), "and no warning");
    engram_memory_free(m);
    folder_remove();
}

/* A path almost as long as one may be: everything works in it. */
static void long_path(void)
{
    folder_make();
    char path[PATH_MAX], part[200];
    memset(part, 'd', sizeof part);
    size_t n = (size_t)snprintf(path, sizeof path, "%s", folder);
    while (n + sizeof part + 1 < PATH_MAX) {
        n += (size_t)snprintf(path + n, sizeof path - n, "/%.*s", (int)sizeof part - 1, part);
        must(mkdir(path, 0777) == 0 ? ENGRAM_OK : ENGRAM_EIO);
    }
    engram_memory *m = NULL;
    must(engram_memory_open(path, &life_options, NULL, &m));
    live(m, 40);
    engram_memory_free(m);
    must(engram_memory_open(path, NULL, NULL, &m));
    ok(is_at(m, life, 40), "a path may be as long as paths can be");
    engram_memory_free(m);
    char command[PATH_MAX];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    is_int(system(command), 0, "and goes away again");
}

static engram_memory *inherited;
static const char *use_inherited(void)
{
    live(inherited, 80);
    if (engram_memory_sync(inherited) != ENGRAM_EIO)
        return "the child wrote";
    engram_memory_free(inherited);
    return "";
}

/* Its journal would begin where the parent's goes on. */
static const char *snapshot_inherited(void)
{
    return engram_memory_snapshot(inherited) == ENGRAM_EIO ? "" : "the child made a snapshot";
}

static void forked_process(void)
{
    folder_make();
    inherited = life_open();
    live(inherited, 3);
    must(engram_memory_sync(inherited));
    is_string(in_child(snapshot_inherited), "",
              "a forked process makes no snapshot of what it inherited");
    live(inherited, 50);
    is_string(in_child(use_inherited), "", "nor writes anything else of it");
    live(inherited, 90);
    must(engram_memory_sync(inherited));
    engram_memory_free(inherited);
    engram_memory *m = life_open();
    ok(is_at(m, life, 90), "and does no harm");
    engram_memory_free(m);
    folder_remove();
}

/* ---- marks */

static void open_marks(void)
{
    folder_make();
    engram_memory *m = life_open();
    live(m, 20);
    while (m->mark_count)
        must(engram_memory_release(m, m->marks[0].number));
    uint64_t mark, inner, sequence = m->sequence;
    must(engram_memory_mark(m, &mark));
    live(m, sequence + 10);
    must(engram_memory_mark(m, &inner));
    refused(engram_memory_snapshot(m), ENGRAM_EBUSY, "engram_memory_snapshot|marks are open",
            "no snapshot while a mark is open");
    uint64_t hash = engram_memory_hash(m);
    sequence = m->sequence;
    engram_memory_free(m);
    m = life_open();
    is_int(about(m).marks, 0, "marks left open are released when the memory is opened");
    ok(engram_memory_hash(m) == hash && m->sequence == sequence + 1, "which is an operation");
    refused(engram_memory_rollback(m, mark), ENGRAM_ERANGE, "mark", "nobody goes back to them");
    uint64_t next;
    must(engram_memory_mark(m, &next));
    ok(next > inner, "and the next mark has a number of its own");
    must(engram_memory_release(m, next));
    must(engram_memory_snapshot(m));
    engram_memory_free(m);
    m = life_open();
    uint64_t after;
    must(engram_memory_mark(m, &after));
    ok(after > next, "after a snapshot too");
    hash = engram_memory_hash(m);
    live(m, m->sequence + 15);
    if (about(m).marks)
        must(engram_memory_rollback(m, m->marks[0].number));
    engram_memory_free(m);
    folder_remove();
}

/* ---- history */

/* The last operation before a later time than t was told. */
static uint64_t sequence_at(double t)
{
    uint64_t i = 0;
    while (i < OPERATIONS && life[i + 1].told <= t)
        i++;
    return i;
}

static void history(void)
{
    folder_make();
    engram_memory *m = NULL, *view = NULL;
    must(life_open_as(&m, (struct engram_files){.history_s = 250}));
    int wrong = 0, looks = 0, earlier = 0, snapshots = 0;
    for (uint64_t step = 1; step <= OPERATIONS; step++) {
        live(m, step);
        if (step % 10 == 0 && m->mark_count == 0) {
            snapshots++;
            must(engram_memory_snapshot(m));
        }
        if (step % 90 != 0)
            continue;
        double clock = (double)step, first = about(m).earliest;
        for (double t = clock - 450; t <= clock + 20; t += 32.5) {
            int status = engram_memory_at(m, t, &view);
            if (t < first) {
                earlier++;
                wrong += status != ENGRAM_ERANGE || !mentions(engram_last_message(), "earliest");
                continue;
            }
            looks++;
            uint64_t expected = sequence_at(t);
            wrong += status != ENGRAM_OK || !is_at(view, life, expected < step ? expected : step) ||
                     !about(view).read_only;
            engram_memory_free(view);
        }
        wrong += first > clock - 250;
    }
    ok(wrong == 0 && looks > 40, "the memory is shown as it was, %d times", looks);
    ok(earlier > 0 && snapshots > 15, "and what is too long ago is refused");
    ok(!there_is("snapshot", 0) && !there_is("journal", 0), "the oldest files are gone");
    char words[64];
    snprintf(words, sizeof words, "t is -5|earliest time is %g", about(m).earliest);
    refused(engram_memory_at(m, -5, &view), ENGRAM_ERANGE, words,
            "the message has the earliest time");
    double before = about(m).earliest;
    engram_memory_free(m);
    must(life_open_as(&m, (struct engram_files){.history_s = 0}));
    ok(about(m).earliest == before, "a shorter history lets nothing go before the next snapshot");
    while (m->mark_count)
        must(engram_memory_release(m, m->marks[0].number));
    struct engram_record r = {.size = sizeof r};
    struct engram_remembered out;
    must(engram_memory_remember(m, &r, NULL, 10000, &out));
    must(engram_memory_snapshot(m));
    must(engram_memory_remember(m, &r, NULL, 20000, &out));
    must(engram_memory_snapshot(m));
    is_int(folder_entries(false), 5, "then one snapshot stays beside the newest");
    is_int((long)about(m).earliest, 10000, "and is the earliest");
    engram_memory_free(m);
    folder_remove();
}

/* After a rollback the memory's own clock is back where it was; what was told stays told. */
static void history_and_rollback(void)
{
    folder_make();
    engram_memory *m = life_open(), *view = NULL;
    struct engram_record r = {.size = sizeof r};
    struct engram_remembered out;
    uint64_t mark;
    must(engram_memory_remember(m, &r, NULL, 10, &out));
    must(engram_memory_mark(m, &mark));
    must(engram_memory_remember(m, &r, NULL, 50, &out));
    must(engram_memory_rollback(m, mark));
    must(engram_memory_release(m, mark));
    must(engram_memory_remember(m, &r, NULL, 20, &out));
    for (int again = 0; again < 2; again++) {
        must(engram_memory_at(m, 30, &view));
        is_int(view->bank->count, 1, "what came after a rollback came after what it undid");
        engram_memory_free(view);
        must(engram_memory_at(m, 50, &view));
        is_int(view->bank->count, 2, "and is there at the latest time told until then");
        engram_memory_free(view);
        must(engram_memory_snapshot(m));
        must(engram_memory_remember(m, &r, NULL, 60, &out));
        engram_memory_free(m);
        m = life_open();
    }
    engram_memory_free(m);
    folder_remove();
}

/* ---- compaction */

static void compaction(void)
{
    folder_make();
    engram_memory *m = NULL;
    must(life_open_as(&m, (struct engram_files){.journal_bytes = 20000}));
    uint64_t most = 0;
    int entries = 0;
    for (uint64_t step = 1; step <= OPERATIONS; step++) {
        live(m, step);
        must(engram_memory_sync(m));
        if (m->mark_count == 0) {
            most = about(m).journal_bytes > most ? about(m).journal_bytes : most;
            entries = folder_entries(false) > entries ? folder_entries(false) : entries;
        }
    }
    ok(most <= 20000 && most > 10000, "sync keeps the journal as short as it is told to");
    is_int(entries, 5, "in two snapshots, two journals and a lock");
    while (m->mark_count)
        must(engram_memory_release(m, m->marks[0].number));
    must(engram_memory_snapshot(m));
    uint64_t sequence = m->sequence;
    is_int((long)about(m).journal_bytes, 0, "after a snapshot the journal is empty");
    uint64_t hash = engram_memory_hash(m);
    put_file(in_folder(life_name("snapshot", 99)), "left", 4);
    unlink(in_folder(life_name("snapshot", 99)));
    put_file(in_folder("snapshot-0000000000000001.0.new"), "left", 4);
    put_file(in_folder("mine.new"), "kept", 4);
    engram_memory_free(m);
    m = life_open();
    ok(m->sequence == sequence && engram_memory_hash(m) == hash, "all is as it was");
    ok(access(in_folder("snapshot-0000000000000001.0.new"), F_OK) != 0,
       "what a crash left behind is gone");
    ok(access(in_folder("mine.new"), F_OK) == 0, "what is not ours is not");
    engram_memory_free(m);
    folder_remove();
}

/* ---- what is recalled and practised is written without taking memory */

static void journal_steps(engram_memory *m, engram_session *session, int from, int to)
{
    struct engram_frontier f = {.size = sizeof f, .hops = 2};
    struct engram_recall_options o = {.size = sizeof o, .k = 5, .frontier = &f};
    struct engram_reinforcement practice = {.size = sizeof practice, .amount = 0.01f};
    for (int i = from; i < to; i++) {
        uint64_t id = engram_memory_next(m, (uint64_t)i % LIFE_CAPACITY);
        id = id == ENGRAM_NO_ID ? engram_memory_next(m, id) : id;
        struct engram_cue cue = {.size = sizeof cue, .seed_count = 1, .seed_ids = &id};
        struct engram_hit hits[5];
        struct engram_recalled out;
        o.now = about(m).clock + 1e-3;
        must(engram_memory_recall(m, &cue, &o, ENGRAM_RECORD, session, hits, NULL, &out));
        must(engram_memory_reinforce(m, &id, 1, &practice, o.now));
        if (i % 500 == 0)
            must(engram_memory_sync(m));
    }
}

static void steady(void)
{
    folder_make();
    engram_memory *m = life_open();
    engram_session *session;
    must(engram_session_new(&session));
    live(m, 300);
    while (m->mark_count)
        must(engram_memory_release(m, m->marks[0].number));
    journal_steps(m, session, 0, 100);
    uint64_t bytes = about(m).journal_bytes;
    long calls = heap.calls;
    journal_steps(m, session, 100, 10100);
    ok(about(m).journal_bytes > bytes + 10000, "ten thousand recalls and as much practice");
    is_int(heap.calls, calls, "reach the journal without an allocation");
    uint64_t hash = engram_memory_hash(m);
    engram_session_free(session);
    engram_memory_free(m);
    m = life_open();
    ok(engram_memory_hash(m) == hash, "and are there when it is opened again");
    engram_memory_free(m);
    folder_remove();
}

/* ---- no room: every allocation on the way fails once */

static void no_room(void)
{
    folder_make();
    engram_memory *m = life_open();
    live(m, 100);
    while (m->mark_count)
        must(engram_memory_release(m, m->marks[0].number));
    must(engram_memory_snapshot(m));
    uint64_t sequence = m->sequence, hash = engram_memory_hash(m);
    int wrong = 0, fuse = 0;
    engram_memory_free(m);
    long before = heap.live;
    for (int status = ENGRAM_ENOMEM; status == ENGRAM_ENOMEM; fuse++) {
        heap.fuse = fuse;
        status = life_open_as(&m, (struct engram_files){0});
        heap.fuse = -1;
        wrong += status == ENGRAM_ENOMEM ? heap.live != before : status != ENGRAM_OK;
    }
    ok(wrong == 0 && fuse > 20, "opening fails cleanly at each of %d allocations", fuse - 1);
    fuse = 0;
    for (int status = ENGRAM_ENOMEM; status == ENGRAM_ENOMEM; fuse++) {
        uint64_t id = engram_memory_next(m, ENGRAM_NO_ID);
        struct engram_record r = {.size = sizeof r,
                                  .fields = ENGRAM_VECTOR | ENGRAM_CONTENT,
                                  .vector = (float[LIFE_DIM]){1, 2, 3, 4, 5},
                                  .content = (char[5000]){0},
                                  .content_bytes = 5000};
        heap.fuse = fuse;
        status = engram_memory_update(m, id, &r, 700);
        heap.fuse = -1;
        if (status == ENGRAM_ENOMEM)
            wrong += m->sequence != sequence || engram_memory_hash(m) != hash;
    }
    ok(wrong == 0 && fuse > 1, "so does the first change of mapped rows");
    hash = engram_memory_hash(m);
    sequence = m->sequence;
    fuse = 0;
    for (int status = ENGRAM_ENOMEM; status == ENGRAM_ENOMEM; fuse++) {
        heap.fuse = fuse;
        status = engram_memory_snapshot(m);
        heap.fuse = -1;
        wrong += status != ENGRAM_OK && status != ENGRAM_ENOMEM;
        live(m, m->sequence + 1);
        while (m->mark_count)
            must(engram_memory_release(m, m->marks[0].number));
    }
    ok(wrong == 0 && fuse > 1, "and a snapshot, after which the memory goes on");
    hash = engram_memory_hash(m);
    engram_memory_free(m);
    m = life_open();
    ok(engram_memory_hash(m) == hash, "nothing was lost");
    engram_memory_free(m);
    folder_remove();
}

static void cancelled(void)
{
    folder_make();
    engram_memory *m = life_open();
    live(m, 50);
    engram_memory_free(m);
    m = NULL;
    cancel = 1;
    refused(life_open_as(&m, (struct engram_files){0}), ENGRAM_ECANCELLED, "engram_memory_open",
            "opening can be cancelled");
    cancel = 0;
    m = life_open();
    ok(is_at(m, life, 50), "and begun again");
    while (m->mark_count)
        must(engram_memory_release(m, m->marks[0].number));
    cancel = 1;
    refused(engram_memory_snapshot(m), ENGRAM_ECANCELLED, "engram_memory_snapshot",
            "so can a snapshot");
    cancel = 0;
    is_int(engram_memory_snapshot(m), ENGRAM_OK, "which is made the next time");
    engram_memory_free(m);
    folder_remove();
}

int main(void)
{
    must(start(&cancel));
    life = life_of(OPERATIONS + 100);
    round_trip(false);
    round_trip(true);
    many_openings();
    empty_and_large();
    writers();
    views();
    views_beside_deletion();
    refusals();
    long_path();
    forked_process();
    open_marks();
    history();
    history_and_rollback();
    compaction();
    steady();
    no_room();
    cancelled();
    free(life);
    heap_settled();
    return done();
}
