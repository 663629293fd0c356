/* recollection.c - recall over a memory: its arrays, links and law, and the record of it.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "memory.h"
#include "recall.h"

enum { IDS_AT_ONCE = 64 };

/* What a recall over a memory takes, as engram_recall wants it. */
struct recollection {
    struct engram_memories memories;
    struct engram_graph_view links;
    struct engram_recall_options options;
};

static int prepare(const char *function, const engram_memory *m,
                   const struct engram_recall_options *options, uint32_t flags,
                   struct recollection *r)
{
    ENGRAM_NEED_OPTIONS_OF(function, options);
    if (flags & ~(uint32_t)(ENGRAM_RECORD | ENGRAM_WITH_ARCHIVED))
        return engram_fail(ENGRAM_ERANGE,
                           "%s: flags is 0x%x, expected ENGRAM_RECORD | ENGRAM_WITH_ARCHIVED",
                           function, (unsigned)flags);
    int status = engram_memory_view(m, &r->memories, &r->links);
    if (flags & ENGRAM_WITH_ARCHIVED || m->numbers.archived == 0)
        r->memories.hidden = NULL;
    engram_read_options(&r->options, sizeof r->options, options);
    r->options.size = sizeof r->options;
    r->options.law = m->law.size ? &m->law : NULL;
    return status;
}

static int record(engram_memory *m, double now, uint32_t flags, const struct engram_hit *hits,
                  const struct engram_recalled *done)
{
    int status = ENGRAM_OK;
    if (!(flags & ENGRAM_RECORD) || m->view || !done->complete)
        return status;
    for (uint32_t i = 0; i < done->count && status == ENGRAM_OK; i += IDS_AT_ONCE) {
        uint64_t ids[IDS_AT_ONCE];
        uint32_t n = done->count - i < IDS_AT_ONCE ? done->count - i : IDS_AT_ONCE;
        for (uint32_t j = 0; j < n; j++)
            ids[j] = hits[i + j].id;
        status = engram_memory_reinforce(m, ids, n, NULL, now);
    }
    return status;
}

int engram_memory_recall(engram_memory *m, const struct engram_cue *cue,
                         const struct engram_recall_options *options, uint32_t flags,
                         engram_session *session, struct engram_hit *hits,
                         struct engram_parts *parts, struct engram_recalled *out)
{
    ENGRAM_NEED_AS(m, "memory");
    struct recollection r;
    int status = prepare(__func__, m, options, flags, &r);
    if (status != ENGRAM_OK)
        return status;
    if (session)
        status = engram_recall_begin(session, &r.memories, cue, &r.options, hits, parts, out);
    else
        status = engram_recall(&r.memories, cue, &r.options, NULL, hits, parts, out);
    if (status != ENGRAM_OK)
        return status;
    if (session) {
        session->memory = m;
        session->revision = m->revision;
        session->flags = flags;
    }
    return record(m, r.options.now, flags, hits, out);
}

int engram_memory_resume(engram_memory *m, engram_session *session, uint64_t budget,
                         struct engram_hit *hits, struct engram_parts *parts,
                         struct engram_recalled *out)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED(session);
    if (session->memory != m)
        return engram_fail(ENGRAM_ERANGE, "%s: no recall of this memory is begun in this session",
                           __func__);
    if (session->revision != m->revision)
        return engram_fail(ENGRAM_EBUSY, "%s: the memory was changed since the recall began",
                           __func__);
    int status = engram_recall_resume(session, budget, hits, parts, out);
    return status == ENGRAM_OK ? record(m, session->recall.options.now, session->flags, hits, out)
                               : status;
}

int engram_memory_recall_batch(engram_memory *m, const struct engram_cue *cues, size_t count,
                               const struct engram_recall_options *options, uint32_t flags,
                               engram_arena *scratch, struct engram_hit *hits,
                               struct engram_parts *parts, struct engram_recalled *out)
{
    ENGRAM_NEED_AS(m, "memory");
    struct recollection r;
    int status = prepare(__func__, m, options, flags, &r);
    if (status != ENGRAM_OK)
        return status;
    status = engram_recall_batch(&r.memories, cues, count, &r.options, scratch, hits, parts, out);
    size_t k = r.options.k ? r.options.k : ENGRAM_RECALL_K;
    for (size_t i = 0; i < count && status == ENGRAM_OK; i++)
        status = record(m, r.options.now, flags, hits + i * k, &out[i]);
    return status;
}

int engram_memory_explain(const engram_memory *m, const struct engram_cue *cue,
                          const struct engram_recall_options *options, engram_arena *arena,
                          uint64_t id, struct engram_explanation *out)
{
    ENGRAM_NEED_AS(m, "memory");
    struct recollection r;
    int status = prepare(__func__, m, options, 0, &r);
    return status == ENGRAM_OK ? engram_recall_explain(&r.memories, cue, &r.options, arena, id, out)
                               : status;
}
