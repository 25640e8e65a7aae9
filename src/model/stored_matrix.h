#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "kern/ref/decode_packed.h"
#include "kern/table.h"
#include "model/quantization.h"
#include "model/source.h"

namespace mr::model {

/// A weight matrix as a file stores it: one tensor, or several that make up quantized rows.
struct StoredMatrix {
  std::variant<TensorView, kern::ref::Fp8Rows, kern::ref::AwqRows, kern::ref::GptqRows,
               kern::ref::PackedRows, kern::ref::Int8Rows>
      rows;
  std::uint64_t bytes = 0;                          ///< in the file
  std::vector<std::unique_ptr<std::byte[]>> owned;  ///< what rows points at beside the file
};

/// Whether the file has a matrix called `name`, in whatever storage.
bool has_stored(const Source& source, const std::string& name);

/// The matrix called `name` of n_out x n_in: `name`.weight, which FP8 and int8 have scales for;
/// `name`.qweight with its scales, of AWQ and GPTQ; or `name`.weight_packed.
/// Errors: bad_model, naming the tensor, wanted and found.
Expected<StoredMatrix> find_stored(const Source& source, const Quantization& quantization,
                                   const std::string& name, std::uint64_t n_out,
                                   std::uint64_t n_in);

/// Rows [begin, begin + n) of a quantized matrix.
struct RowRange {
  std::uint64_t begin = 0;
  std::uint64_t n = 0;
  std::uint64_t n_in = 0;
};

/// The floats of those rows, one after the other, made by the threads of `device`.
std::vector<float> decode_rows(const kern::Device& device, const StoredMatrix& matrix,
                               RowRange range);

}  // namespace mr::model
