#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kern/cases/data.h"
#include "kern/cases/device.h"
#include "kern/packed/packed.h"
#include "kern/ref/decode.h"
#include "kern/ref/ref.h"
#include "kern/simd/packed.h"

// The number format of packed weights and quantized activations, told a second time in plain C++.
namespace mr::kern {
namespace {

using cases::kUnit;
using cases::Prepared;

/// Values as 8 bits with one scale for every 32 keep them.
std::vector<float> on_grid(const std::vector<float>& values, std::int64_t n_in) {
  std::vector<float> kept(values.size());
  const auto depth = static_cast<std::size_t>(n_in);
  for (std::size_t row = 0; row < values.size(); row += depth) {
    for (std::size_t begin = 0; begin < depth; begin += 32) {
      const std::size_t end = std::min(depth, begin + 32);
      float top = 0;
      for (std::size_t i = begin; i < end; ++i) top = std::max(top, std::fabs(values[row + i]));
      const float inverse = top > 0 ? 127.0F / top : 0.0F;
      for (std::size_t i = begin; i < end; ++i) {
        kept[row + i] = std::nearbyint(values[row + i] * inverse) * (top / 127.0F);
      }
    }
  }
  return kept;
}

/// Sums of products of magnitudes, each weight taken as large as its block's range: what unsigned
/// weights and minima are made of.
std::vector<double> magnitude(const std::vector<float>& acts, const std::vector<float>& weight,
                              std::int64_t n_in, std::uint32_t block) {
  std::vector<float> x(acts);
  for (float& value : x) value = std::fabs(value);
  std::vector<float> w(weight.size());
  for (std::size_t begin = 0; begin < w.size(); begin += block) {
    float top = 0;
    for (std::size_t i = begin; i < begin + block; ++i) top = std::max(top, std::fabs(weight[i]));
    std::fill_n(w.begin() + static_cast<std::ptrdiff_t>(begin), block, 3 * top);
  }
  return cases::product(x, w, n_in);
}

class PackedTest : public testing::TestWithParam<std::string> {};

TEST_P(PackedTest, ProductsAreThoseOfTheFormat) {
  const LevelInfo level = cases::level_named(GetParam());
  if (!level.missing.empty()) GTEST_SKIP() << level.missing;
  cases::OwnDevice own(level.level, 2);
  const Device& device = own.device;
  constexpr std::int64_t kOut = 37;
  constexpr std::int64_t kIn = 768;
  for (int t = 0; t < kDTypeCount; ++t) {
    const auto type = static_cast<DType>(t);
    if (!ref::can_decode(type) || traits(type).block == 1) continue;
    SCOPED_TRACE(traits(type).name);
    const auto matrix = cases::random_matrix(type, kOut, kIn);
    const auto exact = cases::decoded(type, matrix);
    const auto weight = cases::is_cold(type) ? on_grid(exact, kIn) : exact;
    for (const std::int64_t n_rows : {1, 2, 3, 4, 5, 9, 16, 66}) {
      Prepared p;
      const std::byte* acts =
          cases::put_acts(p, device, cases::random_floats(7, n_rows * kIn), n_rows);
      const auto x = on_grid(cases::get_acts(device, acts, n_rows, kIn), kIn);
      float* y = cases::reserve_floats(p, device, n_rows * kOut);
      device.ops->gemm(device, {.weight = cases::put_weight(p, device, type, matrix, kOut, kIn),
                                .acts = acts,
                                .n_rows = static_cast<std::int32_t>(n_rows),
                                .y = y});
      const auto found = cases::get(device, y, n_rows * kOut);
      const auto wanted = cases::product(x, weight, kIn);
      const auto size = magnitude(x, weight, kIn, traits(type).block);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(wanted[i], double{found[i]}, size[i] * 24 * kUnit)
            << "result " << i << " of " << n_rows << " rows";
      }
    }
  }
}

/// Levels with packed weights.
std::vector<std::string> packed_levels() {
  std::vector<std::string> names;
  for (const LevelInfo& level : levels()) {
    if (cases::precision_of(level.level) != cases::Precision::fp32) {
      names.emplace_back(level.name);
    }
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Every, PackedTest, testing::ValuesIn(packed_levels()),
                         [](const testing::TestParamInfo<std::string>& of) { return of.param; });

TEST(Packed, NoTypeTakesMoreThanInTheFile) {
  for (int t = 0; t < kDTypeCount; ++t) {
    const auto type = static_cast<DType>(t);
    if (!ref::can_decode(type)) continue;
    SCOPED_TRACE(traits(type).name);
    EXPECT_EQ(ref::packed_bytes(type, 128, 2048), packed::packed_bytes(type, 128, 2048));
    if (traits(type).block > 32) continue;  // rows of other lengths are padded to 64
    const auto in_file = static_cast<double>(ref::packed_bytes(type, 896, 2880));
    EXPECT_LE(static_cast<double>(packed::packed_bytes(type, 896, 2880)), 1.03 * in_file);
  }
}

TEST(Packed, EveryColumnComesBack) {
  for (int t = 0; t < kDTypeCount; ++t) {
    const auto type = static_cast<DType>(t);
    if (!ref::can_decode(type)) continue;
    SCOPED_TRACE(traits(type).name);
    const PackedLayout l = packed_layout(type);
    const std::int64_t column_bytes = l.blocks * l.block_bytes;
    EXPECT_EQ(static_cast<std::uint64_t>(column_bytes),
              row_bytes(type, static_cast<std::uint64_t>(l.depth)));
    const auto matrix = cases::random_matrix(type, 16, l.depth);
    std::vector<std::byte> chunk(matrix.size());
    packed::pack(
        {},
        {.to = chunk.data(), .from = matrix.data(), .type = type, .n_out = 16, .n_in = l.depth});
    for (std::int64_t c = 0; c < 16; ++c) {
      std::vector<std::byte> column(static_cast<std::size_t>(column_bytes));
      packed::unpack_column(type, chunk.data(), c, column.data());
      EXPECT_TRUE(std::equal(column.begin(), column.end(), matrix.begin() + c * column_bytes));
    }
  }
}

}  // namespace
}  // namespace mr::kern
