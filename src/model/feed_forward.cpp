#include "model/pass.h"

namespace mr::model {
namespace {

/// What gate_up_act does, with biases.
void gate_up_with_biases(const Pass& pass, const Layer& layer, const kern::GateUpArgs& a) {
  const kern::Device& device = pass.model.device;
  const auto project = [&](const kern::Weight& weight, const float* bias, float* y) {
    device.ops->gemm(device,
                     {.weight = weight, .acts = a.acts, .bias = bias, .n_rows = a.n_rows, .y = y});
  };
  project(layer.gate, layer.b_gate, a.gate_scratch);
  project(layer.up, layer.b_up, a.up_scratch);
  device.ops->act_mul(device, {.gate = a.gate_scratch,
                               .up = a.up_scratch,
                               .activation = a.activation,
                               .n_rows = a.n_rows,
                               .dim = static_cast<std::int32_t>(a.gate.n_out),
                               .acts = a.acts_out});
}

}  // namespace

void feed_forward(const Pass& pass, std::int32_t index) {
  const kern::Device& device = pass.model.device;
  const Layer& layer = pass.model.layers[static_cast<std::size_t>(index)];
  const Workspace& work = pass.workspace;
  enter(pass, layer.ffn_norm);
  const MoeConfig& moe = pass.model.config.moe;
  if (pass.model.config.layers[static_cast<std::size_t>(index)].has_experts) {
    mix(pass, layer);
    if (moe.shared_dim == 0) return;
  }
  const kern::GateUpArgs args{.acts = kern::as<std::byte>(work.acts_dim),
                              .gate = layer.gate,
                              .up = layer.up,
                              .activation = pass.model.config.activation,
                              .n_rows = pass.rows.n_rows,
                              .gate_scratch = kern::as<float>(work.gate),
                              .up_scratch = kern::as<float>(work.up),
                              .acts_out = kern::as<std::byte>(work.acts_ffn)};
  if (layer.b_gate != nullptr || layer.b_up != nullptr) {
    gate_up_with_biases(pass, layer, args);
  } else {
    device.ops->gate_up_act(device, args);
  }
  leave(pass, layer.down, layer.b_down, layer.post_ffn_norm, args.acts_out);
}

}  // namespace mr::model
