/* peers.h - comparing engram with other libraries: what the parts of t/peers share.
 * SPDX-License-Identifier: MIT */
#ifndef PEERS_H
#define PEERS_H

#include "engram.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- rows of the table ------------------------------------------------------------------ */

struct contender;

enum peers_sense {
    AT_MOST, /* ours / peer; without a peer, our seconds in `unit` */
    AT_LEAST /* peer / ours */
};

/* What a row compares, and what is wanted of it; wanted 0: it is measured only. */
struct peers_row {
    const char *name, *work;
    enum peers_sense sense;
    double wanted;
    size_t rivals; /* how many of the peers count, those named first; 0: all */
    double unit;   /* seconds; 0: 1 */
};

/* Times contender 0, ours, and its peers in turn, and prints the ratio to the fastest that counts.
 * With n of 1 there is no peer. */
void peers_compare(const struct peers_row *row, struct contender *contenders, size_t n);

/* Says why a row, or one of its peers, is not there. */
void peers_skip(const char *name, const char *why);

/* Ends the program unless what is about to be timed is right. */
void peers_check(int right, const char *name, const char *whose);

/* Ends the program if a function of engram failed. */
void peers_ok(int status);

/* The k best rows for each of count queries, best first: hits[q * k ..]; options NULL: exactly. */
void peers_search(const engram_bank *bank, const struct engram_search *options,
                  const float *queries, size_t count, size_t k, struct engram_hit *hits);

/* An arena large enough for every row; never freed. */
engram_arena *peers_arena(void);

enum { PEERS_SEED = 1, PEERS_MOST = 8 /* contenders of a row */ };

extern int peers_quick;      /* small sizes, to see that it works */
extern int peers_threads;    /* that parallel_for uses: 1 or 2 */
extern int peers_processors; /* that we may use: 1 or 2 */

/* Whether a row is asked for. */
int peers_wanted(const char *name);

/* Rows of PEERS_HARD_DIM near a plane of few dimensions, in clusters that overlap, and queries drawn
 * as the rows are; all of length 1. */
enum { PEERS_HARD_DIM = 768 };
void peers_hard_set(size_t n, float *rows, size_t queries, float *query);

/* The groups of rows. */
void peers_similarity(void);
void peers_approximate(void);
void peers_decay(void);
void peers_recall(void);
void peers_spread(void);

/* ---- plain C, compiled strictly and freely ---------------------------------------------- */

/* A graph as rows of outgoing edges. */
struct naive_graph {
    uint32_t nodes;
    const uint32_t *offsets, *targets;
    const float *weights;
};

struct naive {
    const char *name;
    float (*cosine)(const float *a, const float *b, size_t n);
    /* The k best of n rows, best first. */
    void (*search)(const float *query, const float *rows, const float *norms, size_t n, size_t dim,
                   size_t k, struct engram_hit *hits);
    void (*decay)(const float *strengths, const uint64_t *ages, float tau_s, size_t n, float *out);
    /* x spreads and is divided by its largest value where that is above 1; y is of its size. */
    void (*spread)(const struct naive_graph *graph, int steps, float *x, float *y);
};

extern const struct naive naive_strict, naive_free;

/* ---- exponentials ----------------------------------------------------------------------- */

/* strengths[i] * exp(-ages[i] / tau_s), once for each library and width; name NULL ends them. */
struct peers_exponential {
    const char *name;
    void (*decay)(const float *strengths, const uint64_t *ages, float tau_s, size_t n, float *out);
};
extern const struct peers_exponential peers_libmvec[], peers_sleef[];

/* ---- C++ -------------------------------------------------------------------------------- */

/* An index over n rows, which are copied. */
struct peers_faiss;
struct peers_faiss *peers_faiss_new(const float *rows, size_t n, size_t dim);
void peers_faiss_search(struct peers_faiss *index, const float *queries, size_t count, size_t k,
                        float *scores, int64_t *ids);
void peers_faiss_free(struct peers_faiss *index);

struct peers_hnsw;
struct peers_hnsw *peers_hnsw_new(const float *rows, size_t n, size_t dim, size_t m,
                                  size_t ef_construction);
void peers_hnsw_search(struct peers_hnsw *index, const float *queries, size_t count, size_t k,
                       size_t ef, uint32_t *ids);
void peers_hnsw_free(struct peers_hnsw *index);

#ifdef __cplusplus
}
#endif
#endif
