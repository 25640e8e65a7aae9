#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "kern/table.h"

/// KV pages as this level lays them out: K as (head, position, dim), then V in the same way unless
/// it is a part of K.
namespace mr::kern::cuda {

/// Values stored of one position of one layer: the K of all heads, then their V.
__host__ __device__ inline std::int64_t slot_values(const KvView& kv) {
  return static_cast<std::int64_t>(kv.n_kv_heads) * (kv.k_dim + (kv.v_in_k ? 0 : kv.v_dim));
}

__device__ inline std::byte* page_of(const KvView& kv, std::int64_t page, std::int64_t layer) {
  return kv.memory + (page * kv.n_layers + layer) * static_cast<std::int64_t>(kv.page_bytes);
}

/// The page of a layer that holds `slot` of sequence `seq`.
__device__ inline std::byte* slot_page(const KvView& kv, std::int64_t seq, int slot, int layer) {
  return page_of(kv, kv.pages[seq * kv.max_pages + slot / kPagePositions], layer);
}

/// Where a head's K and V of position `place` of a page start, counted in values.
__device__ inline std::int64_t k_begin(const KvView& kv, std::int64_t head, int place) {
  return (head * kPagePositions + place) * kv.k_dim;
}
__device__ inline std::int64_t v_begin(const KvView& kv, std::int64_t head, int place) {
  if (kv.v_in_k) return k_begin(kv, head, place);
  return k_begin(kv, kv.n_kv_heads, 0) + (head * kPagePositions + place) * kv.v_dim;
}

/// Where value `i` of slot_values at position `place` of a page stands.
__device__ inline std::int64_t value_place(const KvView& kv, std::int64_t i, int place) {
  const std::int64_t n_k = static_cast<std::int64_t>(kv.n_kv_heads) * kv.k_dim;
  if (i < n_k) return k_begin(kv, i / kv.k_dim, place) + i % kv.k_dim;
  return v_begin(kv, (i - n_k) / kv.v_dim, place) + (i - n_k) % kv.v_dim;
}

__device__ inline float load(DType type, const std::byte* page, std::int64_t place) {
  switch (type) {
    case DType::f16:
      return __half2float(reinterpret_cast<const __half*>(page)[place]);
    case DType::bf16:
      return __bfloat162float(reinterpret_cast<const __nv_bfloat16*>(page)[place]);
    default:
      return reinterpret_cast<const float*>(page)[place];
  }
}

/// Rounds to nearest even.
__device__ inline void store(DType type, std::byte* page, std::int64_t place, float value) {
  switch (type) {
    case DType::f16:
      reinterpret_cast<__half*>(page)[place] = __float2half_rn(value);
      break;
    case DType::bf16:
      reinterpret_cast<__nv_bfloat16*>(page)[place] = __float2bfloat16_rn(value);
      break;
    default:
      reinterpret_cast<float*>(page)[place] = value;
  }
}

}  // namespace mr::kern::cuda
