#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/windows.h"

namespace mr::model::mistral {

/// Mistral's config.json: Llama's shape, with a window in every layer where there is one. GGUF
/// calls it llama. Source: Jiang et al. 2023, arXiv:2310.06825, section 2.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source, {.n_context = 131072, .n_kv_heads = 8}));
  MR_TRY_VOID(read_windows(source, {.window = 4096}, config));
  return config;
}

}  // namespace mr::model::mistral
