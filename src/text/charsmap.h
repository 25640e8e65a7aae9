#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// SentencePiece's precompiled character map: strings and what replaces them.
namespace mr::text {

struct Charsmap {
  std::vector<std::uint32_t> units;  // a double array as Darts-clone lays it out
  std::string replacements;          // each ends in a zero byte
};

/// Errors: bad_model where the sizes do not fit together.
Expected<Charsmap> make_charsmap(std::string_view blob);

struct Replacement {
  std::size_t bytes = 0;  // of the text that it replaces; 0 where nothing matches
  std::string_view text;
};

/// The longest (or the shortest) entry that begins the text.
Replacement longest_match(const Charsmap& map, std::string_view text);
Replacement shortest_match(const Charsmap& map, std::string_view text);

}  // namespace mr::text
