#include "kern/ref/finite.h"

#include <cstdint>
#include <cstring>

namespace mr::kern::ref {
namespace {

/// Whether no number of `n` has all bits of `exponent`, which NaN and infinity alone have.
template <typename Bits>
bool none_has(const std::byte* from, std::size_t n, Bits exponent) {
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Bits bits;
    std::memcpy(&bits, from + i * sizeof bits, sizeof bits);
    bad |= static_cast<std::uint32_t>((bits & exponent) == exponent);
  }
  return bad == 0;
}

constexpr std::uint16_t kF16Exponent = 0x7C00;

/// Whether the F16 factors at `places` of every block are finite.
template <typename... Place>
bool factors_finite(const std::byte* from, std::size_t n_blocks, std::size_t block_bytes,
                    Place... places) {
  for (std::size_t i = 0; i < n_blocks; ++i) {
    const std::byte* block = from + i * block_bytes;
    if (!(none_has(block + places, 1, kF16Exponent) && ...)) return false;
  }
  return true;
}

/// Whether every block's power of two leaves its values finite, the largest being 12 halves.
bool powers_finite(const std::byte* from, std::size_t n_blocks, std::size_t block_bytes) {
  constexpr auto kFirstBad = std::byte{253};
  for (std::size_t i = 0; i < n_blocks; ++i) {
    if (from[i * block_bytes] >= kFirstBad) return false;
  }
  return true;
}

}  // namespace

bool all_finite(DType type, const void* data, std::size_t n) {
  const auto* from = static_cast<const std::byte*>(data);
  const TypeTraits of = traits(type);
  const auto factors = [&](auto... places) {
    return factors_finite(from, n / of.block, of.block_bytes, places...);
  };
  switch (type) {
    case DType::f32:
      return none_has<std::uint32_t>(from, n, 0x7F800000U);
    case DType::f16:
      return none_has(from, n, kF16Exponent);
    case DType::bf16:
      return none_has<std::uint16_t>(from, n, 0x7F80);
    case DType::f8_e4m3:
      return none_has<std::uint8_t>(from, n, 0x7F);
    case DType::q8_0:
    case DType::q4_0:
    case DType::q5_0:
    case DType::iq4_nl:
    case DType::iq4_xs:
    case DType::iq3_s:
    case DType::iq3_xxs:
    case DType::iq2_xxs:
    case DType::iq2_xs:
    case DType::iq2_s:
      return factors(0);
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return factors(0, 2);
    case DType::q2_k:
      return factors(80, 82);
    case DType::q3_k:
      return factors(108);
    case DType::q6_k:
      return factors(208);
    case DType::mxfp4:
      return powers_finite(from, n / of.block, of.block_bytes);
    default:
      return true;
  }
}

}  // namespace mr::kern::ref
