#include "kern/ref/ref.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

// Results that can be told without a second implementation: what other levels are compared with
// must itself stand on something.
namespace mr::kern::ref {
namespace {

const Table kTable = table();
const Device kDevice{.ops = &kTable};

std::byte* bytes(std::vector<float>& floats) {
  return reinterpret_cast<std::byte*>(floats.data());
}

TEST(Ref, GemmOfWholeNumbersIsExact) {
  constexpr std::int64_t kIn = 301;
  std::vector<float> weight(2 * kIn);
  std::vector<float> acts(3 * kIn);
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<float>(i % 7) - 3;
  for (std::size_t i = 0; i < acts.size(); ++i) acts[i] = static_cast<float>(i % 11) - 5;
  const std::array bias{10.0F, 20.0F};
  std::vector<float> y(6, 1000.0F);
  gemm(kDevice, {.weight = {weight.data(), DType::f32, 2, kIn},
                 .acts = bytes(acts),
                 .bias = bias.data(),
                 .n_rows = 3,
                 .accumulate = true,
                 .y = y.data()});
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t o = 0; o < 2; ++o) {
      int sum = 1000 + static_cast<int>(bias[o]);
      for (std::size_t k = 0; k < kIn; ++k) {
        sum +=
            (static_cast<int>((o * kIn + k) % 7) - 3) * (static_cast<int>((r * kIn + k) % 11) - 5);
      }
      EXPECT_EQ(static_cast<float>(sum), y[r * 2 + o]);
    }
  }
}

TEST(Ref, RmsNormHasUnitPower) {
  std::vector<float> x{3, 4, 0, 0, -1, 1, -1, 1};
  const std::vector<float> gain{1, 2, 3, 4};
  rms_norm(kDevice, {.x = x.data(), .weight = gain.data(), .n_rows = 2, .dim = 4, .y = x.data()});
  const std::vector<float> wanted{1.2F, 3.2F, 0, 0, -1, 2, -3, 4};  // 3/2.5, 2*4/2.5; rms 1
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_FLOAT_EQ(wanted[i], x[i]);
}

TEST(Ref, RopeTurnsPairs) {
  constexpr float kQuarter = 1.57079632679489661923F;
  const std::array<std::int32_t, 2> pos{0, 1};
  const std::array inv_freq{kQuarter, 2 * kQuarter};
  std::vector<float> angles(8);
  rope_angles(kDevice, {.pos = pos.data(),
                        .inv_freq = inv_freq.data(),
                        .n_rows = 2,
                        .n_dims = 4,
                        .angles = angles.data()});
  const std::vector<float> start{1, 2, 3, 4, 5, 1, 2, 3, 4, 5};  // the fifth value is not turned
  const auto turned = [&](Rope kind) {
    std::vector<float> x = start;
    rope(kDevice, {.x = x.data(),
                   .angles = angles.data(),
                   .n_rows = 2,
                   .n_heads = 1,
                   .head_dim = 5,
                   .n_dims = 4,
                   .kind = kind});
    return x;
  };
  const std::vector<float> neox{1, 2, 3, 4, 5, -3, -2, 1, -4, 5};      // (1,3) by 90, (2,4) by 180
  const std::vector<float> adjacent{1, 2, 3, 4, 5, -2, 1, -3, -4, 5};  // (1,2) by 90, (3,4) by 180
  const auto by_neox = turned(Rope::neox);
  const auto by_adjacent = turned(Rope::adjacent);
  for (std::size_t i = 0; i < start.size(); ++i) {
    EXPECT_NEAR(neox[i], by_neox[i], 1e-6) << i;
    EXPECT_NEAR(adjacent[i], by_adjacent[i], 1e-6) << i;
  }
}

/// One head of two values over a page; K of slot s is (s, 0), V is (s, 1).
struct Small {
  std::vector<float> page = std::vector<float>(std::size_t{kPagePositions} * 4);
  std::int32_t id = 0;
  std::int32_t zero = 0;
  std::int32_t context = 3;
  std::array<std::int32_t, 2> path_begin{0, 2};
  std::array<std::int32_t, 2> path{9, 5};
  std::vector<float> q{0, 0};

  AttentionArgs args(std::vector<float>& out) {
    for (std::size_t s = 0; s < kPagePositions; ++s) {
      page[2 * s] = static_cast<float>(s);
      page[2 * kPagePositions + 2 * s] = static_cast<float>(s);
      page[2 * kPagePositions + 2 * s + 1] = 1;
    }
    KvView kv{.memory = bytes(page),
              .n_layers = 1,
              .type = DType::f32,
              .n_kv_heads = 1,
              .k_dim = 2,
              .v_dim = 2,
              .pages = &id,
              .max_pages = 1};
    kv.page_bytes = kv_page_bytes(kv);
    return {.kv = kv,
            .rows = {.n_rows = 1,
                     .seq = &zero,
                     .context = &context,
                     .path_begin = path_begin.data(),
                     .path = path.data()},
            .n_heads = 1,
            .q = q.data(),
            .acts = bytes(out)};
  }
};

TEST(Ref, AttentionWithEqualScoresIsTheMean) {
  Small small;
  std::vector<float> out(2);
  AttentionArgs args = small.args(out);
  attention(kDevice, args);
  EXPECT_FLOAT_EQ((0 + 1 + 2 + 9 + 5) / 5.0F, out[0]);
  EXPECT_FLOAT_EQ(1, out[1]);
  args.window = 3;  // position 2 and the path
  attention(kDevice, args);
  EXPECT_FLOAT_EQ((2 + 9 + 5) / 3.0F, out[0]);
  const float sink = std::log(2.0F);  // weighs as much as two positions
  args.sinks = &sink;
  attention(kDevice, args);
  EXPECT_FLOAT_EQ((2 + 9 + 5) / 5.0F, out[0]);
  EXPECT_FLOAT_EQ(3 / 5.0F, out[1]);
}

TEST(Ref, AttentionWeighsByTheExponential) {
  Small small;
  small.q = {1, 0};
  small.context = 2;
  small.path_begin = {0, 0};
  std::vector<float> out(2);
  AttentionArgs args = small.args(out);
  args.scale = 0.5F;
  attention(kDevice, args);
  const double e = std::exp(0.5);
  EXPECT_FLOAT_EQ(static_cast<float>(e / (1 + e)), out[0]);
  args.softcap = 0.25F;
  attention(kDevice, args);
  const double capped = std::exp(0.25 * std::tanh(0.5 / 0.25));
  EXPECT_FLOAT_EQ(static_cast<float>(capped / (1 + capped)), out[0]);
}

/// Three pages of two layers, one head, K and V of two values: every float tells where it stands.
struct Pages {
  static constexpr std::size_t kPageFloats = std::size_t{kPagePositions} * 4;
  std::vector<float> memory = std::vector<float>(3 * 2 * kPageFloats);
  KvView kv{.n_layers = 2, .type = DType::f32, .n_kv_heads = 1, .k_dim = 2, .v_dim = 2};

  Pages() {
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i + 1);
    kv.memory = bytes(memory);
    kv.page_bytes = kv_page_bytes(kv);
  }
};

TEST(Ref, CopyPagesTakesTheFirstSlotsOfAllLayers) {
  Pages pages;
  const auto before = pages.memory;
  const std::int32_t from = 0;
  const std::int32_t to = 2;
  const std::int32_t n_slots = 37;
  copy_pages(kDevice, {.kv = pages.kv, .from = &from, .to = &to, .n_slots = &n_slots, .n = 1});
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::size_t slot = i % (Pages::kPageFloats / 2) / 2;
    const bool copied = i >= 4 * Pages::kPageFloats && slot < 37;
    ASSERT_EQ(before[copied ? i - 4 * Pages::kPageFloats : i], pages.memory[i]) << i;
  }
}

TEST(Ref, ZeroPagesClearsTheLastSlotsOfAllLayers) {
  Pages pages;
  const auto before = pages.memory;
  const std::vector<std::int32_t> page{1, 2};
  const std::vector<std::int32_t> begin{5, 64};
  zero_pages(kDevice, {.kv = pages.kv, .page = page.data(), .begin = begin.data(), .n = 2});
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::size_t slot = i % (Pages::kPageFloats / 2) / 2;
    const bool cleared = i / (2 * Pages::kPageFloats) == 1 && slot >= 5;
    ASSERT_EQ(cleared ? 0 : before[i], pages.memory[i]) << i;
  }
}

TEST(Ref, EmbedTakesTheTokensRow) {
  const std::vector<float> table{1, 2, 3, 4, 5, 6};
  const std::vector<std::int32_t> tokens{2, 0, 2};
  std::vector<float> x(6);
  embed(kDevice, {.table = {table.data(), DType::f32, 3, 2},
                  .token = tokens.data(),
                  .n_rows = 3,
                  .scale = 0.5F,
                  .x = x.data()});
  EXPECT_EQ((std::vector<float>{2.5F, 3, 0.5F, 1, 2.5F, 3}), x);
}

TEST(Ref, ArgmaxTakesTheLowestOfEqualsAndNoNan) {
  const float nan = std::nanf("");
  const std::vector<float> x{1, 7, 7, 2, nan, -3, -2, -2, nan, nan, nan, nan};
  std::vector<std::int32_t> index(3);
  argmax(kDevice, {.x = x.data(), .n_rows = 3, .dim = 4, .index = index.data()});
  EXPECT_EQ((std::vector<std::int32_t>{1, 2, 0}), index);
}

TEST(Ref, ActivationsAtKnownPoints) {
  std::vector<float> gate{0, 1, -1, 100};
  std::vector<float> up{5, 2, 2, 0.5F};
  std::vector<float> y(4);
  ActMulArgs args{.gate = gate.data(), .up = up.data(), .n_rows = 1, .dim = 4, .acts = bytes(y)};
  act_mul(kDevice, args);
  EXPECT_FLOAT_EQ(0, y[0]);
  EXPECT_FLOAT_EQ(2 * 0.731058578630F, y[1]);  // the logistic function at 1
  EXPECT_FLOAT_EQ(-2 * 0.268941421370F, y[2]);
  EXPECT_FLOAT_EQ(50, y[3]);
  args.activation = Activation::gelu_tanh;
  act_mul(kDevice, args);
  EXPECT_FLOAT_EQ(2 * 0.841191990608F, y[1]);  // torch.nn.functional.gelu(1, approximate="tanh")
  EXPECT_FLOAT_EQ(-2 * 0.158808009392F, y[2]);
}

}  // namespace
}  // namespace mr::kern::ref
