#include "model/architecture.h"
#include "model/gemma.h"
#include "model/windows.h"

namespace mr::model::gemma2 {

/// Gemma 2: every other layer has a window, scores and logits are soft-capped.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source, kGemmaDefaults));
  MR_TRY_VOID(read_gemma(source,
                         {.n_layers_largest = 46,
                          .caps_attention = true,
                          .attention_softcap = 50.0F,
                          .logit_softcap = 30.0F},
                         config));
  MR_TRY_VOID(read_windows(source, {.period = 2, .window = 4096}, config));
  return config;
}

}  // namespace mr::model::gemma2
