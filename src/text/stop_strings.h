#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mr::text {

/// Looks for stop strings in text that comes in pieces, however it is cut. The one that is complete
/// first ends the text; of those complete at the same byte, the longest.
struct StopStrings {
  struct Pattern {
    std::string text;
    std::vector<std::size_t> border;  ///< of each beginning: its longest end that begins it too
    std::size_t n_matched = 0;        ///< bytes of it that the text ends with
  };

  std::vector<Pattern> patterns;
  bool include = false;                   ///< whether the stop string itself is given out
  std::string held = {};                  ///< what may become a stop string
  std::optional<std::size_t> found = {};  ///< the one that ended the text, by its place
};

/// Empty strings stop nothing.
StopStrings make_stop_strings(const std::vector<std::string>& strings, bool include);

/// What of the text so far can be given out: never a part of a stop string. Once one is found, it
/// gives nothing. `may_stop`: whether one that is complete in this piece counts.
/// Cost: linear in the piece, for each string.
/// Source: Knuth, Morris, Pratt 1977, "Fast pattern matching in strings".
std::string push(StopStrings& stops, std::string_view piece, bool may_stop = true);

/// What is left at the end.
std::string finish(StopStrings& stops);

}  // namespace mr::text
