#pragma once
#include "kern/table.h"

/// What the levels with packed weights share: how weights are packed, found again and embedded.
namespace mr::kern::packed {

std::size_t packed_bytes(DType type, std::int64_t n_out, std::int64_t n_in);
std::size_t act_bytes(std::int64_t n_rows, std::int64_t dim);
void pack(const Device& device, const PackArgs& a);
void embed(const Device& device, const EmbedArgs& a);

/// The blocks of one column of a chunk, as in the file. `chunk` is a strip's, column below 16.
void unpack_column(DType type, const std::byte* chunk, std::int64_t column, std::byte* to);

}  // namespace mr::kern::packed
