#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mr {

/// Insertions, removals, replacements and swaps of neighbours that make b of a.
/// Source: optimal string alignment, Damerau 1964.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> older(b.size() + 1);
  std::vector<std::size_t> old(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) old[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({old[j] + 1, row[j - 1] + 1, old[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], older[j - 2] + 1);
      }
    }
    std::swap(older, old);
    std::swap(old, row);
  }
  return old[b.size()];
}

/// The name that `word` was probably meant to be, "" where none is near: two edits away, one where
/// the word is short, or begun with it. Of equals the first.
inline std::string nearest(std::string_view word, std::span<const std::string> names) {
  constexpr std::size_t kLongest = 64;
  if (word.size() > kLongest) return "";
  const std::size_t most = word.size() <= 3 ? 1 : 2;
  std::size_t least = most + 1;
  std::string found;
  for (const std::string& name : names) {
    const bool begun = word.size() >= 3 && name.starts_with(word);
    const std::size_t distance = begun ? 1 : edit_distance(word, name);
    if (distance >= least) continue;
    least = distance;
    found = name;
  }
  return found;
}

/// "; did you mean 'X'?", or nothing where no name is near.
inline std::string did_you_mean(std::string_view word, std::span<const std::string> names) {
  const std::string name = nearest(word, names);
  return name.empty() ? "" : "; did you mean '" + name + "'?";
}

}  // namespace mr
