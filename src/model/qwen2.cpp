#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/windows.h"

namespace mr::model::qwen2 {

/// Qwen2 and Qwen2.5: Llama's shape with biases of query, key and value.
/// Source: Qwen2 technical report, arXiv:2407.10671, section 2.2.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source, {.n_context = 32768, .n_kv_heads = 32}));
  MR_TRY_VOID(read_upper_windows(source, {}, config));
  return config;
}

}  // namespace mr::model::qwen2
