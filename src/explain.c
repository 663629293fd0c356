/* explain.c - where the activation of a memory came from: the walk again, leaving a trace, and that
 * trace backwards.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "recall.h"
#include "scratch.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- the trace: what a node took up in one hop is an event, what one edge brought is an arrival at
 * it from the event whose increase travelled */

enum { NONE = UINT32_MAX };

struct event {
    uint32_t node;
    uint32_t winner; /* with ENGRAM_MAX: the arrival that counts */
    float inc;
    uint32_t next; /* event that the strongest path goes to from here */
    double gained; /* by its node; 0 below a threshold */
    double share;  /* of what the explained memory has, what came through here */
    double path;   /* of that, along the strongest path from here */
};

struct arrival {
    uint32_t from, to;
    double added;
};

struct trace {
    struct event *events;
    struct arrival *arrivals;
    uint32_t *latest; /* by node: its event that travels, or that is being filled */
    uint32_t *filled; /* the same while the one before still travels */
    size_t event_count, arrival_count, seed_count;
    uint32_t expanding; /* NONE while seeds are planted */
};

static void begin_event(struct trace *t, uint32_t node)
{
    t->filled[node] = (uint32_t)t->event_count;
    t->events[t->event_count++] = (struct event){.node = node, .winner = NONE, .next = NONE};
}

/* A seed is reached before any hop; what is reached later is touched next, and that is its event. */
static void trace_reach(struct trace *t, uint32_t node)
{
    if (t->expanding != NONE)
        return;
    begin_event(t, node);
    t->seed_count++;
}

static void trace_touch(struct trace *t, uint32_t node)
{
    begin_event(t, node);
}

static void trace_expand(struct trace *t, uint32_t node)
{
    t->expanding = t->latest[node];
}

static void trace_arrival(struct trace *t, uint32_t node, uint32_t accumulate, float before,
                          float after)
{
    uint32_t to = t->filled[node];
    struct event *event = &t->events[to];
    struct arrival arrival = {t->expanding, to, (double)after - (double)before};
    if (accumulate == ENGRAM_MAX && after != before) {
        if (event->winner != NONE)
            t->arrivals[event->winner].added = 0;
        event->winner = (uint32_t)t->arrival_count;
        arrival.added = (double)after;
    }
    t->arrivals[t->arrival_count++] = arrival;
}

static void trace_gain(struct trace *t, uint32_t node, float inc, float before, float after)
{
    struct event *event = &t->events[t->filled[node]];
    event->inc = inc;
    event->gained = (double)after - (double)before;
    t->latest[node] = t->filled[node];
}

#define ENGRAM_TRACE
#include "kernels/frontier_walk.h"

/* ---- backwards */

/* The part of an arrival in what its event took up. A sum that passed all bounds is due to what
 * passed them. */
static double part_of(const struct arrival *a, const struct event *to)
{
    double inc = (double)to->inc;
    if (!(fabs(inc) <= (double)FLT_MAX))
        return a->added == inc ? 1 : 0;
    return inc != 0 ? a->added / inc : 0;
}

/* From the last arrival to the first: what came through an event is known by the time that what it
 * sprang from is asked. */
static void go_back(struct trace *t, uint32_t node)
{
    for (size_t i = 0; i < t->event_count; i++)
        if (t->events[i].node == node)
            t->events[i].share = t->events[i].path = t->events[i].gained;
    for (size_t i = t->arrival_count; i-- > 0;) {
        const struct arrival *a = &t->arrivals[i];
        const struct event *to = &t->events[a->to];
        struct event *from = &t->events[a->from];
        double part = part_of(a, to), path = to->path * part;
        if (to->share == 0 && to->path == 0)
            continue;
        from->share += to->share * part;
        if (fabs(path) > fabs(from->path)) {
            from->path = path;
            from->next = a->to;
        }
    }
}

/* ---- sources */

static bool comes_before(const struct engram_source *a, const struct engram_source *b)
{
    return a->share > b->share || (a->share == b->share && a->id < b->id);
}

/* Few, and sorted once. */
static void sort(struct engram_source *sources, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct engram_source source = sources[i];
        uint32_t at = i;
        for (; at > 0 && comes_before(&source, &sources[at - 1]); at--)
            sources[at] = sources[at - 1];
        sources[at] = source;
    }
}

/* Makes the sum what the walk made it. */
static void settle_sum(struct engram_source *sources, uint32_t n, float activation)
{
    double before = 0;
    for (uint32_t i = 0; i + 1 < n; i++)
        before += sources[i].share;
    if (n && (float)(before + sources[n - 1].share) != activation)
        sources[n - 1].share = (double)activation - before;
}

struct results {
    struct engram_source *sources;
    uint64_t *ids; /* of paths, one behind the other */
    uint32_t count;
};

static void add_source(const struct engram_recall *r, struct results *results, uint32_t slot,
                       double share, double path_share)
{
    results->sources[results->count++] = (struct engram_source){.id = engram_recall_id(r, slot),
                                                                .share = share,
                                                                .path_share = path_share,
                                                                .path = results->ids};
}

static void add_step(const struct engram_recall *r, struct results *results, uint32_t slot)
{
    *results->ids++ = engram_recall_id(r, slot);
    results->sources[results->count - 1].path_length++;
}

/* The first events are the seeds'. */
static void name_sources(const struct engram_recall *r, const struct trace *t,
                         struct results *results)
{
    for (size_t i = 0; i < t->seed_count; i++) {
        const struct event *event = &t->events[i];
        if (event->share == 0)
            continue;
        add_source(r, results, event->node, event->share, event->path);
        for (; event; event = event->next == NONE ? NULL : &t->events[event->next])
            add_step(r, results, event->node);
    }
}

/* ---- the call */

static void *take(engram_arena *arena, size_t count, size_t element)
{
    return engram_arena_alloc_array(arena, count, element, 64);
}

/* Sources at most, and events of a path: each hop expands a node, each node so often. */
static size_t most_sources(const struct engram_recall *r)
{
    return (size_t)r->cue.seed_count + r->options.seeds;
}

static size_t most_path(const struct engram_recall *r)
{
    uint64_t expansions = (uint64_t)r->links.nodes * r->frontier.visit_budget;
    return 1 + (expansions < r->frontier.hops ? (size_t)expansions : r->frontier.hops);
}

/* Walks again, now with a trace; memory for it is known from the first time. */
static int trace_walk(struct engram_recall *r, struct trace *t, engram_arena *arena)
{
    size_t edges = r->walk.edges, nodes = r->links.nodes;
    *t = (struct trace){.events = take(arena, edges + r->inside, sizeof *t->events),
                        .arrivals = take(arena, edges, sizeof *t->arrivals),
                        .latest = take(arena, nodes, sizeof *t->latest),
                        .filled = take(arena, nodes, sizeof *t->filled),
                        .expanding = NONE};
    uint64_t *reached = take(arena, engram_words(nodes), sizeof *reached);
    float *activations = take(arena, nodes, sizeof *activations);
    if (!t->events || !t->arrivals || !t->latest || !t->filled || !reached || !activations)
        return ENGRAM_ENOMEM;
    memset(reached, 0, engram_words(nodes) * sizeof *reached);
    struct engram_walk walk = {.memory = r->walk.memory, .reached = reached};
    int status = walk_on(&r->links, &r->frontier, r->seeds, r->values, r->inside, &walk,
                         activations, NULL, NULL, t);
    return status == ENGRAM_OK ? status : engram_fail_cancelled(r->function);
}

static int explain(struct engram_recall *r, engram_arena *arena, uint32_t slot,
                   struct results *results)
{
    if (!engram_bit(r->reached, slot))
        return ENGRAM_OK;
    if (!r->spreads || slot >= r->links.nodes) { /* a seed that stayed where it was */
        if (r->activations[slot] > 0) {
            add_source(r, results, slot, (double)r->activations[slot],
                       (double)r->activations[slot]);
            add_step(r, results, slot);
        }
        return ENGRAM_OK;
    }
    struct trace t;
    int status = trace_walk(r, &t, arena);
    if (status != ENGRAM_OK)
        return status;
    go_back(&t, slot);
    name_sources(r, &t, results);
    sort(results->sources, results->count);
    settle_sum(results->sources, results->count, r->activations[slot]);
    return ENGRAM_OK;
}

int engram_recall_explain(const struct engram_memories *memories, const struct engram_cue *cue,
                          const struct engram_recall_options *options, engram_arena *arena,
                          uint64_t id, struct engram_explanation *out)
{
    ENGRAM_NEED(out);
    struct engram_recall r;
    int status = engram_recall_prepare(&r, __func__, memories, cue, options);
    if (status != ENGRAM_OK)
        return status;
    if (!engram_recall_knows(&r, id))
        return engram_fail(ENGRAM_ERANGE, "%s: id is %llu, which is not a memory", __func__,
                           (unsigned long long)id);
    arena = arena ? arena : engram_arena_thread();
    if (!arena)
        return engram_last_status();
    /* Results outlive the mark that scratch is under, so they come first. */
    struct results results = {
        .sources = take(arena, most_sources(&r), sizeof *results.sources),
        .ids = take(arena, most_sources(&r) * most_path(&r), sizeof *results.ids)};
    if (!results.sources || !results.ids)
        return ENGRAM_ENOMEM;

    struct engram_scratch s;
    engram_scratch_open(&s, arena);
    status = engram_recall_start(&r, s.arena);
    if (status == ENGRAM_OK)
        status = engram_recall_walk(&r);
    if (status == ENGRAM_OK)
        status = explain(&r, s.arena, (uint32_t)id, &results);
    if (status == ENGRAM_OK) {
        struct engram_parts parts = engram_recall_parts(&r, (uint32_t)id);
        *out = (struct engram_explanation){.parts = parts,
                                           .relevance = r.options.relevance,
                                           .score = engram_score(&parts, r.options.relevance),
                                           .sources = results.sources,
                                           .count = results.count,
                                           .complete = r.walk.complete,
                                           .edges = r.walk.edges};
    }
    engram_scratch_close(&s);
    return status;
}

size_t engram_recall_explain_scratch(const struct engram_memories *memories,
                                     const struct engram_cue *cue,
                                     const struct engram_recall_options *options, uint64_t edges)
{
    struct engram_recall r;
    if (engram_recall_prepare(&r, __func__, memories, cue, options) != ENGRAM_OK)
        return 0;
    size_t events = edges + most_sources(&r), nodes = r.links.nodes;
    return engram_recall_bytes(&r) + most_sources(&r) * sizeof(struct engram_source) +
           most_sources(&r) * most_path(&r) * sizeof(uint64_t) + events * sizeof(struct event) +
           edges * sizeof(struct arrival) + nodes * (2 * sizeof(uint32_t) + sizeof(float)) +
           engram_words(r.links.nodes) * sizeof(uint64_t) + 9 * 64; /* each may lose a line */
}
