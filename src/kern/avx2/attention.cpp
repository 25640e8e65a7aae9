#include "kern/simd/avx2.h"
#include "kern/simd/page.h"
#include "kern/simd/parallel.h"
#include "kern/simd/quantize.h"
#include "kern/simd/vec8.h"

// Heads of one group go over the positions of a row together, in blocks of 512 that start at
// multiples of 512. Every block is summed by itself and blocks are added up in ascending order,
// whichever thread made them: the order of every sum follows from positions alone.
namespace mr::kern::avx2 {
namespace {

constexpr std::int64_t kPositions = 512;              // of a block
constexpr std::int64_t kHeads = 4;                    // heads that share a load of K and V
constexpr std::int64_t kFewItems = 32;                // that leave threads without work
constexpr std::int64_t kQuantizedTogether = 1 << 13;  // values that one thread does sooner

// What positions come to, one head after the other: the largest score, the sum of the weights
// relative to it, and from kSums on the sum of weighted V.
constexpr std::int64_t kTop = 0;
constexpr std::int64_t kTotal = 1;
constexpr std::int64_t kSums = 8;
constexpr std::int64_t kWaveFloats = 1 << 16;  // of the blocks that threads share, 256 KiB

/// Heads [head, head + n) of a row, of one group.
struct Item {
  std::int64_t row = 0;
  std::int64_t head = 0;
  std::int64_t n = 0;
};

/// How the heads of a group are cut: fours, then two, then one.
struct Cut {
  std::int64_t group = 0;    // heads
  std::int64_t n_parts = 0;  // of a group
};

Cut cut_of(const AttentionArgs& a) {
  static_assert(kHeads == 4);
  const std::int64_t group = a.n_heads / a.kv.n_kv_heads;
  return {group, group / 4 + group % 4 / 2 + group % 2};
}

/// Item i of the rows, those of one group one after the other: they read the same K and V.
Item item_of(const AttentionArgs& a, const Cut& cut, std::int64_t i) {
  const std::int64_t part = i / a.rows.n_rows;
  const std::int64_t at = part % cut.n_parts;
  const std::int64_t fours = cut.group / 4;
  const std::int64_t left = cut.group % 4;
  const std::int64_t first = part / cut.n_parts * cut.group;
  const std::int64_t row = i % a.rows.n_rows;
  if (at < fours) return {row, first + 4 * at, 4};
  return left >= 2 && at == fours ? Item{row, first + 4 * fours, 2}
                                  : Item{row, first + cut.group - 1, 1};
}

std::int64_t head_floats(const AttentionArgs& a) {
  return kSums + a.kv.v_dim;
}

/// A block under way.
struct Block {
  const float* q[kHeads];
  std::int64_t n = 0;  // positions
  const std::byte* k[kPositions];
  const std::byte* v[kPositions];
  alignas(32) float k_scale[kPositions];         // of I8
  alignas(32) float v_scale[kPositions];         // of I8
  alignas(32) float weight[kHeads][kPositions];  // scores, then weights
};

/// Finds K and V of positions [begin, begin + n).
void find_positions(const AttentionArgs& a, const Item& item, std::int64_t begin, Block& b) {
  const std::int64_t head = item.head / (a.n_heads / a.kv.n_kv_heads);
  for (std::int64_t j = 0; j < b.n; ++j) {
    const std::int64_t slot = slot_of(a.rows, item.row, begin + j);
    const std::byte* page = page_of(a.kv, a.layer, a.rows.seq[item.row], slot);
    b.k[j] = page + k_offset(a.kv, head, slot);
    b.v[j] = page + v_offset(a.kv, head, slot);
    if (a.kv.type != DType::i8) continue;
    b.k_scale[j] = *reinterpret_cast<const float*>(page + k_scale_offset(a.kv, head, slot));
    b.v_scale[j] = *reinterpret_cast<const float*>(page + v_scale_offset(a.kv, head, slot));
  }
}

template <typename Load, unsigned H>
void score(const AttentionArgs& a, Block& b) {
  for (std::int64_t j = 0; j < b.n; ++j) {
    __m256 dot[H];
    for (__m256& chains : dot) chains = _mm256_setzero_ps();
    for (std::int64_t i = 0; i < a.kv.k_dim; i += 8) {
      const __m256 k = Load::at(b.k[j] + i * Load::kBytes);
      for (unsigned h = 0; h < H; ++h) {
        dot[h] = _mm256_fmadd_ps(_mm256_loadu_ps(b.q[h] + i), k, dot[h]);
      }
    }
    const float scale = Load::kBytes == 1 ? a.scale * b.k_scale[j] : a.scale;
    for (unsigned h = 0; h < H; ++h) b.weight[h][j] = lane_sum(dot[h]) * scale;
  }
}

/// Turns the scores of one head into weights relative to the largest.
void weigh(const AttentionArgs& a, const Block& b, float* weight, float* to) {
  const __m256 lowest = _mm256_set1_ps(-__builtin_inff());
  const __m256 cap = _mm256_set1_ps(a.softcap);
  __m256 tops = lowest;
  for (std::int64_t j = 0; j < b.n; j += 8) {
    __m256 scores = _mm256_load_ps(weight + j);
    if (a.softcap > 0) scores = _mm256_mul_ps(cap, tanh8(_mm256_div_ps(scores, cap)));
    scores = _mm256_blendv_ps(lowest, scores, _mm256_castsi256_ps(first_lanes(b.n - j)));
    tops = _mm256_max_ps(tops, scores);
    _mm256_store_ps(weight + j, scores);
  }
  to[kTop] = lane_max(tops);
  const __m256 top = _mm256_set1_ps(to[kTop]);
  __m256 total = _mm256_setzero_ps();
  for (std::int64_t j = 0; j < b.n; j += 8) {
    const __m256 w = exp8(_mm256_sub_ps(_mm256_load_ps(weight + j), top));
    total = _mm256_add_ps(total, w);
    const bool is_scaled = a.kv.type == DType::i8;
    _mm256_store_ps(weight + j, is_scaled ? _mm256_mul_ps(w, _mm256_load_ps(b.v_scale + j)) : w);
  }
  to[kTotal] = lane_sum(total);
}

template <typename Load, unsigned H>
void add_values(const AttentionArgs& a, const Block& b, float* to) {
  for (std::int64_t i = 0; i < a.kv.v_dim; i += 8) {
    __m256 sum[H];
    for (__m256& chains : sum) chains = _mm256_setzero_ps();
    for (std::int64_t j = 0; j < b.n; ++j) {
      const __m256 v = Load::at(b.v[j] + i * Load::kBytes);
      for (unsigned h = 0; h < H; ++h) {
        sum[h] = _mm256_fmadd_ps(_mm256_broadcast_ss(&b.weight[h][j]), v, sum[h]);
      }
    }
    for (unsigned h = 0; h < H; ++h) {
      _mm256_storeu_ps(to + h * head_floats(a) + kSums + i, sum[h]);
    }
  }
}

template <typename Load, unsigned H>
void sum_block(const AttentionArgs& a, Block& b, float* to) {
  score<Load, H>(a, b);
  for (unsigned h = 0; h < H; ++h) weigh(a, b, b.weight[h], to + h * head_floats(a));
  add_values<Load, H>(a, b, to);
}

/// What positions [begin, end) come to; they lie in one block.
template <typename Load>
void attend_block(const AttentionArgs& a, const Item& item, std::int64_t begin, std::int64_t end,
                  float* to) {
  Block b;
  for (std::int64_t h = 0; h < item.n; ++h) {
    b.q[h] = a.q + (item.row * a.n_heads + item.head + h) * a.kv.k_dim;
  }
  b.n = end - begin;
  find_positions(a, item, begin, b);
  if (item.n == 4) return sum_block<Load, 4>(a, b, to);
  if (item.n == 2) return sum_block<Load, 2>(a, b, to);
  sum_block<Load, 1>(a, b, to);
}

/// What there is before the first block: the sinks.
void begin_sums(const AttentionArgs& a, const Item& item, float* sums) {
  for (std::int64_t h = 0; h < item.n; ++h, sums += head_floats(a)) {
    sums[kTop] = a.sinks != nullptr ? a.sinks[item.head + h] : -__builtin_inff();
    sums[kTotal] = a.sinks != nullptr ? 1.0F : 0.0F;
    for (std::int64_t i = 0; i < a.kv.v_dim; ++i) sums[kSums + i] = 0;
  }
}

/// Adds a block to the sums of those before it.
void add_block(const AttentionArgs& a, const Item& item, const float* block, float* sums) {
  for (std::int64_t h = 0; h < item.n; ++h) {
    const float top = sums[kTop] > block[kTop] ? sums[kTop] : block[kTop];
    const __m256 keep = exp8(_mm256_set1_ps(sums[kTop] - top));
    const __m256 take = exp8(_mm256_set1_ps(block[kTop] - top));
    sums[kTop] = top;
    sums[kTotal] = sums[kTotal] * _mm256_cvtss_f32(keep) + block[kTotal] * _mm256_cvtss_f32(take);
    for (std::int64_t i = kSums; i < head_floats(a); i += 8) {
      const __m256 kept = _mm256_mul_ps(_mm256_loadu_ps(sums + i), keep);
      _mm256_storeu_ps(sums + i, _mm256_fmadd_ps(_mm256_loadu_ps(block + i), take, kept));
    }
    block += head_floats(a);
    sums += head_floats(a);
  }
}

/// Writes the means to where the row's results go.
void end_sums(const AttentionArgs& a, const Item& item, const float* sums) {
  const std::int64_t stride = act_layout(std::int64_t{a.n_heads} * a.kv.v_dim).stride;
  float* to = a.acts != nullptr ? act_part<float>(a.acts + item.row * stride, 0)
                                : a.y + item.row * a.n_heads * a.kv.v_dim;
  to += item.head * a.kv.v_dim;
  for (std::int64_t h = 0; h < item.n; ++h, to += a.kv.v_dim, sums += head_floats(a)) {
    const __m256 total = _mm256_set1_ps(sums[kTotal] == 0 ? 1.0F : sums[kTotal]);
    for (std::int64_t i = 0; i < a.kv.v_dim; i += 8) {
      _mm256_storeu_ps(to + i, _mm256_div_ps(_mm256_loadu_ps(sums + kSums + i), total));
    }
  }
}

/// The positions of a row that are in block `block`.
Span in_block(const Span& row, std::int64_t block) {
  const std::int64_t begin = block * kPositions;
  const std::int64_t end = begin + kPositions;
  return {row.begin > begin ? row.begin : begin, row.end < end ? row.end : end};
}

/// One item, block after block.
template <typename Load>
void attend(const AttentionArgs& a, const Item& item) {
  float sums[kHeads * (kSums + kMaxHeadDim)];
  float block[kHeads * (kSums + kMaxHeadDim)];
  begin_sums(a, item, sums);
  const Span row = attended(a.rows, item.row, a.window);
  for (std::int64_t b = row.begin / kPositions; b * kPositions < row.end; ++b) {
    const Span span = in_block(row, b);
    attend_block<Load>(a, item, span.begin, span.end, block);
    add_block(a, item, block, sums);
  }
  end_sums(a, item, sums);
}

/// Blocks [first, end) that hold positions of any row.
Span blocks_of(const AttentionArgs& a) {
  Span all = attended(a.rows, 0, a.window);
  for (std::int64_t r = 1; r < a.rows.n_rows; ++r) {
    const Span row = attended(a.rows, r, a.window);
    all.begin = row.begin < all.begin ? row.begin : all.begin;
    all.end = row.end > all.end ? row.end : all.end;
  }
  return {all.begin / kPositions, (all.end + kPositions - 1) / kPositions};
}

/// Few items over many blocks: the threads share the blocks, as many at a time as there is room
/// for on the stack.
template <typename Load>
void attend_together(const Device& device, const AttentionArgs& a, const Cut& cut,
                     std::int64_t n_items, const Span& blocks) {
  const std::int64_t size = kHeads * head_floats(a);
  const std::int64_t n_wave = kWaveFloats / (n_items * size) - 1;
  alignas(32) float memory[kWaveFloats];
  const auto sums_of = [&](std::int64_t i) { return memory + i * (n_wave + 1) * size; };
  for (std::int64_t i = 0; i < n_items; ++i) begin_sums(a, item_of(a, cut, i), sums_of(i));
  for (std::int64_t first = blocks.begin; first < blocks.end; first += n_wave) {
    each(device, n_items * n_wave, [&](std::int64_t at) {
      const Item item = item_of(a, cut, at / n_wave);
      const Span span = in_block(attended(a.rows, item.row, a.window), first + at % n_wave);
      if (span.begin >= span.end) return;
      attend_block<Load>(a, item, span.begin, span.end,
                         sums_of(at / n_wave) + (1 + at % n_wave) * size);
    });
    for (std::int64_t i = 0; i < n_items; ++i) {
      const Item item = item_of(a, cut, i);
      const Span row = attended(a.rows, item.row, a.window);
      for (std::int64_t b = 0; b < n_wave; ++b) {
        const Span span = in_block(row, first + b);
        if (span.begin < span.end) add_block(a, item, sums_of(i) + (1 + b) * size, sums_of(i));
      }
    }
  }
  for (std::int64_t i = 0; i < n_items; ++i) end_sums(a, item_of(a, cut, i), sums_of(i));
}

template <typename Load>
void attend_all(const Device& device, const AttentionArgs& a) {
  if (a.rows.n_rows == 0) return;
  const Cut cut = cut_of(a);
  const std::int64_t n_items = a.rows.n_rows * a.kv.n_kv_heads * cut.n_parts;
  const bool has_room = 3 * n_items * kHeads * head_floats(a) <= kWaveFloats;
  const Span blocks = n_items <= kFewItems && has_room ? blocks_of(a) : Span{};
  if (blocks.end - blocks.begin > 1) {
    attend_together<Load>(device, a, cut, n_items, blocks);
  } else {
    each(device, n_items, [&](std::int64_t i) { attend<Load>(a, item_of(a, cut, i)); });
  }
  if (a.acts == nullptr) return;
  const std::int64_t dim = std::int64_t{a.n_heads} * a.kv.v_dim;
  const std::int64_t stride = act_layout(dim).stride;
  shares(device, a.rows.n_rows, kQuantizedTogether / dim + 1,
         [&](std::int64_t r, std::int64_t end) {
           for (; r < end; ++r) quantize(a.acts + r * stride, dim, 0, dim);
         });
}

}  // namespace

void attention(const Device& device, const AttentionArgs& a) {
  switch (a.kv.type) {
    case DType::f32:
      return attend_all<LoadF32>(device, a);
    case DType::f16:
      return attend_all<LoadF16>(device, a);
    case DType::i8:
      return attend_all<LoadI8>(device, a);
    default:
      return attend_all<LoadBf16>(device, a);
  }
}

}  // namespace mr::kern::avx2
