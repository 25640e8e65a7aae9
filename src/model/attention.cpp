#include "model/pass.h"

namespace mr::model {
namespace {

/// Query or key of one layer before RoPE: projection, bias, and one norm over all its heads.
void project_row(const Pass& pass, const kern::Weight& weight, const float* bias, const float* norm,
                 float* y) {
  const kern::Device& device = pass.model.device;
  device.ops->gemm(device, {.weight = weight,
                            .acts = kern::as<std::byte>(pass.workspace.acts_dim),
                            .bias = bias,
                            .n_rows = pass.rows.n_rows,
                            .y = y});
  if (norm == nullptr) return;
  device.ops->rms_norm(device, {.x = y,
                                .weight = norm,
                                .eps = pass.model.config.norm_eps,
                                .n_rows = pass.rows.n_rows,
                                .dim = static_cast<std::int32_t>(weight.n_out),
                                .y = y});
}

/// What qkv_rope_store does, for the norms that it has not: those over all heads of a row.
void store_row_normed(const Pass& pass, const Layer& layer, const kern::QkvArgs& a) {
  const kern::Device& device = pass.model.device;
  const kern::Table& ops = *device.ops;
  project_row(pass, layer.wq, layer.bq, layer.q_norm, a.q);
  project_row(pass, layer.wk, layer.bk, layer.k_norm, a.k);
  project_row(pass, layer.wv, layer.bv, nullptr, a.v);
  const auto rotate = [&](float* x, std::int32_t n_heads) {
    if (a.angles == nullptr) return;
    ops.rope(device, {.x = x,
                      .angles = a.angles,
                      .n_rows = pass.rows.n_rows,
                      .n_heads = n_heads,
                      .head_dim = a.kv.k_dim,
                      .n_dims = a.rope_dims,
                      .kind = a.rope});
  };
  rotate(a.q, a.n_heads);
  rotate(a.k, a.kv.n_kv_heads);
  ops.store_kv(device, {.kv = a.kv, .rows = a.rows, .layer = a.layer, .k = a.k, .v = a.v});
}

/// Queries in the workspace, keys and values in the cache.
void project(const Pass& pass, std::int32_t index) {
  const Config& config = pass.model.config;
  const Layer& layer = pass.model.layers[static_cast<std::size_t>(index)];
  const Workspace& work = pass.workspace;
  kern::QkvArgs args{.acts = kern::as<std::byte>(work.acts_dim),
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
                     .kv = pass.kv,
                     .rows = pass.rows,
                     .layer = index,
                     .q = kern::as<float>(work.q),
                     .k = kern::as<float>(work.k),
                     .v = kern::as<float>(work.v)};
  const std::int32_t rope = config.layers[static_cast<std::size_t>(index)].rope;
  if (rope >= 0) {
    const auto at = static_cast<std::size_t>(rope);
    args.angles = kern::as<float>(work.angles[at]);
    args.rope_dims = config.ropes[at].n_dims;
    args.rope = config.ropes[at].kind;
  }
  if (config.qk_norm == QkNorm::row) {
    store_row_normed(pass, layer, args);
  } else {
    pass.model.device.ops->qkv_rope_store(pass.model.device, args);
  }
}

}  // namespace

void attend(const Pass& pass, std::int32_t index) {
  const Config& config = pass.model.config;
  const kern::Device& device = pass.model.device;
  const Layer& layer = pass.model.layers[static_cast<std::size_t>(index)];
  const Workspace& work = pass.workspace;
  enter(pass, layer.attn_norm);
  if (config.latent.rank > 0) return attend_latent(pass, index);
  project(pass, index);
  device.ops->attention(device, {.kv = pass.kv,
                                 .rows = pass.rows,
                                 .layer = index,
                                 .n_heads = config.n_heads,
                                 .q = kern::as<float>(work.q),
                                 .scale = config.attention_scale,
                                 .softcap = config.attention_softcap,
                                 .window = config.layers[static_cast<std::size_t>(index)].window,
                                 .sinks = layer.sinks,
                                 .acts = kern::as<std::byte>(work.acts_out)});
  leave(pass, layer.wo, layer.bo, layer.post_attn_norm, kern::as<std::byte>(work.acts_out));
}

}  // namespace mr::model
