#include <algorithm>
#include <unordered_map>

#include "spec/greedy.h"
#include "spec/proposer.h"

// Lookahead decoding: beside the tree of n-grams that are verified, a window of rows lets the
// target guess at several places at once, as Jacobi decoding does, and remembers the paths of the
// guesses as n-grams. Source: arXiv:2402.02057, figure 5.
//
// The window is a tree too. Level 0 is a chain of guesses under node 0; at each place of it (node 0
// is place 0) the guesses of the levels above hang as a chain of their own, so that a guess sees
// the newest guess of every place before it on its own diagonal.
namespace mr::spec {
namespace {

constexpr std::size_t kLevels = 3;         ///< of the window: n-grams have one token more
constexpr std::size_t kMostGrams = 8;      ///< n-grams kept of one first token, the newest
constexpr std::size_t kMostTokens = 4096;  ///< first tokens that are kept n-grams of

using Gram = std::vector<std::int32_t>;  ///< the tokens after the first

struct Window {
  std::vector<Gram> level;  ///< (kLevels, places) the guesses; place 0 of level 0 is the last token
  std::unordered_map<std::int32_t, std::vector<Gram>> pool;  ///< by first token, the newest last
};

struct Windows {
  Shape shape;
  std::unordered_map<std::uint64_t, Window> of;  ///< by sequence
};

/// A window as it begins: guesses out of the text.
Window make_window(std::span<const std::int32_t> tokens, std::size_t n_places) {
  Window window;
  for (std::size_t l = 0; l < kLevels; ++l) {
    Gram& level = window.level.emplace_back();
    for (std::size_t i = 0; i < n_places; ++i) {
      level.push_back(tokens[(7 * l + 3 * i + tokens.size() / 2) % tokens.size()]);
    }
  }
  return window;
}

/// The guesses from the chain of level 0 up to a place, then up the levels there.
Gram path_to(const Window& window, std::size_t place, std::size_t n_levels) {
  Gram path(window.level[0].begin() + 1,
            window.level[0].begin() + static_cast<std::ptrdiff_t>(place) + 1);
  for (std::size_t l = 1; l < n_levels; ++l) path.push_back(window.level[l][place]);
  return path;
}

void hang(Draft& draft, const Gram& path, float p) {
  std::int32_t node = 0;
  for (const std::int32_t token : path) {
    if (node < 0) break;
    node = add(draft, node, token, p);
  }
}

void keep(Window& window, std::int32_t first, Gram gram) {
  if (!window.pool.contains(first) && window.pool.size() >= kMostTokens) window.pool.clear();
  std::vector<Gram>& grams = window.pool[first];
  std::erase(grams, gram);
  if (grams.size() >= kMostGrams) grams.erase(grams.begin());
  grams.push_back(std::move(gram));
}

Expected<State> make(const Setup& setup) {
  return make_state(Windows{.shape = setup.shape, .of = {}});
}

Expected<void> propose(void* state, const Context& /*context*/, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  Windows& windows = *static_cast<Windows*>(state);
  const Shape& shape = windows.shape;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Sequence& sequence = sequences[i];
    const std::int32_t last = sequence.tokens.back();
    const auto n_places = static_cast<std::size_t>(shape.width);
    Window& window = windows.of[sequence.id];
    if (window.level.empty()) window = make_window(sequence.tokens, n_places);
    window.level[0][0] = last;
    const auto grams = window.pool.find(last);
    if (grams != window.pool.end()) {
      float p = 0.5F;
      for (auto gram = grams->second.rbegin(); gram != grams->second.rend(); ++gram) {
        Gram path = *gram;
        path.resize(std::min(path.size(), static_cast<std::size_t>(shape.depth)));
        if (n_nodes(drafts[i]) + static_cast<std::int32_t>(path.size()) > shape.nodes) break;
        hang(drafts[i], path, p);
        p *= 0.7F;
      }
    }
    // Rows of the window are computed for what they tell: hardly any comes true.
    for (std::size_t place = 0; place < n_places; ++place) {
      const Gram path = path_to(window, place, kLevels);
      if (n_nodes(drafts[i]) + static_cast<std::int32_t>(kLevels) > shape.nodes) break;
      hang(drafts[i], path, 0.02F);
    }
  }
  return {};
}

void learn(void* state, const Outcome& outcome) {
  Windows& windows = *static_cast<Windows*>(state);
  const auto found = windows.of.find(outcome.sequence.id);
  if (found == windows.of.end()) return;
  Window& window = found->second;
  const std::size_t n_places = window.level[0].size();
  Gram newest;
  for (std::size_t place = 0; place < n_places; ++place) {
    const std::int32_t node = computed_node(outcome, 0, path_to(window, place, kLevels));
    if (node < 0) {
      newest.push_back(window.level[kLevels - 1][place]);
      continue;
    }
    newest.push_back(greedy(outcome, node));
    Gram gram;
    for (std::size_t l = 1; l < kLevels; ++l) gram.push_back(window.level[l][place]);
    gram.push_back(newest.back());
    keep(window, window.level[0][place], std::move(gram));
  }
  // Every level moves down one, which is one place further on; then on by what else was accepted.
  window.level.erase(window.level.begin());
  window.level.push_back(std::move(newest));
  const std::size_t n_past = std::min(outcome.tokens.size() - 1, n_places - 1);
  for (Gram& level : window.level) {
    std::ranges::rotate(level, level.begin() + static_cast<std::ptrdiff_t>(n_past));
  }
}

void forget(void* state, std::uint64_t sequence_id) {
  static_cast<Windows*>(state)->of.erase(sequence_id);
}

}  // namespace

Method lookahead() {
  return {.name = "lookahead",
          .summary = "n-grams of the target's guesses, which a window of rows makes in each step",
          .shape = {.depth = 8, .width = 5, .nodes = 32},
          .make = make,
          .propose = propose,
          .learn = learn,
          .forget = forget};
}

}  // namespace mr::spec
