#include "model/architecture.h"
#include "model/decoder_config.h"

namespace mr::model::qwen3 {

/// Qwen3: each head of query and key has an RMS norm of its own before RoPE.
/// Source: Qwen3 technical report, arXiv:2505.09388, section 2.
Expected<Config> config(const gguf::File& file) {
  MR_TRY(Config config, read_decoder_config(file));
  config.rope.kind = kern::Rope::neox;
  config.has_qk_norm = true;
  return config;
}

}  // namespace mr::model::qwen3
