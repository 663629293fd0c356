/* dispatch.h - the table of chosen kernels and their counters, made from kernels.def.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_DISPATCH_H
#define ENGRAM_DISPATCH_H

#include "cpu.h"
#include "engram.h"

#include <stdint.h>

/* Versions that were not built leave no trace. */
#ifdef ENGRAM_HAVE_NEON
#define ENGRAM_IF_neon(...) __VA_ARGS__
#else
#define ENGRAM_IF_neon(...)
#endif
#ifdef ENGRAM_HAVE_AVX2
#define ENGRAM_IF_avx2(...) __VA_ARGS__
#else
#define ENGRAM_IF_avx2(...)
#endif
#ifdef ENGRAM_HAVE_AVX512
#define ENGRAM_IF_avx512(...) __VA_ARGS__
#else
#define ENGRAM_IF_avx512(...)
#endif
#ifdef ENGRAM_HAVE_AVX512VNNI
#define ENGRAM_IF_avx512vnni(...) __VA_ARGS__
#else
#define ENGRAM_IF_avx512vnni(...)
#endif

/* Every version has the type of its public function, so that none can differ. */
#define KERNEL(name) extern __typeof__(engram_##name) engram_##name##_ref;
#define VARIANT(name, rung)                                                                        \
    ENGRAM_IF_##rung(extern __typeof__(engram_##name) engram_##name##_##rung;)
#include "kernels/kernels.def"

enum engram_kernel {
#define KERNEL(name) KERNEL_##name,
#define VARIANT(name, rung)
#include "kernels/kernels.def"
    KERNELS
};

/* The versions in use; the references until engram_init has run, so that an early call is slow, not
 * wrong. */
struct engram_table {
#define KERNEL(name) __typeof__(engram_##name) *name;
#define VARIANT(name, rung)
#include "kernels/kernels.def"
};
extern struct engram_table engram_active;

/* All that were built; NULL where there is none. Written by tests alone, which plant wrong ones. */
extern engram_any_kernel *engram_versions[KERNELS][RUNGS];

/* The version of a kernel in use; it may be exchanged at any time. */
#define ENGRAM_VERSION(name) __atomic_load_n(&engram_active.name, __ATOMIC_RELAXED)

/* Whether versions for a rung were built and run here, once engram_init has found out. */
bool engram_runs(enum engram_rung rung);

/* For the self-test. A version that fails a check is put out of use, and the best one below it that
 * runs here takes its place; false if there is none. Back: what a check put out of use may be used
 * again, and the version of a rung is. */
enum engram_rung engram_rung_of(enum engram_kernel kernel);
bool engram_demote(enum engram_kernel kernel, const char *check);
void engram_demote_back(enum engram_kernel kernel, enum engram_rung rung, const char *check);

/* While it is on, this thread's calls are not counted: counters tell what the program does. */
void engram_uncount(bool on);

/* Around a counted call: uint64_t begun = engram_begin(); ... engram_count(KERNEL_x, elements,
 * begun). */
uint64_t engram_begin(void);
void engram_count(enum engram_kernel kernel, uint64_t elements, uint64_t begun);

#endif
