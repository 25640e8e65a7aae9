#include "kern/simd/tile_product.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "kern/cases/data.h"
#include "kern/packed/packed.h"

// What is done with tiles, on tiles of plain C++: so it is seen on every machine.
namespace mr::kern {
namespace {

float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/// Tiles as Intel's SDM describes them, volume 2D, TDPBF16PS; fewer rows than 16 for activations.
struct PlainTiles {
  using Tile = std::array<std::array<std::uint32_t, 16>, 16>;
  static inline std::array<Tile, 8> tiles;
  static inline std::int64_t n_rows = 0;

  static std::size_t rows_of(int tile) { return tile < 6 ? static_cast<std::size_t>(n_rows) : 16; }

  static void start(std::int64_t rows) {
    EXPECT_EQ(0, n_rows);
    ASSERT_TRUE(rows >= 1 && rows <= 16);
    n_rows = rows;
    for (Tile& tile : tiles) tile = {};
  }
  static void stop() { n_rows = 0; }

  template <int N>
  static void zero() {
    tiles[N] = {};
  }
  template <int N>
  static void load(const void* from, std::int64_t stride) {
    for (std::size_t r = 0; r < rows_of(N); ++r) {
      std::memcpy(&tiles[N][r],
                  static_cast<const std::byte*>(from) + static_cast<std::int64_t>(r) * stride, 64);
    }
  }
  template <int N>
  static void load_once(const void* from, std::int64_t stride) {
    load<N>(from, stride);
  }
  template <int N>
  static void store(void* to) {
    for (std::size_t r = 0; r < rows_of(N); ++r) {
      std::memcpy(static_cast<std::byte*>(to) + 64 * r, &tiles[N][r], 64);
    }
  }
  template <int C, int A, int B>
  static void dot() {
    for (std::size_t r = 0; r < rows_of(C); ++r) {
      for (std::size_t c = 0; c < 16; ++c) {
        float low = 0;
        float high = 0;
        for (std::size_t k = 0; k < 16; ++k) {
          const std::uint32_t a = tiles[A][r][k];
          const std::uint32_t b = tiles[B][k][c];
          low = std::fma(half(a, 0), half(b, 0), low);
          high = std::fma(half(a, 16), half(b, 16), high);
        }
        const float sum = std::bit_cast<float>(tiles[C][r][c]) + (low + high);
        tiles[C][r][c] = std::bit_cast<std::uint32_t>(sum);
      }
    }
  }

 private:
  static float half(std::uint32_t pair, int shift) {
    return from_bf16(static_cast<std::uint16_t>(pair >> shift));
  }
};

/// A matrix and rows of BF16 values, and what they give.
struct Problem {
  std::int64_t n_out, n_in, n_rows;
  std::vector<float> weight;  ///< (n_out, n_in)
  std::vector<float> x;       ///< (n_rows, n_in)
  std::vector<std::byte> packed;
  std::vector<std::byte> acts;

  Problem(std::int64_t out, std::int64_t in, std::int64_t rows)
      : n_out(out), n_in(in), n_rows(rows) {
    weight = rounded(cases::random_floats(1, n_out * n_in));
    x = rounded(cases::random_floats(2, n_rows * n_in));
    std::vector<std::uint16_t> stored;
    for (const float w : weight) stored.push_back(to_bf16(w));
    packed.resize(packed::packed_bytes(DType::bf16, n_out, n_in));
    packed::pack({}, {.to = packed.data(),
                      .from = stored.data(),
                      .type = DType::bf16,
                      .n_out = n_out,
                      .n_in = n_in});
    const ActLayout l = act_layout(n_in);
    acts.resize(packed::act_bytes(n_rows, n_in));
    for (std::int64_t r = 0; r < n_rows; ++r) {
      auto* b = act_part<std::uint16_t>(acts.data() + r * l.stride, l.b);
      for (std::int64_t k = 0; k < n_in; ++k) {
        b[k] = to_bf16(x[static_cast<std::size_t>(r * n_in + k)]);
      }
    }
  }

  static std::vector<float> rounded(std::vector<float> values) {
    for (float& value : values) value = from_bf16(to_bf16(value));
    return values;
  }

  /// y of `n` rows from `row` on, whose strips are dealt out in shares of `n_strips`.
  std::vector<float> run(std::int64_t row, std::int64_t n, std::int64_t n_strips,
                         const float* bias = nullptr, float first = -7) const {
    std::vector<float> y(static_cast<std::size_t>(n * n_out), first);
    const GemmArgs args{.weight = {packed.data(), DType::bf16, n_out, n_in},
                        .acts = acts.data() + row * act_layout(n_in).stride,
                        .bias = bias,
                        .n_rows = static_cast<std::int32_t>(n),
                        .accumulate = bias != nullptr,
                        .y = y.data()};
    const std::int64_t end = (n_out + kStrip - 1) / kStrip;
    for (std::int64_t strip = 0; strip < end; strip += n_strips) {
      tile_strips<PlainTiles>(args, strip, std::min(end, strip + n_strips));
    }
    return y;
  }
};

TEST(TileProduct, IsTheProduct) {
  for (const std::int64_t n_in : {32, 64, 480, 1024, 1120}) {
    for (const std::int64_t n_out : {1, 16, 40, 150, 330}) {
      for (const std::int64_t n_rows : {1, 15, 16, 17, 33}) {
        SCOPED_TRACE(testing::Message() << n_in << " to " << n_out << ", rows " << n_rows);
        const Problem p(n_out, n_in, n_rows);
        const auto wanted = cases::product(p.x, p.weight, n_in);
        const auto bound = cases::product_bound(p.x, p.weight, n_in);
        const auto found = p.run(0, n_rows, 1000);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          ASSERT_NEAR(wanted[i], double{found[i]}, 4 * bound[i]) << i;
        }
      }
    }
  }
}

TEST(TileProduct, OfARowIsTheSameInAnyCompany) {
  const Problem p(200, 1088, 515);
  const auto all = p.run(0, p.n_rows, 1000);
  for (const std::int64_t n : {1, 2, 15, 16, 17, 20, 31, 32, 33, 48, 63, 64, 65, 100, 512, 513}) {
    for (const std::int64_t n_strips : {1, 3, 9, 13}) {
      const std::int64_t row = p.n_rows - n;
      const auto some = p.run(row, n, n_strips);
      ASSERT_EQ(0, std::memcmp(&all[static_cast<std::size_t>(row * p.n_out)], some.data(),
                               some.size() * sizeof(float)))
          << n << " rows, " << n_strips << " strips";
    }
  }
}

TEST(TileProduct, AddsToWhatIsThere) {
  const Problem p(37, 96, 70);
  const std::vector<float> bias = cases::random_floats(3, p.n_out);
  const auto plain = p.run(0, p.n_rows, 2);
  const auto found = p.run(0, p.n_rows, 2, bias.data(), 0.5F);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    ASSERT_EQ(0.5F + (plain[i] + bias[i % 37]), found[i]) << i;
  }
}

}  // namespace
}  // namespace mr::kern
