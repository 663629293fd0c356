/* forms.h - what the smaller forms of rows have in common: padding, half floats by bits.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_KERNELS_FORMS_H
#define ENGRAM_KERNELS_FORMS_H

#include "kernels/similarity.h"

#include <stddef.h>
#include <stdint.h>

/* A row of a form has whole rounds of the lanes, engram_padded(dim) elements, so that no kernel has
 * a tail. */
enum { ENGRAM_ROUND = ENGRAM_LANES };

/* Rows of signs that stand abreast. */
enum { ENGRAM_ABREAST = 8 };

/* Where word 0 of a row of signs stands; the next one is ENGRAM_ABREAST words on. */
static inline size_t engram_sign_row(size_t row, size_t words)
{
    return row / ENGRAM_ABREAST * ENGRAM_ABREAST * words + row % ENGRAM_ABREAST;
}

/* What is smaller counts as 0 in a bfloat16: nothing that matters to a cosine, and no number that
 * a host's flush-to-zero setting could change. */
#define ENGRAM_BF16_LEAST 0x1p-60f

/* Adding this rounds a float below 2^22 to a whole number, to nearest, ties to even, in the low
 * bits of the sum. */
#define ENGRAM_ROUNDER 0x1.8p23f

#endif
