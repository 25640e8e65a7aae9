#include "model/pass.h"

namespace mr::model {

void enter(const Pass& pass, const float* weight) {
  const Config& config = pass.model.config;
  const kern::Device& device = pass.model.device;
  const float* x = kern::as<float>(pass.workspace.x);
  auto* acts = kern::as<std::byte>(pass.workspace.acts_dim);
  if (weight == nullptr) {
    device.ops->to_acts(device,
                        {.x = x, .n_rows = pass.rows.n_rows, .dim = config.dim, .acts = acts});
    return;
  }
  device.ops->rms_norm(device, {.x = x,
                                .weight = weight,
                                .eps = config.norm_eps,
                                .n_rows = pass.rows.n_rows,
                                .dim = config.dim,
                                .acts = acts});
}

void leave(const Pass& pass, const kern::Weight& weight, const float* bias, const float* norm,
           const std::byte* acts) {
  const Config& config = pass.model.config;
  const kern::Device& device = pass.model.device;
  float* x = kern::as<float>(pass.workspace.x);
  float* y = norm != nullptr ? kern::as<float>(pass.workspace.branch) : x;
  device.ops->gemm(device, {.weight = weight,
                            .acts = acts,
                            .bias = bias,
                            .n_rows = pass.rows.n_rows,
                            .accumulate = norm == nullptr,
                            .y = y});
  if (norm == nullptr) return;
  device.ops->rms_norm(device, {.x = y,
                                .weight = norm,
                                .eps = config.norm_eps,
                                .n_rows = pass.rows.n_rows,
                                .dim = config.dim,
                                .y = y});
  const std::int64_t n = std::int64_t{pass.rows.n_rows} * config.dim;
  device.ops->add(device, {.x = x, .y = y, .n = n});
}

}  // namespace mr::model
