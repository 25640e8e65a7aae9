#pragma once
#include <cstdint>

#include "base/rng.h"

namespace mr::sample {

/// Where a draw stands: everything random about it follows from this, so nothing depends on the
/// order of calls.
struct Key {
  std::uint64_t seed = 0;
  std::uint32_t choice = 0;    ///< which of the request's answers
  std::uint32_t position = 0;  ///< of the token that is drawn
};

/// Four random words. Lane 0 has the Gumbel noise, token ids 4 * group to 4 * group + 3; lane 1 the
/// chances of samplers.
inline std::array<std::uint32_t, 4> random_words(const Key& key, std::uint32_t group,
                                                 std::uint32_t lane) {
  return philox({group, key.position, key.choice, lane},
                {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
}

/// A number in (0, 1) for XTC.
inline float chance(const Key& key) {
  return open_unit(random_words(key, 0, 1)[0]);
}

}  // namespace mr::sample
