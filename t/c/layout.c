/* layout.c - prints how the compiler lays out every struct of engram.h; t/cdef.lua compares
 * LuaJIT's view. SPDX-License-Identifier: MIT */
#include "engram.h"

#include <stddef.h>
#include <stdio.h>

#define STRUCT(name, fields)                                                                       \
    do {                                                                                           \
        typedef struct name type;                                                                  \
        printf("struct %s %zu", #name, sizeof(type));                                              \
        fields putchar('\n');                                                                      \
    } while (0)
#define AT(field) printf(" %s %zu", #field, offsetof(type, field));

int main(void)
{
    STRUCT(engram_options,
           AT(size) AT(ignore_environment) AT(refuse_panic) AT(allocate) AT(log) AT(context)
               AT(cancel) AT(parallel_for) AT(threads) AT(self_test) AT(keep_failed));
    STRUCT(engram_kernel_info,
           AT(name) AT(chosen) AT(versions) AT(calls) AT(elements) AT(nanoseconds));
    STRUCT(engram_kernel_times, AT(calls) AT(timed) AT(nanoseconds) AT(buckets));
    STRUCT(engram_kernel_errors, AT(by_status));
    STRUCT(engram_self_test,
           AT(checks) AT(passed) AT(demoted) AT(probe_s) AT(probe_activation) AT(failed));
    STRUCT(engram_demotion, AT(kernel) AT(rung) AT(check));
    STRUCT(engram_arena_config, AT(size) AT(overflow) AT(zero_on_release) AT(reserved) AT(bytes));
    STRUCT(engram_mark, AT(used) AT(serial) AT(outer));
    STRUCT(engram_arena_info, AT(capacity) AT(used) AT(peak) AT(window_peak) AT(overflows)
                                  AT(fallbacks) AT(fallback_bytes) AT(releases));
    STRUCT(engram_arena_totals, AT(resets) AT(overflows) AT(peak) AT(fallbacks) AT(fallback_bytes)
                                    AT(arenas) AT(capacity));
    STRUCT(engram_panel, AT(queries) AT(norms) AT(packed) AT(count) AT(dim));
    STRUCT(engram_hit, AT(id) AT(score));
    STRUCT(engram_law, AT(size) AT(curve) AT(tau_s) AT(unit_s) AT(beta) AT(weight) AT(k) AT(c)
                           AT(recalls) AT(reserved));
    STRUCT(engram_law_each, AT(size) AT(reserved) AT(scale_s) AT(beta) AT(recalls));
    STRUCT(engram_run, AT(row) AT(degree) AT(entry));
    STRUCT(engram_pull, AT(rows) AT(runs) AT(run) AT(order) AT(sources) AT(weights)
                            AT(added_offsets) AT(added_sources) AT(added_weights));
    STRUCT(engram_delta, AT(edges) AT(last) AT(next) AT(targets) AT(weights) AT(classes));
    STRUCT(engram_graph_view, AT(nodes) AT(edges) AT(offsets) AT(ends) AT(targets) AT(weights)
                                  AT(classes) AT(pull) AT(delta));
    STRUCT(engram_graph_info, AT(rows_bytes) AT(pull_bytes) AT(delta_bytes) AT(names_bytes)
                                  AT(rows_seconds) AT(pull_seconds));
    STRUCT(engram_spread, AT(size) AT(steps) AT(normalise) AT(keep) AT(gain) AT(restart));
    STRUCT(engram_frontier,
           AT(size) AT(hops) AT(fan) AT(accumulate) AT(visit_budget) AT(refractory)
               AT(cycle_penalty) AT(fan_strength) AT(step) AT(threshold) AT(gain) AT(budget));
    STRUCT(engram_walk, AT(memory) AT(reached) AT(edges) AT(hop) AT(complete));
    STRUCT(engram_bank_view, AT(dim) AT(slots) AT(count) AT(mapped) AT(rows) AT(norms) AT(live)
                                 AT(generations) AT(bytes) AT(form_bytes));
    STRUCT(engram_search, AT(size) AT(form) AT(candidates) AT(rerank) AT(keep));
    STRUCT(engram_seen, AT(scanned) AT(candidates) AT(reranked) AT(hits));
    STRUCT(engram_memories,
           AT(size) AT(slots) AT(bank) AT(graph) AT(strength) AT(last_recall) AT(confidence)
               AT(scale_s) AT(beta) AT(recalls) AT(links) AT(floor) AT(hidden));
    STRUCT(engram_cue, AT(size) AT(seed_count) AT(vector) AT(seed_ids) AT(seed_values));
    STRUCT(engram_recall_options,
           AT(size) AT(k) AT(now) AT(law) AT(frontier) AT(keep) AT(relevance) AT(seeds)
               AT(seed_threshold) AT(seed_temperature) AT(min_confidence) AT(recency_boost)
                   AT(recency_window_s) AT(confidence) AT(form) AT(candidates) AT(rerank));
    STRUCT(engram_recalled, AT(count) AT(complete) AT(confidence) AT(relevance) AT(edges));
    STRUCT(engram_source, AT(id) AT(share) AT(path_share) AT(path) AT(path_length));
    STRUCT(engram_explanation,
           AT(parts) AT(relevance) AT(score) AT(sources) AT(count) AT(complete) AT(edges));
    STRUCT(engram_parts, AT(similarity) AT(activation) AT(retention) AT(confidence) AT(recency));
    STRUCT(engram_memory_options, AT(size) AT(dim) AT(law) AT(capacity) AT(reserved));
    STRUCT(engram_record,
           AT(size) AT(fields) AT(vector) AT(content) AT(content_bytes) AT(meta) AT(meta_bytes)
               AT(created) AT(last_recall) AT(strength) AT(confidence) AT(floor) AT(scale_s)
                   AT(beta) AT(recalls) AT(memory_class) AT(flags));
    STRUCT(engram_link, AT(source) AT(target) AT(weight) AT(edge_class));
    STRUCT(engram_remembering, AT(size) AT(link_count) AT(links) AT(duplicates) AT(threshold));
    STRUCT(engram_remembered, AT(id) AT(evicted) AT(duplicates) AT(reserved));
    STRUCT(engram_reinforcement, AT(size) AT(amount) AT(scale_s) AT(beta));
    STRUCT(engram_conditions,
           AT(size) AT(given) AT(created) AT(last_recall) AT(strength) AT(confidence) AT(retention)
               AT(recalls) AT(classes) AT(flags_on) AT(flags_off) AT(now));
    STRUCT(engram_memory_info,
           AT(dim) AT(capacity) AT(slots) AT(count) AT(archived) AT(pinned) AT(marks) AT(read_only)
               AT(links) AT(text_bytes) AT(bytes) AT(undo_bytes) AT(sequence) AT(clock) AT(synced)
                   AT(journal_bytes) AT(earliest));
    STRUCT(engram_files,
           AT(size) AT(read_only) AT(repair) AT(reserved) AT(history_s) AT(journal_bytes));
    STRUCT(engram_caches, AT(bytes) AT(working_sets));
    STRUCT(engram_rng, AT(state));
    return 0;
}
