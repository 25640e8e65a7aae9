#pragma once
#include <string>

#include "base/error.h"
#include "model/weights.h"
#include "spec/translation.h"

namespace mr::spec {

/// A model that drafts for a target.
struct DraftModel {
  model::Model model;
  Translation translation;
};

/// Errors: bad_model where the draft is larger than its target in bytes of weights, or its tokens
/// are others, see translate.
Expected<DraftModel> make_draft_model(model::Model model, const text::Tokenizer& tokenizer,
                                      const model::Model& target,
                                      const text::Tokenizer& target_tokenizer);

}  // namespace mr::spec
