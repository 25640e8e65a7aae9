#pragma once
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kern/table.h"

namespace mr::kern::cuda {

constexpr int kThreads = 256;  ///< of every block; a power of two, as the sums below need it
constexpr std::int64_t kMaxBlocks = 65'536;  ///< of a launch; kernels stride over what is left

/// What Device::stream points to.
struct Stream {
  cudaStream_t handle = nullptr;
  cudaError_t error = cudaSuccess;  ///< the first failure,
  const char* where = nullptr;      ///< and the operation at which it showed
};

inline Stream& stream(const Device& device) {
  return *static_cast<Stream*>(device.stream);
}

/// Keeps `error` if it is the stream's first.
inline void note(const Device& device, const char* where, cudaError_t error) {
  Stream& on = stream(device);
  if (error == cudaSuccess || on.error != cudaSuccess) return;
  on.error = error;
  on.where = where;
}

/// Puts `kernel` on the stream with one block for each of `n_items`, as far as that goes.
template <typename Args>
void launch_blocks(const Device& device, const char* name, void (*kernel)(Args),
                   std::int64_t n_items, const Args& args, std::size_t shared_bytes = 0) {
  if (n_items <= 0) return;
  const auto n_blocks = static_cast<unsigned>(std::min(n_items, kMaxBlocks));
  kernel<<<n_blocks, kThreads, shared_bytes, stream(device).handle>>>(args);
  note(device, name, cudaGetLastError());
}

/// The same with one thread for each item.
template <typename Args>
void launch_threads(const Device& device, const char* name, void (*kernel)(Args),
                    std::int64_t n_items, const Args& args) {
  launch_blocks(device, name, kernel, (n_items + kThreads - 1) / kThreads, args);
}

/// The first item of this thread under launch_threads, and how far it is to its next.
__device__ inline std::int64_t first_item() {
  return static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
}
__device__ inline std::int64_t item_stride() {
  return static_cast<std::int64_t>(gridDim.x) * kThreads;
}

/// The sum over the threads of a block, in one fixed order. Every thread calls it and gets it.
__device__ inline float block_sum(float value) {
  __shared__ float part[kThreads];
  part[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  const float sum = part[0];
  __syncthreads();
  return sum;
}

/// The largest value of a block's threads. Every thread calls it and gets it.
__device__ inline float block_max(float value) {
  __shared__ float part[kThreads];
  part[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      part[threadIdx.x] = fmaxf(part[threadIdx.x], part[threadIdx.x + half]);
    }
    __syncthreads();
  }
  const float largest = part[0];
  __syncthreads();
  return largest;
}

}  // namespace mr::kern::cuda
