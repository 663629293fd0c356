/* npy.h - NumPy's .npy files of float rows: the header read from hostile bytes, and written.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_NPY_H
#define ENGRAM_NPY_H

#include <stddef.h>
#include <stdint.h>

struct engram_npy {
    uint64_t rows, columns;
    size_t offset; /* of the first float */
};

/* Reads the header of a file of `bytes` bytes that begins with `data`; the shape fits the file
 * exactly. */
int engram_npy_parse(const char *path, const unsigned char *data, size_t bytes,
                     struct engram_npy *out);

enum { ENGRAM_NPY_HEADER = 128 };

/* Writes a header of ENGRAM_NPY_HEADER bytes. */
void engram_npy_header(uint64_t rows, uint64_t columns, unsigned char out[ENGRAM_NPY_HEADER]);

#endif
