#include "engine/forecast.h"

#include <algorithm>
#include <vector>

#include "kern/product_rate.h"
#include "model/cache_shape.h"

namespace mr::engine {
namespace {

/// Rows enough for the products to be at their best; a prompt's step has this many or more.
constexpr std::int32_t kManyRows = 64;

/// Seconds that the products of `work` take in steps of `n_rows` rows.
Expected<double> product_seconds(const kern::Device& device, const kern::Work& work,
                                 std::int32_t n_rows) {
  double seconds = 0;
  for (std::size_t type = 0; type < work.weight_macs.size(); ++type) {
    if (work.weight_macs[type] == 0) continue;
    MR_TRY(const double rate,
           kern::product_rate(device, static_cast<DType>(type), std::min(n_rows, kManyRows)));
    seconds += work.weight_macs[type] / rate;
  }
  return seconds;
}

}  // namespace

Expected<kern::Work> count(const Sketch& sketch, const Pass& pass, const Options& options) {
  const auto n = static_cast<std::size_t>(pass.n_rows);
  model::StepInput step;
  for (auto* each : {&step.token, &step.pos, &step.seq, &step.slot, &step.context}) {
    each->resize(n);
  }
  step.path_begin.resize(n + 1);
  step.logit_rows.resize(static_cast<std::size_t>(pass.n_logit_rows));
  const model::StepLimits limits{
      .n_rows = pass.n_rows, .n_logit_rows = pass.n_logit_rows, .n_context = options.n_context};
  MR_TRY(auto workspace, model::make_workspace(sketch.model, limits));
  const kv::StoreShape shape = model::cache_shape(sketch.model.config, options.kv_type);
  MR_TRY(const kv::Store store, kv::make_store(sketch.model.device, shape, 1));
  sketch.counter->work = {};
  sketch.counter->n_attended = pass.n_attended;
  MR_TRY_VOID(model::forward(sketch.model, workspace, store.view, step));
  return sketch.counter->work;
}

double seconds(const StepTime& time) {
  return std::max(time.memory, time.compute);
}

Expected<Forecast> forecast(const Sketch& sketch, const Options& options,
                            const kern::Device& device, const sys::Limits& limits) {
  const auto time = [&](const Pass& pass) -> Expected<StepTime> {
    MR_TRY(const kern::Work work, count(sketch, pass, options));
    MR_TRY(const double products, product_seconds(device, work, pass.n_rows));
    const double bytes = work.weight_bytes + work.kv_bytes / pass.n_sharing;
    return StepTime{.memory = bytes / limits.read.per_s,
                    .compute = products + 2 * work.attention_macs / limits.fp32.per_s};
  };
  Forecast to{.decode = {}, .decode_full = {}, .prefill = {}};
  to.n_decode_rows = std::min(options.n_parallel, options.n_step_rows);
  to.n_prefill_rows = std::min(options.n_context, options.n_step_rows);
  Pass decode{.n_rows = to.n_decode_rows, .n_logit_rows = to.n_decode_rows, .n_attended = 1};
  MR_TRY(to.decode, time(decode));
  decode.n_attended = options.n_context;
  MR_TRY(to.decode_full, time(decode));
  MR_TRY(to.prefill, time({.n_rows = to.n_prefill_rows,
                           .n_logit_rows = 1,
                           .n_attended = to.n_prefill_rows / 2,
                           .n_sharing = to.n_prefill_rows}));
  return to;
}

}  // namespace mr::engine
