#include "kern/simd/gemm.h"
#include "kern/simd/avx2.h"
#include "kern/simd/ymm.h"

namespace mr::kern::avx2_vnni {

void gemms(const Device& device, const GemmArgs* all, int n) {
  packed_gemms<Ymm>(device, all, n);
}

void gemm(const Device& device, const GemmArgs& a) {
  packed_gemms<Ymm>(device, &a, 1);
}

void gate_up_act(const Device& device, const GateUpArgs& a) {
  packed_gate_up<Ymm>(device, a);
}

void expert_gemm(const Device& device, const ExpertGemmArgs& a) {
  packed_experts<Ymm>(device, a);
}

}  // namespace mr::kern::avx2_vnni
