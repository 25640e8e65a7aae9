#include "model/pass.h"

namespace mr::model {
namespace {

/// Queries in the workspace, the latent key in the cache.
void project(const Pass& pass, std::int32_t index) {
  const Config& config = pass.model.config;
  const Layer& layer = pass.model.layers[static_cast<std::size_t>(index)];
  const Workspace& work = pass.workspace;
  const auto rope = static_cast<std::size_t>(config.layers[static_cast<std::size_t>(index)].rope);
  const kern::Device& device = pass.model.device;
  device.ops->latent_qkv_store(device, {.acts = kern::as<std::byte>(work.acts_dim),
                                        .wq_a = layer.latent.q_a,
                                        .bq_a = layer.latent.q_a_bias,
                                        .q_norm = layer.latent.q_a_norm,
                                        .wq = layer.wq,
                                        .w_latent = layer.latent.latent,
                                        .b_latent = layer.latent.latent_bias,
                                        .kv_norm = layer.latent.latent_norm,
                                        .w_rope = layer.latent.rope,
                                        .b_rope = layer.latent.rope_bias,
                                        .wk_b = layer.latent.k_b,
                                        .eps = config.latent.norm_eps,
                                        .n_heads = config.n_heads,
                                        .rope_dim = config.latent.rope_dim,
                                        .angles = kern::as<float>(work.angles[rope]),
                                        .rope = config.ropes[rope].kind,
                                        .kv = pass.kv,
                                        .rows = pass.rows,
                                        .layer = index,
                                        .q = kern::as<float>(work.q),
                                        .low = kern::as<float>(work.latent.low),
                                        .low_acts = kern::as<std::byte>(work.latent.low_acts),
                                        .q_heads = kern::as<float>(work.latent.q),
                                        .latent = kern::as<float>(work.v),
                                        .k_rope = kern::as<float>(work.latent.k_rope),
                                        .k = kern::as<float>(work.k)});
}

}  // namespace

void attend_latent(const Pass& pass, std::int32_t index) {
  const Config& config = pass.model.config;
  const LatentConfig& latent = config.latent;
  const kern::Device& device = pass.model.device;
  const kern::Table& ops = *device.ops;
  const Layer& layer = pass.model.layers[static_cast<std::size_t>(index)];
  const Workspace& work = pass.workspace;
  project(pass, index);
  ops.attention(device, {.kv = pass.kv,
                         .rows = pass.rows,
                         .layer = index,
                         .n_heads = config.n_heads,
                         .q = kern::as<float>(work.q),
                         .scale = config.attention_scale,
                         .y = kern::as<float>(work.latent.seen)});
  ops.project_heads(device, {.weight = layer.latent.v_b,
                             .n_heads = config.n_heads,
                             .x = kern::as<float>(work.latent.seen),
                             .x_stride = latent.rank,
                             .n_rows = pass.rows.n_rows,
                             .y = kern::as<float>(work.latent.out),
                             .y_stride = latent.v_dim});
  ops.to_acts(device, {.x = kern::as<float>(work.latent.out),
                       .n_rows = pass.rows.n_rows,
                       .dim = config.n_heads * latent.v_dim,
                       .acts = kern::as<std::byte>(work.acts_out)});
  leave(pass, layer.wo, layer.bo, layer.post_attn_norm, kern::as<std::byte>(work.acts_out));
}

}  // namespace mr::model
