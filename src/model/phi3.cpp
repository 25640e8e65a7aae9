#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/windows.h"

namespace mr::model::phi3 {

/// Phi-3, Phi-3.5 and Phi-4 (mini): Llama's arithmetic with fused tensors, a window in every layer
/// where there is one, and LongRoPE.
/// Source: Phi-3 technical report, arXiv:2404.14219, section 2.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config,
         read_decoder_config(source, {.norm_eps = 1e-5F, .n_context = 4096, .n_original = 4096}));
  MR_TRY_VOID(read_windows(source, {}, config));
  return config;
}

}  // namespace mr::model::phi3
