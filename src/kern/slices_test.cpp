#include <gtest/gtest.h>

#include <cstring>

#include "kern/cases/data.h"
#include "kern/cases/device.h"

// Bits of the operations that sort or regroup rows: a row alone, on one thread, gives what it gives
// among all rows on two.
namespace mr::kern {
namespace {

using cases::Prepared;

class SlicesTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const LevelInfo level = cases::level_named(GetParam());
    if (!level.missing.empty()) GTEST_SKIP() << level.missing;
    one = std::make_unique<cases::OwnDevice>(level.level, 1);
    two = std::make_unique<cases::OwnDevice>(level.level, 2);
  }

  std::unique_ptr<cases::OwnDevice> one, two;
};

void expect_same(const std::vector<float>& wanted, const std::vector<float>& found) {
  ASSERT_EQ(wanted.size(), found.size());
  EXPECT_EQ(0, std::memcmp(wanted.data(), found.data(), wanted.size() * sizeof(float)));
}

TEST_P(SlicesTest, ActivationsAreRowsOneAfterAnother) {
  for (const std::int64_t dim : {1, 32, 96, 2880}) {
    const std::size_t bytes = one->device.ops->act_bytes(1, dim);
    EXPECT_EQ(0U, bytes % sizeof(float)) << dim;
    EXPECT_EQ(7 * bytes, one->device.ops->act_bytes(7, dim)) << dim;
  }
}

TEST_P(SlicesTest, ExpertsOfOneRowAndOfMany) {
  constexpr std::int32_t kRows = 40;
  constexpr std::int64_t kDim = 96;
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_0, DType::q6_k}) {
    for (const bool is_gpt_oss : {false, true}) {
      SCOPED_TRACE(traits(type).name);
      const std::int64_t dim = type == DType::q6_k ? 256 : kDim;
      const cases::Case c = cases::Moe{type, kRows, 9, 3, dim, dim, is_gpt_oss};
      const Prepared all = cases::prepare(c, two->device);
      const Prepared single = cases::prepare(c, one->device);
      cases::run(two->device, all);
      MoeArgs args = std::get<MoeArgs>(single.args);
      args.n_rows = 1;
      for (std::int32_t r = 0; r < kRows; ++r) {
        one->device.ops->moe(one->device, args);
        args.acts += one->device.ops->act_bytes(1, dim);
        args.x += dim;
      }
      expect_same(cases::get(two->device, std::get<MoeArgs>(all.args).x, kRows * dim),
                  cases::get(one->device, std::get<MoeArgs>(single.args).x, kRows * dim));
    }
  }
}

TEST_P(SlicesTest, LatentQueriesAndKeysOfOneRowAndOfMany) {
  constexpr std::int32_t kRows = 70;
  cases::Attention seen{.name = "",
                        .type = DType::f16,
                        .n_heads = 3,
                        .n_kv_heads = 1,
                        .k_dim = 48,
                        .v_dim = 32,
                        .v_in_k = true,
                        .to_plain = true};
  for (std::int32_t i = 0; i < kRows; ++i) seen.rows.push_back({0, 60 + i + 1, {}});
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_0}) {
    SCOPED_TRACE(traits(type).name);
    const cases::Case c = cases::LatentQkv{type, 64, 64, seen};
    const Prepared all = cases::prepare(c, two->device);
    const Prepared single = cases::prepare(c, one->device);
    cases::run(two->device, all);
    LatentQkvArgs args = std::get<LatentQkvArgs>(single.args);
    args.rows.n_rows = 1;
    for (std::int32_t r = 0; r < kRows; ++r) {
      one->device.ops->latent_qkv_store(one->device, args);
      args.acts += one->device.ops->act_bytes(1, 64);
      args.angles += args.rope_dim;
      args.q += args.n_heads * args.kv.k_dim;
      ++args.rows.seq;
      ++args.rows.slot;
    }
    one->device.ops->attention(one->device, *single.reader);
    expect_same(cases::results(two->device, all), cases::results(one->device, single));
  }
}

TEST_P(SlicesTest, HeadsOfOneRowAndOfMany) {
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    for (const std::int64_t n_in : {13, 72, 512}) {
      const cases::ProjectHeads c{type, 21, 3, 20, n_in};
      const Prepared all = cases::prepare(c, two->device);
      const Prepared single = cases::prepare(c, one->device);
      cases::run(two->device, all);
      ProjectHeadsArgs args = std::get<ProjectHeadsArgs>(single.args);
      args.n_rows = 1;
      for (std::int64_t r = 0; r < c.n_rows; ++r) {
        one->device.ops->project_heads(one->device, args);
        args.x += args.n_heads * args.x_stride;
        args.y += args.n_heads * args.y_stride;
      }
      expect_same(cases::results(two->device, all), cases::results(one->device, single));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SlicesTest, testing::ValuesIn(cases::level_names()),
                         [](const testing::TestParamInfo<std::string>& of) { return of.param; });

}  // namespace
}  // namespace mr::kern
