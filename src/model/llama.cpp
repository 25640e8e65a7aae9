#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/windows.h"

namespace mr::model::llama {

/// Llama 1 to 3, Mistral, SmolLM. GGUF keeps each head's pairs side by side; Mistral's first has a
/// window in every layer.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source, {.gguf_rope = kern::Rope::adjacent}));
  MR_TRY_VOID(read_windows(source, {}, config));
  return config;
}

}  // namespace mr::model::llama
