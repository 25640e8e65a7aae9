#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"

namespace mr::kern::cuda {
namespace {

// One block a row. y may be x: a thread writes only what it alone reads, after the sum.
__global__ void rms_norm_kernel(RmsNormArgs args) {
  for (std::int64_t row = blockIdx.x; row < args.n_rows; row += gridDim.x) {
    const float* x = args.x + row * args.dim;
    float* y =
        (args.acts != nullptr ? reinterpret_cast<float*>(args.acts) : args.y) + row * args.dim;
    float part = 0;
    for (int i = static_cast<int>(threadIdx.x); i < args.dim; i += kThreads) part += x[i] * x[i];
    const float mean = block_sum(part) / static_cast<float>(args.dim);
    const float factor = 1.0F / sqrtf(mean + args.eps);
    for (int i = static_cast<int>(threadIdx.x); i < args.dim; i += kThreads) {
      y[i] = x[i] * factor * args.weight[i];
    }
  }
}

}  // namespace

void rms_norm(const Device& device, const RmsNormArgs& args) {
  launch_blocks(device, "rms_norm", rms_norm_kernel, args.n_rows, args);
}

}  // namespace mr::kern::cuda
