/* embed.c - the smallest honest host: its own LuaJIT, a frame loop, errors shown.
 * SPDX-License-Identifier: MIT
 * Build: cc embed.c $(pkg-config --cflags --libs engram luajit)
 * prints: 60 frames, 60 agreed; scratch peak 704 of 4096 */
#include <engram.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

enum { ROWS = 100, DIM = 8, FRAMES = 60, SCRATCH = 4096 };
static const char script[] = /* the same world as C's, and what a frame asks of it */
    "engram = require 'engram'; world = engram.bank.new(8)\n"
    "world:add(engram.rng(7):fill_normal(engram.matrix(100, 8)))\n"
    "function frame(n) return world:search(engram.rng(n):fill_normal(engram.vec(8)), 3):id(1) end";

static int fail(const char *why)
{
    return fprintf(stderr, "embed: %s\n", why), 1;
}

int main(void)
{
    static unsigned char block[SCRATCH + ENGRAM_ARENA_HEAD];
    const struct engram_arena_config frame = {sizeof frame, ENGRAM_ERROR_RETURN, 0, 0, SCRATCH};
    struct engram_rng rng = {7};
    float rows[ROWS * DIM], query[DIM];
    uint64_t ids[ROWS];
    engram_arena *scratch;
    engram_bank *bank;
    engram_rng_fill_normal(&rng, ROWS * DIM, rows);
    if (engram_init(NULL) || engram_arena_over(block, &frame, &scratch) ||
        engram_bank_new(DIM, &bank) || engram_bank_add(bank, rows, ROWS, ids))
        return fail(engram_last_message());
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_dostring(L, script))
        return fail(lua_tostring(L, -1));
    int agreed = 0;
    for (int n = 0; n < FRAMES; n++) {
        struct engram_hit hits[3];
        size_t count;
        rng.state = (uint64_t)n;
        engram_rng_fill_normal(&rng, DIM, query);
        if (engram_bank_search(bank, query, 1, 3, NULL, scratch, hits, &count, NULL))
            return fail(engram_last_message());
        lua_getglobal(L, "frame");
        lua_pushinteger(L, n);
        if (lua_pcall(L, 1, 1, 0))
            return fail(lua_tostring(L, -1));
        agreed += lua_tonumber(L, -1) == (double)hits[0].id;
        lua_settop(L, 0);
    }
    struct engram_arena_info info;
    engram_arena_info(scratch, &info);
    printf("%d frames, %d agreed; scratch peak %d of %d\n", FRAMES, agreed, (int)info.peak,
           SCRATCH);
    lua_close(L);
    engram_bank_free(bank);
    engram_arena_free(scratch);
}
