#pragma once
#include <cstddef>
#include <cstdint>

#include <span>

#include "kern/table.h"

/// Which cache pages hold which tokens. Nothing here touches K or V: pages are numbers, and what
/// they hold belongs to whoever owns the memory.
///
/// Pool        hands out page numbers and counts their users.
/// RadixTree   says which pages hold the K and V of which token prefix, and lets old ones go.
/// Seq         is the page list of one running sequence.
namespace mr::kv {

/// Positions of a page. The K and V of position p of a sequence stand in slot p: page p / 64 of
/// its list, row p % 64.
inline constexpr std::int32_t kPagePositions = kern::kPagePositions;

using Token = std::int32_t;
using PageId = std::int32_t;
inline constexpr PageId kNoPage = -1;

/// Full pages hold the layers that attend to every position, window pages those that attend to
/// the last few only. Both kinds have the same slots; their page numbers are apart.
enum class Kind : std::uint8_t { full, window };
inline constexpr std::size_t kKinds = 2;

/// The pages that `n_slots` slots need.
inline std::int32_t pages_for(std::int32_t n_slots) {
  return n_slots / kPagePositions + (n_slots % kPagePositions != 0 ? 1 : 0);
}

/// XXH3 of tokens: it finds candidates, a comparison of the tokens decides.
std::uint64_t hash(std::span<const Token> tokens, std::uint64_t seed);

}  // namespace mr::kv
