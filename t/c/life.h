/* life.h - a scripted life of a memory: what the tests of its files do to it.
 * SPDX-License-Identifier: MIT
 *
 * A step is one operation and depends on nothing but the memory before it, so that a memory in files
 * can be compared with one that never had any, at each operation. */
#ifndef ENGRAM_TEST_LIFE_H
#define ENGRAM_TEST_LIFE_H

#include "memory.h"
#include "support.h"

enum { LIFE_DIM = 5, LIFE_CAPACITY = 40 };
static const struct engram_law life_law = {
    .size = sizeof life_law, .curve = ENGRAM_EXPONENTIAL, .tau_s = 300};
static const struct engram_memory_options life_options = {
    .size = sizeof life_options, .dim = LIFE_DIM, .law = &life_law, .capacity = LIFE_CAPACITY};

static inline void must(int status)
{
    if (status == ENGRAM_OK)
        return;
    diag("%s", engram_last_message());
    exit(99);
}

static inline struct engram_memory_info about(const engram_memory *m)
{
    struct engram_memory_info info;
    must(engram_memory_info(m, &info));
    return info;
}

/* A memory somewhere; ENGRAM_NO_ID: there is none. */
static inline uint64_t life_any(const engram_memory *m, struct engram_rng *rng)
{
    uint32_t slots = about(m).slots;
    uint64_t id = slots ? engram_memory_next(m, engram_rng_below(rng, slots)) : ENGRAM_NO_ID;
    return id == ENGRAM_NO_ID ? engram_memory_next(m, ENGRAM_NO_ID) : id;
}

static inline struct engram_record life_record(struct engram_rng *rng, bool may_pin, double now)
{
    static float vector[LIFE_DIM];
    static char text[300];
    struct engram_record r = {.size = sizeof r, .fields = ENGRAM_VECTOR};
    uint32_t more = (uint32_t)engram_rng_next(rng);
    engram_rng_fill_uniform(rng, LIFE_DIM, vector);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)engram_rng_below(rng, 256);
    r.fields = more & (2 * ENGRAM_FLAGS - 1);
    r.vector = vector;
    r.content = text;
    r.content_bytes = engram_rng_below(rng, 200);
    r.meta = text + 200;
    r.meta_bytes = engram_rng_below(rng, 100);
    r.created = now - 3;
    r.last_recall = now - 1;
    r.strength = (float)engram_rng_uniform(rng);
    r.confidence = (float)engram_rng_uniform(rng);
    r.floor = (float)engram_rng_uniform(rng) / 4;
    r.scale_s = 10 + 1000 * (float)engram_rng_uniform(rng);
    r.beta = 0.1f + (float)engram_rng_uniform(rng);
    r.recalls = engram_rng_below(rng, 9);
    r.memory_class = engram_rng_below(rng, 256);
    r.flags = engram_rng_below(rng, may_pin ? 4 : 1);
    return r;
}

static inline int life_remember(engram_memory *m, struct engram_rng *rng, double now)
{
    struct engram_record r = life_record(rng, about(m).pinned < 10, now);
    struct engram_link links[3];
    struct engram_remembering how = {.size = sizeof how, .links = links};
    struct engram_remembered out;
    while (about(m).count && how.link_count < engram_rng_below(rng, 4) && how.link_count < 3) {
        struct engram_link l = {life_any(m, rng), ENGRAM_NO_ID, (float)engram_rng_uniform(rng),
                                engram_rng_below(rng, 256)};
        if (engram_rng_below(rng, 2))
            l = (struct engram_link){ENGRAM_NO_ID, l.source, l.weight, l.edge_class};
        links[how.link_count++] = l;
    }
    return engram_memory_remember(m, &r, &how, now, &out);
}

static inline int life_link(engram_memory *m, struct engram_rng *rng, double now)
{
    struct engram_link links[5];
    for (int i = 0; i < 5; i++)
        links[i] = (struct engram_link){life_any(m, rng), life_any(m, rng),
                                        (float)engram_rng_uniform(rng), i};
    return engram_memory_link(m, links, 1 + engram_rng_below(rng, 5), now);
}

static inline int life_unlink(engram_memory *m, struct engram_rng *rng, double now)
{
    for (int i = 0; i < 20; i++) {
        struct engram_link first;
        size_t count;
        must(engram_memory_links(m, life_any(m, rng), &first, 1, &count));
        if (count)
            return engram_memory_unlink(m, first.source, first.target, now);
    }
    return life_link(m, rng, now);
}

static inline int life_reinforce(engram_memory *m, struct engram_rng *rng, double now)
{
    uint64_t ids[] = {life_any(m, rng), life_any(m, rng), life_any(m, rng)};
    struct engram_reinforcement how = {.size = sizeof how,
                                       .amount = (float)engram_rng_uniform(rng),
                                       .scale_s = engram_rng_below(rng, 2) ? 77 : 0,
                                       .beta = engram_rng_below(rng, 2) ? 0.7f : 0};
    return engram_memory_reinforce(m, ids, 1 + engram_rng_below(rng, 3),
                                   engram_rng_below(rng, 2) ? &how : NULL, now);
}

/* The operation that follows those the memory has seen. */
static inline int life_step(engram_memory *m)
{
    struct engram_rng rng = {.state = engram_hash(&m->sequence, sizeof m->sequence, 11)};
    double now = (double)m->sequence - (engram_rng_below(&rng, 10) ? 0 : 30);
    uint32_t dice = engram_rng_below(&rng, 100);
    uint64_t mark, number = m->mark_count
                                ? m->marks[engram_rng_below(&rng, (uint32_t)m->mark_count)].number
                                : 0;
    if (about(m).count < 4 || dice < 40)
        return life_remember(m, &rng, now);
    if (dice < 55) {
        struct engram_record r = life_record(&rng, about(m).pinned < 10, now);
        return engram_memory_update(m, life_any(m, &rng), &r, now);
    }
    if (dice < 65)
        return engram_memory_forget(m, life_any(m, &rng), now);
    if (dice < 75)
        return life_link(m, &rng, now);
    if (dice < 80)
        return life_unlink(m, &rng, now);
    bool marked = m->mark_count > 0;
    if (dice < 88 || (marked ? dice < 91 && m->mark_count > 3 : dice < 96))
        return life_reinforce(m, &rng, now);
    if (!marked || dice < 91)
        return engram_memory_mark(m, &mark);
    return dice < 95 ? engram_memory_rollback(m, number) : engram_memory_release(m, number);
}

/* Steps until the memory has seen so many operations. */
static inline void live(engram_memory *m, uint64_t sequence)
{
    while (m->sequence < sequence) {
        uint64_t before = m->sequence;
        must(life_step(m));
        if (m->sequence != before + 1) {
            diag("a step was %llu operations", (unsigned long long)(m->sequence - before));
            exit(99);
        }
    }
}

/* A memory without files after so many operations. */
static inline engram_memory *lived(uint64_t sequence)
{
    engram_memory *m;
    must(engram_memory_new(&life_options, &m));
    live(m, sequence);
    return m;
}

/* What can be seen of a life after each of its operations. */
struct life {
    uint64_t hash;
    double told; /* the latest time until then */
    bool marked; /* marks are open */
};

static inline struct life *life_of(size_t n)
{
    struct life *life = malloc((n + 1) * sizeof *life);
    engram_memory *m = lived(0);
    double told = -INFINITY;
    for (size_t i = 0; i <= n; i++) {
        live(m, i);
        told = about(m).clock > told ? about(m).clock : told;
        life[i] = (struct life){engram_memory_hash(m), told, about(m).marks > 0};
    }
    engram_memory_free(m);
    return life;
}

/* The memory is as it was after an operation; one that was open for changes has released its marks
 * by another. */
static inline bool is_at(const engram_memory *m, const struct life *life, uint64_t sequence)
{
    bool released = !m->view && life[sequence].marked;
    bool good = m->sequence == sequence + released && engram_memory_hash(m) == life[sequence].hash;
    if (!good)
        diag("operation %llu, expected %llu; the hash is %s", (unsigned long long)m->sequence,
             (unsigned long long)sequence + released,
             engram_memory_hash(m) == life[sequence].hash ? "right" : "wrong");
    return good;
}

/* ---- files; the folder of support.h is the memory's */

static inline int life_open_as(engram_memory **m, struct engram_files files)
{
    files.size = sizeof files;
    return engram_memory_open(folder, &life_options, &files, m);
}

static inline engram_memory *life_open(void)
{
    engram_memory *m = NULL;
    must(life_open_as(&m, (struct engram_files){0}));
    return m;
}

static inline int life_look(engram_memory **m) /* a view */
{
    return life_open_as(m, (struct engram_files){.read_only = 1});
}

/* Thousands of syncs are made in memory where the system has files there. */
static inline void life_in_memory(void)
{
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
}

/* All files of the folder, to be put back after damage. */
struct image {
    struct {
        char name[256];
        unsigned char *bytes;
        size_t n;
    } file[16];
    size_t count;
};

static inline struct image image_take(void)
{
    struct image image = {.count = 0};
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && image.count < COUNT(image.file)) {
            size_t i = image.count++;
            snprintf(image.file[i].name, sizeof image.file[i].name, "%s", entry->d_name);
            image.file[i].bytes = get_file(in_folder(entry->d_name), &image.file[i].n);
        }
    closedir(dir);
    return image;
}

static inline void image_put(const struct image *image)
{
    folder_entries(true);
    for (size_t i = 0; i < image->count; i++)
        put_file(in_folder(image->file[i].name), image->file[i].bytes, image->file[i].n);
}

static inline void image_free(struct image *image)
{
    for (size_t i = 0; i < image->count; i++)
        free(image->file[i].bytes);
}

static inline const char *life_name(const char *kind, uint64_t sequence)
{
    static char names[4][64];
    static unsigned next;
    char *name = names[next++ % COUNT(names)];
    snprintf(name, sizeof names[0], "%s-%016llx", kind, (unsigned long long)sequence);
    return name;
}

static inline bool there_is(const char *kind, uint64_t sequence)
{
    return access(in_folder(life_name(kind, sequence)), F_OK) == 0;
}

#endif
