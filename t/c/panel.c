/* panel.c - panels of queries: the same cosines as one query at a time, and what is refused.
 * SPDX-License-Identifier: MIT */
#include "support.h"

enum { ROWS = 500, DIM = 70 };

static uint32_t cancel;
static float rows[ROWS * DIM], norms[ROWS], alone[ROWS], together[64 * (ROWS + 3)];

/* How many scores of a panel are not those of its queries alone. */
static int differences(const float *queries, size_t count, size_t n, size_t stride)
{
    float *memory = malloc(engram_panel_bytes(count, DIM) + 1);
    struct engram_panel panel;
    memset(together, 0x5a, sizeof together);
    int wrong = engram_panel_pack(queries, count, DIM, memory, &panel) != ENGRAM_OK;
    wrong += engram_panel_cosines_f32(&panel, rows, norms, n, stride, together) != ENGRAM_OK;
    for (size_t q = 0; q < count; q++) {
        engram_cosines_f32(queries + q * DIM, rows, norms, n, DIM, alone);
        wrong += !same_bits(together + q * stride, alone, n * sizeof *alone);
    }
    free(memory);
    return wrong;
}

int main(void)
{
    const struct engram_options options = {.size = sizeof options, .cancel = &cancel};
    engram_init(&options);
    struct engram_rng rng = {7};
    engram_rng_fill_normal(&rng, ROWS * DIM, rows);
    memset(rows + 3 * DIM, 0, DIM * sizeof *rows);
    rows[5 * DIM] = INFINITY;
    rows[6 * DIM + 1] = NAN;
    for (size_t i = 0; i < DIM; i++)
        rows[8 * DIM + i] *= 1e20f;
    engram_norms_f32(rows, ROWS, DIM, norms);

    int wrong = 0;
    for (size_t count = 0; count <= 64; count++)
        wrong += differences(rows, count, count % 7 * 80, ROWS + count % 4);
    is_int(wrong, 0, "0 to 64 queries at once have the cosines that each has alone");

    float *memory = malloc(engram_panel_bytes(64, DIM));
    struct engram_panel panel, untouched;
    memset(&panel, 0x5a, sizeof panel);
    untouched = panel;
    refused(engram_panel_pack(rows, 65, DIM, memory, &panel), ENGRAM_EDIM,
            "engram_panel_pack|count|65|64", "more queries than a panel holds are refused");
    refused(engram_panel_pack(NULL, 1, DIM, memory, &panel), ENGRAM_ENULL,
            "engram_panel_pack|queries", "a panel is made of queries");
    refused(engram_panel_pack(rows, 1, DIM, NULL, &panel), ENGRAM_ENULL, "engram_panel_pack|memory",
            "in memory that is lent to it");
    refused(engram_panel_pack(rows, 1, DIM, memory, NULL), ENGRAM_ENULL, "engram_panel_pack|out",
            "and needs a place");
    refused(engram_panel_pack(NULL, 1, 0, NULL, &panel), ENGRAM_ENULL, "engram_panel_pack|memory",
            "even for queries of no length");
    ok(same_bits(&panel, &untouched, sizeof panel), "where nothing is written otherwise");
    ok(engram_panel_pack(NULL, 0, 0, NULL, &panel) == ENGRAM_OK && panel.count == 0 &&
           engram_panel_cosines_f32(&panel, rows, norms, 10, 10, together) == ENGRAM_OK,
       "a panel of no queries needs nothing");
    ok(engram_panel_bytes(64, SIZE_MAX / 64) == 0 && engram_panel_bytes(64, SIZE_MAX) == 0 &&
           engram_panel_bytes(SIZE_MAX, 64) == 0,
       "more bytes than memory has are told as 0");

    engram_panel_pack(rows, 2, DIM, memory, &panel);
    refused(engram_panel_cosines_f32(&panel, rows, norms, 10, 9, together), ENGRAM_EDIM,
            "engram_panel_cosines_f32|stride|9|10", "scores of two queries may not overlap");
    refused(engram_panel_cosines_f32(NULL, rows, norms, 10, 10, together), ENGRAM_ENULL,
            "engram_panel_cosines_f32|panel", "cosines need a panel");
    refused(engram_panel_cosines_f32(&panel, NULL, norms, 10, 10, together), ENGRAM_ENULL,
            "engram_panel_cosines_f32|rows", "and rows");
    refused(engram_panel_cosines_f32(&panel, rows, NULL, 10, 10, together), ENGRAM_ENULL,
            "engram_panel_cosines_f32|norms", "and their norms");
    refused(engram_panel_cosines_f32(&panel, rows, norms, 10, 10, NULL), ENGRAM_ENULL,
            "engram_panel_cosines_f32|scores", "and a place for scores");
    refused(engram_panel_cosines_f32(&panel, rows, norms, SIZE_MAX / DIM, SIZE_MAX / DIM, together),
            ENGRAM_EDIM, "engram_panel_cosines_f32|rows", "rows beyond memory are refused");
    cancel = 1;
    refused(engram_panel_cosines_f32(&panel, rows, norms, 10, 10, together), ENGRAM_ECANCELLED,
            "engram_panel_cosines_f32", "they stop when the host asks");
    free(memory);
    return done();
}
