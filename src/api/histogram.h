#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace mr::api {

struct Histogram {
  std::span<const double> bounds;          ///< rising
  std::vector<std::uint64_t> counts = {};  ///< (bounds + 1) the last: above all of them
  double sum = 0;
};

inline Histogram make_histogram(std::span<const double> bounds) {
  return {.bounds = bounds, .counts = std::vector<std::uint64_t>(bounds.size() + 1)};
}

inline void observe(Histogram& h, double value) {
  const auto place = std::ranges::lower_bound(h.bounds, value) - h.bounds.begin();
  ++h.counts[static_cast<std::size_t>(place)];
  h.sum += value;
}

}  // namespace mr::api
