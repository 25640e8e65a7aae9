#pragma once
#include "kern/simd/acts.h"
#include "kern/simd/packed.h"

/// Weights of one strip, up to 256 along K, as the products take them: the nearest hot layout of
/// every type. It stays in L1 while the rows of a step pass by.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline constexpr std::int64_t kPanelDepth = 256;
inline constexpr std::int64_t kPanelGroups = kPanelDepth / kGroup;
inline constexpr std::int64_t kAhead = 2048;  // bytes of the stream asked for before they are used

/// Unsigned weights u with w = scale * (u - zero point) - minimum.
struct Panel {
  alignas(64) std::uint8_t line[kPanelDepth / 4][64];  ///< 4 weights of 16 columns each
  alignas(64) float scale[kPanelDepth / 16][kStrip];   ///< of each group of 32, or of 16
  alignas(64) float minimum[kPanelDepth / 16][kStrip];
};

/// What the products must know of the panels of a type.
struct PanelKind {
  bool halves = false;  ///< scales are those of 16 weights, not 32
  bool has_minimum = false;
  int zero_shift = -1;  ///< the zero point is 1 << this; -1: it is 0
  bool wide = false;    ///< weights above 127, zero point 128
  int most = 15;        ///< the largest weight
};

/// Asks for the part of the stream that comes kAhead bytes after `from`.
inline void ask_ahead(const std::byte* from, std::int64_t bytes) {
  for (std::int64_t i = 0; i < bytes; i += 64) _mm_prefetch(from + kAhead + i, _MM_HINT_T0);
}

}  // namespace
}  // namespace mr::kern
