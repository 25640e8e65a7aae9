#include "kern/simd/avx2.h"
#include "kern/simd/page.h"
#include "kern/simd/parallel.h"
#include "kern/simd/quantize.h"
#include "kern/simd/vec8.h"

// A row's heads of one group go over the positions together, in blocks of 512 that start at
// multiples of 512, block after block: the order of every sum follows from positions alone.
namespace mr::kern::avx2 {
namespace {

constexpr std::int64_t kPositions = 512;              // of a block
constexpr unsigned kHeads = 4;                        // heads that share a load of K and V
constexpr std::int64_t kQuantizedTogether = 1 << 13;  // values that one thread does sooner

/// What one row and up to kHeads heads are at.
struct State {
  const float* q[kHeads];
  float top[kHeads];    // largest score so far
  float total[kHeads];  // sum of the weights, relative to it
  std::int64_t n = 0;   // positions of this block
  const std::byte* k[kPositions];
  const std::byte* v[kPositions];
  alignas(32) float weight[kHeads][kPositions];  // scores, then weights
  alignas(32) float sum[kHeads][kMaxHeadDim];    // of weighted V
};

/// Finds K and V of positions [begin, begin + n).
void find_positions(const AttentionArgs& a, std::int64_t row, std::int64_t head, std::int64_t begin,
                    State& s) {
  for (std::int64_t j = 0; j < s.n; ++j) {
    const std::int64_t slot = slot_of(a.rows, row, begin + j);
    const std::byte* page = page_of(a.kv, a.layer, a.rows.seq[row], slot);
    s.k[j] = page + k_offset(a.kv, head, slot);
    s.v[j] = page + v_offset(a.kv, head, slot);
  }
}

template <typename Load, unsigned H>
void score(const AttentionArgs& a, State& s) {
  for (std::int64_t j = 0; j < s.n; ++j) {
    __m256 dot[H];
    for (__m256& chains : dot) chains = _mm256_setzero_ps();
    for (std::int64_t i = 0; i < a.kv.k_dim; i += 8) {
      const __m256 k = Load::at(s.k[j] + i * Load::kBytes);
      for (unsigned h = 0; h < H; ++h) {
        dot[h] = _mm256_fmadd_ps(_mm256_loadu_ps(s.q[h] + i), k, dot[h]);
      }
    }
    for (unsigned h = 0; h < H; ++h) s.weight[h][j] = lane_sum(dot[h]) * a.scale;
  }
}

/// Turns the scores of one head into weights relative to the largest so far, and what was summed
/// before as well.
void weigh(const AttentionArgs& a, State& s, unsigned h) {
  float* weight = s.weight[h];
  const __m256 lowest = _mm256_set1_ps(-__builtin_inff());
  const __m256 cap = _mm256_set1_ps(a.softcap);
  __m256 tops = _mm256_set1_ps(s.top[h]);
  for (std::int64_t j = 0; j < s.n; j += 8) {
    __m256 scores = _mm256_load_ps(weight + j);
    if (a.softcap > 0) scores = _mm256_mul_ps(cap, tanh8(_mm256_div_ps(scores, cap)));
    scores = _mm256_blendv_ps(lowest, scores, _mm256_castsi256_ps(first_lanes(s.n - j)));
    tops = _mm256_max_ps(tops, scores);
    _mm256_store_ps(weight + j, scores);
  }
  const float top = lane_max(tops);
  const __m256 shrink = exp8(_mm256_sub_ps(_mm256_set1_ps(s.top[h]), _mm256_set1_ps(top)));
  __m256 total = _mm256_setzero_ps();
  for (std::int64_t j = 0; j < s.n; j += 8) {
    const __m256 w = exp8(_mm256_sub_ps(_mm256_load_ps(weight + j), _mm256_set1_ps(top)));
    total = _mm256_add_ps(total, w);
    _mm256_store_ps(weight + j, w);
  }
  s.top[h] = top;
  s.total[h] = s.total[h] * _mm256_cvtss_f32(shrink) + lane_sum(total);
  for (std::int64_t i = 0; i < a.kv.v_dim; i += 8) {
    _mm256_store_ps(s.sum[h] + i, _mm256_mul_ps(_mm256_load_ps(s.sum[h] + i), shrink));
  }
}

template <typename Load, unsigned H>
void add_values(const AttentionArgs& a, State& s) {
  for (std::int64_t i = 0; i < a.kv.v_dim; i += 8) {
    __m256 sum[H];
    for (unsigned h = 0; h < H; ++h) sum[h] = _mm256_load_ps(s.sum[h] + i);
    for (std::int64_t j = 0; j < s.n; ++j) {
      const __m256 v = Load::at(s.v[j] + i * Load::kBytes);
      for (unsigned h = 0; h < H; ++h) {
        sum[h] = _mm256_fmadd_ps(_mm256_broadcast_ss(&s.weight[h][j]), v, sum[h]);
      }
    }
    for (unsigned h = 0; h < H; ++h) _mm256_store_ps(s.sum[h] + i, sum[h]);
  }
}

/// One row, H heads from `head` on that share K and V.
template <typename Load, unsigned H>
void attend(const AttentionArgs& a, std::int64_t row, std::int64_t head) {
  State s;
  const std::int64_t kv_head = head / (a.n_heads / a.kv.n_kv_heads);
  const std::int64_t first = row * a.n_heads + head;
  for (unsigned h = 0; h < H; ++h) {
    s.q[h] = a.q + (first + h) * a.kv.k_dim;
    s.top[h] = a.sinks != nullptr ? a.sinks[head + h] : -__builtin_inff();
    s.total[h] = a.sinks != nullptr ? 1.0F : 0.0F;
    for (std::int64_t i = 0; i < a.kv.v_dim; ++i) s.sum[h][i] = 0;
  }
  const Span span = attended(a.rows, row, a.window);
  for (std::int64_t begin = span.begin; begin < span.end; begin += s.n) {
    const std::int64_t block_end = (begin / kPositions + 1) * kPositions;
    s.n = (block_end < span.end ? block_end : span.end) - begin;
    find_positions(a, row, kv_head, begin, s);
    score<Load, H>(a, s);
    for (unsigned h = 0; h < H; ++h) weigh(a, s, h);
    add_values<Load, H>(a, s);
  }
  const std::int64_t stride = act_layout(std::int64_t{a.n_heads} * a.kv.v_dim).stride;
  float* to = a.acts != nullptr ? act_part<float>(a.acts + row * stride, 0) + head * a.kv.v_dim
                                : a.y + first * a.kv.v_dim;
  for (unsigned h = 0; h < H; ++h, to += a.kv.v_dim) {
    const float total = s.total[h] == 0 ? 1.0F : s.total[h];
    for (std::int64_t i = 0; i < a.kv.v_dim; i += 8) {
      _mm256_storeu_ps(to + i, _mm256_div_ps(_mm256_load_ps(s.sum[h] + i), _mm256_set1_ps(total)));
    }
  }
}

/// One row, all heads of one group.
template <typename Load>
void attend_group(const AttentionArgs& a, std::int64_t row, std::int64_t head, std::int64_t end) {
  static_assert(kHeads == 4);
  for (; head + 4 <= end; head += 4) attend<Load, 4>(a, row, head);
  if (head + 2 <= end) {
    attend<Load, 2>(a, row, head);
    head += 2;
  }
  if (head < end) attend<Load, 1>(a, row, head);
}

template <typename Load>
void attend_all(const Device& device, const AttentionArgs& a) {
  const std::int64_t n_groups = a.kv.n_kv_heads;
  const std::int64_t group = a.n_heads / n_groups;
  each(device, a.rows.n_rows * n_groups, [&](std::int64_t i) {
    const std::int64_t head = i % n_groups * group;
    attend_group<Load>(a, i / n_groups, head, head + group);
  });
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
    default:
      return attend_all<LoadBf16>(device, a);
  }
}

}  // namespace mr::kern::avx2
