#pragma once
#include <cstddef>

#include "tensor/dtype.h"

/// Weights of any stored type as plain floats: what every packed form is made from and measured
/// against.
namespace mr::kern::ref {

/// Whether `decode` knows the type.
bool can_decode(DType type);

/// Decodes `n` elements (a multiple of the type's block) that begin at `from`.
/// The result equals that of the Python package `gguf` bit for bit (a NaN stays some NaN).
/// Cost: one pass; about 1 ns an element at -O2.
void decode(DType type, const void* from, float* to, std::size_t n);

}  // namespace mr::kern::ref
