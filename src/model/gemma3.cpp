#include "model/architecture.h"
#include "model/gemma.h"
#include "model/windows.h"

namespace mr::model::gemma3 {

/// Gemma 3: five layers of six have a window and a RoPE of their own, with a small base and no
/// scaling; each head of query and key is normed.
/// Source: Gemma 3 technical report, arXiv:2503.19786, section 2.
Expected<Config> config(const Source& source) {
  DecoderDefaults defaults = kGemmaDefaults;
  defaults.n_context = 131072;
  defaults.rope_base = 1'000'000.0F;
  MR_TRY(Config config, read_decoder_config(source, defaults));
  MR_TRY_VOID(read_gemma(source, {.n_layers_largest = 62}, config));
  config.qk_norm = QkNorm::head;
  MR_TRY_VOID(read_windows(source, {.period = 6, .window = 4096}, config));
  MR_TRY(RopeConfig local, read_rope(source,
                                     {.head_dim = config.k_dim,
                                      .n_context = config.n_context,
                                      .base_key = {"rope.freq_base_swa", "rope_local_base_freq"},
                                      .scaled = false},
                                     "sliding_attention"));
  config.ropes.push_back(std::move(local));
  for (LayerConfig& layer : config.layers) layer.rope = layer.window > 0 ? 1 : 0;
  return config;
}

}  // namespace mr::model::gemma3
