#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/fields.h"
#include "model/moe_config.h"
#include "model/windows.h"

namespace mr::model::mixtral {

/// Mixtral: Llama with a mixture in every layer. GGUF calls it llama.
/// Source: Jiang et al. 2024, arXiv:2401.04088, section 2.1.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config,
         read_decoder_config(source, {.gguf_rope = kern::Rope::adjacent,
                                      .norm_eps = 1e-5F,
                                      .rope_base = source.gguf != nullptr ? 1e4F : 1e6F,
                                      .n_context = 131072,
                                      .n_kv_heads = 8}));
  MR_TRY_VOID(read_windows(source, {}, config));
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY_VOID(read_moe(fields,
                       {.n_experts_key = "num_local_experts",
                        .ffn_dim_key = "intermediate_size",
                        .n_experts = 8,
                        .n_used = 2,
                        .ffn_dim = config.ffn_dim},
                       config));
  config.moe.routing.normalize = true;
  return config;
}

}  // namespace mr::model::mixtral
