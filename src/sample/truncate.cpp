#include "sample/truncate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "sample/select.h"

namespace mr::sample {
namespace {

/// A sum of probabilities that lies this near to p counts as p: rounding is not to decide.
constexpr double kRounding = 3e-7;

float kth_largest(std::vector<float>& values, std::size_t k) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(values.begin(), at, values.end(), std::greater<>());
  return *at;
}

/// Drops, of a whole vocabulary, what cannot be among the k largest: k blocks have a maximum of
/// their own that is as large as the kth of the maxima.
void drop_small_blocks(Candidates& c, std::size_t k) {
  if (!c.token.empty() || k >= c.block_max.size()) return;
  c.values.assign(c.block_max.begin(), c.block_max.end());
  keep(c, kth_largest(c.values, k));
}

// Logits by how far they lie below the largest: 16 buckets for each e-fold, the rest in the last.
constexpr std::size_t kBuckets = 512;

std::size_t bucket_of(float below) {
  return static_cast<std::size_t>(std::min(below * 16, static_cast<float>(kBuckets - 1)));
}

}  // namespace

void top_k(Candidates& c, std::int32_t k) {
  const auto n_kept = static_cast<std::size_t>(std::max(k, 0));
  if (n_kept == 0 || n_kept >= c.logit.size()) return;
  drop_small_blocks(c, n_kept);
  if (n_kept >= c.logit.size()) return;
  c.values.assign(c.logit.begin(), c.logit.end());
  const float floor = kth_largest(c.values, n_kept);
  const auto n_above =
      std::count_if(c.logit.begin(), c.logit.end(), [&](float logit) { return logit > floor; });
  keep(c, floor, n_kept - static_cast<std::size_t>(n_above));
}

void top_p(Candidates& c, float p) {
  const float max = largest(c);
  if (p >= 1 || max == kNever) return;
  const double wanted = static_cast<double>(p) * weigh(c, max) * (1 - kRounding);
  std::array<double, kBuckets> mass{};
  for (std::size_t i = 0; i < c.logit.size(); ++i) {
    mass[bucket_of(max - c.logit[i])] += static_cast<double>(c.values[i]);
  }
  std::size_t bucket = 0;  // the one in which the sum comes to p
  double sum = 0;          // of those before it
  while (bucket + 1 < kBuckets && sum + mass[bucket] < wanted) sum += mass[bucket++];
  c.weighted.clear();
  for (std::size_t i = 0; i < c.logit.size(); ++i) {
    if (bucket_of(max - c.logit[i]) != bucket) continue;
    c.weighted.push_back({c.logit[i], c.values[i], static_cast<std::uint32_t>(i)});
  }
  if (c.weighted.empty()) return;
  const Weighted last = last_needed(c.weighted, wanted - sum, false);
  const auto n_equal = std::count(c.logit.begin(), c.logit.begin() + last.index + 1, last.key);
  keep(c, last.key, static_cast<std::size_t>(n_equal));
}

void min_p(Candidates& c, float p) {
  if (p <= 0) return;
  const float max = largest(c);
  keep(c, std::min(max, max + std::log(p)), p > 1 ? 1 : kNone);
}

void typical_p(Candidates& c, float p) {
  const float max = largest(c);
  if (p >= 1 || max == kNever) return;
  const double total = weigh(c, max);
  const double log_total = std::log(total);
  const auto log_p = [&](float logit) { return static_cast<double>(logit - max) - log_total; };
  double entropy = 0;
  for (const float logit : c.logit) {
    const double each = std::exp(log_p(logit));
    if (each > 0) entropy -= each * log_p(logit);
  }
  c.weighted.clear();
  for (std::size_t i = 0; i < c.logit.size(); ++i) {
    const auto far = static_cast<float>(-std::abs(log_p(c.logit[i]) + entropy));
    c.weighted.push_back({far, c.values[i], static_cast<std::uint32_t>(i)});
  }
  const Weighted last =
      last_needed(c.weighted, static_cast<double>(p) * total * (1 + kRounding), true);
  std::vector<std::uint8_t> marks(c.logit.size());
  for (const Weighted& entry : c.weighted) marks[entry.index] = before(last, entry) ? 0 : 1;
  keep_marked(c, marks);
}

void top_n_sigma(Candidates& c, float n) {
  if (n <= 0 || c.logit.size() <= 1) return;
  double sum = 0;
  double n_valid = 0;
  for (const float logit : c.logit) {
    if (logit == kNever) continue;
    sum += static_cast<double>(logit);
    n_valid += 1;
  }
  if (n_valid == 0) return;
  double squares = 0;
  for (const float logit : c.logit) {
    if (logit == kNever) continue;
    const double off = static_cast<double>(logit) - sum / n_valid;
    squares += off * off;
  }
  const double floor =
      static_cast<double>(largest(c)) - static_cast<double>(n) * std::sqrt(squares / n_valid);
  for (float& logit : c.logit) {
    if (static_cast<double>(logit) < floor) logit = kNever;
  }
  for (float& max : c.block_max) {
    if (static_cast<double>(max) < floor) max = kNever;
  }
}

void xtc(Candidates& c, float probability, float threshold, const Key& key) {
  if (probability <= 0 || threshold > 0.5F || c.logit.size() < 2) return;
  const float max = largest(c);
  if (max == kNever || chance(key) > probability) return;
  const double wanted = static_cast<double>(threshold) * weigh(c, max) * (1 - kRounding);
  const auto is_top = [&](std::size_t i) {
    return c.logit[i] != kNever && static_cast<double>(c.values[i]) >= wanted;
  };
  std::size_t last = kNone;
  for (std::size_t i = 0; i < c.values.size(); ++i) {
    if (is_top(i) && (last == kNone || c.logit[i] <= c.logit[last])) last = i;
  }
  if (last == kNone) return;
  std::vector<std::uint8_t> marks(c.logit.size());
  for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = i == last || !is_top(i) ? 1 : 0;
  keep_marked(c, marks);
}

}  // namespace mr::sample
