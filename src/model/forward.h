#pragma once
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "kern/buffer.h"
#include "kern/table.h"
#include "model/weights.h"

namespace mr::model {

/// The rows of one step on the host, as kern::Rows describes them, with the pages of their
/// sequences and the rows whose logits are wanted.
struct StepInput {
  std::vector<std::int32_t> token;          ///< (n_rows)
  std::vector<std::int32_t> pos;            ///< (n_rows)
  std::vector<std::int32_t> seq;            ///< (n_rows) 0 to n_seqs - 1
  std::vector<std::int32_t> slot;           ///< (n_rows)
  std::vector<std::int32_t> context;        ///< (n_rows)
  std::vector<std::int32_t> path_begin{0};  ///< (n_rows + 1)
  std::vector<std::int32_t> path;
  std::vector<std::int32_t> pages;  ///< (n_seqs, max_pages)
  std::int32_t max_pages = 0;
  std::vector<std::int32_t> logit_rows;  ///< in the order of the logits
};

/// The largest step a workspace takes.
struct StepLimits {
  std::int32_t n_rows = 0;
  std::int32_t n_logit_rows = 0;
  std::int32_t n_context = 0;  ///< positions that a sequence may have: LongRoPE goes by it
};

/// What a mixture of experts needs beside: an item is a row with one of its experts.
struct MoeWorkspace {
  kern::Buffer logits;        ///< (n_rows, n_experts)
  kern::Buffer expert, item;  ///< (n_rows, n_used)
  kern::Buffer weight;        ///< (n_rows, n_used)
  kern::Buffer begin;         ///< (n_experts + 1)
  kern::Buffer row;           ///< (n_items)
  kern::Buffer acts;          ///< (n_items, dim)
  kern::Buffer y;             ///< (n_items, dim)
};

/// What multi-head latent attention needs beside.
struct LatentWorkspace {
  kern::Buffer low;       ///< (n_rows, q_rank)
  kern::Buffer low_acts;  ///< (n_rows, q_rank)
  kern::Buffer q;         ///< (n_rows, n_heads, nope_dim + rope_dim)
  kern::Buffer k_rope;    ///< (n_rows, rope_dim)
  kern::Buffer seen;      ///< (n_rows, n_heads, rank)
  kern::Buffer out;       ///< (n_rows, n_heads, v_dim)
};

/// Device memory of the values between a step's operations.
struct Workspace {
  StepLimits limits;
  kern::Buffer integers;             ///< the step's arrays; grows as steps need
  kern::Buffer x;                    ///< (n_rows, dim) the residual stream
  std::vector<kern::Buffer> angles;  ///< of each of Config::ropes: (n_rows, rope dims)
  kern::Buffer branch;               ///< (n_rows, dim) what is normed before it is added to x
  kern::Buffer q, k, v;              ///< (n_rows, heads * head dim)
  kern::Buffer gate, up;             ///< (n_rows, ffn_dim), (n_items, ffn_dim of an expert)
  kern::Buffer acts_dim;             ///< (n_rows, dim)
  kern::Buffer acts_out;             ///< (n_rows, n_heads * v_dim)
  kern::Buffer acts_ffn;             ///< as gate and up
  MoeWorkspace moe;
  LatentWorkspace latent;
  kern::Buffer head_x;     ///< (n_logit_rows, dim)
  kern::Buffer head_acts;  ///< (n_logit_rows, dim)
  kern::Buffer logits;     ///< (n_logit_rows, n_vocab), then (n_logit_rows, logit_blocks)
};

/// Errors: does_not_fit.
Expected<Workspace> make_workspace(const Model& model, const StepLimits& limits);

/// How many block maxima a row of logits has: one for each kern::kLogitBlock.
inline std::int32_t logit_blocks(const Config& config) {
  return (config.n_vocab + kern::kLogitBlock - 1) / kern::kLogitBlock;
}

/// One pass over the weights for all rows of a step: their K and V are stored, and the logits of
/// `logit_rows` stand in `workspace.logits` on the device: (n, n_vocab), and directly behind them
/// their block maxima as kern::ScaleCapArgs describes them, (n, logit_blocks).
/// The pages of `step` belong to `kv`; every slot attended to was stored before or is stored now.
/// Errors: does_not_fit, where the step's arrays find no memory.
Expected<void> forward(const Model& model, Workspace& workspace, const kern::KvView& kv,
                       const StepInput& step);

}  // namespace mr::model
