#pragma once
#include "kern/table.h"

/// Functions of plain C++ folders, told again for ISA folders, which include no header but those of
/// simd.
namespace mr::kern {

namespace ref {
void decode(DType type, const void* from, float* to, std::size_t n);
}  // namespace ref

namespace packed {
void unpack_column(DType type, const std::byte* chunk, std::int64_t column, std::byte* to);
}  // namespace packed

}  // namespace mr::kern
