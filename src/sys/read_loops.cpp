#include <immintrin.h>

#include "sys/limit_loops.h"

namespace mr::sys {
namespace {

enum class Ahead : std::uint8_t { none, l1, l2_and_l1 };

/// Bytes beyond the reader that are fetched: a page into the near or the middle cache, and with the
/// latter eight lines into the near one.
constexpr std::ptrdiff_t kFar = 4096;
constexpr std::ptrdiff_t kNear = 512;

using Vec16 [[gnu::vector_size(16)]] = std::uint64_t;
using Vec32 [[gnu::vector_size(32)]] = std::uint64_t;
using Vec64 [[gnu::vector_size(64)]] = std::uint64_t;

/// A line at a time into one of eight sums, so that no addition waits for another.
template <typename Vec, Ahead kAhead>
[[gnu::always_inline]] inline std::uint64_t read_lines(const std::byte* from, std::size_t bytes) {
  constexpr std::size_t kLanes = sizeof(Vec) / 8;
  constexpr std::size_t kVecs = 64 / sizeof(Vec);
  Vec sums[8] = {};
  for (std::size_t i = 0; i < bytes; i += 512) {
    for (std::size_t k = 0; k < 8; ++k) {
      const std::byte* line = from + i + 64 * k;
      if constexpr (kAhead == Ahead::l1) _mm_prefetch(line + kFar, _MM_HINT_T0);
      if constexpr (kAhead == Ahead::l2_and_l1) {
        _mm_prefetch(line + kFar, _MM_HINT_T1);
        _mm_prefetch(line + kNear, _MM_HINT_T0);
      }
      for (std::size_t v = 0; v < kVecs; ++v) sums[k] += reinterpret_cast<const Vec*>(line)[v];
    }
  }
  std::uint64_t sum = 0;
  for (const Vec& lanes : sums) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
  }
  return sum;
}

template <Ahead kAhead>
std::uint64_t read_sse2(const std::byte* from, std::size_t bytes) {
  return read_lines<Vec16, kAhead>(from, bytes);
}

template <Ahead kAhead>
[[gnu::target("avx2")]] std::uint64_t read_avx2(const std::byte* from, std::size_t bytes) {
  return read_lines<Vec32, kAhead>(from, bytes);
}

template <Ahead kAhead>
[[gnu::target("avx512f")]] std::uint64_t read_avx512(const std::byte* from, std::size_t bytes) {
  return read_lines<Vec64, kAhead>(from, bytes);
}

}  // namespace

std::vector<ReadLoop> read_loops(const CpuFeatures& cpu) {
  if (cpu.avx512f) {
    return {{"avx512", read_avx512<Ahead::none>},
            {"avx512, prefetch to L1", read_avx512<Ahead::l1>},
            {"avx512, prefetch to L2 and L1", read_avx512<Ahead::l2_and_l1>}};
  }
  if (cpu.avx2) {
    return {{"avx2", read_avx2<Ahead::none>},
            {"avx2, prefetch to L1", read_avx2<Ahead::l1>},
            {"avx2, prefetch to L2 and L1", read_avx2<Ahead::l2_and_l1>}};
  }
  return {{"sse2", read_sse2<Ahead::none>},
          {"sse2, prefetch to L1", read_sse2<Ahead::l1>},
          {"sse2, prefetch to L2 and L1", read_sse2<Ahead::l2_and_l1>}};
}

}  // namespace mr::sys
