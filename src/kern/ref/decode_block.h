#pragma once
#include <cstdint>
#include <cstring>

#include "base/half.h"

/// The block decoders behind `decode`: each turns one block of GGUF into floats.
/// Source: the block layouts of ggml-org/ggml, ggml-common.h.
namespace mr::kern::ref {

using BlockDecoder = void (*)(const std::uint8_t* block, float* to);

void decode_q2_k(const std::uint8_t* block, float* to);
void decode_q3_k(const std::uint8_t* block, float* to);
void decode_q4_k(const std::uint8_t* block, float* to);
void decode_q5_k(const std::uint8_t* block, float* to);
void decode_q6_k(const std::uint8_t* block, float* to);
void decode_iq4_nl(const std::uint8_t* block, float* to);
void decode_iq4_xs(const std::uint8_t* block, float* to);
void decode_iq3_s(const std::uint8_t* block, float* to);
void decode_iq3_xxs(const std::uint8_t* block, float* to);
void decode_iq2_xxs(const std::uint8_t* block, float* to);
void decode_iq2_xs(const std::uint8_t* block, float* to);
void decode_iq2_s(const std::uint8_t* block, float* to);

/// A little-endian value that may stand at any address.
template <typename T>
T load(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// The F16 at `from`, as a float.
inline float load_f16(const std::uint8_t* from) {
  return f16_to_f32(load<std::uint16_t>(from));
}

}  // namespace mr::kern::ref
