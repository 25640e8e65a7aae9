#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/fields.h"
#include "model/moe_config.h"
#include "model/windows.h"

namespace mr::model::qwen3_moe {
namespace {

constexpr std::int32_t kMaxStep = 1 << 20;

/// config.json may leave layers without a mixture: all but every n-th, and some by number.
Expected<void> read_dense_layers(const Fields& fields, Config& config) {
  MR_TRY(const std::int32_t step,
         count(fields, {nullptr, "decoder_sparse_step"}, {1, kMaxStep}, 1));
  for (std::int32_t i = 0; i < config.n_layers; ++i) {
    if ((i + 1) % step != 0) config.layers[static_cast<std::size_t>(i)].has_experts = false;
  }
  MR_TRY(const auto dense, counts(fields, "mlp_only_layers", {0, config.n_layers - 1}));
  for (const std::int32_t i : dense) config.layers[static_cast<std::size_t>(i)].has_experts = false;
  return {};
}

}  // namespace

/// Qwen3 with a mixture in every layer, or in most.
/// Source: Qwen3 technical report, arXiv:2505.09388, section 2.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source, {.n_context = 32768, .n_kv_heads = 4}));
  MR_TRY_VOID(read_upper_windows(source, {.asks = false, .first = 0}, config));
  config.qk_norm = QkNorm::head;
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY_VOID(read_moe(fields, {.n_experts = 128, .n_used = 8, .ffn_dim = 768}, config));
  MR_TRY_VOID(read_dense_layers(fields, config));
  const bool fallback = fields.gguf != nullptr;  // GGUF does not say: those that exist do
  MR_TRY(config.moe.routing.normalize,
         get_or<bool>(fields, {"expert_weights_norm", "norm_topk_prob"}, fallback));
  return config;
}

}  // namespace mr::model::qwen3_moe
