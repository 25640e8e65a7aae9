#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "kern/cases/data.h"
#include "kern/cases/device.h"

// One layer of a model through the table: the logits of a row have the same bits whether its prompt
// came at once or row by row, in a tree or as a chain, beside others or alone, on 1 thread or 3.
namespace mr::kern {
namespace {

using cases::Prepared;
using cases::put;

constexpr std::int32_t kDim = 64;
constexpr std::int32_t kHeads = 4;
constexpr std::int32_t kKvHeads = 2;
constexpr std::int32_t kHeadDim = 16;
constexpr std::int32_t kHidden = 96;
constexpr std::int32_t kVocab = 50;
constexpr std::int32_t kPages = 4;

/// Weights and a cache of two sequences on a device.
struct Model {
  Model(Level level, int n_threads, DType type) : own(level, n_threads) {
    const Device& d = own.device;
    std::uint64_t seed = 0;
    const auto weight = [&](std::int64_t n_out, std::int64_t n_in) {
      const auto matrix = cases::random_matrix(type, n_out, n_in, ++seed);
      return cases::put_weight(memory, d, type, matrix, n_out, n_in);
    };
    table = weight(kVocab, kDim);
    wq = weight(kHeads * kHeadDim, kDim);
    wk = weight(kKvHeads * kHeadDim, kDim);
    wv = weight(kKvHeads * kHeadDim, kDim);
    wo = weight(kDim, kHeads * kHeadDim);
    gate = weight(kHidden, kDim);
    up = weight(kHidden, kDim);
    down = weight(kDim, kHidden);
    norm = put(memory, d, cases::random_floats(40, kDim));
    head_norm = put(memory, d, cases::random_floats(41, kHeadDim));
    inv_freq = put(memory, d, std::vector<float>{1.0F, 0.3F, 0.1F, 0.03F});
    kv = {.n_layers = 1,
          .type = DType::f16,
          .n_kv_heads = kKvHeads,
          .k_dim = kHeadDim,
          .v_dim = kHeadDim,
          .max_pages = kPages};
    kv.page_bytes = d.ops->kv_page_bytes(kv);
    kv.memory = static_cast<std::byte*>(cases::reserve(memory, d, 2 * kPages * kv.page_bytes));
    std::vector<std::int32_t> pages(2 * kPages);
    std::iota(pages.begin(), pages.end(), 0);
    kv.pages = put(memory, d, pages);
    d.ops->zero_pages(d, {.kv = kv,
                          .page = kv.pages,
                          .begin = put(memory, d, std::vector<std::int32_t>(pages.size())),
                          .n = 2 * kPages});
  }

  cases::OwnDevice own;
  Prepared memory;  // released before its device
  Weight table, wq, wk, wv, wo, gate, up, down;
  const float* norm = nullptr;
  const float* head_norm = nullptr;
  const float* inv_freq = nullptr;
  KvView kv;
};

struct Row {
  std::int32_t token = 0;
  std::int32_t pos = 0;
  std::int32_t seq = 0;
  std::int32_t slot = 0;
  std::int32_t context = 0;
  std::vector<std::int32_t> path = {};
};

Rows put_rows(Prepared& p, const Device& d, const std::vector<Row>& rows) {
  const auto each = [&](std::int32_t Row::* field) {
    std::vector<std::int32_t> values;
    for (const Row& row : rows) values.push_back(row.*field);
    return put(p, d, values);
  };
  std::vector<std::int32_t> begin{0};
  std::vector<std::int32_t> path;
  for (const Row& row : rows) {
    path.insert(path.end(), row.path.begin(), row.path.end());
    begin.push_back(static_cast<std::int32_t>(path.size()));
  }
  return {.n_rows = static_cast<std::int32_t>(rows.size()),
          .token = each(&Row::token),
          .pos = each(&Row::pos),
          .seq = each(&Row::seq),
          .slot = each(&Row::slot),
          .context = each(&Row::context),
          .path_begin = put(p, d, begin),
          .path = put(p, d, path)};
}

/// Logits of every row of a step.
std::vector<float> step(Model& m, const std::vector<Row>& rows) {
  const Device& d = m.own.device;
  const Table& ops = *d.ops;
  Prepared p;
  const Rows r = put_rows(p, d, rows);
  const std::int32_t n = r.n_rows;
  const auto floats = [&](std::int64_t dim) { return cases::reserve_floats(p, d, n * dim); };
  const auto acts = [&](std::int64_t dim) { return cases::reserve_acts(p, d, n, dim); };
  float* x = floats(kDim);
  float* angles = floats(8);
  std::byte* normed = acts(kDim);
  std::byte* seen = acts(kHeads * kHeadDim);
  std::byte* hidden = acts(kHidden);
  QkvArgs qkv{.acts = normed,
              .wq = m.wq,
              .wk = m.wk,
              .wv = m.wv,
              .q_norm = m.head_norm,
              .k_norm = m.head_norm,
              .eps = 1e-6F,
              .n_heads = kHeads,
              .angles = angles,
              .rope_dims = 8,
              .kv = m.kv,
              .rows = r,
              .q = floats(kHeads * kHeadDim),
              .k = floats(kKvHeads * kHeadDim),
              .v = floats(kKvHeads * kHeadDim)};
  ops.embed(d, {.table = m.table, .token = r.token, .n_rows = n, .scale = 2.0F, .x = x});
  ops.rope_angles(
      d, {.pos = r.pos, .inv_freq = m.inv_freq, .n_rows = n, .n_dims = 8, .angles = angles});
  const RmsNormArgs norm{
      .x = x, .weight = m.norm, .eps = 1e-6F, .n_rows = n, .dim = kDim, .acts = normed};
  ops.rms_norm(d, norm);
  ops.qkv_rope_store(d, qkv);
  ops.attention(
      d, {.kv = m.kv, .rows = r, .n_heads = kHeads, .q = qkv.q, .scale = 0.25F, .acts = seen});
  ops.gemm(d, {.weight = m.wo, .acts = seen, .n_rows = n, .accumulate = true, .y = x});
  ops.rms_norm(d, norm);
  ops.gate_up_act(d, {.acts = normed,
                      .gate = m.gate,
                      .up = m.up,
                      .n_rows = n,
                      .gate_scratch = floats(kHidden),
                      .up_scratch = floats(kHidden),
                      .acts_out = hidden});
  ops.gemm(d, {.weight = m.down, .acts = hidden, .n_rows = n, .accumulate = true, .y = x});
  std::vector<std::int32_t> all(rows.size());
  std::iota(all.begin(), all.end(), 0);
  float* logits = floats(kVocab);
  ops.head(d, {.x = x,
               .row = put(p, d, all),
               .n_rows = n,
               .norm = m.norm,
               .eps = 1e-6F,
               .weight = m.table,
               .softcap = 30.0F,
               .x_scratch = floats(kDim),
               .acts_scratch = acts(kDim),
               .logits = logits});
  return cases::get(d, logits, std::int64_t{n} * kVocab);
}

std::int32_t token_at(std::int32_t pos) {
  return (pos * 17 + 5) % kVocab;
}

class LayerTest : public testing::TestWithParam<std::string> {};

void expect_same(const void* wanted, const void* found, std::int32_t pos) {
  EXPECT_EQ(0, std::memcmp(wanted, found, kVocab * sizeof(float))) << "position " << pos;
}

TEST_P(LayerTest, ARowIsTheSameHoweverItComes) {
  const LevelInfo level = cases::level_named(GetParam());
  if (!level.missing.empty()) GTEST_SKIP() << level.missing;
  constexpr std::int32_t kLength = 150;  // every position of a page, twice
  for (const DType type : {DType::bf16, DType::q8_0, DType::q4_0}) {
    SCOPED_TRACE(traits(type).name);
    Model alone(level.level, 1, type);
    Model chunked(level.level, 3, type);
    std::vector<float> wanted;
    std::vector<Row> chunk;
    for (std::int32_t pos = 0; pos < kLength; ++pos) {
      const auto one = step(alone, {{token_at(pos), pos, 0, pos, pos, {pos}}});
      wanted.insert(wanted.end(), one.begin(), one.end());
      chunk.push_back({token_at(pos), pos, 0, pos, pos + 1, {}});
    }
    const auto logits = [&](std::int32_t pos) { return &wanted[std::size_t(pos) * kVocab]; };
    const auto at_once = step(chunked, chunk);
    for (std::int32_t pos = 0; pos < kLength; ++pos) {
      expect_same(logits(pos), &at_once[std::size_t(pos) * kVocab], pos);
    }
    // A tree of 16 nodes after each of some contexts: the true continuation is a path in it, its
    // nodes lie in slots that are not their positions, and a chunk of sequence 1 runs beside it.
    for (std::int32_t context = 1; context + 8 <= kLength; context += 7) {
      std::vector<Row> rows;
      std::vector<std::int32_t> path;
      for (std::int32_t i = 0; i < 8; ++i) {
        const std::int32_t pos = context + i;
        const std::int32_t right = context + 2 * i + 1;
        const std::int32_t wrong = context + 2 * i;
        std::vector<std::int32_t> aside = path;
        aside.push_back(wrong);
        path.push_back(right);
        rows.push_back({token_at(pos) ^ 1, pos, 0, wrong, context, aside});
        rows.push_back({token_at(pos), pos, 0, right, context, path});
      }
      for (std::int32_t pos = 0; pos < 40; ++pos) {
        rows.push_back({token_at(pos), pos, 1, pos, pos + 1, {}});
      }
      const auto tree = step(chunked, rows);
      for (std::int32_t i = 0; i < 8; ++i) {
        expect_same(logits(context + i), &tree[std::size_t(2 * i + 1) * kVocab], context + i);
      }
      for (std::int32_t pos = 0; pos < 40; ++pos) {
        expect_same(logits(pos), &tree[std::size_t(16 + pos) * kVocab], pos);
      }
      // The cache after it: what the tree overwrote comes back by moving the path in order.
      const Device& d = chunked.own.device;
      Prepared p;
      std::vector<std::int32_t> to(8);
      std::iota(to.begin(), to.end(), context);
      d.ops->move_slots(d, {.kv = chunked.kv,
                            .seq = put(p, d, std::vector<std::int32_t>(8)),
                            .from = put(p, d, path),
                            .to = put(p, d, to),
                            .n = 8});
      const std::int32_t next = context + 8;
      if (next < kLength) {
        const auto after = step(chunked, {{token_at(next), next, 0, next, next, {next}}});
        expect_same(logits(next), after.data(), next);
      }
      const std::vector<Row> rest(chunk.begin() + next, chunk.end());
      if (!rest.empty()) step(chunked, rest);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, LayerTest, testing::ValuesIn(cases::level_names()),
                         [](const testing::TestParamInfo<std::string>& of) { return of.param; });

}  // namespace

}  // namespace mr::kern
