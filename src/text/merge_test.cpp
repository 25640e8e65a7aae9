#include "text/merge.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace mr::text {
namespace {

/// The definition, word for word.
std::vector<Id> merge_plainly(const PairTable& pairs, std::vector<Id> symbols) {
  for (;;) {
    Pair best;
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Pair pair = find(pairs, symbols[i], symbols[i + 1]);
      if (pair.rank < best.rank) {
        best = pair;
        place = i;
      }
    }
    if (best.rank == Pair::kNoRank) return symbols;
    symbols[place] = best.merged;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

TEST(Merge, FollowsItsDefinition) {
  Rng rng{1};
  for (int round = 0; round < 4000; ++round) {
    // Random pairs, whose ranks may be equal and may fall as well as rise from piece to piece.
    const Id n_letters = static_cast<Id>(1 + below(rng, 4));
    const Id n_pieces = n_letters + static_cast<Id>(1 + below(rng, 12));
    PairTable pairs = make_pair_table(64);
    for (Id merged = n_letters; merged < n_pieces; ++merged) {
      for (int way = 0; way < 3; ++way) {
        insert(pairs, static_cast<Id>(below(rng, merged)), static_cast<Id>(below(rng, merged)),
               {static_cast<std::uint32_t>(below(rng, 16)), merged});
      }
    }
    std::vector<Id> symbols(2 + below(rng, 150));
    const Id few = below(rng, 3) == 0 ? 1 : n_letters;
    for (Id& id : symbols) id = static_cast<Id>(below(rng, few));
    const auto wanted = merge_plainly(pairs, symbols);
    merge(pairs, symbols);
    ASSERT_EQ(symbols, wanted) << "round " << round;
  }
}

}  // namespace
}  // namespace mr::text
