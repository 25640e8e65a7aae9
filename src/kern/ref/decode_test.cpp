#include "kern/ref/decode.h"
#include "kern/cases/data.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "kern/ref/float8.h"

namespace mr::kern::ref {
namespace {

TEST(Decode, EveryBlockTypeEqualsTheGgufPackageBitForBit) {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/data/decode.golden", std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  std::set<DType> seen;
  for (std::size_t at = 0; at < golden.size();) {
    const DType type = cases::type_named(golden.c_str() + at);
    std::uint32_t n_blocks = 0;
    std::memcpy(&n_blocks, golden.data() + at + 8, 4);
    const std::size_t n = n_blocks * traits(type).block;
    std::vector<float> got(n);
    std::vector<float> wanted(n);
    decode(type, golden.data() + at + 12, got.data(), n);
    at += 12 + row_bytes(type, n);
    std::memcpy(wanted.data(), golden.data() + at, 4 * n);
    at += 4 * n;
    for (std::size_t i = 0; i < n; ++i) {
      if (std::isnan(wanted[i]) && std::isnan(got[i])) continue;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(wanted[i]), std::bit_cast<std::uint32_t>(got[i]))
          << traits(type).name << " element " << i << ": " << wanted[i] << " " << got[i];
    }
    seen.insert(type);
  }
  EXPECT_EQ(seen.size(), 20U);
}

TEST(Decode, KnowsItsTypes) {
  EXPECT_TRUE(can_decode(DType::f32));
  EXPECT_TRUE(can_decode(DType::f8_e4m3));
  EXPECT_FALSE(can_decode(DType::i32));
}

TEST(Float8, EveryE4m3FollowsTheFormat) {
  for (int bits = 0; bits < 256; ++bits) {
    const float got = e4m3_to_f32(static_cast<std::uint8_t>(bits));
    const int exponent = bits >> 3 & 15;
    const int mantissa = bits & 7;
    if (exponent == 15 && mantissa == 7) {
      EXPECT_TRUE(std::isnan(got));
      continue;
    }
    const double magnitude = exponent == 0 ? std::ldexp(mantissa / 8.0, -6)
                                           : std::ldexp(1.0 + mantissa / 8.0, exponent - 7);
    EXPECT_EQ(got, bits >= 128 ? -magnitude : magnitude) << bits;
    EXPECT_EQ(std::signbit(got), bits >= 128);
  }
}

}  // namespace
}  // namespace mr::kern::ref
