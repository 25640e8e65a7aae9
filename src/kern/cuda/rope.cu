#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"

namespace mr::kern::cuda {
namespace {

// In double: positions go to 10^6, where a float has no digits left behind the point that matter.
__global__ void rope_angles_kernel(RopeAnglesArgs args) {
  const int n_pairs = args.n_dims / 2;
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * n_pairs;
  for (std::int64_t i = first_item(); i < n; i += item_stride()) {
    const double angle = static_cast<double>(args.pos[i / n_pairs]) * args.inv_freq[i % n_pairs];
    args.angles[2 * i] = static_cast<float>(cos(angle) * args.magnitude);
    args.angles[2 * i + 1] = static_cast<float>(sin(angle) * args.magnitude);
  }
}

// One thread a pair.
__global__ void rope_kernel(RopeArgs args) {
  const int n_pairs = args.n_dims / 2;
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.n_heads * n_pairs;
  for (std::int64_t i = first_item(); i < n; i += item_stride()) {
    const int pair = static_cast<int>(i % n_pairs);
    const std::int64_t head = i / n_pairs;
    const float* angle = args.angles + (head / args.n_heads * n_pairs + pair) * 2;
    const bool neox = args.kind == Rope::neox;
    float* first = args.x + head * args.head_dim + (neox ? pair : 2 * pair);
    float* second = first + (neox ? n_pairs : 1);
    const float a = *first;
    const float b = *second;
    *first = a * angle[0] - b * angle[1];
    *second = a * angle[1] + b * angle[0];
  }
}

}  // namespace

void rope_angles(const Device& device, const RopeAnglesArgs& args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * (args.n_dims / 2);
  launch_threads(device, "rope_angles", rope_angles_kernel, n, args);
}

void rope(const Device& device, const RopeArgs& args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.n_heads * (args.n_dims / 2);
  launch_threads(device, "rope", rope_kernel, n, args);
}

}  // namespace mr::kern::cuda
