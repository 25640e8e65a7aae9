#include <algorithm>

#include "kern/ref/decode.h"
#include "kern/ref/ref.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {

void project_heads(const Device& device, const ProjectHeadsArgs& a) {
  const std::int64_t n_in = a.weight.n_in;
  const std::int64_t n_out = a.weight.n_out / a.n_heads;
  const auto bytes = static_cast<std::int64_t>(packed_bytes(a.weight.type, 1, n_in));
  shares(device, a.weight.n_out, 16, [&](std::int64_t o, std::int64_t end) {
    for (; o < end; ++o) {
      const std::int64_t head = o / n_out;
      float weight[kMaxHeadDim];
      decode(a.weight.type, static_cast<const std::byte*>(a.weight.data) + o * bytes, weight,
             static_cast<std::size_t>(n_in));
      for (std::int64_t r = 0; r < a.n_rows; ++r) {
        const std::int64_t at = r * a.n_heads + head;
        double sum = 0;
        for (std::int64_t i = 0; i < n_in; ++i) {
          sum += static_cast<double>(a.x[at * a.x_stride + i]) * weight[i];
        }
        a.y[at * a.y_stride + o % n_out] = static_cast<float>(sum);
      }
    }
  });
}

void copy_columns(const Device& device, const CopyColumnsArgs& a) {
  shares(device, a.n_rows, 64, [&](std::int64_t r, std::int64_t end) {
    for (; r < end; ++r) std::copy_n(a.x + r * a.x_stride, a.dim, a.y + r * a.y_stride);
  });
}

}  // namespace mr::kern::ref
