/* header.c - engram.h stands alone: it comes first, and a declaration of each section is used.
 * SPDX-License-Identifier: MIT */
#include "engram.h"

/* Types and constants, before any other header could have lent them. */
enum { OF_STATUS = ENGRAM_ECANCELLED, OF_START = ENGRAM_LOG_NOTE, OF_ARENAS = ENGRAM_ARENA_HEAD };
static struct engram_options options = {.size = sizeof options, .ignore_environment = 1};
static struct engram_arena_config config = {.size = sizeof config, .bytes = 4096};
static struct engram_spread spread = {.size = sizeof spread, .keep = 1, .gain = 1};
static struct engram_frontier frontier = {.size = sizeof frontier, .hops = 1};
static struct engram_memories memories = {.size = sizeof memories, .slots = 1};
static struct engram_cue cue = {.size = sizeof cue};
static struct engram_recall_options recall = {.size = sizeof recall, .k = 1};
static struct engram_law law = {.size = sizeof law, .tau_s = 1};

/* A function of each section; the addresses prove that they can be linked. */
static engram_any_kernel *const of_each_section[] = {
    (engram_any_kernel *)engram_strerror,
    (engram_any_kernel *)engram_init,
    (engram_any_kernel *)engram_isa_set,
    (engram_any_kernel *)engram_arena_new,
    (engram_any_kernel *)engram_self_test,
    (engram_any_kernel *)engram_cosines_f32,
    (engram_any_kernel *)engram_top_k_f32,
    (engram_any_kernel *)engram_exp_f32,
    (engram_any_kernel *)engram_decay_f32,
    (engram_any_kernel *)engram_builder_new,
    (engram_any_kernel *)engram_graph_from_csr,
    (engram_any_kernel *)engram_graph_spread,
    (engram_any_kernel *)engram_graph_frontier,
    (engram_any_kernel *)engram_bank_new,
    (engram_any_kernel *)engram_recall,
    (engram_any_kernel *)engram_rng_next,
    (engram_any_kernel *)engram_vector_similarity,
    (engram_any_kernel *)engram_caches,
    (engram_any_kernel *)engram_cdef,
};

#include "../tap.h"

/* The text for LuaJIT: plain C without a line for the preprocessor, braces in balance. */
static void text_for_lua(void)
{
    const char *text = engram_cdef();
    int depth = 0, lowest = 0, directives = 0, start_of_line = 1;
    for (const char *p = text; *p; p++) {
        depth += (*p == '{') - (*p == '}');
        lowest = depth < lowest ? depth : lowest;
        directives += start_of_line && *p == '#';
        start_of_line = *p == '\n' || (start_of_line && *p == ' ');
    }
    ok(depth == 0 && lowest == 0, "the text for LuaJIT has its braces in balance");
    is_int(directives, 0, "the text for LuaJIT has no line for the preprocessor");
    ok(strstr(text, "ENGRAM_API = 1"), "it begins with the first constant");
    ok(strstr(text, "engram_deinit_thread_arena"), "it goes on to the last function");
    ok(!strstr(text, "engram_cdef(void)"), "what stands behind the mark is not in it");
}

int main(void)
{
    is_int(ENGRAM_OK, 0, "success is 0");
    is_int(OF_STATUS, 19, "the last status is 19");
    is_int(OF_START, 2, "a note is of level 2");
    is_int(OF_ARENAS, 320, "the head of an arena takes 320 bytes");
    size_t linked = 0;
    for (size_t i = 0; i < sizeof of_each_section / sizeof *of_each_section; i++)
        linked += of_each_section[i] != NULL;
    is_int((long long)linked, 19, "a function of each section can be linked");
    is_int(engram_init(&options), ENGRAM_OK, "the library starts with these options");
    ok(engram_version()[0] >= '0' && engram_version()[0] <= '9' && strchr(engram_version(), '.'),
       "the version is numbers and dots");
    ok(memories.slots + frontier.hops + recall.k == 3 && spread.steps == 0 && cue.seed_count == 0 &&
           law.curve == ENGRAM_EXPONENTIAL && config.bytes == 4096,
       "every struct that a caller fills can be filled by name");

    struct engram_hit hit = {.id = (uint64_t)((1u << 21) - 1) << 32 | 0xffffffffu};
    ok((uint64_t)(double)hit.id == hit.id, "the largest id survives a double");

    ok(strstr(engram_strerror(ENGRAM_EDIM), "EDIM") == engram_strerror(ENGRAM_EDIM),
       "a status has its name in front");
    int twins = 0;
    for (int i = ENGRAM_OK; i <= ENGRAM_ECANCELLED; i++)
        for (int j = ENGRAM_OK; j < i; j++)
            twins += strcmp(engram_strerror(i), engram_strerror(j)) == 0;
    is_int(twins, 0, "every status has words of its own");
    ok(engram_strerror(-1) && engram_strerror(20) && engram_strerror(1 << 30),
       "numbers that are no status have words too");

    ok(engram_hash("engram", 6, 1) == engram_hash("engram", 6, 1) &&
           engram_hash("engram", 6, 1) != engram_hash("engram", 6, 2) &&
           engram_hash("engram", 6, 1) != engram_hash("engrbm", 6, 1),
       "a hash depends on the bytes and the seed");
    double first = engram_clock();
    ok(engram_clock() >= first, "the clock does not go back");
    text_for_lua();
    return done();
}
