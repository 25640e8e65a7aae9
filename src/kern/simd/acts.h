#pragma once
#include "kern/table.h"

/// Activations of the levels with packed weights. A row holds its values and what the products take
/// instead of them, made once by the operation that gives the row:
///
///     x      fp32                        for F32 and F16 weights
///     q      int8, round(x / d)          for block types; groups of 32 have one d = max |x| / 127
///     b      bf16, round(x)              for BF16 weights, where the level multiplies those
///
/// Everything is padded with zeros to a multiple of 64. Rows stand one after the other.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline constexpr std::int64_t kGroup = 32;       ///< values of a row with one scale
inline constexpr std::int64_t kActPadding = 64;  ///< what rows are padded to

/// Where the parts of a row stand, and the step to the next row, all in bytes.
struct ActLayout {
  std::int64_t padded;      ///< values of a row
  std::int64_t q;           ///< (padded) int8
  std::int64_t b;           ///< (padded) bf16
  std::int64_t d;           ///< (padded / 32) fp32
  std::int64_t neg_sum;     ///< (padded / 32) int32: minus the sum of q
  std::int64_t neg_part;    ///< (padded / 32) fp32: d times that
  std::int64_t neg_sum16;   ///< (padded / 16) int32: the same for every 16
  std::int64_t neg_part16;  ///< (padded / 16) fp32
  std::int64_t stride;
};

inline ActLayout act_layout(std::int64_t dim) {
  ActLayout l{};
  l.padded = (dim + kActPadding - 1) / kActPadding * kActPadding;
  const std::int64_t groups = l.padded / kGroup;
  l.q = 4 * l.padded;
  l.b = l.q + l.padded;
  l.d = l.b + 2 * l.padded;
  l.neg_sum = l.d + 4 * groups;
  l.neg_part = l.neg_sum + 4 * groups;
  l.neg_sum16 = l.neg_part + 4 * groups;
  l.neg_part16 = l.neg_sum16 + 8 * groups;
  const std::int64_t lines = (l.neg_part16 + 8 * groups + 63) / 64;
  l.stride = (lines | 1) * 64;  // odd, so that equal columns of many rows miss each other in L1
  return l;
}

/// A part of a row, as numbers.
template <typename T>
T* act_part(std::byte* row, std::int64_t offset) {
  return reinterpret_cast<T*>(row + offset);
}

template <typename T>
const T* act_part(const std::byte* row, std::int64_t offset) {
  return reinterpret_cast<const T*>(row + offset);
}

}  // namespace
}  // namespace mr::kern
