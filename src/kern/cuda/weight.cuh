#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "kern/table.h"

namespace mr::kern::cuda {

/// The type a weight is stored as on the device: its own where the kernels read it, else F32.
__host__ __device__ inline DType stored_type(DType type) {
  switch (type) {
    case DType::f16:
    case DType::bf16:
    case DType::q8_0:
    case DType::q4_0:
      return type;
    default:
      return DType::f32;
  }
}

/// Bytes of a stored row of `n` values; `type` is a stored type, `n` a multiple of its block.
__host__ __device__ inline std::int64_t stored_bytes(DType type, std::int64_t n) {
  switch (type) {
    case DType::f16:
    case DType::bf16:
      return n * 2;
    case DType::q8_0:
      return n / 32 * 34;
    case DType::q4_0:
      return n / 32 * 18;
    default:
      return n * 4;
  }
}

/// One row of a stored weight.
struct WeightRow {
  const std::byte* data;
  DType type;
};

__device__ inline WeightRow weight_row(const Weight& weight, std::int64_t row) {
  const DType type = stored_type(weight.type);
  const auto* data = static_cast<const std::byte*>(weight.data);
  return {data + row * stored_bytes(type, weight.n_in), type};
}

/// The scale that a Q8_0 or Q4_0 block starts with; blocks lie at even addresses.
__device__ inline float block_scale(const std::byte* block) {
  return __half2float(*reinterpret_cast<const __half*>(block));
}

/// Value `k` of a row.
/// Source: block layouts as in ggml's ggml-common.h: Q8_0 is a half scale and 32 signed bytes;
/// Q4_0 a half scale and 16 bytes, value j in the low four bits of byte j, value 16 + j in the
/// high four, 8 too large.
__device__ inline float weight_at(WeightRow row, std::int64_t k) {
  switch (row.type) {
    case DType::f16:
      return __half2float(reinterpret_cast<const __half*>(row.data)[k]);
    case DType::bf16:
      return __bfloat162float(reinterpret_cast<const __nv_bfloat16*>(row.data)[k]);
    case DType::q8_0: {
      const std::byte* block = row.data + k / 32 * 34;
      return block_scale(block) * static_cast<float>(static_cast<std::int8_t>(block[2 + k % 32]));
    }
    case DType::q4_0: {
      const std::byte* block = row.data + k / 32 * 18;
      const int pair = static_cast<int>(block[2 + k % 16]);
      const int value = (k % 32 < 16 ? pair & 15 : pair >> 4) - 8;
      return block_scale(block) * static_cast<float>(value);
    }
    default:
      return reinterpret_cast<const float*>(row.data)[k];
  }
}

}  // namespace mr::kern::cuda
