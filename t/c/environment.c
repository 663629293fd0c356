/* environment.c - ENGRAM_* variables: what is accepted, what is rejected, what stands above them.
 * SPDX-License-Identifier: MIT
 *
 * The environment is read once in a process, so each case starts this program again with its own
 * variables and the word of a start; the child reports what it found, a line for each fact. */
#include "support.h"

#include <stddef.h>

extern char **environ;

enum { MIB = 1024 * 1024 };

/* ---- the child */

static void child_log(void *context, int level, const char *text)
{
    (void)context;
    int lines = 1;
    if (level == ENGRAM_LOG_NOTE) {
        printf("noted %s\n", text);
        return;
    }
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    printf("logged %d %s\n", lines, text);
}

static void report_config(void)
{
    struct engram_arena_config config;
    engram_arena_configured(&config);
    static const char *const names[] = {
        [ENGRAM_ERROR_RETURN] = "error", [ENGRAM_FALLBACK] = "fallback", [ENGRAM_PANIC] = "panic"};
    printf("config %zu %s %u\n", config.bytes, names[config.overflow], config.zero_on_release);
}

/* Whether nanoseconds are counted. */
static void report_timing(void)
{
    static float x[4096];
    uint64_t nanoseconds = 0;
    struct engram_kernel_info info;
    engram_exp_f32(x, COUNT(x), x);
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        nanoseconds += info.nanoseconds;
    printf("timed %d\n", nanoseconds > 0);
    printf("timing %d\n", engram_timing(0));
}

static int child(const char *word)
{
    struct engram_options options = {.size = sizeof options, .log = child_log};
    options.ignore_environment = strcmp(word, "ignore") == 0;
    options.refuse_panic = strcmp(word, "nopanic") == 0;
    if (strcmp(word, "twice") == 0) {
        int first = engram_init(NULL), second = engram_init(NULL), third = engram_init(&options);
        printf("init %d %d %d\n", first, second, third);
        printf("message %s\n", engram_last_message());
        return 0;
    }
    if (strcmp(word, "original") == 0) { /* a program of old: it does not know engram_init */
        static float activations[300000];
        uint32_t adjacency[] = {1};
        float weights[] = {1};
        activations[0] = 1;
        engram_spread_activation(adjacency, weights, activations, COUNT(activations), 1, 1);
        printf("spread %g %g\n", (double)activations[0], (double)activations[1]);
        report_config();
        return 0;
    }
    if (strcmp(word, "early") == 0)
        engram_configure_arena(3, 2);
    int first = engram_init(strcmp(word, "early") == 0 ? NULL : &options);
    printf("init %d %d %d\n", first, engram_init(NULL), engram_init(&options));

    struct engram_arena_config config = {
        .size = sizeof config, .overflow = ENGRAM_ERROR_RETURN, .bytes = 5 * MIB};
    if (strcmp(word, "configure") == 0)
        printf("configure %d\n", engram_arena_configure(&config));
    if (strcmp(word, "legacy") == 0)
        engram_configure_arena(2, 2);

    report_config();
    report_timing();
    if (strcmp(word, "capacity") == 0) {
        struct engram_arena_info info;
        engram_arena_info(engram_arena_thread(), &info);
        printf("capacity %llu\n", (unsigned long long)info.capacity);
    }
    if (strcmp(word, "overflow") == 0)
        for (int i = 0; i < 3; i++)
            printf("overflow %d\n", engram_arena_alloc(engram_arena_thread(), 3 * MIB, 1) == NULL);
    printf("isa %s\n", engram_isa());
    struct engram_kernel_info info;
    for (uint32_t i = 0; engram_kernel_info(i, &info) == ENGRAM_OK; i++)
        printf("kernel %s %s of %s\n", info.name, info.chosen, info.versions);
    for (uint32_t i = 0; engram_rejected(i); i++)
        printf("rejected %s\n", engram_rejected(i));
    engram_deinit_thread_arena();
    return 0;
}

/* ---- the parent */

static const char *self;

/* Starts this program with the word and "NAME=value" variables; what it printed, until the next
 * call. */
static const char *report_of(const char *word, const char *const *variables)
{
    static char report[65536];
    int ends[2];
    if (pipe(ends) != 0)
        return "";
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        for (char **entry = environ; *entry;)
            if (strncmp(*entry, "ENGRAM_", 7) == 0) {
                char name[64];
                snprintf(name, sizeof name, "%.*s", (int)strcspn(*entry, "="), *entry);
                unsetenv(name);
                entry = environ;
            } else {
                entry++;
            }
        for (; variables && *variables; variables++)
            putenv((char *)*variables);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        /* a program for another machine as t/run starts it */
        execl("/bin/sh", "sh", "-c", "exec $EMULATOR \"$0\" \"$1\"", self, word, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(ends[0], report + n, sizeof report - 1 - n)) > 0;)
        n += (size_t)got;
    report[n] = '\0';
    close(ends[0]);
    int status;
    waitpid(pid, &status, 0);
    if (status != 0)
        snprintf(report, sizeof report, "the child ended with status %d\n", status);
    return report;
}

/* The report has this whole line. */
static bool has_line(const char *report, const char *line)
{
    size_t n = strlen(line);
    for (const char *p = report; *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strncmp(p, line, n) == 0 && (p[n] == '\n' || p[n] == '\0'))
            return true;
    return false;
}

/* How many lines begin with this word and have all of "a|b|c". */
static int lines_with(const char *report, const char *first, const char *words)
{
    int found = 0;
    for (const char *p = report; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        char line[1024];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(p, "\n"), p);
        found += strncmp(line, first, strlen(first)) == 0 && mentions(line, words);
    }
    return found;
}

/* One variable, one expected line, nothing rejected. */
static void accepted(const char *word, const char *variable, const char *line)
{
    const char *const variables[] = {variable, NULL};
    const char *report = report_of(word, variables);
    if (!ok(has_line(report, line) && lines_with(report, "rejected", "") == 0, "%s: %s", variable,
            line))
        diag("%.300s", report);
}

/* One variable, which leaves the defaults, is listed with its value and logged in one line. */
static void rejected(const char *variable, const char *value)
{
    char text[256], words[256];
    snprintf(text, sizeof text, "%s=%s", variable, value);
    snprintf(words, sizeof words, "%s|%s", variable, value);
    const char *const variables[] = {text, NULL};
    const char *report = report_of("host", variables);
    bool whole = has_line(report, "init 0 0 13") && has_line(report, "config 1048576 error 1") &&
                 has_line(report, "timed 0");
    if (!ok(whole && lines_with(report, "rejected", words) == 1 &&
                lines_with(report, "rejected", "") == 1 &&
                lines_with(report, "logged 1", words) == 1 && lines_with(report, "logged", "") == 1,
            "%s is rejected, listed and logged; the default stays", text))
        diag("%.600s", report);
}

static void arena_size(void)
{
    accepted("host", "ENGRAM_UNRELATED=1", "config 1048576 error 1");
    static const char *const good[][2] = {
        {"65536", "65536"},           {"524288", "524288"},
        {"2097152", "2097152"},       {"4194304", "4194304"},
        {"1073741824", "1073741824"}, {"64K", "65536"},
        {"1024K", "1048576"},         {"3M", "3145728"},
        {"1024M", "1073741824"},      {"1G", "1073741824"},
        {"00065536", "65536"},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        char variable[64], line[64];
        snprintf(variable, sizeof variable, "ENGRAM_ARENA_SIZE=%s", good[i][0]);
        snprintf(line, sizeof line, "config %s error 1", good[i][1]);
        accepted("host", variable, line);
    }
    accepted("capacity", "ENGRAM_ARENA_SIZE=2M", "capacity 2097152");
    accepted("capacity", "ENGRAM_ARENA_SIZE=100000", "capacity 102400");

    static const char *const bad[] = {
        "65535",
        "1073741825",
        "0",
        "-1",
        "-65536",
        "63K",
        "1025M",
        "2G",
        "lots",
        "1.5M",
        "1MB",
        "1 M",
        "1048576 ",
        "1048576x",
        "0x100000",
        "K",
        "99999999999999999999999999",
        "18446744073709617152", /* 2^64 + 65536 */
        "18014398509482048K",   /* 2^64 + 65536 once multiplied */
        "17592186044417M",      /* 2^64 + 1 MiB */
        "17179869185G",         /* 2^64 + 1 GiB */
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        rejected("ENGRAM_ARENA_SIZE", bad[i]);
}

static void arena_words(void)
{
    accepted("host", "ENGRAM_ARENA_OVERFLOW=panic", "config 1048576 panic 1");
    accepted("host", "ENGRAM_ARENA_OVERFLOW=error_return", "config 1048576 error 1");
    accepted("host", "ENGRAM_ARENA_OVERFLOW=error", "config 1048576 error 1");
    accepted("host", "ENGRAM_ARENA_OVERFLOW=fallback", "config 1048576 fallback 1");
    static const char *const bad_overflow[] = {"abort", "error-return", "fallbac", "fallback2",
                                               "1"};
    for (size_t i = 0; i < COUNT(bad_overflow); i++)
        rejected("ENGRAM_ARENA_OVERFLOW", bad_overflow[i]);

    accepted("host", "ENGRAM_ARENA_ZERO=true", "config 1048576 error 1");
    accepted("host", "ENGRAM_ARENA_ZERO=1", "config 1048576 error 1");
    accepted("host", "ENGRAM_ARENA_ZERO=false", "config 1048576 error 0");
    accepted("host", "ENGRAM_ARENA_ZERO=0", "config 1048576 error 0");
    static const char *const bad_zero[] = {"yes", "2", "00", "falsehood"};
    for (size_t i = 0; i < COUNT(bad_zero); i++)
        rejected("ENGRAM_ARENA_ZERO", bad_zero[i]);

    accepted("host", "ENGRAM_ARENA_METRICS=1", "timed 1");
    accepted("host", "ENGRAM_ARENA_METRICS=0", "timed 0");
    accepted("host", "ENGRAM_ARENA_METRICS=1/1", "timed 1");
    accepted("host", "ENGRAM_ARENA_METRICS=1/2", "timing 2");
    accepted("host", "ENGRAM_ARENA_METRICS=1/64", "timing 64");
    accepted("host", "ENGRAM_ARENA_METRICS=1/1048576", "timing 1048576");
    static const char *const bad_sampling[] = {"1/0",
                                               "1/3",
                                               "1/2097152",
                                               "1/",
                                               "1/64 ",
                                               "2/4",
                                               "1/-2",
                                               "1/18446744073709551618",
                                               "1/0000004294967298"};
    for (size_t i = 0; i < COUNT(bad_sampling); i++)
        rejected("ENGRAM_ARENA_METRICS", bad_sampling[i]);
    rejected("ENGRAM_ARENA_METRICS", "2");
    rejected("ENGRAM_ARENA_METRICS", "on");

    const char *report = report_of("overflow", NULL);
    ok(lines_with(report, "overflow 1", "") == 3 && lines_with(report, "logged", "") == 1 &&
           lines_with(report, "logged 1", "3145728|1048576|ENGRAM_ARENA_SIZE") == 1,
       "a thread whose arena is full logs it once, with the bytes and the variable to raise");
    const char *const panic[] = {"ENGRAM_ARENA_OVERFLOW=panic", NULL};
    report = report_of("nopanic", panic);
    ok(has_line(report, "config 1048576 error 1") &&
           lines_with(report, "rejected", "ENGRAM_ARENA_OVERFLOW|panic") == 1,
       "panic is rejected where the host refuses it");
}

/* The lines about kernels of a report, in the caller's array. */
static void kernels_of(const char *report, char *out, size_t n)
{
    out[0] = '\0';
    for (const char *p = report; *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strncmp(p, "kernel ", 7) == 0 || strncmp(p, "isa ", 4) == 0)
            snprintf(out + strlen(out), n - strlen(out), "%.*s\n", (int)strcspn(p, "\n"), p);
}

static void isa(void)
{
    static char best[16384], got[16384];
    kernels_of(report_of("host", NULL), best, sizeof best);
    const char *below = strstr(best, " avx2")   ? "avx2" /* the rung that "avx2" means here */
                        : strstr(best, " neon") ? "neon"
                                                : "ref";
    char isa_below[32], dot_below[32];
    snprintf(isa_below, sizeof isa_below, "isa %s", below);
    snprintf(dot_below, sizeof dot_below, " %s of ", below);

    const char *const ref[] = {"ENGRAM_ISA=ref", NULL};
    const char *report = report_of("host", ref);
    ok(has_line(report, "isa ref") && lines_with(report, "kernel", "") > 10 &&
           lines_with(report, "kernel", " ref of ") == lines_with(report, "kernel", ""),
       "ENGRAM_ISA=ref caps every kernel at the reference");

    const char *const avx2[] = {"ENGRAM_ISA=avx2", NULL};
    report = report_of("host", avx2);
    ok(has_line(report, isa_below) && lines_with(report, "kernel", " avx512 of ") == 0 &&
           lines_with(report, "rejected", "") == 0,
       "ENGRAM_ISA=avx2 caps every kernel at that rung, or the best one below");
    ok(lines_with(report, "kernel dot_f32", dot_below) == 1, "a kernel that has the rung uses it");

    const char *const highest[] = {"ENGRAM_ISA=avx512vnni", NULL};
    kernels_of(report_of("host", highest), got, sizeof got);
    is_string(got, best, "a rung that the machine may lack means the best one below");

    const char *const one[] = {"ENGRAM_ISA=dot_f32=ref", NULL};
    report = report_of("host", one);
    kernels_of(report, got, sizeof got);
    int different = 0;
    for (const char *a = got, *b = best; *a && *b;
         a += strcspn(a, "\n") + 1, b += strcspn(b, "\n") + 1)
        different += strncmp(a, b, strcspn(a, "\n") + 1) != 0;
    ok(lines_with(report, "kernel dot_f32", " ref of ") == 1 &&
           different == (strcmp(below, "ref") != 0),
       "ENGRAM_ISA=dot_f32=ref takes back one kernel and no other");

    const char *const order[] = {"ENGRAM_ISA=ref,dot_f32=avx2", NULL};
    report = report_of("host", order);
    ok(lines_with(report, "kernel dot_f32", dot_below) == 1 &&
           lines_with(report, "kernel axpy_f32", " ref of ") == 1 && has_line(report, "isa ref"),
       "words count from left to right");
    const char *const reverse[] = {"ENGRAM_ISA=dot_f32=avx2,ref", NULL};
    report = report_of("host", reverse);
    ok(lines_with(report, "kernel dot_f32", " ref of ") == 1, "so that a later cap holds for all");

    static const char *const bad[] = {"avx3",    "AVX2",         "ref,avx3",
                                      "dot=ref", "dot_f32=fast", "avx2 ref"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        rejected("ENGRAM_ISA", bad[i]);
        char variable[64];
        snprintf(variable, sizeof variable, "ENGRAM_ISA=%s", bad[i]);
        const char *const variables[] = {variable, NULL};
        kernels_of(report_of("host", variables), got, sizeof got);
        is_string(got, best, "ENGRAM_ISA=%s changes no kernel", bad[i]);
    }
    const char *const unknown[] = {"ENGRAM_ISA=avx3", NULL};
    ok(lines_with(report_of("host", unknown), "rejected", "ref|avx2|avx512") == 1,
       "a rejected rung comes with the list of known ones");
}

static void starts(void)
{
    const char *const all[] = {"ENGRAM_ARENA_SIZE=2M", "ENGRAM_ARENA_OVERFLOW=fallback",
                               "ENGRAM_ARENA_ZERO=0",  "ENGRAM_ARENA_METRICS=1",
                               "ENGRAM_ISA=ref",       NULL};
    const char *report = report_of("host", all);
    ok(has_line(report, "config 2097152 fallback 0") && has_line(report, "timed 1") &&
           has_line(report, "isa ref"),
       "all variables count together");
    ok(lines_with(report, "logged", "") == 0, "what is understood is not a warning");
    ok(lines_with(report, "noted", "") == 1 &&
           lines_with(report, "noted engram", "rung ref; kernels by rung: ref") == 1,
       "what was chosen is noted");
    report = report_of("ignore", all);
    ok(has_line(report, "config 1048576 error 1") && has_line(report, "timed 0"),
       "a host can have the environment ignored");
    static char best[16384], got[16384];
    kernels_of(report, got, sizeof got);
    kernels_of(report_of("host", NULL), best, sizeof best);
    is_string(got, best, "then ENGRAM_ISA is not read either");

    report = report_of("legacy", all);
    ok(has_line(report, "config 2097152 fallback 0"),
       "engram_configure_arena sets size and strategy and leaves zeroing to the environment");
    const char *const other[] = {"ENGRAM_ARENA_SIZE=4M", "ENGRAM_ARENA_ZERO=0", NULL};
    ok(has_line(report_of("legacy", other), "config 2097152 fallback 0"),
       "it stands above the environment");
    report = report_of("early", other);
    ok(has_line(report, "config 3145728 fallback 0") && has_line(report, "init 0 0 13"),
       "even where it comes before engram_init");
    ok(has_line(report_of("configure", all), "config 5242880 error 0") &&
           has_line(report_of("configure", NULL), "configure 0"),
       "engram_arena_configure stands above the environment");

    report = report_of("original", other);
    ok(has_line(report, "spread 1 1") && has_line(report, "config 4194304 error 0"),
       "a program that never calls engram_init has its variables read too");

    const char *const bad[] = {"ENGRAM_ARENA_SIZE=1", "ENGRAM_ARENA_OVERFLOW=2",
                               "ENGRAM_ARENA_ZERO=3", "ENGRAM_ARENA_METRICS=4",
                               "ENGRAM_ISA=five",     NULL};
    report = report_of("host", bad);
    ok(lines_with(report, "rejected", "ENGRAM_ARENA_SIZE|1") == 1 &&
           lines_with(report, "rejected", "ENGRAM_ARENA_OVERFLOW|2") == 1 &&
           lines_with(report, "rejected", "ENGRAM_ARENA_ZERO|3") == 1 &&
           lines_with(report, "rejected", "ENGRAM_ARENA_METRICS|4") == 1 &&
           lines_with(report, "rejected", "ENGRAM_ISA|five") == 1 &&
           lines_with(report, "rejected", "") == 5,
       "each rejected variable has its sentence, and there are no others");
    report = report_of("ignore", bad);
    ok(lines_with(report, "rejected", "") == 0, "what is not read is not rejected");
    const char *const mixed[] = {"ENGRAM_ARENA_SIZE=1", "ENGRAM_ARENA_OVERFLOW=fallback", NULL};
    ok(has_line(report_of("host", mixed), "config 1048576 fallback 1"),
       "a rejected variable takes no other with it");

    static char longest[20000] = "ENGRAM_ARENA_SIZE=";
    memset(longest + strlen(longest), '7', sizeof longest - 1 - strlen(longest));
    const char *const huge[] = {longest, NULL};
    report = report_of("host", huge);
    ok(has_line(report, "config 1048576 error 1") &&
           lines_with(report, "rejected", "ENGRAM_ARENA_SIZE|777") == 1,
       "a value of 20,000 digits is rejected like any other");
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "ENGRAM_ISA=", strlen("ENGRAM_ISA="));
    ok(lines_with(report_of("host", huge), "rejected", "ENGRAM_ISA|xxx") == 1,
       "so is a rung of 20,000 letters");
    rejected("ENGRAM_ARENA_ZERO", "%s%s%n");
    rejected("ENGRAM_ISA", "%s%n");
    const char *const two_lines[] = {"ENGRAM_ARENA_ZERO=tr\nue", NULL};
    ok(lines_with(report_of("host", two_lines), "logged 1", "ENGRAM_ARENA_ZERO") == 1,
       "a value of two lines is logged in one");

    report = report_of("twice", NULL);
    ok(has_line(report, "init 0 0 13"),
       "a start without options may be repeated; options come too late");
    ok(lines_with(report, "message", "engram_init") == 1, "and the message says so");
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 2)
        return child(argv[1]);
    arena_size();
    arena_words();
    isa();
    starts();
    return done();
}
