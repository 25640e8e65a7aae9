#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "tensor/dtype.h"

/// Numbers that the GGUF format gives to tensor types.
namespace mr::gguf {

/// The type of a tensor by its number in the file, where it can be read.
std::optional<DType> dtype_of(std::uint32_t ggml_type);

/// The number of a type in the file, where GGUF has one.
std::optional<std::uint32_t> ggml_type_of(DType type);

/// What to call a type number in a message: "19 (IQ1_S)", or the number alone.
std::string describe_ggml_type(std::uint32_t ggml_type);

}  // namespace mr::gguf
