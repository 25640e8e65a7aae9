#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/windows.h"

namespace mr::model::qwen3 {

/// Qwen3: each head of query and key has an RMS norm of its own before RoPE.
/// Source: Qwen3 technical report, arXiv:2505.09388, section 2.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config,
         read_decoder_config(source, {.n_context = 32768, .n_kv_heads = 32, .head_dim = 128}));
  MR_TRY_VOID(read_upper_windows(source, {}, config));
  config.qk_norm = QkNorm::head;
  return config;
}

}  // namespace mr::model::qwen3
