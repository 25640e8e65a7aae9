#include "engine/hidden.h"

#include <algorithm>
#include <span>

namespace mr::engine {
namespace {

/// All rows of the step, normed, in `engine.hidden`.
Expected<void> download_rows(Engine& engine, std::int32_t n_rows) {
  const kern::Device& device = engine.model->device;
  const model::Config& config = engine.model->config;
  engine.hidden.resize(static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(config.dim));
  const std::size_t n_bytes = engine.hidden.size() * sizeof(float);
  MR_TRY(kern::Buffer normed, kern::make_buffer(device, n_bytes, "hidden states of a step"));
  auto* y = kern::as<float>(normed);
  device.ops->rms_norm(device, {.x = kern::as<float>(engine.workspace.x),
                                .weight = engine.model->out_norm,
                                .eps = config.norm_eps,
                                .n_rows = n_rows,
                                .dim = config.dim,
                                .y = y});
  device.ops->download(device, engine.hidden.data(), y, n_bytes);
  return {};
}

void add_rows(Engine::Asked& asked, std::span<const float> rows, std::size_t dim) {
  if (asked.hidden.empty()) asked.hidden.resize(dim);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    asked.hidden[i % dim] += static_cast<double>(rows[i]);
  }
}

}  // namespace

Expected<void> take_hidden(Engine& engine, const sched::Batch& batch) {
  const auto pools = [&](sched::RequestId id) {
    return engine.asked.at(id).pooling != Pooling::none;
  };
  if (std::ranges::none_of(batch.request, pools)) return {};
  MR_TRY_VOID(download_rows(engine, static_cast<std::int32_t>(batch.token.size())));
  const auto dim = static_cast<std::size_t>(engine.model->config.dim);
  for (std::size_t seq = 0; seq < batch.request.size(); ++seq) {
    Engine::Asked& asked = engine.asked.at(batch.request[seq]);
    const auto begin = static_cast<std::size_t>(batch.row_begin[seq]);
    const auto end = static_cast<std::size_t>(batch.row_begin[seq + 1]);
    // A prompt that was preempted is computed from its beginning again.
    if (asked.pooling == Pooling::last || batch.pos[begin] == 0) asked.hidden.clear();
    const std::size_t first = asked.pooling == Pooling::last ? end - 1 : begin;
    if (asked.pooling == Pooling::none) continue;
    add_rows(asked, std::span(engine.hidden).subspan(first * dim, (end - first) * dim), dim);
  }
  return {};
}

std::vector<float> pooled(Engine& engine, const sched::Batch& batch, std::size_t seq) {
  const Engine::Asked& asked = engine.asked.at(batch.request[seq]);
  const auto last = static_cast<std::size_t>(batch.row_begin[seq + 1]) - 1;
  if (asked.pooling == Pooling::none || batch.pos[last] + 1 != asked.n_prompt) return {};
  const double n = asked.pooling == Pooling::mean ? asked.n_prompt : 1;
  std::vector<float> out;
  for (const double sum : asked.hidden) out.push_back(static_cast<float>(sum / n));
  return out;
}

}  // namespace mr::engine
