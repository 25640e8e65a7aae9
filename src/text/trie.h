#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/pieces.h"

/// A set of strings for finding which of them begin at a place in a text: a double array.
/// Source: Aoe, "An efficient digital search algorithm by using a double-array structure", 1989.
namespace mr::text {

struct Trie {
  struct Node {
    std::uint32_t base = 0;    // child for byte b is at base + b
    std::uint32_t parent = 0;  // of the node itself; kFree where no node is
    Id value = kNoId;          // of the string that ends here
  };
  static constexpr std::uint32_t kFree = 0xFFFFFFFFU;
  std::vector<Node> nodes;
};

struct TrieEntry {
  std::string_view key;  // not empty
  Id value = kNoId;
};

/// Of equal keys the first counts.
Trie make_trie(std::vector<TrieEntry> entries);

/// The child of a node, or 0, the root, which is nobody's child.
inline std::uint32_t child(const Trie& trie, std::uint32_t node, char byte) {
  const std::uint32_t at = trie.nodes[node].base + static_cast<unsigned char>(byte);
  return trie.nodes[at].parent == node && at != 0 ? at : 0;
}

}  // namespace mr::text
