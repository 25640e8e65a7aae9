#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"

namespace mr::kern::cuda {
namespace {

struct Best {
  float value;
  int index;
};

__device__ bool better(Best a, Best b) {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}

// One block a row. A row without a number above -infinity gives 0.
__global__ void argmax_kernel(ArgmaxArgs args) {
  __shared__ Best best[kThreads];
  const unsigned thread = threadIdx.x;
  for (std::int64_t row = blockIdx.x; row < args.n_rows; row += gridDim.x) {
    const float* x = args.x + row * args.dim;
    Best mine = {-INFINITY, 0};
    for (int i = static_cast<int>(thread); i < args.dim; i += kThreads) {
      if (x[i] > mine.value) mine = {x[i], i};
    }
    best[thread] = mine;
    __syncthreads();
    for (unsigned half = kThreads / 2; half > 0; half /= 2) {
      if (thread < half && better(best[thread + half], best[thread])) {
        best[thread] = best[thread + half];
      }
      __syncthreads();
    }
    if (thread == 0) args.index[row] = best[0].index;
    __syncthreads();
  }
}

}  // namespace

void argmax(const Device& device, const ArgmaxArgs& args) {
  launch_blocks(device, "argmax", argmax_kernel, args.n_rows, args);
}

}  // namespace mr::kern::cuda
