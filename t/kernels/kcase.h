/* kcase.h - what a case is: one call of one kernel, made and run alike for tests and for timing.
 * SPDX-License-Identifier: MIT */
#ifndef KCASE_H
#define KCASE_H

#include "engram.h"
#include "../random.h"

#include <stddef.h>
#include <stdint.h>

/* What the numbers are like. */
enum kkind { KRANDOM, KEQUAL, KHUGE, KTINY, KZEROS, KSPECIAL, KKINDS };

enum krole {
    KINPUT,  /* read */
    KFLOATS, /* written; compared by bits, but any NaN equals any NaN */
    KBYTES,  /* written; compared by bytes */
    KSCRATCH /* written, not compared */
};

/* One array, which ends or begins where memory becomes unreadable. */
struct kblock {
    char *room; /* readable bytes, between two unreadable pages */
    size_t room_bytes;
    enum krole role;
    char *at;
    size_t bytes;
    char *before, *want; /* copies of an output: before the call, and as the reference leaves it */
    size_t copy_bytes;
};

enum { KBLOCKS = 30 };

struct kcall {
    size_t n;    /* length: elements, or the dimension of rows, or nodes */
    size_t rows; /* for kernels over rows */
    enum kkind kind;
    int beginning; /* arrays begin a little behind an unreadable page; otherwise they end at one */
    int timing;    /* the usual options instead of random ones */
    struct random random;
    /* Of one call, set by make or run: bytes of the arrays it goes through, each counted once;
     * floating-point operations; what its time is divided by, n or n * rows if left 0. */
    double bytes, flops, elements;
    double gathers, table_bytes; /* floats read from all over a table; 0: none */
    int status;                  /* of the call, set by run */
    size_t blocks;
    struct kblock block[KBLOCKS];
};

struct kcase {
    const char *name;
    double element_bytes; /* read and written per unit of n, to choose n for a working set */
    size_t dim;           /* for timing a kernel over rows: their dimension; 0: it has none */
    void (*make)(struct kcall *call);
    void (*run)(struct kcall *call, engram_any_kernel *version);
    /* Whether the outputs are those of a definition beside it; NULL: t/c/oracle.c has one. */
    int (*plain)(const struct kcall *call);
};

/* A version by the type of its kernel. */
#define KVERSION(name, version) ((__typeof__(engram_##name) *)(version))

/* An array of count elements of `size` bytes. Outputs begin as garbage. */
void *kblock(struct kcall *call, size_t count, size_t size, enum krole role);

/* n floats of the call's kind; the random ones are in [low, high). */
void kfill(struct kcall *call, size_t n, double low, double high, float *out);
float *kfloats(struct kcall *call, size_t n, double low, double high);

/* A number below n, 0 when timing: for choosing options. */
uint32_t kchoose(struct kcall *call, uint32_t n);

/* A random graph of finite weights, laid out both ways round, with about `degree` edges a node; some
 * have added edges. */
struct engram_graph_view kgraph(struct kcall *call, size_t nodes, uint32_t degree);

/* The same bits, or both NaN. */
int ksame(float a, float b);

/* 64 lanes added pairwise. */
float kfold(float lane[64]);

#endif
