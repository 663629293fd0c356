/* memory.c - memories in one object: what is done to them, and what they are asked.
 * SPDX-License-Identifier: MIT
 *
 * A public function checks what it was given and makes an operation of it; engram_memory_do checks
 * the operation, makes room, hands it to the journal and does it. Replaying a journal begins there,
 * so that a memory that was read again went the same way as the one that was written. */
#include "config.h"
#include "dispatch.h"
#include "memory.h"
#include "recall.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { RECORD_FIELDS = 2 * ENGRAM_FLAGS - 1, FLAGS = ENGRAM_PINNED | ENGRAM_ARCHIVED };
enum {
    CONDITIONS = ENGRAM_CREATED | ENGRAM_LAST_RECALL | ENGRAM_STRENGTH | ENGRAM_CONFIDENCE |
                 ENGRAM_RETENTION | ENGRAM_RECALLS | ENGRAM_CLASS
};
enum { LINKS_AT_ONCE = 64 };
static const float PRACTICE = 0.05f; /* of the missing confidence, gained by a recall */

#define OF(type, memory, name) ((type *)(memory)->columns[ENGRAM_COLUMN_##name].at)

/* ---- making and ending */

/* The time scale of a law, which memories have their own of. */
static double law_scale(const struct engram_law *law)
{
    bool without = law->curve == ENGRAM_POWER_LAW || law->curve == ENGRAM_SAVINGS;
    return without ? law->unit_s : law->tau_s;
}

static int check_law(const struct engram_law *given, struct engram_law *law)
{
    *law = (struct engram_law){0};
    if (!given)
        return ENGRAM_OK;
    ENGRAM_NEED_OPTIONS_OF("engram_memory_new", given);
    engram_read_options(law, sizeof *law, given);
    law->size = sizeof *law;
    int status = engram_check_law("engram_memory_new", law, NULL);
    double scale = law_scale(law), least = (double)FLT_MIN;
    if (status == ENGRAM_OK && !(scale >= least && scale <= 1 / least))
        return engram_fail(ENGRAM_ERANGE,
                           "engram_memory_new: law->unit_s is %g, expected %.2g .. "
                           "%.2g",
                           scale, least, 1 / least);
    return status;
}

int engram_memory_new(const struct engram_memory_options *options, engram_memory **out)
{
    ENGRAM_NEED_OPTIONS(options);
    ENGRAM_NEED(out);
    struct engram_memory_options o;
    engram_read_options(&o, sizeof o, options);
    struct engram_law law;
    int status = check_law(o.law, &law);
    if (status != ENGRAM_OK)
        return status;
    if (o.dim == 0)
        return engram_fail(ENGRAM_EDIM, "engram_memory_new: dim is 0, expected at least 1");
    if (o.capacity > ENGRAM_MAX_NODES)
        return engram_fail(ENGRAM_ELIMIT, "engram_memory_new: capacity is %u, at most %d",
                           (unsigned)o.capacity, ENGRAM_MAX_NODES);
    engram_memory *m = engram_allocate(sizeof *m);
    if (!m)
        return ENGRAM_ENOMEM;
    *m = (struct engram_memory){.law = law, .capacity = o.capacity, .numbers.clock = -INFINITY};
    status = engram_bank_new(o.dim, &m->bank);
    if (status == ENGRAM_OK && !(m->work = engram_allocate((size_t)o.dim * 2 * sizeof *m->work)))
        status = ENGRAM_ENOMEM;
    if (status != ENGRAM_OK) {
        engram_memory_free(m);
        return status;
    }
    memset(m->work, 0, o.dim * sizeof *m->work);
    *out = m;
    return ENGRAM_OK;
}

void engram_memory_free(engram_memory *m)
{
    if (!m)
        return;
    if (m->store)
        engram_store_close(m->store);
    engram_columns_free(m);
    engram_release(m->undo, m->undo_bytes);
    engram_release(m->marks, m->marks_bytes);
    if (m->work)
        engram_release(m->work, (size_t)m->bank->dim * 2 * sizeof *m->work);
    engram_bank_free(m->bank);
    engram_release(m, sizeof *m);
}

/* ---- checks */

static int check_writable(const char *function, const engram_memory *m)
{
    const char *failure = m->store ? engram_store_failure(m->store) : NULL;
    if (m->view)
        return engram_fail(ENGRAM_EDENIED, "%s: this memory is a view, which refuses changes",
                           function);
    return failure
               ? engram_fail(ENGRAM_EIO, "%s: the memory is read-only until it is opened again: %s",
                             function, failure)
               : ENGRAM_OK;
}

static int check_time(const char *function, double now)
{
    return fabs(now) <= DBL_MAX
               ? ENGRAM_OK
               : engram_fail(ENGRAM_ERANGE, "%s: now is %g, expected a finite number of seconds",
                             function, now);
}

static bool is_memory(const engram_memory *m, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    return slot < m->bank->slots && engram_bit(m->bank->live, slot) &&
           engram_bank_id(m->bank, slot) == id;
}

static int check_id(const char *function, const engram_memory *m, uint64_t id)
{
    if (is_memory(m, id))
        return ENGRAM_OK;
    uint32_t slot = (uint32_t)id, generation = (uint32_t)(id >> 32);
    bool gone = slot < m->bank->slots && generation < m->bank->generations[slot];
    return engram_fail(ENGRAM_ERANGE, "%s: id %llu (slot %u, generation %u) %s", function,
                       (unsigned long long)id, (unsigned)slot, (unsigned)generation,
                       gone ? "was forgotten" : "is not a memory");
}

/* A number of a record, within its bounds where it is given. */
static int check_field(const char *function, const struct engram_record *r, uint32_t field,
                       const char *name, double value, double least, double most)
{
    if (!(r->fields & field) || (value >= least && value <= most))
        return ENGRAM_OK;
    return engram_fail(ENGRAM_ERANGE, "%s: %s is %g, expected %.3g .. %.3g", function, name,
                       value != value ? (double)NAN : value, least, most);
}

int engram_check_record(const char *function, const engram_memory *m, const struct engram_record *r)
{
    if (r->fields & ~(uint32_t)RECORD_FIELDS)
        return engram_fail(ENGRAM_ERANGE, "%s: fields is 0x%x, which names unknown ones", function,
                           (unsigned)r->fields);
    const struct {
        uint32_t field;
        const char *name;
        double value, least, most;
    } numbers[] = {
        {ENGRAM_CREATED, "created", r->created, -DBL_MAX, DBL_MAX},
        {ENGRAM_LAST_RECALL, "last_recall", r->last_recall, -DBL_MAX, DBL_MAX},
        {ENGRAM_STRENGTH, "strength", (double)r->strength, 0, 1},
        {ENGRAM_CONFIDENCE, "confidence", (double)r->confidence, 0, 1},
        {ENGRAM_FLOOR, "floor", (double)r->floor, 0, 1},
        {ENGRAM_SCALE, "scale_s", (double)r->scale_s, (double)FLT_MIN, 1 / (double)FLT_MIN},
        {ENGRAM_BETA, "beta", (double)r->beta, (double)FLT_MIN, (double)FLT_MAX},
        {ENGRAM_CLASS, "memory_class", r->memory_class, 0, 255},
        {ENGRAM_FLAGS, "flags", r->flags, 0, FLAGS},
    };
    int status = ENGRAM_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && status == ENGRAM_OK; i++)
        status = check_field(function, r, numbers[i].field, numbers[i].name, numbers[i].value,
                             numbers[i].least, numbers[i].most);
    if (status == ENGRAM_OK && r->fields & ENGRAM_VECTOR) {
        if (!r->vector)
            return engram_fail(ENGRAM_ENULL, "%s: vector is null", function);
        status = engram_check_finite(function, "vector", r->vector, m->bank->dim);
    }
    if (status == ENGRAM_OK && r->fields & ENGRAM_CONTENT && r->content_bytes && !r->content)
        return engram_fail(ENGRAM_ENULL, "%s: content is null", function);
    if (status == ENGRAM_OK && r->fields & ENGRAM_META && r->meta_bytes && !r->meta)
        return engram_fail(ENGRAM_ENULL, "%s: meta is null", function);
    return status;
}

/* Links between memories; where `own` is not ENGRAM_NO_ID, each has one end that stands for it. */
static int check_links(const char *function, const engram_memory *m,
                       const struct engram_link *links, size_t n, bool own)
{
    if (n && !links)
        return engram_fail(ENGRAM_ENULL, "%s: links is null", function);
    if (own && n > ENGRAM_MAX_LINKS)
        return engram_fail(ENGRAM_ELIMIT, "%s: %zu links with one that is new, at most %d",
                           function, n, ENGRAM_MAX_LINKS);
    for (size_t i = 0; i < n; i++) {
        const struct engram_link *l = &links[i];
        int here = (l->source == ENGRAM_NO_ID) + (l->target == ENGRAM_NO_ID);
        if (here != (own ? 1 : 0))
            return engram_fail(ENGRAM_ERANGE,
                               "%s: links[%zu] has %d ends that are no id, expected "
                               "%d",
                               function, i, here, own ? 1 : 0);
        int status = ENGRAM_OK;
        if (l->source != ENGRAM_NO_ID)
            status = check_id(function, m, l->source);
        if (status == ENGRAM_OK && l->target != ENGRAM_NO_ID)
            status = check_id(function, m, l->target);
        if (status != ENGRAM_OK)
            return status;
        if (!(l->weight >= 0 && l->weight <= 1))
            return engram_fail(ENGRAM_ERANGE, "%s: links[%zu].weight is %g, expected 0 .. 1",
                               function, i, engram_shown(l->weight));
        if (l->edge_class > 255)
            return engram_fail(ENGRAM_ERANGE, "%s: links[%zu].edge_class is %u, expected 0 .. 255",
                               function, i, (unsigned)l->edge_class);
    }
    return ENGRAM_OK;
}

/* The slot that is used next, and the id it will have, once `evicted` has gone. */
static uint64_t next_id(const engram_memory *m, uint64_t evicted)
{
    const engram_bank *bank = m->bank;
    if (evicted != ENGRAM_NO_ID && (evicted >> 32) + 1 < ENGRAM_GENERATIONS)
        return evicted + ((uint64_t)1 << 32);
    return bank->free_count ? engram_bank_id(bank, bank->free_slots[bank->free_count - 1])
                            : bank->slots;
}

static bool overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return a_bytes && b_bytes && x < y + b_bytes && y < x + a_bytes;
}

/* A record that was lent by engram_memory_get may move while room is made for it. */
static int check_given(const engram_memory *m, const struct engram_operation *o)
{
    const struct engram_record *r = &o->record;
    size_t row = m->bank->dim * sizeof(float), rows = m->bank->slots * row;
    const struct engram_block *text = &m->columns[ENGRAM_COLUMN_TEXT];
    int status = engram_check_record(o->function, m, r);
    if (status != ENGRAM_OK)
        return status;
    const char *own =
        r->fields & ENGRAM_VECTOR && overlap(r->vector, row, m->bank->rows, rows) ? "vector"
        : r->fields & ENGRAM_CONTENT && overlap(r->content, r->content_bytes, text->at, text->bytes)
            ? "content"
        : r->fields & ENGRAM_META && overlap(r->meta, r->meta_bytes, text->at, text->bytes) ? "meta"
                                                                                            : NULL;
    return own ? engram_fail(ENGRAM_EALIAS, "%s: %s is the memory's own; copy it first",
                             o->function, own)
               : ENGRAM_OK;
}

static int check_remember(const engram_memory *m, const struct engram_operation *o)
{
    int status = check_given(m, o);
    if (status == ENGRAM_OK)
        status = check_links(o->function, m, o->links, o->link_count, true);
    if (status == ENGRAM_OK && o->evicted != ENGRAM_NO_ID)
        status = check_id(o->function, m, o->evicted);
    if (status != ENGRAM_OK)
        return status;
    for (size_t i = 0; i < o->link_count; i++)
        if (o->evicted != ENGRAM_NO_ID &&
            (o->links[i].source == o->evicted || o->links[i].target == o->evicted))
            return engram_fail(ENGRAM_ERANGE, "%s: links[%zu] has the memory that makes room",
                               o->function, i);
    if (o->record.fields != RECORD_FIELDS || o->id != next_id(m, o->evicted))
        return engram_fail(ENGRAM_EFORMAT, "%s: the record is not whole, or not that of id %llu",
                           o->function, (unsigned long long)next_id(m, o->evicted));
    return ENGRAM_OK;
}

static int check_reinforce(const engram_memory *m, const struct engram_operation *o)
{
    int status = o->id_count && !o->ids ? engram_fail(ENGRAM_ENULL, "%s: ids is null", o->function)
                                        : ENGRAM_OK;
    for (size_t i = 0; i < o->id_count && status == ENGRAM_OK; i++)
        status = check_id(o->function, m, o->ids[i]);
    if (status != ENGRAM_OK || o->kind == ENGRAM_RECALLED)
        return status;
    const struct engram_reinforcement *r = &o->reinforcement;
    struct engram_record as_record = {
        .fields = ENGRAM_STRENGTH | (r->scale_s != 0 ? ENGRAM_SCALE : 0) |
                  (r->beta != 0 ? ENGRAM_BETA : 0),
        .scale_s = r->scale_s,
        .beta = r->beta,
    };
    if (!(r->amount >= 0 && r->amount <= 1))
        return engram_fail(ENGRAM_ERANGE, "%s: reinforcement->amount is %g, expected 0 .. 1",
                           o->function, engram_shown(r->amount));
    return engram_check_record(o->function, m, &as_record);
}

static struct engram_undo_mark *find_mark(const engram_memory *m, uint64_t number)
{
    for (size_t i = 0; i < m->mark_count; i++)
        if (m->marks[i].number == number)
            return &m->marks[i];
    return NULL;
}

static int check_mark(const engram_memory *m, const struct engram_operation *o)
{
    return find_mark(m, o->id) ? ENGRAM_OK
                               : engram_fail(ENGRAM_ERANGE, "%s: mark %llu is not open",
                                             o->function, (unsigned long long)o->id);
}

static int check(const engram_memory *m, const struct engram_operation *o)
{
    bool timeless = o->kind >= ENGRAM_MARK;
    int status = timeless ? ENGRAM_OK : check_time(o->function, o->now);
    if (status != ENGRAM_OK)
        return status;
    switch (o->kind) {
    case ENGRAM_REMEMBER:
        return check_remember(m, o);
    case ENGRAM_UPDATE:
        status = check_id(o->function, m, o->id);
        if (status == ENGRAM_OK)
            status = check_given(m, o);
        return status == ENGRAM_OK ? check_links(o->function, m, o->links, o->link_count, true)
                                   : status;
    case ENGRAM_FORGET:
        return check_id(o->function, m, o->id);
    case ENGRAM_LINK_SET:
        return check_links(o->function, m, o->links, o->link_count, false);
    case ENGRAM_UNLINK:
        if (o->link_count != 1)
            return engram_fail(ENGRAM_EFORMAT, "%s: %zu links, expected 1", o->function,
                               o->link_count);
        status = check_links(o->function, m, o->links, 1, false);
        if (status == ENGRAM_OK && engram_links_find(m, (uint32_t)o->links->source,
                                                     (uint32_t)o->links->target) == UINT32_MAX)
            return engram_fail(ENGRAM_ERANGE, "%s: there is no link from %llu to %llu", o->function,
                               (unsigned long long)o->links->source,
                               (unsigned long long)o->links->target);
        return status;
    case ENGRAM_REINFORCE:
    case ENGRAM_RECALLED:
        return check_reinforce(m, o);
    case ENGRAM_MARK:
        return o->id == m->next_mark
                   ? ENGRAM_OK
                   : engram_fail(ENGRAM_EFORMAT, "%s: mark %llu, expected %llu", o->function,
                                 (unsigned long long)o->id, (unsigned long long)m->next_mark);
    case ENGRAM_ROLLBACK:
    case ENGRAM_RELEASE:
        return check_mark(m, o);
    }
    return engram_fail(ENGRAM_EFORMAT, "%s: operation %d is unknown", o->function, (int)o->kind);
}

/* ---- room */

/* Texts that nothing means any more go, once they are most of the column and no mark needs them. */
static void compact_texts(engram_memory *m)
{
    struct engram_numbers *n = &m->numbers;
    if (m->mark_count || n->text_used < 2 * n->text_live + 65536)
        return;
    struct engram_block fresh = {0};
    if (engram_grow(&fresh.at, &fresh.bytes, n->text_live) != ENGRAM_OK)
        return;
    uint64_t used = 0;
    for (uint32_t slot = 0; slot < m->bank->slots; slot++)
        for (int c = ENGRAM_COLUMN_CONTENT; c <= ENGRAM_COLUMN_META; c++) {
            struct engram_span *span = (struct engram_span *)m->columns[c].at + slot;
            if (!engram_bit(m->bank->live, slot) || span->bytes == 0)
                continue;
            memcpy((char *)fresh.at + used, OF(char, m, TEXT) + span->at, span->bytes);
            span->at = used;
            used += span->bytes;
        }
    engram_release(m->columns[ENGRAM_COLUMN_TEXT].at, m->columns[ENGRAM_COLUMN_TEXT].bytes);
    m->columns[ENGRAM_COLUMN_TEXT] = fresh;
    n->text_used = used;
}

static int reserve_text(engram_memory *m, const struct engram_record *r)
{
    size_t bytes;
    compact_texts(m);
    if (__builtin_add_overflow(r->fields & ENGRAM_CONTENT ? r->content_bytes : 0,
                               r->fields & ENGRAM_META ? r->meta_bytes : 0, &bytes) ||
        __builtin_add_overflow(bytes, m->numbers.text_used, &bytes))
        return engram_fail(ENGRAM_ENOMEM, "the texts are more than memory has");
    return engram_columns_reserve(m, ENGRAM_BYTE, bytes);
}

/* What a mark may have to keep of n slots, their rows included where they are written. */
static int reserve_slots_undo(engram_memory *m, size_t n, bool rows)
{
    size_t bytes = rows ? m->bank->dim * sizeof(float) : 0;
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++)
        bytes += engram_column_size((enum engram_column)c);
    return engram_undo_reserve(m, n * bytes, n * ENGRAM_COLUMN_COUNT);
}

/* A mark to be set needs the rows of sources, so that going back need not make them again. */
static int reserve_mark(engram_memory *m)
{
    int status = engram_links_source(m);
    return status == ENGRAM_OK ? engram_grow((void **)&m->marks, &m->marks_bytes,
                                             (m->mark_count + 1) * sizeof *m->marks)
                               : status;
}

static int reserve(engram_memory *m, const struct engram_operation *o)
{
    int status = ENGRAM_OK;
    m->undo_promised = 0;
    switch (o->kind) {
    case ENGRAM_REMEMBER:
        if (o->evicted != ENGRAM_NO_ID) {
            status = engram_links_reserve_removal_of_all(m, (uint32_t)o->evicted);
            if (status == ENGRAM_OK)
                status = reserve_slots_undo(m, 1, false);
        }
        if (status == ENGRAM_OK)
            status = engram_columns_reserve(
                m, ENGRAM_SLOT,
                (uint32_t)o->id < m->bank->slots ? m->bank->slots : m->bank->slots + (size_t)1);
        /* fallthrough */
    case ENGRAM_UPDATE:
        if (status == ENGRAM_OK && o->record.fields & ENGRAM_VECTOR)
            status = engram_bank_own(m->bank);
        if (status == ENGRAM_OK)
            status = reserve_text(m, &o->record);
        if (status == ENGRAM_OK)
            status = reserve_slots_undo(m, 1, true);
        return status == ENGRAM_OK
                   ? engram_links_reserve(m, o->links, o->link_count, (uint32_t)o->id)
                   : status;
    case ENGRAM_FORGET:
        status = engram_links_reserve_removal_of_all(m, (uint32_t)o->id);
        return status == ENGRAM_OK ? reserve_slots_undo(m, 1, false) : status;
    case ENGRAM_LINK_SET:
        return engram_links_reserve(m, o->links, o->link_count, UINT32_MAX);
    case ENGRAM_UNLINK:
        return engram_links_reserve_removal(m, (uint32_t)o->links->source);
    case ENGRAM_REINFORCE:
    case ENGRAM_RECALLED:
        return reserve_slots_undo(m, o->id_count, false);
    case ENGRAM_MARK:
        return reserve_mark(m);
    default:
        return ENGRAM_OK;
    }
}

/* ---- doing: nothing here can fail */

static void keep(engram_memory *m, enum engram_column column, uint32_t slot)
{
    engram_undo_keep(m, column, slot, 1);
}

/* Writes one field of a slot. */
#define PUT(m, name, type, slot, value)                                                            \
    do {                                                                                           \
        keep(m, ENGRAM_COLUMN_##name, slot);                                                       \
        OF(type, m, name)[slot] = (value);                                                         \
    } while (0)

static void put_text(engram_memory *m, enum engram_column column, uint32_t slot, const char *text,
                     size_t bytes, bool fresh)
{
    struct engram_span *span = (struct engram_span *)m->columns[column].at + slot;
    keep(m, column, slot);
    m->numbers.text_live += bytes - (fresh ? 0 : span->bytes);
    *span = (struct engram_span){m->numbers.text_used, bytes};
    if (bytes)
        memcpy(OF(char, m, TEXT) + m->numbers.text_used, text, bytes);
    m->numbers.text_used += bytes;
}

static void put_flags(engram_memory *m, uint32_t slot, uint32_t flags, uint32_t before)
{
    uint64_t bit = (uint64_t)1 << slot % 64, *hidden = OF(uint64_t, m, HIDDEN) + slot / 64;
    m->numbers.pinned += (flags & ENGRAM_PINNED) - (before & ENGRAM_PINNED);
    m->numbers.archived += (flags >> 1 & 1) - (before >> 1 & 1);
    PUT(m, FLAGS, uint8_t, slot, (uint8_t)flags);
    engram_undo_keep(m, ENGRAM_COLUMN_HIDDEN, slot / 64, 1);
    *hidden = flags & ENGRAM_ARCHIVED ? *hidden | bit : *hidden & ~bit;
}

/* The fields given; fresh: nothing stands there yet. The vector is the bank's business. */
static void put_record(engram_memory *m, uint32_t slot, const struct engram_record *r, bool fresh)
{
    if (r->fields & ENGRAM_CONTENT)
        put_text(m, ENGRAM_COLUMN_CONTENT, slot, r->content, r->content_bytes, fresh);
    if (r->fields & ENGRAM_META)
        put_text(m, ENGRAM_COLUMN_META, slot, r->meta, r->meta_bytes, fresh);
    if (r->fields & ENGRAM_CREATED)
        PUT(m, CREATED, double, slot, r->created);
    if (r->fields & ENGRAM_LAST_RECALL)
        PUT(m, LAST_RECALL, double, slot, r->last_recall);
    if (r->fields & ENGRAM_STRENGTH)
        PUT(m, STRENGTH, float, slot, r->strength);
    if (r->fields & ENGRAM_CONFIDENCE)
        PUT(m, CONFIDENCE, float, slot, r->confidence);
    if (r->fields & ENGRAM_FLOOR)
        PUT(m, FLOOR, float, slot, r->floor);
    if (r->fields & ENGRAM_SCALE)
        PUT(m, SCALE, float, slot, r->scale_s);
    if (r->fields & ENGRAM_BETA)
        PUT(m, BETA, float, slot, r->beta);
    if (r->fields & ENGRAM_RECALLS)
        PUT(m, RECALLS, uint32_t, slot, r->recalls);
    if (r->fields & ENGRAM_CLASS)
        PUT(m, CLASS, uint8_t, slot, (uint8_t)r->memory_class);
    if (r->fields & ENGRAM_FLAGS)
        put_flags(m, slot, r->flags, fresh ? 0 : OF(uint8_t, m, FLAGS)[slot]);
}

static void put_links(engram_memory *m, const struct engram_link *links, size_t n, uint32_t slot)
{
    for (size_t i = 0; i < n; i++)
        engram_links_set(m, links[i].source == ENGRAM_NO_ID ? slot : (uint32_t)links[i].source,
                         links[i].target == ENGRAM_NO_ID ? slot : (uint32_t)links[i].target,
                         links[i].weight, (uint8_t)links[i].edge_class);
}

/* What the bank is about to write when a row is put into a slot. */
static void keep_row(engram_memory *m, uint32_t slot)
{
    engram_undo_keep(m, ENGRAM_COLUMN_ROWS, (size_t)slot * m->bank->dim, m->bank->dim);
    keep(m, ENGRAM_COLUMN_NORMS, slot);
    engram_undo_keep(m, ENGRAM_COLUMN_LIVE, slot / 64, 1);
}

static void forget(engram_memory *m, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    engram_links_remove_all(m, slot);
    put_flags(m, slot, 0, OF(uint8_t, m, FLAGS)[slot]);
    m->numbers.text_live -= OF(struct engram_span, m, CONTENT)[slot].bytes +
                            OF(struct engram_span, m, META)[slot].bytes;
    engram_undo_keep(m, ENGRAM_COLUMN_LIVE, slot / 64, 1);
    keep(m, ENGRAM_COLUMN_GENERATIONS, slot);
    engram_undo_keep(m, ENGRAM_COLUMN_FREE, m->bank->free_count, 1);
    engram_bank_remove(m->bank, id);
}

static void remember(engram_memory *m, const struct engram_operation *o)
{
    if (o->evicted != ENGRAM_NO_ID)
        forget(m, o->evicted);
    uint64_t id;
    uint32_t slot = (uint32_t)o->id;
    if (slot == m->bank->slots) {
        if (slot % 64 == 0)
            OF(uint64_t, m, HIDDEN)[slot / 64] = 0;
        engram_links_begin(m, slot);
    }
    keep_row(m, slot);
    engram_bank_add(m->bank, o->record.vector, 1, &id);
    put_record(m, slot, &o->record, true);
    put_links(m, o->links, o->link_count, slot);
}

static void update(engram_memory *m, const struct engram_operation *o)
{
    uint32_t slot = (uint32_t)o->id;
    if (o->record.fields & ENGRAM_VECTOR) {
        keep_row(m, slot);
        engram_bank_update(m->bank, o->id, o->record.vector);
    }
    put_record(m, slot, &o->record, false);
    put_links(m, o->links, o->link_count, slot);
}

static void record_recall(engram_memory *m, uint32_t slot, double now)
{
    float confidence = OF(float, m, CONFIDENCE)[slot];
    uint32_t recalls = OF(uint32_t, m, RECALLS)[slot];
    confidence = fmaf(PRACTICE, 1 - confidence, confidence);
    if (now > OF(double, m, LAST_RECALL)[slot])
        PUT(m, LAST_RECALL, double, slot, now);
    PUT(m, RECALLS, uint32_t, slot, recalls < UINT32_MAX ? recalls + 1 : recalls);
    PUT(m, CONFIDENCE, float, slot, confidence < 1 ? confidence : 1);
}

static void reinforce(engram_memory *m, const struct engram_operation *o)
{
    const struct engram_reinforcement *r = &o->reinforcement;
    for (size_t i = 0; i < o->id_count; i++) {
        uint32_t slot = (uint32_t)o->ids[i];
        record_recall(m, slot, o->now);
        if (o->kind == ENGRAM_RECALLED)
            continue;
        float strength = OF(float, m, STRENGTH)[slot];
        strength = fmaf(r->amount, 1 - strength, strength);
        PUT(m, STRENGTH, float, slot, strength < 1 ? strength : 1);
        if (r->scale_s != 0)
            PUT(m, SCALE, float, slot, r->scale_s);
        if (r->beta != 0)
            PUT(m, BETA, float, slot, r->beta);
    }
}

static void apply(engram_memory *m, const struct engram_operation *o)
{
    m->sequence++;
    m->revision++;
    if (o->kind < ENGRAM_MARK && o->now > m->numbers.clock)
        m->numbers.clock = o->now;
    switch (o->kind) {
    case ENGRAM_REMEMBER:
        remember(m, o);
        break;
    case ENGRAM_UPDATE:
        update(m, o);
        break;
    case ENGRAM_FORGET:
        forget(m, o->id);
        break;
    case ENGRAM_LINK_SET:
        put_links(m, o->links, o->link_count, 0);
        break;
    case ENGRAM_UNLINK:
        engram_links_remove(m, (uint32_t)o->links->source, (uint32_t)o->links->target);
        break;
    case ENGRAM_REINFORCE:
    case ENGRAM_RECALLED:
        reinforce(m, o);
        break;
    case ENGRAM_MARK:
        m->marks[m->mark_count++] = (struct engram_undo_mark){
            .number = m->next_mark++,
            .used = m->undo_used,
            .numbers = engram_numbers_now(m),
        };
        break;
    case ENGRAM_ROLLBACK: {
        struct engram_undo_mark *mark = find_mark(m, o->id);
        engram_undo_to(m, mark);
        m->mark_count = (size_t)(mark - m->marks) + 1;
        break;
    }
    case ENGRAM_RELEASE:
        m->mark_count = (size_t)(find_mark(m, o->id) - m->marks);
        if (m->mark_count == 0)
            m->undo_used = 0;
        break;
    }
}

int engram_memory_do(engram_memory *m, const struct engram_operation *o)
{
    int status = check_writable(o->function, m);
    if (status == ENGRAM_OK)
        status = check(m, o);
    if (status == ENGRAM_OK)
        status = reserve(m, o);
    if (status == ENGRAM_OK && m->store)
        status = engram_store_append(m->store, m, o);
    if (status == ENGRAM_OK)
        apply(m, o);
    return status;
}

/* ---- retention */

enum { BLOCK = 256 };

/* What is left of the memories in slots first .. first + n - 1, n at most BLOCK. */
static void fade(const engram_memory *m, double now, uint32_t first, uint32_t n, float *out)
{
    const float *strength = OF(float, m, STRENGTH) + first, *floor = OF(float, m, FLOOR) + first;
    const double *last = OF(double, m, LAST_RECALL) + first;
    double ages[BLOCK];
    for (uint32_t i = 0; i < n; i++)
        ages[i] = now - last[i];
    struct engram_law_each each = {
        .size = sizeof each,
        .scale_s = OF(float, m, SCALE) + first,
        .beta = OF(float, m, BETA) + first,
        .recalls = OF(uint32_t, m, RECALLS) + first,
    };
    if (m->law.size)
        ENGRAM_VERSION(decay_f32)
    (&m->law, &each, strength, ages, ENGRAM_AGE_F64, 0, n, out);
    else memcpy(out, strength, n * sizeof *out);
    for (uint32_t i = 0; i < n; i++)
        out[i] = engram_over_floor(out[i], strength[i], floor[i]);
}

int engram_memory_retention(const engram_memory *m, double now, float *retentions)
{
    ENGRAM_NEED_AS(m, "memory");
    int status = check_time(__func__, now);
    if (status != ENGRAM_OK || m->bank->slots == 0)
        return status;
    ENGRAM_NEED(retentions);
    for (uint32_t first = 0; first < m->bank->slots; first += BLOCK) {
        uint32_t left = m->bank->slots - first, n = left < BLOCK ? left : BLOCK;
        fade(m, now, first, n, retentions + first);
        for (uint32_t i = 0; i < n; i++)
            if (!engram_bit(m->bank->live, first + i))
                retentions[first + i] = 0;
    }
    return ENGRAM_OK;
}

int engram_memory_retention_of(const engram_memory *m, uint64_t id, double now, float *out)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED(out);
    int status = check_time(__func__, now);
    if (status == ENGRAM_OK)
        status = check_id(__func__, m, id);
    if (status == ENGRAM_OK)
        fade(m, now, (uint32_t)id, 1, out);
    return status;
}

static bool is_linked(const struct engram_link *links, size_t n, uint64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (links[i].source == id || links[i].target == id)
            return true;
    return false;
}

/* The memory that has the least left, of several the one recalled longest ago, then the one in the
 * lower slot; neither a pinned one nor one that the new memory is linked with. */
static int choose_evicted(const char *function, const engram_memory *m, double now,
                          const struct engram_link *links, size_t n, uint64_t *evicted)
{
    const double *last = OF(double, m, LAST_RECALL);
    float retention[BLOCK], least = INFINITY;
    double longest = INFINITY;
    *evicted = ENGRAM_NO_ID;
    for (uint32_t first = 0; first < m->bank->slots; first += BLOCK) {
        uint32_t left = m->bank->slots - first, count = left < BLOCK ? left : BLOCK;
        fade(m, now, first, count, retention);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t slot = first + i;
            bool weaker = retention[i] < least || (retention[i] == least && last[slot] < longest);
            if (!weaker || !engram_bit(m->bank->live, slot) ||
                OF(uint8_t, m, FLAGS)[slot] & ENGRAM_PINNED ||
                is_linked(links, n, engram_bank_id(m->bank, slot)))
                continue;
            least = retention[i];
            longest = last[slot];
            *evicted = engram_bank_id(m->bank, slot);
        }
    }
    return *evicted != ENGRAM_NO_ID
               ? ENGRAM_OK
               : engram_fail(ENGRAM_ELIMIT,
                             "%s: the memory is full with %u, and all are pinned or "
                             "linked with the new one",
                             function, (unsigned)m->capacity);
}

/* ---- remembering */

/* The record with every field there. */
static struct engram_record whole(const engram_memory *m, const struct engram_record *given,
                                  double now)
{
    struct engram_record r = *given;
    uint32_t missing = (uint32_t)RECORD_FIELDS & ~r.fields;
    if (missing & ENGRAM_VECTOR)
        r.vector = m->work;
    if (missing & ENGRAM_CONTENT)
        r.content_bytes = 0;
    if (missing & ENGRAM_META)
        r.meta_bytes = 0;
    if (missing & ENGRAM_CREATED)
        r.created = now;
    if (missing & ENGRAM_LAST_RECALL)
        r.last_recall = now;
    if (missing & ENGRAM_STRENGTH)
        r.strength = 1;
    if (missing & ENGRAM_CONFIDENCE)
        r.confidence = 1;
    if (missing & ENGRAM_FLOOR)
        r.floor = 0;
    if (missing & ENGRAM_SCALE)
        r.scale_s = m->law.size ? (float)law_scale(&m->law) : 1;
    if (missing & ENGRAM_BETA)
        r.beta = m->law.beta > 0 ? (float)m->law.beta : 1;
    if (missing & ENGRAM_RECALLS)
        r.recalls = 0;
    if (missing & ENGRAM_CLASS)
        r.memory_class = 0;
    if (missing & ENGRAM_FLAGS)
        r.flags = 0;
    r.fields = RECORD_FIELDS;
    return r;
}

/* The row that is most like the vector, if it is enough so. */
static int find_duplicate(const engram_memory *m, const struct engram_record *r, float threshold,
                          uint64_t *id)
{
    struct engram_hit hit;
    size_t count = 0;
    *id = ENGRAM_NO_ID;
    if (!(r->fields & ENGRAM_VECTOR) || m->bank->count == 0)
        return ENGRAM_OK;
    int status = engram_bank_search(m->bank, r->vector, 1, 1, NULL, NULL, &hit, &count, NULL);
    if (status == ENGRAM_OK && count && hit.score >= (double)threshold)
        *id = hit.id;
    return status;
}

static float join(float a, float b)
{
    float both = fmaf(a, 1 - b, b);
    return both < 1 ? both : 1;
}

/* Adds a vector of length `weight` in the direction of x. */
static void add_direction(float weight, const float *x, uint32_t dim, float *sum)
{
    float norm = engram_norm_f32(x, dim);
    if (norm > 0)
        engram_axpy_f32(weight / norm, x, dim, sum);
}

/* What a memory and a record like it become together; the vector is made in m->work. */
static struct engram_record merged(engram_memory *m, uint32_t slot, const struct engram_record *r,
                                   double now)
{
    struct engram_record new = whole(m, r, now), both = *r;
    uint32_t dim = m->bank->dim;
    float left[BLOCK], *vector = m->work + dim;
    fade(m, now, slot, 1, left);
    bool nothing = left[0] == 0 && new.strength == 0; /* to weigh by */
    memset(vector, 0, dim * sizeof *vector);
    add_direction(nothing ? 1 : left[0], m->bank->rows + (size_t)slot * dim, dim, vector);
    add_direction(nothing ? 1 : new.strength, new.vector, dim, vector);
    both.fields = (r->fields & (ENGRAM_CONTENT | ENGRAM_META)) | ENGRAM_VECTOR |
                  ENGRAM_LAST_RECALL | ENGRAM_STRENGTH | ENGRAM_CONFIDENCE | ENGRAM_FLOOR;
    both.vector = vector;
    double last = OF(double, m, LAST_RECALL)[slot];
    both.last_recall = last > now ? last : now;
    both.strength = join(left[0], new.strength);
    both.confidence = join(OF(float, m, CONFIDENCE)[slot], new.confidence);
    float floor = OF(float, m, FLOOR)[slot];
    both.floor = floor > new.floor ? floor : new.floor;
    return both;
}

int engram_memory_remember(engram_memory *m, const struct engram_record *record,
                           const struct engram_remembering *options, double now,
                           struct engram_remembered *out)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED_OPTIONS(record);
    ENGRAM_NEED(out);
    struct engram_operation o = {.function = __func__, .now = now, .evicted = ENGRAM_NO_ID};
    struct engram_remembering how = {0};
    engram_read_options(&o.record, sizeof o.record, record);
    if (options) {
        ENGRAM_NEED_OPTIONS(options);
        engram_read_options(&how, sizeof how, options);
    }
    o.links = how.links;
    o.link_count = how.link_count;
    how.threshold = how.threshold != 0 ? how.threshold : 0.95f;
    int status = check_writable(__func__, m);
    if (status == ENGRAM_OK)
        status = check_time(__func__, now);
    if (status == ENGRAM_OK)
        status = engram_check_record(__func__, m, &o.record);
    if (status == ENGRAM_OK)
        status = check_links(__func__, m, o.links, o.link_count, true);
    if (status == ENGRAM_OK &&
        (how.duplicates > ENGRAM_DUPLICATES_MERGED || !(how.threshold > 0 && how.threshold <= 1)))
        status = engram_fail(ENGRAM_ERANGE,
                             "%s: duplicates is %u and threshold %g, expected "
                             "ENGRAM_DUPLICATES_.. and a number in (0, 1]",
                             __func__, (unsigned)how.duplicates, engram_shown(how.threshold));

    struct engram_remembered done = {ENGRAM_NO_ID, ENGRAM_NO_ID, ENGRAM_DUPLICATES_KEPT, 0};
    if (status == ENGRAM_OK && how.duplicates != ENGRAM_DUPLICATES_KEPT)
        status = find_duplicate(m, &o.record, how.threshold, &done.id);
    if (status != ENGRAM_OK)
        return status;
    if (done.id != ENGRAM_NO_ID) {
        done.duplicates = how.duplicates;
        o.kind = ENGRAM_UPDATE;
        o.id = done.id;
        o.record = how.duplicates == ENGRAM_DUPLICATES_MERGED
                       ? merged(m, (uint32_t)done.id, &o.record, now)
                       : whole(m, &o.record, now);
        if (how.duplicates != ENGRAM_DUPLICATES_SKIPPED)
            status = engram_memory_do(m, &o);
    } else {
        o.kind = ENGRAM_REMEMBER;
        o.record = whole(m, &o.record, now);
        if (m->capacity && m->bank->count >= m->capacity)
            status = choose_evicted(__func__, m, now, o.links, o.link_count, &o.evicted);
        done.id = o.id = next_id(m, o.evicted);
        done.evicted = o.evicted;
        if (status == ENGRAM_OK)
            status = engram_memory_do(m, &o);
    }
    if (status == ENGRAM_OK)
        *out = done;
    return status;
}

/* ---- other changes */

int engram_memory_update(engram_memory *m, uint64_t id, const struct engram_record *record,
                         double now)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED_OPTIONS(record);
    struct engram_operation o = {.function = __func__, .kind = ENGRAM_UPDATE, .now = now, .id = id};
    engram_read_options(&o.record, sizeof o.record, record);
    return engram_memory_do(m, &o);
}

int engram_memory_forget(engram_memory *m, uint64_t id, double now)
{
    ENGRAM_NEED_AS(m, "memory");
    struct engram_operation o = {.function = __func__, .kind = ENGRAM_FORGET, .now = now, .id = id};
    return engram_memory_do(m, &o);
}

/* A few links are one operation; all of them are checked before the first is added. */
int engram_memory_link(engram_memory *m, const struct engram_link *links, size_t n, double now)
{
    ENGRAM_NEED_AS(m, "memory");
    int status = check_links(__func__, m, links, n, false);
    for (size_t i = 0; i < n && status == ENGRAM_OK; i += LINKS_AT_ONCE) {
        struct engram_operation o = {
            .function = __func__,
            .kind = ENGRAM_LINK_SET,
            .now = now,
            .links = links + i,
            .link_count = n - i < LINKS_AT_ONCE ? n - i : LINKS_AT_ONCE,
        };
        status = engram_memory_do(m, &o);
    }
    return status;
}

int engram_memory_unlink(engram_memory *m, uint64_t source, uint64_t target, double now)
{
    ENGRAM_NEED_AS(m, "memory");
    struct engram_link link = {.source = source, .target = target};
    struct engram_operation o = {
        .function = __func__, .kind = ENGRAM_UNLINK, .now = now, .links = &link, .link_count = 1};
    return engram_memory_do(m, &o);
}

int engram_memory_reinforce(engram_memory *m, const uint64_t *ids, size_t n,
                            const struct engram_reinforcement *reinforcement, double now)
{
    ENGRAM_NEED_AS(m, "memory");
    struct engram_operation o = {
        .function = __func__,
        .kind = reinforcement ? ENGRAM_REINFORCE : ENGRAM_RECALLED,
        .now = now,
        .ids = ids,
        .id_count = n,
    };
    if (reinforcement) {
        ENGRAM_NEED_OPTIONS(reinforcement);
        engram_read_options(&o.reinforcement, sizeof o.reinforcement, reinforcement);
    }
    return n ? engram_memory_do(m, &o) : check_writable(__func__, m);
}

/* ---- marks and copies */

int engram_memory_mark(engram_memory *m, uint64_t *mark)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED(mark);
    struct engram_operation o = {.function = __func__, .kind = ENGRAM_MARK, .id = m->next_mark};
    int status = engram_memory_do(m, &o);
    if (status == ENGRAM_OK)
        *mark = o.id;
    return status;
}

int engram_memory_rollback(engram_memory *m, uint64_t mark)
{
    ENGRAM_NEED_AS(m, "memory");
    struct engram_operation o = {.function = __func__, .kind = ENGRAM_ROLLBACK, .id = mark};
    return engram_memory_do(m, &o);
}

int engram_memory_release(engram_memory *m, uint64_t mark)
{
    ENGRAM_NEED_AS(m, "memory");
    struct engram_operation o = {.function = __func__, .kind = ENGRAM_RELEASE, .id = mark};
    return engram_memory_do(m, &o);
}

/* Smaller forms are made anew: they are derived. */
int engram_memory_fork(const engram_memory *m, engram_memory **out)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED(out);
    struct engram_memory_options options = {
        .size = sizeof options,
        .dim = m->bank->dim,
        .law = m->law.size ? &m->law : NULL,
        .capacity = m->capacity,
    };
    engram_memory *copy;
    int status = engram_memory_new(&options, &copy);
    if (status != ENGRAM_OK)
        return status;
    status = engram_columns_copy(m, copy);
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS && status == ENGRAM_OK; form++)
        if (m->bank->forms[form].on)
            status = engram_bank_index(copy->bank, form, 1);
    if (status != ENGRAM_OK) {
        engram_memory_free(copy);
        return status;
    }
    *out = copy;
    return ENGRAM_OK;
}

uint64_t engram_memory_hash(const engram_memory *m)
{
    if (!m)
        return 0;
    double law[] = {m->law.size ? m->law.curve + 1 : 0,
                    m->law.tau_s,
                    m->law.unit_s,
                    m->law.beta,
                    m->law.weight,
                    m->law.k,
                    m->law.c,
                    m->law.recalls,
                    m->capacity};
    return engram_columns_hash(m, engram_hash(law, sizeof law, 0));
}

/* ---- reading */

int engram_memory_get(const engram_memory *m, uint64_t id, struct engram_record *out)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED_OPTIONS(out);
    int status = check_id(__func__, m, id);
    if (status != ENGRAM_OK)
        return status;
    uint32_t slot = (uint32_t)id, size = out->size;
    const struct engram_span *content = OF(struct engram_span, m, CONTENT) + slot;
    const struct engram_span *meta = OF(struct engram_span, m, META) + slot;
    const char *text = OF(char, m, TEXT);
    struct engram_record r = {
        .size = size,
        .fields = RECORD_FIELDS,
        .vector = m->bank->rows + (size_t)slot * m->bank->dim,
        .content = text ? text + content->at : NULL,
        .meta = text ? text + meta->at : NULL,
        .content_bytes = content->bytes,
        .meta_bytes = meta->bytes,
        .created = OF(double, m, CREATED)[slot],
        .last_recall = OF(double, m, LAST_RECALL)[slot],
        .strength = OF(float, m, STRENGTH)[slot],
        .confidence = OF(float, m, CONFIDENCE)[slot],
        .floor = OF(float, m, FLOOR)[slot],
        .scale_s = OF(float, m, SCALE)[slot],
        .beta = OF(float, m, BETA)[slot],
        .recalls = OF(uint32_t, m, RECALLS)[slot],
        .memory_class = OF(uint8_t, m, CLASS)[slot],
        .flags = OF(uint8_t, m, FLAGS)[slot],
    };
    memcpy(out, &r, size < sizeof r ? size : sizeof r);
    return ENGRAM_OK;
}

uint64_t engram_memory_next(const engram_memory *m, uint64_t after)
{
    if (!m)
        return ENGRAM_NO_ID;
    for (uint64_t slot = after == ENGRAM_NO_ID ? 0 : (after & UINT32_MAX) + 1;
         slot < m->bank->slots; slot++)
        if (engram_bit(m->bank->live, (uint32_t)slot))
            return engram_bank_id(m->bank, (uint32_t)slot);
    return ENGRAM_NO_ID;
}

int engram_memory_links(const engram_memory *m, uint64_t id, struct engram_link *out, size_t room,
                        size_t *count)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED(count);
    if (room)
        ENGRAM_NEED(out);
    int status = check_id(__func__, m, id);
    if (status != ENGRAM_OK)
        return status;
    uint32_t begin = OF(uint32_t, m, LINKS_BEGIN)[(uint32_t)id];
    *count = OF(uint32_t, m, LINKS_END)[(uint32_t)id] - begin;
    for (size_t i = 0; i < *count && i < room; i++)
        out[i] = (struct engram_link){
            .source = id,
            .target = engram_bank_id(m->bank, OF(uint32_t, m, TARGETS)[begin + i]),
            .weight = OF(float, m, WEIGHTS)[begin + i],
            .edge_class = OF(uint8_t, m, EDGE_CLASSES)[begin + i],
        };
    return ENGRAM_OK;
}

static bool within(double x, double least, double most)
{
    return x >= least && x <= most;
}

static bool meets(const engram_memory *m, uint32_t slot, const struct engram_conditions *c)
{
    float left[BLOCK];
    if (c->given & ENGRAM_RETENTION)
        fade(m, c->now, slot, 1, left);
    uint8_t flags = OF(uint8_t, m, FLAGS)[slot], class = OF(uint8_t, m, CLASS)[slot];
    uint32_t recalls = OF(uint32_t, m, RECALLS)[slot], given = c->given;
    return (flags & c->flags_on) == c->flags_on && !(flags & c->flags_off) &&
           (!(given & ENGRAM_CLASS) || engram_bit(c->classes, class)) &&
           (!(given & ENGRAM_RECALLS) || (recalls >= c->recalls[0] && recalls <= c->recalls[1])) &&
           (!(given & ENGRAM_CREATED) ||
            within(OF(double, m, CREATED)[slot], c->created[0], c->created[1])) &&
           (!(given & ENGRAM_LAST_RECALL) ||
            within(OF(double, m, LAST_RECALL)[slot], c->last_recall[0], c->last_recall[1])) &&
           (!(given & ENGRAM_STRENGTH) || within((double)OF(float, m, STRENGTH)[slot],
                                                 (double)c->strength[0], (double)c->strength[1])) &&
           (!(given & ENGRAM_RETENTION) ||
            within((double)left[0], (double)c->retention[0], (double)c->retention[1])) &&
           (!(given & ENGRAM_CONFIDENCE) ||
            within((double)OF(float, m, CONFIDENCE)[slot], (double)c->confidence[0],
                   (double)c->confidence[1]));
}

int engram_memory_select(const engram_memory *m, const struct engram_conditions *conditions,
                         uint64_t *bits)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED_OPTIONS(conditions);
    struct engram_conditions c;
    engram_read_options(&c, sizeof c, conditions);
    if ((c.flags_on | c.flags_off) & ~(uint32_t)FLAGS)
        return engram_fail(ENGRAM_ERANGE, "%s: flags_on is %u and flags_off %u, at most %d",
                           __func__, (unsigned)c.flags_on, (unsigned)c.flags_off, FLAGS);
    if (c.given & ~(uint32_t)CONDITIONS)
        return engram_fail(ENGRAM_ERANGE, "%s: given is 0x%x, which names what has no range",
                           __func__, (unsigned)c.given);
    int status = c.given & ENGRAM_RETENTION ? check_time(__func__, c.now) : ENGRAM_OK;
    if (status != ENGRAM_OK || m->bank->slots == 0)
        return status;
    ENGRAM_NEED(bits);
    for (uint32_t word = 0; word < engram_words(m->bank->slots); word++) {
        bits[word] = 0;
        for (uint64_t live = m->bank->live[word]; live; live &= live - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(live);
            bits[word] |= (uint64_t)meets(m, word * 64 + bit, &c) << bit;
        }
    }
    return ENGRAM_OK;
}

int engram_memory_view(const engram_memory *m, struct engram_memories *memories,
                       struct engram_graph_view *links)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED(memories);
    ENGRAM_NEED(links);
    *links = (struct engram_graph_view){
        .nodes = m->bank->slots,
        .edges = (uint32_t)m->numbers.links,
        .offsets = OF(uint32_t, m, LINKS_BEGIN),
        .ends = OF(uint32_t, m, LINKS_END),
        .targets = OF(uint32_t, m, TARGETS),
        .weights = OF(float, m, WEIGHTS),
        .classes = OF(uint8_t, m, EDGE_CLASSES),
    };
    *memories = (struct engram_memories){
        .size = sizeof *memories,
        .slots = m->bank->slots,
        .bank = m->bank,
        .links = links,
        .strength = OF(float, m, STRENGTH),
        .last_recall = OF(double, m, LAST_RECALL),
        .confidence = OF(float, m, CONFIDENCE),
        .floor = OF(float, m, FLOOR),
        .hidden = OF(uint64_t, m, HIDDEN),
        .scale_s = m->law.size ? OF(float, m, SCALE) : NULL,
        .beta = m->law.size ? OF(float, m, BETA) : NULL,
        .recalls = m->law.size ? OF(uint32_t, m, RECALLS) : NULL,
    };
    return ENGRAM_OK;
}

void engram_memory_law(const engram_memory *m, struct engram_law *out)
{
    if (out)
        *out = m ? m->law : (struct engram_law){0};
}

engram_bank *engram_memory_bank(engram_memory *m)
{
    return m ? m->bank : NULL;
}

int engram_memory_info(const engram_memory *m, struct engram_memory_info *out)
{
    ENGRAM_NEED_AS(m, "memory");
    ENGRAM_NEED(out);
    struct engram_bank_view bank;
    engram_bank_get(m->bank, &bank);
    *out = (struct engram_memory_info){
        .dim = m->bank->dim,
        .capacity = m->capacity,
        .slots = m->bank->slots,
        .count = m->bank->count,
        .archived = m->numbers.archived,
        .pinned = m->numbers.pinned,
        .marks = (uint32_t)m->mark_count,
        .read_only = m->view || (m->store && engram_store_failure(m->store)),
        .links = m->numbers.links,
        .text_bytes = m->numbers.text_live,
        .bytes = bank.bytes + m->undo_bytes,
        .undo_bytes = m->undo_used,
        .sequence = m->sequence,
        .clock = m->numbers.clock,
        .earliest = NAN,
    };
    for (int c = 0; c < ENGRAM_COLUMN_COUNT; c++)
        out->bytes += m->columns[c].bytes;
    if (m->store)
        engram_store_info(m->store, out);
    return ENGRAM_OK;
}
