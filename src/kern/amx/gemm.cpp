#include "kern/simd/gemm.h"
#include "kern/simd/amx.h"
#include "kern/simd/tiles.h"
#include "kern/simd/zmm.h"

namespace mr::kern::amx {
namespace {

/// AVX-512, with tiles for BF16 weights.
struct TiledZmm : Zmm {
  using Unit = Tiles;
};

}  // namespace

void gemms(const Device& device, const GemmArgs* all, int n) {
  packed_gemms<TiledZmm>(device, all, n);
}

void gemm(const Device& device, const GemmArgs& a) {
  packed_gemms<TiledZmm>(device, &a, 1);
}

void gate_up_act(const Device& device, const GateUpArgs& a) {
  packed_gate_up<TiledZmm>(device, a);
}

void expert_gemm(const Device& device, const ExpertGemmArgs& a) {
  packed_experts<TiledZmm>(device, a);
}

}  // namespace mr::kern::amx
