#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "spec/calibration.h"
#include "spec/proposer.h"
#include "spec/settings.h"
#include "spec/worth.h"

/// Several proposers as one: their trees are merged, and each is told what came of its own.
namespace mr::spec {

/// What became of a proposer's nodes.
struct Tally {
  std::int64_t n_drafts = 0;                   ///< trees with a node in the step
  std::int64_t n_computed = 0;                 ///< its nodes that had rows
  std::int64_t n_accepted = 0;                 ///< and came true
  std::array<std::int64_t, 16> accepted_at{};  ///< those by depth, from 1; the last: and deeper
  /// Nodes that had rows and whose parent came true, by their place among its children, and those
  /// of them that came true too.
  std::array<std::int64_t, 8> tried_of_rank{};
  std::array<std::int64_t, 8> accepted_of_rank{};
  double us = 0;  ///< spent proposing
};

struct Portfolio {
  std::vector<Proposer> proposers;
  std::vector<Tally> tally;              ///< of each proposer
  std::vector<Worth> worth;              ///< of each
  std::vector<Calibration> calibration;  ///< of each
  bool weighed = false;                  ///< probabilities count, see Settings
  /// What each proposer proposed for the step under way, by sequence.
  std::unordered_map<std::uint64_t, std::vector<Draft>> open;
};

/// Errors: as of the methods' make.
Expected<Portfolio> make_portfolio(const Settings& settings, const model::Model& target,
                                   const Room& room);

/// Which proposers a request may have, as Sequence has it: `off`, `auto` for all, or names joined
/// with +. Errors: bad_request for a proposer that is not there.
Expected<std::uint64_t> allowed(const Portfolio& portfolio, std::string_view text);

/// One tree for each sequence. Where proposers are weighed, one that is not worth what it costs is
/// only asked now and then (spec/worth.h). `tokens_per_us`: what time is worth. Errors: as of the
/// methods' propose.
Expected<std::vector<Draft>> propose(Portfolio& portfolio, const Context& context,
                                     std::span<const Sequence> sequences, double tokens_per_us);

/// Tells the proposers what the target made of the last proposals for a sequence.
void learn(Portfolio& portfolio, const Outcome& outcome);

/// A sequence has ended.
void forget(Portfolio& portfolio, std::uint64_t sequence_id);

}  // namespace mr::spec
