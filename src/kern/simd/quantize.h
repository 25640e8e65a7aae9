#pragma once
#include "kern/simd/acts.h"
#include "kern/simd/vec8.h"

/// What the producers of activations end with. For files compiled with AVX2.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

/// Bits of 8 floats as bf16, to the nearest, ties to even; NaN stays NaN.
inline __m128i to_bf16(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
}

/// The sum of four lanes.
inline std::int32_t lane_sum(__m128i v) {
  const __m128i two = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
}

/// The quantized form of the 32 values of group `g`. A value that is not finite makes the scale
/// NaN.
inline void quantize_group(std::byte* row, const ActLayout& l, std::int64_t g) {
  const float* x = act_part<float>(row, 0) + g * kGroup;
  auto* b = act_part<__m128i>(row, l.b) + g * 4;
  const __m256 sign = _mm256_set1_ps(-0.0F);
  __m256 values[4];
  __m256 top = _mm256_setzero_ps();
  __m256 not_finite = _mm256_setzero_ps();
  for (int i = 0; i < 4; ++i) {
    values[i] = _mm256_load_ps(x + 8 * i);
    top = _mm256_max_ps(_mm256_andnot_ps(sign, values[i]), top);
    not_finite = _mm256_fmadd_ps(values[i], _mm256_setzero_ps(), not_finite);
    _mm_store_si128(b + i, to_bf16(values[i]));
  }
  const float largest = lane_max(top);
  const float d = largest / 127.0F + lane_sum(not_finite);
  const __m256 inverse = _mm256_set1_ps(largest > 0 ? 127.0F / largest : 0.0F);
  __m256i ints[4];
  for (int i = 0; i < 4; ++i) ints[i] = _mm256_cvtps_epi32(_mm256_mul_ps(values[i], inverse));
  const __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(ints[0], ints[1]),
                                            _mm256_packs_epi32(ints[2], ints[3]));
  const __m256i q = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_store_si256(act_part<__m256i>(row, l.q) + g, q);
  const __m256i sums =
      _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), q), _mm256_set1_epi16(1));
  const std::int32_t low = -lane_sum(_mm256_castsi256_si128(sums));
  const std::int32_t high = -lane_sum(_mm256_extracti128_si256(sums, 1));
  act_part<float>(row, l.d)[g] = d;
  act_part<std::int32_t>(row, l.neg_sum)[g] = low + high;
  act_part<float>(row, l.neg_part)[g] = d * static_cast<float>(low + high);
  act_part<std::int32_t>(row, l.neg_sum16)[2 * g] = low;
  act_part<std::int32_t>(row, l.neg_sum16)[2 * g + 1] = high;
  act_part<float>(row, l.neg_part16)[2 * g] = d * static_cast<float>(low);
  act_part<float>(row, l.neg_part16)[2 * g + 1] = d * static_cast<float>(high);
}

/// Completes columns [begin, end) of a row whose values are there. Both are multiples of 32, but
/// where end is the row's own: then the padding is made too.
inline void quantize(std::byte* row, std::int64_t dim, std::int64_t begin, std::int64_t end) {
  const ActLayout l = act_layout(dim);
  if (end == dim) {
    float* x = act_part<float>(row, 0);
    for (; end < l.padded; ++end) x[end] = 0;
  }
  for (std::int64_t g = begin / kGroup; g < end / kGroup; ++g) quantize_group(row, l, g);
}

}  // namespace
}  // namespace mr::kern
