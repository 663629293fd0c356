/* spread_simd.c - steps of spreading over registers of any width, compiled once for each rung.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "kernels/similarity.h"
#include "kernels/simd.h"
#include "kernels/spread.h"
#include "dispatch.h"

enum { SLICE_REGISTERS = ENGRAM_SLICE / VF, LANE_REGISTERS = ENGRAM_LANES / VF };

/* ---- some columns of one node */

static inline void keep_columns(float keep, const float *x, uint32_t columns, float *y)
{
    for (size_t c = 0; c < columns; c += VF) {
        ptrdiff_t rest = (ptrdiff_t)(columns - c);
        vf_store_n(y + c, vf_mul(vf_set(keep), vf_load_n(x + c, rest)), rest);
    }
}

static inline void push_columns(float gain, const float *x, float weight, uint32_t columns,
                                float *y)
{
    if (columns == 1) {
        *y = fmaf(gain * *x, weight, *y);
        return;
    }
    size_t c = 0;
    for (; c + VF <= columns; c += VF)
        vf_store(y + c,
                 vf_fma(vf_mul(vf_set(gain), vf_load(x + c)), vf_set(weight), vf_load(y + c)));
    if (c < columns) {
        ptrdiff_t rest = (ptrdiff_t)(columns - c);
        vf product = vf_mul(vf_set(gain), vf_load_n(x + c, rest));
        vf_store_n(y + c, vf_fma(product, vf_set(weight), vf_load_n(y + c, rest)), rest);
    }
}

static inline void mix_columns(float restart, const float *cue, uint32_t columns, float *y)
{
    for (size_t c = 0; c < columns; c += VF) {
        ptrdiff_t rest = (ptrdiff_t)(columns - c);
        vf kept = vf_mul(vf_set(1 - restart), vf_load_n(y + c, rest));
        vf_store_n(y + c, vf_fma(vf_set(restart), vf_load_n(cue + c, rest), kept), rest);
    }
}

/* ---- by target, one column: rows are the lanes */

/* Values are looked up all over x. While x fits a near cache, loads one by one are faster than the
 * gather instruction of a Zen 4; when it does not, gathers are, and entries are asked for ahead in
 * a way that leaves the near cache to x. One step on a Zen 4 with 1 MB of L2, ten edges a node,
 * R-MAT in the last line, medians in us; the numbered columns gather and ask for so many entries
 * ahead:
 *
 *                 AVX-512                        AVX2
 *     nodes       one by one  gather  128   256  one by one  gather  128   256
 *     1000        1.78        2.52               1.78
 *     16,384      70          74            77   68          72            78
 *     65,536      416         410           419  429         397           408
 *     262,144     3420        2291          2170 2976        2115          2153
 *     1,048,576   11030       8024    7459  7625 9760        7514    7059  7441
 *
 * Asking for the values of x ahead costs more than it brings: 8475 us in the last line. */
enum { FAR_ROWS = 1 << 16, AHEAD = 128 };

/* What stays the same from slice to slice. */
struct step {
    const struct engram_pull *pull;
    const struct engram_spread *options;
    const float *x, *cue;
    float *y;
};

static inline vf mixed(const struct step *s, vf sum, vf cue)
{
    return vf_fma(vf_set(s->options->restart), cue, vf_mul(vf_set(1 - s->options->restart), sum));
}

/* Adds `columns` whole columns of a slice to the sums of its rows. Asking for memory behind an
 * array is no access to it. */
INLINED void add_columns(const struct step *s, uint32_t entry, uint32_t columns, bool far,
                         vf sum[SLICE_REGISTERS])
{
    if (columns == 0)
        return; /* a graph without edges may have no arrays */
    const uint32_t *source = s->pull->sources + entry;
    const float *weight = s->pull->weights + entry;
    vf gain = vf_set(s->options->gain);
    for (; columns; columns--, source += ENGRAM_SLICE, weight += ENGRAM_SLICE) {
        if (far) {
            prefetch_once(source + AHEAD);
            prefetch_once(weight + AHEAD);
        }
        EACH (r, SLICE_REGISTERS) {
            const uint32_t *at = source + r * VF;
            vf x = far ? vf_gather(s->x, vi_load(at)) : vf_look_up(s->x, at);
            sum[r] = vf_fma(vf_mul(gain, x), vf_load(weight + r * VF), sum[r]);
        }
    }
}

/* A slice whose rows have one degree. */
INLINED void even_slice(const struct step *s, uint32_t first, uint32_t entry, uint32_t degree,
                        bool far)
{
    vf sum[SLICE_REGISTERS];
    EACH (r, SLICE_REGISTERS)
        sum[r] = vf_mul(vf_set(s->options->keep), vf_load(s->x + first + r * VF));
    add_columns(s, entry, degree, far, sum);
    EACH (r, SLICE_REGISTERS) {
        if (s->options->restart != 0)
            sum[r] = mixed(s, sum[r], vf_load(s->cue + first + r * VF));
        vf_store(s->y + first + r * VF, sum[r]);
    }
}

/* A slice across runs: whole columns while all rows have entries, the rest row by row. Degrees fall
 * slowly, so that this rest is 3 % of an R-MAT graph of 10 million edges. */
static void uneven_slice(const struct step *s, uint32_t first, const struct engram_slice *slice)
{
    const struct engram_spread *o = s->options;
    float sums[ENGRAM_SLICE];
    for (uint32_t j = 0; j < slice->rows; j++)
        sums[j] = o->keep * s->x[first + j];
    uint32_t k = slice->degree[ENGRAM_SLICE - 1], entry = slice->entry;
    if (k) {
        vf sum[SLICE_REGISTERS];
        EACH (r, SLICE_REGISTERS)
            sum[r] = vf_load(sums + r * VF);
        add_columns(s, entry, k, s->pull->rows >= FAR_ROWS, sum);
        EACH (r, SLICE_REGISTERS)
            vf_store(sums + r * VF, sum[r]);
        entry += k * ENGRAM_SLICE;
    }
    for (uint32_t rows = slice->rows; k < slice->degree[0]; k++, entry += rows) {
        while (slice->degree[rows - 1] <= k)
            rows--;
        for (uint32_t j = 0; j < rows; j++)
            sums[j] = fmaf(o->gain * s->x[s->pull->sources[entry + j]], s->pull->weights[entry + j],
                           sums[j]);
    }
    for (uint32_t j = 0; j < slice->rows; j++)
        s->y[first + j] = o->restart != 0
                              ? fmaf(o->restart, s->cue[first + j], (1 - o->restart) * sums[j])
                              : sums[j];
}

/* ---- by target, many columns: columns are the lanes */

/* Entries in the order in which they stand, so that those ahead are known; the sums of a slice stay
 * in the nearest cache. */
static void columns_of_slice(const struct step *s, uint32_t columns, uint32_t first,
                             const struct engram_slice *slice)
{
    enum { AHEAD_ENTRIES = 16, LINE = 64 / sizeof(float) };
    const uint32_t *sources = s->pull->sources;
    uint32_t at = slice->entry, end = s->pull->run[s->pull->runs - 1].entry;
    float *y = s->y + (size_t)first * columns;
    for (uint32_t j = 0; j < slice->rows; j++)
        keep_columns(s->options->keep, s->x + (size_t)(first + j) * columns, columns,
                     y + (size_t)j * columns);
    for (uint32_t k = 0, rows = slice->rows; k < slice->degree[0]; k++) {
        while (slice->degree[rows - 1] <= k)
            rows--;
        for (uint32_t j = 0; j < rows; j++, at++) {
            if ((size_t)at + AHEAD_ENTRIES < end)
                for (size_t c = 0; c < columns; c += LINE)
                    prefetch(s->x + (size_t)sources[at + AHEAD_ENTRIES] * columns + c);
            push_columns(s->options->gain, s->x + (size_t)sources[at] * columns,
                         s->pull->weights[at], columns, y + (size_t)j * columns);
        }
    }
    for (uint32_t j = 0; j < slice->rows && s->options->restart != 0; j++)
        mix_columns(s->options->restart, s->cue + (size_t)(first + j) * columns, columns,
                    y + (size_t)j * columns);
}

/* One row with entries that came later, walked again. */
static void added_row(const struct step *s, uint32_t columns, uint32_t first,
                      const struct engram_slice *slice, uint32_t j)
{
    const struct engram_spread *o = s->options;
    struct engram_entries walk = engram_entries_of(s->pull, slice, first, j);
    size_t row = (size_t)(first + j) * columns;
    uint32_t source;
    float weight, *y = s->y + row;
    keep_columns(o->keep, s->x + row, columns, y);
    while (engram_next_entry(&walk, &source, &weight))
        push_columns(o->gain, s->x + (size_t)source * columns, weight, columns, y);
    if (o->restart != 0)
        mix_columns(o->restart, s->cue + row, columns, y);
}

static void added_rows(const struct step *s, uint32_t columns, uint32_t first, uint32_t last)
{
    const struct engram_run *run = engram_run_of(s->pull, first);
    for (; first < last; first += ENGRAM_SLICE) {
        const uint32_t *added = s->pull->added_offsets + first;
        struct engram_slice slice = engram_slice_at(s->pull, &run, first);
        for (uint32_t j = 0; j < slice.rows; j++)
            if (added[j] != added[j + 1])
                added_row(s, columns, first, &slice, j);
    }
}

int NAME(engram_spread_f32)(const struct engram_pull *pull, const struct engram_spread *options,
                            const float *x, const float *cue, uint32_t columns, uint32_t first,
                            uint32_t last, float *y)
{
    const struct step s = {pull, options, x, cue, y};
    const struct engram_run *run = engram_run_of(pull, first), *end = pull->run + pull->runs - 1;
    for (uint32_t row = first; row < last; row += ENGRAM_SLICE) {
        uint32_t behind = run < end ? run[1].row : pull->rows;
        bool even = row + ENGRAM_SLICE < behind || (row + ENGRAM_SLICE == behind && run == end);
        if (columns == 1 && even && pull->rows >= FAR_ROWS) {
            even_slice(&s, row, engram_entry_of(run, row), run->degree, true);
        } else if (columns == 1 && even) {
            even_slice(&s, row, engram_entry_of(run, row), run->degree, false);
        } else {
            struct engram_slice slice = engram_slice_at(pull, &run, row);
            if (columns == 1)
                uneven_slice(&s, row, &slice);
            else
                columns_of_slice(&s, columns, row, &slice);
        }
    }
    if (pull->added_offsets)
        added_rows(&s, columns, first, last);
    return ENGRAM_OK;
}

/* ---- from active sources */

int NAME(engram_spread_active_f32)(const struct engram_graph_view *graph,
                                   const struct engram_spread *options, const float *x,
                                   const float *cue, uint32_t columns, const uint64_t *active,
                                   uint64_t *touched, float *y)
{
    struct engram_active_step step = {graph, options, x, cue, columns, active, touched, y};
    return engram_step_from_active(&step, keep_columns, push_columns, mix_columns);
}

/* ---- normalisation */

/* The divisors of `width` columns side by side, in the lanes of one register; of one column, whose
 * elements are then the lanes, the largest in any. */
struct found {
    vf largest;
    vm finite;
    vf lane[ENGRAM_LANES]; /* of sums of magnitudes; one column: LANE_REGISTERS of them */
};

INLINED void look_at(struct found *f, vf value, vf *lane)
{
    f->largest = vf_select(vf_less(f->largest, value), value, f->largest);
    f->finite = vm_and(f->finite, vf_at_most(vf_abs(value), vf_set(FLT_MAX)));
    if (lane)
        *lane = vf_add(*lane, vf_abs(value));
}

static inline void nothing_found(struct found *f, int lanes)
{
    f->largest = vf_zero();
    f->finite = vf_equal(vf_zero(), vf_zero());
    for (int i = 0; i < lanes; i++)
        f->lane[i] = vf_zero();
}

static float divisor_of_one(const float *raw, size_t n, uint32_t normalise)
{
    struct found f;
    nothing_found(&f, LANE_REGISTERS);
    bool sums = normalise == ENGRAM_NORMALISE_L1;
    size_t i = 0;
    for (; i + VF <= n; i += VF)
        look_at(&f, vf_load(raw + i), sums ? &f.lane[i / VF % LANE_REGISTERS] : NULL);
    if (i < n)
        look_at(&f, vf_load_n(raw + i, (ptrdiff_t)(n - i)),
                sums ? &f.lane[i / VF % LANE_REGISTERS] : NULL);
    float largest[VF], lane[ENGRAM_LANES];
    vf_store(largest, f.largest);
    for (int j = 1; j < VF; j++)
        largest[0] = largest[j] > largest[0] ? largest[j] : largest[0];
    for (int j = 0; j < LANE_REGISTERS; j++)
        vf_store(lane + j * VF, f.lane[j]);
    bool finite = vm_bits(f.finite) == (uint32_t)(((uint64_t)1 << VF) - 1);
    return finite ? engram_divisor(normalise, largest[0], engram_lane_sum(lane)) : INFINITY;
}

/* Divisors of the columns from c on, as many as a register has lanes. */
static void divisors_of_many(const float *raw, size_t n, size_t columns, size_t c,
                             uint32_t normalise, float *divisors)
{
    struct found f;
    nothing_found(&f, ENGRAM_LANES);
    ptrdiff_t rest = (ptrdiff_t)(columns - c);
    for (size_t i = 0; i < n; i++)
        look_at(&f, vf_load_n(raw + i * columns + c, rest),
                normalise == ENGRAM_NORMALISE_L1 ? &f.lane[i % ENGRAM_LANES] : NULL);
    for (int w = ENGRAM_LANES / 2; w; w /= 2)
        for (int j = 0; j < w; j++)
            f.lane[j] = vf_add(f.lane[j], f.lane[j + w]);
    float largest[VF], sum[VF];
    vf_store(largest, f.largest);
    vf_store(sum, f.lane[0]);
    for (int j = 0; j < VF && j < rest; j++)
        divisors[c + (size_t)j] =
            vm_bits(f.finite) >> j & 1 ? engram_divisor(normalise, largest[j], sum[j]) : INFINITY;
}

static inline vf normalised(uint32_t normalise, vf value, vf divisor)
{
    vf one = vf_set(1), zero = vf_zero();
    value = vf_add(vf_div(value, divisor), zero);
    if (normalise == ENGRAM_NORMALISE_CLAMP01)
        value = vf_select(vf_less(one, value), one, vf_select(vf_less(zero, value), value, zero));
    return value;
}

int NAME(engram_normalise_f32)(const float *raw, size_t n, uint32_t columns, uint32_t normalise,
                               float *divisors, float *out)
{
    if (columns == 1)
        divisors[0] = divisor_of_one(raw, n, normalise);
    else
        for (size_t c = 0; c < columns; c += VF)
            divisors_of_many(raw, n, columns, c, normalise, divisors);
    for (uint32_t c = 0; c < columns; c++)
        if (!(divisors[c] <= FLT_MAX))
            return ENGRAM_ERANGE;

    size_t i = 0;
    for (; columns == 1 && i + VF <= n; i += VF)
        vf_store(out + i, normalised(normalise, vf_load(raw + i), vf_set(divisors[0])));
    for (; columns == 1 && i < n; i++)
        out[i] = engram_normalised(normalise, raw[i], divisors[0]);
    for (; i < n; i++)
        for (size_t c = 0; c < columns; c += VF) {
            ptrdiff_t rest = (ptrdiff_t)(columns - c);
            size_t at = i * columns + c;
            vf value = vf_load_n(raw + at, rest), by = vf_load_n(divisors + c, rest);
            vf_store_n(out + at, normalised(normalise, value, by), rest);
        }
    return ENGRAM_OK;
}
