#include <algorithm>

#include "spec/proposer.h"

// The prefix tree itself: where another sequence went on from the very same text, its tokens are
// stored there. Source: arXiv:2312.12728.
namespace mr::spec {
namespace {

const kv::Node& at(const kv::RadixTree& tree, kv::NodeId node) {
  return tree.nodes[static_cast<std::size_t>(node)];
}

/// A place in the stored tokens: the index of the next one in a node.
struct Place {
  kv::NodeId node;
  std::size_t next;
};

/// Children of a node that are looked at, at most.
constexpr std::size_t kMostChildren = 64;

/// Where the stored texts that begin with `rest` below a node go on, the latest used first.
std::vector<Place> places(const kv::RadixTree& tree, kv::NodeId above,
                          std::span<const std::int32_t> rest) {
  const auto head = [&](kv::NodeId child) {
    const std::span<const kv::Token> tokens = at(tree, child).tokens;
    return tokens.first(std::min(tokens.size(), rest.size()));
  };
  // They are sorted by their tokens, so those with one beginning stand together.
  const std::vector<kv::NodeId>& children = at(tree, above).children;
  auto child = std::ranges::partition_point(children, [&](kv::NodeId id) {
    return std::ranges::lexicographical_compare(head(id), rest);
  });
  std::vector<Place> found;
  for (; child != children.end() && found.size() < kMostChildren; ++child) {
    if (!std::ranges::equal(head(*child), rest)) break;
    found.push_back({*child, rest.size()});
  }
  std::ranges::sort(found, std::greater{},
                    [&](const Place& place) { return at(tree, place.node).last_use; });
  return found;
}

/// Hangs the tokens from a place on under `node`, and those of the children behind them.
void grow(Draft& draft, std::int32_t node, const kv::RadixTree& tree, Place place,
          const Shape& shape) {
  const kv::Node& stored = at(tree, place.node);
  for (; place.next < stored.tokens.size(); ++place.next) {
    const auto at_node = static_cast<std::size_t>(node);
    if (draft.depth[at_node] >= shape.depth || n_nodes(draft) > shape.nodes) return;
    node = add(draft, node, stored.tokens[place.next], 0.9F * draft.probability[at_node]);
    if (node < 0) return;
  }
  for (const Place& next : places(tree, place.node, {})) grow(draft, node, tree, next, shape);
}

Expected<State> make(const Setup& setup) {
  return make_state(setup.shape);
}

Expected<void> propose(void* state, const Context& context, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  const Shape& shape = *static_cast<const Shape*>(state);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Sequence& sequence = sequences[i];
    if (sequence.node == kv::kNoNode) continue;
    const auto shared = static_cast<std::size_t>(sequence.n_shared);
    std::vector<Place> all = places(context.tree, sequence.node, sequence.tokens.subspan(shared));
    if (all.size() > static_cast<std::size_t>(shape.width)) {
      all.resize(static_cast<std::size_t>(shape.width));
    }
    for (const Place& place : all) grow(drafts[i], 0, context.tree, place, shape);
  }
  return {};
}

}  // namespace

Method tree() {
  return {.name = "tree",
          .summary = "how other requests went on from the same text",
          .shape = {.depth = 16, .width = 3, .nodes = 24},
          .make = make,
          .propose = propose,
          .learn = nullptr,
          .forget = nullptr};
}

}  // namespace mr::spec
