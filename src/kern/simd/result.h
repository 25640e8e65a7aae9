#pragma once
#include "kern/simd/packed.h"

namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

/// Ends the sums of one row in the columns of the strip from `out` on: bias, then what y has.
inline void end_row(const GemmArgs& a, std::int64_t row, std::int64_t out, const float* sums) {
  float* y = a.y + row * a.weight.n_out + out;
  const std::int64_t n = a.weight.n_out - out < kStrip ? a.weight.n_out - out : kStrip;
  for (std::int64_t c = 0; c < n; ++c) {
    const float sum = a.bias != nullptr ? sums[c] + a.bias[out + c] : sums[c];
    y[c] = a.accumulate ? y[c] + sum : sum;
  }
}

}  // namespace
}  // namespace mr::kern
