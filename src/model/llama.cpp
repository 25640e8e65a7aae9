#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/fields.h"
#include "model/windows.h"

namespace mr::model::llama {

/// Llama 1 to 3, SmolLM, and in GGUF Mistral. GGUF keeps each head's pairs side by side.
Expected<Config> config(const Source& source) {
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY(const std::int32_t n_experts, count(fields, {"expert_count"}, {0, kern::kMaxExperts}, 0));
  if (n_experts > 0) return mixtral::config(source);
  MR_TRY(Config config,
         read_decoder_config(source, {.gguf_rope = kern::Rope::adjacent, .n_context = 2048}));
  if (fields.gguf != nullptr) MR_TRY_VOID(read_windows(source, {}, config));
  return config;
}

}  // namespace mr::model::llama
