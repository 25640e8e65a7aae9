#pragma once
#include <span>

#include "sample/candidates.h"

namespace mr::sample {

/// The last entry that is needed for the weights of the largest keys to come to `wanted`, or to
/// pass it where `strict`; the last of all where they do not. Reorders the entries, of which there
/// is one at least.
/// Cost: O(n) on average; nothing is sorted but equal keys.
Weighted last_needed(std::span<Weighted> entries, double wanted, bool strict);

/// Whether `a` comes before `b`: by falling key, then by rising index.
inline bool before(const Weighted& a, const Weighted& b) {
  return a.key > b.key || (a.key == b.key && a.index < b.index);
}

}  // namespace mr::sample
