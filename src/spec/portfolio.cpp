#include "spec/portfolio.h"

#include <algorithm>
#include <string>

#include "base/quote.h"
#include "sys/clock.h"

namespace mr::spec {
namespace {

/// Adds the nodes of one tree to another.
void merge(Draft& into, const Draft& from) {
  std::vector<std::int32_t> node(from.token.size());
  for (std::size_t i = 1; i < from.token.size(); ++i) {
    const std::int32_t parent = node[static_cast<std::size_t>(from.parent[i])];
    node[i] = parent < 0 ? -1 : add(into, parent, from.token[i], from.probability[i]);
  }
}

/// Which children came true; `node` is where each of `own` was computed, or -1.
void count_ranks(Tally& tally, const Draft& own, std::span<const std::int32_t> node,
                 std::span<const std::int32_t> tokens) {
  std::vector<std::size_t> n_children(own.token.size());
  std::vector<std::uint8_t> came_true(own.token.size());
  came_true[0] = 1;
  for (std::size_t i = 1; i < own.token.size(); ++i) {
    const auto parent = static_cast<std::size_t>(own.parent[i]);
    const std::size_t rank = n_children[parent]++;
    const auto depth = static_cast<std::size_t>(own.depth[i]);
    if (came_true[parent] == 0 || node[i] < 0 || depth > tokens.size()) continue;
    came_true[i] = own.token[i] == tokens[depth - 1] ? 1 : 0;
    if (rank >= tally.tried_of_rank.size()) continue;
    ++tally.tried_of_rank[rank];
    tally.accepted_of_rank[rank] += came_true[i];
  }
}

/// How far a proposer's own tree was computed, and came true: the nodes that did.
std::int64_t count(Tally& tally, const Draft& own, const Outcome& outcome) {
  if (own.token.empty() || outcome.computed.token.empty()) return 0;
  std::vector<std::int32_t> node(own.token.size());
  std::int64_t n_computed = 0;
  for (std::size_t i = 1; i < own.token.size(); ++i) {
    const std::int32_t parent = node[static_cast<std::size_t>(own.parent[i])];
    node[i] = parent < 0 ? -1 : child(outcome.computed, parent, own.token[i]);
    n_computed += node[i] >= 0 ? 1 : 0;
  }
  tally.n_drafts += n_computed > 0 ? 1 : 0;
  tally.n_computed += n_computed;
  count_ranks(tally, own, node, outcome.tokens);
  std::int64_t n_accepted = 0;
  for (const std::int32_t at : follow(own, outcome.tokens.first(outcome.tokens.size() - 1))) {
    if (node[static_cast<std::size_t>(at)] < 0) break;
    const auto place = static_cast<std::size_t>(n_accepted++);
    ++tally.accepted_at[std::min(place, tally.accepted_at.size() - 1)];
  }
  tally.n_accepted += n_accepted;
  return n_accepted;
}

/// One proposer's trees for the sequences that it may propose for.
Expected<void> ask(Portfolio& portfolio, std::size_t i, const Context& context,
                   std::span<const Sequence> sequences, std::vector<Draft>& merged) {
  std::vector<Sequence> own;
  std::vector<std::size_t> place;
  std::vector<Draft> drafts;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    if ((sequences[s].proposers >> i & 1) == 0) continue;
    own.push_back(sequences[s]);
    place.push_back(s);
    drafts.push_back(make_draft(sequences[s].tokens.back()));
  }
  if (own.empty()) return {};
  const Proposer& proposer = portfolio.proposers[i];
  const double begin = sys::now_us();
  MR_TRY_VOID(proposer.method->propose(proposer.state.get(), context, own, drafts));
  const double us = sys::now_us() - begin;
  portfolio.tally[i].us += us;
  spend(portfolio.worth[i], us);
  for (std::size_t s = 0; s < own.size(); ++s) {
    merge(merged[place[s]],
          portfolio.weighed ? calibrated(portfolio.calibration[i], drafts[s]) : drafts[s]);
    portfolio.open[own[s].id][i] = std::move(drafts[s]);
  }
  return {};
}

}  // namespace

Expected<Portfolio> make_portfolio(const Settings& settings, const model::Model& target,
                                   const Room& room) {
  Portfolio portfolio;
  portfolio.weighed = settings.weighed;
  for (const Choice& choice : settings.choices) {
    MR_TRY(Proposer proposer, make_proposer(*choice.method, {.shape = choice.shape,
                                                             .target = &target,
                                                             .sources = settings.sources,
                                                             .room = room}));
    portfolio.proposers.push_back(std::move(proposer));
  }
  portfolio.tally.resize(portfolio.proposers.size());
  portfolio.worth.resize(portfolio.proposers.size());
  portfolio.calibration.resize(portfolio.proposers.size());
  return portfolio;
}

Expected<std::uint64_t> allowed(const Portfolio& portfolio, std::string_view text) {
  if (text == "off") return 0;
  if (text == "auto") return ~0ULL;
  std::uint64_t mask = 0;
  for (;;) {
    const std::string_view name = text.substr(0, text.find('+'));
    std::string known = "off, auto";
    bool found = false;
    for (std::size_t i = 0; i < portfolio.proposers.size(); ++i) {
      known += ", " + std::string(portfolio.proposers[i].method->name);
      if (portfolio.proposers[i].method->name != name) continue;
      mask |= 1ULL << i;
      found = true;
    }
    if (!found) {
      return fail(Fault::bad_request,
                  "speculation: wanted one of " + known + ", found " + quote(name));
    }
    if (name.size() == text.size()) return mask;
    text.remove_prefix(name.size() + 1);
  }
}

Expected<std::vector<Draft>> propose(Portfolio& portfolio, const Context& context,
                                     std::span<const Sequence> sequences, double tokens_per_us) {
  portfolio.open.clear();
  std::vector<Draft> merged;
  merged.reserve(sequences.size());
  for (const Sequence& sequence : sequences) {
    merged.push_back(make_draft(sequence.tokens.back()));
    portfolio.open[sequence.id].resize(portfolio.proposers.size());
  }
  if (sequences.empty()) return merged;
  for (std::size_t i = 0; i < portfolio.proposers.size(); ++i) {
    Worth& worth = portfolio.worth[i];
    settle(worth);
    if (portfolio.weighed && !is_asked(worth, tokens_per_us)) {
      wait(worth, std::ssize(sequences));
      continue;
    }
    MR_TRY_VOID(ask(portfolio, i, context, sequences, merged));
  }
  return merged;
}

void learn(Portfolio& portfolio, const Outcome& outcome) {
  const auto open = portfolio.open.find(outcome.sequence.id);
  for (std::size_t i = 0; i < portfolio.proposers.size(); ++i) {
    const Proposer& proposer = portfolio.proposers[i];
    if (open != portfolio.open.end()) {
      const Draft& own = open->second[i];
      Tally& tally = portfolio.tally[i];
      const std::int64_t n_before = tally.n_computed;
      const std::int64_t n_accepted = count(tally, own, outcome);
      bring(portfolio.worth[i], n_accepted, tally.n_computed - n_before, outcome.node_cost);
      learn(portfolio.calibration[i], own, outcome.tokens);
    }
    if (proposer.method->learn != nullptr) proposer.method->learn(proposer.state.get(), outcome);
  }
}

void forget(Portfolio& portfolio, std::uint64_t sequence_id) {
  portfolio.open.erase(sequence_id);
  for (const Proposer& proposer : portfolio.proposers) {
    if (proposer.method->forget != nullptr) {
      proposer.method->forget(proposer.state.get(), sequence_id);
    }
  }
}

}  // namespace mr::spec
