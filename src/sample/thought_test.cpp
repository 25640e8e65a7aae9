#include "sample/thought.h"

#include <gtest/gtest.h>

#include "sample/chain.h"

namespace mr::sample {
namespace {

using Tokens = std::vector<std::int32_t>;

constexpr std::int32_t kOpen = 90;
constexpr std::int32_t kClose = 91;

/// What comes of an answer whose model would say `wanted`: each token as it is wanted, unless
/// another is forced.
Tokens said(const ThoughtLimit& limit, const Tokens& wanted) {
  Tokens out;
  Thought thought{.inside = limit.begun};
  for (const std::int32_t token : wanted) {
    const std::int32_t must = forced(limit, thought);
    out.push_back(must >= 0 ? must : token);
    advance(thought, limit, out.back());
  }
  return out;
}

ThoughtLimit limit_of(std::int32_t budget, Tokens message = {}, std::int32_t grace = 0) {
  return {.open = kOpen,
          .close = kClose,
          .budget = budget,
          .message = std::move(message),
          .grace = grace};
}

TEST(Thought, WithoutALimitNothingIsForced) {
  const Tokens wanted{1, kOpen, 2, 3, kClose, 4};
  EXPECT_EQ(wanted, said({}, wanted));
  EXPECT_EQ(wanted, said(limit_of(-1), wanted));
}

TEST(Thought, AThoughtWithinTheBudgetGoesItsWay) {
  const Tokens wanted{1, kOpen, 2, 3, kClose, 4, 5, 6, 7};
  EXPECT_EQ(wanted, said(limit_of(3, {70}), wanted));
}

TEST(Thought, MessageThenGraceThenTheHardClose) {
  const Tokens wanted{kOpen, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ((Tokens{kOpen, 1, 2, kClose, 4, 5, 6, 7, 8, 9}), said(limit_of(2), wanted));
  EXPECT_EQ((Tokens{kOpen, 1, 2, 70, 71, kClose, 6, 7, 8, 9}), said(limit_of(2, {70, 71}), wanted));
  EXPECT_EQ((Tokens{kOpen, 1, 2, 70, 71, 5, 6, kClose, 8, 9}),
            said(limit_of(2, {70, 71}, 2), wanted));
  EXPECT_EQ((Tokens{kOpen, 1, 70, 3, kClose, 5}),  // the model closes in its grace
            said(limit_of(1, {70}, 5), {kOpen, 1, 2, 3, kClose, 5}));
}

TEST(Thought, MarksInTheMessageChangeNothing) {
  EXPECT_EQ((Tokens{kOpen, 1, kOpen, 70, kClose, 5}),
            said(limit_of(1, {kOpen, 70}), {kOpen, 1, 2, 3, 4, 5}));
  EXPECT_EQ((Tokens{kOpen, 1, kClose, 3}), said(limit_of(1, {kClose, 70}), {kOpen, 1, 2, 3}));
}

TEST(Thought, OneOpenedByThePromptCounts) {
  ThoughtLimit limit = limit_of(1);
  limit.begun = true;
  EXPECT_EQ((Tokens{1, kClose, 3}), said(limit, {1, 2, 3}));
  limit.budget = 0;
  EXPECT_EQ((Tokens{kClose, 2, 3}), said(limit, {1, 2, 3}));
}

TEST(Thought, TheBudgetIsOfTheWholeAnswer) {
  const Tokens wanted{kOpen, 1, kClose, 2, kOpen, 3, 4, 5, 6};
  EXPECT_EQ((Tokens{kOpen, 1, kClose, 2, kOpen, 3, 70, kClose, 6}),
            said(limit_of(2, {70}), wanted));
}

TEST(Thought, IsForcedAgainstEveryOtherSampler) {
  Params params{.temperature = 0, .mirostat = 2};
  params.thought = limit_of(1, {7});
  params.thought.begun = true;
  params.banned_tokens = {7, 8};
  params.thought.open = 9;
  params.thought.close = 8;
  params = *checked(std::move(params), 16);
  Candidates c;
  Place place{.carry = first_carry(params)};
  Tokens drawn;
  for (int i = 0; i < 4; ++i) {
    start(c, std::vector<float>{0, 5, 1, 2, 0, 0, 0, -9, 9, 0, 0, 0, 0, 0, 0, 0});
    const Drawn d = pick(c, params, place);
    drawn.push_back(d.token);
    place.carry = d.carry;
  }
  EXPECT_EQ((Tokens{1, 7, 8, 1}), drawn);
}

TEST(Thought, TokensOutsideTheVocabularyAreRefused) {
  Params params;
  params.thought = limit_of(5);
  EXPECT_FALSE(checked(params, kClose));
  EXPECT_TRUE(checked(params, kClose + 1));
  params.thought.message = {200};
  EXPECT_EQ("thought message: wanted tokens from 0 to 91, found 200",
            checked(params, kClose + 1).error().message);
  params.thought = limit_of(5, {}, -1);
  EXPECT_FALSE(checked(params, kClose + 1));
}

}  // namespace
}  // namespace mr::sample
