/* pool.h - the program's threads: what stands behind engram_options.parallel_for.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_POOL_H
#define ENGRAM_POOL_H

#include <stddef.h>

enum { POOL_MOST = 256 }; /* threads */

struct pool;

/* A pool in which `threads` (1 .. POOL_MOST) work on a loop, the caller of the loop among them. The
 * others start when they are first needed and take no signals. NULL: no memory. */
struct pool *pool_new(unsigned threads);

/* Ends the threads; no loop may run. Accepts NULL. */
void pool_free(struct pool *pool);

/* Calls body(data, i) once for every i below n; context is the pool. May be called by any thread at
 * any time: while a loop runs, another one, also one that a body begins, runs on its caller alone.
 * So does every loop in a child of the process that has the threads. */
void pool_parallel_for(void *context, size_t n, void (*body)(void *data, size_t i), void *data);

/* The processors that this process may use, at most POOL_MOST. */
unsigned pool_processors(void);

#endif
