#include <algorithm>

#include "kern/ref/decode.h"
#include "kern/ref/ref.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {
namespace {

constexpr std::int64_t kChunk = 256;  // values decoded at a time: a multiple of every block
constexpr std::int64_t kRows = 64;    // rows that share a decoded chunk

/// The sum of products, in four chains of every fourth term.
double dot(const float* a, const float* b, std::int64_t n) {
  double sum[4] = {};
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (std::int64_t j = 0; j < 4; ++j) {
      sum[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
    }
  }
  for (; i < n; ++i) sum[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/// One output column for up to kRows rows from row `begin` on.
void column(const GemmArgs& a, std::int64_t out, std::int64_t begin, std::int64_t n_rows) {
  const std::int64_t n_in = a.weight.n_in;
  const TypeTraits type = traits(a.weight.type);
  const auto* row =
      static_cast<const std::byte*>(a.weight.data) + out * (n_in / type.block * type.block_bytes);
  const float* x = reinterpret_cast<const float*>(a.acts) + begin * n_in;
  double sum[kRows] = {};
  float chunk[kChunk];
  for (std::int64_t k = 0; k < n_in; k += kChunk) {
    const std::int64_t n = std::min(kChunk, n_in - k);
    decode(a.weight.type, row + k / type.block * type.block_bytes, chunk,
           static_cast<std::size_t>(n));
    for (std::int64_t r = 0; r < n_rows; ++r) sum[r] += dot(chunk, x + r * n_in + k, n);
  }
  float* y = a.y + begin * a.weight.n_out + out;
  for (std::int64_t r = 0; r < n_rows; ++r, y += a.weight.n_out) {
    if (a.bias != nullptr) sum[r] += static_cast<double>(a.bias[out]);
    if (a.accumulate) sum[r] += static_cast<double>(*y);
    *y = static_cast<float>(sum[r]);
  }
}

}  // namespace

void gemm(const Device& device, const GemmArgs& a) {
  shares(device, a.weight.n_out, 16, [&](std::int64_t out, std::int64_t end) {
    for (; out < end; ++out) {
      for (std::int64_t r = 0; r < a.n_rows; r += kRows) {
        column(a, out, r, std::min(kRows, a.n_rows - r));
      }
    }
  });
}

}  // namespace mr::kern::ref
