#include "kern/compose.h"

namespace mr::kern::compose {
namespace {

/// The norm that some models give each head of query and key; none where `weight` is null.
void norm_heads(const Device& device, const QkvArgs& a, float* x, std::int32_t n_heads,
                const float* weight) {
  if (weight == nullptr) return;
  device.ops->rms_norm(device, {.x = x,
                                .weight = weight,
                                .eps = a.eps,
                                .n_rows = a.rows.n_rows * n_heads,
                                .dim = a.kv.k_dim,
                                .y = x});
}

void rotate_heads(const Device& device, const QkvArgs& a, float* x, std::int32_t n_heads) {
  if (a.angles == nullptr) return;
  device.ops->rope(device, {.x = x,
                            .angles = a.angles,
                            .n_rows = a.rows.n_rows,
                            .n_heads = n_heads,
                            .head_dim = a.kv.k_dim,
                            .n_dims = a.rope_dims,
                            .kind = a.rope});
}

}  // namespace

void qkv_rope_store(const Device& device, const QkvArgs& a) {
  const auto project = [&](const Weight& weight, const float* bias, float* y) {
    device.ops->gemm(
        device, {.weight = weight, .acts = a.acts, .bias = bias, .n_rows = a.rows.n_rows, .y = y});
  };
  project(a.wq, a.bq, a.q);
  project(a.wk, a.bk, a.k);
  project(a.wv, a.bv, a.v);
  rope_store(device, a);
}

void rope_store(const Device& device, const QkvArgs& a) {
  norm_heads(device, a, a.q, a.n_heads, a.q_norm);
  norm_heads(device, a, a.k, a.kv.n_kv_heads, a.k_norm);
  rotate_heads(device, a, a.q, a.n_heads);
  rotate_heads(device, a, a.k, a.kv.n_kv_heads);
  device.ops->store_kv(device, {.kv = a.kv, .rows = a.rows, .layer = a.layer, .k = a.k, .v = a.v});
}

void gate_up_act(const Device& device, const GateUpArgs& a) {
  const Table& ops = *device.ops;
  ops.gemm(device, {.weight = a.gate, .acts = a.acts, .n_rows = a.n_rows, .y = a.gate_scratch});
  ops.gemm(device, {.weight = a.up, .acts = a.acts, .n_rows = a.n_rows, .y = a.up_scratch});
  ops.act_mul(device, {.gate = a.gate_scratch,
                       .up = a.up_scratch,
                       .activation = a.activation,
                       .n_rows = a.n_rows,
                       .dim = static_cast<std::int32_t>(a.gate.n_out),
                       .acts = a.acts_out});
}

void expert_gemm(const Device& device, const ExpertGemmArgs& a) {
  const Experts& w = a.weight;
  const auto act_bytes = static_cast<std::int64_t>(device.ops->act_bytes(1, w.n_in));
  for (std::int64_t e = 0; e < w.n_experts; ++e) {
    const std::int64_t begin = a.begin[e];
    const std::int32_t n_rows = a.begin[e + 1] - a.begin[e];
    if (n_rows == 0) continue;
    device.ops->gemm(device, {.weight = {w.data + e * w.stride, w.type, w.n_out, w.n_in},
                              .acts = a.acts + begin * act_bytes,
                              .bias = a.bias != nullptr ? a.bias + e * w.n_out : nullptr,
                              .n_rows = n_rows,
                              .y = a.y + begin * w.n_out});
  }
}

void moe(const Device& device, const MoeArgs& a) {
  const Table& ops = *device.ops;
  const std::int32_t n_items = a.n_rows * a.routing.n_used;
  const auto dim = static_cast<std::int32_t>(a.router.n_in);
  ops.gemm(device, {.weight = a.router,
                    .acts = a.acts,
                    .bias = a.router_bias,
                    .n_rows = a.n_rows,
                    .y = a.logits});
  ops.route(device, {.logits = a.logits,
                     .routing = a.routing,
                     .n_rows = a.n_rows,
                     .n_experts = static_cast<std::int32_t>(a.router.n_out),
                     .expert = a.expert,
                     .weight = a.weight,
                     .begin = a.begin,
                     .row = a.row,
                     .item = a.item});
  // Rows of activations are copied as they are, four bytes at a time.
  ops.gather(device, {.x = reinterpret_cast<const float*>(a.acts),
                      .row = a.row,
                      .n_rows = n_items,
                      .dim = static_cast<std::int32_t>(ops.act_bytes(1, dim) / sizeof(float)),
                      .y = reinterpret_cast<float*>(a.sorted_acts)});
  const auto project = [&](const Experts& weight, const std::byte* acts, const float* bias,
                           float* y) {
    ops.expert_gemm(device, {.weight = weight,
                             .acts = acts,
                             .bias = bias,
                             .begin = a.begin,
                             .n_items = n_items,
                             .y = y});
  };
  project(a.gate, a.sorted_acts, a.gate_bias, a.gate_scratch);
  project(a.up, a.sorted_acts, a.up_bias, a.up_scratch);
  ops.act_mul(device, {.gate = a.gate_scratch,
                       .up = a.up_scratch,
                       .activation = a.activation,
                       .alpha = a.alpha,
                       .limit = a.limit,
                       .n_rows = n_items,
                       .dim = static_cast<std::int32_t>(a.gate.n_out),
                       .acts = a.hidden_acts});
  project(a.down, a.hidden_acts, a.down_bias, a.y);
  ops.combine(device, {.y = a.y,
                       .item = a.item,
                       .weight = a.weight,
                       .n_rows = a.n_rows,
                       .n_used = a.routing.n_used,
                       .dim = dim,
                       .x = a.x});
}

namespace {

/// The queries: projected, rotated, and their first part taken to the latent's space.
void latent_queries(const Device& device, const LatentQkvArgs& a) {
  const Table& ops = *device.ops;
  const std::int32_t n_rows = a.rows.n_rows;
  const auto nope_dim = static_cast<std::int32_t>(a.wk_b.n_in);
  const std::int32_t head_dim = nope_dim + a.rope_dim;
  const std::byte* acts = a.acts;
  if (a.wq_a.data != nullptr) {
    ops.gemm(device,
             {.weight = a.wq_a, .acts = a.acts, .bias = a.bq_a, .n_rows = n_rows, .y = a.low});
    ops.rms_norm(device, {.x = a.low,
                          .weight = a.q_norm,
                          .eps = a.eps,
                          .n_rows = n_rows,
                          .dim = static_cast<std::int32_t>(a.wq_a.n_out),
                          .acts = a.low_acts});
    acts = a.low_acts;
  }
  ops.gemm(device, {.weight = a.wq, .acts = acts, .n_rows = n_rows, .y = a.q_heads});
  ops.rope(device, {.x = a.q_heads + nope_dim,
                    .angles = a.angles,
                    .n_rows = n_rows,
                    .n_heads = a.n_heads,
                    .head_dim = head_dim,
                    .n_dims = a.rope_dim,
                    .kind = a.rope});
  ops.project_heads(device, {.weight = a.wk_b,
                             .n_heads = a.n_heads,
                             .x = a.q_heads,
                             .x_stride = head_dim,
                             .n_rows = n_rows,
                             .y = a.q,
                             .y_stride = a.kv.k_dim});
  ops.copy_columns(device, {.x = a.q_heads + nope_dim,
                            .x_stride = head_dim,
                            .n_rows = n_rows * a.n_heads,
                            .dim = a.rope_dim,
                            .y = a.q + a.kv.v_dim,
                            .y_stride = a.kv.k_dim});
}

/// The one key of each row, stored.
void latent_keys(const Device& device, const LatentQkvArgs& a) {
  const Table& ops = *device.ops;
  const std::int32_t n_rows = a.rows.n_rows;
  const auto project = [&](const Weight& weight, const float* bias, float* y) {
    ops.gemm(device, {.weight = weight, .acts = a.acts, .bias = bias, .n_rows = n_rows, .y = y});
  };
  project(a.w_latent, a.b_latent, a.latent);
  ops.rms_norm(device, {.x = a.latent,
                        .weight = a.kv_norm,
                        .eps = a.eps,
                        .n_rows = n_rows,
                        .dim = a.kv.v_dim,
                        .y = a.latent});
  project(a.w_rope, a.b_rope, a.k_rope);
  ops.rope(device, {.x = a.k_rope,
                    .angles = a.angles,
                    .n_rows = n_rows,
                    .n_heads = 1,
                    .head_dim = a.rope_dim,
                    .n_dims = a.rope_dim,
                    .kind = a.rope});
  ops.copy_columns(device, {.x = a.latent,
                            .x_stride = a.kv.v_dim,
                            .n_rows = n_rows,
                            .dim = a.kv.v_dim,
                            .y = a.k,
                            .y_stride = a.kv.k_dim});
  ops.copy_columns(device, {.x = a.k_rope,
                            .x_stride = a.rope_dim,
                            .n_rows = n_rows,
                            .dim = a.rope_dim,
                            .y = a.k + a.kv.v_dim,
                            .y_stride = a.kv.k_dim});
  ops.store_kv(device, {.kv = a.kv, .rows = a.rows, .layer = a.layer, .k = a.k});
}

}  // namespace

void latent_qkv_store(const Device& device, const LatentQkvArgs& a) {
  latent_queries(device, a);
  latent_keys(device, a);
}

void head(const Device& device, const HeadArgs& a) {
  const Table& ops = *device.ops;
  const auto dim = static_cast<std::int32_t>(a.weight.n_in);
  ops.gather(device, {.x = a.x, .row = a.row, .n_rows = a.n_rows, .dim = dim, .y = a.x_scratch});
  ops.rms_norm(device, {.x = a.x_scratch,
                        .weight = a.norm,
                        .eps = a.eps,
                        .n_rows = a.n_rows,
                        .dim = dim,
                        .acts = a.acts_scratch});
  ops.gemm(device, {.weight = a.weight, .acts = a.acts_scratch, .n_rows = a.n_rows, .y = a.logits});
  ops.scale_cap(device, {.x = a.logits,
                         .n_rows = a.n_rows,
                         .dim = a.weight.n_out,
                         .scale = a.scale,
                         .softcap = a.softcap,
                         .block_max = a.block_max});
}

}  // namespace mr::kern::compose
