#include "kern/ref/finite.h"
#include "kern/cases/data.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kern/ref/decode.h"

namespace mr::kern::ref {
namespace {

// The golden's blocks have factors of every kind, infinities and NaN among them.
TEST(Finite, IsWhatDecodingGives) {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/data/decode.golden", std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  int n_types = 0;
  for (std::size_t at = 0; at < golden.size(); ++n_types) {
    const DType type = cases::type_named(golden.c_str() + at);
    std::uint32_t n_blocks = 0;
    std::memcpy(&n_blocks, golden.data() + at + 8, 4);
    const char* blocks = golden.data() + at + 12;
    const TypeTraits of = traits(type);
    std::vector<float> values(of.block);
    bool all = true;
    for (std::uint32_t i = 0; i < n_blocks; ++i) {
      const char* block = blocks + i * of.block_bytes;
      decode(type, block, values.data(), of.block);
      bool finite = true;
      for (const float x : values) finite = finite && std::isfinite(x);
      // A factor that is no number shows even where its block multiplies it with zero.
      EXPECT_LE(all_finite(type, block, of.block), finite) << of.name << " block " << i;
      all = all && all_finite(type, block, of.block);
    }
    EXPECT_EQ(all, all_finite(type, blocks, n_blocks * of.block)) << of.name;
    at += 12 + n_blocks * of.block_bytes + 4 * n_blocks * of.block;
  }
  EXPECT_EQ(20, n_types);
}

TEST(Finite, PlainNumbers) {
  std::vector<float> values(100, 1.0F);
  values[7] = 3.4e38F;
  EXPECT_TRUE(all_finite(DType::f32, values.data(), values.size()));
  values[99] = -std::numeric_limits<float>::infinity();
  EXPECT_FALSE(all_finite(DType::f32, values.data(), values.size()));
  EXPECT_TRUE(all_finite(DType::f32, values.data(), 99));
}

}  // namespace
}  // namespace mr::kern::ref
