#include <algorithm>
#include <cstddef>
#include <utility>

#include "model/forward.h"

namespace mr::model {
namespace {

/// Memory of rows on a device.
struct Rows {
  const kern::Device& device;
  std::int32_t n = 0;  ///< rows

  [[nodiscard]] Expected<kern::Buffer> numbers(std::int64_t columns) const {
    static_assert(sizeof(float) == sizeof(std::int32_t));
    return kern::make_buffer(device, static_cast<std::size_t>(n * columns) * sizeof(float),
                             "workspace of a step");
  }
  [[nodiscard]] Expected<kern::Buffer> acts(std::int64_t columns) const {
    return kern::make_buffer(device, device.ops->act_bytes(n, columns), "workspace of a step");
  }
};

Expected<MoeWorkspace> make_moe(const Config& config, const Rows& rows, const Rows& items) {
  MoeWorkspace work;
  const std::int32_t n_used = config.moe.routing.n_used;
  MR_TRY(work.logits, rows.numbers(config.moe.n_experts));
  MR_TRY(work.expert, rows.numbers(n_used));
  MR_TRY(work.item, rows.numbers(n_used));
  MR_TRY(work.weight, rows.numbers(n_used));
  MR_TRY(work.begin, (Rows{rows.device, 1}.numbers(config.moe.n_experts + 1)));
  MR_TRY(work.row, items.numbers(1));
  MR_TRY(work.acts, items.acts(config.dim));
  MR_TRY(work.y, items.numbers(config.dim));
  return work;
}

Expected<LatentWorkspace> make_latent(const Config& config, const Rows& rows) {
  const LatentConfig& latent = config.latent;
  LatentWorkspace work;
  const std::int64_t n_heads = config.n_heads;
  MR_TRY(work.low, rows.numbers(latent.q_rank));
  MR_TRY(work.low_acts, rows.acts(latent.q_rank));
  MR_TRY(work.q, rows.numbers(n_heads * (latent.nope_dim + latent.rope_dim)));
  MR_TRY(work.k_rope, rows.numbers(latent.rope_dim));
  MR_TRY(work.seen, rows.numbers(n_heads * latent.rank));
  MR_TRY(work.out, rows.numbers(n_heads * latent.v_dim));
  return work;
}

/// Gate, up and their product, for whichever feed-forward of the model is largest.
Expected<void> make_hidden(const Config& config, const Rows& rows, const Rows& items,
                           Workspace& work) {
  const std::int64_t dense = std::max(config.ffn_dim, config.moe.shared_dim);
  const std::int64_t expert = config.moe.ffn_dim;
  const bool by_items = items.n * expert > rows.n * dense;
  const Rows& most = by_items ? items : rows;
  MR_TRY(work.gate, most.numbers(by_items ? expert : dense));
  MR_TRY(work.up, most.numbers(by_items ? expert : dense));
  const kern::Table& ops = *rows.device.ops;
  const std::size_t bytes = std::max(ops.act_bytes(rows.n, dense), ops.act_bytes(items.n, expert));
  MR_TRY(work.acts_ffn, kern::make_buffer(rows.device, bytes, "workspace of a step"));
  return {};
}

}  // namespace

Expected<Workspace> make_workspace(const Model& model, const StepLimits& limits) {
  const Config& config = model.config;
  const kern::Device& device = model.device;
  const auto n = static_cast<std::size_t>(limits.n_rows);
  const Rows each_row{device, limits.n_rows};
  const Rows each_item{device, limits.n_rows * config.moe.routing.n_used};
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
  MR_TRY_VOID(make_hidden(config, each_row, each_item, work));
  MR_TRY(work.acts_dim, acts(limits.n_rows, config.dim));
  const std::int32_t v_dim = config.latent.rank > 0 ? config.latent.v_dim : config.v_dim;
  MR_TRY(work.acts_out, acts(limits.n_rows, config.n_heads * v_dim));
  if (config.moe.n_experts > 0) {
    MR_TRY(work.moe, make_moe(config, each_row, each_item));
  }
  if (config.latent.rank > 0) {
    MR_TRY(work.latent, make_latent(config, each_row));
  }
  if (config.has_post_norms) {
    MR_TRY(work.branch, floats(n, config.dim));
  }
  MR_TRY(work.head_x, floats(n_head, config.dim));
  MR_TRY(work.head_acts, acts(limits.n_logit_rows, config.dim));
  MR_TRY(work.logits, floats(n_head, config.n_vocab + logit_blocks(config)));
  return work;
}

}  // namespace mr::model
