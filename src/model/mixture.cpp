#include "model/pass.h"

namespace mr::model {

void mix(const Pass& pass, const Layer& layer) {
  const Config& config = pass.model.config;
  const MoeConfig& moe = config.moe;
  const MoeWeights& weights = layer.moe;
  const Workspace& work = pass.workspace;
  kern::Routing routing = moe.routing;
  routing.bias = weights.score_bias;
  const kern::Device& device = pass.model.device;
  device.ops->moe(device, {.acts = kern::as<std::byte>(work.acts_dim),
                           .router = weights.router,
                           .router_bias = weights.router_bias,
                           .routing = routing,
                           .gate = weights.gate,
                           .up = weights.up,
                           .down = weights.down,
                           .gate_bias = weights.b_gate,
                           .up_bias = weights.b_up,
                           .down_bias = weights.b_down,
                           .activation = config.activation,
                           .alpha = moe.alpha,
                           .limit = moe.limit,
                           .n_rows = pass.rows.n_rows,
                           .logits = kern::as<float>(work.moe.logits),
                           .expert = kern::as<std::int32_t>(work.moe.expert),
                           .weight = kern::as<float>(work.moe.weight),
                           .begin = kern::as<std::int32_t>(work.moe.begin),
                           .row = kern::as<std::int32_t>(work.moe.row),
                           .item = kern::as<std::int32_t>(work.moe.item),
                           .sorted_acts = kern::as<std::byte>(work.moe.acts),
                           .gate_scratch = kern::as<float>(work.gate),
                           .up_scratch = kern::as<float>(work.up),
                           .hidden_acts = kern::as<std::byte>(work.acts_ffn),
                           .y = kern::as<float>(work.moe.y),
                           .x = kern::as<float>(work.x)});
}

}  // namespace mr::model
