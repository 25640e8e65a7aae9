#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"
#include "kern/cuda/weight.cuh"

namespace mr::kern::cuda {
namespace {

// A block computes a tile of kRows x kColumns outputs, kDepth products at a time. An output is the
// sum of its kDepth-long pieces in ascending order, each summed by `piece`, whatever tile it falls
// into: its bits depend on its row and column alone.
constexpr int kRows = 16;
constexpr int kColumns = 32;
constexpr int kDepth = 32;
constexpr int kPairs = kRows * kColumns / kThreads;  // outputs of one thread, of equal column
constexpr int kRowStep = kThreads / kColumns;        // between the rows of these outputs

__host__ __device__ std::int64_t tiles(std::int64_t n, std::int64_t size) {
  return (n + size - 1) / size;
}

// The sum of kDepth products in eight chains, the fewest rounding steps that cost nothing.
__device__ float piece(const float* x, const float* w) {
  float chain[8] = {};
#pragma unroll
  for (int k = 0; k < kDepth; ++k) chain[k % 8] = fmaf(x[k], w[k], chain[k % 8]);
  return ((chain[0] + chain[4]) + (chain[2] + chain[6])) +
         ((chain[1] + chain[5]) + (chain[3] + chain[7]));
}

// The tile whose first output is (first_row, first_column). Every thread of a block calls it.
__device__ void gemm_tile(const GemmArgs& args, std::int64_t first_row, std::int64_t first_column) {
  __shared__ float x[kRows][kDepth];
  __shared__ float w[kColumns][kDepth + 1];  // one more: the columns start in different banks
  const auto* acts = reinterpret_cast<const float*>(args.acts);
  const std::int64_t n_in = args.weight.n_in;
  const std::int64_t n_out = args.weight.n_out;
  const int thread = static_cast<int>(threadIdx.x);
  const int my_column = thread % kColumns;
  const int my_row = thread / kColumns;
  float sum[kPairs] = {};
  for (std::int64_t begin = 0; begin < n_in; begin += kDepth) {
    for (int i = thread; i < kRows * kDepth; i += kThreads) {
      const std::int64_t row = first_row + i / kDepth;
      const std::int64_t k = begin + i % kDepth;
      x[i / kDepth][i % kDepth] = row < args.n_rows && k < n_in ? acts[row * n_in + k] : 0.0F;
    }
    for (int i = thread; i < kColumns * kDepth; i += kThreads) {
      const std::int64_t column = first_column + i / kDepth;
      const std::int64_t k = begin + i % kDepth;
      w[i / kDepth][i % kDepth] =
          column < n_out && k < n_in ? weight_at(weight_row(args.weight, column), k) : 0.0F;
    }
    __syncthreads();
    for (int pair = 0; pair < kPairs; ++pair) {
      sum[pair] += piece(x[my_row + pair * kRowStep], w[my_column]);
    }
    __syncthreads();
  }
  const std::int64_t column = first_column + my_column;
  for (int pair = 0; pair < kPairs; ++pair) {
    const std::int64_t row = first_row + my_row + pair * kRowStep;
    if (row >= args.n_rows || column >= n_out) continue;
    const float value = sum[pair] + (args.bias != nullptr ? args.bias[column] : 0.0F);
    float& y = args.y[row * n_out + column];
    y = args.accumulate ? y + value : value;
  }
}

__global__ void gemm_kernel(GemmArgs args) {
  const std::int64_t n_column_tiles = tiles(args.weight.n_out, kColumns);
  const std::int64_t n_tiles = n_column_tiles * tiles(args.n_rows, kRows);
  for (std::int64_t tile = blockIdx.x; tile < n_tiles; tile += gridDim.x) {
    gemm_tile(args, tile / n_column_tiles * kRows, tile % n_column_tiles * kColumns);
  }
}

// One block an expert and column tile: it goes down the items of the expert.
__global__ void expert_gemm_kernel(ExpertGemmArgs args) {
  const Experts& all = args.weight;
  const std::int64_t n_column_tiles = tiles(all.n_out, kColumns);
  for (std::int64_t i = blockIdx.x; i < all.n_experts * n_column_tiles; i += gridDim.x) {
    const std::int64_t expert = i / n_column_tiles;
    const std::int64_t begin = args.begin[expert];
    const GemmArgs one = {
        .weight = {all.data + expert * all.stride, all.type, all.n_out, all.n_in},
        .acts = args.acts + begin * all.n_in * static_cast<std::int64_t>(sizeof(float)),
        .bias = args.bias != nullptr ? args.bias + expert * all.n_out : nullptr,
        .n_rows = static_cast<std::int32_t>(args.begin[expert + 1] - begin),
        .y = args.y + begin * all.n_out};
    for (std::int64_t row = 0; row < one.n_rows; row += kRows) {
      gemm_tile(one, row, i % n_column_tiles * kColumns);
    }
  }
}

}  // namespace

void gemm(const Device& device, const GemmArgs& args) {
  const std::int64_t n_tiles = tiles(args.weight.n_out, kColumns) * tiles(args.n_rows, kRows);
  launch_blocks(device, "gemm", gemm_kernel, n_tiles, args);
}

void expert_gemm(const Device& device, const ExpertGemmArgs& args) {
  const std::int64_t n_tiles = args.weight.n_experts * tiles(args.weight.n_out, kColumns);
  launch_blocks(device, "expert_gemm", expert_gemm_kernel, n_tiles, args);
}

}  // namespace mr::kern::cuda
