#pragma once
#include "kern/table.h"

/// What AVX-512 with tiles for BF16 weights does better than without.
namespace mr::kern::amx {

void gemm(const Device& device, const GemmArgs& a);
void gemms(const Device& device, const GemmArgs* all, int n);  ///< several products in one pass
void gate_up_act(const Device& device, const GateUpArgs& a);
void expert_gemm(const Device& device, const ExpertGemmArgs& a);

}  // namespace mr::kern::amx
