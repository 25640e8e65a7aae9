#include "model/architecture.h"
#include "model/decoder_config.h"

namespace mr::model::llama {

/// Llama 1 to 3, Mistral, SmolLM: GGUF keeps each head's pairs side by side.
Expected<Config> config(const gguf::File& file) {
  MR_TRY(Config config, read_decoder_config(file));
  config.rope.kind = kern::Rope::adjacent;
  return config;
}

}  // namespace mr::model::llama
