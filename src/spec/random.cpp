#include "base/rng.h"
#include "spec/proposer.h"

// Trees of random tokens: a proposer that is wrong on purpose. Since the target draws every token
// itself, it may change nothing but speed, and tests hold the engine to that.
namespace mr::spec {
namespace {

struct Guesser {
  Shape shape;
  Rng rng{1};
  std::uint64_t n_vocab;
};

Expected<State> make(const Setup& setup) {
  return make_state(Guesser{.shape = setup.shape,
                            .n_vocab = static_cast<std::uint64_t>(setup.target->config.n_vocab)});
}

Expected<void> propose(void* state, const Context& /*context*/, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  Guesser& guesser = *static_cast<Guesser*>(state);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    Draft& draft = drafts[i];
    for (std::int32_t n = 0; n < guesser.shape.nodes; ++n) {
      const auto n_parents = static_cast<std::uint64_t>(n_nodes(draft));
      const auto parent = static_cast<std::int32_t>(below(guesser.rng, n_parents));
      if (draft.depth[static_cast<std::size_t>(parent)] >= guesser.shape.depth) continue;
      const std::span<const std::int32_t> tokens = sequences[i].tokens;
      // Half of them are tokens of the text, so that some come true.
      const std::uint64_t token =
          n % 2 == 0 ? below(guesser.rng, guesser.n_vocab)
                     : static_cast<std::uint64_t>(
                           tokens[static_cast<std::size_t>(below(guesser.rng, tokens.size()))]);
      add(draft, parent, static_cast<std::int32_t>(token), 0.5F);
    }
  }
  return {};
}

}  // namespace

Method random() {
  return {.name = "random",
          .summary = "random tokens, wrong on purpose, for tests",
          .shape = {.depth = 4, .width = 4, .nodes = 8},
          .make = make,
          .propose = propose,
          .learn = nullptr,
          .forget = nullptr};
}

}  // namespace mr::spec
