#include <cmath>

#include "kern/ref/ref.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {

void rope_angles(const Device&, const RopeAnglesArgs& a) {
  const std::int64_t n_pairs = a.n_dims / 2;
  for (std::int64_t r = 0; r < a.n_rows; ++r) {
    for (std::int64_t i = 0; i < n_pairs; ++i) {
      const double angle = static_cast<double>(a.pos[r]) * static_cast<double>(a.inv_freq[i]);
      float* to = a.angles + (r * n_pairs + i) * 2;
      to[0] = static_cast<float>(std::cos(angle) * static_cast<double>(a.magnitude));
      to[1] = static_cast<float>(std::sin(angle) * static_cast<double>(a.magnitude));
    }
  }
}

void rope(const Device& device, const RopeArgs& a) {
  const std::int64_t n_pairs = a.n_dims / 2;
  const std::int64_t n_heads = a.n_heads;
  const std::int64_t first = a.kind == Rope::neox ? 1 : 2;         // step from pair to pair
  const std::int64_t second = a.kind == Rope::neox ? n_pairs : 1;  // step inside a pair
  shares(device, a.n_rows * n_heads, 64, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      float* x = a.x + i * a.head_dim;
      const float* angles = a.angles + i / n_heads * n_pairs * 2;
      for (std::int64_t p = 0; p < n_pairs; ++p) {
        const double cos = angles[2 * p];
        const double sin = angles[2 * p + 1];
        float& x0 = x[p * first];
        float& x1 = x[p * first + second];
        const double y0 = x0 * cos - x1 * sin;
        const double y1 = x0 * sin + x1 * cos;
        x0 = static_cast<float>(y0);
        x1 = static_cast<float>(y1);
      }
    }
  });
}

}  // namespace mr::kern::ref
