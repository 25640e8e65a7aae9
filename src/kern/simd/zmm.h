#pragma once
#include <immintrin.h>

#include "kern/table.h"

/// A strip, 16 columns, in a 512-bit register. For files compiled with AVX-512, VNNI and BF16.
/// See ymm.h for what the functions give.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

struct Zmm {
  using I = __m512i;
  using F = __m512;
  static constexpr unsigned kLanes = 16;
  static constexpr unsigned kBytes = 64;
  static constexpr unsigned kParts = 1;
  static constexpr unsigned kRows = 8;
  static constexpr unsigned kFloatRows = 6;
  static constexpr unsigned kFloatSums = 24;

  static I load(const void* from) { return _mm512_loadu_si512(from); }
  static void store(void* to, I v) { _mm512_store_si512(to, v); }
  static F load_f(const float* from) { return _mm512_loadu_ps(from); }
  static void store_f(float* to, F v) { _mm512_store_ps(to, v); }

  static I bytes(std::uint8_t v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  static I zero() { return _mm512_setzero_si512(); }
  static F zero_f() { return _mm512_setzero_ps(); }
  static I both(I a, I b) { return _mm512_and_si512(a, b); }
  static I either(I a, I b) { return _mm512_or_si512(a, b); }
  template <int N>
  static I right16(I v) {
    return _mm512_srli_epi16(v, N);
  }
  static I right16(I v, int n) { return _mm512_srl_epi16(v, _mm_cvtsi32_si128(n)); }
  template <int N>
  static I left16(I v) {
    return _mm512_slli_epi16(v, N);
  }
  static I right32(I v, int n) { return _mm512_srl_epi32(v, _mm_cvtsi32_si128(n)); }
  template <int N>
  static I left32(I v) {
    return _mm512_slli_epi32(v, N);
  }
  static I words(std::int32_t v) { return _mm512_set1_epi32(v); }
  static I mul32(I a, I b) { return _mm512_mullo_epi32(a, b); }
  static I add32(I a, I b) { return _mm512_add_epi32(a, b); }
  static I table(const std::uint8_t* values, I index) {
    return _mm512_shuffle_epi8(
        _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values))), index);
  }
  static I signed_bytes(const void* from) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from)));
  }
  static I unsigned_bytes(const void* from) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from)));
  }
  static I unsigned_halves(const void* from) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
  }
  static F halves(const void* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
  }

  static F half_power(I e) {
    const I normal = _mm512_slli_epi32(_mm512_sub_epi32(e, words(1)), 23);
    const I subnormal = _mm512_sllv_epi32(words(0x00200000), e);
    return as_floats(
        _mm512_mask_mov_epi32(subnormal, _mm512_cmpgt_epi32_mask(e, words(1)), normal));
  }

  static F floats(I v) { return _mm512_cvtepi32_ps(v); }
  static F as_floats(I v) { return _mm512_castsi512_ps(v); }
  static F all(float v) { return _mm512_set1_ps(v); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }

  static constexpr bool kPairSums = false;
  static constexpr unsigned kTogether = 1;
  static I four(const std::int8_t* acts) {
    return _mm512_set1_epi32(*reinterpret_cast<const std::int32_t*>(acts));
  }
  static I dot(I sum, I weights, I acts) { return _mm512_dpbusd_epi32(sum, weights, acts); }
  static I first_wide(const std::int32_t* neg_sum) {
    return _mm512_slli_epi32(_mm512_set1_epi32(*neg_sum), 7);
  }
  static I dot_wide(I sum, I weights, I acts) { return dot(sum, weights, acts); }

  static constexpr bool kPairs = true;
  /// sum + the products of two bf16 weights of each column and two activations, one after the
  /// other.
  static F dot_pairs(F sum, const std::byte* weights, const std::uint16_t* acts) {
    const I a = _mm512_set1_epi32(*reinterpret_cast<const std::int32_t*>(acts));
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(load(weights)),
                            reinterpret_cast<__m512bh>(a));
  }
};

}  // namespace
}  // namespace mr::kern
