#pragma once
#include "kern/table.h"

/// What AVX-512 with VNNI and BF16 does better than AVX2.
namespace mr::kern::avx512 {

void gemm(const Device& device, const GemmArgs& a);
void gemms(const Device& device, const GemmArgs* all, int n);  ///< several products in one pass
void gate_up_act(const Device& device, const GateUpArgs& a);
void expert_gemm(const Device& device, const ExpertGemmArgs& a);

}  // namespace mr::kern::avx512
