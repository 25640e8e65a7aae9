#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "model/loader.h"

namespace mr::model {

/// Where a matrix of every expert, (n_out, n_in), stands in a file.
struct ExpertRows {
  std::string name;  ///< of the tensor; with `is_single`, of a matrix, # for the expert
  std::int32_t n_out = 0;
  std::int32_t n_in = 0;
  std::int32_t n_rows = 0;     ///< of each expert in the tensor, of which this matrix has
  std::int32_t begin = 0;      ///< the one from here on
  std::int32_t step = 1;       ///< and every step-th after it
  bool is_single = false;      ///< a tensor for each expert
  bool is_transposed = false;  ///< an expert's part of the tensor is (n_in, n_rows)
};

/// Whether the matrices called `name` are kept as `name`_blocks and `name`_scales: MXFP4 of
/// safetensors, 16 bytes of two values each, and a scale. Source: openai/gpt-oss, its checkpoints.
bool is_mxfp4(const Loader& loader, const std::string& name);

/// The vectors of all experts in tensor `name`, (n_experts, n), as fp32. Errors: bad_model.
Expected<std::vector<float>> read_vectors(const Loader& loader, const std::string& name,
                                          std::int32_t n);

/// Expert `expert`'s matrix in rows as GGUF has them, in the file or in `scratch`.
/// Errors: bad_model.
Expected<HostRows> read_expert(const Loader& loader, const ExpertRows& rows, std::int32_t expert,
                               std::vector<std::byte>& scratch);

}  // namespace mr::model
