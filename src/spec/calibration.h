#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "spec/draft.h"

namespace mr::spec {

/// What a proposer's probabilities have proved to be worth: for each bucket of what it says of a
/// node under its parent, and of the node's depth, the share that came true lately.
struct Calibration {
  struct Bucket {
    float share = 0;   ///< a moving average
    float weight = 0;  ///< nodes behind it, as far as they count
  };
  static constexpr std::size_t kScores = 8;
  static constexpr std::size_t kDepths = 4;  ///< 1, 2, 3 and 4, deeper
  std::array<Bucket, kScores * kDepths> buckets;
};

/// The draft with what its nodes come true with by experience: as far as there is any, else as the
/// proposer says.
Draft calibrated(const Calibration& calibration, Draft draft);

/// Learns from the tokens that followed: each node whose parent came true is a case, computed or
/// not.
void learn(Calibration& calibration, const Draft& draft, std::span<const std::int32_t> tokens);

}  // namespace mr::spec
