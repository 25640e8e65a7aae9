#include <algorithm>

#include "spec/proposer.h"
#include "spec/rest_index.h"

// REST: what follows the last tokens in a corpus, by how often it does. Source: arXiv:2311.08252.
namespace mr::spec {
namespace {

constexpr std::size_t kLongest = 16;  ///< tokens that must agree: tried first
constexpr std::size_t kFewest = 2;
constexpr std::size_t kSamples = 64;  ///< places of the corpus that are looked at

struct Reader {
  Shape shape;
  RestIndex index;
};

/// The places where the longest end of the text that the corpus has goes on.
std::span<const std::uint32_t> matches(const RestIndex& index, std::span<const std::int32_t> tokens,
                                       std::size_t& length) {
  for (length = std::min(kLongest, tokens.size()); length >= kFewest; --length) {
    const auto found = find(index, tokens.last(length));
    if (!found.empty()) return found;
  }
  return {};
}

/// All continuations in one tree, each node with the share of them that goes through it.
Draft continuations(const RestIndex& index, std::span<const std::uint32_t> places,
                    std::size_t length, const Shape& shape) {
  Draft all = make_draft(0);
  std::vector<float> n_through{0};
  const std::size_t n = std::min(kSamples, places.size());
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t next = places[i * places.size() / n] + length;
    std::int32_t node = 0;
    for (std::int32_t depth = 0; depth < shape.depth && next < index.tokens.size();
         ++depth, ++next) {
      if (index.tokens[next] < 0) break;  // the end of a text
      node = add(all, node, index.tokens[next], 1.0F);
      if (node < 0) break;
      n_through.resize(all.token.size());
      n_through[static_cast<std::size_t>(node)] += 1.0F;
    }
  }
  const float trust = 1.0F - 1.0F / static_cast<float>(length + 1);
  for (std::size_t node = 1; node < all.token.size(); ++node) {
    all.probability[node] = trust * n_through[node] / static_cast<float>(n);
  }
  return all;
}

Expected<State> make(const Setup& setup) {
  if (setup.sources.rest_index.empty()) {
    return fail(Fault::bad_request,
                "speculation: rest wants an index, found none: make one with "
                "`millrace rest-index` and name it with --rest-index");
  }
  MR_TRY(RestIndex index, open_rest_index(setup.sources.rest_index, setup.target->config.n_vocab,
                                          setup.sources.tokenizer_fingerprint));
  return make_state(Reader{.shape = setup.shape, .index = std::move(index)});
}

Expected<void> propose(void* state, const Context& /*context*/, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  const Reader& reader = *static_cast<const Reader*>(state);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    std::size_t length = 0;
    const auto places = matches(reader.index, sequences[i].tokens, length);
    if (places.empty()) continue;
    add_best(drafts[i], continuations(reader.index, places, length, reader.shape),
             reader.shape.nodes);
  }
  return {};
}

}  // namespace

Method rest() {
  return {.name = "rest",
          .summary = "what follows the last tokens in a corpus, see --rest-index",
          .shape = {.depth = 10, .width = 8, .nodes = 24},
          .make = make,
          .propose = propose,
          .learn = nullptr,
          .forget = nullptr};
}

}  // namespace mr::spec
