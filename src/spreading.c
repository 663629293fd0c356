/* spreading.c - spreading over whole graphs: checks, scratch, steps; the arithmetic is in kernels.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "dispatch.h"
#include "graph.h"
#include "host.h"
#include "kernels/similarity.h"
#include "kernels/spread.h"
#include "scratch.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- power iteration */

static int check_spread(const char *function, const struct engram_spread *o)
{
    if (o->size < offsetof(struct engram_spread, restart))
        return engram_fail(ENGRAM_EDIM, "%s: options->size is %u, too small for keep and gain",
                           function, (unsigned)o->size);
    const struct {
        const char *name;
        float value;
    } finite[] = {{"keep", o->keep}, {"gain", o->gain}};
    for (size_t i = 0; i < 2; i++)
        if (!(fabsf(finite[i].value) <= FLT_MAX))
            return engram_fail(ENGRAM_ERANGE, "%s: options->%s is %g, expected a finite number",
                               function, finite[i].name, engram_shown(finite[i].value));
    if (!(o->restart >= 0 && o->restart <= 1))
        return engram_fail(ENGRAM_ERANGE, "%s: options->restart is %g, expected 0 .. 1", function,
                           engram_shown(o->restart));
    if (o->normalise > ENGRAM_NORMALISE_L1)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: options->normalise is %u, expected ENGRAM_NORMALISE_MAX1, _NONE, "
                           "_CLAMP01 or _L1",
                           function, (unsigned)o->normalise);
    return ENGRAM_OK;
}

/* One call: what was asked, and the scratch. While steps are sparse all arrays are by node and x
 * holds the start; dense ones have them by row, and the activations of the last whole step in x. */
struct iteration {
    const char *function;
    const struct engram_graph_view *graph;
    struct engram_spread options;
    struct engram_pull pull;
    size_t n, columns;  /* nodes, floats of each */
    float *activations; /* the caller's, at the last whole step while steps are sparse */
    uint64_t *active, *touched, *started; /* bitsets; started: where the start is not 0 */
    float *x, *y, *cue, *raw;             /* cue: for restart; raw: for L1 */
    float *divisors;
    uint32_t *added_offsets, *added_sources; /* for the pull layout */
    float *added_weights;
    uint64_t edges; /* that leave active nodes */
};

/* Hands out the scratch from its beginning, or only counts its bytes; SIZE_MAX: too many. */
static size_t share_out(struct iteration *r, char *memory)
{
    size_t words = engram_words(r->n), added = r->graph->delta.edges, floats;
    if (!engram_product(r->n, r->columns, &floats) || floats > SIZE_MAX / 64)
        return SIZE_MAX;
    const struct {
        void *array;
        size_t bytes;
    } parts[] = {
        {&r->active, words * sizeof *r->active},
        {&r->touched, words * sizeof *r->touched},
        {&r->started, r->options.restart != 0 ? words * sizeof *r->started : 0},
        {&r->x, floats * sizeof *r->x},
        {&r->y, floats * sizeof *r->y},
        {&r->cue, r->options.restart != 0 ? floats * sizeof *r->cue : 0},
        {&r->raw, r->options.normalise == ENGRAM_NORMALISE_L1 ? floats * sizeof *r->raw : 0},
        {&r->divisors, r->columns * sizeof *r->divisors},
        {&r->added_offsets, added ? (r->n + 1) * sizeof *r->added_offsets : 0},
        {&r->added_sources, added * sizeof *r->added_sources},
        {&r->added_weights, added * sizeof *r->added_weights},
    };
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (memory)
            *(void **)parts[i].array = memory + bytes;
        bytes += parts[i].bytes;
    }
    return bytes;
}

size_t engram_graph_spread_batch_scratch(const engram_graph *graph,
                                         const struct engram_spread *options, uint32_t columns)
{
    if (!graph || !options)
        return 0;
    struct iteration r = {.graph = &graph->view, .n = graph->view.nodes, .columns = columns};
    engram_read_options(&r.options, sizeof r.options, options);
    size_t bytes = share_out(&r, NULL);
    return bytes < SIZE_MAX - 64 ? bytes + 64 : SIZE_MAX;
}

size_t engram_graph_spread_scratch(const engram_graph *graph, const struct engram_spread *options)
{
    return engram_graph_spread_batch_scratch(graph, options, 1);
}

/* Says which column failed; the divisors know. */
static int fail_overflow(const struct iteration *r)
{
    size_t c = 0;
    while (r->divisors[c] <= FLT_MAX)
        c++;
    if (r->columns == 1)
        return engram_fail(ENGRAM_ERANGE, "%s: an activation grew beyond the range of float",
                           r->function);
    return engram_fail(ENGRAM_ERANGE,
                       "%s: an activation of column %zu grew beyond the range of float",
                       r->function, c);
}

/* ---- sparse steps: from the active nodes */

/* Walking an edge from its source costs so many times what a dense step pays for it: 4.3 ns against
 * 0.75 on an R-MAT graph of 10 million edges, of which a step walks all, and its rows. */
enum { SPARSE_COST = 6 };

static bool is_sparse(const struct iteration *r)
{
    return SPARSE_COST * r->edges <= r->n + r->graph->edges + r->graph->delta.edges;
}

/* A node whose values are not all +0 counts as active. Bits are looked at, not values: what the
 * host's floating point takes for 0 does not matter, and -0 becomes +0 in the first step. */
static bool activate(struct iteration *r, uint32_t node)
{
    const float *values = r->activations + node * r->columns;
    uint32_t any = 0;
    for (size_t c = 0; c < r->columns; c++) {
        uint32_t bits;
        memcpy(&bits, values + c, sizeof bits);
        any |= bits;
    }
    if (!any)
        return false;
    engram_set_bit(r->active, node);
    r->edges += engram_out_degree(r->graph, node);
    return true;
}

static void find_active(struct iteration *r)
{
    memset(r->active, 0, engram_words(r->n) * sizeof *r->active);
    for (uint32_t node = 0; node < r->n && is_sparse(r); node++)
        activate(r, node);
}

/* The divisor of each column, over the touched nodes; all others are 0 and change no sum. */
static int find_divisors(struct iteration *r)
{
    size_t words = engram_words(r->n), columns = r->columns;
    bool finite = true;
    for (size_t c = 0; c < columns; c++)
        r->divisors[c] = 0;
    for (size_t w = 0; w < words; w++)
        for (uint64_t word = r->touched[w]; word;) {
            const float *values = r->y + engram_take_lowest(&word, w) * columns;
            for (size_t c = 0; c < columns; c++) {
                if (!(fabsf(values[c]) <= FLT_MAX))
                    r->divisors[c] = INFINITY;
                r->divisors[c] = values[c] > r->divisors[c] ? values[c] : r->divisors[c];
            }
        }
    for (size_t c = 0; c < columns; c++) {
        float lane[ENGRAM_LANES] = {0};
        for (size_t w = 0; w < words && r->options.normalise == ENGRAM_NORMALISE_L1; w++)
            for (uint64_t word = r->touched[w]; word;) {
                uint32_t node = engram_take_lowest(&word, w);
                lane[node % ENGRAM_LANES] += fabsf(r->y[node * columns + c]);
            }
        if (r->divisors[c] <= FLT_MAX)
            r->divisors[c] =
                engram_divisor(r->options.normalise, r->divisors[c], engram_lane_sum(lane));
        finite &= r->divisors[c] <= FLT_MAX;
    }
    return finite ? ENGRAM_OK : fail_overflow(r);
}

/* Steps while they are sparse; how many were made. */
static int sparse_steps(struct iteration *r, uint32_t *done)
{
    size_t words = engram_words(r->n), columns = r->columns;
    const struct engram_spread *o = &r->options;
    find_active(r);
    if (!is_sparse(r))
        return ENGRAM_OK;
    memset(r->y, 0, r->n * columns * sizeof *r->y);
    if (o->restart != 0)
        memcpy(r->started, r->active, words * sizeof *r->started);
    for (; *done < o->steps && is_sparse(r); ++*done) {
        if (o->restart != 0)
            memcpy(r->touched, r->started, words * sizeof *r->touched);
        else
            memset(r->touched, 0, words * sizeof *r->touched);
        int status = engram_cancelled()
                         ? ENGRAM_ECANCELLED
                         : engram_spread_active_f32(r->graph, o, r->activations, r->x,
                                                    (uint32_t)columns, r->active, r->touched, r->y);
        if (status != ENGRAM_OK)
            return engram_fail_cancelled(r->function);
        status = find_divisors(r);
        if (status != ENGRAM_OK)
            return status;

        r->edges = 0;
        memset(r->active, 0, words * sizeof *r->active);
        for (size_t w = 0; w < words; w++)
            for (uint64_t word = r->touched[w]; word;) {
                uint32_t node = engram_take_lowest(&word, w);
                float *to = r->activations + node * columns, *from = r->y + node * columns;
                for (size_t c = 0; c < columns; c++) {
                    to[c] = engram_normalised(o->normalise, from[c], r->divisors[c]);
                    from[c] = 0;
                }
                activate(r, node);
            }
    }
    return ENGRAM_OK;
}

/* ---- dense steps: by target */

static void to_rows(const struct iteration *r, const float *by_node, float *by_row)
{
    if (r->columns == 1)
        for (size_t row = 0; row < r->n; row++)
            by_row[row] = by_node[r->pull.order[row]];
    else
        for (size_t row = 0; row < r->n; row++)
            memcpy(by_row + row * r->columns, by_node + r->pull.order[row] * r->columns,
                   r->columns * sizeof *by_row);
}

static void to_nodes(const struct iteration *r, const float *by_row, float *by_node)
{
    if (r->columns == 1)
        for (size_t row = 0; row < r->n; row++)
            by_node[r->pull.order[row]] = by_row[row];
    else
        for (size_t row = 0; row < r->n; row++)
            memcpy(by_node + r->pull.order[row] * r->columns, by_row + row * r->columns,
                   r->columns * sizeof *by_row);
}

/* Arranges added edges by the row of their target; within it by rising source, in their order. */
static void arrange_added(struct iteration *r)
{
    const struct engram_delta *delta = &r->graph->delta;
    uint32_t n = (uint32_t)r->n, *offsets = r->added_offsets, *row_of = (uint32_t *)(void *)r->y;
    for (uint32_t row = 0; row < n; row++)
        row_of[r->pull.order[row]] = row;
    memset(offsets, 0, (r->n + 1) * sizeof *offsets);
    for (uint32_t e = 0; e < delta->edges; e++)
        offsets[row_of[delta->targets[e]] + 1]++;
    engram_accumulate(offsets, n);
    for (uint32_t s = 0; s < n; s++)
        for (uint32_t e = engram_added_first(delta, s); e != UINT32_MAX;
             e = engram_added_next(delta, s, e)) {
            uint32_t place = offsets[row_of[delta->targets[e]]]++;
            r->added_sources[place] = row_of[s];
            r->added_weights[place] = delta->weights[e];
        }
    engram_move_back(offsets, n);
    r->pull.added_offsets = offsets;
    r->pull.added_sources = r->added_sources;
    r->pull.added_weights = r->added_weights;
}

/* Work is counted in entries and rows, and cut by that: the first rows have the most entries. */
enum { BLOCK_WORK = 1 << 16 };

static size_t work_before(const struct engram_pull *pull, uint32_t row)
{
    return (size_t)engram_entry_of(engram_run_of(pull, row), row) + row;
}

/* The first row of a slice with at least so much work before it; or the number of rows. */
static uint32_t row_at(const struct engram_pull *pull, size_t work)
{
    uint32_t low = 0, high = (pull->rows + ENGRAM_SLICE - 1) / ENGRAM_SLICE;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (work_before(pull, middle * ENGRAM_SLICE) < work)
            low = middle + 1;
        else
            high = middle;
    }
    low *= ENGRAM_SLICE;
    return low < pull->rows ? low : pull->rows;
}

static int step_block(void *data, size_t first, size_t last)
{
    const struct iteration *r = data;
    if (engram_cancelled())
        return ENGRAM_ECANCELLED;
    return engram_spread_f32(&r->pull, &r->options, r->x, r->cue, (uint32_t)r->columns,
                             row_at(&r->pull, first), row_at(&r->pull, last), r->y);
}

static int dense_steps(struct iteration *r, uint32_t done)
{
    bool l1 = r->options.normalise == ENGRAM_NORMALISE_L1;
    uint32_t columns = (uint32_t)r->columns;
    if (r->options.restart != 0)
        to_rows(r, r->x, r->cue);
    to_rows(r, r->activations, r->x);
    if (r->graph->delta.edges)
        arrange_added(r);

    size_t work = work_before(&r->pull, r->pull.rows);
    int status = ENGRAM_OK;
    for (; done < r->options.steps && status == ENGRAM_OK; done++) {
        status = engram_in_blocks(work, BLOCK_WORK / columns + 1, step_block, r);
        if (status != ENGRAM_OK) {
            status = engram_fail_cancelled(r->function);
            break;
        }
        if (l1) { /* its sum is over nodes in their order */
            to_nodes(r, r->y, r->raw);
            status = engram_normalise_f32(r->raw, r->n, columns, r->options.normalise, r->divisors,
                                          r->activations);
            to_rows(r, r->activations, r->x);
        } else {
            status =
                engram_normalise_f32(r->y, r->n, columns, r->options.normalise, r->divisors, r->x);
        }
        if (status != ENGRAM_OK)
            status = fail_overflow(r);
    }
    if (!l1)
        to_nodes(r, r->x, r->activations);
    return status;
}

static int spread(const char *function, const engram_graph *graph,
                  const struct engram_spread *options, uint32_t columns, engram_arena *scratch,
                  float *activations)
{
    struct iteration r = {.function = function,
                          .graph = &graph->view,
                          .pull = graph->view.pull,
                          .n = graph->view.nodes,
                          .columns = columns,
                          .activations = activations};
    engram_read_options(&r.options, sizeof r.options, options);
    int status = check_spread(function, &r.options);
    if (status != ENGRAM_OK || r.n == 0 || columns == 0)
        return status;
    if (!activations)
        return engram_fail(ENGRAM_ENULL, "%s: activations is null", function);
    size_t bytes = share_out(&r, NULL);
    if (bytes == SIZE_MAX)
        return engram_fail(ENGRAM_ELIMIT, "%s: %zu nodes of %u columns are beyond memory", function,
                           r.n, (unsigned)columns);
    status = engram_check_finite(function, "activations", activations, r.n * columns);
    if (status != ENGRAM_OK || r.options.steps == 0)
        return status;

    struct engram_scratch s;
    if (!engram_scratch_open(&s, scratch))
        return engram_last_status();
    void *memory = engram_arena_alloc(s.arena, bytes, 64);
    uint32_t done = 0;
    if (memory) {
        share_out(&r, memory);
        if (r.options.restart != 0)
            memcpy(r.x, activations, r.n * columns * sizeof *r.x);
        status = sparse_steps(&r, &done);
    } else {
        status = engram_last_status();
    }
    if (status == ENGRAM_OK && done < r.options.steps)
        status = dense_steps(&r, done);
    engram_scratch_close(&s);
    return status;
}

int engram_graph_spread(const engram_graph *graph, const struct engram_spread *options,
                        engram_arena *scratch, float *activations)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED_OPTIONS(options);
    return spread(__func__, graph, options, 1, scratch, activations);
}

int engram_graph_spread_batch(const engram_graph *graph, const struct engram_spread *options,
                              uint32_t columns, engram_arena *scratch, float *activations)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED_OPTIONS(options);
    return spread(__func__, graph, options, columns, scratch, activations);
}

/* ---- frontier */

static const float *usual_gain(void)
{
    static const float gain[256] = {
        1, -1, 0.5f, [3 ... 255] = 1, /* excitatory, inhibitory, modulatory, whatever else */
    };
    return gain;
}

int engram_frontier_options(const char *function, const struct engram_frontier *frontier,
                            struct engram_frontier *own)
{
    ENGRAM_NEED_OPTIONS_OF(function, frontier);
    engram_read_options(own, sizeof *own, frontier);
    if (own->hops > ENGRAM_MAX_HOPS || own->refractory > ENGRAM_MAX_HOPS)
        return engram_fail(
            ENGRAM_ERANGE, "%s: frontier->hops is %u and refractory %u, expected at most %d",
            function, (unsigned)own->hops, (unsigned)own->refractory, ENGRAM_MAX_HOPS);
    if (own->fan > ENGRAM_FAN_ACTR)
        return engram_fail(
            ENGRAM_ERANGE,
            "%s: frontier->fan is %u, expected ENGRAM_FAN_NONE, _LINEAR, _SQRT or _ACTR", function,
            (unsigned)own->fan);
    if (!(fabsf(own->fan_strength) <= FLT_MAX))
        return engram_fail(ENGRAM_ERANGE,
                           "%s: frontier->fan_strength is %g, expected a finite number", function,
                           engram_shown(own->fan_strength));
    if (own->accumulate > ENGRAM_NOISY_OR)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: frontier->accumulate is %u, expected ENGRAM_SUM, _MAX or _NOISY_OR",
                           function, (unsigned)own->accumulate);
    if (own->visit_budget > UINT16_MAX)
        return engram_fail(ENGRAM_ERANGE,
                           "%s: frontier->visit_budget is %u, expected at most 65535", function,
                           (unsigned)own->visit_budget);
    if (!(own->cycle_penalty >= 0 && own->cycle_penalty <= 1))
        return engram_fail(ENGRAM_ERANGE, "%s: frontier->cycle_penalty is %g, expected 0 .. 1",
                           function, (double)own->cycle_penalty);
    own->visit_budget = own->visit_budget ? own->visit_budget : 2;
    own->cycle_penalty = own->cycle_penalty > 0 ? own->cycle_penalty : 0.93f;

    int status = ENGRAM_OK;
    if (own->step)
        status = engram_check_finite(function, "frontier->step", own->step, own->hops);
    for (uint32_t h = 0; own->threshold && h < own->hops; h++)
        if (!(own->threshold[h] >= 0))
            return engram_fail(ENGRAM_ERANGE, "%s: frontier->threshold[%u] is %g, expected >= 0",
                               function, (unsigned)h, engram_shown(own->threshold[h]));
    if (own->gain && status == ENGRAM_OK)
        status = engram_check_finite(function, "frontier->gain", own->gain, 256);
    if (!own->gain)
        own->gain = usual_gain();
    return status;
}

size_t engram_graph_frontier_scratch(const engram_graph *graph)
{
    return graph ? engram_walk_bytes(graph->view.nodes) +
                       engram_words(graph->view.nodes) * sizeof(uint64_t) + 64
                 : 0;
}

int engram_graph_frontier(const engram_graph *graph, const struct engram_frontier *options,
                          const uint32_t *seeds, const float *values, size_t n,
                          engram_arena *scratch, float *activations, uint16_t *first_hop,
                          uint32_t *contributions, uint64_t *edges)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED_OPTIONS(options);
    struct engram_frontier own;
    int status = engram_frontier_options(__func__, options, &own);
    if (status != ENGRAM_OK)
        return status;
    if (n) {
        ENGRAM_NEED(seeds);
        ENGRAM_NEED(values);
    }
    for (size_t i = 0; i < n; i++)
        if (seeds[i] >= graph->view.nodes)
            return engram_fail(ENGRAM_ERANGE,
                               "engram_graph_frontier: seeds[%zu] is %u, there are %u nodes", i,
                               (unsigned)seeds[i], (unsigned)graph->view.nodes);
    status = engram_check_finite(__func__, "values", values, n);
    if (status != ENGRAM_OK)
        return status;
    if (graph->view.nodes)
        ENGRAM_NEED(activations);

    struct engram_scratch s;
    if (!engram_scratch_open(&s, scratch))
        return engram_last_status();
    uint32_t nodes = graph->view.nodes;
    size_t words = engram_words(nodes);
    struct engram_walk walk = {.memory = engram_arena_alloc(s.arena, engram_walk_bytes(nodes), 64),
                               .reached = engram_arena_alloc_array(s.arena, words, 8, 8)};
    if (walk.memory && walk.reached) {
        memset(walk.reached, 0, words * sizeof *walk.reached);
        if (nodes)
            memset(activations, 0, nodes * sizeof *activations);
        if (nodes && first_hop)
            memset(first_hop, 0xff, nodes * sizeof *first_hop);
        if (nodes && contributions)
            memset(contributions, 0, nodes * sizeof *contributions);
        status = engram_frontier_f32(&graph->view, &own, seeds, values, n, &walk, activations,
                                     first_hop, contributions);
    } else {
        status = engram_last_status();
    }
    if (edges && status == ENGRAM_OK)
        *edges = walk.edges;
    engram_scratch_close(&s);
    return status;
}
