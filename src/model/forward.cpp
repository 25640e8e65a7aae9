#include "model/forward.h"

#include <cstddef>

namespace mr::model {
namespace {

/// Everything the operations of one step share.
struct Pass {
  const Model& model;
  Workspace& workspace;
  kern::KvView kv;
  kern::Rows rows;
  const std::int32_t* logit_rows = nullptr;
};

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

/// The residual stream, normed, as activations.
void norm(const Pass& pass, const float* weight) {
  const Config& config = pass.model.config;
  const kern::Device& device = pass.model.device;
  device.ops->rms_norm(device, {.x = kern::as<float>(pass.workspace.x),
                                .weight = weight,
                                .eps = config.norm_eps,
                                .n_rows = pass.rows.n_rows,
                                .dim = config.dim,
                                .acts = kern::as<std::byte>(pass.workspace.acts_dim)});
}

void attend(const Pass& pass, std::int32_t index) {
  const Config& config = pass.model.config;
  const kern::Device& device = pass.model.device;
  const Layer& layer = pass.model.layers[static_cast<std::size_t>(index)];
  Workspace& work = pass.workspace;
  const kern::Table& ops = *device.ops;
  norm(pass, layer.attn_norm);
  ops.qkv_rope_store(device, {.acts = kern::as<std::byte>(work.acts_dim),
                              .wq = layer.wq,
                              .wk = layer.wk,
                              .wv = layer.wv,
                              .bq = layer.bq,
                              .bk = layer.bk,
                              .bv = layer.bv,
                              .q_norm = layer.q_norm,
                              .k_norm = layer.k_norm,
                              .eps = config.norm_eps,
                              .n_heads = config.n_heads,
                              .angles = kern::as<float>(work.angles),
                              .rope_dims = config.rope.n_dims,
                              .rope = config.rope.kind,
                              .kv = pass.kv,
                              .rows = pass.rows,
                              .layer = index,
                              .q = kern::as<float>(work.q),
                              .k = kern::as<float>(work.k),
                              .v = kern::as<float>(work.v)});
  ops.attention(device, {.kv = pass.kv,
                         .rows = pass.rows,
                         .layer = index,
                         .n_heads = config.n_heads,
                         .q = kern::as<float>(work.q),
                         .scale = config.attention_scale,
                         .acts = kern::as<std::byte>(work.acts_out)});
  ops.gemm(device, {.weight = layer.wo,
                    .acts = kern::as<std::byte>(work.acts_out),
                    .bias = layer.bo,
                    .n_rows = pass.rows.n_rows,
                    .accumulate = true,
                    .y = kern::as<float>(work.x)});
}

void feed_forward(const Pass& pass, std::int32_t index) {
  const Config& config = pass.model.config;
  const kern::Device& device = pass.model.device;
  const Layer& layer = pass.model.layers[static_cast<std::size_t>(index)];
  Workspace& work = pass.workspace;
  const kern::Table& ops = *device.ops;
  norm(pass, layer.ffn_norm);
  ops.gate_up_act(device, {.acts = kern::as<std::byte>(work.acts_dim),
                           .gate = layer.gate,
                           .up = layer.up,
                           .activation = config.activation,
                           .n_rows = pass.rows.n_rows,
                           .gate_scratch = kern::as<float>(work.gate),
                           .up_scratch = kern::as<float>(work.up),
                           .acts_out = kern::as<std::byte>(work.acts_ffn)});
  ops.gemm(device, {.weight = layer.down,
                    .acts = kern::as<std::byte>(work.acts_ffn),
                    .n_rows = pass.rows.n_rows,
                    .accumulate = true,
                    .y = kern::as<float>(work.x)});
}

}  // namespace

Expected<Workspace> make_workspace(const Model& model, const StepLimits& limits) {
  const Config& config = model.config;
  const kern::Device& device = model.device;
  const auto n = static_cast<std::size_t>(limits.n_rows);
  const auto n_head = static_cast<std::size_t>(limits.n_logit_rows);
  const auto floats = [&](std::size_t rows, std::int32_t columns) {
    return kern::make_buffer(device, rows * static_cast<std::size_t>(columns) * sizeof(float),
                             "workspace of a step");
  };
  const auto acts = [&](std::int32_t rows, std::int32_t columns) {
    return kern::make_buffer(device, device.ops->act_bytes(rows, columns), "workspace of a step");
  };
  Workspace work;
  work.limits = limits;
  MR_TRY(work.x, floats(n, config.dim));
  MR_TRY(work.angles, floats(n, config.rope.n_dims));
  MR_TRY(work.q, floats(n, config.n_heads * config.k_dim));
  MR_TRY(work.k, floats(n, config.n_kv_heads * config.k_dim));
  MR_TRY(work.v, floats(n, config.n_kv_heads * config.v_dim));
  MR_TRY(work.gate, floats(n, config.ffn_dim));
  MR_TRY(work.up, floats(n, config.ffn_dim));
  MR_TRY(work.acts_dim, acts(limits.n_rows, config.dim));
  MR_TRY(work.acts_out, acts(limits.n_rows, config.n_heads * config.v_dim));
  MR_TRY(work.acts_ffn, acts(limits.n_rows, config.ffn_dim));
  MR_TRY(work.head_x, floats(n_head, config.dim));
  MR_TRY(work.head_acts, acts(limits.n_logit_rows, config.dim));
  MR_TRY(work.logits, floats(n_head, config.n_vocab));
  return work;
}

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
                             .x = kern::as<float>(workspace.x)});
  device.ops->rope_angles(device, {.pos = pass.rows.pos,
                                   .inv_freq = model.inv_freq,
                                   .n_rows = pass.rows.n_rows,
                                   .n_dims = config.rope.n_dims,
                                   .magnitude = config.rope.magnitude,
                                   .angles = kern::as<float>(workspace.angles)});
  for (std::int32_t layer = 0; layer < config.n_layers; ++layer) {
    attend(pass, layer);
    feed_forward(pass, layer);
  }
  device.ops->head(device, {.x = kern::as<float>(workspace.x),
                            .row = pass.logit_rows,
                            .n_rows = static_cast<std::int32_t>(step.logit_rows.size()),
                            .norm = model.out_norm,
                            .eps = config.norm_eps,
                            .weight = model.head,
                            .x_scratch = kern::as<float>(workspace.head_x),
                            .acts_scratch = kern::as<std::byte>(workspace.head_acts),
                            .logits = kern::as<float>(workspace.logits)});
  return {};
}

}  // namespace mr::model
