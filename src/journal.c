/* journal.c - records: operations to bytes and back, torn tails, damage.
 * SPDX-License-Identifier: MIT
 *
 * A file is a header and records behind one another. A record is its head, the fields of an
 * operation, zeros up to a multiple of 8, and the checksum of all that, seeded with the file's first
 * sequence number, so that no record of another file is taken for one of this. */
#include "config.h"
#include "checksum.h"
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct header {
    char magic[8];
    uint32_t version, endian;
    uint32_t dim, reserved;
    uint64_t first;
    uint64_t checksum; /* of what stands before */
};
_Static_assert(sizeof(struct header) == ENGRAM_JOURNAL_HEAD, "a header has no gaps");

struct head {
    uint32_t bytes; /* of the record */
    uint32_t kind;
    uint64_t sequence;
};

enum { LEAST_RECORD = sizeof(struct head) + sizeof(double) + sizeof(uint64_t) };
static const uint64_t MOST_RECORD = 1 << 30;
static const char MAGIC[8] = "engramJ\n";

/* ---- fields: one description of them, for measuring, writing and reading */

struct coder {
    enum { MEASURE, WRITE, READ } does;
    struct engram_journal *journal; /* WRITE: to */
    const char *record;             /* READ: from */
    uint64_t at, end;               /* in the record */
    bool failed;
};

static bool put(struct engram_journal *j, const void *data, size_t bytes)
{
    const char *p = data;
    while (bytes) {
        if (j->used == ENGRAM_JOURNAL_BUFFER && !engram_journal_flush(j))
            return false;
        size_t room = ENGRAM_JOURNAL_BUFFER - j->used, n = bytes < room ? bytes : room;
        memcpy(j->buffer + j->used, p, n);
        j->used += n;
        p += n;
        bytes -= n;
    }
    return true;
}

/* Whether so many bytes can be next; counts them. */
static bool step(struct coder *c, size_t bytes)
{
    if (c->does == READ && bytes > c->end - c->at)
        c->failed = true;
    if (!c->failed)
        c->at += bytes;
    return !c->failed;
}

static void field(struct coder *c, void *data, size_t bytes)
{
    if (!step(c, bytes))
        return;
    if (c->does == WRITE)
        c->failed = !put(c->journal, data, bytes);
    if (c->does == READ)
        memcpy(data, c->record + c->at - bytes, bytes);
}

static void align(struct coder *c)
{
    uint64_t zeros = 0;
    field(c, &zeros, -c->at % 8);
}

static void count(struct coder *c, size_t *n)
{
    uint64_t number = *n;
    field(c, &number, sizeof number);
    *n = (size_t)number;
}

/* n elements, in place when they are read. */
static const void *run(struct coder *c, const void *data, size_t n, size_t element)
{
    size_t bytes;
    if (!engram_product(n, element, &bytes))
        c->failed = true;
    if (!step(c, bytes))
        return NULL;
    if (c->does == WRITE)
        c->failed = !put(c->journal, data, bytes);
    if (c->does == READ)
        data = c->record + c->at - bytes;
    align(c);
    return data;
}

static void describe_record(struct coder *c, uint32_t dim, struct engram_record *r)
{
#define NUMBER(field, name)                                                                        \
    {                                                                                              \
        field, offsetof(struct engram_record, name), sizeof r->name                                \
    }
    static const struct {
        uint32_t given;
        uint16_t at, bytes;
    } numbers[] = {
        NUMBER(ENGRAM_CREATED, created),    NUMBER(ENGRAM_LAST_RECALL, last_recall),
        NUMBER(ENGRAM_STRENGTH, strength),  NUMBER(ENGRAM_CONFIDENCE, confidence),
        NUMBER(ENGRAM_FLOOR, floor),        NUMBER(ENGRAM_SCALE, scale_s),
        NUMBER(ENGRAM_BETA, beta),          NUMBER(ENGRAM_RECALLS, recalls),
        NUMBER(ENGRAM_CLASS, memory_class), NUMBER(ENGRAM_FLAGS, flags),
    };
#undef NUMBER
    field(c, &r->fields, sizeof r->fields);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (r->fields & numbers[i].given)
            field(c, (char *)r + numbers[i].at, numbers[i].bytes);
    align(c);
    if (r->fields & ENGRAM_VECTOR)
        r->vector = run(c, r->vector, dim, sizeof *r->vector);
    if (r->fields & ENGRAM_CONTENT) {
        count(c, &r->content_bytes);
        r->content = run(c, r->content, r->content_bytes, 1);
    }
    if (r->fields & ENGRAM_META) {
        count(c, &r->meta_bytes);
        r->meta = run(c, r->meta, r->meta_bytes, 1);
    }
}

static void describe(struct coder *c, uint32_t dim, struct engram_operation *o)
{
    enum { ID = 1, EVICTED = 2, RECORD = 4, LINKS = 8, IDS = 16, REINFORCEMENT = 32 };
    static const uint8_t parts_of[] = {
        [ENGRAM_REMEMBER] = ID | EVICTED | RECORD | LINKS,
        [ENGRAM_UPDATE] = ID | RECORD | LINKS,
        [ENGRAM_FORGET] = ID,
        [ENGRAM_LINK_SET] = LINKS,
        [ENGRAM_UNLINK] = LINKS,
        [ENGRAM_REINFORCE] = IDS | REINFORCEMENT,
        [ENGRAM_RECALLED] = IDS,
        [ENGRAM_MARK] = ID,
        [ENGRAM_ROLLBACK] = ID,
        [ENGRAM_RELEASE] = ID,
    };
    unsigned parts = o->kind < sizeof parts_of ? parts_of[o->kind] : 0;
    c->failed |= parts == 0;
    field(c, &o->now, sizeof o->now);
    if (parts & ID)
        field(c, &o->id, sizeof o->id);
    if (parts & EVICTED)
        field(c, &o->evicted, sizeof o->evicted);
    if (parts & RECORD)
        describe_record(c, dim, &o->record);
    if (parts & LINKS) {
        count(c, &o->link_count);
        o->links = run(c, o->links, o->link_count, sizeof *o->links);
    }
    if (parts & IDS) {
        count(c, &o->id_count);
        o->ids = run(c, o->ids, o->id_count, sizeof *o->ids);
    }
    if (parts & REINFORCEMENT) {
        field(c, &o->reinforcement.amount, sizeof(float));
        field(c, &o->reinforcement.scale_s, sizeof(float));
        field(c, &o->reinforcement.beta, sizeof(float));
    }
    align(c);
}

/* ---- writing */

int engram_journal_create(const struct engram_folder *folder, uint64_t first, uint32_t dim)
{
    struct header header = {
        .version = ENGRAM_FILE_VERSION, .endian = ENGRAM_FILE_ENDIAN, .dim = dim, .first = first};
    memcpy(header.magic, MAGIC, sizeof MAGIC);
    header.checksum = engram_checksum(&header, offsetof(struct header, checksum), 0);
    char name[ENGRAM_FILE_NAME], aside[ENGRAM_FILE_NAME];
    engram_file_name(name, "journal", first);
    int file = engram_file_aside(folder->file, name, aside, sizeof aside);
    if (file < 0)
        return engram_folder_error(folder, name);
    if (!engram_file_write(file, &header, sizeof header, 0)) {
        engram_file_drop(folder->file, file, aside);
        return engram_folder_error(folder, name);
    }
    return engram_file_publish(folder->file, file, aside, name) ? ENGRAM_OK
                                                                : engram_folder_error(folder, name);
}

/* What leaves the buffer has been hashed before. */
static void hash_buffer(struct engram_journal *j)
{
    if (j->hashed < j->used)
        engram_checksum_add(j->hash, j->buffer + j->hashed, j->used - j->hashed);
    j->hashed = j->used;
}

static bool is_ours(const struct engram_journal *j)
{
    errno = EPERM;
    return j->owner == getpid();
}

bool engram_journal_flush(struct engram_journal *j)
{
    hash_buffer(j);
    if (j->used && !is_ours(j))
        return false;
    if (j->used && !engram_file_write(j->file, j->buffer, j->used, j->bytes))
        return false;
    j->bytes += j->used;
    j->used = j->hashed = 0;
    return true;
}

bool engram_journal_sync(struct engram_journal *j)
{
    return is_ours(j) && engram_journal_flush(j) && engram_file_sync(j->file);
}

int engram_journal_append(struct engram_journal *j, uint64_t sequence,
                          const struct engram_operation *operation)
{
    struct engram_operation o = *operation;
    struct coder c = {.does = MEASURE, .journal = j, .at = sizeof(struct head)};
    describe(&c, j->dim, &o);
    uint64_t bytes = c.at + sizeof(uint64_t);
    if (c.failed || bytes > MOST_RECORD)
        return ENGRAM_ELIMIT;
    struct head head = {(uint32_t)bytes, o.kind, sequence};
    struct engram_checksum hash;
    engram_checksum_begin(&hash, j->first);
    j->hash = &hash;
    c = (struct coder){.does = WRITE, .journal = j};
    field(&c, &head, sizeof head);
    describe(&c, j->dim, &o);
    if (!c.failed) {
        hash_buffer(j);
        uint64_t sum = engram_checksum_end(&hash);
        c.failed = !put(j, &sum, sizeof sum);
    }
    j->hashed = j->used;
    return c.failed ? ENGRAM_EIO : ENGRAM_OK;
}

/* ---- reading */

struct reader {
    const struct engram_folder *folder;
    char name[ENGRAM_FILE_NAME];
    int file;
    uint64_t bytes; /* of the file */
    uint64_t first;
    void *buffer; /* a piece of it */
    size_t room, have;
    uint64_t begin;
};

/* Bytes of the file, which has them; borrowed until the next look. */
static int look(struct reader *r, uint64_t offset, size_t bytes, const char **out)
{
    if (offset < r->begin || offset + bytes > r->begin + r->have) {
        uint64_t left = r->bytes - offset;
        size_t want = bytes > ENGRAM_JOURNAL_BUFFER ? bytes : ENGRAM_JOURNAL_BUFFER;
        if (want > left)
            want = (size_t)left;
        r->have = 0;
        int status = engram_grow(&r->buffer, &r->room, want);
        if (status != ENGRAM_OK)
            return status;
        if (!engram_file_read(r->file, r->buffer, want, offset))
            return engram_folder_error(r->folder, r->name);
        r->begin = offset;
        r->have = want;
    }
    *out = (const char *)r->buffer + (offset - r->begin);
    return ENGRAM_OK;
}

/* The record at an offset; *wrong: why there is none, NULL if there is. */
static int record_at(struct reader *r, uint64_t offset, struct head *head, const char **record,
                     const char **wrong)
{
    uint64_t left = r->bytes - offset;
    *wrong = "the file ends within a record";
    if (left < LEAST_RECORD)
        return ENGRAM_OK;
    int status = look(r, offset, sizeof *head, record);
    if (status != ENGRAM_OK)
        return status;
    memcpy(head, *record, sizeof *head);
    if (head->bytes < LEAST_RECORD || head->bytes % 8)
        *wrong = "no record has such a length";
    else if (head->bytes <= left) {
        status = look(r, offset, head->bytes, record);
        if (status != ENGRAM_OK)
            return status;
        uint64_t sum;
        size_t before = head->bytes - sizeof sum;
        memcpy(&sum, *record + before, sizeof sum);
        *wrong = engram_checksum(*record, before, r->first) == sum
                     ? NULL
                     : "the checksum of the record does not match";
    }
    return ENGRAM_OK;
}

/* Whether there is a whole record of a later operation somewhere behind an offset. */
static int find_later(struct reader *r, uint64_t offset, uint64_t sequence, bool *found)
{
    *found = false;
    for (uint64_t at = offset + 8; at + LEAST_RECORD <= r->bytes; at += 8) {
        struct head head;
        const char *record = NULL, *wrong = NULL;
        if (at % ENGRAM_JOURNAL_BUFFER == 0 && engram_cancelled())
            return engram_fail_cancelled("engram_memory_open");
        int status = look(r, at, sizeof head, &record);
        if (status != ENGRAM_OK)
            return status;
        memcpy(&head, record, sizeof head);
        if (head.kind < ENGRAM_REMEMBER || head.kind > ENGRAM_RELEASE ||
            head.sequence <= sequence || head.sequence - sequence > r->bytes / LEAST_RECORD)
            continue;
        status = record_at(r, at, &head, &record, &wrong);
        *found = status == ENGRAM_OK && !wrong;
        if (status != ENGRAM_OK || *found)
            return status;
    }
    return ENGRAM_OK;
}

static int bad(const struct reader *r, struct engram_replay *replay, enum engram_journal_end end,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
static int bad(const struct reader *r, struct engram_replay *replay, enum engram_journal_end end,
               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    engram_folder_reason(r->folder, r->name, replay->offset, replay->reason, sizeof replay->reason,
                         format, arguments);
    va_end(arguments);
    replay->end = end;
    return ENGRAM_OK;
}

static int check_header(struct reader *r, struct engram_replay *replay)
{
    struct header header;
    const char *bytes = NULL;
    if (r->bytes < sizeof header)
        return bad(r, replay, ENGRAM_JOURNAL_DAMAGED, "the header is not whole");
    int status = look(r, 0, sizeof header, &bytes);
    if (status != ENGRAM_OK)
        return status;
    memcpy(&header, bytes, sizeof header);
    const char *wrong = engram_file_wrong(&header, MAGIC);
    if (wrong)
        return bad(r, replay, ENGRAM_JOURNAL_DAMAGED, "%s", wrong);
    if (header.checksum != engram_checksum(&header, offsetof(struct header, checksum), 0))
        return bad(r, replay, ENGRAM_JOURNAL_DAMAGED, "the checksum of the header does not match");
    if (header.dim != replay->memory->bank->dim || header.first != r->first || header.reserved)
        return bad(
            r, replay, ENGRAM_JOURNAL_DAMAGED,
            "the header is that of operations after %llu on %u columns, expected %llu and %u",
            (unsigned long long)header.first, (unsigned)header.dim, (unsigned long long)r->first,
            (unsigned)replay->memory->bank->dim);
    replay->offset = sizeof header;
    return ENGRAM_OK;
}

/* Does the operation of one record. */
static int replay_record(struct reader *r, struct engram_replay *replay, const struct head *head,
                         const char *record)
{
    engram_memory *memory = replay->memory;
    struct coder c = {
        .does = READ, .record = record, .at = sizeof *head, .end = head->bytes - sizeof(uint64_t)};
    struct engram_operation o = {.function = "the operation",
                                 .kind = (enum engram_operation_kind)head->kind,
                                 .evicted = ENGRAM_NO_ID,
                                 .record.size = sizeof o.record,
                                 .reinforcement.size = sizeof o.reinforcement};
    if (head->sequence != memory->sequence + 1)
        return bad(r, replay, ENGRAM_JOURNAL_DAMAGED, "operation %llu, expected %llu",
                   (unsigned long long)head->sequence, (unsigned long long)memory->sequence + 1);
    describe(&c, memory->bank->dim, &o);
    if (c.failed || c.at != c.end)
        return bad(r, replay, ENGRAM_JOURNAL_DAMAGED,
                   "the fields of an operation of kind %u do not fill the record", head->kind);
    bool timed = o.kind < ENGRAM_MARK;
    if (timed && o.now > replay->until) {
        replay->end = ENGRAM_JOURNAL_LATER;
        return ENGRAM_OK;
    }
    int status = engram_memory_do(memory, &o);
    if (status == ENGRAM_ENOMEM)
        return status;
    if (status != ENGRAM_OK)
        return bad(r, replay, ENGRAM_JOURNAL_DAMAGED, "%s", engram_last_message());
    if (timed && o.now > replay->told)
        replay->told = o.now;
    replay->offset += head->bytes;
    return ENGRAM_OK;
}

static int replay_records(struct reader *r, struct engram_replay *replay)
{
    int status = check_header(r, replay);
    while (status == ENGRAM_OK && replay->end == ENGRAM_JOURNAL_WHOLE &&
           replay->offset < r->bytes) {
        struct head head;
        const char *record, *wrong;
        if (engram_cancelled())
            return engram_fail_cancelled("engram_memory_open");
        status = record_at(r, replay->offset, &head, &record, &wrong);
        if (status == ENGRAM_OK && !wrong) {
            status = replay_record(r, replay, &head, record);
        } else if (status == ENGRAM_OK) {
            bool later;
            status = find_later(r, replay->offset, replay->memory->sequence, &later);
            if (status == ENGRAM_OK)
                bad(r, replay, later ? ENGRAM_JOURNAL_DAMAGED : ENGRAM_JOURNAL_TORN, "%s%s", wrong,
                    later ? ", and whole ones follow" : "");
        }
    }
    return status;
}

int engram_journal_replay(const struct engram_folder *folder, struct engram_replay *replay)
{
    struct reader r = {.folder = folder, .first = replay->memory->sequence};
    engram_file_name(r.name, "journal", r.first);
    replay->end = ENGRAM_JOURNAL_WHOLE;
    replay->offset = 0;
    int status = engram_folder_open(folder, r.name, &r.file, &r.bytes);
    if (status != ENGRAM_OK)
        return status;
    replay->bytes = r.bytes;
    status = replay_records(&r, replay);
    close(r.file);
    engram_release(r.buffer, r.room);
    return status;
}
