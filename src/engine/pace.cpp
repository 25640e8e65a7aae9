#include "engine/pace.h"

#include <algorithm>
#include <array>

#include "sys/clock.h"

namespace mr::engine {
namespace {

/// Among them both sides of the row counts where kernels change their form.
constexpr std::array<std::int32_t, 14> kRows{1, 2, 3, 4, 6, 8, 12, 16, 17, 24, 32, 33, 48, 64};
constexpr double kBudgetUs = 5e5;
constexpr int kTimes = 5;                 ///< a step is timed, the median counts
constexpr double kRemembered = 0.95;      ///< of what came out of the steps before
constexpr double kAll = 1 - kRemembered;  ///< of a surprise that all points take in
/// And those beside the row count in addition: little, since a surprise that is of the machine, and
/// would be one at every row count, must not make other row counts seem cheap.
constexpr double kOwn = 0.02;

/// A chain of n rows of one sequence, with the logits of all.
model::StepInput chain(std::int32_t n_rows, std::int32_t n_vocab) {
  model::StepInput step;
  for (std::int32_t row = 0; row < n_rows; ++row) {
    step.token.push_back(7919 * (row + 1) % n_vocab);
    step.pos.push_back(row);
    step.seq.push_back(0);
    step.slot.push_back(row);
    step.context.push_back(row + 1);
    step.path_begin.push_back(0);
    step.logit_rows.push_back(row);
  }
  step.pages = {0};
  step.max_pages = 1;
  return step;
}

Expected<double> time_step(Engine& engine, const model::StepInput& step) {
  const kern::Device& device = engine.model->device;
  const double begin = sys::now_us();
  MR_TRY_VOID(model::forward(*engine.model, engine.workspace, engine.store.view, step));
  device.ops->synchronize(device);
  return sys::now_us() - begin;
}

/// More rows never cost less: what the scheduler counts on.
void straighten(std::vector<sched::CostPoint>& points) {
  for (std::size_t i = 1; i < points.size(); ++i) {
    points[i].us = std::max(points[i].us, points[i - 1].us);
  }
}

}  // namespace

Expected<void> measure_pace(Engine& engine) {
  static_assert(kRows.back() <= kern::kPagePositions);
  const model::StepLimits& limits = engine.workspace.limits;
  const std::int32_t n_most = std::min(limits.n_rows, limits.n_logit_rows);
  std::vector<sched::CostPoint>& points = engine.cost.points;
  const double end = sys::now_us() + kBudgetUs;
  kv::PageWork clear;
  clear.zero_page = {0};
  clear.zero_begin = {0};
  MR_TRY_VOID(run(clear, engine.store, engine.lists, engine.model->device));
  MR_TRY_VOID(
      time_step(engine, chain(1, engine.model->config.n_vocab)));  // the first is no measure
  for (const std::int32_t n_rows : kRows) {
    if (n_rows > n_most || (points.size() >= 2 && sys::now_us() > end)) break;
    std::vector<double> times;
    while (times.size() < kTimes && (times.empty() || sys::now_us() < end)) {
      MR_TRY(const double us, time_step(engine, chain(n_rows, engine.model->config.n_vocab)));
      times.push_back(us);
    }
    std::ranges::sort(times);
    points.push_back({n_rows, times[times.size() / 2]});
  }
  straighten(points);
  return {};
}

void learn_pace(Engine& engine, const sched::Batch& batch, double us, double proposing_us,
                std::size_t n_tokens) {
  if (engine.cost.points.empty()) return;
  const auto n_rows = static_cast<std::int32_t>(batch.token.size());
  std::vector<sched::CostPoint>& points = engine.cost.points;
  const double surprise =
      std::clamp((us - proposing_us) / sched::cost_us(engine.cost, n_rows), 0.5, 2.0) - 1;
  const double all = 1 + kAll * surprise;
  const double own = all * (1 + kOwn * surprise);
  const auto above = std::ranges::lower_bound(points, n_rows, {}, &sched::CostPoint::n_rows);
  const auto place = std::min(above - points.begin(), std::ssize(points) - 1);
  for (std::ptrdiff_t i = 0; i < std::ssize(points); ++i) {
    const bool near =
        i == place || (i == place - 1 && points[static_cast<std::size_t>(place)].n_rows > n_rows);
    points[static_cast<std::size_t>(i)].us *= near ? own : all;
  }
  straighten(points);
  engine.pace.tokens = kRemembered * engine.pace.tokens + static_cast<double>(n_tokens);
  engine.pace.us = kRemembered * engine.pace.us + us;
}

double tokens_per_us(const Engine& engine) {
  if (!engine.options.spec.weighed) return 0;
  const auto n_running =
      static_cast<std::int32_t>(std::max<std::size_t>(1, engine.state.running.size()));
  const double us = sched::cost_us(engine.cost, n_running);
  const double plain = us > 0 ? n_running / us : 0;
  return engine.pace.us > 0 ? std::max(plain, engine.pace.tokens / engine.pace.us) : plain;
}

}  // namespace mr::engine
