#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kv/seq.h"

/// The Mooncake trace through the tree. `hash_ids` names blocks of 512 tokens, equal where all
/// tokens up to the block's end are; here each name becomes 512 tokens of its own.
namespace mr::sim {
namespace {

constexpr std::int32_t kBlockTokens = 512;

std::string trace_path() {
  const char* path = std::getenv("MILLRACE_TRACE");
  if (path != nullptr) return path;
  const char* data = std::getenv("MILLRACE_DATA");
  const std::string folder =
      data != nullptr ? data : std::string(MILLRACE_SOURCE_DIR) + "/../shared/data";
  return folder + "/traces/mooncake_conversation_trace.jsonl";
}

/// The block names of each request, in the order of arrival; none where there is no trace.
std::vector<std::vector<std::int32_t>> read_trace() {
  std::vector<std::vector<std::int32_t>> requests;
  std::ifstream file(trace_path());
  for (std::string line; std::getline(file, line);) {
    const std::size_t begin = line.find('[');
    std::istringstream list(line.substr(begin + 1));
    std::vector<std::int32_t> ids;
    std::int32_t id = 0;
    for (char separator = ','; separator == ',' && list >> id; list >> separator) {
      ids.push_back(id);
    }
    requests.push_back(std::move(ids));
  }
  return requests;
}

struct Rate {
  std::int64_t asked = 0;  ///< tokens
  std::int64_t hit = 0;
};

/// Every request after the other through a pool of so many pages.
Rate replay(const std::vector<std::vector<std::int32_t>>& requests, std::int32_t n_pages) {
  kv::Pool pool =
      kv::make_pool({.budget_bytes = static_cast<std::size_t>(n_pages), .full_page_bytes = 1})
          .value();
  kv::RadixTree tree = kv::make_tree(0, 1);
  Rate rate;
  std::vector<kv::Token> tokens;
  for (const std::vector<std::int32_t>& ids : requests) {
    tokens.clear();
    for (const std::int32_t id : ids) {
      for (std::int32_t i = 0; i < kBlockTokens; ++i) tokens.push_back(id * kBlockTokens + i);
    }
    const auto n_tokens = static_cast<std::int32_t>(tokens.size());
    const kv::Hit hit = match(tree, 0, tokens);
    rate.asked += n_tokens;
    rate.hit += hit.n_tokens;
    kv::Seq seq = kv::start(tree, pool, 0, hit, 0);
    kv::Work work;
    if (reserve(seq, tree, pool, {n_tokens, n_tokens}, work)) {
      advance(seq, tree, pool, tokens, n_tokens - seq.length);
    }
    stop(seq, tree, pool);
  }
  return rate;
}

/// Prints hit rates by pool size: tools/prefix_hits.py holds them against a bound and draws them.
TEST(sim_trace, radix_hit_rate) {
  const auto requests = read_trace();
  if (requests.empty()) GTEST_SKIP() << "no " << trace_path();
  const char* sizes = std::getenv("MILLRACE_TRACE_PAGES");
  std::istringstream list(sizes != nullptr ? sizes : "1600000");
  for (std::int32_t n_pages = 0; list >> n_pages;) {
    const Rate rate = replay(requests, n_pages);
    const double share = static_cast<double>(rate.hit) / static_cast<double>(rate.asked);
    std::printf("radix %d pages: %.6f\n", n_pages, share);
    EXPECT_GT(share, 0);
  }
}

}  // namespace
}  // namespace mr::sim
