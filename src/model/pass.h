#pragma once
#include "kern/table.h"
#include "model/forward.h"

namespace mr::model {

/// Everything the operations of one step share.
struct Pass {
  const Model& model;
  Workspace& workspace;
  kern::KvView kv;
  kern::Rows rows;
  const std::int32_t* logit_rows = nullptr;
};

/// The residual stream as activations for gemm, in `workspace.acts_dim`; normed where `weight` is
/// not null.
void enter(const Pass& pass, const float* weight);

/// Adds acts * weight^T + bias to the residual stream; what is added is normed first where `norm`
/// is not null.
void leave(const Pass& pass, const kern::Weight& weight, const float* bias, const float* norm,
           const std::byte* acts);

/// The mixture of experts of a layer over `workspace.acts_dim`: what each row's experts give is
/// added to the residual stream.
void mix(const Pass& pass, const Layer& layer);

/// What attend does with multi-head latent attention, after `enter`.
void attend_latent(const Pass& pass, std::int32_t index);

/// Layer `index` attends: x += what its heads gather. K and V of the rows are stored.
void attend(const Pass& pass, std::int32_t index);

/// x += the feed-forward of layer `index`.
void feed_forward(const Pass& pass, std::int32_t index);

}  // namespace mr::model
