#include "text/trie.h"

#include <algorithm>

namespace mr::text {
namespace {

constexpr std::uint32_t kBytes = 256;

struct Range {
  std::uint32_t node;
  std::size_t first, last;  // of the sorted entries
  std::size_t depth;
};

void grow(Trie& trie, std::size_t n) {
  if (n > trie.nodes.size()) {
    trie.nodes.resize(std::max(n, 2 * trie.nodes.size()), {0, Trie::kFree, kNoId});
  }
}

/// The lowest base from `from` on at which all of `bytes` are free. `from` moves past the dense
/// part of the array, so that the search stays short.
std::uint32_t place(Trie& trie, std::span<const unsigned char> bytes, std::uint32_t& from) {
  std::uint32_t tried = 0;
  std::uint32_t start = from;
  for (std::uint32_t base = from;; ++base) {
    grow(trie, base + 2 * kBytes);
    const auto taken = [&](unsigned char b) { return trie.nodes[base + b].parent != Trie::kFree; };
    if (std::ranges::none_of(bytes, taken)) {
      if (tried > 64) from = start + tried / 2;
      return base;
    }
    ++tried;
  }
}

}  // namespace

Trie make_trie(std::vector<TrieEntry> entries) {
  std::ranges::stable_sort(entries, {}, &TrieEntry::key);
  Trie trie;
  grow(trie, 2 * kBytes);
  trie.nodes[0].parent = 0;
  std::vector<Range> todo{{0, 0, entries.size(), 0}};
  std::vector<unsigned char> bytes;
  std::vector<Range> children;
  std::uint32_t from = 1;
  for (std::size_t next = 0; next < todo.size(); ++next) {
    const Range range = todo[next];
    bytes.clear();
    children.clear();
    for (std::size_t i = range.first; i < range.last; ++i) {
      const std::string_view key = entries[i].key;
      if (key.size() == range.depth) {
        if (trie.nodes[range.node].value == kNoId) trie.nodes[range.node].value = entries[i].value;
        continue;
      }
      const auto byte = static_cast<unsigned char>(key[range.depth]);
      if (bytes.empty() || bytes.back() != byte) {
        bytes.push_back(byte);
        children.push_back({0, i, i, range.depth + 1});
      }
      children.back().last = i + 1;
    }
    if (bytes.empty()) continue;
    const std::uint32_t base = place(trie, bytes, from);
    trie.nodes[range.node].base = base;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      children[i].node = base + bytes[i];
      trie.nodes[children[i].node].parent = range.node;
      todo.push_back(children[i]);
    }
  }
  grow(trie, trie.nodes.size() + kBytes);
  return trie;
}

}  // namespace mr::text
