#include "kern/simd/gemm.h"
#include "kern/simd/avx512.h"
#include "kern/simd/zmm.h"

namespace mr::kern::avx512 {

void gemms(const Device& device, const GemmArgs* all, int n) {
  packed_gemms<Zmm>(device, all, n);
}

void gemm(const Device& device, const GemmArgs& a) {
  packed_gemms<Zmm>(device, &a, 1);
}

void gate_up_act(const Device& device, const GateUpArgs& a) {
  packed_gate_up<Zmm>(device, a);
}

void expert_gemm(const Device& device, const ExpertGemmArgs& a) {
  packed_experts<Zmm>(device, a);
}

}  // namespace mr::kern::avx512
