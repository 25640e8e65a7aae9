#include "kern/simd/avx2.h"
#include "kern/simd/parallel.h"
#include "kern/simd/vec8.h"

namespace mr::kern::avx2 {
namespace {

/// The sum of products in four chains of vectors; n is a multiple of 8.
float dot(const float* a, const float* b, std::int64_t n) {
  __m256 sum[4] = {};
  std::int64_t i = 0;
  const auto step = [&](__m256& chain, std::int64_t at) {
    chain = _mm256_fmadd_ps(_mm256_loadu_ps(a + at), _mm256_loadu_ps(b + at), chain);
  };
  for (; i + 32 <= n; i += 32) {
    for (std::int64_t j = 0; j < 4; ++j) step(sum[j], i + 8 * j);
  }
  for (; i < n; i += 8) step(sum[0], i);
  return lane_sum(_mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3])));
}

template <typename Load>
void project(const Device& device, const ProjectHeadsArgs& a) {
  const std::int64_t n_in = a.weight.n_in;
  const std::int64_t n_out = a.weight.n_out / a.n_heads;
  shares(device, a.weight.n_out, 16, [&](std::int64_t o, std::int64_t end) {
    alignas(32) float weight[kMaxHeadDim];
    for (; o < end; ++o) {
      const auto* from = static_cast<const std::byte*>(a.weight.data) + o * n_in * Load::kBytes;
      for (std::int64_t i = 0; i < n_in; i += 8) {
        _mm256_store_ps(weight + i, Load::at(from + i * Load::kBytes));
      }
      for (std::int64_t r = 0; r < a.n_rows; ++r) {
        const std::int64_t at = r * a.n_heads + o / n_out;
        a.y[at * a.y_stride + o % n_out] = dot(weight, a.x + at * a.x_stride, n_in);
      }
    }
  });
}

}  // namespace

void project_heads(const Device& device, const ProjectHeadsArgs& a) {
  switch (a.weight.type) {
    case DType::f32:
      return project<LoadF32>(device, a);
    case DType::f16:
      return project<LoadF16>(device, a);
    default:
      return project<LoadBf16>(device, a);
  }
}

}  // namespace mr::kern::avx2
