#include "api/step_figures.h"

#include <cmath>

namespace mr::api {
namespace {

void observe_all(Histogram& h, const std::vector<double>& times_us) {
  for (const double us : times_us) observe(h, us * 1e-6);
}

}  // namespace

void add_step(StepFigures& figures, const engine::Engine& engine, const engine::Counts& before,
              const StepCost& cost, double took_s) {
  constexpr double kLately_s = 10;
  const kv::Ages& ages = engine.state.tree.ages;
  observe_all(figures.page_lifetime, ages.lifetime_us);
  observe_all(figures.page_idle, ages.idle_us);
  observe_all(figures.page_reuse, ages.reuse_us);
  const engine::Counts& now = engine.counts;
  if (now.steps == before.steps) return;  // nothing ran
  const auto n_rows = static_cast<double>(now.rows - before.rows);
  const auto n_positions = static_cast<double>(now.kv_positions - before.kv_positions);
  observe(figures.tokens, n_rows);
  figures.busy_s += took_s;
  const double kept = std::exp(-took_s / kLately_s);
  figures.lately_s = figures.lately_s * kept + took_s;
  figures.lately_bytes =
      figures.lately_bytes * kept + cost.weight_bytes + n_positions * cost.position_bytes;
  figures.lately_compute = figures.lately_compute * kept + n_rows * cost.row_s;
}

double memory_share(const StepFigures& figures, const StepCost& cost) {
  if (figures.lately_s <= 0 || cost.read_bytes_per_s <= 0) return 0;
  return figures.lately_bytes / cost.read_bytes_per_s / figures.lately_s;
}

double compute_share(const StepFigures& figures) {
  return figures.lately_s > 0 ? figures.lately_compute / figures.lately_s : 0;
}

}  // namespace mr::api
