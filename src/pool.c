/* pool.c - the program's threads: a few that sleep until there is a loop to share.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct pool {
    unsigned threads; /* wanted, the caller among them */
    unsigned started;
    pid_t owner;          /* the process that has them */
    pthread_mutex_t busy; /* held while a loop runs */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake, rested;
    bool open;       /* there is a loop, and perhaps items that nobody has taken */
    bool ending;     /* the threads are asked to return */
    unsigned inside; /* threads that work on the loop */

    size_t next, n; /* items taken, by atomic steps, and items in all */
    void (*body)(void *data, size_t i);
    void *data;

    pthread_t thread[POOL_MOST];
};

static void take_items(struct pool *pool)
{
    size_t i;
    while ((i = __atomic_fetch_add(&pool->next, 1, __ATOMIC_RELAXED)) < pool->n)
        pool->body(pool->data, i);
}

/* A thread that wakes too late finds the loop closed; one that is inside keeps the caller from
 * leaving, so that the loop it works on is always the one it joined. */
static void *work(void *argument)
{
    struct pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->open && !pool->ending)
            pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->ending)
            break;
        pool->inside++;
        pthread_mutex_unlock(&pool->lock);
        take_items(pool);
        pthread_mutex_lock(&pool->lock);
        pool->open = false;
        if (--pool->inside == 0)
            pthread_cond_signal(&pool->rested);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Makes the started threads `wanted`. Where the system gives no more, those there are must do. */
static void start(struct pool *pool, size_t wanted)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pool->owner = getpid();
    while (pool->started < wanted)
        if (pthread_create(&pool->thread[pool->started], NULL, work, pool) == 0)
            pool->started++;
        else
            wanted = pool->started, pool->threads = pool->started + 1;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* After a fork the threads are the parent's. */
static bool inherited(const struct pool *pool)
{
    return pool->started > 0 && pool->owner != getpid();
}

/* Whether the pool is free, and then is the caller's. */
static bool engage(struct pool *pool)
{
    if (pthread_mutex_trylock(&pool->busy) != 0)
        return false;
    if (!inherited(pool))
        return true;
    pthread_mutex_unlock(&pool->busy);
    return false;
}

void pool_parallel_for(void *context, size_t n, void (*body)(void *data, size_t i), void *data)
{
    struct pool *pool = context;
    if (n < 2 || !engage(pool)) {
        for (size_t i = 0; i < n; i++)
            body(data, i);
        return;
    }
    size_t helpers = n < pool->threads ? n - 1 : pool->threads - 1;
    if (pool->started < helpers)
        start(pool, helpers);

    pthread_mutex_lock(&pool->lock);
    pool->next = 0;
    pool->n = n;
    pool->body = body;
    pool->data = data;
    pool->open = true;
    for (size_t i = 0; i < helpers; i++)
        pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);

    take_items(pool);

    pthread_mutex_lock(&pool->lock);
    pool->open = false;
    while (pool->inside > 0)
        pthread_cond_wait(&pool->rested, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->busy);
}

struct pool *pool_new(unsigned threads)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->threads = threads;
    pthread_mutex_init(&pool->busy, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->rested, NULL);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool || inherited(pool))
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->thread[i], NULL);
    pthread_mutex_destroy(&pool->busy);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->rested);
    free(pool);
}

unsigned pool_processors(void)
{
    cpu_set_t set;
    long n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                         : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > POOL_MOST ? POOL_MOST : (unsigned)n;
}
