#pragma once
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "spec/draft.h"

namespace mr::spec {

/// A suffix automaton of a token sequence that grows at its end: every run of tokens in it leads
/// from state 0 to one state, the same for all runs that end in the same places.
/// Source: Blumer et al., 1985; as a proposer, arXiv:2411.04975.
struct Automaton {
  struct Point {
    std::vector<std::pair<std::int32_t, std::int32_t>> next;  ///< token and state
    std::int32_t link = -1;     ///< the state of the longest suffix that ends in more places
    std::int32_t length = 0;    ///< of its longest run
    std::int32_t n_places = 0;  ///< where its runs end, about: see extend
  };
  std::vector<Point> points;
  std::int32_t last = 0;  ///< the state of all that there is
};

/// The automaton of no tokens.
Automaton make_automaton();

/// Adds a token. Negative ones separate texts: nothing is proposed beyond them.
/// Cost: amortised O(different tokens that follow a state). Places are counted up to 64 links back,
/// so that a text which repeats itself forever costs no more.
void extend(Automaton& automaton, std::int32_t token);

/// Where a text that is read along stands in an automaton: the longest end of it that occurs there.
struct Match {
  std::int32_t state = 0;
  std::int32_t length = 0;
};

/// The match after one more token.
Match follow(const Automaton& automaton, Match match, std::int32_t token);

/// The longest end of the automaton's own text that occurs in it earlier too.
Match repeated(const Automaton& automaton);

/// Hangs on node 0 what follows a match, the most frequent first, as far as the limits go.
void grow(Draft& draft, const Automaton& automaton, Match match, std::int32_t depth,
          std::int32_t width, std::int32_t nodes);

}  // namespace mr::spec
