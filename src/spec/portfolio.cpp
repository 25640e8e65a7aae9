#include "spec/portfolio.h"

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

/// How far a proposer's own tree was computed, and came true.
void count(Tally& tally, const Draft& own, const Outcome& outcome) {
  if (outcome.computed.token.empty()) return;
  std::vector<std::int32_t> node(own.token.size());
  std::int64_t n_computed = 0;
  for (std::size_t i = 1; i < own.token.size(); ++i) {
    const std::int32_t parent = node[static_cast<std::size_t>(own.parent[i])];
    node[i] = parent < 0 ? -1 : child(outcome.computed, parent, own.token[i]);
    n_computed += node[i] >= 0 ? 1 : 0;
  }
  tally.n_drafts += n_computed > 0 ? 1 : 0;
  tally.n_computed += n_computed;
  const auto path = follow(own, outcome.tokens.first(outcome.tokens.size() - 1));
  for (const std::int32_t at : path) {
    tally.n_accepted += node[static_cast<std::size_t>(at)] >= 0 ? 1 : 0;
  }
}

}  // namespace

Expected<Portfolio> make_portfolio(const Settings& settings, const model::Model& target) {
  Portfolio portfolio;
  for (const Choice& choice : settings.choices) {
    MR_TRY(Proposer proposer,
           make_proposer(*choice.method, {.shape = choice.shape, .target = &target}));
    portfolio.proposers.push_back(std::move(proposer));
  }
  portfolio.tally.resize(portfolio.proposers.size());
  return portfolio;
}

Expected<std::vector<Draft>> propose(Portfolio& portfolio, const Context& context,
                                     std::span<const Sequence> sequences) {
  portfolio.open.clear();
  std::vector<Draft> blank;
  blank.reserve(sequences.size());
  for (const Sequence& sequence : sequences) blank.push_back(make_draft(sequence.tokens.back()));
  std::vector<Draft> merged = blank;
  for (const Proposer& proposer : portfolio.proposers) {
    std::vector<Draft> own = blank;
    MR_TRY_VOID(proposer.method->propose(proposer.state.get(), context, sequences, own));
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      merge(merged[i], own[i]);
      portfolio.open[sequences[i].id].push_back(std::move(own[i]));
    }
  }
  return merged;
}

void learn(Portfolio& portfolio, const Outcome& outcome) {
  const auto open = portfolio.open.find(outcome.sequence.id);
  for (std::size_t i = 0; i < portfolio.proposers.size(); ++i) {
    const Proposer& proposer = portfolio.proposers[i];
    if (open != portfolio.open.end()) count(portfolio.tally[i], open->second[i], outcome);
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
