/* main.c - the program: options, one Lua state, then a script, standard input or the prompt.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "engram.h"
#include "interrupt.h"
#include "pool.h"
#include "prompt.h"
#include "reader.h"

#include <errno.h>
#include <limits.h>
#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_SCRIPT = 1, EXIT_USAGE = 2, EXIT_FILE = 5 }; /* and EXIT_INTERRUPTED */

static const char usage[] =
    "usage: engram [options] [script | - | command] [args]\n"
    "  -e chunk   run the chunk            -l name    require the library\n"
    "  -i         prompt after the script  -v         print version information\n"
    "  -j cmd     control the JIT          -O[opt]    its optimisations\n"
    "  -b ...     save or list bytecode    -E         ignore environment variables\n"
    "  --version      the same as -v\n"
    "  --threads N  work on N threads at most, 1 to 256; the processors there are by default\n"
    "  --seed N       what engram.rng() and math.random begin with\n"
    "  --color WHEN   auto (the default), always, never\n"
    "  --progress HOW auto (the default: a bar on a terminal), plain, none\n"
    "  --log LEVEL    what the library tells: warning (the default), note, none\n"
    "  --editor NAME  what edits lines: " READER_NAMES "\n"
    "  --no-history   the prompt keeps no history\n"
    "  --         stop handling options    -          run standard input, stop handling options\n"
    "  -h, --help [topic]  this text, or a section of the reference\n"
    "Commands:\n"
    "  attach PATH    the prompt of a program that serves a console there\n"
    "  bench FILE..   measure what scripts define; --help lists its options\n"
    "  doctor         what keeps engram from doing well here, and what to do about it\n"
    "  help [topic]   sections of the reference\n"
    "  info           the machine, the kernels, the arenas\n"
    "  test FILE..    run tests that print TAP\n"
    "Without a script: the prompt on a terminal, standard input otherwise. See engram(1).\n";

/* ---- running chunks */

static int exit_status;

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* What an error should make of the exit status: files that cannot be read and interrupts are told
 * from broken scripts. */
static int status_of_error(lua_State *L)
{
    if (lua_isstring(L, 1))
        return interrupt_raised() && ends_with(lua_tostring(L, 1), "interrupted") ? EXIT_INTERRUPTED
                                                                                  : EXIT_SCRIPT;
    if (!lua_istable(L, 1))
        return EXIT_SCRIPT;
    lua_getfield(L, 1, "code");
    int code = lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, 1, "path"); /* whatever was wrong with a file */
    bool file = lua_isstring(L, -1) || code == ENGRAM_EIO || code == ENGRAM_EFORMAT;
    lua_pop(L, 1);
    return file ? EXIT_FILE : code == ENGRAM_ECANCELLED ? EXIT_INTERRUPTED : EXIT_SCRIPT;
}

/* A bar that shows how far work has come does not stay where the work has ended with an error. */
static void wipe_bar(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getfield(L, -1, "engram.progress");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "clear");
        lua_pcall(L, 0, 0, 0);
    }
    lua_settop(L, 1);
}

/* Message handler: the error as text, with a traceback. */
static int explain(lua_State *L)
{
    wipe_bar(L);
    exit_status = status_of_error(L);
    if (!lua_isstring(L, 1) && luaL_callmeta(L, 1, "__tostring"))
        lua_replace(L, 1);
    const char *text = lua_tostring(L, 1);
    luaL_traceback(L, L, text ? text : "(an error without a message)", 1);
    return 1;
}

static int report(lua_State *L, int status)
{
    if (status == 0)
        return 0;
    const char *text = lua_tostring(L, -1);
    fprintf(stderr, "engram: %s\n", text ? text : "(an error without a message)");
    lua_pop(L, 1);
    return exit_status ? exit_status : (exit_status = EXIT_SCRIPT);
}

/* Calls what lies under its arguments. An interrupt that nobody heard counts when it is over. */
static int call(lua_State *L, int arguments, int results)
{
    int base = lua_gettop(L) - arguments;
    lua_pushcfunction(L, explain);
    lua_insert(L, base);
    interrupts(INTERRUPTS_SCRIPT);
    int status = lua_pcall(L, arguments, results, base);
    bool unheard = interrupt_unheard();
    interrupts(INTERRUPTS_END);
    lua_remove(L, base);
    if (status == 0 && unheard) {
        lua_settop(L, base - 1);
        lua_pushliteral(L, "interrupted");
        exit_status = status = EXIT_INTERRUPTED;
    }
    return report(L, status);
}

/* Pushes require(module)[name]. */
static int push_member(lua_State *L, const char *module, const char *name)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    if (call(L, 1, 1) != 0)
        return exit_status;
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    return 0;
}

static int run_text(lua_State *L, const char *text, const char *name)
{
    int status = luaL_loadbuffer(L, text, strlen(text), name);
    return status ? report(L, status) : call(L, 0, 0);
}

/* Pushes arg[1], arg[2], ..; how many there are. */
static int push_arguments(lua_State *L)
{
    lua_getglobal(L, "arg");
    int table = lua_gettop(L), count = lua_istable(L, table) ? (int)lua_objlen(L, table) : 0;
    luaL_checkstack(L, count, "too many arguments");
    for (int i = 1; i <= count; i++)
        lua_rawgeti(L, table, i);
    lua_remove(L, table);
    return count;
}

static int load_file(lua_State *L, const char *path)
{
    int status = luaL_loadfile(L, path);
    if (status)
        exit_status = status == LUA_ERRFILE ? EXIT_FILE : EXIT_SCRIPT;
    return report(L, status);
}

static int run_script(lua_State *L, const char *path)
{
    return load_file(L, path) ? exit_status : call(L, push_arguments(L), 0);
}

/* Letters alone: what names a script has a dot or a slash. */
static bool is_word(const char *text)
{
    return !text[strspn(text, "abcdefghijklmnopqrstuvwxyz")];
}

/* The table of prompt.h, for commands that want one. */
static int open_prompt(lua_State *L)
{
    prompt_push_host(L, isatty(STDIN_FILENO));
    return 1;
}

/* engram.commands[name]({ words }, open_prompt), which gives the exit status; whether there is such a
 * command. */
static bool run_command(lua_State *L, const char *name)
{
    if (push_member(L, "engram.commands", name) != 0)
        return false;
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    lua_newtable(L);
    int words = lua_gettop(L);
    for (int i = push_arguments(L); i > 0; i--)
        lua_rawseti(L, words, i);
    lua_pushcfunction(L, open_prompt);
    if (call(L, 2, 1) == 0) {
        exit_status = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return true;
}

static bool read_input(lua_State *L)
{
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    size_t got;
    do {
        got = fread(luaL_prepbuffer(&buffer), 1, LUAL_BUFFERSIZE, stdin);
        luaL_addsize(&buffer, got);
    } while (got > 0);
    luaL_pushresult(&buffer);
    return !ferror(stdin);
}

/* Standard input as a script; what is none may be an expression, whose values are printed. */
static int run_input(lua_State *L)
{
    size_t n;
    if (!read_input(L)) {
        fprintf(stderr, "engram: cannot read standard input: %s\n", strerror(errno));
        return exit_status = EXIT_FILE;
    }
    const char *text = lua_tolstring(L, -1, &n);
    size_t shebang = *text == '#' ? strcspn(text, "\n") : 0;
    int status = luaL_loadbuffer(L, text + shebang, n - shebang, "=stdin");
    if (status == 0)
        return call(L, push_arguments(L), 0);

    lua_pushfstring(L, "return %s", text);
    if (luaL_loadstring(L, lua_tostring(L, -1)) != 0) {
        lua_pop(L, 2);
        return report(L, status);
    }
    int base = lua_gettop(L);
    if (call(L, push_arguments(L), LUA_MULTRET) == 0 && lua_gettop(L) >= base) {
        lua_getglobal(L, "print");
        lua_insert(L, base);
        call(L, lua_gettop(L) - base, 0);
    }
    return exit_status;
}

static int run_prompt(lua_State *L, bool shown)
{
    if (push_member(L, "engram.repl", "run") != 0)
        return exit_status;
    prompt_push_host(L, shown);
    if (call(L, 1, 1) == 0) {
        exit_status = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return exit_status;
}

/* ---- options */

static int usage_error(const char *what, const char *option)
{
    fprintf(stderr, "engram: %s '%s'\n%s", what, option, usage);
    return exit_status = EXIT_USAGE;
}

/* The modules of LuaJIT that stand behind -j, -O and -b. */
static int call_jit(lua_State *L, const char *module, const char *name, const char *argument)
{
    if (push_member(L, module, name) != 0)
        return exit_status;
    int arguments = 0;
    while (argument && *argument) { /* separated by commas */
        size_t n = strcspn(argument, ",");
        lua_pushlstring(L, argument, n);
        argument += n + (argument[n] == ',');
        arguments++;
    }
    return call(L, arguments, 0);
}

/* -j on, -j off, -j flush, or a module jit.NAME with its options: -j v=file, -j dump */
static int jit_command(lua_State *L, const char *command)
{
    size_t n = strcspn(command, "=");
    lua_getglobal(L, "jit");
    lua_pushlstring(L, command, n);
    lua_gettable(L, -2);
    if (lua_isfunction(L, -1))
        return call(L, 0, 0);
    char module[64];
    snprintf(module, sizeof module, "jit.%.*s", (int)(n < 50 ? n : 50), command);
    return call_jit(L, module, "start", command[n] ? command + n + 1 : NULL);
}

static int save_bytecode(lua_State *L, char **argv)
{
    if (push_member(L, "jit.bcsave", "start") != 0)
        return exit_status;
    int arguments = 0;
    if ((*argv)[2])
        lua_pushfstring(L, "-%s", *argv + 2), arguments++;
    while (*++argv)
        lua_pushstring(L, *argv), arguments++;
    return call(L, arguments, 0);
}

/* A number of threads; 0 if it is none. */
static unsigned threads_of(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && n <= POOL_MOST ? (unsigned)n : 0;
}

/* Options that stand for a variable of the environment, which scripts and the processes they start see. */
static bool is_threads(const char *text)
{
    return threads_of(text) > 0;
}

static bool is_seed(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 16 && !text[digits];
}

static bool is_color(const char *text)
{
    return strcmp(text, "auto") == 0 || strcmp(text, "always") == 0 || strcmp(text, "never") == 0;
}

static bool is_progress(const char *text)
{
    return strcmp(text, "auto") == 0 || strcmp(text, "plain") == 0 || strcmp(text, "none") == 0;
}

static const char *const log_levels[] = {
    "none", [ENGRAM_LOG_WARNING] = "warning", [ENGRAM_LOG_NOTE] = "note"};
enum { LOG_LEVELS = sizeof log_levels / sizeof *log_levels };

/* LOG_LEVELS if it is none. */
static int log_level_of(const char *text)
{
    int level = 0;
    while (level < LOG_LEVELS && strcmp(text, log_levels[level]) != 0)
        level++;
    return level;
}

static bool is_log_level(const char *text)
{
    return log_level_of(text) < LOG_LEVELS;
}

static bool is_editor(const char *text)
{
    return strcmp(text, "auto") == 0 || reader_called(text);
}

static const struct setting {
    const char *option, *variable, *wants;
    bool (*valid)(const char *text); /* NULL: it has no value, and empties its variable */
} settings[] = {
    {"--threads", "ENGRAM_THREADS", "a number from 1 to 256", is_threads},
    {"--seed", "ENGRAM_SEED", "a whole number of at most 15 digits", is_seed},
    {"--color", "ENGRAM_COLOR", "auto, always or never", is_color},
    {"--progress", "ENGRAM_PROGRESS", "auto, plain or none", is_progress},
    {"--log", "ENGRAM_LOG", "none, warning or note", is_log_level},
    {"--editor", "ENGRAM_EDITOR", READER_NAMES, is_editor},
    {"--no-history", "ENGRAM_HISTORY", NULL, NULL},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

/* What the options come to. */
struct plan {
    const char *said[SETTINGS]; /* NULL: not said */
    const char *topic;          /* of --help; NULL: the options */
    bool prompt, version, no_environment, chunks, help, bytecode;
    int script; /* place of the script in argv; argc if there is none */
};

/* The value of an option: attached to it or the next word. */
static const char *value_of(char **argv, int *i)
{
    return argv[*i][2] ? argv[*i] + 2 : argv[*i + 1] ? argv[++*i] : NULL;
}

/* --option value or --option=value, the value NULL if it is missing; which setting it is, or -1. */
static int setting_of(char **argv, int *i, const char **value)
{
    size_t n = strcspn(argv[*i], "=");
    for (int s = 0; s < SETTINGS; s++)
        if (strlen(settings[s].option) == n && memcmp(settings[s].option, argv[*i], n) == 0) {
            *value = argv[*i][n] ? argv[*i] + n + 1 : settings[s].valid ? argv[++*i] : "";
            return s;
        }
    return -1;
}

static int read_setting(int s, const char *value, struct plan *plan)
{
    const struct setting *setting = &settings[s];
    if (!value)
        return usage_error("a value is missing behind", setting->option);
    if (setting->valid ? !setting->valid(value) : *value != 0) {
        fprintf(stderr, "engram: %s wants %s, not '%s'\n%s", setting->option,
                setting->wants ? setting->wants : "no value", value, usage);
        return exit_status = EXIT_USAGE;
    }
    plan->said[s] = value;
    return 0;
}

static int read_options(int argc, char **argv, struct plan *plan)
{
    int i = 1, s;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *option = argv[i], *value;
        if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
            plan->help = true;
            plan->topic = argv[i + 1];
            break;
        } else if (strcmp(option, "--version") == 0) {
            plan->version = true;
        } else if (strcmp(option, "--") == 0) {
            i++;
            break;
        } else if ((s = setting_of(argv, &i, &value)) >= 0) {
            if (read_setting(s, value, plan) != 0)
                return exit_status;
        } else if (strchr("elj", option[1])) {
            plan->chunks |= option[1] != 'j' && option[1] != 'l';
            if (!value_of(argv, &i))
                return usage_error("a value is missing behind", option);
        } else if (option[1] == 'b') {
            plan->bytecode = true;
            break;
        } else if (strchr("ivE", option[1]) && !option[2]) {
            plan->prompt |= option[1] == 'i';
            plan->version |= option[1] == 'v' || option[1] == 'i';
            plan->no_environment |= option[1] == 'E';
        } else if (option[1] != 'O') {
            return usage_error("unknown option", option);
        }
    }
    plan->script = i;
    return 0;
}

/* What was said becomes the environment; with -E there is nothing else in it. */
static int apply_settings(const struct plan *plan)
{
    for (int s = 0; s < SETTINGS; s++) {
        const struct setting *setting = &settings[s];
        if (plan->no_environment)
            unsetenv(setting->variable);
        if (plan->said[s])
            setenv(setting->variable, plan->said[s], 1);
        const char *value = getenv(setting->variable);
        if (value && setting->valid && !setting->valid(value)) {
            fprintf(stderr, "engram: %s=%.40s: expected %s\n", setting->variable, value,
                    setting->wants);
            return exit_status = EXIT_USAGE;
        }
    }
    return 0;
}

static int run_options(lua_State *L, char **argv, int last)
{
    for (int i = 1; i < last && exit_status == 0; i++) {
        const char *option = argv[i], *value;
        if (strcmp(option, "--") == 0)
            break;
        if (setting_of(argv, &i, &value) >= 0)
            continue;
        if (option[1] == 'e') {
            run_text(L, value_of(argv, &i), "=(command line)");
        } else if (option[1] == 'l') {
            const char *name = value_of(argv, &i);
            lua_getglobal(L, "require");
            lua_pushstring(L, name);
            if (call(L, 1, 1) == 0)
                lua_setglobal(L, name);
        } else if (option[1] == 'j') {
            jit_command(L, value_of(argv, &i));
        } else if (option[1] == 'O') {
            call_jit(L, "jit.opt", "start", option + 2);
        } else if (option[1] == 'b') {
            return save_bytecode(L, argv + i);
        }
    }
    return exit_status;
}

/* ---- the Lua state */

static bool has_modules(const char *folder)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/engram/ffi.lua", folder);
    return access(path, R_OK) == 0;
}

/* Where our Lua files are: in a build folder make has written down where the source is; an
 * installed program has them in the same prefix, or where configure was told. */
static void find_modules(char out[PATH_MAX])
{
    char self[PATH_MAX - 32], path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash) {
        *slash = 0;
        snprintf(path, sizeof path, "%s/luadir", self);
        FILE *note = fopen(path, "r");
        bool noted = note && fgets(out, PATH_MAX, note);
        if (note)
            fclose(note);
        if (noted) {
            out[strcspn(out, "\n")] = 0;
            if (has_modules(out))
                return;
        }
        snprintf(path, sizeof path, "%s/../share/lua/5.1", self);
        if (has_modules(path) && realpath(path, out))
            return;
    }
    snprintf(out, PATH_MAX, "%s", ENGRAM_LUADIR);
}

/* Ours come first, unless the user has said in LUA_PATH where to look. */
static void set_path(lua_State *L, bool no_environment)
{
    char luadir[PATH_MAX];
    find_modules(luadir);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    const char *path = lua_tostring(L, -1);
    if (!no_environment && (getenv("LUA_PATH") || getenv("LUA_PATH_5_1")))
        lua_pushfstring(L, "%s;%s/?.lua", path, luadir);
    else
        lua_pushfstring(L, "%s/?.lua;%s", luadir, path);
    lua_setfield(L, -3, "path");
    lua_pop(L, 2);
}

static void set_arg(lua_State *L, int argc, char **argv, int script)
{
    lua_createtable(L, argc > script ? argc - script : 0, script + 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - (script < argc ? script : 0));
    }
    lua_setglobal(L, "arg");
}

static int run_lua_init(lua_State *L)
{
    const char *init = getenv("LUA_INIT");
    if (!init || !*init)
        return 0;
    if (*init != '@')
        return run_text(L, init, "=LUA_INIT");
    return load_file(L, init + 1) ? exit_status : call(L, 0, 0);
}

static int run(lua_State *L, int argc, char **argv, const struct plan *plan)
{
    const char *script = plan->script < argc ? argv[plan->script] : NULL;
    bool busy = plan->version || plan->chunks || plan->bytecode || script;
    bool shown = plan->prompt || isatty(STDOUT_FILENO); /* without a terminal answers alone are */
    bool prompt = plan->prompt || (!busy && isatty(STDIN_FILENO));
    if (plan->version || (prompt && shown))
        printf("engram %s  %s  %s\n", engram_version(), LUAJIT_VERSION, engram_isa());
    if (prompt && shown && isatty(STDIN_FILENO))
        puts("help() and demo() show what there is");
    set_arg(L, argc, argv, plan->script);
    if (!plan->no_environment && run_lua_init(L) != 0)
        return exit_status;
    if (run_options(L, argv, plan->bytecode ? argc : plan->script) != 0 || plan->bytecode)
        return exit_status;

    if (plan->help || (script && is_word(script)))
        if (run_command(L, plan->help ? "help" : script) || exit_status != 0)
            return exit_status;
    if (script && is_word(script) && access(script, F_OK) != 0) {
        fprintf(stderr, "engram: '%s' is no file and no command; --help lists these\n", script);
        return exit_status = EXIT_FILE;
    }
    if (script && (strcmp(script, "-") != 0 ? run_script(L, script) : run_input(L)) != 0)
        return exit_status;
    if (prompt)
        return run_prompt(L, shown);
    return busy ? 0 : run_input(L);
}

/* ---- start */

static int out_of_memory(void)
{
    fputs("engram: out of memory\n", stderr);
    return EXIT_SCRIPT;
}

/* Who reads a pipe sees lines when they are printed, as on a terminal. */
static void buffer_lines(void)
{
    struct stat output;
    if (fstat(STDOUT_FILENO, &output) == 0 &&
        (S_ISFIFO(output.st_mode) || S_ISSOCK(output.st_mode)))
        setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

/* Scripts read the terminal's width from COLUMNS, which shells keep to themselves. */
static void set_columns(void)
{
    struct winsize size = {0};
    char text[16];
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) /* in a pipe, with a bar beside it, perhaps */
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    if (size.ws_col > 0) {
        snprintf(text, sizeof text, "%d", size.ws_col);
        setenv("COLUMNS", text, 1);
    }
}

static int log_level = ENGRAM_LOG_WARNING;

static void log_line(void *context, int level, const char *text)
{
    (void)context;
    if (level <= log_level)
        fprintf(stderr, "%s\n", text);
}

/* A wish about instruction sets that was not understood must not look like one that was granted. */
static int check_settings(void)
{
    const char *rejected;
    for (uint32_t i = 0; (rejected = engram_rejected(i)); i++)
        if (strncmp(rejected, "ENGRAM_ISA=", 11) == 0)
            return EXIT_USAGE;
    return 0;
}

/* The threads that share long work: as many as was said, or one for each processor. They are ended
 * on every way out, os.exit included. */
static struct pool *pool;

static void end_pool(void)
{
    pool_free(pool);
}

static int make_pool(unsigned threads)
{
    pool = pool_new(threads);
    return pool && atexit(end_pool) == 0 ? 0 : out_of_memory();
}

/* Everything that uses the Lua state, so that no error of Lua's ends the process. */
struct start {
    int argc;
    char **argv;
    const struct plan *plan;
};

static int run_protected(lua_State *L)
{
    const struct start *start = lua_touserdata(L, 1);
    lua_settop(L, 0);
    if (start->plan->no_environment) {
        lua_pushboolean(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    lua_gc(L, LUA_GCSTOP, 0);
    luaL_openlibs(L);
    lua_gc(L, LUA_GCRESTART, -1);
    set_path(L, start->plan->no_environment);
    const char *seed = getenv("ENGRAM_SEED");
    if (seed) {
        lua_getglobal(L, "math");
        lua_getfield(L, -1, "randomseed");
        lua_pushnumber(L, strtod(seed, NULL));
        lua_call(L, 1, 0);
        lua_pop(L, 1);
    }
    exit_status = run(L, start->argc, start->argv, start->plan);
    return 0;
}

int main(int argc, char **argv)
{
    struct plan plan = {0};
    if (read_options(argc, argv, &plan) != 0)
        return exit_status;
    if (plan.help && !plan.topic) {
        fputs(usage, stdout);
        return 0;
    }
    if (apply_settings(&plan) != 0)
        return exit_status;
    const char *wish = getenv("ENGRAM_THREADS");
    unsigned threads = wish ? threads_of(wish) : pool_processors();
    int status = make_pool(threads);
    if (status != 0)
        return status;
    const struct engram_options options = {
        .size = sizeof options,
        .ignore_environment = plan.no_environment,
        .log = log_line,
        .context = pool,
        .cancel = &interrupt_cancel,
        .parallel_for = pool_parallel_for,
        .threads = threads,
        .self_test = 1,
    };
    const char *level = getenv("ENGRAM_LOG");
    if (level)
        log_level = log_level_of(level);
    engram_init(&options);
    if (check_settings() != 0)
        return EXIT_USAGE;

    set_columns();
    buffer_lines();
    lua_State *L = luaL_newstate();
    if (!L)
        return out_of_memory();
    interrupts_in(L);
    struct start start = {argc, argv, &plan};
    report(L, lua_cpcall(L, run_protected, &start));
    lua_close(L);
    if (fflush(stdout) != 0 && exit_status == 0) {
        fprintf(stderr, "engram: cannot write standard output: %s\n", strerror(errno));
        exit_status = EXIT_FILE;
    }
    return exit_status;
}
