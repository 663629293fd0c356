/* damage.c - files of a memory that are not as they were written: every one is refused by name, or
 * gives a state that was, with a warning.
 * SPDX-License-Identifier: MIT */
#include "checksum.h"
#include "life.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

static struct engram_rng rng = {20261121};
static struct life *life;
static uint64_t middle, last; /* operations in the newest snapshot, and in all */
static struct image good;     /* snapshot and journal 0, those of `middle`, the lock */
static char snapshot[40], journal[40];
static uint64_t record_at[400]; /* where the records of the last journal begin; its end */

enum { PAGE = 4096, HEAD = 40 };

/* ---- files that are changed and put back */

static struct {
    char path[512];
    unsigned char *bytes;
    size_t n;
} file;

static void take(const char *name)
{
    snprintf(file.path, sizeof file.path, "%s/%s", folder, name);
    free(file.bytes);
    file.bytes = get_file(file.path, &file.n);
}

static void put_back(void)
{
    put_file(file.path, file.bytes, file.n);
}

static void put_byte(size_t at, unsigned char byte)
{
    int f = open(file.path, O_WRONLY);
    if (f < 0 || pwrite(f, &byte, 1, (off_t)at) != 1 || close(f) != 0)
        exit(99);
}

/* Another value for a byte. */
static unsigned char other(size_t at)
{
    return file.bytes[at] ^ (unsigned char)(1u << engram_rng_below(&rng, 8));
}

/* ---- what must come of it */

static bool is_refused(const char *name)
{
    engram_memory *m = NULL;
    int status = life_look(&m);
    char words[512];
    snprintf(words, sizeof words, "%.200s/%.99s: offset ", folder, name);
    bool good_answer = status == ENGRAM_EFORMAT && mentions(engram_last_message(), words);
    if (!good_answer)
        diag("status %d: %s", status, status ? engram_last_message() : "accepted");
    if (status == ENGRAM_OK)
        engram_memory_free(m);
    return good_answer;
}

/* Opened as it was after an operation, with a warning of these words; NULL: without any. */
static bool is_opened(uint64_t sequence, const char *words)
{
    engram_memory *m = NULL;
    if (life_look(&m) != ENGRAM_OK) {
        diag("%s", engram_last_message());
        return false;
    }
    const char *warning = engram_memory_warning(m, 0);
    bool right = is_at(m, life, sequence) &&
                 (words ? mentions(warning, words) && !engram_memory_warning(m, 1) : !warning);
    if (!right)
        diag("warning: %s", warning ? warning : "none");
    engram_memory_free(m);
    return right;
}

/* ---- making them */

static void make(void)
{
    folder_make();
    engram_memory *m = life_open();
    for (middle = 150; life[middle].marked || about(m).slots < about(m).count + 2; middle++)
        live(m, middle + 1);
    must(engram_memory_snapshot(m));
    for (last = middle + 60; life[last].marked; last++)
        ;
    live(m, last);
    engram_memory_free(m);
    snprintf(snapshot, sizeof snapshot, "%s", life_name("snapshot", middle));
    snprintf(journal, sizeof journal, "%s", life_name("journal", middle));
    good = image_take();
    take(journal);
    uint64_t at = HEAD;
    for (uint64_t i = middle; i <= last; i++) {
        uint32_t bytes = 0;
        record_at[i - middle] = at;
        if (at < file.n)
            memcpy(&bytes, file.bytes + at, sizeof bytes);
        at += bytes;
    }
    ok(record_at[last - middle] == file.n && is_opened(last, NULL),
       "the files are those of a life");
}

static void without_older(void)
{
    must(unlink(in_folder(life_name("snapshot", 0))) == 0 ? ENGRAM_OK : ENGRAM_EIO);
    must(unlink(in_folder(life_name("journal", 0))) == 0 ? ENGRAM_OK : ENGRAM_EIO);
}

/* ---- snapshots */

static void snapshot_bytes(void)
{
    char words[512];
    snprintf(words, sizeof words, "%s/%s: offset |not used", folder, snapshot);
    int wrong = 0, tried = 0;
    take(snapshot);
    for (size_t at = 0; at < file.n; at += at < 256 ? 1 : 101, tried++) {
        put_byte(at, other(at));
        wrong += !is_opened(last, words);
        put_byte(at, file.bytes[at]);
    }
    ok(wrong == 0, "a snapshot with a changed byte gives way to an older one, %d times", tried);
    wrong = tried = 0;
    for (size_t n = 0; n < file.n; n += n % 1000 < 20 ? 1 : 97, tried++) {
        put_file(file.path, file.bytes, n);
        wrong += !is_opened(last, words);
    }
    put_back();
    ok(wrong == 0, "so does one that is cut short, %d times", tried);

    without_older();
    wrong = tried = 0;
    for (size_t at = 0; at < file.n; at += at < PAGE ? 1 : 5, tried++) {
        put_byte(at, other(at));
        wrong += !is_refused(snapshot);
        put_byte(at, file.bytes[at]);
    }
    ok(wrong == 0, "without an older one a changed byte is refused, %d times", tried);
    wrong = tried = 0;
    for (size_t n = 0; n < file.n; n += n < 600 ? 1 : 41, tried++) {
        put_file(file.path, file.bytes, n);
        wrong += !is_refused(snapshot);
    }
    ok(wrong == 0, "and so is a cut, %d times", tried);
    unsigned char *longer = calloc(1, file.n + 8);
    memcpy(longer, file.bytes, file.n);
    put_file(file.path, longer, file.n + 8);
    free(longer);
    ok(is_refused(snapshot), "and more bytes than there were");
    put_back();
    ok(is_opened(last, NULL), "as it was it is opened");
    must(rename(in_folder(snapshot), in_folder(life_name("snapshot", middle + 1))) == 0 ? 0 : 14);
    ok(is_refused(life_name("snapshot", middle + 1)), "but not under another number");
    image_put(&good);
}

/* ---- journals */

/* The operation whose record a byte is in. */
static uint64_t operation_at(size_t at)
{
    uint64_t i = 0;
    while (record_at[i + 1] <= at)
        i++;
    return middle + i + 1;
}

static void journal_bytes(void)
{
    char words[512];
    snprintf(words, sizeof words, "%s/%s: offset |not read", folder, journal);
    int wrong = 0, cuts = 0;
    take(journal);
    for (size_t n = 0; n < file.n; n += n < 300 || n + 400 > file.n ? 1 : 13) {
        put_file(file.path, file.bytes, n);
        if (n < HEAD) {
            wrong += !is_refused(journal);
            continue;
        }
        uint64_t whole = operation_at(n) - 1;
        wrong += !is_opened(whole, record_at[whole - middle] == n ? NULL : words);
        cuts++;
    }
    ok(wrong == 0, "a journal cut short ends with its last whole record, %d times", cuts);
    put_back();
    wrong = cuts = 0;
    for (size_t at = 0; at < file.n; at += at < 100 || at + 300 > file.n ? 1 : 7) {
        put_byte(at, other(at));
        bool in_last = at >= record_at[last - middle - 1];
        wrong += in_last ? !is_opened(last - 1, words) : !is_refused(journal);
        put_byte(at, file.bytes[at]);
        cuts++;
    }
    ok(wrong == 0, "a changed byte is damage, in the last record a torn tail, %d times", cuts);
    unsigned char *longer = calloc(1, file.n + 5000);
    memcpy(longer, file.bytes, file.n);
    put_file(file.path, longer, file.n + 5000);
    ok(is_opened(last, words), "zeros behind the last record are a torn tail");
    put_back();
    free(longer);
    must(unlink(file.path) == 0 ? ENGRAM_OK : ENGRAM_EIO);
    ok(is_refused(journal), "a journal that is missing is damage");
    engram_memory *m = NULL;
    must(mkdir(file.path, 0777) == 0 ? ENGRAM_OK : ENGRAM_EIO);
    refused(life_look(&m), ENGRAM_EIO, "journal-|not a regular file", "so is one that is no file");
    image_put(&good);
    take(life_name("journal", 0));
    ok(is_opened(last, NULL), "that of an older snapshot is not needed");
    put_file(file.path, file.bytes, file.n - 8);
    take(snapshot);
    put_byte(5, other(5));
    ok(is_refused(life_name("journal", 0)), "unless the newer is bad; then it must be whole");
    image_put(&good);
    take(life_name("journal", 0));
    put_file(in_folder(journal), file.bytes, file.n);
    ok(is_refused(journal), "a journal under the name of another is refused");
    image_put(&good);
}

/* Records that are left of an older file behind a torn tail are not taken for its own. */
static void old_records(void)
{
    take(life_name("journal", 0));
    unsigned char *old = malloc(file.n);
    size_t n = file.n;
    memcpy(old, file.bytes, n);
    take(journal);
    size_t end = record_at[last - middle];
    unsigned char *both = malloc(end + 16 + n);
    memcpy(both, file.bytes, end);
    memset(both + end, 0, 16);
    memcpy(both + end + 16, old + HEAD, n - HEAD);
    put_file(file.path, both, end + 16 + n - HEAD);
    ok(is_opened(last, "offset |not read"), "records of another journal do not count");
    free(old);
    free(both);
    image_put(&good);
}

/* ---- writers and repair */

static bool ends_at(uint64_t sequence, const char *words)
{
    engram_memory *m = life_open();
    const char *warning = engram_memory_warning(m, 0);
    bool right = is_at(m, life, sequence) && (words ? mentions(warning, words) : !warning);
    if (!right)
        diag("warning: %s", warning ? warning : "none");
    engram_memory_free(m);
    return right;
}

static void torn_tails(void)
{
    take(journal);
    int wrong = 0;
    for (uint64_t i = last - 10; i < last; i++) {
        if (life[i].marked)
            continue;
        size_t begin = record_at[i - middle], end = record_at[i - middle + 1];
        size_t n = begin + 1 + engram_rng_below(&rng, (uint32_t)(end - begin - 1));
        char words[512];
        snprintf(words, sizeof words, "%s/%s: offset %zu: |%zu bytes are cut off", folder, journal,
                 begin, n - begin);
        put_file(file.path, file.bytes, n);
        wrong += !ends_at(i, words) || !ends_at(i, NULL);
        engram_memory *m = life_open();
        live(m, last);
        engram_memory_free(m);
        wrong += !ends_at(last, NULL);
        size_t now = 0;
        unsigned char *again = get_file(file.path, &now);
        wrong += now != file.n || memcmp(again, file.bytes, now) != 0;
        free(again);
    }
    ok(wrong == 0, "a torn tail is cut once, and the same life goes on in the same bytes");
    image_put(&good);
}

static engram_memory *repaired(void)
{
    engram_memory *m = NULL;
    refused(life_open_as(&m, (struct engram_files){0}), ENGRAM_EFORMAT, "offset",
            "a writer refuses damage");
    must(life_open_as(&m, (struct engram_files){.repair = 1}));
    return m;
}

static void repair(void)
{
    uint64_t i = last - 20;
    while (life[i].marked)
        i--;
    take(journal);
    size_t at = record_at[i - middle];
    put_byte(at + 20, other(at + 20));
    engram_memory *m = NULL;
    must(life_open_as(&m, (struct engram_files){.read_only = 1, .repair = 1}));
    ok(is_at(m, life, i) && mentions(engram_memory_warning(m, 0), "offset |not read"),
       "a view that repairs reads up to damage");
    engram_memory_free(m);
    m = repaired();
    ok(is_at(m, life, i) && mentions(engram_memory_warning(m, 0), "offset |set aside"),
       "a writer that repairs goes on from there");
    char aside[128];
    size_t n;
    snprintf(aside, sizeof aside, "%s.0.damaged", journal);
    unsigned char *rest = get_file(in_folder(aside), &n);
    ok(rest && n == file.n - at && memcmp(rest + 21, file.bytes + at + 21, n - 21) == 0,
       "the rest is kept beside");
    free(rest);
    live(m, last);
    engram_memory_free(m);
    ok(ends_at(last, NULL), "and all is well again");

    take(journal);
    put_byte(3, other(3));
    m = repaired();
    ok(is_at(m, life, middle), "a journal without a header is begun anew");
    snprintf(aside, sizeof aside, "%s.1.damaged", journal);
    ok(access(in_folder(aside), F_OK) == 0, "beside the old one");
    live(m, last);
    engram_memory_free(m);
    ok(ends_at(last, NULL), "and goes on");

    image_put(&good);
    take(snapshot);
    put_byte(7, other(7));
    take(life_name("journal", 0));
    for (i = 60; life[i].marked; i++)
        ;
    at = HEAD;
    for (uint64_t k = 0; k < i; k++) {
        uint32_t bytes;
        memcpy(&bytes, file.bytes + at, sizeof bytes);
        at += bytes;
    }
    put_byte(at + 9, other(at + 9));
    m = repaired();
    ok(is_at(m, life, i), "damage before a bad snapshot is cut there too");
    live(m, last);
    must(engram_memory_snapshot(m));
    engram_memory_free(m);
    ok(ends_at(last, NULL), "and what cannot follow any more is out of the way");
    ok(!there_is("snapshot", middle) && !there_is("journal", middle), "under other names");
    image_put(&good);
}

static void journals_alone(void)
{
    engram_memory *m = NULL;
    unlink(in_folder(snapshot));
    unlink(in_folder(life_name("snapshot", 0)));
    refused(life_open_as(&m, (struct engram_files){0}), ENGRAM_EFORMAT, "journals, and no snapshot",
            "journals without a snapshot are not overwritten");
    folder_entries(true);
    must(engram_memory_new(&life_options, &m));
    engram_memory_free(m);
    image_put(&good);
    take(life_name("journal", 0));
    folder_entries(true);
    put_file(in_folder(life_name("journal", 0)), file.bytes, HEAD);
    m = life_open();
    ok(m->sequence == 0 && !engram_memory_warning(m, 0),
       "an empty journal is what a crash leaves of a memory that was not there yet");
    engram_memory_free(m);
    image_put(&good);
}

/* ---- good checksums over impossible contents: the format, as another program would write it */

struct column {
    uint64_t element, count, offset, sum;
};

struct header {
    char magic[8];
    uint32_t version, endian;
    uint64_t bytes;
    uint32_t dim, capacity;
    uint32_t slots, count, free_count, archived, pinned, columns;
    uint64_t links, text_bytes;
    uint64_t sequence, next_mark;
    double clock, told;
    struct engram_law law;
    char no_law[128 - sizeof(struct engram_law)];
    struct column column[ENGRAM_COLUMN_COUNT];
};

static struct header header;
static unsigned char *contents; /* of a snapshot that is being spoiled */

static void reseal(void)
{
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++) {
        struct column *column = &header.column[c];
        struct engram_checksum all;
        uint64_t end = column->offset + column->count * column->element;
        if (column->element == 0 || column->element > 262144 || column->offset > file.n ||
            column->count > file.n || end > file.n)
            continue; /* no such column can be read */
        uint64_t block = 262144 / column->element * column->element;
        engram_checksum_begin(&all, 0);
        for (uint64_t at = column->offset; at < end; at += block) {
            uint64_t sum = engram_checksum(contents + at, end - at < block ? end - at : block, 0);
            engram_checksum_add(&all, &sum, sizeof sum);
        }
        column->sum = engram_checksum_end(&all);
    }
    memcpy(contents, &header, sizeof header);
    uint64_t sum = engram_checksum(contents, PAGE - sizeof sum, 0);
    memcpy(contents + PAGE - sizeof sum, &sum, sizeof sum);
    put_file(file.path, contents, file.n);
}

static void *place(enum engram_column column, size_t i)
{
    return contents + header.column[column].offset + i * header.column[column].element;
}

#define SET(name, type, i, value)                                                                  \
    memcpy(place(ENGRAM_COLUMN_##name, (i)), &(type){value}, sizeof(type))

static struct engram_span span_of(enum engram_column column, size_t i)
{
    struct engram_span span;
    memcpy(&span, place(column, i), sizeof span);
    return span;
}

static void set_span(enum engram_column column, size_t i, uint64_t at, uint64_t bytes)
{
    memcpy(place(column, i), &(struct engram_span){at, bytes}, sizeof(struct engram_span));
}

static uint32_t word(enum engram_column column, size_t i)
{
    uint32_t value;
    memcpy(&value, place(column, i), sizeof value);
    return value;
}

static bool is_live(uint32_t slot)
{
    uint64_t bits;
    memcpy(&bits, place(ENGRAM_COLUMN_LIVE, slot / 64), sizeof bits);
    return bits >> slot % 64 & 1;
}

/* The first slot that is live, or free. */
static uint32_t slot_that(bool live_one)
{
    uint32_t slot = 0;
    while (is_live(slot) != live_one)
        slot++;
    return slot;
}

/* A slot with at least two links. */
static uint32_t linked(void)
{
    uint32_t slot = 0;
    while (word(ENGRAM_COLUMN_LINKS_END, slot) < word(ENGRAM_COLUMN_LINKS_BEGIN, slot) + 2)
        slot++;
    return slot;
}

/* Spoils the contents in the i-th way; words of the message; NULL: there are no more. */
static const char *spoil(int i)
{
    uint32_t slot = slot_that(true), hole = slot_that(false), link = 0;
    uint64_t bits;
    struct engram_span span;
    switch (i) {
    case 0:
        header.version = 2;
        return "version";
    case 1:
        header.endian = 0x04030201;
        return "little-endian";
    case 2:
        header.magic[0] = 'E';
        return "begins otherwise";
    case 3:
        header.bytes += 4;
        return "bytes, its header says";
    case 4:
        header.dim = 0;
        return "column ROWS";
    case 5:
        header.dim = UINT32_MAX;
        return "column ROWS";
    case 6:
        header.capacity = 3;
        return "room for 3";
    case 7:
        header.slots = UINT32_MAX;
        return "slots";
    case 8:
        header.slots--;
        return "slots";
    case 9:
        header.count++;
        return "slots";
    case 10:
        header.count--;
        return "slots are live";
    case 11:
        header.free_count = UINT32_MAX;
        return "slots";
    case 12:
        header.sequence++;
        return "operation";
    case 13:
        header.links = UINT64_MAX;
        return "links";
    case 14:
        header.links++;
        return "column";
    case 15:
        header.text_bytes--;
        return "column";
    case 16:
        header.columns--;
        return "columns";
    case 17:
        header.clock = NAN;
        return "clock";
    case 18:
        header.told = NAN;
        return "clock";
    case 19:
        header.told = header.clock - 1;
        return "clock";
    case 20:
        header.law.size = 4000;
        return "law";
    case 21:
        header.law.tau_s = -1;
        return "tau_s";
    case 22:
        header.law.curve = 77;
        return "curve";
    case 23:
        header.capacity = UINT32_MAX;
        return "capacity";
    case 24:
        header.column[3].element = 8;
        return "column FREE";
    case 25:
        header.column[6].offset += 4;
        return "column";
    case 26:
        header.column[7].count = UINT64_MAX / 2;
        return "column";
    case 27:
        header.pinned++;
        return "pinned";
    case 28:
        header.archived++;
        return "archived";
    case 29:
        SET(ROWS, float, slot, NAN);
        return "finite";
    case 30:
        SET(ROWS, float, hole, INFINITY);
        return "finite";
    case 31:
        SET(GENERATIONS, uint32_t, slot, ENGRAM_GENERATIONS);
        return "GENERATIONS";
    case 32:
        SET(GENERATIONS, uint32_t, slot, UINT32_MAX);
        return "GENERATIONS";
    case 33:
        SET(GENERATIONS, uint32_t, hole, ENGRAM_GENERATIONS);
        return "FREE";
    case 34:
        SET(FREE, uint32_t, 0, slot);
        return "FREE";
    case 35:
        SET(FREE, uint32_t, 0, header.slots);
        return "FREE";
    case 36:
        SET(FREE, uint32_t, 0, word(ENGRAM_COLUMN_FREE, 1));
        return "FREE[1]";
    case 37:
        memcpy(&bits, place(ENGRAM_COLUMN_LIVE, 0), sizeof bits);
        SET(LIVE, uint64_t, 0, (bits & ~((uint64_t)1 << slot)) | (uint64_t)1 << header.slots % 64);
        return "live";
    case 38:
        memcpy(&bits, place(ENGRAM_COLUMN_LIVE, 0), sizeof bits);
        SET(LIVE, uint64_t, 0, (bits & ~((uint64_t)1 << slot)) | (uint64_t)1 << hole);
        return "";
    case 39:
        SET(STRENGTH, float, slot, 1.5f);
        return "strength";
    case 40:
        SET(STRENGTH, float, slot, NAN);
        return "strength";
    case 41:
        SET(CONFIDENCE, float, slot, -1e-9f);
        return "confidence";
    case 42:
        SET(FLOOR, float, slot, INFINITY);
        return "floor";
    case 43:
        SET(SCALE, float, slot, 0);
        return "scale_s";
    case 44:
        SET(BETA, float, slot, -1);
        return "beta";
    case 45:
        SET(BETA, float, slot, INFINITY);
        return "beta";
    case 46:
        SET(CREATED, double, slot, NAN);
        return "created";
    case 47:
        SET(LAST_RECALL, double, slot, -INFINITY);
        return "last_recall";
    case 48:
        SET(FLAGS, uint8_t, slot, 4);
        return "flags";
    case 49:
        SET(FLAGS, uint8_t, slot, *(uint8_t *)place(ENGRAM_COLUMN_FLAGS, slot) ^ ENGRAM_PINNED);
        return "pinned";
    case 50:
        SET(CONTENT, uint64_t, slot, UINT64_MAX);
        return "CONTENT";
    case 51:
        span = span_of(ENGRAM_COLUMN_CONTENT, slot);
        set_span(ENGRAM_COLUMN_CONTENT, slot, span.at, UINT64_MAX);
        return "CONTENT";
    case 52:
        span = span_of(ENGRAM_COLUMN_META, slot);
        set_span(ENGRAM_COLUMN_META, slot, span.at, span.bytes + 1);
        return "CONTENT";
    case 53:
        span = span_of(ENGRAM_COLUMN_META, header.slots - 1);
        set_span(ENGRAM_COLUMN_META, header.slots - 1, span.at + 1, 0);
        return "META";
    case 54:
        SET(LINKS_BEGIN, uint32_t, linked(), 0x7fffffff);
        return "LINKS_BEGIN";
    case 55:
        SET(LINKS_END, uint32_t, linked(), UINT32_MAX);
        return "LINKS_BEGIN";
    case 56:
        SET(LINKS_END, uint32_t, header.slots - 1, (uint32_t)header.links - 1);
        return "";
    case 57:
        SET(TARGETS, uint32_t, 0, header.slots);
        return "TARGETS[0]";
    case 58:
        SET(TARGETS, uint32_t, 0, hole);
        return "TARGETS[0]";
    case 59:
        link = word(ENGRAM_COLUMN_LINKS_BEGIN, linked());
        SET(TARGETS, uint32_t, link + 1, word(ENGRAM_COLUMN_TARGETS, link));
        return "TARGETS|twice";
    case 60:
        SET(WEIGHTS, float, 0, 1.01f);
        return "WEIGHTS[0]";
    case 61:
        SET(WEIGHTS, float, 1, NAN);
        return "WEIGHTS[1]";
    case 62:
        header.free_count--;
        return "column";
    default:
        return NULL;
    }
}

static void spoiled_snapshots(void)
{
    take(snapshot);
    without_older();
    contents = malloc(file.n);
    int wrong = 0, ways = 0;
    memcpy(&header, file.bytes, sizeof header);
    memcpy(contents, file.bytes, file.n);
    reseal();
    ok(memcmp(contents, file.bytes, file.n) == 0, "another program computes the same checksums");
    for (const char *words;; ways++) {
        memcpy(&header, file.bytes, sizeof header);
        memcpy(contents, file.bytes, file.n);
        words = spoil(ways);
        if (!words)
            break;
        reseal();
        if (!is_refused(snapshot) || !mentions(engram_last_message(), words)) {
            diag("way %d: \"%s\", expected %s", ways, engram_last_message(), words);
            wrong++;
        }
    }
    ok(wrong == 0, "impossible contents under good checksums are refused in %d ways", ways);

    int accepted = 0;
    for (int i = 0; i < 1500; i++) {
        memcpy(&header, file.bytes, sizeof header);
        memcpy(contents, file.bytes, file.n);
        for (uint32_t n = 1 + engram_rng_below(&rng, 4); n; n--) {
            int c = (int)engram_rng_below(&rng, ENGRAM_COLUMN_COUNT);
            struct column was = ((const struct header *)(const void *)file.bytes)->column[c];
            size_t bytes = was.element * was.count;
            if (bytes)
                contents[was.offset + engram_rng_below(&rng, (uint32_t)bytes)] ^=
                    (unsigned char)(1u << engram_rng_below(&rng, 8));
            else
                ((unsigned char *)&header)[16 + engram_rng_below(&rng, sizeof header - 16)] ^=
                    (unsigned char)(1u << engram_rng_below(&rng, 8));
        }
        reseal();
        engram_memory *m = NULL, *copy;
        int status = life_open_as(&m, (struct engram_files){.read_only = 1, .repair = 1});
        if (status != ENGRAM_OK) {
            wrong += status != ENGRAM_EFORMAT && status != ENGRAM_EDIM && status != ENGRAM_ERANGE &&
                     status != ENGRAM_ELIMIT;
            continue;
        }
        accepted++;
        must(engram_memory_fork(m, &copy));
        live(copy, 30);
        engram_memory_free(copy);
        engram_memory_free(m);
    }
    ok(wrong == 0 && accepted > 100 && accepted < 1400,
       "what chance spoils is refused, or is a memory that works");
    free(contents);
    image_put(&good);
}

/* Makes the checksum of the record that begins at an offset right. */
static void reseal_record(unsigned char *bytes, size_t at)
{
    uint32_t n;
    memcpy(&n, bytes + at, sizeof n);
    if (n < 24 || n > file.n - at)
        return;
    uint64_t sum = engram_checksum(bytes + at, n - 8, middle);
    memcpy(bytes + at + n - 8, &sum, sizeof sum);
}

static void spoiled_journals(void)
{
    struct {
        const char *what;
        uint32_t at, bytes; /* in the record */
        uint64_t value;
        const char *words;
    } ways[] = {
        {"a kind below all", 4, 4, 0, "kind 0"},
        {"a kind that is not", 4, 4, 11, "kind 11"},
        {"a kind far beyond", 4, 4, UINT32_MAX, "kind 4294967295"},
        {"an operation left out", 8, 8, middle + 7, "operation"},
        {"a time that is no number", 16, 8, 0x7ff8000000000000, "now is nan"},
        {"another kind of operation", 4, 4, ENGRAM_ROLLBACK, "fill the record|kind 9"},
    };
    take(journal);
    unsigned char *bytes = malloc(file.n);
    int wrong = 0, accepted = 0;
    size_t at = record_at[5];
    for (size_t i = 0; i < COUNT(ways); i++) {
        memcpy(bytes, file.bytes, file.n);
        memcpy(bytes + at + ways[i].at, &ways[i].value, ways[i].bytes);
        reseal_record(bytes, at);
        put_file(file.path, bytes, file.n);
        ok(is_refused(journal) && mentions(engram_last_message(), ways[i].words),
           "%s is refused under a good checksum", ways[i].what);
    }
    const uint32_t unlink_nothing[] = {40, ENGRAM_UNLINK};
    const uint64_t no_links = 0;
    memcpy(bytes, file.bytes, file.n);
    memcpy(bytes + at, unlink_nothing, sizeof unlink_nothing);
    memcpy(bytes + at + 24, &no_links, sizeof no_links);
    reseal_record(bytes, at);
    put_file(file.path, bytes, at + 40);
    ok(is_refused(journal) && mentions(engram_last_message(), "0 links"),
       "a link that is taken away and not there is refused, at the end of the file too");
    for (int i = 0; i < 3000; i++) {
        uint64_t record = engram_rng_below(&rng, (uint32_t)(last - middle));
        memcpy(bytes, file.bytes, file.n);
        at = record_at[record];
        uint32_t n = (uint32_t)(record_at[record + 1] - at) - 8;
        for (uint32_t k = 1 + engram_rng_below(&rng, 3); k; k--)
            bytes[at + (engram_rng_below(&rng, 2)
                            ? n < 80 ? engram_rng_below(&rng, n) : engram_rng_below(&rng, 80)
                            : engram_rng_below(&rng, n))] ^=
                (unsigned char)(1u << engram_rng_below(&rng, 8));
        reseal_record(bytes, at);
        put_file(file.path, bytes, file.n);
        engram_memory *m = NULL, *copy;
        int status = life_look(&m);
        wrong += status != ENGRAM_OK && status != ENGRAM_EFORMAT;
        if (status != ENGRAM_OK)
            continue;
        accepted++;
        must(engram_memory_fork(m, &copy));
        live(copy, 10);
        engram_memory_free(copy);
        engram_memory_free(m);
    }
    ok(wrong == 0 && accepted > 100 && accepted < 2900,
       "chance in a record is refused, or is another life");
    free(bytes);
    image_put(&good);
}

/* Files that say they are of the last operation there can be: none leads on from there. */
static void last_operation(void)
{
    const uint64_t end = UINT64_MAX;
    unsigned char empty[HEAD];
    take(journal);
    memcpy(empty, file.bytes, HEAD);
    memcpy(empty + 24, &end, sizeof end);
    uint64_t sum = engram_checksum(empty, 32, 0);
    memcpy(empty + 32, &sum, sizeof sum);
    take(snapshot);
    contents = malloc(file.n);
    memcpy(contents, file.bytes, file.n);
    memcpy(&header, contents, sizeof header);
    header.sequence = end;
    folder_entries(true);
    put_file(in_folder(life_name("journal", end)), empty, HEAD);
    snprintf(file.path, sizeof file.path, "%s", in_folder(life_name("snapshot", end)));
    reseal();
    ok(is_refused(life_name("snapshot", end)), "nothing follows the last operation there can be");
    free(contents);
    image_put(&good);
}

/* ---- checksums */

static void checksums(void)
{
    unsigned char bytes[1500];
    int wrong = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)engram_rng_next(&rng);
    struct engram_checksum sum;
    memset(&sum, SECRET, sizeof sum);
    for (uint64_t seed = 0; seed < 4; seed++)
        for (size_t n = 0; n <= sizeof bytes; n += 1 + n / 100) {
            /* Where another stood, with another secret and the same seed. */
            memset(&sum, 0xff & (int)n, 400);
            engram_checksum_begin(&sum, seed);
            for (size_t at = 0, step; at < n; at += step) {
                step = 1 + engram_rng_below(&rng, (uint32_t)(n - at));
                engram_checksum_add(&sum, bytes + at, step);
            }
            wrong += engram_checksum_end(&sum) != engram_checksum(bytes, n, seed);
        }
    ok(wrong == 0, "a checksum is the same in pieces");
    ok(engram_checksum("", 0, 0) == 0x2d06800538d394c2, "and is XXH3");
}

/* damage.t [SEED] */
int main(int n, char **arguments)
{
    if (n > 1)
        rng.state = strtoull(arguments[1], NULL, 0);
    must(start(NULL));
    life_in_memory();
    diag("seed %llu", (unsigned long long)rng.state);
    checksums();
    life = life_of(400);
    make();
    snapshot_bytes();
    journal_bytes();
    old_records();
    torn_tails();
    repair();
    journals_alone();
    spoiled_snapshots();
    spoiled_journals();
    last_operation();
    image_free(&good);
    free(file.bytes);
    free(life);
    folder_remove();
    heap_settled();
    return done();
}
