#include <cmath>
#include <string>

#include "base/quote.h"
#include "model/architecture.h"
#include "model/decoder_config.h"
#include "model/fields.h"
#include "model/moe_config.h"

namespace mr::model::deepseek {
namespace {

constexpr std::int32_t kMaxDim = 1 << 18;
/// Whatever config.json says of the other norms. Source: transformers, modeling_deepseek_v3.py.
constexpr float kLatentNormEps = 1e-6F;

bool is_third(const Source& source, const Config& config) {
  return source.checkpoint != nullptr && config.architecture == "deepseek_v3";
}

/// GGUF has the cache's dims as key and value length, and the heads' own as *_mla; before it had
/// the heads' own alone. Its tensors do not differ.
Expected<LatentConfig> read_latent(const Fields& fields) {
  const Range range{1, kern::kMaxHeadDim};
  LatentConfig latent;
  MR_TRY(latent.rank, count(fields, {"attention.kv_lora_rank", "kv_lora_rank"}, range,
                            fields.json != nullptr ? std::optional(512) : std::nullopt));
  const Key q_rank{"attention.q_lora_rank", "q_lora_rank"};
  if (!is_null(fields, q_rank)) {
    MR_TRY(latent.q_rank, count(fields, q_rank, {0, kMaxDim}, fields.json != nullptr ? 1536 : 0));
  }
  MR_TRY(latent.rope_dim,
         count(fields, {"rope.dimension_count", "qk_rope_head_dim"}, {2, kern::kMaxHeadDim}, 64));
  if (fields.json != nullptr) {
    MR_TRY(latent.nope_dim, count(fields, {nullptr, "qk_nope_head_dim"}, range, 128));
    MR_TRY(latent.v_dim, count(fields, {nullptr, "v_head_dim"}, range, 128));
    return latent;
  }
  const bool is_new = has(fields, {"attention.key_length_mla"});
  const Key k{is_new ? "attention.key_length_mla" : "attention.key_length"};
  const Key v{is_new ? "attention.value_length_mla" : "attention.value_length"};
  MR_TRY(const std::int32_t k_dim, count(fields, k, {latent.rope_dim + 1, kern::kMaxHeadDim}));
  latent.nope_dim = k_dim - latent.rope_dim;
  MR_TRY(latent.v_dim, count(fields, v, range));
  return latent;
}

/// How much larger YaRN makes the scores: the square of its temperature.
/// Source: modeling_deepseek.py of deepseek-ai/DeepSeek-V3, softmax_scale.
Expected<float> read_yarn_scale(const Source& source, const Fields& fields, RopeConfig& rope) {
  double multiplier = 0;  // of log(factor)
  double factor = 1;
  if (source.gguf != nullptr) {
    const Key key{"rope.scaling.yarn_log_multiplier"};
    if (!has(fields, key)) return 1.0F;
    MR_TRY(multiplier, positive(fields, key));
    MR_TRY(factor, positive(fields, {"rope.scaling.factor"}, 1.0F));
    rope.magnitude = 1.0F;  // GGUF has one scale for both, whose quotient is 1
  } else {
    MR_TRY(auto scaling, part(fields, "rope_parameters"));
    if (!scaling) {
      MR_TRY(scaling, part(fields, "rope_scaling"));
    }
    if (!scaling) return 1.0F;
    MR_TRY(const double all_dims, get_or<double>(*scaling, {nullptr, "mscale_all_dim"}, 0.0));
    multiplier = 0.1 * all_dims;
    MR_TRY(factor, positive(*scaling, {nullptr, "factor"}, 1.0F));
  }
  const double scale = factor <= 1 ? 1.0 : multiplier * std::log(factor) + 1.0;
  return static_cast<float>(scale * scale);
}

Expected<void> read_attention(const Source& source, const Fields& fields, Config& config) {
  MR_TRY(config.latent, read_latent(fields));
  const LatentConfig& latent = config.latent;
  config.latent.norm_eps = source.gguf != nullptr ? config.norm_eps : kLatentNormEps;
  config.n_kv_heads = 1;
  config.k_dim = latent.rank + latent.rope_dim;
  config.v_dim = latent.rank;
  if (config.k_dim > kern::kMaxHeadDim || latent.rope_dim % 2 != 0) {
    return fail(Fault::bad_model,
                name_of(fields, {"attention.kv_lora_rank", "kv_lora_rank"}) + ": wanted at most " +
                    std::to_string(kern::kMaxHeadDim) + " with an even part for RoPE, found " +
                    std::to_string(latent.rank) + " and " + std::to_string(latent.rope_dim));
  }
  const Key interleave{nullptr, "rope_interleave"};
  MR_TRY(const bool is_adjacent, get_or<bool>(fields, interleave, true));
  MR_TRY(RopeConfig rope,
         read_rope(source, {.kind = is_adjacent ? kern::Rope::adjacent : kern::Rope::neox,
                            .head_dim = latent.rope_dim,
                            .n_context = config.n_context}));
  MR_TRY(const float scale, read_yarn_scale(source, fields, rope));
  config.ropes.push_back(std::move(rope));
  const auto head_dim = static_cast<float>(latent.nope_dim + latent.rope_dim);
  config.attention_scale = scale / std::sqrt(head_dim);
  return {};
}

/// Version 2 of config.json: softmax, groups by their best expert where it says so.
Expected<void> read_second(const Fields& fields, MoeConfig& moe) {
  const Key key{nullptr, "topk_method"};
  MR_TRY(const auto method, get_or<std::string>(fields, key, "greedy"));
  MR_TRY(moe.routing.scale, positive(fields, {nullptr, "routed_scaling_factor"}, 1.0F));
  if (method == "greedy") return {};
  if (method == "group_limited_greedy") return read_groups(fields, {1, 1}, moe);
  return fail(
      Fault::bad_model,
      name_of(fields, key) + ": wanted greedy or group_limited_greedy, found " + quote(method));
}

/// Version 3 of config.json: sigmoid, groups by their best two experts.
Expected<void> read_third(const Fields& fields, MoeConfig& moe) {
  moe.routing.score = kern::Routing::Score::sigmoid;
  moe.routing.n_group_top = 2;
  MR_TRY(moe.routing.normalize, get_or<bool>(fields, {nullptr, "norm_topk_prob"}, true));
  MR_TRY(moe.routing.scale, positive(fields, {nullptr, "routed_scaling_factor"}, 2.5F));
  return read_groups(fields, {4, 8}, moe);
}

/// GGUF says itself what differs.
Expected<void> read_gguf(const Fields& fields, MoeConfig& moe) {
  constexpr std::int32_t kSigmoid = 2;
  MR_TRY(const std::int32_t gating, count(fields, {"expert_gating_func"}, {1, kSigmoid}, 1));
  if (gating == kSigmoid) {
    moe.routing.score = kern::Routing::Score::sigmoid;
    moe.routing.n_group_top = 2;
  }
  MR_TRY(moe.routing.normalize, get_or<bool>(fields, {"expert_weights_norm"}, false));
  MR_TRY(moe.routing.scale, positive(fields, {"expert_weights_scale"}, 1.0F));
  return read_groups(fields, {1, 1}, moe);
}

}  // namespace

/// DeepSeek V2, V2-Lite, V3 and R1: multi-head latent attention; after some dense layers mixtures,
/// with experts that every row takes beside.
/// Source: DeepSeek-V2, arXiv:2405.04434; DeepSeek-V3, arXiv:2412.19437, section 2.1.
Expected<Config> config(const Source& source) {
  MR_TRY(Config config, read_decoder_config(source, {.has_rope = false}));
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY_VOID(read_attention(source, fields, config));
  const bool third = is_third(source, config);
  MoeDefaults defaults{.n_experts_key = "n_routed_experts"};
  if (source.checkpoint != nullptr) {
    defaults.n_experts = third ? 256 : 64;
    defaults.ffn_dim = third ? 2048 : 1407;
    defaults.n_dense = third ? 3 : 0;
    if (third) defaults.n_used = 8;
  }
  MR_TRY_VOID(read_moe(fields, defaults, config));
  MR_TRY(const std::int32_t n_shared, count(fields, {"expert_shared_count", "n_shared_experts"},
                                            {0, kMaxDim / config.moe.ffn_dim},
                                            third                    ? 1
                                            : source.gguf != nullptr ? 0
                                                                     : 2));
  config.moe.shared_dim = n_shared * config.moe.ffn_dim;
  MR_TRY_VOID(source.gguf != nullptr ? read_gguf(fields, config.moe)
              : third                ? read_third(fields, config.moe)
                                     : read_second(fields, config.moe));
  return config;
}

}  // namespace mr::model::deepseek
