#include <unordered_map>

#include "spec/greedy.h"
#include "spec/proposer.h"

// Jacobi decoding: the next tokens are all guessed at once; the target's own choice after each
// guess is the guess of the step after, and guesses that no longer change are the text.
// Source: arXiv:2305.10427; for models tuned to it arXiv:2403.00835.
namespace mr::spec {
namespace {

struct Guesses {
  Shape shape;
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> next;  ///< by sequence
};

Expected<State> make(const Setup& setup) {
  return make_state(Guesses{.shape = setup.shape, .next = {}});
}

Expected<void> propose(void* state, const Context& /*context*/, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  Guesses& guesses = *static_cast<Guesses*>(state);
  const auto depth = static_cast<std::size_t>(guesses.shape.depth);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const std::span<const std::int32_t> tokens = sequences[i].tokens;
    std::vector<std::int32_t>& next = guesses.next[sequences[i].id];
    next.resize(std::min(next.size(), depth));
    // What is not guessed yet begins as anything: the last tokens again.
    while (next.size() < depth)
      next.push_back(tokens[tokens.size() - 1 - next.size() % tokens.size()]);
    std::int32_t node = 0;
    float p = 1.0F;
    for (const std::int32_t token : next) {
      if (n_nodes(drafts[i]) > guesses.shape.nodes) break;
      node = add(drafts[i], node, token, p *= 0.5F);
    }
  }
  return {};
}

void learn(void* state, const Outcome& outcome) {
  Guesses& guesses = *static_cast<Guesses*>(state);
  const auto found = guesses.next.find(outcome.sequence.id);
  if (found == guesses.next.end()) return;
  // The choice after guess i is the next guess of the token behind it; those for tokens that are
  // known by now are left out.
  std::vector<std::int32_t> next;
  std::int32_t node = 0;
  for (std::size_t i = 0; node >= 0; ++i) {
    if (i >= outcome.tokens.size()) next.push_back(greedy(outcome, node));
    if (i >= found->second.size()) break;
    node = child(outcome.computed, node, found->second[i]);
  }
  found->second = std::move(next);
}

void forget(void* state, std::uint64_t sequence_id) {
  static_cast<Guesses*>(state)->next.erase(sequence_id);
}

}  // namespace

Method jacobi() {
  return {.name = "jacobi",
          .summary = "the target's guesses at all places at once, until they stand still",
          .shape = {.depth = 8, .width = 1, .nodes = 8},
          .make = make,
          .propose = propose,
          .learn = learn,
          .forget = forget};
}

}  // namespace mr::spec
