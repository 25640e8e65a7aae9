#include "api/quota.h"

#include <gtest/gtest.h>

namespace mr::api {
namespace {

constexpr std::uint64_t kKey = 7;

TEST(Quota, AnswersUnderWay) {
  Quota quota;
  const Limits limits{.running_per_key = 3};
  EXPECT_FALSE(enter(quota, limits, kKey, 2, 0));
  const auto refused = enter(quota, limits, kKey, 2, 0);
  ASSERT_TRUE(refused);
  EXPECT_EQ(429, refused->status);
  EXPECT_EQ(1, refused->retry_after_s);
  EXPECT_FALSE(enter(quota, limits, kKey, 1, 0));
  EXPECT_FALSE(enter(quota, limits, kKey + 1, 3, 0));  // another key
  leave(quota, kKey, 2, false, 0, 0);
  EXPECT_FALSE(enter(quota, limits, kKey, 2, 0));
}

TEST(Quota, AnswersThatWait) {
  Quota quota;
  const Limits limits{.waiting_per_key = 2};
  EXPECT_FALSE(enter(quota, limits, kKey, 2, 0));
  EXPECT_TRUE(enter(quota, limits, kKey, 1, 0));
  begin(quota, kKey, 2);
  EXPECT_FALSE(enter(quota, limits, kKey, 2, 0));
  leave(quota, kKey, 2, true, 0, 0);
  EXPECT_TRUE(enter(quota, limits, kKey, 1, 0));
}

TEST(Quota, TokensOfAMinute) {
  Quota quota;
  const Limits limits{.tokens_per_minute = 100};
  EXPECT_FALSE(enter(quota, limits, kKey, 1, 0));
  leave(quota, kKey, 1, true, 60, 10);
  EXPECT_FALSE(enter(quota, limits, kKey, 1, 11));
  leave(quota, kKey, 1, true, 60, 20);
  const auto refused = enter(quota, limits, kKey, 1, 30);
  ASSERT_TRUE(refused);
  EXPECT_EQ(40, refused->retry_after_s);  // the first 60 are gone then
  EXPECT_FALSE(enter(quota, limits, kKey, 1, 70));
}

TEST(Quota, NothingIsKeptOfKeysThatHaveGone) {
  Quota quota;
  const Limits limits{.running_per_key = 3};
  EXPECT_FALSE(enter(quota, limits, kKey, 1, 0));
  leave(quota, kKey, 1, true, 5, 1);
  EXPECT_FALSE(enter(quota, limits, kKey, 1, 100));
  leave(quota, kKey, 1, false, 0, 100);
  EXPECT_TRUE(quota.by_key.empty());
}

}  // namespace
}  // namespace mr::api
