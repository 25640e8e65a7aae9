#pragma once
#include <cstddef>

#include "tensor/dtype.h"

namespace mr::kern::ref {

/// Whether every number of `n` stored elements (a multiple of the type's block) is finite; of block
/// types the factors are looked at, which decide it. Types that are no numbers pass.
/// Cost: one pass over the plain types, the factors' bytes of the others.
bool all_finite(DType type, const void* from, std::size_t n);

}  // namespace mr::kern::ref
