#include <algorithm>
#include <cmath>

#include "kern/ref/ref.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {
namespace {

/// Takes the best of what is still open, the first one where several are equal.
std::int32_t take_best(const double* value, bool* open, std::int32_t n) {
  std::int32_t best = -1;
  for (std::int32_t i = 0; i < n; ++i) {
    if (open[i] && (best < 0 || value[i] > value[best])) best = i;
  }
  open[best] = false;
  return best;
}

/// In place: exp(x) over its sum.
void softmax(double* x, std::int32_t n) {
  const double top = *std::max_element(x, x + n);
  double sum = 0;
  for (std::int32_t i = 0; i < n; ++i) {
    x[i] = std::exp(x[i] - top);
    sum += x[i];
  }
  for (std::int32_t i = 0; i < n; ++i) x[i] /= sum;
}

/// Closes the experts of all but the best groups.
void limit_groups(const Routing& routing, const double* rank, std::int32_t n_experts, bool* open) {
  if (routing.n_used_groups >= routing.n_groups) return;
  const std::int32_t size = n_experts / routing.n_groups;
  double group[kMaxExperts] = {};
  bool open_group[kMaxExperts];
  std::fill_n(open_group, routing.n_groups, true);
  for (std::int32_t g = 0; g < routing.n_groups; ++g) {
    bool left[kMaxExperts];
    std::fill_n(left, size, true);
    for (std::int32_t i = 0; i < std::min(routing.n_group_top, size); ++i) {
      group[g] += rank[g * size + take_best(rank + g * size, left, size)];
    }
  }
  std::fill_n(open, n_experts, false);
  for (std::int32_t i = 0; i < routing.n_used_groups; ++i) {
    std::fill_n(open + take_best(group, open_group, routing.n_groups) * size, size, true);
  }
}

void route_row(const RouteArgs& a, std::int64_t r) {
  using Score = Routing::Score;
  const Routing& routing = a.routing;
  const float* logits = a.logits + r * a.n_experts;
  double score[kMaxExperts] = {};
  double rank[kMaxExperts];
  bool open[kMaxExperts];
  std::copy_n(logits, a.n_experts, score);
  if (routing.score == Score::softmax) softmax(score, a.n_experts);
  for (std::int32_t e = 0; e < a.n_experts; ++e) {
    if (routing.score == Score::sigmoid) score[e] = 1.0 / (1.0 + std::exp(-score[e]));
    rank[e] = score[e] + (routing.bias != nullptr ? static_cast<double>(routing.bias[e]) : 0.0);
    open[e] = true;
  }
  limit_groups(routing, rank, a.n_experts, open);
  double weight[kMaxExperts] = {};
  double sum = 0;
  for (std::int32_t j = 0; j < routing.n_used; ++j) {
    const std::int32_t e = take_best(rank, open, a.n_experts);
    a.expert[r * routing.n_used + j] = e;
    weight[j] = score[e];
    sum += score[e];
  }
  if (routing.score == Score::softmax_chosen) softmax(weight, routing.n_used);
  constexpr double kLeast = 1e-20;  // no division by 0 where every score has underflowed
  const double factor =
      static_cast<double>(routing.scale) / (routing.normalize ? sum + kLeast : 1.0);
  for (std::int32_t j = 0; j < routing.n_used; ++j) {
    a.weight[r * routing.n_used + j] = static_cast<float>(weight[j] * factor);
  }
}

/// Sorts the items by expert, those of an expert by row.
void sort_items(const RouteArgs& a) {
  const std::int64_t n_used = a.routing.n_used;
  const std::int64_t n_items = a.n_rows * n_used;
  std::fill_n(a.begin, a.n_experts + 1, 0);
  for (std::int64_t i = 0; i < n_items; ++i) ++a.begin[a.expert[i] + 1];
  for (std::int32_t e = 0; e < a.n_experts; ++e) a.begin[e + 1] += a.begin[e];
  std::int32_t next[kMaxExperts];
  std::copy_n(a.begin, a.n_experts, next);
  for (std::int64_t i = 0; i < n_items; ++i) {
    const std::int32_t item = next[a.expert[i]]++;
    a.item[i] = item;
    a.row[item] = static_cast<std::int32_t>(i / n_used);
  }
}

}  // namespace

void route(const Device& device, const RouteArgs& a) {
  shares(device, a.n_rows, 16, [&](std::int64_t r, std::int64_t end) {
    for (; r < end; ++r) route_row(a, r);
  });
  sort_items(a);
}

void combine(const Device& device, const CombineArgs& a) {
  const std::int64_t dim = a.dim;
  shares(device, a.n_rows * dim, 4096, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      const std::int64_t row = i / dim;
      double sum = a.x[i];
      for (std::int64_t j = row * a.n_used; j < (row + 1) * a.n_used; ++j) {
        sum += static_cast<double>(a.weight[j]) * a.y[a.item[j] * dim + i % dim];
      }
      a.x[i] = static_cast<float>(sum);
    }
  });
}

}  // namespace mr::kern::ref
