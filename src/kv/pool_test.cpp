#include "kv/pool.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"
#include "kv/pool_model.h"

namespace mr::kv {
namespace {

TEST(pool, keeps_to_its_budget) {
  const auto pool = make_pool({.budget_bytes = 1000, .full_page_bytes = 96});
  ASSERT_TRUE(pool.has_value());
  EXPECT_EQ(10, n_pages(*pool, Kind::full));
  EXPECT_EQ(0, n_pages(*pool, Kind::window));
  EXPECT_EQ(10, n_free(*pool, Kind::full));
}

TEST(pool, shares_its_budget_between_kinds) {
  const auto pool = make_pool({.budget_bytes = 8192,
                               .full_page_bytes = 512,
                               .window_page_bytes = 256,
                               .window_share = 0.5});
  ASSERT_TRUE(pool.has_value());
  EXPECT_EQ(8, n_pages(*pool, Kind::full));
  EXPECT_EQ(16, n_pages(*pool, Kind::window));
}

TEST(pool, refuses_what_cannot_be) {
  const PoolSpec none{.budget_bytes = 100, .full_page_bytes = 0};
  EXPECT_EQ(Fault::bad_request, make_pool(none).error().fault);
  const PoolSpec small{.budget_bytes = 95, .full_page_bytes = 96};
  EXPECT_EQ(Fault::does_not_fit, make_pool(small).error().fault);
  EXPECT_NE(std::string::npos, make_pool(small).error().message.find("96 bytes"));
  const PoolSpec odd{.budget_bytes = 1U << 20,
                     .full_page_bytes = 1,
                     .window_page_bytes = 1,
                     .window_share = std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ(Fault::bad_request, make_pool(odd).error().fault);
  const PoolSpec no_window{
      .budget_bytes = 1U << 20, .full_page_bytes = 1, .window_page_bytes = 1, .window_share = 0};
  EXPECT_EQ(Fault::does_not_fit, make_pool(no_window).error().fault);
}

TEST(pool, page_is_free_when_its_last_user_goes) {
  Pool pool = make_pool({.budget_bytes = 2, .full_page_bytes = 1}).value();
  const PageId a = take(pool, Kind::full);
  const PageId b = take(pool, Kind::full);
  EXPECT_NE(a, b);
  EXPECT_EQ(kNoPage, take(pool, Kind::full));
  share(pool, Kind::full, a);
  EXPECT_FALSE(give(pool, Kind::full, a));
  EXPECT_EQ(0, n_free(pool, Kind::full));
  EXPECT_TRUE(give(pool, Kind::full, a));
  EXPECT_EQ(a, take(pool, Kind::full));
}

TEST(pool_death, a_free_page_has_no_user_to_lose) {
  Pool pool = make_pool({.budget_bytes = 2, .full_page_bytes = 1}).value();
  EXPECT_DEATH(give(pool, Kind::full, 0), "broken invariant");
  EXPECT_DEATH(share(pool, Kind::full, 1), "broken invariant");
}

TEST(pool, like_a_set_under_random_use) {
  Rng rng{5};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint8_t> bytes(2000);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(next(rng));
    ASSERT_EQ("", drive_pool(bytes)) << "round " << round;
  }
}

}  // namespace
}  // namespace mr::kv
