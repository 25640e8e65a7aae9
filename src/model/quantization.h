#pragma once
#include <cstdint>

#include "base/error.h"
#include "model/source.h"

namespace mr::model {

/// What `quantization_config` of a config.json says about the weights, as far as their tensors do
/// not say it by themselves.
struct Quantization {
  std::uint32_t zero_offset = 1;      ///< GPTQ: added to the zero points as stored
  std::uint64_t block_rows = 128;     ///< FP8 with a scale for each block
  std::uint64_t block_columns = 128;  ///< of it
};

/// Errors: bad_model where the method, its bits or its layout is none of those that are read:
/// awq ("gemm", 4 bits), gptq (4 bits), fp8, fbgemm_fp8, compressed-tensors, mxfp4.
Expected<Quantization> read_quantization(const Source& source);

}  // namespace mr::model
