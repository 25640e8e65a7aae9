#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "base/error.h"
#include "base/half.h"
#include "base/rng.h"

namespace mr {
namespace {

TEST(Half, EveryF16AgreesWithTheCompiler) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    _Float16 reference;
    std::memcpy(&reference, &half, sizeof half);
    const float wanted = static_cast<float>(reference);
    const float got = f16_to_f32(half);
    if (std::isnan(wanted)) {
      EXPECT_TRUE(std::isnan(got));
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(got))));
      continue;
    }
    ASSERT_EQ(std::bit_cast<std::uint32_t>(wanted), std::bit_cast<std::uint32_t>(got)) << bits;
    ASSERT_EQ(half, f32_to_f16(got)) << bits;
  }
}

TEST(Half, RoundingAgreesWithTheCompiler) {
  Rng rng{1};
  for (int i = 0; i < 2'000'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(next(rng)));
    if (std::isnan(value)) continue;
    const auto reference = static_cast<_Float16>(value);
    std::uint16_t wanted;
    std::memcpy(&wanted, &reference, sizeof wanted);
    ASSERT_EQ(wanted, f32_to_f16(value)) << value;
    const float back = bf16_to_f32(f32_to_bf16(value));
    if (std::isfinite(back)) {
      ASSERT_LE(std::fabs(back - value), std::fabs(value) * 0x1p-8F + 1e-40F);
    }
  }
}

// Known answers of Random123 1.14 (kat_vectors, philox4x32 10 rounds).
TEST(Rng, PhiloxKnownAnswers) {
  EXPECT_EQ((std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}),
            philox({0, 0, 0, 0}, {0, 0}));
  EXPECT_EQ((std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}),
            philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}));
  EXPECT_GT(open_unit(0), 0.0F);
  EXPECT_LT(open_unit(~0U), 1.0F);
}

TEST(Checked, StopsAtTheEdge) {
  constexpr auto top = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(top, checked::add<std::uint64_t>(top - 1, 1));
  EXPECT_FALSE(checked::add<std::uint64_t>(top, 1));
  EXPECT_FALSE(checked::mul<std::uint64_t>(std::uint64_t{1} << 32, std::uint64_t{1} << 32));
  EXPECT_EQ(64U, checked::align_up<std::uint64_t>(33, 32));
  EXPECT_FALSE(checked::align_up<std::uint64_t>(top, 32));
}

Expected<int> half_of(int n) {
  if (n % 2 != 0) return fail(Fault::bad_request, "n: wanted an even number, found an odd one");
  return n / 2;
}

Expected<int> quarter_of(int n) {
  MR_TRY(const int half, half_of(n));
  return half_of(half);
}

TEST(Error, IsHandedOn) {
  EXPECT_EQ(3, *quarter_of(12));
  EXPECT_EQ(Fault::bad_request, quarter_of(6).error().fault);
  EXPECT_EQ("a: b", fail_at("a", Error{Fault::failed, "b"}).value().message);
}

}  // namespace
}  // namespace mr
