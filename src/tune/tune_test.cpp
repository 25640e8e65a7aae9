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

/// A file of base logits that goes with its test.
struct BaseFile {
  std::string path =
      std::filesystem::temp_directory_path() / ("base-logits-" + std::to_string(getpid()));
  BaseShape shape{.n_context = 8, .n_vocab = 301, .n_windows = 2};
  std::vector<std::int32_t> tokens = std::vector<std::int32_t>(19, 7);
  std::vector<std::vector<float>> rows;

  BaseFile() {
    Rng rng{1};
    auto writer = make_base_writer(path, shape, tokens).value();
    for (std::int32_t i = 0; i < 2 * scored_tokens(8); ++i) {
      std::vector<float> row(301);
      for (float& logit : row) logit = static_cast<float>(20 * unit(rng) - 5);
      EXPECT_TRUE(write_row(writer, row));
      rows.push_back(std::move(row));
    }
    EXPECT_TRUE(finish(writer));
  }
  ~BaseFile() { std::filesystem::remove(path); }
};

TEST(BaseLogits, ComeBackNearly) {
  const BaseFile base;
  const auto reader = open_base(base.path, base.shape, base.tokens);
  ASSERT_TRUE(reader) << reader.error().message;
  std::vector<float> back(301);
  for (std::size_t i = 0; i < base.rows.size(); ++i) {
    const std::vector<float>& row = base.rows[i];
    ASSERT_TRUE(read_row(*reader, static_cast<std::int64_t>(i), back));
    const auto top = static_cast<double>(*std::max_element(row.begin(), row.end()));
    for (std::int32_t k = 0; k < 301; ++k) {
      const double wanted = log_probability(row, k);
      const double least = top - log_normalizer(row) - 16;  // what lies lower is kept as this
      EXPECT_NEAR(std::max(wanted, least), static_cast<double>(back[static_cast<std::size_t>(k)]),
                  2e-4);
    }
  }
}

TEST(BaseLogits, OfSomethingElseAreRefused) {
  const BaseFile base;
  const auto fault = [&](const BaseShape& shape, std::span<const std::int32_t> tokens) {
    const auto reader = open_base(base.path, shape, tokens);
    return reader ? Fault{} : reader.error().fault;
  };
  std::vector<std::int32_t> other = base.tokens;
  other[15] = 8;
  EXPECT_EQ(Fault::bad_request, fault(base.shape, other));
  EXPECT_TRUE(open_base(base.path, {8, 301, 1}, other)) << "one window is the same";
  EXPECT_EQ(Fault::bad_request, fault({8, 300, 2}, base.tokens));
  EXPECT_EQ(Fault::bad_request, fault({8, 301, 3}, std::vector<std::int32_t>(24, 7)));
  EXPECT_EQ(Fault::bad_request, fault({6, 301, 2}, base.tokens));
  std::filesystem::resize_file(base.path, std::filesystem::file_size(base.path) - 1);
  EXPECT_EQ(Fault::bad_request, fault(base.shape, base.tokens));
}

}  // namespace
}  // namespace mr::tune
