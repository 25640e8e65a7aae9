#pragma once
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "spec/proposer.h"
#include "spec/settings.h"

/// Several proposers as one: their trees are merged, and each is told what came of its own.
namespace mr::spec {

/// What became of a proposer's nodes.
struct Tally {
  std::int64_t n_drafts = 0;    ///< trees with a node in the step
  std::int64_t n_computed = 0;  ///< its nodes that had rows
  std::int64_t n_accepted = 0;  ///< and came true
};

struct Portfolio {
  std::vector<Proposer> proposers;
  std::vector<Tally> tally;  ///< of each proposer
  /// What each proposer proposed for the step under way, by sequence.
  std::unordered_map<std::uint64_t, std::vector<Draft>> open;
};

/// Errors: as of the methods' make.
Expected<Portfolio> make_portfolio(const Settings& settings, const model::Model& target);

/// One tree for each sequence. Errors: as of the methods' propose.
Expected<std::vector<Draft>> propose(Portfolio& portfolio, const Context& context,
                                     std::span<const Sequence> sequences);

/// Tells the proposers what the target made of the last proposals for a sequence.
void learn(Portfolio& portfolio, const Outcome& outcome);

/// A sequence has ended.
void forget(Portfolio& portfolio, std::uint64_t sequence_id);

}  // namespace mr::spec
