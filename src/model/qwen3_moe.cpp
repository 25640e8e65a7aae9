#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/fields.h"
#include "model/moe_config.h"
#include "model/windows.h"

namespace mr::model::qwen3_moe {

/// Qwen3 with a mixture in every layer.
/// Source: Qwen3 technical report, arXiv:2505.09388, section 2.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source));
  MR_TRY_VOID(read_upper_windows(source, config));
  config.qk_norm = QkNorm::head;
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY(const std::int32_t step, count(fields, {nullptr, "decoder_sparse_step"}, {1, 1}, 1));
  MR_TRY(config.moe,
         read_moe(fields, {.n_experts = 128, .n_used = 8, .ffn_dim = 768 * step}, config));
  const bool fallback = fields.gguf != nullptr;  // GGUF does not say: those that exist do
  MR_TRY(config.moe.routing.normalize,
         get_or<bool>(fields, {"expert_weights_norm", "norm_topk_prob"}, fallback));
  return config;
}

}  // namespace mr::model::qwen3_moe
