#include "kern/packed/packed.h"

#include <algorithm>
#include <cstring>

#include "kern/ref/decode.h"
#include "kern/simd/acts.h"
#include "kern/simd/packed.h"
#include "kern/simd/parallel.h"

namespace mr::kern::packed {
namespace {

constexpr std::int64_t kMaxColumnBytes = 256;  // of a chunk, in any type
constexpr std::int64_t kMaxDepth = 256;

/// Calls move(packed offset, offset in the column's blocks, bytes of an element) for every element
/// of the first column, in packed order.
template <typename Move>
void each_element(const PackedLayout& l, const Move& move) {
  std::int64_t packed = 0;
  std::int64_t field_at = 0;
  for (const PackedField& field : l.fields) {
    for (std::int64_t block = 0; block < l.blocks; ++block) {
      std::int64_t at = block * l.block_bytes + field_at;
      for (std::int64_t i = 0; i < field.count; ++i, at += field.bytes) {
        move(packed, at, field.bytes);
        packed += kStrip * field.bytes;
      }
    }
    field_at += field.bytes * field.count;
  }
}

template <typename T>
void interleave(const std::byte* const* columns, std::int64_t at, T flip, std::byte* to) {
  T line[kStrip];
  for (std::int64_t c = 0; c < kStrip; ++c) {
    std::memcpy(&line[c], columns[c] + at, sizeof(T));
    line[c] = static_cast<T>(line[c] ^ flip);
  }
  std::memcpy(to, line, sizeof line);
}

void pack_chunk(const PackedLayout& l, const std::byte* const* columns, std::byte* to) {
  const std::uint32_t flip = l.flip * 0x01010101U;
  each_element(l, [&](std::int64_t packed, std::int64_t at, std::int32_t bytes) {
    if (bytes == 4) return interleave<std::uint32_t>(columns, at, flip, to + packed);
    if (bytes == 2) return interleave<std::uint16_t>(columns, at, 0, to + packed);
    interleave<std::uint8_t>(columns, at, 0, to + packed);
  });
}

/// One strip: up to 16 rows of the file from `from` on.
void pack_strip(const PackArgs& a, const PackedLayout& l, const std::byte* from,
                std::int64_t n_columns, std::byte* to) {
  const std::int64_t column_bytes = l.blocks * l.block_bytes;
  const auto row = static_cast<std::int64_t>(row_bytes(a.type, static_cast<std::uint64_t>(a.n_in)));
  static constexpr std::byte kZeros[kMaxColumnBytes] = {};
  std::byte padded[kStrip][kMaxColumnBytes];
  const std::byte* columns[kStrip];
  for (std::int64_t at = 0; at < row; at += column_bytes, to += chunk_bytes(l)) {
    const std::int64_t bytes = std::min(column_bytes, row - at);
    for (std::int64_t c = 0; c < kStrip; ++c) {
      columns[c] = c < n_columns ? from + c * row + at : kZeros;
      if (bytes == column_bytes || c >= n_columns) continue;
      std::memcpy(padded[c], columns[c], static_cast<std::size_t>(bytes));
      std::memset(padded[c] + bytes, 0, static_cast<std::size_t>(column_bytes - bytes));
      columns[c] = padded[c];
    }
    pack_chunk(l, columns, to);
  }
}

}  // namespace

std::size_t packed_bytes(DType type, std::int64_t n_out, std::int64_t n_in) {
  const PackedLayout l = packed_layout(type);
  if (l.depth == 0) return 0;
  return static_cast<std::size_t>((n_out + kStrip - 1) / kStrip * n_chunks(l, n_in) *
                                  chunk_bytes(l));
}

std::size_t act_bytes(std::int64_t n_rows, std::int64_t dim) {
  return static_cast<std::size_t>(n_rows * act_layout(dim).stride);
}

void pack(const Device& device, const PackArgs& a) {
  const PackedLayout l = packed_layout(a.type);
  const std::int64_t strip_bytes = n_chunks(l, a.n_in) * chunk_bytes(l);
  const auto row = static_cast<std::int64_t>(row_bytes(a.type, static_cast<std::uint64_t>(a.n_in)));
  shares(device, a.n_out, kStrip, [&](std::int64_t out, std::int64_t end) {
    for (; out < end; out += kStrip) {
      pack_strip(a, l, static_cast<const std::byte*>(a.from) + out * row,
                 std::min(kStrip, end - out),
                 static_cast<std::byte*>(a.to) + out / kStrip * strip_bytes);
    }
  });
}

void unpack_column(DType type, const std::byte* chunk, std::int64_t column, std::byte* to) {
  const PackedLayout l = packed_layout(type);
  const std::uint32_t flip = l.flip * 0x01010101U;
  each_element(l, [&](std::int64_t packed, std::int64_t at, std::int32_t bytes) {
    std::memcpy(to + at, chunk + packed + column * bytes, static_cast<std::size_t>(bytes));
    if (bytes != 4 || flip == 0) return;
    std::uint32_t word = 0;
    std::memcpy(&word, to + at, sizeof word);
    word ^= flip;
    std::memcpy(to + at, &word, sizeof word);
  });
}

void embed(const Device& device, const EmbedArgs& a) {
  const std::int64_t dim = a.table.n_in;
  const PackedLayout l = packed_layout(a.table.type);
  const std::int64_t strip_bytes = n_chunks(l, dim) * chunk_bytes(l);
  each(device, a.n_rows, [&](std::int64_t r) {
    const std::int64_t token = a.token[r];
    const std::byte* chunk =
        static_cast<const std::byte*>(a.table.data) + token / kStrip * strip_bytes;
    std::byte blocks[kMaxColumnBytes];
    float values[kMaxDepth];
    float* x = a.x + r * dim;
    for (std::int64_t k = 0; k < dim; k += l.depth, chunk += chunk_bytes(l)) {
      unpack_column(a.table.type, chunk, token % kStrip, blocks);
      ref::decode(a.table.type, blocks, values, static_cast<std::size_t>(l.depth));
      const std::int64_t n = std::min(l.depth, dim - k);
      for (std::int64_t i = 0; i < n; ++i) x[k + i] = values[i] * a.scale;
    }
  });
}

}  // namespace mr::kern::packed
