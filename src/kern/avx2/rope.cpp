#include "kern/simd/avx2.h"
#include "kern/simd/parallel.h"
#include "kern/simd/vec8.h"

namespace mr::kern::avx2 {
namespace {

void turn_pair(float& x0, float& x1, const float* angle) {
  const float y0 = x0 * angle[0] - x1 * angle[1];
  x1 = x0 * angle[1] + x1 * angle[0];
  x0 = y0;
}

/// Pairs (i, i + n_pairs), eight at a time.
void turn_halves(float* x, const float* angles, std::int64_t n_pairs) {
  std::int64_t i = 0;
  for (; i + 8 <= n_pairs; i += 8) {
    const __m256 a = _mm256_loadu_ps(angles + 2 * i);      // c0 s0 c1 s1 | c2 s2 c3 s3
    const __m256 b = _mm256_loadu_ps(angles + 2 * i + 8);  // c4 s4 c5 s5 | c6 s6 c7 s7
    const auto in_order = [](__m256 v) {
      return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xD8));
    };
    const __m256 cos = in_order(_mm256_shuffle_ps(a, b, 0x88));
    const __m256 sin = in_order(_mm256_shuffle_ps(a, b, 0xDD));
    const __m256 x0 = _mm256_loadu_ps(x + i);
    const __m256 x1 = _mm256_loadu_ps(x + n_pairs + i);
    _mm256_storeu_ps(x + i, _mm256_fmsub_ps(x0, cos, _mm256_mul_ps(x1, sin)));
    _mm256_storeu_ps(x + n_pairs + i, _mm256_fmadd_ps(x0, sin, _mm256_mul_ps(x1, cos)));
  }
  for (; i < n_pairs; ++i) turn_pair(x[i], x[n_pairs + i], angles + 2 * i);
}

/// Pairs (2i, 2i + 1), four at a time.
void turn_neighbours(float* x, const float* angles, std::int64_t n_pairs) {
  std::int64_t i = 0;
  for (; i + 4 <= n_pairs; i += 4) {
    const __m256 angle = _mm256_loadu_ps(angles + 2 * i);
    const __m256 pairs = _mm256_loadu_ps(x + 2 * i);
    const __m256 swapped = _mm256_permute_ps(pairs, 0xB1);
    const __m256 cross = _mm256_mul_ps(swapped, _mm256_movehdup_ps(angle));
    _mm256_storeu_ps(x + 2 * i, _mm256_fmaddsub_ps(pairs, _mm256_moveldup_ps(angle), cross));
  }
  for (; i < n_pairs; ++i) turn_pair(x[2 * i], x[2 * i + 1], angles + 2 * i);
}

}  // namespace

void rope(const Device& device, const RopeArgs& a) {
  const std::int64_t n_pairs = a.n_dims / 2;
  const std::int64_t n_heads = a.n_heads;
  shares(device, a.n_rows * n_heads, 128, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      const float* angles = a.angles + i / n_heads * n_pairs * 2;
      if (a.kind == Rope::neox) {
        turn_halves(a.x + i * a.head_dim, angles, n_pairs);
      } else {
        turn_neighbours(a.x + i * a.head_dim, angles, n_pairs);
      }
    }
  });
}

}  // namespace mr::kern::avx2
