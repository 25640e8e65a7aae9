#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "io/gguf.h"
#include "tensor/view.h"

namespace mr::gguf {

struct DraftTensor {
  std::string name;
  TensorView view;  // data may stay null while only the header is wanted
};

/// A GGUF file before it is written (version 3): metadata in the order of the `put`s, then tensors.
struct Draft {
  std::uint32_t alignment = kDefaultAlignment;
  std::uint64_t n_keys = 0;
  std::vector<std::byte> metadata;  // as it will stand in the file
  std::vector<DraftTensor> tensors;
};

/// Adds a metadata value. T is any number type of GGUF, bool or std::string_view.
/// 'general.alignment' is the writer's own: it follows from the draft's field.
template <typename T>
void put(Draft& draft, std::string_view key, T value);

/// Adds an array of such values.
template <typename T>
void put_array(Draft& draft, std::string_view key, std::span<const T> items);

/// Adds a value of another file as it is.
void put_value(Draft& draft, std::string_view key, const Value& value);

/// Everything before the first tensor's data, padded. The data of each tensor follows in order,
/// each padded with zeros to the alignment.
/// Errors: failed where llama.cpp would not read the result: a name that is empty, longer than 63
/// bytes or there twice, a type that GGUF has no number for.
Expected<std::vector<std::byte>> header(const Draft& draft);

/// Writes the file, whole or not at all.
Expected<void> write(const Draft& draft, const std::string& path);

}  // namespace mr::gguf
