#include "sample/select.h"

#include <algorithm>

namespace mr::sample {
namespace {

bool reached(double sum, double wanted, bool strict) {
  return strict ? sum > wanted : sum >= wanted;
}

/// The middle key of the first, middle and last entry.
float pivot_of(std::span<const Weighted> entries) {
  const float a = entries.front().key;
  const float b = entries[entries.size() / 2].key;
  const float c = entries.back().key;
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

double sum_of(std::span<const Weighted> entries) {
  double sum = 0;
  for (const Weighted& entry : entries) sum += static_cast<double>(entry.weight);
  return sum;
}

}  // namespace

Weighted last_needed(std::span<Weighted> entries, double wanted, bool strict) {
  double sum = 0;  // of all that come before `entries`
  while (true) {
    const float pivot = pivot_of(entries);
    const auto equal = std::partition(entries.begin(), entries.end(),
                                      [&](const Weighted& w) { return w.key > pivot; });
    const auto larger = std::span(entries.begin(), equal);
    const double above = sum + sum_of(larger);
    if (!larger.empty() && reached(above, wanted, strict)) {
      entries = larger;
      continue;
    }
    const auto less =
        std::partition(equal, entries.end(), [&](const Weighted& w) { return w.key == pivot; });
    sum = above + sum_of({equal, less});
    if (reached(sum, wanted, strict) || less == entries.end()) {
      std::sort(equal, less, before);
      sum = above;
      for (auto at = equal; at != less; ++at) {
        sum += static_cast<double>(at->weight);
        if (reached(sum, wanted, strict)) return *at;
      }
      return *(less - 1);
    }
    entries = {less, entries.end()};
  }
}

}  // namespace mr::sample
