#pragma once
#include <immintrin.h>

#include "kern/table.h"

/// Eight floats at a time. For files compiled with AVX2, FMA and F16C.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

/// A mask of the first n of 8 lanes; all of them where n is above 8.
inline __m256i first_lanes(std::int64_t n) {
  const auto count = static_cast<std::int32_t>(n < 8 ? n : 8);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/// The sum of the lanes, in one fixed order.
inline float lane_sum(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline float lane_max(__m256 v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/// e^x: 0 below -87.33 (the smallest normal result), 2^127.5 above 88.37; NaN stays NaN.
/// The error is at most 1.01 units in the last place (every 37th float was tried).
/// Source: Cephes 2.2, expf (Moshier 1992).
inline __m256 exp8(__m256 x) {
  const __m256 low = _mm256_set1_ps(-87.33F);
  const __m256 is_zero = _mm256_cmp_ps(x, low, _CMP_LT_OQ);
  x = _mm256_min_ps(_mm256_set1_ps(88.37F), x);  // in this order NaN passes
  x = _mm256_max_ps(low, x);
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504088896341F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 p = _mm256_set1_ps(1.9875691500e-4F);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.3981999507e-3F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.3334519073e-3F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.1665795894e-2F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6666665459e-1F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.0000001201e-1F));
  p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
  p = _mm256_add_ps(p, _mm256_set1_ps(1.0F));
  const __m256i exponent =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_andnot_ps(is_zero, _mm256_mul_ps(p, _mm256_castsi256_ps(exponent)));
}

/// 1 / (1 + e^-x).
inline __m256 sigmoid8(__m256 x) {
  const __m256 one = _mm256_set1_ps(1.0F);
  const __m256 e = exp8(_mm256_sub_ps(_mm256_setzero_ps(), x));
  return _mm256_div_ps(one, _mm256_add_ps(one, e));
}

/// tanh x = 2 sigmoid(2x) - 1, within 4 units roundoff absolute.
inline __m256 tanh8(__m256 x) {
  const __m256 s = sigmoid8(_mm256_add_ps(x, x));
  return _mm256_fmadd_ps(s, _mm256_set1_ps(2.0F), _mm256_set1_ps(-1.0F));
}

// Eight stored values as floats, one type each.
struct LoadF32 {
  static constexpr std::int64_t kBytes = 4;
  static __m256 at(const std::byte* from) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
  }
};

struct LoadF16 {
  static constexpr std::int64_t kBytes = 2;
  static __m256 at(const std::byte* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
};

/// To be multiplied by a scale that stands elsewhere.
struct LoadI8 {
  static constexpr std::int64_t kBytes = 1;
  static __m256 at(const std::byte* from) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
};

struct LoadBf16 {
  static constexpr std::int64_t kBytes = 2;
  static __m256 at(const std::byte* from) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
};

}  // namespace
}  // namespace mr::kern
