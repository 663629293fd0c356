/* kernels.c - every version of every kernel: checked against the reference by bits, and timed.
 * SPDX-License-Identifier: MIT
 *
 * Usage: t/kernels.t [--seed N] [--bench [--quick]] [kernel ...] */
#include "kernels/kcase.h"
#include "cpu.h"
#include "tap.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LENGTHS = 301, LARGE = 20011, EDGE = 64, OFFSETS = 16 };

#define KERNEL(name) extern const struct kcase case_##name;
#define VARIANT(name, rung)
#include "kernels/kernels.def"

static const struct kcase *const cases[] = {
#define KERNEL(name) &case_##name,
#define VARIANT(name, rung)
#include "kernels/kernels.def"
};

enum { CASES = sizeof cases / sizeof *cases };

static const char *const kinds[KKINDS] = {
    [KRANDOM] = "random numbers",     [KEQUAL] = "equal numbers",
    [KHUGE] = "huge numbers",         [KTINY] = "tiny numbers",
    [KZEROS] = "zeros of both signs", [KSPECIAL] = "NaN and infinity among them",
};

static uint64_t seed;

/* ---- memory that ends ------------------------------------------------------------------- */

static void *need(void *p, const char *what)
{
    if (!p || p == MAP_FAILED) {
        printf("Bail out! %s\n", what);
        exit(1);
    }
    return p;
}

static void room(struct kblock *block, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (block->room && bytes <= block->room_bytes)
        return;
    if (block->room)
        munmap(block->room - page, block->room_bytes + 2 * page);

    block->room_bytes = (bytes / page + 1) * page;
    char *all = need(mmap(NULL, block->room_bytes + 2 * page, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
                     "no memory to map");
    block->room = all + page;
    if (mprotect(block->room, block->room_bytes, PROT_READ | PROT_WRITE))
        need(NULL, "no memory to map");
}

/* The bytes beside an array which belong to nobody: up to EDGE before it or after it. */
static size_t beside(const struct kcall *call, const struct kblock *block, char **out)
{
    char *end = block->at + block->bytes;
    size_t free_bytes = call->beginning ? (size_t)(block->room + block->room_bytes - end)
                                        : (size_t)(block->at - block->room);
    size_t n = free_bytes < EDGE ? free_bytes : EDGE;
    *out = call->beginning ? end : block->at - n;
    return n;
}

static void fill_garbage(struct random *r, void *p, size_t bytes)
{
    char *at = p;
    for (; bytes >= 8; at += 8, bytes -= 8) {
        uint64_t x = random_next(r);
        memcpy(at, &x, 8);
    }
    memset(at, 0xa5, bytes);
}

void *kblock(struct kcall *call, size_t count, size_t size, enum krole role)
{
    if (call->blocks == KBLOCKS)
        need(NULL, "a case has too many arrays");
    struct kblock *block = &call->block[call->blocks++];
    size_t align = role == KSCRATCH ? 64 : 1, page = (size_t)sysconf(_SC_PAGESIZE);
    block->role = role;
    block->bytes = count * size;
    room(block, block->bytes + OFFSETS * size + EDGE + page);
    if (call->timing) /* as usual: on cache lines, arrays at different places of a page */
        block->at = block->room + call->blocks * 5 * 64 % page;
    else if (call->beginning)
        block->at = block->room + (align > 1 ? 0 : random_below(&call->random, OFFSETS) * size);
    else
        block->at = block->room + (block->room_bytes - block->bytes) / align * align;

    if (role != KINPUT) {
        char *edge;
        size_t n = beside(call, block, &edge);
        memset(edge, 0x5a, n);
        fill_garbage(&call->random, block->at, block->bytes);
    }
    return block->at;
}

static int compared(const struct kblock *block)
{
    return block->role == KFLOATS || block->role == KBYTES;
}

/* Makes a call. What it is depends on the seed and the arguments only. */
static void fresh(struct kcall *call, const struct kcase *c, size_t n, size_t rows, enum kkind kind)
{
    call->n = n;
    call->rows = rows;
    call->kind = kind;
    call->blocks = 0;
    call->status = ENGRAM_OK;
    call->random =
        random_for(seed, c->name, n * 64 + (uint64_t)kind * 2 + (uint64_t)call->beginning);
    c->make(call);
    for (size_t i = 0; i < call->blocks; i++) {
        struct kblock *block = &call->block[i];
        if (!compared(block))
            continue;
        if (!block->want || block->copy_bytes < block->bytes) {
            free(block->before);
            free(block->want);
            block->before = need(malloc(block->bytes + 1), "out of memory");
            block->want = need(malloc(block->bytes + 1), "out of memory");
            block->copy_bytes = block->bytes;
        }
        memcpy(block->before, block->at, block->bytes);
    }
}

/* ---- numbers ---------------------------------------------------------------------------- */

int ksame(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

float kfold(float lane[64])
{
    for (int half = 32; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}

uint32_t kchoose(struct kcall *call, uint32_t n)
{
    return call->timing || n == 0 ? 0 : random_below(&call->random, n);
}

void kfill(struct kcall *call, size_t n, double low, double high, float *out)
{
    static const float tiny[] = {1e-38f,  -1e-38f, 1.17549435e-38f, 1e-42f,
                                 -1e-45f, 3e-20f,  1e-15f,          -1e-15f};
    static const float special[] = {NAN, INFINITY, -INFINITY};
    struct random *r = &call->random;
    float one = (float)random_between(r, low, high);
    float small = random_below(r, 4) == 0 ? tiny[random_below(r, 8)] : 0;
    uint32_t odds = 1u << random_below(r, 8); /* of something unlike the rest: 1 in odds */
    for (size_t i = 0; i < n; i++) {
        float x = (float)random_between(r, low, high);
        int rare = random_below(r, odds) == 0;
        switch (call->kind) {
        case KEQUAL:
            x = one;
            break;
        case KHUGE:
            x = rare ? -3e38f : 3e38f;
            break;
        case KTINY:
            x = small != 0 ? small : tiny[random_below(r, 8)];
            break;
        case KZEROS:
            x = rare ? x : x < 0.5 * (low + high) ? -0.0f : 0.0f;
            break;
        case KSPECIAL:
            x = rare ? special[random_below(r, 3)] : x;
            break;
        default:
            break;
        }
        out[i] = x;
    }
}

float *kfloats(struct kcall *call, size_t n, double low, double high)
{
    float *out = kblock(call, n, sizeof *out, KINPUT);
    kfill(call, n, low, high, out);
    return out;
}

struct engram_graph_view kgraph(struct kcall *call, size_t nodes, uint32_t degree)
{
    uint32_t *offsets = kblock(call, nodes + 1, sizeof *offsets, KINPUT);
    uint32_t *in_offsets = kblock(call, nodes + 1, sizeof *in_offsets, KINPUT);
    offsets[0] = 0;
    for (size_t s = 0; s < nodes; s++)
        offsets[s + 1] = offsets[s] + random_below(&call->random, 2 * degree + 1);

    uint32_t edges = offsets[nodes];
    uint32_t *targets = kblock(call, edges, sizeof *targets, KINPUT);
    uint32_t *sources = kblock(call, edges, sizeof *sources, KINPUT);
    float *weights = kblock(call, edges, sizeof *weights, KINPUT);
    float *in_weights = kblock(call, edges, sizeof *in_weights, KINPUT);
    uint8_t *classes = kblock(call, edges, sizeof *classes, KINPUT);
    enum kkind kind = call->kind;
    call->kind = kind == KSPECIAL ? KRANDOM : kind;
    kfill(call, edges, -1, 1, weights);
    call->kind = kind;

    /* Every eighth edge goes to one of three nodes, so that long incoming rows occur too. */
    memset(in_offsets, 0, (nodes + 1) * sizeof *in_offsets);
    for (uint32_t e = 0; e < edges; e++) {
        uint32_t crowd = random_below(&call->random, 8) == 0 && nodes > 3 ? 3 : (uint32_t)nodes;
        targets[e] = random_below(&call->random, crowd);
        classes[e] = (uint8_t)random_below(&call->random, 4);
        in_offsets[targets[e] + 1]++;
    }
    for (size_t t = 0; t < nodes; t++)
        in_offsets[t + 1] += in_offsets[t];
    uint32_t *next = need(calloc(nodes + 1, sizeof *next), "out of memory");
    for (uint32_t s = 0; s < nodes; s++)
        for (uint32_t e = offsets[s]; e < offsets[s + 1]; e++) {
            uint32_t place = in_offsets[targets[e]] + next[targets[e]]++;
            sources[place] = s;
            in_weights[place] = weights[e];
        }
    free(next);
    return (struct engram_graph_view){
        .nodes = (uint32_t)nodes,
        .edges = edges,
        .offsets = offsets,
        .targets = targets,
        .weights = weights,
        .classes = classes,
        .in_offsets = in_offsets,
        .sources = sources,
        .in_weights = in_weights,
    };
}

/* ---- one call, guarded ------------------------------------------------------------------ */

static sigjmp_buf jump;
static volatile sig_atomic_t guarded;
static char trouble[160]; /* why a check failed */

static void caught(int number)
{
    if (guarded)
        siglongjmp(jump, number);
    signal(number, SIG_DFL);
    raise(number);
}

static int run_guarded(struct kcall *call, const struct kcase *c, engram_any_kernel *version)
{
    int number = sigsetjmp(jump, 1);
    if (number == 0) {
        guarded = 1;
        c->run(call, version);
    }
    guarded = 0;
    if (number)
        snprintf(trouble, sizeof trouble, "%s", strsignal(number));
    return number == 0;
}

/* Whether the bytes beside the outputs are as they were. */
static int edges_hold(const struct kcall *call)
{
    for (size_t i = 0; i < call->blocks; i++) {
        const struct kblock *block = &call->block[i];
        char *edge;
        size_t n = block->role == KINPUT ? 0 : beside(call, block, &edge);
        for (size_t j = 0; j < n; j++)
            if (edge[j] != 0x5a) {
                snprintf(trouble, sizeof trouble, "wrote %s array %zu",
                         call->beginning ? "behind" : "before", i);
                return 0;
            }
    }
    return 1;
}

static int same_as_wanted(const struct kblock *block, size_t array)
{
    if (memcmp(block->at, block->want, block->bytes) == 0)
        return 1;
    if (block->role == KBYTES) {
        size_t i = 0;
        while (block->at[i] == block->want[i])
            i++;
        snprintf(trouble, sizeof trouble, "array %zu differs at byte %zu of %zu", array, i,
                 block->bytes);
        return 0;
    }
    const float *got = (const float *)block->at, *want = (const float *)block->want;
    for (size_t i = 0; i < block->bytes / sizeof *got; i++)
        if (!ksame(got[i], want[i])) {
            snprintf(trouble, sizeof trouble, "array %zu, element %zu: %a, the reference has %a",
                     array, i, got[i], want[i]);
            return 0;
        }
    return 1;
}

/* Whether a version does what the reference does on this call, and the reference what it says. */
static int check(struct kcall *call, const struct kcase *c, engram_any_kernel *version,
                 engram_any_kernel *ref)
{
    for (size_t i = 0; i < call->blocks; i++)
        if (compared(&call->block[i]))
            memcpy(call->block[i].at, call->block[i].before, call->block[i].bytes);
    if (!run_guarded(call, c, ref) || !edges_hold(call))
        return 0;
    if (version == ref && c->plain && !c->plain(call)) {
        snprintf(trouble, sizeof trouble, "not what the definition gives");
        return 0;
    }
    int status = call->status;
    for (size_t i = 0; i < call->blocks; i++) {
        struct kblock *block = &call->block[i];
        if (block->role == KSCRATCH)
            fill_garbage(&call->random, block->at, block->bytes);
        if (!compared(block))
            continue;
        memcpy(block->want, block->at, block->bytes);
        memcpy(block->at, block->before, block->bytes);
    }

    if (!run_guarded(call, c, version) || !edges_hold(call))
        return 0;
    if (call->status != status) {
        snprintf(trouble, sizeof trouble, "status %d, the reference has %d", call->status, status);
        return 0;
    }
    for (size_t i = 0; i < call->blocks; i++)
        if (compared(&call->block[i]) && !same_as_wanted(&call->block[i], i))
            return 0;
    return 1;
}

/* ---- tests ------------------------------------------------------------------------------ */

/* One line for all lengths. */
static void check_lengths(struct kcall *call, const struct kcase *c, const char *rung,
                          engram_any_kernel *version, engram_any_kernel *ref, enum kkind kind)
{
    for (size_t i = 0; i <= LENGTHS; i++) {
        size_t n = i < LENGTHS ? i : LARGE;
        fresh(call, c, n, i < LENGTHS ? (n * 7 + (size_t)kind) % 13 : 3, kind);
        if (!check(call, c, version, ref)) {
            ok(0, "%s %s at n=%zu, %s: %s", c->name, rung, n, kinds[kind], trouble);
            return;
        }
    }
    ok(1, "%s %s is the %s at all lengths, %s, arrays that %s", c->name, rung,
       version != ref ? "reference"
       : c->plain     ? "definition"
                      : "same twice",
       kinds[kind], call->beginning ? "begin anywhere" : "end where memory ends");
}

static void check_case(struct kcall *call, const struct kcase *c)
{
    engram_any_kernel *ref = engram_kernel_version(c->name, "ref");
    if (!ok(ref != NULL, "%s has a reference", c->name))
        return;
    for (int r = 0; r < RUNGS; r++) {
        engram_any_kernel *version = engram_kernel_version(c->name, engram_rung_names[r]);
        if (!version) {
            skip("%s has no %s version on this machine", c->name, engram_rung_names[r]);
            continue;
        }
        for (int kind = 0; kind < KKINDS; kind++)
            for (call->beginning = 0; call->beginning <= (kind == KRANDOM); call->beginning++)
                check_lengths(call, c, engram_rung_names[r], version, ref, (enum kkind)kind);
    }
}

static const struct kcase *case_named(const char *name)
{
    for (int i = 0; i < CASES; i++)
        if (strcmp(cases[i]->name, name) == 0)
            return cases[i];
    return NULL;
}

/* The library's list of kernels and ours are the same, and it gives the versions that it names. */
static void check_list(void)
{
    struct engram_kernel_info info;
    int kernels = 0;
    for (; engram_kernel_info((uint32_t)kernels, &info) == ENGRAM_OK; kernels++) {
        ok(case_named(info.name) != NULL, "%s has a case", info.name);
        char given[64] = "";
        for (int r = 0; r < RUNGS; r++)
            if (engram_kernel_version(info.name, engram_rung_names[r]))
                snprintf(given + strlen(given), sizeof given - strlen(given), "%s%s",
                         *given ? " " : "", engram_rung_names[r]);
        is_string(info.versions, given, "%s has the versions that are listed", info.name);
    }
    is_int(kernels, CASES, "every case has a kernel");
    ok(!engram_kernel_version("dot_f32", "abacus") && !engram_kernel_version("abacus_f32", "ref"),
       "an unknown rung or kernel has no version");
}

/* ---- times ------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Best and median seconds of one call. */
static void time_version(struct kcall *call, const struct kcase *c, engram_any_kernel *version,
                         int quick, double *best, double *median)
{
    enum { SAMPLES = 15 };
    double sample[SAMPLES], least = quick ? 1e-5 : 1e-2, total = 0;
    size_t samples = 0, wanted = quick ? 3 : SAMPLES, repeats = 1;
    while (samples < wanted && (samples < 3 || total < 1)) {
        double begun = engram_clock();
        for (size_t j = 0; j < repeats; j++)
            c->run(call, version);
        double seconds = engram_clock() - begun;
        if (seconds < least)
            repeats *= 2;
        else
            sample[samples++] = seconds / (double)repeats;
        total += seconds;
    }
    qsort(sample, samples, sizeof *sample, ascending);
    *best = sample[0];
    *median = sample[samples / 2];
}

static int bench_size(struct kcall *call, const struct kcase *c, size_t bytes, int quick)
{
    engram_any_kernel *ref = engram_kernel_version(c->name, "ref");
    double ref_best = 0;
    int right = 1;
    char size[32];
    snprintf(size, sizeof size, bytes < 1 << 20 ? "%zu KB" : "%zu MB",
             bytes < 1 << 20 ? bytes >> 10 : bytes >> 20);
    size_t n = (size_t)((double)bytes / c->element_bytes);
    fresh(call, c, c->dim ? c->dim : n, c->dim ? n / c->dim + 1 : 0, KRANDOM);
    for (int r = 0; r < RUNGS; r++) {
        engram_any_kernel *version = engram_kernel_version(c->name, engram_rung_names[r]);
        if (!version)
            continue;
        if (!check(call, c, version, ref)) {
            printf("%-17s %-7s %7s  WRONG: %s\n", c->name, engram_rung_names[r], size, trouble);
            right = 0;
            continue;
        }
        double best, median;
        time_version(call, c, version, quick, &best, &median);
        ref_best = version == ref ? best : ref_best;
        printf("%-17s %-7s %7s  ok  %14.1f %14.1f %8.2f %8.2f %7.2f\n", c->name,
               engram_rung_names[r], size, best * 1e9, median * 1e9, call->bytes / best * 1e-9,
               call->flops / best * 1e-9, ref_best / best);
        fflush(stdout);
    }
    return right;
}

static void describe_machine(void)
{
    char line[256], name[128] = "unknown";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %127[^\n]", name) == 1)
            break;
    if (file)
        fclose(file);
    diag("engram %s, rung %s, processor %s", engram_version(), engram_isa(), name);
}

/* How much of the thread's arena was ever used. */
static void describe_arena(void)
{
    const char *metrics = getenv("ENGRAM_ARENA_METRICS");
    struct engram_arena_info info;
    if (!metrics || strcmp(metrics, "1") != 0)
        return;
    engram_arena *arena = engram_arena_thread();
    if (!arena || engram_arena_info(arena, &info) != ENGRAM_OK)
        diag("arena: %s", engram_last_message());
    else
        diag("arena: peak %llu of %llu bytes, %.1f %%", (unsigned long long)info.peak,
             (unsigned long long)info.capacity, 100.0 * (double)info.peak / (double)info.capacity);
}

/* ---- start ------------------------------------------------------------------------------ */

static int usage(const char *wrong)
{
    fprintf(stderr, "kernels.t: %s\nusage: kernels.t [--seed N] [--bench [--quick]] [kernel ...]\n",
            wrong);
    return 2;
}

int main(int argc, char **argv)
{
    /* Working sets that sit in L1, L2, L3 and memory. */
    static const size_t sizes[] = {4 << 10, 256 << 10, 4 << 20, 256 << 20};
    static struct kcall call;
    const struct kcase *chosen[CASES];
    int count = 0, bench = 0, quick = 0, right = 1;
    seed = (uint64_t)(engram_clock() * 1e9) % 1000000;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--bench") == 0)
            bench = 1;
        else if (strcmp(argv[i], "--quick") == 0)
            quick = 1;
        else if (count == CASES || !(chosen[count++] = case_named(argv[i])))
            return usage(argv[i]);
    }
    diag("seed %llu", (unsigned long long)seed);
    engram_init(NULL);
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &(struct sigaction){.sa_handler = caught, .sa_flags = SA_NODEFER},
                  NULL);

    int all = count == 0;
    for (int i = 0; all && i < CASES; i++)
        chosen[count++] = cases[i];
    if (!bench) {
        if (all)
            check_list();
        for (int i = 0; i < count; i++)
            check_case(&call, chosen[i]);
        return done();
    }

    call.timing = 1;
    describe_machine();
    printf("# %-15s %-7s %7s      %14s %14s %8s %8s %7s\n", "kernel", "version", "set", "best ns",
           "median ns", "GB/s", "GFLOP/s", "x ref");
    for (int i = 0; i < count; i++)
        for (size_t s = 0; s < (quick ? 2 : sizeof sizes / sizeof *sizes); s++)
            right &= bench_size(&call, chosen[i], sizes[s], quick);
    describe_arena();
    return !right;
}
