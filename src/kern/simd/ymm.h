#pragma once
#include <immintrin.h>

#include "kern/table.h"

/// Half a strip, 8 columns, in a 256-bit register. For files compiled with AVX2, FMA and F16C; the
/// products are those of AVX-VNNI where that is on. See zmm.h for the other width.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

struct Ymm {
  using I = __m256i;
  using F = __m256;
  static constexpr unsigned kLanes = 8;
  static constexpr unsigned kBytes = 32;
  static constexpr unsigned kParts = 2;       // of a strip
  static constexpr unsigned kRows = 4;        // that share a load of weights, int8
  static constexpr unsigned kFloatRows = 6;   // the same, fp32
  static constexpr unsigned kFloatSums = 12;  // in registers

  static I load(const void* from) { return _mm256_loadu_si256(static_cast<const I*>(from)); }
  static void store(void* to, I v) { _mm256_store_si256(static_cast<I*>(to), v); }
  static F load_f(const float* from) { return _mm256_loadu_ps(from); }
  static void store_f(float* to, F v) { _mm256_store_ps(to, v); }

  static I bytes(std::uint8_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static I zero() { return _mm256_setzero_si256(); }
  static F zero_f() { return _mm256_setzero_ps(); }
  static I both(I a, I b) { return _mm256_and_si256(a, b); }
  static I either(I a, I b) { return _mm256_or_si256(a, b); }
  template <int N>
  static I right16(I v) {
    return _mm256_srli_epi16(v, N);
  }
  static I right16(I v, int n) { return _mm256_srl_epi16(v, _mm_cvtsi32_si128(n)); }
  template <int N>
  static I left16(I v) {
    return _mm256_slli_epi16(v, N);
  }
  static I right32(I v, int n) { return _mm256_srl_epi32(v, _mm_cvtsi32_si128(n)); }
  template <int N>
  static I left32(I v) {
    return _mm256_slli_epi32(v, N);
  }
  static I words(std::int32_t v) { return _mm256_set1_epi32(v); }
  static I mul32(I a, I b) { return _mm256_mullo_epi32(a, b); }
  static I add32(I a, I b) { return _mm256_add_epi32(a, b); }
  /// 16 bytes, looked up by the low 4 bits of every byte.
  static I table(const std::uint8_t* values, I index) {
    return _mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values))),
        index);
  }
  static I signed_bytes(const void* from) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(from)));
  }
  static I unsigned_bytes(const void* from) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(from)));
  }
  static I unsigned_halves(const void* from) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from)));
  }
  static F halves(const void* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(from)));
  }

  /// 2^(e - 128).
  static F half_power(I e) {
    const I normal = _mm256_slli_epi32(_mm256_sub_epi32(e, words(1)), 23);
    const I subnormal = _mm256_sllv_epi32(words(0x00200000), e);
    const I is_normal = _mm256_cmpgt_epi32(e, words(1));
    return as_floats(_mm256_blendv_epi8(subnormal, normal, is_normal));
  }

  static F floats(I v) { return _mm256_cvtepi32_ps(v); }
  static F as_floats(I v) { return _mm256_castsi256_ps(v); }
  static F all(float v) { return _mm256_set1_ps(v); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }

  static constexpr bool kPairs = false;  ///< dot_pairs, as zmm.h has it

  /// Four activations, for every column.
  static I four(const std::int8_t* acts) {
    return _mm256_set1_epi32(*reinterpret_cast<const std::int32_t*>(acts));
  }

#ifdef __AVXVNNI__
  static constexpr bool kPairSums = false;
  static constexpr unsigned kTogether = 1;

  /// sum + the products of four unsigned weights of each column and four activations.
  static I dot(I sum, I weights, I acts) { return _mm256_dpbusd_avx_epi32(sum, weights, acts); }

  /// The same for weights of 8 bits with a zero point of 128; `neg_sum` is that of the activations.
  static I first_wide(const std::int32_t* neg_sum) {
    return _mm256_slli_epi32(_mm256_set1_epi32(*neg_sum), 7);
  }
  static I dot_wide(I sum, I weights, I acts) { return dot(sum, weights, acts); }
#else
  static constexpr bool kPairSums = true;
  static constexpr unsigned kTogether = kParts;

  /// Sums of two products each, in 16 bits: they fit where weights are below 128.
  static I pairs(I weights, I acts) { return _mm256_maddubs_epi16(weights, acts); }
  static I add16(I a, I b) {
    I sum = _mm256_add_epi16(a, b);
    // GCC 12 would make a tree of a chain of these, and spill every product for it.
    __asm__("" : "+x"(sum));
    return sum;
  }
  /// sum + two of those sums.
  static I add_pairs(I sum, I pairs) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    __asm__("" : "+x"(sum));  // as above
    return sum;
  }

  static I dot(I sum, I weights, I acts) { return add_pairs(sum, pairs(weights, acts)); }
  static I first_wide(const std::int32_t*) { return zero(); }
  static I dot_wide(I sum, I weights, I acts) {
    const I w = _mm256_xor_si256(weights, bytes(0x80));
    return add_pairs(sum, pairs(_mm256_abs_epi8(w), _mm256_sign_epi8(acts, w)));
  }
#endif
};

}  // namespace
}  // namespace mr::kern
