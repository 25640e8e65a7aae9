#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/charsmap.h"
#include "text/regex.h"
#include "text/trie.h"
#include "text/vocab.h"

/// What is done to a text before it is cut into words.
namespace mr::text {

struct NormalStage {
  NormalStep step;
  Charsmap map;
  Regex regex;
};

struct Normalizer {
  std::vector<NormalStage> stages;
};

/// Errors: bad_model for a damaged character map or pattern.
Expected<Normalizer> make_normalizer(std::vector<NormalStep> steps);

/// The normal form of a text, in `out`. What `kept` holds (user-defined pieces) passes a character
/// map unchanged.
/// Errors: does_not_fit from a pattern that takes too long.
Expected<void> normalize(const Normalizer& normalizer, std::string_view text, const Trie& kept,
                         std::string& out);

}  // namespace mr::text
