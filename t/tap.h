/* tap.h - TAP for C tests: ok() reports, done() prints the plan last and gives the exit status.
 * SPDX-License-Identifier: MIT
 *
 * A test's name is a sentence, as a printf format. ok and its sisters return whether it held. */
#ifndef TAP_H
#define TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TAP_PRINTF(m, n) static inline __attribute__((unused, format(printf, m, n)))
#define ok(condition, ...) tap_ok(__FILE__, __LINE__, !!(condition), __VA_ARGS__)
#define is_int(got, want, ...) tap_int(__FILE__, __LINE__, (got), (want), __VA_ARGS__)
#define is_string(got, want, ...) tap_string(__FILE__, __LINE__, (got), (want), __VA_ARGS__)
#define is_close(got, want, tolerance, ...)                                                        \
    tap_close(__FILE__, __LINE__, (got), (want), (tolerance), __VA_ARGS__)

static int tap_count, tap_failed;

/* A line of explanation, which no driver judges. */
TAP_PRINTF(1, 2) void diag(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("# ");
    vprintf(format, list);
    printf("\n");
    fflush(stdout);
    va_end(list);
}

/* The line of a test, and the place of one that failed. */
static inline int tap_line(const char *file, int line, int holds, const char *format, va_list list)
{
    printf("%sok %d - ", holds ? "" : "not ", ++tap_count);
    vprintf(format, list);
    printf("\n");
    fflush(stdout);
    if (!holds) {
        tap_failed++;
        diag("at %s:%d", file, line);
    }
    return holds;
}

TAP_PRINTF(4, 5) int tap_ok(const char *file, int line, int holds, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    tap_line(file, line, holds, format, list);
    va_end(list);
    return holds;
}

TAP_PRINTF(5, 6)
int tap_int(const char *file, int line, long long got, long long want, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!tap_line(file, line, got == want, format, list))
        diag("got %lld, expected %lld", got, want);
    va_end(list);
    return got == want;
}

TAP_PRINTF(5, 6)
int tap_string(const char *file, int line, const char *got, const char *want, const char *format,
               ...)
{
    int holds = got && want ? strcmp(got, want) == 0 : got == want;
    va_list list;
    va_start(list, format);
    if (!tap_line(file, line, holds, format, list))
        diag("got \"%s\", expected \"%s\"", got ? got : "(null)", want ? want : "(null)");
    va_end(list);
    return holds;
}

TAP_PRINTF(6, 7)
int tap_close(const char *file, int line, double got, double want, double tolerance,
              const char *format, ...)
{
    int holds = got == want || fabs(got - want) <= tolerance;
    va_list list;
    va_start(list, format);
    if (!tap_line(file, line, holds, format, list))
        diag("got %.17g, expected %.17g within %g", got, want, tolerance);
    va_end(list);
    return holds;
}

/* A test that cannot be made here; the sentence is the reason. */
TAP_PRINTF(1, 2) void skip(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("ok %d # SKIP ", ++tap_count);
    vprintf(format, list);
    printf("\n");
    fflush(stdout);
    va_end(list);
}

/* The plan; main returns this. */
static inline int done(void)
{
    printf("1..%d\n", tap_count);
    if (tap_failed)
        diag("%d of %d failed", tap_failed, tap_count);
    return tap_failed != 0;
}

#endif
