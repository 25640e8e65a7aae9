#include "spec/calibration.h"

#include <algorithm>

namespace mr::spec {
namespace {

constexpr float kBelieved = 4;    ///< cases that a proposer's own word counts as
constexpr float kMostCases = 64;  ///< after which the average moves on

std::size_t bucket_of(float said, std::int32_t depth) {
  const auto score =
      std::min(static_cast<std::size_t>(said * Calibration::kScores), Calibration::kScores - 1);
  const std::size_t deep = depth <= 2 ? static_cast<std::size_t>(depth - 1) : depth <= 4 ? 2 : 3;
  return score * Calibration::kDepths + deep;
}

/// What the proposer says of a node once its parent has come true.
float said_of(const Draft& draft, std::size_t node) {
  const float parent = draft.probability[static_cast<std::size_t>(draft.parent[node])];
  return parent > 0 ? std::clamp(draft.probability[node] / parent, 0.0F, 1.0F) : 0.0F;
}

}  // namespace

Draft calibrated(const Calibration& calibration, Draft draft) {
  // First all that the proposer said, since it is said of whole paths.
  std::vector<float> each(draft.token.size(), 1.0F);
  for (std::size_t node = 1; node < draft.token.size(); ++node) {
    const float said = said_of(draft, node);
    const Calibration::Bucket& bucket = calibration.buckets[bucket_of(said, draft.depth[node])];
    each[node] = (kBelieved * said + bucket.weight * bucket.share) / (kBelieved + bucket.weight);
  }
  for (std::size_t node = 1; node < draft.token.size(); ++node) {
    draft.probability[node] =
        draft.probability[static_cast<std::size_t>(draft.parent[node])] * each[node];
  }
  return draft;
}

void learn(Calibration& calibration, const Draft& draft, std::span<const std::int32_t> tokens) {
  std::vector<std::uint8_t> came_true(draft.token.size());
  if (!came_true.empty()) came_true[0] = 1;
  for (std::size_t node = 1; node < draft.token.size(); ++node) {
    const auto depth = static_cast<std::size_t>(draft.depth[node]);
    if (came_true[static_cast<std::size_t>(draft.parent[node])] == 0 || depth > tokens.size()) {
      continue;
    }
    came_true[node] = draft.token[node] == tokens[depth - 1] ? 1 : 0;
    Calibration::Bucket& bucket =
        calibration.buckets[bucket_of(said_of(draft, node), draft.depth[node])];
    bucket.weight = std::min(bucket.weight + 1, kMostCases);
    bucket.share += (static_cast<float>(came_true[node]) - bucket.share) / bucket.weight;
  }
}

}  // namespace mr::spec
