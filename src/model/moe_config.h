#pragma once
#include <optional>

#include "base/error.h"
#include "model/config.h"
#include "model/fields.h"

namespace mr::model {

/// What a mixture of experts is called, and what a model means by saying nothing.
struct MoeDefaults {
  const char* n_experts_key = "num_experts";  ///< of config.json
  const char* ffn_dim_key = "moe_intermediate_size";
  std::optional<std::int32_t> n_experts = {};
  std::optional<std::int32_t> n_used = {};
  std::optional<std::int32_t> ffn_dim = {};
  std::int32_t n_dense = 0;
};

/// The numbers that every mixture has: experts, how many a row uses, their size; and the layers
/// that have one, all after the first dense ones. Architectures start from it and set how scores
/// are made. Errors: bad_model, naming the key, the range wanted and the value found.
Expected<void> read_moe(const Fields& fields, const MoeDefaults& defaults, Config& config);

/// The groups of experts that DeepSeek's models choose from: how many there are, and are used.
/// Errors: bad_model, where they do not share the experts evenly or have too few for a row.
Expected<void> read_groups(const Fields& fields, Range fallback, MoeConfig& moe);

}  // namespace mr::model
