#pragma once
#include <cstddef>
#include <cstdint>
#include <unordered_set>

/// Why a prompt was not taken from the tree of prefixes whole.
namespace mr::sched {

enum class Miss : std::uint8_t {
  none,      ///< it was, but for its last token, which is always computed
  first,     ///< nothing of it was stored
  ends,      ///< what is stored of it ends here
  diverges,  ///< what is stored goes on with other tokens
  evicted,   ///< more of it was stored, and has made room since
  asked,     ///< the request wants every row computed
};
inline constexpr std::size_t kMisses = 6;

/// Names of prefixes that were computed, the last 65,536 pages or so.
struct Known {
  std::unordered_set<std::uint64_t> young;
  std::unordered_set<std::uint64_t> old;
};

inline bool knows(const Known& known, std::uint64_t name) {
  return known.young.contains(name) || known.old.contains(name);
}

inline void add(Known& known, std::uint64_t name) {
  constexpr std::size_t kMost = 32768;
  if (known.young.size() >= kMost) {
    known.old.swap(known.young);
    known.young.clear();
  }
  known.young.insert(name);
}

}  // namespace mr::sched
