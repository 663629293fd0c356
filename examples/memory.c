/* memory.c - a host without Lua: a robot that remembers places, recalls, and tries something out.
 * SPDX-License-Identifier: MIT
 * Build: cc memory.c $(pkg-config --cflags --libs engram)
 * prints: kitchen 0.848; hall 0.212; without the kitchen 0; still 3 places */
#include <engram.h>
#include <stdio.h>
#include <string.h>

enum { DIM = 4, K = 2, HOUR = 3600 };
static const struct {
    const char *name;
    float looks[DIM];
} places[] = {{"hall", {1, 0, 0, 1}}, {"kitchen", {0, 1, 0, 0}}, {"garden", {0, 0, 1, -1}}};

static int fail(void)
{
    return fprintf(stderr, "memory: %s\n", engram_last_message()), 1;
}

int main(void)
{
    const struct engram_law law = {.size = sizeof law, .tau_s = 24 * HOUR}; /* exponential */
    const struct engram_memory_options kind = {.size = sizeof kind, .dim = DIM, .law = &law};
    struct engram_remembered seen[3];
    engram_memory *memory, *thought;
    struct engram_hit hits[K];
    struct engram_recalled done;
    if (engram_init(NULL) || engram_memory_new(&kind, &memory))
        return fail();
    for (int i = 0; i < 3; i++) { /* one an hour, each linked with the one before */
        const struct engram_record place = {.size = sizeof place,
                                            .fields = ENGRAM_VECTOR | ENGRAM_CONTENT,
                                            .vector = places[i].looks,
                                            .content = places[i].name,
                                            .content_bytes = strlen(places[i].name)};
        const struct engram_link way = {ENGRAM_NO_ID, i ? seen[i - 1].id : 0, 0.6f, 0};
        const struct engram_remembering how = {sizeof how, i > 0, &way, 0, 0};
        if (engram_memory_remember(memory, &place, &how, i * HOUR, &seen[i]))
            return fail();
    }

    const struct engram_frontier links = {.size = sizeof links, .hops = 2};
    const struct engram_cue cue = {.size = sizeof cue, .vector = (float[]){0, 1, 0, 0}};
    const struct engram_recall_options now = {sizeof now, K, 2 * HOUR, .frontier = &links};
    if (engram_memory_recall(memory, &cue, &now, ENGRAM_RECORD, NULL, hits, NULL, &done))
        return fail();
    for (uint32_t i = 0; i < done.count; i++) {
        struct engram_record found = {.size = sizeof found};
        engram_memory_get(memory, hits[i].id, &found);
        printf("%.*s %.3f; ", (int)found.content_bytes, found.content, hits[i].score);
    }
    if (engram_memory_fork(memory, &thought) || /* what if the kitchen were not there? */
        engram_memory_forget(thought, seen[1].id, 3 * HOUR) ||
        engram_memory_recall(thought, &cue, &now, 0, NULL, hits, NULL, &done))
        return fail();
    struct engram_memory_info info;
    engram_memory_info(memory, &info);
    printf("without the kitchen %u; still %u places\n", done.count, info.count);
    return engram_memory_free(thought), engram_memory_free(memory), 0;
}
