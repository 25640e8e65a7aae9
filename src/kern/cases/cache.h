#pragma once
#include <vector>

#include "kern/cases/case.h"

/// Filled caches for the cases of attention.
namespace mr::kern::cases {

/// A cache whose every slot holds random K and V in layer 1 of 2, the same on every level.
struct Cache {
  KvView kv;
  std::vector<std::int32_t> pages;  ///< (n_seqs, max_pages), shuffled
};

/// Slots enough for the rows of `shape`.
Cache put_cache(Prepared& to, const Device& device, const Attention& shape);

/// Attention of the rows of `shape` in layer 1.
AttentionArgs put_attention(Prepared& to, const Device& device, const Attention& shape,
                            const KvView& kv);

/// Where its results are.
Output seen_by(const Attention& shape, const AttentionArgs& args);

}  // namespace mr::kern::cases
