#pragma once
#include "kern/table.h"

/// The page of the CPU levels: K as (n_kv_heads, 64, k_dim), then V as (n_kv_heads, 64, v_dim)
/// unless it is a part of K, in the type of the cache. With I8 the fp32 scales follow, one for each
/// head of a slot: those of K as (n_kv_heads, 64), then those of V in the same way.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline std::int64_t element_bytes(const KvView& kv) {
  return traits(kv.type).block_bytes;
}

/// Page `page` of layer `layer`.
inline std::byte* page_at(const KvView& kv, std::int64_t page, std::int64_t layer) {
  return kv.memory + (page * kv.n_layers + layer) * static_cast<std::int64_t>(kv.page_bytes);
}

/// The page of layer `layer` that holds a slot of a sequence.
inline std::byte* page_of(const KvView& kv, std::int64_t layer, std::int64_t seq,
                          std::int64_t slot) {
  return page_at(kv, kv.pages[seq * kv.max_pages + slot / kPagePositions], layer);
}

/// Where in its page a head's K of a slot stands, in bytes.
inline std::int64_t k_offset(const KvView& kv, std::int64_t head, std::int64_t slot) {
  return (head * kPagePositions + slot % kPagePositions) * kv.k_dim * element_bytes(kv);
}

/// Where in its page a head's V of a slot stands, in bytes.
inline std::int64_t v_offset(const KvView& kv, std::int64_t head, std::int64_t slot) {
  if (kv.v_in_k) return k_offset(kv, head, slot);
  const std::int64_t k_elements = std::int64_t{kv.n_kv_heads} * kPagePositions * kv.k_dim;
  const std::int64_t v_elements = (head * kPagePositions + slot % kPagePositions) * kv.v_dim;
  return (k_elements + v_elements) * element_bytes(kv);
}

/// Where the values of a page end; with I8 the scales begin there.
inline std::int64_t values_end(const KvView& kv) {
  return v_offset(kv, kv.n_kv_heads, 0);
}
inline std::int64_t k_scale_offset(const KvView& kv, std::int64_t head, std::int64_t slot) {
  return values_end(kv) + (head * kPagePositions + slot % kPagePositions) * 4;
}
inline std::int64_t v_scale_offset(const KvView& kv, std::int64_t head, std::int64_t slot) {
  return k_scale_offset(kv, kv.v_in_k ? head : kv.n_kv_heads + head, slot);
}

/// The positions that a row attends to: [begin, end), the last one its own.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

inline Span attended(const Rows& rows, std::int64_t row, std::int64_t window) {
  const std::int64_t n_path = rows.path_begin[row + 1] - rows.path_begin[row];
  const std::int64_t end = rows.context[row] + n_path;
  return {window > 0 && window < end ? end - window : 0, end};
}

/// The slot that holds what a row sees at `position`.
inline std::int64_t slot_of(const Rows& rows, std::int64_t row, std::int64_t position) {
  const std::int64_t context = rows.context[row];
  return position < context ? position : rows.path[rows.path_begin[row] + position - context];
}

}  // namespace
}  // namespace mr::kern
