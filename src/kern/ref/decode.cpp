#include "kern/ref/decode.h"

#include <bit>

#include "base/error.h"
#include "kern/ref/decode_block.h"
#include "kern/ref/float8.h"

namespace mr::kern::ref {
namespace {

void decode_f32(const std::uint8_t* block, float* to) {
  *to = load<float>(block);
}

void decode_f16(const std::uint8_t* block, float* to) {
  *to = load_f16(block);
}

void decode_bf16(const std::uint8_t* block, float* to) {
  *to = bf16_to_f32(load<std::uint16_t>(block));
}

void decode_f8_e4m3(const std::uint8_t* block, float* to) {
  *to = e4m3_to_f32(*block);
}

void decode_q8_0(const std::uint8_t* block, float* to) {
  const float scale = load_f16(block);
  for (int i = 0; i < 32; ++i) to[i] = static_cast<float>(load<std::int8_t>(block + 2 + i)) * scale;
}

// The 32 unsigned 4-bit values of a block: low halves of 16 bytes, then high halves.
int nibble(const std::uint8_t* bytes, int i) {
  return i < 16 ? bytes[i] & 15 : bytes[i - 16] >> 4;
}

void decode_q4_0(const std::uint8_t* block, float* to) {
  const float scale = load_f16(block);
  for (int i = 0; i < 32; ++i) to[i] = scale * static_cast<float>(nibble(block + 2, i) - 8);
}

void decode_q4_1(const std::uint8_t* block, float* to) {
  const float scale = load_f16(block);
  const float minimum = load_f16(block + 2);
  for (int i = 0; i < 32; ++i) {
    to[i] = scale * static_cast<float>(nibble(block + 4, i)) + minimum;
  }
}

// The 32 unsigned 5-bit values of a block: a word of fifth bits, then the nibbles.
int five_bits(const std::uint8_t* bytes, int i) {
  const auto fifth = static_cast<int>((load<std::uint32_t>(bytes) >> i) & 1U);
  return nibble(bytes + 4, i) | fifth << 4;
}

void decode_q5_0(const std::uint8_t* block, float* to) {
  const float scale = load_f16(block);
  for (int i = 0; i < 32; ++i) to[i] = scale * static_cast<float>(five_bits(block + 2, i) - 16);
}

void decode_q5_1(const std::uint8_t* block, float* to) {
  const float scale = load_f16(block);
  const float minimum = load_f16(block + 2);
  for (int i = 0; i < 32; ++i) {
    to[i] = scale * static_cast<float>(five_bits(block + 4, i)) + minimum;
  }
}

// Source: OCP Microscaling Formats v1.0, E2M1 elements (here doubled) under an E8M0 scale (halved).
void decode_mxfp4(const std::uint8_t* block, float* to) {
  constexpr std::int8_t kValues[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  const std::uint32_t exponent = block[0];
  const float half_scale =
      std::bit_cast<float>(exponent < 2 ? 0x00200000U << exponent : (exponent - 1) << 23);
  for (int i = 0; i < 32; ++i)
    to[i] = half_scale * static_cast<float>(kValues[nibble(block + 1, i)]);
}

BlockDecoder decoder_of(DType type) {
  switch (type) {
    case DType::f32:
      return decode_f32;
    case DType::f16:
      return decode_f16;
    case DType::bf16:
      return decode_bf16;
    case DType::q8_0:
      return decode_q8_0;
    case DType::q4_0:
      return decode_q4_0;
    case DType::q4_1:
      return decode_q4_1;
    case DType::q5_0:
      return decode_q5_0;
    case DType::q5_1:
      return decode_q5_1;
    case DType::q2_k:
      return decode_q2_k;
    case DType::q3_k:
      return decode_q3_k;
    case DType::q4_k:
      return decode_q4_k;
    case DType::q5_k:
      return decode_q5_k;
    case DType::q6_k:
      return decode_q6_k;
    case DType::iq4_nl:
      return decode_iq4_nl;
    case DType::iq4_xs:
      return decode_iq4_xs;
    case DType::iq3_s:
      return decode_iq3_s;
    case DType::iq3_xxs:
      return decode_iq3_xxs;
    case DType::iq2_xxs:
      return decode_iq2_xxs;
    case DType::iq2_xs:
      return decode_iq2_xs;
    case DType::iq2_s:
      return decode_iq2_s;
    case DType::mxfp4:
      return decode_mxfp4;
    case DType::f8_e4m3:
      return decode_f8_e4m3;
    default:
      return nullptr;
  }
}

}  // namespace

bool can_decode(DType type) {
  return decoder_of(type) != nullptr;
}

void decode(DType type, const void* from, float* to, std::size_t n) {
  const BlockDecoder decode_block = decoder_of(type);
  const TypeTraits block = traits(type);
  MR_CHECK(decode_block != nullptr && n % block.block == 0);
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  for (std::size_t i = 0; i < n; i += block.block, bytes += block.block_bytes) {
    decode_block(bytes, to + i);
  }
}

}  // namespace mr::kern::ref
