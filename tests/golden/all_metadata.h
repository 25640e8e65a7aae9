#pragma once
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "io/gguf_write.h"

/// A GGUF file with every type of metadata, alone and as an array, tensors of odd sizes and an
/// alignment of its own.
namespace mr::golden {

template <typename T>
void put_extremes(gguf::Draft& draft, const char* name) {
  const std::vector<T> values{std::numeric_limits<T>::lowest(), T{0}, T{1},
                              std::numeric_limits<T>::max()};
  gguf::put<T>(draft, std::string(name) + ".lowest", values.front());
  gguf::put<T>(draft, std::string(name) + ".largest", values.back());
  gguf::put_array<T>(draft, std::string(name) + ".array", values);
}

inline gguf::Draft all_metadata() {
  static const std::vector<float> values{0.5F, -1, 2, -4, 8, 16, -32, 64, 0.1F, 0.2F, 0.3F};
  gguf::Draft draft;
  draft.alignment = 256;
  gguf::put<std::string_view>(draft, "general.architecture", "none");
  put_extremes<std::uint8_t>(draft, "u8");
  put_extremes<std::int8_t>(draft, "i8");
  put_extremes<std::uint16_t>(draft, "u16");
  put_extremes<std::int16_t>(draft, "i16");
  put_extremes<std::uint32_t>(draft, "u32");
  put_extremes<std::int32_t>(draft, "i32");
  put_extremes<std::uint64_t>(draft, "u64");
  put_extremes<std::int64_t>(draft, "i64");
  put_extremes<float>(draft, "f32");
  put_extremes<double>(draft, "f64");
  gguf::put<bool>(draft, "yes", true);
  gguf::put<bool>(draft, "no", false);
  gguf::put<std::string_view>(draft, "text", "a\u00e9\u20ac\U0001F600\n");
  gguf::put<std::string_view>(draft, "empty", "");
  const std::vector<std::string_view> texts{"one", "", "three"};
  gguf::put_array<std::string_view>(draft, "texts", texts);
  const auto add = [&](const char* name, std::initializer_list<std::uint64_t> dims) {
    gguf::DraftTensor tensor{.name = name, .view = {}};
    for (const std::uint64_t dim : dims) tensor.view.dim[tensor.view.n_dims++] = dim;
    tensor.view.bytes = elements(tensor.view) * sizeof(float);
    tensor.view.data = reinterpret_cast<const std::byte*>(values.data());
    draft.tensors.push_back(tensor);
  };
  add("one", {1});
  add("three", {3});
  add("matrix", {5, 2});
  add("cube", {2, 1, 3});
  add("most", {1, 2, 1, 5});
  return draft;
}

}  // namespace mr::golden
