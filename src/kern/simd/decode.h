#pragma once
#include "kern/table.h"

/// The decoder of ref, told again for ISA folders, which include no header but those of simd.
namespace mr::kern::ref {

void decode(DType type, const void* from, float* to, std::size_t n);

}  // namespace mr::kern::ref
