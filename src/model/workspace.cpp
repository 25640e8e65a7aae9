#include <cstddef>
#include <utility>

#include "model/forward.h"

namespace mr::model {

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
  for (const RopeConfig& rope : config.ropes) {
    MR_TRY(auto angles, floats(n, rope.n_dims));
    work.angles.push_back(std::move(angles));
  }
  MR_TRY(work.q, floats(n, config.n_heads * config.k_dim));
  MR_TRY(work.k, floats(n, config.n_kv_heads * config.k_dim));
  MR_TRY(work.v, floats(n, config.n_kv_heads * config.v_dim));
  MR_TRY(work.gate, floats(n, config.ffn_dim));
  MR_TRY(work.up, floats(n, config.ffn_dim));
  MR_TRY(work.acts_dim, acts(limits.n_rows, config.dim));
  MR_TRY(work.acts_out, acts(limits.n_rows, config.n_heads * config.v_dim));
  MR_TRY(work.acts_ffn, acts(limits.n_rows, config.ffn_dim));
  if (config.has_post_norms) {
    MR_TRY(work.branch, floats(n, config.dim));
  }
  MR_TRY(work.head_x, floats(n_head, config.dim));
  MR_TRY(work.head_acts, acts(limits.n_logit_rows, config.dim));
  MR_TRY(work.logits, floats(n_head, config.n_vocab));
  return work;
}

}  // namespace mr::model
