/* spread.c - one step of spreading over a transposed graph, and its normalisation.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/similarity.h"
#include "dispatch.h"
#include "host.h"

#include <float.h>
#include <math.h>

/* ---- doors */

int engram_spread_f32(const struct engram_graph_view *graph, const struct engram_spread *options,
                      const float *x, const float *cue, uint32_t first, uint32_t last, float *y)
{
    if (first >= last)
        return ENGRAM_OK;
    ENGRAM_NEED(graph);
    ENGRAM_NEED(options);
    ENGRAM_NEED(x);
    ENGRAM_NEED(y);
    if (options->restart != 0)
        ENGRAM_NEED(cue);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(spread_f32)(graph, options, x, cue, first, last, y);
    engram_count(KERNEL_spread_f32, graph->in_offsets[last] - graph->in_offsets[first], begun);
    return status;
}

int engram_normalise_f32(const float *raw, size_t n, uint32_t normalise, float *out)
{
    if (normalise > ENGRAM_NORMALISE_L1)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_normalise_f32: normalise is %u, expected ENGRAM_NORMALISE_MAX1, "
                           "_NONE, _CLAMP01 or _L1",
                           (unsigned)normalise);
    if (n == 0)
        return ENGRAM_OK;
    ENGRAM_NEED(raw);
    ENGRAM_NEED(out);
    uint64_t begun = engram_begin();
    int status = ENGRAM_VERSION(normalise_f32)(raw, n, normalise, out);
    engram_count(KERNEL_normalise_f32, n, begun);
    if (status != ENGRAM_OK)
        return engram_fail(status,
                           "engram_normalise_f32: activations or their sum are beyond float");
    return ENGRAM_OK;
}

/* ---- reference */

/* Sums begin with what the node keeps; contributions come in ascending (source, position), since
 * that is how the transposed rows stand. */
int engram_spread_f32_ref(const struct engram_graph_view *graph,
                          const struct engram_spread *options, const float *x, const float *cue,
                          uint32_t first, uint32_t last, float *y)
{
    for (uint32_t t = first; t < last; t++) {
        float sum = options->keep * x[t];
        for (uint32_t e = graph->in_offsets[t]; e < graph->in_offsets[t + 1]; e++)
            sum = fmaf(options->gain * x[graph->sources[e]], graph->in_weights[e], sum);
        if (options->restart != 0)
            sum = fmaf(options->restart, cue[t], (1 - options->restart) * sum);
        y[t] = sum;
    }
    return ENGRAM_OK;
}

static float sum_of_magnitudes(const float *x, size_t n)
{
    float lane[ENGRAM_LANES] = {0};
    for (size_t i = 0; i < n; i++)
        lane[i % ENGRAM_LANES] += fabsf(x[i]);
    return engram_lane_sum(lane);
}

int engram_normalise_f32_ref(const float *raw, size_t n, uint32_t normalise, float *out)
{
    float largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(raw[i]) <= FLT_MAX))
            return ENGRAM_ERANGE;
        largest = raw[i] > largest ? raw[i] : largest;
    }
    float divisor = 1;
    if (normalise == ENGRAM_NORMALISE_MAX1 && largest > 1)
        divisor = largest;
    if (normalise == ENGRAM_NORMALISE_L1) {
        float sum = sum_of_magnitudes(raw, n);
        if (!(sum <= FLT_MAX))
            return ENGRAM_ERANGE;
        divisor = sum > 0 ? sum : 1;
    }
    for (size_t i = 0; i < n; i++) {
        float value =
            raw[i] / divisor + 0.0f; /* a silent source must not be told from a skipped one by -0 */
        if (normalise == ENGRAM_NORMALISE_CLAMP01)
            value = value > 1 ? 1 : value > 0 ? value : 0;
        out[i] = value;
    }
    return ENGRAM_OK;
}
