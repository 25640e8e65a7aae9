#pragma once
#include <cstdint>
#include <vector>

#include "text/pieces.h"

/// Byte pair merging: repeatedly the neighbours of the lowest rank, the leftmost first.
namespace mr::text {

/// Merges `symbols` in place as far as `pairs` allows.
/// Cost: quadratic with a small factor up to 48 symbols; above, O(n log n) at worst and linear
/// for texts of few different pairs.
void merge(const PairTable& pairs, std::vector<Id>& symbols);

}  // namespace mr::text
