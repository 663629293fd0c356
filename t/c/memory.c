/* memory.c - a memory's operations, marks, copies and hashes, without files.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { DIM = 8 };

static const struct engram_law law = {
    .size = sizeof law, .curve = ENGRAM_EXPONENTIAL, .tau_s = 1000};

static engram_memory *make(uint32_t capacity)
{
    struct engram_memory_options options = {
        .size = sizeof options, .dim = DIM, .law = &law, .capacity = capacity};
    engram_memory *m = NULL;
    engram_memory_new(&options, &m);
    return m;
}

/* A unit vector along an axis, a little off by `tilt` towards the next. */
static const float *axis(uint32_t i, float tilt)
{
    static float vector[DIM];
    memset(vector, 0, sizeof vector);
    vector[i % DIM] = 1;
    vector[(i + 1) % DIM] = tilt;
    return vector;
}

static uint64_t add(engram_memory *m, uint32_t i, double now)
{
    struct engram_record r = {.size = sizeof r, .fields = ENGRAM_VECTOR, .vector = axis(i, 0)};
    struct engram_remembered out = {.id = ENGRAM_NO_ID};
    engram_memory_remember(m, &r, NULL, now, &out);
    return out.id;
}

static struct engram_record get(const engram_memory *m, uint64_t id)
{
    struct engram_record r = {.size = sizeof r};
    engram_memory_get(m, id, &r);
    return r;
}

static bool is_text(const char *text, size_t bytes, const char *want)
{
    return bytes == strlen(want) && memcmp(text, want, bytes) == 0;
}

static struct engram_memory_info about(const engram_memory *m)
{
    struct engram_memory_info info;
    engram_memory_info(m, &info);
    return info;
}

static size_t degree(const engram_memory *m, uint64_t id)
{
    size_t count = 0;
    engram_memory_links(m, id, NULL, 0, &count);
    return count;
}

/* ---- tests */

static void test_making(void)
{
    engram_memory *m = NULL;
    struct engram_law bad = {.size = sizeof bad, .curve = ENGRAM_EXPONENTIAL};
    struct engram_law far = {
        .size = sizeof far, .curve = ENGRAM_POWER_LAW, .unit_s = 1e300, .beta = 1};
    struct engram_memory_options o = {.size = sizeof o};
    refused(engram_memory_new(NULL, &m), ENGRAM_ENULL, "options", "options are needed");
    refused(engram_memory_new(&o, &m), ENGRAM_EDIM, "dim is 0", "so is a dim");
    o.dim = 1;
    o.law = &bad;
    refused(engram_memory_new(&o, &m), ENGRAM_ERANGE, "engram_memory_new|tau_s",
            "a law is checked");
    o.law = &far;
    refused(engram_memory_new(&o, &m), ENGRAM_ERANGE, "unit_s", "its scale must be a float");
    o.law = NULL;
    o.capacity = UINT32_MAX;
    refused(engram_memory_new(&o, &m), ENGRAM_ELIMIT, "capacity", "and a capacity bounded");
    o.capacity = 0;
    is_int(engram_memory_new(&o, &m), ENGRAM_OK, "a memory without a law or a bound");
    struct engram_law none = law;
    engram_memory_law(m, &none);
    is_int(none.size, 0, "has no law");
    none = law;
    engram_memory_law(NULL, &none);
    engram_memory_law(m, NULL);
    is_int(none.size, 0, "nor has no memory");
    float left[1];
    uint64_t id = add(m, 0, 0);
    is_int(engram_memory_retention(m, 1e9, left), ENGRAM_OK, "and nothing fades");
    ok(left[0] == 1, "in it");
    ok(engram_memory_bank(m) != NULL, "its bank can be searched");
    is_int((long)engram_memory_next(m, ENGRAM_NO_ID), (long)id, "the first memory");
    ok(engram_memory_next(m, id) == ENGRAM_NO_ID, "is the last");
    engram_memory_free(m);
    engram_memory_free(NULL);
}

static void test_records(void)
{
    engram_memory *m = make(0);
    uint64_t id = add(m, 3, 5);
    struct engram_record r = get(m, id);
    ok(r.created == 5 && r.last_recall == 5 && r.strength == 1 && r.confidence == 1 &&
           r.floor == 0 && r.scale_s == 1000 && r.beta == 1 && r.recalls == 0 &&
           r.memory_class == 0 && r.flags == 0 && r.content_bytes == 0 && r.meta_bytes == 0,
       "a record begins with what the header says");
    ok(memcmp(r.vector, axis(3, 0), sizeof(float) * DIM) == 0, "and with its vector");

    struct engram_record change = {
        .size = sizeof change,
        .fields = ENGRAM_CONTENT | ENGRAM_META | ENGRAM_STRENGTH | ENGRAM_FLAGS | ENGRAM_CLASS |
                  ENGRAM_VECTOR | ENGRAM_FLOOR | ENGRAM_SCALE | ENGRAM_RECALLS | ENGRAM_CREATED,
        .content = "a word",
        .content_bytes = 6,
        .meta = "{}",
        .meta_bytes = 2,
        .strength = 0.5f,
        .flags = ENGRAM_PINNED | ENGRAM_ARCHIVED,
        .memory_class = 7,
        .vector = axis(4, 0.5f),
        .floor = 0.25f,
        .scale_s = 10,
        .recalls = 3,
        .created = -1,
    };
    is_int(engram_memory_update(m, id, &change, 6), ENGRAM_OK, "fields are updated");
    r = get(m, id);
    ok(is_text(r.content, r.content_bytes, "a word") && is_text(r.meta, r.meta_bytes, "{}") &&
           r.strength == 0.5f && r.flags == 3 && r.memory_class == 7 && r.vector[5] == 0.5f &&
           r.vector[4] == 1 && r.floor == 0.25f && r.scale_s == 10 && r.recalls == 3 &&
           r.created == -1,
       "all of them");
    ok(r.last_recall == 5 && r.confidence == 1 && r.beta == 1, "and no others");
    ok(about(m).pinned == 1 && about(m).archived == 1, "flags are counted");
    ok(about(m).clock == 6 && about(m).sequence == 2, "the clock and the operations too");

    float left[1];
    engram_memory_retention(m, 5 + 10, left);
    ok(fabsf(left[0] - 0.5f * 0.36787944f) < 1e-6f || left[0] == 0.25f, "its own scale");
    ok(left[0] == 0.25f, "and the floor, which what is left does not fall below");
    float one = 0;
    is_int(engram_memory_retention_of(m, id, 15, &one), ENGRAM_OK, "what is left of one memory");
    ok(one == left[0], "is what is left of it among all");
    refused(engram_memory_retention_of(m, 7, 15, &one), ENGRAM_ERANGE, "id 7", "if it is one");
    change.fields = ENGRAM_STRENGTH;
    change.strength = 0.125f;
    engram_memory_update(m, id, &change, 6);
    engram_memory_retention(m, 1e6, left);
    ok(left[0] == 0.125f, "a floor never raises a value");

    struct engram_record small = {.size = offsetof(struct engram_record, content)};
    is_int(engram_memory_get(m, id, &small), ENGRAM_OK, "a caller that knows fewer fields");
    ok(small.vector && !small.content && small.size == offsetof(struct engram_record, content),
       "gets those");
    engram_memory_free(m);
}

static void test_refusals(void)
{
    engram_memory *m = make(0);
    uint64_t a = add(m, 0, 0), gone = add(m, 1, 0);
    engram_memory_forget(m, gone, 1);
    uint64_t hash = engram_memory_hash(m);
    struct engram_remembered out;
    float nan_vector[DIM] = {0};
    nan_vector[2] = NAN;
    const struct {
        struct engram_record record;
        int status;
        const char *words;
    } bad[] = {
        {{.fields = 1 << 13}, ENGRAM_ERANGE, "fields|0x2000"},
        {{.fields = ENGRAM_VECTOR}, ENGRAM_ENULL, "vector is null"},
        {{.fields = ENGRAM_VECTOR, .vector = nan_vector}, ENGRAM_ENONFINITE, "vector"},
        {{.fields = ENGRAM_CONTENT, .content_bytes = 1}, ENGRAM_ENULL, "content is null"},
        {{.fields = ENGRAM_META, .meta_bytes = 1}, ENGRAM_ENULL, "meta is null"},
        {{.fields = ENGRAM_STRENGTH, .strength = 1.5f}, ENGRAM_ERANGE, "strength is 1.5|0 .. 1"},
        {{.fields = ENGRAM_STRENGTH, .strength = NAN}, ENGRAM_ERANGE, "strength is nan"},
        {{.fields = ENGRAM_CONFIDENCE, .confidence = -1}, ENGRAM_ERANGE, "confidence is -1"},
        {{.fields = ENGRAM_FLOOR, .floor = 2}, ENGRAM_ERANGE, "floor is 2"},
        {{.fields = ENGRAM_SCALE}, ENGRAM_ERANGE, "scale_s is 0"},
        {{.fields = ENGRAM_BETA, .beta = INFINITY}, ENGRAM_ERANGE, "beta is inf"},
        {{.fields = ENGRAM_CREATED, .created = INFINITY}, ENGRAM_ERANGE, "created is inf"},
        {{.fields = ENGRAM_LAST_RECALL, .last_recall = NAN}, ENGRAM_ERANGE, "last_recall is nan"},
        {{.fields = ENGRAM_CLASS, .memory_class = 256}, ENGRAM_ERANGE, "memory_class is 256"},
        {{.fields = ENGRAM_FLAGS, .flags = 4}, ENGRAM_ERANGE, "flags is 4"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct engram_record r = bad[i].record;
        r.size = sizeof r;
        refused(engram_memory_remember(m, &r, NULL, 2, &out), bad[i].status, bad[i].words,
                "remember: %s", bad[i].words);
        refused(engram_memory_update(m, a, &r, 2), bad[i].status, bad[i].words, "update: %s",
                bad[i].words);
    }
    struct engram_record r = {.size = sizeof r};
    refused(engram_memory_remember(m, &r, NULL, NAN, &out), ENGRAM_ERANGE, "now is nan", "a time");
    struct engram_remembering how = {.size = sizeof how, .duplicates = 4};
    refused(engram_memory_remember(m, &r, &how, 0, &out), ENGRAM_ERANGE, "duplicates is 4", "how");
    how = (struct engram_remembering){.size = sizeof how, .threshold = 1.5f};
    refused(engram_memory_remember(m, &r, &how, 0, &out), ENGRAM_ERANGE, "threshold 1.5",
            "how far");

    const struct {
        struct engram_link link;
        const char *words;
    } links[] = {
        {{a, a, 1, 0}, "links[0] has 0 ends"},
        {{ENGRAM_NO_ID, ENGRAM_NO_ID, 1, 0}, "links[0] has 2 ends"},
        {{ENGRAM_NO_ID, gone, 1, 0}, "was forgotten|slot 1"},
        {{ENGRAM_NO_ID, 77, 1, 0}, "id 77|is not a memory"},
        {{ENGRAM_NO_ID, a, 1.5f, 0}, "links[0].weight is 1.5"},
        {{ENGRAM_NO_ID, a, NAN, 0}, "weight is nan"},
        {{ENGRAM_NO_ID, a, 1, 256}, "edge_class is 256"},
    };
    for (size_t i = 0; i < COUNT(links); i++) {
        how = (struct engram_remembering){
            .size = sizeof how, .links = &links[i].link, .link_count = 1};
        refused(engram_memory_remember(m, &r, &how, 0, &out), ENGRAM_ERANGE, links[i].words,
                "a link with it: %s", links[i].words);
    }
    how.link_count = ENGRAM_MAX_LINKS + 1;
    refused(engram_memory_remember(m, &r, &how, 0, &out), ENGRAM_ELIMIT, "4097 links|at most 4096",
            "links are few");
    refused(engram_memory_forget(NULL, 0, 0), ENGRAM_ENULL, "engram_memory_forget: memory is null",
            "without a memory nothing is forgotten");
    struct engram_link to_self = {a, ENGRAM_NO_ID, 1, 0};
    refused(engram_memory_link(m, &to_self, 1, 0), ENGRAM_ERANGE, "links[0] has 1 ends", "links");
    refused(engram_memory_unlink(m, a, a, 0), ENGRAM_ERANGE, "no link from 0 to 0", "no such link");
    refused(engram_memory_forget(m, gone, 0), ENGRAM_ERANGE, "engram_memory_forget|was forgotten",
            "what was forgotten is not forgotten twice");
    struct engram_reinforcement much = {.size = sizeof much, .amount = 2};
    refused(engram_memory_reinforce(m, &a, 1, &much, 0), ENGRAM_ERANGE, "amount is 2", "practice");
    much = (struct engram_reinforcement){.size = sizeof much, .scale_s = -1};
    refused(engram_memory_reinforce(m, &a, 1, &much, 0), ENGRAM_ERANGE, "scale_s is -1",
            "its scale");
    refused(engram_memory_reinforce(m, &gone, 1, NULL, 0), ENGRAM_ERANGE, "was forgotten", "whom");
    refused(engram_memory_rollback(m, 0), ENGRAM_ERANGE, "mark 0 is not open", "a mark");
    refused(engram_memory_release(m, 9), ENGRAM_ERANGE, "mark 9 is not open", "a mark");
    struct engram_conditions c = {.size = sizeof c, .flags_on = 8};
    uint64_t bits;
    refused(engram_memory_select(m, &c, &bits), ENGRAM_ERANGE, "flags_on is 8", "flags");
    ok(engram_memory_hash(m) == hash, "nothing of that changed anything");
    engram_memory_free(m);
}

static void test_links(void)
{
    engram_memory *m = make(0);
    uint64_t id[6];
    for (uint32_t i = 0; i < 6; i++)
        id[i] = add(m, i, 0);
    struct engram_link links[] = {
        {id[0], id[1], 0.5f, 0},   {id[0], id[2], 1, 2},     {id[0], id[3], 0.25f, 0},
        {id[3], id[0], 1, 0},      {id[0], id[4], 0.75f, 0}, {id[0], id[5], 1, 0},
        {id[0], id[1], 0.125f, 1}, {id[5], id[5], 1, 0},
    };
    is_int(engram_memory_link(m, links, COUNT(links), 1), ENGRAM_OK, "links are added");
    ok(about(m).links == 7 && degree(m, id[0]) == 5, "a pair has one");
    struct engram_link out[8];
    size_t count;
    engram_memory_links(m, id[0], out, 8, &count);
    ok(out[0].target == id[1] && out[0].weight == 0.125f && out[0].edge_class == 1,
       "which the last word changes in its place");
    is_int(engram_memory_unlink(m, id[0], id[2], 2), ENGRAM_OK, "one is taken away");
    engram_memory_links(m, id[0], out, 8, &count);
    ok(count == 4 && out[1].target == id[3] && out[2].target == id[4] && out[3].target == id[5],
       "the others keep their order");
    is_int(engram_memory_forget(m, id[0], 3), ENGRAM_OK, "what is forgotten");
    ok(about(m).links == 1 && degree(m, id[3]) == 0, "takes its links along, both ways");
    uint64_t again = add(m, 0, 4);
    ok((uint32_t)again == (uint32_t)id[0] && again >> 32 == 1 && degree(m, again) == 0,
       "and its slot comes back under another id, without them");
    engram_memory_free(m);
}

static void test_duplicates(void)
{
    engram_memory *m = make(0);
    struct engram_record r = {.size = sizeof r,
                              .fields = ENGRAM_VECTOR | ENGRAM_STRENGTH | ENGRAM_CONFIDENCE |
                                        ENGRAM_CONTENT,
                              .vector = axis(0, 0),
                              .strength = 0.5f,
                              .confidence = 0.5f,
                              .content = "one",
                              .content_bytes = 3};
    struct engram_remembered first, out;
    struct engram_remembering how = {.size = sizeof how, .duplicates = ENGRAM_DUPLICATES_SKIPPED};
    engram_memory_remember(m, &r, &how, 0, &first);
    ok(first.duplicates == ENGRAM_DUPLICATES_KEPT && first.evicted == ENGRAM_NO_ID, "a first one");
    uint64_t hash = engram_memory_hash(m);
    r.vector = axis(0, 0.1f);
    r.content = "two";
    engram_memory_remember(m, &r, &how, 10, &out);
    ok(out.id == first.id && out.duplicates == ENGRAM_DUPLICATES_SKIPPED &&
           engram_memory_hash(m) == hash,
       "skipped: nothing changes");
    how.threshold = 0.999f;
    engram_memory_remember(m, &r, &how, 10, &out);
    ok(out.id != first.id, "one that is not alike enough is none");
    engram_memory_forget(m, out.id, 10);

    how = (struct engram_remembering){.size = sizeof how, .duplicates = ENGRAM_DUPLICATES_MERGED};
    engram_memory_remember(m, &r, &how, 0, &out);
    struct engram_record both = get(m, first.id);
    ok(out.id == first.id && both.strength == 0.75f && both.confidence == 0.75f &&
           is_text(both.content, both.content_bytes, "two"),
       "merged: strengths and confidences join");
    ok(both.vector[0] > 0.9f && both.vector[1] > 0.04f && both.vector[1] < 0.06f,
       "in the mean direction");

    struct engram_record nothing = {.size = sizeof nothing, .fields = ENGRAM_STRENGTH};
    engram_memory_update(m, first.id, &nothing, 0);
    r.strength = 0;
    engram_memory_remember(m, &r, &how, 0, &out);
    both = get(m, first.id);
    ok(out.id == first.id && both.strength == 0 && both.vector[0] > 0.9f,
       "even of nothing and nothing");

    how.duplicates = ENGRAM_DUPLICATES_REPLACED;
    r.fields = ENGRAM_VECTOR;
    engram_memory_remember(m, &r, &how, 20, &out);
    both = get(m, first.id);
    ok(out.id == first.id && both.strength == 1 && both.confidence == 1 && both.created == 20 &&
           both.content_bytes == 0,
       "replaced: the record is the new one's");
    engram_memory_free(m);
}

static void test_eviction(void)
{
    engram_memory *m = make(3);
    uint64_t a = add(m, 0, 0), b = add(m, 1, 1), c = add(m, 2, 2);
    struct engram_record pin = {.size = sizeof pin, .fields = ENGRAM_FLAGS, .flags = ENGRAM_PINNED};
    engram_memory_update(m, a, &pin, 2);
    struct engram_record r = {.size = sizeof r};
    struct engram_remembered out;
    engram_memory_remember(m, &r, NULL, 3, &out);
    ok(out.evicted == b && about(m).count == 3, "what has least left makes room");
    struct engram_link link = {ENGRAM_NO_ID, c, 1, 0};
    struct engram_remembering how = {.size = sizeof how, .links = &link, .link_count = 1};
    engram_memory_remember(m, &r, &how, 4, &out);
    ok(out.evicted != c && out.evicted != a, "not what is pinned, nor what it is linked with");
    engram_memory_update(m, c, &pin, 4);
    engram_memory_update(m, out.id, &pin, 4);
    uint64_t hash = engram_memory_hash(m);
    refused(engram_memory_remember(m, &r, NULL, 5, &out), ENGRAM_ELIMIT, "full with 3|pinned",
            "with all pinned nothing can be remembered");
    ok(engram_memory_hash(m) == hash, "and nothing is lost");
    engram_memory_free(m);
}

static void test_reinforcing(void)
{
    engram_memory *m = make(0);
    uint64_t id = add(m, 0, 0);
    struct engram_record r = {.size = sizeof r,
                              .fields = ENGRAM_STRENGTH | ENGRAM_CONFIDENCE,
                              .strength = 0.5f,
                              .confidence = 0.6f};
    engram_memory_update(m, id, &r, 0);
    engram_memory_reinforce(m, &id, 1, NULL, 50);
    r = get(m, id);
    ok(r.last_recall == 50 && r.recalls == 1 && r.strength == 0.5f &&
           fabsf(r.confidence - 0.62f) < 1e-6f,
       "a recall is recorded");
    struct engram_reinforcement practice = {
        .size = sizeof practice, .amount = 0.5f, .scale_s = 2000, .beta = 0.25f};
    uint64_t twice[] = {id, id};
    engram_memory_reinforce(m, twice, 2, &practice, 60);
    r = get(m, id);
    ok(r.strength == 0.875f && r.recalls == 3 && r.scale_s == 2000 && r.beta == 0.25f &&
           r.last_recall == 60,
       "practice strengthens and slows forgetting");
    engram_memory_reinforce(m, &id, 1, NULL, 55);
    r = get(m, id);
    ok(r.last_recall == 60 && r.recalls == 4, "a recall that was earlier does not make it older");
    uint64_t sequence = about(m).sequence;
    is_int(engram_memory_reinforce(m, NULL, 0, NULL, 70), ENGRAM_OK, "of none");
    ok(about(m).sequence == sequence, "is no operation");
    long calls = heap.calls;
    for (int i = 0; i < 1000; i++)
        engram_memory_reinforce(m, twice, 2, &practice, 80 + i);
    is_int(heap.calls, calls, "nothing is allocated for it");
    engram_memory_free(m);
}

static void test_selecting(void)
{
    engram_memory *m = make(0);
    for (uint32_t i = 0; i < 100; i++) {
        struct engram_record r = {.size = sizeof r,
                                  .fields = ENGRAM_CLASS | ENGRAM_STRENGTH | ENGRAM_FLAGS |
                                            ENGRAM_RECALLS | ENGRAM_CONFIDENCE,
                                  .memory_class = i % 5,
                                  .strength = (float)i / 100,
                                  .confidence = 0.5f,
                                  .recalls = i % 3,
                                  .flags = i % 2 ? ENGRAM_ARCHIVED : 0};
        struct engram_remembered out;
        engram_memory_remember(m, &r, NULL, i, &out);
    }
    engram_memory_forget(m, 30, 100);
    struct engram_conditions c = {.size = sizeof c};
    uint64_t bits[2];
    engram_memory_select(m, &c, bits);
    is_int(__builtin_popcountll(bits[0]) + __builtin_popcountll(bits[1]), 99, "all there are");
    c.given = ENGRAM_CREATED | ENGRAM_CLASS | ENGRAM_STRENGTH | ENGRAM_RECALLS | ENGRAM_CONFIDENCE |
              ENGRAM_LAST_RECALL;
    c.created[0] = 10;
    c.created[1] = 90;
    c.last_recall[1] = 85;
    c.classes[0] = 1 | 4;
    c.strength[0] = 0.2f;
    c.strength[1] = 0.8f;
    c.recalls[0] = 1;
    c.recalls[1] = 2;
    c.confidence[1] = 0.5f;
    c.flags_off = ENGRAM_ARCHIVED;
    engram_memory_select(m, &c, bits);
    bool right = true;
    for (uint32_t i = 0; i < 100; i++) {
        bool want = i != 30 && i >= 10 && i <= 85 && (i % 5 == 0 || i % 5 == 2) &&
                    (float)i / 100 >= 0.2f && (float)i / 100 <= 0.8f && i % 3 >= 1 && i % 2 == 0;
        right &= want == (bits[i / 64] >> i % 64 & 1);
    }
    ok(right, "those that meet every condition");
    struct engram_conditions faded = {
        .size = sizeof faded, .given = ENGRAM_RETENTION, .retention = {0, 0.1f}, .now = 1000};
    float left[100];
    engram_memory_retention(m, 1000, left);
    engram_memory_select(m, &faded, bits);
    right = true;
    for (uint32_t i = 0; i < 100; i++)
        right &= (i != 30 && left[i] <= 0.1f) == (bits[i / 64] >> i % 64 & 1);
    ok(right && left[99] > 0.1f && left[1] < 0.1f, "those of which little is left");
    faded.now = NAN;
    refused(engram_memory_select(m, &faded, bits), ENGRAM_ERANGE, "now is nan", "at some time");
    faded.given = ENGRAM_RETENTION | ENGRAM_FLOOR;
    refused(engram_memory_select(m, &faded, bits), ENGRAM_ERANGE, "given is 0x2080",
            "of what there is no range for");
    engram_memory_free(m);
}

/* ---- recall */

enum { K = 5 };

static void test_recalling(void)
{
    engram_memory *m = make(0);
    uint64_t id[DIM];
    for (uint32_t i = 0; i < DIM; i++)
        id[i] = add(m, i, 0);
    struct engram_link links[] = {{id[0], id[1], 1, 0}, {id[1], id[2], 1, 0}};
    engram_memory_link(m, links, 2, 0);
    struct engram_record half = {
        .size = sizeof half, .fields = ENGRAM_CONFIDENCE, .confidence = 0.5f};
    engram_memory_update(m, id[1], &half, 0);

    struct engram_frontier f = {.size = sizeof f, .hops = 2};
    float first[DIM], second[DIM];
    memcpy(first, axis(0, 0), sizeof first);
    memcpy(second, axis(2, 0), sizeof second);
    struct engram_cue cue = {.size = sizeof cue, .vector = first};
    struct engram_recall_options o = {.size = sizeof o, .k = K, .now = 1000, .frontier = &f};
    struct engram_hit hits[2 * K];
    struct engram_parts parts[2 * K];
    struct engram_recalled out[2];
    uint64_t hash = engram_memory_hash(m);
    is_int(engram_memory_recall(m, &cue, &o, 0, NULL, hits, parts, out), ENGRAM_OK, "a peek");
    ok(out->count == 3 && hits[0].id == id[0] && hits[1].id == id[2] && hits[2].id == id[1],
       "finds what is alike and what that leads to");
    ok(fabsf(parts[0].retention - 0.36787944f) < 1e-6f && parts[2].confidence == 0.5f,
       "by the memory's law, strengths and confidences");
    ok(engram_memory_hash(m) == hash, "and changes nothing");
    is_int(engram_memory_recall(m, &cue, &o, ENGRAM_RECORD, NULL, hits, NULL, out), ENGRAM_OK,
           "a recall");
    struct engram_record r = get(m, id[1]);
    ok(r.recalls == 1 && r.last_recall == 1000 && r.confidence > 0.52f &&
           get(m, id[3]).recalls == 0,
       "is recorded for what it returned");
    refused(engram_memory_recall(m, &cue, &o, 4, NULL, hits, NULL, out), ENGRAM_ERANGE,
            "flags is 0x4", "flags are checked");

    struct engram_record archive = {
        .size = sizeof archive, .fields = ENGRAM_FLAGS, .flags = ENGRAM_ARCHIVED};
    engram_memory_update(m, id[1], &archive, 1000);
    engram_memory_recall(m, &cue, &o, 0, NULL, hits, NULL, out);
    ok(out->count == 2 && hits[1].id == id[2], "what is archived is passed through, not returned");
    engram_memory_recall(m, &cue, &o, ENGRAM_WITH_ARCHIVED, NULL, hits, NULL, out);
    is_int(out->count, 3, "unless it is asked for");

    engram_session *session;
    struct engram_hit whole[K];
    engram_session_new(&session);
    engram_memory_recall(m, &cue, &o, 0, NULL, whole, NULL, out);
    f.budget = 1;
    hash = engram_memory_hash(m);
    engram_memory_recall(m, &cue, &o, ENGRAM_RECORD, session, hits, NULL, out);
    ok(!out->complete && engram_memory_hash(m) == hash, "what the budget stops is not recorded");
    is_int(engram_memory_resume(m, session, 0, hits, NULL, out), ENGRAM_OK, "until it is resumed");
    ok(out->complete && out->count == 2 && memcmp(hits, whole, 2 * sizeof *hits) == 0 &&
           engram_memory_hash(m) != hash,
       "to its end");
    refused(engram_memory_resume(m, session, 0, hits, NULL, out), ENGRAM_EBUSY,
            "engram_memory_resume|changed", "in a changed memory there is nothing to resume");
    engram_memory *others[2];
    for (int i = 0; i < 2; i++)
        engram_memory_fork(m, &others[i]);
    engram_memory_recall(others[0], &cue, &o, ENGRAM_RECORD, session, hits, NULL, out);
    refused(engram_memory_resume(others[1], session, 0, hits, NULL, out), ENGRAM_ERANGE,
            "engram_memory_resume|this memory", "nor in another one that was changed as often");
    for (int i = 0; i < 2; i++)
        engram_memory_free(others[i]);
    engram_session_free(session);
    engram_session_new(&session);
    refused(engram_memory_resume(m, session, 0, hits, NULL, out), ENGRAM_ERANGE, "begun",
            "nor in a session that is new");
    engram_session_free(session);

    f.budget = 0;
    struct engram_cue cues[] = {cue, {.size = sizeof cue, .seed_count = 1, .seed_ids = &id[4]}};
    cues[1].vector = second;
    engram_memory_recall_batch(m, cues, 2, &o, ENGRAM_RECORD, NULL, hits, parts, out);
    ok(out[0].count == 2 && out[1].count == 2 && hits[K].id == id[2] &&
           get(m, id[2]).recalls == 4 && get(m, id[4]).recalls == 1,
       "many cues at once, each recorded");
    refused(engram_memory_recall_batch(m, cues, 2, &o, 4, NULL, hits, parts, out), ENGRAM_ERANGE,
            "engram_memory_recall_batch|flags is 0x4", "their flags are checked");
    refused(engram_memory_recall_batch(m, cues, 2, NULL, 0, NULL, hits, parts, out), ENGRAM_ENULL,
            "options", "and their options");
    struct engram_explanation why;
    is_int(engram_memory_explain(m, &cue, &o, NULL, id[2], &why), ENGRAM_OK, "and explained");
    ok(why.count == 1 && why.sources[0].id == id[0] && why.sources[0].path_length == 3,
       "from the source along its path");
    engram_memory_free(m);
}

/* Before there is anything: no slots, no links, no texts. */
static void test_nothing(void)
{
    engram_memory *m = make(0), *copy;
    struct engram_frontier f = {.size = sizeof f, .hops = 2};
    struct engram_recall_options o = {
        .size = sizeof o, .frontier = &f, .confidence = ENGRAM_CONFIDENCE_PATHS};
    float vector[DIM];
    memcpy(vector, axis(0, 0), sizeof vector);
    struct engram_cue cues[] = {{.size = sizeof cues[0], .vector = vector},
                                {.size = sizeof cues[0]}};
    struct engram_hit hits[20];
    struct engram_recalled out[2];
    struct engram_explanation why;
    engram_session *session;
    engram_session_new(&session);
    bool right = true;
    for (int i = 0; i < 4; i++) {
        right &= engram_memory_recall(m, &cues[i % 2], &o, ENGRAM_RECORD, i < 2 ? session : NULL,
                                      hits, NULL, out) == ENGRAM_OK &&
                 out->count == 0 && out->complete;
        right &= i > 1 || engram_memory_resume(m, session, 0, hits, NULL, out) == ENGRAM_OK;
    }
    right &= engram_memory_recall_batch(m, cues, 2, &o, 0, NULL, hits, NULL, out) == ENGRAM_OK &&
             out[0].count == 0 && out[1].count == 0;
    ok(right, "an empty memory has no answer to any cue");
    refused(engram_memory_explain(m, cues, &o, NULL, 0, &why), ENGRAM_ERANGE, "not a memory",
            "and nothing to explain");
    engram_memory_fork(m, &copy);
    ok(engram_memory_hash(copy) == engram_memory_hash(m), "its copy is as empty");
    engram_memory_free(copy);
    add(m, 0, 0);
    ok(engram_memory_recall(m, cues, &o, 0, NULL, hits, NULL, out) == ENGRAM_OK && out->count == 1,
       "a memory without links is found by what it is like");
    engram_session_free(session);
    engram_memory_free(m);
}

/* Recalls of k hits over two hops, every third of them recorded, with practice between. */
static void steps(engram_memory *m, engram_session *session, int from, int to)
{
    struct engram_frontier f = {.size = sizeof f, .hops = 2};
    struct engram_recall_options o = {.size = sizeof o, .k = K, .frontier = &f};
    struct engram_reinforcement practice = {.size = sizeof practice, .amount = 0.01f};
    struct engram_hit hits[K];
    struct engram_parts parts[K];
    struct engram_recalled out;
    for (int i = from; i < to; i++) {
        struct engram_cue cue = {.size = sizeof cue, .vector = axis((uint32_t)i, 0.5f)};
        o.now = i;
        engram_memory_recall(m, &cue, &o, i % 3 == 0 ? ENGRAM_RECORD : 0, session, hits, parts,
                             &out);
        engram_memory_reinforce(m, &hits[0].id, out.count > 0, &practice, i);
    }
}

static void test_steady(void)
{
    engram_memory *m = make(0);
    engram_session *session;
    engram_session_new(&session);
    uint64_t id[4 * DIM];
    for (uint32_t i = 0; i < COUNT(id); i++) {
        id[i] = add(m, i, i);
        struct engram_link links[] = {{id[i], id[i / 2], 0.5f, 0}, {id[i], id[i / 3], 0.25f, 1}};
        engram_memory_link(m, links, 2, i);
    }
    steps(m, session, 100, 100 + 4 * DIM);
    long calls = heap.calls, live = heap.live;
    uint64_t sequence = about(m).sequence;
    steps(m, session, 200, 10200);
    ok(about(m).sequence > sequence + 10000, "ten thousand recalls and as much practice");
    is_int(heap.calls, calls, "allocate nothing once warm");
    is_int(heap.live, live, "and free nothing");
    engram_session_free(session);
    engram_memory_free(m);
}

/* ---- a random life, whose marks and copies are as the state was */

static struct engram_rng rng;

static uint64_t any_id(const engram_memory *m)
{
    uint32_t skip = engram_rng_below(&rng, about(m).count + 1);
    uint64_t id = engram_memory_next(m, ENGRAM_NO_ID);
    while (skip-- > 0 && engram_memory_next(m, id) != ENGRAM_NO_ID)
        id = engram_memory_next(m, id);
    return id;
}

static int remember_any(engram_memory *m, double now)
{
    float vector[DIM];
    char text[40];
    engram_rng_fill_normal(&rng, DIM, vector);
    struct engram_record r = {
        .size = sizeof r,
        .fields = ENGRAM_VECTOR | ENGRAM_CONTENT | ENGRAM_FLAGS,
        .vector = vector,
        .content = text,
        .content_bytes = (size_t)snprintf(text, sizeof text, "at %g", now),
        .flags = engram_rng_below(&rng, 10) == 0 ? ENGRAM_PINNED : 0,
    };
    uint64_t other = any_id(m);
    struct engram_link links[] = {{ENGRAM_NO_ID, other, 0.5f, 0},
                                  {any_id(m), ENGRAM_NO_ID, 0.25f, 1}};
    struct engram_remembering how = {.size = sizeof how,
                                     .links = links,
                                     .link_count = other == ENGRAM_NO_ID ? 0 : 2,
                                     .duplicates = engram_rng_below(&rng, 4),
                                     .threshold = 0.7f};
    struct engram_remembered out;
    return engram_memory_remember(m, &r, &how, now, &out);
}

static int update_any(engram_memory *m, double now)
{
    float vector[DIM];
    engram_rng_fill_normal(&rng, DIM, vector);
    struct engram_record r = {
        .size = sizeof r,
        .fields = engram_rng_below(&rng, 2) * ENGRAM_VECTOR | ENGRAM_CONTENT | ENGRAM_META |
                  ENGRAM_FLAGS | ENGRAM_FLOOR,
        .vector = vector,
        .content = "changed",
        .content_bytes = engram_rng_below(&rng, 8),
        .meta = "meta",
        .meta_bytes = engram_rng_below(&rng, 5),
        .flags = engram_rng_below(&rng, 4),
        .floor = 0.5f,
    };
    return engram_memory_update(m, any_id(m), &r, now);
}

/* One operation; the status, 0 too where there was nothing to do it to. */
static int live(engram_memory *m, double now)
{
    uint32_t kind = engram_rng_below(&rng, 10);
    if (kind < 4 || about(m).count < 3)
        return remember_any(m, now);
    uint64_t ids[] = {any_id(m), any_id(m)};
    struct engram_link link = {ids[0], ids[1], (float)engram_rng_uniform(&rng),
                               engram_rng_below(&rng, 3)};
    struct engram_reinforcement practice = {.size = sizeof practice, .amount = 0.1f};
    switch (kind) {
    case 4:
    case 5:
        return engram_memory_link(m, &link, 1, now);
    case 6:
        return engram_memory_unlink(m, ids[0], ids[1], now) == ENGRAM_ENOMEM ? ENGRAM_ENOMEM : 0;
    case 7:
        return engram_memory_forget(m, ids[0], now);
    case 8:
        return engram_memory_reinforce(m, ids, 2, engram_rng_below(&rng, 2) ? &practice : NULL,
                                       now);
    default:
        return update_any(m, now);
    }
}

enum { MARKS = 6 };

static void test_marks(uint64_t seed)
{
    engram_memory *m = make(40);
    uint64_t mark[MARKS], hash[MARKS];
    uint32_t open = 0, rollbacks = 0, copies = 0;
    bool right = true, same = true;
    rng.state = seed;
    for (int i = 0; i < 30000; i++) {
        uint32_t kind = engram_rng_below(&rng, 40);
        if (kind == 0 && open < MARKS) {
            hash[open] = engram_memory_hash(m);
            right &= engram_memory_mark(m, &mark[open++]) == ENGRAM_OK;
        } else if (kind == 1 && open) {
            uint32_t to = engram_rng_below(&rng, open);
            right &= engram_memory_rollback(m, mark[to]) == ENGRAM_OK &&
                     engram_memory_hash(m) == hash[to];
            open = to + 1;
            rollbacks++;
        } else if (kind == 2 && open) {
            open = engram_rng_below(&rng, open);
            right &= engram_memory_release(m, mark[open]) == ENGRAM_OK;
        } else if (kind == 3) {
            engram_memory *copy;
            engram_memory_fork(m, &copy);
            uint64_t state = rng.state;
            same &= engram_memory_hash(copy) == engram_memory_hash(m);
            for (int j = 0; j < 20; j++)
                live(copy, i + j);
            rng.state = state;
            for (int j = 0; j < 20; j++)
                live(m, i + j);
            same &= engram_memory_hash(copy) == engram_memory_hash(m);
            engram_memory_free(copy);
            copies++;
        } else {
            int status = live(m, i);
            right &= status == ENGRAM_OK || status == ENGRAM_ELIMIT;
        }
    }
    ok(right && rollbacks > 100, "%u rollbacks, seed %llu: the state is as it was at the mark",
       rollbacks, (unsigned long long)seed);
    ok(same && copies > 100, "%u copies live on as their originals do", copies);
    is_int((long)(about(m).marks != open), 0, "marks are counted");
    engram_memory_free(m);
}

/* With memory that runs out at every point in turn, an operation fails and changes nothing, or is
 * done. */
static void test_memory_running_out(void)
{
    bool right = true;
    int failures = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        engram_memory *m = make(seed % 2 ? 10 : 0);
        uint64_t mark;
        rng.state = seed;
        for (int i = 0; i < 40; i++) {
            if (i == 20 && seed % 3)
                engram_memory_mark(m, &mark);
            uint64_t before = engram_memory_hash(m), state = rng.state;
            engram_deinit_thread_arena();
            int status;
            long fuse = 0;
            do { /* until it has as much as it needs */
                rng.state = state;
                heap.fuse = fuse++;
                status = live(m, i);
                heap.fuse = -1;
                if (status == ENGRAM_ENOMEM) {
                    failures++;
                    right &= engram_memory_hash(m) == before;
                }
            } while (status == ENGRAM_ENOMEM);
        }
        engram_memory_free(m);
    }
    ok(right && failures > 1000, "%d failed allocations changed nothing", failures);
}

/* What a memory lends may move while it changes, so it does not come back as it is. */
static void test_lent_records(void)
{
    engram_memory *m = make(0);
    uint64_t id = add(m, 1, 0), other = add(m, 2, 0);
    struct engram_record text = {.size = sizeof text,
                                 .fields = ENGRAM_CONTENT | ENGRAM_META,
                                 .content = "abc",
                                 .content_bytes = 3,
                                 .meta = "de",
                                 .meta_bytes = 2};
    struct engram_remembered out;
    engram_memory_update(m, id, &text, 0);
    uint64_t hash = engram_memory_hash(m);
    static const struct {
        uint32_t field;
        const char *words;
    } fields[] = {{ENGRAM_VECTOR, "vector is the memory's own"},
                  {ENGRAM_CONTENT, "content is the memory's own"},
                  {ENGRAM_META, "meta is the memory's own"}};
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct engram_record r = get(m, id);
        r.fields = fields[i].field;
        refused(engram_memory_update(m, other, &r, 1), ENGRAM_EALIAS, fields[i].words,
                "what is lent cannot be given to another, field %zu", i);
        refused(engram_memory_remember(m, &r, NULL, 1, &out), ENGRAM_EALIAS, fields[i].words,
                "nor remembered, field %zu", i);
    }
    ok(engram_memory_hash(m) == hash, "and nothing was changed");
    engram_memory_free(m);
}

int main(int argc, char **argv)
{
    start(NULL);
    test_making();
    test_records();
    test_refusals();
    test_lent_records();
    test_links();
    test_duplicates();
    test_eviction();
    test_reinforcing();
    test_selecting();
    test_recalling();
    test_nothing();
    test_steady();
    for (uint64_t seed = 1; seed <= 3; seed++)
        test_marks(seed);
    if (argc > 2 && strcmp(argv[1], "--seed") == 0)
        test_marks(strtoull(argv[2], NULL, 10));
    test_memory_running_out();
    heap_settled();
    return done();
}
