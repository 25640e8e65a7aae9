#pragma once
#include <cstdint>
#include <vector>

/// Which rows run in the next step: pure logic over token lists and page numbers. Nothing here has
/// a clock, a model or randomness: a plan is a function of the state and of what the caller says
/// the time is.
///
/// submit, cancel, offer  change what is to be done            (request.h, state.h)
/// plan                   says what the next step computes     (plan.h, batch.h)
/// commit                 takes what came out of it            (commit.h)
namespace mr::sched {

/// How long a step of so many rows takes on this machine, as it was measured.
struct CostPoint {
  std::int32_t n_rows;
  double us;
};

/// T(n): points by rising n_rows, with straight lines between them; before the first point as the
/// first, behind the last as the last two go on. Without points every step is free.
struct CostTable {
  std::vector<CostPoint> points;
};

/// T(n). Units: microseconds.
double cost_us(const CostTable& table, std::int32_t n_rows);

/// The largest n up to `most` with T(n) <= budget_us, or 0.
std::int32_t rows_within(const CostTable& table, double budget_us, std::int32_t most);

}  // namespace mr::sched
