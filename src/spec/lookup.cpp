#include <algorithm>

#include "spec/proposer.h"

// Prompt lookup, or LLMA: where the last tokens stand earlier in prompt or answer, what came after
// them there is proposed. Source: arXiv:2304.04487.
namespace mr::spec {
namespace {

constexpr std::int32_t kFewest = 2;  ///< tokens that must agree: one alone is nearly always chance
constexpr std::int32_t kMost = 16;   ///< tokens that are compared: more tell nothing new

/// An earlier place.
struct Place {
  std::int32_t length = 0;  ///< tokens before it that agree
  std::int32_t next = 0;    ///< the index of the token after them
};

/// How many tokens agree backward from `at` and from the end.
std::int32_t agreeing(std::span<const std::int32_t> tokens, std::size_t at) {
  std::int32_t n = 0;
  const std::size_t last = tokens.size() - 1;
  while (n < kMost && at + 1 > static_cast<std::size_t>(n) &&
         tokens[at - static_cast<std::size_t>(n)] == tokens[last - static_cast<std::size_t>(n)]) {
    ++n;
  }
  return n;
}

/// The places that agree longest, the latest first among equals, at most `width`.
std::vector<Place> places(std::span<const std::int32_t> tokens, std::int32_t width) {
  std::vector<Place> best;
  for (std::size_t at = tokens.size() - 1; at-- > 0;) {
    if (tokens[at] != tokens.back()) continue;
    const std::int32_t n = agreeing(tokens, at);
    if (n < kFewest) continue;
    const bool full = static_cast<std::int32_t>(best.size()) == width;
    if (full && n <= best.back().length) continue;
    if (full) best.pop_back();
    const auto before = std::ranges::find_if(best, [&](const Place& p) { return p.length < n; });
    best.insert(before, {.length = n, .next = static_cast<std::int32_t>(at) + 1});
  }
  return best;
}

Expected<State> make(const Setup& setup) {
  return make_state(setup.shape);
}

Expected<void> propose(void* state, const Context& /*context*/, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  const Shape& shape = *static_cast<const Shape*>(state);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const std::span<const std::int32_t> tokens = sequences[i].tokens;
    for (const Place& place : places(tokens, shape.width)) {
      const float each = 1.0F - 1.0F / static_cast<float>(place.length + 1);
      float p = 1.0F;
      std::int32_t node = 0;
      auto next = static_cast<std::size_t>(place.next);
      for (std::int32_t depth = 0; depth < shape.depth && next < tokens.size(); ++depth, ++next) {
        if (node < 0 || n_nodes(drafts[i]) > shape.nodes) break;
        p *= each;
        node = add(drafts[i], node, tokens[next], p);
      }
    }
  }
  return {};
}

}  // namespace

Method lookup() {
  return {.name = "lookup",
          .summary = "what followed the last tokens where they stood before",
          .shape = {.depth = 8, .width = 2, .nodes = 16},
          .make = make,
          .propose = propose,
          .learn = nullptr,
          .forget = nullptr};
}

}  // namespace mr::spec
