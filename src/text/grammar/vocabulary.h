#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace mr::text::grammar {

/// The bytes of all tokens as a tree in the order of a walk that visits parents first.
/// Threads: any number may read one.
struct Vocabulary {
  struct Node {
    std::uint32_t skip;   ///< the next node that is not below this one
    std::uint32_t first;  ///< of `tokens`: those that end here
    std::uint16_t n = 0;
    std::uint16_t depth;  ///< 0: the first byte
    std::uint8_t byte;
  };

  std::vector<Node> nodes;
  std::vector<std::int32_t> tokens;
  std::vector<std::string> bytes;  ///< by token; none: a control token
  std::size_t max_depth = 0;       ///< bytes of the longest token
  std::int32_t n_tokens = 0;
};

Vocabulary make_vocabulary(const Tokenizer& tokenizer);

/// The control token that is spelled so, or -1.
std::int32_t control_token(const Tokenizer& tokenizer, std::string_view spelled);

}  // namespace mr::text::grammar
