#pragma once
#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace mr {

/// A shaped look at weights in memory that somebody else owns; rows lie one after the other.
/// Shapes: dim[0] is the row length (the fastest index, as GGUF counts), unused dims are 1.
/// Every size has been checked by whoever made the view: nothing in it overflows 2^48.
struct TensorView {
  DType type = DType::f32;
  std::uint32_t n_dims = 0;
  std::uint64_t dim[4] = {1, 1, 1, 1};
  const std::byte* data = nullptr;
  std::uint64_t bytes = 0;
};

/// Elements of a row.
inline std::uint64_t columns(const TensorView& view) {
  return view.dim[0];
}

/// Rows of all the outer dimensions together.
inline std::uint64_t rows(const TensorView& view) {
  return view.dim[1] * view.dim[2] * view.dim[3];
}

inline std::uint64_t elements(const TensorView& view) {
  return columns(view) * rows(view);
}

/// The first byte of row `row`.
inline const std::byte* row(const TensorView& view, std::uint64_t row) {
  return view.data + row * row_bytes(view.type, view.dim[0]);
}

}  // namespace mr
