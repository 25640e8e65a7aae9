#include "model/architecture.h"
#include "model/decoder_config.h"

namespace mr::model::olmo2 {

/// OLMo 2: norms after attention and feed-forward instead of before them, and one over all heads
/// of query and of key.
/// Source: 2 OLMo 2 Furious, arXiv:2501.00656, section 2.1.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source, {.norm_eps = 1e-5F, .n_context = 2048}));
  config.has_pre_norms = false;
  config.has_post_norms = true;
  config.qk_norm = QkNorm::row;
  return config;
}

}  // namespace mr::model::olmo2
