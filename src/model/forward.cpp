#include "model/forward.h"

#include <cstddef>

#include "model/pass.h"

namespace mr::model {
namespace {

std::size_t step_integers(const StepInput& step) {
  return step.token.size() * 5 + step.path_begin.size() + step.path.size() + step.pages.size() +
         step.logit_rows.size();
}

/// Puts the step's arrays on the device in one transfer.
Expected<Pass> upload(const Model& model, Workspace& workspace, const kern::KvView& kv,
                      const StepInput& step) {
  const kern::Device& device = model.device;
  const std::size_t n = step_integers(step);
  if (workspace.integers.bytes < n * sizeof(std::int32_t)) {
    MR_TRY(workspace.integers,
           kern::make_buffer(device, 2 * n * sizeof(std::int32_t), "arrays of a step"));
  }
  std::vector<std::int32_t> staging;
  staging.reserve(n);
  const auto* base = kern::as<std::int32_t>(workspace.integers);
  const auto put = [&](const std::vector<std::int32_t>& values) {
    const std::int32_t* at = base + staging.size();
    staging.insert(staging.end(), values.begin(), values.end());
    return at;
  };
  Pass pass{model, workspace, kv, {}, nullptr};
  pass.rows = {.n_rows = static_cast<std::int32_t>(step.token.size()),
               .token = put(step.token),
               .pos = put(step.pos),
               .seq = put(step.seq),
               .slot = put(step.slot),
               .context = put(step.context),
               .path_begin = put(step.path_begin),
               .path = put(step.path)};
  pass.kv.pages = put(step.pages);
  pass.kv.max_pages = step.max_pages;
  pass.logit_rows = put(step.logit_rows);
  device.ops->upload(device, workspace.integers.data, staging.data(), n * sizeof(std::int32_t));
  return pass;
}

/// The angles of the step's positions for every RoPE of the model.
void turn(const Pass& pass) {
  const kern::Device& device = pass.model.device;
  for (std::size_t i = 0; i < pass.model.ropes.size(); ++i) {
    const RopeConfig& config = pass.model.config.ropes[i];
    const RopeWeights& rope = pass.model.ropes[i];
    const bool is_long =
        rope.inv_freq_long != nullptr && pass.workspace.limits.n_context > config.n_short;
    device.ops->rope_angles(device, {.pos = pass.rows.pos,
                                     .inv_freq = is_long ? rope.inv_freq_long : rope.inv_freq,
                                     .n_rows = pass.rows.n_rows,
                                     .n_dims = config.n_dims,
                                     .magnitude = config.magnitude,
                                     .angles = kern::as<float>(pass.workspace.angles[i])});
  }
}

}  // namespace

Expected<void> forward(const Model& model, Workspace& workspace, const kern::KvView& kv,
                       const StepInput& step) {
  MR_CHECK(step.token.size() <= static_cast<std::size_t>(workspace.limits.n_rows));
  MR_CHECK(step.logit_rows.size() <= static_cast<std::size_t>(workspace.limits.n_logit_rows));
  const kern::Device& device = model.device;
  const Config& config = model.config;
  MR_TRY(const Pass pass, upload(model, workspace, kv, step));
  device.ops->embed(device, {.table = model.embed,
                             .token = pass.rows.token,
                             .n_rows = pass.rows.n_rows,
                             .scale = config.embed_scale,
                             .x = kern::as<float>(workspace.x)});
  turn(pass);
  for (std::int32_t layer = 0; layer < config.n_layers; ++layer) {
    attend(pass, layer);
    feed_forward(pass, layer);
  }
  const auto n_vocab = static_cast<std::size_t>(config.n_vocab);
  auto* logits = kern::as<float>(workspace.logits);
  device.ops->head(device, {.x = kern::as<float>(workspace.x),
                            .row = pass.logit_rows,
                            .n_rows = static_cast<std::int32_t>(step.logit_rows.size()),
                            .norm = model.out_norm,
                            .eps = config.norm_eps,
                            .weight = model.head,
                            .scale = config.logit_scale,
                            .softcap = config.logit_softcap,
                            .x_scratch = kern::as<float>(workspace.head_x),
                            .acts_scratch = kern::as<std::byte>(workspace.head_acts),
                            .logits = logits,
                            .block_max = logits + step.logit_rows.size() * n_vocab});
  return {};
}

}  // namespace mr::model
