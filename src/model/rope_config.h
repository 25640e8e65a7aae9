#pragma once
#include <optional>
#include <vector>

#include "base/error.h"
#include "model/config.h"
#include "model/fields.h"

namespace mr::model {

/// How RoPE's frequencies are stretched for contexts longer than those first trained on.
struct RopeScaling {
  enum class Rule : std::uint8_t {
    none,
    linear,    ///< Chen et al. 2023, arXiv:2306.15595
    llama3,    ///< Llama 3.1's: by wavelength
    yarn,      ///< Peng et al. 2023, arXiv:2309.00071
    longrope,  ///< Ding et al. 2024, arXiv:2402.13753: a factor for each frequency
  };
  Rule rule = Rule::none;
  double factor = 1.0;
  double n_original = 0;  ///< positions of the first training
  double magnitude = 1.0;
  double low_freq_factor = 1.0;                  ///< llama3
  double high_freq_factor = 4.0;                 ///< llama3
  double beta_fast = 32.0;                       ///< yarn: rotations
  double beta_slow = 1.0;                        ///< yarn: rotations
  bool truncate = true;                          ///< yarn: its range ends at whole frequencies
  std::vector<float> short_factor, long_factor;  ///< longrope: (n_dims / 2)
};

/// The frequencies base^(-2i / n_dims), scaled; where n_dims is odd the last pair has one more.
/// Source: Su et al. 2021, arXiv:2104.09864, 3.2.2.
RopeConfig make_rope(kern::Rope kind, std::int32_t n_dims, double base, const RopeScaling& scaling);

/// What a RoPE starts from where the model does not say.
struct RopeDefaults {
  kern::Rope kind = kern::Rope::neox;
  std::int32_t head_dim = 0;
  std::int32_t n_context = 0;  ///< of the model
  float base = 10000.0F;
  Key base_key{"rope.freq_base", "rope_theta"};
  bool yarn_truncates = true;                     ///< see RopeScaling
  bool scaled = true;                             ///< whether the model's one scaling is meant
  const RopeScaling* unstated_scaling = nullptr;  ///< of a config.json that has none; null: none
  /// Positions of the first training, where config.json does not say beside the scaling: what
  /// stands inside it does not count then. By default that does, or else n_context.
  std::optional<std::int32_t> n_original = {};
};

/// The RoPE of a model: its base, how much of a head it turns, and its scaling, from
/// "<architecture>.rope.*" and the tensors rope_freqs and rope_factors_*, or from config.json.
/// There it is `rope_parameters` (transformers 5) or `rope_scaling`; `layer_type` names the object
/// inside the first where layers differ.
/// Errors: bad_model, naming the key; of an unknown rule, listing the known.
Expected<RopeConfig> read_rope(const Source& source, const RopeDefaults& defaults,
                               const char* layer_type = "full_attention");

}  // namespace mr::model
