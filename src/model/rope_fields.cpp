#include <algorithm>
#include <cmath>

#include "base/quote.h"
#include "kern/ref/decode.h"
#include "model/rope_config.h"

namespace mr::model {
namespace {

using Rule = RopeScaling::Rule;

constexpr std::int32_t kMaxContext = 1 << 28;

/// YaRN's temperature, as a factor of cosine and sine. Source: arXiv:2309.00071, eq. 22.
double yarn_magnitude(double factor, double scale = 1.0) {
  return factor <= 1 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
}

/// The factors of each frequency that a GGUF keeps as a tensor; none where it has no such tensor.
Expected<std::vector<float>> factor_tensor(const Source& source, const char* name, std::size_t n) {
  const TensorView* view = find(source, name);
  if (view == nullptr) return std::vector<float>();
  if (view->type != DType::f32 || elements(*view) != n) {
    return fail(Fault::bad_model, std::string(name) + ": wanted " + std::to_string(n) +
                                      " values of F32, found " + shape_text(*view) + " of " +
                                      traits(view->type).name);
  }
  std::vector<float> factors(n);
  kern::ref::decode(view->type, view->data, factors.data(), n);
  for (const float factor : factors) {
    if (!std::isfinite(factor) || factor <= 0) {
      return fail(Fault::bad_model,
                  std::string(name) + ": wanted positive numbers, found " + std::to_string(factor));
    }
  }
  return factors;
}

Expected<Rule> gguf_rule(const Fields& fields) {
  const Key key{"rope.scaling.type"};
  MR_TRY(const auto name, get_or<std::string>(fields, key, "none"));
  if (name == "none") return has(fields, {"rope.scale_linear"}) ? Rule::linear : Rule::none;
  if (name == "linear") return Rule::linear;
  if (name == "yarn") return Rule::yarn;
  if (name == "longrope") return Rule::longrope;
  return fail(
      Fault::bad_model,
      name_of(fields, key) + ": wanted none, linear, yarn or longrope, found " + quote(name));
}

Expected<RopeScaling> gguf_scaling(const Source& source, const Fields& fields,
                                   const RopeDefaults& defaults, std::int32_t n_dims) {
  RopeScaling s;
  s.truncate = defaults.yarn_truncates;
  if (!defaults.scaled) return s;
  MR_TRY(s.rule, gguf_rule(fields));
  MR_TRY(const float old_factor, positive(fields, {"rope.scale_linear"}, 1.0F));
  MR_TRY(s.factor, positive(fields, {"rope.scaling.factor"}, old_factor));
  MR_TRY(s.n_original, count(fields, {"rope.scaling.original_context_length"}, {2, kMaxContext},
                             defaults.n_context));
  MR_TRY(s.magnitude, positive(fields, {"rope.scaling.attn_factor"}, 1.0F));
  if (s.rule == Rule::yarn) s.magnitude *= yarn_magnitude(s.factor);
  MR_TRY(s.beta_fast, positive(fields, {"rope.scaling.yarn_beta_fast"}, 32.0F));
  MR_TRY(s.beta_slow, positive(fields, {"rope.scaling.yarn_beta_slow"}, 1.0F));
  const auto n = static_cast<std::size_t>(n_dims / 2);
  MR_TRY(s.short_factor, factor_tensor(source, "rope_freqs.weight", n));
  if (s.short_factor.empty()) {
    MR_TRY(s.short_factor, factor_tensor(source, "rope_factors_short.weight", n));
    MR_TRY(s.long_factor, factor_tensor(source, "rope_factors_long.weight", n));
  }
  return s;
}

Expected<Rule> json_rule(const Fields& rope) {
  const Key key =
      has(rope, {nullptr, "rope_type"}) ? Key{nullptr, "rope_type"} : Key{nullptr, "type"};
  MR_TRY(const auto name, get_or<std::string>(rope, key, "default"));
  const bool has_factors = has(rope, {nullptr, "long_factor"});
  // Dynamic changes nothing within the context of the training, and beyond it with the length.
  if (name == "default" || name == "dynamic") return Rule::none;
  if (name == "linear") return Rule::linear;
  if (name == "llama3") return Rule::llama3;
  if (name == "longrope" || name == "su" || (name == "yarn" && has_factors)) return Rule::longrope;
  if (name == "yarn") return Rule::yarn;
  return fail(Fault::bad_model, name_of(rope, key) +
                                    ": wanted default, linear, llama3, yarn or longrope, found " +
                                    quote(name));
}

/// YaRN's magnitude where config.json does not give it: DeepSeek's has two scales to divide.
Expected<double> default_yarn_magnitude(const Fields& rope, double factor) {
  MR_TRY(const double scale, get_or<double>(rope, {nullptr, "mscale"}, 0.0));
  MR_TRY(const double all_dims, get_or<double>(rope, {nullptr, "mscale_all_dim"}, 0.0));
  if (scale == 0 || all_dims == 0) return yarn_magnitude(factor);
  return yarn_magnitude(factor, scale) / yarn_magnitude(factor, all_dims);
}

double longrope_magnitude(const RopeScaling& s) {
  return s.factor <= 1 ? 1.0 : std::sqrt(1 + std::log(s.factor) / std::log(s.n_original));
}

Expected<void> read_yarn(const Fields& rope, RopeScaling& s) {
  MR_TRY(s.beta_fast, positive(rope, {nullptr, "beta_fast"}, 32.0F));
  MR_TRY(s.beta_slow, positive(rope, {nullptr, "beta_slow"}, 1.0F));
  MR_TRY(s.truncate, get_or<bool>(rope, {nullptr, "truncate"}, s.truncate));
  MR_TRY(s.magnitude, default_yarn_magnitude(rope, s.factor));
  return {};
}

Expected<void> read_llama3(const Fields& rope, RopeScaling& s) {
  const Key high{nullptr, "high_freq_factor"};
  MR_TRY(s.low_freq_factor, positive(rope, {nullptr, "low_freq_factor"}));
  MR_TRY(s.high_freq_factor, positive(rope, high));
  if (s.high_freq_factor > s.low_freq_factor) return {};
  return fail(Fault::bad_model, name_of(rope, high) + ": wanted more than low_freq_factor, found " +
                                    std::to_string(s.high_freq_factor));
}

/// `rope` is the object that describes the RoPE, inside `fields`.
Expected<RopeScaling> json_scaling(const Fields& fields, const Fields& rope,
                                   const RopeDefaults& defaults, std::int32_t n_dims) {
  const Key original{nullptr, "original_max_position_embeddings"};
  const Key factor{nullptr, "factor"};
  RopeScaling s;
  s.truncate = defaults.yarn_truncates;
  if (rope.json == fields.json)
    return defaults.unstated_scaling != nullptr ? *defaults.unstated_scaling : s;
  MR_TRY(s.rule, json_rule(rope));
  if (s.rule == Rule::none) return s;
  const bool beside = has(fields, original) || defaults.n_original.has_value();
  MR_TRY(const std::int32_t n_original, count(beside ? fields : rope, original, {2, kMaxContext},
                                              defaults.n_original.value_or(defaults.n_context)));
  s.n_original = n_original;
  const bool by_context = s.rule == Rule::yarn || s.rule == Rule::longrope;
  const auto ratio = static_cast<float>(defaults.n_context / s.n_original);
  MR_TRY(s.factor, by_context ? positive(rope, factor, ratio) : positive(rope, factor));
  if (s.rule == Rule::yarn) {
    MR_TRY_VOID(read_yarn(rope, s));
  }
  if (s.rule == Rule::llama3) {
    MR_TRY_VOID(read_llama3(rope, s));
  }
  if (s.rule == Rule::longrope) {
    const auto n = static_cast<std::size_t>((n_dims + 1) / 2);
    MR_TRY(s.short_factor, positives(rope, "short_factor", n));
    MR_TRY(s.long_factor, positives(rope, "long_factor", n));
    s.magnitude = longrope_magnitude(s);
  }
  if (by_context) {
    MR_TRY(s.magnitude,
           positive(rope, {nullptr, "attention_factor"}, static_cast<float>(s.magnitude)));
  }
  return s;
}

/// The object of config.json that describes the RoPE of some layers; all of it where none does.
Expected<Fields> rope_object(const Fields& fields, const RopeDefaults& defaults,
                             const char* layer_type) {
  MR_TRY(const auto parameters, part(fields, "rope_parameters"));
  if (parameters) {
    MR_TRY(const auto own, part(*parameters, layer_type));
    return own ? *own : *parameters;
  }
  if (!defaults.scaled) return fields;
  MR_TRY(const auto scaling, part(fields, "rope_scaling"));
  return scaling ? *scaling : fields;
}

Expected<std::int32_t> read_n_dims(const Fields& fields, const Fields& rope,
                                   std::int32_t head_dim) {
  const Key share{nullptr, "partial_rotary_factor"};
  const Key dims{"rope.dimension_count"};
  std::int32_t n_dims;
  Key key = dims;
  if (fields.gguf != nullptr) {
    MR_TRY(n_dims, count(fields, dims, {2, head_dim}, head_dim));
  } else {
    key = share;
    MR_TRY(const float part, positive(has(rope, share) ? rope : fields, share, 1.0F));
    n_dims = static_cast<std::int32_t>(static_cast<double>(head_dim) *
                                       std::min(static_cast<double>(part), 1.0));
  }
  const bool has_room = fields.json != nullptr && n_dims < head_dim;  // for the odd one's partner
  if (n_dims >= 2 && (n_dims % 2 == 0 || has_room)) return n_dims;
  return fail(Fault::bad_model, name_of(fields, key) +
                                    ": wanted an even number of dimensions, found " +
                                    std::to_string(n_dims));
}

}  // namespace

Expected<RopeConfig> read_rope(const Source& source, const RopeDefaults& defaults,
                               const char* layer_type) {
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY(const Fields rope,
         fields.json != nullptr ? rope_object(fields, defaults, layer_type) : fields);
  MR_TRY(const std::int32_t n_dims, read_n_dims(fields, rope, defaults.head_dim));
  MR_TRY(float base, positive(fields, defaults.base_key, defaults.base));
  if (rope.json != fields.json) {
    MR_TRY(base, positive(rope, {nullptr, "rope_theta"}, base));
  }
  MR_TRY(const RopeScaling scaling, fields.json != nullptr
                                        ? json_scaling(fields, rope, defaults, n_dims)
                                        : gguf_scaling(source, fields, defaults, n_dims));
  RopeConfig made = make_rope(defaults.kind, n_dims, static_cast<double>(base), scaling);
  const auto is_sound = [](float value) { return std::isfinite(value) && value >= 0; };
  if (std::ranges::all_of(made.inv_freq, is_sound) &&
      std::ranges::all_of(made.inv_freq_long, is_sound) && is_sound(made.magnitude)) {
    return made;
  }
  return fail(Fault::bad_model, name_of(fields, defaults.base_key) +
                                    ": wanted finite frequencies of RoPE, found others");
}

}  // namespace mr::model
