/* peers.c - engram beside other libraries, taking turns in one process: a table of ratios.
 * SPDX-License-Identifier: MIT
 *
 * Usage: t/peers [--quick] [--json FILE] [row ...] */
#include "config.h"
#include "peers.h"
#include "bench.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#endif

int peers_quick, peers_threads = 1, peers_processors = 1;
static FILE *text, *json;

/* ---- threads ---------------------------------------------------------------------------- */

/* One more thread than ours, on a processor of its own, for the rows that compare two with one. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*body)(void *data, size_t i);
    void *data;
    size_t n, next; /* next: taken by whoever is free */
    int busy;
} helper = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void take_work(void (*body)(void *data, size_t i), void *data, size_t n)
{
    for (size_t i; (i = __atomic_fetch_add(&helper.next, 1, __ATOMIC_RELAXED)) < n;)
        body(data, i);
}

static void *help(void *ignored)
{
    bench_pin(1);
    pthread_mutex_lock(&helper.lock);
    for (;;) {
        while (!helper.busy)
            pthread_cond_wait(&helper.changed, &helper.lock);
        pthread_mutex_unlock(&helper.lock);
        take_work(helper.body, helper.data, helper.n);
        pthread_mutex_lock(&helper.lock);
        helper.busy = 0;
        pthread_cond_broadcast(&helper.changed);
    }
    return ignored;
}

static void parallel_for(void *context, size_t n, void (*body)(void *data, size_t i), void *data)
{
    (void)context;
    if (peers_threads < 2) {
        for (size_t i = 0; i < n; i++)
            body(data, i);
        return;
    }
    pthread_mutex_lock(&helper.lock);
    helper.body = body;
    helper.data = data;
    helper.n = n;
    helper.next = 0;
    helper.busy = 1;
    pthread_cond_broadcast(&helper.changed);
    pthread_mutex_unlock(&helper.lock);
    take_work(body, data, n);
    pthread_mutex_lock(&helper.lock);
    while (helper.busy)
        pthread_cond_wait(&helper.changed, &helper.lock);
    pthread_mutex_unlock(&helper.lock);
}

/* ---- the table -------------------------------------------------------------------------- */

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (text) {
        vfprintf(text, format, list);
        fflush(text);
    }
    va_end(list);
}

/* Every contender's time, printed behind the table. */
static char *details;
static size_t details_bytes;
static FILE *detail;

static const char *in_units(double seconds)
{
    static char shown[4][32];
    static int next;
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {0, "ns"}};
    int u = 0;
    while (seconds < units[u].seconds)
        u++;
    char *out = shown[next++ % 4];
    snprintf(out, sizeof shown[0], "%.3g %s", seconds / (u < 3 ? units[u].seconds : 1e-9),
             units[u].name);
    return out;
}

static void describe(const struct peers_row *row, const struct contender *c, struct quartiles time)
{
    fprintf(detail, "| %s | %s | %s | %s to %s |\n", row->name, c->name, in_units(time.median),
            in_units(time.low), in_units(time.high));
    if (!json)
        return;
    bench_json_row(json);
    bench_json_text(json, "row", row->name);
    bench_json_text(json, "contender", c->name);
    bench_json_number(json, "seconds", time.median);
    bench_json_number(json, "seconds_low", time.low);
    bench_json_number(json, "seconds_high", time.high);
}

void peers_compare(const struct peers_row *row, struct contender *contenders, size_t n)
{
    size_t rounds =
        bench_interleave(contenders, n, peers_quick ? 1e-4 : 1e-2, peers_quick ? 1e-3 : 2);
    size_t rivals = row->rivals ? row->rivals : n - 1, best = 1;
    struct quartiles time[PEERS_MOST] = {{0, 0, 0}};
    for (size_t i = 0; i < n; i++) {
        time[i] = bench_quartiles(contenders[i].seconds, rounds);
        describe(row, &contenders[i], time[i]);
        if (i > 1 && i <= rivals && time[i].median < time[best].median)
            best = i;
    }

    const double *ours = contenders[0].seconds;
    struct quartiles ratio = time[0];
    const char *peer = n > 1 ? contenders[best].name : "";
    if (n == 1)
        ratio = (struct quartiles){ratio.low / row->unit, ratio.median / row->unit,
                                   ratio.high / row->unit};
    else if (row->sense == AT_MOST)
        ratio = bench_ratio(ours, contenders[best].seconds, rounds);
    else
        ratio = bench_ratio(contenders[best].seconds, ours, rounds);
    int met = row->sense == AT_MOST ? ratio.median <= row->wanted : ratio.median >= row->wanted;
    const char *verdict = row->wanted == 0 ? "" : met ? "yes" : "no";
    char wanted[32] = "";
    if (row->wanted != 0)
        snprintf(wanted, sizeof wanted, "%s %.2f",
                 row->sense == AT_MOST ? "<=" : ">=", row->wanted);
    say("| %s | %s | %s | %s | %s | %.3f | %.3f to %.3f | %s | %s |\n", row->name, row->work,
        in_units(time[0].median), peer, n > 1 ? in_units(time[best].median) : "", ratio.median,
        ratio.low, ratio.high, wanted, verdict);
    free(contenders[0].seconds);
    if (!json)
        return;
    bench_json_row(json);
    bench_json_text(json, "row", row->name);
    bench_json_text(json, "work", row->work);
    bench_json_text(json, "peer", peer);
    bench_json_number(json, "ratio", ratio.median);
    bench_json_number(json, "ratio_low", ratio.low);
    bench_json_number(json, "ratio_high", ratio.high);
    bench_json_text(json, "wanted", wanted);
    bench_json_text(json, "met", verdict);
}

void peers_skip(const char *name, const char *why)
{
    fprintf(detail, "| %s | skipped: %s | | |\n", name, why);
    if (!json)
        return;
    bench_json_row(json);
    bench_json_text(json, "row", name);
    bench_json_text(json, "skipped", why);
}

void peers_check(int right, const char *name, const char *whose)
{
    if (right)
        return;
    fprintf(stderr, "peers: %s: the result of %s is not that of engram\n", name, whose);
    exit(1);
}

void peers_ok(int status)
{
    if (status == ENGRAM_OK)
        return;
    fprintf(stderr, "peers: %s\n", engram_last_message());
    exit(1);
}

engram_arena *peers_arena(void)
{
    static engram_arena *arena;
    struct engram_arena_config config = {.size = sizeof config, .bytes = (size_t)256 << 20};
    if (!arena)
        peers_ok(engram_arena_new(&config, &arena));
    return arena;
}

/* ---- start ------------------------------------------------------------------------------ */

static const struct group {
    const char *names[8];
    void (*run)(void);
} groups[] = {
    {{"pair", "scan-1000", "scan-100000", "scan-int8", "scan-bf16", "batch", "threads"},
     peers_similarity},
    {{"approximate", "add"}, peers_approximate},
    {{"recall-10000", "recall-100000", "recall-sign"}, peers_recall},
    {{"decay-10000", "decay-10000000"}, peers_decay},
    {{"spread-1000", "spread-rmat", "spread-rmat-seed"}, peers_spread},
};
enum { GROUPS = sizeof groups / sizeof *groups };

static char **asked;
static int asked_count;

int peers_wanted(const char *name)
{
    for (int i = 0; i < asked_count; i++)
        if (strcmp(asked[i], name) == 0)
            return 1;
    return asked_count == 0;
}

static int known(const char *name)
{
    for (int g = 0; g < GROUPS; g++)
        for (int i = 0; i < 8 && groups[g].names[i]; i++)
            if (strcmp(groups[g].names[i], name) == 0)
                return 1;
    return 0;
}

static int group_wanted(const struct group *group)
{
    for (int i = 0; i < 8 && group->names[i]; i++)
        if (peers_wanted(group->names[i]))
            return 1;
    return 0;
}

/* Libraries read these when they are loaded, so a program that wants one thread, the kernels made
 * for its processor, and huge pages for what everybody allocates, has to start again. */
static void clean_environment(char **argv)
{
    static const char *const ones[] = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"};
    static const char *const none[] = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_PROC_BIND"};
    static const char huge_pages[] = "glibc.malloc.hugetlb=1";
    int clean = 1;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        const char *value = getenv(ones[i]);
        clean &= value && strcmp(value, "1") == 0;
        setenv(ones[i], "1", 1);
    }
    const char *pages = getenv("GLIBC_TUNABLES");
    clean &= pages && strcmp(pages, huge_pages) == 0;
    setenv("GLIBC_TUNABLES", huge_pages, 1);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        clean &= !getenv(none[i]);
        unsetenv(none[i]);
    }
    if (clean)
        return;
    execv("/proc/self/exe", argv);
    perror("peers: starting again with a clean environment");
    exit(1);
}

/* What was found when this was configured; "" is what was not. */
static const struct {
    const char *name, *package, *version, *note;
} peers[] = {
    {"OpenBLAS", "libopenblas-dev", OPENBLAS_PACKAGE, ""},
    {"FAISS", "libfaiss-dev, g++", FAISS_PACKAGE, ", built for SSE2 alone as Debian ships it"},
    {"hnswlib", "libhnswlib-dev, g++", HNSWLIB_PACKAGE, ""},
    {"SuiteSparse GraphBLAS", "libgraphblas-dev", GRAPHBLAS_PACKAGE, ""},
    {"glibc libmvec", "libc6-dev", LIBMVEC_PACKAGE, ""},
    {"SLEEF", "libsleef-dev", SLEEF_PACKAGE, ""},
};

static void describe_all(void)
{
    say("engram %s, rung %s, %s, %s, %s; naive C by the same compiler, strict (-O2 -fno-fast-math) "
        "and free (-O3 -march=native -ffast-math).\n",
        engram_version(), engram_isa(), bench_cpu(), bench_date(), engram_build());
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
        if (*peers[i].version)
            say("%s %s%s.\n", peers[i].name, peers[i].version, peers[i].note);
        else
            say("%s not found (Debian: %s), skipped.\n", peers[i].name, peers[i].package);
#ifdef HAVE_OPENBLAS
    say("OpenBLAS runs its kernels for %s.\n", openblas_get_corename());
#endif
    say("One thread on one processor, contenders in turn; medians, quartiles of the ratios.\n\n");
}

static int usage(const char *wrong)
{
    fprintf(stderr, "peers: %s\nusage: peers [--quick] [--json FILE] [row ...]\nrows:", wrong);
    for (int g = 0; g < GROUPS; g++)
        for (int i = 0; i < 8 && groups[g].names[i]; i++)
            fprintf(stderr, " %s", groups[g].names[i]);
    fputc('\n', stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    char **first = argv + 1;
    clean_environment(argv);
    asked = first;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--quick") == 0)
            peers_quick = 1;
        else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
            path = argv[++i];
        else if (known(argv[i]))
            first[asked_count++] = argv[i];
        else
            return usage(argv[i]);

    struct engram_options options = {.size = sizeof options, .parallel_for = parallel_for};
    peers_ok(engram_init(&options));
    peers_processors = bench_pin(1) == 0 ? 2 : 1;
    bench_pin(0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, help, NULL)) {
        perror("peers: a thread");
        return 1;
    }
    text = path && strcmp(path, "-") == 0 ? NULL : stdout;
    if (path && !(json = bench_json(path, PEERS_SEED))) {
        fprintf(stderr, "peers: cannot write %s\n", path);
        return 2;
    }
    if (!(detail = open_memstream(&details, &details_bytes))) {
        perror("peers: memory");
        return 1;
    }

    describe_all();
    say("| row | work | engram | peer | its time | ratio | quartiles | wanted | met |\n"
        "| --- | --- | ---: | --- | ---: | ---: | --- | --- | --- |\n");
    for (int g = 0; g < GROUPS; g++)
        if (group_wanted(&groups[g]))
            groups[g].run();
    fclose(detail);
    say("\n| row | contender | median | quartiles |\n| --- | --- | ---: | --- |\n%s", details);
    free(details);
    return json ? bench_json_end(json) != 0 : 0;
}
