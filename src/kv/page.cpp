#include "kv/page.h"

#include <xxhash.h>

namespace mr::kv {

std::uint64_t hash(std::span<const Token> tokens, std::uint64_t seed) {
  return XXH3_64bits_withSeed(tokens.data(), tokens.size_bytes(), seed);
}

}  // namespace mr::kv
