#pragma once
#include <optional>

#include "text/tokenizer.h"

namespace mr::api {

/// The tokens around which a model fills a gap in a text: prefix, what comes before, suffix, what
/// comes after, middle, and then the model.
struct FillIn {
  std::int32_t prefix;
  std::int32_t suffix;
  std::int32_t middle;
};

/// Those of a vocabulary, known by their names; none where it lacks one of them.
std::optional<FillIn> fill_in(const text::Tokenizer& tokenizer);

}  // namespace mr::api
