#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"
#include "kern/cuda/weight.cuh"

namespace mr::kern::cuda {
namespace {

// One thread a result, in eight chains: the fewest rounding steps that cost nothing. The matrices
// are plain numbers, which this level stores as in the file.
__global__ void project_heads_kernel(ProjectHeadsArgs args) {
  const std::int64_t n_all = args.weight.n_out;
  const std::int64_t n_out = n_all / args.n_heads;
  const std::int64_t n_in = args.weight.n_in;
  for (std::int64_t i = first_item(); i < args.n_rows * n_all; i += item_stride()) {
    const std::int64_t at = i / n_out;  // row and head
    const WeightRow weight = weight_row(args.weight, i % n_all);
    const float* x = args.x + at * args.x_stride;
    float chain[8] = {};
    std::int64_t k = 0;
    for (; k + 8 <= n_in; k += 8) {
#pragma unroll
      for (int j = 0; j < 8; ++j) chain[j] = fmaf(x[k + j], weight_at(weight, k + j), chain[j]);
    }
    for (; k < n_in; ++k) chain[0] = fmaf(x[k], weight_at(weight, k), chain[0]);
    args.y[at * args.y_stride + i % n_out] = ((chain[0] + chain[4]) + (chain[2] + chain[6])) +
                                             ((chain[1] + chain[5]) + (chain[3] + chain[7]));
  }
}

}  // namespace

void project_heads(const Device& device, const ProjectHeadsArgs& args) {
  const std::int64_t n = args.n_rows * args.weight.n_out;
  launch_threads(device, "project_heads", project_heads_kernel, n, args);
}

}  // namespace mr::kern::cuda
