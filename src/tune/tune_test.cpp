#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "base/rng.h"
#include "tune/base_logits.h"
#include "tune/divergence.h"
#include "tune/perplexity.h"

namespace mr::tune {
namespace {

TEST(LogProbability, OfKnownDistributions) {
  const std::vector<float> even(8, 3.0F);
  EXPECT_NEAR(-std::log(8.0), log_probability(even, 5), 1e-12);
  const std::vector<float> odds{std::log(1.0F), std::log(3.0F), 1000.0F * -1};
  EXPECT_NEAR(std::log(0.75), log_probability(odds, 1), 1e-6);
  EXPECT_NEAR(90.0 + std::log(2.0), log_normalizer(std::vector<float>{90, 90}), 1e-9);
}

TEST(Divergence, OfKnownDistributions) {
  const std::vector<float> base{std::log(0.5F), std::log(0.25F), std::log(0.25F)};
  const std::vector<float> other{std::log(0.25F), std::log(0.5F), std::log(0.25F)};
  DivergenceSums sums;
  add(sums, base, base, 0);
  EXPECT_NEAR(0, result(sums).kl, 1e-7);
  EXPECT_EQ(1, result(sums).same_top);
  sums = {};
  add(sums, base, other, 0);
  add(sums, base, other, 2);
  EXPECT_NEAR(0.25 * std::log(2.0), result(sums).kl, 1e-6);
  EXPECT_EQ(0, result(sums).same_top);
  EXPECT_NEAR(std::sqrt(2.0), result(sums).ppl_ratio, 1e-6);  // half as likely, and equally
}

TEST(Windows, AreCountedAsThePeerDoes) {
  EXPECT_EQ(0, count_windows(1023, 512, 0));
  EXPECT_EQ(2, count_windows(1024, 512, 0));
  EXPECT_EQ(2, count_windows(1535, 512, 0));
  EXPECT_EQ(1, count_windows(1535, 512, 1));
  EXPECT_EQ(255, scored_tokens(512));
}

TEST(BaseLogits, ComeBackNearly) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("base-logits-" + std::to_string(getpid()));
  const BaseShape shape{.n_vocab = 300, .n_context = 8, .n_windows = 2, .tokens_hash = 5};
  const std::int64_t n_rows = 2 * scored_tokens(8);
  Rng rng{1};
  std::vector<std::vector<float>> rows;
  {
    auto writer = make_base_writer(path, shape);
    ASSERT_TRUE(writer) << writer.error().message;
    for (std::int64_t i = 0; i < n_rows; ++i) {
      std::vector<float> row(300);
      for (float& logit : row) logit = static_cast<float>(20 * unit(rng) - 5);
      ASSERT_TRUE(write_row(*writer, row));
      rows.push_back(std::move(row));
    }
    ASSERT_TRUE(finish(*writer));
  }
  const auto reader = open_base(path, shape);
  ASSERT_TRUE(reader) << reader.error().message;
  std::vector<float> back(300);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const std::vector<float>& row = rows[static_cast<std::size_t>(i)];
    read_row(*reader, i, back);
    const auto top = static_cast<double>(*std::max_element(row.begin(), row.end()));
    for (std::int32_t k = 0; k < 300; ++k) {
      const double wanted = log_probability(row, k);
      const double least = top - log_normalizer(row) - 16;  // what lies lower is kept as this
      EXPECT_NEAR(std::max(wanted, least), static_cast<double>(back[static_cast<std::size_t>(k)]),
                  2e-4);
    }
  }
  BaseShape other = shape;
  other.tokens_hash = 6;
  EXPECT_EQ(Fault::bad_request, open_base(path, other).error().fault);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace mr::tune
