/* edges.c - reads edge lists from text files. A file is hostile until its last line.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "graph.h"
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER = 1 << 20, /* also the longest line */
    COLUMNS = 4,
    FIELDS = 64, /* of a line with a header */
};

enum column { SOURCE, TARGET, WEIGHT, CLASS, OTHER };

struct field {
    const char *text;
    size_t bytes;
};

struct reader {
    engram_builder *builder;
    const char *path;
    size_t line;
    char separator; /* '\t', ',' or ' ' for blanks; 0 until the first line that counts */
    bool header;    /* columns were named */
    bool twice;     /* one of them more than once */
    enum column order[FIELDS];
    size_t columns;
    uint32_t nodes; /* ENGRAM_NODES_... */
    size_t edges;
    bool doubtful; /* the first edge has no whole number: it may be a header of unknown words */
    struct engram_builder_state before;
};

static int bad_line(const struct reader *reader, const char *problem, struct field field)
{
    int shown = field.bytes < 60 ? (int)field.bytes : 60;
    return engram_fail(ENGRAM_EFORMAT, "%s:%zu: %s%s%.*s%s", reader->path, reader->line, problem,
                       field.text ? ", got '" : "", field.text ? shown : 0,
                       field.text ? field.text : "", field.text ? "'" : "");
}

/* ---- numbers, without the C library: its readers follow the locale */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_whole(struct field field)
{
    size_t i = 0;
    while (i < field.bytes && is_digit(field.text[i]))
        i++;
    return i > 0 && i == field.bytes;
}

static bool parse_whole(struct field field, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < field.bytes; i++) {
        if (!is_digit(field.text[i]))
            return false;
        value = value * 10 + (uint64_t)(field.text[i] - '0');
        if (value > most)
            return false;
    }
    *out = value;
    return field.bytes > 0;
}

/* 10^n by repeated squaring; beyond binary64 it is infinite, which the caller sees. */
static double power_of_ten(int n)
{
    double result = 1, square = 10;
    for (; n; n >>= 1, square *= square)
        if (n & 1)
            result *= square;
    return result;
}

/* A decimal number. Up to 19 digits count; the value is within a few units of binary64's last
 * place, the same on every machine, and then rounded to float. */
static bool parse_number(struct field field, float *out)
{
    const char *p = field.text, *end = p + field.bytes;
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    uint64_t digits = 0;
    int exponent = 0, seen = 0;
    bool point = false;
    for (; p < end && (is_digit(*p) || (*p == '.' && !point)); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        seen = 1;
        if (digits < 1000000000000000000u) {
            digits = digits * 10 + (uint64_t)(*p - '0');
            exponent -= point;
        } else {
            exponent += !point;
        }
    }
    if (!seen)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        int sign = p < end && *p == '-' ? -1 : 1;
        p += p < end && (*p == '-' || *p == '+');
        int value = 0;
        if (p == end)
            return false;
        for (; p < end && is_digit(*p); p++)
            value = value < 10000 ? value * 10 + (*p - '0') : value;
        exponent += sign * value;
    }
    if (p != end)
        return false;
    double value = (double)digits;
    if (digits && exponent > 0)
        value *= power_of_ten(exponent < 400 ? exponent : 400);
    else if (digits && exponent < 0)
        value = exponent > -300 ? value / power_of_ten(-exponent) : 0;
    if (!(value <= (double)FLT_MAX))
        return false;
    *out = (float)(negative ? -value : value);
    return true;
}

/* ---- fields */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct field trimmed(const char *begin, const char *end)
{
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    return (struct field){begin, (size_t)(end - begin)};
}

/* A quoted field, its doubled quotes made single in place; NULL if the quote is not closed. */
static char *quoted(char *p, const char *end, struct field *out)
{
    char *to = p;
    *out = (struct field){p, 0};
    for (; p < end; p++) {
        if (*p == '"' && (p + 1 == end || p[1] != '"')) {
            out->bytes = (size_t)(to - out->text);
            return p + 1;
        }
        p += *p == '"';
        *to++ = *p;
    }
    return NULL;
}

/* Splits a line; -1 for an unclosed quote. Fields past FIELDS are dropped. */
static int split(const struct reader *reader, char *line, char *end, struct field fields[FIELDS])
{
    int n = 0;
    char *p = line;
    while (n < FIELDS) {
        if (reader->separator == ' ')
            while (p < end && is_blank(*p))
                p++;
        else
            while (p < end && *p == ' ')
                p++;
        if (reader->separator == ' ' && p == end)
            break;
        char *begin = p;
        if (reader->separator != ' ' && p < end && *p == '"') {
            p = quoted(p + 1, end, &fields[n++]);
            if (!p)
                return -1;
            while (p < end && *p != reader->separator)
                if (!is_blank(*p++))
                    return -1;
        } else {
            while (p < end && *p != reader->separator && !(reader->separator == ' ' && *p == '\t'))
                p++;
            fields[n++] = trimmed(begin, p);
        }
        if (p == end)
            break;
        p++;
    }
    return n;
}

/* ---- the header */

static bool is_word(struct field field, const char *word)
{
    size_t i = 0;
    for (; i < field.bytes && word[i]; i++) {
        char c = field.text[i] >= 'A' && field.text[i] <= 'Z' ? (char)(field.text[i] + 32)
                                                              : field.text[i];
        if (c != word[i])
            return false;
    }
    return i == field.bytes && !word[i];
}

static enum column column_of(struct field field)
{
    static const struct {
        const char *word;
        enum column column;
    } known[] = {
        {"source", SOURCE}, {"src", SOURCE},    {"from", SOURCE},
        {"target", TARGET}, {"dst", TARGET},    {"to", TARGET},
        {"w", WEIGHT},      {"weight", WEIGHT}, {"class", CLASS},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_word(field, known[i].word))
            return known[i].column;
    return OTHER;
}

/* Reads a header if the line is one: it names a source and a target column. */
static bool read_header(struct reader *reader, const struct field *fields, size_t n)
{
    int count[OTHER + 1] = {0};
    for (size_t i = 0; i < n; i++)
        count[reader->order[i] = column_of(fields[i])]++;
    reader->header = count[SOURCE] && count[TARGET];
    reader->twice = count[SOURCE] > 1 || count[TARGET] > 1 || count[WEIGHT] > 1 || count[CLASS] > 1;
    if (reader->header) {
        reader->columns = n;
        return true;
    }
    for (size_t i = 0; i < FIELDS; i++)
        reader->order[i] = i < COLUMNS ? (enum column)i : OTHER;
    float weight;
    return n > WEIGHT && !parse_number(fields[WEIGHT], &weight) &&
           column_of(fields[WEIGHT]) != OTHER;
}

/* ---- lines */

static int node_of(struct reader *reader, struct field field, uint32_t *out)
{
    uint64_t id;
    if (reader->nodes == ENGRAM_NODES_NAMES) {
        if (field.bytes == 0 || field.bytes > ENGRAM_NAME_MAX || memchr(field.text, 0, field.bytes))
            return bad_line(reader, "expected a name of 1 to 65535 bytes without NUL", field);
        return engram_builder_name(reader->builder, field.text, field.bytes, out);
    }
    if (!parse_whole(field, ENGRAM_MAX_NODES - 1, &id))
        return bad_line(
            reader, "expected a node id, 0 to 2147483646 (read it with names if these are names)",
            field);
    *out = (uint32_t)id;
    return ENGRAM_OK;
}

/* Decides by the first edges whether nodes are ids or names. True if this line is no edge but a
 * header: one without a whole number, before ids. AUTO sees that a line late, and takes it back. */
static bool choose_nodes(struct reader *reader, bool whole_source, bool whole_target)
{
    bool none = !whole_source && !whole_target, both = whole_source && whole_target;
    bool first = reader->edges == 0 && !reader->header;
    if (first && reader->nodes == ENGRAM_NODES_IDS && none) {
        reader->header = true;
        reader->columns = COLUMNS;
        return true;
    }
    if (reader->nodes == ENGRAM_NODES_AUTO) {
        reader->nodes = both ? ENGRAM_NODES_IDS : ENGRAM_NODES_NAMES;
        reader->doubtful = none && first;
    } else if (reader->doubtful && reader->edges == 1 && both) {
        engram_builder_restore(reader->builder, reader->before);
        reader->nodes = ENGRAM_NODES_IDS;
    }
    return false;
}

static int read_edge(struct reader *reader, const struct field *fields, size_t n)
{
    struct field column[COLUMNS] = {{0}};
    for (size_t i = 0; i < n; i++)
        if (reader->order[i] != OTHER && (fields[i].bytes || reader->order[i] <= TARGET))
            column[reader->order[i]] = fields[i];
    if (!column[SOURCE].text || !column[TARGET].text)
        return bad_line(reader, "expected a source and a target", fields[0]);
    size_t most = reader->header ? reader->columns : COLUMNS;
    if (n > most)
        return bad_line(reader,
                        reader->header ? "expected no more fields than the header has"
                                       : "expected at most source, target, weight, class",
                        fields[most]);

    if (choose_nodes(reader, is_whole(column[SOURCE]), is_whole(column[TARGET])))
        return ENGRAM_OK;
    float weight = 1;
    uint64_t edge_class = 0;
    if (column[WEIGHT].text && !parse_number(column[WEIGHT], &weight))
        return bad_line(reader, "expected a finite weight", column[WEIGHT]);
    if (column[CLASS].text && !parse_whole(column[CLASS], 255, &edge_class))
        return bad_line(reader, "expected a class, 0 to 255", column[CLASS]);
    uint32_t source, target;
    int status = node_of(reader, column[SOURCE], &source);
    if (status == ENGRAM_OK)
        status = node_of(reader, column[TARGET], &target);
    if (status == ENGRAM_OK)
        status = engram_builder_edge(reader->builder, source, target, weight, (uint8_t)edge_class);
    reader->edges += status == ENGRAM_OK;
    return status;
}

static int read_line(struct reader *reader, char *line, char *end)
{
    reader->line++;
    if (reader->line == 1 && end - line >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    if (end > line && end[-1] == '\r')
        end--;
    struct field text = trimmed(line, end);
    if (text.bytes == 0 || *text.text == '#')
        return ENGRAM_OK;

    bool first = !reader->separator;
    if (first)
        reader->separator = memchr(line, '\t', (size_t)(end - line))  ? '\t'
                            : memchr(line, ',', (size_t)(end - line)) ? ','
                                                                      : ' ';
    struct field fields[FIELDS];
    int n = split(reader, line, end, fields);
    if (n < 0)
        return bad_line(reader, "a quoted field does not end", (struct field){0});
    if (first && read_header(reader, fields, (size_t)n))
        return reader->header && reader->twice
                   ? bad_line(reader, "the header names a column twice", (struct field){0})
                   : ENGRAM_OK;
    return read_edge(reader, fields, (size_t)n);
}

static int read_lines(struct reader *reader, int file, char *buffer)
{
    size_t held = 0;
    for (;;) {
        ssize_t got = read(file, buffer + held, BUFFER - held);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return engram_fail(ENGRAM_EIO, "%s: %s", reader->path, strerror(errno));
        if (engram_cancelled())
            return engram_fail_cancelled("engram_builder_read");
        char *line = buffer, *end = buffer + held + got, *newline;
        int status = ENGRAM_OK;
        while (status == ENGRAM_OK && (newline = memchr(line, '\n', (size_t)(end - line)))) {
            status = read_line(reader, line, newline);
            line = newline + 1;
        }
        if (status == ENGRAM_OK && got == 0 && line < end)
            status = read_line(reader, line, end);
        if (status != ENGRAM_OK || got == 0)
            return status;
        held = (size_t)(end - line);
        if (held == BUFFER)
            return engram_fail(ENGRAM_EFORMAT, "%s:%zu: the line is longer than %d bytes",
                               reader->path, reader->line + 1, BUFFER);
        memmove(buffer, line, held);
    }
}

/* A few huge ids in a small file would make a graph of empty rows that no memory holds. */
static int check_sparse(const struct reader *reader)
{
    const engram_builder *builder = reader->builder;
    if (reader->nodes == ENGRAM_NODES_IDS && builder->nodes > (1u << 24) &&
        builder->nodes / 64 > builder->edges)
        return engram_fail(ENGRAM_ELIMIT,
                           "%s: ids go up to %u but there are only %zu edges; read it with names",
                           reader->path, (unsigned)builder->nodes - 1, builder->edges);
    return ENGRAM_OK;
}

int engram_builder_read(engram_builder *builder, const char *path, uint32_t nodes)
{
    ENGRAM_NEED(builder);
    ENGRAM_NEED(path);
    if (nodes > ENGRAM_NODES_NAMES)
        return engram_fail(
            ENGRAM_ERANGE,
            "engram_builder_read: nodes is %u, expected ENGRAM_NODES_AUTO, _IDS or _NAMES",
            (unsigned)nodes);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return engram_fail(ENGRAM_EIO, "%s: %s", path, strerror(errno));
    char *buffer = engram_allocate(BUFFER);
    if (!buffer) {
        close(file);
        return ENGRAM_ENOMEM;
    }
    struct reader reader = {.builder = builder, .path = path, .nodes = nodes};
    reader.before = engram_builder_state(builder);
    int status = read_lines(&reader, file, buffer);
    if (status == ENGRAM_OK)
        status = check_sparse(&reader);
    if (status != ENGRAM_OK)
        engram_builder_restore(builder, reader.before);
    engram_release(buffer, BUFFER);
    close(file);
    return status;
}
