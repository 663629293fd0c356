/* prompt.c - what engram.repl and engram.attach are given.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "prompt.h"
#include "interrupt.h"
#include "reader.h"

#include <lauxlib.h>
#include <unistd.h>

static const struct reader *reader;
static lua_State *state;
static int completer = LUA_NOREF; /* what Tab asks, in the registry */
static bool prompts_shown;

/* ---- lines */

static int read_line(lua_State *L)
{
    const char *prompt = luaL_checkstring(L, 1);
    static struct text line;
    text_clear(&line);
    interrupts(INTERRUPTS_NOTED);
    switch (reader->read(prompts_shown ? prompt : "", &line)) {
    case READING_LINE:
        lua_pushlstring(L, line.n ? line.at : "", line.n);
        lua_pushboolean(L, isatty(STDIN_FILENO) && !reader_waiting());
        return 2;
    case READING_INTERRUPTED:
        if (!interrupt_again() || line.n > 0) {
            lua_pushboolean(L, 0);
            return 1;
        }
        lua_pushnil(L);
        lua_pushboolean(L, 1);
        return 2;
    case READING_END:
        break;
    }
    lua_pushnil(L);
    return 1;
}

static int remember(lua_State *L)
{
    reader->remember(luaL_checkstring(L, 1));
    return 0;
}

static int set_watched(lua_State *L)
{
    reader_watch((int)luaL_checkinteger(L, 1));
    return 0;
}

/* ---- completion */

struct question {
    const char *before;
    size_t n;
    int columns, rows;
    struct completion *out;
    bool answered;
};

static void take_string(lua_State *L, int index, struct text *out)
{
    size_t n;
    const char *text = lua_tolstring(L, index, &n);
    text_clear(out);
    text_append(out, text ? text : "", text ? n : 0);
}

static int ask_completer(lua_State *L)
{
    struct question *question = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, completer);
    lua_pushlstring(L, question->before, question->n);
    lua_pushinteger(L, question->columns);
    lua_pushinteger(L, question->rows);
    lua_call(L, 3, 3);
    lua_Integer first = lua_tointeger(L, -3);
    if (first < 1 || (size_t)first > question->n + 1)
        return 0;
    question->out->first = (size_t)first - 1;
    take_string(L, -2, &question->out->text);
    take_string(L, -1, &question->out->listing);
    question->answered = true;
    return 0;
}

/* Whatever goes wrong, an interrupt included, there is nothing to complete. */
static bool complete(const char *before, size_t n, int columns, int rows, struct completion *out)
{
    if (completer == LUA_NOREF)
        return false;
    struct question question = {before, n, columns, rows, out, false};
    reader_release_signals();
    interrupts(INTERRUPTS_STATEMENT);
    if (lua_cpcall(state, ask_completer, &question) != 0)
        lua_pop(state, 1);
    interrupts(INTERRUPTS_NOTED);
    reader_hold_signals();
    return question.answered;
}

static int set_completer(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, completer);
    completer = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* ---- statements */

/* Message handler: nothing interrupts an explanation. */
static int explain(lua_State *L)
{
    interrupts(INTERRUPTS_NOTED);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int run_statement(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_pushcclosure(L, explain, 1);
    lua_insert(L, 1);
    interrupts(INTERRUPTS_STATEMENT);
    int status = lua_pcall(L, 0, 0, 1);
    interrupts(INTERRUPTS_NOTED);
    lua_pushboolean(L, status == 0);
    lua_replace(L, 1);
    return lua_gettop(L);
}

/* ---- the table */

void prompt_push_host(lua_State *L, bool shown)
{
    static const luaL_Reg functions[] = {
        {"read", read_line},          {"run", run_statement},   {"remember", remember},
        {"completes", set_completer}, {"watches", set_watched},
    };
    state = L;
    prompts_shown = shown;
    reader = reader_open(complete);
    lua_createtable(L, 0, 6);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushcfunction(L, functions[i].func);
        lua_setfield(L, -2, functions[i].name);
    }
    lua_pushstring(L, reader->name);
    lua_setfield(L, -2, "editor");
}
