#include "sample/accept.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sample/draw.h"

namespace mr::sample {
namespace {

constexpr double kThreshold = 0.09;
constexpr double kOfEntropy = 0.3;
constexpr std::uint32_t kLane = 2;                        ///< random words of the chances below
constexpr std::uint64_t kOfTheRest = 0x5bd1e9955bd1e995;  ///< makes the noise another one

/// Uniform in (0, 1), for one token at one place.
double chance(const Key& key, std::int32_t token) {
  const auto id = static_cast<std::uint32_t>(token);
  return (static_cast<double>(random_words(key, id / 4, kLane)[id % 4]) + 0.5) * 0x1p-32;
}

std::size_t accept_by_rejection(Candidates& c, std::span<const std::int32_t> proposed,
                                const Key& key) {
  std::vector<std::pair<std::size_t, float>> rejected;
  std::size_t taken = kNone;
  for (const std::int32_t token : proposed) {
    const std::size_t i = find(c, token);
    const double sum = weigh(c, largest(c));
    if (i == kNone || c.logit[i] == kNever || sum <= 0) continue;
    if (chance(key, token) * sum < static_cast<double>(c.values[i])) {
      taken = i;
      break;
    }
    rejected.emplace_back(i, c.logit[i]);
    set(c, i, kNever);
  }
  if (taken == kNone) {
    Key other = key;
    if (!proposed.empty()) other.seed ^= kOfTheRest;
    taken = draw(c, other);
  }
  // What learns from the draw looks at all of its candidates.
  for (const auto& [i, logit] : rejected) set(c, i, logit);
  return taken;
}

std::size_t accept_typical(Candidates& c, std::span<const std::int32_t> proposed, const Key& key) {
  const double sum = proposed.empty() ? 0 : weigh(c, largest(c));
  if (sum <= 0) return draw(c, key);
  double entropy = 0;
  for (const float weight : c.values) {
    const double p = static_cast<double>(weight) / sum;
    if (p > 0) entropy -= p * std::log(p);
  }
  const double least = std::min(kThreshold, kOfEntropy * std::exp(-entropy));
  for (const std::int32_t token : proposed) {
    const std::size_t i = find(c, token);
    if (i == kNone || c.logit[i] == kNever) continue;
    if (static_cast<double>(c.values[i]) / sum > least) return i;
  }
  return draw(c, key);
}

}  // namespace

std::size_t accept(Candidates& c, std::span<const std::int32_t> proposed, Acceptance acceptance,
                   const Key& key) {
  switch (acceptance) {
    case Acceptance::exact:
      break;
    case Acceptance::rejection:
      return accept_by_rejection(c, proposed, key);
    case Acceptance::typical:
      return accept_typical(c, proposed, key);
  }
  return draw(c, key);
}

}  // namespace mr::sample
