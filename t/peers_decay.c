/* peers_decay.c - rows: forgetting beside plain C, libmvec and SLEEF.
 * SPDX-License-Identifier: MIT */
#include "peers.h"
#include "bench.h"
#include "random.h"

#include <math.h>

struct decays {
    size_t n;
    const float *strengths;
    const uint64_t *ages;
    float *out;
    const struct engram_law *law;
};

struct decay_by {
    const struct decays *decays;
    void (*decay)(const float *strengths, const uint64_t *ages, float tau_s, size_t n, float *out);
};

static void decay_ours(void *data)
{
    const struct decays *d = data;
    peers_ok(engram_decay_f32(d->law, NULL, d->strengths, d->ages, ENGRAM_AGE_U64, ENGRAM_UNCLAMPED,
                              d->n, d->out));
}

static void decay_by(void *data)
{
    const struct decay_by *by = data;
    const struct decays *d = by->decays;
    by->decay(d->strengths, d->ages, (float)d->law->tau_s, d->n, d->out);
}

/* Whether what stands in out is right, against binary64. */
static int is_decayed(const struct decays *d)
{
    for (size_t i = 0; i < d->n; i++) {
        double exact = d->strengths[i] * exp(-(double)d->ages[i] / d->law->tau_s);
        if (!(fabs(d->out[i] - exact) <= 2e-6))
            return 0;
    }
    return 1;
}

static size_t enter(struct contender *contenders, struct decay_by *by, size_t n, const char *row,
                    const char *name, const struct decays *decays,
                    void (*decay)(const float *, const uint64_t *, float, size_t, float *))
{
    by[n] = (struct decay_by){decays, decay};
    contenders[n] = (struct contender){.name = name, .run = decay_by, .data = &by[n]};
    decay_by(&by[n]);
    peers_check(is_decayed(decays), row, name);
    return n + 1;
}

/* The library that the row is measured by comes first. */
static void compare(struct peers_row row, size_t n, const struct peers_exponential *judge,
                    const struct peers_exponential *other)
{
    if (!peers_wanted(row.name))
        return;
    struct engram_law law = {
        .size = sizeof law, .curve = ENGRAM_EXPONENTIAL, .tau_s = 86400, .unit_s = 1, .beta = 1};
    struct random r = random_for(PEERS_SEED, "decay", n);
    float *strengths = bench_memory(n * sizeof *strengths), *out = bench_memory(n * sizeof *out);
    uint64_t *ages = bench_memory(n * sizeof *ages);
    for (size_t i = 0; i < n; i++) {
        strengths[i] = (float)random_between(&r, 0, 1);
        ages[i] = random_below(&r, 1000000);
    }
    struct decays decays = {n, strengths, ages, out, &law};
    struct contender contenders[PEERS_MOST];
    struct decay_by by[PEERS_MOST];
    contenders[0] = (struct contender){.name = "engram", .run = decay_ours, .data = &decays};
    decay_ours(&decays);
    peers_check(is_decayed(&decays), row.name, "engram");
    size_t count = 1;
    for (; judge->name; judge++)
        count = enter(contenders, by, count, row.name, judge->name, &decays, judge->decay);
    row.rivals = count - 1;
    for (; other->name; other++)
        count = enter(contenders, by, count, row.name, other->name, &decays, other->decay);
    count = enter(contenders, by, count, row.name, naive_free.name, &decays, naive_free.decay);
    count = enter(contenders, by, count, row.name, naive_strict.name, &decays, naive_strict.decay);
    if (row.rivals == 0) {
        peers_skip(row.name, "its peer is not installed; naive C stands in");
        row.wanted = 0;
    }
    peers_compare(&row, contenders, count);
    bench_free(strengths, n * sizeof *strengths);
    bench_free(out, n * sizeof *out);
    bench_free(ages, n * sizeof *ages);
}

void peers_decay(void)
{
    compare((struct peers_row){.name = "decay-10000", .work = "decay of 10,000", .wanted = 0.7},
            10000, peers_libmvec, peers_sleef);
    compare((struct peers_row){.name = "decay-10000000",
                               .work = peers_quick ? "decay of 100,000" : "decay of 10,000,000",
                               .wanted = 1},
            peers_quick ? 100000 : 10000000, peers_sleef, peers_libmvec);
}
