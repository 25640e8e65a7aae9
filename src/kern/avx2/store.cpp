#include "kern/simd/avx2.h"
#include "kern/simd/page.h"
#include "kern/simd/parallel.h"
#include "kern/simd/quantize.h"
#include "kern/simd/vec8.h"

// K and V of a step into their pages, eight values at a time; n is a multiple of 8.
namespace mr::kern::avx2 {
namespace {

/// round(x / scale) with scale = max |x| / 127, which is NaN where a value is not finite.
void store_i8(const float* from, std::int64_t n, std::byte* to, std::byte* scale_to) {
  __m256 top = _mm256_setzero_ps();
  __m256 not_finite = _mm256_setzero_ps();
  for (std::int64_t i = 0; i < n; i += 8) {
    const __m256 x = _mm256_loadu_ps(from + i);
    top = _mm256_max_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0F), x), top);
    not_finite = _mm256_fmadd_ps(x, _mm256_setzero_ps(), not_finite);
  }
  const float largest = lane_max(top);
  const __m256 inverse = _mm256_set1_ps(largest > 0 ? 127.0F / largest : 0.0F);
  *reinterpret_cast<float*>(scale_to) = largest / 127.0F + lane_sum(not_finite);
  for (std::int64_t i = 0; i < n; i += 8) {
    const __m256i q = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from + i), inverse));
    const __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + i), _mm_packs_epi16(half, half));
  }
}

void store(DType type, const float* from, std::int64_t n, std::byte* to, std::byte* scale) {
  if (type == DType::i8) return store_i8(from, n, to, scale);
  for (std::int64_t i = 0; i < n; i += 8) {
    const __m256 x = _mm256_loadu_ps(from + i);
    if (type == DType::f32) {
      _mm256_storeu_ps(reinterpret_cast<float*>(to) + i, x);
    } else {
      const __m128i half =
          type == DType::f16 ? _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT) : to_bf16(x);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * i), half);
    }
  }
}

}  // namespace

void store_kv(const Device& device, const StoreKvArgs& a) {
  const KvView& kv = a.kv;
  const std::int64_t n_heads = kv.n_kv_heads;
  shares(device, a.rows.n_rows * n_heads, 64, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      const std::int64_t row = i / n_heads;
      const std::int64_t head = i % n_heads;
      const std::int64_t slot = a.rows.slot[row];
      std::byte* page = page_of(kv, a.layer, a.rows.seq[row], slot);
      store(kv.type, a.k + i * kv.k_dim, kv.k_dim, page + k_offset(kv, head, slot),
            page + k_scale_offset(kv, head, slot));
      if (kv.v_in_k) continue;
      store(kv.type, a.v + i * kv.v_dim, kv.v_dim, page + v_offset(kv, head, slot),
            page + v_scale_offset(kv, head, slot));
    }
  });
}

}  // namespace mr::kern::avx2
