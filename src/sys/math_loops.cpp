#include <immintrin.h>

#include "sys/limit_loops.h"

// Twelve sums a loop: enough to hide six cycles of latency on two units, and few enough to stay in
// sixteen registers. The empty asm statements keep the compiler from seeing that the sums are equal
// and that nobody wants them; the pragma puts them in registers.
namespace mr::sys {
namespace {

constexpr int kSums = 12;

void fp32_sse2(std::int64_t n) {
  __m128 sums[kSums] = {};
  __m128 a = _mm_set1_ps(0.5F);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (__m128& sum : sums) {
      sum = _mm_add_ps(sum, _mm_mul_ps(a, a));
      __asm__ volatile("" : "+x"(sum), "+x"(a));
    }
  }
}

[[gnu::target("avx2,fma")]] void fp32_fma(std::int64_t n) {
  __m256 sums[kSums] = {};
  const __m256 a = _mm256_set1_ps(0.5F);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (__m256& sum : sums) {
      sum = _mm256_fmadd_ps(a, a, sum);
      __asm__ volatile("" : "+x"(sum));
    }
  }
}

[[gnu::target("avx512f")]] void fp32_avx512(std::int64_t n) {
  __m512 sums[kSums] = {};
  const __m512 a = _mm512_set1_ps(0.5F);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (__m512& sum : sums) {
      sum = _mm512_fmadd_ps(a, a, sum);
      __asm__ volatile("" : "+v"(sum));
    }
  }
}

[[gnu::target("avx512f,avx512bf16")]] void bf16_avx512(std::int64_t n) {
  __m512 sums[kSums] = {};
  const auto a = reinterpret_cast<__m512bh>(_mm512_set1_epi16(0x3F00));
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (__m512& sum : sums) {
      sum = _mm512_dpbf16_ps(sum, a, a);
      __asm__ volatile("" : "+v"(sum));
    }
  }
}

[[gnu::target("avx2")]] void int8_avx2(std::int64_t n) {
  __m256i sums[kSums] = {};
  __m256i a = _mm256_set1_epi8(3);
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (__m256i& sum : sums) {
      const __m256i pairs = _mm256_maddubs_epi16(a, a);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
      __asm__ volatile("" : "+x"(sum), "+x"(a));
    }
  }
}

[[gnu::target("avxvnni")]] void int8_avx_vnni(std::int64_t n) {
  __m256i sums[kSums] = {};
  const __m256i a = _mm256_set1_epi8(3);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (__m256i& sum : sums) {
      sum = _mm256_dpbusd_avx_epi32(sum, a, a);
      __asm__ volatile("" : "+x"(sum));
    }
  }
}

[[gnu::target("avx512f,avx512vnni")]] void int8_avx512_vnni(std::int64_t n) {
  __m512i sums[kSums] = {};
  const __m512i a = _mm512_set1_epi8(3);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (__m512i& sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, a, a);
      __asm__ volatile("" : "+v"(sum));
    }
  }
}

/// Source: Intel SDM volume 1, 18.2, palette 1: eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// Two by two tiles of sums, as a matrix product holds them, and no loads.
template <Number kNumber>
[[gnu::target("amx-tile,amx-int8,amx-bf16")]] void tile_products(std::int64_t n) {
  const TileConfig config;
  alignas(64) const std::byte zeros[1024] = {};
  // GCC 12's intrinsics name 8 bytes of what they read: without this the rest may not be stored.
  __asm__ volatile("" ::"r"(&config), "r"(zeros) : "memory");
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, zeros, 64);
  _tile_loadd(5, zeros, 64);
  _tile_loadd(6, zeros, 64);
  _tile_loadd(7, zeros, 64);
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (kNumber == Number::int8) {
      _tile_dpbssd(0, 4, 6);
      _tile_dpbssd(1, 4, 7);
      _tile_dpbssd(2, 5, 6);
      _tile_dpbssd(3, 5, 7);
    } else {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_release();
}

constexpr double kTileSums = 4 * 16 * 16;

}  // namespace

std::vector<MathLoop> math_loops(const CpuFeatures& cpu) {
  std::vector<MathLoop> loops = {{Number::fp32, "sse2", kSums * 4 * 2, fp32_sse2}};
  if (cpu.avx2 && cpu.fma) loops.push_back({Number::fp32, "avx2 fma", kSums * 8 * 2, fp32_fma});
  if (cpu.avx512f) loops.push_back({Number::fp32, "avx512 fma", kSums * 16 * 2, fp32_avx512});
  if (cpu.avx512_bf16) {
    loops.push_back({Number::bf16, "avx512 bf16", kSums * 32 * 2, bf16_avx512});
  }
  if (cpu.avx2) loops.push_back({Number::int8, "avx2 maddubs", kSums * 32 * 2, int8_avx2});
  if (cpu.avx_vnni) loops.push_back({Number::int8, "avx vnni", kSums * 32 * 2, int8_avx_vnni});
  if (cpu.avx512_vnni) {
    loops.push_back({Number::int8, "avx512 vnni", kSums * 64 * 2, int8_avx512_vnni});
  }
  const bool tiles = cpu.amx_tile && allow_tiles();
  if (tiles && cpu.amx_int8) {
    loops.push_back({Number::int8, "amx int8", kTileSums * 64 * 2, tile_products<Number::int8>});
  }
  if (tiles && cpu.amx_bf16) {
    loops.push_back({Number::bf16, "amx bf16", kTileSums * 32 * 2, tile_products<Number::bf16>});
  }
  return loops;
}

}  // namespace mr::sys
