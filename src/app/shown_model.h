#pragma once
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/view.h"

namespace mr::app {

/// A metadata value: arrays as {"item": type, "n": count, "first": [...]}.
struct ShownValue {
  std::string key;
  std::string type;
  boost::json::value value;
};

struct ShownTensor {
  std::string name;
  DType type = DType::f32;
  std::vector<std::uint64_t> shape;  ///< the row length first, as GGUF counts
  std::uint64_t n_bytes = 0;
  std::uint64_t n_elements = 0;
};

struct TypeSum {
  DType type = DType::f32;
  std::uint64_t n_tensors = 0;
  std::uint64_t n_elements = 0;
  std::uint64_t n_bytes = 0;
};

/// What the headers of a model of either format say.
struct ShownModel {
  std::string path;
  std::string format;  ///< "GGUF v3", "safetensors"
  std::size_t n_files = 0;
  std::uint64_t file_bytes = 0;
  std::vector<ShownValue> metadata;
  std::vector<ShownTensor> tensors;
};

/// Errors: bad_model.
Expected<ShownModel> read_shown(const std::string& model);

/// The tensors by type, the largest sum first.
std::vector<TypeSum> sums_by_type(const ShownModel& model);

}  // namespace mr::app
