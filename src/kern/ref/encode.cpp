#include "kern/ref/encode.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/half.h"

namespace mr::kern::ref {
namespace {

constexpr std::size_t kBlock = 32;
constexpr std::size_t kHalf = kBlock / 2;

void encode_block(const float* from, std::byte* to) {
  const float* farthest = std::max_element(
      from, from + kBlock, [](float a, float b) { return std::abs(a) < std::abs(b); });
  const std::uint16_t scale = f32_to_f16(*farthest / -8.0F);
  std::memcpy(to, &scale, sizeof scale);
  const float step = f16_to_f32(scale);
  const auto level = [&](std::size_t i) {
    const float steps = step == 0 ? 0.0F : from[i] / step;
    return static_cast<unsigned>(std::clamp(std::lround(steps) + 8L, 0L, 15L));
  };
  for (std::size_t i = 0; i < kHalf; ++i) {
    to[sizeof scale + i] = static_cast<std::byte>(level(i) | level(i + kHalf) << 4U);
  }
}

}  // namespace

void encode_q4_0(const float* from, std::byte* to, std::size_t n) {
  constexpr std::size_t kBytes = sizeof(std::uint16_t) + kHalf;
  for (std::size_t i = 0; i < n; i += kBlock, to += kBytes) encode_block(from + i, to);
}

}  // namespace mr::kern::ref
