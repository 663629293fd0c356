/* peers_naive.c - what one writes without thinking of a machine; compiled twice, as NAIVE says.
 * SPDX-License-Identifier: MIT */
#include "peers.h"

#include <math.h>
#include <string.h>

static float dot(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static float cosine(const float *a, const float *b, size_t n)
{
    float ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / sqrtf(aa * bb);
}

static void search(const float *query, const float *rows, const float *norms, size_t n, size_t dim,
                   size_t k, struct engram_hit *hits)
{
    float norm = sqrtf(dot(query, query, dim));
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        float score = dot(query, rows + i * dim, dim) / (norm * norms[i]);
        if (count == k && score <= hits[k - 1].score)
            continue;
        size_t at = count < k ? count++ : k - 1;
        for (; at > 0 && hits[at - 1].score < score; at--)
            hits[at] = hits[at - 1];
        hits[at] = (struct engram_hit){.id = i, .score = score};
    }
}

static void decay(const float *strengths, const uint64_t *ages, float tau_s, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = strengths[i] * expf(-(float)ages[i] / tau_s);
}

static void spread(const struct naive_graph *graph, int steps, float *x, float *y)
{
    for (int step = 0; step < steps; step++) {
        memcpy(y, x, graph->nodes * sizeof *y);
        for (uint32_t s = 0; s < graph->nodes; s++) {
            if (x[s] == 0)
                continue;
            for (uint32_t e = graph->offsets[s]; e < graph->offsets[s + 1]; e++)
                y[graph->targets[e]] += x[s] * graph->weights[e];
        }
        float largest = 0;
        for (uint32_t t = 0; t < graph->nodes; t++)
            largest = y[t] > largest ? y[t] : largest;
        for (uint32_t t = 0; t < graph->nodes; t++)
            x[t] = largest > 1 ? y[t] / largest : y[t];
    }
}

const struct naive NAIVE = {NAIVE_NAME, cosine, search, decay, spread};
