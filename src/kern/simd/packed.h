#pragma once
#include "kern/table.h"

/// Packed weights: the file's own bytes in another order, so they take no more room.
///
/// 16 output columns make a strip; a strip is one sequential stream of chunks along K. A chunk
/// holds whole blocks of the 16 columns, field by field: first every block's first field, and of
/// each element the 16 columns side by side. So the 4 bytes of 4 (or, low and high nibbles, 8)
/// weights of 16 columns make one line of 64 bytes, which VNNI takes as it is and AMX as a row of a
/// tile. Columns and blocks beyond the matrix are zero.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline constexpr std::int64_t kStrip = 16;  ///< columns that are interleaved

/// Equal elements that follow each other in a block.
struct PackedField {
  std::int32_t bytes = 0;  ///< of an element
  std::int32_t count = 0;
};

struct PackedLayout {
  std::int64_t depth = 0;   ///< weights of a column in a chunk
  std::int64_t blocks = 0;  ///< blocks of a column in a chunk
  std::int64_t block_bytes = 0;
  PackedField fields[6] = {};
  std::uint8_t flip = 0;  ///< XORed with every 4-byte element's bytes: signed to unsigned
};

/// Blocks of `depth` / `blocks` weights that are made of these fields.
constexpr PackedLayout packed_layout(std::int64_t depth, std::int64_t blocks, PackedField f0,
                                     PackedField f1 = {}, PackedField f2 = {}, PackedField f3 = {},
                                     PackedField f4 = {}, PackedField f5 = {}) {
  PackedLayout l{depth, blocks, 0, {f0, f1, f2, f3, f4, f5}, 0};
  for (const PackedField& f : l.fields) l.block_bytes += f.bytes * f.count;
  return l;
}

constexpr PackedLayout packed_layout(DType type) {
  switch (type) {
    case DType::f32:
      return packed_layout(64, 64, {4, 1});
    case DType::f16:
      return packed_layout(64, 64, {2, 1});
    case DType::bf16:  // pairs along K
      return packed_layout(64, 32, {4, 1});
    case DType::f8_e4m3:
      return packed_layout(64, 64, {1, 1});
    case DType::q8_0: {  // scale, quants
      PackedLayout l = packed_layout(64, 2, {2, 1}, {4, 8});
      l.flip = 0x80;
      return l;
    }
    case DType::q4_0:  // scale, quants
    case DType::iq4_nl:
      return packed_layout(64, 2, {2, 1}, {4, 4});
    case DType::mxfp4:
      return packed_layout(64, 2, {1, 1}, {4, 4});
    case DType::q4_1:  // scale, minimum, quants
      return packed_layout(64, 2, {2, 1}, {2, 1}, {4, 4});
    case DType::q5_0:  // scale, fifth bits, quants
      return packed_layout(64, 2, {2, 1}, {4, 1}, {4, 4});
    case DType::q5_1:  // scale, minimum, fifth bits, quants
      return packed_layout(64, 2, {2, 1}, {2, 1}, {4, 1}, {4, 4});
    case DType::q2_k:  // scales and minima, quants, scale, minimum
      return packed_layout(256, 1, {1, 16}, {4, 16}, {2, 1}, {2, 1});
    case DType::q3_k:  // third bits, quants, scales, scale
      return packed_layout(256, 1, {4, 8}, {4, 16}, {4, 3}, {2, 1});
    case DType::q4_k:  // scale, minimum, scales and minima, quants
      return packed_layout(256, 1, {2, 1}, {2, 1}, {4, 3}, {4, 32});
    case DType::q5_k:  // scale, minimum, scales and minima, fifth bits, quants
      return packed_layout(256, 1, {2, 1}, {2, 1}, {4, 3}, {4, 8}, {4, 32});
    case DType::q6_k:  // low bits, high bits, scales, scale
      return packed_layout(256, 1, {4, 32}, {4, 16}, {1, 16}, {2, 1});
    case DType::iq4_xs:  // scale, high and low bits of scales, quants
      return packed_layout(256, 1, {2, 1}, {2, 1}, {4, 1}, {4, 32});
    case DType::iq3_s:
    case DType::iq3_xxs:
    case DType::iq2_xxs:
    case DType::iq2_xs:
    case DType::iq2_s:
      return packed_layout(256, 1, {2, static_cast<std::int32_t>(traits(type).block_bytes / 2)});
    default:
      return {};
  }
}

/// Bytes of a chunk.
constexpr std::int64_t chunk_bytes(const PackedLayout& l) {
  return kStrip * l.blocks * l.block_bytes;
}

/// Chunks of a strip whose columns have `n_in` weights.
constexpr std::int64_t n_chunks(const PackedLayout& l, std::int64_t n_in) {
  return (n_in + l.depth - 1) / l.depth;
}

}  // namespace
}  // namespace mr::kern
