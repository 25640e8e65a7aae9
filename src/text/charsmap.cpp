#include "text/charsmap.h"

#include <cstring>

namespace mr::text {
namespace {

// A unit of Darts-clone: bits 0-7 label, bit 8 has_leaf, bit 9 the offset is shifted by 8 more,
// bits 10-30 offset; a leaf has bit 31 set and its value below.
std::uint32_t offset(std::uint32_t unit) {
  return (unit >> 10) << ((unit & 0x200U) >> 6);
}
std::uint32_t label(std::uint32_t unit) {
  return unit & 0x800000FFU;
}

template <typename Found>
void walk(const Charsmap& map, std::string_view text, const Found& found) {
  if (map.units.empty()) return;
  std::uint32_t at = offset(map.units[0]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (byte == 0 || at >= map.units.size() || label(map.units[at]) != byte) return;
    const std::uint32_t unit = map.units[at];
    at ^= offset(unit);
    if ((unit & 0x100U) == 0) continue;
    if (at >= map.units.size()) return;
    const std::uint32_t value = map.units[at] & 0x7FFFFFFFU;
    if (value >= map.replacements.size()) return;
    const std::string_view rest = std::string_view(map.replacements).substr(value);
    if (!found(Replacement{i + 1, rest.substr(0, rest.find('\0'))})) return;
  }
}

}  // namespace

Expected<Charsmap> make_charsmap(std::string_view blob) {
  std::uint32_t trie_bytes = 0;
  if (blob.size() >= 4) std::memcpy(&trie_bytes, blob.data(), 4);
  if (blob.size() < 8 || trie_bytes % 4 != 0 || trie_bytes > blob.size() - 4 || trie_bytes == 0) {
    return fail(Fault::bad_model, "a character map of " + std::to_string(blob.size()) +
                                      " bytes says that its trie takes " +
                                      std::to_string(trie_bytes));
  }
  Charsmap map;
  map.units.resize(trie_bytes / 4);
  std::memcpy(map.units.data(), blob.data() + 4, trie_bytes);
  map.replacements = blob.substr(4 + trie_bytes);
  return map;
}

Replacement longest_match(const Charsmap& map, std::string_view text) {
  Replacement longest;
  walk(map, text, [&](Replacement found) {
    longest = found;
    return true;
  });
  return longest;
}

Replacement shortest_match(const Charsmap& map, std::string_view text) {
  Replacement shortest;
  walk(map, text, [&](Replacement found) {
    shortest = found;
    return false;
  });
  return shortest;
}

}  // namespace mr::text
