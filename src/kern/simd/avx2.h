#pragma once
#include "kern/table.h"

/// What AVX2, FMA and F16C do better than plain C++. Layouts are those of ref: weights as in the
/// file, activations as fp32 rows. Every sum has one order, whatever the number of rows.
namespace mr::kern::avx2 {

void gemm(const Device& device, const GemmArgs& a);
void rms_norm(const Device& device, const RmsNormArgs& a);
void rope(const Device& device, const RopeArgs& a);
void act_mul(const Device& device, const ActMulArgs& a);
void combine(const Device& device, const CombineArgs& a);
void add(const Device& device, const AddArgs& a);
void scale_cap(const Device& device, const ScaleCapArgs& a);
void argmax(const Device& device, const ArgmaxArgs& a);

/// For matrices whose n_in is a multiple of 8.
void project_heads(const Device& device, const ProjectHeadsArgs& a);

/// For k_dim and v_dim that are multiples of 8 and a cache of f32, f16 or bf16.
void attention(const Device& device, const AttentionArgs& a);

}  // namespace mr::kern::avx2
