/* parallel.h - an engram_options.parallel_for that a test can change while the library runs.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_TEST_PARALLEL_H
#define ENGRAM_TEST_PARALLEL_H

#include "flush.h"
#include "pool.h"

static struct {
    struct pool *pool; /* NULL: the caller alone */
    bool backwards;    /* the caller begins with the last item */
    bool flush;        /* threads flush subnormal numbers */
    size_t shared;     /* loops so far */
} loops;

struct loop {
    void (*body)(void *data, size_t i);
    void *data;
};

static inline void run_item(void *data, size_t i)
{
    struct loop *loop = data;
    bool before = flush_subnormals(loops.flush);
    loop->body(loop->data, i);
    flush_subnormals(before);
}

static inline void parallel_for(void *context, size_t n, void (*body)(void *data, size_t i),
                                void *data)
{
    (void)context;
    struct loop loop = {body, data};
    __atomic_fetch_add(&loops.shared, 1, __ATOMIC_RELAXED);
    if (loops.pool)
        pool_parallel_for(loops.pool, n, run_item, &loop);
    else
        for (size_t i = 0; i < n; i++)
            run_item(&loop, loops.backwards ? n - 1 - i : i);
}

#endif
