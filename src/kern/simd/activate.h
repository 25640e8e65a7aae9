#pragma once
#include "kern/simd/quantize.h"
#include "kern/simd/vec8.h"

/// The activation of a feed-forward, eight values at a time. For files compiled with AVX2.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline __m256 activate(Activation activation, __m256 x) {
  if (activation == Activation::silu) return _mm256_mul_ps(x, sigmoid8(x));
  // 0.5 x (1 + tanh z) = x sigmoid(2z), z = sqrt(2 / pi) (x + 0.044715 x^3)
  const __m256 cubic = _mm256_mul_ps(_mm256_mul_ps(x, x), _mm256_set1_ps(0.044715F));
  const __m256 z2 = _mm256_mul_ps(_mm256_fmadd_ps(cubic, x, x), _mm256_set1_ps(1.5957691216F));
  return _mm256_mul_ps(x, sigmoid8(z2));
}

inline __m256 swiglu_clamped(const ActMulArgs& a, __m256 gate, __m256 up) {
  const __m256 limit = _mm256_set1_ps(a.limit);
  const __m256 low = _mm256_set1_ps(-a.limit);
  gate = _mm256_min_ps(limit, gate);  // in this order NaN passes, as below
  up = _mm256_max_ps(low, _mm256_min_ps(limit, up));
  const __m256 glu = _mm256_mul_ps(gate, sigmoid8(_mm256_mul_ps(_mm256_set1_ps(a.alpha), gate)));
  return _mm256_fmadd_ps(up, glu, glu);
}

/// Columns [begin, end) of row r, activated and quantized; `begin` is a multiple of 32, and so is
/// `end` where it is not the row's own.
inline void activate_columns(const ActMulArgs& a, std::int64_t r, std::int64_t begin,
                             std::int64_t end) {
  std::byte* row = a.acts + r * act_layout(a.dim).stride;
  const float* gates = a.gate + r * a.dim;
  const float* ups = a.up + r * a.dim;
  for (std::int64_t c = begin; c < end; c += 8) {
    const __m256i mask = first_lanes(end - c);
    const __m256 gate = _mm256_maskload_ps(gates + c, mask);
    const __m256 up = _mm256_maskload_ps(ups + c, mask);
    const __m256 both = a.activation == Activation::swiglu_clamped
                            ? swiglu_clamped(a, gate, up)
                            : _mm256_mul_ps(activate(a.activation, gate), up);
    _mm256_maskstore_ps(act_part<float>(row, 0) + c, mask, both);
  }
  quantize(row, a.dim, begin, end);
}

}  // namespace
}  // namespace mr::kern
