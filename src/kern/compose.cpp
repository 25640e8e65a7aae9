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
  ops.scale_cap(
      device,
      {.x = a.logits, .n = a.n_rows * a.weight.n_out, .scale = a.scale, .softcap = a.softcap});
}

}  // namespace mr::kern::compose
