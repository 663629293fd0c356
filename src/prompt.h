/* prompt.h - what engram.repl and engram.attach are given: lines from whoever types, and statements
 * that can be stopped.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_PROMPT_H
#define ENGRAM_PROMPT_H

#include <lua.h>
#include <stdbool.h>

/* Pushes a table of functions:
 *   read(prompt)     a line, and whether it was typed rather than pasted or read from a file; false
 *                    if an interrupt discarded it; nil at the end, and true if interrupts ended it
 *   run(f, explain)  true, or false and what explain makes of the error; interrupts stop f
 *   remember(text)   for the keys that go back
 *   completes(f)     what Tab asks: f(text before the cursor, columns, rows) gives the position from
 *                    which that is replaced, what replaces it, and what is shown below, or nothing
 *   watches(file)    what is typed ends when this one has something to say, or is at its end
 *   editor           its name
 * Without `shown` prompts are not printed. */
void prompt_push_host(lua_State *L, bool shown);

#endif
