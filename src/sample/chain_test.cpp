// Chains, and samplers that learn, against llama.cpp, transformers and numpy on recorded logits:
// tools/golden/chains.py.
#include "sample/chain.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>

#include "sample/logprobs.h"
#include "sample/recorded.h"

namespace mr::sample {
namespace {

using boost::json::object;
using boost::json::value_to;

std::vector<object> cases_of(const std::string& kind) {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/data/chains.golden");
  std::vector<object> cases;
  std::string line;
  while (std::getline(file, line)) {
    object one = boost::json::parse(line).as_object();
    if (one.at("kind").as_string() == kind) cases.push_back(std::move(one));
  }
  EXPECT_FALSE(cases.empty());
  return cases;
}

const std::vector<float>& row_of(const Golden& golden, const object& from) {
  return golden.rows.at(from.at("row").to_number<std::size_t>());
}

TEST(Chain, LearnsAsLlamaCppDoes) {
  const Golden golden = read_golden();
  for (const object& wanted : cases_of("carried")) {
    SCOPED_TRACE(boost::json::serialize(wanted).substr(0, 120));
    const Params params = params_of(wanted.at("params").as_object());
    Carry carry = first_carry(params);
    for (const auto& step : wanted.at("steps").as_array()) {
      Candidates c;
      start(c, row_of(golden, step.as_object()));
      if (params.mirostat == 2) {
        mirostat(c, carry);
      } else {
        adaptive_p(c, carry, params);
      }
      EXPECT_EQ(step.at("kept").to_number<std::size_t>(), c.logit.size());
      for (const auto& pair : step.at("set").as_array()) {
        const std::size_t i = find(c, pair.at(0).to_number<std::int32_t>());
        ASSERT_NE(kNone, i);
        const float logit = pair.at(1).to_number<float>();
        EXPECT_NEAR(logit, c.logit[i], 2e-5F * (1 + std::abs(logit)));
      }
      const std::size_t drawn = find(c, step.at("token").to_number<std::int32_t>());
      ASSERT_NE(kNone, drawn);
      if (params.mirostat == 2) {
        learn_mirostat(carry, c, drawn, params);
      } else {
        learn_adaptive_p(carry, c.values[drawn], params);
      }
    }
  }
}

/// What lies above chi-square with `freedom` degrees of freedom in one case of 10,000.
/// Source: Wilson and Hilferty 1931.
double rare_chi_square(double freedom) {
  const double a = 2 / (9 * freedom);
  return freedom * std::pow(1 - a + 3.719 * std::sqrt(a), 3);
}

/// Draws of the chain, each at a place of its own, against their probabilities; classes of fewer
/// than ten are put together.
void expect_distribution(const std::vector<float>& logits, const Params& params,
                         const History& history, const object& wanted) {
  constexpr std::uint32_t kFewDraws = 2'000;
  std::vector<std::uint32_t> seen(logits.size());
  Candidates c;
  for (std::uint32_t i = 0; i < kFewDraws; ++i) {
    start(c, logits);
    seen[static_cast<std::size_t>(pick(c, params, {.choice = i, .history = history}).token)] += 1;
  }
  const auto kept = value_to<std::vector<std::size_t>>(wanted.at("kept"));
  const auto probs = value_to<std::vector<double>>(wanted.at("probs"));
  double sum = 0;
  double freedom = -1;
  double rare_seen = 0;
  double rare = 0;
  std::uint32_t n_seen = 0;
  const auto add = [&](double n, double expected) {
    sum += (n - expected) * (n - expected) / expected;
    freedom += 1;
  };
  for (std::size_t i = 0; i < kept.size(); ++i) {
    n_seen += seen[kept[i]];
    if (kFewDraws * probs[i] >= 10) {
      add(seen[kept[i]], kFewDraws * probs[i]);
    } else {
      rare_seen += seen[kept[i]];
      rare += kFewDraws * probs[i];
    }
  }
  if (rare >= 1) add(rare_seen, rare);
  EXPECT_EQ(kFewDraws, n_seen);  // nothing else is drawn
  if (freedom > 0) {
    EXPECT_LT(sum, rare_chi_square(freedom));
  }
}

TEST(Chain, LeavesAndDrawsWhatTransformersDoes) {
  const Golden golden = read_golden();
  for (const object& wanted : cases_of("chain")) {
    SCOPED_TRACE(boost::json::serialize(wanted).substr(0, 200));
    const std::vector<float>& logits = row_of(golden, wanted);
    Params params = params_of(wanted.at("params").as_object());
    params.order = *order_of_names(std::string(wanted.at("order").as_string()));
    const History history{.before = golden.history, .path = {}};
    Candidates c;
    start(c, logits);
    pick(c, params, {.history = history});
    std::vector<std::int32_t> left;
    for (std::size_t i = 0; i < c.logit.size(); ++i) left.push_back(token_of(c, i));
    EXPECT_EQ(value_to<std::vector<std::int32_t>>(wanted.at("kept")), left);
    const double total = weigh(c, largest(c));
    for (std::size_t i = 0; i < left.size(); ++i) {
      const double p = wanted.at("probs").at(i).to_number<double>();
      EXPECT_NEAR(p, static_cast<double>(c.values[i]) / total, 1e-5 * p);
    }
    expect_distribution(logits, params, history, wanted);
  }
}

TEST(Chain, LogprobsAreThoseOfNumpy) {
  const Golden golden = read_golden();
  for (const object& wanted : cases_of("logprobs")) {
    Candidates scratch;
    const Logprobs found = logprobs(scratch, {row_of(golden, wanted)},
                                    wanted.at("token").to_number<std::int32_t>(), 20);
    EXPECT_NEAR(wanted.at("logprob").to_number<float>(), found.drawn.logprob, 2e-6F);
    ASSERT_EQ(wanted.at("top").as_array().size(), found.top.size());
    for (std::size_t i = 0; i < found.top.size(); ++i) {
      const auto& pair = wanted.at("top").at(i);
      EXPECT_EQ(pair.at(0).to_number<std::int32_t>(), found.top[i].token);
      EXPECT_NEAR(pair.at(1).to_number<float>(), found.top[i].logprob, 2e-6F);
    }
  }
}

// A draw is a function of its place: the order of draws and what was drawn before or in between,
// on the same candidates or others, change nothing.
TEST(Chain, DrawsDependOnTheirPlaceAlone) {
  const Golden golden = read_golden();
  const std::span<const std::int32_t> text = golden.history;
  const Params params{.temperature = 0.9F,
                      .seed = 3,
                      .top_k = 50,
                      .xtc_probability = 0.5F,
                      .repetition_penalty = 1.1F,
                      .dry_multiplier = 0.8F};
  struct Asked {
    std::size_t row, n_before;
    std::uint32_t choice;
  };
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < 60; ++i) {
    asked.push_back({i % 3, 20 + i, static_cast<std::uint32_t>(i % 4)});
  }
  const auto draw_at = [&](Candidates& c, const Asked& one, std::size_t n_path) {
    start(c, golden.rows[one.row]);
    const History history{.before = text.first(one.n_before - n_path),
                          .path = text.subspan(one.n_before - n_path, n_path)};
    return pick(c, params, {.choice = one.choice, .history = history}).token;
  };
  std::vector<std::int32_t> alone;
  for (const Asked& one : asked) {
    Candidates fresh;
    alone.push_back(draw_at(fresh, one, 0));
  }
  Candidates shared;
  for (std::size_t i = asked.size(); i-- > 0;) {
    EXPECT_EQ(alone[i], draw_at(shared, asked[i], i % 7)) << i;
  }
}

}  // namespace
}  // namespace mr::sample
