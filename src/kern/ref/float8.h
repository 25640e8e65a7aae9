#pragma once
#include <cstdint>

#include "base/half.h"

namespace mr::kern::ref {

/// An FP8 number of 4 exponent and 3 mantissa bits, exact: no infinities, 0x7F and 0xFF are NaN.
/// Source: Micikevicius et al., "FP8 Formats for Deep Learning", 2022.
inline float e4m3_to_f32(std::uint8_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x80U) << 24;
  const std::uint32_t rest = bits & 0x7FU;
  if (rest == 0x7F) return std::bit_cast<float>(sign | 0x7FC00000U);
  if (rest >= 8) return std::bit_cast<float>(sign | ((rest << 20) + (120U << 23)));
  const float magnitude = static_cast<float>(rest) * 0x1p-9F;  // subnormal or zero
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

}  // namespace mr::kern::ref
