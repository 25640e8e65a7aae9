#include "kern/simd/gemm.h"
#include "kern/simd/avx2.h"
#include "kern/simd/ymm.h"

namespace mr::kern::avx2 {

void gemm(const Device& device, const GemmArgs& a) {
  packed_gemm<Ymm>(device, a);
}

}  // namespace mr::kern::avx2
