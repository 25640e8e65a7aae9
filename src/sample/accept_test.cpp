#include "sample/accept.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace mr::sample {
namespace {

using Tokens = std::vector<std::int32_t>;

const std::vector<double> kShares{0.4, 0.25, 0.2, 0.1, 0.05};

std::vector<float> logits() {
  std::vector<float> out;
  for (const double p : kShares) out.push_back(static_cast<float>(std::log(p)));
  return out;
}

struct Counted {
  std::vector<double> n = std::vector<double>(kShares.size());
  double n_proposed = 0;  ///< draws that gave one of the proposals
};

constexpr std::uint32_t kManyDraws = 40000;

Counted drawn(const Tokens& proposed, Acceptance acceptance) {
  Counted out;
  Candidates c;
  for (std::uint32_t position = 0; position < kManyDraws; ++position) {
    start(c, logits());
    const std::size_t i = accept(c, proposed, acceptance, {.seed = 7, .position = position});
    ++out.n.at(i);
    out.n_proposed +=
        static_cast<double>(std::ranges::count(proposed, static_cast<std::int32_t>(i)));
  }
  return out;
}

/// Pearson's statistic against the shares: of 4 degrees of freedom.
double chi_square(const Counted& counted) {
  double sum = 0;
  for (std::size_t i = 0; i < kShares.size(); ++i) {
    const double wanted = kShares[i] * kManyDraws;
    sum += (counted.n[i] - wanted) * (counted.n[i] - wanted) / wanted;
  }
  return sum;
}

constexpr double kOneInAMillion = 33.38;  ///< chi-square of 4 degrees above which is 1e-6

TEST(Accept, RejectionKeepsTheDistribution) {
  for (const Tokens& proposed :
       {Tokens{}, Tokens{0}, Tokens{4}, Tokens{2, 0}, Tokens{3, 4, 1}, Tokens{4, 3, 2, 1, 0}}) {
    const Counted counted = drawn(proposed, Acceptance::rejection);
    EXPECT_LT(chi_square(counted), kOneInAMillion) << testing::PrintToString(proposed);
    double share = 0;
    for (const std::int32_t token : proposed) share += kShares[static_cast<std::size_t>(token)];
    EXPECT_NEAR(share, counted.n_proposed / kManyDraws, 5 * std::sqrt(0.25 / kManyDraws));
  }
}

TEST(Accept, TypicalDoesNot) {
  // Entropy 1.42: what is above 0.3 exp(-1.42) = 0.073 is typical.
  EXPECT_EQ(kManyDraws, drawn({3}, Acceptance::typical).n[3]);
  EXPECT_EQ(kManyDraws, drawn({4, 2}, Acceptance::typical).n[2]);
  EXPECT_GT(chi_square(drawn({3}, Acceptance::typical)), kOneInAMillion);
  EXPECT_LT(chi_square(drawn({4}, Acceptance::typical)), kOneInAMillion);  // a draw
}

TEST(Accept, NeverTakesWhatMayNotBeDrawn) {
  for (const Acceptance acceptance :
       {Acceptance::exact, Acceptance::rejection, Acceptance::typical}) {
    for (std::uint32_t position = 0; position < 100; ++position) {
      Candidates c;
      start(c, logits());
      ban(c, Tokens{1, 3});
      const std::size_t i = accept(c, Tokens{1, 3, 9}, acceptance, {.position = position});
      EXPECT_TRUE(i == 0 || i == 2 || i == 4);
      EXPECT_EQ(logits()[0], c.logit[0]);
    }
  }
}

TEST(Accept, WithoutProposalsIsADraw) {
  const Counted exact = drawn({}, Acceptance::exact);
  EXPECT_EQ(exact.n, drawn({}, Acceptance::rejection).n);
  EXPECT_EQ(exact.n, drawn({}, Acceptance::typical).n);
  EXPECT_EQ(exact.n, drawn({2, 0}, Acceptance::exact).n);
}

}  // namespace
}  // namespace mr::sample
