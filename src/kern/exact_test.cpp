#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "kern/cases/data.h"
#include "kern/cases/device.h"
#include "kern/ref/decode.h"

// Bits: what a row gives depends on its own inputs alone, on no other row, slot, page or thread.
namespace mr::kern {
namespace {

using cases::Prepared;
using cases::put;

bool same_bits(const float* a, const float* b, std::int64_t n) {
  return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof *a) == 0;
}

class ExactTest : public testing::TestWithParam<std::string> {};

std::vector<float> rows_of(const std::vector<float>& x, std::int64_t dim, std::int64_t begin,
                           std::int64_t n) {
  return {x.begin() + begin * dim, x.begin() + (begin + n) * dim};
}

std::vector<float> product(const Device& device, const Weight& weight,
                           const std::vector<float>& x) {
  Prepared p;
  const std::int64_t n_rows = static_cast<std::int64_t>(x.size()) / weight.n_in;
  float* y = cases::reserve_floats(p, device, n_rows * weight.n_out);
  device.ops->gemm(device, {.weight = weight,
                            .acts = cases::put_acts(p, device, x, n_rows),
                            .n_rows = static_cast<std::int32_t>(n_rows),
                            .y = y});
  return cases::get(device, y, n_rows * weight.n_out);
}

TEST_P(ExactTest, ProductsOfOneRowAndOfMany) {
  const LevelInfo level = cases::level_named(GetParam());
  if (!level.missing.empty()) GTEST_SKIP() << level.missing;
  constexpr std::int64_t kOut = 21;
  constexpr std::int64_t kIn = 768;
  constexpr std::int64_t kRows = 67;
  cases::OwnDevice one(level.level, 1);
  cases::OwnDevice two(level.level, 2);
  const auto x = cases::random_floats(9, kRows * kIn);
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto type = static_cast<DType>(i);
    if (!ref::can_decode(type)) continue;
    SCOPED_TRACE(traits(type).name);
    const auto matrix = cases::random_matrix(type, kOut, kIn);
    Prepared p;
    const Weight weight = cases::put_weight(p, one.device, type, matrix, kOut, kIn);
    const Weight weight2 = cases::put_weight(p, two.device, type, matrix, kOut, kIn);
    const auto all = product(two.device, weight2, x);
    for (const std::int64_t n : {1, 2, 3, 4, 5, 6, 16, 64, 65}) {
      for (std::int64_t begin = 0; begin + n <= kRows; begin += 33) {
        const auto some = product(one.device, weight, rows_of(x, kIn, begin, n));
        ASSERT_TRUE(same_bits(&all[static_cast<std::size_t>(begin * kOut)], some.data(), n * kOut))
            << n << " rows from " << begin;
      }
    }
  }
}

// A prompt of kContents positions. Sequence 0 keeps position p in slot p; sequence 1 does so too,
// and once more from the last slot downwards, so that any position can be reached by a path.
constexpr std::int32_t kContents = 640;

struct Kept {
  Prepared memory;
  KvView kv;
};

Kept keep_contents(const Device& device, DType type) {
  Kept kept;
  KvView& kv = kept.kv;
  kv = {.n_layers = 1,
        .type = type,
        .n_kv_heads = 2,
        .k_dim = 24,
        .v_dim = 16,
        .max_pages = 2 * kContents / kPagePositions};
  kv.page_bytes = device.ops->kv_page_bytes(kv);
  std::vector<std::int32_t> pages(static_cast<std::size_t>(2 * kv.max_pages));
  std::iota(pages.rbegin(), pages.rend(), 0);
  kv.memory =
      static_cast<std::byte*>(cases::reserve(kept.memory, device, pages.size() * kv.page_bytes));
  kv.pages = put(kept.memory, device, pages);
  const auto k = cases::random_floats(1, kContents * 2 * 24);
  const auto v = cases::random_floats(2, kContents * 2 * 16);
  for (int pass = 0; pass < 3; ++pass) {
    std::vector<std::int32_t> seq(kContents, pass == 0 ? 0 : 1);
    std::vector<std::int32_t> slot(kContents);
    std::iota(slot.begin(), slot.end(), 0);
    if (pass == 2) {
      for (std::int32_t& s : slot) s = 2 * kContents - 1 - s;
    }
    Prepared p;
    device.ops->store_kv(
        device,
        {.kv = kv,
         .rows = {.n_rows = kContents, .seq = put(p, device, seq), .slot = put(p, device, slot)},
         .k = put(p, device, k),
         .v = put(p, device, v)});
    device.ops->synchronize(device);
  }
  return kept;
}

/// How a row reaches its positions [0, pos]: the last `by_path` of them through a path.
struct Reach {
  std::int32_t pos = 0;
  std::int32_t seq = 0;
  std::int32_t by_path = 0;
};

struct Mask {
  const char* name;
  std::int32_t window;
  float softcap;
  bool has_sinks;
};

std::vector<float> attend(const Device& device, const KvView& kv, const Mask& mask,
                          const std::vector<Reach>& reaches) {
  constexpr std::int32_t kHeads = 6;
  Prepared p;
  std::vector<std::int32_t> seq;
  std::vector<std::int32_t> context;
  std::vector<std::int32_t> path_begin{0};
  std::vector<std::int32_t> path;
  std::vector<float> q;
  for (const Reach& reach : reaches) {
    seq.push_back(reach.seq);
    context.push_back(reach.pos + 1 - reach.by_path);
    for (std::int32_t i = context.back(); i <= reach.pos; ++i) {
      path.push_back(reach.seq == 0 ? i : 2 * kContents - 1 - i);
    }
    path_begin.push_back(static_cast<std::int32_t>(path.size()));
    const auto own = cases::random_floats(static_cast<std::uint64_t>(reach.pos), kHeads * 24);
    q.insert(q.end(), own.begin(), own.end());
  }
  const auto n_rows = static_cast<std::int32_t>(reaches.size());
  AttentionArgs args{.kv = kv,
                     .rows = {.n_rows = n_rows,
                              .seq = put(p, device, seq),
                              .context = put(p, device, context),
                              .path_begin = put(p, device, path_begin),
                              .path = put(p, device, path)},
                     .n_heads = kHeads,
                     .q = put(p, device, q),
                     .scale = 0.3F,
                     .softcap = mask.softcap,
                     .window = mask.window,
                     .acts = cases::reserve_acts(p, device, n_rows, kHeads * kv.v_dim)};
  if (mask.has_sinks) args.sinks = put(p, device, cases::random_floats(3, kHeads));
  device.ops->attention(device, args);
  return cases::get_acts(device, args.acts, n_rows, kHeads * kv.v_dim);
}

TEST_P(ExactTest, AttentionOfARowAnywhere) {
  const LevelInfo level = cases::level_named(GetParam());
  if (!level.missing.empty()) GTEST_SKIP() << level.missing;
  cases::OwnDevice one(level.level, 1);
  cases::OwnDevice two(level.level, 2);
  std::vector<std::int32_t> positions(140);  // every position of a page and more
  std::iota(positions.begin(), positions.end(), 0);
  positions.insert(positions.end(), {510, 511, 512, 513, 575, 639});
  std::vector<Reach> reaches;
  for (const std::int32_t pos : positions) {
    reaches.push_back({pos, 0, 0});
    for (const std::int32_t by_path : {1, 2, 16, 64, pos + 1}) {
      for (std::int32_t seq = 0; seq < 2; ++seq) {
        reaches.push_back({pos, seq, std::min(by_path, pos + 1)});
      }
    }
  }
  constexpr Mask kMasks[] = {{"plain", 0, 0, false}, {"all", 70, 4, true}};
  for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::i8}) {
    const KvView view{.type = type, .n_kv_heads = 1, .k_dim = 8, .v_dim = 8};
    if (one.device.ops->kv_page_bytes(view) == 0) continue;  // not kept at this level
    const Kept alone_in = keep_contents(one.device, type);
    const Kept beside_in = keep_contents(two.device, type);
    for (const Mask& mask : kMasks) {
      SCOPED_TRACE(std::string(traits(type).name) + ' ' + mask.name);
      const auto beside = attend(two.device, beside_in.kv, mask, reaches);
      const std::size_t dim = beside.size() / reaches.size();
      std::vector<float> alone;
      for (std::size_t i = 0; i < reaches.size(); ++i) {
        if (reaches[i].by_path == 0) {
          alone = attend(one.device, alone_in.kv, mask, {reaches[i]});
        }
        ASSERT_TRUE(same_bits(alone.data(), &beside[i * dim], static_cast<std::int64_t>(dim)))
            << "position " << reaches[i].pos << ", " << reaches[i].by_path << " by path, sequence "
            << reaches[i].seq;
      }
    }
  }
}

TEST_P(ExactTest, BlockMaximaOfLogits) {
  const LevelInfo level = cases::level_named(GetParam());
  if (!level.missing.empty()) GTEST_SKIP() << level.missing;
  constexpr std::int64_t kDim = 333;  // the last block is short
  constexpr std::int64_t kBlocks = (kDim + kLogitBlock - 1) / kLogitBlock;
  cases::OwnDevice two(level.level, 2);
  auto x = cases::random_floats(7, 3 * kDim);
  x[70] = std::numeric_limits<float>::quiet_NaN();
  x[kDim + 5] = std::numeric_limits<float>::infinity();
  x[3 * kDim - 1] = -std::numeric_limits<float>::infinity();
  Prepared p;
  float* of_blocks = cases::reserve_floats(p, two.device, 3 * kBlocks);
  two.device.ops->scale_cap(
      two.device, {.x = put(p, two.device, x), .n_rows = 3, .dim = kDim, .block_max = of_blocks});
  const auto found = cases::get(two.device, of_blocks, 3 * kBlocks);
  for (std::int64_t block = 0; block < 3 * kBlocks; ++block) {
    const auto begin = x.begin() + block / kBlocks * kDim + block % kBlocks * kLogitBlock;
    const auto end =
        begin + std::min<std::int64_t>(kLogitBlock, kDim - block % kBlocks * kLogitBlock);
    const bool finite = std::all_of(begin, end, [](float logit) { return std::isfinite(logit); });
    const float top = found[static_cast<std::size_t>(block)];
    if (finite) {
      EXPECT_EQ(*std::max_element(begin, end), top) << "block " << block;
    } else {
      EXPECT_TRUE(std::isnan(top)) << "block " << block;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ExactTest, testing::ValuesIn(cases::level_names()),
                         [](const testing::TestParamInfo<std::string>& of) { return of.param; });

}  // namespace
}  // namespace mr::kern
