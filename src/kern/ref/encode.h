#pragma once
#include <cstddef>

/// Plain floats as weights of a stored type.
namespace mr::kern::ref {

/// Encodes `n` floats, a multiple of 32, as Q4_0: of each 32 the one farthest from 0 becomes -8,
/// and the others are rounded to the nearest of its sixteen steps.
/// Source: the layout of ggml-org/ggml, ggml-common.h, block_q4_0.
void encode_q4_0(const float* from, std::byte* to, std::size_t n);

}  // namespace mr::kern::ref
