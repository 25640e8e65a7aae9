#include "kern/simd/gemm.h"
#include "kern/simd/avx512.h"
#include "kern/simd/zmm.h"

namespace mr::kern::avx512 {

void gemm(const Device& device, const GemmArgs& a) {
  packed_gemm<Zmm>(device, a);
}

}  // namespace mr::kern::avx512
