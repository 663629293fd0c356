/* npy.c - NumPy's .npy files of float rows: the header read from hostile bytes, and written.
 * SPDX-License-Identifier: MIT
 *
 * The format: \x93NUMPY, version (two bytes), length of the text (2 bytes in version 1, 4 in 2 and
 * 3), the text of a Python dictionary with the keys descr, fortran_order and shape, then the
 * elements. */
#include "config.h"
#include "npy.h"
#include "host.h"

#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "rows are mapped as they stand in the file, which is little-endian"
#endif

struct text {
    const char *path, *p, *end;
};

static int refuse(const char *path, const char *what)
{
    return engram_fail(ENGRAM_EFORMAT, "%s: %s", path, what);
}

static void skip_blanks(struct text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\t'))
        t->p++;
}

/* Takes a character if it comes next. */
static bool take(struct text *t, char c)
{
    skip_blanks(t);
    bool there = t->p < t->end && *t->p == c;
    t->p += there;
    return there;
}

static bool take_word(struct text *t, const char *word)
{
    skip_blanks(t);
    size_t n = strlen(word);
    bool there = (size_t)(t->end - t->p) >= n && memcmp(t->p, word, n) == 0;
    t->p += there ? n : 0;
    return there;
}

/* A quoted string without escapes, into `out`. */
static bool take_string(struct text *t, char *out, size_t room)
{
    skip_blanks(t);
    if (t->p == t->end || (*t->p != '\'' && *t->p != '"'))
        return false;
    char quote = *t->p++;
    size_t n = 0;
    for (; t->p < t->end && *t->p != quote; t->p++) {
        if (*t->p == '\\' || *t->p < ' ' || n + 1 == room)
            return false;
        out[n++] = *t->p;
    }
    out[n] = 0;
    return take(t, quote);
}

static bool take_number(struct text *t, uint64_t *out)
{
    skip_blanks(t);
    const char *begin = t->p;
    *out = 0;
    for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(*t->p - '0'), out))
            return false;
    return t->p > begin;
}

static int take_descr(struct text *t)
{
    char descr[32];
    if (!take_string(t, descr, sizeof descr))
        return refuse(t->path, "the element type is not a plain one; expected float32 ('<f4')");
    if (strcmp(descr, "<f4") != 0)
        return engram_fail(ENGRAM_EFORMAT,
                           "%s: elements are '%s', expected little-endian float32 ('<f4')", t->path,
                           descr);
    return ENGRAM_OK;
}

static int take_order(struct text *t)
{
    if (take_word(t, "True"))
        return refuse(t->path, "the array is in Fortran order, expected C order");
    return take_word(t, "False") ? ENGRAM_OK
                                 : refuse(t->path, "fortran_order is neither True nor False");
}

static int take_shape(struct text *t, struct engram_npy *out)
{
    uint64_t axis[3];
    int axes = 0;
    if (!take(t, '('))
        return refuse(t->path, "the shape is not a tuple");
    while (!take(t, ')')) {
        if (axes == 3)
            return refuse(t->path, "the array has more than 3 axes, expected 2: rows and columns");
        if (!take_number(t, &axis[axes++]))
            return refuse(t->path, "the shape has something else than numbers");
        if (!take(t, ',') && !(t->p < t->end && *t->p == ')'))
            return refuse(t->path, "the shape is not a tuple");
    }
    if (axes != 2)
        return engram_fail(ENGRAM_EFORMAT,
                           "%s: the array has %d axes, expected 2: rows and columns", t->path,
                           axes);
    out->rows = axis[0];
    out->columns = axis[1];
    return ENGRAM_OK;
}

/* Each key once, in any order. */
static int take_dictionary(struct text *t, struct engram_npy *out)
{
    enum { DESCR = 1, ORDER = 2, SHAPE = 4 };
    int seen = 0, key, status;
    if (!take(t, '{'))
        return refuse(t->path, "the header is not a dictionary");
    while (!take(t, '}')) {
        char name[16];
        if (!take_string(t, name, sizeof name) || !take(t, ':'))
            return refuse(t->path, "the header's dictionary is damaged");
        if (strcmp(name, "descr") == 0)
            key = DESCR, status = take_descr(t);
        else if (strcmp(name, "fortran_order") == 0)
            key = ORDER, status = take_order(t);
        else if (strcmp(name, "shape") == 0)
            key = SHAPE, status = take_shape(t, out);
        else
            return engram_fail(ENGRAM_EFORMAT, "%s: the header has an unknown key '%s'", t->path,
                               name);
        if (status != ENGRAM_OK)
            return status;
        if (seen & key)
            return engram_fail(ENGRAM_EFORMAT, "%s: the header has '%s' twice", t->path, name);
        seen |= key;
        skip_blanks(t);
        if (!take(t, ',') && !(t->p < t->end && *t->p == '}'))
            return refuse(t->path, "the header's dictionary is damaged");
    }
    skip_blanks(t);
    if (t->p != t->end)
        return refuse(t->path, "the header goes on behind its dictionary");
    return seen == (DESCR | ORDER | SHAPE)
               ? ENGRAM_OK
               : refuse(t->path, "the header lacks descr, fortran_order or shape");
}

int engram_npy_parse(const char *path, const unsigned char *data, size_t bytes,
                     struct engram_npy *out)
{
    if (bytes < 10 || memcmp(data, "\x93NUMPY", 6) != 0)
        return refuse(path, "not a .npy file");
    if (data[6] < 1 || data[6] > 3 || data[7] != 0)
        return engram_fail(ENGRAM_EFORMAT, "%s: .npy version %d.%d, expected 1.0, 2.0 or 3.0", path,
                           data[6], data[7]);
    size_t head = data[6] == 1 ? 10 : 12;
    size_t length = data[8] | (size_t)data[9] << 8;
    if (head == 12)
        length |= bytes < 12 ? SIZE_MAX / 2 : (size_t)data[10] << 16 | (size_t)data[11] << 24;
    if (length > bytes - head || bytes < head)
        return refuse(path, "the header is longer than the file");

    struct text text = {path, (const char *)data + head, (const char *)data + head + length};
    struct engram_npy npy = {.offset = head + length};
    int status = take_dictionary(&text, &npy);
    if (status != ENGRAM_OK)
        return status;
    if (npy.columns == 0)
        return refuse(path, "rows have 0 columns, expected at least 1");
    if (npy.offset % sizeof(float) != 0)
        return engram_fail(ENGRAM_EFORMAT,
                           "%s: the elements begin at byte %zu, not a multiple of 4", path,
                           npy.offset);
    uint64_t size;
    if (__builtin_mul_overflow(npy.rows, npy.columns, &size) ||
        __builtin_mul_overflow(size, 4, &size) || size != bytes - npy.offset)
        return engram_fail(
            ENGRAM_EFORMAT,
            "%s: the header says %llu rows of %llu floats, the file holds %zu bytes of them", path,
            (unsigned long long)npy.rows, (unsigned long long)npy.columns, bytes - npy.offset);
    *out = npy;
    return ENGRAM_OK;
}

void engram_npy_header(uint64_t rows, uint64_t columns, unsigned char out[ENGRAM_NPY_HEADER])
{
    enum { HEAD = 10 };
    memset(out, ' ', ENGRAM_NPY_HEADER);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = ENGRAM_NPY_HEADER - HEAD;
    out[9] = 0;
    char text[ENGRAM_NPY_HEADER - HEAD];
    int n = snprintf(text, sizeof text,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%llu, %llu), }",
                     (unsigned long long)rows, (unsigned long long)columns);
    memcpy(out + HEAD, text, (size_t)n);
    out[ENGRAM_NPY_HEADER - 1] = '\n';
}
