/* graph.c - graphs: building, freezing, reading edge lists, and the doors of spreading.
 * SPDX-License-Identifier: MIT */
#include "support.h"

#include <float.h>
#include <signal.h>
#include <sys/time.h>

static struct engram_rng rng = {20240302};
static uint32_t cancel;

static void set_cancel(uint32_t value)
{
    __atomic_store_n(&cancel, value, __ATOMIC_RELAXED);
}

static engram_builder *new_builder(void)
{
    engram_builder *builder = NULL;
    if (engram_builder_new(&builder) != ENGRAM_OK)
        diag("%s", engram_last_message());
    return builder;
}

static engram_graph *freeze(engram_builder *builder)
{
    engram_graph *graph = NULL;
    if (engram_builder_freeze(builder, &graph) != ENGRAM_OK)
        diag("%s", engram_last_message());
    return graph;
}

static struct engram_graph_view view_of(const engram_graph *graph)
{
    struct engram_graph_view view = {0};
    if (graph)
        engram_graph_get(graph, &view);
    return view;
}

static engram_graph *from_csr(uint32_t nodes, const uint32_t *offsets, const uint32_t *targets,
                              const float *weights)
{
    engram_graph *graph = NULL;
    if (engram_graph_from_csr(nodes, offsets, targets, weights, NULL, &graph) != ENGRAM_OK)
        diag("%s", engram_last_message());
    return graph;
}

struct edge {
    uint32_t source, target;
    float weight;
    uint8_t edge_class;
};

/* The layout by target is that of the rows: each row has the edges that arrive at its node, in
 * ascending (source, position), and rows fall in degree. */
static bool laid_out(const struct engram_graph_view *v)
{
    const struct engram_pull *p = &v->pull;
    uint32_t *row_of = malloc((v->nodes + 1) * sizeof *row_of), entry = 0, run = 0;
    uint32_t *degree = calloc(v->nodes + 1, sizeof *degree), *filled = calloc(v->nodes + 1, 4);
    bool good = p->rows == v->nodes && p->run[p->runs - 1].degree == 0 && p->run[0].row == 0;
    for (uint32_t row = 0; row < v->nodes; row++)
        row_of[row] = UINT32_MAX;
    for (uint32_t row = 0; good && row < v->nodes; row++) {
        good = p->order[row] < v->nodes && row_of[p->order[row]] == UINT32_MAX;
        row_of[p->order[row]] = row;
    }
    for (uint32_t e = 0; good && e < v->edges; e++)
        degree[row_of[v->targets[e]]]++;
    for (uint32_t row = 0; good && row < v->nodes; entry += degree[row++]) {
        if (run + 1 < p->runs && p->run[run + 1].row == row)
            run++;
        good = p->run[run].degree == degree[row] && (row == 0 || degree[row] <= degree[row - 1]) &&
               p->run[run].entry + (row - p->run[run].row) * degree[row] == entry;
    }

    /* Walking the rows in ascending (source, position) meets the arriving edges in their order. */
    for (uint32_t s = 0; good && s < v->nodes; s++)
        for (uint32_t e = v->offsets[s]; good && e < v->offsets[s + 1]; e++) {
            uint32_t row = row_of[v->targets[e]], k = filled[row]++, place = 0;
            uint32_t first = row / ENGRAM_SLICE * ENGRAM_SLICE;
            for (uint32_t r = 0; r < first; r++)
                place += v->nodes < 100 ? degree[r] : 0;
            if (v->nodes >= 100) { /* the runs have been checked */
                uint32_t of = p->runs - 1;
                while (p->run[of].row > first)
                    of--;
                place = p->run[of].entry + (first - p->run[of].row) * p->run[of].degree;
            }
            for (uint32_t r = first; r < v->nodes && r < first + ENGRAM_SLICE; r++)
                place += degree[r] < k + (r < row) ? degree[r] : k + (r < row);
            good = p->sources[place] == row_of[s] && p->weights[place] == v->weights[e];
        }
    free(row_of);
    free(degree);
    free(filled);
    return good;
}

/* The graph has these nodes and edges, in this order within a row, and the layout by target that
 * belongs to them. */
static bool holds(const engram_graph *graph, uint32_t nodes, const struct edge *edges, size_t n)
{
    struct engram_graph_view v = view_of(graph);
    if (v.nodes != nodes || v.edges != n || v.offsets[0] != 0) {
        diag("%u nodes and %u edges, expected %u and %zu", v.nodes, v.edges, nodes, n);
        return false;
    }
    uint32_t *next = malloc((nodes + 1) * sizeof *next), *at = malloc((n + 1) * sizeof *at);
    bool good = true;
    for (uint32_t s = 0; s <= nodes; s++)
        next[s] = v.offsets[s];
    for (size_t i = 0; good && i < n; i++) {
        uint32_t e = at[i] = next[edges[i].source]++;
        good = e < n && v.targets[e] == edges[i].target && v.weights[e] == edges[i].weight &&
               (v.classes ? v.classes[e] : 0) == edges[i].edge_class;
    }
    for (uint32_t s = 0; good && s < nodes; s++)
        good = next[s] == v.offsets[s + 1];

    good = good && laid_out(&v);
    free(next);
    free(at);
    return good;
}

/* ---- builder */

static void builder_of_ids(void)
{
    static const struct edge edges[] = {
        {2, 0, 0.5f, 0}, {0, 1, 1, 0},   {0, 2, -0.25f, 1}, {0, 1, 2, 2},
        {3, 3, 0.1f, 0}, {2, 1, 3, 255}, {0, 0, 4, 0},
    };
    engram_builder *builder = NULL;
    refused(engram_builder_new(NULL), ENGRAM_ENULL, "engram_builder_new|out",
            "a builder needs a place for it");
    is_int(engram_builder_new(&builder), ENGRAM_OK, "a builder is made");
    int failures = 0;
    for (size_t i = 0; i < COUNT(edges); i++)
        failures += engram_builder_edge(builder, edges[i].source, edges[i].target, edges[i].weight,
                                        edges[i].edge_class) != ENGRAM_OK;
    is_int(failures, 0, "edges are added, loops and parallel ones too");
    engram_graph *graph = freeze(builder);
    ok(holds(graph, 4, edges, COUNT(edges)), "rows keep the order of the edges, in the layout by "
                                             "target they ascend by source and position");
    struct engram_graph_info info = {0};
    is_int(engram_graph_info(graph, &info), ENGRAM_OK, "a graph tells its memory");
    ok(info.rows_bytes == 5 * 4 + COUNT(edges) * 9 &&
           info.pull_bytes ==
               view_of(graph).pull.runs * sizeof(struct engram_run) + 4 * 4 + COUNT(edges) * 8 &&
           info.delta_bytes == 0 && info.names_bytes == 0,
       "which is that of its arrays and no more");
    ok(info.rows_seconds >= 0 && info.pull_seconds >= 0, "and how long it took to make them");
    refused(engram_graph_info(NULL, &info), ENGRAM_ENULL, "engram_graph_info|graph",
            "of no graph there is nothing to tell");
    refused(engram_graph_info(graph, NULL), ENGRAM_ENULL, "engram_graph_info|out",
            "nor to no place");
    ok(!engram_graph_name(graph, 0) && !engram_graph_name(graph, 4) &&
           !engram_graph_name(graph, UINT32_MAX),
       "ids have no names");
    engram_graph *empty = freeze(builder);
    ok(holds(empty, 0, NULL, 0), "freezing empties the builder, and an empty graph is a graph");
    engram_graph_free(empty);
    ok(engram_builder_edge(builder, 1, 0, 1, 0) == ENGRAM_OK, "the builder can be used again");
    const struct edge one = {1, 0, 1, 0};
    empty = freeze(builder);
    ok(holds(empty, 2, &one, 1), "for another graph");
    engram_graph_free(empty);
    engram_graph_free(graph);
    engram_graph_free(NULL);

    is_int(engram_builder_nodes(builder, 10), ENGRAM_OK, "nodes can be asked for");
    engram_builder_nodes(builder, 3);
    graph = freeze(builder);
    ok(holds(graph, 10, NULL, 0),
       "a graph may have nodes without edges; fewer than there are is no change");
    engram_graph_free(graph);
    engram_builder_free(builder);
    engram_builder_free(NULL);
}

static void builder_errors(void)
{
    engram_builder *builder = new_builder();
    engram_graph *graph = NULL;
    uint32_t id = 7;
    engram_builder_edge(builder, 0, 1, 1, 0);
    refused(engram_builder_edge(NULL, 0, 1, 1, 0), ENGRAM_ENULL, "builder",
            "an edge of no builder is refused");
    refused(engram_builder_edge(builder, 2147483647, 0, 1, 0), ANY, "2147483647",
            "an id of 2147483647 is refused");
    refused(engram_builder_edge(builder, 0, UINT32_MAX, 1, 0), ANY, "4294967295",
            "so is a larger one");
    refused(engram_builder_edge(builder, 0, 1, NAN, 0), ENGRAM_ENONFINITE, "nan",
            "so is a weight NaN");
    refused(engram_builder_edge(builder, 0, 1, INFINITY, 0), ENGRAM_ENONFINITE, "inf",
            "and an infinite one");
    refused(engram_builder_nodes(builder, 2147483648u), ANY, "engram_builder_nodes|2147483648",
            "and 2147483648 nodes");
    refused(engram_builder_nodes(NULL, 1), ENGRAM_ENULL, "engram_builder_nodes|builder",
            "nodes of no builder are refused");

    uint32_t sources[] = {5, 6, 7}, targets[] = {6, 2147483647, 5};
    float weights[] = {1, 2, NAN};
    uint8_t classes[] = {0, 3, 0};
    refused(engram_builder_edges(builder, sources, targets, NULL, classes, 3), ANY,
            "engram_builder_edges|1|2147483647", "one bad id among several is named");
    targets[1] = 7;
    refused(engram_builder_edges(builder, sources, targets, weights, classes, 3), ENGRAM_ENONFINITE,
            "engram_builder_edges|2", "so is one bad weight");
    refused(engram_builder_edges(builder, NULL, targets, NULL, NULL, 3), ENGRAM_ENULL,
            "engram_builder_edges|sources", "edges need sources");
    refused(engram_builder_edges(builder, sources, NULL, NULL, NULL, 3), ENGRAM_ENULL,
            "engram_builder_edges|targets", "and targets");
    is_int(engram_builder_edges(builder, NULL, NULL, NULL, NULL, 0), ENGRAM_OK,
           "unless there are none");
    refused(engram_builder_freeze(builder, NULL), ENGRAM_ENULL, "engram_builder_freeze|out",
            "freezing needs a place for the graph");
    refused(engram_builder_freeze(NULL, &graph), ENGRAM_ENULL, "engram_builder_freeze|builder",
            "freezing no builder is refused");
    is_int(engram_builder_edges(builder, sources, targets, NULL, classes, 3), ENGRAM_OK,
           "edges without weights");
    const struct edge expected[] = {{0, 1, 1, 0}, {5, 6, 1, 0}, {6, 7, 1, 3}, {7, 5, 1, 0}};
    graph = freeze(builder);
    ok(holds(graph, 8, expected, 4), "weigh 1; what was refused has left nothing");
    engram_graph_free(graph);

    static char long_name[70000];
    memset(long_name, 'n', sizeof long_name);
    refused(engram_builder_name(builder, "", 0, &id), ANY, "engram_builder_name",
            "a name of no bytes is refused");
    refused(engram_builder_name(builder, long_name, 65536, &id), ANY, "engram_builder_name|65536",
            "a name of 65536 bytes is refused");
    refused(engram_builder_name(builder, NULL, 3, &id), ENGRAM_ENULL, "engram_builder_name|name",
            "no name is refused");
    refused(engram_builder_name(builder, "abc", 3, NULL), ENGRAM_ENULL, "engram_builder_name|out",
            "a name needs a place for its id");
    ok(id == 7, "refused names have no ids");
    is_int(engram_builder_name(builder, long_name, 65535, &id), ENGRAM_OK,
           "one of 65535 is accepted");
    graph = freeze(builder);
    ok(id == 0 && strlen(engram_graph_name(graph, 0)) == 65535, "and kept");
    engram_graph_free(graph);
    engram_builder_free(builder);
}

static void names(void)
{
    enum { NAMES = 5000 };
    engram_builder *builder = new_builder();
    int wrong = 0;
    char name[32];
    uint32_t id;
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < NAMES; i++) {
            int n = snprintf(name, sizeof name, "node %u", i * 7919);
            wrong += engram_builder_name(builder, name, (size_t)n, &id) != ENGRAM_OK || id != i;
        }
    is_int(wrong, 0, "names get ids in order of appearance, once");
    engram_builder_name(builder, "node 0 and more", 6, &id);
    is_int(id, 0, "only the bytes of a name count");
    engram_builder_edge(builder, 3, 4, 1, 0);
    engram_graph *graph = freeze(builder);
    ok(view_of(graph).nodes == NAMES && view_of(graph).edges == 1, "named nodes are nodes");
    for (uint32_t i = 0; i < NAMES; i++) {
        int n = snprintf(name, sizeof name, "node %u", i * 7919);
        const char *known = engram_graph_name(graph, i);
        wrong += !known || strcmp(known, name) != 0;
        wrong += engram_graph_find(graph, name, (size_t)n, &id) != ENGRAM_OK || id != i;
    }
    is_int(wrong, 0, "a graph knows the names of ids and the ids of names");
    id = 9;
    refused(engram_graph_find(graph, "nobody", 6, &id), ENGRAM_ERANGE, "engram_graph_find|nobody",
            "an unknown name is refused and named");
    refused(engram_graph_find(graph, "node", 4, &id), ENGRAM_ERANGE, "node",
            "so is the beginning of a known one");
    refused(engram_graph_find(graph, "", 0, &id), ENGRAM_ERANGE, "engram_graph_find",
            "and no bytes");
    refused(engram_graph_find(NULL, "node 0", 6, &id), ENGRAM_ENULL, "engram_graph_find|graph",
            "a name in no graph is refused");
    refused(engram_graph_find(graph, NULL, 6, &id), ENGRAM_ENULL, "engram_graph_find|name",
            "finding no name is refused");
    refused(engram_graph_find(graph, "node 0", 6, NULL), ENGRAM_ENULL, "engram_graph_find|out",
            "finding needs a place for the id");
    ok(id == 9, "then there is no id");

    /* A NUL byte ends the names that are stored: what follows it must not be taken for one of them.
     */
    static char with_nul[9000];
    memset(with_nul, 'x', sizeof with_nul);
    memcpy(with_nul, "node 0", 7);
    for (size_t n = 7; n < sizeof with_nul; n++)
        wrong += engram_graph_find(graph, with_nul, n, &id) != ENGRAM_ERANGE;
    is_int(wrong, 0, "a name with a NUL byte in it is unknown");
    engram_graph_free(graph);

    engram_builder_name(builder, "solo", 4, &id);
    graph = freeze(builder);
    memcpy(with_nul, "solo", 5);
    for (size_t n = 5; n < sizeof with_nul; n++)
        wrong += engram_graph_find(graph, with_nul, n, &id) != ENGRAM_ERANGE;
    is_int(wrong, 0, "even where the stored name is the last one");
    ok(engram_graph_find(graph, "solo", 4, &id) == ENGRAM_OK && id == 0, "which is still found");
    engram_graph_free(graph);
    engram_builder_free(builder);
}

static void many_edges(void)
{
    enum { NODES = 5000, EDGES = 200000 };
    struct edge *edges = malloc(EDGES * sizeof *edges);
    engram_builder *builder = new_builder();
    int failures = 0;
    for (size_t i = 0; i < EDGES; i++) {
        edges[i] = (struct edge){engram_rng_below(&rng, NODES), engram_rng_below(&rng, NODES),
                                 (float)engram_rng_normal(&rng),
                                 i > EDGES / 2 ? (uint8_t)engram_rng_below(&rng, 4) : 0};
        if (i % 10 == 0)
            edges[i].source = 17; /* a hub */
        failures += engram_builder_edge(builder, edges[i].source, edges[i].target, edges[i].weight,
                                        edges[i].edge_class) != ENGRAM_OK;
    }
    edges[0].target = edges[0].source = NODES - 1;
    failures += engram_builder_edge(builder, 0, 0, 1, 0) != ENGRAM_OK;
    engram_builder_free(builder);
    builder = new_builder();
    for (size_t i = 0; i < EDGES; i++)
        failures += engram_builder_edge(builder, edges[i].source, edges[i].target, edges[i].weight,
                                        edges[i].edge_class) != ENGRAM_OK;
    engram_graph *graph = freeze(builder);
    ok(failures == 0 && holds(graph, NODES, edges, EDGES),
       "200,000 random edges stand in their rows");
    struct engram_graph_view v = view_of(graph);
    engram_graph *copy = NULL;
    is_int(engram_graph_from_csr(v.nodes, v.offsets, v.targets, v.weights, v.classes, &copy),
           ENGRAM_OK, "the rows make the same graph again");
    struct engram_graph_view w = view_of(copy);
    size_t rows = (v.nodes + 1) * sizeof(uint32_t), column = v.edges * sizeof(uint32_t);
    ok(same_bits(v.offsets, w.offsets, rows) && same_bits(v.targets, w.targets, column) &&
           same_bits(v.weights, w.weights, column) && same_bits(v.classes, w.classes, v.edges) &&
           same_bits(v.pull.order, w.pull.order, rows - sizeof(uint32_t)) &&
           same_bits(v.pull.run, w.pull.run, v.pull.runs * sizeof *v.pull.run) &&
           same_bits(v.pull.sources, w.pull.sources, column) &&
           same_bits(v.pull.weights, w.pull.weights, column),
       "in every bit, the layout by target too");
    ok(v.targets != w.targets, "as a copy");
    engram_graph_free(graph);
    engram_graph_free(copy);
    engram_builder_free(builder);
    free(edges);
}

static void csr(void)
{
    engram_graph *graph = NULL;
    const uint32_t offsets[] = {0, 2, 2, 3}, targets[] = {1, 2, 0};
    const float weights[] = {1, 2, 3};
    uint32_t bad_offsets[4], bad_targets[3];
    float bad_weights[3];
    refused(engram_graph_from_csr(3, NULL, targets, weights, NULL, &graph), ENGRAM_ENULL,
            "engram_graph_from_csr|offsets", "rows need offsets");
    refused(engram_graph_from_csr(3, offsets, NULL, weights, NULL, &graph), ENGRAM_ENULL,
            "engram_graph_from_csr|targets", "and targets");
    refused(engram_graph_from_csr(3, offsets, targets, NULL, NULL, &graph), ENGRAM_ENULL,
            "engram_graph_from_csr|weights", "and weights");
    refused(engram_graph_from_csr(3, offsets, targets, weights, NULL, NULL), ENGRAM_ENULL,
            "engram_graph_from_csr|out", "and a place for the graph");

    memcpy(bad_offsets, offsets, sizeof offsets);
    bad_offsets[0] = 1;
    refused(engram_graph_from_csr(3, bad_offsets, targets, weights, NULL, &graph), ENGRAM_EGRAPH,
            "engram_graph_from_csr|offsets[0]|1", "offsets that do not begin at 0 are refused");
    memcpy(bad_offsets, offsets, sizeof offsets);
    bad_offsets[1] = 3;
    refused(engram_graph_from_csr(3, bad_offsets, targets, weights, NULL, &graph), ENGRAM_EGRAPH,
            "engram_graph_from_csr|offsets[2]|2", "offsets that decrease are refused");
    bad_offsets[1] = UINT32_MAX;
    refused(engram_graph_from_csr(3, bad_offsets, targets, weights, NULL, &graph), ENGRAM_EGRAPH,
            "offsets[2]", "even by much, and no edge is read");
    memcpy(bad_targets, targets, sizeof targets);
    bad_targets[1] = 3;
    refused(engram_graph_from_csr(3, offsets, bad_targets, weights, NULL, &graph), ENGRAM_EGRAPH,
            "engram_graph_from_csr|targets[1]|3", "a target that is no node is refused");
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT(bad); i++) {
        memcpy(bad_weights, weights, sizeof weights);
        bad_weights[2] = bad[i];
        refused(engram_graph_from_csr(3, offsets, targets, bad_weights, NULL, &graph),
                ENGRAM_EGRAPH, "engram_graph_from_csr|weights[2]", "a weight of %g is refused",
                (double)bad[i]);
    }
    ok(!graph, "then there is no graph");
    const uint32_t nothing[] = {0};
    graph = from_csr(0, nothing, NULL, NULL);
    ok(holds(graph, 0, NULL, 0), "a graph may be empty");
    struct engram_spread options = {.size = sizeof options, .steps = 3, .keep = 1, .gain = 1};
    struct engram_frontier frontier = {.size = sizeof frontier, .hops = 3};
    uint64_t edges = 99;
    is_int(engram_graph_spread(graph, &options, NULL, NULL), ENGRAM_OK,
           "spreading over it is nothing");
    is_int(engram_graph_frontier(graph, &frontier, NULL, NULL, 0, NULL, NULL, NULL, NULL, &edges),
           ENGRAM_OK, "from a frontier too");
    is_int((long long)edges, 0, "no edge is walked there");
    engram_graph_free(graph);
}

/* ---- reading */

/* Reads text as a file into a new builder. */
static int read_text(const char *text, size_t bytes, uint32_t nodes, engram_graph **graph)
{
    const char *path = in_folder("edges.txt");
    put_file(path, text, bytes);
    engram_builder *builder = new_builder();
    int status = engram_builder_read(builder, path, nodes);
    *graph = status == ENGRAM_OK ? freeze(builder) : NULL;
    engram_builder_free(builder);
    return status;
}

/* The text reads as these edges. */
static void reads(const char *text, uint32_t nodes, uint32_t count, const struct edge *edges,
                  size_t n, const char *sentence)
{
    engram_graph *graph;
    int status = read_text(text, strlen(text), nodes, &graph);
    if (!ok(status == ENGRAM_OK && holds(graph, count, edges, n), "%s", sentence))
        diag("status %d: %s", status, engram_last_message());
    engram_graph_free(graph);
}

static void good_files(void)
{
    static const struct edge two[] = {{0, 1, 0.5f, 0}, {1, 2, 0.25f, 0}};
    static const struct edge plain[] = {{0, 1, 1, 0}, {1, 2, 1, 0}};
    static const struct edge classed[] = {{0, 1, 0.5f, 1}, {1, 2, 0.25f, 255}};
    reads("0\t1\t0.5\n1\t2\t0.25\n", 0, 3, two, 2, "fields may be separated by tabs");
    reads("0,1,0.5\n1,2,0.25\n", 0, 3, two, 2, "by commas");
    reads("0 1 0.5\n1 2 0.25\n", 0, 3, two, 2, "by blanks");
    reads("0   1  0.5\n 1 2   0.25 \n", 0, 3, two, 2, "by several blanks");
    reads("0, 1, 0.5\n1 , 2 , 0.25\n", 0, 3, two, 2, "by commas with blanks");
    reads("0\t1\t0.5\r\n1\t2\t0.25\r\n", 0, 3, two, 2, "lines may end as on Windows");
    reads("0\t1\t0.5\n1\t2\t0.25", 0, 3, two, 2, "the last line may have no end");
    reads("0,1,0.5\r\n1,2,0.25\r", 0, 3, two, 2, "even as on Windows");
    reads("# a comment\n\n0\t1\t0.5\n#1\t7\t9\n\n1\t2\t0.25\n\n", 0, 3, two, 2,
          "comments and empty lines do not count");
    reads("\n\r\n0 1 .5\n1 2 2.5e-1\n", 0, 3, two, 2, "nor do empty lines before the first edge");
    reads("0\t1\n1\t2\n", 0, 3, plain, 2, "without a weight an edge weighs 1");
    reads("0\t1\t0.5\t1\n1\t2\t0.25\t255\n", 0, 3, classed, 2, "a fourth field is the class");
    reads("source\ttarget\tweight\n0\t1\t0.5\n1\t2\t0.25\n", 0, 3, two, 2,
          "a header is recognised");
    reads("weight,dst,src\n0.5,1,0\n0.25,2,1\n", 0, 3, two, 2, "and gives the columns their order");
    reads("class,to,weight,from\n1,1,0.5,0\n255,2,0.25,1\n", 0, 3, classed, 2,
          "with the class too");
    reads("to from\n1 0\n2 1\n", 0, 3, plain, 2, "with two columns too");
    reads("", 0, 0, NULL, 0, "an empty file has no edges");
    reads("# nothing\n\n", 0, 0, NULL, 0, "nor has one of comments");
    reads("source,target\n", 0, 0, NULL, 0, "nor a header alone");
    static const struct edge zero[] = {{0, 1, 0, 0}, {0, 1, -2, 0}, {0, 1, 3e38f, 0}};
    reads("0 1 0\n0 1 -2\n0 1 3e38\n", 0, 2, zero, 3, "weights may be 0, negative or large");

    engram_graph *graph;
    const char *text = "ann\tbob\t0.5\nbob\tcat\t0.25\n";
    int status = read_text(text, strlen(text), 0, &graph);
    ok(status == ENGRAM_OK && holds(graph, 3, two, 2) &&
           strcmp(engram_graph_name(graph, 0), "ann") == 0 &&
           strcmp(engram_graph_name(graph, 2), "cat") == 0,
       "where the first two fields are not whole numbers they are names");
    engram_graph_free(graph);
    status = read_text("7 8\n8 9\n", 8, ENGRAM_NODES_NAMES, &graph);
    ok(status == ENGRAM_OK && holds(graph, 3, plain, 2) &&
           strcmp(engram_graph_name(graph, 0), "7") == 0,
       "numbers can be read as names");
    engram_graph_free(graph);
    text = "0 x\nx 2\n";
    status = read_text(text, strlen(text), 0, &graph);
    ok(status == ENGRAM_OK && holds(graph, 3, plain, 2) &&
           strcmp(engram_graph_name(graph, 0), "0") == 0,
       "one that is not a number makes both names");
    engram_graph_free(graph);
    text = "-1 1\n";
    status = read_text(text, strlen(text), 0, &graph);
    ok(status == ENGRAM_OK && strcmp(engram_graph_name(graph, 0), "-1") == 0,
       "a sign makes a name of a number");
    engram_graph_free(graph);
    text = "\"a, b\",\"say \"\"no\"\"\",0.5\n\"say \"\"no\"\"\",\"c\",0.25\n";
    status = read_text(text, strlen(text), 0, &graph);
    ok(status == ENGRAM_OK && holds(graph, 3, two, 2) &&
           strcmp(engram_graph_name(graph, 0), "a, b") == 0 &&
           strcmp(engram_graph_name(graph, 1), "say \"no\"") == 0,
       "quoted fields of CSV may have commas and doubled quotes in them");
    engram_graph_free(graph);
    text = "\xe6\xbc\xa2\t\xc3\xa9t\xc3\xa9\n";
    status = read_text(text, strlen(text), 0, &graph);
    ok(status == ENGRAM_OK && strcmp(engram_graph_name(graph, 1), "\xc3\xa9t\xc3\xa9") == 0,
       "names are bytes");
    engram_graph_free(graph);

    static const char *const plain_forms[] = {
        "  # note\n1 2\n  # another\n2 0\n",      /* comments may be indented */
        "\"from\"\t\"to\"\n\"1\"\t\"2\"\n2\t0\n", /* quotes between tabs */
        "source,target,w\n1,2,\n2,0,1\n",         /* an empty weight is none */
        "1,2,,\n2,0,1,\n",
    };
    for (size_t i = 0; i < COUNT(plain_forms); i++) {
        const struct edge both[] = {{1, 2, 1, 0}, {2, 0, 1, 0}};
        status = read_text(plain_forms[i], strlen(plain_forms[i]), 0, &graph);
        ok(status == ENGRAM_OK && holds(graph, 3, both, 2),
           "comments, quotes and empty fields are read as they are meant, form %zu", i);
        engram_graph_free(graph);
    }
    text = "source,source,target\n1,2,0\n";
    ok(read_text(text, strlen(text), 0, &graph) == ENGRAM_EFORMAT,
       "a header that names a column twice is refused");

    static const char *const unknown[] = {"u,v\n1,2\n2,0\n", "user\titem\n1\t2\n2\t0\n"};
    const struct edge ids_of[] = {{1, 2, 1, 0}, {2, 0, 1, 0}};
    for (uint32_t nodes = ENGRAM_NODES_AUTO; nodes <= ENGRAM_NODES_IDS; nodes++)
        for (int i = 0; i < 2; i++) {
            status = read_text(unknown[i], strlen(unknown[i]), nodes, &graph);
            ok(status == ENGRAM_OK && holds(graph, 3, ids_of, 2) && !engram_graph_name(graph, 0),
               "a first line of two words before whole numbers is a header");
            engram_graph_free(graph);
        }

    text = "source,target\n1,2,7\n";
    status = read_text(text, strlen(text), 0, &graph);
    const struct edge one_two = {1, 2, 1, 0};
    ok(status == ENGRAM_EFORMAT || (status == ENGRAM_OK && holds(graph, 3, &one_two, 1)),
       "a field that the header does not name is an error or no matter, never another column");
    engram_graph_free(graph);
}

static void weights_of_files(void)
{
    enum { N = 20000 };
    char *text = malloc(N * 40);
    float *weights = malloc(N * sizeof *weights);
    size_t n = 0;
    for (int i = 0; i < N; i++) {
        size_t begin = n;
        float value;
        do {
            uint32_t bits = (uint32_t)engram_rng_next(&rng);
            memcpy(&value, &bits, sizeof bits);
        } while (!isfinite(value));
        if (i % 2)
            n += (size_t)sprintf(text + n, "0 1 %.9g\n", (double)value);
        else
            n += (size_t)sprintf(text + n, "0 1 %.12f\n", (double)value / 1e38);
        weights[i] = strtof(text + begin + 4, NULL);
    }
    engram_graph *graph;
    int status = read_text(text, n, 0, &graph);
    ok(status == ENGRAM_OK && same_bits(view_of(graph).weights, weights, N * sizeof *weights),
       "weights are read as the floats nearest to them");
    engram_graph_free(graph);
    free(weights);
    free(text);
}

/* A line 137 that is wrong: file and line are named, the builder is as before. */
static void bad_line(const char *line, uint32_t nodes, const char *words, const char *sentence)
{
    char *text = malloc(300000);
    size_t n = 0;
    for (int i = 1; i < 137; i++)
        n += (size_t)sprintf(text + n, "%d %d\n", 2 + i % 5, 3 + i % 7);
    n += (size_t)sprintf(text + n, "%s\n3 4\n", line);
    const char *path = in_folder("wrong.txt");
    put_file(path, text, n);
    free(text);

    engram_builder *builder = new_builder();
    const struct edge before = {0, 1, 0.5f, 0};
    engram_builder_edge(builder, 0, 1, 0.5f, 0);
    int status = engram_builder_read(builder, path, nodes);
    bool named = false;
    const char *rest = strstr(engram_last_message(), path);
    if (rest)
        named = strstr(rest + strlen(path), "137") != NULL;
    refused(named || status == ENGRAM_OK ? status : -1, ENGRAM_EFORMAT, words, "%s", sentence);
    engram_graph *graph = freeze(builder);
    uint32_t id;
    bool clean = holds(graph, 2, &before, 1) && !engram_graph_name(graph, 2) &&
                 engram_graph_find(graph, "3", 1, &id) == ENGRAM_ERANGE;
    if (!clean)
        ok(false, "a failed read adds nothing: %s", sentence);
    engram_graph_free(graph);
    engram_builder_free(builder);
}

static void bad_files(void)
{
    bad_line("1 2 heavy", 0, "heavy", "a weight that is no number is refused, with file and line");
    bad_line("1 2 0.5x", 0, "0.5x", "so is one that goes on behind its number");
    bad_line("1 2 nan", 0, "nan", "so is NaN");
    bad_line("1 2 inf", 0, "inf", "so is infinity");
    bad_line("1 2 -infinity", 0, "infinity", "in any spelling");
    bad_line("1 2 1e39", 0, "1e39", "so is a weight beyond float");
    bad_line("1 2 1e999999999999", 0, "1e99", "by however much");
    bad_line("1 2 0x1p3", 0, "0x1p3", "so is a hexadecimal one");
    bad_line("1 2 1,5", 0, "1,5", "so is one with a comma for a point");
    bad_line("1 2 -", 0, "", "so is a sign alone");
    bad_line("1 2 .", 0, "", "so is a point alone");
    bad_line("1 2 1e", 0, "", "so is an exponent without digits");
    bad_line("-1 2", 0, "-1", "a negative id is refused");
    bad_line("1 -2", 0, "-2", "as a target too");
    bad_line("1 2147483647", 0, "2147483647", "an id of 2147483647 is refused");
    bad_line("1 4294967296", 0, "4294967296", "one that would wrap round in 32 bits is refused");
    bad_line("1 18446744073709551617", 0, "1844674407370955",
             "one that would wrap round in 64 bits too");
    bad_line("1 340282366920938463463374607431768211457", 0, "3402823669209384",
             "one that would wrap round in 128 bits too");
    bad_line("1 2.5", 0, "2.5", "an id with a point is refused");
    bad_line("1 two", 0, "two", "a name among ids is refused");
    bad_line("1", 0, "", "a line of one field is refused");
    bad_line("1 2 0.5 256", 0, "256", "a class of 256 is refused");
    bad_line("1 2 0.5 -1", 0, "-1", "a negative class is refused");
    bad_line("1 2 0.5 1.5", 0, "1.5", "a class with a point is refused");
    bad_line("1", ENGRAM_NODES_NAMES, "", "with names a line of one field is refused too");
    bad_line("new 7 heavy", ENGRAM_NODES_NAMES, "heavy",
             "and a bad weight takes the new names with it");
    static char huge[70100];
    memset(huge, 'a', 65535);
    strcpy(huge + 65535, " b 0.x");
    bad_line(huge, ENGRAM_NODES_NAMES, "0.x", "a name of 65535 bytes is none of the errors");
    memset(huge, 'a', 65536);
    strcpy(huge + 65536, " b");
    bad_line(huge, ENGRAM_NODES_NAMES, "", "a name of 65536 bytes is refused");

    engram_builder *builder = new_builder();
    refused(engram_builder_read(builder, in_folder("none.txt"), 0), ENGRAM_EIO, "none.txt",
            "a file that is not there is named");
    refused(engram_builder_read(builder, folder, 0), ANY, folder, "a folder is no edge list");
    refused(engram_builder_read(builder, NULL, 0), ENGRAM_ENULL, "engram_builder_read|path",
            "no path is refused");
    refused(engram_builder_read(NULL, in_folder("wrong.txt"), 0), ENGRAM_ENULL,
            "engram_builder_read|builder", "no builder is refused");
    refused(engram_builder_read(builder, in_folder("wrong.txt"), 3), ENGRAM_ERANGE,
            "engram_builder_read|nodes|3", "nodes that are neither ids nor names are refused");
    engram_builder_free(builder);

    engram_graph *graph;
    const char *text = "999999999999999999999999999999 1\n";
    ok(read_text(text, strlen(text), 0, &graph) == ENGRAM_EFORMAT,
       "whole numbers on the first line are ids, however large");
    engram_graph_free(graph);
    text = "\"a,b\n";
    ok(read_text(text, strlen(text), 0, &graph) == ENGRAM_EFORMAT,
       "a quote that does not end is refused");
    engram_graph_free(graph);
}

/* A file that a reader could stumble over: an error or a graph, nothing else. */
static bool survives(const char *text, size_t n)
{
    engram_graph *graph;
    int status = read_text(text, n, 0, &graph);
    bool good = status == ENGRAM_OK
                    ? graph != NULL
                    : !graph && (status == ENGRAM_EFORMAT || status == ENGRAM_ELIMIT) &&
                          mentions(engram_last_message(), "edges.txt");
    struct engram_graph_view v = view_of(graph);
    for (uint32_t e = 0; good && graph && e < v.edges; e++)
        good = v.targets[e] < v.nodes && isfinite(v.weights[e]);
    if (!good)
        diag("status %d: %s", status, engram_last_message());
    engram_graph_free(graph);
    return good;
}

static void damaged_files(void)
{
    static const char *const texts[] = {
        "#\nsrc,dst,weight,class\r\n\"a \"\"b\"\"\",c,0.5,1\n\nc,\"a\",-1e-3,0\nd,e,2,3",
        "0\t1\t0.5\n12\t3\n\n2\t2\t1e2\t1\n",
        "a b 0.5 1\nb c 1\n",
    };
    static const char values[] = {0,   '\n', '\r', '\t', ' ', ',',      '"',
                                  '#', '-',  '9',  'e',  '.', (char)255};
    int wrong = 0;
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t n = strlen(texts[i]);
        char text[256];
        memcpy(text, texts[i], n + 1);
        wrong += !survives(text, n);
        for (size_t at = 0; at < n; at++) {
            wrong += !survives(text, at);
            for (size_t v = 0; v <= COUNT(values); v++) {
                text[at] = v < COUNT(values) ? values[v] : (char)(text[at] ^ 1);
                wrong += !survives(text, n);
                text[at] = texts[i][at];
            }
        }
    }
    is_int(wrong, 0, "a small file with a changed byte or cut short is a graph or refused");

    size_t large = (size_t)3 << 20;
    char *text = malloc(large);
    for (int kind = 0; kind < 5; kind++) {
        static const char fill[] = {'7', 'a', ' ', '\0', '"'};
        memset(text, fill[kind], large);
        wrong += !survives(text, large);
        memcpy(text, "1,2,", 4);
        wrong += !survives(text, large);
        memcpy(text, "# 2\n", 4);
        wrong += !survives(text, large);
        memcpy(text + large - 5, "\n1 2\n", 5);
        wrong += !survives(text, large);
    }
    for (size_t i = 0; i < large; i++)
        text[i] = i % 2 ? ',' : '1';
    wrong += !survives(text, large);
    memset(text, '\n', large);
    wrong += !survives(text, large);
    is_int(wrong, 0, "so is a line of 3 MiB, whatever it is made of");
    for (int i = 0; i < 200; i++) {
        size_t n = engram_rng_below(&rng, 2000);
        for (size_t j = 0; j < n; j++)
            text[j] = engram_rng_below(&rng, 4) ? "01 ,\t\n\"#ab.-e\r"[engram_rng_below(&rng, 14)]
                                                : (char)engram_rng_below(&rng, 256);
        wrong += !survives(text, n);
    }
    is_int(wrong, 0, "so are random bytes");
    free(text);
}

/* ---- without memory */

static int builds(void)
{
    static const uint32_t sources[] = {0, 1, 2, 0}, targets[] = {1, 2, 0, 0};
    static const uint8_t classes[] = {0, 1, 2, 0};
    static const struct edge expected[] = {{0, 1, 1, 0}, {1, 2, 1, 1}, {2, 0, 1, 2}, {0, 0, 1, 0}};
    engram_builder *builder = NULL;
    engram_graph *graph = NULL, *copy = NULL;
    uint32_t id;
    int status = engram_builder_new(&builder);
    if (status == ENGRAM_OK)
        status = engram_builder_name(builder, "first", 5, &id);
    if (status == ENGRAM_OK)
        status = engram_builder_edges(builder, sources, targets, NULL, classes, 4);
    if (status == ENGRAM_OK)
        status = engram_builder_freeze(builder, &graph);
    if (status != ENGRAM_OK && builder && heap.fuse == 0) {
        /* with memory the builder is what it was: either empty or with all its edges */
        heap.fuse = -1;
        engram_builder_freeze(builder, &graph);
        struct engram_graph_view v = view_of(graph);
        if (v.edges != 0 && !holds(graph, 3, expected, 4))
            status = -1;
    }
    struct engram_graph_view v = view_of(graph);
    if (status == ENGRAM_OK)
        status = engram_graph_from_csr(v.nodes, v.offsets, v.targets, v.weights, v.classes, &copy);
    if (status == ENGRAM_OK && !holds(copy, 3, expected, 4))
        status = -1;
    engram_graph_free(graph);
    engram_graph_free(copy);
    engram_builder_free(builder);
    return status;
}

static void without_memory(void)
{
    long live = heap.live, fuse = 0;
    int status = ENGRAM_ENOMEM, wrong = 0;
    for (; fuse < 200 && status != ENGRAM_OK; fuse++) {
        heap.fuse = fuse;
        status = builds();
        heap.fuse = -1;
        wrong += status != ENGRAM_OK && status != ENGRAM_ENOMEM;
        wrong += heap.live != live;
    }
    ok(status == ENGRAM_OK && fuse > 5, "a graph is built once every allocation succeeds");
    is_int(wrong, 0, "before that each failing one is ENOMEM, changes nothing and loses nothing");
}

/* ---- spreading by power iteration */

static const uint32_t chain_offsets[] = {0, 1, 2, 2}, chain_targets[] = {1, 2};
static const float chain_weights[] = {1, 1};

static bool close_to(const float *got, const double *want, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= tolerance)) {
            diag("[%zu] is %.9g, expected %.9g", i, (double)got[i], want[i]);
            return false;
        }
    return true;
}

/* A spread of a graph of n nodes from a start, against the result. */
static void spreads_to(engram_graph *graph, uint32_t steps, const float *from, const double *to,
                       size_t n, const char *sentence)
{
    struct engram_spread options = {.size = sizeof options, .steps = steps, .keep = 1, .gain = 1};
    float a[16];
    memcpy(a, from, n * sizeof *a);
    int status = engram_graph_spread(graph, &options, NULL, a);
    ok(status == ENGRAM_OK && close_to(a, to, n, 1e-5), "%s", sentence);
}

static void worked_examples(void)
{
    engram_graph *graph = from_csr(3, chain_offsets, chain_targets, chain_weights);
    const float start[] = {1, 0, 0};
    spreads_to(graph, 0, start, (double[]){1, 0, 0}, 3, "no step changes nothing");
    spreads_to(graph, 1, start, (double[]){1, 1, 0}, 3, "one step is one hop");
    spreads_to(graph, 2, start, (double[]){0.5, 1, 0.5}, 3, "two steps: the largest becomes 1");
    spreads_to(graph, 3, start, (double[]){1.0 / 3, 1, 1}, 3, "three steps");
    engram_graph_free(graph);

    graph = from_csr(4, (uint32_t[]){0, 3, 3, 4, 4}, (uint32_t[]){1, 2, 3, 3},
                     (float[]){.5f, .3f, .2f, .4f});
    const float two[] = {1, 0, 0.5f, 0};
    spreads_to(graph, 1, two, (double[]){1, 0.5, 0.8, 0.4}, 4, "a fan and two sources");
    spreads_to(graph, 2, two, (double[]){0.9090909, 0.9090909, 1, 0.8363636}, 4, "after two steps");
    engram_graph_free(graph);

    graph = from_csr(3, (uint32_t[]){0, 2, 2, 2}, (uint32_t[]){1, 2}, (float[]){1, -0.5f});
    spreads_to(graph, 1, start, (double[]){1, 1, -0.5}, 3, "a negative weight inhibits");
    spreads_to(graph, 5, start, (double[]){0.2, 1, -0.5}, 3, "and is not floored");
    engram_graph_free(graph);

    graph = from_csr(5, (uint32_t[]){0, 1, 2, 3, 4, 4}, (uint32_t[]){1, 2, 3, 4},
                     (float[]){.9f, .9f, .9f, .9f});
    const float cue[] = {1, 0, 0, 0, 0};
    spreads_to(graph, 5, cue, (double[]){0.12346, 0.55556, 1, 0.9, 0.405}, 5,
               "a wave runs down a chain");
    spreads_to(graph, 10, cue, (double[]){0.00726, 0.06532, 0.26455, 0.63492, 1}, 5,
               "and leaves the cue behind");
    engram_graph_free(graph);

    graph = from_csr(1, (uint32_t[]){0, 1}, (uint32_t[]){0}, (float[]){2});
    spreads_to(graph, 7, (float[]){1}, (double[]){1}, 1, "a loop is normalised");
    spreads_to(graph, 5, (float[]){-1}, (double[]){-243}, 1, "a negative one is not");
    engram_graph_free(graph);

    graph = from_csr(2, (uint32_t[]){0, 0, 0}, NULL, NULL);
    spreads_to(graph, 1, (float[]){2, 0}, (double[]){1, 0}, 2,
               "without edges the normalisation remains");
    engram_graph_free(graph);
}

static void spread_errors(void)
{
    engram_graph *graph = from_csr(3, chain_offsets, chain_targets, chain_weights);
    struct engram_spread options = {.size = sizeof options, .steps = 2, .keep = 1, .gain = 1};
    const float start[] = {1, 0.5f, 0};
    float a[] = {1, 0.5f, 0};
    refused(engram_graph_spread(NULL, &options, NULL, a), ENGRAM_ENULL, "engram_graph_spread|graph",
            "spreading over no graph is refused");
    refused(engram_graph_spread(graph, NULL, NULL, a), ENGRAM_ENULL, "engram_graph_spread|options",
            "spreading needs options");
    refused(engram_graph_spread(graph, &options, NULL, NULL), ENGRAM_ENULL,
            "engram_graph_spread|activations", "and activations");
    struct engram_spread bad = options;
    bad.size = 0;
    refused(engram_graph_spread(graph, &bad, NULL, a), ANY, "engram_graph_spread|size",
            "options of no size are refused");
    bad = options;
    bad.normalise = 4;
    refused(engram_graph_spread(graph, &bad, NULL, a), ENGRAM_ERANGE,
            "engram_graph_spread|normalise|4", "an unknown normalisation is refused");
    static const float wild[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT(wild); i++) {
        bad = options;
        bad.keep = wild[i];
        refused(engram_graph_spread(graph, &bad, NULL, a), ANY, "engram_graph_spread|keep",
                "keeping %g is refused", (double)wild[i]);
        bad = options;
        bad.gain = wild[i];
        refused(engram_graph_spread(graph, &bad, NULL, a), ANY, "engram_graph_spread|gain",
                "a gain of %g is refused", (double)wild[i]);
        bad = options;
        bad.restart = wild[i];
        refused(engram_graph_spread(graph, &bad, NULL, a), ANY, "engram_graph_spread|restart",
                "a restart of %g is refused", (double)wild[i]);
    }
    bad = options;
    bad.restart = 1.5f;
    refused(engram_graph_spread(graph, &bad, NULL, a), ENGRAM_ERANGE,
            "engram_graph_spread|restart|1.5", "a restart above 1 is refused");
    bad.restart = -0.1f;
    refused(engram_graph_spread(graph, &bad, NULL, a), ENGRAM_ERANGE,
            "engram_graph_spread|restart|-0.1", "a negative one too");
    ok(same_bits(a, start, sizeof a), "then the activations are as they were");
    float nan_start[] = {1, NAN, 0};
    refused(engram_graph_spread(graph, &options, NULL, nan_start), ENGRAM_ENONFINITE,
            "engram_graph_spread|activations|1", "a NaN to start from is refused, with its place");
    ok(nan_start[0] == 1 && nan_start[2] == 0, "and nothing is changed");

    engram_arena *arena = NULL;
    struct engram_arena_config config = {
        .size = sizeof config, .overflow = ENGRAM_ERROR_RETURN, .bytes = 8};
    engram_arena_new(&config, &arena);
    refused(engram_graph_spread(graph, &options, arena, a), ENGRAM_ENOMEM, "8",
            "an arena without room is an error");
    ok(same_bits(a, start, sizeof a), "and the activations stay");
    engram_arena_free(arena);

    /* A caller that was compiled before `restart` existed hands over a shorter struct. */
    size_t shorter = offsetof(struct engram_spread, restart);
    uint32_t size = (uint32_t)shorter;
    void *old = malloc(shorter);
    memcpy(old, &options, shorter);
    memcpy(old, &size, sizeof size);
    float b[] = {1, 0.5f, 0};
    engram_graph_spread(graph, &options, NULL, a);
    ok(engram_graph_spread(graph, old, NULL, b) == ENGRAM_OK && same_bits(a, b, sizeof a) &&
           engram_graph_spread_scratch(graph, old) == engram_graph_spread_scratch(graph, &options),
       "options may end early: the rest is 0");
    free(old);
    ok(engram_normalise_f32(a, 3, 1, 9, b, b) == ENGRAM_ERANGE &&
           mentions(engram_last_message(), "engram_normalise_f32|9"),
       "the normalisation alone refuses unknown ones too");
    engram_graph_free(graph);
}

static void spread_overflow(void)
{
    engram_graph *graph =
        from_csr(2, (uint32_t[]){0, 1, 2}, (uint32_t[]){0, 1}, (float[]){1e20f, 0.5f});
    struct engram_spread options = {.size = sizeof options,
                                    .steps = 5,
                                    .normalise = ENGRAM_NORMALISE_NONE,
                                    .keep = 0,
                                    .gain = 1};
    float a[] = {1, 1};
    refused(engram_graph_spread(graph, &options, NULL, a), ENGRAM_ERANGE, "engram_graph_spread",
            "a step beyond float is an error");
    ok(a[0] == 1e20f && a[1] == 0.5f, "and the activations stand at the last whole step");
    float raw[] = {1, INFINITY}, out[] = {7, 7}, by;
    ok(engram_normalise_f32(raw, 2, 1, ENGRAM_NORMALISE_CLAMP01, &by, out) == ENGRAM_ERANGE &&
           out[0] == 7 && out[1] == 7,
       "the normalisation alone leaves its output");
    engram_graph_free(graph);
}

/* ---- cancelling */

static void on_alarm(int signal_number)
{
    (void)signal_number;
    set_cancel(1);
}

static void cancelling(void)
{
    enum { NODES = 40000, EDGES = 120000, STEPS = 30 };
    engram_builder *builder = new_builder();
    for (int i = 0; i < EDGES; i++)
        engram_builder_edge(builder, engram_rng_below(&rng, NODES), engram_rng_below(&rng, NODES),
                            (float)engram_rng_uniform(&rng), 0);
    engram_builder_nodes(builder, NODES);
    engram_graph *graph = freeze(builder);
    engram_builder_free(builder);
    size_t bytes = NODES * sizeof(float);
    float *start_values = randoms(&rng, NODES, 0, 1), *a = malloc(bytes), *b = malloc(bytes);
    struct engram_spread options = {.size = sizeof options, .steps = STEPS, .keep = 1, .gain = 1};

    set_cancel(1);
    memcpy(a, start_values, bytes);
    refused(engram_graph_spread(graph, &options, NULL, a), ENGRAM_ECANCELLED, "engram_graph_spread",
            "a set flag ends spreading");
    ok(same_bits(a, start_values, bytes), "before its first step");
    struct engram_frontier frontier = {.size = sizeof frontier, .hops = 5};
    uint32_t seed = 3;
    float value = 1;
    uint64_t edges = 99;
    refused(engram_graph_frontier(graph, &frontier, &seed, &value, 1, NULL, a, NULL, NULL, &edges),
            ENGRAM_ECANCELLED, "frontier", "and spreading from a frontier");
    ok(edges == 99, "which then reports no edges");
    refused(engram_cosines_f32(start_values, start_values, NULL, NODES / 4, 4, a),
            ENGRAM_ECANCELLED, "engram_cosines_f32", "and similarity");
    set_cancel(0);
    is_int(engram_graph_frontier(graph, &frontier, &seed, &value, 1, NULL, a, NULL, NULL, &edges),
           ENGRAM_OK, "cleared, it ends nothing");

    /* Set at some moment by a timer: wherever that is, a whole number of steps has been done. */
    signal(SIGALRM, on_alarm);
    int wrong = 0, cancelled = 0;
    for (int round = 0; round < 5; round++) {
        struct itimerval timer = {.it_value = {.tv_usec = 300 + 1000 * round}};
        memcpy(a, start_values, bytes);
        set_cancel(0);
        setitimer(ITIMER_REAL, &timer, NULL);
        options.steps = STEPS;
        int status = engram_graph_spread(graph, &options, NULL, a);
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0}}, NULL);
        set_cancel(0);
        cancelled += status == ENGRAM_ECANCELLED;
        bool found = false;
        memcpy(b, start_values, bytes);
        options.steps = 1;
        for (int step = 0; step <= STEPS && !found; step++) {
            found = same_bits(a, b, bytes) && (status == ENGRAM_ECANCELLED || step == STEPS);
            engram_graph_spread(graph, &options, NULL, b);
        }
        wrong += !found || (status != ENGRAM_OK && status != ENGRAM_ECANCELLED);
    }
    signal(SIGALRM, SIG_DFL);
    is_int(wrong, 0, "cancelled at any moment, the activations stand at a whole step");
    diag("%d of 5 were cancelled", cancelled);
    free(start_values);
    free(a);
    free(b);
    engram_graph_free(graph);
}

/* ---- spreading from a frontier */

static void frontier_example(void)
{
    /* A -> B 0.8, A -> C 0.5, B -> D 0.9, C -> D 0.6; exp(-0.7) a hop. */
    engram_graph *graph = from_csr(4, (uint32_t[]){0, 2, 3, 4, 4}, (uint32_t[]){1, 2, 3, 3},
                                   (float[]){0.8f, 0.5f, 0.9f, 0.6f});
    const float step[] = {0.49658530f, 0.49658530f, 0.49658530f},
                threshold[] = {0.05f, 0.05f, 0.05f};
    struct engram_frontier options = {
        .size = sizeof options, .hops = 3, .step = step, .threshold = threshold};
    uint32_t seed = 0;
    float value = 1, a[4];
    uint16_t hop[4];
    uint32_t contributions[4];
    uint64_t edges = 0;
    is_int(engram_graph_frontier(graph, &options, &seed, &value, 1, NULL, a, hop, contributions,
                                 &edges),
           ENGRAM_OK, "activation moves outward from a seed");
    ok(close_to(a, (double[]){1, 0.39727, 0.24829, 0.25153}, 4, 1e-5), "two weak paths add up");
    ok(hop[0] == 0 && hop[1] == 1 && hop[2] == 1 && hop[3] == 2, "each node has its first hop");
    ok(contributions[0] == 0 && contributions[1] == 1 && contributions[3] == 2,
       "and the number of edges that contributed");
    is_int((long long)edges, 4, "four edges were walked");

    options.hops = 0;
    float b[] = {7, 7, 7, 7};
    uint32_t seeds[] = {2, 1, 2, 2};
    float values[] = {0.5f, -3, 0.4f, 0.4f};
    engram_graph_frontier(graph, &options, seeds, values, 4, NULL, b, hop, NULL, NULL);
    ok(b[0] == 0 && b[1] == 0 && b[2] == 1 && b[3] == 0,
       "no hops give the seeds: added up and clamped");
    ok(hop[0] == 65535 && hop[1] == 0 && hop[2] == 0, "what was not reached says so");
    options.hops = 3;
    is_int(engram_graph_frontier(graph, &options, NULL, NULL, 0, NULL, b, NULL, NULL, &edges),
           ENGRAM_OK, "no seeds are fine");
    ok(all_are(b, 0, sizeof b) && edges == 0, "and reach nothing");

    engram_arena *arena = NULL;
    struct engram_arena_config config = {.size = sizeof config, .overflow = ENGRAM_ERROR_RETURN};
    config.bytes = engram_graph_frontier_scratch(graph);
    engram_arena_new(&config, &arena);
    ok(engram_graph_frontier(graph, &options, &seed, &value, 1, arena, b, NULL, NULL, NULL) ==
               ENGRAM_OK &&
           same_bits(a, b, sizeof a),
       "an arena of the bytes asked for beforehand suffices, and outputs can be left out");
    engram_arena_free(arena);
    config.bytes = 16;
    engram_arena_new(&config, &arena);
    refused(engram_graph_frontier(graph, &options, &seed, &value, 1, arena, b, NULL, NULL, NULL),
            ENGRAM_ENOMEM, "16", "an arena without room is an error");
    engram_arena_free(arena);
    engram_graph_free(graph);
}

/* Persons and places of Anderson 1974 as ACT-R's tutorial has them, and the activations of facts
 * that its trace prints. Each of the two sources of a question has half of the attention. */
static void frontier_fan(void)
{
    static const char *const facts[][2] = {
        {"hippie", "park"},  {"hippie", "church"},  {"hippie", "bank"},  {"captain", "park"},
        {"captain", "cave"}, {"debutante", "bank"}, {"fireman", "park"}, {"giant", "beach"},
        {"giant", "castle"}, {"giant", "dungeon"},  {"earl", "castle"},  {"earl", "forest"},
        {"lawyer", "store"},
    };
    engram_builder *builder;
    engram_graph *graph;
    engram_builder_new(&builder);
    for (size_t i = 0; i < COUNT(facts); i++) {
        char name[8];
        uint32_t fact, term;
        snprintf(name, sizeof name, "p%zu", i + 1);
        engram_builder_name(builder, name, strlen(name), &fact);
        for (int j = 0; j < 2; j++) {
            engram_builder_name(builder, facts[i][j], strlen(facts[i][j]), &term);
            engram_builder_edge(builder, term, fact, 1, 0);
        }
    }
    engram_builder_freeze(builder, &graph);
    engram_builder_free(builder);
    const struct engram_frontier options = {
        .size = sizeof options, .hops = 1, .fan = ENGRAM_FAN_ACTR, .fan_strength = 1.6f};
    float a[COUNT(facts) + 17];
    static const struct {
        const char *first, *second, *fact;
        float attention;
        double activation;
    } gold[] = {
        {"lawyer", "store", "p13", 0.5f, 0.90685284},
        {"hippie", "hippie", "p1", 0.5f, 0.21370566},
        {"bank", "bank", "p6", 0.5f, 0.5013877},
        {"hippie", "bank", "p3", 0.5f, 0.3575467},
    };
    for (size_t i = 0; i < COUNT(gold); i++) {
        uint32_t seeds[2], fact;
        const float values[2] = {gold[i].attention, gold[i].attention};
        engram_graph_find(graph, gold[i].first, strlen(gold[i].first), &seeds[0]);
        engram_graph_find(graph, gold[i].second, strlen(gold[i].second), &seeds[1]);
        engram_graph_find(graph, gold[i].fact, strlen(gold[i].fact), &fact);
        engram_graph_frontier(graph, &options, seeds, values, 2, NULL, a, NULL, NULL, NULL);
        ok(fabs((double)a[fact] - gold[i].activation) < 1e-6,
           "ACT-R's fan: %s and %s activate %s by %.8f", gold[i].first, gold[i].second,
           gold[i].fact, gold[i].activation);
    }
    engram_graph_free(graph);
}

/* A hub of 20 inhibits what it points at, as the formula has it. */
static void frontier_large_fan(void)
{
    engram_builder *builder;
    engram_graph *graph;
    engram_builder_new(&builder);
    for (uint32_t i = 1; i <= 20; i++)
        engram_builder_edge(builder, 0, i, 1, 0);
    engram_builder_freeze(builder, &graph);
    engram_builder_free(builder);
    struct engram_frontier options = {
        .size = sizeof options, .hops = 1, .fan = ENGRAM_FAN_ACTR, .fan_strength = 1.6f};
    const uint32_t seeds[] = {0, 7};
    const float values[] = {0.1f, 0.5f};
    float a[21];
    engram_graph_frontier(graph, &options, seeds, values, 2, NULL, a, NULL, NULL, NULL);
    ok(fabs((double)a[7] - (0.5 + 0.1 * (1.6 - log(21)))) < 1e-6 && a[8] == 0,
       "beyond e^S - 1 edges a source takes activation away");
    uint64_t edges = 0;
    const uint32_t hub = 0;
    const float one = 1;
    options.budget = 5;
    engram_graph_frontier(graph, &options, &hub, &one, 1, NULL, a, NULL, NULL, &edges);
    is_int(edges, 20, "a budget lets at least one node be expanded");
    engram_graph_frontier(graph, &options, seeds, values, 2, NULL, a, NULL, NULL, &edges);
    ok(edges == 20 && a[7] == 0.5f, "and stops before what would pass it");
    engram_graph_free(graph);
}

static void frontier_errors(void)
{
    engram_graph *graph = from_csr(3, chain_offsets, chain_targets, chain_weights);
    float step[] = {1, 1}, threshold[] = {0, 0}, gain[256];
    for (int i = 0; i < 256; i++)
        gain[i] = 1;
    const struct engram_frontier options = {
        .size = sizeof options, .hops = 2, .step = step, .threshold = threshold, .gain = gain};
    uint32_t seeds[] = {0, 1};
    float values[] = {1, 1}, a[] = {7, 7, 7};
#define FRONTIER(graph, options, seeds, values, activations)                                       \
    engram_graph_frontier(graph, options, seeds, values, 2, NULL, activations, NULL, NULL, NULL)
    refused(FRONTIER(NULL, &options, seeds, values, a), ENGRAM_ENULL, "engram_graph_frontier|graph",
            "a frontier needs a graph");
    refused(FRONTIER(graph, NULL, seeds, values, a), ENGRAM_ENULL, "engram_graph_frontier|options",
            "and options");
    refused(FRONTIER(graph, &options, NULL, values, a), ENGRAM_ENULL, "engram_graph_frontier|seeds",
            "and seeds");
    refused(FRONTIER(graph, &options, seeds, NULL, a), ENGRAM_ENULL, "engram_graph_frontier|values",
            "and their values");
    refused(FRONTIER(graph, &options, seeds, values, NULL), ENGRAM_ENULL,
            "engram_graph_frontier|activations", "and activations");
    seeds[1] = 3;
    refused(FRONTIER(graph, &options, seeds, values, a), ENGRAM_ERANGE,
            "engram_graph_frontier|seeds|1|3", "a seed that is no node is refused");
    seeds[1] = 1;
    values[1] = NAN;
    refused(FRONTIER(graph, &options, seeds, values, a), ENGRAM_ENONFINITE,
            "engram_graph_frontier|values|1", "a seed of NaN is refused");
    values[1] = 1;
    step[1] = INFINITY;
    refused(FRONTIER(graph, &options, seeds, values, a), ANY, "engram_graph_frontier|step|1",
            "an infinite step is refused");
    step[1] = 1;
    threshold[1] = -1;
    refused(FRONTIER(graph, &options, seeds, values, a), ENGRAM_ERANGE,
            "engram_graph_frontier|threshold|-1", "a negative threshold is refused");
    threshold[1] = NAN;
    refused(FRONTIER(graph, &options, seeds, values, a), ANY, "engram_graph_frontier|threshold",
            "a threshold NaN too");
    threshold[1] = 0;
    gain[255] = NAN;
    refused(FRONTIER(graph, &options, seeds, values, a), ANY, "engram_graph_frontier|gain|255",
            "a gain NaN too");
    gain[255] = 1;

    static const struct {
        size_t field;
        uint32_t value;
        const char *words;
    } bad[] = {
        {offsetof(struct engram_frontier, hops), ENGRAM_MAX_HOPS + 1, "hops|65535"},
        {offsetof(struct engram_frontier, fan), 4, "fan|4"},
        {offsetof(struct engram_frontier, accumulate), 3, "accumulate|3"},
        {offsetof(struct engram_frontier, visit_budget), 65536, "visit_budget|65536"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct engram_frontier other = options;
        memcpy((char *)&other + bad[i].field, &bad[i].value, sizeof bad[i].value);
        other.step = other.threshold = NULL;
        char words[64];
        snprintf(words, sizeof words, "engram_graph_frontier|%s", bad[i].words);
        refused(FRONTIER(graph, &other, seeds, values, a), ENGRAM_ERANGE, words,
                "%s is out of range", bad[i].words);
    }
    struct engram_frontier other = options;
    other.cycle_penalty = NAN;
    refused(FRONTIER(graph, &other, seeds, values, a), ANY, "engram_graph_frontier|cycle_penalty",
            "a penalty NaN is refused");
    other = options;
    other.fan_strength = INFINITY;
    refused(FRONTIER(graph, &other, seeds, values, a), ENGRAM_ERANGE,
            "engram_graph_frontier|fan_strength|inf", "a strength beyond all bounds is refused");
    ok(a[0] == 7 && a[1] == 7 && a[2] == 7, "what was refused has written nothing");
    other = options;
    other.hops = ENGRAM_MAX_HOPS;
    other.step = other.threshold = NULL;
    ok(FRONTIER(graph, &other, seeds, values, a) == ENGRAM_OK && a[2] == 1,
       "65534 hops are allowed");
#undef FRONTIER
    engram_graph_free(graph);
}

int main(void)
{
    start(&cancel);
    folder_make();
    builder_of_ids();
    builder_errors();
    names();
    many_edges();
    csr();
    good_files();
    weights_of_files();
    bad_files();
    damaged_files();
    without_memory();
    worked_examples();
    spread_errors();
    spread_overflow();
    cancelling();
    frontier_example();
    frontier_fan();
    frontier_large_fan();
    frontier_errors();
    folder_remove();
    heap_settled();
    return done();
}
