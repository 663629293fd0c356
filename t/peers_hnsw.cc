// peers_hnsw.cc - the peers that have C++ interfaces only, hnswlib and FAISS, behind functions of C.
// SPDX-License-Identifier: MIT
#include "config.h"
#include "peers.h"

#ifdef HAVE_FAISS
#include <faiss/IndexFlat.h>

struct peers_faiss {
    faiss::IndexFlatIP index;
};

peers_faiss *peers_faiss_new(const float *rows, size_t n, size_t dim)
{
    peers_faiss *made = new peers_faiss{faiss::IndexFlatIP(dim)};
    made->index.add(n, rows);
    return made;
}

void peers_faiss_search(peers_faiss *made, const float *queries, size_t count, size_t k,
                        float *scores, int64_t *ids)
{
    static_assert(sizeof(faiss::Index::idx_t) == sizeof *ids, "ids have 64 bits");
    made->index.search(count, queries, k, scores, reinterpret_cast<faiss::Index::idx_t *>(ids));
}

void peers_faiss_free(peers_faiss *made)
{
    delete made;
}
#endif

#ifdef HAVE_HNSWLIB
#include <hnswlib/hnswlib.h>

struct peers_hnsw {
    hnswlib::InnerProductSpace space;
    hnswlib::HierarchicalNSW<float> index;
    peers_hnsw(size_t n, size_t dim, size_t m, size_t ef_construction)
        : space(dim), index(&space, n, m, ef_construction)
    {
    }
};

peers_hnsw *peers_hnsw_new(const float *rows, size_t n, size_t dim, size_t m,
                           size_t ef_construction)
{
    peers_hnsw *made = new peers_hnsw(n, dim, m, ef_construction);
    for (size_t i = 0; i < n; i++)
        made->index.addPoint(rows + i * dim, i);
    return made;
}

void peers_hnsw_search(peers_hnsw *made, const float *queries, size_t count, size_t k, size_t ef,
                       uint32_t *ids)
{
    const size_t dim = *static_cast<size_t *>(made->space.get_dist_func_param());
    made->index.setEf(ef);
    for (size_t q = 0; q < count; q++) {
        auto found = made->index.searchKnn(queries + q * dim, k);
        for (size_t i = k; i-- > 0;) {
            ids[q * k + i] = found.empty() ? UINT32_MAX : found.top().second;
            if (!found.empty())
                found.pop();
        }
    }
}

void peers_hnsw_free(peers_hnsw *made)
{
    delete made;
}
#endif
