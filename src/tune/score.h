#pragma once
#include <cstdint>
#include <functional>
#include <span>

#include "base/error.h"
#include "kv/store.h"
#include "model/forward.h"

namespace mr::tune {

inline constexpr std::int32_t kStepRows = 64;  ///< at most, with logits of all of them

/// A model set up to score known text: one sequence at a time, from an empty cache.
struct Scorer {
  const model::Model* model = nullptr;  ///< outlives the scorer
  kv::Store store;
  model::Workspace workspace;
  std::int32_t n_context = 0;  ///< the longest text
};

/// Errors: does_not_fit.
Expected<Scorer> make_scorer(const model::Model& model, std::int32_t n_context, DType kv_type);

/// Told of position `pos`: the logits of the token after it, (n_vocab), valid during the call.
using OnLogits = std::function<void(std::int32_t pos, std::span<const float> logits)>;

/// Runs `tokens` through the model in steps of kStepRows and hands over the logits of positions
/// `first` to the last, in order.
/// Errors: bad_request for a text that is empty, longer than n_context or names tokens the model
/// has not; does_not_fit.
Expected<void> score(Scorer& scorer, std::span<const std::int32_t> tokens, std::int32_t first,
                     const OnLogits& on_logits);

/// log(sum(exp(logits))), summed in double.
double log_normalizer(std::span<const float> logits);

/// log softmax(logits)[token], summed in double.
double log_probability(std::span<const float> logits, std::int32_t token);

}  // namespace mr::tune
