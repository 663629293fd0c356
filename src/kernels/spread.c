/* spread.c - one step of spreading, by target or from active sources, and its normalisation: the
 * doors, and the references that define them.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/similarity.h"
#include "kernels/spread.h"
#include "dispatch.h"
#include "host.h"

#include <float.h>
#include <math.h>

/* ---- doors */

int engram_spread_f32(const struct engram_pull *pull, const struct engram_spread *options,
                      const float *x, const float *cue, uint32_t columns, uint32_t first,
                      uint32_t last, float *y)
{
    if (first >= last || columns == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(pull);
    ENGRAM_NEED(options);
    ENGRAM_NEED(x);
    ENGRAM_NEED(y);
    if (options->restart != 0)
        ENGRAM_NEED(cue);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(spread_f32)(pull, options, x, cue, columns, first, last, y);
    uint64_t edges = engram_entry_of(engram_run_of(pull, last), last) -
                     engram_entry_of(engram_run_of(pull, first), first);
    engram_count(KERNEL_spread_f32, edges * columns, begun);
    return status;
}

int engram_spread_active_f32(const struct engram_graph_view *graph,
                             const struct engram_spread *options, const float *x, const float *cue,
                             uint32_t columns, const uint64_t *active, uint64_t *touched, float *y)
{
    ENGRAM_NEED(graph);
    ENGRAM_NEED(options);
    if (graph->nodes == 0 || columns == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(x);
    ENGRAM_NEED(active);
    ENGRAM_NEED(touched);
    ENGRAM_NEED(y);
    if (options->restart != 0)
        ENGRAM_NEED(cue);
    uint64_t begun = engram_begin();
    int status =
        ENGRAM_VERSION(spread_active_f32)(graph, options, x, cue, columns, active, touched, y);
    engram_count(KERNEL_spread_active_f32, (uint64_t)graph->nodes * columns, begun);
    return status == ENGRAM_ECANCELLED ? engram_fail_cancelled(__func__) : status;
}

int engram_normalise_f32(const float *raw, size_t n, uint32_t columns, uint32_t normalise,
                         float *divisors, float *out)
{
    if (normalise > ENGRAM_NORMALISE_L1)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_normalise_f32: normalise is %u, expected ENGRAM_NORMALISE_MAX1, "
                           "_NONE, _CLAMP01 or _L1",
                           (unsigned)normalise);
    if (n == 0 || columns == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(raw);
    ENGRAM_NEED(divisors);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(normalise_f32)(raw, n, columns, normalise, divisors, out);
    engram_count(KERNEL_normalise_f32, n * columns, begun);
    if (status != ENGRAM_OK)
        return engram_fail(status,
                           "engram_normalise_f32: activations or their sum are beyond float");
    return ENGRAM_OK;
}

/* ---- references: one column after the other, each as if it were alone */

int engram_spread_f32_ref(const struct engram_pull *pull, const struct engram_spread *options,
                          const float *x, const float *cue, uint32_t columns, uint32_t first,
                          uint32_t last, float *y)
{
    const struct engram_run *run = engram_run_of(pull, first);
    for (; first < last; first += ENGRAM_SLICE) {
        struct engram_slice slice = engram_slice_at(pull, &run, first);
        for (uint32_t j = 0; j < slice.rows; j++)
            for (size_t c = 0, row = (size_t)(first + j) * columns; c < columns; c++) {
                struct engram_entries walk = engram_entries_of(pull, &slice, first, j);
                float sum = options->keep * x[row + c], weight;
                uint32_t source;
                while (engram_next_entry(&walk, &source, &weight))
                    sum = fmaf(options->gain * x[(size_t)source * columns + c], weight, sum);
                if (options->restart != 0)
                    sum = fmaf(options->restart, cue[row + c], (1 - options->restart) * sum);
                y[row + c] = sum;
            }
    }
    return ENGRAM_OK;
}

static void keep_columns(float keep, const float *x, uint32_t columns, float *y)
{
    for (uint32_t c = 0; c < columns; c++)
        y[c] = keep * x[c];
}

static void push_columns(float gain, const float *x, float weight, uint32_t columns, float *y)
{
    for (uint32_t c = 0; c < columns; c++)
        y[c] = fmaf(gain * x[c], weight, y[c]);
}

static void mix_columns(float restart, const float *cue, uint32_t columns, float *y)
{
    for (uint32_t c = 0; c < columns; c++)
        y[c] = fmaf(restart, cue[c], (1 - restart) * y[c]);
}

int engram_spread_active_f32_ref(const struct engram_graph_view *graph,
                                 const struct engram_spread *options, const float *x,
                                 const float *cue, uint32_t columns, const uint64_t *active,
                                 uint64_t *touched, float *y)
{
    struct engram_active_step step = {graph, options, x, cue, columns, active, touched, y};
    return engram_step_from_active(&step, keep_columns, push_columns, mix_columns);
}

int engram_normalise_f32_ref(const float *raw, size_t n, uint32_t columns, uint32_t normalise,
                             float *divisors, float *out)
{
    int status = ENGRAM_OK;
    for (uint32_t c = 0; c < columns; c++) {
        float largest = 0, lane[ENGRAM_LANES] = {0};
        bool finite = true;
        for (size_t i = 0; i < n; i++) {
            float value = raw[i * columns + c];
            finite &= fabsf(value) <= FLT_MAX;
            largest = value > largest ? value : largest;
            lane[i % ENGRAM_LANES] += fabsf(value);
        }
        divisors[c] = finite ? engram_divisor(normalise, largest, engram_lane_sum(lane)) : INFINITY;
        if (!(divisors[c] <= FLT_MAX))
            status = ENGRAM_ERANGE;
    }
    for (size_t i = 0; i < n && status == ENGRAM_OK; i++)
        for (uint32_t c = 0; c < columns; c++)
            out[i * columns + c] = engram_normalised(normalise, raw[i * columns + c], divisors[c]);
    return status;
}
