#include "sched/cost.h"

#include <algorithm>

namespace mr::sched {

double cost_us(const CostTable& table, std::int32_t n_rows) {
  const std::vector<CostPoint>& points = table.points;
  if (points.empty()) return 0;
  if (points.size() == 1 || n_rows <= points.front().n_rows) return points.front().us;
  const auto above = std::ranges::lower_bound(points, n_rows, {}, &CostPoint::n_rows);
  const auto end = above == points.end() ? points.end() - 1 : above;
  const CostPoint& a = *(end - 1);
  const CostPoint& b = *end;
  return a.us + (b.us - a.us) * (n_rows - a.n_rows) / (b.n_rows - a.n_rows);
}

std::int32_t rows_within(const CostTable& table, double budget_us, std::int32_t most) {
  std::int32_t low = 0;
  std::int32_t high = most;
  while (low < high) {
    const std::int32_t middle = high - (high - low) / 2;
    if (cost_us(table, middle) <= budget_us) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace mr::sched
