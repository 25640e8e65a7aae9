#include "spec/rest_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/rng.h"
#include "sys/text_file.h"

namespace mr::spec {
namespace {

using Tokens = std::vector<std::int32_t>;

Tokens some_corpus() {
  Rng rng{6};
  Tokens corpus;
  for (int i = 0; i < 3000; ++i) {
    corpus.push_back(below(rng, 100) == 0 ? -1 : static_cast<std::int32_t>(below(rng, 6)));
  }
  return corpus;
}

std::string path_of(const char* name) {
  return testing::TempDir() + name;
}

TEST(RestIndex, FindsEveryPlaceOfARun) {
  const Tokens corpus = some_corpus();
  const std::string path = path_of("rest_index_test.rest");
  ASSERT_TRUE(write_rest_index(path, corpus, 6, 42));
  const auto index = open_rest_index(path, 6, 42);
  ASSERT_TRUE(index) << index.error().message;
  Rng rng{8};
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t begin = below(rng, corpus.size() - 8);
    Tokens run(corpus.begin() + static_cast<std::ptrdiff_t>(begin),
               corpus.begin() + static_cast<std::ptrdiff_t>(begin + 1 + below(rng, 6)));
    if (trial % 4 == 0) run.back() = 5;
    std::size_t n_wanted = 0;
    for (auto at = corpus.begin();; ++at) {
      at = std::search(at, corpus.end(), run.begin(), run.end());
      if (at == corpus.end()) break;
      ++n_wanted;
    }
    const auto found = find(*index, run);
    EXPECT_EQ(n_wanted, found.size());
    for (const std::uint32_t place : found) {
      EXPECT_TRUE(std::equal(run.begin(), run.end(), corpus.begin() + place));
    }
  }
}

TEST(RestIndex, RefusesWhatDoesNotFit) {
  const std::string path = path_of("rest_index_bad.rest");
  ASSERT_TRUE(write_rest_index(path, some_corpus(), 6, 42));
  EXPECT_EQ(Fault::bad_model, open_rest_index(path, 6, 43).error().fault);
  EXPECT_EQ(Fault::bad_model, open_rest_index(path, 5, 42).error().fault);
  const std::string whole = *sys::read_text(path, 1 << 20);
  // Any byte that is changed, and any length but its own.
  Rng rng{9};
  for (int trial = 0; trial < 100; ++trial) {
    std::string damaged = whole;
    if (trial % 4 == 0) {
      damaged.resize(below(rng, whole.size() - 1) + 1);
    } else {
      damaged[below(rng, whole.size())] ^= static_cast<char>(1 + below(rng, 255));
    }
    std::ofstream(path, std::ios::binary) << damaged;
    const auto index = open_rest_index(path, 6, 42);
    ASSERT_FALSE(index) << trial;
    EXPECT_NE(std::string::npos, index.error().message.find(path));
  }
  ASSERT_TRUE(write_rest_index(path, Tokens{1, 2, 9}, 6, 42));  // a token that does not exist
  EXPECT_EQ(Fault::bad_model, open_rest_index(path, 6, 42).error().fault);
}

}  // namespace
}  // namespace mr::spec
