#include <cmath>

#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/fields.h"
#include "model/moe_config.h"
#include "model/windows.h"

namespace mr::model::gpt_oss {
namespace {

/// That of a config.json without a word on it.
RopeScaling unstated_scaling() {
  constexpr double kFactor = 32;
  return {.rule = RopeScaling::Rule::yarn,
          .factor = kFactor,
          .n_original = 4096,
          .magnitude = 0.1 * std::log(kFactor) + 1,
          .truncate = false,
          .short_factor = {},
          .long_factor = {}};
}

}  // namespace

/// gpt-oss: a window in every second layer, a sink for every head, biases everywhere, and experts
/// with a clamped SwiGLU. Source: gpt-oss model card, arXiv:2508.10925, section 2.
Expected<Config> config(const Source& source) {
  const RopeScaling unstated = unstated_scaling();
  MR_TRY(Config config, read_decoder_config(source, {.norm_eps = 1e-5F,
                                                     .rope_base = 150'000.0F,
                                                     .yarn_truncates = false,
                                                     .unstated_scaling = &unstated,
                                                     .n_context = 131072,
                                                     .n_heads = 64,
                                                     .n_kv_heads = 8,
                                                     .head_dim = 64}));
  MR_TRY_VOID(read_windows(source, {.period = 2, .window = 128}, config));
  config.has_sinks = true;
  config.activation = kern::Activation::swiglu_clamped;
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY_VOID(read_moe(fields,
                       {.n_experts_key = "num_local_experts",
                        .ffn_dim_key = "intermediate_size",
                        .n_experts = 128,
                        .n_used = 4,
                        .ffn_dim = config.ffn_dim},
                       config));
  config.moe.routing.score = kern::Routing::Score::softmax_chosen;
  config.moe.is_interleaved = source.checkpoint != nullptr;
  MR_TRY(config.moe.alpha, positive(fields, {nullptr, "swiglu_alpha"}, 1.702F));
  MR_TRY(config.moe.limit, positive(fields, {nullptr, "swiglu_limit"}, 7.0F));
  return config;
}

}  // namespace mr::model::gpt_oss
