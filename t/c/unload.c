/* unload.c - a thread loads the library into a Lua state, closes the state, and ends.
 * SPDX-License-Identifier: MIT
 *
 * Closing the state unloads what only it had loaded; the thread's arena is freed after that, by
 * code that must still be there. This program links LuaJIT and not a line of the library. */
#include "../tap.h"

#include <dlfcn.h>
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 20 };

static char library[4096];

static const char script[] = "local ffi, path = require 'ffi', ...\n"
                             "local C = ffi.load(path)\n"
                             "if not pcall(ffi.typeof, 'engram_arena') then\n"
                             "  ffi.cdef 'const char *engram_cdef(void);'\n"
                             "  ffi.cdef(ffi.string(C.engram_cdef()))\n"
                             "end\n"
                             "assert(C.engram_init(nil) == 0)\n"
                             "local mark = ffi.new 'struct engram_mark'\n"
                             "local arena = C.engram_arena_thread()\n"
                             "C.engram_arena_mark(arena, mark)\n"
                             "assert(C.engram_arena_alloc(arena, 1000, 64) ~= nil)\n"
                             "assert(C.engram_arena_release(arena, mark) == 0)\n";

static void *live(void *message)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    int failed = luaL_loadstring(L, script);
    lua_pushstring(L, library);
    failed = failed || lua_pcall(L, 1, 0, 0);
    if (failed)
        snprintf(message, 200, "%s", lua_tostring(L, -1));
    lua_close(L);
    return NULL;
}

/* The counters of engram_arena_totals: resets first, arenas alive sixth. */
static void totals(uint64_t out[7])
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
    void (*ask)(uint64_t *) = NULL;
    if (handle)
        *(void **)&ask = dlsym(handle, "engram_arena_totals");
    if (ask)
        ask(out);
    if (handle)
        dlclose(handle);
}

int main(void)
{
    const char *folder = getenv("builddir");
    snprintf(library, sizeof library, "%s/src/.libs/libengram.so", folder ? folder : ".");
    if (access(library, R_OK) != 0) {
        skip("no shared library was built");
        return done();
    }
    char message[200] = "";
    for (int i = 0; i < ROUNDS && !*message; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, live, message) == 0)
            pthread_join(thread, NULL);
    }
    is_string(message, "", "threads load the library, close their Lua state and end");
    void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
    ok(handle, "the library stays although nobody holds it");
    uint64_t counted[7] = {0};
    totals(counted);
    is_int((long long)counted[0], ROUNDS, "what the ended threads counted is kept");
    is_int((long long)counted[5], 0, "and none of their arenas is left");
    return done();
}
