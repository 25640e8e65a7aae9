#pragma once
#include "kern/table.h"

/// What AVX2, FMA and F16C do better than plain C++, over packed weights (packed.h) and quantized
/// activations (acts.h). Every sum has one order, whatever the number of rows.
namespace mr::kern::avx2 {

void gemm(const Device& device, const GemmArgs& a);
void gemms(const Device& device, const GemmArgs* all, int n);  ///< several products in one pass
void gate_up_act(const Device& device, const GateUpArgs& a);
void expert_gemm(const Device& device, const ExpertGemmArgs& a);

/// Completes activations whose values stand as plain rows, one after the other, at `acts`.
void spread(const Device& device, std::byte* acts, std::int64_t n_rows, std::int64_t dim);
void rms_norm(const Device& device, const RmsNormArgs& a);
void to_acts(const Device& device, const ToActsArgs& a);
void rope(const Device& device, const RopeArgs& a);
void act_mul(const Device& device, const ActMulArgs& a);
void combine(const Device& device, const CombineArgs& a);
void add(const Device& device, const AddArgs& a);
void scale_cap(const Device& device, const ScaleCapArgs& a);
void argmax(const Device& device, const ArgmaxArgs& a);

/// For matrices whose n_in is a multiple of 8.
void project_heads(const Device& device, const ProjectHeadsArgs& a);

/// Both for k_dim and v_dim that are multiples of 8.
void attention(const Device& device, const AttentionArgs& a);
void store_kv(const Device& device, const StoreKvArgs& a);

}  // namespace mr::kern::avx2

/// What AVX-VNNI adds: the same integers with fewer instructions.
namespace mr::kern::avx2_vnni {

void gemm(const Device& device, const GemmArgs& a);
void gemms(const Device& device, const GemmArgs* all, int n);  ///< several products in one pass
void gate_up_act(const Device& device, const GateUpArgs& a);
void expert_gemm(const Device& device, const ExpertGemmArgs& a);

}  // namespace mr::kern::avx2_vnni
