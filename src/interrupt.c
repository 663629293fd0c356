/* interrupt.c - what runs is asked to stop; what does not hear it is stopped.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "interrupt.h"

#include <lauxlib.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

uint32_t interrupt_cancel;

static lua_State *running;
static volatile sig_atomic_t asked;  /* to stop, and nobody has heard it yet */
static volatile sig_atomic_t raised; /* somebody has */
static volatile sig_atomic_t noted;

static const int every_step = LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT;

static void set_alarm(suseconds_t microseconds)
{
    const struct itimerval once = {{0, 0}, {0, microseconds}};
    setitimer(ITIMER_REAL, &once, NULL);
}

static void ask(lua_Hook heard)
{
    asked = 1;
    __atomic_store_n(&interrupt_cancel, 1, __ATOMIC_RELAXED);
    lua_sethook(running, heard, every_step, 1);
}

/* ---- scripts */

static void stop_script(lua_State *L, lua_Debug *activation)
{
    (void)activation;
    interrupts(INTERRUPTS_SCRIPT);
    raised = 1;
    luaL_error(L, "interrupted");
}

static void ask_script(int number)
{
    signal(number, SIG_DFL); /* a second one does not ask */
    ask(stop_script);
    set_alarm(500000);
}

static void end_program(int number)
{
    (void)number;
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
}

/* ---- statements at the prompt */

/* Whoever catches the error has this many instructions to put things in order. Then each instruction
 * raises one, so that a loop around what catches is left as well; calls of the library stay
 * cancelled. */
enum { INSTRUCTIONS_TO_TIDY = 10000 };

static void stop_statement(lua_State *L, lua_Debug *activation)
{
    (void)activation;
    lua_sethook(L, stop_statement, LUA_MASKCOUNT, raised ? 1 : INSTRUCTIONS_TO_TIDY);
    raised = 1;
    luaL_error(L, "interrupted");
}

static void ask_statement(int number)
{
    (void)number;
    if (interrupt_again())
        _exit(EXIT_INTERRUPTED);
    raised = 0;
    ask(stop_statement);
}

/* ---- lines */

static void note(int number)
{
    (void)number;
    noted = 1;
}

/* ---- choosing */

void interrupts_in(lua_State *L)
{
    running = L;
}

/* What waits in the system is woken, as errors are raised only when it returns. Scripts are not
 * prepared for calls that are cut short. */
static void on_interrupt(enum interrupts way)
{
    static void (*const handlers[])(int) = {SIG_DFL, ask_script, ask_statement, note};
    struct sigaction action = {.sa_handler = handlers[way]};
    action.sa_flags = way == INTERRUPTS_SCRIPT ? SA_RESTART : 0;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

/* An interrupt must find the old way or the new one, not half of each. */
void interrupts(enum interrupts way)
{
    sigset_t these, before;
    sigemptyset(&these);
    sigaddset(&these, SIGINT);
    sigaddset(&these, SIGALRM);
    sigprocmask(SIG_BLOCK, &these, &before);
    set_alarm(0);
    signal(SIGALRM, SIG_IGN); /* one that has gone off is forgotten */
    signal(SIGALRM, end_program);
    lua_sethook(running, NULL, 0, 0);
    __atomic_store_n(&interrupt_cancel, 0, __ATOMIC_RELAXED);
    asked = raised = 0;
    on_interrupt(way);
    if (way == INTERRUPTS_STATEMENT && interrupt_noted()) /* meant for the statement that begins */
        ask_statement(SIGINT);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

bool interrupt_unheard(void)
{
    return asked;
}

bool interrupt_raised(void)
{
    return raised;
}

bool interrupt_noted(void)
{
    bool was = noted;
    noted = 0;
    return was;
}

bool interrupt_again(void)
{
    static struct timespec last;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds =
        (double)(now.tv_sec - last.tv_sec) + 1e-9 * (double)(now.tv_nsec - last.tv_nsec);
    bool again = (last.tv_sec || last.tv_nsec) && seconds < 1;
    last = now;
    return again;
}
