#pragma once
#include "kern/table.h"

/// What AVX-512 with VNNI and BF16 does better than AVX2.
namespace mr::kern::avx512 {

void gemm(const Device& device, const GemmArgs& a);

}  // namespace mr::kern::avx512
