#include "engine/speed.h"

#include <algorithm>
#include <chrono>

#include "kv/store.h"
#include "model/cache_shape.h"

namespace mr::engine {
namespace {

using Clock = std::chrono::steady_clock;

std::int32_t pages_of(std::int32_t n_positions) {
  return (n_positions + kern::kPagePositions - 1) / kern::kPagePositions;
}

/// Adds a row at `pos` of sequence `seq`, which sees everything before it.
void add_row(model::StepInput& step, std::int32_t seq, std::int32_t pos, std::int32_t n_vocab) {
  step.token.push_back((7919 * pos + 104'729 * seq) % n_vocab);
  step.pos.push_back(pos);
  step.seq.push_back(seq);
  step.slot.push_back(pos);
  step.context.push_back(pos + 1);
  step.path_begin.push_back(0);
}

/// Gives every sequence pages of its own.
void add_pages(model::StepInput& step, std::int32_t n_seqs, std::int32_t n_positions) {
  step.max_pages = pages_of(n_positions);
  step.pages.resize(static_cast<std::size_t>(n_seqs * step.max_pages));
  for (std::size_t i = 0; i < step.pages.size(); ++i) {
    step.pages[i] = static_cast<std::int32_t>(i);
  }
}

struct Bench {
  const model::Model& model;
  kv::Store store;
  model::Workspace workspace;
};

Expected<Bench> make_bench(const model::Model& model, const SpeedTest& test,
                           const Options& options) {
  const std::int32_t n_seqs = test.is_prefill ? 1 : test.n_rows;
  Bench bench{model, {}, {}};
  MR_TRY(bench.store,
         kv::make_store(model.device, model::cache_shape(model.config, options.kv_type),
                        n_seqs * pages_of(options.n_context)));
  MR_TRY_VOID(kv::zero(model.device, bench.store));
  MR_TRY(bench.workspace, model::make_workspace(model, {.n_rows = options.n_step_rows,
                                                        .n_logit_rows = n_seqs,
                                                        .n_context = options.n_context}));
  return bench;
}

Expected<void> run(Bench& bench, const model::StepInput& step) {
  MR_TRY_VOID(model::forward(bench.model, bench.workspace, bench.store.view, step));
  bench.model.device.ops->synchronize(bench.model.device);
  return {};
}

/// One row of every sequence at `pos`, with logits.
Expected<void> decode(Bench& bench, const SpeedTest& test, const Options& options,
                      std::int32_t pos) {
  model::StepInput step;
  for (std::int32_t seq = 0; seq < test.n_rows; ++seq) {
    add_row(step, seq, pos, bench.model.config.n_vocab);
    step.logit_rows.push_back(seq);
  }
  add_pages(step, test.n_rows, options.n_context);
  return run(bench, step);
}

/// A prompt in steps, with logits of its last token.
Expected<void> prefill(Bench& bench, const SpeedTest& test, const Options& options) {
  for (std::int32_t begin = 0; begin < test.n_rows; begin += options.n_step_rows) {
    const std::int32_t end = std::min(begin + options.n_step_rows, test.n_rows);
    model::StepInput step;
    for (std::int32_t pos = begin; pos < end; ++pos) {
      add_row(step, 0, pos, bench.model.config.n_vocab);
    }
    if (end == test.n_rows) step.logit_rows.push_back(end - begin - 1);
    add_pages(step, 1, options.n_context);
    MR_TRY_VOID(run(bench, step));
  }
  return {};
}

Speed summary(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const std::size_t n = seconds.size();
  const double median = (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
  return {.median = median, .spread = (seconds[(3 * n - 1) / 4] - seconds[n / 4]) / median};
}

}  // namespace

Options options_of(const SpeedTest& test, DType kv_type) {
  if (test.is_prefill) {
    return {.n_context = test.n_rows,
            .n_step_rows = std::min(test.n_rows, kPrefillRows),
            .kv_type = kv_type};
  }
  return {.n_context = test.depth + test.n_times + 1,
          .n_parallel = test.n_rows,
          .n_running = test.n_rows,
          .n_step_rows = test.n_rows,
          .kv_type = kv_type};
}

Expected<Speed> measure_speed(const model::Model& model, const SpeedTest& test, DType kv_type) {
  const Options options = options_of(test, kv_type);
  MR_TRY(Bench bench, make_bench(model, test, options));
  std::vector<double> seconds;
  for (std::int32_t i = 0; i <= test.n_times; ++i) {
    const auto start = Clock::now();
    MR_TRY_VOID(test.is_prefill ? prefill(bench, test, options)
                                : decode(bench, test, options, test.depth + i));
    if (i > 0) seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return summary(std::move(seconds));
}

}  // namespace mr::engine
