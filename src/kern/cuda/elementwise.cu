#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"
#include "kern/cuda/weight.cuh"

namespace mr::kern::cuda {
namespace {

__global__ void embed_kernel(EmbedArgs args) {
  const Weight& table = args.table;
  const std::int64_t n = args.n_rows * table.n_in;
  for (std::int64_t i = first_item(); i < n; i += item_stride()) {
    const std::int64_t row = i / table.n_in;
    args.x[i] = args.scale * weight_at(weight_row(table, args.token[row]), i % table.n_in);
  }
}

// gelu_tanh by the identity (1 + tanh u) / 2 = 1 / (1 + exp(-2u)), which cancels nothing.
__device__ float activate(Activation kind, float x) {
  constexpr float kTwoSqrt2OverPi = 1.5957691216057308F;
  const bool silu = kind == Activation::silu;
  const float u = silu ? x : kTwoSqrt2OverPi * (x + 0.044715F * x * x * x);
  return x / (1.0F + expf(-u));
}

__global__ void to_acts_kernel(ToActsArgs args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  auto* acts = reinterpret_cast<float*>(args.acts);
  for (std::int64_t i = first_item(); i < n; i += item_stride()) acts[i] = args.x[i];
}

__device__ float swiglu_clamped(const ActMulArgs& args, float gate, float up) {
  gate = gate > args.limit ? args.limit : gate;  // NaN passes, as below
  up = up > args.limit ? args.limit : up < -args.limit ? -args.limit : up;
  return gate / (1.0F + expf(-args.alpha * gate)) * (up + 1.0F);
}

__global__ void act_mul_kernel(ActMulArgs args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  auto* acts = reinterpret_cast<float*>(args.acts);
  for (std::int64_t i = first_item(); i < n; i += item_stride()) {
    acts[i] = args.activation == Activation::swiglu_clamped
                  ? swiglu_clamped(args, args.gate[i], args.up[i])
                  : activate(args.activation, args.gate[i]) * args.up[i];
  }
}

__global__ void add_kernel(AddArgs args) {
  for (std::int64_t i = first_item(); i < args.n; i += item_stride()) {
    args.x[i] += args.scale * args.y[i];
  }
}

__global__ void gather_kernel(GatherArgs args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  for (std::int64_t i = first_item(); i < n; i += item_stride()) {
    const std::int64_t row = args.row[i / args.dim];
    args.y[i] = args.x[row * args.dim + i % args.dim];
  }
}

__global__ void copy_columns_kernel(CopyColumnsArgs args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  for (std::int64_t i = first_item(); i < n; i += item_stride()) {
    const std::int64_t row = i / args.dim;
    args.y[row * args.y_stride + i % args.dim] = args.x[row * args.x_stride + i % args.dim];
  }
}

__device__ __host__ std::int64_t logit_blocks(const ScaleCapArgs& args) {
  return args.n_rows * ((args.dim + kLogitBlock - 1) / kLogitBlock);
}

/// One thread for each block of logits.
__global__ void scale_cap_kernel(ScaleCapArgs args) {
  const std::int64_t per_row = (args.dim + kLogitBlock - 1) / kLogitBlock;
  for (std::int64_t b = first_item(); b < logit_blocks(args); b += item_stride()) {
    const std::int64_t begin = b % per_row * kLogitBlock;
    const std::int64_t end = begin + kLogitBlock < args.dim ? begin + kLogitBlock : args.dim;
    float* row = args.x + b / per_row * args.dim;
    float top = -INFINITY;
    float zero = 0.0F;  // 0 times what is not finite is NaN
    for (std::int64_t i = begin; i < end; ++i) {
      const float x = args.scale * row[i];
      row[i] = args.softcap > 0 ? args.softcap * tanhf(x / args.softcap) : x;
      top = fmaxf(top, row[i]);
      zero += 0.0F * row[i];
    }
    if (args.block_max != nullptr) args.block_max[b] = top + zero;
  }
}

}  // namespace

void embed(const Device& device, const EmbedArgs& args) {
  launch_threads(device, "embed", embed_kernel, args.n_rows * args.table.n_in, args);
}

void to_acts(const Device& device, const ToActsArgs& args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  launch_threads(device, "to_acts", to_acts_kernel, n, args);
}

void act_mul(const Device& device, const ActMulArgs& args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  launch_threads(device, "act_mul", act_mul_kernel, n, args);
}

void add(const Device& device, const AddArgs& args) {
  launch_threads(device, "add", add_kernel, args.n, args);
}

void gather(const Device& device, const GatherArgs& args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  launch_threads(device, "gather", gather_kernel, n, args);
}

void copy_columns(const Device& device, const CopyColumnsArgs& args) {
  const std::int64_t n = static_cast<std::int64_t>(args.n_rows) * args.dim;
  launch_threads(device, "copy_columns", copy_columns_kernel, n, args);
}

void scale_cap(const Device& device, const ScaleCapArgs& args) {
  launch_threads(device, "scale_cap", scale_cap_kernel, logit_blocks(args), args);
}

}  // namespace mr::kern::cuda
