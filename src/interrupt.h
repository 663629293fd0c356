/* interrupt.h - what an interrupt (SIGINT, Ctrl-C) does to what runs.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_INTERRUPT_H
#define ENGRAM_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

enum { EXIT_INTERRUPTED = 130 };

/* The library's long calls look at it. */
extern uint32_t interrupt_cancel;

enum interrupts {
    INTERRUPTS_END,       /* the program, as the system has it */
    INTERRUPTS_SCRIPT,    /* raise an error once; a second one ends the program, and so does half a
                           * second in which the first is not heard: compiled loops hear nothing */
    INTERRUPTS_STATEMENT, /* raise errors until another way is chosen; a second one within a second
                           * ends the program */
    INTERRUPTS_NOTED,     /* for those who wait for input */
};

/* The state whose scripts and statements are meant, before anything else. */
void interrupts_in(lua_State *L);

/* Chooses, and forgets what was asked for before. */
void interrupts(enum interrupts way);

/* Whether a script was asked to stop and has not heard it. */
bool interrupt_unheard(void);

/* Whether an error was raised. */
bool interrupt_raised(void);

/* Whether one was noted since the last time this was asked. */
bool interrupt_noted(void);

/* Whether this one comes within a second of the one before. */
bool interrupt_again(void);

#endif
