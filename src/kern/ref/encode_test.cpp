#include "kern/ref/encode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "kern/ref/decode.h"

namespace mr::kern::ref {
namespace {

std::vector<float> there_and_back(const std::vector<float>& values) {
  std::vector<std::byte> coded(values.size() / 32 * 18);
  encode_q4_0(values.data(), coded.data(), values.size());
  std::vector<float> decoded(values.size());
  decode(DType::q4_0, coded.data(), decoded.data(), decoded.size());
  return decoded;
}

TEST(Encode, EachNumberIsTheNearestOfSixteen) {
  Rng rng{4};
  std::vector<float> values(320);
  for (float& value : values) value = static_cast<float>(unit(rng) - 0.5);
  const std::vector<float> decoded = there_and_back(values);
  for (std::size_t begin = 0; begin < values.size(); begin += 32) {
    float farthest = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      if (std::abs(values[begin + i]) > std::abs(farthest)) farthest = values[begin + i];
    }
    const float step = std::abs(farthest) / 8;
    for (std::size_t i = begin; i < begin + 32; ++i) {
      // The side that the farthest one is not on ends a step earlier.
      const bool is_cut = values[i] / farthest < -7.0F / 8;
      EXPECT_NEAR(values[i], decoded[i], step * (is_cut ? 1.01F : 0.51F)) << i;
    }
  }
}

TEST(Encode, WhatFitsExactlyStaysAndZeroIsZero) {
  std::vector<float> values(64);
  for (std::size_t i = 0; i < 32; ++i) values[i] = 0.5F * (static_cast<float>(i % 16) - 8);
  EXPECT_EQ(values, there_and_back(values));
}

}  // namespace
}  // namespace mr::kern::ref
