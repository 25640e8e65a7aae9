#pragma once
#include <cstddef>
#include <cstdint>

/// The tiles of AMX as simd/tile_product.h takes them. Assembly, since a tile's number is part of
/// the instruction and GCC's intrinsics want it as a literal.
/// Source: Intel SDM volume 2A, LDTILECFG, TILELOADD, TDPBF16PS.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

struct Tiles {
  /// What LDTILECFG reads.
  struct alignas(64) Config {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  };

  static void start(std::int64_t rows) {
    Config config;
    for (int tile = 0; tile < 8; ++tile) {
      config.row_bytes[tile] = 64;
      config.rows[tile] = tile < 6 ? static_cast<std::uint8_t>(rows) : 16;
    }
    __asm__ volatile("ldtilecfg %0" ::"m"(config));
  }

  static void stop() { __asm__ volatile("tilerelease" ::); }

  template <int N>
  static void zero() {
    __asm__ volatile("tilezero %%tmm%c0" ::"i"(N));
  }

  template <int N>
  static void load(const void* from, std::int64_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(N) : "memory");
  }

  template <int N>
  static void load_once(const void* from, std::int64_t stride) {
    __asm__ volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(N) : "memory");
  }

  template <int N>
  static void store(void* to) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(std::int64_t{64}), "i"(N)
                     : "memory");
  }

  template <int C, int A, int B>
  static void dot() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
};

}  // namespace
}  // namespace mr::kern
