/* kernels.c - every version of every kernel: checked against the reference by bits, and timed.
 * SPDX-License-Identifier: MIT
 *
 * Usage: t/kernels.t [--seed N] [--bench [--quick] [--json FILE]] [kernel ...] */
#include "kernels/kcase.h"
#include "bench.h"
#include "cpu.h"
#include "limits.h"
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
    madvise(all, block->room_bytes + 2 * page, MADV_HUGEPAGE);
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
    call->elements = call->gathers = 0;
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

static void *kcopy(struct kcall *call, const void *from, size_t count, size_t size)
{
    void *to = kblock(call, count, size, KINPUT);
    if (count)
        memcpy(to, from, count * size);
    return to;
}

/* Every eighth edge goes to one of three nodes, so that long incoming rows occur too. */
static uint32_t some_target(struct kcall *call, uint32_t nodes)
{
    return random_below(&call->random,
                        random_below(&call->random, 8) == 0 && nodes > 3 ? 3 : nodes);
}

/* The library lays the graph out; the case gets copies, each at the end of its memory. */
struct engram_graph_view kgraph(struct kcall *call, size_t nodes, uint32_t degree)
{
    uint32_t n = (uint32_t)nodes, most = 2 * degree, edges = 0;
    uint32_t *offsets = need(calloc(nodes + 1, sizeof *offsets), "out of memory");
    uint32_t *targets = need(malloc(nodes * most * sizeof *targets + 1), "out of memory");
    uint8_t *classes = need(malloc(nodes * most + 1), "out of memory");
    for (uint32_t s = 0; s < n; s++) {
        for (uint32_t i = random_below(&call->random, most + 1); i; i--) {
            classes[edges] = (uint8_t)random_below(&call->random, 4);
            targets[edges++] = some_target(call, n);
        }
        offsets[s + 1] = edges;
    }
    float *weights = need(malloc((edges + 1) * sizeof *weights), "out of memory");
    enum kkind kind = call->kind;
    call->kind = kind == KSPECIAL ? KRANDOM : kind;
    kfill(call, edges, -1, 1, weights);

    engram_graph *graph = NULL;
    struct engram_graph_view v;
    if (engram_graph_from_csr(n, offsets, targets, weights, classes, &graph) != ENGRAM_OK)
        need(NULL, "no graph");
    for (uint32_t i = nodes && kchoose(call, 2) ? kchoose(call, n + 1) : 0; i; i--) {
        uint32_t source = random_below(&call->random, n), target = some_target(call, n);
        uint8_t edge_class = (uint8_t)random_below(&call->random, 4);
        float weight;
        kfill(call, 1, -1, 1, &weight);
        if (engram_graph_add(graph, &source, &target, &weight, &edge_class, 1) != ENGRAM_OK)
            need(NULL, "no edge");
    }
    call->kind = kind;
    engram_graph_get(graph, &v);
    v.offsets = kcopy(call, v.offsets, nodes + 1, sizeof *v.offsets);
    v.ends = v.offsets + 1;
    v.targets = kcopy(call, v.targets, edges, sizeof *v.targets);
    v.weights = kcopy(call, v.weights, edges, sizeof *v.weights);
    v.classes = kcopy(call, v.classes, edges, 1);
    v.pull.run = kcopy(call, v.pull.run, v.pull.runs, sizeof *v.pull.run);
    v.pull.order = kcopy(call, v.pull.order, nodes, sizeof *v.pull.order);
    v.pull.sources = kcopy(call, v.pull.sources, edges, sizeof *v.pull.sources);
    v.pull.weights = kcopy(call, v.pull.weights, edges, sizeof *v.pull.weights);
    struct engram_delta *d = &v.delta;
    d->last = kcopy(call, d->last, d->edges ? nodes : 0, sizeof *d->last);
    d->next = kcopy(call, d->next, d->edges, sizeof *d->next);
    d->targets = kcopy(call, d->targets, d->edges, sizeof *d->targets);
    d->weights = kcopy(call, d->weights, d->edges, sizeof *d->weights);
    d->classes = d->classes ? kcopy(call, d->classes, d->edges, 1) : NULL;
    engram_graph_free(graph);
    free(offsets);
    free(targets);
    free(weights);
    free(classes);
    return v;
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

/* Where the report goes. Text is none when JSON takes standard output. */
static FILE *text, *json;
static int quick;
static double least, most; /* seconds of a round, and of all rounds of a contender */

/* Prints a line of text where there is one. */
static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (text)
        vfprintf(text, format, list);
    va_end(list);
}

/* What the table at the end shows of a kernel's version at a working set. */
struct cell {
    double ns, fraction;
    char limit[16];
};

struct timed {
    struct kcall *call;
    const struct kcase *c;
    enum engram_rung rung;
    engram_any_kernel *version;
    struct cell *cell;
};

static void run_timed(void *data)
{
    struct timed *timed = data;
    timed->c->run(timed->call, timed->version);
}

/* The limit that a call meets first on this machine, and the seconds it would take there at the
 * rate found at the start. */
struct bound {
    struct limit *limit;
    double amount, seconds;
    char name[16];
};

static void bound_by(struct bound *bound, int kind, size_t bytes, double amount, const char *where,
                     const char *what)
{
    if (amount <= 0)
        return;
    struct limit *limit = limit_of(kind, bytes);
    double seconds = amount / limit->rate;
    if (seconds <= bound->seconds)
        return;
    *bound = (struct bound){.limit = limit, .amount = amount, .seconds = seconds};
    snprintf(bound->name, sizeof bound->name, "%s%s%s", where, *where && *what ? " " : "", what);
}

/* Every byte comes in once, and what is written goes out again; what a pure output costs to fetch
 * is counted too. */
static struct bound bound_of(const struct kcall *call, enum level level)
{
    struct bound bound = {0};
    double written = 0;
    for (size_t i = 0; i < call->blocks; i++)
        if (compared(&call->block[i]))
            written += (double)call->block[i].bytes;
    size_t set = level_bytes(level);
    bound_by(&bound, ENGRAM_LIMIT_READ, set, call->bytes, level_names[level], "");
    bound_by(&bound, ENGRAM_LIMIT_WRITE, set, fmin(written, call->bytes), level_names[level],
             "write");
    bound_by(&bound, ENGRAM_LIMIT_FMA, 0, call->flops, "", "FMA");
    bound_by(&bound, ENGRAM_LIMIT_GATHER, (size_t)call->table_bytes, call->gathers, "", "gather");
    return bound;
}

/* One line of the report. `ideal`: seconds at the limit in the same rounds. */
static void report(const struct timed *timed, enum level level, size_t rounds,
                   const double *seconds, const double *ref, const double *ideal, const char *limit)
{
    const struct kcall *call = timed->call;
    const char *rung = engram_rung_names[timed->rung];
    double elements = call->elements != 0
                          ? call->elements
                          : (double)call->n * (double)(timed->c->dim ? call->rows : 1);
    struct quartiles time = bench_quartiles(seconds, rounds);
    struct quartiles fraction = bench_ratio(ideal, seconds, rounds);
    double faster = bench_ratio(ref, seconds, rounds).median;
    *timed->cell = (struct cell){.ns = time.median / elements * 1e9, .fraction = fraction.median};
    snprintf(timed->cell->limit, sizeof timed->cell->limit, "%s", limit);
    say("%-17s %-10s %-5s %10.3f %8.2f %8.2f   %5.2f of %-10s %7.2f\n", timed->c->name, rung,
        level_names[level], time.median / elements * 1e9, call->bytes / time.median * 1e-9,
        call->flops / time.median * 1e-9, fraction.median, limit, faster);
    if (!json)
        return;
    bench_json_row(json);
    bench_json_text(json, "kernel", timed->c->name);
    bench_json_text(json, "version", rung);
    bench_json_text(json, "set", level_names[level]);
    bench_json_number(json, "bytes", call->bytes);
    bench_json_number(json, "ns_per_element", time.median / elements * 1e9);
    bench_json_number(json, "gb_per_s", call->bytes / time.median * 1e-9);
    bench_json_number(json, "gflop_per_s", call->flops / time.median * 1e-9);
    bench_json_number(json, "fraction", fraction.median);
    bench_json_number(json, "fraction_low", fraction.low);
    bench_json_number(json, "fraction_high", fraction.high);
    bench_json_text(json, "limit", limit);
    bench_json_number(json, "times_ref", faster);
}

/* All versions of a kernel at one working set, in turn with the limit that binds them. */
static int bench_set(struct kcall *call, const struct kcase *c, enum level level,
                     struct cell cells[RUNGS][LEVELS])
{
    struct contender contenders[RUNGS + 1];
    struct timed timed[RUNGS];
    engram_any_kernel *ref = engram_kernel_version(c->name, "ref");
    size_t n = (size_t)((double)level_bytes(level) / c->element_bytes), count = 0;
    fresh(call, c, c->dim ? c->dim : n, c->dim ? n / c->dim + 1 : 0, KRANDOM);
    for (enum engram_rung r = RUNG_ref; r < RUNGS; r++) {
        engram_any_kernel *version = engram_kernel_version(c->name, engram_rung_names[r]);
        if (!version)
            continue;
        if (!check(call, c, version, ref)) {
            fprintf(stderr, "kernels.t: %s %s, %s: %s\n", c->name, engram_rung_names[r],
                    level_names[level], trouble);
            return 0;
        }
        timed[count] = (struct timed){call, c, r, version, &cells[r][level]};
        contenders[count] = (struct contender){.run = run_timed, .data = &timed[count]};
        count++;
    }

    struct bound bound = bound_of(call, level);
    contenders[count] = (struct contender){
        .run = limit_run, .data = bound.limit, .amount = bound.limit->amount / bound.amount};
    size_t rounds = bench_interleave(contenders, count + 1, least, most);
    for (size_t i = 0; i < count; i++)
        report(&timed[i], level, rounds, contenders[i].seconds, contenders[0].seconds,
               contenders[count].seconds, bound.name);
    free(contenders[0].seconds);
    return 1;
}

/* ---- the machine, and the figures of the sources ---------------------------------------- */

static void one_limit(const char *name, const char *where, double rate)
{
    say("# %-24s %-5s %10.2f\n", name, where, rate);
    if (!json)
        return;
    bench_json_row(json);
    bench_json_text(json, "limit", name);
    bench_json_text(json, "set", where);
    bench_json_number(json, "rate", rate);
}

static void describe_machine(enum level last)
{
    say("# seed %llu\n", (unsigned long long)seed);
    say("# engram %s, rung %s, %s, %s, %s\n", engram_version(), engram_isa(), engram_build(),
        bench_cpu(), bench_date());
    for (enum level level = IN_L1; level <= last; level++) {
        size_t bytes = level_bytes(level);
        const char *where = level_names[level];
        say("# %-24s %-5s %10zu\n", "working set, KB", where, bytes >> 10);
        one_limit("read, GB/s", where, limit_of(ENGRAM_LIMIT_READ, bytes)->rate * 1e-9);
        one_limit("write, GB/s", where, limit_of(ENGRAM_LIMIT_WRITE, bytes)->rate * 1e-9);
        one_limit("gather, ns", where, 1e9 / limit_of(ENGRAM_LIMIT_GATHER, bytes)->rate);
    }
    for (enum engram_rung rung = RUNG_ref; rung < RUNGS; rung++) {
        struct limit limit = limit_fma(rung);
        if (limit.rate > 0)
            one_limit("FMA, GFLOP/s", engram_rung_names[rung], limit.rate * 1e-9);
    }
}

/* What the documents that engram was made from say of their own machine, beside ours through the
 * same doors. */
static float source_a[768], source_b[768], source_strengths[10000], source_decayed[10000];
static float source_activations[1000], source_start[1000];
static uint64_t source_ages[10000];
static engram_graph *source_graph;

static void source_pair(void *data)
{
    static volatile float sink;
    (void)data;
    sink = engram_cosine_f32(source_a, source_b, 768);
    (void)sink;
}

static void source_spread(void *data)
{
    struct engram_spread options = {
        .size = sizeof options, .steps = 10, .keep = 1, .gain = 1, .restart = 0};
    (void)data;
    memcpy(source_activations, source_start, sizeof source_start);
    if (engram_graph_spread(source_graph, &options, NULL, source_activations) != ENGRAM_OK)
        need(NULL, engram_last_message());
}

static void source_decay(void *data)
{
    struct engram_law law = {
        .size = sizeof law, .curve = ENGRAM_EXPONENTIAL, .tau_s = 86400, .unit_s = 1, .beta = 1};
    (void)data;
    if (engram_decay_f32(&law, NULL, source_strengths, source_ages, ENGRAM_AGE_U64, 0, 10000,
                         source_decayed) != ENGRAM_OK)
        need(NULL, engram_last_message());
}

static void make_sources(void)
{
    struct random r = random_for(seed, "sources", 0);
    engram_builder *builder;
    for (int i = 0; i < 768; i++) {
        source_a[i] = (float)random_between(&r, -1, 1);
        source_b[i] = (float)random_between(&r, -1, 1);
    }
    for (int i = 0; i < 10000; i++) {
        source_strengths[i] = (float)random_between(&r, 0, 1);
        source_ages[i] = random_below(&r, 1000000);
    }
    for (int i = 0; i < 1000; i++)
        source_start[i] = (float)random_between(&r, 0, 1);
    if (engram_builder_new(&builder) || engram_builder_nodes(builder, 1000))
        need(NULL, engram_last_message());
    for (int i = 0; i < 5000; i++)
        if (engram_builder_edge(builder, random_below(&r, 1000), random_below(&r, 1000),
                                (float)random_between(&r, 0, 1), 0))
            need(NULL, engram_last_message());
    if (engram_builder_freeze(builder, &source_graph))
        need(NULL, engram_last_message());
    engram_builder_free(builder);
}

static void compare_sources(void)
{
    static const struct {
        const char *what;
        void (*run)(void *);
        double theirs;
    } rows[] = {{"cosine of one pair, 768 floats", source_pair, 1.7},
                {"spreading, 1000 nodes, 5000 edges, 10 steps", source_spread, 95},
                {"decay of 10,000", source_decay, 65}};
    make_sources();
    say("# %-44s %9s %16s\n", "through the doors, us", "ours", "the sources say");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contender c = {.run = rows[i].run};
        size_t rounds = bench_interleave(&c, 1, least, most);
        double ours = bench_quartiles(c.seconds, rounds).median * 1e6;
        free(c.seconds);
        say("# %-44s %9.3f %16.1f\n", rows[i].what, ours, rows[i].theirs);
        if (!json)
            continue;
        bench_json_row(json);
        bench_json_text(json, "door", rows[i].what);
        bench_json_number(json, "us", ours);
        bench_json_number(json, "sources_us", rows[i].theirs);
    }
    engram_graph_free(source_graph);
}

/* A memory in files; 0 if a result was not right. */
static int compare_store(void)
{
    const struct store_row *rows = bench_store(quick, most * 4);
    say("# %-38s %12s %12s %6s\n", "a memory in files, us", "ours", "the least", "x");
    for (int i = 0; rows && i < STORE_ROWS; i++) {
        say("# %-38s %12.3f %12.3f %6.2f  %s\n", rows[i].what, rows[i].seconds * 1e6,
            rows[i].floor * 1e6, rows[i].seconds / rows[i].floor, rows[i].floor_is);
        if (!json)
            continue;
        bench_json_row(json);
        bench_json_text(json, "store", rows[i].what);
        bench_json_number(json, "us", rows[i].seconds * 1e6);
        bench_json_number(json, "least_us", rows[i].floor * 1e6);
        bench_json_text(json, "least", rows[i].floor_is);
    }
    return rows != NULL;
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

/* Nanoseconds for an element and fraction of the limit, which is named where it is not the working
 * set's own bandwidth. */
static void summarise(const char *kernel, enum level last, struct cell cells[RUNGS][LEVELS])
{
    for (enum engram_rung r = RUNG_ref; r < RUNGS; r++) {
        if (cells[r][IN_L1].ns == 0)
            continue;
        say("| `%s` | %s |", kernel, engram_rung_names[r]);
        for (enum level level = IN_L1; level <= last; level++) {
            const struct cell *cell = &cells[r][level];
            int own = strcmp(cell->limit, level_names[level]) == 0;
            say(" %.3g, %.2f%s%s |", cell->ns, cell->fraction, own ? "" : " ",
                own ? "" : cell->limit);
        }
        say("\n");
    }
}

static int bench(struct kcall *call, const struct kcase *const *chosen, int count, const char *path)
{
    static struct cell cells[CASES][RUNGS][LEVELS];
    enum level last = quick ? IN_L2 : IN_DRAM;
    int right = 1;
    text = path && strcmp(path, "-") == 0 ? NULL : stdout;
    if (path && !(json = bench_json(path, seed))) {
        fprintf(stderr, "kernels.t: cannot write %s\n", path);
        return 2;
    }
    least = quick ? 1e-5 : 1e-2;
    most = quick ? 1e-4 : 0.5;
    if (!quick)
        bench_pin(0);
    call->timing = 1;
    describe_machine(last);
    say("#\n# %-15s %-10s %-5s %10s %8s %8s   %-19s %7s\n", "kernel", "version", "set",
        "ns/element", "GB/s", "GFLOP/s", "limit", "x ref");
    for (int i = 0; i < count; i++)
        for (enum level level = IN_L1; level <= last; level++)
            right &= bench_set(call, chosen[i], level, cells[i]);
    say("\n| kernel | version |");
    for (enum level level = IN_L1; level <= last; level++)
        say(" %s |", level_names[level]);
    say("\n| --- | --- |%s\n", last == IN_DRAM ? " ---: | ---: | ---: | ---: |" : " ---: | ---: |");
    for (int i = 0; i < count; i++)
        summarise(chosen[i]->name, last, cells[i]);
    say("\n");
    compare_sources();
    right &= compare_store();
    if (text)
        describe_arena();
    if (json && bench_json_end(json) != 0)
        right = 0;
    return !right;
}

/* ---- start ------------------------------------------------------------------------------ */

static int usage(const char *wrong)
{
    fprintf(stderr,
            "kernels.t: %s\nusage: kernels.t [--seed N] [--bench [--quick] [--json FILE]] "
            "[kernel ...]\n",
            wrong);
    return 2;
}

int main(int argc, char **argv)
{
    static struct kcall call;
    const struct kcase *chosen[CASES];
    const char *path = NULL;
    int count = 0, timing = 0;
    seed = (uint64_t)(engram_clock() * 1e9) % 1000000;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--bench") == 0)
            timing = 1;
        else if (strcmp(argv[i], "--quick") == 0)
            quick = 1;
        else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
            path = argv[++i];
        else if (count == CASES || !(chosen[count++] = case_named(argv[i])))
            return usage(argv[i]);
    }
    engram_init(NULL);
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &(struct sigaction){.sa_handler = caught, .sa_flags = SA_NODEFER},
                  NULL);

    int all = count == 0;
    for (int i = 0; all && i < CASES; i++)
        chosen[count++] = cases[i];
    if (timing)
        return bench(&call, chosen, count, path);
    diag("seed %llu", (unsigned long long)seed);
    if (all)
        check_list();
    for (int i = 0; i < count; i++)
        check_case(&call, chosen[i]);
    return done();
}
