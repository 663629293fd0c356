/* bench.c - what benchmarks share: the machine they ran on, contenders taking turns, quartiles.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench.h"
#include "engram.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* ---- time ------------------------------------------------------------------------------- */

static double seconds_of(struct contender *c)
{
    if (c->before)
        c->before(c->data);
    double begun = engram_clock();
    for (size_t i = 0; i < c->repeats; i++)
        c->run(c->data);
    return engram_clock() - begun;
}

size_t bench_interleave(struct contender *contenders, size_t n, double least, double most)
{
    double total = 0, *seconds = calloc(n * BENCH_ROUNDS, sizeof *seconds);
    if (!seconds)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct contender *c = &contenders[i];
        c->seconds = seconds + i * BENCH_ROUNDS;
        c->repeats = 1;
        while (seconds_of(c) < least && !c->before)
            c->repeats *= 2;
    }
    size_t round = 0;
    for (; round < BENCH_ROUNDS && (round < 3 || total < most * (double)n); round++)
        for (size_t i = 0; i < n; i++) {
            struct contender *c = &contenders[i];
            double taken = seconds_of(c), amount = c->amount > 0 ? c->amount : 1;
            c->seconds[round] = taken / ((double)c->repeats * amount);
            total += taken;
        }
    return round;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct quartiles bench_quartiles(const double *values, size_t n)
{
    double sorted[BENCH_ROUNDS];
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    return (struct quartiles){sorted[n / 4], sorted[n / 2], sorted[n - 1 - n / 4]};
}

struct quartiles bench_ratio(const double *a, const double *b, size_t n)
{
    double ratio[BENCH_ROUNDS];
    for (size_t i = 0; i < n; i++)
        ratio[i] = a[i] / b[i];
    return bench_quartiles(ratio, n);
}

/* ---- the machine ------------------------------------------------------------------------ */

int bench_pin(int i)
{
    static cpu_set_t allowed;
    if (CPU_COUNT(&allowed) == 0 && sched_getaffinity(0, sizeof allowed, &allowed))
        return -1;
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
        if (CPU_ISSET(cpu, &allowed) && i-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            return sched_setaffinity(0, sizeof one, &one);
        }
    return -1;
}

enum { HUGE_PAGE = 2 << 20 };

/* Anonymous memory is zero, and not there until it is touched: huge pages are made then. */
void *bench_memory(size_t bytes)
{
    size_t size = (bytes / HUGE_PAGE + 2) * HUGE_PAGE;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        fprintf(stderr, "no memory for %zu bytes\n", bytes);
        exit(1);
    }
    size_t before = -(uintptr_t)p % HUGE_PAGE, behind = size - before - (size - HUGE_PAGE);
    if (before)
        munmap(p, before);
    if (behind)
        munmap(p + before + size - HUGE_PAGE, behind);
    madvise(p + before, size - HUGE_PAGE, MADV_HUGEPAGE);
    memset(p + before, 0, bytes);
    return p + before;
}

void bench_free(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, (bytes / HUGE_PAGE + 1) * HUGE_PAGE);
}

const char *bench_cpu(void)
{
    static char name[128] = "unknown";
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %127[^\n]", name) == 1)
            break;
    if (file)
        fclose(file);
    return name;
}

const char *bench_date(void)
{
    static char text[32];
    time_t now = time(NULL);
    strftime(text, sizeof text, "%Y-%m-%d", gmtime(&now));
    return text;
}

/* ---- JSON ------------------------------------------------------------------------------- */

static const char *separator; /* before the next row or field */

FILE *bench_json(const char *path, uint64_t seed)
{
    FILE *json = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (!json)
        return NULL;
    fputs("{", json);
    separator = "";
    bench_json_text(json, "engram", engram_version());
    bench_json_text(json, "compiler", engram_build());
    bench_json_text(json, "cpu", bench_cpu());
    bench_json_text(json, "isa", engram_isa());
    bench_json_text(json, "date", bench_date());
    fprintf(json, ", \"seed\": %llu, \"rows\": [", (unsigned long long)seed);
    separator = NULL;
    return json;
}

void bench_json_row(FILE *json)
{
    fputs(separator ? "},\n{" : "\n{", json);
    separator = "";
}

/* JSON has no NaN and no infinity. */
void bench_json_number(FILE *json, const char *name, double value)
{
    fprintf(json, isfinite(value) ? "%s\"%s\": %.6g" : "%s\"%s\": null", separator, name, value);
    separator = ", ";
}

void bench_json_text(FILE *json, const char *name, const char *text)
{
    fprintf(json, "%s\"%s\": \"", separator, name);
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(json, "\\%c", *text);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, json);
    fputc('"', json);
    separator = ", ";
}

int bench_json_end(FILE *json)
{
    fputs(separator ? "}\n]}\n" : "]}\n", json);
    int wrong = ferror(json);
    return json == stdout ? fflush(json) | wrong : fclose(json) | wrong;
}
