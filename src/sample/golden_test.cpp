// Samplers against llama.cpp, transformers and numpy on recorded logits: tools/golden/samplers.py.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

#include "sample/bans.h"
#include "sample/chain.h"
#include "sample/generation_config.h"
#include "sample/penalties.h"
#include "sample/recorded.h"
#include "sample/temperature.h"
#include "sample/truncate.h"

namespace mr::sample {
namespace {

using boost::json::object;
using boost::json::value_to;

/// Applies one sampler; `history` is cut in two at random places, as along a tree.
void apply(const std::string& name, Candidates& c, const Params& p, const History& history) {
  if (name == "penalties") penalties(c, history, p);
  if (name == "dry") dry(c, history, p);
  if (name == "top_n_sigma") top_n_sigma(c, p.top_n_sigma);
  if (name == "top_k") top_k(c, p.top_k);
  if (name == "typical_p") typical_p(c, p.typical_p);
  if (name == "top_p") top_p(c, p.top_p);
  if (name == "min_p") min_p(c, p.min_p);
  if (name == "xtc") xtc(c, p.xtc_probability, p.xtc_threshold, {});
  if (name == "temperature") {
    dynamic_temperature(c, {p.temperature, p.dynatemp_range, p.dynatemp_exponent});
  }
  if (name == "mirostat") mirostat(c, first_carry(p));
  if (name == "adaptive_p") adaptive_p(c, first_carry(p), p);
  if (name == "bans") {
    no_repeat_ngram(c, history, p.no_repeat_ngram_size);
    ban_sequences(c, history, p.banned_sequences);
    keep(c, std::numeric_limits<float>::lowest());
  }
}

void expect_equal(const Candidates& c, const std::vector<float>& row, const object& wanted) {
  const auto& kept = wanted.at("kept");
  if (kept.is_array()) {
    std::vector<std::int32_t> ids;
    for (std::size_t i = 0; i < c.logit.size(); ++i) ids.push_back(token_of(c, i));
    EXPECT_EQ(value_to<std::vector<std::int32_t>>(kept), ids);
  } else {
    EXPECT_EQ(kept.to_number<std::size_t>(), c.logit.size());
  }
  std::size_t n_changed = 0;
  for (std::size_t i = 0; i < c.logit.size(); ++i) {
    n_changed += c.logit[i] != row[static_cast<std::size_t>(token_of(c, i))];
  }
  EXPECT_EQ(wanted.at("changed").to_number<std::size_t>(), n_changed);
  for (const auto& pair : wanted.at("set").as_array()) {
    const std::size_t i = find(c, pair.at(0).to_number<std::int32_t>());
    ASSERT_NE(kNone, i);
    const float logit = pair.at(1).is_null() ? kNever : pair.at(1).to_number<float>();
    if (logit == kNever) {
      EXPECT_EQ(kNever, c.logit[i]);
    } else {
      EXPECT_NEAR(logit, c.logit[i], 2e-5F * (1 + std::abs(logit)));
    }
  }
}

TEST(Golden, SamplersDoWhatOthersDo) {
  const Golden golden = read_golden();
  EXPECT_GT(golden.cases.size(), 100U);
  for (std::size_t n = 0; n < golden.cases.size(); ++n) {
    const object& wanted = golden.cases[n];
    SCOPED_TRACE(boost::json::serialize(wanted).substr(0, 150));
    const auto& row = golden.rows.at(wanted.at("row").to_number<std::size_t>());
    const Params params = params_of(wanted.at("params").as_object());
    const std::span<const std::int32_t> all = golden.history;
    const std::size_t cut = all.size() - n % 70;  // part of it drawn along a tree
    const History history{.before = all.first(cut), .path = all.subspan(cut), .n_prompt = 3};
    Candidates c;
    ASSERT_TRUE(start(c, row) || wanted.at("row").to_number<int>() == 2);
    const std::string name(wanted.at("sampler").as_string());
    apply(name, c, params, history);
    expect_equal(c, row, wanted);

    // What is left of a vocabulary is treated as the vocabulary is.
    Candidates part;
    start(part, row);
    keep(part, kNever);
    ASSERT_EQ(8192U, part.token.size());
    apply(name, part, params, history);
    ASSERT_EQ(c.logit, part.logit);
  }
}

TEST(Golden, BlockMaximaStayTrue) {
  const Golden golden = read_golden();
  for (const object& wanted : golden.cases) {
    Candidates c;
    start(c, golden.rows.at(wanted.at("row").to_number<std::size_t>()));
    apply(std::string(wanted.at("sampler").as_string()), c,
          params_of(wanted.at("params").as_object()), {.before = golden.history, .path = {}});
    if (!c.token.empty()) continue;
    for (std::size_t begin = 0; begin < c.logit.size(); begin += kBlock) {
      const auto from = c.logit.begin() + static_cast<std::ptrdiff_t>(begin);
      ASSERT_EQ(*std::max_element(from, from + kBlock), c.block_max[begin / kBlock]);
    }
  }
}

TEST(Golden, MaximaFromTheHeadMakeTheSameCandidates) {
  const Golden golden = read_golden();
  for (std::vector<float> row : golden.rows) {
    row.resize(8192 - 7);  // the last block is short
    row[70] = std::numeric_limits<float>::quiet_NaN();
    row[8180] = std::numeric_limits<float>::infinity();
    Candidates without;
    EXPECT_FALSE(start(without, row));
    std::vector<float> maxima = without.block_max;  // the head's: NaN for what is not finite
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!std::isfinite(row[i])) maxima[i / kBlock] = std::numeric_limits<float>::quiet_NaN();
    }
    Candidates with;
    EXPECT_FALSE(start(with, {.logits = row, .block_max = maxima}));
    EXPECT_EQ(without.logit, with.logit);
    EXPECT_EQ(without.block_max, with.block_max);
  }
}

}  // namespace
}  // namespace mr::sample
