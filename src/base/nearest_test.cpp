#include "base/nearest.h"

#include <gtest/gtest.h>

namespace mr {
namespace {

TEST(Nearest, DistancesCountEditsAndSwaps) {
  EXPECT_EQ(0U, edit_distance("temp", "temp"));
  EXPECT_EQ(1U, edit_distance("tmep", "temp"));
  EXPECT_EQ(3U, edit_distance("kitten", "sitting"));
  EXPECT_EQ(4U, edit_distance("", "seed"));
  EXPECT_EQ(4U, edit_distance("seed", ""));
  EXPECT_EQ(3U, edit_distance("ca", "abc"));  // a swap is not edited again
}

TEST(Nearest, NamesWithinTwoEditsOrBegun) {
  const std::vector<std::string> names{"--temp", "--temperature", "--top-k", "--top-p", "run"};
  EXPECT_EQ("--temp", nearest("--tmep", names));
  EXPECT_EQ("--temperature", nearest("--temperatur", names));
  EXPECT_EQ("--top-k", nearest("--top_k", names));
  EXPECT_EQ("run", nearest("rn", names));
  EXPECT_EQ("", nearest("rxx", names));
  EXPECT_EQ("", nearest("serve", names));
  EXPECT_EQ("", nearest(std::string(65, '-'), names));
  EXPECT_EQ("; did you mean 'run'?", did_you_mean("rum", names));
  EXPECT_EQ("", did_you_mean("perplexity", names));
}

}  // namespace
}  // namespace mr
