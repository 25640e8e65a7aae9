#include "kv/radix_tree.h"

#include <benchmark/benchmark.h>

#include "base/rng.h"

namespace mr::kv {
namespace {

constexpr std::size_t kPromptPages = 62;  // 3,968 of the prompt's 4,000 tokens are whole pages
constexpr std::size_t kPromptTokens = 4000;

struct Filled {
  Pool pool;
  RadixTree tree;
  std::vector<std::vector<Token>> prompts;
};

/// A tree of about 10^6 tokens: prompts of 4,000 that leave each other's paths at random pages, in
/// groups that begin alike, so that a path has many nodes.
Filled fill(std::size_t n_prompts) {
  Filled filled{.pool = make_pool({.budget_bytes = 40'000, .full_page_bytes = 1}).value(),
                .tree = make_tree(0, 1),
                .prompts = {}};
  Rng rng{3};
  std::size_t n_tokens = 0;
  while (n_tokens < 1'000'000 || filled.prompts.size() < n_prompts) {
    std::vector<Token> prompt;
    if (!filled.prompts.empty()) {
      prompt = filled.prompts[below(rng, filled.prompts.size())];
      prompt.resize(below(rng, kPromptPages) * kPagePositions);
    }
    n_tokens += kPromptTokens - prompt.size();
    while (prompt.size() < kPromptTokens) prompt.push_back(static_cast<Token>(below(rng, 50000)));
    const auto tokens = std::span(prompt).first(kPromptPages * kPagePositions);
    const NodeId node = hold(filled.tree, 0, match(filled.tree, 0, {}));
    std::vector<PageId> pages;
    for (std::size_t i = 0; i < kPromptPages; ++i) pages.push_back(take(filled.pool, Kind::full));
    const NodeId end =
        extend(filled.tree, filled.pool, node, {.tokens = tokens, .full = pages, .window = {}});
    for (const PageId page : pages) give(filled.pool, Kind::full, page);
    release(filled.tree, end);
    filled.prompts.push_back(std::move(prompt));
  }
  return filled;
}

void match_4000_tokens(benchmark::State& state) {
  const Filled filled = fill(1);
  std::size_t n = 0;
  std::int64_t n_hit = 0;
  for (auto _ : state) {
    const Hit hit = match(filled.tree, 0, filled.prompts[n++ % filled.prompts.size()]);
    n_hit += hit.n_tokens;
    benchmark::DoNotOptimize(n_hit);
  }
  state.counters["tree_tokens"] = filled.tree.n_pages[0] * 64.0;
  state.counters["nodes"] = static_cast<double>(filled.tree.nodes.size());
  state.counters["hit_tokens"] = static_cast<double>(n_hit) / static_cast<double>(n);
}
BENCHMARK(match_4000_tokens)->Unit(benchmark::kMicrosecond);

/// What a request that comes and goes costs: match, hold, release.
void hold_4000_tokens(benchmark::State& state) {
  Filled filled = fill(1);
  std::size_t n = 0;
  for (auto _ : state) {
    const Hit hit = match(filled.tree, 0, filled.prompts[n++ % filled.prompts.size()]);
    release(filled.tree, hold(filled.tree, 0, hit));
  }
}
BENCHMARK(hold_4000_tokens)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mr::kv
